//! Connections against servers that are not ours: tungstenite over TCP and over rustls, OpenSSL's
//! `s_server`, and servers that lie.
//!
//! Everything is on loopback. Tests that need the binary `openssl` are counted as ignored, by name,
//! where it is absent.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "wire/stand.rs"]
mod stand;
#[path = "wire/proxy.rs"]
mod proxy;
#[path = "wire/interop.rs"]
mod interop;
#[path = "wire/trust.rs"]
mod trust;
#[path = "wire/attack.rs"]
mod attack;
#[path = "wire/request.rs"]
mod request;
#[path = "wire/openssl.rs"]
mod openssl;
#[path = "wire/vows.rs"]
mod vows;
#[path = "wire/orders.rs"]
mod orders;
#[path = "wire/private.rs"]
mod private;

use libtest_mimic::{Arguments, Trial};
use neural_kraken::sys::alloc::Counting;

#[global_allocator]
static ALLOCATOR: Counting<std::alloc::System> = Counting(std::alloc::System);

/// A test with its name.
type Case = (String, Box<dyn FnOnce() + Send>);

fn main() {
    let arguments = Arguments::from_args();
    let trial = |(name, run): Case| {
        Trial::test(name, move || {
            run();
            Ok(())
        })
    };
    let always = [
        interop::cases(),
        trust::cases(),
        attack::cases(),
        request::cases(),
        vows::cases(),
        orders::cases(),
        private::cases(),
    ];
    let mut trials: Vec<Trial> = always.into_iter().flatten().map(trial).collect();
    let here = openssl::is_here();
    trials.extend(openssl::cases().into_iter().map(|case| trial(case).with_ignored_flag(!here)));
    libtest_mimic::run(&arguments, trials).exit();
}

/// Names a test after its function.
#[macro_export]
macro_rules! cases {
    ($($name:ident),+ $(,)?) => {
        pub(crate) fn cases() -> Vec<$crate::Case> {
            let folder = module_path!().rsplit("::").next().unwrap();
            vec![$((
                format!("{folder}::{}", stringify!($name)),
                Box::new($name) as Box<dyn FnOnce() + Send>,
            )),+]
        }
    };
}
