//! Script: a market whose history is written: a recording's book, change by change.
//!
//! In: levels and trades with their times. Out: requests to the market's engine that bring its book
//! there. Accounts meet what is written in the same queues; what they take is put back with the
//! next change of that level.
//! Never: chance.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::{Nanos, Side};
use crate::event::{Level, Style, Trade};
use crate::sim::engine::{Engine, Event, Owner, Wish};

/// What happens in a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// So much rests at a price now; 0 where nothing does.
    Level(Side, Level),
    /// Somebody took. It is shown where its price is the best.
    Trade(Trade),
}

/// See the module.
#[derive(Clone, Debug)]
pub(in crate::sim) struct Script {
    open: Nanos,
    /// By their time since the opening, ns.
    deeds: Arc<[(i64, Deed)]>,
    next: usize,
    /// The order that stands for each level, by whether it asks, and its price.
    orders: BTreeMap<(bool, i64), u64>,
}

impl Script {
    pub(in crate::sim) fn new(open: Nanos, deeds: &Arc<[(i64, Deed)]>) -> Script {
        Script { open, deeds: Arc::clone(deeds), next: 0, orders: BTreeMap::new() }
    }

    /// When something is next to happen; never, when all is played.
    pub(in crate::sim) fn next_at(&self) -> Nanos {
        self.deeds.get(self.next).map_or(Nanos(i64::MAX), |(ns, _)| Nanos(self.open.0 + ns))
    }

    /// The next deed: one step of the engine.
    pub(in crate::sim) fn act(&mut self, engine: &mut Engine) {
        let Some((_, deed)) = self.deeds.get(self.next).copied() else { return };
        self.next += 1;
        match deed {
            Deed::Level(side, level) => self.set(engine, side, level),
            Deed::Trade(trade) => {
                let best = engine.level(trade.taker.opposite(), 0).unwrap_or_default();
                let lots = trade.qty.min(best.qty);
                if best.price == trade.price && lots > 0 {
                    let style = Style::ImmediateOrCancel;
                    engine.place(Owner::TAKER, &Wish::new(trade.taker, style, trade.price, lots));
                } else {
                    nothing(engine);
                }
            }
        }
    }

    fn set(&mut self, engine: &mut Engine, side: Side, Level { price, qty }: Level) {
        let key = (side == Side::Sell, price);
        let known = self.orders.get(&key).and_then(|order| engine.ticket(*order));
        match known.map(|ticket| (ticket.order, ticket.done)) {
            Some((order, _)) if qty == 0 => {
                self.orders.remove(&key);
                engine.cancel(Owner::CROWD, order);
            }
            Some((order, done)) => engine.amend(Owner::CROWD, order, None, Some(done + qty)),
            None if qty == 0 => nothing(engine),
            None => {
                engine.place(Owner::CROWD, &Wish::new(side, Style::Limit, price, qty));
                if let Some(Event::Accepted(ticket)) = engine.events().first() {
                    self.orders.insert(key, ticket.order);
                }
            }
        }
    }
}

/// A step in which nothing happens.
fn nothing(engine: &mut Engine) {
    engine.cancel_all(Owner::TAKER);
}
