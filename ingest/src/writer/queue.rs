//! The queue of a ledger's writer: jobs go in, each sender waits for the answer to its own.

use std::sync::Arc;
use std::thread::JoinHandle;

use sql::Db;
use tokio::sync::{mpsc, oneshot};

use super::commit::Committer;
use super::site_ledger::SiteLedger;
use super::work::{Job, Work};
use crate::compose::Party;
use crate::config::Site;
use crate::metrics::Metrics;
use crate::outcome::Outcome;
use crate::problem::Problem;

/// Longest queue; a sender that finds it full must retry.
const QUEUE: usize = 1024;

/// The way to one ledger's writer. Clones share the queue.
#[derive(Debug, Clone)]
pub struct Writer {
    queue: mpsc::Sender<Job>,
    site: Arc<Site>,
}

impl Writer {
    /// Starts the writer of `ledger` on a thread of its own, within the current runtime. It stops when the last
    /// [`Writer`] is dropped and its queue is empty.
    #[must_use]
    pub fn start(
        db: Db,
        ledger: SiteLedger,
        metrics: Metrics,
        max_jobs: usize,
    ) -> (Self, JoinHandle<()>) {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let site = Arc::clone(&ledger.site);
        let committer = Committer::new(db, ledger, metrics);
        // A thread of its own: hashing and signing do not delay the answers of other ledgers.
        let runtime = tokio::runtime::Handle::current();
        let thread =
            std::thread::spawn(move || runtime.block_on(committer.run(jobs, max_jobs.max(1))));
        (Self { queue, site }, thread)
    }

    /// Whose ledger it writes.
    #[must_use]
    pub fn party(&self) -> &Party {
        &self.site.party
    }

    /// Hands in work and waits until it is durable.
    ///
    /// # Errors
    ///
    /// [`Problem::Unavailable`] when the queue is full or the database is not available; the sender retries.
    pub async fn submit(&self, work: Work) -> Result<Outcome, Problem> {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Job { work, answer }).map_err(|_| Problem::Unavailable)?;
        answered.await.unwrap_or(Err(Problem::Unavailable))
    }
}
