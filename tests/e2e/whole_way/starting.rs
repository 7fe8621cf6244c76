//! How processes start: everything that is wrong is reported before anything starts, and a role needs no more than its
//! own rights in the database.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sql::Access;
use sql::cluster::find_binaries;
use tests::program::chopmark;
use tests::stage::{Stage, get};
use tests::waiting::wait_for;

/// Exit status and output of `chopmark up` with this file in `folder`.
fn up(folder: &Path, text: &str) -> (Option<i32>, String) {
    fs::write(folder.join("chopmark.toml"), text).expect("the folder is ours");
    let output =
        Command::new(chopmark()).arg("up").current_dir(folder).output().expect("chopmark starts");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn every_problem_of_every_role_is_printed_and_nothing_is_started() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (status, text) = up(
        folder.path(),
        "[database]\nembedded = true\nconnections = 1\n[log]\notlp = \"collector\"\n[ingest]\n\
         [[partner]]\nname = \"erp\"\ntoken_sha256 = \"abc\"\nledger = \"nowhere\"\n\
         [trace_api]\npublic_url = \"http://x\"\npolicy = \"missing.txt\"\nscan_secret = \"missing.key\"\n\
         [firmware_bridge]\nid = \"a b\"\nkey = \"missing.pem\"\ningest_url = \"http://x\"\nledger = \"a b\"\n",
    );
    assert_eq!(status, Some(2), "{text}");
    for words in [
        "[log] otlp: got `collector`, expected",
        "[database] connections: got 1, expected 2 to 200",
        "[[partner]] `erp` ledger: got `nowhere`, expected",
        "[[partner]] `erp` token_sha256: got 3 characters, expected 64 hex digits",
        "[trace_api] policy: could not read",
        "[trace_api] scan_secret: could not read",
        "[firmware_bridge] id: got `a b`, expected",
        "[firmware_bridge] key: could not read",
        "[firmware_bridge] ingest_url: got `http://x`, expected `https://…` to another machine",
        "[firmware_bridge] ledger: got `a b`, expected the origin of a ledger",
    ] {
        assert!(text.contains(words), "`{words}` is not in:\n{text}");
    }
    assert!(!folder.path().join("postgres").exists(), "a cluster was started");
}

#[test]
fn wrong_sections_are_printed_with_their_lines() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (status, text) = up(folder.path(), "[ingest]\nlisten = 8081\n[ancor]\n[log]\nlevel = 3\n");
    assert_eq!(status, Some(2), "{text}");
    for words in [
        "line 2, column",
        "line 5, column",
        "line 3, column 2: [ancor] section: got section `ancor`",
    ] {
        assert!(text.contains(words), "`{words}` is not in:\n{text}");
    }
}

#[test]
fn after_the_owner_migrated_ingest_runs_with_its_own_role_only() {
    let database = |key: &str, url: &str| format!("[database]\n{key} = \"{url}\"");
    let stage = Stage::new(None);
    let owner = database("url", &stage.cluster.url_for(Access::Owner));
    let own = database("ingest_url", &stage.cluster.url_for(Access::Ingest));
    fs::write(stage.folder.path().join("owner.toml"), &owner).expect("the folder is ours");
    let (status, text) = stage.chopmark(&["migrate", "--config", "owner.toml"]);
    assert_eq!(status, Some(0), "{text}");
    let (status, text) = stage.chopmark(&["migrate", "--config", "owner.toml"]);
    assert_eq!(status, Some(0), "the second time changes nothing: {text}");

    let file = stage.folder.path().join("chopmark.toml");
    let whole = fs::read_to_string(&file).expect("the stage wrote it");
    assert!(whole.contains(&owner), "{whole}");
    fs::write(&file, whole.replace(&owner, &own)).expect("the folder is ours");
    let mut ingest = stage.start_ingest();
    assert_eq!(get(&format!("http://{}/readyz", stage.ingest)), (200, "ready\n".into()));
    assert!(ingest.stop().success(), "{}", ingest.tail());

    let (status, text) = stage.chopmark(&["migrate"]);
    assert_eq!(status, Some(2), "{text}");
    assert!(
        text.contains("[database] url: got none, expected the URL of the schema's owner"),
        "{text}"
    );
}

#[test]
fn a_signal_to_stop_is_followed_while_a_migration_waits_and_the_next_start_migrates() {
    let stage = Stage::new(None);
    let psql = |text: &str| {
        let mut command = Command::new(find_binaries().expect("it runs").bin.join("psql"));
        command.args(["-At", "-c", text, "--dbname", stage.cluster.url()]);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        command
    };
    let count = |text: &str| {
        let output = psql(text).output().expect("psql starts");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    let locks = "select count(*) from pg_locks where locktype = 'advisory'";
    // As another `chopmark migrate` that is at work.
    let mut other = psql("select pg_advisory_lock(7236838), pg_sleep(600)");
    let mut other = other.spawn().expect("psql starts");
    wait_for("the other one migrates", || count(&format!("{locks} and granted")) == "1");
    let mut ingest = stage.start("chopmark.toml", "ingest", None);
    wait_for("the migration waits", || count(&format!("{locks} and not granted")) == "1");
    let asked = Instant::now();
    ingest.terminate();
    let status = ingest.wait();
    other.kill().expect("it is ours");
    other.wait().expect("it ends");
    assert!(status.success(), "{status}: {}", ingest.tail());
    assert!(asked.elapsed() < Duration::from_secs(15), "{:?}", asked.elapsed());
    assert!(ingest.tail().contains("asked to stop before everything had started"));
    let ends = "select count(pg_terminate_backend(pid)) from pg_stat_activity where query like '%pg_sleep%' \
                and pid <> pg_backend_pid()";
    count(ends);
    let mut ingest = stage.start_ingest();
    assert!(ingest.stop().success(), "{}", ingest.tail());
}
