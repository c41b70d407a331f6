//! Scenes of Coinbase's private session: orders over HTTP, sums on the channel, and what goes
//! wrong.

use super::DESK;
use super::trade::TRADE;
use crate::base::Qty;
use crate::event::{Happened, Liquidity};
use crate::venue::session::{FetchId, Line, Stage};
use crate::venue::trade::stand::{BASE, HERE, QUOTE, Stand, fit, key, name};
use crate::venue::trade::{
    Fact, Kind, Listing, Method, NO_BUDGET, NO_VENUE_ORDER, NOT_READY, Network, Request, Settings,
    VenueOrder, from_base64,
};

const SEED: &str = "XRRddH4NsOlpX7i5OxWEGttV76ul3hrxFv/nkFz/bBE=";

const ID: &str = "11111111-1111-1111-1111-111111111111";

fn settings() -> Settings {
    let plain = (TRADE.settings)(Network::Live).unwrap();
    Settings {
        key: key("organizations/a/apiKeys/b", SEED),
        ..fit(plain, "BTC-USD", ["BTC", "USD"])
    }
}

/// The claims of a JWT.
fn claims(jwt: &str) -> serde_json::Value {
    let coded = jwt.split('.').nth(1).unwrap().replace('-', "+").replace('_', "/");
    let padded = format!("{coded}{}", "=".repeat((4 - coded.len() % 4) % 4));
    serde_json::from_slice(&from_base64(&padded).unwrap()).unwrap()
}

/// The one question that there is.
fn asked(stand: &mut Stand, path: &str) -> (FetchId, Request) {
    let mut requests = stand.requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    let (id, request) = requests.remove(0);
    let (is, _) = request.address.path.split_once('?').unwrap_or((&request.address.path, ""));
    assert_eq!(is, format!("/api/v3/brokerage{path}"));
    let bearer = request.headers[0].1.expose().strip_prefix("Bearer ").unwrap().to_owned();
    let uri = format!("{} api.coinbase.com{is}", request.method.name());
    assert_eq!(claims(&bearer)["uri"], uri);
    (id, request)
}

fn connect(stand: &mut Stand) -> Line {
    let line = stand.open();
    stand.pass(20);
    let texts = stand.texts();
    let channels: Vec<serde_json::Value> =
        texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    assert_eq!(
        (&channels[0]["channel"], &channels[1]["channel"]),
        (&"user".into(), &"heartbeats".into())
    );
    assert!(channels.iter().all(|one| claims(one["jwt"].as_str().unwrap()).get("uri").is_none()));
    line
}

