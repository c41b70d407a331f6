//! Strategy: wants orders.
