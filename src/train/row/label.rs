//! Labels: what became of a price over a horizon, and the class that this is.
//!
//! In: the mids of a sheet. Out: moves, classes. Never: a move over a break of the book, or one
//! that the recording did not see to its end.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use super::sheet::Mid;

/// How far a label looks ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Horizon {
    /// So long, ns of `recv_ns`.
    Time(i64),
    /// So many views of the instrument.
    Views(u32),
    /// Until the mid has changed so many times.
    Moves(u32),
}

/// Which price is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Moved {
    /// The mid.
    #[default]
    Mid,
    /// The microprice.
    Micro,
}

/// How a move becomes a class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Label {
    /// How far it looks.
    pub horizon: Horizon,
    /// At which price.
    pub price: Moved,
    /// A move of no more than this is flat, basis points.
    pub threshold_bps: f64,
    /// Is flat a class? Else what is flat has none.
    pub has_flat: bool,
}

/// What came after a view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ahead {
    /// Log return of the labelled price, basis points.
    pub move_bps: f64,
    /// Log return of the mid, basis points.
    pub mid_bps: f64,
    /// When it was known.
    pub end_ns: i64,
}

/// A text that is no horizon.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{0}` is no horizon: write 500ms, 2s, 20views or 1moves, each at least 1")]
pub struct HorizonError(String);

impl FromStr for Horizon {
    type Err = HorizonError;

    fn from_str(text: &str) -> Result<Horizon, HorizonError> {
        let refused = || HorizonError(text.to_owned());
        let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(refused)?;
        let (number, unit) = text.split_at(digits);
        let number: u32 = number.parse().ok().filter(|n| *n > 0).ok_or_else(refused)?;
        match unit {
            "ms" => Ok(Horizon::Time(i64::from(number) * 1_000_000)),
            "s" => Ok(Horizon::Time(i64::from(number) * 1_000_000_000)),
            "views" => Ok(Horizon::Views(number)),
            "moves" => Ok(Horizon::Moves(number)),
            _ => Err(refused()),
        }
    }
}

impl fmt::Display for Horizon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Horizon::Time(ns) => write!(f, "{}ms", ns / 1_000_000),
            Horizon::Views(n) => write!(f, "{n}views"),
            Horizon::Moves(n) => write!(f, "{n}moves"),
        }
    }
}

impl Label {
    /// Names of the classes, in order.
    pub fn classes(&self) -> &'static [&'static str] {
        if self.has_flat { &["down", "flat", "up"] } else { &["down", "up"] }
    }

    /// The class of a move.
    pub fn class(&self, move_bps: f64) -> Option<u8> {
        match (move_bps.abs() > self.threshold_bps, self.has_flat) {
            (true, has_flat) => Some(u8::from(move_bps > 0.0) * (1 + u8::from(has_flat))),
            (false, true) => Some(1),
            (false, false) => None,
        }
    }

    /// What came after each view of an instrument.
    pub fn ahead(&self, mids: &[Mid]) -> Vec<Option<Ahead>> {
        let ends = self.ends(mids);
        let of = |(at, end): (usize, Option<usize>)| {
            let (now, then) = (&mids[at], &mids[end?]);
            if now.mid2 <= 0 || then.era != now.era {
                return None;
            }
            let mid_bps = 1e4 * ((then.mid2 - now.mid2) as f64 / now.mid2 as f64).ln_1p();
            let micro = |mid: &Mid| 1e4 * (f64::from(mid.micro_bps) / 1e4).ln_1p();
            let move_bps = match self.price {
                Moved::Mid => mid_bps,
                Moved::Micro => mid_bps + micro(then) - micro(now),
            };
            let end_ns = match self.horizon {
                Horizon::Time(ns) => now.at_ns + ns,
                Horizon::Views(_) | Horizon::Moves(_) => then.at_ns,
            };
            Some(Ahead { move_bps, mid_bps, end_ns })
        };
        ends.into_iter().enumerate().map(of).collect()
    }

    /// The view that each label looks at, where the recording has it.
    fn ends(&self, mids: &[Mid]) -> Vec<Option<usize>> {
        match self.horizon {
            Horizon::Views(n) => (0..mids.len())
                .map(|at| Some(at + n as usize).filter(|e| *e < mids.len()))
                .collect(),
            Horizon::Time(ns) => {
                let mut end = 0;
                let last_ns = mids.last().map_or(i64::MIN, |mid| mid.at_ns);
                let of = |(at, mid): (usize, &Mid)| {
                    let then_ns = mid.at_ns + ns;
                    end = end.max(at);
                    while mids.get(end + 1).is_some_and(|mid| mid.at_ns <= then_ns) {
                        end += 1;
                    }
                    (then_ns <= last_ns).then_some(end)
                };
                mids.iter().enumerate().map(of).collect()
            }
            Horizon::Moves(n) => {
                let next = changes(mids);
                (0..mids.len()).map(|at| (0..n).try_fold(at, |at, _| next[at])).collect()
            }
        }
    }
}

