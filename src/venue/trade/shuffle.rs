//! Words in every order: whatever comes first, twice or not at all, money is neither lost nor made.

use super::contract::{Kind, Network};
use super::entry::{Heard, Stage};
use super::orders::Orders;
use super::out::VenueOrder;
use super::stand::{START, fit, name, parcel};
use super::word::{Event, Fee, Last, Totals, Word};
use crate::base::{Decimal, Nanos, Symbol};
use crate::event::{ClientId, Happened, Reply};
use crate::venue::kraken;

fn orders() -> Orders {
    let settings = (kraken::TRADE.settings)(Network::Live).unwrap();
    Orders::new(&fit(settings, "BTC/USD", ["BTC", "USD"]))
}

fn units(mantissa: i64, scale: u8) -> Decimal {
    Decimal { mantissa, scale }
}

const ID: VenueOrder = VenueOrder(99);

fn word(event: Event) -> Word {
    Word::of(Some(name(1)), ID, START, event)
}

/// A fill that brings the total to `total` units of 10^-8, at 64525.1 each.
fn fill(last: i64, total: i64) -> Word {
    Word {
        totals: Some(Totals { qty: units(total, 8), amount: Some(units(645_251 * total, 9)) }),
        last: Some(Last { price: units(645_251, 1), qty: units(last, 8) }),
        fee: Fee::Of { amount: units(last, 8), asset: Symbol::new(b"USD").unwrap() },
        // As many venues do, it names the order by its own id alone.
        client: None,
        ..word(Event::Alive)
    }
}

/// An end that sums up.
fn end(event: Event, total: i64) -> Word {
    Word { last: None, fee: Fee::Unsaid, client: Some(name(1)), event, ..fill(0, total) }
}

/// All orders of `0..n`.
fn permutations(n: usize) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = vec![vec![]];
    for _ in 0..n {
        let longer = |one: &Vec<usize>| -> Vec<Vec<usize>> {
            let others = (0..n).filter(|k| !one.contains(k));
            others.map(|k| [&one[..], &[k]].concat()).collect()
        };
        all = all.iter().flat_map(longer).collect();
    }
    all
}

/// What is true of an order after all words, by arithmetic on the words alone: the highest total,
/// and whether anything ended it.
fn oracle(words: &[Word]) -> (i64, bool) {
    let totals = words.iter().filter_map(|word| word.totals);
    let filled = totals.map(|totals| totals.qty.mantissa).max().unwrap_or(0);
    let ends =
        |word: &Word| matches!(word.event, Event::Cancelled | Event::Expired | Event::Rejected(_));
    (filled, words.iter().any(ends) || filled == 150_000)
}

