//! Evidence packs: proved by three verifiers, and refuted whatever is changed in them.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};
use std::ops::Range;
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
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

/// The ranges of an archive, each with what a fault in it names: headers and contents of files, their entries in the directory, the end.
fn ranges(bytes: &[u8]) -> Vec<(Range<usize>, Vec<String>)> {
    let (mut ranges, mut at) = (Vec::new(), 0);
    let files = read(bytes);
    for (name, content) in &files {
        let end = at + 30 + name.len() + content.len();
        ranges.push((at..end, vec![name.clone()]));
        at = end;
    }
    for (number, (name, _)) in files.iter().enumerate() {
        let end = at + 46 + name.len();
        ranges.push((at..end, vec![name.clone(), format!("entry {number} of the directory")]));
        at = end;
    }
    ranges.push((at..bytes.len(), vec!["the end of the archive".to_owned()]));
    ranges
}

#[tokio::test]
async fn one_bit_of_any_byte_flipped_refutes_the_pack_and_names_the_file() {
    let scene = Scene::journey("pack_bits").await;
    let request = Scene::request(&[], of_party(SHOP_PARTY), Format::Pack);
    let (bytes, _) = scene.export_at(&request, None).await.unwrap();
    let policy = scene.policy_text.parse::<Policy>().unwrap();
    let ranges = ranges(&bytes);
    assert_eq!(ranges.last().unwrap().0.len(), 22);
    let mut changed = bytes.clone();
    for (range, names) in &ranges {
        for place in range.clone() {
            // The header of a file, or of anything else: every bit; of a content one of each byte, another one each time.
            let is_content = names.len() == 1 && place >= range.start + 30 + names[0].len();
            let bits = if is_content { place % 8..place % 8 + 1 } else { 0..8 };
            for bit in bits {
                changed[place] ^= 1 << bit;
                let report = verify(Cursor::new(&changed), &policy).unwrap();
                let text = failures(&report);
                assert_eq!(report.outcome, Outcome::Refuted, "{names:?}: bit {bit} of {place}");
                let is_named = names.iter().any(|name| text.contains(name.as_str()));
                // What says how many entries there are, or where, may be missed at an entry.
                let is_end = names[0] == "the end of the archive" && !text.is_empty();
                assert!(is_named || is_end, "{names:?}: bit {bit} of {place}: {text}");
                changed[place] ^= 1 << bit;
            }
        }
    }
    assert_eq!(changed, bytes);
}

/// What the page's verifier says of packs: outcome, and what failed.
fn checked_in_the_page(packs: &[(Vec<u8>, &str)]) -> Vec<(String, String)> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/exports/browser.mjs");
    let mut node = Command::new("node");
    let node = node.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut node = node.expect("node is installed");
    let lines = packs.iter().map(|(pack, policy)| {
        serde_json::json!([STANDARD.encode(pack), policy]).to_string() + "\n"
    });
    let lines: String = lines.collect();
    let mut input = node.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = node.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success());
    let answers = String::from_utf8(output.stdout).unwrap();
    answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn the_page_proves_a_pack_and_refutes_it_with_any_bit_flipped_and_names_the_file() {
    let scene = Scene::journey("pack_page").await;
    let (bytes, _) = scene.export(Format::Pack).await;
    let policy = &*scene.policy_text;
    let other = Scene::journey("pack_page_other").await;
    let mut packs = vec![
        (bytes.clone(), policy),
        (bytes.clone(), ""),
        (bytes.clone(), &*other.policy_text),
        (bytes.clone(), "nonsense"),
    ];
    let mut expected = Vec::new();
    for (range, names) in ranges(&bytes) {
        let step = (range.len() / 8).max(1);
        for place in range.clone().step_by(step).chain([range.end - 1]) {
            let mut changed = bytes.clone();
            changed[place] ^= 1 << (place % 8);
            packs.push((changed, policy));
            expected.push((place, names.clone()));
        }
    }
    for length in [0, 4, 21, bytes.len() / 2, bytes.len() - 1] {
        packs.push((bytes[..length].to_vec(), policy));
    }
    let found = checked_in_the_page(&packs);
    assert_eq!(found[0], ("proved".to_owned(), String::new()), "{:?}", found[0]);
    assert_eq!(found[1].0, "cannot tell", "without keys: {:?}", found[1]);
    assert_ne!(found[2].0, "proved", "keys of another installation: {:?}", found[2]);
    assert_eq!(found[3].0, "cannot tell", "a policy that cannot be read says nothing");
    for ((place, names), (outcome, text)) in expected.iter().zip(&found[4..]) {
        assert_eq!(outcome, "refuted", "{names:?}: byte {place}: {text}");
        let is_named = names.iter().any(|name| text.contains(name.as_str()));
        let is_end = names[0] == "the end of the archive" && !text.is_empty();
        assert!(is_named || is_end, "{names:?}: byte {place}: {text}");
    }
    for (outcome, _) in &found[4 + expected.len()..] {
        assert!(["refuted", "no archive"].contains(&&**outcome), "a pack that is cut: {outcome}");
    }
}

#[tokio::test]
async fn a_pack_that_was_changed_with_its_hashes_is_refuted_by_all_verifiers() {
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
    let packs: Vec<Vec<u8>> = changes.iter().map(|(.., change)| forged(&bytes, change)).collect();
    let policy = &*scene.policy_text;
    let in_page: Vec<_> = packs.iter().chain([&same]).map(|it| (it.clone(), policy)).collect();
    let in_page = checked_in_the_page(&in_page);
    assert_eq!(in_page.last().unwrap().0, "proved");
    for (((what, file, _), pack), (outcome, text)) in changes.iter().zip(packs).zip(in_page) {
        assert_eq!(outcome, "refuted", "{what}: {text}");
        assert!(text.contains(file), "{what}: {text}");
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
    assert_eq!(checked_in_the_page(&[(bytes.to_vec(), "")])[0].0, "cannot tell");
    assert_eq!(checked(bytes, "").outcome, Outcome::CannotTell);
}
