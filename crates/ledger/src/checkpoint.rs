//! Checkpoints: what a ledger signs, its name, size and root.
//!
//! ```text
//! origin
//! size, decimal
//! base64 of the root
//! ```
//!
//! What holds: three lines and no extension lines; `parse_body` accepts exactly what `body` writes.
//!
//! Not here: signing it ([`crate::keys::LedgerKeys::sign_checkpoint`]), the note around it ([`crate::note`]).
//!
//! Sources: C2SP tlog-checkpoint; docs/formats/checkpoint-v1.md.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use thiserror::Error;

use crate::{hash::Hash, note};

/// A ledger's size and root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Name of the ledger; a key name ([`note::is_key_name`]).
    pub origin: String,
    /// Number of leaves.
    pub size: u64,
    /// Root of the tree.
    pub root: Hash,
}

/// Why a text is not a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CheckpointError {
    /// Too few or too many lines.
    #[error("got a checkpoint of {0} lines, expected 3, each ended by a newline")]
    Lines(usize),
    /// The first line cannot be the name of a ledger.
    #[error("got origin `{0}`, expected a name without white space and `+`")]
    Origin(String),
    /// The second line is not a size.
    #[error("got size `{0}`, expected a decimal number without leading zeros")]
    Size(String),
    /// The third line is not a root.
    #[error("got root `{0}`, expected 32 bytes in base64")]
    Root(String),
}

impl Checkpoint {
    /// The text that is signed.
    #[must_use]
    pub fn body(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(self.root.0))
    }

    /// Reads the text that was signed.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`] with the line that is not accepted.
    pub fn parse_body(body: &str) -> Result<Self, CheckpointError> {
        let excerpt = |line: &str| line.chars().take(120).collect::<String>();
        let lines: Vec<&str> = body.split('\n').collect();
        let [origin, size_text, root_text, ""] = lines[..] else {
            return Err(CheckpointError::Lines(lines.len()));
        };
        if !note::is_key_name(origin) {
            return Err(CheckpointError::Origin(excerpt(origin)));
        }
        let size =
            parse_decimal(size_text).ok_or_else(|| CheckpointError::Size(excerpt(size_text)))?;
        let root = BASE64
            .decode(root_text)
            .ok()
            .and_then(|bytes| Hash::from_slice(&bytes))
            .ok_or_else(|| CheckpointError::Root(excerpt(root_text)))?;
        Ok(Self { origin: origin.to_owned(), size, root })
    }
}

/// A decimal number in its one form: digits only, no leading zero.
pub(crate) fn parse_decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "log.example/1\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";

    #[test]
    fn a_checkpoint_is_read_and_written_byte_for_byte() {
        let checkpoint = Checkpoint::parse_body(EMPTY).unwrap();
        assert_eq!(checkpoint.root, Hash::EMPTY);
        assert_eq!(checkpoint.body(), EMPTY);
    }

    #[test]
    fn a_text_that_is_not_a_checkpoint_is_refused_with_its_line() {
        for (from, to, what) in [
            (
                "log.example/1",
                "log example",
                "got origin `log example`, expected a name without white space and `+`",
            ),
            ("\n0\n", "\n00\n", "got size `00`, expected a decimal number without leading zeros"),
            ("\n0\n", "\n+0\n", "got size `+0`, expected a decimal number without leading zeros"),
            (
                "FU=\n",
                "FU=\nextension\n",
                "got a checkpoint of 5 lines, expected 3, each ended by a newline",
            ),
            ("FU=\n", "FU=", "got a checkpoint of 3 lines, expected 3, each ended by a newline"),
            (
                "47DE",
                "",
                "got root `Qpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=`, expected 32 bytes in base64",
            ),
        ] {
            let wrong = EMPTY.replace(from, to);
            assert_eq!(Checkpoint::parse_body(&wrong).unwrap_err().to_string(), what, "{wrong:?}");
        }
    }
}
