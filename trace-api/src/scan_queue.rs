//! Stores scans in groups: many requests wait for one statement, and each is answered after it.
//!
//! The way through: a request takes a [`Slot`] before it asks the database anything, and gives its scan to the slot when
//! it has a verdict. The writer takes what waits, stores it ([`sql::scans::insert`]), and answers.
//!
//! What holds:
//!
//! - a scan is durable before its request is answered; the queue is bounded by its slots, so a full one refuses a request
//!   before any work was done for it;
//! - a scan that comes alone is stored at once; the writer waits only for requests that have a slot and no verdict yet,
//!   and for these a few milliseconds;
//! - a value that the database refuses fails its own scan: the group is divided until that one is alone;
//! - a writer that panics answers the scans of its group and goes on with the next; one that has ended is said by readiness
//!   ([`ScanQueue::is_running`]), and no request waits for it;
//! - [`ScanQueue::finish`] returns when everything that was given to a slot is stored or answered.
//!
//! Not here: what a repeat is (`sql::scans::insert` is told the span), what is counted of scans (the database's triggers).

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use jiff::SignedDuration;
use sql::Db;
use sql::scans::Scan;
use thiserror::Error;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};

use crate::metrics::Metrics;

/// Time within which the same device's scans of an item are one.
pub const REPEATS: SignedDuration = SignedDuration::from_mins(10);
/// Requests that may be under way at once: each holds a slot from its beginning until its scan is stored.
const SLOTS: usize = 1024;
/// Most scans of a group.
const MOST: usize = 256;
/// How long a group waits for requests that are under way.
const WAIT: Duration = Duration::from_millis(2);
/// How long [`ScanQueue::finish`] waits: longer than a statement may take.
const LAST_WAIT: Duration = Duration::from_secs(35);

/// Why a scan was not stored.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotStored {
    /// Too many requests are under way.
    #[error("got more than {SLOTS} scans under way, expected at most that many")]
    Full,
    /// The database does not answer, the writer failed, or the process is stopping.
    #[error("the scan could not be stored: {0}")]
    Unavailable(String),
    /// The database refused it.
    #[error("the scan was refused: {0}")]
    Refused(String),
}

impl NotStored {
    /// Its code in metrics.
    fn code(&self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Unavailable(_) => "unavailable",
            Self::Refused(_) => "refused",
        }
    }

    fn of(error: &sql::Error) -> Self {
        if error.is_unavailable() {
            Self::Unavailable(error.to_string())
        } else {
            Self::Refused(error.to_string())
        }
    }
}

/// A scan that waits, and whom to tell.
struct Job {
    scan: Scan,
    answer: oneshot::Sender<Result<(), NotStored>>,
}

/// The queue of one process.
pub struct ScanQueue {
    jobs: mpsc::Sender<Job>,
    metrics: Metrics,
    stop: Arc<Notify>,
    writer: Mutex<Option<JoinHandle<()>>>,
    /// Ends with the writer.
    alive: watch::Receiver<()>,
}

/// The right to store one scan.
#[must_use]
pub struct Slot {
    permit: mpsc::OwnedPermit<Job>,
    metrics: Metrics,
    alive: watch::Receiver<()>,
}

impl Slot {
    /// Stores the scan; returns when it is durable, or known to be a repeat of one that is.
    ///
    /// # Errors
    ///
    /// [`NotStored`].
    pub async fn store(mut self, scan: Scan) -> Result<(), NotStored> {
        let (answer, mut stored) = oneshot::channel();
        self.permit.send(Job { scan, answer });
        let ended = tokio::select! {
            biased;
            ended = &mut stored => ended.ok(),
            // Nobody takes what was put into the queue of a writer that has ended.
            _ = self.alive.changed() => stored.try_recv().ok(),
        };
        let ended = ended.unwrap_or_else(|| Err(failed()));
        ended.inspect_err(|problem| count(&self.metrics, problem))
    }
}

fn stopping() -> NotStored {
    NotStored::Unavailable("the process is stopping".to_owned())
}

fn failed() -> NotStored {
    NotStored::Unavailable("the writer of scans failed".to_owned())
}

fn count(metrics: &Metrics, problem: &NotStored) {
    metrics.unstored_scans.with_label_values(&[problem.code()]).inc();
}

impl ScanQueue {
    /// Starts the writer on the runtime that this is called on.
    #[must_use]
    pub fn start(db: Db, metrics: Metrics) -> Self {
        Self::with_slots(db, metrics, SLOTS)
    }

