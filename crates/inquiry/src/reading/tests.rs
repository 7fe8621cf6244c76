//! What a person may type, and what each text is read as.

use proptest::prelude::*;

use super::*;

const ITEM: &str = "https://id.gs1.org/01/09521141123454/21/602";
const LOT: &str = "https://id.gs1.org/01/09521141123454/10/L2611A";
const PRODUCT: &str = "https://id.gs1.org/01/09521141123454";

fn readings(text: &str) -> Vec<Reading> {
    let asked = read(text, &TimeZone::UTC);
    asked.unwrap_or_else(|error| panic!("{text}: {error}")).readings
}

#[test]
fn every_spelling_of_an_item_is_that_item_alone() {
    for text in [
        "urn:epc:id:sgtin:9521141.012345.602",
        "URN:EPC:ID:SGTIN:952114.0112345.602",
        "urn:epc:tag:sgtin-96:1.9521141.012345.602",
        "https://id.gs1.org/01/09521141123454/21/602",
        "https://brand.example/de/01/09521141123454/10/L/21/602?17=271231",
        "(01)09521141123454(21)602",
        "（０１） 09521141123454 （21） 602",
        "  (01) 09521141123454 (10) L2611A (21) 602 ",
        "item:(01) 09521141123454 (21) 602",
    ] {
        assert_eq!(readings(text), [Reading::Item(ITEM.into())], "{text}");
    }
    let sscc = Reading::Item("https://id.gs1.org/00/106141412345678908".into());
    for text in
        ["(00) 106141412345678908", "urn:epc:id:sscc:0614141.1234567890", "sscc:106141412345678908"]
    {
        assert_eq!(readings(text), std::slice::from_ref(&sscc), "{text}");
    }
}

#[test]
fn a_compressed_link_and_the_bits_of_a_tag_are_the_item_they_encode() {
    let tag = Tag::decode_hex("3074257BF7194E4000001A85").unwrap();
    let link = tag.to_digital_link().unwrap();
    assert_eq!(readings("3074257BF7194E4000001A85")[0], Reading::Item(thing_key(&link)));
    let compressed = match tag {
        Tag::Classic(epc) => parse_digital_link(&epc.epc.to_digital_link()).unwrap(),
        Tag::Plus(plus) => plus.to_link(),
    };
    let compressed = thing_key(&compressed.to_uri("brand.example"));
    assert_eq!(readings(&compressed), [Reading::Item(thing_key(&link))]);
}

#[test]
fn input_that_can_mean_several_things_has_all_these_readings() {
    let gln = "9521141000007";
    for (text, expected) in [
        (
            gln,
            vec![
                Reading::Product("https://id.gs1.org/01/09521141000007".into()),
                Reading::Place(format!("https://id.gs1.org/414/{gln}")),
                Reading::Party(format!("https://id.gs1.org/417/{gln}")),
                Reading::LotNumber(gln.into()),
                Reading::Document(gln.into()),
                Reading::Event(gln.into()),
            ],
        ),
        (
            "09521141123454 / L2611A",
            vec![
                Reading::Item("https://id.gs1.org/01/09521141123454/21/L2611A".into()),
                Reading::Lot(LOT.into()),
            ],
        ),
        ("9521141123454 lot L2611A", vec![Reading::Lot(LOT.into())]),
        ("urn:epc:class:lgtin:9521141.012345.L2611A", vec![Reading::Lot(LOT.into())]),
        ("urn:epc:idpat:sgtin:9521141.012345.*", vec![Reading::Product(PRODUCT.into())]),
        (
            "urn:epc:id:gdti:4012345.11111.987",
            vec![
                Reading::Document("https://id.gs1.org/253/4012345111118987".into()),
                Reading::Item("https://id.gs1.org/253/4012345111118987".into()),
            ],
        ),
        (
            "urn:uuid:404d95fc-9457-4a51-bd6a-0bba133845a8",
            vec![
                Reading::Event("urn:uuid:404d95fc-9457-4a51-bd6a-0bba133845a8".into()),
                Reading::Document("urn:uuid:404d95fc-9457-4a51-bd6a-0bba133845a8".into()),
                Reading::Item("urn:uuid:404d95fc-9457-4a51-bd6a-0bba133845a8".into()),
            ],
        ),
        (
            "PO-77/3",
            vec![
                Reading::LotNumber("PO-77/3".into()),
                Reading::Document("PO-77/3".into()),
                Reading::Event("PO-77/3".into()),
            ],
        ),
    ] {
        assert_eq!(readings(text), expected, "{text}");
    }
}

#[test]
fn a_word_in_front_says_what_follows() {
    let gln = "9521141000007";
    for (text, expected) in [
        (format!("place:{gln}"), Reading::Place(format!("https://id.gs1.org/414/{gln}"))),
        (format!("Party: {gln}"), Reading::Party(format!("https://id.gs1.org/417/{gln}"))),
        (format!("gtin:{gln}"), Reading::Product(format!("https://id.gs1.org/01/0{gln}"))),
        (format!("doc:{gln}"), Reading::Document(gln.into())),
        (format!("lot:{gln}"), Reading::LotNumber(gln.into())),
        (format!("lot:{LOT}"), Reading::Lot(LOT.into())),
        (format!("event:{gln}"), Reading::Event(gln.into())),
        (
            "place:urn:epc:id:sgln:9521141.00001.7".into(),
            Reading::Place("https://id.gs1.org/414/9521141000014/254/7".into()),
        ),
        (
            "party:urn:epc:id:pgln:9521141.00000".into(),
            Reading::Party(format!("https://id.gs1.org/417/{gln}")),
        ),
    ] {
        assert_eq!(readings(&text), [expected], "{text}");
    }
}

