//! Scenes at the desk: decisions in, requests and reports out, replies in, reports out.

use super::*;
use crate::base::{Decimal, Instrument, Nanos, Price, Side, StrategyId, Symbol};
use crate::event::{ClientId, Reason, Stamp, Style, Terms};
use crate::venue::{self, Request};
use proptest::prelude::*;

/// What came out, in words of its own: nothing borrowed.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) sent: Vec<(OrderId, ClientId, Vec<u8>)>,
    reports: Vec<Report>,
}

impl Emit<Outcome<'_>> for Seen {
    fn emit(&mut self, outcome: &Outcome<'_>) {
        match outcome {
            Outcome::Sent(sent) => {
                self.sent.push((sent.order.id(), sent.client, sent.bytes.to_vec()));
            }
            Outcome::Report(report) => self.reports.push(**report),
        }
    }
}

const VENUES: [(&str, &str); 4] =
    [("kraken", "BTC/USD"), ("binance", "BTCUSDT"), ("coinbase", "BTC-USD"), ("nasdaq", "GOOG")];

/// An account at each venue, one instrument each, under the same number.
pub(super) fn stage() -> Dispatch {
    let mut instruments = Instruments::default();
    let mut accounts = Vec::new();
    for (name, symbol) in VENUES {
        let dialect = venue::dialect(name).unwrap();
        accounts.push(dialect);
        let symbol = Symbol::new(symbol.as_bytes()).unwrap();
        instruments.add(Instrument::plain(dialect.name, symbol, 1, 8)).unwrap();
    }
    Dispatch::new(&instruments, &Settings { epoch: 7, accounts })
}

pub(super) fn child(account: u16) -> Child {
    Child {
        stamp: Stamp { frame: 3, recv_ns: Nanos(1_700_000_000_000_000_000), ..Stamp::default() },
        intent: 40,
        cancels: OrderId::NONE,
        terms: Terms {
            price: Price(645_251),
            qty: Qty(150_000),
            side: Side::Buy,
            style: Style::Limit,
        },
        instrument: InstrumentId(u32::from(account)),
        strategy: StrategyId(1),
        account: AccountId(account),
        action: Action::Place,
        is_ready: true,
        is_reducing: false,
    }
}

pub(super) fn decide(stage: &mut Dispatch, child: Child, id: u64) -> Seen {
    let order = Order::approved(child, OrderId(id));
    let mut seen = Seen::default();
    stage.on(&Decision::Order(&order), &mut seen);
    seen
}

fn cancel(stage: &mut Dispatch, account: u16, order: u64, id: u64) -> Seen {
    let mut child = child(account);
    (child.action, child.cancels, child.intent) = (Action::Cancel, OrderId(order), 41);
    decide(stage, child, id)
}

fn reply(account: u16, order: u64, happened: Happened) -> Reply {
    Reply {
        recv_ns: Nanos(1_700_000_000_005_000_000),
        venue_ns: Nanos(1),
        account: AccountId(account),
        client: client_id(7, OrderId(order)),
        venue_order: 0,
        happened,
    }
}

fn hear(stage: &mut Dispatch, order: u64, happened: Happened) -> Vec<Report> {
    let mut reports = Vec::new();
    stage.on(&reply(0, order, happened), &mut reports);
    reports
}

fn fill(qty: i64) -> Happened {
    Happened::Filled(Fill { price: Price(645_251), qty: Qty(qty), ..Fill::default() })
}

fn amended(price: i64, qty: i64) -> Happened {
    Happened::Amended { price: Price(price), qty: Qty(qty) }
}

