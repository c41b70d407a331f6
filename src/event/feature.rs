//! What the signals say of one instrument. From signal to model and strategy.

use super::market::Stamp;
use super::quote::View;
use crate::base::InstrumentId;

/// Horizons that each signal with a memory is computed over, all at once.
pub const HORIZONS: usize = 8;

/// Signals that have a value for each horizon, in the order of their place in
/// [`Features::values`]. All are of one instrument and begin anew when its book was not live; the
/// mid holds from one view to the next. In the exponential form "over the horizon" means weighed by
/// `exp(-t/h)` for what was a time `t` ago, in the windowed form what lies at most `h` back. The
/// recursions and their sources stand in `stage::signal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Over {
    /// Log return of the mid over the horizon, basis points: `10^4 ln(mid / mid a horizon ago)`. In
    /// the exponential form the log mid of a horizon ago is an average with the weights
    /// `4t/h^2 exp(-2t/h)`, whose mean lies at `h`.
    Momentum = 0,
    /// Mid less its average over time, basis points of the mid.
    Ema = 1,
    /// The same in standard deviations of the mid over time, at most 10 either way; 0 where it did
    /// not move, or so long ago that its moves have faded.
    Zscore = 2,
    /// Realised volatility: root of the summed squared log returns from view to view over the
    /// horizon, basis points.
    Volatility = 3,
    /// Order-flow imbalance of the best quotes, -1 to 1: the sum of what bids and asks add to the
    /// flow (Cont, Kukanov and Stoikov, 2014), over the sum of its sizes; 0 where there was none.
    OrderFlow = 4,
    /// Quantity that takers bought less that they sold, over both, -1 to 1; 0 where there was none.
    TradeFlow = 5,
}

/// Signals without a memory, in the order of their place behind those with one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Now {
    /// Best ask less best bid, basis points of the mid.
    Spread = 0,
    /// Microprice less mid, basis points of the mid.
    Micro = 1,
    /// Best bid's against best ask's quantity, -1 to 1.
    Imbalance1 = 2,
    /// The same over the five best levels.
    Imbalance5 = 3,
    /// The same over the ten best levels.
    Imbalance10 = 4,
}

impl Over {
    /// All, in the order of their place.
    pub const ALL: [Over; 6] = [
        Over::Momentum,
        Over::Ema,
        Over::Zscore,
        Over::Volatility,
        Over::OrderFlow,
        Over::TradeFlow,
    ];

    /// As in the names of features.
    pub const fn name(self) -> &'static str {
        match self {
            Over::Momentum => "momentum",
            Over::Ema => "ema",
            Over::Zscore => "zscore",
            Over::Volatility => "volatility",
            Over::OrderFlow => "order_flow",
            Over::TradeFlow => "trade_flow",
        }
    }
}

impl Now {
    /// All, in the order of their place.
    pub const ALL: [Now; 5] =
        [Now::Spread, Now::Micro, Now::Imbalance1, Now::Imbalance5, Now::Imbalance10];

    /// As in the names of features.
    pub const fn name(self) -> &'static str {
        match self {
            Now::Spread => "spread",
            Now::Micro => "micro",
            Now::Imbalance1 => "imbalance_1",
            Now::Imbalance5 => "imbalance_5",
            Now::Imbalance10 => "imbalance_10",
        }
    }
}

/// Values of one instrument at one moment.
pub const FEATURES: usize = Over::ALL.len() * HORIZONS + Now::ALL.len();

/// What the signals say of one instrument after a quote. Four cache lines of plain data.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Features {
    /// The frame that caused it.
    pub stamp: Stamp,
    /// All values: each of [`Over`] with its horizons from the shortest on, then each of [`Now`].
    /// What is not ready is zero.
    pub values: [f32; FEATURES],
    /// The instrument.
    pub instrument: u32,
    /// Bit `h` is set once horizon `h` can be trusted: three horizons of a live book have gone by.
    pub ready: u8,
}

/// From signal to model: what the market looks like, and what the signals say of it. Lies in the
/// stages' own slots and is borrowed by who is on the same core.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The market.
    pub view: &'a View,
    /// The signals.
    pub features: &'a Features,
}

impl Default for Features {
    fn default() -> Features {
        Features { stamp: Stamp::default(), values: [0.0; FEATURES], instrument: 0, ready: 0 }
    }
}

impl Features {
    /// The instrument's id.
    pub const fn instrument(&self) -> InstrumentId {
        InstrumentId(self.instrument)
    }

    /// The place of a signal over horizon `h` in [`Features::values`].
    pub const fn place(signal: Over, h: usize) -> usize {
        signal as usize * HORIZONS + h
    }

    /// The place of a signal without a memory in [`Features::values`].
    pub const fn place_now(signal: Now) -> usize {
        Over::ALL.len() * HORIZONS + signal as usize
    }

    /// A signal over horizon `h`, the shortest being 0.
    #[inline(always)]
    pub const fn over(&self, signal: Over, h: usize) -> f32 {
        self.values[Features::place(signal, h)]
    }

    /// A signal without a memory.
    #[inline(always)]
    pub const fn now(&self, signal: Now) -> f32 {
        self.values[Features::place_now(signal)]
    }

    /// May horizon `h` be trusted?
    #[inline(always)]
    pub const fn is_ready(&self, h: usize) -> bool {
        self.ready >> h & 1 != 0
    }

    /// What the value at a place is called: `zscore_3`, `spread`. Cold.
    pub fn name(place: usize) -> String {
        let (signal, h) = (place / HORIZONS, place % HORIZONS);
        match Over::ALL.get(signal) {
            Some(over) => format!("{}_{h}", over.name()),
            None => Now::ALL
                .get(place - Over::ALL.len() * HORIZONS)
                .map_or_else(String::new, |now| now.name().to_owned()),
        }
    }
}

const _: () = assert!(size_of::<Features>() == 256, "features are four cache lines");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<String> = (0..FEATURES).map(Features::name).collect();
        assert_eq!(names.len(), FEATURES);
        assert_eq!(Features::name(Features::place(Over::Zscore, 3)), "zscore_3");
        assert_eq!(Features::name(Features::place_now(Now::Imbalance10)), "imbalance_10");
        assert_eq!(Features::name(FEATURES), "");
    }
}
