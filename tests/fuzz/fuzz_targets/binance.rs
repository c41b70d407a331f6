//! Frames of dialect `binance`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| neural_kraken_fuzz::frames("binance", data));
