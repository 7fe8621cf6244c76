//! Builds the bundle of an item: its records, their paths, the checkpoints, the hub, the anchor.
//!
//! What holds: only records that count go in; of lists only the elements that concern the item are shown; every path
//! of a ledger leads to one checkpoint, which is the hub's entry where the hub has one; an anchor goes in only if all
//! ledgers lead into the hub below it.
//!
//! Not here: the format and its verification (`ledger::bundle`); who gets which [`Disclosure`] (`trace-api`).
//!
//! Source: docs/formats/bundle-v2.md.

use std::collections::HashSet;

use epc::{EpcClass, UriKind};
use jiff::Timestamp;
use ledger::bundle::{
    self, AnchorProof, Bundle, BundledRecord, HubEntry, HubProof, LedgerHistory, Naming,
};
use ledger::directory::DirectoryProof;
use ledger::json::Json;
use ledger::record::{self, Record};
use ledger::tree::{inclusion_nodes, prove_inclusion};
use sql::anchors::{Confirmed, FinalAnchor};
use sql::ledgers::StoredCheckpoint;
use sql::{Db, LedgerId};

use crate::directory::Loaded;
use crate::entry::{HistoryEntry, Relation};
use crate::gather::{GatheredHistory, LedgerHead};

/// How much of each record a bundle shows. The names of all fields, and the mandatory fields
/// ([`ledger::record::MANDATORY_FIELDS`]), are always shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disclosure {
    /// For whoever holds the item: the mandatory fields, the site where it was, and of lists the elements that are the
    /// item or its containers. What else a record says is hidden: doors and shelves, quantities, references, other items.
    Consumer,
    /// For those who take part: all fields; of lists the same elements, because what else was in a container is
    /// nobody's business.
    Whole,
}

/// What [`Disclosure::Consumer`] shows beside the mandatory fields where the place is a site: the site, and the container,
/// without which nothing proves that a container's records concern the item.
const CONSUMER_FIELDS: &[&str] = &["bizLocation", "parentID"];
/// The same where the place is a shelf, a door, or not understood.
const CONSUMER_FIELDS_WITHOUT_PLACE: &[&str] = &["parentID"];

impl Disclosure {
    fn of_record<'a>(self, record: &Record, uris: &'a [String]) -> record::Disclosure<'a> {
        match self {
            Self::Consumer if is_at_site(record) => {
                record::Disclosure::Fields { plain: CONSUMER_FIELDS, items: uris }
            }
            Self::Consumer => {
                record::Disclosure::Fields { plain: CONSUMER_FIELDS_WITHOUT_PLACE, items: uris }
            }
            Self::Whole => record::Disclosure::Items(uris),
        }
    }
}

