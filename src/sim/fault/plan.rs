//! Plan: which faults, when, at whom; written by hand in a file or left to chance at a rate.
//!
//! In: TOML. Out: [`Plan`], or an error with its line and what to write instead.
//! Never: a key that is not understood and passed over.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::limits::CONFIG_BYTES_MAX;
use crate::sim::hall::VENUES;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Frames are lost: holes in counters and update ids.
    Drop,
    /// Frames come twice.
    Duplicate,
    /// Two frames change places.
    Reorder,
    /// A byte of a frame is another one.
    Corrupt,
    /// A frame's checksum is wrong (Kraken); frames without one are left alone.
    Checksum,
    /// Frames wait until the fault is over, then all come.
    Stall,
    /// Nothing comes any more and nobody listens, on connections that are open then.
    HalfOpen,
    /// Frames come `delay_ms` late.
    Slow,
    /// Connections are closed.
    Disconnect,
    /// The venue says so as it does (Kraken its status, Binance `serverShutdown`, Coinbase
    /// nothing), then connections are closed, new ones and REST requests are refused with 503.
    Maintenance,
    /// Clients' texts are lost: subscriptions never answered.
    Deaf,
    /// Subscriptions are refused; `count` says how many requests.
    Refuse,
    /// REST answers are of a time that is `delay_ms` to twice as long ago: they lag the socket.
    Lag,
    /// The venue's clock is `skew_ms` off, in frames and REST answers.
    Skew,
    /// One member of a market (`symbol`, else the first) places and cancels so often that its book
    /// changes `rate` times a second more than it would.
    Burst,
}

/// All of them, by name.
const NAMES: [(&str, What); 15] = [
    ("drop", What::Drop),
    ("duplicate", What::Duplicate),
    ("reorder", What::Reorder),
    ("corrupt", What::Corrupt),
    ("checksum", What::Checksum),
    ("stall", What::Stall),
    ("half-open", What::HalfOpen),
    ("slow", What::Slow),
    ("disconnect", What::Disconnect),
    ("maintenance", What::Maintenance),
    ("deaf", What::Deaf),
    ("refuse", What::Refuse),
    ("lag", What::Lag),
    ("skew", What::Skew),
    ("burst", What::Burst),
];

/// How long a fault takes where nothing is said and it is none of a count.
const FOR_MS: i64 = 1_000;

/// By how much [`What::Slow`] delays where nothing is said.
const DELAY_MS: i64 = 250;

/// By how much [`What::Skew`] is off where nothing is said.
const SKEW_MS: i64 = 2_000;

/// How often in a second [`What::Burst`] strikes where nothing is said, and at most.
const RATES: (i64, i64) = (10_000, 1_000_000);

/// Milliseconds of anything in a plan, at most: a day.
const MS_MAX: i64 = 86_400_000;

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Since the start, virtual milliseconds.
    pub at_ms: i64,
    /// What goes wrong.
    pub what: What,
    /// At which venue, by its number in [`VENUES`]; `None` is at all.
    pub venue: Option<usize>,
    /// On which connection of its venue, the first being 1; `None` is on all.
    pub connection: Option<u64>,
    /// Only frames that hold this text.
    pub symbol: Option<String>,
    /// For how long.
    pub for_ms: i64,
    /// How many frames at most; `None` is all of the time.
    pub count: Option<u64>,
    /// By how much frames, or REST answers, are late.
    pub delay_ms: i64,
    /// By how much the venue's clock is ahead; below zero it is behind.
    pub skew_ms: i64,
    /// Changes of a book in a second.
    pub rate: i64,
}

/// All faults of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Those with a time.
    pub entries: Vec<Entry>,
    /// Faults of chance in a minute, on average.
    pub per_minute: u32,
}

/// A plan that is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: found {found}, expected {expected}; {fix}")]
pub struct PlanError {
    /// Where, from 1.
    pub line: usize,
    /// What stands there.
    pub found: String,
    /// What was expected.
    pub expected: String,
    /// What to do.
    pub fix: String,
}

