//! Hands deliveries to ingest: signed, in order, again and again until they are recorded.
//!
//! What holds:
//!
//! - a delivery is forgotten only after ingest answered 200 or 201;
//! - the order of the spool is kept: nothing overtakes a delivery that must wait;
//! - what ingest will never accept (413, 422) moves to the dead letters with its reason, so it holds up
//!   nobody; a refused key (401) is no fault of the delivery, which waits.
//!
//! This is the only file that names the HTTP client.
//!
//! Source: docs/formats/observation-v1.md, sections "Signature" and "Answers".

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use ledger::keys::SourceKey;

use crate::metrics::Metrics;
use crate::spool::{Spool, SpoolError, Waiting};

/// Wait when there is nothing to send.
const IDLE: Duration = Duration::from_millis(20);
/// First and longest wait after a failure.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));

/// What became of one attempt.
#[derive(Debug, PartialEq, Eq)]
enum Attempt {
    Recorded,
    /// Never acceptable, with the answer's words.
    Refused(String),
    /// Try again, with the reason.
    Later(String),
}

/// Sends what waits in the spool.
pub struct Deliverer {
    agent: ureq::Agent,
    url: String,
    bridge: String,
    key: SourceKey,
    spool: Spool,
    metrics: Metrics,
}

impl Deliverer {
    /// Opens the spool.
    ///
    /// - `url`: ingest's base address, `https://…` or, on one machine, `http://…`.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn open(
        url: &str,
        bridge: &str,
        key: SourceKey,
        spool: &Path,
        metrics: Metrics,
    ) -> Result<Self, SpoolError> {
        // Another part of the program may have installed it already; either is the same.
        rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_mins(1)))
            .timeout_connect(Some(Duration::from_secs(5)))
            .http_status_as_error(false)
            .build()
            .into();
        Ok(Self {
            agent,
            url: format!("{}/observations", url.trim_end_matches('/')),
            bridge: bridge.to_owned(),
            key,
            spool: Spool::open(spool)?,
            metrics,
        })
    }

    /// Sends until `stop` is set; what is not sent stays in the spool.
    ///
    /// # Errors
    ///
    /// [`SpoolError`] if the disk fails.
    pub fn run(mut self, stop: &Arc<AtomicBool>) -> Result<(), SpoolError> {
        let mut wait = BACK_OFF.0;
        let mut was_away = false;
        while !stop.load(Ordering::Relaxed) {
            self.metrics.waiting.set(i64::try_from(self.spool.waiting()?).unwrap_or(i64::MAX));
            let Some(waiting) = self.spool.oldest()? else {
                std::thread::sleep(IDLE);
                continue;
            };
            crate::crash::point("deliver.before_send");
            let attempt = self.send(&waiting);
            crate::crash::point("deliver.after_answer");
            match attempt {
                Attempt::Recorded => {
                    self.spool.forget(waiting.boot, waiting.seq)?;
                    self.metrics.deliveries.with_label_values(&["recorded"]).inc();
                    if was_away {
                        tracing::info!("ingest takes deliveries again");
                    }
                    (wait, was_away) = (BACK_OFF.0, false);
                }
                Attempt::Refused(reason) => {
                    tracing::error!(
                        seq = waiting.seq,
                        reason,
                        "ingest will never accept this delivery"
                    );
                    self.spool.bury(&waiting, &reason, Timestamp::now())?;
                    self.metrics.deliveries.with_label_values(&["refused"]).inc();
                }
                Attempt::Later(reason) => {
                    self.metrics.deliveries.with_label_values(&["later"]).inc();
                    if !was_away {
                        tracing::warn!(
                            reason,
                            "ingest does not take deliveries; they wait in the spool"
                        );
                    }
                    was_away = true;
                    pause(wait, stop);
                    wait = (wait * 2).min(BACK_OFF.1);
                }
            }
        }
        Ok(())
    }

    fn send(&self, waiting: &Waiting) -> Attempt {
        let signed = reads::signing_bytes(&self.bridge, waiting.boot, waiting.seq, &waiting.body);
        let answer = self
            .agent
            .post(&self.url)
            .content_type("application/json")
            .header("Chopmark-Bridge", &self.bridge)
            .header("Chopmark-Boot", waiting.boot.to_string())
            .header("Chopmark-Sequence", waiting.seq.to_string())
            .header("Chopmark-Signature", STANDARD.encode(self.key.sign(&signed)))
            .send(&waiting.body[..]);
        let mut answer = match answer {
            Ok(answer) => answer,
            Err(error) => return Attempt::Later(error.to_string()),
        };
        let status = answer.status().as_u16();
        let words =
            answer.body_mut().with_config().limit(64 * 1024).read_to_string().unwrap_or_default();
        match status {
            200 | 201 => Attempt::Recorded,
            400 | 413 | 422 => Attempt::Refused(format!("{status}: {words}")),
            _ => Attempt::Later(format!("{status}: {words}")),
        }
    }
}

/// Sleeps up to `wait`, less if `stop` is set meanwhile.
fn pause(wait: Duration, stop: &Arc<AtomicBool>) {
    let until = std::time::Instant::now() + wait;
    while std::time::Instant::now() < until && !stop.load(Ordering::Relaxed) {
        std::thread::sleep(IDLE.min(wait));
    }
}
