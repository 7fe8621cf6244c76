//! JSON of an Impinj R700.
#![no_main]

use devices::reader::impinj_r700::ImpinjR700;
use fuzz::format::hear;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    hear(|| Box::new(ImpinjR700::new("t")), "t", false, input);
});
