//! Exchange: a venue in a box, for paper money, plugged in where a socket would be.
//!
//! In: the bytes of our requests, as dispatch writes them; the decoded market of its venue. Out:
//! [`Reply`]s. It keeps its own books, balances and open orders.
//! Never: a clock, chance, an allocation after construction, a reply before its time, a fill on a
//! book that is not live.
//!
//! **Time** is the driver's. At each frame, received at `t`:
//!
//! 1. [`Exchange::advance`] to `t`, and our machine takes the replies;
//! 2. our machine sees the frame, and [`Exchange::take`] what it sends at `t`;
//! 3. [`Exchange::on`] the frame's events.
//!
//! A request that is sent at `t` arrives at `t + order_latency_ns` and meets the book after all
//! frames with a time up to then that came before the next advance: whoever is late by a frame sees
//! that frame's book. Its replies carry `recv_ns`, the time of its execution plus
//! `report_latency_ns`, and come out of the first advance to a time not before that.
//!
//! **Takers** walk the levels from the best price on and consume them: what was taken of a level is
//! not there for our next order until the market says something new about that level. What a limit
//! order does not find rests. **Makers** wait for their turn at their price. On arrival all that
//! is shown there is ahead; `queue` says how they move up. A trade or a best quote through their
//! price fills them wholly at their price. **Our own two sides** never trade: an order that would
//! meet an older one of ours takes what is better priced, and the rest of it expires.
//!
//! **Money** is in whole units. What a fill comes to and its fee are rounded against us, each fill
//! by itself. On spot an open order holds back what it may cost, the highest fee included. Futures
//! settle what is won in the asset that they settle in; their margin is not modelled, so that a
//! balance may fall below zero. Positions of futures are netted over the account.

mod settings;
mod queue;
mod taken;
mod listing;
mod purse;
mod walk;
mod outbox;
mod pit;
mod makers;
#[cfg(test)]
mod stand;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod money;

pub use pit::Counts;
pub use purse::Balance;
pub use settings::{Cancels, Fees, Refused, Settings};

use std::collections::VecDeque;

use listing::{Charges, Listing};
use outbox::Outbox;
use pit::Pit;
use purse::Purse;
use taken::Taken;
use walk::Walk;

use crate::base::{
    AccountId, AssetId, InstrumentId, Instruments, Nanos, Position, Price, Qty, Side, SymbolTable,
};
use crate::event::{ClientId, Head, Market, Reply, Tick};
use crate::limits::{OPEN_ORDERS_MAX, PAPER_REQUESTS_MAX};
use crate::stage::book::Books;
use crate::stage::contract::{Emit, Idle, Nowhere, On};
use crate::sys::memory;
use crate::venue::{Dialect, Refusal, Request};

/// See the module.
#[derive(Debug)]
pub struct Exchange {
    dialect: &'static Dialect,
    /// Requests on their way, in the order of their arrival.
    requests: VecDeque<(Nanos, Request)>,
    latency_ns: i64,
    /// From instruments of the process to listings.
    places: Box<[Option<u32>]>,
    pit: Pit,
    ticked: Nanos,
}

/// Why a request was not taken. Nobody answers it: who sent it has to say that it was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// The venue is known from recordings only.
    #[error("venue {0} takes no orders: expected one with order entry; name another account")]
    NoDesk(&'static str),
    /// The bytes are not a request of the venue.
    #[error("the venue cannot read the request: {0}; it was not written by this version")]
    Malformed(Refusal),
    /// Too many are on their way.
    #[error(
        "{requests} requests and {replies} replies are on their way, more than the paper venue \
         holds: send fewer, or shorten its latency"
    )]
    Full {
        /// Requests on their way.
        requests: usize,
        /// Replies on their way.
        replies: usize,
    },
}

/// An order of ours that is open at the venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenOrder {
    /// Our name of it.
    pub client: ClientId,
    /// The venue's number.
    pub venue_order: u64,
    /// The instrument.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Its limit, in units of the instrument.
    pub price: Price,
    /// What is left of it, in units of the instrument.
    pub left: Qty,
}

