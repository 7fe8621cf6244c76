//! Builds the bundle of an item: its records, their paths, the checkpoints, the hub, the anchor.
//!
//! What holds: only records that count go in; of lists only the elements that concern the item are shown; every path
//! of a ledger leads to one checkpoint, which is the hub's entry where the hub has one; an anchor goes in only if all
//! ledgers lead into the hub below it.
//!
//! Not here: the format and its verification (`ledger::bundle`); who gets which [`Disclosure`] (`trace-api`).
//!
//! Source: docs/formats/bundle-v1.md.

use std::collections::HashSet;

use epc::EpcClass;
use jiff::Timestamp;
use ledger::bundle::{
    AnchorProof, Bundle, BundledRecord, HubEntry, HubProof, LedgerHistory, Naming,
};
use ledger::record;
use ledger::tree::{inclusion_nodes, prove_inclusion};
use sql::anchors::{Confirmed, FinalAnchor};
use sql::ledgers::StoredCheckpoint;
use sql::{Db, LedgerId};

use crate::entry::{HistoryEntry, Relation};
use crate::gather::{GatheredHistory, LedgerHead};

/// How much of each record a bundle shows. The names of all fields, and the mandatory fields
/// ([`ledger::record::MANDATORY_FIELDS`]), are always shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disclosure {
    /// For whoever holds the item: the mandatory fields, where it was, and of lists the elements that are the item,
    /// its containers or its lot. What else a record says is hidden.
    Consumer,
    /// For those who take part: all fields; of lists the same elements, because what else was in a container is
    /// nobody's business.
    Whole,
}

/// What [`Disclosure::Consumer`] shows beside the mandatory fields: the places, and the container, without which
/// nothing proves that a container's records concern the item.
const CONSUMER_FIELDS: &[&str] = &["bizLocation", "parentID", "readPoint"];

impl Disclosure {
    fn of_record(self, uris: &[String]) -> record::Disclosure<'_> {
        match self {
            Self::Consumer => record::Disclosure::Fields { plain: CONSUMER_FIELDS, items: uris },
            Self::Whole => record::Disclosure::Items(uris),
        }
    }
}

/// The hub as far as a bundle needs it.
struct Hub {
    id: LedgerId,
    origin: String,
    checkpoint: StoredCheckpoint,
    /// The final anchor of exactly that checkpoint.
    anchor: Option<FinalAnchor>,
}

/// Builds the bundle.
///
/// - `hub_origin`: the hub whose entries and anchor go in; none for a bundle without them.
/// - `disclosure`: how much of each record is shown.
///
/// # Errors
///
/// [`sql::Error`] if the database cannot be asked, or lacks nodes of a tree.
pub async fn build(
    db: &Db,
    gathered: &GatheredHistory,
    hub_origin: Option<&str>,
    disclosure: Disclosure,
) -> Result<Bundle, sql::Error> {
    let uris = disclosed_uris(gathered);
    let heads = heads_with_records(gathered);
    let hub = load_hub(db, hub_origin, gathered, &heads).await?;
    let mut histories = Vec::new();
    for head in heads {
        let what = disclosure.of_record(&uris);
        histories.push(ledger_history(db, gathered, head, &what, hub.as_ref()).await?);
    }
    let is_in_hub = |history: &LedgerHistory| history.hub.is_some();
    let hub = hub.filter(|_| histories.iter().any(is_in_hub));
    // An anchor says that the whole history existed by then.
    let anchor = hub.as_ref().filter(|_| histories.iter().all(is_in_hub)).and_then(anchor_proof);
    Ok(Bundle {
        item: gathered.history.item.to_uri(),
        histories,
        anchor,
        directory: None,
        hub: hub.map(|hub| HubProof { origin: hub.origin, checkpoint: hub.checkpoint.note }),
    })
}

/// By when a history existed, and how many endpoints of the chain confirmed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchored {
    /// Time of the block.
    pub at: Timestamp,
    /// How many endpoints were asked for the block in the last round, and how many agreed; none if none were recorded.
    pub confirmed: Option<Confirmed>,
}

/// The time by which everything that counts in the history existed, as the block of a final anchor says.
///
/// # Errors
///
/// [`sql::Error`] if the database cannot be asked.
pub async fn anchored_at(
    db: &Db,
    gathered: &GatheredHistory,
    hub_origin: Option<&str>,
) -> Result<Option<Anchored>, sql::Error> {
    let heads = heads_with_records(gathered);
    let Some(hub) = load_hub(db, hub_origin, gathered, &heads).await? else { return Ok(None) };
    for head in heads {
        let entry = sql::hub::entry_for(db, hub.id, head.id, size_needed(gathered, head)).await?;
        if entry.is_none_or(|entry| entry.hub_index >= hub.checkpoint.size) {
            return Ok(None);
        }
    }
    let Some(anchor) = hub.anchor else { return Ok(None) };
    let confirmed = sql::anchors::last_confirmation(db, anchor.id).await?;
    Ok(Some(Anchored { at: anchor.evidence.block_time, confirmed }))
}

/// The item, its containers and its lot: the elements of lists that a bundle shows.
fn disclosed_uris(gathered: &GatheredHistory) -> Vec<String> {
    let history = &gathered.history;
    let mut uris = vec![history.item.to_uri()];
    for entry in history.counted() {
        if let Relation::Container(container) = &entry.relation
            && !uris.contains(container)
        {
            uris.push(container.clone());
        }
    }
    let lot = history.lot_number().and_then(|number| EpcClass::lot_of(&history.item, number));
    uris.extend(lot.map(|lot| lot.to_uri()));
    uris
}

