//! Tests of reconciliation: a venue with a memory, a record with holes, and what makes them agree.

use proptest::prelude::*;

use super::*;
use crate::base::{AccountId, Instrument, InstrumentId, OrderId, Side, StrategyId, Symbol};
use crate::event::Liquidity;
use crate::limits::CLIENT_ID_BYTES;
use crate::stage::dispatch::client_id;
use crate::venue::trade::{Balance, Fact, VenueOrder};

const BTC: AssetId = AssetId(0);
const USD: AssetId = AssetId(1);
const PAIR: InstrumentId = InstrumentId(0);

fn worth() -> Vec<Option<Worth>> {
    let plain = Instrument::plain("venue", Symbol::new(b"BTC/USD").unwrap(), 1, 4);
    vec![Worth::new(&Instrument { base: Some(BTC), quote: Some(USD), ..plain }, &[6, 4])]
}

/// An order at the venue.
#[derive(Clone, Debug)]
struct Placed {
    client: Option<ClientId>,
    side: Side,
    price: i64,
    qty: i64,
    filled: i64,
    amount: i64,
    fee: i64,
    end: Option<OrderState>,
}

/// A venue, and what our side heard of it.
struct Scene {
    worth: Vec<Option<Worth>>,
    placed: Vec<Placed>,
    fills: Vec<Past>,
    btc: i64,
    usd: i64,
    record: Record,
    next: u64,
    now: i64,
    deposits: i64,
    explained: i128,
}

impl Scene {
    fn new() -> Scene {
        let balances = [(BTC, 0), (USD, 0)].into_iter().collect();
        Scene {
            worth: worth(),
            placed: Vec::new(),
            fills: Vec::new(),
            btc: 0,
            usd: 0,
            record: Record { account: AccountId(3), epoch: 1, balances, ..Record::default() },
            next: 1,
            now: 1_000_000 * Nanos::SECOND,
            deposits: 0,
            explained: 0,
        }
    }

    /// An order of ours is written ahead and sent; it may be lost on its way.
    fn place(&mut self, is_buy: bool, price: i64, qty: i64, arrives: bool) -> ClientId {
        let client = client_id(self.record.epoch, OrderId(self.next));
        self.next += 1;
        self.now += 1_000;
        let side = if is_buy { Side::Buy } else { Side::Sell };
        let terms = Terms { price: Price(price), qty: Qty(qty), side, style: Style::Limit };
        self.record.place(Known {
            strategy: Some(StrategyId(1)),
            placed_at: Nanos(self.now),
            ..Known::bare(client, PAIR, terms)
        });
        if arrives {
            self.arrive(Some(client), side, price, qty);
        }
        client
    }

    fn arrive(&mut self, client: Option<ClientId>, side: Side, price: i64, qty: i64) {
        let (filled, amount, fee, end) = (0, 0, 0, None);
        self.placed.push(Placed { client, side, price, qty, filled, amount, fee, end });
    }

    /// The venue fills a part of an order.
    fn fill(&mut self, at: usize, qty: i64, is_heard: bool) {
        let Some(placed) = self.placed.get_mut(at).filter(|placed| placed.end.is_none()) else {
            return;
        };
        let qty = qty.min(placed.qty - placed.filled);
        if qty == 0 {
            return;
        }
        self.now += 1_000;
        let amount = known::amount(&self.worth, PAIR, placed.price, qty).unwrap();
        let fee = amount / 100 + 40;
        (placed.filled, placed.amount) = (placed.filled + qty, placed.amount + amount);
        placed.fee += fee;
        let sign = if placed.side == Side::Buy { 1 } else { -1 };
        self.btc += sign * qty * 100;
        self.usd -= sign * amount + fee;
        if placed.filled == placed.qty {
            placed.end = Some(OrderState::Filled);
        }
        self.fills.push(Past {
            client: None,
            venue_order: VenueOrder(at as u128 + 1),
            id: self.fills.len() as u128 + 1,
            at: Nanos(self.now),
            instrument: PAIR,
            side: placed.side,
            price: placed.price,
            qty,
            fee,
            fee_asset: USD,
            liquidity: Liquidity::Maker,
        });
        if is_heard {
            self.hear(at);
        }
    }

    /// The venue ends an order.
    fn end(&mut self, at: usize, is_heard: bool) {
        if let Some(placed) = self.placed.get_mut(at) {
            placed.end.get_or_insert(OrderState::Cancelled);
            if is_heard {
                self.hear(at);
            }
        }
    }

