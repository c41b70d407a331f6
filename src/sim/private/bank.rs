//! Bank: a venue's members with their money and orders, kept in step with the world.
//!
//! In: requests of members, what happens in the venue's markets. Out: [`Note`]s, in their order.
//! Never: an asset that comes from or goes to nowhere: what members, the crowd and the venue's fees
//! have of it always is the same together. No member ever has less than nothing.
//!
//! **Fees** are of the quote, or of what is received, as the venue has it. Where the fee is of what
//! an order gives, it is held with it. What an order may need is held rounded up, what trades and
//! fees come to is rounded down, both at the venue's scale.

use std::collections::{BTreeMap, VecDeque};

use super::floor::Floor;
use super::money::{Atoms, Purse, ceil, floor};
use super::order::{Cause, Fill, Key, Note, Order, Refusal, State, Terms, What};
use crate::base::{Nanos, Side, Symbol};
use crate::event::Style;
use crate::limits::{SIM_MEMBER_CLOSED_MAX, SIM_MEMBER_FILLS_MAX};
use crate::sim::dialect::Shop;
use crate::sim::engine::{Engine, Event, Owner, Size, Ticket, Trade, Why};
use crate::sim::world::{Listed, Update};

const MILLION: i128 = 1_000_000;

/// Parts in a million of what a trade comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sim) struct Fees {
    pub(in crate::sim) maker: i64,
    pub(in crate::sim) taker: i64,
}

/// What fees are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FeeOf {
    /// The quote, unless the order says the base.
    Quote,
    /// What is received.
    Received,
}

/// One account.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) purse: Purse,
    pub(super) fees: Fees,
    pub(super) open: BTreeMap<Key, Order>,
    /// The latest last; at most [`SIM_MEMBER_CLOSED_MAX`].
    pub(super) closed: VecDeque<Order>,
    /// The latest last; at most [`SIM_MEMBER_FILLS_MAX`].
    pub(super) fills: VecDeque<Fill>,
}

/// See the module.
#[derive(Clone, Debug)]
pub(in crate::sim) struct Bank {
    /// Decimals of all assets.
    pub(super) scale: u32,
    pub(super) shop: Shop,
    pub(super) members: Vec<Member>,
    fee_of: FeeOf,
    crowd: Purse,
    pot: Purse,
    notes: Vec<Note>,
    exec: u64,
    /// Who ends what is being ended.
    cause: Cause,
}

impl Bank {
    pub(super) fn new(shop: Shop, scale: u32, fee_of: FeeOf) -> Bank {
        let (crowd, pot) = (Purse::default(), Purse::default());
        let (members, notes, cause) = (Vec::new(), Vec::new(), Cause::User);
        Bank { scale, shop, members, fee_of, crowd, pot, notes, exec: 0, cause }
    }

    /// A new member with so much of each asset; his number.
    pub(super) fn join(&mut self, fees: Fees, balances: &[(Symbol, Atoms)]) -> usize {
        let mut purse = Purse::default();
        for (asset, atoms) in balances {
            purse.add(*asset, *atoms);
        }
        let (open, closed, fills) = (BTreeMap::new(), VecDeque::new(), VecDeque::new());
        self.members.push(Member { purse, fees, open, closed, fills });
        self.members.len() - 1
    }

    /// What there is to be told, once.
    pub(super) fn notes(&mut self) -> Vec<Note> {
        std::mem::take(&mut self.notes)
    }

    pub(super) fn listed(&self, market: usize) -> Option<&Listed> {
        self.shop.at(market)
    }

    /// An order, open or over.
    pub(super) fn order(&self, who: usize, key: Key) -> Option<&Order> {
        let member = self.members.get(who)?;
        let is_it = |order: &&Order| order.key == key;
        member.open.get(&key).or_else(|| member.closed.iter().rev().find(is_it))
    }

    /// His newest open order of this name of his own.
    pub(super) fn open_by_client(&self, who: usize, client: &str) -> Option<&Order> {
        let is_it = |order: &&Order| !client.is_empty() && order.terms.client == client;
        self.members.get(who)?.open.values().rev().find(is_it)
    }

    /// The newest of this name, open or over.
    pub(super) fn by_client(&self, who: usize, client: &str) -> Option<&Order> {
        let is_it = |order: &&Order| !client.is_empty() && order.terms.client == client;
        let over = || self.members.get(who)?.closed.iter().rev().find(is_it);
        self.open_by_client(who, client).or_else(over)
    }

