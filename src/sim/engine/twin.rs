//! The same market, plainly: one vector of orders, looked through for the best and oldest.
//! Random requests go to both, and all that comes out must be the same.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::matching::Engine;
use super::rules::Rules;
use super::ticket::{Event, Owner, Reason, SelfTrade, Size, Ticket, Trade, Why, Wish};
use crate::base::Side;
use crate::event::{Level, Style};

const RULES: Rules = Rules {
    tick: 5,
    lot: 2,
    qty_min: 4,
    qty_max: 60,
    price_max: 200,
    notional_min: 400,
    orders_max: 12,
};

/// Orders with the time at which each got its place.
#[derive(Default)]
struct Twin {
    resting: Vec<(u64, Ticket)>,
    turn: u64,
    order: u64,
    trade: u64,
    events: Vec<Event>,
}

#[derive(Clone, Copy, Debug)]
enum Request {
    Place(Owner, Wish),
    Cancel(Owner, u64),
    CancelAll(Owner),
    Amend(Owner, u64, Option<i64>, Option<i64>),
}

impl Twin {
    /// Where in the vector the next of a side to trade is.
    fn next(&self, side: Side) -> Option<usize> {
        let places = (0..self.resting.len()).filter(|n| self.resting[*n].1.side == side);
        places.min_by_key(|n| {
            let (turn, ticket) = self.resting[*n];
            (if side == Side::Buy { -ticket.price } else { ticket.price }, turn)
        })
    }

    fn refusal(&self, wish: &Wish) -> Option<Reason> {
        let other = self.next(wish.side.opposite()).map(|n| self.resting[n].1.price);
        let is_market = wish.style == Style::Market;
        let is_off = wish.price < 1 || wish.price > RULES.price_max || wish.price % RULES.tick != 0;
        if !is_market && is_off {
            return Some(Reason::Price(wish.price));
        }
        if is_market && other.is_none() {
            return Some(Reason::NoOtherSide);
        }
        let worth = match wish.size {
            Size::Amount(amount) if !is_market || amount <= 0 => {
                return Some(Reason::Amount(amount));
            }
            Size::Amount(amount) => amount,
            Size::Lots(n)
                if n % RULES.lot != 0 || !(RULES.qty_min..=RULES.qty_max).contains(&n) =>
            {
                return Some(Reason::Qty(n));
            }
            Size::Lots(lots) if is_market => i128::from(other.unwrap() * lots),
            Size::Lots(lots) => i128::from(wish.price * lots),
        };
        if worth < RULES.notional_min {
            return Some(Reason::Notional(worth));
        }
        if wish.style == Style::PostOnly && other.is_some_and(|other| meets(wish, other)) {
            return Some(Reason::WouldTake(wish.price));
        }
        let is_full = self.resting.len() >= RULES.orders_max && wish.style.rests();
        is_full.then_some(Reason::Full(self.resting.len()))
    }

    fn ask(&mut self, request: &Request) {
        self.events.clear();
        match *request {
            Request::Place(owner, wish) => self.place(owner, &wish),
            Request::Cancel(owner, order) => match self.find(owner, order) {
                Some(n) => {
                    let (_, ticket) = self.resting.remove(n);
                    self.events.push(Event::Cancelled(ticket));
                }
                None => {
                    self.events.push(Event::Rejected {
                        owner,
                        order,
                        reason: Reason::Unknown(order),
                    });
                }
            },
            Request::CancelAll(owner) => {
                let mut gone: Vec<Ticket> = self.resting.iter().map(|(_, t)| *t).collect();
                gone.retain(|ticket| ticket.owner == owner);
                gone.sort_by_key(|ticket| ticket.order);
                self.resting.retain(|(_, ticket)| ticket.owner != owner);
                self.events.extend(gone.into_iter().map(Event::Cancelled));
            }
            Request::Amend(owner, order, price, qty) => {
                if let Err(reason) = self.amend(owner, order, price, qty) {
                    self.events.push(Event::Rejected { owner, order, reason });
                }
            }
        }
    }

    fn find(&self, owner: Owner, order: u64) -> Option<usize> {
        self.resting.iter().position(|(_, t)| t.order == order && t.owner == owner)
    }

    fn place(&mut self, owner: Owner, wish: &Wish) {
        self.order += 1;
        if let Some(reason) = self.refusal(wish) {
            self.events.push(Event::Rejected { owner, order: self.order, reason });
            return;
        }
        let (left, amount) = match wish.size {
            Size::Lots(lots) => (lots, None),
            Size::Amount(amount) => (0, Some(amount)),
        };
        let Wish { side, style, self_trade, price, .. } = *wish;
        let price = if style == Style::Market { 0 } else { price };
        let order = self.order;
        let ticket =
            Ticket { order, owner, side, style, self_trade, price, left, done: 0, cost: 0 };
        self.events.push(Event::Accepted(ticket));
        if style == Style::FillOrKill {
            // Tried on a copy, and only then for good.
            let mut copy = Twin { resting: self.resting.clone(), ..Twin::default() };
            copy.walk(ticket, amount);
            let filled: i64 = copy.trades().map(|trade| trade.qty).sum();
            if filled < left {
                self.events.push(Event::Expired(ticket, Why::Unfilled));
                return;
            }
        }
        self.walk(ticket, amount);
    }

