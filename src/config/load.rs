//! From files to a [`Config`]: the user's over the built-in one, all faults together.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::check::{self, Names, Side};
use super::fault::{ConfigError, Fault, Place, Source, Wrong};
use super::part::{
    Account, AccountRisk, Asset, AssetRisk, Book, Fungible, Instrument, InstrumentRisk, Journal,
    Live, Mark, Model, Money, OrderEntry, Paper, Pipeline, Risk, RiskLists, Signal, Strategy,
    StrategyRisk, VenueRisk,
};
use super::risk;
use super::section::Section;
use super::trading;
use super::tree::{Node, Table, Value, excerpt};
use super::whole::{Config, Universe};
use crate::limits;

/// The built-in configuration, which is also the manual.
pub const MANUAL: &str = include_str!("default.toml");

impl Config {
    /// The built-in configuration with the user's file over it, where there is one.
    pub fn load(file: Option<&Path>) -> Result<Config, ConfigError> {
        let Some(path) = file else { return Config::parse("", Path::new("")) };
        let bytes = read(path)?;
        match std::str::from_utf8(&bytes) {
            Ok(text) => Config::parse(text, path),
            Err(error) => {
                let before = &bytes[..error.valid_up_to()];
                let line = before.split(|byte| *byte == b'\n').count() as u32;
                let fault = Fault {
                    place: Place { source: Source::File, line },
                    about: String::new(),
                    found: String::from("bytes that are no text"),
                    expected: String::from("UTF-8"),
                    fix: String::from("save the file as UTF-8"),
                };
                Err(Wrong { path: path.into(), faults: vec![fault], more: 0 }.into())
            }
        }
    }

    /// The built-in configuration with `text` over it; `path` is how faults call it.
    pub fn parse(text: &str, path: &Path) -> Result<Config, ConfigError> {
        let mut wrong = Wrong { path: path.into(), ..Wrong::default() };
        let mut root = Table::parse(MANUAL, Source::BuiltIn, &mut wrong);
        let over = Table::parse(text, Source::File, &mut wrong);
        let unreadable: Vec<Place> = wrong.faults.iter().map(|fault| fault.place).collect();
        root.lay_over(over, "", &mut wrong);
        let config = typed(&root, unreadable.is_empty(), &mut wrong);
        // What follows from a line that is no TOML is not worth saying, nor is it twice.
        let mut said: Vec<Place> = Vec::new();
        wrong.faults.retain(|fault| {
            let is_first = !said.contains(&fault.place);
            said.push(fault.place);
            is_first || !unreadable.contains(&fault.place)
        });
        match config {
            Some(config) if wrong.is_empty() => Ok(config),
            _ => {
                wrong.sort();
                Err(wrong.into())
            }
        }
    }
}

