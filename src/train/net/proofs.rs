//! Proofs of both passes: a plain twin in double precision, the slopes of `PyTorch`, sets so small
//! that they must be learned by heart.

use super::*;

/// A plain network in double precision, read off the definition: the summed cross entropy.
fn twin(shape: Shape, w: &[f64], batch: &Batch<'_>, lanes: usize) -> f64 {
    let Shape { inputs, hidden, layers, classes } = shape;
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let mut loss = 0.0;
    for lane in 0..lanes {
        let mut states = vec![(vec![0.0; hidden], vec![0.0; hidden]); layers];
        for step in 0..batch.keeps.len() / lanes {
            let row = step * lanes + lane;
            let mut x: Vec<f64> =
                batch.x[row * inputs..][..inputs].iter().map(|&v| f64::from(v)).collect();
            let mut rest = w;
            let mut take = |count: usize| rest.split_off(..count).unwrap();
            for (h, c) in &mut states {
                let wide = x.len();
                let (w, r) = (take(4 * hidden * wide), take(4 * hidden * hidden));
                let b = take(4 * hidden);
                let keeps = f64::from(batch.keeps[row]);
                h.iter_mut().chain(c.iter_mut()).for_each(|s| *s *= keeps);
                let sum = |g: usize| {
                    let dot = |m: &[f64], v: &[f64]| -> f64 {
                        m[g * v.len()..].iter().zip(v).map(|(m, v)| m * v).sum()
                    };
                    dot(w, &x) + dot(r, h) + b[g]
                };
                let sums: Vec<f64> = (0..4 * hidden).map(sum).collect();
                for j in 0..hidden {
                    let gate = |n: usize| sigmoid(sums[n * hidden + j]);
                    c[j] = gate(2) * c[j] + gate(0) * sums[3 * hidden + j].tanh();
                    h[j] = gate(1) * c[j].tanh();
                }
                x.clone_from(h);
            }
            let (w, b) = (take(classes * x.len()), take(classes));
            let logit = |k: usize| -> f64 {
                b[k] + w[k * x.len()..].iter().zip(&x).map(|(w, x)| w * x).sum::<f64>()
            };
            let sum: f64 = (0..classes).map(|k| logit(k).exp()).sum();
            let class = usize::from(batch.classes[row]);
            loss += f64::from(batch.counts[row]) * (sum.ln() - logit(class));
        }
    }
    loss
}

/// What a batch lies in.
struct Rows {
    x: Vec<f32>,
    keeps: Vec<f32>,
    classes: Vec<u8>,
    counts: Vec<f32>,
}

impl Rows {
    fn batch(&self) -> Batch<'_> {
        Batch { x: &self.x, keeps: &self.keeps, classes: &self.classes, counts: &self.counts }
    }
}

/// Rows at random: some lanes begin anew on the way, some rows have no label, the first step has
/// none at all.
fn rows(shape: Shape, steps: usize, lanes: usize, seed: u64) -> Rows {
    let mut chance = Chance::new(seed, 1);
    let count = steps * lanes;
    Rows {
        x: (0..count * shape.inputs).map(|_| 2.0 * chance.unit() - 1.0).collect(),
        keeps: (0..count).map(|_| if chance.below(4) == 0 { 0.0 } else { 1.0 }).collect(),
        classes: (0..count).map(|_| chance.below(shape.classes) as u8).collect(),
        counts: (0..count).map(|n| if n < lanes { 0.0 } else { chance.below(3) as f32 }).collect(),
    }
}

fn slopes(weights: &Weights, rows: &Rows, steps: usize, lanes: usize) -> (f64, Vec<f32>) {
    let mut pass = Pass::new(weights.shape, steps, lanes);
    let mut slopes = vec![0.0; weights.values.len()];
    let loss = pass.forward(weights, &rows.batch(), None);
    pass.backward(weights, &rows.batch(), &mut slopes);
    (loss, slopes)
}

