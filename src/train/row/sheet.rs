//! The rows of recordings: one for each view, as the signal stage that trades sees it, with what
//! the mid did afterwards, and how they are written as text.
//!
//! In: views. Out: rows, mids. Never: a signal of its own.

use std::io::{self, Write};

use crate::base::{Instruments, render};
use crate::event::{BookState, FEATURES, Features, HORIZONS, Level, Now, Seen, View};
use crate::stage::contract::{Emit, On};
use crate::stage::signal::Signals;

/// A view and its features.
#[derive(Clone, Debug)]
pub struct Row {
    /// The frame that caused it.
    pub frame: u64,
    /// When it came.
    pub recv_ns: i64,
    /// The instrument's id.
    pub instrument: u32,
    /// How far the book can be trusted.
    pub state: BookState,
    /// Best bid.
    pub bid: Level,
    /// Best ask.
    pub ask: Level,
    /// Decimals of prices and of quantities.
    pub decimals: (u8, u8),
    /// What the signals say.
    pub values: [f32; FEATURES],
    /// Bit `h` is set once horizon `h` can be trusted.
    pub ready: u8,
    /// Its place among all views of its instrument.
    pub place: usize,
}

/// The mid of one view.
#[derive(Clone, Copy, Debug)]
pub struct Mid {
    /// When it was seen, `recv_ns`.
    pub at_ns: i64,
    /// Bid and ask together, or 0 where there is none of the two.
    pub mid2: i64,
    /// Counts up where the mids before and after do not belong together.
    pub era: u32,
    /// Microprice less mid, basis points of the mid.
    pub micro_bps: f32,
}

/// Which views become rows; all of them count for what came after.
#[derive(Clone, Copy, Debug)]
pub struct Thinning {
    /// One view in this many, of each instrument.
    pub every: u64,
    /// At most one row in this time, of each instrument.
    pub pace_ns: i64,
}

/// Rows of a recording, in its order.
#[derive(Debug)]
pub struct Sheet {
    /// The rows.
    pub rows: Vec<Row>,
    horizons_ns: [i64; HORIZONS],
    mids: Vec<Vec<Mid>>,
    thinning: Thinning,
    /// When each instrument had its last row.
    kept_ns: Vec<i64>,
    end_ns: i64,
}

/// The signal stage behind the books, and the sheet behind it.
pub struct Desk<'a> {
    /// The stage.
    pub signals: Signals,
    /// What it says.
    pub sheet: Sheet,
    /// Told the frame of each view.
    pub progress: &'a mut dyn FnMut(u64),
}

impl Emit<View> for Desk<'_> {
    fn emit(&mut self, message: &View) {
        (self.progress)(message.quote.stamp.frame);
        self.signals.on(message, &mut self.sheet);
    }
}

impl Emit<Seen<'_>> for Sheet {
    fn emit(&mut self, message: &Seen<'_>) {
        let quote = &message.view.quote;
        let (index, at_ns) = (quote.instrument().index(), quote.stamp.recv_ns.0);
        self.end_ns = self.end_ns.max(at_ns);
        let Some(mids) = self.mids.get_mut(index) else { return };
        let place = mids.len();
        let has_mid = quote.state == BookState::Live && quote.bid.qty > 0 && quote.ask.qty > 0;
        let mid2 = if has_mid { quote.bid.price.saturating_add(quote.ask.price) } else { 0 };
        let decimals = (quote.price_decimals, quote.qty_decimals);
        // A memory that began anew has nothing ready: the signals and the labels agree on breaks.
        let era = mids.last().map_or(0, |last| last.era + u32::from(mid2 == 0 || last.mid2 == 0));
        let micro_bps = message.features.now(Now::Micro);
        mids.push(Mid { at_ns, mid2, era, micro_bps });
        let is_paced = at_ns >= self.kept_ns[index].saturating_add(self.thinning.pace_ns);
        if !(place as u64).is_multiple_of(self.thinning.every) || !is_paced {
            return;
        }
        self.kept_ns[index] = at_ns;
        self.rows.push(Row {
            frame: quote.stamp.frame,
            recv_ns: at_ns,
            instrument: quote.instrument,
            state: quote.state,
            bid: quote.bid,
            ask: quote.ask,
            decimals,
            values: message.features.values,
            ready: message.features.ready,
            place,
        });
    }
}

impl Sheet {
    /// No rows yet, of so many instruments.
    pub fn new(instruments: usize, horizons_ns: [i64; HORIZONS], thinning: Thinning) -> Self {
        Sheet {
            rows: Vec::new(),
            horizons_ns,
            mids: vec![Vec::new(); instruments],
            thinning,
            kept_ns: vec![i64::MIN; instruments],
            end_ns: 0,
        }
    }

    /// Every view of an instrument, in order.
    pub fn mids(&self, instrument: u32) -> &[Mid] {
        self.mids.get(instrument as usize).map_or(&[], Vec::as_slice)
    }