    /// Our side hears the totals of an order.
    fn hear(&mut self, at: usize) {
        let placed = self.placed[at].clone();
        let Some(client) = placed.client else { return };
        let Some(known) = self.record.order_mut(&client) else { return };
        let qty = placed.filled - known.filled;
        let (paid, cost) = (placed.amount - known.amount, placed.fee - known.fee(USD));
        (known.filled, known.amount, known.end) = (placed.filled, placed.amount, placed.end);
        known.pay(USD, cost);
        let sign = if placed.side == Side::Buy { 1 } else { -1 };
        *self.record.balances.get_mut(&BTC).unwrap() += i128::from(sign * qty * 100);
        *self.record.balances.get_mut(&USD).unwrap() -= i128::from(sign * paid + cost);
    }

    /// What the venue says, but for the latest fills, from some place of its list on and twice.
    fn told(&self, lag: usize, turn: usize) -> Told {
        let mut facts = Vec::new();
        for (n, placed) in self.placed.iter().enumerate().filter(|(_, p)| p.end.is_none()) {
            facts.push(Fact::Order(Standing {
                client: placed.client,
                venue_order: VenueOrder(n as u128 + 1),
                instrument: PAIR,
                symbol: Symbol::new(b"BTC/USD").unwrap(),
                side: placed.side,
                price: placed.price,
                qty: placed.qty,
                filled: placed.filled,
            }));
        }
        for (asset, name, total) in [(BTC, b"BTC", self.btc), (USD, b"USD", self.usd)] {
            let name = Symbol::new(name).unwrap();
            facts.push(Fact::Balance(Balance { asset, name, total, held: None, at: Nanos::NONE }));
        }
        let fills = &self.fills[..self.fills.len().saturating_sub(lag)];
        facts.extend(fills.iter().map(|past| Fact::Fill(*past)));
        let turn = turn % facts.len();
        facts.rotate_left(turn);
        let mut told = Told::since(Nanos(0));
        facts.iter().chain(&facts).for_each(|fact| told.on(fact));
        for listing in [Listing::Orders, Listing::Balances, Listing::Fills] {
            told.on(&Fact::Whole(listing));
        }
        told
    }

    fn answer(&self, client: ClientId) -> Answer {
        let at = self.placed.iter().position(|placed| placed.client == Some(client));
        let became = match at.map(|at| &self.placed[at]) {
            None => Became::NeverArrived,
            Some(Placed { end: Some(state), filled, .. }) => {
                Became::Over { state: *state, filled: *filled }
            }
            Some(_) => Became::Open,
        };
        Answer { client, venue_order: at.map(|at| VenueOrder(at as u128 + 1)), became }
    }

    /// A new session makes its record agree with the venue. Says how many repairs there were.
    fn restart(&mut self, lag: usize, turn: usize) -> [u64; RepairKind::ALL.len()] {
        self.record.epoch += 1;
        let mut answers: Vec<Answer> = Vec::new();
        let mut names = BTreeMap::new();
        let mut all = Vec::new();
        for round in 0..20 {
            let mut told = self.told(if round == 0 { lag } else { 0 }, turn + round);
            for answer in &answers {
                told.answer(answer);
            }
            for (order, client) in &names {
                told.name_order(VenueOrder(*order), *client);
            }
            names.clone_from(&told.names);
            let found = reconcile(&self.record, &told, &self.worth);
            for repair in &found.all {
                match repair {
                    Repair::Balance { ours, venues, .. } => {
                        if round == 0 {
                            continue;
                        }
                        self.explained += venues - ours;
                    }
                    Repair::Ask { client, .. } => {
                        answers.retain(|answer| answer.client != *client);
                        answers.push(self.answer(*client));
                    }
                    Repair::Cancel(standing) => {
                        let at = standing.venue_order.0 as usize - 1;
                        // It may trade until the cancel is there.
                        self.fill(at, (turn as i64 % 3) * 1_000, false);
                        self.end(at, false);
                    }
                    _ => {}
                }
                self.record.apply(repair, &self.worth);
            }
            all.extend(found.all);
            if found.is_settled && round > 0 {
                return counts(&all);
            }
        }
        panic!("it never settles: {all:#?}");
    }

    /// Our record is the venue's, and nothing of ours is open.
    fn assert_equal(&self) {
        for placed in &self.placed {
            let Some(client) = placed.client else { continue };
            let known = self.record.order(&client).unwrap();
            let ours = (known.filled, known.amount, known.fee(USD), known.end);
            assert_eq!(ours, (placed.filled, placed.amount, placed.fee, placed.end), "{client:?}");
            assert!(placed.end.is_some(), "{client:?} is still open");
        }
        let arrived = |client| self.placed.iter().any(|placed| placed.client == Some(client));
        for known in self.record.orders() {
            assert!(arrived(known.client) || known.end == Some(OrderState::Rejected));
        }
        let balances = (self.record.balances[&BTC], self.record.balances[&USD]);
        assert_eq!(balances, (i128::from(self.btc), i128::from(self.usd)));
        assert_eq!(self.explained, i128::from(self.deposits), "what no fill explains");
    }
}

