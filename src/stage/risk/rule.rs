//! All that the gate knows of one instrument: its limits, prepared so that a check is a comparison
//! or two, its market, and what we hold and have open of it.

use super::exposure::worst;
use super::settings::{InstrumentLimits, Settings};
use super::step::Step;
use crate::base::{AssetId, Instrument, InstrumentKind, Marks, Nanos, Quick, Rate, Side, Status};
use crate::event::{BookState, Quote, Style};

/// What a thing of which no mark says what it is worth counts as: more than any limit.
pub(super) const UNKNOWN_WORTH: i64 = 1 << 60;

/// No order of ours rests on a side.
pub(super) const NO_KEY: i64 = i64::MIN / 2;

/// No place in a table of orders.
pub(super) const NO_SLOT: u32 = u32::MAX;

/// Costs from here on are no longer told apart: ten thousand million in units of eight decimals.
const TOO_MUCH: i64 = 1 << 60;

/// Parts in a fee of one.
const MILLION: u64 = 1_000_000;

/// One instrument.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(super) struct Rule {
    // The market.
    pub(super) bid: i64,
    pub(super) ask: i64,
    pub(super) seen: Nanos,
    pub(super) is_live: bool,
    /// Is it an instrument at all, and in the decimals that we know?
    pub(super) is_known: bool,
    /// One bit a [`Style`] that its status allows.
    pub(super) styles: u8,
    pub(super) is_inverse: bool,
    /// Did its book ever have two sides?
    pub(super) has_quoted: bool,
    pub(super) price_decimals: u8,
    pub(super) qty_decimals: u8,
    // Its venue and its assets, as places in the gate's tables.
    pub(super) venue: u16,
    pub(super) base: u16,
    /// On spot the quote asset, of which a purchase makes less; else a place that nothing limits.
    pub(super) quote: u16,
    pub(super) cells: u32,
    // Limits.
    pub(super) tick: Step,
    pub(super) lot: Step,
    pub(super) qty_min: i64,
    pub(super) qty_max: i64,
    pub(super) notional_min: u64,
    /// Moves with the marks.
    pub(super) notional_max: u64,
    pub(super) notional_limit: Option<i64>,
    pub(super) collar_bps: u64,
    pub(super) position_max: i64,
    // What it costs, by side: a purchase quote, a sale base.
    pub(super) costs: [Cost; 2],
    /// What one unit of quantity is worth.
    pub(super) rate: Rate,
    pub(super) quick: Quick,
    /// What one unit of its money is worth: price times quantity, on inverse a unit of base.
    pub(super) money: Rate,
    // What we have of it, all accounts together.
    pub(super) qty: i64,
    pub(super) open: [i64; 2],
    /// What more of each side the limit of the position leaves room for.
    pub(super) room: [i64; 2],
    /// The best price of our own orders by side: as it is for purchases, negative for sales.
    pub(super) keys: [i64; 2],
    /// The first order of each side.
    pub(super) heads: [u32; 2],
    pub(super) kind: InstrumentKind,
    pub(super) units: Units,
}

/// From quantities to assets, exactly: `ceil(number * up / down)` units of an asset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    pub(super) up: u64,
    down: u64,
    quick: Quick,
    /// The asset that it is taken from, as a place in the table of balances.
    pub(super) asset: u16,
}

/// Powers of ten between an instrument's units and those of its assets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Units {
    qty: Rate,
    money: Rate,
    /// Assets that say what quantity and money are worth.
    qty_asset: u16,
    money_asset: u16,
}

impl Cost {
    const NOTHING: Cost =
        Cost { up: 0, down: 1, quick: Quick::new(Rate::ONE.halved(200), TOO_MUCH), asset: 0 };

    /// Times `parts` millionths and ten to the `tens`; `None` where that takes more than 64 bits.
    fn new(parts: u64, tens: i32, asset: u16) -> Option<Cost> {
        let power = 10_u64.checked_pow(tens.unsigned_abs())?;
        // Without a fee nothing is in millionths.
        let (parts, whole) = if parts == MILLION { (1, 1) } else { (parts, MILLION) };
        let (up, down) = if tens >= 0 {
            (parts.checked_mul(power)?, whole)
        } else {
            (parts, whole.checked_mul(power)?)
        };
        if down >= 1 << 62 {
            return None;
        }
        let rate = Rate::whole(up).times(Rate::whole(down).inverse());
        Some(Cost { up, down, quick: Quick::new(rate, TOO_MUCH), asset })
    }

    /// Units of the asset, rounded up, exactly; too much is the largest number.
    #[inline(always)]
    pub(super) fn of(&self, number: u64) -> i64 {
        let near = self.quick.near_of(number);
        // Right to within one, so that the remainder fits though the products may not.
        let rest = number.wrapping_mul(self.up).wrapping_sub(near.wrapping_mul(self.down)) as i64;
        let units = near + u64::from(rest > 0) + u64::from(rest > self.down as i64);
        if number > self.quick.most() { i64::MAX } else { units as i64 }
    }