/// A batch of the channel.
fn user(stand: &mut Stand, line: Line, sequence: u64, kind: &str, orders: &str) {
    stand.frame(line, format!(r#"{{"channel":"user","client_id":"","timestamp":"2026-04-07T14:30:06.000000Z","sequence_num":{sequence},"events":[{{"type":"{kind}","orders":[{orders}]}}]}}"#));
}

fn order(client: &str, id: &str, status: &str, filled: &str, value: &str, fees: &str) -> String {
    format!(
        r#"{{"order_id":"{id}","client_order_id":"{client}","cumulative_quantity":"{filled}","leaves_quantity":"0.0010","avg_price":"0","filled_value":"{value}","number_of_fills":"1","limit_price":"64525.1","total_fees":"{fees}","status":"{status}","product_id":"BTC-USD","creation_time":"2026-04-07T14:29:55.123456Z","end_time":"0001-01-01T00:00:00Z","order_side":"BUY","order_type":"Limit","post_only":"true","cancel_reason":"","reject_Reason":""}}"#
    )
}

fn heartbeat(stand: &mut Stand, line: Line, sequence: u64) {
    stand.frame(line, format!(r#"{{"channel":"heartbeats","client_id":"","timestamp":"2026-09-30T02:37:15.057778606Z","sequence_num":{sequence},"events":[{{"current_time":"x","heartbeat_counter":1}}]}}"#));
}

const ACCOUNTS: &str = r#"{"accounts":[{"uuid":"x","currency":"BTC","available_balance":{"value":"1.0","currency":"BTC"},"hold":{"value":"0.5","currency":"BTC"}}],"has_next":false,"cursor":"","size":1}"#;

fn ready() -> (Stand, Line) {
    let mut stand = Stand::new(&TRADE, &DESK, settings());
    let line = connect(&mut stand);
    let (id, _) = asked(&mut stand, "/accounts");
    stand.answer(id, 200, ACCOUNTS);
    user(&mut stand, line, 0, "snapshot", "");
    stand.pass(20);
    let (id, _) = asked(&mut stand, "/orders/historical/fills");
    stand.answer(id, 200, r#"{"fills":[],"cursor":""}"#);
    stand.pass(200);
    assert!(stand.trader.is_ready(), "{}", stand.trader.state());
    stand.out.clear();
    (stand, line)
}

fn placed(stand: &mut Stand, id: FetchId) {
    stand.answer(id, 200, &format!(r#"{{"success":true,"success_response":{{"order_id":"{ID}","product_id":"BTC-USD","side":"BUY","client_order_id":"x"}},"failure_reason":"UNKNOWN_FAILURE_REASON"}}"#));
}

/// An order that was placed and acknowledged.
fn place(stand: &mut Stand, number: u64) {
    let (_, id) = stand.hand_in(Kind::Place, number, number).unwrap();
    placed(stand, id.unwrap());
    assert_eq!(stand.replies(), [(number, Happened::Accepted)]);
}

#[test]
fn a_key_becomes_a_channel_and_what_the_account_holds() {
    let mut stand = Stand::new(&TRADE, &DESK, settings());
    let line = connect(&mut stand);
    assert!(matches!(stand.hand_in(Kind::Place, 1, 1), Err(Happened::Rejected(NOT_READY))));
    let (id, _) = asked(&mut stand, "/accounts");
    stand.answer(id, 200, ACCOUNTS);
    let one = order("n00000000000000009", ID, "OPEN", "0.0005", "32.26", "0.1");
    let fifty: Vec<String> = (0..50).map(|_| one.clone()).collect();
    user(&mut stand, line, 0, "snapshot", &fifty.join(","));
    assert!(!stand.facts().contains(&Fact::Whole(Listing::Orders)), "a full batch is not the last");
    user(&mut stand, line, 1, "snapshot", &one);
    stand.pass(20);
    let (id, request) = asked(&mut stand, "/orders/historical/fills");
    assert!(request.address.path.contains("start_sequence_timestamp=2026-01-01T00:00:00"));
    stand.answer(id, 200, r#"{"fills":[{"entry_id":"e1","trade_id":"t1","order_id":"11111111-1111-1111-1111-111111111111","trade_time":"2026-01-01T00:01:40.5Z","trade_type":"FILL","price":"64525.1","size":"0.002","commission":"0.129","product_id":"BTC-USD","liquidity_indicator":"MAKER","size_in_quote":false,"side":"SELL"}],"cursor":"abc=="}"#);
    assert!(!stand.trader.is_ready());
    stand.pass(20);
    let (id, request) = asked(&mut stand, "/orders/historical/fills");
    assert!(request.address.path.ends_with("&cursor=abc%3D%3D"));
    stand.answer(id, 200, r#"{"fills":[],"cursor":""}"#);
    assert!(stand.trader.is_ready());
    let facts = stand.facts();
    let [
        Fact::Order(order),
        Fact::Whole(Listing::Orders),
        Fact::Fill(fill),
        Fact::Whole(Listing::Fills),
    ] = &facts[..]
    else {
        panic!("{facts:?}")
    };
    assert_eq!((order.price, order.qty, order.filled), (645_251, 150_000, 50_000));
    assert_eq!((fill.instrument, fill.price, fill.qty), (HERE, 645_251, 200_000));
    assert_eq!((fill.fee, fill.fee_asset, fill.liquidity), (12_900_000, QUOTE, Liquidity::Maker));
}

#[test]
fn what_is_held_is_free_and_on_hold() {
    let mut stand = Stand::new(&TRADE, &DESK, settings());
    connect(&mut stand);
    let (id, _) = asked(&mut stand, "/accounts");
    stand.answer(id, 200, ACCOUNTS);
    let Some(Fact::Balance(balance)) = stand.facts().first().copied() else { panic!() };
    assert_eq!((balance.asset, balance.total, balance.held), (BASE, 150_000_000, Some(50_000_000)));
}

#[test]
fn an_order_is_a_request_with_a_jwt_that_was_there() {
    let (mut stand, line) = ready();
    let (text, id) = stand.hand_in(Kind::Place, 1, 1).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(
        head.starts_with("POST /api/v3/brokerage/orders HTTP/1.1\r\nHost: api.coinbase.com\r\n")
    );
    assert!(head.contains(&format!("Content-Length: {}", body.len())));
    let root: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(root["client_order_id"], name(1).text());
    let jwt = head.split("Bearer ").nth(1).unwrap().split("\r\n").next().unwrap();
    assert_eq!(claims(jwt)["uri"], "POST api.coinbase.com/api/v3/brokerage/orders");
    assert_eq!(stand.trader.tally().late_signatures, 0);
    // The channel is faster than the answer.
    let order_of =
        |status, filled, value, fees| order("n00000100000000001", ID, status, filled, value, fees);
    user(&mut stand, line, 1, "update", &order_of("PENDING", "0", "0", "0"));
    assert!(stand.replies().is_empty());
    user(&mut stand, line, 2, "update", &order_of("OPEN", "0.0005", "32.2625", "0.0194"));
    let replies = stand.replies();
    let [(1, Happened::Filled(fill))] = replies[..] else { panic!("{replies:?}") };
    assert_eq!(
        (fill.qty, fill.price.0, fill.amount, fill.fee),
        (Qty(50_000), 645_250, 3_226_250_000, 1_940_000)
    );
    placed(&mut stand, id.unwrap());
    assert!(stand.replies().is_empty());
    // Sums: the next fill is the difference, with its own price and fee.
    user(&mut stand, line, 3, "update", &order_of("FILLED", "0.0015", "96.7876", "0.0581"));
    let replies = stand.replies();
    let [(1, Happened::Filled(fill))] = replies[..] else { panic!("{replies:?}") };
    assert_eq!((fill.qty, fill.price.0, fill.fee), (Qty(100_000), 645_251, 3_870_000));
    assert_eq!(fill.fee_asset, QUOTE);
}

#[test]
fn a_cancel_names_the_venues_id() {
    let (mut stand, line) = ready();
    let (_, id) = stand.hand_in(Kind::Place, 1, 1).unwrap();
    let early = stand.hand_in(Kind::Cancel, 1, 2);
    assert!(matches!(early, Err(Happened::CancelRejected(NO_VENUE_ORDER))));
    placed(&mut stand, id.unwrap());
    stand.replies();
    let (text, id) = stand.hand_in(Kind::Cancel, 1, 3).unwrap();
    assert!(text.ends_with(&format!("{{\"order_ids\":[\"{ID}\"]}}")), "{text}");
    assert!(text.starts_with("POST /api/v3/brokerage/orders/batch_cancel HTTP/1.1\r\n"));
    stand.answer(id.unwrap(), 200, &format!(r#"{{"results":[{{"success":true,"failure_reason":"UNKNOWN_CANCEL_FAILURE_REASON","order_id":"{ID}"}}]}}"#));
    assert!(stand.replies().is_empty());
    user(
        &mut stand,
        line,
        1,
        "update",
        &order("n00000100000000001", ID, "CANCEL_QUEUED", "0", "0", "0"),
    );
    user(
        &mut stand,
        line,
        2,
        "update",
        &order("n00000100000000001", ID, "CANCELLED", "0", "0", "0"),
    );
    assert_eq!(stand.replies(), [(1, Happened::Cancelled)]);
}

#[test]
fn a_cancel_that_nothing_follows_is_asked_about() {
    let (mut stand, line) = ready();
    place(&mut stand, 1);
    let (_, id) = stand.hand_in(Kind::Cancel, 1, 2).unwrap();
    stand.answer(id.unwrap(), 200, r#"{"results":[{"success":true,"order_id":"x"}]}"#);
    for n in 0..6 {
        heartbeat(&mut stand, line, n + 1);
        stand.pass(1_000);
    }
    let (id, _) = asked(&mut stand, &format!("/orders/historical/{ID}"));
    stand.answer(id, 200, &format!(r#"{{"order":{{"order_id":"{ID}","product_id":"BTC-USD","side":"BUY","client_order_id":"n00000100000000001","status":"CANCELLED","filled_size":"0","average_filled_price":"0","filled_value":"0","total_fees":"0","order_configuration":{{"limit_limit_gtc":{{"base_size":"0.0015","limit_price":"64525.1","post_only":true}}}}}}}}"#));
    assert_eq!(stand.replies(), [(1, Happened::Cancelled)]);
}

#[test]
fn a_refusal_names_our_number_and_a_server_fault_is_none() {
    let (mut stand, line) = ready();
    let (_, first) = stand.hand_in(Kind::Place, 1, 1).unwrap();
    let (_, second) = stand.hand_in(Kind::Place, 2, 2).unwrap();
    stand.answer(first.unwrap(), 200, r#"{"success":false,"error_response":{"error":"INSUFFICIENT_FUND","message":"Insufficient balance in source account","error_details":"","preview_failure_reason":"PREVIEW_INSUFFICIENT_FUND","new_order_failure_reason":"UNKNOWN_FAILURE_REASON"}}"#);
    assert_eq!(stand.replies(), [(1, Happened::Rejected(3_001))]);
    stand.answer(second.unwrap(), 503, "upstream");
    assert_eq!(stand.replies(), [(2, Happened::Unknown)]);
    stand.pass(20);
    let (id, request) = asked(&mut stand, "/orders/historical/batch");
    assert!(request.address.path.contains("product_ids=BTC-USD&start_date=2025-12-31T23:59:"));
    assert_eq!(request.method, Method::Get);
    stand.answer(id, 200, r#"{"orders":[],"has_next":false,"cursor":""}"#);
    assert!(stand.replies().is_empty(), "its JWT is good for two minutes");
    let mut sequence = 0;
    let mut said = Vec::new();
    for _ in 0..200 {
        sequence += 1;
        heartbeat(&mut stand, line, sequence);
        stand.pass(1_000);
        for (id, _) in stand.requests() {
            stand.answer(id, 200, r#"{"orders":[],"has_next":false,"cursor":""}"#);
        }
        said.extend(stand.replies());
    }
    assert_eq!(said, [(2, Happened::Rejected(906))]);
}

#[test]
fn no_answer_is_unknown_and_found_again_by_our_name() {
    let (mut stand, line) = ready();
    let (_, id) = stand.hand_in(Kind::Place, 1, 1).unwrap();
    for n in 0..6 {
        heartbeat(&mut stand, line, n + 1);
        stand.pass(1_000);
    }
    assert_eq!(stand.replies(), [(1, Happened::Unknown)]);
    let (find, _) = asked(&mut stand, "/orders/historical/batch");
    let body = format!(
        r#"{{"order_id":"{ID}","product_id":"BTC-USD","side":"BUY","client_order_id":"n00000100000000001","status":"OPEN","filled_size":"0","average_filled_price":"","filled_value":"","total_fees":""}}"#
    );
    stand.answer(find, 200, &format!(r#"{{"orders":[{body}],"has_next":false,"cursor":""}}"#));
    assert_eq!(stand.replies(), [(1, Happened::Accepted)]);
    // Late, the answer comes after all.
    placed(&mut stand, id.unwrap());
    assert!(stand.replies().is_empty());
    assert!(stand.hand_in(Kind::Cancel, 1, 2).is_ok());
}

#[test]
fn a_lost_line_leaves_nothing_behind() {
    let (mut stand, line) = ready();
    place(&mut stand, 1);
    stand.closed(line);
    assert!(!stand.trader.is_ready());
    stand.pass(20);
    let (id, _) = asked(&mut stand, "/accounts");
    stand.answer(id, 200, ACCOUNTS);
    let line = connect(&mut stand);
    // Its number begins anew.
    user(&mut stand, line, 0, "snapshot", "");
    let (id, _) = asked(&mut stand, &format!("/orders/historical/{ID}"));
    stand.answer(id, 200, &format!(r#"{{"order":{{"order_id":"{ID}","product_id":"BTC-USD","side":"BUY","client_order_id":"n00000100000000001","status":"FILLED","filled_size":"0.0015","average_filled_price":"64525.1","filled_value":"","total_fees":"0.05"}}}}"#));
    let replies = stand.replies();
    let [(1, Happened::Filled(fill))] = replies[..] else { panic!("{replies:?}") };
    assert_eq!((fill.qty, fill.amount, fill.fee), (Qty(150_000), 9_678_765_000, 5_000_000));
    let (id, _) = asked(&mut stand, "/orders/historical/fills");
    stand.answer(id, 200, r#"{"fills":[],"cursor":""}"#);
    assert!(stand.trader.is_ready());
}

#[test]
fn a_hole_in_the_numbers_connects_anew() {
    let (mut stand, line) = ready();
    heartbeat(&mut stand, line, 1);
    heartbeat(&mut stand, line, 1);
    assert_eq!((stand.closes(), stand.trader.tally().stale), (0, 1));
    heartbeat(&mut stand, line, 3);
    assert_eq!((stand.closes(), stand.trader.tally().gaps), (1, 1));
    assert!(!stand.trader.is_ready());
}

#[test]
fn an_edit_is_told_with_its_terms() {
    let (mut stand, _) = ready();
    place(&mut stand, 1);
    let (text, id) = stand.hand_in(Kind::Amend, 1, 2).unwrap();
    let body: serde_json::Value =
        serde_json::from_str(text.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!((&body["order_id"], &body["size"]), (&ID.into(), &"0.00100000".into()));
    stand.answer(id.unwrap(), 200, r#"{"success":true,"errors":[]}"#);
    let replies = stand.replies();
    let [(1, Happened::Amended { qty, .. })] = replies[..] else { panic!("{replies:?}") };
    assert_eq!(qty, Qty(100_000));
    let (_, id) = stand.hand_in(Kind::Amend, 1, 3).unwrap();
    stand.answer(id.unwrap(), 200, r#"{"success":false,"errors":[{"edit_failure_reason":"CANNOT_EDIT_TO_BELOW_FILLED_SIZE","preview_failure_reason":"UNKNOWN_PREVIEW_FAILURE_REASON"}]}"#);
    assert_eq!(stand.replies(), [(1, Happened::AmendRejected(3_017))]);
}

#[test]
fn all_is_cancelled_by_listing_what_is_open() {
    let (mut stand, _) = ready();
    stand.trader.cancel_all(stand.now, &mut stand.out);
    stand.pass(20);
    let (id, request) = asked(&mut stand, "/orders/historical/batch");
    assert!(request.address.path.contains("order_status=OPEN"));
    let row = |n: u32| {
        format!(
            r#"{{"order_id":"{}","product_id":"ETH-USD","side":"BUY","client_order_id":"by hand","status":"OPEN","filled_size":"0"}}"#,
            VenueOrder(u128::from(n) + 1).as_uuid()
        )
    };
    let rows: Vec<String> = (0..150).map(row).collect();
    stand.answer(
        id,
        200,
        &format!(r#"{{"orders":[{}],"has_next":false,"cursor":""}}"#, rows.join(",")),
    );
    let cancels = stand.requests();
    let sizes: Vec<usize> =
        cancels.iter().map(|(_, r)| r.body.expose().matches("00000000-").count()).collect();
    assert_eq!(sizes, [100, 50]);
    assert!(cancels.iter().all(|(_, r)| r.address.path.ends_with("/orders/batch_cancel")));
    stand.pass(2_100);
    let (id, _) = asked(&mut stand, "/orders/historical/batch");
    stand.answer(id, 200, r#"{"orders":[],"has_next":false,"cursor":""}"#);
    stand.pass(2_100);
    assert!(stand.requests().is_empty());
}

#[test]
fn new_orders_stop_at_the_reserve_and_cancels_do_not() {
    let (mut stand, _) = ready();
    stand.pass(1_000);
    place(&mut stand, 1);
    let mut placed = 1;
    while placed < 100 && stand.hand_in(Kind::Place, placed + 1, placed + 1).is_ok() {
        placed += 1;
    }
    // 25 a second less a reserve of 10.
    assert_eq!(placed, 15);
    let refused = stand.hand_in(Kind::Place, 300, 300);
    assert!(matches!(refused, Err(Happened::Rejected(NO_BUDGET))));
    assert!(stand.hand_in(Kind::Cancel, 1, 301).is_ok());
    assert_eq!(stand.trader.room(HERE, stand.now).cancels, 9);
}

#[test]
fn a_key_that_is_refused_stops_at_once_and_says_so() {
    let mut stand = Stand::new(&TRADE, &DESK, settings());
    let line = connect(&mut stand);
    stand.requests();
    stand.frame(line, r#"{"type":"error","message":"authentication failure"}"#);
    assert_eq!((stand.closes(), stand.trader.state().stage), (1, Stage::Refused));
    stand.pass(30_000);
    assert!(!stand.dials());
}

#[test]
fn a_subscription_without_an_answer_is_given_up_and_so_is_a_silent_line() {
    let mut stand = Stand::new(&TRADE, &DESK, settings());
    let line = connect(&mut stand);
    for n in 0..11 {
        heartbeat(&mut stand, line, n);
        stand.pass(1_000);
    }
    assert_eq!(stand.closes(), 1);
    let (mut stand, _) = ready();
    stand.pass(5_100);
    assert_eq!(stand.closes(), 1);
}

#[test]
fn whatever_comes_nothing_panics_and_no_order_is_made_up() {
    let row = order("n00000100000000001", ID, "OPEN", "0.0005", "32.2625", "0.0194");
    let frame = format!(
        r#"{{"channel":"user","sequence_num":1,"events":[{{"type":"update","orders":[{row}]}}]}}"#
    );
    let answer = format!(r#"{{"success":true,"success_response":{{"order_id":"{ID}"}}}}"#);
    for (is_frame, text) in [(true, &frame), (false, &answer)] {
        for at in 0..text.len() {
            for byte in [b'9', b'"', b'{', b'-', 0] {
                let (mut stand, line) = ready();
                let (_, id) = stand.hand_in(Kind::Place, 1, 1).unwrap();
                let mut bytes = text.as_bytes().to_vec();
                bytes[at] = byte;
                if is_frame {
                    stand.frame(line, &bytes);
                    stand.frame(line, &bytes[..at]);
                } else {
                    stand.answer(id.unwrap(), 200, &String::from_utf8_lossy(&bytes));
                }
                for (order, happened) in stand.replies() {
                    assert_eq!(order, 1, "{happened:?}");
                }
            }
        }
    }
}
