//! See `neural_kraken_fuzz::model`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| neural_kraken_fuzz::model(data));
