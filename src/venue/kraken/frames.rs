//! What Kraken says in the scenes of its session, and how it serves one.

use super::session::OPENING;
use crate::venue::session::stand::{HERE, Stand, settings};
use crate::venue::session::{Line, Pass};

pub(super) const TWO: [&str; 2] = ["BTC/USD", "ETH/USD"];
pub(super) const FEED: Pass = Pass::Feed(HERE);
pub(super) const SECOND: i64 = 1_000;
pub(super) const HEARTBEAT: &str = r#"{"channel":"heartbeat"}"#;

pub(super) fn pair(symbol: &str, status: &str) -> String {
    let (base, quote) = symbol.split_once('/').unwrap();
    format!(
        r#"{{"symbol":"{symbol}","base":"{base}","quote":"{quote}","status":"{status}","qty_precision":8,"qty_increment":1e-08,"qty_min":0.00005,"price_precision":1,"price_increment":0.1,"cost_precision":5,"cost_min":0.5,"marginable":true,"margin_initial":0.20,"position_limit_long":300,"position_limit_short":240,"has_index":true,"tick_size":0.1}}"#
    )
}

pub(super) fn instrument(kind: &str, pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(symbol, status)| pair(symbol, status)).collect();
    let pairs = pairs.join(",");
    format!(
        r#"{{"channel":"instrument","type":"{kind}","data":{{"assets":[{{"id":"BTC","status":"enabled"}}],"pairs":[{pairs}]}}}}"#
    )
}

pub(super) fn listed(symbols: &[&str]) -> String {
    let pairs: Vec<(&str, &str)> = symbols.iter().map(|symbol| (*symbol, "online")).collect();
    instrument("snapshot", &pairs)
}

pub(super) fn granted(channel: &str, symbol: &str, req_id: u64) -> String {
    format!(
        r#"{{"method":"subscribe","req_id":{req_id},"result":{{"channel":"{channel}","depth":10,"snapshot":true,"symbol":"{symbol}"}},"success":true,"time_in":"2026-01-01T00:00:00.100000Z","time_out":"2026-01-01T00:00:00.100100Z"}}"#
    )
}

pub(super) fn left(symbol: &str) -> String {
    format!(
        r#"{{"method":"unsubscribe","result":{{"channel":"book","depth":10,"symbol":"{symbol}"}},"success":true}}"#
    )
}

pub(super) fn denied(symbol: &str, error: &str, req_id: u64) -> String {
    format!(
        r#"{{"method":"subscribe","req_id":{req_id},"success":false,"symbol":"{symbol}","error":"{error}","time_in":"…","time_out":"…"}}"#
    )
}

pub(super) fn status(system: &str) -> String {
    format!(
        r#"{{"channel":"status","type":"update","data":[{{"api_version":"v2","connection_id":13834774380200032777,"system":"{system}","version":"2.0.0"}}]}}"#
    )
}

pub(super) fn book(kind: &str, symbol: &str) -> String {
    format!(
        r#"{{"channel":"book","type":"{kind}","data":[{{"symbol":"{symbol}","bids":[],"asks":[{{"price":64525.3,"qty":0.10000000}}],"checksum":2175437505,"timestamp":"2026-07-19T08:00:01.123456Z"}}]}}"#
    )
}

pub(super) fn trade(symbol: &str, id: u64) -> String {
    format!(
        r#"{{"channel":"trade","type":"update","data":[{{"symbol":"{symbol}","side":"sell","price":64525.0,"qty":0.00154900,"ord_type":"market","trade_id":{id},"timestamp":"2026-07-19T08:00:01.001122Z"}}]}}"#
    )
}

pub(super) fn req_id(text: &str) -> u64 {
    let (_, id) = text.rsplit_once("\"req_id\":").unwrap();
    id.trim_end_matches('}').parse().unwrap()
}

/// The requests among `texts` for this channel.
pub(super) fn asked(texts: &[String], method: &str, channel: &str) -> Vec<String> {
    let begins = format!(r#"{{"method":"{method}","params":{{"channel":"{channel}""#);
    texts.iter().filter(|text| text.starts_with(&begins)).cloned().collect()
}

/// Grants all that was asked for on a line, with its snapshots.
pub(super) fn serve(stand: &mut Stand, line: Line, symbols: &[&str]) {
    let texts = stand.texts(line);
    for channel in ["book", "trade"] {
        for text in asked(&texts, "subscribe", channel) {
            for symbol in symbols.iter().filter(|s| text.contains(**s)) {
                stand.frame(line, granted(channel, symbol, req_id(&text)));
                if channel == "book" {
                    stand.frame(line, book("snapshot", symbol));
                }
            }
        }
    }
}

/// Opens a line and brings all symbols to life on it.
pub(super) fn live(stand: &mut Stand, symbols: &[&str]) -> Line {
    let line = stand.open();
    stand.frame(line, status("online"));
    stand.frame(line, listed(symbols));
    stand.pass(20);
    serve(stand, line, symbols);
    stand.pass(20);
    line
}

pub(super) fn two() -> Stand {
    Stand::new(&OPENING, settings(&OPENING, &TWO))
}
