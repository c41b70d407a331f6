//! Flow: how a frame's step reaches every stage, by calls and by rings.

pub(super) mod carry;
pub(super) mod exit;
pub(super) mod link;
pub(super) mod member;
pub(super) mod step;
pub(super) mod wait;
