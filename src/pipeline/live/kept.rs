//! Connections that are kept open for orders over HTTP, and the orders that wait for one.
//!
//! In: requests, whole; connections that the dialer made. Out: an answer to each, or that there is
//! none.
//! Never: a request sent twice, or later than it was meant: what was on a connection that ended may
//! have arrived, and whoever handed it in asks what became of it. A wait; an allocation while
//! connections stay open; a request that is shown.

use std::collections::VecDeque;

use super::carrier::Event;
use super::waiting::Waiting;
use crate::base::Nanos;
use crate::cold::dialer::{Dialer, Wanted};
use crate::limits;
use crate::net::{Http, HttpError, Reply};
use crate::sys::alloc;
use crate::sys::clock::Clock;
use crate::venue::session::{Address, FetchId, Jitter, Pace};
use crate::venue::wire::Padded;

/// The connections to all hosts.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pools: Vec<Pool>,
    places: Vec<Place>,
    /// The place that is looked at next.
    next: usize,
    looks: u32,
    /// Requests that will have no answer, and why.
    lost: VecDeque<(usize, FetchId, Why)>,
    /// Why the last one has none, as it was handed out.
    why: String,
}

/// Where the requests of one number to one host go.
#[derive(Debug)]
struct Pool {
    venue: usize,
    address: Address,
    waiting: Waiting,
}

/// Room for one connection.
#[derive(Debug)]
struct Place {
    pool: usize,
    state: State,
    /// What is awaited, and since when.
    awaited: Option<(FetchId, Nanos)>,
    /// Connections in a row that came to nothing.
    failures: u32,
    jitter: Jitter,
}

#[derive(Debug)]
enum State {
    /// To be dialled at a time.
    Empty(Nanos),
    Dialling,
    /// Open since then.
    Open(Box<Http>, Nanos),
}

/// Why there is no answer: made into a text where it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    NoPool,
    NoRoom,
    TooLarge,
    TooLate,
    NoAnswer,
    Down(HttpError),
}

/// Requests whose end waits to be told; of more than that, their session's own time runs out.
const LOST_MAX: usize = 1_024;

/// After a connection that came to nothing.
const PACE: Pace = Pace { free: 1, first_ns: 500_000_000, last_ns: 30_000_000_000 };

/// A connection that was open for so long, ns, came to something: venues end idle ones.
const LIFE_NS: i64 = 10_000_000_000;

/// An answer without a body, with room behind it.
const NOTHING: [u8; limits::FRAME_PAD_BYTES] = [0; limits::FRAME_PAD_BYTES];

impl Kept {
    /// Keeps at least so many connections.
    #[cold]
    pub(super) fn keep(&mut self, venue: usize, address: &Address, connections: usize) {
        let _aside = alloc::aside();
        self.lost.reserve(LOST_MAX);
        let pool = self.pool(venue, address).unwrap_or_else(|| {
            let (address, waiting) = (address.clone(), Waiting::with_room());
            self.pools.push(Pool { venue, address, waiting });
            self.pools.len() - 1
        });
        let have = self.places.iter().filter(|place| place.pool == pool).count();
        for n in have..connections.min(limits::KEPT_MAX) {
            let jitter = Jitter::new((pool * limits::KEPT_MAX + n) as u64);
            let (state, awaited) = (State::Empty(Nanos::NONE), None);
            self.places.push(Place { pool, state, awaited, failures: 0, jitter });
        }
    }

    /// Sends a request, or lets it wait a little.
    #[inline]
    pub(super) fn post(
        &mut self,
        (venue, id): (usize, FetchId),
        to: &Address,
        text: &[u8],
        now: Nanos,
    ) {
        let Some(pool) = self.pool(venue, to) else { return self.lose(venue, id, Why::NoPool) };
        if text.len() > limits::POST_BYTES_MAX {
            return self.lose(venue, id, Why::TooLarge);
        }
        let waiting = &mut self.pools[pool].waiting;
        // Whoever waits goes first.
        let is_out = waiting.is_empty() && send(&mut self.places, pool, id, text, now);
        if !is_out && !waiting.push(id, now, text) {
            self.lose(venue, id, Why::NoRoom);
        }
    }

    fn pool(&self, venue: usize, to: &Address) -> Option<usize> {
        self.pools.iter().position(|pool| {
            let at = &pool.address;
            (pool.venue, at.port, &*at.host) == (venue, to.port, &*to.host)
        })
    }

    fn lose(&mut self, venue: usize, id: FetchId, why: Why) {
        lose(&mut self.lost, venue, id, why);
    }

    /// What the dialer has made.
    #[cold]
    pub(super) fn made(&mut self, place: usize, http: Result<Box<Http>, String>, now: Nanos) {
        let Some(place) = self.places.get_mut(place) else { return };
        place.state = match http {
            Ok(http) => State::Open(http, now),
            Err(_) => place.again(now),
        };
    }

