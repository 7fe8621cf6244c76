//! The doors of ingest: one file per resource, all routes on one screen.
//!
//! | route | file |
//! |---|---|
//! | `POST /observations` | [`observations_post`] |
//! | `POST /capture`, `GET /capture/{id}` | [`capture`] |
//! | `GET /healthz`, `/readyz`, `/metrics` | `process::health`, [`health`] |

pub mod capture;
pub mod health;
pub mod observations_post;

use std::collections::HashMap;
use std::time::Duration;

use actix_web::web;
use jiff::Timestamp;
use sql::Db;

use crate::config::Config;
use crate::metrics::Metrics;
use crate::outcome::Outcome;
use crate::problem::Problem;
use crate::writer::{Work, Writer, cut};

/// What every request handler stands on.
pub struct State {
    /// The database.
    pub db: Db,
    /// Loaded configuration.
    pub config: Config,
    /// Writers by ledger origin.
    pub writers: HashMap<String, Writer>,
    /// Counters.
    pub metrics: Metrics,
}

/// Adds all routes.
pub fn routes(service: &mut web::ServiceConfig) {
    service
        .route("/observations", web::post().to(observations_post::post))
        .route("/capture", web::post().to(capture::post))
        .route("/capture/{id}", web::get().to(capture::get))
        .configure(process::health::routes::<State>);
}

impl State {
    /// Hands work to the writer of `ledger` and waits, within the configured time.
    async fn submit(&self, ledger: &str, work: Work) -> Result<Outcome, Problem> {
        let writer = self
            .writers
            .get(ledger)
            .ok_or_else(|| Problem::Internal(format!("no writer for ledger `{ledger}`")))?;
        let limit = Duration::from_secs(self.config.settings.answer_within_s);
        tokio::time::timeout(limit, writer.submit(work)).await.unwrap_or(Err(Problem::Unavailable))
    }

    /// Stores what was not taken, with its reason, and counts it.
    ///
    /// # Errors
    ///
    /// [`Problem::Unavailable`] if it could not be stored: then the sender must send again.
    async fn refuse(
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
                    &sql::refusals::NewRefusal {
                        at: Timestamp::now(),
                        source,
                        kind,
                        code,
                        detail,
                        body_sha256: &ledger::hash::sha256(body),
                        excerpt: cut(body),
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
