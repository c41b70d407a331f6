//! Act: a plan carried out in virtual time, frame by frame.
//!
//! In: what venues say to whom. Out: what arrives, in the order in which it arrives.
//! Never: a frame of one connection before an earlier one, unless that is the fault.

use std::collections::{BTreeMap, VecDeque};

use super::line::{Active, Change, Line};
use super::plan::{Entry, Plan, What};
use super::spoil::skew;
use crate::base::Nanos;
use crate::sim::dialect::{Conn, Out, Put, Response, denial};
use crate::sim::hall::VENUES;
use crate::sim::random::Random;

/// The stream of chance that faults use.
const CHANCE: u64 = 2_000;

const MINUTE_NS: i64 = 60 * Nanos::SECOND;

/// What may happen by chance, and how many frames it takes.
const BY_CHANCE: [(What, Option<u64>); 12] = [
    (What::Drop, Some(1)),
    (What::Duplicate, Some(1)),
    (What::Reorder, Some(1)),
    (What::Corrupt, Some(1)),
    (What::Checksum, Some(1)),
    (What::Stall, None),
    (What::Slow, None),
    (What::Disconnect, None),
    (What::Refuse, Some(1)),
    (What::Lag, None),
    (What::Skew, None),
    (What::Maintenance, None),
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
    /// Connections that a fault ends.
    closing: Vec<Conn>,
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
            closing: Vec::new(),
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

    /// The answer to whoever asks a venue that is under maintenance. Kraken's status is told.
    pub fn refusal(&self, venue: usize, path: &str, now: Nanos) -> Option<Response> {
        let body = match venue {
            0 if path.ends_with("/SystemStatus") => return None,
            0 => r#"{"error":["EService:Unavailable"]}"#,
            1 => r#"{"code":-1016,"msg":"This service is no longer available."}"#,
            _ => r#"{"error":"UNAVAILABLE","message":"under maintenance"}"#,
        };
        let is_it = self.at(What::Maintenance, venue, now).next().is_some();
        is_it.then(|| Response::with(503, body))
    }

    /// What a client is told whose subscription is refused; `None` where it is not.
    pub fn denies(&mut self, conn: Conn, text: &str, now: Nanos) -> Option<Vec<Out>> {
        let line = self.lines.get(&conn)?;
        let is_it = |active: &&mut Active| {
            let is_left = now < active.until && active.left != Some(0);
            active.entry.what == What::Refuse && is_left && active.concerns(line)
        };
        let active = self.active.iter_mut().find(is_it)?;
        let frames = denial(VENUES[line.venue], text, now);
        if frames.is_empty() {
            return None;
        }
        active.left = active.left.map(|left| left - 1);
        Some(frames.into_iter().map(|frame| Out { conn, put: Put::Frame(frame) }).collect())
    }

    /// A REST answer as a venue with a wrong clock gives it.
    pub fn answer(&self, venue: usize, now: Nanos, mut response: Response) -> Response {
        for active in self.at(What::Skew, venue, now) {
            skew(&mut response.body, active.entry.skew_ms * Nanos::MILLI);
        }
        response
    }

    /// Faults of a kind at a venue now.
    fn at(&self, what: What, venue: usize, now: Nanos) -> impl Iterator<Item = &Active> {
        let is_it = move |active: &&Active| {
            active.entry.what == what && now < active.until && active.is_at(venue)
        };
        self.active.iter().filter(is_it)
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
        self.begin(now);
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
        // After what they were told before, so that they hear why.
        due.extend(self.closing.drain(..).map(|conn| {
            let put = Put::Close(1_012, "service restart");
            Out { conn, put }
        }));
    }

    /// Faults begin and end that are due; what they ask of the venues, to be done before
    /// [`Faults::pass`].
    pub fn begin(&mut self, now: Nanos) -> Vec<Change> {
        let mut changes = Vec::new();
        for active in self.active.extract_if(.., |a| now >= a.until || a.left == Some(0)) {
            active.tell(false, &mut changes);
        }
        while self.next_by_chance <= now {
            let (what, count) = BY_CHANCE[self.random.below(BY_CHANCE.len() as i64) as usize];
            let venue = Some(self.random.below(3) as usize);
            let at_ms = (self.next_by_chance.0 - self.open.0) / Nanos::MILLI;
            let (for_ms, delay_ms) = (1 + self.random.exponential(1_000), 250);
            let for_ms = if count.is_some() { 60_000 } else { for_ms };
            let (connection, symbol) = (None, None);
            let (skew_ms, rate) = (self.random.below(10_000) - 5_000, 0);
            self.waiting.push_front(Entry {
                at_ms,
                what,
                venue,
                connection,
                symbol,
                for_ms,
                count,
                delay_ms,
                skew_ms,
                rate,
            });
            self.wait_for_chance(self.next_by_chance);
        }
        let is_due = |open: Nanos, entry: &Entry| open.0 + entry.at_ms * Nanos::MILLI <= now.0;
        while self.waiting.front().is_some_and(|entry| is_due(self.open, entry)) {
            let Some(entry) = self.waiting.pop_front() else { break };
            self.begun += 1;
            let until = Nanos(self.open.0 + (entry.at_ms + entry.for_ms) * Nanos::MILLI);
            let active = Active { left: entry.count, entry, until };
            for (conn, line) in &mut self.lines {
                if !active.concerns(line) {
                    continue;
                }
                match active.entry.what {
                    What::Disconnect | What::Maintenance => self.closing.push(*conn),
                    What::HalfOpen => line.is_dead = true,
                    _ => {}
                }
            }
            active.tell(true, &mut changes);
            self.active.push(active);
        }
        changes
    }

    fn wait_for_chance(&mut self, from: Nanos) {
        if self.per_minute > 0 {
            let wait_ns = 1 + self.random.exponential(MINUTE_NS / self.per_minute);
            self.next_by_chance = Nanos(from.0 + wait_ns);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits;

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
        let times = ["{\"E\":1672515782136}", "{\"E\":1672515782136}"];
        let skewed = "{\"E\":1672515782136} {\"E\":1672515781136}";
        assert_eq!(texts("what = \"skew\"\nskew_ms = -1000", &times), skewed);
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
        let refused = |venue, path, ms| faults.refusal(venue, path, Nanos(ms * Nanos::MILLI));
        assert_eq!(refused(0, "/0/public/Time", 2).map(|r| r.status), Some(503));
        assert_eq!(refused(0, "/0/public/SystemStatus", 2), None);
        assert_eq!(refused(1, "/api/v3/time", 2), None);
        assert_eq!(refused(0, "/0/public/Time", 6), None);
        assert_eq!(faults.begun(), 1);
    }

    #[test]
    fn what_is_asked_of_venues_is_asked_when_it_begins_and_when_it_ends() {
        let plan = "[[fault]]\nat_ms = 1\nwhat = \"maintenance\"\nvenue = \"kraken\"\nfor_ms = 2\n\
                    [[fault]]\nat_ms = 2\nwhat = \"lag\"\nvenue = \"binance\"\nfor_ms = 9\n\
                    delay_ms = 7\n\
                    [[fault]]\nat_ms = 3\nwhat = \"burst\"\nvenue = \"kraken\"\n\
                    symbol = \"ETH/USD\"\n\
                    rate = 5\nfor_ms = 2";
        let mut faults = Faults::new(&Plan::parse(plan).unwrap(), 1, Nanos(0));
        let mut at = |ms: i64| faults.begin(Nanos(ms * Nanos::MILLI));
        assert_eq!(at(1), [Change::Maintenance(0, true)]);
        assert_eq!(at(2), [Change::Lag(1, Some(7 * Nanos::MILLI))]);
        let burst = Change::Burst(0, Some("ETH/USD".into()), 5, 2 * Nanos::MILLI);
        assert_eq!(at(3), [Change::Maintenance(0, false), burst]);
        assert_eq!(at(10), []);
        assert_eq!(at(11), [Change::Lag(1, None)]);
    }

    #[test]
    fn subscriptions_are_refused_as_often_as_is_asked_and_nothing_else_is() {
        let plan = "[[fault]]\nat_ms = 0\nwhat = \"refuse\"\nvenue = \"coinbase\"\ncount = 1";
        let mut faults = Faults::new(&Plan::parse(plan).unwrap(), 1, Nanos(0));
        faults.opened(CONN, 2);
        let now = Nanos(1);
        faults.begin(now);
        let text = "{\"type\":\"subscribe\",\"channel\":\"level2\"}";
        assert_eq!(faults.denies(CONN, "{\"type\":\"unsubscribe\"}", now), None);
        let told = frame("{\"type\":\"error\",\"message\":\"failure to subscribe\"}");
        assert_eq!(faults.denies(CONN, text, now), Some(vec![told]));
        assert_eq!(faults.denies(CONN, text, now), None);
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
