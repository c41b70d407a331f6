//! The kill switch beside the operator's socket: a file and a signal.
//!
//! In: a file `HALT` in the state folder, SIGUSR1. Out: [`Command::Halt`] of everything, once for
//! each time that the file appears or the signal comes.
//! Never: a halt that ends because the file is gone. Only a resume ends it.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::SigId;
use signal_hook::consts::SIGUSR1;

use super::home::Home;
use crate::event::{Command, Scope};

/// The file's name.
const HALT: &str = "HALT";

/// Watches for both until it is dropped.
#[derive(Debug)]
pub struct Switch {
    file: PathBuf,
    was_there: bool,
    is_signalled: Arc<AtomicBool>,
    registered: SigId,
}

/// What set the switch off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The file appeared, or was there at the start.
    File,
    /// SIGUSR1 came.
    Signal,
}

impl Switch {
    /// Begins to watch.
    pub fn new(home: &Home) -> io::Result<Switch> {
        let is_signalled = Arc::new(AtomicBool::new(false));
        let registered = signal_hook::flag::register(SIGUSR1, is_signalled.clone())?;
        Ok(Switch { file: home.path(HALT), was_there: false, is_signalled, registered })
    }

    /// What the hot thread is to be told, where the switch was set off since the last look; to be
    /// called every few milliseconds. A file that cannot be looked for is taken for there.
    pub fn turn(&mut self) -> Option<(Command, By)> {
        let halt = Command::Halt(Scope::Whole);
        if self.is_signalled.swap(false, Ordering::Relaxed) {
            return Some((halt, By::Signal));
        }
        let is_there = match self.file.symlink_metadata() {
            Ok(_) => true,
            Err(why) => why.kind() != io::ErrorKind::NotFound,
        };
        let is_new = is_there && !self.was_there;
        self.was_there = is_there;
        is_new.then_some((halt, By::File))
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        signal_hook::low_level::unregister(self.registered);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_and_the_signal_halt_everything_once_each() {
        let name = format!("neural-kraken-halt-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&folder);
        let home = Home::open(&folder).unwrap();
        let halt = Command::Halt(Scope::Whole);
        let mut switch = Switch::new(&home).unwrap();
        assert_eq!(switch.turn(), None);
        for _ in 0..2 {
            std::fs::write(home.path(HALT), "").unwrap();
            assert_eq!((switch.turn(), switch.turn()), (Some((halt, By::File)), None));
            std::fs::remove_file(home.path(HALT)).unwrap();
            assert_eq!(switch.turn(), None, "it stays halted; nothing is to be said");
        }
        signal_hook::low_level::raise(SIGUSR1).unwrap();
        assert_eq!((switch.turn(), switch.turn()), (Some((halt, By::Signal)), None));
        std::fs::write(home.path(HALT), "").unwrap();
        let mut later = Switch::new(&home).unwrap();
        assert_eq!(later.turn(), Some((halt, By::File)), "a session does not begin past it");
        // What cannot be looked for: a folder that is none.
        let nowhere = home.path(HALT).join("below");
        later.file = nowhere;
        later.was_there = false;
        assert_eq!(later.turn(), Some((halt, By::File)));
        let _ = std::fs::remove_dir_all(&folder);
    }
}
