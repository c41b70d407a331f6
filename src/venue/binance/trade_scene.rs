//! Scenes of Binance's private session: logged on and signed one by one, and through what goes
//! wrong.

use super::SPOT_DESK;
use super::trade::TRADE;
use crate::base::{Nanos, Qty};
use crate::event::{Happened, Liquidity};
use crate::venue::session::{Line, Stage};
use crate::venue::trade::stand::{BASE, HERE, QUOTE, Stand, fit, key, name};
use crate::venue::trade::{Fact, Kind, Listing, NO_BUDGET, NOT_READY, Network, Settings};

const PEM: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n\
    -----END PRIVATE KEY-----";

fn settings(secret: &str) -> Settings {
    let plain = (TRADE.settings)(Network::Live).unwrap();
    Settings { key: key("fakeBinanceKeyA", secret), ..fit(plain, "BTCUSDT", ["BTC", "USDT"]) }
}

/// Requests that were sent: by method, their id and parameters.
fn sent(stand: &mut Stand) -> Vec<(String, String, serde_json::Value)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let read = |request: &String| {
        let root: serde_json::Value = serde_json::from_str(request).unwrap();
        (text(&root["method"]), text(&root["id"]), root["params"].clone())
    };
    stand.texts().iter().map(read).collect()
}

/// The one request of this method that was sent.
fn one(stand: &mut Stand, method: &str) -> (String, serde_json::Value) {
    let mut found = sent(stand);
    assert_eq!(found.len(), 1, "{found:?}");
    let (is, id, params) = found.remove(0);
    assert_eq!(is, method);
    (id, params)
}

