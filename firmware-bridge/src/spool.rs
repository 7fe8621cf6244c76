//! What the bridge has not yet handed over, on disk: one SQLite file.
//!
//! The way of a read through this file:
//!
//! ```text
//! reads -> raw (by open window) --close--> deliveries (outbox) --recorded--> gone; the raw window is kept
//! ```
//!
//! What holds, whatever crashes in between:
//!
//! - a commit that returned is on disk (WAL, synchronous=FULL), so a broker may be told to forget;
//! - closing a window makes its delivery and closes it in one transaction: a delivery exists once;
//! - a boot number is never used twice, so (bridge, boot, sequence) names one delivery for ever;
//! - when the file is full, raw reads are dropped and the gap is written into the window; deliveries never.
//!
//! Not here: settling ([`crate::settle`]), sending ([`crate::deliver`]).
//!
//! Source: docs/decisions, SQLite measured at 174,000 records a second with 100 a commit.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use thiserror::Error;

const SCHEMA: &str = "
pragma journal_mode = wal;
pragma synchronous = full;
pragma foreign_keys = on;
create table if not exists boots (boot integer primary key autoincrement, at text not null);
create table if not exists windows (
  window integer primary key autoincrement,
  source text not null, opened text not null, closed text, bytes integer not null default 0, digest text
);
create table if not exists raw (window integer not null references windows on delete cascade, piece blob not null);
create index if not exists raw_window on raw (window);
create table if not exists gaps (window integer not null references windows on delete cascade, what text not null);
create table if not exists deliveries (
  boot integer not null, seq integer not null, body blob not null, primary key (boot, seq)
);
create table if not exists sequences (boot integer primary key, last integer not null);
create table if not exists messages (digest blob primary key, at text not null) without rowid;
create table if not exists dead_letters (
  id integer primary key autoincrement, at text not null, source text not null, reason text not null,
  payload blob not null
);
";

/// Bytes of a dead letter that are kept.
const DEAD_LETTER_BYTES: usize = 64 * 1024;

/// What can go wrong with the spool.
#[derive(Debug, Error)]
pub enum SpoolError {
    /// SQLite refused or the disk is full.
    #[error("spool: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// Something that another version wrote.
    #[error("spool holds something that is not understood: {0}")]
    Data(String),
}

/// A window that was open when the bridge stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenWindow {
    /// Its number.
    pub window: i64,
    /// The reader it belongs to.
    pub source: String,
    /// When it opened.
    pub opened: Timestamp,
}

/// A delivery waiting to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Boot it was made in.
    pub boot: u64,
    /// Place in the boot's sequence.
    pub seq: u64,
    /// The body.
    pub body: Vec<u8>,
}

/// The spool; each thread that uses it opens its own.
#[derive(Debug)]
pub struct Spool {
    connection: Connection,
}

fn text(at: Timestamp) -> String {
    at.to_string()
}

