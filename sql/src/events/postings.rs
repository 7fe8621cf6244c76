//! Rows of the inverted index: 512 positions of one term.
//!
//! What holds: a row that nobody could have written has places that no event has, or fewer; nothing fails.

use std::collections::BTreeMap;

use epcis::query::Term;

/// Positions of a row.
pub(super) const BLOCK: u64 = 512;

/// Which positions of a block there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bits([u64; 8]);

impl Bits {
    pub(super) const NONE: Self = Self([0; 8]);
    pub(super) const ALL: Self = Self([u64::MAX; 8]);

    /// The places of a row; those that are no place of a block are left out.
    pub(super) fn of(places: &[u8]) -> Self {
        let mut bits = Self::NONE;
        for place in places.chunks_exact(2) {
            let place = usize::from(u16::from_be_bytes([place[0], place[1]]));
            if let Some(word) = bits.0.get_mut(place / 64) {
                *word |= 1 << (place % 64);
            }
        }
        bits
    }

    pub(super) fn has(&self, place: u64) -> bool {
        let place = usize::try_from(place).unwrap_or(usize::MAX);
        self.0.get(place / 64).is_some_and(|word| word >> (place % 64) & 1 == 1)
    }

    /// How many positions.
    pub(super) fn count(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub(super) fn or(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word |= other);
    }

    pub(super) fn and(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word &= other);
    }

    /// The positions of the block of this number, in order.
    pub(super) fn positions(&self, block: u64) -> impl Iterator<Item = u64> + use<> {
        let own = *self;
        (0..BLOCK).filter(move |place| own.has(*place)).map(move |place| block * BLOCK + place)
    }
}

/// The rows that a batch adds: for each term and block the places, in order.
#[derive(Debug, Default)]
pub(super) struct Rows(BTreeMap<(i64, u64), Vec<u8>>);

impl Rows {
    /// Adds an event, which must come after all that were added before.
    pub(super) fn add(&mut self, position: u64, terms: &[Term]) {
        let place = u16::try_from(position % BLOCK).unwrap_or_default().to_be_bytes();
        for term in terms {
            let row = self.0.entry((super::place::bits(*term), position / BLOCK)).or_default();
            // A term that the event has twice stands there once.
            if !row.ends_with(&place) {
                row.extend(place);
            }
        }
    }

    pub(super) fn into_iter(self) -> impl Iterator<Item = (i64, u64, Vec<u8>)> {
        self.0.into_iter().map(|((term, block), places)| (term, block, places))
    }
}

/// The places of a row without that of `position`.
pub(super) fn without(position: u64, places: &[u8]) -> Vec<u8> {
    let place = u16::try_from(position % BLOCK).unwrap_or_default().to_be_bytes();
    places.chunks_exact(2).filter(|one| **one != place).flatten().copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_taken_out_of_a_row_and_the_others_stay() {
        assert_eq!(without(1025, &[0, 0, 0, 1, 1, 0]), [0, 0, 1, 0]);
        assert_eq!(without(1, &[0, 1]), [0; 0]);
        assert_eq!(without(3, &[0, 1]), [0, 1]);
    }

    #[test]
    fn rows_have_the_positions_that_were_added_each_once() {
        let mut rows = Rows::default();
        for position in [1, 2, 511, 512, 513] {
            rows.add(position, &[Term(7), Term(7), Term(u64::MAX)]);
        }
        rows.add(514, &[Term(9)]);
        let mut found = Vec::new();
        for (term, block, places) in rows.into_iter() {
            found.push((term, Bits::of(&places).positions(block).collect::<Vec<_>>()));
        }
        let expected = [
            (-1, vec![1, 2, 511]),
            (-1, vec![512, 513]),
            (7, vec![1, 2, 511]),
            (7, vec![512, 513]),
            (9, vec![514]),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_row_that_nobody_could_have_written_has_no_other_positions() {
        assert_eq!(Bits::of(&[0xff, 0xff, 0x02, 0x00, 0x01]), Bits::NONE);
        assert_eq!(Bits::of(&[0x01, 0xff]).positions(1).collect::<Vec<_>>(), [1023]);
        assert!(!Bits::ALL.has(512));
    }

    #[test]
    fn sets_of_positions_are_united_and_intersected() {
        let (mut one, other) = (Bits::of(&[0, 1, 0, 2]), Bits::of(&[0, 2, 0, 200]));
        let mut both = one;
        both.and(&other);
        assert_eq!(both.positions(0).collect::<Vec<_>>(), [2]);
        one.or(&other);
        assert_eq!(one.positions(0).collect::<Vec<_>>(), [1, 2, 200]);
    }
}
