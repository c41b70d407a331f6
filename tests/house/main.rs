//! The house checks itself: layers, sizes, names, unsafe code, words.
//!
//! In: the sources. Out: every breach of every rule, with its file, its line and the rule.
//! Each rule has a test on a snippet that breaks it, so that a rule which can no longer fail is
//! seen.

#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod source;
mod reference;
mod layers;
mod faces;
mod sizes;
mod names;
mod unsafety;
mod words;

use source::{Breach, Source};

/// Fails with all breaches, one a line.
#[track_caller]
fn assert_none(breaches: &[Breach]) {
    let lines: Vec<String> = breaches.iter().map(Breach::to_string).collect();
    assert!(lines.is_empty(), "{} breaches\n{}", lines.len(), lines.join("\n"));
}

#[test]
fn imports_point_down_the_list_in_lib_rs() {
    let all = Source::all("src");
    assert_none(&layers::down_only(&layers::order(&all), &all));
}

#[test]
fn stages_never_import_stages() {
    assert_none(&layers::stages_apart(&Source::all("src")));
}

#[test]
fn the_middle_is_pure() {
    assert_none(&layers::middle_pure(&Source::all("src")));
}

#[test]
fn children_never_import_the_face_of_their_folder() {
    assert_none(&faces::faces(&Source::all("src")));
}

#[test]
fn files_functions_lines_and_folders_are_small() {
    let all = Source::everywhere();
    let rules = [sizes::files, sizes::functions, sizes::columns, sizes::folders];
    assert_none(&rules.into_iter().flat_map(|rule| rule(&all)).collect::<Vec<_>>());
}

#[test]
fn names_say_what_is_meant() {
    let all = Source::everywhere();
    assert_none(&[names::files(&all), names::functions(&all)].concat());
}

#[test]
fn unsafe_code_is_confined_and_argued() {
    let all = Source::all("src");
    assert_none(&[unsafety::confined(&all), unsafety::argued(&all)].concat());
}

#[test]
fn every_file_says_what_it_is_and_leaves_nothing_open() {
    let all = Source::everywhere();
    assert_none(&[words::module_docs(&all), words::open_ends(&all)].concat());
}

#[test]
fn only_sys_reads_a_clock_or_sleeps() {
    assert_none(&words::clocks(&Source::all("src")));
}

#[test]
fn only_risk_makes_an_order() {
    assert_none(&words::orders(&Source::all("src")));
}
