//! Attacks on the directory, each refused for its reason.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail at that line")]

mod approval;
mod consequences;
mod ending;
mod proof;
mod scene;

use directory::{Directory, replay};
use jiff::SignedDuration;
use ledger::json::Json;
use ledger::policy::DirectoryPin;
use scene::{
    ORIGIN, YEAR, at, directory, entries, json, keyset, leaf, next, now, party, prefix, record,
    root, signed, with_people,
};

/// What `directory` says to a record signed by these people.
fn refusal(directory: &Directory, record: &Json, people: &[&str]) -> String {
    match directory.admits(&signed(record, people), now()) {
        Ok(()) => "accepted".to_owned(),
        Err(problem) => problem.to_string(),
    }
}

#[track_caller]
fn check(directory: &Directory, rows: &[(&str, Json, &[&str], &str)]) {
    for (what, record, people, expected) in rows {
        let found = refusal(directory, record, people);
        assert!(found.contains(expected), "{what}: got `{found}`, expected `{expected}`");
    }
}

#[test]
fn adding_takes_registrars_of_two_parties_and_the_party_itself() {
    let all = directory();
    let shop = || party("shop", &["mallory"], "{}");
    let both = "2 registrars of different parties";
    check(
        &all,
        &[
            ("honest", shop(), &["ann", "bob", "mallory"], "accepted"),
            ("one registrar", shop(), &["ann", "mallory"], both),
            ("two registrars of one party", shop(), &["ann", "eve", "mallory"], both),
            ("one registrar twice", shop(), &["ann", "ann", "mallory"], both),
            ("registrars alone", shop(), &["ann", "bob"], "1 of the admins of `shop`; got none"),
            ("nobody known", shop(), &["mallory"], both),
            ("a prefix by one registrar", prefix("4012345", "maker"), &["ann", "max"], both),
            (
                "a prefix without the licensee",
                prefix("4012345", "maker"),
                &["ann", "bob"],
                "admins of `maker`",
            ),
            (
                "a prefix for nobody",
                prefix("4012345", "shop"),
                &["ann", "bob"],
                "no admitted party",
            ),
            (
                "a prefix that begins another",
                prefix("95211411", "maker"),
                &["ann", "bob", "max"],
                "overlaps the prefix 952114112",
            ),
            (
                "a prefix within another",
                prefix("9521141123", "maker"),
                &["ann", "bob", "max"],
                "overlaps the prefix 952114112",
            ),
            (
                "an overlapping prefix by one registrar",
                prefix("9521141123", "maker"),
                &["ann", "max"],
                "overlaps",
            ),
        ],
    );
}

