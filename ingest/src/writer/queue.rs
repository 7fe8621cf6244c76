//! The queue of a ledger's writer: jobs go in, each sender waits for the answer to its own.

use std::thread::JoinHandle;

use sql::Db;
use tokio::sync::{mpsc, oneshot};

use super::batch::Batches;
use super::prepare::prepare;
use super::site_ledger::SiteLedger;
use super::work::{Job, Ready, Work};
use crate::compose::Party;
use crate::metrics::Metrics;
use crate::outcome::Outcome;
use crate::problem::Problem;

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
