//! Documents: a valid one is kept as received, an invalid one is refused with field and accepted values.

use epcis::{Document, Event};
use ledger::json::Json;

/// A valid event, into which each test puts one mistake.
const VALID: &str = r#"{
  "type": "ObjectEvent", "eventTime": "2026-11-20T08:15:00.125+08:00", "eventTimeZoneOffset": "+08:00",
  "epcList": ["urn:epc:id:sgtin:0614141.107346.2017"], "action": "OBSERVE", "bizStep": "receiving",
  "disposition": "in_progress", "readPoint": {"id": "urn:epc:id:sgln:0614141.07346.1234"},
  "quantityList": [{"epcClass": "urn:epc:class:lgtin:4012345.012345.998877", "quantity": 8.0, "uom": "KGM"}]
}"#;

fn with_mistake(from: &str, to: &str) -> Vec<epcis::Violation> {
    assert!(VALID.contains(from), "{from}");
    Document::parse(VALID.replacen(from, to, 1).as_bytes()).expect_err(to)
}

#[test]
fn a_valid_event_keeps_every_digit() {
    let document = Document::parse(VALID.as_bytes()).expect("the event is valid");
    let event = &document.events()[0];
    assert!(event.json().canonical().contains("\"quantity\":8.0"));
    assert_eq!(event.event_time_text(), "2026-11-20T08:15:00.125+08:00");
    assert_eq!(event.biz_step().as_deref(), Some("https://ref.gs1.org/cbv/BizStep-receiving"));
    assert_eq!(event.quantity_list()[0].1.as_deref(), Some("8.0"));
    let again = Event::from_json(event.json().clone()).expect("the event is still valid");
    assert_eq!(&again, event);
}

#[test]
fn each_violation_names_its_place_and_what_was_expected() {
    for (from, to, pointer) in [
        ("ObjectEvent", "Happening", "/type"),
        ("2026-11-20T08:15:00.125+08:00", "yesterday", "/eventTime"),
        ("\"+08:00\",", "\"8\",", "/eventTimeZoneOffset"),
        ("OBSERVE", "LOOK", "/action"),
        ("sgtin:0614141.107346.2017", "sgtin:0614141.1073.2017", "/epcList/0"),
        ("\"epcList\"", "\"parentID\"", "/parentID"),
        ("\"bizStep\"", "\"bizstep\"", "/bizstep"),
        ("{\"id\": \"urn:epc:id:sgln:0614141.07346.1234\"}", "{}", "/readPoint/id"),
        ("8.0", "\"8\"", "/quantityList/0/quantity"),
        ("KGM", "kilograms", "/quantityList/0/uom"),
        ("998877", "99 88", "/quantityList/0/epcClass"),
    ] {
        let found = with_mistake(from, to);
        assert!(found.iter().any(|one| one.pointer == pointer), "{to}: {found:?}");
        assert!(found.iter().all(|one| !one.expected.is_empty() && !one.problem.is_empty()));
    }
}

#[test]
fn a_bare_word_that_is_not_in_the_vocabulary_is_refused_and_the_nearest_is_named() {
    let found = with_mistake("\"receiving\"", "\"comissioning\"");
    assert_eq!(found[0].pointer, "/bizStep");
    assert!(found[0].expected.contains("`commissioning`"), "{found:?}");
}

#[test]
fn all_violations_are_reported_not_only_the_first() {
    let text = r#"{"type":"ObjectEvent","action":"NO","eventTime":"x","eventTimeZoneOffset":"y"}"#;
    assert_eq!(Document::parse(text.as_bytes()).expect_err("invalid").len(), 4);
}

#[test]
fn a_context_cannot_redefine_a_term_of_the_standard() {
    for context in [
        r#"{"epcList":"https://evil.example/other"}"#,
        r#"{"gs1":"https://evil.example/voc/"}"#,
        r#"{"cbv":"https://evil.example/"}"#,
        r#"{"x":{"@id":"https://evil.example/"}}"#,
        "17",
    ] {
        let text = VALID.replacen('{', &format!("{{\"@context\":{context},"), 1);
        let found = Document::parse(text.as_bytes()).expect_err(context);
        assert!(found[0].pointer.starts_with("/@context"), "{context}: {found:?}");
    }
    let own = VALID.replacen('{', "{\"@context\":{\"x\":\"https://own.example/\"},\"x:y\":1,", 1);
    let document = Document::parse(own.as_bytes()).expect("a context may define a new prefix");
    let context = document.events()[0].json().get("@context").map(Json::canonical);
    assert_eq!(context.as_deref(), Some("{\"x\":\"https://own.example/\"}"));
}

