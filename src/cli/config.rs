//! `config`: what the configuration comes to on this host, and the manual of its keys.

use std::fmt::Write as _;
use std::path::Path;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::args;
use super::output::{self, Failure};
use super::risk;
use super::table::{Table, grouped};
use super::trading;
use crate::base::{AssetId, Continuity, Form, Instrument, InstrumentKind, render};
use crate::config::{Config, ConfigError, Conversion, MANUAL, Resolved, Wrong};
use crate::limits;
use crate::pipeline::{self, Layout};
use crate::stage::risk::Settings;
use crate::sys::core;
use crate::venue::wire::FastLevel;

/// Show what the configuration comes to on this host, or the manual of its keys.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Check the configuration and show instruments, assets, accounts, limits and cores.
    Check,
    /// Print the built-in configuration, in which every key is explained.
    Manual,
}

/// A configuration on this host.
struct Host {
    config: Config,
    resolved: Resolved,
    /// What the risk gate is told.
    risk: Settings,
    /// What the layout comes to.
    layout: Layout,
    /// Hot threads, each with its core where it has one of its own.
    threads: Vec<(String, Option<usize>)>,
    /// Cores that the process may use.
    cores: Vec<usize>,
    simd: FastLevel,
}

/// Runs the verb.
pub(super) fn run(
    arguments: &Arguments,
    file: Option<&Path>,
    as_json: bool,
) -> Result<(), Failure> {
    match arguments.verb {
        Verb::Manual if as_json => output::print_json(&json!({ "manual": MANUAL })),
        Verb::Manual => output::print(MANUAL),
        Verb::Check => check(file, as_json),
    }
}

fn check(file: Option<&Path>, as_json: bool) -> Result<(), Failure> {
    let config = match Config::load(file) {
        Ok(config) => config,
        Err(error) => {
            if as_json {
                output::print_json(&refused(&error))?;
            }
            return Err(Failure::failed(error));
        }
    };
    let host = Host::new(config)?;
    if as_json { output::print_json(&host.object(file)) } else { output::print(&host.text(file)) }
}

/// The JSON object of a configuration that is wrong.
fn refused(error: &ConfigError) -> Value {
    let told = |wrong: &Wrong| -> Vec<Value> {
        let fault = |fault: &crate::config::Fault| {
            json!({
                "file": wrong.name_of(fault.place.source),
                "line": fault.place.line,
                "about": fault.about,
                "found": fault.found,
                "expected": fault.expected,
                "fix": fault.fix,
            })
        };
        wrong.faults.iter().map(fault).collect()
    };
    match error.wrong() {
        Some(wrong) => json!({ "ok": false, "errors": told(wrong), "more": wrong.more }),
        None => json!({ "ok": false, "error": error.to_string() }),
    }
}

impl Host {
    fn new(config: Config) -> Result<Host, Failure> {
        let resolved = config.resolve();
        let risk = risk::settings(&config, &resolved);
        let mut venues: Vec<&str> = resolved.instruments.iter().map(|i| i.venue).collect();
        venues.sort_unstable();
        venues.dedup();
        let cores = core::allowed().map_err(Failure::failed)?;
        let layout = args::layout(config.pipeline.layout).resolved(venues.len(), cores.len());
        let names = layout.threads(&venues);
        let count = names.len();
        let hot = pipeline::hot_cores(count).map_err(Failure::failed)?;
        let core = |n| config.pipeline.pin.then(|| pipeline::core_of(n, count, &hot)).flatten();
        let threads = names.into_iter().enumerate().map(|(n, name)| (name, core(n))).collect();
        let simd = config.pipeline.simd.unwrap_or_else(FastLevel::detect);
        Ok(Host { config, resolved, risk, layout, threads, cores, simd })
    }

    fn asset(&self, id: Option<AssetId>) -> &str {
        let asset = id.and_then(|id| self.resolved.assets.get(usize::from(id.0)));
        asset.map_or("-", |asset| &asset.name)
    }

    /// Each step of a conversion: the asset it leads to, and the price it goes by.
    fn steps(&self, conversion: &Conversion) -> Vec<(&str, Option<String>)> {
        let by = |id| self.resolved.instruments.with_id(id).map(Instrument::name);
        conversion.steps.iter().map(|s| (self.asset(Some(s.to)), s.by.and_then(by))).collect()
    }
}

