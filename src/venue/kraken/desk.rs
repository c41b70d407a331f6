//! Kraken v2 seen from the venue's side: requests about orders, read.
//!
//! In: the bytes of `add_order` or `cancel_order`. Out: what they ask for.

use crate::base::{Decimal, Side};
use crate::event::Style;
use crate::venue::contract::Refusal;
use crate::venue::desk::{Request, client, symbol};
use crate::venue::wire::{Pull, once};

/// The parameters of either request, as they stand.
#[derive(Debug, Default)]
struct Params<'a> {
    order_type: Option<&'a [u8]>,
    side: Option<&'a [u8]>,
    symbol: Option<&'a [u8]>,
    order_qty: Option<Decimal>,
    limit_price: Option<Decimal>,
    time_in_force: Option<&'a [u8]>,
    post_only: Option<bool>,
    cl_ord_id: Option<&'a [u8]>,
    /// It stood in a list, as in a cancel.
    is_listed: bool,
    token: Option<&'a [u8]>,
}

/// Reads a request.
pub(super) fn read(bytes: &[u8]) -> Result<Request, Refusal> {
    let mut json = Pull::new(bytes)?;
    let (mut method, mut params, mut req_id) = (None, None, None);
    json.object("request", |json, name| match name {
        b"method" => once(&mut method, json.string("method")?, "method"),
        b"params" => {
            let mut found = Params::default();
            json.object("params", |json, name| param(json, name, &mut found))?;
            once(&mut params, found, "params")
        }
        b"req_id" => once(&mut req_id, json.whole("req_id")?, "req_id"),
        _ => json.unknown(),
    })?;
    json.end()?;
    let params = params.ok_or(Refusal::MissingKey("params"))?;
    params.token.ok_or(Refusal::MissingKey("token"))?;
    match method.ok_or(Refusal::MissingKey("method"))? {
        b"add_order" => add(&params),
        b"cancel_order" => cancel(&params),
        _ => Err(Refusal::BadValue("method")),
    }
}

fn param<'a>(json: &mut Pull<'a>, name: &[u8], params: &mut Params<'a>) -> Result<(), Refusal> {
    match name {
        b"order_type" => once(&mut params.order_type, json.string("order_type")?, "order_type"),
        b"side" => once(&mut params.side, json.string("side")?, "side"),
        b"symbol" => once(&mut params.symbol, json.string("symbol")?, "symbol"),
        b"order_qty" => once(&mut params.order_qty, json.number("order_qty")?, "order_qty"),
        b"limit_price" => once(&mut params.limit_price, json.number("limit_price")?, "limit_price"),
        b"time_in_force" => {
            once(&mut params.time_in_force, json.string("time_in_force")?, "time_in_force")
        }
        b"post_only" => once(&mut params.post_only, json.flag("post_only")?, "post_only"),
        b"cl_ord_id" => {
            params.is_listed = json.is_list();
            let text = if params.is_listed {
                json.only_string("cl_ord_id")?
            } else {
                json.string("cl_ord_id")?
            };
            once(&mut params.cl_ord_id, text, "cl_ord_id")
        }
        b"token" => once(&mut params.token, json.string("token")?, "token"),
        _ => json.unknown(),
    }
}

fn add(params: &Params<'_>) -> Result<Request, Refusal> {
    let post_only = params.post_only.unwrap_or(false);
    let force = params.time_in_force;
    let style = match params.order_type.ok_or(Refusal::MissingKey("order_type"))? {
        b"market" if post_only => return Err(Refusal::BadValue("post_only")),
        b"market" => match force {
            None | Some(b"ioc") => Style::Market,
            Some(_) => return Err(Refusal::BadValue("time_in_force")),
        },
        b"limit" => match (force.unwrap_or(b"gtc"), post_only) {
            (b"gtc", false) => Style::Limit,
            (b"gtc", true) => Style::PostOnly,
            (b"ioc", false) => Style::ImmediateOrCancel,
            (b"fok", false) => Style::FillOrKill,
            (b"ioc" | b"fok", true) => return Err(Refusal::BadValue("post_only")),
            _ => return Err(Refusal::BadValue("time_in_force")),
        },
        _ => return Err(Refusal::BadValue("order_type")),
    };
    if params.is_listed {
        return Err(Refusal::BadValue("cl_ord_id"));
    }
    let is_market = style == Style::Market;
    match params.limit_price {
        None if !is_market => return Err(Refusal::MissingKey("limit_price")),
        Some(_) if is_market => return Err(Refusal::BadValue("limit_price")),
        _ => {}
    }
    Ok(Request::Place {
        client: client(params.cl_ord_id.ok_or(Refusal::MissingKey("cl_ord_id"))?, "cl_ord_id")?,
        symbol: symbol(params.symbol.ok_or(Refusal::MissingKey("symbol"))?, "symbol")?,
        side: match params.side.ok_or(Refusal::MissingKey("side"))? {
            b"buy" => Side::Buy,
            b"sell" => Side::Sell,
            _ => return Err(Refusal::BadValue("side")),
        },
        style,
        price: params.limit_price,
        qty: params.order_qty.ok_or(Refusal::MissingKey("order_qty"))?,
    })
}

