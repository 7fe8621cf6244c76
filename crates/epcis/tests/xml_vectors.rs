//! XML documents that others wrote: their hashes, and their twins in JSON.
//!
//! The way through: the documents are in the folder of foreign data; without it these tests announce that they were
//! skipped. `xml.rs` has documents of our own for every rule.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail at that line")]

#[path = "xml_vectors/every_file.rs"]
mod every_file;
#[path = "xml/same.rs"]
mod same;

use std::path::{Path, PathBuf};

use epcis::hash::{Dialect, pre_hash};
use epcis::xml::{Limits, parse};
use epcis::{Document, Event, Submission};
use ledger::json;

fn folder(name: &str) -> Option<PathBuf> {
    foreign::folder(
        name,
        "more than 90 XML documents of others, their hashes and their twins in JSON",
    )
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut all = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|found| found == ending) {
                all.push(path);
            }
        }
    }
    all.sort();
    all
}

/// The events of a document in either syntax; they need not be what capture takes.
fn events(path: &Path, bytes: &[u8]) -> Vec<Event> {
    let is_xml = path.extension().is_some_and(|ending| ending == "xml");
    let json = if is_xml {
        parse(bytes, &Limits::default())
            .map(|found| found.json)
            .map_err(|found| format!("{found:?}"))
    } else {
        json::parse(bytes, &json::Limits::default()).map_err(|error| error.to_string())
    };
    let json = json.unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    let document = Document::unchecked(json);
    document.map(|document| document.events().to_vec()).unwrap_or_default()
}

/// The texts that are hashed, sorted.
fn texts(path: &Path, dialect: Dialect) -> Vec<String> {
    let events = events(path, &std::fs::read(path).unwrap());
    let mut texts: Vec<String> =
        events.into_iter().map(|event| pre_hash(&event, dialect).unwrap()).collect();
    texts.sort();
    texts
}

/// XML documents whose expected text differs, and why.
const DIFFERENT: &[(&str, &str)] = &[
    ("epcisXmlDocHavingEventWithIgnoreFields", "made with that tool's option to omit fields"),
    (
        "epcisXmlQueryDocHavingEventWithIgnoreFields",
        "made with that option; its body is incomplete",
    ),
];

#[test]
fn xml_documents_of_the_reference_implementation_have_their_expected_texts() {
    let Some(folder) = folder("epcis-event-hash-2025/tests/examples") else { return };
    let mut compared = 0;
    for path in files(&folder, "xml") {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if DIFFERENT.iter().any(|(other, _)| *other == name) {
            continue;
        }
        let expected = std::fs::read_to_string(path.with_extension("prehashes")).unwrap();
        // Words of a draft vocabulary become words of somebody's own, on both sides. XML has the namespace of master data
        // without the colon that it has in JSON: one meaning, one text. The reference implementation expands the prefix
        // of a value in JSON only; its rule says in both.
        let own = "https://voc.example/";
        let expected = expected
            .replace("https://gs1.org/voc/MT-", &format!("{own}MT-"))
            .replace("https://gs1.org/voc/AT-", &format!("{own}AT-"))
            .replace("{urn:epcglobal:cbv:mda}", "{urn:epcglobal:cbv:mda:}")
            .replace("=example:", "=https://ns.example.com/epcis/")
            // A float there has lost the last digits.
            .replace("111100001111000003641344", "111100001111000011110000");
        let xml = std::fs::read_to_string(&path).unwrap();
        let xml = xml
            .replace("\"gs1:MT-", &format!("\"{own}MT-"))
            .replace("\"gs1:AT-", &format!("\"{own}AT-"));
        let mut wanted: Vec<&str> = expected.lines().collect();
        let mut found: Vec<String> = events(&path, xml.as_bytes())
            .into_iter()
            .map(|event| pre_hash(&event, Dialect::Cbv20_2025).unwrap())
            .collect();
        wanted.sort_unstable();
        found.sort();
        assert_eq!(found.len(), wanted.len(), "{name}");
        for (found, wanted) in found.iter().zip(wanted) {
            assert_eq!(found, wanted, "{name}");
        }
        compared += found.len();
    }
    assert!(compared >= 40, "only {compared} events were compared");
}