    fn trades(&self) -> impl Iterator<Item = &Trade> {
        self.events.iter().filter_map(|e| if let Event::Traded(t) = e { Some(t) } else { None })
    }

    fn walk(&mut self, mut taker: Ticket, mut amount: Option<i128>) {
        let mut found_end = true;
        while let Some(n) = self.next(taker.side.opposite()) {
            let maker = self.resting[n].1;
            let limit = Wish::new(taker.side, taker.style, taker.price, 0);
            let wanted = match amount {
                Some(amount) => (amount / i128::from(maker.price)) as i64 / RULES.lot * RULES.lot,
                None => taker.left,
            };
            if wanted == 0 || taker.style != Style::Market && !meets(&limit, maker.price) {
                found_end = false;
                break;
            }
            let may_meet = taker.owner == Owner::CROWD || taker.self_trade == SelfTrade::Allow;
            if taker.owner == maker.owner && !may_meet {
                if matches!(taker.self_trade, SelfTrade::Oldest | SelfTrade::Both) {
                    self.resting.remove(n);
                    self.events.push(Event::Expired(maker, Why::SelfTrade));
                }
                if matches!(taker.self_trade, SelfTrade::Newest | SelfTrade::Both) {
                    self.events.push(Event::Expired(taker, Why::SelfTrade));
                    return;
                }
                continue;
            }
            let qty = wanted.min(maker.left);
            let cost = i128::from(qty * maker.price);
            amount = amount.map(|amount| amount - cost);
            if amount.is_none() {
                taker.left -= qty;
            }
            taker.done += qty;
            taker.cost += cost;
            let was = &mut self.resting[n].1;
            was.left -= qty;
            was.done += qty;
            was.cost += cost;
            let maker = *was;
            if maker.left == 0 {
                self.resting.remove(n);
            }
            self.trade += 1;
            let (id, price) = (self.trade, maker.price);
            self.events.push(Event::Traded(Trade { id, price, qty, maker, taker }));
        }
        if taker.left > 0 && taker.style.rests() {
            self.turn += 1;
            self.resting.push((self.turn, taker));
        } else if taker.left > 0 || taker.done == 0 || amount.is_some() && found_end {
            self.events.push(Event::Expired(taker, Why::Unfilled));
        }
    }

    fn amend(
        &mut self,
        owner: Owner,
        order: u64,
        price: Option<i64>,
        qty: Option<i64>,
    ) -> Result<(), Reason> {
        let n = self.find(owner, order).ok_or(Reason::Unknown(order))?;
        let (turn, was) = self.resting.remove(n);
        let (price, qty) = (price.unwrap_or(was.price), qty.unwrap_or(was.done + was.left));
        // As a new order of these terms, but for room, which it has.
        let rest = std::mem::take(&mut self.resting);
        self.resting = rest.iter().filter(|(_, t)| t.side != was.side).copied().collect();
        self.resting.truncate(RULES.orders_max - 1);
        let refusal = self.refusal(&Wish::new(was.side, Style::Limit, price, qty));
        let refusal_post = self.refusal(&Wish::new(was.side, was.style, price, qty));
        self.resting = rest;
        let reason = match refusal {
            Some(reason @ (Reason::Price(_) | Reason::Qty(_))) => Some(reason),
            _ if qty <= was.done => Some(Reason::Done(was.done)),
            reason => reason.or(refusal_post),
        };
        if let Some(reason) = reason {
            self.resting.insert(n, (turn, was));
            return Err(reason);
        }
        let ticket = Ticket { price, left: qty - was.done, ..was };
        let keeps_place = price == was.price && ticket.left <= was.left;
        self.events.push(Event::Amended { ticket, keeps_place });
        if keeps_place {
            self.resting.insert(n, (turn, ticket));
        } else {
            self.walk(ticket, None);
        }
        Ok(())
    }

    fn levels(&self, side: Side) -> Vec<Level> {
        let mut levels: Vec<Level> = Vec::new();
        let mut on_side: Vec<&Ticket> =
            self.resting.iter().map(|(_, ticket)| ticket).filter(|t| t.side == side).collect();
        on_side.sort_by_key(|t| if side == Side::Buy { -t.price } else { t.price });
        for ticket in on_side {
            match levels.last_mut().filter(|level| level.price == ticket.price) {
                Some(level) => level.qty += ticket.left,
                None => levels.push(Level { price: ticket.price, qty: ticket.left }),
            }
        }
        levels
    }
}

fn meets(wish: &Wish, other: i64) -> bool {
    match wish.side {
        Side::Buy => wish.price >= other,
        Side::Sell => wish.price <= other,
    }
}

