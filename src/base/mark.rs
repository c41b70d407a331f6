//! What an asset is worth in the one in which all is reckoned, by whole numbers.
//!
//! In: best bids and asks of the instruments that say so. Out: values in units of the reckoning
//! asset. Never: a float, an allocation after construction, a guess where a price is missing.
//!
//! A chain of steps leads from each asset to the reckoning one; a step goes by the mid price of an
//! instrument, in either direction, or one to one. The powers of ten of a whole chain are one
//! constant, and mids go in as bid plus ask, so a chain costs one rounding of a part in 2^63 a step
//! and values are rounded once, to the nearest unit.

use super::id::{AssetId, InstrumentId};
use super::instrument::Instruments;
use super::rate::Rate;

/// One step of a chain: the asset it leads to, and the instrument whose price it goes by; `None`
/// for one to one.
pub type MarkStep = (AssetId, Option<InstrumentId>);

/// What each asset is worth.
#[derive(Clone, Debug)]
pub struct Marks {
    reckoning: AssetId,
    decimals: Box<[u8]>,
    assets: Box<[Chain]>,
    links: Box<[Link]>,
    /// By instrument.
    mids: Box<[Mid]>,
    /// Assets whose chain goes by an instrument; [`Mid`] has its part.
    followers: Box<[u16]>,
}

/// How an asset becomes the reckoning one.
#[derive(Clone, Copy, Debug)]
struct Chain {
    /// Its part of `links`; only where `is_whole`.
    from: u32,
    to: u32,
    /// All powers of ten and two of the chain.
    scale: Rate,
    /// Units of the reckoning asset for one unit, where all mids are known.
    rate: Option<Rate>,
    is_whole: bool,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    instrument: u32,
    /// From quote to base: by the inverse of the price.
    is_inverse: bool,
}

/// Bid plus ask of an instrument, zero while they are missing.
#[derive(Clone, Copy, Debug)]
struct Mid {
    twice: i64,
    rate: Rate,
    inverse: Rate,
    /// Does any chain need the inverse?
    is_inverted: bool,
    /// Its part of `followers`.
    from: u32,
    to: u32,
}

impl Marks {
    /// For assets with these `decimals`, by [`AssetId`]; `chains` holds for each the steps to
    /// `reckoning` (empty for itself), `None` where there are none. A chain that does not lead
    /// there, or goes by an instrument that does not trade the two assets of its step, counts as
    /// none: such an asset has no value.
    pub fn new(
        decimals: &[u8],
        reckoning: AssetId,
        chains: &[Option<Vec<MarkStep>>],
        instruments: &Instruments,
    ) -> Marks {
        let nothing = Chain { from: 0, to: 0, scale: Rate::ONE, rate: None, is_whole: false };
        let mut assets = vec![nothing; decimals.len()];
        let mut links = Vec::new();
        let mid = Mid {
            twice: 0,
            rate: Rate::ONE,
            inverse: Rate::ONE,
            is_inverted: false,
            from: 0,
            to: 0,
        };
        let mut mids = vec![mid; instruments.len()];
        for (n, chain) in chains.iter().enumerate().take(decimals.len()) {
            let whole = chain.as_ref().and_then(|steps| {
                follow(AssetId(n as u16), reckoning, steps, decimals, instruments)
            });
            let Some((scale, own)) = whole else { continue };
            let from = links.len() as u32;
            links.extend(own);
            assets[n] = Chain { from, to: links.len() as u32, scale, rate: None, is_whole: true };
        }
        let mut followers = Vec::new();
        for (instrument, mid) in mids.iter_mut().enumerate() {
            mid.from = followers.len() as u32;
            for (n, asset) in assets.iter().enumerate().filter(|(_, asset)| asset.is_whole) {
                let own = &links[asset.from as usize..asset.to as usize];
                let mut by = own.iter().filter(|link| link.instrument as usize == instrument);
                if by.clone().next().is_some() {
                    followers.push(n as u16);
                    mid.is_inverted |= by.any(|link| link.is_inverse);
                }
            }
            mid.to = followers.len() as u32;
        }
        let mut marks = Marks {
            reckoning,
            decimals: decimals.into(),
            assets: assets.into(),
            links: links.into(),
            mids: mids.into(),
            followers: followers.into(),
        };
        for asset in 0..marks.assets.len() {
            marks.reckon(asset);
        }
        marks
    }

