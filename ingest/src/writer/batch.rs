//! Takes batch after batch out of the queue, and keeps the tree of the ledger.
//!
//! The way through: while one batch is being committed, the next one is looked up, sequenced and signed on top of it, if
//! enough waits to make that worth while; else everything that arrives meanwhile becomes the next batch.
//!
//! What holds:
//!
//! - the batch is as large as the queue when there is work, and one job when there is none; it is bounded in records and
//!   bytes, and a job that is larger than the bounds is a batch of its own;
//! - a batch that fails for what is in it is divided until the guilty job is alone; that job is refused, with its reason,
//!   and all others are recorded;
//! - after any failure the tree and the lease are dropped and loaded again, because the database may know better.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;

use futures::future::OptionFuture;
use sql::ledgers::WriterLease;
use sql::refusals::NewRefusal;
use sql::{Db, Transaction};
use tokio::sync::mpsc;

use super::commit::{Signed, commit, sign};
use super::count::count;
use super::look_up::{Answers, InFlight, look_up};
use super::sequence::sequence;
use super::site_ledger::SiteLedger;
use super::work::{Job, Ready};
use crate::excerpt::excerpt;
use crate::metrics::Metrics;
use crate::problem::Problem;

/// Most records of a batch.
const MOST_RECORDS: usize = 10_000;
/// Most bytes of a batch: records, or bodies of deliveries.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// From this many jobs, or records, on the next batch is sequenced before the last one is committed.
const WORTH_JOBS: usize = 64;
const WORTH_RECORDS: usize = 256;
/// Code of a refusal of what the database does not take.
const NOT_STORABLE: &str = "not-storable";

/// Owns the tree of one ledger. Only [`Batches::run`] uses it, so nothing here is shared.
pub(super) struct Batches {
    db: Db,
    ledger: SiteLedger,
    metrics: Metrics,
    /// Most jobs of a batch.
    most_jobs: usize,
    jobs: mpsc::Receiver<Job>,
    /// Jobs out of the queue.
    waiting: VecDeque<Job>,
    /// Batches to be committed alone and before all others, parts of one that failed.
    apart: VecDeque<Vec<Job>>,
    /// What is committed, or about to be; none until loaded, and after every failure.
    tip: Option<InFlight>,
    lease: Option<WriterLease>,
}

/// How the commit of a batch ended; with its jobs if they have no answer yet.
type Ended = Result<(), (Vec<Job>, sql::Error)>;
type Flight = Pin<Box<dyn Future<Output = Ended>>>;

impl Batches {
    pub(super) fn new(
        db: Db,
        ledger: SiteLedger,
        metrics: Metrics,
        most_jobs: usize,
        jobs: mpsc::Receiver<Job>,
    ) -> Self {
        let (waiting, apart) = (VecDeque::new(), VecDeque::new());
        Self { db, ledger, metrics, most_jobs, jobs, waiting, apart, tip: None, lease: None }
    }

    /// Commits batch after batch until the queue is closed and empty.
    pub(super) async fn run(mut self) {
        let mut flight: Option<Flight> = None;
        loop {
            self.gather(&mut flight).await;
            let Some((batch, is_apart)) = self.take() else {
                if flight.is_none() && self.jobs.is_closed() && self.jobs.is_empty() {
                    return;
                }
                continue;
            };
            // Parts of a batch that failed stand in their order before everything else.
            if is_apart && flight.is_some() {
                self.give_back(batch, is_apart);
                self.land(&mut flight).await;
                continue;
            }
            // The commit of the last batch goes on while this one is looked up.
            let running = OptionFuture::from(flight.take());
            let (ended, drafted) = futures::join!(running, self.draft(&batch));
            if let Some(Err(failed)) = ended {
                // What was drafted stands on what was not committed.
                self.give_back(batch, is_apart);
                self.fail(failed).await;
                continue;
            }
            match drafted {
                Ok((signed, answers)) => flight = Some(self.take_off(batch, signed, answers)),
                Err(error) => self.fail((batch, error)).await,
            }
        }
    }

