//! Lists of several who ask, one behind the other, as one statement takes them.
//!
//! What holds: the rows of a statement are given to the one whose number they have, and to nobody else.

use tokio_postgres::Row;

use crate::error::Error;

/// The lists: all elements, and where each list begins and ends, counted from 1; an empty one ends before it begins.
#[derive(Debug, Default)]
pub(crate) struct Stretches<T> {
    /// All elements.
    pub all: Vec<T>,
    /// The first element of each list.
    pub first: Vec<i32>,
    /// The last one.
    pub last: Vec<i32>,
}

impl<T> Stretches<T> {
    /// Adds a list.
    pub fn push(&mut self, list: impl IntoIterator<Item = T>) {
        let end = |all: &Vec<T>| i32::try_from(all.len()).unwrap_or(i32::MAX);
        self.first.push(end(&self.all).saturating_add(1));
        self.all.extend(list);
        self.last.push(end(&self.all));
    }
}

impl<T, L: IntoIterator<Item = T>> FromIterator<L> for Stretches<T> {
    fn from_iter<I: IntoIterator<Item = L>>(lists: I) -> Self {
        let mut stretches = Self { all: Vec::new(), first: Vec::new(), last: Vec::new() };
        for list in lists {
            stretches.push(list);
        }
        stretches
    }
}

/// The place among those who ask, from 0, that a number of a row counts from 1.
///
/// # Errors
///
/// [`Error::Data`] if so many did not ask.
pub(crate) fn asker(number: i64, count: usize) -> Result<usize, Error> {
    let place = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    let place = place.filter(|place| *place < count);
    place.ok_or_else(|| Error::data(format!("got a row for number {number} of {count} who asked")))
}

/// Divides rows among `count` who asked, by the number in a column.
///
/// # Errors
///
/// [`Error::Data`] if a row is for nobody.
pub(crate) fn divide(rows: &[Row], column: usize, count: usize) -> Result<Vec<Vec<&Row>>, Error> {
    let mut divided = vec![Vec::new(); count];
    for row in rows {
        divided[asker(row.get(column), count)?].push(row);
    }
    Ok(divided)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_stand_one_behind_the_other_and_an_empty_one_ends_before_it_begins() {
        let stretches: Stretches<i64> = [vec![7, 8], vec![], vec![9]].into_iter().collect();
        assert_eq!(stretches.all, [7, 8, 9]);
        assert_eq!(stretches.first, [1, 3, 3]);
        assert_eq!(stretches.last, [2, 2, 3]);
    }

    #[test]
    fn a_row_is_given_to_nobody_but_to_those_who_asked() {
        assert_eq!(asker(1, 2).ok(), Some(0));
        assert_eq!(asker(2, 2).ok(), Some(1));
        for number in [0, 3, -1, i64::MAX, i64::MIN] {
            assert!(asker(number, 2).is_err(), "{number}");
        }
    }
}
