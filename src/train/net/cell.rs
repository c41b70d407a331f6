//! Cells: what an LSTM does element by element, forwards and backwards.
//!
//! In: sums before the gates, states. Out: states, slopes. Never: a product of matrices.
//! `c = f c' + i g`, `h = o tanh(c)` (Hochreiter and Schmidhuber, 1997; Gers et al., 2000).

/// What one lane of one step keeps for the way back.
pub(super) struct Kept<'a> {
    /// Gates after their functions: input, output, forget, cell.
    pub(super) gates: &'a mut [f32],
    /// The state before.
    pub(super) before: &'a [f32],
    /// Hyperbolic tangent of the state after.
    pub(super) bent: &'a mut [f32],
}

/// Hyperbolic tangent: the rational function of Eigen, 13th over 6th degree, within 4e-7.
#[inline]
fn tanh(x: f32) -> f32 {
    let x = x.clamp(-7.905_311, 7.905_311);
    let s = x * x;
    let mut p = -2.760_768_5e-16_f32;
    for k in [2.000_188e-13, -8.604_672e-11, 5.122_297e-8, 1.485_722_4e-5, 6.372_619e-4] {
        p = p * s + k;
    }
    p = p * s + 4.893_525e-3;
    let mut q = 1.198_258_4e-6_f32;
    for k in [1.185_347_1e-4, 2.268_434_6e-3, 4.893_525e-3] {
        q = q * s + k;
    }
    x * p / q
}

#[inline]
fn sigmoid(x: f32) -> f32 {
    0.5 + 0.5 * tanh(0.5 * x)
}

/// Sums become gates, the state moves, the output follows.
pub(super) fn forward(kept: &mut Kept<'_>, state: &mut [f32], out: &mut [f32]) {
    let n = state.len();
    let (input, rest) = kept.gates.split_at_mut(n);
    let (output, rest) = rest.split_at_mut(n);
    let (forget, cell) = rest.split_at_mut(n);
    let (cell, before, bent, out) =
        (&mut cell[..n], &kept.before[..n], &mut kept.bent[..n], &mut out[..n]);
    for j in 0..n {
        input[j] = sigmoid(input[j]);
        output[j] = sigmoid(output[j]);
        forget[j] = sigmoid(forget[j]);
        cell[j] = tanh(cell[j]);
        state[j] = forget[j] * before[j] + input[j] * cell[j];
        bent[j] = tanh(state[j]);
        out[j] = output[j] * bent[j];
    }
}

/// Gates become slopes of the sums before them; `d_state` becomes the slope of the state before.
/// `d_out` is the slope of the output.
pub(super) fn backward(kept: &mut Kept<'_>, d_state: &mut [f32], d_out: &[f32]) {
    let wide = d_state.len();
    let (input, rest) = kept.gates.split_at_mut(wide);
    let (output, rest) = rest.split_at_mut(wide);
    let (forget, cell) = rest.split_at_mut(wide);
    let (cell, before, bent, d_out) =
        (&mut cell[..wide], &kept.before[..wide], &kept.bent[..wide], &d_out[..wide]);
    for j in 0..wide {
        let (i, o, f, g) = (input[j], output[j], forget[j], cell[j]);
        let slope = d_state[j] + d_out[j] * o * (1.0 - bent[j] * bent[j]);
        input[j] = slope * g * i * (1.0 - i);
        output[j] = d_out[j] * bent[j] * o * (1.0 - o);
        forget[j] = slope * before[j] * f * (1.0 - f);
        cell[j] = slope * i * (1.0 - g * g);
        d_state[j] = slope * f;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rational_function_is_the_tangent() {
        for n in -2_000_000..=2_000_000 {
            let x = n as f32 * 1e-5;
            let error = (f64::from(tanh(x)) - f64::from(x).tanh()).abs();
            assert!(error < 5e-7, "tanh {x}: {error}");
            let exact = 1.0 / (1.0 + (-f64::from(x)).exp());
            assert!((f64::from(sigmoid(x)) - exact).abs() < 4e-7, "sigmoid {x}");
        }
        assert!((tanh(1e30) - 1.0).abs() < 5e-7 && (tanh(-1e30) + 1.0).abs() < 5e-7);
    }
}
