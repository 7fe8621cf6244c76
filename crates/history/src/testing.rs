//! Events and signed ledgers for tests: the shortest way from "the factory commissioned it" to a record, in memory
//! or in a database.
//!
//! The way through: [`object_event`] or [`packing_event`] begins an [`EventDraft`], its methods add members, and
//! [`TestLedger::append`] commits drafts as records under a signed checkpoint, the way `ingest` does.

use directory::Rights;
use directory::rights::{Grade, Licence, Party, Span, Tenure};
use jiff::{SignedDuration, Timestamp};
use ledger::checkpoint::Checkpoint;
use ledger::json::{Json, object};
use ledger::keys::{LedgerKeys, SourceKey, SystemRandom, VerifierKey};
use ledger::note::{Note, NoteSignature};
use ledger::record::{Record, Secret};
use sql::anchors::{AnchorEvidence, NewAnchor};
use sql::erasures::Erasure;
use sql::ledgers::{Append, Entry};
use sql::{Db, LedgerId, Transaction};

use crate::entry::{HistoryEntry, StoredText};
use crate::projected::{project, seen_values, source_of};

/// The item of most tests.
pub const ITEM: &str = "urn:epc:id:sgtin:4012345.011111.9876";
/// Its GTIN.
pub const GTIN: &str = "04012345111118";
/// Its serial number.
pub const SERIAL: &str = "9876";
/// A case that the item can be packed into.
pub const CASE: &str = "urn:epc:id:sscc:4012345.1111111111";
/// A pallet that the case can be packed onto.
pub const PALLET: &str = "urn:epc:id:sscc:4012345.2222222222";
/// The lot `L1` of the item's class.
pub const LOT: &str = "urn:epc:class:lgtin:4012345.011111.L1";
/// A place in the factory.
pub const FACTORY: &str = "urn:epc:id:sgln:4012345.00001.0";
/// A place in the distribution centre.
pub const CENTRE: &str = "urn:epc:id:sgln:4012345.00002.0";
/// A place in the shop.
pub const SHOP: &str = "urn:epc:id:sgln:4012345.00003.0";

/// An event that a test writes, member by member.
#[derive(Debug, Clone)]
pub struct EventDraft(Json);

/// An `ObjectEvent` of the item.
///
/// - `at`: its `eventTime`.
/// - `step`: its `bizStep`, in any spelling; a commissioning adds the item, any other step observes it.
#[must_use]
pub fn object_event(at: &str, step: &str) -> EventDraft {
    let action = if step == "commissioning" { "ADD" } else { "OBSERVE" };
    draft("ObjectEvent", at, step, action).with("epcList", uris(&[ITEM]))
}

/// A directory of two parties: `factory` is licensed to issue [`ITEM`] and keeps the ledgers `log.example/1` and
/// `factory.example/packing`; `shop` keeps `shop.example/till`. All places of the tests are the factory's.
#[must_use]
pub fn rights() -> Rights {
    let party = |name: &str, pgln: &str, sites: &[&str]| Party {
        name: name.to_owned(),
        pglns: vec![pgln.to_owned()],
        sites: sites.iter().filter_map(|uri| crate::statement::gln_of(uri)).collect(),
        admins: Vec::new(),
        first_key: Some(name.as_bytes().to_vec()),
    };
    let tenure = |party: &str| vec![Tenure { party: party.into(), from: 0, until: None }];
    let licence = Licence { party: "factory".into(), grade: Grade::B, span: Span::ALWAYS };
    Rights {
        has_directory: true,
        late: SignedDuration::from_hours(72),
        parties: [
            (
                "factory".into(),
                party("Factory", "urn:epc:id:pgln:4012345.00000", &[FACTORY, CENTRE, SHOP]),
            ),
            ("shop".into(), party("Shop", "urn:epc:id:pgln:4055555.00000", &[])),
        ]
        .into(),
        ledgers: [
            ("log.example/1".to_owned(), tenure("factory")),
            ("factory.example/packing".to_owned(), tenure("factory")),
            ("shop.example/till".to_owned(), tenure("shop")),
        ]
        .into(),
        licences: [("4012345".to_owned(), vec![licence])].into(),
        ..Rights::default()
    }
}

/// An `AggregationEvent`.
///
/// - `action`: `ADD` or `DELETE`.
#[must_use]
pub fn packing_event(at: &str, action: &str, container: &str, contents: &[&str]) -> EventDraft {
    let step = if action == "ADD" { "packing" } else { "unpacking" };
    draft("AggregationEvent", at, step, action)
        .with("parentID", Json::from(container))
        .with("childEPCs", uris(contents))
}

