//! `statistics`: what the generated world is like beside what recordings are like, in one table.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use clap::Args;
use flate2::bufread::MultiGzDecoder;
use serde_json::json;

use super::output::{self, Failure};
use super::recordings::{self, Loaded, Recordings};
use super::replay::plan_of;
use super::table::Table;
use crate::base::{InstrumentId, Nanos};
use crate::event::View;
use crate::limits::LIVES_BYTES_MAX;
use crate::pipeline;
use crate::sim::statistics::{Gauge, Lives, Measure, Watched, watch};
use crate::stage::contract::Emit;

/// Measure the generated world, and recordings beside it, in the same way.
///
/// Each recording is played through the book stage and compared with the world's market of the same
/// venue and symbol. With none, all markets of the world are shown. Rates of orders and cancels are
/// what the ten best levels show of them.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    /// Recordings: V:F:FILE.
    #[arg(value_name = "FILE")]
    files: Vec<String>,
    /// Decimals of a symbol, where the recording does not say, as BTCUSDT:2:8.
    #[arg(long, value_name = "SYM:P:Q")]
    instrument: Vec<String>,
    /// Orders one by one, for how long they live: rows of id, ms, .., `created` or `deleted` in
    /// column 6, plain or gzip.
    #[arg(long, value_name = "FILE")]
    lives: Option<PathBuf>,
    /// Seed of the world.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How long the world is looked at.
    #[arg(long, value_name = "N", default_value_t = 600,
        value_parser = clap::value_parser!(u32).range(10..=86_400))]
    seconds: u32,
}

const AFTER_HELP: &str = "\
Examples:
  neural-kraken statistics
  neural-kraken statistics binance:stamped:btcusdt.log.gz kraken:frames:btcusd.jsonl
  neural-kraken statistics kraken:frames:btcusd.jsonl --lives orders.csv.gz --seconds 3600";

/// One line of the table.
struct Row {
    market: String,
    measure: String,
    recorded: Measure,
    simulated: Measure,
    source: String,
}

/// What was recorded of a market, and in which file.
type Recorded = BTreeMap<String, (BTreeMap<String, Measure>, String)>;

/// Runs the verb.
pub(super) fn run(
    arguments: &Arguments,
    config: Option<&Path>,
    as_json: bool,
) -> Result<(), Failure> {
    let recorded = recorded(arguments, config)?;
    let lives = arguments.lives.as_deref().map(read_lives).transpose()?;
    let world = watch(arguments.seed, arguments.seconds);
    let is_wanted =
        |watched: &&Watched| recorded.is_empty() || recorded.contains_key(&name(watched));
    let rows: Vec<Row> = world
        .iter()
        .filter(is_wanted)
        .flat_map(|watched| rows(watched, &recorded, lives.as_ref(), arguments))
        .collect();
    if rows.is_empty() {
        let known: Vec<String> = world.iter().map(name).collect();
        return Err(Failure::failed(format_args!(
            "none of the recordings is of a market of the world: expected one of {}",
            known.join(", ")
        )));
    }
    if as_json { output::print_json(&object(&rows, arguments)) } else { print(&rows, arguments) }
}

/// `kraken:BTC/USD`.
fn name(watched: &Watched) -> String {
    format!("{}:{}", watched.listed.venue, watched.listed.symbol)
}

