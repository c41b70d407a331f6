//! Unsafe code: where it may stand, and that each piece is argued.

#![allow(clippy::unnecessary_safety_comment, reason = "its snippets hold such comments")]

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::reference::is_ident;
use crate::source::{Breach, Source};

/// Folders that may hold it.
const ALLOWED: [&str; 5] = [
    "src/ring/",
    "src/sys/",
    "src/venue/wire/",
    // Calls into functions with target features, without which the lanes would be done one by one:
    // a quarter of the speed. There is no pointer in it.
    "src/stage/signal/kernel.rs",
    // Sums of an LSTM stay in registers and bytes are multiplied by an instruction of their own:
    // the compiler makes neither out of loops. Loads and stores are of arrays of known length.
    "src/neural/kernel/",
];

/// Lines of a statement that may stand between an argument and its `unsafe`.
const STATEMENT_LINES_MAX: usize = 4;

/// Unsafe code, and leave for it, only in the folders that earn it.
pub(crate) fn confined(all: &[Source]) -> Vec<Breach> {
    const RULE: &str = "unsafe code stands in ring/, sys/, venue/wire/, signal/kernel.rs and \
                        neural/kernel/ only";
    let mut breaches = Vec::new();
    for source in all.iter().filter(|s| !ALLOWED.iter().any(|a| s.path.starts_with(a))) {
        for line in lines_of(source.tokens(), &["unsafe", "unsafe_code"]) {
            breaches.push(source.breach(line, RULE, "unsafe code"));
        }
    }
    breaches
}

/// Each `unsafe` has its argument in the comment above it: `SAFETY:` on a block or an impl, also
/// `# Safety` in the documentation of a function.
pub(crate) fn argued(all: &[Source]) -> Vec<Breach> {
    const RULE: &str = "each unsafe block, impl and fn has a SAFETY comment above it";
    let mut breaches = Vec::new();
    for source in all {
        let lines: Vec<&str> = source.text.lines().map(str::trim).collect();
        for line in owing(source.tokens(), false) {
            if !is_argued(&lines, line - 1) {
                breaches.push(source.breach(line, RULE, format!("`{}`", lines[line - 1])));
            }
        }
    }
    breaches
}

fn is_argued(lines: &[&str], at: usize) -> bool {
    let mut n = at;
    let mut between = 0;
    while n > 0 {
        n -= 1;
        let line = lines[n];
        if line.starts_with("//") {
            let says = |line: &&str| line.contains("SAFETY:") || line.contains("# Safety");
            return lines[..=n].iter().rev().take_while(|l| l.starts_with("//")).any(says);
        }
        if line.starts_with("#[") {
            continue;
        }
        // The statement may have begun a few lines above; another one ends the search.
        between += 1;
        let is_other = line.is_empty() || line.ends_with([';', '}']);
        if is_other || between > STATEMENT_LINES_MAX {
            return false;
        }
    }
    false
}

/// Lines on which one of these words stands as code.
fn lines_of(stream: TokenStream, words: &[&str]) -> Vec<usize> {
    let mut lines = Vec::new();
    for token in stream {
        match token {
            TokenTree::Ident(word) if words.iter().any(|w| word == w) => {
                lines.push(word.span().start().line);
            }
            TokenTree::Group(group) => lines.extend(lines_of(group.stream(), words)),
            _ => {}
        }
    }
    lines
}

/// Lines on which an argument is owed: all that say `unsafe`, but for functions of an `unsafe
/// impl`, whose contract is the trait's.
fn owing(stream: TokenStream, is_impl: bool) -> Vec<usize> {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    let mut lines = Vec::new();
    let mut enters_impl = false;
    for (n, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(word) if word == "unsafe" => {
                enters_impl = is_ident(tokens.get(n + 1), "impl");
                if !(is_impl && is_ident(tokens.get(n + 1), "fn")) {
                    lines.push(word.span().start().line);
                }
            }
            TokenTree::Group(group) => {
                let is_body = group.delimiter() == Delimiter::Brace;
                lines.extend(owing(group.stream(), enters_impl && is_body));
                enters_impl &= !is_body;
            }
            _ => {}
        }
    }
    lines
}

#[test]
fn unsafe_code_elsewhere_and_leave_for_it_are_caught() {
    let text = "#![allow(unsafe_code, reason = \"speed\")]\nfn f() { unsafe { g() } }\n// unsafe";
    let here = Source::snippet("src/stage/book/one.rs", text);
    let there = Source::snippet("src/ring/level.rs", text);
    assert_eq!(confined(&[here, there]).len(), 2);
}

#[test]
fn unsafe_code_without_an_argument_is_caught() {
    let text = "// SAFETY: one reader.\nunsafe impl Send for A {}\n\nunsafe impl Sync for A {}\n\
                /// Reads.\n///\n/// # Safety\n///\n/// In bounds.\n#[inline]\nunsafe fn f() {}\n\
                fn g() {\n    // Fast.\n    let a = unsafe { f() };\n    \
                // SAFETY: in bounds.\n    let b =\n        unsafe { f() };\n}";
    let source = Source::snippet("src/ring/level.rs", text);
    let lines: Vec<usize> = argued(&[source]).iter().map(|breach| breach.line).collect();
    assert_eq!(lines, [4, 14]);
}

#[test]
fn functions_of_an_unsafe_impl_keep_the_contract_of_their_trait() {
    let text = "// SAFETY: passes on.\nunsafe impl T for A {\n    fn a() {}\n    unsafe fn f() {\n\
                unsafe { g() }\n    }\n}\nimpl A {\n    unsafe fn h() {}\n}";
    let source = Source::snippet("src/sys/alloc.rs", text);
    let lines: Vec<usize> = argued(&[source]).iter().map(|breach| breach.line).collect();
    assert_eq!(lines, [5, 9]);
}
