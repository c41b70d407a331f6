//! Binance's rarer words: REST bodies and their weights, tickers, aggregated trades, refusals.
//!
//! In: what is asked for. Out: JSON with numbers as texts of eight decimals.
//! Never: a stream; those are `binance`'s.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::binance::Told;
use super::contract::{Ask, Response, Shop};
use super::day::Day;
use crate::base::{Nanos, Side, render};
use crate::event::{Level, Trade};
use crate::sim::engine::Engine;
use crate::sim::world::{Listed, World};
use crate::venue::binance::mirror::{self, Snapshot};
use crate::venue::wire::Pen;

/// Weight of a minute.
const WEIGHT_MAX: u32 = 6_000;

/// Refusals after which whoever goes on is banned, and for how long.
const REFUSALS_MAX: u32 = 10;
const BAN_NS: i64 = 120 * Nanos::SECOND;

const MINUTE_NS: i64 = 60 * Nanos::SECOND;

/// Levels a side of REST `depth` where nothing is said, and at most.
const DEPTH_LEVELS: (usize, usize) = (100, 5_000);

const DECIMALS: u8 = 8;

/// What was spent of the weight of this minute.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Weights {
    minute: i64,
    used: u32,
    refusals: u32,
    banned_until: Nanos,
}

impl Weights {
    /// Spends; the weight used in this minute, or the refusal.
    pub(super) fn spend(&mut self, weight: u32, now: Nanos) -> Result<u32, Response> {
        let minute = now.0 / MINUTE_NS;
        if minute != self.minute {
            *self = Weights { minute, banned_until: self.banned_until, ..Weights::default() };
        }
        self.used = self.used.saturating_add(weight);
        if now >= self.banned_until && self.used <= WEIGHT_MAX {
            return Ok(self.used);
        }
        self.refusals += 1;
        if self.refusals > REFUSALS_MAX && now >= self.banned_until {
            self.banned_until = Nanos(now.0 + BAN_NS);
        }
        let is_banned = now < self.banned_until;
        let until = if is_banned { self.banned_until.0 } else { (minute + 1) * MINUTE_NS };
        let msg = if is_banned {
            format!(
                "Way too much request weight used; IP banned until {}. Please use WebSocket \
                Streams for live updates to avoid bans.",
                until / Nanos::MILLI
            )
        } else {
            "Too much request weight used; current limit is 6000 request weight per 1 MINUTE. \
                Please use WebSocket Streams for live updates to avoid polling the API."
                .into()
        };
        let mut refused = refusal(if is_banned { 418 } else { 429 }, -1_003, &msg);
        let seconds = (until - now.0 + Nanos::SECOND - 1) / Nanos::SECOND;
        refused.headers.push(("retry-after", seconds.to_string()));
        Err(refused)
    }
}

/// `{"code":..,"msg":..}` with a status.
pub(super) fn refusal(status: u16, code: i32, msg: &str) -> Response {
    Response::with(status, json!({"code": code, "msg": msg}).to_string())
}

/// The payload alone of a frame of a combined stream.
pub(super) fn bare(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    const MARK: &[u8] = b"\"data\":";
    let mut frame = Vec::new();
    write(&mut frame);
    let mark = frame.windows(MARK.len()).position(|bytes| bytes == MARK);
    frame.drain(..mark.map_or(0, |at| at + MARK.len()));
    frame.pop();
    frame
}

/// An event of the stream `@aggTrade`: trades of one taker at one price.
pub(super) fn agg_trade(listed: &Listed, id: u64, trades: &[Trade], at: Nanos) -> Vec<u8> {
    let mut payload = Vec::new();
    let (Some(first), Some(last)) = (trades.first(), trades.last()) else { return payload };
    let qty = trades.iter().map(|trade| trade.qty).sum();
    let mut pen = Pen::new(&mut payload);
    pen.text("{\"e\":\"aggTrade\",\"E\":").whole(millis(at)).text(",\"s\":\"");
    pen.text(listed.symbol.as_str()).text("\",\"a\":").whole(id).text(",\"p\":\"");
    pen.padded(first.price, listed.shape.price, DECIMALS).text("\",\"q\":\"");
    pen.padded(qty, listed.shape.qty, DECIMALS).text("\",\"f\":").whole(first.id);
    pen.text(",\"l\":").whole(last.id).text(",\"T\":").whole(millis(at));
    pen.text(",\"m\":").flag(first.taker == Side::Sell).text(",\"M\":true}");
    payload
}

