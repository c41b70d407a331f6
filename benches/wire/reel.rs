//! What is played over the wire: a run of market data frames between two snapshots.

use std::sync::Arc;

use tokio_tungstenite::tungstenite::Message;

use super::venue::Frames;
use crate::support::film::{Film, Said};
use crate::support::source::Kind;

/// Frames of a film, by their number.
pub(crate) struct Reel<'a> {
    pub(crate) film: &'a Film<'a>,
    pub(crate) frames: Vec<usize>,
}

impl<'a> Reel<'a> {
    /// As many frames as there are behind the first book and before the next one, `most` at most.
    pub(crate) fn of(film: &'a Film<'a>, most: usize) -> Reel<'a> {
        let is_market = |n: &usize| matches!(film.kinds[*n], Said::Hot(_));
        let first = (film.first..film.kinds.len()).find(is_market).unwrap();
        let frames = (first..film.kinds.len())
            .take_while(|n| film.kinds[*n] != Said::Snapshot)
            .filter(is_market)
            .take(most)
            .collect();
        Reel { film, frames }
    }

    /// As the venue sends them.
    pub(crate) fn messages(&self) -> Frames {
        let text = |n: &usize| self.film.frame(*n).bytes.text().to_vec();
        let message = |n: &usize| Message::text(String::from_utf8(text(n)).unwrap());
        self.frames.iter().map(message).collect::<Vec<_>>().into()
    }

    /// Which of them are of a kind.
    pub(crate) fn are(&self, kind: Kind) -> Arc<[bool]> {
        self.frames.iter().map(|n| self.film.kinds[*n] == Said::Hot(kind)).collect()
    }
}