    /// The asset that an order gives, the one that it receives, and the one that its fee is of.
    fn assets(&self, terms: &Terms, listed: &Listed) -> (Symbol, Symbol, Symbol) {
        let (gives, gets) = match terms.side {
            Side::Buy => (listed.quote, listed.base),
            Side::Sell => (listed.base, listed.quote),
        };
        let fee = match self.fee_of {
            FeeOf::Received => gets,
            FeeOf::Quote if terms.fee_in_base => listed.base,
            FeeOf::Quote => listed.quote,
        };
        (gives, gets, fee)
    }

    fn base_atoms(&self, listed: &Listed, lots: i64) -> Atoms {
        floor(lots.into(), listed.shape.qty.into(), self.scale)
    }

    /// What price times lots comes to, rounded down, or up.
    pub(super) fn quote_atoms(&self, listed: &Listed, cost: i128, is_up: bool) -> Atoms {
        let from = u32::from(listed.shape.price) + u32::from(listed.shape.qty);
        if is_up { ceil(cost, from, self.scale) } else { floor(cost, from, self.scale) }
    }

    /// What an order may yet give: of so many lots at a cost.
    fn need(&self, who: usize, terms: &Terms, lots: i64, cost: i128) -> Atoms {
        let Some(listed) = self.listed(terms.market) else { return 0 };
        let (gives, _, fee) = self.assets(terms, listed);
        let atoms = match terms.side {
            Side::Buy => self.quote_atoms(listed, cost, true),
            Side::Sell => self.base_atoms(listed, lots),
        };
        let Fees { maker, taker } = self.members[who].fees;
        let ppm = if gives == fee { maker.max(taker).into() } else { 0 };
        atoms + (atoms * ppm + MILLION - 1).div_euclid(MILLION)
    }

    /// Lots and cost of an order that takes all that it can, past his own orders.
    fn estimate(&self, who: usize, terms: &Terms, engine: &Engine) -> (i64, i128) {
        if terms.style != Style::Market {
            let lots = terms.lots();
            return (lots, i128::from(lots) * i128::from(terms.price));
        }
        let side = terms.side.opposite();
        let mut own: BTreeMap<i64, i64> = BTreeMap::new();
        let all = self.members[who].open.values();
        for order in all.filter(|o| o.key.market == terms.market && o.terms.side == side) {
            *own.entry(order.terms.price).or_default() += order.left();
        }
        let (mut lots, mut cost) = (0, 0);
        for level in engine.levels(side) {
            let there = level.qty - own.get(&level.price).copied().unwrap_or_default();
            let wanted = match terms.size {
                Size::Lots(wanted) => wanted - lots,
                Size::Amount(amount) => {
                    ((amount - cost) / i128::from(level.price)).min(i64::MAX.into()) as i64
                }
            };
            let taken = there.min(wanted).max(0);
            lots += taken;
            cost += i128::from(taken) * i128::from(level.price);
            if wanted <= taken {
                break;
            }
        }
        match (terms.size, terms.side) {
            // He may never give more than he said.
            (Size::Amount(amount), Side::Buy) => (lots, amount),
            // What he sells he must have, whether there is somebody for it or not.
            (Size::Lots(wanted), Side::Sell) => (wanted, cost),
            _ => (lots, cost),
        }
    }

    /// Is there enough for an order?
    pub(super) fn affords(&self, who: usize, terms: &Terms, engine: &Engine) -> Option<Atoms> {
        let listed = self.listed(terms.market)?;
        let (lots, cost) = self.estimate(who, terms, engine);
        let need = self.need(who, terms, lots, cost);
        let (gives, ..) = self.assets(terms, listed);
        (self.members[who].purse.of(gives).free() >= need).then_some(need)
    }

    /// A new order. What followed is in the notes.
    pub(super) fn place(
        &mut self,
        who: usize,
        terms: Terms,
        floor: &mut Floor<'_>,
    ) -> Result<Key, Refusal> {
        let engine = floor.world.market(terms.market).ok_or(Refusal::Unknown)?;
        let held = self.affords(who, &terms, engine).ok_or(Refusal::Funds)?;
        let (owner, now) = (Owner(who as u32 + 1), floor.now());
        let events = floor.place(terms.market, owner, &terms.wish());
        let ticket = match events.first() {
            Some(Event::Accepted(ticket)) => *ticket,
            Some(Event::Rejected { reason, .. }) => return Err(Refusal::Market(*reason)),
            _ => return Err(Refusal::Unknown),
        };
        let key = Key { market: terms.market, number: ticket.order };
        let (gives, _, fee_asset) =
            self.listed(key.market).map_or((Symbol::NONE, Symbol::NONE, Symbol::NONE), |listed| {
                self.assets(&terms, listed)
            });
        let order = Order {
            key,
            terms,
            state: State::Open,
            done: 0,
            cost: 0,
            fee: 0,
            fee_asset,
            fills: 0,
            held,
            created: now,
            renewed: now,
            updated: now,
        };
        self.members[who].purse.hold(gives, held);
        self.members[who].open.insert(key, order);
        self.note(who, key, What::Taken, now);
        self.settle(&events[1..], key.market, now);
        let order = self.members[who].open.get(&key);
        // An amount that bought all that it could is filled: what is left of it is change.
        if order.is_some_and(|order| order.terms.style == Style::Market) {
            self.close(who, key, State::Filled, now);
        }
        Ok(key)
    }

