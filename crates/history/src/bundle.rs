//! Builds the bundle of an item: its records, their paths, the checkpoints, the hub, the anchor.
//!
//! What holds: only records that count go in; of lists only the elements that concern the item are shown; every path
//! of a ledger leads to one checkpoint, which is the hub's entry where the hub has one; an anchor goes in only if all
//! ledgers lead into the hub below it.
//!
//! Not here: the format and its verification (`ledger::bundle`); who gets which [`Disclosure`] (`trace-api`).
//!
//! Source: docs/formats/bundle-v2.md.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};

use epc::{EpcClass, UriKind};
use futures::try_join;
use jiff::Timestamp;
use ledger::bundle::{
    self, AnchorProof, Bundle, BundledRecord, HubEntry, HubProof, LedgerHistory, Naming,
};
use ledger::directory::DirectoryProof;
use ledger::hash::sha256;
use ledger::json::Json;
use ledger::record::{self, Record};
use ledger::tree::{inclusion_nodes, prove_inclusion};
use sql::anchors::{Confirmed, FinalAnchor};
use sql::hub::Covering;
use sql::ledgers::{StoredCheckpoint, TileName, Tiles};
use sql::{Connection, Db, LedgerId};

use crate::directory::Loaded;
use crate::entry::{HistoryEntry, Relation};
use crate::gather::{GatheredHistory, LedgerHead};
use crate::known_record::KnownRecord;

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
    /// How many endpoints confirmed it.
    confirmed: Option<Confirmed>,
    /// By ledger: its first entry that covers what counts.
    covering: HashMap<LedgerId, Covering>,
}

impl Hub {
    /// The first checkpoint of a ledger that the hub's checkpoint covers and that covers all records that count.
    fn covers(&self, ledger: LedgerId) -> Option<&Covering> {
        let is_within = |found: &&Covering| found.entry.hub_index < self.checkpoint.size;
        self.covering.get(&ledger).filter(is_within)
    }
}

/// What goes into a bundle of one ledger: its entries in the order of the tree, and the checkpoint that they are proved in.
struct Part<'a> {
    head: &'a LedgerHead,
    own: Vec<&'a HistoryEntry>,
    checkpoint: StoredCheckpoint,
    /// Its place in the hub.
    hub_index: Option<u64>,
}