/// Hears words in an order, and checks what was said of them.
fn check(words: &[Word], order: &[usize]) {
    let mut orders = orders();
    orders.hand_in(&parcel(Kind::Place, 1), 1, START).unwrap();
    // The venue's id is known: a fill that names nothing else is not a stray.
    orders.link(0, ID);
    let mut said: Vec<Reply> = Vec::new();
    for (n, at) in order.iter().enumerate() {
        let heard = orders.hear(&words[*at], Nanos(START.0 + n as i64), &mut said);
        assert!(matches!(heard, Heard::News(0) | Heard::Stale(0)), "{heard:?}");
    }
    let (expected, is_over) = oracle(words);
    let (mut filled, mut amount, mut ends, mut accepted) = (0, 0, 0, 0);
    for reply in &said {
        match reply.happened {
            Happened::Filled(fill) => {
                assert!(fill.qty.0 > 0 && fill.amount > 0);
                filled += fill.qty.0;
                amount += fill.amount;
                assert_eq!(fill.price.0, 645_251, "{order:?}");
            }
            Happened::Accepted => accepted += 1,
            Happened::Cancelled | Happened::Expired | Happened::Rejected(_) => ends += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(filled, expected, "{order:?}");
    // 64525.1 times the quantity, in units of 10^-8, to the nearest.
    let exact = (i128::from(645_251 * expected) + 5) / 10;
    assert_eq!(i128::from(amount), exact, "{order:?}");
    assert!(ends <= 1 && accepted <= 1, "{order:?}: {said:?}");
    assert_eq!(orders.entry(0).stage == Stage::Over, is_over, "{order:?}");
    assert_eq!(orders.entry(0).filled, expected);
}

#[test]
fn whatever_order_words_come_in_the_sums_are_those_of_the_words() {
    let lives = [
        // Acknowledged twice (answer and stream), filled in parts, the last one completes it, and
        // the venue says so once more.
        vec![
            word(Event::Alive),
            word(Event::Alive),
            fill(50_000, 50_000),
            fill(70_000, 120_000),
            fill(30_000, 150_000),
            end(Event::Filled, 150_000),
        ],
        // Cancelled with a fill that came in between.
        vec![
            word(Event::Pending),
            word(Event::Alive),
            fill(40_000, 40_000),
            fill(10_000, 50_000),
            end(Event::Cancelled, 50_000),
        ],
        // Sums alone, as of Coinbase.
        vec![
            end(Event::Alive, 0),
            end(Event::Alive, 30_000),
            end(Event::Alive, 31_000),
            end(Event::Alive, 99_000),
            end(Event::Expired, 100_000),
        ],
        // Contradictory: refused, though it is there; ended twice in different ways.
        vec![
            word(Event::Alive),
            fill(20_000, 20_000),
            word(Event::Rejected(9)),
            end(Event::Cancelled, 20_000),
            word(Event::Expired),
        ],
    ];
    for words in &lives {
        for order in permutations(words.len()) {
            check(words, &order);
            // Each word lost in turn, and each told twice.
            check_lost(words, &order);
            let twice: Vec<usize> = order.iter().flat_map(|n| [*n, *n]).collect();
            check(words, &twice);
        }
    }
}

/// The same where the last word of the order never comes.
fn check_lost(words: &[Word], order: &[usize]) {
    let kept: Vec<Word> = order[..order.len() - 1].iter().map(|n| words[*n]).collect();
    let order: Vec<usize> = (0..kept.len()).collect();
    check(&kept, &order);
}

#[test]
fn no_answer_in_time_is_unknown_and_asked_for_until_the_venue_says() {
    let mut orders = orders();
    let mut said = Vec::new();
    orders.hand_in(&parcel(Kind::Place, 1), 1, START).unwrap();
    let later = |seconds: i64| Nanos(START.0 + seconds * Nanos::SECOND);
    orders.poll(later(1), &mut said);
    assert!(said.is_empty() && orders.next_question(later(1)).is_none());
    orders.poll(later(30), &mut said);
    assert_eq!(said.pop().map(|reply| reply.happened), Some(Happened::Unknown));
    assert_eq!(orders.next_question(later(30)), Some(0));
    assert_eq!(orders.next_question(later(30)), None);
    // It may still arrive: asked again, later.
    orders.absent(0, 40 * Nanos::SECOND, later(30), &mut said);
    assert!(said.is_empty());
    assert_eq!(orders.next_question(later(31)), Some(0));
    orders.absent(0, 40 * Nanos::SECOND, later(41), &mut said);
    let expected = Happened::Rejected(super::cause::NEVER_ARRIVED);
    assert_eq!(said.pop().map(|reply| reply.happened), Some(expected));
    assert_eq!(orders.next_question(later(90)), None);
}

#[test]
fn an_order_that_the_venue_had_once_is_never_taken_for_one_that_never_arrived() {
    let mut orders = orders();
    let mut said = Vec::new();
    orders.hand_in(&parcel(Kind::Place, 1), 1, START).unwrap();
    orders.hear(&word(Event::Alive), START, &mut said);
    said.clear();
    let much_later = Nanos(START.0 + 1_000 * Nanos::SECOND);
    orders.absent(0, Nanos::SECOND, much_later, &mut said);
    assert!(said.is_empty() && orders.entry(0).stage == Stage::Alive);
}

#[test]
fn what_is_missing_in_a_listing_is_asked_for_and_what_is_in_it_is_not() {
    let mut orders = orders();
    let mut said = Vec::new();
    for order in 1..=3 {
        orders.hand_in(&parcel(Kind::Place, order), u128::from(order), START).unwrap();
    }
    let began = Nanos(START.0 + 1);
    orders.begin_listing();
    let second = Word { client: Some(name(2)), ..Word::of(None, ID, START, Event::Alive) };
    orders.hear(&second, began, &mut said);
    // Handed in after the venue was asked: it may be missing for that.
    orders.hand_in(&parcel(Kind::Place, 4), 4, Nanos(began.0 + 1)).unwrap();
    orders.end_listing(began, Nanos(began.0 + 2));
    let mut asked = Vec::new();
    while let Some(place) = orders.next_question(Nanos(began.0 + 2)) {
        asked.push(orders.entry(place).client);
    }
    assert_eq!(asked, [name(1), name(3)]);
}

#[test]
fn a_refusal_of_an_order_that_is_there_is_asked_about_and_not_believed() {
    let mut orders = orders();
    let mut said = Vec::new();
    orders.hand_in(&parcel(Kind::Place, 1), 1, START).unwrap();
    orders.hear(&word(Event::Alive), START, &mut said);
    said.clear();
    let pending = orders.answered(1).unwrap();
    orders.refused(pending, 9, START, &mut said);
    assert!(said.is_empty());
    assert_eq!(orders.next_question(START), Some(0));
}

#[test]
fn words_about_others_and_numbers_that_cannot_be_change_nothing() {
    let mut orders = orders();
    let mut said = Vec::new();
    orders.hand_in(&parcel(Kind::Place, 1), 1, START).unwrap();
    let other =
        Word::of(Some(ClientId(*b"by-hand-0000000001")), VenueOrder(5), START, Event::Filled);
    assert_eq!(orders.hear(&other, START, &mut said), Heard::Stray);
    let mut fine = fill(1, 1);
    fine.client = Some(name(1));
    for qty in [units(15, 9), units(-5, 8)] {
        fine.totals = Some(Totals { qty, amount: None });
        assert_eq!(orders.hear(&fine, START, &mut said), Heard::Nonsense(0));
    }
    assert!(said.is_empty() && orders.entry(0).filled == 0);
    // It is in doubt now: another account of it is asked.
    assert_eq!(orders.next_question(START), Some(0));
}
