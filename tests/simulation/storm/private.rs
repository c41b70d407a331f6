//! What private sessions say and ask, on its way through the weather to the members' desks.

use std::net::{IpAddr, Ipv4Addr};

use neural_kraken::base::Nanos;
use neural_kraken::sim::VENUES;
use neural_kraken::sim::dialect::{Ask, Conn, Letter as Posted};
use neural_kraken::venue::session::{Address, FetchId, Line};
use neural_kraken::venue::trade::Request;

use super::sky::{Parcel, Sky};

/// On its way to a venue.
pub(super) enum Asked {
    /// A text frame.
    Text(Conn, String),
    /// A request: whose, which, and does its answer get lost?
    Letter((usize, FetchId), Letter, bool),
}

/// A request, whole.
pub(super) struct Letter {
    place: usize,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// The hall's number of the venue that has a host.
pub(super) fn place(address: &Address) -> usize {
    VENUES.iter().position(|name| address.host.contains(name)).unwrap()
}

impl Letter {
    pub(super) fn of(request: &Request) -> Letter {
        let Request { method, address, headers, body } = request;
        let header = |(name, value): &(&str, neural_kraken::venue::trade::Secret)| {
            (name.to_ascii_lowercase(), value.expose().to_owned())
        };
        Letter {
            place: place(address),
            method: method.name().into(),
            path: address.path.clone(),
            headers: headers.iter().map(header).collect(),
            body: body.expose().as_bytes().to_vec(),
        }
    }

    /// Reads a request as a server does.
    pub(super) fn read(to: &Address, text: &[u8]) -> Letter {
        let text = std::str::from_utf8(text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut lines = head.split("\r\n");
        let mut words = lines.next().unwrap().split(' ');
        let (method, path) = (words.next().unwrap().into(), words.next().unwrap().into());
        assert_eq!(words.next(), Some("HTTP/1.1"));
        let header = |line: &str| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_ascii_lowercase(), value.to_owned())
        };
        let headers: Vec<_> = lines.map(header).collect();
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length: Option<usize> = length.map(|(_, length)| length.parse().unwrap());
        assert_eq!(length.unwrap_or_default(), body.len());
        Letter { place: place(to), method, path, headers, body: body.as_bytes().to_vec() }
    }
}

impl Parcel {
    pub(super) fn unanswered(id: FetchId) -> Parcel {
        let (status, retry_after_ns, used_weight, body) = (0, 0, None, Vec::new());
        Parcel::Answer { id, status, retry_after_ns, used_weight, body }
    }
}

impl Sky<'_> {
    /// A text sets out; false where there is no line.
    pub(super) fn say(&mut self, venue: usize, line: Line, text: &[u8]) -> bool {
        let Some(conn) = self.conn(venue, line) else { return false };
        let text = String::from_utf8(text.to_vec()).unwrap();
        self.set_out(0, Asked::Text(conn, text));
        true
    }

    /// A request sets out; some never arrive, and of some the answer does not.
    pub(super) fn ask(&mut self, (venue, id): (usize, FetchId), letter: Letter) {
        let unanswered = self.weather().unanswered / 4;
        let line = Line { index: 0, attempt: 0 };
        if self.chance.strikes(unanswered) {
            self.troubles += 1;
            let due = Nanos(self.now.0 + 50_000_000);
            return self.put(due, venue, line, Parcel::unanswered(id));
        }
        let is_lost = self.chance.strikes(unanswered);
        self.troubles += u64::from(is_lost);
        let late = self.chance.below(self.weather().late) as i64;
        self.set_out(late, Asked::Letter((venue, id), letter, is_lost));
    }

    fn set_out(&mut self, late_ns: i64, asked: Asked) {
        self.numbered += 1;
        self.asked.insert((Nanos(self.now.0 + 100_000 + late_ns), self.numbered), asked);
    }

    /// The venues hear what has arrived by now.
    pub(super) fn hear(&mut self) {
        while let Some(entry) = self.asked.first_entry().filter(|entry| entry.key().0 <= self.now) {
            let mut outs = Vec::new();
            match entry.remove() {
                Asked::Text(conn, text) => {
                    if self.wires.contains_key(&conn) {
                        self.hall.text(conn, &text, &mut outs);
                    }
                }
                Asked::Letter((venue, id), letter, is_lost) => {
                    let (path, query) = letter.path.split_once('?').unwrap_or((&letter.path, ""));
                    let ask = Ask { method: &letter.method, path, query };
                    let (headers, body) = (&*letter.headers, &*letter.body);
                    let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
                    let posted = Posted { ask, headers, body, peer };
                    let answer = self.hall.post(letter.place, &posted, &mut outs);
                    let seconds = answer.headers.iter().find(|(name, _)| *name == "retry-after");
                    let seconds: i64 = seconds.map_or(0, |(_, seconds)| seconds.parse().unwrap());
                    let parcel = if is_lost {
                        Parcel::unanswered(id)
                    } else {
                        let retry_after_ns = seconds * Nanos::SECOND;
                        let (status, used_weight, body) = (answer.status, None, answer.body);
                        Parcel::Answer { id, status, retry_after_ns, used_weight, body }
                    };
                    let late = self.chance.below(self.weather().late) as i64;
                    let due = Nanos(self.now.0 + 100_000 + late + answer.wait_ns);
                    self.put(due, venue, Line { index: 0, attempt: 0 }, parcel);
                }
            }
            self.send(outs);
        }
    }

    /// The machine's end of a line is closed.
    pub(super) fn close(&mut self, venue: usize, line: Line) {
        if let Some(conn) = self.conn(venue, line) {
            self.hall.closed(conn);
            self.wires.remove(&conn);
        }
    }
}
