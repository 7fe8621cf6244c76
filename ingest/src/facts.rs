//! What a ledger already knows of the items and sensors in deliveries.
//!
//! The way through: [`Needs::of`] says what a delivery needs to be interpreted; [`Known::look_up`] asks the database for
//! the needs of a whole batch, in three round trips whatever is in it; [`facts`] gives each delivery its own, together
//! with what earlier jobs, not yet in the tables, have concluded ([`PendingFacts`]).
//!
//! What holds: items are compared by their key ([`epc::thing_key`]), so a tag and a Digital Link of one item are the
//! same; look-ups by item go through 8 bytes of a hash, so every hit is checked against the record's own text before it
//! counts; a sensor's state whose last reading lies in the future is not used.
//!
//! Not here: what follows from it ([`crate::rules::interpret`]).

use std::collections::{BTreeSet, HashMap, HashSet};

use futures::future::try_join_all;
use jiff::Timestamp;
use ledger::json::Json;
use ledger::record::Record;
use reads::Delivery;
use sql::rules::StateKey;
use sql::{Connection, LedgerId};

use crate::items::name;
use crate::rules::excursion::SensorState;
use crate::rules::interpret::{Advice, Facts, LastRecord};
use crate::rules::{Conclusion, SiteRules};

/// What a delivery needs to be interpreted.
#[derive(Debug, Default)]
pub struct Needs {
    /// Sensors, by rule id and sensor id.
    sensors: BTreeSet<StateKey>,
    /// Its items as URIs, if despatch advices that announce them count.
    announced: Vec<String>,
    /// Keys of its items, if their last records count.
    things: HashSet<String>,
}

impl Needs {
    /// The needs of `delivery` under `rules`.
    #[must_use]
    pub fn of(rules: &SiteRules, delivery: &Delivery) -> Self {
        let mut needs = Self::default();
        let (mut concludes_receipt, mut needs_last_records) = (false, false);
        for rule in rules.at(&delivery.read_point) {
            match &rule.conclusion {
                Conclusion::Receive { .. } => {
                    (concludes_receipt, needs_last_records) = (true, true);
                }
                Conclusion::Commission { .. } => needs_last_records = true,
                Conclusion::Pack { .. }
                | Conclusion::Observe { .. }
                | Conclusion::Movement { .. } => {}
                Conclusion::Excursion(_) => {
                    let sensors = delivery.sensors.iter();
                    needs.sensors.extend(sensors.map(|one| (rule.id.clone(), one.sensor.clone())));
                }
            }
        }
        if needs_last_records {
            let named = delivery
                .observations
                .iter()
                .filter_map(|observation| name(&observation.epc_hex, &rules.company_prefixes).ok());
            let (uris, things): (BTreeSet<String>, HashSet<String>) =
                named.map(|item| (item.uri, item.key)).unzip();
            needs.things = things;
            if concludes_receipt {
                needs.announced = uris.into_iter().collect();
            }
        }
        needs
    }
}

/// What earlier jobs concluded that is not in the tables yet.
#[derive(Debug, Clone, Default)]
pub struct PendingFacts {
    items: HashMap<String, LastRecord>,
    sensors: HashMap<StateKey, SensorState>,
    advices: Vec<PendingAdvice>,
}

/// A despatch advice that is about to be stored.
#[derive(Debug, Clone)]
pub struct PendingAdvice {
    /// Ledger of the receiving site.
    pub receiver: LedgerId,
    /// The advice.
    pub advice: Advice,
    /// Keys of what it announces.
    pub things: HashSet<String>,
}

impl PendingFacts {
    /// Adds a record that will be appended: keys of what it names, and what it says of them.
    pub fn add_record(&mut self, things: &[String], last: &LastRecord) {
        self.items.extend(things.iter().map(|thing| (thing.clone(), last.clone())));
    }

    /// Adds a sensor's new state.
    pub fn add_sensor(&mut self, key: StateKey, state: SensorState) {
        self.sensors.insert(key, state);
    }

    /// Adds an announcement.
    pub fn add_advice(&mut self, advice: PendingAdvice) {
        self.advices.push(advice);
    }

    /// The announcements.
    #[must_use]
    pub fn advices(&self) -> &[PendingAdvice] {
        &self.advices
    }

    /// What `shipped_by` announced to `receiver` under the number `reference`, latest first.
    pub fn announced<'a>(
        &'a self,
        receiver: LedgerId,
        shipped_by: &'a str,
        reference: &'a str,
    ) -> impl Iterator<Item = &'a [String]> {
        self.advices.iter().rev().filter_map(move |one| {
            let is_it = one.receiver == receiver
                && one.advice.shipped_by == shipped_by
                && one.advice.reference == reference;
            is_it.then_some(&one.advice.epcs[..])
        })
    }
}

/// What the tables know for a batch.
#[derive(Debug, Default)]
pub struct Known {
    last_records: HashMap<String, LastRecord>,
    sensors: HashMap<StateKey, SensorState>,
    /// The advices that share items with each delivery, in the order of the needs.
    advices: Vec<Vec<Advice>>,
}

