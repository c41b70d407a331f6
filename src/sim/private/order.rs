//! Orders of members, as the venue keeps them, and what is told of them.
//!
//! Prices are ticks and quantities lots of the market; what they come to is in [`Atoms`].

use super::money::{Atoms, Balance};
use crate::base::{Nanos, Side, Symbol};
use crate::event::Style;
use crate::sim::engine::{Reason, SelfTrade, Size, Wish};

/// An order of the world: its market, and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    pub(super) market: usize,
    pub(super) number: u64,
}

/// What a member asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) market: usize,
    pub(super) side: Side,
    pub(super) style: Style,
    /// Ticks; 0 of a market order.
    pub(super) price: i64,
    pub(super) size: Size,
    pub(super) self_trade: SelfTrade,
    /// His own name of it; empty where he gave none.
    pub(super) client: String,
    /// His own number of it, where the venue has that.
    pub(super) userref: Option<i64>,
    /// When it is over by itself.
    pub(super) expires: Option<Nanos>,
    /// The fee is in the base, whatever the side.
    pub(super) fee_in_base: bool,
    /// A name that the venue keeps with it.
    pub(super) label: &'static str,
}

impl Terms {
    pub(super) const fn wish(&self) -> Wish {
        let Terms { side, style, price, size, self_trade, .. } = *self;
        Wish { side, style, price, size, self_trade }
    }

    /// So many lots; 0 where an amount is asked for.
    pub(super) const fn lots(&self) -> i64 {
        match self.size {
            Size::Lots(lots) => lots,
            Size::Amount(_) => 0,
        }
    }
}

/// How far an order has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Open,
    Filled,
    /// Somebody, or a rule, ended it.
    Over(Cause),
}

/// Who or what ended an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// Its owner.
    User,
    /// The dead-man timer.
    Timer,
    /// Its own time.
    Date,
    /// It does not rest, and there was not enough.
    Unfilled,
    /// It met an order of its owner.
    SelfTrade,
}

/// An order of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) key: Key,
    /// As they are now: an amendment changes them.
    pub(super) terms: Terms,
    pub(super) state: State,
    /// Lots that have traded, what that came to, and the fees.
    pub(super) done: i64,
    pub(super) cost: Atoms,
    pub(super) fee: Atoms,
    pub(super) fee_asset: Symbol,
    pub(super) fills: u32,
    /// What of the asset that it gives is held for it.
    pub(super) held: Atoms,
    pub(super) created: Nanos,
    /// When it was made or last amended, and when anything last happened to it.
    pub(super) renewed: Nanos,
    pub(super) updated: Nanos,
}

impl Order {
    pub(super) const fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// All of it, lots; of an amount what has traded.
    pub(super) const fn qty(&self) -> i64 {
        match self.terms.size {
            Size::Lots(lots) => lots,
            Size::Amount(_) => self.done,
        }
    }

    /// What is left of it, lots.
    pub(super) const fn left(&self) -> i64 {
        self.qty() - self.done
    }
}

/// A trade, as one of its two members sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fill {
    pub(super) key: Key,
    /// The market's number of the trade, and the venue's of this side of it.
    pub(super) trade: u64,
    pub(super) exec: u64,
    pub(super) side: Side,
    pub(super) price: i64,
    pub(super) lots: i64,
    pub(super) cost: Atoms,
    pub(super) fee: Atoms,
    pub(super) fee_asset: Symbol,
    pub(super) is_maker: bool,
    pub(super) at: Nanos,
}

/// Something for a member to hear of, with the order as it stood then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) who: usize,
    pub(super) order: Order,
    pub(super) what: What,
    /// The venue's number of the event.
    pub(super) exec: u64,
    /// Of the base and of the quote, after it.
    pub(super) after: [Balance; 2],
    pub(super) at: Nanos,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Taken,
    Traded(Fill),
    Filled,
    Amended,
    Over(Cause),
}

/// Why a request came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// There is not enough of what the order gives.
    Funds,
    /// He has no such order that is open.
    Unknown,
    /// The market does not take it.
    Market(Reason),
}
