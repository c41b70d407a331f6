//! A session's words in every order, through to reports: whatever comes first, what strategies and
//! risk hear adds up to what the venue did.

use super::scene::{child, decide, stage};
use super::*;
use crate::base::{Decimal, Nanos, Symbol};
use crate::event::Report;
use crate::venue::session::Address;
use crate::venue::trade::{
    Asset, Event, Fee, KeyTexts, Kind, Last, Orders, Parcel, Rates, Settings as Trade, Totals,
    Traded, VenueOrder, Word,
};

const NOW: Nanos = Nanos(1_700_000_000_000_000_000);

fn session() -> Orders {
    let address = Address { host: String::new(), port: 443, path: String::new() };
    let symbol = |text: &str| Symbol::new(text.as_bytes()).unwrap();
    let (base, quote) = (crate::base::AssetId(1), crate::base::AssetId(2));
    Orders::new(&Trade {
        account: AccountId(0),
        instruments: vec![Traded {
            symbol: symbol("BTC/USD"),
            id: InstrumentId(0),
            price_decimals: 1,
            qty_decimals: 8,
            base,
            quote,
        }],
        assets: vec![
            Asset { name: symbol("BTC"), id: base, decimals: 8 },
            Asset { name: symbol("USD"), id: quote, decimals: 8 },
        ],
        line: address.clone(),
        rest: address,
        key: KeyTexts::default(),
        answer_ns_max: 1_000,
        silence_ns_max: Nanos::SECOND,
        line_age_ns_max: 0,
        attempts_max: 1,
        dead_man_s: 0,
        is_rehearsal: false,
        rates: Rates::default(),
        since: Nanos::NONE,
        seed: 0,
    })
}

/// Something that reaches the session.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    /// A word with a total of units, or without one.
    Word(Event, Option<i64>),
    /// The answer did not come in time.
    Overdue,
}

fn word(event: Event, total: Option<i64>) -> Word {
    let units = |mantissa, scale| Decimal { mantissa, scale };
    let totals = |qty| Totals { qty: units(qty, 8), amount: Some(units(645_251 * qty, 9)) };
    Word {
        totals: total.map(totals),
        last: total.map(|qty| Last { price: units(645_251, 1), qty: units(qty, 8) }),
        fee: Fee::Unsaid,
        ..Word::of(Some(client_id(7, OrderId(1))), VenueOrder(9), NOW, event)
    }
}

/// Runs steps in an order; all that was reported.
fn run(steps: &[Step], order: &[usize]) -> (Vec<Report>, Dispatch) {
    let (mut stage, mut session) = (stage(), session());
    let child = child(0);
    let seen = decide(&mut stage, child, 1);
    let parcel = Parcel {
        kind: Kind::Place,
        client: seen.sent[0].1,
        order: OrderId(1),
        instrument: InstrumentId(0),
        terms: child.terms,
        bytes: &seen.sent[0].2,
    };
    session.hand_in(&parcel, 1, NOW).unwrap();
    let mut reports: Vec<Report> = Vec::new();
    for at in order {
        let mut replies = Vec::new();
        match steps[*at] {
            Step::Word(event, total) => {
                session.hear(&word(event, total), NOW, &mut replies);
            }
            Step::Overdue => session.poll(Nanos(NOW.0 + 2_000), &mut replies),
        }
        for reply in &replies {
            stage.on(reply, &mut reports);
        }
    }
    (reports, stage)
}

fn permutations(n: usize) -> Vec<Vec<usize>> {
    if n == 0 {
        return vec![vec![]];
    }
    let mut all = Vec::new();
    for shorter in permutations(n - 1) {
        for at in 0..n {
            let mut one = shorter.clone();
            one.insert(at, n - 1);
            all.push(one);
        }
    }
    all
}

#[test]
fn reports_add_up_to_what_the_venue_did_whatever_order_its_words_come_in() {
    use Event::{Alive, Cancelled, Expired, Filled, Pending, Rejected};
    let word = Step::Word;
    // Steps, what is filled in the end, and how the order may stand in the end: where two ends
    // contradict each other, the first one that was heard is the one.
    let lives: [(&[Step], i64, &[OrderState]); 5] = [
        (
            &[
                word(Alive, None),
                word(Alive, Some(50_000)),
                word(Alive, Some(120_000)),
                // Partly filled, it says, and yet that was all.
                word(Alive, Some(150_000)),
                word(Filled, Some(150_000)),
                Step::Overdue,
            ],
            150_000,
            &[OrderState::Filled],
        ),
        (
            &[
                word(Pending, None),
                word(Alive, Some(0)),
                word(Alive, Some(40_000)),
                word(Cancelled, Some(60_000)),
                Step::Overdue,
            ],
            60_000,
            &[OrderState::Cancelled],
        ),
        // A fill that is told after the cancel whose sum does not know of it.
        (
            &[word(Alive, None), word(Cancelled, Some(0)), word(Alive, Some(70_000))],
            70_000,
            &[OrderState::Cancelled],
        ),
        (&[word(Rejected(4), None), Step::Overdue], 0, &[OrderState::Rejected]),
        (
            &[
                word(Alive, Some(10_000)),
                word(Rejected(4), None),
                word(Expired, Some(10_000)),
                word(Cancelled, Some(10_000)),
            ],
            10_000,
            &[OrderState::Cancelled, OrderState::Expired, OrderState::Rejected],
        ),
    ];
    for (steps, filled, ends) in lives {
        for order in permutations(steps.len()) {
            let (reports, stage) = run(steps, &order);
            let sum: i64 = reports.iter().map(|report| report.fill.qty.0).sum();
            let last = reports.last().unwrap();
            assert_eq!((sum, last.filled.0), (filled, filled), "{order:?} of {steps:?}");
            assert!(ends.contains(&last.state), "{:?}: {order:?} of {steps:?}", last.state);
            assert_eq!((stage.open_orders(), stage.counts().excess), (0, 0), "{order:?}");
            let over = reports.iter().position(|report| report.state.is_over()).unwrap();
            assert!(reports[over..].iter().all(|report| report.state.is_over()), "{order:?}");
            // What is over is told once as such; only fills are told after it.
            assert!(reports[over + 1..].iter().all(Report::is_fill), "{order:?} of {steps:?}");
        }
    }
}
