//! Members of the venues in virtual time, as a client that shares no code with ours meets them:
//! signatures by `ring`, texts by hand.

#![allow(clippy::float_cmp, reason = "numbers of texts that say them exactly")]

mod binance;
mod coinbase;
mod kraken;
mod socket;

use std::net::{IpAddr, Ipv4Addr};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use neural_kraken::base::{Nanos, Symbol};
use neural_kraken::event::Level;
use neural_kraken::sim::dialect::{Ask, Conn, Letter, Out, Put};
use neural_kraken::sim::{Accounts, Hall, Keys, Settings, VENUES};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use ring::{digest, hmac};
use serde_json::{Value, json};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A REST answer.
struct Said {
    status: u16,
    body: Value,
    headers: Vec<(&'static str, String)>,
    wait_ns: i64,
}

impl Said {
    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| &**value).unwrap_or_default()
    }
}

/// A hall with one account at each venue, or those of a file.
struct Stand {
    hall: Hall,
    venue: usize,
    out: Vec<Out>,
    keys: Keys,
    nonce: u64,
    peer: IpAddr,
}

impl Stand {
    fn new(venue: usize) -> Stand {
        let keys = Keys::new(1).unwrap();
        let accounts = Accounts::of(&keys);
        Stand::with(venue, keys, &accounts)
    }

    fn with(venue: usize, keys: Keys, accounts: &Accounts) -> Stand {
        let hall = Hall::with_accounts(1, &Settings::default(), accounts);
        Stand { hall, venue, out: Vec::new(), keys, nonce: 0, peer: HERE }
    }

    fn now(&self) -> Nanos {
        self.hall.world().now()
    }

    fn pass_ms(&mut self, millis: i64) {
        let to = Nanos(self.now().0 + millis * Nanos::MILLI);
        self.hall.advance(to, &mut self.out);
    }

    fn connect(&mut self, path: &str) -> Conn {
        let ask = Ask { method: "GET", path, query: "" };
        let conn = self.hall.open(self.venue, &ask, &mut self.out).unwrap();
        self.hall.came_from(conn, self.peer);
        conn
    }

    fn say(&mut self, conn: Conn, message: &Value) {
        self.hall.text(conn, &message.to_string(), &mut self.out);
    }

    /// All that a connection was told since the last time.
    fn heard(&mut self, conn: Conn) -> Vec<Value> {
        let (own, rest): (Vec<Out>, Vec<Out>) =
            std::mem::take(&mut self.out).into_iter().partition(|out| out.conn == conn);
        self.out = rest;
        let frame = |out: Out| match out.put {
            Put::Frame(frame) => Some(serde_json::from_slice(&frame).unwrap()),
            _ => None,
        };
        own.into_iter().filter_map(frame).collect()
    }

    fn rest(&mut self, ask: &Ask<'_>, headers: &[(&str, &str)], body: &str) -> Said {
        let headers: Vec<(String, String)> =
            headers.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let (body, peer) = (body.as_bytes(), self.peer);
        let letter = Letter { ask: *ask, headers: &headers, body, peer };
        let response = self.hall.post(self.venue, &letter, &mut self.out);
        let body = serde_json::from_slice(&response.body).unwrap();
        let (status, headers, wait_ns) = (response.status, response.headers, response.wait_ns);
        Said { status, body, headers, wait_ns }
    }

    /// The best bid and ask of a symbol, and the decimals of its prices.
    fn best(&self, symbol: &str) -> (Level, Level, u8) {
        let symbol = Symbol::new(symbol.as_bytes()).unwrap();
        let market = self.hall.world().find(VENUES[self.venue], &symbol).unwrap();
        let engine = self.hall.world().market(market).unwrap();
        let best = |side| engine.level(side, 0).unwrap();
        let [bid, ask] = [neural_kraken::base::Side::Buy, neural_kraken::base::Side::Sell];
        (best(bid), best(ask), self.hall.world().markets()[market].shape.price)
    }

    /// A price so many ticks above the best ask; below zero it is below the best bid.
    fn price(&self, symbol: &str, ticks: i64) -> String {
        let (bid, ask, decimals) = self.best(symbol);
        let price = if ticks < 0 { bid.price } else { ask.price } + ticks;
        let unit = 10_i64.pow(decimals.into());
        format!("{}.{:0width$}", price / unit, price % unit, width = decimals.into())
    }
}

fn number(value: &Value) -> f64 {
    match value {
        Value::String(text) => text.parse().unwrap(),
        other => other.as_f64().unwrap(),
    }
}

/// What `API-Sign` is.
fn kraken_sign(secret: &str, path: &str, nonce: u64, body: &str) -> String {
    let inner = digest::digest(&digest::SHA256, format!("{nonce}{body}").as_bytes());
    let key = hmac::Key::new(hmac::HMAC_SHA512, &STANDARD.decode(secret).unwrap());
    let message = [path.as_bytes(), inner.as_ref()].concat();
    STANDARD.encode(hmac::sign(&key, &message))
}

fn hmac_hex(secret: &str, message: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, message.as_bytes());
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap();
    tag.as_ref().iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The bytes of a PEM file.
fn unpem(text: &str) -> Vec<u8> {
    let lines = text.lines().filter(|line| !line.starts_with("-----"));
    STANDARD.decode(lines.collect::<String>()).unwrap()
}

/// A token of Coinbase, for a request or without one.
fn coinbase_token((name, pem): (&str, &str), uri: Option<&str>, seconds: i64) -> String {
    let der = unpem(pem);
    let (secret, public) = (&der[7..39], &der[der.len() - 65..]);
    let random = SystemRandom::new();
    let pair = EcdsaKeyPair::from_private_key_and_public_key(
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        secret,
        public,
        &random,
    )
    .unwrap();
    let mut claims = json!({"sub": name, "iss": "cdp", "nbf": seconds, "exp": seconds + 120});
    if let Some(uri) = uri {
        claims["uri"] = json!(uri);
    }
    let header = json!({"alg": "ES256", "typ": "JWT", "kid": name, "nonce": "00"});
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encode(&header), encode(&claims));
    let signature = pair.sign(&random, message.as_bytes()).unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}
