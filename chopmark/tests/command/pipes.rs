//! Who reads the output may stop at any line: no panic, no message, and the status is that of the outcome.

use crate::scene::{Scene, golden, shell};

/// Runs a line whose reader stops early; fails on any message. Returns the statuses of all commands in the pipe.
fn piped(line: &str) -> String {
    let ran = shell(&format!("{line} >/dev/null; echo \"${{PIPESTATUS[@]}}\""));
    assert_eq!(ran.err, "", "{line}");
    ran.out.trim().to_owned()
}

#[test]
fn a_reader_that_stops_early_is_no_panic_and_no_message() {
    let verify = format!(
        "\"$chopmark\" verify {} --policy {}",
        golden("valid/item.bundle.json"),
        golden("policy.txt")
    );
    for line in [
        "\"$chopmark\" completions bash | head -1",
        "\"$chopmark\" --help | true",
        "\"$chopmark\" help verify | head -1",
        "\"$chopmark\" | true",
        "\"$chopmark\" epc decode 3074257BF7194E4000001A85 | head -1",
        &format!("{verify} | true"),
        &format!("{verify} --json | true"),
    ] {
        assert_eq!(piped(line), "0 0", "{line}");
    }
}

#[test]
fn lines_without_end_are_decoded_until_nobody_reads() {
    let line = "yes 3074257BF7194E4000001A85 | \"$chopmark\" epc decode | head -2";
    // `yes` ends by the signal of the closed pipe.
    assert_eq!(piped(line), "141 0 0");
}

#[tokio::test]
async fn an_audit_whose_reader_left_has_the_status_of_its_outcome() {
    let scene = Scene::new("pipes_audit").await;
    sql::testing::alter_record_as_owner(&scene.db, crate::scene::SITE, 1, "storing", "holding")
        .await
        .unwrap();
    let policy = scene.path("policy.txt");
    let url = scene.db.url_for(sql::Access::Owner);
    let audit = format!("\"$chopmark\" audit --database '{url}' --policy {}", policy.display());
    assert_eq!(piped(&format!("{audit} | true")), "1 0");
}

#[test]
fn an_output_that_cannot_be_written_is_said_and_is_no_success() {
    let ran = shell("\"$chopmark\" epc decode 3074257BF7194E4000001A85 > /dev/full");
    assert_eq!(ran.status, 2, "{}", ran.err);
    assert!(ran.err.contains("could not write standard output"), "{}", ran.err);
}
