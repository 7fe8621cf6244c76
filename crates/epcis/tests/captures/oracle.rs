//! GS1's JSON schema as oracle: thousands of changed documents, and of each its verdict and ours.
//!
//! What holds: whatever the schema refuses is refused here; whatever is refused here beyond it has a rule on the list
//! [`BEYOND`], which is that of decision 0035.
//!
//! The schema may not be copied, so it is read from the folder of vectors, by Python's validator.

use std::path::Path;
use std::process::{Command, Output};

use epcis::Violation;
use ledger::json::Json;

use crate::document::{json, whole};
use crate::facts::wrong;
use crate::published::{VALID, files, vectors};

/// How many documents are compared.
const CASES: usize = 6000;

/// The rules beyond the schema: the name in decision 0035, and the problem that a violation of it states.
const BEYOND: &[(&str, &str)] = &[
    ("own-type", "a type of event of its own"),
    ("nothing-named", "names nothing"),
    ("empty-document", "empty"),
    ("no-container", "missing"),
    ("twice", "stands there twice"),
    ("undeclared-prefix", "has a prefix that no context declares"),
    ("key", "not a valid GS1 key"),
    ("kind", "names a class"),
    ("kind", "names one thing"),
    ("word", "not a word of the standard's vocabulary"),
    ("word", "not a URI of this vocabulary"),
    ("word", "spells a word of the standard"),
    ("version", "a version that is not read here"),
    ("number", "a number that is too large"),
    ("number", "a negative quantity"),
    ("unit", "a unit without a quantity"),
    ("time", "a time with more than 9 decimals"),
    ("time", "not a day of the calendar, or a time too far away"),
    ("place", "not a member of a place"),
    ("context", "redefines a prefix of the standard"),
    ("context", "redefines a term of the standard"),
    ("context", "not the definition of a prefix"),
    ("context", "not a namespace"),
    ("context", "too large a context"),
    ("length", "a URI that is too long"),
];

/// The rule beyond the schema that a violation is of.
fn rule_of(one: &Violation) -> Option<&'static str> {
    let rule = BEYOND.iter().find(|(_, problem)| one.problem.starts_with(problem))?.0;
    let fits = match rule {
        "no-container" => one.pointer.ends_with("/parentID"),
        "empty-document" => one.pointer.ends_with("/eventList"),
        _ => true,
    };
    fits.then_some(rule)
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap_or_default() % bound
    }

    fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }
}

/// Texts that are put in place of others.
const TEXTS: &[&str] = &[
    "",
    "x",
    "shipping",
    "active",
    "po",
    "location",
    "Temperature",
    "ALARM_CONDITION",
    "latitude",
    "did_not_occur",
    "polishing",
    "OBSERVE",
    "ADD",
    "DELETE",
    "KGM",
    "kg",
    "KILO",
    "CEL",
    "+08:00",
    "-14:00",
    "+14:01",
    "Z",
    "2.0",
    "1.2",
    "2.",
    "urn:epcglobal:cbv:bizstep:shipping",
    "urn:epcglobal:cbv:disp:active",
    "https://ref.gs1.org/cbv/BizStep-shipping",
    "https://ns.gs1.org/cbv/BizStep-shipping",
    "http://www.gs1.org/voc/Temperature",
    "cbv:Disp-active",
    "gs1:Temperature",
    "2026-11-20T08:15:00Z",
    "2026-11-20t08:15:00.5z",
    "2026-11-20 08:15:00Z",
    "2026-11-20T08:15Z",
    "2026-11-20T24:00:00Z",
    "2026-12-31T23:59:60Z",
    "2026-02-29T00:00:00+01:00",
    "2026-11-20T08:15:00+08:00[Asia/Shanghai]",
    "2026-11-20T08:15:00+0800",
    "2026-11-20T08:15:00.1234567890Z",
    "2026-11-20T08:15:00+23:59",
    "9999-12-31T23:59:59Z",
    "0000-01-01T00:00:00Z",
    "2026-11-20",
    "urn:epc:id:sgtin:9521141.012345.1",
    "urn:epc:class:lgtin:9521141.012345.L1",
    "https://id.gs1.org/01/09521141123454/21/1",
    "https://id.gs1.org/01/09521141123455/21/1",
    "urn:epc:id:sgln:9521141.00001.7",
    "urn:uuid:6f0e0000-0000-4000-8000-000000000001",
    "maker:x",
    "undeclared:x",
    "x:",
    ":x",
    "a b:c",
    "https://x.example/a b",
    "https://x.example/%zz",
    "https://x.example/ä",
    "https://[::1]/x",
    "https://x.example:8o/",
    "https://u@x.example/?q#f",
    "geo:1,2",
    "0aFF",
    "0x",
    "abc",
    "EPCISDocument",
    "ObjectEvent",
    "AggregationEvent",
    "TransformationEvent",
    "maker:OwnEvent",
    "urn:maker:OwnEvent",
];

