//! Whether a device's own time is believed.
//!
//! What holds: a time that is believed becomes the time of the read or reading; otherwise the time of arrival does,
//! and the device's time is kept beside it where there is room. Pure: the time of arrival is a parameter.
//!
//! Source: docs/decisions/0015-settling.md.

use jiff::{SignedDuration, Timestamp};

/// A device's clock further ahead than this is not believed.
pub const AHEAD: SignedDuration = SignedDuration::from_secs(5);
/// What arrives longer than this after it happened is late.
pub const LATE: SignedDuration = SignedDuration::from_secs(60);
/// Beyond this, the device's clock is wrong rather than its buffer long.
pub const BEHIND: SignedDuration = SignedDuration::from_hours(24);

/// What a device's own time is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Belief {
    /// The device gave none.
    Missing,
    /// It is believed.
    Plausible,
    /// It is believed, and long ago: a buffer was emptied.
    Late,
    /// It is not believed.
    Implausible,
}

/// Judges a device's own time by the time of arrival.
#[must_use]
pub fn judge(device_time: Option<Timestamp>, arrived: Timestamp) -> Belief {
    let Some(device_time) = device_time else { return Belief::Missing };
    let age = arrived.duration_since(device_time);
    if age < -AHEAD || age > BEHIND {
        Belief::Implausible
    } else if age > LATE {
        Belief::Late
    } else {
        Belief::Plausible
    }
}

/// The time of something that a device reported, and whether it is only the time of arrival.
#[must_use]
pub fn believed(device_time: Option<Timestamp>, arrived: Timestamp) -> (Timestamp, bool) {
    match (device_time, judge(device_time, arrived)) {
        (Some(time), Belief::Plausible | Belief::Late) => (time, false),
        _ => (arrived, true),
    }
}

/// The time of a value that a device marks as historical: any age is believed. None if it gave no time or one in the
/// future.
#[must_use]
pub fn past(device_time: Option<Timestamp>, arrived: Timestamp) -> Option<Timestamp> {
    device_time.filter(|time| arrived.duration_since(*time) >= -AHEAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_believed_within_its_bounds() {
        let arrived = Timestamp::from_second(1_800_000_000).unwrap();
        for (behind_s, belief) in [
            (0, Belief::Plausible),
            (-5, Belief::Plausible),
            (-6, Belief::Implausible),
            (60, Belief::Plausible),
            (61, Belief::Late),
            (86_400, Belief::Late),
            (86_401, Belief::Implausible),
        ] {
            let told = arrived - SignedDuration::from_secs(behind_s);
            assert_eq!(judge(Some(told), arrived), belief, "{behind_s} s behind");
        }
        assert_eq!(judge(None, arrived), Belief::Missing);
        let told = |behind_s: i64| Some(arrived - SignedDuration::from_secs(behind_s));
        assert_eq!(past(told(30 * 86_400), arrived), told(30 * 86_400));
        assert_eq!((past(told(-6), arrived), past(None, arrived)), (None, None));
    }
}
