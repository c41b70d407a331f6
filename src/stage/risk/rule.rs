//! All that the gate knows of one instrument: its limits, prepared so that a check is a comparison
//! or two, its market, and what we hold and have open of it.

use super::collar::{Collar, PRICE_MAX};
use super::cost::{Cost, MILLION, TOO_MUCH};
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

/// One instrument.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(super) struct Rule {
    // The market.
    pub(super) bid: i64,
    pub(super) ask: i64,
    pub(super) seen: Nanos,
    /// Below zero where lanes are shut by the book: not live, or without the middle that a collar
    /// is around, or with prices from [`PRICE_MAX`] on.
    pub(super) market: i64,
    /// Bid plus ask.
    pub(super) twice: i64,
    /// How far from it twice a price may be, in parts of `BPS`.
    pub(super) reach: i64,
    pub(super) is_live: bool,
    /// Is it an instrument at all, with assets that are known?
    pub(super) is_known: bool,
    /// Did its book last come in the instrument's own decimals?
    pub(super) is_legible: bool,
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
    // The same for lanes, notional limits of inverse ones among those of the quantity.
    pub(super) collar: Collar,
    pub(super) qty_low: i64,
    pub(super) qty_most: i64,
    pub(super) product_low: i64,
    pub(super) product_high: i64,
    // What it costs, by side: a purchase quote, a sale base.
    pub(super) costs: [Cost; 2],
    /// What one unit of quantity is worth.
    pub(super) rate: Rate,
    pub(super) quick: Quick,
    /// What quantity one unit of worth is.
    pub(super) inverse: Quick,
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

/// Powers of ten between an instrument's units and those of its assets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Units {
    qty: Rate,
    money: Rate,
    /// Assets that say what quantity and money are worth.
    qty_asset: u16,
    money_asset: u16,
}

impl Rule {
    /// Where there is no instrument: nothing passes.
    pub(super) fn nothing(no_asset: u16) -> Rule {
        Rule {
            bid: 0,
            ask: 0,
            seen: Nanos::NONE,
            market: -1,
            twice: 0,
            reach: 0,
            is_live: false,
            is_known: false,
            is_legible: true,
            styles: 0,
            is_inverse: false,
            has_quoted: false,
            price_decimals: 0,
            qty_decimals: 0,
            venue: u16::MAX,
            base: no_asset,
            quote: no_asset,
            tick: Step::new(1),
            lot: Step::new(1),
            qty_min: 0,
            qty_max: i64::MAX,
            notional_min: 0,
            notional_max: u64::MAX,
            notional_limit: None,
            collar_bps: u64::MAX,
            position_max: i64::MAX,
            collar: Collar::NONE,
            qty_low: 1,
            qty_most: 0,
            product_low: 0,
            product_high: 0,
            costs: [Cost::nothing(no_asset); 2],
            rate: UNMARKED,
            quick: Quick::new(UNMARKED, UNKNOWN_WORTH),
            inverse: Quick::new(UNMARKED.inverse(), TOO_MUCH),
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

    /// `venue` is a place in the gate's tables. An instrument whose assets are not
    /// known, or whose decimals differ too widely from theirs, is not tradable.
    pub(super) fn new(from: &Instrument, settings: &Settings, venue: u16) -> Rule {
        let no_asset = settings.decimals.len() as u16;
        let nothing = Rule { venue, ..Rule::nothing(no_asset) };
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
        let mut rule = Rule {
            qty_max: limits.qty_max.unwrap_or(i64::MAX),
            position_max: limits.position_max.unwrap_or(i64::MAX),
            notional_limit: limits.notional_max,
            notional_max: if limits.notional_max.is_some() { 0 } else { u64::MAX },
            collar_bps: limits.collar_bps.map_or(u64::MAX, u64::from),
            ..self
        };
        rule.make_room();
        rule.bound();
        rule
    }

    /// Takes what its book shows. What is in other decimals than the
    /// instrument's is not read: its prices would be taken for others, by limits and marks.
    #[inline(always)]
    pub(super) fn see(&mut self, quote: &Quote) {
        self.is_legible =
            (quote.price_decimals, quote.qty_decimals) == (self.price_decimals, self.qty_decimals);
        self.is_live = (quote.state == BookState::Live) & self.is_legible;
        if self.is_legible {
            self.bid = if quote.bid.qty > 0 { quote.bid.price } else { 0 };
            self.ask = if quote.ask.qty > 0 { quote.ask.price } else { 0 };
            self.seen = quote.stamp.recv_ns;
        }
        self.twice = self.bid.wrapping_add(self.ask);
        let is_one_sided = (self.bid - 1) | (self.ask - 1);
        self.reach = self.collar.reach(self.twice);
        let market = (is_one_sided & self.collar.needs) | self.twice | self.seen.0;
        let market = market | PRICE_MAX.wrapping_sub(self.twice);
        self.market = if self.is_live { market } else { -1 };
    }

    /// Takes its limits into those that lanes go by; a minimum beyond 63 bits shuts them.
    fn bound(&mut self) {
        let cut = |limit: u64| i64::try_from(limit).unwrap_or(i64::MAX);
        let (least, most) = (cut(self.notional_min), cut(self.notional_max));
        let most = if least == i64::MAX { -1 } else { most };
        self.collar = Collar::new(self.collar_bps);
        (self.qty_low, self.qty_most) = (self.qty_min.max(1), self.qty_max);
        (self.product_low, self.product_high) = (least, most);
        if self.is_inverse {
            (self.qty_low, self.qty_most) = (self.qty_low.max(least), self.qty_most.min(most));
            (self.product_low, self.product_high) = (0, i64::MAX);
        }
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
        self.inverse = Quick::new(self.rate.inverse(), TOO_MUCH);
        self.money = rate(money_asset).map_or(UNMARKED, |rate| money.times(rate));
        let Some(limit) = self.notional_limit else { return };
        let unit = if self.is_inverse { self.rate } else { self.money };
        self.notional_max = if unit == UNMARKED {
            0
        } else {
            unit.inverse().of(limit).map_or(u64::MAX, |most| most as u64)
        };
        self.bound();
    }

    /// A quantity by which no cell's worth grows by more than so much, and nearly the largest such:
    /// inverse and worth are each off by less than a unit, and a worth is rounded before and after.
    #[inline(always)]
    pub(super) fn qty_worth(&self, more: i64) -> i64 {
        let more = (more - 4).max(0) as u64;
        self.inverse.near_of(more.min(self.inverse.most())) as i64 - 2
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

    /// What a cell may be worth where lanes are open.
    const QUICK_WORTH: i64 = 1 << 58;

    proptest! {
        #[test]
        fn a_quantity_for_a_worth_makes_no_cell_worth_more_than_that(
            up in 1_u64..1 << 40, down in 1_u64..1 << 40, more in 0_i64..1 << 58,
            part in 0_u64..=1 << 32, is_short: bool,
        ) {
            let mut rule = Rule::nothing(0);
            rule.rate = Rate::whole(up).times(Rate::whole(down).inverse());
            rule.quick = Quick::new(rule.rate, UNKNOWN_WORTH);
            rule.inverse = Quick::new(rule.rate.inverse(), TOO_MUCH);
            let qty = rule.qty_worth(more);
            let most = rule.inverse.near_of((QUICK_WORTH as u64).min(rule.inverse.most()));
            let held = ((u128::from(most) * u128::from(part)) >> 33) as i64;
            let held = if is_short { -held } else { held };
            if qty > 0 {
                prop_assert!(rule.worth(held + qty) - rule.worth(held) <= more);
            }
        }
    }
}
