//! Two operators and a right for some hours, and what one of them, the one who gets it, and the owner of the database try alone.

use std::sync::Arc;
use std::time::Duration;

use access::{Act, Means, PREFIX_BYTES, SECRET_BYTES};
use jiff::SignedDuration;
use ledger::json::Json;
use ledger::keys::{LedgerKeys, SystemRandom};
use process::Clock;
use sql::access_keys::StoredKey;
use sql::testing::TestDb;

use super::*;
use crate::emergency_check::{Difference, check};
use crate::read_log::{self, Outcome, Read, description};

const LOG: &str = "reads.example/log";
const KIM: &str = "food-authority/kim";

/// An installation with operators `lee` and `chen`, and `kim`, who has a key of a custodian.
struct Scene {
    db: TestDb,
    clock: Clock,
    gate: Gate,
    log: ReadLog,
    lee: String,
    chen: String,
    kim: String,
}

impl Scene {
    async fn new(name: &str) -> Self {
        let db = TestDb::migrated(name).await;
        let clock = Clock::manual("2026-11-23T12:00:00Z".parse().unwrap());
        let gate = Gate::new(db.db(), clock.clone(), crate::Settings::default());
        let keys = Arc::new(LedgerKeys::generate(LOG, &SystemRandom::new()).unwrap());
        let settings = read_log::Settings { origin: LOG.into(), party: "Hub".into(), keys };
        let log = ReadLog::start(db.db(), Some(settings), clock.clone());
        let (lee, chen, kim) = (String::new(), String::new(), String::new());
        let mut scene = Self { db, clock, gate, log, lee, chen, kim };
        scene.lee = scene.key("lee", Role::Operator, 1).await;
        scene.chen = scene.key("chen", Role::Operator, 2).await;
        scene.kim = scene.key(KIM, Role::Custodian, 3).await;
        scene
    }

    async fn key(&self, subject: &str, role: Role, number: u8) -> String {
        let key = ApiKey::of([number; PREFIX_BYTES], [number; SECRET_BYTES]);
        let now = self.clock.now();
        let stored = StoredKey {
            prefix: key.prefix().to_owned(),
            key_sha256: key.digest(),
            subject: subject.to_owned(),
            role: role.name().to_owned(),
            products: vec![],
            parties: match role {
                Role::Operator => vec![],
                _ => vec!["urn:epc:id:pgln:9521142.00000".to_owned()],
            },
            jurisdictions: vec![],
            period: (None, None),
            created_at: now,
            expires_at: now + SignedDuration::from_hours(100),
            revoked_at: None,
            last_used_at: None,
        };
        let insert = async |tx: &sql::Transaction<'_>| sql::access_keys::insert(tx, &stored).await;
        self.db.db().run_tx("test.key", insert).await.unwrap();
        key.reveal().to_owned()
    }

    fn proposal(number: u8) -> Proposal {
        let limits = StoredLimits {
            role: "regulator".to_owned(),
            products: vec!["9521141".to_owned()],
            ..StoredLimits::default()
        };
        Proposal {
            id: access::emergency_id([number; PREFIX_BYTES]),
            subject: KIM.to_owned(),
            limits,
            hours: 2,
            reason: "recall case 7".to_owned(),
        }
    }

    async fn proposed(&self, number: u8) -> String {
        self.gate.propose(&self.log, &self.lee, Self::proposal(number)).await.unwrap().id
    }

    async fn approved(&self, number: u8) -> String {
        let id = self.proposed(number).await;
        self.gate.approve(&self.log, &self.chen, &id).await.unwrap();
        id
    }

    async fn approval(&self, key: &str, id: &str) -> String {
        self.gate.approve(&self.log, key, id).await.unwrap_err().to_string()
    }

    /// Whether kim has the right at the door now.
    async fn kim_has_it(&self) -> bool {
        let shown = format!("Bearer {}", self.kim);
        let (_, sight) = self.gate.allowed(&[&shown], Act::QueryEvents).await.unwrap();
        sight.emergencies().next().is_some()
    }

    async fn alter(&self, sql: &str) -> Result<(), String> {
        let altered = self.db.session().await.batch_execute(sql).await;
        altered.map_err(|error| format!("{error:?}"))
    }

    /// The records of the log.
    async fn records(&self) -> Vec<Json> {
        let db = self.db.db();
        let Some(row) = sql::ledgers::find(&db, LOG).await.unwrap() else { return Vec::new() };
        let mut records = Vec::new();
        sql::ledgers::for_each_record(&db, row.id, async |stored| {
            let record = ledger::record::Record::parse(&stored.text).unwrap();
            records.push(record.json().clone());
            Ok(())
        })
        .await
        .unwrap();
        records
    }

