//! Matching: a request after the other, each a step with its events.

use super::rules::{Rules, is_met};
use super::shelf::Shelf;
use super::ticket::{Event, Owner, Reason, SelfTrade, Size, Ticket, Trade, Why, Wish};
use crate::base::Side;
use crate::event::{Level, Style};

/// One market. A call of [`Engine::place`], [`Engine::cancel`], [`Engine::cancel_all`] or
/// [`Engine::amend`] is a step; what it did is in [`Engine::events`] and [`Engine::changed`] until
/// the next one.
#[derive(Clone, Debug)]
pub struct Engine {
    rules: Rules,
    shelf: Shelf,
    events: Vec<Event>,
    changed: Vec<(Side, Level)>,
    /// The number of the last order and of the last trade.
    order: u64,
    trade: u64,
}

/// What an order on its way through the book still wants.
#[derive(Clone, Copy, Debug)]
struct Hunger {
    lots: i64,
    /// What is left of an amount, where that was asked for.
    amount: Option<i128>,
}

impl Engine {
    /// An empty market whose next order and trade have the numbers after these.
    pub fn new(rules: Rules, order: u64, trade: u64) -> Engine {
        let shelf = Shelf::default();
        Engine { rules, shelf, events: Vec::new(), changed: Vec::new(), order, trade }
    }

    /// What the market takes.
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// What the last step did, in the order in which it happened.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Trades of the last step.
    pub fn trades(&self) -> impl Iterator<Item = &Trade> {
        self.events.iter().filter_map(|event| match event {
            Event::Traded(trade) => Some(trade),
            _ => None,
        })
    }

    /// Levels that the last step changed, each once, with what rests there now (0 where nothing
    /// does): bids before asks, each from low to high prices.
    pub fn changed(&self) -> &[(Side, Level)] {
        &self.changed
    }

    /// What rests at a price now, lots; 0 where nothing does.
    pub fn qty(&self, side: Side, price: i64) -> i64 {
        self.shelf.qty(side, price)
    }

    /// Levels of a side.
    pub fn len(&self, side: Side) -> usize {
        self.shelf.len(side)
    }

    /// Does nothing rest at all?
    pub fn is_empty(&self) -> bool {
        self.shelf.orders() == 0
    }

    /// The level at a place, the best at 0.
    pub fn level(&self, side: Side, place: usize) -> Option<Level> {
        self.shelf.level(side, place)
    }

    /// Levels of a side, best first.
    pub fn levels(&self, side: Side) -> impl Iterator<Item = Level> {
        self.shelf.levels(side)
    }

    /// The best levels of a side, at most so many, best first.
    pub fn best(&self, side: Side, levels: usize) -> Vec<Level> {
        self.shelf.levels(side).take(levels).collect()
    }

    /// Orders that rest, of all owners.
    pub fn orders(&self) -> usize {
        self.shelf.orders()
    }

    /// The order whose turn it is on a side.
    pub fn front(&self, side: Side) -> Option<&Ticket> {
        self.shelf.front(side).map(|slot| self.shelf.ticket(slot))
    }

    /// An order that rests; `None` where there is none of this number.
    pub fn ticket(&self, order: u64) -> Option<&Ticket> {
        self.shelf.slot(order).map(|slot| self.shelf.ticket(slot))
    }

    /// All orders that rest: bids before asks, each from the worst level to the best.
    pub fn tickets(&self) -> impl Iterator<Item = &Ticket> {
        self.shelf.tickets()
    }

    /// A new order. The first event says whether it was taken, and its number, which is returned.
    pub fn place(&mut self, owner: Owner, wish: &Wish) -> u64 {
        self.begin();
        self.order += 1;
        let order = self.order;
        match self.refusal(wish) {
            Some(reason) => self.events.push(Event::Rejected { owner, order, reason }),
            None => self.let_in(owner, wish),
        }
        self.finish();
        order
    }

    /// Ends an order of an owner.
    pub fn cancel(&mut self, owner: Owner, order: u64) {
        self.begin();
        match self.slot_of(owner, order) {
            Some(slot) => self.cancel_at(slot),
            None => self.reject(owner, order, Reason::Unknown(order)),
        }
        self.finish();
    }

