//! Models and strategies among the rest: what they name must be there, and gets its id.
//!
//! Ids are those of the instrument table that is handed in: a recording has its own.

use super::fault::{Fault, Place, Wrong};
use super::part::{Account, Instrument, Model, Strategy};
use super::section::nearest;
use super::which::Which;
use super::whole::{Config, Universe};
use crate::base::{self, AccountId, InstrumentId, InstrumentKind, Instruments};
use crate::stage::{model, route, strategy};

/// What models, strategies and router are told.
#[derive(Clone, Debug, Default)]
pub struct Trading {
    /// Of the model stage.
    pub models: model::Settings,
    /// Of the strategy stage. A place in it is the strategy's id.
    pub strategies: strategy::Settings,
    /// Of the router.
    pub routes: route::Settings,
}

impl Config {
    /// Models and strategies that are used, with the ids of this table. What is not in it is left
    /// out; accounts have their place among those that are used.
    pub fn trading(&self, instruments: &Instruments) -> Trading {
        let models = self.models.iter().filter(|m| m.enabled).map(|m| model::Given {
            name: m.name.clone(),
            horizon_ns: m.horizon_ns,
            instruments: m.instruments.ids(instruments),
            form: m.form.clone(),
            deadline_ns: m.deadline_ns,
        });
        let used: Vec<&Strategy> = self.strategies.iter().filter(|s| s.enabled).collect();
        let accounts: Vec<_> = used.iter().map(|s| self.accounts_of(s)).collect();
        let strategies = used.iter().zip(&accounts).map(|(s, accounts)| strategy::Given {
            name: s.name.clone(),
            instruments: tradable(&s.instruments, accounts, instruments),
            purse: s.means,
            form: s.form,
        });
        let strategies = strategy::Settings { strategies: strategies.collect() };
        let models = model::Settings { models: models.collect() };
        let routes = route::Settings { accounts, taker_fees_ppm: Vec::new() };
        Trading { models, strategies, routes }
    }

    /// A strategy's accounts that are used, each with its venue.
    fn accounts_of(&self, strategy: &Strategy) -> Vec<(&'static str, AccountId)> {
        let used = self.universe.accounts.iter().filter(|a| a.enabled).enumerate();
        used.filter(|(_, account)| strategy.accounts.contains(&account.name))
            .map(|(n, account)| (account.venue.name, AccountId(n as u16)))
            .collect()
    }
}

