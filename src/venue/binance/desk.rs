//! Binance seen from the venue's side: requests about orders, read.
//!
//! In: the bytes of `order.place` or `order.cancel`. Out: what they ask for. A signature is not
//! looked at.

use crate::base::{Decimal, Side};
use crate::event::Style;
use crate::venue::contract::Refusal;
use crate::venue::desk::{Request, client, symbol};
use crate::venue::wire::{Pull, once};

/// The parameters of either request, as they stand.
#[derive(Debug, Default)]
struct Params<'a> {
    symbol: Option<&'a [u8]>,
    side: Option<&'a [u8]>,
    kind: Option<&'a [u8]>,
    force: Option<&'a [u8]>,
    price: Option<Decimal>,
    quantity: Option<Decimal>,
    client: Option<&'a [u8]>,
    original: Option<&'a [u8]>,
    reply: Option<&'a [u8]>,
    timestamp: Option<u64>,
    api_key: Option<&'a [u8]>,
    signature: Option<&'a [u8]>,
}

/// Reads a request at the spot desk.
pub(super) fn read_spot(bytes: &[u8]) -> Result<Request, Refusal> {
    read(bytes, |kind, force| match (kind, force) {
        (b"LIMIT_MAKER", None) => Some(Style::PostOnly),
        _ => None,
    })
}

/// Reads a request at the desk for futures.
pub(super) fn read_future(bytes: &[u8]) -> Result<Request, Refusal> {
    read(bytes, |kind, force| match (kind, force) {
        (b"LIMIT", Some(b"GTX")) => Some(Style::PostOnly),
        _ => None,
    })
}

fn read(
    bytes: &[u8],
    rests: impl Fn(&[u8], Option<&[u8]>) -> Option<Style>,
) -> Result<Request, Refusal> {
    let mut json = Pull::new(bytes)?;
    let (mut id, mut method, mut params) = (None, None, None);
    json.object("request", |json, name| match name {
        b"id" => once(&mut id, json.string("id")?, "id"),
        b"method" => once(&mut method, json.string("method")?, "method"),
        b"params" => {
            let mut found = Params::default();
            json.object("params", |json, name| param(json, name, &mut found))?;
            once(&mut params, found, "params")
        }
        _ => json.unknown(),
    })?;
    json.end()?;
    id.ok_or(Refusal::MissingKey("id"))?;
    let params = params.ok_or(Refusal::MissingKey("params"))?;
    params.timestamp.ok_or(Refusal::MissingKey("timestamp"))?;
    if params.api_key.is_some() != params.signature.is_some() {
        return Err(Refusal::MissingKey("signature"));
    }
    match method.ok_or(Refusal::MissingKey("method"))? {
        b"order.place" => place(&params, rests),
        b"order.cancel" => cancel(&params),
        _ => Err(Refusal::BadValue("method")),
    }
}

fn param<'a>(json: &mut Pull<'a>, name: &[u8], params: &mut Params<'a>) -> Result<(), Refusal> {
    let (kept, key) = match name {
        b"symbol" => (&mut params.symbol, "symbol"),
        b"side" => (&mut params.side, "side"),
        b"type" => (&mut params.kind, "type"),
        b"timeInForce" => (&mut params.force, "timeInForce"),
        b"newClientOrderId" => (&mut params.client, "newClientOrderId"),
        b"origClientOrderId" => (&mut params.original, "origClientOrderId"),
        b"newOrderRespType" => (&mut params.reply, "newOrderRespType"),
        b"apiKey" => (&mut params.api_key, "apiKey"),
        b"signature" => (&mut params.signature, "signature"),
        b"price" => return once(&mut params.price, json.quoted_number("price")?, "price"),
        b"quantity" => {
            return once(&mut params.quantity, json.quoted_number("quantity")?, "quantity");
        }
        b"timestamp" => {
            return once(&mut params.timestamp, json.whole("timestamp")?, "timestamp");
        }
        _ => return json.unknown(),
    };
    once(kept, json.string(key)?, key)
}

