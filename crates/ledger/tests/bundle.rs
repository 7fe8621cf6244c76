//! Bundles: proved as they are, never proved with any bit flipped, undecided without the keys.

#![expect(clippy::unwrap_used, reason = "a failing test helper says where it failed")]

#[path = "bundle/directory.rs"]
mod directory;
#[path = "bundle/golden.rs"]
mod golden;
#[path = "bundle/scene.rs"]
#[expect(dead_code, reason = "the keys of a rotation are used by other tests of the same scene")]
mod scene;
#[path = "bundle/size.rs"]
mod size;

use std::{collections::BTreeMap, fs};

use ledger::{
    bundle::{self, CheckOutcome, Naming, Outcome},
    keys::Algorithm,
    note::Note,
    policy::Policy,
    record::Disclosure,
};

/// Whether a changed file got the outcome that it must: refuted, or cannot tell if it is no bundle any more.
fn is_rejected(bytes: &[u8], outcome: Outcome) -> bool {
    match bundle::parse(bytes) {
        Err(error) if error.is_of_another_file() => outcome == Outcome::CannotTell,
        _ => outcome == Outcome::Refuted,
    }
}

/// Outcomes of a bundle whose bits are flipped one at a time, every `stride`-th of them, on all cores; those that are wrong.
fn flip_bits(bytes: &[u8], policy: &Policy, stride: usize) -> BTreeMap<String, usize> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let outcomes = std::thread::scope(|scope| {
        let work = |first: usize| {
            let (mut flipped, mut unrefuted) = (bytes.to_vec(), BTreeMap::new());
            for bit in (first * stride..bytes.len() * 8).step_by(stride * cores) {
                flipped[bit / 8] ^= 1 << (bit % 8);
                let outcome = bundle::verify(&flipped, policy).outcome;
                if !is_rejected(&flipped, outcome) {
                    let around =
                        String::from_utf8_lossy(&flipped[(bit / 8).saturating_sub(60)..=bit / 8]);
                    unrefuted.insert(format!("{outcome:?} with bit {bit} flipped: {around}"), bit);
                }
                flipped[bit / 8] ^= 1 << (bit % 8);
            }
            unrefuted
        };
        let workers: Vec<_> = (0..cores).map(|first| scope.spawn(move || work(first))).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect::<Vec<_>>()
    });
    outcomes.into_iter().flatten().collect()
}

#[test]
fn every_flipped_bit_of_a_bundle_refutes_it_or_leaves_no_bundle() {
    let bytes = fs::read(scene::golden("valid/item.bundle.json")).unwrap();
    let policy = scene::policy();
    assert_eq!(bundle::verify(&bytes, &policy).outcome, Outcome::Proved);
    assert_eq!(flip_bits(&bytes, &policy, 1), BTreeMap::new());
}

#[test]
fn flipped_bits_of_a_bundle_of_1700_items_refute_it_or_leave_no_bundle() {
    let policy = scene::policy();
    let one_of_many = scene::bundle(1700, &Disclosure::Items(&scene::shown())).to_bytes();
    assert_eq!(bundle::verify(&one_of_many, &policy).outcome, Outcome::Proved);
    assert_eq!(flip_bits(&one_of_many, &policy, 37), BTreeMap::new());
    let all_of_them = scene::bundle(1700, &Disclosure::All).to_bytes();
    assert_eq!(bundle::verify(&all_of_them, &policy).outcome, Outcome::Proved);
    assert_eq!(flip_bits(&all_of_them, &policy, 8191), BTreeMap::new());
}

