//! What a report rests on, as the operator sees it: whether it is what was frozen when it came, and a file that shows it elsewhere.
//!
//! The way through: [`of_report`] compares a stored report with its document and digest, and with the log of reads; [`write()`] takes document
//! and secret into a file; [`check`] looks at such a file without a database.
//!
//! What holds: a file is new, and for its owner alone, since it has what a person wrote.
//!
//! Not here: the comparison itself (`history::frozen`), what is compared and the entry of the log (`gate::report_entry`).
//!
//! Source: docs/decisions/0102-reports-reach-brand-and-authority.md.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use gate::report_entry::{self, Standing, kept, standing};
use history::frozen::{self, FileError, MOST_FILE};
use ledger::Hash;
use ledger::json::{Json, object};
use sql::Db;
use sql::reports::{LogPlace, StoredReport};

use crate::terminal::{self, Tone, out};

/// What was found of a report's evidence.
pub struct Found {
    /// Digest; none of reports of earlier versions.
    pub digest: Option<Hash>,
    /// Why the report is not what was stored once; none if it is.
    pub misfit: Option<String>,
    /// What the log has.
    pub standing: Standing,
    /// Where the log has it.
    pub log: Option<LogPlace>,
}

impl Found {
    /// Whether nothing contradicts the report.
    pub fn is_good(&self) -> bool {
        self.misfit.is_none() && self.standing != Standing::Contradicted
    }

    /// In words, a line each.
    pub fn print(&self) {
        let Some(digest) = self.digest else {
            out!("    no digest: the report was stored by an earlier version");
            return;
        };
        out!("    digest: {digest}");
        match &self.misfit {
            None => out!("    it fits its digest"),
            Some(why) => terminal::paint(Tone::Bad, "    altered", &format!(": {why}")),
        }
        let place = self.log.as_ref();
        let place =
            place.map_or(String::new(), |at| format!("entry {} of {}", at.index, at.origin));
        match self.standing {
            Standing::Logged => out!("    {place} has the same digest"),
            Standing::NotLogged => out!("    the digest is not in a log"),
            Standing::Contradicted => {
                let why = format!(": {place} has another digest or none");
                terminal::paint(Tone::Bad, "    altered", &why);
            }
        }
    }

    /// The members of a JSON object.
    pub fn members(&self) -> [(&'static str, Json); 4] {
        let text = |text: &str| Json::from(text);
        let standing = match self.standing {
            Standing::Logged => "logged",
            Standing::NotLogged => "not_logged",
            Standing::Contradicted => "contradicted",
        };
        let place = self.log.as_ref().map_or(Json::Null, |at| {
            object([("origin", text(&at.origin)), ("index", Json::from(at.index))])
        });
        [
            ("digest", self.digest.map_or(Json::Null, |digest| text(&digest.to_string()))),
            ("misfit", self.misfit.as_deref().map_or(Json::Null, text)),
            ("log_standing", text(standing)),
            ("log", place),
        ]
    }
}

/// Compares a report with what was frozen of it, and with the log.
///
/// # Errors
///
/// If the database cannot be read.
pub async fn of_report(db: &Db, report: &StoredReport) -> anyhow::Result<Found> {
    let outcome = &report.outcome;
    let log = outcome.log.clone();
    let Some(frozen) = sql::reports::evidence(db, report.id).await? else {
        return Ok(Found { digest: None, misfit: None, standing: Standing::NotLogged, log });
    };
    let misfit = report_entry::check(report, &frozen).err().map(|misfit| misfit.to_string());
    let digest = frozen.evidence.digest;
    let standing = standing(db, (report.id, &digest), log.as_ref()).await?;
    Ok(Found { digest: Some(digest), misfit, standing, log })
}

/// Writes document, secret and digest to a new file.
///
/// # Errors
///
/// If the report has none, or the file cannot be written.
pub async fn write(db: &Db, id: u64, file: &Path) -> anyhow::Result<()> {
    let frozen = sql::reports::evidence(db, id).await?;
    let frozen = frozen.with_context(|| {
        format!("report {id} has no digest: it was stored by an earlier version")
    })?;
    let text = frozen::file(id, &kept(&frozen)) + "\n";
    let written = keystore::private::create(file, &text);
    written.with_context(|| format!("could not write the evidence to {}", file.display()))?;
    out!("    evidence: {}; chopmark report check {}", file.display(), file.display());
    Ok(())
}

/// Checks a file, without a database.
///
/// - `expected`: the digest of a receipt or of the log; none to believe the file's own.
///
/// # Errors
///
/// If the file cannot be read.
pub fn check(file: &Path, expected: Option<&str>) -> anyhow::Result<ExitCode> {
    let expected = expected.map(str::parse::<Hash>).transpose()?;
    let mut bytes = Vec::new();
    let most = u64::try_from(MOST_FILE)? + 1;
    let read = File::open(file).and_then(|opened| opened.take(most).read_to_end(&mut bytes));
    read.with_context(|| format!("could not read {}", file.display()))?;
    let (number, digest, document) = match frozen::check_file(&bytes) {
        Ok(found) => found,
        Err(error @ FileError::Unreadable) => {
            anyhow::bail!("{}: {error}", file.display());
        }
        Err(FileError::Misfit(misfit)) => {
            terminal::paint(Tone::Bad, "refuted", &format!("  {misfit}"));
            return Ok(ExitCode::FAILURE);
        }
    };
    if let Some(expected) = expected.filter(|expected| *expected != digest) {
        let why = format!("  the document has the digest {digest}, expected {expected}");
        terminal::paint(Tone::Bad, "refuted", &why);
        return Ok(ExitCode::FAILURE);
    }
    terminal::paint(Tone::Good, "fits", &format!("  report {number}, digest {digest}"));
    out!("{}", document.canonical());
    if expected.is_none() {
        out!(
            "The digest is the file's own: compare it with the one of the receipt or of the log, or give that with --digest."
        );
    }
    Ok(ExitCode::SUCCESS)
}
