//! What is known of the records of a page of results: signature, witnesses, checkpoint, and by when they existed.
//!
//! The way through: [`standings`] checks the places of all rows at once (`history::places`), looks up the blocks that cover them, and says of
//! each row what the custody of an item would say ([`mod@crate::custody`]).
//!
//! What holds: the number of queries does not depend on the number of rows; a row whose record does not lead to the signed root of its ledger
//! says so.
//!
//! Source: decision 0106; JOURNEYS R2.2.

use std::collections::HashMap;

use history::places::{Leaf, prove_places};
use jiff::Timestamp;
use ledger::foreign::cosigners;

use crate::custody::{Existed, Reader, Signature, signature_of};
use crate::find::Row;

/// What is known of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Of its signature.
    pub signature: Signature,
    /// Size of the signed checkpoint in which it was proved; 0 if there is none.
    pub checkpoint: u64,
    /// Witnesses of the policy that cosigned that checkpoint.
    pub witnesses: usize,
    /// By when it existed.
    pub existed: Existed,
}

/// What is known of the records of rows, in their order.
///
/// # Errors
///
/// [`sql::Error`].
pub async fn standings(reader: &Reader<'_>, rows: &[&Row]) -> Result<Vec<Standing>, sql::Error> {
    let Reader { db, cache, policy, .. } = *reader;
    let leaves: Vec<Leaf> = rows.iter().map(|row| (row.ledger, row.index, row.leaf_hash)).collect();
    let proved = prove_places(db, cache, policy, &leaves).await?;
    let in_hub: Vec<u64> = proved.values().filter_map(|place| Some(place.in_hub?.0)).collect();
    let blocks: HashMap<u64, Timestamp> = match reader.hub {
        Some(hub) if !in_hub.is_empty() => sql::anchors::block_times(db, hub, &in_hub).await?,
        _ => HashMap::new(),
    };
    let mut witnesses: HashMap<&str, usize> = HashMap::new();
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let place = proved.get(&(row.ledger, row.index));
        let head = place.and_then(|place| place.ledger.as_deref());
        let size = head.map_or(0, |head| head.checkpoint.size);
        let fault = place.and_then(|place| place.fault.as_ref());
        let evidence = Some(row.own.evidence);
        let count = head.map_or(0, |head| {
            let count = || cosigners(policy, &head.checkpoint.note);
            *witnesses.entry(&row.origin).or_insert_with(count)
        });
        found.push(Standing {
            signature: signature_of(policy, (&row.origin, row.index, size), fault, evidence),
            checkpoint: size,
            // Nobody vouches for what does not fit.
            witnesses: if fault.is_none() { count } else { 0 },
            existed: match place.and_then(|place| place.in_hub) {
                None => Existed::Waiting,
                Some((place, at)) => match blocks.get(&place) {
                    Some(block) => Existed::Anchored(*block),
                    // The record's own time was signed with it, and the hub cannot have had it before.
                    None => Existed::InHub(at.max(row.own.record_time)),
                },
            },
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
