//! A request as the venue reads it.

use crate::base::{Decimal, Side, Symbol};
use crate::event::{ClientId, Style};

/// What is asked of the venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// A new order.
    Place {
        /// Our name of it.
        client: ClientId,
        /// The symbol on the wire.
        symbol: Symbol,
        /// Buy or sell.
        side: Side,
        /// How it trades.
        style: Style,
        /// Its limit; none for a market order.
        price: Option<Decimal>,
        /// How much.
        qty: Decimal,
    },
    /// A cancel.
    Cancel {
        /// Our name of the order.
        client: ClientId,
    },
}
