//! Fills the projection of events from committed records of site ledgers.
//!
//! The way through: of all trace-api processes of a database one projects ([`run`]); it reads what waits, makes rows of it
//! ([`project_once`]) and looks again, after a short pause if little waited or scans are answered, and one that grows while nothing comes. The others wait and take over.
//!
//! What holds:
//!
//! - a batch is one transaction with the places of its ledgers, so a process that is killed anywhere loses and doubles nothing;
//! - a record that is no event is stored as left out and never holds up others;
//! - ingest is not asked and not slowed: only what is committed is read.
//!
//! Master data of documents whose records are projected are taken with them ([`crate::master::take`]).
//!
//! Not here: rows and statements (`sql::events`), what a record becomes (`history::projected`).
//!
//! Source: docs/decisions/0060-the-projection-of-events.md.

use std::convert::Infallible;
use std::time::Duration;

use history::projected::project_with_document;
use jiff::Timestamp;
use process::{Clock, CrashPoints};
use prometheus::Histogram;
use sql::events::{Batch, Move, NewEvent, Skipped, Waiting};
use sql::{Db, Transaction};
use tokio::time::{Instant, sleep};

use crate::master::take::{self, Documents};
use crate::projection_metrics::ProjectionMetrics;

/// About so many records are projected by one transaction.
const MOST: u32 = 1_024;
/// Shortest and longest pause while nothing waits.
const IDLE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// Pause after a batch of fewer than half of [`MOST`] records: a batch costs statements, a commit and a flush, whatever it holds, and ingest
/// needs the same processors. Events are found that much later.
const GATHER: Duration = Duration::from_millis(100);
/// Longest pause after a batch while people are answered: it rests as long as it worked, because whoever scans waits and whoever searches for what was
/// recorded a moment ago does not.
const REST: Duration = Duration::from_millis(500);
/// Longest pause after a failure, and while another process projects.
const WAIT: Duration = Duration::from_secs(2);

/// What one batch did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Records that were looked at.
    pub records: u64,
    /// Events that were added.
    pub events: u64,
    /// Records that were left out.
    pub skipped: u64,
}

/// Projects for as long as the process runs.
///
/// - `scans`: how long scans took to answer. While there are some, projecting takes half of the time at most.
pub async fn run(
    db: Db,
    (metrics, scans): (ProjectionMetrics, Histogram),
    clock: Clock,
    crash: CrashPoints,
) -> Infallible {
    loop {
        match sql::events::hold_projector(&db).await {
            Ok(Some(lease)) => {
                tracing::info!("this process projects events");
                metrics.active.set(1);
                let Err(error) = follow(&db, &lease, (&metrics, &scans), (&clock, &crash)).await;
                tracing::warn!(%error, "events are not projected; this is tried again");
                metrics.active.set(0);
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "events cannot be projected"),
        }
        show_lag(&db, &metrics, &clock).await;
        sleep(WAIT).await;
    }
}

/// Projects while the lease is held.
async fn follow(
    db: &Db,
    lease: &sql::events::ProjectorLease,
    (metrics, scans): (&ProjectionMetrics, &Histogram),
    (clock, crash): (&Clock, &CrashPoints),
) -> Result<Infallible, sql::Error> {
    let (mut pause, mut shown) = (IDLE.0, clock.now());
    loop {
        lease.check()?;
        let (begun, answered) = (Instant::now(), scans.get_sample_count());
        let done = project_once(db, crash).await.inspect_err(|_| metrics.failures.inc())?;
        metrics.events.inc_by(done.events);
        metrics.skipped.inc_by(done.skipped);
        let now = clock.now();
        if done.records == 0 || now.duration_since(shown).as_secs() >= 1 {
            show_lag(db, metrics, clock).await;
            shown = now;
        }
        if done.records > 0 {
            pause = IDLE.0;
            let is_answering = scans.get_sample_count() > answered;
            sleep(rest(done.records, begun.elapsed(), is_answering)).await;
        } else {
            sleep(pause).await;
            pause = (pause * 2).min(IDLE.1);
        }
    }
}

