//! A member of Binance: signatures and sessions, orders by the WS API and REST, the user stream,
//! limits.

use neural_kraken::base::Nanos;
use neural_kraken::sim::Trouble;
use neural_kraken::sim::dialect::{Ask, Conn};
use ring::signature::Ed25519KeyPair;
use serde_json::{Map, Value, json};

use super::{STANDARD, Said, Stand, hmac_hex, number, unpem};
use base64::Engine as _;

fn stand() -> (Stand, Conn) {
    let mut stand = Stand::new(1);
    let conn = stand.connect("/ws-api/v3");
    (stand, conn)
}

fn edwards(stand: &Stand, message: &str) -> String {
    let der = unpem(&stand.keys.binance_ed25519.1);
    let pair = Ed25519KeyPair::from_seed_unchecked(&der[16..48]).unwrap();
    STANDARD.encode(pair.sign(message.as_bytes()))
}

fn millis(stand: &Stand) -> String {
    (stand.now().0 / Nanos::MILLI).to_string()
}

/// `name=value` by name.
fn payload(params: &Map<String, Value>) -> String {
    let mut pairs: Vec<String> =
        params.iter().map(|(k, v)| format!("{k}={}", v.as_str().unwrap())).collect();
    pairs.sort();
    pairs.join("&")
}

/// Asks with a signature by HMAC; the answer.
fn signed(stand: &mut Stand, conn: Conn, method: &str, params: Value) -> Value {
    let Value::Object(mut params) = params else { panic!() };
    let (key, secret) = stand.keys.binance.clone();
    params.entry("timestamp").or_insert(json!(millis(stand)));
    params.insert("apiKey".into(), json!(key));
    let signature = hmac_hex(&secret, &payload(&params));
    params.insert("signature".into(), json!(signature));
    plain(stand, conn, method, &Value::Object(params))
}

/// Asks as it is; the answer.
fn plain(stand: &mut Stand, conn: Conn, method: &str, params: &Value) -> Value {
    stand.say(conn, &json!({"id": "a1", "method": method, "params": params}));
    let heard = stand.heard(conn);
    let (answers, events): (Vec<Value>, Vec<Value>) =
        heard.into_iter().partition(|message| message["status"].is_u64());
    for event in events {
        // Kept for who asks for events.
        let frame = event.to_string().into_bytes();
        let put = neural_kraken::sim::dialect::Put::Frame(frame);
        stand.out.push(neural_kraken::sim::dialect::Out { conn, put });
    }
    let [answer] = &answers[..] else { panic!("{answers:?}") };
    assert_eq!(answer["id"], "a1");
    answer.clone()
}

fn code(answer: &Value) -> (u64, i64, String) {
    let msg = answer["error"]["msg"].as_str().unwrap_or_default().to_owned();
    (answer["status"].as_u64().unwrap(), answer["error"]["code"].as_i64().unwrap_or(0), msg)
}

fn buy(price: &str, quantity: &str) -> Value {
    json!({
        "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
        "price": price, "quantity": quantity,
    })
}

fn with(mut value: Value, more: &Value) -> Value {
    for (key, one) in more.as_object().unwrap() {
        if one.is_null() {
            value.as_object_mut().unwrap().remove(key);
        } else {
            value[key] = one.clone();
        }
    }
    value
}

/// A signed REST request whose parameters stand in the query, or for POST in the body.
fn rest(stand: &mut Stand, method: &str, path: &str, params: &str) -> Said {
    let (key, secret) = stand.keys.binance.clone();
    let joint = if params.is_empty() { "" } else { "&" };
    let params = format!("{params}{joint}timestamp={}", millis(stand));
    let signed = format!("{params}&signature={}", hmac_hex(&secret, &params));
    let (query, body) = if method == "POST" { ("", &*signed) } else { (&*signed, "") };
    stand.rest(&Ask { method, path, query }, &[("x-mbx-apikey", &key)], body)
}

