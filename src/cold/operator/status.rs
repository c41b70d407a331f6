//! What a running instance says of itself: filled by the cold side, asked for over the socket.
//!
//! All of it is text as a person reads it; prices, quantities and amounts are decimals.

use serde_json::{Value, json};

use crate::base::Nanos;

/// A picture of a running instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// When it was taken.
    pub at: Nanos,
    /// `paper`, `live` ..
    pub mode: String,
    /// Number of the session.
    pub epoch: u32,
    /// Each halt: what, why, since when.
    pub halts: Vec<(String, String, Nanos)>,
    /// Strategies that are paused.
    pub paused: Vec<String>,
    /// Each private session: account, venue, how it stands.
    pub sessions: Vec<[String; 3]>,
    /// Each open or unknown order.
    pub orders: Vec<OrderLine>,
    /// Each position: account, strategy, instrument, quantity.
    pub positions: Vec<[String; 4]>,
    /// Each balance: account, asset, total, held; empty where the venue does not say.
    pub balances: Vec<[String; 4]>,
}

/// An order that may still trade.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderLine {
    /// Our own name of it.
    pub client: String,
    /// The account.
    pub account: String,
    /// The strategy.
    pub strategy: String,
    /// The instrument, `venue:SYMBOL`.
    pub instrument: String,
    /// `buy` or `sell`.
    pub side: &'static str,
    /// Its limit.
    pub price: String,
    /// Its quantity.
    pub qty: String,
    /// Filled of it.
    pub filled: String,
    /// Where it stands.
    pub state: &'static str,
}

/// What may be asked for.
pub(super) const PARTS: [&str; 4] = ["status", "positions", "orders", "balances"];

impl Status {
    /// A part of it; `None` where there is no such part.
    pub fn part(&self, name: &str) -> Option<Value> {
        let row = |names: &[&str], row: &[String]| {
            let fields = names.iter().map(|name| (*name).to_owned());
            Value::Object(fields.zip(row.iter().map(|text| json!(text))).collect())
        };
        let rows = |names: &[&str], rows: &[[String; 4]]| {
            Value::Array(rows.iter().map(|one| row(names, one)).collect())
        };
        Some(match name {
            "status" => {
                let halts = self.halts.iter().map(|(what, why, since)| {
                    json!({ "what": what, "why": why, "since": since.to_string() })
                });
                let sessions = self.sessions.iter();
                let sessions = sessions.map(|one| row(&["account", "venue", "state"], one));
                json!({
                    "at": self.at.to_string(),
                    "mode": self.mode,
                    "session": self.epoch,
                    "halts": halts.collect::<Vec<_>>(),
                    "paused": self.paused,
                    "sessions": sessions.collect::<Vec<_>>(),
                    "open_orders": self.orders.len(),
                    "positions": self.positions.len(),
                })
            }
            "positions" => rows(&["account", "strategy", "instrument", "qty"], &self.positions),
            "balances" => rows(&["account", "asset", "total", "held"], &self.balances),
            "orders" => Value::Array(self.orders.iter().map(OrderLine::object).collect()),
            _ => return None,
        })
    }
}

impl OrderLine {
    fn object(&self) -> Value {
        json!({
            "client": self.client,
            "account": self.account,
            "strategy": self.strategy,
            "instrument": self.instrument,
            "side": self.side,
            "price": self.price,
            "qty": self.qty,
            "filled": self.filled,
            "state": self.state,
        })
    }
}
