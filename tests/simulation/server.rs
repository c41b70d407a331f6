//! The venues behind real sockets: another websocket and TLS client than the server's own reads
//! them, as any user's would.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use neural_kraken::base::Side;
use neural_kraken::event::Level;
use neural_kraken::pipeline::{self, Layout, Progress};
use neural_kraken::sim::Accounts;
use neural_kraken::sim::fault::Plan;
use neural_kraken::sim::server::{self, Handle, Settings};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

use super::machine::{plan, tape as recorded};

const TIME_OUT: Duration = Duration::from_secs(30);

fn started(ca_file: Option<PathBuf>, speed: u32, faults: &str) -> Handle {
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let faults = Plan::parse(faults).unwrap();
    let (addresses, played, accounts) = ([any; 3], Vec::new(), Accounts::default());
    let settings = Settings { seed: 1, addresses, ca_file, speed, played, faults, accounts };
    server::start(&settings).unwrap()
}

fn tcp(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(TIME_OUT)).unwrap();
    stream
}

fn websocket(address: SocketAddr, path: &str) -> WebSocket<TcpStream> {
    tungstenite::client(format!("ws://{address}{path}"), tcp(address)).unwrap().0
}

fn say(socket: &mut WebSocket<impl Read + Write>, message: &Value) {
    socket.send(Message::text(message.to_string())).unwrap();
}

/// The next frame that is about this channel.
fn next(socket: &mut WebSocket<impl Read + Write>, channel: &str) -> Value {
    loop {
        let Message::Text(text) = socket.read().unwrap() else { continue };
        let value: Value = serde_json::from_str(&text).unwrap();
        if value["channel"] == channel {
            return value;
        }
    }
}

fn request(mut stream: impl Read + Write, path: &str, host: &str) -> (String, Value) {
    let head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), serde_json::from_str(body).unwrap())
}

#[test]
fn three_plain_venues_speak_to_any_client() {
    let handle = started(None, 4, "");
    let [kraken, binance, coinbase] = handle.addresses();
    let mut socket = websocket(kraken, "/v2");
    assert_eq!(next(&mut socket, "status")["data"][0]["system"], "online");
    let params = json!({"channel": "book", "symbol": ["BTC/USD"], "depth": 10});
    say(&mut socket, &json!({"method": "subscribe", "params": params}));
    assert_eq!(next(&mut socket, "book")["type"], "snapshot");
    assert_eq!(next(&mut socket, "book")["type"], "update");
    let mut socket = websocket(binance, "/ws/btcusdt@depth@100ms");
    let (one, other) = (socket.read().unwrap(), socket.read().unwrap());
    let id = |frame: &Message, key: &str| -> u64 {
        serde_json::from_str::<Value>(frame.to_text().unwrap()).unwrap()[key].as_u64().unwrap()
    };
    assert_eq!(id(&one, "u") + 1, id(&other, "U"));
    let mut socket = websocket(coinbase, "/");
    say(&mut socket, &json!({"type": "subscribe", "channel": "heartbeats"}));
    assert_eq!(next(&mut socket, "subscriptions")["sequence_num"], 0);
    assert_eq!(next(&mut socket, "heartbeats")["sequence_num"], 1);
    assert_eq!(handle.counts().connections, [1, 1, 1]);
    let (head, body) = request(tcp(kraken), "/0/public/SystemStatus", "api.kraken.com");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(body["result"]["status"], "online");
    let (head, _) = request(tcp(binance), "/api/v3/nope", "x");
    assert!(head.starts_with("HTTP/1.1 404"), "{head}");
    handle.stop();
}

#[test]
fn tls_is_trusted_by_its_own_authority_under_the_venues_names() {
    let file = std::env::temp_dir().join(format!("neural-kraken-ca-{}.pem", std::process::id()));
    let handle = started(Some(file.clone()), 1, "");
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&file).unwrap()).unwrap();
    std::fs::remove_file(&file).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let config = Arc::new(config);
    let stream = |name: &'static str| {
        let name = ServerName::try_from(name).unwrap();
        let client = ClientConnection::new(Arc::clone(&config), name).unwrap();
        StreamOwned::new(client, tcp(handle.addresses()[1]))
    };
    let path = "/api/v3/depth?symbol=BTCUSDT&limit=5";
    let (head, body) = request(stream("api.binance.com"), path, "api.binance.com");
    assert!(head.contains("x-mbx-used-weight-1m: 5"), "{head}");
    assert_eq!(body["bids"].as_array().map(Vec::len), Some(5));
    let url = "wss://stream.binance.com/stream?streams=ethusdt@bookTicker";
    let (mut socket, _) = tungstenite::client(url, stream("stream.binance.com")).unwrap();
    let frame = socket.read().unwrap();
    assert!(frame.to_text().unwrap().starts_with("{\"stream\":\"ethusdt@bookTicker\""));
}

