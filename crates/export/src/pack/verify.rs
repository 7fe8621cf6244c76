//! Checks an evidence pack with no network and no server.
//!
//! The way through:
//!
//! ```text
//! headers -> hash of each file -> id -> keys (directory) -> checkpoints -> events, each in its checkpoint -> the document of events, written
//! again -> bundles -> list of what was not checked
//! ```
//!
//! What holds: a check that fails refutes, and names the file; whether a checkpoint is signed is decided by the policy alone ([`Policy`]), which is never the
//! pack's; no file is believed because its hash is in the manifest: what it says is derived from what was proved, or it is listed as not checked.
//!
//! Not here: the proof of an item ([`ledger::bundle::verify`]).
//!
//! Source: docs/formats/export-v1.md, "Verification".

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};

use history::projected::event_of;
use jiff::Timestamp;
use ledger::Hash;
use ledger::bundle::{self, CheckOutcome};
use ledger::checkpoint::Checkpoint;
use ledger::directory::{DirectoryProof, verify_proof};
use ledger::hash::Sha256;
use ledger::json::{Json, Limits, parse};
use ledger::policy::{OpenError, Policy};
use ledger::proof::verify_inclusion;
use ledger::record::Record;

use super::files::{CONSTANT, DIRECTORY, EVENTS, MANIFEST, POLICY, PROOFS, SUMS, sums};
use super::items::Items;
use super::proofs::{self, Proved};
use crate::json_ld;
use crate::manifest::{self, FORMAT, id_of};
use crate::tally::Hashing;
use crate::wanted::Wanted;
use crate::zip::{Entry, Index, ReadError};

pub use ledger::bundle::{Outcome, Report};

/// Most bytes of a file that is read whole.
const MOST_BYTES: u32 = 16 << 20;
/// Bundles that are named in the report one by one; of others only those that are not proved.
const MOST_NAMED: usize = 20;

/// A pack cannot go on being checked: what is wrong is in the report.
struct Ended;

/// What is known of a pack while it is checked.
struct Checking<'a, R> {
    index: Index<R>,
    files: BTreeMap<String, Hash>,
    manifest: Json,
    policy: Policy,
    given: &'a Policy,
    /// By origin; those that the policy has no key of as well.
    checkpoints: BTreeMap<String, Checkpoint>,
    unsigned: BTreeSet<String>,
    report: Report,
}

/// Checks a pack.
///
/// - `policy`: whom the reader trusts, from elsewhere than from the pack.
///
/// # Errors
///
/// If the source cannot be read; everything else is in the report.
pub fn verify<R: Read + Seek>(source: R, policy: &Policy) -> std::io::Result<Report> {
    let mut report = Report {
        outcome: Outcome::Proved,
        item: None,
        checks: Vec::new(),
        records: Vec::new(),
        anchor: None,
        directory: None,
    };
    let index = match Index::read(source) {
        Ok(index) => index,
        Err(ReadError::Fault(fault)) => {
            fail(&mut report, &fault.entry, &fault.problem);
            return Ok(report);
        }
        Err(ReadError::Io(error)) => return Err(error),
    };
    let mut checking = Checking {
        index,
        files: BTreeMap::new(),
        manifest: Json::Null,
        policy: policy.clone(),
        given: policy,
        checkpoints: BTreeMap::new(),
        unsigned: BTreeSet::new(),
        report,
    };
    // What ended it is in the report.
    let _ended = checking.run();
    Ok(checking.report)
}

/// Adds a check that failed, which refutes.
pub(crate) fn fail(report: &mut Report, name: &str, detail: &str) {
    report.add_check(name, CheckOutcome::Failed, detail);
    report.outcome = Outcome::Refuted;
}

/// Adds a check that could not be made, after which nothing is proved.
pub(crate) fn miss(report: &mut Report, name: &str, detail: &str) {
    report.add_check(name, CheckOutcome::NotChecked, detail);
    if report.outcome == Outcome::Proved {
        report.outcome = Outcome::CannotTell;
    }
}

