//! Signal: stub.
use crate::base::Instruments;
use crate::event::{Features, Seen, View};
use crate::stage::contract::{Emit, Idle, On};
/// Settings.
#[derive(Clone, Debug, Default)]
pub struct Settings;
/// Stage.
#[derive(Debug)]
pub struct Signals(Features);
impl Signals {
    /// New.
    pub fn new(_: &Instruments, _: &Settings) -> Signals {
        Signals(Features::default())
    }
}
impl On<View> for Signals {
    type Out<'a> = Seen<'a>;
    fn on(&mut self, view: &View, out: &mut impl for<'a> Emit<Seen<'a>>) {
        self.0.stamp = view.quote.stamp;
        out.emit(&Seen { view, features: &self.0 });
    }
}
impl Idle for Signals {
    fn idle(&mut self) {}
}
