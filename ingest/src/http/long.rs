//! Documents that may be too long for one commit: judged as a whole, then recorded part by part, as one capture job.
//!
//! The way through: [`capture`] starts the job, or finds the one of the same document that runs; the job takes its turn,
//! reads and checks the document, asks how far it was recorded before, and hands the parts to the ledger's writer one after
//! the other. The next part is prepared while one is committed, and jobs of other senders get in between.
//!
//! What holds:
//!
//! - a job goes on when its sender is gone; the same document sent meanwhile waits for the same job, and gets its answer;
//! - what an earlier attempt recorded is continued, never recorded twice: each part is stored in the transaction of its
//!   records;
//! - a part that cannot be recorded ends the job; what was recorded stays, and the answer says how much that is;
//! - memory for documents that are being read and prepared is bounded by their bytes; those beyond wait for their turn.
//!
//! Not here: a document of at most [`SHORT_BYTES`], which is always recorded in one commit.
//!
//! Source: docs/decisions/0041-long-documents-in-parts.md.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::web::{Data, block};
use ledger::Hash;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

use super::capture::{Answer, Checked, checked, refuse_whole};
use super::intake::Body;
use super::state::State;
use crate::config::Partner;
use crate::document::StatedDocument;
use crate::outcome::Outcome;
use crate::problem::Problem;
use crate::statement::ErrorBehaviour;
use crate::writer::{LongDocument, PART_BYTES, PART_EVENTS, Ready, Work, Writer};

/// Longest document that is recorded in one commit whatever it holds. Not to be made larger: parts of a document that were
/// recorded before would not be looked for any more.
pub(super) const SHORT_BYTES: usize = 64 * 1024;
/// Bytes of documents that are read, checked and prepared at the same time, in KiB.
const TURNS: u32 = 32 * 1024;

/// Whose document it is, and its digest.
type Key = (String, Hash);

/// How far a job has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Events recorded or refused.
    pub done: usize,
    /// Events in all; 0 while that is not known.
    pub of: usize,
}

/// The jobs that run.
#[derive(Debug)]
pub(super) struct Jobs {
    running: Arc<Mutex<HashMap<Key, watch::Receiver<Progress>>>>,
    turns: Arc<Semaphore>,
}

/// A job that runs until it is dropped.
struct Job {
    key: Key,
    running: Arc<Mutex<HashMap<Key, watch::Receiver<Progress>>>>,
    progress: watch::Sender<Progress>,
}

impl Drop for Job {
    fn drop(&mut self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.remove(&self.key);
    }
}

impl Jobs {
    pub fn new() -> Self {
        Self { running: Arc::default(), turns: Arc::new(Semaphore::new(TURNS as usize)) }
    }

    /// How far the job of a document has come; none if none runs.
    pub fn progress(&self, key: &Key) -> Option<Progress> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.get(key).map(|job| *job.borrow())
    }

    /// Starts the job of a document.
    ///
    /// # Errors
    ///
    /// The progress of the one that runs; its end is the end of the channel.
    fn start(&self, key: Key) -> Result<Job, watch::Receiver<Progress>> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(job) = running.get(&key) {
            return Err(job.clone());
        }
        let (progress, receiver) = watch::channel(Progress::default());
        running.insert(key.clone(), receiver);
        Ok(Job { key, running: Arc::clone(&self.running), progress })
    }

    /// Waits until a document of so many bytes may be read.
    async fn turn(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Problem> {
        let weight = u32::try_from(bytes / 1024).unwrap_or(TURNS).clamp(1, TURNS);
        let turn = Arc::clone(&self.turns).acquire_many_owned(weight).await;
        turn.map_err(|_| Problem::Unavailable)
    }
}

