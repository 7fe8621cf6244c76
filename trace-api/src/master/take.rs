//! Takes the master data of documents whose events are recorded.
//!
//! The way through: the projector notes the documents that records of a batch came with; those that are kept as received and were
//! not looked at ([`waiting`]) are read, and what they say is stored ([`store`]) in the transaction of the batch.
//!
//! What holds: whoever the ledger says stated the event has stated the header; the record names the SHA-256 of the document, so
//! that can be shown. A document is looked at once; one that cannot be read holds up nothing and leaves a note.
//!
//! Source: docs/decisions/0066-master-data.md.

use std::collections::BTreeMap;

use history::master::{of_document, values_of};
use history::projected::StatedDocument;
use jiff::Timestamp;
use ledger::Hash;
use ledger::hash::sha256;
use sql::master::{self, NewValue, Statement, WaitingDocument};
use sql::{Db, LedgerId, Transaction};

/// Longest note of what was left out, in bytes.
const LONGEST_NOTE: usize = 4_000;

/// Documents that records of a batch came with, by partner and digest, with the first record of each.
pub type Documents = BTreeMap<(String, Hash), (StatedDocument, LedgerId, u64)>;

/// What a document says, ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    partner: String,
    document: Hash,
    by: String,
    record: (LedgerId, u64),
    at: Timestamp,
    values: Vec<NewValue>,
    note: String,
}

/// Reads those of `documents` that are kept and were not looked at.
///
/// # Errors
///
/// [`sql::Error`].
pub async fn waiting(db: &Db, documents: Documents) -> Result<Vec<Taken>, sql::Error> {
    let names: Vec<(String, Hash)> = documents.keys().cloned().collect();
    let found = master::waiting(db, &names).await?;
    if found.is_empty() {
        return Ok(Vec::new());
    }
    // Documents may be large; reading them must not hold up who is answered.
    let read = move || found.iter().filter_map(|one| taken(one, &documents)).collect();
    let read = tokio::task::spawn_blocking(read).await;
    read.map_err(|error| sql::Error::Data(format!("reading master data failed: {error}")))
}

fn taken(waiting: &WaitingDocument, documents: &Documents) -> Option<Taken> {
    let (stated, ledger, index) = documents.get(&(waiting.party.clone(), waiting.document))?;
    let (values, note) = match said(waiting, stated) {
        Ok(said) => said,
        Err(why) => (Vec::new(), why),
    };
    let note: String = note.chars().filter(|c| *c != '\0').collect();
    Some(Taken {
        partner: waiting.party.clone(),
        document: waiting.document,
        by: epc::thing_key(&stated.stated_by),
        record: (*ledger, *index),
        at: stated.record_time,
        values,
        note: note[..note.floor_char_boundary(LONGEST_NOTE)].to_owned(),
    })
}

/// What the document says, and what was left out.
fn said(
    waiting: &WaitingDocument,
    stated: &StatedDocument,
) -> Result<(Vec<NewValue>, String), String> {
    if sha256(&waiting.body) != waiting.document {
        return Err("the kept document is another one than the record names".to_owned());
    }
    if stated.stated_by.is_empty() {
        return Err("the record does not say which party stated it".to_owned());
    }
    let found = of_document(&waiting.body)?;
    let left_out: Vec<String> = found
        .left_out
        .iter()
        .map(|one| format!("{}: {}, expected {}", one.pointer, one.problem, one.expected))
        .collect();
    Ok((values_of(&found.elements), left_out.join("; ")))
}

/// Stores what documents say.
///
/// # Errors
///
/// [`sql::Error`].
pub async fn store(tx: &Transaction<'_>, all: &[Taken]) -> Result<(), sql::Error> {
    for one in all {
        let statement = Statement {
            by: &one.by,
            document: &one.document,
            record: Some(one.record),
            at: one.at,
        };
        let count = master::state(tx, &statement, &one.values).await?;
        master::taken(tx, (&one.partner, &one.document), count, &one.note, one.at).await?;
        if !one.note.is_empty() {
            tracing::warn!(partner = one.partner, document = %one.document, left_out = one.note, "master data were left out");
        }
    }
    Ok(())
}
