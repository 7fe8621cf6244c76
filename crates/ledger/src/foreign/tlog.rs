//! The form of a C2SP tlog-proof.
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! extra <base64>             at most once
//! index <decimal>
//! <base64 of a hash>         the inclusion path, from the leaf's sibling up; none or more
//! (empty line)
//! <signed checkpoint>
//! ```
//!
//! What holds: `parse` accepts exactly what `Display` writes.
//!
//! Source: C2SP tlog-proof, "Format".

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

use super::lines::{FormError, Lines, MAX_PATH};
use crate::{checkpoint::ForeignCheckpoint, hash::Hash, note::Note};

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// Proof that a leaf is in a log, with the log's checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// What an application added. Nobody signed it.
    pub extra: Option<Vec<u8>>,
    /// Place of the entry in the log, from 0.
    pub index: u64,
    /// Inclusion path, from the leaf's sibling up.
    pub path: Vec<Hash>,
    /// The checkpoint, with the signatures of log and witnesses.
    pub note: Note,
}

impl TlogProof {
    /// Reads a proof and the checkpoint in it.
    ///
    /// # Errors
    ///
    /// [`FormError`] with the line that is not accepted.
    pub fn parse(bytes: &[u8]) -> Result<(Self, ForeignCheckpoint), FormError> {
        let mut lines = Lines::new(bytes)?;
        let header = format!("`{HEADER}`");
        let head = lines.next(&header)?;
        if head != HEADER {
            return Err(lines.wrong(head, &header));
        }
        let mut line = lines.next("`extra <base64>` or `index <number>`")?;
        let mut extra = None;
        if let Some(encoded) = line.strip_prefix("extra ") {
            let data = BASE64.decode(encoded);
            extra = Some(data.map_err(|_| lines.wrong(encoded, "padded base64"))?);
            line = lines.next("`index <number>`")?;
        }
        let index = line
            .strip_prefix("index ")
            .ok_or_else(|| lines.wrong(line, "`index <number>`"))
            .and_then(|number| lines.decimal(number))?;
        let mut path = Vec::new();
        while !lines.is_at_empty_line() {
            let expected = "32 bytes in base64, or an empty line before the checkpoint";
            let line = lines.next(expected)?;
            let hash = BASE64.decode(line).ok().and_then(|bytes| Hash::from_slice(&bytes));
            path.push(hash.ok_or_else(|| lines.wrong(line, expected))?);
            if path.len() > MAX_PATH {
                return Err(lines.wrong(line, "an empty line: a path has at most 64 hashes"));
            }
        }
        lines.expect_empty()?;
        let (line, text) = lines.rest();
        let note = Note::parse(text).map_err(|error| error.to_string());
        let read = note.and_then(|note| {
            let checkpoint = ForeignCheckpoint::parse_body(&note.text);
            checkpoint.map(|found| (note, found)).map_err(|error| error.to_string())
        });
        let (note, checkpoint) = read
            .map_err(|error| FormError { line, problem: format!("signed checkpoint: {error}") })?;
        Ok((Self { extra, index, path, note }, checkpoint))
    }
}

/// The file.
impl fmt::Display for TlogProof {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(out, "extra {}", BASE64.encode(extra))?;
        }
        writeln!(out, "index {}", self.index)?;
        for hash in &self.path {
            writeln!(out, "{}", BASE64.encode(hash.0))?;
        }
        write!(out, "\n{}", self.note)
    }
}
