//! Hall: the world and its three venues in step, without a socket: what servers and tests drive.
//!
//! In: connections, texts, requests, the time. Out: what each connection is given, in order.
//! Never: a clock; one seed and the same calls at the same times are one story.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr};

use super::dialect::{
    Ask, Binance, Coinbase, Conn, Control, Kraken, Letter, Out, Put, Response, Venue,
};
use super::engine::{Event, Owner, Wish};
use super::private::{Accounts, Members, Place, Trouble};
use super::world::{Settings, World};
use crate::base::{Nanos, Side, Symbol};
use crate::event::Style;
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
    /// What REST answers are made of where they lag.
    pasts: [Option<Past>; 3],
    noise: Option<Noise>,
}

/// A venue and its world as they were, the oldest first, two at most.
struct Past {
    every_ns: i64,
    kept: VecDeque<(Nanos, World, Box<dyn Venue>)>,
}

/// What somebody who is no member does.
#[derive(Clone, Copy, Debug)]
pub enum Meddling {
    /// He places an order.
    Place(Wish),
    /// He cancels his own of this number.
    Cancel(u64),
}

/// A member who places and cancels.
struct Noise {
    market: usize,
    every_ns: i64,
    next: Nanos,
    until: Nanos,
    order: Option<u64>,
}

impl Hall {
    /// The world of a seed, with nobody connected and no members.
    pub fn new(seed: u64, settings: &Settings) -> Hall {
        Hall::with_accounts(seed, settings, &Accounts::default())
    }

    /// The world of a seed, with accounts at its venues.
    pub fn with_accounts(seed: u64, settings: &Settings, accounts: &Accounts) -> Hall {
        Hall::of(World::new(seed, settings), accounts)
    }

    /// A world with nobody connected, and accounts at its venues.
    pub fn of(world: World, accounts: &Accounts) -> Hall {
        let venues: [Box<dyn Venue>; 3] = [
            Box::new(Kraken::new(&world)),
            Box::new(Binance::new(&world)),
            Box::new(Coinbase::new(&world)),
        ];
        let members = Members::new(accounts, &world);
        let (pasts, noise) = ([None, None, None], None);
        Hall { world, venues, members, lines: BTreeMap::new(), last: 0, pasts, noise }
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
    pub fn lag_members(&mut self, venue: usize, behind_ns: i64, until: Nanos) {
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
        if let Some(answer) = answer {
            return answer;
        }
        match self.pasts[venue].as_mut().and_then(|past| past.kept.front_mut()) {
            Some((_, world, venue)) => venue.request(&letter.ask, world),
            None => self.venues[venue].request(&letter.ask, &self.world),
        }
    }

    /// From now on public REST answers of a venue are so many ns old to twice that, or as old as
    /// this call; `None` ends it. What they weigh is counted apart.
    pub fn lag(&mut self, venue: usize, late_ns: Option<i64>) {
        let new = |every_ns| Past { every_ns, kept: VecDeque::new() };
        self.pasts[venue] = late_ns.map(new);
        self.remember();
    }

    /// Maintenance of a venue begins or ends: its connections are told, if it does that.
    pub fn maintain(&mut self, venue: usize, begins: bool, out: &mut Vec<Out>) {
        self.venues[venue].maintain(begins, self.world.now(), out);
    }

    /// For so many ns somebody places and cancels in a market of a venue, so often in a second.
    /// `None` is its first market. False where it has no such market.
    pub fn burst(&mut self, venue: usize, symbol: Option<&str>, rate: i64, for_ns: i64) -> bool {
        let name = VENUES[venue];
        let market = match symbol {
            Some(text) => {
                Symbol::new(text.as_bytes()).and_then(|symbol| self.world.find(name, &symbol))
            }
            None => self.world.markets().iter().position(|listed| listed.venue == name),
        };
        let Some(market) = market else { return false };
        let now = self.world.now();
        let (every_ns, until) = ((Nanos::SECOND / rate.max(1)).max(1), Nanos(now.0 + for_ns));
        self.noise = Some(Noise { market, every_ns, next: now, until, order: None });
        true
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
            self.look(out);
        }
        self.forget(&out[from..]);
    }

