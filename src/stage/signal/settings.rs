//! What the signals are told.

use super::level::Level;
use crate::event::HORIZONS;
use crate::limits;

/// How a horizon remembers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// What happened a time `t` ago counts by `exp(-t/h)`.
    #[default]
    Exponential,
    /// What happened in the last `h` counts in full, what was before not at all.
    Window,
}

impl Form {
    /// Both.
    pub const ALL: [Form; 2] = [Form::Exponential, Form::Window];

    /// As in configuration and output.
    pub const fn name(self) -> &'static str {
        match self {
            Form::Exponential => "exponential",
            Form::Window => "window",
        }
    }

    /// The one with this name.
    pub fn named(name: &str) -> Option<Form> {
        Form::ALL.into_iter().find(|form| form.name() == name)
    }
}

/// What the signals are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Horizons, ns: ascending, within [`limits::SIGNAL_HORIZON_NS_MIN`] and
    /// [`limits::SIGNAL_HORIZON_NS_MAX`].
    pub horizons_ns: [i64; HORIZONS],
    /// How they remember.
    pub form: Form,
    /// The instruction set; the best that this machine has where there is none.
    pub level: Option<Level>,
}

impl Default for Settings {
    /// As in the manual: from a tenth of a second to half a minute.
    fn default() -> Settings {
        Settings {
            horizons_ns: [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000]
                .map(|ms| ms * 1_000_000),
            form: Form::Exponential,
            level: None,
        }
    }
}

impl Settings {
    /// Are the horizons ascending and within their limits?
    pub fn are_horizons_good(&self) -> bool {
        let bounds = limits::SIGNAL_HORIZON_NS_MIN..=limits::SIGNAL_HORIZON_NS_MAX;
        self.horizons_ns.is_sorted_by(|a, b| a < b)
            && self.horizons_ns.iter().all(|horizon| bounds.contains(horizon))
    }
}
