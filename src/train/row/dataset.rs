//! A data set: examples in the order of time, instrument by instrument, with their features.
//!
//! In: a sheet, names of features, a label. Out: examples. Never: a row whose features are not
//! ready.

use thiserror::Error;

use super::label::Label;
use super::sheet::{Mid, Sheet};
use crate::event::{FEATURES, Features, HORIZONS, Now, Over};

/// A moment of an instrument, and what came after.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// When it was.
    pub at_ns: i64,
    /// When its label was known; `at_ns` where there is none.
    pub end_ns: i64,
    /// Rows of one run follow each other without a break.
    pub run: u32,
    /// What came after.
    pub class: Option<u8>,
    /// What the labelled price did, basis points; 0 where it is not known.
    pub move_bps: f32,
    /// What the mid did, basis points; 0 where it is not known.
    pub mid_bps: f32,
    /// Best ask less best bid, basis points.
    pub spread_bps: f32,
    /// Best bid's against best ask's quantity, -1 to 1.
    pub imbalance: f32,
    /// The last change of the mid: up, down, or 0 where there was none.
    pub last: i8,
}

/// Examples and their features.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Features by name, in order.
    pub names: Vec<String>,
    /// Features, `[examples][names]`, as the signals say them.
    pub x: Vec<f32>,
    /// The examples.
    pub examples: Vec<Example>,
}

/// Why there is no data set.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum DatasetError {
    /// A name that no feature has.
    #[error(
        "`{0}` is no feature: write names as `neural-kraken features` writes its columns, such as \
         order_flow_0 or spread, or all"
    )]
    Unknown(String),
    /// No row has all its features ready and a label.
    #[error(
        "none of {rows} rows has its features ready and a label: use a longer recording, or \
         features of shorter horizons"
    )]
    Empty {
        /// Rows that there are.
        rows: usize,
    },
}

/// The places of features by name.
fn places(names: &[String]) -> Result<Vec<usize>, DatasetError> {
    let place = |name: &String| {
        let found = (0..FEATURES).find(|place| Features::name(*place) == *name);
        found.ok_or_else(|| DatasetError::Unknown(name.clone()))
    };
    names.iter().map(place).collect()
}

/// Horizons that must be ready for these places.
fn needed(places: &[usize]) -> u8 {
    let lasting = places.iter().filter(|place| **place < Over::ALL.len() * HORIZONS);
    lasting.fold(0, |mask, place| mask | 1 << (place % HORIZONS))
}

/// The last change of the mid before or at each view.
fn lasts(mids: &[Mid]) -> Vec<i8> {
    let (mut last, mut before) = (0, 0);
    let of = |mid: &Mid| {
        last = match (before > 0 && mid.mid2 > 0, mid.mid2.cmp(&before) as i8) {
            (false, _) => 0,
            (true, 0) => last,
            (true, sign) => sign,
        };
        before = mid.mid2;
        last
    };
    mids.iter().map(of).collect()
}

impl Dataset {
    /// The rows of a sheet that have these features ready, with their labels. A row without a
    /// label is kept: it is part of windows.
    pub fn new(sheet: &Sheet, names: &[String], label: &Label) -> Result<Dataset, DatasetError> {
        let places = places(names)?;
        let needed = needed(&places);
        let mut data = Dataset { names: names.to_vec(), x: Vec::new(), examples: Vec::new() };
        let instruments = sheet.rows.iter().map(|row| row.instrument).max().map_or(0, |n| n + 1);
        let mut run = 0;
        for instrument in 0..instruments {
            let mids = sheet.mids(instrument);
            let (ahead, lasts) = (label.ahead(mids), lasts(mids));
            run += 1;
            let mut era = None;
            for row in sheet.rows.iter().filter(|row| row.instrument == instrument) {
                let mid = mids[row.place];
                let is_ready = mid.mid2 > 0 && row.ready & needed == needed;
                if !is_ready || era != Some(mid.era) {
                    run += 1;
                }
                era = is_ready.then_some(mid.era);
                if !is_ready {
                    continue;
                }
                let after = ahead[row.place];
                let now = |signal| row.values[Features::place_now(signal)];
                data.x.extend(places.iter().map(|place| row.values[*place]));
                data.examples.push(Example {
                    at_ns: row.recv_ns,
                    end_ns: after.map_or(row.recv_ns, |a| a.end_ns),
                    run,
                    class: after.and_then(|a| label.class(a.move_bps)),
                    move_bps: after.map_or(0.0, |a| a.move_bps as f32),
                    mid_bps: after.map_or(0.0, |a| a.mid_bps as f32),
                    spread_bps: now(Now::Spread),
                    imbalance: now(Now::Imbalance1),
                    last: lasts[row.place],
                });
            }
        }
        if data.examples.iter().all(|example| example.class.is_none()) {
            return Err(DatasetError::Empty { rows: sheet.rows.len() });
        }
        Ok(data)
    }

