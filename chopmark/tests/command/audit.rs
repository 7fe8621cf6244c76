//! What the owner of the database does to ledgers, and what the audit says of it.

use crate::scene::{RECORDED, SITE, Scene, event};

#[tokio::test]
async fn a_ledger_that_was_rolled_back_is_not_called_whole() {
    let scene = Scene::new("audit_rolled_back").await;
    assert_eq!(scene.audit(&[]).status, 0, "{}", scene.audit(&[]).out);

    sql::testing::roll_back_as_owner(&scene.db, SITE, 2).await.unwrap();
    let ran = scene.audit(&[]);

    assert_eq!(ran.status, 3, "{}", ran.out);
    assert!(ran.out.contains("ROLLED BACK  factory.example/packing"), "{}", ran.out);
    assert!(ran.out.contains("the hub holds its checkpoint of size 4"), "{}", ran.out);
}

#[tokio::test]
async fn a_ledger_that_grew_again_after_it_was_rolled_back_is_not_called_whole() {
    let scene = Scene::new("audit_grown_again").await;
    sql::testing::roll_back_as_owner(&scene.db, SITE, 2).await.unwrap();
    let other = [5, 6, 7].map(|hour| event(hour, "inspecting"));
    scene.site.append(&other, RECORDED).await;

    let ran = scene.audit(&[]);

    assert_eq!(ran.status, 3, "{}", ran.out);
    assert!(ran.out.contains("FORKED  factory.example/packing"), "{}", ran.out);
}

#[tokio::test]
async fn a_changed_row_is_told_apart_from_a_rollback() {
    let scene = Scene::new("audit_changed").await;
    sql::testing::alter_record_as_owner(&scene.db, SITE, 1, "storing", "holding").await.unwrap();
    let ran = scene.audit(&[]);
    assert_eq!(ran.status, 1, "{}", ran.out);
    assert!(ran.out.contains("CHANGED  factory.example/packing"), "{}", ran.out);
    assert!(ran.out.contains("#1: "), "{}", ran.out);
    assert!(ran.out.contains("whole  hub.example/1"), "{}", ran.out);
}

#[tokio::test]
async fn a_rollback_is_seen_although_the_index_of_the_hubs_entries_was_removed_as_well() {
    let scene = Scene::new("audit_index_removed").await;
    sql::testing::roll_back_as_owner(&scene.db, SITE, 2).await.unwrap();
    let remove =
        "alter table hub_entries disable trigger user; delete from hub_entries where hub_index = 1";
    scene.db.execute(remove).await.unwrap();
    let ran = scene.audit(&[]);
    assert_eq!(ran.status, 3, "{}", ran.out);
    assert!(ran.out.contains("(entry 1), the ledger has 2 records"), "{}", ran.out);
    assert!(ran.out.contains("the index of entries says otherwise"), "{}", ran.out);
}

#[tokio::test]
async fn a_ledger_that_was_removed_from_the_list_is_missed_by_the_hub() {
    let scene = Scene::new("audit_removed").await;
    let rename = "alter table ledgers disable trigger user; \
                  update ledgers set origin = 'other.example/1' where kind = 'site'";
    scene.db.execute(rename).await.unwrap();
    let ran = scene.audit(&[]);
    assert_eq!(ran.status, 3, "{}", ran.out);
    assert!(ran.out.contains("the database has no such ledger"), "{}", ran.out);
}

#[tokio::test]
async fn with_a_policy_that_lacks_a_ledgers_key_the_audit_cannot_tell_and_says_what_is_missing() {
    let scene = Scene::new("audit_no_key").await;
    let whole = std::fs::read_to_string(scene.path("policy.txt")).unwrap();
    scene.file("policy.txt", &scene.hub.policy_lines("hub"));
    let ran = scene.audit(&[]);
    assert_eq!(ran.status, 2, "{}", ran.out);
    assert!(ran.out.contains("CANNOT TELL  factory.example/packing"), "{}", ran.out);
    let why = "the policy has no key of `factory.example/packing`, so whether its 2 checkpoints are signed is not known";
    assert!(ran.out.contains(why) && ran.out.contains("whole  hub.example/1"), "{}", ran.out);
    assert!(!ran.out.contains("CHANGED") && !ran.out.contains("altered"), "{}", ran.out);
    let json: serde_json::Value =
        serde_json::from_str(&scene.audit(&["--json"]).out).expect("JSON");
    let site = &json["ledgers"][0];
    assert_eq!(site["state"], "cannot_tell", "{site}");
    assert!(site["findings"][0]["what"].as_str().unwrap().starts_with(why), "{site}");

    // What contradicts is found without keys as well, and is worse.
    sql::testing::alter_record_as_owner(&scene.db, crate::scene::SITE, 1, "storing", "holding")
        .await
        .unwrap();
    let ran = scene.audit(&[]);
    assert_eq!(ran.status, 1, "{}", ran.out);
    assert!(ran.out.contains("CHANGED  factory.example/packing"), "{}", ran.out);
    assert!(ran.out.contains(why), "{}", ran.out);
    scene.file("policy.txt", &whole);
    assert!(!scene.audit(&[]).out.contains("no key of"));
}

