//! Reconciliation: what our records and the venue disagree about, and what is to be done.
//!
//! In: what we know of an account ([`Record`]), what the venue says of it ([`Told`]). Out:
//! [`Repairs`], in the order in which they are to be done.
//! Never: a fill that is booked twice, an order of others that is touched, an order that is taken
//! for over because nobody speaks of it.
//!
//! Fills are matched by totals: our fills are differences of totals, so one of ours may be several
//! of the venue's. What the venue's fills of an order come to beyond ours is booked as one fill, so
//! that after it quantity, amount and fee of the order are the venue's to the unit.
//!
//! It is called again when something new is told: after each connection, after answers to what it
//! asks, from time to time. Repairs that were done and taken into the record do not come again.

mod known;
mod repair;
mod told;
#[cfg(test)]
mod scene;

pub use known::{Known, Record};
pub use repair::{Booking, Naming, Repair, RepairKind};
pub use told::{Answer, Became, Told};

use std::collections::{BTreeMap, BTreeSet};

use known::Key;

use super::worth::Worth;
use crate::base::{AssetId, Nanos, Price, Qty};
use crate::event::{ClientId, Fill, OrderState, Style, Terms};
use crate::stage::dispatch::order_of;
use crate::venue::trade::{Listing, Past, Standing};

/// What records and venue disagree about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Repairs {
    /// In the order in which they are to be done.
    pub all: Vec<Repair>,
    /// All was told and answered: with these repairs done, there is nothing more to find out.
    pub is_settled: bool,
}

/// A venue's clock and ours may be so far apart: fills that are so much older than what was asked
/// for may be missing in its list.
const CLOCKS_APART_NS: i64 = 60 * Nanos::SECOND;

/// The venue's fills of one order.
#[derive(Clone, Debug, Default)]
struct Sum {
    qty: i64,
    amount: i64,
    fees: Vec<(AssetId, i64)>,
    pieces: i64,
    last: Option<Past>,
}

/// Finds out what is to be done. `worth` says what fills come to, by instrument.
pub fn reconcile(record: &Record, told: &Told, worth: &[Option<Worth>]) -> Repairs {
    let strays = Vec::new();
    let mut found = Finding { record, told, worth, strays, all: Vec::new(), is_settled: true };
    let sums = found.sums();
    found.standing();
    let mut adopted = found.adopt(&sums);
    adopted.extend(record.orders.values().cloned());
    for order in &adopted {
        found.order(order, sums.get(&order.client.0).unwrap_or(&Sum::default()));
    }
    found.strays();
    for listing in [Listing::Orders, Listing::Balances, Listing::Fills] {
        found.is_settled &= told.is_whole(listing);
    }
    if found.is_settled {
        found.balances();
    }
    Repairs { all: found.all, is_settled: found.is_settled }
}

/// How many repairs of each kind there are.
pub fn counts(repairs: &[Repair]) -> [u64; RepairKind::ALL.len()] {
    let mut counts = [0; _];
    for repair in repairs {
        counts[repair.kind() as usize] += 1;
    }
    counts
}

struct Finding<'a> {
    record: &'a Record,
    told: &'a Told,
    worth: &'a [Option<Worth>],
    /// Fills whose order is not known, or not ours.
    strays: Vec<Past>,
    all: Vec<Repair>,
    is_settled: bool,
}