#[test]
fn a_file_that_is_no_bundle_cannot_be_told_and_says_what_was_expected() {
    const PNG: &[u8] =
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";
    let valid = fs::read(scene::golden("valid/item.bundle.json")).unwrap();
    let (text, policy) = (String::from_utf8(valid.clone()).unwrap(), scene::policy());
    let mut files: Vec<(Vec<u8>, &str)> = vec![
        (Vec::new(), "got the end"),
        (PNG.to_vec(), "UTF-8"),
        (
            b"<!DOCTYPE html>\n<html lang=\"en\"><title>Not found</title></html>\n".to_vec(),
            "got '<'",
        ),
        (b"{}".to_vec(), "got no member `format`"),
        (b"[]".to_vec(), "got no member `format`"),
        (b"null".to_vec(), "got no member `format`"),
        (b"7".to_vec(), "got no member `format`"),
        (b"\"chopmark.org/bundle@v2\"".to_vec(), "got no member `format`"),
        (b"{\"a\":[1,2],\"b\":{\"c\":null}}".to_vec(), "got no member `format`"),
        (b"{\"format\":null}".to_vec(), "got no member `format`"),
        (b"{\"format\":[\"chopmark.org/bundle@v2\"]}".to_vec(), "got no member `format`"),
        (
            text.replace("bundle@v2", "bundle@v1").into_bytes(),
            "got format `chopmark.org/bundle@v1`",
        ),
        ([&valid[..], b"\n"].concat(), "not canonical JSON from byte"),
        ([b"\xef\xbb\xbf", &valid[..]].concat(), "byte 0"),
        (text.replacen("\"item\":", "\"item\": ", 1).into_bytes(), "not canonical JSON from byte"),
        (vec![b'['; 70_000], "expected"),
        (vec![b' '; 17 * 1024 * 1024], "expected"),
    ];
    files.extend((0..valid.len()).map(|length| (valid[..length].to_vec(), "expected")));
    for (file, why) in files {
        let report = bundle::verify(&file, &policy);
        let shown = String::from_utf8_lossy(&file[..file.len().min(40)]).into_owned();
        assert_eq!(report.outcome, Outcome::CannotTell, "{} bytes: {shown}", file.len());
        let [check] = &report.checks[..] else { panic!("{shown}: {:?}", report.checks) };
        assert_eq!(check.outcome, CheckOutcome::NotChecked, "{shown}");
        assert!(check.detail.contains(why), "{shown}: {}", check.detail);
        assert!(
            check.detail.ends_with("expected the file as it was downloaded, unchanged"),
            "{shown}: {}",
            check.detail
        );
        assert_eq!((report.item, report.records.len()), (None, 0));
    }
}

/// Something that makes a policy know less.
type Change = fn(&mut Policy);

#[test]
fn a_policy_without_the_keys_cannot_tell() {
    let bytes = fs::read(scene::golden("valid/item.bundle.json")).unwrap();
    let whole = scene::policy();
    let changes: [(Change, &str); 4] = [
        (
            |policy| policy.logs.retain(|trusted| trusted.key.name() != scene::SHOP),
            "checkpoint of size 2: the policy has no key of `shop.example/till-1`",
        ),
        (
            |policy| policy.hub.clear(),
            "checkpoint of size 5: the policy has no key of `hub.example`",
        ),
        (|policy| policy.chains.clear(), "the policy names no chain and contract"),
        (
            |policy| policy.quorum = Some("w".into()),
            "the policy asks for a quorum, but no independent witness has cosigned the checkpoints in this file",
        ),
    ];
    for (change, detail) in changes {
        let mut policy = whole.clone();
        change(&mut policy);
        let report = bundle::verify(&bytes, &policy);
        assert_eq!(report.outcome, Outcome::CannotTell, "{detail}");
        let missed = report.checks.iter().find(|check| check.detail == detail);
        assert_eq!(missed.unwrap().outcome, CheckOutcome::NotChecked);
    }
}

#[test]
fn of_a_policy_with_keys_of_one_kind_that_kind_is_required_and_the_other_is_not() {
    let bytes = fs::read(scene::golden("valid/item.bundle.json")).unwrap();
    for kind in [Algorithm::Ed25519, Algorithm::RsaPss3072] {
        let mut policy = scene::policy();
        policy.logs.retain(|trusted| trusted.key.algorithm() == kind);
        policy.hub.retain(|trusted| trusted.key.algorithm() == kind);
        assert_eq!(bundle::verify(&bytes, &policy).outcome, Outcome::Proved, "{kind}");
        let mut unsigned = bundle::parse(&bytes).unwrap();
        let proof = unsigned.hub.as_mut().unwrap();
        let mut note = Note::parse(&proof.checkpoint).unwrap();
        note.signatures.remove(usize::from(kind == Algorithm::RsaPss3072));
        proof.checkpoint = note.to_string();
        let outcome = bundle::verify(&unsigned.to_bytes(), &policy).outcome;
        assert_eq!(outcome, Outcome::Refuted, "{kind}");
    }
}

#[test]
fn a_bundle_without_a_record_of_the_item_cannot_tell() {
    let mut bundle = scene::bundle(5, &Disclosure::Items(&scene::shown()));
    bundle.histories.clear();
    assert_eq!(bundle::verify(&bundle.to_bytes(), &scene::policy()).outcome, Outcome::CannotTell);
}

