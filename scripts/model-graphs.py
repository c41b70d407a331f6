#!/usr/bin/env python3
"""Random graphs in every form that exporters write, through the own engine and ONNX Runtime.

    python3 -m venv V && V/bin/pip install numpy onnx==1.23.2 onnxruntime==1.32.0
    V/bin/python scripts/model-graphs.py BINARY [COUNT]
    V/bin/python scripts/model-graphs.py --golden tests/golden/neural

Each graph is run by `BINARY model check FILE --input X.npy --json` as floats and as bytes, and by
ONNX Runtime from Python. The greatest differences are printed; more than 1e-5 for floats is a
failure, and graphs where bytes change a probability by more than 5e-3 are named: those that
`model quantise` refuses. Patterns are those of torch.onnx.export (TorchScript
and dynamo), of tf2onnx, and of neural-kraken itself.
"""
import json, os, subprocess, sys, tempfile
import numpy as np, onnx, onnxruntime
from onnx import TensorProto, helper, numpy_helper

FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


class Graph:
    """A graph while it grows."""

    def __init__(self, rng):
        self.rng, self.nodes, self.tensors, self.inputs, self.outputs = rng, [], [], [], []

    def node(self, op, inputs, count=1, **attributes):
        names = [f"{op}_{len(self.nodes)}_{n}" for n in range(count)]
        self.nodes.append(helper.make_node(op, inputs, names, name=names[0], **attributes))
        return names[0] if count == 1 else names

    def const(self, value, kind=np.int64, as_node=False):
        array, name = np.asarray(value, dtype=kind), f"const_{len(self.tensors)}_{len(self.nodes)}"
        if as_node:
            return self.node("Constant", [], value=numpy_helper.from_array(array, name))
        if kind == np.float32 and self.rng.random() < 0.2:  # typed, not raw
            tensor = helper.make_tensor(name, FLOAT, array.shape, array.flatten().tolist())
        else:
            tensor = numpy_helper.from_array(array, name)
        self.tensors.append(tensor)
        return name

    def weights(self, shape, reach):
        return self.const(self.rng.uniform(-reach, reach, shape), np.float32)


def zeros(g, x, hidden, layers, batch_axis, style):
    """Initial states [layers, N, hidden] of zero, as exporters write them."""
    shape = g.node("Shape", [x])
    if style == "torch":
        batch = g.node("Gather", [shape, g.const(batch_axis, as_node=True)], axis=0)
        batch = g.node("Unsqueeze", [batch, g.const([0])])
    else:
        batch = g.node("Slice", [shape, g.const([batch_axis]), g.const([batch_axis + 1]), g.const([0])])
        batch = g.node("Cast", [batch], to=INT64)
    sizes = g.node("Concat", [g.const([layers]), batch, g.const([hidden])], axis=0)
    if style == "torch":
        return g.node("ConstantOfShape", [sizes])
    return g.node("Expand", [g.const([0.0], np.float32), sizes])


def lstm_weights(g, style, hidden, inputs):
    reach = 2 / np.sqrt(hidden)
    if style == "dynamo":  # i f g o of PyTorch, put into ONNX's order by the graph itself
        made = []
        for columns in (inputs, hidden):
            w = g.weights((4 * hidden, columns), reach)
            i, f, c, o = g.node("Split", [w, g.const([hidden] * 4)], count=4, axis=0)
            w = g.node("Concat", [i, o, f, c], axis=0)
            made.append(g.node("Unsqueeze", [w, g.const([0])]))
    else:
        made = [g.weights((1, 4 * hidden, columns), reach) for columns in (inputs, hidden)]
    bias = g.weights((1, 8 * hidden), reach) if g.rng.random() < 0.85 else ""
    return made + [bias]


