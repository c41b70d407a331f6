//! Gauge: spread, depth, arrivals and returns of one market.
//!
//! In: its [`View`]s. Out: [`Measures`].
//! Never: a guess at what happened in a hole.
//!
//! Levels are looked at every 100 ms. Limit orders and cancels are what the ten best levels show of
//! them: a level that grows is an order, one that shrinks by more than was traded a cancel; where a
//! venue sends changes every 100 ms, several become one, on both sides of the comparison.

use super::figure::{Measures, autocorrelation, deviation, divisor, mean, quantile};
use crate::base::Nanos;
use crate::event::{BookState, Depth, Level, View};
use crate::limits::DEPTH_LEVELS;

/// How often levels are looked at.
const LOOK_NS: i64 = 100 * Nanos::MILLI;

/// Looks between two prices of a return: returns are those of a second.
const LOOKS_A_RETURN: usize = 10;

/// A silence after which nobody knows what the market was like meanwhile.
const HOLE_NS: i64 = 5 * Nanos::SECOND;

/// Lags of the autocorrelation.
const LAGS: usize = 5;

/// Seconds of a year, for volatility.
const YEAR_S: f64 = 365.25 * 86_400.0;

/// One market over time.
#[derive(Clone, Debug, Default)]
pub struct Gauge {
    last: Option<View>,
    look_ns: i64,
    covered_ns: i64,
    /// The greatest common divisor of all prices: the tick.
    tick: i64,
    spreads: Vec<f64>,
    spreads_bps: Vec<f64>,
    depth: [Vec<f64>; DEPTH_LEVELS],
    /// Mids at each look; `None` in a hole.
    mids: Vec<Option<f64>>,
    limits: u64,
    cancels: u64,
    trades: u64,
    /// Sums of the quantities that takers bought and sold, when the depth was seen last.
    taken: (i64, i64),
}

impl Gauge {
    /// The market as it is shown now.
    pub fn on(&mut self, view: &View) {
        let quote = &view.quote;
        let is_whole = quote.state == BookState::Live && quote.bid.qty > 0 && quote.ask.qty > 0;
        if !is_whole {
            self.last = None;
            return;
        }
        let at = quote.stamp.recv_ns.0;
        let Some(last) = self.last.replace(*view) else {
            self.look_ns = at;
            self.taken = (quote.bought, quote.sold);
            self.mids.push(None);
            return;
        };
        let since = at - last.quote.stamp.recv_ns.0;
        if since > HOLE_NS {
            self.look_ns = at;
            self.mids.push(None);
        } else {
            self.covered_ns += since.max(0);
            while self.look_ns < at {
                self.look_ns += LOOK_NS;
                self.look(&last);
            }
        }
        self.trades += u64::from(quote.trades.wrapping_sub(last.quote.trades));
        if view.depth.frame != last.depth.frame {
            self.compare(&last.depth, view);
        }
    }

    fn look(&mut self, view: &View) {
        let View { quote, depth } = view;
        let (bid, ask) = (quote.bid.price, quote.ask.price);
        let mid = (bid + ask) as f64 / 2.0;
        self.tick = divisor(self.tick, divisor(bid, ask));
        self.spreads.push((ask - bid) as f64);
        self.spreads_bps.push((ask - bid) as f64 / mid * 1e4);
        self.mids.push(Some(mid));
        let unit = 10_f64.powi(i32::from(quote.qty_decimals));
        for (place, seen) in self.depth.iter_mut().enumerate() {
            for (levels, count) in [(&depth.bids, depth.bid_count), (&depth.asks, depth.ask_count)]
            {
                if place < usize::from(count) {
                    seen.push(levels[place].qty as f64 / unit);
                }
            }
        }
    }

    /// What people did between two pictures of the ten best levels.
    fn compare(&mut self, was: &Depth, view: &View) {
        let (now, quote) = (&view.depth, &view.quote);
        let bought = quote.bought.wrapping_sub(self.taken.0);
        let sold = quote.sold.wrapping_sub(self.taken.1);
        self.taken = (quote.bought, quote.sold);
        let bids = (&was.bids[..was.bid_count.into()], &now.bids[..now.bid_count.into()]);
        let asks = (&was.asks[..was.ask_count.into()], &now.asks[..now.ask_count.into()]);
        self.compare_side(bids, |level| -level.price, sold);
        self.compare_side(asks, |level| level.price, bought);
    }

