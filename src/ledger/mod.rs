//! Ledger: what was bought and sold, what it won and cost, and what each account should hold.
//!
//! In: [`Report`]s, of which only fills count; best bids and asks. Out: [`Line`]s, [`Sheet`]s and
//! balances, in whole units.
//! Never: a float, an amount of its own. What a fill came to and what it cost is the venue's word;
//! the ledger only adds it up, and so finds out where a venue's balances disagree.
//!
//! Cold: it may allocate where a strategy first trades an instrument, and with each lot.

mod holding;
pub mod reconcile;
mod sheet;
mod worth;
#[cfg(test)]
mod tests;

pub use holding::Lots;
pub use sheet::{By, Line, Money, Sheet};
pub use worth::{Toward, Worth};

use holding::Holding;
use sheet::{sum, tally};

use crate::base::{
    AccountId, AssetId, Instrument, InstrumentId, Instruments, Marks, Position, Price, Qty, Side,
    StrategyId,
};
use crate::event::{Fill, Report};

/// An asset, by its place an [`AssetId`].
#[derive(Clone, Debug)]
pub struct Asset {
    /// Its name.
    pub name: String,
    /// Decimals of its amounts.
    pub decimals: u8,
}

/// An account, by its place an [`AccountId`].
#[derive(Clone, Debug)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// What it holds at the start, in units of each asset; of all others nothing.
    pub balances: Vec<(AssetId, i64)>,
}

/// What the ledger is told at start.
#[derive(Clone, Copy, Debug, Default)]
pub struct Settings {
    /// Which part of a position goes first when it is made smaller.
    pub lots: Lots,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Ledger {
    assets: Vec<Asset>,
    strategies: Vec<String>,
    accounts: Vec<Purse>,
    /// By instrument.
    traded: Vec<Traded>,
    /// Sorted by strategy, account and instrument.
    cells: Vec<Cell>,
    marks: Marks,
    settings: Settings,
    unbooked: u64,
}

/// What the ledger knows of one instrument.
#[derive(Clone, Debug)]
struct Traded {
    worth: Option<Worth>,
    /// Bid plus ask; 0 while there is none.
    twice: i64,
    /// A price of one, for averages: 10^decimals.
    unit: i128,
}

/// What one account holds.
#[derive(Clone, Debug)]
struct Purse {
    name: String,
    /// By asset.
    balances: Vec<i128>,
    /// Contracts held, net of all strategies, which is how a venue settles them.
    contracts: Vec<(InstrumentId, Position)>,
}

type Key = (StrategyId, AccountId, InstrumentId);

/// What one strategy did in one instrument on one account.
#[derive(Clone, Debug)]
struct Cell {
    key: Key,
    holding: Holding,
    bought: i128,
    sold: i128,
    turnover: i128,
    fills: u64,
    fees: Vec<(AssetId, i128)>,
}

impl Ledger {
    /// A ledger with nothing in it but the balances of the accounts.
    pub fn new(
        instruments: &Instruments,
        assets: Vec<Asset>,
        marks: Marks,
        strategies: Vec<String>,
        accounts: Vec<Account>,
        settings: Settings,
    ) -> Ledger {
        let decimals: Vec<u8> = assets.iter().map(|asset| asset.decimals).collect();
        let traded = |instrument: &Instrument| Traded {
            worth: Worth::new(instrument, &decimals),
            twice: 0,
            unit: 10_i128.pow(u32::from(instrument.price_decimals)),
        };
        let purse = |account: Account| {
            let mut balances = vec![0; assets.len()];
            for (asset, amount) in account.balances {
                if let Some(balance) = balances.get_mut(asset.index()) {
                    *balance += i128::from(amount);
                }
            }
            Purse { name: account.name, balances, contracts: Vec::new() }
        };
        Ledger {
            accounts: accounts.into_iter().map(purse).collect(),
            traded: instruments.iter().map(traded).collect(),
            cells: Vec::with_capacity(instruments.len() * strategies.len()),
            assets,
            strategies,
            marks,
            settings,
            unbooked: 0,
        }
    }

