//! The signature beside an export: what was given out, by whose ledger of reads it was recorded, and whether a file is still that.
//!
//! The way through: [`Statement::of`] takes what a finished manifest says; [`sign`] makes the signed note `FILE.sig` with the keys of the
//! ledger in which the read was recorded; [`verify`] checks a note with a file and, if there is one, its manifest.
//!
//! What holds: whose keys count is decided by the policy alone, as for checkpoints ([`Policy::check_signed`]); a file, a manifest, a limit of the
//! reader or a count that was changed refutes, and the report names what; a note can never be taken for a checkpoint, nor a checkpoint for it.
//!
//! Not here: whether what the file says is proved by ledgers; that is what evidence packs are for.
//!
//! Source: docs/formats/export-v1.md, "Signature"; docs/decisions/0086-exports-are-signed-by-the-ledger-of-reads.md.

use std::io::{self, Read};

use ledger::Hash;
use ledger::bundle::{CheckOutcome, Outcome, Report};
use ledger::hash::{Sha256, sha256};
use ledger::json::{Json, Limits, parse};
use ledger::keys::{KeyError, LedgerKeys, SecureRandom};
use ledger::note::Note;
use ledger::policy::{OpenError, Policy};
use sql::Db;

use crate::error::Error;
use crate::manifest::{FORMAT, MOST_BYTES, Manifest, id_of};
use crate::pack::{fail, miss};

/// First line of what is signed.
pub const TITLE: &str = "chopmark.org/export-signature@v1";
/// Bytes that are read at once.
const ROOM: usize = 64 * 1024;

/// What is signed of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Origin of the ledger whose keys sign.
    pub origin: String,
    /// Its size then: the keys in force at it count.
    pub size: u64,
    /// Id of the export.
    pub export: Hash,
    /// Bytes and SHA-256 of the file.
    pub file: (u64, Hash),
    /// SHA-256 of the manifest as canonical JSON.
    pub manifest: Hash,
}

impl Statement {
    /// What a manifest says; none before its file was written.
    ///
    /// - `origin`, `size`: the ledger whose keys will sign, and its size.
    #[must_use]
    pub fn of(manifest: &Manifest, origin: &str, size: u64) -> Option<Self> {
        let text = manifest.to_json().canonical();
        Some(Self {
            origin: origin.to_owned(),
            size,
            export: manifest.id,
            file: manifest.file?,
            manifest: sha256(text.as_bytes()),
        })
    }

    /// The text that is signed.
    fn text(&self) -> String {
        let Self { origin, size, export, file: (bytes, file), manifest } = self;
        format!(
            "{TITLE}\nledger {origin} {size}\nexport {export}\nfile {file} {bytes}\nmanifest {manifest}\n"
        )
    }

    /// Reads the text of a note; none if it says anything else, or says it otherwise.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_prefix(TITLE)?.strip_prefix('\n')?.lines();
        let mut line = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        let (origin, size) = line("ledger")?.rsplit_once(' ')?;
        let export = line("export")?.parse().ok()?;
        let (file, bytes) = line("file")?.split_once(' ')?;
        let manifest = line("manifest")?.parse().ok()?;
        let file = (bytes.parse().ok()?, file.parse().ok()?);
        let (origin, size) = (origin.to_owned(), size.parse().ok()?);
        let found = Self { origin, size, export, file, manifest };
        (found.text() == text).then_some(found)
    }

    /// The signed note: the text and two signature lines.
    ///
    /// - `keys`: those of the ledger.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if the keys are another ledger's, or cannot sign.
    pub fn sign(&self, keys: &LedgerKeys, rng: &dyn SecureRandom) -> Result<String, KeyError> {
        if self.origin != keys.origin() {
            let (checkpoint, keys) = (self.origin.clone(), keys.origin().to_owned());
            return Err(KeyError::OtherOrigin { checkpoint, keys });
        }
        Ok(keys.sign_text(self.text(), rng)?.to_string())
    }
}

/// Whether bytes begin as a signature of an export does.
#[must_use]
pub fn is_one(bytes: &[u8]) -> bool {
    bytes.strip_prefix(TITLE.as_bytes()).is_some_and(|rest| rest.starts_with(b"\n"))
}

/// Signs what was written with the keys of a ledger, at the ledger's size now.
///
/// # Errors
///
/// [`Error::Database`]; [`Error::Request`] if the manifest names no file or the keys cannot sign.
pub async fn sign(
    db: &Db,
    origin: &str,
    keys: &LedgerKeys,
    manifest: &Manifest,
    rng: &dyn SecureRandom,
) -> Result<String, Error> {
    let newest = sql::ledgers::latest_of(&db.connection().await?, origin).await?;
    let size = newest.map_or(0, |(_, checkpoint)| checkpoint.size);
    let unsigned = |cause: &str| Error::Request(format!("it could not be signed: {cause}"));
    let stated = Statement::of(manifest, origin, size);
    let stated = stated.ok_or_else(|| unsigned("its manifest names no file"))?;
    stated.sign(keys, rng).map_err(|error| unsigned(&error.to_string()))
}

