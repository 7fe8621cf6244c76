//! Prepares a partner's document: its events become records, and its despatch advices are expected elsewhere.
//!
//! What holds: the document is stored with the answer that it gets, so that the same document gets the same one.

use sql::Transaction;
use sql::captures::NewCapture;
use sql::expected::NewExpected;
use sql::refusals::NewRefusal;

use super::draft::Draft;
use super::sequence::fresh_secret;
use super::site_ledger::SiteLedger;
use crate::compose::{Source, compose};
use crate::excerpt::excerpt;
use crate::outcome::{Outcome, RefusalAnswer};

/// A valid document of an admitted partner.
pub(super) struct Document<'a> {
    pub(super) capture: &'a str,
    pub(super) partner: &'a str,
    pub(super) sha256: &'a ledger::Hash,
    pub(super) events: &'a [epcis::Event],
}

/// Adds a document to the draft and stores it, or answers one that was stored before.
pub(super) async fn prepare(
    ledger: &SiteLedger,
    tx: &Transaction<'_>,
    draft: &mut Draft,
    document: &Document<'_>,
) -> Result<Outcome, sql::Error> {
    let Document { capture, partner, sha256, .. } = document;
    if let Some(text) = sql::captures::outcome_by_document(tx, partner, sha256).await? {
        return Outcome::again(&text);
    }
    let outcome = record_events(ledger, tx, draft, document).await?;
    let text = outcome.to_text();
    let stored = NewCapture {
        capture_id: capture,
        party: partner,
        ledger: ledger.id,
        document_sha256: sha256,
        outcome: &text,
        received_at: ledger.context.clock.now(),
    };
    sql::captures::insert(tx, &stored).await?;
    Ok(outcome)
}

async fn record_events(
    ledger: &SiteLedger,
    tx: &Transaction<'_>,
    draft: &mut Draft,
    document: &Document<'_>,
) -> Result<Outcome, sql::Error> {
    let Document { capture, partner, sha256, events } = document;
    let now = ledger.context.clock.now();
    let mut outcome = Outcome::empty(&ledger.site.origin);
    outcome.capture = Some((*capture).to_owned());
    let digest = sha256.to_string();
    let source = Source::Stated { partner, document_sha256: &digest };
    for (place, event) in events.iter().enumerate() {
        match compose(event, &ledger.site.party, now, &source) {
            Ok(record) => {
                let index = draft.add(record, fresh_secret(&ledger.context.random));
                outcome.indexes.push(index);
                expect_delivery(ledger, tx, index, event).await?;
            }
            Err(error) => {
                let (code, detail) = ("not-a-record", format!("event {place}: {error}"));
                let body = event.json().canonical();
                let refusal = NewRefusal {
                    at: now,
                    source: partner,
                    kind: "capture",
                    code,
                    detail: &detail,
                    body_sha256: sha256,
                    excerpt: excerpt(body.as_bytes()),
                    count: 1,
                };
                sql::refusals::insert(tx, &refusal).await?;
                outcome.refusals.push(RefusalAnswer { code: code.to_owned(), detail, count: 1 });
            }
        }
    }
    let word = if outcome.indexes.is_empty() { "refused" } else { "recorded" };
    word.clone_into(&mut outcome.outcome);
    outcome.size = draft.frontier.size();
    Ok(outcome)
}

/// A shipping event with a despatch advice announces to the receiving site what to expect.
async fn expect_delivery(
    ledger: &SiteLedger,
    tx: &Transaction<'_>,
    index: u64,
    event: &epcis::Event,
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
            let Some(receiver) = ledger.destinations.get(&destination) else { continue };
            let expected = NewExpected {
                ledger: *receiver,
                despatch_advice: &reference,
                shipped_by: &ledger.site.party.name,
                epcs: &event.epc_list(),
                recorded_in: ledger.id,
                leaf_index: index,
            };
            sql::expected::insert(tx, &expected).await?;
        }
    }
    Ok(())
}
