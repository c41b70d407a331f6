//! Scenes of Kraken's private session: from a key to orders, and through what goes wrong.

use super::DESK;
use super::trade::TRADE;
use crate::base::{Nanos, Qty};
use crate::event::{Happened, Liquidity};
use crate::venue::session::{FetchId, Line, Stage};
use crate::venue::trade::stand::{BASE, HERE, QUOTE, Stand, fit, key, name};
use crate::venue::trade::{Fact, Kind, Listing, NO_BUDGET, NOT_READY, Network, Settings};

const SECRET: &str = "GhklYOS+vYAboSsUPZ8+/XPTEX6RriGc5sfWt70tUs/Zf9J8+hKjZYWLWHWuxzIQEJ4C+kUPDm3H\
                      ErKrZDEHJw==";

fn settings() -> Settings {
    let plain = (TRADE.settings)(Network::Live).unwrap();
    Settings {
        key: key("FAKEKRAKENKEYA0000000000000000000000000000000000000000A=", SECRET),
        dead_man_s: 0,
        ..fit(plain, "BTC/USD", ["BTC", "USD"])
    }
}

/// The one question that there is, with its body.
fn asked(stand: &mut Stand, path: &str) -> (FetchId, String) {
    let mut requests = stand.requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    let (id, request) = requests.remove(0);
    assert_eq!(request.address.path, format!("/0/private/{path}"));
    assert!(request.headers.iter().any(|(name, value)| *name == "API-Sign" && !value.is_empty()));
    (id, request.body.expose().to_owned())
}