    /// Waits until there is a batch worth sequencing.
    async fn gather(&mut self, flight: &mut Option<Flight>) {
        loop {
            self.take_what_waits();
            let Some(running) = flight else {
                if self.waiting.is_empty() && self.apart.is_empty() {
                    self.waiting.extend(self.jobs.recv().await);
                    // What arrived together is committed together.
                    self.take_what_waits();
                }
                return;
            };
            if self.is_worth_sequencing() {
                return;
            }
            let is_open = !(self.jobs.is_closed() && self.jobs.is_empty());
            tokio::select! {
                ended = running => {
                    *flight = None;
                    if let Err(failed) = ended {
                        self.fail(failed).await;
                    }
                }
                Some(job) = self.jobs.recv(), if is_open => self.waiting.push_back(job),
            }
        }
    }

    /// Takes what is in the queue, as far as a batch has room for it.
    fn take_what_waits(&mut self) {
        while self.waiting.len() < self.most_jobs
            && let Ok(job) = self.jobs.try_recv()
        {
            self.waiting.push_back(job);
        }
    }

    fn is_worth_sequencing(&self) -> bool {
        let jobs = self.waiting.len();
        let worth = WORTH_JOBS.min(self.most_jobs);
        let records = || self.waiting.iter().map(|job| job.weight.0).sum::<usize>();
        !self.apart.is_empty() || jobs >= worth || (jobs > 0 && records() >= WORTH_RECORDS)
    }

    /// The next batch, and whether it is part of one that failed.
    fn take(&mut self) -> Option<(Vec<Job>, bool)> {
        if let Some(batch) = self.apart.pop_front() {
            return Some((batch, true));
        }
        let mut batch = Vec::new();
        let (mut records, mut bytes) = (0, 0);
        while let Some(job) = self.waiting.front() {
            let (more_records, more_bytes) = job.weight;
            records += more_records;
            bytes += more_bytes;
            let is_full = records > MOST_RECORDS || bytes > MOST_BYTES;
            if batch.len() == self.most_jobs || (is_full && !batch.is_empty()) {
                break;
            }
            batch.extend(self.waiting.pop_front());
        }
        (!batch.is_empty()).then_some((batch, false))
    }

    /// Puts a batch back to where it was taken from.
    fn give_back(&mut self, batch: Vec<Job>, is_apart: bool) {
        if is_apart {
            self.apart.push_front(batch);
        } else {
            for job in batch.into_iter().rev() {
                self.waiting.push_front(job);
            }
        }
    }

    /// Waits for the commit that is under way.
    async fn land(&mut self, flight: &mut Option<Flight>) {
        if let Some(running) = flight.take()
            && let Err(failed) = running.await
        {
            self.fail(failed).await;
        }
    }

    /// Looks up, sequences and signs a batch.
    async fn draft(&mut self, batch: &[Job]) -> Result<(Signed, Answers), sql::Error> {
        if let Some(lease) = &self.lease {
            lease.check()?;
        } else {
            // A backup may have been restored while another process, or nobody, held the lease.
            let lease = sql::ledgers::hold_writer(&self.db, self.ledger.id).await?;
            if let Some(reason) = self.ledger.refusal(&self.db).await? {
                return Err(sql::Error::Refused(reason));
            }
            let hold = self.ledger.hold(&self.db).await?;
            self.metrics.show_hold(&self.ledger.site.origin, hold.is_some());
            if let Some(hold) = hold {
                return Err(sql::Error::Held(hold.to_string()));
            }
            self.lease = Some(lease);
        }
        let tip = match self.tip.take() {
            Some(tip) => tip,
            None => InFlight {
                frontier: sql::ledgers::load_frontier(&self.db, self.ledger.id).await?,
                ..InFlight::default()
            },
        };
        let tip = self.tip.insert(tip);
        let looked_up = look_up(&self.db, &self.ledger, batch, &tip.pending).await?;
        let (draft, answers) = sequence(&self.ledger, batch, &looked_up, tip);
        // Away from this thread, so that the commit that is under way goes on meanwhile.
        let ledger = self.ledger.clone();
        let signed = tokio::task::spawn_blocking(move || sign(&ledger, draft)).await;
        let signed =
            signed.map_err(|error| sql::Error::data(format!("signing failed: {error}")))?;
        Ok((signed?, answers))
    }

