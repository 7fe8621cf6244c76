//! `chopmark finding`: what scans and sales hint at, and the issuer's answer.
//!
//! The way through: `list` shows findings with their evidence; `text` prints what the issuer signs; `resolve` signs it,
//! or takes a note that was signed elsewhere, checks that the item's issuer signed it, and stores it.
//!
//! With the directory's keys, `resolve` also appends an act to the directory, signed by the same admin, before it stores
//! the note; without them the act has to be recorded with `directory act`, and the audit names the finding until then.
//!
//! What holds: a finding is resolved by the issuer's signed note only; whoever may write to the database cannot do it
//! without that key, because trace-api checks the note at each scan.
//!
//! Not here: the rules (`history::scans`), whose note counts (`history::findings`).

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use directory::Directory;
use directory::record::{ActRecord, Deed};
use history::directory::record_act;
use history::findings::{FindingName, note_text};
use jiff::Timestamp;
use ledger::json::{Json, Limits, object};
use ledger::note::Note;
use process::Clock;
use process::config::Installation;
use sql::Db;
use sql::findings::StoredFinding;

use crate::database::Database;
use crate::directory::files;
use crate::directory::place::Pen;
use crate::policy_file;
use crate::terminal::{self, Tone, out, problem};

/// Subcommands of `chopmark finding`.
#[derive(Subcommand)]
pub enum Command {
    /// Lists findings with their evidence
    ///
    /// With --json one object a line: `id`, `opened_at`, `rule`, `item`, `evidence` (an object), `resolution` (null, or `resolved_at`,
    /// `party`, `reason`).
    ///
    /// Example: chopmark finding list --config chopmark.toml
    List {
        /// Prints one JSON object for each finding, one a line
        #[arg(long)]
        json: bool,
        /// The configuration file
        #[arg(long, value_name = "FILE", default_value = "chopmark.toml")]
        config: PathBuf,
        /// Lists those that were resolved as well
        #[arg(long)]
        all: bool,
    },
    /// Prints the text that the issuer signs to resolve a finding
    ///
    /// Example: chopmark finding text 7 --reason "a market test in four cities"
    Text {
        /// Number of the finding
        id: u64,
        /// Why two objects do not carry the code, one line
        #[arg(long)]
        reason: String,
        /// The configuration file
        #[arg(long, value_name = "FILE", default_value = "chopmark.toml")]
        config: PathBuf,
    },
    /// Resolves a finding with a note that an admin of the item's issuer signs
    ///
    /// Examples:
    ///   chopmark finding resolve 7 --reason "a market test" --key lin.pem --policy policy.txt --keys who.pem
    ///   chopmark finding resolve 7 --note signed.txt --policy policy.txt
    #[command(verbatim_doc_comment)]
    Resolve {
        /// Number of the finding
        id: u64,
        /// Why two objects do not carry the code, one line
        #[arg(long, requires = "key")]
        reason: Option<String>,
        /// The admin's key file
        #[arg(long, value_name = "FILE", requires = "reason", conflicts_with = "note")]
        key: Option<PathBuf>,
        /// A note that was signed elsewhere
        #[arg(long, value_name = "FILE", required_unless_present = "key")]
        note: Option<PathBuf>,
        /// A policy file with the `directory` line: the directory says who issued the item
        #[arg(long, value_name = "FILE")]
        policy: PathBuf,
        /// The directory's own keys: the act is then recorded in the directory as well
        #[arg(long, value_name = "FILE", requires = "key")]
        keys: Option<PathBuf>,
        /// File with the passphrase of --keys, mode 0600. Default: it is asked for on the terminal
        #[arg(long, value_name = "FILE", requires = "keys")]
        passphrase_file: Option<PathBuf>,
        /// The configuration file
        #[arg(long, value_name = "FILE", default_value = "chopmark.toml")]
        config: PathBuf,
    },
}

/// With what a resolution is recorded in the directory.
struct Recording<'a> {
    /// The directory's keys.
    pen: Pen,
    /// Key file of the admin.
    key: &'a Path,
}

/// Runs the command.
///
/// # Errors
///
/// If the database cannot be asked, or a note does not resolve the finding.
pub fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            Command::List { json, config, all } => list(config, *all, *json).await,
            Command::Text { id, reason, config } => text(config, *id, reason).await,
            Command::Resolve { id, reason, key, note, policy, keys, passphrase_file, config } => {
                let recording = match (keys, key) {
                    (Some(keys), Some(key)) => {
                        let pen = Pen::new(keys, passphrase_file.as_deref(), 7)?;
                        Some(Recording { pen, key })
                    }
                    _ => None,
                };
                let (db, _database) = open(config).await?;
                let note = match (note, key, reason) {
                    (Some(note), ..) => files::read(note)?,
                    (None, Some(key), Some(reason)) => sign(&find(&db, *id).await?, reason, key)?,
                    _ => anyhow::bail!("got neither --note nor --key with --reason, expected one"),
                };
                resolve(&db, *id, &note, policy, recording).await
            }
        }
    })
}

async fn open(config: &Path) -> anyhow::Result<(Db, Database)> {
    let installation = Installation::read(config)?;
    let database = Database::open(&installation)?;
    let settings = sql::Settings {
        application: "chopmark finding",
        ..sql::Settings::new(database.reading_url()?)
    };
    let db = Db::connect(&settings).await?;
    db.check_schema().await?;
    Ok((db, database))
}

async fn find(db: &Db, id: u64) -> anyhow::Result<StoredFinding> {
    let found = sql::findings::find(db, id).await?;
    found.with_context(|| format!("got finding {id}, expected one that `finding list` shows"))
}

