//! A member of Kraken: tokens and nonces, orders by websocket and REST, channels, limits, troubles.

use neural_kraken::base::Nanos;
use neural_kraken::sim::dialect::{Ask, Conn};
use neural_kraken::sim::{Accounts, Keys, Trouble};
use serde_json::{Value, json};

use super::{Stand, kraken_sign, number};

const PATH: &str = "/0/private/";

fn stand() -> Stand {
    Stand::new(0)
}

/// A signed request by REST: its result, or its error.
fn ask(stand: &mut Stand, method: &str, params: &str) -> Result<Value, String> {
    stand.nonce += 1;
    let (path, nonce) = (format!("{PATH}{method}"), stand.nonce);
    let body = format!("nonce={nonce}{params}");
    let (key, secret) = stand.keys.kraken.clone();
    let sign = kraken_sign(&secret, &path, nonce, &body);
    send(stand, &path, (&key, &sign), &body)
}

fn send(
    stand: &mut Stand,
    path: &str,
    (key, sign): (&str, &str),
    body: &str,
) -> Result<Value, String> {
    let ask = Ask { method: "POST", path, query: "" };
    let said = stand.rest(&ask, &[("api-key", key), ("api-sign", sign)], body);
    assert_eq!(said.status, 200);
    match said.body["error"][0].as_str() {
        Some(why) => Err(why.into()),
        None => Ok(said.body["result"].clone()),
    }
}

/// A connection with its token that follows both channels.
fn session(stand: &mut Stand) -> (Conn, String) {
    let token = ask(stand, "GetWebSocketsToken", "").unwrap();
    assert_eq!(token["expires"], 900);
    let token = token["token"].as_str().unwrap().to_owned();
    let conn = stand.connect("/v2");
    for channel in ["executions", "balances"] {
        let params = json!({"channel": channel, "token": token, "ratecounter": true});
        stand.say(conn, &json!({"method": "subscribe", "params": params, "req_id": 7}));
    }
    (conn, token)
}

fn order(token: &str, price: &str, more: &Value) -> Value {
    let mut params = json!({
        "order_type": "limit", "side": "buy", "symbol": "BTC/USD", "order_qty": 0.001,
        "limit_price": price.parse::<f64>().unwrap(), "token": token,
    });
    for (key, value) in more.as_object().unwrap() {
        params[key] = value.clone();
    }
    json!({"method": "add_order", "params": params, "req_id": 9})
}

/// The answer among what was heard.
fn answer(heard: &[Value]) -> &Value {
    heard.iter().find(|message| message["method"].is_string()).unwrap()
}

/// Execution types, in their order.
fn types(heard: &[Value]) -> Vec<&str> {
    let of = heard.iter().filter(|m| m["channel"] == "executions" && m["type"] == "update");
    of.map(|message| message["data"][0]["exec_type"].as_str().unwrap()).collect()
}

#[test]
fn each_wrong_proof_has_its_own_words() {
    let mut stand = stand();
    let (key, secret) = stand.keys.kraken.clone();
    let path = format!("{PATH}Balance");
    let sign = |nonce: u64, body: &str| kraken_sign(&secret, &path, nonce, body);
    let good = "nonce=5";
    let unknown = send(&mut stand, &path, ("nobody", &sign(5, good)), good);
    assert_eq!(unknown, Err("EAPI:Invalid key".into()));
    let other = send(&mut stand, &path, (&key, &sign(5, "nonce=6")), good);
    assert_eq!(other, Err("EAPI:Invalid signature".into()));
    assert!(send(&mut stand, &path, (&key, &sign(5, good)), good).is_ok());
    let again = send(&mut stand, &path, (&key, &sign(5, good)), good);
    assert_eq!(again, Err("EAPI:Invalid nonce".into()));
    let json = r#"{"nonce":6}"#;
    assert!(send(&mut stand, &path, (&key, &sign(6, json)), json).is_ok());
    let none = send(&mut stand, &path, (&key, &sign(7, "")), "");
    assert_eq!(none, Err("EAPI:Invalid nonce".into()));
    stand.nonce = 10;
    assert_eq!(ask(&mut stand, "Nonsense", ""), Err("EGeneral:Unknown method".into()));
    let conn = stand.connect("/v2");
    stand.say(conn, &order("no such token", "1", &json!({})));
    let heard = stand.heard(conn);
    assert_eq!(answer(&heard)["error"], "ESession:Invalid session");
}