/// Whether `bizLocation` says nothing but the GLN of a site: extension 0, and no other member. A field is shown whole or
/// not at all.
fn is_at_site(record: &Record) -> bool {
    let place = record.json().get("bizLocation").and_then(Json::as_object);
    let Some([(name, Json::String(uri))]) = place else { return false };
    let is_place = epc::check_uri(uri) == Ok(UriKind::Place);
    name == "id" && is_place && epc::site_key(uri) == epc::thing_key(uri)
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
/// - `directory`: the directory of which the bundle proves the ledgers shown and the licence of the item; none for a
///   bundle without it.
/// - A record that names the item or its container only by bits in a link or by a tag URI is left out, because verifiers do
///   not read bits.
/// - Cost: if the hub's checkpoint does not cover the newest entries of the directory, the older directory is replayed.
///
/// # Errors
///
/// [`sql::Error`] if the database cannot be asked, or lacks nodes of a tree.
pub async fn build(
    db: &Db,
    gathered: &GatheredHistory,
    hub_origin: Option<&str>,
    disclosure: Disclosure,
    directory: Option<&Loaded>,
) -> Result<Bundle, sql::Error> {
    let uris = disclosed_uris(gathered, disclosure);
    let mut heads = heads_with_records(gathered);
    heads.retain(|head| own_entries(gathered, head).next().is_some());
    let hub = load_hub(db, hub_origin, gathered, &heads, directory).await?;
    let mut histories = Vec::new();
    for head in heads {
        let shown = Shown { disclosure, uris: &uris };
        histories.push(ledger_history(db, gathered, head, &shown, hub.as_ref()).await?);
    }
    bundle::shorten_hub_paths(&mut histories);
    let is_in_hub = |history: &LedgerHistory| history.hub.is_some();
    let hub = hub.filter(|_| histories.iter().any(is_in_hub));
    // An anchor says that the whole history existed by then.
    let anchor = hub.as_ref().filter(|_| histories.iter().all(is_in_hub)).and_then(anchor_proof);
    Ok(Bundle {
        directory: match directory {
            Some(loaded) => {
                Some(prove_directory(db, loaded, gathered, &histories, hub.as_ref()).await?)
            }
            None => None,
        },
        item: spelled(gathered, &uris, &gathered.history.name()),
        histories,
        anchor,
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
    let Some(hub) = load_hub(db, hub_origin, gathered, &heads, None).await? else {
        return Ok(None);
    };
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

/// The elements of lists that a bundle shows, as the records spell them: the item and its containers; in whole bundles its
/// lot too, whose elements tell quantities.
fn disclosed_uris(gathered: &GatheredHistory, disclosure: Disclosure) -> Vec<String> {
    let history = &gathered.history;
    let mut keys: HashSet<String> = [epc::thing_key(&history.name())].into();
    for entry in history.counted() {
        if let Relation::Container(container) = &entry.relation {
            keys.insert(epc::thing_key(container));
        }
    }
    if disclosure == Disclosure::Whole {
        let lot = history.lot_number().and_then(|number| EpcClass::lot_of(&history.item, number));
        keys.extend(lot.map(|lot| epc::thing_key(&lot.to_uri())));
    }
    let records = || history.counted().filter_map(|entry| entry.record.as_deref());
    let mut uris: Vec<String> = keys
        .iter()
        .flat_map(|key| records().flat_map(move |record| record.spellings(key)))
        .map(str::to_owned)
        .collect();
    uris.sort_unstable();
    uris.dedup();
    uris
}

/// The name of a thing as a bundle states it: as a record that it shows spells it, or else its key.
fn spelled(gathered: &GatheredHistory, shown: &[String], name: &str) -> String {
    let is_parent = |record: &Record| {
        record.json().get("parentID").and_then(Json::as_str).is_some_and(|parent| parent == name)
    };
    let records = || gathered.history.counted().filter_map(|entry| entry.record.as_deref());
    if shown.iter().any(|uri| uri == name) || records().any(|record| is_parent(record)) {
        name.to_owned()
    } else {
        epc::written_key(name)
    }
}

/// Whether a verifier sees that the record of `entry` names what it is there for: it reads URNs and links, and no bits in
/// links and tag URIs.
fn is_readably_named(entry: &HistoryEntry, item: &str) -> bool {
    let wanted = match &entry.relation {
        Relation::Container(container) => container,
        Relation::Item | Relation::Lot => item,
    };
    let (key, thing) = (epc::written_key(wanted), epc::thing_key(wanted));
    // Two names of one written key have one thing key too.
    entry.record.as_deref().is_some_and(|record| {
        record.spellings(&thing).any(|name| epc::written_key(name) == key)
    })
}

/// The records of one ledger that count.
fn counted<'a>(
    gathered: &'a GatheredHistory,
    head: &'a LedgerHead,
) -> impl Iterator<Item = &'a HistoryEntry> {
    gathered.history.counted().filter(|entry| entry.origin == head.origin)
}

/// Those of them that go into the bundle.
fn own_entries<'a>(
    gathered: &'a GatheredHistory,
    head: &'a LedgerHead,
) -> impl Iterator<Item = &'a HistoryEntry> {
    let item = gathered.history.name();
    counted(gathered, head).filter(move |entry| is_readably_named(entry, &item))
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
    counted(gathered, head).map(|entry| entry.index + 1).max().unwrap_or(0)
}

