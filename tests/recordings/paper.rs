//! Paper money over real sessions: random orders against the recorded market. Money is conserved to
//! the last unit between venue, ledger and fills, and the venue allocates nothing.

use std::collections::BTreeMap;

use neural_kraken::base::{
    AccountId, AssetId, Decimal, Instrument, InstrumentId, InstrumentKind, Instruments, Marks,
    Nanos, OrderId, Price, Qty, Side, StrategyId,
};
use neural_kraken::event::{
    ClientId, Fill, Happened, Market, OrderState, Quote, Reasons, Reply, Report, Stamp, Style,
    Terms, View,
};
use neural_kraken::ledger::{self, By, Ledger, Lots};
use neural_kraken::sim::exchange::{Exchange, Fees, Settings};
use neural_kraken::stage::book::{self, Books};
use neural_kraken::stage::contract::{Emit, On};
use neural_kraken::stage::feed::Feed;
use neural_kraken::sys::alloc;
use neural_kraken::tape::Tape;
use neural_kraken::venue::wire::FastLevel;
use neural_kraken::venue::{self, Input, Request};

use super::Case;
use super::source::{COINM_BTC, EXCHANGE, KRAKEN_2026, Recording, SPOT, USDM};

const USD: AssetId = AssetId(0);
const BTC: AssetId = AssetId(1);
const START: [(AssetId, i64); 2] = [(USD, 500_000_000_000_000), (BTC, 500_000_000_000)];
const DECIMALS: [u8; 2] = [8, 10];
const ID: InstrumentId = InstrumentId(0);

pub(crate) fn cases() -> Vec<Case> {
    let played = [
        (SPOT, InstrumentKind::Spot, 1),
        (USDM, InstrumentKind::Linear, 1),
        (COINM_BTC, InstrumentKind::Inverse, 100),
        (KRAKEN_2026, InstrumentKind::Spot, 1),
        (EXCHANGE, InstrumentKind::Spot, 1),
    ];
    let case = |(recording, kind, contract_value): (Recording, InstrumentKind, i64)| {
        let name = format!("paper::{}_conserves_money_without_an_allocation", recording.name);
        let run: Box<dyn FnOnce() + Send> = Box::new(move || play(recording, kind, contract_value));
        (name, run)
    };
    played.into_iter().map(case).collect()
}

/// The market on its way to the venue and to who trades.
struct Ear<'a> {
    exchange: &'a mut Exchange,
    books: &'a mut Books,
    quote: &'a mut Quote,
}

impl<'m> Emit<Market<'m>> for Ear<'_> {
    fn emit(&mut self, market: &Market<'m>) {
        let hot = alloc::hot();
        self.exchange.on(market);
        drop(hot);
        self.books.on(market, &mut Latest(self.quote));
    }
}

/// The latest quote.
struct Latest<'a>(&'a mut Quote);

impl Emit<View> for Latest<'_> {
    fn emit(&mut self, view: &View) {
        *self.0 = view.quote;
    }
}

/// Chance from a seed (Marsaglia's xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, most: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 1) as i64 % most
    }
}

/// Who trades: at random, near the market.
struct Trader {
    chance: Chance,
    instrument: Instrument,
    sent: BTreeMap<u64, Terms>,
}

impl Trader {
    fn request(&mut self, quote: &Quote) -> Option<Request> {
        if quote.bid.qty == 0 || quote.ask.qty == 0 {
            return None;
        }
        if self.chance.below(4) == 0 {
            let n = self.sent.len() as i64 - self.chance.below(20);
            return Some(Request::Cancel { client: client(n.max(0) as u64) });
        }
        let side = if self.chance.below(2) == 0 { Side::Buy } else { Side::Sell };
        let style = Style::ALL[self.chance.below(5) as usize];
        let level = if side == Side::Buy { quote.bid } else { quote.ask };
        let price = level.price + self.chance.below(9) - 4;
        let qty = 1 + level.qty / 2 + self.chance.below(level.qty + 1) / 8;
        let n = self.sent.len() as u64 + 1;
        self.sent.insert(n, Terms { price: Price(price), qty: Qty(qty), side, style });
        Some(Request::Place {
            client: client(n),
            symbol: self.instrument.symbol,
            side,
            style,
            price: (style != Style::Market)
                .then_some(Decimal { mantissa: price, scale: self.instrument.price_decimals }),
            qty: Decimal { mantissa: qty, scale: self.instrument.qty_decimals },
        })
    }
}

fn client(n: u64) -> ClientId {
    let mut text = [0; 18];
    text.copy_from_slice(format!("nk{n:016}").as_bytes());
    ClientId(text)
}

