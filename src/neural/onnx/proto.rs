//! A model as the file has it: nodes, tensors, names. Numbers of fields are those of `onnx.proto`.
//!
//! Never: a meaning, or more memory than a small multiple of the file's.

use super::error::OnnxError;
use super::wire::{Field, Message, broken};
use crate::limits;

/// What is read of a model.
#[derive(Debug, Default)]
pub(super) struct Model<'a> {
    /// Version of the operators of ONNX itself.
    pub(super) opset: i64,
    pub(super) producer: &'a str,
    pub(super) graph: Graph<'a>,
    pub(super) metadata: Vec<(&'a str, &'a str)>,
}

#[derive(Debug, Default)]
pub(super) struct Graph<'a> {
    pub(super) nodes: Vec<Node<'a>>,
    pub(super) initializers: Vec<Tensor<'a>>,
    pub(super) inputs: Vec<Port<'a>>,
    pub(super) outputs: Vec<Port<'a>>,
}

#[derive(Debug, Default)]
pub(super) struct Node<'a> {
    pub(super) name: &'a str,
    pub(super) operator: &'a str,
    pub(super) domain: &'a str,
    pub(super) inputs: Vec<&'a str>,
    pub(super) outputs: Vec<&'a str>,
    pub(super) attributes: Vec<Attribute<'a>>,
}

#[derive(Debug, Default)]
pub(super) struct Attribute<'a> {
    pub(super) name: &'a str,
    pub(super) float: f32,
    pub(super) int: i64,
    pub(super) text: &'a [u8],
    pub(super) tensor: Option<Tensor<'a>>,
    pub(super) floats: Vec<f32>,
    pub(super) ints: Vec<i64>,
    pub(super) texts: Vec<&'a [u8]>,
}

#[derive(Debug, Default)]
pub(super) struct Tensor<'a> {
    pub(super) name: &'a str,
    pub(super) dims: Vec<i64>,
    pub(super) kind: u64,
    pub(super) raw: Option<&'a [u8]>,
    pub(super) floats: Vec<f32>,
    pub(super) ints: Vec<i64>,
    pub(super) doubles: Vec<f64>,
    pub(super) is_external: bool,
}

/// An input or an output of the graph.
#[derive(Debug, Default)]
pub(super) struct Port<'a> {
    pub(super) name: &'a str,
    /// `None` for a size that is not said.
    pub(super) dims: Vec<Option<i64>>,
}

