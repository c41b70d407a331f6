//! What a model expects of one instrument. From model to strategy.

use super::feature::Features;
use super::market::Stamp;
use super::quote::View;
use crate::base::{InstrumentId, Nanos};

/// Is there a forecast, and why not?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Standing {
    /// No model is meant for this instrument.
    #[default]
    Absent,
    /// The features that it needs are not ready, or the book is not live.
    Warming,
    /// The model gave no number, or was late.
    Failed,
    /// There is one.
    Ready,
}

/// What a model expects. One cache line of plain data.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C, align(64))]
pub struct Forecast {
    /// The frame that caused it.
    pub stamp: Stamp,
    /// How far ahead it looks.
    pub horizon_ns: i64,
    /// Expected log return of the mid over the horizon, basis points.
    pub expected_bps: f32,
    /// Probability that the mid is higher after the horizon, 0 to 1.
    pub up: f32,
    /// Probability that it is lower, 0 to 1.
    pub down: f32,
    /// The instrument.
    pub instrument: u32,
    /// Is there one?
    pub standing: Standing,
}

/// From model to strategy: what the market looks like, what the signals say, what is expected.
#[derive(Clone, Copy, Debug)]
pub struct Outlook<'a> {
    /// The market.
    pub view: &'a View,
    /// The signals.
    pub features: &'a Features,
    /// The forecast; its standing says whether there is one.
    pub forecast: &'a Forecast,
}

impl Outlook<'_> {
    /// The instrument's id.
    pub const fn instrument(&self) -> InstrumentId {
        self.view.quote.instrument()
    }

    /// Logical time.
    pub const fn now(&self) -> Nanos {
        self.view.quote.stamp.recv_ns
    }
}

const _: () = assert!(size_of::<Forecast>() == 64, "a forecast is one cache line");
