//! The venues and the weather between them and the machine, in virtual time.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};

use neural_kraken::base::{InstrumentId, Instruments, Nanos, Side};
use neural_kraken::event::{Level, Style};
use neural_kraken::limits;
use neural_kraken::sim::World;
use neural_kraken::sim::dialect::{Ask, Conn, Control, Out, Put as Given, Venue, denial};
use neural_kraken::sim::engine::{Event as Happening, Owner, Wish};
use neural_kraken::sim::fault::skew;
use neural_kraken::stage::contract::Nowhere;
use neural_kraken::venue::session::{FailureKind, FetchId, Line};

use super::weather::{CALM, Chance, Weather};

/// What is on its way to the machine.
pub(super) enum Parcel {
    Opened,
    Pinged,
    Refused(FailureKind),
    Frame(Vec<u8>),
    Closed(u16),
    Answer {
        id: FetchId,
        status: u16,
        retry_after_ns: i64,
        used_weight: Option<u32>,
        body: Vec<u8>,
    },
}

/// A line at the venues' end.
pub(super) struct Wire {
    venue: usize,
    line: Line,
    is_stalled: bool,
    is_dead: bool,
    /// Frames keep their order but for what the weather does.
    last_due: Nanos,
}

/// The best ten levels a side of one market, best first.
pub(super) type Sides = [Vec<Level>; 2];

/// A time, and the world and the venues as they were then.
type Past = (Nanos, World, Vec<Box<dyn Venue>>);

/// See the module.
pub(super) struct Sky<'a> {
    pub(super) world: World,
    pub(super) venues: Vec<Box<dyn Venue>>,
    names: Vec<&'static str>,
    pub(super) wires: BTreeMap<Conn, Wire>,
    /// By due time, then by number.
    pub(super) queue: BTreeMap<(Nanos, u64), (usize, Line, Parcel)>,
    numbered: u64,
    pub(super) now: Nanos,
    /// When the weather clears.
    clears: Nanos,
    ends: Nanos,
    weather: Weather,
    pub(super) chance: Chance,
    /// What each book was when a frame was sent, by the frame's bytes.
    pub(super) truth: HashMap<Vec<u8>, Vec<(InstrumentId, Sides)>>,
    instruments: &'a Instruments,
    pub(super) room: Vec<u8>,
    stop: &'a AtomicBool,
    pub(super) troubles: u64,
    /// Changes of a market's book by somebody who is in a hurry: the market, and how many a step.
    pub(super) burst: Option<(usize, usize)>,
    /// His order.
    hurried: Option<u64>,
    /// Until when each venue is under maintenance.
    shut: Vec<Nanos>,
    /// The venues and their world as they were lately: what answers that lag are made of.
    pub(super) past: Option<Past>,
    /// The most lines at once, and the most parcels on their way.
    most: (usize, usize),
}

/// The world, the venues in it with their names, and what is followed of them.
pub(super) type Outside<'a> = (World, Vec<Box<dyn Venue>>, Vec<&'static str>, &'a Instruments);

/// Lines at once: one a venue, and one that takes over.
const LINES_MAX: usize = 6;

/// Parcels on their way at once: what venues say within the time that a parcel may be late.
const PARCELS_MAX: usize = 1_000;

/// How long maintenance takes, ns.
const SHUT_NS: i64 = 300_000_000;

/// How old what answers lag by becomes, ns.
const PAST_NS: i64 = 400_000_000;

/// Nanoseconds of a step of time.
const STEP_NS: i64 = 1_000_000;

impl<'a> Sky<'a> {
    pub(super) fn new(
        (world, venues, names, instruments): Outside<'a>,
        weather: Weather,
        chance: Chance,
        (clears, ends): (Nanos, Nanos),
        stop: &'a AtomicBool,
    ) -> Sky<'a> {
        Sky {
            shut: vec![Nanos(0); venues.len()],
            past: None,
            now: world.now(),
            world,
            venues,
            names,
            wires: BTreeMap::new(),
            queue: BTreeMap::new(),
            numbered: 0,
            clears,
            ends,
            weather,
            chance,
            truth: HashMap::new(),
            instruments,
            room: Vec::new(),
            stop,
            troubles: 0,
            burst: None,
            hurried: None,
            most: (0, 0),
        }
    }
}

