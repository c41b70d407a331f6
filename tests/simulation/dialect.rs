//! The venues' side in virtual time: what it says makes our decoders hold the engine's own books,
//! and it is as strict as the venues are.

use std::collections::BTreeMap;

use neural_kraken::base::{Nanos, Side, Symbol};
use neural_kraken::event::{Body, Level};
use neural_kraken::sim::dialect::{Ask, Conn, Control, Out, Put, Response};
use neural_kraken::sim::{Hall, Settings, VENUES};
use neural_kraken::venue::{self, kraken};
use serde_json::{Value, json};

use crate::property::ear::{Ear, Heard};

const KRAKEN: usize = 0;
const BINANCE: usize = 1;
const COINBASE: usize = 2;

/// A hall with one client.
struct Scene {
    hall: Hall,
    venue: usize,
    conn: Conn,
    out: Vec<Out>,
}

impl Scene {
    fn new(venue: usize, path: &str, query: &str) -> Scene {
        let mut hall = Hall::new(1, &Settings::default());
        let mut out = Vec::new();
        let ask = Ask { method: "GET", path, query };
        let conn = hall.open(venue, &ask, &mut out).unwrap();
        Scene { hall, venue, conn, out }
    }

    fn say(&mut self, message: &Value) {
        self.hall.text(self.conn, &message.to_string(), &mut self.out);
    }

    fn pass_ms(&mut self, millis: i64) {
        let to = Nanos(self.hall.world().now().0 + millis * Nanos::MILLI);
        self.hall.advance(to, &mut self.out);
    }

    /// All frames since the last call.
    fn frames(&mut self) -> Vec<Vec<u8>> {
        let frame = |out: Out| match out.put {
            Put::Frame(frame) => Some(frame),
            _ => None,
        };
        std::mem::take(&mut self.out).into_iter().filter_map(frame).collect()
    }

    fn values(&mut self) -> Vec<Value> {
        self.frames().iter().map(|frame| serde_json::from_slice(frame).unwrap()).collect()
    }

    fn closes(&self) -> Vec<(u16, &'static str)> {
        let close = |out: &Out| match out.put {
            Put::Close(code, why) => Some((code, why)),
            _ => None,
        };
        self.out.iter().filter_map(close).collect()
    }

    fn rest(&mut self, path: &str, query: &str) -> Response {
        self.hall.request(self.venue, &Ask { method: "GET", path, query })
    }

    fn market(&self, symbol: &str) -> usize {
        let symbol = Symbol::new(symbol.as_bytes()).unwrap();
        self.hall.world().find(VENUES[self.venue], &symbol).unwrap()
    }

    /// A decoder of this market's frames.
    fn ear(&self, symbol: &str) -> Ear {
        let listed = self.hall.world().markets()[self.market(symbol)];
        Ear::new(venue::dialect(VENUES[self.venue]).unwrap(), listed.symbol, listed.shape)
    }

    fn engine(&self, symbol: &str, side: Side, levels: usize) -> Vec<Level> {
        self.hall.world().market(self.market(symbol)).unwrap().best(side, levels)
    }
}

/// A book as a client holds it: a tree a side.
#[derive(Default)]
struct Book {
    bids: BTreeMap<i64, i64>,
    asks: BTreeMap<i64, i64>,
    last_id: u64,
}

impl Book {
    fn best(&self, side: Side, levels: usize) -> Vec<Level> {
        let level = |(price, qty): (&i64, &i64)| Level { price: *price, qty: *qty };
        match side {
            Side::Buy => self.bids.iter().rev().map(level).take(levels).collect(),
            Side::Sell => self.asks.iter().map(level).take(levels).collect(),
        }
    }

    /// Applies the book changes of a frame, and cuts to a depth. How many there were.
    fn hear(&mut self, heard: &Heard, depth: usize) -> usize {
        let mut count = 0;
        for said in &heard.said {
            let Body::Book(change) = said.body else { continue };
            count += 1;
            if change.snapshot {
                (self.bids, self.asks) = (BTreeMap::new(), BTreeMap::new());
            }
            self.last_id = change.last_id;
            for (n, level) in said.levels.iter().enumerate() {
                let is_bid = n < change.bids as usize;
                let side = if is_bid { &mut self.bids } else { &mut self.asks };
                side.retain(|price, _| *price != level.price);
                if level.qty > 0 {
                    side.insert(level.price, level.qty);
                }
            }
            while self.bids.len() > depth {
                self.bids.pop_first();
            }
            while self.asks.len() > depth {
                self.asks.pop_last();
            }
            if let Some(checksum) = change.checksum {
                let [bids, asks] = [Side::Buy, Side::Sell].map(|side| self.best(side, 10));
                assert_eq!(kraken::mirror::checksum(&bids, &asks), checksum);
            }
        }
        count
    }

