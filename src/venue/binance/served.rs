//! Binance behaving, for sessions under trouble: one order of update ids on all lines.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::frames::{TWO, depth, granted, id_of, info, quote, snapshot, trade, two};
use super::session::OPENING;
use crate::venue::session::chaos::{Budgets, Said, Venue, play};
use crate::venue::session::{Action, Line, Settings};

#[derive(Default)]
struct Binance {
    /// Symbols that are subscribed, by line.
    streams: BTreeSet<(u32, &'static str)>,
    /// The last update id, and what each line has had of it.
    last: u64,
    told: BTreeMap<u32, u64>,
}

impl Venue for Binance {
    fn answer(&mut self, action: &Action) -> Vec<Said> {
        match action {
            Action::Connect { line, address } => {
                self.subscribe(line.attempt, &address.path);
                vec![Said::Opened(*line)]
            }
            Action::Send { line, text } => {
                self.subscribe(line.attempt, text);
                vec![Said::Frame(*line, granted(id_of(text)))]
            }
            Action::Fetch { id, address } if address.path.contains("exchangeInfo") => {
                let named: Vec<&str> =
                    TWO.into_iter().filter(|symbol| address.path.contains(symbol)).collect();
                vec![Said::Body(*id, info(&named, "TRADING"))]
            }
            Action::Fetch { id, .. } => vec![Said::Body(*id, snapshot(self.last))],
            _ => Vec::new(),
        }
    }

    fn talk(&mut self, line: Line) -> Vec<String> {
        self.last += 1;
        let first = self.told.insert(line.attempt, self.last).map_or(self.last, |told| told + 1);
        let brought = TWO.iter().filter(|symbol| self.streams.contains(&(line.attempt, symbol)));
        let all = brought.flat_map(|symbol| {
            [depth(symbol, first, self.last), trade(symbol, self.last), quote(symbol, self.last)]
        });
        all.collect()
    }

    fn weight(&self, path: &str) -> i64 {
        if path.contains("exchangeInfo") { 20 } else { 50 }
    }

    fn error(&self) -> &'static str {
        r#"{"code":2,"msg":"Invalid request: too many","id":1}"#
    }
}

impl Binance {
    fn subscribe(&mut self, line: u32, text: &str) {
        for symbol in TWO {
            if text.contains(&symbol.to_ascii_lowercase()) {
                self.streams.insert((line, symbol));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_happens_it_comes_to_life_again(
        seed in any::<u64>(),
        steps in 0_usize..300,
        redundancy in 1_u8..3,
        is_aging in any::<bool>(),
    ) {
        let age = if is_aging { 60_000_000_000 } else { 0 };
        let settings = Settings { redundancy, line_age_ns_max: age, seed, ..two() };
        let second = 1_000_000_000;
        let budgets = Budgets {
            attempts: (i64::from(settings.attempts_max), 300 * second),
            messages: (4, second),
            weight: (3_000, 60 * second),
        };
        play(&OPENING, settings, Binance::default(), (seed, steps), &budgets);
    }
}