/// A file as it is read.
struct Reader<'a> {
    text: &'a str,
}

impl Entry {
    /// A burst at the first market of the first venue: when, how often a second, seconds.
    pub fn burst(at_ms: i64, rate: u32, seconds: u32) -> Entry {
        Entry {
            at_ms,
            venue: Some(0),
            for_ms: i64::from(seconds) * 1_000,
            rate: rate.into(),
            ..Entry::of(What::Burst)
        }
    }

    /// At once, everywhere, with what is meant where nothing is said.
    fn of(what: What) -> Entry {
        Entry {
            at_ms: 0,
            what,
            venue: None,
            connection: None,
            symbol: None,
            for_ms: FOR_MS,
            count: None,
            delay_ms: DELAY_MS,
            skew_ms: SKEW_MS,
            rate: RATES.0,
        }
    }
}

impl Plan {
    /// Reads a plan: `[[fault]]` tables, and `[random]` with `per_minute`.
    pub fn parse(text: &str) -> Result<Plan, PlanError> {
        let reader = Reader { text };
        if text.len() > CONFIG_BYTES_MAX {
            let (found, most) =
                (text.len().to_string(), format!("at most {CONFIG_BYTES_MAX} bytes"));
            return Err(reader.error(0, &found, &most, "make the file shorter"));
        }
        let document = DeTable::parse(text).map_err(|why| {
            let at = why.span().map_or(0, |span| span.start);
            let message = why.message().replace('\n', ", ");
            reader.error(at, &message, "TOML", "write `[[fault]]` and below it `key = value`")
        })?;
        let mut plan = Plan::default();
        for (key, value) in document.get_ref() {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("fault", DeValue::Array(list)) => {
                    for entry in list {
                        plan.entries.push(reader.entry(entry)?);
                    }
                }
                ("random", DeValue::Table(table)) => {
                    for (key, value) in table {
                        if key.get_ref() != "per_minute" {
                            return Err(reader.unknown(key, "per_minute"));
                        }
                        plan.per_minute = reader.number(value, 0, 6_000)? as u32;
                    }
                }
                _ => return Err(reader.unknown(key, "[[fault]], [random]")),
            }
        }
        Ok(plan)
    }
}

