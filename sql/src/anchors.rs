//! Anchors on their way to the chain: prepared, sent, mined, final.
//!
//! What holds: the anchor and every signed transaction are stored before anything is sent; only the state
//! is ever updated.

use std::collections::HashMap;

use jiff::Timestamp;
use ledger::Hash;
use tokio_postgres::Row;

use crate::db::{
    Connection, Db, Transaction, execute, hash, query, query_opt, signed, system_time, timestamp,
    unsigned,
};
use crate::error::Error;
use crate::ledger_id::LedgerId;
use crate::ledgers::StoredCheckpoint;
use crate::queries::{
    ANCHORS_ATTEMPTS, ANCHORS_BLOCK_TIMES, ANCHORS_COVERING, ANCHORS_INSERT,
    ANCHORS_INSERT_ATTEMPT, ANCHORS_INSERT_CONFIRMATION, ANCHORS_INSERT_PROOF,
    ANCHORS_INSERT_STATE, ANCHORS_LAST_CONFIRMATION, ANCHORS_LAST_FINAL, ANCHORS_LATEST,
    ANCHORS_OPEN, ANCHORS_SET_STATE,
};

/// State of an anchor on its way to the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AnchorState {
    /// Stored, nothing sent.
    Prepared,
    /// A transaction was handed to an endpoint.
    Sent,
    /// A block holds the transaction.
    Mined,
    /// The block has enough confirmations.
    Final,
}

impl AnchorState {
    fn text(self) -> &'static str {
        match self {
            Self::Prepared => "prepared",
            Self::Sent => "sent",
            Self::Mined => "mined",
            Self::Final => "final",
        }
    }

    fn parse(text: &str) -> Result<Self, Error> {
        [Self::Prepared, Self::Sent, Self::Mined, Self::Final]
            .into_iter()
            .find(|state| state.text() == text)
            .ok_or_else(|| {
                Error::data(format!(
                    "state of an anchor: got `{text}`, expected prepared, sent, mined or final"
                ))
            })
    }
}

/// What is to be anchored.
#[derive(Debug, Clone, Copy)]
pub struct NewAnchor<'a> {
    /// The hub.
    pub hub: LedgerId,
    /// Its size.
    pub size: u64,
    /// Its root.
    pub root: &'a Hash,
    /// Chain id.
    pub chain_id: u64,
    /// Contract.
    pub contract: &'a [u8; 20],
}

/// An anchor that is not final.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenAnchor {
    /// Its number.
    pub id: i64,
    /// The hub.
    pub hub: LedgerId,
    /// Its size.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// Chain id.
    pub chain_id: u64,
    /// Contract.
    pub contract: [u8; 20],
    /// When it was prepared.
    pub created_at: Timestamp,
    /// Its state.
    pub state: AnchorState,
    /// Transaction that was mined or sent last.
    pub tx_hash: Option<[u8; 32]>,
    /// Height of the block that holds it.
    pub block_number: Option<u64>,
    /// Hash of that block.
    pub block_hash: Option<[u8; 32]>,
    /// When the state changed.
    pub updated_at: Timestamp,
}

/// A signed transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Its hash.
    pub tx_hash: [u8; 32],
    /// The sender's nonce.
    pub nonce: u64,
    /// Highest fee per gas, wei.
    pub max_fee_wei: u128,
    /// Tip per gas, wei.
    pub priority_wei: u128,
    /// The signed bytes.
    pub raw: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What proves an anchor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnchorEvidence {
    /// Height of the block.
    pub block_number: u64,
    /// Its hash.
    pub block_hash: [u8; 32],
    /// Its time.
    pub block_time: Timestamp,
    /// Its header, RLP.
    pub header: Vec<u8>,
    /// Index of the transaction in it.
    pub transaction_index: u64,
    /// The transaction's receipt.
    pub receipt: Vec<u8>,
    /// Nodes of the receipt trie, from the root down.
    pub proof: Vec<Vec<u8>>,
}

/// A final anchor and its proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinalAnchor {
    /// Its number.
    pub id: i64,
    /// Size of the hub.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// Chain id.
    pub chain_id: u64,
    /// Contract.
    pub contract: [u8; 20],
    /// The proof.
    pub evidence: AnchorEvidence,
    /// When it was found to be final.
    pub final_at: Timestamp,
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Error> {
    bytes.try_into().map_err(|_| Error::data(format!("got {} bytes, expected {N}", bytes.len())))
}

/// Stores what is to be anchored, in state prepared, and gives its number.
///
/// # Errors
///
/// [`Error::Conflict`] if it is there already.
pub async fn insert(tx: &Transaction<'_>, new: &NewAnchor<'_>) -> Result<i64, Error> {
    let (size, chain) = (signed(new.size)?, signed(new.chain_id)?);
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
        [&new.hub.0, &size, &&new.root.0[..], &chain, &&new.contract[..]];
    let row = query_opt(tx, ANCHORS_INSERT, &values)
        .await?
        .ok_or_else(|| Error::data("the anchor got no number"))?;
    let id: i64 = row.get(0);
    execute(tx, ANCHORS_INSERT_STATE, &[&id]).await?;
    Ok(id)
}

