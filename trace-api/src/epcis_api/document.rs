//! Answers as JSON: the standard's query document with the evidence of each event, and collections of names.
//!
//! Each event is the one that was recorded, with `recordTime` set to when its ledger recorded it; nothing else is added to it, so its
//! event hash is the sender's. The evidence stands beside the standard's members, under our own prefix: for each event, in their
//! order, the ledger, the place in it and the leaf hash there, and where to get the proof.
//!
//! What holds: numbers keep the digits that they were recorded with; a document fits the ratified JSON schema, which a test
//! compares; what was left out is counted in it.
//!
//! Not here: which events these are ([`super::search`]).
//!
//! Sources: EPCIS 2.0 JSON schema (`EPCISQueryDocument`), REST binding (collections); docs/formats/record-v1.md.

use jiff::Timestamp;
use ledger::Hash;
use ledger::json::{Json, object};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::negotiation::EXTENSION;

/// The standard's context.
const CONTEXT: &str = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld";
/// What is escaped where an identifier stands in a path.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// An event to show, with where it stands.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The event as it was recorded.
    pub event: Json,
    /// Its `eventID`, or its event hash if it has none.
    pub event_id: String,
    /// Its place in the projection.
    pub position: u64,
    /// Origin of the ledger.
    pub ledger: String,
    /// Its place in the ledger.
    pub index: u64,
    /// The leaf hash at that place.
    pub leaf_hash: Hash,
    /// When it was recorded.
    pub record_time: Timestamp,
    /// The first thing that it names, whose bundle proves it.
    pub thing: Option<String>,
}

/// What stands in a query document besides events.
#[derive(Debug, Clone, Copy, Default)]
pub struct About<'a> {
    /// Name of the query.
    pub query_name: &'a str,
    /// The subscription whose message it is.
    pub subscription: Option<&'a str>,
    /// When the document is made.
    pub made_at: Timestamp,
    /// Events that match and that the reader may not see.
    pub hidden: u64,
    /// Records that do not fit their ledger and were left out.
    pub broken: u64,
    /// The projection's last place when the list was begun.
    pub head: u64,
    /// Base address of this server, without a slash at the end.
    pub base: &'a str,
    /// Master data of what the events name, where they were asked for.
    pub master_data: Option<&'a Json>,
}

/// An identifier as it stands in a path.
#[must_use]
pub fn escaped(text: &str) -> String {
    utf8_percent_encode(text, PATH).to_string()
}

/// A member of ours.
#[must_use]
pub fn own(name: &str) -> String {
    format!("{}:{name}", EXTENSION.0)
}

/// A number.
#[must_use]
pub fn number(number: u64) -> Json {
    Json::Number(number.to_string())
}

/// The context of an answer.
#[must_use]
pub fn context() -> Json {
    let (prefix, namespace) = EXTENSION;
    Json::Array(vec![Json::from(CONTEXT), object([(prefix, Json::from(namespace))])])
}

/// The query document.
#[must_use]
pub fn query_document(events: Vec<Shown>, about: &About<'_>) -> Json {
    let evidence: Vec<Json> = events.iter().map(|shown| evidence(shown, about.base)).collect();
    let events: Vec<Json> = events.into_iter().map(with_record_time).collect();
    let body = object([("eventList", Json::Array(events))]);
    let mut results = object([("queryName", Json::from(about.query_name))]);
    if let Some(subscription) = about.subscription {
        results.set("subscriptionID", Json::from(subscription));
    }
    results.set("resultsBody", body);
    let mut document = object([
        ("@context".to_owned(), context()),
        ("type".to_owned(), Json::from("EPCISQueryDocument")),
        ("schemaVersion".to_owned(), Json::from("2.0")),
        ("creationDate".to_owned(), Json::from(about.made_at.to_string().as_str())),
        ("epcisBody".to_owned(), object([("queryResults", results)])),
        (own("evidence"), Json::Array(evidence)),
        (own("hiddenEvents"), number(about.hidden)),
        (own("brokenRecords"), number(about.broken)),
        (own("projectedUpTo"), number(about.head)),
    ]);
    if let Some(master_data) = about.master_data {
        document.set(own("masterData"), master_data.clone());
    }
    document
}

