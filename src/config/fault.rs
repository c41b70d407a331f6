//! What is wrong with a configuration: every fault with its line, what was found, what was expected
//! and the fix.

use std::fmt;
use std::path::PathBuf;

use crate::limits;

/// Which text a line is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The configuration that is compiled in.
    BuiltIn,
    /// The user's file.
    File,
}

/// A line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Of which text.
    pub source: Source,
    /// Which, from 1.
    pub line: u32,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What it is about: a key with its path, or an entry of a list.
    pub about: String,
    /// What stands there.
    pub found: String,
    /// What should.
    pub expected: String,
    /// What to do.
    pub fix: String,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}: {why}; check the path and its permissions", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// The file is no configuration at all.
    #[error("{} is over {max} bytes; no configuration is that long", path.display(),
        max = limits::CONFIG_BYTES_MAX)]
    TooLarge {
        /// Which.
        path: PathBuf,
    },
    /// The file can be read and is wrong.
    #[error(transparent)]
    Wrong(#[from] Wrong),
}

/// All faults of a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wrong {
    /// The file that was laid over the built-in configuration.
    pub path: PathBuf,
    /// The first [`limits::CONFIG_FAULTS_MAX`], by line.
    pub faults: Vec<Fault>,
    /// How many more there are.
    pub more: usize,
}

impl ConfigError {
    /// The faults, where the file could be read.
    pub fn wrong(&self) -> Option<&Wrong> {
        match self {
            ConfigError::Wrong(wrong) => Some(wrong),
            _ => None,
        }
    }
}

impl Wrong {
    /// The name of the text that a place is in.
    pub fn name_of(&self, source: Source) -> String {
        match source {
            Source::BuiltIn => String::from("default.toml (built in)"),
            Source::File => self.path.display().to_string(),
        }
    }

    pub(super) fn add(&mut self, fault: Fault) {
        if self.faults.len() < limits::CONFIG_FAULTS_MAX {
            self.faults.push(fault);
        } else {
            self.more += 1;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    /// Puts the faults into the order of their lines, the user's file first.
    pub(super) fn sort(&mut self) {
        self.faults.sort_by_key(|f| (f.place.source == Source::BuiltIn, f.place.line));
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault { about, found, expected, fix, .. } = self;
        if !about.is_empty() {
            write!(f, "{about}: ")?;
        }
        write!(f, "found {found}, expected {expected}; {fix}")
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.faults.len() + self.more;
        let noun = if count == 1 { "error" } else { "errors" };
        write!(f, "{count} {noun} in the configuration")?;
        for fault in &self.faults {
            let Place { source, line } = fault.place;
            write!(f, "\n  {}:{line}: {fault}", self.name_of(source))?;
        }
        if self.more > 0 {
            write!(f, "\n  .. and {} more", self.more)?;
        }
        Ok(())
    }
}

impl std::error::Error for Wrong {}