    fn with_slots(db: Db, metrics: Metrics, slots: usize) -> Self {
        let (sender, jobs) = mpsc::channel(slots);
        let stop = Arc::new(Notify::new());
        let writer = Writer { db, jobs, metrics: metrics.clone(), stop: stop.clone() };
        let (is_alive, alive) = watch::channel(());
        let writer = tokio::spawn(async move {
            let _is_alive = is_alive;
            writer.run().await;
        });
        Self { jobs: sender, metrics, stop, writer: Mutex::new(Some(writer)), alive }
    }

    /// Whether scans can be stored: false after [`Self::finish`], and if the writer has ended otherwise.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.alive.has_changed().is_ok()
    }

    /// Takes a slot.
    ///
    /// # Errors
    ///
    /// [`NotStored::Full`], counted; [`NotStored::Unavailable`] after [`Self::finish`].
    pub fn slot(&self) -> Result<Slot, NotStored> {
        let reserved = self.jobs.clone().try_reserve_owned();
        let permit = reserved.map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => NotStored::Full,
            mpsc::error::TrySendError::Closed(_) => stopping(),
        });
        let permit = permit.inspect_err(|problem| count(&self.metrics, problem))?;
        Ok(Slot { permit, metrics: self.metrics.clone(), alive: self.alive.clone() })
    }

    /// Takes no more scans, and returns when those that have a slot are stored or given up.
    pub async fn finish(&self) {
        self.stop.notify_one();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer
            && timeout(LAST_WAIT, writer).await.is_err()
        {
            tracing::error!("scans that waited could not be stored before the process stopped");
        }
    }
}

/// Stores group after group.
struct Writer {
    db: Db,
    jobs: mpsc::Receiver<Job>,
    metrics: Metrics,
    stop: Arc<Notify>,
}

impl Writer {
    async fn run(mut self) {
        loop {
            let group = self.group().await;
            if group.is_empty() {
                return;
            }
            self.metrics.scan_group.observe(f64::from(u32::try_from(group.len()).unwrap_or(0)));
            let waiting = self.jobs.max_capacity() - self.jobs.capacity();
            self.metrics.scans_under_way.set(i64::try_from(waiting).unwrap_or(i64::MAX));
            // The scans of a group that panicked are answered by the end of their channels; nothing else is left of it.
            if AssertUnwindSafe(self.write(group)).catch_unwind().await.is_err() {
                tracing::error!("the writer of scans panicked and goes on with the next group");
            }
        }
    }

    /// What waits, and what comes within [`WAIT`] of it; nothing when the queue is closed and empty.
    async fn group(&mut self) -> Vec<Job> {
        let mut group = Vec::new();
        while group.is_empty() {
            tokio::select! {
                received = self.jobs.recv_many(&mut group, MOST) => {
                    if received == 0 {
                        return group;
                    }
                }
                () = self.stop.notified() => self.jobs.close(),
            }
        }
        let until = Instant::now() + WAIT;
        while group.len() < MOST && self.on_their_way() > 0 {
            let room = MOST - group.len();
            match timeout_at(until, self.jobs.recv_many(&mut group, room)).await {
                Ok(received) if received > 0 => {}
                Ok(_) | Err(_) => break,
            }
        }
        group
    }

    /// Requests that have a slot, and whose scan is not in the queue yet.
    fn on_their_way(&self) -> usize {
        self.jobs.max_capacity().saturating_sub(self.jobs.capacity() + self.jobs.len())
    }

    /// Stores a group; if the database refuses a value, each half of it, until that scan is alone.
    async fn write(&self, group: Vec<Job>) {
        #[cfg(test)]
        assert!(group.iter().all(|job| job.scan.item != tests::PANICS), "a test wants it");
        let group = group.into_iter().map(|job| (job.scan, job.answer)).unzip();
        let mut parts: Vec<(Vec<Scan>, Vec<_>)> = vec![group];
        while let Some((mut scans, mut answers)) = parts.pop() {
            let ended = match sql::scans::insert(&self.db, &scans, REPEATS).await {
                Ok(stored) => {
                    for scan in stored.iter().filter_map(|place| scans.get(*place)) {
                        self.metrics.scans.with_label_values(&[&*scan.role]).inc();
                    }
                    Ok(())
                }
                Err(error) if error.is_of_a_value() && scans.len() > 1 => {
                    let half = scans.len() / 2;
                    let rest = (scans.split_off(half), answers.split_off(half));
                    parts.extend([rest, (scans, answers)]);
                    continue;
                }
                Err(error) => {
                    tracing::warn!(%error, scans = scans.len(), "scans could not be stored");
                    Err(NotStored::of(&error))
                }
            };
            for answer in answers {
                // Nobody waits any more if the client went away; its scan is one all the same.
                answer.send(ended.clone()).ok();
            }
        }
    }
}

#[cfg(test)]
mod tests;
