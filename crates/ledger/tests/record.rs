//! Records: their commitment, and what a part of one proves about the whole.

#![expect(clippy::unwrap_used, reason = "a failing test helper says where it failed")]

use ledger::{
    Hash, hash,
    json::{self, Json, Limits, object},
    record::{
        DisclosedElement, DisclosedField, DisclosedRecord, Disclosure, DisclosureError,
        LIST_FIELDS, Record, RecordError, ShapeError,
    },
    tree,
};
use proptest::prelude::*;

const SECRET: [u8; 16] = [7; 16];

fn record(text: &str) -> Record {
    Record::from_json(json::parse(text.as_bytes(), &Limits::default()).unwrap()).unwrap()
}

/// A record with lists of any length, members in any order.
fn records() -> impl Strategy<Value = Record> {
    let element = prop_oneof![
        (0..40_u8)
            .prop_map(|serial| Json::from(format!("urn:epc:id:sgtin:4012345.011122.{serial}"))),
        (0..40_u8).prop_map(|lot| object([("epcClass", Json::from(format!("urn:lot:{lot}")))])),
    ];
    let list = (
        proptest::sample::select(LIST_FIELDS),
        proptest::collection::vec(element, 0..20).prop_map(Json::Array),
    )
        .prop_map(|(name, list)| (name.to_owned(), list));
    let name = any::<String>().prop_filter("no list", |name| !LIST_FIELDS.contains(&name.as_str()));
    let plain = (name, any::<String>().prop_map(Json::from));
    let member = prop_oneof![list, plain];
    proptest::collection::vec(member, 1..12)
        .prop_map(|members| Record::from_json(object(members)).unwrap())
}

/// The commitment as docs/formats/record-v1.md defines it, written down a second time.
fn defined_commitment(record: &Record) -> Hash {
    let salt = |path: &str| hash::hmac_sha256(&SECRET, path.as_bytes())[..16].to_vec();
    let length = |text: &str| (text.len() as u64).to_be_bytes().to_vec();
    let mut members: Vec<_> = record.fields().to_vec();
    members.sort_by(|(a, _), (b, _)| a.as_bytes().cmp(b.as_bytes()));
    let mut all = [vec![0x13], (members.len() as u64).to_be_bytes().to_vec()].concat();
    for (name, value) in &members {
        let bytes = if LIST_FIELDS.contains(&name.as_str()) {
            let elements = value.as_array().unwrap();
            let leaves: Vec<_> = elements
                .iter()
                .enumerate()
                .map(|(index, element)| {
                    let salt = salt(&format!("{name}/{index}"));
                    let text = element.canonical();
                    let digest = hash::sha256(&[&[0x11][..], &salt, text.as_bytes()].concat());
                    hash::leaf(digest.as_bytes())
                })
                .collect();
            let count = (elements.len() as u64).to_be_bytes();
            let root = tree::root(&leaves);
            [&[0x12], &length(name)[..], name.as_bytes(), &count, root.as_bytes()].concat()
        } else {
            let text = value.canonical();
            [&[0x10], &salt(name)[..], &length(name), name.as_bytes(), text.as_bytes()].concat()
        };
        all.extend([length(name), name.as_bytes().to_vec()].concat());
        all.extend_from_slice(hash::sha256(&bytes).as_bytes());
    }
    hash::sha256(&all)
}

