//! Money at the paper venue: to the last unit, for random orders against random markets, by the
//! venue's balances, by the ledger, and by plain sums of what the replies say.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::stand::{BTC, INVERSE, LINEAR, SPOT, Stand, USD, client, instruments_in};
use super::{Fees, Settings};
use crate::base::{AccountId, AssetId, InstrumentId, Marks, OrderId, Price, Qty, Side, StrategyId};
use crate::event::{Body, Fill, Happened, OrderState, Reasons, Reply, Report, Stamp, Style, Terms};
use crate::ledger::{self, By, Ledger, Lots};

/// Prices have one decimal, quantities two; dollars have two, coins three.
const DECIMALS: (u8, u8) = (1, 2);
const ASSETS: [u8; 2] = [2, 3];
const START: [(AssetId, i64); 2] = [(USD, 3_000_000), (BTC, 200_000)];

type Step = (u8, i64, i64, bool, u8);

/// A stand, and what was sent from it.
struct Play {
    stand: Stand,
    sent: BTreeMap<u64, (InstrumentId, Terms)>,
    replies: Vec<Reply>,
    kinds: Vec<InstrumentId>,
    centre: i64,
}

impl Play {
    fn new(venue: &'static str, fees: Fees, kinds: &[InstrumentId]) -> Play {
        let settings = Settings {
            fees,
            order_latency_ns: 3,
            report_latency_ns: 2,
            balances: START.to_vec(),
            decimals: ASSETS.to_vec(),
            ..Settings::default()
        };
        let stand = Stand::at(venue, &settings, &instruments_in(venue, DECIMALS));
        let (sent, replies) = (BTreeMap::new(), Vec::new());
        let mut play = Play { stand, sent, replies, kinds: kinds.to_vec(), centre: 1_000 };
        for _ in kinds {
            play.picture(50);
        }
        play
    }

    fn picture(&mut self, qty: i64) {
        let c = self.centre;
        for of in self.kinds.clone() {
            let bids = [(c - 1, qty), (c - 3, qty + 7), (c - 4, 3 * qty)];
            let asks = [(c + 1, qty), (c + 2, qty + 9), (c + 5, 3 * qty)];
            self.stand.snapshot(of, &bids, &asks);
        }
    }

    fn step(&mut self, (kind, a, b, is_buy, style): Step) {
        let of = self.kinds[(a as usize) % self.kinds.len()];
        let side = if is_buy { Side::Buy } else { Side::Sell };
        let (ticks, sign) = (a % 6, if is_buy { -1 } else { 1 });
        let level = [(self.centre + sign * (1 + ticks), b)];
        match kind {
            0 => {
                self.centre += a % 9 - 4;
                self.picture(1 + b);
            }
            1..=3 if is_buy => self.stand.change(of, &level, &[]),
            1..=3 => self.stand.change(of, &[], &level),
            4 | 5 => self.stand.trade(of, side, self.centre + a % 9 - 4, 1 + b),
            6 => self.stand.event(of, Body::Gap, &[]),
            7 => self
                .stand
                .cancel(self.sent.len() as u64 - (a as u64 % 9).min(self.sent.len() as u64)),
            _ => self.place(of, side, Style::ALL[usize::from(style) % 5], a, b),
        }
        self.stand.now += 1 + b % 3;
        self.stand.advance();
        self.replies.append(&mut self.stand.replies);
    }

    fn place(&mut self, of: InstrumentId, side: Side, style: Style, a: i64, b: i64) {
        let n = self.sent.len() as u64 + 1;
        let (price, qty) = (self.centre + a % 13 - 6, 1 + b * 11);
        let terms = Terms { price: Price(price), qty: Qty(qty), side, style };
        self.sent.insert(n, (of, terms));
        self.stand.place_in(of, n, side, style, price, qty);
    }

    fn finish(&mut self) {
        self.stand.now += 1_000;
        self.stand.advance();
        self.replies.append(&mut self.stand.replies);
    }

    /// Fills with what was sent for them, in order.
    fn fills(&self) -> Vec<(u64, InstrumentId, Terms, Fill)> {
        let of = |reply: &Reply| {
            let Happened::Filled(fill) = reply.happened else { return None };
            let n: u64 = reply.client.text()[2..].parse().unwrap();
            let (of, terms) = self.sent[&n];
            Some((n, of, terms, fill))
        };
        self.replies.iter().filter_map(of).collect()
    }