    /// The next answer. One place is looked at, and one request that waits.
    #[inline]
    pub(super) fn poll(&mut self, dialer: &Dialer, clock: &Clock) -> Option<Event<'_>> {
        if self.places.is_empty() && self.lost.is_empty() {
            return None;
        }
        let now = clock.unix_now();
        if let Some((venue, id, why)) = self.lost.pop_front() {
            return self.tell(venue, id, why);
        }
        self.next = if self.next + 1 < self.places.len() { self.next + 1 } else { 0 };
        let n = self.next;
        self.looks = if n == 0 { self.looks.wrapping_add(1) } else { self.looks };
        self.drain(self.places.get(n)?.pool, now);
        if !self.is_sound(n, dialer, now) {
            return None;
        }
        let Place { pool, state, awaited, failures, .. } = &mut self.places[n];
        let State::Open(http, _) = state else { return None };
        if awaited.is_none() && !self.looks.is_multiple_of(limits::KEPT_LOOK_EVERY) {
            return None;
        }
        // What ends it is seen at the next look.
        let reply = http.poll().ok()??;
        let (id, _) = awaited.take()?;
        *failures = 0;
        answer(self.pools[*pool].venue, id, &reply)
    }

    /// Requests that wait go out while connections are free, or are too late.
    #[inline]
    fn drain(&mut self, pool: usize, now: Nanos) {
        let Kept { pools, places, lost, .. } = self;
        let Pool { venue, waiting, .. } = &mut pools[pool];
        while let Some((id, since, text)) = waiting.first() {
            if now.0 - since.0 > limits::POST_WAIT_NS_MAX {
                lose(lost, *venue, id, Why::TooLate);
            } else if !send(places, pool, id, text, now) {
                return;
            }
            waiting.pop();
        }
    }

    /// Is the connection fit to be polled? One that is over or too slow is given up, and dialled
    /// again when it is time.
    #[inline]
    fn is_sound(&mut self, n: usize, dialer: &Dialer, now: Nanos) -> bool {
        let place = &mut self.places[n];
        let why = match &place.state {
            State::Dialling => return false,
            State::Empty(due) if *due > now => return false,
            State::Empty(_) => {
                let _aside = alloc::aside();
                let address = self.pools[place.pool].address.clone();
                dialer.ask(Wanted::Kept { place: n, address });
                place.state = State::Dialling;
                return false;
            }
            State::Open(http, _) => match (http.down(), place.awaited) {
                (Some(error), _) => Why::Down(error),
                (None, Some((_, since))) if now.0 - since.0 > limits::POST_NS_MAX => Why::NoAnswer,
                (None, Some(_)) if !http.is_waiting() => Why::NoAnswer,
                (None, None) if !http.is_ready() => Why::NoAnswer,
                _ => return true,
            },
        };
        self.give_up(n, why, now);
        false
    }

    #[cold]
    fn give_up(&mut self, n: usize, why: Why, now: Nanos) {
        let _aside = alloc::aside();
        let place = &mut self.places[n];
        if let State::Open(_, since) = place.state
            && now.0 - since.0 >= LIFE_NS
        {
            place.failures = 0;
        }
        place.state = place.again(now);
        if let Some((id, _)) = place.awaited.take() {
            let venue = self.pools[place.pool].venue;
            self.lose(venue, id, why);
        }
    }

    #[cold]
    fn tell(&mut self, venue: usize, id: FetchId, why: Why) -> Option<Event<'_>> {
        let _aside = alloc::aside();
        self.why = match why {
            Why::NoPool => "no connection is kept to that host; ask for some at the start".into(),
            Why::NoRoom => "too many orders wait for a connection; keep more connections".into(),
            Why::TooLarge => "the request is larger than an order's; it was not sent".into(),
            Why::TooLate => "no connection was free in time; keep more connections".into(),
            Why::NoAnswer => "no answer came in time, or none that could be awaited".into(),
            Why::Down(error) => error.to_string(),
        };
        let (status, retry_after_ns, used_weight) = (0, 0, None);
        let (body, why) = (Padded::new(&NOTHING, 0)?, Some(&*self.why));
        Some(Event::Answer { venue, id, status, retry_after_ns, used_weight, body, why })
    }
}

impl Place {
    fn again(&mut self, now: Nanos) -> State {
        self.failures = self.failures.saturating_add(1);
        State::Empty(Nanos(now.0 + PACE.wait_ns(self.failures, &mut self.jitter)))
    }
}

/// Sends on a connection that is free and, as far as can be seen, still there.
fn send(places: &mut [Place], pool: usize, id: FetchId, text: &[u8], now: Nanos) -> bool {
    for place in places.iter_mut().filter(|place| place.pool == pool) {
        let State::Open(http, _) = &mut place.state else { continue };
        // A look first: an order on a connection that has ended would be unknown for nothing.
        if http.is_ready() && matches!(http.poll(), Ok(None)) {
            // Where it breaks now, some of it may have gone out: the next look says so.
            place.awaited = Some((id, now));
            let _ = http.send(text);
            return true;
        }
    }
    false
}

fn lose(lost: &mut VecDeque<(usize, FetchId, Why)>, venue: usize, id: FetchId, why: Why) {
    if lost.len() < lost.capacity() {
        lost.push_back((venue, id, why));
    }
}

fn answer<'a>(venue: usize, id: FetchId, reply: &Reply<'a>) -> Option<Event<'a>> {
    let retry_after_s = reply.head.number("retry-after").unwrap_or(0).min(86_400);
    let used_weight = reply.head.number("x-mbx-used-weight-1m");
    Some(Event::Answer {
        venue,
        id,
        status: reply.head.status,
        retry_after_ns: retry_after_s as i64 * Nanos::SECOND,
        used_weight: used_weight.and_then(|weight| weight.try_into().ok()),
        body: Padded::new(reply.raw(), reply.body().len())?,
        why: None,
    })
}
