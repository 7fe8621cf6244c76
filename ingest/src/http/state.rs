//! What every request handler has access to, and the operations that several of them share.

use std::collections::HashMap;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::web::{Payload, block};
use gate::Gate;
use jiff::Timestamp;
use process::Clock;
use sql::Db;
use sql::refusals::NewRefusal;

use super::addresses::Addresses;
use super::intake::{Body, Intake, address_of};
use super::jobs::Jobs;
use super::strangers::Strangers;
use crate::config::Config;
use crate::excerpt::excerpt;
use crate::metrics::Metrics;
use crate::outcome::Outcome;
use crate::problem::Problem;
use crate::terms::Terms;
use crate::writer::{Ready, Writer};

/// Code of a refusal of a sender that is not admitted.
const NOT_ADMITTED: &str = "not-admitted";
/// Largest body whose work is done on the thread that received it: some five events, less than half a millisecond.
const AT_ONCE: usize = 4 * 1024;

/// Most ids under which events are created at the same time.
const IDS_AT_ONCE: usize = 1024;

/// What every request handler has access to.
pub struct State {
    /// The database.
    pub db: Db,
    /// Configuration, loaded; without the sites, which their writers own.
    pub config: Config,
    /// Writers by ledger origin.
    pub writers: HashMap<String, Writer>,
    /// Counters.
    pub metrics: Metrics,
    /// What stated events are checked for.
    pub terms: Terms,
    /// The time.
    pub clock: Clock,
    /// Identifies callers that are no partners of the configuration.
    pub gate: Gate,
    addresses: Addresses,
    intake: Intake,
    strangers: Strangers,
    /// Who creates an event under an id at the moment.
    creating: Box<[tokio::sync::Mutex<()>]>,
    /// Long documents that are being recorded.
    pub(super) long: Jobs,
}

/// A refusal that is stored as one row.
struct Row<'a> {
    source: &'a str,
    kind: &'static str,
    code: &'static str,
    detail: &'a str,
    body: &'a [u8],
    count: u64,
}

impl State {
    /// The state of a server: nothing received, nobody refused yet.
    #[must_use]
    pub fn new(
        db: Db,
        config: Config,
        writers: HashMap<String, Writer>,
        metrics: Metrics,
        terms: Terms,
    ) -> Self {
        let settings = &config.settings;
        let addresses = Addresses::new(settings.bodies_per_address, settings.strangers_per_minute);
        let intake = Intake::new(settings, metrics.body_bytes.clone());
        let strangers = Strangers::new(settings.stored_refusals_per_minute);
        let creating = (0..IDS_AT_ONCE).map(|_| tokio::sync::Mutex::default()).collect();
        let (clock, long) = (terms.clock.clone(), Jobs::new(settings.body_memory_bytes));
        let gate = Gate::new(db.clone(), clock.clone(), config.gate.clone());
        Self {
            db,
            config,
            writers,
            metrics,
            terms,
            clock,
            gate,
            addresses,
            intake,
            strangers,
            creating,
            long,
        }
    }

    /// The writer of `ledger`.
    pub(super) fn writer(&self, ledger: &str) -> Result<&Writer, Problem> {
        let none = || Problem::Internal(format!("no writer for ledger `{ledger}`"));
        self.writers.get(ledger).ok_or_else(none)
    }