#[test]
fn every_slope_is_that_of_finite_differences_in_double_precision() {
    let (steps, lanes) = (6, 3);
    for (n, (layers, classes)) in [(0, 3), (1, 2), (2, 3), (3, 2)].into_iter().enumerate() {
        let shape = Shape { inputs: 4, hidden: 5, layers, classes };
        let rows = rows(shape, steps, lanes, n as u64);
        let mut weights = Weights::random(shape, 3);
        let mut chance = Chance::new(5, 5);
        for w in &mut weights.values {
            *w += 0.4 * (chance.unit() - 0.5);
        }
        let (loss, slopes) = slopes(&weights, &rows, steps, lanes);
        let mut at: Vec<f64> = weights.values.iter().map(|&w| f64::from(w)).collect();
        let expected = twin(shape, &at, &rows.batch(), lanes);
        assert!((loss - expected).abs() < 1e-5 * expected, "{loss} {expected}");
        for (k, slope) in slopes.iter().enumerate() {
            let (w, step) = (at[k], 1e-5);
            let mut moved = |by: f64| {
                at[k] = w + by;
                twin(shape, &at, &rows.batch(), lanes)
            };
            let expected = (moved(step) - moved(-step)) / (2.0 * step);
            at[k] = w;
            let error = (f64::from(*slope) - expected).abs();
            assert!(error < 1e-4 * expected.abs() + 2e-5, "{layers} {k}: {slope} {expected}");
        }
    }
}

/// Of `PyTorch` 2.15.0 (`nn.LSTM`, `nn.Linear`, `cross_entropy(reduction="sum")`, float64), its
/// gates put in our order: 3 inputs, 2 layers of
/// 2 cells, 3 classes, 4 steps of 2 lanes; weight `k` is
/// `0.6 sin(1.7 k + 0.3)`, input `k` is `cos(0.9 k)`, class `k` is `(2 k + 1) mod 3`.
const TORCH_LOSS: f64 = 9.163_534_294;
#[rustfmt::skip]
#[allow(clippy::unreadable_literal, clippy::excessive_precision, reason = "as they were printed")]
const TORCH_SLOPES: [f32; 97] = [
    -4.388494e-05, -1.718598e-03, -2.092710e-03, -3.010120e-03, -8.487098e-04, 1.954987e-03,
    -3.462733e-03, -2.685559e-03, 1.239920e-04, 1.038857e-03, 2.010959e-03, 1.461207e-03,
    1.167639e-03, -2.494876e-04, -1.477807e-03, 1.748526e-03, -2.140200e-03, -4.409265e-03,
    3.089395e-02, 1.502596e-02, -1.221338e-02, -1.591685e-02, 1.634895e-03, 1.794938e-02,
    -3.859002e-04, 2.632973e-04, 1.435943e-04, -4.548020e-04, 2.530574e-04, 5.230874e-04,
    -3.558366e-04, -1.253981e-03, -3.689042e-04, 8.317304e-04, -6.213504e-04, 4.338421e-04,
    -6.560043e-03, -3.356222e-03, 3.384643e-03, -3.027305e-03, 4.968203e-04, -2.699301e-03,
    1.336385e-04, -4.315529e-04, -6.311776e-03, -3.901651e-03, -2.988261e-02, 3.817339e-02,
    1.078154e-03, -1.123506e-03, -3.073861e-03, 8.151846e-04, 3.016680e-03, -1.328490e-03,
    4.592749e-05, -3.427695e-03, -2.747427e-04, -3.495107e-03, -3.879959e-03, -3.633444e-03,
    8.202729e-04, -2.288699e-03, 1.747468e-02, -1.157877e-03, -4.091564e-03, 1.425981e-03,
    -4.421949e-03, 2.264498e-03, -3.049984e-03, 9.481807e-04, -6.079019e-03, 2.565714e-03,
    -3.001477e-03, 1.299794e-03, -4.760650e-03, 2.549731e-03, -1.305318e-02, 5.509637e-03,
    2.552870e-02, -1.281509e-02, -4.396905e-02, -5.611511e-02, -2.574401e-02, -5.392548e-02,
    -1.289021e-02, -2.071164e-02, -1.169051e-01, 3.056451e-01, -9.547052e-03, 4.109977e-03,
    -1.592783e-01, 9.077508e-02, 1.688253e-01, -9.488506e-02, -1.623667e-02, -1.067301e+00,
    1.083537e+00,
];

#[test]
fn every_slope_is_that_of_pytorch() {
    let shape = Shape { inputs: 3, hidden: 2, layers: 2, classes: 3 };
    let (steps, lanes) = (4, 2);
    let weight = |k: usize| (0.6 * (1.7 * k as f64 + 0.3).sin()) as f32;
    let weights = Weights { shape, values: (0..shape.count()).map(weight).collect() };
    let rows = Rows {
        x: (0..steps * lanes * 3).map(|k| (0.9 * k as f64).cos() as f32).collect(),
        keeps: vec![1.0; steps * lanes],
        classes: (0..steps * lanes).map(|k| ((2 * k + 1) % 3) as u8).collect(),
        counts: vec![1.0; steps * lanes],
    };
    let (loss, slopes) = slopes(&weights, &rows, steps, lanes);
    assert!((loss - TORCH_LOSS).abs() < 1e-5);
    assert_eq!(slopes.len(), TORCH_SLOPES.len());
    for (k, (slope, expected)) in slopes.iter().zip(TORCH_SLOPES).enumerate() {
        assert!((slope - expected).abs() < 1e-4 * expected.abs() + 5e-6, "{k}: {slope} {expected}");
    }
}

