//! A stand for the scenes: one venue with three instruments, a market made by hand, and what came
//! back.

use super::{Exchange, Settings};
use crate::base::{
    AccountId, AssetId, ConnectionId, Continuity, Decimal, Form, Instrument, InstrumentId,
    InstrumentKind, Instruments, Nanos, Price, Qty, Side, Symbol,
};
use crate::event::{
    Body, BookChange, ClientId, Fill, Happened, Head, Level, Market, Reply, Stamp, Style, Top,
    Trade,
};
use crate::venue::{self, Request};

pub(super) const USD: AssetId = AssetId(0);
pub(super) const BTC: AssetId = AssetId(1);

/// BTC for USD: prices and quantities without decimals, amounts with two.
pub(super) const SPOT: InstrumentId = InstrumentId(1);
pub(super) const LINEAR: InstrumentId = InstrumentId(2);
pub(super) const INVERSE: InstrumentId = InstrumentId(3);

pub(super) type Pairs<'a> = &'a [(i64, i64)];

pub(super) struct Stand {
    pub(super) exchange: Exchange,
    pub(super) now: i64,
    pub(super) replies: Vec<Reply>,
    pub(super) instruments: Instruments,
}

/// Instruments of a venue, after one of another venue; without decimals.
pub(super) fn instruments(venue: &'static str) -> Instruments {
    instruments_in(venue, (0, 0))
}

/// The same with decimals of prices and quantities.
pub(super) fn instruments_in(venue: &'static str, decimals: (u8, u8)) -> Instruments {
    let mut all = Instruments::default();
    let mut add = |venue, symbol: &str, kind, contract_value| {
        let symbol = Symbol::new(symbol.as_bytes()).unwrap();
        let plain = Instrument::plain(venue, symbol, decimals.0, decimals.1);
        all.add(Instrument {
            base: Some(BTC),
            quote: Some(USD),
            kind,
            contract_value,
            continuity: Continuity::Unproven,
            form: Form::Window { ticks: 1 << 12 },
            ..plain
        });
    };
    add("elsewhere", "SPOT", InstrumentKind::Spot, 1);
    add(venue, "SPOT", InstrumentKind::Spot, 1);
    add(venue, "LINEAR", InstrumentKind::Linear, 3);
    add(venue, "INVERSE", InstrumentKind::Inverse, 100);
    all
}

/// No latency, no fees, plenty of money.
pub(super) fn settings() -> Settings {
    Settings {
        order_latency_ns: 0,
        report_latency_ns: 0,
        balances: vec![(USD, 1_000_000_000), (BTC, 1_000_000)],
        decimals: vec![2, 2],
        ..Settings::default()
    }
}

pub(super) fn client(n: u64) -> ClientId {
    let mut text = [0; 18];
    text.copy_from_slice(format!("nk{n:016}").as_bytes());
    ClientId(text)
}

impl Stand {
    pub(super) fn new(settings: &Settings) -> Stand {
        Stand::at("kraken", settings, &instruments("kraken"))
    }

    pub(super) fn at(venue: &str, settings: &Settings, instruments: &Instruments) -> Stand {
        let dialect = venue::dialect(venue).unwrap();
        let exchange = Exchange::new(dialect, AccountId(0), instruments, settings);
        let instruments = instruments.clone();
        Stand { exchange, now: 1, replies: Vec::new(), instruments }
    }

    /// A stand with a live spot book: ten at each of three prices a side.
    pub(super) fn live(settings: &Settings) -> Stand {
        let mut stand = Stand::new(settings);
        stand.snapshot(SPOT, &[(99, 10), (98, 10), (97, 10)], &[(101, 10), (102, 10), (103, 10)]);
        stand
    }

    pub(super) fn event(&mut self, instrument: InstrumentId, body: Body, levels: &[Level]) {
        let recv_ns = Nanos(self.now);
        let stamp = Stamp { recv_ns, connection: ConnectionId(1), ..Stamp::default() };
        let about = Head::about_connection(stamp, body);
        let known = self.instruments.with_id(instrument);
        let (price_decimals, qty_decimals) =
            known.map_or((0, 0), |known| (known.price_decimals, known.qty_decimals));
        let head = Head { instrument, venue_ns: recv_ns, price_decimals, qty_decimals, ..about };
        self.exchange.on(&Market { head: &head, levels });
    }

