//! The page docs/event-hash-vectors.md: every document of the published vectors, and whether the hash here is theirs.
//!
//! The way through: each file is compared; the table that follows is the page's. `UPDATE_GOLDEN=1` writes the page anew. What differs must
//! have its reason in [`UNSOUND`]; a reason that is not needed is an error.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use epcis::hash::{Dialect, event_hash, pre_hash};
use epcis::{Document, Event};
use ledger::json::{Json, Limits, parse};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/event-hash-vectors.md");

/// Documents whose own expected file does not fit them, and why.
const UNSOUND: &[(&str, &str)] = &[
    (
        "epcisDocHavingEventWithIgnoreFields.jsonld",
        "made with that tool's option to omit fields, which the rules do not have",
    ),
    (
        "epcisQueryDocHavingEventWithIgnoreFields.jsonld",
        "made with that tool's option to omit fields, which the rules do not have",
    ),
    (
        "epcisXmlDocHavingEventWithIgnoreFields.xml",
        "made with that tool's option to omit fields, which the rules do not have",
    ),
    (
        "epcisXmlQueryDocHavingEventWithIgnoreFields.xml",
        "made with that tool's option to omit fields; its body is incomplete",
    ),
    ("epcisDocWithAllGS1Keys.jsonld", "the expected text is damaged in the middle"),
    ("epcisDocWithDefaultSchemaInContext.jsonld", "the expected text is cut off"),
    (
        "epcisDocWithCustomSchemaInContext.jsonld",
        "the expected file has variants that the document does not have",
    ),
    ("epcisDocHavingTooManyUserExtensions.prehashes", "the vectors have no document for it"),
];

/// Texts in which the reference implementation differs from the rules: what is replaced in the expected text, by what, and why.
const CORRECTED: &[(&str, &str, &str)] = &[
    (
        "{urn:epcglobal:cbv:mda}",
        "{urn:epcglobal:cbv:mda:}",
        "the namespace of master data has its colon in XML too",
    ),
    (
        "=example:",
        "=https://ns.example.com/epcis/",
        "a prefix in a value is expanded in XML too (rule 15)",
    ),
    (
        "111100001111000003641344",
        "111100001111000011110000",
        "a floating-point number there has lost digits",
    ),
    ("https://gs1.org/voc/MT-", "https://voc.example/MT-", "words of a draft vocabulary"),
    ("https://gs1.org/voc/AT-", "https://voc.example/AT-", "words of a draft vocabulary"),
];

fn events(path: &Path) -> Vec<Event> {
    let text = std::fs::read_to_string(path).unwrap();
    let is_xml = path.extension().is_some_and(|ending| ending == "xml");
    let json = if is_xml {
        // Words of a draft vocabulary become words of somebody's own, as in the expected text.
        let text = text
            .replace("\"gs1:MT-", "\"https://voc.example/MT-")
            .replace("\"gs1:AT-", "\"https://voc.example/AT-");
        let limits = epcis::xml::Limits::default();
        epcis::xml::parse(text.as_bytes(), &limits).ok().map(|found| found.json)
    } else {
        parse(text.as_bytes(), &Limits::default()).ok()
    };
    let document = json.and_then(Document::unchecked);
    document.map(|document| document.events().to_vec()).unwrap_or_default()
}

fn sorted(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts
}

/// What the page says of a document with an expected file: the first word is `agrees` unless it differs.
fn compared(path: &Path) -> String {
    let (kind, is_text) = if path.with_extension("prehashes").exists() {
        ("prehashes", true)
    } else {
        ("hashes", false)
    };
    let expected = std::fs::read_to_string(path.with_extension(kind)).unwrap();
    let dialect = Dialect::Cbv20_2025;
    let of =
        |event: &Event| if is_text { pre_hash(event, dialect) } else { event_hash(event, dialect) };
    let events = events(path);
    let found = sorted(events.iter().map(|event| of(event).unwrap()).collect());
    let lines = |text: &str| sorted(text.lines().map(str::to_owned).collect());
    let count =
        if found.len() == 1 { "1 event".to_owned() } else { format!("{} events", found.len()) };
    if found == lines(&expected) {
        return format!("agrees ({count})");
    }
    let (mut text, mut why) = (expected, BTreeSet::new());
    for (from, to, reason) in CORRECTED {
        if text.contains(from) {
            text = text.replace(from, to);
            why.insert(*reason);
        }
    }
    if found == lines(&text) {
        let why: Vec<&str> = why.into_iter().collect();
        return format!("agrees ({count}) but for: {}", why.join("; "));
    }
    "differs".to_owned()
}

/// Rows for the documents of 2025 with an expected file.
fn examples(folder: &Path) -> Vec<(String, String)> {
    let names = names(folder);
    let mut rows = Vec::new();
    for name in &names {
        let path = folder.join(name);
        let is_expected = name.ends_with(".prehashes") || name.ends_with(".hashes");
        if is_expected {
            let has_document =
                ["jsonld", "xml"].iter().any(|ending| path.with_extension(ending).exists());
            let has_row = name.ends_with(".hashes") && path.with_extension("prehashes").exists();
            if !has_document && !has_row {
                rows.push((name.clone(), "differs".to_owned()));
            }
        } else {
            rows.push((name.clone(), compared(&path)));
        }
    }
    rows
}

