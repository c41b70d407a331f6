//! Single keys over a user's configuration: `risk.collar_bps=50`,
//! `strategies.momentum.entry_bps=2`.

use toml::{Table, Value};

use super::load::MANUAL;

/// Why a key could not be set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// Not of the form `key=value`.
    #[error("`{text}` sets nothing: expected KEY=VALUE, as in risk.collar_bps=50")]
    Form {
        /// What was written.
        text: String,
    },
    /// The configuration that it should stand over is no TOML.
    #[error("the configuration is no TOML: {why}; check it with `config check`")]
    Overlay {
        /// What the parser said.
        why: String,
    },
    /// Something on the way is no table.
    #[error("`{key}`: `{part}` is no table; see `config manual` for the keys")]
    NoTable {
        /// The key.
        key: String,
        /// The part of it that is none.
        part: String,
    },
}

/// `overlay` with keys set over it; each of `sets` is `KEY=VALUE`. A key leads through tables by
/// dots, and into a list by the `name` of an entry. A value is TOML; what is none is text.
pub fn set(overlay: &str, sets: &[String]) -> Result<String, SetError> {
    let whole = overlay.parse::<Table>();
    let mut root = whole.map_err(|why| SetError::Overlay { why: why.message().to_owned() })?;
    for text in sets {
        let (key, value) =
            text.split_once('=').ok_or_else(|| SetError::Form { text: text.clone() })?;
        let parts: Vec<&str> = key.trim().split('.').collect();
        if parts.iter().any(|part| part.is_empty()) {
            return Err(SetError::Form { text: text.clone() });
        }
        let is_text = matches!(built_in(&parts), Some(Value::String(_)));
        let value = value.trim();
        let value = if is_text { text_of(value) } else { value_of(value) };
        put(&mut root, &parts, value, key)?;
    }
    Ok(root.to_string())
}

/// What the manual says at a key.
fn built_in(parts: &[&str]) -> Option<Value> {
    let mut at = Value::Table(MANUAL.parse().ok()?);
    let mut list = None;
    for part in parts {
        let next = match (&at, list) {
            (Value::Array(entries), Some(())) => {
                entries.iter().find(|e| e.get("name").and_then(Value::as_str) == Some(*part))
            }
            (table, _) => table.get(*part),
        };
        at = next?.clone();
        list = at.is_array().then_some(());
    }
    Some(at)
}

/// Text, with quotation marks or without.
fn text_of(text: &str) -> Value {
    match value_of(text) {
        Value::String(text) => Value::String(text),
        _ => Value::String(text.to_owned()),
    }
}

/// A TOML value, or else text.
fn value_of(text: &str) -> Value {
    let parsed = format!("v = {text}").parse::<Table>().ok();
    let value = parsed.and_then(|mut table| table.remove("v"));
    value.unwrap_or_else(|| Value::String(text.to_owned()))
}

/// Lists whose entries have names.
const LISTS: [&str; 4] = ["models", "strategies", "accounts", "assets"];

fn put(table: &mut Table, parts: &[&str], value: Value, key: &str) -> Result<(), SetError> {
    let no_table = |part: &str| SetError::NoTable { key: key.to_owned(), part: part.to_owned() };
    match parts {
        [] => Ok(()),
        [last] => {
            table.insert((*last).to_owned(), value);
            Ok(())
        }
        [list, name, rest @ ..] if LISTS.contains(list) && !rest.is_empty() => {
            let entries = table.entry(*list).or_insert_with(|| Value::Array(Vec::new()));
            let entries = entries.as_array_mut().ok_or_else(|| no_table(list))?;
            let named = |entry: &Value| entry.get("name").and_then(Value::as_str) == Some(*name);
            let at = entries.iter().position(named).unwrap_or_else(|| {
                let mut entry = Table::new();
                entry.insert("name".to_owned(), Value::String((*name).to_owned()));
                entries.push(Value::Table(entry));
                entries.len() - 1
            });
            let entry = entries[at].as_table_mut().ok_or_else(|| no_table(name))?;
            put(entry, rest, value, key)
        }
        [first, rest @ ..] => {
            let inner = table.entry(*first).or_insert_with(|| Value::Table(Table::new()));
            put(inner.as_table_mut().ok_or_else(|| no_table(first))?, rest, value, key)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(overlay: &str, sets: &[&str]) -> Result<Table, SetError> {
        let sets: Vec<String> = sets.iter().map(|text| (*text).to_owned()).collect();
        set(overlay, &sets).map(|text| text.parse().unwrap())
    }

    #[test]
    fn a_key_is_set_over_what_the_user_wrote() {
        let table = with("[book]\nladder_depth = 10\n", &["book.ladder_depth=25"]).unwrap();
        assert_eq!(table["book"]["ladder_depth"].as_integer(), Some(25));
        let table = with("", &["pipeline.layout=stage-per-core"]).unwrap();
        assert_eq!(table["pipeline"]["layout"].as_str(), Some("stage-per-core"));
    }

    #[test]
    fn an_entry_of_a_list_is_found_by_its_name_or_added() {
        let text = "[[strategies]]\nname = \"a\"\nbudget = \"1\"\n";
        let table = with(text, &["strategies.a.budget=\"2\"", "strategies.b.enabled=false"]);
        let table = table.unwrap();
        assert_eq!(table["strategies"][0]["budget"].as_str(), Some("2"));
        assert_eq!(table["strategies"][1]["name"].as_str(), Some("b"));
        assert_eq!(table["strategies"][1]["enabled"].as_bool(), Some(false));
    }

    #[test]
    fn where_the_manual_has_text_a_number_is_text() {
        let table = with("", &["strategies.momentum.entry_bps=2.5", "book.ladder_depth=25"]);
        let table = table.unwrap();
        assert_eq!(table["strategies"][0]["entry_bps"].as_str(), Some("2.5"));
        assert_eq!(table["book"]["ladder_depth"].as_integer(), Some(25));
    }

    #[test]
    fn what_sets_nothing_is_refused() {
        assert!(matches!(with("", &["risk"]), Err(SetError::Form { .. })));
        assert!(matches!(with("", &["risk..a=1"]), Err(SetError::Form { .. })));
        assert!(matches!(with("risk = 1", &["risk.a=1"]), Err(SetError::NoTable { .. })));
        assert!(matches!(with("risk = ", &["risk.a=1"]), Err(SetError::Overlay { .. })));
    }
}
