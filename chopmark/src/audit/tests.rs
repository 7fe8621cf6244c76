//! An audit that is interrupted and continued, and what somebody does to the database or to the position meanwhile.

use std::cell::Cell;
use std::path::PathBuf;

use history::testing::{EventDraft, FACTORY, TestLedger, object_event};
use ledger::Hash;
use sql::testing::TestDb;

use super::outcome::{self, AuditedLedger};
use super::position::Stand;
use super::*;

const SITE: &str = "factory.example/packing";
const RECORDED: &str = "2026-11-22T00:00:00Z";
/// Records of the site's ledger: commits of 300 and of one.
const COMMITS: [usize; 5] = [1, 300, 1, 1, 300];

struct Scene {
    db: TestDb,
    site: TestLedger,
    policy: Arc<Policy>,
    folder: tempfile::TempDir,
}

fn events(count: usize, first: usize) -> Vec<EventDraft> {
    let event = |at: usize| {
        let time = format!("2026-11-20T{:02}:{:02}:00Z", at / 60 % 24, at % 60);
        object_event(&time, "storing").at(FACTORY)
    };
    (first..first + count).map(event).collect()
}

impl Scene {
    async fn new(name: &str) -> Self {
        let db = TestDb::migrated(name).await;
        let site = TestLedger::create(&db, SITE, "site", "Factory").await;
        let hub = TestLedger::create(&db, "hub.example/1", "hub", "Hub").await;
        let mut first = 0;
        for count in COMMITS {
            site.append(&events(count, first), RECORDED).await;
            first += count;
        }
        hub.append_checkpoint_of(&site, RECORDED).await;
        let policy = site.policy_lines("log") + &hub.policy_lines("hub");
        let policy = Arc::new(policy.parse().unwrap());
        Self { db, site, policy, folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("audit.position")
    }

    fn position(&self) -> PositionFile {
        PositionFile::open(&self.path(), &self.policy).unwrap()
    }

    /// Audits with a position until `steps` steps were taken.
    async fn audit(&self, steps: usize) -> Option<Vec<AuditedLedger>> {
        self.audit_with(Some(self.position()), steps).await
    }

    async fn whole(&self) -> Vec<AuditedLedger> {
        self.audit_with(None, usize::MAX).await.unwrap()
    }

    async fn audit_with(
        &self,
        position: Option<PositionFile>,
        steps: usize,
    ) -> Option<Vec<AuditedLedger>> {
        let taken = Cell::new(0);
        let stop = || {
            taken.set(taken.get() + 1);
            taken.get() > steps
        };
        let setting = Setting {
            db: self.db.db(),
            policy: Arc::clone(&self.policy),
            position,
            stop: &stop,
            is_shown: false,
            pace: Pace { bytes: 1 },
        };
        audit_all(setting).await.unwrap()
    }

    /// Interrupts the audit where the site's ledger stands on its checkpoint of 302 records.
    async fn interrupted_at_302(&self) -> Stand {
        for steps in 0.. {
            std::fs::remove_file(self.path()).ok();
            assert!(self.audit(steps).await.is_none(), "it did not stop at 302 records");
            if let Some(stand) = self.position().of(SITE)
                && stand.standing.size == 302
            {
                return stand.clone();
            }
        }
        unreachable!("some number of steps is enough")
    }

    /// Replaces the position by another one.
    fn replace(&self, stand: Stand) {
        let mut position = self.position();
        position.put(SITE, stand).unwrap();
        position.save().unwrap();
    }

    async fn change(&self, index: u64) {
        let changed =
            sql::testing::alter_record_as_owner(&self.db, SITE, index, "storing", "holding");
        changed.await.unwrap();
    }
}

/// What is said of the site's ledger.
fn site(audited: &[AuditedLedger]) -> (Vec<Option<u64>>, u64, u64, Option<u64>) {
    let AuditedLedger { summary, earlier, .. } = &audited[0];
    let indexes = summary.findings.iter().map(|finding| finding.index).collect();
    (indexes, summary.records, summary.checkpoints, earlier.map(|earlier| earlier.size))
}

#[tokio::test]
async fn an_audit_interrupted_anywhere_and_continued_finds_what_an_uninterrupted_one_finds() {
    let scene = Scene::new("interrupted").await;
    for index in [0, 150, 301, 602] {
        scene.change(index).await;
    }
    let resign = "alter table checkpoints disable trigger user; update checkpoints set note = note || 'x' where size = 301";
    scene.db.execute(resign).await.unwrap();
    let lose = "alter table item_records disable trigger user; delete from item_records where leaf_index in (5, 400)";
    scene.db.execute(lose).await.unwrap();
    let whole = scene.whole().await;
    let all: Vec<_> = whole.iter().map(|one| one.summary.clone()).collect();
    assert_eq!(
        site(&whole),
        (
            vec![0, 150, 301, 602]
                .into_iter()
                .map(Some)
                .chain([None, Some(5), Some(400)])
                .collect(),
            603,
            5,
            None
        )
    );
    let mut sizes = Vec::new();
    for steps in 0.. {
        if scene.audit(steps).await.is_some() {
            break;
        }
        sizes.push(scene.position().of(SITE).map(|stand| stand.standing.size));
        let continued = scene.audit(usize::MAX).await.unwrap();
        let found: Vec<_> = continued.iter().map(|one| one.summary.clone()).collect();
        assert_eq!(found, all, "after {steps} steps");
        assert_eq!(continued[0].earlier.map(|one| one.size), *sizes.last().unwrap());
        assert_eq!(outcome::status(&continued, false), 1);
        assert!(!scene.path().exists(), "a complete audit leaves no position");
    }
    sizes.dedup();
    assert_eq!(sizes, [None, Some(1), Some(302), Some(303), Some(603)]);
}

#[tokio::test]
async fn a_change_above_the_position_is_found_and_one_below_is_said_not_to_be_looked_at() {
    let scene = Scene::new("above_and_below").await;
    scene.interrupted_at_302().await;
    scene.change(10).await;
    let audited = scene.audit(usize::MAX).await.unwrap();
    assert_eq!(site(&audited), (vec![], 603, 5, Some(302)));
    assert_eq!(site(&scene.whole().await).0, [Some(10)], "an audit from the beginning finds it");

    scene.interrupted_at_302().await;
    scene.change(310).await;
    // The position has the finding of the change below by now, and the audit that continues finds that above.
    assert_eq!(site(&scene.audit(usize::MAX).await.unwrap()).0, [Some(10), Some(310)]);
}

#[tokio::test]
async fn an_altered_position_is_not_used() {
    let scene = Scene::new("altered_position").await;
    let stand = scene.interrupted_at_302().await;
    scene.change(10).await;
    let from_the_beginning = (vec![Some(10)], 603, 5, None);
    let other = |change: &dyn Fn(&mut Stand)| {
        let mut other = stand.clone();
        change(&mut other);
        other
    };
    let cases = [
        other(&|stand| stand.standing.size = 303),
        other(&|stand| stand.standing.size = 603),
        // Ahead of the ledger.
        other(&|stand| stand.standing.size = 10_000),
        other(&|stand| stand.standing.peaks[0] = Hash::EMPTY),
        other(&|stand| stand.standing.peaks.truncate(1)),
        other(&|stand| stand.standing.note = Hash::EMPTY),
    ];
    for case in cases {
        scene.replace(case.clone());
        let audited = scene.audit(usize::MAX).await.unwrap();
        assert_eq!(site(&audited), from_the_beginning, "{case:?}");
    }
    // As it was, it is used.
    scene.replace(stand.clone());
    assert_eq!(site(&scene.audit(usize::MAX).await.unwrap()).3, Some(302));

    scene.replace(stand);
    let text = std::fs::read_to_string(scene.path()).unwrap();
    for damaged in
        [text.replace("\"size\":302", "\"size\":303"), text[..90].to_owned(), "{}".into()]
    {
        std::fs::write(scene.path(), damaged).unwrap();
        let refused = PositionFile::open(&scene.path(), &scene.policy).unwrap_err();
        assert!(
            format!("{refused:#}").contains("no position of an audit; remove it"),
            "{refused:#}"
        );
    }
    std::fs::write(scene.path(), text).unwrap();
    let wide = std::os::unix::fs::PermissionsExt::from_mode(0o620);
    std::fs::set_permissions(scene.path(), wide).unwrap();
    let refused = PositionFile::open(&scene.path(), &scene.policy).unwrap_err().to_string();
    assert!(refused.contains("got mode 0620, expected 0600"), "{refused}");
}

#[tokio::test]
async fn a_position_with_more_findings_than_can_be_read_again_is_saved_without_them() {
    let scene = Scene::new("large_position").await;
    let stand = scene.interrupted_at_302().await;
    let mut large = stand.clone();
    let finding = |index| ledger::audit::Finding {
        ledger: "other.example/1".to_owned(),
        index: Some(index),
        what: "the record does not fit its hash, which is a long sentence".to_owned(),
    };
    large.standing.of_rows = (0..200_000).map(finding).collect();
    let mut position = scene.position();
    position.put("other.example/1", large.clone()).unwrap();
    position.save().unwrap();
    assert_eq!(position.left_out.iter().collect::<Vec<_>>(), ["other.example/1"]);
    let again = scene.position();
    assert_eq!((again.of(SITE), again.of("other.example/1")), (Some(&stand), None));
    position.put("other.example/1", large).unwrap();
    assert!(position.of("other.example/1").is_none(), "it is not tried again and again");

    let file = std::fs::OpenOptions::new().write(true).open(scene.path()).unwrap();
    file.set_len(17 << 20).unwrap();
    let refused = PositionFile::open(&scene.path(), &scene.policy).unwrap_err().to_string();
    assert!(refused.contains("got more than 16777216 bytes"), "{refused}");
}

#[tokio::test]
async fn a_position_of_another_ledger_or_policy_or_before_a_rollback_is_not_used() {
    let scene = Scene::new("other_ledger").await;
    let stand = scene.interrupted_at_302().await;
    // A second installation whose ledger has the same name and sizes, under its own keys.
    let other = Scene::new("other_installation").await;
    other.change(10).await;
    let mut position = other.position();
    position.put(SITE, stand.clone()).unwrap();
    position.save().unwrap();
    assert_eq!(site(&other.audit(usize::MAX).await.unwrap()), (vec![Some(10)], 603, 5, None));
    // Under the policy of the other installation the file itself is of no use.
    let position = PositionFile::open(&scene.path(), &other.policy).unwrap();
    assert!(position.of(SITE).is_none());
    assert!(position.problem.unwrap().contains("was saved under other keys"));

    sql::testing::roll_back_as_owner(&scene.db, SITE, 301).await.unwrap();
    let audited = scene.audit(usize::MAX).await.unwrap();
    assert_eq!((site(&audited).1, site(&audited).3), (301, None));
    assert_eq!(outcome::status(&audited, false), 3);
    // It grows again, with another record at the same place: the checkpoint of 302 records is another one.
    scene.replace(stand);
    scene.site.append(&events(1, 900), RECORDED).await;
    let audited = scene.audit(usize::MAX).await.unwrap();
    assert_eq!((site(&audited).1, site(&audited).3), (302, None));
}

#[tokio::test]
async fn the_item_index_is_compared_both_ways_and_an_entry_that_is_there_twice_is_none_too_many() {
    let scene = Scene::new("index_both_ways").await;
    let twice =
        "insert into item_records select * from item_records where leaf_index in (3, 256, 602)";
    scene.db.execute(twice).await.unwrap();
    assert_eq!(site(&scene.whole().await).0, []);
    let change = "alter table item_records disable trigger user; \
                  update item_records set item_key = item_key + 1 where leaf_index = 300; \
                  insert into item_records select 7, ledger_id, 2 from ledgers where kind = 'site'; \
                  insert into item_records select 7, ledger_id, 0 from ledgers where kind = 'hub'; \
                  insert into item_records select 7, ledger_id, -1 from ledgers where kind = 'site'; \
                  insert into item_records select 7, ledger_id, 9223372036854775807 from ledgers where kind = 'site'; \
                  insert into item_records values (7, 99, 0)";
    scene.db.execute(change).await.unwrap();
    let audited = scene.whole().await;
    let found = |place: usize| {
        audited[place].summary.findings.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        found(0),
        [
            "factory.example/packing #2: the item index has an item that the record does not name",
            "factory.example/packing #300: the item index leaves out an item that the record names",
            "factory.example/packing #300: the item index has an item that the record does not name",
        ]
    );
    let entry = "hub.example/1 #0: the item index has an item that the record does not name";
    assert_eq!(found(1), [entry]);
}

#[tokio::test]
async fn rows_behind_the_head_are_found_and_what_a_writer_appends_meanwhile_is_left_to_the_next_audit()
 {
    let scene = Scene::new("behind_the_head").await;
    let rows = sql::ledgers::list_ledgers(&scene.db).await.unwrap();
    let setting = Setting {
        db: scene.db.db(),
        policy: Arc::clone(&scene.policy),
        position: None,
        stop: &|| false,
        is_shown: false,
        pace: Pace::default(),
    };
    let mut auditor = Auditor::new(setting, &rows).await.unwrap();
    scene.site.append(&events(5, 700), RECORDED).await;
    let (summary, _) = auditor.ledger(&rows[0]).await.unwrap().unwrap();
    assert_eq!((summary.findings.len(), summary.records, summary.checkpoints), (0, 603, 5));

    let behind = "insert into record_chunks select ledger_id, 608, leaf_count, leaf_hashes, secrets, texts, text_ends \
                  from record_chunks where first_leaf = 0 and ledger_id = (select min(ledger_id) from ledgers)";
    scene.db.execute(behind).await.unwrap();
    let audited = scene.whole().await;
    let found: Vec<_> = audited[0].summary.findings.iter().map(|one| one.what.as_str()).collect();
    assert_eq!(found, ["got 609 rows, but the head has size 608"]);
}
