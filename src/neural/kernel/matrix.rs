//! Products of matrices, for training: the one door to the `gemm` crate.
//!
//! In: slices with their shapes. Out: sums of products in a slice. Never: a shape that its slice
//! does not have, a thread. The same bits for the same shapes on one instruction set.

#![allow(unsafe_code, reason = "the crate takes pointers; the shapes are checked against slices")]

use gemm::Parallelism;

/// A matrix in a row-major slice, seen as it lies or transposed.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    is_turned: bool,
}

impl<'a> Matrix<'a> {
    /// A matrix of `values.len() / columns` rows. Panics where the last row is not whole.
    pub fn new(values: &'a [f32], columns: usize) -> Matrix<'a> {
        assert!(columns > 0, "a matrix has columns");
        assert!(values.len().is_multiple_of(columns), "a matrix has whole rows");
        Matrix { values, rows: values.len() / columns, columns, is_turned: false }
    }

    /// The same values with rows and columns exchanged.
    pub fn turned(self) -> Matrix<'a> {
        let (rows, columns) = (self.columns, self.rows);
        Matrix { values: self.values, rows, columns, is_turned: !self.is_turned }
    }

    /// How far apart neighbours in a column and in a row lie.
    fn strides(&self) -> (isize, isize) {
        if self.is_turned { (1, self.rows as isize) } else { (self.columns as isize, 1) }
    }
}

/// `out = a b`, or `out += a b`; `out` is row-major. Panics where shapes do not fit.
pub fn multiply(out: &mut [f32], adds: bool, a: Matrix<'_>, b: Matrix<'_>) {
    assert!(a.columns == b.rows, "the inner sides of a product are one");
    assert!(out.len() == a.rows * b.columns, "a product has the outer sides");
    let ((a_down, a_right), (b_down, b_right)) = (a.strides(), b.strides());
    let (pa, pb, to) = (a.values.as_ptr(), b.values.as_ptr(), out.as_mut_ptr());
    let (rows, columns, inner, down) = (a.rows, b.columns, a.columns, b.columns as isize);
    // SAFETY: each operand is a slice of rows * columns values (`new`, and the assert above for
    // `out`), and with its strides the last place reached is rows * columns - 1. `out` is borrowed
    // alone, so it overlaps neither operand. Any bits are a float.
    unsafe {
        gemm::gemm(
            rows,
            columns,
            inner,
            to,
            1,
            down,
            adds,
            pa,
            a_right,
            a_down,
            pb,
            b_right,
            b_down,
            1.0,
            1.0,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plainly(a: &[f32], b: &[f32], rows: usize, columns: usize) -> Vec<f32> {
        let k = a.len() / rows;
        let term = |at: usize, x: usize| a[at / columns * k + x] * b[x * columns + at % columns];
        (0..rows * columns).map(|at| (0..k).map(|x| term(at, x)).sum()).collect()
    }

    fn numbers(count: usize, seed: u32) -> Vec<f32> {
        // Small whole numbers: every sum is exact, in any order.
        (0..count as u32).map(|n| ((n * 7 + seed) % 11) as f32 - 5.0).collect()
    }

    #[test]
    fn a_product_is_the_sum_of_products_however_its_sides_lie() {
        for (m, k, n) in [(1, 1, 1), (3, 5, 2), (17, 33, 9), (64, 20, 128)] {
            let (a, b) = (numbers(m * k, 1), numbers(k * n, 4));
            let flip = |x: &[f32], rows: usize, columns: usize| -> Vec<f32> {
                (0..rows * columns).map(|at| x[at % rows * columns + at / rows]).collect()
            };
            let (at, bt) = (flip(&a, m, k), flip(&b, k, n));
            let expected = plainly(&a, &b, m, n);
            let mut out = vec![f32::NAN; m * n];
            multiply(&mut out, false, Matrix::new(&a, k), Matrix::new(&b, n));
            assert_eq!(out, expected);
            multiply(&mut out, false, Matrix::new(&at, m).turned(), Matrix::new(&bt, k).turned());
            assert_eq!(out, expected);
            multiply(&mut out, true, Matrix::new(&a, k), Matrix::new(&b, n));
            assert!(out.iter().zip(&expected).all(|(x, y)| (x - 2.0 * y).abs() < 1e-6));
        }
    }

    #[test]
    #[should_panic(expected = "inner sides")]
    fn shapes_that_do_not_fit_are_refused() {
        let (a, b) = ([0.0; 6], [0.0; 6]);
        multiply(&mut [0.0; 4], false, Matrix::new(&a, 3), Matrix::new(&b, 3));
    }
}
