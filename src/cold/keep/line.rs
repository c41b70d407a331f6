//! Files of lines that are only ever added to, each with a checksum before its JSON.
//!
//! In: objects. Out: the same objects, of every line that is as it was written; the numbers of
//! those that are not.
//! Never: a line that is glued to the half of another one, a file that is read whole into memory.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::error::KeepError;
use crate::cold::home::sync_folder_of;
use crate::limits;
use crate::sys::deadline::Deadline;

/// When what was written is brought to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Each time, before anything rests on it.
    Each,
    /// So often.
    Interval(Duration),
    /// When the system likes to: a power failure loses what it did not write yet.
    Never,
}

/// A file that lines are added to.
#[derive(Debug)]
pub struct Lines {
    file: File,
    path: PathBuf,
    /// Bytes of whole lines.
    end: u64,
    /// Lines that are not in the file yet.
    buffer: Vec<u8>,
    is_dirty: bool,
    policy: Policy,
    due: Deadline,
}

/// What was found beside whole lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Whole lines.
    pub lines: u64,
    /// Lines that are not as they were written.
    pub damaged: u64,
    /// Numbers of the first of these, from 1.
    pub damaged_at: Vec<u64>,
    /// Does it end within a line, as after a crash? That line was never told of as kept.
    pub is_cut: bool,
}

impl Lines {
    /// Opens a file at its end, made where it is missing. Half a line at its end is cut off: it was
    /// never told of as kept.
    pub fn open(path: &Path, policy: Policy) -> Result<Lines, KeepError> {
        let failed = |what| move |why| KeepError::io(what, path, why);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.custom_flags(libc::O_NOFOLLOW).open(path).map_err(failed("open"))?;
        let length = file.metadata().map_err(failed("read"))?.len();
        let from = length.saturating_sub(limits::LOG_LINE_BYTES_MAX as u64 + 1);
        file.seek(SeekFrom::Start(from)).map_err(failed("read"))?;
        let mut tail = Vec::new();
        (&mut file).take(length - from).read_to_end(&mut tail).map_err(failed("read"))?;
        let end = tail.iter().rposition(|byte| *byte == b'\n').map(|at| at + 1);
        let end = match end {
            None if from > 0 => {
                return Err(KeepError::NoLine { path: path.into(), bytes: tail.len() });
            }
            end => end.unwrap_or(0),
        };
        let mut lines = Lines {
            file,
            path: path.into(),
            end: from + end as u64,
            buffer: Vec::new(),
            is_dirty: true,
            policy,
            due: Deadline::after(Duration::ZERO),
        };
        // A line that lacks nothing but its end counts: readers take it, too.
        if parse(&tail[end..]).is_some() {
            lines.buffer.extend_from_slice(&tail[end..]);
            lines.buffer.push(b'\n');
        }
        lines.cut().map_err(failed("write"))?;
        lines.write()?;
        lines.sync()?;
        sync_folder_of(path).map_err(failed("sync"))?;
        Ok(lines)
    }

    /// Adds a line, which is written later.
    pub fn put(&mut self, value: &Value) {
        let body = value.to_string();
        let _ = writeln!(self.buffer, "{:08x} {body}", crc32fast::hash(body.as_bytes()));
    }

    /// Writes the lines that wait. Where that fails, the file is as it was before, they wait on,
    /// and it can be tried again.
    pub fn write(&mut self) -> Result<(), KeepError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        self.is_dirty = true;
        if let Err(why) = self.file.write_all(&self.buffer) {
            let _ = self.cut();
            return Err(KeepError::io("write", &self.path, why));
        }
        self.end += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Brings what was written to the disk, where the policy says that it is time. True where all
    /// that was written is as safe as the policy wants it.
    pub fn settle(&mut self) -> Result<bool, KeepError> {
        match self.policy {
            Policy::Never => Ok(true),
            Policy::Interval(span) if self.is_dirty => {
                if self.due.left().is_some() {
                    return Ok(false);
                }
                self.due = Deadline::after(span);
                self.sync().map(|()| true)
            }
            _ => self.sync().map(|()| true),
        }
    }

    /// Brings what was written to the disk.
    pub fn sync(&mut self) -> Result<(), KeepError> {
        if self.is_dirty {
            self.file.sync_data().map_err(|why| KeepError::io("sync", &self.path, why))?;
            self.is_dirty = false;
        }
        Ok(())
    }

