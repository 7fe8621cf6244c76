//! The threat model: every claim names a test, and every test that it names exists.
//!
//! What holds: a row without a test, and a test that was renamed or removed, fail with their line.
//!
//! Not here: whether the test holds what the row says; that is for who reviews both.

use std::path::{Path, PathBuf};

/// First line of the tables of claims.
const CLAIMS: &str = "| cannot | held by |";
/// Attacks on a whole installation, named by their files.
const ATTACKS: &str = "tests/attacks/";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Rows of the tables of claims: number of the line, and its last cell.
fn claims(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut is_claims = false;
    for (number, line) in (1..).zip(text.lines()) {
        if !line.starts_with('|') {
            is_claims = false;
        } else if line == CLAIMS {
            is_claims = true;
        } else if is_claims && !line.starts_with("|---") {
            let cell = line.trim_end_matches('|').rsplit('|').next().unwrap_or_default();
            found.push((number, cell));
        }
    }
    found
}

/// What stands between backticks.
fn names(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// Whether `text` has a test function of this name.
fn has_test(text: &str, name: &str) -> bool {
    let head = format!("fn {name}(");
    text.match_indices(&head).any(|(place, _)| {
        // The attributes stand between the function and the item before it.
        let before = &text[..place];
        let begin = before.rfind(['}', ';']).map_or(0, |end| end + 1);
        before[begin..].contains("test]") || before[begin..].contains("test(")
    })
}

/// What is wrong with a name; none if it is a test that exists.
fn fault(name: &str, open: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    if name.starts_with(ATTACKS) && Path::new(name).extension().is_some_and(|end| end == "rs") {
        return open(name).is_none().then(|| format!("there is no `{name}`"));
    }
    let Some((path, function)) = name.split_once("::") else {
        return Some(format!("got `{name}`, expected path::test or {ATTACKS}NAME.rs"));
    };
    match open(path) {
        None => Some(format!("there is no file `{path}`")),
        Some(source) if has_test(&source, function) => None,
        Some(_) => Some(format!("`{path}` has no test `{function}`")),
    }
}

fn faults(text: &str, read: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let mut found = Vec::new();
    for (line, cell) in claims(text) {
        let names = names(cell);
        if names.is_empty() {
            found.push(format!("line {line}: the claim names no test"));
        }
        let wrong = names.iter().filter_map(|name| fault(name, read));
        found.extend(wrong.map(|fault| format!("line {line}: {fault}")));
    }
    found
}

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let text = std::fs::read_to_string(root().join("docs/threat-model.md")).expect("it is there");
    let rows = claims(&text);
    assert!(rows.len() > 40, "the tables of claims were not found: {} rows", rows.len());
    let read = |path: &str| std::fs::read_to_string(root().join(path)).ok();
    let faults = faults(&text, &read);
    assert!(faults.is_empty(), "docs/threat-model.md:\n{}", faults.join("\n"));
}

#[test]
fn a_claim_without_a_test_and_a_test_that_is_gone_are_named() {
    let text = "| a | b |\n|---|---|\n| c | no claim |\n\n| cannot | held by |\n|---|---|\n| lie | `a.rs::said` |\n| hide | nothing |\n| steal | `a.rs::gone`, `b.rs::x`, `word`, `tests/attacks/y.rs` |\n| go | `a.rs::helper` |\n";
    let source =
        "#[tokio::test(flavor = \"multi_thread\")]\nasync fn said() {}\n\nfn helper() {}\n";
    let read = |path: &str| (path == "a.rs").then(|| source.to_owned());
    assert_eq!(
        faults(text, &read),
        [
            "line 8: the claim names no test",
            "line 9: `a.rs` has no test `gone`",
            "line 9: there is no file `b.rs`",
            "line 9: got `word`, expected path::test or tests/attacks/NAME.rs",
            "line 9: there is no `tests/attacks/y.rs`",
            "line 10: `a.rs` has no test `helper`",
        ]
    );
}
