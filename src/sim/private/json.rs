//! JSON as the venues write it: numbers bare and at full scale, which `serde_json` cannot, and
//! values read whether they are texts or numbers.

use serde_json::Value;

/// An object as it grows.
#[derive(Clone, Debug)]
pub(super) struct Object(String);

impl Object {
    pub(super) fn new() -> Object {
        Object("{".into())
    }

    /// A value that is JSON already.
    pub(super) fn raw(mut self, key: &str, value: impl AsRef<str>) -> Object {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0 += "\"";
        self.0 += key;
        self.0 += "\":";
        self.0 += value.as_ref();
        self
    }

    /// A text.
    pub(super) fn text(self, key: &str, value: impl AsRef<str>) -> Object {
        let quoted = Value::from(value.as_ref()).to_string();
        self.raw(key, quoted)
    }

    /// A text, where there is one.
    pub(super) fn some(self, key: &str, value: &str) -> Object {
        if value.is_empty() { self } else { self.text(key, value) }
    }

    pub(super) fn done(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// A list of values that are JSON already.
pub(super) fn list(values: &[String]) -> String {
    format!("[{}]", values.join(","))
}

/// The digits of a number, or of a text that should be one.
pub(super) fn digits(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}
