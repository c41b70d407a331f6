//! `[signal]`: over which horizons signals remember, and how.

use super::super::section::Section;
use super::super::tree::{Node, Value};
use crate::event::HORIZONS;
use crate::limits;
use crate::stage::signal::{Form, Level, Settings};

/// What signals remember.
#[derive(Clone, Copy, Debug)]
pub struct Signal {
    /// Horizons, ns, ascending.
    pub horizons_ns: [i64; HORIZONS],
    /// How they remember.
    pub form: Form,
}

const MS: i64 = 1_000_000;

impl Signal {
    pub(in crate::config) fn read(mut section: Section<'_>) -> Option<Signal> {
        let horizons_ns = horizons(&mut section);
        let form = section.text("form", "\"exponential\" or \"window\"", Form::named);
        section.finish();
        Some(Signal { horizons_ns: horizons_ns?, form: form? })
    }

    /// As the stage takes it.
    pub fn settings(&self, level: Option<Level>) -> Settings {
        Settings { horizons_ns: self.horizons_ns, form: self.form, level }
    }
}

/// `horizons_ms`.
fn horizons(section: &mut Section<'_>) -> Option<[i64; HORIZONS]> {
    const KEY: &str = "horizons_ms";
    let expected = format!(
        "a list of {HORIZONS} ascending whole numbers of ms from {} to {} (limits \
         SIGNAL_HORIZON_NS_MIN, SIGNAL_HORIZON_NS_MAX)",
        limits::SIGNAL_HORIZON_NS_MIN / MS,
        limits::SIGNAL_HORIZON_NS_MAX / MS
    );
    let Some(node) = section.ask(KEY) else {
        let fix = format!("add `{KEY} = [..]`");
        section.note(KEY, String::from("nothing"), &expected, fix);
        return None;
    };
    let horizons_ns = list(node).filter(|horizons_ns| {
        Settings { horizons_ns: *horizons_ns, ..Settings::default() }.are_horizons_good()
    });
    if horizons_ns.is_none() {
        section.refuse(KEY, node, &expected, "write such a list");
    }
    horizons_ns
}

fn list(node: &Node) -> Option<[i64; HORIZONS]> {
    let Value::List(list) = &node.value else { return None };
    let ns = |node: &Node| match node.value {
        Value::Whole(ms) => ms.checked_mul(MS),
        _ => None,
    };
    list.iter().map(ns).collect::<Option<Vec<i64>>>()?.try_into().ok()
}
