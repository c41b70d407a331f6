//! Is a network sound? Sizes within bounds, weights as many as sizes say, layers that fit.
//!
//! In: a [`Network`], whoever made it. Out: the first thing that is wrong with it.
//! Never: a look at what the weights are, but that they are numbers.

use super::network::{Dense, Layer, Network};
use crate::limits;

/// What is wrong with a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// A size is out of bounds.
    #[error("the network has {found} {what}, expected 1 to {max}; make it smaller")]
    Size {
        /// What was counted.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there may be.
        max: usize,
    },
    /// A layer takes another count of values than the one before it gives.
    #[error(
        "{layer} takes {found} values and the part before it gives {expected}; connect parts that \
         fit"
    )]
    Joint {
        /// Which layer.
        layer: String,
        /// What it takes.
        found: usize,
        /// What comes.
        expected: usize,
    },
    /// A tensor has another length than its sizes say.
    #[error("`{tensor}` of {layer} has {found} numbers, expected {expected}")]
    Length {
        /// Which tensor.
        tensor: &'static str,
        /// Of which layer.
        layer: String,
        /// Numbers in it.
        found: usize,
        /// Numbers that its sizes ask for.
        expected: usize,
    },
    /// A weight is infinite or no number.
    #[error("`{tensor}` of {layer} holds {value} at {place}; train again, with a smaller rate")]
    Number {
        /// Which tensor.
        tensor: &'static str,
        /// Of which layer.
        layer: String,
        /// Which of its numbers.
        place: usize,
        /// The number, as text.
        value: String,
    },
    /// What a layer's values reach cannot be.
    #[error(
        "the reach of LSTM layer {layer} is {found}, expected above 0 and at most 1; measure it"
    )]
    Reach {
        /// Which layer.
        layer: usize,
        /// Its reach, as text.
        found: String,
    },
}

impl Network {
    /// Values out.
    pub fn outputs(&self) -> usize {
        self.head.last().map_or(0, |dense| dense.outputs)
    }

    /// Weights and biases.
    pub fn parameters(&self) -> usize {
        let layers = self.layers.iter().map(|l| l.w.len() + l.r.len() + l.b.len());
        layers.sum::<usize>() + self.head.iter().map(|d| d.w.len() + d.b.len()).sum::<usize>()
    }

    /// Finds the first thing that is wrong with it.
    pub fn check(&self) -> Result<(), NetworkError> {
        size("inputs", self.inputs, limits::NETWORK_INPUTS_MAX)?;
        size("rows in its window", self.window, limits::NETWORK_WINDOW_MAX)?;
        size("LSTM layers", self.layers.len(), limits::NETWORK_LAYERS_MAX)?;
        size("dense layers", self.head.len(), limits::NETWORK_DENSE_MAX)?;
        let mut values = self.inputs;
        for (n, layer) in self.layers.iter().enumerate() {
            values = layer.check(values, &format!("LSTM layer {n}"))?;
        }
        for (n, dense) in self.head.iter().enumerate() {
            values = dense.check(values, &format!("dense layer {n}"))?;
        }
        Ok(())
    }
}

impl Layer {
    fn check(&self, values: usize, name: &str) -> Result<usize, NetworkError> {
        size("cells in a layer", self.hidden, limits::NETWORK_HIDDEN_MAX)?;
        joint(name, self.inputs, values)?;
        let rows = 4 * self.hidden;
        tensor("w", &self.w, name, rows * self.inputs)?;
        tensor("r", &self.r, name, rows * self.hidden)?;
        tensor("b", &self.b, name, rows)?;
        Ok(self.hidden)
    }
}

impl Dense {
    fn check(&self, values: usize, name: &str) -> Result<usize, NetworkError> {
        size("values out of a dense layer", self.outputs, limits::NETWORK_OUTPUTS_MAX)?;
        joint(name, self.inputs, values)?;
        tensor("w", &self.w, name, self.outputs * self.inputs)?;
        tensor("b", &self.b, name, self.outputs)?;
        Ok(self.outputs)
    }
}

fn size(what: &'static str, found: usize, max: usize) -> Result<(), NetworkError> {
    if (1..=max).contains(&found) {
        return Ok(());
    }
    Err(NetworkError::Size { what, found, max })
}

fn joint(layer: &str, found: usize, expected: usize) -> Result<(), NetworkError> {
    if found == expected {
        return Ok(());
    }
    Err(NetworkError::Joint { layer: layer.to_owned(), found, expected })
}

fn tensor(
    tensor: &'static str,
    numbers: &[f32],
    layer: &str,
    expected: usize,
) -> Result<(), NetworkError> {
    let layer = || layer.to_owned();
    if numbers.len() != expected {
        let found = numbers.len();
        return Err(NetworkError::Length { tensor, layer: layer(), found, expected });
    }
    match numbers.iter().position(|number| !number.is_finite()) {
        Some(place) => {
            let value = numbers[place].to_string();
            Err(NetworkError::Number { tensor, layer: layer(), place, value })
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::invented;
    use super::*;

    #[test]
    fn each_thing_that_is_wrong_is_named() {
        let sound = invented(3, &[5, 4], 2, 7);
        assert_eq!(sound.check(), Ok(()));
        let text = |change: &dyn Fn(&mut Network)| {
            let mut network = sound.clone();
            change(&mut network);
            network.check().unwrap_err().to_string()
        };
        assert!(text(&|n| n.inputs = 0).contains("0 inputs, expected 1 to"));
        assert!(text(&|n| n.layers.clear()).contains("LSTM layers"));
        assert!(text(&|n| n.inputs = 4).contains("LSTM layer 0 takes 3 values"));
        assert!(text(&|n| n.layers[1].r.truncate(3)).contains("`r` of LSTM layer 1 has 3 numbers"));
        assert!(
            text(&|n| n.head[0].b[1] = f32::NAN).contains("`b` of dense layer 0 holds NaN at 1")
        );
    }
}
