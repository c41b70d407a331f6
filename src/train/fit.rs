//! Fitting: epoch after epoch downhill, until validation says that it is enough.
//!
//! In: a data set, its parts, a recipe. Out: the weights that validation liked best. Never: a look
//! at the test part.
//!
//! A batch is cut into two halves of lanes, each with its own memory, and their slopes are added in
//! their order: the result depends on the seed alone, not on how many threads there are.

use std::ops::Range;
use std::thread;

use super::course::{Course, Slot};
use super::net::{Adam, Batch, Chance, Dropout, Pass, Rate, Shape, Weights};
use super::row::Dataset;

/// Halves of a batch.
const SHARDS: usize = 2;

/// What a step leaves of the mean of weights (Polyak and Juditsky, 1992, with a short memory).
const AVERAGE_KEEPS: f32 = 0.99;

/// How to learn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recipe {
    /// The network.
    pub shape: Shape,
    /// What goes through when.
    pub course: Course,
    /// Times through the training part at most.
    pub epochs: usize,
    /// Epochs without a better validation after which it ends.
    pub patience: usize,
    /// Length of the longest step.
    pub rate: f32,
    /// Share of outputs left out.
    pub dropout: f32,
    /// Weight decay.
    pub decay: f32,
    /// Longest that slopes may be.
    pub clip: f32,
    /// How far rare classes count more, from 0 (not) to 1 (all classes the same in sum).
    pub balance: f32,
    /// Of all chance.
    pub seed: u64,
}

/// What one epoch came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epoch {
    /// Mean cross entropy over the training part, with dropout, nats.
    pub train: f64,
    /// Over the validation part, nats.
    pub valid: f64,
}

/// What one row was told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Word {
    /// The row.
    pub at: usize,
    /// A logarithm of each class's probability.
    pub logs: [f32; 3],
}

/// Who learns.
#[derive(Debug)]
pub struct Learner<'a> {
    data: &'a Dataset,
    /// Scaled features of all rows.
    x: &'a [f32],
    recipe: Recipe,
    /// What each class counts.
    counts: [f32; 3],
    shards: Vec<Shard>,
    /// The weights now.
    pub weights: Weights,
    /// Their running mean, which is what is validated and kept: single steps are noise.
    pub average: Weights,
    /// The optimiser.
    pub adam: Adam,
    /// Epochs so far.
    pub history: Vec<Epoch>,
    /// The best weights so far, and their epoch.
    pub best: (usize, Weights),
}

/// Half of the lanes.
#[derive(Debug)]
struct Shard {
    pass: Pass,
    slopes: Vec<f32>,
    x: Vec<f32>,
    keeps: Vec<f32>,
    classes: Vec<u8>,
    counts: Vec<f32>,
    loss: f64,
}

impl<'a> Learner<'a> {
    /// Nothing learned yet. `x` are the features, scaled.
    pub fn new(data: &'a Dataset, x: &'a [f32], train: &[Range<usize>], recipe: Recipe) -> Self {
        assert!(x.len() == data.x.len(), "all rows are scaled");
        assert!(recipe.course.lanes.is_multiple_of(SHARDS), "lanes are cut into halves");
        let Course { steps, lanes, .. } = recipe.course;
        let (lanes, weights) = (lanes / SHARDS, Weights::random(recipe.shape, recipe.seed));
        let rows = steps * lanes;
        let shard = |_| Shard {
            pass: Pass::new(recipe.shape, steps, lanes),
            slopes: vec![0.0; weights.values.len()],
            x: vec![0.0; rows * recipe.shape.inputs],
            keeps: vec![0.0; rows],
            classes: vec![0; rows],
            counts: vec![0.0; rows],
            loss: 0.0,
        };
        let batches = recipe.course.epoch(data, train, &mut Chance::new(recipe.seed, 1)).len();
        let total = (batches * recipe.epochs) as u64;
        let rate = Rate { peak: recipe.rate, warmup: total / 20, total, floor: 0.05 };
        Learner {
            data,
            x,
            recipe,
            counts: class_counts(data, train, recipe.shape.classes, recipe.balance),
            shards: (0..SHARDS).map(shard).collect(),
            adam: Adam::new(weights.values.len(), rate, recipe.decay, recipe.clip),
            history: Vec::new(),
            best: (0, weights.clone()),
            average: weights.clone(),
            weights,
        }
    }

