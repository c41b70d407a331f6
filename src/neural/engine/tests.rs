//! The engine against a plain LSTM in `f64`, written from the equations of ONNX's `LSTM`.

use super::super::invented::{draw, invented};
use super::super::kernel::Level;
use super::super::network::{Activation, Dense, Layer, Network, Output};
use super::*;

/// `(h, c)` of one layer after one more row.
fn cell(layer: &Layer, x: &[f64], before: &[f64], cells: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let sum = |row: usize| {
        let input = &layer.w[row * layer.inputs..(row + 1) * layer.inputs];
        let recurrent = &layer.r[row * layer.hidden..(row + 1) * layer.hidden];
        let dot = |weights: &[f32], values: &[f64]| -> f64 {
            weights.iter().zip(values).map(|(w, x)| f64::from(*w) * x).sum()
        };
        f64::from(layer.b[row]) + dot(input, x) + dot(recurrent, before)
    };
    let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
    let n = layer.hidden;
    let next: Vec<f64> = (0..n)
        .map(|k| logistic(sum(2 * n + k)) * cells[k] + logistic(sum(k)) * sum(3 * n + k).tanh())
        .collect();
    let hidden = (0..n).map(|k| logistic(sum(n + k)) * next[k].tanh()).collect();
    (hidden, next)
}

/// Outputs after each row, states carried from zero.
fn plain(network: &Network, rows: &[f32]) -> Vec<Vec<f64>> {
    let zero = |layer: &Layer| (vec![0.0; layer.hidden], vec![0.0; layer.hidden]);
    let mut states: Vec<_> = network.layers.iter().map(zero).collect();
    let mut all = Vec::new();
    for row in rows.chunks(network.inputs) {
        let mut x: Vec<f64> = row.iter().map(|x| f64::from(*x)).collect();
        for (layer, state) in network.layers.iter().zip(&mut states) {
            *state = cell(layer, &x, &state.0, &state.1);
            x = state.0.clone();
        }
        for dense in &network.head {
            x = dense_of(dense, &x);
        }
        all.push(conclude(network.output, &x));
    }
    all
}

fn dense_of(dense: &Dense, x: &[f64]) -> Vec<f64> {
    let of = |(w, b): (&[f32], &f32)| {
        let sum = f64::from(*b) + w.iter().zip(x).map(|(w, x)| f64::from(*w) * x).sum::<f64>();
        match dense.activation {
            Activation::None => sum,
            Activation::Relu => sum.max(0.0),
            Activation::Tanh => sum.tanh(),
            Activation::Sigmoid => 1.0 / (1.0 + (-sum).exp()),
        }
    };
    dense.w.chunks(dense.inputs).zip(&dense.b).map(of).collect()
}

fn conclude(output: Output, x: &[f64]) -> Vec<f64> {
    match output {
        Output::Linear => x.to_vec(),
        Output::Sigmoid => x.iter().map(|x| 1.0 / (1.0 + (-x).exp())).collect(),
        Output::Softmax => {
            let sum: f64 = x.iter().map(|x| x.exp()).sum();
            x.iter().map(|x| x.exp() / sum).collect()
        }
    }
}

fn rows_of(network: &Network, count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    (0..count * network.inputs).map(|_| 1.7 * draw(&mut state)).collect()
}

/// Sizes below, at and beside multiples of sixteen.
fn zoo() -> Vec<Network> {
    let sizes: [(usize, &[usize], usize); 9] = [
        (1, &[1], 1),
        (3, &[5], 2),
        (20, &[32, 32], 3),
        (7, &[16, 17], 3),
        (33, &[48, 15, 31], 17),
        (100, &[100, 100], 1),
        (2, &[1, 2, 3, 4], 3),
        (40, &[64, 64], 3),
        (13, &[130], 40),
    ];
    let mut all: Vec<Network> =
        sizes.iter().zip(1..).map(|((i, h, o), n)| invented(*i, h, *o, n)).collect();
    all[0].output = Output::Sigmoid;
    all[5].output = Output::Linear;
    for (n, activation) in [(2, Activation::Relu), (3, Activation::Tanh), (4, Activation::Sigmoid)]
    {
        let mut last = all[n].head.remove(0);
        let more = invented(last.inputs, &[1], 1, 9).layers.remove(0);
        // Any numbers do: those of an LSTM's input weights as a dense layer of four values.
        let (w, b) = (more.w, more.b);
        let first = Dense { inputs: last.inputs, outputs: 4, w, b, activation };
        last.w.truncate(4 * last.outputs);
        last.inputs = 4;
        all[n].head = vec![first, last];
    }
    all
}

fn assert_near(found: &[f32], exact: &[f64], bound: f64, what: &str) {
    assert_eq!(found.len(), exact.len());
    for (found, exact) in found.iter().zip(exact) {
        assert!((f64::from(*found) - exact).abs() <= bound, "{what}: {found} for {exact}");
    }
}

#[test]
fn steps_and_windows_are_those_of_the_equations_on_every_instruction_set() {
    for network in zoo() {
        for level in Level::available() {
            let engine = Engine::new(&network, level).unwrap();
            let rows = rows_of(&network, 23, 5);
            let exact = plain(&network, &rows);
            let (mut state, mut scratch) = (engine.state(), engine.scratch(23));
            let mut out = vec![0.0; network.outputs()];
            for (n, row) in rows.chunks(network.inputs).enumerate() {
                assert!(engine.step(&mut state, row, &mut out));
                assert_near(&out, &exact[n], 2e-6, &format!("step {n}, {level:?}"));
                let first = &rows[..(n + 1) * network.inputs];
                assert!(engine.whole(&mut scratch, first, &mut out));
                assert_near(&out, &exact[n], 2e-6, &format!("window of {}, {level:?}", n + 1));
            }
        }
    }
}

