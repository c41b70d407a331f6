//! Members: the desks of three venues, with what goes wrong between them and their members.
//!
//! In: what the hall passes on. Out: what members are told, then what everybody is.
//! Never: a request about orders that a trouble has swallowed.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use super::account::Accounts;
use super::binance::BinanceDesk;
use super::coinbase::CoinbaseDesk;
use super::contract::Desk;
use super::floor::{Floor, Mouth};
use super::kraken::KrakenDesk;
use super::trouble::{Trouble, Troubles};
use crate::base::Nanos;
use crate::sim::dialect::{Conn, Letter, Out, Response, Venue};
use crate::sim::world::{Update, World};

/// See the module.
pub(in crate::sim) struct Members {
    desks: [Box<dyn Desk>; 3],
    troubles: [Troubles; 3],
    /// Where connections come from.
    peers: BTreeMap<Conn, IpAddr>,
}

/// The world and the venues, as the hall has them.
pub(in crate::sim) struct Place<'a> {
    pub(in crate::sim) world: &'a mut World,
    pub(in crate::sim) venues: &'a mut [Box<dyn Venue>; 3],
}

impl Members {
    pub(in crate::sim) fn new(accounts: &Accounts, world: &World) -> Members {
        let desks: [Box<dyn Desk>; 3] = [
            Box::new(KrakenDesk::new(accounts, world)),
            Box::new(BinanceDesk::new(accounts, world)),
            Box::new(CoinbaseDesk::new(accounts, world)),
        ];
        Members { desks, troubles: Default::default(), peers: BTreeMap::new() }
    }

    pub(in crate::sim) fn came_from(&mut self, conn: Conn, peer: IpAddr) {
        self.peers.insert(conn, peer);
    }

    /// A trouble strikes so many times from now on.
    pub(in crate::sim) fn trouble(&mut self, venue: usize, trouble: Trouble, times: u64) {
        self.troubles[venue].add(trouble, times);
    }

    /// A text; false where it was not for members.
    pub(in crate::sim) fn text(
        &mut self,
        venue: usize,
        (conn, text): (Conn, &str),
        place: Place<'_>,
        out: &mut Vec<Out>,
    ) -> bool {
        let peer = self.peers.get(&conn).copied().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let Members { desks, troubles, .. } = self;
        let (desk, troubles) = (&mut desks[venue], &mut troubles[venue]);
        let times = if desk.is_move(text) { troubles.request() } else { 1 };
        let mut floor = floor(venue, place, troubles, out);
        let mut is_ours = times == 0;
        for _ in 0..times {
            is_ours |= desk.text(conn, peer, text, &mut floor);
        }
        floor.troubles.answered();
        let public = floor.public;
        out.extend(public);
        is_ours
    }

    /// A REST request; `None` where it was not for members.
    pub(in crate::sim) fn request(
        &mut self,
        venue: usize,
        letter: &Letter<'_>,
        place: Place<'_>,
        out: &mut Vec<Out>,
    ) -> Option<Response> {
        let Members { desks, troubles, .. } = self;
        let (desk, troubles) = (&mut desks[venue], &mut troubles[venue]);
        let times = if desk.is_move_by_rest(letter) { troubles.request() } else { 1 };
        let lost = || Response::with(504, "{\"error\":\"gateway timeout\"}");
        let mut floor = floor(venue, place, troubles, out);
        let mut response = (times == 0).then(lost);
        for _ in 0..times {
            response = desk.request(letter, &mut floor);
        }
        let astray = floor.troubles.answered();
        let public = floor.public;
        out.extend(public);
        match astray {
            Some(Trouble::LostReply) => response.map(|_| lost()),
            Some(Trouble::Error) => response.map(|_| desk.failure()),
            Some(Trouble::LateReply(ns)) => {
                response.map(|response| Response { wait_ns: ns, ..response })
            }
            _ => response,
        }
    }

    /// A market made a step by itself.
    pub(in crate::sim) fn on_update(
        &mut self,
        update: &Update<'_>,
        venues: &mut [Box<dyn Venue>; 3],
        out: &mut Vec<Out>,
    ) {
        for (n, (desk, troubles)) in self.desks.iter_mut().zip(&mut self.troubles).enumerate() {
            let mut mouth = Mouth { venue: &mut *venues[n], troubles, now: update.at, out };
            desk.on_update(update, &mut mouth);
        }
    }

    /// It is later now.
    pub(in crate::sim) fn advance(&mut self, place: Place<'_>, out: &mut Vec<Out>) {
        let Place { world, venues } = place;
        let now = world.now();
        for venue in 0..3 {
            for (conn, word) in self.troubles[venue].due(now) {
                venues[venue].tell(conn, word, now, out);
            }
            let place = Place { world, venues };
            let mut floor = floor(venue, place, &mut self.troubles[venue], out);
            self.desks[venue].advance(&mut floor);
            let public = floor.public;
            out.extend(public);
        }
    }

    pub(in crate::sim) fn closed(&mut self, venue: usize, conn: Conn) {
        self.peers.remove(&conn);
        self.desks[venue].closed(conn);
    }

    /// Until a time, REST at a venue is behind.
    pub(in crate::sim) fn lag(&mut self, venue: usize, behind_ns: i64, until: Nanos) {
        self.troubles[venue].lag(behind_ns, until);
    }
}

fn floor<'a>(
    venue: usize,
    place: Place<'a>,
    troubles: &'a mut Troubles,
    out: &'a mut Vec<Out>,
) -> Floor<'a> {
    let Place { world, venues } = place;
    Floor { world, venues, venue, troubles, out, public: Vec::new() }
}
