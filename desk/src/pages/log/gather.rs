//! A page of the log of reads, as a reader may see it.
//!
//! The way through: [`gather`] goes through the log from its end, or from where the page before stopped, until the page is full;
//! [`not_yet`] counts what is not told yet.
//!
//! What holds: work of a page is bounded; a page that stops for that reason is short and says where the next goes on; a filter is asked
//! only of rows that are told.

use access::{LogSight, RowSight};
use gate::log_entry::{LogEntry, LogKind};
use gate::log_walk::{Found, LogWalk, place_of};
use inquiry::Count;
use jiff::Timestamp;
use sql::Db;
use sql::ledgers::LedgerRow;

/// Rows of a page.
const PAGE: usize = 50;
/// Most records that are looked at for a page, or to count.
const MOST_LOOKED: u64 = 4_096;

/// Which kinds of entries are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kinds {
    /// This one.
    One(LogKind),
    /// All that are overrides.
    Overrides,
}

/// What a page is limited to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// From then on.
    pub from: Option<Timestamp>,
    /// Before then.
    pub until: Option<Timestamp>,
    /// Of this holder.
    pub subject: Option<String>,
    /// Of these kinds.
    pub kinds: Option<Kinds>,
    /// Before this place.
    pub before: Option<u64>,
}

impl Filter {
    fn has(&self, entry: &LogEntry) -> bool {
        let is_of_kind = |kinds: Kinds| match kinds {
            Kinds::One(kind) => entry.kind() == kind,
            Kinds::Overrides => entry.is_override(),
        };
        let is_of = |subject: &String| entry.subject() == Some(subject.as_str());
        self.kinds.is_none_or(is_of_kind) && self.subject.as_ref().is_none_or(is_of)
    }

    /// Whether an entry is of the days; one that does not say when is of all.
    fn is_in_time(&self, entry: &LogEntry) -> bool {
        entry.at().is_none_or(|at| {
            self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at < until)
        })
    }
}

/// A row that is shown.
#[derive(Debug)]
pub struct Taken {
    /// Its place.
    pub index: u64,
    /// What it says, and how much of it is told; or why it cannot be read.
    pub entry: Result<(LogEntry, RowSight), String>,
}

/// A page.
#[derive(Debug, Default)]
pub struct Gathered {
    /// Its rows, the newest first.
    pub rows: Vec<Taken>,
    /// Rows beyond the reader's limits that were met, whatever the filter.
    pub beyond: u64,
    /// The next page has the records before this place.
    pub next: Option<u64>,
}

impl Gathered {
    fn take(&mut self, log: &LogSight<'_>, filter: &Filter, (index, entry): Found) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(problem) => return self.rows.push(Taken { index, entry: Err(problem) }),
        };
        if !filter.is_in_time(&entry) {
            return;
        }
        let scopes = entry.scopes();
        match log.of(&entry.facts(scopes.as_deref())) {
            RowSight::NotYet => {}
            RowSight::Beyond => self.beyond += 1,
            told @ (RowSight::Whole | RowSight::WithoutAsked) => {
                if filter.has(&entry) {
                    self.rows.push(Taken { index, entry: Ok((entry, told)) });
                }
            }
        }
    }
}

/// Whether everything before this block is older.
fn is_older(block: &[Found], time: Timestamp) -> bool {
    let last = block.last().and_then(|(_, entry)| entry.as_ref().ok()?.at());
    last.is_some_and(|at| at < time)
}

/// A page of a log.
///
/// # Errors
///
/// [`sql::Error`].
pub async fn gather(
    db: &Db,
    row: &LedgerRow,
    log: &LogSight<'_>,
    filter: &Filter,
) -> Result<Gathered, sql::Error> {
    let mut walk = LogWalk::from_end(db, row).await?;
    match (filter.before, filter.until) {
        (Some(before), _) => walk = walk.before(before),
        (None, Some(until)) => walk = walk.before(place_of(db, row, until).await?),
        (None, None) => {}
    }
    let (begin, mut page) = (walk.end(), Gathered::default());
    while let Some(block) = walk.next().await? {
        let is_last = filter.from.is_some_and(|from| is_older(&block, from));
        for found in block {
            let index = found.0;
            page.take(log, filter, found);
            if page.rows.len() == PAGE {
                page.next = Some(index).filter(|index| *index > 0);
                return Ok(page);
            }
        }
        if is_last {
            return Ok(page);
        }
        if begin - walk.end() >= MOST_LOOKED {
            page.next = Some(walk.end()).filter(|end| *end > 0);
            return Ok(page);
        }
    }
    Ok(page)
}

/// How many reads are not told to this reader yet: the same, whatever they filter.
///
/// # Errors
///
/// [`sql::Error`].
pub async fn not_yet(db: &Db, row: &LedgerRow, log: &LogSight<'_>) -> Result<Count, sql::Error> {
    let Some(from) = log.hides_from() else { return Ok(Count::Exactly(0)) };
    let mut walk = LogWalk::from_end(db, row).await?;
    let (begin, mut number) = (walk.end(), 0);
    while let Some(block) = walk.next().await? {
        for entry in block.iter().filter_map(|(_, entry)| entry.as_ref().ok()) {
            let scopes = entry.scopes();
            let is_hidden = log.of(&entry.facts(scopes.as_deref())) == RowSight::NotYet;
            number += u64::from(is_hidden);
        }
        if is_older(&block, from) {
            break;
        }
        if begin - walk.end() >= MOST_LOOKED && walk.end() > 0 {
            return Ok(Count::AtLeast(number));
        }
    }
    Ok(Count::Exactly(number))
}
