//! Gives records their place in a ledger: one writer per ledger, one signature per commit.
//!
//! The way of a job through this file:
//!
//! ```text
//! submit -> queue -> batch (all that waits) -> interpret -> commitments -> tree -> sign
//!        -> one transaction: deliveries, refusals, chunks, subtrees, items, checkpoint, head
//!        -> commit -> every sender gets its answer
//! ```
//!
//! What holds, whatever crashes in between:
//!
//! - an answer is given only after the commit returned;
//! - a delivery that was answered before gets the same answer again, and nothing is written twice; another
//!   delivery under the number of one that was taken is no repetition: it is refused, and told so;
//! - the batch is as large as the queue when there is work, and one job when there is none;
//! - one writer per ledger: a session lock that the database drops with us, and compare-and-swap on size.
//!
//! A crash before the commit leaves nothing; a crash after it leaves a sender without an answer, who sends
//! again and is answered from the table.
//!
//! Not here: who may send ([`crate::admit`]), what the tables look like (`sql`), the tree (`ledger`).
//!
//! Source: RFC 9162 section 2.1 for the tree; the order sign, commit, answer is that of the public
//! transparency logs.

mod number;

use std::sync::Arc;

use jiff::Timestamp;
use ledger::checkpoint::Checkpoint;
use ledger::keys::SystemRandom;
use ledger::record::{Record, Secret};
use ledger::tree::Frontier;
use reads::Delivery;
use sql::{Db, LedgerId, Transaction};
use tokio::sync::{mpsc, oneshot};

use crate::compose::{Source, compose};
use crate::config::Site;
use crate::facts::{Known, gather};
use crate::metrics::Metrics;
use crate::outcome::{Outcome, RefusalAnswer};
use crate::problem::Problem;
use crate::rules::interpret::{Difference, Refusal, interpret};
use crate::writer::number::{NUMBER_TAKEN, answer_again};

/// Longest queue before senders are told to try again.
const QUEUE: usize = 1024;

/// Something to be recorded.
#[derive(Debug)]
pub enum Work {
    /// A bridge's delivery, admitted.
    Delivery {
        /// The delivery.
        delivery: Box<Delivery>,
        /// Its body as received.
        body: String,
        /// The bridge's signature, base64.
        signature: String,
    },
    /// A partner's document, admitted and valid.
    Capture {
        /// Capture id, new.
        capture: String,
        /// Name of the partner.
        partner: String,
        /// SHA-256 of the document.
        document_sha256: ledger::Hash,
        /// Its events.
        events: Vec<epcis::Event>,
    },
}

#[derive(Debug)]
struct Job {
    work: Work,
    answer: oneshot::Sender<Result<Outcome, Problem>>,
}

/// The way to one ledger's writer.
#[derive(Debug, Clone)]
pub struct Writer {
    queue: mpsc::Sender<Job>,
}

/// Where a site is, for despatch advices: location SGLN to ledger.
pub type Destinations = Arc<std::collections::HashMap<String, LedgerId>>;

impl Writer {
    /// Starts the writer of `site` on a thread of the current runtime. It stops when the last [`Writer`] is dropped and its queue is empty.
    #[must_use]
    pub fn start(
        db: Db,
        ledger: LedgerId,
        site: Arc<Site>,
        destinations: Destinations,
        metrics: Metrics,
        max_jobs: usize,
    ) -> (Self, std::thread::JoinHandle<()>) {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let worker =
            Worker { db, ledger, site, destinations, metrics, frontier: None, lease: None };
        // A thread of its own: hashing and signing do not hold up the answers of other ledgers.
        let runtime = tokio::runtime::Handle::current();
        let thread =
            std::thread::spawn(move || runtime.block_on(worker.run(jobs, max_jobs.max(1))));
        (Self { queue }, thread)
    }

    /// Hands in work and waits until it is durable.
    ///
    /// # Errors
    ///
    /// [`Problem::Unavailable`] when the queue is full or the database is away; the sender tries again.
    pub async fn submit(&self, work: Work) -> Result<Outcome, Problem> {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Job { work, answer }).map_err(|_| Problem::Unavailable)?;
        answered.await.unwrap_or(Err(Problem::Unavailable))
    }
}

/// Owns the tree of one ledger. Only [`Worker::run`] calls its methods, so nothing here is shared.
struct Worker {
    db: Db,
    ledger: LedgerId,
    site: Arc<Site>,
    destinations: Destinations,
    metrics: Metrics,
    /// The tree as committed; none until loaded, and after every failure.
    frontier: Option<Frontier>,
    lease: Option<sql::ledgers::WriterLease>,
}

