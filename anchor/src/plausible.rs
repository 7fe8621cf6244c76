//! Whether height and time of an anchor's block can be true.
//!
//! An endpoint can invent a whole block with a header, receipts and a valid trie. What it cannot know to be consistent with
//! is when the statement was prepared, what time it is now, and where the earlier anchors are.
//!
//! What holds: pure; the clock's reading is a parameter.
//!
//! Not here: whether several endpoints have the block ([`crate::quorum`]).

use std::time::Duration;

use jiff::Timestamp;
use thiserror::Error;

/// What the block must fit.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// When the anchor was prepared, which is after the hub's checkpoint was signed.
    pub prepared_at: Timestamp,
    /// What time it is.
    pub now: Timestamp,
    /// How far the clocks of this machine, the database and the chain may differ.
    pub slack: Duration,
    /// Height and time of the block of the last final anchor on the same chain.
    pub earlier: Option<(u64, Timestamp)>,
}

/// Why a block cannot hold the anchor.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Implausible {
    /// The block is older than what it is to hold.
    #[error("block {number} is of {time}, before the anchor was prepared at {prepared_at}")]
    BeforePrepared {
        /// Height.
        number: u64,
        /// Time of the block.
        time: Timestamp,
        /// When the anchor was prepared.
        prepared_at: Timestamp,
    },
    /// The block is of a time that has not come.
    #[error("block {number} is of {time}, and it is {now}")]
    InFuture {
        /// Height.
        number: u64,
        /// Time of the block.
        time: Timestamp,
        /// What time it is.
        now: Timestamp,
    },
    /// The block is before that of an earlier anchor.
    #[error(
        "block {number} of {time} is before block {earlier_number} of {earlier_time}, which holds an earlier anchor"
    )]
    BeforeEarlier {
        /// Height.
        number: u64,
        /// Time of the block.
        time: Timestamp,
        /// Height of the earlier anchor's block.
        earlier_number: u64,
        /// Its time.
        earlier_time: Timestamp,
    },
}

/// Checks height and time of a block.
///
/// # Errors
///
/// [`Implausible`], on the first bound that does not hold.
pub fn check(number: u64, time: Timestamp, bounds: &Bounds) -> Result<(), Implausible> {
    let Bounds { prepared_at, now, slack, earlier } = *bounds;
    // Times at the ends of the range stay there.
    let later = |at: Timestamp| at.checked_add(slack).unwrap_or(Timestamp::MAX);
    if later(time) < prepared_at {
        return Err(Implausible::BeforePrepared { number, time, prepared_at });
    }
    if time > later(now) {
        return Err(Implausible::InFuture { number, time, now });
    }
    if let Some((earlier_number, earlier_time)) = earlier
        && (number < earlier_number || time < earlier_time)
    {
        return Err(Implausible::BeforeEarlier { number, time, earlier_number, earlier_time });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_block_before_its_statement_in_the_future_or_before_an_earlier_anchor_is_refused() {
        let bounds = Bounds {
            prepared_at: at("2026-11-22T08:00:00Z"),
            now: at("2026-11-22T09:00:00Z"),
            slack: Duration::from_mins(5),
            earlier: Some((100, at("2026-11-22T07:59:00Z"))),
        };
        for (number, time, expected) in [
            (101, "2026-11-22T08:10:00Z", None),
            (101, "2026-11-22T07:59:00Z", None),
            (100, "2026-11-22T09:05:00Z", None),
            (
                101,
                "2020-01-01T00:00:00Z",
                Some("before the anchor was prepared at 2026-11-22T08:00:00Z"),
            ),
            (101, "2026-11-22T07:54:59Z", Some("before the anchor was prepared")),
            (101, "2026-11-22T09:05:01Z", Some("and it is 2026-11-22T09:00:00Z")),
            (99, "2026-11-22T08:10:00Z", Some("is before block 100 of 2026-11-22T07:59:00Z")),
            (101, "2026-11-22T07:58:59Z", Some("which holds an earlier anchor")),
        ] {
            let found = check(number, at(time), &bounds).err().map(|error| error.to_string());
            match (found, expected) {
                (None, None) => {}
                (Some(found), Some(expected)) => assert!(found.contains(expected), "{found}"),
                other => panic!("{number} {time}: {other:?}"),
            }
        }
        let extreme = Bounds { now: Timestamp::MAX, earlier: None, ..bounds };
        assert_eq!(check(1, Timestamp::MAX, &extreme), Ok(()));
    }
}
