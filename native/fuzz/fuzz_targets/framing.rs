#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| millrace_native::fuzzing::run("framing", bytes));