/// As JSON.
impl Host {
    fn object(&self, file: Option<&Path>) -> Value {
        let Host { config, resolved, .. } = self;
        let thread =
            |(stages, core): &(String, Option<usize>)| json!({ "stages": stages, "core": core });
        let silences = config.book.stale_after_ns_of.iter().map(|(venue, ns)| pair(venue, *ns));
        let fungible = resolved.fungible.iter().map(|group| {
            let (name, assets) = (&group.name, &group.assets);
            json!({ "name": name, "assets": assets, "basis_bps_max": group.basis_bps_max })
        });
        let limits = limits().into_iter().map(|(name, value, _)| pair(name, value));
        json!({
            "ok": true,
            "file": file.map(|path| path.display().to_string()),
            "pipeline": {
                "layout": args::layout(config.pipeline.layout).name(),
                "layout_here": self.layout.name(),
                "threads": self.threads.iter().map(thread).collect::<Vec<_>>(),
                "cores_allowed": self.cores,
                "pin": config.pipeline.pin,
                "sample_every": config.pipeline.sample_every,
                "simd": self.simd.name(),
                "simd_available": available(),
            },
            "book": {
                "stale_after_ns": config.book.stale_after_ns,
                "stale_after_ns_of": silences.collect::<Map<_, _>>(),
                "window_ticks_max": config.book.window_ticks_max,
                "ladder_depth": config.book.ladder_depth,
            },
            "signal": {
                "horizons_ns": config.signal.horizons_ns,
                "form": config.signal.form.name(),
            },
            "live": {
                "tls": if config.live.stock_tls { "stock" } else { "own" },
                "ca_files": config.live.ca_files,
                "redundancy": config.live.redundancy,
                "kernel_stamps": config.live.kernel_stamps,
                "addresses": config.live.addresses.iter()
                    .map(|(host, to)| (host.clone(), json!(to.to_string())))
                    .collect::<serde_json::Map<_, _>>(),
            },
            "journal": {
                "segment_bytes_max": config.journal.options.segment_bytes_max,
                "quota_bytes": config.journal.options.quota_bytes,
                "block_bytes": config.journal.options.block_bytes,
                "compress": config.journal.options.compress,
            },
            "reporting": self.asset(Some(resolved.reporting)),
            "assets": self.asset_objects(),
            "fungible": fungible.collect::<Vec<_>>(),
            "accounts": risk::account_objects(resolved, &self.risk),
            "risk": risk::object(resolved, &self.risk),
            "instruments":
                resolved.instruments.iter().map(|i| self.instrument_object(i)).collect::<Vec<_>>(),
            "models": trading::model_objects(resolved),
            "strategies": trading::strategy_objects(config, resolved),
            "limits": limits.collect::<Map<_, _>>(),
        })
    }

    fn asset_objects(&self) -> Vec<Value> {
        let object = |(asset, conversion): (&crate::config::Asset, &Option<Conversion>)| {
            let step = |(to, by): (&str, Option<String>)| json!({ "to": to, "by": by });
            let steps = conversion
                .as_ref()
                .map(|c| self.steps(c).into_iter().map(step).collect::<Vec<_>>());
            let alias = |(venue, name): &(&str, String)| json!({ "venue": venue, "name": name });
            json!({
                "name": asset.name,
                "decimals": asset.decimals,
                "aliases": asset.aliases.iter().map(alias).collect::<Vec<_>>(),
                "conversion": steps,
            })
        };
        self.resolved.assets.iter().zip(&self.resolved.conversions).map(object).collect()
    }

    fn instrument_object(&self, i: &Instrument) -> Value {
        json!({
            "id": i.id.0,
            "name": i.name(),
            "venue": i.venue,
            "symbol": i.symbol.as_str(),
            "base": self.asset(i.base),
            "quote": self.asset(i.quote),
            "kind": kind(i.kind),
            "contract_value": i.contract_value,
            "price_decimals": i.price_decimals,
            "qty_decimals": i.qty_decimals,
            "tick": render(i.tick.0, i.price_decimals),
            "lot": render(i.lot.0, i.qty_decimals),
            "qty_min": render(i.qty_min.0, i.qty_decimals),
            "notional_min": render(i.notional_min, i.price_decimals),
            "form": form(i.form),
            "continuity": continuity(i.continuity),
        })
    }
}

