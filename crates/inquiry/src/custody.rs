//! The custody of an item: who had it, how each step is known, and what was checked of it.
//!
//! The way through: [`custody`] gathers the item's history (`history::gather`: each record recomputed and led to the signed root of its
//! ledger), leaves out what the reader may not see, and makes a [`CustodyRow`] of each record that is left.
//!
//! What holds:
//!
//! - a row says where it stands in which ledger, up to which checkpoint that ledger was read, and whether the record fits there; a record
//!   that does not fit is a row too, and says so, and so is one whose content was erased;
//! - "existed no later than" is the time of a block, or of the hub while there is no final anchor; never a party's own word;
//! - a correction stands above its original, and the original is kept;
//! - what is hidden is counted. While something is hidden no gap is told, since it would say what lies in it.
//!
//! Not here: what the records add up to (`history::fold`), who may say what (`history::authority`), sentences (`desk`).
//!
//! Source: decision 0076; JOURNEYS R2.2 to R2.4.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use access::Sight;
use directory::Rights;
use epc::Epc;
use epcis::{BizStep, Disposition};
use history::record_view::{Evidence, RecordView};
use history::sight::sees_record;
use history::{
    Cache, Fault, Gap, GatheredHistory, HistoryEntry, ItemState, Mark, RecordRef, Relation, Weight,
    gather,
};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ledger::Hash;
use ledger::json::Json;
use ledger::policy::Policy;
use ledger::record::Tombstone;
use sql::Db;

/// Most blocks that are looked up for one item; what is beyond has the time of a later one.
const MOST_ANCHORS: usize = 32;

/// With what histories are read.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    /// The database.
    pub db: &'a Db,
    /// What this process verified before.
    pub cache: &'a Cache,
    /// The policy under which checkpoints are opened.
    pub policy: &'a Arc<Policy>,
    /// Who may say what.
    pub rights: &'a Rights,
    /// Origin of the hub.
    pub hub: Option<&'a str>,
    /// The time.
    pub now: Timestamp,
}

/// How something is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Knowledge {
    /// A reader or sensor recorded it.
    Sensed,
    /// A party stated it that is entitled to.
    Stated,
    /// A party stated it that is not entitled to; it decides nothing.
    Claimed,
    /// It was said of a container that the item was in.
    Inferred,
}

/// What is known of the signature under a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signature {
    /// The record is in a checkpoint that its ledger's keys signed.
    Valid,
    /// As before; a key that was in force then has been ended since, at this size of the ledger.
    KeyEndedLater(u64),
    /// The record does not fit its ledger, for this reason.
    Invalid(String),
    /// Its content was erased; its leaf hash is in the tree.
    Erased(Tombstone),
    /// The checkpoint is signed; nothing says on what the record rests.
    UnsignedImport,
}

/// By when a record existed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existed {
    /// Its ledger has it; no hub does yet.
    Waiting,
    /// The hub had it then; no final anchor covers that yet.
    InHub(Timestamp),
    /// A block of this time covers it.
    Anchored(Timestamp),
}

/// A correction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Correction {
    /// This record was declared wrong by that one.
    DeclaredWrong(RecordRef),
    /// This record stands in place of that one.
    Replaces(RecordRef),
    /// This record declares that one wrong, for this reason.
    Declares(RecordRef, String),
}

/// A record of the item.
#[derive(Debug, Clone)]
pub struct CustodyRow {
    /// When it is said to have happened.
    pub at: Timestamp,
    /// The same as it was written, with its offset; empty if the record does not say.
    pub at_text: String,
    /// When the ledger recorded it.
    pub recorded: Option<Timestamp>,
    /// Business step.
    pub step: Option<BizStep>,
    /// Disposition.
    pub disposition: Option<Disposition>,
    /// Name of the party.
    pub party: String,
    /// Its PGLN; empty if the record does not say.
    pub pgln: String,
    /// Bytes of the first key of its ledger, from which its seal is drawn.
    pub key: Option<Vec<u8>>,
    /// Where, a location URI; empty if the record does not say.
    pub place: String,
    /// How it is known.
    pub known: Knowledge,
    /// The container that it was said of.
    pub container: Option<String>,
    /// It is about the lot or class, and not about the item alone.
    pub is_of_lot: bool,
    /// Documents that it names.
    pub documents: Vec<String>,
    /// What is odd about its time.
    pub mark: Option<Mark>,
    /// What is known of its signature.
    pub signature: Signature,
    /// Origin of its ledger.
    pub origin: String,
    /// Its place there, from 0.
    pub index: u64,
    /// Size of the signed checkpoint in which it was proved.
    pub checkpoint: u64,
    /// The leaf hash there.
    pub leaf_hash: Hash,
    /// By when it existed.
    pub existed: Existed,
    /// What it has to do with a correction.
    pub correction: Option<Correction>,
    /// Its id, or its event hash.
    pub event_id: String,
}