/// How long to wait after a batch of `records` records that took so long.
///
/// - `is_answering`: whether scans were answered meanwhile.
fn rest(records: u64, took: Duration, is_answering: bool) -> Duration {
    if records < u64::from(MOST / 2) {
        GATHER
    } else if is_answering {
        took.min(REST)
    } else {
        Duration::ZERO
    }
}

async fn show_lag(db: &Db, metrics: &ProjectionMetrics, clock: &Clock) {
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    if let Ok(lag) = sql::events::lag(db).await {
        metrics.lag_records.set(number(lag.records));
        metrics.lag_seconds.set(number(lag.seconds(clock.now())));
    }
}

/// Projects one batch of what waits; gives zeros if nothing does.
///
/// # Errors
///
/// [`sql::Error::Conflict`] if another process projected the same records meanwhile.
pub async fn project_once(db: &Db, crash: &CrashPoints) -> Result<Progress, sql::Error> {
    let waiting = sql::events::waiting(db, MOST).await?;
    if waiting.is_empty() {
        return Ok(Progress::default());
    }
    // Reading records takes longer than storing them, and must not hold up who is answered.
    let batch = tokio::task::spawn_blocking(move || batch_of(&waiting)).await;
    let (batch, documents) = batch.map_err(|error| {
        sql::Error::Data(format!("reading records for the projection failed: {error}"))
    })?;
    let stated = take::waiting(db, documents).await?;
    let add = async |tx: &Transaction<'_>| {
        let position = sql::events::apply(tx, &batch).await?;
        take::store(tx, &stated).await?;
        crash.pass("projection.before_commit");
        Ok(position)
    };
    db.run_tx_once("trace_api.project", add).await?;
    crash.pass("projection.after_commit");
    Ok(Progress {
        records: batch.moves.iter().map(|step| step.to - step.from).sum(),
        events: batch.events.len() as u64,
        skipped: batch.skipped.len() as u64,
    })
}

/// What the records of some ledgers become: in the order in which they were recorded, as far as that of each ledger is kept.
/// Beside them the documents that they came with.
fn batch_of(waiting: &[Waiting]) -> (Batch, Documents) {
    let (mut batch, mut documents) = (Batch::default(), Documents::new());
    let mut ordered: Vec<(Timestamp, NewEvent)> = Vec::new();
    for of_ledger in waiting {
        let mut latest = Timestamp::MIN;
        let mut next = of_ledger.from;
        for chunk in &of_ledger.chunks {
            missing(&mut batch, of_ledger, (next, chunk.first));
            let records = chunk.records();
            next = chunk.first + chunk.count.max(records.len() as u64);
            missing(&mut batch, of_ledger, (chunk.first + records.len() as u64, next));
            for record in records {
                match project_with_document(&record) {
                    Ok((event, document)) => {
                        if let Some(document) = document {
                            documents
                                .entry((document.partner.clone(), document.sha256))
                                .or_insert((document, event.ledger, event.index));
                        }
                        latest = latest.max(event.record_time);
                        ordered.push((latest, event));
                    }
                    Err(skipped) => batch.skipped.push(skipped),
                }
            }
        }
        batch.moves.push(Move { ledger: of_ledger.ledger, from: of_ledger.from, to: next });
    }
    ordered.sort_by_key(|(at, _)| *at);
    batch.events = ordered.into_iter().map(|(_, event)| event).collect();
    (batch, documents)
}

/// Records that the ledger should have and its rows have not: one note for all of them.
fn missing(batch: &mut Batch, of_ledger: &Waiting, (from, to): (u64, u64)) {
    if from < to {
        let reason = format!("the records {from} to {} are missing in the ledger's rows", to - 1);
        batch.skipped.push(Skipped { ledger: of_ledger.ledger, index: from, reason });
    }
}

#[cfg(test)]
mod tests;
