//! An event of the projection, and where a search stopped.

use epcis::query::Term;
use jiff::Timestamp;

use crate::ledger_id::LedgerId;

/// A row of the projection. Nothing of it is evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projected {
    /// Its place in the order of projection, from 1.
    pub position: u64,
    /// The ledger that has the record.
    pub ledger: LedgerId,
    /// That ledger's origin; empty if there is no such ledger.
    pub origin: String,
    /// The record's place in it.
    pub index: u64,
    /// When the event happened, to the microsecond.
    pub event_time: Timestamp,
    /// When its ledger recorded it, to the microsecond.
    pub record_time: Timestamp,
    /// The event's own id, or its event hash.
    pub event_id: String,
}

/// Where a search stopped: behind this event. It means the same for ever within its generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// How often the projection had been begun anew.
    pub generation: u64,
    /// The time by which the search is ordered, in microseconds since 1970; 0 if it is ordered by position.
    pub at: i64,
    /// The position.
    pub position: u64,
}

/// Microseconds since 1970, rounded down.
pub(super) fn micros(at: Timestamp) -> i64 {
    let cut = at.as_microsecond();
    let is_above = at.as_nanosecond() < i128::from(cut) * 1000;
    cut - i64::from(is_above)
}

/// The time that these microseconds are; a time that nothing can have becomes the earliest or the latest.
pub(super) fn time(micros: i64) -> Timestamp {
    let end = if micros < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_microsecond(micros).unwrap_or(end)
}

/// A term as PostgreSQL's `bigint`: the same bits.
pub(super) fn bits(term: Term) -> i64 {
    i64::from_ne_bytes(term.0.to_ne_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_cut_to_microseconds_downwards_before_and_after_1970() {
        for (text, expected) in [
            ("1970-01-01T00:00:00.0000019Z", 1),
            ("1969-12-31T23:59:59.9999999Z", -1),
            ("1969-12-31T23:59:59.999999Z", -1),
            ("1970-01-01T00:00:00Z", 0),
        ] {
            assert_eq!(micros(text.parse().unwrap()), expected, "{text}");
        }
        assert_eq!(time(i64::MAX), Timestamp::MAX);
        assert_eq!(time(i64::MIN), Timestamp::MIN);
        assert_eq!(micros(time(1_763_596_800_000_001)), 1_763_596_800_000_001);
    }
}
