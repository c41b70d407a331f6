//! Law four: children never import the face of their folder.
//!
//! As it is held here: a path in a file may go through the folders it lies in only to a module that
//! is declared there (`super::deck::Tape`, `crate::stage::contract::Emit`), never to an item that a
//! `mod.rs` above it defines or hands out (`super::Tape`), and never to all of them (`super::*`).
//! So what children share has a file with a name. Tests may use the face: they are its first users.

use std::collections::{BTreeMap, BTreeSet};

use crate::reference::{references, test_modules};
use crate::source::{Breach, Source};

const RULE: &str = "children import the sibling file that defines, not the face of their folder";

/// Every import of a face from below it.
pub(crate) fn faces(all: &[Source]) -> Vec<Breach> {
    let (tests, children) = (test_modules(all), children(all));
    let mut breaches = Vec::new();
    for source in all {
        let own = source.module();
        for reference in references(source, &tests) {
            let Some((folder, item)) = face_of(&reference.path, &own, &children) else { continue };
            if !reference.in_test {
                let what = format!("`{item}` is taken from the face of `{folder}`");
                breaches.push(source.breach(reference.line, RULE, what));
            }
        }
    }
    breaches
}

/// The folder above `own` from whose face a path takes something, and what.
fn face_of(
    path: &[String],
    own: &[String],
    children: &BTreeMap<Vec<String>, BTreeSet<String>>,
) -> Option<(String, String)> {
    let shared = path.iter().zip(own).take_while(|(a, b)| a == b).count();
    // The crate's own root is law one's; what is in the file itself is the file's.
    if shared == 0 || shared >= own.len() {
        return None;
    }
    let item = path.get(shared)?;
    let folder = &path[..shared];
    let is_child = children.get(folder).is_some_and(|names| names.contains(item));
    (!is_child).then(|| (folder.join("::"), item.clone()))
}

/// The modules of each folder.
fn children(all: &[Source]) -> BTreeMap<Vec<String>, BTreeSet<String>> {
    let mut children: BTreeMap<Vec<String>, BTreeSet<String>> = BTreeMap::new();
    for source in all {
        let mut module = source.module();
        while let Some(name) = module.pop() {
            children.entry(module.clone()).or_default().insert(name);
        }
    }
    children
}

#[test]
fn a_child_that_imports_its_face_is_caught() {
    let face = Source::snippet("src/tape/mod.rs", "mod deck;\nmod file;\npub struct Tape;");
    let deck = Source::snippet("src/tape/deck.rs", "");
    let text = "use super::Tape;\nuse super::deck::Entry;\nuse crate::tape::FORMATS;\n\
                use super::*;\n#[cfg(test)]\nmod tests { use super::*; use crate::tape::Tape; }";
    let file = Source::snippet("src/tape/file.rs", text);
    let lines: Vec<usize> = faces(&[face, deck, file]).iter().map(|b| b.line).collect();
    assert_eq!(lines, [1, 3, 4]);
}

#[test]
fn a_grandchild_may_pass_through_to_an_uncle() {
    let part = Source::snippet(
        "src/config/part/book.rs",
        "use super::super::section::Section;\nuse super::super::Config;",
    );
    let uncle = Source::snippet("src/config/section.rs", "");
    let lines: Vec<usize> = faces(&[part, uncle]).iter().map(|b| b.line).collect();
    assert_eq!(lines, [2]);
}
