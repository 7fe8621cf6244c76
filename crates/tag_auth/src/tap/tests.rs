//! Addresses as chips write them, and as somebody changed them.

use proptest::prelude::*;

use super::*;
use crate::block::{BLOCK, Key};

const ITEM: &str = "/01/09521141000014/21/A1";

fn set(change: impl FnOnce(String) -> String) -> KeySet {
    let text = "name: t\nproducts: 0952\nmode: aes\nuid: u\ncounter: n\ncmac: c\ncmac_from: path\n\
                file_key: 00112233445566778899aabbccddeeff\nsystem: 01\n";
    KeySet::parse(&change(text.to_owned())).unwrap()
}

/// The address that a chip with plain mirrors writes.
fn tapped(set: &KeySet, path: &str, uid: [u8; UID], counter: u32) -> String {
    let text = format!("{path}?u={}&n={counter:06X}&c=", hex::encode_upper(uid));
    let chip = ChipTap { uid, counter };
    let code = chip.code(set.mode, &set.key_of(uid), text.as_bytes());
    text + &hex::encode_upper(code)
}

#[test]
fn every_address_of_the_foreign_vectors_passes_and_a_changed_code_does_not() {
    let adds = "two messages of NXP AN12196 as whole addresses";
    let Some(folder) = foreign::folder("sdm", adds) else { return };
    let text = std::fs::read_to_string(folder.join("an12196.json")).unwrap();
    let vectors: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut checked = 0;
    for vector in vectors["aes"].as_array().unwrap() {
        let word = |name: &str| vector[name].as_str().unwrap_or_default();
        let enc = word("enc");
        let mut lines = format!(
            "name: v\nproducts: 0952\nmode: aes\npicc: picc_data\ncmac: cmac\nmeta_key: {}\nfile_key: {}\n",
            word("meta_key"),
            word("file_key")
        );
        lines += if enc.is_empty() { "cmac_from: nothing\n" } else { "cmac_from: enc\nenc: enc\n" };
        let set = KeySet::parse(&lines).unwrap();
        let enc = if enc.is_empty() { String::new() } else { format!("enc={enc}&") };
        let address = format!("/?picc_data={}&{enc}cmac={}", word("picc_enc"), word("cmac"));
        let tap = check(&set, &address).unwrap();
        assert_eq!(hex::encode_upper(tap.chip.uid), word("uid"));
        assert_eq!(u64::from(tap.chip.counter), vector["ctr"].as_u64().unwrap());
        for negative in vectors["negative"].as_array().unwrap() {
            let wrong = address.replace(word("cmac"), negative["cmac"].as_str().unwrap());
            assert_eq!(check(&set, &wrong), Err(Fault::Code));
        }
        checked += 1;
    }
    assert_eq!(checked, 2);
}

#[test]
fn both_modes_pass_and_codes_of_one_mode_fail_in_the_other() {
    let (aes, lrp) = (set(|it| it), set(|it| it.replace("mode: aes", "mode: lrp")));
    let of_aes = tapped(&aes, ITEM, [4; UID], 17);
    let of_lrp = tapped(&lrp, ITEM, [4; UID], 17);
    let expected =
        Tap { chip: ChipTap { uid: [4; UID], counter: 17 }, seal: None, names_item: true };
    assert_eq!(check(&aes, &of_aes), Ok(expected.clone()));
    assert_eq!(check(&lrp, &of_lrp), Ok(expected));
    assert_eq!(check(&aes, &of_lrp), Err(Fault::Code));
    assert_eq!(check(&lrp, &of_aes), Err(Fault::Code));
}

#[test]
fn a_code_holds_for_its_item_its_chip_its_counter_and_its_product_only() {
    let set = set(|it| it);
    let right = tapped(&set, ITEM, [4; UID], 17);
    for (from, to) in [
        ("/21/A1", "/21/A2"),
        ("/21/A1", "/21/%411"),
        ("04040404", "04040405"),
        ("n=000011", "n=000012"),
        ("n=000011", "n=FFFFFF"),
    ] {
        assert_eq!(check(&set, &right.replace(from, to)), Err(Fault::Code), "{to}");
    }
    let other = super::tests::set(|it| it.replace("00112233", "00112234"));
    assert_eq!(check(&other, &right), Err(Fault::Code), "keys of another product");
}

