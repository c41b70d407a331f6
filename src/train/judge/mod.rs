//! Judge: what forecasts are worth, beside what is simple.
//!
//! Never: a number that the test part helped to choose.

mod baseline;
mod calibrate;
mod score;
mod resample;
mod trade;

pub use baseline::{Simple, words as simple_words};
pub use calibrate::{cooled, temperature};
pub use resample::{Interval, interval};
pub use score::{BINS, Bin, Score, is_hit, lean};
pub use trade::{FEES_BPS, Marks, marks, sureness};
