//! Laws one to three: down only; stages apart; the middle pure.

use std::collections::BTreeSet;

use crate::reference::{Reference, references, test_modules};
use crate::source::{Breach, Source};

/// Stages between the two ends.
const MIDDLE: [&str; 6] = ["book", "signal", "model", "strategy", "route", "risk"];

/// What the middle may import beside its own folder.
const GROUND: [&str; 4] = ["event", "metric", "base", "limits"];

/// What of the standard library is a socket, a file, a thread or a clock.
const WORLD: [&str; 8] = ["env", "fs", "io", "net", "os", "process", "thread", "time"];

/// The layers, from the top down: the `mod` lines of `lib.rs`, in their order.
pub(crate) fn order(all: &[Source]) -> Vec<String> {
    let lib = all.iter().find(|source| source.path == "src/lib.rs").unwrap();
    let items = lib.syntax().items;
    let names = items.iter().filter_map(|item| match item {
        syn::Item::Mod(module) if module.content.is_none() => Some(module.ident.to_string()),
        _ => None,
    });
    names.collect()
}

/// A module imports only modules declared below it, and names them by their layer.
pub(crate) fn down_only(order: &[String], all: &[Source]) -> Vec<Breach> {
    const RULE: &str = "imports point down the `mod` lines of lib.rs";
    let mut breaches = Vec::new();
    for (source, reference) in pairs(all) {
        // `lib.rs` is the list, and `main.rs` is above it.
        let (Some(own), Some(other)) = (source.module().first().cloned(), reference.path.first())
        else {
            continue;
        };
        if own == *other || other == "std" {
            continue;
        }
        let place = |name: &str| order.iter().position(|layer| layer == name);
        let what = match (place(&own), place(other)) {
            (Some(own), Some(other)) if own < other => continue,
            (Some(_), Some(_)) => format!("`{own}` imports `{other}`, which is above it"),
            (_, None) => format!("`{other}` is no layer; import from the layer that has it"),
            (None, _) => format!("`{own}` has no `mod` line in lib.rs"),
        };
        breaches.push(source.breach(reference.line, RULE, what));
    }
    breaches
}

/// Stages meet in `event` only.
pub(crate) fn stages_apart(all: &[Source]) -> Vec<Breach> {
    const RULE: &str = "stages never import stages";
    let mut breaches = Vec::new();
    for (source, reference) in pairs(all) {
        let module = source.module();
        if let (["stage", own, ..], ["stage", other, ..]) =
            (&words(&module)[..], &words(&reference.path)[..])
            && *own != "contract"
            && *other != "contract"
            && own != other
        {
            let what = format!("stage `{own}` imports stage `{other}`");
            breaches.push(source.breach(reference.line, RULE, what));
        }
    }
    breaches
}

/// The middle reads no clock, opens no file, starts no thread. Its tests may.
pub(crate) fn middle_pure(all: &[Source]) -> Vec<Breach> {
    const RULE: &str = "the middle imports stage::contract, event, metric, base and limits only";
    let mut breaches = Vec::new();
    for (source, reference) in pairs(all) {
        let module = source.module();
        let ["stage", own, ..] = words(&module)[..] else { continue };
        if !MIDDLE.contains(&own) || reference.in_test {
            continue;
        }
        let is_allowed = match words(&reference.path)[..] {
            ["stage", other, ..] => other == own || other == "contract",
            ["neural", ..] => own == "model",
            ["std", part, ..] => !WORLD.contains(&part),
            [layer, ..] => GROUND.contains(&layer),
            [] => true,
        };
        if !is_allowed {
            let what = format!("stage `{own}` imports `{}`", reference.path.join("::"));
            breaches.push(source.breach(reference.line, RULE, what));
        }
    }
    breaches
}

fn words(path: &[String]) -> Vec<&str> {
    path.iter().map(String::as_str).collect()
}

/// Every reference with its file.
fn pairs(all: &[Source]) -> Vec<(&Source, Reference)> {
    let tests: BTreeSet<Vec<String>> = test_modules(all);
    let of = |source| references(source, &tests).into_iter().map(move |found| (source, found));
    all.iter().flat_map(of).collect()
}

#[test]
fn an_import_that_points_up_is_caught() {
    let order = ["cli", "stage", "event", "base"].map(String::from);
    let up = Source::snippet("src/event/market.rs", "fn f() {\n    vec![crate::stage::Books];\n}");
    let breaches = down_only(&order, &[up]);
    assert_eq!((breaches.len(), breaches[0].line), (1, 2), "{breaches:?}");
    let root = Source::snippet("src/event/market.rs", "use crate::Price;");
    assert_eq!(down_only(&order, &[root]).len(), 1);
    let down = Source::snippet("src/event/market.rs", "use crate::base::Price;\nuse super::tick;");
    assert_eq!(down_only(&order, &[down]).len(), 0);
}

#[test]
fn a_stage_in_a_stage_is_caught() {
    let direct = Source::snippet("src/stage/book/mod.rs", "use crate::stage::feed::Feed;");
    let around = Source::snippet("src/stage/book/one.rs", "use super::super::feed::Feed;");
    let fine = Source::snippet("src/stage/book/one.rs", "use crate::stage::contract::Emit;");
    assert_eq!(stages_apart(&[direct, around, fine]).len(), 2);
}

#[test]
fn a_clock_in_the_middle_is_caught_but_not_in_its_tests() {
    let text = "use std::time::Instant;\nuse crate::venue::Dialect;\nuse crate::event::Quote;\n\
                use std::fmt;\n#[cfg(test)]\nmod tests { use crate::venue::Dialect; }";
    let middle = Source::snippet("src/stage/risk/rate.rs", text);
    let end = Source::snippet("src/stage/feed/gap.rs", text);
    assert_eq!(middle_pure(&[middle, end]).len(), 2);
    let model = Source::snippet("src/stage/model/mod.rs", "use crate::neural::Lstm;");
    let other = Source::snippet("src/stage/route/mod.rs", "use crate::neural::Lstm;");
    assert_eq!(middle_pure(&[model, other]).len(), 1);
}
