//! A configuration as a tree in which everything knows its line, and how one is laid over another.
//!
//! In: TOML text. Out: [`Table`]. Never: a meaning; that is the parts' own.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{Fault, Place, Source, Wrong};
use crate::limits;

/// Keys with their values.
#[derive(Clone, Debug, Default)]
pub(super) struct Table(pub(super) BTreeMap<String, Node>);

/// A value and its line.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Whole(i64),
    Flag(bool),
    List(Vec<Node>),
    Table(Table),
    /// A float, a date, a number beyond 64 bits: nothing wants one. As a person would call it.
    Other(String),
}

impl Node {
    /// As in a fault: what stands there, short.
    pub(super) fn told(&self) -> String {
        match &self.value {
            Value::Text(text) => format!("text \"{}\"", excerpt(text)),
            Value::Whole(number) => number.to_string(),
            Value::Flag(flag) => flag.to_string(),
            Value::List(list) if list.len() == 1 => String::from("a list of 1"),
            Value::List(list) => format!("a list of {}", list.len()),
            Value::Table(_) => String::from("a table"),
            Value::Other(text) => text.clone(),
        }
    }

    /// What makes an entry of the list at `path` the same as another one: the text of its keys.
    pub(super) fn identity(&self, path: &str) -> Option<Vec<String>> {
        let keys = identifying(path)?;
        let Value::Table(table) = &self.value else { return None };
        let text = |key: &&str| match &table.0.get(*key)?.value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        };
        keys.iter().map(text).collect()
    }
}

impl Table {
    /// Reads TOML text. What is no TOML goes into `wrong`; the rest is read all the same.
    pub(super) fn parse(text: &str, source: Source, wrong: &mut Wrong) -> Table {
        let lines = Lines::new(text, source);
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let place = lines.place(error.span().map_or(0, |span| span.start));
            let line = text.lines().nth(place.line as usize - 1).unwrap_or_default().trim();
            wrong.add(Fault {
                place,
                about: String::new(),
                found: format!("`{}`", excerpt(line)),
                expected: format!("TOML ({})", error.message().replace('\n', ", ")),
                fix: String::from("write `key = value`, with text in quotation marks"),
            });
        }
        lines.table(table.get_ref(), 0, wrong)
    }

    /// Lays `over` over this one: tables key by key, lists of named entries entry by entry.
    pub(super) fn lay_over(&mut self, over: Table, path: &str, wrong: &mut Wrong) {
        for (key, node) in over.0 {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            let Some(under) = self.0.get_mut(&key) else {
                if let Value::List(list) = &node.value {
                    check_names(list, &path, wrong);
                }
                self.0.insert(key, node);
                continue;
            };
            under.lay_over(node, &path, wrong);
        }
    }
}

impl Node {
    fn lay_over(&mut self, over: Node, path: &str, wrong: &mut Wrong) {
        match (&mut self.value, over.value) {
            (Value::Table(under), Value::Table(table)) if !WHOLE.contains(&path) => {
                self.place = over.place;
                under.lay_over(table, path, wrong);
            }
            (Value::List(under), Value::List(list)) if identifying(path).is_some() => {
                check_names(&list, path, wrong);
                for entry in list {
                    let name = entry.identity(path);
                    let same = |u: &&mut Node| name.is_some() && u.identity(path) == name;
                    match under.iter_mut().find(same) {
                        Some(under) => under.lay_over(entry, path, wrong),
                        None => under.push(entry),
                    }
                }
            }
            (_, value) => *self = Node { place: over.place, value },
        }
    }
}

/// Tables that say one thing as a whole: what is left out of them is nothing, not what stood there.
const WHOLE: [&str; 1] = ["accounts.balances"];

/// The keys by which entries of the list at `path` are told apart.
fn identifying(path: &str) -> Option<&'static [&'static str]> {
    match path {
        "assets" | "accounts" | "money.fungible" | "models" | "strategies" => Some(&["name"]),
        "marks" | "risk.assets" => Some(&["asset"]),
        "instruments" => Some(&["venue", "symbol"]),
        "risk.instruments" => Some(&["instrument"]),
        "risk.strategies" => Some(&["strategy"]),
        "risk.accounts" => Some(&["account"]),
        "risk.venues" => Some(&["venue"]),
        _ => None,
    }
}

/// Entries of one text must have names of their own.
fn check_names(list: &[Node], path: &str, wrong: &mut Wrong) {
    let mut seen: BTreeMap<Vec<String>, Place> = BTreeMap::new();
    for entry in list {
        let Some(name) = entry.identity(path) else { continue };
        if let Some(first) = seen.get(&name) {
            wrong.add(Fault {
                place: entry.place,
                about: format!("{path} {}", name.join(":")),
                found: format!("it a second time, after line {}", first.line),
                expected: String::from("each once"),
                fix: String::from("join the two entries, or rename one"),
            });
        } else {
            seen.insert(name, entry.place);
        }
    }
}

/// From places in a text to lines.
struct Lines {
    source: Source,
    /// Where each line begins.
    starts: Vec<usize>,
}

impl Lines {
    fn new(text: &str, source: Source) -> Lines {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Lines { source, starts: std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect() }
    }

    fn place(&self, at: usize) -> Place {
        let line = self.starts.partition_point(|start| *start <= at);
        Place { source: self.source, line: line as u32 }
    }

    fn table(&self, table: &DeTable<'_>, depth: usize, wrong: &mut Wrong) -> Table {
        let entry = |(key, value): (&Spanned<_>, _)| {
            let key: &std::borrow::Cow<'_, str> = key.get_ref();
            Some((key.to_string(), self.node(value, depth + 1, wrong)?))
        };
        Table(table.iter().filter_map(entry).collect())
    }

    fn node(&self, value: &Spanned<DeValue<'_>>, depth: usize, wrong: &mut Wrong) -> Option<Node> {
        let place = self.place(value.span().start);
        if depth > limits::CONFIG_NESTING_MAX {
            wrong.add(Fault {
                place,
                about: String::new(),
                found: format!("nesting deeper than {} levels", limits::CONFIG_NESTING_MAX),
                expected: String::from("tables and lists as in the manual, default.toml"),
                fix: String::from("remove it (limit CONFIG_NESTING_MAX)"),
            });
            return None;
        }
        let value = match value.get_ref() {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(number) => {
                match i64::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) => Value::Whole(number),
                    Err(_) => {
                        Value::Other(format!("{} (beyond 64 bits)", excerpt(number.as_str())))
                    }
                }
            }
            DeValue::Float(number) => {
                Value::Other(format!("{} (a float)", excerpt(number.as_str())))
            }
            DeValue::Boolean(flag) => Value::Flag(*flag),
            DeValue::Datetime(_) => Value::Other(String::from("a date")),
            DeValue::Array(list) => {
                let nodes = list.iter().filter_map(|value| self.node(value, depth + 1, wrong));
                Value::List(nodes.collect())
            }
            DeValue::Table(table) => Value::Table(self.table(table, depth, wrong)),
        };
        Some(Node { place, value })
    }
}

/// The beginning of a text, printable.
pub(super) fn excerpt(text: &str) -> String {
    const SHOWN: usize = 48;
    let short: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN).is_some() { format!("{short}..") } else { short }
}
