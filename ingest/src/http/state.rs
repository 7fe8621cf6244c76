//! What every request handler has access to, and the two operations that several of them share.

use std::collections::HashMap;
use std::time::Duration;

use process::Clock;
use sql::Db;
use sql::refusals::NewRefusal;

use crate::config::Config;
use crate::excerpt::excerpt;
use crate::metrics::Metrics;
use crate::outcome::Outcome;
use crate::problem::Problem;
use crate::writer::{Work, Writer};

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
    /// The time.
    pub clock: Clock,
}

impl State {
    /// Hands work to the writer of `ledger` and waits, within the configured time.
    pub(super) async fn submit(&self, ledger: &str, work: Work) -> Result<Outcome, Problem> {
        let writer = self
            .writers
            .get(ledger)
            .ok_or_else(|| Problem::Internal(format!("no writer for ledger `{ledger}`")))?;
        let limit = Duration::from_secs(self.config.settings.answer_within_s);
        tokio::time::timeout(limit, writer.submit(work)).await.unwrap_or(Err(Problem::Unavailable))
    }

    /// Stores a refused body with its reason, and counts it.
    ///
    /// # Errors
    ///
    /// [`Problem::Unavailable`] if it could not be stored; the sender must retry.
    pub(super) async fn refuse(
        &self,
        source: &str,
        kind: &'static str,
        code: &'static str,
        detail: &str,
        body: &[u8],
    ) -> Result<(), Problem> {
        self.db
            .run_tx("ingest.refuse", async |tx| {
                sql::refusals::insert(
                    tx,
                    &NewRefusal {
                        at: self.clock.now(),
                        source,
                        kind,
                        code,
                        detail,
                        body_sha256: &ledger::hash::sha256(body),
                        excerpt: excerpt(body),
                        count: 1,
                    },
                )
                .await
            })
            .await?;
        self.metrics.refusals.with_label_values(&[kind, code]).inc();
        tracing::warn!(source, kind, code, detail, body_bytes = body.len(), "refused");
        Ok(())
    }
}