/// The first view after each whose mid is another one.
fn changes(mids: &[Mid]) -> Vec<Option<usize>> {
    let mut next = vec![None; mids.len()];
    for at in (0..mids.len().saturating_sub(1)).rev() {
        let is_same = mids[at].mid2 == mids[at + 1].mid2;
        next[at] = if is_same { next[at + 1] } else { Some(at + 1) };
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mids(prices: &[(i64, i64)]) -> Vec<Mid> {
        let of =
            |(at_ns, mid2): &(i64, i64)| Mid { at_ns: *at_ns, mid2: *mid2, era: 0, micro_bps: 0.0 };
        prices.iter().map(of).collect()
    }

    fn moves(horizon: Horizon, mids: &[Mid]) -> Vec<Option<f64>> {
        let label = Label { horizon, price: Moved::Mid, threshold_bps: 0.0, has_flat: true };
        label.ahead(mids).iter().map(|ahead| ahead.map(|a| a.move_bps)).collect()
    }

    #[test]
    fn each_kind_of_horizon_finds_its_view() {
        let mids = mids(&[(10, 1_000), (12, 1_010), (13, 1_010), (17, 1_000), (18, 1_020)]);
        let ln = |a: f64, b: f64| 1e4 * (b / a).ln();
        let close = |got: Vec<Option<f64>>, expected: [Option<f64>; 5]| {
            for (got, expected) in got.iter().zip(expected) {
                assert_eq!(got.is_some(), expected.is_some());
                assert!((got.unwrap_or(0.0) - expected.unwrap_or(0.0)).abs() < 1e-9);
            }
        };
        let (up, down) = (ln(1_000.0, 1_010.0), ln(1_010.0, 1_000.0));
        let both = ln(1_010.0, 1_020.0);
        let time = moves(Horizon::Time(5), &mids);
        close(time, [Some(up), Some(down), Some(both), None, None]);
        let views = moves(Horizon::Views(2), &mids);
        close(views, [Some(up), Some(down), Some(both), None, None]);
        let one = moves(Horizon::Moves(1), &mids);
        close(one, [Some(up), Some(down), Some(down), Some(ln(1_000.0, 1_020.0)), None]);
        let two = moves(Horizon::Moves(2), &mids);
        close(two, [Some(0.0), Some(both), Some(both), None, None]);
    }

    #[test]
    fn no_label_looks_over_a_break() {
        let mut mids = mids(&[(1, 1_000), (2, 0), (3, 1_010), (4, 1_020)]);
        (mids[1].era, mids[2].era, mids[3].era) = (1, 2, 2);
        for horizon in [Horizon::Time(1), Horizon::Views(1), Horizon::Moves(1)] {
            let moves = moves(horizon, &mids);
            assert!(moves[0].is_none() && moves[1].is_none() && moves[2].is_some(), "{horizon}");
        }
    }

    #[test]
    fn the_microprice_moves_by_itself() {
        let mut mids = mids(&[(1, 1_000), (2, 1_000)]);
        (mids[0].micro_bps, mids[1].micro_bps) = (-1.0, 2.0);
        let horizon = Horizon::Views(1);
        let label = Label { horizon, price: Moved::Micro, threshold_bps: 0.0, has_flat: true };
        let ahead = label.ahead(&mids)[0].unwrap();
        let expected = 1e4 * (1.000_2_f64 / 0.999_9).ln();
        assert!((ahead.move_bps - expected).abs() < 1e-6 && ahead.mid_bps.abs() < 1e-12);
    }

    #[test]
    fn classes_are_in_the_order_of_their_names() {
        let horizon = Horizon::Views(1);
        let three = Label { horizon, price: Moved::Mid, threshold_bps: 0.5, has_flat: true };
        let two = Label { has_flat: false, ..three };
        let names = |label: &Label, bps| label.class(bps).map(|c| label.classes()[usize::from(c)]);
        assert_eq!(
            [-1.0, 0.5, 1.0].map(|bps| names(&three, bps)),
            [Some("down"), Some("flat"), Some("up")]
        );
        assert_eq!([-1.0, 0.5, 1.0].map(|bps| names(&two, bps)), [Some("down"), None, Some("up")]);
    }

    #[test]
    fn horizons_are_read_and_written() {
        for text in ["500ms", "20views", "1moves"] {
            assert_eq!(text.parse::<Horizon>().unwrap().to_string(), text);
        }
        assert_eq!("2s".parse(), Ok(Horizon::Time(2_000_000_000)));
        for text in ["", "5", "0s", "-1s", "1m", "s", "99999999999ms"] {
            assert!(text.parse::<Horizon>().is_err(), "{text}");
        }
    }
}
