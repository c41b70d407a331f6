//! A stand for the stories: the built program, a folder for each, and small generated recordings.

use std::ffi::OsStr;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use flate2::read::GzDecoder;
use neural_kraken::sim::{self, Plan, Recording};
use serde_json::Value;

/// A directory of its own for each story, gone at its end.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(name: &str) -> Folder {
        let folder = format!("neural-kraken-story-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(folder);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file into it.
    pub(super) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// The program, run in this directory.
    pub(super) fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Told {
        let mut command = Command::new(env!("CARGO_BIN_EXE_neural-kraken"));
        let output = command.args(arguments).current_dir(&self.0).stdin(Stdio::null()).output();
        Told::new(output.unwrap())
    }

    /// `replay` with these words after it.
    pub(super) fn replay(&self, words: &str) -> Told {
        self.run(["replay"].into_iter().chain(words.split(' ')))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What the program said, and how it ended.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) code: Option<i32>,
    pub(super) out: String,
    pub(super) err: String,
}

impl Told {
    pub(super) fn new(output: Output) -> Told {
        Told {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// It ended well, and said nothing of it on stderr.
    #[track_caller]
    pub(super) fn is_well(&self) -> &Told {
        assert_eq!((self.code, self.err.as_str()), (Some(0), ""));
        self
    }

    /// It ended with this code, nothing on stdout, and one line on stderr that holds these words.
    #[track_caller]
    pub(super) fn is_refused(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.out, "", "{self:?}");
        assert!(self.err.starts_with("error: ") && self.err.lines().count() == 1, "{self:?}");
        self.says(words);
    }

    /// These words stand on stderr.
    #[track_caller]
    pub(super) fn says(&self, words: &[&str]) {
        for word in words {
            assert!(self.err.contains(word), "`{word}` is missing: {self:?}");
        }
    }

    /// What stands on stdout is one JSON object.
    #[track_caller]
    pub(super) fn json(&self) -> Value {
        let value: Value = serde_json::from_str(&self.out).unwrap();
        assert!(value.is_object());
        value
    }
}

/// Twelve generated seconds of each venue, with a gap, a wrong checksum and a lost frame.
pub(super) fn recordings() -> &'static [Recording] {
    static RECORDINGS: OnceLock<Vec<Recording>> = OnceLock::new();
    RECORDINGS.get_or_init(|| sim::record(&Plan { seed: 5, seconds: Plan::SECONDS_MIN }).unwrap())
}

/// The generated recording of this name, as gzip.
pub(super) fn gzip(name: &str) -> &'static [u8] {
    &recordings().iter().find(|recording| recording.name == name).unwrap().gzip
}

/// The same, inflated.
pub(super) fn lines(name: &str) -> Vec<String> {
    let mut text = String::new();
    GzDecoder::new(gzip(name)).read_to_string(&mut text).unwrap();
    text.lines().map(String::from).collect()
}

/// Lines as a file has them.
pub(super) fn text(lines: &[String]) -> String {
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}