/// Counts by kind, but for those that are zero.
fn named(counts: [u64; RepairKind::ALL.len()]) -> Vec<(&'static str, u64)> {
    let kinds = RepairKind::ALL.into_iter().map(RepairKind::name);
    kinds.zip(counts).filter(|(_, count)| *count > 0).collect()
}

#[test]
fn an_order_left_open_is_cancelled_and_its_fill_is_booked() {
    let mut scene = Scene::new();
    scene.place(true, 1_000, 5_000, true);
    scene.fill(0, 1_000, true);
    scene.fill(0, 2_000, false);
    assert_eq!(named(scene.restart(0, 0)), [("cancel", 1), ("book", 1), ("ended", 1), ("ask", 1)]);
    scene.assert_equal();
    let again = named(scene.restart(0, 0));
    assert_eq!(again, [("ask", 1), ("unattributed", 2)], "nothing is booked twice");
}

#[test]
fn what_was_booked_is_one_fill_that_makes_totals_equal() {
    let mut scene = Scene::new();
    let client = scene.place(true, 1_000, 5_000, true);
    scene.fill(0, 1_000, true);
    scene.fill(0, 1_500, false);
    scene.fill(0, 2_500, false);
    scene.record.epoch = 2;
    let mut told = scene.told(0, 0);
    told.answer(&scene.answer(client));
    let found = reconcile(&scene.record, &told, &scene.worth);
    let [Repair::Book(booking), Repair::Ended { state: OrderState::Filled, .. }] = &found.all[..]
    else {
        panic!("{found:?}")
    };
    // 0.4 at 100.0 is 40.0000, and each of two pieces cost a hundredth and 40 units.
    let fee = (150_000 + 250_000) / 100 + 80;
    assert_eq!((booking.fill.price, booking.fill.qty), (Price(1_000), Qty(4_000)));
    assert_eq!((booking.fill.amount, booking.fill.fee, booking.total), (400_000, fee, 5_000));
    let report = booking.report(StrategyId(9));
    assert_eq!((report.strategy, report.account), (StrategyId(1), AccountId(3)));
    assert_eq!((report.filled, report.state), (Qty(5_000), OrderState::Filled));
    assert_eq!(report.order, OrderId(1));
}

#[test]
fn others_and_later_sessions_are_left_alone() {
    let mut scene = Scene::new();
    scene.arrive(None, Side::Buy, 1_000, 5_000);
    scene.arrive(Some(ClientId(*b"somebodys-own-name")), Side::Sell, 1_000, 5_000);
    scene.arrive(Some(client_id(7, OrderId(1))), Side::Buy, 1_000, 5_000);
    let found = reconcile(&scene.record, &scene.told(0, 0), &scene.worth);
    assert_eq!(named(counts(&found.all)), [("foreign", 2), ("later_session", 1)]);
    scene.fill(0, 1_000, false);
    let found = reconcile(&scene.record, &scene.told(0, 0), &scene.worth);
    let expected = [("foreign", 2), ("later_session", 1), ("foreign_fill", 1)];
    assert_eq!(named(counts(&found.all)), expected, "its balance is explained");
    let instruments = crate::base::Instruments::default();
    let assets = [(String::from("BTC"), 6), (String::from("USD"), 4)];
    let naming = Naming { instruments: &instruments, assets: &assets };
    let texts: Vec<String> = found.all.iter().map(|repair| repair.text(&naming)).collect();
    assert!(texts[0].contains("left alone") && texts[2].contains("session 7"), "{texts:?}");
}

#[test]
fn an_order_without_a_record_is_adopted_by_its_name() {
    let mut scene = Scene::new();
    let client = scene.place(false, 1_000, 5_000, true);
    scene.fill(0, 2_000, false);
    scene.record.orders.clear();
    let counts = named(scene.restart(0, 0));
    assert_eq!(counts, [("cancel", 1), ("adopt", 1), ("book", 1), ("ended", 1), ("ask", 1)]);
    assert_eq!(scene.record.order(&client).unwrap().strategy, None);
    scene.assert_equal();
}

#[test]
fn the_orders_of_a_session_that_runs_are_its_own_matter() {
    let mut scene = Scene::new();
    scene.place(true, 1_000, 5_000, true);
    scene.fill(0, 1_000, false);
    let found = reconcile(&scene.record, &scene.told(0, 0), &scene.worth);
    assert!(
        !named(counts(&found.all)).iter().any(|(name, _)| *name == "cancel" || *name == "book")
    );
    scene.record.is_quiet = true;
    scene.end(0, false);
    let mut told = scene.told(0, 0);
    told.answer(&scene.answer(client_id(1, OrderId(1))));
    let found = reconcile(&scene.record, &told, &scene.worth);
    assert_eq!(named(counts(&found.all)), [("book", 1), ("ended", 1)]);
}