fn place(
    params: &Params<'_>,
    rests: impl Fn(&[u8], Option<&[u8]>) -> Option<Style>,
) -> Result<Request, Refusal> {
    let kind = params.kind.ok_or(Refusal::MissingKey("type"))?;
    let style = match (kind, params.force) {
        (b"LIMIT", Some(b"GTC")) => Style::Limit,
        (b"LIMIT", Some(b"IOC")) => Style::ImmediateOrCancel,
        (b"LIMIT", Some(b"FOK")) => Style::FillOrKill,
        (b"LIMIT", None) => return Err(Refusal::MissingKey("timeInForce")),
        (b"MARKET", None) => Style::Market,
        (_, force) => rests(kind, force).ok_or(Refusal::BadValue("type"))?,
    };
    let is_market = style == Style::Market;
    match params.price {
        None if !is_market => return Err(Refusal::MissingKey("price")),
        Some(_) if is_market => return Err(Refusal::BadValue("price")),
        _ => {}
    }
    if params.original.is_some() {
        return Err(Refusal::BadValue("origClientOrderId"));
    }
    if !matches!(params.reply, None | Some(b"ACK" | b"RESULT" | b"FULL")) {
        return Err(Refusal::BadValue("newOrderRespType"));
    }
    let name = params.client.ok_or(Refusal::MissingKey("newClientOrderId"))?;
    Ok(Request::Place {
        client: client(name, "newClientOrderId")?,
        symbol: symbol(params.symbol.ok_or(Refusal::MissingKey("symbol"))?, "symbol")?,
        side: match params.side.ok_or(Refusal::MissingKey("side"))? {
            b"BUY" => Side::Buy,
            b"SELL" => Side::Sell,
            _ => return Err(Refusal::BadValue("side")),
        },
        style,
        price: params.price,
        qty: params.quantity.ok_or(Refusal::MissingKey("quantity"))?,
    })
}

/// A cancel names its order and the symbol, and nothing else of it.
fn cancel(params: &Params<'_>) -> Result<Request, Refusal> {
    let surplus = [
        (params.side.is_some(), "side"),
        (params.kind.is_some(), "type"),
        (params.force.is_some(), "timeInForce"),
        (params.price.is_some(), "price"),
        (params.quantity.is_some(), "quantity"),
        (params.client.is_some(), "newClientOrderId"),
        (params.reply.is_some(), "newOrderRespType"),
    ];
    if let Some((_, key)) = surplus.into_iter().find(|(is, _)| *is) {
        return Err(Refusal::BadValue(key));
    }
    symbol(params.symbol.ok_or(Refusal::MissingKey("symbol"))?, "symbol")?;
    let name = params.original.ok_or(Refusal::MissingKey("origClientOrderId"))?;
    Ok(Request::Cancel { client: client(name, "origClientOrderId")? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Symbol;

    #[test]
    fn the_venues_own_example_is_read() {
        let text = br#"{"id":"1","method":"order.place","params":{"symbol":"BTCUSDT","side":"SELL","type":"LIMIT","timeInForce":"GTC","price":"23416.10","quantity":"0.00847","newClientOrderId":"fp-0001","newOrderRespType":"ACK","timestamp":1660801715431,"apiKey":"key","signature":"sig"}}"#;
        let name = client(b"fp-0001", "").unwrap();
        let expected = Request::Place {
            client: name,
            symbol: Symbol::new(b"BTCUSDT").unwrap(),
            side: Side::Sell,
            style: Style::Limit,
            price: Some(Decimal { mantissa: 2_341_610, scale: 2 }),
            qty: Decimal { mantissa: 847, scale: 5 },
        };
        assert_eq!(read_spot(text), Ok(expected));
        let text = br#"{"id":"2","method":"order.cancel","params":{"symbol":"BTCUSDT","origClientOrderId":"fp-0001","timestamp":1}}"#;
        assert_eq!(read_spot(text), Ok(Request::Cancel { client: name }));
    }

    #[test]
    fn what_the_venue_would_not_take_is_refused_with_its_key() {
        let rest = r#""side":"BUY","symbol":"BTCUSDT","quantity":"1","newClientOrderId":"a""#;
        let order = |params: &str| {
            let head = r#"{"id":"1","method":"order.place","params":{"timestamp":1,"#;
            let text = format!("{head}{params}{rest}}}}}");
            read_spot(text.as_bytes()).unwrap_err()
        };
        let cases = [
            (r#""type":"LIMIT","price":"1","#, Refusal::MissingKey("timeInForce")),
            (r#""type":"LIMIT","timeInForce":"GTX","price":"1","#, Refusal::BadValue("type")),
            (r#""type":"LIMIT_MAKER","timeInForce":"GTC","#, Refusal::BadValue("type")),
            (r#""type":"LIMIT_MAKER","#, Refusal::MissingKey("price")),
            (r#""type":"MARKET","price":"1","#, Refusal::BadValue("price")),
            (r#""type":"MARKET","apiKey":"k","#, Refusal::MissingKey("signature")),
            (r#""type":"MARKET","newOrderRespType":"ALL","#, Refusal::BadValue("newOrderRespType")),
            (r#""type":"MARKET","quantity":"1","#, Refusal::DuplicateKey("quantity")),
        ];
        for (params, refusal) in cases {
            assert_eq!(order(params), refusal, "{params}");
        }
        assert!(matches!(order(r#""quoteOrderQty":"1","#), Refusal::UnknownKey { .. }));
        assert!(matches!(order(r#""type":"LIMIT","price":"1e3","#), Refusal::Number { .. }));
    }
}
