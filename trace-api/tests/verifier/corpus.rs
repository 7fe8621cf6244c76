//! tests/corpus: inputs on which verifiers could differ, each with the outcome that all must give.

use std::fs;

use ledger::json::{self, Json, Limits};

use crate::three::{Batch, repository};
use crate::{signed, three};

/// One line of cases.jsonl.
pub struct Case {
    pub name: String,
    pub expected: String,
    pub bundle: Vec<u8>,
    pub policy: Vec<u8>,
}

fn str_of<'a>(json: &'a Json, name: &str) -> &'a str {
    json.get(name).and_then(Json::as_str).unwrap_or_else(|| panic!("no `{name}` in {json:?}"))
}

fn base(kind: &str, name: &str) -> Vec<u8> {
    let golden = "crates/ledger/tests/golden";
    let path = match (kind, name.split_once('/')) {
        ("policy", _) => format!("{golden}/{name}.txt"),
        (_, Some(("signed", name))) => format!("tests/corpus/signed/{name}.bundle.json"),
        _ => format!("{golden}/{name}.bundle.json"),
    };
    fs::read(repository(&path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn bytes_of(json: &Json) -> Vec<u8> {
    let byte =
        |item: &Json| item.as_number().and_then(|digits| digits.parse().ok()).expect("a byte");
    json.as_array().expect("an array of bytes").iter().map(byte).collect()
}

/// The file that a description names: `of`, changed by `do`, in order.
fn file(kind: &str, described: &Json) -> Vec<u8> {
    let mut bytes = base(kind, str_of(described, "of"));
    for change in described.get("do").and_then(Json::as_array).unwrap_or_default() {
        let [(what, with)] = change.as_object().expect("an object") else { panic!("{change:?}") };
        let texts = || {
            with.as_array().unwrap_or_default().iter().filter_map(Json::as_str).collect::<Vec<_>>()
        };
        match what.as_str() {
            "set" | "remove" | "copy" => {
                let mut tree = json::parse(&bytes, &Limits::default()).expect("a bundle to change");
                change_tree(&mut tree, what, with);
                bytes = tree.canonical().into_bytes();
            }
            "replace" => {
                let text = String::from_utf8(bytes).expect("UTF-8");
                let [from, to] = texts()[..] else { panic!("{change:?}") };
                assert!(text.contains(from), "`{from}` is not in the file");
                bytes = text.replacen(from, to, 1).into_bytes();
            }
            "fill" => {
                let text = String::from_utf8(bytes).expect("UTF-8");
                let [from, unit, times] = texts()[..] else { panic!("{change:?}") };
                let times = times.parse().expect("a number");
                bytes = text.replacen(from, &unit.repeat(times), 1).into_bytes();
            }
            "prepend" => bytes = [bytes_of(with), bytes].concat(),
            "append" => bytes.extend(bytes_of(with)),
            "add" => bytes.extend(with.as_str().expect("a text").as_bytes()),
            "truncate" => {
                bytes.truncate(with.as_number().and_then(|n| n.parse().ok()).expect("a number"));
            }
            other => panic!("no change `{other}`"),
        }
    }
    bytes
}

/// `set`: `[pointer, value]`; `copy`: `[from, to]`; `remove`: the pointer of a member or an element.
fn change_tree(tree: &mut Json, what: &str, with: &Json) {
    let (pointer, value) = match (what, with) {
        ("remove", Json::String(pointer)) => (pointer.clone(), None),
        ("set", Json::Array(pair)) => {
            (pair[0].as_str().expect("a pointer").to_owned(), Some(pair[1].clone()))
        }
        (_, Json::Array(pair)) => {
            let from = pair[0].as_str().expect("a pointer");
            let value = from.split('/').skip(1).fold(&*tree, |json, part| match json {
                Json::Array(items) => &items[part.parse::<usize>().expect("a place")],
                other => other.get(part).unwrap_or_else(|| panic!("no {from}")),
            });
            (pair[1].as_str().expect("a pointer").to_owned(), Some(value.clone()))
        }
        _ => panic!("{what} {with:?}"),
    };
    let (parent, last) = pointer.rsplit_once('/').expect("a pointer");
    let place = parent.split('/').skip(1).fold(tree, |json, part| match json {
        Json::Array(items) => &mut items[part.parse::<usize>().expect("a place")],
        other => other.get_mut(part).unwrap_or_else(|| panic!("no {pointer}")),
    });
    match (place, value) {
        (Json::Array(items), Some(value)) => match last.parse::<usize>() {
            Ok(number) => items[number] = value,
            Err(_) => items.push(value),
        },
        (Json::Array(items), None) => drop(items.remove(last.parse().expect("a place"))),
        (place, Some(value)) => place.set(last, value),
        (Json::Object(members), None) => {
            let before = members.len();
            members.retain(|(name, _)| name != last);
            assert!(members.len() < before, "no {pointer}");
        }
        (other, None) => panic!("no {pointer} in {other:?}"),
    }
}

/// All cases.
pub fn cases() -> Vec<Case> {
    signed::write_missing();
    let text = fs::read_to_string(repository("tests/corpus/cases.jsonl")).unwrap();
    let read = |line: &str| {
        let json = json::parse(line.as_bytes(), &Limits::default())
            .unwrap_or_else(|error| panic!("{line}: {error}"));
        Case {
            name: str_of(&json, "name").to_owned(),
            expected: str_of(&json, "expected").to_owned(),
            bundle: file("bundle", json.get("bundle").expect("a bundle")),
            policy: file("policy", json.get("policy").expect("a policy")),
        }
    };
    text.lines().map(read).collect()
}

#[test]
fn all_verifiers_give_every_case_of_the_corpus_its_outcome() {
    let cases = cases();
    let mut batch = Batch::default();
    for case in &cases {
        batch.add(case.bundle.clone(), &case.policy);
    }
    let mut faults = Vec::new();
    for (case, found) in cases.iter().zip(batch.run()) {
        if !found.agree() || found.ours != case.expected {
            faults.push(format!("{}: expected {}, got {found:?}", case.name, case.expected));
        }
    }
    assert!(faults.is_empty(), "{} of {} cases:\n{}", faults.len(), cases.len(), faults.join("\n"));
}

#[test]
fn every_signed_file_of_the_corpus_is_a_case_and_no_name_is_twice() {
    let cases = cases();
    let names: std::collections::BTreeSet<&str> =
        cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), cases.len());
    let used: Vec<Vec<u8>> = cases.into_iter().map(|case| case.bundle).collect();
    for entry in fs::read_dir(repository("tests/corpus/signed")).unwrap() {
        let path = entry.unwrap().path();
        assert!(used.contains(&fs::read(&path).unwrap()), "{} is no case", path.display());
    }
}

#[test]
fn every_bundle_of_every_released_version_is_still_proved_and_none_was_changed() {
    let mut versions = 0;
    for folder in fs::read_dir(repository("tests/corpus/released")).unwrap() {
        let folder = folder.unwrap().path();
        let sums = fs::read_to_string(folder.join("SHA256SUMS")).unwrap();
        let mut batch = Batch::default();
        let mut names = Vec::new();
        for line in sums.lines() {
            let (sum, name) = line.split_once("  ").unwrap();
            let bytes = fs::read(folder.join(name)).unwrap();
            assert_eq!(ledger::hash::sha256(&bytes).to_string(), sum, "{name} was changed");
            if let Some(name) = name.strip_suffix(".bundle.json") {
                let policy = fs::read(folder.join(format!("{name}.policy.txt"))).unwrap();
                batch.add(bytes, &policy);
                names.push(name);
            }
        }
        let files = fs::read_dir(&folder).unwrap().count();
        assert_eq!(files, sums.lines().count() + 1, "{}: a file has no sum", folder.display());
        assert!(!names.is_empty(), "{} has no bundle", folder.display());
        for (name, found) in names.iter().zip(batch.run()) {
            assert!(found.agree() && found.ours == "proved", "{name}: {found:?}");
        }
        versions += 1;
    }
    assert!(versions > 0, "no version was released");
}

#[test]
fn the_verifier_in_python_ends_with_the_status_of_ours() {
    let run = |bundle: &str, policy: &str| {
        let golden = repository("crates/ledger/tests/golden");
        let output = std::process::Command::new(three::python())
            .arg(repository("tests/verifiers/verify.py"))
            .args([golden.join(bundle), "--policy".into(), golden.join(policy)])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code(), text.split(':').next().unwrap_or_default().to_owned())
    };
    let item = "valid/item.bundle.json";
    assert_eq!(run(item, "policy.txt"), (Some(0), "proved".into()));
    assert_eq!(run("invalid/path-cut.bundle.json", "policy.txt"), (Some(1), "refuted".into()));
    assert_eq!(
        run(item, "rotation/policy.txt").0,
        Some(1),
        "the factory's keys have windows there"
    );
    assert_eq!(
        run("rotation/new-pair-above.bundle.json", "record.txt"),
        (Some(2), "policy".into())
    );
    assert_eq!(run("valid/none.bundle.json", "policy.txt"), (Some(2), "no outcome".into()));
}

#[test]
fn the_verifier_in_python_is_short_and_needs_one_package() {
    const KNOWN: [&str; 7] = [
        "import base64, functools, hashlib, json, pathlib, re, sys",
        "import copy, re, types",
        "from cryptography.",
        "from verify import ",
        "from directory import Authority",
        "from names import ",
        "import re",
    ];
    for (name, most) in [("verify.py", 400), ("directory.py", 280), ("names.py", 125)] {
        let text = fs::read_to_string(repository("tests/verifiers").join(name)).unwrap();
        assert!(text.lines().count() <= most, "{name}: {} lines", text.lines().count());
        let lines = text.lines().map(str::trim_start);
        let imports = lines.filter(|line| {
            line.starts_with("import ") || line.starts_with("from ") && line.contains(" import ")
        });
        for import in imports {
            assert!(KNOWN.iter().any(|known| import.starts_with(known)), "{name}: {import}");
        }
    }
}
