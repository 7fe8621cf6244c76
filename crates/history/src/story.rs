//! The history of one thing over all ledgers, every record checked again before it counts.
//!
//! The way through: [`gather`] follows the thing, its containers while it was inside, and its lot; each
//! record is recomputed from its stored text and secret, compared with the leaf hash, and proved into the
//! ledger's latest signed checkpoint; [`Story::facts`] says what a verdict rests on.
//!
//! What holds: a record that does not fit is shown as such and is no fact; what is inferred through a
//! container says so; nothing here trusts the item index, it only follows it.

use std::collections::{HashMap, HashSet};

use epc::{Epc, EpcClass};
use jiff::Timestamp;
use ledger::Hash;
use ledger::checkpoint::Checkpoint;
use ledger::json::Json;
use ledger::note::Note;
use ledger::policy::Policy;
use ledger::proof::verify_inclusion;
use ledger::record::Record;
use ledger::tree::{inclusion_nodes, prove_inclusion};
use sql::ledgers::{LedgerRow, StoredCheckpoint, StoredRecord};
use sql::{Db, LedgerId};

use crate::verdict::Facts;

/// Containers within containers that are followed.
const MAX_DEPTH: usize = 8;
/// Records followed for one thing.
const MAX_RECORDS: usize = 2000;

/// One record of a thing's history.
#[derive(Debug, Clone)]
pub struct Told {
    /// As stored.
    pub stored: StoredRecord,
    /// Origin of its ledger.
    pub origin: String,
    /// Whose ledger it is.
    pub party: String,
    /// The record, if its text is one.
    pub record: Option<Record>,
    /// When the event happened.
    pub at: Timestamp,
    /// Business step, bare word.
    pub step: String,
    /// Disposition, bare word.
    pub disposition: String,
    /// Where, SGLN URI.
    pub place: String,
    /// Whether a reader or sensor saw it; otherwise somebody stated it.
    pub sensed: bool,
    /// The container through which it concerns the thing.
    pub via: Option<String>,
    /// Whether it concerns the thing's lot only.
    pub lot: bool,
    /// Why it does not fit its ledger.
    pub broken: Option<String>,
}

impl Told {
    fn text(&self, name: &str) -> Option<&str> {
        self.record.as_ref()?.json().get(name)?.as_str()
    }

    fn list(&self, name: &str) -> Vec<&str> {
        let items = self.record.as_ref().and_then(|record| record.json().get(name)?.as_array());
        items.unwrap_or_default().iter().filter_map(Json::as_str).collect()
    }
}

/// What is known of a ledger.
#[derive(Debug, Clone)]
pub struct KnownLedger {
    /// Its row.
    pub row: LedgerRow,
    /// Its latest checkpoint.
    pub checkpoint: StoredCheckpoint,
    /// Why that checkpoint is not signed as it must be.
    pub unsigned: Option<String>,
}

/// The history of one thing.
#[derive(Debug, Clone)]
pub struct Story {
    /// The thing.
    pub item: Epc,
    /// Records in order of time; those of the lot among them.
    pub told: Vec<Told>,
    /// The ledgers they are in.
    pub ledgers: HashMap<LedgerId, KnownLedger>,
}

