//! Turns one delivery of a bridge into events, refusals and differences, by the rules of its site.
//!
//! The way through:
//!
//! ```text
//! Delivery -> NamedObservation -> rules at its read point, in file order -> events
//!         |                   \-> what no rule accepted -> refusals, one per reason
//!         \-> movements -> rules at their own places -> events
//! ```
//!
//! What holds:
//!
//! - pure: what the ledger already knows comes in as [`Facts`], so the same input gives the same output;
//! - every observation, movement and reading ends in an event or in a refusal that counts it; none disappears;
//! - known gaps are kept, in the record or, where none is made, in a refusal;
//! - a rule never concludes more than was observed: no item is received because its case was.
//!
//! Not here: naming a tag ([`crate::items`]), what counts as a passage ([`Observation::passed`]), fetching the
//! facts ([`crate::facts`]), making records of the events ([`crate::compose`]).

mod ahead;
mod movements;
mod readings;
mod refusal;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use ledger::json::{Json, object};
use reads::{Delivery, Direction, NotPassed, Observation};

pub use self::ahead::without_future;
pub use self::refusal::Refusal;
use self::refusal::{Reason, RefusedTags, listed};
use super::event::Frame;
use super::excursion::SensorState;
use super::site::{Conclusion, Kind, Rule, SiteRules};
use crate::items::{self, Item, Unnamed};

/// Seconds within which the same item received again by the same rule is the same pass.
///
/// Ten minutes: a pallet that waits in the door is read for minutes; a return takes longer.
pub const REPEAT_WINDOW_S: i64 = 600;

/// What the ledger knew before this delivery.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Items that a record of this ledger already names, by key, with the last such record.
    pub last_records: HashMap<String, LastRecord>,
    /// Despatch advices to this site that share an item with the delivery.
    pub advices: Vec<Advice>,
    /// States of the sensors, by rule id and sensor id.
    pub sensors: HashMap<(String, String), SensorState>,
}

/// The last record of this ledger that names an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastRecord {
    /// When the event happened.
    pub at: Timestamp,
    /// Which rule concluded it; none if a partner stated it.
    pub rule: Option<String>,
}

/// A despatch advice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// Its reference, a business transaction URI.
    pub reference: String,
    /// Who sent it.
    pub shipped_by: String,
    /// The announced items, EPC URIs as the sender wrote them.
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

/// How a receipt differs from its despatch advice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Reference of the despatch advice.
    pub despatch_advice: String,
    /// Who sent it.
    pub shipped_by: String,
    /// How many items were announced.
    pub announced: usize,
    /// How many items this event received.
    pub received: usize,
    /// Announced, and not here yet.
    pub missing: Vec<String>,
    /// Received, and not announced.
    pub unexpected: Vec<String>,
}

/// All that follows from one delivery.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Interpretation {
    /// Events in the order in which they enter the ledger.
    pub events: Vec<Concluded>,
    /// What was refused.
    pub refusals: Vec<Refusal>,
    /// New states of sensors, by rule id and sensor id.
    pub sensors: Vec<(String, String, SensorState)>,
}

/// An observation, and the item that its tag names.
struct NamedObservation<'a> {
    observation: &'a Observation,
    item: Result<Item, Unnamed>,
}

impl NamedObservation<'_> {
    /// The item's URI; empty if the tag names none.
    fn uri(&self) -> &str {
        self.item.as_ref().map_or("", |item| &item.uri)
    }

    /// The item's key; empty if the tag names none.
    fn key(&self) -> &str {
        self.item.as_ref().map_or("", |item| &item.key)
    }
}

/// Interprets `delivery` by `rules` and `facts`.
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
            // A movement has a place of its own.
            Conclusion::Movement { .. } => {}
        }
    }
    pass.movements();
    pass.finish()
}

/// The interpretation of one delivery, in progress.
struct Pass<'a> {
    rules: &'a SiteRules,
    delivery: &'a Delivery,
    facts: &'a Facts,
    observations: Vec<NamedObservation<'a>>,
    /// Places in `observations` that a rule accepted.
    accepted: HashSet<usize>,
    /// Places in `observations` that served as a container.
    containers: HashSet<usize>,
    /// Why a place was not accepted, the first reason given.
    reasons: BTreeMap<usize, Reason>,
    /// Tags that ended in a refusal.
    refused: RefusedTags,
    /// Places of readings whose quantity a rule measures.
    accepted_readings: HashSet<usize>,
    out: Interpretation,
}

