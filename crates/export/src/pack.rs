//! The evidence pack: what a reader takes home to check it where nobody of us is.
//!
//! | file | what it is |
//! |---|---|
//! | `README.en.md`, `README.zh.md` | how to check it, in two languages |
//! | `policy.txt` | the policy of the installation: compare it with one that you have from elsewhere |
//! | `checkpoints/` | the signed checkpoint of each ledger at the size of the export |
//! | `directory.json` | the directory's proof of the keys of these ledgers, if the policy pins a directory |
//! | `events.jsonl` | each event: its whole record, its secret, and its path into the checkpoint |
//! | `events.jsonld` | the same events as an EPCIS document |
//! | `bundles/` | the bundle of each item that the events name |
//! | `verifier/` | a verifier in Python |
//! | `manifest.json`, `SHA256SUMS` | what was asked for, at which sizes, and the hash of each file |
//!
//! The way through: the events are walked three times, which gives the same each time: once for sizes and hashes, and once for each of their files; so nothing
//! is kept but the names of the items. [`verify()`] reads a pack, and believes none of its files: the document of events is written again from the
//! records that were proved, and compared.
//!
//! What holds: there is no file in a pack that no check covers; a pack is of the newest sizes.
//!
//! Source: docs/formats/export-v1.md; decision 0075.

mod files;
mod items;
mod proofs;
mod verify;

use std::collections::BTreeMap;
use std::io::{self, Write};

use ledger::Hash;
use ledger::hash::sha256;
use ledger::json::{Json, object};

use self::files::{CONSTANT, DIRECTORY, EVENTS, MANIFEST, POLICY, PROOFS, SUMS, sums};
use self::items::{Items, bundle_of};
use self::proofs::{Prover, line};
pub use self::verify::{Outcome, Report, verify};
pub(crate) use self::verify::{fail, miss};
use crate::error::Error;
use crate::job::{Job, Progress, Source};
use crate::json_ld;
use crate::manifest::Manifest;
use crate::request::Request;
use crate::snapshot::Snapshot;
use crate::tally::{Counts, Hashing};
use crate::walk::{Found, Walk};
use crate::zip::{Archive, Sum, Summing};

/// What is known of a file before it is written, if it is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Measured {
    sum: Sum,
    sha256: Hash,
}

/// Measures what is written to it.
struct Measuring(Hashing<Summing>);

impl Measuring {
    fn new() -> Self {
        Self(Hashing::new(Summing::default()))
    }

    fn finish(self) -> Measured {
        let (sum, sha256) = self.0.finish_with();
        Measured { sum: sum.finish(), sha256 }
    }
}

