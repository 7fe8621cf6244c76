//! Approvals of events: only the exact text, under the key of an admin, approves anything.
#![no_main]

use std::sync::LazyLock;

use directory::approval::{approvers, text};
use directory::rights::{Party, Rights};
use ledger::note::Note;
use libfuzzer_sys::fuzz_target;

const LEDGER: &str = "brand.example/1";
const EVENT: &str =
    "ni:///sha-256;3a579b8f988cd27edf7e790f66fdaede142fc24340616a78e51928374a48bd2d?ver=CBV2.0";
const ADMIN: &str = "lin+f99287d5+AVv4IQYdZAbjaVvba41FnUxC/chzQXhM725neFG2jCOK";

/// The brand with one admin, whose secret key nobody has any more.
static RIGHTS: LazyLock<Rights> = LazyLock::new(|| {
    let brand = Party {
        name: "Brand".to_owned(),
        pglns: Vec::new(),
        sites: [].into(),
        admins: vec![("lin".to_owned(), ADMIN.to_owned())],
        first_key: None,
    };
    let mut rights = Rights::default();
    rights.parties.insert("brand".into(), brand);
    rights
});

fuzz_target!(|note: &str| {
    for (ledger, event, party) in [
        (LEDGER, EVENT, "brand"),
        (LEDGER, EVENT, "shop"),
        ("brand.example/2", EVENT, "brand"),
        (LEDGER, "ni:///sha-256;00?ver=CBV2.0", "brand"),
    ] {
        let people = approvers(&[note, note], ledger, event, &RIGHTS, party);
        if people.is_empty() {
            continue;
        }
        assert_eq!((ledger, event, party), (LEDGER, EVENT, "brand"));
        assert_eq!(people.into_iter().collect::<Vec<_>>(), ["lin"]);
        let note = Note::parse(note).expect("a note that counts is one");
        assert_eq!(note.text, text(LEDGER, EVENT));
    }
});
