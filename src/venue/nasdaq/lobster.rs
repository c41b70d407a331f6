//! LOBSTER rows: `time,type,order id,size,price,direction` and, on the next line, the order book
//! after it: `ask price,ask size,bid price,bid size` a level. Prices are whole 10^-4 dollars.
//!
//! In: one row of each, joined by a line feed. Out: a whole picture, and a trade where the row is
//! an execution.
//! Never: an order by its id; the files give the book that follows.

use crate::base::{Decimal, DecimalError, Nanos, Side, Symbol};
use crate::event::BookChange;
use crate::venue::contract::{Input, Raw, RawBody, Refusal};
use crate::venue::wire::Strict;

/// The price of an empty level, on either side.
const EMPTY_PRICE: i64 = 9_999_999_999;
/// Types of rows that are trades: execution of a visible and of a hidden order.
const EXECUTIONS: [&str; 2] = ["4", "5"];

/// Reads a frame. The symbol and the time of a row are the input's: the files hold neither a symbol
/// nor a date.
pub(super) fn read(input: &Input<'_>, _: &mut Strict, raw: &mut Raw) -> Result<(), Refusal> {
    let text = std::str::from_utf8(input.bytes.text())
        .map_err(|error| Refusal::Json { at: error.valid_up_to() })?;
    let (message, book) = text.split_once('\n').ok_or(Refusal::MissingKey("orderbook row"))?;
    let change = BookChange { snapshot: true, ..BookChange::default() };
    let venue_ns = input.stamp.recv_ns;
    raw.open(Symbol::NONE, venue_ns, RawBody::Book(change));
    picture(book, raw)?;
    trade(message, venue_ns, raw)
}

fn picture(row: &str, raw: &mut Raw) -> Result<(), Refusal> {
    let mut fields = row.split(',');
    while let Some(price) = fields.next() {
        for side in [Side::Sell, Side::Buy] {
            let price = if side == Side::Sell { Some(price) } else { fields.next() };
            let price = number(price, "price")?;
            let qty = number(fields.next(), "size")?;
            if price.abs() != EMPTY_PRICE {
                let price = Decimal { mantissa: price, scale: 4 };
                raw.level(side, price, Decimal { mantissa: qty, scale: 0 });
            }
        }
    }
    Ok(())
}

/// The direction is that of the resting order, so the taker's is the other.
fn trade(row: &str, venue_ns: Nanos, raw: &mut Raw) -> Result<(), Refusal> {
    let mut fields = row.split(',');
    let (_, kind, id) = (fields.next(), fields.next(), fields.next());
    let (size, price) = (fields.next(), fields.next());
    let direction = fields.next().map(str::trim_end);
    let resting = match direction {
        Some("1") => Side::Buy,
        Some("-1") => Side::Sell,
        _ => return Err(Refusal::BadValue("direction")),
    };
    let kind = kind.ok_or(Refusal::MissingKey("type"))?;
    if EXECUTIONS.contains(&kind) {
        let body = RawBody::Trade {
            id: number(id, "order id")? as u64,
            price: Decimal { mantissa: number(price, "price")?, scale: 4 },
            qty: Decimal { mantissa: number(size, "size")?, scale: 0 },
            taker: resting.opposite(),
        };
        raw.open(Symbol::NONE, venue_ns, body);
    }
    Ok(())
}

fn number(field: Option<&str>, key: &'static str) -> Result<i64, Refusal> {
    let text = field.ok_or(Refusal::MissingKey(key))?;
    text.trim_end().parse().map_err(|_| Refusal::Number { key, why: DecimalError::Malformed })
}
