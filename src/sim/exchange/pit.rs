//! The pit: what a paper venue knows, and what it does with a request.
//!
//! In: requests, one at a time, at the time at which they are executed. Out: replies, in the
//! outbox.
//! Never: a trade on a book that is not live, a trade with an order of our own, an allocation after
//! construction.

use super::listing::{Hold, Listing};
use super::outbox::Outbox;
use super::purse::Purse;
use super::queue::Place;
use super::settings::{Cancels, Refused};
use super::taken::Taken;
use super::walk::{Step, Walk, Wish};
use crate::base::{Decimal, Form, InstrumentId, Nanos, Price, Qty, Side, Symbol, SymbolTable};
use crate::event::{BookState, ClientId, Happened, Level, Liquidity, Style, Terms, View};
use crate::limits;
use crate::stage::book::Books;
use crate::venue::Request;

/// See the module.
#[derive(Debug)]
pub(super) struct Pit {
    pub(super) listings: Box<[Listing]>,
    pub(super) symbols: SymbolTable,
    /// The venue's own books, of its listings only; none where nothing is filled.
    pub(super) books: Books,
    /// Open orders in the order of their arrival.
    pub(super) orders: Vec<Ours>,
    pub(super) purse: Purse,
    pub(super) taken: Taken,
    pub(super) walk: Walk,
    pub(super) outbox: Outbox,
    pub(super) cancels: Cancels,
    pub(super) fills: bool,
    pub(super) counts: Counts,
}

/// What happened at a paper venue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Orders that were accepted.
    pub accepted: u64,
    /// Orders that were refused.
    pub rejected: u64,
    /// Orders that were cancelled.
    pub cancelled: u64,
    /// Cancels that were refused.
    pub cancels_refused: u64,
    /// Orders that ended by their own terms.
    pub expired: u64,
    /// Fills of orders that traded at once.
    pub taker_fills: u64,
    /// Fills of orders that rested.
    pub maker_fills: u64,
    /// Requests that could not be read.
    pub malformed: u64,
    /// Requests that were turned away because too many were on their way.
    pub turned_away: u64,
    /// Fills that did not happen because there was no room for their replies.
    pub missed: u64,
}

/// An order of ours that is open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ours {
    pub(super) client: ClientId,
    pub(super) venue_order: u64,
    pub(super) listing: usize,
    pub(super) side: Side,
    /// Its limit; 0 for a market order.
    pub(super) price: i64,
    pub(super) left: i64,
    pub(super) held: Hold,
    pub(super) place: Place,
}

impl Pit {
    /// Executes a request.
    pub(super) fn execute(&mut self, at: Nanos, request: &Request) {
        match *request {
            Request::Cancel { client } => self.cancel(at, client),
            Request::Place { client, .. } if !self.fills => self.decline(at, client),
            Request::Place { client, symbol, side, style, price, qty } => {
                let wanted = self.terms(&symbol, side, style, price, qty);
                match wanted.and_then(|(listing, terms)| self.admit(client, listing, &terms)) {
                    Ok(order) => self.open(at, order, style),
                    Err(refused) => self.refuse(at, client, refused),
                }
            }
        }
    }

    fn refuse(&mut self, at: Nanos, client: ClientId, refused: Refused) {
        self.counts.rejected += 1;
        self.outbox.push(at, client, 0, Happened::Rejected(refused.number()));
    }

    /// Accepts an order and ends it at once: nothing is filled here.
    fn decline(&mut self, at: Nanos, client: ClientId) {
        if self.outbox.room() < 2 {
            return self.refuse(at, client, Refused::Full);
        }
        self.counts.accepted += 1;
        self.counts.expired += 1;
        let order = self.counts.accepted;
        self.outbox.push(at, client, order, Happened::Accepted);
        self.outbox.push(at, client, order, Happened::Expired);
    }

    /// A request in the units of its instrument.
    fn terms(
        &self,
        symbol: &Symbol,
        side: Side,
        style: Style,
        price: Option<Decimal>,
        qty: Decimal,
    ) -> Result<(usize, Terms), Refused> {
        let listing = self.symbols.look_up(symbol);
        let instrument = &self.listings.get(listing.index()).ok_or(Refused::Instrument)?.instrument;
        let price = match price {
            _ if style == Style::Market => 0,
            Some(price) => price.at(instrument.price_decimals).map_err(|_| Refused::Tick)?,
            None => return Err(Refused::Tick),
        };
        let qty = qty.at(instrument.qty_decimals).map_err(|_| Refused::Lot)?;
        Ok((listing.index(), Terms { price: Price(price), qty: Qty(qty), side, style }))
    }