/// Records a document, or checks it.
///
/// # Errors
///
/// [`Problem::Unavailable`] if it takes longer than a sender waits; the job goes on, and the same document sent again
/// gets its answer. [`Problem::Malformed`] if it is refused; [`Problem::BegunElsewhere`].
pub(super) async fn capture(
    state: &Data<State>,
    partner: &Partner,
    behaviour: ErrorBehaviour,
    is_dry_run: bool,
    body: Body,
) -> Result<Answer, Problem> {
    if is_dry_run {
        return dry_run(state, partner, behaviour, body).await;
    }
    let (digest, body) = busy(move || (ledger::hash::sha256(&body.bytes), body)).await?;
    let key = (partner.name.clone(), digest);
    match state.long.start(key.clone()) {
        Err(mut other) => {
            drop(body);
            let end = async { while other.changed().await.is_ok() {} };
            state.within_time(end).await?;
            let id = key.1.to_string();
            let stored = sql::captures::find(&state.db, &partner.name, &id).await?;
            let stored = stored.ok_or(Problem::Unavailable)?;
            Ok(Answer::Recorded(Outcome::again(&stored.outcome)?))
        }
        Ok(job) => {
            let (answer, answered) = oneshot::channel();
            let (state_of_job, ledger) = (state.clone(), partner.ledger.clone());
            actix_web::rt::spawn(async move {
                let outcome = run(&state_of_job, &job, &ledger, behaviour, body).await;
                // Whoever waits for the same job looks into the tables when it has ended.
                drop(job);
                if let Err(Err(problem)) = answer.send(outcome) {
                    tracing::warn!(%problem, "a document whose sender is gone was not recorded whole");
                }
            });
            let outcome = state.within_time(answered).await?;
            outcome.unwrap_or(Err(Problem::Unavailable)).map(Answer::Recorded)
        }
    }
}

/// Runs work that keeps its thread busy.
async fn busy<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    block(work).await.map_err(|error| Problem::Internal(error.to_string()))
}

async fn dry_run(
    state: &State,
    partner: &Partner,
    behaviour: ErrorBehaviour,
    body: Body,
) -> Result<Answer, Problem> {
    let _turn = state.long.turn(body.bytes.len()).await?;
    let (writer, name) = (state.writer(&partner.ledger)?.clone(), partner.name.clone());
    let found = busy(move || {
        let digest = ledger::hash::sha256(&body.bytes);
        let (events, faults) = match StatedDocument::read(Box::new(body)) {
            Err((fault, _)) => (0, vec![fault]),
            Ok(document) => {
                let events = document.len();
                let long = writer.check((name, digest), Arc::new(document), behaviour, 0);
                (events, long.faults.into_values().collect())
            }
        };
        Checked { digest, events, faults }
    });
    checked(state, partner, behaviour, &found.await?).await.map(Answer::Checked)
}

/// The whole job of a document.
async fn run(
    state: &State,
    job: &Job,
    ledger: &str,
    behaviour: ErrorBehaviour,
    body: Body,
) -> Result<Outcome, Problem> {
    let (partner, digest) = (&job.key.0, job.key.1);
    let _turn = state.long.turn(body.bytes.len()).await?;
    let read = busy(move || StatedDocument::read(Box::new(body))).await?;
    if let Some(stored) = sql::captures::find(&state.db, partner, &digest.to_string()).await? {
        return Ok(Outcome::again(&stored.outcome)?);
    }
    let document = match read {
        Ok(document) => Arc::new(document),
        Err((fault, bytes)) => {
            return Err(refuse_whole(state, partner, &[fault], (*bytes).as_ref()).await);
        }
    };
    let writer = state.writer(ledger)?;
    let before = recorded_before(state, writer, (partner, digest)).await?;
    let (first, of) = (before.done, document.len());
    job.progress.send_replace(Progress { done: first, of });
    if first == 0 && document.part(0, PART_EVENTS, PART_BYTES).end == of {
        return in_one_commit(state, writer, (partner, digest), &document, behaviour).await;
    }
    let (checking, name) = (writer.clone(), partner.clone());
    let shared = Arc::clone(&document);
    let long = busy(move || checking.check((name, digest), shared, behaviour, first)).await?;
    let is_any_valid = first > 0 || long.faults.len() < of;
    if !is_recordable(behaviour, &long) || !is_any_valid {
        let faults: Vec<_> = long.faults.into_values().collect();
        let problem = refuse_whole(state, partner, &faults, document.bytes()).await;
        return Err(with_progress(problem, first, of));
    }
    in_parts(job, writer, Arc::new(long), before).await
}

fn is_recordable(behaviour: ErrorBehaviour, long: &LongDocument) -> bool {
    match behaviour {
        ErrorBehaviour::Rollback => long.faults.is_empty(),
        ErrorBehaviour::Proceed => true,
    }
}

