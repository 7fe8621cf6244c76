//! Answers in XML of both versions, and identifiers and words in the spelling that is asked for.

use epcis::hash::{Dialect, event_hash};
use epcis::xml::{Limits, parse};
use epcis::{Document, Event};
use ledger::json::Json;

use super::*;

const ALL: &str = include_str!("../../../../crates/epcis/tests/xml/all-2.0.xml");
/// A shipment as a partner under the DSCSA states it.
const DSCSA: &str = include_str!("../../../../crates/epcis/tests/xml/dscsa-1.2.xml");

const XML: (&str, &str) = ("Accept", "application/xml");

/// The events of a document in XML, as they are captured.
fn captured(text: &str) -> Vec<Event> {
    let found = parse(text.as_bytes(), &Limits::default()).expect("it is converted");
    let document = Document::parse(found.json.canonical().as_bytes()).expect("it is valid");
    document.events().to_vec()
}

/// A scene whose ledger has the journey and these events.
async fn scene_with(name: &str, events: &[Event]) -> Scene {
    let scene = partner_scene(name).await;
    let drafts: Vec<EventDraft> = events
        .iter()
        .map(|event| {
            let draft = EventDraft::stated(event.json().clone());
            let by = [("name", "Factory"), ("pgln", "urn:epc:id:pgln:4012345.00000")];
            let by = by.map(|(name, value)| (name, Json::from(value)));
            draft.with("chopmark:by", ledger::json::object(by))
        })
        .collect();
    scene.site.append(&drafts, "2026-11-22T04:00:00Z").await;
    project(&scene).await;
    scene
}

async fn get_with(scene: &Scene, path: &str, headers: &[(&str, &str)]) -> Answer {
    let headers: Vec<_> = [FACTORY_KEY].into_iter().chain(headers.iter().copied()).collect();
    ask(&scene.state, Audience::Public, &Method::GET, path, &headers).await
}

/// An answer in XML in its JSON form, and its events.
fn read(answer: &Answer) -> (Json, Vec<Event>) {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let found = parse(answer.body.as_bytes(), &Limits::default());
    let json = found.unwrap_or_else(|found| panic!("{found:?}\n{}", answer.body)).json;
    let document = Document::unchecked(json.clone()).expect("a document");
    (json, document.events().to_vec())
}

/// The event without what an answer sets, and without what a version cannot say.
fn plain(event: &Event, without: &[&str]) -> String {
    let mut json = event.json().clone();
    for name in ["recordTime", "@context"].iter().chain(without) {
        json.remove(name);
    }
    json.canonical()
}

fn hashes(event: &Event) -> Vec<String> {
    Dialect::ALL.iter().map(|dialect| event_hash(event, *dialect).expect("a hash")).collect()
}

/// What an answer has beside the standard's members.
fn beside(json: &Json) -> String {
    let members = json.as_object().expect("an object").iter();
    let own = members.filter(|(name, _)| name.starts_with("chopmark:")).cloned();
    ledger::json::object(own).canonical()
}

#[actix_web::test]
async fn what_was_captured_as_xml_comes_back_as_xml_with_equal_events_and_the_evidence_of_json() {
    let event = captured(ALL).remove(0);
    let scene = scene_with("xml_back", std::slice::from_ref(&event)).await;
    let id = event.event_id().unwrap();
    let name = r#"{"name":"mine","query":{"EQ_eventID":["THIS"]}}"#.replace("THIS", id);
    let stored = stored::post(&scene, FACTORY_KEY, "/queries", &name).await;
    assert_eq!(stored.status, 201, "{}", stored.body);
    for path in [
        format!("/events/{id}"),
        format!("/events?EQ_eventID={id}"),
        format!("/eventTypes/ObjectEvent/events?EQ_eventID={id}"),
        "/queries/mine/events".to_owned(),
    ] {
        let answer = get_with(&scene, &path, &[XML]).await;
        assert_eq!(answer.header("content-type"), "application/xml; charset=utf-8", "{path}");
        assert_eq!(answer.header("gs1-epcis-version"), "2.0.0");
        assert_eq!(answer.header("chopmark-left-out"), "");
        assert_eq!(answer.header("chopmark-hidden-events"), "0");
        let (json, events) = read(&answer);
        assert_eq!(events.len(), 1, "{path}: {}", answer.body);
        assert_eq!(plain(&events[0], &[]), plain(&event, &[]), "{path}: {}", answer.body);
        assert_eq!(hashes(&events[0]), hashes(&event), "{path}");
        let other = get_with(&scene, &path, &[]).await;
        let other = ledger::json::parse(other.body.as_bytes(), &ledger::json::Limits::default());
        assert_eq!(beside(&json), beside(&other.unwrap()), "{path}");
        assert!(beside(&json).contains("chopmark:leafHash"), "{path}");
    }
    let all = get_with(&scene, "/events?perPage=5", &[("Accept", "text/xml")]).await;
    assert_eq!(all.header("content-type"), "text/xml; charset=utf-8");
    assert_eq!(read(&all).1.len(), 5);
    assert!(next_of(&all).is_some());
}

