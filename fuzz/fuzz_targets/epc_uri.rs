//! Identities, tags and classes as URIs.
#![no_main]

use epc::{
    Epc, EpcClass, PrefixTable, Scheme, TagEpc, check_uri, digital_link_key, identify, site_key,
    thing_key, written_key,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match text.parse::<Epc>() {
        Ok(epc) => check(&epc),
        Err(error) => fuzz::contract::reason(&error.to_string()),
    }
    if let Ok(tag) = TagEpc::from_tag_uri(text) {
        let bytes = tag.encode().expect("what was read can be encoded");
        assert_eq!(TagEpc::decode(&bytes).as_ref(), Ok(&tag));
        assert_eq!(TagEpc::from_tag_uri(&tag.to_tag_uri()).as_ref(), Ok(&tag));
    }
    if let Ok(class) = EpcClass::from_uri(text) {
        assert_eq!(EpcClass::from_uri(&class.to_uri()).as_ref(), Ok(&class));
        assert_eq!(digital_link_key(&class.to_uri()), Some(class.to_digital_link()));
    }
    // The key of a key is itself, however the text was spelled.
    for key in [thing_key(text), site_key(text)] {
        assert_eq!(thing_key(&key), key, "{text}");
    }
    // Where bits are not read, what has them is its own key.
    let written = written_key(text);
    assert_eq!(written_key(&written), written, "{text}");
    assert_eq!(thing_key(&written), thing_key(text), "{text}");
    match check_uri(text) {
        Ok(kind) if thing_key(text) != text => {
            assert_eq!(check_uri(&thing_key(text)), Ok(kind), "{text}");
        }
        Ok(_) => {}
        Err(error) => fuzz::contract::reason(&error.to_string()),
    }
    if let Ok(epc) = identify(text) {
        assert_eq!(thing_key(&epc.to_uri()), thing_key(text), "{text}");
    }
    // A key that is a link names what the text named: nothing in the text can end a part of it early.
    if let Some(key) = digital_link_key(text)
        && let Some(again) = digital_link_key(&key)
    {
        assert_eq!(again, key);
    }
});

fn check(epc: &Epc) {
    assert_eq!(Epc::from_uri(&epc.to_uri()).as_ref(), Ok(epc));
    let Some(link) = epc.link() else {
        assert!(!epc.scheme().is_gs1());
        return;
    };
    // Of keys with text after the prefix a longer prefix could be told apart only by its own table.
    let own = PrefixTable::new([epc.company_prefix()]);
    let text = epc.to_digital_link();
    assert_eq!(Epc::from_digital_link(&text, &own).as_ref(), Ok(epc), "{text}");
    assert_eq!(link.to_epc(&own).as_ref(), Ok(epc));
    if epc.scheme() != Scheme::Itip {
        assert_eq!(digital_link_key(&epc.to_uri()), digital_link_key(&text), "{text}");
    }
}
