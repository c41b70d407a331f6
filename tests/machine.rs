//! The machine from outside: its properties, whole simulated sessions, and the
//! command line as a user meets it, in one test binary.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use neural_kraken::sys::alloc::Counting;

/// Hot threads may not use the heap, whatever the weather.
#[global_allocator]
static ALLOCATOR: Counting<std::alloc::System> = Counting(std::alloc::System);

mod property {
    pub(crate) mod ear;
    mod hostile;
    mod mirror;
    mod order;
}

mod simulation {
    mod storm;
    mod live;
    mod dialect;
    mod machine;
    mod private;
    mod sample;
    mod server;
}

mod story {
    mod features;
    mod journal;
    mod layouts;
    mod output;
    mod refused;
    mod resume;
    mod run;
    mod sim;
    mod stand;
    mod trading;
}
