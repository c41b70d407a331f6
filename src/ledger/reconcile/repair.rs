//! What is to be done where records and venue disagree, each with a text and a counter.

use super::known::Known;
use crate::base::{
    AccountId, AssetId, Instrument, InstrumentId, Instruments, Nanos, Qty, Side, StrategyId, render,
};
use crate::event::{ClientId, Fill, OrderState, Reasons, Report, Stamp, Terms};
use crate::stage::dispatch::order_of;
use crate::venue::trade::{Past, Standing};

/// One thing that records and venue disagree about, and what is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Repair {
    /// An order of ours is open that no session tends any more: to be cancelled.
    Cancel(Standing),
    /// An open order that is not ours: never touched.
    Foreign(Standing),
    /// An open order with our mark and the number of a session later than this one: another
    /// instance trades this account, or the state folder is an old copy. Not touched.
    Later {
        /// The order.
        standing: Standing,
        /// The number.
        epoch: u32,
    },
    /// An order has our name and no record: it is taken into the record.
    Adopt(Known),
    /// Fills that we lack: to be booked, as one.
    Book(Booking),
    /// We booked more than the venue has.
    Surplus {
        /// The order.
        client: ClientId,
        /// Filled by our record.
        ours: i64,
        /// Filled by the venue's.
        venues: i64,
    },
    /// The venue took another fee than we booked.
    Fee {
        /// The order.
        client: ClientId,
        /// In what.
        asset: AssetId,
        /// By our record.
        ours: i64,
        /// By the venue's.
        venues: i64,
    },
    /// The same quantity came to another amount than we booked.
    Amount {
        /// The order.
        client: ClientId,
        /// By our record.
        ours: i64,
        /// By the venue's.
        venues: i64,
    },
    /// An order of ours is over, and we did not know.
    Ended {
        /// The order.
        client: ClientId,
        /// How.
        state: OrderState,
    },
    /// What became of an order is not known: the venue is to be asked by our name.
    Ask {
        /// The order.
        client: ClientId,
        /// Its instrument.
        instrument: InstrumentId,
    },
    /// A fill of an order that may be one of those asked for.
    Unattributed(Past),
    /// A fill of an order that is not ours.
    ForeignFill(Past),
    /// The account holds another amount than it should.
    Balance {
        /// Of which asset.
        asset: AssetId,
        /// By our record and the fills of the venue.
        ours: i128,
        /// By the venue's word.
        venues: i128,
    },
}

/// Fills of one order that we lack, together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Booking {
    /// The order.
    pub client: ClientId,
    /// The account.
    pub account: AccountId,
    /// Who wanted it, where a record says so.
    pub strategy: Option<StrategyId>,
    /// The intent that it served.
    pub intent: u64,
    /// The instrument.
    pub instrument: InstrumentId,
    /// What was to be placed.
    pub terms: Terms,
    /// All of them as one fill: quantity, amount and fee are what the venue's totals are beyond
    /// ours, the price is their mean.
    pub fill: Fill,
    /// Filled of the order with it.
    pub total: i64,
    /// Where the order stands then.
    pub state: OrderState,
    /// When the last of them was.
    pub at: Nanos,
}

/// Kinds of repairs, for counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum RepairKind {
    /// See [`Repair::Cancel`]; the others likewise.
    Cancel = 0,
    /// An open order of others.
    Foreign = 1,
    /// An open order of a later session.
    Later = 2,
    /// An order without a record.
    Adopt = 3,
    /// Fills that we lacked.
    Book = 4,
    /// Fills that the venue lacks.
    Surplus = 5,
    /// Another fee.
    Fee = 6,
    /// Another amount.
    Amount = 7,
    /// An order that was over.
    Ended = 8,
    /// An order to ask for.
    Ask = 9,
    /// A fill of an order that is not known yet.
    Unattributed = 10,
    /// A fill of others.
    ForeignFill = 11,
    /// Another balance.
    Balance = 12,
}

/// What ids stand for in texts.
#[derive(Clone, Copy, Debug)]
pub struct Naming<'a> {
    /// The instruments.
    pub instruments: &'a Instruments,
    /// The assets, by id: their names, and the decimals of their amounts.
    pub assets: &'a [(String, u8)],
}

impl RepairKind {
    /// All, by their number.
    pub const ALL: [RepairKind; 13] = [
        RepairKind::Cancel,
        RepairKind::Foreign,
        RepairKind::Later,
        RepairKind::Adopt,
        RepairKind::Book,
        RepairKind::Surplus,
        RepairKind::Fee,
        RepairKind::Amount,
        RepairKind::Ended,
        RepairKind::Ask,
        RepairKind::Unattributed,
        RepairKind::ForeignFill,
        RepairKind::Balance,
    ];

    /// As in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            RepairKind::Cancel => "cancel",
            RepairKind::Foreign => "foreign",
            RepairKind::Later => "later_session",
            RepairKind::Adopt => "adopt",
            RepairKind::Book => "book",
            RepairKind::Surplus => "surplus",
            RepairKind::Fee => "fee",
            RepairKind::Amount => "amount",
            RepairKind::Ended => "ended",
            RepairKind::Ask => "ask",
            RepairKind::Unattributed => "unattributed",
            RepairKind::ForeignFill => "foreign_fill",
            RepairKind::Balance => "balance",
        }
    }

    /// Is it a break: records and venue disagree, and nothing that was done makes them agree?
    pub const fn is_break(self) -> bool {
        matches!(
            self,
            RepairKind::Later
                | RepairKind::Surplus
                | RepairKind::Fee
                | RepairKind::Amount
                | RepairKind::ForeignFill
                | RepairKind::Balance
        )
    }
}

