//! Act: a plan carried out in virtual time, frame by frame.
//!
//! In: what venues say to whom. Out: what arrives, in the order in which it arrives.
//! Never: a frame of one connection before an earlier one, unless that is the fault.

use std::collections::{BTreeMap, VecDeque};

use super::plan::{Entry, Plan, What};
use crate::base::Nanos;
use crate::limits;
use crate::sim::dialect::{Conn, Out, Put, Response};
use crate::sim::random::Random;

/// The stream of chance that faults use.
const CHANCE: u64 = 2_000;

const MINUTE_NS: i64 = 60 * Nanos::SECOND;

/// What may happen by chance, and how many frames it takes.
const BY_CHANCE: [(What, Option<u64>); 8] = [
    (What::Drop, Some(1)),
    (What::Duplicate, Some(1)),
    (What::Reorder, Some(1)),
    (What::Corrupt, Some(1)),
    (What::Checksum, Some(1)),
    (What::Stall, None),
    (What::Slow, None),
    (What::Disconnect, None),
];

/// See the module.
#[derive(Clone, Debug)]
pub struct Faults {
    open: Nanos,
    random: Random,
    per_minute: i64,
    next_by_chance: Nanos,
    /// Not begun, by their time.
    waiting: VecDeque<Entry>,
    active: Vec<Active>,
    lines: BTreeMap<Conn, Line>,
    /// Connections so far, by venue.
    numbers: [u64; 3],
    begun: u64,
}

#[derive(Clone, Debug)]
struct Active {
    entry: Entry,
    until: Nanos,
    left: Option<u64>,
}

#[derive(Clone, Debug)]
struct Line {
    venue: usize,
    number: u64,
    is_dead: bool,
    /// Frames that arrive later, in their order.
    held: VecDeque<(Nanos, Put)>,
    /// A frame that arrives after the next one.
    swapped: Option<Put>,
}

impl Faults {
    /// A plan that begins at a time.
    pub fn new(plan: &Plan, seed: u64, open: Nanos) -> Faults {
        let mut entries = plan.entries.clone();
        entries.sort_by_key(|entry| entry.at_ms);
        let mut faults = Faults {
            open,
            random: Random::new(seed, CHANCE),
            per_minute: plan.per_minute.into(),
            next_by_chance: Nanos(i64::MAX),
            waiting: entries.into(),
            active: Vec::new(),
            lines: BTreeMap::new(),
            numbers: [0; 3],
            begun: 0,
        };
        faults.wait_for_chance(open);
        faults
    }

    /// Faults that were begun.
    pub const fn begun(&self) -> u64 {
        self.begun
    }

    /// A connection came about.
    pub fn opened(&mut self, conn: Conn, venue: usize) {
        self.numbers[venue] += 1;
        let number = self.numbers[venue];
        let (held, swapped) = (VecDeque::new(), None);
        self.lines.insert(conn, Line { venue, number, is_dead: false, held, swapped });
    }

    /// A connection is gone.
    pub fn closed(&mut self, conn: Conn) {
        self.lines.remove(&conn);
    }

    /// The answer to whoever asks a venue that is under maintenance.
    pub fn refusal(&self, venue: usize, now: Nanos) -> Option<Response> {
        let is_it = |active: &Active| {
            let entry = &active.entry;
            entry.what == What::Maintenance
                && entry.venue.is_none_or(|of| of == venue)
                && now < active.until
        };
        let body = "{\"error\":\"under maintenance\"}";
        self.active.iter().any(is_it).then(|| Response::with(503, body))
    }

    /// Does a client's text arrive?
    pub fn hears(&self, conn: Conn, now: Nanos) -> bool {
        let Some(line) = self.lines.get(&conn) else { return true };
        let is_deaf = |active: &Active| {
            active.entry.what == What::Deaf && now < active.until && active.concerns(line)
        };
        !line.is_dead && !self.active.iter().any(is_deaf)
    }

