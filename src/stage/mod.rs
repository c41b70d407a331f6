//! The stages, declared in flow order. They meet only in `event`.
//!
//! Never: one stage importing another.

pub mod contract;
pub mod feed;
pub mod book;
pub mod signal;
pub mod model;
pub mod strategy;
pub mod route;
pub mod risk;
pub mod dispatch;
