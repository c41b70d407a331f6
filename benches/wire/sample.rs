//! What is measured of an order, and percentiles of many, paired pass by pass.

/// Ticks of an order, from the return of the receive that brought its frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Until its bytes are sealed, before the call that sends them.
    pub(crate) sealed: u64,
    /// Until that call has returned.
    pub(crate) sent: u64,
}

/// p50, p90, p99, p99.9 and the largest.
pub(crate) const SHARES: [(&str, f64); 5] =
    [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)];

/// What one contender took: of each pass, and of all together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sheet {
    all: Vec<u64>,
    passes: Vec<[u64; 5]>,
}

/// A rival's over ours: the median of the passes, the least, the most.
pub(crate) type Ratio = [f64; 3];

impl Sheet {
    /// Takes a pass.
    pub(crate) fn take(&mut self, mut ticks: Vec<u64>) {
        if ticks.is_empty() {
            return;
        }
        ticks.sort_unstable();
        self.passes.push(percentiles(&ticks));
        self.all.append(&mut ticks);
    }

    /// Percentiles over all passes, ns, and how many samples there are; `None` without one.
    pub(crate) fn told(&mut self, tick_ns: f64) -> Option<([f64; 5], usize)> {
        self.all.sort_unstable();
        (!self.all.is_empty())
            .then(|| (percentiles(&self.all).map(|ticks| ticks as f64 * tick_ns), self.all.len()))
    }

    /// Ours against a rival at a share of [`SHARES`].
    pub(crate) fn ratio(&self, rival: &Sheet, share: usize) -> Ratio {
        let pairs = self.passes.iter().zip(&rival.passes);
        let mut ratios: Vec<f64> =
            pairs.map(|(ours, theirs)| theirs[share] as f64 / ours[share].max(1) as f64).collect();
        ratios.sort_unstable_by(f64::total_cmp);
        let at = |n: usize| ratios.get(n).copied().unwrap_or(f64::NAN);
        [at(ratios.len() / 2), at(0), at(ratios.len().max(1) - 1)]
    }
}

fn percentiles(sorted: &[u64]) -> [u64; 5] {
    SHARES.map(|(_, share)| {
        let rank = (share * sorted.len() as f64).ceil() as usize;
        sorted[rank.clamp(1, sorted.len()) - 1]
    })
}
