//! Refusals of senders that are not admitted: all are counted, a sample of each minute is stored.
//!
//! What holds: whatever strangers send, the table of refusals grows by at most so many rows a minute; the next row that
//! is stored counts those that were not, so the table's totals are right in the end.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_mins(1);
/// What strangers can be refused for: kinds of refusals.
const KINDS: [&str; 2] = ["delivery", "capture"];

/// The refusals of the present minute.
#[derive(Debug)]
pub(super) struct Strangers {
    stored_per_minute: u32,
    minute: Mutex<Minute>,
}

#[derive(Debug, Default)]
struct Minute {
    began: Option<Instant>,
    stored: u32,
    /// Counted and not stored, by kind.
    waiting: [u64; KINDS.len()],
}

impl Strangers {
    pub fn new(stored_per_minute: u32) -> Self {
        Self { stored_per_minute, minute: Mutex::default() }
    }

    /// Counts a refusal of `kind`. `Some` if it is to be stored: for how many refusals the row stands, itself and those
    /// before it that were not stored.
    pub fn count(&self, kind: &'static str, now: Instant) -> Option<u64> {
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over =
            minute.began.is_none_or(|began| now.saturating_duration_since(began) >= MINUTE);
        if is_over {
            minute.began = Some(now);
            minute.stored = 0;
        }
        let place = KINDS.iter().position(|known| *known == kind).unwrap_or_default();
        minute.waiting[place] += 1;
        if minute.stored >= self.stored_per_minute {
            return None;
        }
        minute.stored += 1;
        Some(std::mem::take(&mut minute.waiting[place]))
    }

    /// Puts back what could not be stored.
    pub fn put_back(&self, kind: &'static str, count: u64) {
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        let place = KINDS.iter().position(|known| *known == kind).unwrap_or_default();
        minute.waiting[place] += count;
    }

    /// What was counted and not stored, by kind; it is then taken as stored.
    pub fn take_rest(&self) -> Vec<(&'static str, u64)> {
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = std::mem::take(&mut minute.waiting);
        KINDS.into_iter().zip(waiting).filter(|(_, count)| *count > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_of_each_minute_is_stored_and_stands_for_all() {
        let strangers = Strangers::new(3);
        let start = Instant::now();
        let rows: Vec<u64> = (0..1000).filter_map(|_| strangers.count("delivery", start)).collect();
        assert_eq!(rows, [1, 1, 1]);
        assert_eq!(strangers.count("capture", start), None);
        let later = start + MINUTE;
        assert_eq!(strangers.count("delivery", later), Some(998));
        assert_eq!(strangers.take_rest(), [("capture", 1)]);
        assert_eq!(strangers.take_rest(), []);
    }
}
