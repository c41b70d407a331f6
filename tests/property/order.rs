//! Requests about orders: what we write is what the venue reads, whatever the order; what nobody
//! would write is refused.

use neural_kraken::base::{Decimal, Instrument, Nanos, OrderId, Price, Qty, Side, Symbol};
use neural_kraken::event::{ClientId, Style, Terms};
use neural_kraken::limits;
use neural_kraken::stage::dispatch::client_id;
use neural_kraken::venue::{self, Desk, Label, Refusal, Request, Session, Target, Template};
use proptest::prelude::*;

/// Every dialect that orders are placed in, with a symbol of its own.
const DESKS: [(&str, &str); 5] = [
    ("kraken", "BTC/USD"),
    ("binance", "BTCUSDT"),
    ("binance-usdm", "ETHUSDT"),
    ("binance-coinm", "BTCUSD_PERP"),
    ("coinbase", "BTC-USD"),
];

/// One instrument's desk.
struct Stand {
    desk: &'static Desk,
    template: Template,
    symbol: Symbol,
    decimals: (u8, u8),
}

impl Stand {
    fn new(dialect: &str, symbol: &str, decimals: (u8, u8), session: &Session<'_>) -> Stand {
        let dialect = venue::dialect(dialect).unwrap();
        let symbol = Symbol::new(symbol.as_bytes()).unwrap();
        let instrument = Instrument::plain(dialect.name, symbol, decimals.0, decimals.1);
        let desk = dialect.desk.unwrap();
        let template = desk.template(&instrument, session).unwrap();
        Stand { desk, template, symbol, decimals }
    }

    fn place(&mut self, order: u64, terms: &Terms) -> Vec<u8> {
        self.template.place(&label(order), terms).to_vec()
    }

    fn cancel(&mut self, order: u64, client: ClientId, venue_order: Option<u128>) -> Vec<u8> {
        self.template.cancel(&label(order), &Target { client, venue_order }).to_vec()
    }
}

fn label(order: u64) -> Label {
    let now = Nanos(1_660_801_715_431_000_000);
    Label { order: OrderId(order), client: client_id(1, OrderId(order)), now }
}

fn terms(price: i64, qty: i64, side: Side, style: Style) -> Terms {
    Terms { price: Price(price), qty: Qty(qty), side, style }
}

/// As text with blanks outside of texts left out.
fn close_up(bytes: &[u8]) -> String {
    let mut in_text = false;
    let kept = bytes.iter().filter(|byte| {
        in_text ^= **byte == b'"';
        in_text || **byte != b' '
    });
    String::from_utf8(kept.copied().collect()).unwrap()
}

#[test]
fn requests_stand_as_each_venue_describes_them() {
    let limit = terms(6_452_510, 150_000, Side::Buy, Style::PostOnly);
    let session = Session { token: "TOKEN", api_key: "" };
    let mut kraken = Stand::new("kraken", "BTC/USD", (2, 8), &session);
    assert_eq!(
        close_up(&kraken.place(1, &limit)),
        r#"{"method":"add_order","params":{"order_type":"limit","side":"buy","symbol":"BTC/USD","order_qty":0.00150000,"limit_price":64525.10,"time_in_force":"gtc","post_only":true,"cl_ord_id":"n00000100000000001","token":"TOKEN"},"req_id":1}"#
    );
    assert_eq!(
        close_up(&kraken.cancel(2, label(1).client, None)),
        r#"{"method":"cancel_order","params":{"cl_ord_id":["n00000100000000001"],"token":"TOKEN"},"req_id":2}"#
    );
    let session = Session { token: "", api_key: "KEY" };
    let mut binance = Stand::new("binance", "BTCUSDT", (2, 5), &session);
    let sell = terms(2_341_610, 847, Side::Sell, Style::Limit);
    let signature = "0".repeat(64);
    assert_eq!(
        close_up(&binance.place(1, &sell)).replace(&signature, "SIGNATURE"),
        r#"{"id":"n00000100000000001","method":"order.place","params":{"symbol":"BTCUSDT","side":"SELL","type":"LIMIT","timeInForce":"GTC","price":"23416.10","quantity":"0.00847","newClientOrderId":"n00000100000000001","newOrderRespType":"ACK","timestamp":1660801715431,"apiKey":"KEY","signature":"SIGNATURE"}}"#
    );
    let mut binance = Stand::new("binance", "BTCUSDT", (2, 5), &Session::default());
    assert_eq!(
        close_up(&binance.cancel(2, label(1).client, None)),
        r#"{"id":"n00000100000000002","method":"order.cancel","params":{"symbol":"BTCUSDT","origClientOrderId":"n00000100000000001","timestamp":1660801715431}}"#
    );
    let mut coinbase = Stand::new("coinbase", "BTC-USD", (2, 8), &Session::default());
    assert_eq!(
        close_up(&coinbase.place(1, &limit)),
        r#"{"client_order_id":"n00000100000000001","product_id":"BTC-USD","side":"BUY","order_configuration":{"limit_limit_gtc":{"base_size":"0.00150000","limit_price":"64525.10","post_only":true}}}"#
    );
    let id = Some(0x1111_1111_1111_1111_1111_1111_1111_1111);
    assert_eq!(
        close_up(&coinbase.cancel(2, label(1).client, id)),
        r#"{"order_ids":["11111111-1111-1111-1111-111111111111"]}"#
    );
}