impl<R: Read + Seek> Checking<'_, R> {
    fn run(&mut self) -> Result<(), Ended> {
        self.check_files()?;
        self.check_manifest()?;
        self.check_directory()?;
        self.check_checkpoints()?;
        let items = self.check_events()?;
        self.check_bundles(&items)?;
        self.leave();
        Ok(())
    }

    fn fail<T>(&mut self, name: &str, detail: &str) -> Result<T, Ended> {
        fail(&mut self.report, name, detail);
        Err(Ended)
    }

    fn pass(&mut self, name: &str, detail: &str) {
        self.report.add_check(name, CheckOutcome::Passed, detail);
    }

    fn entry(&mut self, name: &str) -> Result<Entry, Ended> {
        let found = self.index.entries().iter().find(|entry| entry.name == name).cloned();
        match found {
            Some(entry) => Ok(entry),
            None => self.fail(name, "the pack has no such file"),
        }
    }

    fn whole(&mut self, name: &str) -> Result<Vec<u8>, Ended> {
        let entry = self.entry(name)?;
        match self.index.whole(&entry, MOST_BYTES) {
            Ok(bytes) => Ok(bytes),
            Err(error) => self.broken(name, error),
        }
    }

    fn broken<T>(&mut self, name: &str, error: ReadError) -> Result<T, Ended> {
        match error {
            ReadError::Fault(fault) => self.fail(&fault.entry, &fault.problem),
            ReadError::Io(error) => self.fail(name, &format!("it cannot be read: {error}")),
        }
    }

    /// Every file has the hash that the manifest states, and there is no other.
    fn check_files(&mut self) -> Result<(), Ended> {
        let mut found = BTreeMap::new();
        for entry in self.index.entries().to_vec() {
            let mut sha256 = Sha256::new();
            if let Err(error) = self.index.content(&entry, |piece| sha256.update(piece)) {
                return self.broken(&entry.name, error);
            }
            found.insert(entry.name, sha256.finish());
        }
        let bytes = self.whole(MANIFEST)?;
        let limits = Limits { max_bytes: manifest::MOST_BYTES, ..Limits::default() };
        let json = match parse(&bytes, &limits) {
            Ok(json) if json.canonical().as_bytes() == bytes => json,
            Ok(_) => return self.fail(MANIFEST, "it is not canonical JSON"),
            Err(error) => return self.fail(MANIFEST, &error.to_string()),
        };
        let stated = json.get("files").and_then(Json::as_object).unwrap_or_default().iter();
        for (name, hash) in stated {
            match hash.as_str().and_then(|hash| hash.parse::<Hash>().ok()) {
                Some(hash) => self.files.insert(name.clone(), hash),
                None => return self.fail(MANIFEST, "files: expected a hash of each"),
            };
        }
        self.manifest = json;
        for (name, hash) in &found {
            if name == MANIFEST || name == SUMS {
                continue;
            }
            match self.files.get(name) {
                Some(stated) if stated == hash => {}
                Some(stated) => {
                    let detail = format!("it has the hash {hash}, the manifest states {stated}");
                    return self.fail(name, &detail);
                }
                None => return self.fail(name, "the manifest does not name it"),
            }
        }
        if let Some(name) = self.files.keys().find(|name| !found.contains_key(*name)).cloned() {
            return self.fail(&name, "the manifest names it, and the pack does not have it");
        }
        let mut listed = self.files.clone();
        listed.extend(found.get(MANIFEST).map(|hash| (MANIFEST.to_owned(), *hash)));
        if self.whole(SUMS)? != sums(&listed).as_bytes() {
            return self.fail(SUMS, "it does not list the hashes of the other files");
        }
        let detail = format!("{} files, each with the hash that the manifest states", found.len());
        self.pass("files", &detail);
        Ok(())
    }

    fn check_manifest(&mut self) -> Result<(), Ended> {
        let format = self.manifest.get("format").and_then(Json::as_str);
        if format != Some(FORMAT) {
            miss(&mut self.report, MANIFEST, "it is of a format that this program does not know");
            return Err(Ended);
        }
        let request = self.manifest.get("request").cloned().unwrap_or(Json::Null);
        let id = id_of(&request, &self.manifest).to_string();
        if self.manifest.get("id").and_then(Json::as_str) != Some(&id) {
            return self.fail(MANIFEST, "its id is not that of its request and sizes");
        }
        self.report.item = Some(format!("evidence pack {id}"));
        self.pass("id", "it is made of the request and of the sizes and roots of the ledgers");
        Ok(())
    }

    /// Whose keys count.
    fn check_directory(&mut self) -> Result<(), Ended> {
        let Some(pin) = self.given.directory.clone() else { return Ok(()) };
        let nothing = self.given.narrowed_from(&Policy::default());
        if !self.files.contains_key(DIRECTORY) {
            let detail = format!("the policy pins {}, and the pack has no proof of it", pin.origin);
            miss(&mut self.report, DIRECTORY, &detail);
            self.policy = nothing;
            return Ok(());
        }
        let bytes = self.whole(DIRECTORY)?;
        let json = match parse(&bytes, &Limits::default()) {
            Ok(json) => json,
            Err(error) => return self.fail(DIRECTORY, &error.to_string()),
        };
        let proof = match DirectoryProof::from_json("directory", &json) {
            Ok(proof) => proof,
            Err(error) => return self.fail(DIRECTORY, &error.to_string()),
        };
        match verify_proof(&proof, &pin) {
            Ok(proved) => {
                let detail = format!("{} as of {}", pin.origin, proved.state_at);
                self.pass(DIRECTORY, &detail);
                self.policy = self.given.narrowed_from(&proved.policy);
                Ok(())
            }
            Err(error) => self.fail(DIRECTORY, &error.to_string()),
        }
    }

    fn check_checkpoints(&mut self) -> Result<(), Ended> {
        let empty = Vec::new();
        let list = |name: &str| self.manifest.get(name).and_then(Json::as_array).unwrap_or(&empty);
        let text = |json: &Json, name: &str| json.get(name)?.as_str().map(str::to_owned);
        let ledgers: Vec<Json> = list("ledgers").to_vec();
        let files = list("checkpoints").iter();
        let files: Vec<_> =
            files.map(|place| (text(place, "origin"), text(place, "file"))).collect();
        if files.len() != ledgers.len() {
            return self.fail(MANIFEST, "checkpoints: expected one of each ledger");
        }
        for (ledger, (origin, file)) in ledgers.iter().zip(files) {
            let (Some(origin), Some(file)) = (origin, file) else {
                return self.fail(MANIFEST, "checkpoints: expected origin and file of each");
            };
            let stated = (text(ledger, "origin"), text(ledger, "root"));
            let size = ledger.get("size").and_then(Json::as_number).map(str::to_owned);
            let note = String::from_utf8_lossy(&self.whole(&file)?).into_owned();
            let checkpoint = self.open(&file, &origin, &note, text(ledger, "kind").as_deref())?;
            let is_stated = stated == (Some(origin.clone()), Some(checkpoint.root.to_string()))
                && size == Some(checkpoint.size.to_string());
            if !is_stated {
                return self.fail(&file, "the manifest states another ledger, size or root");
            }
            self.checkpoints.insert(origin, checkpoint);
        }
        Ok(())
    }

    /// Opens a checkpoint; one of a ledger that the policy has no key of is remembered as such.
    fn open(
        &mut self,
        file: &str,
        origin: &str,
        note: &str,
        kind: Option<&str>,
    ) -> Result<Checkpoint, Ended> {
        let opened = if kind == Some("hub") {
            self.policy.open_hub_checkpoint(origin, note)
        } else {
            self.policy.open_checkpoint(origin, note)
        };
        match opened {
            Ok(checkpoint) => {
                let detail = format!("size {}, signed by the keys in force", checkpoint.size);
                self.pass(&format!("checkpoint of {origin}"), &detail);
                Ok(checkpoint)
            }
            Err(OpenError::UnknownLedger { .. }) => {
                let parsed = ledger::note::Note::parse(note).ok();
                let parsed = parsed.and_then(|note| Checkpoint::parse_body(&note.text).ok());
                self.unsigned.insert(origin.to_owned());
                match parsed.filter(|checkpoint| checkpoint.origin == origin) {
                    Some(checkpoint) => Ok(checkpoint),
                    None => self.fail(file, "it is no checkpoint of this ledger"),
                }
            }
            Err(error) => self.fail(file, &error.to_string()),
        }
    }

    /// Each event is in its checkpoint, matches the request, and stands in the document; gives the items that they name.
    fn check_events(&mut self) -> Result<Items, Ended> {
        let Some(at) =
            self.manifest.get("at").and_then(Json::as_str).and_then(|at| at.parse().ok())
        else {
            return self.fail(MANIFEST, "at: expected a time");
        };
        let wanted = self.wanted()?;
        let entry = self.entry(PROOFS)?;
        let mut events = match Events::begin(at, &self.checkpoints, &wanted) {
            Ok(events) => events,
            Err(error) => return self.fail(EVENTS, &error.to_string()),
        };
        if let Err(error) = self.index.content(&entry, |piece| events.take(piece)) {
            return self.broken(PROOFS, error);
        }
        let mut about = self.manifest.clone();
        for name in ["files", "checkpoints", "bundles"] {
            about.remove(name);
        }
        let Events { problem, count, origins, items, document, rest, .. } = events;
        if let Some(problem) = problem {
            return self.fail(PROOFS, &format!("line {}: {problem}", count + 1));
        }
        if !rest.is_empty() {
            return self.fail(PROOFS, "its last line does not end");
        }
        let written = document.end(&about);
        if written.ok() != self.files.get(EVENTS).copied() {
            return self.fail(EVENTS, "it is not the document of the events that were proved");
        }
        let stated = self.manifest.get("counts").and_then(|counts| counts.get("events"));
        if stated.and_then(Json::as_number) != Some(&count.to_string()) {
            return self.fail(MANIFEST, "counts: it states another number of events");
        }
        let unknown: Vec<String> = self.unsigned.intersection(&origins).cloned().collect();
        for origin in unknown {
            let detail = "events of it lead to a checkpoint of which the policy has no key";
            miss(&mut self.report, &format!("checkpoint of {origin}"), detail);
        }
        for origin in self.unsigned.difference(&origins) {
            let detail = "the policy has no key of it; no event of it is in the pack";
            let name = format!("checkpoint of {origin}");
            self.report.add_check(&name, CheckOutcome::NotChecked, detail);
        }
        if count == 0 {
            miss(&mut self.report, "events", "it has no event, so it proves nothing");
        } else {
            let detail = format!("{count} records lead to the roots of the checkpoints");
            self.pass("events", &detail);
        }
        self.pass(EVENTS, "it has these events and no others");
        Ok(items)
    }

    fn wanted(&mut self) -> Result<Wanted, Ended> {
        let request = self.manifest.get("request").cloned().unwrap_or(Json::Null);
        match Wanted::of_json(&request) {
            Some(wanted) => Ok(wanted),
            None => self.fail(MANIFEST, "request: expected a query or a search"),
        }
    }

    fn check_bundles(&mut self, items: &Items) -> Result<(), Ended> {
        let list = self.manifest.get("bundles").and_then(Json::as_array).unwrap_or_default();
        let text = |json: &Json, name: &str| json.get(name)?.as_str().map(str::to_owned);
        let list: Vec<_> = list.iter().map(|one| (text(one, "item"), text(one, "file"))).collect();
        let stated = list.iter().filter_map(|(item, _)| item.as_deref().map(epc::thing_key));
        let named: BTreeSet<String> = items.keys();
        if stated.collect::<BTreeSet<String>>() != named || list.len() != named.len() {
            return self.fail(MANIFEST, "bundles: they are not those of the items of the events");
        }
        let (mut proved, mut without) = (0, 0);
        for (item, file) in list {
            let (Some(item), Some(file)) = (item, file) else {
                without += 1;
                continue;
            };
            let bytes = self.whole(&file)?;
            let found = bundle::verify(&bytes, self.given);
            let is_own = found.item.as_deref().map(epc::thing_key) == Some(epc::thing_key(&item));
            let why = found.checks.iter().find(|check| match found.outcome {
                Outcome::Refuted => check.outcome == CheckOutcome::Failed,
                _ => check.outcome == CheckOutcome::NotChecked,
            });
            let why = why.map_or_else(String::new, |it| format!("{}: {}", it.name, it.detail));
            match found.outcome {
                Outcome::Refuted => return self.fail(&file, &why),
                _ if !is_own => return self.fail(&file, "it is the bundle of another item"),
                Outcome::CannotTell => miss(&mut self.report, &file, &why),
                Outcome::Proved => {
                    proved += 1;
                    if proved <= MOST_NAMED {
                        self.pass(&file, &format!("the bundle of {item} is proved"));
                    }
                }
            }
        }
        self.pass("bundles", &format!("{proved} of {} are proved", proved + without));
        if without > 0 {
            let detail = format!("no record that counts names {without} of the items");
            self.report.add_check("items without a bundle", CheckOutcome::NotChecked, &detail);
        }
        Ok(())
    }

    /// Lists what nobody can check with a pack alone.
    fn leave(&mut self) {
        let mut leave = |name: &str, detail: &str| {
            self.report.add_check(name, CheckOutcome::NotChecked, detail);
        };
        leave(
            "what is not in the pack",
            "that no event was left out, how many are hidden by scope, and which records did not fit, is the word of whoever made it",
        );
        leave("the anchor's block", "no endpoint of a chain was asked; verify a bundle with --rpc");
        for (name, text) in CONSTANT {
            if self.files.get(name) != Some(&ledger::hash::sha256(text.as_bytes())) {
                leave(name, "it is another one than that of this version of the program");
            }
        }
        leave(POLICY, "the pack's own policy was not used; whom to trust was said by the reader");
    }
}