    /// `rank` grows from the best level to the worst; `taken` was traded meanwhile.
    fn compare_side(
        &mut self,
        (was, now): (&[Level], &[Level]),
        rank: impl Fn(&Level) -> i64,
        mut taken: i64,
    ) {
        // Beyond the end of either picture nothing is known.
        let end = |levels: &[Level]| {
            let is_full = levels.len() == DEPTH_LEVELS;
            levels.last().filter(|_| is_full).map_or(i64::MAX, &rank)
        };
        let end = end(was).min(end(now));
        let (mut was, mut now) = (was.iter().peekable(), now.iter().peekable());
        loop {
            let ranks = (was.peek().map(|l| rank(l)), now.peek().map(|l| rank(l)));
            let first = match ranks {
                (Some(one), Some(other)) => one.min(other),
                (Some(one), None) | (None, Some(one)) => one,
                (None, None) => return,
            };
            if first > end {
                return;
            }
            let before = was.next_if(|l| rank(l) == first).map_or(0, |level| level.qty);
            let after = now.next_if(|l| rank(l) == first).map_or(0, |level| level.qty);
            let gone = (before - after).max(0);
            let traded = gone.min(taken.max(0));
            taken -= traded;
            self.limits += u64::from(after > before);
            self.cancels += u64::from(gone > traded);
        }
    }

    /// What was measured so far.
    pub fn measures(&self) -> Measures {
        let seconds = self.covered_ns as f64 / Nanos::SECOND as f64;
        let rate = |count: u64| (seconds > 0.0).then(|| count as f64 / seconds);
        let tick = self.tick.max(1) as f64;
        let ticks: Vec<f64> = self.spreads.iter().map(|spread| spread / tick).collect();
        let mut rows = Vec::new();
        let mut row = |name: &str, measure| rows.push((name.to_owned(), measure));
        for (unit, spreads) in [("ticks", &ticks), ("bps", &self.spreads_bps)] {
            row(&format!("spread, {unit}, mean"), mean(spreads));
            row(&format!("spread, {unit}, p50"), quantile(spreads, 0.5));
            row(&format!("spread, {unit}, p90"), quantile(spreads, 0.9));
        }
        for (place, seen) in self.depth.iter().enumerate() {
            row(&format!("quantity at level {}, p50", place + 1), quantile(seen, 0.5));
        }
        row("limit orders a second", rate(self.limits).filter(|rate| *rate > 0.0));
        row("cancels a second", rate(self.cancels).filter(|rate| *rate > 0.0));
        // A recording without its trades says nothing of how many there were.
        let trades = (self.trades > 0).then_some(self.trades);
        row("trades a second", trades.and_then(rate));
        let orders = (self.limits + self.cancels) as f64;
        row("orders and cancels to a trade", trades.map(|trades| orders / trades as f64));
        let returns = self.returns();
        let volatility = deviation(&returns);
        row("volatility, bps a root second", volatility);
        row("volatility, % a year", volatility.map(|bps| bps / 1e2 * YEAR_S.sqrt()));
        for lag in 1..=LAGS {
            row(&format!("autocorrelation, {lag} s"), autocorrelation(&returns, lag));
        }
        Measures { rows, span_s: seconds }
    }

