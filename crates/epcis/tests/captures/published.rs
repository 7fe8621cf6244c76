//! Documents that others published: GS1's examples and openEPCIS's valid and invalid ones, each with its verdict.
//!
//! Without the foreign data these tests announce that they were skipped; what the documents show is in `facts.rs`, in our
//! own words.

use std::path::{Path, PathBuf};

use epcis::Document;

use crate::document::json;
use crate::facts::wrong;

/// The folder of foreign data; nothing where there is none, which is announced with what it would add.
pub fn vectors(adds: &str) -> Option<PathBuf> {
    let schema = foreign::folder("gs1-EPCIS", adds)?;
    schema.parent().map(Path::to_path_buf)
}

/// All JSON files below `folder`.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|ending| ending == "json" || ending == "jsonld") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Folders of documents that their publishers call valid.
pub const VALID: [&str; 4] = [
    "gs1-EPCIS/JSON",
    "openepcis-test-resources/core/src/main/resources/2.0/EPCIS/JSON/Capture/Documents",
    "openepcis-test-resources/core/src/main/resources/2.0/EPCIS/JSON/Capture/Events",
    "epcis-event-hash-2025/tests/examples",
];

/// Published as valid, and refused here: file, the problem that is named, why.
const REFUSED: &[(&str, &str, &str)] = &[
    (
        "AssociationEvent-h.jsonld",
        "twice, expected it once",
        "a member stands twice, which two parsers may read differently",
    ),
    (
        "transformation_event_all_possible_fields.jsonld",
        "redefines a prefix of the standard",
        "another meaning of `cbvmda`",
    ),
    (
        "TransformationEvent_all_possible_fields.json",
        "redefines a prefix of the standard",
        "another meaning of `cbvmda`",
    ),
    (
        "SensorData_with_combined_events.json",
        "not a word of the standard's vocabulary",
        "GS1's schema refuses the measurement types and a report without type",
    ),
    (
        "TransactionEvent_with_userExtensions.json",
        "not a word of the standard's vocabulary",
        "GS1's schema refuses the measurement type",
    ),
    (
        "Combination_of_different_event.json",
        "wrong check digit",
        "a GRAI in a Digital Link with a wrong check digit",
    ),
    (
        "CurieString_document.json",
        "not a URI of this vocabulary",
        "`cbv:my_own_party`, a word in the namespace of CBV that CBV does not have",
    ),
    ("epcisDocWithAllGS1Keys", "stands there twice", "one SSCC as URN and as Digital Link"),
    (
        "epclist_normalisation.jsonld",
        "names a class",
        "spellings of keys, made to be hashed; some are classes, one has a short name of older links",
    ),
];

#[test]
fn every_published_valid_document_is_taken_but_for_a_list_with_reasons() {
    let Some(folder) = vectors("some 90 published documents that must be taken") else { return };
    let mut wrongly = Vec::new();
    let mut taken = 0;
    for path in VALID.iter().flat_map(|part| files(&folder.join(part))) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("readable");
        let found = wrong(&text);
        if let Ok(document) = Document::parse(text.as_bytes()) {
            assert_eq!(document.to_json(), &json(&text), "{name} is kept as it was received");
        }
        let expected = REFUSED.iter().find(|(file, ..)| name.starts_with(file));
        let fits = match expected {
            None => found.is_empty(),
            Some((_, problem, _)) => found.iter().any(|one| one.problem.contains(problem)),
        };
        taken += usize::from(expected.is_none());
        if !fits {
            wrongly.push(format!("{}: {:?}", path.display(), &found[..found.len().min(3)]));
        }
    }
    assert!(wrongly.is_empty(), "{}:\n{}", wrongly.len(), wrongly.join("\n"));
    assert!(taken > 80, "{taken}");
}

#[test]
fn every_invalid_document_of_openepcis_is_refused() {
    let Some(folder) = vectors("19 published documents that must be refused") else { return };
    let root = folder.join("openepcis-test-resources/core/src/main/resources/2.0/EPCIS/JSON");
    let invalid: Vec<PathBuf> = files(&root)
        .into_iter()
        .filter(|path| path.parent().is_some_and(|folder| folder.ends_with("Invalid")))
        .collect();
    assert!(invalid.len() >= 15, "{}", invalid.len());
    for path in invalid {
        let text = std::fs::read_to_string(&path).expect("readable");
        assert!(!wrong(&text).is_empty(), "{} was taken", path.display());
    }
}
