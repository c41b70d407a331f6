//! The walk: every node of a graph in turn, by what it makes of values known so far.
//!
//! In: a decoded graph. Out: what its outputs are, in terms of its LSTM layers.
//! Never: an error over a node that no output depends on.

use std::collections::HashMap;
use std::rc::Rc;

use super::super::network::Activation;
use super::array::{Array, Budget, Refused};
use super::error::OnnxError;
use super::glue;
use super::layer::{self, Change, Found};
use super::proto::{Graph, Node, Tensor, is_standard};
use super::value::{Axis, Free, Obstacle, Size, Symbol, Value, What};

/// A graph that was walked.
pub(super) struct Walked<'a> {
    pub(super) values: HashMap<&'a str, Value>,
    pub(super) layers: Vec<Found>,
    /// The two free axes of the features, in the order of the file.
    pub(super) free: Vec<Free>,
    /// Values of a row.
    pub(super) inputs: usize,
}

/// Where the walk is.
struct Walk<'a> {
    out: Walked<'a>,
    opset: i64,
    budget: Budget,
}

/// Walks a graph of a file of so many bytes.
pub(super) fn walk<'a>(
    graph: &Graph<'a>,
    opset: i64,
    file_bytes: usize,
) -> Result<Walked<'a>, OnnxError> {
    let out = Walked { values: HashMap::new(), layers: Vec::new(), free: Vec::new(), inputs: 0 };
    let mut walk = Walk { out, opset, budget: Budget::of_file(file_bytes) };
    for tensor in &graph.initializers {
        let value = constant(tensor, &walk.budget)?;
        walk.out.values.insert(tensor.name, value);
    }
    walk.take_inputs(graph)?;
    for node in &graph.nodes {
        walk.take_node(node);
    }
    Ok(walk.out)
}

/// A tensor of the file. Kinds are those of `TensorProto.DataType`.
fn constant(tensor: &Tensor<'_>, budget: &Budget) -> Result<Value, OnnxError> {
    let refused = |why: Refused| OnnxError::Tensor { name: tensor.name.to_owned(), why };
    if tensor.is_external {
        return Err(refused(String::from("its data is in another file")));
    }
    let sizes = tensor.dims.iter().map(|size| usize::try_from(*size));
    let dims: Vec<usize> =
        sizes.collect::<Result<_, _>>().map_err(|_| refused(String::from("a size below 0")))?;
    let raw = tensor.raw.unwrap_or_default();
    let halves = || raw.as_chunks::<2>().0.iter().map(|bytes| u16::from_le_bytes(*bytes));
    let fours = || raw.as_chunks::<4>().0.iter();
    let eights = || raw.as_chunks::<8>().0.iter();
    let is_raw = tensor.raw.is_some();
    let typed = || tensor.ints.iter();
    let floats: Vec<f32> = match tensor.kind {
        1 if is_raw => fours().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
        1 => tensor.floats.clone(),
        10 if is_raw => halves().map(half).collect(),
        10 => typed().map(|bits| half(*bits as u16)).collect(),
        16 if is_raw => halves().map(|bits| f32::from_bits(u32::from(bits) << 16)).collect(),
        16 => typed().map(|bits| f32::from_bits((*bits as u32) << 16)).collect(),
        11 if is_raw => eights().map(|bytes| f64::from_le_bytes(*bytes) as f32).collect(),
        11 => tensor.doubles.iter().map(|x| *x as f32).collect(),
        kind => {
            let ints: Vec<i64> = match kind {
                7 if is_raw => eights().map(|bytes| i64::from_le_bytes(*bytes)).collect(),
                6 if is_raw => fours().map(|b| i64::from(i32::from_le_bytes(*b))).collect(),
                9 if is_raw => raw.iter().map(|byte| i64::from(*byte)).collect(),
                6 | 7 | 9 => tensor.ints.clone(),
                kind => return Err(refused(format!("its data is of the kind {kind}"))),
            };
            budget.take(ints.len()).map_err(refused)?;
            let data = ints.into_iter().map(Size::Known).collect();
            return Ok(Value::Ints(Rc::new(Array::new(dims, data).map_err(refused)?)));
        }
    };
    Ok(Value::Floats(Rc::new(Array::new(dims, floats).map_err(refused)?)))
}

