//! Watch: the world, looked at as a recording would show it.
//!
//! In: a seed and a length. Out: what each market of its world is like.

use super::figure::{Measures, lag};
use super::gauge::Gauge;
use super::lives::Lives;
use crate::base::{Nanos, Side};
use crate::event::{BookState, View};
use crate::limits::DEPTH_LEVELS;
use crate::sim::engine::Engine;
use crate::sim::world::{Listed, Settings, Update, World};
use crate::stage::contract::Emit;

/// The grid on which one venue's prices are compared with another's, and how far.
const GRID_NS: i64 = 10 * Nanos::MILLI;
const GRID_STEPS: usize = 100;

/// Changes that are compared are those over so many steps: a market of few orders follows unevenly.
const CHANGE_STEPS: usize = 20;

/// Binance sends changes of its books at this interval; the others as they happen.
const BINANCE_INTERVAL_NS: i64 = 100 * Nanos::MILLI;

/// The venue that others follow.
const LEADER: &str = "binance";

/// A market of the world and what it is like.
#[derive(Clone, Debug)]
pub struct Watched {
    /// Which.
    pub listed: Listed,
    /// What was measured.
    pub measures: Measures,
}

/// What the markets of a seed's world are like over so many seconds.
pub fn watch(seed: u64, seconds: u32) -> Vec<Watched> {
    let mut world = World::new(seed, &Settings::default());
    let now = world.now();
    let listed = world.markets().iter().enumerate();
    let seats = listed.filter_map(|(n, l)| Some(Seat::new(l, world.market(n)?, now))).collect();
    let mut watch = Watch { seats };
    world.advance(Nanos(now.0 + i64::from(seconds) * Nanos::SECOND), &mut watch);
    let leader = |market: usize| {
        let of_pair = |n: &usize| n % PAIRS == market % PAIRS;
        let mut others = (0..watch.seats.len()).filter(of_pair);
        others.find(|n| world.markets()[*n].venue == LEADER)
    };
    let each = world.markets().iter().enumerate();
    each.map(|(n, listed)| {
        let seat = &watch.seats[n];
        let mut measures = seat.gauge.measures();
        measures.rows.extend(seat.lives.rows());
        let steps =
            leader(n).and_then(|l| lag(&watch.seats[l].mids, &seat.mids, GRID_STEPS, CHANGE_STEPS));
        let lag_ms = steps.map(|steps| (steps as i64 * GRID_NS / Nanos::MILLI) as f64);
        measures.rows.push((format!("lag behind {LEADER}, ms"), lag_ms));
        Watched { listed: *listed, measures }
    })
    .collect()
}

/// Pairs that each venue lists, in the same order.
const PAIRS: usize = 3;

struct Watch {
    seats: Vec<Seat>,
}

/// What is known of one market.
struct Seat {
    gauge: Gauge,
    lives: Lives,
    view: View,
    interval_ns: i64,
    /// When the ten best levels are next shown.
    due: Nanos,
    /// Mids on the grid, and when the next is due.
    mids: Vec<f64>,
    grid: Nanos,
}

impl Seat {
    fn new(listed: &Listed, engine: &Engine, now: Nanos) -> Seat {
        let mut view = View::default();
        view.quote.bid = engine.level(Side::Buy, 0).unwrap_or_default();
        view.quote.ask = engine.level(Side::Sell, 0).unwrap_or_default();
        view.quote.state = BookState::Live;
        view.quote.price_decimals = listed.shape.price;
        view.quote.qty_decimals = listed.shape.qty;
        Seat {
            gauge: Gauge::default(),
            lives: Lives::default(),
            view,
            interval_ns: if listed.venue == LEADER { BINANCE_INTERVAL_NS } else { 0 },
            due: Nanos::NONE,
            mids: Vec::new(),
            grid: now,
        }
    }

