//! Coinbase's rarer words: errors, tickers, products, REST bodies.
//!
//! In: what is to be said. Out: frames and REST bodies with numbers as texts.
//! Never: a subscription; those are `coinbase`'s.

use serde_json::{Value, json};

use super::contract::{Ask, Conn, Out, Put, Response, Shop};
use super::day::Day;
use crate::base::{Nanos, Side, render};
use crate::event::{Level, Trade};
use crate::sim::engine::Engine;
use crate::sim::world::{Listed, World};
use crate::venue::coinbase::mirror::{self, Envelope};
use crate::venue::wire::Pen;

/// Digits of the fraction of times.
const TIME_DIGITS: u8 = 6;

/// Trades of a product's REST ticker, at most.
const TRADES_MAX: usize = 1_000;

/// An error: it has no number of the sequence.
pub(super) fn error(conn: Conn, why: &str) -> Out {
    let frame = json!({"type": "error", "message": why}).to_string().into_bytes();
    Out { conn, put: Put::Frame(frame) }
}

/// A REST error.
pub(super) fn refusal(status: u16, error: &str, message: &str) -> Response {
    let body = json!({"error": error, "error_details": message, "message": message});
    Response::with(status, body.to_string())
}

/// A frame of `ticker` or, without the best quantities, of `ticker_batch`.
pub(super) fn ticker(
    envelope: &Envelope,
    (channel, kind): (&str, &str),
    (listed, engine, day): (&Listed, &Engine, &Day),
    frame: &mut Vec<u8>,
) {
    let (price, qty) = (listed.shape.price, listed.shape.qty);
    let best = |side| engine.level(side, 0).unwrap_or_default();
    let (bid, ask) = (best(Side::Buy), best(Side::Sell));
    let mut pen = mirror::open(channel, envelope, frame);
    pen.text("{\"type\":\"").text(kind).text("\",\"tickers\":[{\"type\":\"ticker\",");
    pen.text("\"product_id\":\"").text(listed.symbol.as_str());
    pen.text("\",\"price\":\"").trimmed(day.last, price);
    pen.text("\",\"volume_24_h\":\"").trimmed(day.volume, qty);
    pen.text("\",\"low_24_h\":\"").trimmed(day.low, price);
    pen.text("\",\"high_24_h\":\"").trimmed(day.high, price);
    pen.text("\",\"low_52_w\":\"").trimmed(day.low, price);
    pen.text("\",\"high_52_w\":\"").trimmed(day.high, price);
    pen.text("\",\"price_percent_chg_24_h\":\"").decimal(day.change_percent(8), 8);
    pen.text("\",\"best_bid\":\"").trimmed(bid.price, price);
    if channel == "ticker" {
        pen.text("\",\"best_bid_quantity\":\"").trimmed(bid.qty, qty);
    }
    pen.text("\",\"best_ask\":\"").trimmed(ask.price, price);
    if channel == "ticker" {
        pen.text("\",\"best_ask_quantity\":\"").trimmed(ask.qty, qty);
    }
    pen.text("\"}]}]}");
}

/// A frame of `status`: all products.
pub(super) fn status(envelope: &Envelope, all: &[&Listed], frame: &mut Vec<u8>) {
    let products = all.iter().map(|listed| {
        json!({
            "product_type": "SPOT",
            "id": listed.symbol.as_str(),
            "base_currency": listed.base.as_str(),
            "quote_currency": listed.quote.as_str(),
            "base_increment": render(listed.rules.lot, listed.shape.qty),
            "quote_increment": render(listed.rules.tick, listed.shape.price),
            "display_name": format!("{}/{}", listed.base, listed.quote),
            "status": "online",
            "status_message": "",
            "min_market_funds": quote_min(listed),
        })
    });
    let event = json!({"type": "snapshot", "products": products.collect::<Vec<Value>>()});
    mirror::open("status", envelope, frame).text(&event.to_string()).text("]}");
}

