//! Builds the bundle of one thing: its records, their paths, the checkpoints, the hub, the anchor.
//!
//! What holds: only sound records go in; of lists only the elements that concern the thing are shown; every
//! path of a ledger leads to one checkpoint, which is the hub's entry where the hub has one.
//!
//! Source: docs/formats/bundle-v1.md.

use ledger::bundle::{
    AnchorProof, Bundle, BundledRecord, HubEntry, HubProof, LedgerHistory, Naming,
};
use ledger::record::Disclosure;
use ledger::tree::{inclusion_nodes, prove_inclusion};
use sql::{Db, LedgerId};

use crate::story::{Story, Told};

/// The hub as far as a bundle needs it.
struct Hub {
    id: LedgerId,
    origin: String,
    checkpoint: sql::ledgers::StoredCheckpoint,
    anchor: Option<sql::anchors::FinalAnchor>,
}

/// Builds the bundle.
///
/// # Errors
///
/// [`sql::Error`] if the database cannot be asked or does not hold what it must.
pub async fn build(db: &Db, story: &Story, hub_origin: Option<&str>) -> Result<Bundle, sql::Error> {
    let item = story.item.to_uri();
    let mut uris = vec![item.clone()];
    for one in story.sound() {
        if let Some(container) = &one.via
            && !uris.contains(container)
        {
            uris.push(container.clone());
        }
    }
    if let Some(lot) = story.lot().and_then(|lot| epc::EpcClass::lot_of(&story.item, &lot)) {
        uris.push(lot.to_uri());
    }
    let mut ids: Vec<LedgerId> = story.sound().map(|one| one.stored.ledger).collect();
    ids.sort_unstable();
    ids.dedup();
    let hub = load_hub(db, hub_origin, story, &ids).await?;
    let mut histories = Vec::new();
    for id in ids {
        histories.push(history(db, story, id, &uris, hub.as_ref()).await?);
    }
    let is_in_hub = histories.iter().any(|history| history.hub.is_some());
    let hub = hub.filter(|_| is_in_hub);
    Ok(Bundle {
        item,
        histories,
        anchor: hub.as_ref().and_then(anchor_proof),
        hub: hub.map(|hub| HubProof { origin: hub.origin, checkpoint: hub.checkpoint.note }),
    })
}

/// The hub's checkpoint: that of the final anchor which covers the entries of all ledgers, else the latest.
async fn load_hub(
    db: &Db,
    origin: Option<&str>,
    story: &Story,
    ids: &[LedgerId],
) -> Result<Option<Hub>, sql::Error> {
    let Some(origin) = origin else { return Ok(None) };
    let Some(row) = sql::ledgers::find(db, origin).await? else { return Ok(None) };
    let Some(latest) = sql::ledgers::latest_checkpoint(db, row.id).await? else { return Ok(None) };
    let mut needed = 0;
    for id in ids {
        if let Some(entry) = sql::hub::entry_for(db, row.id, *id, size_needed(story, *id)).await? {
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

/// Leaves that a checkpoint must cover to hold all sound records of the story.
fn size_needed(story: &Story, ledger: LedgerId) -> u64 {
    let own = story.sound().filter(|one| one.stored.ledger == ledger);
    own.map(|one| one.stored.index + 1).max().unwrap_or(0)
}

async fn history(
    db: &Db,
    story: &Story,
    id: LedgerId,
    uris: &[String],
    hub: Option<&Hub>,
) -> Result<LedgerHistory, sql::Error> {
    let known = story.ledgers.get(&id).ok_or_else(|| sql::Error::data("ledger without a row"))?;
    let mut checkpoint = known.checkpoint.clone();
    let mut entry = None;
    if let Some(hub) = hub
        && let Some(found) = sql::hub::entry_for(db, hub.id, id, size_needed(story, id)).await?
        && found.hub_index < hub.checkpoint.size
        && let Some(covered) = sql::ledgers::checkpoint_at(db, id, found.ledger_size).await?
    {
        let spans = inclusion_nodes(found.hub_index, hub.checkpoint.size);
        let nodes = sql::ledgers::nodes(db, hub.id, &spans).await?;
        let path = prove_inclusion(found.hub_index, hub.checkpoint.size, &nodes)
            .map_err(|error| sql::Error::data(error.to_string()))?;
        entry = Some(HubEntry { index: found.hub_index, path });
        checkpoint = covered;
    }
    let mut mine: Vec<&Told> = story.sound().filter(|one| one.stored.ledger == id).collect();
    mine.sort_by_key(|one| one.stored.index);
    let spans: Vec<_> =
        mine.iter().flat_map(|one| inclusion_nodes(one.stored.index, checkpoint.size)).collect();
    let nodes = sql::ledgers::nodes(db, id, &spans).await?;
    let mut records = Vec::with_capacity(mine.len());
    for one in mine {
        let (Some(record), Some(secret)) = (&one.record, &one.stored.secret) else { continue };
        let path = prove_inclusion(one.stored.index, checkpoint.size, &nodes)
            .map_err(|error| sql::Error::data(error.to_string()))?;
        records.push(BundledRecord {
            disclosed: record.disclose(secret, &Disclosure::Items(uris)),
            index: one.stored.index,
            path,
            names: match &one.via {
                None => Naming::Item,
                Some(container) => Naming::Container { of: container.clone() },
            },
        });
    }
    LedgerHistory::assemble(&known.row.origin, records, checkpoint.note, entry)
        .map_err(|error| sql::Error::data(error.to_string()))
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

/// When everything in the story existed at the latest, as a final anchor says.
///
/// # Errors
///
/// [`sql::Error`].
pub async fn anchored_at(
    db: &Db,
    story: &Story,
    hub_origin: Option<&str>,
) -> Result<Option<jiff::Timestamp>, sql::Error> {
    let mut ids: Vec<LedgerId> = story.sound().map(|one| one.stored.ledger).collect();
    ids.sort_unstable();
    ids.dedup();
    let Some(hub) = load_hub(db, hub_origin, story, &ids).await? else { return Ok(None) };
    for id in ids {
        let entry = sql::hub::entry_for(db, hub.id, id, size_needed(story, id)).await?;
        if entry.is_none_or(|entry| entry.hub_index >= hub.checkpoint.size) {
            return Ok(None);
        }
    }
    Ok(hub.anchor.map(|anchor| anchor.evidence.block_time))
}
