//! `chopmark audit`: recomputes every ledger from its rows, compares it with what was published of it, and reports every
//! contradiction.
//!
//! The way through: every ledger, hubs included, is read in order from the database, recomputed on all cores (`pipeline`) and passed, row
//! by row, to [`ledger::audit::LedgerAudit`] (`rows`), its names compared with the item index (`item_index`); every entry of the hubs is compared with the ledgers' checkpoints, every
//! final anchor with the hub's (`published`), every ledger with what the directory knows of it (`directory`), every erased record with the log
//! (`erasures`); these give
//! the outcome (`outcome`), which is printed (`print`).
//!
//! An audit that is interrupted keeps where it stands (`position`); a terminal shows how far it is (`progress`).
//!
//! What holds: nothing is written to the database; the keys come from the policy file, not from the database.
//!
//! Not here: whether the chain still holds the anchors (`chopmark verify --rpc` for one, the anchor worker for all).

mod directory;
mod erasures;
mod item_index;
mod outcome;
mod pipeline;
mod position;
mod print;
mod progress;
mod published;
mod rows;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use history::directory::{LoadError, effective_policy, load};
use ledger::policy::Policy;
use process::Clock;
use process::config::Installation;
use process::signals::Signals;
use sql::Db;
use tokio::sync::watch;

use self::directory::Pinned;
use self::outcome::AuditedLedger;
use self::pipeline::Pace;
use self::position::PositionFile;
use self::published::Published;
use self::rows::{Auditor, Setting};
use crate::database::Database;
use crate::policy_file;
use crate::terminal::{self, problem};

/// What to audit.
#[derive(clap::Args)]
pub struct Arguments {
    /// The configuration file, for the database
    #[arg(long, value_name = "FILE", default_value = "chopmark.toml")]
    config: PathBuf,
    /// The database itself, instead of the one in the configuration file
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// The policy file: the keys that checkpoints must be signed with
    #[arg(long)]
    policy: PathBuf,
    /// Also fails if records wait for the hub (4) or entries of the hub for a final anchor (5)
    #[arg(long)]
    require_anchored: bool,
    /// Saves in this file where the audit stands, every ten seconds and when it is interrupted, and continues from there
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// Prints the outcome as JSON: `ledgers`, a list of `ledger`, `kind`, `state` (`whole`, `cannot_tell`, `changed`, `rolled_back`, `forked`),
    /// `records`, `checkpoints`, `recomputed_from`, `published_size`, `published_agreeing`, `waiting`, `more_findings`,
    /// `findings` (list of `index`, `what`), `erased` (list of `index`, `at`, `by`, `reason`, `leaf`)
    #[arg(long)]
    json: bool,
}

/// Exit status of an audit that was interrupted and saved its position.
const INTERRUPTED: u8 = 130;

/// Audits; the exit status is that of [`outcome::status`].
///
/// # Errors
///
/// If the database or a file cannot be read.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let policy = policy_file::read(&arguments.policy)?;
    let (url, database) = if let Some(url) = &arguments.database {
        (url.clone(), None)
    } else {
        let database = Database::open(&Installation::read(&arguments.config)?)?;
        (database.reading_url()?, Some(database))
    };
    let runtime = tokio::runtime::Runtime::new()?;
    let audited = runtime.block_on(async {
        let db = Db::connect(&sql::Settings::new(url)).await?;
        let policy = Arc::new(in_force(&db, policy).await?);
        let position = arguments.resume.as_deref().map(|path| PositionFile::open(path, &policy));
        let position = position.transpose()?;
        let stopping = position.as_ref().map(|_| listen()).transpose()?;
        let setting = Setting {
            db,
            policy,
            position,
            stop: &|| stopping.as_ref().is_some_and(|stop| *stop.borrow()),
            is_shown: !arguments.json,
            pace: Pace::default(),
        };
        audit_all(setting).await
    })?;
    drop(database);
    let Some(audited) = audited else {
        let path = arguments.resume.as_deref().unwrap_or_else(|| "".as_ref());
        problem!(
            "interrupted: the position is saved in {}; the same command continues from there",
            path.display()
        );
        return Ok(ExitCode::from(INTERRUPTED));
    };
    if arguments.json {
        terminal::json(&print::json(&audited).canonical());
    } else {
        print::text(&audited);
    }
    Ok(ExitCode::from(outcome::status(&audited, arguments.require_anchored)))
}

/// Audits every ledger of a database, prints the outcome as the command does, and gives its exit status.
///
/// # Errors
///
/// If the database cannot be read.
pub async fn whole(db: &Db, policy: Policy) -> anyhow::Result<u8> {
    let policy = Arc::new(in_force(db, policy).await?);
    let (position, pace) = (None, Pace::default());
    let setting =
        Setting { db: db.clone(), policy, position, stop: &|| false, is_shown: true, pace };
    let audited = audit_all(setting).await?.unwrap_or_default();
    print::text(&audited);
    Ok(outcome::status(&audited, false))
}

/// Takes over the signals that interrupt; the value turns true at the first one.
fn listen() -> anyhow::Result<watch::Receiver<bool>> {
    let (stop, stopping) = watch::channel(false);
    tokio::spawn(Signals::listen()?.stop(false, stop, Clock::system()));
    Ok(stopping)
}

/// The policy that follows from the directory in the database, if `policy` pins one. A directory that does not verify
/// trusts no key: of every ledger it cannot be told then whether it is signed, and why is printed.
pub async fn in_force(db: &Db, policy: Policy) -> anyhow::Result<Policy> {
    if policy.directory.is_none() {
        return Ok(policy);
    }
    match load(db, &policy).await {
        Ok(loaded) => Ok(effective_policy(&policy, Some(&loaded))),
        Err(LoadError::Database(error)) => Err(error.into()),
        Err(error) => {
            problem!(
                "the directory that the policy pins cannot be used, so no key is trusted: {error}"
            );
            Ok(effective_policy(&policy, None))
        }
    }
}

/// Audits every ledger in the database; none if the audit was stopped before its end.
///
/// # Errors
///
/// If the database cannot be read, or the position not be written.
async fn audit_all(setting: Setting<'_>) -> anyhow::Result<Option<Vec<AuditedLedger>>> {
    let (db, policy) = (setting.db.clone(), Arc::clone(&setting.policy));
    if let Some(problem) = setting.position.as_ref().and_then(|file| file.problem.as_ref()) {
        problem!("{problem}");
    }
    let mut audited = Vec::new();
    let ledgers = sql::ledgers::list_ledgers(&db).await?;
    let published = Published::read(&db, &ledgers).await?;
    let directory = Pinned::read(&db, &policy).await?;
    let mut auditor = Auditor::new(setting, &ledgers).await?;
    for row in &ledgers {
        let (mut holdings, continuity) = published.of(&db, row).await?;
        directory.compare(&db, row, &mut holdings).await?;
        let Some((summary, earlier)) = auditor.ledger(row).await? else {
            auditor.end(false)?;
            return Ok(None);
        };
        let (kind, is_hub) = (row.kind.clone(), row.kind == "hub");
        let erased = auditor.erased(row);
        audited.push(AuditedLedger {
            summary,
            kind,
            is_hub,
            holdings,
            continuity,
            earlier,
            erased,
        });
    }
    auditor.end(true)?;
    Ok(Some(audited))
}