fn number(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

impl Spool {
    /// Opens the file, and makes it if it is not there.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn open(path: &Path) -> Result<Self, SpoolError> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        connection.execute_batch(SCHEMA)?;
        Ok(Self { connection })
    }

    /// Begins a new life: a boot number that was never used.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn new_boot(&mut self, at: Timestamp) -> Result<u64, SpoolError> {
        let tx = self.connection.transaction()?;
        tx.execute("insert into boots (at) values (?1)", params![text(at)])?;
        let boot = tx.last_insert_rowid();
        tx.execute("insert into sequences (boot, last) values (?1, 0)", params![boot])?;
        tx.commit()?;
        Ok(number(boot))
    }

    /// Windows that were open when the last life ended.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn open_windows(&self) -> Result<Vec<OpenWindow>, SpoolError> {
        let mut query = self.connection.prepare(
            "select window, source, opened from windows where closed is null order by window",
        )?;
        let rows = query.query_map([], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
        })?;
        rows.map(|row| {
            let (window, source, opened) = row?;
            let opened = opened
                .parse()
                .map_err(|_| SpoolError::Data(format!("window opened at `{opened}`")))?;
            Ok(OpenWindow { window, source, opened })
        })
        .collect()
    }

    /// Raw bytes of a window, in order of arrival.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn raw(&self, window: i64) -> Result<Vec<u8>, SpoolError> {
        let mut query = self
            .connection
            .prepare_cached("select piece from raw where window = ?1 order by rowid")?;
        let mut all = Vec::new();
        for piece in query.query_map(params![window], |row| row.get::<_, Vec<u8>>(0))? {
            all.extend(piece?);
        }
        Ok(all)
    }

    /// The raw window with that digest, if it is still kept.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn raw_by_digest(&self, digest: &str) -> Result<Option<Vec<u8>>, SpoolError> {
        let window = self
            .connection
            .query_row("select window from windows where digest = ?1", params![digest], |row| {
                row.get(0)
            })
            .optional()?;
        window.map(|window| self.raw(window)).transpose()
    }

    /// What is known to be missing from a window.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn gaps(&self, window: i64) -> Result<Vec<String>, SpoolError> {
        let mut query = self
            .connection
            .prepare_cached("select what from gaps where window = ?1 order by rowid limit 100")?;
        let rows = query.query_map(params![window], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Bytes of the file that hold something.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn used_bytes(&self) -> Result<u64, SpoolError> {
        let pragma =
            |name: &str| self.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let pages = pragma("page_count")? - pragma("freelist_count")?;
        Ok(number(pages * pragma("page_size")?))
    }

    /// Deliveries that wait.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn waiting(&self) -> Result<u64, SpoolError> {
        let count: i64 =
            self.connection.query_row("select count(*) from deliveries", [], |row| row.get(0))?;
        Ok(number(count))
    }

    /// Dead letters kept.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn dead_letters(&self) -> Result<Vec<(String, String)>, SpoolError> {
        let mut query =
            self.connection.prepare("select source, reason from dead_letters order by id")?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The oldest delivery that waits.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn oldest(&self) -> Result<Option<Waiting>, SpoolError> {
        let mut query = self
            .connection
            .prepare_cached("select boot, seq, body from deliveries order by boot, seq limit 1")?;
        let row = query.query_row([], |row| {
            Ok(Waiting { boot: number(row.get(0)?), seq: number(row.get(1)?), body: row.get(2)? })
        });
        Ok(row.optional()?)
    }

    /// Forgets a delivery that is recorded elsewhere.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn forget(&mut self, boot: u64, seq: u64) -> Result<(), SpoolError> {
        self.connection.execute(
            "delete from deliveries where boot = ?1 and seq = ?2",
            params![integer(boot), integer(seq)],
        )?;
        Ok(())
    }

    /// Moves a delivery that will never be accepted to the dead letters.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn bury(
        &mut self,
        waiting: &Waiting,
        reason: &str,
        at: Timestamp,
    ) -> Result<(), SpoolError> {
        let mut batch = self.begin()?;
        let source = format!("delivery {}/{}", waiting.boot, waiting.seq);
        batch.dead_letter(&source, reason, &waiting.body, at)?;
        batch.tx.execute(
            "delete from deliveries where boot = ?1 and seq = ?2",
            params![integer(waiting.boot), integer(waiting.seq)],
        )?;
        batch.commit()
    }

    /// Begins a group of changes that are durable together.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn begin(&mut self) -> Result<Batch<'_>, SpoolError> {
        Ok(Batch { tx: self.connection.transaction()? })
    }
}

/// Changes that are durable together.
#[derive(Debug)]
pub struct Batch<'a> {
    tx: Transaction<'a>,
}