#[test]
fn client_that_does_not_read_is_disconnected_and_others_are_not() {
    let handle = started(None, 100, "");
    let address = handle.addresses()[2];
    let subscribe = |channel: &str| {
        let products = ["BTC-USD", "ETH-USD", "ETH-BTC"];
        json!({"type": "subscribe", "channel": channel, "product_ids": products})
    };
    let (mut slow, mut good) = (websocket(address, "/"), websocket(address, "/"));
    for channel in ["level2", "market_trades", "ticker"] {
        // On a busy host he may be gone before he has said all.
        let _ = slow.send(Message::text(subscribe(channel).to_string()));
    }
    say(&mut good, &subscribe("heartbeats"));
    let mut beats = 0;
    while handle.counts().slow == 0 {
        next(&mut good, "heartbeats");
        beats += 1;
        assert!(beats < 30 * 100, "half a minute, and the slow one is still there");
    }
    next(&mut good, "heartbeats");
    assert_eq!(handle.counts().connections, [0, 0, 1]);
}

#[test]
fn planned_faults_come_through_the_socket() {
    let plan =
        "[[fault]]\nat_ms = 400\nwhat = \"maintenance\"\nvenue = \"kraken\"\nfor_ms = 60_000";
    let handle = started(None, 1, plan);
    let [kraken, binance, _] = handle.addresses();
    let mut socket = websocket(kraken, "/v2");
    let closed = loop {
        if let Message::Close(frame) = socket.read().unwrap() {
            break frame.unwrap();
        }
    };
    assert_eq!((u16::from(closed.code), closed.reason.as_str()), (1_012, "service restart"));
    let (head, _) = request(tcp(kraken), "/0/public/Time", "x");
    assert!(head.starts_with("HTTP/1.1 503"), "{head}");
    let (head, _) = request(tcp(binance), "/api/v3/time", "x");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(handle.counts().faults, 1);
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let addresses = [address; 3];
    let (played, faults, accounts) = (Vec::new(), Plan::default(), Accounts::default());
    let (ca_file, speed) = (None, 1);
    let settings = Settings { seed: 1, addresses, ca_file, speed, played, faults, accounts };
    let why = server::start(&settings).unwrap_err().to_string();
    assert!(why.contains(&address.to_string()) && why.contains("port 0"), "{why}");
}

/// A book of Kraken's as any client keeps it: quantities by price, both as they are written.
#[derive(Default)]
struct Kept {
    bids: BTreeMap<i64, i64>,
    asks: BTreeMap<i64, i64>,
}

/// Bitcoin at Kraken: decimals of prices and quantities.
const SHAPE: (i32, i32) = (1, 8);

impl Kept {
    fn take(&mut self, message: &Value) {
        if message["type"] == "snapshot" {
            *self = Kept::default();
        }
        let data = &message["data"][0];
        for (levels, name) in [(&mut self.bids, "bids"), (&mut self.asks, "asks")] {
            for level in data[name].as_array().unwrap() {
                let units = |key: &str, decimals: i32| {
                    (level[key].as_f64().unwrap() * 10_f64.powi(decimals)).round() as i64
                };
                match (units("price", SHAPE.0), units("qty", SHAPE.1)) {
                    (price, 0) => drop(levels.remove(&price)),
                    (price, qty) => drop(levels.insert(price, qty)),
                }
            }
        }
        while self.bids.len() > 10 {
            self.bids.pop_first();
        }
        while self.asks.len() > 10 {
            self.asks.pop_last();
        }
    }

    fn levels(&self, side: Side) -> Vec<Level> {
        let level = |(price, qty): (&i64, &i64)| Level { price: *price, qty: *qty };
        match side {
            Side::Buy => self.bids.iter().rev().map(level).collect(),
            Side::Sell => self.asks.iter().map(level).collect(),
        }
    }
}

#[test]
fn a_recording_is_served_to_whoever_comes_and_ends_as_it_did() {
    let (tape, mut instruments) = recorded(&["kraken"]);
    let plan = plan(Layout::One, &mut instruments);
    let well = pipeline::replay(&tape, &instruments, &plan, &Progress::default()).unwrap();
    let of = instruments.iter().find(|i| i.symbol.as_str() == "BTC/USD").unwrap();
    assert_eq!((i32::from(of.price_decimals), i32::from(of.qty_decimals)), SHAPE);
    let last = &well.books[of.id.index()];

    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let played = neural_kraken::tape::played(&tape, &instruments);
    let (speed, faults, ca_file) = (50, Plan::default(), None);
    let (addresses, accounts) = ([any; 3], Accounts::default());
    let settings = Settings { seed: 1, addresses, ca_file, speed, played, faults, accounts };
    let handle = server::start(&settings).unwrap();
    let subscribe = || {
        let mut socket = websocket(handle.addresses()[0], "/v2");
        let params = json!({"channel": "book", "symbol": ["BTC/USD"], "depth": 10});
        say(&mut socket, &json!({"method": "subscribe", "params": params}));
        socket
    };
    // One client who is there all the time, and one who comes when all is over.
    let (mut early, mut updates) = (Kept::default(), 0);
    let mut socket = subscribe();
    let ends = handle.now().0 + tape.span_ns() + 1_000_000_000;
    while handle.now().0 < ends {
        let Message::Text(text) = socket.read().unwrap() else { continue };
        let message: Value = serde_json::from_str(&text).unwrap();
        if message["channel"] == "book" {
            early.take(&message);
            updates += 1;
        }
    }
    let mut late = Kept::default();
    late.take(&next(&mut subscribe(), "book"));
    assert!(updates > 500, "{updates} messages");
    for (side, levels) in [(Side::Buy, &last.bids), (Side::Sell, &last.asks)] {
        assert_eq!(&late.levels(side), levels);
        assert_eq!(&early.levels(side), levels);
    }
}