/// What a strategy can trade: spot or linear, where it has an account.
fn tradable(
    which: &Which,
    accounts: &[(&'static str, AccountId)],
    instruments: &Instruments,
) -> Vec<InstrumentId> {
    let can = |i: &&base::Instrument| {
        i.kind != InstrumentKind::Inverse && accounts.iter().any(|(venue, _)| *venue == i.venue)
    };
    which.among(instruments).filter(can).map(|i| i.id).collect()
}

/// Notes what models and strategies name and there is not. `listed` are the instruments whose
/// entries stand there, whether or not they are right.
pub(super) fn check(
    models: &[Model],
    strategies: &[Strategy],
    universe: &Universe,
    listed: &[String],
    wrong: &mut Wrong,
) {
    let mut check = Check { universe, listed, wrong };
    for model in models {
        let about = format!("models {}", model.name);
        check.instruments(model.place, &about, &model.instruments);
    }
    for strategy in strategies {
        let about = format!("strategies {}", strategy.name);
        check.instruments(strategy.place, &about, &strategy.instruments);
        check.accounts(strategy, &about);
    }
}

struct Check<'a> {
    universe: &'a Universe,
    listed: &'a [String],
    wrong: &'a mut Wrong,
}

impl Check<'_> {
    /// Each instrument must be listed. One that is not used is left out without a word.
    fn instruments(&mut self, place: Place, about: &str, which: &Which) {
        let Which::Listed(named) = which else { return };
        for (venue, symbol) in named {
            let name = format!("{}:{symbol}", venue.name);
            if self.listed.contains(&name) {
                continue;
            }
            let known: Vec<String> = self.universe.traded().map(Instrument::name).collect();
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let fix = match nearest(&name, &known) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => String::from("list it under [[instruments]], or name one of those"),
            };
            let about = format!("{about}, instruments");
            self.note(place, about, name, "an instrument of `instruments`", fix);
        }
    }

    /// Each account must be listed, and each instrument have one.
    fn accounts(&mut self, strategy: &Strategy, about: &str) {
        let all = &self.universe.accounts;
        for name in &strategy.accounts {
            if all.iter().any(|account| account.name == *name) {
                continue;
            }
            let known: Vec<&str> = all.iter().map(|account| account.name.as_str()).collect();
            let fix = match nearest(name, &known) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => String::from("list it under [[accounts]], or name one of those"),
            };
            let about = format!("{about}, accounts");
            self.note(strategy.place, about, name.clone(), "an account of `accounts`", fix);
        }
        let Which::Listed(named) = &strategy.instruments else { return };
        for (venue, symbol) in named {
            let name = format!("{}:{symbol}", venue.name);
            let is_own = |a: &&Account| strategy.accounts.contains(&a.name);
            if !all.iter().filter(is_own).any(|account| account.venue.name == venue.name) {
                let found = format!("{name}, and no account at {}", venue.name);
                let fix = format!("add an account of {} to `accounts`", venue.name);
                let expected = "an account at the venue of each instrument";
                self.note(strategy.place, format!("{about}, accounts"), found, expected, fix);
            }
            let inverse = self.universe.traded().find(|i| i.name() == name);
            if inverse.is_some_and(|i| i.kind == InstrumentKind::Inverse) {
                let found = format!("{name}, which is inverse");
                let fix = String::from("remove it");
                let about = format!("{about}, instruments");
                self.note(strategy.place, about, found, "spot or linear instruments", fix);
            }
        }
    }

    fn note(&mut self, place: Place, about: String, found: String, expected: &str, fix: String) {
        let expected = expected.to_owned();
        self.wrong.add(Fault { place, about, found, expected, fix });
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::base::Symbol;
    use crate::config::ConfigError;
    use crate::event::{Features, Now, Over};

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(text, Path::new("my.toml"))
    }

    /// The only fault of a text.
    fn fault(text: &str) -> String {
        let told = parse(text).expect_err("a wrong configuration was taken").to_string();
        let lines: Vec<&str> = told.lines().skip(1).map(str::trim).collect();
        assert_eq!(lines.len(), 1, "{lines:#?}");
        lines[0].to_owned()
    }

    /// The built-in strategy of this name with other values.
    fn changed(name: &str, lines: &str) -> String {
        format!("[[strategies]]\nname = \"{name}\"\n{lines}\n")
    }

    #[test]
    fn the_manual_has_two_strategies_and_a_model_for_them() {
        let trading = parse("").unwrap().resolve().trading;
        let names: Vec<&str> =
            trading.strategies.strategies.iter().map(|s| s.name.as_str()).collect();
        assert_eq!(names, ["reversion", "momentum"]);
        for strategy in &trading.strategies.strategies {
            assert_eq!(strategy.instruments.len(), 3);
            assert_eq!(strategy.purse.order_notional, 100 * 100_000_000);
        }
        let model = &trading.models.models[0];
        assert_eq!((model.horizon_ns, model.instruments.len()), (1_000_000_000, 9));
        let model::Form::Linear(linear) = &model.form else { panic!("a linear model") };
        let places: Vec<usize> = linear.weights.iter().map(|(place, _)| *place).collect();
        let flow = Features::place(Over::OrderFlow, 3);
        let touch = [Now::Imbalance1, Now::Micro].map(Features::place_now);
        assert_eq!(places, [touch[0], touch[1], flow]);
    }

    #[test]
    fn ids_are_those_of_the_table_that_is_handed_in() {
        let config = parse("").unwrap();
        let mut recorded = Instruments::default();
        for (venue, symbol) in [("nasdaq", "AAPL"), ("binance", "BTCUSDT")] {
            let symbol = Symbol::new(symbol.as_bytes()).unwrap();
            recorded.add(base::Instrument::plain(venue, symbol, 2, 8)).unwrap();
        }
        let trading = config.trading(&recorded);
        assert_eq!(trading.strategies.strategies[0].instruments, [InstrumentId(1)]);
        assert_eq!(trading.models.models[0].instruments.len(), 2);
        let accounts = &trading.routes.accounts[0];
        assert_eq!(accounts[1], ("binance", AccountId(1)));
    }

    #[test]
    fn what_is_not_used_is_left_out() {
        let text = changed("reversion", "enabled = false")
            + "[[accounts]]\nname = \"kraken\"\nenabled = false\n"
            + "[[models]]\nname = \"touch\"\nenabled = false\n";
        let trading = parse(&text).unwrap().resolve().trading;
        assert_eq!(trading.strategies.strategies.len(), 1);
        assert_eq!(trading.strategies.strategies[0].instruments.len(), 2, "none at kraken");
        assert_eq!(
            trading.routes.accounts[0],
            [("binance", AccountId(0)), ("coinbase", AccountId(1))]
        );
        assert!(trading.models.models.is_empty());
    }

    #[test]
    fn an_unknown_instrument_is_named_with_the_nearest_one() {
        let text = changed("momentum", "instruments = [\"binance:BTCUSDC\"]");
        assert_eq!(
            fault(&text),
            "my.toml:1: strategies momentum, instruments: found binance:BTCUSDC, expected an \
             instrument of `instruments`; did you mean \"binance:BTCUSDT\"?"
        );
    }

    #[test]
    fn an_instrument_without_an_account_and_an_unknown_account_are_named() {
        let text = changed("momentum", "accounts = [\"kraken\", \"binance\"]");
        assert!(fault(&text).contains("found coinbase:BTC-USD, and no account at coinbase"));
        let lines = "accounts = [\"krakn\"]\ninstruments = []";
        assert!(fault(&changed("momentum", lines)).contains("did you mean \"kraken\"?"));
    }

    #[test]
    fn values_out_of_order_or_range_are_named() {
        for (lines, part) in [
            ("horizon = 8", "a whole number of places among horizons from 0 to 7"),
            ("entry = \"0.5\"", "expected exit below entry below stop"),
            ("entry = 2.5", "2.5 (a float)"),
            ("order_notional = \"5000\"", "found more than `budget`"),
            ("entry_bps = \"1\"", "the unknown key `entry_bps`"),
            ("kind = \"grid\"", "\"reversion\" or \"momentum\""),
        ] {
            let told = fault(&changed("reversion", lines));
            assert!(told.contains(part), "{lines}: {told}");
        }
    }

    #[test]
    fn an_unknown_feature_is_named_with_the_nearest_one() {
        let text = "[[models]]\nname = \"touch\"\nweights = { zscor_3 = \"1\" }\n";
        assert!(fault(text).contains("did you mean `zscore_3`?"));
        let text = "[[models]]\nname = \"touch\"\nweights = { zscore_3 = 1 }\n";
        assert!(fault(text).contains("decimal text of basis points a unit"));
    }

    #[test]
    fn a_weight_of_zero_is_none() {
        let text = "[[models]]\nname = \"touch\"\nweights = { order_flow_3 = \"0\" }\n";
        let trading = parse(text).unwrap().resolve().trading;
        let model::Form::Linear(linear) = &trading.models.models[0].form else {
            panic!("a linear model")
        };
        assert_eq!(linear.weights.len(), 2);
    }
}