/// A sensor's report about the lot, from a reader: the value is above the limit.
#[must_use]
pub fn excursion_event(from: &str, to: &str, value: &str) -> EventDraft {
    let metadata = object([("startTime", Json::from(from)), ("endTime", Json::from(to))]);
    let report = object([
        ("type", Json::from("Temperature")),
        ("maxValue", Json::Number(value.to_owned())),
        ("uom", Json::from("CEL")),
    ]);
    let element =
        object([("sensorMetadata", metadata), ("sensorReport", Json::Array(vec![report]))]);
    let quantity = object([("epcClass", Json::from(LOT))]);
    draft("ObjectEvent", to, "sensor_reporting", "OBSERVE")
        .with("quantityList", Json::Array(vec![quantity]))
        .with("persistentDisposition", object([("set", uris(&["non_conformant"]))]))
        .with("sensorElementList", Json::Array(vec![element]))
        .sensed()
}

fn draft(kind: &str, at: &str, step: &str, action: &str) -> EventDraft {
    let members = [("type", kind), ("eventTime", at), ("bizStep", step), ("action", action)];
    EventDraft(object(members.map(|(name, value)| (name, Json::from(value)))))
}

fn uris(list: &[&str]) -> Json {
    Json::Array(list.iter().map(|uri| Json::from(*uri)).collect())
}

impl EventDraft {
    /// An event as somebody else stated it.
    #[must_use]
    pub fn stated(event: Json) -> Self {
        Self(event)
    }

    /// Sets a member.
    #[must_use]
    pub fn with(mut self, name: &str, value: Json) -> Self {
        self.0.set(name, value);
        self
    }

    /// Sets what an `ObjectEvent` names.
    #[must_use]
    pub fn of(self, epcs: &[&str]) -> Self {
        self.with("epcList", uris(epcs))
    }

    /// Sets `bizLocation`.
    #[must_use]
    pub fn at(self, place: &str) -> Self {
        self.with("bizLocation", object([("id", Json::from(place))]))
    }

    /// Sets `readPoint`.
    #[must_use]
    pub fn read_at(self, place: &str) -> Self {
        self.with("readPoint", object([("id", Json::from(place))]))
    }

    /// Sets `disposition`, in any spelling.
    #[must_use]
    pub fn disposition(self, word: &str) -> Self {
        self.with("disposition", Json::from(word))
    }

    /// Adds lot number and expiry date as `ilmd`.
    #[must_use]
    pub fn lot(self, number: &str, expiry: &str) -> Self {
        let members = [("cbvmda:lotNumber", number), ("cbvmda:itemExpirationDate", expiry)];
        self.with("ilmd", object(members.map(|(name, value)| (name, Json::from(value)))))
    }

    /// Adds the evidence of a reader's window.
    #[must_use]
    pub fn sensed(self) -> Self {
        let window = object([("reader", Json::from("dock-door-3"))]);
        self.with("chopmark:evidence", object([("window", window)]))
    }

    /// The record of it.
    ///
    /// # Panics
    ///
    /// If the draft cannot be a record.
    #[must_use]
    pub fn record(&self) -> Record {
        Record::from_json(self.0.clone()).expect("a draft is an object with members")
    }
}

/// The records of `drafts` as entries of one ledger, in memory and without faults.
#[must_use]
pub fn entries(drafts: &[EventDraft]) -> Vec<HistoryEntry> {
    let entry = |(index, draft): (u64, &EventDraft)| {
        let record = draft.record();
        let secret = secret(index);
        let leaf_hash = record.leaf_hash(&secret);
        let stored = StoredText { text: record.text().to_owned(), secret: Some(secret), leaf_hash };
        HistoryEntry::read("log.example/1".into(), "Factory".into(), index, &stored)
    };
    (0..).zip(drafts).map(entry).collect()
}

/// A secret made from a record's place.
fn secret(index: u64) -> Secret {
    u128::from(index + 1).to_be_bytes()
}

/// A ledger in a test's database, with its keys.
#[derive(Debug)]
pub struct TestLedger {
    /// Its number.
    pub id: LedgerId,
    /// Its keys.
    pub keys: LedgerKeys,
    db: Db,
}

