//! Strategy: stub.
use crate::base::Instruments;
use crate::event::{Outlook, Report, Tick, Wanted};
use crate::stage::contract::{Emit, On};
/// Settings.
#[derive(Clone, Debug, Default)]
pub struct Settings;
/// Stage.
#[derive(Debug)]
pub struct Strategies;
impl Strategies {
    /// New.
    pub fn new(_: &Instruments, _: &Settings) -> Strategies {
        Strategies
    }
}
impl On<Outlook<'_>> for Strategies {
    type Out<'a> = Wanted<'a>;
    fn on(&mut self, outlook: &Outlook<'_>, out: &mut impl for<'a> Emit<Wanted<'a>>) {
        out.emit(&Wanted::Market(outlook.view));
    }
}
impl On<Report> for Strategies {
    type Out<'a> = Wanted<'a>;
    fn on(&mut self, _: &Report, _: &mut impl for<'a> Emit<Wanted<'a>>) {}
}
impl On<Tick> for Strategies {
    type Out<'a> = Wanted<'a>;
    fn on(&mut self, _: &Tick, _: &mut impl for<'a> Emit<Wanted<'a>>) {}
}
