//! Brings orders from the write-ahead ring to `orders.log`, and frees their slots then.

use std::io;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::error::KeepError;
use super::line::Lines;
use super::names::Names;
use super::placed;
use crate::journal::ahead::{Behind, Found};

/// Copies from a ring to a log. A slot is freed only when its line is as safe as the policy wants
/// it; where the disk takes nothing, the ring fills up, and no more orders are sent.
#[derive(Debug)]
pub struct Copier {
    behind: Behind,
    lines: Lines,
    names: Names,
    epoch: u32,
    damaged: u64,
}

/// A copier at work on a thread of its own.
#[derive(Debug)]
pub struct Copying {
    stop: Sender<()>,
    thread: JoinHandle<Copier>,
    trouble: Arc<Mutex<Option<String>>>,
}

/// How often a copier looks.
const TURN: Duration = Duration::from_millis(1);

impl Copier {
    pub(super) const fn new(behind: Behind, lines: Lines, names: Names, epoch: u32) -> Copier {
        Copier { behind, lines, names, epoch, damaged: 0 }
    }

    /// Copies what waits; to be called about each millisecond. Says how many records there were.
    /// After an error it can be tried again: nothing is lost, and nothing is freed.
    pub fn turn(&mut self) -> Result<usize, KeepError> {
        let mut count = 0;
        while let Some(found) = self.behind.read() {
            count += 1;
            self.lines.put(&match found {
                Found::Record(n, record) => placed::line(self.epoch, n, &record, &self.names),
                Found::Damaged(n) => {
                    self.damaged += 1;
                    placed::damaged(self.epoch, n)
                }
            });
        }
        self.lines.write()?;
        if self.lines.settle()? {
            self.behind.free();
        }
        Ok(count)
    }

    /// Records that something had written over before they were read.
    pub const fn damaged(&self) -> u64 {
        self.damaged
    }

    /// Copies the rest and brings all of it to the disk.
    pub fn finish(&mut self) -> Result<(), KeepError> {
        self.turn()?;
        self.lines.sync()?;
        self.behind.free();
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn spoil(&mut self, is_spoiled: bool) {
        self.lines.spoil(is_spoiled);
    }

    /// Goes to work on a thread of its own.
    pub fn start(mut self) -> io::Result<Copying> {
        let (stop, stopped) = mpsc::channel();
        let trouble = Arc::new(Mutex::new(None));
        let told = trouble.clone();
        let thread = thread::Builder::new().name(String::from("orders.log")).spawn(move || {
            while stopped.recv_timeout(TURN) == Err(RecvTimeoutError::Timeout) {
                let trouble = self.turn().err().map(|why| why.to_string());
                *told.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
            }
            self
        })?;
        Ok(Copying { stop, thread, trouble })
    }
}

impl Copying {
    /// Why the last turn failed; nothing where it did not.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Has it ended by itself? Then something is wrong with the program, and orders must stop.
    pub fn is_dead(&self) -> bool {
        self.thread.is_finished()
    }

    /// Ends the thread and gives the copier back; `None` where the thread has died.
    pub fn stop(self) -> Option<Copier> {
        drop(self.stop);
        self.thread.join().ok()
    }
}