async fn list(config: &Path, all: bool, json: bool) -> anyhow::Result<ExitCode> {
    let (db, _database) = open(config).await?;
    let mut last = 0;
    while !terminal::is_closed() {
        let findings = sql::findings::list(&db, last, !all).await?;
        let Some(end) = findings.last() else { break };
        last = end.id;
        for finding in &findings {
            if json {
                terminal::json(&to_json(finding).canonical());
            } else {
                print(finding);
            }
        }
    }
    if last == 0 && !json {
        out!("no findings");
    }
    Ok(ExitCode::SUCCESS)
}

fn print(finding: &StoredFinding) {
    let StoredFinding { id, rule, opened_at, item, .. } = finding;
    let tone = if finding.resolution.is_some() { Tone::Good } else { Tone::Doubt };
    terminal::paint(tone, &id.to_string(), &format!("  {opened_at}  {rule}  {item}"));
    out!("    {}", finding.evidence);
    if let Some(resolution) = &finding.resolution {
        let (party, reason) = (&resolution.party, &resolution.reason);
        out!("    stored as resolved {} by {party}: {reason}", resolution.resolved_at);
    }
}

fn to_json(finding: &StoredFinding) -> Json {
    let text = |text: &str| Json::from(text);
    let evidence = ledger::json::parse(finding.evidence.as_bytes(), &Limits::default());
    let resolution = finding.resolution.as_ref().map_or(Json::Null, |resolution| {
        object([
            ("resolved_at", text(&resolution.resolved_at.to_string())),
            ("party", text(&resolution.party)),
            ("reason", text(&resolution.reason)),
        ])
    });
    object([
        ("id", Json::from(finding.id)),
        ("opened_at", text(&finding.opened_at.to_string())),
        ("rule", text(&finding.rule)),
        ("item", text(&finding.item)),
        ("evidence", evidence.unwrap_or_else(|_| text(&finding.evidence))),
        ("resolution", resolution),
    ])
}

async fn text(config: &Path, id: u64, reason: &str) -> anyhow::Result<ExitCode> {
    let (db, _database) = open(config).await?;
    let finding = find(&db, id).await?;
    terminal::lines(&note_text(FindingName { id, item: &finding.item }, reason)?);
    Ok(ExitCode::SUCCESS)
}

/// The note that resolves a finding, signed with the key of an admin.
fn sign(finding: &StoredFinding, reason: &str, key: &Path) -> anyhow::Result<String> {
    let text = note_text(FindingName { id: finding.id, item: &finding.item }, reason)?;
    let signatures = vec![files::holder(key)?.sign(&text)];
    Ok(Note { text, signatures }.to_string())
}

async fn resolve(
    db: &Db,
    id: u64,
    note: &str,
    policy: &Path,
    recording: Option<Recording<'_>>,
) -> anyhow::Result<ExitCode> {
    let named = history::findings::finding_of(note)?;
    anyhow::ensure!(named == id, "got a note about finding {named}, expected one about {id}");
    let directory = history::directory::load(db, &policy_file::read(policy)?).await?.directory;
    let now = Clock::system().now();
    if let Some(Recording { pen, key }) = &recording {
        let act = act_of_note(db, &directory, note, now).await?;
        let holder = files::holder(key)?;
        record_act(db, &directory, &act, &[&holder], pen.writer()).await?;
    }
    let resolution = trace_api::findings::resolve(db, &directory.rights(), note, now).await?;
    out!("finding {id} resolved by {}", resolution.party);
    if recording.is_none() {
        problem!(
            "the directory has no record of it: give --keys, or run `chopmark directory act --kind finding \
             --party {} --subject finding/{id}`",
            resolution.party
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// The act that a note stands for, if the note resolves its finding.
async fn act_of_note(
    db: &Db,
    directory: &Directory,
    note: &str,
    now: Timestamp,
) -> anyhow::Result<ActRecord> {
    let finding = find(db, history::findings::finding_of(note)?).await?;
    let id = finding.id;
    anyhow::ensure!(finding.resolution.is_none(), "finding {id} is resolved already");
    let name = FindingName { id, item: &finding.item };
    let resolved = history::findings::check_note(&directory.rights(), name, note, now)?;
    Ok(ActRecord {
        party: resolved.party.to_string(),
        deed: Deed::FindingResolved,
        about: format!("finding/{id}"),
        reason: resolved.reason,
        at: now,
    })
}

#[cfg(test)]
mod tests {
    use history::testing::{ITEM, admin_key, rights_of_issuer};
    use ledger::keys::{SourceKey, SystemRandom};

    use super::*;

    #[test]
    fn a_holders_key_file_signs_a_note_that_resolves_the_finding() {
        let folder = tempfile::tempdir().unwrap();
        let key = SourceKey::generate(&SystemRandom::new()).unwrap();
        let file = folder.path().join("lin.pem");
        let text = format!("chopmark holder key v1\nname: brand/lin\n{}", key.to_pem());
        std::fs::write(&file, text).unwrap();
        let finding = StoredFinding {
            id: 7,
            item: ITEM.into(),
            rule: "many_networks".into(),
            evidence: "{}".into(),
            opened_at: jiff::Timestamp::UNIX_EPOCH,
            resolution: None,
        };
        let note = sign(&finding, "a market test", &file).unwrap();
        let rights = rights_of_issuer("brand", &admin_key("brand/lin", &key));
        let name = FindingName { id: 7, item: ITEM };
        let now = jiff::Timestamp::UNIX_EPOCH;
        let resolved = history::findings::check_note(&rights, name, &note, now).unwrap();
        assert_eq!(resolved.holder, "brand/lin");
        std::fs::write(&file, key.to_pem()).unwrap();
        let error = format!("{:#}", sign(&finding, "why", &file).unwrap_err());
        assert!(error.contains("expected `chopmark holder key v1`"), "{error}");
    }
}
