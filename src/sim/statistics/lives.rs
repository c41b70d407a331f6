//! Lives: how long orders rest.
//!
//! In: orders as they come and go. Out: the mean and quantiles of their lives.
//! Never: an order whose beginning or end nobody saw.

use std::collections::HashMap;

use super::figure::{Measure, mean, quantile};
use crate::base::Nanos;
use crate::sim::engine::Event;
use crate::sim::world::Update;

/// How long orders live.
#[derive(Clone, Debug, Default)]
pub struct Lives {
    born: HashMap<u64, Nanos>,
    lives_s: Vec<f64>,
}

impl Lives {
    /// An order begins to rest.
    pub fn begin(&mut self, order: u64, at: Nanos) {
        self.born.entry(order).or_insert(at);
    }

    /// An order is over; one that nobody saw begin is not counted.
    pub fn end(&mut self, order: u64, at: Nanos) {
        if let Some(born) = self.born.remove(&order) {
            self.lives_s.push((at.0 - born.0) as f64 / Nanos::SECOND as f64);
        }
    }

    /// What was measured so far.
    pub fn rows(&self) -> Vec<(String, Measure)> {
        let row = |name: &str, measure| (format!("life of an order, s, {name}"), measure);
        let quantile = |part| quantile(&self.lives_s, part);
        let quantiles = [("p10", 0.1), ("p50", 0.5), ("p90", 0.9)];
        let mut rows = vec![row("mean", mean(&self.lives_s))];
        rows.extend(quantiles.map(|(name, part)| row(name, quantile(part))));
        rows
    }

    pub(super) fn on(&mut self, update: &Update<'_>) {
        for event in update.events() {
            match event {
                Event::Accepted(ticket) if update.engine.ticket(ticket.order).is_some() => {
                    self.begin(ticket.order, update.at);
                }
                Event::Traded(trade) if trade.maker.left == 0 => {
                    self.end(trade.maker.order, update.at);
                }
                Event::Cancelled(ticket) | Event::Expired(ticket, _) => {
                    self.end(ticket.order, update.at);
                }
                _ => {}
            }
        }
    }
}