    #[track_caller]
    fn assert_is(&self, scene: &Scene, symbol: &str, levels: usize) {
        for side in [Side::Buy, Side::Sell] {
            assert_eq!(self.best(side, levels), scene.engine(symbol, side, levels), "{symbol}");
        }
    }
}

fn subscribe(channel: &str, symbols: &[&str]) -> Value {
    let params = json!({"channel": channel, "symbol": symbols});
    json!({"method": "subscribe", "params": params, "req_id": 7})
}

#[test]
fn kraken_books_of_every_depth_are_the_engines() {
    for (symbol, depth) in [("BTC/USD", 10), ("ETH/USD", 25), ("ETH/BTC", 1_000)] {
        let mut scene = Scene::new(KRAKEN, "/v2", "");
        let mut request = subscribe("book", &[symbol]);
        request["params"]["depth"] = json!(depth);
        scene.say(&request);
        let (ear, mut book, mut changes) = (scene.ear(symbol), Book::default(), 0);
        for _ in 0..2_000 {
            for frame in scene.frames() {
                changes += book.hear(&ear.hear(&frame, false), depth);
            }
            book.assert_is(&scene, symbol, depth);
            scene.pass_ms(10);
        }
        assert!(changes > 100, "{changes} changes of {symbol}");
    }
}

#[test]
fn kraken_says_status_acks_snapshots_and_trades() {
    let mut scene = Scene::new(KRAKEN, "/v2", "");
    let mut request = subscribe("trade", &["BTC/USD", "ETH/USD"]);
    request["params"]["snapshot"] = json!(true);
    scene.say(&request);
    scene.say(&subscribe("ticker", &["BTC/USD"]));
    scene.say(&json!({"method": "subscribe", "params": {"channel": "instrument"}}));
    let values = scene.values();
    let about: Vec<&Value> = values.iter().map(|value| &value["channel"]).collect();
    let null = &Value::Null;
    let (trade, ticker) = (&json!("trade"), &json!("ticker"));
    let (status, instrument) = (&json!("status"), &json!("instrument"));
    assert_eq!(about, [status, null, trade, null, trade, null, ticker, null, instrument]);
    assert_eq!((&values[1]["req_id"], &values[1]["success"]), (&json!(7), &json!(true)));
    assert_eq!(values[2]["data"].as_array().map(Vec::len), Some(50));
    assert_eq!(values[8]["data"]["pairs"].as_array().map(Vec::len), Some(3));
    scene.pass_ms(10_000);
    let mut ids: Vec<u64> = Vec::new();
    for value in scene.values().iter().filter(|value| value["channel"] == "trade") {
        assert_eq!(value["type"], "update");
        let trades = value["data"].as_array().unwrap().iter();
        ids.extend(
            trades.filter(|t| t["symbol"] == "BTC/USD").map(|t| t["trade_id"].as_u64().unwrap()),
        );
    }
    let first = ids[0];
    assert!(ids.len() > 3);
    assert_eq!(ids, (first..first + ids.len() as u64).collect::<Vec<_>>());
}

