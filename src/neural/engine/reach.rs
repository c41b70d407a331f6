//! What hidden states reach: measured before their values become bytes.
//!
//! In: a network, rows like those to come. Out: the greatest value of each layer, with a margin.
//! Never: more than 1, which is the bound of any hidden state.

use super::super::kernel::Level;
use super::super::network::Network;
use super::super::sound::NetworkError;
use super::Engine;

/// How much more than was seen is allowed for: a quarter.
const MARGIN: f32 = 1.25;

/// The greatest hidden state of each layer, above 0 and at most 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Reach(Vec<f32>);

impl Reach {
    /// Without measuring: 1 for each layer.
    pub fn widest(network: &Network) -> Reach {
        Reach(vec![1.0; network.layers.len()])
    }

    /// As given, one for each layer.
    pub fn given(of_layers: Vec<f32>) -> Reach {
        Reach(of_layers)
    }

    /// Measured over windows `[windows, rows, inputs]`, each from states of zero.
    pub fn measured(network: &Network, windows: &[f32]) -> Result<Reach, NetworkError> {
        let engine = Engine::new(network, Level::detect())?;
        let mut state = engine.state();
        let mut out = vec![0.0; engine.outputs()];
        let mut most = vec![0.0_f32; network.layers.len()];
        for (n, row) in windows.chunks_exact(network.inputs).enumerate() {
            if n.is_multiple_of(network.window) {
                state.reset();
            }
            engine.step(&mut state, row, &mut out);
            for (layer, most) in most.iter_mut().enumerate() {
                *most = state.hidden(layer).iter().fold(*most, |most, h| most.max(h.abs()));
            }
        }
        let is_seen = |most: f32| if most > 0.0 { (most * MARGIN).min(1.0) } else { 1.0 };
        Ok(Reach(most.into_iter().map(is_seen).collect()))
    }

    /// By layer, the first one first.
    pub fn of_layers(&self) -> &[f32] {
        &self.0
    }

    pub(super) fn check(&self, network: &Network) -> Result<(), NetworkError> {
        let (found, expected) = (self.0.len(), network.layers.len());
        if found != expected {
            let layer = String::from("the network");
            return Err(NetworkError::Length { tensor: "reach", layer, found, expected });
        }
        match self.0.iter().position(|reach| !(*reach > 0.0 && *reach <= 1.0)) {
            Some(n) => Err(NetworkError::Reach { layer: n, found: self.0[n].to_string() }),
            None => Ok(()),
        }
    }
}
