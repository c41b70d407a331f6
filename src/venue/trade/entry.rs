//! What is remembered of an order of a session, and of what was asked about it.

use super::contract::Kind;
use super::out::VenueOrder;
use crate::base::{Nanos, Side};
use crate::event::ClientId;

/// An order.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Our name of it.
    pub client: ClientId,
    /// The venue's id of it, once known.
    pub venue_order: VenueOrder,
    /// Its instrument: a place in the settings' list.
    pub traded: usize,
    /// Buy or sell.
    pub side: Side,
    /// Its limit, units.
    pub price: i64,
    /// Its quantity, units.
    pub qty: i64,
    /// Filled of it, as was told to dispatch.
    pub filled: i64,
    /// What that came to, units of the quote asset.
    pub amount: i64,
    /// What that cost, where the venue sums it up.
    pub fee: i64,
    /// How it stands.
    pub stage: Stage,
    /// Has the venue ever spoken of it as one that it has?
    pub was_seen: bool,
    /// When it was handed in.
    pub sent: Nanos,
    /// When it was last placed or amended: Kraken counts its age from there.
    pub placed: Nanos,
    /// When it is to be asked for; the end of time where it is not.
    pub(super) ask: Nanos,
    pub(super) asks: u32,
    /// The listing of open orders that it was last in.
    pub(super) listing: u32,
}

/// How an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// On its way.
    Sent,
    /// Told as unknown.
    Unknown,
    /// At the venue.
    Alive,
    /// Over.
    Over,
}

/// A request that is owed an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// What the venue calls it in its answer.
    pub key: u128,
    /// The place of its order.
    pub place: u32,
    /// What was asked.
    pub kind: Kind,
    pub(super) due: Nanos,
}

/// What became of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It said something new of this order.
    News(u32),
    /// It said nothing new of this order.
    Stale(u32),
    /// It is about no order of the session.
    Stray,
    /// Its numbers cannot be those of its instrument.
    Nonsense(u32),
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Words without news.
    pub stale: u64,
    /// Words about orders of others.
    pub strays: u64,
    /// Fills put together of several.
    pub merged: u64,
    /// Requests whose answer did not come in time.
    pub timeouts: u64,
    /// Words with numbers that cannot be.
    pub nonsense: u64,
}
