//! World: nine markets at three venues in virtual time, with a crowd in each of them. What wire
//! dialects and servers are built on.
//!
//! In: a seed, and the requests of accounts. Out: an [`Update`] for each step of a market: what
//! happened to orders, and which levels changed.
//! Never: a clock, a socket, chance that is not the seed's.
//!
//! **Time** is whoever drives it: [`World::advance`] to a time, then [`World::place`] and the like
//! at that time. A request is carried out at once; the ways to and from a venue are the server's
//! matter, and so are balances, fees and names that accounts give to their orders. One seed and the
//! same requests at the same times are one history.
//!
//! **Accounts** meet the crowd in the same queues: a step of the crowd may fill an account's order,
//! so look at the events of every update ([`Update::concerns`]), not of your own requests alone.
//!
//! **A new world** has a history behind it: its books are full and have traded
//! ([`World::past`]). Its people never leave it alone: [`World::next_at`] always is a time.

use std::collections::VecDeque;
use std::sync::Arc;

use super::crowd::{Deed, People, Script, Tide, Who};
use super::engine::{Engine, Event, Owner, Rules, Trade, Wish};
use super::listing::{BINANCE, COINBASE, House, KRAKEN, Listing};
use super::random::Random;
use crate::base::{Nanos, Side, Symbol};
use crate::event::{self, Level};
use crate::limits::{SIM_ORDERS_MAX, SIM_PAST_TRADES_MAX};
use crate::stage::contract::{Emit, Nowhere};
use crate::venue::wire::Shape;

/// Names of the venues, as those of their dialects, with their tables.
static VENUES: [(&str, &House); 3] =
    [("kraken", &KRAKEN), ("binance", &BINANCE), ("coinbase", &COINBASE)];

// Kinds of chance: the values, and each market's people, have numbers of their own from these on.
const VALUES: u64 = 1_000;
const PEOPLE: u64 = 1_100;

/// How a world begins.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// When it opens.
    pub open: Nanos,
    /// How long it has gone on by then, ns.
    pub history_ns: i64,
}

impl Default for Settings {
    /// 2026-07-19T18:00:00Z, after a minute.
    fn default() -> Settings {
        let open = Nanos(Nanos::midnight(2026, 7, 19).0 + 18 * 3_600 * Nanos::SECOND);
        Settings { open, history_ns: 60 * Nanos::SECOND }
    }
}

/// What is traded in a market, and how it is written.
#[derive(Clone, Copy, Debug)]
pub struct Listed {
    /// The venue, by the name of its dialect.
    pub venue: &'static str,
    /// As on the wire.
    pub symbol: Symbol,
    /// What is bought and sold.
    pub base: Symbol,
    /// What it is paid with.
    pub quote: Symbol,
    /// Decimals of prices and quantities.
    pub shape: Shape,
    /// What the market takes.
    pub rules: Rules,
}

/// A market whose history is written.
#[derive(Clone, Debug)]
pub struct Played {
    /// What is traded.
    pub listed: Listed,
    /// What happens, each with its time since the opening, ns, in that order.
    pub deeds: Arc<[(i64, Deed)]>,
}

/// A step of a market: what happened, and the book after it.
#[derive(Clone, Copy, Debug)]
pub struct Update<'a> {
    /// The market, by its place in [`World::markets`].
    pub market: usize,
    /// When.
    pub at: Nanos,
    /// The market after the step: its events, its changed levels, its book.
    pub engine: &'a Engine,
}

impl<'a> Update<'a> {
    /// What happened, in its order.
    pub fn events(&self) -> &'a [Event] {
        self.engine.events()
    }

    /// Levels that changed, each once, with what rests there now (0 where nothing does).
    pub fn changed(&self) -> &'a [(Side, Level)] {
        self.engine.changed()
    }

    /// Trades, in their order.
    pub fn trades(&self) -> impl Iterator<Item = &'a Trade> {
        self.engine.trades()
    }

    /// What happened to a member's orders, in its order.
    pub fn concerns(&self, owner: Owner) -> impl Iterator<Item = &'a Event> {
        self.events().iter().filter(move |event| event.concerns(owner))
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub struct World {
    now: Nanos,
    tide: Tide,
    listed: Vec<Listed>,
    markets: Vec<Market>,
}

/// A market with its people.
#[derive(Clone, Debug)]
struct Market {
    engine: Engine,
    people: Who,
    past: VecDeque<(Nanos, event::Trade)>,
}

