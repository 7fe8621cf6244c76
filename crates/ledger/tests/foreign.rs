//! Proofs of other transparency logs: those that programs of others made, our own, and every way to spoil them.

#![expect(clippy::unwrap_used, reason = "a failing test helper says where it failed")]

#[path = "foreign/made.rs"]
mod made;
#[path = "foreign/published.rs"]
mod published;
#[path = "foreign/spoilt.rs"]
mod spoilt;

use ledger::{
    Hash,
    bundle::{CheckOutcome, Outcome},
    foreign::{self, Claim, ForeignReport, Kind, SigsumProof, Trust},
    keys::PlainKey,
};

/// Verifies a file; a policy or a file of no kind that is known fails the test.
fn verify(file: &[u8], policy: Option<&str>, claim: &Claim<'_>) -> ForeignReport {
    let trust = policy.map(|policy| policy.parse::<Trust>().unwrap());
    foreign::verify(Kind::of(file).unwrap(), file, trust.as_ref(), claim)
}

fn key(text: &str) -> PlainKey {
    text.parse().unwrap()
}

/// The check of a report that is named so.
fn check<'a>(found: &'a ForeignReport, name: &str) -> (CheckOutcome, &'a str) {
    let mut checks = found.report.checks.iter().filter(|check| check.name == name);
    let check = checks.next().unwrap_or_else(|| panic!("no check `{name}` in {found:#?}"));
    (check.outcome, &check.detail)
}

/// A proof that somebody else's program made, the policy under which it is proved, and what it proves.
struct Foreign {
    file: String,
    policy: String,
    claim: Claim<'static>,
}

/// All that are published with their policy.
fn all() -> Vec<Foreign> {
    use published as p;
    let submitters = |text: &str| -> &'static [PlainKey] { Box::leak(Box::new([key(text)])) };
    let simple = |log: &str, witnesses: &str| {
        let log = made::hex_of(&key(log));
        format!("log {log}\n{witnesses}")
    };
    let go = |submitter| Claim::Digest {
        digest: Hash(p::GO_MESSAGE),
        submitters: submitters(submitter),
    };
    let witness = made::hex_of(&key(p::ONE_WITNESS_WITNESS));
    vec![
        Foreign {
            file: p::TEST_LOG.file(),
            policy: p::test_policy("4"),
            claim: Claim::Data { data: p::TEST_DATA, submitters: submitters(p::TEST_SUBMITTER) },
        },
        Foreign {
            file: p::ONE_WITNESS.file(),
            policy: simple(p::ONE_WITNESS_LOG, &format!("witness w {witness}\nquorum w\n")),
            claim: go(p::ONE_WITNESS_SUBMITTER),
        },
        Foreign {
            file: p::NO_WITNESS.file(),
            policy: simple(p::NO_WITNESS_LOG, "quorum none\n"),
            claim: go(p::NO_WITNESS_SUBMITTER),
        },
        Foreign {
            file: p::parcel_file(),
            policy: p::parcel_policy("all"),
            claim: Claim::Data { data: p::PARCEL_SIX, submitters: &[] },
        },
    ]
}

#[test]
fn proofs_of_other_programs_are_proved_under_the_policies_that_belong_to_them() {
    for Foreign { file, policy, claim } in all() {
        let found = verify(file.as_bytes(), Some(&policy), &claim);
        assert_eq!(found.report.outcome, Outcome::Proved, "{found:#?}");
        assert!(found.report.checks.iter().all(|check| check.outcome != CheckOutcome::Failed));
    }
    let found = verify(all()[0].file.as_bytes(), Some(&all()[0].policy), &all()[0].claim);
    let entry = found.entry.clone().unwrap();
    assert_eq!((entry.index, entry.size), (381_381, 381_382));
    assert_eq!(entry.origin, SigsumProof::origin_of(&key(published::TEST_LOGS[1].0).hash()));
    let (outcome, detail) = check(&found, "witnesses");
    assert_eq!(outcome, CheckOutcome::Passed);
    assert!(detail.contains("remora.n621.de at 1770193051 s since 1970"), "{detail}");
}

#[test]
fn without_a_policy_without_data_or_with_a_policy_of_others_nothing_is_told() {
    for Foreign { file, policy, claim } in all() {
        let file = file.as_bytes();
        let found = verify(file, None, &claim);
        assert_eq!(found.report.outcome, Outcome::CannotTell, "{found:#?}");
        let found = verify(file, Some(&policy), &Claim::Nothing);
        assert_eq!(found.report.outcome, Outcome::CannotTell, "{found:#?}");
        let other = format!("log {}\nquorum none\n", "07".repeat(32));
        let found = verify(file, Some(&other), &claim);
        assert_eq!(found.report.outcome, Outcome::CannotTell, "{found:#?}");
        let other = Claim::Data { data: b"other data", submitters: &[] };
        let found = verify(file, Some(&policy), &other);
        assert_eq!(found.report.outcome, Outcome::Refuted, "{found:#?}");
        let found = verify(file, None, &Claim::Leaf(Hash::EMPTY));
        assert_eq!(found.report.outcome, Outcome::Refuted, "no key can make it true: {found:#?}");
    }
}