/// The document of events, as it is written from those that were proved.
struct Document {
    sink: Hashing<std::io::Sink>,
    is_first: bool,
}

impl Document {
    fn end(mut self, about: &Json) -> std::io::Result<Hash> {
        json_ld::end_with(&mut self.sink, about)?;
        Ok(self.sink.finish().1)
    }
}

/// The lines of `events.jsonl`, as they come.
struct Events<'a> {
    checkpoints: &'a BTreeMap<String, Checkpoint>,
    wanted: &'a Wanted,
    rest: Vec<u8>,
    last: Option<(Timestamp, String, u64)>,
    origins: BTreeSet<String>,
    items: Items,
    count: u64,
    document: Document,
    problem: Option<String>,
}

impl<'a> Events<'a> {
    fn begin(
        at: Timestamp,
        checkpoints: &'a BTreeMap<String, Checkpoint>,
        wanted: &'a Wanted,
    ) -> std::io::Result<Self> {
        let mut sink = Hashing::new(std::io::sink());
        json_ld::begin(&mut sink, at)?;
        Ok(Self {
            checkpoints,
            wanted,
            rest: Vec::new(),
            last: None,
            origins: BTreeSet::new(),
            items: Items::new(u64::MAX),
            count: 0,
            document: Document { sink, is_first: true },
            problem: None,
        })
    }