fn requests() -> impl Strategy<Value = Request> {
    let owner = (0..3_u32).prop_map(Owner);
    let side = prop_oneof![Just(Side::Buy), Just(Side::Sell)];
    let style = proptest::sample::select(Style::ALL.to_vec());
    let rule = proptest::sample::select(vec![
        SelfTrade::Allow,
        SelfTrade::Newest,
        SelfTrade::Oldest,
        SelfTrade::Both,
    ]);
    // Mostly what the market takes, and now and then anything.
    let price = prop_oneof![12 => (16..25_i64).prop_map(|n| 5 * n), 1 => -5..230_i64];
    let lots = prop_oneof![12 => (2..16_i64).prop_map(|n| 2 * n), 1 => -2..70_i64];
    let size = prop_oneof![
        6 => lots.clone().prop_map(Size::Lots),
        1 => (-1..6_000_i128).prop_map(Size::Amount),
    ];
    let wish = (side, style, price.clone(), size, rule).prop_map(
        |(side, style, price, size, self_trade)| Wish { side, style, price, size, self_trade },
    );
    let order = 1..60_u64;
    let (price, qty) = (proptest::option::of(price), proptest::option::of(lots));
    prop_oneof![
        10 => (owner.clone(), wish).prop_map(|(owner, wish)| Request::Place(owner, wish)),
        2 => (owner.clone(), order.clone()).prop_map(|(o, n)| Request::Cancel(o, n)),
        1 => owner.clone().prop_map(Request::CancelAll),
        5 => (owner, order, price, qty).prop_map(|(o, n, p, q)| Request::Amend(o, n, p, q)),
    ]
}

fn ask(engine: &mut Engine, request: &Request) {
    match *request {
        Request::Place(owner, wish) => drop(engine.place(owner, &wish)),
        Request::Cancel(owner, order) => engine.cancel(owner, order),
        Request::CancelAll(owner) => drop(engine.cancel_all(owner)),
        Request::Amend(owner, order, price, qty) => engine.amend(owner, order, price, qty),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn engine_does_what_its_plain_twin_does(
        asked in proptest::collection::vec(requests(), 1..120),
    ) {
        let mut engine = Engine::new(RULES, 0, 0);
        let mut twin = Twin::default();
        let mut shown: [Vec<Level>; 2] = Default::default();
        for request in &asked {
            ask(&mut engine, request);
            twin.ask(request);
            prop_assert_eq!(engine.events(), &twin.events[..], "{:?}", request);
            for side in [Side::Buy, Side::Sell] {
                let levels = engine.best(side, usize::MAX);
                prop_assert_eq!(&levels, &twin.levels(side), "{:?}", request);
                // Who only follows the changes has the same book.
                let followed = &mut shown[side as usize];
                for (_, change) in engine.changed().iter().filter(|(of, _)| *of == side) {
                    followed.retain(|level| level.price != change.price);
                    followed.extend((change.qty > 0).then_some(*change));
                }
                followed.sort_by_key(|l| if side == Side::Buy { -l.price } else { l.price });
                prop_assert_eq!(&levels, followed, "{:?}", request);
            }
            let mut all: Vec<u64> = engine.tickets().map(|ticket| ticket.order).collect();
            all.sort_unstable();
            let mut plain: Vec<u64> = twin.resting.iter().map(|(_, t)| t.order).collect();
            plain.sort_unstable();
            prop_assert_eq!(all, plain);
        }
    }

    #[test]
    fn nothing_comes_from_or_goes_to_nowhere(
        asked in proptest::collection::vec(requests(), 1..120),
    ) {
        let mut engine = Engine::new(RULES, 0, 0);
        // Every order as it was last told of.
        let mut told: BTreeMap<u64, Ticket> = BTreeMap::new();
        let (mut traded, mut paid) = (0, 0);
        for request in &asked {
            ask(&mut engine, request);
            for event in engine.events() {
                let tickets = match event {
                    Event::Accepted(t) | Event::Cancelled(t) | Event::Expired(t, _) => vec![*t],
                    Event::Amended { ticket, .. } => vec![*ticket],
                    Event::Traded(trade) => {
                        traded += trade.qty;
                        paid += i128::from(trade.qty * trade.price);
                        prop_assert!(trade.qty > 0 && trade.maker.side != trade.taker.side);
                        vec![trade.maker, trade.taker]
                    }
                    Event::Rejected { .. } => vec![],
                };
                told.extend(tickets.into_iter().map(|ticket| (ticket.order, ticket)));
            }
            let bid = engine.level(Side::Buy, 0).map_or(0, |level| level.price);
            prop_assert!(engine.level(Side::Sell, 0).is_none_or(|ask| bid < ask.price));
        }
        for side in [Side::Buy, Side::Sell] {
            let of = || told.values().filter(|ticket| ticket.side == side);
            prop_assert_eq!(of().map(|ticket| ticket.done).sum::<i64>(), traded);
            prop_assert_eq!(of().map(|ticket| ticket.cost).sum::<i128>(), paid);
        }
        for ticket in engine.tickets() {
            prop_assert_eq!(Some(ticket), told.get(&ticket.order));
        }
    }
}