/// A float of 16 bits (IEEE 754 binary16).
fn half(bits: u16) -> f32 {
    let (sign, power, part) = (bits >> 15, bits >> 10 & 31, f32::from(bits & 1_023) / 1_024.0);
    let size = match power {
        0 => part * 2.0_f32.powi(-14),
        31 if bits & 1_023 == 0 => f32::INFINITY,
        31 => f32::NAN,
        power => (1.0 + part) * 2.0_f32.powi(i32::from(power) - 15),
    };
    if sign == 1 { -size } else { size }
}

impl<'a> Walk<'a> {
    /// The first input without a value is the features, all others are states.
    fn take_inputs(&mut self, graph: &Graph<'a>) -> Result<(), OnnxError> {
        let form = |why: String| OnnxError::Form { why };
        let mut state = 0;
        for port in &graph.inputs {
            if self.out.values.contains_key(port.name) {
                continue;
            }
            let size = |n: usize| port.dims[n].and_then(|size| usize::try_from(size).ok());
            let rank = port.dims.len();
            if self.out.inputs == 0 {
                let width = rank.checked_sub(1).filter(|n| (1..=2).contains(n)).and_then(size);
                self.out.inputs = width.ok_or_else(|| {
                    let (name, found) = (port.name, &port.dims);
                    form(format!(
                        "input `{name}` has the shape {found:?}, expected [N, T, features]"
                    ))
                })?;
                let free = |n: usize| Free { axis: n as u8, size: size(n) };
                self.out.free = (0..rank - 1).map(free).collect();
                let mut axes: Vec<Axis> = self.out.free.iter().copied().map(Axis::Free).collect();
                axes.push(Axis::Fixed(self.out.inputs));
                self.out.values.insert(port.name, Value::symbol(axes, What::Input));
                continue;
            }
            let shape = (rank == 3).then(|| (size(0), size(1), size(2)));
            let Some((Some(layers), batch, Some(hidden))) = shape else {
                let (name, found) = (port.name, &port.dims);
                return Err(form(format!(
                    "input `{name}` has the shape {found:?}, expected a state"
                )));
            };
            self.budget.take(layers).map_err(form)?;
            let batch = Axis::Free(Free { axis: 2, size: batch });
            let parts: Vec<What> = (state..state + layers).map(What::State).collect();
            state += layers;
            let what = if layers == 1 { parts[0].clone() } else { What::Stack(0, parts.into()) };
            let axes = vec![Axis::Fixed(layers), batch, Axis::Fixed(hidden)];
            self.out.values.insert(port.name, Value::symbol(axes, what));
        }
        Ok(())
    }

    fn take_node(&mut self, node: &Node<'a>) {
        let inputs: Vec<Option<Value>> = (0..node.inputs.len())
            .map(|n| node.input(n).and_then(|name| self.out.values.get(name).cloned()))
            .collect();
        let unknown = inputs.iter().flatten().find(|value| matches!(value, Value::Unknown(_)));
        let missing = (0..node.inputs.len())
            .find(|n| node.input(*n).is_some() && inputs[*n].is_none())
            .map(|n| format!("it reads `{}` before that is made", node.inputs[n]));
        let made = match (unknown, missing) {
            (Some(unknown), _) => Ok(vec![unknown.clone(); node.outputs.len()]),
            (None, Some(why)) => Err(why),
            (None, None) if !is_standard(node.domain) => Err(format!("domain {}", node.domain)),
            (None, None) => self.apply(node, &inputs),
        };
        let values = made.unwrap_or_else(|why| {
            let OnnxError::Unsupported { node: name, operator, why } = node.unsupported(why) else {
                return Vec::new();
            };
            let obstacle = Rc::new(Obstacle { node: name, operator, why });
            vec![Value::Unknown(obstacle); node.outputs.len()]
        });
        for (name, value) in node.outputs.iter().zip(values) {
            self.out.values.insert(name, value);
        }
    }