#[test]
fn a_token_ends_but_not_on_its_own_connection() {
    let mut stand = stand();
    let (conn, token) = session(&mut stand);
    let add = order(&token, &stand.price("BTC/USD", -50_000), &json!({}));
    for _ in 0..31 {
        stand.pass_ms(30_000);
        stand.out.clear();
        stand.say(conn, &json!({"method": "ping"}));
    }
    let other = stand.connect("/v2");
    stand.say(other, &add);
    assert_eq!(answer(&stand.heard(other))["error"], "ESession:Invalid session");
    stand.heard(conn);
    stand.say(conn, &add);
    assert_eq!(answer(&stand.heard(conn)[..])["success"], true);
}

#[test]
fn permissions_and_addresses_are_kept_to() {
    let keys = Keys::new(1).unwrap();
    let (key, secret) = &keys.kraken;
    let text = format!(
        "[[account]]\nvenue = \"kraken\"\nkey = \"{key}\"\nsecret = \"{secret}\"\n\
         permissions = [\"read\", \"token\"]\nips = [\"127.0.0.1\"]\n"
    );
    let mut stand = Stand::with(0, keys, &Accounts::parse(&text).unwrap());
    let (conn, token) = session(&mut stand);
    stand.heard(conn);
    stand.say(conn, &order(&token, "100", &json!({})));
    assert_eq!(answer(&stand.heard(conn))["error"], "EGeneral:Permission denied");
    let denied = Err("EGeneral:Permission denied".into());
    assert_eq!(ask(&mut stand, "CancelAll", ""), denied);
    assert!(ask(&mut stand, "BalanceEx", "").is_ok());
    stand.peer = "10.1.2.3".parse().unwrap();
    assert_eq!(ask(&mut stand, "BalanceEx", ""), denied);
}

#[test]
fn an_order_lives_as_on_the_venue() {
    let mut stand = stand();
    let (conn, token) = session(&mut stand);
    let heard = stand.heard(conn);
    let snapshots: Vec<&Value> = heard.iter().filter(|m| m["type"] == "snapshot").collect();
    assert_eq!(snapshots.len(), 2);
    assert_eq!((&snapshots[0]["sequence"], &snapshots[0]["data"]), (&json!(1), &json!([])));
    assert!(snapshots[1]["data"].as_array().unwrap().iter().any(|b| b["asset"] == "BTC"));
    assert_eq!(answer(&heard)["result"]["maxratecount"], 125);

    let price = stand.price("BTC/USD", -5_000);
    let more = json!({"post_only": true, "cl_ord_id": "fp-000001", "order_qty": 0.5});
    stand.say(conn, &order(&token, &price, &more));
    let heard = stand.heard(conn);
    let ack = answer(&heard);
    assert_eq!((&ack["req_id"], &ack["success"]), (&json!(9), &json!(true)));
    assert_eq!(ack["result"]["cl_ord_id"], "fp-000001");
    let id = ack["result"]["order_id"].as_str().unwrap().to_owned();
    assert_eq!(types(&heard), ["pending_new", "new"]);

    let held = ask(&mut stand, "BalanceEx", "").unwrap()["ZUSD"]["hold_trade"].clone();
    let worth = 0.5 * price.parse::<f64>().unwrap();
    assert!((number(&held) - worth * 1.004).abs() < 0.001, "{held} of {worth}");

    let params = json!({"cl_ord_id": "fp-000001", "order_qty": 0.25, "token": token});
    stand.say(conn, &json!({"method": "amend_order", "params": params}));
    let heard = stand.heard(conn);
    assert_eq!(answer(&heard)["result"]["cl_ord_id"], "fp-000001");
    assert_eq!(types(&heard), ["amended"]);
    let open = ask(&mut stand, "OpenOrders", "").unwrap();
    assert_eq!(number(&open["open"][&id]["vol"]), 0.25);
    assert_eq!(open["open"][&id]["descr"]["pair"], "XBTUSD");

    let params = json!({"order_id": [id, "OAAAAA-BBBBB-CCCCCC"], "token": token});
    stand.say(conn, &json!({"method": "cancel_order", "params": params, "req_id": 3}));
    let heard = stand.heard(conn);
    let answers: Vec<&Value> = heard.iter().filter(|m| m["method"] == "cancel_order").collect();
    assert_eq!(answers.len(), 2);
    assert_eq!(answers[0]["result"]["order_id"], id);
    assert_eq!(answers[1]["error"], "EOrder:Unknown order");
    assert_eq!(types(&heard), ["canceled"]);
    let last = heard.last().unwrap();
    assert_eq!(last["sequence"], 5);
    assert_eq!(last["data"][0]["reason"], "User requested");
    // Penalties: add 1, amend 1 + 3, cancel 8.
    assert_eq!(last["data"][0]["ratecount"], 13);
    let query = ask(&mut stand, "QueryOrders", &format!("&txid={id}")).unwrap();
    assert_eq!(query[&id]["status"], "canceled");
}