#[test]
fn nothing_is_over_because_nobody_speaks_of_it() {
    let mut scene = Scene::new();
    let client = scene.place(true, 1_000, 5_000, false);
    scene.record.epoch = 2;
    let mut told = scene.told(0, 0);
    let found = reconcile(&scene.record, &told, &scene.worth);
    assert_eq!(found.all, [Repair::Ask { client, instrument: PAIR }]);
    assert!(!found.is_settled);
    // An answer of more than the list of fills has: the list lags.
    let became = Became::Over { state: OrderState::Cancelled, filled: 5 };
    told.answer(&Answer { client, venue_order: None, became });
    let found = reconcile(&scene.record, &told, &scene.worth);
    assert_eq!((found.all.len(), found.is_settled), (0, false));
}

#[test]
fn what_we_have_too_much_is_named_where_the_list_covers_it() {
    let mut scene = Scene::new();
    let client = scene.place(true, 1_000, 5_000, true);
    scene.fill(0, 5_000, true);
    scene.fills.clear();
    scene.record.epoch = 2;
    let mut told = scene.told(0, 0);
    let found = reconcile(&scene.record, &told, &scene.worth);
    assert_eq!(found.all[0], Repair::Surplus { client, ours: 5_000, venues: 0 });
    told.since = Nanos(scene.now);
    assert_eq!(reconcile(&scene.record, &told, &scene.worth).all, []);
}

#[test]
fn another_fee_and_another_amount_are_breaks() {
    let mut scene = Scene::new();
    let client = scene.place(true, 1_000, 5_000, true);
    scene.fill(0, 5_000, true);
    scene.record.epoch = 2;
    let known = scene.record.order_mut(&client).unwrap();
    known.pay(USD, 1);
    let mut told = scene.told(0, 0);
    told.answer(&scene.answer(client));
    let found = reconcile(&scene.record, &told, &scene.worth);
    assert_eq!(found.all, [], "a unit is rounding");
    let known = scene.record.order_mut(&client).unwrap();
    known.pay(USD, 100);
    known.amount -= 9;
    let kinds = named(counts(&reconcile(&scene.record, &told, &scene.worth).all));
    assert_eq!(kinds, [("fee", 1), ("amount", 1), ("balance", 1)]);
}

#[test]
fn each_kind_has_its_number_and_a_name_of_its_own() {
    for (n, kind) in RepairKind::ALL.into_iter().enumerate() {
        assert_eq!(kind as usize, n);
        assert_eq!(RepairKind::ALL.iter().filter(|k| k.name() == kind.name()).count(), 1);
    }
    assert_eq!(CLIENT_ID_BYTES, client_id(1, OrderId(1)).0.len());
}

/// One thing that happens: what, to which order, how much, and whether we hear of it.
fn any_step() -> impl Strategy<Value = (u8, usize, i64, bool)> {
    (0_u8..12, 0_usize..12, 1_i64..4_000, any::<bool>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn whatever_was_lost_the_record_becomes_the_venues(
        steps in prop::collection::vec(any_step(), 1..80),
        lag in 0_usize..6,
        turn in 0_usize..100,
    ) {
        let mut scene = Scene::new();
        for (what, at, qty, flag) in steps {
            match what {
                0..=2 => {
                    scene.place(flag, 900 + qty % 200, qty, at % 4 != 0);
                }
                3..=6 => scene.fill(at, qty, flag),
                7 => scene.end(at, flag),
                8 => scene.arrive(None, Side::Buy, 1_000, qty),
                9 if flag => {
                    scene.usd += 100 * qty;
                    scene.deposits += 100 * qty;
                }
                10 if flag => {
                    scene.restart(lag, turn);
                    scene.assert_equal();
                }
                _ => {}
            }
        }
        let foreign = |scene: &Scene| {
            let all = scene.placed.iter().filter(|placed| placed.client.is_none());
            all.map(|placed| (placed.filled, placed.end)).collect::<Vec<_>>()
        };
        let before = foreign(&scene);
        scene.restart(lag, turn);
        scene.assert_equal();
        prop_assert_eq!(before, foreign(&scene), "orders of others are as they were");
        let harmless = ["foreign", "ask", "unattributed"];
        for (name, count) in named(scene.restart(0, turn)) {
            prop_assert!(harmless.contains(&name), "{count} {name} again");
        }
    }
}
