//! Jobs of long documents: one at a time for each document, and how many may have their documents in memory.
//!
//! What holds: the same document sent while its job runs finds that job; whoever waits for it sees its end; of the bytes that are read and
//! prepared at the same time one partner has at most half; documents that wait or are recorded, whose sender may be gone, hold at most half of the
//! memory for bodies for one partner, or one document.
//!
//! Not here: what a job does (`long.rs`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ledger::Hash;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::outcome::Outcome;
use crate::problem::Problem;
use crate::statement::ErrorBehaviour;

/// Bytes of documents that are read, checked and prepared at the same time, in KiB.
const TURNS: u32 = 32 * 1024;
/// How many of these one partner has at most.
const SHARE: u32 = TURNS / 2;

/// Whose document it is, and its digest.
pub(super) type Key = (String, Hash);

/// How far a job has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Events recorded or refused.
    pub done: usize,
    /// Events in all; 0 while that is not known.
    pub of: usize,
}

/// What is known of a job.
#[derive(Debug)]
pub(super) struct Status {
    behaviour: ErrorBehaviour,
    progress: Progress,
    /// Its answer, when it has ended.
    end: Option<Result<Outcome, Problem>>,
}

type Running = Arc<Mutex<HashMap<Key, watch::Receiver<Status>>>>;

/// Bytes of documents that are held for each partner.
type HeldBytes = Arc<Mutex<HashMap<String, usize>>>;

/// The jobs that run.
#[derive(Debug)]
pub(super) struct Jobs {
    running: Running,
    held: HeldBytes,
    /// Most bytes that are held for one partner, if it is more than one document.
    most_held: usize,
    turns: Arc<Semaphore>,
    /// What is left of the share of each partner; partners are those of the configuration.
    shares: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// The right to have a document in memory, until it is dropped.
pub(super) struct Turn {
    _of_all: OwnedSemaphorePermit,
    _of_partner: OwnedSemaphorePermit,
}

/// The right to hold a document, whether or not its sender is there, until it is dropped.
#[derive(Debug)]
pub(super) struct Held {
    all: HeldBytes,
    partner: String,
    bytes: usize,
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = all.get_mut(&self.partner) {
            *held = held.saturating_sub(self.bytes);
            if *held == 0 {
                all.remove(&self.partner);
            }
        }
    }
}

/// Why a job does not start.
pub(super) enum NotStarted {
    /// One of the same document runs; its end is the end of the channel.
    Running(watch::Receiver<Status>),
    /// Too much is held for the partner.
    Full,
}

/// A job that runs until it is dropped.
pub(super) struct Job {
    pub key: Key,
    _held: Held,
    running: Running,
    status: watch::Sender<Status>,
}

impl Job {
    pub fn progress(&self, progress: Progress) {
        self.status.send_modify(|status| status.progress = progress);
    }

    /// Ends it with its answer, for all who wait for it.
    pub fn end(self, outcome: &Result<Outcome, Problem>) {
        self.status.send_modify(|status| status.end = Some(outcome.clone()));
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.remove(&self.key);
    }
}

impl Jobs {
    /// - `body_memory_bytes`: the memory for bodies, of which one partner has at most half here.
    pub fn new(body_memory_bytes: usize) -> Self {
        let turns = Arc::new(Semaphore::new(TURNS as usize));
        let (running, held, shares) = (Arc::default(), Arc::default(), Mutex::default());
        Self { running, held, most_held: body_memory_bytes / 2, turns, shares }
    }

    /// Holds a document of so many bytes for a partner; none if too much is held for it already.
    pub fn hold(&self, partner: &str, bytes: usize) -> Option<Held> {
        let mut all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let held = all.get(partner).copied().unwrap_or_default();
        if held > 0 && held.saturating_add(bytes) > self.most_held {
            return None;
        }
        all.insert(partner.to_owned(), held.saturating_add(bytes));
        Some(Held { all: Arc::clone(&self.held), partner: partner.to_owned(), bytes })
    }

