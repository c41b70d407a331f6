//! The bank under chance: whatever members and the crowd do, no money comes from or goes to
//! nowhere, and what is held is what open orders may need.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::bank::{Bank, FeeOf, Fees};
use super::floor::Floor;
use super::order::{Cause, Key, Refusal, State, Terms, What};
use super::trouble::Troubles;
use crate::base::{Nanos, Side, Symbol};
use crate::event::Style;
use crate::sim::dialect::{Binance, Coinbase, Kraken, Shop, Venue};
use crate::sim::engine::{SelfTrade, Size};
use crate::sim::world::{Settings, World};

const STYLES: [Style; 5] = Style::ALL;
const SELF_TRADES: [SelfTrade; 4] =
    [SelfTrade::Allow, SelfTrade::Newest, SelfTrade::Oldest, SelfTrade::Both];

/// One thing that is done: what, who, where, how, and two numbers.
type Step = (u8, usize, usize, (bool, usize, usize, bool), i64, i64);

struct Scene {
    world: World,
    venues: [Box<dyn Venue>; 3],
    troubles: Troubles,
    bank: Bank,
    markets: Vec<usize>,
    assets: Vec<Symbol>,
    began: Vec<i128>,
    keys: Vec<(usize, Key)>,
}

impl Scene {
    fn new(venue: &str, scale: u32, fee_of: FeeOf, coins: i128) -> Scene {
        let settings = Settings { history_ns: 5 * Nanos::SECOND, ..Settings::default() };
        let world = World::new(3, &settings);
        let venues: [Box<dyn Venue>; 3] = [
            Box::new(Kraken::new(&world)),
            Box::new(Binance::new(&world)),
            Box::new(Coinbase::new(&world)),
        ];
        let mut bank = Bank::new(Shop::new(venue, &world), scale, fee_of);
        let markets: Vec<usize> = bank.shop.all().map(|(market, _)| *market).collect();
        let mut assets: Vec<Symbol> =
            bank.shop.all().flat_map(|(_, listed)| [listed.base, listed.quote]).collect();
        assets.sort();
        assets.dedup();
        let unit = 10_i128.pow(scale);
        // Every asset is short now and then.
        let all: Vec<(Symbol, i128)> = assets.iter().map(|asset| (*asset, coins * unit)).collect();
        for _ in 0..3 {
            bank.join(Fees { maker: 2_500, taker: 4_000 }, &all);
        }
        let began = assets.iter().map(|asset| bank.sum(*asset)).collect();
        let (troubles, keys) = (Troubles::default(), Vec::new());
        Scene { world, venues, troubles, bank, markets, assets, began, keys }
    }

