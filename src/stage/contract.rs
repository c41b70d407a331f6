//! All that a stage and its driver know of one another.

/// Where a stage puts its results: the next stage itself, a ring, or a vector in a test.
pub trait Emit<M: ?Sized> {
    /// Takes one message. The receiver decides what happens where there is no room.
    fn emit(&mut self, message: &M);
}

/// One kind of message a stage accepts. The `impl On<..>` lines of a stage are its interface.
pub trait On<M: ?Sized> {
    /// What comes out; it may be borrowed from the stage for as long as the call takes.
    type Out<'a>;

    /// Takes one message and emits what follows from it, at most `limits::EMIT_BURST_MAX`.
    fn on(&mut self, message: &M, out: &mut impl for<'a> Emit<Self::Out<'a>>);
}

/// Work that can wait until the frame is out: pre-computation, re-centring, keep-warm.
pub trait Idle {
    /// Does a bounded piece of it.
    fn idle(&mut self);
}

/// A vector takes messages: for tests and cold work.
impl<M: Clone> Emit<M> for Vec<M> {
    fn emit(&mut self, message: &M) {
        self.push(message.clone());
    }
}

/// Where messages end that nobody wants.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nowhere;

impl<M: ?Sized> Emit<M> for Nowhere {
    #[inline(always)]
    fn emit(&mut self, _message: &M) {}
}