impl Sky<'_> {
    pub(super) fn weather(&self) -> Weather {
        if self.now < self.clears { self.weather } else { CALM }
    }

    pub(super) fn put(&mut self, due: Nanos, venue: usize, line: Line, parcel: Parcel) {
        self.numbered += 1;
        self.queue.insert((due, self.numbered), (venue, line, parcel));
        self.most = (self.most.0.max(self.wires.len()), self.most.1.max(self.queue.len()));
    }

    /// Has the machine asked for no more than it may? Lines that were given up are closed, and
    /// questions are few.
    pub(super) fn check_bounds(&self) -> Result<(), String> {
        let (lines, parcels) = self.most;
        if lines > LINES_MAX || parcels > PARCELS_MAX {
            return Err(format!("{lines} lines and {parcels} parcels at once"));
        }
        Ok(())
    }

    /// What books of a venue are now, those that a frame may speak of.
    fn books(&self, venue: usize, frame: &[u8]) -> Vec<(InstrumentId, Sides)> {
        let text = String::from_utf8_lossy(frame);
        let of = self.instruments.iter().filter(|i| i.venue == self.names[venue]);
        of.filter(|i| text.contains(i.symbol.as_str()))
            .filter_map(|i| {
                let engine = self.world.market(self.world.find(i.venue, &i.symbol)?)?;
                let listed = self.world.markets()[self.world.find(i.venue, &i.symbol)?];
                let price = 10_i64.pow(u32::from(i.price_decimals - listed.shape.price));
                let qty = 10_i64.pow(u32::from(i.qty_decimals - listed.shape.qty));
                let side = |side| {
                    let best = engine.best(side, limits::DEPTH_LEVELS).into_iter();
                    best.map(|l| Level { price: l.price * price, qty: l.qty * qty }).collect()
                };
                Some((i.id, [side(Side::Buy), side(Side::Sell)]))
            })
            .collect()
    }

    /// What a venue says goes on its way, through the weather.
    pub(super) fn send(&mut self, venue: usize, outs: Vec<Out>) {
        for out in outs {
            let weather = self.weather();
            let Some(wire) = self.wires.get_mut(&out.conn) else { continue };
            if wire.is_dead || wire.is_stalled {
                continue;
            }
            let line = wire.line;
            let late = self.chance.below(weather.late);
            let due = Nanos((self.now.0 + 100_000 + late as i64).max(wire.last_due.0));
            wire.last_due = due;
            match out.put {
                Given::Ping(payload) => {
                    self.put(due, venue, line, Parcel::Pinged);
                    let Sky { venues, now, .. } = self;
                    let mut more = Vec::new();
                    venues[venue].control(out.conn, Control::Pong(&payload), *now, &mut more);
                    self.send(venue, more);
                }
                Given::Close(code, _) => {
                    wire.is_dead = true;
                    self.put(due, venue, line, Parcel::Closed(code));
                }
                Given::Frame(mut bytes) => {
                    skew(&mut bytes, weather.skew);
                    let books = self.books(venue, &bytes);
                    self.truth.insert(bytes.clone(), books);
                    self.deliver(venue, out.conn, due, bytes, weather);
                }
            }
        }
    }

    fn deliver(&mut self, venue: usize, conn: Conn, due: Nanos, mut bytes: Vec<u8>, w: Weather) {
        let line = self.wires[&conn].line;
        if self.chance.strikes(w.lost) {
            self.troubles += 1;
            return;
        }
        if self.chance.strikes(w.broken) {
            self.troubles += 1;
            let at = self.chance.below(bytes.len() as u64) as usize;
            if self.names[venue] == "kraken" {
                bytes[at] = b'0' + self.chance.below(70) as u8;
            } else {
                // Nothing in these frames tells a wrong digit; TLS does, on the way.
                bytes.truncate(at);
            }
        }
        let swap = if self.chance.strikes(w.swapped) { 3_000_000 } else { 0 };
        self.troubles += u64::from(swap > 0);
        if self.chance.strikes(w.twice) {
            self.troubles += 1;
            self.put(Nanos(due.0 + 50_000), venue, line, Parcel::Frame(bytes.clone()));
        }
        self.put(Nanos(due.0 + swap), venue, line, Parcel::Frame(bytes));
        if self.chance.strikes(w.closes) && self.shut[venue] <= self.now {
            self.shut(venue);
        } else if self.chance.strikes(w.dies) {
            self.troubles += 1;
            self.venues[venue].closed(conn);
            self.wires.remove(&conn);
            self.put(Nanos(due.0 + 10_000), venue, line, Parcel::Closed(0));
        } else if self.chance.strikes(w.stalls)
            && let Some(wire) = self.wires.get_mut(&conn)
        {
            self.troubles += 1;
            wire.is_stalled = true;
        }
    }

    /// Maintenance begins: what a venue says of it comes, then the ends of its lines.
    fn shut(&mut self, venue: usize) {
        self.troubles += 1;
        self.shut[venue] = Nanos(self.now.0 + SHUT_NS);
        let mut said = Vec::new();
        self.venues[venue].maintain(true, self.now, &mut said);
        let of = |(_, wire): &(&Conn, &Wire)| wire.venue == venue;
        let conns: Vec<Conn> = self.wires.iter().filter(of).map(|(conn, _)| *conn).collect();
        for conn in conns {
            let Some(wire) = self.wires.remove(&conn) else { continue };
            self.venues[venue].closed(conn);
            let due = Nanos((self.now.0 + 100_000).max(wire.last_due.0));
            for out in said.iter().filter(|out| out.conn == conn && !wire.is_stalled) {
                if let Given::Frame(bytes) = &out.put {
                    self.put(due, venue, wire.line, Parcel::Frame(bytes.clone()));
                }
            }
            self.put(Nanos(due.0 + 10_000), venue, wire.line, Parcel::Closed(1_012));
        }
    }

    /// Maintenance ends where it is time, and what lags goes on.
    fn tend(&mut self) {
        for venue in 0..self.venues.len() {
            if self.shut[venue] > Nanos(0) && self.shut[venue] <= self.now {
                self.shut[venue] = Nanos(0);
                let mut said = Vec::new();
                self.venues[venue].maintain(false, self.now, &mut said);
                self.send(venue, said);
            }
        }
        let is_old = |(at, ..): &(Nanos, _, _)| self.now.0 - at.0 >= PAST_NS;
        if self.weather().lags > 0 && self.past.as_ref().is_none_or(is_old) {
            let venues = self.venues.iter().map(|venue| venue.copied()).collect();
            self.past = Some((self.now, self.world.clone(), venues));
        }
    }

    /// The venues' time goes on by a step.
    pub(super) fn advance(&mut self) {
        struct Told<'v>(&'v mut [Box<dyn Venue>], Vec<Vec<Out>>);
        self.now.0 += STEP_NS;
        let mut updates: Vec<Vec<_>> = self.venues.iter().map(|_| Vec::new()).collect();
        // One step of the world at a time, so that what is sent is compared with that very book.
        while self.world.next_at() <= self.now {
            let Sky { world, venues, .. } = self;
            if let Some(update) = world.step() {
                let mut told = Told(venues, updates);
                for (venue, outs) in told.0.iter_mut().zip(&mut told.1) {
                    venue.on_update(&update, outs);
                }
                updates = told.1;
            }
            for (n, outs) in updates.iter_mut().enumerate() {
                let outs = std::mem::take(outs);
                self.send(n, outs);
            }
        }
        self.world.advance(self.now, &mut Nowhere);
        if let Some((market, times)) = self.burst.filter(|_| self.now < self.clears) {
            (0..times).for_each(|_| self.hurry(market));
        }
        if self.now.0 % limits::SIM_GRID_NS == 0 {
            self.tend();
            for n in 0..self.venues.len() {
                let mut outs = Vec::new();
                self.venues[n].advance(&self.world, &mut outs);
                self.send(n, outs);
            }
        }
        if self.now >= self.ends {
            self.stop.store(true, Ordering::Relaxed);
        }
    }

    /// An order more at the best bid, or that order gone.
    fn hurry(&mut self, market: usize) {
        let Sky { world, venues, hurried, numbered, .. } = self;
        let owner = Owner(1);
        let update = if let Some(order) = hurried.take() {
            world.cancel(market, owner, order)
        } else {
            let best = world.market(market).unwrap().level(Side::Buy, 0).unwrap();
            // Another quantity each time, so that no frame is like another.
            let more = (*numbered % 1_000_000) as i64;
            let lots = world.markets()[market].rules.qty_max / 100_000 + more;
            world.place(market, owner, &Wish::new(Side::Buy, Style::Limit, best.price, lots))
        };
        let update = update.unwrap();
        for event in update.events() {
            if let Happening::Accepted(ticket) = event {
                *hurried = Some(ticket.order);
            }
        }
        let mut all: Vec<Vec<Out>> = venues.iter().map(|_| Vec::new()).collect();
        for (venue, outs) in venues.iter_mut().zip(&mut all) {
            venue.on_update(&update, outs);
        }
        all.into_iter().enumerate().for_each(|(n, outs)| self.send(n, outs));
    }

    pub(super) fn open(&mut self, venue: usize, line: Line, path: &str) {
        let weather = self.weather();
        let due = Nanos(self.now.0 + 3_000_000);
        if self.shut[venue] > self.now {
            return self.put(due, venue, line, Parcel::Refused(FailureKind::Upgrade));
        }
        if self.chance.strikes(weather.refused) {
            self.troubles += 1;
            let kinds = [FailureKind::Connect, FailureKind::Tls, FailureKind::Timeout];
            let kind = kinds[self.chance.below(3) as usize];
            return self.put(due, venue, line, Parcel::Refused(kind));
        }
        self.numbered += 1;
        let conn = Conn(self.numbered);
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let mut outs = Vec::new();
        let ask = Ask { method: "GET", path, query };
        if self.venues[venue].open(conn, &ask, &self.world, &mut outs).is_err() {
            return self.put(due, venue, line, Parcel::Refused(FailureKind::Upgrade));
        }
        let wire = Wire { venue, line, is_stalled: false, is_dead: false, last_due: due };
        self.wires.insert(conn, wire);
        self.put(due, venue, line, Parcel::Opened);
        self.send(venue, outs);
    }

    pub(super) fn denial(&self, venue: usize, text: &str) -> Vec<Vec<u8>> {
        denial(self.names[venue], text, self.now)
    }

    pub(super) fn conn(&self, venue: usize, line: Line) -> Option<Conn> {
        let mine = |wire: &Wire| !wire.is_dead && (wire.venue, wire.line) == (venue, line);
        self.wires.iter().find(|(_, wire)| mine(wire)).map(|(conn, _)| *conn)
    }
}
