//! The log of reads from its end, a block of records at a time.
//!
//! The way through: [`logs`] gives the ledgers; a [`LogWalk`] begins at the end of one, or before a place, and [`LogWalk::next`] gives the
//! block before, the newest record first; [`place_of`] finds where a time is.
//!
//! What holds: no record is left out: one that cannot be read is given with the reason.
//!
//! Not here: what a record says ([`crate::log_entry`]).

use jiff::Timestamp;
use sql::Db;
use sql::ledgers::LedgerRow;

use crate::log_entry::LogEntry;

/// Records of a block: chunks begin at each multiple of 256, also within a commit.
pub const BLOCK: u64 = 256;
/// Records around a place that are looked at too, because several processes write a log and clocks differ.
const AROUND: u64 = 256;

/// A record with its index, or why it cannot be read.
pub type Found = (u64, Result<LogEntry, String>);

/// The ledgers that are logs of reads, in order of their origins.
///
/// # Errors
///
/// [`sql::Error`].
pub async fn logs(db: &Db) -> Result<Vec<LedgerRow>, sql::Error> {
    let mut logs = sql::ledgers::list_ledgers(db).await?;
    logs.retain(|row| row.kind == crate::read_log::KIND);
    logs.sort_by(|one, other| one.origin.cmp(&other.origin));
    Ok(logs)
}

/// A way through a log, from its newest records to its oldest.
#[derive(Debug)]
pub struct LogWalk<'a> {
    db: &'a Db,
    row: &'a LedgerRow,
    end: u64,
}

impl<'a> LogWalk<'a> {
    /// Begins with the newest record.
    ///
    /// # Errors
    ///
    /// [`sql::Error`].
    pub async fn from_end(db: &'a Db, row: &'a LedgerRow) -> Result<Self, sql::Error> {
        let end = sql::ledgers::head(db, row.id).await?.size;
        Ok(Self { db, row, end })
    }

    /// Goes on with the record before this place, if that is nearer.
    #[must_use]
    pub fn before(mut self, place: u64) -> Self {
        self.end = self.end.min(place);
        self
    }

    /// Index behind the next record that is given.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.end
    }

    /// The block before, the newest record first; none at the beginning of the log.
    ///
    /// # Errors
    ///
    /// [`sql::Error`], also if a record is missing.
    pub async fn next(&mut self) -> Result<Option<Vec<Found>>, sql::Error> {
        if self.end == 0 {
            return Ok(None);
        }
        let first = (self.end - 1) / BLOCK * BLOCK;
        let mut found = block(self.db, self.row, (first, self.end)).await?;
        found.reverse();
        self.end = first;
        Ok(Some(found))
    }
}

/// The records from `first` to before `end`; `first` begins a chunk.
async fn block(
    db: &Db,
    row: &LedgerRow,
    (first, end): (u64, u64),
) -> Result<Vec<Found>, sql::Error> {
    let (mut next, mut found) = (first, Vec::new());
    while next < end {
        let most = u32::try_from(end - next).unwrap_or(u32::MAX);
        let chunks = sql::ledgers::chunks(db, row.id, next, most).await?;
        if chunks.is_empty() {
            let origin = &row.origin;
            return Err(sql::Error::data(format!("{origin} has no record {next}, expected {end}")));
        }
        for chunk in &chunks {
            let records = chunk.records()?.into_iter();
            let wanted = records.filter(|stored| stored.index < end);
            found.extend(wanted.map(|stored| (stored.index, LogEntry::parse(&stored.text))));
            next = chunk.end()?;
        }
    }
    Ok(found)
}

/// A place behind every record of before `time`, and not far behind: the log is in order of time as far as clocks are.
///
/// - Cost: a record for each halving of the log.
///
/// # Errors
///
/// [`sql::Error`].
pub async fn place_of(db: &Db, row: &LedgerRow, time: Timestamp) -> Result<u64, sql::Error> {
    let size = sql::ledgers::head(db, row.id).await?.size;
    let (mut low, mut high) = (0, size);
    while low < high {
        let middle = low + (high - low) / 2;
        let stored = sql::ledgers::record_at(db, row.id, middle).await?;
        let at = stored.and_then(|stored| LogEntry::parse(&stored.text).ok()?.at());
        // What cannot be read may be older: nothing before it is passed over.
        if at.is_none_or(|at| at < time) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low.saturating_add(AROUND).min(size))
}