impl<'a> Model<'a> {
    pub(super) fn decode(bytes: &'a [u8]) -> Result<Model<'a>, OnnxError> {
        if bytes.len() > limits::MODEL_BYTES_MAX {
            let found = bytes.len() as u64;
            return Err(OnnxError::Large { found, max: limits::MODEL_BYTES_MAX });
        }
        let mut model = Model::default();
        let mut is_there = false;
        each(Message::new(bytes), |field| {
            match field.number {
                2 => model.producer = field.text()?,
                7 => {
                    model.graph = Graph::decode(field.message()?)?;
                    is_there = true;
                }
                8 => {
                    let (mut domain, mut version) = ("", 0);
                    each(field.message()?, |field| {
                        match field.number {
                            1 => domain = field.text()?,
                            2 => version = field.number()? as i64,
                            _ => {}
                        }
                        Ok(())
                    })?;
                    if is_standard(domain) {
                        model.opset = version;
                    }
                }
                14 => model.metadata.push(entry(field)?),
                _ => {}
            }
            Ok(())
        })?;
        if is_there { Ok(model) } else { Err(broken(bytes.len(), "ends it without a graph")) }
    }
}

/// Is it the domain of ONNX itself?
pub(super) fn is_standard(domain: &str) -> bool {
    domain.is_empty() || domain == "ai.onnx"
}

fn each<'a>(
    mut message: Message<'a>,
    mut on: impl FnMut(&Field<'a>) -> Result<(), OnnxError>,
) -> Result<(), OnnxError> {
    while let Some(field) = message.field()? {
        on(&field)?;
    }
    Ok(())
}

fn entry<'a>(field: &Field<'a>) -> Result<(&'a str, &'a str), OnnxError> {
    let mut pair = ("", "");
    each(field.message()?, |field| {
        match field.number {
            1 => pair.0 = field.text()?,
            2 => pair.1 = field.text()?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(pair)
}

impl<'a> Graph<'a> {
    fn decode(message: Message<'a>) -> Result<Graph<'a>, OnnxError> {
        let (max, why) = (limits::MODEL_NODES_MAX, "begins too many parts of a graph");
        let mut graph = Graph::default();
        each(message, |field| {
            match field.number {
                1 => push(&mut graph.nodes, Node::decode(field.message()?)?, max, field, why)?,
                5 => {
                    let tensor = Tensor::decode(field.message()?)?;
                    push(&mut graph.initializers, tensor, max, field, why)?;
                }
                11 => push(&mut graph.inputs, Port::decode(field.message()?)?, max, field, why)?,
                12 => push(&mut graph.outputs, Port::decode(field.message()?)?, max, field, why)?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(graph)
    }
}

impl<'a> Node<'a> {
    fn decode(message: Message<'a>) -> Result<Node<'a>, OnnxError> {
        let mut node = Node::default();
        each(message, |field| {
            match field.number {
                1 => node.inputs.push(field.text()?),
                2 => node.outputs.push(field.text()?),
                3 => node.name = field.text()?,
                4 => node.operator = field.text()?,
                5 => {
                    let attribute = Attribute::decode(field.message()?)?;
                    let (max, why) = (limits::MODEL_ATTRIBUTES_MAX, "begins too many attributes");
                    push(&mut node.attributes, attribute, max, field, why)?;
                }
                7 => node.domain = field.text()?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(node)
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&Attribute<'a>> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// A whole number, or what it is where it is not given.
    pub(super) fn int(&self, name: &str, absent: i64) -> i64 {
        self.attribute(name).map_or(absent, |attribute| attribute.int)
    }

    /// A float, or what it is where it is not given.
    pub(super) fn float(&self, name: &str, absent: f32) -> f32 {
        self.attribute(name).map_or(absent, |attribute| attribute.float)
    }

    /// An input that is there.
    pub(super) fn input(&self, n: usize) -> Option<&'a str> {
        self.inputs.get(n).copied().filter(|name| !name.is_empty())
    }

    /// That it is not supported, and why.
    pub(super) fn unsupported(&self, why: impl Into<String>) -> OnnxError {
        let output = self.outputs.first().copied().unwrap_or_default();
        let name = if self.name.is_empty() { output } else { self.name };
        let (node, operator) = (name.to_owned(), self.operator.to_owned());
        OnnxError::Unsupported { node, operator, why: why.into() }
    }
}

impl<'a> Attribute<'a> {
    fn decode(message: Message<'a>) -> Result<Attribute<'a>, OnnxError> {
        let mut attribute = Attribute::default();
        each(message, |field| {
            match field.number {
                1 => attribute.name = field.text()?,
                2 => attribute.float = field.float()?,
                3 => attribute.int = field.number()? as i64,
                4 => attribute.text = field.bytes()?,
                5 => attribute.tensor = Some(Tensor::decode(field.message()?)?),
                7 => field.floats(&mut attribute.floats)?,
                8 => field.numbers(&mut attribute.ints)?,
                9 => attribute.texts.push(field.bytes()?),
                _ => {}
            }
            Ok(())
        })?;
        Ok(attribute)
    }
}

impl<'a> Tensor<'a> {
    fn decode(message: Message<'a>) -> Result<Tensor<'a>, OnnxError> {
        let mut tensor = Tensor::default();
        each(message, |field| {
            match field.number {
                1 => field.numbers(&mut tensor.dims)?,
                2 => tensor.kind = field.number()?,
                4 => field.floats(&mut tensor.floats)?,
                5 | 7 => field.numbers(&mut tensor.ints)?,
                8 => tensor.name = field.text()?,
                9 => tensor.raw = Some(field.bytes()?),
                10 => {
                    let (doubles, _) = field.bytes()?.as_chunks::<8>();
                    tensor.doubles.extend(doubles.iter().map(|bytes| f64::from_le_bytes(*bytes)));
                }
                13 => tensor.is_external = true,
                14 => tensor.is_external |= field.number()? == 1,
                _ => {}
            }
            Ok(())
        })?;
        Ok(tensor)
    }
}

impl<'a> Port<'a> {
    /// `ValueInfoProto`: name 1, type 2; its tensor 1, the shape of that 2, its sizes 1.
    fn decode(message: Message<'a>) -> Result<Port<'a>, OnnxError> {
        let mut port = Port::default();
        let mut shape = None;
        each(message, |field| {
            match field.number {
                1 => port.name = field.text()?,
                2 => {
                    let tensor = inner(field.message()?, 1)?;
                    shape = tensor.map(|tensor| inner(tensor, 2)).transpose()?.flatten();
                }
                _ => {}
            }
            Ok(())
        })?;
        let Some(shape) = shape else { return Ok(port) };
        each(shape, |dim| {
            let mut size = None;
            if dim.number == 1 {
                each(dim.message()?, |field| {
                    if field.number == 1 {
                        size = Some(field.number()? as i64).filter(|size| *size > 0);
                    }
                    Ok(())
                })?;
                push(&mut port.dims, size, limits::MODEL_RANK_MAX, dim, "begins too many sizes")?;
            }
            Ok(())
        })?;
        Ok(port)
    }
}

/// The message within a message that has this number.
fn inner<'a>(message: Message<'a>, number: u32) -> Result<Option<Message<'a>>, OnnxError> {
    let mut found = None;
    each(message, |field| {
        if field.number == number {
            found = Some(field.message()?);
        }
        Ok(())
    })?;
    Ok(found)
}

/// Adds to a list that has a bound: an entry may take many times the bytes that it has in the file.
fn push<T>(
    all: &mut Vec<T>,
    value: T,
    max: usize,
    field: &Field<'_>,
    why: &'static str,
) -> Result<(), OnnxError> {
    if all.len() == max {
        return Err(broken(field.at, why));
    }
    all.push(value);
    Ok(())
}