    /// Checks an order as a venue does and plans what it takes at once: the walk's steps.
    fn admit(&mut self, client: ClientId, at: usize, terms: &Terms) -> Result<Ours, Refused> {
        let (side, style) = (terms.side, terms.style);
        let best = self.best(at, side.opposite()).map_or(0, |level| level.price);
        self.listings[at].check(terms, best)?;
        if self.orders.iter().any(|order| order.client == client) {
            return Err(Refused::Duplicate);
        }
        let wish = Wish {
            side,
            limit: (style != Style::Market).then_some(terms.price.0),
            own: self.own_best(at, side.opposite()),
            qty: terms.qty.0,
        };
        let price = terms.price.0;
        if style == Style::PostOnly {
            let crosses = |other: Option<i64>| other.is_some_and(|other| wish.reaches(other));
            if crosses((best > 0).then_some(best)) || crosses(wish.own) {
                return Err(Refused::PostOnly);
            }
        }
        self.plan(at, wish);
        if style == Style::FillOrKill && self.walk.left > 0 {
            self.walk.take_nothing();
        }
        self.make_room(self.walk.steps.len())?;
        let held = self.price_of(at, terms)?;
        let order = Ours {
            client,
            venue_order: self.counts.accepted + 1,
            listing: at,
            side,
            price,
            left: terms.qty.0,
            held,
            place: Place::default(),
        };
        Ok(order)
    }

    /// What an order holds back; refused where the account does not have it. A market purchase
    /// holds nothing back, for it is over at once, but must be able to pay for its steps.
    fn price_of(&self, at: usize, terms: &Terms) -> Result<Hold, Refused> {
        let listing = &self.listings[at];
        let hold = |price, qty| listing.hold(terms.side, price, qty).ok_or(Refused::Amount);
        let mut steps = Hold::default();
        for step in &self.walk.steps {
            listing
                .fill(terms.side, step.price, step.qty, Liquidity::Taker)
                .ok_or(Refused::Amount)?;
            let step = hold(step.price, step.qty)?;
            steps = Hold { asset: step.asset, amount: steps.amount + step.amount };
        }
        let is_purchase = terms.side == Side::Buy && terms.style == Style::Market;
        let price = if terms.style == Style::Market { 1 } else { terms.price.0 };
        let needed = if is_purchase { steps } else { hold(price, terms.qty.0)? };
        if !self.purse.has(needed) {
            return Err(Refused::Funds);
        }
        Ok(if is_purchase { Hold::default() } else { needed })
    }

    /// Is there room for an order, its replies, and what it takes from so many levels?
    fn make_room(&mut self, steps: usize) -> Result<(), Refused> {
        if self.taken.room() < steps {
            self.prune();
        }
        let has_room = self.orders.len() < limits::OPEN_ORDERS_MAX
            && self.outbox.room() >= steps + 2
            && self.taken.room() >= steps;
        if has_room { Ok(()) } else { Err(Refused::Full) }
    }

    /// Accepts an order, lets it take what was planned, and what is left rest or end.
    fn open(&mut self, at: Nanos, mut order: Ours, style: Style) {
        self.counts.accepted += 1;
        self.purse.hold(order.held);
        self.outbox.push(at, order.client, order.venue_order, Happened::Accepted);
        for n in 0..self.walk.steps.len() {
            let Step { price, qty } = self.walk.steps[n];
            self.fill(at, &mut order, price, qty, Liquidity::Taker);
            self.taken.add(order.listing, order.side.opposite(), price, qty);
        }
        if order.left == 0 {
            return;
        }
        if !style.rests() || self.walk.must_end() {
            self.counts.expired += 1;
            self.end(at, &order, Happened::Expired);
            return;
        }
        order.place = Place::join(self.shown(order.listing, order.side, order.price));
        self.listings[order.listing].open += 1;
        self.orders.push(order);
    }

    fn cancel(&mut self, at: Nanos, client: ClientId) {
        let Some(place) = self.orders.iter().position(|order| order.client == client) else {
            self.counts.cancels_refused += 1;
            let why = Happened::CancelRejected(Refused::Unknown.number());
            self.outbox.push(at, client, 0, why);
            return;
        };
        let order = self.orders.remove(place);
        self.listings[order.listing].open -= 1;
        self.counts.cancelled += 1;
        self.end(at, &order, Happened::Cancelled);
    }

    /// Gives free what an order holds back, and says why.
    fn end(&mut self, at: Nanos, order: &Ours, why: Happened) {
        self.purse.hold(Hold { amount: -order.held.amount, ..order.held });
        self.outbox.push(at, order.client, order.venue_order, why);
    }