impl Exchange {
    /// The venue of `dialect`, as `account` sees it, with the instruments that it lists.
    pub fn new(
        dialect: &'static Dialect,
        account: AccountId,
        instruments: &Instruments,
        settings: &Settings,
    ) -> Exchange {
        let fees = settings.fees.bounded();
        let charges = Charges::of(dialect.name);
        let mut places = vec![None; instruments.len()];
        let (mut listings, mut symbols) = (Vec::new(), SymbolTable::with_capacity(0));
        let mut own = Instruments::default();
        for instrument in instruments.iter().filter(|i| i.venue == dialect.name) {
            let at = listings.len() as u32;
            places[instrument.id.index()] = Some(at);
            symbols.insert(instrument.symbol, InstrumentId(at));
            listings.push(Listing::new(instrument, &settings.decimals, fees, charges));
            if settings.fills {
                own.add(instrument.clone());
            }
        }
        let assets = settings.decimals.len();
        let pit = Pit {
            purse: Purse::new(assets, &settings.balances, listings.len()),
            listings: listings.into(),
            symbols,
            books: Books::new(&own, &settings.book),
            orders: memory::resident(OPEN_ORDERS_MAX),
            taken: Taken::new(),
            walk: Walk::new(),
            outbox: Outbox::new(account, settings.report_latency_ns),
            cancels: settings.cancels,
            fills: settings.fills,
            counts: pit::Counts::default(),
        };
        Exchange {
            dialect,
            requests: VecDeque::from(memory::resident(PAPER_REQUESTS_MAX)),
            latency_ns: settings.order_latency_ns.max(0),
            places: places.into(),
            pit,
            ticked: Nanos::NONE,
        }
    }

    /// The bytes of a request leave us at `now`.
    pub fn take(&mut self, bytes: &[u8], now: Nanos) -> Result<(), NotTaken> {
        let desk = self.dialect.desk.ok_or(NotTaken::NoDesk(self.dialect.name))?;
        match desk.decode(bytes) {
            Ok(request) => self.ask(&request, now),
            Err(refusal) => {
                self.pit.counts.malformed += 1;
                Err(NotTaken::Malformed(refusal))
            }
        }
    }

    /// The same for a request that was read before.
    pub fn ask(&mut self, request: &Request, now: Nanos) -> Result<(), NotTaken> {
        if self.requests.len() >= PAPER_REQUESTS_MAX || self.pit.outbox.room() == 0 {
            self.pit.counts.turned_away += 1;
            let (requests, replies) = (self.requests.len(), self.pit.outbox.len());
            return Err(NotTaken::Full { requests, replies });
        }
        // None overtakes another one, whatever the driver's clock does.
        let before = self.requests.back().map_or(Nanos::NONE, |(arrives, _)| *arrives);
        let arrives = Nanos(now.0.saturating_add(self.latency_ns)).max(before);
        self.pit.outbox.promised += 1;
        self.requests.push_back((arrives, *request));
        Ok(())
    }

    /// Executes what has arrived by `now`, in the order of arrival, and hands over the replies that
    /// have come back by then, in the order of their time.
    pub fn advance(&mut self, now: Nanos, out: &mut impl Emit<Reply>) {
        let grid = Nanos(now.0 - now.0.rem_euclid(Tick::GRID_NS));
        if self.pit.fills && grid > self.ticked {
            self.ticked = grid;
            self.pit.books.on(&Tick { now: grid, frame: 0 }, &mut Nowhere);
        }
        while let Some((arrives, request)) = self.requests.pop_front_if(|next| next.0 <= now) {
            self.pit.outbox.drain(arrives, out);
            self.pit.outbox.promised -= 1;
            self.pit.execute(arrives, &request);
        }
        self.pit.outbox.drain(now, out);
        self.pit.books.idle();
    }

    /// Takes an event of the market; those of other venues pass by.
    pub fn on(&mut self, market: &Market<'_>) {
        let head = market.head;
        let place = match self.places.get(head.instrument.index()) {
            _ if head.instrument == InstrumentId::NONE => None,
            Some(Some(place)) => Some(InstrumentId(*place)),
            _ => return,
        };
        if self.pit.fills {
            let instrument = place.unwrap_or(InstrumentId::NONE);
            self.pit.on_market(&Head { instrument, ..*head }, market.levels);
        }
    }

    /// When something is next to be done; `None` where nothing is under way.
    pub fn next(&self) -> Option<Nanos> {
        let request = self.requests.front().map(|(arrives, _)| *arrives);
        match (request, self.pit.outbox.next()) {
            (Some(request), Some(reply)) => Some(request.min(reply)),
            (request, reply) => request.or(reply),
        }
    }

    /// What the account holds of an asset; `None` where there is no such asset. Cold.
    pub fn balance(&self, asset: AssetId) -> Option<Balance> {
        self.pit.purse.balance(asset)
    }

    /// Contracts held of an instrument, net, with what they cost and what they have won in units
    /// of the asset that it settles in. Cold.
    pub fn contracts(&self, instrument: InstrumentId) -> Position {
        let place = self.places.get(instrument.index()).copied().flatten();
        place.map(|at| self.pit.purse.contracts(at as usize)).unwrap_or_default()
    }

    /// Orders that are open, in the order of their arrival. Cold.
    pub fn open_orders(&self) -> impl Iterator<Item = OpenOrder> {
        self.pit.orders.iter().map(|order| OpenOrder {
            client: order.client,
            venue_order: order.venue_order,
            instrument: self.pit.listings[order.listing].instrument.id,
            side: order.side,
            price: Price(order.price),
            left: Qty(order.left),
        })
    }

    /// What happened so far. Cold.
    pub fn counts(&self) -> Counts {
        self.pit.counts
    }
}
