//! What a run earned: its reports through the ledger, as JSON and as a table.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::table::Table;
use crate::base::{AssetId, Instrument, InstrumentId, Instruments, Price, StrategyId, render};
use crate::cold::latch::Names;
use crate::config::{Config, Resolved};
use crate::event::{Action, OrderState, Reason};
use crate::ledger::{By, Ledger, Money, Sheet};
use crate::pipeline::{Outcome, Output, OutputHash, Put};

/// A ledger that books a run, output by output.
pub(super) struct Account {
    ledger: Ledger,
    tally: Tally,
    hash: OutputHash,
    currency: String,
    decimals: u8,
    notes: Vec<String>,
    /// What strategies may trade of the tape.
    traded: Vec<InstrumentId>,
}

/// What happened to orders, by the count.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) orders: u64,
    pub(super) cancels: u64,
    pub(super) fills: u64,
    pub(super) rejected: u64,
    pub(super) expired: u64,
}

/// What a run came to.
pub(super) struct Settled {
    ledger: Ledger,
    currency: String,
    decimals: u8,
    tally: Tally,
    hash: String,
    denied: Vec<(&'static str, u64)>,
    /// What a user should know of how it was reckoned.
    notes: Vec<String>,
    traded: Vec<InstrumentId>,
    /// In which way orders were filled.
    mode: &'static str,
}

impl Account {
    pub(super) fn new(config: &Config, resolved: &Resolved, notes: Vec<String>) -> Account {
        let asset = &resolved.assets[resolved.reporting.index()];
        let strategies = &resolved.trading.strategies.strategies;
        let names = strategies.iter().map(|strategy| strategy.name.clone()).collect();
        Account {
            ledger: resolved.ledger(names, &config.paper),
            tally: Tally::default(),
            hash: OutputHash::default(),
            currency: asset.name.clone(),
            decimals: asset.decimals,
            notes,
            traded: strategies.iter().flat_map(|s| s.instruments.iter().copied()).collect(),
        }
    }

    /// What the ids of the risk gate's state stand for.
    pub(super) fn names(&self, instruments: &Instruments) -> Names {
        Names {
            instruments: instruments.iter().map(Instrument::name).collect(),
            accounts: self.ledger.accounts().map(|(name, _)| name.to_owned()).collect(),
            strategies: self.ledger.strategies().to_vec(),
            assets: self.ledger.assets().iter().map(|asset| asset.name.clone()).collect(),
            reckoning: self.currency.clone(),
            decimals: self.decimals,
        }
    }

    /// Adds what a user should know of how it is reckoned.
    pub(super) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// Books what went out or came back.
    pub(super) fn on(&mut self, output: &Output) {
        self.hash.add(output);
        match &output.put {
            Put::Sent { action: Action::Place, .. } => self.tally.orders += 1,
            Put::Sent { .. } => self.tally.cancels += 1,
            Put::Report(report) => {
                self.tally.fills += u64::from(report.is_fill());
                self.tally.rejected += u64::from(report.state == OrderState::Rejected);
                self.tally.expired += u64::from(report.state == OrderState::Expired);
                self.ledger.on(report);
            }
        }
    }

    /// What happened to orders so far.
    pub(super) const fn tally(&self) -> Tally {
        self.tally
    }

    /// Books what is left of a run, and what its books and its gate say at the end.
    pub(super) fn settle(mut self, outcome: &Outcome) -> Settled {
        outcome.outputs.iter().for_each(|output| self.on(output));
        for (n, book) in outcome.books.iter().enumerate() {
            if let (Some(bid), Some(ask)) = (book.bids.first(), book.asks.first()) {
                let id = InstrumentId(n as u32);
                self.ledger.on_quote(id, Price(bid.price), Price(ask.price));
            }
        }
        if let Some(halt) = outcome.gate.halted() {
            let (reason, since) = (halt.reason.name(), halt.since);
            self.notes.push(format!("trading is halted: {reason}, since {since}"));
        }
        let counted = Reason::ALL.into_iter().zip(outcome.denied);
        Settled {
            ledger: self.ledger,
            currency: self.currency,
            decimals: self.decimals,
            tally: self.tally,
            hash: self.hash.text(),
            denied: counted.filter(|(_, n)| *n > 0).map(|(r, n)| (r.name(), n)).collect(),
            notes: self.notes,
            traded: self.traded,
            mode: "Paper trading",
        }
    }
}

impl Settled {
    /// Says in which way orders were filled.
    pub(super) fn filled(&mut self, mode: &'static str) {
        self.mode = mode;
    }

    /// What happened to orders.
    pub(super) const fn tally(&self) -> Tally {
        self.tally
    }