    async fn text(&self, index: usize, member: &str) -> String {
        let records = self.records().await;
        let text = records[index].get(member).and_then(Json::as_str);
        text.unwrap_or_else(|| panic!("{member} of {:?}", records[index])).to_owned()
    }
}

#[tokio::test]
async fn a_right_reaches_somebody_who_logged_in_at_a_provider_and_ends_for_them_too() {
    let scene = Scene::new("emergency_session").await;
    let issuer = "https://login.example.com";
    let provider = access::Provider {
        issuer: issuer.to_owned(),
        audience: "chopmark".to_owned(),
        algorithms: access::Algorithm::ALL.to_vec(),
        rules: vec![],
    };
    let client = crate::settings::Client {
        client_id: "chopmark-desk".to_owned(),
        secret: None,
        scopes: vec!["openid".to_owned()],
        name: "Example".to_owned(),
    };
    let providers = vec![crate::settings::ProviderSettings {
        provider,
        client: Some(client),
        authorities: vec![],
    }];
    let gate = Gate::new(scene.db.db(), scene.clock.clone(), crate::Settings { providers });
    let kim = Identity { subject: KIM.to_owned(), means: Means::Session, grants: vec![] };
    let random = process::Randomness::system();
    let login = ledger::hash::sha256(b"a login");
    let begun = gate.begin_with_provider(&kim, issuer, &login, &random).await.unwrap();
    let secret = begun.unwrap();
    let grants = async || gate.visit(&secret, &random).await.unwrap().identity.grants.len();
    assert_eq!(grants().await, 0);
    let id = scene.approved(1).await;
    assert_eq!(grants().await, 1);
    scene.gate.end_emergency(&scene.log, &scene.lee, &id).await.unwrap();
    assert_eq!(grants().await, 0);
}

#[tokio::test]
async fn two_operators_give_a_right_that_each_door_knows_and_every_step_is_in_the_log() {
    let scene = Scene::new("emergency_given").await;
    let id = scene.proposed(1).await;
    assert!(!scene.kim_has_it().await, "one person gives nothing");
    let right = scene.gate.approve(&scene.log, &scene.chen, &id).await.unwrap();
    assert!(scene.kim_has_it().await);
    let shown = format!("Bearer {}", scene.kim);
    let (who, sight) = scene.gate.allowed(&[&shown], Act::Trace).await.unwrap();
    assert!(sight.is_recorded(), "a custodian's reads are not recorded, those under the right are");
    assert_eq!((who.subject.as_str(), who.grants.len()), (KIM, 2), "what kim had, kim has still");
    let outcome = Outcome { basis: None, counts: Some((1, 0)) };
    let (asked, reason, act) = ("GET /trace?epc=x", "recall case 7", Act::Trace);
    let read = Read { who: &who, sight: &sight, act, asked, reason, outcome: &outcome };
    scene.log.record(&read).await.unwrap();
    scene.clock.advance(Duration::from_mins(30));
    let ended = scene.gate.end_emergency(&scene.log, &scene.lee, &id).await.unwrap();
    assert!(!scene.kim_has_it().await);
    let names = [
        "propose an emergency right",
        "approve an emergency right",
        "trace",
        "end an emergency right",
    ];
    for (index, name) in names.into_iter().enumerate() {
        assert_eq!(scene.text(index, "chopmark:act").await, name);
    }
    let (approved, taken) = (description(&right), description(&ended));
    assert_eq!(scene.text(1, "chopmark:asked").await, approved);
    assert_eq!(scene.text(3, "chopmark:asked").await, taken);
    assert!(approved.starts_with(&format!(
        "{id}: {KIM} as regulator with products 9521141 for 2 h, proposed by lee"
    )));
    let mark = &scene.records().await[2].get("chopmark:emergency").unwrap().canonical();
    let expected = format!("[{{\"approvedBy\":\"chen\",\"id\":\"{id}\",\"proposedBy\":\"lee\"}}]");
    assert_eq!(mark, &expected);
    let stored = sql::emergency::find(&scene.db.db(), &id).await.unwrap().unwrap();
    assert_eq!(description(&stored.0), taken, "the row says what the log says");
}

