//! Prepares a partner's document: its events become records, and its despatch advices are expected elsewhere.
//!
//! What holds:
//!
//! - every event is checked again here, at the time of the commit and with the rights of that moment;
//! - of a document that is to be taken whole, either all events are recorded or none;
//! - the document is stored with the answer that it gets, so that the same document gets the same one; a document of
//!   which nothing was recorded is not, so that it can be sent again when what it was refused for has changed.

use std::collections::HashSet;

use ledger::record::Record;
use sql::Transaction;
use sql::captures::NewCapture;
use sql::expected::NewExpected;
use sql::refusals::NewRefusal;

use super::draft::Draft;
use super::sequence::fresh_secret;
use super::site_ledger::SiteLedger;
use crate::excerpt::excerpt;
use crate::outcome::{Outcome, RefusalAnswer};
use crate::problem::Problem;
use crate::statement::{ErrorBehaviour, StatedEvent, WholeRefusal, detail_of, whole_refusal};
use crate::terms::Fault;

/// Most refused events that an answer lists one by one.
const MOST_LISTED: usize = 1000;

/// A document of an admitted partner.
pub(super) struct Document<'a> {
    pub(super) capture: &'a str,
    pub(super) partner: &'a str,
    pub(super) sha256: &'a ledger::Hash,
    pub(super) events: &'a [StatedEvent],
    pub(super) behaviour: ErrorBehaviour,
}

/// Adds a document to the draft and stores it, or answers one that was stored before, or refuses it.
pub(super) async fn prepare(
    ledger: &SiteLedger,
    tx: &Transaction<'_>,
    draft: &mut Draft,
    document: &Document<'_>,
) -> Result<Result<Outcome, Problem>, sql::Error> {
    let Document { capture, partner, sha256, events, behaviour } = document;
    if let Some(text) = sql::captures::outcome_by_document(tx, partner, sha256).await? {
        return Outcome::again(&text).map(Ok);
    }
    let now = ledger.context.clock.now();
    let digest = sha256.to_string();
    let made: Vec<Result<Record, Fault>> = events
        .iter()
        .map(|event| event.record(&ledger.terms, &ledger.site.party, now, (*partner, &digest)))
        .collect();
    let is_any_valid = made.iter().any(Result::is_ok);
    let is_all_valid = made.iter().all(Result::is_ok);
    if !is_any_valid || (*behaviour == ErrorBehaviour::Rollback && !is_all_valid) {
        let faults: Vec<Fault> = made.into_iter().filter_map(Result::err).collect();
        let refusal = whole_refusal(&faults);
        store(ledger, tx, document, refusal.code, &refusal.detail, refusal.count).await?;
        draft.refused_documents.push((refusal.code, refusal.count));
        return Ok(Err(refusal.to_problem()));
    }
    let mut outcome = Outcome::empty(&ledger.site.origin);
    outcome.capture = Some((*capture).to_owned());
    outcome.behaviour = Some(behaviour.word().to_owned());
    "recorded".clone_into(&mut outcome.outcome);
    record_events(ledger, tx, draft, document, made, &mut outcome).await?;
    outcome.size = draft.frontier.size();
    let text = outcome.to_text();
    let stored = NewCapture {
        capture_id: capture,
        party: partner,
        ledger: ledger.id,
        document_sha256: sha256,
        outcome: &text,
        received_at: now,
    };
    sql::captures::insert(tx, &stored).await?;
    Ok(Ok(outcome))
}

