//! Checkpoints: where an experiment stands, so that it may be interrupted.
//!
//! An experiment is a row of trainings, always the same for the same rows and plan. Of each a
//! checkpoint holds all that its next epoch depends on, and what was learned from, as a number; so
//! what goes on is bit by bit what would have been.
//!
//! In: learners, after each epoch; a file's bytes, which may be cut or be of another experiment.
//! Out: a file that is whole or not there; learners as they were. Never: a training that goes on
//! with other rows or another recipe.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::fit::{Epoch, Learner};
use super::net::Weights;

/// The first bytes of a file.
const MAGIC: &[u8; 8] = b"NKTRAIN1";

/// Files above this are none of ours: four layers of 1,024 cells have 200 megabytes a training.
const BYTES_MAX: u64 = 4 << 30;

/// Why there is no checkpoint.
#[derive(Debug, Error)]
pub enum CheckpointError {
    /// It cannot be read or written.
    #[error("checkpoint {path}: {why}; name a file that can be read and written")]
    Io {
        /// Which file.
        path: String,
        /// What the system said.
        why: io::Error,
    },
    /// It is cut, or none.
    #[error(
        "checkpoint {path}: {found}, expected {expected}; remove it and begin anew without --resume"
    )]
    Damaged {
        /// Which file.
        path: String,
        /// What it holds.
        found: String,
        /// What it should hold.
        expected: &'static str,
    },
    /// It is of other rows, or of another recipe.
    #[error(
        "checkpoint {path}: training {place} learned from rows and a recipe with the number \
         {found:08x}, expected {expected:08x}; give the same recordings and options as before, or \
         begin anew without --resume"
    )]
    Other {
        /// Which file.
        path: String,
        /// Which training, from 1 on.
        place: usize,
        /// Its number.
        found: u32,
        /// The number of this one.
        expected: u32,
    },
}

/// What is kept of one training.
#[derive(Clone, Debug, PartialEq)]
struct Kept {
    /// Of its rows and recipe.
    digest: u32,
    history: Vec<Epoch>,
    /// Epoch of the best weights.
    best: u64,
    /// Steps of the optimiser.
    steps: u64,
    /// Weights, their average, the best ones, the optimiser's two memories.
    numbers: [Vec<f32>; 5],
}

/// Where an experiment stands.
#[derive(Debug, Default)]
pub struct Checkpoint {
    path: Option<PathBuf>,
    all: Vec<Kept>,
    /// Trainings begun since the start of the program.
    begun: usize,
}

impl Checkpoint {
    /// Nothing is written.
    pub fn none() -> Checkpoint {
        Checkpoint::default()
    }

    /// Written to `path` after each epoch; what is there is overwritten.
    pub fn fresh(path: &Path) -> Checkpoint {
        Checkpoint { path: Some(path.to_owned()), ..Checkpoint::default() }
    }

    /// As `path` says, and written there after each epoch.
    pub fn resumed(path: &Path) -> Result<Checkpoint, CheckpointError> {
        let io = |why| CheckpointError::Io { path: path.display().to_string(), why };
        let size = fs::metadata(path).map_err(io)?.len();
        if size > BYTES_MAX {
            return Err(damaged(path, format!("{size} bytes"), "at most 4 GiB"));
        }
        let bytes = fs::read(path).map_err(io)?;
        let body = checked(&bytes).map_err(|(found, expected)| damaged(path, found, expected))?;
        let mut reader = Reader(body);
        let all = reader.all().filter(|_| reader.0.is_empty());
        let Some(all) = all else {
            return Err(damaged(path, String::from("another form"), "trainings one by one"));
        };
        Ok(Checkpoint { path: Some(path.to_owned()), all, begun: 0 })
    }

    /// The next training begins: `learner` becomes what it was, where it was begun before.
    pub(super) fn begin(
        &mut self,
        digest: u32,
        learner: &mut Learner<'_>,
    ) -> Result<(), CheckpointError> {
        let place = self.begun;
        self.begun += 1;
        let Some(kept) = self.all.get(place) else { return Ok(()) };
        let path = || self.path.as_deref().unwrap_or(Path::new("-")).display().to_string();
        let is_sized = kept.numbers.iter().all(|row| row.len() == learner.weights.values.len());
        if kept.digest != digest || !is_sized {
            let (path, place) = (path(), place + 1);
            return Err(CheckpointError::Other {
                path,
                place,
                found: kept.digest,
                expected: digest,
            });
        }
        let shape = learner.weights.shape;
        let weights = |values: &Vec<f32>| Weights { shape, values: values.clone() };
        let [now, average, best, mean, square] = &kept.numbers;
        learner.weights = weights(now);
        learner.average = weights(average);
        learner.best = (kept.best as usize, weights(best));
        (learner.adam.mean, learner.adam.square) = (mean.clone(), square.clone());
        learner.adam.steps = kept.steps;
        learner.history.clone_from(&kept.history);
        Ok(())
    }

    /// An epoch of the training that began last is done.
    pub(super) fn keep(
        &mut self,
        digest: u32,
        learner: &Learner<'_>,
    ) -> Result<(), CheckpointError> {
        let Some(path) = self.path.clone() else { return Ok(()) };
        let kept = Kept {
            digest,
            history: learner.history.clone(),
            best: learner.best.0 as u64,
            steps: learner.adam.steps,
            numbers: [
                learner.weights.values.clone(),
                learner.average.values.clone(),
                learner.best.1.values.clone(),
                learner.adam.mean.clone(),
                learner.adam.square.clone(),
            ],
        };
        self.all.truncate(self.begun.saturating_sub(1));
        self.all.push(kept);
        self.write(&path)
            .map_err(|why| CheckpointError::Io { path: path.display().to_string(), why })
    }

