//! Sets of indexes, kept as spans.
//!
//! What holds: memory grows with the gaps and not with the indexes; an index that is added twice is told.

use std::collections::BTreeMap;

/// A set of numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spans {
    /// First number of each span, and the number after its last.
    spans: BTreeMap<u64, u64>,
    count: u64,
}

impl Spans {
    /// Adds a number; false if it is there already.
    pub fn add(&mut self, number: u64) -> bool {
        let before = self.spans.range(..=number).next_back().map(|(first, end)| (*first, *end));
        if before.is_some_and(|(_, end)| number < end) {
            return false;
        }
        let Some(after) = number.checked_add(1) else { return false };
        self.count += 1;
        let end = self.spans.remove(&after).unwrap_or(after);
        match before {
            Some((first, last)) if last == number => self.spans.insert(first, end),
            _ => self.spans.insert(number, end),
        };
        true
    }

    /// How many numbers.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The spans, each its first number and the one after its last.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> {
        self.spans.iter().map(|(first, end)| (*first, *end))
    }
}

#[cfg(test)]
mod tests {
    use demo::simulators::seeded::Seeded;

    use super::*;

    #[test]
    fn numbers_in_any_order_become_one_span_and_a_number_twice_is_told() {
        let mut numbers: Vec<u64> = (10..1010).collect();
        let mut random = Seeded::new(3);
        for place in (1..numbers.len()).rev() {
            let other = usize::try_from(random.below(place as u64 + 1)).unwrap();
            numbers.swap(place, other);
        }
        let mut spans = Spans::default();
        assert!(numbers.iter().all(|number| spans.add(*number)));
        assert_eq!((spans.count(), spans.iter().collect::<Vec<_>>()), (1000, vec![(10, 1010)]));
        assert!(numbers.iter().all(|number| !spans.add(*number)), "each is there");
        assert!(spans.add(2000) && !spans.add(u64::MAX));
        assert_eq!(spans.iter().collect::<Vec<_>>(), [(10, 1010), (2000, 2001)]);
    }
}
