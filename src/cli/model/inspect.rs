//! `model inspect`: what a file holds.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use crate::cli::output::{self, Failure};
use crate::cli::table::grouped;
use crate::neural::{self, Engine, Form, Level, Output, Read};

/// Print what a model's file holds: shape, features, scaling, horizon, and all that it says.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The model, as ONNX.
    file: PathBuf,
}

/// Runs the verb.
pub(super) fn run(arguments: &Arguments, as_json: bool) -> Result<(), Failure> {
    let read = neural::load(&arguments.file).map_err(Failure::failed)?;
    let engine = Engine::new(&read.network, Level::detect()).map_err(Failure::failed)?;
    if as_json {
        output::print_json(&object(&read, &engine))
    } else {
        output::print(&text(&read, &engine))
    }
}

/// As in output.
pub(super) fn form_name(form: Form) -> &'static str {
    match form {
        Form::Window => "window [N, T, F]",
        Form::TimeMajor => "window [T, N, F]",
        Form::Streaming => "streaming",
    }
}

fn output_name(output: Output) -> &'static str {
    match output {
        Output::Linear => "linear",
        Output::Sigmoid => "sigmoid",
        Output::Softmax => "softmax",
    }
}

fn object(read: &Read, engine: &Engine) -> Value {
    let Read { network, meta, .. } = read;
    let hidden: Vec<usize> = network.layers.iter().map(|layer| layer.hidden).collect();
    let dense: Vec<usize> = network.head.iter().map(|dense| dense.outputs).collect();
    json!({
        "opset": read.opset,
        "producer": read.producer,
        "output": read.output,
        "form": form_name(network.form),
        "inputs": network.inputs,
        "window": network.window,
        "lstm": hidden,
        "dense": dense,
        "function": output_name(network.output),
        "parameters": network.parameters(),
        "packed_bytes": engine.bytes(),
        "instruction_set": engine.level().name(),
        "features": meta.features,
        "mean": meta.mean,
        "scale": meta.scale,
        "horizon_ns": meta.horizon_ns,
        "classes": meta.classes,
        "temperature": meta.temperature,
        "warmup": meta.warmup,
        "more": meta.more,
    })
}

fn text(read: &Read, engine: &Engine) -> String {
    let Read { network, meta, .. } = read;
    let mut text = String::new();
    let mut line = |name: &str, what: String| {
        if !what.is_empty() {
            let _ = writeln!(text, "  {name:<16} {what}");
        }
    };
    let sizes = |all: &mut dyn Iterator<Item = usize>| {
        all.map(|size| size.to_string()).collect::<Vec<_>>().join(" -> ")
    };
    line("written by", format!("{} (opset {})", read.producer, read.opset));
    line("form", form_name(network.form).to_owned());
    line("features", network.inputs.to_string());
    line("window", format!("{} rows", network.window));
    line("LSTM", sizes(&mut network.layers.iter().map(|layer| layer.hidden)));
    line("dense", sizes(&mut network.head.iter().map(|dense| dense.outputs)));
    line("function", output_name(network.output).to_owned());
    let bytes = grouped(engine.bytes() as u64);
    let parameters = grouped(network.parameters() as u64);
    line("parameters", format!("{parameters}, packed into {bytes} bytes"));
    line("engine", format!("own, {}", engine.level().name()));
    line("feature names", meta.features.join(" "));
    line("classes", meta.classes.join(" "));
    if meta.horizon_ns > 0 {
        line("horizon", format!("{} ms", meta.horizon_ns as f64 / 1e6));
    }
    line("temperature", meta.temperature.to_string());
    line("warm-up", format!("{} rows", meta.warmup));
    for (key, value) in &meta.more {
        line(key, value.clone());
    }
    text
}