/// Reads every part, whatever is wrong with the others; then checks them against each other.
fn typed(root: &Table, is_toml: bool, wrong: &mut Wrong) -> Option<Config> {
    let nothing = Table::default();
    let pipeline = Pipeline::read(section(root, "pipeline", &nothing, wrong));
    let book = Book::read(section(root, "book", &nothing, wrong));
    let signal = Signal::read(section(root, "signal", &nothing, wrong));
    let journal = Journal::read(section(root, "journal", &nothing, wrong));
    let live = Live::read(section(root, "live", &nothing, wrong));
    let order_entry = OrderEntry::read(section(root, "trading", &nothing, wrong));
    let paper = Paper::read(section(root, "paper", &nothing, wrong));
    let money = Money::read(section(root, "money", &nothing, wrong));
    let groups = match root.0.get("money").map(|node| &node.value) {
        Some(Value::Table(money)) => money.0.get("fungible"),
        _ => None,
    };
    let of = |key: &str| root.0.get(key);
    let universe = Universe {
        money,
        fungible: list(GROUPS, groups, wrong, Fungible::read),
        marks: list(MARKS, of(MARKS.path), wrong, Mark::read),
        assets: list(ASSETS, of(ASSETS.path), wrong, Asset::read),
        accounts: list(ACCOUNTS, of(ACCOUNTS.path), wrong, Account::read),
        instruments: list(INSTRUMENTS, of(INSTRUMENTS.path), wrong, Instrument::read),
    };
    let models = list(MODELS, of(MODELS.path), wrong, Model::read);
    let strategies = list(STRATEGIES, of(STRATEGIES.path), wrong, Strategy::read);
    let risk = Risk::read(section(root, "risk", &nothing, wrong));
    let risk_of = risk_lists(root, wrong);
    check_root(root, wrong);
    if is_toml {
        let names = Names {
            assets: named(root, ASSETS.path),
            instruments: named(root, INSTRUMENTS.path),
            strategies: named(root, STRATEGIES.path),
            sides: sides(root),
        };
        check::check(&universe, &names, wrong);
        trading::check(&models, &strategies, &universe, &names.instruments, wrong);
        risk::check(&universe, &names, risk.as_ref(), &risk_of, wrong);
    }
    Some(Config {
        pipeline: pipeline?,
        book: book?,
        signal: signal?,
        journal: journal?,
        live: live?,
        order_entry: order_entry?,
        paper: paper?,
        risk: risk?,
        risk_of,
        universe,
        models,
        strategies,
    })
}

/// The lists within `[risk]`.
fn risk_lists(root: &Table, wrong: &mut Wrong) -> RiskLists {
    let table = match root.0.get("risk").map(|node| &node.value) {
        Some(Value::Table(risk)) => risk,
        _ => &Table::default(),
    };
    let within = |path| List { path, ..INSTRUMENTS };
    let of = |key: &str| table.0.get(key);
    RiskLists {
        instruments: list(
            within("risk.instruments"),
            of("instruments"),
            wrong,
            InstrumentRisk::read,
        ),
        assets: list(within("risk.assets"), of("assets"), wrong, AssetRisk::read),
        strategies: list(within("risk.strategies"), of("strategies"), wrong, StrategyRisk::read),
        accounts: list(within("risk.accounts"), of("accounts"), wrong, AccountRisk::read),
        venues: list(within("risk.venues"), of("venues"), wrong, VenueRisk::read),
    }
}

/// A list of tables: its path, how many entries it may have, and whose limit that is.
#[derive(Clone, Copy)]
struct List {
    path: &'static str,
    most: usize,
    limit: &'static str,
}

const ASSETS: List = List { path: "assets", most: limits::ASSETS_MAX, limit: "ASSETS_MAX" };
const GROUPS: List = List { path: "money.fungible", ..ASSETS };
const MARKS: List = List { path: "marks", ..ASSETS };
const ACCOUNTS: List = List { path: "accounts", most: limits::ACCOUNTS_MAX, limit: "ACCOUNTS_MAX" };
const INSTRUMENTS: List =
    List { path: "instruments", most: limits::INSTRUMENTS_MAX, limit: "INSTRUMENTS_MAX" };

const MODELS: List = List { path: "models", most: limits::MODELS_MAX, limit: "MODELS_MAX" };
const STRATEGIES: List =
    List { path: "strategies", most: limits::STRATEGIES_MAX, limit: "STRATEGIES_MAX" };

/// The tables of one value each.
const SECTIONS: [&str; 9] =
    ["pipeline", "book", "signal", "journal", "live", "trading", "paper", "money", "risk"];

