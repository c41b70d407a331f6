//! From a graph to a [`Network`]: the layers that its output stands on, in order.

use std::rc::Rc;

use super::super::network::{Activation, Form, Layer, Meta, Network, Output};
use super::error::OnnxError;
use super::layer::Found;
use super::meta;
use super::proto::Model;
use super::value::{Axis, Head, Size, What};
use super::walk::{Walked, symbol, walk};

/// A model file, understood.
#[derive(Clone, Debug)]
pub struct Read {
    /// What it computes.
    pub network: Network,
    /// What it says of itself.
    pub meta: Meta,
    /// Version of the operators.
    pub opset: i64,
    /// Who wrote it.
    pub producer: String,
    /// The output that was read, by name.
    pub output: String,
}

/// Reads a model. Files of any origin are refused rather than believed.
pub fn read(bytes: &[u8]) -> Result<Read, OnnxError> {
    let model = Model::decode(bytes)?;
    let walked = walk(&model.graph, model.opset, bytes.len())?;
    let mut head: Option<(&str, Rc<Head>)> = None;
    let mut states = Vec::new();
    for port in &model.graph.outputs {
        match &symbol(walked.values.get(port.name), port.name)?.what {
            What::Head(found) if head.is_none() => head = Some((port.name, Rc::clone(found))),
            What::Stack(_, parts) => states.extend(parts.iter().cloned()),
            other => states.push(other.clone()),
        }
    }
    let Some((name, head)) = head else {
        let why = String::from("no output comes out of a dense layer over an LSTM");
        return Err(OnnxError::Form { why });
    };
    if head.is_sequence {
        let why = format!("output `{name}` has values for each row, expected the last row's only");
        return Err(OnnxError::Form { why });
    }
    let meta = meta::read(&model.metadata)?;
    let mut network = network(&walked, &head, &states)?;
    network.window = rows(&walked, network.form, meta.more.get("window"));
    network.check()?;
    let (opset, producer) = (model.opset, model.producer.to_owned());
    Ok(Read { network, meta, opset, producer, output: name.to_owned() })
}

fn network(walked: &Walked<'_>, head: &Head, states: &[What]) -> Result<Network, OnnxError> {
    let chain = chain(walked, head.layer)?;
    let form = form(walked, &chain, states)?;
    let layers: Vec<Layer> = chain.iter().map(|n| walked.layers[*n].layer.clone()).collect();
    let (mut dense, mut output) = (head.dense.clone(), head.output);
    if let Some(last) = dense.last_mut()
        && last.activation == Activation::Sigmoid
    {
        last.activation = Activation::None;
        output = Output::Sigmoid;
    }
    Ok(Network { inputs: walked.inputs, window: 1, form, layers, head: dense, output })
}

/// Layers from the one over the features to the one below the head.
fn chain(walked: &Walked<'_>, last: usize) -> Result<Vec<usize>, OnnxError> {
    let mut chain = vec![last];
    // A layer stands on one that was made before it, so this ends.
    while let Some(before) = walked.layers[chain[chain.len() - 1]].before {
        chain.push(before);
    }
    chain.reverse();
    let axes = |n: &usize| (walked.layers[*n].time, walked.layers[*n].batch);
    if chain.iter().any(|n| axes(n) != axes(&chain[0])) {
        let why = String::from("its LSTM layers run over different axes");
        return Err(OnnxError::Form { why });
    }
    Ok(chain)
}

fn form(walked: &Walked<'_>, chain: &[usize], outputs: &[What]) -> Result<Form, OnnxError> {
    let refused = |why: &str| OnnxError::Form { why: why.to_owned() };
    let of = |n: &usize| -> &Found { &walked.layers[*n] };
    let with_states = chain.iter().filter(|n| of(n).states.is_some()).count();
    let first = of(&chain[0]);
    if with_states == 0 {
        return match (first.time, first.batch) {
            (Axis::Free(time), Axis::Free(batch)) if time.axis == 1 && batch.axis == 0 => {
                Ok(Form::Window)
            }
            (Axis::Free(time), Axis::Free(batch)) if time.axis == 0 && batch.axis == 1 => {
                Ok(Form::TimeMajor)
            }
            _ => Err(refused("its input is neither [N, T, F] nor [T, N, F]")),
        };
    }
    if with_states < chain.len() {
        return Err(refused("some of its layers carry states and some do not"));
    }
    if matches!(first.time.size(), Size::Known(rows) if rows != 1) {
        return Err(refused("it carries states over windows of several rows"));
    }
    let mut taken: Vec<usize> = chain.iter().filter_map(|n| of(n).states).flatten().collect();
    taken.sort_unstable();
    if !taken.iter().copied().eq(0..taken.len()) {
        return Err(refused("states come in that no layer begins with, or one serves two"));
    }
    let gives = |n: usize| {
        let is_last = |what: &What| matches!(what, What::Last(layer) if *layer == n);
        let is_cell = |what: &What| matches!(what, What::Cell(layer) if *layer == n);
        outputs.iter().any(is_last) && outputs.iter().any(is_cell)
    };
    if chain.iter().all(|n| gives(*n)) {
        Ok(Form::Streaming)
    } else {
        Err(refused("states come in and do not go out"))
    }
}

/// Rows of a window: as the input's shape says, else as the metadata says, else 1.
fn rows(walked: &Walked<'_>, form: Form, given: Option<&String>) -> usize {
    let declared = match form {
        Form::Streaming => return 1,
        Form::Window => walked.free.get(1),
        Form::TimeMajor => walked.free.first(),
    };
    let given = || given.and_then(|text| text.parse().ok()).unwrap_or(1);
    declared.and_then(|free| free.size).unwrap_or_else(given)
}