#[test]
fn malformed_documents_are_refused_without_a_panic() {
    let deep = "[".repeat(100_000);
    for text in [
        "",
        "null",
        "[]",
        "{}",
        "{\"type\":\"EPCISDocument\"}",
        "{\"type\":1}",
        &deep,
        "\u{0}",
        "{\"a\":1,\"a\":2}",
    ] {
        assert!(Document::parse(text.as_bytes()).is_err());
    }
    let bytes = VALID.as_bytes();
    for cut in 0..bytes.len() {
        assert!(Document::parse(&bytes[..cut]).is_err(), "cut at {cut}");
    }
}

#[test]
fn a_document_is_read_event_by_event_and_each_refused_event_is_named_by_its_place() {
    let bad = VALID.replace("\"receiving\"", "\"recieving\"");
    let text = format!(
        r#"{{"@context":"https://ref.gs1.org/standards/epcis/epcis-context.jsonld","type":"EPCISDocument","schemaVersion":"2.0","creationDate":"2026-11-20T00:00:00Z",
        "epcisBody":{{"eventList":[{VALID},{bad},{VALID}]}}}}"#
    );
    let found = epcis::Submission::parse(text.as_bytes());
    assert_eq!(found.envelope, []);
    let valid: Vec<bool> = found.statements.iter().map(|one| one.event.is_ok()).collect();
    assert_eq!(valid, [true, false, true]);
    let violations = found.statements[1].event.as_ref().expect_err("refused");
    assert_eq!(violations[0].pointer, "/epcisBody/eventList/1/bizStep");
    assert!(Document::parse(text.as_bytes()).is_err(), "as a whole it is refused");

    let many = format!("{}{{}}", "{},".repeat(4999));
    let text = text.replace(&format!("{VALID},{bad},{VALID}"), &many);
    let found = epcis::Submission::parse(text.as_bytes());
    let kept: usize =
        found.statements.iter().map(|one| one.event.as_ref().map_or_else(Vec::len, |_| 0)).sum();
    assert_eq!(found.statements.len(), 5000);
    assert!((5000..=6100).contains(&kept), "{kept}");
    let broken = epcis::Submission::parse(b"{");
    assert!(!broken.envelope.is_empty() && broken.statements.is_empty());
}

#[test]
fn a_word_of_the_standard_cannot_hide_behind_a_prefix_of_the_document() {
    let text = VALID.replacen(
        '{',
        r#"{"@context":{"mine":"https://ref.gs1.org/cbv/","own":"https://voc.example/",
            "old":"urn:epcglobal:cbv:disp:"},"#,
        1,
    );
    for (word, accepted) in [
        ("own:Disp-recalled", true),
        ("https://voc.example/recalled", true),
        ("cbv:Disp-recalled", true),
        ("mine:Disp-recalled", false),
        ("old:recalled", false),
        ("urn:other:recalled", true),
        ("other:recalled", false),
        ("1:recalled", false),
    ] {
        let found = Document::parse(text.replace("in_progress", word).as_bytes());
        assert_eq!(found.is_ok(), accepted, "{word}: {found:?}");
    }
}

#[test]
fn an_outline_gives_the_same_envelope_events_and_violations_as_the_whole_document() {
    let bad = VALID.replace("\"receiving\"", "\"recieving\"");
    let head = r#""@context":["https://ref.gs1.org/standards/epcis/epcis-context.jsonld",{"x":"https://x.example/"}]"#;
    let more = r#""schemaVersion":"2.0","creationDate":"2026-11-20T00:00:00Z""#;
    let document = format!(
        r#"{{{head},"type":"EPCISDocument",{more},"epcisBody":{{"eventList":[{VALID} , {bad},7,{VALID}]}}}}"#
    );
    let query = format!(
        r#"{{"epcisBody":{{"queryResults":{{"queryName":"q","resultsBody":{{"eventList":[{VALID}]}}}}}},"type":"EPCISQueryDocument",{head}}}"#
    );
    let single = VALID.replacen('{', &format!("{{{head},"), 1);
    let mut texts = vec![document.clone(), query, single, VALID.to_owned()];
    texts.push(format!("\u{feff}{document}"));
    texts.push(document.replace("EPCISDocument", "EPCISQueryDocument"));
    texts.push(document.replace("EPCISDocument", "Other"));
    texts.push(document.replace("eventList", "events"));
    texts.push(document.replace("eventList", "event\\u004cist"));
    texts.push(document.replace(more, ""));
    texts.extend((0..document.len()).step_by(41).map(|cut| document[..cut].to_owned()));
    for text in texts {
        let whole = epcis::Submission::parse(text.as_bytes());
        let outline = epcis::Outline::read(text.as_bytes());
        assert_eq!(outline.envelope, whole.envelope, "{text}");
        let read = |place| outline.statement(text.as_bytes(), place);
        let statements: Vec<_> = (0..outline.len()).filter_map(read).collect();
        assert_eq!(statements, whole.statements, "{text}");
        assert!(read(outline.len()).is_none());
    }
}