#[test]
fn dropout_is_in_both_passes_the_same() {
    let (steps, lanes) = (5, 8);
    let shape = Shape { inputs: 4, hidden: 6, layers: 2, classes: 3 };
    let rows = rows(shape, steps, lanes, 11);
    let mut weights = Weights::random(shape, 12);
    let loss = |weights: &Weights, slopes: Option<&mut [f32]>| {
        let mut dropout = Dropout { rate: 0.3, chance: Chance::new(13, 0) };
        let mut pass = Pass::new(shape, steps, lanes);
        let loss = pass.forward(weights, &rows.batch(), Some(&mut dropout));
        if let Some(slopes) = slopes {
            pass.backward(weights, &rows.batch(), slopes);
        }
        loss
    };
    let mut slopes = vec![0.0; shape.count()];
    loss(&weights, Some(&mut slopes));
    let norm = slopes.iter().map(|d| d * d).sum::<f32>().sqrt();
    let origin = weights.values.clone();
    let mut moved = |by: f32| {
        for ((w, o), d) in weights.values.iter_mut().zip(&origin).zip(&slopes) {
            *w = o + by * d / norm;
        }
        loss(&weights, None)
    };
    // Along the steepest way the error rises by the length of the slopes.
    let rise = (moved(5e-3) - moved(-5e-3)) / 1e-2;
    assert!((rise - f64::from(norm)).abs() < 2e-3 * f64::from(norm), "{rise} {norm}");
}

#[test]
fn a_pass_goes_on_where_the_one_before_ended() {
    let shape = Shape { inputs: 3, hidden: 4, layers: 2, classes: 2 };
    let lanes = 2;
    let rows = rows(shape, 8, lanes, 21);
    let weights = Weights::random(shape, 22);
    let mut whole = Pass::new(shape, 8, lanes);
    let mut counted = rows.counts.clone();
    counted.fill(1.0);
    let all = Batch { counts: &counted, ..rows.batch() };
    whole.forward(&weights, &all, None);
    let mut half = Pass::new(shape, 4, lanes);
    let mut pieces = Vec::new();
    for n in 0..2 {
        let (at, size) = (n * 4 * lanes, 4 * lanes);
        let part = Batch {
            x: &all.x[at * 3..(at + size) * 3],
            keeps: &all.keeps[at..at + size],
            classes: &all.classes[at..at + size],
            counts: &all.counts[at..at + size],
        };
        half.forward(&weights, &part, None);
        pieces.extend_from_slice(half.probabilities());
    }
    for (a, b) in whole.probabilities().iter().zip(&pieces) {
        assert!((a - b).abs() < 1e-6);
    }
}

#[test]
fn a_set_of_sixteen_is_learned_by_heart() {
    let shape = Shape { inputs: 3, hidden: 8, layers: 2, classes: 3 };
    let (steps, lanes) = (5, 16);
    let mut rows = rows(shape, steps, lanes, 31);
    rows.keeps.fill(1.0);
    rows.keeps[..lanes].fill(0.0);
    rows.counts.fill(0.0);
    rows.counts[(steps - 1) * lanes..].fill(1.0);
    let mut weights = Weights::random(shape, 32);
    let rate = Rate { peak: 0.02, warmup: 10, total: 400, floor: 0.1 };
    let mut adam = Adam::new(shape.count(), rate, 0.0, 5.0);
    let mut pass = Pass::new(shape, steps, lanes);
    let mut loss = f64::INFINITY;
    for _ in 0..400 {
        let mut slopes = vec![0.0; shape.count()];
        loss = pass.forward(&weights, &rows.batch(), None) / lanes as f64;
        pass.backward(&weights, &rows.batch(), &mut slopes);
        for slope in &mut slopes {
            *slope /= lanes as f32;
        }
        adam.step(&mut weights.values, &mut slopes);
    }
    assert!(loss < 0.01, "{loss}; it began at {}", 3.0_f64.ln());
}
