//! Evidence packs: proved by two verifiers, and refuted whatever is changed in them.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::Path;
use std::process::Command;

use export::pack::{Outcome, Report, verify};
use export::zip::{Archive, Index};
use export::{Error, Format, Options, Request};
use ledger::bundle::CheckOutcome;
use ledger::hash::sha256;
use ledger::json::{Json, Limits, object, parse};
use ledger::policy::Policy;

use crate::scene::{SHOP_PARTY, Scene, everything, of_party};

/// What a pack has, by name, in its order.
type Files = Vec<(String, Vec<u8>)>;

fn read(bytes: &[u8]) -> Files {
    let mut index = Index::read(Cursor::new(bytes)).unwrap();
    let entries = index.entries().to_vec();
    entries.iter().map(|it| (it.name.clone(), index.whole(it, u32::MAX).unwrap())).collect()
}

fn written(files: &Files) -> Vec<u8> {
    let mut archive = Archive::new(Vec::new());
    for (name, content) in files {
        archive.store(name, content).unwrap();
    }
    archive.finish().unwrap()
}

fn json(bytes: &[u8]) -> Json {
    parse(bytes, &Limits::default()).unwrap()
}

/// As somebody would who changes a pack and knows its format: hashes and sums are made again.
pub fn forged(
    bytes: &[u8],
    change: impl FnOnce(&mut BTreeMap<String, Vec<u8>>, &mut Json),
) -> Vec<u8> {
    let mut files: BTreeMap<String, Vec<u8>> = read(bytes).into_iter().collect();
    let mut manifest = json(&files.remove("manifest.json").unwrap());
    files.remove("SHA256SUMS");
    change(&mut files, &mut manifest);
    let hash = |content: &[u8]| sha256(content).to_string();
    let hashes = files.iter().map(|(name, it)| (name.clone(), Json::from(hash(it).as_str())));
    manifest.set("files", object(hashes));
    files.insert("manifest.json".into(), manifest.canonical().into_bytes());
    let sums = files.iter().map(|(name, it)| format!("{}  {name}\n", hash(it)));
    let sums = sums.collect::<Vec<_>>().concat();
    let mut files: Files = files.into_iter().collect();
    files.push(("SHA256SUMS".into(), sums.into_bytes()));
    written(&files)
}

pub fn checked(bytes: &[u8], policy: &str) -> Report {
    verify(Cursor::new(bytes), &policy.parse::<Policy>().unwrap()).unwrap()
}

/// What failed.
pub fn failures(report: &Report) -> String {
    let failed = report.checks.iter().filter(|it| it.outcome == CheckOutcome::Failed);
    failed.map(|it| format!("{}: {}\n", it.name, it.detail)).collect::<Vec<_>>().concat()
}

/// Outcome and text of the verifier in Python, in a folder with nothing but the pack and a policy.
fn checked_in_python(bytes: &[u8], policy: &str) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("pack.zip"), bytes).unwrap();
    std::fs::write(at("trusted.txt"), policy).unwrap();
    let unpack = "import sys, zipfile; zipfile.ZipFile('pack.zip').extractall('pack')";
    let python = |arguments: &[&str]| {
        let mut command = Command::new("python3");
        // Nothing of this machine's environment but where programs are.
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let run = command.current_dir(folder.path()).args(arguments).output();
        run.expect("python3 is installed")
    };
    let unpacked = python(&["-c", unpack]);
    assert!(unpacked.status.success(), "{}", String::from_utf8_lossy(&unpacked.stderr));
    assert!(Path::exists(&at("pack").join("verifier/pack.py")));
    let run = python(&["pack/verifier/pack.py", "pack", "--policy", "trusted.txt"]);
    let archived = python(&["pack/verifier/pack.py", "pack.zip", "--policy", "trusted.txt"]);
    assert_eq!(run.status, archived.status, "folder and archive give the same");
    let text = String::from_utf8_lossy(&run.stdout).into_owned();
    let problem = String::from_utf8_lossy(&run.stderr);
    assert!(problem.is_empty(), "{problem}");
    (run.status.code().unwrap(), text)
}