/// The hub's checkpoint: that of the final anchor which covers the entries of all ledgers, else the latest.
async fn load_hub(
    db: &Db,
    origin: Option<&str>,
    gathered: &GatheredHistory,
    heads: &[&LedgerHead],
    directory: Option<&Loaded>,
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
    if let Some(loaded) = directory
        && let Some(entry) = sql::hub::entry_for(db, row.id, loaded.ledger, 1).await?
    {
        needed = needed.max(entry.hub_index + 1);
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

/// What of each record is shown.
struct Shown<'a> {
    disclosure: Disclosure,
    uris: &'a [String],
}

/// One ledger's part of the bundle.
async fn ledger_history(
    db: &Db,
    gathered: &GatheredHistory,
    head: &LedgerHead,
    shown: &Shown<'_>,
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
            disclosed: record.disclose(secret, &shown.disclosure.of_record(record, shown.uris)),
            index: entry.index,
            path,
            names: match &entry.relation {
                Relation::Container(container) => {
                    Naming::Container { of: spelled(gathered, shown.uris, container) }
                }
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
    Ok(Some((checkpoint, hub_place(db, hub, found.hub_index).await?)))
}

/// The place of an entry in the hub's checkpoint.
async fn hub_place(db: &Db, hub: &Hub, index: u64) -> Result<HubEntry, sql::Error> {
    let spans = inclusion_nodes(index, hub.checkpoint.size);
    let nodes = sql::ledgers::nodes(db, hub.id, &spans).await?;
    let path = prove_inclusion(index, hub.checkpoint.size, &nodes)
        .map_err(|error| sql::Error::data(error.to_string()))?;
    Ok(HubEntry { index, path })
}

/// The proof of the ledgers shown and of the item's licence: of the newest directory that the hub's checkpoint covers, or,
/// if there is no such, of the directory as it is.
async fn prove_directory(
    db: &Db,
    loaded: &Loaded,
    gathered: &GatheredHistory,
    histories: &[LedgerHistory],
    hub: Option<&Hub>,
) -> Result<DirectoryProof, sql::Error> {
    let bad = |error: String| sql::Error::data(error);
    let mut wanted: Vec<String> =
        histories.iter().map(|history| format!("keyset/{}", history.origin)).collect();
    let digits = epc::licence_digits(&gathered.history.name());
    wanted.extend(digits.map(|digits| format!("prefix/{digits}")));
    let policy = loaded.directory.policy();
    let pin = policy.directory.ok_or_else(|| bad("the directory has no root".to_owned()))?;
    let in_hub = match hub {
        Some(hub) => newest_in_hub(db, hub, loaded).await?.map(|entry| (hub, entry)),
        None => None,
    };
    let Some((hub, entry)) = in_hub else {
        return Ok(loaded.directory.proof(&pin, loaded.checkpoint.note.clone(), &wanted));
    };
    let covered = sql::ledgers::checkpoint_at(db, loaded.ledger, entry.ledger_size).await?;
    let checkpoint = covered.ok_or_else(|| {
        bad(format!("the checkpoint {} of the directory is in the hub only", entry.ledger_size))
    })?;
    let mut proof = if checkpoint.size == loaded.directory.size() {
        loaded.directory.proof(&pin, checkpoint.note, &wanted)
    } else {
        let entries = sql::directory::entries_from(db, loaded.ledger, 0).await?;
        let size = usize::try_from(checkpoint.size).unwrap_or(usize::MAX).min(entries.len());
        let older = directory::replay(&pin.origin, &pin, &entries[..size])
            .map_err(|error| bad(error.to_string()))?;
        older.proof(&pin, checkpoint.note, &wanted)
    };
    proof.hub = Some(hub_place(db, hub, entry.hub_index).await?);
    Ok(proof)
}

/// The largest checkpoint of the loaded directory that the hub's checkpoint covers: found by halves, because entries of a
/// ledger rise in the hub as its sizes do.
async fn newest_in_hub(
    db: &Db,
    hub: &Hub,
    loaded: &Loaded,
) -> Result<Option<sql::hub::HubEntry>, sql::Error> {
    let (mut low, mut high, mut newest) = (1, loaded.directory.size(), None);
    while low <= high {
        let middle = low + (high - low) / 2;
        let entry = sql::hub::entry_for(db, hub.id, loaded.ledger, middle).await?;
        let covered = entry.filter(|entry| {
            entry.hub_index < hub.checkpoint.size && entry.ledger_size <= loaded.directory.size()
        });
        if let Some(entry) = covered {
            low = entry.ledger_size + 1;
            newest = Some(entry);
        } else {
            high = middle - 1;
        }
    }
    Ok(newest)
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