    /// The next thing that markets do by themselves up to a time; false where there is none, and
    /// then it is that time. With [`Hall::look`] on the grid this is [`Hall::advance`], for whoever
    /// looks at books in between.
    pub fn step(&mut self, to: Nanos, out: &mut Vec<Out>) -> bool {
        let from = out.len();
        let is_due = self.world.next_at() <= to;
        if !is_due {
            self.world.advance(to, &mut crate::stage::contract::Nowhere);
        } else if let Some(update) = self.world.step() {
            for venue in &mut self.venues {
                venue.on_update(&update, out);
            }
            self.members.on_update(&update, &mut self.venues, out);
        }
        self.forget(&out[from..]);
        is_due
    }

    /// What venues do on the grid of [`SIM_GRID_NS`].
    pub fn look(&mut self, out: &mut Vec<Out>) {
        let from = out.len();
        for venue in &mut self.venues {
            venue.advance(&self.world, out);
        }
        let Hall { world, venues, members, .. } = self;
        members.advance(Place { world, venues }, out);
        self.remember();
        self.forget(&out[from..]);
    }

    /// Somebody who is no member does something in a market: the number of an order that he placed.
    pub fn meddle(&mut self, market: usize, what: Meddling, out: &mut Vec<Out>) -> Option<u64> {
        let update = match what {
            Meddling::Cancel(order) => self.world.cancel(market, Owner::NOISE, order),
            Meddling::Place(wish) => self.world.place(market, Owner::NOISE, &wish),
        }?;
        for venue in &mut self.venues {
            venue.on_update(&update, out);
        }
        self.members.on_update(&update, &mut self.venues, out);
        update.events().iter().find_map(|event| match event {
            Event::Accepted(ticket) => Some(ticket.order),
            _ => None,
        })
    }

    /// A public REST request, answered as things are now even where [`Hall::lag`] is on.
    pub fn request_at_once(&mut self, venue: usize, ask: &Ask<'_>) -> Response {
        self.venues[venue].request(ask, &self.world)
    }

    /// Keeps venues as they are, where REST answers lag.
    fn remember(&mut self) {
        let now = self.world.now();
        for (past, venue) in self.pasts.iter_mut().zip(&self.venues) {
            let Some(past) = past else { continue };
            if past.kept.back().is_none_or(|(at, ..)| now.0 - at.0 >= past.every_ns) {
                past.kept.push_back((now, self.world.clone(), venue.copied()));
                if past.kept.len() > 2 {
                    past.kept.pop_front();
                }
            }
        }
    }

    /// What markets do by themselves up to a time, and who makes noise in them.
    fn play(&mut self, to: Nanos, out: &mut Vec<Out>) {
        loop {
            let (next, noisy) = (self.world.next_at(), self.noise.as_ref().map(|n| n.next));
            if let Some(at) = noisy.filter(|at| *at <= to && *at < next) {
                self.world.advance(at, &mut crate::stage::contract::Nowhere);
                self.disturb(out);
            } else if next <= to
                && let Some(update) = self.world.step()
            {
                for venue in &mut self.venues {
                    venue.on_update(&update, out);
                }
                self.members.on_update(&update, &mut self.venues, out);
            } else {
                break;
            }
        }
        self.world.advance(to, &mut crate::stage::contract::Nowhere);
    }

    /// One order more at the best bid, or that order gone.
    fn disturb(&mut self, out: &mut Vec<Out>) {
        let Some(noise) = &mut self.noise else { return };
        let market = noise.market;
        let what = if let Some(order) = noise.order.take() {
            Meddling::Cancel(order)
        } else {
            let Some(engine) = self.world.market(market) else { return };
            let price = engine.level(Side::Buy, 0).map_or(1, |best| best.price.max(1));
            let rules = engine.rules();
            let lots = rules.notional_min / i128::from(price) + 1;
            let qty = (lots as i64).max(rules.qty_min);
            Meddling::Place(Wish::new(Side::Buy, Style::Limit, price, qty))
        };
        let resting = self.meddle(market, what, out);
        let Some(noise) = &mut self.noise else { return };
        noise.order = resting;
        noise.next = Nanos(noise.next.0 + noise.every_ns);
        if noise.next >= noise.until && noise.order.is_none() {
            self.noise = None;
        }
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

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn ask(path: &'static str, query: &'static str) -> Ask<'static> {
        Ask { method: "GET", path, query }
    }