/// A ledger that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRead {
    /// Its origin.
    pub origin: String,
    /// The party that keeps it.
    pub party: String,
    /// Size of its latest checkpoint.
    pub size: u64,
    /// Root over so many records.
    pub root: Hash,
    /// When that was committed.
    pub recorded_at: Timestamp,
    /// Why it cannot be relied on.
    pub fault: Option<String>,
}

/// The custody of an item.
#[derive(Debug, Clone)]
pub struct Custody {
    /// The item's name ([`history::History::name`]).
    pub item: String,
    /// Its rows, the newest first; a corrected one below what stands in its place.
    pub rows: Vec<CustodyRow>,
    /// Records that the reader may not see.
    pub hidden: u64,
    /// Records that were not looked at, because there are too many.
    pub cut: usize,
    /// What is missing between the rows; empty while something is hidden.
    pub gaps: Vec<Gap>,
    /// What the records add up to; none while something is hidden.
    pub state: Option<ItemState>,
    /// Lot number, if the row that says it is shown.
    pub lot: Option<String>,
    /// Ledgers of the rows.
    pub ledgers: Vec<LedgerRead>,
}

/// The custody of an item, as a reader may see it.
///
/// # Errors
///
/// [`sql::Error`].
pub async fn custody(
    reader: &Reader<'_>,
    sight: &Sight,
    item: &Epc,
) -> Result<Custody, sql::Error> {
    let Reader { db, cache, policy, rights, now, .. } = *reader;
    let gathered = gather(db, cache, policy, rights, now, item).await?;
    let is_shown = |entry: &&HistoryEntry| {
        // What cannot be read names nothing: only a reader without limits is told where it stands.
        let unread =
            || sight.grants().iter().any(|grant| *grant.scope() == access::Scope::default());
        entry.record.as_deref().map_or_else(unread, |record| sees_record(sight, record))
    };
    let entries: Vec<&HistoryEntry> = gathered.history.entries.iter().filter(is_shown).collect();
    let hidden = (gathered.history.entries.len() - entries.len()) as u64;
    let existed = existed(reader, &entries).await?;
    let corrections = corrections(&entries);
    let rows = entries.iter().map(|entry| {
        let place = (entry.origin.to_string(), entry.index);
        let correction = corrections.get(&place).cloned();
        row(reader, &gathered, entry, (existed[&place], correction))
    });
    let rows = in_order(rows.collect());
    let state = gathered.history.state(now, &TimeZone::UTC);
    let lots = entries.iter().filter_map(|entry| entry.view()?.lot_number());
    let lot = gathered.history.lot_number();
    let lot = lots.into_iter().find(|own| Some(*own) == lot).map(str::to_owned);
    let origins: BTreeSet<&str> = rows.iter().map(|row| row.origin.as_str()).collect();
    Ok(Custody {
        item: gathered.history.name(),
        hidden,
        cut: gathered.cut,
        gaps: if hidden == 0 { state.gaps.clone() } else { Vec::new() },
        state: (hidden == 0).then_some(state),
        lot,
        ledgers: origins.into_iter().filter_map(|origin| ledger(&gathered, origin)).collect(),
        rows,
    })
}

fn ledger(gathered: &GatheredHistory, origin: &str) -> Option<LedgerRead> {
    let head = gathered.ledger(origin)?;
    Some(LedgerRead {
        origin: origin.to_owned(),
        party: head.party.to_string(),
        size: head.checkpoint.size,
        root: head.checkpoint.root,
        recorded_at: head.checkpoint.recorded_at,
        fault: head.fault.as_ref().map(ToString::to_string),
    })
}