    fn ledger(&self, lots: Lots) -> Ledger {
        let asset = |decimals| ledger::Asset { name: String::new(), decimals };
        let account = ledger::Account { name: "here".to_owned(), balances: START.to_vec() };
        let chains = [Some(vec![]), Some(vec![(USD, Some(SPOT))])];
        let marks = Marks::new(&ASSETS, USD, &chains, &self.stand.instruments);
        let mut ledger = Ledger::new(
            &self.stand.instruments,
            ASSETS.map(asset).to_vec(),
            marks,
            vec!["even".to_owned(), "odd".to_owned()],
            vec![account],
            ledger::Settings { lots },
        );
        for (n, of, terms, fill) in self.fills() {
            ledger.on(&report(n, of, terms, fill));
        }
        for of in [SPOT, LINEAR, INVERSE] {
            ledger.on_quote(of, Price(self.centre), Price(self.centre + 1));
        }
        ledger
    }
}

fn report(n: u64, instrument: InstrumentId, terms: Terms, fill: Fill) -> Report {
    Report {
        stamp: Stamp::default(),
        order: OrderId(n),
        intent: n,
        terms,
        fill,
        filled: fill.qty,
        instrument,
        reasons: Reasons::NONE,
        rejection: 0,
        strategy: StrategyId((n % 2) as u16),
        account: AccountId(0),
        state: OrderState::PartlyFilled,
        is_cancel_refusal: false,
    }
}

fn ceil(over: i128, under: i128) -> i128 {
    -(-over).div_euclid(under)
}

/// What an open order must hold back, by hand.
fn held(terms: &Terms, left: i64, fees: Fees, is_received: bool) -> (AssetId, i128) {
    // A quantity has two decimals and a coin three.
    if terms.side == Side::Sell {
        return (BTC, i128::from(left) * 10);
    }
    // Price and quantity have three decimals together, a dollar two.
    let amount = ceil(i128::from(terms.price.0) * i128::from(left), 10);
    let ppm = i128::from(fees.maker_ppm.max(fees.taker_ppm).max(0));
    (USD, amount + if is_received { 0 } else { ceil(amount * ppm, 1_000_000) })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let kind = prop_oneof![Just(0_u8), 1_u8..4, 4_u8..6, Just(7_u8), 8_u8..12, 8_u8..12, 6_u8..9];
    prop::collection::vec((kind, 0_i64..1_000, 0_i64..60, any::<bool>(), any::<u8>()), 1..150)
}

fn fees() -> impl Strategy<Value = Fees> {
    let ppm = || -500_i64..9_000;
    (ppm(), ppm()).prop_map(|(maker_ppm, taker_ppm)| Fees { maker_ppm, taker_ppm })
}

