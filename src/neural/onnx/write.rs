//! Writes a network as ONNX: opset 17, IR 8, `LSTM`, `Gemm` and what lies between.
//!
//! In: a sound [`Network`] and its [`Meta`]. Out: a file's bytes.
//! Never: an operator that ONNX Runtime lacks, a weight outside the file.

use super::super::network::{Activation, Dense, Form, Layer, Meta, Network, Output};
use super::error::OnnxError;
use super::meta;
use super::wire::Writer;

const IR: u64 = 8;
const OPSET: u64 = 17;

/// `TensorProto.DataType`.
const FLOAT: u64 = 1;
const INT64: u64 = 7;

/// `AttributeProto.AttributeType`.
const INT: u64 = 2;
const INTS: u64 = 7;

/// Writes a model. Inputs: `x`, and in streaming form `h0`, `c0`, `h1` ..; outputs: `y`, and `h0_next`
/// and so on.
pub fn write(network: &Network, meta: &Meta) -> Result<Vec<u8>, OnnxError> {
    network.check()?;
    let entries = meta::write(meta, network.form)?;
    let mut model = Writer::default();
    model.number(1, IR).text(2, "neural-kraken").text(3, env!("CARGO_PKG_VERSION"));
    model.message(7, |graph| write_graph(graph, network));
    model.message(8, |opset| {
        opset.text(1, "").number(2, OPSET);
    });
    for (key, value) in &entries {
        model.message(14, |entry| {
            entry.text(1, key).text(2, value);
        });
    }
    Ok(model.done())
}

fn write_graph(graph: &mut Writer, network: &Network) {
    let mut value = String::from("x");
    if network.form == Form::Window {
        node(graph, "Transpose", &["x"], &["rows"], |node| ints(node, "perm", &[1, 0, 2]));
        value = String::from("rows");
    }
    for (n, layer) in network.layers.iter().enumerate() {
        value = write_layer(graph, network, n, layer, &value);
    }
    for (n, dense) in network.head.iter().enumerate() {
        value = write_dense(graph, n, dense, &value);
    }
    let last = match network.output {
        Output::Linear => "Identity",
        Output::Sigmoid => "Sigmoid",
        Output::Softmax => "Softmax",
    };
    node(graph, last, &[&value], &["y"], |node| {
        if network.output == Output::Softmax {
            int(node, "axis", -1);
        }
    });
    graph.text(2, "lstm");
    tensor(graph, "first", &[1], Numbers::Ints(&[0]));
    tensor(graph, "second", &[1], Numbers::Ints(&[1]));
    write_ports(graph, network);
}

/// One LSTM, and its rows without the axis of directions; of the last layer, its last state.
fn write_layer(
    graph: &mut Writer,
    network: &Network,
    n: usize,
    layer: &Layer,
    value: &str,
) -> String {
    let (rows, hidden) = (4 * layer.hidden, layer.hidden);
    let [w, r, b] = ["w", "r", "b"].map(|name| format!("{name}{n}"));
    tensor(graph, &w, &[1, rows, layer.inputs], Numbers::Floats(&[&layer.w]));
    tensor(graph, &r, &[1, rows, hidden], Numbers::Floats(&[&layer.r]));
    // ONNX has two biases and adds them.
    tensor(graph, &b, &[1, 2 * rows], Numbers::Floats(&[&layer.b, &vec![0.0; rows]]));
    let [h, c, h_next, c_next] = states(n);
    let is_streaming = network.form == Form::Streaming;
    let mut inputs = vec![value, &w, &r, &b];
    if is_streaming {
        inputs.extend(["", &h, &c]);
    }
    let sequence = format!("sequence{n}");
    node(graph, "LSTM", &inputs, &[&sequence, &h_next, &c_next], |node| {
        int(node, "hidden_size", hidden as i64);
    });
    let out = format!("layer{n}");
    let is_last = n + 1 == network.layers.len();
    let (from, axis) = if is_last { (&h_next, "first") } else { (&sequence, "second") };
    node(graph, "Squeeze", &[from, axis], &[&out], |_| {});
    out
}