#[tokio::test]
async fn a_pack_is_proved_where_nobody_of_us_is_and_by_the_third_verifier() {
    let scene = Scene::journey("pack_proved").await;
    let (bytes, manifest) = scene.export(Format::Pack).await;
    let report = checked(&bytes, &scene.policy_text);
    assert_eq!(report.outcome, Outcome::Proved, "{:#?}", report.checks);
    assert_eq!(report.item, Some(format!("evidence pack {}", manifest.id)));
    let passed = |name: &str| {
        report.checks.iter().any(|it| it.name == name && it.outcome == CheckOutcome::Passed)
    };
    for name in ["files", "id", "events", "events.jsonld", "bundles"] {
        assert!(passed(name), "{name}: {:#?}", report.checks);
    }
    let (status, text) = checked_in_python(&bytes, &scene.policy_text);
    assert_eq!(status, 0, "{text}");
    assert!(text.starts_with("proved: 11 events, 3 bundles"), "{text}");
    // Nobody is told to trust the policy that a pack brings.
    let report = checked(&bytes, "");
    assert_eq!(report.outcome, Outcome::CannotTell, "{:#?}", report.checks);
    assert_eq!(checked_in_python(&bytes, "").0, 2);
    let other = Scene::journey("pack_other").await;
    let report = checked(&bytes, &other.policy_text);
    assert_ne!(report.outcome, Outcome::Proved, "keys of another installation");
    assert_ne!(checked_in_python(&bytes, &other.policy_text).0, 0);
}

#[tokio::test]
async fn whatever_bit_is_flipped_the_pack_is_refuted_and_the_file_named() {
    let scene = Scene::journey("pack_bits").await;
    let (bytes, _) = scene.export(Format::Pack).await;
    let names: Vec<String> = read(&bytes).into_iter().map(|(name, _)| name).collect();
    // Where the contents of each file are: behind the header that names it.
    let mut at = 0;
    let mut sampled = 0;
    for name in &names {
        let content = read(&bytes).into_iter().find(|it| it.0 == *name).unwrap().1;
        let begin = at + 30 + name.len();
        let count = content.len();
        // First and last bits, and some between; the header too.
        let inside = [0, 1, count / 3, count / 2, count.saturating_sub(2), count.saturating_sub(1)];
        let places = inside.iter().filter(|place| **place < count).map(|place| begin + place);
        let header =
            [at, at + 6, at + 8, at + 11, at + 14, at + 18, at + 22, at + 26, at + 28, at + 30];
        for place in places.chain(header) {
            for bit in [0, 3, 7] {
                let mut changed = bytes.clone();
                changed[place] ^= 1 << bit;
                let report = checked(&changed, &scene.policy_text);
                assert_eq!(report.outcome, Outcome::Refuted, "{name}: bit {bit} of byte {place}");
                let text = failures(&report);
                assert!(text.contains(name.as_str()), "{name}: bit {bit} of {place}: {text}");
                sampled += 1;
            }
        }
        at = begin + count;
    }
    // The directory of the archive, and its end.
    for place in at..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1 << (place % 8);
        let report = checked(&changed, &scene.policy_text);
        assert_eq!(report.outcome, Outcome::Refuted, "byte {place}");
        assert!(!failures(&report).is_empty());
        sampled += 1;
    }
    assert!(sampled > 1000, "{sampled}");
}

