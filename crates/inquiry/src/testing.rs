//! What the tests of this crate share: ledgers in a database, projected, and readers with and without limits.

use std::sync::Arc;

use access::{Act, Decision, Grant, Identity, Means, Role, Scope, Sight, decide};
use directory::Rights;
use history::Cache;
use history::projected::project;
use history::testing::{EventDraft, TestLedger, rights};
use jiff::Timestamp;
use ledger::policy::Policy;
use sql::Transaction;
use sql::events::{Batch, Move};
use sql::testing::TestDb;

use crate::custody::Reader;

/// Origin of the ledger of tests.
pub const SITE: &str = "factory.example/packing";
/// Origin of the hub.
pub const HUB: &str = "hub.example/1";

/// A ledger and a hub in a database of their own.
pub struct Scene {
    pub db: TestDb,
    pub site: TestLedger,
    pub hub: TestLedger,
    pub policy: Arc<Policy>,
    pub rights: Rights,
    pub cache: Cache,
}

impl Scene {
    /// A ledger with `events`, in the hub, projected.
    pub async fn with(name: &str, events: &[EventDraft]) -> Self {
        let db = TestDb::migrated(name).await;
        let site = TestLedger::create(&db, SITE, "site", "Bamboo Spring").await;
        let hub = TestLedger::create(&db, HUB, "hub", "Chopmark").await;
        site.append(events, "2026-11-22T03:30:00Z").await;
        hub.append_checkpoint_of(&site, "2026-11-22T03:31:00Z").await;
        let policy = site.policy_lines("log") + &hub.policy_lines("hub");
        let policy = Arc::new(policy.parse().expect("a policy of the test"));
        let scene = Self { db, site, hub, policy, rights: rights(), cache: Cache::new(1 << 20) };
        scene.project().await;
        scene
    }

    /// Projects what waits, as the projector does.
    pub async fn project(&self) {
        loop {
            let waiting = sql::events::waiting(&self.db, 1_000).await.expect("it answers");
            if waiting.is_empty() {
                return;
            }
            let mut batch = Batch::default();
            for of_ledger in &waiting {
                let mut to = of_ledger.from;
                for chunk in &of_ledger.chunks {
                    for record in chunk.records() {
                        match project(&record) {
                            Ok(event) => batch.events.push(event),
                            Err(skipped) => batch.skipped.push(skipped),
                        }
                    }
                    to = chunk.first + chunk.count;
                }
                batch.moves.push(Move { ledger: of_ledger.ledger, from: of_ledger.from, to });
            }
            let add = async |tx: &Transaction<'_>| sql::events::apply(tx, &batch).await;
            self.db.run_tx_once("test.project", add).await.expect("projected");
        }
    }

    /// With what histories are read.
    pub fn reader(&self) -> Reader<'_> {
        Reader {
            db: &self.db,
            cache: &self.cache,
            policy: &self.policy,
            rights: &self.rights,
            hub: Some(HUB),
            now: now(),
        }
    }
}

/// When the tests take place.
pub fn now() -> Timestamp {
    "2026-11-23T08:00:00Z".parse().expect("a time")
}

/// What somebody with this role and scope sees.
pub fn sight(role: Role, scope: Scope) -> Sight {
    let grant = Grant::new(role, scope, None).expect("a grant");
    let who = Identity { subject: "lee".into(), means: Means::Session, grants: vec![grant] };
    match decide(Some(&who), Act::QueryEvents, now()) {
        Decision::Allowed(sight) => sight,
        Decision::Refused { why, .. } => panic!("{why}"),
    }
}

/// Everything.
pub fn all() -> Sight {
    sight(Role::Auditor, Scope::default())
}
