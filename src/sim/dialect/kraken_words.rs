//! Kraken's rarer words: errors, pongs, tickers, instruments, REST bodies.
//!
//! In: what is to be said. Out: JSON with bare numbers at full scale, or a REST response.
//! Never: a subscription; those are `kraken`'s.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::contract::{Ask, Conn, Response, Shop};
use super::day::Day;
use crate::base::{Nanos, Side, Symbol, render};
use crate::event::Level;
use crate::sim::engine::Engine;
use crate::sim::world::{Listed, Update, World};
use crate::venue::kraken::mirror::{self, Asset, Book, Fill, Pair};
use crate::venue::wire::Pen;

/// Digits of the fraction of times.
const TIME_DIGITS: u8 = 6;

/// Decimals of costs.
const COST_DECIMALS: u8 = 5;

/// Levels a side of REST `Depth` where nothing is said, and at most.
const DEPTH_LEVELS: (usize, usize) = (100, 500);

/// A request was not done.
pub(super) fn error(
    (method, req_id, now): (&str, Option<u64>, Nanos),
    symbol: Option<&str>,
    why: &str,
    frame: &mut Vec<u8>,
) {
    let mut object = Map::new();
    object.insert("method".into(), json!(method));
    if let Some(req_id) = req_id {
        object.insert("req_id".into(), json!(req_id));
    }
    object.insert("success".into(), json!(false));
    if let Some(symbol) = symbol {
        object.insert("symbol".into(), json!(symbol));
    }
    object.insert("error".into(), json!(why));
    for key in ["time_in", "time_out"] {
        object.insert(key.into(), json!(time(now)));
    }
    frame.extend_from_slice(Value::Object(object).to_string().as_bytes());
}

/// The answer to the request `ping`.
pub(super) fn pong(req_id: Option<u64>, now: Nanos, frame: &mut Vec<u8>) {
    let mut pen = Pen::new(frame);
    pen.text("{\"method\":\"pong\"");
    if let Some(req_id) = req_id {
        pen.text(",\"req_id\":").whole(req_id);
    }
    pen.text(",\"time_in\":\"").time(now, TIME_DIGITS);
    pen.text("\",\"time_out\":\"").time(now, TIME_DIGITS).text("\"}");
}

/// Best bid and ask.
pub(super) fn top(engine: &Engine) -> (Level, Level) {
    let best = |side| engine.level(side, 0).unwrap_or_default();
    (best(Side::Buy), best(Side::Sell))
}

/// A frame of the channel `ticker`.
pub(super) fn ticker(
    listed: &Listed,
    kind: &str,
    (bid, ask): (Level, Level),
    day: &Day,
    now: Nanos,
    frame: &mut Vec<u8>,
) {
    let (price, qty) = (listed.shape.price, listed.shape.qty);
    let mut pen = Pen::new(frame);
    pen.text("{\"channel\":\"ticker\",\"type\":\"").text(kind);
    pen.text("\",\"data\":[{\"symbol\":\"").text(listed.symbol.as_str());
    pen.text("\",\"bid\":").decimal(bid.price, price).text(",\"bid_qty\":").decimal(bid.qty, qty);
    pen.text(",\"ask\":").decimal(ask.price, price).text(",\"ask_qty\":").decimal(ask.qty, qty);
    pen.text(",\"last\":").decimal(day.last, price).text(",\"volume\":").decimal(day.volume, qty);
    pen.text(",\"vwap\":").decimal(day.mean(), price).text(",\"low\":").decimal(day.low, price);
    pen.text(",\"high\":").decimal(day.high, price);
    pen.text(",\"change\":").decimal(day.change(), price);
    pen.text(",\"change_pct\":").decimal(day.change_percent(2), 2);
    pen.text(",\"timestamp\":\"").time(now, TIME_DIGITS).text("\"}]}");
}

/// The snapshot of the channel `instrument`.
pub(super) fn instruments(shop: &Shop, frame: &mut Vec<u8>) {
    let mut ids: Vec<Symbol> = shop.all().flat_map(|(_, l)| [l.base, l.quote]).collect();
    ids.sort_unstable();
    ids.dedup();
    let assets: Vec<Asset> = ids.into_iter().map(asset).collect();
    let pairs: Vec<Pair> = shop.all().map(|(_, listed)| pair(listed)).collect();
    mirror::instruments(&assets, &pairs, frame);
}

