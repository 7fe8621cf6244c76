//! `chopmark finding`: what scans and sales hint at, and the issuer's answer.
//!
//! The way through: `list` shows findings with their evidence; `text` prints what the issuer signs; `resolve` signs it,
//! or takes a note that was signed elsewhere, checks that the item's issuer signed it, and stores it.
//!
//! What holds: a finding is resolved by the issuer's signed note only; whoever may write to the database cannot do it
//! without that key, because trace-api checks the note at each scan.
//!
//! Not here: the rules (`history::scans`), whose note counts (`history::findings`).

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Subcommand;
use history::findings::{FindingName, note_text};
use ledger::keys::{SourceKey, VerifierKey};
use ledger::note::{Note, NoteSignature};
use process::Clock;
use process::config::Installation;
use sql::Db;
use sql::findings::StoredFinding;

use crate::database::Database;

/// Subcommands of `chopmark finding`.
#[derive(Subcommand)]
pub enum Command {
    /// Lists findings with their evidence
    ///
    /// Example: chopmark finding list --config chopmark.toml
    List {
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
    ///   chopmark finding resolve 7 --reason "a market test" --key lin.pem
    ///   chopmark finding resolve 7 --note signed.txt
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
        /// The configuration file
        #[arg(long, value_name = "FILE", default_value = "chopmark.toml")]
        config: PathBuf,
    },
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
            Command::List { config, all } => list(config, *all).await,
            Command::Text { id, reason, config } => text(config, *id, reason).await,
            Command::Resolve { id, reason, key, note, config } => {
                let (db, _database) = open(config).await?;
                let note = match (note, key, reason) {
                    (Some(note), ..) => read(note)?,
                    (None, Some(key), Some(reason)) => sign(&find(&db, *id).await?, reason, key)?,
                    _ => anyhow::bail!("got neither --note nor --key with --reason, expected one"),
                };
                resolve(&db, *id, &note).await
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

async fn list(config: &Path, all: bool) -> anyhow::Result<ExitCode> {
    let (db, _database) = open(config).await?;
    let mut last = 0;
    loop {
        let findings = sql::findings::list(&db, last, !all).await?;
        let Some(end) = findings.last() else { break };
        last = end.id;
        for finding in &findings {
            // What comes from the database is shown with its control characters escaped.
            let StoredFinding { id, rule, opened_at, .. } = finding;
            println!("{id}  {opened_at}  {}  {}", rule.escape_debug(), finding.item.escape_debug());
            println!("    {}", printable(&finding.evidence));
            if let Some(resolution) = &finding.resolution {
                let (party, reason) = (printable(&resolution.party), printable(&resolution.reason));
                println!("    stored as resolved {} by {party}: {reason}", resolution.resolved_at);
            }
        }
    }
    if last == 0 {
        println!("no findings");
    }
    Ok(ExitCode::SUCCESS)
}

fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

async fn text(config: &Path, id: u64, reason: &str) -> anyhow::Result<ExitCode> {
    let (db, _database) = open(config).await?;
    let finding = find(&db, id).await?;
    print!("{}", note_text(FindingName { id, item: &finding.item }, reason)?);
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> anyhow::Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))
}

/// The note that resolves a finding, signed with the key of an admin.
fn sign(finding: &StoredFinding, reason: &str, key: &Path) -> anyhow::Result<String> {
    let text = note_text(FindingName { id: finding.id, item: &finding.item }, reason)?;
    let (name, key) = holder_key(&read(key)?)
        .with_context(|| format!("{} is not the key file of a holder", key.display()))?;
    let verifier = VerifierKey::of_source(&name, key.verifier())?;
    let line = NoteSignature {
        name,
        key_id: verifier.key_id(),
        bytes: key.sign(text.as_bytes()).to_vec(),
    };
    Ok(Note { text, signatures: vec![line] }.to_string())
}

/// Name and key of a holder's key file: a title, `name: …`, a PEM block.
fn holder_key(file: &str) -> anyhow::Result<(String, SourceKey)> {
    let rest = file.strip_prefix("chopmark holder key v1\nname: ");
    let (name, pem) = rest.and_then(|rest| rest.split_once('\n')).context(
        "got another text, expected `chopmark holder key v1`, `name: …` and a PEM block",
    )?;
    Ok((name.to_owned(), SourceKey::from_pem(pem)?))
}

async fn resolve(db: &Db, id: u64, note: &str) -> anyhow::Result<ExitCode> {
    let named = history::findings::finding_of(note)?;
    anyhow::ensure!(named == id, "got a note about finding {named}, expected one about {id}");
    let rights = trace_api::state::directory_rights();
    let now = Clock::system().now();
    let resolution = trace_api::findings::resolve(db, &rights, note, now).await?;
    println!("finding {id} resolved by {}", printable(&resolution.party));
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use history::testing::{ITEM, admin_key, rights_of_issuer};
    use ledger::keys::SystemRandom;

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

    #[test]
    fn what_the_database_says_cannot_steer_a_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\n"), "a\u{fffd}[2Jb\u{fffd}");
    }
}
