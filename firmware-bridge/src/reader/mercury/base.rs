//! When a read happened: the reader counts milliseconds from its last keep-alive, the bridge knows when that
//! arrived.
//!
//! The way through: [`Base::set`] at every keep-alive and at the start, [`Base::when`] for every read.
//!
//! What holds: no read is later than its arrival, none is earlier than the point of reference; where the count
//! cannot be right, the time of arrival stands.
//!
//! Not here: the reader's own clock; it has none, so a read has no time of the reader.

use jiff::{SignedDuration, Timestamp};

/// By how much a read may arrive later than its count says, or the count be ahead: a reader empties up to
/// 0.7 s of reads after a stop, and a keep-alive may be missing for one second.
const SLACK: SignedDuration = SignedDuration::from_secs(2);

/// The point of reference.
#[derive(Debug, Default, Clone, Copy)]
pub struct Base(Option<Timestamp>);

impl Base {
    /// The reader begins to count anew, as a message that arrived at `at` says.
    pub fn set(&mut self, at: Timestamp) {
        self.0 = Some(at);
    }

    /// There is none any more.
    pub fn clear(&mut self) {
        self.0 = None;
    }

    /// When a read happened that arrived at `arrival`, `millis` milliseconds after the point of reference.
    #[must_use]
    pub fn when(&self, millis: Option<u32>, arrival: Timestamp) -> Timestamp {
        let counted = (|| {
            let span = SignedDuration::from_millis(millis?.into());
            self.0?.checked_add(span).ok()
        })();
        match counted {
            Some(counted) if counted.duration_since(arrival).abs() <= SLACK => counted.min(arrival),
            _ => arrival,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).unwrap()
    }

    #[test]
    fn a_count_that_can_be_right_is_taken_and_any_other_is_not() {
        let mut base = Base::default();
        assert_eq!(base.when(Some(5), at(100)), at(100), "no point of reference");
        base.set(at(10_000));
        for (millis, arrival, expected) in [
            (Some(40), 10_050, 10_040),
            (Some(40), 10_700, 10_040),
            // A count ahead of the arrival: the keep-alive itself was late.
            (Some(900), 10_050, 10_050),
            (None, 10_050, 10_050),
            // Nobody was there for a minute; a count of weeks.
            (Some(40), 70_000, 70_000),
            (Some(u32::MAX), 10_050, 10_050),
        ] {
            assert_eq!(base.when(millis, at(arrival)), at(expected), "{millis:?} at {arrival}");
        }
        base.clear();
        assert_eq!(base.when(Some(40), at(10_050)), at(10_050));
    }

    proptest! {
        #[test]
        fn a_read_lies_between_the_point_of_reference_and_its_arrival(
            begin in 0i64..10_000_000,
            later in 0i64..100_000,
            millis in any::<Option<u32>>(),
        ) {
            let mut base = Base::default();
            base.set(at(begin));
            let when = base.when(millis, at(begin + later));
            prop_assert!(when >= at(begin) && when <= at(begin + later));
        }
    }
}
