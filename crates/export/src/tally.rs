//! Counts of an export, and the hash of what is written.

use std::io::{self, Write};

use ledger::Hash;
use ledger::hash::Sha256;

/// What an export holds and leaves out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events that match and that the reader may see.
    pub events: u64,
    /// Rows or elements that were written.
    pub rows: u64,
    /// Events that match and that the reader may not see.
    pub hidden: u64,
    /// Records that do not fit their ledger: left out.
    pub broken: u64,
    /// Events that the layout has no rows for, such as a storing in the FSMA 204 layout.
    pub outside_layout: u64,
    /// What the form cannot say: the event and the reason, the first of each kind (`MOST_NAMED`).
    pub left_out: Vec<String>,
    /// How much was left out so, named or not.
    pub left_out_count: u64,
    /// Places of broken records, the first of them (`MOST_NAMED`).
    pub broken_at: Vec<String>,
}

/// Most entries of a list in a manifest.
pub const MOST_NAMED: usize = 1000;

impl Counts {
    /// Counts a record that does not fit its ledger.
    pub fn add_broken(&mut self, origin: &str, index: u64) {
        self.broken += 1;
        if self.broken_at.len() < MOST_NAMED {
            self.broken_at.push(format!("{origin} {index}"));
        }
    }

    /// Counts what the form cannot say.
    pub fn leave_out(&mut self, what: String) {
        self.left_out_count += 1;
        if self.left_out.len() < MOST_NAMED {
            self.left_out.push(what);
        }
    }
}

/// A sink that knows how much went through it, and its hash.
pub struct Hashing<W> {
    inner: W,
    sha256: Sha256,
    bytes: u64,
}

impl<W: Write> Hashing<W> {
    /// Before the first byte.
    pub fn new(inner: W) -> Self {
        Self { inner, sha256: Sha256::new(), bytes: 0 }
    }

    /// The sink, and the SHA-256 of what went through.
    pub fn finish_with(self) -> (W, Hash) {
        (self.inner, self.sha256.finish())
    }

    /// Bytes and SHA-256 of all of them.
    pub fn finish(self) -> (u64, Hash) {
        (self.bytes, self.sha256.finish())
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.sha256.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