/// Rows for the documents of 2025 whose events should be equal, or pairs.
fn equal(folder: &Path) -> Vec<(String, String)> {
    let row = |name: String| {
        let texts = Dialect::ALL.map(|dialect| {
            let events = events(&folder.join(&name));
            sorted(events.iter().map(|event| pre_hash(event, dialect).unwrap()).collect())
        });
        let is_equal = texts.iter().all(|texts| {
            let distinct: BTreeSet<&String> = texts.iter().collect();
            texts.len() == 1 || !texts.is_empty() && distinct.len() * 2 <= texts.len()
        });
        let said = if is_equal {
            format!("agrees: equal events have one hash in every dialect ({})", texts[0].len())
        } else {
            "differs".to_owned()
        };
        (name, said)
    };
    names(folder).into_iter().map(row).collect()
}

/// Rows for the vectors of 2026.
fn of_2026(folder: &Path, examples: &Path) -> Vec<(String, String)> {
    let text = std::fs::read(folder.join("vectors.json")).unwrap();
    let vectors = parse(&text, &Limits::default()).unwrap();
    let row = |vector: &Json| {
        let member = |name| vector.get(name).and_then(Json::as_str).unwrap();
        let (name, version) = (member("name"), member("cbv"));
        let stem = name.split('#').next().unwrap();
        let paths = [
            folder.join(format!("{stem}.jsonld")),
            folder.join(format!("{stem}.json")),
            examples.join(format!("{stem}.jsonld")),
        ];
        let path = paths.iter().find(|path| path.exists()).unwrap();
        let dialect = if version == "CBV2.0" { Dialect::Cbv20_2026 } else { Dialect::Cbv21Draft };
        let agrees = events(path).iter().any(|event| {
            pre_hash(event, dialect).unwrap() == member("prehash")
                && event_hash(event, dialect).unwrap() == member("expected")
        });
        let said = if agrees { "agrees" } else { "differs" };
        (format!("{name} ({version})"), said.to_owned())
    };
    let mut rows: Vec<(String, String)> = vectors.as_array().unwrap().iter().map(row).collect();
    rows.sort();
    rows
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<String> = entries.map(|entry| name(entry).into_string().unwrap()).collect();
    names.sort();
    names
}

fn table(rows: Vec<(String, String)>, used: &mut BTreeSet<&'static str>) -> String {
    let mut text = "| document | result |\n|---|---|\n".to_owned();
    for (name, said) in rows {
        let reason = UNSOUND.iter().find(|(other, _)| *other == name);
        let said = match (said.as_str(), reason) {
            ("differs", Some((name, why))) => {
                used.insert(*name);
                format!("unsound: {why}")
            }
            ("differs", None) => panic!("{name} differs, and no reason is known"),
            (_, Some(_)) => panic!("{name} {said}, and has a reason why it should not"),
            (said, None) => said.to_owned(),
        };
        writeln!(text, "| `{name}` | {said} |").unwrap();
    }
    text
}

#[test]
fn the_page_lists_every_document_of_the_vectors_and_what_became_of_it() {
    let adds = "the page of event hashes, compared with every published document";
    let Some(old) = foreign::folder("epcis-event-hash-2025/tests", adds) else { return };
    let Some(new) = foreign::folder("epcis-event-hash-2026", adds) else { return };
    let mut used = BTreeSet::new();
    let mut text = "# Event hashes of others\n\n\
        Every document of the published vectors of the EPCIS event hash, and whether the hash here is theirs. A test (`crates/epcis/tests/hash/page.rs`) makes this page\n\
        of its results and compares it, so the list is complete. Rules and reasons: [decision 0036](decisions/0036-event-hash-and-xml.md).\n\n\
        *agrees*: the hashed text of each event is the expected one, byte by byte. *agrees but for*: it is after the text was corrected as named, where the tool does not follow its rules.\n\
        *unsound*: the tool's own expected file does not fit its document.\n\n"
        .to_owned();
    let examples_folder = old.join("examples");
    text += "## 2025, documents with an expected file (dialect `cbv2.0-2025`)\n\n";
    text += &table(examples(&examples_folder), &mut used);
    text +=
        "\n## 2025, documents whose events should be equal, all or in pairs (every dialect)\n\n";
    text += &table(equal(&old.join("expected_equal")), &mut used);
    text += "\n## 2026 (dialects `cbv2.0-2026` and `cbv2.1-draft`)\n\n";
    text += &table(of_2026(&new, &examples_folder), &mut used);
    assert_eq!(used.len(), UNSOUND.len(), "a reason is not needed: {used:?}");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(PAGE, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(PAGE).unwrap(), text);
}