impl<'a> Pass<'a> {
    fn new(rules: &'a SiteRules, delivery: &'a Delivery, facts: &'a Facts) -> Self {
        let observations = delivery
            .observations
            .iter()
            .map(|observation| {
                let item = items::name(&observation.epc_hex, &rules.company_prefixes);
                NamedObservation { observation, item }
            })
            .collect();
        Self {
            rules,
            delivery,
            facts,
            observations,
            accepted: HashSet::new(),
            containers: HashSet::new(),
            reasons: BTreeMap::new(),
            refused: RefusedTags::default(),
            accepted_readings: HashSet::new(),
            out: Interpretation::default(),
        }
    }

    /// The places of items of `kind` that passed as `rule` demands, in order of their URI.
    fn select(&mut self, rule: &Rule, kind: &Kind) -> Vec<usize> {
        let mut found = Vec::new();
        let passage = rule.passage();
        for (place, named) in self.observations.iter().enumerate() {
            if !named.item.as_ref().is_ok_and(|item| is_of_kind(item, kind)) {
                continue;
            }
            if let Err(why) = named.observation.passed(&passage) {
                let reason = not_passed(why, rule, named.observation);
                self.reasons.entry(place).or_insert(reason);
                continue;
            }
            found.push(place);
        }
        let order =
            |place: &usize| (self.observations[*place].key(), self.observations[*place].uri());
        found.sort_by(|a, b| order(a).cmp(&order(b)));
        found.dedup_by(|a, b| self.observations[*a].key() == self.observations[*b].key());
        found.sort_by(|a, b| self.observations[*a].uri().cmp(self.observations[*b].uri()));
        found
    }

    fn uris_of(&self, places: &[usize]) -> Vec<String> {
        places.iter().map(|place| self.observations[*place].uri().to_owned()).collect()
    }