    /// Log returns of a second, basis points, that touch no hole.
    fn returns(&self) -> Vec<f64> {
        let windows = self.mids.windows(LOOKS_A_RETURN + 1).step_by(LOOKS_A_RETURN);
        let whole = windows.filter_map(|w| w.iter().copied().collect::<Option<Vec<f64>>>());
        whole.map(|mids| 1e4 * (mids[LOOKS_A_RETURN] / mids[0]).ln()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(at_ms: i64, bids: &[(i64, i64)], asks: &[(i64, i64)]) -> View {
        let mut view = View::default();
        let levels = |of: &[(i64, i64)]| {
            let mut levels = [Level::default(); DEPTH_LEVELS];
            for (level, (price, qty)) in levels.iter_mut().zip(of) {
                *level = Level { price: *price, qty: *qty };
            }
            levels
        };
        (view.depth.bids, view.depth.asks) = (levels(bids), levels(asks));
        (view.depth.bid_count, view.depth.ask_count) = (bids.len() as u8, asks.len() as u8);
        view.depth.frame = at_ms as u64;
        (view.quote.bid, view.quote.ask) = (view.depth.bids[0], view.depth.asks[0]);
        view.quote.state = BookState::Live;
        view.quote.qty_decimals = 1;
        view.quote.stamp.recv_ns = Nanos(1_000 * Nanos::SECOND + at_ms * Nanos::MILLI);
        view
    }

    fn measure(gauge: &Gauge, name: &str) -> Option<f64> {
        let measures = gauge.measures();
        let row = measures.rows.iter().find(|(row, _)| row == name);
        row.unwrap_or_else(|| panic!("no {name}")).1
    }

    #[test]
    fn spreads_and_depth_are_weighed_by_time() {
        let mut gauge = Gauge::default();
        gauge.on(&view(0, &[(1_000, 50)], &[(1_010, 20)]));
        gauge.on(&view(900, &[(1_000, 50)], &[(1_020, 20)]));
        gauge.on(&view(1_000, &[(1_000, 50)], &[(1_020, 20)]));
        // Nine looks at 10 and one at 20, in ticks of 10.
        assert_eq!(measure(&gauge, "spread, ticks, mean"), Some(1.1));
        assert_eq!(measure(&gauge, "spread, ticks, p50"), Some(1.0));
        assert_eq!(measure(&gauge, "quantity at level 1, p50"), Some(5.0));
        assert_eq!(measure(&gauge, "quantity at level 2, p50"), None);
        assert_eq!((1e3 * gauge.measures().span_s) as i64, 1_000);
    }

    #[test]
    fn what_was_traded_is_no_cancel() {
        let mut gauge = Gauge::default();
        gauge.on(&view(0, &[(100, 50), (99, 10)], &[(101, 20), (102, 30)]));
        // 20 are bought: the best ask goes. 5 of the next are drawn back; a bid comes.
        let mut next = view(1_000, &[(100, 50), (99, 10), (98, 1)], &[(102, 25)]);
        (next.quote.bought, next.quote.trades) = (20, 1);
        gauge.on(&next);
        assert_eq!(measure(&gauge, "limit orders a second"), Some(1.0));
        assert_eq!(measure(&gauge, "cancels a second"), Some(1.0));
        assert_eq!(measure(&gauge, "trades a second"), Some(1.0));
        assert_eq!(measure(&gauge, "orders and cancels to a trade"), Some(2.0));
    }

    #[test]
    fn returns_are_of_a_second_and_leave_out_holes() {
        let mut gauge = Gauge::default();
        let price = |second: i64| 1_000_000 + 100 * (second % 2);
        for second in (0..=20).chain(40..=60) {
            let bid = price(second);
            gauge.on(&view(1_000 * second, &[(bid, 1)], &[(bid + 2, 1)]));
        }
        let returns = gauge.returns();
        assert!((36..=40).contains(&returns.len()), "{}", returns.len());
        assert!(returns.iter().all(|bps| (bps.abs() - 1.0).abs() < 1e-3), "{returns:?}");
        assert_eq!((1e3 * gauge.measures().span_s) as i64, 40_000);
        assert!(measure(&gauge, "autocorrelation, 1 s").unwrap() < -0.9);
    }

    #[test]
    fn a_book_that_is_not_live_is_not_measured() {
        let mut gauge = Gauge::default();
        let mut broken = view(0, &[(100, 1)], &[(101, 1)]);
        broken.quote.state = BookState::Broken;
        gauge.on(&broken);
        assert_eq!(measure(&gauge, "spread, ticks, mean"), None);
        assert_eq!((1e3 * gauge.measures().span_s) as i64, 0);
    }
}
