//! Every file of others: a document of events comes back whole from XML, and what is refused is in a list with the reason.
//!
//! The way through: `refused.tsv` has the path of each file that capture refuses and why, in our own words; all other files must be
//! taken, and come back. `UPDATE_GOLDEN=1` writes the list anew, to be read by a person.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use epcis::Document;
use epcis::hash::{Dialect, pre_hash};
use epcis::xml::{Limits, Version, Words, parse, write};
use ledger::json::{self, Json};

use super::{files, folder, same};

const LIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/xml_vectors/refused.tsv");
/// Files in folders called `Invalid` that are taken, and why.
const TAKEN: &[(&str, &str)] = &[(
    "2.0/EPCIS/XML/Capture/Invalid/ObjectEvent_with_wrong_element_order.xml",
    "the order of elements is not checked: many senders have it wrong, and nothing depends on it (decision 0036)",
)];

/// What is around the events of a document.
fn frame(mut json: Json) -> String {
    // Prefixes belong to the events; the version is that of the JSON form.
    for name in ["@context", "schemaVersion"] {
        json.remove(name);
    }
    let list = json.get_mut("epcisBody").and_then(|body| {
        let is_query = body.get("queryResults").is_some();
        let body =
            if is_query { body.get_mut("queryResults")?.get_mut("resultsBody")? } else { body };
        body.get_mut("eventList")
    });
    if let Some(list) = list {
        *list = Json::Null;
    }
    json.canonical()
}

/// The document in its JSON form and as it was read, or why it is refused.
fn read(path: &Path) -> Result<(Json, Document), String> {
    let bytes = std::fs::read(path).unwrap();
    let is_xml = path.extension().is_some_and(|ending| ending == "xml");
    let first = |violations: Vec<epcis::Violation>| {
        let first = &violations[0];
        format!("{} {} (expected {})", first.pointer, first.problem, first.expected)
    };
    let json = if is_xml {
        parse(&bytes, &Limits::default()).map_err(first)?.json
    } else {
        json::parse(&bytes, &json::Limits::default()).map_err(|error| error.to_string())?
    };
    let document = Document::parse(json.canonical().as_bytes()).map_err(first)?;
    Ok((json, document))
}

fn is_xml(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|ending| ending == "xml")
}

/// Checks that a document comes back from XML in every spelling of its words.
fn assert_comes_back(shown: &str, first: &Json, document: &Document) {
    for words in [Words::Kept, Words::Urn, Words::Web] {
        let written = write(first, Version::V2_0, words).expect(shown);
        assert!(written.left_out.is_empty(), "{shown}: {:?}", written.left_out);
        let again = parse(written.text.as_bytes(), &Limits::default());
        let again = again.unwrap_or_else(|found| panic!("{shown}: {found:?}")).json;
        if is_xml(shown) && words == Words::Kept {
            assert_eq!(again.canonical(), first.canonical(), "{shown}");
        }
        assert_eq!(frame(again.clone()), frame(first.clone()), "{shown}");
        let after = Document::parse(again.canonical().as_bytes());
        let after = after.unwrap_or_else(|found| panic!("{shown}: {found:?}"));
        assert_eq!(document.events().len(), after.events().len(), "{shown}");
        for (one, other) in document.events().iter().zip(after.events()) {
            assert_eq!(same::canonical(one), same::canonical(other), "{shown}");
            for dialect in Dialect::ALL {
                let texts = [one, other].map(|event| pre_hash(event, dialect).unwrap());
                assert_eq!(texts[0], texts[1], "{shown}");
            }
        }
    }
    // 1.2 cannot say all; what it says can be read.
    let Some(old) = write(first, Version::V1_2, Words::Urn) else {
        assert_eq!(first.get("type").and_then(Json::as_str), Some("AssociationEvent"), "{shown}");
        return;
    };
    let again = parse(old.text.as_bytes(), &Limits::default());
    let again = again.unwrap_or_else(|found| panic!("{shown}: {found:?}\n{}", old.text));
    let is_document = first.get("epcisBody").is_some();
    assert_eq!(again.version, if is_document { "1.2" } else { "" }, "{shown}");
    if old.left_out.is_empty() {
        let again = Document::parse(again.json.canonical().as_bytes());
        let again = again.unwrap_or_else(|found| panic!("{shown}: {found:?}"));
        for (one, other) in document.events().iter().zip(again.events()) {
            assert_eq!(same::canonical(one), same::canonical(other), "{shown} as 1.2");
        }
    }
}

/// Checks that XML which is not valid, and yet is converted, comes back as it is unless a loss is named.
fn assert_converts_back(shown: &str, path: &Path) {
    let bytes = std::fs::read(path).unwrap();
    let Some(first) = parse(&bytes, &Limits::default()).ok().map(|found| found.json) else {
        return;
    };
    let Some(written) = write(&first, Version::V2_0, Words::Kept) else { return };
    let again = parse(written.text.as_bytes(), &Limits::default());
    let again = again.unwrap_or_else(|found| panic!("{shown}: {found:?}\n{}", written.text));
    // A document without body is written with an empty one.
    let is_whole = first.get("epcisBody").is_some() || first.get("eventTime").is_some();
    if written.left_out.is_empty() && is_whole {
        assert_eq!(again.json.canonical(), first.canonical(), "{shown}");
    }
}

/// All files of the foreign folders that are XML or JSON, by their path from the folder of all.
fn every_file() -> Option<BTreeMap<String, PathBuf>> {
    let mut all = BTreeMap::new();
    for name in
        ["gs1-EPCIS", "openepcis-test-resources", "epcis-event-hash-2025", "epcis-event-hash-2026"]
    {
        let root = folder(name)?;
        for ending in ["xml", "json", "jsonld"] {
            for path in files(&root, ending) {
                let inner = path.strip_prefix(&root).unwrap().display().to_string();
                all.insert(format!("{name}/{inner}"), path);
            }
        }
    }
    Some(all)
}

#[test]
fn every_file_of_others_comes_back_whole_or_is_in_the_list_of_what_is_refused_with_the_reason() {
    let Some(all) = every_file() else { return };
    let mut surprises = Vec::new();
    let (mut refused, mut of_xml, mut of_json) = (String::new(), 0, 0);
    for (shown, path) in &all {
        let is_called_invalid = shown.contains("/Invalid/");
        match read(path) {
            Ok((json, document)) => {
                let is_taken = TAKEN.iter().any(|(name, _)| shown.ends_with(name));
                if is_called_invalid != is_taken {
                    surprises.push(shown.clone());
                }
                assert_comes_back(shown, &json, &document);
                if is_xml(shown) { of_xml += 1 } else { of_json += 1 }
            }
            Err(why) => {
                assert_converts_back(shown, path);
                let why = why.trim().replace(['\n', '\t'], " ");
                writeln!(refused, "{shown}\t{why}").unwrap();
            }
        }
    }
    assert!(surprises.is_empty(), "called invalid and taken: {surprises:#?}");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(LIST, &refused).unwrap();
    }
    let listed = std::fs::read_to_string(LIST).unwrap();
    for (found, listed) in refused.lines().zip(listed.lines()) {
        assert_eq!(found, listed);
    }
    assert_eq!(refused.lines().count(), listed.lines().count());
    assert!(of_xml >= 60 && of_json >= 60, "only {of_xml} and {of_json} documents");
}
