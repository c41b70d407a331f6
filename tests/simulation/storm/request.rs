//! Requests to place, read from their bytes by another reader than the venues' desks.

use neural_kraken::base::{AccountId, InstrumentId, Instruments, Side};
use neural_kraken::pipeline::Trading;
use serde_json::Value;

/// What a request to place says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Asked {
    pub(super) instrument: InstrumentId,
    pub(super) side: Side,
    pub(super) price: i64,
    pub(super) qty: i64,
}

/// Reads a request to place; market orders, which no strategy here sends, cannot be read.
pub(super) fn read(
    bytes: &[u8],
    account: AccountId,
    instruments: &Instruments,
    trading: &Trading,
) -> Option<(String, Asked)> {
    let value: Value = serde_json::from_slice(bytes).ok()?;
    let venue = trading.venues.iter().find(|paper| paper.account == account)?.dialect.name;
    let params = &value["params"];
    let terms = value["order_configuration"].as_object().and_then(|all| all.values().next());
    let (head, terms) = terms.map_or((params, params), |terms| (&value, terms));
    let [name, symbol, price, qty] = match venue {
        "kraken" => ["cl_ord_id", "symbol", "limit_price", "order_qty"],
        "binance" => ["newClientOrderId", "symbol", "price", "quantity"],
        _ => ["client_order_id", "product_id", "limit_price", "base_size"],
    };
    let (symbol, side) = (head[symbol].as_str()?, &head["side"]);
    let (price, qty) = (&terms[price], &terms[qty]);
    let instrument =
        instruments.iter().find(|i| (i.venue, i.symbol.as_str()) == (venue, symbol))?;
    let side = match side.as_str()? {
        "buy" | "BUY" => Side::Buy,
        "sell" | "SELL" => Side::Sell,
        _ => return None,
    };
    let price = units(price, instrument.price_decimals)?;
    let qty = units(qty, instrument.qty_decimals)?;
    let asked = Asked { instrument: instrument.id, side, price, qty };
    Some((head[name].as_str()?.to_owned(), asked))
}

/// Decimal text, or a number, in whole units; none where it is finer.
fn units(value: &Value, decimals: u8) -> Option<i64> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((&text, "0"));
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let shift = i32::from(decimals) + exponent.parse::<i32>().ok()? - part.len() as i32;
    let digits: i64 = format!("{whole}{part}").parse().ok()?;
    let by = 10_i64.checked_pow(shift.unsigned_abs())?;
    if shift >= 0 { digits.checked_mul(by) } else { (digits % by == 0).then_some(digits / by) }
}
