//! The JSON parser against another one, against hostile input, and against itself.

use ledger::json::{self, Json, JsonError, Limits, object, parse};
use proptest::prelude::*;

fn read(text: &str) -> Result<Json, JsonError> {
    parse(text.as_bytes(), &Limits::default())
}

/// Values of every kind, members in any order, names distinct.
fn values() -> impl Strategy<Value = Json> {
    let number = prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        Just("-0".to_owned()),
        Just("4.50".to_owned()),
        Just("1e-7".to_owned()),
        Just("123456789012345678901234567890.0E+5".to_owned()),
    ];
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        number.prop_map(Json::Number),
        any::<String>().prop_map(Json::String),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..8).prop_map(Json::Array),
            proptest::collection::vec((any::<String>(), inner), 0..8).prop_map(object),
        ]
    })
}

/// Texts that are nearly JSON.
fn near_json() -> impl Strategy<Value = String> {
    let piece = proptest::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\\u",
        "d834",
        "\\udd1e",
        "a",
        "true",
        "fals",
        "null",
        "-",
        "0",
        "1",
        ".",
        "e",
        "+",
        " ",
        "\n",
        "\u{b}",
        "\u{e9}",
        "\u{1f600}",
        "\"a\":1",
        "\"a\"",
        "\u{0}",
    ]);
    proptest::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn the_canonical_text_is_read_back_and_is_canonical_again(value in values()) {
        let text = value.canonical();
        let again = read(&text).unwrap();
        prop_assert_eq!(again.canonical(), text.clone());
        // Another parser reads the same value.
        let other: serde_json::Value = serde_json::from_str(&text).unwrap();
        prop_assert!(same(&again, &other), "{}", text);
    }

    #[test]
    fn what_is_accepted_another_parser_accepts_with_the_same_value(text in near_json()) {
        if let Ok(value) = read(&text) {
            let other = serde_json::from_str::<serde_json::Value>(&text);
            prop_assert!(other.is_ok_and(|other| same(&value, &other)), "{}", text);
        } else if let Ok(other) = serde_json::from_str::<serde_json::Value>(&text) {
            // The other takes duplicate names; nothing else that we refuse.
            prop_assert!(matches!(read(&text), Err(JsonError::DuplicateMember { .. })), "{} {}", text, other);
        }
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes: Vec<u8>) {
        parse(&bytes, &Limits::default()).ok();
    }
}

/// Whether two parsers read the same; of numbers only that both read one.
fn same(ours: &Json, theirs: &serde_json::Value) -> bool {
    use serde_json::Value;
    match (ours, theirs) {
        (Json::Null, Value::Null) | (Json::Number(_), Value::Number(_)) => true,
        (Json::Bool(ours), Value::Bool(theirs)) => ours == theirs,
        (Json::String(ours), Value::String(theirs)) => ours == theirs,
        (Json::Array(ours), Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| same(a, b))
        }
        (Json::Object(ours), Value::Object(theirs)) => {
            ours.len() == theirs.len()
                && ours
                    .iter()
                    .all(|(name, value)| theirs.get(name).is_some_and(|other| same(value, other)))
        }
        _ => false,
    }
}

/// The example of RFC 8785 section 3.2.3, with its numbers as they are.
#[test]
fn members_are_sorted_by_utf_16_code_units() {
    let text = r#"{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}"#;
    let canonical = read(text).unwrap().canonical();
    let names: Vec<_> = ["\\r", "1", "\u{80}", "ö", "€", "😀", "\u{fb33}"]
        .iter()
        .map(|name| canonical.find(&format!("\"{name}\":")).unwrap())
        .collect();
    assert!(names.is_sorted(), "{canonical}");
}

#[test]
fn escapes_are_the_shortest_and_numbers_keep_their_digits() {
    let text = r#" { "b" : [ 1.50, -0, 1E+2 ], "a" : "\u0041\/\u001F\n\u2028\ud834\udd1e\"\\" } "#;
    let canonical = "{\"a\":\"A/\\u001f\\n\u{2028}\u{1d11e}\\\"\\\\\",\"b\":[1.50,-0,1E+2]}";
    assert_eq!(read(text).unwrap().canonical(), canonical);
}

#[test]
fn wrong_texts_are_refused_with_place_and_remedy() {
    for (text, what) in [
        ("", "byte 0: got the end, expected a value"),
        ("[1,]", "byte 3: got ']', expected a value"),
        ("{\"a\":1,}", "byte 7: got '}', expected a member's name"),
        ("[01]", "byte 2: got '1', expected `,` or `]`"),
        ("[1.]", "byte 3: got ']', expected a digit"),
        ("[+1]", "byte 1: got '+', expected a value"),
        ("\"a\nb\"", "byte 2: got '\\n', expected an escape for a control character"),
        ("\"\\ud800\"", "byte 7: got '\"', expected a whole surrogate pair"),
        ("\"\\udc00\"", "byte 7: got '\"', expected a whole surrogate pair"),
        ("\"\\ud800\\u0041\"", "byte 13: got '\"', expected a whole surrogate pair"),
        ("1 2", "byte 2: got '2', expected the end of the text"),
        ("\u{feff}1", "byte 0: got '\\u{feff}', expected a value"),
        ("NaN", "byte 0: got 'N', expected a value"),
        ("{\"a\":{\"b/c\":[{\"x\":1,\"x\":2}]}}", "got member /a/b~1c/0/x twice, expected it once"),
        ("{\"a\":1,\"\\u0061\":2}", "got member /a twice, expected it once"),
    ] {
        assert_eq!(read(text).unwrap_err().to_string(), what, "{text}");
    }
    assert_eq!(parse(b"\"\xff\"", &Limits::default()), Err(JsonError::NotUtf8(1)));
}

#[test]
fn bombs_are_refused_at_their_limits() {
    let nested = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
    assert!(parse(&nested(64), &Limits::default()).is_ok());
    assert!(matches!(parse(&nested(65), &Limits::default()), Err(JsonError::TooDeep { .. })));
    let bomb = vec![b'['; 10_000_000];
    assert!(matches!(parse(&bomb, &Limits::default()), Err(JsonError::TooDeep { .. })));
    let objects = "{\"a\":".repeat(100_000);
    assert!(matches!(read(&objects), Err(JsonError::TooDeep { .. })));
    let limits = Limits { max_bytes: 4, max_depth: 2 };
    assert_eq!(parse(b"[1,2]", &limits), Err(JsonError::TooLarge { bytes: 5, limit: 4 }));
}

#[test]
fn members_are_read_set_and_taken_out() {
    let mut value = json::object([("b", Json::from("x")), ("a", Json::from(1_u64))]);
    value.set("b", Json::from(true));
    value.set("c", Json::from(vec![Json::from(-1_i64), Json::Null]));
    assert_eq!(value.canonical(), r#"{"a":1,"b":true,"c":[-1,null]}"#);
    assert_eq!(value.remove("a"), Some(Json::from(1_u64)));
    *value.get_mut("c").unwrap() = Json::from(String::new());
    assert_eq!(value.get("c").and_then(Json::as_str), Some(""));
    assert_eq!(value.get("a"), None);
    assert_eq!(value.as_object().map(<[_]>::len), Some(2));
}

#[test]
fn a_name_as_long_as_the_text_is_not_told_whole() {
    let name = "n".repeat(100_000);
    let error = read(&format!("{{\"{name}\":1,\"{name}\":2}}")).unwrap_err().to_string();
    assert!(error.len() < 300 && error.contains("member …nnn"), "{error}");
}