    /// The same rounded down, of what came in. Cold: it divides.
    pub(super) fn down_of(&self, number: i64) -> i64 {
        let units = number.max(0) as u128 * u128::from(self.up) / u128::from(self.down);
        i64::try_from(units).unwrap_or(i64::MAX)
    }
}

impl Rule {
    /// Where there is no instrument: nothing passes.
    pub(super) fn nothing(no_asset: u16) -> Rule {
        Rule {
            bid: 0,
            ask: 0,
            seen: Nanos::NONE,
            is_live: false,
            is_known: false,
            styles: 0,
            is_inverse: false,
            has_quoted: false,
            price_decimals: 0,
            qty_decimals: 0,
            venue: u16::MAX,
            base: no_asset,
            quote: no_asset,
            cells: 0,
            tick: Step::new(1),
            lot: Step::new(1),
            qty_min: 0,
            qty_max: i64::MAX,
            notional_min: 0,
            notional_max: u64::MAX,
            notional_limit: None,
            collar_bps: u64::MAX,
            position_max: i64::MAX,
            costs: [Cost { asset: no_asset, ..Cost::NOTHING }; 2],
            rate: UNMARKED,
            quick: Quick::new(UNMARKED, UNKNOWN_WORTH),
            money: UNMARKED,
            qty: 0,
            open: [0; 2],
            room: [i64::MAX; 2],
            keys: [NO_KEY; 2],
            heads: [NO_SLOT; 2],
            kind: InstrumentKind::Spot,
            units: Units {
                qty: Rate::ONE,
                money: Rate::ONE,
                qty_asset: no_asset,
                money_asset: no_asset,
            },
        }
    }

    /// `venue` and `cells` are places in the gate's tables. An instrument whose assets are not
    /// known, or whose decimals differ too widely from theirs, is not tradable.
    pub(super) fn new(from: &Instrument, settings: &Settings, venue: u16, cells: u32) -> Rule {
        let no_asset = settings.decimals.len() as u16;
        let nothing = Rule { venue, cells, ..Rule::nothing(no_asset) };
        let decimals = |asset: u16| settings.decimals.get(usize::from(asset)).copied();
        let side = |asset: Option<AssetId>| {
            let asset = asset?.0;
            Some((asset, i32::from(decimals(asset)?)))
        };
        let (Some((base, of_base)), Some((quote, of_quote))) = (side(from.base), side(from.quote))
        else {
            return nothing;
        };
        let limits = settings.instruments.get(from.id.index()).copied().unwrap_or_default();
        let (of_price, of_qty) = (i32::from(from.price_decimals), i32::from(from.qty_decimals));
        let is_spot = from.kind == InstrumentKind::Spot;
        let mut costs = nothing.costs;
        if is_spot {
            let fee = settings.venues.iter().find(|v| v.venue == from.venue);
            let parts = MILLION + u64::from(fee.map_or(0, |venue| venue.fee_ppm));
            let buy = Cost::new(parts, of_quote - of_price - of_qty, quote);
            let sell = Cost::new(MILLION, of_base - of_qty, base);
            let (Some(buy), Some(sell)) = (buy, sell) else { return nothing };
            costs = [buy, sell];
        }
        let contract = Rate::whole(from.contract_value.max(1) as u64);
        let tens = |exponent: i32| contract.times(Rate::ten_to(exponent));
        let units = match from.kind {
            InstrumentKind::Spot | InstrumentKind::Linear => Units {
                qty: tens(of_base - of_qty),
                money: tens(of_quote - of_price - of_qty),
                qty_asset: base,
                money_asset: quote,
            },
            InstrumentKind::Inverse => Units {
                qty: tens(of_quote - of_qty),
                money: Rate::ONE,
                qty_asset: quote,
                money_asset: base,
            },
        };
        let is_inverse = from.kind == InstrumentKind::Inverse;
        let scaled = u128::from(from.notional_min.max(0) as u64) * 10_u128.pow(of_qty as u32);
        Rule {
            is_known: true,
            styles: styles(from.status, settings.is_unknown_open),
            is_inverse,
            price_decimals: from.price_decimals,
            qty_decimals: from.qty_decimals,
            base,
            quote: if is_spot { quote } else { no_asset },
            tick: Step::new(from.tick.0),
            lot: Step::new(from.lot.0),
            qty_min: from.qty_min.0,
            // The minimum is in price units; the inverse ones of our venues have none.
            notional_min: if is_inverse { 0 } else { u64::try_from(scaled).unwrap_or(u64::MAX) },
            costs,
            kind: from.kind,
            units,
            ..nothing
        }
        .limited(limits)
    }

    fn limited(self, limits: InstrumentLimits) -> Rule {
        Rule {
            qty_max: limits.qty_max.unwrap_or(i64::MAX),
            position_max: limits.position_max.unwrap_or(i64::MAX),
            room: [limits.position_max.unwrap_or(i64::MAX); 2],
            notional_limit: limits.notional_max,
            notional_max: if limits.notional_max.is_some() { 0 } else { u64::MAX },
            collar_bps: limits.collar_bps.map_or(u64::MAX, u64::from),
            ..self
        }
    }