impl TestLedger {
    /// Creates an empty ledger.
    ///
    /// - `kind`: `site` or `hub`.
    ///
    /// # Panics
    ///
    /// If the database does not answer or keys cannot be made.
    pub async fn create(db: &Db, origin: &str, kind: &str, party: &str) -> Self {
        let id = sql::ledgers::create_ledger(db, origin, kind, party).await;
        let keys = LedgerKeys::generate(origin, &SystemRandom::new());
        Self {
            id: id.expect("the test's database answers"),
            keys: keys.expect("the system makes keys"),
            db: db.clone(),
        }
    }

    /// Appends records of site events in one commit, each with a secret made from its place.
    ///
    /// # Panics
    ///
    /// If the database refuses them.
    pub async fn append(&self, drafts: &[EventDraft], recorded_at: &str) {
        let records: Vec<Record> = drafts.iter().map(EventDraft::record).collect();
        let size = self.size().await;
        let mut item_keys = Vec::new();
        let mut entries = Vec::new();
        for (index, record) in (size..).zip(&records) {
            let key = |name: &String| (sql::items::key(&epc::thing_key(name)), index);
            item_keys.extend(record.names().iter().map(key));
            let secret = secret(index);
            let leaf_hash = record.leaf_hash(&secret);
            entries.push(Entry { text: record.text().into(), secret: Some(secret), leaf_hash });
        }
        self.commit(entries, item_keys, recorded_at).await;
    }

    /// Appends `note`, the newest checkpoint of `ledger`, to this hub.
    ///
    /// # Panics
    ///
    /// If the database refuses it.
    pub async fn append_checkpoint_of(&self, ledger: &Self, recorded_at: &str) {
        self.append_newest_of(ledger.id, recorded_at).await;
    }

    /// Appends the newest checkpoint of any ledger to this hub.
    ///
    /// # Panics
    ///
    /// If the database refuses it.
    pub async fn append_newest_of(&self, ledger: LedgerId, recorded_at: &str) {
        let latest = sql::ledgers::latest_checkpoint(&self.db, ledger).await;
        let latest = latest.expect("the test's database answers").expect("the ledger has records");
        let place = self.size().await;
        let entry = Entry {
            leaf_hash: ledger::hub::entry_leaf(&latest.note),
            text: latest.note.into(),
            secret: None,
        };
        self.commit(vec![entry], Vec::new(), recorded_at).await;
        let noted = self.db.run_tx("testing.hub_entry", async |tx: &Transaction<'_>| {
            sql::hub::insert_entry(tx, self.id, place, ledger, latest.size).await
        });
        noted.await.expect("the entry is new");
    }

    /// Stores a final anchor of this hub's newest head in block 9 of chain 1, which was made at that time; its number.
    ///
    /// # Panics
    ///
    /// If the database refuses it or the time is none.
    pub async fn anchor(&self, block_time: &str) -> i64 {
        let evidence = AnchorEvidence {
            block_number: 9,
            block_hash: [9; 32],
            block_time: block_time.parse().expect("a time"),
            header: vec![1],
            transaction_index: 2,
            receipt: vec![3],
            proof: vec![vec![4], vec![5]],
        };
        self.store_anchor(1, [7; 20], &evidence).await
    }

    /// Stores a final anchor of this hub's newest head, as `evidence` has it, in a contract of a chain; its number.
    ///
    /// # Panics
    ///
    /// If the database refuses it.
    pub async fn store_anchor(
        &self,
        chain_id: u64,
        contract: [u8; 20],
        evidence: &AnchorEvidence,
    ) -> i64 {
        let head = sql::ledgers::head(&self.db, self.id).await;
        let head = head.expect("the test's database answers");
        let (size, root) = (head.size, &head.root);
        let new = NewAnchor { hub: self.id, size, root, chain_id, contract: &contract };
        let stored = self.db.run_tx("testing.anchor", async |tx: &Transaction<'_>| {
            let id = sql::anchors::insert(tx, &new).await?;
            sql::anchors::insert_proof(tx, id, evidence).await?;
            Ok(id)
        });
        stored.await.expect("the anchor is new")
    }

    /// Erases a record of this ledger ([`erase`]).
    ///
    /// # Panics
    ///
    /// If the database refuses it.
    pub async fn erase(&self, index: u64, reason: &str, at: &str) {
        erase(&self.db, self.id, index, (reason, at)).await;
    }

    /// The lines of a policy that trusts this ledger.
    #[must_use]
    pub fn policy_lines(&self, kind: &str) -> String {
        let keys = self.keys.verifier_keys();
        keys.iter().map(|key| format!("{kind} {key}\n")).collect::<Vec<_>>().concat()
    }

    /// Replaces the keys; checkpoints from now on are signed with the new ones.
    ///
    /// # Panics
    ///
    /// If keys cannot be made.
    pub fn rotate_keys(&mut self) {
        let keys = LedgerKeys::generate(self.keys.origin(), &SystemRandom::new());
        self.keys = keys.expect("the system makes keys");
    }

    async fn size(&self) -> u64 {
        let head = sql::ledgers::head(&self.db, self.id).await;
        head.expect("the test's database answers").size
    }

    async fn commit(&self, entries: Vec<Entry>, item_keys: Vec<(i64, u64)>, recorded_at: &str) {
        let before = sql::ledgers::load_frontier(&self.db, self.id).await;
        let before = before.expect("the test's database answers");
        let recorded_at = recorded_at.parse::<Timestamp>().expect("a time of the test");
        let mut after = before.clone();
        let mut append = Append::to(self.id, &mut after, entries, recorded_at);
        append.item_keys = item_keys;
        let checkpoint = Checkpoint {
            origin: self.keys.origin().to_owned(),
            size: after.size(),
            root: after.root(),
        };
        append.note = self
            .keys
            .sign_checkpoint(&checkpoint, &SystemRandom::new())
            .expect("the keys are this ledger's");
        let committed = self.db.run_tx("testing.append", async |tx: &Transaction<'_>| {
            sql::ledgers::append(tx, &append).await
        });
        committed.await.expect("the ledger has no other writer");
    }
}

