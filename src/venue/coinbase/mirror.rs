//! Coinbase Advanced Trade seen from the venue's side: plain data to the bytes that it sends.
//!
//! In: levels, trades, the place in the connection's sequence. Out: one frame at the end of a
//! buffer, in the real key order (live captures of 2026-08). Books are written without trailing
//! zeros and trades with all of them, times with as many digits as they need: so does the venue.
//! Never: a clock, a socket, a number of its own making.

use crate::base::{Nanos, Side, Symbol};
use crate::event::{Level, Trade};
use crate::venue::wire::{Pen, Shape};

/// Digits of the fraction in times of trades and book changes.
const TIME_DIGITS: u8 = 6;

/// What every frame says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Envelope {
    /// When it was sent.
    pub sent_ns: Nanos,
    /// Its number on the connection: every frame counts, of whatever channel.
    pub sequence: u64,
}

/// A level of a book.
#[derive(Clone, Copy, Debug)]
pub struct Update {
    /// Which side.
    pub side: Side,
    /// Price and quantity; quantity 0 removes.
    pub level: Level,
    /// When it came about, microseconds count.
    pub event_ns: Nanos,
}

/// The book of one product, or a change of it.
#[derive(Clone, Copy, Debug)]
pub struct Book<'a> {
    /// Whose.
    pub product: Symbol,
    /// Decimals of prices and quantities.
    pub shape: Shape,
    /// The whole book, or a change?
    pub snapshot: bool,
    /// In wire order, sides as they come.
    pub updates: &'a [Update],
}

/// A trade.
#[derive(Clone, Copy, Debug)]
pub struct Fill {
    /// Whose.
    pub product: Symbol,
    /// Decimals of price and quantity.
    pub shape: Shape,
    /// The trade.
    pub trade: Trade,
    /// When it was made, microseconds count.
    pub venue_ns: Nanos,
}

/// What a connection has subscribed to, after a request.
pub fn subscriptions(envelope: &Envelope, channels: &[(&str, &[&str])], out: &mut Vec<u8>) {
    let mut pen = open("subscriptions", envelope, out);
    pen.text("{\"subscriptions\":{")
        .list(channels, |pen, (channel, products)| {
            pen.text("\"").text(channel).text("\":[");
            pen.list(*products, |pen, product| {
                pen.text("\"").text(product).text("\"");
            });
            pen.text("]");
        })
        .text("}}]}");
}

/// A sign of life, once a second; `uptime_ns` is since the venue's process began.
pub fn heartbeat(envelope: &Envelope, counter: u64, uptime_ns: i64, out: &mut Vec<u8>) {
    let mut pen = open("heartbeats", envelope, out);
    pen.text("{\"current_time\":\"");
    go_time(&mut pen, envelope.sent_ns);
    pen.text(" +0000 UTC m=+")
        .decimal(uptime_ns, 9)
        .text("\",\"heartbeat_counter\":")
        .whole(counter)
        .text("}]}");
}

/// Books or changes of them: an event for each product.
pub fn books(envelope: &Envelope, books: &[Book<'_>], out: &mut Vec<u8>) {
    let mut pen = open("l2_data", envelope, out);
    pen.list(books, |pen, book| {
        pen.text("{\"type\":\"")
            .text(if book.snapshot { "snapshot" } else { "update" })
            .text("\",\"product_id\":\"")
            .text(book.product.as_str())
            .text("\",\"updates\":[")
            .list(book.updates, |pen, update| {
                pen.text(match update.side {
                    Side::Buy => "{\"side\":\"bid\",\"event_time\":\"",
                    Side::Sell => "{\"side\":\"offer\",\"event_time\":\"",
                })
                .time(update.event_ns, TIME_DIGITS)
                .text("\",\"price_level\":\"")
                .trimmed(update.level.price, book.shape.price)
                .text("\",\"new_quantity\":\"")
                .trimmed(update.level.qty, book.shape.qty)
                .text("\"}");
            })
            .text("]}");
    })
    .text("]}");
}

/// A batch of trades, collected over a quarter of a second. The side on the wire is the maker's.
pub fn trades(envelope: &Envelope, fills: &[Fill], out: &mut Vec<u8>) {
    batch("update", envelope, fills, out);
}

/// The latest trades from before a subscription.
pub fn past_trades(envelope: &Envelope, fills: &[Fill], out: &mut Vec<u8>) {
    batch("snapshot", envelope, fills, out);
}

fn batch(kind: &str, envelope: &Envelope, fills: &[Fill], out: &mut Vec<u8>) {
    let mut pen = open("market_trades", envelope, out);
    pen.text("{\"type\":\"")
        .text(kind)
        .text("\",\"trades\":[")
        .list(fills, |pen, fill| {
            let Trade { id, price, qty, taker } = fill.trade;
            pen.text("{\"trade_id\":\"")
                .whole(id)
                .text("\",\"product_id\":\"")
                .text(fill.product.as_str())
                .text("\",\"price\":\"")
                .decimal(price, fill.shape.price)
                .text("\",\"size\":\"")
                .decimal(qty, fill.shape.qty)
                .text(match taker {
                    Side::Buy => "\",\"side\":\"SELL\",\"time\":\"",
                    Side::Sell => "\",\"side\":\"BUY\",\"time\":\"",
                })
                .time(fill.venue_ns, TIME_DIGITS)
                .text("\"}");
        })
        .text("]}]}");
}

/// `{"channel":"..",..,"events":[`, to be closed by `]}`.
pub fn open<'a>(channel: &str, envelope: &Envelope, out: &'a mut Vec<u8>) -> Pen<'a> {
    let mut pen = Pen::new(out);
    pen.text("{\"channel\":\"")
        .text(channel)
        .text("\",\"client_id\":\"\",\"timestamp\":\"")
        .time_trimmed(envelope.sent_ns)
        .text("\",\"sequence_num\":")
        .whole(envelope.sequence)
        .text(",\"events\":[");
    pen
}

/// `2026-09-30 02:37:15.057778606`, as Go prints a time.
fn go_time(pen: &mut Pen<'_>, at: Nanos) {
    let text = at.to_string();
    pen.text(&text[..10])
        .text(" ")
        .text(text[11..].trim_end_matches(['Z', '0']).trim_end_matches('.'));
}
