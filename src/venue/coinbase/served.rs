//! Coinbase behaving, for sessions under trouble: replies list all that is subscribed.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::scene::{ERROR, TWO, book, heartbeat, product, subscriptions};
use super::session::OPENING;
use crate::venue::session::chaos::{Budgets, Said, Venue, play};
use crate::venue::session::stand::settings;
use crate::venue::session::{Action, Line, Settings};

#[derive(Default)]
struct Coinbase {
    /// Books and trades that are subscribed, by line.
    books: BTreeSet<(u32, &'static str)>,
    trades: BTreeSet<(u32, &'static str)>,
}

impl Venue for Coinbase {
    fn answer(&mut self, action: &Action) -> Vec<Said> {
        match action {
            Action::Connect { line, .. } => vec![Said::Opened(*line)],
            Action::Send { line, text } => {
                self.reply(line.attempt, text).into_iter().map(|t| Said::Frame(*line, t)).collect()
            }
            Action::Fetch { id, address } => {
                let name = address.path.rsplit('/').next().unwrap();
                vec![Said::Body(*id, product(name, ""))]
            }
            _ => Vec::new(),
        }
    }

    fn talk(&mut self, line: Line) -> Vec<String> {
        let books: Vec<&str> = of(&self.books, line.attempt);
        if books.is_empty() {
            return vec![heartbeat(1)];
        }
        vec![heartbeat(1), book("update", &books)]
    }

    fn weight(&self, _: &str) -> i64 {
        1
    }

    fn error(&self) -> &'static str {
        ERROR
    }
}

impl Coinbase {
    fn reply(&mut self, line: u32, text: &str) -> Vec<String> {
        let is_book = text.contains("level2");
        let list = if is_book { &mut self.books } else { &mut self.trades };
        let mut whole = Vec::new();
        for name in TWO.into_iter().filter(|name| text.contains(name)) {
            if text.contains("unsubscribe") {
                list.remove(&(line, name));
            } else if list.insert((line, name)) && is_book {
                whole.push(name);
            }
        }
        let mut said = vec![subscriptions(&of(&self.books, line), &of(&self.trades, line))];
        if !whole.is_empty() {
            said.insert(0, book("snapshot", &whole));
        }
        said
    }
}

fn of(list: &BTreeSet<(u32, &'static str)>, line: u32) -> Vec<&'static str> {
    list.iter().filter(|(n, _)| *n == line).map(|(_, name)| *name).collect()
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
        let settings =
            Settings { redundancy, line_age_ns_max: age, seed, ..settings(&OPENING, &TWO) };
        let second = 1_000_000_000;
        let budgets = Budgets {
            attempts: (i64::from(settings.attempts_max), second),
            messages: (6, second),
            weight: (5, second),
        };
        play(&OPENING, settings, Coinbase::default(), (seed, steps), &budgets);
    }
}