    /// Nothing can be written any more, as on a full disk; or again it can.
    #[cfg(test)]
    pub(super) fn spoil(&mut self, is_spoiled: bool) {
        let mut options = OpenOptions::new();
        self.file = options.read(true).write(!is_spoiled).open(&self.path).unwrap();
        self.file.seek(SeekFrom::Start(self.end)).unwrap();
    }

    /// Cuts off what is behind the last whole line.
    fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(self.end)?;
        self.file.seek(SeekFrom::Start(self.end)).map(|_| ())
    }
}

/// Reads a file line by line, of which no more than one is in memory; nothing where there is none.
pub fn read(path: &Path, each: &mut dyn FnMut(Value)) -> Result<Reading, KeepError> {
    let failed = |why| KeepError::io("read", path, why);
    let file = match File::open(path) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(Reading::default()),
        file => file.map_err(failed)?,
    };
    let mut file = BufReader::new(file);
    let mut found = Reading::default();
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let most = limits::LOG_LINE_BYTES_MAX as u64 + 1;
        if (&mut file).take(most).read_until(b'\n', &mut line).map_err(failed)? == 0 {
            break;
        }
        let is_ended = line.last() == Some(&b'\n');
        if is_ended {
            line.pop();
        }
        if let Some(value) = parse(&line) {
            found.lines += 1;
            each(value);
            continue;
        }
        if !is_ended && line.len() as u64 == most {
            // No line is that long: the next one begins behind the next end of a line.
            skip_line(&mut file).map_err(failed)?;
        } else if !is_ended {
            found.is_cut = true;
            break;
        }
        found.damaged += 1;
        if found.damaged_at.len() < limits::DAMAGED_LINES_NAMED {
            found.damaged_at.push(number);
        }
    }
    Ok(found)
}

/// Puts a file that has grown large aside under the number of a session.
pub fn rotate(path: &Path, epoch: u32) -> Result<(), KeepError> {
    if fs::metadata(path).is_ok_and(|found| found.len() > limits::LOG_BYTES_ROTATED) {
        let failed = |what| move |why| KeepError::io(what, path, why);
        fs::rename(path, aside(path, epoch)).map_err(failed("rename"))?;
        sync_folder_of(path).map_err(failed("sync"))?;
    }
    Ok(())
}

/// The files of a log that are to be read: the latest one put aside, and the log itself, which may
/// be missing.
pub(super) fn files(path: &Path) -> Result<Vec<PathBuf>, KeepError> {
    let failed = |why| KeepError::io("list the folder of", path, why);
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut latest = None;
    for entry in fs::read_dir(path.parent().unwrap_or(Path::new("."))).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        let number = name.strip_prefix(&stem).and_then(|rest| rest.strip_prefix('-'));
        let number = number.and_then(|rest| rest.strip_suffix(".log"));
        latest = latest.max(number.and_then(|number| number.parse::<u32>().ok()));
    }
    let latest = latest.map(|epoch| aside(path, epoch));
    Ok(latest.into_iter().chain([path.to_path_buf()]).collect())
}

fn aside(path: &Path, epoch: u32) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    path.with_file_name(format!("{stem}-{epoch}.log"))
}

/// The object of a line; `None` where it is not as it was written.
fn parse(line: &[u8]) -> Option<Value> {
    let (sum, body) = str::from_utf8(line).ok()?.split_once(' ')?;
    let is_whole = sum == format!("{:08x}", crc32fast::hash(body.as_bytes()));
    is_whole.then(|| serde_json::from_str(body).ok())?
}

fn skip_line(file: &mut impl BufRead) -> io::Result<()> {
    loop {
        let bytes = file.fill_buf()?;
        let (used, is_end) = match bytes.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (bytes.len(), bytes.is_empty()),
        };
        file.consume(used);
        if is_end {
            return Ok(());
        }
    }
}

impl std::str::FromStr for Policy {
    type Err = String;

    /// `each`, `never`, or `interval 50` with milliseconds.
    fn from_str(text: &str) -> Result<Policy, String> {
        let span = text.strip_prefix("interval ").map(|ms| ms.trim().trim_end_matches("ms").trim());
        match (text, span.map(str::parse::<u64>)) {
            ("each", _) => Ok(Policy::Each),
            ("never", _) => Ok(Policy::Never),
            (_, Some(Ok(ms @ 1..=60_000))) => Ok(Policy::Interval(Duration::from_millis(ms))),
            _ => Err(format!(
                "{text:?} says not when to bring records to the disk; write \"each\", \
                 \"interval 50\" (milliseconds, 1 to 60000) or \"never\""
            )),
        }
    }
}