    /// Ends all orders of an owner; how many there were.
    pub fn cancel_all(&mut self, owner: Owner) -> usize {
        self.begin();
        let all = self.shelf.tickets().filter(|ticket| ticket.owner == owner);
        let mut all: Vec<u64> = all.map(|ticket| ticket.order).collect();
        all.sort_unstable();
        for order in &all {
            if let Some(slot) = self.shelf.slot(*order) {
                self.cancel_at(slot);
            }
        }
        self.finish();
        all.len()
    }

    /// Gives an order a new limit, or a new quantity (all of it, with what has traded), or both.
    /// Smaller at the same price it keeps its place; else it comes anew under its old number, and
    /// may trade.
    pub fn amend(&mut self, owner: Owner, order: u64, price: Option<i64>, qty: Option<i64>) {
        self.begin();
        if let Err(reason) = self.try_amend(owner, order, price, qty) {
            self.reject(owner, order, reason);
        }
        self.finish();
    }

    fn begin(&mut self) {
        self.events.clear();
        self.changed.clear();
    }

    /// Each changed level once, as it is now.
    fn finish(&mut self) {
        self.changed.sort_unstable_by_key(|(side, level)| (*side as u8, level.price));
        self.changed.dedup_by_key(|(side, level)| (*side, level.price));
        for (side, level) in &mut self.changed {
            level.qty = self.shelf.qty(*side, level.price);
        }
    }

    fn touch(&mut self, side: Side, price: i64) {
        self.changed.push((side, Level { price, qty: 0 }));
    }

    fn reject(&mut self, owner: Owner, order: u64, reason: Reason) {
        self.events.push(Event::Rejected { owner, order, reason });
    }

    fn slot_of(&self, owner: Owner, order: u64) -> Option<u32> {
        self.shelf.slot(order).filter(|slot| self.shelf.ticket(*slot).owner == owner)
    }

    fn cancel_at(&mut self, slot: u32) {
        let ticket = self.shelf.remove(slot);
        self.touch(ticket.side, ticket.price);
        self.events.push(Event::Cancelled(ticket));
    }

    fn refusal(&self, wish: &Wish) -> Option<Reason> {
        let other = self.level(wish.side.opposite(), 0).map(|level| level.price);
        self.rules.refusal(wish, other, self.shelf.orders())
    }

    fn let_in(&mut self, owner: Owner, wish: &Wish) {
        let is_market = wish.style == Style::Market;
        let (lots, amount) = match wish.size {
            Size::Lots(lots) => (lots, None),
            Size::Amount(amount) => (0, Some(amount)),
        };
        let ticket = Ticket {
            order: self.order,
            owner,
            side: wish.side,
            style: wish.style,
            self_trade: wish.self_trade,
            price: if is_market { 0 } else { wish.price },
            left: lots,
            done: 0,
            cost: 0,
        };
        self.events.push(Event::Accepted(ticket));
        if wish.style == Style::FillOrKill && !self.can_fill(&ticket) {
            self.events.push(Event::Expired(ticket, Why::Unfilled));
            return;
        }
        self.walk(ticket, Hunger { lots, amount });
    }

    /// Trades an order with what it meets; what is left rests or is over.
    fn walk(&mut self, mut ticket: Ticket, mut hunger: Hunger) {
        let maker_side = ticket.side.opposite();
        while let Some(slot) = self.shelf.front(maker_side) {
            let maker = *self.shelf.ticket(slot);
            let is_met =
                ticket.style == Style::Market || is_met(ticket.side, ticket.price, maker.price);
            let lots = hunger.at(maker.price, self.rules.lot).min(maker.left);
            if !is_met || lots == 0 {
                break;
            }
            if is_own(&ticket, &maker) {
                if ticket.self_trade != SelfTrade::Newest {
                    let gone = self.shelf.remove(slot);
                    self.touch(maker_side, gone.price);
                    self.events.push(Event::Expired(gone, Why::SelfTrade));
                }
                if ticket.self_trade != SelfTrade::Oldest {
                    self.events.push(Event::Expired(ticket, Why::SelfTrade));
                    return;
                }
                continue;
            }
            hunger.eat(maker.price, lots);
            ticket.left = hunger.lots;
            ticket.done += lots;
            ticket.cost += i128::from(lots) * i128::from(maker.price);
            let maker = self.shelf.fill(slot, lots);
            self.touch(maker_side, maker.price);
            self.trade += 1;
            let trade =
                Trade { id: self.trade, price: maker.price, qty: lots, maker, taker: ticket };
            self.events.push(Event::Traded(trade));
        }
        self.settle(ticket, hunger.amount.is_some());
    }

