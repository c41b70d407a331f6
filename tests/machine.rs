//! The machine from outside: its properties and whole simulated sessions, in one test binary.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod property {
    mod ear;
    mod hostile;
    mod mirror;
}

mod simulation {
    mod sample;
}
