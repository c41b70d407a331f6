//! A member of Coinbase: tokens, orders and queries by REST, the channel `user`, limits.

use neural_kraken::base::Nanos;
use neural_kraken::sim::Trouble;
use neural_kraken::sim::dialect::{Ask, Conn};
use serde_json::{Value, json};

use super::{Said, Stand, coinbase_token, number};

const PREFIX: &str = "/api/v3/brokerage/";

fn token(stand: &Stand, uri: Option<&str>) -> String {
    let (name, pem) = &stand.keys.coinbase;
    coinbase_token((name, pem), uri, stand.now().0 / Nanos::SECOND)
}

fn ask(stand: &mut Stand, method: &str, path: &str, query: &str, body: &str) -> Said {
    let path = format!("{PREFIX}{path}");
    let bearer = token(stand, Some(&format!("{method} api.coinbase.com{path}")));
    let headers = [("authorization", &*format!("Bearer {bearer}"))];
    stand.rest(&Ask { method, path: &path, query }, &headers, body)
}

fn fetch(stand: &mut Stand, path: &str, query: &str) -> Value {
    let said = ask(stand, "GET", path, query, "");
    assert_eq!(said.status, 200, "{}", said.body);
    said.body
}

fn post(stand: &mut Stand, path: &str, body: &Value) -> Value {
    let said = ask(stand, "POST", path, "", &body.to_string());
    assert_eq!(said.status, 200, "{}", said.body);
    said.body
}

fn follow(stand: &mut Stand) -> Conn {
    let conn = stand.connect("/");
    let jwt = token(stand, None);
    stand.say(conn, &json!({"type": "subscribe", "channel": "user", "jwt": jwt}));
    conn
}

fn order(client: &str, config: impl Into<Value>) -> Value {
    let config: Value = config.into();
    json!({
        "client_order_id": client, "product_id": "BTC-USD", "side": "BUY",
        "order_configuration": config,
    })
}

fn resting(price: &str, size: &str, post_only: bool) -> Value {
    json!({"limit_limit_gtc": {"base_size": size, "limit_price": price, "post_only": post_only}})
}

/// Status and cumulative quantity of each update of `user`.
fn told(heard: &[Value]) -> Vec<(String, f64)> {
    let events = heard.iter().filter(|m| m["channel"] == "user").map(|m| &m["events"][0]);
    let updates = events.filter(|event| event["type"] == "update");
    let of = updates.map(|event| &event["orders"][0]);
    of.map(|o| (o["status"].as_str().unwrap().into(), number(&o["cumulative_quantity"]))).collect()
}

#[test]
fn tokens_are_for_one_request_and_a_time() {
    let mut stand = Stand::new(2);
    let path = format!("{PREFIX}accounts");
    let accounts = Ask { method: "GET", path: &path, query: "limit=250" };
    let said = stand.rest(&accounts, &[], "");
    assert_eq!((said.status, &said.body["code"]), (401, &json!(16)));
    let good = token(&stand, Some("GET api.coinbase.com/api/v3/brokerage/accounts"));
    let other = token(&stand, Some("POST api.coinbase.com/api/v3/brokerage/orders"));
    let none = token(&stand, None);
    let status = |stand: &mut Stand, token: &str| {
        stand.rest(&accounts, &[("authorization", &format!("Bearer {token}"))], "").status
    };
    assert_eq!(status(&mut stand, &good), 200);
    assert_eq!((status(&mut stand, &other), status(&mut stand, &none)), (401, 401));
    stand.pass_ms(121_000);
    assert_eq!(status(&mut stand, &good), 401);
    let conn = stand.connect("/");
    stand.say(conn, &json!({"type": "subscribe", "channel": "user", "jwt": good}));
    let refused = json!({"type": "error", "message": "authentication failure"});
    assert_eq!(stand.heard(conn), [refused]);
    assert_eq!(fetch(&mut stand, "products/BTC-USD", "")["product_id"], "BTC-USD");
    assert_eq!(fetch(&mut stand, "key_permissions", "")["can_trade"], true);
    let rate = fetch(&mut stand, "transaction_summary", "")["fee_tier"]["taker_fee_rate"].clone();
    assert_eq!(number(&rate), 0.012);
}

