//! The risk limits, and the accounts with what they hold and pay, as `config check` shows them.

use serde_json::{Map, Value, json};

use super::table::Table;
use crate::base::{AssetId, render};
use crate::config::{Account, Config, Funds, Resolved};
use crate::journal::Fills;
use crate::pipeline::Trading;
use crate::stage::book;
use crate::stage::risk::{AccountLimits, OrderRate, Settings};

/// What is not limited.
const NONE: &str = "none";

/// The risk gate's settings, as a run is told.
pub(super) fn settings(config: &Config, resolved: &Resolved) -> Settings {
    Trading::new(config, resolved, &book::Settings::default(), Fills::Paper).risk
}

/// Money of the reporting currency.
fn money(resolved: &Resolved, units: Option<i64>) -> Option<String> {
    units.map(|units| render(units, resolved.assets[resolved.reporting.index()].decimals))
}

fn told(limit: Option<impl ToString>) -> String {
    limit.map_or_else(|| String::from(NONE), |limit| limit.to_string())
}

/// Limits of the whole: name, value, and what it is of.
fn whole(resolved: &Resolved, limits: &Settings) -> [(&'static str, Option<String>, String); 7] {
    let currency = &resolved.assets[resolved.reporting.index()].name;
    let sum = |name, units, of: &str| (name, money(resolved, units), format!("{currency}, {of}"));
    let age = limits.quote_age_max_ns.map(|ns| (ns / 1_000_000).to_string());
    [
        sum("gross_max", limits.gross_max, "sum of all exposures"),
        sum("net_max", limits.net_max, "longs against shorts"),
        sum("daily_loss_max", limits.daily_loss_max, "since midnight UTC; then it halts"),
        sum("drawdown_max", limits.drawdown_max, "from the highest equity; then it halts"),
        (
            "open_orders_max",
            limits.open_orders_max.map(|n| n.to_string()),
            String::from("orders, open or unknown"),
        ),
        ("quote_age_max_ms", age, String::from("ms, age of an instrument's quote")),
        (
            "trade_unknown_status",
            Some(limits.is_unknown_open.to_string()),
            String::from("may be traded while its venue says nothing of it"),
        ),
    ]
}

/// Limits of the whole.
pub(super) fn whole_table(resolved: &Resolved, limits: &Settings) -> Table {
    let mut table = Table::new(&["limit", "value", "of"]);
    for (name, value, of) in whole(resolved, limits) {
        table.row(vec![name.to_owned(), told(value), of]);
    }
    table
}

/// Limits of each instrument.
pub(super) fn instrument_table(resolved: &Resolved, limits: &Settings) -> Table {
    let mut table =
        Table::new(&["instrument", "quantity max", "position max", "notional max", "collar bps"]);
    for (instrument, own) in resolved.instruments.iter().zip(&limits.instruments) {
        let qty = |units: Option<i64>| units.map(|units| render(units, instrument.qty_decimals));
        table.row(vec![
            instrument.name(),
            told(qty(own.qty_max)),
            told(qty(own.position_max)),
            told(money(resolved, own.notional_max)),
            told(own.collar_bps),
        ]);
    }
    table
}

/// What has a limit of its exposure: its kind, its name, the limit.
fn exposures<'a>(
    resolved: &'a Resolved,
    limits: &'a Settings,
) -> impl Iterator<Item = (&'static str, &'a str, Option<String>)> {
    let assets = resolved.assets.iter().zip(&limits.assets);
    let assets = assets.map(|(asset, most)| ("asset", &*asset.name, *most));
    let strategies = resolved.trading.strategies.strategies.iter().zip(&limits.strategies);
    let strategies = strategies.map(|(s, own)| ("strategy", &*s.name, own.exposure_max));
    let venues = limits.venues.iter().map(|own| ("venue", own.venue, own.exposure_max));
    let all = assets.chain(strategies).chain(venues);
    all.map(|(kind, name, most)| (kind, name, money(resolved, most)))
}

