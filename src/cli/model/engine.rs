//! The engines by name, and what each makes of windows.

use clap::ValueEnum;

use super::rows::Rows;
use crate::cli::output::Failure;
use crate::neural::{Engine, Form, Level, Network, Reach, Read};

/// Which engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// The own one, weights as floats.
    Native,
    /// The own one, weights as bytes.
    Int8,
    /// ONNX Runtime.
    Ort,
}

/// The key of a file's metadata that says what each layer's hidden states reach.
pub(super) const REACH: &str = "int8_reach";

/// What a file says that hidden states reach; where it says nothing, measured over `rows`.
pub(super) fn reach(read: &Read, rows: &Rows) -> Result<Reach, Failure> {
    let Some(text) = read.meta.more.get(REACH) else {
        return Reach::measured(&read.network, &rows.data).map_err(Failure::failed);
    };
    let all: Result<Vec<f32>, _> = text.split(',').map(|word| word.trim().parse()).collect();
    all.map(Reach::given).map_err(|_| {
        Failure::failed(format_args!(
            "metadata `{REACH}` is `{text}`, expected a number for each layer; write it anew by \
             `model quantise`"
        ))
    })
}

/// The own engine of this kind.
pub(super) fn own(read: &Read, is_int8: bool, rows: &Rows) -> Result<Engine, Failure> {
    let level = Level::detect();
    let engine = if is_int8 {
        Engine::int8(&read.network, &reach(read, rows)?, level)
    } else {
        Engine::new(&read.network, level)
    };
    engine.map_err(Failure::failed)
}

/// Outputs of the own engine: of each window, and in streaming form of each row.
pub(super) fn outputs(engine: &Engine, rows: &Rows) -> Vec<f32> {
    let mut all = Vec::new();
    let mut out = vec![0.0; engine.outputs()];
    let mut scratch = engine.scratch(rows.length);
    let mut state = engine.state();
    for window in rows.each() {
        if engine.form() != Form::Streaming {
            engine.whole(&mut scratch, window, &mut out);
            all.extend_from_slice(&out);
            continue;
        }
        state.reset();
        for row in window.chunks(engine.inputs()) {
            engine.step(&mut state, row, &mut out);
            all.extend_from_slice(&out);
        }
    }
    all
}

/// The same of ONNX Runtime, from the file's own bytes.
#[cfg(feature = "ort")]
pub(super) fn runtime_outputs(
    model: &[u8],
    network: &Network,
    rows: &Rows,
) -> Result<Vec<f32>, Failure> {
    use crate::neural::Runtime;

    let (count, inputs) = (rows.length, network.inputs);
    let shape = match network.form {
        Form::Window => [1, count, inputs],
        Form::TimeMajor => [count, 1, inputs],
        Form::Streaming => [1, 1, inputs],
    };
    let mut runtime = Runtime::new(model, &shape).map_err(Failure::failed)?;
    let (mut all, mut out) = (Vec::new(), Vec::new());
    for window in rows.each() {
        let once = if network.form == Form::Streaming { inputs } else { window.len() };
        runtime.reset();
        for part in window.chunks(once) {
            runtime.run(part, &mut out).map_err(Failure::failed)?;
            all.extend_from_slice(&out);
        }
    }
    Ok(all)
}

/// The same of ONNX Runtime, which this build lacks.
#[cfg(not(feature = "ort"))]
pub(super) fn runtime_outputs(_: &[u8], _: &Network, _: &Rows) -> Result<Vec<f32>, Failure> {
    Err(Failure::failed(
        "this build has no ONNX Runtime in it: build it with `--features ort`, and get the library \
         by scripts/onnxruntime.sh",
    ))
}

/// The greatest difference of two lists of outputs.
pub(super) fn distance(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}