/// Names of members that are added or given to others.
const NAMES: &[&str] = &[
    "note",
    "maker:note",
    "undeclared:note",
    "https://x.example/note",
    "@id",
    "@type",
    "@context",
    "a b",
    "ma ker:x",
    "maker:重量",
    "id",
    "type",
    "epcList",
    "quantityList",
    "parentID",
    "childEPCs",
    "childQuantityList",
    "inputEPCList",
    "outputEPCList",
    "action",
    "ilmd",
    "bizStep",
    "disposition",
    "persistentDisposition",
    "readPoint",
    "bizLocation",
    "bizTransactionList",
    "sourceList",
    "sensorElementList",
    "sensorMetadata",
    "sensorReport",
    "uom",
    "quantity",
    "epcClass",
    "value",
    "eventID",
    "certificationInfo",
    "errorDeclaration",
    "transformationID",
    "recordTime",
    "set",
    "unset",
    "sender",
    "time",
    "source",
];

/// Values of every kind.
fn values() -> Vec<Json> {
    [
        "null",
        "true",
        "0",
        "-1",
        "1.5",
        "1e999",
        "[]",
        "{}",
        "[1]",
        r#"{"id":"urn:x:y"}"#,
        r#"["urn:x:y"]"#,
        r#"["urn:x:y","urn:x:y"]"#,
        r#"{"set":["active","active"]}"#,
        r#"{"unset":["active"]}"#,
        r#"{"maker:a":1}"#,
        r#"{"a":1}"#,
        r#"[{"epcClass":"urn:x:y"}]"#,
        r#"[{"type":"po","bizTransaction":"urn:x:y"}]"#,
        r#"[{"sensorReport":[{"type":"Temperature"}]}]"#,
        r#"[{"sensorReport":[]}]"#,
        r#"[{"type":"location","source":"urn:x:y"}]"#,
        r#"{"declarationTime":"2026-11-20T08:15:00Z"}"#,
    ]
    .into_iter()
    .map(json)
    .collect()
}

/// The paths to all values in `json`.
fn paths(json: &Json, path: &mut Vec<usize>, found: &mut Vec<Vec<usize>>) {
    found.push(path.clone());
    let count = match json {
        Json::Array(items) => items.len(),
        Json::Object(members) => members.len(),
        _ => 0,
    };
    for place in 0..count {
        path.push(place);
        match json {
            Json::Array(items) => paths(&items[place], path, found),
            Json::Object(members) => paths(&members[place].1, path, found),
            _ => {}
        }
        path.pop();
    }
}

fn at<'a>(json: &'a mut Json, path: &[usize]) -> &'a mut Json {
    path.iter().fold(json, |place, step| match place {
        Json::Array(items) => &mut items[*step],
        Json::Object(members) => &mut members[*step].1,
        _ => unreachable!("a path leads through lists and objects"),
    })
}

/// Changes one place of `json`.
fn mutate(json: &mut Json, dice: &mut Dice, values: &[Json], members: &[(String, Json)]) {
    let mut all = Vec::new();
    paths(json, &mut Vec::new(), &mut all);
    let path = dice.of(&all).clone();
    let what = dice.below(10);
    match (at(json, &path), what) {
        (Json::Object(own), 0..=1) if !own.is_empty() => {
            let place = dice.below(own.len());
            own.remove(place);
        }
        (object @ Json::Object(_), 2) => object.set(*dice.of(NAMES), dice.of(values).clone()),
        (object @ Json::Object(_), 3..=4) => {
            let (name, value) = dice.of(members).clone();
            object.set(name, value);
        }
        (Json::Object(own), 5) if !own.is_empty() => {
            let place = dice.below(own.len());
            let name = (*dice.of(NAMES)).to_owned();
            if own.iter().all(|(known, _)| *known != name) {
                own[place].0 = name;
            }
        }
        (Json::Array(items), 0..=2) if !items.is_empty() => {
            items.push(items[dice.below(items.len())].clone());
        }
        (Json::Array(items), 3) => items.push(dice.of(values).clone()),
        (Json::Array(items), 4) if !items.is_empty() => drop(items.remove(dice.below(items.len()))),
        (Json::Array(items), 5) => items.clear(),
        (text @ Json::String(_), 0..=7) => *text = Json::from(*dice.of(TEXTS)),
        (place, _) => *place = dice.of(values).clone(),
    }
}

