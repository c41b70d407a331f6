//! `[[accounts]]`: who trades where.

use super::super::fault::Place;
use super::super::section::Section;
use crate::venue::Dialect;

/// Balances and orders of ours at a venue.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its name here.
    pub name: String,
    /// Whose it is.
    pub venue: &'static Dialect,
    /// Is it used?
    pub enabled: bool,
    /// Where it stands.
    pub place: Place,
}

impl Account {
    pub(in crate::config) fn read(mut section: Section<'_>) -> Option<Account> {
        let name = section.name("name");
        let venue = section.venue("venue");
        let enabled = section.flag_if_any("enabled").unwrap_or(true);
        let place = section.place();
        section.finish();
        Some(Account { name: name?, venue: venue?, enabled, place })
    }
}
