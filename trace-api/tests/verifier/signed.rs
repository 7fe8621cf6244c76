//! Bundles that a ledger signed although their records are malformed, or are well-formed in rare ways: each is the only
//! record of a small ledger, whose test keys sign whatever it says.
//!
//! The files are in tests/corpus/signed; `UPDATE_GOLDEN=1` writes missing ones, a file that exists is never rewritten.

use std::fs;

use ledger::{
    Hash,
    bundle::{Bundle, BundledRecord, LedgerHistory, Naming},
    checkpoint::Checkpoint,
    hash,
    json::{Json, object},
    keys::{LedgerKeys, SystemRandom},
    note::Note,
    record::{DisclosedElement, DisclosedField, DisclosedRecord, LIST_FIELDS, MANDATORY_FIELDS},
    tree,
};

use crate::three::repository;

const ORIGIN: &str = "factory.example/line-1";
const ITEM: &str = "urn:epc:id:sgtin:4012345.011122.1";
const CASE: &str = "urn:epc:id:sscc:4012345.1111111111";
const SALT: [u8; 16] = [7; 16];

fn plain(name: &str, value: &str) -> DisclosedField {
    DisclosedField::Plain { name: name.into(), salt: SALT, value: value.into() }
}

fn text(name: &str, value: &str) -> DisclosedField {
    plain(name, &Json::from(value).canonical())
}

fn list(name: &str, values: &[&str]) -> DisclosedField {
    let element = |(index, value): (usize, &&str)| DisclosedElement {
        index: index as u64,
        salt: SALT,
        value: (*value).to_owned(),
        path: Vec::new(),
    };
    let elements = values.iter().enumerate().map(element).collect();
    DisclosedField::List { name: name.into(), count: values.len() as u64, elements }
}

fn uri(uri: &str) -> String {
    Json::from(uri).canonical()
}

fn hidden(name: &str) -> DisclosedField {
    let digest = digest(&plain(name, "\"hidden\""));
    DisclosedField::Hidden { name: name.into(), digest }
}

fn length(text: &str) -> [u8; 8] {
    (text.len() as u64).to_be_bytes()
}

/// The digest of a field, whatever it holds: docs/formats/record-v1.md.
fn digest(field: &DisclosedField) -> Hash {
    match field {
        DisclosedField::Hidden { digest, .. } => *digest,
        DisclosedField::Plain { name, salt, value } => {
            let parts = [&[0x10], &salt[..], &length(name), name.as_bytes(), value.as_bytes()];
            hash::sha256(&parts.concat())
        }
        DisclosedField::List { name, count, elements } => {
            let leaf = |element: &DisclosedElement| {
                let parts = [&[0x11], &element.salt[..], element.value.as_bytes()].concat();
                hash::leaf(hash::sha256(&parts).as_bytes())
            };
            let leaves: Vec<Hash> = elements.iter().map(leaf).collect();
            let root = if *count == leaves.len() as u64 {
                tree::root(&leaves)
            } else {
                climb(elements[0].index, leaves[0], *count, &elements[0].path)
            };
            let parts = [
                &[0x12],
                &length(name)[..],
                name.as_bytes(),
                &count.to_be_bytes(),
                root.as_bytes(),
            ];
            hash::sha256(&parts.concat())
        }
    }
}

fn climb(index: u64, leaf: Hash, count: u64, path: &[Hash]) -> Hash {
    let (mut place, mut last, mut current) = (index, count - 1, leaf);
    for sibling in path {
        let is_left = place % 2 == 0 && place != last;
        current =
            if is_left { hash::node(&current, sibling) } else { hash::node(sibling, &current) };
        (place, last) = (place / 2, last / 2);
    }
    current
}

fn leaf(fields: &[DisclosedField]) -> Hash {
    let mut all = [vec![0x13], (fields.len() as u64).to_be_bytes().to_vec()].concat();
    for field in fields {
        let name = field.name();
        all.extend([&length(name)[..], name.as_bytes(), digest(field).as_bytes()].concat());
    }
    hash::leaf(hash::sha256(&all).as_bytes())
}

fn keys() -> LedgerKeys {
    let path = repository("crates/ledger/tests/golden/keys/factory.pem");
    LedgerKeys::from_pem_file(&fs::read_to_string(path).unwrap()).unwrap()
}