#[tokio::test]
async fn it_ends_by_itself_and_a_clock_that_is_set_back_does_not_revive_it() {
    let scene = Scene::new("emergency_ends").await;
    scene.approved(1).await;
    let active = async || sql::emergency::active(&scene.db.db(), scene.clock.now()).await.unwrap();
    assert_eq!(active().await, 1);
    scene.clock.advance(Duration::from_mins(119));
    assert!(scene.kim_has_it().await);
    scene.clock.advance(Duration::from_mins(1));
    assert!(!scene.kim_has_it().await);
    assert_eq!(active().await, 0);
    // The same process, whose clock now says an hour ago; and another one, whose clock is behind the approval.
    let gate = Gate {
        clock: Clock::manual("2026-11-23T13:00:00Z".parse().unwrap()),
        latest: scene.gate.latest,
        ..Gate::new(scene.db.db(), scene.clock.clone(), crate::Settings::default())
    };
    let kim = Identity { subject: KIM.to_owned(), means: Means::ApiKey, grants: vec![] };
    assert_eq!(gate.with_emergencies(kim.clone()).await.unwrap().grants, []);
    let before = Clock::manual("2026-11-23T11:59:59Z".parse().unwrap());
    let other = Gate::new(scene.db.db(), before, crate::Settings::default());
    assert_eq!(other.with_emergencies(kim).await.unwrap().grants, []);
}

#[tokio::test]
async fn one_person_is_not_two_whatever_keys_they_have() {
    let scene = Scene::new("emergency_one").await;
    let id = scene.proposed(1).await;
    assert!(
        scene.approval(&scene.lee, &id).await.contains("expected the approval of another person")
    );
    for (number, name) in [(11, "lee"), (12, "LEE"), (13, " Lee ")] {
        let second = scene.key(name, Role::Operator, number).await;
        let refused = scene.approval(&second, &id).await;
        assert!(refused.contains("expected the approval of another person"), "{name}: {refused}");
    }
    // The database refuses it as well, should the program ever not.
    for by in ["lee", " LEE"] {
        let step = format!(
            "update emergency_rights set approved_by = '{by}', approved_key = 'chm_AgICAgIC', approved_at = proposed_at"
        );
        let refused = scene.alter(&step).await.unwrap_err();
        assert!(refused.contains("emergency_rights_two_people"), "{refused}");
    }
    assert!(!scene.kim_has_it().await);
}

#[tokio::test]
async fn whoever_is_no_operator_with_a_key_that_holds_takes_no_step() {
    let scene = Scene::new("emergency_others").await;
    let id = scene.proposed(1).await;
    let none = ApiKey::of([9; PREFIX_BYTES], [9; SECRET_BYTES]);
    for (key, words) in [
        (scene.kim.as_str(), "may not break glass"),
        (none.reveal(), "a key that is not known"),
        ("", "got no key"),
        ("Bearer x", "got no key"),
    ] {
        assert!(scene.approval(key, &id).await.contains(words), "{words}");
        let proposed = scene.gate.propose(&scene.log, key, Scene::proposal(2)).await;
        assert!(proposed.unwrap_err().to_string().contains(words), "{words}");
        let ended = scene.gate.end_emergency(&scene.log, key, &id).await;
        assert!(ended.unwrap_err().to_string().contains(words), "{words}");
    }
    assert_eq!(scene.records().await.len(), 1, "only the proposal was recorded");
    let unknown = scene.approval(&scene.chen, "emg_--------").await;
    assert!(unknown.contains("got `emg_--------`, expected the id"), "{unknown}");
}

#[tokio::test]
async fn a_right_of_an_emergency_gives_no_say_over_others() {
    let scene = Scene::new("emergency_chain").await;
    let mut proposal = Scene::proposal(1);
    proposal.limits = StoredLimits { role: "operator".to_owned(), ..StoredLimits::default() };
    let id = scene.gate.propose(&scene.log, &scene.lee, proposal).await.unwrap().id;
    scene.gate.approve(&scene.log, &scene.chen, &id).await.unwrap();
    assert!(scene.kim_has_it().await);
    let other = scene.proposed(2).await;
    assert!(scene.approval(&scene.kim, &other).await.contains("may not break glass"));
    let shown = format!("Bearer {}", scene.kim);
    let refused = scene.gate.allowed(&[&shown], Act::BreakGlass).await;
    assert!(matches!(refused, Err(Refusal::NotAllowed(_))), "{refused:?}");
}

