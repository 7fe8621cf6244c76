//! Gives a bridge's delivery its place: what its site's rules conclude becomes records, what they do not is refused.
//!
//! What holds: the delivery is stored with the answer that it gets, so that a redelivery gets the same one; a different
//! delivery under a number that was used before is refused.
//!
//! Not here: the rules ([`crate::rules`]), the form of a record ([`crate::compose`]).
//!
//! Source: docs/formats/observation-v1.md, section "Answers".

use ledger::Hash;

use super::draft::{DifferenceRow, Draft, RefusalRow};
use super::look_up::{LookedUp, Taken, again};
use super::prepare::ready_record;
use super::site_ledger::SiteLedger;
use super::work::ReadyDelivery;
use crate::compose::{Source, compose};
use crate::excerpt::excerpt;
use crate::facts::facts;
use crate::outcome::{Outcome, RefusalAnswer};
use crate::problem::Problem;
use crate::rules::SiteRules;
use crate::rules::interpret::{Concluded, Refusal, interpret};
use crate::terms;

/// Code of a delivery whose number another one has.
pub(super) const NUMBER_TAKEN: &str = "number-taken";

/// What a delivery was refused for: code, detail, and how many observations, movements or readings.
type Refusals = Vec<(&'static str, String, u64)>;

/// Adds a delivery whose number is new to the draft.
pub(super) fn sequence(
    ledger: &SiteLedger,
    draft: &mut Draft,
    looked_up: &LookedUp,
    place: usize,
    ready: &ReadyDelivery,
) -> Outcome {
    let delivery = &ready.delivery;
    let mut outcome = Outcome::empty(&ledger.site.origin);
    let mut refusals: Refusals = Vec::new();
    if let Some(rules) = &ledger.site.rules {
        apply_rules(ledger, draft, rules, (looked_up, place), ready, (&mut outcome, &mut refusals));
    } else {
        let count = delivery.observations.len() + delivery.movements.len() + delivery.sensors.len();
        let count = count.max(1) as u64;
        refusals.push(("no-rules", "this ledger has no site rules".to_owned(), count));
    }
    draft.observations += delivery.observations.len() as u64;
    let source = format!("{}/{}/{}", delivery.bridge, delivery.boot, delivery.seq);
    for (code, detail, count) in refusals {
        refuse(draft, ready, ("observation", &source), code, &detail, count);
        outcome.refusals.push(RefusalAnswer { code: code.to_owned(), detail, count });
    }
    outcome.outcome = match (outcome.indexes.is_empty(), outcome.refusals.is_empty()) {
        (false, _) => "recorded".to_owned(),
        (true, false) => "refused".to_owned(),
        (true, true) => "empty".to_owned(),
    };
    outcome.size = draft.size();
    outcome
}

/// Interprets the delivery: records, differences and sensor states into the draft.
fn apply_rules(
    ledger: &SiteLedger,
    draft: &mut Draft,
    rules: &SiteRules,
    (looked_up, place): (&LookedUp, usize),
    ready: &ReadyDelivery,
    (outcome, refusals): (&mut Outcome, &mut Refusals),
) {
    let believed = ready.believed.as_ref().unwrap_or(&ready.delivery);
    let place = looked_up.places.get(&place).copied().unwrap_or_default();
    let latest = terms::latest(ready.at);
    let pending = [&draft.pending, &*draft.earlier];
    let facts = facts(ledger.id, (place, &ready.needs), &looked_up.known, pending, latest);
    let found = interpret(rules, believed, &facts);
    for concluded in &found.events {
        record(ledger, draft, rules, concluded, ready, (outcome, refusals));
    }
    for (rule, sensor, state) in &found.sensors {
        let key = (rule.clone(), sensor.clone());
        let text = serde_json::to_string(state).unwrap_or_default();
        draft.pending.add_sensor(key.clone(), state.clone());
        draft.states.insert(key, text);
    }
    refusals.extend(ready.ahead.iter().cloned().chain(found.refusals).map(|refusal| {
        let Refusal { code, mut detail, tags, count } = refusal;
        if !tags.is_empty() {
            detail = format!("{detail}: {}", tags.join(" "));
        }
        (code, detail, count)
    }));
}

/// Makes one concluded event a record.
fn record(
    ledger: &SiteLedger,
    draft: &mut Draft,
    rules: &SiteRules,
    concluded: &Concluded,
    ready: &ReadyDelivery,
    (outcome, refusals): (&mut Outcome, &mut Refusals),
) {
    let body_sha256 = ready.body_sha256.to_string();
    let source = Source::Observed {
        rule: &concluded.rule,
        version: &rules.version,
        delivery: &ready.delivery,
        body_sha256: &body_sha256,
        signature: &ready.signature.text,
        bridge_key: &ready.signature.key,
    };
    let party = &ledger.site.party;
    let record = epcis::Event::from_json(concluded.event.clone())
        .map_err(|violations| format!("{violations:?}"))
        .and_then(|event| {
            compose(event, party, ready.at, &source).map_err(|error| error.to_string())
        });
    match record {
        Ok(record) => {
            let index = draft.add(ready_record(&record, &ledger.context.random));
            outcome.indexes.push(index);
            if let Some(difference) = &concluded.difference {
                tracing::info!(
                    ledger.origin = ledger.site.origin,
                    despatch_advice = difference.despatch_advice,
                    announced = difference.announced,
                    received = difference.received,
                    missing = difference.missing.len(),
                    unexpected = difference.unexpected.len(),
                    "delivery compared with its despatch advice"
                );
                let at = ledger.context.clock.now();
                draft.differences.push(DifferenceRow { difference: difference.clone(), index, at });
            }
        }
        // A rule produced an invalid event: it is stored, counted and answered, not hidden.
        Err(detail) => refusals.push(("rule-made-no-event", detail, 1)),
    }
}

/// Answers a delivery whose number was used before: with the stored answer if the body is the same, else with a
/// refusal.
///
/// - `stored`: the answer that was given, and the digest of the body that it was given to.
pub(super) fn answer_again(
    draft: &mut Draft,
    ready: &ReadyDelivery,
    (answer, body_sha256): &(String, Hash),
) -> Result<Taken, Problem> {
    if ready.body_sha256 == *body_sha256 {
        return again(answer).map(Taken::Again);
    }
    let (bridge, boot, seq) = ready.number();
    let detail = format!(
        "bridge {bridge} boot {boot} sequence {seq} is already used by a different delivery: two bridges share one \
         id, or a spool file was replaced; send it under an unused number"
    );
    refuse(draft, ready, ("delivery", &bridge), NUMBER_TAKEN, &detail, 1);
    tracing::warn!(bridge, boot, seq, "delivery number already used by another delivery");
    Err(Problem::NumberTaken(detail))
}

/// Adds a refusal of `count` things of a delivery.
fn refuse(
    draft: &mut Draft,
    ready: &ReadyDelivery,
    (kind, source): (&'static str, &str),
    code: &'static str,
    detail: &str,
    count: u64,
) {
    draft.refusals.push(RefusalRow {
        at: ready.at,
        source: source.to_owned(),
        kind,
        code,
        detail: detail.to_owned(),
        body_sha256: ready.body_sha256,
        excerpt: excerpt(ready.body.as_bytes()).to_vec(),
        count,
    });
}
