//! The opening of a live session: private lines are up, what earlier sessions left open is
//! cancelled, what the accounts hold is known. Only then does the machine start. When it has ended
//! the same is asked again, to compare.
//!
//! In: members, a carrier. Out: what each account holds, what was found there.
//! Never: an order of others touched. Ours are known by their names, whatever session they are of.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::carrier::Carrier;
use super::members::{LiveAccount, Members};
use crate::base::{AccountId, Nanos};
use crate::limits;
use crate::stage::dispatch::order_of;
use crate::venue::session::State;
use crate::venue::trade::{Balance, Fact, Past, Standing};

/// What an account was found to be like.
#[derive(Clone, Debug, Default)]
pub struct Opened {
    /// The account.
    pub account: AccountId,
    /// What it holds.
    pub balances: Vec<Balance>,
    /// Open orders of earlier sessions of ours: they were cancelled.
    pub orphans: Vec<Standing>,
    /// Open orders of others: they stand.
    pub foreign: Vec<Standing>,
    /// Fills since the time that its settings name.
    pub fills: Vec<Past>,
}

/// Why a session does not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpeningError {
    /// A private session did not come up.
    #[error(
        "its private session is not ready after {seconds} s ({state}{last}); check its key, the \
         network and the venue's own notices, and start again"
    )]
    NotReady {
        /// Whose.
        account: AccountId,
        /// How long it was waited for.
        seconds: i64,
        /// How it stands.
        state: String,
        /// The last trouble, in brackets of its own.
        last: String,
    },
    /// Orders of an earlier session cannot be got rid of.
    #[error(
        "{left} orders of earlier sessions are still open after {seconds} s; cancel them at the \
         venue and start again"
    )]
    Orphans {
        /// Whose.
        account: AccountId,
        /// How many.
        left: usize,
        /// How long it was tried.
        seconds: i64,
    },
    /// It was told to stop.
    #[error("stopped before the private sessions were ready; nothing was sent")]
    Stopped,
}

impl OpeningError {
    /// The account that it is about, where it is about one.
    pub const fn account(&self) -> Option<AccountId> {
        match self {
            OpeningError::NotReady { account, .. } | OpeningError::Orphans { account, .. } => {
                Some(*account)
            }
            OpeningError::Stopped => None,
        }
    }
}

/// What was heard of an account so far.
#[derive(Debug, Default)]
struct Hearing {
    opened: Opened,
    /// Orders of ours that the last listing showed.
    ours: Vec<Standing>,
    /// Which lists are whole, by their kind.
    whole: [bool; 3],
    /// Was it asked for all of that?
    is_asked: bool,
    last: String,
}

impl Hearing {
    fn hear(&mut self, fact: Fact) {
        match fact {
            Fact::Order(standing) => {
                let is_ours = standing.client.is_some_and(|client| order_of(&client).is_some());
                let list = if is_ours { &mut self.ours } else { &mut self.opened.foreign };
                if !list.iter().any(|known| known.venue_order == standing.venue_order) {
                    list.push(standing);
                }
            }
            Fact::Balance(balance) => {
                self.opened.balances.retain(|known| known.name != balance.name);
                self.opened.balances.push(balance);
            }
            Fact::Fill(past) => self.opened.fills.push(past),
            Fact::Whole(listing) => self.whole[listing as usize] = true,
        }
    }

    fn is_whole(&self) -> bool {
        self.whole == [true; 3]
    }
}

