//! `fills.log`: each fill that the ledger booked, for ever.

use serde_json::{Value, json};

use super::error::KeepError;
use super::line::Lines;
use super::names::Names;
use super::placed::{client, decimal, side, side_name};
use crate::base::{Decimal, Nanos, Side};
use crate::event::{ClientId, Liquidity, OrderState, Report};
use crate::stage::dispatch::client_id;
use crate::venue::trade::VenueOrder;

/// A fill, as it was logged.
#[derive(Clone, Debug, PartialEq)]
pub struct Filled {
    /// The account's name.
    pub account: String,
    /// The order, by our own name.
    pub client: ClientId,
    /// The strategy's name.
    pub strategy: String,
    /// The instrument's name, `venue:SYMBOL`.
    pub instrument: String,
    /// Buy or sell.
    pub side: Side,
    /// The price.
    pub price: Decimal,
    /// The quantity.
    pub qty: Decimal,
    /// What it came to, in units of the asset that it settles in.
    pub amount: i64,
    /// The fee; below zero where it is a rebate.
    pub fee: Decimal,
    /// In what the fee was taken.
    pub fee_asset: String,
    /// Maker or taker.
    pub liquidity: Liquidity,
    /// Filled of its order so far, with this one.
    pub total: Decimal,
    /// When we heard of it.
    pub at: Nanos,
}

/// The log of fills of a session.
#[derive(Debug)]
pub struct Fills {
    lines: Lines,
    names: Names,
    epoch: u32,
}

impl Fills {
    pub(super) const fn new(lines: Lines, names: Names, epoch: u32) -> Fills {
        Fills { lines, names, epoch }
    }

    /// Logs a report of this session's where it is about a fill, or says that an order is over; all
    /// others pass by. Written by [`Fills::turn`].
    pub fn on(&mut self, report: &Report) {
        let client = client_id(self.epoch, report.order);
        if report.is_fill() {
            self.lines.put(&line(report, &client, &self.names));
        }
        // What was denied was never sent, and a cancel that was refused ends no order.
        let is_sent = report.state != OrderState::Denied && !report.is_cancel_refusal;
        if report.state.is_over() && is_sent {
            self.over(&client, report.state, report.stamp.recv_ns);
        }
    }

    /// Logs that an order is over.
    pub fn over(&mut self, client: &ClientId, state: OrderState, at: Nanos) {
        let (client, state) = (client.text(), state.name());
        self.lines.put(&json!({ "client": client, "over": state, "at": at.0 }));
    }

    /// Logs the venue's id of an order: fills of the past are told by it.
    pub fn name_order(&mut self, client: &ClientId, order: VenueOrder) {
        let id = format!("{:x}", order.0);
        self.lines.put(&json!({ "client": client.text(), "venue_order": id }));
    }

    /// Logs a fill of another session's order, as reconciliation found it.
    pub fn repair(&mut self, report: &Report, client: &ClientId) {
        if report.is_fill() {
            self.lines.put(&line(report, client, &self.names));
        }
    }

    /// Writes what waits, and brings it to the disk by the policy; to be called about each
    /// millisecond. True where all of it is as safe as the policy wants it.
    pub fn turn(&mut self) -> Result<bool, KeepError> {
        self.lines.write()?;
        self.lines.settle()
    }

    /// Writes what waits, and brings it to the disk.
    pub fn finish(mut self) -> Result<(), KeepError> {
        self.lines.write()?;
        self.lines.sync()
    }
}

fn line(report: &Report, client: &ClientId, names: &Names) -> Value {
    let Report { instrument, fill, .. } = *report;
    json!({
        "account": names.account(report.account),
        "client": client.text(),
        "strategy": names.strategy(report.strategy),
        "instrument": names.instrument(instrument),
        "side": side_name(report.terms.side),
        "price": names.price(instrument, fill.price.0),
        "qty": names.qty(instrument, fill.qty.0),
        "amount": fill.amount,
        "fee": names.amount(fill.fee_asset, fill.fee),
        "fee_asset": names.asset(fill.fee_asset),
        "maker": fill.liquidity == Liquidity::Maker,
        "total": names.qty(instrument, report.filled.0),
        "at": report.stamp.recv_ns.0,
    })
}

impl Filled {
    /// Out of a line; `None` where it is another kind of line.
    pub(super) fn read(value: &Value) -> Option<Filled> {
        let is_maker = value["maker"].as_bool()?;
        Some(Filled {
            account: value["account"].as_str()?.to_owned(),
            client: client(&value["client"])?,
            strategy: value["strategy"].as_str()?.to_owned(),
            instrument: value["instrument"].as_str()?.to_owned(),
            side: side(&value["side"])?,
            price: decimal(&value["price"])?,
            qty: decimal(&value["qty"])?,
            amount: value["amount"].as_i64()?,
            fee: decimal(&value["fee"])?,
            fee_asset: value["fee_asset"].as_str()?.to_owned(),
            liquidity: if is_maker { Liquidity::Maker } else { Liquidity::Taker },
            total: decimal(&value["total"])?,
            at: Nanos(value["at"].as_i64()?),
        })
    }
}

/// The order of a line that says that it is over.
pub(super) fn read_over(value: &Value) -> Option<(ClientId, OrderState)> {
    let name = value["over"].as_str()?;
    let state = OrderState::ALL.into_iter().find(|state| state.name() == name)?;
    Some((client(&value["client"])?, state))
}

/// The order of a line that says its id at the venue.
pub(super) fn read_name(value: &Value) -> Option<(VenueOrder, ClientId)> {
    let id = u128::from_str_radix(value["venue_order"].as_str()?, 16).ok()?;
    Some((VenueOrder(id), client(&value["client"])?))
}
