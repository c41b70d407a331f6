//! Hall: the world and its three venues in step, without a socket: what servers and tests drive.
//!
//! In: connections, texts, requests, the time. Out: what each connection is given, in order.
//! Never: a clock; one seed and the same calls at the same times are one story.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use super::dialect::{
    Ask, Binance, Coinbase, Conn, Control, Kraken, Letter, Out, Put, Response, Venue,
};
use super::private::{Accounts, Members, Place, Trouble};
use super::world::{Settings, World};
use crate::base::Nanos;
use crate::limits::{SIM_CONNECTIONS_MAX, SIM_GRID_NS};

/// Names of the venues, in the order of their numbers.
pub const VENUES: [&str; 3] = ["kraken", "binance", "coinbase"];

/// See the module.
pub struct Hall {
    world: World,
    venues: [Box<dyn Venue>; 3],
    members: Members,
    /// The venue of each connection.
    lines: BTreeMap<Conn, usize>,
    last: u64,
}

impl Hall {
    /// The world of a seed, with nobody connected and no members.
    pub fn new(seed: u64, settings: &Settings) -> Hall {
        Hall::with_accounts(seed, settings, &Accounts::default())
    }

    /// The world of a seed, with accounts at its venues.
    pub fn with_accounts(seed: u64, settings: &Settings, accounts: &Accounts) -> Hall {
        let world = World::new(seed, settings);
        let venues: [Box<dyn Venue>; 3] = [
            Box::new(Kraken::new(&world)),
            Box::new(Binance::new(&world)),
            Box::new(Coinbase::new(&world)),
        ];
        let members = Members::new(accounts, &world);
        Hall { world, venues, members, lines: BTreeMap::new(), last: 0 }
    }

    /// The world as it is now.
    pub const fn world(&self) -> &World {
        &self.world
    }

    /// Connections of a venue.
    pub fn connections(&self, venue: usize) -> usize {
        self.lines.values().filter(|of| **of == venue).count()
    }

    /// A websocket at a venue, or why not.
    pub fn open(
        &mut self,
        venue: usize,
        ask: &Ask<'_>,
        out: &mut Vec<Out>,
    ) -> Result<Conn, Response> {
        if self.connections(venue) >= SIM_CONNECTIONS_MAX {
            let why = "{\"error\":\"too many connections: close some\"}";
            return Err(Response::with(503, why));
        }
        let conn = Conn(self.last + 1);
        self.venues[venue].open(conn, ask, &self.world, out)?;
        self.last = conn.0;
        self.lines.insert(conn, venue);
        Ok(conn)
    }

    /// A text of a client. Of one whose connection is over it is left alone.
    pub fn text(&mut self, conn: Conn, text: &str, out: &mut Vec<Out>) {
        if let Some(venue) = self.lines.get(&conn).copied() {
            let from = out.len();
            let Hall { world, venues, members, .. } = self;
            if !members.text(venue, (conn, text), Place { world, venues }, out) {
                self.venues[venue].text(conn, text, &self.world, out);
            }
            self.forget(&out[from..]);
        }
    }

    /// Where a connection comes from; until that is said, from this host.
    pub fn came_from(&mut self, conn: Conn, peer: IpAddr) {
        self.members.came_from(conn, peer);
    }

    /// Something goes wrong so many times between a venue and its members.
    pub fn trouble(&mut self, venue: usize, trouble: Trouble, times: u64) {
        self.members.trouble(venue, trouble, times);
    }

    /// Until a time, what a venue's private REST shows is behind by up to so many nanoseconds.
    pub fn lag(&mut self, venue: usize, behind_ns: i64, until: Nanos) {
        self.members.lag(venue, behind_ns, until);
    }

    /// A ping or pong of a client.
    pub fn control(&mut self, conn: Conn, control: Control<'_>, out: &mut Vec<Out>) {
        if let Some(venue) = self.lines.get(&conn) {
            let from = out.len();
            self.venues[*venue].control(conn, control, self.world.now(), out);
            self.forget(&out[from..]);
        }
    }

    /// A REST request at a venue, without headers and body.
    pub fn request(&mut self, venue: usize, ask: &Ask<'_>) -> Response {
        let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let letter = Letter { ask: *ask, headers: &[], body: &[], peer };
        // Whoever has no key changes nothing that anybody is told of.
        self.post(venue, &letter, &mut Vec::new())
    }

    /// A REST request at a venue, with all that came with it.
    pub fn post(&mut self, venue: usize, letter: &Letter<'_>, out: &mut Vec<Out>) -> Response {
        let Hall { world, venues, members, .. } = self;
        let answer = members.request(venue, letter, Place { world, venues }, out);
        answer.unwrap_or_else(|| self.venues[venue].request(&letter.ask, &self.world))
    }

    /// The client has gone.
    pub fn closed(&mut self, conn: Conn) {
        if let Some(venue) = self.lines.remove(&conn) {
            self.venues[venue].closed(conn);
            self.members.closed(venue, conn);
        }
    }

    /// All that happens up to a time, looked at on the grid of [`SIM_GRID_NS`].
    pub fn advance(&mut self, to: Nanos, out: &mut Vec<Out>) {
        let from = out.len();
        loop {
            let next = Nanos((self.world.now().0 / SIM_GRID_NS + 1) * SIM_GRID_NS);
            self.play(next.min(to), out);
            if next > to {
                break;
            }
            for venue in &mut self.venues {
                venue.advance(&self.world, out);
            }
            let Hall { world, venues, members, .. } = self;
            members.advance(Place { world, venues }, out);
        }
        self.forget(&out[from..]);
    }

    /// What markets do by themselves up to a time.
    fn play(&mut self, to: Nanos, out: &mut Vec<Out>) {
        while self.world.next_at() <= to
            && let Some(update) = self.world.step()
        {
            for venue in &mut self.venues {
                venue.on_update(&update, out);
            }
            self.members.on_update(&update, &mut self.venues, out);
        }
        self.world.advance(to, &mut crate::stage::contract::Nowhere);
    }

    /// Those whom their venue has closed are gone.
    fn forget(&mut self, said: &[Out]) {
        for out in said.iter().filter(|out| matches!(out.put, Put::Close(..))) {
            if let Some(venue) = self.lines.remove(&out.conn) {
                self.members.closed(venue, out.conn);
            }
        }
    }
}
