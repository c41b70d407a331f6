//! `[[assets]]`: currencies and coins, and what venues call them.

use super::super::fault::Place;
use super::super::section::{Bound, Section, name_told, names_of, venues_told};
use crate::limits;
use crate::venue;

/// A currency or a coin.
#[derive(Clone, Debug)]
pub struct Asset {
    /// Its name here.
    pub name: String,
    /// Decimals of a balance of it.
    pub decimals: u8,
    /// Venues' own names of it: dialect, name.
    pub aliases: Vec<(&'static str, String)>,
    /// Where it stands.
    pub place: Place,
}

/// Decimals of anything.
pub(super) const DECIMALS: Bound =
    Bound::new("decimals", 0, limits::DECIMALS_MAX as u64, "limit DECIMALS_MAX");

impl Asset {
    pub(in crate::config) fn read(mut section: Section<'_>) -> Option<Asset> {
        let name = section.name("name");
        let decimals = section.whole("decimals", DECIMALS);
        let aliases = aliases(&mut section);
        let place = section.place();
        section.finish();
        Some(Asset { name: name?, decimals: decimals? as u8, aliases, place })
    }

    /// Is it what a venue means by this name?
    pub fn is_called(&self, name: &str, at_venue: &str) -> bool {
        self.name == name || self.aliases.iter().any(|(v, alias)| *v == at_venue && alias == name)
    }
}

fn aliases(section: &mut Section<'_>) -> Vec<(&'static str, String)> {
    let mut aliases = Vec::new();
    let Some(table) = section.table_if_any("aliases") else { return aliases };
    for (name, node) in &table.0 {
        if let (Some(dialect), Some(names)) = (venue::dialect(name), names_of(node)) {
            aliases.extend(names.into_iter().map(|alias| (dialect.name, alias)));
        } else {
            let expected = format!("a venue ({}) with a list, each {}", venues_told(), name_told());
            let key = format!("aliases.{name}");
            section.refuse(&key, node, &expected, "write kraken = [\"XBT\"]");
        }
    }
    aliases
}