/// A public REST request.
pub(super) fn rest(
    ask: &Ask<'_>,
    world: &World,
    shop: &Shop,
    day: impl Fn(usize) -> Day,
) -> Response {
    let Some(path) = ask.path.strip_prefix("/api/v3/brokerage/") else {
        return refusal(404, "NOT_FOUND", "no such path: use /api/v3/brokerage/..");
    };
    let unknown = || refusal(404, "NOT_FOUND", "valid product_id is required");
    let find = |id: &str| {
        let (market, listed) = shop.find(id)?;
        Some((*market, listed, world.market(*market)?))
    };
    let parts: Vec<&str> = path.split('/').collect();
    let body = match parts[..] {
        ["time"] => Some(time(world.now())),
        ["market", "products"] => {
            let all = shop.all().map(|(market, listed)| product(listed, &day(*market)));
            let all: Vec<Value> = all.collect();
            Some(json!({"num_products": all.len(), "products": all}))
        }
        ["market", "products", id] => {
            find(id).map(|(market, listed, _)| product(listed, &day(market)))
        }
        ["market", "products", id, "ticker"] => find(id).map(|(market, listed, engine)| {
            let limit = ask.param("limit").and_then(|limit| limit.parse().ok());
            trades(world, market, (listed, engine), limit.unwrap_or(TRADES_MAX))
        }),
        ["market", "product_book"] => {
            let found = ask.param("product_id").and_then(|id| find(&id));
            let limit = ask.param("limit").and_then(|limit| limit.parse().ok());
            found.map(|(_, listed, engine)| {
                product_book(listed, engine, limit.unwrap_or(usize::MAX), world.now())
            })
        }
        _ => return refusal(404, "NOT_FOUND", "no such path"),
    };
    body.map_or_else(unknown, |body| Response::ok(body.to_string()))
}

fn time(now: Nanos) -> Value {
    json!({
        "iso": iso(now),
        "epochSeconds": (now.0 / Nanos::SECOND).to_string(),
        "epochMillis": (now.0 / Nanos::MILLI).to_string(),
    })
}

fn product(listed: &Listed, day: &Day) -> Value {
    let price = |units| render(units, listed.shape.price);
    let qty = |units| render(units, listed.shape.qty);
    json!({
        "product_id": listed.symbol.as_str(),
        "price": price(day.last),
        "price_percentage_change_24h": render(day.change_percent(8), 8),
        "volume_24h": qty(day.volume),
        "base_increment": qty(listed.rules.lot),
        "quote_increment": price(listed.rules.tick),
        "price_increment": price(listed.rules.tick),
        "base_min_size": qty(listed.rules.qty_min),
        "base_max_size": qty(listed.rules.qty_max),
        "quote_min_size": quote_min(listed),
        "quote_max_size": "150000000",
        "is_disabled": false,
        "status": "online",
        "cancel_only": false,
        "limit_only": false,
        "post_only": false,
        "trading_disabled": false,
        "auction_mode": false,
        "view_only": false,
        "product_type": "SPOT",
        "base_currency_id": listed.base.as_str(),
        "quote_currency_id": listed.quote.as_str(),
        "alias": "",
        "alias_to": [],
        "product_venue": "CBE",
    })
}

fn product_book(listed: &Listed, engine: &Engine, limit: usize, now: Nanos) -> Value {
    let side = |side| -> Vec<Value> {
        let shown = |level: Level| {
            let (price, qty) = (listed.shape.price, listed.shape.qty);
            json!({"price": render(level.price, price), "size": render(level.qty, qty)})
        };
        engine.levels(side).take(limit).map(shown).collect()
    };
    json!({"pricebook": {
        "product_id": listed.symbol.as_str(),
        "bids": side(Side::Buy),
        "asks": side(Side::Sell),
        "time": iso(now),
    }})
}

/// The latest trades, newest first, and the best prices. The side is the maker's.
fn trades(
    world: &World,
    market: usize,
    (listed, engine): (&Listed, &Engine),
    limit: usize,
) -> Value {
    let price = |units| render(units, listed.shape.price);
    let shown = |(at, trade): &(Nanos, Trade)| {
        json!({
            "trade_id": trade.id.to_string(),
            "product_id": listed.symbol.as_str(),
            "price": price(trade.price),
            "size": render(trade.qty, listed.shape.qty),
            "time": iso(*at),
            "side": if trade.taker == Side::Buy { "SELL" } else { "BUY" },
        })
    };
    let all: Vec<Value> = world.past(market).rev().take(limit).map(shown).collect();
    let best = |side| price(engine.level(side, 0).unwrap_or_default().price);
    json!({"trades": all, "best_bid": best(Side::Buy), "best_ask": best(Side::Sell)})
}

/// The least that an order must come to, in the quote.
fn quote_min(listed: &Listed) -> String {
    let units = listed.rules.notional_min / 10_i128.pow(listed.shape.qty.into());
    render(units as i64, listed.shape.price)
}

fn iso(at: Nanos) -> String {
    let mut text = Vec::new();
    Pen::new(&mut text).time(at, TIME_DIGITS);
    String::from_utf8_lossy(&text).into_owned()
}