    fn on(&mut self, update: &Update<'_>) {
        self.lives.on(update);
        let at = update.at;
        self.keep_mid(at);
        let quote = &mut self.view.quote;
        quote.stamp.recv_ns = at;
        for trade in update.trades() {
            quote.trades = quote.trades.wrapping_add(1);
            match trade.taker.side {
                Side::Buy => quote.bought = quote.bought.wrapping_add(trade.qty),
                Side::Sell => quote.sold = quote.sold.wrapping_add(trade.qty),
            }
        }
        quote.bid = update.engine.level(Side::Buy, 0).unwrap_or_default();
        quote.ask = update.engine.level(Side::Sell, 0).unwrap_or_default();
        if at >= self.due {
            self.due = Nanos(at.0 + self.interval_ns);
            self.show_depth(update);
        }
        self.gauge.on(&self.view);
    }

    /// The mid of the time before now, once for each step of the grid that has passed.
    fn keep_mid(&mut self, now: Nanos) {
        let quote = &self.view.quote;
        while self.grid.0 + GRID_NS <= now.0 {
            self.grid.0 += GRID_NS;
            self.mids.push((quote.bid.price + quote.ask.price) as f64 / 2.0);
        }
    }

    fn show_depth(&mut self, update: &Update<'_>) {
        let depth = &mut self.view.depth;
        depth.frame += 1;
        let sides = [(Side::Buy, &mut depth.bids), (Side::Sell, &mut depth.asks)];
        let counts = sides.map(|(side, levels)| {
            let best = update.engine.levels(side).take(DEPTH_LEVELS);
            let shown = levels.iter_mut().zip(best).map(|(level, best)| *level = best);
            shown.count() as u8
        });
        [depth.bid_count, depth.ask_count] = counts;
    }
}

impl Emit<Update<'_>> for Watch {
    fn emit(&mut self, update: &Update<'_>) {
        self.seats[update.market].on(update);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_market_of_the_world_has_its_measures() {
        for Watched { listed, measures } in watch(1, 20) {
            for (name, measure) in &measures.rows {
                let is_known = measure.is_some_and(f64::is_finite);
                let is_flat = name.starts_with("lag") || name.starts_with("autocorrelation");
                assert!(is_known || is_flat, "{} {}: {name}", listed.venue, listed.symbol);
            }
        }
    }

    /// A measure of a market of the world over ten minutes.
    fn measure(world: &[Watched], venue: &str, symbol: &str, name: &str) -> f64 {
        let of = |w: &&Watched| w.listed.venue == venue && w.listed.symbol.as_str() == symbol;
        let rows = &world.iter().find(of).unwrap().measures.rows;
        rows.iter().find(|(row, _)| row == name).unwrap().1.unwrap()
    }

    #[test]
    fn world_stays_as_it_was_calibrated() {
        let world = watch(3, 600);
        let binance = |name: &str| measure(&world, "binance", "BTCUSDT", name);
        // Within twice of what `spot_btcusdt_20240808` of hftbacktest has.
        for (name, recorded) in [
            ("spread, ticks, mean", 3.0),
            ("spread, ticks, p50", 1.0),
            ("spread, ticks, p90", 1.0),
            ("quantity at level 1, p50", 2.05),
            ("quantity at level 10, p50", 0.081),
            ("limit orders a second", 24.7),
            ("trades a second", 28.2),
            ("volatility, bps a root second", 1.28),
        ] {
            let ratio = binance(name) / recorded;
            assert!((0.45..2.2).contains(&ratio), "{name}: {ratio}");
        }
        for lag in 1..=5 {
            assert!(binance(&format!("autocorrelation, {lag} s")).abs() < 0.15);
        }
    }

    #[test]
    fn venues_follow_in_the_order_of_their_lags() {
        let world = watch(4, 600);
        let lag = |venue, symbol| measure(&world, venue, symbol, "lag behind binance, ms");
        let (kraken, coinbase) = (lag("kraken", "BTC/USD"), lag("coinbase", "BTC-USD"));
        assert!(coinbase > 0.0 && coinbase < kraken && kraken < 400.0, "{coinbase} {kraken}");
    }
}