/// Events of the user stream, by what they are.
fn events(stand: &mut Stand, conn: Conn) -> Vec<Value> {
    let heard = stand.heard(conn).into_iter().filter(|message| message["event"].is_object());
    heard.map(|message| message["event"].clone()).collect()
}

fn reports(events: &[Value]) -> Vec<(&str, &str)> {
    let all = events.iter().filter(|event| event["e"] == "executionReport");
    all.map(|event| (event["x"].as_str().unwrap(), event["X"].as_str().unwrap())).collect()
}

#[test]
fn each_wrong_proof_has_its_own_code_and_words() {
    let (mut stand, conn) = stand();
    let time = json!({"timestamp": millis(&stand)});
    let answer = plain(&mut stand, conn, "account.status", &time);
    assert_eq!(code(&answer).1, -1_102);
    let stamp = &time["timestamp"];
    let with_key = |key: &str, signature: &str| {
        let mut params = json!({"apiKey": key, "timestamp": stamp});
        params["signature"] = json!(signature);
        params
    };
    let answer = plain(&mut stand, conn, "account.status", &with_key("short", "00"));
    assert_eq!(code(&answer), (401, -2_014, "API-key format invalid.".into()));
    let unknown = "a".repeat(64);
    let answer = plain(&mut stand, conn, "account.status", &with_key(&unknown, "00"));
    let refused = "Invalid API-key, IP, or permissions for action.";
    assert_eq!(code(&answer), (401, -2_015, refused.into()));
    let own = stand.keys.binance.0.clone();
    let answer = plain(&mut stand, conn, "account.status", &with_key(&own, &"0".repeat(64)));
    let refused = "Signature for this request is not valid.";
    assert_eq!(code(&answer), (400, -1_022, refused.into()));
    for (time, is_early) in [(-5_001, false), (1_000, true)] {
        let stamp = (stand.now().0 / Nanos::MILLI + time).to_string();
        let answer = signed(&mut stand, conn, "account.status", json!({"timestamp": stamp}));
        let (status, code, msg) = code(&answer);
        assert_eq!((status, code, msg.contains("1000ms ahead")), (400, -1_021, is_early));
    }
    let wide = json!({"recvWindow": "60001"});
    assert_eq!(code(&signed(&mut stand, conn, "account.status", wide)).1, -1_131);
    assert_eq!(signed(&mut stand, conn, "account.status", json!({}))["status"], 200);
    let said =
        stand.rest(&Ask { method: "GET", path: "/api/v3/account", query: "timestamp=1" }, &[], "");
    assert_eq!((said.status, &said.body["code"]), (400, &json!(-1_102)));
    stand.peer = "10.0.0.1".parse().unwrap();
    assert_eq!(rest(&mut stand, "GET", "/api/v3/account", "").status, 200);
}

