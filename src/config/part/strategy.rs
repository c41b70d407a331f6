//! `[[strategies]]`: who trades what, how, and with how much.

use super::super::fault::Place;
use super::super::real::Range;
use super::super::section::{Bound, Section};
use super::super::which::Which;
use crate::base::Nanos;
use crate::event::HORIZONS;
use crate::limits;
use crate::stage::strategy::{Form, MONEY_DECIMALS, Means, Momentum, Reversion, Source};

/// One strategy, as configured.
#[derive(Clone, Debug)]
pub struct Strategy {
    /// Its name.
    pub name: String,
    /// Is it used?
    pub enabled: bool,
    /// The accounts that it trades on, by name.
    pub accounts: Vec<String>,
    /// What it trades.
    pub instruments: Which,
    /// What it may do with money.
    pub means: Means,
    /// How it trades.
    pub form: Form,
    /// Where it stands.
    pub place: Place,
}

/// Kinds of strategies, one a line: name, and what reads its keys.
type Read = fn(&mut Section<'_>) -> Option<Form>;
const KINDS: [(&str, Read); 2] = [("reversion", reversion), ("momentum", momentum)];

const WAIT: Bound = Bound::new("ms", 0, limits::WAIT_MS_MAX, "limit WAIT_MS_MAX");
const HORIZON: Bound =
    Bound::new("places among horizons", 0, HORIZONS as u64 - 1, "those of the signals");
const HOLD: Bound = Bound::new("horizons", 1, 1_000, "more is no forecast's");
const SCORE: Range = Range::new("standard deviations", 0.0, 100.0);
const BPS: Range = Range::new("basis points", 0.0, 1_000.0);

impl Strategy {
    /// As in the file.
    pub fn kind(&self) -> &'static str {
        match self.form {
            Form::Reversion(_) => "reversion",
            Form::Momentum(_) => "momentum",
        }
    }

    pub(in crate::config) fn read(mut section: Section<'_>) -> Option<Strategy> {
        let name = section.name("name");
        let enabled = section.flag_if_any("enabled").unwrap_or(true);
        let accounts = section.names("accounts");
        let instruments = Which::read(&mut section, "instruments");
        let means = means(&mut section);
        let told: Vec<String> = KINDS.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        let read = section.text("kind", &told.join(" or "), |text| {
            KINDS.iter().find(|(name, _)| *name == text).map(|(_, read)| *read)
        });
        let form = read.map(|read| read(&mut section));
        let place = section.place();
        // What its keys are, is not known where its kind is not.
        if form.is_some() {
            section.finish();
        }
        Some(Strategy {
            name: name?,
            enabled,
            accounts: accounts?,
            instruments: instruments?,
            means: means?,
            form: form??,
            place,
        })
    }
}

fn means(section: &mut Section<'_>) -> Option<Means> {
    let mut money = |key| section.decimal(key, Some(MONEY_DECIMALS), 1);
    let (budget, order_notional) = (money("budget"), money("order_notional"));
    let loss_max = money("loss_max");
    let allow_short = section.flag("allow_short");
    if let (Some(budget), Some(order)) = (budget, order_notional)
        && order > budget
    {
        let fix = String::from("lower it, or raise `budget`");
        let found = String::from("more than `budget`");
        section.note("order_notional", found, "at most the budget", fix);
    }
    Some(Means {
        budget: budget?,
        order_notional: order_notional?,
        loss_max: loss_max?,
        allow_short: allow_short?,
    })
}

fn wait(section: &mut Section<'_>, key: &'static str) -> Option<i64> {
    section.whole(key, WAIT).map(|ms| ms as i64 * Nanos::MILLI)
}

fn reversion(section: &mut Section<'_>) -> Option<Form> {
    let horizon = section.whole("horizon", HORIZON);
    let (entry, exit) = (SCORE.read(section, "entry"), SCORE.read(section, "exit"));
    let stop = SCORE.read(section, "stop");
    if let (Some(entry), Some(exit), Some(stop)) = (entry, exit, stop)
        && !(exit < entry && entry < stop)
    {
        let found = format!("exit {exit}, entry {entry}, stop {stop}");
        let fix = String::from("put them into that order");
        section.note("entry", found, "exit below entry below stop", fix);
    }
    let hold_ns_max = wait(section, "hold_ms_max");
    let rest_ns_max = wait(section, "rest_ms_max");
    let cooldown_ns = wait(section, "cooldown_ms");
    let post_only = section.flag("post_only");
    Some(Form::Reversion(Reversion {
        horizon: horizon? as usize,
        entry: entry?,
        exit: exit?,
        stop: stop?,
        hold_ns_max: hold_ns_max?,
        rest_ns_max: rest_ns_max?,
        cooldown_ns: cooldown_ns?,
        post_only: post_only?,
    }))
}

fn momentum(section: &mut Section<'_>) -> Option<Form> {
    let told = "\"forecast\" or \"feature\"";
    let is_forecast = section.text("source", told, |text| match text {
        "forecast" => Some(true),
        "feature" => Some(false),
        _ => None,
    });
    let source = match is_forecast {
        Some(true) => Some(Source::Forecast),
        Some(false) => {
            section.whole("horizon", HORIZON).map(|place| Source::Feature(place as usize))
        }
        None => None,
    };
    let (entry_bps, exit_bps) = (BPS.read(section, "entry_bps"), BPS.read(section, "exit_bps"));
    let hold_horizons = section.whole("hold_horizons", HOLD);
    let hold_ns_max = wait(section, "hold_ms_max");
    let cooldown_ns = wait(section, "cooldown_ms");
    Some(Form::Momentum(Momentum {
        source: source?,
        entry_bps: entry_bps?,
        exit_bps: exit_bps?,
        hold_horizons: hold_horizons? as u32,
        hold_ns_max: hold_ns_max?,
        cooldown_ns: cooldown_ns?,
    }))
}