proptest! {
    #[test]
    fn whatever_is_disclosed_gives_the_defined_commitment(
        record in records(),
        wanted in proptest::collection::vec(0..40_u8, 0..6),
    ) {
        let commitment = defined_commitment(&record);
        prop_assert_eq!(record.commitment(&SECRET), commitment);
        let items: Vec<_> = wanted
            .iter()
            .map(|serial| format!("urn:epc:id:sgtin:4012345.011122.{serial}"))
            .chain(wanted.iter().map(|lot| format!("urn:lot:{lot}")))
            .collect();
        let few = Disclosure::Fields { plain: &["readPoint"], items: &items };
        for what in [Disclosure::All, Disclosure::Items(&items), Disclosure::Items(&[]), few] {
            let shown = record.disclose(&SECRET, &what);
            prop_assert_eq!(shown.commitment(), Ok(commitment));
            let names: Vec<_> = shown.fields.iter().map(DisclosedField::name).collect();
            let mut all: Vec<_> = record.fields().iter().map(|(name, _)| name.as_str()).collect();
            all.sort_unstable();
            prop_assert_eq!(names, all, "names are never hidden");
            prop_assert_eq!(shown.hidden_mandatory(), None);
            let again = DisclosedRecord::from_json(&shown.to_json()).unwrap();
            prop_assert_eq!(&again, &shown);
            prop_assert_eq!(again.leaf_hash().unwrap(), record.leaf_hash(&SECRET));
        }
        let all = record.disclose(&SECRET, &Disclosure::All);
        prop_assert_eq!(all.to_object().unwrap().canonical(), record.text());
        prop_assert_eq!(all.names().unwrap(), record.names());
        let stored = Record::parse(record.text()).unwrap();
        prop_assert_eq!(stored.leaf_hash(&SECRET), record.leaf_hash(&SECRET));
        // An empty list has no element and so no salt.
        let is_salted = record.fields().iter().any(|(_, value)| value.as_array() != Some(&[]));
        prop_assert_eq!(record.commitment(&[8; 16]) != commitment, is_salted);
    }
}

#[test]
fn one_of_1700_is_shown_with_a_path_of_11_hashes() {
    let items: Vec<_> =
        (0..1700).map(|n| Json::from(format!("urn:epc:id:sgtin:4012345.011122.{n}"))).collect();
    let record = Record::from_json(object([("epcList", Json::Array(items))])).unwrap();
    let wanted = ["urn:epc:id:sgtin:4012345.011122.1234".to_owned()];
    let shown = record.disclose(&SECRET, &Disclosure::Items(&wanted));
    let [DisclosedField::List { count: 1700, elements, .. }] = &shown.fields[..] else {
        panic!("one list: {shown:?}");
    };
    assert_eq!(elements.len(), 1);
    assert_eq!((elements[0].index, elements[0].path.len()), (1234, 11));
    assert_eq!(shown.names().unwrap(), wanted);
    assert_eq!(shown.leaf_hash().unwrap(), record.leaf_hash(&SECRET));
    assert_eq!(record.names().len(), 1700);
}

#[test]
fn names_are_listed_once_each_in_the_order_of_the_lists() {
    let record = record(
        r#"{"outputEPCList":["o"],"childEPCs":["c","a"],"parentID":"p","epcList":["a","b","a"],"quantityList":[{"epcClass":"q"},{"quantity":1}],"bizStep":"z"}"#,
    );
    assert_eq!(record.names(), ["a", "b", "p", "c", "o", "q"]);
    let odd =
        r#"{"parentID":["p"],"epcList":[{"epcClass":"e"}],"quantityList":["q"],"childEPCs":[""]}"#;
    assert_eq!(self::record(odd).names(), [""], "only where the format has names");
}

