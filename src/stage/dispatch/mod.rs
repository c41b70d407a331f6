//! Dispatch: stub.
use crate::base::Instruments;
use crate::event::{Decision, Outcome, Reply, Report};
use crate::stage::contract::{Emit, On};
/// Settings.
#[derive(Clone, Debug, Default)]
pub struct Settings;
/// Stage.
#[derive(Debug)]
pub struct Dispatch;
impl Dispatch {
    /// New.
    pub fn new(_: &Instruments, _: &Settings) -> Dispatch {
        Dispatch
    }
    /// Cancel all.
    pub fn cancel_all(&mut self, _: &mut impl FnMut(crate::base::AccountId, &[u8])) -> usize {
        0
    }
}
impl On<Decision<'_>> for Dispatch {
    type Out<'a> = Outcome<'a>;
    fn on(&mut self, _: &Decision<'_>, _: &mut impl for<'a> Emit<Outcome<'a>>) {}
}
impl On<Reply> for Dispatch {
    type Out<'a> = Report;
    fn on(&mut self, _: &Reply, _: &mut impl for<'a> Emit<Report>) {}
}
