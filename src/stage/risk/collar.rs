//! How far a price may be from the market, as lanes compare it.

/// Lanes are shut for prices from here on, so that no product below leaves 63 bits: a million in
/// units of eight decimals.
pub(super) const PRICE_MAX: i64 = 1 << 47;

/// Wider collars are left to the full checks: two and a half times the price.
const COLLAR_MAX: u64 = 25_000;

const BPS: i64 = 10_000;

const _: () = assert!(PRICE_MAX as i128 * COLLAR_MAX as i128 <= 1 << 62);
const _: () = assert!(2 * PRICE_MAX as i128 * BPS as i128 <= 1 << 62);

/// How far prices may be from the middle of the market, as lanes compare it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Collar {
    /// Basis points; at most [`COLLAR_MAX`], which is stricter than more.
    bps: i64,
    /// What is added where there is no collar.
    spare: i64,
    /// All bits where there must be two sides.
    pub(super) needs: i64,
}

impl Collar {
    pub(super) const NONE: Collar = Collar { bps: 0, spare: 1 << 62, needs: 0 };

    /// None where it is the largest number.
    pub(super) fn new(bps: u64) -> Collar {
        if bps == u64::MAX {
            return Collar::NONE;
        }
        Collar { bps: bps.min(COLLAR_MAX) as i64, spare: 0, needs: -1 }
    }

    /// How far twice a price may be from bid plus ask, in parts of [`BPS`].
    #[inline(always)]
    pub(super) fn reach(self, twice: i64) -> i64 {
        twice.wrapping_mul(self.bps).wrapping_add(self.spare)
    }
}

/// Below zero where a price is off the middle by more than a collar reaches. For numbers from zero
/// to [`PRICE_MAX`].
#[inline(always)]
pub(super) const fn off_by(price: i64, twice: i64, reach: i64) -> i64 {
    let off = price.wrapping_mul(2).wrapping_sub(twice).wrapping_mul(BPS);
    reach.wrapping_sub(off) | reach.wrapping_add(off)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_collar_is_exact(
            bid in 1_i64..1_000_000_000, spread in 0_i64..1_000, bps in 0_u64..20_000,
            near in -3_i64..=3,
        ) {
            let twice = 2 * bid + spread;
            let off = (i128::from(twice) * i128::from(bps) / 20_000) as i64;
            for price in [twice / 2 + off + near, (twice / 2 - off + near).max(0)] {
                let distance = i128::from((2 * price - twice).abs());
                let is_within = distance * 10_000 <= i128::from(twice) * i128::from(bps);
                let passes = |collar: Collar| off_by(price, twice, collar.reach(twice)) >= 0;
                prop_assert_eq!(passes(Collar::new(bps)), is_within, "{}", price);
                prop_assert!(passes(Collar::NONE));
            }
        }
    }
}