#[test]
fn a_session_needs_no_more_signatures_and_follows_the_account() {
    let (mut stand, conn) = stand();
    let (key, _) = stand.keys.binance_ed25519.clone();
    let subscribe = plain(&mut stand, conn, "userDataStream.subscribe", &json!({}));
    assert_eq!(code(&subscribe).1, -2_015);
    let mut params = Map::new();
    params.insert("apiKey".into(), json!(key));
    params.insert("timestamp".into(), json!(millis(&stand)));
    let signature = edwards(&stand, &payload(&params));
    params.insert("signature".into(), json!(signature));
    let logon = plain(&mut stand, conn, "session.logon", &Value::Object(params));
    assert_eq!((&logon["status"], &logon["result"]["apiKey"]), (&json!(200), &json!(key)));
    let answer = signed(&mut stand, conn, "session.logon", json!({}));
    assert_eq!(code(&answer).1, -4_056);
    let subscribed = plain(&mut stand, conn, "userDataStream.subscribe", &json!({}));
    assert_eq!(subscribed["result"]["subscriptionId"], 0);
    let again = plain(&mut stand, conn, "userDataStream.subscribe", &json!({}));
    assert_eq!(code(&again).1, -2_035);

    let other = stand.connect("/ws-api/v3");
    let name = "userDataStream.subscribe.signature";
    assert_eq!(signed(&mut stand, other, name, json!({}))["status"], 200);
    let price = stand.price("BTCUSDT", -5_000);
    let time = millis(&stand);
    let order = with(buy(&price, "0.5"), &json!({"timestamp": time, "newClientOrderId": "fp-1"}));
    let answer = plain(&mut stand, conn, "order.place", &order);
    assert_eq!(answer["result"]["status"], "NEW");
    assert!(answer["rateLimits"].as_array().unwrap().iter().any(|of| of["count"] == 1));
    let own = events(&mut stand, conn);
    assert_eq!(reports(&own), [("NEW", "NEW")]);
    assert_eq!(own, events(&mut stand, other));
    let locked = |event: &Value, asset: &str, key: &str| {
        let all = event["B"].as_array().unwrap().iter();
        number(&all.clone().find(|b| b["a"] == asset).unwrap()[key])
    };
    let worth = 0.5 * price.parse::<f64>().unwrap();
    assert!((locked(&own[1], "USDT", "l") - worth).abs() < 1e-6);

    // Smaller keeps its place; without a name of ours the order is given another.
    let amend = json!({
        "symbol": "BTCUSDT", "origClientOrderId": "fp-1", "newQty": "0.25",
        "newClientOrderId": "fp-1", "timestamp": time,
    });
    let answer = plain(&mut stand, conn, "order.amend.keepPriority", &amend);
    assert_eq!(answer["result"]["amendedOrder"]["qty"], "0.25000000");
    assert_eq!(reports(&events(&mut stand, conn)), [("REPLACED", "NEW")]);
    let larger = with(amend, &json!({"newQty": "0.3"}));
    assert_eq!(code(&plain(&mut stand, conn, "order.amend.keepPriority", &larger)).1, -2_038);
    let cancel = json!({
        "symbol": "BTCUSDT", "origClientOrderId": "fp-1", "newClientOrderId": "c-1",
        "timestamp": time,
    });
    let answer = plain(&mut stand, conn, "order.cancel", &cancel);
    let result = &answer["result"];
    assert_eq!(
        (&result["origClientOrderId"], &result["clientOrderId"]),
        (&json!("fp-1"), &json!("c-1"))
    );
    let own = events(&mut stand, conn);
    assert_eq!(reports(&own), [("CANCELED", "CANCELED")]);
    assert_eq!((&own[0]["c"], &own[0]["C"]), (&json!("c-1"), &json!("fp-1")));
    let answer = plain(&mut stand, conn, "order.cancel", &cancel);
    assert_eq!(code(&answer), (400, -2_011, "Unknown order sent.".into()));
    let left = plain(&mut stand, conn, "userDataStream.unsubscribe", &json!({}));
    assert_eq!(left["status"], 200);
}