#[test]
fn a_taker_trades_then_is_filled_and_money_agrees_everywhere() {
    let mut stand = stand();
    let (conn, token) = session(&mut stand);
    let (other, _) = session(&mut stand);
    stand.heard(conn);
    stand.heard(other);
    let before = ask(&mut stand, "Balance", "").unwrap();
    let more = json!({"order_type": "market", "order_qty": 0.75, "order_userref": 12});
    stand.say(conn, &order(&token, "1", &more));
    let heard = stand.heard(conn);
    let types = types(&heard);
    assert_eq!((types[0], types[1], types[2]), ("pending_new", "new", "trade"));
    assert_eq!(types.last(), Some(&"filled"));
    let private: Vec<&Value> = heard.iter().filter(|m| m["sequence"].is_u64()).collect();
    let elsewhere = stand.heard(other);
    let twin: Vec<&Value> = elsewhere.iter().filter(|m| m["sequence"].is_u64()).collect();
    assert_eq!(private, twin);
    let trades: Vec<&Value> =
        private.iter().map(|m| &m["data"][0]).filter(|data| data["exec_type"] == "trade").collect();
    let sum = |key: &str| trades.iter().map(|trade| number(&trade[key])).sum::<f64>();
    let fees: f64 = trades.iter().map(|trade| number(&trade["fees"][0]["qty"])).sum();
    assert!((sum("last_qty") - 0.75).abs() < 1e-9);
    assert!((fees - sum("cost") * 0.004).abs() < 1e-6);
    assert!(trades.iter().all(|t| t["order_status"] == "partially_filled"));
    assert!(trades.iter().all(|t| t["liquidity_ind"] == "t" && t["order_userref"] == 12));
    let after = ask(&mut stand, "Balance", "").unwrap();
    let moved = |asset: &str| number(&after[asset]) - number(&before[asset]);
    assert!((moved("XXBT") - 0.75).abs() < 1e-9);
    assert!((moved("ZUSD") + sum("cost") + fees).abs() < 1e-6);
    let balances: Vec<&Value> = heard.iter().filter(|m| m["channel"] == "balances").collect();
    let last = &balances.last().unwrap()["data"];
    assert_eq!(last[0]["ref_id"], last[1]["ref_id"]);
    assert!((number(&last[1]["balance"]) - number(&after["ZUSD"])).abs() < 1e-6);
    let history = ask(&mut stand, "TradesHistory", "").unwrap();
    assert_eq!(history["count"], trades.len());
}