    /// What venues say now goes in, what arrives by now comes out.
    pub fn pass(&mut self, said: Vec<Out>, now: Nanos, due: &mut Vec<Out>) {
        self.begin(now, due);
        for Out { conn, put } in said {
            match self.lines.get_mut(&conn) {
                Some(line) => line.pass(conn, put, &mut self.active, &mut self.random, now, due),
                None => due.push(Out { conn, put }),
            }
        }
        for (conn, line) in &mut self.lines {
            while line.held.front().is_some_and(|(at, _)| *at <= now) {
                let Some((_, put)) = line.held.pop_front() else { break };
                due.push(Out { conn: *conn, put });
            }
        }
    }

    fn begin(&mut self, now: Nanos, due: &mut Vec<Out>) {
        self.active.retain(|active| now < active.until && active.left != Some(0));
        while self.next_by_chance <= now {
            let (what, count) = BY_CHANCE[self.random.below(BY_CHANCE.len() as i64) as usize];
            let venue = Some(self.random.below(3) as usize);
            let at_ms = (self.next_by_chance.0 - self.open.0) / Nanos::MILLI;
            let (for_ms, delay_ms) = (1 + self.random.exponential(1_000), 250);
            let for_ms = if count.is_some() { 60_000 } else { for_ms };
            let (connection, symbol) = (None, None);
            self.waiting.push_front(Entry {
                at_ms,
                what,
                venue,
                connection,
                symbol,
                for_ms,
                count,
                delay_ms,
            });
            self.wait_for_chance(self.next_by_chance);
        }
        let is_due = |open: Nanos, entry: &Entry| open.0 + entry.at_ms * Nanos::MILLI <= now.0;
        while self.waiting.front().is_some_and(|entry| is_due(self.open, entry)) {
            let Some(entry) = self.waiting.pop_front() else { return };
            self.begun += 1;
            let until = Nanos(self.open.0 + (entry.at_ms + entry.for_ms) * Nanos::MILLI);
            let active = Active { left: entry.count, entry, until };
            for (conn, line) in &mut self.lines {
                if !active.concerns(line) {
                    continue;
                }
                match active.entry.what {
                    What::Disconnect | What::Maintenance => {
                        let put = Put::Close(1_012, "service restart");
                        due.push(Out { conn: *conn, put });
                    }
                    What::HalfOpen => line.is_dead = true,
                    _ => {}
                }
            }
            self.active.push(active);
        }
    }

    fn wait_for_chance(&mut self, from: Nanos) {
        if self.per_minute > 0 {
            let wait_ns = 1 + self.random.exponential(MINUTE_NS / self.per_minute);
            self.next_by_chance = Nanos(from.0 + wait_ns);
        }
    }
}

impl Active {
    fn concerns(&self, line: &Line) -> bool {
        self.entry.venue.is_none_or(|venue| venue == line.venue)
            && self.entry.connection.is_none_or(|number| number == line.number)
    }

    fn meets(&self, line: &Line, frame: &[u8], now: Nanos) -> bool {
        let holds = |text: &String| contains(frame, text.as_bytes());
        now < self.until
            && self.left != Some(0)
            && self.concerns(line)
            && self.entry.symbol.as_ref().is_none_or(holds)
            && (self.entry.what != What::Checksum || contains(frame, b"\"checksum\":"))
    }
}

impl Line {
    fn pass(
        &mut self,
        conn: Conn,
        put: Put,
        active: &mut [Active],
        random: &mut Random,
        now: Nanos,
        due: &mut Vec<Out>,
    ) {
        if self.is_dead {
            return;
        }
        let Put::Frame(mut frame) = put else { return self.arrive(conn, put, now, due) };
        let (mut at, mut times, mut is_swapped) = (now, 1, false);
        for fault in active {
            if !fault.meets(self, &frame, now) {
                continue;
            }
            match fault.entry.what {
                What::Drop => times = 0,
                What::Duplicate => times += 1,
                What::Reorder => is_swapped = self.swapped.is_none(),
                What::Corrupt => corrupt(&mut frame, random),
                What::Checksum => spoil_checksum(&mut frame),
                What::Stall => at = at.max(fault.until),
                What::Slow => at = at.max(Nanos(now.0 + fault.entry.delay_ms * Nanos::MILLI)),
                _ => continue,
            }
            fault.left = fault.left.map(|left| left - 1);
        }
        if is_swapped && times > 0 {
            self.swapped = Some(Put::Frame(frame));
            return;
        }
        for _ in 0..times {
            self.arrive_at(conn, Put::Frame(frame.clone()), (at, now), due);
        }
        if let Some(earlier) = self.swapped.take_if(|_| times > 0) {
            self.arrive_at(conn, earlier, (at, now), due);
        }
    }