    /// Takes the best prices of an instrument, in its units, and says whether a value moved. Where
    /// a side is empty (its price not above zero) the last mid stays.
    #[inline]
    pub fn on_quote(&mut self, instrument: InstrumentId, bid: i64, ask: i64) -> bool {
        let Some(mid) = self.mids.get_mut(instrument.index()) else { return false };
        let is_empty = bid <= 0 || ask <= 0;
        let Some(twice) = bid.checked_add(ask) else { return false };
        if is_empty || twice == mid.twice || mid.from == mid.to {
            return false;
        }
        mid.twice = twice;
        mid.rate = Rate::whole(twice as u64);
        if mid.is_inverted {
            mid.inverse = mid.rate.inverse();
        }
        for at in mid.from..mid.to {
            self.reckon(usize::from(self.followers[at as usize]));
        }
        true
    }

    /// `amount` units of an asset in units of the reckoning one, to the nearest; `None` while a
    /// price is missing, where nothing says how, or where it does not fit.
    #[inline]
    pub fn value(&self, asset: AssetId, amount: i64) -> Option<i64> {
        self.rate(asset)?.of(amount)
    }

    /// What one unit of an asset is worth in units of the reckoning one; `None` while a price is
    /// missing or where nothing says how.
    #[inline]
    pub fn rate(&self, asset: AssetId) -> Option<Rate> {
        self.assets.get(asset.index())?.rate
    }

    /// The asset in which all is reckoned.
    pub fn reckoning(&self) -> AssetId {
        self.reckoning
    }

    /// Decimals of an asset; `None` where there is no such asset.
    pub fn decimals(&self, asset: AssetId) -> Option<u8> {
        self.decimals.get(asset.index()).copied()
    }

    /// How many assets there are.
    pub fn len(&self) -> usize {
        self.assets.len()
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.assets.is_empty()
    }

    /// Assets whose value moves with this instrument.
    #[inline]
    pub fn followers(&self, instrument: InstrumentId) -> &[u16] {
        match self.mids.get(instrument.index()) {
            Some(mid) => &self.followers[mid.from as usize..mid.to as usize],
            None => &[],
        }
    }

    #[inline]
    fn reckon(&mut self, asset: usize) {
        let chain = &mut self.assets[asset];
        chain.rate = None;
        if !chain.is_whole {
            return;
        }
        let mut rate = chain.scale;
        for link in &self.links[chain.from as usize..chain.to as usize] {
            let mid = &self.mids[link.instrument as usize];
            if mid.twice == 0 {
                return;
            }
            rate = rate.times(if link.is_inverse { mid.inverse } else { mid.rate });
        }
        chain.rate = Some(rate);
    }
}

