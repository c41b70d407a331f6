//! Frames of dialect `nasdaq`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| neural_kraken_fuzz::frames("nasdaq", data));