impl Write for Measuring {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A pack that is being written: the archive, and the hash of each file in it.
struct Pack<W: Write> {
    archive: Archive<W>,
    files: BTreeMap<String, Hash>,
}

impl<W: Write + Send> Pack<W> {
    fn add(&mut self, name: &str, content: &[u8]) -> io::Result<()> {
        self.archive.store(name, content)?;
        self.files.insert(name.to_owned(), sha256(content));
        Ok(())
    }
}

/// Writes a pack; the manifest is given its counts.
///
/// # Errors
///
/// [`Error`].
pub(crate) async fn write<W: Write + Send>(
    source: &Source<'_>,
    request: &Request,
    snapshot: &Snapshot,
    manifest: &mut Manifest,
    sink: W,
    job: &mut Job<'_>,
) -> Result<W, Error> {
    refuse_earlier(source, snapshot).await?;
    let mut pack = Pack { archive: Archive::new(sink), files: BTreeMap::new() };
    for (name, text) in CONSTANT {
        pack.add(name, text.as_bytes())?;
    }
    pack.add(POLICY, source.policy_text.as_bytes())?;
    let mut checkpoints = Vec::new();
    for (ledger, number) in snapshot.ledgers.iter().zip(1..) {
        let name = format!("checkpoints/{number:04}.txt");
        pack.add(&name, ledger.note.as_bytes())?;
        let place = [("origin", ledger.origin.as_str()), ("file", name.as_str())];
        checkpoints.push(object(place.map(|(name, value)| (name, Json::from(value)))));
    }
    let mut items = Items::new(request.options.most_items);
    let mut measuring = Measuring::new();
    // First for the sizes and hashes of the proofs, and for the items.
    walk(
        source,
        request,
        snapshot,
        &mut manifest.counts,
        job,
        Some(&mut items),
        Of::Proofs(&mut measuring),
    )
    .await?;
    let proofs = measuring.finish();
    if let Some(proof) = proofs::directory(source, snapshot) {
        pack.add(DIRECTORY, proof.canonical().as_bytes())?;
    }
    pack.archive.begin_stored(PROOFS, proofs.sum)?;
    let mut sink = Hashing::new(pack.archive.content());
    walk(source, request, snapshot, &mut Counts::default(), job, None, Of::Proofs(&mut sink))
        .await?;
    same(sink.finish().1, proofs.sha256)?;
    pack.files.insert(PROOFS.to_owned(), proofs.sha256);
    let mut measuring = Measuring::new();
    document(source, request, snapshot, manifest, job, &mut measuring).await?;
    let events = measuring.finish();
    pack.archive.begin_stored(EVENTS, events.sum)?;
    let mut sink = Hashing::new(pack.archive.content());
    document(source, request, snapshot, manifest, job, &mut sink).await?;
    same(sink.finish().1, events.sha256)?;
    pack.files.insert(EVENTS.to_owned(), events.sha256);
    let bundles = add_bundles(source, request, snapshot, &items, &mut pack, job).await?;
    end(pack, manifest, checkpoints, bundles)
}

/// A pack proves with what is newest: paths, the hub and the anchor are not kept for earlier sizes.
async fn refuse_earlier(source: &Source<'_>, snapshot: &Snapshot) -> Result<(), Error> {
    if source.pins.is_none() {
        return Ok(());
    }
    let newest = Snapshot::take(source.db, &source.current.policy, None).await?;
    let sizes = |snapshot: &Snapshot| -> Vec<(String, u64)> {
        snapshot.ledgers.iter().map(|it| (it.origin.clone(), it.size)).collect()
    };
    if sizes(&newest) == sizes(snapshot) {
        return Ok(());
    }
    Err(Error::Request(
        "got sizes of an earlier export, expected the newest ones: an evidence pack proves with the newest checkpoints; the \
         other formats can be made at earlier sizes"
            .to_owned(),
    ))
}

/// What was written a second time is what was measured, or something was committed in between.
fn same(got: Hash, expected: Hash) -> Result<(), Error> {
    if got == expected { Ok(()) } else { Err(Error::Outdated) }
}

/// What of each event is written.
enum Of<'a> {
    Proofs(&'a mut (dyn Write + Send)),
    /// Before the first one, and each.
    Document(&'a mut (dyn Write + Send), bool),
}

async fn document(
    source: &Source<'_>,
    request: &Request,
    snapshot: &Snapshot,
    manifest: &Manifest,
    job: &mut Job<'_>,
    sink: &mut (dyn Write + Send),
) -> Result<(), Error> {
    json_ld::begin(sink, manifest.at)?;
    let of = Of::Document(&mut *sink, true);
    walk(source, request, snapshot, &mut Counts::default(), job, None, of).await?;
    json_ld::end(sink, manifest)?;
    Ok(())
}

/// Walks the events once.
async fn walk(
    source: &Source<'_>,
    request: &Request,
    snapshot: &Snapshot,
    counts: &mut Counts,
    job: &mut Job<'_>,
    mut items: Option<&mut Items>,
    mut of: Of<'_>,
) -> Result<(), Error> {
    let keeps_text = matches!(of, Of::Proofs(_));
    let mut walk = Walk::new(source.db, snapshot, &request.wanted, &request.sight, keeps_text);
    let prover = Prover::new(source.db, snapshot);
    while let Some(found) = walk.next_batch().await? {
        let mut rows = Vec::new();
        for one in found {
            match one {
                Found::Hidden => counts.hidden += 1,
                Found::Broken(origin, index) => counts.add_broken(&origin, index),
                Found::Row(row) => rows.push(row),
            }
        }
        counts.events += rows.len() as u64;
        counts.rows = counts.events;
        if let Some(items) = &mut items {
            for row in &rows {
                items.add(&row.event)?;
            }
        }
        match &mut of {
            Of::Proofs(sink) => {
                for proved in prover.prove(&rows).await? {
                    sink.write_all(line(&proved).as_bytes())?;
                }
            }
            Of::Document(sink, is_first) => {
                for row in &rows {
                    let event = json_ld::event(row.event.json(), row.record_time);
                    json_ld::add(sink, std::mem::take(is_first), &event)?;
                }
            }
        }
        job.step(Progress { looked_at: walk.looked_at(), total: None, rows: counts.rows })?;
    }
    counts.broken += walk.faults();
    Ok(())
}

async fn add_bundles<W: Write + Send>(
    source: &Source<'_>,
    request: &Request,
    snapshot: &Snapshot,
    items: &Items,
    pack: &mut Pack<W>,
    job: &mut Job<'_>,
) -> Result<Vec<Json>, Error> {
    let mut bundles = Vec::new();
    for (number, item) in (1..).zip(items.iter()) {
        let name = format!("bundles/{number:05}.bundle.json");
        let mut place = object([("item", Json::from(item.to_uri().as_str()))]);
        match bundle_of(source, request, snapshot, item).await? {
            Some(bundle) => {
                pack.add(&name, &bundle)?;
                place.set("file", Json::from(name.as_str()));
            }
            None => place.set("file", Json::Null),
        }
        bundles.push(place);
        job.step(Progress { looked_at: number, total: Some(items.count()), rows: number })?;
    }
    Ok(bundles)
}

fn end<W: Write + Send>(
    mut pack: Pack<W>,
    manifest: &Manifest,
    checkpoints: Vec<Json>,
    bundles: Vec<Json>,
) -> Result<W, Error> {
    let hashes = pack.files.iter();
    let hashes = hashes.map(|(name, hash)| (name.clone(), Json::from(hash.to_string().as_str())));
    let mut json = manifest.to_json();
    json.set("files", object(hashes));
    json.set("checkpoints", Json::Array(checkpoints));
    json.set("bundles", Json::Array(bundles));
    pack.add(MANIFEST, json.canonical().as_bytes())?;
    let sums = sums(&pack.files);
    pack.archive.store(SUMS, sums.as_bytes())?;
    Ok(pack.archive.finish()?)
}
