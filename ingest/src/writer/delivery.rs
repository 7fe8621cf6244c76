//! Prepares a bridge's delivery: what its site's rules conclude becomes records, what they do not is refused.
//!
//! What holds: all of it happens in the batch's transaction; the delivery is stored with the answer that it gets, so
//! that a redelivery gets the same one.
//!
//! Not here: the rules ([`crate::rules`]), the form of a record ([`crate::compose`]).

use jiff::Timestamp;
use reads::Delivery;
use sql::Transaction;
use sql::deliveries::NewDelivery;
use sql::expected::NewDifference;
use sql::refusals::NewRefusal;

use super::draft::Draft;
use super::number::answer_again;
use super::sequence::fresh_secret;
use super::site_ledger::SiteLedger;
use super::work::BridgeSignature;
use crate::compose::{Source, compose};
use crate::excerpt::excerpt;
use crate::facts::gather;
use crate::outcome::{Outcome, RefusalAnswer};
use crate::problem::Problem;
use crate::rules::SiteRules;
use crate::rules::interpret::{Concluded, Difference, Refusal, interpret, without_future};
use crate::terms;

/// One delivery on its way into the draft.
struct Intake<'a> {
    delivery: &'a Delivery,
    body_sha256: ledger::Hash,
    signature: &'a BridgeSignature,
    /// When this ledger accepted it.
    now: Timestamp,
    outcome: Outcome,
    /// Code, detail, and how many observations, movements or readings.
    refusals: Vec<(&'static str, String, u64)>,
}

/// Adds a delivery to the draft and stores it, or answers one whose number was used before.
pub(super) async fn prepare(
    ledger: &SiteLedger,
    tx: &Transaction<'_>,
    draft: &mut Draft,
    delivery: &Delivery,
    body: &str,
    signature: &BridgeSignature,
) -> Result<Result<Outcome, Problem>, sql::Error> {
    let (bridge, boot, seq) = (&delivery.bridge, delivery.boot, delivery.seq);
    let clock = &ledger.context.clock;
    if let Some(stored) = sql::deliveries::outcome(tx, bridge, boot, seq).await? {
        return answer_again(tx, delivery, body, &stored, clock.now()).await;
    }
    let mut intake = Intake {
        delivery,
        body_sha256: ledger::hash::sha256(body.as_bytes()),
        signature,
        now: clock.now(),
        outcome: Outcome::empty(&ledger.site.origin),
        refusals: Vec::new(),
    };
    if let Some(rules) = &ledger.site.rules {
        apply_rules(ledger, tx, draft, rules, &mut intake).await?;
    } else {
        let count = delivery.observations.len() + delivery.movements.len() + delivery.sensors.len();
        let count = count.max(1) as u64;
        intake.refusals.push(("no-rules", "this ledger has no site rules".to_owned(), count));
    }
    draft.observations += delivery.observations.len() as u64;
    store_refusals(tx, body, &mut intake).await?;
    let mut outcome = intake.outcome;
    outcome.outcome = match (outcome.indexes.is_empty(), outcome.refusals.is_empty()) {
        (false, _) => "recorded".to_owned(),
        (true, false) => "refused".to_owned(),
        (true, true) => "empty".to_owned(),
    };
    outcome.size = draft.frontier.size();
    let text = outcome.to_text();
    let stored = NewDelivery {
        bridge,
        boot,
        seq,
        ledger: ledger.id,
        body,
        signature: &signature.text,
        outcome: &text,
        received_at: clock.now(),
    };
    sql::deliveries::insert(tx, &stored).await?;
    Ok(Ok(outcome))
}