/// Opens the private sessions, where they are not, and waits until each is ready, its account's
/// orders, balances and fills are known anew, and no order of ours is open. `tell` hears how
/// sessions stand. Cold: the machine has not started, or has ended.
pub fn open<C: Carrier>(
    carrier: &mut C,
    stations: usize,
    members: &mut [LiveAccount],
    stop: &AtomicBool,
    tell: &mut dyn FnMut(AccountId, State),
) -> Result<Vec<Opened>, OpeningError> {
    let mut members = Members::new(members, stations);
    let mut hearings: Vec<Hearing> = (0..members.len())
        .map(|place| {
            let account = members.account(place);
            Hearing { opened: Opened { account, ..Opened::default() }, ..Hearing::default() }
        })
        .collect();
    for place in 0..members.len() {
        members.keep(place, carrier);
    }
    let until = Nanos(carrier.now().0 + limits::OPENING_NS_MAX);
    let mut next_poll = Nanos::NONE;
    loop {
        if stop.load(Ordering::Relaxed) {
            return Err(OpeningError::Stopped);
        }
        let now = carrier.now();
        take(carrier, &mut members, (stations, now), &mut hearings);
        if now < next_poll {
            continue;
        }
        next_poll = Nanos(now.0 + limits::SESSION_POLL_NS);
        let mut is_open = true;
        for (place, hearing) in hearings.iter_mut().enumerate() {
            members.poll(place, now);
            members.settle(place, carrier, |_, fact| hearing.hear(fact));
            if let Some(state) = members.news(place) {
                tell(hearing.opened.account, state);
            }
            // One that was up before has told what it found then: it is asked once more.
            if members.is_ready(place) && !hearing.is_whole() && !hearing.is_asked {
                hearing.is_asked = true;
                members.reconcile(place, now);
                members.settle(place, carrier, |_, fact| hearing.hear(fact));
            }
            let is_up = hearing.is_whole() && members.is_ready(place);
            if is_up && !hearing.ours.is_empty() {
                sweep(&mut members, place, hearing, now);
                members.settle(place, carrier, |_, fact| hearing.hear(fact));
                is_open = false;
            }
            is_open &= is_up;
        }
        if is_open {
            return Ok(hearings.into_iter().map(|hearing| hearing.opened).collect());
        }
        if now >= until {
            return Err(fault(&members, &hearings));
        }
    }
}

/// Takes the next thing that happened.
fn take<C: Carrier>(
    carrier: &mut C,
    members: &mut Members<'_>,
    (stations, now): (usize, Nanos),
    hearings: &mut [Hearing],
) {
    let Some(event) = carrier.poll() else {
        thread::park_timeout(Duration::from_micros(200));
        return;
    };
    let Some(place) = event.venue().checked_sub(stations) else { return };
    if let Some(why) = event.why() {
        hearings[place].last = format!("; {why}");
    }
    members.hear(place, &event, now);
    members.settle(place, carrier, |_, fact| hearings[place].hear(fact));
}

/// Cancels what earlier sessions left open. Whether it is gone, the next listing shows; what it
/// held comes with it.
fn sweep(members: &mut Members<'_>, place: usize, hearing: &mut Hearing, now: Nanos) {
    for standing in std::mem::take(&mut hearing.ours) {
        members.cancel_standing(place, &standing, now);
        let known = &mut hearing.opened.orphans;
        if !known.iter().any(|one| one.venue_order == standing.venue_order) {
            known.push(standing);
        }
    }
    hearing.whole = [false; 3];
    hearing.opened.fills.clear();
    members.reconcile(place, now);
}

/// The private sessions take leave: nothing of ours is open any more, so a dead man's switch is not
/// to fire once we are gone.
pub fn leave<C: Carrier>(carrier: &mut C, stations: usize, members: &mut [LiveAccount]) {
    let mut members = Members::new(members, stations);
    let until = Nanos(carrier.now().0 + limits::RETIRING_NS);
    for place in 0..members.len() {
        members.retire(place, carrier.now());
        members.settle(place, carrier, |_, _| {});
    }
    while carrier.now() < until {
        let now = carrier.now();
        let Some(event) = carrier.poll() else {
            thread::park_timeout(Duration::from_micros(200));
            continue;
        };
        if let Some(place) = event.venue().checked_sub(stations) {
            members.hear(place, &event, now);
            members.settle(place, carrier, |_, _| {});
        }
    }
}

/// What keeps a session from being opened.
fn fault(members: &Members<'_>, hearings: &[Hearing]) -> OpeningError {
    let seconds = limits::OPENING_NS_MAX / Nanos::SECOND;
    let shut = |place: &usize| !(hearings[*place].is_whole() && members.is_ready(*place));
    let place = (0..hearings.len()).find(shut).unwrap_or(0);
    let hearing = &hearings[place];
    let account = hearing.opened.account;
    if members.is_ready(place) && !hearing.opened.orphans.is_empty() {
        return OpeningError::Orphans { account, left: hearing.opened.orphans.len(), seconds };
    }
    let state = members.state(place).to_string();
    OpeningError::NotReady { account, seconds, state, last: hearing.last.clone() }
}
