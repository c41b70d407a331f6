//! What a file says of its network: `metadata_props`, all of it text.
//!
//! Lists are separated by commas; numbers are the shortest text that reads back as the same.
//! Never: a file's key that is lost: what is not ours is kept as it is.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use super::super::network::{Form, Meta};
use super::error::OnnxError;

const FEATURES: &str = "features";
const MEAN: &str = "mean";
const SCALE: &str = "scale";
const HORIZON: &str = "horizon_ns";
const CLASSES: &str = "classes";
const TEMPERATURE: &str = "temperature";
const WARMUP: &str = "warmup";
const FORM: &str = "form";

/// From the entries of a file. What is not said is empty, and the temperature 1.
pub(super) fn read(entries: &[(&str, &str)]) -> Result<Meta, OnnxError> {
    let mut meta = Meta { temperature: 1.0, ..Meta::default() };
    for (key, text) in entries {
        match *key {
            FEATURES => meta.features = names(text),
            CLASSES => meta.classes = names(text),
            MEAN => meta.mean = numbers(MEAN, text, f32::is_finite)?,
            SCALE => meta.scale = numbers(SCALE, text, |x| x.is_finite() && x != 0.0)?,
            HORIZON => {
                meta.horizon_ns = one(HORIZON, text, "whole nanoseconds above 0", |n| n > 0)?
            }
            TEMPERATURE => {
                let is_fit = |t: f32| t.is_finite() && t > 0.0;
                meta.temperature = one(TEMPERATURE, text, "a number above 0", is_fit)?;
            }
            WARMUP => meta.warmup = one(WARMUP, text, "a whole number of rows", |_| true)?,
            FORM => {}
            other => {
                meta.more.insert(other.to_owned(), (*text).to_owned());
            }
        }
    }
    Ok(meta)
}

/// Into entries of a file, by key.
pub(super) fn write(meta: &Meta, form: Form) -> Result<BTreeMap<String, String>, OnnxError> {
    let mut all = meta.more.clone();
    let mut put = |key: &str, text: String| {
        if !text.is_empty() {
            all.insert(key.to_owned(), text);
        }
    };
    put(FEATURES, list(FEATURES, &meta.features)?);
    put(CLASSES, list(CLASSES, &meta.classes)?);
    put(MEAN, joined(&meta.mean));
    put(SCALE, joined(&meta.scale));
    if meta.horizon_ns > 0 {
        put(HORIZON, meta.horizon_ns.to_string());
    }
    put(TEMPERATURE, meta.temperature.to_string());
    put(WARMUP, meta.warmup.to_string());
    let form = match form {
        Form::Window => "window",
        Form::TimeMajor => "window, time first",
        Form::Streaming => "streaming",
    };
    put(FORM, form.to_owned());
    Ok(all)
}

fn names(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn list(key: &'static str, names: &[String]) -> Result<String, OnnxError> {
    let is_bad = |name: &&String| name.contains(',') || name.trim() != *name || name.is_empty();
    match names.iter().find(is_bad) {
        Some(name) => Err(refused(key, name, "names without commas and blanks around them")),
        None => Ok(names.join(",")),
    }
}

fn joined(numbers: &[f32]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

fn numbers(
    key: &'static str,
    text: &str,
    is_fit: impl Fn(f32) -> bool,
) -> Result<Vec<f32>, OnnxError> {
    let number = |word: &str| word.trim().parse().ok().filter(|x| is_fit(*x));
    let all: Option<Vec<f32>> = text.split(',').map(number).collect();
    all.ok_or_else(|| refused(key, text, "finite numbers with commas between them, no scale of 0"))
}

fn one<T: FromStr + Copy>(
    key: &'static str,
    text: &str,
    expected: &'static str,
    is_fit: impl Fn(T) -> bool,
) -> Result<T, OnnxError> {
    let value = text.trim().parse().ok().filter(|value| is_fit(*value));
    value.ok_or_else(|| refused(key, text, expected))
}

fn refused(key: &'static str, found: impl Display, expected: &'static str) -> OnnxError {
    let found = found.to_string().chars().take(60).collect();
    OnnxError::Meta { key, found, expected }
}
