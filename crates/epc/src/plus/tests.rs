//! `+` and `++` tags: published examples, truncation, data after the key, round trips.
//!
//! The way through: a table of hex and link first, then tags that must be refused, then generated tags.
//!
//! Source: TDS 2.3 annex E.3.

use super::*;
use crate::bits::from_hex;
use crate::{PrefixTable, Tag, parse_digital_link};
use proptest::prelude::*;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |out, byte| out + &format!("{byte:02X}"))
}

/// Hex of the annex, padded to whole words.
fn bank(text: &str) -> Vec<u8> {
    from_hex(&format!("{text:0<width$}", width = text.len().next_multiple_of(4))).unwrap()
}

/// Name, hex, link without `https://`.
const EXAMPLES: [(&str, &str, &str); 12] = [
    (
        "dsgtin+",
        "FB342CDE795211411234538566CB0AFC4",
        "id.gs1.org/01/79521141123453/21/32a%2Fb?17=220630",
    ),
    (
        "sgtin++",
        "FD3795211411234538566CB0AFC525065F1876F0D996D800",
        "id.example.com/01/79521141123453/21/32a%2Fb",
    ),
    (
        "dsgtin++",
        "FC342CDE795211411234538566CB0AFC525065F1876F0D996D80",
        "id.example.com/01/79521141123453/21/32a%2Fb?17=220630",
    ),
    (
        "grai++",
        "EB3095211411234548566CB0AFC525065F1876F0D996D800",
        "id.example.com/8003/0952114112345432a%2Fb",
    ),
    ("giai+", "FA3952114132E83C2BF10", "id.gs1.org/8004/952114132a%2Fb"),
    ("gsrn+", "F43952114112345678906", "id.gs1.org/8018/952114112345678906"),
    ("gsrnp+", "F53952114112345678906", "id.gs1.org/8017/952114112345678906"),
    (
        "cpi++",
        "E6395211415E87A145BAFB4D19A8C0E64A0CBE30EDE1B32DB000",
        "id.example.com/8010/95211415PQ7%2FZ43/8011/12345",
    ),
    ("sgcn++", "EC3952114167890950933C94197C61DBC3665B60", "id.example.com/255/952114167890904711"),
    ("itip+", "F3309521141123454010266AE27FDF35", "id.gs1.org/8006/095211411234540102/21/rif981"),
    // The annex prints the header of the scheme without host name for these two.
    (
        "itip++",
        "ED309521141123454010266AE27FDF3592832F8C3B786CCB6C00",
        "id.example.com/8006/095211411234540102/21/rif981",
    ),
    ("sscc++", "EF009520123456789123592832F8C3B786CCB6C0", "id.example.com/00/095201234567891235"),
];

