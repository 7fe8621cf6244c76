//! What a statement weighs, and when the hub first had it.
//!
//! What holds: weights are ordered, so the best of several roles is their maximum; seals are ordered by the hub, never
//! by what a speaker says about time.
//!
//! Not here: which role gives which weight ([`crate::authority`]).

use jiff::{SignedDuration, Timestamp};

/// How far an event may lie after its seal before it counts as said about the future.
pub const FUTURE: SignedDuration = SignedDuration::from_mins(5);

/// What a statement does to the answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// It is listed and has no effect.
    #[default]
    Listed,
    /// It is shown, and makes a gap.
    Claim,
    /// It changes the item's state.
    Counts,
}

impl Weight {
    /// Its code in JSON answers.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::Claim => "claim",
            Self::Counts => "counts",
        }
    }
}

/// What is odd about the time of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mark {
    /// Its event is said to happen later than the hub had its record.
    Future,
    /// Its event is said to have happened so long before the hub had its record that it is back-dated.
    BackDated,
    /// It was declared wrong, and has no effect any more.
    Corrected,
}

impl Mark {
    /// The mark of an event at `event` with the seal `seal`.
    ///
    /// - `late`: how old an event may be when the hub gets its record.
    #[must_use]
    pub fn of(event: Timestamp, seal: Timestamp, late: SignedDuration) -> Option<Self> {
        if event.duration_since(seal) > FUTURE {
            Some(Self::Future)
        } else {
            (seal.duration_since(event) > late).then_some(Self::BackDated)
        }
    }

    /// Its code in JSON answers.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Future => "future",
            Self::BackDated => "back_dated",
            Self::Corrected => "corrected",
        }
    }
}

/// When the hub first had a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seal {
    /// Index of the hub's entry; none while the record is not in the hub.
    pub place: Option<u64>,
    /// When the hub had that entry; the present while it has none.
    pub at: Timestamp,
    /// When the record's own ledger was first signed with it.
    pub committed: Timestamp,
}

impl Seal {
    /// When the record was there at the latest: when the hub had it, and while that has not, when its own ledger was first signed with it.
    #[must_use]
    pub fn known(&self) -> Timestamp {
        if self.place.is_some() { self.at } else { self.committed }
    }

    /// The seal of a record that the hub does not have yet.
    #[must_use]
    pub fn pending(now: Timestamp, committed: Timestamp) -> Self {
        Self { place: None, at: now, committed }
    }

    /// Its place in the order of statements: what is not in the hub comes last.
    #[must_use]
    pub fn order(&self) -> (u64, Timestamp) {
        match self.place {
            Some(place) => (place, Timestamp::MIN),
            None => (u64::MAX, self.committed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + minutes * 60).unwrap()
    }

    #[test]
    fn a_time_is_odd_only_beyond_five_minutes_ahead_and_beyond_the_grace_behind() {
        let late = SignedDuration::from_hours(72);
        let hours = 60;
        for (event, mark) in [
            (5, None),
            (6, Some(Mark::Future)),
            (0, None),
            (-72 * hours, None),
            (-72 * hours - 1, Some(Mark::BackDated)),
        ] {
            assert_eq!(Mark::of(at(event), at(0), late), mark, "{event}");
        }
        assert_eq!(Mark::of(Timestamp::MAX, Timestamp::MIN, late), Some(Mark::Future));
        assert_eq!(Mark::of(Timestamp::MIN, Timestamp::MAX, late), Some(Mark::BackDated));
    }

    #[test]
    fn what_is_not_in_the_hub_comes_last() {
        let sealed = |place| Seal { place: Some(place), at: at(9), committed: at(9) };
        let mut seals =
            [Seal::pending(at(0), at(2)), sealed(7), Seal::pending(at(0), at(1)), sealed(3)];
        seals.sort_by_key(Seal::order);
        let order: Vec<_> = seals.iter().map(|seal| (seal.place, seal.committed)).collect();
        assert_eq!(order, [(Some(3), at(9)), (Some(7), at(9)), (None, at(1)), (None, at(2))]);
    }
}
