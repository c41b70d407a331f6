//! What the parts of a configuration must be to each other.
//!
//! In: parts that are each without a fault, and the names of those that are not. Out: faults.
//! Never: a fault that only follows from another one.

use super::chain::chain;
use super::fault::{Fault, Place, Source, Wrong};
use super::part::{Instrument, Mark};
use super::section::nearest;
use super::whole::Universe;
use crate::base::render;

/// Names that stand in the configuration, whether or not the rest of their entry is right.
pub(super) struct Names {
    pub(super) assets: Vec<String>,
    pub(super) instruments: Vec<String>,
    pub(super) strategies: Vec<String>,
    pub(super) sides: Vec<Side>,
}

/// An asset that an instrument names as its base or quote.
pub(super) struct Side {
    pub(super) place: Place,
    pub(super) about: String,
    pub(super) asset: String,
    pub(super) venue: String,
}

/// Notes all that does not fit together.
pub(super) fn check(universe: &Universe, names: &Names, wrong: &mut Wrong) {
    let mut check = Check { universe, names, wrong };
    check.aliases();
    check.instruments();
    check.accounts();
    check.groups();
    check.reporting();
    for mark in &universe.marks {
        check.mark(mark);
    }
    // Chains only make sense of parts that do, and fees that are wrong are said to be so already.
    if check.wrong.is_empty() {
        check.chains();
        check.fees();
    }
}

struct Check<'a> {
    universe: &'a Universe,
    names: &'a Names,
    wrong: &'a mut Wrong,
}

