//! ONNX Runtime: the second engine, for any graph, and the oracle that the first is held to.
//!
//! In: a model's bytes, rows. Out: outputs. Its library is loaded from `ORT_DYLIB_PATH`, or from
//! where the system looks for libraries, when the first model is opened; nothing is linked. One
//! thread, no spinning, denormals are zero.
//! Never: a place on the hot path. It allocates in every run.

use std::sync::OnceLock;

use ort::environment::Environment;
use ort::logging::LogLevel;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{Session, SessionInputValue};
use ort::value::Tensor;

/// Why ONNX Runtime does not run a model.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RuntimeError {
    /// Its library is not there, or is too old.
    #[error(
        "ONNX Runtime is not found ({why}); run `scripts/onnxruntime.sh` and set ORT_DYLIB_PATH to \
         the library that it names"
    )]
    Absent {
        /// What the loader said.
        why: String,
    },
    /// It refused the model or the run.
    #[error("ONNX Runtime: {0}")]
    Refused(String),
    /// The rows do not fit the model.
    #[error("input `{input}` takes {expected} numbers and {found} were given; give rows that fit")]
    Size {
        /// Which input.
        input: String,
        /// Numbers that came.
        found: usize,
        /// Numbers that it takes.
        expected: usize,
    },
}

impl<T> From<ort::Error<T>> for RuntimeError {
    fn from(error: ort::Error<T>) -> RuntimeError {
        RuntimeError::Refused(error.to_string())
    }
}

/// A model in ONNX Runtime. The first input takes features, the others are states that the outputs
/// behind the first one become, in order.
#[derive(Debug)]
pub struct Runtime {
    session: Session,
    inputs: Vec<Slot>,
    outputs: Vec<String>,
}

/// An input with its tensor, which is made once.
#[derive(Debug)]
struct Slot {
    name: String,
    tensor: Tensor<f32>,
}

/// One for the process, since the library allows no second.
static ENVIRONMENT: OnceLock<Result<Environment, RuntimeError>> = OnceLock::new();

fn environment() -> Result<&'static Environment, RuntimeError> {
    let made = ENVIRONMENT.get_or_init(|| {
        let path = std::env::var_os("ORT_DYLIB_PATH").unwrap_or_else(|| "libonnxruntime.so".into());
        let absent = |why: String| RuntimeError::Absent { why };
        let builder = ort::init_from(path).map_err(|error| absent(error.to_string()))?;
        Ok(builder.with_telemetry(false).build()?)
    });
    made.as_ref().map_err(Clone::clone)
}

/// Is its library there? Says why not.
pub fn is_here() -> Result<(), RuntimeError> {
    environment().map(|_| ())
}

impl Runtime {
    /// Opens a model; the sizes of the first input that the model leaves open are those of `shape`,
    /// and those of states are 1.
    pub fn new(model: &[u8], shape: &[usize]) -> Result<Runtime, RuntimeError> {
        let session = Session::builder(environment()?)?
            .with_log_level(LogLevel::Error)?
            .with_intra_threads(1)?
            .with_inter_threads(1)?
            .with_parallel_execution(false)?
            .with_intra_op_spinning(false)?
            .with_flush_to_zero()?
            .with_optimization_level(GraphOptimizationLevel::All)?
            .commit_from_memory(model)?;
        let mut inputs = Vec::new();
        for (n, input) in session.inputs().iter().enumerate() {
            let declared = input.dtype().tensor_shape().map(|shape| shape.to_vec());
            let declared = declared.unwrap_or_default();
            let size = |(axis, size): (usize, &i64)| match usize::try_from(*size) {
                Ok(size) => size,
                Err(_) if n == 0 => shape.get(axis).copied().unwrap_or(1),
                Err(_) => 1,
            };
            let sizes: Vec<usize> = declared.iter().enumerate().map(size).collect();
            let zeroes = vec![0.0_f32; sizes.iter().product()];
            let tensor = Tensor::from_array((sizes, zeroes))?;
            inputs.push(Slot { name: input.name().to_owned(), tensor });
        }
        let outputs = session.outputs().iter().map(|output| output.name().to_owned()).collect();
        Ok(Runtime { session, inputs, outputs })
    }

    /// States of zero.
    pub fn reset(&mut self) {
        for state in self.inputs.iter_mut().skip(1) {
            state.tensor.extract_tensor_mut().1.fill(0.0);
        }
    }

    /// Runs over `x`, keeps the states that come out, and writes the first output to `out`.
    pub fn run(&mut self, x: &[f32], out: &mut Vec<f32>) -> Result<(), RuntimeError> {
        if let Some(first) = self.inputs.first_mut() {
            let room = first.tensor.extract_tensor_mut().1;
            if room.len() != x.len() {
                let (input, expected) = (first.name.clone(), room.len());
                return Err(RuntimeError::Size { input, found: x.len(), expected });
            }
            room.copy_from_slice(x);
        }
        let given = self.inputs.iter().map(|slot| (slot.name.as_str(), (&slot.tensor).into()));
        let given: Vec<(&str, SessionInputValue<'_>)> = given.collect();
        let results = self.session.run(given)?;
        out.clear();
        for (n, name) in self.outputs.iter().enumerate() {
            let Some(result) = results.get(name) else { continue };
            let (_, values) = result.try_extract_tensor::<f32>()?;
            if n == 0 {
                out.extend_from_slice(values);
            } else if let Some(state) = self.inputs.get_mut(n) {
                let room = state.tensor.extract_tensor_mut().1;
                if room.len() == values.len() {
                    room.copy_from_slice(values);
                }
            }
        }
        Ok(())
    }
}
