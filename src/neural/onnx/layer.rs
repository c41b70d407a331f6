//! Operators with weights: `LSTM`, and those that a head is made of.

use std::rc::Rc;

use super::super::network::{Activation, Dense, Layer, Output};
use super::array::{Array, Budget, Refused};
use super::proto::Node;
use super::value::{Axis, Head, Symbol, Value, What};

/// An LSTM layer of the graph, and how it stands in it.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) layer: Layer,
    /// The layer before it; `None` where it reads the features.
    pub(super) before: Option<usize>,
    /// The axes of its input: rows, instruments.
    pub(super) time: Axis,
    pub(super) batch: Axis,
    /// The states that it begins with, hidden and cell; `None` for zeroes.
    pub(super) states: Option<[usize; 2]>,
}

/// Reads an `LSTM`; `inputs` are its values, `None` for those that are left out.
pub(super) fn lstm(node: &Node<'_>, inputs: &[Option<Value>]) -> Result<Found, Refused> {
    plain(node)?;
    let input = |n: usize| inputs.get(n).and_then(Option::as_ref);
    if input(4).is_some() || input(7).is_some() {
        return Err(String::from("sequence lengths or peepholes are given"));
    }
    let Some(Value::Symbol(x)) = input(0) else { return Err(String::from("X is a constant")) };
    let [time, batch, Axis::Fixed(width)] = x.axes[..] else {
        return Err(format!("X has {} axes, expected rows, instruments, values", x.axes.len()));
    };
    let before = match x.what {
        What::Input => None,
        What::Sequence(layer) => Some(layer),
        What::Last(layer) if time.is_one() => Some(layer),
        _ => return Err(String::from("X is neither the features nor the rows of another LSTM")),
    };
    let (w, r) = (floats(input(1), "W")?, floats(input(2), "R")?);
    let [1, rows, hidden] = r.dims[..] else { return Err(format!("R has the shape {:?}", r.dims)) };
    if hidden == 0 || rows != 4 * hidden || w.dims != [1, rows, width] {
        return Err(format!("W has the shape {:?} and R {:?}, X {width} values", w.dims, r.dims));
    }
    if node.int("hidden_size", hidden as i64) != hidden as i64 {
        return Err(format!("hidden_size is not {hidden} as in R"));
    }
    let b = match input(3) {
        None => vec![0.0; rows],
        Some(b) => {
            let b = floats(Some(b), "B")?;
            if b.dims != [1, 2 * rows] {
                return Err(format!("B has the shape {:?}", b.dims));
            }
            b.data[..rows].iter().zip(&b.data[rows..]).map(|(w, r)| w + r).collect()
        }
    };
    let states = states(input(5), input(6))?;
    let layer = Layer { inputs: width, hidden, w: w.data.clone(), r: r.data.clone(), b };
    Ok(Found { layer, before, time, batch, states })
}

/// That it is the LSTM that the engine computes.
fn plain(node: &Node<'_>) -> Result<(), Refused> {
    let texts = |name: &str| node.attribute(name).map_or(&[][..], |attribute| &attribute.texts);
    let lower: Vec<Vec<u8>> = texts("activations").iter().map(|t| t.to_ascii_lowercase()).collect();
    if !lower.is_empty() && lower != [&b"sigmoid"[..], b"tanh", b"tanh"] {
        return Err(String::from("activations other than Sigmoid, Tanh, Tanh"));
    }
    let direction = node.attribute("direction").map_or(&b"forward"[..], |a| a.text);
    if !direction.eq_ignore_ascii_case(b"forward") {
        return Err(String::from("a direction other than forward"));
    }
    let is_clipped = node.attribute("clip").is_some_and(|clip| clip.float > 0.0);
    if is_clipped || node.int("input_forget", 0) != 0 || node.int("layout", 0) != 0 {
        return Err(String::from("clip, input_forget or layout is set"));
    }
    Ok(())
}

fn states(h: Option<&Value>, c: Option<&Value>) -> Result<Option<[usize; 2]>, Refused> {
    let is_zero = |value: Option<&Value>| match value {
        None | Some(Value::Zeroes) => true,
        Some(Value::Floats(array)) => array.data.iter().all(|x| x.abs().to_bits() == 0),
        _ => false,
    };
    let state = |value: Option<&Value>| match value {
        Some(Value::Symbol(symbol)) => match symbol.what {
            What::State(n) => Some(n),
            _ => None,
        },
        _ => None,
    };
    match (state(h), state(c)) {
        (Some(h), Some(c)) => Ok(Some([h, c])),
        _ if is_zero(h) && is_zero(c) => Ok(None),
        _ => Err(String::from("states begin neither at zero nor at inputs of the graph")),
    }
}

fn floats<'a>(value: Option<&'a Value>, name: &str) -> Result<&'a Array<f32>, Refused> {
    match value {
        Some(Value::Floats(array)) => Ok(array),
        _ => Err(format!("{name} is no constant")),
    }
}