/// Stores a signed transaction; the same one is stored once.
///
/// # Errors
///
/// [`Error`].
pub async fn insert_attempt(
    tx: &Transaction<'_>,
    anchor: i64,
    attempt: &Attempt,
) -> Result<(), Error> {
    let nonce = signed(attempt.nonce)?;
    let (fee, tip) = (attempt.max_fee_wei.to_string(), attempt.priority_wei.to_string());
    let created_at = system_time(attempt.created_at);
    execute(
        tx,
        ANCHORS_INSERT_ATTEMPT,
        &[&anchor, &&attempt.tx_hash[..], &nonce, &fee, &tip, &attempt.raw, &created_at],
    )
    .await?;
    Ok(())
}

/// The signed transactions of an anchor, newest first.
///
/// # Errors
///
/// [`Error`].
pub async fn attempts(db: &Db, anchor: i64) -> Result<Vec<Attempt>, Error> {
    let rows = query(&db.client().await?, ANCHORS_ATTEMPTS, &[&anchor]).await?;
    let wei = |text: &str| {
        text.parse().map_err(|_| Error::data(format!("got `{text}`, expected an amount of wei")))
    };
    rows.iter()
        .map(|row| {
            Ok(Attempt {
                tx_hash: fixed(row.get(0))?,
                nonce: unsigned(row.get(1))?,
                max_fee_wei: wei(row.get(2))?,
                priority_wei: wei(row.get(3))?,
                raw: row.get(4),
                created_at: timestamp(row.get(5))?,
            })
        })
        .collect()
}

/// Sets the state of an anchor.
///
/// - `block`: height and hash of the block that holds `tx_hash`, once mined.
///
/// # Errors
///
/// [`Error`].
pub async fn set_state(
    tx: &Transaction<'_>,
    anchor: i64,
    state: AnchorState,
    tx_hash: Option<&[u8; 32]>,
    block: Option<(u64, &[u8; 32])>,
) -> Result<(), Error> {
    let number = block.map(|(number, _)| signed(number)).transpose()?;
    let block = block.map(|(_, hash)| &hash[..]);
    let tx_hash = tx_hash.map(|hash| &hash[..]);
    execute(tx, ANCHORS_SET_STATE, &[&anchor, &state.text(), &tx_hash, &number, &block]).await?;
    Ok(())
}

/// Anchors that are not final, oldest first.
///
/// # Errors
///
/// [`Error`].
pub async fn open(db: &Db) -> Result<Vec<OpenAnchor>, Error> {
    let rows = query(&db.client().await?, ANCHORS_OPEN, &[]).await?;
    rows.iter()
        .map(|row| {
            let optional = |at: usize| row.get::<_, Option<&[u8]>>(at).map(fixed).transpose();
            Ok(OpenAnchor {
                id: row.get(0),
                hub: LedgerId(row.get(1)),
                size: unsigned(row.get(2))?,
                root: hash(row.get(3))?,
                chain_id: unsigned(row.get(4))?,
                contract: fixed(row.get(5))?,
                created_at: timestamp(row.get(6))?,
                state: AnchorState::parse(row.get(7))?,
                tx_hash: optional(8)?,
                block_number: row.get::<_, Option<i64>>(9).map(unsigned).transpose()?,
                block_hash: optional(10)?,
                updated_at: timestamp(row.get(11))?,
            })
        })
        .collect()
}

/// Size and state of the hub's latest anchor.
///
/// # Errors
///
/// [`Error`].
pub async fn latest(db: &Db, hub: LedgerId) -> Result<Option<(u64, AnchorState)>, Error> {
    let row = query_opt(&db.client().await?, ANCHORS_LATEST, &[&hub.0]).await?;
    row.map(|row| Ok((unsigned(row.get(0))?, AnchorState::parse(row.get(1))?))).transpose()
}

/// Stores what proves an anchor.
///
/// # Errors
///
/// [`Error::Conflict`] if it is there already.
pub async fn insert_proof(
    tx: &Transaction<'_>,
    anchor: i64,
    evidence: &AnchorEvidence,
) -> Result<(), Error> {
    let (number, index) = (signed(evidence.block_number)?, signed(evidence.transaction_index)?);
    execute(
        tx,
        ANCHORS_INSERT_PROOF,
        &[
            &anchor,
            &number,
            &&evidence.block_hash[..],
            &system_time(evidence.block_time),
            &evidence.header,
            &index,
            &evidence.receipt,
            &evidence.proof,
        ],
    )
    .await?;
    Ok(())
}