impl Reader<'_> {
    fn entry(&self, entry: &Spanned<DeValue<'_>>) -> Result<Entry, PlanError> {
        const KEYS: &str =
            "at_ms, what, venue, connection, symbol, for_ms, count, delay_ms, skew_ms, rate";
        let start = entry.span().start;
        let DeValue::Table(table) = entry.get_ref() else {
            return Err(self.error(start, "a value", "a table", "write [[fault]]"));
        };
        let (mut at_ms, mut what, mut for_ms) = (None, None, None);
        let mut fault = Entry::of(What::Drop);
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "at_ms" => at_ms = Some(self.number(value, 0, MS_MAX)?),
                "what" => what = Some(self.one_of(value, &NAMES)?),
                "venue" => {
                    let all = [(VENUES[0], 0), (VENUES[1], 1), (VENUES[2], 2)];
                    fault.venue = Some(self.one_of(value, &all)?);
                }
                "connection" => fault.connection = Some(self.number(value, 1, i64::MAX)? as u64),
                "symbol" => fault.symbol = Some(self.word(value)?.to_owned()),
                "for_ms" => for_ms = Some(self.number(value, 1, MS_MAX)?),
                "count" => fault.count = Some(self.number(value, 1, i64::MAX)? as u64),
                "delay_ms" => fault.delay_ms = self.number(value, 1, MS_MAX)?,
                "skew_ms" => fault.skew_ms = self.number(value, -MS_MAX, MS_MAX)?,
                "rate" => fault.rate = self.number(value, 1, RATES.1)?,
                _ => return Err(self.unknown(key, KEYS)),
            }
        }
        let missing = |key: &str| {
            self.error(start, &format!("a fault without `{key}`"), key, "add the key to the table")
        };
        fault.at_ms = at_ms.ok_or_else(|| missing("at_ms"))?;
        fault.what = what.ok_or_else(|| missing("what"))?;
        // So many frames, however long that takes; or so long, however many frames that is.
        fault.for_ms = for_ms.unwrap_or(if fault.count.is_some() { MS_MAX } else { FOR_MS });
        Ok(fault)
    }

    fn number(&self, value: &Spanned<DeValue<'_>>, min: i64, max: i64) -> Result<i64, PlanError> {
        let number = match value.get_ref() {
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        number.filter(|number| (min..=max).contains(number)).ok_or_else(|| {
            let expected = format!("a whole number from {min} to {max}");
            self.error(value.span().start, &self.shown(value), &expected, "mend the number")
        })
    }

    fn word<'t>(&self, value: &'t Spanned<DeValue<'_>>) -> Result<&'t str, PlanError> {
        let DeValue::String(text) = value.get_ref() else {
            let fix = "put it in quotation marks";
            return Err(self.error(value.span().start, &self.shown(value), "text", fix));
        };
        Ok(text)
    }

    fn one_of<T: Copy>(
        &self,
        value: &Spanned<DeValue<'_>>,
        all: &[(&str, T)],
    ) -> Result<T, PlanError> {
        let word = self.word(value)?;
        let found = all.iter().find(|(name, _)| *name == word).map(|(_, meaning)| *meaning);
        found.ok_or_else(|| {
            let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
            let expected = format!("one of {}", names.join(", "));
            self.error(value.span().start, &self.shown(value), &expected, "choose one of them")
        })
    }

    fn unknown(&self, key: &Spanned<std::borrow::Cow<'_, str>>, known: &str) -> PlanError {
        let found = format!("`{}`", key.get_ref());
        self.error(key.span().start, &found, &format!("one of {known}"), "rename or remove it")
    }

    /// A value as it is written.
    fn shown(&self, value: &Spanned<DeValue<'_>>) -> String {
        self.text.get(value.span()).unwrap_or_default().chars().take(60).collect()
    }

    fn error(&self, at: usize, found: &str, expected: &str, fix: &str) -> PlanError {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = 1 + before.matches('\n').count();
        let (expected, fix) = (expected.to_owned(), fix.to_owned());
        PlanError { line, found: found.to_owned(), expected, fix }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_read_with_its_defaults() {
        let text = "[[fault]]\nat_ms = 5_000\nwhat = \"drop\"\nvenue = \"binance\"\ncount = 3\n\
                    [[fault]]\nat_ms = 0x10\nwhat = \"stall\"\nsymbol = \"BTC/USD\"\n\
                    [random]\nper_minute = 6\n";
        let plan = Plan::parse(text).unwrap();
        let (first, second) = (&plan.entries[0], &plan.entries[1]);
        assert_eq!((first.at_ms, first.what, first.venue), (5_000, What::Drop, Some(1)));
        assert_eq!((first.count, first.for_ms), (Some(3), MS_MAX));
        assert_eq!((second.at_ms, second.for_ms, second.connection), (16, FOR_MS, None));
        assert_eq!(plan.per_minute, 6);
    }

    #[test]
    fn what_is_not_understood_is_named_with_its_line_and_the_fix() {
        let head = "[[fault]]\nat_ms = 1\n";
        for (text, told) in [
            ("what = \"drop\"\nwhen = 3\n", "line 4: found `when`, expected one of at_ms, what"),
            ("what = \"dorp\"\n", "line 3: found \"dorp\", expected one of drop, duplicate"),
            ("what = \"drop\"\nvenue = 7\n", "line 4: found 7, expected text; put it in quotation"),
            ("what = \"drop\"\ncount = -1\n", "line 4: found -1, expected a whole number from 1"),
            ("venue = \"kraken\"\n", "line 1: found a fault without `what`"),
            ("what = \n", "line 3: "),
            ("what = \"drop\"\n[chaos]\n", "line 4: found `chaos`, expected one of [[fault]]"),
        ] {
            let why = Plan::parse(&format!("{head}{text}")).unwrap_err().to_string();
            assert!(why.starts_with(told), "{why}");
        }
    }
}
