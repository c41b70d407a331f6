//! The reloader: looks at models' files, and packs what is new there for the model stage.
//!
//! In: files by their place. Out: understudies, states and all, to one hot thread, which swaps them
//! in between two frames and gives back what was there. A file is read once it has stood still for
//! one look, so that half of one is not taken.
//! Never: a model packed or dropped on the hot thread; a file that is looked at faster than
//! [`Reloader::start`] was told.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::journal::Swapped;
use crate::limits;
use crate::ring::{self, Consumer, Producer};
use crate::stage::model::{Given, Understudy};

/// Models that may wait to be swapped in, and as many to be dropped.
const WAITING_MAX: usize = 8;

/// Makes a model of its file.
pub(super) type Make = dyn Fn(&Swapped) -> Result<Given, String> + Send;

/// A file that is looked at.
pub struct Watched {
    /// Where it is.
    pub path: PathBuf,
    /// The model's place among those of the settings.
    pub place: u16,
    /// Its instruments, as many as [`Models::instruments`](crate::stage::model::Models) says.
    pub slots: usize,
    /// Are its weights to be bytes?
    pub is_int8: bool,
    /// What the mid moves by on average where it moves, basis points.
    pub move_bps: f64,
}

/// A model that waits to be swapped in.
#[derive(Debug)]
pub struct Fresh {
    /// The model.
    pub understudy: Understudy,
    /// What the journal says of it, before it is swapped in.
    pub told: Swapped,
}

/// How a look at a file went, for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Made {
    /// A model was made of it.
    Fresh(PathBuf),
    /// It could not be: what was wrong, and the fix. The model that runs goes on.
    Refused(PathBuf, String),
}

/// The near end.
pub struct Reloader {
    fresh: Consumer<Box<Fresh>>,
    spent: Producer<Box<Fresh>>,
    made: Consumer<Made>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

/// Which file it is, when it was written (seconds, ns), how long it is.
type Mark = Option<(u64, i64, i64, u64)>;

/// The far end.
struct Looker {
    files: Vec<(Watched, Mark, Mark)>,
    make: Box<Make>,
    fresh: Producer<Box<Fresh>>,
    spent: Consumer<Box<Fresh>>,
    made: Producer<Made>,
}

impl Reloader {
    /// Starts the thread; what the files hold now is what runs. It looks each `every`.
    pub fn start(files: Vec<Watched>, every: Duration, make: Box<Make>) -> io::Result<Reloader> {
        let (fresh, fresh_end) = ring::spsc(WAITING_MAX);
        let (spent_end, spent) = ring::spsc(WAITING_MAX);
        let (made, made_end) = ring::spsc(WAITING_MAX * 8);
        let seen = |file: Watched| {
            let now = mark(&file.path);
            (file, now, now)
        };
        let files = files.into_iter().map(seen).collect();
        let mut looker = Looker { files, make, fresh, spent, made };
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let work = move || {
            while !told.load(Ordering::Acquire) {
                thread::park_timeout(every);
                looker.look();
            }
        };
        let thread = thread::Builder::new().name("reloader".into()).spawn(work)?;
        Ok(Reloader { fresh: fresh_end, spent: spent_end, made: made_end, stop, thread })
    }

    /// A model that waits to be swapped in. Neither waits nor allocates.
    #[inline]
    pub fn poll(&mut self) -> Option<Box<Fresh>> {
        // Only what can be given back is taken.
        if self.spent.free() == 0 { None } else { self.fresh.pop() }
    }

    /// Takes back what was swapped out, or could not be swapped in: it is dropped on the thread.
    #[inline]
    pub fn give_back(&mut self, spent: Box<Fresh>) {
        if let Err(spent) = self.spent.push(spent) {
            // `poll` made sure of room; were it otherwise, it is better leaked than dropped here.
            Box::leak(spent);
        }
    }

    /// How looks at files went since the last call. Cold.
    pub fn made(&mut self) -> Vec<Made> {
        std::iter::from_fn(|| self.made.pop()).collect()
    }

