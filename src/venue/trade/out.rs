//! What comes out of a private session: things to do, replies about orders, and what the account
//! holds.
//!
//! Never: a text that is shown. It may hold a token, a signature or a key.

use super::secret::Secret;
use crate::base::{AssetId, InstrumentId, Nanos, Side, Symbol};
use crate::event::{ClientId, Liquidity, Reply};
use crate::venue::session::{Address, FetchId, Line, Why};

/// What comes out, in the order in which it is to be done. Emptied by whoever owns the session,
/// after each call.
#[derive(Debug, Default)]
pub struct Out {
    /// To be done.
    pub tasks: Vec<Task>,
    /// For dispatch, before the next order is handed in.
    pub replies: Vec<Reply>,
    /// What the account holds, and orders of others: for who reconciles.
    pub facts: Vec<Fact>,
}

/// Something to be done.
#[derive(Clone, Debug)]
pub enum Task {
    /// Open a websocket; answered by `opened` or `failed`.
    Connect {
        /// As what.
        line: Line,
        /// Whereto.
        address: Address,
    },
    /// Send a text frame.
    Send {
        /// On which line.
        line: Line,
        /// The text.
        text: Secret,
    },
    /// Close a line, or give up opening it.
    Close {
        /// Which.
        line: Line,
        /// Why, for the log.
        why: Why,
    },
    /// Ask over HTTPS, off the hot thread; answered by `answered`.
    Request {
        /// What the answer is called.
        id: FetchId,
        /// What is asked.
        request: Box<Request>,
    },
}

/// A signed HTTP request.
#[derive(Clone, Debug)]
pub struct Request {
    /// How.
    pub method: Method,
    /// Host, port, and path with its query.
    pub address: Address,
    /// Names and values; `Host` and `Content-Length` are added by whoever sends it.
    pub headers: Vec<(&'static str, Secret)>,
    /// Empty where there is none.
    pub body: Secret,
}

/// An HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Does.
    Post,
    /// Takes away.
    Delete,
}

/// What the venue says of the account, beside replies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fact {
    /// An order that is open there. Whether it is one of this session, its name tells.
    Order(Standing),
    /// What is held of an asset, or that it changed.
    Balance(Balance),
    /// A fill of the past, asked for after a connection. Those of orders of this session were told
    /// as replies too, or will be: this is for the ledger to compare with.
    Fill(Past),
    /// All of this kind was said since the last connection or [`super::Trader::reconcile`].
    Whole(Listing),
}

/// Kinds of things that are listed after a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// Open orders.
    Orders,
    /// Balances.
    Balances,
    /// Fills.
    Fills,
}

/// An open order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Our name of it; `None` where it has none that could be ours.
    pub client: Option<ClientId>,
    /// The venue's id of it.
    pub venue_order: VenueOrder,
    /// The instrument; [`InstrumentId::NONE`] where it is not traded here.
    pub instrument: InstrumentId,
    /// Its symbol as the venue writes it there.
    pub symbol: Symbol,
    /// Buy or sell.
    pub side: Side,
    /// Its limit, units of the instrument; 0 where there is none or the instrument is not known.
    pub price: i64,
    /// Ordered, units of the instrument; 0 where the instrument is not known.
    pub qty: i64,
    /// Filled of it.
    pub filled: i64,
}

/// The venue's own id of an order, as a number: Binance's number, Coinbase's UUID, Kraken's
/// letters and digits as those of a number. 0 for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct VenueOrder(pub u128);

/// What is held of an asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// The asset; [`AssetId::NONE`] where it is not declared.
    pub asset: AssetId,
    /// The venue's name for it.
    pub name: Symbol,
    /// Free and held together, units of the asset; rounded towards zero where the venue counts
    /// finer.
    pub total: i64,
    /// Held for open orders, where the venue says so (Kraken does not).
    pub held: Option<i64>,
    /// When the venue says that it was so; [`Nanos::NONE`] where it does not say.
    pub at: Nanos,
}

/// A fill of the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Past {
    /// Our name of its order, where the session knows it.
    pub client: Option<ClientId>,
    /// The venue's id of its order.
    pub venue_order: VenueOrder,
    /// The venue's id of the fill, as a number in the same way: with the instrument it is unique.
    pub id: u128,
    /// When.
    pub at: Nanos,
    /// The instrument; [`InstrumentId::NONE`] where it is not traded here.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// Units of the instrument; 0 where it is not known.
    pub price: i64,
    /// Units of the instrument; 0 where it is not known.
    pub qty: i64,
    /// Units of `fee_asset`.
    pub fee: i64,
    /// In what the fee was taken; [`AssetId::NONE`] where it is not declared or not said.
    pub fee_asset: AssetId,
    /// Maker or taker.
    pub liquidity: Liquidity,
}

