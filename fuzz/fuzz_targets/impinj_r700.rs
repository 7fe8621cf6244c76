//! JSON of an Impinj R700.
#![no_main]

use devices::message::BankForm;
use devices::reader::impinj_r700::ImpinjR700;
use fuzz::format::hear;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let form = match input.len() % 4 {
        0 => Some(BankForm::Hex),
        1 => Some(BankForm::Base64),
        _ => None,
    };
    hear(|| Box::new(ImpinjR700::new("t", form)), "t", false, input);
});