#[test]
fn nobody_takes_what_is_anothers() {
    let all = directory();
    let taken = |members: &str| next(&all, "prefix", "prefix/952114112", members);
    let office = r#"{"id":"p2","party":"maker","acts":["recall"],"scope":{},"legal_basis":"none","#;
    check(
        &all,
        &[
            (
                "a licensed prefix",
                taken(&format!(r#"{{"digits":"952114112","party":"maker","grade":"C",{YEAR}}}"#)),
                &["ann", "bob", "max"],
                "it is licensed to `brand` until 2027-11-01T00:00:00Z",
            ),
            (
                "another's site",
                party("shop", &["mallory"], r#"{"sites":["9521141012344"]}"#),
                &["ann", "bob", "mallory"],
                "is one of `brand`",
            ),
            (
                "another's name",
                party("shop", &["mallory"], r#"{"pgln":["urn:epc:id:pgln:952114.100000"]}"#),
                &["ann", "bob", "mallory"],
                "names `brand`",
            ),
            (
                "another's admin",
                party("shop", &["lin"], "{}"),
                &["ann", "bob", "lin"],
                "`lin` is listed with two keys or parties",
            ),
            (
                "a party by new admins of its own",
                {
                    let mut own = party("brand", &["mallory"], "{}");
                    let (seq, prev) = all.last("party/brand").unwrap();
                    own.set("seq", Json::from(seq + 1));
                    own.set("prev", Json::from(prev.to_string()));
                    own
                },
                &["ann", "eve", "mallory"],
                "1 of the admins of `brand`",
            ),
            (
                "a ledger by its next keys",
                keyset(Some(&all), 3, "maker", 9),
                &["max", "ann"],
                "got no `after`",
            ),
            (
                "a power that its party gives itself",
                record("power", "power/p2", &format!("{office}{YEAR}}}")),
                &["max", "ann"],
                "needs signatures of 2 of the holders of the root; got ann",
            ),
            (
                "the directory's own keys",
                keyset(None, 0, "maker", 0),
                &["max", "ann"],
                "whose keys the root states",
            ),
        ],
    );
}

#[test]
fn a_record_follows_the_last_one_of_its_subject() {
    let (all, (notes, _)) = (directory(), entries());
    let admit = |note: &str| all.admits(note, now()).unwrap_err().to_string();
    assert_eq!(admit(&notes[5]), "`prefix/952114112`: got record 1, expected record 2");
    let renewed = format!(r#"{{"digits":"952114112","party":"brand","grade":"C",{YEAR}}}"#);
    let mut forked = next(&all, "prefix", "prefix/952114112", &renewed);
    check(&all, &[("a renewal", forked.clone(), &["ann", "bob", "lin"], "accepted")]);
    forked.set("prev", Json::from(leaf(&notes[4]).to_string()));
    let found = refusal(&all, &forked, &["ann", "bob", "lin"]);
    assert!(found.contains("the subject's last record"), "{found}");
    forked.set("prev", Json::Null);
    let found = refusal(&all, &forked, &["ann", "bob", "lin"]);
    assert!(found.starts_with("member `seq`: got `2`, expected 1 with `prev` null"), "{found}");
}

#[test]
fn roots_go_up_one_by_one_with_announced_keys_and_both_thresholds() {
    let (all, (notes, _)) = (directory(), entries());
    let first = leaf(&notes[0]);
    let second = || root(2, Some(&first));
    let renewed = || with_people(second(), "keys", &["bob", "cyd", "new"]);
    check(
        &all,
        &[
            ("honest", renewed(), &["bob", "cyd"], "accepted"),
            ("skipped", root(3, Some(&first)), &["ann", "bob"], "got record 3, expected record 2"),
            (
                "version of another place",
                {
                    let mut root = second();
                    root.set("version", Json::from(3_u64));
                    root
                },
                &["ann", "bob"],
                "member `version`: got `3`, expected 2",
            ),
            (
                "one of the old",
                renewed(),
                &["bob", "new"],
                "got 1 signatures of holders of root version 1, expected 2",
            ),
            ("one key twice", second(), &["ann", "ann"], "got 1 signatures"),
            (
                "not announced",
                with_people(second(), "keys", &["ann", "bob", "mallory"]),
                &["ann", "bob"],
                "the key of `mallory` is not in `next`",
            ),
            (
                "one of the new",
                with_people(second(), "keys", &["ann", "new"]),
                &["ann", "bob"],
                "got 1 signatures of holders of root version 2, expected 2",
            ),
            (
                "without the hub's keys",
                {
                    let mut root = second();
                    root.set("hub", json("[]"));
                    root
                },
                &["ann", "bob"],
                "does not keep the keysets of `hub`",
            ),
            (
                "for ever",
                {
                    let mut root = second();
                    root.set("until", Json::from("2036-01-01T00:00:00Z"));
                    root
                },
                &["ann", "bob"],
                "more than 400 days",
            ),
            (
                "no registrar",
                {
                    let mut root = second();
                    root.set("registrar_threshold", Json::from(0_u64));
                    root
                },
                &["ann", "bob"],
                "expected 1 to 2",
            ),
            (
                "one registrar counted as two",
                with_people(second(), "registrars", &["ann", "eve"]),
                &["ann", "bob"],
                "member `registrar_threshold`: got `2`, expected 1 to 1",
            ),
        ],
    );
}

#[test]
fn an_emergency_holder_suspends_once_and_for_a_week_at_most() {
    let mut all = directory();
    let week = |from: &str, until: &str| {
        record(
            "suspend",
            "suspend/brand",
            &format!(
                r#"{{"party":"brand","reason":"x","from":"2026-11-{from}Z","until":"2026-11-{until}Z"}}"#
            ),
        )
    };
    let honest = week("10T12:00:00", "17T12:00:00");
    check(
        &all,
        &[
            ("honest", honest.clone(), &["cyd"], "accepted"),
            ("by a registrar", honest.clone(), &["ann", "bob"], "an emergency holder"),
            ("longer", week("10T12:00:00", "17T12:00:01"), &["cyd"], "by at most 7 days"),
            ("back-dated", week("10T10:59:59", "12T12:00:00"), &["cyd"], "at most an hour before"),
        ],
    );
    all.push(&signed(&honest, &["cyd"]), now()).unwrap();
    let again = next(
        &all,
        "suspend",
        "suspend/brand",
        r#"{"party":"brand","reason":"x","from":"2026-11-17T12:00:00Z","until":"2026-11-18T12:00:00Z"}"#,
    );
    check(
        &all,
        &[
            ("again", again.clone(), &["cyd"], "2 of the holders of the root"),
            ("again by the root", again, &["cyd", "ann"], "accepted"),
        ],
    );
    let suspended = all.rights().suspensions;
    assert_eq!((suspended.len(), &*suspended[0].party), (1, "brand"));
}

#[test]
fn deeds_are_signed_by_the_party_or_a_registrar_and_deleting_takes_two() {
    let all = directory();
    let deed = |word: &str| {
        record(
            "act",
            "act/brand",
            &format!(
                r#"{{"party":"brand","act":"{word}","about":"finding/17","reason":"x","at":"2026-11-10T00:00:00Z"}}"#
            ),
        )
    };
    check(
        &all,
        &[
            ("an admin", deed("finding_resolved"), &["lin"], "accepted"),
            ("a registrar", deed("restored"), &["bob"], "accepted"),
            ("another party", deed("keys_made"), &["max"], "1 of the admins of `brand`; got none"),
            ("deleted by one", deed("deleted"), &["lin"], "2 of the admins of `brand`; got lin"),
            ("deleted by two", deed("deleted"), &["lin", "wu"], "accepted"),
            ("something else", deed("danced"), &["lin"], "member `act`: got `\"danced\"`"),
        ],
    );
}

#[test]
fn members_that_are_not_understood_are_refused() {
    let all = directory();
    let grant = |extra: &str| {
        record(
            "grant",
            "grant/g2",
            &format!(
                r#"{{"id":"g2","grantor":"brand","grantee":"maker","acts":["issue"],"scope":{{}},{YEAR}{extra}}}"#
            ),
        )
    };
    let signers: &[&str] = &["lin", "max"];
    check(
        &all,
        &[
            ("honest", grant(""), signers, "accepted"),
            ("one side only", grant(""), &["lin", "wu"], "1 of the admins of `maker`"),
            (
                "a quota",
                grant(r#","quota":5"#),
                signers,
                "member `quota`: got `5`, expected no quota: it is not enforced yet",
            ),
            (
                "an unknown member",
                grant(r#","note":"x""#),
                signers,
                "member `note`: got `\"x\"`, expected no member of this name",
            ),
            (
                "a longer right",
                record(
                    "grant",
                    "grant/g2",
                    r#"{"id":"g2","grantor":"brand","grantee":"maker","acts":["issue"],"scope":{},"from":"2026-11-01T00:00:00Z","until":"2028-11-01T00:00:00Z"}"#,
                ),
                signers,
                "by at most 400 days",
            ),
            (
                "an empty bound",
                record(
                    "grant",
                    "grant/g2",
                    &format!(
                        r#"{{"id":"g2","grantor":"brand","grantee":"maker","acts":["issue"],"scope":{{"gtins":[]}},{YEAR}}}"#
                    ),
                ),
                signers,
                "member `scope/gtins`",
            ),
            (
                "territory",
                record(
                    "grant",
                    "grant/g2",
                    &format!(
                        r#"{{"id":"g2","grantor":"brand","grantee":"maker","acts":["issue"],"scope":{{"territory":"TW"}},{YEAR}}}"#
                    ),
                ),
                signers,
                "member `scope/territory`",
            ),
            (
                "another subject",
                record(
                    "grant",
                    "grant/g3",
                    &format!(
                        r#"{{"id":"g2","grantor":"brand","grantee":"maker","acts":["issue"],"scope":{{}},{YEAR}}}"#
                    ),
                ),
                signers,
                "member `subject`: got `\"grant/g3\"`, expected `grant/g2`",
            ),
            (
                "an unknown kind",
                record("decree", "decree/1", "{}"),
                signers,
                "member `kind`: got `\"decree\"`",
            ),
            (
                "grade A without evidence",
                record(
                    "prefix",
                    "prefix/4012345",
                    &format!(r#"{{"digits":"4012345","party":"maker","grade":"A",{YEAR}}}"#),
                ),
                &["ann", "bob", "max"],
                "evidence of the type `gs1_licence`",
            ),
        ],
    );
}

#[test]
fn a_record_has_one_form_and_is_what_was_signed() {
    let all = directory();
    let grant = format!(
        r#"{{"id":"g2","grantor":"brand","grantee":"maker","acts":["issue"],"scope":{{}},{YEAR}}}"#
    );
    let note = signed(&record("grant", "grant/g2", &grant), &["lin", "max"]);
    for (what, spoilt, expected) in [
        (
            "not canonical",
            note.replacen("\"acts\":", "\"acts\": ", 1),
            "not canonical JSON from byte",
        ),
        ("a member twice", note.replacen("{\"acts\"", "{\"acts\":[],\"acts\"", 1), "twice"),
        ("another heading", note.replacen("directory@v1", "directory@v2", 1), "got first line"),
        (
            "changed after signing",
            note.replacen("issue", "void", 1),
            "the signature line of `lin` does not verify",
        ),
        ("no note", "text".to_owned(), "expected an empty line"),
    ] {
        let found = all.admits(&spoilt, now()).unwrap_err().to_string();
        assert!(found.contains(expected), "{what}: {found}");
    }
}

#[test]
fn a_directory_is_replayed_from_the_pinned_root_or_not_at_all() {
    let (notes, pin) = entries();
    let error =
        |pin: &DirectoryPin, notes: &[String]| replay(ORIGIN, pin, notes).unwrap_err().to_string();
    let other = DirectoryPin { root: ledger::Hash::EMPTY, ..pin.clone() };
    assert!(
        error(&other, notes)
            .starts_with("entry 0 of the directory: got root version 1 with SHA-256")
    );
    let later = DirectoryPin { version: 2, ..pin.clone() };
    assert!(error(&later, notes).contains("the directory has no root of the pin"));
    let elsewhere = DirectoryPin { origin: "else.example/1".into(), ..pin.clone() };
    assert!(error(&elsewhere, notes).contains("got a root of the directory `who.example/1`"));
    let without_state = &notes[..notes.len() - 1];
    assert!(error(pin, without_state).contains("got no state record after it"));
    let mut removed = notes.clone();
    removed.remove(3);
    assert!(error(pin, &removed).contains("`office` is no admitted party"));
    let mut repeated = notes.clone();
    repeated.insert(3, notes[2].clone());
    assert!(
        error(pin, &repeated).starts_with(
            "entry 3 of the directory: `party/maker`: got record 1, expected record 2"
        )
    );
    assert!(replay(ORIGIN, pin, &[]).is_err());
}

#[test]
fn a_false_state_is_refuted_by_the_records() {
    let (notes, pin) = entries();
    let honest = notes.last().unwrap();
    let line = honest.lines().nth(1).unwrap();
    for (member, value) in [
        ("count", Json::from(3_u64)),
        ("size", Json::from(1_u64)),
        ("version", Json::from(2_u64)),
        ("root", Json::from(ledger::Hash::EMPTY.to_string())),
        ("policy_sha256", Json::from(ledger::Hash::EMPTY.to_string())),
    ] {
        let mut state = json(line);
        state.set(member, value);
        let text = ledger::directory::entry::text_of(&state);
        let rng = ledger::keys::SystemRandom::new();
        let mut all = notes.clone();
        *all.last_mut().unwrap() = scene::keys(0).sign_text(text, &rng).unwrap().to_string();
        let found = replay(ORIGIN, pin, &all).unwrap_err().to_string();
        assert!(found.contains(&format!("`state`: got {member}")), "{member}: {found}");
    }
    let mut all = notes.clone();
    *all.last_mut().unwrap() = signed(&json(line), &["ann", "bob"]);
    let found = replay(ORIGIN, pin, &all).unwrap_err().to_string();
    assert!(found.contains("expected a signature of `who.example/1`, got none"), "{found}");
}

#[test]
fn under_an_expired_root_nothing_is_added_and_the_root_can_still_be_replaced() {
    let (mut all, (notes, _)) = (directory(), entries());
    let late = at("11-10T12:00:00") + SignedDuration::from_hours(200 * 24);
    let shop = signed(&party("shop", &["mallory"], "{}"), &["ann", "bob", "mallory"]);
    let found = all.admits(&shop, late).unwrap_err().to_string();
    assert!(found.contains("root version 1 expired at 2027-05-01T00:00:00Z"), "{found}");
    let mut second = root(2, Some(&leaf(&notes[0])));
    second.set("until", Json::from("2027-11-01T00:00:00Z"));
    all.push(&signed(&second, &["ann", "bob"]), late).unwrap();
    all.admits(&shop, late).unwrap();
    assert_eq!(all.root_until().unwrap().to_string(), "2027-11-01T00:00:00Z");
}
