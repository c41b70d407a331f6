//! Exchange: stub.
use crate::base::{AccountId, Instruments, Nanos};
use crate::event::{Market, Reply};
use crate::stage::contract::Emit;
use crate::venue::Dialect;
/// Settings.
#[derive(Clone, Debug, Default)]
pub struct Settings;
/// Box.
#[derive(Debug)]
pub struct Exchange;
impl Exchange {
    /// New.
    pub fn new(_: &'static Dialect, _: AccountId, _: &Instruments, _: &Settings) -> Exchange {
        Exchange
    }
    /// On.
    pub fn on(&mut self, _: &Market<'_>) {}
    /// Take.
    pub fn take(&mut self, _: &[u8], _: Nanos) {}
    /// Advance.
    pub fn advance(&mut self, _: Nanos, _: &mut impl Emit<Reply>) {}
}
