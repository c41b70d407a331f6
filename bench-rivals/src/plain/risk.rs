//! Risk: eleven comparisons, one after the other.

use super::message::{Intent, Order};

/// What is allowed, and where we stand.
#[derive(Clone, Debug)]
pub struct Risk {
    next_id: u64,
    is_halted: bool,
    position: f64,
    position_max: f64,
    qty_min: f64,
    qty_max: f64,
    notional_min: f64,
    notional_max: f64,
    collar: f64,
    spread_max: f64,
    balance: f64,
    open_orders: u32,
    open_orders_max: u32,
    loss: f64,
    loss_max: f64,
    score_max: f64,
}

impl Risk {
    /// Limits that every order of a recording keeps.
    pub fn new() -> Risk {
        Risk {
            next_id: 1,
            is_halted: false,
            position: 0.0,
            position_max: 10.0,
            qty_min: 0.0001,
            qty_max: 1.0,
            notional_min: 5.0,
            notional_max: 100_000.0,
            collar: 0.05,
            spread_max: 0.01,
            balance: 1e9,
            open_orders: 0,
            open_orders_max: 100,
            loss: 0.0,
            loss_max: 1e5,
            score_max: 1e6,
        }
    }

    /// Checks an order, and lets it out.
    pub fn check(&mut self, intent: Intent) -> Order {
        let notional = intent.price * intent.qty;
        let position = self.position + if intent.is_buy { intent.qty } else { -intent.qty };
        let is_allowed = !self.is_halted
            && position.abs() <= self.position_max
            && intent.qty >= self.qty_min
            && intent.qty <= self.qty_max
            && notional >= self.notional_min
            && notional <= self.notional_max.min(self.balance)
            && (intent.price - intent.mid).abs() <= self.collar * intent.mid
            && intent.spread <= self.spread_max * intent.mid
            && self.open_orders < self.open_orders_max
            && self.loss < self.loss_max
            && intent.score.abs() < self.score_max;
        let id = self.next_id;
        self.next_id += 1;
        Order { id, is_allowed, intent }
    }
}

impl Default for Risk {
    fn default() -> Risk {
        Risk::new()
    }
}
