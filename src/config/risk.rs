//! Limits by name to limits by id: what of `[risk]` depends on other parts.
//!
//! In: the parts. Out: faults, and the settings of the risk gate.

use super::check::Names;
use super::fault::{Fault, Place, Wrong};
use super::part::{Amount, Named, OrderRates, Risk, RiskLists};
use super::resolve::{Conversion, Resolved};
use super::section::nearest;
use super::whole::{Config, Universe};
use crate::stage::risk::{
    AccountLimits, InstrumentLimits, OrderRate, Settings, StrategyLimits, VenueLimits,
};

/// Notes names that nothing has, and amounts that are finer than what they are an amount of.
pub(super) fn check(
    universe: &Universe,
    names: &Names,
    risk: Option<&Risk>,
    lists: &RiskLists,
    wrong: &mut Wrong,
) {
    let money = universe.asset_named(&universe.money.reporting);
    let money = money.map(|at| universe.assets[at].decimals);
    let mut fine = |place: Place, about: String, amount: Option<Amount>, decimals: Option<u8>| {
        let (Some(amount), Some(decimals)) = (amount, decimals) else { return };
        if let Err(why) = amount.at(decimals) {
            let (found, expected) = (why.to_string(), format!("at most {decimals} decimals"));
            let fix = String::from("round it, or write \"none\"");
            wrong.add(Fault { place, about, found, expected, fix });
        }
    };
    if let Some(risk) = risk {
        for (key, amount) in [
            ("gross_max", risk.gross_max),
            ("net_max", risk.net_max),
            ("notional_max", risk.notional_max),
            ("daily_loss_max", risk.daily_loss_max),
            ("drawdown_max", risk.drawdown_max),
        ] {
            fine(risk.place, format!("risk.{key}"), Some(amount), money);
        }
    }
    for Named { name, limits, place } in &lists.instruments {
        let instrument = universe.traded().find(|i| i.name() == *name);
        let qty = instrument.map(|i| i.qty_decimals);
        let about = |key: &str| format!("risk.instruments {name}, {key}");
        fine(*place, about("qty_max"), limits.qty_max, qty);
        fine(*place, about("position_max"), limits.position_max, qty);
        fine(*place, about("notional_max"), limits.notional_max, money);
    }
    let assets = lists.assets.iter().map(|n| ("assets", &n.name, n.place, n.limits.exposure_max));
    let strategies =
        lists.strategies.iter().map(|n| ("strategies", &n.name, n.place, n.limits.exposure_max));
    let accounts =
        lists.accounts.iter().map(|n| ("accounts", &n.name, n.place, n.limits.exposure_max));
    let venues = lists.venues.iter().map(|n| ("venues", &n.name, n.place, n.limits.exposure_max));
    for (list, name, place, amount) in assets.chain(strategies).chain(accounts).chain(venues) {
        fine(place, format!("risk.{list} {name}, exposure_max"), amount, money);
    }
    let accounts: Vec<String> = universe.accounts.iter().map(|a| a.name.clone()).collect();
    let mut known = |list: &str, name: &str, place: Place, known: &[String]| {
        if known.iter().any(|one| one == name) {
            return;
        }
        let words: Vec<&str> = known.iter().map(String::as_str).collect();
        let fix = match nearest(name, &words) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("remove it, or add it to [[{list}]]"),
        };
        let (about, found) = (format!("risk.{list}"), name.to_owned());
        let expected = format!("one of `{list}`");
        wrong.add(Fault { place, about, found, expected, fix });
    };
    lists
        .instruments
        .iter()
        .for_each(|n| known("instruments", &n.name, n.place, &names.instruments));
    lists.assets.iter().for_each(|n| known("assets", &n.name, n.place, &names.assets));
    lists.strategies.iter().for_each(|n| known("strategies", &n.name, n.place, &names.strategies));
    lists.accounts.iter().for_each(|n| known("accounts", &n.name, n.place, &accounts));
}

