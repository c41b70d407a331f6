//! What became of an order: from the venue's side to dispatch (a [`Reply`]), and from dispatch up
//! to risk, route and strategy (a [`Report`]).

use super::child::Child;
use super::market::Stamp;
use super::order::{Order, Terms};
use super::reason::Reasons;
use crate::base::{AccountId, AssetId, InstrumentId, Nanos, OrderId, Price, Qty, StrategyId};
use crate::limits;

/// Where an order stands. `Denied` is by us, `Rejected` by the venue, `Unknown` has no answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum OrderState {
    /// On its way to the venue.
    #[default]
    Sent = 0,
    /// No answer: worst case until the venue says otherwise.
    Unknown = 1,
    /// Rests at the venue.
    Open = 2,
    /// Rests at the venue, a part is filled.
    PartlyFilled = 3,
    /// Filled.
    Filled = 4,
    /// Cancelled, perhaps after a part was filled.
    Cancelled = 5,
    /// Refused by the venue.
    Rejected = 6,
    /// Ended by its own terms, perhaps after a part was filled.
    Expired = 7,
    /// Denied by our own risk gate: never sent.
    Denied = 8,
}

/// Who made the price of a fill.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Liquidity {
    /// Our order rested.
    Maker = 0,
    /// Our order traded at once.
    #[default]
    Taker = 1,
}

/// A fill. Amounts are the venue's own, so that nobody has to compute them again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Fill {
    /// Price, in units of the instrument.
    pub price: Price,
    /// Quantity of this fill, in units of the instrument; above zero.
    pub qty: Qty,
    /// What the traded quantity came to, units of the quote asset on spot (of the asset that the
    /// instrument settles in, for futures); never negative.
    pub amount: i64,
    /// The fee, in units of `fee_asset`; negative where it is a rebate.
    pub fee: i64,
    /// In what the fee is taken.
    pub fee_asset: AssetId,
    /// Maker or taker.
    pub liquidity: Liquidity,
}

/// Our own name of an order, as text that all venues take: what comes back in every reply.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientId(pub [u8; limits::CLIENT_ID_BYTES]);

/// What happened to an order at the venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// It was accepted and rests, or will trade.
    Accepted,
    /// A part or all of it traded.
    Filled(Fill),
    /// It was cancelled.
    Cancelled,
    /// It ended by its own terms.
    Expired,
    /// It was refused, for the reason of this number (the venue's own, 0 where it has none).
    Rejected(u32),
    /// A cancel was refused: the order is not open any more.
    CancelRejected(u32),
    /// No answer in time, or one that leaves it open: it may have been placed or not.
    Unknown,
    /// Its terms are others now: by our own wish, or by the venue's (self-trade prevention).
    Amended {
        /// Its limit, in units of the instrument.
        price: Price,
        /// Its whole quantity, the filled part counted in.
        qty: Qty,
    },
    /// An amendment was refused, for the reason of this number: the order stands as it stood.
    AmendRejected(u32),
}

/// A venue's word on one order. From the wire to dispatch.
#[derive(Clone, Copy, Debug)]
pub struct Reply {
    /// Logical time of its arrival here.
    pub recv_ns: Nanos,
    /// When the venue says it happened.
    pub venue_ns: Nanos,
    /// The account.
    pub account: AccountId,
    /// The order, by our own name.
    pub client: ClientId,
    /// The order, by the venue's number; 0 where it has none.
    pub venue_order: u64,
    /// What happened.
    pub happened: Happened,
}

/// What became of an order. From dispatch up to risk, route and strategy. Three cache lines of
/// plain data.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Report {
    /// The order's own frame, and the logical time of the report.
    pub stamp: Stamp,
    /// The order.
    pub order: OrderId,
    /// The intent that it serves, by its strategy's own number.
    pub intent: u64,
    /// What was to be placed; of a cancel, the terms of the order to be cancelled.
    pub terms: Terms,
    /// The fill, where this is one; else its quantity is zero.
    pub fill: Fill,
    /// Filled so far, all fills together.
    pub filled: Qty,
    /// The instrument.
    pub instrument: InstrumentId,
    /// Why it was denied; empty where it was not.
    pub reasons: Reasons,
    /// The venue's number of why it was rejected.
    pub rejection: u32,
    /// Who wanted it.
    pub strategy: StrategyId,
    /// The account.
    pub account: AccountId,
    /// Where the order stands now.
    pub state: OrderState,
    /// It is about a cancel that failed, not about the order itself.
    pub is_cancel_refusal: bool,
}

/// From dispatch to the wire: an order as bytes.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'a> {
    /// The order.
    pub order: &'a Order,
    /// Our own name of it (of the order to cancel, for a cancel).
    pub client: ClientId,
    /// The request, as the venue takes it.
    pub bytes: &'a [u8],
}

/// What comes out of dispatch for a decision: bytes for the wire, or at once a report.
#[derive(Clone, Copy, Debug)]
pub enum Outcome<'a> {
    /// To the venue.
    Sent(&'a Sent<'a>),
    /// It was denied, or could not be sent.
    Report(&'a Report),
}

impl OrderState {
    /// All, by their number.
    pub const ALL: [OrderState; 9] = [
        OrderState::Sent,
        OrderState::Unknown,
        OrderState::Open,
        OrderState::PartlyFilled,
        OrderState::Filled,
        OrderState::Cancelled,
        OrderState::Rejected,
        OrderState::Expired,
        OrderState::Denied,
    ];

    /// As in output: lower case.
    pub const fn name(self) -> &'static str {
        match self {
            OrderState::Sent => "sent",
            OrderState::Unknown => "unknown",
            OrderState::Open => "open",
            OrderState::PartlyFilled => "partly-filled",
            OrderState::Filled => "filled",
            OrderState::Cancelled => "cancelled",
            OrderState::Rejected => "rejected",
            OrderState::Expired => "expired",
            OrderState::Denied => "denied",
        }
    }

    /// Can nothing more happen to the order?
    pub const fn is_over(self) -> bool {
        matches!(
            self,
            OrderState::Filled
                | OrderState::Cancelled
                | OrderState::Rejected
                | OrderState::Expired
                | OrderState::Denied
        )
    }
}

impl Report {
    /// That an order, or a cancel of it, stands so: nothing filled, no reason given.
    pub const fn of(child: &Child, order: OrderId, state: OrderState) -> Report {
        Report {
            stamp: child.stamp,
            order,
            intent: child.intent,
            terms: child.terms,
            fill: Fill {
                price: Price(0),
                qty: Qty(0),
                amount: 0,
                fee: 0,
                fee_asset: AssetId(0),
                liquidity: Liquidity::Taker,
            },
            filled: Qty(0),
            instrument: child.instrument,
            reasons: Reasons::NONE,
            rejection: 0,
            strategy: child.strategy,
            account: child.account,
            state,
            is_cancel_refusal: false,
        }
    }

    /// Is it about a fill?
    #[inline(always)]
    pub const fn is_fill(&self) -> bool {
        self.fill.qty.0 != 0
    }

    /// What is still open of the order, or was when it ended.
    #[inline(always)]
    pub const fn left(&self) -> i64 {
        self.terms.qty.0 - self.filled.0
    }
}

impl ClientId {
    /// As text.
    pub fn text(&self) -> &str {
        let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len());
        std::str::from_utf8(&self.0[..end]).unwrap_or_default()
    }
}

impl std::fmt::Debug for ClientId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text())
    }
}

const _: () = assert!(size_of::<Report>() <= 192, "a report is three cache lines");