impl Known {
    /// Looks up what the deliveries of a batch need.
    ///
    /// - `advised`: announcements to this ledger that are not in the tables yet; deliveries are compared with them too.
    ///
    /// # Errors
    ///
    /// [`sql::Error`], if the database cannot be queried.
    pub async fn look_up(
        connection: &Connection,
        ledger: LedgerId,
        needs: &[&Needs],
        advised: &[&PendingAdvice],
    ) -> Result<Self, sql::Error> {
        let sensors: BTreeSet<&StateKey> = needs.iter().flat_map(|one| &one.sensors).collect();
        let sensors: Vec<&StateKey> = sensors.into_iter().collect();
        let overlapping = needs.iter().map(|one| async {
            if one.announced.is_empty() {
                return Ok(Vec::new());
            }
            sql::expected::overlapping(connection, ledger, &one.announced).await
        });
        let states = sql::rules::states(connection, ledger, &sensors);
        let (states, found) = futures::try_join!(states, try_join_all(overlapping))?;
        let mut known = Self::default();
        for (key, text) in states {
            if let Ok(state) = serde_json::from_str(&text) {
                known.sensors.insert(key, state);
            }
        }
        let mut things: HashSet<String> =
            needs.iter().flat_map(|one| one.things.iter().cloned()).collect();
        if needs.iter().any(|one| !one.announced.is_empty()) {
            let advised = advised.iter().filter(|one| one.receiver == ledger);
            things.extend(advised.flat_map(|one| one.things.iter().cloned()));
        }
        for announcements in found {
            let advices = announcements.into_iter().map(|found| {
                let sql::expected::Announcement { despatch_advice, shipped_by, epcs } = found;
                things.extend(epcs.iter().map(|epc| epc::thing_key(epc)));
                Advice { reference: despatch_advice, shipped_by, epcs }
            });
            known.advices.push(advices.collect());
        }
        known.last_records = last_records_of(connection, ledger, &things).await?;
        Ok(known)
    }
}

/// What is known for the delivery at `place` of the batch.
///
/// - `pending`: what is not in the tables yet, latest first.
/// - `latest`: the latest time that is believed.
#[must_use]
pub fn facts(
    ledger: LedgerId,
    (place, needs): (usize, &Needs),
    known: &Known,
    pending: [&PendingFacts; 2],
    latest: Timestamp,
) -> Facts {
    let mut facts = Facts::default();
    for key in &needs.sensors {
        let state = pending.iter().find_map(|one| one.sensors.get(key));
        let state = state.or_else(|| known.sensors.get(key));
        // An earlier version followed readings of any time.
        let state = state.filter(|state| state.last.is_none_or(|last| last <= latest));
        facts.sensors.extend(state.map(|state| (key.clone(), state.clone())));
    }
    if needs.things.is_empty() {
        return facts;
    }
    facts.advices = known.advices.get(place).cloned().unwrap_or_default();
    if !needs.announced.is_empty() {
        let shares =
            |one: &&PendingAdvice| one.receiver == ledger && !one.things.is_disjoint(&needs.things);
        let pending = pending.iter().rev().flat_map(|one| &one.advices);
        facts.advices.extend(pending.filter(shares).map(|one| one.advice.clone()));
        arrange(&mut facts.advices, &needs.things);
    }
    let advised = facts.advices.iter().flat_map(|advice| &advice.epcs);
    let advised: HashSet<String> = advised.map(|epc| epc::thing_key(epc)).collect();
    for thing in needs.things.iter().chain(&advised) {
        let last = pending.iter().find_map(|one| one.items.get(thing));
        let last = last.or_else(|| known.last_records.get(thing));
        facts.last_records.extend(last.map(|last| (thing.clone(), last.clone())));
    }
    facts
}

/// Puts advices into the order in which the tables give them, each once: those that share most of `things` first.
fn arrange(advices: &mut Vec<Advice>, things: &HashSet<String>) {
    let shared = |advice: &Advice| {
        let epcs: HashSet<String> = advice.epcs.iter().map(|epc| epc::thing_key(epc)).collect();
        epcs.intersection(things).count()
    };
    let mut seen = Vec::new();
    advices.retain(|advice| {
        let is_new = !seen.contains(advice);
        if is_new {
            seen.push(advice.clone());
        }
        is_new
    });
    advices.sort_by_cached_key(|one| {
        (std::cmp::Reverse(shared(one)), one.reference.clone(), one.shipped_by.clone())
    });
}

/// Which of `things`, given by key, a record of this ledger names, with the last such record.
async fn last_records_of(
    connection: &Connection,
    ledger: LedgerId,
    things: &HashSet<String>,
) -> Result<HashMap<String, LastRecord>, sql::Error> {
    let by_key: HashMap<i64, &String> =
        things.iter().map(|thing| (sql::items::key_of_thing(thing), thing)).collect();
    let keys: Vec<i64> = by_key.keys().copied().collect();
    let places = sql::items::last_records(connection, ledger, &keys).await?;
    if places.is_empty() {
        return Ok(HashMap::new());
    }
    let indexes: BTreeSet<u64> = places.iter().map(|(_, index)| *index).collect();
    let indexes: Vec<_> = indexes.into_iter().map(|index| (ledger, index)).collect();
    let mut records: HashMap<u64, (HashSet<String>, LastRecord)> = HashMap::new();
    for stored in sql::items::records(connection, &indexes).await? {
        if let Ok(record) = Record::parse(&stored.text) {
            let named = record.names().iter().map(|name| epc::thing_key(name)).collect();
            records.insert(stored.index, (named, last_record(&record)));
        }
    }
    let mut found = HashMap::new();
    for (key, index) in places {
        let Some(thing) = by_key.get(&key) else { continue };
        if let Some((named, last)) = records.get(&index)
            && named.contains(*thing)
        {
            found.insert((*thing).clone(), last.clone());
        }
    }
    Ok(found)
}

/// What a record says of the items that it names.
#[must_use]
pub fn last_record(record: &Record) -> LastRecord {
    let json = record.json();
    let at = json
        .get("eventTime")
        .and_then(Json::as_str)
        .and_then(|text| text.parse::<Timestamp>().ok())
        .unwrap_or(Timestamp::UNIX_EPOCH);
    let rule = json.get("chopmark:evidence").and_then(|evidence| evidence.get("rule"));
    LastRecord { at, rule: rule.and_then(Json::as_str).map(str::to_owned) }
}