/// What one attempt at a batch has gathered; thrown away and made again when the transaction is retried.
struct Draft {
    frontier: Frontier,
    records: Vec<(Record, Secret, ledger::Hash)>,
    known: Known,
    answers: Vec<Result<Outcome, Problem>>,
    observations: u64,
}

impl Worker {
    async fn run(mut self, mut jobs: mpsc::Receiver<Job>, max_jobs: usize) {
        let mut batch = Vec::with_capacity(max_jobs);
        while jobs.recv_many(&mut batch, max_jobs).await > 0 {
            let started = std::time::Instant::now();
            let (works, answers): (Vec<Work>, Vec<_>) =
                batch.drain(..).map(|job| (job.work, job.answer)).unzip();
            match self.commit(&works).await {
                Ok(outcomes) => {
                    self.metrics.commit_seconds.observe(started.elapsed().as_secs_f64());
                    for (answer, outcome) in answers.into_iter().zip(outcomes) {
                        // A sender that hung up will ask again and be answered from the table.
                        answer.send(outcome).ok();
                    }
                }
                Err(error) => {
                    self.fail(&error);
                    let unavailable = error.is_unavailable() || error.is_conflict();
                    let detail = format!("{error:?}");
                    for answer in answers {
                        let problem = if unavailable {
                            Problem::Unavailable
                        } else {
                            Problem::Internal(detail.clone())
                        };
                        answer.send(Err(problem)).ok();
                    }
                }
            }
        }
    }