fn list<T>(
    of: List,
    node: Option<&Node>,
    wrong: &mut Wrong,
    read: fn(Section<'_>) -> Option<T>,
) -> Vec<T> {
    let Some(node) = node else { return Vec::new() };
    let mut fault = |found: String, expected: String, fix: String| {
        wrong.add(Fault { place: node.place, about: of.path.to_owned(), found, expected, fix });
    };
    let Value::List(entries) = &node.value else {
        let expected = String::from("a list of tables");
        fault(node.told(), expected, format!("write [[{}]] above each entry", of.path));
        return Vec::new();
    };
    if entries.len() > of.most {
        let expected = format!("at most {} (limit {})", of.most, of.limit);
        fault(format!("{} entries", entries.len()), expected, String::from("name fewer"));
        return Vec::new();
    }
    let mut read_all = Vec::with_capacity(entries.len());
    for entry in entries {
        let name = entry.identity(of.path).map(|name| excerpt(&name.join(":")));
        let name = format!("{} {}", of.path, name.unwrap_or_else(|| String::from("(no name)")));
        if let Value::Table(table) = &entry.value {
            read_all.extend(read(Section::entry(&name, entry.place, table, wrong)));
        } else {
            wrong.add(Fault {
                place: entry.place,
                about: of.path.to_owned(),
                found: entry.told(),
                expected: String::from("a table"),
                fix: format!("write [[{}]] above each entry", of.path),
            });
        }
    }
    read_all
}

/// The table `[name]`. One that is no table is empty; its fault is noted with the root's.
fn section<'a>(
    root: &'a Table,
    name: &str,
    nothing: &'a Table,
    wrong: &'a mut Wrong,
) -> Section<'a> {
    match root.0.get(name) {
        Some(Node { value: Value::Table(table), place }) => {
            Section::new(name, *place, table, wrong)
        }
        _ => Section::new(name, Place { source: Source::BuiltIn, line: 1 }, nothing, wrong),
    }
}

/// What stands at the top: known sections and lists, each of its kind.
fn check_root(root: &Table, wrong: &mut Wrong) {
    let place = Place { source: Source::BuiltIn, line: 1 };
    let mut top = Section::new("", place, root, wrong);
    for name in SECTIONS {
        if let Some(node) = top.ask(name)
            && !matches!(node.value, Value::Table(_))
        {
            top.refuse(name, node, "a table", &format!("write [{name}] on a line of its own"));
        }
    }
    for list in [MARKS, ASSETS, ACCOUNTS, INSTRUMENTS, MODELS, STRATEGIES] {
        top.ask(list.path);
    }
    top.finish();
}

/// Entries of a list, those too that have faults.
fn entries<'a>(root: &'a Table, path: &str) -> &'a [Node] {
    match root.0.get(path).map(|node| &node.value) {
        Some(Value::List(entries)) => entries,
        _ => &[],
    }
}

/// Names of all entries of a list.
fn named(root: &Table, path: &str) -> Vec<String> {
    let names = entries(root, path).iter().filter_map(|entry| entry.identity(path));
    names.map(|name| name.join(":")).collect()
}

/// The assets that instruments name.
fn sides(root: &Table) -> Vec<Side> {
    let mut sides = Vec::new();
    for entry in entries(root, INSTRUMENTS.path) {
        let Value::Table(table) = &entry.value else { continue };
        let text = |key: &str| match table.0.get(key).map(|node| &node.value) {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let is_off = table.0.get("enabled").is_some_and(|n| matches!(n.value, Value::Flag(false)));
        let (Some(venue), false) = (text("venue"), is_off) else { continue };
        for key in ["base", "quote"] {
            if let (Some(node), Some(asset)) = (table.0.get(key), text(key)) {
                let name = format!("{venue}:{}", text("symbol").unwrap_or_default());
                let about = format!("{} {}, {key}", INSTRUMENTS.path, excerpt(&name));
                sides.push(Side { place: node.place, about, asset, venue: venue.clone() });
            }
        }
    }
    sides
}

/// Reads a file that is no longer than a configuration may be.
fn read(path: &Path) -> Result<Vec<u8>, ConfigError> {
    let unreadable = |error: std::io::Error| ConfigError::Unreadable {
        path: path.into(),
        why: error.to_string(),
    };
    let mut bytes = Vec::new();
    let most = limits::CONFIG_BYTES_MAX as u64 + 1;
    let file = File::open(path).map_err(unreadable)?;
    file.take(most).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > limits::CONFIG_BYTES_MAX {
        return Err(ConfigError::TooLarge { path: path.into() });
    }
    Ok(bytes)
}
