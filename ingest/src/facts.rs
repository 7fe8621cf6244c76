//! Fetches what a ledger already knows of the items and sensors in a delivery.
//!
//! The way through: [`gather`] runs inside the writer's transaction, so it finds exactly what was in the ledger
//! before the batch; [`PendingFacts`] adds what earlier jobs of the same batch are about to write.
//!
//! What holds: items are compared by their key ([`epc::thing_key`]), so a tag and a Digital Link of one item are the
//! same; look-ups by item go through 8 bytes of a hash, so every hit is checked against the record's own text before it
//! counts; a sensor's state whose last reading lies in the future is not used.
//!
//! Not here: what follows from it ([`crate::rules::interpret`]).

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use ledger::json::Json;
use ledger::record::Record;
use reads::Delivery;
use sql::{LedgerId, Transaction};

use crate::items::name;
use crate::rules::excursion::SensorState;
use crate::rules::interpret::{Advice, Facts, LastRecord};
use crate::rules::{Conclusion, SiteRules};

/// What earlier jobs of the same batch concluded, not yet in the tables.
#[derive(Debug, Default)]
pub struct PendingFacts {
    items: HashMap<String, LastRecord>,
    sensors: HashMap<(String, String), SensorState>,
}

impl PendingFacts {
    /// Adds a record that this batch will append.
    pub fn add_record(&mut self, record: &Record) {
        let last = last_record(record);
        for name in record.names() {
            self.items.insert(epc::thing_key(&name), last.clone());
        }
    }

    /// Adds a sensor's new state.
    pub fn add_sensor(&mut self, rule: &str, sensor: &str, state: &SensorState) {
        self.sensors.insert((rule.to_owned(), sensor.to_owned()), state.clone());
    }
}

/// Gathers what [`crate::rules::interpret::interpret`] needs for `delivery`.
///
/// - `latest`: the latest time that is believed.
///
/// # Errors
///
/// [`sql::Error`], if the database cannot be queried.
pub async fn gather(
    tx: &Transaction<'_>,
    ledger: LedgerId,
    rules: &SiteRules,
    delivery: &Delivery,
    latest: Timestamp,
    pending: &PendingFacts,
) -> Result<Facts, sql::Error> {
    let mut facts = Facts::default();
    let mut concludes_receipt = false;
    let mut needs_last_records = false;
    for rule in rules.at(&delivery.read_point) {
        match &rule.conclusion {
            Conclusion::Receive { .. } => (concludes_receipt, needs_last_records) = (true, true),
            Conclusion::Commission { .. } => needs_last_records = true,
            Conclusion::Pack { .. } | Conclusion::Observe { .. } | Conclusion::Movement { .. } => {}
            Conclusion::Excursion(_) => {
                let sensors: HashSet<&str> =
                    delivery.sensors.iter().map(|reading| reading.sensor.as_str()).collect();
                for sensor in sensors {
                    let key = (rule.id.clone(), sensor.to_owned());
                    let state = match pending.sensors.get(&key) {
                        Some(state) => Some(state.clone()),
                        None => sql::rules::state(tx, ledger, &rule.id, sensor)
                            .await?
                            .and_then(|text| serde_json::from_str(&text).ok()),
                    };
                    // An earlier version followed readings of any time.
                    let state = state.filter(|state| state.last.is_none_or(|last| last <= latest));
                    facts.sensors.extend(state.map(|state| (key, state)));
                }
            }
        }
    }
    if !needs_last_records {
        return Ok(facts);
    }
    let named = delivery
        .observations
        .iter()
        .filter_map(|observation| name(&observation.epc_hex, &rules.company_prefixes).ok());
    let (uris, mut items): (HashSet<String>, HashSet<String>) =
        named.map(|item| (item.uri, item.key)).unzip();
    if concludes_receipt {
        let uris: Vec<String> = uris.into_iter().collect();
        for found in sql::expected::overlapping(tx, ledger, &uris).await? {
            items.extend(found.epcs.iter().map(|epc| epc::thing_key(epc)));
            let sql::expected::Announcement { despatch_advice, shipped_by, epcs } = found;
            facts.advices.push(Advice { reference: despatch_advice, shipped_by, epcs });
        }
    }
    facts.last_records = last_records_of(tx, ledger, &items).await?;
    for item in &items {
        if let Some(last) = pending.items.get(item) {
            facts.last_records.insert(item.clone(), last.clone());
        }
    }
    Ok(facts)
}

/// Which of `items`, given by key, a record of this ledger names, with the last such record.
async fn last_records_of(
    tx: &Transaction<'_>,
    ledger: LedgerId,
    items: &HashSet<String>,
) -> Result<HashMap<String, LastRecord>, sql::Error> {
    let by_key: HashMap<i64, &String> =
        items.iter().map(|item| (sql::items::key(item), item)).collect();
    let keys: Vec<i64> = by_key.keys().copied().collect();
    let mut found = HashMap::new();
    let mut records: HashMap<u64, (HashSet<String>, LastRecord)> = HashMap::new();
    for (key, index) in sql::items::last_records(tx, ledger, &keys).await? {
        let Some(item) = by_key.get(&key) else { continue };
        if let std::collections::hash_map::Entry::Vacant(e) = records.entry(index) {
            let Some(stored) = sql::ledgers::record_text(tx, ledger, index).await? else {
                continue;
            };
            let Ok(record) = Record::parse(&stored) else { continue };
            let names = record.names().iter().map(|name| epc::thing_key(name)).collect();
            e.insert((names, last_record(&record)));
        }
        if let Some((names, last)) = records.get(&index)
            && names.contains(*item)
        {
            found.insert((*item).clone(), last.clone());
        }
    }
    Ok(found)
}

fn last_record(record: &Record) -> LastRecord {
    let json = record.json();
    let at = json
        .get("eventTime")
        .and_then(Json::as_str)
        .and_then(|text| text.parse::<Timestamp>().ok())
        .unwrap_or(Timestamp::UNIX_EPOCH);
    let rule = json.get("chopmark:evidence").and_then(|evidence| evidence.get("rule"));
    LastRecord { at, rule: rule.and_then(Json::as_str).map(str::to_owned) }
}