    /// What is left of an order after its walk.
    fn settle(&mut self, ticket: Ticket, is_amount: bool) {
        // A remainder of an amount that buys no lot is change, not an order that went unfilled.
        let ran_dry = is_amount && self.shelf.front(ticket.side.opposite()).is_none();
        if ticket.left > 0 && ticket.style.rests() {
            self.touch(ticket.side, ticket.price);
            self.shelf.push(ticket);
        } else if ticket.left > 0 || ticket.done == 0 || ran_dry {
            self.events.push(Event::Expired(ticket, Why::Unfilled));
        }
    }

    /// Is there enough for all of an order, as its walk would find it?
    fn can_fill(&self, ticket: &Ticket) -> bool {
        let mut missing = ticket.left;
        for maker in self.shelf.line(ticket.side.opposite()) {
            if missing <= 0 || !is_met(ticket.side, ticket.price, maker.price) {
                break;
            }
            match (is_own(ticket, maker), ticket.self_trade) {
                (true, SelfTrade::Oldest) => {}
                (true, _) => break,
                (false, _) => missing -= maker.left,
            }
        }
        missing <= 0
    }

    fn try_amend(
        &mut self,
        owner: Owner,
        order: u64,
        price: Option<i64>,
        qty: Option<i64>,
    ) -> Result<(), Reason> {
        let slot = self.slot_of(owner, order).ok_or(Reason::Unknown(order))?;
        let was = *self.shelf.ticket(slot);
        let (price, qty) = (price.unwrap_or(was.price), qty.unwrap_or(was.qty()));
        let other = self.level(was.side.opposite(), 0).map(|level| level.price);
        self.rules.amendment(&was, price, qty, other)?;
        self.touch(was.side, was.price);
        let left = qty - was.done;
        if price == was.price && left <= was.left {
            let ticket = self.shelf.shrink(slot, was.left - left);
            self.events.push(Event::Amended { ticket, keeps_place: true });
            return Ok(());
        }
        let ticket = Ticket { price, left, ..self.shelf.remove(slot) };
        self.events.push(Event::Amended { ticket, keeps_place: false });
        self.walk(ticket, Hunger { lots: left, amount: None });
        Ok(())
    }
}

impl Hunger {
    /// Lots that are wanted at a price.
    fn at(&self, price: i64, lot: i64) -> i64 {
        match self.amount {
            None => self.lots,
            Some(amount) => {
                let lots = amount / i128::from(price);
                let whole = lots - lots % i128::from(lot);
                i64::try_from(whole).unwrap_or(i64::MAX)
            }
        }
    }

    fn eat(&mut self, price: i64, lots: i64) {
        match &mut self.amount {
            None => self.lots -= lots,
            Some(amount) => *amount -= i128::from(price) * i128::from(lots),
        }
    }
}

/// Would an order trade with its own owner's, against its wish?
fn is_own(taker: &Ticket, maker: &Ticket) -> bool {
    taker.owner == maker.owner
        && taker.owner != Owner::CROWD
        && taker.self_trade != SelfTrade::Allow
}

#[cfg(test)]
mod tests {
    use super::*;
    use Side::{Buy, Sell};

    const RULES: Rules = Rules {
        tick: 1,
        lot: 1,
        qty_min: 1,
        qty_max: 1_000,
        price_max: 10_000,
        notional_min: 100,
        orders_max: 100,
    };

    fn engine() -> Engine {
        Engine::new(RULES, 0, 0)
    }

    fn limit(side: Side, price: i64, lots: i64) -> Wish {
        Wish::new(side, Style::Limit, price, lots)
    }

    /// Maker, price and quantity of the last step's trades.
    fn trades(engine: &Engine) -> Vec<(u64, i64, i64)> {
        engine.trades().map(|trade| (trade.maker.order, trade.price, trade.qty)).collect()
    }

    #[test]
    fn better_price_trades_first_and_then_the_older_order() {
        let mut engine = engine();
        let [_, second, third] = [(102, 5), (101, 5), (101, 7)]
            .map(|(price, lots)| engine.place(Owner(1), &limit(Sell, price, lots)));
        engine.place(Owner(2), &limit(Buy, 102, 8));
        assert_eq!(trades(&engine), [(second, 101, 5), (third, 101, 3)]);
        let changed = engine.changed().to_vec();
        assert_eq!(changed, [(Sell, Level { price: 101, qty: 4 })]);
    }

