//! What a word adds to what is known of an order: its fill as a difference of totals.
//!
//! In: an order as it is known, a word about it. Out: the fill that is new, new terms.
//! Never: a float, a fill of nothing, a total that goes down.

use super::contract::{Asset, Traded};
use super::entry::Entry;
use super::word::{Event, Fee, Word};
use crate::base::{AssetId, Decimal, DecimalError, Price, Qty};
use crate::event::{Fill, Liquidity};

/// What is new.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Step {
    /// What was filled since the last word.
    pub(super) fill: Option<Fill>,
    /// It is put together of several, since the word of one of them was missed.
    pub(super) is_merged: bool,
    /// All fees so far, where the venue sums them up.
    pub(super) fee_total: i64,
    /// Other terms than those known.
    pub(super) terms: Option<(Price, Qty)>,
}

/// What a word adds. An error where a number cannot be one of its instrument.
pub(super) fn step(
    entry: &Entry,
    word: &Word,
    traded: &Traded,
    assets: &[Asset],
) -> Result<Step, DecimalError> {
    let mut step = Step { fill: None, is_merged: false, fee_total: entry.fee, terms: None };
    if word.event == Event::Amended {
        let price = units(word.price, traded.price_decimals)?.unwrap_or(entry.price);
        let qty = units(word.qty, traded.qty_decimals)?.unwrap_or(entry.qty);
        if (price, qty) != (entry.price, entry.qty) {
            step.terms = Some((Price(price), Qty(qty)));
        }
    }
    let Some(total) = units(word.totals.map(|totals| totals.qty), traded.qty_decimals)? else {
        return Ok(step);
    };
    if total <= entry.filled {
        return Ok(step);
    }
    let qty = total - entry.filled;
    let quote_decimals = decimals(assets, traded.quote);
    let last = word.last.map(|last| {
        let price = last.price.unsigned_at(traded.price_decimals);
        last.qty.unsigned_at(traded.qty_decimals).map(|qty| (price, qty))
    });
    let (last_price, last_qty) = match last.transpose()? {
        Some((price, qty)) => (price.ok(), Some(qty)),
        None => (None, None),
    };
    step.is_merged = last_qty.is_some_and(|last| last != qty);
    let exact = last_price.filter(|_| last_qty == Some(qty));
    let said = word.totals.and_then(|totals| totals.amount).map(|all| rounded(all, quote_decimals));
    let said = said.map(|all| all - entry.amount).filter(|amount| *amount > 0);
    let scale = Scale { traded, quote_decimals };
    let price = match (exact, said) {
        (Some(price), _) => price,
        (None, Some(amount)) => scale.price(amount, qty),
        (None, None) => last_price.unwrap_or(entry.price),
    };
    let amount = said.unwrap_or_else(|| scale.amount(price, qty));
    let (fee, fee_asset) = match word.fee {
        Fee::Unsaid => (0, traded.quote),
        Fee::Of { amount, asset } => {
            let asset = assets.iter().find(|one| one.name == asset);
            let (id, decimals) = asset.map_or((AssetId::NONE, 0), |one| (one.id, one.decimals));
            (if id == AssetId::NONE { 0 } else { rounded(amount, decimals) }, id)
        }
        Fee::Total(all) => {
            step.fee_total = rounded(all, quote_decimals);
            (step.fee_total - entry.fee, traded.quote)
        }
    };
    step.fill = Some(Fill {
        price: Price(price),
        qty: Qty(qty),
        amount,
        fee,
        fee_asset,
        liquidity: word.liquidity.unwrap_or(Liquidity::Taker),
    });
    Ok(step)
}

/// Units of an instrument, which are never rounded.
fn units(number: Option<Decimal>, decimals: u8) -> Result<Option<i64>, DecimalError> {
    number.map(|number| number.unsigned_at(decimals)).transpose()
}

fn decimals(assets: &[Asset], id: AssetId) -> u8 {
    assets.iter().find(|asset| asset.id == id).map_or(0, |asset| asset.decimals)
}

/// Units of an asset, to the nearest one, halves away from zero: venues count amounts and fees
/// finer than they book them.
pub(super) fn rounded(number: Decimal, decimals: u8) -> i64 {
    match number.at(decimals) {
        Err(DecimalError::TooFine(_)) => {
            let unit = 10_i128.pow(u32::from(number.scale - decimals));
            let twice = 2 * i128::from(number.mantissa);
            let half = if number.mantissa < 0 { -unit } else { unit };
            ((twice + half) / (2 * unit)) as i64
        }
        Ok(units) => units,
        Err(_) if number.mantissa < 0 => i64::MIN,
        Err(_) => i64::MAX,
    }
}

/// Between prices, quantities and amounts of one instrument.
struct Scale<'a> {
    traded: &'a Traded,
    quote_decimals: u8,
}

impl Scale<'_> {
    /// Decimals of price times quantity beyond those of an amount.
    fn shift(&self) -> i32 {
        i32::from(self.traded.price_decimals) + i32::from(self.traded.qty_decimals)
            - i32::from(self.quote_decimals)
    }

    /// What a quantity comes to at a price, to the nearest unit.
    fn amount(&self, price: i64, qty: i64) -> i64 {
        let product = i128::from(price) * i128::from(qty);
        nearest(product, -self.shift())
    }

    /// The mean price of a quantity that came to an amount, to the nearest unit.
    fn price(&self, amount: i64, qty: i64) -> i64 {
        let wide = match self.shift() {
            up @ 0.. => i128::from(amount).checked_mul(ten_to(up)),
            down => Some(i128::from(amount) / ten_to(-down)),
        };
        let price = wide.map(|wide| (2 * wide + i128::from(qty)) / (2 * i128::from(qty)));
        price.and_then(|price| i64::try_from(price).ok()).unwrap_or(i64::MAX)
    }
}

/// A number of at least zero times a power of ten, to the nearest unit.
fn nearest(number: i128, exponent: i32) -> i64 {
    let wide = match exponent {
        up @ 0.. => number.checked_mul(ten_to(up)),
        down => Some((2 * number + ten_to(-down)) / (2 * ten_to(-down))),
    };
    wide.and_then(|wide| i64::try_from(wide).ok()).unwrap_or(i64::MAX)
}

fn ten_to(exponent: i32) -> i128 {
    10_i128.checked_pow(exponent.unsigned_abs()).unwrap_or(i128::MAX)
}
