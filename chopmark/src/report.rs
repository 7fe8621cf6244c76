//! `chopmark report`: what people report of items on the pages of trace-api, and the operator's answer.
//!
//! The way through: `list` shows reports, `show` one of them, says whether it is what was frozen when it came ([`evidence`]), and writes its
//! photo or its evidence to a file; `check` looks at such a file offline; `take` says that somebody looks at it; `answer` and `close` end it
//! with words that whoever has the receipt reads.
//!
//! What holds: this command reads what was written with the rights of the owner of the database only; a report is answered once; an answer
//! has no signature, and the page says that it is the operator's; a report that was altered makes `show` fail.
//!
//! Not here: the form and receipts (`trace_api::reports`), who reads reports at the desk (`desk`); findings, which scans open and issuers
//! resolve (`crate::finding`).
//!
//! Sources: docs/decisions/0093-reports-of-a-suspicion.md, docs/decisions/0102-reports-reach-brand-and-authority.md.

mod evidence;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use ledger::json::{Json, object};
use process::Clock;
use sql::Db;
use sql::reports::{Step, StoredReport};
use trace_api::reports::{MOST_MESSAGE, photo};

use crate::owner::Place;
use crate::terminal::{self, Tone, out};

/// What the database calls this program.
const APPLICATION: &str = "chopmark report";

/// Subcommands of `chopmark report`.
#[derive(Subcommand)]
pub enum Command {
    /// Lists reports that wait for an answer
    ///
    /// With --json one object a line: `id`, `received_at`, `item`, `reason` (`copy`, `opened`, `seller`, `record` or `other`), `message`, `place`,
    /// `language`, `has_photo`, `for_authorities`, `state` (`received`, `taken`, `answered` or `closed`), `answer`, `answered_at` (null before),
    /// `digest` (null of reports of earlier versions).
    ///
    /// Example: chopmark report list --config chopmark.toml
    List {
        /// Prints one JSON object for each report, one a line
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
        /// Lists those that were answered or closed as well
        #[arg(long)]
        all: bool,
    },
    /// Shows a report, whether it is what was frozen when it came, and writes photo and evidence to files
    ///
    /// A photo is what a stranger sent: open it with a program that you would open an unknown picture with.
    ///
    /// With --json one object as `report list` has it, with `misfit` (why the report does not fit its digest, null if it does), `log` (`origin`
    /// and `index` of the entry with the digest, or null) and `log_standing` (`logged`, `not_logged` or `contradicted`).
    ///
    /// The exit status is 1 if the report does not fit its digest, or the log has another one.
    ///
    /// Example: chopmark report show 7 --photo report-7.jpg --evidence report-7.json
    Show {
        /// Number of the report
        id: u64,
        /// Prints one JSON object
        #[arg(long, conflicts_with_all = ["photo", "evidence"])]
        json: bool,
        /// Writes what was frozen, with the secret of its digest, to this file, which must not exist yet
        #[arg(long, value_name = "FILE")]
        evidence: Option<PathBuf>,
        /// Writes the photo to this file, which must not exist yet
        #[arg(long, value_name = "FILE")]
        photo: Option<PathBuf>,
        #[command(flatten)]
        place: Place,
    },
    /// Checks a file that `report show --evidence` wrote; needs no database
    ///
    /// Prints the document if it fits. The exit status is 1 if it does not fit its digest, or has another one than --digest.
    ///
    /// Example: chopmark report check report-7.json --digest 5f9c41…
    Check {
        /// The file
        file: PathBuf,
        /// The digest that the receipt or the log has, 64 hex digits
        #[arg(long, value_name = "HEX")]
        digest: Option<String>,
    },
    /// Says on the page of its receipt that somebody looks at a report
    ///
    /// Example: chopmark report take 7
    Take {
        /// Number of the report
        id: u64,
        #[command(flatten)]
        place: Place,
    },
    /// Answers a report; whoever has its receipt reads the answer
    ///
    /// Example: chopmark report answer 7 --text "Thank you. This batch has another cap; the item is as we sold it."
    Answer {
        /// Number of the report
        id: u64,
        /// The answer, at most 2,000 characters
        #[arg(long)]
        text: String,
        #[command(flatten)]
        place: Place,
    },
    /// Closes a report without an answer to its question, with the reason
    ///
    /// Example: chopmark report close 7 --reason "This code is not one of ours."
    Close {
        /// Number of the report
        id: u64,
        /// Why, at most 2,000 characters; whoever has the receipt reads it
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        place: Place,
    },
}

/// Runs the command.
///
/// # Errors
///
/// If the database cannot be asked, there is no such report, or it was answered before.
pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            Command::List { json, place, all } => list(place, *all, *json).await?,
            Command::Show { id, json, photo, evidence, place } => {
                let files = Files { photo: photo.as_deref(), evidence: evidence.as_deref() };
                return show(place, *id, files, *json).await;
            }
            Command::Check { file, digest } => return evidence::check(file, digest.as_deref()),
            Command::Take { id, place } => settle(place, *id, Step::Take).await?,
            Command::Answer { id, text, place } => {
                settle(place, *id, Step::Answer(words("--text", text)?)).await?;
            }
            Command::Close { id, reason, place } => {
                settle(place, *id, Step::Close(words("--reason", reason)?)).await?;
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Words that somebody reads.
fn words<'a>(option: &str, text: &'a str) -> anyhow::Result<&'a str> {
    let (text, count) = (text.trim(), text.trim().chars().count());
    anyhow::ensure!(
        (1..=MOST_MESSAGE).contains(&count),
        "got {count} characters in {option}, expected 1 to {MOST_MESSAGE}"
    );
    let control = text.chars().find(|c| c.is_control() && *c != '\n');
    anyhow::ensure!(
        control.is_none(),
        "got the control character {control:?} in {option}, expected none but line ends"
    );
    Ok(text)
}