#[test]
fn kraken_refuses_in_its_own_words() {
    let mut scene = Scene::new(KRAKEN, "/v2", "");
    scene.frames();
    let mut said = |message: &Value| {
        scene.say(message);
        let value = scene.values().pop().unwrap();
        (value["error"].clone(), value["symbol"].clone(), value["success"].clone())
    };
    let no = |why: &str, symbol: &str| (json!(why), json!(symbol), json!(false));
    let unknown = said(&subscribe("book", &["XBT/USD"]));
    assert_eq!(unknown, no("Currency pair not supported XBT/USD", "XBT/USD"));
    let mut deep = subscribe("book", &["BTC/USD"]);
    deep["params"]["depth"] = json!(11);
    assert_eq!(said(&deep), no("Subscription depth not supported", "BTC/USD"));
    said(&subscribe("book", &["BTC/USD"]));
    assert_eq!(said(&subscribe("book", &["BTC/USD"])), no("Already subscribed", "BTC/USD"));
    assert_eq!(said(&json!({"method": "ping", "req_id": 1})).0, Value::Null);
    assert_eq!(said(&json!([1])).2, json!(false));
    let ask = Ask { method: "GET", path: "/v3", query: "" };
    assert_eq!(scene.hall.open(KRAKEN, &ask, &mut Vec::new()).unwrap_err().status, 404);
}

#[test]
fn kraken_beats_when_idle_and_closes_who_wants_nothing() {
    let mut scene = Scene::new(KRAKEN, "/v2", "");
    scene.pass_ms(59_900);
    assert_eq!((scene.frames().len(), scene.closes().len()), (1, 0));
    scene.say(&json!({"method": "subscribe", "params": {"channel": "instrument"}}));
    scene.frames();
    scene.pass_ms(70_000);
    let beats = scene.values();
    assert!(beats.iter().all(|value| *value == json!({"channel": "heartbeat"})));
    assert!((69..=70).contains(&beats.len()), "{} beats", beats.len());
    scene.say(&json!({"method": "unsubscribe", "params": {"channel": "instrument"}}));
    scene.pass_ms(60_010);
    assert_eq!(scene.closes(), [(1_000, "idle for a minute")]);
}

#[test]
fn binance_books_bridged_by_a_snapshot_are_the_engines() {
    let symbol = "BTCUSDT";
    let mut scene =
        Scene::new(BINANCE, "/stream", "streams=btcusdt@depth@100ms/btcusdt@bookTicker");
    let (ear, mut book) = (scene.ear(symbol), Book::default());
    scene.pass_ms(350);
    let waiting = scene.frames();
    let snapshot = scene.rest("/api/v3/depth", "symbol=BTCUSDT&limit=5000");
    book.hear(&ear.hear(&snapshot.body, false), usize::MAX);
    let (mut told_id, mut tops) = (0, 0);
    let mut hear = |scene: &mut Scene, book: &mut Book, frames: Vec<Vec<u8>>| {
        for frame in frames {
            let heard = ear.hear(&frame, true);
            match heard.said[0].body {
                Body::Book(change) => {
                    assert!(told_id == 0 || change.first_id == told_id + 1);
                    told_id = change.last_id;
                    if change.last_id > book.last_id {
                        assert!(change.first_id <= book.last_id + 1);
                        book.hear(&heard, usize::MAX);
                    }
                }
                Body::Top(top) => {
                    tops += 1;
                    assert!(top.bid.price < top.ask.price && top.update_id >= told_id);
                }
                other => panic!("{other:?}"),
            }
        }
        tops + scene.out.len()
    };
    hear(&mut scene, &mut book, waiting);
    scene.pass_ms(50);
    for _ in 0..300 {
        let frames = scene.frames();
        hear(&mut scene, &mut book, frames);
        book.assert_is(&scene, symbol, usize::MAX);
        scene.pass_ms(100);
    }
    let frames = scene.frames();
    assert!(hear(&mut scene, &mut book, frames) > 100);
}

#[test]
fn binance_streams_are_listed_wrapped_and_left() {
    let mut scene = Scene::new(BINANCE, "/ws", "");
    let streams = ["btcusdt@trade", "ethusdt@depth5@100ms", "ethusdt@miniTicker", "nope@trade"];
    scene.say(&json!({"method": "SUBSCRIBE", "params": streams, "id": 1}));
    scene.say(&json!({"method": "LIST_SUBSCRIPTIONS", "id": "two"}));
    scene.say(&json!({"method": "SET_PROPERTY", "params": ["combined", true], "id": null}));
    let null = Value::Null;
    let answers = [
        json!({"result": null, "id": 1}),
        json!({"result": streams, "id": "two"}),
        json!({"result": null, "id": null}),
    ];
    assert_eq!(scene.values(), answers);
    scene.pass_ms(2_000);
    for value in scene.values() {
        let (stream, data) = (value["stream"].as_str().unwrap(), &value["data"]);
        match stream {
            "btcusdt@trade" => assert_eq!(data["e"], "trade"),
            "ethusdt@depth5@100ms" => assert_eq!(data["bids"].as_array().map(Vec::len), Some(5)),
            other => assert_eq!((other, &data["e"]), (streams[2], &json!("24hrMiniTicker"))),
        }
    }
    scene.say(&json!({"method": "UNSUBSCRIBE", "params": streams, "id": 4}));
    scene.frames();
    scene.pass_ms(2_000);
    assert_eq!(scene.frames().len(), 0);
    scene.say(&json!({"method": "DANCE", "id": 5}));
    assert_eq!((&scene.values()[0]["code"], null), (&json!(2), Value::Null));
}