    fn with<T>(&mut self, act: impl FnOnce(&mut Bank, &mut Floor<'_>) -> T) -> T {
        let (mut out, public) = (Vec::new(), Vec::new());
        let Scene { world, venues, troubles, bank, .. } = self;
        act(bank, &mut Floor { world, venues, venue: 0, troubles, out: &mut out, public })
    }

    fn terms(&self, market: usize, step: &Step) -> Terms {
        let (_, _, _, (is_buy, style, self_trade, in_base), a, b) = *step;
        let engine = self.world.market(market).unwrap();
        let side = if is_buy { Side::Buy } else { Side::Sell };
        let best = engine.level(side.opposite(), 0).map_or(1, |level| level.price);
        let style = STYLES[style];
        let listed = self.bank.listed(market).unwrap();
        let unit = 10_i64.pow(listed.shape.qty.into());
        let size = match style {
            Style::Market if a % 2 == 0 => Size::Amount(i128::from(best) * i128::from(unit) * 2),
            _ => Size::Lots(1 + unit / 1_000 * b),
        };
        Terms {
            market,
            side,
            style,
            price: if style == Style::Market { 0 } else { (best + a % 40 - 20).max(1) },
            size,
            self_trade: SELF_TRADES[self_trade],
            client: String::new(),
            userref: None,
            expires: None,
            fee_in_base: in_base,
            label: "limit",
        }
    }

    fn step(&mut self, step: &Step) {
        let (kind, who, market, _, a, b) = *step;
        let market = self.markets[market % self.markets.len()];
        let pick = self.keys.get(a as usize % self.keys.len().max(1)).copied();
        match (kind, pick) {
            (0..=5, _) => {
                let terms = self.terms(market, step);
                if let Ok(key) = self.with(|bank, floor| bank.place(who, terms, floor)) {
                    self.keys.push((who, key));
                }
            }
            (6, Some((who, key))) => {
                let _ = self.with(|bank, floor| bank.cancel(who, key, Cause::User, floor));
            }
            (7, Some((who, key))) => {
                let Some(order) = self.bank.order(who, key) else { return };
                let terms = (Some(order.terms.price + a % 9 - 4), Some(order.qty() + b % 50 - 25));
                let _ = self.with(|bank, floor| bank.amend(who, key, terms, floor));
            }
            _ => {
                for _ in 0..20 * b {
                    let update = self.world.step().unwrap();
                    self.bank.on_update(&update);
                }
            }
        }
        self.check();
    }

    fn check(&self) {
        for (asset, began) in self.assets.iter().zip(&self.began) {
            assert_eq!(self.bank.sum(*asset), *began, "{asset}");
        }
        for (who, member) in self.bank.members.iter().enumerate() {
            let mut held: BTreeMap<Symbol, i128> = BTreeMap::new();
            for order in member.open.values() {
                let listed = self.bank.listed(order.key.market).unwrap();
                let gives = if order.terms.side == Side::Buy { listed.quote } else { listed.base };
                *held.entry(gives).or_default() += order.held;
                let engine = self.world.market(order.key.market).unwrap();
                let ticket = engine.ticket(order.key.number).unwrap();
                assert_eq!((ticket.left, ticket.done), (order.left(), order.done));
            }
            for (asset, balance) in member.purse.all() {
                assert!(balance.free() >= 0, "member {who} has {balance:?} of {asset}");
                assert_eq!(balance.held, held.get(&asset).copied().unwrap_or_default());
            }
        }
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let how = (any::<bool>(), 0..5_usize, 0..4_usize, any::<bool>());
    proptest::collection::vec((0..9_u8, 0..3_usize, 0..3_usize, how, 0..1_000_i64, 1..60_i64), 60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn money_is_conserved_and_holds_are_what_orders_need(
        all in steps(),
        venue in 0..3_usize,
        coins in prop_oneof![Just(1_i128), Just(100), Just(1_000_000)],
    ) {
        let (name, scale, fee_of) = [
            ("kraken", 10, FeeOf::Quote),
            ("binance", 8, FeeOf::Received),
            ("coinbase", 16, FeeOf::Quote),
        ][venue];
        let mut scene = Scene::new(name, scale, fee_of, coins);
        for step in &all {
            scene.step(step);
        }
        for note in scene.bank.notes() {
            let is_over = matches!(note.what, What::Filled | What::Over(_));
            prop_assert_eq!(is_over, !note.order.is_open(), "{:?}", note);
        }
        // What orders have traded is what their fills come to.
        for member in &scene.bank.members {
            for order in member.open.values().chain(&member.closed) {
                let fills = member.fills.iter().filter(|fill| fill.key == order.key);
                let sums = fills.fold((0, 0, 0, 0), |(lots, cost, fee, count), fill| {
                    (lots + fill.lots, cost + fill.cost, fee + fill.fee, count + 1)
                });
                prop_assert_eq!(sums, (order.done, order.cost, order.fee, order.fills));
            }
        }
    }
}

/// A market order of an account, whole or not: what it says it is at its end.
fn plain(scene: &Scene, side: Side, style: Style, price: i64, size: Size) -> Terms {
    let market = scene.markets[0];
    let is_buy = side == Side::Buy;
    let step = (0, 0, 0, (is_buy, 0, 1, false), 0, 1);
    Terms { side, style, price, size, ..scene.terms(market, &step) }
}

#[test]
fn an_order_is_taken_then_trades_then_is_done() {
    let mut scene = Scene::new("kraken", 10, FeeOf::Quote, 1_000_000);
    let terms = plain(&scene, Side::Buy, Style::Market, 0, Size::Lots(100_000_000));
    let key = scene.with(|bank, floor| bank.place(0, terms, floor)).unwrap();
    let notes = scene.bank.notes();
    assert_eq!(notes.first().map(|note| note.what), Some(What::Taken));
    assert_eq!(notes.last().map(|note| note.what), Some(What::Filled));
    let traded = &notes[1..notes.len() - 1];
    assert!(!traded.is_empty() && traded.iter().all(|n| matches!(n.what, What::Traded(_))));
    let order = scene.bank.order(0, key).unwrap();
    assert_eq!((order.state, order.done), (State::Filled, 100_000_000));
    // The fee of a taker is 0.4 % of what it came to, on top of it.
    let fee: i128 = order.cost * 4 / 1_000;
    assert!((order.fee - fee).abs() <= order.fills.into());
    let usd = Symbol::new(b"USD").unwrap();
    let left = scene.bank.members[0].purse.of(usd).total;
    assert_eq!(left, 1_000_000 * 10_i128.pow(10) - order.cost - order.fee);
}

#[test]
fn who_lacks_a_unit_of_money_is_refused_and_nothing_is_held() {
    let mut scene = Scene::new("kraken", 10, FeeOf::Quote, 1);
    // One dollar, and 0.4 % of it, are wanted for 1 lot at 10^8 dollars.
    let terms = plain(&scene, Side::Buy, Style::Limit, 100_000_000, Size::Lots(10));
    let refused = scene.with(|bank, floor| bank.place(0, terms, floor));
    assert_eq!(refused, Err(Refusal::Funds));
    assert!(scene.bank.notes().is_empty());
    scene.check();
}
