//! `chopmark directory propose`, `approve`, `withdraw`, `pending`, `refresh`.
//!
//! What holds: a record that breaks a rule is refused at once; one that only lacks approvals waits.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use directory::setup::draft_of;
use directory::{Directory, Problem};
use history::directory::{append, load};
use jiff::Timestamp;
use ledger::directory::RootError;
use ledger::directory::entry::text_of;
use ledger::json::{Json, Limits};
use ledger::note::Note;
use sql::directory::{Proposal, ProposalState};
use sql::{Db, Transaction};

use super::files;
use super::place::{Pen, Reading, Writing};
use crate::terminal::{self, out};

/// What a signed record still needs; `None` if nothing.
///
/// # Errors
///
/// The rule that it breaks.
fn missing(directory: &Directory, note: &str, at: Timestamp) -> Result<Option<String>, Problem> {
    let at = Timestamp::from_second(at.as_second()).unwrap_or(at);
    match directory.admits(note, at) {
        Ok(()) => Ok(None),
        Err(problem @ (Problem::Approval { .. } | Problem::Root(RootError::Threshold { .. }))) => {
            Ok(Some(problem.to_string()))
        }
        Err(problem) => Err(problem),
    }
}

/// The member that names the subject, by kind.
fn subject(kind: &str, json: &Json) -> anyhow::Result<String> {
    if let Some(subject) = json.get("subject").and_then(Json::as_str) {
        return Ok(subject.to_owned());
    }
    let member = match kind {
        "root" => return Ok("root".to_owned()),
        "party" | "grant" | "power" => "id",
        "keyset" => "origin",
        "device" => "bridge",
        "prefix" => "digits",
        "suspend" | "act" => "party",
        _ => "subject",
    };
    let id = json.get(member).and_then(Json::as_str);
    let id = id.with_context(|| format!("member `{member}`: got none, expected a string"))?;
    Ok(format!("{kind}/{id}"))
}

/// The record of a file, with the members that may be left out.
fn record(file: &Path, directory: &Directory) -> anyhow::Result<Json> {
    let json = ledger::json::parse(files::read(file)?.as_bytes(), &Limits::default())
        .with_context(|| format!("{}", file.display()))?;
    let kind = json.get("kind").and_then(Json::as_str).context("member `kind`: got none")?;
    let subject = subject(kind, &json)?;
    Ok(draft_of(kind, &subject, directory.last(&subject), &json))
}

pub async fn propose(file: &Path, keys: &[PathBuf], writing: &Writing) -> anyhow::Result<()> {
    let pen = Pen::new(&writing.keys, writing.state_days)?;
    let (open, policy) = (writing.reading.open().await?, writing.reading.policy()?);
    let loaded = load(&open.db, &policy).await?;
    submit(&open.db, &loaded.directory, &record(file, &loaded.directory)?, keys, &pen).await
}

/// Signs a record; appends it if these signatures suffice, else it waits.
pub async fn submit(
    db: &Db,
    directory: &Directory,
    record: &Json,
    keys: &[PathBuf],
    pen: &Pen,
) -> anyhow::Result<()> {
    let text = text_of(record);
    let mut signatures = Vec::new();
    for key in keys {
        signatures.push(files::holder(key)?.sign(&text));
    }
    let note = Note { text, signatures };
    let Some(needed) = missing(directory, &note.to_string(), pen.at)? else {
        return finish(db, directory, note.to_string(), pen, None).await;
    };
    let lines: Vec<String> = note.signatures.iter().map(ToString::to_string).collect();
    let id = db
        .run_tx("directory.propose", async |tx: &Transaction<'_>| {
            sql::directory::insert_proposal(tx, &note.text, &lines, pen.at).await
        })
        .await?;
    out!("proposal {id} waits: {needed}");
    Ok(())
}

/// Appends a record with all its approvals.
async fn finish(
    db: &Db,
    directory: &Directory,
    note: String,
    pen: &Pen,
    proposal: Option<i64>,
) -> anyhow::Result<()> {
    let grown = append(db, directory, &[note], pen.writer(), proposal).await?;
    out!("appended; the directory has {} entries", grown.size());
    Ok(())
}

fn note_of(proposal: &Proposal) -> String {
    format!("{}\n{}\n", proposal.text, proposal.signatures.join("\n"))
}

pub async fn approve(id: i64, key: &Path, writing: &Writing) -> anyhow::Result<()> {
    let pen = Pen::new(&writing.keys, writing.state_days)?;
    let (open, policy) = (writing.reading.open().await?, writing.reading.policy()?);
    let key = files::holder(key)?;
    let added = open
        .db
        .run_tx("directory.approve", async |tx: &Transaction<'_>| {
            let found = sql::directory::proposal_for_update(tx, id).await?;
            let Some(mut proposal) = found.filter(|one| one.state == ProposalState::Open) else {
                return Ok(None);
            };
            let line = key.sign(&proposal.text).to_string();
            if !proposal.signatures.contains(&line) {
                sql::directory::add_signature(tx, id, &line).await?;
                proposal.signatures.push(line);
            }
            Ok(Some(proposal))
        })
        .await?;
    let proposal = added.with_context(|| format!("there is no open proposal {id}"))?;
    let loaded = load(&open.db, &policy).await?;
    let note = note_of(&proposal);
    match missing(&loaded.directory, &note, pen.at)? {
        None => finish(&open.db, &loaded.directory, note, &pen, Some(id)).await,
        Some(needed) => {
            out!("proposal {id} waits: {needed}");
            Ok(())
        }
    }
}

pub async fn withdraw(id: i64, reading: &Reading) -> anyhow::Result<()> {
    let open = reading.open().await?;
    open.db
        .run_tx("directory.withdraw", async |tx: &Transaction<'_>| {
            sql::directory::set_state(tx, id, ProposalState::Withdrawn).await
        })
        .await?;
    out!("proposal {id} is withdrawn");
    Ok(())
}

pub async fn pending(reading: &Reading) -> anyhow::Result<()> {
    let (open, policy) = (reading.open().await?, reading.policy()?);
    let directory = load(&open.db, &policy).await?.directory;
    for proposal in sql::directory::proposals(&open.db).await? {
        let state = match missing(&directory, &note_of(&proposal), process::Clock::system().now()) {
            Ok(None) => "has all its approvals; approve it once more to append it".to_owned(),
            Ok(Some(needed)) => needed,
            Err(problem) => format!("cannot be appended any more: {problem}"),
        };
        out!("{}  {}  {state}", proposal.id, proposal.proposed_at);
        terminal::lines(&proposal.text);
        for line in &proposal.signatures {
            out!("  signed: {}", line.split(' ').nth(1).unwrap_or_default());
        }
    }
    Ok(())
}

pub async fn refresh(writing: &Writing) -> anyhow::Result<()> {
    let pen = Pen::new(&writing.keys, writing.state_days)?;
    let (open, policy) = (writing.reading.open().await?, writing.reading.policy()?);
    let loaded = load(&open.db, &policy).await?;
    append(&open.db, &loaded.directory, &[], pen.writer(), None).await?;
    out!("the state tells what holds until {}", pen.state_until());
    Ok(())
}
