//! Binance's words around the market streams: requests, answers, what is asked over REST.
//!
//! In: symbols, a frame that is no market data, a REST body. Out: texts, paths, [`Said`].
//! Never: a price. Market data is only named and numbered.

use super::strict::describe;
use crate::base::Symbol;
use crate::venue::contract::{Described, Refusal};
use crate::venue::wire::{Pen, Value, need};

/// Weight of `exchangeInfo`.
pub(super) const INFO_WEIGHT: u32 = 20;

/// Levels a side that a snapshot may have.
pub(super) const DEPTH_MAX: u32 = 5_000;

/// What is followed of each symbol.
#[derive(Clone, Copy, Debug)]
pub(super) struct Streams {
    pub(super) trades: bool,
    pub(super) quotes: bool,
}

/// What a frame says to the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// The request with this number was granted.
    Granted(u64),
    /// The request with this number was turned down.
    Denied(u64),
    /// The server stops soon.
    Shutdown,
    /// A market event, or one that is not known.
    Other,
}

/// What `exchangeInfo` says.
#[derive(Clone, Debug)]
pub(super) struct Info {
    pub(super) described: Vec<Described>,
    /// Weight that may be used in a minute.
    pub(super) weight_max: Option<u32>,
}

impl Streams {
    /// How many there are of a symbol.
    pub(super) fn count(self) -> usize {
        1 + usize::from(self.trades) + usize::from(self.quotes)
    }

    /// Writes their names with `between` between them.
    pub(super) fn write(self, symbol: Symbol, between: &str, pen: &mut Pen<'_>) {
        pen.lower(symbol.as_str()).text("@depth@100ms");
        if self.trades {
            pen.text(between).lower(symbol.as_str()).text("@trade");
        }
        if self.quotes {
            pen.text(between).lower(symbol.as_str()).text("@bookTicker");
        }
    }
}

/// `SUBSCRIBE` for all streams of these symbols.
pub(super) fn subscribe(symbols: &[Symbol], streams: Streams, id: u64) -> String {
    let mut out = Vec::with_capacity(64 + symbols.len() * 64);
    let mut pen = Pen::new(&mut out);
    pen.text("{\"method\":\"SUBSCRIBE\",\"params\":[");
    pen.list(symbols, |pen, symbol| {
        pen.text("\"");
        streams.write(*symbol, "\",\"", pen);
        pen.text("\"");
    });
    pen.text("],\"id\":").whole(id).text("}");
    String::from_utf8(out).unwrap_or_default()
}

/// A question that any line answers: is it still there?
pub(super) fn list(id: u64) -> String {
    format!("{{\"method\":\"LIST_SUBSCRIPTIONS\",\"id\":{id}}}")
}

/// The path of a combined stream that begins with the streams of one symbol.
pub(super) fn stream_path(base: &str, symbol: Symbol, streams: Streams) -> String {
    let mut out = Vec::with_capacity(128);
    let mut pen = Pen::new(&mut out);
    pen.text(base).text("?streams=");
    streams.write(symbol, "/", &mut pen);
    String::from_utf8(out).unwrap_or_default()
}

/// The path of `exchangeInfo` about these symbols: `["A","B"]`, with what a query must escape.
pub(super) fn info_path(base: &str, symbols: impl Iterator<Item = Symbol>) -> String {
    let names: Vec<String> = symbols.map(|symbol| format!("%22{symbol}%22")).collect();
    format!("{base}/exchangeInfo?symbols=%5B{}%5D", names.join(","))
}

/// The path of a snapshot.
pub(super) fn depth_path(base: &str, symbol: Symbol, depth: u32) -> String {
    format!("{base}/depth?symbol={symbol}&limit={depth}")
}

/// The weight of a snapshot of so many levels a side.
pub(super) const fn depth_weight(depth: u32) -> u32 {
    match depth {
        ..=100 => 5,
        101..=500 => 25,
        501..=1_000 => 50,
        _ => 250,
    }
}

/// What a frame that is no ordinary market data says.
pub(super) fn read(root: Value<'_>) -> Result<Said, Refusal> {
    let [stream, data] = root.pick("message", ["stream", "data"])?;
    let root = match (stream, data) {
        (Some(_), Some(data)) if data.is_object() => data,
        _ => root,
    };
    let [kind, id, code, error, result] =
        root.pick("message", ["e", "id", "code", "error", "result"])?;
    if kind.is_some_and(|kind| kind.text("e") == Ok("serverShutdown")) {
        return Ok(Said::Shutdown);
    }
    let id = id.and_then(|id| id.whole("id").ok());
    if code.is_some() || error.is_some() {
        return Ok(Said::Denied(id.unwrap_or_default()));
    }
    match (id, result) {
        (Some(id), Some(_)) => Ok(Said::Granted(id)),
        _ => Ok(Said::Other),
    }
}

/// What `exchangeInfo` says. Only symbols that are followed are read closely.
pub(super) fn info(
    root: Value<'_>,
    is_followed: impl Fn(&Symbol) -> bool,
) -> Result<Info, Refusal> {
    let [limits, symbols] = root.pick("message", ["rateLimits", "symbols"])?;
    let mut info = Info { described: Vec::new(), weight_max: None };
    for item in need(symbols, "symbols")?.items("symbols")? {
        let [name] = item.pick("symbols", ["symbol"])?;
        if let Ok(symbol) = need(name, "symbol")?.symbol("symbol")
            && is_followed(&symbol)
        {
            info.described.push(describe(item)?);
        }
    }
    let Some(limits) = limits else { return Ok(info) };
    for limit in limits.items("rateLimits")? {
        let [kind, interval, count, most] =
            limit.pick("rateLimits", ["rateLimitType", "interval", "intervalNum", "limit"])?;
        let is =
            |value: Option<Value<'_>>, word| value.is_some_and(|v| v.text("limit") == Ok(word));
        if is(kind, "REQUEST_WEIGHT") && is(interval, "MINUTE") && is(count, "1") {
            let most = need(most, "limit")?.whole("limit")?;
            info.weight_max = Some(u32::try_from(most).unwrap_or(u32::MAX));
        }
    }
    Ok(info)
}