#[test]
fn xml_events_that_should_be_equal_have_one_hash() {
    let Some(root) = folder("epcis-event-hash-2025/tests/expected_equal") else { return };
    let mut compared = 0;
    for path in files(&root, "xml") {
        for dialect in Dialect::ALL {
            let texts = texts(&path, dialect);
            let is_valid = texts.iter().all(|text| text.starts_with("eventType="));
            // The words of a draft vocabulary in one document are no longer valid.
            assert!(is_valid || path.ends_with("numberPrecision.xml"), "{texts:?}");
            if is_valid {
                // Each of these documents has equal events only, or pairs of them.
                let mut distinct = texts.clone();
                distinct.dedup();
                assert!(distinct.len() * 2 <= texts.len(), "{}: {distinct:#?}", path.display());
                compared += texts.len();
            }
        }
    }
    assert!(compared > 30, "only {compared} events were compared");
    let Some(gs1) = folder("gs1-EPCIS/XML/WithEventHashID") else { return };
    // The second has another eventTimeZoneOffset, which is hashed as it is.
    let same = files(&gs1, "xml")
        .into_iter()
        .filter(|path| !path.ends_with("event_with_identical_hash_id_2.xml"));
    let mut all: Vec<Vec<String>> = same.map(|path| texts(&path, Dialect::default())).collect();
    assert_eq!(all.len(), 5);
    all.dedup();
    assert_eq!(all.len(), 1, "{all:#?}");
}

/// Pairs whose two documents do not say the same, and what differs.
const NOT_TWINS: &[(&str, &str)] = &[
    ("Documents/TransformationEvent_all_possible_fields.xml", "another namespace of master data"),
    ("Events/TransactionEvent.xml", "the XML has an empty element more"),
    ("Query/queryDocument.xml", "another host, and a key whose check digit is wrong"),
    ("ErrorDeclarationAndCorrectiveEvent.xml", "the XML has no quantities"),
    ("aggregation_event_all_possible_fields.xml", "another component"),
    ("association_event_all_possible_fields.xml", "one object of an extension less"),
    ("object_event_all_possible_fields.xml", "another action"),
    ("transaction_event_all_possible_fields.xml", "one object of an extension less"),
    ("WithFullCombinationOfFields/transformation_event_all_possible_fields.xml", "as before"),
];

#[test]
fn xml_documents_hash_as_their_twins_in_json_in_every_dialect() {
    let mut pairs = 0;
    for name in ["openepcis-test-resources/core/src/main/resources/2.0/EPCIS", "gs1-EPCIS"] {
        let Some(root) = folder(name) else { return };
        for xml in files(&root.join("XML"), "xml") {
            let relative = xml.strip_prefix(root.join("XML")).unwrap();
            let path = root.join("JSON").join(relative);
            let twins = ["json", "jsonld"].map(|ending| path.with_extension(ending));
            let Some(twin) = twins.into_iter().find(|twin| twin.exists()) else { continue };
            let shown = xml.display().to_string();
            let skipped = ["/Invalid/", "/Queries/"].iter().any(|part| shown.contains(part))
                || NOT_TWINS.iter().any(|(other, _)| shown.ends_with(other));
            if skipped {
                continue;
            }
            for dialect in Dialect::ALL {
                let (one, other) = (texts(&xml, dialect), texts(&twin, dialect));
                // What is wrong with an invalid event names its place, which differs.
                let are_invalid = one.iter().all(|text| !text.starts_with("eventType="));
                assert!(one == other || are_invalid && one.len() == other.len(), "{shown}");
            }
            pairs += 1;
        }
    }
    assert!(pairs >= 40, "only {pairs} pairs were compared");
}

/// Documents of events that are not converted, and why.
const NOT_EVENTS: [&str; 3] = ["EPCISMasterDataDocument", "EPCISCaptureJob", "Poll"];

#[test]
fn every_xml_document_of_others_is_converted_or_is_no_document_of_events() {
    let mut converted = 0;
    for name in ["gs1-EPCIS/XML", "gs1-EPCIS/XSL", "openepcis-test-resources"] {
        let Some(root) = folder(name) else { return };
        for path in files(&root, "xml") {
            match parse(&std::fs::read(&path).unwrap(), &Limits::default()) {
                Ok(found) => {
                    let submission = Submission::parse(found.json.canonical().as_bytes());
                    assert_eq!(found.event_lines.len(), submission.statements.len());
                    converted += 1;
                }
                Err(violations) => {
                    let value = &violations[0].value;
                    assert!(NOT_EVENTS.contains(&&**value), "{}: {violations:?}", path.display());
                }
            }
        }
    }
    assert!(converted > 90, "only {converted} documents were converted");
}