    /// Forgets everything that the database may know better.
    fn fail(&mut self, error: &sql::Error) {
        let reason = if error.is_unavailable() {
            "unavailable"
        } else if error.is_conflict() {
            "conflict"
        } else {
            "data"
        };
        self.metrics.commit_failures.with_label_values(&[reason]).inc();
        tracing::warn!(ledger.origin = self.site.origin, reason, %error, "group commit failed");
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
            self.lease = Some(sql::ledgers::hold_writer(&self.db, self.ledger).await?);
        }
        let before = match &self.frontier {
            Some(frontier) => frontier.clone(),
            None => sql::ledgers::load_frontier(&self.db, self.ledger).await?,
        };
        let this = &*self;
        let draft = self
            .db
            .run_tx("ingest.commit_batch", async |tx: &Transaction<'_>| {
                let mut draft = Draft {
                    frontier: before.clone(),
                    records: Vec::new(),
                    known: Known::default(),
                    answers: Vec::new(),
                    observations: 0,
                };
                for work in works {
                    let outcome = this.take(tx, &mut draft, work).await?;
                    draft.answers.push(outcome);
                }
                this.append(tx, &mut draft, &before).await?;
                Ok(draft)
            })
            .await?;
        crate::crash::point("ingest.after_commit");
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
        self.metrics.ledger_size.with_label_values(&[&self.site.origin]).set(size);
        for answer in &draft.answers {
            let Ok(answer) = answer else {
                self.metrics.refusals.with_label_values(&["delivery", NUMBER_TAKEN]).inc();
                continue;
            };
            let kind = if answer.capture.is_some() { "capture" } else { "observation" };
            if answer.repeated {
                continue;
            }
            for refusal in &answer.refusals {
                self.metrics
                    .refusals
                    .with_label_values(&[kind, &refusal.code])
                    .inc_by(refusal.count);
            }
        }
    }

    /// Takes one job into the draft, or answers it from the table.
    async fn take(
        &self,
        tx: &Transaction<'_>,
        draft: &mut Draft,
        work: &Work,
    ) -> Result<Result<Outcome, Problem>, sql::Error> {
        match work {
            Work::Delivery { delivery, body, signature } => {
                let (bridge, boot, seq) = (&delivery.bridge, delivery.boot, delivery.seq);
                if let Some(taken) = sql::deliveries::outcome(tx, bridge, boot, seq).await? {
                    return answer_again(tx, delivery, body, &taken).await;
                }
                let outcome = self.take_delivery(tx, draft, delivery, body, signature).await?;
                let text = outcome.to_text();
                sql::deliveries::insert(
                    tx,
                    &sql::deliveries::NewDelivery {
                        bridge,
                        boot,
                        seq,
                        ledger: self.ledger,
                        body,
                        signature,
                        outcome: &text,
                        received_at: Timestamp::now(),
                    },
                )
                .await?;
                Ok(Ok(outcome))
            }
            Work::Capture { capture, partner, document_sha256, events } => {
                if let Some(text) =
                    sql::captures::outcome_by_document(tx, partner, document_sha256).await?
                {
                    return Outcome::again(&text).map(Ok);
                }
                let outcome =
                    self.take_capture(tx, draft, capture, partner, document_sha256, events).await?;
                let text = outcome.to_text();
                sql::captures::insert(
                    tx,
                    &sql::captures::NewCapture {
                        capture_id: capture,
                        party: partner,
                        ledger: self.ledger,
                        document_sha256,
                        outcome: &text,
                        received_at: Timestamp::now(),
                    },
                )
                .await?;
                Ok(Ok(outcome))
            }
        }
    }

    async fn take_delivery(
        &self,
        tx: &Transaction<'_>,
        draft: &mut Draft,
        delivery: &Delivery,
        body: &str,
        signature: &str,
    ) -> Result<Outcome, sql::Error> {
        let now = Timestamp::now();
        let mut outcome = self.empty_outcome();
        let mut refusals = Vec::new();
        let body_sha256 = ledger::hash::sha256(body.as_bytes()).to_string();
        if let Some(rules) = &self.site.rules {
            let facts = gather(tx, self.ledger, rules, delivery, &draft.known).await?;
            let found = interpret(rules, delivery, &facts);
            for concluded in &found.events {
                let source = Source::Observed {
                    rule: &concluded.rule,
                    version: &rules.version,
                    delivery,
                    body_sha256: &body_sha256,
                    signature,
                };
                let record = epcis::Event::from_json(concluded.event.clone())
                    .map_err(|violations| format!("{violations:?}"))
                    .and_then(|event| {
                        compose(&event, &self.site.party, now, &source).map_err(|e| e.to_string())
                    });
                match record {
                    Ok(record) => {
                        let index = Self::add(draft, record);
                        outcome.indexes.push(index);
                        if let Some(difference) = &concluded.difference {
                            self.report_difference(tx, index, difference).await?;
                        }
                    }
                    // A rule made something that is no event: kept, counted, shown, not hidden.
                    Err(detail) => refusals.push(("rule-made-no-event", detail, 1)),
                }
            }
            for (rule, sensor, state) in &found.sensors {
                draft.known.add_sensor(rule, sensor, state);
                let text = serde_json::to_string(state).unwrap_or_default();
                sql::rules::set_state(tx, self.ledger, rule, sensor, &text).await?;
            }
            refusals.extend(found.refusals.into_iter().map(|refusal| {
                let Refusal { code, mut detail, tags, count } = refusal;
                if !tags.is_empty() {
                    detail = format!("{detail}: {}", tags.join(" "));
                }
                (code, detail, count)
            }));
        } else {
            let count =
                delivery.observations.len() + delivery.movements.len() + delivery.sensors.len();
            let count = count.max(1) as u64;
            refusals.push(("no-rules", "this ledger has no site rules".to_owned(), count));
        }
        draft.observations += delivery.observations.len() as u64;
        let source = format!("{}/{}/{}", delivery.bridge, delivery.boot, delivery.seq);
        for (code, detail, count) in refusals {
            sql::refusals::insert(
                tx,
                &sql::refusals::NewRefusal {
                    at: now,
                    source: &source,
                    kind: "observation",
                    code,
                    detail: &detail,
                    body_sha256: &ledger::hash::sha256(body.as_bytes()),
                    excerpt: cut(body.as_bytes()),
                    count,
                },
            )
            .await?;
            outcome.refusals.push(RefusalAnswer { code: code.to_owned(), detail, count });
        }
        let word = match (outcome.indexes.is_empty(), outcome.refusals.is_empty()) {
            (false, _) => "recorded",
            (true, false) => "refused",
            (true, true) => "empty",
        };
        word.clone_into(&mut outcome.outcome);
        outcome.size = draft.frontier.size();
        Ok(outcome)
    }

    async fn take_capture(
        &self,
        tx: &Transaction<'_>,
        draft: &mut Draft,
        capture: &str,
        partner: &str,
        document_sha256: &ledger::Hash,
        events: &[epcis::Event],
    ) -> Result<Outcome, sql::Error> {
        let now = Timestamp::now();
        let mut outcome = self.empty_outcome();
        outcome.capture = Some(capture.to_owned());
        let document = document_sha256.to_string();
        let source = Source::Stated { partner, document_sha256: &document };
        for (place, event) in events.iter().enumerate() {
            match compose(event, &self.site.party, now, &source) {
                Ok(record) => {
                    let index = Self::add(draft, record);
                    outcome.indexes.push(index);
                    self.expect_delivery(tx, index, event).await?;
                }
                Err(error) => {
                    let detail = format!("event {place}: {error}");
                    sql::refusals::insert(
                        tx,
                        &sql::refusals::NewRefusal {
                            at: now,
                            source: partner,
                            kind: "capture",
                            code: "not-a-record",
                            detail: &detail,
                            body_sha256: document_sha256,
                            excerpt: cut(event.json().canonical().as_bytes()),
                            count: 1,
                        },
                    )
                    .await?;
                    let code = "not-a-record".to_owned();
                    outcome.refusals.push(RefusalAnswer { code, detail, count: 1 });
                }
            }
        }
        let word = if outcome.indexes.is_empty() { "refused" } else { "recorded" };
        word.clone_into(&mut outcome.outcome);
        outcome.size = draft.frontier.size();
        Ok(outcome)
    }

    /// Extends the draft's tree by one record and returns its place.
    fn add(draft: &mut Draft, record: Record) -> u64 {
        let index = draft.frontier.size();
        let secret = fresh_secret();
        let leaf_hash = record.leaf_hash(&secret);
        draft.frontier.append(leaf_hash);
        draft.known.add_record(&record);
        draft.records.push((record, secret, leaf_hash));
        index
    }

    fn empty_outcome(&self) -> Outcome {
        Outcome {
            outcome: String::new(),
            ledger: self.site.origin.clone(),
            size: 0,
            indexes: Vec::new(),
            refusals: Vec::new(),
            capture: None,
            repeated: false,
        }
    }

    /// A shipping event with a despatch advice tells the receiving site what to expect.
    async fn expect_delivery(
        &self,
        tx: &Transaction<'_>,
        index: u64,
        event: &epcis::Event,
    ) -> Result<(), sql::Error> {
        if event.biz_step().as_deref() != Some("https://ref.gs1.org/cbv/BizStep-shipping") {
            return Ok(());
        }
        let advices = event
            .biz_transactions()
            .into_iter()
            .filter(|(kind, _)| kind.as_deref() == Some("https://ref.gs1.org/cbv/BTT-desadv"));
        for (_, reference) in advices {
            for (_, destination) in event.destinations() {
                if let Some(receiver) = self.destinations.get(&destination) {
                    sql::expected::insert(
                        tx,
                        &sql::expected::NewExpected {
                            ledger: *receiver,
                            despatch_advice: &reference,
                            shipped_by: &self.site.party.name,
                            epcs: &event.epc_list(),
                            recorded_in: self.ledger,
                            leaf_index: index,
                        },
                    )
                    .await?;
                }
            }
        }
        Ok(())
    }

    async fn report_difference(
        &self,
        tx: &Transaction<'_>,
        index: u64,
        difference: &Difference,
    ) -> Result<(), sql::Error> {
        tracing::info!(
            ledger.origin = self.site.origin,
            despatch_advice = difference.despatch_advice,
            announced = difference.announced,
            received = difference.received,
            missing = difference.missing.len(),
            unexpected = difference.unexpected.len(),
            "delivery compared with its despatch advice"
        );
        sql::expected::insert_difference(
            tx,
            &sql::expected::NewDifference {
                ledger: self.ledger,
                leaf_index: index,
                despatch_advice: &difference.despatch_advice,
                announced: difference.announced,
                received: difference.received,
                missing: &difference.missing,
                unexpected: &difference.unexpected,
                at: Timestamp::now(),
            },
        )
        .await
    }

    /// Writes the draft's records, the signed checkpoint over them, and the new head.
    async fn append(
        &self,
        tx: &Transaction<'_>,
        draft: &mut Draft,
        before: &Frontier,
    ) -> Result<(), sql::Error> {
        if draft.records.is_empty() {
            return Ok(());
        }
        let checkpoint = Checkpoint {
            origin: self.site.origin.clone(),
            size: draft.frontier.size(),
            root: draft.frontier.root(),
        };
        let note =
            self.site.keys.sign_checkpoint(&checkpoint, &SystemRandom::new()).map_err(|error| {
                sql::Error::data(format!("checkpoint could not be signed: {error}"))
            })?;
        let mut item_keys = Vec::new();
        let mut entries = Vec::with_capacity(draft.records.len());
        for (index, (record, secret, leaf_hash)) in (before.size()..).zip(&draft.records) {
            item_keys.extend(record.names().iter().map(|name| (sql::items::key(name), index)));
            entries.push(sql::ledgers::Entry {
                text: record.text().to_owned(),
                secret: Some(*secret),
                leaf_hash: *leaf_hash,
            });
        }
        crate::crash::point("ingest.before_append");
        sql::ledgers::append(
            tx,
            &sql::ledgers::Append {
                ledger: self.ledger,
                old_size: before.size(),
                frontier: before.clone(),
                entries,
                item_keys,
                note,
                recorded_at: Timestamp::now(),
            },
        )
        .await?;
        crate::crash::point("ingest.before_commit");
        Ok(())
    }
}

fn fresh_secret() -> Secret {
    let mut secret = Secret::default();
    ledger::keys::SecureRandom::fill(&SystemRandom::new(), &mut secret)
        .expect("the operating system gives random bytes");
    secret
}

/// The first 4 KiB, which is what a refusal keeps.
pub(crate) fn cut(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len().min(4096)]
}
