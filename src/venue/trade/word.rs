//! What a private message says of one order, in the venue's own digits: every venue's reader ends
//! here, and what follows from it is the same for all.
//!
//! Never: a number that was rounded, or one whose instrument is not known yet.

use super::out::VenueOrder;
use crate::base::{Decimal, Nanos, Symbol};
use crate::event::{ClientId, Liquidity};

/// One message, or one part of it, about one order.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    /// Our name of it, where said and where it could be ours.
    pub client: Option<ClientId>,
    /// The venue's id of it; none where not said.
    pub venue_order: VenueOrder,
    /// When the venue says it happened.
    pub at: Nanos,
    /// What became of it.
    pub event: Event,
    /// What is filled so far, all fills together; `None` where not said.
    pub totals: Option<Totals>,
    /// The fill that it tells of, where it tells of one alone.
    pub last: Option<Last>,
    /// What that cost.
    pub fee: Fee,
    /// Maker or taker, where said.
    pub liquidity: Option<Liquidity>,
    /// Its limit now, where said.
    pub price: Option<Decimal>,
    /// Its whole quantity now, the filled part counted in, where said.
    pub qty: Option<Decimal>,
}

/// What became of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The venue has it, but it is not in the book: nothing follows from that.
    Pending,
    /// It is in the book, or was: a fill's word says no more than this.
    Alive,
    /// The venue counts it as filled. By quantities we know, or ask.
    Filled,
    /// It was cancelled.
    Cancelled,
    /// It ended by its own terms.
    Expired,
    /// It was refused, for the reason of this number.
    Rejected(u32),
    /// Its terms are what the word says.
    Amended,
}

/// What is filled of an order, all fills together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    /// How much.
    pub qty: Decimal,
    /// What it came to in the quote asset, where said.
    pub amount: Option<Decimal>,
}

/// One fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Last {
    /// Its price.
    pub price: Decimal,
    /// How much.
    pub qty: Decimal,
}

/// What fills cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fee {
    /// Not said.
    #[default]
    Unsaid,
    /// This fill alone.
    Of {
        /// How much; negative where it is a rebate.
        amount: Decimal,
        /// Of which asset, as the venue spells it.
        asset: Symbol,
    },
    /// All fills of the order together, in its quote asset.
    Total(Decimal),
}

impl Word {
    /// That something became of an order, and nothing else.
    pub fn of(client: Option<ClientId>, venue_order: VenueOrder, at: Nanos, event: Event) -> Word {
        Word {
            client,
            venue_order,
            at,
            event,
            totals: None,
            last: None,
            fee: Fee::Unsaid,
            liquidity: None,
            price: None,
            qty: None,
        }
    }
}
