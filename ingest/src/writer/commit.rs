//! Group commit: all jobs that wait share one transaction, one signature, and one flush of the disk.
//!
//! What holds: the tree in memory is replaced only after the commit returned; after any failure the tree and the
//! lease are dropped and loaded again, because the database may know better.

use ledger::tree::Frontier;
use sql::ledgers::WriterLease;
use sql::{Db, Transaction};
use tokio::sync::mpsc;

use super::draft::Draft;
use super::number::NUMBER_TAKEN;
use super::site_ledger::SiteLedger;
use super::work::{Job, Work};
use super::{capture, delivery, sequence};
use crate::metrics::Metrics;
use crate::outcome::Outcome;
use crate::problem::Problem;

/// Owns the tree of one ledger. Only [`Committer::run`] uses it, so nothing here is shared.
pub(super) struct Committer {
    db: Db,
    ledger: SiteLedger,
    metrics: Metrics,
    /// The tree as committed; none until loaded, and after every failure.
    frontier: Option<Frontier>,
    lease: Option<WriterLease>,
}

impl Committer {
    pub(super) fn new(db: Db, ledger: SiteLedger, metrics: Metrics) -> Self {
        Self { db, ledger, metrics, frontier: None, lease: None }
    }

    /// Commits batch after batch until the queue is closed and empty.
    pub(super) async fn run(mut self, mut jobs: mpsc::Receiver<Job>, max_jobs: usize) {
        let mut batch = Vec::with_capacity(max_jobs);
        let clock = self.ledger.context.clock.clone();
        while jobs.recv_many(&mut batch, max_jobs).await > 0 {
            let started = clock.instant();
            let (works, answers): (Vec<Work>, Vec<_>) =
                batch.drain(..).map(|job| (job.work, job.answer)).unzip();
            match self.commit(&works).await {
                Ok(outcomes) => {
                    let elapsed = clock.instant() - started;
                    self.metrics.commit_seconds.observe(elapsed.as_secs_f64());
                    for (answer, outcome) in answers.into_iter().zip(outcomes) {
                        // A sender that disconnected will send again and be answered from the table.
                        answer.send(outcome).ok();
                    }
                }
                Err(error) => {
                    self.fail(&error);
                    for answer in answers {
                        answer.send(Err(problem_of(&error))).ok();
                    }
                }
            }
        }
    }

    /// Drops everything that the database may know better.
    fn fail(&mut self, error: &sql::Error) {
        let reason = if error.is_unavailable() {
            "unavailable"
        } else if error.is_conflict() {
            "conflict"
        } else {
            "data"
        };
        self.metrics.commit_failures.with_label_values(&[reason]).inc();
        let origin = &self.ledger.site.origin;
        tracing::warn!(ledger.origin = origin, reason, %error, "group commit failed");
        self.frontier = None;
        self.lease = None;
    }

    async fn commit(
        &mut self,
        works: &[Work],
    ) -> Result<Vec<Result<Outcome, Problem>>, sql::Error> {
        if let Some(lease) = &self.lease {
            lease.check()?;
        } else {
            // A backup may have been restored while another process, or nobody, held the lease.
            let lease = sql::ledgers::hold_writer(&self.db, self.ledger.id).await?;
            if let Some(reason) = self.ledger.refusal(&self.db).await? {
                return Err(sql::Error::data(reason));
            }
            self.lease = Some(lease);
        }
        let before = match &self.frontier {
            Some(frontier) => frontier.clone(),
            None => sql::ledgers::load_frontier(&self.db, self.ledger.id).await?,
        };
        let ledger = &self.ledger;
        let draft = self
            .db
            .run_tx("ingest.commit_batch", async |tx: &Transaction<'_>| {
                let mut draft = Draft::new(&before);
                for work in works {
                    let answer = prepare(ledger, tx, &mut draft, work).await?;
                    draft.answers.push(answer);
                }
                sequence::append(ledger, tx, &draft, &before).await?;
                Ok(draft)
            })
            .await?;
        self.ledger.context.crash.pass("ingest.after_commit");
        self.count(&draft);
        self.frontier = Some(draft.frontier);
        Ok(draft.answers)
    }

    fn count(&self, draft: &Draft) {
        self.metrics.records.inc_by(draft.records.len() as u64);
        self.metrics.observations.inc_by(draft.observations);
        if !draft.records.is_empty() {
            #[expect(
                clippy::cast_precision_loss,
                reason = "a batch has far fewer than 2^52 records"
            )]
            self.metrics.commit_records.observe(draft.records.len() as f64);
        }
        let size = i64::try_from(draft.frontier.size()).unwrap_or(i64::MAX);
        self.metrics.ledger_size.with_label_values(&[&self.ledger.site.origin]).set(size);
        let refusals = &self.metrics.refusals;
        for (code, count) in &draft.refused_documents {
            refusals.with_label_values(&["capture", code]).inc_by(*count);
        }
        for answer in &draft.answers {
            let answer = match answer {
                Ok(answer) => answer,
                Err(Problem::NumberTaken(_)) => {
                    refusals.with_label_values(&["delivery", NUMBER_TAKEN]).inc();
                    continue;
                }
                Err(_) => continue,
            };
            let kind = if answer.capture.is_some() { "capture" } else { "observation" };
            if answer.repeated {
                continue;
            }
            for refusal in &answer.refusals {
                refusals.with_label_values(&[kind, &refusal.code]).inc_by(refusal.count);
            }
        }
    }
}

/// Adds one job to the draft, or answers it from the table.
async fn prepare(
    ledger: &SiteLedger,
    tx: &Transaction<'_>,
    draft: &mut Draft,
    work: &Work,
) -> Result<Result<Outcome, Problem>, sql::Error> {
    match work {
        Work::Delivery { delivery, body, signature } => {
            delivery::prepare(ledger, tx, draft, delivery, body, signature).await
        }
        Work::Capture { capture, partner, document_sha256, events, behaviour } => {
            let (sha256, behaviour) = (document_sha256, *behaviour);
            let document = capture::Document { capture, partner, sha256, events, behaviour };
            capture::prepare(ledger, tx, draft, &document).await
        }
    }
}

/// The answer to every sender of a batch that was not committed.
fn problem_of(error: &sql::Error) -> Problem {
    if error.is_unavailable() || error.is_conflict() {
        Problem::Unavailable
    } else {
        Problem::Internal(format!("{error:?}"))
    }
}
