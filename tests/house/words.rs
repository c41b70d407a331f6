//! Words: what each file must say first, what none may leave open, and who may name a clock.

use proc_macro2::{TokenStream, TokenTree};

use crate::reference::test_modules;
use crate::source::{Breach, Source};

/// Each file begins with what it is.
pub(crate) fn module_docs(all: &[Source]) -> Vec<Breach> {
    const RULE: &str = "a file begins with `//!` and says what it is";
    all.iter()
        .filter(|source| !source.text.starts_with("//! "))
        .map(|source| source.breach(1, RULE, "no module documentation"))
        .collect()
}

/// Nothing is left for later on main.
pub(crate) fn open_ends(all: &[Source]) -> Vec<Breach> {
    const RULE: &str = "what is open is an issue, not a comment";
    // Written in two halves, so that this file does not break its own rule.
    let marks =
        [["TO", "DO"], ["FIX", "ME"], ["XX", "X"], ["HA", "CK"]].map(|halves| halves.concat());
    let macros = [["todo", "!("], ["unimplemented", "!("]].map(|halves| halves.concat());
    let mut breaches = Vec::new();
    for source in all {
        for (n, line) in source.text.lines().enumerate() {
            let mut words = line.split(|c: char| !c.is_alphanumeric());
            let found = words.find(|word| marks.iter().any(|mark| mark == word));
            let found = found.or_else(|| macros.iter().map(|m| &**m).find(|m| line.contains(m)));
            if let Some(found) = found {
                breaches.push(source.breach(n + 1, RULE, format!("`{found}`")));
            }
        }
    }
    breaches
}

/// Time and sleep come from `sys`.
pub(crate) fn clocks(all: &[Source]) -> Vec<Breach> {
    const RULE: &str = "only src/sys reads a clock or sleeps";
    let mut breaches = Vec::new();
    for source in all.iter().filter(|source| !source.path.starts_with("src/sys/")) {
        let mut found = Vec::new();
        name_clocks(source.tokens(), &mut found);
        for (line, what) in found {
            breaches.push(source.breach(line, RULE, format!("`{what}`")));
        }
    }
    breaches
}

fn name_clocks(stream: TokenStream, found: &mut Vec<(usize, String)>) {
    const CLOCKS: [&str; 5] = ["Instant", "SystemTime", "_rdtsc", "__rdtscp", "clock_gettime"];
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    for (n, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(word) => {
                let word_text = word.to_string();
                let follows = |owner: &str| {
                    n >= 3 && matches!(&tokens[n - 3], TokenTree::Ident(before) if before == owner)
                };
                let is_sleep = word_text == "sleep" && follows("thread");
                if is_sleep || CLOCKS.contains(&&*word_text) {
                    found.push((word.span().start().line, word_text));
                }
            }
            TokenTree::Group(group) => name_clocks(group.stream(), found),
            _ => {}
        }
    }
}

/// Only the risk gate makes an order; files that are there for tests only may make up one.
pub(crate) fn orders(all: &[Source]) -> Vec<Breach> {
    const RULE: &str = "only src/stage/risk names Order::approved";
    let tests = test_modules(all);
    let may = |source: &&Source| {
        source.path.starts_with("src/stage/risk/") || tests.contains(&source.module())
    };
    let mut breaches = Vec::new();
    for source in all.iter().filter(|source| !may(source)) {
        let mut lines = Vec::new();
        name_approved(source.tokens(), &mut lines);
        for line in lines {
            breaches.push(source.breach(line, RULE, "`approved`"));
        }
    }
    breaches
}

/// By its own name alone: whatever the type is called there. Its definition is no use of it.
fn name_approved(stream: TokenStream, lines: &mut Vec<usize>) {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    for (n, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(word) if word == "approved" => {
                let before = n.checked_sub(1).and_then(|at| tokens.get(at));
                if matches!(before, Some(TokenTree::Punct(colon)) if colon.as_char() == ':') {
                    lines.push(word.span().start().line);
                }
            }
            TokenTree::Group(group) => name_approved(group.stream(), lines),
            _ => {}
        }
    }
}

#[test]
fn an_order_made_elsewhere_is_caught() {
    let text = "fn f(child: Child) {\n    let o = Order::approved(child, OrderId(1));\n    \
                let make = event::Order::approved;\n}\nconst fn approved(n: u8) {}";
    let elsewhere = format!("{text}\n#[cfg(test)]\nmod scene;");
    let elsewhere = Source::snippet("src/stage/dispatch/mod.rs", &elsewhere);
    let gate = Source::snippet("src/stage/risk/gate.rs", text);
    let scene = Source::snippet("src/stage/dispatch/scene.rs", text);
    let lines: Vec<usize> = orders(&[elsewhere, gate, scene]).iter().map(|b| b.line).collect();
    assert_eq!(lines, [2, 3]);
}

#[test]
fn a_file_without_documentation_is_caught() {
    let bare = Source::snippet("src/a.rs", "use std::fmt;\n//! Late.");
    let fine = Source::snippet("src/b.rs", "//! What it is.");
    assert_eq!(module_docs(&[bare, fine]).len(), 1);
}

#[test]
fn what_is_left_open_is_caught() {
    let text =
        format!("// {}: later\nfn f() {{ {}!() }}\n// a todo list", ["TO", "DO"].concat(), "todo");
    let lines: Vec<usize> =
        open_ends(&[Source::snippet("src/a.rs", &text)]).iter().map(|b| b.line).collect();
    assert_eq!(lines, [1, 2]);
}

#[test]
fn a_clock_outside_sys_is_caught() {
    let text = "use std::time::Duration;\nfn f() {\n    std::thread::sleep(Duration::ZERO);\n    \
                assert!(std::time::Instant::now() > x);\n    sleep();\n}";
    let here = Source::snippet("src/cli/run.rs", text);
    let there = Source::snippet("src/sys/clock.rs", text);
    let lines: Vec<usize> = clocks(&[here, there]).iter().map(|b| b.line).collect();
    assert_eq!(lines, [3, 4]);
}