/// Gathers the history of `item`.
///
/// # Errors
///
/// [`sql::Error`] if the database cannot be asked.
pub async fn gather(db: &Db, policy: &Policy, item: &Epc) -> Result<Story, sql::Error> {
    let rows = sql::ledgers::list_ledgers(db).await?;
    let mut ledgers = HashMap::new();
    for row in rows.into_iter().filter(|row| row.kind == "site") {
        if let Some(checkpoint) = sql::ledgers::latest_checkpoint(db, row.id).await? {
            let unsigned = check_note(policy, &row.origin, &checkpoint);
            ledgers.insert(row.id, KnownLedger { row, checkpoint, unsigned });
        }
    }
    let uri = item.to_uri();
    let mut told = Vec::new();
    let mut seen = HashSet::new();
    follow(db, &ledgers, &uri, None, (Timestamp::MIN, Timestamp::MAX), 0, &mut told, &mut seen)
        .await?;
    let lot = told.iter().find_map(|one| {
        let ilmd = one.record.as_ref()?.json().get("ilmd")?;
        EpcClass::lot_of(item, ilmd.get("cbvmda:lotNumber")?.as_str()?)
    });
    if let Some(lot) = lot {
        for mut one in naming(db, &ledgers, &lot.to_uri()).await? {
            if seen.insert((one.stored.ledger, one.stored.index)) {
                one.lot = true;
                told.push(one);
            }
        }
    }
    told.sort_by_key(|one| (one.at, one.stored.ledger, one.stored.index));
    check_inclusion(db, &ledgers, &mut told).await?;
    Ok(Story { item: item.clone(), told, ledgers })
}

/// Why a checkpoint is not signed as the policy asks.
fn check_note(policy: &Policy, origin: &str, stored: &StoredCheckpoint) -> Option<String> {
    let wrong = |text: &str| Some(format!("checkpoint of {} records: {text}", stored.size));
    let Ok(note) = Note::parse(&stored.note) else { return wrong("not a signed note") };
    let Ok(checkpoint) = Checkpoint::parse_body(&note.text) else {
        return wrong("not a checkpoint");
    };
    if checkpoint.origin != origin
        || checkpoint.size != stored.size
        || checkpoint.root != stored.root
    {
        return wrong("says something else than its row");
    }
    let keys: Vec<_> = policy.keys_of(origin).collect();
    if keys.is_empty() {
        return wrong("no key is known for it");
    }
    for key in keys {
        let line = note.signatures.iter().find(|s| s.key_id == key.key_id() && s.name == origin);
        if line.is_none_or(|line| key.verify(note.text.as_bytes(), &line.bytes).is_err()) {
            return wrong("a signature does not verify");
        }
    }
    None
}

/// Records naming `uri` within a span of time, and, through its containers, theirs.
#[expect(clippy::too_many_arguments, reason = "a walk carries where it is and what it found")]
async fn follow(
    db: &Db,
    ledgers: &HashMap<LedgerId, KnownLedger>,
    uri: &str,
    via: Option<&str>,
    span: (Timestamp, Timestamp),
    depth: usize,
    told: &mut Vec<Told>,
    seen: &mut HashSet<(LedgerId, u64)>,
) -> Result<(), sql::Error> {
    let mut own = naming(db, ledgers, uri).await?;
    own.sort_by_key(|one| one.at);
    let mut stays: Vec<(String, Timestamp, Timestamp)> = Vec::new();
    for one in &own {
        let is_child = one.list("childEPCs").contains(&uri);
        let Some(parent) = one.text("parentID").filter(|_| is_child && one.broken.is_none()) else {
            continue;
        };
        match one.text("action") {
            Some("ADD") => stays.push((parent.to_owned(), one.at, Timestamp::MAX)),
            Some("DELETE") => {
                let open =
                    stays.iter_mut().find(|(p, _, end)| p == parent && *end == Timestamp::MAX);
                if let Some(stay) = open {
                    stay.2 = one.at;
                }
            }
            _ => {}
        }
    }
    for mut one in own {
        let is_within = via.is_none() || (one.at >= span.0 && one.at <= span.1);
        if is_within
            && told.len() < MAX_RECORDS
            && seen.insert((one.stored.ledger, one.stored.index))
        {
            one.via = via.map(str::to_owned);
            told.push(one);
        }
    }
    if depth < MAX_DEPTH {
        for (parent, from, to) in stays {
            let span = (from.max(span.0), to.min(span.1));
            if span.0 <= span.1 {
                Box::pin(follow(db, ledgers, &parent, Some(&parent), span, depth + 1, told, seen))
                    .await?;
            }
        }
    }
    Ok(())
}