fn sign(root: Hash, size: u64) -> String {
    let checkpoint = Checkpoint { origin: ORIGIN.into(), size, root };
    keys().sign_checkpoint(&checkpoint, &SystemRandom::new()).unwrap()
}

/// A bundle of records that are alone in their ledger.
fn bundle(item: &str, records: Vec<(Naming, Vec<DisclosedField>)>) -> Bundle {
    let leaves: Vec<Hash> = records.iter().map(|(_, fields)| leaf(fields)).collect();
    let of_item = records.iter().zip(&leaves).filter(|((names, _), _)| *names == Naming::Item);
    let own: Vec<Hash> = of_item.map(|(_, leaf)| *leaf).collect();
    let record = |(index, (names, fields)): (usize, (Naming, Vec<DisclosedField>))| BundledRecord {
        disclosed: DisclosedRecord { fields },
        index: index as u64,
        path: tree::inclusion_path(index as u64, &leaves),
        names,
    };
    let history = LedgerHistory {
        origin: ORIGIN.into(),
        records: records.into_iter().enumerate().map(record).collect(),
        history_root: tree::root(&own),
        checkpoint: sign(tree::root(&leaves), leaves.len() as u64),
        hub: None,
    };
    Bundle { item: item.into(), histories: vec![history], hub: None, anchor: None, directory: None }
}

/// A record of the item with more fields, in bytewise order.
fn with(more: Vec<DisclosedField>) -> Bundle {
    let mut fields = vec![list("epcList", &[&uri(ITEM)]), text("type", "ObjectEvent")];
    fields.extend(more);
    fields.sort_by(|one, other| one.name().cmp(other.name()));
    alone(fields)
}

fn alone(fields: Vec<DisclosedField>) -> Bundle {
    bundle(ITEM, vec![(Naming::Item, fields)])
}

fn in_case(of: &str, fields: Vec<DisclosedField>) -> (Naming, Vec<DisclosedField>) {
    (Naming::Container { of: of.into() }, fields)
}

fn packing(parent: &str, child: &str) -> Vec<DisclosedField> {
    vec![list("childEPCs", &[&uri(child)]), text("parentID", parent)]
}