    /// Is there nothing more to learn?
    pub fn is_done(&self) -> bool {
        let epochs = self.history.len();
        epochs >= self.recipe.epochs || epochs > self.best.0 + self.recipe.patience
    }

    /// Once through the training part, then a look at the validation part. `seen` is told after
    /// each batch how many are done, of how many, and its mean error.
    pub fn epoch(
        &mut self,
        train: &[Range<usize>],
        valid: &[Range<usize>],
        seen: &mut dyn FnMut(usize, usize, f64),
    ) -> Epoch {
        let epoch = self.history.len() as u64;
        let mut chance = Chance::new(self.recipe.seed, 2 + epoch);
        let batches = self.recipe.course.epoch(self.data, train, &mut chance);
        let (mut loss, mut counted) = (0.0, 0.0);
        for (n, batch) in batches.iter().enumerate() {
            let counts = self.counts;
            let total = self.fill(batch, |class| class.map(|class| counts[usize::from(class)]));
            if total <= 0.0 {
                continue;
            }
            let error = self.learn(chance.bits(), total);
            loss += error;
            counted += total;
            seen(n + 1, batches.len(), error / total);
        }
        let weights = self.average.clone();
        let words = self.words(&weights, valid);
        let epoch =
            Epoch { train: loss / f64::max(counted, 1.0), valid: log_loss(self.data, &words) };
        self.history.push(epoch);
        let is_better = |best: &Epoch| epoch.valid < best.valid;
        if self.history.len() == 1 || is_better(&self.history[self.best.0 - 1]) {
            self.best = (self.history.len(), weights);
        }
        epoch
    }

    /// What each row of a part is told, where its state has grown or its window is whole.
    pub fn words(&mut self, weights: &Weights, part: &[Range<usize>]) -> Vec<Word> {
        let batches = self.recipe.course.review(self.data, part);
        let mut words = Vec::new();
        for batch in &batches {
            self.fill(batch, |_| Some(1.0));
            each(&mut self.shards, &[(); SHARDS], |shard, ()| {
                let batch = batch_of(&shard.x, &shard.keeps, &shard.classes, &shard.counts);
                shard.loss = shard.pass.forward(weights, &batch, None);
            });
            let (lanes, classes) = (self.recipe.course.lanes, self.recipe.shape.classes);
            let half = lanes / SHARDS;
            for (n, slot) in batch.iter().enumerate().filter(|(_, slot)| slot.counts) {
                let (step, lane) = (n / lanes, n % lanes);
                let row = (step * half + lane % half) * classes;
                let mut logs = [f32::NEG_INFINITY; 3];
                let said = &self.shards[lane / half].pass.probabilities()[row..row + classes];
                for (log, p) in logs.iter_mut().zip(said) {
                    *log = p.max(f32::MIN_POSITIVE).ln();
                }
                words.push(Word { at: slot.at as usize, logs });
            }
        }
        words.sort_unstable_by_key(|word| word.at);
        words
    }

    /// Puts a batch into the shards. Returns what all of it counts.
    fn fill(&mut self, batch: &[Slot], count: impl Fn(Option<u8>) -> Option<f32>) -> f64 {
        let (lanes, wide) = (self.recipe.course.lanes, self.recipe.shape.inputs);
        let half = lanes / SHARDS;
        let mut total = 0.0;
        for (n, slot) in batch.iter().enumerate() {
            let (at, (step, lane)) = (slot.at as usize, (n / lanes, n % lanes));
            let (shard, row) = (&mut self.shards[lane / half], step * half + lane % half);
            let class = self.data.examples[at].class;
            let count = if slot.counts { count(class).unwrap_or(0.0) } else { 0.0 };
            shard.x[row * wide..][..wide].copy_from_slice(&self.x[at * wide..][..wide]);
            shard.keeps[row] = f32::from(u8::from(slot.keeps));
            shard.classes[row] = class.unwrap_or(0);
            shard.counts[row] = count;
            total += f64::from(count);
        }
        total
    }

