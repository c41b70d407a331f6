//! Risk: stub.
use crate::base::{Instruments, OrderId};
use crate::event::{Decision, Order, Report, Routed, Tick};
use crate::stage::contract::{Emit, On};
/// Settings.
#[derive(Clone, Debug, Default)]
pub struct Settings;
/// Stage.
#[derive(Debug)]
pub struct Gate;
impl Gate {
    /// New.
    pub fn new(_: &Instruments, _: &Settings) -> Gate {
        Gate
    }
    /// Counts.
    pub fn denied(&self) -> [u64; 28] {
        [0; 28]
    }
}
impl On<Routed<'_>> for Gate {
    type Out<'a> = Decision<'a>;
    fn on(&mut self, routed: &Routed<'_>, out: &mut impl for<'a> Emit<Decision<'a>>) {
        if let Routed::Child(child) = routed {
            out.emit(&Decision::Order(&Order::approved(**child, OrderId(1))));
        }
    }
}
impl On<Report> for Gate {
    type Out<'a> = Decision<'a>;
    fn on(&mut self, _: &Report, _: &mut impl for<'a> Emit<Decision<'a>>) {}
}
impl On<Tick> for Gate {
    type Out<'a> = Decision<'a>;
    fn on(&mut self, _: &Tick, _: &mut impl for<'a> Emit<Decision<'a>>) {}
}