/// An event of the stream `@miniTicker`.
pub(super) fn mini_ticker(listed: &Listed, day: &Day, now: Nanos) -> Vec<u8> {
    let value = json!({
        "e": "24hrMiniTicker",
        "E": millis(now),
        "s": listed.symbol.as_str(),
        "c": price(listed, day.last),
        "o": price(listed, day.open),
        "h": price(listed, day.high),
        "l": price(listed, day.low),
        "v": qty(listed, day.volume),
        "q": turnover(listed, day),
    });
    value.to_string().into_bytes()
}

/// An event of the stream `@ticker`.
pub(super) fn ticker(listed: &Listed, engine: &Engine, day: &Day, now: Nanos) -> Vec<u8> {
    let (bid, ask) = best(engine);
    let value = json!({
        "e": "24hrTicker",
        "E": millis(now),
        "s": listed.symbol.as_str(),
        "p": price(listed, day.change()),
        "P": render(day.change_percent(3), 3),
        "w": price(listed, day.mean()),
        "c": price(listed, day.last),
        "Q": qty(listed, day.last_qty),
        "b": price(listed, bid.price),
        "B": qty(listed, bid.qty),
        "a": price(listed, ask.price),
        "A": qty(listed, ask.qty),
        "o": price(listed, day.open),
        "h": price(listed, day.high),
        "l": price(listed, day.low),
        "v": qty(listed, day.volume),
        "q": turnover(listed, day),
        "O": millis(now).saturating_sub(86_400_000),
        "C": millis(now),
        "F": day.first_id,
        "L": day.last_id,
        "n": day.count(),
    });
    value.to_string().into_bytes()
}

/// What a request weighs.
pub(super) fn weight(ask: &Ask<'_>, shop: &Shop) -> u32 {
    let all = |one: u32, all: u32| if ask.param("symbol").is_some() { one } else { all };
    match ask.path {
        "/api/v3/depth" => match depth_limit(ask) {
            Some(limit) if limit > 1_000 => 250,
            Some(limit) if limit > 500 => 50,
            Some(limit) if limit > 100 => 25,
            _ => 5,
        },
        "/api/v3/exchangeInfo" => 20,
        "/api/v3/trades" => 25,
        "/api/v3/ticker/bookTicker" | "/api/v3/ticker/price" => all(2, 4),
        "/api/v3/ticker/24hr" => all(2, if shop.all().count() > 20 { 40 } else { 2 }),
        _ => 1,
    }
}

/// A public REST request.
pub(super) fn rest(
    ask: &Ask<'_>,
    world: &World,
    shop: &Shop,
    books: &BTreeMap<usize, Told>,
) -> Response {
    let now = world.now();
    let Some(method) = ask.path.strip_prefix("/api/v3/") else {
        return refusal(404, -1_000, "Path not found: use /api/v3/..");
    };
    let answer = match method {
        "ping" => Ok(json!({})),
        "time" => Ok(json!({"serverTime": millis(now)})),
        "exchangeInfo" => return exchange_info(ask, shop, now),
        "depth" => return depth(ask, world, shop, books).unwrap_or_else(|refused| refused),
        "trades" => one(ask, shop).and_then(|(market, listed)| trades(ask, world, *market, listed)),
        "ticker/bookTicker" | "ticker/price" | "ticker/24hr" => some(ask, shop).map(|some| {
            let is_one = ask.param("symbol").is_some();
            let each = some.into_iter().filter_map(|(market, listed)| {
                let (engine, told) = (world.market(*market)?, books.get(market)?);
                Some(match method {
                    "ticker/bookTicker" => book_ticker(listed, engine),
                    "ticker/price" => {
                        let last = price(listed, told.day.last);
                        json!({"symbol": listed.symbol.as_str(), "price": last})
                    }
                    _ => ticker_body(listed, engine, &told.day, now),
                })
            });
            let mut all: Vec<Value> = each.collect();
            if is_one { all.pop().unwrap_or_default() } else { Value::Array(all) }
        }),
        _ => Err(refusal(404, -1_000, "Path not found")),
    };
    answer.map_or_else(|refused| refused, |body| Response::ok(body.to_string()))
}

