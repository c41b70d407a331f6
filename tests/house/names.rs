//! Names: of files and of functions.

use syn::visit::Visit;

use crate::sizes::Functions;
use crate::source::{Breach, Source};

/// Files that say nothing of what is in them.
const EMPTY_NAMES: [&str; 9] =
    ["util", "utils", "common", "types", "models", "helpers", "helper", "misc", "prelude"];

/// Verbs that say nothing of what a function does. Elsewhere than in front they are nouns: what a
/// process has allocated may be asked for.
const EMPTY_VERBS: [&str; 3] = ["get", "handle", "process"];

/// Nouns that say nothing, wherever they stand.
const EMPTY_NOUNS: [&str; 2] = ["manager", "helper"];

/// A file is named for what is in it.
pub(crate) fn files(all: &[Source]) -> Vec<Breach> {
    const RULE: &str = "no file or folder is called util, common, types, models, helpers, misc";
    let mut breaches = Vec::new();
    for source in all {
        for part in source.parts() {
            if EMPTY_NAMES.contains(&part) {
                breaches.push(source.breach(1, RULE, format!("`{part}` says nothing")));
            }
        }
    }
    breaches
}

/// A function is named for what it does or gives.
pub(crate) fn functions(all: &[Source]) -> Vec<Breach> {
    const RULE: &str = "no get_, handle, process, manager or helper in the name of a function";
    let mut breaches = Vec::new();
    for source in all {
        let mut found = Functions::default();
        found.visit_file(&source.syntax());
        for (name, line, _) in found.all {
            let words: Vec<&str> = name.split('_').collect();
            let is_empty = words.iter().any(|word| EMPTY_NOUNS.contains(word));
            if is_empty || EMPTY_VERBS.contains(&words[0]) {
                breaches.push(source.breach(line, RULE, format!("`{name}`")));
            }
        }
    }
    breaches
}

#[test]
fn names_that_say_nothing_are_caught() {
    let drawers = ["src/venue/types.rs", "src/util/mod.rs", "src/event/market.rs"];
    assert_eq!(files(&drawers.map(|path| Source::snippet(path, ""))).len(), 2);
    let text = "fn get_price() {}\nfn handle_frame() {}\nfn of_process() {}\nfn processed() {}\n\
                trait T {\n    fn process(&self);\n}";
    let lines: Vec<usize> =
        functions(&[Source::snippet("src/a.rs", text)]).iter().map(|b| b.line).collect();
    assert_eq!(lines, [1, 2, 6]);
}