#[test]
fn a_prepared_step_a_batch_and_a_second_run_give_the_same_bits() {
    for network in zoo() {
        for (level, is_int8) in Level::available().into_iter().flat_map(|l| [(l, false), (l, true)])
        {
            let engine = if is_int8 {
                Engine::int8(&network, &Reach::widest(&network), level).unwrap()
            } else {
                Engine::new(&network, level).unwrap()
            };
            let (inputs, outputs) = (network.inputs, network.outputs());
            let mut plain: Vec<State> = (0..7).map(|_| engine.state()).collect();
            let mut batched = plain.clone();
            for round in 0..5 {
                let which = [6, 0, 3, 1, 2, 5];
                let rows = rows_of(&network, which.len(), round);
                let mut one = vec![0.0; which.len() * outputs];
                let mut many = one.clone();
                for (n, id) in which.iter().enumerate() {
                    let row = &rows[n * inputs..(n + 1) * inputs];
                    let out = &mut one[n * outputs..(n + 1) * outputs];
                    engine.step(&mut plain[*id], row, out);
                }
                engine.prepare(&mut batched[3]);
                if round % 2 == 1 {
                    engine.prepare_all(&mut batched, &which);
                }
                assert!(engine.batch(&mut batched, &which, &rows, &mut many));
                let bits = |out: &[f32]| out.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(&one), bits(&many), "{level:?} {is_int8}");
            }
        }
    }
}

#[test]
fn bytes_lose_little_and_the_same_on_every_instruction_set() {
    for network in zoo() {
        let rows = rows_of(&network, 40, 11);
        let exact = plain(&network, &rows);
        let reach = Reach::measured(&network, &rows).unwrap();
        let mut first: Option<Vec<f32>> = None;
        for level in Level::available() {
            let engine = Engine::int8(&network, &reach, level).unwrap();
            let mut scratch = engine.scratch(40);
            let (mut state, mut whole) = (engine.state(), vec![0.0; network.outputs()]);
            let mut out = whole.clone();
            for row in rows.chunks(network.inputs) {
                engine.step(&mut state, row, &mut out);
            }
            engine.whole(&mut scratch, &rows, &mut whole);
            let bound = if network.output == Output::Linear { 4e-2 } else { 1e-2 };
            assert_near(&out, &exact[39], bound, &format!("int8, {level:?}"));
            assert_near(&whole, &exact[39], bound, &format!("int8 window, {level:?}"));
            let other = first.get_or_insert_with(|| out.clone());
            let exact: Vec<f64> = other.iter().map(|x| f64::from(*x)).collect();
            assert_near(&out, &exact, bound, "between instruction sets");
        }
    }
}

#[test]
fn rows_of_words_that_reach_as_far_as_they_can_neither_overflow_nor_lose() {
    // All weights and all features are the greatest of their row: the longest sum that there is.
    for (inputs, sign) in [(3, 1.0), (3, -1.0), (1_001, 1.0), (1_001, -1.0)] {
        let mut network = invented(inputs, &[17], 3, 4);
        let first = &mut network.layers[0];
        first.w.fill(1.5 * sign / inputs as f32);
        first.r.fill(0.0);
        let mut rows = vec![0.7; 2 * inputs];
        // A second row with one feature that dwarfs the others.
        rows[inputs] = 40.0;
        let exact = plain(&network, &rows);
        for level in Level::available() {
            let engine = Engine::int8(&network, &Reach::widest(&network), level).unwrap();
            let mut state = engine.state();
            let mut out = vec![0.0; 3];
            for (row, exact) in rows.chunks(inputs).zip(&exact) {
                assert!(engine.step(&mut state, row, &mut out));
                assert_near(&out, exact, 3e-4, &format!("{inputs} {sign} {level:?}"));
            }
        }
    }
}

#[test]
fn a_row_without_numbers_changes_nothing_and_gives_none() {
    let network = invented(3, &[20, 5], 3, 1);
    for level in Level::available() {
        let engine = Engine::new(&network, level).unwrap();
        let (mut state, mut other) = (engine.state(), engine.state());
        let (mut out, mut expected) = ([0.0; 3], [0.0; 3]);
        engine.step(&mut other, &[0.1, 0.2, 0.3], &mut expected);
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert!(!engine.step(&mut state, &[0.1, bad, 0.3], &mut out));
            assert!(out.iter().all(|x| x.is_nan()));
            let mut scratch = engine.scratch(2);
            assert!(!engine.whole(&mut scratch, &[0.0, 0.1, 0.2, 0.3, 0.4, bad], &mut out));
        }
        assert!(engine.step(&mut state, &[0.1, 0.2, 0.3], &mut out));
        assert_eq!(out.map(f32::to_bits), expected.map(f32::to_bits));
        state.reset();
        assert!(engine.step(&mut state, &[0.1, 0.2, 0.3], &mut out));
        assert_eq!(out.map(f32::to_bits), expected.map(f32::to_bits), "a reset state is new");
    }
}

#[test]
fn large_values_saturate_and_stay_numbers() {
    let network = invented(4, &[24, 24], 3, 2);
    for level in Level::available() {
        let engine = Engine::new(&network, level).unwrap();
        let mut state = engine.state();
        let mut out = [0.0; 3];
        for row in [[1e30, -1e30, 1e30, 1e30], [1e-40, -1e-40, 0.0, 1e-45]] {
            assert!(engine.step(&mut state, &row, &mut out));
            assert!((out.iter().sum::<f32>() - 1.0).abs() < 1e-6, "{level:?}: {out:?}");
        }
    }
}
