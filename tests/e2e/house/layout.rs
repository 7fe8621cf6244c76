//! The rules of the house, held by looking at every file.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Files below the rooms of the house with one of these endings, as paths from the root.
fn files(endings: &[&str]) -> Vec<(String, String)> {
    let rooms = [
        "crates",
        "sql",
        "firmware-bridge",
        "ingest",
        "anchor",
        "trace-api",
        "chopmark",
        "demo",
        "tests",
        "fuzz",
        "docs",
        "dashboards",
    ];
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = rooms.iter().map(|room| root().join(room)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                if !["node_modules", "target", "golden"].contains(&name.as_str())
                    || name == "target" && folder.ends_with("src")
                {
                    folders.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                let text = fs::read_to_string(&path).unwrap_or_default();
                let shown = path
                    .strip_prefix(root())
                    .expect("below the root")
                    .to_string_lossy()
                    .into_owned();
                found.push((shown, text));
            }
        }
    }
    found
}

/// The code of a file without comments and without its tests.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn in_source(path: &str) -> bool {
    path.contains("/src/")
}

#[test]
fn pure_crates_do_no_io_and_hold_no_clock_and_no_randomness() {
    let forbidden = [
        "std::fs",
        "std::net",
        "std::process",
        "SystemTime::now",
        "Instant::now",
        "Timestamp::now",
        "Zoned::now",
        "tokio::",
        "std::env",
    ];
    for (path, text) in files(&[".rs"]) {
        let is_pure = ["crates/epc/", "crates/reads/", "crates/epcis/", "crates/ledger/"]
            .iter()
            .any(|room| path.starts_with(room));
        if is_pure && in_source(&path) {
            for word in forbidden {
                assert!(!code(&text).contains(word), "{path} names {word}");
            }
        }
    }
}

#[test]
fn each_dangerous_library_is_named_in_its_own_place_only() {
    for (path, text) in files(&[".rs"]) {
        if !in_source(&path) {
            continue;
        }
        let code = code(&text);
        for (library, places) in [
            ("tokio_postgres", &["sql/"][..]),
            ("deadpool_postgres", &["sql/"]),
            ("serialport::", &["firmware-bridge/src/port.rs"]),
            ("rumqttc", &["firmware-bridge/src/broker.rs", "demo/src/simulators/broker.rs"]),
            (
                "ureq::",
                &[
                    "firmware-bridge/src/deliver.rs",
                    "anchor/src/rpc.rs",
                    "demo/src/web.rs",
                    "tests/src/stage.rs",
                ],
            ),
            ("aws_lc_rs", &["crates/ledger/src/hash.rs", "crates/ledger/src/keys.rs"]),
        ] {
            let is_allowed = places.iter().any(|place| path.starts_with(place));
            // Installing the provider is not using it.
            let names = code.replace("crypto::aws_lc_rs::default_provider", "").contains(library);
            assert!(is_allowed || !names, "{path} names {library}");
        }
    }
}

#[test]
fn processes_do_not_depend_on_one_another_and_the_ledger_not_on_events() {
    let processes = ["firmware-bridge", "ingest", "anchor", "trace-api"];
    for process in processes {
        let manifest =
            fs::read_to_string(root().join(process).join("Cargo.toml")).expect("a manifest");
        for other in processes.iter().filter(|other| **other != process) {
            assert!(
                !manifest.contains(&format!("\n{other}.workspace")),
                "{process} depends on {other}"
            );
        }
    }
    let ledger = fs::read_to_string(root().join("crates/ledger/Cargo.toml")).expect("a manifest");
    assert!(!ledger.contains("epcis"));
}

#[test]
fn no_drawer_no_giant_and_nothing_unfinished() {
    let drawers =
        ["util", "utils", "common", "helpers", "misc", "core", "types", "shared", "manager"];
    let unfinished = [
        "todo!(",
        "unimplemented!(",
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("#[ign", "ore"),
    ];
    for (path, text) in files(&[".rs", ".sql", ".sol", ".js", ".mjs"]) {
        let stem =
            path.rsplit('/').next().and_then(|name| name.split('.').next()).unwrap_or_default();
        assert!(!drawers.contains(&stem), "{path} is a drawer");
        assert!(text.lines().count() <= 600, "{path} has {} lines", text.lines().count());
        for word in unfinished {
            assert!(!text.contains(word) || path.ends_with("layout.rs"), "{path} holds {word}");
        }
    }
}

#[test]
fn every_source_file_says_what_it_is_for() {
    for (path, text) in files(&[".rs"]) {
        assert!(text.starts_with("//!"), "{path} has no header");
    }
    for (path, text) in files(&[".sql"]) {
        assert!(text.starts_with("-- "), "{path} has no header");
        if let Some(name) = path.strip_prefix("sql/src/queries/") {
            let want = name.trim_end_matches(".sql").replacen('/', "::", 1);
            assert_eq!(text.lines().next(), Some(format!("-- {want}").as_str()), "{path}");
        }
    }
}

#[test]
fn nothing_that_people_read_promises_more_than_we_know() {
    let words = [
        "genuine",
        "authentic ",
        "tamper-proof",
        "unforgeable",
        "trustless",
        "正品",
        "100 %",
        "guaranteed",
    ];
    for (path, text) in files(&[".rs", ".html", ".md", ".js"]) {
        let is_read =
            ["trace-api/", "chopmark/", "docs/"].iter().any(|room| path.starts_with(room));
        if !is_read || path.ends_with("words.rs") {
            continue;
        }
        for line in text.lines() {
            let lower = line.to_lowercase();
            let is_denied = ["never", "not ", "no "].iter().any(|word| lower.contains(word));
            for word in words {
                assert!(!lower.contains(word) || is_denied, "{path}: {line}");
            }
        }
    }
}
