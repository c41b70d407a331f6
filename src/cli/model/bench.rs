//! `model bench`: own engine and ONNX Runtime, call by call in one run.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::engine;
use super::measure::{Call, Lane, measure};
use super::rows::Rows;
use crate::cli::output::{self, Failure};
use crate::cli::table::{Table, grouped};
use crate::neural::{self, Engine, Level, Meta, Network, Read, Scratch, State};
use crate::sys::clock::Clock;

/// Time a model's steps and windows by the own engine, as floats and as bytes, and by ONNX Runtime.
///
/// All take turns in each pass, and a ratio is the median over passes. `critical` is what remains
/// of a step when its recurrent half was done ahead; `cold` is a step after a walk over 4 MiB.
/// Without a file networks of four sizes are made up; A has the shape of the public card of
/// STAC-ML's `LSTM_A` (which makes this no STAC result).
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The model, as ONNX.
    file: Option<PathBuf>,
    /// Passes.
    #[arg(long, value_name = "N", default_value_t = 15,
        value_parser = clap::value_parser!(u16).range(1..=1_000))]
    passes: u16,
}

/// Name, features, cells of each of two layers, rows.
const SIZES: [(&str, usize, usize, usize); 4] =
    [("S", 20, 32, 32), ("M", 40, 64, 50), ("L", 40, 128, 100), ("A", 100, 100, 50)];

/// Bytes that a cold step's caches are filled with before it: four times a core's second cache.
const WALK_BYTES: usize = 4 << 20;

/// Runs the verb.
pub(super) fn run(arguments: &Arguments, as_json: bool) -> Result<(), Failure> {
    let models: Vec<(String, Read)> = match &arguments.file {
        Some(path) => {
            let read = neural::load(path).map_err(Failure::failed)?;
            vec![(path.display().to_string(), read)]
        }
        None => SIZES.iter().map(|size| (size.0.to_owned(), made_up(*size))).collect(),
    };
    let clock = Clock::calibrate(std::time::Duration::from_millis(20));
    let mut all = Vec::new();
    for (name, read) in &models {
        let mut missing = None;
        let rows = Rows::invented(&read.network, 1);
        let floats = engine::own(read, false, &rows)?;
        let bytes = engine::own(read, true, &rows)?;
        let mut lanes = own_lanes(&floats, &bytes, &rows);
        match runtime_lanes(&read.network, &rows) {
            Ok(more) => lanes.extend(more),
            Err(failure) => missing = Some(failure.to_string()),
        }
        measure(&mut lanes, usize::from(arguments.passes), &clock);
        if !as_json {
            output::print(&text(name, &read.network, &lanes, missing.as_deref()))?;
        }
        all.push(object(name, &read.network, &lanes, missing.as_deref()));
    }
    if as_json {
        let level = Level::detect().name();
        let passes = arguments.passes;
        output::print_json(&json!({ "instruction_set": level, "passes": passes, "models": all }))?;
    }
    Ok(())
}

fn made_up((name, inputs, hidden, window): (&str, usize, usize, usize)) -> Read {
    let outputs = if name == "A" { 1 } else { 3 };
    let mut network = neural::invented(inputs, &[hidden, hidden], outputs, 1);
    network.window = window;
    if outputs == 1 {
        network.output = neural::Output::Linear;
    }
    let meta = Meta { temperature: 1.0, ..Meta::default() };
    let (producer, output) = (String::new(), String::new());
    Read { network, meta, opset: 17, producer, output }
}

/// What is measured of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Step,
    Critical,
    Cold,
    Window,
}

impl Mode {
    const ALL: [Mode; 4] = [Mode::Step, Mode::Critical, Mode::Cold, Mode::Window];

    fn name(self) -> &'static str {
        match self {
            Mode::Step => "step",
            Mode::Critical => "critical",
            Mode::Cold => "cold",
            Mode::Window => "window",
        }
    }

    /// Calls of a pass.
    fn calls(self) -> usize {
        match self {
            Mode::Step | Mode::Critical => 400,
            Mode::Cold => 60,
            Mode::Window => 40,
        }
    }
}

/// Calls of the own engine.
struct Own<'a> {
    engine: &'a Engine,
    rows: &'a Rows,
    mode: Mode,
    next: usize,
    state: State,
    scratch: Scratch,
    out: Vec<f32>,
    walk: Vec<u8>,
}

impl Call for Own<'_> {
    fn before(&mut self) {
        self.next = (self.next + 1) % self.rows.length;
        match self.mode {
            Mode::Critical => self.engine.prepare(&mut self.state),
            Mode::Cold => walk(&mut self.walk),
            Mode::Step | Mode::Window => {}
        }
    }

    fn call(&mut self) {
        if self.mode == Mode::Window {
            self.engine.whole(&mut self.scratch, &self.rows.data, &mut self.out);
        } else {
            let inputs = self.engine.inputs();
            let row = &self.rows.data[self.next * inputs..(self.next + 1) * inputs];
            self.engine.step(&mut self.state, row, &mut self.out);
        }
        std::hint::black_box(&self.out);
    }
}

