//! JSON for scripts: one value, or one a line; what is JSON within it is no text.

use serde_json::{Value, json};

use crate::scene::{chopmark, chopmark_reading, golden, shell};

/// Every text in a value.
fn texts<'a>(value: &'a Value, into: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => into.push(text),
        Value::Array(items) => items.iter().for_each(|item| texts(item, into)),
        Value::Object(members) => members.values().for_each(|item| texts(item, into)),
        _ => {}
    }
}

/// Fails if a text in the value is itself an object, a list or a quoted text.
fn assert_not_encoded_twice(value: &Value) {
    let mut all = Vec::new();
    texts(value, &mut all);
    for text in all {
        let inner = serde_json::from_str::<Value>(text);
        let is_json =
            inner.is_ok_and(|inner| inner.is_string() || inner.is_object() || inner.is_array());
        assert!(!is_json, "{text:?}");
    }
}

#[test]
fn the_fields_of_a_record_are_the_json_of_the_event() {
    let (bundle, policy) = (golden("valid/item.bundle.json"), golden("policy.txt"));
    let ran = chopmark(&["verify", &bundle, "--policy", &policy, "--json"]);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((ran.status, &report["outcome"]), (0, &json!("proved")));
    let fields = &report["records"][0]["fields"];
    assert!(fields["eventTime"].as_str().unwrap().starts_with("20"), "{fields}");
    assert_not_encoded_twice(&report);
    assert_eq!(report["asked"], json!([]));
}

#[test]
fn a_bundle_and_a_policy_come_from_standard_input() {
    let (bundle, policy) = (golden("valid/item.bundle.json"), golden("policy.txt"));
    let bytes = std::fs::read(&bundle).unwrap();
    let ran = chopmark_reading(&["verify", "-", "--policy", &policy], &bytes);
    assert_eq!(ran.status, 0, "{}{}", ran.out, ran.err);
    let bytes = std::fs::read(&policy).unwrap();
    let ran = chopmark_reading(&["verify", &bundle, "--policy", "-"], &bytes);
    assert_eq!(ran.status, 0, "{}{}", ran.out, ran.err);
    let ran = chopmark_reading(&["verify", "-", "--policy", "-"], &bytes);
    assert_eq!((ran.status, &*ran.out), (2, ""));
    assert!(ran.err.contains("got `-` for 2 files"), "{}", ran.err);
    let ran = chopmark_reading(&["verify", "-", "--policy", &policy], b"");
    assert_eq!(ran.status, 2, "{}", ran.out);
    assert!(ran.out.starts_with("CANNOT TELL"), "{}", ran.out);
}

#[test]
fn a_reader_that_is_not_there_is_told_as_json() {
    let ran =
        chopmark(&["reader", "detect", "--json", "--ask", "/dev/no-such-port", "--lang", "en"]);
    let found: Value = serde_json::from_str(&ran.out).unwrap();
    let device = &found["devices"][0];
    assert_eq!(ran.status, 1, "{}", ran.err);
    assert_eq!(
        (&device["place"], &device["found"], &device["family"]),
        (&json!("/dev/no-such-port"), &json!(false), &Value::Null)
    );
    assert!(device["problem"].is_string(), "{found}");
    let ran = chopmark(&["reader", "detect", "--json"]);
    let found: Value = serde_json::from_str(&ran.out).unwrap();
    assert!(found["ports"].is_array() && found["configuration"] == "", "{found}");
}

#[test]
fn errors_repeat_what_was_typed() {
    let policy = golden("policy.txt");
    for (words, typed) in [
        (&["verfy", "x"][..], "'verfy'"),
        (&["verify", "/no/such file", "--policy", &policy], "/no/such file"),
        (&["verify", &policy, "--policy", "/no/policy"], "/no/policy"),
        (&["verify", &policy, "--policy", &policy, "--jsno"], "'--jsno'"),
        (&["keys", "show", "/no/key"], "/no/key"),
        (&["audit", "--policy", "/no/policy"], "/no/policy"),
        (&["event", "hash", "/no/event"], "/no/event"),
        (&["up", "--config", "/no/config"], "/no/config"),
        (&["directory", "verify", "/no/proof", "--policy", "/no/policy"], "/no/policy"),
        (&["finding", "text", "seven", "--reason", "x"], "'seven'"),
    ] {
        let ran = chopmark(words);
        assert_eq!((ran.status, &*ran.out), (2, ""), "{words:?}: {}", ran.err);
        assert!(ran.err.contains(typed), "{words:?}: {}", ran.err);
    }
}

#[test]
fn a_word_that_is_no_text_is_an_error_and_a_file_may_have_any_name() {
    let ran = shell("\"$chopmark\" $'v\\xff'");
    assert_eq!((ran.status, &*ran.out), (2, ""), "{}", ran.err);
    assert!(!ran.err.contains("panicked"), "{}", ran.err);
    let bundle = golden("valid/item.bundle.json");
    let line = format!(
        "cd \"$(mktemp -d)\" && cp {bundle} $'b\\xff' && \"$chopmark\" verify $'b\\xff' --policy {}; \
         status=$?; rm $'b\\xff'; exit $status",
        golden("policy.txt")
    );
    let ran = shell(&line);
    assert_eq!(ran.status, 0, "{}{}", ran.out, ran.err);
}