/// As text.
impl Host {
    fn text(&self, file: Option<&Path>) -> String {
        let over = match file {
            Some(path) => format!("{} over the built-in configuration", path.display()),
            None => String::from("the built-in configuration"),
        };
        let sections = [
            ("Instruments", self.instruments()),
            ("Assets", self.assets()),
            ("Accounts", risk::account_table(&self.resolved, &self.risk)),
            ("Models", trading::models(&self.resolved)),
            ("Strategies", trading::strategies(&self.config, &self.resolved)),
            ("Risk limits", risk::whole_table(&self.resolved, &self.risk)),
            ("Risk limits of instruments", risk::instrument_table(&self.resolved, &self.risk)),
            ("Risk limits of others", risk::exposure_table(&self.resolved, &self.risk)),
            ("Hot threads", self.threads()),
            ("Settings", self.settings()),
            ("Limits, compiled in", limit_table()),
        ];
        let mut text = format!("Well: {over}\n");
        for (name, table) in sections {
            let _ = write!(text, "\n{name}\n{}", table.render());
        }
        text
    }

    fn instruments(&self) -> Table {
        let mut table = Table::new(&[
            "instrument",
            "base",
            "quote",
            "kind",
            "decimals",
            "tick",
            "lot",
            "quantity min",
            "notional min",
            "book",
            "proven by",
        ]);
        for i in &self.resolved.instruments {
            table.row(vec![
                i.name(),
                self.asset(i.base).to_owned(),
                self.asset(i.quote).to_owned(),
                match i.kind {
                    InstrumentKind::Spot => String::from("spot"),
                    other => format!("{} x {}", kind(other), i.contract_value),
                },
                format!("{} {}", i.price_decimals, i.qty_decimals),
                render(i.tick.0, i.price_decimals),
                render(i.lot.0, i.qty_decimals),
                render(i.qty_min.0, i.qty_decimals),
                render(i.notional_min, i.price_decimals),
                form(i.form),
                continuity(i.continuity).to_owned(),
            ]);
        }
        table
    }

    fn assets(&self) -> Table {
        let reporting = self.asset(Some(self.resolved.reporting));
        let mut table =
            Table::new(&["asset", "decimals", "fungible with", &format!("to {reporting}")]);
        for (asset, conversion) in self.resolved.assets.iter().zip(&self.resolved.conversions) {
            let group = self.resolved.fungible.iter().find(|g| g.assets.contains(&asset.name));
            let others = group.map(|group| {
                let others = group.assets.iter().filter(|name| **name != asset.name);
                let others: Vec<&str> = others.map(String::as_str).collect();
                format!("{} within {} bps", others.join(" "), group.basis_bps_max)
            });
            let way = match conversion {
                None => String::from("nothing says how, and nothing trades it"),
                Some(conversion) if conversion.steps.is_empty() => String::from("is it"),
                Some(conversion) => {
                    let step = |(to, by): (&str, Option<String>)| match by {
                        Some(by) => format!("{to} by {by}"),
                        None => format!("{to} one to one"),
                    };
                    self.steps(conversion).into_iter().map(step).collect::<Vec<_>>().join(", ")
                }
            };
            let others = others.unwrap_or_else(|| String::from("-"));
            table.row(vec![asset.name.clone(), asset.decimals.to_string(), others, way]);
        }
        table
    }

    fn threads(&self) -> Table {
        let mut table = Table::new(&["stages", "core"]);
        for (stages, core) in &self.threads {
            let core = core.map_or_else(|| String::from("not bound"), |core| core.to_string());
            table.row(vec![stages.clone(), core]);
        }
        table
    }