#[test]
fn an_order_lives_as_on_the_venue() {
    let mut stand = Stand::new(2);
    let conn = follow(&mut stand);
    let heard = stand.heard(conn);
    let numbers: Vec<&Value> = heard.iter().map(|message| &message["sequence_num"]).collect();
    assert_eq!(numbers, [0, 1]);
    assert_eq!(heard[0]["events"][0]["orders"], json!([]));
    assert!(heard[1]["events"][0]["subscriptions"]["user"].is_array());

    let price = stand.price("BTC-USD", -5_000);
    let body = order("fp-1", resting(&price, "0.5", true));
    let made = post(&mut stand, "orders", &body);
    assert_eq!(made["success"], true, "{made}");
    let id = made["success_response"]["order_id"].as_str().unwrap().to_owned();
    let again = post(&mut stand, "orders", &order("fp-1", resting(&price, "0.7", true)));
    assert_eq!(again["success_response"]["order_id"], id);
    let heard = stand.heard(conn);
    assert_eq!(told(&heard), [("PENDING".into(), 0.0), ("OPEN".into(), 0.0)]);
    let first = &heard[0]["events"][0]["orders"][0];
    assert_eq!((&first["post_only"], &first["order_side"]), (&json!("true"), &json!("BUY")));
    let worth = 0.5 * price.parse::<f64>().unwrap() * 1.012;
    assert!((number(&first["outstanding_hold_amount"]) - worth).abs() < 0.01);
    let accounts = fetch(&mut stand, "accounts", "limit=250");
    let usd = accounts["accounts"].as_array().unwrap().iter().find(|a| a["currency"] == "USD");
    assert!((number(&usd.unwrap()["hold"]["value"]) - worth).abs() < 0.01);

    let lower = stand.price("BTC-USD", -6_000);
    let edit = json!({"order_id": id, "price": lower, "size": "0.25"});
    let edited = post(&mut stand, "orders/edit", &edit);
    assert_eq!(edited, json!({"success": true, "errors": []}));
    let shown = fetch(&mut stand, &format!("orders/historical/{id}"), "");
    let config = &shown["order"]["order_configuration"]["limit_limit_gtc"];
    assert_eq!((number(&config["base_size"]), &shown["order"]["status"]), (0.25, &json!("OPEN")));
    let batch =
        fetch(&mut stand, "orders/historical/batch", "order_status=OPEN&product_ids=BTC-USD");
    assert_eq!(batch["orders"].as_array().map(Vec::len), Some(1));
    stand.heard(conn);

    let ids = json!({"order_ids": [id, "0000"]});
    let results = post(&mut stand, "orders/batch_cancel", &ids)["results"].clone();
    assert_eq!((&results[0]["success"], &results[1]["success"]), (&json!(true), &json!(false)));
    assert_eq!(results[1]["failure_reason"], "UNKNOWN_CANCEL_ORDER");
    let ended = [("CANCEL_QUEUED".into(), 0.0), ("CANCELLED".into(), 0.0)];
    assert_eq!(told(&stand.heard(conn)), ended);
    let edited = post(&mut stand, "orders/edit", &edit);
    assert_eq!(edited["errors"][0]["edit_failure_reason"], "ORDER_NOT_FOUND");
}

#[test]
fn fills_are_told_as_sums_and_shown_one_by_one() {
    let mut stand = Stand::new(2);
    let (conn, other) = (follow(&mut stand), follow(&mut stand));
    stand.heard(conn);
    stand.heard(other);
    let config = json!({"market_market_ioc": {"base_size": "0.75"}});
    let made = post(&mut stand, "orders", &order("m-1", config));
    let id = made["success_response"]["order_id"].as_str().unwrap().to_owned();
    let heard = stand.heard(conn);
    let all = told(&heard);
    assert_eq!(all.last(), Some(&("FILLED".into(), 0.75)));
    assert_eq!(all, told(&stand.heard(other)));
    let query = format!("order_ids={id}");
    let fills = fetch(&mut stand, "orders/historical/fills", &query)["fills"].clone();
    let fills = fills.as_array().unwrap();
    let size: f64 = fills.iter().map(|fill| number(&fill["size"])).sum();
    let cost: f64 = fills.iter().map(|f| number(&f["size"]) * number(&f["price"])).sum();
    let fee: f64 = fills.iter().map(|fill| number(&fill["commission"])).sum();
    assert!((size - 0.75).abs() < 1e-9 && (fee - cost * 0.012).abs() < 1e-6);
    assert!(fills.iter().all(|fill| fill["liquidity_indicator"] == "TAKER"));
    let last = &heard.last().unwrap()["events"][0]["orders"][0];
    assert!((number(&last["filled_value"]) - cost).abs() < 1e-6);
    assert!((number(&last["total_fees"]) - fee).abs() < 1e-6);
    let config = json!({"market_market_ioc": {"quote_size": "1000"}});
    post(&mut stand, "orders", &order("m-2", config));
    assert_eq!(told(&stand.heard(conn)).last().unwrap().0, "FILLED");
    let ids = json!({"order_ids": [id]});
    let results = post(&mut stand, "orders/batch_cancel", &ids)["results"].clone();
    assert_eq!(results[0]["failure_reason"], "ORDER_IS_FULLY_FILLED");
}

