//! Rows for a model: out of a `.npy` file, or made up.

use std::path::Path;

use crate::cli::output::Failure;
use crate::neural::{self, Form, Network, Npy};

/// Windows one after the other, `[windows, rows, inputs]`.
#[derive(Debug)]
pub(super) struct Rows {
    pub(super) windows: usize,
    /// Rows of each.
    pub(super) length: usize,
    pub(super) data: Vec<f32>,
}

/// The seed of what is made up: any, and always the same.
const SEED: u64 = 17;

impl Rows {
    /// Of a file, in the model's own order of axes or without that of instruments; without a file
    /// `windows` of them made up.
    pub(super) fn new(
        file: Option<&Path>,
        network: &Network,
        windows: usize,
    ) -> Result<Rows, Failure> {
        let Some(path) = file else { return Ok(Rows::invented(network, windows)) };
        let Npy { shape, data } = Npy::load(path).map_err(Failure::failed)?;
        let (windows, rows, is_turned) = match shape[..] {
            [rows, inputs] if inputs == network.inputs => (1, rows, false),
            [rows, windows, inputs]
                if inputs == network.inputs && network.form == Form::TimeMajor =>
            {
                (windows, rows, true)
            }
            [windows, rows, inputs] if inputs == network.inputs => (windows, rows, false),
            _ => {
                return Err(Failure::failed(format_args!(
                    "{} has the shape {shape:?}, expected rows of {} features: [T, F], or with \
                     the instruments' axis where the model has it",
                    path.display(),
                    network.inputs
                )));
            }
        };
        if windows == 0 || rows == 0 {
            return Err(Failure::failed(format_args!("{} holds no rows", path.display())));
        }
        let data = if is_turned { turned(&data, rows, windows, network.inputs) } else { data };
        Ok(Rows { windows, length: rows, data })
    }

    /// Made up, evenly over what has a mean of 0 and a deviation of 1.
    pub(super) fn invented(network: &Network, windows: usize) -> Rows {
        let mut seed = SEED;
        let rows = if network.form == Form::Streaming { 64 } else { network.window };
        let count = windows * rows * network.inputs;
        let reach = 3.0_f32.sqrt();
        let data = (0..count).map(|_| reach * neural::draw(&mut seed)).collect();
        Rows { windows, length: rows, data }
    }

    /// The rows of each window.
    pub(super) fn each(&self) -> impl Iterator<Item = &[f32]> {
        self.data.chunks(self.data.len() / self.windows)
    }
}

/// From `[rows, windows, inputs]`.
fn turned(data: &[f32], rows: usize, windows: usize, inputs: usize) -> Vec<f32> {
    let mut all = Vec::with_capacity(data.len());
    for window in 0..windows {
        for row in 0..rows {
            let from = (row * windows + window) * inputs;
            all.extend_from_slice(&data[from..from + inputs]);
        }
    }
    all
}