#[tokio::test]
async fn a_pack_that_was_changed_with_its_hashes_is_refuted_by_both_verifiers() {
    type Change = fn(&mut BTreeMap<String, Vec<u8>>, &mut Json);
    fn edit(files: &mut BTreeMap<String, Vec<u8>>, name: &str, from: &str, to: &str) {
        let text = String::from_utf8(files[name].clone()).unwrap();
        assert!(text.contains(from), "{name}");
        files.insert(name.to_owned(), text.replacen(from, to, 1).into_bytes());
    }
    fn without_line(files: &mut BTreeMap<String, Vec<u8>>, _: &mut Json) {
        let text = String::from_utf8(files["events.jsonl"].clone()).unwrap();
        let rest: String = text.split_inclusive('\n').skip(1).collect();
        files.insert("events.jsonl".into(), rest.into_bytes());
    }
    let changes: [(&str, &str, Change); 8] = [
        ("a record is altered", "events.jsonl", |files, _| {
            edit(files, "events.jsonl", "receiving", "accepting");
        }),
        ("a record is left out", "events.json", without_line),
        ("the document says something else", "events.jsonld", |files, _| {
            edit(files, "events.jsonld", "receiving", "accepting");
        }),
        ("a checkpoint is of another root", "checkpoints/", |files, _| {
            edit(files, "checkpoints/0001.txt", "factory", "fictory");
        }),
        ("a bundle is altered", "bundles/00003.bundle.json", |files, _| {
            edit(files, "bundles/00003.bundle.json", "commissioning", "commissionimg");
        }),
        ("a bundle is exchanged", "bundles/00002.bundle.json", |files, _| {
            let other = files["bundles/00001.bundle.json"].clone();
            files.insert("bundles/00002.bundle.json".into(), other);
        }),
        ("the request is another one", "manifest.json", |_, manifest| {
            let mut request = manifest.get("request").unwrap().clone();
            request.set("query", Json::Array(Vec::new()));
            request.set("format", Json::from("events-csv"));
            manifest.set("request", request);
        }),
        ("fewer events are hidden", "events.jsonld", |_, manifest| {
            let mut counts = manifest.get("counts").unwrap().clone();
            counts.set("hiddenByScope", Json::from(5u64));
            manifest.set("counts", counts);
        }),
    ];
    let scene = Scene::journey("pack_forged").await;
    let (bytes, _) = scene.export(Format::Pack).await;
    let same = forged(&bytes, |_, _| {});
    assert_eq!(
        checked(&same, &scene.policy_text).outcome,
        Outcome::Proved,
        "forging alone changes nothing"
    );
    for (what, file, change) in changes {
        let pack = forged(&bytes, change);
        let report = checked(&pack, &scene.policy_text);
        assert_eq!(report.outcome, Outcome::Refuted, "{what}: {:#?}", report.checks);
        assert!(failures(&report).contains(file), "{what}: {}", failures(&report));
        let (status, text) = checked_in_python(&pack, &scene.policy_text);
        assert_eq!(status, 1, "{what}: {text}");
    }
}

#[tokio::test]
async fn a_pack_of_a_limited_reader_shows_of_other_records_what_the_public_is_shown() {
    let scene = Scene::journey("pack_limited").await;
    let request = Scene::request(&[], of_party(SHOP_PARTY), Format::Pack);
    let (bytes, manifest) = scene.export_at(&request, None).await.unwrap();
    assert_eq!((manifest.counts.events, manifest.counts.hidden), (1, 10));
    let files = read(&bytes);
    let bundles = files.iter().filter(|it| it.0.starts_with("bundles/"));
    let text: String = bundles.map(|it| String::from_utf8_lossy(&it.1).into_owned()).collect();
    assert!(!text.is_empty() && !text.contains("dock-door-3"), "evidence of readers is hidden");
    assert_eq!(checked(&bytes, &scene.policy_text).outcome, Outcome::Proved);
}

#[tokio::test]
async fn items_of_a_pack_are_bounded() {
    let scene = Scene::journey("pack_bounded").await;
    let options = Options { most_items: 2, ..Options::default() };
    let request = Request::new(&[], everything(), Format::Pack, options).unwrap();
    let error = scene.export_at(&request, None).await.unwrap_err();
    assert!(matches!(error, Error::TooMuch { got: 3, most: 2, .. }), "{error}");
}

#[test]
fn a_pack_without_an_event_proves_nothing_to_anybody() {
    let bytes = include_bytes!("../../../../fuzz/seeds/evidence_pack/no-events");
    assert_eq!(checked(bytes, "").outcome, Outcome::CannotTell);
}