#[test]
fn a_market_order_has_no_price() {
    for (dialect, symbol) in DESKS {
        let mut stand = Stand::new(dialect, symbol, (1, 8), &Session::default());
        let order = terms(645_251, 150_000, Side::Sell, Style::Market);
        let bytes = stand.place(1, &order);
        assert!(!close_up(&bytes).contains("64525.1"), "{dialect}");
        let Ok(Request::Place { price, .. }) = stand.desk.decode(&bytes) else { panic!() };
        assert_eq!(price, None);
    }
}

#[test]
fn the_widest_orders_fit() {
    let key = "k".repeat(128);
    let session = Session { token: &key, api_key: &key };
    let symbol = "S".repeat(limits::SYMBOL_BYTES_MAX);
    for (dialect, _) in DESKS {
        for decimals in [0, 9, 18] {
            let mut stand = Stand::new(dialect, &symbol, (decimals, decimals), &session);
            for style in Style::ALL {
                let order = terms(i64::MAX, i64::MAX, Side::Sell, style);
                let bytes = stand.place(u64::MAX, &order);
                assert!(bytes.len() <= limits::ORDER_BYTES_MAX, "{dialect} {}", bytes.len());
                assert!(stand.desk.decode(&bytes).is_ok(), "{}", close_up(&bytes));
            }
        }
    }
}

#[test]
fn what_cannot_stand_in_a_request_has_no_template() {
    let symbol = Symbol::new(b"BTC\"USD").unwrap();
    let long = "k".repeat(limits::ORDER_BYTES_MAX);
    for (dialect, plain) in DESKS {
        let dialect = venue::dialect(dialect).unwrap();
        let desk = dialect.desk.unwrap();
        let odd = Instrument::plain(dialect.name, symbol, 1, 8);
        assert!(desk.template(&odd, &Session::default()).is_none());
        let plain = Instrument::plain(dialect.name, Symbol::new(plain.as_bytes()).unwrap(), 1, 8);
        assert!(desk.template(&plain, &Session { token: "a\"b", api_key: "" }).is_none());
        let session = Session { token: &long, api_key: &long };
        // Coinbase has neither in a body.
        assert_eq!(desk.template(&plain, &session).is_none(), dialect.name != "coinbase");
    }
}

#[test]
fn a_negative_number_is_written_as_what_it_is_and_refused() {
    for (dialect, symbol) in DESKS {
        let mut stand = Stand::new(dialect, symbol, (1, 8), &Session::default());
        let bytes = stand.place(1, &terms(1, -1, Side::Buy, Style::Limit));
        assert!(matches!(stand.desk.decode(&bytes), Err(Refusal::Number { .. })), "{dialect}");
    }
}