def stack(g, x, style, form, dims, hidden, features):
    """LSTM layers over x; returns the last hidden state [N, H] or [N, 1, H]."""
    n_layers, rng = len(hidden), g.rng
    batch_first, batch_axis = form == "window", 0 if form == "window" else 1
    states, ends, inputs = None, [], features
    if style in ("torch", "dynamo") and len(set(hidden)) == 1 and form != "streaming":
        states = zeros(g, x, hidden[0], n_layers, batch_axis, "torch" if style == "torch" else "tf")
    rows = g.node("Transpose", [x], perm=[1, 0, 2]) if batch_first else x
    for n, size in enumerate(hidden):
        feeds = [rows] + lstm_weights(g, style, size, inputs)
        if form == "streaming":
            feeds += ["", f"h{n}", f"c{n}"]
        elif states:
            part = g.node("Slice", [states, g.const([n]), g.const([n + 1]), g.const([0])])
            feeds += ["", part, part]
        elif style == "tf" and rng.random() < 0.5:
            state = zeros(g, x, size, 1, batch_axis, "tf")
            feeds += ["", state, state]
        y, h, c = g.node("LSTM", feeds, count=3, hidden_size=size)
        ends += [h, c]
        rows = g.node("Squeeze", [y, g.const([1])])
        if n + 1 < n_layers and rng.random() < 0.4:
            rows = g.node(rng.choice(["Identity", "Dropout"]), [rows])
        if style == "tf" and n + 1 < n_layers and batch_first:  # each layer transposes there and back
            rows = g.node("Transpose", [g.node("Transpose", [rows], perm=[1, 0, 2])], perm=[1, 0, 2])
        inputs = size
    g.ends = ends
    h = ends[-2]
    how = rng.integers(5)
    if how == 0:
        return g.node("Squeeze", [h, g.const([0])])
    if how == 1 and len(set(hidden)) == 1:
        return g.node("Gather", [g.node("Concat", ends[0::2], axis=0) if n_layers > 1 else h,
                                 g.const(-1)], axis=0)
    if how == 2:
        return g.node("Reshape", [h, g.const([-1, hidden[-1]])])
    out = g.node("Transpose", [rows], perm=[1, 0, 2])
    if how == 3:
        return g.node("Gather", [out, g.const(-1, as_node=rng.random() < 0.5)], axis=1)
    part = g.node("Slice", [out, g.const([-1]), g.const([2**63 - 1]), g.const([1])])
    return g.node("Squeeze", [part, g.const([1])])


def head(g, value, inputs, outputs, function):
    sizes = [int(g.rng.integers(1, 40))] if g.rng.random() < 0.4 else []
    for n, size in enumerate(sizes + [outputs]):
        reach, how = 1 / np.sqrt(inputs), g.rng.integers(4)
        if how == 0:
            value = g.node("Gemm", [value, g.weights((size, inputs), reach), g.weights((size,), reach)], transB=1)
        elif how == 1:
            value = g.node("Gemm", [value, g.weights((inputs, size), reach), g.weights((1, size), reach)],
                           alpha=0.5, beta=2.0)
        elif how == 2:
            value = g.node("Add", [g.node("MatMul", [value, g.weights((inputs, size), reach)]),
                                   g.weights((size,), reach)])
        else:
            turned = g.node("Transpose", [g.weights((size, inputs), reach)], perm=[1, 0])
            value = g.node("Add", [g.weights((size,), reach), g.node("MatMul", [value, turned])])
        if n < len(sizes):
            value = g.node(g.rng.choice(["Relu", "Tanh", "Sigmoid"]), [value])
        inputs = size
    if function == "softmax":
        value = g.node("Softmax", [value], axis=int(g.rng.choice([-1, 1])))
    elif function == "sigmoid":
        value = g.node("Sigmoid", [value])
    return value