/// Records with one value: name of the case, the value's text.
fn values() -> Vec<(String, Bundle)> {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let texts: Vec<(&str, String)> = [
        ("space", "{\"a\": 1}"),
        ("newline-behind", "1\n"),
        ("members-unsorted", "{\"b\":1,\"a\":2}"),
        ("member-twice", "{\"a\":1,\"a\":1}"),
        ("member-proto", "{\"__proto__\":1,\"constructor\":2}"),
        ("members-by-utf16", "{\"\u{1f600}\":1,\"\u{fb33}\":2}"),
        ("members-by-utf8", "{\"\u{fb33}\":2,\"\u{1f600}\":1}"),
        ("number-zeros-kept", "1.50"),
        ("number-beyond-double", "1E400"),
        ("number-large", "123456789012345678901234567890.5e-7"),
        ("number-minus-zero", "-0"),
        ("number-leading-zero", "01"),
        ("number-no-fraction", "1."),
        ("number-plus", "+1"),
        ("number-nan", "NaN"),
        ("number-infinity", "-Infinity"),
        ("number-fullwidth", "\u{ff11}"),
        ("surrogate-alone", "\"\\ud800\""),
        ("surrogate-low", "\"\\udc00\\ud800\""),
        ("surrogate-pair-escaped", "\"\\ud83d\\ude00\""),
        ("escape-not-needed", "\"\\u0041\""),
        ("escape-slash", "\"\\/\""),
        ("escape-short", "\"\\b\\f\\n\\r\\t\\\"\\\\\""),
        ("escape-long-for-short", "\"\\u000a\""),
        ("escape-control", "\"\\u001f\\u0000\""),
        ("escape-capitals", "\"\\u001F\""),
        ("raw-control", "\"\u{1}\""),
        ("raw-delete-and-separators", "\"\u{7f}\u{80}\u{2028}\u{2029}\u{feff}\u{ffff}\u{10ffff}\""),
        ("empty", ""),
        ("two", "1 2"),
        ("comma", "[1,]"),
        ("byte-order-mark", "\u{feff}1"),
        ("single-quotes", "'a'"),
        ("capital-true", "True"),
        ("words", "[true,false,null]"),
        ("empty-string", "\"\""),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into_iter()
    .chain([("64-deep", nested(64)), ("65-deep", nested(65)), ("deep-unended", "[".repeat(5000))])
    .collect();
    texts
        .into_iter()
        .map(|(name, value)| (format!("value-{name}"), with(vec![plain("x", &value)])))
        .collect()
}

/// Records whose names of fields are repeated, hidden, out of order or rare.
fn names() -> Vec<(String, Bundle)> {
    let item = || list("epcList", &[&uri(ITEM)]);
    let step = |value| text("bizStep", value);
    let mut out = vec![
        ("plain", with(vec![step("packing")])),
        ("name-twice", alone(vec![step("packing"), step("shipping"), item()])),
        ("name-twice-one-hidden", alone(vec![step("packing"), hidden("bizStep"), item()])),
        ("name-twice-both-hidden", alone(vec![item(), hidden("x"), hidden("x")])),
        ("names-descending", alone(vec![item(), step("packing")])),
        ("names-descending-hidden", alone(vec![hidden("x"), item()])),
        ("name-hidden", with(vec![hidden("ilmd")])),
        ("name-empty", alone(vec![text("", "a"), item()])),
        ("name-of-prototypes", with(["__proto__", "constructor", "toString"].map(hidden).to_vec())),
        (
            "name-of-prototypes-shown",
            with(vec![text("__proto__", ITEM), text("hasOwnProperty", "a")]),
        ),
        ("names-by-utf8", alone(vec![item(), hidden("\u{fb33}"), hidden("\u{1f600}")])),
        ("names-by-utf16", alone(vec![item(), hidden("\u{1f600}"), hidden("\u{fb33}")])),
        ("list-as-plain", with(vec![plain("childEPCs", "[]")])),
        ("plain-as-list", with(vec![list("x", &["1"])])),
        ("list-hidden", with(vec![hidden("childEPCs")])),
        ("list-empty", with(vec![list("childEPCs", &[])])),
        ("no-fields", alone(Vec::new())),
    ];
    out.extend([("of-2^53-1", (1 << 53) - 1), ("of-2^53", 1 << 53)].map(|(name, count)| {
        let path = vec![Hash::EMPTY; 53];
        let element = DisclosedElement { index: 0, salt: SALT, value: "1".into(), path };
        let elements = vec![element];
        let field = DisclosedField::List { name: "childEPCs".into(), count, elements };
        (if name == "of-2^53" { "list-of-2-53" } else { "list-of-2-53-less-1" }, with(vec![field]))
    }));
    let hiding = MANDATORY_FIELDS.iter().map(|name| {
        let mut fields = vec![item(), hidden(name)];
        fields.sort_by(|one, other| one.name().cmp(other.name()));
        (format!("mandatory-hidden-{}", name.replace(':', "-")), alone(fields))
    });
    let named = out.into_iter().map(|(name, bundle)| (name.to_owned(), bundle));
    named.chain(hiding).collect()
}

/// Records that name the item, or a container, where another reader might not look.
fn naming() -> Vec<(String, Bundle)> {
    let class = |value: &str| object([("epcClass", Json::from(value))]).canonical();
    let elsewhere = |field| alone(vec![field, text("type", "ObjectEvent")]);
    let item = || (Naming::Item, vec![list("epcList", &[&uri(ITEM)])]);
    let mut out = vec![
        ("names-by-parent", alone(vec![text("parentID", ITEM)])),
        ("names-by-parent-array", alone(vec![plain("parentID", &format!("[{}]", uri(ITEM)))])),
        ("names-by-class-in-epc-list", elsewhere(list("epcList", &[&class(ITEM)]))),
        ("names-by-class", elsewhere(list("quantityList", &[&class(ITEM)]))),
        ("names-by-text-in-quantities", elsewhere(list("quantityList", &[&uri(ITEM)]))),
        ("names-by-class-array", elsewhere(list("quantityList", &[&format!("[{}]", class(ITEM))]))),
        ("names-by-sensor", elsewhere(list("sensorElementList", &[&uri(ITEM)]))),
        ("names-by-other-field", alone(vec![text("type", ITEM)])),
        ("names-beside-null", elsewhere(list("epcList", &["null", "1", "{}", &uri(ITEM)]))),
        ("item-empty", bundle("", vec![(Naming::Item, vec![list("epcList", &["\"\""])])])),
        ("item-empty-by-parent", bundle("", vec![(Naming::Item, vec![text("parentID", "")])])),
        ("item-empty-not-named", bundle("", vec![(Naming::Item, vec![plain("parentID", "null")])])),
        ("container-alone", bundle(ITEM, vec![in_case(CASE, packing(CASE, ITEM))])),
        ("container-not-linked", bundle(ITEM, vec![in_case(CASE, packing(CASE, "other"))])),
        ("container-is-the-item", bundle(ITEM, vec![item(), in_case(ITEM, packing(ITEM, ITEM))])),
        ("container-empty", bundle(ITEM, vec![item(), in_case("", packing("", ITEM))])),
        (
            "container-object",
            bundle(
                ITEM,
                vec![
                    item(),
                    in_case("{}", vec![list("childEPCs", &[&uri(ITEM)]), plain("parentID", "{}")]),
                ],
            ),
        ),
        (
            "container-array",
            bundle(
                ITEM,
                vec![
                    item(),
                    in_case(
                        CASE,
                        vec![
                            list("childEPCs", &[&uri(ITEM)]),
                            plain("parentID", &format!("[{}]", uri(CASE))),
                        ],
                    ),
                ],
            ),
        ),
        (
            "containers-in-a-circle",
            bundle(
                ITEM,
                vec![
                    item(),
                    in_case(CASE, packing(CASE, ITEM)),
                    in_case("b", packing("b", CASE)),
                    in_case(CASE, packing(CASE, "b")),
                ],
            ),
        ),
    ];
    out.push(("names-in-every-list", {
        let fields = LIST_FIELDS.iter().map(|name| list(name, &[&uri(CASE)]));
        let mut fields: Vec<_> = fields.chain([text("parentID", ITEM)]).collect();
        fields.sort_by(|one, other| one.name().cmp(other.name()));
        alone(fields)
    }));
    out.into_iter().map(|(name, bundle)| (name.to_owned(), bundle)).collect()
}

/// Bundles whose checkpoint is written or signed in another way.
fn notes() -> Vec<(String, Bundle)> {
    let changed = |change: &dyn Fn(&mut Note)| {
        let mut bundle = with(Vec::new());
        let mut note = Note::parse(&bundle.histories[0].checkpoint).unwrap();
        change(&mut note);
        bundle.histories[0].checkpoint = note.to_string();
        bundle
    };
    let witness = |note: &mut Note| {
        let mut line = note.signatures[0].clone();
        line.name = "witness.example/w1".into();
        note.signatures.push(line);
    };
    let size_zero = || {
        let mut bundle = with(Vec::new());
        bundle.histories[0].checkpoint = sign(Hash::EMPTY, 0);
        bundle
    };
    [
        ("note-with-a-witness", changed(&witness)),
        (
            "note-with-a-line-twice",
            changed(&|note| note.signatures.push(note.signatures[0].clone())),
        ),
        ("note-with-100-lines", changed(&|note| (2..100).for_each(|_| witness(note)))),
        ("note-with-101-lines", changed(&|note| (2..101).for_each(|_| witness(note)))),
        ("note-with-a-short-signature", changed(&|note| note.signatures[0].bytes.truncate(63))),
        ("note-with-one-byte", changed(&|note| note.signatures[1].bytes.truncate(1))),
        ("note-with-a-long-signature", changed(&|note| note.signatures[0].bytes.push(0))),
        ("note-with-zeros", changed(&|note| note.signatures[0].bytes = vec![0; 64])),
        ("note-of-ed25519-only", changed(&|note| note.signatures.truncate(1))),
        ("note-of-rsa-only", changed(&|note| drop(note.signatures.remove(0)))),
        (
            "note-of-another-origin",
            changed(&|note| note.signatures[0].name = "factory.example".into()),
        ),
        ("note-of-size-0", size_zero()),
    ]
    .map(|(name, bundle)| (name.to_owned(), bundle))
    .into()
}

/// Writes the missing files if that is asked for, and checks that none is there that this file does not make.
pub fn write_missing() {
    let folder = repository("tests/corpus/signed");
    let all: Vec<(String, Bundle)> =
        values().into_iter().chain(names()).chain(naming()).chain(notes()).collect();
    for (name, bundle) in &all {
        let path = folder.join(format!("{name}.bundle.json"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() && !path.exists() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&path, bundle.to_bytes()).unwrap();
        }
        assert!(path.exists(), "{}; UPDATE_GOLDEN=1 writes it", path.display());
    }
    assert_eq!(fs::read_dir(folder).unwrap().count(), all.len());
}
