//! `chopmark access sessions`: who is logged in with a browser, and the end of sessions.
//!
//! What holds: whoever ends sessions shows a key of their own; others' sessions are for operators; each end is in the log of reads
//! before the session ends, where the file names one.
//!
//! Not here: the rules (`gate::session_end`), the table (`sql::sessions`).
//!
//! Source: decision 0089.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use gate::Gate;
use gate::read_log::{self, ReadLog};
use gate::session_end::{Chosen, lasting};
use jiff::Timestamp;
use ledger::json::{Json, object};
use process::Clock;
use process::config::{Installation, Problems};
use sql::sessions::{LoggedInBy, StoredSession};

use super::{given, own_key};
use crate::owner::Place;
use crate::terminal::{self, out};

const APPLICATION: &str = "chopmark access sessions";

/// Subcommands of `chopmark access sessions`.
#[derive(Subcommand)]
pub enum Command {
    /// Lists who is logged in with a browser
    ///
    /// With --json one object a line: `id`, `subject`, `key` (its prefix) or `issuer`, `began_at`, `used_at` (to the minute), `ends_at`
    /// (at the latest).
    ///
    /// Example: `chopmark access sessions list --config chopmark.toml`
    List {
        /// Prints one JSON object for each, one a line
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        place: Place,
    },
    /// Ends sessions; the next request of each is refused
    ///
    /// Without numbers, --subject and --issuer it ends your own; those of others are for operators. What is stated must all hold. Each
    /// end is recorded in the log of reads that `read_log` of `[desk]` or `[trace_api]` names.
    ///
    /// Examples:
    ///   chopmark access sessions end --key-file lee.key --reason "left a browser open" --config chopmark.toml
    ///   chopmark access sessions end --subject food-authority/kim --key-file lee.key --reason "lost laptop"
    #[command(verbatim_doc_comment)]
    End(Box<End>),
}

/// Options of `chopmark access sessions end`.
#[derive(clap::Args)]
pub struct End {
    /// Numbers of sessions, as `list` shows them
    #[arg(value_name = "NUMBER")]
    ids: Vec<i64>,
    /// Sessions of this name, as `list` shows it
    #[arg(long, value_name = "NAME")]
    subject: Option<String>,
    /// Sessions that were begun at this provider
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// File with your own key (mode 0600); `-` reads it from standard input
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
    /// Why, 3 to 500 characters; whoever reads the log sees it
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    place: Place,
}

/// Runs the command.
///
/// # Errors
///
/// If the database cannot be asked, or the end is refused or cannot be recorded.
pub async fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::List { json, place } => list(place, *json).await,
        Command::End(arguments) => end(arguments).await,
    }
}

async fn list(place: &Place, json: bool) -> anyhow::Result<ExitCode> {
    let open = place.open(APPLICATION).await?;
    let found = lasting(&open.db, Clock::system().now()).await?;
    if found.is_empty() && !json {
        out!("nobody is logged in");
    }
    for session in found.iter().take_while(|_| !terminal::is_closed()) {
        if json {
            terminal::json(&object(members(session)).canonical());
        } else {
            let StoredSession { id, began_at, used_at, .. } = session;
            out!("{id}  {}", name(session));
            let ends = ends_at(session);
            out!("    since {began_at}, last used {used_at}, ends at {ends} at the latest");
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn end(arguments: &End) -> anyhow::Result<ExitCode> {
    let End { ids, subject, issuer, key_file, reason, place } = arguments;
    let log = log_of(&place.installation()?)?;
    let key = own_key::read(key_file)?;
    let open = place.open(APPLICATION).await?;
    let clock = Clock::system();
    let gate = Gate::new(open.db.clone(), clock.clone(), gate::Settings::default());
    let log = log.map(|settings| ReadLog::start(open.db.clone(), Some(settings), clock));
    let chosen = Chosen { ids: ids.clone(), subject: subject.clone(), issuer: issuer.clone() };
    let ended = gate.end_sessions(log.as_ref(), &key, &chosen, reason.trim()).await?;
    for session in &ended {
        out!("ended: {}  {}", session.id, name(session));
    }
    match (ended.is_empty(), &log) {
        (true, _) => out!("no session that lasts still was chosen; nothing was changed"),
        (false, Some(_)) => {
            out!("the next request of each is refused; the log of reads has who ended it");
        }
        (false, None) => {
            out!(
                "the next request of each is refused; this is not recorded, since the file names no `read_log`"
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The log of reads that the file names, if any.
fn log_of(installation: &Installation) -> anyhow::Result<Option<read_log::Settings>> {
    let desk = installation.desk.as_ref().and_then(|section| section.read_log.as_deref());
    let trace = installation.trace_api.as_ref().and_then(|section| section.read_log.as_deref());
    let (section, origin) = if desk.is_some() { ("[desk]", desk) } else { ("[trace_api]", trace) };
    Ok(read_log::settings(installation, section, origin).map_err(Problems::from)?)
}

/// Whose session it is and how it was begun.
fn name(session: &StoredSession) -> String {
    match &session.by {
        LoggedInBy::Key(prefix) => format!("{}, with the key {prefix}", session.subject),
        LoggedInBy::Provider(issuer) => format!("{}, at {issuer}", session.subject),
    }
}

fn ends_at(session: &StoredSession) -> Timestamp {
    session.began_at.checked_add(access::LONGEST).unwrap_or(session.began_at)
}

fn members(session: &StoredSession) -> Vec<(&'static str, Json)> {
    let (key, issuer) = match &session.by {
        LoggedInBy::Key(prefix) => (Json::from(prefix.as_str()), Json::Null),
        LoggedInBy::Provider(issuer) => (Json::Null, Json::from(issuer.as_str())),
    };
    vec![
        ("id", Json::from(session.id)),
        ("subject", Json::from(session.subject.as_str())),
        ("key", key),
        ("issuer", issuer),
        ("began_at", given::at(Some(session.began_at))),
        ("used_at", given::at(Some(session.used_at))),
        ("ends_at", given::at(Some(ends_at(session)))),
    ]
}
