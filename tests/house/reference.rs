//! What a file refers to: every path in it, in imports, bodies and macros alike, as seen from the
//! root of the crate.
//!
//! It works on tokens, since what stands in a macro's arguments has no syntax. `crate`, `self` and
//! `super` are followed, with modules written in place counted as one level more.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use crate::source::Source;

/// A path that begins at `crate`, `self`, `super` or `std`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// From the root of the crate, as far as it is written; `std` stands first where it is.
    pub(crate) path: Vec<String>,
    pub(crate) line: usize,
    /// Does it stand in code that is only there for tests?
    pub(crate) in_test: bool,
}

/// All references of a file. `tests` are the modules that exist for tests only.
pub(crate) fn references(source: &Source, tests: &BTreeSet<Vec<String>>) -> Vec<Reference> {
    let module = source.module();
    let in_test = (1..=module.len()).any(|n| tests.contains(&module[..n]));
    let mut walk = Walk { module, in_test, found: Vec::new() };
    walk.stream(source.tokens());
    walk.found
}

/// Modules that are declared for tests only: `#[cfg(test)] mod twin;`.
pub(crate) fn test_modules(all: &[Source]) -> BTreeSet<Vec<String>> {
    let mut tests = BTreeSet::new();
    for source in all {
        let tokens: Vec<TokenTree> = source.tokens().into_iter().collect();
        for (n, token) in tokens.iter().enumerate() {
            if is_ident(Some(token), "mod")
                && is_punct(tokens.get(n + 2), ';')
                && is_for_tests(&tokens, n)
                && let Some(TokenTree::Ident(name)) = tokens.get(n + 1)
            {
                let mut module = source.module();
                module.push(name.to_string());
                tests.insert(module);
            }
        }
    }
    tests
}

struct Walk {
    module: Vec<String>,
    in_test: bool,
    found: Vec<Reference>,
}

impl Walk {
    fn stream(&mut self, stream: TokenStream) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        let mut n = 0;
        while n < tokens.len() {
            if is_ident(tokens.get(n), "mod")
                && let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))) =
                    (tokens.get(n + 1), tokens.get(n + 2))
            {
                self.inline(name.to_string(), body, is_for_tests(&tokens, n));
                n += 3;
            } else if let Some(base) = self.base(&tokens, n) {
                n = self.path(&tokens, n, base);
            } else {
                if let TokenTree::Group(group) = &tokens[n] {
                    self.stream(group.stream());
                }
                n += 1;
            }
        }
    }

    /// A module that is written in place.
    fn inline(&mut self, name: String, body: &Group, is_test: bool) {
        let was = self.in_test;
        self.in_test |= is_test;
        self.module.push(name);
        self.stream(body.stream());
        self.module.pop();
        self.in_test = was;
    }

    /// What the first word of a path stands for, where one begins here.
    fn base(&self, tokens: &[TokenTree], n: usize) -> Option<Vec<String>> {
        let TokenTree::Ident(word) = &tokens[n] else { return None };
        let follows_path = n >= 2 && is_punct(tokens.get(n - 1), ':');
        if follows_path || !is_colons(tokens, n + 1) {
            return None;
        }
        match word.to_string().as_str() {
            "crate" => Some(Vec::new()),
            "self" => Some(self.module.clone()),
            "super" => Some(self.module[..self.module.len().saturating_sub(1)].to_vec()),
            "std" => Some(vec![String::from("std")]),
            _ => None,
        }
    }

    /// Follows a path from its first word; returns the place behind it.
    fn path(&mut self, tokens: &[TokenTree], mut n: usize, mut path: Vec<String>) -> usize {
        let line = tokens[n].span().start().line;
        n += 1;
        while is_colons(tokens, n) {
            match tokens.get(n + 2) {
                Some(TokenTree::Ident(word)) if *word == "super" => {
                    path.pop();
                }
                Some(TokenTree::Ident(word)) => path.push(word.to_string()),
                Some(TokenTree::Punct(star)) if star.as_char() == '*' => path.push("*".to_owned()),
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                    self.branches(group, &path);
                    return n + 3;
                }
                _ => break,
            }
            n += 3;
        }
        self.found.push(Reference { path, line, in_test: self.in_test });
        n
    }

    /// `{a::b, c}` behind a path.
    fn branches(&mut self, group: &Group, path: &[String]) {
        let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
        for branch in tokens.split(|token| is_punct(Some(token), ',')) {
            match branch.first() {
                Some(TokenTree::Ident(word)) => {
                    let mut path = path.to_vec();
                    match word.to_string().as_str() {
                        "self" => {}
                        "super" => {
                            path.pop();
                        }
                        name => path.push(name.to_owned()),
                    }
                    self.path(branch, 0, path);
                }
                Some(star) => {
                    let mut path = path.to_vec();
                    path.push("*".to_owned());
                    let line = star.span().start().line;
                    self.found.push(Reference { path, line, in_test: self.in_test });
                }
                None => {}
            }
        }
    }
}

/// Is the item whose word (`mod`, `fn` ..) stands at `n` marked `#[cfg(test)]`?
fn is_for_tests(tokens: &[TokenTree], mut n: usize) -> bool {
    while n > 0 {
        n -= 1;
        match &tokens[n] {
            TokenTree::Ident(word) if *word == "pub" => {}
            TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => {}
            TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => {
                if group.stream().to_string().replace(' ', "") == "cfg(test)" {
                    return true;
                }
            }
            TokenTree::Punct(hash) if hash.as_char() == '#' => {}
            _ => return false,
        }
    }
    false
}

pub(crate) fn is_ident(token: Option<&TokenTree>, word: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(ident)) if ident == word)
}

pub(crate) fn is_punct(token: Option<&TokenTree>, sign: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
}

pub(crate) fn is_colons(tokens: &[TokenTree], n: usize) -> bool {
    is_punct(tokens.get(n), ':') && is_punct(tokens.get(n + 1), ':')
}

#[test]
fn paths_are_followed_in_imports_bodies_and_macros() {
    let text = "use super::{deck::Tape, file::{self, read}};\n\
                fn f() { assert!(crate::a::B::new() == super::super::c::D); }\n\
                #[cfg(test)] mod tests { use super::*; }";
    let source = Source::snippet("src/top/folder/child.rs", text);
    let found = references(&source, &BTreeSet::new());
    let told = |r: &Reference| (r.path.join("::"), r.line, r.in_test);
    let paths: Vec<_> = found.iter().map(told).collect();
    let expected = [
        ("top::folder::deck::Tape", 1, false),
        ("top::folder::file", 1, false),
        ("top::folder::file::read", 1, false),
        ("a::B::new", 2, false),
        ("top::c::D", 2, false),
        ("top::folder::child::*", 3, true),
    ];
    assert_eq!(paths, expected.map(|(path, line, test)| (path.to_owned(), line, test)));
}
