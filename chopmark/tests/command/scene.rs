//! A database with a factory's ledger and a hub, a policy file, and the program.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use history::testing::{EventDraft, FACTORY, TestLedger, object_event};
use sql::Access;
use sql::testing::TestDb;

pub const SITE: &str = "factory.example/packing";
pub const HUB: &str = "hub.example/1";
pub const RECORDED: &str = "2026-11-22T00:00:00Z";

/// What a run of the program left.
pub struct Ran {
    pub status: i32,
    pub out: String,
    pub err: String,
}

/// Runs the program with these words.
pub fn chopmark(words: &[&str]) -> Ran {
    ended(start(words))
}

/// The program with these words, in English, where nothing in the environment says a word about colour.
pub fn program(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chopmark"));
    command.args(words).env("LC_ALL", "C").env("TERM", "xterm");
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Starts the program with these words.
fn start(words: &[&str]) -> Child {
    program(words).spawn().unwrap()
}

/// Runs the program with these words; `input` is its standard input.
pub fn chopmark_reading(words: &[&str], input: &[u8]) -> Ran {
    let mut child = program(words).stdin(Stdio::piped()).spawn().unwrap();
    // A command that refuses its arguments ends without reading, and then writing to it fails.
    if let Err(error) = child.stdin.take().unwrap().write_all(input) {
        assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe, "{error}");
    }
    ended(child)
}

/// Runs a line of shell in which `$chopmark` is the program.
pub fn shell(line: &str) -> Ran {
    let mut command = Command::new("bash");
    command.args(["-c", line]).env("chopmark", env!("CARGO_BIN_EXE_chopmark"));
    command.env("LC_ALL", "C").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    ended(command.spawn().unwrap())
}

/// A file of the golden bundles.
pub fn golden(name: &str) -> String {
    format!("{}/../crates/ledger/tests/golden/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// What a program left that was started.
pub fn ended(program: Child) -> Ran {
    let Output { status, stdout, stderr } = program.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { status: status.code().unwrap_or(-1), out: text(stdout), err: text(stderr) }
}

pub struct Scene {
    pub db: TestDb,
    pub site: TestLedger,
    pub hub: TestLedger,
    folder: tempfile::TempDir,
}

pub fn event(hour: u8, step: &str) -> EventDraft {
    object_event(&format!("2026-11-20T{hour:02}:00:00Z"), step).at(FACTORY)
}

impl Scene {
    /// A ledger with checkpoints of 2 and 4 records; both are entries of the hub.
    pub async fn new(name: &str) -> Self {
        let db = TestDb::migrated(name).await;
        let site = TestLedger::create(&db, SITE, "site", "Factory").await;
        let hub = TestLedger::create(&db, HUB, "hub", "Hub").await;
        let scene = Self { db, site, hub, folder: tempfile::tempdir().unwrap() };
        for hours in [[1, 2], [3, 4]] {
            // The item is issued first: what nobody issued has no history.
            let steps =
                hours.map(|hour| event(hour, if hour == 1 { "commissioning" } else { "storing" }));
            scene.site.append(&steps, RECORDED).await;
            scene.hub.append_checkpoint_of(&scene.site, RECORDED).await;
        }
        let policy = scene.site.policy_lines("log") + &scene.hub.policy_lines("hub");
        scene.file("policy.txt", &policy);
        scene
    }

    /// Writes a file into the folder of this scene.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A file of this scene.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the audit with more words.
    pub fn audit(&self, more: &[&str]) -> Ran {
        ended(self.start_audit(more))
    }

    /// Starts the audit with more words.
    pub fn start_audit(&self, more: &[&str]) -> Child {
        let policy = self.folder.path().join("policy.txt");
        let url = self.db.url_for(Access::Owner);
        let words = ["audit", "--database", &url, "--policy", policy.to_str().unwrap()];
        start(&[&words, more].concat())
    }
}