    /// Takes what its book shows.
    #[inline(always)]
    pub(super) fn see(&mut self, quote: &Quote) {
        self.bid = if quote.bid.qty > 0 { quote.bid.price } else { 0 };
        self.ask = if quote.ask.qty > 0 { quote.ask.price } else { 0 };
        self.seen = quote.stamp.recv_ns;
        // Prices in other decimals than ours would be compared with limits of another size.
        let is_ours =
            (quote.price_decimals, quote.qty_decimals) == (self.price_decimals, self.qty_decimals);
        self.is_live = (quote.state == BookState::Live) & is_ours;
    }

    /// What we have of it changed.
    #[inline(always)]
    pub(super) fn make_room(&mut self) {
        let most = self.position_max;
        self.room = worst(self.qty, self.open).map(|worst| most.saturating_sub(worst).max(0));
    }

    /// Its status changed.
    pub(super) fn open_by(&mut self, status: Status, is_unknown_open: bool) {
        self.styles = styles(status, is_unknown_open);
    }

    /// Takes what its assets are worth now.
    pub(super) fn mark(&mut self, marks: &Marks) {
        let rate = |asset: u16| marks.rate(AssetId(asset));
        let Units { qty, money, qty_asset, money_asset } = self.units;
        self.rate = rate(qty_asset).map_or(UNMARKED, |rate| qty.times(rate));
        self.quick = Quick::new(self.rate, UNKNOWN_WORTH);
        self.money = rate(money_asset).map_or(UNMARKED, |rate| money.times(rate));
        let Some(limit) = self.notional_limit else { return };
        let unit = if self.is_inverse { self.rate } else { self.money };
        self.notional_max = if unit == UNMARKED {
            0
        } else {
            unit.inverse().of(limit).map_or(u64::MAX, |most| most as u64)
        };
    }

    /// What a quantity is worth; a sign stays.
    #[inline(always)]
    pub(super) fn worth(&self, qty: i64) -> i64 {
        let size = qty.unsigned_abs();
        let is_known = size <= self.quick.most();
        let worth = if is_known { self.quick.of(size) as i64 } else { UNKNOWN_WORTH };
        if qty < 0 { -worth } else { worth }
    }
}

/// So large that nothing but zero has a value.
const UNMARKED: Rate = Rate::ONE.halved(-4_096);

/// By which side something is found: purchases first.
#[inline(always)]
pub(super) const fn place(side: Side) -> usize {
    side as usize
}

/// A price such that larger is nearer to the other side.
#[inline(always)]
pub(super) const fn key(side: Side, price: i64) -> i64 {
    match side {
        Side::Buy => price,
        Side::Sell => -price,
    }
}

/// The styles that a status allows, one bit each.
fn styles(status: Status, is_unknown_open: bool) -> u8 {
    let all = Style::ALL.iter().fold(0, |bits, style| bits | 1 << *style as u8);
    match status {
        Status::Open => all,
        Status::Unknown if is_unknown_open => all,
        // A plain limit may trade at once.
        Status::PostOnly => 1 << Style::PostOnly as u8,
        Status::Unknown | Status::CancelOnly | Status::Halted => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cost_without_a_fee_is_exact() {
        // 0.1 USD times 0.00000001 BTC in USD of eight decimals.
        let cost = Cost::new(MILLION, 8 - 9, 0).unwrap();
        assert_eq!(
            (cost.of(640_000 * 100_000_000), cost.of(11), cost.of(10)),
            (6_400_000_000_000, 2, 1)
        );
        let finer = Cost::new(MILLION, 2, 0).unwrap();
        assert_eq!((finer.of(0), finer.of(7)), (0, 700));
        assert_eq!(finer.of(u64::MAX), i64::MAX);
    }

    #[test]
    fn decimals_that_are_too_far_apart_make_no_cost() {
        assert!(Cost::new(MILLION, -20, 0).is_none() && Cost::new(MILLION + 1, -14, 0).is_none());
    }

    proptest! {
        #[test]
        fn a_cost_is_rounded_up_exactly(number: u64, fee in 0_u64..20_000, tens in -12_i32..6) {
            let cost = Cost::new(MILLION + fee, tens, 0).unwrap();
            let power = 10_u128.pow(tens.unsigned_abs());
            let all = u128::from(number) * u128::from(MILLION + fee);
            // By parts, so that the plain way has room.
            let exact = if tens >= 0 {
                all.checked_mul(power).map(|all| all.div_ceil(u128::from(MILLION)))
            } else {
                Some(all.div_ceil(u128::from(MILLION) * power))
            };
            let exact = exact.filter(|exact| *exact < TOO_MUCH as u128 - 2);
            match exact {
                Some(exact) => prop_assert_eq!(cost.of(number), exact as i64),
                None => prop_assert!(cost.of(number) >= TOO_MUCH - 2),
            }
        }
    }
}
