//! How borrowed messages travel between cores: as owned copies, lent again on the other side.

use crate::event::{
    Child, Decision, Denial, Features, Forecast, Intent, Order, Outlook, Routed, Seen, View, Wanted,
};
use crate::stage::contract::Emit;

/// A copy that can be made of a message.
pub(in crate::pipeline) trait Carry<M>: Copy {
    /// Copies it.
    fn carry(message: &M) -> Self;
}

/// A copy that can be lent again.
pub(in crate::pipeline) trait Lend {
    /// The message that it was made of.
    type Message<'m>;

    /// Hands the message on.
    fn lend(&self, out: &mut impl for<'m> Emit<Self::Message<'m>>);
}

/// A [`Seen`] between cores.
#[derive(Clone, Copy, Debug)]
pub(in crate::pipeline) struct CarriedSeen {
    view: View,
    features: Features,
}

/// An [`Outlook`] between cores.
#[derive(Clone, Copy, Debug)]
pub(in crate::pipeline) struct CarriedOutlook {
    view: View,
    features: Features,
    forecast: Forecast,
}

/// A [`Wanted`] between cores.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::large_enum_variant, reason = "a slot of a ring has room for the largest anyway")]
pub(in crate::pipeline) enum CarriedWanted {
    Market(View),
    Intent(Intent),
}

/// A [`Routed`] between cores.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::large_enum_variant, reason = "a slot of a ring has room for the largest anyway")]
pub(in crate::pipeline) enum CarriedRouted {
    Market(View),
    Child(Child),
}

/// A [`Decision`] between cores.
#[derive(Clone, Copy, Debug)]
pub(in crate::pipeline) enum CarriedDecision {
    Order(Order),
    Denied(Denial),
}

impl Carry<View> for View {
    fn carry(view: &View) -> View {
        *view
    }
}

impl Lend for View {
    type Message<'m> = View;

    fn lend(&self, out: &mut impl for<'m> Emit<View>) {
        out.emit(self);
    }
}

impl Carry<Seen<'_>> for CarriedSeen {
    fn carry(seen: &Seen<'_>) -> CarriedSeen {
        CarriedSeen { view: *seen.view, features: *seen.features }
    }
}

impl Lend for CarriedSeen {
    type Message<'m> = Seen<'m>;

    fn lend(&self, out: &mut impl for<'m> Emit<Seen<'m>>) {
        out.emit(&Seen { view: &self.view, features: &self.features });
    }
}

impl Carry<Outlook<'_>> for CarriedOutlook {
    fn carry(outlook: &Outlook<'_>) -> CarriedOutlook {
        let Outlook { view, features, forecast } = *outlook;
        CarriedOutlook { view: *view, features: *features, forecast: *forecast }
    }
}

impl Lend for CarriedOutlook {
    type Message<'m> = Outlook<'m>;

    fn lend(&self, out: &mut impl for<'m> Emit<Outlook<'m>>) {
        let CarriedOutlook { view, features, forecast } = self;
        out.emit(&Outlook { view, features, forecast });
    }
}

impl Carry<Wanted<'_>> for CarriedWanted {
    fn carry(wanted: &Wanted<'_>) -> CarriedWanted {
        match wanted {
            Wanted::Market(view) => CarriedWanted::Market(**view),
            Wanted::Intent(intent) => CarriedWanted::Intent(**intent),
        }
    }
}

impl Lend for CarriedWanted {
    type Message<'m> = Wanted<'m>;

    fn lend(&self, out: &mut impl for<'m> Emit<Wanted<'m>>) {
        match self {
            CarriedWanted::Market(view) => out.emit(&Wanted::Market(view)),
            CarriedWanted::Intent(intent) => out.emit(&Wanted::Intent(intent)),
        }
    }
}

impl Carry<Routed<'_>> for CarriedRouted {
    fn carry(routed: &Routed<'_>) -> CarriedRouted {
        match routed {
            Routed::Market(view) => CarriedRouted::Market(**view),
            Routed::Child(child) => CarriedRouted::Child(**child),
        }
    }
}

impl Lend for CarriedRouted {
    type Message<'m> = Routed<'m>;

    fn lend(&self, out: &mut impl for<'m> Emit<Routed<'m>>) {
        match self {
            CarriedRouted::Market(view) => out.emit(&Routed::Market(view)),
            CarriedRouted::Child(child) => out.emit(&Routed::Child(child)),
        }
    }
}

impl Carry<Decision<'_>> for CarriedDecision {
    fn carry(decision: &Decision<'_>) -> CarriedDecision {
        match decision {
            Decision::Order(order) => CarriedDecision::Order(**order),
            Decision::Denied(denial) => CarriedDecision::Denied(**denial),
        }
    }
}

impl Lend for CarriedDecision {
    type Message<'m> = Decision<'m>;

    fn lend(&self, out: &mut impl for<'m> Emit<Decision<'m>>) {
        match self {
            CarriedDecision::Order(order) => out.emit(&Decision::Order(order)),
            CarriedDecision::Denied(denial) => out.emit(&Decision::Denied(denial)),
        }
    }
}
