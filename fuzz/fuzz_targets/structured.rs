#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| alpinist_fuzz::run("structured", data));