#[test]
fn an_approved_order_goes_out_as_its_venue_reads_it() {
    for (account, (name, symbol)) in VENUES.iter().enumerate().take(3) {
        let mut stage = stage();
        let seen = decide(&mut stage, child(account as u16), 9);
        let [(id, client, bytes)] = &seen.sent[..] else { panic!("one request") };
        assert_eq!((*id, *client), (OrderId(9), client_id(7, OrderId(9))));
        let expected = Request::Place {
            client: *client,
            symbol: Symbol::new(symbol.as_bytes()).unwrap(),
            side: Side::Buy,
            style: Style::Limit,
            price: Some(Decimal { mantissa: 645_251, scale: 1 }),
            qty: Decimal { mantissa: 150_000, scale: 8 },
        };
        let desk = venue::dialect(name).unwrap().desk.unwrap();
        assert_eq!(desk.decode(bytes), Ok(expected));
        assert!(seen.reports.is_empty() && stage.open_orders() == 1);
    }
}

#[test]
fn a_cancel_names_the_order_and_is_not_an_order_itself() {
    for (account, (name, _)) in VENUES.iter().enumerate().take(3) {
        let mut stage = stage();
        decide(&mut stage, child(account as u16), 9);
        let seen = cancel(&mut stage, account as u16, 9, 10);
        let [(id, client, bytes)] = &seen.sent[..] else { panic!("one request") };
        assert_eq!((*id, *client), (OrderId(10), client_id(7, OrderId(9))));
        let desk = venue::dialect(name).unwrap().desk.unwrap();
        assert_eq!(desk.decode(bytes), Ok(Request::Cancel { client: *client }));
        assert_eq!((stage.open_orders(), stage.counts().cancels_sent), (1, 1));
    }
}

#[test]
fn a_denial_comes_back_with_every_reason() {
    let mut stage = stage();
    let reasons = Reasons::NONE.with(Reason::Tick, true).with(Reason::Halted, true);
    let denial = Denial { child: child(0), id: OrderId(5), reasons };
    let mut seen = Seen::default();
    stage.on(&Decision::Denied(&denial), &mut seen);
    let [report] = &seen.reports[..] else { panic!("one report") };
    assert_eq!((report.state, report.reasons), (OrderState::Denied, reasons));
    assert_eq!((report.order, report.intent), (OrderId(5), 40));
    assert_eq!((seen.sent.len(), stage.counts().denied), (0, 1));
}

#[test]
fn an_order_without_a_desk_is_rejected_without_reasons() {
    // Recordings only; another venue's instrument; no such account; no such instrument.
    let (mut other, mut nobody, mut nothing) = (child(0), child(0), child(0));
    other.instrument = InstrumentId(1);
    nobody.account = AccountId::NONE;
    nothing.instrument = InstrumentId::NONE;
    for child in [child(3), other, nobody, nothing] {
        let mut stage = stage();
        let seen = decide(&mut stage, child, 1);
        let [report] = &seen.reports[..] else { panic!("one report") };
        assert_eq!(report.state, OrderState::Rejected);
        assert_eq!((report.rejection, report.reasons), (Unsent::NoDesk as u32, Reasons::NONE));
        assert_eq!((stage.counts().unsent, stage.open_orders()), (1, 0));
    }
}

#[test]
fn a_full_table_sends_nothing_until_an_order_is_over() {
    let mut stage = stage();
    let max = limits::OPEN_ORDERS_MAX as u64;
    for id in 1..=max {
        assert_eq!(decide(&mut stage, child(0), id).sent.len(), 1);
    }
    let seen = decide(&mut stage, child(0), max + 1);
    assert!(seen.sent.is_empty());
    assert_eq!(seen.reports[0].rejection, Unsent::Full as u32);
    assert_eq!(seen.reports[0].state, OrderState::Rejected);
    hear(&mut stage, 17, Happened::Cancelled);
    assert_eq!(decide(&mut stage, child(0), max + 2).sent.len(), 1);
}

#[test]
fn only_an_order_that_may_still_trade_is_cancelled() {
    let mut stage = stage();
    decide(&mut stage, child(0), 1);
    hear(&mut stage, 1, Happened::Expired);
    for order in [1, 99] {
        let seen = cancel(&mut stage, 0, order, 2);
        let [report] = &seen.reports[..] else { panic!("one report") };
        assert!(seen.sent.is_empty() && report.is_cancel_refusal);
        assert_eq!((report.rejection, report.intent), (Unsent::NotOpen as u32, 41));
    }
}

