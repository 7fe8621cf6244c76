//! When a read happened: the reader counts milliseconds from its last keep-alive, the bridge knows when that
//! arrived.
//!
//! The way through: [`Base::set`] at every keepalive and at the start, [`Base::when`] for every read.
//!
//! What holds: no read is later than its arrival, and none is earlier than the read before it as long as the
//! time of day is not set back; where the count is impossible, the time of arrival is used.
//!
//! Not here: the reader's own clock; it has none, so a read has no time of the reader.

use jiff::{SignedDuration, Timestamp};

/// By how much a read may arrive later than its count says: a reader empties up to 0.7 s of reads after a stop.
/// Below one second, because a keep-alive that was lost shows as one second.
const SLACK: SignedDuration = SignedDuration::from_millis(850);

/// The point of reference.
#[derive(Debug, Default, Clone, Copy)]
pub struct Base {
    /// When the reader began to count.
    point: Option<Timestamp>,
    /// The last count since then.
    count: u32,
}

impl Base {
    /// The reader starts counting from zero, according to a message that arrived at `at`.
    pub fn set(&mut self, at: Timestamp) {
        *self = Self { point: Some(at), count: 0 };
    }

    /// There is no base any more.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// When a read happened that arrived at `arrival`, `millis` milliseconds after the point of reference.
    ///
    /// A count that decreases, or that lags by more than a reader may delay a read, was restarted with a keepalive that
    /// was lost; one ahead of the arrival was restarted before its keepalive arrived. Either way the base is computed
    /// from this read's arrival.
    pub fn when(&mut self, millis: Option<u32>, arrival: Timestamp) -> Timestamp {
        let Some(count) = millis else { return arrival };
        let span = SignedDuration::from_millis(count.into());
        let has_fallen = count < self.count;
        self.count = count;
        let counted = self.point.and_then(|point| point.checked_add(span).ok());
        match counted {
            Some(counted)
                if !has_fallen
                    && counted <= arrival
                    && arrival.duration_since(counted) <= SLACK =>
            {
                counted
            }
            _ => {
                self.point = arrival.checked_sub(span).ok();
                arrival
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).unwrap()
    }

    #[test]
    fn a_count_that_can_be_right_is_taken_and_any_other_is_not() {
        let mut base = Base::default();
        assert_eq!(base.when(Some(5), at(100)), at(100), "no point of reference");
        for (millis, arrival, expected) in [
            (Some(40), 10_050, 10_040),
            // What a reader held back after a stop.
            (Some(40), 10_700, 10_040),
            // A keep-alive was lost, and no read before it shows that the count fell.
            (Some(40), 11_050, 11_050),
            // A count ahead of the arrival: the keep-alive itself was late.
            (Some(900), 10_050, 10_050),
            (None, 10_050, 10_050),
            // Nobody was there for a minute; a count of weeks.
            (Some(40), 70_000, 70_000),
            (Some(u32::MAX), 10_050, 10_050),
        ] {
            base.set(at(10_000));
            assert_eq!(base.when(millis, at(arrival)), at(expected), "{millis:?} at {arrival}");
        }
        base.clear();
        assert_eq!(base.when(Some(40), at(10_050)), at(10_050));
    }

    #[test]
    fn a_count_that_falls_without_a_keep_alive_has_begun_anew() {
        let mut base = Base::default();
        base.set(at(10_000));
        assert_eq!(base.when(Some(950), at(10_955)), at(10_950));
        assert_eq!(base.when(Some(300), at(11_305)), at(11_305));
        // From there on it is counted again.
        assert_eq!(base.when(Some(400), at(11_600)), at(11_405));
    }

    proptest! {
        #[test]
        fn no_read_is_earlier_than_the_one_before_nor_later_than_its_arrival(
            steps in proptest::collection::vec(
                (0i64..3_000, prop_oneof![any::<u32>(), 0u32..1_200].prop_map(Some), any::<bool>()),
                0..50,
            ),
        ) {
            let mut base = Base::default();
            let (mut arrival, mut before) = (at(0), at(0));
            for (later, millis, is_keep_alive) in steps {
                arrival = arrival.checked_add(SignedDuration::from_millis(later)).unwrap();
                if is_keep_alive {
                    base.set(arrival);
                    continue;
                }
                let when = base.when(millis, arrival);
                prop_assert!(before <= when && when <= arrival);
                before = when;
            }
        }
    }
}