#[tokio::test]
async fn an_approval_that_is_late_or_replayed_gives_nothing() {
    let scene = Scene::new("emergency_replayed").await;
    let late = scene.proposed(1).await;
    scene.clock.advance(Duration::from_hours(1));
    assert!(scene.approval(&scene.chen, &late).await.contains("was not approved within an hour"));
    let id = scene.approved(2).await;
    assert!(scene.approval(&scene.chen, &id).await.contains("was approved by `chen` already"));
    scene.gate.end_emergency(&scene.log, &scene.chen, &id).await.unwrap();
    let words =
        [(&scene.chen, "it was ended at"), (&scene.lee, "expected the approval of another")];
    for (key, words) in words {
        assert!(scene.approval(key, &id).await.contains(words), "{words}");
    }
    let again =
        scene.gate.end_emergency(&scene.log, &scene.chen, &id).await.unwrap_err().to_string();
    assert!(again.contains("it was ended at"), "{again}");
    assert!(!scene.kim_has_it().await);
    for replay in [
        "update emergency_rights set ended_by = null, ended_key = null, ended_at = null",
        "update emergency_rights set approved_at = approved_at + interval '1 minute'",
        "update emergency_rights set hours = 8",
        "update emergency_rights set subject = 'lee'",
        "delete from emergency_rights",
        "truncate emergency_rights",
    ] {
        scene.alter(replay).await.unwrap_err();
    }
}

#[tokio::test]
async fn once_a_key_of_one_of_the_two_is_revoked_the_right_gives_nothing() {
    let scene = Scene::new("emergency_revoked").await;
    let revoke = async |key: &str| {
        let (key, now) = (ApiKey::parse(key).unwrap(), scene.clock.now());
        let revoke =
            async |tx: &sql::Transaction<'_>| sql::access_keys::revoke(tx, key.prefix(), now).await;
        assert!(scene.db.db().run_tx("test.revoke", revoke).await.unwrap());
    };
    scene.approved(1).await;
    assert!(scene.kim_has_it().await);
    revoke(&scene.chen).await;
    assert!(!scene.kim_has_it().await, "the approver's key was revoked");
    let id = scene.proposed(2).await;
    assert!(scene.approval(&scene.chen, &id).await.contains("which was revoked at"));
    // A proposal whose proposer's key was revoked meanwhile is not approved.
    let wang = scene.key("wang", Role::Operator, 4).await;
    revoke(&scene.lee).await;
    let refused = scene.approval(&wang, &id).await;
    assert!(refused.contains("of `lee` was revoked at"), "{refused}");
}

#[tokio::test]
async fn a_row_that_was_changed_past_the_trigger_gives_nothing_where_it_breaks_a_rule() {
    let scene = Scene::new("emergency_changed").await;
    let id = scene.approved(1).await;
    scene
        .alter("alter table emergency_rights disable trigger emergency_rights_steps")
        .await
        .unwrap();
    scene
        .alter("alter table emergency_rights drop constraint emergency_rights_hours")
        .await
        .unwrap();
    scene
        .alter("alter table emergency_rights drop constraint emergency_rights_two_people")
        .await
        .unwrap();
    scene
        .alter("alter table emergency_rights drop constraint emergency_rights_in_time")
        .await
        .unwrap();
    for (change, back) in [
        ("hours = 9", "hours = 2"),
        ("approved_by = 'Lee'", "approved_by = 'chen'"),
        ("approved_by = 'wang'", "approved_by = 'chen'"),
        ("proposed_by = 'wang'", "proposed_by = 'lee'"),
        (
            "approved_key = proposed_key, approved_by = 'lee '",
            "approved_key = 'chm_AgICAgIC', approved_by = 'chen'",
        ),
        ("products = '{}'", "products = '{9521141}'"),
        ("role = 'custodian'", "role = 'regulator'"),
        (
            "proposed_at = proposed_at - interval '1 hour'",
            "proposed_at = proposed_at + interval '1 hour'",
        ),
    ] {
        scene.alter(&format!("update emergency_rights set {change}")).await.unwrap();
        assert!(!scene.kim_has_it().await, "{change}");
        scene.alter(&format!("update emergency_rights set {back}")).await.unwrap();
        assert!(scene.kim_has_it().await, "{back}");
    }
    // What keeps the rules is not caught here, and differs from the log.
    scene.alter("update emergency_rights set hours = 8, products = '{9521142}'").await.unwrap();
    assert!(scene.kim_has_it().await);
    let stored = sql::emergency::find(&scene.db.db(), &id).await.unwrap().unwrap();
    assert_ne!(description(&stored.0), scene.text(1, "chopmark:asked").await);
}

