//! Model: stub.
use crate::base::Instruments;
use crate::event::{Forecast, Outlook, Seen};
use crate::stage::contract::{Emit, On};
/// Settings.
#[derive(Clone, Debug, Default)]
pub struct Settings;
/// Stage.
#[derive(Debug)]
pub struct Models(Forecast);
impl Models {
    /// New.
    pub fn new(_: &Instruments, _: &Settings) -> Models {
        Models(Forecast::default())
    }
}
impl On<Seen<'_>> for Models {
    type Out<'a> = Outlook<'a>;
    fn on(&mut self, seen: &Seen<'_>, out: &mut impl for<'a> Emit<Outlook<'a>>) {
        out.emit(&Outlook { view: seen.view, features: seen.features, forecast: &self.0 });
    }
}
