//! Which messages of a broker are the same one, sent again.
//!
//! What holds: equal messages of a reader within [`REPEAT_WINDOW`] on one connection are as many messages.
//!
//! Source: docs/formats/observation-v1.md, section "Raw window".

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

/// Equal messages with times in whole seconds are different messages if they arrive within this time on one
/// connection; one that arrives later, or on another connection, is a redelivery. Brokers redeliver on a new
/// connection, some after 20 s or more.
const REPEAT_WINDOW: Duration = Duration::from_secs(2);

/// Counts equal messages of one connection, so that equal messages of a reader within a second are not mistaken for
/// redeliveries.
#[derive(Default)]
pub(super) struct RepeatCounter {
    pub(super) counts: HashMap<ledger::Hash, u64>,
    /// When each arrived first, in order.
    pub(super) first: VecDeque<(Instant, ledger::Hash)>,
}

impl RepeatCounter {
    /// How many equal messages arrived within [`REPEAT_WINDOW`] before `now`.
    pub(super) fn before(&mut self, message: ledger::Hash, now: Instant) -> u64 {
        while let Some((at, old)) = self.first.front()
            && now.duration_since(*at) >= REPEAT_WINDOW
        {
            self.counts.remove(old);
            self.first.pop_front();
        }
        let first = &mut self.first;
        let count = self.counts.entry(message).or_insert_with(|| {
            first.push_back((now, message));
            0
        });
        *count += 1;
        *count - 1
    }
}

/// The digest of parts, each preceded by its length, so that different lists of parts have different digests.
pub(super) fn digest(parts: &[&[u8]]) -> ledger::Hash {
    let mut joined = Vec::new();
    for part in parts {
        joined.extend((part.len() as u64).to_be_bytes());
        joined.extend(*part);
    }
    ledger::hash::sha256(&joined)
}
