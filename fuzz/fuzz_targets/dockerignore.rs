#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| alpinist_fuzz::run("dockerignore", data));
