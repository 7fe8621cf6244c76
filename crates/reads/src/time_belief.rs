//! Whether a device's own time is believed.
//!
//! What holds: a time that is believed becomes the time of the read or reading; one that is not leaves the
//! time of arrival, and is kept beside it where there is room. Pure: the time of arrival is a parameter.
//!
//! Source: docs/decisions/0015-settling.md.

use jiff::{SignedDuration, Timestamp};

/// A device's clock further ahead than this is not believed.
pub const AHEAD: SignedDuration = SignedDuration::from_secs(5);
/// What arrives longer than this after it happened is late.
pub const LATE: SignedDuration = SignedDuration::from_secs(60);
/// Beyond this, the clock is wrong rather than the device's buffer long.
pub const BEHIND: SignedDuration = SignedDuration::from_hours(24);

/// What is made of a device's own time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Belief {
    /// It gave none.
    Untold,
    /// It is believed.
    Sane,
    /// It is believed, and long ago: a buffer was emptied.
    Late,
    /// It is not believed.
    Suspect,
}

/// Judges the time that a device `told` against that of arrival.
#[must_use]
pub fn judge(told: Option<Timestamp>, arrived: Timestamp) -> Belief {
    let Some(told) = told else { return Belief::Untold };
    let age = arrived.duration_since(told);
    if age < -AHEAD || age > BEHIND {
        Belief::Suspect
    } else if age > LATE {
        Belief::Late
    } else {
        Belief::Sane
    }
}

/// The time of what a device told, and whether it is only that of arrival.
#[must_use]
pub fn believed(told: Option<Timestamp>, arrived: Timestamp) -> (Timestamp, bool) {
    match (told, judge(told, arrived)) {
        (Some(told), Belief::Sane | Belief::Late) => (told, false),
        _ => (arrived, true),
    }
}

/// The time of a value of the past, which a device says to send later: any age is right. None if it gave no time
/// or one to come.
#[must_use]
pub fn past(told: Option<Timestamp>, arrived: Timestamp) -> Option<Timestamp> {
    told.filter(|told| arrived.duration_since(*told) >= -AHEAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_believed_within_its_bounds() {
        let arrived = Timestamp::from_second(1_800_000_000).unwrap();
        for (behind_s, belief) in [
            (0, Belief::Sane),
            (-5, Belief::Sane),
            (-6, Belief::Suspect),
            (60, Belief::Sane),
            (61, Belief::Late),
            (86_400, Belief::Late),
            (86_401, Belief::Suspect),
        ] {
            let told = arrived - SignedDuration::from_secs(behind_s);
            assert_eq!(judge(Some(told), arrived), belief, "{behind_s} s behind");
        }
        assert_eq!(judge(None, arrived), Belief::Untold);
        let told = |behind_s: i64| Some(arrived - SignedDuration::from_secs(behind_s));
        assert_eq!(past(told(30 * 86_400), arrived), told(30 * 86_400));
        assert_eq!((past(told(-6), arrived), past(None, arrived)), (None, None));
    }
}