fn final_anchor(row: &Row) -> Result<FinalAnchor, Error> {
    Ok(FinalAnchor {
        id: row.get(12),
        size: unsigned(row.get(0))?,
        root: hash(row.get(1))?,
        chain_id: unsigned(row.get(2))?,
        contract: fixed(row.get(3))?,
        evidence: AnchorEvidence {
            block_number: unsigned(row.get(4))?,
            block_hash: fixed(row.get(5))?,
            block_time: timestamp(row.get(6))?,
            header: row.get(7),
            transaction_index: unsigned(row.get(8))?,
            receipt: row.get(9),
            proof: row.get(10),
        },
        final_at: timestamp(row.get(11))?,
    })
}

/// A final anchor with what else says how good it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoveringAnchor {
    /// The anchor.
    pub anchor: FinalAnchor,
    /// The hub's first checkpoint that covers as much.
    pub checkpoint: Option<StoredCheckpoint>,
    /// The last round of confirmations; none if its endpoints were never recorded.
    pub confirmed: Option<Confirmed>,
}

/// The first final anchor of `hub` that covers `size` entries.
///
/// # Errors
///
/// [`Error`].
pub async fn covering(db: &Db, hub: LedgerId, size: u64) -> Result<Option<FinalAnchor>, Error> {
    let found = covering_whole(&db.connection().await?, hub, size).await?;
    Ok(found.map(|found| found.anchor))
}

/// By place in the hub `origin`: the time of the block of the first final anchor that covers it; places that none covers are left out.
///
/// - One query, whatever the number of places.
///
/// # Errors
///
/// [`Error`].
pub async fn block_times(
    db: &Db,
    origin: &str,
    places: &[u64],
) -> Result<HashMap<u64, Timestamp>, Error> {
    let places = places.iter().map(|place| signed(*place)).collect::<Result<Vec<_>, _>>()?;
    let rows = query(&db.client().await?, ANCHORS_BLOCK_TIMES, &[&origin, &places]).await?;
    rows.iter().map(|row| Ok((unsigned(row.get(0))?, timestamp(row.get(1))?))).collect()
}

/// As [`covering`], with the checkpoint that was anchored and who confirmed it.
///
/// # Errors
///
/// [`Error`].
pub async fn covering_whole(
    connection: &Connection,
    hub: LedgerId,
    size: u64,
) -> Result<Option<CoveringAnchor>, Error> {
    let row = query_opt(connection.client(), ANCHORS_COVERING, &[&hub.0, &signed(size)?]).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(CoveringAnchor {
        anchor: final_anchor(&row)?,
        checkpoint: StoredCheckpoint::of_row(&row, 13),
        confirmed: confirmed(&row, 17)?,
    }))
}

/// The final anchor of `hub` with the largest size.
///
/// # Errors
///
/// [`Error`].
pub async fn last_final(db: &Db, hub: LedgerId) -> Result<Option<FinalAnchor>, Error> {
    let row = query_opt(&db.client().await?, ANCHORS_LAST_FINAL, &[&hub.0]).await?;
    row.as_ref().map(final_anchor).transpose()
}

/// What one endpoint of a chain said about an anchor's block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewConfirmation {
    /// Host and port of the endpoint, without what may be a provider's key.
    pub endpoint_host: String,
    /// Whether it named the block and receipt of the proof, deep enough.
    pub agreed: bool,
    /// What it said, for people.
    pub answer: String,
}

/// How many endpoints were asked about an anchor's block in the last round, and how many agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirmed {
    /// Endpoints that were asked.
    pub asked: u64,
    /// Endpoints that agreed.
    pub agreed: u64,
    /// When.
    pub at: Timestamp,
}

/// Stores what the endpoints said in one round.
///
/// - `at`: of the round.
///
/// # Errors
///
/// [`Error`].
pub async fn insert_confirmations(
    tx: &Transaction<'_>,
    anchor: i64,
    confirmations: &[NewConfirmation],
    at: Timestamp,
) -> Result<(), Error> {
    let at = system_time(at);
    for NewConfirmation { endpoint_host, agreed, answer } in confirmations {
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
            [&anchor, endpoint_host, agreed, answer, &at];
        execute(tx, ANCHORS_INSERT_CONFIRMATION, &values).await?;
    }
    Ok(())
}

/// The last round of confirmations of an anchor; none if its endpoints were never recorded.
///
/// # Errors
///
/// [`Error`].
pub async fn last_confirmation(db: &Db, anchor: i64) -> Result<Option<Confirmed>, Error> {
    let row = query_opt(&db.client().await?, ANCHORS_LAST_CONFIRMATION, &[&anchor]).await?;
    row.map_or(Ok(None), |row| confirmed(&row, 0))
}

/// Reads counts and time from the columns from `first` on.
fn confirmed(row: &Row, first: usize) -> Result<Option<Confirmed>, Error> {
    let Some(at) = row.get::<_, Option<std::time::SystemTime>>(first + 2) else { return Ok(None) };
    Ok(Some(Confirmed {
        asked: unsigned(row.get(first))?,
        agreed: unsigned(row.get(first + 1))?,
        at: timestamp(at)?,
    }))
}
