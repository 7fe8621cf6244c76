//! What the records so far add up to, by subject; changed by one record at a time.
//!
//! What holds: nothing is forgotten: an interval that was ended stays, with its end. Called for records that were
//! checked ([`crate::rules`]).
//!
//! Not here: rights, policy and the state's tree ([`crate::derive`]).

use std::collections::BTreeMap;

use jiff::Timestamp;
use ledger::Hash;
use ledger::directory::{KeysetInterval, Root, State};
use ledger::json::Json;

use crate::record::{
    ActRecord, Body, DeviceRecord, GrantRecord, KeysetRecord, PartyRecord, PowerRecord,
    PrefixRecord, Record, RevokeRecord, SuspendRecord,
};
use crate::rights::Span;

/// A record that holds for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dated<T> {
    /// What it says.
    pub body: T,
    /// When it holds; its end may come before the one that the record states.
    pub span: Span,
    /// The record as the state shows it, with the end that it states.
    pub shown: Json,
}

/// An organisation and its records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PartyEntry {
    /// Its newest record.
    pub body: PartyRecord,
    /// Its records as the state shows them.
    pub shown: Vec<Json>,
    /// Since when it is no longer admitted.
    pub revoked: Option<Timestamp>,
}

/// All subjects.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Book {
    /// Root in force.
    pub root: Option<Root>,
    /// Number of records and leaf hash of the last one, by subject.
    pub last: BTreeMap<String, (u64, Hash)>,
    pub parties: BTreeMap<String, PartyEntry>,
    pub keysets: BTreeMap<String, Vec<KeysetInterval>>,
    /// The first Ed25519 key of each party.
    pub first_keys: BTreeMap<String, Vec<u8>>,
    pub devices: BTreeMap<String, Vec<Dated<DeviceRecord>>>,
    pub prefixes: BTreeMap<String, Vec<Dated<PrefixRecord>>>,
    pub grants: BTreeMap<String, Vec<Dated<GrantRecord>>>,
    pub powers: BTreeMap<String, Vec<Dated<PowerRecord>>>,
    pub suspensions: BTreeMap<String, Vec<Dated<SuspendRecord>>>,
    /// Administrative acts in their order, each with the record as people are shown it.
    pub acts: Vec<(ActRecord, Json)>,
    /// The last state record.
    pub state: Option<State>,
}

impl Book {
    /// Adds a record that was checked.
    ///
    /// - `at`: when it was written, by the state record after it.
    pub fn apply(&mut self, record: &Record, at: Timestamp) {
        let (leaf, subject) = (record.entry.leaf, record.head.subject.clone());
        let shown = shown(record);
        match &record.body {
            Body::Root(root) => self.root = Some((**root).clone()),
            Body::State(state) => self.state = Some(state.clone()),
            Body::Act(body) => self.acts.push((body.clone(), shown)),
            Body::Party(body) => {
                let shown_before = self.parties.remove(&body.id).map(|entry| entry.shown);
                let mut all = shown_before.unwrap_or_default();
                all.push(shown);
                let entry = PartyEntry { body: body.clone(), shown: all, revoked: None };
                self.parties.insert(body.id.clone(), entry);
            }
            Body::Keyset(body) => self.add_keyset(body, leaf),
            Body::Device(body) => add(&mut self.devices, &body.bridge, body, body.span, shown),
            Body::Prefix(body) => add(&mut self.prefixes, &body.digits, body, body.span, shown),
            Body::Grant(body) => add(&mut self.grants, &body.id, body, body.span, shown),
            Body::Power(body) => add(&mut self.powers, &body.id, body, body.span, shown),
            Body::Suspend(body) => add(&mut self.suspensions, &body.party, body, body.span, shown),
            Body::Revoke(body) => self.revoke(&subject, body, body.since.unwrap_or(at)),
        }
        self.last.insert(subject, (record.head.seq, leaf));
    }