    #[test]
    fn smaller_keeps_its_place_and_larger_loses_it() {
        let mut engine = engine();
        let first = engine.place(Owner(1), &limit(Sell, 100, 10));
        let second = engine.place(Owner(1), &limit(Sell, 100, 10));
        engine.amend(Owner(1), first, None, Some(6));
        engine.place(Owner(2), &limit(Buy, 100, 2));
        assert_eq!(trades(&engine), [(first, 100, 2)]);
        engine.amend(Owner(1), first, None, Some(7));
        engine.place(Owner(2), &limit(Buy, 100, 2));
        assert_eq!(trades(&engine), [(second, 100, 2)]);
    }

    #[test]
    fn amended_quantity_holds_what_has_traded() {
        let mut engine = engine();
        let order = engine.place(Owner(1), &limit(Sell, 100, 10));
        engine.place(Owner(2), &limit(Buy, 100, 4));
        engine.amend(Owner(1), order, None, Some(4));
        let rejected = Event::Rejected { owner: Owner(1), order, reason: Reason::Done(4) };
        assert_eq!(engine.events(), [rejected]);
        engine.amend(Owner(1), order, None, Some(5));
        assert_eq!(engine.ticket(order).map(|ticket| (ticket.left, ticket.done)), Some((1, 4)));
    }

    #[test]
    fn fill_or_kill_does_not_count_on_its_owners_orders() {
        let mut engine = engine();
        engine.place(Owner(2), &limit(Sell, 100, 5));
        engine.place(Owner(1), &limit(Sell, 100, 5));
        let wish = Wish::new(Buy, Style::FillOrKill, 100, 10);
        engine.place(Owner(1), &wish);
        assert!(matches!(engine.events()[1], Event::Expired(_, Why::Unfilled)));
        assert_eq!(engine.qty(Sell, 100), 10);
        engine.place(Owner(3), &wish);
        assert_eq!(trades(&engine).len(), 2);
    }

    #[test]
    fn each_rule_of_self_trade_ends_its_own() {
        for (self_trade, rests) in [
            (SelfTrade::Newest, (0, 5)),
            (SelfTrade::Oldest, (5, 0)),
            (SelfTrade::Both, (0, 0)),
            (SelfTrade::Allow, (0, 0)),
        ] {
            let mut engine = engine();
            engine.place(Owner(1), &limit(Sell, 100, 5));
            engine.place(Owner(1), &Wish { self_trade, ..limit(Buy, 100, 5) });
            assert_eq!((engine.qty(Buy, 100), engine.qty(Sell, 100)), rests, "{self_trade:?}");
            let is_trade = self_trade == SelfTrade::Allow;
            assert_eq!(engine.trades().count() == 1, is_trade, "{self_trade:?}");
        }
    }

    #[test]
    fn amount_buys_whole_lots_and_never_more_than_it_is() {
        let mut engine = engine();
        engine.place(Owner(1), &limit(Sell, 100, 3));
        engine.place(Owner(1), &limit(Sell, 110, 9));
        let wish = Wish { size: Size::Amount(640), ..Wish::new(Buy, Style::Market, 0, 0) };
        engine.place(Owner(2), &wish);
        // 300 for the first three; 340 are left, for three at 110.
        let taker = engine.trades().last().map(|trade| trade.taker).unwrap();
        assert_eq!((taker.done, taker.cost), (6, 630));
    }

    #[test]
    fn nobody_cancels_what_is_not_his() {
        let mut engine = engine();
        let order = engine.place(Owner(1), &limit(Buy, 100, 5));
        for owner in [Owner(2), Owner::CROWD] {
            engine.cancel(owner, order);
            let reason = Reason::Unknown(order);
            assert_eq!(engine.events(), [Event::Rejected { owner, order, reason }]);
        }
        assert_eq!(engine.cancel_all(Owner(1)), 1);
        assert!(engine.is_empty());
    }

    #[test]
    fn a_full_market_refuses_what_would_rest() {
        let mut engine = Engine::new(Rules { orders_max: 1, ..RULES }, 0, 0);
        engine.place(Owner(1), &limit(Buy, 100, 5));
        engine.place(Owner(1), &limit(Buy, 100, 5));
        assert!(matches!(engine.events(), [Event::Rejected { reason: Reason::Full(1), .. }]));
        engine.place(Owner(2), &Wish::new(Sell, Style::ImmediateOrCancel, 100, 5));
        assert_eq!(engine.trades().count(), 1);
    }
}
