//! Turns one delivery of a bridge into events, refusals and differences, by the rules of its site.
//!
//! The way through:
//!
//! ```text
//! Delivery -> Thing (tag decoded) -> rules at its read point, in file order -> events
//!                                 \-> what no rule took -> refusals, one per reason
//! ```
//!
//! What holds:
//!
//! - pure: what the ledger already knows comes in as [`Facts`], so the same input gives the same output;
//! - every observation ends in an event or in a refusal that counts it; none disappears;
//! - a rule never concludes more than was observed: no item is received because its case was.
//!
//! Not here: fetching the facts ([`crate::facts`]), making records of the events ([`crate::compose`]).

use std::collections::{BTreeMap, HashMap, HashSet};

use epc::TagEpc;
use jiff::Timestamp;
use ledger::json::{Json, object};
use reads::{Delivery, Observation, SensorKind, SensorReading};

use super::event::{Frame, local_time, uris};
use super::excursion::{Excursion, SensorState, follow};
use super::{Conclusion, ExcursionRule, Kind, Quantity, Rule, SiteRules};

/// Seconds within which the same thing received again by the same rule is the same pass.
///
/// Ten minutes: a pallet that waits in the door is read for minutes; a return takes longer.
pub const REPEAT_WINDOW_S: i64 = 600;

/// What the ledger knew before this delivery.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Things that a record of this ledger already names, with the last such record.
    pub known: HashMap<String, LastHere>,
    /// Despatch advices to this site that share a thing with the delivery.
    pub advices: Vec<Advice>,
    /// States of the sensors, by rule id and sensor id.
    pub sensors: HashMap<(String, String), SensorState>,
}

/// The last record of this ledger that names a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastHere {
    /// When the event happened.
    pub at: Timestamp,
    /// Which rule concluded it; none if a partner stated it.
    pub rule: Option<String>,
}

/// What a sender announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// Its reference, a business transaction URI.
    pub reference: String,
    /// The things announced, EPC URIs.
    pub epcs: Vec<String>,
}

/// An event and the rule that concluded it.
#[derive(Debug, Clone, PartialEq)]
pub struct Concluded {
    /// Rule id.
    pub rule: String,
    /// The event, an EPCIS 2.0 JSON object.
    pub event: Json,
    /// How it differs from what was announced, for a receiving event.
    pub difference: Option<Difference>,
}

/// What was announced against what passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Reference of the despatch advice.
    pub despatch_advice: String,
    /// How many things were announced.
    pub announced: usize,
    /// How many things this event received.
    pub received: usize,
    /// Announced, and not here yet.
    pub missing: Vec<String>,
    /// Received, and not announced.
    pub unexpected: Vec<String>,
}

/// Observations that no rule took, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Machine word for the reason; the list is in docs/operations.md.
    pub code: &'static str,
    /// The reason in plain words.
    pub detail: String,
    /// The tags concerned, as hex.
    pub tags: Vec<String>,
}

/// All that follows from one delivery.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Interpretation {
    /// Events in the order in which they enter the ledger.
    pub events: Vec<Concluded>,
    /// What was not taken.
    pub refusals: Vec<Refusal>,
    /// New states of sensors, by rule id and sensor id.
    pub sensors: Vec<(String, String, SensorState)>,
}

/// An observation whose tag could be decoded.
struct Thing<'a> {
    observation: &'a Observation,
    tag: Option<TagEpc>,
    uri: String,
}

/// Interprets `delivery` by `rules`, knowing `facts`.
#[must_use]
pub fn interpret(rules: &SiteRules, delivery: &Delivery, facts: &Facts) -> Interpretation {
    let mut pass = Pass::new(rules, delivery, facts);
    for rule in rules.at(&delivery.read_point) {
        match &rule.conclusion {
            Conclusion::Commission { things, lot, expiry } => {
                pass.commission(rule, things, lot.as_deref(), expiry.as_deref());
            }
            Conclusion::Pack { container, contents } => pass.pack(rule, container, contents),
            Conclusion::Receive { things } => pass.receive(rule, things),
            Conclusion::Observe { things, step, disposition } => {
                pass.observe(rule, things, step, disposition.as_deref());
            }
            Conclusion::Excursion(limits) => pass.readings(rule, limits),
        }
    }
    pass.finish()
}

