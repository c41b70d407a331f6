//! Tickets: what is asked of a market, what it answers, and an order as it stands.
//!
//! Prices are ticks and quantities lots of the instrument: units of 10^-decimals of each. What a
//! quantity comes to at a price is their product, whole.

use crate::base::Side;
use crate::event::{self, Style};

/// A member of the venue. The crowd is [`Owner::CROWD`]; accounts have the numbers from 1 on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Owner(pub u32);

impl Owner {
    /// All those who are nobody in particular: their orders may trade with each other.
    pub const CROWD: Owner = Owner(0);
    /// Whoever makes noise on purpose.
    pub const NOISE: Owner = Owner(u32::MAX);
    /// Whoever takes where a history is written.
    pub const TAKER: Owner = Owner(u32::MAX - 1);

    /// Is it somebody with an account? The others are numbers that no account has.
    pub fn is_account(self) -> bool {
        ![Owner::CROWD, Owner::NOISE, Owner::TAKER].contains(&self)
    }
}

/// How much is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// So many lots.
    Lots(i64),
    /// As many whole lots as this amount buys or brings, price times lots. Market orders only.
    Amount(i128),
}

/// What happens where an order would meet one of the same owner. The crowd's always trade.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SelfTrade {
    /// They trade (Binance `NONE`).
    Allow,
    /// The rest of the incoming order ends (Kraken `cancel_newest`, Binance `EXPIRE_TAKER`).
    #[default]
    Newest,
    /// The resting order ends (Kraken `cancel_oldest`, Binance `EXPIRE_MAKER`).
    Oldest,
    /// Both end (Kraken `cancel_both`, Binance `EXPIRE_BOTH`).
    Both,
}

/// An order as it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Buy or sell.
    pub side: Side,
    /// How it trades.
    pub style: Style,
    /// Limit, ticks. A market order has none.
    pub price: i64,
    /// How much.
    pub size: Size,
    /// Where it would meet an order of its own owner.
    pub self_trade: SelfTrade,
}

impl Wish {
    /// An order over so many lots that does not trade with its owner's.
    pub const fn new(side: Side, style: Style, price: i64, lots: i64) -> Wish {
        Wish { side, style, price, size: Size::Lots(lots), self_trade: SelfTrade::Newest }
    }
}

/// An order as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The venue's number of it: counts up in each market.
    pub order: u64,
    /// Whose.
    pub owner: Owner,
    /// Buy or sell.
    pub side: Side,
    /// How it trades.
    pub style: Style,
    /// Where it would meet an order of its own owner.
    pub self_trade: SelfTrade,
    /// Limit, ticks; 0 of a market order.
    pub price: i64,
    /// What is wanted of it still, lots; 0 where an amount was asked for.
    pub left: i64,
    /// What has traded, lots.
    pub done: i64,
    /// What that came to, price times lots.
    pub cost: i128,
}

impl Ticket {
    /// All of it, lots: what has traded and what is left.
    pub const fn qty(&self) -> i64 {
        self.done + self.left
    }
}

/// A trade, with both orders as they stand after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade {
    /// Counts up in each market, without a hole.
    pub id: u64,
    /// Ticks.
    pub price: i64,
    /// Lots.
    pub qty: i64,
    /// The order that was there.
    pub maker: Ticket,
    /// The order that came.
    pub taker: Ticket,
}

impl Trade {
    /// What everybody is told of it.
    pub const fn public(&self) -> event::Trade {
        event::Trade { id: self.id, price: self.price, qty: self.qty, taker: self.taker.side }
    }
}

/// What happened to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It was taken; what follows from it follows in the same step.
    Accepted(Ticket),
    /// A request was refused, and changed nothing.
    Rejected {
        /// Who asked.
        owner: Owner,
        /// The order that it was about; of a new one the number that it would have had.
        order: u64,
        /// Why.
        reason: Reason,
    },
    /// Two orders met. One whose ticket has nothing left is filled, and over.
    Traded(Trade),
    /// It has the terms that were asked for.
    Amended {
        /// As it stands, before it trades again.
        ticket: Ticket,
        /// Does it have the place in the queue that it had?
        keeps_place: bool,
    },
    /// It is over because its owner asked for that.
    Cancelled(Ticket),
    /// It is over because of a rule.
    Expired(Ticket, Why),
}

impl Event {
    /// Is it about an order of this member, or a request of his?
    pub fn concerns(&self, owner: Owner) -> bool {
        match self {
            Event::Accepted(ticket)
            | Event::Amended { ticket, .. }
            | Event::Cancelled(ticket)
            | Event::Expired(ticket, _) => ticket.owner == owner,
            Event::Rejected { owner: who, .. } => *who == owner,
            Event::Traded(trade) => trade.maker.owner == owner || trade.taker.owner == owner,
        }
    }
}

/// The rule that ended an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// There was not enough on the other side for an order that does not rest.
    Unfilled,
    /// It met an order of its own owner.
    SelfTrade,
}

/// Why a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// No multiple of the tick, or none at all.
    #[error("price {0} ticks is not above 0, at most the highest and a multiple of the tick")]
    Price(i64),
    /// No multiple of the lot, or none at all.
    #[error("quantity {0} lots is not within its bounds and a multiple of the lot")]
    Qty(i64),
    /// An amount for an order that is no market order, or none at all.
    #[error("amount {0} is not above 0, or not that of a market order; give a quantity")]
    Amount(i128),
    /// It comes to too little.
    #[error("the order comes to {0} in quote units, less than the least: make it larger")]
    Notional(i128),
    /// A post-only order that would trade.
    #[error("a post-only order at {0} ticks would trade at once; move it away")]
    WouldTake(i64),
    /// A market order without another side.
    #[error("nothing rests on the other side; send a limit order")]
    NoOtherSide,
    /// The market has no room.
    #[error("{0} orders rest, which is all that there is room for; cancel some")]
    Full(usize),
    /// There is no such order of this owner that is open.
    #[error("no open order {0} of this owner; it may be over")]
    Unknown(u64),
    /// An amendment to no more than what has traded.
    #[error("{0} lots have traded already: amend to more than that, or cancel")]
    Done(i64),
}