    /// What a node makes, one value for each of its outputs.
    fn apply(&mut self, node: &Node<'a>, all: &[Option<Value>]) -> Result<Vec<Value>, Refused> {
        let absent = || String::from("an input is left out");
        if node.operator == "Constant" {
            return Ok(vec![self.constant(node)?]);
        }
        if node.operator == "LSTM" {
            return self.lstm(node, all);
        }
        let first = all.first().and_then(Option::as_ref).ok_or_else(absent)?;
        let second = all.get(1).and_then(Option::as_ref);
        let budget = &self.budget;
        let one = match node.operator {
            "Identity" => first.clone(),
            "Dropout" => {
                // Outputs of a graph in training differ from call to call.
                let training = all.get(2).and_then(Option::as_ref).and_then(Value::known);
                if training.is_some_and(|training| training != [0]) {
                    return Err(String::from("it is in training mode"));
                }
                first.clone()
            }
            "Cast" => cast(first, node.int("to", 1))?,
            "Transpose" => {
                let order = node.attribute("perm").map_or(&[][..], |perm| &perm.ints);
                glue::transpose(first, order, budget)?
            }
            "Squeeze" => glue::squeeze(first, axes(node, second)?.as_deref(), budget)?,
            "Unsqueeze" => {
                glue::unsqueeze(first, &axes(node, second)?.ok_or_else(absent)?, budget)?
            }
            "Reshape" => glue::reshape(first, second.ok_or_else(absent)?, budget)?,
            "Flatten" => flatten(first, node.int("axis", 1), budget)?,
            "Gather" => {
                let index = second.ok_or_else(absent)?;
                glue::gather(first, node.int("axis", 0), index, |n| self.out.time(n), budget)?
            }
            "Slice" => self.slice(node, first, all)?,
            "Split" => return self.split(node, first, second),
            "Concat" => {
                let all: Option<Vec<Value>> = all.iter().cloned().collect();
                glue::concat(&all.ok_or_else(absent)?, node.int("axis", 0), budget)?
            }
            "Shape" => shape(node, first)?,
            "ConstantOfShape" => filled(node)?,
            "Expand" | "Tile" => match first {
                Value::Zeroes => Value::Zeroes,
                Value::Floats(array) if array.data.iter().all(|x| x.abs().to_bits() == 0) => {
                    Value::Zeroes
                }
                _ => return Err(String::from("it repeats what is not zero")),
            },
            _ => self.head(node, first, second, all.get(2).and_then(Option::as_ref))?,
        };
        Ok(vec![one])
    }

    /// Operators that a head is made of.
    fn head(
        &self,
        node: &Node<'_>,
        first: &Value,
        second: Option<&Value>,
        third: Option<&Value>,
    ) -> Result<Value, Refused> {
        let budget = &self.budget;
        let constants = || String::from("a form of it that is not that of a dense layer");
        let change = match node.operator {
            "Add" => Some(Change::Add),
            "Sub" => Some(Change::Subtract),
            "Mul" => Some(Change::Multiply),
            "Div" => Some(Change::Divide),
            _ => None,
        };
        match (node.operator, first, second) {
            (_, Value::Symbol(x), Some(Value::Floats(by))) if let Some(change) = change => {
                layer::change(x, by, change, 1.0, budget)
            }
            ("Add" | "Mul", Value::Floats(by), Some(Value::Symbol(x)))
                if let Some(change) = change =>
            {
                layer::change(x, by, change, 1.0, budget)
            }
            ("MatMul", Value::Symbol(x), Some(Value::Floats(w))) => {
                layer::dense(x, w, false, 1.0, budget)
            }
            ("Gemm", Value::Symbol(_), Some(Value::Floats(w))) => {
                let x = match node.int("transA", 0) {
                    0 => first.clone(),
                    _ => glue::transpose(first, &[1, 0], budget)?,
                };
                let Value::Symbol(x) = x else { return Err(constants()) };
                let is_turned = node.int("transB", 0) != 0;
                let made = layer::dense(&x, w, is_turned, node.float("alpha", 1.0), budget)?;
                match (made, third) {
                    (made, None) => Ok(made),
                    (Value::Symbol(made), Some(Value::Floats(bias))) => {
                        layer::change(&made, bias, Change::Add, node.float("beta", 1.0), budget)
                    }
                    _ => Err(constants()),
                }
            }
            ("Relu", Value::Symbol(x), _) => layer::activate(x, Activation::Relu, budget),
            ("Tanh", Value::Symbol(x), _) => layer::activate(x, Activation::Tanh, budget),
            ("Sigmoid", Value::Symbol(x), _) => layer::activate(x, Activation::Sigmoid, budget),
            ("Softmax", Value::Symbol(x), _) => {
                let absent = if self.opset < 13 { 1 } else { -1 };
                layer::softmax(x, node.int("axis", absent), budget)
            }
            ("Add" | "Sub" | "Mul" | "Div" | "MatMul" | "Gemm", ..) => Err(constants()),
            ("Relu" | "Tanh" | "Sigmoid" | "Softmax", ..) => Err(constants()),
            _ => Err(String::from("an operator that no LSTM of this kind needs")),
        }
    }