/// The market that `symbol=` names.
fn one<'a>(ask: &Ask<'_>, shop: &'a Shop) -> Result<&'a (usize, Listed), Response> {
    let Some(symbol) = ask.param("symbol").filter(|symbol| !symbol.is_empty()) else {
        let msg = "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.";
        return Err(refusal(400, -1_102, msg));
    };
    known(&symbol, "symbol", shop)
}

fn known<'a>(
    symbol: &str,
    parameter: &str,
    shop: &'a Shop,
) -> Result<&'a (usize, Listed), Response> {
    let is_legal = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b"-_.".contains(&b);
    if symbol.len() > 20 || !symbol.bytes().all(is_legal) {
        let msg = format!(
            "Illegal characters found in parameter '{parameter}'; legal range is \
             '^[A-Z0-9-_.]{{1,20}}$'."
        );
        return Err(refusal(400, -1_100, &msg));
    }
    shop.find(symbol).ok_or_else(|| refusal(400, -1_121, "Invalid symbol."))
}

/// The markets that `symbol=` or `symbols=` name; all where neither is there.
fn some<'a>(ask: &Ask<'_>, shop: &'a Shop) -> Result<Vec<&'a (usize, Listed)>, Response> {
    if ask.param("symbol").is_some() {
        return one(ask, shop).map(|one| vec![one]);
    }
    let Some(list) = ask.param("symbols") else { return Ok(shop.all().collect()) };
    let Ok(names) = serde_json::from_str::<Vec<String>>(&list) else {
        let msg = "Illegal characters found in parameter 'symbols'; legal range is \
                   '^\\[(\"[A-Z0-9-_.]{1,20}\"(,\"[A-Z0-9-_.]{1,20}\"){0,}){0,1}\\]$'.";
        return Err(refusal(400, -1_100, msg));
    };
    names.iter().map(|name| known(name, "symbols", shop)).collect()
}

fn exchange_info(ask: &Ask<'_>, shop: &Shop, now: Nanos) -> Response {
    let some = match some(ask, shop) {
        Ok(some) => some,
        Err(refused) => return refused,
    };
    let listed: Vec<mirror::Listed> = some
        .into_iter()
        .map(|(_, listed)| mirror::Listed {
            symbol: listed.symbol,
            base: listed.base,
            quote: listed.quote,
            shape: listed.shape,
            tick: listed.rules.tick,
            lot: listed.rules.lot,
            qty_min: listed.rules.qty_min,
            notional_min: notional_min(listed),
            status: "TRADING",
        })
        .collect();
    let mut body = Vec::new();
    mirror::exchange_info(now, &listed, &mut body);
    Response::ok(body)
}

/// The least that an order must come to, in units of the price.
fn notional_min(listed: &Listed) -> i64 {
    (listed.rules.notional_min / 10_i128.pow(listed.shape.qty.into())) as i64
}

/// Levels a side that are asked for; `None` where it is no such number.
fn depth_limit(ask: &Ask<'_>) -> Option<usize> {
    let limit = ask.param("limit").map_or(Some(DEPTH_LEVELS.0), |limit| limit.parse().ok());
    limit.filter(|limit| *limit > 0).map(|limit| limit.min(DEPTH_LEVELS.1))
}

