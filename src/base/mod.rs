//! The ground: whole-number money, time, names and instruments, shared by every layer above.
//!
//! Never: a float for a price or a quantity, a clock, an input or an output.

mod number;
mod time;
mod id;
mod symbol;
mod instrument;
mod rate;
mod mark;
mod position;

pub use id::{AccountId, AssetId, ConnectionId, InstrumentId, OrderId, StrategyId};
pub use instrument::{
    Continuity, Form, Instrument, InstrumentKind, Instruments, Precision, Status,
};
pub use mark::{MarkStep, Marks};
pub use number::{Decimal, DecimalError, Price, Qty, Side, render};
pub use position::{InverseDecimals, Position};
pub use rate::{Quick, Rate};
pub use symbol::{Symbol, SymbolTable};
pub use time::{Nanos, TimeError};