/// One walk of a delivery through the rules.
struct Pass<'a> {
    rules: &'a SiteRules,
    delivery: &'a Delivery,
    facts: &'a Facts,
    things: Vec<Thing<'a>>,
    /// Places in `things` that a rule took.
    taken: HashSet<usize>,
    /// Places in `things` that served as a container.
    containers: HashSet<usize>,
    /// Why a place was not taken, the first reason given.
    reasons: BTreeMap<usize, (&'static str, String)>,
    readings_taken: HashSet<usize>,
    out: Interpretation,
}

impl<'a> Pass<'a> {
    fn new(rules: &'a SiteRules, delivery: &'a Delivery, facts: &'a Facts) -> Self {
        let things = delivery
            .observations
            .iter()
            .map(|observation| {
                let tag = TagEpc::decode_hex(&observation.epc_hex).ok();
                let uri = tag.as_ref().map_or_else(String::new, |tag| tag.epc.to_uri());
                Thing { observation, tag, uri }
            })
            .collect();
        Self {
            rules,
            delivery,
            facts,
            things,
            taken: HashSet::new(),
            containers: HashSet::new(),
            reasons: BTreeMap::new(),
            readings_taken: HashSet::new(),
            out: Interpretation::default(),
        }
    }

    /// The places of things of `kind` that were read well enough for `rule`, in order of their URI.
    fn select(&mut self, rule: &Rule, kind: &Kind) -> Vec<usize> {
        let mut found = Vec::new();
        for (place, thing) in self.things.iter().enumerate() {
            let Some(tag) = &thing.tag else { continue };
            if !is_of_kind(tag, kind) {
                continue;
            }
            if let Some(reason) = stray(rule, thing.observation) {
                self.reasons.entry(place).or_insert(reason);
                continue;
            }
            found.push(place);
        }
        found.sort_by(|a, b| self.things[*a].uri.cmp(&self.things[*b].uri));
        found.dedup_by(|a, b| self.things[*a].uri == self.things[*b].uri);
        found
    }

    fn uris_of(&self, places: &[usize]) -> Vec<String> {
        places.iter().map(|place| self.things[*place].uri.clone()).collect()
    }