fn with_record_time(shown: Shown) -> Json {
    let mut event = shown.event;
    event.set("recordTime", Json::from(shown.record_time.to_string().as_str()));
    event
}

/// Where an event stands, and where the proof of it is.
fn evidence(shown: &Shown, base: &str) -> Json {
    let text = |text: &str| Json::from(text);
    let mut members = vec![
        (own("eventID"), text(&shown.event_id)),
        (own("ledger"), text(&shown.ledger)),
        (own("index"), number(shown.index)),
        (own("leafHash"), text(&shown.leaf_hash.to_string())),
        (own("checkpoint"), text(&format!("{base}/ledgers/{}/checkpoint", escaped(&shown.ledger)))),
    ];
    if let Some(stated) = shown.event.get("recordTime").and_then(Json::as_str) {
        members.push((own("statedRecordTime"), text(stated)));
    }
    if let Some(thing) = &shown.thing {
        members.push((own("bundle"), text(&format!("{base}/items/{}/bundle", escaped(thing)))));
    }
    object(members)
}

/// A collection of names, as the lists of top-level resources are.
#[must_use]
pub fn collection(members: impl IntoIterator<Item = String>) -> Json {
    let members = members.into_iter().map(|member| Json::from(member.as_str()));
    object([
        ("@context", context()),
        ("type", Json::from("Collection")),
        ("member", Json::Array(members.collect())),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_shown_as_it_was_recorded_with_its_evidence_beside_it() {
        let text = br#"{"type":"ObjectEvent","eventTime":"2026-11-20T08:00:00.000+08:00","recordTime":"2026-11-20T00:00:00Z",
            "example:weight":4.50,"epcList":["urn:epc:id:sgtin:4012345.011111.9876"]}"#;
        let event = ledger::json::parse(text, &ledger::json::Limits::default()).unwrap();
        let shown = Shown {
            event,
            event_id: "urn:uuid:1".into(),
            position: 8,
            ledger: "factory.example/packing".into(),
            index: 7,
            leaf_hash: Hash([0xab; 32]),
            record_time: "2026-11-20T00:00:05.25Z".parse().unwrap(),
            thing: Some("urn:epc:id:sgtin:4012345.011111.9876".into()),
        };
        let about = About {
            query_name: "SimpleEventQuery",
            made_at: "2026-11-23T08:00:00Z".parse().unwrap(),
            hidden: 23,
            head: 40,
            base: "https://trace.example",
            ..About::default()
        };
        let document = query_document(vec![shown], &about);
        let list = document
            .get("epcisBody")
            .unwrap()
            .get("queryResults")
            .unwrap()
            .get("resultsBody")
            .unwrap();
        let event = &list.get("eventList").unwrap().as_array().unwrap()[0];
        assert_eq!(event.get("example:weight").unwrap().as_number(), Some("4.50"));
        assert_eq!(event.get("recordTime").unwrap().as_str(), Some("2026-11-20T00:00:05.25Z"));
        let evidence =
            document.get("chopmark:evidence").unwrap().as_array().unwrap()[0].canonical();
        for part in [
            "\"chopmark:eventID\":\"urn:uuid:1\"",
            "\"chopmark:ledger\":\"factory.example/packing\"",
            "\"chopmark:index\":7",
            "\"chopmark:leafHash\":\"abab",
            "\"chopmark:statedRecordTime\":\"2026-11-20T00:00:00Z\"",
            "\"chopmark:checkpoint\":\"https://trace.example/ledgers/factory.example%2Fpacking/checkpoint\"",
            "\"chopmark:bundle\":\"https://trace.example/items/urn%3Aepc%3Aid%3Asgtin%3A4012345.011111.9876/bundle\"",
        ] {
            assert!(evidence.contains(part), "{part}: {evidence}");
        }
        assert_eq!(document.get("chopmark:hiddenEvents").unwrap().as_number(), Some("23"));
    }
}
