//! Floor: the world as a members' desk works in it. Each step that it causes is shown to everybody.
//!
//! In: requests of members. Out: what followed in the market; what is told goes out in its order.
//! Never: a step that only its member sees.

use super::trouble::Troubles;
use crate::base::Nanos;
use crate::sim::dialect::{Conn, Out, Venue, Word};
use crate::sim::engine::{Event, Owner, Wish};
use crate::sim::world::{Update, World};

/// Where members are told things.
pub(in crate::sim) struct Mouth<'a> {
    pub(in crate::sim) venue: &'a mut dyn Venue,
    pub(in crate::sim) troubles: &'a mut Troubles,
    pub(in crate::sim) now: Nanos,
    pub(in crate::sim) out: &'a mut Vec<Out>,
}

impl Mouth<'_> {
    /// The answer to a request.
    pub(super) fn reply(&mut self, conn: Conn, text: impl Into<Vec<u8>>) {
        let (now, word) = (self.now, Word::Said(text.into()));
        if let Some(word) = self.troubles.reply(conn, word, now) {
            self.venue.tell(conn, word, now, self.out);
        }
    }

    /// An event of a member's own.
    pub(super) fn event(&mut self, conn: Conn, text: impl Into<Vec<u8>>, is_fill: bool) {
        let (now, word) = (self.now, Word::Said(text.into()));
        for word in self.troubles.event(conn, word, is_fill, now) {
            self.venue.tell(conn, word, now, self.out);
        }
    }

    /// He follows a private channel, or no more.
    pub(super) fn follows(&mut self, conn: Conn, is_new: bool) {
        let word = if is_new { Word::Joined } else { Word::Left };
        self.venue.tell(conn, word, self.now, self.out);
    }
}

/// See the module.
pub(in crate::sim) struct Floor<'a> {
    pub(in crate::sim) world: &'a mut World,
    pub(in crate::sim) venues: &'a mut [Box<dyn Venue>; 3],
    /// The desk's own.
    pub(in crate::sim) venue: usize,
    pub(in crate::sim) troubles: &'a mut Troubles,
    /// What members are told, and after it what everybody is.
    pub(in crate::sim) out: &'a mut Vec<Out>,
    pub(in crate::sim) public: Vec<Out>,
}

impl Floor<'_> {
    pub(super) const fn now(&self) -> Nanos {
        self.world.now()
    }

    pub(super) fn own(&mut self) -> &mut dyn Venue {
        &mut *self.venues[self.venue]
    }

    pub(super) fn mouth(&mut self) -> Mouth<'_> {
        Mouth {
            venue: &mut *self.venues[self.venue],
            troubles: self.troubles,
            now: self.world.now(),
            out: self.out,
        }
    }

    pub(super) fn place(&mut self, market: usize, owner: Owner, wish: &Wish) -> Vec<Event> {
        let update = self.world.place(market, owner, wish);
        shown(update, self.venues, &mut self.public)
    }

    pub(super) fn cancel(&mut self, market: usize, owner: Owner, order: u64) -> Vec<Event> {
        let update = self.world.cancel(market, owner, order);
        shown(update, self.venues, &mut self.public)
    }

    pub(super) fn amend(
        &mut self,
        market: usize,
        owner: Owner,
        order: u64,
        (price, qty): (Option<i64>, Option<i64>),
    ) -> Vec<Event> {
        let update = self.world.amend(market, owner, order, price, qty);
        shown(update, self.venues, &mut self.public)
    }
}

fn shown(
    update: Option<Update<'_>>,
    venues: &mut [Box<dyn Venue>; 3],
    public: &mut Vec<Out>,
) -> Vec<Event> {
    let Some(update) = update else { return Vec::new() };
    for venue in venues {
        venue.on_update(&update, public);
    }
    update.events().to_vec()
}
