//! What the model stage is told.

use super::beside::Elsewhere;
use super::lstm::Network;
use crate::base::InstrumentId;

/// All models. Where two are meant for one instrument, the first of them is its model.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// In the order of the configuration.
    pub models: Vec<Given>,
}

/// One model.
#[derive(Clone, Debug)]
pub struct Given {
    /// Its name in the configuration.
    pub name: String,
    /// How far ahead it looks.
    pub horizon_ns: i64,
    /// What it is meant for.
    pub instruments: Vec<InstrumentId>,
    /// How it comes to its forecast.
    pub form: Form,
    /// An answer that takes longer is not used, nanoseconds as measured; 0 for no such bound.
    pub deadline_ns: i64,
}

/// How a model comes to its forecast.
#[derive(Clone, Debug)]
pub enum Form {
    /// A weighted sum.
    Linear(Coefficients),
    /// A network out of a file.
    Lstm(Network),
    /// A network on a thread of its own.
    Beside(Elsewhere),
}

/// Of a weighted sum of features.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Coefficients {
    /// What is expected where all features are zero, basis points.
    pub bias: f64,
    /// Places in [`crate::event::Features::values`] with basis points for each unit of the feature.
    pub weights: Vec<(usize, f64)>,
    /// Nothing beyond it is expected, basis points; above zero.
    pub clip_bps: f64,
    /// The spread of what happens around what is expected, as the scale of a logistic
    /// distribution, basis points; above zero. `sqrt(3) / pi` times the standard deviation of the
    /// residuals.
    pub scale_bps: f64,
}
