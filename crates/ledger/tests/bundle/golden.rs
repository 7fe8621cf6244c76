//! A bundle that every later version must prove, and spoilt copies of it that none may. `UPDATE_GOLDEN=1` writes
//! missing bundles and all expected errors; a bundle that exists is never rewritten.

use std::{fs, sync::OnceLock};

use ledger::{
    bundle::{self, Bundle, CheckOutcome, LedgerHistory, Outcome, Report},
    checkpoint::Checkpoint,
    hash,
    json::Json,
    note::Note,
    policy::Policy,
    proof,
    record::{DisclosedField, Disclosure, Record},
};

use crate::scene;

/// Writes the missing files once, before any test reads them, if that is asked for.
fn files() -> (Vec<u8>, Policy) {
    static WRITTEN: OnceLock<()> = OnceLock::new();
    let (valid, policy) = (scene::golden("valid/item.bundle.json"), scene::golden("policy.txt"));
    WRITTEN.get_or_init(|| {
        if scene::is_update() && !valid.exists() {
            fs::create_dir_all(valid.parent().unwrap()).unwrap();
            let made = scene::bundle(5, &Disclosure::Items(&scene::shown()));
            fs::write(&valid, made.to_bytes()).unwrap();
            let text = format!(
                "# Keys of the golden bundle; test keys, good for nothing else.\n{}",
                scene::policy()
            );
            fs::write(&policy, text).unwrap();
        }
    });
    (fs::read(valid).unwrap(), fs::read_to_string(policy).unwrap().parse().unwrap())
}

/// The failed checks, one a line.
fn failures(report: &Report) -> String {
    let failed = report.checks.iter().filter(|check| check.outcome == CheckOutcome::Failed);
    let lines: Vec<_> = failed.map(|check| format!("{}: {}\n", check.name, check.detail)).collect();
    lines.concat()
}

#[test]
fn the_golden_bundle_is_proved_by_the_golden_policy() {
    let (bytes, policy) = files();
    let report = bundle::verify(&bytes, &policy);
    assert_eq!(report.outcome, Outcome::Proved, "{report:#?}");
    assert_eq!(report.item.as_deref(), Some(scene::ITEM));
    assert_eq!(report.records.len(), 6);
    assert_eq!(bundle::parse(&bytes).unwrap().to_bytes(), bytes);
    let claim = report.anchor.unwrap();
    assert_eq!(
        (claim.chain_id, claim.block_number, claim.block_time),
        (31337, 1234, 1_772_410_600)
    );
}

type Spoil = fn(&mut Bundle);

/// What is done to each copy.
const SPOILT: &[(&str, Spoil)] = &[
    ("another-item", |bundle| bundle.item = scene::item(3)),
    ("record-moved", |bundle| bundle.histories[0].records[1].index = 1),
    ("records-exchanged", |bundle| bundle.histories[0].records.swap(0, 1)),
    ("record-left-out-of-history-root", |bundle| leave_out(&mut bundle.histories[0], 0)),
    ("path-cut", |bundle| {
        bundle.histories[0].records[0].path.pop();
    }),
    ("value-changed", |bundle| change_value(bundle, "bizStep", "\"destroying\"")),
    ("container-not-linked", |bundle| {
        // Without the record that packs the case, nothing leads from item to pallet.
        let history = &mut bundle.histories[0];
        leave_out(history, 1);
        let leaves: Vec<_> = history
            .records
            .iter()
            .filter(|record| record.names == bundle::Naming::Item)
            .map(|record| record.disclosed.leaf_hash().unwrap())
            .collect();
        history.history_root = ledger::history::root(&leaves);
    }),
    ("signature-line-missing", |bundle| {
        let note = &mut bundle.histories[0].checkpoint;
        note.truncate(note.trim_end().rfind('\n').unwrap() + 1);
    }),
    ("signature-lines-exchanged", |bundle| {
        let note = &bundle.histories[0].checkpoint;
        let (text, lines) = note.split_once("\n\n").unwrap();
        let (first, second) = lines.split_once('\n').unwrap();
        bundle.histories[0].checkpoint = format!("{text}\n\n{second}{first}\n");
    }),
    ("signed-by-another", |bundle| {
        let foreign =
            ledger::keys::LedgerKeys::generate(scene::SHOP, &ledger::keys::SystemRandom::new());
        let checkpoint = scene::shop().checkpoint;
        bundle.histories[1].checkpoint = foreign
            .unwrap()
            .sign_checkpoint(&checkpoint, &ledger::keys::SystemRandom::new())
            .unwrap();
    }),
    ("another-ledgers-checkpoint", |bundle| {
        bundle.histories[0].checkpoint = bundle.histories[1].checkpoint.clone();
    }),
    ("hub-entry-of-another-ledger", |bundle| {
        bundle.histories[0].hub = bundle.histories[1].hub.clone();
    }),
    ("hub-missing", |bundle| bundle.hub = None),
    ("anchor-and-a-ledger-in-no-hub", |bundle| bundle.histories[1].hub = None),
    ("histories-exchanged", |bundle| bundle.histories.swap(0, 1)),
    ("history-twice", |bundle| bundle.histories[1] = bundle.histories[0].clone()),
    ("history-without-records", |bundle| {
        bundle.histories[1].records.clear();
        bundle.histories[1].history_root = ledger::Hash::EMPTY;
    }),
    ("mandatory-field-hidden", |bundle| hide_field(bundle, "bizStep")),
    ("field-shown-and-hidden", |bundle| {
        let fields = &mut bundle.histories[0].records[0].disclosed.fields;
        let hidden = DisclosedField::Hidden { name: "bizStep".into(), digest: ledger::Hash::EMPTY };
        let place = fields.iter().position(|field| field.name() == "bizStep").unwrap();
        fields.insert(place, hidden);
    }),
    ("hidden-field-renamed", |bundle| {
        hide_field(bundle, "ilmd");
        let fields = &mut bundle.histories[0].records[0].disclosed.fields;
        for field in fields {
            if let DisclosedField::Hidden { name, .. } = field {
                "ilme".clone_into(name);
            }
        }
    }),
    ("anchor-of-another-size", |bundle| bundle.anchor.as_mut().unwrap().size += 1),
    ("anchor-on-another-chain", |bundle| bundle.anchor.as_mut().unwrap().chain_id = 1),
    ("anchor-of-another-block", |bundle| {
        *bundle.anchor.as_mut().unwrap().header.last_mut().unwrap() ^= 1;
    }),
    ("anchor-of-another-transaction", |bundle| {
        bundle.anchor.as_mut().unwrap().transaction_index = 0;
    }),
    ("anchor-receipt-changed", |bundle| {
        *bundle.anchor.as_mut().unwrap().receipt.last_mut().unwrap() ^= 1;
    }),
];

