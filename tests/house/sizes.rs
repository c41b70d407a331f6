//! Sizes: of files, functions, lines and folders.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::source::{Breach, Source};

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;
const COLUMNS_MAX: usize = 100;
const FOLDERS_DEEP_MAX: usize = 3;

/// Folders that may be deeper, and why.
const DEEPER: [(&str, &str); 1] =
    [("src/venue/wire/vector", "one kernel of `wire`, too large for a file")];
const FILES_WIDE_MAX: usize = 7;

/// Folders that may be wider, and why.
const WIDE: &[(&str, &str)] = &[
    ("benches", "a registry: one file for each bench"),
    ("src/stage/risk", "one matter, cut by what changes it; a file for each kind of test"),
    ("src/base", "what every layer stands on: one file for each kind of number or name"),
    ("benches", "a registry: one file for each part of the machine"),
    ("src/cli", "a registry: one file for each verb, beside what verbs share"),
    ("src/event", "a registry: one file for each message"),
    ("src/host", "a registry: one file for each knob of the host"),
    ("src/config", "steps from text to meaning, each a file; the typed parts have their folder"),
    ("src/config/part", "a registry: one file for each table of the manual"),
    ("src/stage/signal", "a registry: one file for each signal"),
    ("src/stage/strategy", "a registry: one file for each strategy, beside what they act through"),
    ("src/stage/model", "a registry: a file for each kind of model, and what kinds have in common"),
    ("src/stage/book", "two forms of a book, their parts and their twins for tests: one matter"),
    ("src/sim", "what venues in a box share: values, people, books, the world, the hall"),
    ("src/sim/dialect", "three venues, each with its rarer words apart"),
    (
        "src/sim/private",
        "a desk for each of three venues, cut by what it does, and what they share",
    ),
    ("src/sim/exchange", "one venue: its rules, queue, purse and books, and their scenes"),
    ("tests/recordings", "a registry: one file for each kind of test over recordings"),
    ("src/venue/kraken", "one venue: its market, orders and session, and the session's scenes"),
    ("src/venue/binance", "one venue: its market, orders and session, and the session's scenes"),
    ("src/venue/coinbase", "one venue: its market, orders and session, and the session's scenes"),
    ("src/venue/session", "what sessions of all venues stand on: one file for each matter"),
    ("src/venue/trade", "what live orders of all venues stand on: one file for each matter"),
    ("src/venue/wire", "what every decoder stands on, with a kernel for each instruction set"),
    ("src/sys", "a registry: one file for each part of the system that is asked"),
    ("src/cold", "one file or folder for each thing that is done without hurry"),
    ("src/pipeline/live", "one machine on lines: its turn, its ways out, its beginning and end"),
    ("tests/simulation/storm", "one storm: its sky, its lives, and who judges them"),
    ("src/tape", "a registry: one file for each recording format"),
    ("tests/fuzz/fuzz_targets", "a registry: one file for each target"),
    ("src/venue/wire/vector", "one matter: the kernels of x86-64, cut by what they do"),
    ("tests/story", "a registry: one file for each kind of story"),
    ("src/neural", "one matter: a network, what reads it and what runs it"),
    ("src/neural/onnx", "steps from bytes to a network and back, each a file"),
    ("src/cli/model", "a registry: one file for each thing done with a model, and what they share"),
    ("src/neural/engine", "one engine, cut by what it does: pack, multiply, step, conclude"),
    ("src/neural/kernel", "one set of operations for each instruction set, and what they share"),
    ("tests/wire", "a registry: one file for each kind of other side, and what they stand on"),
    ("tests/house", "a registry: one file for each kind of rule"),
];

/// Files, tests included.
pub(crate) fn files(all: &[Source]) -> Vec<Breach> {
    const RULE: &str = "a file has at most 500 lines";
    let lines = |source: &Source| source.text.lines().count();
    all.iter()
        .filter(|source| lines(source) > FILE_LINES_MAX)
        .map(|source| source.breach(lines(source), RULE, format!("{} lines", lines(source))))
        .collect()
}

/// Functions, from their signature to their last brace.
pub(crate) fn functions(all: &[Source]) -> Vec<Breach> {
    const RULE: &str = "a function has at most 70 lines";
    let mut breaches = Vec::new();
    for source in all {
        let mut found = Functions::default();
        found.visit_file(&source.syntax());
        for (name, first, last) in found.all {
            let lines = last + 1 - first;
            if lines > FUNCTION_LINES_MAX {
                let what = format!("`{name}` has {lines} lines");
                breaches.push(source.breach(first, RULE, what));
            }
        }
    }
    breaches
}

