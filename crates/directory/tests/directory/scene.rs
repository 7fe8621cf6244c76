//! A directory with two registrars of two parties, a brand with two admins, a maker and an office; and its keys.

use std::sync::OnceLock;

use directory::setup::{draft_of, seal, sign};
use directory::{Directory, replay};
use jiff::Timestamp;
use ledger::directory::entry::draft;
use ledger::directory::root::announced;
use ledger::directory::{Entry, HolderKey};
use ledger::json::{Json, object};
use ledger::keys::{LedgerKeys, SystemRandom};
use ledger::policy::DirectoryPin;

pub const ORIGIN: &str = "who.example/1";

/// Every person: name and party.
const PEOPLE: &[(&str, &str)] = &[
    ("ann", "registry-a"),
    ("bob", "registry-b"),
    ("cyd", "registry-c"),
    ("eve", "registry-a"),
    ("lin", "brand"),
    ("wu", "brand"),
    ("max", "maker"),
    ("ora", "office"),
    ("mallory", "mallory"),
    ("new", "registry-a"),
];

pub fn person(name: &str) -> &'static HolderKey {
    static KEYS: OnceLock<Vec<HolderKey>> = OnceLock::new();
    let keys = KEYS.get_or_init(|| {
        let make =
            |(name, _): &(&str, &str)| HolderKey::generate(name, &SystemRandom::new()).unwrap();
        PEOPLE.iter().map(make).collect()
    });
    &keys[PEOPLE.iter().position(|(own, _)| *own == name).unwrap()]
}

/// Keys of ledgers: made once, RSA takes its time.
pub fn keys(place: usize) -> &'static LedgerKeys {
    static KEYS: OnceLock<Vec<LedgerKeys>> = OnceLock::new();
    let origins =
        [ORIGIN, "hub.example/h", "brand.example/1", "brand.example/1", "maker.example/1"];
    let make = |origin: &&str| LedgerKeys::generate(origin, &SystemRandom::new()).unwrap();
    &KEYS.get_or_init(|| origins.iter().map(make).collect())[place]
}

pub fn at(text: &str) -> Timestamp {
    format!("2026-{text}Z").parse().unwrap()
}

/// When everything is written.
pub fn now() -> Timestamp {
    at("11-10T12:00:00")
}

pub fn json(text: &str) -> Json {
    ledger::json::parse(text.as_bytes(), &ledger::json::Limits::default()).unwrap()
}

fn pair(place: usize, from_size: u64) -> Json {
    let own = keys(place).verifier_keys();
    object([
        ("origin", Json::from(own[0].name())),
        ("ed25519", Json::from(own[0].to_string())),
        ("rsa", Json::from(own[1].to_string())),
        ("from_size", Json::from(from_size)),
    ])
}

fn people(names: &[&str], with_party: bool) -> Json {
    let person = |name: &&str| {
        let key = person(name).verifier();
        let mut json =
            object([("holder", Json::from(*name)), ("vkey", Json::from(key.to_string()))]);
        let party = PEOPLE.iter().find(|(own, _)| own == name).unwrap().1;
        if with_party {
            json.set("party", Json::from(party));
        }
        json
    };
    Json::Array(names.iter().map(person).collect())
}

/// A record with further members, given as JSON.
pub fn record(kind: &str, subject: &str, members: &str) -> Json {
    draft_of(kind, subject, None, &json(members))
}

/// The next record of a subject.
pub fn next(directory: &Directory, kind: &str, subject: &str, members: &str) -> Json {
    draft_of(kind, subject, directory.last(subject), &json(members))
}