    fn frames(out: &[Out]) -> Vec<Value> {
        let of = |out: &Out| match &out.put {
            Put::Frame(frame) => serde_json::from_slice(frame).ok(),
            _ => None,
        };
        out.iter().filter_map(of).collect()
    }

    fn later(hall: &Hall, ms: i64) -> Nanos {
        Nanos(hall.world().now().0 + ms * Nanos::MILLI)
    }

    #[test]
    fn each_venue_says_in_its_own_way_that_it_is_under_maintenance() {
        let mut hall = Hall::new(1, &Settings::default());
        let mut out = Vec::new();
        hall.open(0, &ask("/v2", ""), &mut out).unwrap();
        hall.open(1, &ask("/ws", ""), &mut out).unwrap();
        hall.open(1, &ask("/stream", "streams=btcusdt@trade"), &mut out).unwrap();
        hall.open(1, &ask("/ws-api/v3", ""), &mut out).unwrap();
        hall.open(2, &ask("/", ""), &mut out).unwrap();
        out.clear();
        (0..3).for_each(|venue| hall.maintain(venue, true, &mut out));
        let told = frames(&out);
        assert_eq!(told.len(), 4);
        assert_eq!(told[0]["data"][0]["system"], "maintenance");
        assert_eq!(told[1]["e"], "serverShutdown");
        assert_eq!(told[2]["stream"], "!serverShutdown");
        assert_eq!(told[3]["event"]["e"], "serverShutdown");
        let status = hall.request(0, &ask("/0/public/SystemStatus", ""));
        let status: Value = serde_json::from_slice(&status.body).unwrap();
        assert_eq!(status["result"]["status"], "maintenance");
        out.clear();
        (0..3).for_each(|venue| hall.maintain(venue, false, &mut out));
        let told = frames(&out);
        assert_eq!((told.len(), &told[0]["data"][0]["system"]), (1, &Value::from("online")));
    }

    #[test]
    fn rest_answers_that_lag_are_those_of_a_time_before() {
        let mut hall = Hall::new(1, &Settings::default());
        let id = |hall: &mut Hall| {
            let answer = hall.request(1, &ask("/api/v3/depth", "symbol=BTCUSDT&limit=5"));
            serde_json::from_slice::<Value>(&answer.body).unwrap()["lastUpdateId"].as_u64().unwrap()
        };
        let mut ids = vec![id(&mut hall)];
        hall.lag(1, Some(500 * Nanos::MILLI));
        for _ in 0..4 {
            let to = later(&hall, 500);
            hall.advance(to, &mut Vec::new());
            ids.push(id(&mut hall));
        }
        // At first what was at the beginning, then half a second to a second behind.
        assert_eq!((ids[1], ids[2] > ids[0]), (ids[0], true), "{ids:?}");
        let behind = ids[4];
        hall.lag(1, None);
        assert!(id(&mut hall) > behind);
    }

    #[test]
    fn a_burst_is_as_many_frames_as_it_says_and_ends() {
        let mut hall = Hall::new(1, &Settings::default());
        let mut out = Vec::new();
        let conn = hall.open(0, &ask("/v2", ""), &mut out).unwrap();
        let book = r#"{"method":"subscribe","params":{"channel":"book","symbol":["BTC/USD"]}}"#;
        hall.text(conn, book, &mut out);
        assert!(!hall.burst(0, Some("BTC/EUR"), 5_000, Nanos::SECOND));
        assert!(hall.burst(0, Some("BTC/USD"), 5_000, Nanos::SECOND));
        let mut in_a_second = || {
            let mut out = Vec::new();
            let to = later(&hall, 1_000);
            hall.advance(to, &mut out);
            frames(&out).len()
        };
        let (noisy, quiet) = (in_a_second(), in_a_second());
        assert!((5_000..5_200).contains(&noisy) && quiet < 200, "{noisy}, then {quiet}");
    }
}
