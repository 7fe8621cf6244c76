//! `chopmark audit`: recomputes every ledger from its rows, compares it with what was published of it, and reports every
//! contradiction.
//!
//! The way through: every ledger, hubs included, is read in order from the database and passed, row by row, to
//! [`ledger::audit::LedgerAudit`] (`rows`); every entry of the hubs is compared with the ledgers' checkpoints, every
//! final anchor with the hub's (`published`), every ledger with what the directory knows of it (`directory`); these give
//! the outcome (`outcome`), which is printed (`print`).
//!
//! What holds: nothing is written; the keys come from the policy file, not from the database.
//!
//! Not here: whether the chain still holds the anchors (`chopmark verify --rpc` for one, the anchor worker for all).

mod directory;
mod outcome;
mod print;
mod published;
mod rows;

use std::path::PathBuf;
use std::process::ExitCode;

use history::directory::{LoadError, effective_policy, load};
use ledger::policy::Policy;
use process::config::Installation;
use sql::Db;

use self::directory::Pinned;
use self::outcome::AuditedLedger;
use self::published::Published;
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
    /// Prints the findings as JSON
    #[arg(long)]
    json: bool,
}

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
        let policy = in_force(&db, policy).await?;
        audit_all(&db, &policy).await
    })?;
    drop(database);
    if arguments.json {
        terminal::json(&print::json(&audited).canonical());
    } else {
        print::text(&audited);
    }
    Ok(ExitCode::from(outcome::status(&audited, arguments.require_anchored)))
}

/// The policy that follows from the directory in the database, if `policy` pins one. A directory that does not verify
/// trusts no key: every ledger is then reported as not checked, and why is printed.
async fn in_force(db: &Db, policy: Policy) -> anyhow::Result<Policy> {
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

/// Audits every ledger in the database.
///
/// # Errors
///
/// If the database cannot be read.
async fn audit_all(db: &Db, policy: &Policy) -> anyhow::Result<Vec<AuditedLedger>> {
    let mut audited = Vec::new();
    let ledgers = sql::ledgers::list_ledgers(db).await?;
    let published = Published::read(db, &ledgers).await?;
    let directory = Pinned::read(db, policy).await?;
    for row in &ledgers {
        let (mut holdings, continuity) = published.of(db, row).await?;
        directory.compare(db, row, &mut holdings).await?;
        let summary = rows::audit_ledger(db, policy, row).await?;
        audited.push(AuditedLedger { summary, is_hub: row.kind == "hub", holdings, continuity });
    }
    Ok(audited)
}