    /// Beside the old file first, which stays whole until the new one is.
    fn write(&self, path: &Path) -> io::Result<()> {
        let mut name = path.as_os_str().to_owned();
        name.push(".part");
        let part = PathBuf::from(name);
        let mut file = fs::File::create(&part)?;
        file.write_all(&bytes_of(&self.all))?;
        file.sync_all()?;
        fs::rename(&part, path)
    }
}

fn damaged(path: &Path, found: String, expected: &'static str) -> CheckpointError {
    CheckpointError::Damaged { path: path.display().to_string(), found, expected }
}

/// What stands between the magic and the checksum.
fn checked(bytes: &[u8]) -> Result<&[u8], (String, &'static str)> {
    let rest =
        bytes.strip_prefix(MAGIC).ok_or((String::from("other bytes"), "NKTRAIN1 at first"))?;
    let (body, sum) = rest.split_last_chunk::<4>().ok_or((String::from("an end"), "a checksum"))?;
    let (found, expected) = (crc32fast::hash(body), u32::from_le_bytes(*sum));
    if found == expected {
        return Ok(body);
    }
    Err((format!("bytes that sum up to {found:08x}"), "bytes that their checksum tells"))
}

fn bytes_of(all: &[Kept]) -> Vec<u8> {
    let mut body = Vec::new();
    put(&mut body, all.len() as u64);
    for kept in all {
        put(&mut body, u64::from(kept.digest));
        put(&mut body, kept.best);
        put(&mut body, kept.steps);
        put(&mut body, kept.history.len() as u64);
        for epoch in &kept.history {
            put(&mut body, epoch.train.to_bits());
            put(&mut body, epoch.valid.to_bits());
        }
        for row in &kept.numbers {
            put(&mut body, row.len() as u64);
            for value in row {
                body.extend_from_slice(&value.to_bits().to_le_bytes());
            }
        }
    }
    let sum = crc32fast::hash(&body);
    [MAGIC.as_slice(), &body, &sum.to_le_bytes()].concat()
}

fn put(body: &mut Vec<u8>, value: u64) {
    body.extend_from_slice(&value.to_le_bytes());
}

/// What is left to be read.
struct Reader<'b>(&'b [u8]);

impl Reader<'_> {
    fn all(&mut self) -> Option<Vec<Kept>> {
        let count = self.count(8)?;
        (0..count).map(|_| self.kept()).collect()
    }

    fn kept(&mut self) -> Option<Kept> {
        let (digest, best, steps) = (self.number()?, self.number()?, self.number()?);
        let epochs = self.count(16)?;
        let epoch = |_| {
            let (train, valid) = (self.number()?, self.number()?);
            Some(Epoch { train: f64::from_bits(train), valid: f64::from_bits(valid) })
        };
        let history: Vec<Epoch> = (0..epochs).map(epoch).collect::<Option<_>>()?;
        let mut numbers = [const { Vec::new() }; 5];
        for row in &mut numbers {
            *row = self.row()?;
        }
        // The best epoch is one of those that were.
        let is_known = best >= 1 && best <= epochs as u64;
        let digest = u32::try_from(digest).ok()?;
        is_known.then_some(Kept { digest, history, best, steps, numbers })
    }

    fn row(&mut self) -> Option<Vec<f32>> {
        let count = self.count(4)?;
        let (values, rest) = self.0.split_at_checked(4 * count)?;
        self.0 = rest;
        let (values, _) = values.as_chunks::<4>();
        Some(values.iter().map(|value| f32::from_bits(u32::from_le_bytes(*value))).collect())
    }

    fn number(&mut self) -> Option<u64> {
        let (value, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*value))
    }

    /// A count of things of so many bytes at least; none that the rest has no room for.
    fn count(&mut self, bytes: usize) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count <= self.0.len() / bytes).then_some(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kept(digest: u32, epochs: usize) -> Kept {
        let epoch = |n| Epoch { train: f64::from(n) * 0.1, valid: f64::from(n) * 0.2 };
        let row = |n: usize| (0..7).map(|k| (n * 7 + k) as f32 * 0.5).collect();
        Kept {
            digest,
            history: (1..=epochs as i32).map(epoch).collect(),
            best: 1,
            steps: 99,
            numbers: std::array::from_fn(row),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let all = vec![kept(1, 3), kept(u32::MAX, 1)];
        let bytes = bytes_of(&all);
        let mut reader = Reader(checked(&bytes).unwrap());
        assert_eq!(reader.all().unwrap(), all);
        assert!(reader.0.is_empty());
    }

    proptest! {
        #[test]
        fn a_file_that_was_cut_or_changed_is_refused(at in 0_usize..400, bit in 0_u8..8) {
            let bytes = bytes_of(&[kept(7, 2)]);
            let at = at % bytes.len();
            prop_assert!(checked(&bytes[..at]).is_err());
            let mut changed = bytes;
            changed[at] ^= 1 << bit;
            prop_assert!(checked(&changed).is_err());
        }

        #[test]
        fn bytes_with_a_good_checksum_do_no_harm(
            body in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            let mut reader = Reader(&body);
            if let Some(all) = reader.all() {
                prop_assert!(all.len() <= body.len() / 8);
            }
        }
    }
}