    /// How far the job of a document has come; none if none runs.
    pub fn progress(&self, key: &Key) -> Option<Progress> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.get(key).map(|job| job.borrow().progress)
    }

    /// The jobs of a partner that run: digest of the document, how far it has come, what happens to it if events are refused.
    pub fn running(&self, partner: &str) -> Vec<(Hash, Progress, ErrorBehaviour)> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let own = running.iter().filter(|((of, _), _)| of == partner);
        let mut all: Vec<_> = own
            .map(|((_, digest), job)| {
                let status = job.borrow();
                (*digest, status.progress, status.behaviour)
            })
            .collect();
        all.sort_by_key(|(digest, ..)| digest.0);
        all
    }

    /// Starts the job of a document of so many bytes.
    ///
    /// # Errors
    ///
    /// [`NotStarted`].
    pub fn start(
        &self,
        key: Key,
        behaviour: ErrorBehaviour,
        bytes: usize,
    ) -> Result<Job, NotStarted> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(job) = running.get(&key) {
            return Err(NotStarted::Running(job.clone()));
        }
        let held = self.hold(&key.0, bytes).ok_or(NotStarted::Full)?;
        let status = Status { behaviour, progress: Progress::default(), end: None };
        let (status, receiver) = watch::channel(status);
        running.insert(key.clone(), receiver);
        Ok(Job { key, _held: held, running: Arc::clone(&self.running), status })
    }

    /// Waits until a document of so many bytes of a partner may be read: first for the partner's share, so that one who
    /// sends many does not keep others waiting.
    pub async fn turn(&self, partner: &str, bytes: usize) -> Result<Turn, Problem> {
        let weight = u32::try_from(bytes / 1024).unwrap_or(TURNS).clamp(1, TURNS);
        let share = {
            let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
            let share = shares.entry(partner.to_owned());
            Arc::clone(share.or_insert_with(|| Arc::new(Semaphore::new(SHARE as usize))))
        };
        let of_partner = share.acquire_many_owned(weight.min(SHARE)).await;
        let of_all = Arc::clone(&self.turns).acquire_many_owned(weight).await;
        match (of_all, of_partner) {
            (Ok(of_all), Ok(of_partner)) => Ok(Turn { _of_all: of_all, _of_partner: of_partner }),
            _ => Err(Problem::Unavailable),
        }
    }
}

