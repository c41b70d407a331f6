//! What a view changed since the one before it, of one instrument.
//!
//! In: a [`View`]. Out: [`Change`]. Never: a float, but for the log return.

use super::logarithm::log_ratio;
use crate::event::{BookState, Level, Quote};
use crate::limits;

/// What the next view is compared with.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Last {
    /// The time of the last view of a live book; never goes back.
    pub(super) at_ns: i64,
    /// Twice the mid, which is the mid in half units: whole, and above 0 where there was one.
    pub(super) mid2: i64,
    bid: Level,
    ask: Level,
    bought: i64,
    sold: i64,
    decimals: (u8, u8),
}

/// What a view changed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Change {
    /// The time of the view, ns; not before that of the view before.
    pub(super) at_ns: i64,
    /// Time since the view before, at least 0.
    pub(super) elapsed_ns: i64,
    /// The mid now, half units, and how far it moved.
    pub(super) mid2: i64,
    pub(super) move2: i64,
    /// ln of mid over mid before.
    pub(super) log_return: f64,
    /// What the bid and the ask add to the order flow, quantity units.
    pub(super) bid_flow: i64,
    pub(super) ask_flow: i64,
    /// What takers bought and sold, quantity units.
    pub(super) bought: i64,
    pub(super) sold: i64,
}

/// How a view joins those before it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Join {
    /// Nothing can be said: the book is not live, or has no mid.
    Nothing,
    /// The first of its memory; nothing of it is a change.
    First(Change),
    /// One more.
    Next(Change),
}

impl Last {
    /// Compares a quote with the one before, and remembers it.
    #[inline(always)]
    pub(super) fn see(&mut self, quote: &Quote) -> Join {
        if !has_mid(quote) {
            self.mid2 = 0;
            return Join::Nothing;
        }
        let decimals = (quote.price_decimals, quote.qty_decimals);
        let is_next = self.mid2 != 0 && decimals == self.decimals;
        let at_ns =
            if is_next { quote.stamp.recv_ns.0.max(self.at_ns) } else { quote.stamp.recv_ns.0 };
        let mid2 = quote.bid.price + quote.ask.price;
        let change = if is_next {
            let move2 = mid2 - self.mid2;
            Change {
                at_ns,
                elapsed_ns: at_ns - self.at_ns,
                mid2,
                move2,
                log_return: if move2 == 0 { 0.0 } else { log_ratio(self.mid2 as f64, mid2 as f64) },
                bid_flow: joined(self.bid.price, self.bid.qty, quote.bid.price, quote.bid.qty),
                // An ask is better where it is lower, and what is offered presses down.
                ask_flow: -joined(-self.ask.price, self.ask.qty, -quote.ask.price, quote.ask.qty),
                bought: quote.bought.wrapping_sub(self.bought),
                sold: quote.sold.wrapping_sub(self.sold),
            }
        } else {
            Change { at_ns, mid2, ..Change::default() }
        };
        (self.bought, self.sold) = (quote.bought, quote.sold);
        *self = Last { at_ns, mid2, bid: quote.bid, ask: quote.ask, decimals, ..*self };
        if is_next { Join::Next(change) } else { Join::First(change) }
    }
}

/// Is the book live, with two sides that have a mid?
#[inline(always)]
fn has_mid(quote: &Quote) -> bool {
    let (bid, ask) = (quote.bid, quote.ask);
    let is_sided = bid.qty > 0 && ask.qty > 0;
    let is_priced = bid.price > 0 && bid.price < ask.price && ask.price < limits::SIGNAL_PRICE_MAX;
    quote.state == BookState::Live && is_sided && is_priced
}

/// What one side adds to the order flow (Cont, Kukanov and Stoikov, "The price impact of order book
/// events", 2014, equation 2): all that is there at a better price, the difference at the same, the
/// loss of all that was there at a worse one.
#[inline(always)]
fn joined(before: i64, qty_before: i64, now: i64, qty_now: i64) -> i64 {
    let gained = if now >= before { qty_now } else { 0 };
    let lost = if now <= before { qty_before } else { 0 };
    gained - lost
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Nanos;

    fn quote(ns: i64, bid: (i64, i64), ask: (i64, i64)) -> Quote {
        let mut quote = Quote { state: BookState::Live, ..Quote::default() };
        quote.stamp.recv_ns = Nanos(ns);
        quote.bid = Level { price: bid.0, qty: bid.1 };
        quote.ask = Level { price: ask.0, qty: ask.1 };
        quote
    }

    fn flows(from: &Quote, to: &Quote) -> (i64, i64) {
        let mut last = Last::default();
        last.see(from);
        let Join::Next(change) = last.see(to) else { panic!("both are live") };
        (change.bid_flow, change.ask_flow)
    }

    #[test]
    fn order_flow_is_that_of_the_paper() {
        let from = quote(1, (100, 7), (102, 5));
        for (to, flow) in [
            (quote(2, (100, 9), (102, 5)), (2, 0)),
            (quote(2, (101, 3), (102, 5)), (3, 0)),
            (quote(2, (99, 40), (102, 5)), (-7, 0)),
            (quote(2, (100, 7), (102, 8)), (0, -3)),
            (quote(2, (100, 7), (101, 4)), (0, -4)),
            (quote(2, (100, 7), (103, 60)), (0, 5)),
        ] {
            assert_eq!(flows(&from, &to), flow);
        }
    }

    #[test]
    fn counters_may_wrap() {
        let mut last = Last::default();
        let full = Quote { bought: i64::MAX - 2, sold: i64::MAX, ..quote(1, (100, 7), (102, 5)) };
        last.see(&full);
        let after =
            Quote { bought: i64::MIN + 4, sold: i64::MIN + 6, ..quote(2, (100, 7), (102, 5)) };
        let Join::Next(change) = last.see(&after) else { panic!("both are live") };
        assert_eq!((change.bought, change.sold), (7, 7));
    }

    #[test]
    fn a_book_without_a_mid_ends_the_memory() {
        let good = quote(5, (100, 7), (102, 5));
        let stale = Quote { state: BookState::Stale, ..good };
        let finer = Quote { price_decimals: 1, ..good };
        let too_dear = limits::SIGNAL_PRICE_MAX;
        for bad in [
            stale,
            quote(6, (100, 0), (102, 5)),
            quote(6, (100, 7), (102, 0)),
            quote(6, (0, 7), (102, 5)),
            quote(6, (102, 7), (102, 5)),
            quote(6, (100, 7), (too_dear, 5)),
        ] {
            let mut last = Last::default();
            last.see(&good);
            assert!(matches!(last.see(&bad), Join::Nothing), "{bad:?}");
            assert!(matches!(last.see(&good), Join::First(_)), "{bad:?}");
        }
        let mut last = Last::default();
        last.see(&good);
        assert!(matches!(last.see(&finer), Join::First(_)));
    }

    #[test]
    fn time_never_goes_back() {
        let mut last = Last::default();
        last.see(&quote(5, (100, 7), (102, 5)));
        let Join::Next(change) = last.see(&quote(3, (100, 7), (102, 5))) else { panic!("live") };
        assert_eq!((change.at_ns, change.elapsed_ns), (5, 0));
    }
}
