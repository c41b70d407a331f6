//! Coinbase seen from the venue's side: bodies of requests about orders, read.
//!
//! In: a body; whether it places or cancels is told by its keys, since the path is not in it. Out:
//! what it asks for. An id that is to be cancelled is read as one of our names: who stands in for
//! the venue gives orders their own name as their id.

use crate::base::{Decimal, Side};
use crate::event::Style;
use crate::venue::contract::Refusal;
use crate::venue::desk::{Request, client, symbol};
use crate::venue::wire::{Pull, once};

/// One `order_configuration`, as it stands.
#[derive(Debug)]
struct Terms<'a> {
    name: &'a [u8],
    base_size: Option<Decimal>,
    limit_price: Option<Decimal>,
    post_only: Option<bool>,
}

/// Reads a body.
pub(super) fn read(bytes: &[u8]) -> Result<Request, Refusal> {
    let mut json = Pull::new(bytes)?;
    let (mut name, mut product, mut side, mut terms, mut id) = (None, None, None, None, None);
    json.object("request", |json, key| match key {
        b"client_order_id" => once(&mut name, json.string("client_order_id")?, "client_order_id"),
        b"product_id" => once(&mut product, json.string("product_id")?, "product_id"),
        b"side" => once(&mut side, json.string("side")?, "side"),
        b"order_configuration" => json.object("order_configuration", |json, name| {
            once(&mut terms, configuration(json, name)?, "order_configuration")
        }),
        b"order_ids" => once(&mut id, json.only_string("order_ids")?, "order_ids"),
        _ => json.unknown(),
    })?;
    json.end()?;
    if let Some(id) = id {
        if name.is_some() || product.is_some() || side.is_some() || terms.is_some() {
            return Err(Refusal::BadValue("order_ids"));
        }
        return Ok(Request::Cancel { client: client(id, "order_ids")? });
    }
    let name = name.ok_or(Refusal::MissingKey("client_order_id"))?;
    let terms = terms.ok_or(Refusal::MissingKey("order_configuration"))?;
    Ok(Request::Place {
        client: client(name, "client_order_id")?,
        symbol: symbol(product.ok_or(Refusal::MissingKey("product_id"))?, "product_id")?,
        side: match side.ok_or(Refusal::MissingKey("side"))? {
            b"BUY" => Side::Buy,
            b"SELL" => Side::Sell,
            _ => return Err(Refusal::BadValue("side")),
        },
        style: style(&terms)?,
        price: terms.limit_price,
        qty: terms.base_size.ok_or(Refusal::MissingKey("base_size"))?,
    })
}

fn configuration<'a>(json: &mut Pull<'a>, name: &'a [u8]) -> Result<Terms<'a>, Refusal> {
    let mut terms = Terms { name, base_size: None, limit_price: None, post_only: None };
    json.object("order_configuration", |json, key| match key {
        b"base_size" => once(&mut terms.base_size, json.quoted_number("base_size")?, "base_size"),
        b"limit_price" => {
            once(&mut terms.limit_price, json.quoted_number("limit_price")?, "limit_price")
        }
        b"post_only" => once(&mut terms.post_only, json.flag("post_only")?, "post_only"),
        _ => json.unknown(),
    })?;
    Ok(terms)
}

fn style(terms: &Terms<'_>) -> Result<Style, Refusal> {
    let style = match terms.name {
        b"limit_limit_gtc" if terms.post_only == Some(true) => Style::PostOnly,
        b"limit_limit_gtc" => Style::Limit,
        b"sor_limit_ioc" => Style::ImmediateOrCancel,
        b"limit_limit_fok" => Style::FillOrKill,
        b"market_market_ioc" => Style::Market,
        _ => return Err(Refusal::BadValue("order_configuration")),
    };
    if !style.rests() && terms.post_only.is_some() {
        return Err(Refusal::BadValue("post_only"));
    }
    match terms.limit_price {
        None if style != Style::Market => Err(Refusal::MissingKey("limit_price")),
        Some(_) if style == Style::Market => Err(Refusal::BadValue("limit_price")),
        _ => Ok(style),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Symbol;

    #[test]
    fn the_venues_own_example_is_read() {
        let text = br#"{"client_order_id":"0c5b1d4e-0001","product_id":"BTC-USD","side":"BUY","order_configuration":{"limit_limit_gtc":{"base_size":"0.00150000","limit_price":"64525.10","post_only":true}}}"#;
        let expected = Request::Place {
            client: client(b"0c5b1d4e-0001", "").unwrap(),
            symbol: Symbol::new(b"BTC-USD").unwrap(),
            side: Side::Buy,
            style: Style::PostOnly,
            price: Some(Decimal { mantissa: 6_452_510, scale: 2 }),
            qty: Decimal { mantissa: 150_000, scale: 8 },
        };
        assert_eq!(read(text), Ok(expected));
        let name = client(b"n00000100000000001", "").unwrap();
        let text = br#"{"order_ids":["n00000100000000001"]}"#;
        assert_eq!(read(text), Ok(Request::Cancel { client: name }));
    }

    #[test]
    fn what_the_venue_would_not_take_is_refused_with_its_key() {
        let order = |configuration: &str| {
            let head = r#"{"client_order_id":"a","product_id":"BTC-USD","side":"BUY","#;
            let text = format!("{head}\"order_configuration\":{{{configuration}}}}}");
            read(text.as_bytes()).unwrap_err()
        };
        let cases = [
            (r#""limit_limit_gtc":{"base_size":"1"}"#, Refusal::MissingKey("limit_price")),
            (r#""sor_limit_ioc":{"limit_price":"1"}"#, Refusal::MissingKey("base_size")),
            (
                r#""limit_limit_fok":{"base_size":"1","limit_price":"1","post_only":true}"#,
                Refusal::BadValue("post_only"),
            ),
            (
                r#""market_market_ioc":{"base_size":"1","limit_price":"1"}"#,
                Refusal::BadValue("limit_price"),
            ),
            (r#""twap_limit_gtd":{}"#, Refusal::BadValue("order_configuration")),
            (
                r#""market_market_ioc":{"base_size":"1"},"market_market_ioc":{"base_size":"1"}"#,
                Refusal::DuplicateKey("order_configuration"),
            ),
        ];
        for (configuration, refusal) in cases {
            assert_eq!(order(configuration), refusal, "{configuration}");
        }
        let unknown = order(r#""market_market_ioc":{"quote_size":"1"}"#);
        assert!(matches!(unknown, Refusal::UnknownKey { .. }));
        assert_eq!(read(br#"{"order_ids":["a","b"]}"#), Err(Refusal::BadValue("order_ids")));
    }

    #[test]
    fn an_id_that_is_none_of_our_names_is_refused() {
        let text = br#"{"order_ids":["11111111-1111-1111-1111-111111111111"]}"#;
        assert_eq!(read(text), Err(Refusal::BadValue("order_ids")));
    }
}
