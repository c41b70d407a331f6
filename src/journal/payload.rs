//! What the bytes of some records say: connections that were opened, instruments that are known.
//!
//! In: bytes of a record. Out: values that borrow from them.
//! Never: trust. Bytes that are not well formed give `None`.

use crate::base::{Precision, Symbol};

/// A connection was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened<'a> {
    /// Name of the dialect that its frames are in.
    pub dialect: &'a str,
    /// Where it leads; secrets in it are masked on their way to the disk.
    pub url: &'a str,
}

/// An instrument, as far as a decoder must know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed<'a> {
    /// Name of the dialect that it is known in.
    pub dialect: &'a str,
    /// Its symbol in that dialect.
    pub symbol: Symbol,
    /// Decimals of its prices.
    pub price_decimals: u8,
    /// Decimals of its quantities.
    pub qty_decimals: u8,
    /// Where the decimals come from.
    pub precision: Precision,
}

/// How a session was configured, so that a replay of it does the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Who filled orders.
    pub fills: Fills,
    /// Number of the session, as it stands in names of orders; 0 on paper.
    pub epoch: u32,
    /// The user's configuration over the built-in one, as TOML.
    pub overlay: String,
}

/// Who fills orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fills {
    /// The venues in a box.
    #[default]
    Paper,
    /// Nobody: each order is taken and at once expired.
    Nobody,
    /// The venues themselves: what they answered is in the journal.
    Venue,
}

impl Fills {
    const ALL: [Fills; 3] = [Fills::Paper, Fills::Nobody, Fills::Venue];

    /// As in a journal.
    pub const fn name(self) -> &'static str {
        match self {
            Fills::Paper => "true",
            Fills::Nobody => "false",
            Fills::Venue => "venue",
        }
    }
}

impl Session {
    /// The bytes of its record.
    pub fn encode(&self) -> Vec<u8> {
        let Session { fills, epoch, overlay } = self;
        format!("fills={} epoch={epoch}\n{overlay}", fills.name()).into_bytes()
    }

    /// From the bytes of its record.
    pub fn decode(bytes: &[u8]) -> Option<Session> {
        let (head, overlay) = std::str::from_utf8(bytes).ok()?.split_once('\n')?;
        let head = head.strip_prefix("fills=")?;
        // The first journals had no sessions with a number.
        let (fills, epoch) = head.split_once(" epoch=").unwrap_or((head, "0"));
        let fills = Fills::ALL.into_iter().find(|one| one.name() == fills)?;
        Some(Session { fills, epoch: epoch.parse().ok()?, overlay: overlay.to_owned() })
    }
}

impl<'a> Opened<'a> {
    /// The bytes of its record.
    pub fn encode(&self) -> Vec<u8> {
        format!("{}\n{}", self.dialect, self.url).into_bytes()
    }

    /// From the bytes of its record.
    pub fn decode(bytes: &'a [u8]) -> Option<Opened<'a>> {
        let (dialect, url) = std::str::from_utf8(bytes).ok()?.split_once('\n')?;
        Some(Opened { dialect, url })
    }
}

impl<'a> Listed<'a> {
    /// The bytes of its record.
    pub fn encode(&self) -> Vec<u8> {
        let precision = match self.precision {
            Precision::Declared => 0,
            Precision::Inferred => 1,
        };
        let mut bytes = vec![self.price_decimals, self.qty_decimals, precision];
        bytes.extend_from_slice(format!("{}\n{}", self.dialect, self.symbol).as_bytes());
        bytes
    }

    /// From the bytes of its record.
    pub fn decode(bytes: &'a [u8]) -> Option<Listed<'a>> {
        let (&[price_decimals, qty_decimals, precision], names) = bytes.split_first_chunk()?;
        let (dialect, symbol) = std::str::from_utf8(names).ok()?.split_once('\n')?;
        Some(Listed {
            dialect,
            symbol: Symbol::new(symbol.as_bytes())?,
            price_decimals,
            qty_decimals,
            precision: match precision {
                0 => Precision::Declared,
                1 => Precision::Inferred,
                _ => return None,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_read_back_as_written() {
        let opened = Opened { dialect: "kraken", url: "wss://ws.kraken.com/v2" };
        assert_eq!(Opened::decode(&opened.encode()), Some(opened));
        for precision in [Precision::Declared, Precision::Inferred] {
            let listed = Listed {
                dialect: "binance",
                symbol: Symbol::new(b"BTCUSDT").unwrap(),
                price_decimals: 2,
                qty_decimals: 5,
                precision,
            };
            assert_eq!(Listed::decode(&listed.encode()), Some(listed));
        }
    }

    #[test]
    fn a_session_reads_back_as_written() {
        for (epoch, fills) in Fills::ALL.into_iter().enumerate() {
            let overlay = String::from("[book]\nladder_depth = 25\n");
            let session = Session { fills, epoch: epoch as u32, overlay };
            assert_eq!(Session::decode(&session.encode()), Some(session));
        }
        let old = Session { fills: Fills::Nobody, epoch: 0, overlay: String::from("x") };
        assert_eq!(Session::decode(b"fills=false\nx"), Some(old));
        assert_eq!(Session::decode(b"fills=venue epoch=-1\n"), None);
        assert_eq!(Session::decode(b"fills=perhaps\n"), None);
        assert_eq!(Session::decode(b"fills=true"), None);
    }

    #[test]
    fn bytes_that_are_no_payload_are_refused() {
        assert_eq!(Opened::decode(b"kraken"), None);
        for bytes in [&b""[..], b"\x02\x05\x00binance", b"\x02\x05\x07a\nB", b"\x02\x05\x00a\n"] {
            assert_eq!(Listed::decode(bytes), None, "{bytes:?}");
        }
    }
}