impl Config {
    /// The settings of the risk gate, by the ids of [`Config::resolve`]; strategies are those of
    /// these names, in this order. Balances are left to whoever knows them.
    pub fn risk_settings(&self, resolved: &Resolved, strategies: &[&str]) -> Settings {
        let (risk, lists) = (&self.risk, &self.risk_of);
        let decimals: Vec<u8> = resolved.assets.iter().map(|asset| asset.decimals).collect();
        let of_money = decimals.get(resolved.reporting.index()).copied().unwrap_or_default();
        let money = |amount: Amount| amount.at_most(of_money);
        let money_if_any = |amount: Option<Amount>| amount.and_then(money);
        let steps = |c: &Conversion| c.steps.iter().map(|step| (step.to, step.by)).collect();
        let chains = resolved.conversions.iter().map(|c| c.as_ref().map(steps)).collect();
        let instruments = resolved.instruments.iter().map(|instrument| {
            let own = find(&lists.instruments, &instrument.name());
            let qty = |amount: Option<Amount>| {
                amount.and_then(|amount| amount.at_most(instrument.qty_decimals))
            };
            let notional = own.and_then(|own| own.notional_max).unwrap_or(risk.notional_max);
            InstrumentLimits {
                qty_max: qty(own.and_then(|own| own.qty_max)),
                position_max: qty(own.and_then(|own| own.position_max)),
                notional_max: money(notional),
                collar_bps: own.and_then(|own| own.collar_bps).or(Some(risk.collar_bps)),
            }
        });
        let assets = resolved.assets.iter().map(|asset| {
            money_if_any(find(&lists.assets, &asset.name).and_then(|own| own.exposure_max))
        });
        let strategies = strategies.iter().map(|name| StrategyLimits {
            exposure_max: money_if_any(
                find(&lists.strategies, name).and_then(|own| own.exposure_max),
            ),
        });
        let accounts = resolved.accounts.iter().map(|account| {
            let own = find(&lists.accounts, &account.name);
            let OrderRates { per_second, burst, cancel_reserve } = risk.rates;
            AccountLimits {
                venue: account.venue.name,
                exposure_max: money_if_any(own.and_then(|own| own.exposure_max)),
                open_orders_max: own.and_then(|own| own.open_orders_max),
                rate: Some(OrderRate {
                    per_second: own.and_then(|own| own.per_second).unwrap_or(per_second),
                    burst: own.and_then(|own| own.burst).unwrap_or(burst),
                    cancel_reserve: own
                        .and_then(|own| own.cancel_reserve)
                        .unwrap_or(cancel_reserve),
                }),
                balances: Vec::new(),
            }
        });
        Settings {
            first_order: 1,
            reckoning: resolved.reporting,
            chains,
            instruments: instruments.collect(),
            assets: assets.collect(),
            strategies: strategies.collect(),
            accounts: accounts.collect(),
            venues: venues(resolved, risk, lists, of_money),
            gross_max: money(risk.gross_max),
            net_max: money(risk.net_max),
            open_orders_max: Some(risk.open_orders_max),
            daily_loss_max: money(risk.daily_loss_max),
            drawdown_max: money(risk.drawdown_max),
            quote_age_max_ns: Some(risk.quote_age_max_ns),
            is_unknown_open: risk.trade_unknown_status,
            decimals,
        }
    }
}

/// Of each venue that is used.
fn venues(resolved: &Resolved, risk: &Risk, lists: &RiskLists, decimals: u8) -> Vec<VenueLimits> {
    let mut venues: Vec<&'static str> = resolved.instruments.iter().map(|i| i.venue).collect();
    venues.sort_unstable();
    venues.dedup();
    let limits = |venue| {
        let own = find(&lists.venues, venue);
        let exposure_max = own.and_then(|own| own.exposure_max);
        VenueLimits {
            venue,
            exposure_max: exposure_max.and_then(|amount| amount.at_most(decimals)),
            fee_ppm: own.and_then(|own| own.fee_ppm).unwrap_or(risk.fee_ppm),
        }
    };
    venues.into_iter().map(limits).collect()
}

