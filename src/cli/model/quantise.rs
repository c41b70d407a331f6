//! `model quantise`: what bytes cost in accuracy, and a file that says how to make them.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::engine::{self, REACH};
use super::rows::Rows;
use crate::cli::output::{self, Failure};
use crate::neural::{self, Engine, Level, Reach};

/// Measure what hidden states reach, compare bytes with floats, and write a file that says so.
///
/// Weights stay floats in the file: any engine reads it. The own engine makes bytes of them when it
/// is told to.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The model, as ONNX.
    file: PathBuf,
    /// Where the model with its calibration goes.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Rows by `numpy.save`, float32, like those to come; without it they are made up.
    #[arg(long, value_name = "FILE.npy")]
    input: Option<PathBuf>,
    /// The greatest difference of an output to that of floats that is let pass.
    #[arg(long, value_name = "X", default_value_t = 0.005)]
    difference_max: f32,
}

/// Windows that are made up where none are given.
const WINDOWS: usize = 64;

/// The key of a file's metadata that says what bytes cost.
const DIFFERENCE: &str = "int8_difference";

/// Runs the verb.
pub(super) fn run(arguments: &Arguments, as_json: bool) -> Result<(), Failure> {
    let mut read = neural::load(&arguments.file).map_err(Failure::failed)?;
    let rows = Rows::new(arguments.input.as_deref(), &read.network, WINDOWS)?;
    let reach = Reach::measured(&read.network, &rows.data).map_err(Failure::failed)?;
    let int8 = Engine::int8(&read.network, &reach, Level::detect()).map_err(Failure::failed)?;
    let floats = engine::own(&read, false, &rows)?;
    let difference =
        engine::distance(&engine::outputs(&int8, &rows), &engine::outputs(&floats, &rows));
    if difference.is_nan() || difference > arguments.difference_max {
        return Err(Failure::failed(format_args!(
            "bytes change an output by {difference}, more than {}: keep to floats, or allow it by \
             --difference-max",
            arguments.difference_max
        )));
    }
    let words: Vec<String> = reach.of_layers().iter().map(ToString::to_string).collect();
    read.meta.more.insert(REACH.to_owned(), words.join(","));
    read.meta.more.insert(DIFFERENCE.to_owned(), difference.to_string());
    neural::save(&arguments.out, &read.network, &read.meta).map_err(Failure::failed)?;
    if as_json {
        return output::print_json(&json!({
            "out": arguments.out.display().to_string(),
            "reach": reach.of_layers(),
            "max_abs_diff": difference,
            "bytes": int8.bytes(),
            "bytes_of_floats": floats.bytes(),
            "calibrated": arguments.input.is_some(),
        }));
    }
    let made_up = if arguments.input.is_some() { "" } else { " (over rows that were made up)" };
    output::print(&format!(
        "{}: bytes change outputs by at most {difference:e}{made_up}; {} bytes of weights instead \
         of {}\n",
        arguments.out.display(),
        int8.bytes(),
        floats.bytes()
    ))
}
