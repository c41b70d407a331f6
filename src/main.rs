//! The binary: hands the arguments to the library and returns its exit code.

use std::process::ExitCode;

use mimalloc::MiMalloc;
use neural_kraken::sys::alloc::Counting;

// mimalloc serves the cold side; the counting around it proves that hot threads ask for nothing.
#[global_allocator]
static ALLOCATOR: Counting<MiMalloc> = Counting(MiMalloc);

fn main() -> ExitCode {
    neural_kraken::cli::run(std::env::args_os())
}
