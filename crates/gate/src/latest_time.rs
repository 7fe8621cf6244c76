//! The latest time that a process has seen: a clock that is set back does not revive what has ended.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;

/// The latest time that this process has seen, to the microsecond.
#[derive(Debug)]
pub struct LatestTime(AtomicI64);

impl Default for LatestTime {
    fn default() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }
}

impl LatestTime {
    /// The later one of `now` and all times before.
    pub fn with(&self, now: Timestamp) -> Timestamp {
        let before = self.0.fetch_max(now.as_microsecond(), Ordering::Relaxed);
        Timestamp::from_microsecond(before).map_or(now, |before| before.max(now))
    }
}
