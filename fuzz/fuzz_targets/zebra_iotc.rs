//! JSON of a Zebra reader.
#![no_main]

use devices::reader::zebra_iotc::ZebraIotc;
use fuzz::format::hear;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    hear(|| Box::new(ZebraIotc::new("t")), "t", false, input);
});
