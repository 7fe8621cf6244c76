//! How many attempts to log in a source may make.
//!
//! What holds: memory is bounded, whoever comes: sources share cells that a keyed hash chooses, so that nobody can choose whose cell
//! they fill.
//!
//! Not here: guessing of keys, which 256 random bits stop; this limits what strangers make the database and the provider do.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use process::network::Cidr;

/// Number of cells; two sources share one with a probability of 1 in so many.
const CELLS: usize = 1 << 12;
/// For how long attempts are counted.
const SPAN: Duration = Duration::from_mins(1);

/// Attempts of all sources.
#[derive(Debug)]
pub struct Attempts {
    most: u32,
    choice: RandomState,
    cells: Mutex<Vec<Option<(Instant, u32)>>>,
}

impl Attempts {
    /// Nothing was attempted yet.
    ///
    /// - `most`: of one source in a minute.
    #[must_use]
    pub fn new(most: u32) -> Self {
        Self { most, choice: RandomState::new(), cells: Mutex::new(vec![None; CELLS]) }
    }

    /// Whether one more is admitted; it is counted either way.
    pub fn admit(&self, address: IpAddr, now: Instant) -> bool {
        let hash = self.choice.hash_one(Cidr::source_of(address));
        let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        let count = u64::try_from(cells.len()).unwrap_or(1);
        let Some(cell) = usize::try_from(hash % count).ok().and_then(|at| cells.get_mut(at)) else {
            return false;
        };
        let (since, made) = cell
            .filter(|(since, _)| now.saturating_duration_since(*since) < SPAN)
            .unwrap_or((now, 0));
        *cell = Some((since, made.saturating_add(1)));
        made < self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_stopped_for_a_minute_and_another_is_not() {
        let (attempts, begin) = (Attempts::new(3), Instant::now());
        let one: IpAddr = "2001:db8::1".parse().unwrap();
        let same_subscriber: IpAddr = "2001:db8::2".parse().unwrap();
        assert!((0..3).all(|_| attempts.admit(one, begin)));
        assert!(!attempts.admit(same_subscriber, begin + Duration::from_secs(59)));
        assert!(attempts.admit(one, begin + SPAN));
        let others = (0..40_u8).filter(|last| attempts.admit([203, 0, 113, *last].into(), begin));
        assert!(others.count() >= 38, "two cells may be shared");
    }
}