async fn find(db: &Db, id: u64) -> anyhow::Result<StoredReport> {
    let found = sql::reports::find(db, id).await?;
    found.with_context(|| format!("got report {id}, expected one that `report list --all` shows"))
}

async fn list(place: &Place, all: bool, json: bool) -> anyhow::Result<()> {
    let open = place.open(APPLICATION).await?;
    let db = &open.db;
    let mut last = 0;
    while !terminal::is_closed() {
        let reports = sql::reports::list(db, last, !all).await?;
        let Some(end) = reports.last() else { break };
        last = end.id;
        for report in &reports {
            if json {
                terminal::json(&to_json(report).canonical());
            } else {
                print(report);
            }
        }
    }
    if last == 0 && !json {
        out!("no reports");
    }
    Ok(())
}

/// Where parts of a report are written.
struct Files<'a> {
    photo: Option<&'a Path>,
    evidence: Option<&'a Path>,
}

async fn show(place: &Place, id: u64, files: Files<'_>, json: bool) -> anyhow::Result<ExitCode> {
    let open = place.open(APPLICATION).await?;
    let db = &open.db;
    let report = find(db, id).await?;
    let found = evidence::of_report(db, &report).await?;
    if json {
        let mut shown = to_json(&report);
        for (name, value) in found.members() {
            shown.set(name, value);
        }
        terminal::json(&shown.canonical());
    } else {
        print(&report);
        found.print();
    }
    if let Some(file) = files.photo {
        write_photo(db, id, file).await?;
    }
    if let Some(file) = files.evidence {
        evidence::write(db, id, file).await?;
    }
    Ok(if found.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn write_photo(db: &Db, id: u64, file: &Path) -> anyhow::Result<()> {
    let photo = sql::reports::photo(db, id).await?;
    let photo = photo.with_context(|| format!("report {id} has no photo"))?;
    let written = OpenOptions::new().write(true).create_new(true).open(file);
    let written = written.and_then(|mut file| file.write_all(&photo));
    written.with_context(|| format!("could not write the photo to {}", file.display()))?;
    out!("    photo: {} bytes ({}) in {}", photo.len(), photo::extension(&photo), file.display());
    Ok(())
}

async fn settle(place: &Place, id: u64, step: Step<'_>) -> anyhow::Result<()> {
    let open = place.open(APPLICATION).await?;
    let db = &open.db;
    let report = find(db, id).await?;
    let now = Clock::system().now();
    let settle = async |tx: &sql::Transaction<'_>| sql::reports::settle(tx, id, step, now).await;
    let is_done = db.run_tx("chopmark.report", settle).await?;
    anyhow::ensure!(
        is_done,
        "report {id} is {} already, expected one that waits",
        find(db, id).await?.outcome.state
    );
    let done = match step {
        Step::Take => "taken up",
        Step::Answer(_) => "answered",
        Step::Close(_) => "closed",
    };
    terminal::paint(Tone::Good, done, &format!("  report {id}, {}", report.outcome.item));
    Ok(())
}

fn print(report: &StoredReport) {
    let StoredReport { id, outcome, message, place, .. } = report;
    let is_open = outcome.answered_at.is_none();
    let tone = if is_open { Tone::Doubt } else { Tone::Good };
    let head = format!(
        "  {}  {}  {}  {}",
        outcome.received_at, outcome.state, outcome.reason, outcome.item
    );
    terminal::paint(tone, &id.to_string(), &head);
    for line in message.lines() {
        out!("    {line}");
    }
    if !place.is_empty() {
        out!("    where: {place}");
    }
    if outcome.for_authorities {
        out!("    for the authorities too");
    }
    if outcome.has_photo {
        out!("    with a photo: chopmark report show {id} --photo FILE");
    }
    if let Some(at) = outcome.answered_at {
        out!("    {} {at}:", outcome.state);
        for line in outcome.answer.lines() {
            out!("      {line}");
        }
    }
}

fn to_json(report: &StoredReport) -> Json {
    let outcome = &report.outcome;
    let text = |text: &str| Json::from(text);
    let answered_at = outcome.answered_at.map_or(Json::Null, |at| text(&at.to_string()));
    let digest = outcome.digest.map_or(Json::Null, |digest| text(&digest.to_string()));
    object([
        ("id", Json::from(report.id)),
        ("received_at", text(&outcome.received_at.to_string())),
        ("item", text(&outcome.item)),
        ("reason", text(&outcome.reason)),
        ("message", text(&report.message)),
        ("place", text(&report.place)),
        ("language", text(&report.language)),
        ("has_photo", Json::from(outcome.has_photo)),
        ("for_authorities", Json::from(outcome.for_authorities)),
        ("state", text(&outcome.state)),
        ("answer", text(&outcome.answer)),
        ("answered_at", answered_at),
        ("digest", digest),
    ])
}
