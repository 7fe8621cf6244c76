//! The directory's entries, and records that wait for approvals.
//!
//! What holds: proposals are the owner's to write; an entry once appended is never changed, as in every ledger.
//!
//! Not here: what entries mean, and which approvals they need (`directory`).

use jiff::Timestamp;
use tokio_postgres::Row;

use crate::db::{Db, Transaction, execute, query, query_opt, signed, system_time, timestamp};
use crate::error::Error;
use crate::ledger_id::LedgerId;
use crate::ledgers::records_from;
use crate::queries::{
    DIRECTORY_ADD_SIGNATURE, DIRECTORY_INSERT_PROPOSAL, DIRECTORY_PROPOSAL, DIRECTORY_PROPOSALS,
    DIRECTORY_SET_STATE,
};

/// Kind of the directory's ledger.
pub const KIND: &str = "directory";

/// A record that waits for approvals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Its number.
    pub id: i64,
    /// What is signed.
    pub text: String,
    /// Signature lines so far.
    pub signatures: Vec<String>,
    /// When it was proposed.
    pub proposed_at: Timestamp,
    /// What became of it.
    pub state: ProposalState,
}

/// What became of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProposalState {
    /// It waits.
    Open,
    /// It is an entry of the directory.
    Appended,
    /// It was given up.
    Withdrawn,
}

impl ProposalState {
    const ALL: [(Self, &'static str); 3] =
        [(Self::Open, "open"), (Self::Appended, "appended"), (Self::Withdrawn, "withdrawn")];

    /// Its word in the table.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(own, _)| *own == self).map_or("", |(_, word)| word)
    }

    fn parse(word: &str) -> Result<Self, Error> {
        let found = Self::ALL.iter().find(|(_, own)| *own == word);
        let unknown = || Error::data(format!("proposal: got state `{word}`"));
        found.map(|(own, _)| *own).ok_or_else(unknown)
    }
}

fn proposal(row: &Row) -> Result<Proposal, Error> {
    Ok(Proposal {
        id: row.get(0),
        text: row.get(1),
        signatures: row.get(2),
        proposed_at: timestamp(row.get(3))?,
        state: ProposalState::parse(row.get(4))?,
    })
}

/// The texts of the entries from `first` on, in order.
///
/// - `first`: 0, or the ledger's size at some checkpoint.
///
/// # Errors
///
/// [`Error`].
pub async fn entries_from(db: &Db, ledger: LedgerId, first: u64) -> Result<Vec<String>, Error> {
    let mut texts = Vec::new();
    records_from(db, ledger, signed(first)?, async |record| {
        texts.push(record.text);
        Ok(())
    })
    .await?;
    Ok(texts)
}

/// Stores a record that waits for approvals; returns its number.
///
/// # Errors
///
/// [`Error`].
pub async fn insert_proposal(
    tx: &Transaction<'_>,
    text: &str,
    signatures: &[String],
    at: Timestamp,
) -> Result<i64, Error> {
    let at = system_time(at);
    let row = query_opt(tx, DIRECTORY_INSERT_PROPOSAL, &[&text, &signatures, &at]).await?;
    row.map(|row| row.get(0)).ok_or_else(|| Error::data("the proposal was not stored"))
}

/// The records that wait, in the order in which they were proposed.
///
/// # Errors
///
/// [`Error`].
pub async fn proposals(db: &Db) -> Result<Vec<Proposal>, Error> {
    query(&db.client().await?, DIRECTORY_PROPOSALS, &[]).await?.iter().map(proposal).collect()
}

/// A proposal, locked until the transaction ends.
///
/// # Errors
///
/// [`Error`].
pub async fn proposal_for_update(tx: &Transaction<'_>, id: i64) -> Result<Option<Proposal>, Error> {
    query_opt(tx, DIRECTORY_PROPOSAL, &[&id]).await?.as_ref().map(proposal).transpose()
}

/// Adds a signature line to an open proposal.
///
/// # Errors
///
/// [`Error::Data`] if it is not open.
pub async fn add_signature(tx: &Transaction<'_>, id: i64, line: &str) -> Result<(), Error> {
    changed(execute(tx, DIRECTORY_ADD_SIGNATURE, &[&id, &line]).await?, id)
}

/// Says what became of an open proposal.
///
/// # Errors
///
/// [`Error::Data`] if it is not open.
pub async fn set_state(tx: &Transaction<'_>, id: i64, state: ProposalState) -> Result<(), Error> {
    changed(execute(tx, DIRECTORY_SET_STATE, &[&id, &state.word()]).await?, id)
}

fn changed(rows: u64, id: i64) -> Result<(), Error> {
    if rows == 1 { Ok(()) } else { Err(Error::data(format!("there is no open proposal {id}"))) }
}