fn depth(
    ask: &Ask<'_>,
    world: &World,
    shop: &Shop,
    books: &BTreeMap<usize, Told>,
) -> Result<Response, Response> {
    let (market, listed) = one(ask, shop)?;
    let limit = depth_limit(ask).ok_or_else(bad_limit)?;
    let unlisted = || refusal(400, -1_121, "Invalid symbol.");
    let (engine, told) = world.market(*market).zip(books.get(market)).ok_or_else(unlisted)?;
    let [bids, asks] = [Side::Buy, Side::Sell].map(|side| engine.best(side, limit));
    let (shape, last_id) = (listed.shape, told.update_id);
    let mut body = Vec::new();
    mirror::snapshot(&Snapshot { shape, last_id, bids: &bids, asks: &asks }, &mut body);
    Ok(Response::ok(body))
}

fn bad_limit() -> Response {
    let msg = "Illegal characters found in parameter 'limit'; legal range is '^[0-9]{1,20}$'.";
    refusal(400, -1_100, msg)
}

fn trades(ask: &Ask<'_>, world: &World, market: usize, listed: &Listed) -> Result<Value, Response> {
    let limit = ask.param("limit").map_or(Some(500), |limit| limit.parse::<usize>().ok());
    let limit = limit.ok_or_else(bad_limit)?.clamp(1, 1_000);
    let shown = |(at, trade): &(Nanos, Trade)| {
        let unit = 10_i128.pow(u32::from(listed.shape.qty));
        let cost = i128::from(trade.price) * i128::from(trade.qty) / unit;
        json!({
            "id": trade.id,
            "price": price(listed, trade.price),
            "qty": qty(listed, trade.qty),
            "quoteQty": price(listed, cost as i64),
            "time": millis(*at),
            "isBuyerMaker": trade.taker == Side::Sell,
            "isBestMatch": true,
        })
    };
    let mut all: Vec<Value> = world.past(market).rev().take(limit).map(shown).collect();
    all.reverse();
    Ok(Value::Array(all))
}

fn book_ticker(listed: &Listed, engine: &Engine) -> Value {
    let (bid, ask) = best(engine);
    json!({
        "symbol": listed.symbol.as_str(),
        "bidPrice": price(listed, bid.price),
        "bidQty": qty(listed, bid.qty),
        "askPrice": price(listed, ask.price),
        "askQty": qty(listed, ask.qty),
    })
}

fn ticker_body(listed: &Listed, engine: &Engine, day: &Day, now: Nanos) -> Value {
    let (bid, ask) = best(engine);
    json!({
        "symbol": listed.symbol.as_str(),
        "priceChange": price(listed, day.change()),
        "priceChangePercent": render(day.change_percent(3), 3),
        "weightedAvgPrice": price(listed, day.mean()),
        "prevClosePrice": price(listed, day.open),
        "lastPrice": price(listed, day.last),
        "lastQty": qty(listed, day.last_qty),
        "bidPrice": price(listed, bid.price),
        "bidQty": qty(listed, bid.qty),
        "askPrice": price(listed, ask.price),
        "askQty": qty(listed, ask.qty),
        "openPrice": price(listed, day.open),
        "highPrice": price(listed, day.high),
        "lowPrice": price(listed, day.low),
        "volume": qty(listed, day.volume),
        "quoteVolume": turnover(listed, day),
        "openTime": millis(now).saturating_sub(86_400_000),
        "closeTime": millis(now),
        "firstId": day.first_id,
        "lastId": day.last_id,
        "count": day.count(),
    })
}

fn best(engine: &Engine) -> (Level, Level) {
    let best = |side| engine.level(side, 0).unwrap_or_default();
    (best(Side::Buy), best(Side::Sell))
}

fn price(listed: &Listed, units: i64) -> String {
    padded(units, listed.shape.price)
}

fn qty(listed: &Listed, units: i64) -> String {
    padded(units, listed.shape.qty)
}

/// What all trades came to, in the quote.
fn turnover(listed: &Listed, day: &Day) -> String {
    price(listed, (day.cost / 10_i128.pow(listed.shape.qty.into())) as i64)
}

fn padded(units: i64, decimals: u8) -> String {
    let mut text = Vec::new();
    Pen::new(&mut text).padded(units, decimals, DECIMALS);
    String::from_utf8_lossy(&text).into_owned()
}

fn millis(at: Nanos) -> u64 {
    (at.0 / Nanos::MILLI).unsigned_abs()
}
