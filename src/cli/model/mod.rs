//! `model`: what is in a model's file, what it computes, how long that takes.

mod bench;
mod check;
mod engine;
#[cfg(feature = "ort")]
mod foreign;
mod inspect;
mod measure;
mod quantise;
mod rows;

use clap::{Args, Subcommand};

use super::output::Failure;

/// Look into a model's file: what it is, what it computes, how long that takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  neural-kraken model inspect lstm.onnx
  neural-kraken model check lstm.onnx --input window.npy --engine int8 --json
  neural-kraken model quantise lstm.onnx --input windows.npy --out lstm-int8.onnx
  neural-kraken model bench lstm.onnx --json")]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

// What each does is said at its arguments.
#[derive(Debug, Subcommand)]
enum What {
    Inspect(inspect::Arguments),
    Check(check::Arguments),
    Bench(bench::Arguments),
    Quantise(quantise::Arguments),
}

/// Runs the verb.
pub(super) fn run(arguments: &Arguments, as_json: bool) -> Result<(), Failure> {
    match &arguments.what {
        What::Inspect(arguments) => inspect::run(arguments, as_json),
        What::Check(arguments) => check::run(arguments, as_json),
        What::Bench(arguments) => bench::run(arguments, as_json),
        What::Quantise(arguments) => quantise::run(arguments, as_json),
    }
}
