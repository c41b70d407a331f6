//! What the members' desk of every venue offers.
//!
//! In: texts and requests that may be of members, steps of the world. Out: answers and events.
//! Never: a socket, a clock; what is not for members is left to the venue's public side.

use std::net::IpAddr;

use super::floor::{Floor, Mouth};
use crate::sim::dialect::{Conn, Letter, Response};
use crate::sim::world::Update;

/// A members' desk.
pub(super) trait Desk: Send {
    /// A text of a client at an address; false where it is not for this desk.
    fn text(&mut self, conn: Conn, peer: IpAddr, text: &str, floor: &mut Floor<'_>) -> bool;

    /// A REST request; `None` where it is not for this desk.
    fn request(&mut self, letter: &Letter<'_>, floor: &mut Floor<'_>) -> Option<Response>;

    /// Does a text ask for something about orders to be done?
    fn is_move(&self, text: &str) -> bool;

    /// Does a request?
    fn is_move_by_rest(&self, letter: &Letter<'_>) -> bool;

    /// The venue's words for a failure of its own.
    fn failure(&self) -> Response;

    /// A market of the venue made a step by itself.
    fn on_update(&mut self, update: &Update<'_>, mouth: &mut Mouth<'_>);

    /// It is later now.
    fn advance(&mut self, floor: &mut Floor<'_>);

    /// The connection is gone.
    fn closed(&mut self, conn: Conn);
}
