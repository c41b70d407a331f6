//! Kraken's public words: the requests of a session, and what the venue answers to them.
//!
//! In: symbols, a frame that is no ordinary market data. Out: request texts, [`Said`].
//! Never: a price. Market data is only named.

use super::strict::describe;
use crate::base::Symbol;
use crate::venue::contract::{Described, Refusal};
use crate::venue::wire::{Pen, Value, need};

/// What can be subscribed to for a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channel {
    Book,
    Trade,
    /// Of all pairs at once.
    Instrument,
    Other,
}

/// Why a request was turned down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Error {
    Unlisted,
    Depth,
    Already,
    Rate,
    Other,
}

/// How the venue's system is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum System {
    Online,
    /// It takes fewer orders than usual; market data goes on.
    Limited,
    Maintenance,
}

/// What a frame says to the session.
#[derive(Clone, Debug)]
pub(super) enum Said {
    System(System),
    /// Pairs that were asked about, as the venue describes them.
    Instruments {
        is_snapshot: bool,
        pairs: Vec<Described>,
    },
    /// An answer to a subscribe or an unsubscribe.
    Reply(Reply),
    /// A market frame in another order of keys than usual.
    Market {
        channel: Channel,
        is_snapshot: bool,
        symbol: Symbol,
    },
    /// A sign of life.
    Other,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Reply {
    pub(super) is_subscribe: bool,
    /// As the reply says; where it turns something down only `req_id` tells.
    pub(super) channel: Option<Channel>,
    pub(super) symbol: Symbol,
    pub(super) req_id: u64,
    pub(super) error: Option<Error>,
}

/// `subscribe` or `unsubscribe` for symbols of one channel.
pub(super) fn request(
    is_subscribe: bool,
    channel: Channel,
    symbols: &[Symbol],
    depth: u32,
    req_id: u64,
) -> String {
    let mut out = Vec::with_capacity(128 + symbols.len() * 16);
    let mut pen = Pen::new(&mut out);
    pen.text("{\"method\":\"")
        .text(if is_subscribe { "subscribe" } else { "unsubscribe" })
        .text("\",\"params\":{\"channel\":\"")
        .text(match channel {
            Channel::Book => "book\"",
            Channel::Trade => "trade\"",
            Channel::Instrument | Channel::Other => "instrument\"",
        });
    if !symbols.is_empty() {
        pen.text(",\"symbol\":[").list(symbols, |pen, symbol| {
            pen.text("\"").text(symbol.as_str()).text("\"");
        });
        pen.text("]");
    }
    if channel == Channel::Book {
        pen.text(",\"depth\":").whole(u64::from(depth));
    }
    if is_subscribe {
        // Trades from before the subscription are not new.
        pen.text(",\"snapshot\":").flag(channel != Channel::Trade);
    }
    pen.text("},\"req_id\":").whole(req_id).text("}");
    String::from_utf8(out).unwrap_or_default()
}

/// A ping of the application.
pub(super) fn ping(req_id: u64) -> String {
    format!("{{\"method\":\"ping\",\"req_id\":{req_id}}}")
}

/// What a frame says; `is_followed` tells which pairs are described.
pub(super) fn read(
    root: Value<'_>,
    is_followed: impl Fn(&Symbol) -> bool,
) -> Result<Said, Refusal> {
    let [method, channel, kind, data] =
        root.pick("message", ["method", "channel", "type", "data"])?;
    if let Some(method) = method {
        return match method.text("method")? {
            "subscribe" => reply(root, true),
            "unsubscribe" => reply(root, false),
            _ => Ok(Said::Other),
        };
    }
    let Some(channel) = channel else {
        // A request that could not be read at all is turned down without its method.
        let [error] = root.pick("message", ["error"])?;
        return if error.is_some() { reply(root, true) } else { Ok(Said::Other) };
    };
    let is_snapshot = kind.is_some_and(|k| k.text("type") == Ok("snapshot"));
    match channel.text("channel")? {
        "status" => status(need(data, "data")?),
        "instrument" => {
            let [pairs] = need(data, "data")?.pick("data", ["pairs"])?;
            Ok(Said::Instruments { is_snapshot, pairs: described(pairs, is_followed)? })
        }
        name @ ("book" | "trade" | "ticker") => {
            let channel = match name {
                "book" => Channel::Book,
                "trade" => Channel::Trade,
                _ => Channel::Other,
            };
            let [first] = need(data, "data")?.leading("data")?;
            let [symbol] = first.pick("data", ["symbol"])?;
            let symbol = need(symbol, "symbol")?.symbol("symbol")?;
            Ok(Said::Market { channel, is_snapshot, symbol })
        }
        _ => Ok(Said::Other),
    }
}

fn status(data: Value<'_>) -> Result<Said, Refusal> {
    let [first] = data.leading("data")?;
    let [system] = first.pick("data", ["system"])?;
    Ok(match need(system, "system")?.text("system")? {
        "online" => Said::System(System::Online),
        "maintenance" => Said::System(System::Maintenance),
        _ => Said::System(System::Limited),
    })
}

/// Only pairs that are followed are read closely: one that is none of ours cannot make the others
/// unreadable.
fn described(
    pairs: Option<Value<'_>>,
    is_followed: impl Fn(&Symbol) -> bool,
) -> Result<Vec<Described>, Refusal> {
    let mut found = Vec::new();
    let Some(pairs) = pairs else { return Ok(found) };
    for pair in pairs.items("pairs")? {
        let [symbol] = pair.pick("pairs", ["symbol"])?;
        if let Ok(symbol) = need(symbol, "symbol")?.symbol("symbol")
            && is_followed(&symbol)
        {
            found.push(describe(pair)?);
        }
    }
    Ok(found)
}

fn reply(root: Value<'_>, is_subscribe: bool) -> Result<Said, Refusal> {
    let [result, success, error, symbol, req_id] =
        root.pick("message", ["result", "success", "error", "symbol", "req_id"])?;
    let mut reply = Reply {
        is_subscribe,
        channel: None,
        symbol: symbol.map_or(Ok(Symbol::NONE), |s| s.symbol("symbol"))?,
        req_id: req_id.map_or(Ok(0), |id| id.whole("req_id"))?,
        error: None,
    };
    if let Some(result) = result.filter(|r| r.is_object()) {
        let [channel, symbol] = result.pick("result", ["channel", "symbol"])?;
        reply.channel = channel.map(|c| c.text("channel")).transpose()?.map(|name| match name {
            "book" => Channel::Book,
            "trade" => Channel::Trade,
            "instrument" => Channel::Instrument,
            _ => Channel::Other,
        });
        if let Some(symbol) = symbol {
            reply.symbol = symbol.symbol("symbol")?;
        }
    }
    let has_failed = success.is_some_and(|s| s.flag("success") == Ok(false)) || error.is_some();
    if has_failed {
        let text = error.map_or(Ok(""), |e| e.text("error"))?;
        reply.error = Some(error_of(text));
    }
    Ok(Said::Reply(reply))
}

/// Wordings are not all documented, so parts of them are looked for.
fn error_of(text: &str) -> Error {
    let has = |part: &str| text.contains(part);
    if has("pair not supported") || has("Unknown asset pair") || has("not found") {
        Error::Unlisted
    } else if has("depth") {
        Error::Depth
    } else if has("Already subscribed") {
        Error::Already
    } else if has("msg rate") || has("Rate limit") || has("Throttled") || has("Busy") {
        Error::Rate
    } else {
        Error::Other
    }
}
