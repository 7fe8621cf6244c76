//! What honest records add up to.

use directory::rights::{Act, Grade, Moment, Role, Subject};
use directory::{Directory, Rights, replay};
use jiff::SignedDuration;

use super::check;
use super::scene::{
    self, ORIGIN, YEAR, directory, entries, first_entries, json, keyset, next, now, party, person,
    record, sealed, signed,
};

#[test]
fn rights_follow_from_the_records() {
    let all = directory();
    let rights = all.rights();
    assert!(rights.has_directory && rights.late == SignedDuration::from_hours(72));
    let item = |serial: &str| Subject {
        digits: "952114112345".into(),
        serial: Some(serial.into()),
        ..Subject::default()
    };
    let moment = Moment { event: now(), seal: now() };
    let role = |rights: &Rights, party, act, serial| {
        rights.standing(party, act, &item(serial), moment).role
    };
    assert_eq!(role(&rights, "brand", Act::Issue, "1"), Role::Licensee);
    assert_eq!(role(&rights, "maker", Act::Issue, "650"), Role::Grantee);
    assert_eq!(role(&rights, "maker", Act::Issue, "701"), Role::Stranger);
    assert_eq!(role(&rights, "office", Act::Recall, "1"), Role::Authority);
    assert_eq!(rights.licensee("952114112345", now()).unwrap().grade, Grade::C);
    assert_eq!(rights.speaker("brand.example/1", 99).map(|party| &**party), Some("brand"));
    assert_eq!(rights.party_at("9521141012344").map(|party| &**party), Some("brand"));
    assert_eq!(rights.bridges["dock"][0].ledger, "brand.example/1");
    assert_eq!(rights.parties["brand"].admins.len(), 2);
}

#[test]
fn what_is_revoked_ends_and_a_party_takes_everything_along() {
    let mut all = directory();
    let gone = next(&all, "revoke", "party/brand", r#"{"reason":"bankrupt"}"#);
    all.push(&signed(&gone, &["ann", "bob"]), now()).unwrap();
    let rights = all.rights();
    let before = now() - SignedDuration::from_secs(1);
    assert!(rights.licensee("952114112345", before).is_some());
    assert!(rights.licensee("952114112345", now()).is_none());
    assert!(rights.grants.iter().all(|grant| grant.span.until <= now()));
    assert!(rights.bridges["dock"].iter().all(|bridge| bridge.span.until <= now()));
    let grant = format!(
        r#"{{"id":"g2","grantor":"brand","grantee":"maker","acts":["issue"],"scope":{{}},{YEAR}}}"#
    );
    check(
        &all,
        &[(
            "its grant",
            record("grant", "grant/g2", &grant),
            &["lin", "max"],
            "`brand` is no admitted party",
        )],
    );
}

#[test]
fn windows_of_keys_follow_from_keysets_and_stolen_keys_end_at_the_last_good_checkpoint() {
    let mut all = directory();
    let origin = "brand.example/1";
    let sign = |place: usize, size: u64| {
        let root = ledger::hash::sha256(&size.to_be_bytes());
        let checkpoint = ledger::checkpoint::Checkpoint { origin: origin.into(), size, root };
        scene::keys(place).sign_checkpoint(&checkpoint, &ledger::keys::SystemRandom::new()).unwrap()
    };
    let opens = |all: &Directory, place, size| {
        all.policy().open_checkpoint(origin, &sign(place, size)).is_ok()
    };
    assert!(opens(&all, 2, 0) && opens(&all, 2, 900) && !opens(&all, 3, 900));
    let hash = ledger::hash::sha256(&35_u64.to_be_bytes());
    let good = format!(r#"{{"reason":"stolen","last_good":{{"size":35,"root":"{hash}"}}}}"#);
    let good = next(&all, "revoke", "keyset/brand.example/1", &good);
    all.push(&signed(&good, &["lin", "wu"]), now()).unwrap();
    assert!(opens(&all, 2, 35) && !opens(&all, 2, 36), "the stolen pair signs nothing above");
    assert_eq!(all.rights().speaker(origin, 34).map(|party| &**party), Some("brand"));
    assert_eq!(all.rights().speaker(origin, 35), None, "nobody's until new keys are admitted");
    let mut fresh = keyset(Some(&all), 3, "brand", 35);
    check(&all, &[("without `after`", fresh.clone(), &["lin", "wu"], "got no `after`")]);
    fresh.set("after", json(&format!(r#"{{"size":36,"root":"{hash}"}}"#)));
    check(
        &all,
        &[("another `after`", fresh.clone(), &["lin", "wu"], "than the last good checkpoint")],
    );
    fresh.set("after", json(&format!(r#"{{"size":35,"root":"{hash}"}}"#)));
    check(
        &all,
        &[("one of two admins", fresh.clone(), &["lin"], "2 of the admins of `brand`; got lin")],
    );
    all.push(&signed(&fresh, &["lin", "wu"]), now()).unwrap();
    assert!(opens(&all, 3, 35) && opens(&all, 3, 36) && !opens(&all, 2, 35) && opens(&all, 2, 34));
    assert_eq!(all.rights().speaker(origin, 35).map(|party| &**party), Some("brand"));
    let reused = keyset(Some(&all), 2, "brand", 90);
    check(
        &all,
        &[("the stolen pair again", reused, &["lin", "wu"], "a key that this ledger had before")],
    );
}

#[test]
fn further_entries_are_replayed_on_top_and_give_what_a_whole_replay_gives() {
    let (notes, pin) = entries();
    let mut grown = notes.clone();
    grown.push(signed(&party("shop", &["mallory"], "{}"), &["ann", "bob", "mallory"]));
    let grown = sealed(grown, now() + SignedDuration::from_hours(1));
    let mut step_by_step = directory();
    step_by_step.extend(&grown[notes.len()..]).unwrap();
    assert_eq!(step_by_step, replay(ORIGIN, pin, &grown).unwrap());
    assert_eq!(first_entries().len() + 1, notes.len());
    assert!(person("mallory").verifier().name() == "mallory");
}