/// Measures the recordings.
fn recorded(arguments: &Arguments, config: Option<&Path>) -> Result<Recorded, Failure> {
    let mut recorded = Recorded::new();
    if arguments.files.is_empty() {
        return Ok(recorded);
    }
    // Each by itself: recordings of one market at two times are two markets.
    for file in &arguments.files {
        let one = Recordings {
            files: vec![file.clone()],
            venue: None,
            format: None,
            symbols: Vec::new(),
            instrument: arguments.instrument.clone(),
        };
        let config = one.setup(config)?.config;
        let Loaded { tape, instruments, .. } = one.load(&config)?;
        let mut plan = plan_of(&config);
        plan.books.stale_after_ns_of = recordings::silences(&tape, &config);
        let mut gauges = Gauges(vec![Gauge::default(); instruments.len()]);
        pipeline::watch(&tape, &instruments, &plan, &mut gauges);
        for instrument in &instruments {
            let measures = gauges.0[instrument.id.index()].measures();
            let file = Path::new(file).file_name().unwrap_or_default().to_string_lossy();
            let source = format!("{file}, {:.0} s", measures.span_s);
            let market = format!("{}:{}", instrument.venue, instrument.symbol);
            recorded.insert(market, (measures.rows.into_iter().collect(), source));
        }
    }
    Ok(recorded)
}

/// A gauge for each instrument.
struct Gauges(Vec<Gauge>);

impl Emit<View> for Gauges {
    fn emit(&mut self, view: &View) {
        let InstrumentId(id) = view.quote.instrument();
        if let Some(gauge) = self.0.get_mut(id as usize) {
            gauge.on(view);
        }
    }
}

/// How long the orders of a file lived.
fn read_lives(path: &Path) -> Result<BTreeMap<String, Measure>, Failure> {
    let unreadable = |why: &dyn Display| {
        Failure::failed(format_args!("cannot read {}: {why}; name another --lives", path.display()))
    };
    let about = fs::metadata(path).map_err(|why| unreadable(&why))?;
    if !about.is_file() {
        return Err(unreadable(&"it is no file"));
    }
    let mut file = BufReader::new(File::open(path).map_err(|why| unreadable(&why))?);
    let is_gzip = file.fill_buf().map_err(|why| unreadable(&why))?.starts_with(&[0x1F, 0x8B]);
    let mut text = String::new();
    let read = if is_gzip {
        MultiGzDecoder::new(file).take(LIVES_BYTES_MAX + 1).read_to_string(&mut text)
    } else {
        file.take(LIVES_BYTES_MAX + 1).read_to_string(&mut text)
    };
    let bytes = read.map_err(|why| unreadable(&why))?;
    if bytes as u64 > LIVES_BYTES_MAX {
        return Err(unreadable(&format_args!("it has more than {LIVES_BYTES_MAX} bytes")));
    }
    let lives = parse_lives(&text).map_err(|line| {
        let what = "expected an id, milliseconds, and an action in column 6";
        unreadable(&format_args!("line {line}: {what}"))
    })?;
    Ok(lives.rows().into_iter().collect())
}

/// Orders as they came and went: `id,ms,..,action,..` with the action in the sixth column, below a
/// line that names the columns. The number of the first line that is not so is the error.
fn parse_lives(text: &str) -> Result<Lives, usize> {
    let mut lives = Lives::default();
    for (n, line) in text.lines().enumerate().skip(1) {
        let mut cells = line.split(',').map(|cell| cell.trim_matches('"'));
        let order = cells.next().and_then(|cell| cell.parse().ok()).ok_or(n + 1)?;
        let millis = cells.next().and_then(|cell| cell.parse().ok()).ok_or(n + 1)?;
        let at = Nanos::from_millis(millis);
        match cells.nth(3) {
            Some("created") => lives.begin(order, at),
            Some("deleted") => lives.end(order, at),
            Some("changed") => {}
            _ => return Err(n + 1),
        }
    }
    Ok(lives)
}

/// The lines of one market.
fn rows(
    watched: &Watched,
    recorded: &Recorded,
    lives: Option<&BTreeMap<String, Measure>>,
    arguments: &Arguments,
) -> Vec<Row> {
    let market = name(watched);
    let known = recorded.get(&market);
    let row = |(measure, simulated): &(String, Measure)| {
        let of_recording =
            known.and_then(|(rows, source)| Some((*rows.get(measure)?, source.clone())));
        let of_orders = lives.and_then(|rows| {
            let file = arguments.lives.as_deref()?.file_name()?.to_string_lossy().into_owned();
            Some((*rows.get(measure)?, file))
        });
        let found = of_recording.or(of_orders).filter(|(recorded, _)| recorded.is_some());
        let (recorded, source) = found.unwrap_or((None, String::from("-")));
        Row {
            market: market.clone(),
            measure: measure.clone(),
            recorded,
            simulated: *simulated,
            source,
        }
    };
    watched.measures.rows.iter().map(row).collect()
}