fn find<'n, T>(all: &'n [Named<T>], name: &str) -> Option<&'n T> {
    all.iter().find(|one| one.name == name).map(|one| &one.limits)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::base::AssetId;

    const DOLLAR: i64 = 100_000_000;

    fn settings(text: &str) -> Settings {
        let config = Config::parse(text, Path::new("my.toml")).unwrap();
        config.risk_settings(&config.resolve(), &["reversion", "momentum"])
    }

    fn faults(text: &str) -> String {
        Config::parse(text, Path::new("my.toml")).unwrap_err().to_string()
    }

    #[test]
    fn the_manual_limits_everything() {
        let settings = settings("");
        assert_eq!(settings.gross_max, Some(200_000 * DOLLAR));
        assert_eq!(settings.daily_loss_max, Some(2_000 * DOLLAR));
        assert_eq!(settings.quote_age_max_ns, Some(10_000_000_000));
        assert!(settings.instruments.iter().all(|i| i.notional_max == Some(10_000 * DOLLAR)));
        let rate = OrderRate { per_second: 10, burst: 20, cancel_reserve: 5 };
        assert!(settings.accounts.iter().all(|account| account.rate == Some(rate)));
        assert_eq!((settings.strategies.len(), settings.venues.len()), (2, 3));
    }

    #[test]
    fn single_things_have_limits_of_their_own() {
        let settings = settings(
            "[risk]\nnet_max = \"none\"\n[[risk.instruments]]\ninstrument = \"kraken:BTC/USD\"\n\
             qty_max = \"1.5\"\ncollar_bps = 50\n[[risk.assets]]\nasset = \"BTC\"\n\
             exposure_max = \"7.5\"\n[[risk.strategies]]\nstrategy = \"momentum\"\n\
             exposure_max = \"0\"\n[[risk.accounts]]\naccount = \"binance\"\norders_burst = 3\n\
             [[risk.venues]]\nvenue = \"kraken\"\nfee_ppm = 0\n",
        );
        assert_eq!(settings.net_max, None);
        let first = settings.instruments[0];
        assert_eq!((first.qty_max, first.collar_bps), (Some(150_000_000), Some(50)));
        assert_eq!(settings.assets.iter().flatten().collect::<Vec<_>>(), [&(750 * DOLLAR / 100)]);
        assert_eq!(settings.strategies[1].exposure_max, Some(0));
        let bursts = settings.accounts.iter().map(|account| account.rate.map(|rate| rate.burst));
        assert_eq!(bursts.flatten().collect::<Vec<_>>(), [20, 3, 20]);
        let fees: Vec<_> = settings.venues.iter().map(|v| (v.venue, v.fee_ppm)).collect();
        assert_eq!(fees, [("binance", 6_000), ("coinbase", 6_000), ("kraken", 0)]);
    }

    #[test]
    fn a_limit_that_is_finer_than_its_stand_in_is_cut_not_dropped() {
        let text =
            "[[assets]]\nname = \"USDT\"\ndecimals = 2\n[risk]\ngross_max = \"100000.129\"\n";
        let config = Config::parse(text, Path::new("my.toml")).unwrap();
        let resolved = config.resolve();
        let usdt = resolved.assets.iter().position(|asset| asset.name == "USDT").unwrap();
        let reckoned = Resolved { reporting: AssetId(usdt as u16), ..resolved };
        let settings = config.risk_settings(&reckoned, &[]);
        assert_eq!(settings.gross_max, Some(10_000_012));
    }

    #[test]
    fn limits_of_what_is_not_there_are_told_with_the_nearest_name() {
        let text = "[[risk.instruments]]\ninstrument = \"kraken:BTC/USDD\"\n[[risk.assets]]\n\
                    asset = \"BTX\"\n[[risk.accounts]]\naccount = \"nobody\"\n\
                    [[risk.strategies]]\nstrategy = \"momentun\"\n";
        let faults = faults(text);
        assert!(faults.contains("my.toml:1: risk.instruments: found kraken:BTC/USDD"), "{faults}");
        assert!(faults.contains("did you mean \"BTC\"?"), "{faults}");
        assert!(faults.contains("my.toml:5: risk.accounts: found nobody"), "{faults}");
        assert!(faults.contains("my.toml:7: risk.strategies: found momentun"), "{faults}");
        assert!(faults.contains("did you mean \"momentum\"?"), "{faults}");
    }

    #[test]
    fn amounts_are_decimal_text_and_no_finer_than_what_they_are_of() {
        let text = "[risk]\ngross_max = 5\nnet_max = \"-1\"\ncollar_bps = 10001\nlimt = 1\n";
        let faults = self::faults(text);
        for part in [
            "my.toml:2: risk.gross_max: found 5",
            "in quotation marks",
            "my.toml:3: risk.net_max: found text \"-1\"",
            "my.toml:4: risk.collar_bps: found 10001",
            "COLLAR_BPS_MAX",
            "my.toml:5: risk: found the unknown key `limt`",
        ] {
            assert!(faults.contains(part), "{part}: {faults}");
        }
        let fine = self::faults("[risk]\ngross_max = \"0.000000001\"\n");
        assert!(fine.contains("risk.gross_max") && fine.contains("at most 8 decimals"), "{fine}");
    }
}
