//! Faults: what goes wrong between the venues and their clients, on purpose.
//!
//! In: a plan ([`Plan`]: a file, or a rate), what venues say, virtual time. Out: what clients get.
//! Never: a clock, chance that is not the seed's, an order of frames that no fault asked for.

mod plan;
mod spoil;
mod line;
mod act;

pub use act::Faults;
pub use line::Change;
pub use plan::{Entry, Plan, PlanError, What};
pub use spoil::skew;
