//! The standard's own description of its REST binding, operation by operation, against our two.
//!
//! What holds: every operation of the standard is in exactly one of our descriptions, with its statuses, with the headers of its answers,
//! and with the members that its bodies must have; what is left out is listed here with the reason, and a list with an entry that is not
//! needed fails.
//!
//! Source: EPCIS 2.0 REST binding, openapi.json.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::interfaces::ROOT;

/// Operations of the standard.
const PATHS: usize = 29;

/// Statuses that are not given: status, where (a part of method and path), why.
const NOT_GIVEN: [(&str, &str, &str); 2] = [
    (
        "403",
        "",
        "capture: a partner may capture, or is unknown; discovery asks nobody who they are",
    ),
    ("404", "options", "discovery says nothing of a thing"),
];

/// Headers that are not sent: name, why.
const NOT_SENT: [(&str, &str); 3] = [
    ("GS1-Extensions", "capture: answers have no extensions"),
    ("GS1-Next-Page-Token-Expires", "capture: tokens of pages of jobs do not expire"),
    ("GS1-Query-Min-Record-Time", "told where it changes, in the answer about a subscription"),
];

/// What a reference leads to.
fn follow<'a>(root: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(place) => {
            let found = root.pointer(place.trim_start_matches('#'));
            follow(root, found.unwrap_or_else(|| panic!("{place} leads nowhere")))
        }
        None => value,
    }
}

/// The members that an object must have, through references and combinations.
fn required(root: &Value, schema: &Value) -> BTreeSet<String> {
    let schema = follow(root, schema);
    let own = schema["required"].as_array().into_iter().flatten();
    let own = own.filter_map(|name| Some(name.as_str()?.to_owned()));
    let all = schema["allOf"].as_array().into_iter().flatten();
    own.chain(all.flat_map(|one| required(root, one))).collect()
}

/// The members that an object is said to have.
fn members(root: &Value, schema: &Value) -> BTreeSet<String> {
    let schema = follow(root, schema);
    let own = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone());
    let all = schema["allOf"].as_array().into_iter().flatten();
    own.chain(all.flat_map(|one| members(root, one))).collect()
}

/// The schema of the JSON of a body; of a list that of its items.
fn schema<'a>(root: &'a Value, body: &'a Value) -> Option<&'a Value> {
    let content = follow(root, body)["content"].as_object()?;
    let json = content.iter().find(|(kind, _)| kind.contains("json"))?;
    let schema = follow(root, &json.1["schema"]);
    Some(schema.get("items").map_or(schema, |items| follow(root, items)))
}

/// What our description says of a status; a class of statuses and `default` stand for those that are not listed.
fn answer<'a>(root: &'a Value, operation: &'a Value, status: &str) -> Option<&'a Value> {
    let all = operation["responses"].as_object()?;
    let class = format!("{}XX", &status[..1]);
    let is_failure = status.starts_with(['4', '5']);
    let rest = || all.get(&class).or_else(|| all.get("default")).filter(|_| is_failure);
    all.get(status).or_else(rest).map(|answer| follow(root, answer))
}

/// What was left out, to see that each entry of the lists is needed.
#[derive(Default)]
struct LeftOut {
    statuses: BTreeSet<usize>,
    headers: BTreeSet<usize>,
}

struct Pair<'a> {
    name: String,
    standard: &'a Value,
    own: &'a Value,
}

impl Pair<'_> {
    /// Compares one operation; gives how many statuses, headers and members agree.
    fn compare(&self, theirs: &Value, ours: &Value, left_out: &mut LeftOut) -> usize {
        let mut agreed = 0;
        for (status, said) in theirs["responses"].as_object().into_iter().flatten() {
            let Some(answer) = answer(self.own, ours, status) else {
                let entry = NOT_GIVEN
                    .iter()
                    .position(|(other, place, _)| other == status && self.name.contains(place));
                left_out
                    .statuses
                    .insert(entry.unwrap_or_else(|| panic!("{}: {status}", self.name)));
                continue;
            };
            let said = follow(self.standard, said);
            for (header, _) in said["headers"].as_object().into_iter().flatten() {
                if answer["headers"].get(header).is_some() {
                    agreed += 1;
                    continue;
                }
                let entry = NOT_SENT.iter().position(|(other, _)| other == header);
                left_out
                    .headers
                    .insert(entry.unwrap_or_else(|| panic!("{} {status}: {header}", self.name)));
            }
            agreed += 1 + self.body(status, said, answer);
        }
        agreed
    }

    /// Compares the members that a body must have.
    fn body(&self, status: &str, said: &Value, answer: &Value) -> usize {
        let Some(theirs) = schema(self.standard, said) else { return 0 };
        let Some(ours) = schema(self.own, answer) else {
            panic!("{} {status}: the standard has a body, ours has none", self.name);
        };
        let (wanted, given) = (required(self.standard, theirs), members(self.own, ours));
        let sure = required(self.own, ours);
        for name in &wanted {
            assert!(
                given.contains(name) && sure.contains(name),
                "{} {status}: member `{name}`, ours must have {sure:?}",
                self.name
            );
        }
        wanted.len()
    }
}

#[test]
fn every_operation_of_the_standard_is_in_one_of_our_descriptions_with_statuses_headers_and_members()
{
    let adds = "a comparison of our two descriptions with the standard's, operation by operation";
    let Some(folder) = foreign::folder("gs1-EPCIS", adds) else { return };
    let json = |path: std::path::PathBuf| -> Value {
        let text =
            fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let standard = json(folder.join("REST Bindings/openapi.json"));
    let own = ["ingest/src/http/openapi.json", "trace-api/pages/openapi.json"];
    let own = own.map(|file| (file, json(std::path::Path::new(ROOT).join(file))));
    let (mut left_out, mut operations, mut agreed) = (LeftOut::default(), [0, 0], 0);
    let paths = standard["paths"].as_object().expect("the standard has paths");
    assert_eq!(paths.len(), PATHS);
    for (path, item) in paths {
        for (method, theirs) in item.as_object().into_iter().flatten() {
            if method == "parameters" {
                continue;
            }
            let name = format!("{method} {path}");
            let has = |place: usize| own[place].1["paths"][path][method].is_object();
            // Both have the discovery of /events: of its own methods each.
            let place = match (has(0), has(1)) {
                (true, false) => 0,
                (false, true) => 1,
                (true, true) if name == "options /events" => 1,
                (true, true) => panic!("{name} is in both"),
                (false, false) => panic!("{name} is in neither"),
            };
            operations[place] += 1;
            let (_, root) = &own[place];
            let pair = Pair { name, standard: &standard, own: root };
            agreed += pair.compare(theirs, &root["paths"][path][method], &mut left_out);
        }
    }
    assert_eq!(operations, [6, 57], "operations of ingest and of trace-api");
    assert!(agreed > 1500, "only {agreed} statuses, headers and members were compared");
    assert_eq!(
        left_out.statuses.len(),
        NOT_GIVEN.len(),
        "an exception is not needed: {:?}",
        left_out.statuses
    );
    assert_eq!(
        left_out.headers.len(),
        NOT_SENT.len(),
        "an exception is not needed: {:?}",
        left_out.headers
    );
}