/// Lines of text, but for tables, which are laid out by hand (`#[rustfmt::skip]`), and for frames
/// as they are on the wire, which are quoted whole (`r#"{..}"#`).
pub(crate) fn columns(all: &[Source]) -> Vec<Breach> {
    const RULE: &str = "a line has at most 100 columns";
    let mut breaches = Vec::new();
    for source in all {
        let mut tables = Tables::default();
        tables.visit_file(&source.syntax());
        for (n, line) in source.text.lines().enumerate() {
            let columns = line.chars().count();
            let is_table = tables.lines.iter().any(|lines| lines.contains(&(n + 1)));
            let is_frame = line.contains("r#\"{") || line.contains("r#\"[");
            if columns > COLUMNS_MAX && !is_table && !is_frame {
                breaches.push(source.breach(n + 1, RULE, format!("{columns} columns")));
            }
        }
    }
    breaches
}

/// Folders: how deep, and how many files beside `mod.rs`.
pub(crate) fn folders(all: &[Source]) -> Vec<Breach> {
    const DEEP: &str = "folders are at most three deep";
    const WIDTH: &str = "a folder has at most seven files beside mod.rs, registries excepted";
    let mut breaches = Vec::new();
    let mut folders: BTreeMap<String, Vec<&Source>> = BTreeMap::new();
    for source in all {
        let parts = source.parts();
        let (stem, folder) = parts.split_last().unwrap();
        let is_deeper = DEEPER.iter().any(|(name, _)| *name == folder.join("/"));
        if folder.len() > FOLDERS_DEEP_MAX && !is_deeper {
            let what = format!("{} folders deep", folder.len());
            breaches.push(source.breach(1, DEEP, what));
        }
        if !["mod", "lib", "main"].contains(stem) {
            folders.entry(folder.join("/")).or_default().push(source);
        }
    }
    for (folder, files) in folders {
        let is_wide = WIDE.iter().any(|(name, _)| *name == folder);
        if files.len() > FILES_WIDE_MAX && !is_wide {
            let what = format!("{folder} has {} files", files.len());
            breaches.push(files[0].breach(1, WIDTH, what));
        }
    }
    breaches
}

/// Every function of a file: name, first line, last line.
#[derive(Default)]
pub(crate) struct Functions {
    pub(crate) all: Vec<(String, usize, usize)>,
}

impl Functions {
    fn add(&mut self, signature: &syn::Signature, end: proc_macro2::Span) {
        let (first, last) = (signature.span().start().line, end.end().line);
        self.all.push((signature.ident.to_string(), first, last));
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.add(&item.sig, item.block.span());
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.add(&item.sig, item.block.span());
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        self.add(&item.sig, item.span());
        visit::visit_trait_item_fn(self, item);
    }
}

/// Lines of items that are laid out by hand.
#[derive(Default)]
struct Tables {
    lines: Vec<RangeInclusive<usize>>,
}

impl Tables {
    fn add(&mut self, attributes: &[syn::Attribute], span: proc_macro2::Span) {
        let is_skip = |attribute: &syn::Attribute| {
            let words = attribute.path().segments.iter().map(|segment| segment.ident.to_string());
            words.eq(["rustfmt", "skip"])
        };
        if attributes.iter().any(is_skip) {
            self.lines.push(span.start().line..=span.end().line);
        }
    }
}

impl<'ast> Visit<'ast> for Tables {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.add(&item.attrs, item.span());
        visit::visit_item_fn(self, item);
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.add(&item.attrs, item.span());
        visit::visit_item_static(self, item);
    }
}

#[test]
fn what_is_too_large_is_caught() {
    let body = "    let _ = 1;\n".repeat(70);
    let long = Source::snippet("src/a.rs", &format!("mod m {{\n  fn f() {{\n{body}}}\n}}"));
    assert_eq!(functions(&[long])[0].line, 2);
    let fits = "    let _ = 1;\n".repeat(68);
    let fits = Source::snippet("src/a.rs", &format!("/// Doc.\nfn f() {{\n{fits}}}"));
    assert!(functions(&[fits]).is_empty());
    assert_eq!(files(&[Source::snippet("src/a.rs", &"\n".repeat(501))]).len(), 1);
    let wide = format!("//{}\n//{}", "-".repeat(98), "\u{e4}".repeat(99));
    assert_eq!(columns(&[Source::snippet("src/a.rs", &wide)])[0].line, 2);
    let table = format!("#[rustfmt::skip]\nfn f() {{\n{0}\n}}\n{0}", "/".repeat(101));
    let lines: Vec<_> =
        columns(&[Source::snippet("src/a.rs", &table)]).iter().map(|b| b.line).collect();
    assert_eq!(lines, [5]);
}

#[test]
fn folders_too_deep_or_too_wide_are_caught() {
    let deep = Source::snippet("src/a/b/c/d.rs", "");
    assert_eq!(folders(&[deep]).len(), 1);
    let many = |folder: &str| -> Vec<Source> {
        (0..8).map(|n| Source::snippet(&format!("{folder}/f{n}.rs"), "")).collect()
    };
    assert_eq!(folders(&many("src/ring")).len(), 1);
    assert_eq!(folders(&many("src/cli")).len(), 0);
}
