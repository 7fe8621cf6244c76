//! Does all of the work that needs neither the ledger's size nor the database: checks, records, salts, digests.
//!
//! What holds: it runs on the threads of the handlers, so many documents are prepared at once while one batch is
//! committed; every event is checked with the rights of that moment, and again if the rights have changed when its batch
//! is sequenced ([`renewed`]).
//!
//! Not here: the place of a record and what depends on it (`sequence.rs`).

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use ledger::record::{Record, Secret};
use process::Randomness;
use sql::ledgers::Entry;

use super::site_ledger::SiteLedger;
use super::work::{Announced, Made, Ready, ReadyCapture, ReadyDelivery, ReadyRecord, Work};
use crate::facts::{Needs, last_record};
use crate::rules::interpret::without_future;
use crate::statement::StatedEvent;
use crate::terms::{self, Fault, Terms};

/// Prepares work for `ledger`.
pub(super) fn prepare(ledger: &SiteLedger, work: Work) -> Ready {
    let at = ledger.context.clock.now();
    match work {
        Work::Delivery { delivery, body, signature } => {
            let (believed, ahead) = without_future(&delivery, terms::latest(at));
            let needs = ledger.site.rules.as_ref().map(|rules| Needs::of(rules, &believed));
            let believed = match believed {
                Cow::Borrowed(_) => None,
                Cow::Owned(believed) => Some(believed),
            };
            Ready::Delivery(Box::new(ReadyDelivery {
                believed,
                body_sha256: ledger::hash::sha256(body.as_bytes()),
                body,
                signature,
                at,
                ahead,
                needs: needs.unwrap_or_default(),
                delivery,
            }))
        }
        Work::Capture { capture, partner, document_sha256, document, behaviour } => {
            let mut ready = ReadyCapture {
                capture,
                partner,
                sha256: document_sha256,
                behaviour,
                at,
                document,
                part: None,
                rights: Arc::clone(&ledger.terms.rights.borrow()),
                made: Vec::new(),
            };
            ready.made = made_of(ledger, &ready, at);
            Ready::Capture(Box::new(ready))
        }
    }
}

/// The events of a document made again, if the rights have changed since they were made; none if they have not, and none
/// for a part of a long document, which was judged before its first part.
pub(super) fn renewed(
    ledger: &SiteLedger,
    capture: &ReadyCapture,
) -> Option<Vec<Result<Made, Fault>>> {
    let is_same = Arc::ptr_eq(&capture.rights, &ledger.terms.rights.borrow());
    (!is_same && capture.part.is_none())
        .then(|| made_of(ledger, capture, ledger.context.clock.now()))
}

fn made_of(ledger: &SiteLedger, capture: &ReadyCapture, at: Timestamp) -> Vec<Result<Made, Fault>> {
    let digest = capture.sha256.to_string();
    let source = (capture.partner.as_str(), digest.as_str());
    let events = (0..capture.document.len()).filter_map(|place| capture.document.event(place));
    events.map(|event| made(ledger, &ledger.terms, event, at, source)).collect()
}

/// Checks an event and makes its record.
pub(super) fn made(
    ledger: &SiteLedger,
    terms: &Terms,
    event: StatedEvent,
    at: Timestamp,
    source: (&str, &str),
) -> Result<Made, Fault> {
    let announced = event.event.as_ref().map(|event| announced_by(ledger, event));
    let announced = announced.unwrap_or_default();
    let record = event.record(terms, &ledger.site.party, at, source)?;
    Ok(Made { record: ready_record(&record, &ledger.context.random), announced })
}

/// Commits to a record with a fresh secret.
pub(super) fn ready_record(record: &Record, random: &Randomness) -> ReadyRecord {
    let secret = fresh_secret(random);
    let things: Vec<String> = record.names().iter().map(|name| epc::thing_key(name)).collect();
    let keys: BTreeSet<i64> = things.iter().map(|thing| sql::items::key_of_thing(thing)).collect();
    ReadyRecord {
        entry: Entry {
            text: record.text().into(),
            secret: Some(secret),
            leaf_hash: record.leaf_hash(&secret),
        },
        keys: keys.into_iter().collect(),
        things,
        last: last_record(record),
    }
}

/// A secret for the salts of one record.
///
/// # Panics
///
/// If the operating system gives no random bytes.
fn fresh_secret(random: &Randomness) -> Secret {
    let mut secret = Secret::default();
    random.source().fill(&mut secret).expect("the operating system gives random bytes");
    secret
}

/// What a shipping event with a despatch advice announces to the sites of this installation.
fn announced_by(ledger: &SiteLedger, event: &epcis::Event) -> Vec<Announced> {
    if event.biz_step().as_deref() != Some("https://ref.gs1.org/cbv/BizStep-shipping") {
        return Vec::new();
    }
    let mut announced = Vec::new();
    for (kind, reference) in event.biz_transactions() {
        if kind.as_deref() != Some("https://ref.gs1.org/cbv/BTT-desadv") {
            continue;
        }
        for (_, destination) in event.destinations() {
            let Some(receiver) = ledger.destinations.get(&epc::thing_key(&destination)) else {
                continue;
            };
            let epcs = event.epc_list();
            announced.push(Announced {
                receiver: *receiver,
                destination,
                reference: reference.clone(),
                things: epcs.iter().map(|item| epc::thing_key(item)).collect(),
                epcs,
            });
        }
    }
    announced
}
