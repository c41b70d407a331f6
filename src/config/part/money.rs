//! `[money]` and `[[marks]]`: in what all is reckoned, and how everything gets there.

use super::super::fault::Place;
use super::super::section::{Bound, Section};
use crate::base::Symbol;
use crate::limits;
use crate::venue::{self, Dialect};

/// In what all is reckoned.
#[derive(Clone, Debug)]
pub struct Money {
    /// The asset of limits, PnL and reports.
    pub reporting: String,
    /// Assets that may stand for it where nothing converts to it, the first one first.
    pub stand_ins: Vec<String>,
    /// Where it is named.
    pub place: Place,
}

/// Assets that count as one.
#[derive(Clone, Debug)]
pub struct Fungible {
    /// The group's name.
    pub name: String,
    /// Its assets, by name.
    pub assets: Vec<String>,
    /// By how much their prices may differ, basis points.
    pub basis_bps_max: u32,
    /// Where the group stands.
    pub place: Place,
}

/// What says what an asset is worth.
#[derive(Clone, Debug)]
pub struct Mark {
    /// The asset, by name.
    pub asset: String,
    /// The venue of the instrument whose price it is.
    pub venue: &'static Dialect,
    /// The symbol of that instrument.
    pub symbol: Symbol,
    /// Where the mark stands.
    pub place: Place,
}

const BASIS: Bound = Bound::new("basis points", 1, limits::BASIS_BPS_MAX, "limit BASIS_BPS_MAX");

impl Money {
    /// Reads all but the groups, which are a list of their own. Without a reporting asset its name
    /// is empty, and the fault is noted.
    pub(in crate::config) fn read(mut section: Section<'_>) -> Money {
        let place = section.ask("reporting").map_or(section.place(), |node| node.place);
        let reporting = section.name("reporting").unwrap_or_default();
        let stand_ins = section.names("stand_ins").unwrap_or_default();
        section.ask("fungible");
        section.finish();
        Money { reporting, stand_ins, place }
    }
}

impl Fungible {
    pub(in crate::config) fn read(mut section: Section<'_>) -> Option<Fungible> {
        let name = section.name("name");
        let assets = section.names("assets");
        let basis_bps_max = section.whole("basis_bps_max", BASIS);
        if let Some(assets) = &assets
            && assets.len() < 2
        {
            let found = format!("a group of {}", assets.len());
            let fix = String::from("name another asset, or remove the group");
            section.note("assets", found, "two assets or more", fix);
        }
        let place = section.place();
        section.finish();
        Some(Fungible { name: name?, assets: assets?, basis_bps_max: basis_bps_max? as u32, place })
    }
}

impl Mark {
    pub(in crate::config) fn read(mut section: Section<'_>) -> Option<Mark> {
        let asset = section.name("asset");
        let expected = "an instrument as venue:SYMBOL, as in \"kraken:BTC/USD\"";
        let instrument = section.text("instrument", expected, |text| {
            let (venue, symbol) = text.split_once(':')?;
            Some((venue::dialect(venue)?, Symbol::new(symbol.as_bytes())?))
        });
        let place = section.place();
        section.finish();
        let (venue, symbol) = instrument?;
        Some(Mark { asset: asset?, venue, symbol, place })
    }
}
