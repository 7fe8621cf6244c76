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
//! - memory for documents that are being read and prepared is bounded by their bytes, half of them of one partner; those
//!   beyond wait for their turn. Those that wait hold at most half of the memory for bodies for one partner, however often its
//!   senders disconnect; beyond that a document is refused as busy, to be sent again;
//!
//! Not here: a document of at most [`SHORT_BYTES`], which is always recorded in one commit.
//!
//! Source: docs/decisions/0041-long-documents-in-parts.md.

use std::sync::Arc;

use actix_web::web::{Data, block};
use ledger::Hash;
use tokio::sync::oneshot;

use super::intake::Body;
use super::jobs::{Job, NotStarted, Progress, end_of};
use super::judged::{Answer, Checked, checked, refuse_whole};
use super::state::State;
use crate::config::Partner;
use crate::document::StatedDocument;
use crate::outcome::Outcome;
use crate::problem::Problem;
use crate::statement::ErrorBehaviour;
use crate::terms::Faults;
use crate::writer::{LongDocument, PART_BYTES, PART_EVENTS, Ready, Work, Writer};

/// Longest document that is recorded in one commit whatever it holds. Not to be made larger: parts of a document that were
/// recorded before would not be looked for any more.
pub(super) const SHORT_BYTES: usize = 64 * 1024;
/// How often the bytes of XML count: its tree has about seven times as many, its JSON form about one.
const XML_WEIGHT: usize = 8;

/// Records a document, or checks it.
///
/// # Errors
///
/// [`Problem::Unavailable`] if it takes longer than a sender waits; the job goes on, and the same document sent again
/// gets its answer. [`Problem::Busy`] if too many documents of the partner wait. [`Problem::Malformed`] if it is refused; [`Problem::BegunElsewhere`].
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
    match state.long.start(key, behaviour, body.bytes.len()) {
        Err(NotStarted::Full) => Err(Problem::Busy),
        Err(NotStarted::Running(other)) => {
            drop(body);
            state.within_time(end_of(other, behaviour)).await?.map(Answer::Recorded)
        }
        Ok(job) => {
            let (answer, answered) = oneshot::channel();
            let (state_of_job, ledger) = (state.clone(), partner.ledger.clone());
            actix_web::rt::spawn(async move {
                let outcome = run(&state_of_job, &job, &ledger, behaviour, body).await;
                job.end(&outcome);
                if let Err(Err(problem)) = answer.send(outcome) {
                    tracing::warn!(%problem, "a document whose sender is gone was not recorded whole");
                }
            });
            let outcome = state.within_time(answered).await?;
            outcome.unwrap_or(Err(Problem::Unavailable)).map(Answer::Recorded)
        }
    }
}

/// How many bytes a document counts for: while XML is converted, its tree and its JSON form are in memory as well.
fn weight(bytes: &[u8]) -> usize {
    if epcis::xml::is_xml(bytes) { bytes.len().saturating_mul(XML_WEIGHT) } else { bytes.len() }
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
    let held = state.long.hold(&partner.name, body.bytes.len()).ok_or(Problem::Busy)?;
    let _turn = state.within_time(state.long.turn(&partner.name, weight(&body.bytes))).await??;
    let most = state.config.settings.max_events;
    let (writer, name) = (state.writer(&partner.ledger)?.clone(), partner.name.clone());
    let found = busy(move || {
        // Held as long as the body is, also when nobody waits for the answer any more.
        let _held = held;
        let digest = ledger::hash::sha256(&body.bytes);
        let (events, faults) = match StatedDocument::read(Box::new(body), most) {
            Err((fault, _)) => (0, Faults::from(fault)),
            Ok(document) => {
                let events = document.len();
                let long = writer.check((name, digest), Arc::new(document), behaviour, 0);
                (events, long.faults)
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
    let _turn = state.long.turn(partner, weight(&body.bytes)).await?;
    let most = state.config.settings.max_events;
    let read = busy(move || StatedDocument::read(Box::new(body), most)).await?;
    if let Some(stored) = sql::captures::find(&state.db, partner, &digest.to_string()).await? {
        return Ok(Outcome::again(&stored.outcome)?);
    }
    let document = match read {
        Ok(document) => Arc::new(document),
        Err((fault, bytes)) => {
            return Err(refuse_whole(state, partner, &fault.into(), (*bytes).as_ref()).await);
        }
    };
    let writer = state.writer(ledger)?;
    let before = recorded_before(state, writer, (partner, digest)).await?;
    let (first, of) = (before.done, document.len());
    job.progress(Progress { done: first, of });
    if first == 0 && document.part(0, PART_EVENTS, PART_BYTES).end == of {
        return in_one_commit(state, writer, (partner, digest), &document, behaviour).await;
    }
    let (checking, name) = (writer.clone(), partner.clone());
    let shared = Arc::clone(&document);
    let long = busy(move || checking.check((name, digest), shared, behaviour, first)).await?;
    let is_any_valid = first > 0 || long.faults.events() < of;
    if !is_recordable(behaviour, &long) || !is_any_valid {
        let problem = refuse_whole(state, partner, &long.faults, document.bytes()).await;
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
    let parts = sql::captures::parts(&state.db, partner, &digest).await?;
    if parts.iter().any(|part| part.ledger != ledger) {
        // All that is recorded: what its sender is told to send again must not be recorded twice.
        let events = parts.iter().map(|part| part.first_event + part.events).max();
        return Err(Problem::BegunElsewhere { events: events.unwrap_or_default() });
    }
    for part in parts {
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
        job.progress(Progress { done, of });
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
