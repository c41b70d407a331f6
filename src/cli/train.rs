//! `train`: recordings into an LSTM that says where the price goes, and what that is worth.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use super::args;
use super::features::sheet_of;
use super::output::{self, Failure};
use super::recordings::{Loaded, Recordings};
use super::table::{Table, grouped};
use crate::config::Config;
use crate::neural::{self, Form};
use crate::tape::{self, Tape};
use crate::train::{
    self, Checkpoint, Course, Horizon, Label, Moment, Moved, Plan, Recipe, Shape, Thinning,
};

/// Train a network on recordings, judge it beside what is simple, and write it as ONNX.
///
/// Rows come from the signal stage that trades. They are cut in the order of time, with gaps over
/// which nothing leaks. Of the labels given, validation chooses; only then are the test parts read.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    #[command(flatten)]
    recordings: Recordings,
    /// Where the network goes, a name that ends in .onnx.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Where the report goes as a page, a name that ends in .html.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Write over files that are there.
    #[arg(long)]
    force: bool,
    /// Where the state goes after each epoch, so that `--resume` can go on from there.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// Go on from the checkpoint, with the recordings and options of before.
    #[arg(long, requires = "checkpoint")]
    resume: bool,
    /// How far labels look ahead: 500ms, 2s, 20views or 1moves; several with commas between.
    #[arg(long, value_name = "H", value_delimiter = ',', default_value = "500ms")]
    horizon: Vec<Horizon>,
    /// Moves up to this are flat, basis points; several with commas between.
    #[arg(long, value_name = "BPS", value_delimiter = ',', default_value = "0")]
    threshold_bps: Vec<f64>,
    /// Flat as a class of its own, beside down and up.
    #[arg(long)]
    flat: bool,
    /// The price that moves.
    #[arg(long, value_enum, default_value = "mid")]
    price: PriceName,
    /// Features, as columns of the verb `features`, with commas between.
    #[arg(long, value_name = "NAME", value_delimiter = ',', default_value = FEATURES)]
    features: Vec<String>,
    /// States are carried from row to row, or begin anew with each window.
    #[arg(long, value_enum, default_value = "streaming")]
    form: FormName,
    /// Rows of a window; with carried states, rows over which slopes go back.
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = within(1, 1_024))]
    window: u64,
    /// Rows before a word counts, with carried states.
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = within(0, 65_536))]
    warmup: u64,
    /// Cells of each layer.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = within(1, 1_024))]
    hidden: u64,
    /// LSTM layers; several with commas between, of which validation chooses.
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "2",
        value_parser = within(1, 4))]
    layers: Vec<u64>,
    /// Windows or lanes that are learned from together; even.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = within(2, 4_096))]
    batch: u64,
    /// Times through the training part at most.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = within(1, 10_000))]
    epochs: u64,
    /// Epochs without a better validation after which it ends.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = within(1, 10_000))]
    patience: u64,
    /// Length of the longest step.
    #[arg(long, value_name = "X", default_value_t = 0.003)]
    rate: f32,
    /// Share of outputs that is left out by chance while learning.
    #[arg(long, value_name = "X", default_value_t = 0.1)]
    dropout: f32,
    /// Share of each weight that a step of length 1 takes away.
    #[arg(long, value_name = "X", default_value_t = 0.01)]
    decay: f32,
    /// How far rare classes count more: 0 not, 1 until all classes count the same.
    #[arg(long, value_name = "X", default_value_t = 0.0)]
    balance: f32,
    /// Steps of walking forward.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = within(1, 20))]
    folds: u64,
    /// Share of rows that each of them tests.
    #[arg(long, value_name = "X", default_value_t = 0.15)]
    share: f64,
    /// Of all chance.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// At most one row in so many milliseconds; 0 for one at every view of the book.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pace_ms: u32,
    /// Recordings to be tried afterwards that nothing is learned from, V:F:FILE; files of one
    /// recording with commas between.
    #[arg(long, value_name = "V:F:FILE")]
    transfer: Vec<String>,
}