/// Limits of assets, strategies and venues, those only that have one.
pub(super) fn exposure_table(resolved: &Resolved, limits: &Settings) -> Table {
    let mut table = Table::new(&["of", "name", "exposure max"]);
    for (kind, name, most) in exposures(resolved, limits) {
        if let Some(most) = most {
            table.row(vec![kind.to_owned(), name.to_owned(), most]);
        }
    }
    table
}

/// Each account, with what it pays, holds, and may.
fn accounts<'a>(
    resolved: &'a Resolved,
    limits: &'a Settings,
) -> impl Iterator<Item = (&'a Account, &'a Funds, &'a AccountLimits)> {
    let funded = resolved.accounts.iter().zip(&resolved.funds);
    funded.zip(&limits.accounts).map(|((account, funds), own)| (account, funds, own))
}

/// Names and amounts of what an account holds at the start.
fn balances<'a>(
    resolved: &'a Resolved,
    funds: &'a Funds,
) -> impl Iterator<Item = (&'a str, String)> {
    let balance = |(id, units): &(AssetId, i64)| {
        let asset = resolved.assets.get(id.index())?;
        Some((&*asset.name, render(*units, asset.decimals)))
    };
    funds.balances.iter().filter_map(balance)
}

/// The accounts.
pub(super) fn account_table(resolved: &Resolved, limits: &Settings) -> Table {
    let mut table = Table::new(&[
        "account",
        "venue",
        "maker ppm",
        "taker ppm",
        "exposure max",
        "open max",
        "orders a second, burst, kept for cancels",
        "holds",
    ]);
    for (account, funds, own) in accounts(resolved, limits) {
        let rate = own.rate.map(|rate: OrderRate| {
            format!("{} {} {}", rate.per_second, rate.burst, rate.cancel_reserve)
        });
        let holds: Vec<_> =
            balances(resolved, funds).map(|(asset, units)| format!("{units} {asset}")).collect();
        table.row(vec![
            account.name.clone(),
            account.venue.name.to_owned(),
            funds.fees.maker_ppm.to_string(),
            funds.fees.taker_ppm.to_string(),
            told(money(resolved, own.exposure_max)),
            told(own.open_orders_max),
            told(rate),
            holds.join(", "),
        ]);
    }
    table
}

/// The accounts, as JSON.
pub(super) fn account_objects(resolved: &Resolved, limits: &Settings) -> Vec<Value> {
    let object = |(account, funds, own): (&Account, &Funds, &AccountLimits)| {
        let rate = own.rate.map(|rate| {
            json!({
                "per_second": rate.per_second,
                "burst": rate.burst,
                "cancel_reserve": rate.cancel_reserve,
            })
        });
        let holds = balances(resolved, funds).map(|(name, units)| (name.to_owned(), json!(units)));
        json!({
            "name": account.name,
            "venue": account.venue.name,
            "maker_ppm": funds.fees.maker_ppm,
            "taker_ppm": funds.fees.taker_ppm,
            "exposure_max": money(resolved, own.exposure_max),
            "open_orders_max": own.open_orders_max,
            "orders": rate,
            "balances": holds.collect::<Map<_, _>>(),
        })
    };
    accounts(resolved, limits).map(object).collect()
}

/// All limits but those of accounts, as JSON.
pub(super) fn object(resolved: &Resolved, limits: &Settings) -> Value {
    let whole = whole(resolved, limits).into_iter();
    let mut object: Map<String, Value> =
        whole.map(|(name, value, _)| (name.to_owned(), json!(value))).collect();
    let instruments = resolved.instruments.iter().zip(&limits.instruments);
    let instruments = instruments.map(|(instrument, own)| {
        let qty = |units: Option<i64>| units.map(|units| render(units, instrument.qty_decimals));
        json!({
            "name": instrument.name(),
            "qty_max": qty(own.qty_max),
            "position_max": qty(own.position_max),
            "notional_max": money(resolved, own.notional_max),
            "collar_bps": own.collar_bps,
        })
    });
    object.insert(String::from("instruments"), instruments.collect());
    let exposures = exposures(resolved, limits)
        .map(|(kind, name, most)| json!({ "of": kind, "name": name, "exposure_max": most }));
    object.insert(String::from("exposures"), exposures.collect());
    Value::Object(object)
}