#[test]
fn a_list_without_a_wanted_element_is_hidden_and_an_empty_one_shown() {
    let record = record(r#"{"childEPCs":[],"epcList":["a"],"readPoint":{"id":"x"}}"#);
    let shown = record.disclose(&SECRET, &Disclosure::Items(&["b".into()])).to_json().canonical();
    assert!(shown.starts_with(r#"[["childEPCs",0,[]],["epcList",""#), "{shown}");
    assert!(shown.contains(r#""],["readPoint",""#), "{shown}");
}

#[test]
fn what_nobody_may_hide_is_shown_by_every_disclosure() {
    let record = record(
        r#"{"action":"ADD","bizStep":"packing","chopmark:by":"p","disposition":"active","errorDeclaration":{},"eventTime":"t","eventTimeZoneOffset":"+08:00","ilmd":{},"persistentDisposition":{},"readPoint":{},"type":"ObjectEvent"}"#,
    );
    let mut shown = record.disclose(&SECRET, &Disclosure::Fields { plain: &[], items: &[] });
    let hidden: Vec<_> = shown.hidden_names().collect();
    assert_eq!((hidden, shown.hidden_mandatory()), (vec!["ilmd", "readPoint"], None));
    shown.fields[1] = DisclosedField::Hidden { name: "bizStep".into(), digest: Hash::EMPTY };
    assert_eq!(shown.hidden_mandatory(), Some("bizStep"));
}

#[test]
fn a_text_that_is_not_a_record_is_refused() {
    for (text, what) in [
        ("[]", "record is not an object with members"),
        ("{}", "record is not an object with members"),
        (r#"{"epcList":"a"}"#, "member epcList is not an array"),
        (r#"{"epcList/0":"a"}"#, "member name `epcList/0` collides with an element of a list"),
        (r#"{"b":1, "a":2}"#, "record text is not canonical from byte 2 on"),
        (r#"{"a":1"#, "record: byte 6: got the end, expected `,` or `}`"),
    ] {
        assert_eq!(Record::parse(text).unwrap_err().to_string(), what);
    }
    assert!(matches!(
        Record::from_json(object([("a", Json::from("x".repeat(17 << 20)))])),
        Err(RecordError::TooLarge { .. })
    ));
}

/// The list of the record below.
fn list(fields: &mut [DisclosedField]) -> (&mut u64, &mut Vec<DisclosedElement>) {
    match &mut fields[2] {
        DisclosedField::List { count, elements, .. } => (count, elements),
        other => panic!("{other:?}"),
    }
}

#[test]
fn parts_that_contradict_one_another_give_no_commitment() {
    let record = record(r#"{"action":"ADD","bizStep":"packing","childEPCs":["a","b","c"]}"#);
    let shown = record.disclose(&SECRET, &Disclosure::Items(&["b".into(), "c".into()]));
    let spoil = |change: fn(&mut Vec<DisclosedField>)| {
        let mut spoilt = shown.clone();
        change(&mut spoilt.fields);
        spoilt
    };
    let order = spoil(|fields| fields.swap(0, 1));
    assert!(matches!(order.commitment(), Err(DisclosureError::Order(_))));
    let hidden_again = spoil(|fields| {
        let hidden = DisclosedField::Hidden { name: "bizStep".into(), digest: Hash::EMPTY };
        fields.insert(2, hidden);
    });
    assert_eq!(hidden_again.commitment(), Err(DisclosureError::Order("bizStep".into())));
    let none_at_all = spoil(Vec::clear);
    assert_eq!(none_at_all.commitment(), Err(DisclosureError::Empty));
    let renamed = spoil(|fields| {
        let DisclosedField::Plain { value, .. } = fields[1].clone() else { panic!("{fields:?}") };
        fields[1] = DisclosedField::Hidden {
            name: "bizStep".into(),
            digest: hash::sha256(value.as_bytes()),
        };
    });
    assert_ne!(renamed.commitment(), shown.commitment());
    let descending = spoil(|fields| list(fields).1.reverse());
    assert!(matches!(descending.commitment(), Err(DisclosureError::Elements(_))));
    let fewer = spoil(|fields| *list(fields).0 = 2);
    assert!(matches!(fewer.commitment(), Err(DisclosureError::Elements(_))));
    let none = spoil(|fields| list(fields).1.clear());
    assert!(matches!(none.commitment(), Err(DisclosureError::Elements(_))));
    let other_root = spoil(|fields| list(fields).1[0].path[0] = Hash::EMPTY);
    assert!(matches!(other_root.commitment(), Err(DisclosureError::Path { .. })));
    let kind = spoil(|fields| {
        fields[2] =
            DisclosedField::Plain { name: "childEPCs".into(), salt: [0; 16], value: "[]".into() };
    });
    assert!(matches!(kind.commitment(), Err(DisclosureError::Kind(_))));
    let value = spoil(|fields| {
        fields[0] =
            DisclosedField::Plain { name: "action".into(), salt: [0; 16], value: "1 ".into() };
    });
    assert_eq!(value.to_object(), Err(DisclosureError::Value("action".into())));
    for wrong in [
        r#"[["a","AA"]]"#,
        r#"[["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]]"#,
        r#"[["a","AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]]"#,
        r#"[["a","AAAAAAAAAAAAAAAAAAAAAA",1]]"#,
        r#"[["a","1",[]]]"#,
        r#"[["a",1,[[0,"AAAAAAAAAAAAAAAAAAAAAA","1"]]]]"#,
        "[[]]",
        "{}",
        "1",
    ] {
        let json = json::parse(wrong.as_bytes(), &Limits::default()).unwrap();
        assert!(matches!(DisclosedRecord::from_json(&json), Err(ShapeError { .. })), "{wrong}");
    }
}