#[test]
fn a_taker_pays_in_what_it_receives_and_rest_agrees() {
    let (mut stand, conn) = stand();
    let name = "userDataStream.subscribe.signature";
    signed(&mut stand, conn, name, json!({}));
    let balance = |stand: &mut Stand, asset: &str| {
        let said = rest(stand, "GET", "/api/v3/account", "");
        assert_ne!(said.header("x-mbx-used-weight-1m"), "");
        let all = said.body["balances"].as_array().unwrap().clone();
        number(&all.iter().find(|b| b["asset"] == asset).unwrap()["free"])
    };
    let before = [balance(&mut stand, "BTC"), balance(&mut stand, "USDT")];
    let params = "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.75&newClientOrderId=m1";
    let said = rest(&mut stand, "POST", "/api/v3/order", params);
    assert_eq!((said.status, &said.body["status"]), (200, &json!("FILLED")));
    assert_ne!(said.header("x-mbx-order-count-10s"), "");
    let fills = said.body["fills"].as_array().unwrap();
    let sum = |key: &str| fills.iter().map(|fill| number(&fill[key])).sum::<f64>();
    assert!((sum("qty") - 0.75).abs() < 1e-9);
    assert!(fills.iter().all(|fill| fill["commissionAsset"] == "BTC"));
    assert!((sum("commission") - 0.75 * 0.001).abs() < 1e-6);
    let cost = number(&said.body["cummulativeQuoteQty"]);
    let after = [balance(&mut stand, "BTC"), balance(&mut stand, "USDT")];
    assert!((after[0] - before[0] - 0.75 + sum("commission")).abs() < 1e-8);
    assert!((before[1] - after[1] - cost).abs() < 1e-6);
    let events = events(&mut stand, conn);
    let reports = reports(&events);
    assert_eq!(reports.first(), Some(&("NEW", "NEW")));
    assert_eq!(reports.last(), Some(&("TRADE", "FILLED")));
    assert!(reports[1..reports.len() - 1].iter().all(|r| *r == ("TRADE", "PARTIALLY_FILLED")));
    let ids: Vec<i64> = events.iter().filter_map(|event| event["I"].as_i64()).collect();
    assert!(ids.is_sorted_by(|one, other| one < other));
    let said = rest(&mut stand, "GET", "/api/v3/myTrades", "symbol=BTCUSDT");
    assert_eq!(said.body.as_array().map(Vec::len), Some(fills.len()));
    let said = rest(&mut stand, "GET", "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=m1");
    assert_eq!(number(&said.body["executedQty"]), 0.75);
    // An amount buys what it can.
    let params = "symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=1000";
    let said = rest(&mut stand, "POST", "/api/v3/order", params);
    assert_eq!(said.body["status"], "FILLED");
    assert!((900.0..=1_000.0).contains(&number(&said.body["cummulativeQuoteQty"])));
}

#[test]
fn each_filter_and_rule_has_its_code() {
    let (mut stand, conn) = stand();
    let price = stand.price("BTCUSDT", -5_000);
    let cross = stand.price("BTCUSDT", 5);
    let base = buy(&price, "0.001");
    for (more, expected, words) in [
        (json!({"symbol": "NOPE"}), -1_121, "Invalid symbol."),
        (json!({"side": "HOLD"}), -1_117, "Invalid side."),
        (json!({"type": "STOP"}), -1_116, "Invalid orderType."),
        (json!({"timeInForce": "GTD"}), -1_115, "Invalid timeInForce."),
        (json!({"timeInForce": null}), -1_102, "'timeInForce'"),
        (json!({"quantity": null}), -1_102, "'quantity'"),
        (json!({"price": "1e999"}), -1_100, "Illegal characters"),
        (json!({"price": "64525.123456789"}), -1_111, "too much precision"),
        (json!({"price": "64525.123"}), -1_013, "Filter failure: PRICE_FILTER"),
        (json!({"quantity": "0.000001"}), -1_013, "Filter failure: LOT_SIZE"),
        (json!({"quantity": "0.00001"}), -1_013, "Filter failure: NOTIONAL"),
        (json!({"price": "10.00", "quantity": "10"}), -1_013, "PERCENT_PRICE_BY_SIDE"),
        (json!({"quantity": "5000"}), -2_010, "Account has insufficient balance"),
        (json!({"newClientOrderId": "no spaces"}), -1_100, "legal range is"),
        (json!({"selfTradePreventionMode": "TRANSFER"}), -2_010, "self-trade prevention mode"),
        (
            json!({"type": "LIMIT_MAKER", "timeInForce": null, "price": cross}),
            -2_010,
            "Order would immediately match and take.",
        ),
    ] {
        let answer = signed(&mut stand, conn, "order.place", with(base.clone(), &more));
        let (status, code, msg) = code(&answer);
        assert_eq!((status, code), (400, expected), "{more}: {msg}");
        assert!(msg.contains(words), "{msg}");
    }
    let named = with(base.clone(), &json!({"newClientOrderId": "one"}));
    assert_eq!(signed(&mut stand, conn, "order.place", named.clone())["status"], 200);
    let answer = signed(&mut stand, conn, "order.place", named.clone());
    assert_eq!(code(&answer), (400, -2_010, "Duplicate order sent.".into()));
    // A replacement ends the old one first, or nothing at all.
    let replace = with(
        named,
        &json!({"cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrigClientOrderId": "one"}),
    );
    let answer = signed(&mut stand, conn, "order.cancelReplace", replace.clone());
    assert_eq!(answer["result"]["newOrderResult"], "SUCCESS");
    let bad = with(replace, &json!({"quantity": "5000", "newClientOrderId": "two"}));
    let answer = signed(&mut stand, conn, "order.cancelReplace", bad.clone());
    assert_eq!((code(&answer).0, code(&answer).1), (409, -2_021));
    assert_eq!(answer["error"]["data"]["newOrderResponse"]["code"], -2_010);
    let answer = signed(&mut stand, conn, "order.cancelReplace", bad);
    assert_eq!((code(&answer).0, code(&answer).1), (400, -2_022));
    assert_eq!(answer["error"]["data"]["newOrderResult"], "NOT_ATTEMPTED");
    let all = json!({"symbol": "BTCUSDT"});
    assert_eq!(code(&signed(&mut stand, conn, "openOrders.cancelAll", all)).1, -2_011);
    let status = json!({"symbol": "BTCUSDT", "orderId": "1"});
    assert_eq!(code(&signed(&mut stand, conn, "order.status", status)).1, -2_013);
}