    /// Starts the commit of a batch. What follows is drafted on top of it.
    fn take_off(&mut self, mut batch: Vec<Job>, mut signed: Signed, answers: Answers) -> Flight {
        self.tip = Some(InFlight {
            frontier: signed.after.clone(),
            pending: Arc::new(std::mem::take(&mut signed.draft.pending)),
            answers: Arc::new(answers),
        });
        let (db, ledger, metrics) = (self.db.clone(), self.ledger.clone(), self.metrics.clone());
        Box::pin(async move {
            let started = ledger.context.clock.instant();
            if let Err(error) = commit(&db, &ledger, &batch, &signed).await {
                return Err((batch, error));
            }
            let elapsed = ledger.context.clock.instant() - started;
            metrics.commit_seconds.observe(elapsed.as_secs_f64());
            count(&metrics, &ledger, &signed);
            for (job, answer) in batch.drain(..).zip(std::mem::take(&mut signed.draft.answers)) {
                // A sender that disconnected will send again and be answered from the table.
                job.answer.send(answer).ok();
            }
            Ok(())
        })
    }

    /// Drops everything that the database may know better, and sees to the jobs of a batch that was not committed.
    async fn fail(&mut self, (mut jobs, error): (Vec<Job>, sql::Error)) {
        let is_divided = error.is_of_a_value() && jobs.len() > 1;
        let reason = if error.is_unavailable() {
            "unavailable"
        } else if error.is_conflict() {
            "conflict"
        } else if error.is_of_a_value() {
            "value"
        } else if matches!(error, sql::Error::Held(_)) {
            "held"
        } else {
            "internal"
        };
        // That a batch is divided is no failure by itself; at its end one job is refused.
        if !is_divided {
            self.metrics.commit_failures.with_label_values(&[reason]).inc();
        }
        let origin = &self.ledger.site.origin;
        tracing::warn!(ledger.origin = origin, reason, jobs = jobs.len(), %error, "group commit failed");
        self.tip = None;
        if !error.is_of_a_value() {
            self.lease = None;
            for job in jobs {
                job.answer.send(Err(problem_of(&error))).ok();
            }
            return;
        }
        if is_divided {
            let rest = jobs.split_off(jobs.len() / 2);
            self.apart.push_front(rest);
            self.apart.push_front(jobs);
            return;
        }
        for job in jobs {
            let answer = self.refuse(&job.ready, &error).await;
            job.answer.send(Err(answer)).ok();
        }
    }

    /// Stores the refusal of a job that cannot be stored, and gives the answer to it.
    async fn refuse(&self, ready: &Ready, error: &sql::Error) -> Problem {
        let detail = format!("the database does not take it: {error}");
        let (source, kind, body_sha256, body, count) = match ready {
            Ready::Delivery(one) => {
                (&one.delivery.bridge, "delivery", &one.body_sha256, one.body.as_bytes(), 1)
            }
            Ready::Capture(one) => {
                (&one.partner, "capture", &one.sha256, &b""[..], one.made.len() as u64)
            }
        };
        let refusal = NewRefusal {
            at: self.ledger.context.clock.now(),
            source,
            kind,
            code: NOT_STORABLE,
            detail: &detail,
            body_sha256,
            excerpt: excerpt(body),
            count,
        };
        let stored = self.db.run_tx("ingest.refuse", async |tx: &Transaction<'_>| {
            sql::refusals::insert(tx, &[refusal]).await
        });
        if let Err(error) = stored.await {
            // Not even its refusal is durable, so the sender must keep it.
            return problem_of(&error);
        }
        self.metrics.refusals.with_label_values(&[kind, NOT_STORABLE]).inc_by(count);
        // What exactly the database said is for the operator: in the refusal and in the log.
        let detail =
            "a value in it cannot be stored; the operator of this ledger can see which".to_owned();
        Problem::Malformed { detail, violations: Vec::new() }
    }
}

/// The answer to the senders of a batch that was not committed.
fn problem_of(error: &sql::Error) -> Problem {
    if error.is_unavailable() || error.is_conflict() {
        Problem::Unavailable
    } else if let sql::Error::Held(reason) = error {
        Problem::Held(reason.clone())
    } else {
        Problem::Internal(format!("{error:?}"))
    }
}
