//! What an item costs by its size: a constant and so much for each part of it.
//!
//! In: the median time of each item over all passes, and its size. Out: the line of least squares.

use serde_json::{Value, json};

/// A line through times by size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fit {
    /// What an item without parts would cost, ns.
    pub(super) constant_ns: f64,
    /// What each part adds, ns.
    pub(super) each_ns: f64,
}

impl Fit {
    /// Of passes over the same items; `None` where all have one size. An item's time is its median
    /// over the passes, so that an interrupt in one of them does not tilt the line.
    pub(super) fn of(passes: &[Vec<u32>], sizes: &[u32], tick_ns: f64) -> Option<Fit> {
        let (mut sum, mut x, mut y, mut xx, mut xy) = (0.0, 0.0, 0.0, 0.0, 0.0);
        let mut times: Vec<u32> = Vec::with_capacity(passes.len());
        for (item, size) in sizes.iter().enumerate() {
            times.clear();
            times.extend(passes.iter().filter_map(|pass| pass.get(item).copied()));
            times.sort_unstable();
            let Some(ticks) = times.get(times.len() / 2) else { break };
            let (size, ns) = (f64::from(*size), f64::from(*ticks) * tick_ns);
            sum += 1.0;
            x += size;
            y += ns;
            xx += size * size;
            xy += size * ns;
        }
        let spread = sum * xx - x * x;
        (spread > 0.0).then(|| {
            let each_ns = (sum * xy - x * y) / spread;
            Fit { constant_ns: (y - each_ns * x) / sum, each_ns }
        })
    }

    /// In words.
    pub(super) fn told(self) -> String {
        format!("{:.0} + {:.1} a level", self.constant_ns, self.each_ns)
    }

    pub(super) fn json(self) -> Value {
        let round = |ns: f64| (ns * 100.0).round() / 100.0;
        json!({ "constant": round(self.constant_ns), "a_level": round(self.each_ns) })
    }
}