/// The documents with which the changes begin: one event each, so that a change meets something that matters.
fn seeds(folder: &Path) -> Vec<Json> {
    let mut seeds = Vec::new();
    let published = VALID.iter().flat_map(|part| files(&folder.join(part)));
    let published = published.filter_map(|path| std::fs::read(path).ok());
    let published = published
        .filter_map(|bytes| ledger::json::parse(&bytes, &ledger::json::Limits::default()).ok());
    for document in published.chain([whole()]) {
        let list = document.get("epcisBody").and_then(|body| body.get("eventList"));
        let Some(events) = list.and_then(Json::as_array) else {
            seeds.push(document);
            continue;
        };
        for event in events {
            let mut one = document.clone();
            if let Some(list) = one.get_mut("epcisBody").and_then(|body| body.get_mut("eventList"))
            {
                *list = Json::Array(vec![event.clone()]);
            }
            seeds.push(one);
        }
        // The same event alone, with the document's context.
        if let (Some(event), Some(context)) = (events.first(), document.get("@context")) {
            let mut alone = event.clone();
            alone.set("@context", context.clone());
            seeds.push(alone);
        }
    }
    seeds
}

fn members_of(json: &Json, found: &mut Vec<(String, Json)>) {
    match json {
        Json::Array(items) => {
            for item in items {
                members_of(item, found);
            }
        }
        Json::Object(members) => {
            for (name, value) in members {
                if name != "epcisBody" && name != "epcisHeader" {
                    found.push((name.clone(), value.clone()));
                }
                members_of(value, found);
            }
        }
        _ => {}
    }
}

/// The verdicts of the schema; `None` with a line if Python cannot say them.
fn verdicts(folder: &Path, cases: &[String]) -> Option<Vec<bool>> {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("captures.jsonl");
    std::fs::write(&file, cases.join("\n")).expect("a file can be written");
    let tools = concat!(env!("CARGO_MANIFEST_DIR"), "/../../var/tools/venv/bin/python");
    let pythons = [Some(tools.into()), std::env::var_os("CHOPMARK_PYTHON"), Some("python3".into())];
    let answers = pythons.into_iter().flatten().filter_map(|python| {
        Command::new(python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captures/oracle.py"))
            .args([&folder.join("gs1-EPCIS/EPCIS-JSON-Schema.json"), &file])
            .output()
            .ok()
    });
    let complaint = |answer: &Output| String::from_utf8_lossy(&answer.stderr).into_owned();
    let mut able = answers.filter(|answer| !complaint(answer).contains("missing: "));
    let Some(answer) = able.next() else {
        let adds = format!("a comparison of {CASES} documents with GS1's schema");
        foreign::skipped(
            "no Python has the package jsonschema, which `make setup` installs",
            &adds,
        );
        return None;
    };
    assert!(answer.status.success(), "{}", complaint(&answer));
    let line = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    assert_eq!(line.len(), cases.len());
    Some(line.chars().map(|verdict| verdict == '1').collect())
}

#[test]
fn whatever_the_schema_refuses_is_refused_here_and_what_is_refused_beyond_it_has_a_rule() {
    let Some(folder) = vectors("a comparison of 6000 changed documents with GS1's schema") else {
        return;
    };
    let seeds = seeds(&folder);
    let mut members = Vec::new();
    for seed in &seeds {
        members_of(seed, &mut members);
    }
    let values = values();
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let mut cases: Vec<String> = seeds.iter().map(Json::canonical).collect();
    while cases.len() < CASES {
        let mut case = dice.of(&seeds).clone();
        for _ in 0..=dice.below(6) / 4 {
            mutate(&mut case, &mut dice, &values, &members);
        }
        cases.push(case.canonical());
    }
    let Some(verdicts) = verdicts(&folder, &cases) else { return };
    let mut differences = Vec::new();
    let mut used = std::collections::BTreeMap::new();
    let (mut taken, mut refused) = (0, 0);
    for (case, is_accepted) in cases.iter().zip(verdicts) {
        let found = wrong(case);
        taken += usize::from(found.is_empty());
        refused += usize::from(!is_accepted);
        if !is_accepted && found.is_empty() {
            differences.push(format!("taken, but the schema refuses it: {case}"));
        } else if is_accepted {
            for one in &found {
                match rule_of(one) {
                    Some(rule) => *used.entry(rule).or_insert(0) += 1,
                    None => differences.push(format!("refused without a rule: {one:?}\n   {case}")),
                }
            }
        }
    }
    println!(
        "{} documents: {taken} taken, {refused} refused by the schema, beyond it {used:?}",
        cases.len()
    );
    let shown: Vec<&String> = differences.iter().take(20).collect();
    assert!(differences.is_empty(), "{} differences:\n{shown:#?}", differences.len());
    assert!(
        taken > CASES / 20 && refused > CASES / 4,
        "{taken} taken, {refused} refused: too one-sided"
    );
}