    fn take(&mut self, piece: &[u8]) {
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            if self.problem.is_some() {
                return;
            }
            self.rest.extend_from_slice(part);
            if self.rest.len() > proofs::MOST_BYTES {
                self.problem = Some("it is too long".to_owned());
            } else if self.rest.last() == Some(&b'\n') {
                let line = std::mem::take(&mut self.rest);
                match self.add(&line[..line.len() - 1]) {
                    Ok(()) => self.count += 1,
                    Err(problem) => self.problem = Some(problem),
                }
            }
        }
    }

    fn add(&mut self, line: &[u8]) -> Result<(), String> {
        let Proved { origin, index, size, path, secret, text } = proofs::read(line)?;
        let checkpoint = self.checkpoints.get(&origin).ok_or("its ledger has no checkpoint")?;
        if size != checkpoint.size {
            return Err(format!("got size {size}, expected {}", checkpoint.size));
        }
        let record = Record::parse(&text).map_err(|error| error.to_string())?;
        verify_inclusion(index, &record.leaf_hash(&secret), size, &path, &checkpoint.root)
            .map_err(|error| format!("record {index} of {origin}: {error}"))?;
        let own = event_of(record.json()).map_err(|error| error.to_string())?;
        if !self.wanted.has(&own) {
            return Err(format!("record {index} of {origin} does not match the request"));
        }
        let micros = own.event.event_time().as_microsecond();
        let time = Timestamp::from_microsecond(micros).unwrap_or(own.event.event_time());
        let place = (time, origin.clone(), index);
        if self.last.as_ref().is_some_and(|last| *last >= place) {
            return Err(format!("record {index} of {origin} is out of order, or there twice"));
        }
        self.last = Some(place);
        self.origins.insert(origin);
        self.items.add(&own.event).map_err(|error| error.to_string())?;
        let event = json_ld::event(own.event.json(), own.record_time);
        let Document { sink, is_first } = &mut self.document;
        json_ld::add(sink, std::mem::take(is_first), &event).map_err(|error| error.to_string())
    }
}
