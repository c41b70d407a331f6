#!/usr/bin/env python3
"""Small LSTMs written by the exporters themselves, with rows and what ONNX Runtime makes of them.

    exporter-graphs.py tensorflow DIR    needs tensorflow-cpu, tf2onnx, onnxruntime
    exporter-graphs.py torch DIR         needs torch, onnxscript, onnxruntime

Both want an environment of their own, outside the project; the versions are printed. The tests of
`src/neural/onnx/golden.rs` read what lies in tests/golden/neural.
"""

import os
import sys

import numpy as np
import onnx
import onnxruntime

FEATURES, CELLS, ROWS, OUTPUTS = 3, 5, 5, 3


def keep(folder, name, model_bytes, feeds, rows):
    """The model, its rows and ONNX Runtime's outputs for them."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    session = onnxruntime.InferenceSession(model_bytes, options, providers=["CPUExecutionProvider"])
    outs = []
    states = None
    for feed in feeds:
        names = [given.name for given in session.get_inputs()]
        given = {names[0]: feed}
        if len(names) > 1:
            sizes = [[d if isinstance(d, int) else 1 for d in i.shape] for i in session.get_inputs()[1:]]
            states = states or [np.zeros(size, np.float32) for size in sizes]
            given.update(zip(names[1:], states))
        found = session.run(None, given)
        outs.append(found[0].reshape(-1))
        states = found[1:]
    stem = os.path.join(folder, name)
    with open(stem + ".onnx", "wb") as file:
        file.write(model_bytes)
    np.save(stem + "-x.npy", rows.astype(np.float32))
    y = outs[0].reshape(1, -1) if len(outs) == 1 else np.stack(outs)
    np.save(stem + "-y.npy", y.astype(np.float32))
    print(name, os.path.getsize(stem + ".onnx"), "bytes")


def tensorflow(folder):
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf
    import tf2onnx

    print("tensorflow", tf.__version__, "tf2onnx", tf2onnx.__version__)
    keras = tf.keras
    keras.utils.set_random_seed(1)
    rows = np.random.default_rng(1).standard_normal((ROWS, FEATURES)).astype(np.float32)
    x = keras.Input((ROWS, FEATURES))
    value = keras.layers.LSTM(CELLS, return_sequences=True)(x)
    value = keras.layers.LSTM(CELLS)(value)
    model = keras.Model(x, keras.layers.Dense(OUTPUTS, activation="softmax")(value))
    spec = (tf.TensorSpec((None, ROWS, FEATURES), tf.float32, name="x"),)
    made, _ = tf2onnx.convert.from_function(tf.function(lambda t: model(t), spec), spec, opset=17)
    keep(folder, "made-tf2onnx-window", made.SerializeToString(), [rows[None]], rows)


def torch(folder):
    import torch

    print("torch", torch.__version__)
    torch.manual_seed(1)
    rows = np.random.default_rng(2).standard_normal((ROWS, FEATURES)).astype(np.float32)

    class Window(torch.nn.Module):
        def __init__(self, is_batch_first):
            super().__init__()
            self.lstm = torch.nn.LSTM(FEATURES, CELLS, 2, batch_first=is_batch_first)
            self.head = torch.nn.Linear(CELLS, OUTPUTS)
            self.is_batch_first = is_batch_first

        def forward(self, x):
            out, _ = self.lstm(x)
            last = out[:, -1] if self.is_batch_first else out[-1]
            return torch.softmax(self.head(last), -1)

    class Streaming(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first = torch.nn.LSTM(FEATURES, CELLS)
            self.second = torch.nn.LSTM(CELLS, CELLS)
            self.head = torch.nn.Linear(CELLS, OUTPUTS)

        def forward(self, x, h0, c0, h1, c1):
            out, (h0, c0) = self.first(x, (h0, c0))
            out, (h1, c1) = self.second(out, (h1, c1))
            return torch.softmax(self.head(out[-1]), -1), h0, c0, h1, c1

    state = [np.zeros((1, 1, CELLS), np.float32)] * 4
    cases = (
        ("window", Window(True), [rows[None]], [], ["x"], ["y"]),
        ("time", Window(False), [rows[:, None]], [], ["x"], ["y"]),
        ("streaming", Streaming(), [row[None, None] for row in rows], state,
         ["x", "h0", "c0", "h1", "c1"], ["y", "h0_out", "c0_out", "h1_out", "c1_out"]),
    )
    for name, model, feeds, states, inputs, outputs in cases:
        for way, is_dynamo in (("script", False), ("dynamo", True)):
            path = os.path.join(folder, "part.onnx")
            given = tuple(torch.from_numpy(value) for value in [feeds[0], *states])
            with torch.no_grad():
                torch.onnx.export(model.eval(), given, path, opset_version=18, input_names=inputs,
                                  output_names=outputs, dynamo=is_dynamo,
                                  **({"external_data": False} if is_dynamo else {}))
            made = onnx.load(path)
            if is_dynamo:  # where its source lay is no part of a graph
                for node in made.graph.node:
                    del node.metadata_props[:]
                    node.doc_string = ""
            os.remove(path)
            keep(folder, f"made-{way}-{name}", made.SerializeToString(), feeds, rows)


def main():
    print("numpy", np.__version__, "onnx", onnx.__version__, "onnxruntime", onnxruntime.__version__)
    os.makedirs(sys.argv[2], exist_ok=True)
    {"tensorflow": tensorflow, "torch": torch}[sys.argv[1]](sys.argv[2])


main()
