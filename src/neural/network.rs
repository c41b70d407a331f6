//! A network as plain data: what training makes, what a file holds, what engines are packed from.
//!
//! Weights are row-major, gates in the order of ONNX: input, output, forget, cell.

use std::collections::BTreeMap;

/// An LSTM with a dense head.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Network {
    /// Features in.
    pub inputs: usize,
    /// Rows of a window; 1 in streaming form.
    pub window: usize,
    /// Does it begin each time with states of zero, or carry them?
    pub form: Form,
    /// LSTM layers, the first one first.
    pub layers: Vec<Layer>,
    /// Dense layers behind the last step's hidden state.
    pub head: Vec<Dense>,
    /// What becomes of the last dense layer's values.
    pub output: Output,
}

/// Where a step's states come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// A whole window at once, `[N, T, F]`; states begin at zero.
    #[default]
    Window,
    /// A whole window at once, `[T, N, F]`.
    TimeMajor,
    /// A row at a time; states are inputs and outputs, and carried.
    Streaming,
}

/// One LSTM layer of `hidden` cells over `inputs` values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layer {
    /// Values in.
    pub inputs: usize,
    /// Cells.
    pub hidden: usize,
    /// Input weights, `[4 * hidden, inputs]`.
    pub w: Vec<f32>,
    /// Recurrent weights, `[4 * hidden, hidden]`.
    pub r: Vec<f32>,
    /// Biases, `[4 * hidden]`: the sum of the two that ONNX has.
    pub b: Vec<f32>,
}

/// One dense layer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dense {
    /// Values in.
    pub inputs: usize,
    /// Values out.
    pub outputs: usize,
    /// Weights, `[outputs, inputs]`.
    pub w: Vec<f32>,
    /// Biases, `[outputs]`.
    pub b: Vec<f32>,
    /// What becomes of its values.
    pub activation: Activation,
}

/// A function of one value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activation {
    /// The value itself.
    #[default]
    None,
    /// The greater of it and 0.
    Relu,
    /// Hyperbolic tangent.
    Tanh,
    /// 1 / (1 + exp(-x)).
    Sigmoid,
}

/// What becomes of the last values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Output {
    /// Nothing.
    #[default]
    Linear,
    /// Each by itself into a probability.
    Sigmoid,
    /// All together into probabilities.
    Softmax,
}

/// What a file says of its network, in ONNX's `metadata_props`; all of it text there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Meta {
    /// Features by name, in the order of the inputs.
    pub features: Vec<String>,
    /// Subtracted from each feature, then ..
    pub mean: Vec<f32>,
    /// .. each is divided by this.
    pub scale: Vec<f32>,
    /// How far ahead it looks, ns of `recv_ns`.
    pub horizon_ns: i64,
    /// Names of the outputs, in order: `down flat up`, `down up`, or one name for a value.
    pub classes: Vec<String>,
    /// Logits are divided by it before the softmax; 1 where it is not calibrated.
    pub temperature: f32,
    /// Rows before its word counts.
    pub warmup: usize,
    /// All else, as text: label definition, threshold, digest of the training data, metrics ..
    pub more: BTreeMap<String, String>,
}