#[test]
fn a_quorum_that_is_not_reached_is_cannot_tell_and_a_witness_that_did_not_sign_so_is_refuted() {
    let [test, .., parcel] = &all()[..] else { panic!() };
    let six = verify(test.file.as_bytes(), Some(&published::test_policy("all")), &test.claim);
    assert_eq!(six.report.outcome, Outcome::Proved, "all eight cosigned: {six:#?}");
    // Without the lines of all but three witnesses, the group of six has at most three members.
    let few: String = test
        .file
        .split_inclusive('\n')
        .filter(|line| {
            !line.starts_with("cosignature=")
                || "cosignature=1c cosignature=49 cosignature=70".contains(&line[..14])
        })
        .collect();
    let found = verify(few.as_bytes(), Some(&test.policy), &test.claim);
    assert_eq!(found.report.outcome, Outcome::CannotTell, "{found:#?}");
    assert!(check(&found, "witnesses").1.contains("as many as quorum outer"), "{found:#?}");
    let one_less = parcel.file.split_inclusive('\n').filter(|line| !line.contains("w2.example"));
    let one_less: String = one_less.collect();
    for (threshold, expected) in [
        ("any", Outcome::Proved),
        ("2", Outcome::Proved),
        ("all", Outcome::CannotTell),
        ("3", Outcome::CannotTell),
    ] {
        let policy = published::parcel_policy(threshold);
        let found = verify(one_less.as_bytes(), Some(&policy), &parcel.claim);
        assert_eq!(found.report.outcome, expected, "{threshold}: {found:#?}");
    }
    // The signature of another witness, and another time, under the name and id of one that is known.
    let lines = published::PARCEL_SIGNATURES;
    let (w1, w2) = (lines[1].1, lines[2].1);
    let exchanged = parcel.file.replace(w1, &format!("{}{}", &w1[..16], &w2[16..]));
    let found = verify(exchanged.as_bytes(), Some(&parcel.policy), &parcel.claim);
    assert_eq!(found.report.outcome, Outcome::Refuted, "{found:#?}");
    assert_eq!(check(&found, "witnesses").1, "the cosignature of w1 does not verify");
    let late = test.file.replacen(" 1770193051 a1ee", " 1770193052 a1ee", 1);
    let found = verify(late.as_bytes(), Some(&test.policy), &test.claim);
    assert_eq!(
        check(&found, "witnesses").1,
        "the cosignature of poc.sigsum.org/nisse does not verify"
    );
}

#[test]
fn a_leaf_of_another_submitter_or_of_none_that_is_named_is_not_proved() {
    let test = &all()[0];
    let data = published::TEST_DATA;
    for (submitters, expected, says) in [
        (&[][..], Outcome::CannotTell, "anybody can log anything"),
        (
            &[key(published::ONE_WITNESS_SUBMITTER)][..],
            Outcome::Refuted,
            "expected one of the submitters",
        ),
        (
            &[key(published::ONE_WITNESS_SUBMITTER), key(published::TEST_SUBMITTER)],
            Outcome::Proved,
            "signed the data's checksum",
        ),
    ] {
        let claim = Claim::Data { data, submitters };
        let found = verify(test.file.as_bytes(), Some(&test.policy), &claim);
        assert_eq!(found.report.outcome, expected, "{found:#?}");
        assert!(check(&found, "the submitter").1.contains(says), "{found:#?}");
    }
    // The leaf alone says nothing of its submitter, and is proved as a leaf.
    let proof = SigsumProof::parse(test.file.as_bytes()).unwrap();
    let checksum = ledger::hash::sha256(&ledger::hash::sha256(data).0);
    let claim = Claim::Leaf(proof.leaf_hash(&checksum));
    let found = verify(test.file.as_bytes(), Some(&test.policy), &claim);
    assert_eq!(found.report.outcome, Outcome::Proved, "{found:#?}");
    assert_eq!(check(&found, "the submitter").0, CheckOutcome::NotChecked);
    let claim = Claim::Digest { digest: ledger::hash::sha256(data), submitters: &[] };
    let parcel = &all()[3];
    let found = verify(parcel.file.as_bytes(), Some(&parcel.policy), &claim);
    assert_eq!(found.report.outcome, Outcome::CannotTell, "a tlog-proof is not of a digest");
}

#[test]
fn version_1_is_read_as_version_2_and_its_short_checksum_must_fit() {
    // sigsum-go's test `TestASCIIV1` has these first bytes of checksums before the hash of the submitter's key.
    for short in ["5cc0", "7e28"] {
        let two = published::ONE_WITNESS.file();
        let one = two.replacen("version=2", "version=1", 1);
        let one = one.replacen("leaf=", &format!("leaf={short} "), 1);
        let mut read = SigsumProof::parse(one.as_bytes()).unwrap();
        assert_eq!(hex::encode(read.short_checksum.unwrap()), short);
        read.short_checksum = None;
        assert_eq!(read, SigsumProof::parse(two.as_bytes()).unwrap());
    }
    let checksum = hex::encode(&ledger::hash::sha256(&published::GO_MESSAGE).0[..2]);
    let go = &all()[1];
    for (short, expected) in [(&*checksum, Outcome::Proved), ("0000", Outcome::Refuted)] {
        let one = go.file.replacen("version=2", "version=1", 1);
        let one = one.replacen("leaf=", &format!("leaf={short} "), 1);
        let found = verify(one.as_bytes(), Some(&go.policy), &go.claim);
        assert_eq!(found.report.outcome, expected, "{found:#?}");
    }
}