impl Finding<'_> {
    /// The venue's fills by order; those of no order are set aside.
    fn sums(&mut self) -> BTreeMap<Key, Sum> {
        let mut sums: BTreeMap<Key, Sum> = BTreeMap::new();
        for past in self.told.fills.values() {
            let client = self.told.name(past).filter(|client| self.is_ours(client));
            let amount = known::amount(self.worth, past.instrument, past.price, past.qty);
            match (client, amount) {
                (Some(client), Some(amount)) => {
                    sums.entry(client.0).or_default().add(past, amount);
                }
                _ => self.strays.push(*past),
            }
        }
        sums
    }

    /// Is it an order whose record is ours to keep: of an earlier session, or of this one?
    fn is_ours(&self, client: &ClientId) -> bool {
        order_of(client).is_some_and(|(epoch, _)| epoch <= self.record.epoch)
    }

    /// Is it an order of the session that runs, and so its dispatch's matter?
    fn is_tended(&self, client: &ClientId) -> bool {
        !self.record.is_quiet
            && order_of(client).is_some_and(|(epoch, _)| epoch == self.record.epoch)
    }

    fn standing(&mut self) {
        for standing in &self.told.standing {
            let ours = standing.client.and_then(|client| Some((client, order_of(&client)?.0)));
            self.all.push(match ours {
                None => Repair::Foreign(*standing),
                Some((_, epoch)) if epoch > self.record.epoch => {
                    Repair::Later { standing: *standing, epoch }
                }
                // An order of this session that no record has is tended by nobody.
                Some((client, epoch))
                    if epoch == self.record.epoch && self.record.order(&client).is_some() =>
                {
                    continue;
                }
                Some(_) => {
                    // What it is filled until it is gone is not told yet.
                    self.is_settled = false;
                    Repair::Cancel(*standing)
                }
            });
        }
    }

    /// Orders of ours that the venue speaks of and no record has.
    fn adopt(&mut self, sums: &BTreeMap<Key, Sum>) -> Vec<Known> {
        let standing = self.told.standing.iter();
        let standing = standing.filter_map(|one| Some(of_standing(one, one.client?)));
        let filled = sums.iter().filter_map(|(key, sum)| {
            let past = sum.last?;
            Some(of_past(&past, ClientId(*key)))
        });
        let mut adopted: Vec<Known> = Vec::new();
        for order in standing.chain(filled) {
            let is_known = self.record.order(&order.client).is_some()
                || adopted.iter().any(|known| known.client == order.client);
            if self.is_ours(&order.client) && !self.is_tended(&order.client) && !is_known {
                self.all.push(Repair::Adopt(order.clone()));
                adopted.push(order);
            }
        }
        adopted
    }

    fn order(&mut self, order: &Known, sum: &Sum) {
        if self.is_tended(&order.client) {
            return;
        }
        let client = order.client;
        // Of older orders the venue's list may lack some fills, and some in it may not be known as
        // this order's yet.
        let is_covered = self.told.is_whole(Listing::Fills)
            && order.placed_at.0 - CLOCKS_APART_NS >= self.told.since.0
            && (self.told.is_named(&client) || !self.strays.iter().any(|past| may_be(order, past)));
        if sum.qty > order.filled {
            self.book(order, sum);
        } else if sum.qty < order.filled && is_covered {
            let (ours, venues) = (order.filled, sum.qty);
            self.all.push(Repair::Surplus { client, ours, venues });
        } else if sum.qty == order.filled {
            // Both sides round each piece to a unit.
            let assets = order.fees.iter().chain(&sum.fees).map(|(asset, _)| *asset);
            let assets: BTreeSet<AssetId> = assets.collect();
            for asset in assets.into_iter().filter(|asset| *asset != AssetId::NONE) {
                let (ours, venues) = (order.fee(asset), sum.fee(asset));
                if (venues - ours).abs() > sum.pieces {
                    self.all.push(Repair::Fee { client, asset, ours, venues });
                }
            }
            let (ours, venues) = (order.amount, sum.amount);
            if (venues - ours).abs() > sum.pieces {
                self.all.push(Repair::Amount { client, ours, venues });
            }
        }
        if order.end.is_none() {
            self.end(order, sum.qty.max(order.filled));
        }
    }

    /// Books what the venue's totals of an order are beyond ours.
    fn book(&mut self, order: &Known, sum: &Sum) {
        let Some(last) = sum.last else { return };
        let (qty, amount) = (sum.qty - order.filled, (sum.amount - order.amount).max(0));
        let mut fees: Vec<(AssetId, i64)> =
            sum.fees.iter().map(|(asset, fee)| (*asset, fee - order.fee(*asset))).collect();
        fees.retain(|(asset, fee)| *fee != 0 && *asset != AssetId::NONE);
        let (fee_asset, fee) = fees.pop().unwrap_or((last.fee_asset, 0));
        let price = if qty == last.qty { last.price } else { self.mean(order, qty, amount, &last) };
        let terms = order.terms;
        let is_filled = terms.qty.0 > 0 && sum.qty >= terms.qty.0;
        let state = if is_filled {
            OrderState::Filled
        } else {
            order.end.unwrap_or(OrderState::PartlyFilled)
        };
        let liquidity = last.liquidity;
        self.all.push(Repair::Book(Booking {
            client: order.client,
            account: self.record.account,
            strategy: order.strategy,
            intent: order.intent,
            instrument: order.instrument,
            terms,
            fill: Fill { price: Price(price), qty: Qty(qty), amount, fee, fee_asset, liquidity },
            total: sum.qty,
            state,
            at: last.at,
        }));
        for (asset, more) in fees {
            let ours = order.fee(asset);
            let client = order.client;
            self.all.push(Repair::Fee { client, asset, ours, venues: ours + more });
        }
    }

    /// The price at which a quantity comes to an amount, to the nearest unit; the last fill's where
    /// that cannot be said.
    fn mean(&self, order: &Known, qty: i64, amount: i64, last: &Past) -> i64 {
        let at = |price: i64| known::amount(self.worth, order.instrument, price, qty);
        let Some(one) = at(last.price).filter(|one| *one > 0 && amount > 0) else {
            return last.price;
        };
        let worth = self.worth.get(order.instrument.index()).copied().flatten();
        let (over, under) = match worth {
            Some(worth) if worth.delivers.is_some() => (amount, one),
            _ => return last.price,
        };
        let (over, under) = (i128::from(over) * i128::from(last.price), i128::from(under));
        i64::try_from((2 * over + under).div_euclid(2 * under)).unwrap_or(last.price)
    }

    /// What became of an order of which no record says that it is over.
    fn end(&mut self, order: &Known, filled: i64) {
        let client = order.client;
        let is_standing = self.told.standing.iter().any(|one| one.client == Some(client));
        if is_standing {
            return;
        }
        if order.terms.qty.0 > 0 && filled >= order.terms.qty.0 {
            self.all.push(Repair::Ended { client, state: OrderState::Filled });
            return;
        }
        if !self.told.is_whole(Listing::Orders) {
            return;
        }
        match self.told.answers.get(&client.0).map(|answer| answer.became) {
            Some(Became::NeverArrived) if filled == 0 => {
                self.all.push(Repair::Ended { client, state: OrderState::Rejected });
            }
            // Where the list of fills lags, what it lacks is told later.
            Some(Became::Over { state, filled: told }) if told <= filled => {
                self.all.push(Repair::Ended { client, state });
            }
            Some(Became::Over { .. }) => self.is_settled = false,
            // It was open when it was asked for, and is in no list: lists and answers crossed.
            Some(Became::NeverArrived | Became::Open) | None => {
                self.is_settled = false;
                self.all.push(Repair::Ask { client, instrument: order.instrument });
            }
        }
    }

    fn strays(&mut self) {
        for past in &std::mem::take(&mut self.strays) {
            let name = self.told.name(past);
            if name.is_some_and(|client| self.is_tended(&client)) {
                continue;
            }
            let is_foreign = name.is_some_and(|client| !self.is_ours(&client));
            if !is_foreign && self.ask_for(past) {
                self.is_settled = false;
                self.all.push(Repair::Unattributed(*past));
            } else if !self.record.foreign.contains(&(past.instrument, past.id)) {
                self.all.push(Repair::ForeignFill(*past));
            }
        }
    }

    /// Asks for orders that a fill may be of, as the venue tells fills by its own ids: those that
    /// were filled first. False where there is none left to ask for.
    fn ask_for(&mut self, past: &Past) -> bool {
        let record = self.record;
        let may = record.orders.values().filter(|order| {
            may_be(order, past)
                && !self.is_tended(&order.client)
                && !self.told.is_named(&order.client)
        });
        let may: Vec<&Known> = may.collect();
        let is_filled = |order: &&Known| order.filled > 0 || order.end.is_none();
        let is_any_filled = may.iter().any(is_filled);
        for order in may.iter().filter(|order| !is_any_filled || is_filled(order)) {
            let ask = Repair::Ask { client: order.client, instrument: order.instrument };
            if !self.all.contains(&ask) {
                self.all.push(ask);
            }
        }
        !may.is_empty()
    }

    /// Balances, with the repairs so far done.
    fn balances(&mut self) {
        let mut after = self.record.clone();
        for repair in &self.all {
            after.apply(repair, self.worth);
        }
        // Each piece is rounded to a unit, by the venue and by us.
        let slack = self.told.fills.len() as i128;
        for (asset, ours) in &after.balances {
            let named = self.told.balances.values().filter(|told| told.asset == *asset);
            let venues: i128 = named.map(|told| i128::from(told.total)).sum();
            if (venues - ours).abs() > slack {
                self.all.push(Repair::Balance { asset: *asset, ours: *ours, venues });
            }
        }
    }
}

