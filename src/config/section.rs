//! One table of a configuration on its way to a typed part: each key is asked for once, and what
//! nobody asked for is unknown.

use super::fault::{Fault, Place, Wrong};
use super::tree::{Node, Table, Value, excerpt};
use crate::base::{Decimal, DecimalError};
use crate::limits;
use crate::venue::{self, DIALECTS, Dialect};

/// A table that is being read.
pub(super) struct Section<'a> {
    /// How it is named in faults.
    name: String,
    place: Place,
    table: &'a Table,
    /// Is there a built-in value for each key?
    has_defaults: bool,
    asked: Vec<&'static str>,
    wrong: &'a mut Wrong,
}

/// Whole numbers that a key takes.
#[derive(Clone, Copy)]
pub(super) struct Bound {
    pub(super) unit: &'static str,
    pub(super) min: u64,
    pub(super) max: u64,
    /// Where the bound comes from.
    pub(super) limit: &'static str,
    /// Powers of two only?
    pub(super) is_power: bool,
}

impl<'a> Section<'a> {
    pub(super) fn new(name: &str, place: Place, table: &'a Table, wrong: &'a mut Wrong) -> Self {
        let name = name.to_owned();
        Section { name, place, table, has_defaults: true, asked: Vec::new(), wrong }
    }

    /// An entry of a list: nothing stands in for a key that is missing.
    pub(super) fn entry(name: &str, place: Place, table: &'a Table, wrong: &'a mut Wrong) -> Self {
        Section { has_defaults: false, ..Section::new(name, place, table, wrong) }
    }

    /// Where the table begins.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// A whole number.
    pub(super) fn whole(&mut self, key: &'static str, bound: Bound) -> Option<u64> {
        let node = self.needed(key, &bound.told())?;
        self.whole_of(key, node, bound)
    }

    /// A whole number, if the key is there.
    pub(super) fn whole_if_any(&mut self, key: &'static str, bound: Bound) -> Option<u64> {
        let node = self.ask(key)?;
        self.whole_of(key, node, bound)
    }

    fn whole_of(&mut self, key: &str, node: &Node, bound: Bound) -> Option<u64> {
        if let Value::Whole(number) = node.value
            && let Ok(number) = u64::try_from(number)
            && bound.holds(number)
        {
            return Some(number);
        }
        self.refuse(key, node, &bound.told(), "write one of those");
        None
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, key: &'static str) -> Option<bool> {
        let node = self.needed(key, FLAG)?;
        self.flag_of(key, node)
    }

    /// `true` or `false`, if the key is there.
    pub(super) fn flag_if_any(&mut self, key: &'static str) -> Option<bool> {
        let node = self.ask(key)?;
        self.flag_of(key, node)
    }

    fn flag_of(&mut self, key: &str, node: &Node) -> Option<bool> {
        if let Value::Flag(flag) = node.value {
            return Some(flag);
        }
        self.refuse(key, node, FLAG, "write one of the two, without quotation marks");
        None
    }