    /// Ends an order.
    pub(super) fn cancel(
        &mut self,
        who: usize,
        key: Key,
        cause: Cause,
        floor: &mut Floor<'_>,
    ) -> Result<(), Refusal> {
        if !self.members[who].open.contains_key(&key) {
            return Err(Refusal::Unknown);
        }
        let events = floor.cancel(key.market, Owner(who as u32 + 1), key.number);
        self.cause = cause;
        self.settle(&events, key.market, floor.now());
        self.cause = Cause::User;
        Ok(())
    }

    /// Gives an order a new limit, a new quantity (with what has traded), or both.
    pub(super) fn amend(
        &mut self,
        who: usize,
        key: Key,
        (price, lots): (Option<i64>, Option<i64>),
        floor: &mut Floor<'_>,
    ) -> Result<(), Refusal> {
        let order = self.members[who].open.get(&key).ok_or(Refusal::Unknown)?;
        let (was, done, side) = (order.held, order.done, order.terms.side);
        let new = Terms {
            price: price.unwrap_or(order.terms.price),
            size: Size::Lots(lots.unwrap_or(order.qty())),
            ..order.terms.clone()
        };
        let left = (new.lots() - done).max(0);
        let held = self.need(who, &new, left, i128::from(left) * i128::from(new.price)).max(was);
        let listed = self.listed(key.market).ok_or(Refusal::Unknown)?;
        let gives = if side == Side::Buy { listed.quote } else { listed.base };
        if self.members[who].purse.of(gives).free() < held - was {
            return Err(Refusal::Funds);
        }
        self.hold(who, key, held);
        let owner = Owner(who as u32 + 1);
        let events = floor.amend(key.market, owner, key.number, (price, lots));
        if let Some(Event::Rejected { reason, .. }) = events.first() {
            self.hold(who, key, was);
            return Err(Refusal::Market(*reason));
        }
        self.settle(&events, key.market, floor.now());
        Ok(())
    }

    /// A market made a step by itself.
    pub(super) fn on_update(&mut self, update: &Update<'_>) {
        if self.shop.at(update.market).is_some() {
            self.settle(update.events(), update.market, update.at);
        }
    }

    fn settle(&mut self, events: &[Event], market: usize, now: Nanos) {
        for event in events {
            match event {
                Event::Traded(trade) => self.trade(trade, market, now),
                Event::Amended { ticket, .. } => self.amended(ticket, market, now),
                Event::Cancelled(ticket) => self.over(ticket, market, (self.cause, now)),
                Event::Expired(ticket, why) => {
                    let cause = match why {
                        Why::Unfilled => Cause::Unfilled,
                        Why::SelfTrade => Cause::SelfTrade,
                    };
                    self.over(ticket, market, (cause, now));
                }
                Event::Accepted(_) | Event::Rejected { .. } => {}
            }
        }
    }

    fn over(&mut self, ticket: &Ticket, market: usize, (cause, now): (Cause, Nanos)) {
        if let Some(who) = member(ticket.owner) {
            let key = Key { market, number: ticket.order };
            self.close(who, key, State::Over(cause), now);
        }
    }

    fn amended(&mut self, ticket: &Ticket, market: usize, now: Nanos) {
        let key = Key { market, number: ticket.order };
        let Some(who) = member(ticket.owner) else { return };
        if let Some(order) = self.members[who].open.get_mut(&key) {
            order.terms.price = ticket.price;
            order.terms.size = Size::Lots(ticket.qty());
            (order.renewed, order.updated) = (now, now);
            self.refresh(who, key);
            self.note(who, key, What::Amended, now);
        }
    }

