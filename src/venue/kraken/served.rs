//! Kraken behaving, for sessions under trouble: a reply for each symbol, a snapshot for each book.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::frames::{HEARTBEAT, TWO, book, denied, granted, left, listed, req_id, trade};
use super::session::OPENING;
use crate::venue::session::chaos::{Budgets, Said, Venue, play};
use crate::venue::session::stand::settings;
use crate::venue::session::{Action, Line, Settings};

#[derive(Default)]
struct Kraken {
    /// Books that are subscribed, by line.
    books: BTreeSet<(u32, &'static str)>,
    open: BTreeSet<u32>,
    trades: u64,
}

impl Venue for Kraken {
    fn answer(&mut self, action: &Action) -> Vec<Said> {
        match action {
            Action::Connect { line, .. } => {
                self.open.insert(line.attempt);
                vec![Said::Opened(*line)]
            }
            Action::Send { line, text } => {
                self.reply(line.attempt, text).into_iter().map(|t| Said::Frame(*line, t)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn talk(&mut self, line: Line) -> Vec<String> {
        self.trades += 1;
        let books = TWO.iter().filter(|symbol| self.books.contains(&(line.attempt, symbol)));
        let changes = books.map(|symbol| book("update", symbol));
        changes.chain([String::from(HEARTBEAT), trade(TWO[0], self.trades)]).collect()
    }

    fn weight(&self, _: &str) -> i64 {
        1
    }

    fn error(&self) -> &'static str {
        r#"{"error":"Exceeded msg rate","success":false}"#
    }
}

impl Kraken {
    fn reply(&mut self, line: u32, text: &str) -> Vec<String> {
        if text.contains("\"ping\"") {
            return vec![String::from(r#"{"method":"pong"}"#)];
        }
        if text.contains("\"instrument\"") {
            return vec![listed(&TWO)];
        }
        let (id, is_subscribe) = (req_id(text), text.contains("\"subscribe\""));
        let mut said = Vec::new();
        for symbol in TWO.into_iter().filter(|symbol| text.contains(symbol)) {
            if text.contains("\"trade\"") {
                said.push(granted("trade", symbol, id));
            } else if !is_subscribe {
                self.books.remove(&(line, symbol));
                said.push(left(symbol));
            } else if self.books.insert((line, symbol)) {
                said.extend([granted("book", symbol, id), book("snapshot", symbol)]);
            } else {
                said.push(denied(symbol, "Already subscribed", id));
            }
        }
        said
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
        let settings =
            Settings { redundancy, line_age_ns_max: age, seed, ..settings(&OPENING, &TWO) };
        let second = 1_000_000_000;
        let budgets = Budgets {
            attempts: (i64::from(settings.attempts_max), 600 * second),
            messages: (10, second),
            weight: (0, second),
        };
        play(&OPENING, settings, Kraken::default(), (seed, steps), &budgets);
    }
}
