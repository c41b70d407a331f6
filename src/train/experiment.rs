//! An experiment: candidates are compared on validation, one is chosen, and only then is the test
//! part read.
//!
//! In: a sheet, a plan. Out: a network, and how it did beside what is simple.
//! Never: a choice by the test part.

use std::collections::BTreeSet;

use thiserror::Error;

use super::checkpoint::{Checkpoint, CheckpointError};
use super::course::Course;
use super::export;
use super::fit::{Epoch, Learner, Recipe, Word};
use super::judge::{
    Interval, Marks, Score, Simple, cooled, interval, is_hit, marks, simple_words, sureness,
    temperature,
};
use super::net::{Shape, Weights};
use super::row::{Dataset, DatasetError, Fold, Label, Part, Scale, Sheet, folds};
use crate::neural::Form;

/// The surest share of words that is traded on beside all.
pub const SUREST: f64 = 0.1;

/// What is to be tried.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Features by name.
    pub names: Vec<String>,
    /// Labels to choose from, at least one.
    pub labels: Vec<Label>,
    /// Numbers of layers to choose from, at least one.
    pub layers: Vec<usize>,
    /// How to learn; inputs, layers and classes are filled in.
    pub recipe: Recipe,
    /// Steps of walking forward.
    pub folds: usize,
    /// Share of rows that each tests.
    pub share: f64,
}

/// What an experiment tells while it runs.
#[derive(Clone, Copy, Debug)]
pub enum Moment<'a> {
    /// A batch of a training was done.
    Batch {
        /// What is trained.
        what: &'a str,
        /// Batches done in this epoch, and all of them.
        batches: (usize, usize),
        /// Mean error of the batch, nats.
        error: f64,
    },
    /// An epoch of a training was done.
    Epoch {
        /// What is trained.
        what: &'a str,
        /// Which, from 1 on.
        number: usize,
        /// What it came to.
        epoch: Epoch,
    },
    /// The label was chosen; no test part was read so far.
    Chosen(&'a Tried),
}

/// One candidate, on the validation part of the first fold.
#[derive(Clone, Debug)]
pub struct Tried {
    /// The label.
    pub label: Label,
    /// Layers of the network.
    pub layers: usize,
    /// Of the network.
    pub network: Score,
    /// Of the regression, on the same rows.
    pub regression: Score,
    /// Of the sign of the imbalance, on the same rows.
    pub imbalance: Score,
}

/// One forecaster on the test parts.
#[derive(Clone, Debug)]
pub struct Judged {
    /// What it is called.
    pub name: &'static str,
    /// Its scores.
    pub score: Score,
    /// Directional accuracy.
    pub directional: Interval,
    /// The network's directional accuracy less this one's, row by row.
    pub behind: Interval,
    /// Trades by all its words, and by the surest ones.
    pub marks: [Marks; 2],
}

/// Rows of each part, all folds together; training is that of the last one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rows {
    /// Learned from.
    pub train: usize,
    /// Chosen by.
    pub valid: usize,
    /// Tested.
    pub test: usize,
}

/// How it went.
#[derive(Clone, Debug)]
pub struct Report {
    /// All candidates.
    pub tried: Vec<Tried>,
    /// The network first.
    pub judged: Vec<Judged>,
    /// Epochs of each fold.
    pub history: Vec<Vec<Epoch>>,
    /// Sizes.
    pub rows: Rows,
}

/// What came out.
#[derive(Clone, Debug)]
pub struct Trained {
    /// Of the last fold.
    pub weights: Weights,
    /// The regression beside it.
    pub regression: Weights,
    /// Fitted on the last fold's training part.
    pub scale: Scale,
    /// On the last fold's validation part.
    pub temperature: f32,
    /// Features by name.
    pub names: Vec<String>,
    /// What was chosen.
    pub label: Label,
    /// How far it looks, ns.
    pub horizon_ns: i64,
    /// How it was learned.
    pub recipe: Recipe,
    /// Of the data.
    pub digest: u32,
    /// How sure the surest are, on the first fold's validation part.
    pub least: f32,
    /// How it went.
    pub report: Report,
}

