//! What the risk gate decided. From risk to dispatch.

use super::child::Child;
use super::reason::Reasons;
use crate::base::{OrderId, Price, Qty, Side};

/// How an order trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Style {
    /// Rests at its price until it is filled or cancelled.
    Limit = 0,
    /// The same, but refused where it would trade at once.
    PostOnly = 1,
    /// Trades at its price or better at once; what is left is cancelled.
    ImmediateOrCancel = 2,
    /// Trades all of it at its price or better at once, or none.
    FillOrKill = 3,
    /// Trades at whatever price there is; the price is what was expected, for the collar.
    Market = 4,
}

/// What is to be placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Terms {
    /// Limit, in units of the instrument.
    pub price: Price,
    /// Quantity, in units of the instrument; above zero.
    pub qty: Qty,
    /// Buy or sell.
    pub side: Side,
    /// How it trades.
    pub style: Style,
}

/// An approved order. Only the risk gate makes one: its fields are private, and a house test keeps
/// its constructor within `stage/risk`.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Order {
    child: Child,
    id: OrderId,
}

/// An order that the gate denied, with every reason.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Denial {
    /// What was to be done.
    pub child: Child,
    /// The decision's number.
    pub id: OrderId,
    /// Every check that failed.
    pub reasons: Reasons,
}

/// From risk to dispatch.
#[derive(Clone, Copy, Debug)]
pub enum Decision<'a> {
    /// To be sent.
    Order(&'a Order),
    /// Not to be sent; comes back as a report.
    Denied(&'a Denial),
}

impl Style {
    /// All, by their number.
    pub const ALL: [Style; 5] =
        [Style::Limit, Style::PostOnly, Style::ImmediateOrCancel, Style::FillOrKill, Style::Market];

    /// As in output.
    pub const fn name(self) -> &'static str {
        match self {
            Style::Limit => "limit",
            Style::PostOnly => "post-only",
            Style::ImmediateOrCancel => "immediate-or-cancel",
            Style::FillOrKill => "fill-or-kill",
            Style::Market => "market",
        }
    }

    /// May what is left of it rest in the book?
    pub const fn rests(self) -> bool {
        matches!(self, Style::Limit | Style::PostOnly)
    }
}

impl Order {
    /// An order that passed every check.
    #[inline(always)]
    pub(crate) const fn approved(child: Child, id: OrderId) -> Order {
        Order { child, id }
    }

    /// What is to be done.
    #[inline(always)]
    pub const fn child(&self) -> &Child {
        &self.child
    }

    /// The decision's number.
    #[inline(always)]
    pub const fn id(&self) -> OrderId {
        self.id
    }
}

const _: () = assert!(size_of::<Terms>() == 24);
const _: () = assert!(size_of::<Order>() == 192, "an order is three cache lines");
const _: () = assert!(size_of::<Denial>() == 192, "a denial is three cache lines");
