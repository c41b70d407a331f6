//! Coinbase's words around the market: requests, and what the venue answers to them.
//!
//! In: products, a frame that is no ordinary market data, a REST body. Out: texts, paths, [`Said`].
//! Never: a price.

use crate::base::Symbol;
use crate::venue::contract::Refusal;
use crate::venue::wire::{Pen, Value, need};

/// What can be subscribed to. One request is about one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channel {
    Book,
    Trade,
    Heartbeat,
}

/// What a frame says to the session.
#[derive(Clone, Debug)]
pub(super) enum Said {
    /// All that is subscribed on the line now.
    Subscribed {
        books: Vec<Symbol>,
        trades: Vec<Symbol>,
    },
    /// Whole books of these products.
    Whole(Vec<Symbol>),
    /// A request was turned down; the venue does not say which.
    Error,
    Other,
}

impl Channel {
    const fn name(self) -> &'static str {
        match self {
            Channel::Book => "level2",
            Channel::Trade => "market_trades",
            Channel::Heartbeat => "heartbeats",
        }
    }
}

/// `subscribe` or `unsubscribe` for products of one channel.
pub(super) fn request(is_subscribe: bool, channel: Channel, products: &[Symbol]) -> String {
    let mut out = Vec::with_capacity(96 + products.len() * 16);
    let mut pen = Pen::new(&mut out);
    pen.text(if is_subscribe { "{\"type\":\"subscribe\"" } else { "{\"type\":\"unsubscribe\"" });
    if !products.is_empty() {
        pen.text(",\"product_ids\":[").list(products, |pen, product| {
            pen.text("\"").text(product.as_str()).text("\"");
        });
        pen.text("]");
    }
    pen.text(",\"channel\":\"").text(channel.name()).text("\"}");
    String::from_utf8(out).unwrap_or_default()
}

/// The path of a product's metadata.
pub(super) fn product_path(base: &str, product: Symbol) -> String {
    format!("{base}/market/products/{product}")
}

/// What a frame says.
pub(super) fn read(root: Value<'_>) -> Result<Said, Refusal> {
    let [channel, kind, events] = root.pick("message", ["channel", "type", "events"])?;
    let Some(channel) = channel else {
        let is_error = kind.is_some_and(|kind| kind.text("type") == Ok("error"));
        return Ok(if is_error { Said::Error } else { Said::Other });
    };
    match channel.text("channel")? {
        "subscriptions" => subscriptions(need(events, "events")?),
        "l2_data" => {
            let mut whole = Vec::new();
            for event in need(events, "events")?.items("events")? {
                let [kind, product] = event.pick("events", ["type", "product_id"])?;
                if need(kind, "type")?.text("type")? == "snapshot" {
                    whole.push(need(product, "product_id")?.symbol("product_id")?);
                }
            }
            Ok(Said::Whole(whole))
        }
        _ => Ok(Said::Other),
    }
}

fn subscriptions(events: Value<'_>) -> Result<Said, Refusal> {
    let (mut books, mut trades) = (Vec::new(), Vec::new());
    for event in events.items("events")? {
        let [all] = event.pick("events", ["subscriptions"])?;
        let all = need(all, "subscriptions")?;
        let [level2, market_trades] = all.pick("subscriptions", ["level2", "market_trades"])?;
        for (list, found) in [(level2, &mut books), (market_trades, &mut trades)] {
            let Some(list) = list else { continue };
            for product in list.items("subscriptions")? {
                found.push(product.symbol("subscriptions")?);
            }
        }
    }
    Ok(Said::Subscribed { books, trades })
}

/// The name under which the market channels send a product, where it is another.
pub(super) fn alias(root: Value<'_>) -> Result<Option<Symbol>, Refusal> {
    let [alias] = root.pick("product", ["alias"])?;
    let text = alias.map_or(Ok(""), |alias| alias.text("alias"))?;
    Ok(Symbol::new(text.as_bytes()))
}