    /// What all accounts should hold.
    pub(super) const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The parts of the JSON object of a run.
    pub(super) fn object(&self) -> Map<String, Value> {
        let whole = self.ledger.sheet(By::Whole);
        let per_strategy: Map<String, Value> = self
            .strategies()
            .map(|(name, sheet)| (name.to_owned(), self.sheet_object(&sheet)))
            .collect();
        let mut pnl = self.sheet_object(&whole);
        pnl["currency"] = json!(self.currency);
        pnl["notes"] = json!(self.notes);
        pnl["per_strategy"] = json!(per_strategy);
        pnl["balances"] = self.balances();
        let denied: Map<String, Value> =
            self.denied.iter().map(|(name, n)| ((*name).to_owned(), json!(n))).collect();
        let object = json!({
            "orders": self.tally.orders,
            "cancels": self.tally.cancels,
            "fills": self.tally.fills,
            "rejected": self.tally.rejected,
            "expired": self.tally.expired,
            "denied": denied,
            "pnl": pnl,
            "output_hash": self.hash,
        });
        match object {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }

    fn strategies(&self) -> impl Iterator<Item = (&str, Sheet)> {
        let named = self.ledger.strategies().iter().enumerate();
        named
            .map(|(n, name)| (name.as_str(), self.ledger.sheet(By::Strategy(StrategyId(n as u16)))))
    }

    fn sheet_object(&self, sheet: &Sheet) -> Value {
        let Money { realised, unrealised, fees, total } = sheet.money;
        let money = |units: Option<i64>| units.map(|units| render(units, self.decimals));
        json!({
            "realised": money(realised),
            "unrealised": money(unrealised),
            "fees": money(fees),
            "total": money(total),
            "volume": money(sheet.volume),
            "fills": sheet.fills,
            "fees_by_asset": self.amounts(&sheet.fees),
        })
    }

    fn amounts(&self, amounts: &[(AssetId, i128)]) -> Value {
        let amount = |(asset, units): &(AssetId, i128)| {
            let asset = &self.ledger.assets()[asset.index()];
            let units = i64::try_from(*units).ok().map(|units| render(units, asset.decimals));
            (asset.name.clone(), json!(units))
        };
        Value::Object(amounts.iter().map(amount).collect())
    }

    fn balances(&self) -> Value {
        let account = |(name, balances): (&str, &[i128])| {
            let held = balances.iter().enumerate().filter(|(_, units)| **units != 0);
            let held: Vec<_> = held.map(|(n, units)| (AssetId(n as u16), *units)).collect();
            (name.to_owned(), self.amounts(&held))
        };
        Value::Object(self.ledger.accounts().map(account).collect())
    }

    /// As a person wants to see it; empty where nothing was ordered.
    pub(super) fn text(&self) -> String {
        if self.tally.orders == 0 && self.denied.is_empty() {
            let mut text = String::from("\nPaper trading: nothing was ordered\n");
            if self.traded.is_empty() {
                text.push_str(
                    "note: no strategy trades an instrument of this recording (`config check` \
                     lists them)\n",
                );
            }
            self.tell_notes(&mut text);
            return text;
        }
        let Tally { orders, cancels, fills, rejected, expired } = self.tally;
        let mode = self.mode;
        let mut text = format!(
            "\n{mode}: {orders} orders, {cancels} cancels, {fills} fills, {expired} \
             expired, {rejected} rejected by venues\n"
        );
        let currency = format!("total {}", self.currency);
        let head = ["strategy", "fills", "volume", "realised", "unrealised", "fees", &currency];
        let mut table = Table::new(&head);
        let whole = self.ledger.sheet(By::Whole);
        for (name, sheet) in self.strategies().chain([("all", whole)]) {
            let Money { realised, unrealised, fees, total } = sheet.money;
            let money = |units: Option<i64>| {
                units.map_or_else(|| String::from("?"), |units| cents(units, self.decimals))
            };
            table.row(vec![
                name.to_owned(),
                sheet.fills.to_string(),
                money(sheet.volume),
                money(realised),
                money(unrealised),
                money(fees),
                money(total),
            ]);
        }
        text.push_str(&table.render());
        if !self.denied.is_empty() {
            let denied: Vec<_> =
                self.denied.iter().map(|(name, n)| format!("{name} {n}")).collect();
            let _ = writeln!(text, "denied by the risk gate: {}", denied.join(", "));
        }
        self.tell_notes(&mut text);
        let _ = writeln!(text, "output hash {}", &self.hash[..16]);
        text
    }

    fn tell_notes(&self, text: &mut String) {
        for note in &self.notes {
            let _ = writeln!(text, "note: {note}");
        }
    }
}

/// An amount rounded to hundredths, for the eye.
fn cents(units: i64, decimals: u8) -> String {
    if decimals <= 2 {
        return render(units, decimals);
    }
    let unit = 10_i64.pow(u32::from(decimals - 2));
    let half = unit / 2;
    render((units + units.signum() * half) / unit, 2)
}
