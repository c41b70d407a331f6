//! Source files as text, as tokens and as syntax, and what is said of a breach.

use std::fmt;
use std::fs;
use std::path::Path;

use proc_macro2::TokenStream;

/// A source file.
pub(crate) struct Source {
    /// From the root of the repository, with `/` between.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A rule that was not kept.
#[derive(Clone, Debug)]
pub(crate) struct Breach {
    pub(crate) path: String,
    /// From 1.
    pub(crate) line: usize,
    pub(crate) rule: &'static str,
    pub(crate) what: String,
}

impl Source {
    /// All sources below a folder of the repository, in the order of their paths.
    pub(crate) fn all(folder: &str) -> Vec<Source> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut all = Vec::new();
        collect(root, &root.join(folder), &mut all);
        all.sort_by(|a, b| a.path.cmp(&b.path));
        assert!(!all.is_empty(), "no source below {folder}");
        all
    }

    /// Those of the machine, of its tests and of its benches.
    pub(crate) fn everywhere() -> Vec<Source> {
        ["src", "tests", "benches"].into_iter().flat_map(Source::all).collect()
    }

    /// A piece of text as if it were a file, to show that a rule can fail.
    pub(crate) fn snippet(path: &str, text: &str) -> Source {
        Source { path: path.to_owned(), text: text.to_owned() }
    }

    pub(crate) fn tokens(&self) -> TokenStream {
        self.text.parse().unwrap_or_else(|error| panic!("{}: {error}", self.path))
    }

    pub(crate) fn syntax(&self) -> syn::File {
        syn::parse_file(&self.text).unwrap_or_else(|error| panic!("{}: {error}", self.path))
    }

    pub(crate) fn breach(
        &self,
        line: usize,
        rule: &'static str,
        what: impl Into<String>,
    ) -> Breach {
        Breach { path: self.path.clone(), line, rule, what: what.into() }
    }

    /// The folders and the stem: `["src", "stage", "book", "mod"]`.
    pub(crate) fn parts(&self) -> Vec<&str> {
        self.path.trim_end_matches(".rs").split('/').collect()
    }

    /// The module that the file is, from the root of the crate; empty for `lib.rs`.
    pub(crate) fn module(&self) -> Vec<String> {
        let mut parts = self.parts();
        parts.remove(0);
        if parts.last().is_some_and(|stem| ["mod", "lib", "main"].contains(stem)) {
            parts.pop();
        }
        parts.into_iter().map(str::to_owned).collect()
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Breach { path, line, rule, what } = self;
        write!(f, "  {path}:{line}: {what} ({rule})")
    }
}

fn collect(root: &Path, folder: &Path, all: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_built = path.file_name().is_some_and(|name| name == "target");
        if path.is_dir() && !is_built {
            collect(root, &path, all);
        } else if !is_built && path.extension().is_some_and(|extension| extension == "rs") {
            let relative = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            all.push(Source { path: relative, text: fs::read_to_string(&path).unwrap() });
        }
    }
}