/// By when each record existed.
async fn existed(
    reader: &Reader<'_>,
    entries: &[&HistoryEntry],
) -> Result<HashMap<(String, u64), Existed>, sql::Error> {
    let places: BTreeSet<u64> = entries.iter().filter_map(|entry| entry.seal.place).collect();
    let mut blocks: BTreeMap<u64, Option<Timestamp>> = BTreeMap::new();
    if let Some(origin) = reader.hub.filter(|_| !places.is_empty())
        && let Some(hub) = sql::ledgers::find(reader.db, origin).await?
    {
        // Of very many the last of each stretch stands for those before it.
        let stretch = places.len().div_ceil(MOST_ANCHORS);
        let all: Vec<u64> = places.iter().copied().collect();
        for part in all.chunks(stretch.max(1)) {
            let Some(last) = part.last() else { continue };
            let anchor = sql::anchors::covering(reader.db, hub.id, last + 1).await?;
            let time = anchor.map(|anchor| anchor.evidence.block_time);
            blocks.extend(part.iter().map(|place| (*place, time)));
        }
    }
    let of = |entry: &HistoryEntry| match entry.seal.place {
        None => Existed::Waiting,
        Some(place) => match blocks.get(&place).copied().flatten() {
            Some(block) => Existed::Anchored(block),
            None => Existed::InHub(entry.seal.at),
        },
    };
    let place = |entry: &HistoryEntry| (entry.origin.to_string(), entry.index);
    Ok(entries.iter().map(|entry| (place(entry), of(entry))).collect())
}

/// What each record has to do with a correction, by origin and index.
fn corrections(entries: &[&HistoryEntry]) -> HashMap<(String, u64), Correction> {
    let place = |entry: &HistoryEntry| (entry.origin.to_string(), entry.index);
    let id = |entry: &HistoryEntry| {
        let view = entry.view()?;
        let own = view.event_id().filter(|id| !id.is_empty());
        Some(own.unwrap_or_else(|| view.event_hash()).to_owned()).filter(|id| !id.is_empty())
    };
    let mut found = HashMap::new();
    for declaring in
        entries.iter().filter(|entry| entry.view().is_some_and(RecordView::is_correction))
    {
        let Some(view) = declaring.view() else { continue };
        // A declaration repeats the event with its id; only what it declares wrong is older and says the same.
        let is_original = |entry: &&&HistoryEntry| {
            entry.view().is_some_and(|own| {
                !own.is_correction()
                    && own.event_id() == view.event_id()
                    && own.content() == view.content()
            })
        };
        let Some(original) = entries.iter().find(is_original) else { continue };
        let event = view.event();
        let declaration = event.get("errorDeclaration");
        let reason = declaration.and_then(|it| it.get("reason")?.as_str()).unwrap_or_default();
        let ids = declaration.and_then(|it| it.get("correctiveEventIDs")?.as_array());
        let ids: Vec<&str> = ids.unwrap_or_default().iter().filter_map(Json::as_str).collect();
        let word = reason.rsplit(['-', ':']).next().unwrap_or_default().to_owned();
        found.insert(place(declaring), Correction::Declares(original.reference(), word));
        for entry in entries {
            if id(entry).is_some_and(|own| ids.contains(&own.as_str())) {
                found.insert(place(entry), Correction::Replaces(original.reference()));
            }
        }
        if original.mark == Some(Mark::Corrected) {
            found.insert(place(original), Correction::DeclaredWrong(declaring.reference()));
        }
    }
    found
}

fn row(
    reader: &Reader<'_>,
    gathered: &GatheredHistory,
    entry: &HistoryEntry,
    (existed, correction): (Existed, Option<Correction>),
) -> CustodyRow {
    let view = entry.view();
    let event = view.map(RecordView::event);
    let text = |name: &str| {
        let text = event.as_ref().and_then(|event| event.get(name)?.as_str());
        text.unwrap_or_default().to_owned()
    };
    let pgln = || {
        let party = reader.rights.parties.get(entry.speaker.as_ref()?)?;
        party.pglns.first().cloned()
    };
    let stated_by = view.map_or("", RecordView::stated_by).to_owned();
    let documents = event.as_ref().and_then(|event| event.get("bizTransactionList")?.as_array());
    let documents = documents.unwrap_or_default().iter();
    let documents = documents.filter_map(|one| one.get("bizTransaction")?.as_str());
    let own_id = Some(text("eventID")).filter(|id| !id.is_empty());
    let mut keys = reader.policy.logs.iter().map(|log| &log.key);
    let key = keys.find(|key| key.name() == &*entry.origin);
    CustodyRow {
        at: entry.at,
        at_text: text("eventTime"),
        recorded: view.and_then(RecordView::captured_at),
        step: entry.step.clone(),
        disposition: entry.disposition.clone(),
        party: entry.party.to_string(),
        pgln: pgln().unwrap_or(stated_by),
        key: key.map(|key| key.key_bytes().to_vec()),
        place: entry.place.clone(),
        known: knowledge(entry),
        container: match &entry.relation {
            Relation::Container(uri) => Some(uri.clone()),
            Relation::Item | Relation::Lot => None,
        },
        is_of_lot: entry.relation == Relation::Lot,
        documents: documents.map(str::to_owned).collect(),
        mark: entry.mark,
        signature: signature(reader.policy, gathered, entry),
        origin: entry.origin.to_string(),
        index: entry.index,
        checkpoint: gathered.ledger(&entry.origin).map_or(0, |head| head.checkpoint.size),
        leaf_hash: entry.leaf_hash,
        existed,
        correction,
        event_id: own_id.unwrap_or_else(|| view.map_or("", RecordView::event_hash).to_owned()),
    }
}