/// What a head begins with, or how far it is. Only values along the last axis are mixed.
fn head_of(symbol: &Symbol) -> Result<(Head, usize), Refused> {
    let Some(Axis::Fixed(width)) = symbol.axes.last().copied() else {
        return Err(String::from("its last axis is not that of the values"));
    };
    let new = |layer: usize, is_sequence: bool| Head {
        layer,
        is_sequence,
        dense: Vec::new(),
        output: Output::Linear,
    };
    let head = match &symbol.what {
        What::Head(head) => (**head).clone(),
        What::Last(layer) => new(*layer, false),
        What::Sequence(layer) => new(*layer, true),
        _ => return Err(String::from("it stands neither on an LSTM nor on a dense layer")),
    };
    if head.output == Output::Softmax {
        return Err(String::from("it follows a Softmax"));
    }
    Ok((head, width))
}

fn headed(symbol: &Symbol, width: usize, head: Head) -> Value {
    let mut axes = symbol.axes.clone();
    if let Some(last) = axes.last_mut() {
        *last = Axis::Fixed(width);
    }
    Value::symbol(axes, What::Head(Rc::new(head)))
}

fn cost(head: &Head) -> usize {
    head.dense.iter().map(|dense| dense.w.len() + dense.b.len()).sum()
}

/// `scale x W + b`, where `w` is `[inputs, outputs]`, or `[outputs, inputs]` if it is turned.
pub(super) fn dense(
    symbol: &Symbol,
    w: &Array<f32>,
    is_turned: bool,
    scale: f32,
    budget: &Budget,
) -> Result<Value, Refused> {
    let (mut head, width) = head_of(symbol)?;
    let [rows, columns] = w.dims[..] else { return Err(String::from("its weights are no matrix")) };
    let (inputs, outputs) = if is_turned { (columns, rows) } else { (rows, columns) };
    if inputs != width {
        return Err(format!("weights for {inputs} values where {width} come"));
    }
    budget.take(cost(&head) + w.data.len() + outputs)?;
    let turned = if is_turned { w.clone() } else { w.transposed(&[1, 0], budget)? };
    let w = turned.data.into_iter().map(|w| w * scale).collect();
    let (b, activation) = (vec![0.0; outputs], Activation::None);
    head.dense.push(Dense { inputs, outputs, w, b, activation });
    Ok(headed(symbol, outputs, head))
}

/// What a constant does to each value of the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// Adds a constant to each value of the last dense layer, or multiplies it.
pub(super) fn change(
    symbol: &Symbol,
    by: &Array<f32>,
    how: Change,
    scale: f32,
    budget: &Budget,
) -> Result<Value, Refused> {
    let (mut head, width) = head_of(symbol)?;
    budget.take(cost(&head))?;
    let is_vector = by.dims.last() == Some(&width) && by.data.len() == width;
    if !is_vector && by.data.len() != 1 {
        return Err(format!("a constant of the shape {:?} for {width} values", by.dims));
    }
    let Some(last) = head.dense.last_mut().filter(|d| d.activation == Activation::None) else {
        return Err(String::from("it does not follow a dense layer"));
    };
    for (n, (w, b)) in last.w.chunks_mut(last.inputs.max(1)).zip(&mut last.b).enumerate() {
        let value = scale * by.data[if is_vector { n } else { 0 }];
        match how {
            Change::Add => *b += value,
            Change::Subtract => *b -= value,
            Change::Multiply | Change::Divide => {
                let factor = if how == Change::Divide { 1.0 / value } else { value };
                w.iter_mut().for_each(|w| *w *= factor);
                *b *= factor;
            }
        }
    }
    Ok(headed(symbol, width, head))
}

/// A function of each value of the head.
pub(super) fn activate(
    symbol: &Symbol,
    activation: Activation,
    budget: &Budget,
) -> Result<Value, Refused> {
    let (mut head, width) = head_of(symbol)?;
    budget.take(cost(&head))?;
    match head.dense.last_mut() {
        Some(last) if last.activation == Activation::None => last.activation = activation,
        _ => return Err(String::from("it does not follow a dense layer")),
    }
    Ok(headed(symbol, width, head))
}

/// Probabilities over the last axis.
pub(super) fn softmax(symbol: &Symbol, axis: i64, budget: &Budget) -> Result<Value, Refused> {
    let (mut head, width) = head_of(symbol)?;
    budget.take(cost(&head))?;
    let rank = symbol.axes.len() as i64;
    if axis != -1 && axis != rank - 1 {
        return Err(format!("axis {axis} of {rank} is not that of the values"));
    }
    if head.dense.last().is_none_or(|last| last.activation != Activation::None) {
        return Err(String::from("it does not follow a dense layer"));
    }
    head.output = Output::Softmax;
    Ok(headed(symbol, width, head))
}
