//! What Binance says in the scenes of its session, and how it serves one.

use super::session::OPENING;
use crate::venue::session::stand::{HERE, Stand, settings};
use crate::venue::session::{FetchId, Line, Pass, Settings};

pub(super) const TWO: [&str; 2] = ["BTCUSDT", "ETHUSDT"];
pub(super) const FEED: Pass = Pass::Feed(HERE);
pub(super) const SECOND: i64 = 1_000;

/// `exchangeInfo` for symbols that end with USDT.
pub(super) fn info(symbols: &[&str], status: &str) -> String {
    let one = |symbol: &&str| {
        let base = symbol.trim_end_matches("USDT");
        format!(
            r#"{{"symbol":"{symbol}","status":"{status}","baseAsset":"{base}","baseAssetPrecision":8,"quoteAsset":"USDT","quotePrecision":8,"quoteAssetPrecision":8,"filters":[{{"filterType":"PRICE_FILTER","minPrice":"0.01000000","maxPrice":"1000000.00000000","tickSize":"0.01000000"}},{{"filterType":"LOT_SIZE","minQty":"0.00001000","maxQty":"9000.00000000","stepSize":"0.00001000"}},{{"filterType":"NOTIONAL","minNotional":"5.00000000","applyMinToMarket":true}}]}}"#
        )
    };
    let symbols: Vec<String> = symbols.iter().map(one).collect();
    let symbols = symbols.join(",");
    format!(
        r#"{{"timezone":"UTC","serverTime":1767225600000,"rateLimits":[{{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":6000}},{{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":50}}],"symbols":[{symbols}]}}"#
    )
}

pub(super) fn depth(symbol: &str, first: u64, last: u64) -> String {
    let stream = symbol.to_ascii_lowercase();
    format!(
        r#"{{"stream":"{stream}@depth@100ms","data":{{"e":"depthUpdate","E":1672515782136,"s":"{symbol}","U":{first},"u":{last},"b":[["0.0024","10"]],"a":[["0.0026","100"]]}}}}"#
    )
}

pub(super) fn trade(symbol: &str, id: u64) -> String {
    let stream = symbol.to_ascii_lowercase();
    format!(
        r#"{{"stream":"{stream}@trade","data":{{"e":"trade","E":1672515782136,"s":"{symbol}","t":{id},"p":"0.001","q":"100","T":1672515782136,"m":true,"M":true}}}}"#
    )
}

pub(super) fn quote(symbol: &str, id: u64) -> String {
    let stream = symbol.to_ascii_lowercase();
    format!(
        r#"{{"stream":"{stream}@bookTicker","data":{{"u":{id},"s":"{symbol}","b":"25.35190000","B":"31.21000000","a":"25.36520000","A":"40.66000000"}}}}"#
    )
}

pub(super) fn snapshot(last: u64) -> String {
    format!(
        r#"{{"lastUpdateId":{last},"bids":[["4.00000000","431.00000000"]],"asks":[["4.00000200","12.00000000"]]}}"#
    )
}

pub(super) fn granted(id: u64) -> String {
    format!(r#"{{"result":null,"id":{id}}}"#)
}

/// The number of a request.
pub(super) fn id_of(text: &str) -> u64 {
    let (_, id) = text.rsplit_once("\"id\":").unwrap();
    id.trim_end_matches('}').parse().unwrap()
}

/// Grants all that was asked for on a line, and gives what it was.
pub(super) fn grant(stand: &mut Stand, line: Line) -> Vec<String> {
    let texts = stand.texts(line);
    for text in &texts {
        stand.frame(line, granted(id_of(text)));
    }
    texts
}

/// A session of two symbols whose metadata has come.
pub(super) fn told(settings: Settings) -> Stand {
    let mut stand = Stand::new(&OPENING, settings);
    let (id, _) = stand.fetches()[0];
    stand.answer(id, 200, info(&TWO, "TRADING"));
    stand.pass(20);
    stand
}

pub(super) fn two() -> Settings {
    settings(&OPENING, &TWO)
}

/// A session whose books of two symbols wait for their snapshots: the first change is 157 to 160.
pub(super) fn waiting() -> (Stand, Line, [FetchId; 2]) {
    let mut stand = told(two());
    let line = stand.open();
    stand.pass(20);
    grant(&mut stand, line);
    for symbol in TWO {
        assert_eq!(stand.frame(line, depth(symbol, 157, 160)), FEED);
    }
    stand.pass(20);
    let fetches = stand.fetches();
    assert_eq!(fetches.len(), 2, "{fetches:?}");
    (stand, line, [fetches[0].0, fetches[1].0])
}

/// A session with two books that are anchored at 160.
pub(super) fn live() -> (Stand, Line) {
    let (mut stand, line, ids) = waiting();
    for (n, id) in ids.into_iter().enumerate() {
        let subject = crate::base::InstrumentId(100 + n as u32);
        assert_eq!(stand.answer(id, 200, snapshot(160)), Pass::Snapshot(HERE, subject));
    }
    (stand, line)
}

/// Two lines on which all is granted, both anchored at 160, and the leader's next change seen.
pub(super) fn doubled(settings: Settings) -> (Stand, Line, Line) {
    let mut stand = told(settings);
    let lines = stand.dials();
    let (first, second) = (lines[0], lines[1]);
    for line in [first, second] {
        stand.opened(line);
        stand.pass(20);
        grant(&mut stand, line);
    }
    for symbol in TWO {
        stand.frame(first, depth(symbol, 157, 160));
        stand.frame(second, depth(symbol, 157, 160));
    }
    stand.pass(20);
    for (id, _) in stand.fetches() {
        stand.answer(id, 200, snapshot(160));
    }
    (stand, first, second)
}