fn knowledge(entry: &HistoryEntry) -> Knowledge {
    let counts = entry.weight == Weight::Counts || entry.mark == Some(Mark::Corrected);
    match (&entry.relation, counts) {
        (Relation::Container(_), true) => Knowledge::Inferred,
        (Relation::Lot, _) | (Relation::Item, true) if entry.sensed => Knowledge::Sensed,
        (Relation::Lot, _) | (Relation::Item, true) => Knowledge::Stated,
        // What a reader read stays read, whatever its party is entitled to say.
        (Relation::Item, false) if entry.sensed && entry.fault.is_none() => Knowledge::Sensed,
        (Relation::Item | Relation::Container(_), false) => Knowledge::Claimed,
    }
}

fn signature(policy: &Policy, gathered: &GatheredHistory, entry: &HistoryEntry) -> Signature {
    if let Some(tombstone) = entry.erased() {
        return Signature::Erased(tombstone.clone());
    }
    let size = gathered.ledger(&entry.origin).map_or(0, |head| head.checkpoint.size);
    let evidence = entry.view().map(RecordView::evidence);
    signature_of(policy, (&entry.origin, entry.index, size), entry.fault.as_ref(), evidence)
}

/// What is known of the signature under a record.
///
/// - origin and index: where it is; and the size of the checkpoint in which it was proved.
/// - `fault`: why it does not fit its ledger.
/// - `evidence`: what its ledger says it rests on.
pub(crate) fn signature_of(
    policy: &Policy,
    (origin, index, size): (&str, u64, u64),
    fault: Option<&Fault>,
    evidence: Option<Evidence>,
) -> Signature {
    if let Some(fault) = fault {
        return Signature::Invalid(fault.to_string());
    }
    let own = policy.logs.iter().filter(|log| log.key.name() == origin);
    // The first checkpoint that covers a record has at least its index and one more.
    let ended = own.filter_map(|log| log.window.until()).filter(|until| *until > index + 1);
    if let Some(until) = ended.filter(|until| *until <= size).min() {
        return Signature::KeyEndedLater(until);
    }
    match evidence {
        Some(Evidence::Nothing) => Signature::UnsignedImport,
        Some(Evidence::Sensed | Evidence::Document) | None => Signature::Valid,
    }
}

/// The newest first; a row that was corrected right below the one that stands in its place, or else below the declaration.
fn in_order(mut rows: Vec<CustodyRow>) -> Vec<CustodyRow> {
    rows.sort_by(|one, other| {
        (other.at, &other.origin, other.index).cmp(&(one.at, &one.origin, one.index))
    });
    let of = |reference: &RecordRef| (reference.origin.to_string(), reference.index);
    let above = |row: &CustodyRow| match &row.correction {
        Some(Correction::Replaces(original)) => Some((of(original), 1)),
        Some(Correction::Declares(original, _)) => Some((of(original), 0)),
        _ => None,
    };
    // A replacement is nearer to its original than the declaration is.
    let mut heads: HashMap<(String, u64), (i32, (String, u64))> = HashMap::new();
    for row in &rows {
        if let Some((original, rank)) = above(row) {
            let own = (rank, (row.origin.clone(), row.index));
            let head = heads.entry(original).or_insert_with(|| own.clone());
            if head.0 < rank {
                *head = own;
            }
        }
    }
    let is_moved = |row: &CustodyRow| {
        matches!(row.correction, Some(Correction::DeclaredWrong(_)))
            && heads.contains_key(&(row.origin.clone(), row.index))
    };
    let (moved, rest): (Vec<CustodyRow>, Vec<CustodyRow>) = rows.into_iter().partition(is_moved);
    let mut below: HashMap<(String, u64), Vec<CustodyRow>> = HashMap::new();
    for row in moved {
        if let Some((_, head)) = heads.get(&(row.origin.clone(), row.index)) {
            below.entry(head.clone()).or_default().push(row);
        }
    }
    let mut out = Vec::with_capacity(rest.len() + below.len());
    for row in rest {
        let place = (row.origin.clone(), row.index);
        out.push(row);
        out.extend(below.remove(&place).into_iter().flatten());
    }
    out
}

#[cfg(test)]
mod tests;
