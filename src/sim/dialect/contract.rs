//! What every venue's side offers to whoever owns the sockets.
//!
//! In: connections by number, texts, requests. Out: [`Out`]s and [`Response`]s.
//! Never: a socket or a clock.

use std::net::IpAddr;

use crate::base::{Nanos, Symbol};
use crate::sim::world::{Listed, Update, World};

/// A connection, by a number that is never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Conn(pub u64);

/// Something for a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Out {
    /// For whom.
    pub conn: Conn,
    /// What.
    pub put: Put,
}

/// What a connection is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Put {
    /// A text frame.
    Frame(Vec<u8>),
    /// A ping frame with this payload.
    Ping(Vec<u8>),
    /// The venue ends the connection, with a code of RFC 6455 and its words.
    Close(u16, &'static str),
}

/// A control frame of a client, with its payload. The transport has answered a ping already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control<'a> {
    /// A ping.
    Ping(&'a [u8]),
    /// A pong.
    Pong(&'a [u8]),
}

/// A REST request.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// `GET`, `POST` ..
    pub method: &'a str,
    /// Without the query.
    pub path: &'a str,
    /// Without the question mark; empty where there is none.
    pub query: &'a str,
}

/// A REST request with all that came with it. What it holds may be secret, so it is not shown.
#[derive(Clone, Copy)]
pub struct Letter<'a> {
    /// Method, path and query.
    pub ask: Ask<'a>,
    /// Names in lower case, and values.
    pub headers: &'a [(String, String)],
    /// As it was sent.
    pub body: &'a [u8],
    /// Who sends it.
    pub peer: IpAddr,
}

/// Something that a member is told beside the market.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// Text as it is: a whole frame, or at Coinbase an event for the next frame of `user`.
    Said(Vec<u8>),
    /// He follows a private channel now.
    Joined,
    /// He does no more.
    Left,
}

/// A REST response, its body JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Beside those of the transport.
    pub headers: Vec<(&'static str, String)>,
    /// JSON.
    pub body: Vec<u8>,
    /// How much later than it is given it arrives.
    pub wait_ns: i64,
}

/// A venue's side of the wire.
///
/// A call is at a time that is never before that of the call before. Whoever drives it calls
/// [`Venue::on_update`] for each step of the world, and [`Venue::advance`] on a grid of at most
/// [`crate::limits::SIM_GRID_NS`], after the updates up to that time.
pub trait Venue: Send {
    /// The dialect's name.
    fn name(&self) -> &'static str;

    /// A websocket is asked for. `Err` refuses it.
    fn open(
        &mut self,
        conn: Conn,
        ask: &Ask<'_>,
        world: &World,
        out: &mut Vec<Out>,
    ) -> Result<(), Response>;

    /// A text frame of a client.
    fn text(&mut self, conn: Conn, text: &str, world: &World, out: &mut Vec<Out>);

    /// A ping or a pong of a client.
    fn control(&mut self, conn: Conn, control: Control<'_>, now: Nanos, out: &mut Vec<Out>);

    /// A REST request.
    fn request(&mut self, ask: &Ask<'_>, world: &World) -> Response;

    /// A market made a step; of other venues' markets it is left alone.
    fn on_update(&mut self, update: &Update<'_>, out: &mut Vec<Out>);

    /// It is later now: heartbeats, batches, limits.
    fn advance(&mut self, world: &World, out: &mut Vec<Out>);

    /// The connection is gone.
    fn closed(&mut self, conn: Conn);

    /// A member is told something of his own, in the connection's envelope.
    fn tell(&mut self, conn: Conn, word: Word, now: Nanos, out: &mut Vec<Out>);

    /// A private request costs so much of what the client's address may use; the whole of it so
    /// far, or the refusal.
    fn charge(&mut self, weight: u32, now: Nanos) -> Result<u32, Response> {
        let _ = (weight, now);
        Ok(0)
    }

    /// Is it a connection whose every text is for the members' desk?
    fn is_private(&self, conn: Conn) -> bool {
        let _ = conn;
        false
    }

    /// What may be done at the venue: `online`, `post_only`, `cancel_only` or `maintenance`.
    fn system(&self) -> &'static str {
        "online"
    }

    /// Maintenance begins or ends: connections are told as far as the venue does that.
    fn maintain(&mut self, begins: bool, now: Nanos, out: &mut Vec<Out>);

    /// The venue as it is now, to be asked later what it would have answered.
    fn copied(&self) -> Box<dyn Venue>;
}

/// The markets of one venue, with their places in the world.
#[derive(Clone, Debug)]
pub(in crate::sim) struct Shop {
    markets: Vec<(usize, Listed)>,
}

impl Shop {
    pub(in crate::sim) fn new(venue: &str, world: &World) -> Shop {
        let all = world.markets().iter().copied().enumerate();
        Shop { markets: all.filter(|(_, listed)| listed.venue == venue).collect() }
    }

    /// All, each with its place in the world.
    pub(in crate::sim) fn all(&self) -> impl DoubleEndedIterator<Item = &(usize, Listed)> {
        self.markets.iter()
    }

    /// The market at a place in the world, if it is this venue's.
    pub(in crate::sim) fn at(&self, market: usize) -> Option<&Listed> {
        self.markets.iter().find(|(place, _)| *place == market).map(|(_, listed)| listed)
    }

    /// The market of a symbol.
    pub(in crate::sim) fn find(&self, symbol: &str) -> Option<&(usize, Listed)> {
        let symbol = Symbol::new(symbol.as_bytes())?;
        self.markets.iter().find(|(_, listed)| listed.symbol == symbol)
    }
}

impl Ask<'_> {
    /// A parameter of the query, decoded.
    pub(in crate::sim) fn param(&self, name: &str) -> Option<String> {
        let mut pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| decoded(value))
    }
}

impl Letter<'_> {
    /// A header, by its name in lower case.
    pub(in crate::sim) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| &**value)
    }
}

impl Response {
    /// Well, with this body.
    pub fn ok(body: impl Into<Vec<u8>>) -> Response {
        Response { status: 200, body: body.into(), ..Response::default() }
    }

    /// This status, with this body.
    pub fn with(status: u16, body: impl Into<Vec<u8>>) -> Response {
        Response { status, body: body.into(), ..Response::default() }
    }
}

/// A value of a query without its `%XX` and `+`; what is no such code stays.
pub(in crate::sim) fn decoded(text: &str) -> String {
    let mut bytes = text.as_bytes().iter();
    let mut out = Vec::with_capacity(text.len());
    while let Some(&byte) = bytes.next() {
        let hex = |n: usize| {
            let digits = bytes.as_slice().get(..n)?;
            u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
        };
        match (byte, hex(2)) {
            (b'%', Some(code)) => {
                out.push(code);
                bytes.nth(1);
            }
            (b'+', _) => out.push(b' '),
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_bad_codes_stay() {
        let query = "symbols=%5B%22BTCUSDT%22%5D&limit=5&bad=%zz+%4";
        let ask = Ask { method: "GET", path: "/", query };
        assert_eq!(ask.param("symbols").unwrap(), r#"["BTCUSDT"]"#);
        assert_eq!(ask.param("limit").unwrap(), "5");
        assert_eq!(ask.param("bad").unwrap(), "%zz %4");
        assert_eq!(ask.param("none"), None);
    }
}
