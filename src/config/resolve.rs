//! A configuration with ids in place of names: what the rest of the machine is handed.

use super::chain::chain;
use super::part::{Account, Asset, Fungible, Holding, Instrument, Paper};
use super::trading::Trading;
use super::whole::{Config, Universe};
use crate::base::{
    AccountId, AssetId, Form, Instrument as Listed, InstrumentId, Instruments, MarkStep, Marks,
    Precision, Status,
};
use crate::ledger::{self, Ledger};
use crate::sim::exchange::{self, Fees};

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
    /// Assets that may stand for it where nothing converts to it, the first one first.
    pub stand_ins: Vec<AssetId>,
    /// Assets that count as one.
    pub fungible: Vec<Fungible>,
    /// Who trades where, by [`AccountId`].
    pub accounts: Vec<Account>,
    /// What each account pays and holds, by [`AccountId`].
    pub funds: Vec<Funds>,
    /// Models and strategies, with the ids of `instruments`.
    pub trading: Trading,
}

/// What an account pays and holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Funds {
    /// What its venue charges.
    pub fees: Fees,
    /// What it holds at the start of paper trading, in units of each asset.
    pub balances: Vec<(AssetId, i64)>,
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
            stand_ins: universe
                .money
                .stand_ins
                .iter()
                .filter_map(|name| universe.id(name, ""))
                .collect(),
            fungible: universe.fungible.clone(),
            accounts: universe.used().cloned().collect(),
            funds: universe.used().map(|account| universe.funds(account)).collect(),
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

impl Resolved {
    /// What the paper venue of an account is told at start; when its books are stale is left as it
    /// is built in.
    pub fn exchange(&self, account: AccountId, paper: &Paper) -> exchange::Settings {
        let funds = self.funds.get(account.index()).cloned().unwrap_or_default();
        exchange::Settings {
            fees: funds.fees,
            balances: funds.balances,
            order_latency_ns: paper.order_latency_ns,
            report_latency_ns: paper.report_latency_ns,
            decimals: self.assets.iter().map(|asset| asset.decimals).collect(),
            ..exchange::Settings::default()
        }
    }

    /// How each asset becomes the reporting currency, as [`Marks`] wants it.
    pub fn marks(&self) -> Marks {
        let decimals: Vec<u8> = self.assets.iter().map(|asset| asset.decimals).collect();
        let steps = |way: &Conversion| way.steps.iter().map(|step| (step.to, step.by)).collect();
        let chains: Vec<Option<Vec<MarkStep>>> =
            self.conversions.iter().map(|way| way.as_ref().map(steps)).collect();
        Marks::new(&decimals, self.reporting, &chains, &self.instruments)
    }

    /// A ledger of all accounts, for strategies of these names.
    pub fn ledger(&self, strategies: Vec<String>, paper: &Paper) -> Ledger {
        let asset =
            |asset: &Asset| ledger::Asset { name: asset.name.clone(), decimals: asset.decimals };
        let account = |(account, funds): (&Account, &Funds)| ledger::Account {
            name: account.name.clone(),
            balances: funds.balances.clone(),
        };
        Ledger::new(
            &self.instruments,
            self.assets.iter().map(asset).collect(),
            self.marks(),
            strategies,
            self.accounts.iter().zip(&self.funds).map(account).collect(),
            ledger::Settings { lots: paper.lots },
        )
    }
}

impl Universe {
    fn used(&self) -> impl Iterator<Item = &Account> {
        self.accounts.iter().filter(|account| account.enabled)
    }

    fn funds(&self, account: &Account) -> Funds {
        let (maker_ppm, taker_ppm) = self.fees(account).unwrap_or_default();
        let balance = |holding: &Holding| {
            let at = self.asset(&holding.asset, account.venue.name)?;
            Some((AssetId(at as u16), holding.amount.at(self.assets[at].decimals).ok()?))
        };
        Funds {
            fees: Fees { maker_ppm, taker_ppm },
            balances: account.balances.iter().filter_map(balance).collect(),
        }
    }

    fn id(&self, name: &str, at_venue: &str) -> Option<AssetId> {
        self.asset(name, at_venue).map(|place| AssetId(place as u16))
    }
}