#[test]
fn requests_that_are_cut_or_have_a_key_twice_are_refused() {
    for (dialect, symbol) in DESKS {
        let mut stand = Stand::new(dialect, symbol, (1, 8), &Session::default());
        let order = terms(645_251, 150_000, Side::Buy, Style::PostOnly);
        let place = stand.place(1, &order);
        let cancel = stand.cancel(2, label(1).client, None);
        for bytes in [place, cancel] {
            for cut in 0..bytes.len() {
                assert!(stand.desk.decode(&bytes[..cut]).is_err(), "{dialect} cut at {cut}");
            }
            let more = [&bytes[..], b"x"].concat();
            assert!(stand.desk.decode(&more).is_err());
            let text = close_up(&bytes);
            let keys: Vec<usize> = text.match_indices("\":").map(|(at, _)| at).collect();
            for end in keys {
                let from = text[..end].rfind('"').unwrap();
                // The same key once more before itself, with the value that it has.
                let value = &text[end + 2..];
                let pair = &text[from..end + 2 + value_len(value)];
                let twice = format!("{}{pair},{}", &text[..from], &text[from..]);
                let refusal = stand.desk.decode(twice.as_bytes());
                assert!(matches!(refusal, Err(Refusal::DuplicateKey(_))), "{twice}: {refusal:?}");
            }
        }
    }
}

/// Bytes of the JSON value that `text` begins with.
fn value_len(text: &str) -> usize {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>();
    values.next().unwrap().unwrap();
    values.byte_offset()
}

#[test]
fn requests_over_the_limit_are_refused_unread() {
    for (dialect, _) in DESKS {
        let desk = venue::dialect(dialect).unwrap().desk.unwrap();
        let bytes = vec![b' '; limits::ORDER_BYTES_MAX + 1];
        let refusal = desk.decode(&bytes);
        assert_eq!(refusal, Err(Refusal::RequestTooLarge { bytes: bytes.len() }));
    }
}

#[test]
fn numbers_that_no_order_has_are_refused() {
    for (dialect, symbol) in DESKS {
        let mut stand = Stand::new(dialect, symbol, (1, 8), &Session::default());
        let order = terms(645_251, 150_000, Side::Buy, Style::Limit);
        let text = close_up(&stand.place(1, &order));
        for number in ["9223372036854775808", "-1", "1e400", "01x", "", "NaN", "0x1", "1.", ".5"] {
            let other = text.replace("64525.1", number);
            assert!(stand.desk.decode(other.as_bytes()).is_err(), "{other}");
        }
    }
}

fn any_terms() -> impl Strategy<Value = Terms> {
    let units = (0_i64..=i64::MAX, 0_u32..63).prop_map(|(units, shift)| units >> shift);
    (units.clone(), units, any::<bool>(), 0..Style::ALL.len()).prop_map(|(price, qty, buy, n)| {
        terms(price, qty, if buy { Side::Buy } else { Side::Sell }, Style::ALL[n])
    })
}

proptest! {
    #[test]
    fn every_venue_reads_the_order_that_was_written(
        desk in 0..DESKS.len(),
        decimals in (0_u8..=18, 0_u8..=18),
        orders in prop::collection::vec((any::<u64>(), any_terms()), 1..6),
    ) {
        let (dialect, symbol) = DESKS[desk];
        let mut stand = Stand::new(dialect, symbol, decimals, &Session::default());
        // Some after each other: nothing of one must be left in the next.
        for (order, terms) in orders {
            let bytes = stand.place(order, &terms);
            let exact = |units, decimals| Decimal { mantissa: units, scale: decimals };
            let expected = Request::Place {
                client: label(order).client,
                symbol: stand.symbol,
                side: terms.side,
                style: terms.style,
                price: (terms.style != Style::Market)
                    .then_some(exact(terms.price.0, stand.decimals.0)),
                qty: exact(terms.qty.0, stand.decimals.1),
            };
            prop_assert_eq!(stand.desk.decode(&bytes), Ok(expected));
            prop_assert!(serde_json::from_slice::<serde_json::Value>(&bytes).is_ok());
            let client = client_id(3, OrderId(order));
            let bytes = stand.cancel(order, client, None);
            prop_assert_eq!(stand.desk.decode(&bytes), Ok(Request::Cancel { client }));
            prop_assert!(serde_json::from_slice::<serde_json::Value>(&bytes).is_ok());
        }
    }

    /// One byte is another: refused, or read as an order that the text does say.
    #[test]
    fn what_is_taken_is_json(
        desk in 0..DESKS.len(), terms in any_terms(), at: prop::sample::Index, byte: u8,
    ) {
        let (dialect, symbol) = DESKS[desk];
        let mut stand = Stand::new(dialect, symbol, (1, 8), &Session::default());
        let mut bytes = stand.place(5, &terms);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if stand.desk.decode(&bytes).is_ok() {
            prop_assert!(serde_json::from_slice::<serde_json::Value>(&bytes).is_ok());
        }
    }
}