    /// Fills a part of an order; there must be room for the reply.
    pub(super) fn fill(
        &mut self,
        at: Nanos,
        order: &mut Ours,
        price: i64,
        qty: i64,
        liquidity: Liquidity,
    ) {
        let listing = &self.listings[order.listing];
        let worth = listing.worth();
        let (Some(mut fill), Some(worth)) =
            (listing.fill(order.side, price, qty, liquidity), worth)
        else {
            return;
        };
        let left = order.left - qty;
        let still = match listing.hold(order.side, order.price, left) {
            Some(still) if order.held.amount > 0 => still,
            _ => order.held,
        };
        let freed = Hold { amount: order.held.amount - still.amount, ..order.held };
        self.purse.settle(order.listing, worth, order.side, &mut fill, freed);
        (order.left, order.held) = (left, still);
        match liquidity {
            Liquidity::Maker => self.counts.maker_fills += 1,
            Liquidity::Taker => self.counts.taker_fills += 1,
        }
        self.outbox.push(at, order.client, order.venue_order, Happened::Filled(fill));
    }

    /// Plans what an order takes of the book as it stands, less what we took before. Where the
    /// venue's own top of book is fresher than the levels, nothing better than it is there.
    fn plan(&mut self, at: usize, wish: Wish) {
        let Pit { walk, books, taken, listings, .. } = self;
        walk.begin(wish);
        let maker = wish.side.opposite();
        let listing = &listings[at];
        let Some(view) = view(books, listing, at) else { return };
        let mut offer = |price: i64, qty: i64| {
            walk.offer(price, listing.lots((qty - taken.at(at, maker, price)).max(0)));
            walk.wants_more()
        };
        let (top, levels, count) = match maker {
            Side::Buy => (view.quote.bid, &view.depth.bids, view.depth.bid_count),
            Side::Sell => (view.quote.ask, &view.depth.asks, view.depth.ask_count),
        };
        if top.qty <= 0 || !offer(top.price, top.qty) {
            return;
        }
        let levels = &levels[..usize::from(count)];
        let wants_more = levels.iter().all(|level| offer(level.price, level.qty));
        if wants_more && levels.len() == limits::DEPTH_LEVELS {
            let mut wants_more = true;
            books.visit(id(at), maker, &mut |level| {
                wants_more = wants_more && offer(level.price, level.qty);
            });
        }
    }

    /// What the book shows at a price; `None` where it is not live or does not reach that far.
    pub(super) fn shown(&self, at: usize, side: Side, price: i64) -> Option<i64> {
        let listing = &self.listings[at];
        let view = view(&self.books, listing, at)?;
        let (levels, count) = match side {
            Side::Buy => (&view.depth.bids, view.depth.bid_count),
            Side::Sell => (&view.depth.asks, view.depth.ask_count),
        };
        let levels = &levels[..usize::from(count)];
        if let Some(level) = levels.iter().find(|level| level.price == price) {
            return Some(level.qty);
        }
        let is_behind = |worst: i64| match side {
            Side::Buy => price < worst,
            Side::Sell => price > worst,
        };
        if levels.len() < limits::DEPTH_LEVELS || !is_behind(levels[levels.len() - 1].price) {
            return Some(0);
        }
        let (mut qty, mut count, mut worst) = (None, 0, price);
        self.books.visit(id(at), side, &mut |level| {
            count += 1;
            worst = level.price;
            if level.price == price {
                qty = Some(level.qty);
            }
        });
        let is_cut = match listing.instrument.form {
            Form::Ladder { depth } => count >= depth && is_behind(worst),
            Form::Window { .. } => false,
        };
        qty.or((!is_cut).then_some(0))
    }

    /// The best of a side, where its book is live.
    pub(super) fn best(&self, at: usize, side: Side) -> Option<Level> {
        let quote = &view(&self.books, &self.listings[at], at)?.quote;
        let level = if side == Side::Buy { quote.bid } else { quote.ask };
        (level.qty > 0).then_some(level)
    }

    /// The best price at which an order of ours rests.
    fn own_best(&self, at: usize, side: Side) -> Option<i64> {
        let own = self.orders.iter().filter(|o| o.listing == at && o.side == side);
        let prices = own.map(|order| order.price);
        match side {
            Side::Buy => prices.max(),
            Side::Sell => prices.min(),
        }
    }

    /// Forgets what was taken from levels that the book no longer shows: below the depth of a
    /// shallow book they go without a word.
    fn prune(&mut self) {
        let Pit { books, taken, listings, .. } = self;
        taken.retain(|at, side, price| {
            let is_live = view(books, &listings[at], at).is_some();
            let mut is_seen = false;
            books.visit(id(at), side, &mut |level| is_seen |= level.price == price);
            is_live && is_seen
        });
    }
}

/// What a book shows, where it is live and in the units of its instrument.
pub(super) fn view<'a>(books: &'a Books, listing: &Listing, at: usize) -> Option<&'a View> {
    let view = books.view(id(at))?;
    let (quote, instrument) = (&view.quote, &listing.instrument);
    let is_in_scale = (quote.price_decimals, quote.qty_decimals)
        == (instrument.price_decimals, instrument.qty_decimals);
    (quote.state == BookState::Live && is_in_scale).then_some(view)
}

/// A listing's id among the venue's own books.
pub(super) fn id(at: usize) -> InstrumentId {
    InstrumentId(at as u32)
}