#[test]
fn published_examples_decode_and_encode() {
    for (name, text, link) in EXAMPLES {
        let tag = Tag::decode(&bank(text)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(tag.name(), name);
        assert_eq!(tag.to_digital_link().unwrap(), format!("https://{link}"), "{name}");
        let mut written = hex(&tag.encode().unwrap());
        let mut wanted = text.to_owned();
        for side in [&mut written, &mut wanted] {
            side.truncate(side.trim_end_matches('0').len());
        }
        assert_eq!(written, wanted, "{name}");
    }
}

#[test]
fn every_scheme_has_its_own_headers() {
    let mut headers: Vec<u8> = Vec::new();
    for scheme in PlusScheme::ALL {
        for has_hostname in [false, true] {
            let header = scheme.header(has_hostname);
            assert!(!headers.contains(&header) && is_plus(header), "{header:02X}");
            assert_eq!(scheme.name(has_hostname).ends_with("++"), has_hostname);
            headers.push(header);
        }
    }
    assert_eq!(headers.len(), 24);
}

#[test]
fn every_truncation_is_refused() {
    for (name, text, _) in EXAMPLES {
        let whole = bank(text);
        let used = PlusTag::decode(&whole).unwrap().write().unwrap().len().div_ceil(8);
        for length in 0..used {
            let error = PlusTag::decode(&whole[..length]).expect_err(name);
            let error = error.to_string();
            assert!(error.starts_with("got ") && error.contains("expected "), "{length}: {error}");
        }
    }
}

#[test]
fn padding_must_be_zero() {
    let mut whole = bank("F43952114112345678906");
    whole.extend([0, 0]);
    assert!(PlusTag::decode(&whole).is_ok());
    whole.extend([0, 1]);
    let error = PlusTag::decode(&whole).unwrap_err().to_string();
    assert_eq!(error, "got bits after the last field `1`, expected zero bits only");
}

fn with_data(data: &[(&str, &str)]) -> Result<PlusTag, EpcError> {
    let mut link = parse_digital_link("https://x/01/09506000134352/21/A1").unwrap();
    link.attributes =
        data.iter().map(|(ai, value)| ((*ai).to_owned(), (*value).to_owned())).collect();
    PlusTag::from_digital_link(PlusScheme::Sgtin, 1, None, &link)
}

#[test]
fn data_after_the_key_are_decoded_in_their_order() {
    let data = [
        ("00", "095201234567891235"),
        ("10", "LOT-7"),
        ("17", "270500"),
        ("20", "07"),
        ("240", "X.Y/Z"),
        ("242", "123456"),
        ("253", "9521141987650"),
        ("253", "9521141987650AB"),
        ("255", "95211416789094711"),
        ("30", "12"),
        ("3103", "001234"),
        ("3922", "1999"),
        ("3932", "9781999"),
        ("3940", "0050"),
        ("402", "95201234567891235"),
        ("414", "9521141123454"),
        ("421", "27640210"),
        ("4307", "DE"),
        ("4309", "12345678901234567890"),
        ("4321", "1"),
        ("4324", "2612312359"),
        ("4330", "001234-"),
        ("4331", "001234"),
        ("7003", "2701010000"),
        ("7007", "270101"),
        ("7007", "270101270131"),
        ("7011", "270101"),
        ("7011", "2701011530"),
        ("7023", "9521141A"),
        ("7030", "276ABC"),
        ("7241", "07"),
        ("7252", "1"),
        ("7258", "1/3"),
        ("8003", "09521141123454"),
        ("8004", "95211413"),
        ("8008", "27010115"),
        ("8008", "270101153059"),
        ("8011", "12"),
        ("8019", "0012"),
        ("8200", "https://example.com/"),
        ("99", "012345678901234567890123456789012345678901234567890123456789"),
    ];
    // As many at a time as a tag holds beside its key; the last one is the longest.
    for data in data.chunks(4) {
        let tag = with_data(data).unwrap();
        let again = PlusTag::decode(&tag.encode().unwrap()).unwrap();
        let pairs: Vec<(&str, &str)> =
            again.aidc.iter().map(|(ai, value)| (ai.as_str(), value.as_str())).collect();
        assert_eq!(pairs, data);
        let link = format!("https://id.gs1.org/01/09506000134352/21/A1?{}=", data[0].0);
        assert!(again.to_digital_link().starts_with(&link));
    }
}

#[test]
fn data_that_a_format_cannot_hold_are_refused() {
    for (ai, value) in [
        ("10", ""),
        ("10", "123456789012345678901"),
        ("10", "ä"),
        ("17", "271301"),
        ("17", "27010"),
        ("17", "27+101"),
        ("20", "7"),
        ("3103", "00123a"),
        ("30", ""),
        ("30", "123456789"),
        ("4307", "de"),
        ("4321", "2"),
        ("4324", "2612319999"),
        ("4330", "001234+"),
        ("7007", "2701012701"),
        ("7011", "27010115305900"),
        ("7258", "1/0"),
        ("8004", ""),
        ("253", "952114198765"),
    ] {
        assert!(with_data(&[(ai, value)]).is_err(), "{ai} {value}");
    }
}

#[test]
fn an_identifier_that_is_not_in_the_table_is_named() {
    for ai in ["3106", "3954", "431", "7259x", "88", "1", ""] {
        let error = with_data(&[(ai, "1")]).unwrap_err();
        assert_eq!(error, EpcError::ApplicationIdentifier(ai.to_owned()));
    }
    // The toggle of a GSRN+ set, then 88, then 3106.
    for (text, ai) in [("F4B95211411234567890688", "88"), ("F4B9521141123456789063106", "3106")] {
        let error = Tag::decode(&bank(text)).unwrap_err();
        assert_eq!(error, EpcError::ApplicationIdentifier(ai.to_owned()));
        assert!(error.to_string().contains(ai));
    }
}

#[test]
fn a_toggle_without_data_is_kept() {
    let tag = PlusTag::decode(&bank("F4B9521141123456789060")).unwrap();
    assert!(tag.has_aidc_data && tag.aidc.is_empty());
    assert_eq!(hex(&tag.encode().unwrap()), "F4B952114112345678906000");
    let mut without = with_data(&[("10", "L")]).unwrap();
    without.has_aidc_data = false;
    assert!(without.encode().is_err());
}

#[test]
fn links_that_a_scheme_cannot_hold_are_refused() {
    for (scheme, link) in [
        (PlusScheme::Sgtin, "01/09506000134352"),
        (PlusScheme::Sgtin, "01/09506000134352/10/L"),
        (PlusScheme::Sgtin, "01/09506000134352/10/L/21/S"),
        (PlusScheme::Sgtin, "00/095201234567891235"),
        (PlusScheme::Dsgtin, "01/09506000134352/21/S"),
        (PlusScheme::Grai, "8003/09521141123454"),
        (PlusScheme::Gdti, "253/9521141123454"),
        (PlusScheme::Sgcn, "255/9521141123454"),
        (PlusScheme::Cpi, "8010/95211415PQ7"),
        (PlusScheme::Gsrn, "8018/952114112345678906/8019/1"),
    ] {
        let read = parse_digital_link(&format!("https://x/{link}")).unwrap();
        assert!(PlusTag::from_digital_link(scheme, 0, None, &read).is_err(), "{link}");
    }
    let read = parse_digital_link("https://x/01/09506000134352/21/S").unwrap();
    assert!(PlusTag::from_digital_link(PlusScheme::Sgtin, 8, None, &read).is_err());
    let host = Some("a/b".to_owned());
    assert!(PlusTag::from_digital_link(PlusScheme::Sgtin, 0, host, &read).is_err());
}

#[test]
fn a_location_without_extension_has_extension_zero_on_the_tag_only() {
    for path in ["414/9521141123454", "414/9521141123454/254/0"] {
        let read = parse_digital_link(&format!("https://x/{path}")).unwrap();
        let tag = PlusTag::from_digital_link(PlusScheme::Sgln, 3, None, &read).unwrap();
        let again = PlusTag::decode(&tag.encode().unwrap()).unwrap();
        assert_eq!(again, tag);
        assert_eq!(again.to_digital_link(), "https://id.gs1.org/414/9521141123454");
    }
}

#[test]
fn a_tag_has_an_identity_if_the_prefix_is_known() {
    let tag = Tag::decode(&bank("FB342CDE795211411234538566CB0AFC4")).unwrap();
    let epc = tag.to_epc(&PrefixTable::new(["9521141"])).unwrap();
    assert_eq!(epc.to_uri(), "urn:epc:id:sgtin:9521141.712345.32a%2Fb");
    assert_eq!(tag.to_epc(&PrefixTable::new(["0614141"])), None);
}

/// A number with a check digit.
fn key(count: usize) -> impl Strategy<Value = String> {
    proptest::collection::vec(0..10u8, count - 1).prop_map(|digits| {
        let text: String = digits.into_iter().map(|digit| char::from(b'0' + digit)).collect();
        crate::check_digit::append(&text)
    })
}

fn any_plus() -> impl Strategy<Value = PlusTag> {
    let serial = "[0-9]{1,12}|[A-F0-9]{1,12}|[A-Za-z0-9_-]{1,16}|[!%-?A-Z_a-z\"]{1,16}";
    let host =
        proptest::option::of("[a-z0-9][a-z0-9.-]{0,20}(\\.com|\\.de|\\.co\\.uk)?|[A-Z0-9.]{0,9}Z");
    let data = proptest::collection::vec(
        prop_oneof![
            ("[0-9A-Z]{1,20}").prop_map(|lot| ("10".to_owned(), lot)),
            (0..100u8, 1..13u8, 0..32u8)
                .prop_map(|(y, m, d)| ("17".to_owned(), format!("{y:02}{m:02}{d:02}"))),
            (0..1_000_000u32).prop_map(|weight| ("3102".to_owned(), format!("{weight:06}"))),
        ],
        0..4,
    );
    let parts = (key(18), key(14), key(13), serial, "[1-9][0-9]{0,11}");
    (0..12usize, 0..8u8, host, data, parts).prop_filter_map(
        "a host name begins with a letter or digit",
        |(scheme, filter, host, data, (long, gtin, short, serial, number))| {
            let scheme = PlusScheme::ALL[scheme];
            let row = scheme.row();
            let value = match row.key {
                "00" | "8017" | "8018" => long,
                "01" => gtin,
                "414" => short,
                "8003" => format!("0{short}{serial}"),
                "253" => format!("{short}{serial}"),
                "255" => format!("{short}{number}"),
                "8006" => format!("{gtin}0102"),
                "8010" => format!("{number}PQ7/Z#"),
                _ => format!("{number}{serial}"),
            };
            let qualifiers = match row.qualifier {
                Some("8011") => vec![("8011".to_owned(), number)],
                Some(ai) => vec![(ai.to_owned(), serial)],
                None => Vec::new(),
            };
            let dated =
                (scheme == PlusScheme::Dsgtin).then(|| ("15".to_owned(), "270228".to_owned()));
            let attributes = dated.into_iter().chain(data).collect();
            let link = DigitalLink { primary: row.key.to_owned(), value, qualifiers, attributes };
            let host = host.filter(|host| !host.starts_with(['.', '-']));
            PlusTag::from_digital_link(scheme, filter, host, &link).ok()
        },
    )
}

#[test]
fn more_bits_than_a_bank_holds_are_refused_by_encoder_and_decoder() {
    // 8 + 4 + 72 bits, then 8 + 16 for each date.
    let link = |dates: usize| DigitalLink {
        primary: "8018".into(),
        value: "952114112345678906".into(),
        qualifiers: Vec::new(),
        attributes: vec![("13".into(), "270228".into()); dates],
    };
    let full = PlusTag::from_digital_link(PlusScheme::Gsrn, 0, None, &link(17)).unwrap();
    let bytes = full.encode().unwrap();
    assert_eq!((full.write().unwrap().len(), bytes.len()), (492, 62));
    assert_eq!(PlusTag::decode(&bytes).as_ref(), Ok(&full));
    let refused = PlusTag::from_digital_link(PlusScheme::Gsrn, 0, None, &link(18)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "got 516 bits for gsrn+, expected at most 496, which is what a tag holds"
    );
    // The same date again behind the last one.
    let mut bits = full.write().unwrap();
    let date = PlusTag::from_digital_link(PlusScheme::Gsrn, 0, None, &link(1)).unwrap();
    let date = date.write().unwrap().into_words();
    let mut from = crate::bits::Bits::new(&date, "a date");
    from.take(84).unwrap();
    bits.put(from.take(24).unwrap(), 24);
    assert_eq!(PlusTag::decode(&bits.into_words()), Err(refused));
    let words_of_zeros = [date, vec![0; 52]].concat();
    assert!(matches!(PlusTag::decode(&words_of_zeros), Err(EpcError::Long { .. })));
}

proptest! {
    #[test]
    fn every_tag_decodes_to_what_was_encoded(tag in any_plus()) {
        let bytes = tag.encode().unwrap();
        prop_assert_eq!(bytes.len() % 2, 0);
        let again = PlusTag::decode(&bytes).unwrap();
        prop_assert_eq!(&again, &tag);
        let link = parse_digital_link(&tag.to_digital_link()).unwrap();
        prop_assert_eq!(link, tag.to_link());
    }

    #[test]
    fn every_tag_decodes_from_both_compressed_links(tag in any_plus()) {
        let tag = Tag::Plus(tag);
        for form in [crate::Form::Hex, crate::Form::Base64url] {
            let link = tag.to_compressed_link("example.com/p", form).unwrap();
            prop_assert_eq!(parse_digital_link(&link).ok(), tag.to_link());
        }
    }

    #[test]
    fn whatever_decodes_can_be_encoded_and_decodes_to_the_same_tag(
        mut bytes in proptest::collection::vec(any::<u8>(), 1..64),
        header in prop_oneof![0xE6..=0xFFu8, 0x2C..=0x41u8],
    ) {
        bytes[0] = header;
        if let Ok(tag) = Tag::decode(&bytes) {
            let again = Tag::decode(&tag.encode().unwrap()).unwrap();
            prop_assert_eq!(again, tag);
        }
    }

    #[test]
    fn a_damaged_tag_never_panics(tag in any_plus(), place in any::<prop::sample::Index>(), bit in 0..8u8) {
        let mut bytes = tag.encode().unwrap();
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        if let Ok(tag) = Tag::decode(&bytes) {
            prop_assert!(tag.encode().is_ok());
        }
    }
}