#[test]
fn a_hash_is_read_with_and_without_its_frame() {
    let hex = "df7bb3c352fef055578554f09f5e2aa41782150ced7bd0b8af24dd3ccb30ba69";
    let expected = Reading::Hash(format!("ni:///sha-256;{hex}?ver=CBV2.0"));
    let upper = hex.to_uppercase();
    for text in [
        format!("ni:///sha-256;{hex}?ver=CBV2.0"),
        format!("ni:///sha-256;{hex}"),
        hex.to_owned(),
        format!("hash:{upper}"),
    ] {
        assert_eq!(readings(&text), std::slice::from_ref(&expected), "{text}");
    }
    assert!(read(&format!("hash:{}", &hex[1..]), &TimeZone::UTC).is_err());
}

#[test]
fn times_narrow_and_days_are_those_of_the_reader() {
    let shanghai = TimeZone::fixed(jiff::tz::offset(8));
    let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
    for (text, from, until) in [
        ("from:2026-11-01 doc:7", at("2026-10-31T16:00:00Z"), None),
        ("doc:7 until:2026-11-30", None, at("2026-11-30T16:00:00Z")),
        ("2026-11-01..2026-11-02 doc:7", at("2026-10-31T16:00:00Z"), at("2026-11-02T16:00:00Z")),
        ("doc:7 2026-11-01", at("2026-10-31T16:00:00Z"), at("2026-11-01T16:00:00Z")),
        ("doc:7 since:2026-11-01T08:00:00Z", at("2026-11-01T08:00:00Z"), None),
        ("doc:7 ..2026-11-02", None, at("2026-11-02T16:00:00Z")),
    ] {
        let asked = read(text, &shanghai).unwrap();
        assert_eq!(asked.window, Window { from, until }, "{text}");
        assert_eq!(asked.readings, [Reading::Document("7".into())], "{text}");
    }
    assert_eq!(read("2026-11-01", &shanghai).unwrap().readings, [Reading::All]);
    for wrong in
        ["from:yesterday", "until:2026-13-01", "2026-11-02..2026-11-01", "from:2026-02-30 x"]
    {
        assert!(read(wrong, &shanghai).is_err(), "{wrong}");
    }
}

#[test]
fn what_is_nearly_something_is_told_and_the_rest_is_still_searched() {
    let asked = read("09521141123455", &TimeZone::UTC).unwrap();
    assert_eq!(asked.readings.len(), 3, "{:?}", asked.readings);
    assert_eq!(
        asked.hints[0].to_string(),
        "got `09521141123455`, expected a GTIN whose last digit is 4"
    );
    let error = read("https://id.gs1.org/01/09521141123455/21/602", &TimeZone::UTC).unwrap_err();
    assert!(error.expected.contains('4'), "{error}");
    for nothing in ["", "   ", "\u{feff}", "lot:", "()", "(01)", "a\u{0}b"] {
        assert!(read(nothing, &TimeZone::UTC).is_err(), "{nothing:?}");
    }
    assert!(read(&"x".repeat(LONGEST + 1), &TimeZone::UTC).is_err());
}

#[test]
fn a_reading_is_shown_as_it_stands_on_labels() {
    assert_eq!(Reading::Item(ITEM.into()).to_string(), "(01) 09521141123454 (21) 602");
    assert_eq!(Reading::Lot(LOT.into()).to_string(), "(01) 09521141123454 (10) L2611A");
    assert_eq!(Reading::Event("urn:uuid:7".into()).to_string(), "urn:uuid:7");
}

proptest! {
    #[test]
    fn whatever_is_typed_has_readings_or_a_reason_and_each_is_read_again(text in ".{0,60}") {
        if let Ok(asked) = read(&text, &TimeZone::UTC) {
            prop_assert!(!asked.readings.is_empty());
            for reading in asked.readings {
                let again = read(&reading.text(), &TimeZone::UTC);
                let is_same = again.as_ref().is_ok_and(|again| again.readings == [reading.clone()]);
                // A value that has a word of time in it is no reading of its own text; it can be typed in the form's field.
                prop_assert!(is_same || reading.value().split(' ').any(is_time), "{reading:?} {again:?}");
            }
        }
    }

    #[test]
    fn digits_are_read_by_their_length_and_check_digit(digits in "[0-9]{1,20}") {
        let asked = read(&digits, &TimeZone::UTC).unwrap();
        let is_key = matches!(digits.len(), 8 | 12 | 13 | 14 | 18) && check_digit::is_valid(&digits);
        prop_assert_eq!(is_key, asked.readings.len() > 3);
    }
}

fn is_time(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    word.contains("..")
        || is_like_a_day(word)
        || ["from:", "since:", "until:"].iter().any(|name| lower.starts_with(name))
}
