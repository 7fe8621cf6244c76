//! `chopmark directory act`: what people did outside of the database, as a record of the directory.
//!
//! What holds: an act changes no right; it is signed by who did it, so that it can be asked later who it was.
//!
//! Not here: who must sign it (`directory::rules`).

use std::path::PathBuf;

use directory::record::{ActRecord, Deed};
use directory::setup::act_of;
use history::directory::load;

use super::place::Writing;
use super::propose;

/// What was done.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum Kind {
    /// Keys were made or changed
    Keys,
    /// A finding was resolved
    Finding,
    /// A backup was restored
    Restore,
    /// Something was deleted; two admins sign where the party has two
    Deletion,
}

impl From<Kind> for Deed {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Keys => Self::KeysMade,
            Kind::Finding => Self::FindingResolved,
            Kind::Restore => Self::Restored,
            Kind::Deletion => Self::Deleted,
        }
    }
}

/// An act to record.
#[derive(clap::Args)]
pub struct Arguments {
    /// What was done
    #[arg(long)]
    kind: Kind,
    /// Party whose people did it
    #[arg(long)]
    party: String,
    /// To what: `finding/17`, `ledger/factory.example/1`, `backup/2026-11-20`
    #[arg(long)]
    subject: String,
    /// Why
    #[arg(long)]
    reason: String,
    /// Keys of people who sign; one or more
    #[arg(long, required = true)]
    key: Vec<PathBuf>,
    #[command(flatten)]
    writing: Writing,
}

/// Appends the act, or leaves it waiting for a second person.
pub async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let Arguments { kind, party, subject, reason, key, writing } = arguments;
    let pen = writing.pen()?;
    let (open, policy) = (writing.reading.open().await?, writing.reading.policy()?);
    let directory = load(&open.db, &policy).await?.directory;
    let act = ActRecord {
        party: party.clone(),
        deed: (*kind).into(),
        about: subject.clone(),
        reason: reason.clone(),
        at: pen.at,
    };
    propose::submit(&open.db, &directory, &act_of(&act, &directory), key, &pen).await
}
