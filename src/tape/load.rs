//! Loading: files, each as its format says, onto one tape.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::contract::Spec;
use super::deck::Tape;
use super::error::TapeError;
use crate::limits;

impl Tape {
    /// Loads recordings; `progress` is told how many bytes of how many have been read.
    pub fn load(specs: &[Spec], progress: &mut dyn FnMut(u64, u64)) -> Result<Tape, TapeError> {
        if specs.len() > limits::CONNECTIONS_MAX {
            return Err(TapeError::TooManyFiles { files: specs.len() });
        }
        let total = specs.iter().map(Spec::bytes).sum::<Result<u64, _>>()?;
        check_each_once(specs)?;
        let mut tape = Tape::default();
        let mut done = 0;
        for spec in specs {
            let companions: Vec<&PathBuf> = specs.iter().map(|s| &s.path).collect();
            if (spec.format.is_companion)(&spec.path, &companions) {
                continue;
            }
            let before = tape.entries.len();
            (spec.format.read)(spec, &companions, &mut tape)?;
            if tape.entries.len() == before {
                return Err(TapeError::NoFrames { path: spec.path.clone() });
            }
            done += spec.bytes()?;
            progress(done, total);
        }
        progress(total, total);
        tape.bytes.resize(tape.bytes.len() + limits::FRAME_PAD_BYTES, 0);
        Ok(tape)
    }
}

/// The same file by another name is the same file.
fn check_each_once(specs: &[Spec]) -> Result<(), TapeError> {
    let mut seen = BTreeSet::new();
    for Spec { path, .. } in specs {
        // What is built in has no place on the disk, and its name is the only one.
        if !seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())) {
            return Err(TapeError::Twice { path: path.clone() });
        }
    }
    Ok(())
}