/// What must be said for the other side to have `now` after it had `before`, both best first. A
/// level that only fell out of the depth is not mentioned; one that came (back) into it is.
pub(super) fn changes(
    update: &Update<'_>,
    side: Side,
    before: &[Level],
    now: &[Level],
) -> Vec<Level> {
    let is_better =
        |one: i64, other: i64| if side == Side::Buy { one > other } else { one < other };
    let (mut old, mut new) = (before.iter().peekable(), now.iter().peekable());
    let mut changes = Vec::new();
    loop {
        match (old.peek(), new.peek()) {
            (None, None) => return changes,
            (Some(was), Some(is)) if was.price == is.price => {
                if was != is {
                    changes.push(**is);
                }
                old.next();
                new.next();
            }
            (Some(was), is) if is.is_none_or(|is| is_better(was.price, is.price)) => {
                if update.engine.qty(side, was.price) == 0 {
                    changes.push(Level { qty: 0, ..**was });
                }
                old.next();
            }
            (_, Some(is)) => {
                changes.push(**is);
                new.next();
            }
            (Some(_), None) => {
                old.next();
            }
        }
    }
}

/// A public REST request.
pub(super) fn rest(
    ask: &Ask<'_>,
    world: &World,
    shop: &Shop,
    days: &BTreeMap<usize, Day>,
    system: &str,
) -> Response {
    let seconds = world.now().0 / Nanos::SECOND;
    let result = match ask.path.strip_prefix("/0/public/") {
        Some("Time") => Ok(json!({"unixtime": seconds, "rfc1123": time(world.now())})),
        Some("SystemStatus") => Ok(json!({"status": system, "timestamp": time(world.now())})),
        Some("AssetPairs") => Ok(asset_pairs(shop)),
        Some(method @ ("Depth" | "Ticker" | "Trades")) => asked(ask, shop).map(|all| {
            let each = all.into_iter().filter_map(|(market, listed)| {
                let engine = world.market(*market)?;
                let value = match method {
                    "Depth" => depth(ask, listed, engine, seconds),
                    "Ticker" => ticker_body(listed, engine, days.get(market)?),
                    _ => trades(world, *market, listed),
                };
                Some((key(listed), value))
            });
            let mut result: Map<String, Value> = each.collect();
            if method == "Trades" {
                result.insert("last".into(), json!(world.now().0.to_string()));
            }
            Value::Object(result)
        }),
        _ => Err("EGeneral:Unknown method"),
    };
    // Failures have the status 200 too.
    Response::ok(match result {
        Ok(result) => json!({"error": [], "result": result}).to_string(),
        Err(why) => json!({"error": [why]}).to_string(),
    })
}

/// The pairs that `pair=` names; all where it is not there.
fn asked<'a>(ask: &Ask<'_>, shop: &'a Shop) -> Result<Vec<&'a (usize, Listed)>, &'static str> {
    let Some(names) = ask.param("pair") else { return Ok(shop.all().collect()) };
    let found = |name: &str| {
        let is_it = |listed: &Listed| {
            key(listed) == name || altname(listed) == name || listed.symbol.as_str() == name
        };
        shop.all().find(|(_, listed)| is_it(listed)).ok_or("EQuery:Unknown asset pair")
    };
    names.split(',').map(found).collect()
}

fn asset_pairs(shop: &Shop) -> Value {
    let each = shop.all().map(|(_, listed)| {
        let trimmed = |units: i64, decimals: u8| {
            let text = render(units, decimals);
            if decimals == 0 {
                text
            } else {
                text.trim_end_matches('0').trim_end_matches('.').into()
            }
        };
        let value = json!({
            "altname": altname(listed),
            "wsname": format!("{}/{}", old(listed.base), old(listed.quote)),
            "aclass_base": "currency",
            "base": long(listed.base),
            "aclass_quote": "currency",
            "quote": long(listed.quote),
            "lot": "unit",
            "cost_decimals": COST_DECIMALS,
            "pair_decimals": listed.shape.price,
            "lot_decimals": listed.shape.qty,
            "lot_multiplier": 1,
            "fees": [[0, 0.40], [10_000, 0.35], [50_000, 0.24], [100_000, 0.22], [250_000, 0.20]],
            "fees_maker":
                [[0, 0.25], [10_000, 0.20], [50_000, 0.14], [100_000, 0.12], [250_000, 0.10]],
            "fee_volume_currency": "ZUSD",
            "ordermin": trimmed(listed.rules.qty_min, listed.shape.qty),
            "costmin": trimmed(cost_min(listed), COST_DECIMALS),
            "tick_size": trimmed(listed.rules.tick, listed.shape.price),
            "status": "online",
        });
        (key(listed), value)
    });
    Value::Object(each.collect())
}