impl Check<'_> {
    /// A venue's name of an asset must mean one asset.
    fn aliases(&mut self) {
        for asset in &self.universe.assets {
            for (venue, alias) in &asset.aliases {
                let mut others = self.universe.assets.iter().filter(|o| o.name != asset.name);
                let Some(other) = others.find(|o| o.is_called(alias, venue)) else { continue };
                let found = format!("the alias `{alias}`, which means {} there, too", other.name);
                let about = format!("assets {}, aliases.{venue}", asset.name);
                let expected = "a name for one asset";
                self.note(asset.place, about, found, expected, "remove it from one".to_owned());
            }
        }
    }

    fn instruments(&mut self) {
        for side in &self.names.sides {
            self.asset(side.place, side.about.clone(), &side.asset, &side.venue);
        }
        for instrument in self.universe.traded() {
            let side = |name: &str| self.universe.asset(name, instrument.venue.name);
            let (base, quote) = (side(&instrument.base), side(&instrument.quote));
            if base.is_some() && base == quote && instrument.base != instrument.quote {
                let found = format!("{} and {}", instrument.base, instrument.quote);
                let expected = "two assets, not two names of one";
                let fix = "name what it is paid with".to_owned();
                let about = format!("instruments {}", instrument.name());
                self.note(instrument.place, about, found, expected, fix);
            }
        }
    }

    /// What an account holds must be countable, and what it pays known.
    fn accounts(&mut self) {
        let universe = self.universe;
        for account in &universe.accounts {
            let about = format!("accounts {}", account.name);
            for holding in &account.balances {
                let about = format!("{about}, balances.{}", holding.asset);
                self.asset(holding.place, about.clone(), &holding.asset, account.venue.name);
                let Some(at) = universe.asset(&holding.asset, account.venue.name) else { continue };
                let decimals = universe.assets[at].decimals;
                if holding.amount.at(decimals).is_err() {
                    let found = render(holding.amount.mantissa, holding.amount.scale);
                    let expected =
                        format!("an amount that fits its {decimals} decimals and 64 bits");
                    let fix = "round it, or write less".to_owned();
                    self.note(holding.place, about, found, &expected, fix);
                }
            }
        }
    }

    /// Every account that is used must know what it pays.
    fn fees(&mut self) {
        let universe = self.universe;
        for account in universe.accounts.iter().filter(|account| account.enabled) {
            if universe.fees(account).is_none() {
                let about = format!("accounts {}", account.name);
                let found = format!("no fees, nor an account at {} with any", account.venue.name);
                let fix = "add `maker_bps = ..` and `taker_bps = ..`".to_owned();
                self.note(account.place, about, found, "what the venue charges", fix);
            }
        }
    }

    fn groups(&mut self) {
        for (n, group) in self.universe.fungible.iter().enumerate() {
            let about = format!("money.fungible {}", group.name);
            for (at, name) in group.assets.iter().enumerate() {
                self.asset(group.place, format!("{about}, assets"), name, "");
                let mut earlier = self.universe.fungible[..n].iter();
                if let Some(other) = earlier.find(|other| other.assets.contains(name)) {
                    let found = format!("{name}, which is in group {}, too", other.name);
                    let fix = "join the two groups, or remove it from one".to_owned();
                    self.note(group.place, about.clone(), found, "one group an asset", fix);
                }
                if group.assets[..at].contains(name) {
                    let fix = "remove it once".to_owned();
                    let found = format!("{name} twice");
                    self.note(group.place, about.clone(), found, "each asset once", fix);
                }
            }
        }
    }

    fn reporting(&mut self) {
        let money = &self.universe.money;
        // An empty name has its fault already.
        if !money.reporting.is_empty() {
            self.asset(money.place, String::from("money.reporting"), &money.reporting, "");
        }
        for name in &money.stand_ins {
            self.asset(money.place, String::from("money.stand_ins"), name, "");
        }
    }

    fn mark(&mut self, mark: &Mark) {
        let about = format!("marks {}", mark.asset);
        self.asset(mark.place, about.clone(), &mark.asset, "");
        if mark.asset == self.universe.money.reporting {
            // A mark of the manual is simply not needed then.
            if mark.place.source == Source::BuiltIn {
                return;
            }
            let found = "a mark for the reporting currency".to_owned();
            let fix = "remove it".to_owned();
            self.note(mark.place, about, found, "marks for other assets", fix);
            return;
        }
        let name = format!("{}:{}", mark.venue.name, mark.symbol);
        let Some(at) = self.universe.instrument(mark.venue.name, &mark.symbol) else {
            let is_unused =
                self.universe.instruments.iter().any(|i| !i.enabled && i.name() == name);
            if is_unused || !self.names.instruments.contains(&name) {
                let known: Vec<String> = self.universe.traded().map(Instrument::name).collect();
                let fix = match near(&name, &known) {
                    Some(near) => format!("did you mean \"{near}\"?"),
                    None => "list it, or name one of `instruments`".to_owned(),
                };
                let why = if is_unused { "is not enabled" } else { "is not listed" };
                let found = format!("{name}, which {why}");
                self.note(mark.place, about, found, "an instrument that is used", fix);
            }
            return;
        };
        let instrument = &self.universe.instruments[at];
        let Some(asset) = self.universe.asset_named(&mark.asset) else { return };
        let side = |name: &str| self.universe.asset(name, instrument.venue.name);
        let (Some(base), Some(quote)) = (side(&instrument.base), side(&instrument.quote)) else {
            return;
        };
        if asset != base && asset != quote {
            let found = format!("{name}, which is {} in {}", instrument.base, instrument.quote);
            let expected = format!("an instrument with {} in it", mark.asset);
            self.note(mark.place, about, found, &expected, "name another one".to_owned());
        }
    }

    /// Every asset that is traded must come to the reporting currency.
    fn chains(&mut self) {
        let universe = self.universe;
        let mut lost: Vec<(usize, &Instrument)> = Vec::new();
        for instrument in universe.traded() {
            for name in [&instrument.base, &instrument.quote] {
                if let Some(asset) = universe.asset(name, instrument.venue.name)
                    && chain(universe, asset).is_err()
                    && lost.iter().all(|(other, _)| *other != asset)
                {
                    lost.push((asset, instrument));
                }
            }
        }
        for (asset, instrument) in lost {
            let way: Vec<&str> = match chain(universe, asset) {
                Ok(links) | Err(links) => {
                    links.iter().map(|link| universe.assets[link.to].name.as_str()).collect()
                }
            };
            let name = &universe.assets[asset].name;
            let reporting = &universe.money.reporting;
            let found = match way.last() {
                Some(last) => {
                    format!("a chain that ends at {last} ({name} -> {})", way.join(" -> "))
                }
                None => String::from("no mark"),
            };
            let last = way.last().copied().unwrap_or(name);
            self.note(
                instrument.place,
                format!("asset {name} of instruments {}", instrument.name()),
                found,
                &format!("a chain of marks to {reporting}"),
                format!("add [[marks]] asset = \"{last}\", instrument = \"venue:SYMBOL\""),
            );
        }
    }

    /// An asset that is named must be listed.
    fn asset(&mut self, place: Place, about: String, name: &str, at_venue: &str) {
        let is_known = self.universe.asset(name, at_venue).is_some();
        if is_known || self.names.assets.iter().any(|known| known == name) {
            return;
        }
        let fix = match near(name, &self.names.assets) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("add [[assets]] name = \"{name}\", decimals = .."),
        };
        self.note(place, about, name.to_owned(), "an asset of `assets`", fix);
    }

    fn note(&mut self, place: Place, about: String, found: String, expected: &str, fix: String) {
        let expected = expected.to_owned();
        self.wrong.add(Fault { place, about, found, expected, fix });
    }
}

fn near<'n>(written: &str, known: &'n [String]) -> Option<&'n str> {
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    nearest(written, &known)
}
