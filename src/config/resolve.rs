//! A configuration with ids in place of names: what the rest of the machine is handed.

use super::chain::chain;
use super::part::{Account, Asset, Fungible, Instrument};
use super::trading::Trading;
use super::whole::{Config, Universe};
use crate::base::{
    AssetId, Form, Instrument as Listed, InstrumentId, Instruments, Precision, Status,
};

/// What a configuration resolves to.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// Instruments that are used. Their status is unknown until their venue speaks.
    pub instruments: Instruments,
    /// All assets, by [`AssetId`].
    pub assets: Vec<Asset>,
    /// How each asset becomes the reporting currency, by [`AssetId`]; `None` where it cannot, which
    /// only assets do that nothing trades.
    pub conversions: Vec<Option<Conversion>>,
    /// In what all is reckoned.
    pub reporting: AssetId,
    /// Assets that count as one.
    pub fungible: Vec<Fungible>,
    /// Who trades where.
    pub accounts: Vec<Account>,
    /// Models and strategies, with the ids of `instruments`.
    pub trading: Trading,
}

/// How an asset becomes the reporting currency; the reporting currency itself takes no step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conversion {
    /// One after the other.
    pub steps: Vec<Step>,
}

/// One step of a conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The asset it leads to.
    pub to: AssetId,
    /// The instrument whose price it goes by; `None` within a fungible group.
    pub by: Option<InstrumentId>,
}

impl Config {
    /// Gives ids to all that has a name.
    pub fn resolve(&self) -> Resolved {
        let universe = &self.universe;
        let mut instruments = Instruments::default();
        // From places in the universe to ids: only what is used has one.
        let ids: Vec<Option<InstrumentId>> = universe
            .instruments
            .iter()
            .map(|i| i.enabled.then(|| instruments.add(self.listed(i))).flatten())
            .collect();
        let conversion = |asset: usize| {
            let links = chain(universe, asset).ok()?;
            let steps = links.iter().map(|link| Step {
                to: AssetId(link.to as u16),
                by: link.by.and_then(|place| ids[place]),
            });
            Some(Conversion { steps: steps.collect() })
        };
        Resolved {
            trading: self.trading(&instruments),
            instruments,
            assets: universe.assets.clone(),
            conversions: (0..universe.assets.len()).map(conversion).collect(),
            reporting: universe.id(&universe.money.reporting, "").unwrap_or(AssetId(0)),
            fungible: universe.fungible.clone(),
            accounts: universe.accounts.iter().filter(|a| a.enabled).cloned().collect(),
        }
    }

    fn listed(&self, from: &Instrument) -> Listed {
        let venue = from.venue;
        let form = match venue.form {
            Form::Ladder { .. } => {
                Form::Ladder { depth: from.depth.unwrap_or(self.book.ladder_depth) }
            }
            Form::Window { .. } => {
                let most = self.book.window_ticks_max;
                Form::Window { ticks: from.window_ticks.unwrap_or(most).min(most) }
            }
        };
        Listed {
            base: self.universe.id(&from.base, venue.name),
            quote: self.universe.id(&from.quote, venue.name),
            kind: from.kind,
            contract_value: from.contract_value,
            precision: Precision::Declared,
            tick: from.tick,
            lot: from.lot,
            qty_min: from.qty_min,
            notional_min: from.notional_min,
            status: Status::Unknown,
            continuity: venue.continuity,
            form,
            ..Listed::plain(venue.name, from.symbol, from.price_decimals, from.qty_decimals)
        }
    }
}

impl Universe {
    fn id(&self, name: &str, at_venue: &str) -> Option<AssetId> {
        self.asset(name, at_venue).map(|place| AssetId(place as u16))
    }
}