    fn add_keyset(&mut self, body: &KeysetRecord, record: Hash) {
        let first = self.first_keys.entry(body.party.clone());
        first.or_insert_with(|| body.keys.ed25519.key_bytes().to_vec());
        let all = self.keysets.entry(body.origin.clone()).or_default();
        for earlier in all.iter_mut() {
            let until = earlier.until_size.unwrap_or(u64::MAX).min(body.keys.from_size);
            earlier.until_size = Some(until);
        }
        all.push(KeysetInterval {
            party: body.party.clone(),
            keys: body.keys.clone(),
            until_size: None,
            after: body.after,
            last_good: None,
            record,
        });
    }

    fn revoke(&mut self, subject: &str, body: &RevokeRecord, since: Timestamp) {
        let Some((kind, id)) = subject.split_once('/') else { return };
        match kind {
            "keyset" => {
                let Some(good) = body.last_good else { return };
                for keyset in self.keysets.get_mut(id).into_iter().flatten() {
                    let until = keyset.until_size.unwrap_or(u64::MAX);
                    if good.size < until {
                        keyset.until_size = Some(until.min(good.size + 1));
                        keyset.last_good = Some(good);
                    }
                }
            }
            "device" => end(self.devices.get_mut(id), since),
            "prefix" => end(self.prefixes.get_mut(id), since),
            "grant" => end(self.grants.get_mut(id), since),
            "power" => end(self.powers.get_mut(id), since),
            _ => self.revoke_party(id, since),
        }
    }

    /// A party that is no longer admitted has no rights: its licences, grants, powers and bridges end.
    fn revoke_party(&mut self, id: &str, since: Timestamp) {
        if let Some(party) = self.parties.get_mut(id) {
            party.revoked = Some(since);
        }
        let own: Vec<String> = self
            .keysets
            .iter()
            .filter(|(_, keysets)| keysets.last().is_some_and(|keyset| keyset.party == id))
            .map(|(origin, _)| origin.clone())
            .collect();
        end_where(&mut self.devices, since, |device| own.contains(&device.ledger));
        end_where(&mut self.prefixes, since, |prefix| prefix.party == id);
        end_where(&mut self.grants, since, |grant| grant.grantor == id || grant.grantee == id);
        end_where(&mut self.powers, since, |power| power.party == id);
    }

    /// A party that is admitted at `at`.
    pub fn admitted(&self, id: &str, at: Timestamp) -> Option<&PartyEntry> {
        self.parties.get(id).filter(|party| party.revoked.is_none_or(|since| at < since))
    }

    /// Whose ledger it is now.
    pub fn keeper(&self, origin: &str) -> Option<&str> {
        self.keysets.get(origin)?.last().map(|keyset| keyset.party.as_str())
    }
}

/// A record as the state shows it: without its place among the subject's records, with its leaf hash.
fn shown(record: &Record) -> Json {
    let mut json = record.entry.json.clone();
    for name in ["kind", "subject", "seq", "prev"] {
        json.remove(name);
    }
    json.set("record", Json::from(record.entry.leaf.to_string()));
    json
}

/// Adds an interval; those before end where it begins.
fn add<T: Clone>(
    all: &mut BTreeMap<String, Vec<Dated<T>>>,
    id: &str,
    body: &T,
    span: Span,
    shown: Json,
) {
    end(all.get_mut(id), span.from);
    let dated = Dated { body: body.clone(), span, shown };
    all.entry(id.to_owned()).or_default().push(dated);
}

fn end<T>(all: Option<&mut Vec<Dated<T>>>, since: Timestamp) {
    for dated in all.into_iter().flatten().filter(|dated| since < dated.span.until) {
        dated.span.until = since.max(dated.span.from);
    }
}

fn end_where<T>(
    all: &mut BTreeMap<String, Vec<Dated<T>>>,
    since: Timestamp,
    is_meant: impl Fn(&T) -> bool,
) {
    for dated in all.values_mut().flatten() {
        if since < dated.span.until && is_meant(&dated.body) {
            dated.span.until = since.max(dated.span.from);
        }
    }
}
