//! Models and strategies as `config check` shows them.

use serde_json::{Value, json};

use super::table::Table;
use crate::base::{Instrument, InstrumentId, render};
use crate::config::{Config, Resolved};
use crate::event::Features;
use crate::stage::model::{Form as ModelForm, Inputs};
use crate::stage::strategy::{Form, Given, MONEY_DECIMALS, Source};

/// Names of instruments.
fn names(resolved: &Resolved, ids: &[InstrumentId]) -> Vec<String> {
    ids.iter().filter_map(|id| resolved.instruments.with_id(*id)).map(Instrument::name).collect()
}

/// The models that are used.
pub(super) fn models(resolved: &Resolved) -> Table {
    let mut table = Table::new(&["model", "kind", "looks ahead", "instruments", "goes by"]);
    for model in &resolved.trading.models.models {
        let (kind, goes_by) = told(&model.form);
        table.row(vec![
            model.name.clone(),
            kind.to_owned(),
            ms(model.horizon_ns),
            model.instruments.len().to_string(),
            goes_by,
        ]);
    }
    table
}

/// A model's kind, and what it goes by in a line.
fn told(form: &ModelForm) -> (&'static str, String) {
    match form {
        ModelForm::Linear(linear) => {
            let weight =
                |(place, weight): &(usize, f64)| format!("{} {weight}", Features::name(*place));
            ("linear", linear.weights.iter().map(weight).collect::<Vec<_>>().join(", "))
        }
        ModelForm::Lstm(network) => {
            let engine = &network.engine;
            let weights = if engine.is_int8() { "bytes" } else { "floats" };
            let text = format!(
                "{} features, {} KiB of {weights} on {}",
                engine.inputs(),
                engine.bytes() >> 10,
                engine.level().name()
            );
            ("lstm", text)
        }
        ModelForm::Beside(of) => {
            ("lstm", format!("{} features, on a thread of its own", of.inputs.places.len()))
        }
    }
}

/// The models that are used, as JSON.
pub(super) fn model_objects(resolved: &Resolved) -> Vec<Value> {
    let object = |model: &crate::stage::model::Given| {
        let (kind, goes_by) = told(&model.form);
        let mut object = json!({
            "name": model.name,
            "kind": kind,
            "horizon_ns": model.horizon_ns,
            "deadline_ns": model.deadline_ns,
            "instruments": names(resolved, &model.instruments),
        });
        let features = |inputs: &Inputs| {
            json!(inputs.places.iter().map(|place| Features::name(*place)).collect::<Vec<_>>())
        };
        match &model.form {
            ModelForm::Linear(linear) => {
                let weight =
                    |(place, weight): &(usize, f64)| (Features::name(*place), json!(weight));
                object["bias_bps"] = json!(linear.bias);
                object["clip_bps"] = json!(linear.clip_bps);
                object["scale_bps"] = json!(linear.scale_bps);
                object["weights"] = Value::Object(linear.weights.iter().map(weight).collect());
            }
            ModelForm::Lstm(network) => {
                object["features"] = features(&network.inputs);
                object["warmup"] = json!(network.warmup);
                object["engine"] = json!(goes_by);
            }
            ModelForm::Beside(of) => {
                object["features"] = features(&of.inputs);
                object["warmup"] = json!(of.warmup);
                object["engine"] = json!(goes_by);
            }
        }
        object
    };
    resolved.trading.models.models.iter().map(object).collect()
}

/// The strategies that are used.
pub(super) fn strategies(config: &Config, resolved: &Resolved) -> Table {
    let mut table = Table::new(&[
        "strategy",
        "kind",
        "instruments",
        "accounts",
        "budget",
        "order",
        "loss max",
        "goes by",
    ]);
    for (strategy, used) in pairs(config, resolved) {
        table.row(vec![
            strategy.name.clone(),
            used.kind().to_owned(),
            names(resolved, &strategy.instruments).join(" "),
            used.accounts.join(" "),
            render(strategy.purse.budget, MONEY_DECIMALS),
            render(strategy.purse.order_notional, MONEY_DECIMALS),
            render(strategy.purse.loss_max, MONEY_DECIMALS),
            rule(&strategy.form),
        ]);
    }
    table
}

/// The strategies that are used, as JSON.
pub(super) fn strategy_objects(config: &Config, resolved: &Resolved) -> Vec<Value> {
    let object = |(strategy, used): (&Given, &crate::config::Strategy)| {
        let means = &strategy.purse;
        json!({
            "name": strategy.name,
            "kind": used.kind(),
            "instruments": names(resolved, &strategy.instruments),
            "accounts": used.accounts,
            "budget": render(means.budget, MONEY_DECIMALS),
            "order_notional": render(means.order_notional, MONEY_DECIMALS),
            "loss_max": render(means.loss_max, MONEY_DECIMALS),
            "allow_short": means.allow_short,
            "rule": rule(&strategy.form),
        })
    };
    pairs(config, resolved).map(object).collect()
}

/// Each strategy that is used, resolved and as configured.
fn pairs<'a>(
    config: &'a Config,
    resolved: &'a Resolved,
) -> impl Iterator<Item = (&'a Given, &'a crate::config::Strategy)> {
    let used = config.strategies.iter().filter(|strategy| strategy.enabled);
    resolved.trading.strategies.strategies.iter().zip(used)
}

/// What a strategy goes by, in a line.
fn rule(form: &Form) -> String {
    match form {
        Form::Reversion(rule) => format!(
            "zscore_{} from {} back to {}, at most to {}, held {}",
            rule.horizon,
            rule.entry,
            rule.exit,
            rule.stop,
            ms(rule.hold_ns_max)
        ),
        Form::Momentum(rule) => {
            let source = match rule.source {
                Source::Forecast => String::from("the forecast"),
                Source::Feature(horizon) => format!("momentum_{horizon}"),
            };
            format!("{source} over {} bps, held {}", rule.entry_bps, ms(rule.hold_ns_max))
        }
    }
}

fn ms(ns: i64) -> String {
    format!("{} ms", ns / 1_000_000)
}
