//! Checkpoints: what a ledger signs, its name, size and root.
//!
//! ```text
//! origin
//! size, decimal
//! base64 of the root
//! ```
//!
//! What holds: a [`Checkpoint`] has three lines and no extension lines, because three verifiers of bundles read it; a
//! [`ForeignCheckpoint`], of a log that is not ours, may have extension lines and any origin. `parse_body` of each accepts
//! exactly what its `body` writes.
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

/// A checkpoint of a log that is not ours, as C2SP tlog-checkpoint allows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignCheckpoint {
    /// Name of the log: any line that is not empty.
    pub origin: String,
    /// Number of leaves.
    pub size: u64,
    /// Root of the tree.
    pub root: Hash,
    /// Lines behind the root, none empty. They are signed; what they mean is the log's affair.
    pub extensions: Vec<String>,
}

/// Why a text is not a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CheckpointError {
    /// Too few or too many lines.
    #[error("got a checkpoint of {0} lines, expected 3, each ended by a newline")]
    Lines(usize),
    /// Too few lines, or an empty one, in a checkpoint of another log.
    #[error(
        "got a checkpoint with {0}, expected at least 3 lines, none empty, each ended by a newline"
    )]
    ForeignLines(&'static str),
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
        let lines: Vec<&str> = body.split('\n').collect();
        let [origin, size_text, root_text, ""] = lines[..] else {
            return Err(CheckpointError::Lines(lines.len()));
        };
        if !note::is_key_name(origin) {
            return Err(CheckpointError::Origin(excerpt(origin)));
        }
        let (size, root) = size_and_root(size_text, root_text)?;
        Ok(Self { origin: origin.to_owned(), size, root })
    }
}

impl ForeignCheckpoint {
    /// The text that is signed.
    #[must_use]
    pub fn body(&self) -> String {
        let mut body = format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(self.root.0));
        for line in &self.extensions {
            body.push_str(line);
            body.push('\n');
        }
        body
    }

    /// Reads the text that was signed.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`] with the line that is not accepted.
    ///
    /// # Source
    ///
    /// C2SP tlog-checkpoint, "Note text".
    pub fn parse_body(body: &str) -> Result<Self, CheckpointError> {
        let lines =
            body.strip_suffix('\n').ok_or(CheckpointError::ForeignLines("an unended last line"))?;
        let lines: Vec<&str> = lines.split('\n').collect();
        if lines.contains(&"") {
            return Err(CheckpointError::ForeignLines("an empty line"));
        }
        let [origin, size_text, root_text, ref extensions @ ..] = lines[..] else {
            return Err(CheckpointError::ForeignLines("fewer than 3 lines"));
        };
        let (size, root) = size_and_root(size_text, root_text)?;
        let extensions = extensions.iter().map(|line| (*line).to_owned()).collect();
        Ok(Self { origin: origin.to_owned(), size, root, extensions })
    }
}

fn excerpt(line: &str) -> String {
    line.chars().take(120).collect()
}

fn size_and_root(size: &str, root: &str) -> Result<(u64, Hash), CheckpointError> {
    let decoded = BASE64.decode(root).ok().and_then(|bytes| Hash::from_slice(&bytes));
    Ok((
        parse_decimal(size).ok_or_else(|| CheckpointError::Size(excerpt(size)))?,
        decoded.ok_or_else(|| CheckpointError::Root(excerpt(root)))?,
    ))
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

    #[test]
    fn a_checkpoint_of_another_log_keeps_its_extension_lines_and_its_origin() {
        for (text, origin, extensions) in [
            (EMPTY.to_owned(), "log.example/1", &[][..]),
            (format!("{EMPTY}a line\n+ another\n"), "log.example/1", &["a line", "+ another"]),
            (EMPTY.replace("log.example/1", "go.sum database tree"), "go.sum database tree", &[]),
        ] {
            let read = ForeignCheckpoint::parse_body(&text).unwrap();
            assert_eq!((&*read.origin, read.size, read.root), (origin, 0, Hash::EMPTY));
            assert_eq!(read.extensions, extensions);
            assert_eq!(read.body(), text);
        }
        let what = "expected at least 3 lines, none empty, each ended by a newline";
        for (text, got) in [
            (EMPTY.trim_end().to_owned(), "an unended last line"),
            (format!("{EMPTY}\n"), "an empty line"),
            (format!("{EMPTY}\na line\n"), "an empty line"),
            (EMPTY.replace("log.example/1", ""), "an empty line"),
            ("log.example/1\n0\n".to_owned(), "fewer than 3 lines"),
        ] {
            let error = ForeignCheckpoint::parse_body(&text).unwrap_err().to_string();
            assert_eq!(error, format!("got a checkpoint with {got}, {what}"), "{text:?}");
        }
        let size = ForeignCheckpoint::parse_body(&EMPTY.replace("\n0\n", "\n00\n")).unwrap_err();
        assert_eq!(size, CheckpointError::Size("00".into()));
    }
}
