//! Named places at which a test may kill the process, to prove what survives.
//!
//! `CHOPMARK_CRASH_AT=ingest.before_commit:3` ends the process with SIGKILL when it passes that place for the
//! third time. Compiled into debug builds only; in a release build [`CrashPoints::pass`] does nothing.
//!
//! | place | what is durable there |
//! |---|---|
//! | `spool.before_commit` | nothing of this batch; the broker was not acknowledged |
//! | `spool.after_commit` | the batch; the broker was not acknowledged yet |
//! | `deliver.before_send` | the delivery in the outbox; it was not sent |
//! | `deliver.after_answer` | the delivery in the outbox; ingest has answered, the answer is not stored |
//! | `ingest.before_append` | nothing of this batch; its checkpoint is signed |
//! | `ingest.before_commit` | nothing of this batch; everything of it is written in the open transaction |
//! | `ingest.after_commit` | the whole batch; no sender has its answer yet |
//! | `hub.before_commit` | nothing of this epoch |
//! | `hub.after_commit` | the hub's new entries and its signed checkpoint |
//! | `anchor.prepared` | the anchor, and a signed transaction that was not sent yet |
//! | `anchor.sent` | the transaction may have been sent; the state says so |
//! | `anchor.mined` | the block that included it |
//! | `anchor.before_final` | as before; the proof is collected and not stored |
//! | `projection.before_commit` | nothing of this batch; everything of it is written in the open transaction |
//! | `projection.after_commit` | the whole batch of events |

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The place, if any, at which this process is to be killed. Clones share the count.
#[derive(Debug, Clone, Default)]
pub struct CrashPoints(Option<Arc<Place>>);

#[derive(Debug)]
struct Place {
    name: String,
    times: u64,
    passed: AtomicU64,
}

impl CrashPoints {
    /// No place: nothing is ever killed.
    #[must_use]
    pub fn none() -> Self {
        Self(None)
    }

    /// Reads `NAME` or `NAME:TIMES`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let (name, times) = text.split_once(':').unwrap_or((text, "1"));
        Self(Some(Arc::new(Place {
            name: name.to_owned(),
            times: times.parse().unwrap_or(1),
            passed: AtomicU64::new(0),
        })))
    }

    /// Reads `CHOPMARK_CRASH_AT`; in a release build there are no places.
    #[must_use]
    pub fn from_env() -> Self {
        match std::env::var("CHOPMARK_CRASH_AT") {
            Ok(text) if cfg!(debug_assertions) => Self::parse(&text),
            _ => Self::none(),
        }
    }

    /// Kills the process if it is to be killed here.
    pub fn pass(&self, name: &str) {
        let Some(place) = self.0.as_ref().filter(|place| place.name == name) else { return };
        if place.passed.fetch_add(1, Ordering::SeqCst) + 1 == place.times {
            nix::sys::signal::raise(nix::sys::signal::Signal::SIGKILL).ok();
        }
    }
}