/// Waits for the end of a job, and gives its answer to somebody who asks for `behaviour`.
///
/// # Errors
///
/// The problem of the job; [`Problem::Unavailable`] if it was refused under another behaviour, because the document must be
/// judged again, and if the job has no answer.
pub(super) async fn end_of(
    mut job: watch::Receiver<Status>,
    behaviour: ErrorBehaviour,
) -> Result<Outcome, Problem> {
    while job.changed().await.is_ok() {}
    let status = job.borrow();
    match &status.end {
        Some(Ok(outcome)) => {
            let mut outcome = outcome.clone();
            outcome.repeated = true;
            Ok(outcome)
        }
        Some(Err(Problem::Malformed { .. })) if status.behaviour != behaviour => {
            Err(Problem::Unavailable)
        }
        Some(Err(problem)) => Err(problem.clone()),
        None => Err(Problem::Unavailable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLLBACK: ErrorBehaviour = ErrorBehaviour::Rollback;

    const MEMORY: usize = 48 << 20;

    fn running(started: Result<Job, NotStarted>) -> watch::Receiver<Status> {
        match started {
            Err(NotStarted::Running(status)) => status,
            Err(NotStarted::Full) => panic!("too much is held"),
            Ok(_) => panic!("it started"),
        }
    }

    fn key() -> Key {
        ("maker".to_owned(), ledger::hash::sha256(b"a"))
    }

    #[tokio::test]
    async fn a_document_has_one_job_at_a_time_and_those_who_wait_see_its_end() {
        let jobs = Jobs::new(MEMORY);
        let key = key();
        let job = jobs.start(key.clone(), ROLLBACK, 1).ok().unwrap();
        let mut waiting = running(jobs.start(key.clone(), ROLLBACK, 1));
        let other = ("shop".to_owned(), key.1);
        assert!(jobs.start(other, ROLLBACK, 1).is_ok(), "of another partner it is another");
        job.progress(Progress { done: 1, of: 2 });
        assert_eq!(jobs.progress(&key), Some(Progress { done: 1, of: 2 }));
        drop(job);
        waiting.changed().await.ok();
        assert!(waiting.changed().await.is_err(), "the channel ends with the job");
        assert_eq!(jobs.progress(&key), None);
        assert!(jobs.start(key, ROLLBACK, 1).is_ok());
    }

    #[tokio::test]
    async fn who_waits_for_a_job_gets_its_answer_and_a_refusal_only_under_the_same_behaviour() {
        let jobs = Jobs::new(MEMORY);
        let job = jobs.start(key(), ROLLBACK, 1).ok().unwrap();
        let [same, other] = [jobs.start(key(), ROLLBACK, 1), jobs.start(key(), ROLLBACK, 1)];
        job.end(&Err(Problem::Malformed { detail: "wrong".to_owned(), violations: Vec::new() }));
        let answer = end_of(running(same), ROLLBACK).await;
        assert!(matches!(answer, Err(Problem::Malformed { detail, .. }) if detail == "wrong"));
        let answer = end_of(running(other), ErrorBehaviour::Proceed).await;
        assert!(matches!(answer, Err(Problem::Unavailable)));

        let job = jobs.start(key(), ROLLBACK, 1).ok().unwrap();
        let waiting = running(jobs.start(key(), ErrorBehaviour::Proceed, 1));
        job.end(&Ok(Outcome::empty("site.example/1")));
        assert!(end_of(waiting, ErrorBehaviour::Proceed).await.unwrap().repeated);
        let (job, waiting) = (jobs.start(key(), ROLLBACK, 1), jobs.start(key(), ROLLBACK, 1));
        drop(job);
        let answer = end_of(running(waiting), ROLLBACK).await;
        assert!(matches!(answer, Err(Problem::Unavailable)), "of a job that broke off");
    }

    #[tokio::test]
    async fn one_partner_has_at_most_half_of_the_turns() {
        use futures::FutureExt as _;
        let jobs = Jobs::new(MEMORY);
        let half = SHARE as usize * 1024;
        let first = jobs.turn("maker", half).await.unwrap();
        assert!(jobs.turn("maker", 1).now_or_never().is_none());
        let _other = jobs.turn("shop", half).now_or_never().unwrap().unwrap();
        drop(first);
        assert!(jobs.turn("maker", half).now_or_never().unwrap().is_ok());
    }

    #[test]
    fn documents_of_one_partner_hold_at_most_half_of_the_memory_for_bodies() {
        let jobs = Jobs::new(MEMORY);
        let key = |partner: &str, number: u8| (partner.to_owned(), ledger::hash::sha256(&[number]));
        let start = |partner: &str, number: u8, bytes: usize| {
            jobs.start(key(partner, number), ROLLBACK, bytes)
        };
        let mut held: Vec<Job> = (0..3).filter_map(|n| start("maker", n, 8 << 20).ok()).collect();
        assert_eq!(held.len(), 3);
        assert!(matches!(start("maker", 3, 1), Err(NotStarted::Full)));
        assert!(jobs.hold("maker", 1).is_none(), "to be checked only, neither");
        assert!(start("shop", 3, 16 << 20).is_ok(), "of another partner it is recorded");
        held.pop();
        assert!(start("maker", 3, 8 << 20).is_ok());
        drop(held);
        assert!(start("maker", 3, 40 << 20).is_ok(), "one document, whatever its length");
        assert!(jobs.held.lock().unwrap().is_empty());
    }
}