/// Erases a record, as two operators would, with a log of its own that has one record.
///
/// - `(reason, at)`: why and when.
///
/// # Panics
///
/// If the database refuses it.
pub async fn erase(db: &Db, ledger: LedgerId, index: u64, (reason, at): (&str, &str)) {
    let log = TestLedger::create(db, &format!("log-of-{index}.example/1"), "audit", "Hub").await;
    log.append(&[object_event(at, "inspecting")], at).await;
    let stored = sql::ledgers::record_at(db, ledger, index).await;
    let stored = stored.expect("the test's database answers").expect("a record");
    let event = project(&stored).ok();
    let record = Record::parse(&stored.text).expect("a record");
    let mut item_keys: Vec<i64> = record.names().iter().map(|name| sql::items::key(name)).collect();
    item_keys.sort_unstable();
    let erasure = Erasure {
        ledger,
        index,
        leaf_hash: stored.leaf_hash,
        at: at.parse().expect("a time of the test"),
        by: ["lee".to_owned(), "chen".to_owned()],
        reason: reason.to_owned(),
        item_keys,
        event_key: event.as_ref().map(|event| sql::events::id_key(&event.event_id)),
        log: (log.id, 0),
    };
    let values = event.as_ref().map(seen_values).unwrap_or_default();
    let erased = db.run_tx("testing.erase", async |tx: &Transaction<'_>| {
        let place = (ledger, index);
        sql::events::forget(tx, place, event.as_ref(), &values, "erased").await?;
        sql::erasures::erase(tx, &erasure, &source_of(&record)).await
    });
    erased.await.expect("the record is there");
}

fn verifier(name: &str, key: &SourceKey) -> VerifierKey {
    VerifierKey::of_source(name, key.verifier()).expect("a name of the test")
}

/// The verifier key of an admin, as the directory has it.
///
/// # Panics
///
/// If `name` cannot name a key.
#[must_use]
pub fn admin_key(name: &str, key: &SourceKey) -> String {
    verifier(name, key).to_string()
}

/// A directory in which `party` issues the item of the tests, with one admin.
///
/// # Panics
///
/// Never: the item has a GS1 key.
#[must_use]
pub fn rights_of_issuer(party: &str, admin: &str) -> Rights {
    let name = admin.split('+').next().unwrap_or_default().to_owned();
    let digits = epc::licence_digits(ITEM).expect("the item has a GS1 key");
    let licence = Licence { party: party.into(), grade: Grade::C, span: Span::ALWAYS };
    let admins = vec![(name, admin.to_owned())];
    Rights {
        has_directory: true,
        parties: [(party.into(), Party { admins, ..Party::default() })].into(),
        licences: [(digits[..7].to_owned(), vec![licence])].into(),
        ..Rights::default()
    }
}

/// A note with this text, signed under `name`.
///
/// # Panics
///
/// If `name` cannot name a key.
#[must_use]
pub fn signed_note(text: &str, name: &str, key: &SourceKey) -> String {
    let line = NoteSignature {
        name: name.to_owned(),
        key_id: verifier(name, key).key_id(),
        bytes: key.sign(text.as_bytes()).to_vec(),
    };
    Note { text: text.to_owned(), signatures: vec![line] }.to_string()
}