    fn book(&mut self, of: InstrumentId, bids: Pairs<'_>, asks: Pairs<'_>, snapshot: bool) {
        let levels: Vec<Level> = bids
            .iter()
            .chain(asks)
            .map(|(price, qty)| Level { price: *price, qty: *qty })
            .collect();
        let (bids, asks) = (bids.len() as u32, asks.len() as u32);
        let change = BookChange { bids, asks, snapshot, ..BookChange::default() };
        self.event(of, Body::Book(change), &levels);
    }

    pub(super) fn snapshot(&mut self, of: InstrumentId, bids: Pairs<'_>, asks: Pairs<'_>) {
        self.book(of, bids, asks, true);
    }

    pub(super) fn change(&mut self, of: InstrumentId, bids: Pairs<'_>, asks: Pairs<'_>) {
        self.book(of, bids, asks, false);
    }

    pub(super) fn top(&mut self, of: InstrumentId, bid: (i64, i64), ask: (i64, i64)) {
        let level = |(price, qty)| Level { price, qty };
        let top = Top { update_id: u64::MAX, bid: level(bid), ask: level(ask) };
        self.event(of, Body::Top(top), &[]);
    }

    pub(super) fn trade(&mut self, of: InstrumentId, taker: Side, price: i64, qty: i64) {
        self.event(of, Body::Trade(Trade { id: 0, price, qty, taker }), &[]);
    }

    pub(super) fn send(&mut self, request: &Request) {
        self.exchange.ask(request, Nanos(self.now)).unwrap();
    }

    /// Sends an order and lets what it causes come back.
    pub(super) fn place(&mut self, n: u64, side: Side, style: Style, price: i64, qty: i64) {
        self.place_in(SPOT, n, side, style, price, qty);
    }

    pub(super) fn place_in(
        &mut self,
        of: InstrumentId,
        n: u64,
        side: Side,
        style: Style,
        price: i64,
        qty: i64,
    ) {
        let known = self.instruments.with_id(of).unwrap();
        let price = Decimal { mantissa: price, scale: known.price_decimals };
        let qty = Decimal { mantissa: qty, scale: known.qty_decimals };
        let price = (style != Style::Market).then_some(price);
        let (client, symbol) = (client(n), known.symbol);
        self.send(&Request::Place { client, symbol, side, style, price, qty });
        self.advance();
    }

    pub(super) fn cancel(&mut self, n: u64) {
        self.send(&Request::Cancel { client: client(n) });
        self.advance();
    }

    pub(super) fn advance(&mut self) {
        self.exchange.advance(Nanos(self.now), &mut self.replies);
    }

    /// What came back about an order since it was last asked for, as words and fills.
    pub(super) fn said(&mut self, n: u64) -> Vec<String> {
        self.advance();
        let mut said = Vec::new();
        self.replies.retain(|reply| {
            let is_it = reply.client == client(n);
            if is_it {
                said.push(told(&reply.happened));
            }
            !is_it
        });
        said
    }

    /// Free and reserved.
    pub(super) fn has(&self, asset: AssetId) -> (i128, i128) {
        let balance = self.exchange.balance(asset).unwrap();
        (balance.free, balance.reserved)
    }
}

fn told(happened: &Happened) -> String {
    match happened {
        Happened::Accepted => "accepted".to_owned(),
        Happened::Filled(Fill { price: Price(price), qty: Qty(qty), liquidity, .. }) => {
            format!("{qty} at {price} {liquidity:?}").to_lowercase()
        }
        Happened::Cancelled => "cancelled".to_owned(),
        Happened::Expired => "expired".to_owned(),
        Happened::Rejected(n) => {
            format!("rejected: {}", super::Refused::numbered(*n).unwrap().name())
        }
        Happened::CancelRejected(n) => {
            format!("cancel rejected: {}", super::Refused::numbered(*n).unwrap().name())
        }
        other => unreachable!("a venue in a box does not say {other:?}"),
    }
}
