//! The venues and the weather between them and the machine, in virtual time.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};

use neural_kraken::base::{InstrumentId, Instruments, Nanos, Side};
use neural_kraken::event::Level;
use neural_kraken::limits;
use neural_kraken::pipeline::{Carrier, Event};
use neural_kraken::sim::World;
use neural_kraken::sim::dialect::{Ask, Conn, Control, Out, Put as Given, Venue};
use neural_kraken::stage::contract::Nowhere;
use neural_kraken::sys::alloc;
use neural_kraken::venue::session::{Action, Failure, FailureKind, FetchId, Line};
use neural_kraken::venue::wire::Padded;

/// Chance, from a seed (`SplitMix64`).
pub(super) struct Chance(pub(super) u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, most: u64) -> u64 {
        self.next() % most.max(1)
    }

    /// So many times in a million.
    pub(super) fn strikes(&mut self, ppm: u64) -> bool {
        self.below(1_000_000) < ppm
    }
}

/// How bad the weather is: times in a million frames, or lines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weather {
    pub(super) lost: u64,
    pub(super) twice: u64,
    pub(super) swapped: u64,
    pub(super) broken: u64,
    /// The line dies with the frame.
    pub(super) dies: u64,
    /// The line goes silent with the frame.
    pub(super) stalls: u64,
    pub(super) refused: u64,
    pub(super) unanswered: u64,
    /// The most that a frame is late, ns.
    pub(super) late: u64,
}

pub(super) const CALM: Weather = Weather {
    lost: 0,
    twice: 0,
    swapped: 0,
    broken: 0,
    dies: 0,
    stalls: 0,
    refused: 0,
    unanswered: 0,
    late: 2_000_000,
};

/// What is on its way to the machine.
enum Parcel {
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
struct Wire {
    venue: usize,
    line: Line,
    is_stalled: bool,
    is_dead: bool,
    /// Frames keep their order but for what the weather does.
    last_due: Nanos,
}

/// The best ten levels a side of one market, best first.
pub(super) type Sides = [Vec<Level>; 2];

/// See the module.
pub(super) struct Sky<'a> {
    world: World,
    venues: Vec<Box<dyn Venue>>,
    names: Vec<&'static str>,
    wires: BTreeMap<Conn, Wire>,
    /// By due time, then by number.
    queue: BTreeMap<(Nanos, u64), (usize, Line, Parcel)>,
    numbered: u64,
    now: Nanos,
    /// When the weather clears.
    clears: Nanos,
    ends: Nanos,
    weather: Weather,
    chance: Chance,
    /// What each book was when a frame was sent, by the frame's bytes.
    pub(super) truth: HashMap<Vec<u8>, Vec<(InstrumentId, Sides)>>,
    instruments: &'a Instruments,
    room: Vec<u8>,
    stop: &'a AtomicBool,
    pub(super) troubles: u64,
    /// The most lines at once, and the most parcels on their way.
    most: (usize, usize),
}

/// The world, the venues in it with their names, and what is followed of them.
pub(super) type Outside<'a> = (World, Vec<Box<dyn Venue>>, Vec<&'static str>, &'a Instruments);

/// Lines at once: one a venue, and one that takes over.
const LINES_MAX: usize = 6;

/// Parcels on their way at once: what venues say within the time that a parcel may be late.
const PARCELS_MAX: usize = 1_000;

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
            most: (0, 0),
        }
    }
}

impl Sky<'_> {
    fn weather(&self) -> Weather {
        if self.now < self.clears { self.weather } else { CALM }
    }

    fn put(&mut self, due: Nanos, venue: usize, line: Line, parcel: Parcel) {
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
    fn send(&mut self, venue: usize, outs: Vec<Out>) {
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
                Given::Frame(bytes) => {
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
        if self.chance.strikes(w.dies) {
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

    /// The venues' time goes on by a step.
    fn advance(&mut self) {
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
        if self.now.0 % limits::SIM_GRID_NS == 0 {
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

    fn open(&mut self, venue: usize, line: Line, path: &str) {
        let weather = self.weather();
        let due = Nanos(self.now.0 + 3_000_000);
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

    fn conn(&self, venue: usize, line: Line) -> Option<Conn> {
        let mine = |wire: &Wire| !wire.is_dead && (wire.venue, wire.line) == (venue, line);
        self.wires.iter().find(|(_, wire)| mine(wire)).map(|(conn, _)| *conn)
    }
}

impl Carrier for Sky<'_> {
    fn act(&mut self, venue: usize, action: &Action) {
        // The venues are on this thread here alone.
        let _aside = alloc::aside();
        match action {
            Action::Connect { line, address } => self.open(venue, *line, &address.path.clone()),
            Action::Send { line, text } => {
                let Some(conn) = self.conn(venue, *line) else { return };
                let mut outs = Vec::new();
                self.venues[venue].text(conn, text, &self.world, &mut outs);
                self.send(venue, outs);
            }
            Action::Close { line, .. } => {
                if let Some(conn) = self.conn(venue, *line) {
                    self.venues[venue].closed(conn);
                    self.wires.remove(&conn);
                }
            }
            Action::Fetch { id, address } => {
                let (path, query) = address.path.split_once('?').unwrap_or((&address.path, ""));
                let late = 4_000_000 + self.chance.below(20_000_000) as i64;
                let due = Nanos(self.now.0 + late);
                let line = Line { index: 0, attempt: 0 };
                let is_lost = self.chance.strikes(self.weather().unanswered);
                let parcel = if is_lost {
                    self.troubles += 1;
                    let (id, body) = (*id, Vec::new());
                    let (status, retry_after_ns, used_weight) = (0, 0, None);
                    Parcel::Answer { id, status, retry_after_ns, used_weight, body }
                } else {
                    let ask = Ask { method: "GET", path, query };
                    let answer = self.venues[venue].request(&ask, &self.world);
                    Parcel::Answer {
                        id: *id,
                        status: answer.status,
                        retry_after_ns: 0,
                        used_weight: None,
                        body: answer.body,
                    }
                };
                self.put(due, venue, line, parcel);
            }
            _ => {}
        }
    }

    fn poll(&mut self) -> Option<Event<'_>> {
        let _aside = alloc::aside();
        let is_due = self.queue.first_key_value().is_some_and(|((due, _), _)| *due <= self.now);
        if !is_due {
            self.advance();
            return None;
        }
        let ((due, _), (venue, line, parcel)) = self.queue.pop_first()?;
        let why = "the weather";
        Some(match parcel {
            Parcel::Opened => Event::Opened { venue, line },
            Parcel::Pinged => Event::Pinged { venue, line },
            Parcel::Closed(code) => Event::Closed { venue, line, code, why },
            Parcel::Refused(kind) => {
                let status = if kind == FailureKind::Upgrade { 400 } else { 0 };
                let failure = Failure { kind, status, retry_after_ns: 0 };
                Event::Failed { venue, line, failure, why }
            }
            Parcel::Frame(bytes) => {
                let bytes = Padded::copied(&bytes, &mut self.room);
                Event::Frame { venue, line, recv_ns: due, arrived_tsc: 1, bytes }
            }
            Parcel::Answer { id, status, retry_after_ns, used_weight, body } => {
                let body = Padded::copied(&body, &mut self.room);
                let why = None;
                Event::Answer { venue, id, status, retry_after_ns, used_weight, body, why }
            }
        })
    }

    fn now(&self) -> Nanos {
        self.now
    }
}