impl Out {
    /// Nothing yet, with room for what usually comes.
    pub fn with_room() -> Out {
        Out {
            tasks: Vec::with_capacity(64),
            replies: Vec::with_capacity(256),
            facts: Vec::with_capacity(256),
        }
    }

    /// Forgets what was done.
    pub fn clear(&mut self) {
        self.tasks.clear();
        self.replies.clear();
        self.facts.clear();
    }
}

impl Method {
    /// As in a request.
    pub const fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Delete => "DELETE",
        }
    }
}

impl VenueOrder {
    /// From Kraken's letters, digits and dashes: `OVN7VD-7VYHS-APBKHA`. `None` where it is none.
    pub fn letters(text: &str) -> Option<VenueOrder> {
        let mut id = 0_u128;
        for byte in text.bytes().filter(|byte| *byte != b'-') {
            // One more than the base, so that leading zeros count and no two texts are one number.
            let digit = char::from(byte).to_digit(36).filter(|_| !byte.is_ascii_lowercase())?;
            id = id.checked_mul(37)?.checked_add(u128::from(digit) + 1)?;
        }
        (id != 0).then_some(VenueOrder(id))
    }

    /// From a UUID.
    pub fn uuid(text: &str) -> Option<VenueOrder> {
        let is_dashed = |at: usize| matches!(at, 8 | 13 | 18 | 23);
        let bytes = text.as_bytes();
        if bytes.len() != 36 {
            return None;
        }
        let mut id = 0_u128;
        for (at, byte) in bytes.iter().enumerate() {
            match (is_dashed(at), char::from(*byte).to_digit(16)) {
                (true, _) if *byte == b'-' => {}
                (false, Some(digit)) => id = id << 4 | u128::from(digit),
                _ => return None,
            }
        }
        (id != 0).then_some(VenueOrder(id))
    }

    /// As Kraken writes it: groups of six, five and six.
    pub fn as_letters(self) -> String {
        let mut digits = Vec::new();
        let mut left = self.0;
        while left > 0 {
            let digit = (left - 1) % 37;
            digits.push(char::from_digit(digit as u32, 36).unwrap_or('0').to_ascii_uppercase());
            left = (left - 1 - digit) / 37;
        }
        digits.reverse();
        let mut text = String::new();
        for (at, digit) in digits.into_iter().enumerate() {
            if at == 6 || at == 11 {
                text.push('-');
            }
            text.push(digit);
        }
        text
    }

    /// As a UUID.
    pub fn as_uuid(self) -> String {
        let hex = format!("{:032x}", self.0);
        [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_come_back_as_they_were() {
        for text in ["OVN7VD-7VYHS-APBKHA", "AA5JGQ-SBMRC-SCJ7J7", "000000-00000-00000A"] {
            assert_eq!(VenueOrder::letters(text).unwrap().as_letters(), text);
        }
        let uuid = "01234567-89ab-cdef-0011-223344556677";
        assert_eq!(VenueOrder::uuid(uuid).unwrap().as_uuid(), uuid);
    }

    #[test]
    fn what_is_no_id_is_none() {
        for text in ["", "-", "OVN7vD-7VYHS-APBKHA", "O V", "\u{e4}", &"Z".repeat(40)] {
            assert_eq!(VenueOrder::letters(text), None, "{text}");
        }
        let hostile = [
            "",
            "0123456789abcdef0011223344556677",
            "01234567-89ab-cdef-0011-22334455667g",
            "01234567-89ab-cdef-0011-2233445566\u{e4}",
            "00000000-0000-0000-0000-000000000000",
        ];
        for text in hostile {
            assert_eq!(VenueOrder::uuid(text), None, "{text}");
        }
    }

    #[test]
    fn no_task_shows_what_it_sends() {
        let line = Line { index: 0, attempt: 1 };
        let send = Task::Send { line, text: Secret::from("{\"token\":\"hush\"}") };
        let request = Request {
            method: Method::Post,
            address: Address { host: String::new(), port: 443, path: String::new() },
            headers: vec![("API-Key", Secret::from("hush"))],
            body: Secret::from("hush"),
        };
        let ask = Task::Request { id: FetchId(1), request: Box::new(request) };
        let shown = format!("{send:?} {ask:?}");
        assert!(!shown.contains("hush"), "{shown}");
    }
}
