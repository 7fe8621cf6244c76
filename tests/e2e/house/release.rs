//! What a release is made with: the script, the list of components, the changelog, the container's files.
//!
//! What holds: a list of components names what the program is linked with and nothing else; a release that is not ready is
//! refused with everything that is missing.
//!
//! Not here: the package (`package.rs`), the frozen bundles (trace-api's `verifier` tests).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::layout::sources::read;

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Status and both outputs of `scripts/release.sh`.
fn release(words: &[&str]) -> (Option<i32>, String) {
    let output = Command::new("scripts/release.sh").args(words).current_dir(root()).output();
    let output = output.expect("the script starts");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(text).expect("UTF-8"))
}

/// The list of components as text; none, announced, without a Python that can read TOML.
fn components() -> Option<String> {
    let python = Command::new("python3").args(["-c", "import tomllib"]).output();
    if !python.is_ok_and(|output| output.status.success()) {
        foreign::skipped("python3 3.11 is missing", "the list of components is made");
        return None;
    }
    let output = Command::new("scripts/sbom.py")
        .current_dir(root())
        .env("SOURCE_DATE_EPOCH", "1795305600")
        .output()
        .expect("python3 starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).expect("UTF-8"))
}

fn texts<'a>(list: &'a Value, member: &str) -> Vec<&'a str> {
    let items = list.as_array().expect("a list").iter();
    items.map(|item| item[member].as_str().expect("a text")).collect()
}

#[test]
fn the_list_of_components_is_what_the_program_is_linked_with_each_with_licence_and_hash() {
    let (Some(text), Some(again)) = (components(), components()) else { return };
    assert_eq!(text, again, "the same commit gives the same list");
    let list: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((&list["bomFormat"], &list["specVersion"]), (&"CycloneDX".into(), &"1.5".into()));
    assert_eq!(list["metadata"]["timestamp"], "2026-11-22T00:00:00Z");
    assert_eq!(list["metadata"]["component"]["version"], VERSION);

    let names: BTreeSet<&str> = texts(&list["components"], "name").into_iter().collect();
    for linked in ["ledger", "actix-web", "rustls", "aws-lc-sys", "libsqlite3-sys", "serde_json"] {
        assert!(names.contains(linked), "the program is linked with {linked}");
    }
    for beside in ["tests", "demo", "foreign", "proptest", "rumqttd", "fantoccini", "libfuzzer-sys"]
    {
        assert!(!names.contains(beside), "the program is not linked with {beside}");
    }
    let refs: BTreeSet<&str> = texts(&list["components"], "bom-ref").into_iter().collect();
    assert_eq!(refs.len(), list["components"].as_array().map_or(0, Vec::len), "a name twice");
    let lock: toml::Table = read("Cargo.lock").parse().expect("TOML");
    let locked: BTreeMap<String, &toml::Value> = lock["package"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|package| {
            let text = |name: &str| package[name].as_str().expect("a text");
            (format!("pkg:cargo/{}@{}", text("name"), text("version")), package)
        })
        .collect();
    assert!(refs.iter().any(|name| name.starts_with("pkg:npm/zxing-wasm@")), "it is packaged");
    for component in list["components"].as_array().expect("a list") {
        let name = component["bom-ref"].as_str().expect("a text");
        if name.starts_with("pkg:npm/") {
            let content = component["hashes"][0]["content"].as_str().expect("a hash");
            assert!(component["hashes"][0]["alg"] == "SHA-512" && content.len() == 128, "{name}");
            continue;
        }
        let hash = locked[name].get("checksum").and_then(toml::Value::as_str);
        assert_eq!(component["hashes"][0]["content"].as_str(), hash, "{name}");
        assert!(component["licenses"][0]["expression"].is_string(), "{name}");
    }
    let own = format!("pkg:cargo/chopmark@{VERSION}");
    for entry in list["dependencies"].as_array().expect("a list") {
        let below = entry["dependsOn"].as_array().expect("a list").iter();
        for one in below.chain([&entry["ref"]]).map(|one| one.as_str().expect("a text")) {
            assert!(refs.contains(one) || one == own, "{one} is no component");
        }
    }
}

