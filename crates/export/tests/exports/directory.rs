//! Evidence packs of an installation whose policy pins a directory: the pin leads to the keys, and nothing else does.

use directory::setup::{PartyPlan, Setup, keyset_of, pin_of};
use export::pack::Outcome;
use export::{Format, Request};
use history::directory::{DirectoryCache, Writer, begin};
use jiff::{SignedDuration, Timestamp};
use ledger::directory::HolderKey;
use ledger::keys::{LedgerKeys, SystemRandom};
use ledger::policy::Policy;

use crate::pack::{checked, failures, forged};
use crate::scene::{Scene, everything};

/// The origin of the directory.
const WHO: &str = "who.example/1";

/// The policy that pins a directory of this installation, which is begun here.
async fn pinned(scene: &Scene) -> Policy {
    let rng = SystemRandom::new();
    let keys = LedgerKeys::generate(WHO, &rng).unwrap();
    let holder = HolderKey::generate("lin", &rng).unwrap();
    let at: Timestamp = "2026-11-10T12:00:00Z".parse().unwrap();
    let later = |days: i64| at + SignedDuration::from_hours(24 * days);
    let factory = PartyPlan {
        id: "factory".into(),
        name: "Bamboo Spring".into(),
        pglns: vec!["urn:epc:id:pgln:4012345.00000".into()],
        sites: Vec::new(),
        admins: vec![&holder],
        ledgers: vec![keyset_of(&scene.site.keys.verifier_keys()).unwrap()],
        prefixes: vec!["4012345".into()],
        bridges: Vec::new(),
    };
    let setup = Setup {
        directory: &keys,
        hub: Some(keyset_of(&scene.hub.keys.verifier_keys()).unwrap()),
        chains: Vec::new(),
        next: Vec::new(),
        late_h: 72,
        parties: vec![factory],
        at,
        from: at,
        until: later(300),
        state_until: later(30),
    };
    let entries = setup.entries(&rng).unwrap();
    let writer = Writer { keys: &keys, rng: &rng, at, state_until: later(30) };
    begin(&scene.db, &entries, writer).await.unwrap();
    Policy { directory: Some(pin_of(&entries).unwrap()), ..Policy::default() }
}

#[tokio::test]
async fn a_pack_is_checked_by_the_one_line_that_pins_a_directory() {
    let mut scene = Scene::journey("pack_pinned").await;
    let policy = pinned(&scene).await;
    scene.policy_text = policy.to_string();
    scene.current = DirectoryCache::new(policy).current(&scene.db).await;
    assert_eq!(scene.current.problem, None);
    let (bytes, manifest) = scene.export(Format::Pack).await;
    let report = checked(&bytes, &scene.policy_text);
    assert_ne!(report.outcome, Outcome::Refuted, "{:#?}", report.checks);
    let detail = |name: &str| {
        report
            .checks
            .iter()
            .find(|it| it.name == name)
            .map(|it| it.detail.clone())
            .unwrap_or_default()
    };
    assert!(detail("directory.json").starts_with(WHO), "{:#?}", report.checks);
    assert!(detail("events").starts_with("11 records"), "{:#?}", report.checks);
    assert!(detail("checkpoint of factory.example/packing").contains("keys in force"));
    assert_eq!(manifest.counts.events, 11);

    let without = forged(&bytes, |files, _| {
        files.remove("directory.json");
    });
    let report = checked(&without, &scene.policy_text);
    assert_eq!(report.outcome, Outcome::CannotTell, "{:#?}", report.checks);

    // Another installation's directory, keys and pack: everything fits but the pin.
    let mut other = Scene::journey("pack_pinned_other").await;
    let theirs = pinned(&other).await;
    other.policy_text = theirs.to_string();
    other.current = DirectoryCache::new(theirs).current(&other.db).await;
    let request =
        Request::new(&[], everything(), Format::Pack, export::Options::default()).unwrap();
    let (foreign, _) = other.export_at(&request, None).await.unwrap();
    let report = checked(&foreign, &scene.policy_text);
    assert_eq!(report.outcome, Outcome::Refuted, "{:#?}", report.checks);
    assert!(failures(&report).contains("directory.json"), "{}", failures(&report));

    let flipped = forged(&bytes, |files, _| {
        let text = String::from_utf8(files["directory.json"].clone()).unwrap();
        let changed = text.replacen("who.example/1", "who.example/2", 1);
        assert_ne!(text, changed);
        files.insert("directory.json".into(), changed.into_bytes());
    });
    let report = checked(&flipped, &scene.policy_text);
    assert_eq!(report.outcome, Outcome::Refuted, "{:#?}", report.checks);
    assert!(failures(&report).contains("directory.json"), "{}", failures(&report));
}
