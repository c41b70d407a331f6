//! Members through real sockets, with accounts of a file: another websocket than ours, and HTTP by
//! hand.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use neural_kraken::sim::fault::Plan;
use neural_kraken::sim::server::{self, Handle, Settings};
use neural_kraken::sim::{Accounts, Keys};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

use super::{coinbase_token, hmac_hex, kraken_sign, number};

fn started(accounts: Accounts) -> Handle {
    let addresses = ["127.0.0.1:0".parse().unwrap(); 3];
    let (ca_file, speed, played, faults) = (None, 1, Vec::new(), Plan::default());
    let settings = Settings { seed: 1, addresses, ca_file, speed, played, faults, accounts };
    server::start(&settings).unwrap()
}

fn tcp(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

fn websocket(address: SocketAddr, path: &str) -> WebSocket<TcpStream> {
    tungstenite::client(format!("ws://{address}{path}"), tcp(address)).unwrap().0
}

fn say(socket: &mut WebSocket<TcpStream>, message: &Value) {
    socket.send(Message::text(message.to_string())).unwrap();
}

/// The next message of which this is so; there is one among the first hundred.
fn next(socket: &mut WebSocket<TcpStream>, is_it: impl Fn(&Value) -> bool) -> Value {
    let mut left = 100;
    loop {
        left -= 1;
        assert!(left > 0, "no such message");
        let Message::Text(text) = socket.read().unwrap() else { continue };
        let value: Value = serde_json::from_str(&text).unwrap();
        if is_it(&value) {
            return value;
        }
    }
}

fn request(address: SocketAddr, head: &str, headers: &str, body: &str) -> (u16, Value) {
    let mut stream = tcp(address);
    let text = format!(
        "{head} HTTP/1.1\r\nHost: here\r\nConnection: close\r\nContent-Length: {}\r\n\
         {headers}\r\n{body}",
        body.len()
    );
    stream.write_all(text.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), serde_json::from_str(body).unwrap())
}

fn accounts(keys: &Keys) -> Accounts {
    let (kraken, binance, coinbase) = (&keys.kraken, &keys.binance, &keys.coinbase);
    let each = [("kraken", kraken), ("binance", binance), ("coinbase", coinbase)];
    let tables = each.map(|(venue, (key, secret))| {
        format!("[[account]]\nvenue = \"{venue}\"\nkey = \"{key}\"\nsecret = '''{secret}'''\n")
    });
    let text = tables.concat() + "balances = { USD = \"1000\", BTC = 0 }\n";
    Accounts::parse(&text).unwrap()
}

/// The keys of the accounts, and the server.
fn served(seed: u64) -> (Keys, Handle) {
    let keys = Keys::new(seed).unwrap();
    let handle = started(accounts(&keys));
    (keys, handle)
}

#[test]
fn a_member_trades_at_kraken_through_sockets() {
    let (keys, handle) = served(5);
    let address = handle.addresses()[0];
    let path = "/0/private/GetWebSocketsToken";
    let sign = kraken_sign(&keys.kraken.1, path, 1, "nonce=1");
    let headers = format!("API-Key: {}\r\nAPI-Sign: {sign}\r\n", keys.kraken.0);
    let (status, body) = request(address, &format!("POST {path}"), &headers, "nonce=1");
    assert_eq!((status, &body["error"]), (200, &json!([])));
    let token = &body["result"]["token"];
    let mut socket = websocket(address, "/v2");
    let params = json!({"channel": "executions", "token": token});
    say(&mut socket, &json!({"method": "subscribe", "params": params}));
    let params = json!({
        "order_type": "market", "side": "buy", "symbol": "ETH/USD", "order_qty": 0.5,
        "token": token, "cl_ord_id": "s1",
    });
    say(&mut socket, &json!({"method": "add_order", "params": params}));
    let answer = next(&mut socket, |message| message["method"] == "add_order");
    assert_eq!(answer["success"], true, "{answer}");
    let done = next(&mut socket, |message| message["data"][0]["exec_type"] == "filled");
    assert_eq!(number(&done["data"][0]["cum_qty"]), 0.5);
    handle.stop();
}