#[test]
fn limits_refuse_with_a_time_and_then_ban() {
    let (mut stand, conn) = stand();
    let price = stand.price("BTCUSDT", -5_000);
    let order = buy(&price, "0.001");
    let answers: Vec<Value> =
        (0..51).map(|_| signed(&mut stand, conn, "order.place", order.clone())).collect();
    assert!(answers[..50].iter().all(|answer| answer["status"] == 200));
    assert_eq!((code(&answers[50]).0, code(&answers[50]).1), (429, -1_015));
    assert!(answers[50]["error"]["data"]["retryAfter"].as_i64() > Some(0));
    stand.pass_ms(10_000);
    stand.heard(conn);
    assert_eq!(signed(&mut stand, conn, "order.place", order)["status"], 200);
    // 20 of 6000 a minute, each.
    let mut statuses = Vec::new();
    for _ in 0..400 {
        let answer = signed(&mut stand, conn, "account.status", json!({}));
        statuses.push(answer["status"].as_u64().unwrap());
    }
    let first = statuses.iter().position(|status| *status == 429).unwrap();
    assert!((250..=300).contains(&first), "{first}");
    assert_eq!(statuses.last(), Some(&418));
    let said = rest(&mut stand, "GET", "/api/v3/account", "");
    assert_eq!(said.status, 418);
    assert!(said.header("retry-after").parse::<i64>().unwrap() > 60);
}

#[test]
fn an_unknown_outcome_is_a_status_of_five_hundred_and_the_order_is_there() {
    let (mut stand, conn) = stand();
    let price = stand.price("BTCUSDT", -5_000);
    let order = with(buy(&price, "0.001"), &json!({"newClientOrderId": "u1"}));
    stand.hall.trouble(1, Trouble::Error, 2);
    let answer = signed(&mut stand, conn, "order.place", order);
    assert_eq!((code(&answer).0, code(&answer).1), (500, -1_007));
    let status = json!({"symbol": "BTCUSDT", "origClientOrderId": "u1"});
    let answer = signed(&mut stand, conn, "order.status", status);
    assert_eq!(answer["result"]["status"], "NEW");
    let said = rest(&mut stand, "DELETE", "/api/v3/openOrders", "symbol=BTCUSDT");
    assert_eq!((said.status, &said.body["code"]), (500, &json!(-1_007)));
    stand.hall.trouble(1, Trouble::LateReply(7), 1);
    let params = format!("symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&quantity=0.001&price={price}");
    let said = rest(&mut stand, "POST", "/api/v3/order", &params);
    assert_eq!((said.status, said.wait_ns), (200, 7));
}