    /// Features of one example.
    pub fn row(&self, at: usize) -> &[f32] {
        let wide = self.names.len();
        &self.x[at * wide..(at + 1) * wide]
    }

    /// Ranges of examples that follow each other without a break.
    pub fn runs(&self) -> Vec<std::ops::Range<usize>> {
        let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
        for (at, example) in self.examples.iter().enumerate() {
            match runs.last_mut() {
                Some(run) if self.examples[run.start].run == example.run => run.end = at + 1,
                _ => runs.push(at..at + 1),
            }
        }
        runs
    }
}

#[cfg(test)]
pub(in crate::train) mod proofs {
    use super::*;
    use crate::base::Nanos;
    use crate::event::{BookState, Level, Seen, View};
    use crate::stage::contract::Emit;
    use crate::train::row::{Horizon, Moved, Thinning};

    /// Examples of one run, a nanosecond apart, whose labels are known ten later.
    pub(in crate::train) fn plain(count: usize, wide: usize) -> Dataset {
        let example = |at: usize| Example {
            at_ns: at as i64,
            end_ns: at as i64 + 10,
            run: 1,
            class: Some((at % 2) as u8),
            move_bps: 1.0,
            mid_bps: 1.0,
            spread_bps: 1.0,
            imbalance: 0.0,
            last: 0,
        };
        Dataset {
            names: (0..wide).map(|n| n.to_string()).collect(),
            x: vec![0.0; count * wide],
            examples: (0..count).map(example).collect(),
        }
    }

    fn sheet(views: &[(i64, i64, BookState, u8)]) -> Sheet {
        let mut sheet = Sheet::new(1, [1; HORIZONS], Thinning { every: 1, pace_ns: 0 });
        for (at_ns, price, state, ready) in views {
            let mut view = View::default();
            view.quote.stamp.recv_ns = Nanos(*at_ns);
            view.quote.state = *state;
            view.quote.bid = Level { price: *price, qty: 1 };
            view.quote.ask = Level { price: *price, qty: 1 };
            let mut features = Features { ready: *ready, ..Features::default() };
            features.values[Features::place(Over::OrderFlow, 1)] = *at_ns as f32;
            sheet.emit(&Seen { view: &view, features: &features });
        }
        sheet
    }

    const LABEL: Label = Label {
        horizon: Horizon::Views(1),
        price: Moved::Mid,
        threshold_bps: 0.0,
        has_flat: false,
    };

    #[test]
    fn rows_that_are_not_ready_are_left_out_and_break_the_run() {
        use BookState::{Broken, Live};
        let views = [
            (1, 100, Live, 1),
            (2, 100, Live, 3),
            (3, 101, Live, 3),
            (4, 100, Broken, 0),
            (5, 100, Live, 3),
            (6, 99, Live, 3),
        ];
        let names = [String::from("order_flow_1"), String::from("spread")];
        let data = Dataset::new(&sheet(&views), &names, &LABEL).unwrap();
        assert_eq!(data.examples.iter().map(|e| e.at_ns).collect::<Vec<_>>(), [2, 3, 5, 6]);
        assert_eq!(data.runs(), [0..2, 2..4]);
        assert_eq!(data.x, [2.0, 0.0, 3.0, 0.0, 5.0, 0.0, 6.0, 0.0]);
        let classes: Vec<_> = data.examples.iter().map(|e| e.class).collect();
        assert_eq!(classes, [Some(1), None, Some(0), None]);
        assert_eq!(data.examples.iter().map(|e| e.last).collect::<Vec<_>>(), [0, 1, 0, -1]);
    }

    #[test]
    fn what_cannot_be_is_named() {
        use BookState::Live;
        let views = [(1, 100, Live, 3), (2, 100, Live, 3)];
        let error =
            |name: &str| Dataset::new(&sheet(&views), &[name.to_owned()], &LABEL).unwrap_err();
        assert_eq!(error("speed"), DatasetError::Unknown(String::from("speed")));
        assert_eq!(error("spread"), DatasetError::Empty { rows: 2 });
    }
}
