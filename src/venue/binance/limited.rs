//! Binance's budgets: orders in ten seconds and in a day, weight in a minute, each counted by the
//! venue in spans that begin when its clock says so.
//!
//! Every reply tells where a count stands; between replies our own requests are counted on top. An
//! order that is placed counts as one until its first fill, which takes it off again: how much
//! exactly the venue says with the next reply.
//! Never: a span slid. A count begins anew with its span, and not before.

use crate::base::Nanos;
use crate::venue::trade::Rates;

/// A count within a span.
#[derive(Clone, Copy, Debug)]
pub(super) struct Count {
    span_ns: i64,
    max: u32,
    found: u32,
    /// Which span it is about: time by its length.
    span: i64,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    Orders,
    Weight,
}

/// A count as a reply tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limit {
    pub(super) counted: Counted,
    pub(super) span_ns: i64,
    pub(super) max: u32,
    /// `None` where only the limit is said (`exchangeInfo`).
    pub(super) count: Option<u32>,
}

/// All of an account.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    orders: [Count; 2],
    weight: Count,
}

const SECOND: i64 = Nanos::SECOND;

impl Count {
    fn new(max: u32, span_ns: i64) -> Count {
        Count { span_ns, max, found: 0, span: 0 }
    }

    fn turn(&mut self, now: Nanos) {
        let span = now.0.div_euclid(self.span_ns);
        if span != self.span {
            (self.span, self.found) = (span, 0);
        }
    }

    fn add(&mut self, now: Nanos, amount: u32) {
        self.turn(now);
        self.found = self.found.saturating_add(amount);
    }

    fn left(&mut self, now: Nanos, reserve: u32) -> u32 {
        self.turn(now);
        self.max.saturating_sub(self.found).saturating_sub(reserve)
    }
}

impl Budget {
    /// Nothing counted yet.
    pub(super) fn new(rates: &Rates) -> Budget {
        Budget {
            orders: [
                Count::new(rates.max, 10 * SECOND),
                Count::new(rates.day_max, 86_400 * SECOND),
            ],
            weight: Count::new(6_000, 60 * SECOND),
        }
    }

    /// An order goes out.
    pub(super) fn place(&mut self, now: Nanos) {
        self.orders.iter_mut().for_each(|count| count.add(now, 1));
    }

    /// A question of so much weight goes out.
    pub(super) fn ask(&mut self, now: Nanos, weight: u32) {
        self.weight.add(now, weight);
    }

    /// How many more orders there may be now. Cancels count nothing.
    pub(super) fn orders_left(&mut self, now: Nanos, reserve: u32) -> u32 {
        // The reserve is of the short span: a day's end is far, and one order more or less nothing.
        let [short, day] = &mut self.orders;
        short.left(now, reserve).min(day.left(now, 0))
    }

    /// How much weight may still be asked for now.
    pub(super) fn weight_left(&mut self, now: Nanos) -> u32 {
        self.weight.left(now, 0)
    }

    /// A reply says where a count stands. In the same span the venue's word is the last one: a
    /// first fill lowers it. `in_flight` orders of ours are not in it yet.
    pub(super) fn learn(&mut self, limit: &Limit, in_flight: u32, now: Nanos) {
        let counts = match limit.counted {
            Counted::Orders => &mut self.orders[..],
            Counted::Weight => std::slice::from_mut(&mut self.weight),
        };
        for count in counts.iter_mut().filter(|count| count.span_ns == limit.span_ns) {
            count.turn(now);
            count.max = limit.max;
            if let Some(found) = limit.count {
                let on_top = if limit.counted == Counted::Orders { in_flight } else { 0 };
                count.found = found.saturating_add(on_top);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_767_225_600 * SECOND;

    fn budget() -> Budget {
        Budget::new(&Rates { max: 50, decay_milli: 0, day_max: 160_000, cancel_reserve: 5 })
    }

    #[test]
    fn fifty_orders_in_ten_seconds_and_then_fifty_more() {
        let mut budget = budget();
        let now = Nanos(START + 9 * SECOND);
        for _ in 0..45 {
            budget.place(now);
        }
        assert_eq!((budget.orders_left(now, 5), budget.orders_left(now, 0)), (0, 5));
        // The span is the venue's, not one from the first order on.
        assert_eq!(budget.orders_left(Nanos(START + 10 * SECOND - 1), 0), 5);
        assert_eq!(budget.orders_left(Nanos(START + 10 * SECOND), 0), 50);
    }

    #[test]
    fn the_venues_count_is_the_last_word_but_for_what_is_in_flight() {
        let mut budget = budget();
        let now = Nanos(START);
        budget.place(now);
        let limit =
            |max, count| Limit { counted: Counted::Orders, span_ns: 10 * SECOND, max, count };
        budget.learn(&limit(100, Some(30)), 2, now);
        assert_eq!(budget.orders_left(now, 0), 68);
        budget.learn(&limit(100, Some(10)), 0, now);
        assert_eq!(budget.orders_left(now, 0), 90);
        budget.learn(&limit(20, None), 0, now);
        assert_eq!(budget.orders_left(now, 0), 10);
    }

    #[test]
    fn a_days_orders_are_counted_through_all_its_spans() {
        let rates = Rates { max: 50, day_max: 60, ..Rates::default() };
        let mut budget = Budget::new(&rates);
        for n in 0..60 {
            budget.place(Nanos(START + n * SECOND));
        }
        assert_eq!(budget.orders_left(Nanos(START + 100 * SECOND), 0), 0);
        assert_eq!(budget.orders_left(Nanos(START + 86_400 * SECOND), 0), 50);
    }

    #[test]
    fn weight_is_six_thousand_a_minute() {
        let mut budget = budget();
        budget.ask(Nanos(START), 80);
        assert_eq!(budget.weight_left(Nanos(START)), 5_920);
        let limit =
            Limit { counted: Counted::Weight, span_ns: 60 * SECOND, max: 6_000, count: Some(321) };
        budget.learn(&limit, 7, Nanos(START));
        assert_eq!(budget.weight_left(Nanos(START)), 5_679);
        assert_eq!(budget.weight_left(Nanos(START + 60 * SECOND)), 6_000);
    }
}