pub fn root(version: u64, prev: Option<&ledger::Hash>) -> Json {
    let mut root = draft("root", "root", version, prev);
    let next = ["ann", "bob", "cyd", "new"]
        .map(|name| Json::from(announced(person(name).verifier()).to_string()));
    for (name, value) in [
        ("version", Json::from(version)),
        ("keys", people(&["ann", "bob", "cyd"], true)),
        ("threshold", Json::from(2_u64)),
        ("next", Json::Array(next.into())),
        ("registrars", people(&["ann", "bob", "eve"], true)),
        ("registrar_threshold", Json::from(2_u64)),
        ("emergency", people(&["cyd"], true)),
        ("directory", Json::Array(vec![pair(0, 0)])),
        ("hub", Json::Array(vec![pair(1, 0)])),
        (
            "chains",
            json(r#"[{"chain_id":31337,"contract":"0x5fbdb2315678afecb367f032d93f642f64180aa3"}]"#),
        ),
        ("late_h", Json::from(72_u64)),
        ("from", Json::from("2026-11-01T00:00:00Z")),
        ("until", Json::from("2027-05-01T00:00:00Z")),
    ] {
        root.set(name, value);
    }
    root
}

/// `root` with the people of an office replaced.
pub fn with_people(mut root: Json, office: &str, names: &[&str]) -> Json {
    root.set(office, people(names, true));
    root
}

pub fn party(id: &str, admins: &[&str], members: &str) -> Json {
    let mut record = record("party", &format!("party/{id}"), members);
    record.set("id", Json::from(id));
    record.set("name", Json::from(id));
    record.set("admins", people(admins, false));
    for (name, empty) in [("pgln", "[]"), ("sites", "[]")] {
        if record.get(name).is_none() {
            record.set(name, json(empty));
        }
    }
    record
}

pub fn keyset(directory: Option<&Directory>, place: usize, party: &str, from_size: u64) -> Json {
    let pair = pair(place, from_size);
    let subject = format!("keyset/{}", keys(place).origin());
    let last = directory.and_then(|directory| directory.last(&subject));
    let mut record = draft_of("keyset", &subject, last, &pair);
    record.set("party", Json::from(party));
    record
}

pub const YEAR: &str = r#""from":"2026-11-01T00:00:00Z","until":"2027-11-01T00:00:00Z""#;

pub fn prefix(digits: &str, party: &str) -> Json {
    let members = format!(r#"{{"digits":"{digits}","party":"{party}","grade":"C",{YEAR}}}"#);
    record("prefix", &format!("prefix/{digits}"), &members)
}

pub fn signed(record: &Json, names: &[&str]) -> String {
    sign(record, &names.iter().map(|name| person(name)).collect::<Vec<_>>())
}

/// Root, parties, ledgers, prefixes and a grant; without a state.
pub fn first_entries() -> Vec<String> {
    let grant = format!(
        r#"{{"id":"g1","grantor":"brand","grantee":"maker","acts":["issue"],"scope":{{"serials":["600","700"]}},{YEAR}}}"#
    );
    let power = format!(
        r#"{{"id":"p1","party":"office","acts":["recall"],"scope":{{"prefixes":["9521"]}},"legal_basis":"Act 7",{YEAR}}}"#
    );
    let device = format!(
        r#"{{"bridge":"dock","key":"{}","ledger":"brand.example/1","read_points":["urn:epc:id:sgln:9521141.01234.0"],{YEAR}}}"#,
        "A".repeat(43) + "="
    );
    vec![
        signed(&root(1, None), &["ann", "bob"]),
        signed(
            &party(
                "brand",
                &["lin", "wu"],
                r#"{"sites":["9521141012344"],"pgln":["urn:epc:id:pgln:9521141.00000"]}"#,
            ),
            &["ann", "bob", "lin"],
        ),
        signed(&party("maker", &["max"], "{}"), &["ann", "bob", "max"]),
        signed(&party("office", &["ora"], "{}"), &["eve", "bob", "ora"]),
        signed(&keyset(None, 2, "brand", 0), &["lin", "wu", "ann"]),
        signed(&prefix("952114112", "brand"), &["ann", "bob", "lin"]),
        signed(&record("device", "device/dock", &device), &["wu"]),
        signed(&record("grant", "grant/g1", &grant), &["lin", "max"]),
        signed(&record("power", "power/p1", &power), &["bob", "cyd"]),
    ]
}

/// The state after `entries`.
pub fn sealed(mut entries: Vec<String>, when: Timestamp) -> Vec<String> {
    let mut directory = Directory::empty(ORIGIN, None);
    let known = entries.iter().rposition(|entry| entry.contains(r#""kind":"state""#));
    let first = known.map_or(0, |place| place + 1);
    directory.extend(&entries[..first]).unwrap();
    for entry in &entries[first..] {
        directory.push(entry, when).unwrap();
    }
    let until = when + jiff::SignedDuration::from_hours(7 * 24);
    entries.push(seal(&directory, when, until, keys(0), &SystemRandom::new()).unwrap());
    entries
}

/// All entries, with a state, and the pin of the first root.
pub fn entries() -> &'static (Vec<String>, DirectoryPin) {
    static ENTRIES: OnceLock<(Vec<String>, DirectoryPin)> = OnceLock::new();
    ENTRIES.get_or_init(|| {
        let entries = sealed(first_entries(), now());
        let pin = directory::setup::pin_of(&entries).unwrap();
        (entries, pin)
    })
}

pub fn directory() -> Directory {
    let (entries, pin) = entries();
    replay(ORIGIN, pin, entries).unwrap()
}

/// Leaf hash of an entry.
pub fn leaf(entry: &str) -> ledger::Hash {
    Entry::parse(entry).unwrap().leaf
}