    /// Names of the columns, in their order.
    pub fn columns() -> Vec<String> {
        let mut names: Vec<String> =
            ["frame", "recv_ns", "venue", "symbol", "state", "bid", "ask", "bid_qty", "ask_qty"]
                .map(String::from)
                .into();
        names.extend((0..FEATURES).map(Features::name));
        names.push(String::from("ready"));
        names.extend((0..HORIZONS).map(|h| format!("ahead_{h}")));
        names
    }

    /// What the mid did until each horizon after a row: log return, basis points. `None` where the
    /// recording ends first, or the book was not live all the way.
    pub fn ahead(&self, row: &Row) -> [Option<f64>; HORIZONS] {
        let mids = &self.mids[row.instrument as usize];
        let now = mids[row.place];
        self.horizons_ns.map(|horizon_ns| {
            let then_ns = now.at_ns + horizon_ns;
            let later = &mids[row.place..];
            // The first is the row itself: there always is one.
            let held = later[later.partition_point(|mid| mid.at_ns <= then_ns).max(1) - 1];
            let is_known = now.mid2 > 0 && held.era == now.era && then_ns <= self.end_ns;
            let change = (held.mid2 - now.mid2) as f64 / now.mid2 as f64;
            is_known.then(|| 1e4 * change.ln_1p())
        })
    }

    /// Writes all rows as text with commas, names first.
    pub fn write_csv(&self, instruments: &Instruments, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", Sheet::columns().join(","))?;
        for row in &self.rows {
            let Some(instrument) = instruments.iter().nth(row.instrument as usize) else {
                continue;
            };
            let (venue, symbol) = (instrument.venue, instrument.symbol);
            write!(out, "{},{},{venue},{},", row.frame, row.recv_ns, quoted(symbol.as_str()))?;
            write!(out, "{}", row.state.name())?;
            for (number, decimals) in row.numbers() {
                write!(out, ",{}", render(number, decimals))?;
            }
            for value in row.values {
                write!(out, ",{value}")?;
            }
            write!(out, ",{}", row.ready)?;
            for label in self.ahead(row) {
                match label {
                    Some(bps) => write!(out, ",{bps}")?,
                    None => write!(out, ",")?,
                }
            }
            writeln!(out)?;
        }
        Ok(())
    }
}

impl Row {
    /// Bid, ask and their quantities, each with its decimals.
    pub fn numbers(&self) -> [(i64, u8); 4] {
        let (price, qty) = self.decimals;
        [(self.bid.price, price), (self.ask.price, price), (self.bid.qty, qty), (self.ask.qty, qty)]
    }
}

/// A symbol as a field: one with a comma or a quotation mark stands in quotation marks.
fn quoted(symbol: &str) -> String {
    if symbol.contains([',', '"']) {
        return format!("\"{}\"", symbol.replace('"', "\"\""));
    }
    symbol.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Nanos;

    const HORIZONS_NS: [i64; HORIZONS] = [1, 2, 3, 4, 5, 6, 7, 8];

    fn sheet(views: &[(i64, i64, BookState)]) -> Sheet {
        let mut sheet = Sheet::new(1, HORIZONS_NS, Thinning { every: 1, pace_ns: 0 });
        for (at_ns, price, state) in views {
            let mut view = View::default();
            view.quote.stamp.recv_ns = Nanos(*at_ns);
            view.quote.state = *state;
            view.quote.bid = Level { price: *price, qty: 1 };
            view.quote.ask = Level { price: *price, qty: 1 };
            sheet.emit(&Seen { view: &view, features: &Features::default() });
        }
        sheet
    }

    #[test]
    fn labels_are_the_mid_that_held_then() {
        use BookState::Live;
        let sheet =
            sheet(&[(10, 1_000, Live), (12, 1_010, Live), (15, 990, Live), (17, 990, Live)]);
        let up = 1e4 * 1.01_f64.ln();
        let down = 1e4 * 0.99_f64.ln();
        let expected = [0.0, up, up, up, down, down, down].map(Some);
        for (label, expected) in sheet.ahead(&sheet.rows[0]).iter().zip(expected) {
            assert!((label.unwrap() - expected.unwrap()).abs() < 1e-9);
        }
        assert_eq!(sheet.ahead(&sheet.rows[0])[7], None, "the recording ends first");
    }

    #[test]
    fn a_break_in_between_leaves_no_label() {
        use BookState::{Broken, Live};
        let sheet =
            sheet(&[(10, 1_000, Live), (12, 1_010, Broken), (13, 1_010, Live), (30, 5, Live)]);
        let labels = sheet.ahead(&sheet.rows[0]);
        assert_eq!(labels[0], Some(0.0));
        assert!(labels[1..].iter().all(Option::is_none));
        assert!(sheet.ahead(&sheet.rows[1]).iter().all(Option::is_none));
        assert!(sheet.ahead(&sheet.rows[2]).iter().all(|label| *label == Some(0.0)));
    }
}