#[test]
fn a_member_trades_at_binance_through_sockets() {
    let (keys, handle) = served(6);
    let address = handle.addresses()[1];
    let stamp = || (handle.now().0 / 1_000_000).to_string();
    let mut socket = websocket(address, "/ws-api/v3");
    let signed = |method: &str, pairs: &[(&str, &str)]| {
        let time = stamp();
        let mut pairs = pairs.to_vec();
        pairs.extend([("apiKey", &*keys.binance.0), ("timestamp", &*time)]);
        pairs.sort_unstable();
        let text: Vec<String> = pairs.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let mut params: Value = pairs.iter().map(|(k, v)| (k.to_string(), json!(v))).collect();
        params["signature"] = json!(hmac_hex(&keys.binance.1, &text.join("&")));
        json!({"id": method, "method": method, "params": params})
    };
    say(&mut socket, &signed("userDataStream.subscribe.signature", &[]));
    let answer = next(&mut socket, |message| message["status"].is_u64());
    assert_eq!(answer["result"]["subscriptionId"], 0, "{answer}");
    let market = [("symbol", "ETHUSDT"), ("side", "SELL"), ("type", "MARKET"), ("quantity", "0.5")];
    say(&mut socket, &signed("order.place", &market));
    let answer = next(&mut socket, |message| message["status"].is_u64());
    assert_eq!(answer["status"], 200, "{answer}");
    let report = next(&mut socket, |message| message["event"]["X"] == "FILLED");
    assert_eq!((&report["event"]["N"], &report["event"]["m"]), (&json!("USDT"), &json!(false)));
    let query = format!("timestamp={}", stamp());
    let query = format!("{query}&signature={}", hmac_hex(&keys.binance.1, &query));
    let headers = format!("X-MBX-APIKEY: {}\r\n", keys.binance.0);
    let head = format!("GET /api/v3/account?{query}");
    let (status, body) = request(address, &head, &headers, "");
    let eth = body["balances"].as_array().unwrap().iter().find(|b| b["asset"] == "ETH").unwrap();
    assert_eq!((status, number(&eth["free"])), (200, 299.5));
    handle.stop();
}

#[test]
fn a_member_trades_at_coinbase_through_sockets() {
    let (keys, handle) = served(7);
    let address = handle.addresses()[2];
    let (name, pem) = (&*keys.coinbase.0, &*keys.coinbase.1);
    let token = |uri| coinbase_token((name, pem), uri, handle.now().0 / 1_000_000_000);
    let mut socket = websocket(address, "/");
    say(&mut socket, &json!({"type": "subscribe", "channel": "user", "jwt": token(None)}));
    next(&mut socket, |message| message["channel"] == "subscriptions");
    let uri = "POST api.coinbase.com/api/v3/brokerage/orders";
    let headers = format!("Authorization: Bearer {}\r\n", token(Some(uri)));
    // Of 1000 dollars, as the file has it.
    let order = json!({
        "client_order_id": "one", "product_id": "BTC-USD", "side": "BUY",
        "order_configuration": {"market_market_ioc": {"quote_size": "500"}},
    });
    let head = "POST /api/v3/brokerage/orders";
    let (status, body) = request(address, head, &headers, &order.to_string());
    assert_eq!((status, &body["success"]), (200, &json!(true)), "{body}");
    let told = next(&mut socket, |m| m["events"][0]["orders"][0]["status"] == "FILLED");
    assert!(told["sequence_num"].as_u64() > Some(1));
    let (status, body) = request(address, head, "", &order.to_string());
    assert_eq!((status, &body["error"]), (401, &json!("UNAUTHENTICATED")));
    handle.stop();
}
