//! Courses: which rows go through the network when, in either form.
//!
//! In: a part of a data set, a form. Out: batches of places. Never: a row of another part, but for
//! the rows before a part over which states grow or windows look back.

use std::ops::Range;

use super::net::Chance;
use super::row::Dataset;
use crate::neural::Form;

/// One step of one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The row.
    pub at: u32,
    /// Does the lane go on from the step before?
    pub keeps: bool,
    /// Is its word wanted?
    pub counts: bool,
}

/// The size of batches, and what a row needs before its word counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Course {
    /// Windows, or states that are carried.
    pub form: Form,
    /// Rows of a window; in streaming form steps between two moves of the weights.
    pub steps: usize,
    /// Lanes side by side.
    pub lanes: usize,
    /// Rows before a word counts, in streaming form.
    pub warmup: usize,
}

impl Course {
    /// Rows that a word looks back at least, itself among them.
    pub fn reach(&self) -> usize {
        if self.form == Form::Streaming { self.warmup + 1 } else { self.steps }
    }

    /// One time through a part, `[steps][lanes]` each batch: windows in any order, or lanes that
    /// begin at places drawn by chance and go on from batch to batch.
    pub fn epoch(
        &self,
        data: &Dataset,
        part: &[Range<usize>],
        chance: &mut Chance,
    ) -> Vec<Vec<Slot>> {
        if self.form == Form::Streaming {
            let track = track(part);
            let start = chance.below(track.len().max(1));
            let long = track.len() / self.lanes / self.steps * self.steps;
            let lane = |n: usize| {
                let at = start + n * (track.len() / self.lanes.max(1));
                self.aged((0..long).map(|step| track[(at + step) % track.len()]))
            };
            return self.stacked(&(0..self.lanes).map(lane).collect::<Vec<_>>());
        }
        let mut ends: Vec<usize> =
            self.ends(data, part).filter(|at| data.examples[*at].class.is_some()).collect();
        chance.shuffle(&mut ends);
        self.windows(&ends)
    }

    /// Each row of a part once, as live would meet it: what it looks back at may lie before the
    /// part, in the gap.
    pub fn review(&self, data: &Dataset, part: &[Range<usize>]) -> Vec<Vec<Slot>> {
        if self.form != Form::Streaming {
            return self.windows(&self.ends(data, part).collect::<Vec<_>>());
        }
        let runs = data.runs();
        let mut lanes = Vec::new();
        let rows: usize = part.iter().map(ExactSizeIterator::len).sum();
        let piece = rows.div_ceil(self.lanes).max(1);
        for range in part {
            let Some(run) = runs.iter().find(|run| run.contains(&range.start)) else { continue };
            for from in range.clone().step_by(piece) {
                let to = (from + piece).min(range.end);
                let begin = from.saturating_sub(self.warmup).max(run.start);
                let aged = self.aged((begin..to).map(|at| (at, at > begin)));
                let only =
                    |slot: Slot| Slot { counts: slot.counts && slot.at >= from as u32, ..slot };
                lanes.push(aged.into_iter().map(only).collect::<Vec<_>>());
            }
        }
        // Lanes that run together are filled to one length with rows that do not count.
        let mut batches = Vec::new();
        for together in lanes.chunks_mut(self.lanes) {
            let long = together.iter().map(Vec::len).max().unwrap_or_default();
            let long = long.div_ceil(self.steps) * self.steps;
            let idle = Slot { at: 0, keeps: false, counts: false };
            let mut together: Vec<Vec<Slot>> = together.iter_mut().map(std::mem::take).collect();
            together.resize(self.lanes, Vec::new());
            for lane in &mut together {
                lane.resize(long, idle);
            }
            batches.extend(self.stacked(&together));
        }
        batches
    }

    /// A lane's slots: the first begins anew, and words count once states have grown.
    fn aged(&self, rows: impl Iterator<Item = (usize, bool)>) -> Vec<Slot> {
        let mut age = 0;
        let slot = |(n, (at, follows)): (usize, (usize, bool))| {
            let keeps = follows && n > 0;
            age = if keeps { age + 1 } else { 0 };
            Slot { at: at as u32, keeps, counts: age >= self.warmup }
        };
        rows.enumerate().map(slot).collect()
    }

    /// Lanes of one length, a multiple of the steps, as batches.
    fn stacked(&self, lanes: &[Vec<Slot>]) -> Vec<Vec<Slot>> {
        let long = lanes.first().map_or(0, Vec::len);
        let batch = |from: usize| {
            (from..from + self.steps).flat_map(|step| lanes.iter().map(move |lane| lane[step]))
        };
        (0..long).step_by(self.steps).map(|from| batch(from).collect()).collect()
    }

    /// Rows of a part before which there is room for a window.
    fn ends<'p>(
        &self,
        data: &Dataset,
        part: &'p [Range<usize>],
    ) -> impl Iterator<Item = usize> + use<'p> {
        let steps = self.steps;
        let runs = data.runs();
        part.iter().cloned().flat_map(move |range| {
            let run = runs.iter().find(|run| run.contains(&range.start)).map_or(0, |run| run.start);
            range.filter(move |at| at + 1 >= run + steps)
        })
    }

    /// A batch for every so many windows; the last one is filled with rows that do not count.
    fn windows(&self, ends: &[usize]) -> Vec<Vec<Slot>> {
        let slot = |step: usize, end: Option<&usize>| match end {
            Some(end) => Slot {
                at: (end + 1 + step - self.steps) as u32,
                keeps: step > 0,
                counts: step + 1 == self.steps,
            },
            None => Slot { at: 0, keeps: false, counts: false },
        };
        let batch = |ends: &[usize]| {
            let steps = 0..self.steps;
            steps
                .flat_map(|step| (0..self.lanes).map(move |n| (step, n)))
                .map(|(step, n)| slot(step, ends.get(n)))
                .collect()
        };
        ends.chunks(self.lanes).map(batch).collect()
    }
}

/// Rows of a part one after the other, and whether each follows the one before.
fn track(part: &[Range<usize>]) -> Vec<(usize, bool)> {
    part.iter().flat_map(|range| range.clone().map(|at| (at, at > range.start))).collect()
}