#[test]
fn other_spellings_of_an_address_are_no_tap() {
    let set = set(|it| it);
    let right = tapped(&set, ITEM, [0xab; UID], 17);
    let code = right.rsplit('=').next().unwrap();
    for (changed, why) in [
        (right.replace("u=AB", "u=ab"), "lower case within the code's text"),
        (right.replace("u=AB", "%75=AB"), "a name with escapes"),
        (right.replace("u=AB", "u=%41B"), "a value with escapes"),
        (right.replace("&c=", "&c=00&c="), "the code twice"),
        (format!("{right}&c={code}"), "the code twice"),
        (format!("{right}&u=ABABABABABABAB"), "the chip twice"),
        (right[..right.len() - 2].to_owned(), "a code cut off"),
        (format!("{right}00"), "a code too long"),
        (right.replace(code, ""), "no code"),
        (right.replace("&c=", "&d="), "no code"),
        (right.replace("n=000011", "n=11"), "a short counter"),
        (format!("{right}&{}", "x".repeat(MOST_BYTES)), "too long"),
    ] {
        assert!(check(&set, &changed).is_err(), "{why}: {changed}");
    }
    let lower = right.replace(code, &code.to_lowercase());
    assert_eq!(check(&set, &lower), check(&set, &right), "the same tap, which counts once");
    assert!(check(&set, &format!("{right}&lang=en")).is_ok(), "what a page adds after the code");
    assert!(is_tap(&set, &right) && is_tap(&set, "/x?c=1") && !is_tap(&set, "/x?lang=c"));
}

#[test]
fn data_outside_of_the_codes_text_are_not_the_chips() {
    let key =
        "meta_key: 00000000000000000000000000000000\nfile_key: 00000000000000000000000000000000\n";
    let text = format!(
        "name: v\nproducts: 0952\nmode: aes\npicc: p\nenc: e\nseal: 0\ncmac: c\ncmac_from: e\n{key}"
    );
    let set = KeySet::parse(&text.replace("cmac_from: e", "cmac_from: p")).unwrap();
    let chip = "p=FD91EC264309878BE6345CBE53BADF40";
    let file = "e=CEE9A53E3E463EF1F459635736738962";
    for address in [
        format!("/?{file}&{chip}&c=ECC1E7F6C6C73BF6"),
        format!("/?{chip}&c=ECC1E7F6C6C73BF6&{file}"),
    ] {
        assert_eq!(check(&set, &address), Err(Fault::Form), "{address}");
    }
}

#[test]
fn a_seal_is_open_if_it_is_or_ever_was() {
    for (letters, expected) in [
        (b"CC", Seal::Closed),
        (b"OC", Seal::Opened),
        (b"CO", Seal::Opened),
        (b"OO", Seal::Opened),
        (b"II", Seal::Unknown),
        (b"CN", Seal::Unknown),
    ] {
        assert_eq!(seal(*letters), expected);
    }
}

proptest! {
    #[test]
    fn no_address_panics(address in "[/?&=a-zA-Z0-9%é]{0,80}") {
        for mode in ["aes", "lrp"] {
            let text = format!("name: t\nproducts: 0952\nmode: {mode}\npicc: p\nenc: e\nseal: 3\ncmac: c\ncmac_from: p\n\
                meta_key: {0}\nfile_key: {0}\n", "00".repeat(BLOCK));
            prop_assert!(check(&KeySet::parse(&text).unwrap(), &address).is_err());
        }
    }

    #[test]
    fn any_changed_character_before_the_code_fails(at in any::<usize>(), counter in 0_u32..=0x00ff_ffff) {
        let set = set(|it| it);
        let right = tapped(&set, ITEM, [4; UID], counter);
        prop_assert!(check(&set, &right).is_ok());
        let mut bytes = right.into_bytes();
        let place = at % bytes.len();
        bytes[place] = if bytes[place] == b'0' { b'1' } else { b'0' };
        prop_assert!(check(&set, std::str::from_utf8(&bytes).unwrap()).is_err());
    }

    #[test]
    fn no_key_set_panics(text in "(name|products|mode|seal|cmac|system)?: ?[a-z0-9é:\n]{0,40}") {
        let _ = KeySet::parse(&text);
    }
}

#[test]
fn keys_are_used_as_they_are_without_a_system() {
    let set = set(|it| it.replace("system: 01\n", ""));
    assert_eq!(set.key_of([1; UID]), Key::of_hex("00112233445566778899aabbccddeeff").unwrap());
}
