//! The queue of a ledger's writer: jobs go in, each sender waits for the answer to its own.

use std::sync::Arc;
use std::thread::JoinHandle;

use sql::{Db, LedgerId};
use tokio::sync::{mpsc, oneshot};

use super::batch::Batches;
use super::prepare::prepare;
use super::prepare_long::{self, LongDocument};
use super::site_ledger::SiteLedger;
use super::work::{Job, Ready, Work};
use crate::compose::Party;
use crate::document::StatedDocument;
use crate::metrics::Metrics;
use crate::outcome::Outcome;
use crate::problem::Problem;
use crate::statement::ErrorBehaviour;

/// Longest queue; a sender that finds it full must retry.
const QUEUE: usize = 1024;

/// The way to one ledger's writer. Clones share the queue.
#[derive(Debug, Clone)]
pub struct Writer {
    queue: mpsc::Sender<Job>,
    ledger: SiteLedger,
}

impl Writer {
    /// Starts the writer of `ledger` on a thread of its own, within the current runtime. It stops when the last
    /// [`Writer`] is dropped and its queue is empty.
    ///
    /// - `most_jobs`: most jobs of one commit.
    #[must_use]
    pub fn start(
        db: Db,
        ledger: SiteLedger,
        metrics: Metrics,
        most_jobs: usize,
    ) -> (Self, JoinHandle<()>) {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let batches = Batches::new(db, ledger.clone(), metrics, most_jobs.max(1), jobs);
        // A thread of its own: hashing and signing do not delay the answers of other ledgers.
        let runtime = tokio::runtime::Handle::current();
        let thread = std::thread::spawn(move || runtime.block_on(batches.run()));
        (Self { queue, ledger }, thread)
    }

    /// Whose ledger it writes.
    #[must_use]
    pub fn party(&self) -> &Party {
        &self.ledger.site.party
    }

    /// Prepares work; call it on a thread that may be kept busy.
    #[must_use]
    pub fn prepare(&self, work: Work) -> Ready {
        prepare(&self.ledger, work)
    }

    /// Checks the events of a long document from the place `from` on, as of this moment; call it on a thread that may be
    /// kept busy.
    ///
    /// - `of`: name of the partner, and SHA-256 of the document.
    #[must_use]
    pub fn check(
        &self,
        of: (String, ledger::Hash),
        document: Arc<StatedDocument>,
        behaviour: ErrorBehaviour,
        from: usize,
    ) -> LongDocument {
        prepare_long::check(&self.ledger, of, document, behaviour, from)
    }

    /// Prepares the part of a long document that begins with the event `first`; call it on a thread that may be kept busy.
    #[must_use]
    pub fn prepare_part(&self, long: &LongDocument, first: usize) -> Ready {
        prepare_long::prepare_part(&self.ledger, long, first)
    }

    /// The number of the ledger that it writes, and its origin.
    #[must_use]
    pub fn ledger(&self) -> (LedgerId, &str) {
        (self.ledger.id, &self.ledger.site.origin)
    }

    /// Hands in prepared work and waits until it is durable.
    ///
    /// # Errors
    ///
    /// [`Problem::Unavailable`] when the queue is full or the database is not available; the sender retries.
    /// [`Problem::Malformed`] and [`Problem::NumberTaken`] when it is refused.
    pub async fn submit(&self, ready: Ready) -> Result<Outcome, Problem> {
        let (answer, answered) = oneshot::channel();
        let weight = ready.weight();
        self.queue.try_send(Job { ready, weight, answer }).map_err(|_| Problem::Unavailable)?;
        answered.await.unwrap_or(Err(Problem::Unavailable))
    }
}