proptest! {
    #[test]
    fn spot_balances_are_the_sum_of_all_fills(steps in steps(), fees in fees(), at in 0_usize..2) {
        let venue = ["kraken", "binance"][at];
        let mut play = Play::new(venue, fees, &[SPOT]);
        for step in steps {
            play.step(step);
            for asset in [USD, BTC] {
                let (free, reserved) = play.stand.has(asset);
                prop_assert!(free >= 0 && reserved >= 0, "{free} and {reserved} of {asset:?}");
            }
        }
        play.finish();
        let mut sums = START.map(|(_, amount)| i128::from(amount));
        for (_, _, terms, fill) in play.fills() {
            let sign = if terms.side == Side::Buy { 1 } else { -1 };
            sums[0] -= sign * i128::from(fill.amount);
            sums[1] += sign * i128::from(fill.qty.0) * 10;
            sums[fill.fee_asset.index()] -= i128::from(fill.fee);
        }
        let mut reserved = [0, 0];
        for order in play.stand.exchange.open_orders() {
            let n: u64 = order.client.text()[2..].parse().unwrap();
            let (asset, amount) = held(&play.sent[&n].1, order.left.0, fees, at == 1);
            reserved[asset.index()] += amount;
        }
        for asset in [USD, BTC] {
            let at = asset.index();
            prop_assert_eq!(play.stand.has(asset), (sums[at] - reserved[at], reserved[at]));
        }
    }

    #[test]
    fn the_ledger_and_the_venue_agree_to_the_last_unit(
        steps in steps(),
        fees in fees(),
        at in 0_usize..2,
    ) {
        let mut play = Play::new(["kraken", "binance"][at], fees, &[SPOT, LINEAR, INVERSE]);
        for step in steps {
            play.step(step);
        }
        play.finish();
        let [average, fifo] = [Lots::Average, Lots::Fifo].map(|lots| play.ledger(lots));
        for ledger in [&average, &fifo] {
            for asset in [USD, BTC] {
                let (free, reserved) = play.stand.has(asset);
                prop_assert_eq!(ledger.balance(AccountId(0), asset), Some(free + reserved));
            }
            let money = ledger.sheet(By::Whole).money;
            let sum = money.realised.unwrap() + money.unrealised.unwrap() - money.fees.unwrap();
            prop_assert_eq!(Some(sum), money.total);
            let [even, odd] =
                [0, 1].map(|n| ledger.sheet(By::Strategy(StrategyId(n))).money);
            prop_assert_eq!(even.plus(odd), money);
        }
        prop_assert_eq!(average.sheet(By::Whole).money.total, fifo.sheet(By::Whole).money.total);
    }

    #[test]
    fn fills_cost_what_they_are_rounded_against_us(steps in steps(), fees in fees()) {
        // So much money that rounding is never forgiven.
        let mut play = Play::new("kraken", fees, &[SPOT, LINEAR, INVERSE]);
        for step in steps {
            play.step(step);
        }
        play.finish();
        let is_poor = play.stand.has(USD).0 < 1_000;
        for (_, of, terms, fill) in play.fills() {
            let (price, qty) = (i128::from(fill.price.0), i128::from(fill.qty.0));
            let (over, under) = match of {
                SPOT => (price * qty, 10),
                LINEAR => (3 * price * qty, 10),
                // 100 dollars a contract, by the price in tenths, in thousandths of a coin.
                _ => (100 * qty * 100, price),
            };
            let is_paid = (terms.side == Side::Buy) != (of == INVERSE);
            let amount =
                if is_paid { ceil(over, under) } else { over.div_euclid(under) };
            let is_exact = i128::from(fill.amount) == amount;
            prop_assert!(is_exact || is_poor, "{fill:?} for {amount}");
            let ppm = match fill.liquidity {
                crate::event::Liquidity::Maker => fees.maker_ppm,
                crate::event::Liquidity::Taker => fees.taker_ppm,
            };
            let fee = ceil(amount * i128::from(ppm), 1_000_000);
            prop_assert!(i128::from(fill.fee) == fee || is_poor, "{fill:?} for {fee}");
            let is_worse = match terms.side {
                Side::Buy => fill.price > terms.price,
                Side::Sell => fill.price < terms.price,
            };
            prop_assert!(!is_worse || terms.style == Style::Market, "{terms:?} at {fill:?}");
        }
    }

    #[test]
    fn every_order_has_one_beginning_and_at_most_one_end(steps in steps()) {
        let mut play = Play::new("kraken", Fees::default(), &[SPOT, LINEAR]);
        for step in steps {
            play.step(step);
        }
        play.finish();
        let is_in_order = play.replies.is_sorted_by_key(|reply| reply.recv_ns);
        prop_assert!(is_in_order);
        for (n, (_, terms)) in &play.sent {
            let own: Vec<Happened> = play.replies.iter()
                .filter(|reply| reply.client == client(*n))
                .map(|reply| reply.happened)
                .filter(|happened| !matches!(happened, Happened::CancelRejected(_)))
                .collect();
            let filled = own.iter().map(|happened| match happened {
                Happened::Filled(fill) => fill.qty.0,
                _ => 0,
            });
            let filled: i64 = filled.sum();
            prop_assert!(filled <= terms.qty.0);
            let is_open =
                play.stand.exchange.open_orders().any(|order| order.client == client(*n));
            match own[0] {
                Happened::Rejected(_) => prop_assert_eq!(own.len(), 1),
                Happened::Accepted => {
                    let ends = own.iter()
                        .filter(|h| matches!(h, Happened::Cancelled | Happened::Expired))
                        .count();
                    let is_full = filled == terms.qty.0;
                    let last = own[own.len() - 1];
                    prop_assert_eq!(usize::from(is_full) + usize::from(is_open) + ends, 1);
                    prop_assert!(ends == 0
                        || matches!(last, Happened::Cancelled | Happened::Expired));
                    prop_assert!(terms.style != Style::FillOrKill || filled == 0 || is_full);
                }
                other => prop_assert!(false, "began with {other:?}"),
            }
        }
    }
}
