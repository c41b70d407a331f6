//! Route: stub.
use crate::base::Instruments;
use crate::event::{Report, Routed, Wanted};
use crate::stage::contract::{Emit, On};
/// Settings.
#[derive(Clone, Debug, Default)]
pub struct Settings;
/// Stage.
#[derive(Debug)]
pub struct Router;
impl Router {
    /// New.
    pub fn new(_: &Instruments, _: &Settings) -> Router {
        Router
    }
}
impl On<Wanted<'_>> for Router {
    type Out<'a> = Routed<'a>;
    fn on(&mut self, wanted: &Wanted<'_>, out: &mut impl for<'a> Emit<Routed<'a>>) {
        if let Wanted::Market(view) = wanted {
            out.emit(&Routed::Market(view));
        }
    }
}
impl On<Report> for Router {
    type Out<'a> = Routed<'a>;
    fn on(&mut self, _: &Report, _: &mut impl for<'a> Emit<Routed<'a>>) {}
}
