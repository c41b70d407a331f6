//! Dispatch: an order to the bytes of its request, at each venue, beside `serde_json` and
//! `format!`; and the whole stage, from a decision to what goes out and from a reply to its report.
//!
//! An order's price, quantity, side and name differ from item to item, so that nothing of the one
//! before is right by chance.

use std::hint::black_box;

use neural_kraken::base::{
    AccountId, Instrument, Instruments, Nanos, OrderId, Price, Qty, Side, Symbol,
};
use neural_kraken::event::{Decision, Happened, Order, Outcome, Reply, Style, Terms};
use neural_kraken::stage::contract::{Emit, Nowhere, On};
use neural_kraken::stage::dispatch::{Dispatch, Settings, client_id};
use neural_kraken::venue::{self, Label, Session, Target, Template};

use crate::support::{Bench, Case, Contender};

/// Timed items of a pass.
const ITEMS: usize = 1_000;

/// Orders in one timed item, back to back: one alone is as short as the step of some counters.
const BURST: usize = 8;

/// Orders of a pass.
const ORDERS: usize = ITEMS * BURST;

/// Timed items of a pass through the stage: as many orders as may be open.
const STAGE_ITEMS: usize = 500;

const EPOCH: u32 = 7;

/// As long as a real one.
const TOKEN: &str = "1Dwc4lzSwNWOAwkMdqhssNNFhs1ed606d1WcF3XfEMw";

/// Dialect, its name here, a symbol, decimals of prices and quantities.
const VENUES: [(&str, &str, &str, u8, u8); 3] = [
    ("kraken", "Kraken", "BTC/USD", 1, 8),
    ("binance", "Binance", "BTCUSDT", 2, 5),
    ("coinbase", "Coinbase", "BTC-USD", 2, 8),
];

/// Runs every case.
pub(crate) fn run(bench: &mut Bench) {
    for (dialect, name, symbol, price, qty) in VENUES {
        let stand = Stand::new(dialect, symbol, (price, qty));
        let case =
            |what, unit| Case::new(format!("{what}, {name}"), unit, ITEMS).split(BURST as u32);
        let mut template = stand.template.clone();
        let mut ours = |item: usize| {
            for (label, terms) in burst(&stand.orders, item) {
                black_box(template.place(label, terms));
            }
        };
        bench.run(&case("place", "order"), &mut ours, &mut rivals::place(&stand, BURST));
        // A single order, as it comes: latency, not throughput.
        let alone = Case::new(format!("place alone, {name}"), "order", ITEMS);
        for case in [alone.clone(), alone.cold()] {
            let mut template = stand.template.clone();
            let mut ours = |item: usize| {
                let (label, terms) = &stand.orders[item];
                black_box(template.place(label, terms));
            };
            bench.run(&case, &mut ours, &mut rivals::place(&stand, 1));
        }
        let mut template = stand.template.clone();
        let mut ours = |item: usize| {
            for (label, _) in burst(&stand.orders, item) {
                let target = Target { client: label.client, venue_order: None };
                black_box(template.cancel(&stand.own, &target));
            }
        };
        bench.run(&case("cancel", "cancel"), &mut ours, &mut rivals::cancel(&stand, BURST));
    }
    run_stage(bench);
    let mut name = |item: usize| {
        for n in 0..BURST {
            black_box(client_id(black_box(7), OrderId((item * BURST + n) as u64)));
        }
    };
    let case = Case::new("name of an order", "name", ITEMS).split(BURST as u32);
    bench.run(&case, &mut name, &mut []);
}

/// The whole stage, warm and as it is found after other work.
fn run_stage(bench: &mut Bench) {
    let names = ["stage, order", "stage, order, cold", "stage, reply"];
    if !names.into_iter().any(|name| bench.wants(name)) {
        return;
    }
    let orders = crate::risk::approved(STAGE_ITEMS * BURST);
    let case = Case::new(names[0], "order", STAGE_ITEMS).split(BURST as u32);
    for case in [case.clone(), case.cold()] {
        bench.run(&case, &mut Stage { dispatch: stage(), orders: &orders }, &mut []);
    }
    let case = Case::new(names[2], "reply", STAGE_ITEMS).split(BURST as u32);
    bench.run(&case, &mut Replies(Stage { dispatch: stage(), orders: &orders }), &mut []);
}

/// What dispatch sends orders of [`crate::risk::approved`] with.
fn stage() -> Dispatch {
    let mut instruments = Instruments::default();
    for n in 0..8 {
        let symbol = Symbol::new(format!("COIN{n}/USD").as_bytes()).unwrap();
        instruments.add(Instrument::plain("kraken", symbol, 1, 8)).unwrap();
    }
    let accounts = vec![venue::dialect("kraken").unwrap()];
    Dispatch::new(&instruments, &Settings { epoch: EPOCH, accounts })
}

/// Decisions in, bytes out.
struct Stage<'a> {
    dispatch: Dispatch,
    orders: &'a [Order],
}

/// Looks at what goes out, as a socket would.
struct Wire;

impl Emit<Outcome<'_>> for Wire {
    #[inline(always)]
    fn emit(&mut self, outcome: &Outcome<'_>) {
        match outcome {
            Outcome::Sent(sent) => {
                black_box(sent.bytes);
            }
            Outcome::Report(report) => panic!("not sent: {report:?}"),
        }
    }
}

impl Contender for Stage<'_> {
    fn reset(&mut self) {
        self.dispatch = stage();
    }

    fn item(&mut self, item: usize) {
        for order in burst(self.orders, item) {
            self.dispatch.on(&Decision::Order(order), &mut Wire);
        }
    }
}

