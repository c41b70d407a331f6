//! How bad the weather of a seed is.

/// Chance, from a seed (`SplitMix64`).
#[derive(Clone, Debug)]
pub(super) struct Chance(pub(super) u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(super) fn below(&mut self, most: u64) -> u64 {
        self.next() % most.max(1)
    }

    /// So many times in a million.
    pub(super) fn strikes(&mut self, ppm: u64) -> bool {
        self.below(1_000_000) < ppm
    }
}

/// How bad the weather is: times in a million frames, or lines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weather {
    pub(super) lost: u64,
    pub(super) twice: u64,
    pub(super) swapped: u64,
    pub(super) broken: u64,
    /// The line dies with the frame.
    pub(super) dies: u64,
    /// The line goes silent with the frame.
    pub(super) stalls: u64,
    pub(super) refused: u64,
    pub(super) unanswered: u64,
    /// Subscriptions that the venue refuses.
    pub(super) denied: u64,
    /// Answers that are of a time before.
    pub(super) lags: u64,
    /// Maintenance with the frame: the venue says so, ends its lines and refuses new ones.
    pub(super) closes: u64,
    /// By how much the venues' clocks are off, ns.
    pub(super) skew: i64,
    /// The most that a frame is late, ns.
    pub(super) late: u64,
}

pub(super) const CALM: Weather = Weather {
    lost: 0,
    twice: 0,
    swapped: 0,
    broken: 0,
    dies: 0,
    stalls: 0,
    refused: 0,
    unanswered: 0,
    denied: 0,
    lags: 0,
    closes: 0,
    skew: 0,
    late: 2_000_000,
};

/// The weather of a seed, and the chance that is left.
pub(super) fn weather(seed: u64) -> (Weather, Chance) {
    let mut chance = Chance(seed);
    let mut often = |most: u64| if chance.strikes(600_000) { chance.below(most) } else { 0 };
    let weather = Weather {
        lost: often(4_000),
        twice: often(4_000),
        swapped: often(4_000),
        broken: often(4_000),
        dies: often(800),
        stalls: often(400),
        refused: often(400_000),
        unanswered: often(400_000),
        denied: often(300_000),
        lags: often(600_000),
        closes: often(200),
        skew: often(20_000_000_000) as i64 - often(20_000_000_000) as i64,
        late: 1_000_000 + often(30_000_000),
    };
    (weather, chance)
}