/// The table of the module's description.
#[test]
fn every_word_does_to_every_state_what_the_table_says() {
    use Happened::{
        Accepted, AmendRejected, CancelRejected, Cancelled, Expired, Rejected, Unknown,
    };
    use OrderState as S;
    let live = [S::Sent, S::Unknown, S::Open, S::PartlyFilled];
    let over = [S::Filled, S::Cancelled, S::Rejected, S::Expired];
    for state in live.into_iter().chain(over) {
        let is_over = state.is_over();
        let is_new = matches!(state, S::Sent | S::Unknown);
        let or = |is_stale: bool, to: S| {
            if is_stale { (state, Turn::Stale) } else { (to, Turn::News) }
        };
        let counts = |to: S| (if is_over { state } else { to }, Turn::News);
        let rows = [
            (Accepted, or(!is_new, S::Open)),
            (fill(1), counts(S::PartlyFilled)),
            (fill(50_000), counts(S::Filled)),
            (fill(50_001), (state, Turn::Excess)),
            (fill(0), (state, Turn::Excess)),
            (Cancelled, or(is_over, S::Cancelled)),
            (Expired, or(is_over, S::Expired)),
            // Something is filled already.
            (Rejected(4), or(is_over, S::Cancelled)),
            (Unknown, or(state != S::Sent, S::Unknown)),
            (amended(645_251, 150_000), (state, Turn::Stale)),
            (amended(645_252, 120_000), or(is_over, S::PartlyFilled)),
            (amended(645_252, 100_000), or(is_over, S::Filled)),
            // Below what is filled, so it ends there.
            (amended(645_252, 50_000), or(is_over, S::Filled)),
            (AmendRejected(4), (state, Turn::Stale)),
            (CancelRejected(4), (state, Turn::CancelRefused)),
        ];
        for (happened, expected) in rows {
            let child = child(0);
            let mut entry = Entry {
                stamp: child.stamp,
                order: OrderId(1),
                intent: 1,
                terms: child.terms,
                filled: Qty(100_000),
                instrument: child.instrument,
                strategy: child.strategy,
                account: child.account,
                state,
            };
            let turn = life::turn(&mut entry, &happened);
            assert_eq!((entry.state, turn), expected, "{state:?} {happened:?}");
        }
    }
}

#[test]
fn a_fill_after_a_cancel_counts_and_is_reported() {
    let mut stage = stage();
    decide(&mut stage, child(0), 1);
    hear(&mut stage, 1, fill(10));
    hear(&mut stage, 1, Happened::Cancelled);
    let reports = hear(&mut stage, 1, fill(20));
    let [report] = &reports[..] else { panic!("one report") };
    assert_eq!((report.state, report.filled), (OrderState::Cancelled, Qty(30)));
    assert_eq!((report.fill.qty, report.is_fill()), (Qty(20), true));
    assert_eq!(stage.open_orders(), 0);
}

#[test]
fn an_end_that_is_told_twice_is_counted_and_dropped() {
    let mut stage = stage();
    decide(&mut stage, child(0), 1);
    assert_eq!(hear(&mut stage, 1, Happened::Cancelled).len(), 1);
    assert!(hear(&mut stage, 1, Happened::Cancelled).is_empty());
    assert!(hear(&mut stage, 1, Happened::Accepted).is_empty());
    assert_eq!((stage.counts().stale, stage.open_orders()), (2, 0));
}

#[test]
fn a_report_has_its_orders_stamp_and_its_replys_time() {
    let mut stage = stage();
    decide(&mut stage, child(0), 1);
    let report = hear(&mut stage, 1, Happened::Rejected(12))[0];
    assert_eq!((report.stamp.frame, report.rejection), (3, 12));
    assert_eq!(report.stamp.recv_ns, Nanos(1_700_000_000_005_000_000));
    assert_eq!((report.intent, report.terms), (40, child(0).terms));
}