/// Interprets the delivery: records into the draft, differences and sensor states into the tables.
async fn apply_rules(
    ledger: &SiteLedger,
    tx: &Transaction<'_>,
    draft: &mut Draft,
    rules: &SiteRules,
    intake: &mut Intake<'_>,
) -> Result<(), sql::Error> {
    let latest = terms::latest(intake.now);
    let (believed, ahead) = without_future(intake.delivery, latest);
    let facts = gather(tx, ledger.id, rules, &believed, latest, &draft.pending).await?;
    let found = interpret(rules, &believed, &facts);
    for concluded in &found.events {
        record(ledger, tx, draft, rules, concluded, intake).await?;
    }
    for (rule, sensor, state) in &found.sensors {
        draft.pending.add_sensor(rule, sensor, state);
        let text = serde_json::to_string(state).unwrap_or_default();
        sql::rules::set_state(tx, ledger.id, rule, sensor, &text).await?;
    }
    intake.refusals.extend(ahead.into_iter().chain(found.refusals).map(|refusal| {
        let Refusal { code, mut detail, tags, count } = refusal;
        if !tags.is_empty() {
            detail = format!("{detail}: {}", tags.join(" "));
        }
        (code, detail, count)
    }));
    Ok(())
}

/// Makes one concluded event a record.
async fn record(
    ledger: &SiteLedger,
    tx: &Transaction<'_>,
    draft: &mut Draft,
    rules: &SiteRules,
    concluded: &Concluded,
    intake: &mut Intake<'_>,
) -> Result<(), sql::Error> {
    let body_sha256 = intake.body_sha256.to_string();
    let source = Source::Observed {
        rule: &concluded.rule,
        version: &rules.version,
        delivery: intake.delivery,
        body_sha256: &body_sha256,
        signature: &intake.signature.text,
        bridge_key: &intake.signature.key,
    };
    let party = &ledger.site.party;
    let record = epcis::Event::from_json(concluded.event.clone())
        .map_err(|violations| format!("{violations:?}"))
        .and_then(|event| {
            compose(&event, party, intake.now, &source).map_err(|error| error.to_string())
        });
    match record {
        Ok(record) => {
            let index = draft.add(record, fresh_secret(&ledger.context.random));
            intake.outcome.indexes.push(index);
            if let Some(difference) = &concluded.difference {
                report_difference(ledger, tx, index, difference).await?;
            }
        }
        // A rule produced an invalid event: it is stored, counted and answered, not hidden.
        Err(detail) => intake.refusals.push(("rule-made-no-event", detail, 1)),
    }
    Ok(())
}

/// Stores the refusals and puts them into the answer.
async fn store_refusals(
    tx: &Transaction<'_>,
    body: &str,
    intake: &mut Intake<'_>,
) -> Result<(), sql::Error> {
    let Delivery { bridge, boot, seq, .. } = intake.delivery;
    let source = format!("{bridge}/{boot}/{seq}");
    for (code, detail, count) in std::mem::take(&mut intake.refusals) {
        let refusal = NewRefusal {
            at: intake.now,
            source: &source,
            kind: "observation",
            code,
            detail: &detail,
            body_sha256: &intake.body_sha256,
            excerpt: excerpt(body.as_bytes()),
            count,
        };
        sql::refusals::insert(tx, &refusal).await?;
        intake.outcome.refusals.push(RefusalAnswer { code: code.to_owned(), detail, count });
    }
    Ok(())
}

/// Stores how a receipt differs from its despatch advice.
async fn report_difference(
    ledger: &SiteLedger,
    tx: &Transaction<'_>,
    index: u64,
    difference: &Difference,
) -> Result<(), sql::Error> {
    tracing::info!(
        ledger.origin = ledger.site.origin,
        despatch_advice = difference.despatch_advice,
        announced = difference.announced,
        received = difference.received,
        missing = difference.missing.len(),
        unexpected = difference.unexpected.len(),
        "delivery compared with its despatch advice"
    );
    let stored = NewDifference {
        ledger: ledger.id,
        leaf_index: index,
        despatch_advice: &difference.despatch_advice,
        shipped_by: &difference.shipped_by,
        announced: difference.announced,
        received: difference.received,
        missing: &difference.missing,
        unexpected: &difference.unexpected,
        at: ledger.context.clock.now(),
    };
    sql::expected::insert_difference(tx, &stored).await
}
