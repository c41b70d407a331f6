//! Frames of dialect `kraken-v1`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| neural_kraken_fuzz::frames("kraken-v1", data));