    fn lstm(&mut self, node: &Node<'_>, all: &[Option<Value>]) -> Result<Vec<Value>, Refused> {
        let found = layer::lstm(node, all)?;
        let Found { time, batch, .. } = found;
        let (hidden, layer) = (Axis::Fixed(found.layer.hidden), self.out.layers.len());
        self.budget.take(found.layer.w.len() + found.layer.r.len())?;
        self.out.layers.push(found);
        // Of one row the sequence is the last state.
        let rows = if time.is_one() { What::Last(layer) } else { What::Sequence(layer) };
        let one = Axis::Fixed(1);
        Ok(vec![
            Value::symbol(vec![time, one, batch, hidden], rows),
            Value::symbol(vec![one, batch, hidden], What::Last(layer)),
            Value::symbol(vec![one, batch, hidden], What::Cell(layer)),
        ])
    }

    fn constant(&self, node: &Node<'_>) -> Result<Value, Refused> {
        let [attribute] = &node.attributes[..] else { return Err(String::from("no one value")) };
        let ints = |dims: Vec<usize>, ints: &[i64]| {
            let data = ints.iter().map(|n| Size::Known(*n)).collect();
            Ok(Value::Ints(Rc::new(Array::new(dims, data)?)))
        };
        let floats = |dims: Vec<usize>, floats: &[f32]| {
            Ok(Value::Floats(Rc::new(Array::new(dims, floats.to_vec())?)))
        };
        match (attribute.name, &attribute.tensor) {
            ("value", Some(tensor)) => {
                constant(tensor, &self.budget).map_err(|error| error.to_string())
            }
            ("value_int", _) => ints(Vec::new(), &[attribute.int]),
            ("value_ints", _) => ints(vec![attribute.ints.len()], &attribute.ints),
            ("value_float", _) => floats(Vec::new(), &[attribute.float]),
            ("value_floats", _) => floats(vec![attribute.floats.len()], &attribute.floats),
            (name, _) => Err(format!("a constant by `{name}`")),
        }
    }

    fn slice(&self, node: &Node<'_>, of: &Value, all: &[Option<Value>]) -> Result<Value, Refused> {
        let list = |n: usize, name: &str| match all.get(n).and_then(Option::as_ref) {
            Some(value) => {
                value.known().ok_or_else(|| format!("its {name} are not known")).map(Some)
            }
            None => Ok(node.attribute(name).map(|attribute| attribute.ints.clone())),
        };
        let absent = || String::from("an input is left out");
        let starts = list(1, "starts")?.ok_or_else(absent)?;
        let ends = list(2, "ends")?.ok_or_else(absent)?;
        let axes = list(3, "axes")?.unwrap_or_else(|| (0..starts.len() as i64).collect());
        if list(4, "steps")?.is_some_and(|steps| steps.iter().any(|step| *step != 1)) {
            return Err(String::from("steps other than 1"));
        }
        if starts.len() != ends.len() || starts.len() != axes.len() {
            return Err(String::from("its starts, ends and axes do not fit"));
        }
        let mut value = of.clone();
        for (axis, range) in axes.into_iter().zip(starts.into_iter().zip(ends)) {
            value = glue::slice(&value, axis, range, |n| self.out.time(n), &self.budget)?;
        }
        Ok(value)
    }