/// Why there is no network.
#[derive(Debug, Error)]
pub enum TrainError {
    /// What was done before cannot be taken up, or what is done not be kept.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// No data set.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A part that says nothing.
    #[error(
        "the {part} part of fold {fold} has {found} rows with a label, expected at least {}: \
         use a longer recording, fewer folds or a shorter horizon",
        ROWS_MIN
    )]
    Small {
        /// Which part.
        part: &'static str,
        /// Of which fold, from 1 on.
        fold: usize,
        /// Rows found.
        found: usize,
    },
    /// An error that is no number.
    #[error(
        "training of {what} ran away: its validation error is {found}, expected a number; lower \
         --rate"
    )]
    Diverged {
        /// What was trained.
        what: String,
        /// The error.
        found: f64,
    },
}

/// Rows with a label below which a part says nothing.
const ROWS_MIN: usize = 50;

/// A trained pair: network and regression, and what both say.
struct Pair {
    learned: [Weights; 2],
    scale: Scale,
    temperatures: [f32; 2],
    /// On validation, then on test where it was asked for; the same rows for both.
    valid: [Vec<Word>; 2],
    test: [Vec<Word>; 2],
    history: Vec<Epoch>,
}

type Watch<'w> = &'w mut dyn FnMut(Moment<'_>);

/// Runs the experiment, from where the checkpoint says that it stands.
pub fn run(
    sheet: &Sheet,
    plan: &Plan,
    checkpoint: &mut Checkpoint,
    watch: Watch<'_>,
) -> Result<Trained, TrainError> {
    let (tried, best) = choose(sheet, plan, checkpoint, watch)?;
    watch(Moment::Chosen(&tried[best]));
    let (label, layers) = (tried[best].label, tried[best].layers);
    let (data, recipe, folds) = prepared(sheet, plan, &label, layers)?;
    let classes = recipe.shape.classes;
    let mut said: Vec<(&'static str, Vec<Word>)> = Vec::new();
    let (mut history, mut rows, mut last, mut least) = (Vec::new(), Rows::default(), None, None);
    for (n, fold) in folds.iter().enumerate() {
        let what = format!("fold {} of {}", n + 1, folds.len());
        let mut pair = pair(&data, fold, &recipe, (&what, true), checkpoint, watch)?;
        let [network, regression] = std::mem::take(&mut pair.test);
        for simple in Simple::ALL {
            let words = simple_words(simple, &data, &fold.train, classes, &network);
            extend(&mut said, simple.name(), words);
        }
        extend(&mut said, "logistic regression", regression);
        extend(&mut said, "LSTM", network);
        least.get_or_insert_with(|| sureness(&pair.valid[0], classes, SUREST));
        let size = |part: &Part| part.iter().map(ExactSizeIterator::len).sum::<usize>();
        rows.train = size(&fold.train);
        rows.valid += size(&fold.valid);
        rows.test += size(&fold.test);
        history.push(std::mem::take(&mut pair.history));
        last = Some(pair);
    }
    said.reverse();
    let least = least.unwrap_or_default();
    let judged = judged(&data, &said, classes, least, recipe.seed);
    let Some(Pair { learned: [weights, regression], scale, temperatures, .. }) = last else {
        return Err(TrainError::Small { part: "test", fold: 1, found: 0 });
    };
    Ok(Trained {
        weights,
        regression,
        scale,
        temperature: temperatures[0],
        names: plan.names.clone(),
        label,
        horizon_ns: export::horizon_ns(&data, label.horizon),
        recipe,
        digest: export::digest(&data),
        least,
        report: Report { tried, judged, history, rows },
    })
}

/// How a trained network does on recordings that it knows nothing of, all of each.
pub fn transfer(trained: &Trained, sheet: &Sheet) -> Result<Vec<Judged>, TrainError> {
    let data = Dataset::new(sheet, &trained.names, &trained.label)?;
    let x = trained.scale.apply(&data.x);
    let (whole, recipe) = (data.runs(), trained.recipe);
    let mut learner = Learner::new(&data, &x, &[], recipe);
    let network = cooled(&learner.words(&trained.weights, &whole), trained.temperature);
    let simple = regression_of(recipe);
    let mut learner = Learner::new(&data, &x, &[], simple);
    let regression = alike(learner.words(&trained.regression, &whole), &network);
    let classes = recipe.shape.classes;
    // Here there is no training part: the rules are those of before, as signs.
    let imbalance = simple_words(Simple::Imbalance, &data, &[], classes, &network);
    let signs = imbalance.iter().map(|word| sign_of(&data, word.at, classes)).collect();
    let said = [("LSTM", network), ("logistic regression", regression), ("imbalance sign", signs)];
    Ok(judged(&data, &said, classes, trained.least, recipe.seed))
}

/// A word in the direction of the imbalance, three to one.
fn sign_of(data: &Dataset, at: usize, classes: usize) -> Word {
    let mut logs = [f32::NEG_INFINITY; 3];
    let others = 0.25 / (classes - 1) as f32;
    logs[..classes].fill(others.ln());
    let is_up = data.examples[at].imbalance > 0.0;
    logs[if is_up { classes - 1 } else { 0 }] = 0.75_f32.ln();
    Word { at, logs }
}

/// Every candidate on the validation part of the first fold, and which has the highest correlation.
fn choose(
    sheet: &Sheet,
    plan: &Plan,
    checkpoint: &mut Checkpoint,
    watch: Watch<'_>,
) -> Result<(Vec<Tried>, usize), TrainError> {
    let mut tried: Vec<Tried> = Vec::new();
    for label in &plan.labels {
        for &layers in &plan.layers {
            let (data, recipe, folds) = prepared(sheet, plan, label, layers)?;
            let (classes, fold) = (recipe.shape.classes, &folds[0]);
            let what = format!("{} {} bps", label.horizon, label.threshold_bps);
            let pair = pair(&data, fold, &recipe, (&what, false), checkpoint, watch)?;
            let [network, regression] = &pair.valid;
            let imbalance = simple_words(Simple::Imbalance, &data, &fold.train, classes, network);
            tried.push(Tried {
                label: *label,
                layers,
                network: Score::new(&data, network, classes),
                regression: Score::new(&data, regression, classes),
                imbalance: Score::new(&data, &imbalance, classes),
            });
        }
    }
    let better = |best: usize, n: usize| {
        if tried[n].network.mcc > tried[best].network.mcc { n } else { best }
    };
    let best = (1..tried.len()).fold(0, better);
    Ok((tried, best))
}

/// The data of a label, the recipe for it, and its parts.
fn prepared(
    sheet: &Sheet,
    plan: &Plan,
    label: &Label,
    layers: usize,
) -> Result<(Dataset, Recipe, Vec<Fold>), TrainError> {
    let data = Dataset::new(sheet, &plan.names, label)?;
    let (inputs, classes) = (plan.names.len(), label.classes().len());
    let shape = Shape { inputs, layers, classes, ..plan.recipe.shape };
    let recipe = Recipe { shape, ..plan.recipe };
    let folds = folds(&data, plan.folds, plan.share, recipe.course.reach());
    for (n, fold) in folds.iter().enumerate() {
        let parts = [("training", &fold.train), ("validation", &fold.valid), ("test", &fold.test)];
        for (part, ranges) in parts {
            let rows = ranges.iter().cloned().flatten();
            let found = rows.filter(|at| data.examples[*at].class.is_some()).count();
            if found < ROWS_MIN {
                return Err(TrainError::Small { part, fold: n + 1, found });
            }
        }
    }
    Ok((data, recipe, folds))
}

/// The same recipe for a softmax regression.
fn regression_of(recipe: Recipe) -> Recipe {
    let shape = Shape { hidden: 0, layers: 0, ..recipe.shape };
    let course = Course { form: Form::Streaming, steps: 32, lanes: 16, warmup: 0 };
    Recipe { shape, course, rate: 0.005, dropout: 0.0, ..recipe }
}

/// A number that tells a training from others: of its rows, its fold and its recipe.
fn digest(data: &Dataset, fold: &Fold, recipe: &Recipe) -> u32 {
    let text = format!("{recipe:?} {:?} {:?}", fold.train, fold.valid);
    let mut hasher = crc32fast::Hasher::new_with_initial(export::digest(data));
    hasher.update(text.as_bytes());
    hasher.finalize()
}

/// Trains network and regression on one fold; `what` it is called, and whether it is tested.
fn pair(
    data: &Dataset,
    fold: &Fold,
    recipe: &Recipe,
    (what, is_tested): (&str, bool),
    checkpoint: &mut Checkpoint,
    watch: Watch<'_>,
) -> Result<Pair, TrainError> {
    let scale = Scale::fit(data, &fold.train);
    let x = scale.apply(&data.x);
    let mut one = |recipe: Recipe| {
        let mut learner = Learner::new(data, &x, &fold.train, recipe);
        let digest = digest(data, fold, &recipe);
        checkpoint.begin(digest, &mut learner)?;
        while !learner.is_done() {
            let epoch = learner.epoch(&fold.train, &fold.valid, &mut |done, all, error| {
                watch(Moment::Batch { what, batches: (done, all), error });
            });
            let number = learner.history.len();
            watch(Moment::Epoch { what, number, epoch });
            if !epoch.valid.is_finite() {
                return Err(TrainError::Diverged { what: what.to_owned(), found: epoch.valid });
            }
            checkpoint.keep(digest, &learner)?;
        }
        let best = learner.best.1.clone();
        let valid = learner.words(&best, &fold.valid);
        let temperature = temperature(data, &valid);
        let test = if is_tested { learner.words(&best, &fold.test) } else { Vec::new() };
        let (valid, test) = (cooled(&valid, temperature), cooled(&test, temperature));
        Ok((best, temperature, valid, test, learner.history))
    };
    let (network, t, valid, test, history) = one(*recipe)?;
    let (regression, t_regression, valid_regression, test_regression, _) =
        one(regression_of(*recipe))?;
    Ok(Pair {
        learned: [network, regression],
        scale,
        temperatures: [t, t_regression],
        valid: [valid.clone(), alike(valid_regression, &valid)],
        test: [test.clone(), alike(test_regression, &test)],
        history,
    })
}

/// Those words whose rows are in `like`.
fn alike(words: Vec<Word>, like: &[Word]) -> Vec<Word> {
    let rows: BTreeSet<usize> = like.iter().map(|word| word.at).collect();
    words.into_iter().filter(|word| rows.contains(&word.at)).collect()
}

fn extend(said: &mut Vec<(&'static str, Vec<Word>)>, name: &'static str, words: Vec<Word>) {
    match said.iter_mut().find(|(known, _)| *known == name) {
        Some((_, all)) => all.extend(words),
        None => said.push((name, words)),
    }
}

/// Scores of all, the first being the network.
fn judged(
    data: &Dataset,
    said: &[(&'static str, Vec<Word>)],
    classes: usize,
    least: f32,
    seed: u64,
) -> Vec<Judged> {
    let hits = |words: &[Word]| -> Vec<f64> {
        let hits = words.iter().filter_map(|word| is_hit(data, word, classes));
        hits.map(|is_hit| f64::from(u8::from(is_hit))).collect()
    };
    let ours = said.first().map(|(_, words)| hits(words)).unwrap_or_default();
    let judge = |(name, words): &(&'static str, Vec<Word>)| {
        let theirs = hits(words);
        let ahead: Vec<f64> =
            ours.iter().zip(&theirs).map(|(ours, theirs)| ours - theirs).collect();
        Judged {
            name,
            score: Score::new(data, words, classes),
            directional: interval(&theirs, seed),
            behind: interval(&ahead, seed),
            marks: [marks(data, words, classes, 0.0), marks(data, words, classes, least)],
        }
    };
    said.iter().map(judge).collect()
}

impl Trained {
    /// Of the network, on the test parts.
    pub fn network_score(&self) -> Score {
        self.report.judged.first().map(|judged| judged.score.clone()).unwrap_or_default()
    }
}
