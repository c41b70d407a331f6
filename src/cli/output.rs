//! What a verb says: its failure, its progress, its JSON.
//!
//! Never: a panic over a stream that is closed or full, or a byte of a file that commands the
//! terminal.

use std::fmt::{self, Display};
use std::io::{ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};

/// Why a verb ended early.
#[derive(Debug)]
pub(super) enum Failure {
    /// Refused or failed: exit code 1.
    Failed(String),
    /// Misused: exit code 2.
    Misused(String),
}

impl Failure {
    /// From an error that says all that is to be said.
    pub(super) fn failed(error: impl Display) -> Failure {
        Failure::Failed(error.to_string())
    }

    pub(super) fn misused(error: impl Display) -> Failure {
        Failure::Misused(error.to_string())
    }

    pub(super) fn code(&self) -> ExitCode {
        ExitCode::from(match self {
            Failure::Failed(_) => 1,
            Failure::Misused(_) => 2,
        })
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Failed(why) | Failure::Misused(why) => f.write_str(why),
        }
    }
}

/// A bar with rate and time left on a terminal, nothing elsewhere.
pub(super) fn progress(total: u64, what: &'static str, unit_is_bytes: bool) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let form = if unit_is_bytes {
        "{prefix:>10} {bar:32} {bytes}/{total_bytes} {bytes_per_sec} {eta} left"
    } else {
        "{prefix:>10} {bar:32} {human_pos}/{human_len} {per_sec} {eta} left"
    };
    let style = ProgressStyle::with_template(form).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(total).with_style(style.progress_chars("=> "));
    bar.set_prefix(what);
    bar
}

/// Prints text on stdout. A reader that has gone away (`| head`) is no failure of ours; a disk
/// that is full is one.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(why) if why.kind() != ErrorKind::BrokenPipe => Err(Failure::failed(format_args!(
            "cannot write to stdout: {why}; write to another place"
        ))),
        _ => Ok(()),
    }
}

/// Prints one JSON object on stdout.
pub(super) fn print_json(value: &serde_json::Value) -> Result<(), Failure> {
    print(&format!("{value}\n"))
}

/// Prints a message on stderr. Where even that is closed, there is nobody left to tell.
pub(super) fn say(message: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{}", tamed(&message.to_string()));
}

/// Text with its control characters written out: a message may hold the beginning of any file.
fn tamed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push(c),
            // A byte order mark is not seen, and is often the very thing that is wrong.
            c if c.is_control() || c == '\u{FEFF}' => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_cannot_command_the_terminal() {
        assert_eq!(tamed("a\nb \u{1B}[31m\0\r\u{FEFF}ü"), "a\nb \\u{1b}[31m\\u{0}\\r\\u{feff}ü");
    }
}