#[actix_web::test]
async fn version_1_2_is_given_to_whoever_asks_for_it_and_what_it_cannot_say_is_named() {
    let mut events = captured(DSCSA);
    events.extend(captured(ALL));
    let scene = scene_with("xml_old", &events).await;
    let id = events[0].event_id().unwrap();
    for header in [("GS1-EPCIS-Version", "1.2"), ("GS1-EPCIS-Max", "1.2.0")] {
        let answer = get_with(&scene, &format!("/events/{id}"), &[XML, header]).await;
        let (json, found) = read(&answer);
        assert_eq!(answer.header("gs1-epcis-version"), "1.2.0");
        assert_eq!(answer.header("chopmark-left-out"), "");
        assert!(answer.body.contains("schemaVersion=\"1.2\""), "{}", answer.body);
        assert!(answer.body.contains("urn:epcglobal:epcis-query:xsd:1"), "{}", answer.body);
        assert_eq!(plain(&found[0], &[]), plain(&events[0], &[]), "{}", answer.body);
        assert_eq!(hashes(&found[0]), hashes(&events[0]));
        assert!(answer.body.contains("gs1ushc:dscsaSaleToWholesaler"), "{}", answer.body);
        assert!(beside(&json).contains("chopmark:leafHash"));
    }
    // Without XML there is no 1.2, and without a version XML is 2.0.
    let json = ("Accept", "application/json");
    let refused = get_with(&scene, "/events", &[json, ("GS1-EPCIS-Version", "1.2")]).await;
    assert_eq!(refused.status, 406, "{}", refused.body);
    assert!(refused.body.contains("GS1-EPCIS-Version: got `1.2`"), "{}", refused.body);
    let any = get_with(&scene, &format!("/events/{id}"), &[("GS1-EPCIS-Max", "1.2")]).await;
    assert_eq!(any.header("gs1-epcis-version"), "1.2.0");
    // What is new in 2.0.
    let late = events.last().unwrap();
    let path = format!("/events/{}", late.event_id().unwrap());
    let answer = get_with(&scene, &path, &[XML, ("GS1-EPCIS-Version", "1.2")]).await;
    let names = ["certificationInfo", "persistentDisposition", "sensorElementList"];
    assert_eq!(
        answer.header("chopmark-left-out"),
        names.map(|name| format!("{name}=1")).join(", ")
    );
    let (json, found) = read(&answer);
    assert_eq!(plain(&found[0], &[]), plain(late, &names));
    let named = json.get("chopmark:leftOut").unwrap().as_array().unwrap();
    let place = "/epcisBody/queryResults/resultsBody/eventList/0/certificationInfo: ";
    assert!(named[0].as_str().unwrap().starts_with(place), "{named:?}");
    assert_eq!(named.len(), 3);
}

#[actix_web::test]
async fn identifiers_come_in_the_format_that_is_asked_for_or_the_page_is_refused() {
    let unknown = r#"{"type":"ObjectEvent","eventTime":"2026-11-20T00:00:00Z","eventTimeZoneOffset":"+00:00",
        "action":"OBSERVE","eventID":"urn:uuid:20000000-0000-4000-8000-000000000001",
        "epcList":["https://id.gs1.org/01/09506000134352/21/77"]}"#;
    let link = Document::parse(unknown.as_bytes()).unwrap().events()[0].clone();
    let scene = scene_with("xml_format", std::slice::from_ref(&link)).await;
    let (to_link, to_urn) =
        (("GS1-EPC-Format", "Always_GS1_Digital_Link"), ("GS1-EPC-Format", "Always_EPC_URN"));
    let path = "/events?EQ_bizStep=commissioning%7Cpacking%7Cshipping";
    let recorded = get_with(&scene, path, &[]).await;
    assert_eq!(recorded.header("gs1-epc-format"), "Never_Translates");
    assert!(recorded.body.contains("urn:epc:id:sgtin:4012345.011111.9876"));
    let linked = get_with(&scene, path, &[to_link]).await;
    assert_eq!(linked.header("gs1-epc-format"), "Always_GS1_Digital_Link");
    assert_eq!(linked.json()["chopmark:identifiers"], "Always_GS1_Digital_Link");
    assert_eq!(events_of(&linked).len(), events_of(&recorded).len());
    for event in events_of(&linked) {
        let text = event["epcList"].to_string() + &event["childEPCs"].to_string();
        assert!(!text.contains("urn:epc:id"), "{text}");
        assert!(text.contains("https://id.gs1.org/"), "{text}");
    }
    let (_, in_xml) = read(&get_with(&scene, path, &[to_link, XML]).await);
    for (one, other) in in_xml.iter().zip(events_of(&recorded)) {
        let other = Document::unchecked(
            ledger::json::parse(other.to_string().as_bytes(), &ledger::json::Limits::default())
                .unwrap(),
        );
        assert_eq!(hashes(one), hashes(&other.unwrap().events()[0]));
    }
    // The evidence is that of the record, and so are its links.
    assert_eq!(linked.json()["chopmark:evidence"], recorded.json()["chopmark:evidence"]);
    // The directory knows the prefix 4012345, and not 9506000.
    let own = get_with(&scene, "/events?EQ_bizStep=commissioning", &[to_urn]).await;
    assert_eq!(events_of(&own)[0]["epcList"][0], "urn:epc:id:sgtin:4012345.011111.9876");
    let path = format!("/events/{}", link.event_id().unwrap());
    let refused = get_with(&scene, &path, &[to_urn]).await;
    assert_eq!(refused.status, 406, "{}", refused.body);
    for part in [
        "GS1-EPC-Format: got `Always_EPC_URN`, expected Never_Translates: 1 identifiers",
        "`https://id.gs1.org/01/09506000134352/21/77` in /epcList/0",
        "the length of its company prefix is not known",
    ] {
        assert!(refused.body.contains(part), "{part}: {}", refused.body);
    }
    assert_eq!(get_with(&scene, &path, &[to_link]).await.status, 200);
}