impl World {
    /// The world of a seed.
    pub fn new(seed: u64, settings: &Settings) -> World {
        let begin = Nanos(settings.open.0 - settings.history_ns.max(0));
        let tide = Tide::new(Random::new(seed, VALUES), begin);
        let (mut listed, mut markets) = (Vec::new(), Vec::new());
        for (v, (venue, house)) in VENUES.iter().enumerate() {
            for (n, listing) in house.markets.iter().enumerate() {
                let rules = rules(listing);
                let mut random = Random::new(seed, PEOPLE + 10 * v as u64 + n as u64);
                let order = 1_000_000_000 + random.below(9_000_000_000) as u64;
                let trade = 1_000_000 + random.below(9_000_000) as u64;
                let mut engine = Engine::new(rules, order, trade);
                let people = crowd(house, (v, n), random, (&mut engine, &tide, begin));
                listed.push(listed_as(venue, listing, rules));
                markets.push(Market { engine, people, past: VecDeque::new() });
            }
        }
        let mut world = World { now: begin, tide, listed, markets };
        world.advance(settings.open, &mut Nowhere);
        world
    }

    /// A world of markets whose histories are written, as it opens.
    pub fn played(markets: &[Played], open: Nanos) -> World {
        let tide = Tide::new(Random::new(0, VALUES), open);
        let market = |played: &Played| Market {
            engine: Engine::new(played.listed.rules, 0, 0),
            people: Who::Script(Script::new(open, &played.deeds)),
            past: VecDeque::new(),
        };
        let listed = markets.iter().map(|played| played.listed).collect();
        let markets = markets.iter().map(market).collect();
        let mut world = World { now: open, tide, listed, markets };
        world.advance(open, &mut Nowhere);
        world
    }

    /// What is traded, by market.
    pub fn markets(&self) -> &[Listed] {
        &self.listed
    }

    /// The market of a symbol at a venue.
    pub fn find(&self, venue: &str, symbol: &Symbol) -> Option<usize> {
        self.listed.iter().position(|listed| listed.venue == venue && listed.symbol == *symbol)
    }

    /// A market as it is now; `None` where there is no such market.
    pub fn market(&self, market: usize) -> Option<&Engine> {
        self.markets.get(market).map(|market| &market.engine)
    }

    /// Trades that a market remembers, the oldest first, at most [`SIM_PAST_TRADES_MAX`].
    pub fn past(&self, market: usize) -> impl DoubleEndedIterator<Item = &(Nanos, event::Trade)> {
        self.markets.get(market).into_iter().flat_map(|market| &market.past)
    }

    /// How far the world has gone.
    pub const fn now(&self) -> Nanos {
        self.now
    }

    /// When something is next to happen by itself.
    pub fn next_at(&self) -> Nanos {
        self.next().map_or(Nanos(i64::MAX), |(at, _)| at)
    }

