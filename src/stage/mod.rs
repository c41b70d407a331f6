//! The stages, declared in flow order. They meet only in `event`.
//!
//! Never: one stage importing another.

pub mod book;
pub mod contract;
pub mod dispatch;
pub mod feed;
pub mod risk;
