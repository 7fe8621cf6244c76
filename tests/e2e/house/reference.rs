//! The reference of the bridge in docs/reference: it has every key and no other, and says of each whether it must be given.
//!
//! The way through: [`sections`] reads the types of the configuration from their sources, line by line; [`tables`] reads
//! the tables below the headings of the documents.
//!
//! What holds: nothing here is shared with what writes the reference ([`crate::generated`]), so a key that is lost there is
//! found here.
//!
//! Not here: whether the text of a row is right.

use std::collections::{BTreeMap, BTreeSet};

use crate::layout::sources::read;

/// The documents.
const DOCUMENTS: [&str; 2] = ["docs/reference/configuration.md", "docs/reference/json-mappings.md"];
/// What a row says of a key that must be given.
const REQUIRED: &str = "required";
/// Heading, source and type of each section; the devices are the variants of one type.
const SECTIONS: [(&str, &str, &str); 9] = [
    ("[firmware_bridge]", "crates/process/src/config/bridge.rs", "FirmwareBridgeSection"),
    ("[[firmware_bridge.reader]]", "crates/process/src/config/bridge.rs", "ReaderSection"),
    ("settle", "crates/process/src/config/settle.rs", "SettleSection"),
    ("settle.direction", "crates/process/src/config/settle.rs", "DirectionSection"),
    ("settle.presence", "crates/process/src/config/settle.rs", "PresenceSection"),
    ("broker", "crates/process/src/config/broker.rs", "BrokerLogin"),
    ("mapping", "crates/devices/src/reader/mapped_json.rs", "Mapping"),
    ("fields", "crates/devices/src/sensor/quantity.rs", "Measure"),
    ("registers", "crates/devices/src/sensor/modbus.rs", "Register"),
];
/// Source and type of the devices.
const DEVICES: (&str, &str) = ("crates/process/src/config/device.rs", "DeviceSection");

/// Keys of a section, and whether each must be given.
type Keys = BTreeMap<String, bool>;

/// The members of the braces behind `head`, at this depth of indentation, as serde reads them.
fn keys(source: &str, head: &str, indent: &str) -> Keys {
    let begin = source.find(head).unwrap_or_else(|| panic!("there is no `{head}`"));
    // Attributes of the type itself are above it.
    let above: Vec<&str> = source[..begin]
        .lines()
        .rev()
        .take_while(|line| line.trim_start().starts_with("#["))
        .collect();
    let all_have_defaults =
        above.iter().any(|line| line.contains("serde(") && line.contains("default"));
    let end = format!("\n{}}}", &indent[4..]);
    let body = source[begin..].split(&end).next().unwrap_or_default();
    let mut found = Keys::new();
    let (mut has_default, mut renamed) = (false, None);
    for line in body.lines().skip(1) {
        let Some(rest) = line.strip_prefix(indent) else { continue };
        if let Some(attribute) = rest.strip_prefix("#[serde(") {
            has_default = attribute.contains("default");
            renamed = attribute.split("rename = \"").nth(1).and_then(|rest| rest.split('"').next());
        } else if let Some((name, _)) = rest.trim_start_matches("pub ").split_once(':')
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        {
            found.insert(renamed.unwrap_or(name).to_owned(), !(has_default || all_have_defaults));
            (has_default, renamed) = (false, None);
        }
    }
    found
}

