//! How much of something may still be used: a venue's limit over a sliding window.
//!
//! In: what is spent, and when. Out: whether there is room, and when there will be.
//! Never: more than the bound within any span, wherever it begins. A bucket that refills would
//! allow nearly twice as much over its edge.

use std::collections::VecDeque;

use crate::base::Nanos;

/// At most `max` within any `span_ns`.
#[derive(Clone, Debug)]
pub struct Window {
    max: u32,
    span_ns: i64,
    spent: VecDeque<(Nanos, u32)>,
    sum: u32,
}

impl Window {
    /// Nothing spent yet.
    pub fn new(max: u32, span_ns: i64) -> Window {
        Window { max, span_ns, spent: VecDeque::new(), sum: 0 }
    }

    /// Spends so much where there is room for it.
    pub fn spend(&mut self, now: Nanos, amount: u32) -> bool {
        self.forget(now);
        if self.sum.saturating_add(amount) > self.max {
            return false;
        }
        self.spent.push_back((now, amount));
        self.sum += amount;
        true
    }

    /// The venue says that so much is used: what others spent counts as spent now.
    pub fn learn(&mut self, now: Nanos, used: u32) {
        self.forget(now);
        let others = used.saturating_sub(self.sum);
        if others > 0 {
            self.spent.push_back((now, others));
            self.sum += others;
        }
    }

    /// The venue says what its limit is.
    pub fn limit(&mut self, max: u32) {
        self.max = max;
    }

    /// Is there room for so much?
    pub fn has_room(&mut self, now: Nanos, amount: u32) -> bool {
        self.forget(now);
        self.sum.saturating_add(amount) <= self.max
    }

    fn forget(&mut self, now: Nanos) {
        while let Some((at, amount)) = self.spent.front()
            && now.0.saturating_sub(at.0) >= self.span_ns
        {
            self.sum -= amount;
            self.spent.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_others_spent_counts() {
        let mut window = Window::new(100, 1_000);
        assert!(window.spend(Nanos(1), 10));
        window.learn(Nanos(2), 95);
        assert!(!window.has_room(Nanos(3), 6));
        assert!(window.spend(Nanos(3), 5));
        // Less than we know of is no news.
        window.learn(Nanos(4), 20);
        assert!(!window.has_room(Nanos(4), 1));
        assert!(window.has_room(Nanos(1_002), 95));
    }

    proptest! {
        #[test]
        fn no_span_holds_more_than_the_bound(
            steps in prop::collection::vec((0_i64..400, 1_u32..4), 1..80),
        ) {
            let mut window = Window::new(5, 1_000);
            let (mut now, mut taken) = (0, Vec::new());
            for (wait, amount) in steps {
                now += wait;
                if window.spend(Nanos(now), amount) {
                    taken.push((now, amount));
                }
            }
            for (from, _) in &taken {
                let within = taken.iter().filter(|(at, _)| (*from..from + 1_000).contains(at));
                prop_assert!(within.map(|(_, amount)| amount).sum::<u32>() <= 5);
            }
        }
    }
}