    /// Text that means something: `read` says what, or nothing.
    pub(super) fn text<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let node = self.needed(key, expected)?;
        self.text_of(key, node, expected, read)
    }

    /// The same, if the key is there.
    pub(super) fn text_if_any<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let node = self.ask(key)?;
        self.text_of(key, node, expected, read)
    }

    fn text_of<T>(
        &mut self,
        key: &str,
        node: &Node,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let Value::Text(text) = &node.value else {
            self.refuse(key, node, expected, "write it in quotation marks");
            return None;
        };
        let value = read(text);
        if value.is_none() {
            self.refuse(key, node, expected, "write one of those");
        }
        value
    }

    /// A name: of an asset, an account, a group.
    pub(super) fn name(&mut self, key: &'static str) -> Option<String> {
        self.text(key, &name_told(), name_of)
    }

    /// The venue that a key names.
    pub(super) fn venue(&mut self, key: &'static str) -> Option<&'static Dialect> {
        self.text(key, &format!("a venue ({})", venues_told()), venue::dialect)
    }

    /// Decimal text in whole units of 10^-`decimals`. Where the decimals are not known, because
    /// they are wrong themselves, only that it is such a text.
    pub(super) fn decimal(
        &mut self,
        key: &'static str,
        decimals: Option<u8>,
        min: i64,
    ) -> Option<i64> {
        let least = if min > 0 { "above" } else { "not below" };
        let finest = decimals.unwrap_or(limits::DECIMALS_MAX);
        let expected =
            format!("decimal text {least} 0 with at most {finest} decimals, as in \"0.01\"");
        let node = self.needed(key, &expected)?;
        let Value::Text(text) = &node.value else {
            let fix = "write it in quotation marks, since a float would not be exact";
            self.refuse(key, node, &expected, fix);
            return None;
        };
        let units = Decimal::parse(text.as_bytes())
            .and_then(|number| number.unsigned_at(decimals.unwrap_or(number.scale)));
        match units {
            Ok(units) if units >= min => return Some(units),
            Err(DecimalError::TooFine(_)) => {
                self.refuse(key, node, &expected, "give the instrument more decimals, or round it");
            }
            _ => self.refuse(key, node, &expected, "write such a number"),
        }
        None
    }

    /// A list of names.
    pub(super) fn names(&mut self, key: &'static str) -> Option<Vec<String>> {
        let expected = format!("a list, each {}", name_told());
        let node = self.needed(key, &expected)?;
        let names = names_of(node);
        if names.is_none() {
            self.refuse(key, node, &expected, "write [\"A\", \"B\"]");
        }
        names
    }

    /// A table within, if it is there: its keys with their values.
    pub(super) fn table_if_any(&mut self, key: &'static str) -> Option<&'a Table> {
        let node = self.ask(key)?;
        if let Value::Table(table) = &node.value {
            return Some(table);
        }
        let fix = format!("write [{}.{key}] on a line of its own", self.name);
        self.refuse(key, node, "a table", &fix);
        None
    }

    /// Notes what is wrong with a value.
    pub(super) fn refuse(&mut self, key: &str, node: &Node, expected: &str, fix: &str) {
        let fix = if self.has_defaults {
            format!("{fix}, or leave the key out for the built-in value")
        } else {
            fix.to_owned()
        };
        let (about, expected) = (self.path(key), expected.to_owned());
        self.wrong.add(Fault { place: node.place, about, found: node.told(), expected, fix });
    }

    /// Notes something else that is wrong with a key, or with the whole table where it is empty.
    pub(super) fn note(&mut self, key: &str, found: String, expected: &str, fix: String) {
        let place = self.table.0.get(key).map_or(self.place, |node| node.place);
        let (about, expected) = (self.path(key), expected.to_owned());
        self.wrong.add(Fault { place, about, found, expected, fix });
    }

    /// Ends the reading: keys that nobody asked for are unknown.
    pub(super) fn finish(self) {
        for (key, node) in &self.table.0 {
            if self.asked.contains(&key.as_str()) {
                continue;
            }
            let fix = match nearest(key, &self.asked) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("remove it; known here are {}", self.asked.join(", ")),
            };
            self.wrong.add(Fault {
                place: node.place,
                about: self.name.clone(),
                found: format!("the unknown key `{}`", excerpt(key)),
                expected: String::from("a key of the manual, default.toml"),
                fix,
            });
        }
    }

    fn path(&self, key: &str) -> String {
        match (self.name.is_empty(), key.is_empty()) {
            (true, _) => key.to_owned(),
            (_, true) => self.name.clone(),
            _ if self.has_defaults => format!("{}.{key}", self.name),
            _ => format!("{}, {key}", self.name),
        }
    }

    /// The value of a key, which is known from now on.
    pub(super) fn ask(&mut self, key: &'static str) -> Option<&'a Node> {
        self.asked.push(key);
        self.table.0.get(key)
    }

    fn needed(&mut self, key: &'static str, expected: &str) -> Option<&'a Node> {
        let node = self.ask(key);
        if node.is_none() {
            let fix = format!("add `{key} = ..`");
            self.note(key, String::from("nothing"), expected, fix);
        }
        node
    }
}

const FLAG: &str = "true or false";

impl Bound {
    /// From `min` to `max`; `limit` is what the larger bound comes from.
    pub(super) const fn new(unit: &'static str, min: u64, max: u64, limit: &'static str) -> Bound {
        Bound { unit, min, max, limit, is_power: false }
    }

    /// Powers of two only.
    pub(super) const fn power(self) -> Bound {
        Bound { is_power: true, ..self }
    }

    fn holds(self, number: u64) -> bool {
        (self.min..=self.max).contains(&number) && (!self.is_power || number.is_power_of_two())
    }

    fn told(self) -> String {
        let Bound { unit, min, max, limit, is_power } = self;
        let kind = if is_power { "a power of two" } else { "a whole number" };
        format!("{kind} of {unit} from {min} to {max} ({limit})")
    }
}

/// The names of all venues.
pub(super) fn venues_told() -> String {
    DIALECTS.iter().map(|dialect| dialect.name).collect::<Vec<_>>().join(", ")
}

/// What a name must be.
pub(super) fn name_told() -> String {
    format!("a name of 1 to {} letters, digits, `-`, `_` or `.`", limits::NAME_BYTES_MAX)
}

/// A text that can be a name.
pub(super) fn name_of(text: &str) -> Option<String> {
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let fits = (1..=limits::NAME_BYTES_MAX).contains(&text.len());
    (fits && text.bytes().all(is_good)).then(|| text.to_owned())
}

/// A list of names.
pub(super) fn names_of(node: &Node) -> Option<Vec<String>> {
    let Value::List(list) = &node.value else { return None };
    let name = |node: &Node| match &node.value {
        Value::Text(text) => name_of(text),
        _ => None,
    };
    list.iter().map(name).collect()
}

/// The known name that is closest to what was written, where one is close.
pub(super) fn nearest<'n>(written: &str, known: &[&'n str]) -> Option<&'n str> {
    if written.len() > limits::NAME_BYTES_MAX {
        return None;
    }
    let close = |name: &&str| (1 + name.len() / 4).min(3);
    known
        .iter()
        .copied()
        .map(|name| (distance(written.as_bytes(), name.as_bytes()), name))
        .filter(|(distance, name)| *distance <= close(name))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// Letters to insert, remove, replace or swap with their neighbour to turn one text into the other.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut rows = vec![(0..=b.len()).collect::<Vec<_>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_is_told_from_another_word() {
        let known = ["stale_after_ms", "window_ticks_max", "ladder_depth"];
        assert_eq!(nearest("stale_afer_ms", &known), Some("stale_after_ms"));
        assert_eq!(nearest("ladder_detph", &known), Some("ladder_depth"));
        assert_eq!(nearest("speed", &known), None);
    }

    #[test]
    fn distance_counts_a_swap_once() {
        assert_eq!(distance(b"tikc", b"tick"), 1);
        assert_eq!(distance(b"", b"lot"), 3);
        assert_eq!(distance(b"pin", b"pin"), 0);
    }
}