#[test]
fn each_rule_has_its_words() {
    let mut stand = stand();
    let (conn, token) = session(&mut stand);
    let (below, above) = (stand.price("BTC/USD", -900), stand.price("BTC/USD", 900));
    let late = (stand.now().0 / Nanos::SECOND - 1) * Nanos::SECOND;
    for (price, more, why) in [
        (&*below, json!({"symbol": "NOPE/USD"}), "EQuery:Unknown asset pair"),
        (&below, json!({"side": "hold"}), "EGeneral:Invalid arguments:side"),
        (&below, json!({"order_type": "iceberg"}), "EGeneral:Invalid arguments:order_type"),
        (&below, json!({"order_qty": 0}), "EOrder:Order minimum not met"),
        (&below, json!({"order_qty": 0.000_000_01}), "EOrder:Cost minimum not met"),
        (&below, json!({"order_qty": "0.000000001"}), "EGeneral:Invalid arguments:volume"),
        (&below, json!({"order_qty": 9_999}), "EOrder:Insufficient funds"),
        (&below, json!({"limit_price": -5}), "EOrder:Invalid price"),
        (&above, json!({"post_only": true}), "EOrder:Post only order"),
        (&below, json!({"stp_type": "none"}), "EGeneral:Invalid arguments:stp_type"),
        (&below, json!({"cl_ord_id": "far too long for free text"}), "EGeneral:Invalid arguments"),
        (&below, json!({"deadline": Nanos(late).to_string()}), "EService:Deadline elapsed"),
        (&below, json!({"time_in_force": "gtd"}), "EGeneral:Invalid arguments:expire_time"),
        (&below, json!({"reduce_only": true}), "EOrder:Reduce only:"),
        (&below, json!({"limit_price": 100.05}), "EOrder:Invalid price:BTC/USD price can only"),
    ] {
        stand.heard(conn);
        stand.say(conn, &order(&token, price, &more));
        let heard = stand.heard(conn);
        let found = answer(&heard)["error"].as_str().unwrap_or("taken");
        assert!(found.starts_with(why), "{more}: {found}");
        assert!(types(&heard).is_empty());
    }
    let named = order(&token, &below, &json!({"cl_ord_id": "one"}));
    for is_well in [true, false] {
        stand.heard(conn);
        stand.say(conn, &named);
        assert_eq!(answer(&stand.heard(conn))["success"], is_well);
    }
    // A dry run leaves nothing behind.
    stand.say(conn, &order(&token, &below, &json!({"validate": true})));
    assert_eq!(types(&stand.heard(conn)), [""; 0]);
    let open = ask(&mut stand, "OpenOrders", "").unwrap();
    assert_eq!(open["open"].as_object().unwrap().len(), 1);
}

#[test]
fn own_orders_do_not_trade_with_each_other() {
    let mut stand = stand();
    let (conn, token) = session(&mut stand);
    let inside = stand.price("BTC/USD", 0);
    let (_, ask, _) = stand.best("BTC/USD");
    let much = ask.qty as f64 / 1e8;
    for (stp, ends) in [("cancel_newest", 1), ("cancel_both", 2)] {
        // Everything before the own order is taken first: so it is the own one that is met.
        let price = stand.price("BTC/USD", -1).parse::<f64>().unwrap() + 0.2;
        stand.heard(conn);
        let sell = json!({"side": "sell", "limit_price": price, "order_qty": 0.01});
        stand.say(conn, &order(&token, &inside, &sell));
        let more = json!({"limit_price": price, "order_qty": 0.01 + much, "stp_type": stp});
        stand.say(conn, &order(&token, &inside, &more));
        let heard = stand.heard(conn);
        let reasons = heard.iter().map(|m| &m["data"][0]["reason"]);
        let ended = reasons.filter(|reason| **reason == "Self trade prevention").count();
        assert_eq!(ended, ends, "{stp}: {heard:?}");
        stand.say(conn, &json!({"method": "cancel_all", "params": {"token": token}}));
    }
}

