//! `chopmark config check`: everything at once, each with its place; nothing twice, no password, nothing changed.

use serde_json::Value;

use crate::running::chopmark_in;

const WRONG: &str = "\
[database]
url = \"postgresql://u:hunter2@db/x?sslmode=perhaps\"
conections = 5

[[ledger]]
origin = \"a.example/1\"
party = { name = \"A\", pgln = \"urn:epc:id:pgln:9521141.00000\" }
keys = \"keys/missing.pem\"
rules = \"rules.toml\"

[ingest]
lisen = \"127.0.0.1:1\"
body_within_s = 0

[[bridge]]
id = \"b1\"
public_key = \"AAAA\"
ledger = \"b.example/1\"

[trace_api]
public_url = \"http://x\"
policy = \"policy.txt\"
scan_secret = \"scan.secret\"
products = \"products.toml\"
unknown_per_minute = 0

[firmware_bridge]
id = \"b1\"
key = \"keys/missing.pem\"
ingest_url = \"http://10.0.0.1\"
ledger = \"a.example/1\"

[[firmware_bridge.reader]]
id = \"door\"
read_point = \"door 3\"
device.mapped-json = { broker = \"b:1883\", topic = \"t\", mapping = { ep = \"/epc\" } }
";

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    put("chopmark.toml", WRONG);
    put("rules.toml", "version = \"1\"\nlocation = \"nowhere\"\nrule = []\n");
    put("policy.txt", "log x\n");
    put("scan.secret", "short\n");
    put(
        "products.toml",
        "[[product]]\ngtin = \"1\"\nname_zh = \"\"\nname_en = \"\"\npack_zh = \"\"\npack_en = \"\"\n",
    );
    folder
}

#[test]
fn everything_that_is_wrong_is_said_at_once_with_its_line_and_what_was_expected() {
    let folder = folder();
    let ran = chopmark_in(folder.path(), &["config", "check"]);
    assert_eq!(ran.status, 1, "{}{}", ran.out, ran.err);
    for words in [
        "chopmark.toml, line 2, column 1: [database] url: ",
        "line 3, column 1: [database] conections: unknown field `conections`",
        "did you mean `connections`?",
        "line 8, column 1: [[ledger]] `a.example/1` keys: could not read",
        "`chopmark keys ledger` makes it",
        "line 9, column 1: [[ledger]] `a.example/1` rules: rule (site) in",
        "line 12, column 1: [ingest] lisen: unknown field `lisen`",
        "did you mean `listen`?",
        "line 13, column 1: [ingest] body_within_s: got 0, expected at least 1",
        "line 17, column 1: [[bridge]] `b1` public_key: got `AAAA`",
        "line 18, column 1: [[bridge]] `b1` ledger: got `b.example/1`, expected one of",
        "line 22, column 1: [trace_api] policy: ",
        "line 23, column 1: [trace_api] scan_secret: got 5 bytes",
        "products.toml, line 2, column 1: [[product]] `1` gtin: got `1`, expected 14 digits",
        "line 25, column 1: [trace_api] unknown_per_minute: got 0, expected 1 to 1000000",
        "line 29, column 1: [firmware_bridge] key: could not read",
        "line 30, column 1: [firmware_bridge] ingest_url: got `http://10.0.0.1`",
        "line 35, column 1: [[firmware_bridge.reader]] `door` read_point: got `door 3`",
        "line 36, column 68: [[firmware_bridge.reader]] `door` device.mapped-json.mapping.ep: unknown field `ep`",
    ] {
        assert!(ran.out.contains(words), "`{words}` is not in:\n{}", ran.out);
    }
    assert!(!ran.out.contains("hunter2"), "{}", ran.out);
    let lines: Vec<&str> = ran.out.lines().filter(|line| line.contains(", line ")).collect();
    let mut once = lines.clone();
    once.dedup();
    assert_eq!(lines, once, "nothing is said twice");
    let numbers: Vec<usize> = lines
        .iter()
        .filter(|line| line.starts_with("chopmark.toml"))
        .filter_map(|line| line.split("line ").nth(1)?.split(',').next()?.parse().ok())
        .collect();
    assert!(numbers.is_sorted(), "{numbers:?}");

    // The start says the same, once, and starts nothing.
    let up = chopmark_in(folder.path(), &["up"]);
    assert_eq!(up.status, 2, "{}{}", up.out, up.err);
    for line in &lines {
        assert_eq!(up.err.matches(line).count(), 1, "{line}:\n{}", up.err);
    }
}

#[test]
fn the_report_is_one_json_object_for_scripts() {
    let folder = folder();
    let ran = chopmark_in(folder.path(), &["config", "check", "--json"]);
    assert_eq!(ran.status, 1);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(report["roles"], serde_json::json!(["bridge", "ingest", "trace-api"]));
    let problems = report["problems"].as_array().unwrap();
    let found = problems.iter().find(|one| one["key"] == "body_within_s").unwrap();
    for (member, value) in [
        ("file", "chopmark.toml".into()),
        ("line", Value::from(13)),
        ("column", 1.into()),
        ("section", "[ingest]".into()),
        ("got", "0".into()),
        ("expected", "at least 1".into()),
    ] {
        assert_eq!(found[member], value, "{member}: {found}");
    }
    assert!(!ran.out.contains("hunter2"));
}

#[test]
fn what_follows_from_a_wrong_key_is_not_reported_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let put = |text: &str| std::fs::write(folder.path().join("chopmark.toml"), text).unwrap();
    put("[database]\nembedded = true\n[[ledger]]\norgin = \"a.example/1\"\nkeys = 5\n\
         party = { name = \"A\", pgln = \"urn:epc:id:pgln:9521141.00000\" }\n\
         [ingest]\n[[bridge]]\nid = \"b\"\npublic_keys = \"x\"\nledger = \"a.example/1\"\n");
    let ran = chopmark_in(folder.path(), &["config", "check"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.out.contains("line 4, column 1: [[ledger]] orgin: unknown field `orgin`"),
        "{}",
        ran.out
    );
    assert!(
        ran.out.contains("line 5, column 8: [[ledger]] keys: invalid type: integer `5`"),
        "{}",
        ran.out
    );
    assert!(
        ran.out.contains("line 10, column 15: [[bridge]] `b` public_keys: invalid type"),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains("could not read"), "{}", ran.out);
    assert!(!ran.out.contains("[[bridge]] `b` ledger"), "{}", ran.out);
}

#[test]
fn a_file_that_is_missing_or_no_toml_is_said_and_one_without_a_role_is_no_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let ran = chopmark_in(folder.path(), &["config", "check"]);
    assert_eq!(ran.status, 1);
    assert!(ran.out.contains("could not read chopmark.toml: No such file"), "{}", ran.out);
    let put = |text: &str| std::fs::write(folder.path().join("chopmark.toml"), text).unwrap();
    put("[ingest\nlisten = 5\n");
    let ran = chopmark_in(folder.path(), &["config", "check"]);
    assert_eq!(ran.status, 1);
    assert!(ran.out.contains("chopmark.toml, line 1, column "), "{}", ran.out);
    put("[database]\nurl = \"postgresql://a@b/c\"\n");
    let ran = chopmark_in(folder.path(), &["config", "check"]);
    assert_eq!(ran.status, 0, "{}", ran.out);
    assert!(ran.out.contains("nothing is wrong; it has no section of a process"), "{}", ran.out);
}