impl Repair {
    /// Its kind.
    pub const fn kind(&self) -> RepairKind {
        match self {
            Repair::Cancel(_) => RepairKind::Cancel,
            Repair::Foreign(_) => RepairKind::Foreign,
            Repair::Later { .. } => RepairKind::Later,
            Repair::Adopt(_) => RepairKind::Adopt,
            Repair::Book(_) => RepairKind::Book,
            Repair::Surplus { .. } => RepairKind::Surplus,
            Repair::Fee { .. } => RepairKind::Fee,
            Repair::Amount { .. } => RepairKind::Amount,
            Repair::Ended { .. } => RepairKind::Ended,
            Repair::Ask { .. } => RepairKind::Ask,
            Repair::Unattributed(_) => RepairKind::Unattributed,
            Repair::ForeignFill(_) => RepairKind::ForeignFill,
            Repair::Balance { .. } => RepairKind::Balance,
        }
    }

    /// As a line for a log.
    pub fn text(&self, naming: &Naming<'_>) -> String {
        match self {
            Repair::Cancel(standing) => {
                format!("{} is ours and open, and is cancelled", naming.standing(standing))
            }
            Repair::Foreign(standing) => {
                format!("{} is not ours and is left alone", naming.standing(standing))
            }
            Repair::Later { standing, epoch } => format!(
                "{} is of session {epoch}, which is later than this one: another instance trades \
                 this account, or the state folder is an old copy; it is left alone",
                naming.standing(standing)
            ),
            Repair::Adopt(order) => {
                let client = order.client.text();
                format!("{client} has our name and no record; it is taken into the record")
            }
            Repair::Book(booking) => {
                let Booking { client, instrument, fill, total, .. } = booking;
                format!(
                    "{}: {} filled at {} (fee {}) were missing and are booked; {} are filled now",
                    client.text(),
                    naming.qty(*instrument, fill.qty.0),
                    naming.price(*instrument, fill.price.0),
                    naming.amount(fill.fee_asset, i128::from(fill.fee)),
                    naming.qty(*instrument, *total),
                )
            }
            Repair::Surplus { client, ours, venues } => format!(
                "{}: we booked {ours} units filled and the venue has {venues}",
                client.text()
            ),
            Repair::Fee { client, asset, ours, venues } => format!(
                "{}: we booked a fee of {} and the venue took {}",
                client.text(),
                naming.amount(*asset, i128::from(*ours)),
                naming.amount(*asset, i128::from(*venues)),
            ),
            Repair::Amount { client, ours, venues } => format!(
                "{}: we booked an amount of {ours} units and the venue's fills come to {venues}",
                client.text()
            ),
            Repair::Ended { client, state } => format!("{} is {}", client.text(), state.name()),
            Repair::Ask { client, .. } => {
                format!("what became of {} is not known; the venue is asked", client.text())
            }
            Repair::Unattributed(past) => {
                format!("{} may be ours: its order is not known yet", naming.past(past))
            }
            Repair::ForeignFill(past) => format!("{} is not ours", naming.past(past)),
            Repair::Balance { asset, ours, venues } => format!(
                "the account holds {} and should hold {}: {} are not explained by fills (a \
                 deposit, a withdrawal, another's trade?)",
                naming.amount(*asset, *venues),
                naming.amount(*asset, *ours),
                naming.amount(*asset, venues - ours),
            ),
        }
    }
}

impl Booking {
    /// As a report, for the ledger, the risk gate and the log of fills; `unowned` stands for a
    /// strategy that no record names.
    pub fn report(&self, unowned: StrategyId) -> Report {
        Report {
            stamp: Stamp { recv_ns: self.at, ..Stamp::default() },
            order: order_of(&self.client).map(|(_, order)| order).unwrap_or_default(),
            intent: self.intent,
            terms: self.terms,
            fill: self.fill,
            filled: Qty(self.total),
            instrument: self.instrument,
            reasons: Reasons::NONE,
            rejection: 0,
            strategy: self.strategy.unwrap_or(unowned),
            account: self.account,
            state: self.state,
            is_cancel_refusal: false,
        }
    }
}

impl Naming<'_> {
    fn price(&self, id: InstrumentId, units: i64) -> String {
        render(units, self.instruments.with_id(id).map_or(0, |known| known.price_decimals))
    }

    fn qty(&self, id: InstrumentId, units: i64) -> String {
        render(units, self.instruments.with_id(id).map_or(0, |known| known.qty_decimals))
    }

    fn amount(&self, id: AssetId, units: i128) -> String {
        let (name, decimals) = self
            .assets
            .get(id.index())
            .map_or(("units of an asset that is not declared", 0), |(name, decimals)| {
                (&**name, *decimals)
            });
        match i64::try_from(units) {
            Ok(units) => format!("{} {name}", render(units, decimals)),
            Err(_) => format!("{units} units of {name}"),
        }
    }

    fn standing(&self, standing: &Standing) -> String {
        let client = standing.client.map(|client| format!(" {}", client.text()));
        format!(
            "order{} of {}: {} {} at {}, {} filled,",
            client.unwrap_or_default(),
            standing.symbol,
            side(standing.side),
            self.qty(standing.instrument, standing.qty),
            self.price(standing.instrument, standing.price),
            self.qty(standing.instrument, standing.filled),
        )
    }

    fn past(&self, past: &Past) -> String {
        let instrument = self.instruments.with_id(past.instrument);
        format!(
            "fill {} of {}: {} {} at {} ({})",
            past.id,
            instrument.map_or_else(|| String::from("what is not traded here"), Instrument::name),
            side(past.side),
            self.qty(past.instrument, past.qty),
            self.price(past.instrument, past.price),
            past.at,
        )
    }
}

const fn side(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}