    /// Takes the best prices of an instrument, in its units; an empty side changes nothing.
    pub fn on_quote(&mut self, instrument: InstrumentId, bid: Price, ask: Price) {
        self.marks.on_quote(instrument, bid.0, ask.0);
        if let Some(traded) = self.traded.get_mut(instrument.index())
            && bid.0 > 0
            && ask.0 > 0
            && let Some(twice) = bid.0.checked_add(ask.0)
        {
            traded.twice = twice;
        }
    }

    /// Takes a report; all but fills pass by.
    pub fn on(&mut self, report: &Report) {
        if !report.is_fill() {
            return;
        }
        let worth = self.traded.get(report.instrument.index()).and_then(|traded| traded.worth);
        let account = self.accounts.get_mut(report.account.index());
        let (Some(worth), Some(account)) = (worth, account) else {
            self.unbooked += 1;
            return;
        };
        let side = report.terms.side;
        account.settle(&worth, report.instrument, side, &report.fill);
        let key = (report.strategy, report.account, report.instrument);
        let at = match self.cells.binary_search_by_key(&key, |cell| cell.key) {
            Ok(at) => at,
            Err(at) => {
                self.cells.insert(at, Cell::new(key, self.settings.lots));
                at
            }
        };
        self.cells[at].fill(&worth, side, &report.fill);
    }

    /// Every line: what each strategy did in each instrument on each account.
    pub fn lines(&self) -> Vec<Line> {
        self.cells.iter().filter_map(|cell| self.line(cell)).collect()
    }

    /// The sum of those lines that belong together.
    pub fn sheet(&self, by: By) -> Sheet {
        let mut sheet = Sheet::new();
        for cell in self.cells.iter().filter(|cell| cell.is_of(by)) {
            if let Some(line) = self.line(cell) {
                let volume = self.value(line.settles, line.turnover);
                sheet.add(&line, volume);
            }
        }
        sheet
    }

    /// What an account should hold of an asset, in its units; `None` where there is no such.
    pub fn balance(&self, account: AccountId, asset: AssetId) -> Option<i128> {
        self.accounts.get(account.index())?.balances.get(asset.index()).copied()
    }

    /// All accounts by name, with what they should hold, by asset.
    pub fn accounts(&self) -> impl Iterator<Item = (&str, &[i128])> {
        self.accounts.iter().map(|purse| (&*purse.name, &*purse.balances))
    }

    /// The assets, by id.
    pub fn assets(&self) -> &[Asset] {
        &self.assets
    }

    /// Names of the strategies, by id.
    pub fn strategies(&self) -> &[String] {
        &self.strategies
    }

    /// What assets are worth now.
    pub fn marks(&self) -> &Marks {
        &self.marks
    }

    /// Assets that nothing says the worth of, though fills or fees are in them.
    pub fn unmarked(&self) -> Vec<AssetId> {
        let mut missing = Vec::new();
        for line in self.lines() {
            let in_it = line.fees.iter().map(|(asset, _)| *asset).chain([line.settles]);
            missing.extend(in_it.filter(|asset| self.marks.rate(*asset).is_none()));
        }
        missing.sort_unstable();
        missing.dedup();
        missing
    }

    /// Fills of instruments whose assets are not known, or on accounts that are not: in no line
    /// and no balance.
    pub fn unbooked(&self) -> u64 {
        self.unbooked
    }

    fn line(&self, cell: &Cell) -> Option<Line> {
        let (strategy, account, instrument) = cell.key;
        let traded = self.traded.get(instrument.index())?;
        let worth = traded.worth?;
        let (qty, cost) = (cell.holding.qty(), cell.holding.cost());
        let realised = cell.holding.realised();
        let is_known = qty == 0 || traded.twice > 0;
        let unrealised =
            if is_known { worth.position(traded.twice, qty).map(|w| w - cost) } else { None };
        Some(Line {
            strategy,
            account,
            instrument,
            position: Qty(qty),
            average: traded.average(qty, cost),
            bought: cell.bought,
            sold: cell.sold,
            fills: cell.fills,
            turnover: cell.turnover,
            settles: worth.settles,
            realised,
            unrealised,
            fees: cell.fees.clone(),
            money: self.money(cell, worth.settles, realised, unrealised),
        })
    }