#[actix_web::test]
async fn words_in_xml_are_spelled_as_it_is_asked_for() {
    let scene = partner_scene("xml_words").await;
    let (urn, web) =
        ("urn:epcglobal:cbv:bizstep:shipping", "https://ref.gs1.org/cbv/BizStep-shipping");
    for (format, has_urn, has_web) in [
        ("Always_URN", true, false),
        ("Always_Web_URI", false, true),
        // One was recorded as an address, the other as a bare word.
        ("Never_Translates", true, true),
        ("No_Preference", true, true),
    ] {
        let headers = [XML, ("GS1-CBV-XML-Format", format)];
        let answer = get_with(&scene, "/bizSteps/shipping/events", &headers).await;
        let events = read(&answer).1;
        assert_eq!(events.len(), 2);
        let found = (answer.body.contains(urn), answer.body.contains(web));
        assert_eq!(found, (has_urn, has_web), "{format}: {}", answer.body);
        assert!(events.iter().all(|event| event.biz_step().as_deref() == Some(web)));
    }
}

#[actix_web::test]
async fn problems_are_xml_for_whoever_prefers_it_and_what_is_not_offered_is_said() {
    let scene = partner_scene("xml_problems").await;
    for (path, headers, status, kind) in [
        ("/events?EQ_nothing=x", vec![AUDITOR, XML], 400, "QueryParameterException"),
        ("/events/urn:uuid:none", vec![AUDITOR, XML], 404, "NoSuchResourceException"),
        ("/epcs", vec![AUDITOR, XML], 406, "NotAcceptableException"),
        ("/events", vec![XML], 401, "SecurityException"),
    ] {
        let answer = ask(&scene.state, Audience::Public, &Method::GET, path, &headers).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        assert_eq!(answer.header("content-type"), "application/problem+xml", "{path}");
        let part = format!("<type>epcisException:{kind}</type>");
        assert!(answer.body.contains(&part), "{path}: {}", answer.body);
    }
    let both = ("Accept", "application/xml;q=0.5, application/json");
    let answer = get_with(&scene, "/events/urn:uuid:none", &[both]).await;
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let refused = get_with(&scene, "/events", &[("Accept", "text/csv")]).await;
    assert_eq!(refused.status, 406);
    for offered in ["application/json", "application/ld+json", "application/xml", "text/xml"] {
        assert!(refused.body.contains(offered), "{offered}: {}", refused.body);
    }
}

#[actix_web::test]
async fn names_have_no_form_in_xml_and_whoever_asks_for_one_is_told_what_there_is() {
    let scene = partner_scene("xml_names").await;
    for path in ["/", "/eventTypes", "/epcs", "/bizSteps", "/eventTypes/ObjectEvent", "/queries"] {
        for only in ["application/xml", "text/xml"] {
            let answer = get_with(&scene, path, &[("Accept", only)]).await;
            assert_eq!(answer.status, 406, "{path}: {}", answer.body);
            assert!(answer.body.contains("application/json"), "{path}: {}", answer.body);
        }
        let either = "application/xml, application/json;q=0.5";
        let answer = get_with(&scene, path, &[("Accept", either)]).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("content-type")),
            (200, "application/json")
        );
    }
    // A browser takes XML as well, and gets the page.
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let page = get_with(&scene, "/", &[("Accept", browser)]).await;
    assert!(page.header("content-type").starts_with("text/html"), "{}", page.body);
}
