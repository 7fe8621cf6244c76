//! Counts of latencies by size, from which quantiles are read.
//!
//! What holds: memory is fixed (16 KiB), whatever is recorded; a quantile is at most 1.6 % above the true one, and never
//! above the largest latency; recording costs a few instructions.
//!
//! Source: the idea of buckets that are linear within each power of two is that of `HdrHistogram`.

use std::time::Duration;

/// Microseconds below this have a bucket each; a power of two.
const LINEAR: u64 = 128;
/// Buckets of each power of two above.
const PER_OCTAVE: u64 = LINEAR / 2;
/// Larger latencies are counted as this: 2^36 microseconds, 19 hours.
const LARGEST_BITS: u32 = 36;
/// How many buckets there are.
const BUCKETS: u64 = LINEAR + (LARGEST_BITS - LINEAR.ilog2()) as u64 * PER_OCTAVE;

/// Latencies, counted by size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Histogram {
    counts: Vec<u64>,
    count: u64,
    total: Duration,
    max: Duration,
}

/// The bucket of so many microseconds.
fn bucket(micros: u64) -> usize {
    let micros = micros.min((1 << LARGEST_BITS) - 1);
    let place = if micros < LINEAR {
        micros
    } else {
        let shift = u64::from(micros.ilog2() - LINEAR.ilog2() + 1);
        LINEAR + (shift - 1) * PER_OCTAVE + ((micros >> shift) - PER_OCTAVE)
    };
    usize::try_from(place).unwrap_or(usize::MAX)
}

/// The largest latency that a bucket counts, in microseconds.
fn last_of(bucket: usize) -> u64 {
    let place = u64::try_from(bucket).unwrap_or(u64::MAX);
    if place < LINEAR {
        return place;
    }
    let shift = (place - LINEAR) / PER_OCTAVE + 1;
    let sub = (place - LINEAR) % PER_OCTAVE + PER_OCTAVE;
    ((sub + 1) << shift) - 1
}

impl Histogram {
    /// Nothing recorded.
    #[must_use]
    pub fn new() -> Self {
        let buckets = usize::try_from(BUCKETS).unwrap_or_default();
        Self { counts: vec![0; buckets], count: 0, total: Duration::ZERO, max: Duration::ZERO }
    }

    /// Records one latency.
    pub fn record(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        if let Some(count) = self.counts.get_mut(bucket(micros)) {
            *count += 1;
        }
        self.count += 1;
        self.total = self.total.saturating_add(latency);
        self.max = self.max.max(latency);
    }

    /// Adds everything that another one recorded.
    pub fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.count += other.count;
        self.total = self.total.saturating_add(other.total);
        self.max = self.max.max(other.max);
    }

    /// How many were recorded.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The largest.
    #[must_use]
    pub fn max(&self) -> Duration {
        self.max
    }

    /// The mean; zero if nothing was recorded.
    #[must_use]
    pub fn mean(&self) -> Duration {
        let count = u32::try_from(self.count).unwrap_or(u32::MAX);
        self.total.checked_div(count).unwrap_or_default()
    }

    /// The latency that so many thousandths of all do not exceed; zero if nothing was recorded.
    ///
    /// - `thousandths`: 500 for the median, 990 for p99, 1000 for the largest.
    #[must_use]
    pub fn quantile(&self, thousandths: u64) -> Duration {
        let wanted = self.count.saturating_mul(thousandths.min(1000)).div_ceil(1000).max(1);
        let mut seen = 0;
        for (place, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return Duration::from_micros(last_of(place)).min(self.max);
            }
        }
        self.max
    }

    /// The buckets that counted something: the largest latency of each, and how many.
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> {
        let counted = self.counts.iter().enumerate().filter(|(_, count)| **count > 0);
        counted.map(|(place, count)| (Duration::from_micros(last_of(place)), *count))
    }
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_latency_is_in_a_bucket_whose_end_is_at_most_one_sixty_fourth_above_it() {
        let mut last = 0;
        for micros in (0..100_000).chain((17..36).map(|bits| (1 << bits) + 12_345)) {
            let place = bucket(micros);
            assert!(place >= last || micros < 100_000, "buckets rise with latencies");
            last = place;
            let end = last_of(place);
            assert!(end >= micros && end - micros <= micros / 64, "{micros} is counted as {end}");
        }
        assert!(bucket(u64::MAX) < Histogram::new().counts.len());
    }

    #[test]
    fn quantiles_of_known_latencies_are_within_the_precision() {
        let mut all = Histogram::new();
        for micros in 1..=10_000 {
            all.record(Duration::from_micros(micros));
        }
        for (thousandths, micros) in [(500, 5_000), (950, 9_500), (990, 9_900), (1000, 10_000)] {
            let found = all.quantile(thousandths).as_micros();
            assert!((micros..=micros + micros / 64).contains(&found), "{thousandths}: {found}");
        }
        assert_eq!(all.max(), Duration::from_millis(10));
        assert_eq!(all.mean(), Duration::from_nanos(5_000_500));
        let mut twice = all.clone();
        twice.add(&all);
        assert_eq!((twice.count(), twice.quantile(500)), (20_000, all.quantile(500)));
        assert_eq!(Histogram::new().quantile(990), Duration::ZERO);
    }
}