#[test]
fn binance_closes_who_speaks_too_much_or_does_not_answer() {
    let mut scene = Scene::new(BINANCE, "/ws/btcusdt@trade", "");
    for _ in 0..5 {
        scene.hall.control(scene.conn, Control::Pong(b""), &mut scene.out);
    }
    assert_eq!(scene.closes().len(), 0);
    scene.say(&json!({"method": "LIST_SUBSCRIPTIONS", "id": 3}));
    assert_eq!(scene.closes(), [(1_008, "Too many requests")]);
    let mut mute = Scene::new(BINANCE, "/ws", "");
    mute.pass_ms(79_000);
    assert_eq!(mute.closes().len(), 0);
    let pings = mute.out.iter().filter(|out| matches!(out.put, Put::Ping(_))).count();
    assert_eq!(pings, 3);
    mute.hall.control(mute.conn, Control::Pong(b"unasked"), &mut mute.out);
    mute.pass_ms(2_000);
    assert_eq!(mute.closes(), [(1_008, "Pong timeout")]);
}

#[test]
fn binance_rest_has_the_venues_errors_and_weights() {
    let mut scene = Scene::new(BINANCE, "/ws", "");
    let mut code = |path: &str, query: &str| {
        let response = scene.rest(path, query);
        let body: Value = serde_json::from_slice(&response.body).unwrap();
        (response.status, body["code"].clone(), body["msg"].clone())
    };
    let no = |code: i32, msg: &str| (400, json!(code), json!(msg));
    assert_eq!(code("/api/v3/depth", "symbol=NOPE"), no(-1_121, "Invalid symbol."));
    let missing = "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.";
    assert_eq!(code("/api/v3/depth", ""), no(-1_102, missing));
    let range =
        "Illegal characters found in parameter 'symbol'; legal range is '^[A-Z0-9-_.]{1,20}$'.";
    assert_eq!(code("/api/v3/depth", "symbol=btcusdt"), no(-1_100, range));
    assert_eq!(code("/api/v3/nope", "").0, 404);
    let info = scene.rest("/api/v3/exchangeInfo", "symbols=%5B%22ETHUSDT%22%5D");
    let info: Value = serde_json::from_slice(&info.body).unwrap();
    assert_eq!(info["symbols"][0]["filters"][0]["tickSize"], "0.01000000");
    let mut used = Vec::new();
    for _ in 0..24 {
        let response = scene.rest("/api/v3/depth", "symbol=BTCUSDT&limit=5000");
        used.push((response.status, response.headers.last().unwrap().1.clone()));
    }
    // 36 were spent before: three depths of 5, one unknown path and the metadata.
    assert_eq!((used[0].clone(), used[22].clone()), ((200, "286".into()), (200, "5786".into())));
    assert_eq!((used[23].0, &*used[23].1), (429, "60"));
    let last = (0..11).map(|_| scene.rest("/api/v3/time", "")).last().unwrap();
    assert_eq!((last.status, &*last.headers[0].1), (418, "120"));
}

