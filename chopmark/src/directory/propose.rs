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
use ledger::json::{Json, Limits, object};
use ledger::note::Note;
use sql::directory::{Proposal, ProposalState};
use sql::{Db, Transaction};

use super::place::{Pen, Reading, Writing};
use super::{files, gln};
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
    gln::check_record(&json).with_context(|| format!("{}", file.display()))?;
    let kind = json.get("kind").and_then(Json::as_str).context("member `kind`: got none")?;
    let subject = subject(kind, &json)?;
    Ok(draft_of(kind, &subject, directory.last(&subject), &json))
}

pub async fn propose(file: &Path, keys: &[PathBuf], writing: &Writing) -> anyhow::Result<()> {
    let pen = writing.pen()?;
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
    let pen = writing.pen()?;
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

/// How a proposal stands: code, and what it needs or which rule it breaks.
type Stands = (&'static str, Option<String>);

pub async fn pending(json: bool, reading: &Reading) -> anyhow::Result<()> {
    let (open, policy) = (reading.open().await?, reading.policy()?);
    let directory = load(&open.db, &policy).await?.directory;
    let now = process::Clock::system().now();
    let mut all = Vec::new();
    for proposal in sql::directory::proposals(&open.db).await? {
        let stands: Stands = match missing(&directory, &note_of(&proposal), now) {
            Ok(None) => ("complete", None),
            Ok(Some(needed)) => ("waits", Some(needed)),
            Err(problem) => ("broken", Some(problem.to_string())),
        };
        if json {
            all.push(proposal_json(&proposal, stands));
        } else {
            print_proposal(&proposal, &stands);
        }
    }
    if json {
        terminal::json(&Json::Array(all).canonical());
    }
    Ok(())
}

/// Who signed a proposal, in the order of the signatures.
fn signers(proposal: &Proposal) -> impl Iterator<Item = &str> {
    proposal.signatures.iter().map(|line| line.split(' ').nth(1).unwrap_or_default())
}

fn print_proposal(proposal: &Proposal, (code, needs): &Stands) {
    let needs = needs.as_deref().unwrap_or_default();
    let state = match *code {
        "complete" => "has all its approvals; approve it once more to append it".to_owned(),
        "broken" => format!("cannot be appended any more: {needs}"),
        _ => needs.to_owned(),
    };
    out!("{}  {}  {state}", proposal.id, proposal.proposed_at);
    terminal::lines(&proposal.text);
    for name in signers(proposal) {
        out!("  signed: {name}");
    }
}

fn proposal_json(proposal: &Proposal, (code, needs): Stands) -> Json {
    // Behind the heading.
    let text = proposal.text.split_once('\n').map_or("", |(_, record)| record.trim_end());
    let record = ledger::json::parse(text.as_bytes(), &Limits::default());
    object([
        ("id", Json::from(proposal.id)),
        ("proposed_at", Json::from(proposal.proposed_at.to_string())),
        ("state", Json::from(code)),
        ("needs", needs.map_or(Json::Null, Json::from)),
        ("signed_by", Json::Array(signers(proposal).map(Json::from).collect())),
        // A text that is no JSON was never made by us: it is shown as it is.
        ("record", record.unwrap_or_else(|_| Json::from(proposal.text.as_str()))),
    ])
}

pub async fn refresh(writing: &Writing) -> anyhow::Result<()> {
    let pen = writing.pen()?;
    let (open, policy) = (writing.reading.open().await?, writing.reading.policy()?);
    let loaded = load(&open.db, &policy).await?;
    append(&open.db, &loaded.directory, &[], pen.writer(), None).await?;
    out!("the state tells what holds until {}", pen.state_until());
    Ok(())
}
