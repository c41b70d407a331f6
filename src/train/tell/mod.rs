//! Telling: a report as numbers, and as a page.
//!
//! In: what was trained. Out: JSON; HTML that needs nothing beside itself. Never: a number that is
//! not in the report.

mod page;
mod report;

pub use page::page;
pub use report::report;