impl Row {
    /// How many times what was recorded the world has; of numbers around 0 it would say nothing.
    fn ratio(&self) -> Measure {
        let (recorded, simulated) = (self.recorded?, self.simulated?);
        let has_sign = self.measure.starts_with("autocorrelation");
        (recorded != 0.0 && !has_sign).then(|| simulated / recorded)
    }
}

fn print(rows: &[Row], arguments: &Arguments) -> Result<(), Failure> {
    let head = ["market", "measure", "recorded", "simulated", "ratio", "source"];
    let mut table = Table::new(&head);
    let number = |measure: Measure| measure.map_or(String::from("-"), plain);
    for row in rows {
        table.row(vec![
            row.market.clone(),
            row.measure.clone(),
            number(row.recorded),
            number(row.simulated),
            row.ratio().map_or(String::from("-"), |ratio| format!("{ratio:.2}")),
            row.source.clone(),
        ]);
    }
    output::print(&format!(
        "{} s of the world of seed {}, beside what was recorded\n\n{}",
        arguments.seconds,
        arguments.seed,
        table.render()
    ))
}

/// Four significant digits, or so.
fn plain(number: f64) -> String {
    match number.abs() {
        size if size >= 1_000.0 => format!("{number:.0}"),
        size if size >= 10.0 => format!("{number:.1}"),
        size if size >= 0.1 => format!("{number:.3}"),
        _ => format!("{number:.5}"),
    }
}

fn object(rows: &[Row], arguments: &Arguments) -> serde_json::Value {
    let row = |row: &Row| {
        json!({
            "market": row.market,
            "measure": row.measure,
            "recorded": row.recorded,
            "simulated": row.simulated,
            "ratio": row.ratio(),
            "source": row.source,
        })
    };
    json!({
        "seed": arguments.seed,
        "seconds": arguments.seconds,
        "rows": rows.iter().map(row).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "id,timestamp,exchange.timestamp,price,volume,action,direction\n";

    #[test]
    fn an_order_lives_from_its_creation_to_its_end() {
        let text = format!(
            "{HEAD}7,1000,1000,236.47,2,created,bid\n7,1500,1000,236.47,1,changed,bid\n\
             8,1600,0,236.5,1,deleted,ask\n7,3500,1000,236.47,0,deleted,bid\n"
        );
        let rows = parse_lives(&text).unwrap().rows();
        assert_eq!(rows[0], (String::from("life of an order, s, mean"), Some(2.5)));
    }

    #[test]
    fn a_line_that_is_no_order_is_named() {
        for bad in ["7,1000,1000,236.47,2", "x,1000,0,1,1,created", "7,soon,0,1,1,created", ""] {
            let text = format!("{HEAD}7,1000,1000,236.47,2,created,bid\n{bad}\n");
            assert_eq!(parse_lives(&text).err(), Some(3), "{bad:?}");
        }
    }

    #[test]
    fn numbers_around_zero_have_no_ratio() {
        let row = |measure: &str, recorded| Row {
            market: String::new(),
            measure: measure.to_owned(),
            recorded,
            simulated: Some(3.0),
            source: String::new(),
        };
        assert_eq!(row("trades a second", Some(2.0)).ratio(), Some(1.5));
        assert_eq!(row("trades a second", None).ratio(), None);
        assert_eq!(row("trades a second", Some(0.0)).ratio(), None);
        assert_eq!(row("autocorrelation, 1 s", Some(2.0)).ratio(), None);
    }
}