#[tokio::test]
async fn every_entry_of_the_hub_is_compared_and_counted() {
    let scene = Scene::new("audit_entries").await;
    let ran = scene.audit(&[]);
    assert!(ran.out.contains("2 entries of the hub agree with its checkpoints"), "{}", ran.out);
    // A checkpoint that the hub holds is removed, a later one stays.
    let remove = "alter table checkpoints disable trigger user; delete from checkpoints where size = 2 \
                  and ledger_id = (select ledger_id from ledgers where kind = 'site')";
    scene.db.execute(remove).await.unwrap();
    let ran = scene.audit(&[]);
    assert_eq!(ran.status, 1, "{}", ran.out);
    let says = "checkpoint of size 2 (entry 0), the ledger has no checkpoint of that size";
    assert!(ran.out.contains(says), "{}", ran.out);
}

#[tokio::test]
async fn that_the_hub_is_behind_or_not_anchored_is_said_and_a_fault_only_on_request() {
    let scene = Scene::new("audit_behind").await;
    let ran = scene.audit(&["--require-anchored"]);
    assert_eq!(ran.status, 5, "{}", ran.out);
    assert!(ran.out.contains("not anchored: no final anchor"), "{}", ran.out);

    scene.hub.anchor(RECORDED).await;
    let ran = scene.audit(&["--require-anchored"]);
    assert_eq!(ran.status, 0, "{}", ran.out);
    assert!(ran.out.contains("1 final anchors agree with its checkpoints"), "{}", ran.out);

    scene.site.append(&[event(5, "storing")], RECORDED).await;
    let ran = scene.audit(&[]);
    assert_eq!(ran.status, 0, "{}", ran.out);
    assert!(
        ran.out.contains("the hub is behind: it ends at size 4, 1 records wait"),
        "{}",
        ran.out
    );
    assert_eq!(scene.audit(&["--require-anchored"]).status, 4);

    scene.hub.append_checkpoint_of(&scene.site, RECORDED).await;
    let ran = scene.audit(&["--require-anchored"]);
    assert_eq!(ran.status, 5, "{}", ran.out);
    assert!(
        ran.out.contains("not anchored: the last one has size 2, 1 entries wait"),
        "{}",
        ran.out
    );
}

#[tokio::test]
async fn a_hub_that_was_rolled_back_behind_its_anchor_is_not_called_whole() {
    let scene = Scene::new("audit_hub_rolled_back").await;
    scene.hub.anchor(RECORDED).await;
    sql::testing::roll_back_as_owner(&scene.db, crate::scene::HUB, 1).await.unwrap();
    let ran = scene.audit(&["--json"]);
    assert_eq!(ran.status, 3, "{}", ran.out);
    let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let hub = &json["ledgers"][1];
    assert_eq!(
        (hub["ledger"].as_str(), hub["state"].as_str()),
        (Some("hub.example/1"), Some("rolled_back"))
    );
    assert!(ran.out.contains("size 2 is anchored on chain 1 in block 9"), "{}", ran.out);
}

#[test]
fn the_help_of_the_audit_names_every_outcome_and_status() {
    let ran = crate::scene::chopmark(&["audit", "--help"]);
    for word in [
        "whole",
        "CANNOT TELL",
        "CHANGED",
        "ROLLED BACK",
        "FORKED",
        "--require-anchored",
        "Exit status: 0",
    ] {
        assert!(ran.out.contains(word), "{word}: {}", ran.out);
    }
}

#[tokio::test]
async fn an_interrupted_audit_saves_its_position_says_so_and_the_same_command_continues() {
    let scene = Scene::new("audit_interrupted").await;
    let position = scene.path("audit.position");
    let words = ["--resume", position.to_str().unwrap()];
    // The audit waits for this lock, so that the signal reaches it at work.
    let holder = scene.db.session().await;
    holder.batch_execute("begin; lock table record_chunks in access exclusive mode").await.unwrap();
    let audit = scene.start_audit(&words);
    let waiting = "select count(*) from pg_locks where not granted \
                   and relation = 'record_chunks'::regclass";
    let deadline = std::time::Instant::now() + std::time::Duration::from_mins(1);
    let other = scene.db.session().await;
    while other.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        assert!(std::time::Instant::now() < deadline, "the audit does not wait for the lock");
        tokio::task::yield_now().await;
    }
    let process = nix::unistd::Pid::from_raw(i32::try_from(audit.id()).unwrap());
    nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGINT).unwrap();
    holder.batch_execute("rollback").await.unwrap();

    let ran = crate::scene::ended(audit);
    assert_eq!(ran.status, 130, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("interrupted: the position is saved in"), "{}", ran.err);
    assert!(position.exists());
    let ran = scene.audit(&words);
    assert_eq!(ran.status, 0, "{}{}", ran.out, ran.err);
    assert!(
        ran.out.contains("whole  factory.example/packing  4 records, 2 checkpoints"),
        "{}",
        ran.out
    );
    assert!(!position.exists(), "a complete audit leaves no position");
    assert_eq!(ran.err, "", "no progress is written where no terminal is");
}
