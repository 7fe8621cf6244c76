//! Signs the draft and writes it: the last step of the transaction before its commit.
//!
//! What holds: the checkpoint is signed before anything of the batch is durable, and stored in the same transaction
//! as the records that it covers.

use std::collections::BTreeSet;

use ledger::checkpoint::Checkpoint;
use ledger::record::Secret;
use ledger::tree::Frontier;
use process::Randomness;
use sql::Transaction;
use sql::ledgers::{Append, Entry};

use super::draft::Draft;
use super::site_ledger::SiteLedger;

/// Writes the draft's records, the signed checkpoint over them, and the new head.
pub(super) async fn append(
    ledger: &SiteLedger,
    tx: &Transaction<'_>,
    draft: &Draft,
    before: &Frontier,
) -> Result<(), sql::Error> {
    if draft.records.is_empty() {
        return Ok(());
    }
    let context = &ledger.context;
    let checkpoint = Checkpoint {
        origin: ledger.site.origin.clone(),
        size: draft.frontier.size(),
        root: draft.frontier.root(),
    };
    let note = ledger
        .site
        .keys
        .sign_checkpoint(&checkpoint, context.random.source())
        .map_err(|error| sql::Error::data(format!("could not sign the checkpoint: {error}")))?;
    let mut item_keys = Vec::new();
    let mut entries = Vec::with_capacity(draft.records.len());
    for (index, (record, secret, leaf_hash)) in (before.size()..).zip(&draft.records) {
        let keys: BTreeSet<i64> = record.names().iter().map(|name| sql::items::key(name)).collect();
        item_keys.extend(keys.into_iter().map(|key| (key, index)));
        entries.push(Entry {
            text: record.text().to_owned(),
            secret: Some(*secret),
            leaf_hash: *leaf_hash,
        });
    }
    context.crash.pass("ingest.before_append");
    let append = Append {
        ledger: ledger.id,
        old_size: before.size(),
        frontier: before.clone(),
        entries,
        item_keys,
        note,
        recorded_at: context.clock.now(),
    };
    sql::ledgers::append(tx, &append).await?;
    context.crash.pass("ingest.before_commit");
    Ok(())
}

/// A secret for the salts of one record.
///
/// # Panics
///
/// If the operating system gives no random bytes.
pub(super) fn fresh_secret(random: &Randomness) -> Secret {
    let mut secret = Secret::default();
    random.source().fill(&mut secret).expect("the operating system gives random bytes");
    secret
}