    fn frame(&self, rule: &'a Rule, places: &[usize]) -> Frame<'a> {
        let last = places.iter().map(|place| self.things[*place].observation.last).max();
        Frame { rules: self.rules, rule, at: last.unwrap_or(self.delivery.closed) }
    }

    fn conclude(
        &mut self,
        rule: &Rule,
        places: &[usize],
        event: Json,
        difference: Option<Difference>,
    ) {
        self.taken.extend(places);
        self.out.events.push(Concluded { rule: rule.id.clone(), event, difference });
    }

    fn commission(&mut self, rule: &'a Rule, kind: &Kind, lot: Option<&str>, expiry: Option<&str>) {
        let mut places = self.select(rule, kind);
        places.retain(|place| {
            let is_new = !self.facts.known.contains_key(&self.things[*place].uri);
            if !is_new {
                let reason = "this ledger already names the thing; it cannot come into being twice";
                self.reasons.entry(*place).or_insert(("already-recorded", reason.into()));
            }
            is_new
        });
        if places.is_empty() {
            return;
        }
        let words = [("cbvmda:lotNumber", lot), ("cbvmda:itemExpirationDate", expiry)];
        let ilmd: Vec<(String, Json)> = words
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), Json::from(value?))))
            .collect();
        let more = if ilmd.is_empty() { vec![] } else { vec![("ilmd".to_owned(), object(ilmd))] };
        let event = self.frame(rule, &places).object_event(
            "ADD",
            "commissioning",
            Some("active"),
            &self.uris_of(&places),
            more,
        );
        self.conclude(rule, &places, event, None);
    }

    fn pack(&mut self, rule: &'a Rule, container: &Kind, contents: &Kind) {
        let inside = self.select(rule, contents);
        let around = self.select(rule, container);
        if inside.is_empty() {
            return;
        }
        if let [parent] = around[..] {
            let mut places = inside.clone();
            places.push(parent);
            let parent_uri = self.things[parent].uri.clone();
            let event =
                self.frame(rule, &places).packing_event(&parent_uri, &self.uris_of(&inside));
            self.containers.insert(parent);
            self.conclude(rule, &places, event, None);
        } else if !inside.iter().any(|place| self.containers.contains(place)) {
            let (code, detail) = if around.is_empty() {
                ("no-container", "contents were observed without a container".to_owned())
            } else {
                let count = around.len();
                (
                    "several-containers",
                    format!("{count} containers were observed at once; one is right"),
                )
            };
            let tags = inside.iter().map(|p| self.things[*p].observation.epc_hex.clone()).collect();
            self.out.refusals.push(Refusal {
                code,
                detail: format!("rule {}: {detail}", rule.id),
                tags,
            });
        }
    }

    fn receive(&mut self, rule: &'a Rule, kind: &Kind) {
        let mut places = self.select(rule, kind);
        places.retain(|place| {
            let thing = &self.things[*place];
            let is_repeat = self.facts.known.get(&thing.uri).is_some_and(|last| {
                last.rule.as_deref() == Some(&rule.id)
                    && (thing.observation.first.as_second() - last.at.as_second()).abs()
                        <= REPEAT_WINDOW_S
            });
            if is_repeat {
                let reason =
                    "received by this rule moments ago; the same pass is not received twice";
                self.reasons.entry(*place).or_insert(("repeat", reason.into()));
            }
            !is_repeat
        });
        if places.is_empty() {
            return;
        }
        let received = self.uris_of(&places);
        let difference = self.compare_with_advice(&received);
        let more = difference.as_ref().map_or_else(Vec::new, |difference| {
            let reference = Json::from(difference.despatch_advice.as_str());
            let entry = object([("type", Json::from("desadv")), ("bizTransaction", reference)]);
            vec![("bizTransactionList".to_owned(), Json::Array(vec![entry]))]
        });
        let event = self.frame(rule, &places).object_event(
            "OBSERVE",
            "receiving",
            Some("in_progress"),
            &received,
            more,
        );
        self.conclude(rule, &places, event, difference);
    }

    /// The announcement that shares the most things with what passed; the first of equals.
    fn compare_with_advice(&self, received: &[String]) -> Option<Difference> {
        let passed: HashSet<&str> = received.iter().map(String::as_str).collect();
        let overlap = |advice: &Advice| {
            advice.epcs.iter().filter(|epc| passed.contains(epc.as_str())).count()
        };
        let best = self.facts.advices.iter().rev().max_by_key(|advice| overlap(advice))?;
        if overlap(best) == 0 {
            return None;
        }
        let announced: HashSet<&str> = best.epcs.iter().map(String::as_str).collect();
        let is_missing = |epc: &&String| {
            !passed.contains(epc.as_str()) && !self.facts.known.contains_key(epc.as_str())
        };
        Some(Difference {
            despatch_advice: best.reference.clone(),
            announced: announced.len(),
            received: received.len(),
            missing: best.epcs.iter().filter(is_missing).cloned().collect(),
            unexpected: received
                .iter()
                .filter(|epc| !announced.contains(epc.as_str()))
                .cloned()
                .collect(),
        })
    }

    fn observe(&mut self, rule: &'a Rule, kind: &Kind, step: &str, disposition: Option<&str>) {
        let places = self.select(rule, kind);
        if places.is_empty() {
            return;
        }
        let seen = self.uris_of(&places);
        let event =
            self.frame(rule, &places).object_event("OBSERVE", step, disposition, &seen, vec![]);
        self.conclude(rule, &places, event, None);
    }

    fn readings(&mut self, rule: &'a Rule, limits: &ExcursionRule) {
        let mut readings: Vec<(usize, &SensorReading)> = self
            .delivery
            .sensors
            .iter()
            .enumerate()
            .filter(|(_, reading)| measures(reading, limits.quantity))
            .collect();
        if readings.is_empty() {
            return;
        }
        readings.sort_by_key(|(_, reading)| reading.at);
        self.readings_taken.extend(readings.iter().map(|(place, _)| *place));
        let at = readings.last().map_or(self.delivery.closed, |(_, reading)| reading.at);
        let frame = Frame { rules: self.rules, rule, at };
        let elements =
            readings.iter().map(|(_, reading)| one_reading(reading, self.rules)).collect();
        let event = frame.object_event(
            "OBSERVE",
            "sensor_reporting",
            None,
            &[],
            vec![("sensorElementList".to_owned(), Json::Array(elements))],
        );
        self.out.events.push(Concluded { rule: rule.id.clone(), event, difference: None });

        let mut states: BTreeMap<&str, SensorState> = BTreeMap::new();
        for (_, reading) in &readings {
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

    /// Gathers what no rule took into one refusal per reason.
    fn finish(mut self) -> Interpretation {
        let mut by_reason: BTreeMap<(&'static str, String), Vec<String>> = BTreeMap::new();
        let covered: HashSet<&str> =
            self.taken.iter().map(|place| self.things[*place].uri.as_str()).collect();
        for (place, thing) in self.things.iter().enumerate() {
            // By name, not by place: a second tag of the same number is covered by the first's event.
            if thing.tag.is_some() && covered.contains(thing.uri.as_str()) {
                continue;
            }
            let reason = self.reasons.remove(&place).unwrap_or_else(|| match &thing.tag {
                None => ("not-gs1", "the tag holds no GS1 EPC that is understood".to_owned()),
                Some(_) => ("no-rule", "no rule of this read point takes such a thing".to_owned()),
            });
            by_reason.entry(reason).or_default().push(thing.observation.epc_hex.clone());
        }
        let unread = self.delivery.sensors.len() - self.readings_taken.len();
        if unread > 0 {
            let detail = format!("{unread} sensor readings that no rule of this read point takes");
            self.out.refusals.push(Refusal { code: "no-rule", detail, tags: vec![] });
        }
        let refused = by_reason.into_iter();
        self.out.refusals.extend(refused.map(|((code, detail), tags)| Refusal {
            code,
            detail,
            tags,
        }));
        self.out
    }
}

fn is_of_kind(tag: &TagEpc, kind: &Kind) -> bool {
    tag.epc.scheme().name() == kind.scheme && kind.filter.is_none_or(|filter| filter == tag.filter)
}

/// Why the features of an observation say that the tag did not pass here.
fn stray(rule: &Rule, observation: &Observation) -> Option<(&'static str, String)> {
    if observation.count < rule.min_reads {
        let detail = format!("rule {}: fewer reads than {}", rule.id, rule.min_reads);
        return Some(("stray-few-reads", detail));
    }
    let floor = rule.min_rssi_mean_dbm?;
    (f64::from(observation.rssi_mean_cdbm) / 100.0 < floor)
        .then(|| ("stray-weak", format!("rule {}: mean RSSI below {floor} dBm", rule.id)))
}

fn measures(reading: &SensorReading, quantity: Quantity) -> bool {
    matches!(
        (reading.kind, quantity),
        (SensorKind::Temperature, Quantity::Temperature)
            | (SensorKind::RelativeHumidity, Quantity::RelativeHumidity)
    )
}

/// The GS1 measurement type of a reading.
fn measurement(kind: SensorKind) -> Json {
    Json::from(match kind {
        SensorKind::Temperature => "Temperature",
        SensorKind::RelativeHumidity => "RelativeHumidity",
    })
}

fn one_reading(reading: &SensorReading, rules: &SiteRules) -> Json {
    let report = object([
        ("type", measurement(reading.kind)),
        ("value", number(&reading.value)),
        ("uom", Json::from(reading.unit.as_str())),
    ]);
    object([
        (
            "sensorMetadata",
            object([
                ("time", Json::from(local_time(reading.at, &rules.time_zone_offset))),
                ("deviceID", Json::from(reading.sensor.as_str())),
            ]),
        ),
        ("sensorReport", Json::Array(vec![report])),
    ])
}

/// The event that flags the lots of a store.
fn flag(
    frame: &Frame<'_>,
    limits: &ExcursionRule,
    reading: &SensorReading,
    found: &Excursion,
) -> Json {
    let bound = if limits.max.is_some() { "maxValue" } else { "minValue" };
    let report = object([
        ("type", measurement(reading.kind)),
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
                ("deviceID", Json::from(reading.sensor.as_str())),
            ]),
        ),
        ("sensorReport", Json::Array(vec![report])),
    ]);
    let lots =
        limits.lots.iter().map(|lot| object([("epcClass", Json::from(lot.as_str()))])).collect();
    let set = object([("set", uris(&["non_conformant".to_owned()]))]);
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
fn number(text: &str) -> Json {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let trimmed = digits.trim_start_matches('0');
    let whole = if trimmed.is_empty() || trimmed.starts_with('.') { "0" } else { "" };
    Json::Number(format!("{sign}{whole}{trimmed}"))
}

#[cfg(test)]
mod tests;
