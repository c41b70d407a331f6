//! What we know of an account: the orders that our records have, and what it should hold.

use std::collections::{BTreeMap, BTreeSet};

use super::repair::Repair;
use crate::base::{AccountId, AssetId, InstrumentId, Nanos, Side, StrategyId};
use crate::event::{ClientId, OrderState, Terms};
use crate::ledger::worth::{Toward, Worth};
use crate::limits::CLIENT_ID_BYTES;

/// A name as the key of a table.
pub(super) type Key = [u8; CLIENT_ID_BYTES];

/// An order of ours, as the records have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Our own name of it.
    pub client: ClientId,
    /// Who wanted it; `None` where no record says so.
    pub strategy: Option<StrategyId>,
    /// The intent that it served.
    pub intent: u64,
    /// The instrument.
    pub instrument: InstrumentId,
    /// What was to be placed; its quantity is 0 where no record says it.
    pub terms: Terms,
    /// When it was about to be sent.
    pub placed_at: Nanos,
    /// Filled of it, by the fills that were booked.
    pub filled: i64,
    /// What these came to, in units of the asset that the instrument settles in.
    pub amount: i64,
    /// What they cost, by asset.
    pub fees: Vec<(AssetId, i64)>,
    /// How it ended, where that is known.
    pub end: Option<OrderState>,
}

/// What we know of an account.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// The account.
    pub account: AccountId,
    /// Number of the session that runs: its own orders are its dispatch's matter, not ours.
    pub epoch: u32,
    /// Nothing of the session that runs is on its way, so that its orders are compared, too.
    pub is_quiet: bool,
    /// What the account should hold, by asset; what is not here is not compared.
    pub balances: BTreeMap<AssetId, i128>,
    pub(super) orders: BTreeMap<Key, Known>,
    /// Fills of others that the balances hold already.
    pub(super) foreign: BTreeSet<(InstrumentId, u128)>,
}

impl Record {
    /// Of an account without orders, for the session of this number.
    pub fn new(account: AccountId, epoch: u32) -> Record {
        Record { account, epoch, ..Record::default() }
    }

    /// Adds an order.
    pub fn place(&mut self, order: Known) {
        self.orders.insert(order.client.0, order);
    }

    /// An order by our name.
    pub fn order(&self, client: &ClientId) -> Option<&Known> {
        self.orders.get(&client.0)
    }

    /// An order by our name, to be changed.
    pub fn order_mut(&mut self, client: &ClientId) -> Option<&mut Known> {
        self.orders.get_mut(&client.0)
    }

    /// All orders, by our names.
    pub fn orders(&self) -> impl Iterator<Item = &Known> {
        self.orders.values()
    }

    /// Takes a repair into the record: what was booked is known then, and is not found again. A
    /// balance should be taken only when it was found twice in a row: lists of fills and balances
    /// are not of the same moment.
    pub fn apply(&mut self, repair: &Repair, worth: &[Option<Worth>]) {
        match repair {
            Repair::Adopt(order) => self.place(order.clone()),
            Repair::Book(booking) => {
                let client = booking.client;
                let Some(order) = self.orders.get_mut(&client.0) else { return };
                let (instrument, side) = (order.instrument, order.terms.side);
                order.filled += booking.fill.qty.0;
                order.amount += booking.fill.amount;
                order.pay(booking.fill.fee_asset, booking.fill.fee);
                let fill = &booking.fill;
                let moves = moves(worth, instrument, side, fill.qty.0, fill.amount);
                self.add_all(moves);
                self.add(fill.fee_asset, -i128::from(fill.fee));
            }
            Repair::Fee { client, asset, ours, venues } => {
                let more = venues - ours;
                if let Some(order) = self.orders.get_mut(&client.0) {
                    order.pay(*asset, more);
                }
                self.add(*asset, -i128::from(more));
            }
            Repair::ForeignFill(past) => {
                let amount = amount(worth, past.instrument, past.price, past.qty).unwrap_or(0);
                self.add_all(moves(worth, past.instrument, past.side, past.qty, amount));
                self.add(past.fee_asset, -i128::from(past.fee));
                self.foreign.insert((past.instrument, past.id));
            }
            Repair::Ended { client, state } => {
                if let Some(order) = self.orders.get_mut(&client.0) {
                    order.end = Some(*state);
                }
            }
            Repair::Balance { asset, venues, .. } => {
                self.balances.insert(*asset, *venues);
            }
            _ => {}
        }
    }

    fn add_all(&mut self, moves: [Option<(AssetId, i128)>; 2]) {
        for (asset, amount) in moves.into_iter().flatten() {
            self.add(asset, amount);
        }
    }

    fn add(&mut self, asset: AssetId, amount: i128) {
        if let Some(balance) = self.balances.get_mut(&asset) {
            *balance += amount;
        }
    }
}

impl Known {
    /// An order of which no more is known than that it was sent, at some time.
    pub fn bare(client: ClientId, instrument: InstrumentId, terms: Terms) -> Known {
        Known {
            client,
            strategy: None,
            intent: 0,
            instrument,
            terms,
            placed_at: Nanos(i64::MIN / 2),
            filled: 0,
            amount: 0,
            fees: Vec::new(),
            end: None,
        }
    }

    /// What it cost in an asset.
    pub fn fee(&self, asset: AssetId) -> i64 {
        self.fees.iter().find(|(of, _)| *of == asset).map_or(0, |(_, fee)| *fee)
    }

    /// Adds a fee.
    pub fn pay(&mut self, asset: AssetId, fee: i64) {
        match self.fees.iter_mut().find(|(of, _)| *of == asset) {
            Some((_, known)) => *known += fee,
            None if fee != 0 => self.fees.push((asset, fee)),
            None => {}
        }
    }
}

/// What a fill comes to, to the nearest unit of the asset that its instrument settles in; `None`
/// where the instrument's assets are not known.
pub(super) fn amount(
    worth: &[Option<Worth>],
    instrument: InstrumentId,
    price: i64,
    qty: i64,
) -> Option<i64> {
    let worth = worth.get(instrument.index())?.as_ref()?;
    // Twice the amount, rounded down, is odd where the amount is to be rounded up.
    let twice = if worth.delivers.is_some() {
        worth.of(price.checked_mul(4)?, qty, Toward::Down)?
    } else {
        worth.of(price.checked_mul(2)?, qty.checked_mul(2)?, Toward::Down)?
    };
    i64::try_from((twice + 1).div_euclid(2)).ok()
}

/// What a fill moves on spot, fees apart: what is delivered, and what it is paid with. A future
/// moves money when it is closed, which is the ledger's matter.
fn moves(
    worth: &[Option<Worth>],
    instrument: InstrumentId,
    side: Side,
    qty: i64,
    amount: i64,
) -> [Option<(AssetId, i128)>; 2] {
    let Some(Some(worth)) = worth.get(instrument.index()) else { return [None, None] };
    let Some(delivers) = worth.delivers else { return [None, None] };
    let is_buy = side == Side::Buy;
    let qty = worth.delivered(qty);
    [
        Some((delivers, if is_buy { qty } else { -qty })),
        Some((worth.settles, -worth.paid(is_buy, amount))),
    ]
}
