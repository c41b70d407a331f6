//! Frames of dialect `binance-usdm`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| neural_kraken_fuzz::frames("binance-usdm", data));