/// A cancel names its order and nothing else of it.
fn cancel(params: &Params<'_>) -> Result<Request, Refusal> {
    let surplus = [
        (params.order_type.is_some(), "order_type"),
        (params.side.is_some(), "side"),
        (params.symbol.is_some(), "symbol"),
        (params.order_qty.is_some(), "order_qty"),
        (params.limit_price.is_some(), "limit_price"),
        (params.time_in_force.is_some(), "time_in_force"),
        (params.post_only.is_some(), "post_only"),
    ];
    if let Some((_, key)) = surplus.into_iter().find(|(is, _)| *is) {
        return Err(Refusal::BadValue(key));
    }
    let name = params.cl_ord_id.ok_or(Refusal::MissingKey("cl_ord_id"))?;
    if !params.is_listed {
        return Err(Refusal::BadValue("cl_ord_id"));
    }
    Ok(Request::Cancel { client: client(name, "cl_ord_id")? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Symbol;
    use crate::event::ClientId;

    fn name(text: &[u8]) -> ClientId {
        client(text, "cl_ord_id").unwrap()
    }

    #[test]
    fn the_venues_own_example_is_read() {
        let text = br#"{"method":"add_order","params":{"order_type":"limit","side":"buy","symbol":"BTC/USD","order_qty":0.0015,"limit_price":64525.1,"time_in_force":"gtc","post_only":true,"cl_ord_id":"fp-000001","token":"secret"},"req_id":123456789}"#;
        let expected = Request::Place {
            client: name(b"fp-000001"),
            symbol: Symbol::new(b"BTC/USD").unwrap(),
            side: Side::Buy,
            style: Style::PostOnly,
            price: Some(Decimal { mantissa: 645_251, scale: 1 }),
            qty: Decimal { mantissa: 15, scale: 4 },
        };
        assert_eq!(read(text), Ok(expected));
        let text = br#"{"method":"cancel_order","params":{"cl_ord_id":["fp-000001"],"token":""}}"#;
        assert_eq!(read(text), Ok(Request::Cancel { client: name(b"fp-000001") }));
    }

    #[test]
    fn what_the_venue_would_not_take_is_refused_with_its_key() {
        let order = |params: &str| {
            let text = format!("{{\"method\":\"add_order\",\"params\":{{{params}}}}}");
            read(text.as_bytes()).unwrap_err()
        };
        let rest = r#""side":"buy","symbol":"BTC/USD","order_qty":1,"cl_ord_id":"a","token":"""#;
        let cases = [
            (r#""order_type":"limit","#, Refusal::MissingKey("limit_price")),
            (r#""order_type":"market","limit_price":1,"#, Refusal::BadValue("limit_price")),
            (r#""order_type":"market","post_only":true,"#, Refusal::BadValue("post_only")),
            (r#""order_type":"iceberg","limit_price":1,"#, Refusal::BadValue("order_type")),
            (
                r#""order_type":"limit","limit_price":1,"time_in_force":"gtd","#,
                Refusal::BadValue("time_in_force"),
            ),
            (
                r#""order_type":"limit","limit_price":1,"time_in_force":"ioc","post_only":true,"#,
                Refusal::BadValue("post_only"),
            ),
            (r#""side":"buy","#, Refusal::DuplicateKey("side")),
        ];
        for (params, refusal) in cases {
            assert_eq!(order(&format!("{params}{rest}")), refusal, "{params}");
        }
        assert!(matches!(order(r#""validate":true"#), Refusal::UnknownKey { .. }));
    }
}