/// Adds the valid events to the draft, and stores and lists the others.
async fn record_events(
    ledger: &SiteLedger,
    tx: &Transaction<'_>,
    draft: &mut Draft,
    document: &Document<'_>,
    made: Vec<Result<Record, Fault>>,
    outcome: &mut Outcome,
) -> Result<(), sql::Error> {
    let mut faults = Vec::new();
    for (place, (stated, made)) in document.events.iter().zip(made).enumerate() {
        match made {
            Ok(record) => {
                let index = draft.add(record, fresh_secret(&ledger.context.random));
                outcome.indexes.push(index);
                if let Ok(event) = &stated.event {
                    expect_delivery(ledger, tx, index, event, &mut outcome.notes).await?;
                }
            }
            Err(fault) => faults.push((place, fault)),
        }
    }
    for (place, fault) in faults.iter().take(MOST_LISTED) {
        let detail = format!("event {place}: {}", detail_of(fault));
        outcome.refusals.push(RefusalAnswer { code: fault.code.to_owned(), detail, count: 1 });
    }
    let rest: Vec<Fault> =
        faults.iter().skip(MOST_LISTED).map(|(_, fault)| fault.clone()).collect();
    if !rest.is_empty() {
        let WholeRefusal { code, detail, count, .. } = whole_refusal(&rest);
        let detail = format!("{count} more events, the first: {detail}");
        outcome.refusals.push(RefusalAnswer { code: code.to_owned(), detail, count });
    }
    // One row for a document: its sender is known, and its answer names each event.
    if let Some((_, first)) = faults.first() {
        let detail = format!("{} events refused, the first: {}", faults.len(), detail_of(first));
        store(ledger, tx, document, first.code, &detail, faults.len() as u64).await?;
    }
    Ok(())
}

/// Stores the refusal of `count` events of a document.
async fn store(
    ledger: &SiteLedger,
    tx: &Transaction<'_>,
    document: &Document<'_>,
    code: &'static str,
    detail: &str,
    count: u64,
) -> Result<(), sql::Error> {
    let refused = document.events.iter().find(|one| one.check(&ledger.terms).is_err());
    let body = refused.and_then(|one| one.event.as_ref().ok());
    let body = body.map(|event| event.json().canonical()).unwrap_or_default();
    let refusal = NewRefusal {
        at: ledger.context.clock.now(),
        source: document.partner,
        kind: "capture",
        code,
        detail,
        body_sha256: document.sha256,
        excerpt: excerpt(body.as_bytes()),
        count,
    };
    sql::refusals::insert(tx, &refusal).await
}

/// A shipping event with a despatch advice announces to the receiving site what to expect.
async fn expect_delivery(
    ledger: &SiteLedger,
    tx: &Transaction<'_>,
    index: u64,
    event: &epcis::Event,
    notes: &mut Vec<String>,
) -> Result<(), sql::Error> {
    if event.biz_step().as_deref() != Some("https://ref.gs1.org/cbv/BizStep-shipping") {
        return Ok(());
    }
    let advices = event
        .biz_transactions()
        .into_iter()
        .filter(|(kind, _)| kind.as_deref() == Some("https://ref.gs1.org/cbv/BTT-desadv"));
    for (_, reference) in advices {
        for (_, destination) in event.destinations() {
            let Some(receiver) = ledger.destinations.get(&epc::thing_key(&destination)) else {
                continue;
            };
            let shipped_by = &ledger.site.party.name;
            let before =
                sql::expected::announced(tx, *receiver, shipped_by, &reference, ledger.id).await?;
            let epcs = event.epc_list();
            notes.extend(before.first().and_then(|before| {
                let (more, less) = compare(&epcs, before)?;
                Some(format!(
                    "despatch advice {reference} to {destination} was announced before with other items: now {more} \
                     more and {less} fewer; both are kept"
                ))
            }));
            let expected = NewExpected {
                ledger: *receiver,
                despatch_advice: &reference,
                shipped_by,
                epcs: &epcs,
                recorded_in: ledger.id,
                leaf_index: index,
            };
            sql::expected::insert(tx, &expected).await?;
        }
    }
    Ok(())
}

/// How many things of `now` are not in `before`, and the other way round; `None` if they are the same.
fn compare(now: &[String], before: &[String]) -> Option<(usize, usize)> {
    let keys = |list: &[String]| -> HashSet<String> {
        list.iter().map(|item| epc::thing_key(item)).collect()
    };
    let (now, before) = (keys(now), keys(before));
    let (more, less) = (now.difference(&before).count(), before.difference(&now).count());
    (more + less > 0).then_some((more, less))
}
