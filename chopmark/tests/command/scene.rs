//! A database with a factory's ledger and a hub, a policy file, and the program.

use std::path::PathBuf;
use std::process::{Command, Output};

use history::testing::{EventDraft, FACTORY, TestLedger, object_event};
use sql::anchors::{AnchorEvidence, NewAnchor};
use sql::testing::TestDb;
use sql::{Access, Transaction};

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
    let mut command = Command::new(env!("CARGO_BIN_EXE_chopmark"));
    let Output { status, stdout, stderr } = command.args(words).output().unwrap();
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

    /// Stores a final anchor of the hub's newest head.
    pub async fn anchor(&self) {
        let head = sql::ledgers::head(&self.db, self.hub.id).await.unwrap();
        let new = NewAnchor {
            hub: self.hub.id,
            size: head.size,
            root: &head.root,
            chain_id: 1,
            contract: &[7; 20],
        };
        let evidence = AnchorEvidence {
            block_number: 9,
            block_hash: [9; 32],
            block_time: RECORDED.parse().unwrap(),
            header: Vec::new(),
            transaction_index: 0,
            receipt: Vec::new(),
            proof: Vec::new(),
        };
        let stored = self.db.run_tx("test.anchor", async |tx: &Transaction<'_>| {
            let id = sql::anchors::insert(tx, &new).await?;
            sql::anchors::insert_proof(tx, id, &evidence).await
        });
        stored.await.unwrap();
    }

    /// A file of this scene.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the audit with more words.
    pub fn audit(&self, more: &[&str]) -> Ran {
        let policy = self.folder.path().join("policy.txt");
        let url = self.db.url_for(Access::Owner);
        let words = ["audit", "--database", &url, "--policy", policy.to_str().unwrap()];
        chopmark(&[&words, more].concat())
    }
}