/// Checks a signature with its file.
///
/// - `note`: the text of `FILE.sig`.
/// - `file`: the file; none if it is not there.
/// - `manifest`: the bytes of `FILE.manifest.json`; none if it is not there.
/// - `policy`: whom the reader trusts.
///
/// # Errors
///
/// If the file cannot be read; everything else is in the report.
pub fn verify(
    note: &str,
    file: Option<&mut dyn Read>,
    manifest: Option<&[u8]>,
    policy: &Policy,
) -> io::Result<Report> {
    let mut report = Report {
        outcome: Outcome::Proved,
        item: None,
        checks: Vec::new(),
        records: Vec::new(),
        anchor: None,
        directory: None,
    };
    let Some((note, stated)) = read(note, &mut report) else { return Ok(report) };
    report.item = Some(format!("export {}", stated.export));
    check_keys(&note, &stated, policy, &mut report);
    match file {
        Some(file) => check_file(file, &stated, &mut report)?,
        None => miss(&mut report, "file", "it is not beside the signature"),
    }
    match manifest {
        Some(bytes) => check_manifest(bytes, &stated, &mut report),
        None => miss(
            &mut report,
            "manifest",
            "it is not beside the signature: what was asked for, under which limits and at which sizes cannot be told",
        ),
    }
    let detail = "that the file says what the ledgers say, and leaves out nothing, is the word of whoever signed it; an evidence pack proves its events";
    report.add_check("what the file says", CheckOutcome::NotChecked, detail);
    Ok(report)
}

fn pass(report: &mut Report, name: &str, detail: &str) {
    report.add_check(name, CheckOutcome::Passed, detail);
}

fn read(note: &str, report: &mut Report) -> Option<(Note, Statement)> {
    let note = match Note::parse(note) {
        Ok(note) => note,
        Err(error) => {
            fail(report, "signature", &error.to_string());
            return None;
        }
    };
    let Some(stated) = Statement::parse(&note.text) else {
        fail(report, "signature", "it does not state ledger, export, file and manifest");
        return None;
    };
    Some((note, stated))
}

fn check_keys(note: &Note, stated: &Statement, policy: &Policy, report: &mut Report) {
    let Statement { origin, size, .. } = stated;
    match policy.check_signed(origin, *size, note) {
        Ok(()) => {
            let detail = format!("by the keys of {origin} in force at size {size}");
            pass(report, "signature", &detail);
        }
        Err(OpenError::UnknownLedger { .. }) => {
            let detail = format!("the policy has no key of {origin}, which is said to have signed");
            miss(report, "signature", &detail);
        }
        Err(error) => fail(report, "signature", &error.to_string()),
    }
}

fn check_file(file: &mut dyn Read, stated: &Statement, report: &mut Report) -> io::Result<()> {
    let (mut sha256, mut bytes, mut room) = (Sha256::new(), 0_u64, vec![0; ROOM]);
    loop {
        let count = file.read(&mut room)?;
        if count == 0 {
            break;
        }
        bytes += count as u64;
        sha256.update(&room[..count]);
    }
    let found = (bytes, sha256.finish());
    if found == stated.file {
        pass(report, "file", &format!("{bytes} bytes, SHA-256 {}", found.1));
    } else {
        let ((length, hash), (expected, wanted)) = (found, stated.file);
        let detail =
            format!("got {length} bytes with SHA-256 {hash}, expected {expected} with {wanted}");
        fail(report, "file", &detail);
    }
    Ok(())
}

fn check_manifest(bytes: &[u8], stated: &Statement, report: &mut Report) {
    // A file ends in a line feed, which is no part of canonical JSON.
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let found = sha256(bytes);
    if found != stated.manifest {
        let detail = format!("got SHA-256 {found}, expected {}", stated.manifest);
        return fail(report, "manifest", &detail);
    }
    let limits = Limits { max_bytes: MOST_BYTES, ..Limits::default() };
    let json = match parse(bytes, &limits) {
        Ok(json) => json,
        Err(error) => return fail(report, "manifest", &error.to_string()),
    };
    if json.get("format").and_then(Json::as_str) != Some(FORMAT) {
        return miss(report, "manifest", "it is of a format that this program does not know");
    }
    let request = json.get("request").cloned().unwrap_or(Json::Null);
    let text = |json: &Json, name: &str| json.get(name).and_then(Json::as_str).map(str::to_owned);
    let id = id_of(&request, &json).to_string();
    let file = json.get("file").cloned().unwrap_or(Json::Null);
    let is_of_file = text(&file, "sha256") == Some(stated.file.1.to_string());
    if text(&json, "id").as_deref() != Some(&id) || id != stated.export.to_string() || !is_of_file {
        let detail = "its id or its file is not that of the signature, or the id not that of its request and sizes";
        return fail(report, "manifest", detail);
    }
    let part = |name: &str| request.get(name).map(Json::canonical).unwrap_or_default();
    let asked = [part("search"), part("query")];
    let asked = asked.iter().find(|it| !it.is_empty() && *it != "[]");
    let asked = asked.map_or("all events", String::as_str);
    let counts = json.get("counts").map(Json::canonical).unwrap_or_default();
    let detail = format!("asked for {asked} under the limits {}; {counts}", part("scope"));
    pass(report, "manifest", &detail);
}

#[cfg(test)]
mod tests;