    fn settings(&self) -> Table {
        let Config { pipeline, book, signal, journal, live, .. } = &self.config;
        let asked = args::layout(pipeline.layout).name();
        let layout = match self.layout.name() {
            here if here == asked => asked.to_owned(),
            here => format!("{asked}, here {here}"),
        };
        let cores: Vec<String> = self.cores.iter().map(usize::to_string).collect();
        let ms = |ns: i64| format!("{} ms", grouped(ns as u64 / 1_000_000));
        let mib = |bytes: u64| format!("{} MiB", grouped(bytes >> 20));
        let mut table = Table::new(&["setting", "value"]);
        let mut row = |name: &str, value: String| table.row(vec![name.to_owned(), value]);
        row("layout", layout);
        row("cores allowed", cores.join(" "));
        row("instruction set", format!("{} of {}", self.simd.name(), available().join(" ")));
        row("stages timed", format!("one frame in {}", pipeline.sample_every));
        row("book stale after", ms(book.stale_after_ns));
        for (venue, ns) in &book.stale_after_ns_of {
            row(&format!("  of {venue}"), ms(*ns));
        }
        row("window of a deep book", format!("{} ticks", grouped(book.window_ticks_max.into())));
        row("depth of a shallow book", format!("{} levels", book.ladder_depth));
        let horizons = signal.horizons_ns.map(|ns| (ns / 1_000_000).to_string());
        row("horizons of signals", format!("{} ms, {}", horizons.join(" "), signal.form.name()));
        row("journal segment", mib(journal.options.segment_bytes_max));
        row("journal quota", mib(journal.options.quota_bytes));
        row("journal block", format!("{} KiB", journal.options.block_bytes >> 10));
        let packed = if journal.options.compress { "deflated" } else { "as they are" };
        row("journal blocks are", packed.to_owned());
        let tls = if live.stock_tls { "stock" } else { "own" };
        row("TLS records by", format!("{tls} code"));
        row("lines to a venue", live.redundancy.to_string());
        table
    }
}

/// Limits that a user may run into: name, value, what they bound.
fn limits() -> [(&'static str, u64, &'static str); 8] {
    [
        ("INSTRUMENTS_MAX", limits::INSTRUMENTS_MAX as u64, "instruments of one process"),
        ("CONNECTIONS_MAX", limits::CONNECTIONS_MAX as u64, "connections of one process"),
        ("FRAME_BYTES_MAX", limits::FRAME_BYTES_MAX as u64, "bytes of a frame"),
        ("FRAME_BYTES_STEADY", limits::FRAME_BYTES_STEADY as u64, "bytes that never allocate"),
        ("LADDER_LEVELS_MAX", limits::LADDER_LEVELS_MAX as u64, "levels a side, shallow book"),
        ("FAR_LEVELS_MAX", limits::FAR_LEVELS_MAX as u64, "levels a side outside the window"),
        ("PENDING_EVENTS_MAX", limits::PENDING_EVENTS_MAX as u64, "changes awaiting snapshots"),
        ("TAPE_BYTES_MAX", limits::TAPE_BYTES_MAX as u64, "bytes of recordings in memory"),
    ]
}

/// An entry of a JSON object.
fn pair(name: &str, value: impl Into<Value>) -> (String, Value) {
    (name.to_owned(), value.into())
}

fn limit_table() -> Table {
    let mut table = Table::new(&["limit", "value", "of"]);
    for (name, value, about) in limits() {
        table.row(vec![name.to_owned(), grouped(value), about.to_owned()]);
    }
    table
}

fn available() -> Vec<&'static str> {
    FastLevel::available().iter().map(|level| level.name()).collect()
}

fn kind(kind: InstrumentKind) -> &'static str {
    match kind {
        InstrumentKind::Spot => "spot",
        InstrumentKind::Linear => "linear",
        InstrumentKind::Inverse => "inverse",
    }
}

fn form(form: Form) -> String {
    match form {
        Form::Ladder { depth } => format!("ladder {depth}"),
        Form::Window { ticks } => format!("window {}", grouped(ticks.into())),
    }
}

fn continuity(continuity: Continuity) -> &'static str {
    match continuity {
        Continuity::Checksum => "checksum",
        Continuity::UpdateId => "update ids",
        Continuity::PreviousId => "previous ids",
        Continuity::ConnectionSequence => "sequence",
        Continuity::Unproven => "nothing",
        Continuity::Picture => "whole pictures",
    }
}
