//! Tests that are skipped where data or programs of others are absent: found by one way, and announced.
//!
//! What holds: `make test` says last what was skipped, also when tests fail; nobody looks for foreign data in another way.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

/// Runs the script of `make test` with a `cargo` that does this; its status and what it prints.
fn make_test(cargo: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join("cargo");
    std::fs::write(&program, format!("#!/bin/sh\n{cargo}\n")).expect("the folder is ours");
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(&program, mode).expect("the folder is ours");
    let path = std::env::var("PATH").expect("a path");
    let output = Command::new("scripts/test.sh")
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .env("PATH", format!("{}:{path}", folder.path().display()))
        // Not the list of the run that this test is part of.
        .env("CHOPMARK_SKIPPED", folder.path().join("list"))
        .output()
        .expect("the script starts");
    (output.status.code(), String::from_utf8(output.stdout).expect("UTF-8"))
}

#[test]
fn make_test_says_last_what_was_skipped_also_when_tests_fail() {
    let line =
        r#"printf 'b.rs\tno data\ttwo frames\na.rs\tno data\ta proof\n' >>"$CHOPMARK_SKIPPED""#;
    let (status, text) = make_test(&format!("{line}; {line}; echo FAILED; exit 101"));
    assert_eq!(status, Some(101));
    let (_, block) = text.split_once("FAILED\n").expect("cargo ran first");
    let lines: Vec<&str> = block.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert!(lines[0].starts_with("skipped tests: 2 (CONTRIBUTING"), "{block}");
    let why = "why:      no data";
    let expected = ["a.rs", why, "it adds:  a proof", "b.rs", why, "it adds:  two frames"];
    assert_eq!(lines[1..], expected);
    let (status, text) = make_test("exit 101");
    assert_eq!((status, text.as_str()), (Some(101), "skipped tests: none\n"));
}

#[test]
fn a_list_that_is_not_there_is_not_taken_for_nothing_skipped() {
    let output = Command::new("scripts/skipped.sh")
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .env("CHOPMARK_SKIPPED", "/nonexistent/list")
        .output()
        .expect("the script starts");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success() && text.starts_with("skipped tests: unknown"), "{text}");
}