    fn arrive(&mut self, conn: Conn, put: Put, now: Nanos, due: &mut Vec<Out>) {
        self.arrive_at(conn, put, (now, now), due);
    }

    /// At a time, but not before what came earlier.
    fn arrive_at(&mut self, conn: Conn, put: Put, (at, now): (Nanos, Nanos), due: &mut Vec<Out>) {
        let at = self.held.back().map_or(at, |(last, _)| at.max(*last));
        if at <= now && self.held.is_empty() {
            due.push(Out { conn, put });
        } else if self.held.len() < limits::SIM_QUEUE_FRAMES {
            self.held.push_back((at, put));
        } else {
            // As with a client that does not read: a venue keeps no more for anybody.
            self.held.clear();
            self.is_dead = true;
            due.push(Out { conn, put: Put::Close(1_008, "too much is held back") });
        }
    }
}

fn contains(frame: &[u8], text: &[u8]) -> bool {
    text.is_empty() || frame.windows(text.len()).any(|window| window == text)
}

/// One byte becomes another that is printed.
fn corrupt(frame: &mut [u8], random: &mut Random) {
    let at = random.below(frame.len() as i64) as usize;
    if let Some(byte) = frame.get_mut(at) {
        *byte = if *byte == b'#' { b'~' } else { b'#' };
    }
}