fn write_dense(graph: &mut Writer, n: usize, dense: &Dense, value: &str) -> String {
    let [w, b, sum, out] = ["dense_w", "dense_b", "sum", "dense"].map(|name| format!("{name}{n}"));
    tensor(graph, &w, &[dense.outputs, dense.inputs], Numbers::Floats(&[&dense.w]));
    tensor(graph, &b, &[dense.outputs], Numbers::Floats(&[&dense.b]));
    node(graph, "Gemm", &[value, &w, &b], &[&sum], |node| int(node, "transB", 1));
    let function = match dense.activation {
        Activation::None => return sum,
        Activation::Relu => "Relu",
        Activation::Tanh => "Tanh",
        Activation::Sigmoid => "Sigmoid",
    };
    node(graph, function, &[&sum], &[&out], |_| {});
    out
}

/// `h`, `c` and what they become.
fn states(n: usize) -> [String; 4] {
    [format!("h{n}"), format!("c{n}"), format!("h{n}_next"), format!("c{n}_next")]
}

fn write_ports(graph: &mut Writer, network: &Network) {
    let (window, inputs) = (Size::Fixed(network.window), Size::Fixed(network.inputs));
    let rows = match network.form {
        Form::Window => [Size::Batch, window, inputs],
        Form::TimeMajor => [window, Size::Batch, inputs],
        Form::Streaming => [Size::Fixed(1), Size::Batch, inputs],
    };
    port(graph, 11, "x", &rows);
    port(graph, 12, "y", &[Size::Batch, Size::Fixed(network.outputs())]);
    if network.form == Form::Streaming {
        for (n, layer) in network.layers.iter().enumerate() {
            let shape = [Size::Fixed(1), Size::Batch, Size::Fixed(layer.hidden)];
            let [h, c, h_next, c_next] = states(n);
            [h, c].iter().for_each(|name| port(graph, 11, name, &shape));
            [h_next, c_next].iter().for_each(|name| port(graph, 12, name, &shape));
        }
    }
}

/// A size of an input or an output.
#[derive(Clone, Copy, Debug)]
enum Size {
    Fixed(usize),
    /// Instruments at once.
    Batch,
}

/// Numbers of a tensor, one part after the other.
enum Numbers<'a> {
    Floats(&'a [&'a [f32]]),
    Ints(&'a [i64]),
}

fn port(graph: &mut Writer, field: u32, name: &str, shape: &[Size]) {
    graph.message(field, |port| {
        port.text(1, name).message(2, |kind| {
            kind.message(1, |tensor| {
                tensor.number(1, FLOAT).message(2, |sizes| {
                    for size in shape {
                        sizes.message(1, |dim| {
                            match size {
                                Size::Fixed(size) => dim.number(1, *size as u64),
                                Size::Batch => dim.text(2, "N"),
                            };
                        });
                    }
                });
            });
        });
    });
}

fn tensor(graph: &mut Writer, name: &str, dims: &[usize], numbers: Numbers<'_>) {
    graph.message(5, |tensor| {
        for size in dims {
            tensor.number(1, *size as u64);
        }
        let (kind, raw): (u64, Vec<u8>) = match numbers {
            Numbers::Floats(parts) => {
                let all = parts.iter().copied().flatten();
                (FLOAT, all.flat_map(|x| x.to_le_bytes()).collect())
            }
            Numbers::Ints(all) => (INT64, all.iter().flat_map(|n| n.to_le_bytes()).collect()),
        };
        tensor.number(2, kind).text(8, name).bytes(9, &raw);
    });
}

fn node(
    graph: &mut Writer,
    operator: &str,
    inputs: &[&str],
    outputs: &[&str],
    attributes: impl FnOnce(&mut Writer),
) {
    graph.message(1, |node| {
        inputs.iter().for_each(|name| {
            node.text(1, name);
        });
        outputs.iter().for_each(|name| {
            node.text(2, name);
        });
        node.text(3, outputs[0]).text(4, operator);
        attributes(node);
    });
}

fn int(node: &mut Writer, name: &str, value: i64) {
    node.message(5, |attribute| {
        attribute.text(1, name).number(3, value as u64).number(20, INT);
    });
}

fn ints(node: &mut Writer, name: &str, values: &[i64]) {
    node.message(5, |attribute| {
        attribute.text(1, name).number(20, INTS);
        for value in values {
            attribute.number(8, *value as u64);
        }
    });
}