/// The constant of a chain and its links that go by a price; `None` where it does not lead there.
fn follow(
    asset: AssetId,
    reckoning: AssetId,
    steps: &[MarkStep],
    decimals: &[u8],
    instruments: &Instruments,
) -> Option<(Rate, Vec<Link>)> {
    let of = |asset: AssetId| decimals.get(asset.index()).map(|d| i32::from(*d));
    let (mut at, mut tens, mut halves) = (asset, of(reckoning)? - of(asset)?, 0);
    let mut links = Vec::new();
    for (to, by) in steps {
        if let Some(by) = by {
            let instrument = instruments.with_id(*by)?;
            let (base, quote) = (instrument.base?, instrument.quote?);
            let is_inverse = (quote, base) == (at, *to);
            if !is_inverse && (base, quote) != (at, *to) {
                return None;
            }
            // A price is 10^-decimals, and what goes in is twice the mid.
            let sign = if is_inverse { -1 } else { 1 };
            tens -= sign * i32::from(instrument.price_decimals);
            halves += sign;
            links.push(Link { instrument: by.0, is_inverse });
        }
        at = *to;
    }
    (at == reckoning).then_some((Rate::ten_to(tens).halved(halves), links))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base::{Instrument, Symbol};

    const USD: AssetId = AssetId(0);
    const BTC: AssetId = AssetId(1);
    const USDT: AssetId = AssetId(2);
    const USDC: AssetId = AssetId(3);
    const BTC_USD: InstrumentId = InstrumentId(0);
    const BTC_USDT: InstrumentId = InstrumentId(1);

    fn instruments() -> Instruments {
        let mut all = Instruments::default();
        for (symbol, quote, price_decimals) in [("BTC/USD", USD, 1), ("BTC/USDT", USDT, 2)] {
            let symbol = Symbol::new(symbol.as_bytes()).unwrap();
            let plain = Instrument::plain("kraken", symbol, price_decimals, 8);
            all.add(Instrument { base: Some(BTC), quote: Some(quote), ..plain });
        }
        all
    }

    fn marks() -> Marks {
        let chains = [
            Some(vec![]),
            Some(vec![(USD, Some(BTC_USD))]),
            Some(vec![(BTC, Some(BTC_USDT)), (USD, Some(BTC_USD))]),
            Some(vec![(USD, None)]),
            None,
            Some(vec![(USD, Some(BTC_USD))]),
        ];
        Marks::new(&[8, 10, 8, 6, 8, 8], USD, &chains, &instruments())
    }

    #[test]
    fn the_reckoning_asset_is_worth_itself_to_the_last_unit() {
        let marks = marks();
        for amount in [0, 1, -1, i64::MAX, -i64::MAX] {
            assert_eq!(marks.value(USD, amount), Some(amount));
        }
    }

    #[test]
    fn an_asset_is_worth_its_amount_at_the_mid() {
        let mut marks = marks();
        assert!(marks.on_quote(BTC_USD, 640_000, 640_001));
        // 0.5 BTC at 64000.05 USD.
        assert_eq!(marks.value(BTC, 5_000_000_000), Some(3_200_002_500_000));
        assert_eq!(marks.value(BTC, -5_000_000_000), Some(-3_200_002_500_000));
    }

    #[test]
    fn a_mark_is_used_backwards_where_the_asset_is_its_quote() {
        let mut marks = marks();
        marks.on_quote(BTC_USD, 640_000, 640_000);
        marks.on_quote(BTC_USDT, 6_406_000, 6_406_820);
        // 64064.1 USDT are a bitcoin, so 64064.1 USDT are 64000 USD.
        assert_eq!(marks.value(USDT, 6_406_410_000_000), Some(6_400_000_000_000));
    }

    #[test]
    fn one_to_one_only_changes_the_decimals() {
        assert_eq!(marks().value(USDC, 1_234_567), Some(123_456_700));
    }

    #[test]
    fn nothing_is_worth_anything_while_a_price_is_missing() {
        let mut marks = marks();
        assert_eq!((marks.value(BTC, 1), marks.value(USDT, 1)), (None, None));
        marks.on_quote(BTC_USD, 640_000, 640_001);
        assert_eq!(marks.value(USDT, 1), None, "one of its two prices is there");
        assert_eq!(marks.value(AssetId(4), 1), None, "it has no chain");
        assert_eq!(marks.value(AssetId(5), 1), None, "its chain goes by other assets' price");
        assert_eq!(marks.value(AssetId::NONE, 1), None);
    }

    #[test]
    fn an_empty_side_leaves_the_last_mid() {
        let mut marks = marks();
        marks.on_quote(BTC_USD, 640_000, 640_002);
        for (bid, ask) in [(0, 650_000), (630_000, 0), (-1, 5), (i64::MAX, i64::MAX)] {
            assert!(!marks.on_quote(BTC_USD, bid, ask));
        }
        assert_eq!(marks.value(BTC, 10_000_000_000), Some(6_400_010_000_000));
    }

    #[test]
    fn what_does_not_fit_is_none() {
        let mut marks = marks();
        marks.on_quote(BTC_USD, 640_000, 640_000);
        assert_eq!(marks.value(BTC, i64::MAX), None);
    }

    proptest! {
        /// Against whole numbers of 128 bits, divided once.
        #[test]
        fn a_chain_is_within_a_unit_of_the_exact_value(
            usd in 1_i64..10_000_000,
            usdt in 1_i64..100_000_000,
            spread in 0_i64..1_000,
            amount in -1_000_000_000_000_i64..1_000_000_000_000,
        ) {
            let mut marks = marks();
            marks.on_quote(BTC_USD, usd, usd + spread);
            marks.on_quote(BTC_USDT, usdt, usdt + spread);
            let usd = i128::from(2 * usd + spread) * 10;
            let exact = i128::from(amount) * usd / i128::from(2 * usdt + spread);
            let off = i128::from(marks.value(USDT, amount).unwrap()) - exact;
            prop_assert!(off.abs() <= 1, "{off}");
        }
    }
}