fn play(recording: Recording, kind: InstrumentKind, contract_value: i64) {
    let (tape, surveyed) = recording.load();
    let mut instruments = Instruments::default();
    let first = surveyed.iter().next().unwrap().clone();
    let (base, quote) = (Some(BTC), Some(USD));
    instruments.add(Instrument { base, quote, kind, contract_value, ..first }).unwrap();
    let fees = Fees { maker_ppm: -130, taker_ppm: 4_010 };
    let settings = Settings {
        fees,
        balances: START.to_vec(),
        decimals: DECIMALS.to_vec(),
        ..Settings::default()
    };
    let dialect = venue::dialect(recording.venue).unwrap();
    let mut exchange = Exchange::new(dialect, AccountId(0), &instruments, &settings);
    let before = alloc::of_thread();
    let (replies, sent) = trade(&tape, &instruments, &mut exchange);
    let after = alloc::of_thread();
    assert!(alloc::is_counting(), "the test binary's allocator counts");
    assert_eq!(after, before, "the venue allocated");
    let counts = exchange.counts();
    let name = recording.name;
    assert!(counts.taker_fills > 0 && counts.maker_fills > 0, "{name}: {counts:?}");
    assert_eq!((counts.turned_away, counts.missed), (0, 0), "{name}");
    let fills: Vec<Report> = replies.iter().filter_map(|reply| report(reply, &sent)).collect();
    assert_eq!(fills.len() as u64, counts.taker_fills + counts.maker_fills, "{name}");
    let totals = [Lots::Average, Lots::Fifo].map(|lots| {
        let ledger = booked(&instruments, &fills, lots, &sent);
        for asset in [USD, BTC] {
            let has = exchange.balance(asset).unwrap();
            let should = ledger.balance(AccountId(0), asset).unwrap();
            assert_eq!(has.free + has.reserved, should, "{name}: {asset:?}");
        }
        ledger.sheet(By::Whole).money.total.unwrap()
    });
    assert_eq!(totals[0], totals[1], "{name}");
}

/// Plays a session; what came back, and what was sent.
fn trade(
    tape: &Tape,
    instruments: &Instruments,
    exchange: &mut Exchange,
) -> (Vec<Reply>, BTreeMap<u64, Terms>) {
    let level = *FastLevel::available().last().unwrap();
    let mut feed = Feed::new(&tape.dialects(), instruments, level);
    let mut books = Books::new(instruments, &book::Settings::default());
    let instrument = instruments.with_id(ID).unwrap().clone();
    let mut trader = Trader { chance: Chance(0x9E37_79B9), instrument, sent: BTreeMap::new() };
    let (mut all, mut replies) = (Vec::new(), Vec::with_capacity(1 << 15));
    let mut quote = Quote::default();
    for (n, frame) in tape.frames().enumerate() {
        let now = frame.recv_ns;
        let request = (n % 23 == 0).then(|| trader.request(&quote)).flatten();
        let hot = alloc::hot();
        exchange.advance(now, &mut replies);
        if let Some(request) = request {
            exchange.ask(&request, now).unwrap();
        }
        drop(hot);
        assert!(replies.iter().all(|reply: &Reply| reply.recv_ns <= now));
        all.append(&mut replies);
        let stamp =
            Stamp { frame: n as u64, recv_ns: now, arrived_tsc: 0, connection: frame.connection };
        let input = Input { stamp, about: frame.about, bytes: frame.bytes };
        feed.decode(&input);
        let mut ear = Ear { exchange, books: &mut books, quote: &mut quote };
        feed.emit(&input, &mut ear);
    }
    exchange.advance(Nanos(i64::MAX), &mut all);
    assert!(all.is_sorted_by_key(|reply| reply.recv_ns));
    (all, trader.sent)
}

fn report(reply: &Reply, sent: &BTreeMap<u64, Terms>) -> Option<Report> {
    let Happened::Filled(fill) = reply.happened else { return None };
    let n: u64 = reply.client.text()[2..].parse().unwrap();
    let Fill { qty, .. } = fill;
    Some(Report {
        stamp: Stamp { recv_ns: reply.recv_ns, ..Stamp::default() },
        order: OrderId(n),
        intent: n,
        terms: sent[&n],
        fill,
        filled: qty,
        instrument: ID,
        reasons: Reasons::NONE,
        rejection: 0,
        strategy: StrategyId((n % 3) as u16),
        account: AccountId(0),
        state: OrderState::PartlyFilled,
        is_cancel_refusal: false,
    })
}

fn booked(
    instruments: &Instruments,
    fills: &[Report],
    lots: Lots,
    sent: &BTreeMap<u64, Terms>,
) -> Ledger {
    let asset = |decimals| ledger::Asset { name: String::new(), decimals };
    let account = ledger::Account { name: String::new(), balances: START.to_vec() };
    let chains = [Some(vec![]), Some(vec![(USD, Some(ID))])];
    let marks = Marks::new(&DECIMALS, USD, &chains, instruments);
    let strategies = ["a", "b", "c"].map(String::from).to_vec();
    let assets = DECIMALS.map(asset).to_vec();
    let settings = ledger::Settings { lots };
    let mut ledger = Ledger::new(instruments, assets, marks, strategies, vec![account], settings);
    for fill in fills {
        ledger.on(fill);
    }
    let last = sent.values().next_back().unwrap().price;
    ledger.on_quote(ID, last, last);
    ledger
}