    /// The next thing happens; the world has gone on to its time. `None` in a world without
    /// markets.
    pub fn step(&mut self) -> Option<Update<'_>> {
        let (at, market) = self.next()?;
        self.now = self.now.max(at);
        self.tide.advance(self.now);
        let Market { engine, people, .. } = &mut self.markets[market];
        people.act(engine, &self.tide);
        Some(self.close(market))
    }

    /// All that happens up to a time, and with it; the world has gone on to that time.
    pub fn advance(&mut self, to: Nanos, out: &mut impl for<'a> Emit<Update<'a>>) {
        while self.next_at() <= to
            && let Some(update) = self.step()
        {
            out.emit(&update);
        }
        self.now = self.now.max(to);
    }

    /// A new order of an account, now. The first event says whether it was taken, and its number.
    /// `None` where there is no such market; this is so for all requests.
    pub fn place(&mut self, market: usize, owner: Owner, wish: &Wish) -> Option<Update<'_>> {
        self.markets.get_mut(market)?.engine.place(owner, wish);
        Some(self.close(market))
    }

    /// Ends an order of an account, now.
    pub fn cancel(&mut self, market: usize, owner: Owner, order: u64) -> Option<Update<'_>> {
        self.markets.get_mut(market)?.engine.cancel(owner, order);
        Some(self.close(market))
    }

    /// Ends all orders of an account in a market, now.
    pub fn cancel_all(&mut self, market: usize, owner: Owner) -> Option<Update<'_>> {
        self.markets.get_mut(market)?.engine.cancel_all(owner);
        Some(self.close(market))
    }

    /// Gives an order of an account a new limit, or a new quantity, or both, now; see
    /// [`Engine::amend`].
    pub fn amend(
        &mut self,
        market: usize,
        owner: Owner,
        order: u64,
        price: Option<i64>,
        qty: Option<i64>,
    ) -> Option<Update<'_>> {
        self.markets.get_mut(market)?.engine.amend(owner, order, price, qty);
        Some(self.close(market))
    }

    /// What nobody outside may see: a market, its people and the values that they follow.
    #[cfg(test)]
    pub(super) fn inside(&self, market: usize) -> (&Engine, &People, &Tide) {
        let Market { engine, people, .. } = &self.markets[market];
        let Who::People(people) = people else { panic!("a script") };
        (engine, people, &self.tide)
    }

    /// The market that is next to move by itself; of two at the same time the first.
    fn next(&self) -> Option<(Nanos, usize)> {
        let each = self.markets.iter().enumerate();
        each.map(|(n, market)| (market.people.next_at(), n)).min()
    }

    /// After each step of a market.
    fn close(&mut self, market: usize) -> Update<'_> {
        let at = self.now;
        let Market { engine, people, past } = &mut self.markets[market];
        people.tidy(engine);
        for trade in engine.trades() {
            if past.len() == SIM_PAST_TRADES_MAX {
                past.pop_front();
            }
            past.push_back((at, trade.public()));
        }
        Update { market, at, engine }
    }
}

fn crowd(
    house: &'static House,
    place: (usize, usize),
    random: Random,
    around: (&mut Engine, &Tide, Nanos),
) -> Who {
    Who::People(Box::new(People::new(house, place, random, around)))
}

fn listed_as(venue: &'static str, listing: &Listing, rules: Rules) -> Listed {
    let symbol = |text: &str| Symbol::new(text.as_bytes()).unwrap_or(Symbol::NONE);
    Listed {
        venue,
        symbol: symbol(listing.symbol),
        base: symbol(listing.base),
        quote: symbol(listing.quote),
        shape: listing.shape,
        rules,
    }
}