/// Records that name `uri`, or that the index says do and whose text no longer fits.
async fn naming(
    db: &Db,
    ledgers: &HashMap<LedgerId, KnownLedger>,
    uri: &str,
) -> Result<Vec<Told>, sql::Error> {
    let mut found = Vec::new();
    for (ledger, index) in sql::items::records_naming(db, uri).await? {
        let Some(known) = ledgers.get(&ledger) else { continue };
        let Some(stored) = sql::ledgers::record_at(db, ledger, index).await? else { continue };
        let one = read(stored, known);
        let names_it =
            one.record.as_ref().is_some_and(|record| record.names().iter().any(|n| n == uri));
        // A key is 8 bytes of a hash: a whole record that names other things is no hit.
        if names_it || one.broken.is_some() {
            found.push(one);
        }
    }
    Ok(found)
}

fn read(stored: StoredRecord, known: &KnownLedger) -> Told {
    let record = Record::parse(&stored.text).ok();
    let leaf = record
        .as_ref()
        .zip(stored.secret.as_ref())
        .map(|(record, secret)| record.leaf_hash(secret));
    let broken =
        (leaf != Some(stored.leaf_hash)).then(|| "its text does not fit its hash".to_owned());
    let json = record.as_ref().map_or(Json::Null, |record| record.json().clone());
    let text = |name: &str| json.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let place = |name: &str| {
        json.get(name).and_then(|p| p.get("id")).and_then(Json::as_str).map(str::to_owned)
    };
    let bare = |word: String| word.rsplit(['-', ':', '/']).next().unwrap_or_default().to_owned();
    Told {
        origin: known.row.origin.clone(),
        party: known.row.party.clone(),
        at: text("eventTime").parse().unwrap_or(Timestamp::UNIX_EPOCH),
        step: bare(text("bizStep")),
        disposition: bare(text("disposition")),
        place: place("bizLocation").or_else(|| place("readPoint")).unwrap_or_default(),
        sensed: json
            .get("chopmark:evidence")
            .is_some_and(|evidence| evidence.get("window").is_some()),
        via: None,
        lot: false,
        broken,
        record,
        stored,
    }
}

/// Proves every record into its ledger's latest checkpoint, or says that it does not fit.
async fn check_inclusion(
    db: &Db,
    ledgers: &HashMap<LedgerId, KnownLedger>,
    told: &mut [Told],
) -> Result<(), sql::Error> {
    for (id, known) in ledgers {
        let size = known.checkpoint.size;
        let mut mine: Vec<&mut Told> =
            told.iter_mut().filter(|one| one.stored.ledger == *id).collect();
        if mine.is_empty() {
            continue;
        }
        let spans: Vec<_> =
            mine.iter().flat_map(|one| inclusion_nodes(one.stored.index, size)).collect();
        let nodes = sql::ledgers::nodes(db, *id, &spans).await?;
        for one in &mut mine {
            let (index, leaf) = (one.stored.index, one.stored.leaf_hash);
            let fits = prove_inclusion(index, size, &nodes).is_ok_and(|path| {
                verify_inclusion(index, &leaf, size, &path, &known.checkpoint.root).is_ok()
            });
            if !fits && one.broken.is_none() {
                one.broken = Some("it is not in the signed tree".to_owned());
            }
            if one.broken.is_none() {
                one.broken.clone_from(&known.unsigned);
            }
        }
    }
    Ok(())
}

impl Story {
    /// Records that count: they fit, and they are of the thing or its containers.
    pub fn sound(&self) -> impl Iterator<Item = &Told> {
        self.told.iter().filter(|one| one.broken.is_none() && !one.lot)
    }

    /// Records that do not fit.
    pub fn broken(&self) -> impl Iterator<Item = &Told> {
        self.told.iter().filter(|one| one.broken.is_some())
    }

    /// Whether a lot it belongs to was flagged by a sensor.
    pub fn excursions(&self) -> impl Iterator<Item = &Told> {
        self.told.iter().filter(|one| one.lot && one.broken.is_none())
    }

