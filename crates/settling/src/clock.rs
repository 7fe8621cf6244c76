//! Whether the clock of the bridge's machine was set.
//!
//! What holds: the time of day is compared with the time since the start, which cannot be set. Pure: both are
//! parameters.
//!
//! Source: docs/decisions/0015-settling.md.

use jiff::SignedDuration;

use crate::moment::Moment;

/// Compares the machine's clock with the time since the start, which cannot be set.
#[derive(Debug)]
pub struct OwnClock {
    last: Moment,
}

/// A smaller difference is normal drift.
const SET: SignedDuration = SignedDuration::from_secs(2);

impl OwnClock {
    /// Compares from `now` on.
    #[must_use]
    pub fn new(now: Moment) -> Self {
        Self { last: now }
    }

    /// If the clock was set since the last call, a text that says so.
    pub fn look(&mut self, now: Moment) -> Option<String> {
        let passed = SignedDuration::try_from(now.up.saturating_sub(self.last.up)).ok()?;
        let expected = self.last.at.checked_add(passed).ok()?;
        self.last = now;
        let set = now.at.duration_since(expected);
        (set.abs() >= SET).then(|| {
            let (seconds, way) = (set.abs().as_secs(), if set.is_negative() { "back" } else { "forward" });
            format!(
                "the clock of the bridge's machine was set {way} by {seconds} s, from {expected} to {}; what arrived before may have a wrong time; have NTP set the clock before the bridge starts",
                now.at
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_clock_that_is_set_is_noticed_and_one_that_drifts_is_not() {
        let at = |seconds: i64, up: u64| Moment {
            at: Timestamp::from_second(1_800_000_000 + seconds).unwrap(),
            up: std::time::Duration::from_secs(up),
        };
        let mut clock = OwnClock::new(at(0, 0));
        assert_eq!(clock.look(at(1001, 1000)), None);
        let forward = clock.look(at(4602, 1001)).unwrap();
        assert!(forward.contains("set forward by 3600 s"), "{forward}");
        assert_eq!(clock.look(at(4603, 1002)), None);
        let back = clock.look(at(1004, 1003)).unwrap();
        assert!(back.contains("set back by 3600 s"), "{back}");
    }
}
