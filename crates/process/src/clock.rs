//! The time, as a value that is passed in.
//!
//! What holds: the wall clock and the monotonic clock of one [`Clock`] are read from the same source; a manual
//! clock moves only when a test advances it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

/// Tells the time. Clones share the source.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    Manual(Arc<Manual>),
}

#[derive(Debug)]
struct Manual {
    start: Timestamp,
    start_instant: Instant,
    advanced: Mutex<Duration>,
}

impl Clock {
    /// The clock of this machine.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock for tests that stands at `start` until it is advanced.
    #[must_use]
    pub fn manual(start: Timestamp) -> Self {
        Self(Source::Manual(Arc::new(Manual {
            start,
            start_instant: Instant::now(),
            advanced: Mutex::default(),
        })))
    }

    /// The wall-clock time, UTC.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => Timestamp::now(),
            Source::Manual(manual) => {
                manual.start.checked_add(manual.advanced()).unwrap_or(Timestamp::MAX)
            }
        }
    }

    /// The monotonic time, for measuring how long something takes and for deadlines.
    #[must_use]
    pub fn instant(&self) -> Instant {
        match &self.0 {
            Source::System => Instant::now(),
            Source::Manual(manual) => manual.start_instant + manual.advanced(),
        }
    }

    /// Moves a manual clock forward; the clock of the machine is left alone.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(manual) = &self.0 {
            *manual.advanced.lock().unwrap_or_else(PoisonError::into_inner) += by;
        }
    }
}

impl Manual {
    fn advanced(&self) -> Duration {
        *self.advanced.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_it_is_advanced() {
        let clock = Clock::manual(Timestamp::UNIX_EPOCH);
        let (now, instant) = (clock.now(), clock.instant());
        assert_eq!((clock.now(), clock.instant()), (now, instant));
        clock.clone().advance(Duration::from_secs(90));
        assert_eq!(clock.now().as_second(), 90);
        assert_eq!(clock.instant() - instant, Duration::from_secs(90));
    }
}