    /// Expiry date that was recorded at commissioning.
    #[must_use]
    pub fn expiry(&self) -> Option<String> {
        self.sound().find_map(|one| {
            let ilmd = one.record.as_ref()?.json().get("ilmd")?;
            Some(ilmd.get("cbvmda:itemExpirationDate")?.as_str()?.to_owned())
        })
    }

    /// Lot number that was recorded at commissioning.
    #[must_use]
    pub fn lot(&self) -> Option<String> {
        self.sound().find_map(|one| {
            let ilmd = one.record.as_ref()?.json().get("ilmd")?;
            Some(ilmd.get("cbvmda:lotNumber")?.as_str()?.to_owned())
        })
    }

    /// What a verdict rests on, but for the scans.
    #[must_use]
    pub fn facts(&self, now: Timestamp) -> Facts {
        let mut facts = Facts::default();
        let is = |one: &&Told, step: &str| one.step == step && one.via.is_none();
        let commissioned = self.sound().any(|one| is(&one, "commissioning"));
        if !commissioned {
            let why = match (self.told.is_empty(), self.broken().next()) {
                (true, _) => "unknown",
                (false, Some(_)) => "broken",
                (false, None) => "never-applied",
            };
            facts.rejected = Some(why.to_owned());
        }
        for one in self.sound() {
            if ["recalled", "stolen"].contains(&one.disposition.as_str()) {
                facts.recalled = Some(one.disposition.clone());
            }
        }
        if facts.recalled.is_none() && self.expiry().is_some_and(|date| is_past(&date, now)) {
            facts.recalled = Some("expired".to_owned());
        }
        facts.sales = self
            .sound()
            .filter(|one| one.step == "retail_selling" || one.disposition == "retail_sold")
            .map(|one| one.at)
            .collect();
        facts.gaps = self.gaps();
        facts
    }

    /// What is missing or disputed between the records, in order of time.
    #[must_use]
    pub fn gaps(&self) -> Vec<String> {
        let mut gaps: Vec<String> = self
            .broken()
            .map(|one| format!("broken:{}#{}", one.origin, one.stored.index))
            .collect();
        let mut at: Option<&str> = None;
        let mut on_the_way = false;
        for one in self.sound() {
            match one.step.as_str() {
                "shipping" => on_the_way = true,
                "receiving" => {
                    if !on_the_way && at.is_some_and(|at| !same_site(at, &one.place)) {
                        gaps.push(format!("shipping:{}", at.unwrap_or_default()));
                    }
                    (on_the_way, at) = (false, Some(one.place.as_str()));
                }
                _ if one.place.is_empty() => {}
                _ => {
                    if at.is_some_and(|at| !same_site(at, &one.place)) {
                        gaps.push(format!("receiving:{}", one.place));
                        on_the_way = false;
                    }
                    at = Some(&one.place);
                }
            }
        }
        gaps
    }

    /// Leaf hashes of the thing's own records by ledger, in ledger order: what history roots are made of.
    #[must_use]
    pub fn own_leaves(&self, ledger: LedgerId) -> Vec<Hash> {
        let mut own: Vec<(u64, Hash)> = self
            .sound()
            .filter(|one| one.stored.ledger == ledger && one.via.is_none())
            .map(|one| (one.stored.index, one.stored.leaf_hash))
            .collect();
        own.sort_unstable();
        own.into_iter().map(|(_, leaf)| leaf).collect()
    }
}

/// Whether two locations are of one site: the same but for the extension.
fn same_site(a: &str, b: &str) -> bool {
    let site = |uri: &str| uri.rsplit_once('.').map(|(site, _)| site.to_owned());
    site(a) == site(b)
}

/// Whether the end of `date` (`YYYY-MM-DD`, UTC) is past.
fn is_past(date: &str, now: Timestamp) -> bool {
    let end = date
        .parse::<jiff::civil::Date>()
        .ok()
        .and_then(|date| date.tomorrow().ok())
        .and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC).ok());
    end.is_some_and(|end| end.timestamp() < now)
}