/// `ImpinjR700` as the configuration writes it: `impinj-r700`.
fn kebab(variant: &str) -> String {
    let mut out = String::new();
    for c in variant.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// Every section of the bridge's configuration by its heading.
fn sections() -> BTreeMap<String, Keys> {
    let mut found = BTreeMap::new();
    for (heading, path, name) in SECTIONS {
        found.insert(
            heading.to_owned(),
            keys(&read(path), &format!("pub struct {name} {{"), "    "),
        );
    }
    let (path, name) = DEVICES;
    let source = read(path);
    let begin = source.find(&format!("pub enum {name} {{")).expect("the devices");
    let body = source[begin..].split("\n}").next().expect("its variants");
    for line in body.lines() {
        if let Some(variant) = line.strip_prefix("    ").and_then(|line| line.strip_suffix(" {"))
            && variant.chars().all(|c| c.is_ascii_alphanumeric())
        {
            let head = format!("\n    {variant} {{");
            found.insert(format!("device.{}", kebab(variant)), keys(body, &head, "        "));
        }
    }
    found
}

/// The rows below each heading in backticks: the key, and whether it is said to be required.
fn tables(document: &str) -> BTreeMap<String, Keys> {
    let mut found: BTreeMap<String, Keys> = BTreeMap::new();
    let mut heading = None;
    for line in document.lines() {
        if line.starts_with('#') {
            heading = line.split('`').nth(1).filter(|_| line.starts_with("### `"));
        } else if let (Some(heading), Some(row)) = (heading, line.strip_prefix("| `")) {
            let cells: Vec<&str> = row.trim_end_matches('|').split(" | ").collect();
            let key = cells[0].trim_end_matches('`').to_owned();
            let is_required = cells.get(2).is_some_and(|cell| cell.trim() == REQUIRED);
            found.entry(heading.to_owned()).or_default().insert(key, is_required);
        }
    }
    found
}

/// What the tables lack, have too much, or say wrongly.
fn faults(expected: &BTreeMap<String, Keys>, found: &BTreeMap<String, Keys>) -> Vec<String> {
    let mut faults = Vec::new();
    let none = Keys::new();
    for (heading, keys) in expected {
        let rows = found.get(heading).unwrap_or(&none);
        let names: BTreeSet<&String> = keys.keys().chain(rows.keys()).collect();
        for name in names {
            match (keys.get(name), rows.get(name)) {
                (Some(_), None) => faults.push(format!("`{heading}` has no row for `{name}`")),
                (None, _) => {
                    faults.push(format!("`{heading}` has a row for `{name}`, which is no key"));
                }
                (Some(true), Some(false)) => {
                    faults.push(format!("`{heading}`: `{name}` is {REQUIRED}"));
                }
                (Some(false), Some(true)) => {
                    faults.push(format!("`{heading}`: `{name}` has a default"));
                }
                (Some(_), Some(_)) => {}
            }
        }
    }
    faults
}

#[test]
fn the_reference_of_the_bridge_has_every_key_and_no_other() {
    let expected = sections();
    let count: usize = expected.values().map(Keys::len).sum();
    assert!(expected.len() > 18 && count > 90, "the types were not read: {expected:#?}");
    let mut found = tables(&DOCUMENTS.map(read).concat());
    // Only the bridge's sections are looked at.
    found.retain(|heading, _| expected.contains_key(heading));
    let faults = faults(&expected, &found);
    assert!(faults.is_empty(), "{DOCUMENTS:?}:\n{}", faults.join("\n"));
}

#[test]
fn a_missing_row_a_row_too_many_and_a_wrong_default_are_named() {
    let source = "#[derive(Debug)]\npub struct A {\n    /// One.\n    pub one: String,\n    /// Two.\n    #[serde(default = \"x\", rename = \"second\")]\n    pub two: u8,\n    #[serde(default)]\n    pub three: u8,\n    pub four: u8,\n}\n\n#[serde(deny_unknown_fields, default)]\npub struct B {\n    pub five: u8,\n}\n";
    let of = |name: &str| keys(source, &format!("pub struct {name} {{"), "    ");
    assert_eq!(of("B"), Keys::from([("five".to_owned(), false)]));
    let document = "### `a`\n\n| key | what | default |\n|---|---|---|\n| `one` | x | 3 |\n| `second` | x | required |\n| `four` | x | required |\n| `six` | x | 1 |\n\n## Other\n\n| `three` | x | 0 |\n";
    assert_eq!(
        faults(&BTreeMap::from([("a".to_owned(), of("A"))]), &tables(document)),
        [
            "`a`: `one` is required",
            "`a`: `second` has a default",
            "`a` has a row for `six`, which is no key",
            "`a` has no row for `three`",
        ]
    );
    assert_eq!(
        [kebab("ImpinjR700"), kebab("R200"), kebab("SparkplugB")],
        ["impinj-r700", "r200", "sparkplug-b"]
    );
}