#[test]
fn each_rule_has_its_reason() {
    let mut stand = Stand::new(2);
    let (below, above) = (stand.price("BTC-USD", -900), stand.price("BTC-USD", 900));
    let fine = format!("{below}1");
    let cases = [
        (resting(&below, "900", false), "INSUFFICIENT_FUND"),
        (resting(&above, "0.01", true), "INVALID_LIMIT_PRICE_POST_ONLY"),
        (resting(&below, "0.000000001", false), "INVALID_SIZE_PRECISION"),
        (resting(&fine, "0.01", false), "INVALID_PRICE_PRECISION"),
        (resting("0", "0.01", false), "INVALID_LIMIT_PRICE"),
        (json!({"twap_limit_gtd": {}}), "UNSUPPORTED_ORDER_CONFIGURATION"),
        (json!({}), "UNSUPPORTED_ORDER_CONFIGURATION"),
        (json!({"market_market_fok": {"base_size": "9999"}}), "INVALID_NO_LIQUIDITY"),
        (json!({"limit_limit_gtd": {"end_time": "2020-01-01T00:00:00Z"}}), "UNSUPPORTED_ORDER"),
    ];
    for (n, (config, reason)) in cases.into_iter().enumerate() {
        let answer = post(&mut stand, "orders", &order(&n.to_string(), config.clone()));
        assert_eq!(answer["success"], false);
        let error = &answer["error_response"];
        let found = error["error"].as_str().unwrap();
        assert!(found.starts_with(reason), "{config}: {error}");
        assert_eq!(error["preview_failure_reason"], format!("PREVIEW_{found}"));
    }
    let mut body = order("x", resting(&below, "0.01", false));
    body["product_id"] = json!("NO-USD");
    assert_eq!(post(&mut stand, "orders", &body)["error_response"]["error"], "INVALID_PRODUCT_ID");
    let small = post(&mut stand, "orders", &order("y", resting(&below, "0.00000001", false)));
    let preview = &small["error_response"]["preview_failure_reason"];
    assert_eq!(preview, "PREVIEW_INVALID_QUOTE_SIZE_TOO_SMALL");
    assert_eq!(ask(&mut stand, "POST", "orders", "", "[1]").status, 400);
    assert_eq!(ask(&mut stand, "DELETE", "orders", "", "").status, 405);
    let missing = ask(&mut stand, "GET", "orders/historical/nope", "", "");
    assert_eq!((missing.status, &missing.body["code"]), (404, &json!(5)));
}

#[test]
fn dates_end_orders_and_too_many_requests_are_refused() {
    let mut stand = Stand::new(2);
    let conn = follow(&mut stand);
    let price = stand.price("BTC-USD", -5_000);
    let end = Nanos(stand.now().0 + 2 * Nanos::SECOND).to_string();
    let config = json!({"limit_limit_gtd": {
        "base_size": "0.01", "limit_price": price, "end_time": end,
    }});
    assert_eq!(post(&mut stand, "orders", &order("d", config))["success"], true);
    stand.heard(conn);
    stand.pass_ms(2_020);
    assert_eq!(told(&stand.heard(conn)), [("EXPIRED".into(), 0.0)]);
    let mut said = ask(&mut stand, "GET", "accounts", "", "");
    assert_eq!(
        (said.header("x-ratelimit-limit"), said.header("x-ratelimit-remaining")),
        ("30", "29")
    );
    for _ in 0..30 {
        said = ask(&mut stand, "GET", "accounts", "", "");
    }
    assert_eq!((said.status, said.header("x-ratelimit-remaining")), (429, "0"));
    assert_eq!(said.body["errors"][0]["id"], "rate_limit_exceeded");
    stand.pass_ms(1_000);
    assert_eq!(ask(&mut stand, "GET", "accounts", "", "").status, 200);
}

#[test]
fn a_lost_reply_is_mended_by_asking_again_with_the_same_id() {
    let mut stand = Stand::new(2);
    let price = stand.price("BTC-USD", -5_000);
    let body = order("once", resting(&price, "0.01", false)).to_string();
    stand.hall.trouble(2, Trouble::LostReply, 1);
    assert_eq!(ask(&mut stand, "POST", "orders", "", &body).status, 504);
    stand.hall.trouble(2, Trouble::Error, 1);
    assert_eq!(ask(&mut stand, "POST", "orders", "", &body).status, 500);
    stand.hall.trouble(2, Trouble::Twice, 1);
    assert_eq!(ask(&mut stand, "POST", "orders", "", &body).body["success"], true);
    let open = fetch(&mut stand, "orders/historical/batch", "order_status=OPEN");
    assert_eq!(open["orders"].as_array().map(Vec::len), Some(1));
}
