//! The benches of the hot path: one binary, one module for each part of the machine.
//!
//! `cargo bench` times ours, `cargo bench --features rivals` times it beside the plain way, pass by
//! pass; a name behind `--` picks benches (`cargo bench -- ring/hop`), and `-- --test` runs each
//! for a few items only, to see that it still works.
//!
//! Never: a figure without the noise floor of the host it was taken on.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a bench that cannot run has nothing better to do than to say so and stop"
)]

use std::process::ExitCode;

use support::Bench;

mod machine;
mod support;

mod book;
mod dispatch;
mod end_to_end;
mod feed;
mod layouts;
mod metric;
mod ring;
mod risk;
mod scaling;
mod signal;
mod strategy;
mod tape;

/// Runs the cases of one bench.
type Run = fn(&mut Bench);

/// Every bench, in flow order, one a line: its name, and what runs it.
#[rustfmt::skip]
const BENCHES: &[(&str, Run)] = &[
    ("ring", ring::run),
    ("metric", metric::run),
    ("feed", feed::run),
    ("book", book::run),
    ("end_to_end", end_to_end::run),
    ("scaling", scaling::run),
    ("signal", signal::run),
    ("strategy", strategy::run),
    ("risk", risk::run),
    ("dispatch", dispatch::run),
    ("layouts", layouts::run),
];

fn main() -> ExitCode {
    let mut bench = Bench::from_arguments(std::env::args().skip(1));
    for (name, run) in BENCHES {
        bench.enter(name);
        run(&mut bench);
    }
    match bench.finish() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}
