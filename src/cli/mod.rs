//! The command line: arguments, the table of verbs, and the one place where errors are printed.
//!
//! Exit codes: 0 well, 1 refused or failed, 2 misused.

mod account;
mod args;
mod built_in;
mod compare;
mod config;
mod features;
mod model;
mod output;
mod pace;
mod recordings;
#[cfg(feature = "parquet")]
mod parquet;
mod replay;
mod report;
mod resume;
mod run;
mod sample;
mod session;
mod sim;
mod state;
mod statistics;
mod table;
#[cfg(feature = "train")]
mod train;
mod why;
mod trading;
mod risk;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A lock-free trading pipeline for Kraken, Binance and Coinbase.
///
/// With no verb it runs: on the built-in venues, or on those that --config names.
#[derive(Debug, Parser)]
#[command(name = "neural-kraken", version, max_term_width = 100)]
struct Arguments {
    /// Print one JSON object on stdout; progress and messages go to stderr.
    #[arg(long, global = true)]
    json: bool,
    /// Lay this TOML file over the built-in configuration (see `config check`, `config manual`).
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    verb: Option<Verb>,
}

// What a verb does is said at its arguments; words here would take the place of the longer ones
// there.
/// The verbs, in the order of the help text; a new one is a file and a line here and below.
#[derive(Debug, Subcommand)]
enum Verb {
    Run(run::Arguments),
    Replay(Box<replay::Arguments>),
    Why(why::Arguments),
    Sample(sample::Arguments),
    Statistics(statistics::Arguments),
    Sim(sim::Arguments),
    Features(Box<features::Arguments>),
    Model(model::Arguments),
    #[cfg(feature = "train")]
    Train(Box<train::Arguments>),
    /// Train a network on recordings; this program was built without it.
    #[cfg(not(feature = "train"))]
    Train(Untrained),
    Config(config::Arguments),
    Resume(resume::Arguments),
}

/// Whatever is asked of training, the answer is the same.
#[cfg(not(feature = "train"))]
#[derive(Debug, clap::Args)]
struct Untrained {
    #[allow(dead_code, reason = "taken only so that no word of it is refused")]
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    all: Vec<String>,
}

/// Does what the arguments say and returns the exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let Arguments { json, config: file, verb } = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are errors to the parser, and well to the user.
            let code = if error.use_stderr() { 2 } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let file = file.as_deref();
    let result = match verb {
        None => run::run(&run::Arguments::built_in(), file, json),
        Some(Verb::Run(arguments)) => run::run(&arguments, file, json),
        Some(Verb::Replay(arguments)) => replay::run(&arguments, file, json),
        Some(Verb::Why(arguments)) => why::run(&arguments, file, json),
        Some(Verb::Sample(arguments)) => sample::run(&arguments, json),
        Some(Verb::Statistics(arguments)) => statistics::run(&arguments, file, json),
        Some(Verb::Sim(arguments)) => sim::run(&arguments, json),
        Some(Verb::Features(arguments)) => features::run(&arguments, file, json),
        Some(Verb::Model(arguments)) => model::run(&arguments, json),
        #[cfg(feature = "train")]
        Some(Verb::Train(arguments)) => train::run(&arguments, file, json),
        #[cfg(not(feature = "train"))]
        Some(Verb::Train(_)) => Err(output::Failure::misused(
            "this program was built without training: build it with `cargo build --release \
             --features train`",
        )),
        Some(Verb::Config(arguments)) => config::run(&arguments, file, json),
        Some(Verb::Resume(arguments)) => resume::run(&arguments, json),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::say(format_args!("error: {failure}"));
            failure.code()
        }
    }
}
