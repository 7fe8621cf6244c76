//! The load test as people run it: a bounded soak with a killed ingest, and what a run says that cannot or does not hold.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tests::folder::temporary;
use tests::waiting::wait_at_most;

/// Longest wait for the processes of a private installation.
const LIMIT: Duration = Duration::from_mins(3);

fn load(data: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(tests::program::demo());
    command.arg("load").args(words).arg("--data").arg(data).env_remove("CHOPMARK_TOKEN");
    command
}

fn text(output: &Output) -> String {
    let [out, errors] = [&output.stdout, &output.stderr].map(|it| String::from_utf8_lossy(it));
    format!("{out}{errors}")
}

/// Ended when dropped, so that a failed test leaves nothing behind.
struct Started(Option<Child>);

impl Started {
    /// Asks it to end, as Ctrl-C does, and gives what it printed.
    fn end(mut self) -> Output {
        let child = self.0.take().expect("it runs");
        interrupt(&child);
        child.wait_with_output().expect("it can be waited for")
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            interrupt(&child);
            child.wait().ok();
        }
    }
}

fn interrupt(child: &Child) {
    kill(Pid::from_raw(i32::try_from(child.id()).expect("a process id")), Signal::SIGINT).ok();
}

#[test]
fn a_minute_of_load_in_which_ingest_is_killed_loses_and_doubles_nothing() {
    let folder = temporary();
    let data = folder.path().join("load");
    let words = "--captures 40 --scans 20 --minutes 0.75 --connections 8 --chaos ingest";
    let words: Vec<&str> = words.split(' ').collect();
    let output = load(&data, &words).output().expect("chopmark-demo starts");
    let text = text(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert_eq!(text.matches('✓').count(), 6, "every check was made: {text}");
    assert!(!text.contains("not checked") && !text.contains("FAILED"), "{text}");
    let report = std::fs::read_to_string(data.join("load.html")).expect("the report");
    for words in ["Nothing was lost or doubled", "ingest killed", "ingest is back", "<polyline"] {
        assert!(report.contains(words), "{words}");
    }
    for from_outside in ["<script", "src=", "href=", "url(", "NaN"] {
        assert!(!report.contains(from_outside), "the report has {from_outside}");
    }
    let left = Command::new("pgrep").arg("-f").arg(folder.path()).output().expect("pgrep runs");
    assert!(left.stdout.is_empty(), "left behind: {}", String::from_utf8_lossy(&left.stdout));
}

#[test]
fn an_installation_of_others_is_loaded_by_its_file_and_what_they_record_meanwhile_is_told() {
    let folder = temporary();
    let (theirs, ours) = (folder.path().join("theirs"), folder.path().join("ours"));
    let words = ["--captures", "5", "--scans", "5", "--minutes", "30"];
    let mut command = load(&theirs, &words);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let others = Started(Some(command.spawn().expect("chopmark-demo starts")));
    let config = theirs.join("chopmark.toml");
    let token = theirs.join("keys/partner.token");
    let file = config.display().to_string();
    // Refused (2) until its processes answer, which is after the file was written.
    let mut last = None;
    wait_at_most(LIMIT, "a load test against the other's installation can run", || {
        let Ok(token) = std::fs::read_to_string(&token) else { return false };
        let words = "--captures 20 --scans 20 --minutes 0.1 --shared";
        let mut command = load(&ours, &words.split(' ').collect::<Vec<_>>());
        let output = command.args(["--config", &file, "--token", &token]).output();
        let output = output.expect("chopmark-demo starts");
        let has_run = output.status.code() != Some(2);
        last = Some(output);
        has_run
    });
    let output = last.expect("it ran");
    let ours = text(&output);
    assert_eq!(output.status.code(), Some(0), "{ours}");
    assert_eq!(ours.matches('✓').count(), 6, "{ours}");

    // They did not expect us: Ctrl-C ends their sending, and their account names what it did not answer.
    let output = others.end();
    let theirs = text(&output);
    assert_eq!(output.status.code(), Some(1), "{theirs}");
    for words in [
        "stopped early",
        "FAILED: the ledgers grew by exactly what was answered",
        "no answer gave indexes",
        "FAILED: every answered scan was counted",
        "2 of 6 checks failed",
    ] {
        assert!(theirs.contains(words), "{words}: {theirs}");
    }
}

#[test]
fn what_cannot_run_says_what_was_expected_with_status_2() {
    let folder = temporary();
    let nobody = format!("http://{}", tests::waiting::free_address());
    for (words, expected) in [
        (vec!["--captures", "many"], "expected a number from 0 to 1000000, or `max`"),
        (vec!["--ingest", &nobody], "--token: got none"),
        (vec!["--config", "missing.toml", "--token", "t"], "missing.toml"),
        (vec!["--ingest", "https://x.example", "--token", "t"], "expected http://HOST:PORT"),
        (vec!["--ingest", &nobody, "--token", "t", "--operator", &nobody], "no answer from"),
    ] {
        let output = load(&folder.path().join("data"), &words).output().expect("it starts");
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(text(&output).contains(expected), "{words:?}: {}", text(&output));
    }
}