#[test]
fn counters_fill_and_the_timer_ends_everything() {
    let mut stand = stand();
    let (conn, token) = session(&mut stand);
    let price = stand.price("BTC/USD", -40_000);
    let add = order(&token, &price, &json!({"order_qty": 0.0002}));
    let mut taken = 0;
    let why = loop {
        stand.heard(conn);
        stand.say(conn, &add);
        let heard = stand.heard(conn);
        let answer = answer(&heard);
        if answer["success"] == false {
            break answer["error"].as_str().unwrap().to_owned();
        }
        taken += 1;
        assert!(taken < 200);
    };
    assert_eq!((taken, &*why), (80, "EOrder:Orders limit exceeded"));
    let params = json!({"timeout": 2, "token": token});
    stand.say(conn, &json!({"method": "cancel_all_orders_after", "params": params}));
    let heard = stand.heard(conn);
    assert!(answer(&heard)["result"]["triggerTime"].is_string());
    stand.pass_ms(1_900);
    assert!(types(&stand.heard(conn)).is_empty());
    stand.pass_ms(200);
    assert_eq!(types(&stand.heard(conn)).len(), 80);
    // A counter of 125, of which five adds a second are left by decay.
    for _ in 0..60 {
        stand.say(conn, &add);
        stand.say(conn, &json!({"method": "cancel_all", "params": {"token": token}}));
    }
    let heard = stand.heard(conn);
    assert!(heard.iter().any(|message| message["error"] == "EOrder:Rate limit exceeded"));
    let answers: Vec<_> = (0..30).map(|_| ask(&mut stand, "OpenOrders", "")).collect();
    assert!(answers.contains(&Err("EAPI:Rate limit exceeded".into())));
}

#[test]
fn troubles_change_what_is_heard_and_not_what_is() {
    let mut stand = stand();
    let (conn, token) = session(&mut stand);
    let price = stand.price("BTC/USD", -40_000);
    let add = order(&token, &price, &json!({}));
    let open = |stand: &mut Stand| {
        let open = ask(stand, "OpenOrders", "").unwrap();
        open["open"].as_object().unwrap().len()
    };
    stand.heard(conn);
    stand.hall.trouble(0, Trouble::LostRequest, 1);
    stand.say(conn, &add);
    assert_eq!((stand.heard(conn).len(), open(&mut stand)), (0, 0));
    stand.hall.trouble(0, Trouble::LostReply, 1);
    stand.say(conn, &add);
    let heard = stand.heard(conn);
    assert!(heard.iter().all(|message| message["method"].is_null()));
    assert_eq!((types(&heard).len(), open(&mut stand)), (2, 1));
    stand.hall.trouble(0, Trouble::Error, 1);
    stand.say(conn, &add);
    assert_eq!(answer(&stand.heard(conn))["error"], "EGeneral:Internal error");
    assert_eq!(open(&mut stand), 2);
    stand.hall.trouble(0, Trouble::Twice, 1);
    stand.say(conn, &add);
    assert_eq!(open(&mut stand), 4);
    stand.heard(conn);
    stand.hall.trouble(0, Trouble::LateReply(Nanos::SECOND), 1);
    stand.say(conn, &add);
    assert_eq!(stand.heard(conn).iter().filter(|m| m["method"] == "add_order").count(), 0);
    stand.pass_ms(1_020);
    assert_eq!(stand.heard(conn).iter().filter(|m| m["method"] == "add_order").count(), 1);
    // A cancel is answered, and done later.
    stand.hall.trouble(0, Trouble::SlowCancel(Nanos::SECOND), 1);
    let ids = ask(&mut stand, "OpenOrders", "").unwrap();
    let id = ids["open"].as_object().unwrap().keys().next().unwrap().clone();
    let params = json!({"order_id": [id], "token": token});
    stand.say(conn, &json!({"method": "cancel_order", "params": params}));
    let heard = stand.heard(conn);
    assert_eq!((answer(&heard)["success"] == true, types(&heard).len()), (true, 0));
    stand.pass_ms(1_020);
    assert_eq!(types(&stand.heard(conn)), ["canceled"]);
    // Fills come after the end that they were before.
    stand.hall.trouble(0, Trouble::LateFill(Nanos::SECOND), 10);
    let take = json!({"order_type": "market", "order_qty": 0.001});
    stand.say(conn, &order(&token, "1", &take));
    assert_eq!(types(&stand.heard(conn)), ["pending_new", "new", "filled"]);
    stand.pass_ms(1_020);
    assert!(types(&stand.heard(conn)).contains(&"trade"));
    // REST lags.
    let until = Nanos(stand.now().0 + 5 * Nanos::SECOND);
    let before = open(&mut stand);
    stand.hall.lag_members(0, 2 * Nanos::SECOND, until);
    stand.pass_ms(20);
    stand.say(conn, &add);
    assert_eq!(open(&mut stand), before);
    stand.pass_ms(2_020);
    assert_eq!(open(&mut stand), before + 1);
}