    fn trade(&mut self, trade: &Trade, market: usize, now: Nanos) {
        let Some(listed) = self.listed(market).copied() else { return };
        let base = self.base_atoms(&listed, trade.qty);
        let cost = i128::from(trade.price) * i128::from(trade.qty);
        let cost = self.quote_atoms(&listed, cost, false);
        for (ticket, is_maker) in [(&trade.maker, true), (&trade.taker, false)] {
            let sign = if ticket.side == Side::Buy { 1 } else { -1 };
            let Some(who) = member(ticket.owner) else {
                self.crowd.add(listed.base, sign * base);
                self.crowd.add(listed.quote, -sign * cost);
                continue;
            };
            let purse = &mut self.members[who].purse;
            purse.add(listed.base, sign * base);
            purse.add(listed.quote, -sign * cost);
            let key = Key { market, number: ticket.order };
            let Some(order) = self.members[who].open.get(&key) else { continue };
            let Fees { maker, taker } = self.members[who].fees;
            let ppm = if is_maker { maker } else { taker };
            let fee_asset = order.fee_asset;
            let of = if fee_asset == listed.base { base } else { cost };
            let fee = (of * i128::from(ppm)).div_euclid(MILLION);
            let fill = Fill {
                key,
                trade: trade.id,
                exec: self.exec + 1,
                side: ticket.side,
                price: trade.price,
                lots: trade.qty,
                cost,
                fee,
                fee_asset,
                is_maker,
                at: now,
            };
            self.book(who, &fill);
        }
    }

    /// One side of a trade, whose money has moved: its fee, its order.
    fn book(&mut self, who: usize, fill: &Fill) {
        let member = &mut self.members[who];
        member.purse.add(fill.fee_asset, -fill.fee);
        self.pot.add(fill.fee_asset, fill.fee);
        if member.fills.len() == SIM_MEMBER_FILLS_MAX {
            member.fills.pop_front();
        }
        member.fills.push_back(*fill);
        let Some(order) = member.open.get_mut(&fill.key) else { return };
        order.done += fill.lots;
        order.cost += fill.cost;
        order.fee += fill.fee;
        order.fills += 1;
        order.updated = fill.at;
        let is_full = matches!(order.terms.size, Size::Lots(_)) && order.left() == 0;
        self.refresh(who, fill.key);
        self.note(who, fill.key, What::Traded(*fill), fill.at);
        if is_full {
            self.close(who, fill.key, State::Filled, fill.at);
        }
    }

    /// Holds what an order may yet give, as far as it has come.
    fn refresh(&mut self, who: usize, key: Key) {
        let Some(order) = self.members[who].open.get(&key) else { return };
        let (left, price) = (i128::from(order.left()), i128::from(order.terms.price));
        let held = match order.terms.style {
            // It is over within its step: nobody sees what it holds.
            Style::Market => 0,
            _ => self.need(who, &order.terms, order.left(), left * price),
        };
        self.hold(who, key, held);
    }

    fn hold(&mut self, who: usize, key: Key, held: Atoms) {
        let Some(listed) = self.shop.at(key.market) else { return };
        let member = &mut self.members[who];
        let Some(order) = member.open.get_mut(&key) else { return };
        let gives = if order.terms.side == Side::Buy { listed.quote } else { listed.base };
        member.purse.hold(gives, held - order.held);
        order.held = held;
    }

    fn close(&mut self, who: usize, key: Key, state: State, now: Nanos) {
        self.hold(who, key, 0);
        let member = &mut self.members[who];
        let Some(mut order) = member.open.remove(&key) else { return };
        (order.state, order.updated) = (state, now);
        if member.closed.len() == SIM_MEMBER_CLOSED_MAX {
            member.closed.pop_front();
        }
        member.closed.push_back(order.clone());
        let what = match state {
            State::Over(cause) => What::Over(cause),
            _ => What::Filled,
        };
        self.say(who, order, what, now);
    }

    fn note(&mut self, who: usize, key: Key, what: What, at: Nanos) {
        if let Some(order) = self.members[who].open.get(&key) {
            let order = order.clone();
            self.say(who, order, what, at);
        }
    }

    fn say(&mut self, who: usize, order: Order, what: What, at: Nanos) {
        self.exec += 1;
        let purse = &self.members[who].purse;
        let listed = self.shop.at(order.key.market);
        let after = listed.map(|listed| [purse.of(listed.base), purse.of(listed.quote)]);
        let after = after.unwrap_or_default();
        self.notes.push(Note { who, order, what, exec: self.exec, after, at });
    }

    /// What there is of each asset: of all members, the crowd and the fees together.
    #[cfg(test)]
    pub(super) fn sum(&self, asset: Symbol) -> Atoms {
        let members = self.members.iter().map(|member| member.purse.of(asset).total);
        members.sum::<Atoms>() + self.crowd.of(asset).total + self.pot.of(asset).total
    }
}

/// The number of a member of the world in his venue's bank. Who has no account counts as the crowd.
fn member(owner: Owner) -> Option<usize> {
    owner.is_account().then(|| owner.0 as usize - 1)
}