/// Leaves out a record, with the paths of the others as they are then.
fn leave_out(history: &mut LedgerHistory, place: usize) {
    let size = Note::parse(&history.checkpoint).unwrap();
    let size = Checkpoint::parse_body(&size.text).unwrap().size;
    let mut before = Vec::new();
    for record in &mut history.records {
        before = proof::whole_path(&record.path, &before, record.index, size).unwrap();
        record.path.clone_from(&before);
    }
    history.records.remove(place);
    let (root, hub) = (history.history_root, history.hub.clone());
    let (records, note) = (history.records.clone(), history.checkpoint.clone());
    *history = LedgerHistory::assemble(&history.origin, records, note, hub).unwrap();
    history.history_root = root;
}

/// Hides a field of the first record as its ledger could, with the right digest.
fn hide_field(bundle: &mut Bundle, wanted: &str) {
    let record = &scene::factory(5).records[0];
    let secret = scene::secret(scene::FACTORY, 0);
    let others: Vec<_> = record
        .fields()
        .iter()
        .map(|(name, _)| name.as_str())
        .filter(|name| *name != wanted)
        .collect();
    let shown = scene::shown();
    let what = Disclosure::Fields { plain: &others, items: &shown };
    let mut disclosed = record.disclose(&secret, &what);
    for field in &mut disclosed.fields {
        if let DisclosedField::Plain { name, salt, value } = field
            && name == wanted
        {
            let length = (name.len() as u64).to_be_bytes();
            let bytes = [&[0x10], &salt[..], &length, name.as_bytes(), value.as_bytes()].concat();
            *field = DisclosedField::Hidden { name: name.clone(), digest: hash::sha256(&bytes) };
        }
    }
    bundle.histories[0].records[0].disclosed = disclosed;
}

fn change_value(bundle: &mut Bundle, wanted: &str, other: &str) {
    for field in &mut bundle.histories[0].records[0].disclosed.fields {
        if let DisclosedField::Plain { name, value, .. } = field
            && name == wanted
        {
            other.clone_into(value);
        }
    }
}

/// Copies that are no whole bundle of this version any more.
fn no_bundles(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let text = std::str::from_utf8(bytes).unwrap();
    vec![
        ("truncated", bytes[..bytes.len() / 2].to_vec()),
        ("newline-at-the-end", [bytes, b"\n"].concat()),
        (
            "member-twice",
            text.replacen("\"format\":", "\"format\":\"\",\"format\":", 1).into_bytes(),
        ),
        ("another-format", text.replace("bundle@v2", "bundle@v3").into_bytes()),
    ]
}

/// Copies that are spoilt in their bytes.
fn spoilt_bytes(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let text = std::str::from_utf8(bytes).unwrap();
    let (before, after) = text.split_once("[\"action\",\"").unwrap();
    let (salt, rest) = after.split_at(22);
    let padded = format!("{before}[\"action\",\"{salt}=={rest}");
    vec![
        ("member-unknown", text.replacen("\"item\":", "\"itel\":1,\"item\":", 1).into_bytes()),
        ("base64-with-padding", padded.into_bytes()),
    ]
}