/// Connects: token, line, both channels.
fn connect(stand: &mut Stand, token: &str) -> Line {
    let (id, _) = asked(stand, "GetWebSocketsToken");
    let body = format!(r#"{{"error":[],"result":{{"token":"{token}","expires":900}}}}"#);
    stand.answer(id, 200, &body);
    let line = stand.open();
    stand.pass(20);
    let texts = stand.texts();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(texts.iter().all(|text| text.contains(&format!("\"token\":\"{token}\""))));
    line
}

fn snapshots(stand: &mut Stand, line: Line, orders: &str) {
    stand.frame(line, r#"{"method":"subscribe","req_id":1,"result":{"channel":"executions","maxratecount":125},"success":true}"#);
    stand.frame(
        line,
        format!(r#"{{"channel":"executions","type":"snapshot","data":[{orders}],"sequence":1}}"#),
    );
    stand.frame(line, r#"{"channel":"balances","type":"snapshot","data":[{"asset":"BTC","asset_class":"currency","balance":1.2,"wallets":[{"type":"spot","id":"main","balance":1.1},{"type":"earn","id":"flex","balance":0.1}]}],"sequence":1}"#);
    stand.pass(20);
}

/// A session that is ready.
fn ready_with(settings: Settings) -> (Stand, Line) {
    let mut stand = Stand::new(&TRADE, &DESK, settings);
    let line = connect(&mut stand, "hush1");
    snapshots(&mut stand, line, "");
    let (id, _) = asked(&mut stand, "TradesHistory");
    stand.answer(id, 200, r#"{"error":[],"result":{"trades":{},"count":0}}"#);
    stand.pass(20);
    assert!(stand.trader.is_ready(), "{}", stand.trader.state());
    stand.out.clear();
    (stand, line)
}

fn ready() -> (Stand, Line) {
    ready_with(settings())
}

/// An update of `executions` about the order `OVN7VD-7VYHS-APBKHA`.
fn update(stand: &mut Stand, line: Line, sequence: u64, fields: &str) {
    let head = r#"{"channel":"executions","type":"update","data":[{"order_id":"OVN7VD-7VYHS-APBKHA","timestamp":"2026-01-22T06:06:19.833306Z","#;
    let fields = fields.strip_prefix('{').and_then(|f| f.strip_suffix('}')).unwrap_or(fields);
    stand.frame(line, format!("{head}{fields}}}],\"sequence\":{sequence}}}"));
}

fn acknowledge(stand: &mut Stand, line: Line, decision: u64) {
    stand.frame(line, format!(r#"{{"method":"add_order","req_id":{decision},"result":{{"order_id":"OVN7VD-7VYHS-APBKHA","cl_ord_id":"x"}},"success":true}}"#));
}

#[test]
fn a_key_becomes_a_token_a_line_two_channels_and_what_the_account_holds() {
    let mut stand = Stand::new(&TRADE, &DESK, settings());
    assert!(!stand.dials());
    let line = connect(&mut stand, "hush1");
    assert!(matches!(stand.hand_in(Kind::Place, 1, 1), Err(Happened::Rejected(NOT_READY))));
    let open = r#"{"order_id":"OVN7VD-7VYHS-APBKHA","symbol":"BTC/USD","order_qty":0.00010000,"cum_qty":0.00002,"exec_type":"new","side":"sell","order_type":"limit","cl_ord_id":"n00000000000000009","limit_price":80000.0,"order_status":"partially_filled","timestamp":"2026-01-22T06:06:19.833306Z"}"#;
    snapshots(&mut stand, line, open);
    assert!(!stand.trader.is_ready());
    let (id, body) = asked(&mut stand, "TradesHistory");
    assert!(body.ends_with("&start=1767225600&ofs=0"), "{body}");
    stand.answer(id, 200, r#"{"error":[],"result":{"trades":{"TGBB7L-HT5LX-J3BZ4A":{"ordertxid":"OQCLML-BW3P3-BUCMWZ","pair":"XXBTZUSD","time":1767225700.8802,"type":"buy","ordertype":"limit","price":"64525.1","cost":"129.05","fee":"0.20648","vol":"0.00200000","margin":"0.0","misc":"","trade_id":5,"maker":true}},"count":1}}"#);
    assert!(stand.trader.is_ready());
    let facts = stand.facts();
    let [
        Fact::Order(order),
        Fact::Whole(Listing::Orders),
        Fact::Balance(balance),
        Fact::Whole(Listing::Balances),
        Fact::Fill(fill),
        Fact::Whole(Listing::Fills),
    ] = &facts[..]
    else {
        panic!("{facts:?}")
    };
    assert_eq!((order.price, order.qty, order.filled), (800_000, 10_000, 2_000));
    assert_eq!(order.client.unwrap().text(), "n00000000000000009");
    assert_eq!((balance.asset, balance.total), (BASE, 110_000_000));
    assert_eq!((fill.instrument, fill.price, fill.qty), (HERE, 645_251, 200_000));
    assert_eq!((fill.fee, fill.fee_asset, fill.liquidity), (20_648_000, QUOTE, Liquidity::Maker));
    assert_eq!(fill.at, Nanos(1_767_225_700_880_200_000));
    // One of another session can be cancelled by what is known of it.
    let order = *order;
    stand.trader.cancel_standing(&order, stand.now, &mut stand.out);
    assert!(stand.texts()[0].contains(r#""order_id":["OVN7VD-7VYHS-APBKHA"],"token":"hush1""#));
}

#[test]
fn an_order_lives_from_its_answer_to_its_last_fill() {
    let (mut stand, line) = ready();
    let (text, _) = stand.hand_in(Kind::Place, 1, 1).unwrap();
    let root: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(root["method"], "add_order");
    assert_eq!(root["params"]["token"], "hush1");
    assert_eq!(root["params"]["cl_ord_id"], name(1).text());
    assert!(root["params"].get("validate").is_none());
    acknowledge(&mut stand, line, 1);
    assert_eq!(stand.replies(), [(1, Happened::Accepted)]);
    update(
        &mut stand,
        line,
        2,
        r#""exec_type":"new","order_status":"new","cl_ord_id":"n00000100000000001""#,
    );
    assert!(stand.replies().is_empty());
    // Sparse: neither our name nor a symbol.
    update(
        &mut stand,
        line,
        3,
        r#"{"exec_id":"TGBB7L-HT5LX-J3BZ4A","exec_type":"trade","last_qty":0.0005,"last_price":64525.0,"liquidity_ind":"m","cum_qty":0.0005,"cum_cost":32.2625,"order_status":"partially_filled","fees":[{"asset":"USD","qty":0.05162}]}"#,
    );
    let replies = stand.replies();
    let [(1, Happened::Filled(fill))] = replies[..] else { panic!("{replies:?}") };
    assert_eq!((fill.price.0, fill.qty.0, fill.amount), (645_250, 50_000, 3_226_250_000));
    assert_eq!((fill.fee, fill.fee_asset), (5_162_000, QUOTE));
    assert_eq!(fill.liquidity, Liquidity::Maker);
    // The last one says `partially_filled` too; `filled` follows and says nothing new.
    update(
        &mut stand,
        line,
        4,
        r#"{"exec_type":"trade","last_qty":0.001,"last_price":64525.1,"liquidity_ind":"m","cum_qty":0.0015,"cum_cost":96.7876,"order_status":"partially_filled"}"#,
    );
    update(
        &mut stand,
        line,
        5,
        r#""exec_type":"filled","cum_qty":0.0015,"cum_cost":96.7876,"order_status":"filled""#,
    );
    let replies = stand.replies();
    let [(1, Happened::Filled(fill))] = replies[..] else { panic!("{replies:?}") };
    assert_eq!((fill.qty, fill.amount), (Qty(100_000), 6_452_510_000));
    stand.pass(9_000);
    assert!(stand.requests().is_empty(), "nothing is in doubt");
}

#[test]
fn a_refusal_names_our_number_and_an_open_outcome_is_none() {
    let (mut stand, line) = ready();
    let refuse = |stand: &mut Stand, decision: u64, error: &str| {
        stand.hand_in(Kind::Place, decision, decision).unwrap();
        let text = format!(
            r#"{{"method":"add_order","req_id":{decision},"success":false,"error":"{error}"}}"#
        );
        stand.frame(line, text);
        stand.replies()
    };
    let said = refuse(&mut stand, 1, "EOrder:Insufficient funds");
    assert_eq!(said, [(1, Happened::Rejected(1_018))]);
    assert_eq!(refuse(&mut stand, 2, "EService:Deadline elapsed"), [(2, Happened::Unknown)]);
    stand.pass(20);
    let (id, body) = asked(&mut stand, "OpenOrders");
    assert!(body.ends_with("&cl_ord_id=n00000100000000002"), "{body}");
    stand.answer(id, 200, r#"{"error":[],"result":{"open":{}}}"#);
    let (id, _) = asked(&mut stand, "ClosedOrders");
    stand.answer(id, 200, r#"{"error":[],"result":{"closed":{},"count":0}}"#);
    // It may still come: asked again, until it cannot.
    assert!(stand.replies().is_empty());
    stand.pass(12_000);
    let mut said = Vec::new();
    for _ in 0..8 {
        for (id, request) in stand.requests() {
            let key = if request.address.path.ends_with("OpenOrders") { "open" } else { "closed" };
            stand.answer(id, 200, &format!(r#"{{"error":[],"result":{{"{key}":{{}}}}}}"#));
        }
        said.extend(stand.replies());
    }
    assert_eq!(said, [(2, Happened::Rejected(906))]);
}

#[test]
fn no_answer_is_unknown_and_found_again_by_our_name() {
    let (mut stand, line) = ready();
    stand.hand_in(Kind::Place, 1, 1).unwrap();
    // The venue goes on living, so that the line does.
    for _ in 0..5 {
        stand.frame(line, r#"{"channel":"heartbeat"}"#);
        stand.pass(1_000);
    }
    stand.pass(20);
    assert_eq!(stand.replies(), [(1, Happened::Unknown)]);
    let (id, _) = asked(&mut stand, "OpenOrders");
    stand.answer(id, 200, r#"{"error":[],"result":{"open":{"OVN7VD-7VYHS-APBKHA":{"refid":null,"userref":0,"cl_ord_id":"n00000100000000001","status":"open","opentm":1767225601.5,"descr":{"pair":"XBTUSD","type":"buy","ordertype":"limit","price":"64525.1"},"vol":"0.00150000","vol_exec":"0.00050000","cost":"32.26250","fee":"0.05162","oflags":"fciq,post"}}}}"#);
    let replies = stand.replies();
    let [(1, Happened::Filled(fill))] = replies[..] else { panic!("{replies:?}") };
    assert_eq!((fill.qty, fill.price.0, fill.fee), (Qty(50_000), 645_250, 5_162_000));
    // Late, the answer comes after all, and changes nothing.
    acknowledge(&mut stand, line, 1);
    assert!(stand.replies().is_empty());
    stand.pass(5_000);
    assert!(stand.requests().is_empty());
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
    assert!(!stand.trader.is_ready());
    // Nothing is done on a line that is gone.
    acknowledge(&mut stand, line, 2);
    assert!(stand.replies().is_empty());
    stand.pass(20);
    let (id, _) = asked(&mut stand, "GetWebSocketsToken");
    stand.answer(id, 200, r#"{"error":[],"result":{"token":"hush2","expires":900}}"#);
    let (id, _) = asked(&mut stand, "OpenOrders");
    stand.answer(id, 200, r#"{"error":[],"result":{"open":{}}}"#);
    let (id, _) = asked(&mut stand, "ClosedOrders");
    stand.answer(id, 200, r#"{"error":[],"result":{"closed":{},"count":0}}"#);
    let line = stand.open();
    stand.pass(20);
    assert!(stand.texts().iter().all(|text| text.contains("hush2")));
    // The second one is there; the first one, by its id, is not any more.
    snapshots(
        &mut stand,
        line,
        r#"{"order_id":"OAAAAA-7VYHS-APBKHA","symbol":"BTC/USD","order_qty":0.0015,"cum_qty":0,"exec_type":"new","side":"buy","cl_ord_id":"n00000100000000002","limit_price":64525.1,"order_status":"new","timestamp":"2026-01-22T06:06:19.833306Z"}"#,
    );
    assert_eq!(stand.replies(), [(2, Happened::Accepted)]);
    let (id, body) = asked(&mut stand, "QueryOrders");
    assert!(body.ends_with("&txid=OVN7VD-7VYHS-APBKHA"), "{body}");
    stand.answer(id, 200, r#"{"error":[],"result":{"OVN7VD-7VYHS-APBKHA":{"status":"canceled","reason":"User requested","opentm":1767225601.5,"vol":"0.00150000","vol_exec":"0.00000000","cost":"0.00000","fee":"0.00000"}}}"#);
    assert_eq!(stand.replies(), [(1, Happened::Cancelled)]);
    let (id, _) = asked(&mut stand, "TradesHistory");
    stand.answer(id, 200, r#"{"error":[],"result":{"trades":{},"count":0}}"#);
    assert!(stand.trader.is_ready());
}

#[test]
fn a_hole_in_the_numbers_takes_the_channels_anew() {
    let (mut stand, line) = ready();
    update(&mut stand, line, 3, r#""exec_type":"canceled","order_status":"canceled""#);
    assert!(!stand.trader.is_ready());
    stand.pass(20);
    let texts = stand.texts();
    let methods: Vec<&str> = texts.iter().map(|text| &text[11..20]).collect();
    assert_eq!(methods, ["unsubscri", "unsubscri", "subscribe", "subscribe"]);
    assert_eq!(stand.trader.tally().gaps, 1);
    snapshots(&mut stand, line, "");
    assert!(stand.trader.is_ready());
}

#[test]
fn the_dead_mans_switch_is_armed_anew_in_time_and_disarmed_at_the_end() {
    let mut settings = settings();
    settings.dead_man_s = 60;
    let (mut stand, line) = ready_with(settings);
    let armed = |stand: &mut Stand| {
        let texts = stand.texts();
        let switch = |text: &&String| text.contains("cancel_all_orders_after");
        texts
            .iter()
            .filter(switch)
            .map(|t| t.split("\"timeout\":").nth(1).unwrap()[..2].to_owned())
            .collect::<Vec<_>>()
    };
    armed(&mut stand);
    for _ in 0..3 {
        for _ in 0..20 {
            stand.frame(line, r#"{"channel":"heartbeat"}"#);
            stand.pass(1_000);
        }
        assert_eq!(armed(&mut stand), ["60"]);
    }
    stand.frame(line, r#"{"channel":"status","type":"update","data":[{"api_version":"v2","connection_id":13834774380200032777,"system":"maintenance","version":"2.0.0"}]}"#);
    stand.pass(20);
    assert_eq!(armed(&mut stand), ["0,"]);
    assert!(!stand.trader.is_ready());
    stand.frame(line, r#"{"channel":"status","type":"update","data":[{"system":"online"}]}"#);
    stand.pass(20);
    assert_eq!(armed(&mut stand), ["60"]);
    stand.trader.retire(stand.now, &mut stand.out);
    assert_eq!(armed(&mut stand), ["0,"]);
    assert!(!stand.trader.is_ready());
}

#[test]
fn new_orders_stop_at_the_reserve_and_cancels_do_not() {
    let (mut stand, _) = ready();
    let mut placed = 0;
    while placed < 200 && stand.hand_in(Kind::Place, placed + 1, placed + 1).is_ok() {
        placed += 1;
    }
    // 125 less a reserve of 40, at one each.
    assert_eq!(placed, 85);
    let refused = stand.hand_in(Kind::Place, 300, 300);
    assert!(matches!(refused, Err(Happened::Rejected(NO_BUDGET))));
    assert_eq!(stand.trader.room(HERE, stand.now).cancels, 5);
    assert!(stand.hand_in(Kind::Cancel, 1, 301).is_ok());
}

#[test]
fn a_cancel_that_comes_too_late_is_refused_and_the_order_is_asked_for() {
    let (mut stand, line) = ready();
    stand.hand_in(Kind::Place, 1, 1).unwrap();
    acknowledge(&mut stand, line, 1);
    let (text, _) = stand.hand_in(Kind::Cancel, 1, 2).unwrap();
    assert!(text.contains("\"token\":\"hush1\""));
    stand.frame(
        line,
        r#"{"method":"cancel_order","req_id":2,"success":false,"error":"EOrder:Unknown order"}"#,
    );
    assert_eq!(stand.replies()[1..], [(1, Happened::CancelRejected(1_025))]);
    stand.pass(20);
    asked(&mut stand, "QueryOrders");
}

#[test]
fn all_is_cancelled_until_the_venue_has_answered() {
    let (mut stand, line) = ready();
    stand.trader.cancel_all(stand.now, &mut stand.out);
    stand.pass(1_500);
    let texts = stand.texts();
    assert_eq!(texts.len(), 2, "asked again: {texts:?}");
    assert!(texts.iter().all(|text| text.starts_with("{\"method\":\"cancel_all\",")));
    stand.frame(line, r#"{"method":"cancel_all","req_id":9,"result":{"count":3},"success":true}"#);
    stand.pass(3_000);
    assert!(stand.texts().is_empty());
}

#[test]
fn no_secret_is_shown() {
    let (mut stand, _) = ready();
    stand.hand_in(Kind::Place, 1, 1).unwrap();
    let shown = format!("{:?} {:?}", stand.trader, settings());
    let bytes = format!("{:?}", b"hush1");
    assert!(!shown.contains("hush") && !shown.contains(&bytes[1..bytes.len() - 1]), "{shown}");
    assert!(!shown.contains("Ghkl") && !shown.contains("FAKEKRAKENKEY"), "{shown}");
}

#[test]
fn an_amendment_is_told_with_its_terms() {
    let (mut stand, line) = ready();
    stand.hand_in(Kind::Place, 1, 1).unwrap();
    acknowledge(&mut stand, line, 1);
    let (text, _) = stand.hand_in(Kind::Amend, 1, 2).unwrap();
    let root: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&root["method"], &root["params"]["token"]),
        (&"amend_order".into(), &"hush1".into())
    );
    stand.frame(line, r#"{"method":"amend_order","req_id":2,"result":{"amend_id":"TTW6PD-RC36L-ZZSWNU"},"success":true}"#);
    update(
        &mut stand,
        line,
        2,
        r#"{"exec_type":"amended","order_status":"new","cum_qty":0.0,"order_qty":0.001,"limit_price":64525.1}"#,
    );
    let replies = stand.replies();
    let [_, (1, Happened::Amended { qty, .. })] = replies[..] else { panic!("{replies:?}") };
    assert_eq!(qty, Qty(100_000));
}

#[test]
fn a_rehearsal_is_checked_by_the_venue_and_never_placed() {
    let mut settings = settings();
    settings.is_rehearsal = true;
    let (mut stand, line) = ready_with(settings);
    let (text, _) = stand.hand_in(Kind::Place, 1, 1).unwrap();
    let root: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(root["params"]["validate"], true);
    stand.frame(line, r#"{"method":"add_order","req_id":1,"result":{},"success":true}"#);
    assert_eq!(stand.replies(), [(1, Happened::Accepted), (1, Happened::Expired)]);
}

#[test]
fn a_key_that_is_refused_stops_at_once_and_says_so() {
    let mut stand = Stand::new(&TRADE, &DESK, settings());
    let (id, _) = asked(&mut stand, "GetWebSocketsToken");
    stand.answer(id, 200, r#"{"error":["EAPI:Invalid key"]}"#);
    assert_eq!(stand.trader.state().stage, Stage::Refused);
    stand.pass(60_000);
    assert!(stand.requests().is_empty(), "not hammered, or the venue locks us out");
    assert!(stand.trader.state().to_string().contains("permissions"));
}

#[test]
fn a_token_that_is_not_taken_is_asked_for_anew() {
    let (mut stand, line) = ready();
    stand.frame(
        line,
        r#"{"method":"add_order","req_id":9,"success":false,"error":"ESession:Invalid session"}"#,
    );
    assert_eq!(stand.closes(), 1);
    stand.pass(20);
    let requests = stand.requests();
    assert!(requests[0].1.address.path.ends_with("GetWebSocketsToken"));
}

#[test]
fn a_line_that_does_not_open_is_dialled_again_and_a_ban_is_kept() {
    let mut stand = Stand::new(&TRADE, &DESK, settings());
    let (id, _) = asked(&mut stand, "GetWebSocketsToken");
    stand.answer(id, 200, r#"{"error":[],"result":{"token":"hush","expires":900}}"#);
    let line = stand.dial();
    stand.failed(line, 0);
    stand.pass(20);
    let line = stand.dial();
    stand.failed(line, 429);
    stand.pass(590_000);
    assert!(!stand.dials(), "the venue has shut us out for ten minutes");
    // The token has grown old meanwhile: a new one comes first.
    stand.pass(20_000);
    let (id, _) = asked(&mut stand, "GetWebSocketsToken");
    stand.answer(id, 200, r#"{"error":[],"result":{"token":"hush","expires":900}}"#);
    assert!(stand.dials());
}

#[test]
fn a_silent_line_is_given_up() {
    let (mut stand, _) = ready();
    stand.pass(10_100);
    assert_eq!(stand.closes(), 1);
    assert!(!stand.trader.is_ready());
}

#[test]
fn whatever_comes_nothing_panics_and_no_order_is_made_up() {
    let frames = [
        r#"{"channel":"executions","type":"update","data":[{"order_id":"OVN7VD-7VYHS-APBKHA","exec_type":"trade","last_qty":0.0005,"last_price":64525.0,"cum_qty":0.0005,"cum_cost":32.2625,"fees":[{"asset":"USD","qty":0.05162}],"timestamp":"2026-01-22T06:06:19.833306Z"}],"sequence":2}"#,
        r#"{"method":"add_order","req_id":1,"result":{"order_id":"OVN7VD-7VYHS-APBKHA"},"success":true}"#,
        r#"{"channel":"balances","type":"update","data":[{"asset":"BTC","balance":1.1995,"wallet_type":"spot"}],"sequence":2}"#,
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