/// What earlier attempts recorded of a document.
struct Before {
    /// How many of its events.
    done: usize,
    outcome: Outcome,
}

async fn recorded_before(
    state: &State,
    writer: &Writer,
    (partner, digest): (&str, Hash),
) -> Result<Before, Problem> {
    let (ledger, origin) = writer.ledger();
    let mut before = Before { done: 0, outcome: Outcome::empty(origin) };
    for part in sql::captures::parts(&state.db, partner, &digest).await? {
        if part.ledger != ledger {
            return Err(Problem::BegunElsewhere { events: part.first_event + part.events });
        }
        // Each part begins where the one before it ends; whatever else the table says is not continued.
        if part.first_event != before.done {
            let got = part.first_event;
            return Err(Problem::Internal(format!(
                "parts of document {digest}: got one from event {got} on, expected one from {}",
                before.done
            )));
        }
        before.done += part.events;
        before.outcome.add(Outcome::again(&part.outcome)?);
    }
    Ok(before)
}

/// Records a document that fits into one commit.
async fn in_one_commit(
    state: &State,
    writer: &Writer,
    (partner, digest): (&str, Hash),
    document: &Arc<StatedDocument>,
    behaviour: ErrorBehaviour,
) -> Result<Outcome, Problem> {
    let work = Work::Capture {
        capture: digest.to_string(),
        partner: partner.to_owned(),
        document_sha256: digest,
        document: Arc::clone(document),
        behaviour,
    };
    let preparing = writer.clone();
    let ready = busy(move || preparing.prepare(work)).await?;
    let faults = ready.faults();
    let found = Checked { digest, events: document.len(), faults };
    if !found.is_recordable(behaviour) {
        return Err(refuse_whole(state, partner, &found.faults, document.bytes()).await);
    }
    writer.submit(ready).await
}

/// Records the parts of a document, one after the other.
async fn in_parts(
    job: &Job,
    writer: &Writer,
    long: Arc<LongDocument>,
    before: Before,
) -> Result<Outcome, Problem> {
    let of = long.document.len();
    let Before { mut done, mut outcome } = before;
    let mut next = prepare(writer, &long, done).await?;
    loop {
        let part = next.after(&outcome);
        let end = part.end();
        let more =
            async { if end < of { prepare(writer, &long, end).await.map(Some) } else { Ok(None) } };
        let (answer, prepared) = futures::join!(writer.submit(part), more);
        let answer = answer.map_err(|problem| with_progress(problem, done, of))?;
        done = end;
        job.progress.send_replace(Progress { done, of });
        // The answer to the last part is the answer to the document, as is one that was given before.
        match prepared? {
            Some(prepared) if !answer.repeated => next = prepared,
            _ => return Ok(answer),
        }
        outcome.add(answer);
    }
}

async fn prepare(
    writer: &Writer,
    long: &Arc<LongDocument>,
    first: usize,
) -> Result<Ready, Problem> {
    let (writer, long) = (writer.clone(), Arc::clone(long));
    busy(move || writer.prepare_part(&long, first)).await
}

/// The problem, with how much of the document is recorded.
fn with_progress(problem: Problem, done: usize, of: usize) -> Problem {
    match problem {
        Problem::Malformed { detail, violations } if done > 0 => Problem::Malformed {
            detail: format!(
                "{detail}; {done} of the document's {of} events were recorded before that, or refused one by one, \
                 and stay so; sent again, it continues with the next one"
            ),
            violations,
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_document_has_one_job_at_a_time_and_those_who_wait_see_its_end() {
        let jobs = Jobs::new();
        let key = ("maker".to_owned(), ledger::hash::sha256(b"a"));
        let job = jobs.start(key.clone()).ok().unwrap();
        let mut waiting = jobs.start(key.clone()).err().unwrap();
        assert!(jobs.start(("shop".to_owned(), key.1)).is_ok(), "of another partner it is another");
        job.progress.send_replace(Progress { done: 1, of: 2 });
        assert_eq!(jobs.progress(&key), Some(Progress { done: 1, of: 2 }));
        drop(job);
        waiting.changed().await.ok();
        assert!(waiting.changed().await.is_err(), "the channel ends with the job");
        assert_eq!(jobs.progress(&key), None);
        assert!(jobs.start(key).is_ok());
    }
}