#[test]
fn each_spoilt_copy_is_refuted_for_its_reason() {
    let (bytes, policy) = files();
    let folder = scene::golden("invalid");
    if scene::is_update() {
        fs::create_dir_all(&folder).unwrap();
        let mut copies = spoilt_bytes(&bytes);
        for (name, spoil) in SPOILT {
            let mut copy = bundle::parse(&bytes).unwrap();
            spoil(&mut copy);
            copies.push((name, copy.to_bytes()));
        }
        for (name, copy) in copies {
            let path = folder.join(format!("{name}.bundle.json"));
            if !path.exists() {
                fs::write(&path, copy).unwrap();
            }
            let report = bundle::verify(&fs::read(&path).unwrap(), &policy);
            fs::write(folder.join(format!("{name}.expected_error")), failures(&report)).unwrap();
        }
    }
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let Some(name) = path.to_str().unwrap().strip_suffix(".bundle.json") else { continue };
        let report = bundle::verify(&fs::read(&path).unwrap(), &policy);
        assert_eq!(report.outcome, Outcome::Refuted, "{name}");
        assert_eq!(
            failures(&report),
            fs::read_to_string(format!("{name}.expected_error")).unwrap(),
            "{name}"
        );
        count += 1;
    }
    assert_eq!(count, SPOILT.len() + spoilt_bytes(&bytes).len());
}

#[test]
fn a_copy_that_is_no_whole_bundle_is_neither_proved_nor_refuted() {
    let (bytes, policy) = files();
    let folder = scene::golden("no-bundle");
    for (name, copy) in no_bundles(&bytes) {
        let path = folder.join(format!("{name}.bundle.json"));
        if scene::is_update() && !path.exists() {
            fs::write(&path, &copy).unwrap();
        }
        let report = bundle::verify(&fs::read(&path).unwrap(), &policy);
        assert_eq!(report.outcome, Outcome::CannotTell, "{name}");
        let lines: Vec<_> = report.checks.iter().collect();
        assert_eq!(lines.len(), 1, "{name}: {lines:?}");
        assert_eq!(lines[0].outcome, bundle::CheckOutcome::NotChecked, "{name}");
        let found = format!("{}: {}\n", lines[0].name, lines[0].detail);
        let expected = folder.join(format!("{name}.expected_error"));
        if scene::is_update() {
            fs::write(&expected, &found).unwrap();
        }
        assert_eq!(found, fs::read_to_string(expected).unwrap(), "{name}");
    }
    assert_eq!(fs::read_dir(folder).unwrap().count(), 2 * no_bundles(&bytes).len());
}

/// A record with every kind of value, its salts' source and its hashes.
#[test]
fn the_golden_record_has_its_hashes_for_ever() {
    let file = scene::golden("record.txt");
    let secret: [u8; 16] = *b"sixteen bytes!!!";
    if scene::is_update() {
        let json = ledger::json::parse(
            "{\"type\":\"ObjectEvent\",\"epcList\":[\"urn:epc:id:sgtin:4012345.011122.1\",\"urn:epc:id:sgtin:4012345.011122.2\"],\
             \"quantityList\":[{\"epcClass\":\"urn:epc:class:lgtin:4012345.011122.L-17\",\"quantity\":4.50,\"uom\":\"KGM\"}],\
             \"childEPCs\":[],\"ilmd\":{\"b\":null,\"a\":[true,-0,1e3]},\"\u{fb33}\":1,\"\u{1f600}\":\"\u{20ac}\\n\"}"
                .as_bytes(),
            &ledger::json::Limits::default(),
        );
        let record = Record::from_json(json.unwrap()).unwrap();
        let lines = [
            ("text", record.text().to_owned()),
            ("secret", hex::encode(secret)),
            ("commitment", record.commitment(&secret).to_string()),
            ("leaf", record.leaf_hash(&secret).to_string()),
            (
                "disclosed",
                record
                    .disclose(&secret, &Disclosure::Items(&[scene::ITEM.into()]))
                    .to_json()
                    .canonical(),
            ),
        ];
        let lines = lines.map(|(name, value)| format!("{name} {value}\n"));
        fs::write(&file, lines.concat()).unwrap();
    }
    let text = fs::read_to_string(file).unwrap();
    let line = |name: &str| {
        let found = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        found.unwrap().to_owned()
    };
    let record = Record::parse(&line("text")).unwrap();
    assert_eq!(line("secret"), hex::encode(secret));
    assert_eq!(line("commitment"), record.commitment(&secret).to_string());
    assert_eq!(line("leaf"), record.leaf_hash(&secret).to_string());
    let shown = record.disclose(&secret, &Disclosure::Items(&[scene::ITEM.into()]));
    assert_eq!(line("disclosed"), shown.to_json().canonical());
    assert_eq!(record.json().get("childEPCs"), Some(&Json::Array(Vec::new())));
}