def build(rng, style=None, form=None):
    """A random graph; a small one where its style and form are given."""
    g, is_small = Graph(rng), style is not None
    style = style or rng.choice(["torch", "dynamo", "tf", "own"])
    form = form or rng.choice(["window", "window", "time", "streaming"])
    features, rows = int(rng.integers(1, 251)), 1 if form == "streaming" else int(rng.integers(1, 129))
    n_layers = int(rng.integers(1, 5))
    hidden = [int(rng.integers(1, 301))] * n_layers
    if rng.random() < 0.4:
        hidden = [int(rng.integers(1, 301)) for _ in hidden]
    outputs = int(rng.integers(1, 9))
    if is_small:
        features, rows, hidden, outputs = 3, 1 if form == "streaming" else 5, [5, 5], 3
        n_layers = 2
    function = rng.choice(["softmax", "sigmoid", "none"])
    batch = "N" if rng.random() < 0.7 else 1
    time = "T" if form != "streaming" and rng.random() < 0.3 else rows
    shape = [batch, time, features] if form == "window" else [time, batch, features]
    g.inputs.append(helper.make_tensor_value_info("x", FLOAT, shape))
    if form == "streaming":
        for n, size in enumerate(hidden):
            for c in "hc":
                g.inputs.append(helper.make_tensor_value_info(f"{c}{n}", FLOAT, [1, batch, size]))
    value = stack(g, "x", style, form, shape, hidden, features)
    value = head(g, value, hidden[-1], outputs, function)
    g.outputs.append(helper.make_tensor_value_info(value, FLOAT, [batch, outputs]))
    if form == "streaming":
        sizes = [size for size in hidden for _ in "hc"]
        g.outputs += [helper.make_tensor_value_info(name, FLOAT, [1, batch, size])
                      for name, size in zip(g.ends, sizes)]
    opset = int(rng.choice([13, 14, 17, 18, 20]))
    graph = helper.make_graph(g.nodes, style, g.inputs, g.outputs, g.tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    model.ir_version = 8
    onnx.checker.check_model(model)
    about = dict(style=str(style), form=str(form), features=features, rows=rows, hidden=hidden, function=str(function))
    return model, form, rows, features, hidden, function, about


def oracle(model, form, x, hidden):
    """Outputs of ONNX Runtime: of each window, and in streaming form after each row."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options,
                                           providers=["CPUExecutionProvider"])
    if form == "window":
        return session.run(None, {"x": x[None]})[0].reshape(1, -1)
    if form == "time":
        return session.run(None, {"x": x[:, None]})[0].reshape(1, -1)
    states = {f"{c}{n}": np.zeros((1, 1, size), np.float32) for n, size in enumerate(hidden) for c in "hc"}
    outs = []
    for row in x:
        out, *ends = session.run(None, {"x": row[None, None], **states})
        states = dict(zip(states, ends))
        outs.append(out.reshape(-1))
    return np.stack(outs)


def golden(folder):
    """Small graphs of each style and form with rows and outputs, for the tests that need no Python."""
    os.makedirs(folder, exist_ok=True)
    for style in ("torch", "dynamo", "tf"):
        for form in ("window", "time", "streaming"):
            rng = np.random.default_rng(len(style) + len(form))
            model, form, rows, features, hidden, _, _ = build(rng, style, form)
            x = rng.standard_normal((6 if form == "streaming" else rows, features)).astype(np.float32)
            stem = os.path.join(folder, f"{style}-{form}")
            onnx.save(model, stem + ".onnx")
            np.save(stem + "-x.npy", x)
            np.save(stem + "-y.npy", oracle(model, form, x, hidden).astype(np.float32))


def main():
    if sys.argv[1] == "--golden":
        return golden(sys.argv[2])
    binary, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 200
    worst, failures, coarse = {"native": 0.0, "int8": 0.0}, [], []
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(count):
            rng = np.random.default_rng(seed)
            model, form, rows, features, hidden, function, about = build(rng)
            steps = 24 if form == "streaming" else rows
            x = rng.standard_normal((steps, features)).astype(np.float32)
            path, given = os.path.join(folder, "m.onnx"), os.path.join(folder, "x.npy")
            onnx.save(model, path)
            np.save(given, x)
            expected = oracle(model, form, x, hidden)
            for engine, bound in (("native", 1e-5), ("int8", 5e-3)):
                done = subprocess.run([binary, "model", "check", path, "--input", given, "--engine", engine, "--json"],
                                      capture_output=True, text=True)
                if done.returncode != 0:
                    failures.append((seed, engine, about, done.stderr.strip()))
                    continue
                found = json.loads(done.stdout)
                outputs = np.array(found["outputs"], np.float32).reshape(found["shape"])
                difference = float(abs(outputs - expected).max())
                if engine == "native" or function != "none":
                    worst[engine] = max(worst[engine], difference)
                    if difference > bound and engine == "native":
                        failures.append((seed, engine, about, difference))
                    elif difference > bound:
                        # Eight bits of a hidden state are too few here: `model quantise` must say so.
                        coarse.append((seed, engine, about, difference))
                        done = subprocess.run([binary, "model", "quantise", path, "--input", given, "--out",
                                               os.path.join(folder, "q.onnx")], capture_output=True, text=True)
                        if done.returncode == 0:
                            failures.append((seed, "quantise let it pass", about, difference))
    print(json.dumps({"graphs": count, "max_abs_diff": worst, "failures": len(failures),
                      "int8_beyond_bound": len(coarse)}))
    for case in failures + coarse:
        print(*case, file=sys.stderr)
    sys.exit(1 if failures else 0)


main()