fn depth(ask: &Ask<'_>, listed: &Listed, engine: &Engine, seconds: i64) -> Value {
    let count = ask.param("count").and_then(|count| count.parse().ok());
    let count = count.unwrap_or(DEPTH_LEVELS.0).clamp(1, DEPTH_LEVELS.1);
    let side = |side| -> Vec<Value> {
        let levels = engine.best(side, count).into_iter();
        let shown = |level: Level| {
            let (price, qty) = (listed.shape.price, listed.shape.qty);
            json!([render(level.price, price), render(level.qty, qty), seconds])
        };
        levels.map(shown).collect()
    };
    json!({"asks": side(Side::Sell), "bids": side(Side::Buy)})
}

fn ticker_body(listed: &Listed, engine: &Engine, day: &Day) -> Value {
    let price = |units| render(units, listed.shape.price);
    let qty = |units| render(units, listed.shape.qty);
    let (bid, ask) = top(engine);
    let best = |level: Level| json!([price(level.price), "1", qty(level.qty)]);
    let twice = |text: String| json!([text, text]);
    json!({
        "a": best(ask),
        "b": best(bid),
        "c": [price(day.last), qty(day.last_qty)],
        "v": twice(qty(day.volume)),
        "p": twice(price(day.mean())),
        "t": [day.count(), day.count()],
        "l": twice(price(day.low)),
        "h": twice(price(day.high)),
        "o": price(day.open),
    })
}

fn trades(world: &World, market: usize, listed: &Listed) -> Value {
    let shown = |(at, trade): &(Nanos, crate::event::Trade)| {
        let at = (at.0 / 1_000) as f64 / 1e6;
        let side = if trade.taker == Side::Buy { "b" } else { "s" };
        let (price, qty) = (listed.shape.price, listed.shape.qty);
        json!([render(trade.price, price), render(trade.qty, qty), at, side, "l", "", trade.id])
    };
    Value::Array(world.past(market).map(shown).collect())
}

fn asset(id: Symbol) -> Asset {
    let (precision, precision_display) = if id.as_str() == "USD" { (4, 2) } else { (10, 5) };
    Asset { id, precision, precision_display }
}

fn pair(listed: &Listed) -> Pair {
    Pair {
        symbol: listed.symbol,
        base: listed.base,
        quote: listed.quote,
        shape: listed.shape,
        tick: listed.rules.tick,
        lot: listed.rules.lot,
        qty_min: listed.rules.qty_min,
        cost_min: cost_min(listed),
        cost_decimals: COST_DECIMALS,
        status: "online",
    }
}

/// The least that an order must come to, in units of its cost.
fn cost_min(listed: &Listed) -> i64 {
    let finer =
        u32::from(listed.shape.price + listed.shape.qty).saturating_sub(COST_DECIMALS.into());
    (listed.rules.notional_min / 10_i128.pow(finer)) as i64
}

fn time(at: Nanos) -> String {
    let mut text = Vec::new();
    Pen::new(&mut text).time(at, TIME_DIGITS);
    String::from_utf8_lossy(&text).into_owned()
}

/// `XBT`: what older interfaces call `BTC`.
fn old(asset: Symbol) -> String {
    if asset.as_str() == "BTC" { "XBT".into() } else { asset.as_str().into() }
}

/// `XXBT`, `ZUSD`: with the letter of their kind.
fn long(asset: Symbol) -> String {
    let kind = if asset.as_str() == "USD" { 'Z' } else { 'X' };
    format!("{kind}{}", old(asset))
}

fn key(listed: &Listed) -> String {
    long(listed.base) + &long(listed.quote)
}

fn altname(listed: &Listed) -> String {
    old(listed.base) + &old(listed.quote)
}

/// A book message: what is said, and the book after it.
pub(super) fn book(
    listed: &Listed,
    snapshot: bool,
    (bids, asks): (&[Level], &[Level]),
    after: (&[Level], &[Level]),
    venue_ns: Nanos,
    frame: &mut Vec<u8>,
) {
    let checksum = mirror::checksum(after.0, after.1);
    let (symbol, shape) = (listed.symbol, listed.shape);
    mirror::book(&Book { symbol, shape, snapshot, bids, asks, checksum, venue_ns }, frame);
}

pub(super) fn fill(
    listed: &Listed,
    trade: crate::event::Trade,
    is_market: bool,
    venue_ns: Nanos,
) -> Fill {
    Fill { symbol: listed.symbol, shape: listed.shape, trade, is_market, venue_ns }
}

/// Beyond an `i64`, as the venue's own.
pub(super) fn connection_id(conn: Conn) -> u64 {
    13_834_774_380_200_032_777 + conn.0
}
