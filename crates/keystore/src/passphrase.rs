//! A passphrase, and what a new one must be.
//!
//! What holds: it is never printed; its bytes are wiped when it is dropped.

use std::fmt;

use thiserror::Error;
use zeroize::Zeroizing;

/// Fewest characters of a passphrase that a file is encrypted with.
pub const FEWEST: usize = 10;
/// Most bytes of a passphrase.
pub const MOST_BYTES: usize = 1024;

/// What a key file is encrypted with, or the PIN of a token.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

/// Why a text is not a passphrase. The text is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PassphraseError {
    /// Nothing was given.
    #[error("got an empty passphrase, expected at least one character")]
    Empty,
    /// Too long.
    #[error("got a passphrase of {0} bytes, expected at most {MOST_BYTES}")]
    TooLong(usize),
    /// Too short for a new one.
    #[error(
        "got a passphrase of {0} characters, expected at least {FEWEST} for a file that is encrypted with it"
    )]
    TooShort(usize),
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Passphrase")
    }
}

impl Passphrase {
    /// Takes a passphrase; line ends after it do not count.
    ///
    /// # Errors
    ///
    /// [`PassphraseError`] if it is empty or too long.
    pub fn new(text: &str) -> Result<Self, PassphraseError> {
        let text = text.trim_end_matches(['\r', '\n']);
        match text.len() {
            0 => Err(PassphraseError::Empty),
            bytes if bytes > MOST_BYTES => Err(PassphraseError::TooLong(bytes)),
            _ => Ok(Self(Zeroizing::new(text.to_owned()))),
        }
    }

    /// The same, if it is long enough to encrypt a file with it.
    ///
    /// # Errors
    ///
    /// [`PassphraseError::TooShort`].
    pub fn for_encrypting(self) -> Result<Self, PassphraseError> {
        let characters = self.0.chars().count();
        if characters < FEWEST { Err(PassphraseError::TooShort(characters)) } else { Ok(self) }
    }

    /// Its text. Secret.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_do_not_count_and_nothing_is_printed() {
        let one = Passphrase::new("correct horse\r\n").unwrap();
        assert_eq!(one.text(), "correct horse");
        assert_eq!(format!("{one:?}"), "Passphrase");
        assert_eq!(Passphrase::new("\n").unwrap_err(), PassphraseError::Empty);
        let long = "x".repeat(MOST_BYTES + 1);
        assert_eq!(Passphrase::new(&long).unwrap_err(), PassphraseError::TooLong(1025));
        let short = Passphrase::new("123456789").unwrap().for_encrypting();
        assert_eq!(short.unwrap_err(), PassphraseError::TooShort(9));
    }
}
