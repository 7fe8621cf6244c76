//! What of a document's contexts is kept with each event.

use epcis::{Event, Submission};
use ledger::json::Json;
use ledger::record::Record;

use crate::facts::wrong;

/// A document with `context` and one event that has `more` in it.
fn document(context: &str, more: &str) -> String {
    format!(
        r#"{{"@context":{context},"type":"EPCISDocument","schemaVersion":"2.0","creationDate":"2026-11-20T00:00:00Z",
        "epcisBody":{{"eventList":[{{"type":"ObjectEvent","action":"OBSERVE","eventTime":"2026-11-20T08:15:00Z",
        "eventTimeZoneOffset":"+00:00","epcList":["urn:epc:id:sgtin:9521141.012345.1"]{more}}}]}}}}"#
    )
}

fn event(context: &str, more: &str) -> Event {
    let statements = Submission::parse(document(context, more).as_bytes()).statements;
    statements.into_iter().next().and_then(|one| one.event.ok()).expect("a valid event")
}

fn kept(context: &str, more: &str) -> Option<String> {
    event(context, more).json().get("@context").map(Json::canonical)
}

const STANDARD: &str = r#""https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld""#;

#[test]
fn an_event_keeps_the_prefixes_that_it_uses_and_the_addresses_of_other_contexts_in_their_order() {
    let prefixes = r#"{"maker":"https://ns.maker.example/","farm":"https://ns.farm.example/"}"#;
    for (context, more, expected) in [
        (STANDARD.to_owned(), "", None),
        (format!("[{STANDARD},{prefixes}]"), "", None),
        (
            format!("[{STANDARD},{prefixes}]"),
            r#","maker:x":1"#,
            Some(r#"{"maker":"https://ns.maker.example/"}"#),
        ),
        (
            format!(r#"[{STANDARD},"https://c.example/a",{prefixes},"https://c.example/b"]"#),
            r#","farm:x":{"later:y":1}"#,
            Some(
                r#"["https://c.example/a",{"farm":"https://ns.farm.example/"},"https://c.example/b"]"#,
            ),
        ),
        (
            format!(r#"["https://c.example/a",{STANDARD}]"#),
            r#","@context":["https://c.example/b",{"maker":"https://other.example/"}],"maker:x":1"#,
            Some(
                r#"["https://c.example/a","https://c.example/b",{"maker":"https://other.example/"}]"#,
            ),
        ),
        // Of two definitions the later one holds, and the order shows it.
        (
            format!(r#"[{prefixes},"https://c.example/a"]"#),
            r#","@context":{"maker":"https://other.example/"},"maker:x":1"#,
            Some(r#"["https://c.example/a",{"maker":"https://other.example/"}]"#),
        ),
    ] {
        assert_eq!(kept(&context, more).as_deref(), expected, "{context} {more}");
        let event = event(&context, more);
        let again =
            Event::from_json(event.json().clone()).expect("an event can leave its document");
        assert_eq!(again, event);
        assert_eq!(Event::of_record(event.json().clone()), Some(again));
        let record = Record::from_json(event.json().clone()).expect("a record of the event");
        assert_eq!(record.json(), event.json());
    }
}

#[test]
fn a_prefix_that_nobody_declares_is_refused_unless_a_context_that_is_not_read_here_may_declare_it()
{
    for more in [
        r#","later:x":1"#,
        r#","bizStep":"later:polishing""#,
        r#","readPoint":{"id":"later:gate"}"#,
        r#","@context":{"maker":"https://ns.maker.example/"},"maker:x":{"later:y":1}"#,
    ] {
        let found = wrong(&document(STANDARD, more));
        assert_eq!(found.len(), 1, "{more}: {found:?}");
        assert_eq!(found[0].problem, "has a prefix that no context declares");
        assert!(
            found[0].expected.starts_with("`later` with its namespace in @context"),
            "{found:?}"
        );
        let address = format!(r#"[{STANDARD},"https://contexts.maker.example/all.jsonld"]"#);
        assert_eq!(wrong(&document(&address, more)), [], "{more}");
    }
    // A context that is not read here cannot make a word of the standard out of another.
    let other =
        event(r#""https://contexts.maker.example/all.jsonld""#, r#","bizStep":"later:shipping""#);
    assert_eq!(other.biz_step().as_deref(), Some("later:shipping"));
}

#[test]
fn what_is_copied_to_each_event_of_a_document_is_bounded() {
    let address = |bytes: usize| format!("https://c.example/{}", "x".repeat(bytes - 18));
    let many = |count: usize, bytes: usize| {
        let list: Vec<String> =
            (0..count).map(|number| format!("\"{}{number:03}\"", address(bytes - 3))).collect();
        format!("[{}]", list.join(","))
    };
    let namespace = |bytes: usize| format!(r#"{{"maker":"{}"}}"#, address(bytes - 5));
    for (context, is_taken) in [
        (format!("\"{}\"", address(256)), true),
        (format!("\"{}\"", address(257)), false),
        (namespace(256), true),
        (namespace(257), false),
        (many(16, 256), true),
        (many(17, 256), false),
    ] {
        let found = wrong(&document(&context, ""));
        assert_eq!(found.is_empty(), is_taken, "{} bytes: {found:?}", context.len());
        assert!(found.iter().all(|one| one.problem == "too large a context"), "{found:?}");
    }
    let prefixes: Vec<String> =
        (0..100_000).map(|number| format!(r#""p{number}":"https://ns.example/""#)).collect();
    let found = wrong(&document(&format!("{{{}}}", prefixes.join(",")), ""));
    assert_eq!(found.len(), 100, "the first hundred violations");
}

#[test]
fn an_event_that_was_recorded_under_older_rules_is_read_as_it_is() {
    let old = r#"{"type":"ObjectEvent","action":"OBSERVE","eventTime":"2026-11-20 08:15:00Z","eventTimeZoneOffset":"+00:00",
        "epcList":["urn:epc:id:sgtin:9521141.012345.1","urn:epc:id:sgtin:9521141.012345.1"],"bizStep":"urn:epcglobal:cbv:bizstep:holding",
        "quantityList":[{"epcClass":"urn:x:y","uom":"KGM"}],"bare":1,"undeclared:x":2,"ilmd":{"lot":"L1"},
        "@context":{"maker":"https://ns.maker.example/"},"maker:y":3}"#;
    let json = crate::document::json(old);
    assert!(Event::from_json(json.clone()).is_err(), "it would not be captured today");
    let event = Event::of_record(json.clone()).expect("it is read");
    assert_eq!(event.json(), &json);
    assert_eq!(event.biz_step().as_deref(), Some("https://ref.gs1.org/cbv/BizStep-holding"));
    assert_eq!(event.context().namespace("maker"), Some("https://ns.maker.example/"));
    for broken in [
        "{}",
        "7",
        r#"{"type":"ObjectEvent"}"#,
        r#"{"type":"X","eventTime":"2026-11-20T08:15:00Z"}"#,
    ] {
        assert_eq!(Event::of_record(crate::document::json(broken)), None, "{broken}");
    }
}

#[test]
fn a_document_that_is_only_looked_at_is_not_checked() {
    let text = document(
        r#"["https://ref.gs1.org/standards/epcis/epcis-context.jsonld",{"maker":"https://ns.maker.example/"}]"#,
        r#","bizStep":"urn:epcglobal:cbv:bizstep:shipping","remark":1,"maker:x":1"#,
    );
    assert!(!wrong(&text).is_empty());
    let document =
        epcis::Document::unchecked(crate::document::json(&text)).expect("it has an event");
    let [event] = document.events() else { panic!("one event") };
    assert_eq!(
        event.json().get("@context").map(Json::canonical).as_deref(),
        Some(r#"{"maker":"https://ns.maker.example/"}"#)
    );
    for nothing in [
        "7",
        "{}",
        r#"{"type":"EPCISDocument"}"#,
        r#"{"type":"EPCISDocument","epcisBody":{"eventList":[]}}"#,
    ] {
        assert_eq!(epcis::Document::unchecked(crate::document::json(nothing)), None, "{nothing}");
    }
}