#[tokio::test]
async fn a_step_that_cannot_be_recorded_is_not_taken() {
    let scene = Scene::new("emergency_unrecorded").await;
    let id = scene.proposed(1).await;
    let nowhere = ReadLog::start(scene.db.db(), None, scene.clock.clone());
    let proposed = scene.gate.propose(&nowhere, &scene.lee, Scene::proposal(2)).await;
    assert!(matches!(proposed, Err(NotGiven::NotRecorded(_))), "{proposed:?}");
    let approved = scene.gate.approve(&nowhere, &scene.chen, &id).await;
    assert!(matches!(approved, Err(NotGiven::NotRecorded(_))), "{approved:?}");
    assert!(!scene.kim_has_it().await);
    let stored = sql::emergency::list(&scene.db.db(), "").await.unwrap();
    assert_eq!((stored.len(), standing(&stored[0], scene.clock.now())), (1, "proposed"));
}

/// What does not fit between the rows and the log.
async fn differences(scene: &Scene) -> Vec<Difference> {
    check(&scene.db.db(), &[LOG.to_owned()]).await.unwrap().differences
}

#[tokio::test]
async fn rows_that_the_command_wrote_are_what_the_log_says() {
    let scene = Scene::new("emergency_check").await;
    assert_eq!(check(&scene.db.db(), &[LOG.to_owned()]).await.unwrap().records, 0, "no log yet");
    scene.proposed(1).await;
    scene.approved(2).await;
    let ended = scene.approved(3).await;
    scene.gate.end_emergency(&scene.log, &scene.lee, &ended).await.unwrap();
    let back = scene.proposed(4).await;
    scene.gate.end_emergency(&scene.log, &scene.lee, &back).await.unwrap();
    let checked = check(&scene.db.db(), &[LOG.to_owned()]).await.unwrap();
    assert_eq!((checked.rows, checked.records), (4, 8));
    assert_eq!(checked.differences, []);
    // A log that the configuration does not name counts for nothing, whatever the database calls it.
    let other = check(&scene.db.db(), &["other.example/log".to_owned()]).await.unwrap();
    assert_eq!((other.records, other.differences.len()), (0, 8));
}

#[tokio::test]
async fn a_row_that_the_owner_of_the_database_writes_changes_or_deletes_is_named() {
    let scene = Scene::new("emergency_owner").await;
    let id = scene.approved(1).await;
    for trigger in ["emergency_rights_steps", "emergency_rights_kept"] {
        let disable = format!("alter table emergency_rights disable trigger {trigger}");
        scene.alter(&disable).await.unwrap();
    }
    for (change, back) in [
        ("hours = 8", "hours = 2"),
        ("subject = 'lee'", "subject = 'food-authority/kim'"),
        ("products = '{}', role = 'auditor'", "products = '{9521141}', role = 'regulator'"),
        ("reason = 'none'", "reason = 'recall case 7'"),
        (
            "approved_at = approved_at + interval '1 second'",
            "approved_at = approved_at - interval '1 second'",
        ),
    ] {
        scene.alter(&format!("update emergency_rights set {change}")).await.unwrap();
        let found = differences(&scene).await;
        let is_named = |one: &Difference| matches!(one, Difference::Otherwise { row, record } if row != &record.said && record.said.starts_with(&id));
        assert!(!found.is_empty() && found.iter().all(is_named), "{change}: {found:?}");
        scene.alter(&format!("update emergency_rights set {back}")).await.unwrap();
        assert_eq!(differences(&scene).await, [], "{back}");
    }
    // An end, and a right, that nobody recorded.
    scene
        .alter("update emergency_rights set ended_by = 'lee', ended_key = proposed_key, ended_at = approved_at")
        .await
        .unwrap();
    let found = differences(&scene).await;
    let [Difference::NotRecorded { act: "end an emergency right", .. }] = &found[..] else {
        panic!("{found:?}")
    };
    scene
        .alter("update emergency_rights set ended_by = null, ended_key = null, ended_at = null")
        .await
        .unwrap();
    scene
        .alter("insert into emergency_rights select 'emg_zzzzzzzz', subject, role, products, parties, jurisdictions, period_from, period_until, hours, reason, proposed_by, proposed_key, proposed_at, approved_by, approved_key, approved_at from emergency_rights")
        .await
        .unwrap();
    let found = differences(&scene).await;
    assert_eq!(found.len(), 2, "its proposal and its approval: {found:?}");
    // A row that is gone, under another name.
    scene.alter("delete from emergency_rights where emergency_id = 'emg_zzzzzzzz'").await.unwrap();
    assert_eq!(differences(&scene).await, []);
    scene.alter("delete from emergency_rights").await.unwrap();
    let found = differences(&scene).await;
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found.iter().all(
            |one| matches!(one, Difference::NotStored(record) if record.said.starts_with(&id))
        )
    );
}