/// The records of one ledger that count.
fn own_entries<'a>(
    gathered: &'a GatheredHistory,
    head: &'a LedgerHead,
) -> impl Iterator<Item = &'a HistoryEntry> {
    gathered.history.counted().filter(|entry| entry.origin == head.origin)
}

/// The ledgers with records that count, in bytewise order of origin, as a bundle has them.
fn heads_with_records(gathered: &GatheredHistory) -> Vec<&LedgerHead> {
    let origins: HashSet<&str> = gathered.history.counted().map(|entry| &*entry.origin).collect();
    let has_records = |head: &&LedgerHead| origins.contains(&*head.origin);
    let mut heads: Vec<_> = gathered.ledgers.values().filter(has_records).collect();
    heads.sort_unstable_by(|one, other| one.origin.cmp(&other.origin));
    heads
}

/// Leaves that a checkpoint must cover to hold all records of the ledger that count.
fn size_needed(gathered: &GatheredHistory, head: &LedgerHead) -> u64 {
    own_entries(gathered, head).map(|entry| entry.index + 1).max().unwrap_or(0)
}

/// The hub's checkpoint: that of the final anchor which covers the entries of all ledgers, else the latest.
async fn load_hub(
    db: &Db,
    origin: Option<&str>,
    gathered: &GatheredHistory,
    heads: &[&LedgerHead],
) -> Result<Option<Hub>, sql::Error> {
    let Some(origin) = origin else { return Ok(None) };
    let Some(row) = sql::ledgers::find(db, origin).await? else { return Ok(None) };
    let Some(latest) = sql::ledgers::latest_checkpoint(db, row.id).await? else { return Ok(None) };
    let mut needed = 0;
    for head in heads {
        let size = size_needed(gathered, head);
        if let Some(entry) = sql::hub::entry_for(db, row.id, head.id, size).await? {
            needed = needed.max(entry.hub_index + 1);
        }
    }
    let anchor = sql::anchors::covering(db, row.id, needed.max(1)).await?;
    let checkpoint = match &anchor {
        Some(anchor) => {
            sql::ledgers::checkpoint_at(db, row.id, anchor.size).await?.unwrap_or(latest)
        }
        None => latest,
    };
    let anchor =
        anchor.filter(|anchor| anchor.size == checkpoint.size && anchor.root == checkpoint.root);
    Ok(Some(Hub { id: row.id, origin: origin.to_owned(), checkpoint, anchor }))
}

/// One ledger's part of the bundle.
async fn ledger_history(
    db: &Db,
    gathered: &GatheredHistory,
    head: &LedgerHead,
    what: &record::Disclosure<'_>,
    hub: Option<&Hub>,
) -> Result<LedgerHistory, sql::Error> {
    let in_hub = match hub {
        Some(hub) => hub_entry(db, hub, head, size_needed(gathered, head)).await?,
        None => None,
    };
    let (checkpoint, hub_entry) = match in_hub {
        Some((checkpoint, entry)) => (checkpoint, Some(entry)),
        None => (head.checkpoint.clone(), None),
    };
    let mut own: Vec<&HistoryEntry> = own_entries(gathered, head).collect();
    own.sort_by_key(|entry| entry.index);
    let spans: Vec<_> =
        own.iter().flat_map(|entry| inclusion_nodes(entry.index, checkpoint.size)).collect();
    let nodes = sql::ledgers::nodes(db, head.id, &spans).await?;
    let mut records = Vec::with_capacity(own.len());
    for entry in own {
        let (Some(record), Some(secret)) = (&entry.record, &entry.secret) else { continue };
        let path = prove_inclusion(entry.index, checkpoint.size, &nodes)
            .map_err(|error| sql::Error::data(error.to_string()))?;
        records.push(BundledRecord {
            disclosed: record.disclose(secret, what),
            index: entry.index,
            path,
            names: match &entry.relation {
                Relation::Container(container) => Naming::Container { of: container.clone() },
                Relation::Item | Relation::Lot => Naming::Item,
            },
        });
    }
    LedgerHistory::assemble(&head.origin, records, checkpoint.note, hub_entry)
        .map_err(|error| sql::Error::data(error.to_string()))
}

/// The first checkpoint of a ledger in the hub that covers `size` leaves, and its place there.
async fn hub_entry(
    db: &Db,
    hub: &Hub,
    head: &LedgerHead,
    size: u64,
) -> Result<Option<(StoredCheckpoint, HubEntry)>, sql::Error> {
    let Some(found) = sql::hub::entry_for(db, hub.id, head.id, size).await? else {
        return Ok(None);
    };
    if found.hub_index >= hub.checkpoint.size {
        return Ok(None);
    }
    let covered = sql::ledgers::checkpoint_at(db, head.id, found.ledger_size).await?;
    let Some(checkpoint) = covered else { return Ok(None) };
    let spans = inclusion_nodes(found.hub_index, hub.checkpoint.size);
    let nodes = sql::ledgers::nodes(db, hub.id, &spans).await?;
    let path = prove_inclusion(found.hub_index, hub.checkpoint.size, &nodes)
        .map_err(|error| sql::Error::data(error.to_string()))?;
    Ok(Some((checkpoint, HubEntry { index: found.hub_index, path })))
}

fn anchor_proof(hub: &Hub) -> Option<AnchorProof> {
    let anchor = hub.anchor.as_ref()?;
    Some(AnchorProof {
        chain_id: anchor.chain_id,
        contract: anchor.contract,
        hub_id: ledger::hub::hub_id(&hub.origin),
        size: anchor.size,
        block_hash: ledger::Hash(anchor.evidence.block_hash),
        header: anchor.evidence.header.clone(),
        transaction_index: anchor.evidence.transaction_index,
        receipt: anchor.evidence.receipt.clone(),
        proof: anchor.evidence.proof.clone(),
    })
}

#[cfg(test)]
mod tests;