    /// Waits until nobody else creates an event of this id; others may by chance have to wait as well.
    ///
    /// - `id`: SHA-256 of the id.
    pub(super) async fn turn_to_create(
        &self,
        id: &ledger::Hash,
    ) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        let [first, second, ..] = id.0;
        let place = usize::from(u16::from_be_bytes([first, second])) % IDS_AT_ONCE;
        Some(self.creating.get(place)?.lock().await)
    }

    /// Hands work to the writer of `ledger` and waits, within the configured time.
    pub(super) async fn submit(&self, ledger: &str, ready: Ready) -> Result<Outcome, Problem> {
        let writer = self.writer(ledger)?;
        self.within_time(writer.submit(ready)).await?
    }

    /// Does the work that a body of so many bytes needs: of a small one at once, because handing it to another thread would
    /// take as long; of another one away from the threads that serve requests.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        if bytes <= AT_ONCE {
            return Ok(work());
        }
        block(work).await.map_err(|error| Problem::Internal(error.to_string()))
    }

    /// Waits as long as a sender does.
    pub(super) async fn within_time<T>(&self, work: impl Future<Output = T>) -> Result<T, Problem> {
        let limit = Duration::from_secs(self.config.settings.answer_within_s);
        tokio::time::timeout(limit, work).await.map_err(|_| Problem::Unavailable)
    }

    /// Receives the body of a request whose head was accepted, at most `limit` bytes.
    pub(super) async fn receive(
        &self,
        request: &HttpRequest,
        payload: Payload,
        limit: usize,
    ) -> Result<Body, Problem> {
        let limit = limit.min(self.config.settings.max_body_bytes);
        self.intake.receive(&self.addresses, request, payload, limit).await
    }

    /// Counts the refusal of a sender that is not admitted, stores it if it is one of the sample, and gives the answer.
    ///
    /// - `body`: what was received of it; empty if its head was refused.
    pub(super) async fn refuse_stranger(
        &self,
        request: &HttpRequest,
        (source, kind): (&str, &'static str),
        problem: Problem,
        body: &[u8],
    ) -> Problem {
        self.metrics.refusals.with_label_values(&[kind, NOT_ADMITTED]).inc();
        let now = self.clock.instant();
        if let Some(count) = self.strangers.count(kind, now) {
            let mut detail = problem.to_string();
            if count > 1 {
                detail = format!("{detail} (with {} before it that were not stored)", count - 1);
            }
            let row = Row { source, kind, code: NOT_ADMITTED, detail: &detail, body, count };
            if let Err(error) = self.store(&row, self.clock.now()).await {
                tracing::warn!(%error, "refusal could not be stored");
                self.strangers.put_back(kind, count);
            }
        } else {
            self.metrics.unstored_refusals.inc();
        }
        if self.addresses.fail(address_of(request), now) { problem } else { Problem::TooMany }
    }

    /// Stores what was counted of strangers and not stored; at the end of the process.
    pub(crate) async fn store_rest(&self) {
        for (kind, count) in self.strangers.take_rest() {
            let detail = "counted and not stored one by one";
            let row =
                Row { source: "(strangers)", kind, code: NOT_ADMITTED, detail, body: &[], count };
            if let Err(error) = self.store(&row, self.clock.now()).await {
                tracing::warn!(%error, kind, count, "counted refusals could not be stored");
            }
        }
    }

    /// Stores a refused body of a known sender with its reason, and counts it.
    ///
    /// # Errors
    ///
    /// [`Problem::Unavailable`] if it could not be stored; the sender must retry.
    pub(super) async fn refuse(
        &self,
        source: &str,
        kind: &'static str,
        code: &'static str,
        (detail, count): (&str, u64),
        body: &[u8],
    ) -> Result<(), Problem> {
        self.store(&Row { source, kind, code, detail, body, count }, self.clock.now()).await?;
        self.metrics.refusals.with_label_values(&[kind, code]).inc_by(count);
        tracing::warn!(source, kind, code, detail, body_bytes = body.len(), "refused");
        Ok(())
    }

    async fn store(&self, row: &Row<'_>, at: Timestamp) -> Result<(), sql::Error> {
        let digest = ledger::hash::sha256(row.body);
        self.db
            .run_tx("ingest.refuse", async |tx| {
                let refusal = NewRefusal {
                    at,
                    source: row.source,
                    kind: row.kind,
                    code: row.code,
                    detail: row.detail,
                    body_sha256: &digest,
                    excerpt: excerpt(row.body),
                    count: row.count,
                };
                sql::refusals::insert(tx, &[refusal]).await
            })
            .await
    }
}