    fn split(
        &self,
        node: &Node<'_>,
        of: &Value,
        sizes: Option<&Value>,
    ) -> Result<Vec<Value>, Refused> {
        let axis = node.int("axis", 0);
        let given =
            sizes.map(|sizes| sizes.known().ok_or("its sizes are not known")).transpose()?;
        let given = given.or_else(|| node.attribute("split").map(|split| split.ints.clone()));
        let size = match of {
            Value::Floats(array) => {
                array.dims.get(super::array::place(axis, array.rank())?).copied()
            }
            Value::Symbol(symbol) => {
                let axis = symbol.axes[super::array::place(axis, symbol.axes.len())?];
                if let Axis::Fixed(size) = axis { Some(size) } else { None }
            }
            Value::Zeroes => return Ok(vec![Value::Zeroes; node.outputs.len()]),
            _ => None,
        };
        let size = size.ok_or("the size of its axis is not known")?;
        let each = size.div_ceil(node.outputs.len().max(1)) as i64;
        let sizes = given.unwrap_or_else(|| vec![each; node.outputs.len()]);
        let mut from = 0_i64;
        let mut parts = Vec::new();
        for part in sizes.iter().take(node.outputs.len()) {
            let to = from.checked_add(*part).filter(|to| *part > 0 && *to <= size as i64);
            let to = to.ok_or("its parts do not fit")?;
            parts.push(glue::slice(of, axis, (from, to), |n| self.out.time(n), &self.budget)?);
            from = to;
        }
        Ok(parts)
    }
}

impl Walked<'_> {
    /// The axis of rows of a layer.
    fn time(&self, layer: usize) -> Axis {
        self.layers[layer].time
    }
}

/// `axes`, by input since opset 13, by attribute before.
fn axes(node: &Node<'_>, input: Option<&Value>) -> Result<Option<Vec<i64>>, Refused> {
    match input {
        Some(axes) => axes.known().ok_or_else(|| String::from("its axes are not known")).map(Some),
        None => Ok(node.attribute("axes").map(|attribute| attribute.ints.clone())),
    }
}

/// Casts that change no value: floats to floats, whole numbers to whole numbers.
fn cast(of: &Value, to: i64) -> Result<Value, Refused> {
    match of {
        Value::Ints(_) if matches!(to, 6 | 7) => Ok(of.clone()),
        Value::Floats(_) | Value::Symbol(_) | Value::Zeroes if to == 1 => Ok(of.clone()),
        _ => Err(format!("it makes another kind of numbers ({to})")),
    }
}

fn flatten(of: &Value, axis: i64, budget: &Budget) -> Result<Value, Refused> {
    let Value::Symbol(symbol) = of else { return Err(String::from("it flattens a constant")) };
    if axis != 1 {
        return Err(format!("axis {axis}"));
    }
    let width = symbol.axes.last().map_or(Size::Known(-1), |axis| axis.size());
    let shape = Array::new(vec![2], vec![Size::Known(-1), width])?;
    glue::reshape(of, &Value::Ints(Rc::new(shape)), budget)
}

fn shape(node: &Node<'_>, of: &Value) -> Result<Value, Refused> {
    let sizes: Vec<Size> = match of {
        Value::Symbol(symbol) => symbol.axes.iter().map(|axis| axis.size()).collect(),
        Value::Floats(array) => array.dims.iter().map(|size| Size::Known(*size as i64)).collect(),
        _ => return Err(String::from("a shape that is not known")),
    };
    let (from, to) =
        super::array::span(node.int("start", 0), node.int("end", i64::MAX), sizes.len());
    let part = sizes[from..to].to_vec();
    Ok(Value::Ints(Rc::new(Array::new(vec![part.len()], part)?)))
}

/// `ConstantOfShape` of zeroes: what states begin with.
fn filled(node: &Node<'_>) -> Result<Value, Refused> {
    match node.attribute("value").and_then(|attribute| attribute.tensor.as_ref()) {
        None => Ok(Value::Zeroes),
        Some(tensor) => match constant(tensor, &Budget::of_file(0)) {
            Ok(Value::Floats(array)) if array.data.iter().all(|x| x.abs().to_bits() == 0) => {
                Ok(Value::Zeroes)
            }
            _ => Err(String::from("it fills with what is not zero")),
        },
    }
}

/// What an obstacle says, as an error.
pub(super) fn refusal(obstacle: &Obstacle) -> OnnxError {
    let Obstacle { node, operator, why } = obstacle.clone();
    OnnxError::Unsupported { node, operator, why }
}

/// What a value that should depend on the inputs is.
pub(super) fn symbol<'v>(value: Option<&'v Value>, name: &str) -> Result<&'v Symbol, OnnxError> {
    match value {
        Some(Value::Symbol(symbol)) => Ok(symbol),
        Some(Value::Unknown(obstacle)) => Err(refusal(obstacle)),
        Some(_) => Err(OnnxError::Form { why: format!("output `{name}` is a constant") }),
        None => Err(OnnxError::Form { why: format!("nothing makes output `{name}`") }),
    }
}