    /// One step downhill. Returns the summed error.
    fn learn(&mut self, chance: u64, total: f64) -> f64 {
        let (weights, rate) = (&self.weights, self.recipe.dropout);
        let streams: Vec<Chance> = (0..SHARDS as u64).map(|n| Chance::new(chance, n)).collect();
        each(&mut self.shards, &streams, |shard, chance| {
            let batch = batch_of(&shard.x, &shard.keeps, &shard.classes, &shard.counts);
            let mut dropout = Dropout { rate, chance: chance.clone() };
            let drop = (rate > 0.0).then_some(&mut dropout);
            shard.slopes.fill(0.0);
            shard.loss = shard.pass.forward(weights, &batch, drop);
            shard.pass.backward(weights, &batch, &mut shard.slopes);
        });
        let (first, others) = self.shards.split_at_mut(1);
        let slopes = &mut first[0].slopes;
        for other in others {
            slopes.iter_mut().zip(&other.slopes).for_each(|(sum, slope)| *sum += slope);
        }
        let by = (1.0 / total) as f32;
        for slope in slopes.iter_mut() {
            *slope *= by;
        }
        self.adam.step(&mut self.weights.values, slopes);
        // Young means follow at once, old ones keep what they have seen.
        let keeps = AVERAGE_KEEPS.min(self.adam.steps as f32 / (self.adam.steps as f32 + 9.0));
        for (mean, weight) in self.average.values.iter_mut().zip(&self.weights.values) {
            *mean = keeps * *mean + (1.0 - keeps) * weight;
        }
        self.shards.iter().map(|shard| shard.loss).sum()
    }
}

/// Each half on a thread of its own.
fn each<T: Sync>(shards: &mut [Shard], with: &[T], work: impl Fn(&mut Shard, &T) + Sync) {
    let work = &work;
    let mut pairs = shards.iter_mut().zip(with);
    let here = pairs.next();
    thread::scope(|scope| {
        pairs.for_each(|(shard, with)| {
            scope.spawn(move || work(shard, with));
        });
        if let Some((shard, with)) = here {
            work(shard, with);
        }
    });
}

fn batch_of<'b>(x: &'b [f32], keeps: &'b [f32], classes: &'b [u8], counts: &'b [f32]) -> Batch<'b> {
    Batch { x, keeps, classes, counts }
}

/// What an example of each class counts: 1 on average.
fn class_counts(data: &Dataset, part: &[Range<usize>], classes: usize, balance: f32) -> [f32; 3] {
    let mut seen = [0.0_f32; 3];
    for class in part.iter().cloned().flatten().filter_map(|at| data.examples[at].class) {
        seen[usize::from(class)] += 1.0;
    }
    let all: f32 = seen.iter().sum();
    let raw = seen.map(|n| if n > 0.0 { (all / (classes as f32 * n)).powf(balance) } else { 0.0 });
    let mean = seen.iter().zip(raw).map(|(n, by)| n * by).sum::<f32>() / all.max(1.0);
    raw.map(|by| by / mean.max(f32::MIN_POSITIVE))
}

/// Mean cross entropy of words whose rows have a class, nats.
pub fn log_loss(data: &Dataset, words: &[Word]) -> f64 {
    let errors = words.iter().filter_map(|word| {
        let class = data.examples[word.at].class?;
        Some(-f64::from(word.logs[usize::from(class)]))
    });
    let (sum, count) = errors.fold((0.0, 0.0), |(sum, count), error| (sum + error, count + 1.0));
    sum / f64::max(count, 1.0)
}
