//! A place in a text, as line and column.
//!
//! Not here: finding the place of a problem ([`crate::config::locate`]).

use std::fmt;

/// A place in a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Place {
    /// The place of a byte of `text`; of one beyond its end, the end.
    #[must_use]
    pub fn of(text: &str, offset: usize) -> Self {
        let before: String =
            String::from_utf8_lossy(text.as_bytes().get(..offset).unwrap_or(text.as_bytes()))
                .into_owned();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Self { line, column }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "line {}, column {}", self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_counts_characters_and_an_offset_beyond_the_end_is_the_end() {
        let text = "名 = 1\nx";
        assert_eq!(Place::of(text, 6), Place { line: 1, column: 5 });
        assert_eq!(Place::of(text, 1), Place { line: 1, column: 2 }, "inside of a character");
        assert_eq!(Place::of(text, 1000), Place { line: 2, column: 2 });
    }
}