/// As the venues have them in 2026, rounded: the least comes to 5 dollars, or 0.0001 BTC.
fn rules(listing: &Listing) -> Rules {
    let unit = |decimals: u8| 10_i128.pow(u32::from(decimals));
    let notional = unit(listing.shape.price) * unit(listing.shape.qty);
    let notional_min = if listing.quote == "BTC" { notional / 10_000 } else { notional * 5 };
    Rules {
        tick: 1,
        lot: 1,
        qty_min: 1,
        qty_max: (10_000 * unit(listing.shape.qty)) as i64,
        price_max: (10_000_000 * unit(listing.shape.price)) as i64,
        notional_min,
        orders_max: SIM_ORDERS_MAX,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::event::Style;
    use crate::sim::engine::Ticket;

    fn world() -> World {
        World::new(1, &Settings::default())
    }

    /// All that a world did, in words.
    #[derive(Default)]
    struct Story(Vec<String>);

    impl Emit<Update<'_>> for Story {
        fn emit(&mut self, update: &Update<'_>) {
            self.0.push(format!("{} {} {:?}", update.market, update.at, update.events()));
        }
    }

    #[test]
    fn opens_with_full_books_and_trades_behind_it() {
        let world = world();
        for (n, listed) in world.markets().iter().enumerate() {
            let engine = world.market(n).unwrap();
            for side in [Side::Buy, Side::Sell] {
                assert!(engine.len(side) >= 10, "{}: {} levels", listed.symbol, engine.len(side));
            }
            let (first, _) = world.past(n).next().unwrap();
            assert!(*first < Settings::default().open, "{}", listed.symbol);
        }
        assert_eq!(world.now(), Settings::default().open);
    }

    #[test]
    fn one_seed_is_one_history_and_another_is_another() {
        let story = |seed| {
            let mut world = World::new(seed, &Settings::default());
            let mut story = Story::default();
            let owner = Owner(1);
            let to = |seconds| Nanos(Settings::default().open.0 + seconds * Nanos::SECOND);
            world.advance(to(1), &mut story);
            world.place(0, owner, &Wish::new(Side::Buy, Style::Market, 0, 1_000_000));
            world.advance(to(3), &mut story);
            story.0
        };
        let first = story(1);
        assert!(first.len() > 1_000);
        assert_eq!(first, story(1));
        assert_ne!(first, story(2));
    }

    #[test]
    fn crowd_fills_the_order_of_an_account() {
        let mut world = world();
        let owner = Owner(7);
        let best = world.market(3).unwrap().level(Side::Buy, 0).unwrap();
        let wish = Wish::new(Side::Buy, Style::Limit, best.price, 1_000);
        let update = world.place(3, owner, &wish).unwrap();
        let Some(Event::Accepted(ticket)) = update.concerns(owner).next().copied() else {
            panic!("{:?}", update.events())
        };
        let (mut filled, mut shown) = (0, 0);
        while world.now().0 < Settings::default().open.0 + 600 * Nanos::SECOND && filled < 1_000 {
            let update = world.step().unwrap();
            for event in update.concerns(owner) {
                let Event::Traded(trade) = event else { panic!("{event:?}") };
                assert_eq!((trade.maker.order, trade.price), (ticket.order, best.price));
                filled += trade.qty;
                shown = trade.maker.done;
            }
        }
        assert_eq!((filled, shown), (1_000, 1_000));
        assert!(world.market(3).unwrap().ticket(ticket.order).is_none());
    }

    #[test]
    fn money_and_quantity_are_conserved() {
        let mut world = world();
        let mut ledger = Ledger::default();
        let end = Nanos(world.now().0 + 30 * Nanos::SECOND);
        while world.next_at() <= end {
            ledger.emit(&world.step().unwrap());
            let market = ledger.updates % 9;
            let best = world.market(market).unwrap().level(Side::Buy, 0).unwrap().price;
            // Every member's orders meet the crowd's, and each other's.
            let owner = Owner(1 + ledger.updates as u32 % 3);
            let side = if ledger.updates % 2 == 0 { Side::Buy } else { Side::Sell };
            let lots = world.market(market).unwrap().rules().qty_max / 1_000_000;
            let wish = Wish::new(side, Style::Limit, best + 1, lots);
            ledger.emit(&world.place(market, owner, &wish).unwrap());
            if ledger.updates % 64 == 0 {
                ledger.emit(&world.cancel_all(market, owner).unwrap());
            }
        }
        assert!(ledger.trades > 1_000, "{} trades", ledger.trades);
        for (n, orders) in ledger.orders.iter().enumerate() {
            for ticket in world.market(n).unwrap().tickets() {
                // Orders from before the ledger are told of only when something happens to them.
                assert!(orders.get(&ticket.order).is_none_or(|told| told == ticket));
            }
        }
    }

    /// Every order as it was last told of, and what has traded.
    #[derive(Default)]
    struct Ledger {
        orders: [HashMap<u64, Ticket>; 9],
        updates: usize,
        trades: usize,
    }

    impl Ledger {
        /// An order has traded so much more since it was last told of.
        fn told(&mut self, market: usize, ticket: Ticket, (lots, cost): (i64, i128)) {
            if let Some(was) = self.orders[market].insert(ticket.order, ticket) {
                assert_eq!((was.done + lots, was.cost + cost), (ticket.done, ticket.cost));
                assert!(was.left - lots == ticket.left || lots == 0);
            }
        }
    }

    impl Emit<Update<'_>> for Ledger {
        fn emit(&mut self, update: &Update<'_>) {
            self.updates += 1;
            let market = update.market;
            for event in update.events() {
                match event {
                    Event::Accepted(t) | Event::Cancelled(t) | Event::Expired(t, _) => {
                        self.told(market, *t, (0, 0));
                    }
                    Event::Traded(trade) => {
                        self.trades += 1;
                        let part = (trade.qty, i128::from(trade.qty) * i128::from(trade.price));
                        self.told(market, trade.maker, part);
                        self.told(market, trade.taker, part);
                    }
                    _ => {}
                }
            }
            for (side, level) in update.changed() {
                assert_eq!(update.engine.qty(*side, level.price), level.qty);
            }
        }
    }

    #[test]
    fn what_is_no_market_has_no_update() {
        let mut world = world();
        assert!(world.cancel(9, Owner(1), 1).is_none());
        assert!(world.market(9).is_none());
        assert_eq!(world.find("kraken", &Symbol::new(b"BTC/USD").unwrap()), Some(0));
        assert_eq!(world.find("kraken", &Symbol::new(b"BTCUSDT").unwrap()), None);
    }
}
