//! The venues and the weather between them and the machine, in virtual time.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};

use neural_kraken::base::{InstrumentId, Instruments, Nanos, Side};
use neural_kraken::event::{Level, Style};
use neural_kraken::limits;
use neural_kraken::sim::dialect::{Ask, Conn, Control, Out, Put as Given, denial};
use neural_kraken::sim::engine::Wish;
use neural_kraken::sim::fault::skew;
use neural_kraken::sim::{Hall, Meddling, VENUES};
use neural_kraken::venue::session::{FailureKind, FetchId, Line};

use super::private::Asked;
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
    /// Whose it is, by the machine's number.
    venue: usize,
    /// The venue, by the hall's number.
    pub(super) place: usize,
    line: Line,
    is_private: bool,
    is_stalled: bool,
    is_dead: bool,
    /// Frames keep their order but for what the weather does.
    last_due: Nanos,
}

/// The best ten levels a side of one market, best first.
pub(super) type Sides = [Vec<Level>; 2];

/// See the module.
pub(super) struct Sky<'a> {
    pub(super) hall: Hall,
    /// Venues by the machine's numbers.
    names: Vec<&'static str>,
    pub(super) wires: BTreeMap<Conn, Wire>,
    /// By due time, then by number.
    pub(super) queue: BTreeMap<(Nanos, u64), (usize, Line, Parcel)>,
    /// What private sessions say and ask, on its way to the venues.
    pub(super) asked: BTreeMap<(Nanos, u64), Asked>,
    /// Hosts to which private sessions keep connections.
    pub(super) kept: BTreeSet<(usize, String)>,
    pub(super) numbered: u64,
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
    /// Until when each venue of the hall is under maintenance.
    shut: [Nanos; 3],
    /// Do answers that lag still have something to be made of?
    lags: bool,
    /// The most lines at once, and the most parcels on their way.
    most: (usize, usize),
}