#[test]
fn what_follows_from_a_reply_is_not_timed_from_the_frame_that_its_order_answered() {
    let mut stage = stage();
    let mut timed = child(0);
    timed.stamp.arrived_tsc = 99;
    decide(&mut stage, timed, 1);
    assert_eq!(hear(&mut stage, 1, Happened::Accepted)[0].stamp.arrived_tsc, 0);
}

#[test]
fn a_refused_cancel_is_reported_and_its_order_goes_on() {
    let mut stage = stage();
    decide(&mut stage, child(0), 1);
    hear(&mut stage, 1, Happened::Accepted);
    let report = hear(&mut stage, 1, Happened::CancelRejected(3))[0];
    assert!(report.is_cancel_refusal && report.state == OrderState::Open);
    assert_eq!((report.rejection, stage.open_orders()), (3, 1));
}

#[test]
fn a_reply_about_nothing_of_ours_is_kept_and_never_acted_on() {
    let mut stage = stage();
    decide(&mut stage, child(0), 1);
    let mut other_session = reply(0, 1, Happened::Cancelled);
    other_session.client = client_id(6, OrderId(1));
    let mut by_hand = reply(0, 1, Happened::Cancelled);
    by_hand.client = ClientId(*b"by-hand-0000000001");
    let other_account = reply(1, 1, Happened::Cancelled);
    let never_sent = reply(0, 2, fill(1));
    for reply in [other_session, by_hand, other_account, never_sent] {
        let mut reports: Vec<Report> = Vec::new();
        stage.on(&reply, &mut reports);
        assert!(reports.is_empty());
    }
    assert_eq!((stage.counts().unknown, stage.strays().len(), stage.open_orders()), (4, 4, 1));
}

#[test]
fn only_the_last_strays_are_kept() {
    let mut stage = stage();
    let kept = limits::STRAY_REPLIES_KEPT as u64;
    for order in 0..2 * kept {
        hear(&mut stage, order, Happened::Accepted);
    }
    let oldest = stage.strays().iter().map(|reply| reply.client.0).min().unwrap();
    assert_eq!((stage.strays().len() as u64, oldest), (kept, client_id(7, OrderId(kept)).0));
}

fn happened() -> impl Strategy<Value = Happened> {
    prop_oneof![
        Just(Happened::Accepted),
        (0_i64..90_000).prop_map(fill),
        Just(Happened::Cancelled),
        Just(Happened::Expired),
        (0_u32..9).prop_map(Happened::Rejected),
        (0_u32..9).prop_map(Happened::CancelRejected),
        Just(Happened::Unknown),
        (0_i64..2, 0_i64..200_000).prop_map(|(price, qty)| amended(645_251 + price, qty)),
        (0_u32..9).prop_map(Happened::AmendRejected),
    ]
}

proptest! {
    /// Whatever venues say in whatever order: money is neither lost nor made, and ends are ends.
    #[test]
    fn reports_add_up_whatever_is_said(
        words in prop::collection::vec((1_u64..6, happened()), 0..80),
    ) {
        let mut stage = stage();
        for id in 1..=4 {
            decide(&mut stage, child(0), id);
        }
        let mut filled = [0; 6];
        let mut is_over = [false; 6];
        let mut told = 0;
        for (order, happened) in words {
            for report in hear(&mut stage, order, happened) {
                let at = report.order.0 as usize;
                told += 1;
                filled[at] += report.fill.qty.0;
                prop_assert_eq!(report.filled.0, filled[at]);
                prop_assert!(report.left() >= 0);
                prop_assert!(!is_over[at] || report.state.is_over());
                is_over[at] = report.state.is_over();
            }
        }
        let counts = stage.counts();
        prop_assert_eq!(stage.open_orders(), (1..=4).filter(|n| !is_over[*n]).count());
        let heard = counts.accepted + counts.filled + counts.cancelled + counts.expired
            + counts.rejected + counts.cancels_rejected + counts.unanswered + counts.amended;
        prop_assert_eq!(heard, told + counts.stale + counts.excess + counts.unknown);
    }
}
