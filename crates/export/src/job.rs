//! From what an export is made, how it reports, and how it is stopped.

use std::sync::atomic::{AtomicBool, Ordering};

use history::directory::Current;
use sql::Db;

use crate::error::Error;
use crate::snapshot::Pins;

/// From what an export is made.
pub struct Source<'a> {
    /// The database.
    pub db: &'a Db,
    /// The policy as it is written in its file: it goes into evidence packs.
    pub policy_text: &'a str,
    /// Who may say what, and whose keys sign checkpoints ([`history::directory::DirectoryCache::current`]).
    pub current: &'a Current,
    /// The hub whose entries and anchor bundles have; none for bundles without them.
    pub hub: Option<&'a str>,
    /// What was verified before; for bundles.
    pub cache: &'a history::Cache,
    /// The sizes of an earlier export; none for the newest ones.
    pub pins: Option<&'a Pins>,
}

/// How far an export is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Events that were looked at.
    pub looked_at: u64,
    /// How many there are to look at, where all are.
    pub total: Option<u64>,
    /// Rows or elements that were written.
    pub rows: u64,
}

/// How an export reports, and how it is stopped.
pub struct Job<'a> {
    /// Is told how far it is, after each batch.
    pub progress: &'a mut (dyn FnMut(Progress) + Send),
    /// Stops it before the next batch.
    pub cancel: &'a AtomicBool,
}

impl Job<'_> {
    /// Reports, and stops if that was asked for.
    ///
    /// # Errors
    ///
    /// [`Error::Cancelled`].
    pub fn step(&mut self, progress: Progress) -> Result<(), Error> {
        (self.progress)(progress);
        if self.cancel.load(Ordering::Relaxed) { Err(Error::Cancelled) } else { Ok(()) }
    }
}
