//! EPC banks and TID banks.
#![no_main]

use epc::{Form, PrefixTable, Tag, Tid, parse_digital_link};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(tid) = Tid::decode(bytes) {
        assert!(tid.maker < 1 << 9 && tid.model < 1 << 12);
        assert!(tid.serial.is_none_or(|serial| (6..=18).contains(&serial.len())));
    }
    match Tag::decode(bytes) {
        Ok(tag) => check(&tag, bytes),
        Err(error) => fuzz::contract::reason(&error.to_string()),
    }
});

fn check(tag: &Tag, bytes: &[u8]) {
    let written = tag.encode().expect("what was decoded can be encoded");
    assert_eq!(&Tag::decode(&written).expect("what was encoded can be decoded"), tag);
    if let Tag::Classic(classic) = tag {
        assert_eq!(without_padding(&written), without_padding(bytes));
        let uri = classic.to_tag_uri();
        assert_eq!(epc::TagEpc::from_tag_uri(&uri).as_ref(), Ok(classic), "{uri}");
        let pure = classic.epc.to_uri();
        assert_eq!(pure.parse().as_ref(), Ok(&classic.epc), "{pure}");
    }
    let Some(link) = tag.to_link() else { return };
    for form in [Form::Hex, Form::Base64url] {
        let text = tag.to_compressed_link("example.com", form).expect("a GS1 key");
        assert_eq!(parse_digital_link(&text).as_ref(), Ok(&link), "{text}");
    }
    let text = tag.to_digital_link().expect("a GS1 key");
    assert_eq!(parse_digital_link(&text).as_ref(), Ok(&link), "{text}");
    if let Some(epc) = tag.to_epc(&PrefixTable::new(["4012345", "095287", "061414112345"])) {
        let uri = epc.to_uri();
        assert_eq!(uri.parse().as_ref(), Ok(&epc), "{uri}");
    }
}

/// Zero bits at the end belong to no scheme's fields or are what a shorter value ends in.
fn without_padding(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |place| place + 1);
    bytes.get(..end).unwrap_or_default()
}
