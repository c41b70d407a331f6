//! A network of any size with weights out of a formula: for benches and tests, which need sizes and
//! no sense.

use super::network::{Activation, Dense, Form, Layer, Network, Output};

/// A network of `inputs` features, LSTM layers of these sizes, one dense layer and a softmax over
/// `outputs`; weights are within `+-2 / sqrt(hidden)`, the same for the same `seed`.
pub fn invented(inputs: usize, hidden: &[usize], outputs: usize, seed: u64) -> Network {
    let mut state = seed;
    let mut weights = |len: usize, reach: f32| -> Vec<f32> {
        (0..len).map(|_| reach * draw(&mut state)).collect()
    };
    let mut values = inputs;
    let mut layers = Vec::new();
    for &hidden in hidden {
        let reach = 2.0 / (hidden as f32).sqrt();
        let (w, r) = (weights(4 * hidden * values, reach), weights(4 * hidden * hidden, reach));
        layers.push(Layer { inputs: values, hidden, w, r, b: weights(4 * hidden, reach) });
        values = hidden;
    }
    let w = weights(outputs * values, 2.0 / (values as f32).sqrt());
    let dense = Dense {
        inputs: values,
        outputs,
        w,
        b: weights(outputs, 0.5),
        activation: Activation::None,
    };
    let (form, output) = (Form::Window, Output::Softmax);
    Network { inputs, window: 32, form, layers, head: vec![dense], output }
}

/// The next number of -1 to 1 of SplitMix64 (Steele, Lea and Flood, 2014).
pub fn draw(state: &mut u64) -> f32 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^= mixed >> 31;
    (mixed >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
}
