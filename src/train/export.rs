//! Export: what was trained, as a network and what its file says of it.
//!
//! In: a trained network. Out: `neural::Network` and `neural::Meta`. Never: a file.

use std::collections::BTreeMap;

use super::experiment::Trained;
use super::row::{Dataset, Horizon, Moved};
use crate::neural::{Form, Meta, Network};

/// The network, as engines and files have it.
pub fn network(trained: &Trained) -> Network {
    let course = trained.recipe.course;
    let window = if course.form == Form::Streaming { 1 } else { course.steps };
    trained.weights.network(course.form, window)
}

/// What its file says.
pub fn meta(trained: &Trained) -> Meta {
    let (label, course, score) = (&trained.label, trained.recipe.course, trained.network_score());
    let price = match label.price {
        Moved::Mid => "mid",
        Moved::Micro => "microprice",
    };
    let entries = [
        ("label_horizon", label.horizon.to_string()),
        ("label_price", price.to_owned()),
        ("label_threshold_bps", label.threshold_bps.to_string()),
        ("training_rows", trained.report.rows.train.to_string()),
        ("training_digest", format!("{:08x}", trained.digest)),
        ("seed", trained.recipe.seed.to_string()),
        ("test_rows", score.moved.to_string()),
        ("test_directional_accuracy", format!("{:.4}", score.directional)),
        ("test_log_loss", format!("{:.4}", score.log_loss)),
    ];
    let entries = entries.into_iter().map(|(key, text)| (key.to_owned(), text));
    Meta {
        features: trained.names.clone(),
        mean: trained.scale.mean.clone(),
        scale: trained.scale.scale.clone(),
        horizon_ns: trained.horizon_ns,
        classes: label.classes().iter().map(|class| (*class).to_owned()).collect(),
        temperature: trained.temperature,
        warmup: if course.form == Form::Streaming { course.warmup } else { course.steps - 1 },
        more: entries.collect::<BTreeMap<_, _>>(),
    }
}

/// How long a horizon is in time: what it says, or what it took in the middle of examples.
pub(super) fn horizon_ns(data: &Dataset, horizon: Horizon) -> i64 {
    if let Horizon::Time(ns) = horizon {
        return ns;
    }
    let known = data.examples.iter().filter(|example| example.end_ns > example.at_ns);
    let mut spans: Vec<i64> = known.map(|example| example.end_ns - example.at_ns).collect();
    spans.sort_unstable();
    spans.get(spans.len() / 2).copied().unwrap_or(1)
}

/// A number that tells two data sets apart: CRC-32 of features and classes.
pub(super) fn digest(data: &Dataset) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    for value in &data.x {
        hasher.update(&value.to_bits().to_le_bytes());
    }
    for example in &data.examples {
        hasher.update(&[example.class.unwrap_or(u8::MAX)]);
        hasher.update(&example.at_ns.to_le_bytes());
    }
    hasher.finalize()
}