    fn frame(&self, rule: &'a Rule, places: &[usize]) -> Frame<'a> {
        let last = places.iter().map(|place| self.observations[*place].observation.last).max();
        Frame {
            rules: self.rules,
            rule,
            at: last.unwrap_or(self.delivery.closed),
            biz_location: rule.biz_location.as_deref(),
        }
    }

    fn conclude(
        &mut self,
        rule: &Rule,
        places: &[usize],
        event: Json,
        difference: Option<Difference>,
    ) {
        self.accepted.extend(places);
        self.out.events.push(Concluded { rule: rule.id.clone(), event, difference });
    }

    fn commission(&mut self, rule: &'a Rule, kind: &Kind, lot: Option<&str>, expiry: Option<&str>) {
        let mut places = self.select(rule, kind);
        places.retain(|place| {
            let is_new = !self.facts.last_records.contains_key(self.observations[*place].key());
            if !is_new {
                let reason =
                    "this ledger already has a record of this item; an item is commissioned once";
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
            let parent_uri = self.observations[parent].uri().to_owned();
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
                    format!("got {count} containers observed at once, expected one"),
                )
            };
            let tags =
                inside.iter().map(|p| self.observations[*p].observation.epc_hex.clone()).collect();
            let detail = format!("rule {}: {detail}", rule.id);
            self.out.refusals.push(Refusal::of_tags(code, detail, tags));
        }
    }

    fn receive(&mut self, rule: &'a Rule, kind: &Kind) {
        let mut places = self.select(rule, kind);
        places.retain(|place| {
            let named = &self.observations[*place];
            let is_repeat = self.facts.last_records.get(named.key()).is_some_and(|last| {
                last.rule.as_deref() == Some(&rule.id)
                    && (named.observation.first.as_second() - last.at.as_second()).abs()
                        <= REPEAT_WINDOW_S
            });
            if is_repeat {
                let reason =
                    "received by this rule less than ten minutes ago; the same pass is not received twice";
                self.reasons.entry(*place).or_insert(("repeat", reason.into()));
            }
            !is_repeat
        });
        if places.is_empty() {
            return;
        }
        let received = self.uris_of(&places);
        let keys: HashSet<&str> =
            places.iter().map(|place| self.observations[*place].key()).collect();
        let difference = self.compare_with_advice(&received, &keys);
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

    /// The despatch advice that shares the most items with what passed; the first of equals.
    ///
    /// - `received`: the items that passed, as URIs; `passed`: the same as keys.
    fn compare_with_advice(
        &self,
        received: &[String],
        passed: &HashSet<&str>,
    ) -> Option<Difference> {
        let keys_of = |advice: &Advice| -> HashSet<String> {
            advice.epcs.iter().map(|epc| epc::thing_key(epc)).collect()
        };
        let overlap = |announced: &HashSet<String>| {
            announced.iter().filter(|key| passed.contains(key.as_str())).count()
        };
        let advices = self.facts.advices.iter().map(|advice| (advice, keys_of(advice)));
        let advices: Vec<(&Advice, HashSet<String>)> = advices.collect();
        let (best, announced) =
            advices.iter().rev().max_by_key(|(_, announced)| overlap(announced))?;
        if overlap(announced) == 0 {
            return None;
        }
        let is_missing = |epc: &&String| {
            let key = epc::thing_key(epc);
            !passed.contains(key.as_str()) && !self.facts.last_records.contains_key(&key)
        };
        let is_unexpected = |epc: &&String| !announced.contains(&epc::thing_key(epc));
        Some(Difference {
            despatch_advice: best.reference.clone(),
            shipped_by: best.shipped_by.clone(),
            announced: announced.len(),
            received: received.len(),
            missing: best.epcs.iter().filter(is_missing).cloned().collect(),
            unexpected: received.iter().filter(is_unexpected).cloned().collect(),
        })
    }

    fn observe(&mut self, rule: &'a Rule, kind: &Kind, step: &str, disposition: Option<&str>) {
        let places = self.select(rule, kind);
        if places.is_empty() {
            return;
        }
        let uris = self.uris_of(&places);
        let event =
            self.frame(rule, &places).object_event("OBSERVE", step, disposition, &uris, vec![]);
        self.conclude(rule, &places, event, None);
    }

    /// Gathers what no rule accepted, and known gaps, into one refusal per reason.
    fn finish(mut self) -> Interpretation {
        let covered: HashSet<&str> =
            self.accepted.iter().map(|place| self.observations[*place].key()).collect();
        let moved: HashSet<&str> =
            self.delivery.movements.iter().map(|step| step.epc_hex.as_str()).collect();
        for (place, named) in self.observations.iter().enumerate() {
            let hex = &named.observation.epc_hex;
            // By key, not by place: a second tag of the same number is covered by the first's event.
            if named.item.is_ok() && covered.contains(named.key()) {
                continue;
            }
            match (self.reasons.remove(&place), &named.item) {
                (Some(reason), _) => self.refused.add(reason, hex),
                // The movement that came with the observation is accepted or refused by itself.
                (None, _) if moved.contains(hex.as_str()) => {}
                (None, Err(why)) => self.refused.add_unnamed(why, hex),
                (None, Ok(_)) => {
                    let detail = "no rule of this read point accepts this kind of item".to_owned();
                    self.refused.add(("no-rule", detail), hex);
                }
            }
        }
        self.refuse_readings();
        self.refuse_gaps();
        self.out.refusals.extend(self.refused.into_refusals());
        self.out
    }

    /// Gaps are part of the record's evidence; where there is no record they become a refusal.
    fn refuse_gaps(&mut self) {
        let delivery = self.delivery;
        if self.out.events.is_empty() && !delivery.gaps.is_empty() {
            let detail =
                format!("missing from a window without events: {}", delivery.gaps.join("; "));
            self.out.refusals.push(Refusal::plain("gap", detail, delivery.gaps.len()));
        }
        // Even if a sensor reported meanwhile: something passed, and no record can name it.
        if delivery.by_barrier && delivery.observations.is_empty() && delivery.movements.is_empty()
        {
            let (opened, closed) = (delivery.opened, delivery.closed);
            let detail = format!(
                "the light barrier was interrupted between {opened} and {closed}, \
                 and no tag was read"
            );
            self.out.refusals.push(Refusal::plain("empty-passage", detail, 1));
        }
    }
}

fn is_of_kind(item: &Item, kind: &Kind) -> bool {
    item.scheme == kind.scheme && kind.filter.is_none_or(|filter| filter == item.filter)
}

/// Why the tag of an observation did not pass here as `rule` demands.
fn not_passed(why: NotPassed, rule: &Rule, observation: &Observation) -> Reason {
    let floor = rule.min_rssi_mean_dbm.unwrap_or_default();
    let direction = match rule.direction {
        Some(Direction::In) => "`in`",
        Some(Direction::Out) => "`out`",
        Some(Direction::Unclear) | None => "`in` or `out`",
    };
    let (code, detail) = match why {
        NotPassed::FewReads => ("stray-few-reads", format!("fewer reads than {}", rule.min_reads)),
        NotPassed::Weak => ("stray-weak", format!("mean RSSI below {floor} dBm")),
        NotPassed::Neighbour => {
            let reader = observation.rival.as_ref().map_or("another", |rival| &rival.reader);
            ("neighbour", format!("nearer to reader {reader}, which read it at the same time"))
        }
        NotPassed::Resident => {
            ("resident", format!("rests at this read point; no movement {direction} was observed"))
        }
        NotPassed::OtherDirection => {
            ("other-direction", format!("moved in another direction than {direction}"))
        }
        NotPassed::DirectionUnclear => (
            "direction-unclear",
            format!("the read point could not determine the direction, expected {direction}"),
        ),
    };
    (code, format!("rule {}: {detail}", rule.id))
}