fn answer(stand: &mut Stand, line: Line, id: &str, result: &str) {
    stand.frame(line, format!(r#"{{"id":"{id}","status":200,"result":{result}}}"#));
}

fn refuse(stand: &mut Stand, line: Line, id: &str, status: u16, code: i32, text: &str) {
    stand.frame(
        line,
        format!(r#"{{"id":"{id}","status":{status},"error":{{"code":{code},"msg":"{text}"}}}}"#),
    );
}

/// Logs a line on.
fn log_on(stand: &mut Stand) -> Line {
    let line = stand.open();
    stand.pass(20);
    let (id, params) = one(stand, "session.logon");
    assert_eq!(params["apiKey"], "fakeBinanceKeyA");
    assert_eq!(params["signature"].as_str().unwrap().len(), 88);
    answer(
        stand,
        line,
        &id,
        r#"{"apiKey":"x","authorizedSince":1,"connectedSince":1,"returnRateLimits":true,"userDataStream":false}"#,
    );
    stand.pass(20);
    let (id, params) = one(stand, "userDataStream.subscribe");
    assert!(params.is_null());
    answer(stand, line, &id, r#"{"subscriptionId":0}"#);
    stand.pass(20);
    line
}

/// Answers what is listed after a logon.
fn list(stand: &mut Stand, line: Line, orders: &str) {
    for _ in 0..2 {
        for (method, id, _) in sent(stand) {
            let time = stand.now.0 / Nanos::MILLI;
            let result = match &*method {
                "openOrders.status" => orders.to_owned(),
                "account.status" => r#"{"updateTime":1767225600000,"balances":[{"asset":"BTC","free":"1.0","locked":"0.5"}]}"#.to_owned(),
                "account.rateLimits.orders" => r#"[{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":100,"count":0}]"#.to_owned(),
                "myTrades" => r#"[{"symbol":"BTCUSDT","id":28457,"orderId":100234,"orderListId":-1,"price":"64525.1","qty":"0.002","quoteQty":"129.05","commission":"0.129","commissionAsset":"USDT","time":1767225700000,"isBuyer":true,"isMaker":true,"isBestMatch":true}]"#.to_owned(),
                "time" => format!("{{\"serverTime\":{time}}}"),
                other => panic!("{other}"),
            };
            answer(stand, line, &id, &result);
        }
        stand.pass(20);
    }
}

fn ready() -> (Stand, Line) {
    let mut stand = Stand::new(&TRADE, &SPOT_DESK, settings(PEM));
    let line = log_on(&mut stand);
    list(&mut stand, line, "[]");
    assert!(stand.trader.is_ready(), "{}", stand.trader.state());
    stand.out.clear();
    (stand, line)
}

/// An `executionReport` about an order of ours.
fn event(stand: &mut Stand, line: Line, kind: &str, status: &str, filled: &str, rest: &str) {
    let rest = rest.strip_prefix('{').and_then(|r| r.strip_suffix('}')).unwrap_or(rest);
    stand.frame(line, format!(r#"{{"subscriptionId":0,"event":{{"e":"executionReport","E":1767225601000,"s":"BTCUSDT","S":"BUY","o":"LIMIT_MAKER","f":"GTC","q":"0.00150000","p":"64525.10","x":"{kind}","X":"{status}","i":42,"T":1767225601000,{filled},{rest}}}}}"#));
}

const PLAIN: &str =
    r#""c":"n00000100000000001","C":"","l":"0","L":"0","n":"0","N":null,"t":-1,"m":false"#;

fn acknowledge(stand: &mut Stand, line: Line, decision: u64) {
    let name = name(decision);
    answer(
        stand,
        line,
        name.text(),
        &format!(
            r#"{{"symbol":"BTCUSDT","orderId":42,"orderListId":-1,"clientOrderId":"{}","transactTime":1767225601000}}"#,
            name.text()
        ),
    );
}

#[test]
fn a_key_logs_on_hears_its_own_events_and_lists_what_the_account_holds() {
    let mut stand = Stand::new(&TRADE, &SPOT_DESK, settings(PEM));
    let line = log_on(&mut stand);
    assert!(matches!(stand.hand_in(Kind::Place, 1, 1), Err(Happened::Rejected(NOT_READY))));
    list(
        &mut stand,
        line,
        r#"[{"symbol":"BTCUSDT","orderId":7,"orderListId":-1,"clientOrderId":"n00000000000000009","price":"80000.00","origQty":"0.00010000","executedQty":"0.00002000","cummulativeQuoteQty":"1.6","status":"PARTIALLY_FILLED","timeInForce":"GTC","type":"LIMIT","side":"SELL","time":1767225600000,"updateTime":1767225600000}]"#,
    );
    assert!(stand.trader.is_ready() && stand.trader.state().is_live());
    let facts = stand.facts();
    let order = facts.iter().find_map(|fact| match fact {
        Fact::Order(order) => Some(*order),
        _ => None,
    });
    let order = order.unwrap();
    assert_eq!((order.price, order.qty, order.filled), (800_000, 10_000, 2_000));
    let balance = facts.iter().find_map(|fact| match fact {
        Fact::Balance(balance) => Some(*balance),
        _ => None,
    });
    let balance = balance.unwrap();
    assert_eq!((balance.asset, balance.total, balance.held), (BASE, 150_000_000, Some(50_000_000)));
    let fill = facts.iter().find_map(|fact| match fact {
        Fact::Fill(fill) => Some(*fill),
        _ => None,
    });
    let fill = fill.unwrap();
    assert_eq!((fill.instrument, fill.price, fill.qty), (HERE, 645_251, 200_000));
    assert_eq!((fill.fee, fill.fee_asset, fill.liquidity), (12_900_000, QUOTE, Liquidity::Maker));
    let ends = facts.iter().filter(|fact| matches!(fact, Fact::Whole(_)));
    assert_eq!(ends.count(), 3);
    assert!(facts.contains(&Fact::Whole(Listing::Fills)));
    stand.trader.cancel_standing(&order, stand.now, &mut stand.out);
    let (_, params) = one(&mut stand, "order.cancel");
    assert_eq!((&params["orderId"], &params["symbol"]), (&7.into(), &"BTCUSDT".into()));
}

#[test]
fn on_a_line_that_was_logged_on_orders_go_out_as_dispatch_wrote_them() {
    let (mut stand, line) = ready();
    let (text, _) = stand.hand_in(Kind::Place, 1, 1).unwrap();
    let root: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(root["params"]["newClientOrderId"], name(1).text());
    assert!(root["params"].get("signature").is_none());
    // The event comes before the answer.
    event(&mut stand, line, "NEW", "NEW", r#""z":"0","Z":"0""#, PLAIN);
    assert_eq!(stand.replies(), [(1, Happened::Accepted)]);
    acknowledge(&mut stand, line, 1);
    assert!(stand.replies().is_empty());
    event(
        &mut stand,
        line,
        "TRADE",
        "PARTIALLY_FILLED",
        r#""z":"0.0005","Z":"32.2625""#,
        r#"{"c":"n00000100000000001","C":"","l":"0.00050000","L":"64525.00","n":"0.03226","N":"USDT","t":77,"m":true}"#,
    );
    let replies = stand.replies();
    let [(1, Happened::Filled(fill))] = replies[..] else { panic!("{replies:?}") };
    assert_eq!((fill.qty, fill.price.0, fill.amount), (Qty(50_000), 645_250, 3_226_250_000));
    assert_eq!((fill.fee, fill.fee_asset, fill.liquidity), (3_226_000, QUOTE, Liquidity::Maker));
    // Told twice: by another line, or after a connection.
    event(
        &mut stand,
        line,
        "TRADE",
        "PARTIALLY_FILLED",
        r#""z":"0.0005","Z":"32.2625""#,
        r#"{"c":"n00000100000000001","C":"","l":"0.00050000","L":"64525.00","n":"0.03226","N":"USDT","t":77,"m":true}"#,
    );
    assert!(stand.replies().is_empty());
    let (_, _) = stand.hand_in(Kind::Cancel, 1, 2).unwrap();
    // In the event of a cancel `c` is the cancel's name.
    event(
        &mut stand,
        line,
        "CANCELED",
        "CANCELED",
        r#""z":"0.0005","Z":"32.2625""#,
        r#"{"c":"91fe37ce9e69c90d6358c0","C":"n00000100000000001","l":"0","L":"0","n":"0","N":null,"t":-1,"m":false}"#,
    );
    assert_eq!(stand.replies(), [(1, Happened::Cancelled)]);
    answer(
        &mut stand,
        line,
        name(2).text(),
        r#"{"symbol":"BTCUSDT","origClientOrderId":"n00000100000000001","orderId":42,"clientOrderId":"91fe37ce9e69c90d6358c0","transactTime":1767225601000,"price":"64525.10","origQty":"0.00150","executedQty":"0.0005","cummulativeQuoteQty":"32.2625","status":"CANCELED","side":"BUY"}"#,
    );
    assert!(stand.replies().is_empty());
    stand.pass(9_000);
    assert!(sent(&mut stand).is_empty(), "nothing is in doubt");
}

#[test]
fn a_key_that_cannot_log_on_signs_each_order() {
    let secret = "fakeBinanceSecretA0000000000000000000000000000000000000000000000A";
    let mut stand = Stand::new(&TRADE, &SPOT_DESK, settings(secret));
    let line = stand.open();
    stand.pass(20);
    let (id, params) = one(&mut stand, "userDataStream.subscribe.signature");
    assert_eq!(params["signature"].as_str().unwrap().len(), 64);
    answer(&mut stand, line, &id, r#"{"subscriptionId":0}"#);
    stand.pass(20);
    list(&mut stand, line, "[]");
    for decision in 1..3 {
        let (text, _) = stand.hand_in(Kind::Place, decision, decision).unwrap();
        let root: serde_json::Value = serde_json::from_str(&text).unwrap();
        let params = root["params"].as_object().unwrap();
        let mut payload: Vec<String> = params
            .iter()
            .filter(|(key, _)| *key != "signature")
            .map(|(key, value)| format!("{key}={}", value.to_string().trim_matches('"')))
            .collect();
        payload.sort();
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
        let tag = ring::hmac::sign(&key, payload.join("&").as_bytes());
        let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap();
        let hex: String =
            tag.as_ref().iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]).collect();
        assert_eq!(params["signature"], hex.as_str());
    }
}

#[test]
fn a_refusal_names_our_number_and_a_server_fault_is_none() {
    let (mut stand, line) = ready();
    for order in 1..=3 {
        stand.hand_in(Kind::Place, order, order).unwrap();
    }
    refuse(
        &mut stand,
        line,
        name(1).text(),
        400,
        -2010,
        "Account has insufficient balance for requested action.",
    );
    assert_eq!(stand.replies(), [(1, Happened::Rejected(2_022))]);
    refuse(
        &mut stand,
        line,
        name(2).text(),
        400,
        -1007,
        "Timeout waiting for response from backend server.",
    );
    refuse(&mut stand, line, name(3).text(), 503, -1, "x");
    assert_eq!(stand.replies(), [(2, Happened::Unknown), (3, Happened::Unknown)]);
    stand.pass(20);
    let asked = sent(&mut stand);
    let names: Vec<_> =
        asked.iter().map(|(_, _, params)| params["origClientOrderId"].clone()).collect();
    assert_eq!(names, ["n00000100000000002", "n00000100000000003"]);
    // One was placed and is filled; the other may still come, and then cannot any more.
    answer(
        &mut stand,
        line,
        &asked[0].1,
        r#"{"symbol":"BTCUSDT","orderId":43,"clientOrderId":"n00000100000000002","price":"64525.10","origQty":"0.00150","executedQty":"0.00150","cummulativeQuoteQty":"96.78765","status":"FILLED","side":"BUY","time":1767225601000,"updateTime":1767225601000}"#,
    );
    let replies = stand.replies();
    let [(2, Happened::Filled(fill))] = replies[..] else { panic!("{replies:?}") };
    assert_eq!((fill.qty, fill.amount, fill.price.0), (Qty(150_000), 9_678_765_000, 645_251));
    refuse(&mut stand, line, &asked[1].1, 400, -2013, "Order does not exist.");
    assert!(stand.replies().is_empty());
    let mut said = Vec::new();
    for _ in 0..20 {
        stand.pass(1_000);
        for (method, id, _) in sent(&mut stand) {
            match &*method {
                "order.status" => {
                    refuse(&mut stand, line, &id, 400, -2013, "Order does not exist.");
                }
                "time" => {
                    let time = stand.now.0 / Nanos::MILLI;
                    answer(&mut stand, line, &id, &format!("{{\"serverTime\":{time}}}"));
                }
                other => panic!("{other}"),
            }
        }
        said.extend(stand.replies());
    }
    assert_eq!(said, [(3, Happened::Rejected(906))]);
}

#[test]
fn a_lost_line_leaves_nothing_behind() {
    let (mut stand, line) = ready();
    for order in [1, 2] {
        stand.hand_in(Kind::Place, order, order).unwrap();
    }
    acknowledge(&mut stand, line, 1);
    stand.replies();
    stand.closed(line);
    assert_eq!(stand.replies(), [(2, Happened::Unknown)]);
    stand.pass(20);
    let line = log_on(&mut stand);
    list_but(&mut stand, line);
    assert_eq!(stand.replies(), [(1, Happened::Cancelled), (2, Happened::Accepted)]);
    assert!(stand.trader.is_ready());
}

/// Answers a listing in which the second order is, and the first one is not.
fn list_but(stand: &mut Stand, line: Line) {
    let second = r#"[{"symbol":"BTCUSDT","orderId":44,"clientOrderId":"n00000100000000002","price":"64525.10","origQty":"0.00150","executedQty":"0","cummulativeQuoteQty":"0","status":"NEW","side":"BUY","time":1767225601000,"updateTime":1767225601000}]"#;
    let first = r#"{"symbol":"BTCUSDT","orderId":42,"clientOrderId":"n00000100000000001","price":"64525.10","origQty":"0.00150","executedQty":"0","cummulativeQuoteQty":"0","status":"CANCELED","side":"BUY","time":1767225601000,"updateTime":1767225601000}"#;
    for _ in 0..4 {
        let mut asked = sent(stand);
        // Whoever asks for the one by one hears of the first before the list tells of the second.
        asked.sort_by_key(|(method, ..)| method != "openOrders.status");
        for (method, id, params) in asked {
            let time = stand.now.0 / Nanos::MILLI;
            match &*method {
                "openOrders.status" => {
                    answer(stand, line, &id, second);
                    // What was said is put in the order in which it is compared.
                    stand.out.replies.sort_by_key(|reply| reply.client.0);
                }
                "order.status" if params["origClientOrderId"] == "n00000100000000001" => {
                    answer(stand, line, &id, first);
                    stand.out.replies.sort_by_key(|reply| reply.client.0);
                }
                "order.status" => answer(stand, line, &id, &second[1..second.len() - 1]),
                "account.status" => answer(stand, line, &id, r#"{"balances":[]}"#),
                "time" => answer(stand, line, &id, &format!("{{\"serverTime\":{time}}}")),
                _ => answer(stand, line, &id, "[]"),
            }
        }
        stand.pass(20);
    }
}

#[test]
fn a_clock_that_is_off_stops_orders_and_says_so() {
    let mut stand = Stand::new(&TRADE, &SPOT_DESK, settings(PEM));
    let line = log_on(&mut stand);
    for (method, id, _) in sent(&mut stand) {
        let time = stand.now.0 / Nanos::MILLI + 700;
        match &*method {
            "time" => answer(&mut stand, line, &id, &format!("{{\"serverTime\":{time}}}")),
            "account.status" => answer(&mut stand, line, &id, r#"{"balances":[]}"#),
            _ => answer(&mut stand, line, &id, "[]"),
        }
    }
    stand.pass(20);
    assert!(!stand.trader.is_ready());
    assert!(stand.trader.state().to_string().contains("clock"));
}

#[test]
fn a_successor_is_up_before_the_old_line_is_closed() {
    let (mut stand, old) = ready();
    stand.frame(old, r#"{"event":{"e":"serverShutdown","E":1770123456789}}"#);
    stand.pass(20);
    assert!(stand.dials());
    let line = stand.open();
    stand.pass(20);
    assert!(stand.trader.is_ready(), "the old line still serves");
    let (id, _) = one(&mut stand, "session.logon");
    answer(&mut stand, line, &id, "{}");
    stand.pass(20);
    let (id, _) = one(&mut stand, "userDataStream.subscribe");
    // An order that is owed an answer keeps the old line.
    stand.hand_in(Kind::Place, 1, 1).unwrap();
    answer(&mut stand, line, &id, r#"{"subscriptionId":0}"#);
    stand.pass(20);
    assert_eq!(stand.closes(), 0);
    acknowledge(&mut stand, old, 1);
    stand.pass(20);
    assert_eq!(stand.closes(), 1);
    assert!(stand.trader.is_ready());
    assert_eq!(stand.replies(), [(1, Happened::Accepted)]);
}

#[test]
fn the_venues_count_of_orders_stops_new_ones() {
    let (mut stand, line) = ready();
    stand.hand_in(Kind::Place, 1, 1).unwrap();
    stand.frame(line, format!(r#"{{"id":"{}","status":200,"result":{{"symbol":"BTCUSDT","orderId":42,"clientOrderId":"{}","transactTime":1767225601000}},"rateLimits":[{{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":100,"count":100}}]}}"#, name(1).text(), name(1).text()));
    assert_eq!(stand.trader.room(HERE, stand.now).orders, 0);
    let refused = stand.hand_in(Kind::Place, 2, 2);
    assert!(matches!(refused, Err(Happened::Rejected(NO_BUDGET))));
    assert!(stand.hand_in(Kind::Cancel, 1, 3).is_ok());
}

#[test]
fn all_of_an_instrument_is_cancelled_until_the_venue_has_answered() {
    let (mut stand, line) = ready();
    stand.hand_in(Kind::Place, 1, 1).unwrap();
    acknowledge(&mut stand, line, 1);
    stand.replies();
    stand.trader.cancel_all(stand.now, &mut stand.out);
    let (id, params) = one(&mut stand, "openOrders.cancelAll");
    assert_eq!(params["symbol"], "BTCUSDT");
    refuse(&mut stand, line, &id, 503, -1, "x");
    stand.pass(1_100);
    let (id, _) = one(&mut stand, "openOrders.cancelAll");
    answer(
        &mut stand,
        line,
        &id,
        r#"[{"symbol":"BTCUSDT","origClientOrderId":"n00000100000000001","orderId":42,"clientOrderId":"x","transactTime":1767225601000,"price":"64525.10","origQty":"0.00150","executedQty":"0","cummulativeQuoteQty":"0","status":"CANCELED","side":"BUY"}]"#,
    );
    assert_eq!(stand.replies(), [(1, Happened::Cancelled)]);
    stand.pass(2_000);
    assert!(sent(&mut stand).is_empty());
}

#[test]
fn an_amendment_keeps_our_name() {
    let (mut stand, line) = ready();
    stand.hand_in(Kind::Place, 1, 1).unwrap();
    acknowledge(&mut stand, line, 1);
    let (text, _) = stand.hand_in(Kind::Amend, 1, 2).unwrap();
    let root: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(root["params"]["newClientOrderId"], name(1).text());
    assert_eq!(root["params"]["origClientOrderId"], name(1).text());
    assert_eq!(root["params"]["newQty"], "0.00100000");
    answer(
        &mut stand,
        line,
        name(2).text(),
        r#"{"transactTime":1741926410255,"executionId":75,"amendedOrder":{"symbol":"BTCUSDT","orderId":42,"orderListId":-1,"origClientOrderId":"n00000100000000001","clientOrderId":"n00000100000000001","price":"64525.10000000","qty":"0.00100000","executedQty":"0.00000000","preventedQty":"0.00000000","quoteOrderQty":"0.00000000","cumulativeQuoteQty":"0.00000000","status":"NEW","timeInForce":"GTC","type":"LIMIT","side":"BUY"}}"#,
    );
    let replies = stand.replies();
    let [_, (1, Happened::Amended { qty, .. })] = replies[..] else { panic!("{replies:?}") };
    assert_eq!(qty, Qty(100_000));
}

#[test]
fn a_rehearsal_is_checked_by_the_venue_and_never_placed() {
    let mut settings = settings(PEM);
    settings.is_rehearsal = true;
    let mut stand = Stand::new(&TRADE, &SPOT_DESK, settings);
    let line = log_on(&mut stand);
    list(&mut stand, line, "[]");
    let (text, _) = stand.hand_in(Kind::Place, 1, 1).unwrap();
    let root: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(root["method"], "order.test");
    answer(&mut stand, line, name(1).text(), "{}");
    assert_eq!(stand.replies(), [(1, Happened::Accepted), (1, Happened::Expired)]);
}

#[test]
fn a_key_that_is_refused_stops_at_once_and_says_so() {
    let mut stand = Stand::new(&TRADE, &SPOT_DESK, settings(PEM));
    let line = stand.open();
    stand.pass(20);
    let (id, _) = one(&mut stand, "session.logon");
    refuse(&mut stand, line, &id, 401, -2015, "Invalid API-key, IP, or permissions for action.");
    assert_eq!((stand.closes(), stand.trader.state().stage), (1, Stage::Refused));
    stand.pass(60_000);
    assert!(!stand.dials());
}

#[test]
fn whatever_comes_nothing_panics_and_no_order_is_made_up() {
    let frames = [
        r#"{"subscriptionId":0,"event":{"e":"executionReport","s":"BTCUSDT","c":"n00000100000000001","C":"","S":"BUY","q":"0.0015","p":"64525.1","x":"TRADE","X":"PARTIALLY_FILLED","i":42,"l":"0.0005","z":"0.0005","L":"64525.0","n":"0.03","N":"USDT","T":1767225601000,"t":77,"m":true,"Z":"32.2625"}}"#,
        r#"{"id":"n00000100000000001","status":200,"result":{"symbol":"BTCUSDT","orderId":42,"clientOrderId":"n00000100000000001","transactTime":1767225601000},"rateLimits":[{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":100,"count":1}]}"#,
    ];
    for frame in frames {
        for at in 0..frame.len() {
            for byte in [b'9', b'"', b'{', b'-', 0] {
                let (mut stand, line) = ready();
                stand.hand_in(Kind::Place, 1, 1).unwrap();
                let mut bytes = frame.as_bytes().to_vec();
                bytes[at] = byte;
                stand.frame(line, &bytes);
                stand.frame(line, &bytes[..at]);
                for (order, happened) in stand.replies() {
                    assert_eq!(order, 1, "{happened:?}");
                }
            }
        }
    }
}
