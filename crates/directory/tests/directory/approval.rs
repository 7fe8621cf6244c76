//! The two-person rule: who approved an event.

use directory::Rights;
use directory::approval::{approvers, needed, text};
use directory::rights::Party;
use ledger::note::Note;

use super::scene::{directory, person};

const LEDGER: &str = "brand.example/1";
const EVENT: &str = "ni:///sha-256;aa?ver=CBV2.0";

fn note(text: String, people: &[&str]) -> String {
    let signatures = people.iter().map(|name| person(name).sign(&text)).collect();
    Note { text, signatures }.to_string()
}

#[test]
fn an_approval_counts_for_one_event_in_one_ledger_by_admins_of_the_party() {
    let rights = directory().rights();
    let honest = note(text(LEDGER, EVENT), &["lin", "wu"]);
    let by_lin = note(text(LEDGER, EVENT), &["lin"]);
    let by_wu = note(text(LEDGER, EVENT), &["wu"]);
    let forged = by_lin.replace("— lin ", "— wu ");
    let broken = by_wu.replacen("ni:", "xi:", 1);
    let rows: &[(&str, &[&str], &[&str])] = &[
        ("both on one note", &[&honest], &["lin", "wu"]),
        ("each on its own", &[&by_lin, &by_wu], &["lin", "wu"]),
        ("one person twice", &[&by_lin, &by_lin, &honest[..]][..2], &["lin"]),
        ("another ledger", &[&note(text("other.example/1", EVENT), &["lin"])], &[]),
        ("another event", &[&note(text(LEDGER, "ni:///sha-256;bb"), &["lin"])], &[]),
        ("more text", &[&note(text(LEDGER, EVENT) + "x\n", &["lin"])], &[]),
        ("another party's admin", &[&note(text(LEDGER, EVENT), &["max", "ann"])], &[]),
        ("another's name", &[&forged], &[]),
        ("changed after signing", &[&broken, &by_lin], &["lin"]),
        ("no notes", &["", "text"], &[]),
    ];
    for (what, notes, expected) in rows {
        let found = approvers(notes, LEDGER, EVENT, &rights, "brand");
        assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), *expected, "{what}");
    }
    assert!(approvers(&[&honest], LEDGER, EVENT, &rights, "nobody").is_empty());
}

#[test]
fn two_must_approve_unless_a_party_has_one_admin_and_nobody_is_never_enough() {
    let mut rights = directory().rights();
    assert_eq!(needed(&rights, "brand"), 2);
    assert_eq!(needed(&rights, "maker"), 1);
    assert_eq!(needed(&rights, "nobody"), 1);
    assert_eq!(needed(&Rights::default(), "brand"), 1);
    let same_key = rights.parties["brand"].admins[0].1.clone();
    let with_one_key = |brand: &mut Party| brand.admins[1] = ("wu".to_owned(), same_key);
    assert!(rights.parties.edit("brand", with_one_key));
    assert_eq!(needed(&rights, "brand"), 2, "one key under two names does not replace a person");
    let by_one_key = note(text(LEDGER, EVENT), &["lin"]);
    assert_eq!(approvers(&[&by_one_key], LEDGER, EVENT, &rights, "brand").len(), 1);
}