/// The last digit of the checksum becomes another.
fn spoil_checksum(frame: &mut [u8]) {
    const MARK: &[u8] = b"\"checksum\":";
    let Some(mark) = frame.windows(MARK.len()).position(|window| window == MARK) else { return };
    let digits = frame[mark + MARK.len()..].iter_mut();
    if let Some(last) = digits.take_while(|byte| byte.is_ascii_digit()).last() {
        *last = if *last == b'0' { b'1' } else { *last - 1 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONN: Conn = Conn(1);

    /// What arrives of frames that are said one a millisecond, from 1 ms on, with its time.
    fn arrived(plan: &str, frames: &[&str]) -> Vec<(i64, String)> {
        let plan = Plan::parse(&format!("[[fault]]\nat_ms = 2\n{plan}")).unwrap();
        let mut faults = Faults::new(&plan, 1, Nanos(0));
        faults.opened(CONN, 0);
        let mut arrived = Vec::new();
        for ms in 1..=20 {
            let said = frames.get(ms - 1).map(|text| frame(text));
            let mut due = Vec::new();
            let now = Nanos(ms as i64 * Nanos::MILLI);
            faults.pass(said.into_iter().collect(), now, &mut due);
            arrived.extend(due.into_iter().map(|out| (ms as i64, text_of(out))));
        }
        arrived
    }

    fn frame(text: &str) -> Out {
        Out { conn: CONN, put: Put::Frame(text.into()) }
    }

    fn text_of(out: Out) -> String {
        match out.put {
            Put::Frame(frame) => String::from_utf8(frame).unwrap(),
            other => format!("{other:?}"),
        }
    }

    fn texts(plan: &str, frames: &[&str]) -> String {
        arrived(plan, frames).into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_held_back_is_bounded_and_then_the_line_ends() {
        let plan = Plan::parse("[[fault]]\nat_ms = 0\nwhat = \"stall\"\nfor_ms = 60000\n").unwrap();
        let mut faults = Faults::new(&plan, 1, Nanos(0));
        faults.opened(CONN, 0);
        let mut due = Vec::new();
        for _ in 0..limits::SIM_QUEUE_FRAMES + 5 {
            faults.pass(vec![frame("a")], Nanos(Nanos::MILLI), &mut due);
        }
        let ends = [Out { conn: CONN, put: Put::Close(1_008, "too much is held back") }];
        assert_eq!(due, ends);
    }

    #[test]
    fn each_fault_does_what_it_says_and_no_more() {
        let frames = ["a", "b", "c", "d"];
        assert_eq!(texts("what = \"drop\"\ncount = 1", &frames), "a c d");
        assert_eq!(texts("what = \"duplicate\"\ncount = 2", &frames), "a b b c c d");
        assert_eq!(texts("what = \"reorder\"\ncount = 1", &frames), "a c b d");
        assert_eq!(texts("what = \"corrupt\"\ncount = 1", &frames), "a # c d");
        assert_eq!(texts("what = \"half-open\"", &frames), "a");
        assert_eq!(texts("what = \"drop\"\nsymbol = \"c\"", &frames), "a b d");
        assert_eq!(texts("what = \"drop\"\nvenue = \"binance\"", &frames), "a b c d");
        assert_eq!(texts("what = \"drop\"\nconnection = 2", &frames), "a b c d");
        let sums = ["{\"checksum\":10}", "{\"checksum\":10}", "e"];
        let spoilt = "{\"checksum\":10} {\"checksum\":11} e";
        assert_eq!(texts("what = \"checksum\"", &sums), spoilt);
    }

    #[test]
    fn late_frames_keep_their_order() {
        let at = |plan: &str| -> Vec<(i64, String)> { arrived(plan, &["a", "b", "c", "d", "e"]) };
        let told = |all: &[(i64, &str)]| -> Vec<(i64, String)> {
            all.iter().map(|(ms, text)| (*ms, (*text).to_owned())).collect()
        };
        let stalled = told(&[(1, "a"), (4, "b"), (4, "c"), (4, "d"), (5, "e")]);
        assert_eq!(at("what = \"stall\"\nfor_ms = 2"), stalled);
        let slow = told(&[(1, "a"), (12, "b"), (12, "c"), (12, "d"), (12, "e")]);
        assert_eq!(at("what = \"slow\"\ncount = 1\ndelay_ms = 10"), slow);
    }

    #[test]
    fn maintenance_closes_and_refuses_until_it_is_over() {
        let plan = "[[fault]]\nat_ms = 1\nwhat = \"maintenance\"\nvenue = \"kraken\"\nfor_ms = 5";
        let mut faults = Faults::new(&Plan::parse(plan).unwrap(), 1, Nanos(0));
        faults.opened(CONN, 0);
        let mut due = Vec::new();
        faults.pass(Vec::new(), Nanos(2 * Nanos::MILLI), &mut due);
        assert_eq!(due[0].put, Put::Close(1_012, "service restart"));
        assert_eq!(faults.refusal(0, Nanos(2 * Nanos::MILLI)).map(|r| r.status), Some(503));
        assert_eq!(faults.refusal(1, Nanos(2 * Nanos::MILLI)), None);
        assert_eq!(faults.refusal(0, Nanos(6 * Nanos::MILLI)), None);
        assert_eq!(faults.begun(), 1);
    }

    #[test]
    fn faults_of_chance_are_those_of_the_seed_and_come_at_their_rate() {
        let story = |seed| {
            let plan = Plan { per_minute: 60, ..Plan::default() };
            let mut faults = Faults::new(&plan, seed, Nanos(0));
            faults.opened(CONN, 0);
            let mut due = Vec::new();
            for ms in (0..600_000).step_by(10) {
                faults.pass(vec![frame("{\"checksum\":1}")], Nanos(ms * Nanos::MILLI), &mut due);
            }
            (faults.begun(), due)
        };
        let (begun, first) = story(1);
        assert!((480..720).contains(&begun), "{begun} in ten minutes");
        assert_eq!(first, story(1).1);
        assert_ne!(first, story(2).1);
    }
}
