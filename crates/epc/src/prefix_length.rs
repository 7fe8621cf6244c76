//! How many digits the GS1 company prefix at the start of a key has.
//!
//! A classic tag and a URN state the length; a Digital Link and a `+` tag do not, so it has to be supplied.

use crate::text::is_digits;

/// Looks up the length of a company prefix.
pub trait PrefixLength {
    /// Length of the company prefix that `key` starts with, 6 to 12 digits; `None` if it is not known.
    ///
    /// - `key`: the key from its company prefix on, without extension or indicator digit.
    fn length(&self, key: &str) -> Option<usize>;
}

/// A list of known company prefixes.
#[derive(Debug, Clone, Default)]
pub struct PrefixTable(Vec<String>);

impl PrefixTable {
    /// Makes a table of prefixes of 6 to 12 digits. Other values are ignored.
    pub fn new(prefixes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let is_prefix = |prefix: &String| is_digits(prefix) && (6..=12).contains(&prefix.len());
        Self(prefixes.into_iter().map(Into::into).filter(is_prefix).collect())
    }
}

impl PrefixLength for PrefixTable {
    /// Length of the longest prefix in the table that `key` starts with.
    fn length(&self, key: &str) -> Option<usize> {
        let matches = self.0.iter().filter(|prefix| key.starts_with(prefix.as_str()));
        matches.map(String::len).max()
    }
}
