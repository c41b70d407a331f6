//! `[[models]]`: what is expected of which instruments, and by what.

use super::super::fault::Place;
use super::super::real::Range;
use super::super::section::{Bound, Section, nearest};
use super::super::tree::Value;
use super::super::which::Which;
use super::lstm;
use crate::base::Nanos;
use crate::event::{FEATURES, Features};
use crate::limits;
use crate::stage::model::{Coefficients, Form};

/// One model, as configured.
#[derive(Clone, Debug)]
pub struct Model {
    /// Its name.
    pub name: String,
    /// Is it used?
    pub enabled: bool,
    /// How far ahead it looks.
    pub horizon_ns: i64,
    /// What it is meant for.
    pub instruments: Which,
    /// How it comes to its forecast.
    pub form: Form,
    /// An answer that takes longer is not used, nanoseconds; 0 for no such bound.
    pub deadline_ns: i64,
    /// Where it stands.
    pub place: Place,
}

/// How a model comes to its forecast.
#[derive(Clone, Copy)]
enum Kind {
    Linear,
    Lstm,
}

const HORIZON: Bound = Bound::new("ms", 1, limits::WAIT_MS_MAX, "limit WAIT_MS_MAX");
const DEADLINE: Bound = Bound::new("us", 0, limits::WAIT_MS_MAX, "limit WAIT_MS_MAX");
const BPS: Range = Range::new("basis points", -1_000.0, 1_000.0);
const SPREAD: Range = Range::new("basis points", 0.000_001, 1_000.0);
const WEIGHT: Range = Range::new("basis points a unit", -1e6, 1e6);

impl Model {
    /// As in the file.
    pub fn kind(&self) -> &'static str {
        match self.form {
            Form::Linear(_) => "linear",
            Form::Lstm(_) | Form::Beside(_) => "lstm",
        }
    }

    pub(in crate::config) fn read(mut section: Section<'_>) -> Option<Model> {
        let name = section.name("name");
        let enabled = section.flag_if_any("enabled").unwrap_or(true);
        let kind = section.text("kind", "\"linear\" or \"lstm\"", |text| match text {
            "linear" => Some(Kind::Linear),
            "lstm" => Some(Kind::Lstm),
            _ => None,
        });
        let instruments = Which::read(&mut section, "instruments");
        let deadline_us = section.whole_if_any("deadline_us", DEADLINE).unwrap_or(0);
        let made = kind.and_then(|kind| match kind {
            Kind::Linear => {
                let horizon_ms = section.whole("horizon_ms", HORIZON);
                let coefficients = linear(&mut section);
                Some((Form::Linear(coefficients?), horizon_ms? as i64 * Nanos::MILLI))
            }
            // One that is not used need not be there.
            Kind::Lstm => {
                let (network, horizon_ns) = lstm::read(&mut section)?;
                Some((Form::Lstm(network), horizon_ns))
            }
        });
        let place = section.place();
        section.finish();
        let (form, horizon_ns) = made?;
        let (name, instruments) = (name?, instruments?);
        let deadline_ns = deadline_us as i64 * (Nanos::MILLI / 1_000);
        Some(Model { name, enabled, horizon_ns, instruments, form, deadline_ns, place })
    }
}

fn linear(section: &mut Section<'_>) -> Option<Coefficients> {
    let bias = BPS.read(section, "bias_bps");
    let clip_bps = SPREAD.read(section, "clip_bps");
    let scale_bps = SPREAD.read(section, "scale_bps");
    let weights = weights(section);
    Some(Coefficients { bias: bias?, weights, clip_bps: clip_bps?, scale_bps: scale_bps? })
}

/// The table `weights`: names of features with their weights.
fn weights(section: &mut Section<'_>) -> Vec<(usize, f64)> {
    let mut weights = Vec::new();
    let Some(table) = section.table_if_any("weights") else { return weights };
    let names: Vec<String> = (0..FEATURES).map(Features::name).collect();
    for (name, node) in &table.0 {
        let key = format!("weights.{name}");
        let Some(place) = names.iter().position(|known| known == name) else {
            let known: Vec<&str> = names.iter().map(String::as_str).collect();
            let fix = match nearest(name, &known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => String::from("name one of those"),
            };
            let expected = "a feature, as in zscore_3 (with the place of its horizon) or micro";
            section.note("weights", format!("a weight of `{name}`"), expected, fix);
            continue;
        };
        match &node.value {
            Value::Text(text) if WEIGHT.parse(text).is_some() => {
                // A weight of nothing is none: its horizon need not be waited for.
                let weight = WEIGHT.parse(text).filter(|weight| *weight != 0.0);
                weights.extend(weight.map(|weight| (place, weight)));
            }
            _ => section.refuse(&key, node, &WEIGHT.told(), "write one of those"),
        }
    }
    weights
}
