//! The vow of the hot path for orders in earnest: none allocates between dispatch and the line, at
//! any venue, with its token, its signature or its JWT.

use neural_kraken::base::{
    AccountId, AssetId, Instrument, InstrumentId, Nanos, OrderId, Price, Qty, Side, Symbol,
};
use neural_kraken::event::{ClientId, Style, Terms};
use neural_kraken::sys::alloc;
use neural_kraken::venue::session::{Answer, FetchId, Line};
use neural_kraken::venue::trade::{
    Asset, KeyTexts, Kind, Network, Out, Parcel, Route, Settings, Task, Traded, Trader,
};
use neural_kraken::venue::{self, Label, Session, Target, Template};

crate::cases![
    orders_at_kraken_go_out_without_an_allocation,
    orders_at_binance_are_signed_without_an_allocation,
    orders_at_coinbase_go_out_without_an_allocation,
];

const START: Nanos = Nanos(1_767_225_600 * Nanos::SECOND);

// A young order's cancel costs eight at Kraken: so many are within its budget.
const ORDERS: u64 = 9;

struct Stand {
    trader: Box<dyn Trader>,
    template: Template,
    now: Nanos,
    out: Out,
}

impl Stand {
    fn new(venue: &str, symbol: &str, name: &str, secret: &str) -> Stand {
        let dialect = venue::dialect(venue).unwrap();
        let opening = dialect.trade.unwrap();
        let symbol = Symbol::new(symbol.as_bytes()).unwrap();
        let asset = |n: u16, name: &str| Asset {
            name: Symbol::new(name.as_bytes()).unwrap(),
            id: AssetId(n),
            decimals: 8,
        };
        let settings = Settings {
            account: AccountId(0),
            instruments: vec![Traded {
                symbol,
                id: InstrumentId(0),
                price_decimals: 1,
                qty_decimals: 8,
                base: AssetId(1),
                quote: AssetId(2),
            }],
            assets: vec![asset(1, "BTC"), asset(2, "USD")],
            key: KeyTexts { name: name.into(), secret: secret.into() },
            dead_man_s: 0,
            ..(opening.settings)(Network::Live).unwrap()
        };
        let trader = (opening.open)(settings, START).unwrap();
        let instrument = Instrument::plain(dialect.name, symbol, 1, 8);
        let template = dialect.desk.unwrap().template(&instrument, &Session::default()).unwrap();
        let mut stand = Stand { trader, template, now: START, out: Out::with_room() };
        stand.pass();
        stand
    }

    fn pass(&mut self) {
        for _ in 0..30 {
            self.now = Nanos(self.now.0 + 10 * Nanos::MILLI);
            self.trader.poll(self.now, &mut self.out);
        }
    }

    fn open(&mut self) -> Line {
        let dial = self.out.tasks.iter().find_map(|task| match task {
            Task::Connect { line, .. } => Some(*line),
            _ => None,
        });
        self.out.clear();
        let line = dial.unwrap();
        self.trader.opened(line, self.now, &mut self.out);
        self.pass();
        line
    }

    fn frame(&mut self, line: Line, text: &str) {
        self.trader.frame(line, text.as_bytes(), self.now, &mut self.out);
    }

    fn answer(&mut self, id: u32, body: &str) {
        let body = body.as_bytes();
        let answer = Answer { status: 200, retry_after_ns: 0, used_weight: None, body };
        self.trader.answered(FetchId(id), &answer, self.now, &mut self.out);
        self.pass();
    }

    /// Hands in orders and their cancels, and says what the thread allocated meanwhile.
    fn hand_in(&mut self) {
        assert!(self.trader.is_ready(), "{}", self.trader.state());
        assert!(alloc::is_counting(), "the test binary's allocator counts");
        let terms = Terms {
            price: Price(645_251),
            qty: Qty(150_000),
            side: Side::Buy,
            style: Style::PostOnly,
        };
        let mut bytes_out = 0;
        let before = alloc::of_thread();
        let hot = alloc::hot();
        for n in 1..=ORDERS {
            let client = name(n);
            let label = Label { order: OrderId(n), client, now: self.now };
            let target = Target { client, venue_order: None };
            let kinds = [Kind::Place, Kind::Cancel];
            for kind in kinds {
                let bytes = match kind {
                    Kind::Place => self.template.place(&label, &terms),
                    _ => self.template.cancel(&label, &target),
                };
                let parcel = Parcel {
                    kind,
                    client,
                    order: OrderId(2 * n + u64::from(kind == Kind::Cancel)),
                    instrument: InstrumentId(0),
                    terms,
                    bytes,
                };
                match self.trader.hand_in(&parcel, self.now) {
                    Route::Frame { text, .. } | Route::Http { text, .. } => {
                        bytes_out += text.0.len();
                    }
                    Route::Nowhere(reply) => assert!(kind == Kind::Cancel, "{reply:?}"),
                }
            }
        }
        drop(hot);
        let after = alloc::of_thread();
        assert!(bytes_out > 1_000, "{bytes_out} bytes went out");
        assert_eq!(after.allocations, before.allocations);
        assert_eq!(after.frees, before.frees);
    }
}

fn name(order: u64) -> ClientId {
    let mut name = *b"n00000100000000000";
    name[16] = b'0' + (order / 10) as u8;
    name[17] = b'0' + (order % 10) as u8;
    ClientId(name)
}

fn orders_at_kraken_go_out_without_an_allocation() {
    let secret = "GhklYOS+vYAboSsUPZ8+/XPTEX6RriGc5sfWt70tUs/Zf9J8+hKjZYWLWHWuxzIQEJ4C+kUPDm3H\
                  ErKrZDEHJw==";
    let mut stand = Stand::new("kraken", "BTC/USD", "a", secret);
    stand.answer(1, r#"{"error":[],"result":{"token":"hush","expires":900}}"#);
    let line = stand.open();
    for channel in ["executions", "balances"] {
        let text = format!(
            "{{\"channel\":\"{channel}\",\"type\":\"snapshot\",\"data\":[],\"sequence\":1}}"
        );
        stand.frame(line, &text);
    }
    stand.hand_in();
}

fn orders_at_binance_are_signed_without_an_allocation() {
    let mut stand = Stand::new("binance", "BTCUSDT", "a", "fakeBinanceSecretA");
    let line = stand.open();
    stand.frame(line, r#"{"id":"q1","status":200,"result":{"subscriptionId":0}}"#);
    stand.pass();
    for id in 2..8 {
        let results = [r#"{"balances":[]}"#, "[]"];
        let is_account = stand.out.tasks.iter().any(|task| match task {
            Task::Send { text, .. } => {
                let text = text.expose();
                text.contains(&format!("\"q{id}\"")) && text.contains("account.status")
            }
            _ => false,
        });
        let result = results[usize::from(!is_account)];
        stand.frame(line, &format!("{{\"id\":\"q{id}\",\"status\":200,\"result\":{result}}}"));
    }
    stand.hand_in();
}

fn orders_at_coinbase_go_out_without_an_allocation() {
    let seed = "XRRddH4NsOlpX7i5OxWEGttV76ul3hrxFv/nkFz/bBE=";
    let mut stand = Stand::new("coinbase", "BTC-USD", "a/b", seed);
    let line = stand.open();
    stand.frame(
        line,
        r#"{"channel":"user","sequence_num":0,"events":[{"type":"snapshot","orders":[]}]}"#,
    );
    stand.answer(1, r#"{"accounts":[],"has_next":false,"cursor":""}"#);
    stand.hand_in();
}
