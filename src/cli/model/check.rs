//! `model check`: what a model computes, and how far that is from ONNX Runtime.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::engine::{self, Kind};
use super::rows::Rows;
use crate::cli::output::{self, Failure};
use crate::neural::{self, Form, Npy, OnnxError, Read};

/// Compute a model's outputs by one engine, and compare them with ONNX Runtime where it is there.
///
/// Without --input rows are made up, the same each time. In streaming form there are outputs for
/// each row, else for each window.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The model, as ONNX.
    file: PathBuf,
    /// Rows by `numpy.save`, float32: [T, F], or with an axis of instruments.
    #[arg(long, value_name = "FILE.npy")]
    input: Option<PathBuf>,
    /// Which engine computes.
    #[arg(long, value_enum, default_value_t = Kind::Native)]
    engine: Kind,
    /// Write the outputs, as float32.
    #[arg(long, value_name = "FILE.npy")]
    out: Option<PathBuf>,
}

/// Windows that are made up where none are given.
const WINDOWS: usize = 16;

/// Runs the verb.
pub(super) fn run(arguments: &Arguments, as_json: bool) -> Result<(), Failure> {
    let read = match neural::load(&arguments.file) {
        Ok(read) => read,
        Err(OnnxError::Unsupported { .. } | OnnxError::Form { .. })
            if arguments.engine == Kind::Ort =>
        {
            return any_graph(arguments, as_json);
        }
        Err(error) => return Err(Failure::failed(error)),
    };
    let rows = Rows::new(arguments.input.as_deref(), &read.network, WINDOWS)?;
    let bytes = fs::read(&arguments.file).map_err(Failure::failed)?;
    let runtime = engine::runtime_outputs(&bytes, &read.network, &rows);
    let (outputs, difference) = match arguments.engine {
        Kind::Ort => (runtime?, Ok(0.0)),
        kind => {
            let own = engine::own(&read, kind == Kind::Int8, &rows)?;
            let outputs = engine::outputs(&own, &rows);
            let difference = runtime.map(|other| engine::distance(&outputs, &other));
            (outputs, difference)
        }
    };
    let shape = shape(&read, &rows);
    report(arguments, outputs, shape, &difference, as_json)
}

fn shape(read: &Read, rows: &Rows) -> Vec<usize> {
    let outputs = read.network.outputs();
    match read.network.form {
        Form::Streaming => vec![rows.windows * rows.length, outputs],
        Form::Window | Form::TimeMajor => vec![rows.windows, outputs],
    }
}

/// A graph that the own engine does not know: as ONNX Runtime takes it, once.
#[cfg(feature = "ort")]
fn any_graph(arguments: &Arguments, as_json: bool) -> Result<(), Failure> {
    let Some(input) = &arguments.input else {
        return Err(Failure::misused(
            "the graph is known to ONNX Runtime alone: give its input by --input FILE.npy",
        ));
    };
    let Npy { shape, data } = Npy::load(input).map_err(Failure::failed)?;
    let bytes = fs::read(&arguments.file).map_err(Failure::failed)?;
    let mut runtime = neural::Runtime::new(&bytes, &shape).map_err(Failure::failed)?;
    let mut outputs = Vec::new();
    runtime.run(&data, &mut outputs).map_err(Failure::failed)?;
    let count = outputs.len();
    report(arguments, outputs, vec![count], &Ok(0.0), as_json)
}

/// A graph that the own engine does not know, and nothing else is there.
#[cfg(not(feature = "ort"))]
fn any_graph(_: &Arguments, _: bool) -> Result<(), Failure> {
    Err(Failure::failed(
        "the graph is known to ONNX Runtime alone, and this build has none: build it with \
         `--features ort`",
    ))
}

fn report(
    arguments: &Arguments,
    outputs: Vec<f32>,
    shape: Vec<usize>,
    difference: &Result<f32, Failure>,
    as_json: bool,
) -> Result<(), Failure> {
    let array = Npy { shape, data: outputs };
    if let Some(path) = &arguments.out {
        array.save(path).map_err(Failure::failed)?;
    }
    let missing = difference.as_ref().err().map(ToString::to_string);
    if as_json {
        return output::print_json(&json!({
            "engine": format!("{:?}", arguments.engine).to_lowercase(),
            "shape": array.shape,
            "outputs": array.data,
            "max_abs_diff": difference.as_ref().ok(),
            "missing": missing,
        }));
    }
    let mut text = String::new();
    let width = array.shape.last().copied().unwrap_or(1).max(1);
    for row in array.data.chunks(width) {
        let words: Vec<String> = row.iter().map(|value| format!("{value:>10.6}")).collect();
        let _ = writeln!(text, "  {}", words.join(" "));
    }
    let _ = match (difference, missing) {
        (Ok(difference), _) => {
            writeln!(text, "\ngreatest difference to ONNX Runtime: {difference:e}")
        }
        (_, Some(missing)) => writeln!(text, "\nnot compared with ONNX Runtime: {missing}"),
        (Err(_), None) => Ok(()),
    };
    output::print(&text)
}
