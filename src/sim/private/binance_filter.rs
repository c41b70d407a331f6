//! Binance's rules for parameters: what must be there, how precise numbers are, what filters let
//! through.
//!
//! In: parameters. Out: what they mean, or a [`Fault`].
//! Never: a number that is rounded.

use super::bank::Bank;
use super::binance_rest::{Fault, Params};
use super::money::{self, Bad};
use crate::event::Style;
use crate::sim::engine::Size;
use crate::sim::world::Listed;

/// Decimals of any asset.
const PRECISION: u32 = 8;

pub(super) type Answer<T> = Result<T, Fault>;

pub(super) fn text<'a>(params: &'a Params, name: &str) -> &'a str {
    params.get(name).map(String::as_str).unwrap_or_default()
}

pub(super) fn wanted<'a>(params: &'a Params, name: &str) -> Answer<&'a str> {
    let text = text(params, name);
    if text.is_empty() { Err(Fault::missing(name)) } else { Ok(text) }
}

pub(super) fn filter<T>(name: &str) -> Answer<T> {
    Err(Fault::new(400, -1_013, format!("Filter failure: {name}")))
}

pub(super) fn market(bank: &Bank, params: &Params) -> Answer<(usize, Listed)> {
    let symbol = wanted(params, "symbol")?;
    let found = bank.shop.find(symbol);
    found.copied().ok_or_else(|| Fault::new(400, -1_121, "Invalid symbol."))
}

/// How an order trades, and the venue's name of its type.
pub(super) fn style(params: &Params) -> Answer<(Style, &'static str)> {
    let in_force = text(params, "timeInForce");
    let needless = |name: &str| {
        let msg = format!("Parameter '{name}' sent when not required.");
        Err(Fault::new(400, -1_106, msg))
    };
    match wanted(params, "type")? {
        "LIMIT" => match wanted(params, "timeInForce")? {
            "GTC" => Ok((Style::Limit, "LIMIT")),
            "IOC" => Ok((Style::ImmediateOrCancel, "LIMIT")),
            "FOK" => Ok((Style::FillOrKill, "LIMIT")),
            _ => Err(Fault::new(400, -1_115, "Invalid timeInForce.")),
        },
        "LIMIT_MAKER" if in_force.is_empty() => Ok((Style::PostOnly, "LIMIT_MAKER")),
        "MARKET" if params.contains_key("price") => needless("price"),
        "MARKET" if in_force.is_empty() => Ok((Style::Market, "MARKET")),
        "MARKET" | "LIMIT_MAKER" => needless("timeInForce"),
        _ => Err(Fault::new(400, -1_116, "Invalid orderType.")),
    }
}

/// A number in units of 10^-`decimals`: with more decimals than any asset has it is too precise,
/// with more than the symbol has it does not pass the filter.
pub(super) fn number(params: &Params, name: &str, (decimals, barrier): (u8, &str)) -> Answer<i128> {
    let text = wanted(params, name)?;
    // The venue takes no exponents and no signs.
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let units = if is_plain { money::parse(text, decimals.into()) } else { Err(Bad::Form) };
    match (units, money::parse(text, PRECISION)) {
        (Ok(units), _) if units > 0 => Ok(units),
        (Err(_), Err(Bad::Fine)) if is_plain => {
            let msg = format!("Parameter '{name}' has too much precision.");
            Err(Fault::new(400, -1_111, msg))
        }
        (Err(Bad::Form), _) => {
            let range = "^([0-9]{1,20})(\\.[0-9]{1,20})?$";
            let msg = format!(
                "Illegal characters found in parameter '{name}'; legal range is '{range}'."
            );
            Err(Fault::new(400, -1_100, msg))
        }
        _ => filter(barrier),
    }
}

pub(super) fn price(params: &Params, listed: &Listed) -> Answer<i64> {
    const BARRIER: &str = "PRICE_FILTER";
    let ticks = number(params, "price", (listed.shape.price, BARRIER))?;
    let rules = &listed.rules;
    if ticks > rules.price_max.into() || ticks % i128::from(rules.tick) != 0 {
        return filter(BARRIER);
    }
    Ok(ticks as i64)
}

pub(super) fn lots(params: &Params, name: &str, listed: &Listed) -> Answer<i64> {
    const BARRIER: &str = "LOT_SIZE";
    let lots = number(params, name, (listed.shape.qty, BARRIER))?;
    let rules = &listed.rules;
    let is_within = (rules.qty_min.into()..=rules.qty_max.into()).contains(&lots);
    if !is_within || lots % i128::from(rules.lot) != 0 {
        return filter(BARRIER);
    }
    Ok(lots as i64)
}

pub(super) fn size(params: &Params, listed: &Listed, style: Style) -> Answer<Size> {
    if !params.contains_key("quoteOrderQty") {
        return lots(params, "quantity", listed).map(Size::Lots);
    }
    if style != Style::Market || params.contains_key("quantity") {
        let msg = "Parameter 'quoteOrderQty' sent when not required.";
        return Err(Fault::new(400, -1_106, msg));
    }
    let decimals = listed.shape.price + listed.shape.qty;
    number(params, "quoteOrderQty", (decimals, "NOTIONAL")).map(Size::Amount)
}