#[test]
fn a_bundle_that_names_no_item_and_breaks_another_rule_is_refuted() {
    let mut bundle = scene::bundle(5, &Disclosure::Items(&scene::shown()));
    bundle.histories.remove(0);
    bundle.histories[0].records.remove(1);
    bundle.histories[0].history_root = ledger::Hash::EMPTY;
    let report = bundle::verify(&bundle.to_bytes(), &scene::policy());
    assert_eq!(
        report.outcome,
        Outcome::Refuted,
        "nothing leads from the item to the case: {report:#?}"
    );
}

#[test]
fn an_anchor_that_no_endpoint_was_asked_about_is_not_checked() {
    let bundle = scene::bundle(5, &Disclosure::Items(&scene::shown()));
    let report = bundle::verify(&bundle.to_bytes(), &scene::policy());
    let anchors: Vec<_> = report.checks.iter().filter(|check| check.name == "anchor").collect();
    assert_eq!(anchors.len(), 1, "{report:#?}");
    assert_eq!(anchors[0].outcome, CheckOutcome::NotChecked);
    assert!(anchors[0].detail.contains("no endpoint was asked"), "{}", anchors[0].detail);
    assert!(report.anchor.is_some());
}

#[test]
fn the_report_counts_what_is_hidden_and_what_is_left_out() {
    let bundle =
        scene::bundle(5, &Disclosure::Fields { plain: &["parentID"], items: &scene::shown() });
    let report = bundle::verify(&bundle.to_bytes(), &scene::policy());
    assert_eq!(report.outcome, Outcome::Proved, "{report:#?}");
    let line =
        report.checks.iter().find(|check| check.name == "what the file does not show").unwrap();
    assert_eq!(line.outcome, CheckOutcome::NotChecked);
    assert_eq!(
        line.detail,
        "of 6 records 1 fields are hidden and 9 elements of lists are left out; hidden: ilmd 1"
    );
    assert_eq!(
        (&report.records[0].hidden[..], report.records[0].elements_left_out),
        (&["ilmd".to_owned()][..], 4)
    );
}

#[test]
fn the_lines_of_a_report_cannot_change_how_they_are_displayed() {
    let mut bundle = scene::bundle(5, &Disclosure::Items(&scene::shown()));
    bundle.hub.as_mut().unwrap().origin = "hub\u{1b}[2J\u{202e}DEVORP".into();
    bundle.item = "urn:\u{9b}31m\u{200b}".into();
    let report = bundle::verify(&bundle.to_bytes(), &scene::policy());
    assert_eq!(report.outcome, Outcome::Refuted);
    let lines: String =
        report.checks.iter().flat_map(|check| [&*check.name, &*check.detail]).collect();
    assert!(lines.contains("\\u{1b}[2J\\u{202e}DEVORP"), "{lines}");
    assert!(lines.chars().all(|c| !c.is_control() && !"\u{202e}\u{200b}".contains(c)), "{lines:?}");
}

#[test]
fn hub_and_anchor_may_be_absent_and_are_listed_as_not_checked() {
    let mut bundle = scene::bundle(5, &Disclosure::Items(&scene::shown()));
    (bundle.hub, bundle.anchor) = (None, None);
    bundle.histories.iter_mut().for_each(|history| history.hub = None);
    let report = bundle::verify(&bundle.to_bytes(), &scene::policy());
    assert_eq!(report.outcome, Outcome::Proved, "{report:#?}");
    for name in ["hub", "anchor", "witnesses", "nothing was left out", "the events are true"] {
        let check = report.checks.iter().find(|check| check.name == name);
        assert_eq!(check.unwrap().outcome, CheckOutcome::NotChecked, "{name}");
    }
}

#[test]
fn the_report_shows_what_is_shown_and_no_more() {
    let bundle = scene::bundle(5, &Disclosure::Items(&scene::shown()));
    let report = bundle::verify(&bundle.to_bytes(), &scene::policy());
    let packing = &report.records[1];
    assert_eq!((packing.origin.as_str(), packing.index), (scene::FACTORY, 2));
    let value = |name: &str| {
        packing.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    };
    assert_eq!(value("bizStep"), Some("\"packing\""));
    assert_eq!(value("childEPCs"), Some(format!("[\"{}\"]", scene::ITEM).as_str()));
    assert_eq!(bundle.histories[1].records[0].names, Naming::Container { of: scene::CASE.into() });
    let banned = ["genuine", "authentic", "guarantee", "tamper", "trustless", "100"];
    for check in &report.checks {
        let words = format!("{} {}", check.name, check.detail).to_lowercase();
        assert!(!banned.iter().any(|word| words.contains(word)), "{words}");
    }
}
