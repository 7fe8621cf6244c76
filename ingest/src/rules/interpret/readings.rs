//! What follows from sensor readings: a record of them, and a flag on the lots when a limit was crossed too long.
//!
//! What holds: a stale reading is neither recorded as measured nor followed; digits are those of the sensor; a
//! value that was converted keeps what was reported beside it.
//!
//! Not here: how long a limit may be crossed ([`crate::rules::excursion`]).
//!
//! Source: EPCIS 2.0 section 7.3.7; CBV 2.0 section 7.7; GS1 Web Vocabulary, measurement types.

use std::collections::{BTreeMap, BTreeSet};

use ledger::json::{Json, object};
use reads::SensorReading;

use super::{Concluded, Pass, Refusal, listed};
use crate::rules::event::{Frame, device, local_time};
use crate::rules::excursion::{Excursion, ExcursionRule, SensorState, follow};
use crate::rules::site::{Rule, SiteRules};

impl<'a> Pass<'a> {
    /// Records the readings of the rule's quantity and follows each sensor.
    pub(super) fn readings(&mut self, rule: &'a Rule, limits: &ExcursionRule) {
        let mut readings: Vec<&SensorReading> = Vec::new();
        for (place, reading) in self.delivery.sensors.iter().enumerate() {
            if reading.kind != limits.quantity {
                continue;
            }
            self.accepted_readings.insert(place);
            if !reading.stale {
                readings.push(reading);
            }
        }
        readings.sort_by_key(|reading| reading.at);
        let Some(latest) = readings.last() else { return };
        let frame = Frame {
            rules: self.rules,
            rule,
            at: latest.at,
            biz_location: rule.biz_location.as_deref(),
        };
        let elements = readings.iter().map(|reading| element(reading, self.rules)).collect();
        let event = frame.object_event(
            "OBSERVE",
            "sensor_reporting",
            None,
            &[],
            vec![("sensorElementList".to_owned(), Json::Array(elements))],
        );
        self.out.events.push(Concluded { rule: rule.id.clone(), event, difference: None });

        let mut states: BTreeMap<&str, SensorState> = BTreeMap::new();
        for reading in &readings {
            let state = states.entry(&reading.sensor).or_insert_with(|| {
                let key = (rule.id.clone(), reading.sensor.clone());
                self.facts.sensors.get(&key).cloned().unwrap_or_default()
            });
            if let Some(found) = follow(state, limits, &reading.value, reading.at) {
                let event = flag(&frame, limits, reading, &found);
                self.out.events.push(Concluded { rule: rule.id.clone(), event, difference: None });
            }
        }
        let states = states.into_iter();
        self.out
            .sensors
            .extend(states.map(|(sensor, state)| (rule.id.clone(), sensor.to_owned(), state)));
    }

    /// Refuses the readings that no rule accepted, and those that were only too old for a rule.
    pub(super) fn refuse_readings(&mut self) {
        let mut stale = BTreeSet::new();
        let mut stale_count = 0;
        for place in &self.accepted_readings {
            if let Some(reading) = self.delivery.sensors.get(*place).filter(|one| one.stale) {
                stale.insert(reading.sensor.as_str());
                stale_count += 1;
            }
        }
        let unread = self.delivery.sensors.len() - self.accepted_readings.len();
        if unread > 0 {
            let detail =
                format!("{unread} sensor readings that no rule of this read point accepts");
            self.out.refusals.push(Refusal::plain("no-rule", detail, unread));
        }
        if stale_count > 0 {
            let detail = format!(
                "{stale_count} readings may be older than they look, \
                 kept by a broker or of a sensor that is gone: {}",
                listed(stale.iter().map(|sensor| (*sensor).to_owned()))
            );
            self.out.refusals.push(Refusal::plain("stale-reading", detail, stale_count));
        }
    }
}

/// One reading as an element of the event's list.
fn element(reading: &SensorReading, rules: &SiteRules) -> Json {
    let mut report = vec![
        ("type", Json::from(reading.kind.measurement())),
        ("value", number(&reading.value)),
        ("uom", Json::from(reading.unit.as_str())),
    ];
    if let Some(reported) = &reading.reported {
        let reported =
            [("value", number(&reported.value)), ("uom", Json::from(reported.unit.as_str()))];
        report.push(("chopmark:reported", object(reported)));
    }
    object([
        (
            "sensorMetadata",
            object([
                ("time", Json::from(local_time(reading.at, &rules.time_zone_offset))),
                ("deviceID", Json::from(device(&reading.sensor))),
            ]),
        ),
        ("sensorReport", Json::Array(vec![object(report)])),
    ])
}

/// The event that flags the lots of a store.
fn flag(
    frame: &Frame<'_>,
    limits: &ExcursionRule,
    reading: &SensorReading,
    found: &Excursion,
) -> Json {
    let bound = if found.above { "maxValue" } else { "minValue" };
    let report = object([
        ("type", Json::from(reading.kind.measurement())),
        (bound, number(&found.worst)),
        ("uom", Json::from(reading.unit.as_str())),
    ]);
    let offset = &frame.rules.time_zone_offset;
    let element = object([
        (
            "sensorMetadata",
            object([
                ("startTime", Json::from(local_time(found.since, offset))),
                ("endTime", Json::from(local_time(found.until, offset))),
                ("deviceID", Json::from(device(&reading.sensor))),
            ]),
        ),
        ("sensorReport", Json::Array(vec![report])),
    ]);
    let lots =
        limits.lots.iter().map(|lot| object([("epcClass", Json::from(lot.as_str()))])).collect();
    let set = object([("set", Json::Array(vec![Json::from("non_conformant")]))]);
    frame.object_event(
        "OBSERVE",
        "sensor_reporting",
        None,
        &[],
        vec![
            ("quantityList".to_owned(), Json::Array(lots)),
            ("persistentDisposition".to_owned(), set),
            ("sensorElementList".to_owned(), Json::Array(vec![element])),
        ],
    )
}

/// Decimal text as a JSON number with its digits kept; leading zeros, which JSON has not, are dropped.
pub(super) fn number(text: &str) -> Json {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let trimmed = digits.trim_start_matches('0');
    let whole = if trimmed.is_empty() || trimmed.starts_with('.') { "0" } else { "" };
    Json::Number(format!("{sign}{whole}{trimmed}"))
}