/// Builds the bundle.
///
/// - `hub_origin`: the hub whose entries and anchor go in; none for a bundle without them.
/// - `disclosure`: how much of each record is shown.
/// - `directory`: the directory of which the bundle proves the ledgers shown and the licence of the item; none for a
///   bundle without it.
/// - A record that names the item or its container only by bits in a link or by a tag URI is left out, because verifiers do
///   not read bits.
/// - Cost: seven queries, whatever the number of ledgers and records. If the hub's checkpoint does not cover the newest entries of
///   the directory, the older directory is replayed, once for as long as the directory is the same.
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
    let connection = db.connection().await?;
    let hub = load_hub(&connection, hub_origin, gathered, &heads, directory).await?;
    let in_hub = match (&hub, directory) {
        (Some(hub), Some(loaded)) => {
            let (entries, size) = (hub.checkpoint.size, loaded.directory.size());
            sql::hub::newest(&connection, (hub.id, entries), (loaded.ledger, size)).await?
        }
        _ => None,
    };
    let parts: Vec<Part<'_>> =
        heads.into_iter().map(|head| part(gathered, head, hub.as_ref())).collect();
    let tiles = {
        let in_hub = in_hub.as_ref().map(|found| found.entry.hub_index);
        let names = tiles_needed(&parts, hub.as_ref(), in_hub);
        sql::ledgers::tiles(&connection, &names).await?
    };
    let texts = texts_of(&connection, &parts).await?;
    drop(connection);
    let shown = Shown { disclosure, uris: &uris };
    let mut histories = parts
        .into_iter()
        .map(|part| ledger_history(gathered, part, &shown, hub.as_ref(), (&tiles, &texts)))
        .collect::<Result<Vec<_>, _>>()?;
    bundle::shorten_hub_paths(&mut histories);
    let is_in_hub = |history: &LedgerHistory| history.hub.is_some();
    let hub = hub.filter(|_| histories.iter().any(is_in_hub));
    // An anchor says that the whole history existed by then.
    let anchor = hub.as_ref().filter(|_| histories.iter().all(is_in_hub)).and_then(anchor_proof);
    Ok(Bundle {
        directory: match directory {
            Some(loaded) => {
                let in_hub = hub.as_ref().zip(in_hub);
                Some(prove_directory(db, loaded, gathered, &histories, in_hub, &tiles).await?)
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
/// - Cost: nothing is asked while a record that counts is in no hub.
///
/// # Errors
///
/// [`sql::Error`] if the database cannot be asked.
pub async fn anchored_at(
    db: &Db,
    gathered: &GatheredHistory,
    hub_origin: Option<&str>,
) -> Result<Option<Anchored>, sql::Error> {
    // A record that no hub has yet is below no anchor.
    if gathered.history.counted().any(|entry| entry.seal.place.is_none()) {
        return Ok(None);
    }
    let heads = heads_with_records(gathered);
    let connection = db.connection().await?;
    let Some(hub) = load_hub(&connection, hub_origin, gathered, &heads, None).await? else {
        return Ok(None);
    };
    if heads.iter().any(|head| hub.covers(head.id).is_none()) {
        return Ok(None);
    }
    let Hub { anchor, confirmed, .. } = hub;
    Ok(anchor.map(|anchor| Anchored { at: anchor.evidence.block_time, confirmed }))
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
        .map(Cow::into_owned)
        .collect();
    uris.sort_unstable();
    uris.dedup();
    uris
}

/// The name of a thing as a bundle states it: as a record that it shows spells it, or else its key.
fn spelled(gathered: &GatheredHistory, shown: &[String], name: &str) -> String {
    let is_parent =
        |record: &KnownRecord| record.view().parent().is_some_and(|parent| parent == name);
    let records = || gathered.history.counted().filter_map(|entry| entry.record.as_deref());
    if shown.iter().any(|uri| uri == name) || records().any(is_parent) {
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
    entry
        .record
        .as_deref()
        .is_some_and(|record| record.spellings(&thing).any(|name| epc::written_key(&name) == key))
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
///
/// - Three queries in two round trips, whatever the number of ledgers.
async fn load_hub(
    connection: &Connection,
    origin: Option<&str>,
    gathered: &GatheredHistory,
    heads: &[&LedgerHead],
    directory: Option<&Loaded>,
) -> Result<Option<Hub>, sql::Error> {
    let Some(origin) = origin else { return Ok(None) };
    let mut needs: Vec<(LedgerId, u64)> =
        heads.iter().map(|head| (head.id, size_needed(gathered, head))).collect();
    needs.extend(directory.map(|loaded| (loaded.ledger, 1)));
    let (latest, covering) = try_join!(
        sql::ledgers::latest_of(connection, origin),
        sql::hub::covering(connection, origin, &needs),
    )?;
    let Some((id, latest)) = latest else { return Ok(None) };
    let needed = covering.iter().map(|found| found.entry.hub_index + 1).max().unwrap_or(1);
    let (mut checkpoint, mut anchor, mut confirmed) = (latest, None, None);
    if let Some(found) = sql::anchors::covering_whole(connection, id, needed).await? {
        checkpoint = found.checkpoint.unwrap_or(checkpoint);
        let is_of = (found.anchor.size, found.anchor.root) == (checkpoint.size, checkpoint.root);
        (anchor, confirmed) = (Some(found.anchor).filter(|_| is_of), found.confirmed);
    }
    let covering = covering.into_iter().map(|found| (found.ledger, found)).collect();
    Ok(Some(Hub { id, origin: origin.to_owned(), checkpoint, anchor, confirmed, covering }))
}

/// What of each record is shown.
struct Shown<'a> {
    disclosure: Disclosure,
    uris: &'a [String],
}

/// What goes in of one ledger, and in which checkpoint it is proved: the hub's entry where the hub has one.
fn part<'a>(gathered: &'a GatheredHistory, head: &'a LedgerHead, hub: Option<&Hub>) -> Part<'a> {
    let covered = hub.and_then(|hub| hub.covers(head.id));
    let covered = covered.and_then(|found| Some((found.checkpoint.clone()?, found.entry)));
    let mut own: Vec<&HistoryEntry> = own_entries(gathered, head).collect();
    own.sort_by_key(|entry| entry.index);
    match covered {
        Some((checkpoint, entry)) => {
            Part { head, own, checkpoint, hub_index: Some(entry.hub_index) }
        }
        None => Part { head, own, checkpoint: head.checkpoint.clone(), hub_index: None },
    }
}

/// The tiles of which the paths of all records and of all entries of the hub are made.
fn tiles_needed(
    parts: &[Part<'_>],
    hub: Option<&Hub>,
    directory: Option<u64>,
) -> BTreeSet<TileName> {
    let mut names = BTreeSet::new();
    let mut add = |ledger: LedgerId, index: u64, size: u64| {
        let spans = inclusion_nodes(index, size);
        names.extend(spans.into_iter().map(|span| TileName::with(ledger, span)));
    };
    for part in parts {
        for entry in &part.own {
            add(part.head.id, entry.index, part.checkpoint.size);
        }
    }
    if let Some(hub) = hub {
        let places = parts.iter().filter_map(|part| part.hub_index).chain(directory);
        places.for_each(|index| add(hub.id, index, hub.checkpoint.size));
    }
    names
}

/// The path of a leaf.
fn path(
    ledger: LedgerId,
    index: u64,
    size: u64,
    tiles: &Tiles,
) -> Result<Vec<ledger::Hash>, sql::Error> {
    let nodes = tiles.nodes(ledger, &inclusion_nodes(index, size))?;
    prove_inclusion(index, size, &nodes).map_err(|error| sql::Error::data(error.to_string()))
}

/// Records by ledger and index.
type Texts = HashMap<(LedgerId, u64), Record>;

/// The records that are shown, whole, the same as those that were gathered.
async fn texts_of(connection: &Connection, parts: &[Part<'_>]) -> Result<Texts, sql::Error> {
    let entries = || {
        parts
            .iter()
            .flat_map(|part| part.own.iter().map(|entry| ((part.head.id, entry.index), entry)))
    };
    let places: Vec<(LedgerId, u64)> = entries().map(|(place, _)| place).collect();
    let gathered: HashMap<(LedgerId, u64), &HistoryEntry> =
        entries().map(|(place, entry)| (place, *entry)).collect();
    let mut texts = Texts::new();
    for one in sql::items::records(connection, &places).await? {
        let place = (one.ledger, one.index);
        let known = gathered.get(&place).and_then(|entry| entry.record.as_deref());
        if known.is_none_or(|known| known.digest != sha256(one.text.as_bytes())) {
            return Err(changed(place));
        }
        texts.insert(place, Record::parse(&one.text).map_err(|_| changed(place))?);
    }
    Ok(texts)
}

fn changed((ledger, index): (LedgerId, u64)) -> sql::Error {
    sql::Error::data(format!(
        "record {index} of ledger {} changed while the bundle was built",
        ledger.0
    ))
}

/// One ledger's part of the bundle.
fn ledger_history(
    gathered: &GatheredHistory,
    part: Part<'_>,
    shown: &Shown<'_>,
    hub: Option<&Hub>,
    (tiles, texts): (&Tiles, &Texts),
) -> Result<LedgerHistory, sql::Error> {
    let Part { head, own, checkpoint, hub_index } = part;
    let hub_entry = match hub.zip(hub_index) {
        Some((hub, index)) => Some(hub_place(hub, index, tiles)?),
        None => None,
    };
    let mut records = Vec::with_capacity(own.len());
    for entry in own {
        let Some(secret) = &entry.secret else { continue };
        let place = (head.id, entry.index);
        let record = texts.get(&place).ok_or_else(|| changed(place))?;
        records.push(BundledRecord {
            disclosed: record.disclose(secret, &shown.disclosure.of_record(record, shown.uris)),
            index: entry.index,
            path: path(head.id, entry.index, checkpoint.size, tiles)?,
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

/// The place of an entry in the hub's checkpoint.
fn hub_place(hub: &Hub, index: u64, tiles: &Tiles) -> Result<HubEntry, sql::Error> {
    Ok(HubEntry { index, path: path(hub.id, index, hub.checkpoint.size, tiles)? })
}

/// The proof of the ledgers shown and of the item's licence: of the newest directory that the hub's checkpoint covers, or,
/// if there is no such, of the directory as it is.
///
/// - `in_hub`: the hub, and its entry of that directory.
async fn prove_directory(
    db: &Db,
    loaded: &Loaded,
    gathered: &GatheredHistory,
    histories: &[LedgerHistory],
    in_hub: Option<(&Hub, Covering)>,
    tiles: &Tiles,
) -> Result<DirectoryProof, sql::Error> {
    let bad = |error: String| sql::Error::data(error);
    let mut wanted: Vec<String> =
        histories.iter().map(|history| format!("keyset/{}", history.origin)).collect();
    let digits = epc::licence_digits(&gathered.history.name());
    wanted.extend(digits.map(|digits| format!("prefix/{digits}")));
    let policy = loaded.directory.policy();
    let pin = policy.directory.ok_or_else(|| bad("the directory has no root".to_owned()))?;
    let Some((hub, found)) = in_hub else {
        return Ok(loaded.directory.proof(&pin, loaded.checkpoint.note.clone(), &wanted));
    };
    let checkpoint = found.checkpoint.ok_or_else(|| {
        bad(format!(
            "the checkpoint {} of the directory is in the hub only",
            found.entry.ledger_size
        ))
    })?;
    let mut proof = if checkpoint.size == loaded.directory.size() {
        loaded.directory.proof(&pin, checkpoint.note, &wanted)
    } else {
        let older = loaded.at(db, &pin, checkpoint.size).await?;
        older.proof(&pin, checkpoint.note, &wanted)
    };
    proof.hub = Some(hub_place(hub, found.entry.hub_index, tiles)?);
    Ok(proof)
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
