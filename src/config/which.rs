//! A key that says which instruments: all, or a list of `venue:SYMBOL`.

use super::section::Section;
use super::tree::{Node, Value};
use crate::base::{Instrument, InstrumentId, Instruments, Symbol};
use crate::venue::{self, Dialect};

/// Which instruments.
#[derive(Clone, Debug)]
pub enum Which {
    /// All there are.
    All,
    /// These.
    Listed(Vec<(&'static Dialect, Symbol)>),
}

const TOLD: &str = "\"all\", or a list of instruments, as in [\"kraken:BTC/USD\"]";

impl Which {
    pub(super) fn read(section: &mut Section<'_>, key: &'static str) -> Option<Which> {
        let Some(node) = section.ask(key) else {
            let fix = format!("write {key} = {TOLD}");
            section.note("", format!("no `{key}`"), TOLD, fix);
            return None;
        };
        let which = match &node.value {
            Value::Text(text) if text == "all" => Some(Which::All),
            Value::List(list) => list.iter().map(named).collect::<Option<_>>().map(Which::Listed),
            _ => None,
        };
        if which.is_none() {
            section.refuse(key, node, TOLD, "write one of those, each as venue:SYMBOL");
        }
        which
    }

    /// Those of a table.
    pub(super) fn among<'a>(
        &'a self,
        instruments: &'a Instruments,
    ) -> impl Iterator<Item = &'a Instrument> {
        let is_meant = move |instrument: &&Instrument| match self {
            Which::All => true,
            Which::Listed(listed) => listed.iter().any(|(venue, symbol)| {
                instrument.venue == venue.name && instrument.symbol == *symbol
            }),
        };
        instruments.iter().filter(is_meant)
    }

    /// The ids of those of a table.
    pub(super) fn ids(&self, instruments: &Instruments) -> Vec<InstrumentId> {
        self.among(instruments).map(|instrument| instrument.id).collect()
    }

    /// In output.
    pub fn told(&self) -> String {
        match self {
            Which::All => String::from("all"),
            Which::Listed(listed) => {
                let name =
                    |(venue, symbol): &(&Dialect, Symbol)| format!("{}:{symbol}", venue.name);
                listed.iter().map(name).collect::<Vec<_>>().join(" ")
            }
        }
    }
}

/// The instrument that an entry of a list names.
fn named(node: &Node) -> Option<(&'static Dialect, Symbol)> {
    let Value::Text(text) = &node.value else { return None };
    let (venue, symbol) = text.split_once(':')?;
    Some((venue::dialect(venue)?, Symbol::new(symbol.as_bytes())?))
}