impl Sum {
    fn add(&mut self, past: &Past, amount: i64) {
        self.qty = self.qty.saturating_add(past.qty);
        self.amount = self.amount.saturating_add(amount);
        self.pieces += 1;
        match self.fees.iter_mut().find(|(asset, _)| *asset == past.fee_asset) {
            Some((_, fee)) => *fee = fee.saturating_add(past.fee),
            None => self.fees.push((past.fee_asset, past.fee)),
        }
        if self.last.is_none_or(|last| (last.at, last.id) <= (past.at, past.id)) {
            self.last = Some(*past);
        }
    }

    fn fee(&self, asset: AssetId) -> i64 {
        self.fees.iter().find(|(of, _)| *of == asset).map_or(0, |(_, fee)| *fee)
    }
}

/// Does nothing speak against a fill's being this order's?
fn may_be(order: &Known, past: &Past) -> bool {
    order.instrument == past.instrument && order.terms.side == past.side
}

/// What an open order shows of an order without a record.
fn of_standing(standing: &Standing, client: ClientId) -> Known {
    let Standing { instrument, side, price, qty, .. } = *standing;
    let terms = Terms { price: Price(price), qty: Qty(qty), side, style: Style::Limit };
    Known::bare(client, instrument, terms)
}

/// What a fill shows of an order without a record.
fn of_past(past: &Past, client: ClientId) -> Known {
    let terms =
        Terms { price: Price(past.price), qty: Qty(0), side: past.side, style: Style::Limit };
    Known::bare(client, past.instrument, terms)
}