    fn money(
        &self,
        cell: &Cell,
        settles: AssetId,
        realised: i128,
        unrealised: Option<i128>,
    ) -> Money {
        let both = unrealised.and_then(|unrealised| self.value(settles, realised + unrealised));
        let realised = self.value(settles, realised);
        let fee = |total, (asset, fee): &(AssetId, i128)| sum(total, self.value(*asset, *fee));
        let fees = cell.fees.iter().fold(Some(0), fee);
        let less = |a: Option<i64>, b: Option<i64>| a?.checked_sub(b?);
        Money { realised, unrealised: less(both, realised), fees, total: less(both, fees) }
    }

    /// Units of an asset in units of the reckoning one.
    fn value(&self, asset: AssetId, amount: i128) -> Option<i64> {
        if amount == 0 {
            return Some(0);
        }
        self.marks.rate(asset)?.of_wide(amount)
    }
}

impl Traded {
    /// What one unit of a position cost, as a price: where the money that it would be worth is what
    /// it cost.
    fn average(&self, qty: i64, cost: i128) -> Option<Price> {
        let worth = self.worth?;
        if qty == 0 {
            return None;
        }
        // What it is worth at a price of one, and so by the rule of three.
        let one = worth.position(i64::try_from(2 * self.unit).ok()?, qty)?;
        let (over, under) = if worth.delivers.is_none() && one.signum() != i128::from(qty).signum()
        {
            (one.checked_mul(self.unit)?, cost)
        } else {
            (cost.checked_mul(self.unit)?, one)
        };
        if under == 0 {
            return None;
        }
        let (over, under) = (over * under.signum(), under.abs());
        let nearest = (2 * over + under).div_euclid(2 * under);
        i64::try_from(nearest).ok().map(Price)
    }
}

impl Purse {
    fn settle(&mut self, worth: &Worth, instrument: InstrumentId, side: Side, fill: &Fill) {
        let is_buy = side == Side::Buy;
        let money = if let Some(delivers) = worth.delivers {
            let qty = worth.delivered(fill.qty.0);
            self.add(delivers, if is_buy { qty } else { -qty });
            -worth.paid(is_buy, fill.amount)
        } else {
            let signed = if is_buy { fill.qty.0 } else { -fill.qty.0 };
            let contracts = self.contracts(instrument);
            let before = contracts.realised;
            contracts.trade(signed, worth.paid(is_buy, fill.amount));
            contracts.realised - before
        };
        self.add(worth.settles, money);
        self.add(fill.fee_asset, -i128::from(fill.fee));
    }

    fn contracts(&mut self, instrument: InstrumentId) -> &mut Position {
        let known = self.contracts.iter().position(|(of, _)| *of == instrument);
        let at = known.unwrap_or_else(|| {
            self.contracts.push((instrument, Position::default()));
            self.contracts.len() - 1
        });
        &mut self.contracts[at].1
    }

    fn add(&mut self, asset: AssetId, amount: i128) {
        if let Some(balance) = self.balances.get_mut(asset.index()) {
            *balance += amount;
        }
    }
}

impl Cell {
    fn new(key: Key, lots: Lots) -> Cell {
        let holding = Holding::new(lots);
        Cell { key, holding, bought: 0, sold: 0, turnover: 0, fills: 0, fees: Vec::new() }
    }

    fn is_of(&self, by: By) -> bool {
        let (strategy, account, instrument) = self.key;
        match by {
            By::Whole => true,
            By::Strategy(id) => id == strategy,
            By::Account(id) => id == account,
            By::Instrument(id) => id == instrument,
        }
    }

    fn fill(&mut self, worth: &Worth, side: Side, fill: &Fill) {
        let is_buy = side == Side::Buy;
        let signed = if is_buy { fill.qty.0 } else { -fill.qty.0 };
        self.holding.trade(signed, worth.paid(is_buy, fill.amount));
        let sum = if is_buy { &mut self.bought } else { &mut self.sold };
        *sum += i128::from(fill.qty.0);
        self.turnover += i128::from(fill.amount);
        self.fills += 1;
        if fill.fee != 0 {
            tally(&mut self.fees, fill.fee_asset, i128::from(fill.fee));
        }
    }
}