impl Batch<'_> {
    /// Remembers a message; false if it was remembered before, so that it is taken once however often a broker
    /// or a reader sends it.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn remember_message(&mut self, digest: &[u8], at: Timestamp) -> Result<bool, SpoolError> {
        let added = self
            .tx
            .prepare_cached("insert or ignore into messages (digest, at) values (?1, ?2)")?
            .execute(params![digest, text(at)])?;
        Ok(added == 1)
    }

    /// Opens a window and gives its number.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn open_window(&mut self, source: &str, at: Timestamp) -> Result<i64, SpoolError> {
        self.tx
            .prepare_cached("insert into windows (source, opened) values (?1, ?2)")?
            .execute(params![source, text(at)])?;
        Ok(self.tx.last_insert_rowid())
    }

    /// Adds raw bytes to a window.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn add_raw(&mut self, window: i64, piece: &[u8]) -> Result<(), SpoolError> {
        self.tx
            .prepare_cached("insert into raw (window, piece) values (?1, ?2)")?
            .execute(params![window, piece])?;
        Ok(())
    }

    /// Notes that something is missing from a window.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn add_gap(&mut self, window: i64, what: &str) -> Result<(), SpoolError> {
        self.tx
            .prepare_cached("insert into gaps (window, what) values (?1, ?2)")?
            .execute(params![window, what])?;
        Ok(())
    }

    /// The next place in a boot's sequence.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn next_seq(&mut self, boot: u64) -> Result<u64, SpoolError> {
        let boot = integer(boot);
        self.tx.execute("update sequences set last = last + 1 where boot = ?1", params![boot])?;
        let last: i64 = self.tx.query_row(
            "select last from sequences where boot = ?1",
            params![boot],
            |row| row.get(0),
        )?;
        Ok(number(last))
    }

    /// Puts a delivery into the outbox.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn add_delivery(&mut self, waiting: &Waiting) -> Result<(), SpoolError> {
        self.tx
            .prepare_cached("insert into deliveries (boot, seq, body) values (?1, ?2, ?3)")?
            .execute(params![integer(waiting.boot), integer(waiting.seq), waiting.body])?;
        Ok(())
    }

    /// Closes a window.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn close_window(
        &mut self,
        window: i64,
        digest: &str,
        at: Timestamp,
    ) -> Result<(), SpoolError> {
        self.tx.execute(
            "update windows set closed = ?2, digest = ?3 where window = ?1",
            params![window, text(at), digest],
        )?;
        Ok(())
    }

    /// Forgets raw windows that were closed, and messages that were taken, before `before`.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn forget_windows(&mut self, before: Timestamp) -> Result<(), SpoolError> {
        self.tx.execute("delete from messages where at < ?1", params![text(before)])?;
        self.tx.execute("delete from windows where closed < ?1", params![text(before)])?;
        Ok(())
    }

    /// Keeps something that cannot be used, with the reason; at most its first 64 KiB.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn dead_letter(
        &mut self,
        source: &str,
        reason: &str,
        payload: &[u8],
        at: Timestamp,
    ) -> Result<(), SpoolError> {
        let payload = &payload[..payload.len().min(DEAD_LETTER_BYTES)];
        self.tx.execute(
            "insert into dead_letters (at, source, reason, payload) values (?1, ?2, ?3, ?4)",
            params![text(at), source, reason, payload],
        )?;
        Ok(())
    }

    /// Makes the changes durable.
    ///
    /// # Errors
    ///
    /// [`SpoolError`]; then none of them happened.
    pub fn commit(self) -> Result<(), SpoolError> {
        crate::crash::point("spool.before_commit");
        self.tx.commit()?;
        crate::crash::point("spool.after_commit");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boot_number_is_never_used_twice_and_sequences_begin_at_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spool.sqlite");
        let mut seen = Vec::new();
        for _ in 0..3 {
            let mut spool = Spool::open(&path).unwrap();
            let boot = spool.new_boot(Timestamp::UNIX_EPOCH).unwrap();
            let mut batch = spool.begin().unwrap();
            assert_eq!((batch.next_seq(boot).unwrap(), batch.next_seq(boot).unwrap()), (1, 2));
            batch.commit().unwrap();
            assert!(!seen.contains(&boot));
            seen.push(boot);
        }
    }

    #[test]
    fn what_was_committed_is_there_after_opening_again_and_what_was_not_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spool.sqlite");
        let mut spool = Spool::open(&path).unwrap();
        let mut batch = spool.begin().unwrap();
        let window = batch.open_window("r1", Timestamp::UNIX_EPOCH).unwrap();
        batch.add_raw(window, b"abc").unwrap();
        batch.add_raw(window, b"def").unwrap();
        batch.add_gap(window, "two reads").unwrap();
        batch.commit().unwrap();
        let mut batch = spool.begin().unwrap();
        batch.add_raw(window, b"lost").unwrap();
        drop(batch);
        drop(spool);
        let spool = Spool::open(&path).unwrap();
        assert_eq!(spool.open_windows().unwrap()[0].source, "r1");
        assert_eq!(spool.raw(window).unwrap(), b"abcdef");
        assert_eq!(spool.gaps(window).unwrap(), ["two reads"]);
    }

    #[test]
    fn deliveries_leave_in_order_and_the_refused_are_kept_with_their_reason() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(&folder.path().join("s")).unwrap();
        for seq in [2, 1, 3] {
            let mut batch = spool.begin().unwrap();
            batch.add_delivery(&Waiting { boot: 1, seq, body: vec![7] }).unwrap();
            batch.commit().unwrap();
        }
        let first = spool.oldest().unwrap().unwrap();
        assert_eq!(first.seq, 1);
        spool.bury(&first, "malformed", Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(spool.oldest().unwrap().unwrap().seq, 2);
        spool.forget(1, 2).unwrap();
        assert_eq!((spool.oldest().unwrap().unwrap().seq, spool.waiting().unwrap()), (3, 1));
        assert_eq!(spool.dead_letters().unwrap(), [("delivery 1/1".into(), "malformed".into())]);
    }
}