    /// Ends the thread.
    pub fn finish(self) {
        self.stop.store(true, Ordering::Release);
        self.thread.thread().unpark();
        // One that died has left nothing behind that would be needed.
        let _ = self.thread.join();
    }
}

impl fmt::Debug for Reloader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reloader").finish_non_exhaustive()
    }
}

impl Looker {
    fn look(&mut self) {
        while self.spent.pop().is_some() {}
        for (file, taken, last) in &mut self.files {
            let now = mark(&file.path);
            let is_still = now == *last;
            *last = now;
            if !is_still || now == *taken || now.is_none() {
                continue;
            }
            *taken = now;
            let made = match fresh(file, &self.make) {
                Ok(fresh) => {
                    if self.fresh.push(Box::new(fresh)).is_err() {
                        // No room: tried again at the next look.
                        *taken = None;
                        continue;
                    }
                    Made::Fresh(file.path.clone())
                }
                Err(why) => Made::Refused(file.path.clone(), why),
            };
            // A log that nobody reads loses its latest lines.
            let _ = self.made.push(made);
        }
    }
}

fn mark(path: &Path) -> Mark {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.ino(), metadata.mtime(), metadata.mtime_nsec(), metadata.len()))
}

fn fresh(file: &Watched, make: &Make) -> Result<Fresh, String> {
    let bytes = fs::metadata(&file.path).map_err(|why| why.to_string())?.len();
    if bytes > limits::FRAME_BYTES_MAX as u64 - 64 {
        let most = limits::FRAME_BYTES_MAX - 64;
        return Err(format!(
            "{bytes} bytes, expected at most {most}, what a journal's record holds"
        ));
    }
    let told = Swapped {
        place: file.place,
        is_int8: file.is_int8,
        move_bps: file.move_bps,
        file: fs::read(&file.path).map_err(|why| why.to_string())?,
    };
    let given = make(&told)?;
    let understudy = Understudy::new(&given, usize::from(file.place), file.slots);
    Ok(Fresh { understudy, told })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::model::{Coefficients, Form};

    fn given(told: &Swapped) -> Result<Given, String> {
        let text = String::from_utf8(told.file.clone()).map_err(|why| why.to_string())?;
        let bias = text.parse().map_err(|_| format!("`{text}` is no number"))?;
        let weights = Vec::new();
        Ok(Given {
            name: String::from("m"),
            horizon_ns: 1,
            instruments: Vec::new(),
            form: Form::Linear(Coefficients { bias, weights, clip_bps: 9.0, scale_bps: 1.0 }),
            deadline_ns: 0,
        })
    }

    /// Waits for the next model, or gives up.
    fn next(reloader: &mut Reloader) -> Option<Box<Fresh>> {
        (0..2_000).find_map(|_| {
            thread::park_timeout(Duration::from_millis(2));
            reloader.poll()
        })
    }

    #[test]
    fn a_file_that_changed_becomes_an_understudy_and_one_that_is_bad_is_told() {
        let path = std::env::temp_dir().join(format!("nk-reload-{}", std::process::id()));
        fs::write(&path, "1.5").unwrap();
        let (place, slots, is_int8, move_bps) = (3, 2, false, 1.1);
        let file = Watched { path: path.clone(), place, slots, is_int8, move_bps };
        let every = Duration::from_millis(3);
        let mut reloader = Reloader::start(vec![file], every, Box::new(given)).unwrap();
        thread::park_timeout(Duration::from_millis(40));
        assert!(reloader.poll().is_none(), "what is there at the start runs already");
        fs::write(&path, "-2.25").unwrap();
        let fresh = next(&mut reloader).unwrap();
        assert_eq!((fresh.told.place, &fresh.told.file[..]), (3, &b"-2.25"[..]));
        reloader.give_back(fresh);
        fs::write(&path, "not a number").unwrap();
        let mut log = Vec::new();
        for _ in 0..2_000 {
            thread::park_timeout(Duration::from_millis(2));
            log.extend(reloader.made());
            if log.len() == 2 {
                break;
            }
        }
        let why = String::from("`not a number` is no number");
        assert_eq!(log, [Made::Fresh(path.clone()), Made::Refused(path.clone(), why)]);
        assert!(reloader.poll().is_none());
        fs::remove_file(&path).unwrap();
        reloader.finish();
    }
}