/// Writes to each cache line, so that nothing else is left in the near caches.
fn walk(room: &mut [u8]) {
    for line in room.chunks_mut(64) {
        line[0] = line[0].wrapping_add(1);
    }
    std::hint::black_box(room);
}

fn own_lanes<'a>(floats: &'a Engine, bytes: &'a Engine, rows: &'a Rows) -> Vec<Lane<'a>> {
    let mut lanes = Vec::new();
    for mode in Mode::ALL {
        for (name, engine) in [("native", floats), ("int8", bytes)] {
            let own = Own {
                engine,
                rows,
                mode,
                next: 0,
                state: engine.state(),
                scratch: engine.scratch(rows.length),
                out: vec![0.0; engine.outputs()],
                walk: vec![0; if mode == Mode::Cold { WALK_BYTES } else { 0 }],
            };
            lanes.push(Lane::new(name, mode.name(), mode.calls(), Box::new(own)));
        }
    }
    lanes
}

#[cfg(feature = "ort")]
fn runtime_lanes<'a>(network: &Network, rows: &'a Rows) -> Result<Vec<Lane<'a>>, Failure> {
    use super::foreign::Foreign;

    let mut lanes = Vec::new();
    for mode in [Mode::Step, Mode::Cold, Mode::Window] {
        let bytes = if mode == Mode::Cold { WALK_BYTES } else { 0 };
        let call = Foreign::new(network, rows, mode == Mode::Window, vec![0; bytes], walk)?;
        lanes.push(Lane::new("ort", mode.name(), mode.calls(), Box::new(call)));
    }
    Ok(lanes)
}

#[cfg(not(feature = "ort"))]
fn runtime_lanes<'a>(_: &Network, _: &'a Rows) -> Result<Vec<Lane<'a>>, Failure> {
    Err(Failure::failed(
        "this build has no ONNX Runtime in it: build it with `--features ort`, and get the library \
         by scripts/onnxruntime.sh",
    ))
}

/// How many times longer ONNX Runtime takes for the same.
fn ratio(lane: &Lane<'_>, lanes: &[Lane<'_>]) -> Option<f64> {
    let other = lanes.iter().find(|other| other.engine == "ort" && other.mode == lane.mode)?;
    if lane.engine == "ort" { None } else { lane.ratio(other) }
}

fn object(name: &str, network: &Network, lanes: &[Lane<'_>], missing: Option<&str>) -> Value {
    let rows: Vec<Value> = lanes
        .iter()
        .map(|lane| {
            let spread = lane.spread();
            json!({
                "engine": lane.engine,
                "mode": lane.mode,
                "min_ns": spread.min,
                "p50_ns": spread.p50,
                "p99_ns": spread.p99,
                "p999_ns": spread.p999,
                "allocations_per_call": lane.allocations,
                "page_faults_per_call": lane.faults,
                "ratio_to_ort": ratio(lane, lanes),
            })
        })
        .collect();
    json!({
        "model": name,
        "inputs": network.inputs,
        "lstm": network.layers.iter().map(|layer| layer.hidden).collect::<Vec<_>>(),
        "window": network.window,
        "rows": rows,
        "missing": missing,
    })
}

fn text(name: &str, network: &Network, lanes: &[Lane<'_>], missing: Option<&str>) -> String {
    let head = ["mode", "engine", "min ns", "p50", "p99", "p99.9", "allocations", "times ORT's"];
    let mut table = Table::new(&head);
    for lane in lanes {
        let spread = lane.spread();
        let ns = |ns: u64| grouped(ns);
        let times = ratio(lane, lanes).map_or_else(|| "-".to_owned(), |r| format!("{r:.1}"));
        let count = lane.allocations.map_or_else(|| "-".to_owned(), |count| count.to_string());
        let (mode, engine) = (lane.mode.to_owned(), lane.engine.to_owned());
        let spans = [spread.min, spread.p50, spread.p99, spread.p999].map(ns);
        let [min, p50, p99, p999] = spans;
        table.row(vec![mode, engine, min, p50, p99, p999, count, times]);
    }
    let hidden: Vec<String> = network.layers.iter().map(|l| l.hidden.to_string()).collect();
    let missing = missing.map(|why| format!("  {why}\n")).unwrap_or_default();
    format!(
        "{name}: {} features, LSTM {}, window of {}\n{}{missing}\n",
        network.inputs,
        hidden.join(" -> "),
        network.window,
        table.render()
    )
}