/// Replies in, reports out.
struct Replies<'a>(Stage<'a>);

impl Contender for Replies<'_> {
    fn reset(&mut self) {
        self.0.reset();
        for order in self.0.orders {
            self.0.dispatch.on(&Decision::Order(order), &mut Wire);
        }
    }

    fn item(&mut self, item: usize) {
        for order in burst(self.0.orders, item) {
            let reply = Reply {
                recv_ns: Nanos(2),
                venue_ns: Nanos(1),
                account: AccountId(0),
                client: client_id(EPOCH, order.id()),
                venue_order: 0,
                happened: Happened::Accepted,
            };
            self.0.dispatch.on(&reply, &mut Nowhere);
        }
    }
}

/// The orders of one timed item.
fn burst<T>(orders: &[T], item: usize) -> &[T] {
    &orders[item * BURST..][..BURST]
}

/// Orders for one instrument.
struct Stand {
    dialect: &'static str,
    symbol: &'static str,
    decimals: (u8, u8),
    template: Template,
    orders: Vec<(Label, Terms)>,
    /// What a cancel itself is called.
    own: Label,
}

impl Stand {
    fn new(dialect: &'static str, symbol: &'static str, decimals: (u8, u8)) -> Stand {
        let known = venue::dialect(dialect).unwrap();
        let name = Symbol::new(symbol.as_bytes()).unwrap();
        let instrument = Instrument::plain(known.name, name, decimals.0, decimals.1);
        let session = Session { token: TOKEN, api_key: "" };
        let template = known.desk.unwrap().template(&instrument, &session).unwrap();
        let label = |n: usize| Label {
            order: OrderId(1_000 + n as u64),
            client: client_id(7, OrderId(1_000 + n as u64)),
            now: Nanos(1_723_161_255_343_000_000 + n as i64 * 7_000_000),
        };
        let terms = |n: usize| Terms {
            // 64,000 and 0.0015, and around.
            price: Price(64_000 * 10_i64.pow(decimals.0.into()) + (n as i64 * 37) % 9_999),
            qty: Qty(15 * 10_i64.pow(u32::from(decimals.1) - 4) + (n as i64 * 911) % 99),
            side: if n.is_multiple_of(2) { Side::Buy } else { Side::Sell },
            style: if n.is_multiple_of(3) { Style::PostOnly } else { Style::Limit },
        };
        Stand {
            dialect,
            symbol,
            decimals,
            template,
            orders: (0..ORDERS).map(|n| (label(n), terms(n))).collect(),
            own: label(ORDERS),
        }
    }
}

type Rivals<'a> = Vec<(&'static str, &'a mut dyn Contender)>;

#[cfg(not(feature = "rivals"))]
mod rivals {
    use super::{Rivals, Stand};

    pub(super) fn place(stand: &Stand, _: usize) -> Rivals<'_> {
        let _ = (stand.dialect, stand.symbol, stand.decimals);
        Vec::new()
    }

    pub(super) fn cancel(_: &Stand, _: usize) -> Rivals<'_> {
        Vec::new()
    }
}

#[cfg(feature = "rivals")]
mod rivals {
    use bench_rivals::order::{
        Order, Venue, cancel_formatted, cancel_typed, place_formatted, place_typed,
    };

    use super::{Rivals, Side, Stand, Style, TOKEN, black_box};

    /// A rival's orders, and what it does with one.
    fn contend<'a>(
        stand: &Stand,
        name: &'static str,
        burst: usize,
        encode: impl Fn(Venue, &Order) -> String + 'a,
    ) -> (&'static str, &'a mut dyn super::Contender) {
        let venue = match stand.dialect {
            "kraken" => Venue::Kraken,
            "binance" => Venue::Binance,
            _ => Venue::Coinbase,
        };
        let orders = orders(stand);
        let run = move |n: usize| {
            for order in &orders[n * burst..][..burst] {
                black_box(encode(venue, order));
            }
        };
        (name, Box::leak(Box::new(run)))
    }

    pub(super) fn place(stand: &Stand, burst: usize) -> Rivals<'_> {
        vec![
            contend(stand, "serde_json", burst, place_typed),
            contend(stand, "format!", burst, place_formatted),
        ]
    }

    pub(super) fn cancel(stand: &Stand, burst: usize) -> Rivals<'_> {
        let own = stand.own.client;
        vec![
            contend(stand, "serde_json", burst, move |venue, order| {
                cancel_typed(venue, order, own.text())
            }),
            contend(stand, "format!", burst, move |venue, order| {
                cancel_formatted(venue, order, own.text())
            }),
        ]
    }

    fn orders(stand: &Stand) -> Vec<Order> {
        let (price_decimals, qty_decimals) = stand.decimals;
        let float = |units: i64, decimals: u8| units as f64 / 10_f64.powi(decimals.into());
        let order = |(label, terms): &(super::Label, super::Terms)| Order {
            symbol: stand.symbol.to_owned(),
            is_buy: terms.side == Side::Buy,
            post_only: terms.style == Style::PostOnly,
            price: float(terms.price.0, price_decimals),
            price_decimals: price_decimals.into(),
            qty: float(terms.qty.0, qty_decimals),
            qty_decimals: qty_decimals.into(),
            client: label.client.text().to_owned(),
            number: label.order.0,
            millis: (label.now.0 / 1_000_000) as u64,
            token: TOKEN.to_owned(),
        };
        stand.orders.iter().map(order).collect()
    }
}