/// The hall, the names of its venues in the machine's order, and what is followed of them.
pub(super) type Outside<'a> = (Hall, Vec<&'static str>, &'a Instruments);

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
        (mut hall, names, instruments): Outside<'a>,
        weather: Weather,
        chance: Chance,
        (clears, ends): (Nanos, Nanos),
        stop: &'a AtomicBool,
    ) -> Sky<'a> {
        let lags = weather.lags > 0;
        (0..VENUES.len()).filter(|_| lags).for_each(|place| hall.lag(place, Some(PAST_NS)));
        Sky {
            shut: [Nanos(0); 3],
            lags,
            now: hall.world().now(),
            hall,
            names,
            asked: BTreeMap::new(),
            kept: BTreeSet::new(),
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

    /// Has the machine asked for no more than it may? Lines that were given up are closed, so there
    /// is one a venue, and one that takes over; questions are few.
    pub(super) fn check_bounds(&self) -> Result<(), String> {
        let (lines, parcels) = self.most;
        if lines > 2 * self.names.len().max(3) || parcels > PARCELS_MAX {
            return Err(format!("{lines} lines and {parcels} parcels at once"));
        }
        Ok(())
    }

    /// What books of a venue are now, those that a frame may speak of.
    fn books(&self, place: usize, frame: &[u8]) -> Vec<(InstrumentId, Sides)> {
        let (text, world) = (String::from_utf8_lossy(frame), self.hall.world());
        let of = self.instruments.iter().filter(|i| i.venue == VENUES[place]);
        of.filter(|i| text.contains(i.symbol.as_str()))
            .filter_map(|i| {
                let engine = world.market(world.find(i.venue, &i.symbol)?)?;
                let listed = world.markets()[world.find(i.venue, &i.symbol)?];
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
    pub(super) fn send(&mut self, outs: Vec<Out>) {
        for out in outs {
            let weather = self.weather();
            let Some(wire) = self.wires.get_mut(&out.conn) else { continue };
            if wire.is_dead || wire.is_stalled {
                continue;
            }
            let (venue, place, line) = (wire.venue, wire.place, wire.line);
            let late = self.chance.below(weather.late);
            let due = Nanos((self.now.0 + 100_000 + late as i64).max(wire.last_due.0));
            wire.last_due = due;
            match out.put {
                Given::Ping(payload) => {
                    self.put(due, venue, line, Parcel::Pinged);
                    let mut more = Vec::new();
                    self.hall.control(out.conn, Control::Pong(&payload), &mut more);
                    self.send(more);
                }
                Given::Close(code, _) => {
                    wire.is_dead = true;
                    self.put(due, venue, line, Parcel::Closed(code));
                }
                Given::Frame(bytes) if wire.is_private => {
                    self.put(due, venue, line, Parcel::Frame(bytes));
                    self.weaken((venue, place), out.conn, due, weather);
                }
                Given::Frame(mut bytes) => {
                    skew(&mut bytes, weather.skew);
                    let books = self.books(place, &bytes);
                    self.truth.insert(bytes.clone(), books);
                    self.deliver((venue, place), out.conn, due, bytes, weather);
                }
            }
        }
    }

    fn deliver(
        &mut self,
        (venue, place): (usize, usize),
        conn: Conn,
        due: Nanos,
        mut bytes: Vec<u8>,
        w: Weather,
    ) {
        let line = self.wires[&conn].line;
        if self.chance.strikes(w.lost) {
            self.troubles += 1;
            return;
        }
        if self.chance.strikes(w.broken) {
            self.troubles += 1;
            let at = self.chance.below(bytes.len() as u64) as usize;
            if VENUES[place] == "kraken" {
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
        self.weaken((venue, place), conn, due, w);
    }

    /// What may become of a line with a frame.
    fn weaken(&mut self, (venue, place): (usize, usize), conn: Conn, due: Nanos, w: Weather) {
        let Some(line) = self.wires.get(&conn).map(|wire| wire.line) else { return };
        if self.chance.strikes(w.closes) && self.shut[place] <= self.now {
            self.shut(place);
        } else if self.chance.strikes(w.dies) {
            self.troubles += 1;
            self.hall.closed(conn);
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
    fn shut(&mut self, place: usize) {
        self.troubles += 1;
        self.shut[place] = Nanos(self.now.0 + SHUT_NS);
        let mut said = Vec::new();
        self.hall.maintain(place, true, &mut said);
        let of = |(_, wire): &(&Conn, &Wire)| wire.place == place;
        let conns: Vec<Conn> = self.wires.iter().filter(of).map(|(conn, _)| *conn).collect();
        for conn in conns {
            let Some(wire) = self.wires.remove(&conn) else { continue };
            self.hall.closed(conn);
            let venue = wire.venue;
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
        for place in 0..VENUES.len() {
            if self.shut[place] > Nanos(0) && self.shut[place] <= self.now {
                self.shut[place] = Nanos(0);
                let mut said = Vec::new();
                self.hall.maintain(place, false, &mut said);
                self.send(said);
            }
        }
        if self.lags && self.now >= self.clears {
            self.lags = false;
            (0..VENUES.len()).for_each(|place| self.hall.lag(place, None));
        }
    }

    /// The venues' time goes on by a step.
    pub(super) fn advance(&mut self) {
        self.now.0 += STEP_NS;
        self.hear();
        // One step of the world at a time, so that what is sent is compared with that very book.
        let mut outs = Vec::new();
        while self.hall.step(self.now, &mut outs) {
            self.send(std::mem::take(&mut outs));
        }
        self.send(std::mem::take(&mut outs));
        if let Some((market, times)) = self.burst.filter(|_| self.now < self.clears) {
            (0..times).for_each(|_| self.hurry(market));
        }
        if self.now.0 % limits::SIM_GRID_NS == 0 {
            self.tend();
            self.hall.look(&mut outs);
            self.send(outs);
        }
        if self.now >= self.ends {
            self.stop.store(true, Ordering::Relaxed);
        }
    }

    /// An order more at the best bid, or that order gone.
    fn hurry(&mut self, market: usize) {
        let Sky { hall, hurried, numbered, .. } = self;
        let what = if let Some(order) = hurried.take() {
            Meddling::Cancel(order)
        } else {
            let world = hall.world();
            let best = world.market(market).unwrap().level(Side::Buy, 0).unwrap();
            // Another quantity each time, so that no frame is like another.
            let more = (*numbered % 1_000_000) as i64;
            let lots = world.markets()[market].rules.qty_max / 100_000 + more;
            Meddling::Place(Wish::new(Side::Buy, Style::Limit, best.price, lots))
        };
        let mut outs = Vec::new();
        *hurried = hall.meddle(market, what, &mut outs);
        self.send(outs);
    }

    /// Opens a line of the machine's number to a venue of the hall.
    pub(super) fn open(
        &mut self,
        (venue, place): (usize, usize),
        line: Line,
        path: &str,
        is_private: bool,
    ) {
        let weather = self.weather();
        let due = Nanos(self.now.0 + 3_000_000);
        if self.shut[place] > self.now {
            return self.put(due, venue, line, Parcel::Refused(FailureKind::Upgrade));
        }
        if self.chance.strikes(weather.refused) {
            self.troubles += 1;
            let kinds = [FailureKind::Connect, FailureKind::Tls, FailureKind::Timeout];
            let kind = kinds[self.chance.below(3) as usize];
            return self.put(due, venue, line, Parcel::Refused(kind));
        }
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let mut outs = Vec::new();
        let ask = Ask { method: "GET", path, query };
        let Ok(conn) = self.hall.open(place, &ask, &mut outs) else {
            return self.put(due, venue, line, Parcel::Refused(FailureKind::Upgrade));
        };
        let (is_stalled, is_dead, last_due) = (false, false, due);
        self.wires
            .insert(conn, Wire { venue, place, line, is_private, is_stalled, is_dead, last_due });
        self.put(due, venue, line, Parcel::Opened);
        self.send(outs);
    }

    /// The hall's number of a station's venue.
    pub(super) fn place(&self, venue: usize) -> usize {
        VENUES.iter().position(|name| *name == self.names[venue]).unwrap()
    }

    pub(super) fn denial(&self, place: usize, text: &str) -> Vec<Vec<u8>> {
        denial(VENUES[place], text, self.now)
    }

    pub(super) fn conn(&self, venue: usize, line: Line) -> Option<Conn> {
        let mine = |wire: &Wire| !wire.is_dead && (wire.venue, wire.line) == (venue, line);
        self.wires.iter().find(|(_, wire)| mine(wire)).map(|(conn, _)| *conn)
    }
}