#[test]
fn coinbase_books_are_the_engines_and_the_sequence_has_no_hole() {
    let symbols = ["BTC-USD", "ETH-USD"];
    let mut scene = Scene::new(COINBASE, "/", "");
    scene.say(&json!({"type": "subscribe", "product_ids": symbols, "channel": "level2"}));
    scene.say(&json!({"type": "subscribe", "channel": "heartbeats"}));
    scene.say(&json!({"type": "subscribe", "product_ids": symbols, "channel": "market_trades"}));
    scene.say(&json!({"type": "subscribe", "product_ids": ["ETH-USD"], "channel": "ticker"}));
    let ears = symbols.map(|symbol| scene.ear(symbol));
    let mut books = [Book::default(), Book::default()];
    let (mut sequence, mut beats) = (0, Vec::new());
    for _ in 0..400 {
        for frame in scene.frames() {
            let value: Value = serde_json::from_slice(&frame).unwrap();
            assert_eq!(value["sequence_num"], json!(sequence));
            sequence += 1;
            if value["channel"] == "heartbeats" {
                beats.push(value["events"][0]["heartbeat_counter"].as_u64().unwrap());
            }
            let product = value["events"][0]["product_id"].as_str();
            if let Some(n) = symbols.iter().position(|symbol| Some(*symbol) == product) {
                books[n].hear(&ears[n].hear(&frame, false), usize::MAX);
            }
        }
        for (book, symbol) in books.iter().zip(symbols) {
            book.assert_is(&scene, symbol, usize::MAX);
        }
        scene.pass_ms(50);
    }
    assert!(sequence > 500, "{sequence} frames");
    assert_eq!(beats, (1..=19).collect::<Vec<_>>());
}

#[test]
fn coinbase_wants_a_subscription_soon_and_says_what_fails() {
    let mut scene = Scene::new(COINBASE, "/", "");
    let mut said = |message: Value| {
        scene.say(&message);
        scene.values().pop().unwrap()
    };
    let failed = json!({"type": "error", "message": "failure to subscribe"});
    assert_eq!(said(json!({"type": "subscribe", "channel": "level2"})), failed);
    let unknown = json!({"type": "subscribe", "channel": "level2", "product_ids": ["A-B"]});
    assert_eq!(said(unknown), failed);
    let user = said(json!({"type": "subscribe", "channel": "user"}));
    assert_eq!(user["message"], "authentication failure");
    scene.pass_ms(4_900);
    assert_eq!(scene.closes().len(), 0);
    scene.pass_ms(200);
    assert_eq!(scene.closes(), [(1_008, "no subscription within 5 s")]);
}

#[test]
fn public_rest_shows_the_engines_books() {
    let mut scene = Scene::new(KRAKEN, "/v2", "");
    let body = |response: &Response| -> Value { serde_json::from_slice(&response.body).unwrap() };
    let depth = body(&scene.rest("/0/public/Depth", "pair=XBTUSD&count=3"));
    let best = scene.engine("BTC/USD", Side::Sell, 1)[0];
    let shown = &depth["result"]["XXBTZUSD"]["asks"];
    assert_eq!(shown.as_array().map(Vec::len), Some(3));
    assert_eq!(shown[0][0], neural_kraken::render(best.price, 1));
    let unknown = body(&scene.rest("/0/public/Depth", "pair=NOPE"));
    assert_eq!(unknown, json!({"error": ["EQuery:Unknown asset pair"]}));
    let pairs = body(&scene.rest("/0/public/AssetPairs", ""));
    assert_eq!(pairs["result"]["XETHXXBT"]["wsname"], "ETH/XBT");
    let mut scene = Scene::new(COINBASE, "/", "");
    let path = "/api/v3/brokerage/market/product_book";
    let book = body(&scene.rest(path, "product_id=ETH-USD&limit=2"));
    let best = scene.engine("ETH-USD", Side::Buy, 1)[0];
    assert_eq!(book["pricebook"]["bids"][0]["price"], neural_kraken::render(best.price, 2));
    let product = body(&scene.rest("/api/v3/brokerage/market/products/BTC-USD", ""));
    assert_eq!(
        (&product["price_increment"], &product["status"]),
        (&json!("0.01"), &json!("online"))
    );
    assert_eq!(scene.rest("/api/v3/brokerage/market/products/NOPE", "").status, 404);
}

#[test]
fn one_seed_and_the_same_requests_are_one_story() {
    let story = || {
        let mut scene = Scene::new(BINANCE, "/ws/btcusdt@depth@100ms/ethusdt@aggTrade", "");
        scene.pass_ms(3_333);
        scene.say(&json!({"method": "SUBSCRIBE", "params": ["ethbtc@ticker"], "id": 1}));
        scene.pass_ms(3_000);
        scene.out
    };
    assert_eq!(story(), story());
}