#[test]
fn a_release_that_is_not_ready_is_refused_with_everything_that_is_missing() {
    let (status, text) = release(&["7.8.9", "--check"]);
    assert_eq!(status, Some(1), "{text}");
    for words in [
        format!("Cargo.toml: got version {VERSION}, expected 7.8.9").as_str(),
        "CHANGELOG.md: got ``, expected `## [7.8.9] - YYYY-MM-DD`",
        "tests/corpus/released/7.8.9 is not there",
        "Containerfile: expected the image chopmark:7.8.9",
        "compose.yaml: expected the image chopmark:7.8.9",
    ] {
        assert!(text.contains(words), "`{words}` is not in:\n{text}");
    }
    let (status, text) = release(&[VERSION]);
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("--key: got none, expected the file of an SSH key"), "{text}");
    // Files are meant from where the caller is, wherever the script goes.
    let folder = tests::folder::temporary();
    std::fs::write(folder.path().join("own.key"), "").expect("the folder is ours");
    let from_there = |key: &str| {
        let script = root().join("scripts/release.sh").canonicalize().expect("it is there");
        let words = ["7.8.9", "--key", key];
        let output = Command::new(script).args(words).current_dir(folder.path()).output();
        String::from_utf8(output.expect("the script starts").stderr).expect("UTF-8")
    };
    assert!(!from_there("own.key").contains("--key: "), "{}", from_there("own.key"));
    let missing = format!("--key: {}/no.key is not there", folder.path().display());
    assert!(from_there("no.key").contains(&missing), "{}", from_there("no.key"));
    assert_eq!(release(&["one", "--check"]).0, Some(2));
    let (status, text) = release(&[VERSION, "--freeze"]);
    assert_eq!(status, Some(1), "what was released is never changed: {text}");
}

/// What keep-a-changelog calls groups.
const GROUPS: [&str; 6] = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];

/// What is wrong with the form of a changelog.
fn faults(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let headings: Vec<&str> = text.lines().filter(|line| line.starts_with("## ")).collect();
    if headings.first() != Some(&"## [Unreleased]") {
        found.push("the first section is not [Unreleased]".to_owned());
    }
    for heading in headings.iter().skip(1) {
        let dated = heading.strip_prefix("## [").and_then(|rest| rest.split_once("] - "));
        let is_dated = dated.is_some_and(|(_, date)| date.parse::<jiff::civil::Date>().is_ok());
        if !is_dated {
            found.push(format!("`{heading}` is not `## [VERSION] - YYYY-MM-DD`"));
        }
    }
    for line in text.lines().filter_map(|line| line.strip_prefix("### ")) {
        if !GROUPS.contains(&line) {
            found.push(format!("`{line}` is none of {GROUPS:?}"));
        }
    }
    found
}

#[test]
fn the_changelog_has_the_form_that_people_know_and_this_version() {
    let text = read("CHANGELOG.md");
    assert_eq!(faults(&text), Vec::<String>::new());
    assert!(text.contains(&format!("\n## [{VERSION}] - ")), "no section for {VERSION}");
    let wrong = "# Changelog\n\n## Unreleased\n\n### News\n\n## [0.1.0]\n\n## [0.0.1] - 22 May\n";
    assert_eq!(faults(wrong).len(), 4, "{:?}", faults(wrong));
}

#[test]
fn the_image_runs_as_a_user_without_rights_and_asks_itself_whether_it_is_ready() {
    let text = read("packaging/container/Containerfile");
    let (_, last) = text.rsplit_once("\nFROM ").expect("stages");
    let line = |word: &str| {
        last.lines()
            .find(|line| line.trim_start().starts_with(word))
            .unwrap_or_else(|| panic!("no {word}"))
    };
    assert_eq!(line("USER "), "USER chopmark:chopmark");
    let command = line("CMD [\"/usr/bin/chopmark\", \"health\"");
    let words: Vec<String> =
        serde_json::from_str(command.trim().strip_prefix("CMD ").expect("CMD"))
            .expect("a list of words");
    // The program knows these words: it says that the file is not there, not that it does not understand.
    let output = Command::new(tests::program::chopmark()).args(&words[1..]).output();
    let output = output.expect("chopmark starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("/etc/chopmark/chopmark.toml"), "{said}");
}
