//! Who may end a right.

use directory::Directory;
use ledger::json::Json;

use crate::check;
use crate::scene::{ORIGIN, directory, next, now, party, prefix, record, root, signed};

#[test]
fn ending_a_right_takes_two_people_where_there_are_two_and_reaching_back_takes_the_root() {
    let all = directory();
    let prefix = |members: &str| next(&all, "revoke", "prefix/952114112", members);
    let back = || prefix(r#"{"reason":"sold","since":"2026-11-05T00:00:00Z"}"#);
    let good = |size: u64| {
        let good = format!(
            r#"{{"reason":"stolen","last_good":{{"size":{size},"root":"{}"}}}}"#,
            ledger::Hash::EMPTY
        );
        next(&all, "revoke", "keyset/brand.example/1", &good)
    };
    check(
        &all,
        &[
            ("by two admins", prefix(r#"{"reason":"sold"}"#), &["lin", "wu"], "accepted"),
            (
                "by one admin of two",
                prefix(r#"{"reason":"sold"}"#),
                &["lin"],
                "2 of the admins of `brand`; got lin",
            ),
            (
                "by one admin twice",
                prefix(r#"{"reason":"sold"}"#),
                &["lin", "lin"],
                "2 of the admins of `brand`; got lin",
            ),
            (
                "the whole party by one admin",
                next(&all, "revoke", "party/brand", r#"{"reason":"x"}"#),
                &["wu"],
                "2 of the admins of `brand`; got wu",
            ),
            (
                "a party of one admin",
                next(&all, "revoke", "party/maker", r#"{"reason":"x"}"#),
                &["max"],
                "accepted",
            ),
            (
                "a bridge by one admin",
                next(&all, "revoke", "device/dock", r#"{"reason":"stolen"}"#),
                &["wu"],
                "accepted",
            ),
            (
                "in future",
                prefix(r#"{"reason":"sold","since":"2026-12-01T00:00:00Z"}"#),
                &["wu", "lin"],
                "accepted",
            ),
            ("by registrars", prefix(r#"{"reason":"sold"}"#), &["ann", "bob"], "accepted"),
            ("by one registrar", prefix(r#"{"reason":"sold"}"#), &["ann"], "2 registrars"),
            ("by another party", prefix(r#"{"reason":"sold"}"#), &["max"], "2 registrars"),
            (
                "back-dated by an admin",
                back(),
                &["lin", "wu"],
                "2 of the holders of the root; got none",
            ),
            (
                "back-dated by registrars",
                back(),
                &["ann", "eve"],
                "2 of the holders of the root; got ann",
            ),
            ("back-dated by the root", back(), &["ann", "cyd"], "accepted"),
            ("keys by two admins", good(35), &["lin", "wu"], "accepted"),
            ("keys by one admin", good(35), &["wu"], "2 of the admins of `brand`; got wu"),
            ("keys by the root", good(35), &["ann", "cyd"], "accepted"),
            (
                "keys without a last good checkpoint",
                next(&all, "revoke", "keyset/brand.example/1", r#"{"reason":"x"}"#),
                &["wu"],
                "member `last_good`: got none",
            ),
            (
                "a grant by the grantee",
                next(&all, "revoke", "grant/g1", r#"{"reason":"x"}"#),
                &["max"],
                "accepted",
            ),
            (
                "nothing",
                record("revoke", "prefix/4012345", r#"{"reason":"x"}"#),
                &["ann", "bob"],
                "nothing of this name",
            ),
            (
                "a root",
                next(&all, "revoke", "root", r#"{"reason":"x"}"#),
                &["ann", "bob"],
                "member `subject`",
            ),
        ],
    );
}

#[test]
fn one_registrar_does_not_end_a_right_although_one_may_admit_parties() {
    let mut root = root(1, None);
    root.set("registrar_threshold", Json::from(1_u64));
    let entries = [
        signed(&root, &["ann", "bob"]),
        signed(&party("brand", &["lin", "wu"], "{}"), &["ann", "lin"]),
        signed(&prefix("952114112", "brand"), &["ann", "lin"]),
    ];
    let mut all = Directory::empty(ORIGIN, None);
    for entry in &entries {
        all.push(entry, now()).unwrap();
    }
    let gone = || next(&all, "revoke", "prefix/952114112", r#"{"reason":"x"}"#);
    check(
        &all,
        &[
            ("one", gone(), &["eve"], "2 registrars of different parties; got eve"),
            ("two", gone(), &["eve", "bob"], "accepted"),
        ],
    );
}
