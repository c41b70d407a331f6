//! NASDAQ through LOBSTER: published samples of a day's order book, as rows of text.

mod lobster;

use crate::base::{Continuity, Form};
use crate::limits;
use crate::venue::contract::Dialect;

/// Rows of a LOBSTER message file and of its order book file, joined.
pub static LOBSTER: Dialect = Dialect {
    name: "nasdaq",
    about: "NASDAQ through LOBSTER samples: a whole picture with every row",
    continuity: Continuity::Picture,
    form: Form::Ladder { depth: limits::DEPTH_LEVELS as u32 },
    fast: None,
    strict: lobster::read,
    desk: None,
    session: None,
    trade: None,
};
