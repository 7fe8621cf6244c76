//! GS1 Digital Links: plain, `/eh` and `/ex`.
#![no_main]

use epc::{PlusScheme, PlusTag, PrefixTable, Tag, digital_link_key, parse_digital_link};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let link = match parse_digital_link(text) {
        Ok(link) => link,
        Err(error) => return fuzz::contract::reason(&error.to_string()),
    };
    let plain = link.to_uri("example.com/some/path");
    assert_eq!(parse_digital_link(&plain).as_ref(), Ok(&link), "{plain}");
    assert_eq!(digital_link_key(&plain), digital_link_key(text), "{plain}");
    let table = PrefixTable::new(["4012345", "095287", "061414112345"]);
    if let Ok(epc) = link.to_epc(&table) {
        assert_eq!(epc.to_uri().parse().as_ref(), Ok(&epc));
    }
    for scheme in PlusScheme::ALL {
        for host in [None, Some("example.com".to_owned())] {
            let Ok(tag) = PlusTag::from_digital_link(scheme, 1, host, &link) else { continue };
            let tag = Tag::Plus(tag);
            let bytes = tag.encode().expect("what was made can be encoded");
            assert_eq!(Tag::decode(&bytes).as_ref(), Ok(&tag));
        }
    }
});