/// Twenty: flow at short horizons, what the price did, and how the book stands.
const FEATURES: &str = "order_flow_0,order_flow_1,order_flow_2,order_flow_3,order_flow_4,\
    trade_flow_0,trade_flow_2,trade_flow_4,momentum_0,momentum_2,momentum_4,momentum_5,zscore_2,\
    zscore_4,volatility_4,spread,micro,imbalance_1,imbalance_5,imbalance_10";

const AFTER_HELP: &str = "\
Examples:
  neural-kraken train binance:stamped:btcusdt.log.gz --out model.onnx --report model.html
  neural-kraken train --venue kraken --format frames k.jsonl --horizon 500ms,2s --flat";

fn within(low: u64, high: u64) -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(low..=high)
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormName {
    Streaming,
    Window,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PriceName {
    Mid,
    Micro,
}

/// Runs the verb.
pub(super) fn run(
    arguments: &Arguments,
    config: Option<&Path>,
    as_json: bool,
) -> Result<(), Failure> {
    let plan = plan(arguments)?;
    for (path, ending) in [(&arguments.out, "onnx"), (&arguments.report, "html")] {
        path.as_deref().map_or(Ok(()), |path| free(path, ending, arguments.force))?;
    }
    let config = arguments.recordings.setup(config)?.config;
    let Loaded { tape, instruments, .. } = arguments.recordings.load(&config)?;
    let thinning = Thinning { every: 1, pace_ns: i64::from(arguments.pace_ms) * 1_000_000 };
    let (sheet, _) = sheet_of(&config, &tape, &instruments, thinning);
    let board = Board::new(plan.recipe.epochs);
    let mut checkpoint = checkpoint(arguments)?;
    let trained = train::run(&sheet, &plan, &mut checkpoint, &mut |moment| board.show(moment))
        .map_err(Failure::failed)?;
    board.bar.finish_and_clear();
    let mut transfers = Vec::new();
    for name in &arguments.transfer {
        let sheet = other(name, &config, thinning)?;
        let judged = train::transfer(&trained, &sheet).map_err(Failure::failed)?;
        transfers.push((name.clone(), judged));
    }
    let report = train::report(&trained, &transfers);
    if let Some(path) = &arguments.out {
        neural::save(path, &train::network(&trained), &train::meta(&trained))
            .map_err(Failure::failed)?;
    }
    if let Some(path) = &arguments.report {
        fs::write(path, train::page(&report)).map_err(|why| {
            let path = path.display();
            Failure::failed(format_args!("cannot write {path}: {why}; name another --report"))
        })?;
    }
    if as_json { output::print_json(&report) } else { output::print(&summary(&report)) }
}

/// Where the state goes, and what it was where training is to go on.
fn checkpoint(arguments: &Arguments) -> Result<Checkpoint, Failure> {
    match &arguments.checkpoint {
        None => Ok(Checkpoint::none()),
        Some(path) if arguments.resume => Checkpoint::resumed(path).map_err(Failure::failed),
        Some(path) => Ok(Checkpoint::fresh(path)),
    }
}

/// Is a place free to be written?
fn free(path: &Path, ending: &str, is_forced: bool) -> Result<(), Failure> {
    let path_shown = path.display();
    if path.extension().is_none_or(|found| found != ending) {
        return Err(Failure::misused(format_args!(
            "`{path_shown}`: expected a name that ends in .{ending}"
        )));
    }
    if !is_forced && path.exists() {
        return Err(Failure::failed(format_args!(
            "{path_shown} is there already: name another file, or write over it with --force"
        )));
    }
    Ok(())
}

/// Are numbers within their bounds, which no parser of arguments knows?
fn check(arguments: &Arguments) -> Result<(), Failure> {
    let shares = [
        ("--dropout", f64::from(arguments.dropout), 0.0, 0.95),
        ("--balance", f64::from(arguments.balance), 0.0, 1.0),
        ("--decay", f64::from(arguments.decay), 0.0, 10.0),
        ("--rate", f64::from(arguments.rate), 1e-7, 1.0),
        ("--share", arguments.share, 0.001, 0.9 / (arguments.folds + 1) as f64),
    ];
    let thresholds = arguments.threshold_bps.iter().map(|bps| ("--threshold-bps", *bps, 0.0, 1e4));
    for (name, value, low, high) in shares.into_iter().chain(thresholds) {
        // Written so that what is no number is refused too.
        if !(low..=high).contains(&value) {
            return Err(Failure::misused(format_args!(
                "`{name} {value}`: expected a number from {low} to {high}"
            )));
        }
    }
    if !arguments.batch.is_multiple_of(2) {
        return Err(Failure::misused(format_args!(
            "`--batch {}`: expected an even number, since a batch is cut into halves",
            arguments.batch
        )));
    }
    Ok(())
}

/// What the arguments ask for.
fn plan(arguments: &Arguments) -> Result<Plan, Failure> {
    check(arguments)?;
    let price = match arguments.price {
        PriceName::Mid => Moved::Mid,
        PriceName::Micro => Moved::Micro,
    };
    let form = match arguments.form {
        FormName::Streaming => Form::Streaming,
        FormName::Window => Form::Window,
    };
    let label = |(horizon, threshold_bps)| Label {
        horizon,
        price,
        threshold_bps,
        has_flat: arguments.flat,
    };
    let pairs = arguments.horizon.iter().flat_map(|horizon| {
        arguments.threshold_bps.iter().map(move |threshold| (*horizon, *threshold))
    });
    let hidden = arguments.hidden as usize;
    Ok(Plan {
        names: arguments.features.clone(),
        labels: pairs.map(label).collect(),
        layers: arguments.layers.iter().map(|layers| *layers as usize).collect(),
        recipe: Recipe {
            shape: Shape { inputs: 0, hidden, layers: 0, classes: 0 },
            course: Course {
                form,
                steps: arguments.window as usize,
                lanes: arguments.batch as usize,
                warmup: arguments.warmup as usize,
            },
            epochs: arguments.epochs as usize,
            patience: arguments.patience as usize,
            rate: arguments.rate,
            dropout: arguments.dropout,
            decay: arguments.decay,
            clip: 1.0,
            balance: arguments.balance,
            seed: arguments.seed,
        },
        folds: arguments.folds as usize,
        share: arguments.share,
    })
}

/// The rows of another recording.
fn other(name: &str, config: &Config, thinning: Thinning) -> Result<train::Sheet, Failure> {
    let specs = name
        .split(',')
        .map(|file| args::recording(file, None, None))
        .collect::<Result<Vec<_>, _>>()?;
    let mut tape = Tape::load(&specs, &mut |_, _| {}).map_err(Failure::failed)?;
    let survey = tape::survey(&mut tape, &[], &[]).map_err(Failure::failed)?;
    Ok(sheet_of(config, &tape, &survey.instruments, thinning).0)
}

/// What is seen while it learns.
struct Board {
    bar: ProgressBar,
    epochs: u64,
    /// What is trained, and its last epoch.
    now: RefCell<(String, u64)>,
}

impl Board {
    fn new(epochs: usize) -> Board {
        let bar = output::progress(0, "training", false);
        let form = "{prefix:>22} {bar:24} {pos}/{len} {per_sec} {eta} left {msg}";
        if let Ok(style) = ProgressStyle::with_template(form) {
            bar.set_style(style.progress_chars("=> "));
        }
        Board { bar, epochs: epochs as u64, now: RefCell::default() }
    }

    fn show(&self, moment: Moment<'_>) {
        match moment {
            Moment::Batch { what, batches: (done, all), error } => {
                let mut now = self.now.borrow_mut();
                if now.0 != what {
                    *now = (what.to_owned(), 0);
                    self.bar.reset();
                    self.bar.set_prefix(what.to_owned());
                }
                self.bar.set_length(self.epochs * all as u64);
                self.bar.set_position(now.1 * all as u64 + done as u64);
                self.bar.set_message(format!("{error:.4} nats"));
            }
            Moment::Epoch { number, .. } => self.now.borrow_mut().1 = number as u64,
            Moment::Chosen(tried) => self.bar.suspend(|| {
                output::say(format_args!(
                    "chosen on validation: {}, flat up to {} bps, layers {} ({:.2} % of directions \
                     there); now the test parts are read",
                    tried.label.horizon,
                    tried.label.threshold_bps,
                    tried.layers,
                    100.0 * tried.network.directional
                ));
            }),
        }
    }
}

/// The report as tables.
fn summary(report: &Value) -> String {
    let count = |value: &Value| grouped(value.as_u64().unwrap_or_default());
    let (rows, chosen) = (&report["rows"], &report["chosen_on_validation"]);
    let mut text = format!(
        "label {} of the {}, flat up to {} bps; rows: {} to learn from, {} to choose by, {} to \
         test; {} weights\n\n",
        plain(&chosen["horizon"]),
        plain(&chosen["price"]),
        chosen["threshold_bps"],
        count(&rows["train"]),
        count(&rows["valid"]),
        count(&rows["test"]),
        count(&report["network"]["weights"]),
    );
    text += "candidates on validation, share of directions that were right\n";
    let mut table =
        Table::new(&["horizon", "flat to", "layers", "moved", "LSTM", "logistic", "imbalance"]);
    for tried in list(&report["tried_on_validation"]) {
        let label = &tried["label"];
        let mut cells = vec![plain(&label["horizon"]), label["threshold_bps"].to_string()];
        cells.extend([tried["layers"].to_string(), count(&tried["moved"])]);
        let shares = ["lstm", "logistic", "imbalance"];
        cells.extend(shares.map(|who| percent(&tried[who]["directional"])));
        table.row(cells);
    }
    text += &table.render();
    text += "\ntest parts, walking forward\n";
    text += &judged(&report["test"]);
    for transfer in list(&report["transfer"]) {
        text += "\nnot learned from: ";
        text += &plain(&transfer["recording"]);
        text.push('\n');
        text += &judged(&transfer["test"]);
    }
    text + "\n" + &plain(&report["caveat"]) + "\n"
}

/// Scores, then trades, of all forecasters.
fn judged(all: &Value) -> String {
    let head =
        ["", "direction", "95 %", "LSTM ahead", "balanced", "F1", "MCC", "log loss", "Brier"];
    let mut scores = Table::new(&head);
    let range = |of: &Value| format!("{} to {}", percent(&of["low"]), percent(&of["high"]));
    for one in list(all) {
        let score = &one["score"];
        let mut cells = vec![plain(&one["name"]), percent(&score["directional"])];
        cells.extend([range(&one["directional"]), range(&one["lstm_less_this"])]);
        cells.push(percent(&score["balanced_accuracy"]));
        cells.extend(["f1", "mcc", "log_loss", "brier"].map(|key| fixed(&score[key], 4)));
        scores.row(cells);
    }
    let mut head = vec![
        String::from("trades, bps each"),
        String::from("number"),
        String::from("mark-out"),
        String::from("gross"),
        String::from("spread"),
        String::from("fee to break even"),
        String::from("at mid"),
    ];
    let fees = list(&all[0]["trades_all"]["fees_bps"]);
    head.extend(fees.iter().map(|fee| format!("net at {fee}")));
    let mut trades = Table::new(&head.iter().map(String::as_str).collect::<Vec<_>>());
    for one in list(all).iter().take(2) {
        for (what, marks) in
            [("all", &one["trades_all"]), ("surest", &one["trades_surest"]["marks"])]
        {
            let mut cells = vec![format!("{}, {what}", plain(&one["name"]))];
            cells.push(marks["trades"].to_string());
            let keys = ["markout_bps", "gross_bps", "spread_bps"];
            cells.extend(keys.map(|key| fixed(&marks[key], 3)));
            let keys = ["break_even_taker_bps", "break_even_mid_bps"];
            cells.extend(keys.map(|key| fixed(&marks[key], 3)));
            cells.extend(list(&marks["net_bps"]).iter().map(|net| fixed(net, 0)));
            trades.row(cells);
        }
    }
    scores.render() + &trades.render()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn percent(value: &Value) -> String {
    format!("{:.2} %", 100.0 * value.as_f64().unwrap_or(f64::NAN))
}

fn fixed(value: &Value, decimals: usize) -> String {
    format!("{:.decimals$}", value.as_f64().unwrap_or(f64::NAN))
}
