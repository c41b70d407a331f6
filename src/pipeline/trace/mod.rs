//! Trace: what a run leaves behind. Times of each stage, all that went out and came back, and the
//! whole story of one frame.

mod code;
pub(super) mod script;
pub(super) mod span;
pub(super) mod tap;
pub(super) mod witness;
