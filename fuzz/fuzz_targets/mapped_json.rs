//! JSON of any reader, read by one of several mappings.
#![no_main]

use devices::reader::mapped_json::{MappedJson, Mapping};
use fuzz::Choices;
use fuzz::format::hear;
use libfuzzer_sys::fuzz_target;

const MAPPINGS: [&str; 4] = [
    r#"{"epc":"/epc"}"#,
    r#"{"each":"/reads","epc":"/epc","tid":"/tid","antenna":"/ant","rssi":"/rssi","time":"/t","time_unit":"us"}"#,
    r#"{"epc":"/id","bank_form":"base64","rssi":"/r","rssi_unit":"ddbm","time":"^/t","skip_without_epc":true}"#,
    r#"{"each":"","epc":"/0","antenna":"^/0/1","rssi":"/2","rssi_unit":"cdbm","time":"/3","time_unit":"s"}"#,
];

fuzz_target!(|input: &[u8]| {
    let mut choices = Choices(input);
    let which = usize::from(choices.byte()) % MAPPINGS.len();
    let mapping: Mapping = serde_json::from_str(MAPPINGS[which]).expect("a mapping");
    mapping.check().expect("a mapping");
    hear(|| Box::new(MappedJson::new("t", mapping.clone())), "t", false, choices.0);
});
