//! Fetches what a ledger already knows of the things in a delivery.
//!
//! The way through: [`gather`] runs inside the writer's transaction, so what it finds is exactly what stood
//! in the ledger before the batch; [`Known`] adds what earlier jobs of the same batch are about to write.
//!
//! What holds: look-ups by item go through 8 bytes of a hash, so every hit is checked against the record's
//! own text before it counts.
//!
//! Not here: what follows from it ([`crate::rules::interpret`]).

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use ledger::json::Json;
use ledger::record::Record;
use reads::Delivery;
use sql::{LedgerId, Transaction};

use crate::rules::excursion::SensorState;
use crate::rules::interpret::{Advice, Facts, LastHere};
use crate::rules::{Conclusion, SiteRules};
use crate::things;

/// What the jobs of one batch already concluded, not yet in the tables.
#[derive(Debug, Default)]
pub struct Known {
    things: HashMap<String, LastHere>,
    sensors: HashMap<(String, String), SensorState>,
}

impl Known {
    /// Takes note of a record that this batch will append.
    pub fn add_record(&mut self, record: &Record) {
        let last = last_here(record);
        for name in record.names() {
            self.things.insert(name, last.clone());
        }
    }

    /// Takes note of a sensor's new state.
    pub fn add_sensor(&mut self, rule: &str, sensor: &str, state: &SensorState) {
        self.sensors.insert((rule.to_owned(), sensor.to_owned()), state.clone());
    }
}

/// Gathers what [`crate::rules::interpret::interpret`] must know for `delivery`.
///
/// # Errors
///
/// [`sql::Error`], if the database cannot be asked.
pub async fn gather(
    tx: &Transaction<'_>,
    ledger: LedgerId,
    rules: &SiteRules,
    delivery: &Delivery,
    batch: &Known,
) -> Result<Facts, sql::Error> {
    let mut facts = Facts::default();
    let mut concludes_receipt = false;
    let mut concludes_from_things = false;
    for rule in rules.at(&delivery.read_point) {
        match &rule.conclusion {
            Conclusion::Receive { .. } => (concludes_receipt, concludes_from_things) = (true, true),
            Conclusion::Commission { .. } => concludes_from_things = true,
            Conclusion::Pack { .. } | Conclusion::Observe { .. } | Conclusion::Movement { .. } => {}
            Conclusion::Excursion(_) => {
                let sensors: HashSet<&str> =
                    delivery.sensors.iter().map(|reading| reading.sensor.as_str()).collect();
                for sensor in sensors {
                    let key = (rule.id.clone(), sensor.to_owned());
                    let state = match batch.sensors.get(&key) {
                        Some(state) => Some(state.clone()),
                        None => sql::rules::state(tx, ledger, &rule.id, sensor)
                            .await?
                            .and_then(|text| serde_json::from_str(&text).ok()),
                    };
                    facts.sensors.extend(state.map(|state| (key, state)));
                }
            }
        }
    }
    if !concludes_from_things {
        return Ok(facts);
    }
    let mut things: HashSet<String> = delivery
        .observations
        .iter()
        .filter_map(|seen| things::name(&seen.epc_hex, &rules.company_prefixes).ok())
        .map(|thing| thing.uri)
        .collect();
    if concludes_receipt {
        let names: Vec<String> = things.iter().cloned().collect();
        for (reference, epcs) in sql::expected::overlapping(tx, ledger, &names).await? {
            things.extend(epcs.iter().cloned());
            facts.advices.push(Advice { reference, epcs });
        }
    }
    facts.known = known_here(tx, ledger, &things).await?;
    for thing in &things {
        if let Some(last) = batch.things.get(thing) {
            facts.known.insert(thing.clone(), last.clone());
        }
    }
    Ok(facts)
}

/// Which of `things` a record of this ledger names, with the last such record.
async fn known_here(
    tx: &Transaction<'_>,
    ledger: LedgerId,
    things: &HashSet<String>,
) -> Result<HashMap<String, LastHere>, sql::Error> {
    let by_key: HashMap<i64, &String> =
        things.iter().map(|thing| (sql::items::key(thing), thing)).collect();
    let keys: Vec<i64> = by_key.keys().copied().collect();
    let mut known = HashMap::new();
    let mut records: HashMap<u64, (HashSet<String>, LastHere)> = HashMap::new();
    for (key, index) in sql::items::last_records(tx, ledger, &keys).await? {
        let Some(thing) = by_key.get(&key) else { continue };
        if let std::collections::hash_map::Entry::Vacant(e) = records.entry(index) {
            let Some(stored) = sql::ledgers::record_text(tx, ledger, index).await? else {
                continue;
            };
            let Ok(record) = Record::parse(&stored) else { continue };
            e.insert((record.names().into_iter().collect(), last_here(&record)));
        }
        if let Some((names, last)) = records.get(&index)
            && names.contains(*thing)
        {
            known.insert((*thing).clone(), last.clone());
        }
    }
    Ok(known)
}

fn last_here(record: &Record) -> LastHere {
    let json = record.json();
    let at = json
        .get("eventTime")
        .and_then(Json::as_str)
        .and_then(|text| text.parse::<Timestamp>().ok())
        .unwrap_or(Timestamp::UNIX_EPOCH);
    let rule = json.get("chopmark:evidence").and_then(|evidence| evidence.get("rule"));
    LastHere { at, rule: rule.and_then(Json::as_str).map(str::to_owned) }
}
