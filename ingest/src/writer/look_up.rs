//! Asks the database for all that a batch needs, and keeps what was answered before.
//!
//! What holds: a fixed number of round trips, whatever is in the batch.
//!
//! Not here: what follows from it (`sequence.rs`), the facts themselves ([`crate::facts`]).

use std::collections::HashMap;
use std::sync::Arc;

use ledger::Hash;
use ledger::tree::Frontier;
use sql::Db;

use super::site_ledger::SiteLedger;
use super::work::{Job, Ready, ReadyCapture, ReadyDelivery};
use crate::facts::{Known, Needs, PendingAdvice, PendingFacts};
use crate::outcome::Outcome;
use crate::problem::Problem;

/// The number of a delivery: bridge, boot, sequence.
pub(super) type Number = (String, u64, u64);

/// Answers that were given, and to what.
#[derive(Debug, Clone, Default)]
pub(super) struct Answers {
    /// By number: the answer, JSON, and the digest of the body.
    deliveries: HashMap<Number, (String, Hash)>,
    /// By partner and digest of the document: the answer, JSON.
    captures: HashMap<(String, Hash), String>,
}

impl Answers {
    pub(super) fn delivery(&self, one: &ReadyDelivery) -> Option<&(String, Hash)> {
        self.deliveries.get(&one.number())
    }

    pub(super) fn capture(&self, one: &ReadyCapture) -> Option<&String> {
        self.captures.get(&(one.partner.clone(), one.sha256))
    }

    /// Adds the answer to a job.
    pub(super) fn add(&mut self, ready: &Ready, text: &str) {
        match ready {
            Ready::Delivery(one) => {
                self.deliveries.insert(one.number(), (text.to_owned(), one.body_sha256));
            }
            Ready::Capture(one) => {
                self.captures.insert((one.partner.clone(), one.sha256), text.to_owned());
            }
        }
    }
}

impl ReadyDelivery {
    pub(super) fn number(&self) -> Number {
        (self.delivery.bridge.clone(), self.delivery.boot, self.delivery.seq)
    }
}

/// A batch that is about to be committed, as the next one must see it.
#[derive(Debug, Clone, Default)]
pub(super) struct InFlight {
    /// Its tree.
    pub(super) frontier: Frontier,
    pub(super) pending: Arc<PendingFacts>,
    pub(super) answers: Arc<Answers>,
}

/// What the tables say of a batch.
pub(super) struct LookedUp {
    pub(super) answers: Answers,
    pub(super) known: Known,
    /// What partners announced before, by receiver and reference: what each advice of the batch is compared with.
    pub(super) before: HashMap<(sql::LedgerId, String), Vec<String>>,
    /// Place in `known` of each job that is a delivery.
    pub(super) places: HashMap<usize, usize>,
}

/// Asks for all that a batch needs; a fixed number of round trips, whatever is in it.
pub(super) async fn look_up(
    db: &Db,
    ledger: &SiteLedger,
    jobs: &[Job],
    before: &PendingFacts,
) -> Result<LookedUp, sql::Error> {
    let connection = &db.connection().await?;
    let deliveries: Vec<(usize, &ReadyDelivery)> = jobs
        .iter()
        .enumerate()
        .filter_map(|(place, job)| match &job.ready {
            Ready::Delivery(one) => Some((place, &**one)),
            Ready::Capture(_) => None,
        })
        .collect();
    let captures: Vec<&ReadyCapture> = jobs
        .iter()
        .filter_map(|job| match &job.ready {
            Ready::Capture(one) => Some(&**one),
            Ready::Delivery(_) => None,
        })
        .collect();
    let numbers: Vec<(&str, u64, u64)> = deliveries
        .iter()
        .map(|(_, one)| (one.delivery.bridge.as_str(), one.delivery.boot, one.delivery.seq))
        .collect();
    let documents: Vec<(&str, &Hash)> =
        captures.iter().map(|one| (one.partner.as_str(), &one.sha256)).collect();
    let needs: Vec<&Needs> = deliveries.iter().map(|(_, one)| &one.needs).collect();
    let announced: Vec<_> = captures.iter().flat_map(|one| one.announced()).collect();
    let advised: Vec<PendingAdvice> =
        announced.iter().map(|one| one.pending(&ledger.site.party.name)).collect();
    let advised: Vec<&PendingAdvice> = advised.iter().chain(before.advices()).collect();
    let earlier = announced.iter().map(|one| async move {
        let by = &ledger.site.party.name;
        let found =
            sql::expected::announced(connection, one.receiver, by, &one.reference, ledger.id);
        let latest = found.await?.into_iter().next();
        Ok(latest.map(|epcs| ((one.receiver, one.reference.clone()), epcs)))
    });
    let (answered, recorded, known, earlier) = futures::try_join!(
        sql::deliveries::outcomes(connection, &numbers),
        sql::captures::outcomes(connection, &documents),
        Known::look_up(connection, ledger.id, &needs, &advised),
        futures::future::try_join_all(earlier),
    )?;
    let mut answers = Answers::default();
    for one in answered {
        if let Some((_, delivery)) = deliveries.get(one.place) {
            answers.deliveries.insert(delivery.number(), (one.outcome, one.body_sha256));
        }
    }
    for (place, outcome) in recorded {
        if let Some(capture) = captures.get(place) {
            answers.captures.insert((capture.partner.clone(), capture.sha256), outcome);
        }
    }
    let places = deliveries.iter().enumerate().map(|(known, (job, _))| (*job, known)).collect();
    Ok(LookedUp { answers, known, before: earlier.into_iter().flatten().collect(), places })
}

/// Whether an answer is new, and then to be stored.
pub(super) enum Taken {
    New(Outcome),
    Again(Outcome),
}

/// A stored answer, given again.
pub(super) fn again(text: &str) -> Result<Outcome, Problem> {
    Outcome::again(text).map_err(Problem::from)
}
