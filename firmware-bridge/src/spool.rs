//! What the bridge has not yet handed over, on disk: one SQLite file.
//!
//! The way of a read through this file:
//!
//! ```text
//! reads -> raw (by open window) --close--> deliveries (outbox) --recorded--> gone; the raw window is kept
//!                                              |      ^
//!                                           refused --resend (by a person)
//! ```
//!
//! What holds, whatever crashes in between:
//!
//! - a commit that returned is on disk (WAL, synchronous=FULL), so a broker may be told to forget;
//! - closing a window makes its delivery and closes it in one transaction: a delivery exists once;
//! - a boot number is never used twice, so (bridge, boot, sequence) names one delivery for ever; it counts
//!   milliseconds since 1970, so that a file that replaces a lost one does not begin with its numbers again;
//! - a delivery that ingest refuses is kept whole until a person sends it again;
//! - when the file is full, messages, dead letters and closed windows are forgotten; when there are none, raw reads
//!   are dropped and the gap is written into the window; deliveries never.
//!
//! Not here: settling ([`settling::settle`]), sending ([`crate::deliver`]).
//!
//! Source: docs/decisions, SQLite measured at 174,000 records a second with 100 a commit.

mod batch;
mod outbox;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use reads::{Edge, SensorReading};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, TransactionBehavior, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use settling::closing::Closing;
use settling::settle::presence::TagPresence;
use settling::stored;
use thiserror::Error;

pub use self::batch::{Batch, Forgotten};
pub use self::outbox::Refused;

const PRAGMAS: &str = "
pragma journal_mode = wal;
pragma synchronous = full;
pragma foreign_keys = on;
";

/// The tables, one text for each version of the file; `user_version` counts how many it has.
const VERSIONS: [&str; 3] = [
    "
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
",
    "
alter table windows add column suspect integer not null default 0;
alter table windows add column late integer not null default 0;
alter table windows add column closing text;
create index windows_digest on windows (digest);
create index windows_closed on windows (closed);
create index gaps_window on gaps (window);
create table readings (window integer not null references windows on delete cascade, body text not null);
create index readings_window on readings (window);
create table edges (window integer not null references windows on delete cascade, body text not null);
create index edges_window on edges (window);
create table delivered (
  window integer not null references windows on delete cascade,
  boot integer not null, seq integer not null, digest text not null, primary key (window, boot, seq)
) without rowid;
create table whereabouts (epc text primary key, body text not null) without rowid;
create table settings (
  source text not null, name text not null, value text not null, primary key (source, name)
) without rowid;
create table changes (
  id integer primary key autoincrement, at text not null, source text not null, name text not null,
  old text not null, new text not null
);
create table findings (
  id integer primary key autoincrement, source text not null, code text not null, what text not null,
  at text not null, last text not null, count integer not null default 1
);
create index findings_source on findings (source, code);
",
    "
create table refused (
  id integer primary key autoincrement, at text not null, boot integer not null, seq integer not null,
  reason text not null, body blob not null
);
create table taken (digest blob primary key, at integer not null) without rowid;
insert into taken select digest, cast(strftime('%s', at) as integer) from messages;
drop table messages;
alter table taken rename to messages;
create index messages_at on messages (at);
",
];

/// How long to wait before what the disk refused is tried again.
pub const RETRY: Duration = Duration::from_secs(1);

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

impl SpoolError {
    /// Whether it goes away without a change of this program or its file: the disk is full or fails to write, or
    /// another program holds the file. Then the same may be tried again.
    #[must_use]
    pub fn passes(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseBusy, DatabaseLocked, DiskFull, SystemIoFailure};
        let Self::Sqlite(error) = self else { return false };
        matches!(
            error.sqlite_error_code(),
            Some(DatabaseBusy | DatabaseLocked | DiskFull | SystemIoFailure)
        )
    }
}

/// The machine words of findings about the bridge itself, whose source is its own id.
pub mod code {
    /// The spool could not be written for a while.
    pub const DISK: &str = "disk";
    /// The spool is full and nothing can be forgotten: reads are dropped.
    pub const FULL: &str = "full";
    /// There is room in the spool again.
    pub const ROOM: &str = "room";
    /// Ingest refused a delivery for ever.
    pub const DELIVERY_REFUSED: &str = "delivery-refused";
    /// Ingest has another delivery under the number of one of ours.
    pub const NUMBER_TAKEN: &str = "number-taken";

    /// All of them.
    pub const ALL: [&str; 5] = [DISK, FULL, ROOM, DELIVERY_REFUSED, NUMBER_TAKEN];
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
    /// Whether the reader's clock was not believed.
    pub suspect: bool,
    /// Whether reads came late.
    pub late: bool,
}

/// A finding as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeptFinding {
    /// The reader.
    pub source: String,
    /// Machine word.
    pub code: String,
    /// What was found and what mends it.
    pub text: String,
    /// When it was found first.
    pub at: String,
    /// When it was found last.
    pub last: String,
    /// How often.
    pub count: i64,
}

/// A setting that became another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// When it was noticed.
    pub at: String,
    /// The reader.
    pub source: String,
    /// The setting.
    pub name: String,
    /// What it was.
    pub old: String,
    /// What it is.
    pub new: String,
}

/// A window with everything that its deliveries were made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptWindow {
    /// Its number.
    pub window: i64,
    /// Its raw bytes.
    pub raw: Vec<u8>,
    /// What else was known when it closed.
    pub closing: Closing,
    /// SHA-256 of each delivery made of it, by place in the sequence.
    pub delivered: Vec<(u64, String)>,
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

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("every member has a JSON form")
}

fn parsed<T: DeserializeOwned>(what: &str, body: &str) -> Result<T, SpoolError> {
    serde_json::from_str(body).map_err(|error| SpoolError::Data(format!("{what}: {error}")))
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
        connection.busy_timeout(Duration::from_secs(10))?;
        connection.execute_batch(PRAGMAS)?;
        let mut spool = Self { connection };
        let tx = spool.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let version: i64 = tx.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let done = usize::try_from(version).unwrap_or(usize::MAX);
        if done > VERSIONS.len() {
            return Err(SpoolError::Data(format!(
                "it is of version {version}, and this program knows {}; a newer one wrote it",
                VERSIONS.len()
            )));
        }
        for (more, text) in VERSIONS.iter().enumerate().skip(done) {
            tx.execute_batch(text)?;
            tx.pragma_update(None, "user_version", integer(more as u64 + 1))?;
        }
        tx.commit()?;
        Ok(spool)
    }

    /// Opens a spool that is there, to look at it: nothing can be changed.
    ///
    /// # Errors
    ///
    /// [`SpoolError`], also if there is none.
    pub fn look(path: &Path) -> Result<Self, SpoolError> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.busy_timeout(Duration::from_secs(10))?;
        Ok(Self { connection })
    }

    /// Begins a new life: a boot number that was never used. It is the time in milliseconds, or one more than the
    /// last if the clock does not stand later.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn new_boot(&mut self, at: Timestamp) -> Result<u64, SpoolError> {
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let last: i64 =
            tx.query_row("select coalesce(max(boot), 0) from boots", [], |row| row.get(0))?;
        let boot = at.as_millisecond().max(last + 1);
        tx.execute("insert into boots (boot, at) values (?1, ?2)", params![boot, text(at)])?;
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
            "select window, source, opened, suspect, late from windows where closed is null order by window",
        )?;
        let rows = query.query_map([], |row| {
            let opened: String = row.get(2)?;
            Ok((row.get(0)?, row.get(1)?, opened, row.get(3)?, row.get(4)?))
        })?;
        rows.map(|row| {
            let (window, source, opened, suspect, late) = row?;
            let opened = opened
                .parse()
                .map_err(|_| SpoolError::Data(format!("window opened at `{opened}`")))?;
            Ok(OpenWindow { window, source, opened, suspect, late })
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

    /// A closed window by its number or its digest; none if it is not kept, or was closed by a version that did
    /// not keep what it was made of.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn closed_window(&self, name: &str) -> Result<Option<KeptWindow>, SpoolError> {
        let found: Option<(i64, String)> = self
            .connection
            .query_row(
                "select window, closing from windows where closing is not null
                 and (digest = ?1 or cast(window as text) = ?1) order by window desc limit 1",
                params![name],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        let Some((window, closing)) = found else { return Ok(None) };
        let mut query = self
            .connection
            .prepare_cached("select seq, digest from delivered where window = ?1 order by seq")?;
        let delivered = query
            .query_map(params![window], |row| Ok((number(row.get(0)?), row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let closing = stored::window_from_json(&closing)
            .map_err(|error| SpoolError::Data(format!("window {window}: {error}")))?;
        Ok(Some(KeptWindow { window, raw: self.raw(window)?, closing, delivered }))
    }

    /// How many closed windows have this digest; all without reads have one.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn windows_with(&self, digest: &str) -> Result<u64, SpoolError> {
        let count: i64 = self.connection.query_row(
            "select count(*) from windows where closing is not null and digest = ?1",
            params![digest],
            |row| row.get(0),
        )?;
        Ok(number(count))
    }

    /// The windows that closed last, newest first: number, reader, closing time, digest.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn last_windows(
        &self,
        count: u32,
    ) -> Result<Vec<(i64, String, String, String)>, SpoolError> {
        let mut query = self.connection.prepare(
            "select window, source, closed, digest from windows where closing is not null
             order by window desc limit ?1",
        )?;
        let rows = query.query_map(params![count], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Sensor readings of a window, in order of arrival.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn readings(&self, window: i64) -> Result<Vec<SensorReading>, SpoolError> {
        self.bodies("select body from readings where window = ?1 order by rowid", window)
    }

    /// Inputs that changed in a window, in order of arrival.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn edges(&self, window: i64) -> Result<Vec<Edge>, SpoolError> {
        self.bodies("select body from edges where window = ?1 order by rowid", window)
    }

    fn bodies<T: DeserializeOwned>(&self, query: &str, window: i64) -> Result<Vec<T>, SpoolError> {
        let mut query = self.connection.prepare_cached(query)?;
        let rows = query.query_map(params![window], |row| row.get::<_, String>(0))?;
        rows.map(|row| parsed("window", &row?)).collect()
    }

    /// Where every tag is, by EPC.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn tags_at_rest(&self) -> Result<BTreeMap<String, TagPresence>, SpoolError> {
        let mut query = self.connection.prepare("select epc, body from whereabouts")?;
        let rows =
            query.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        rows.map(|row| {
            let (epc, body) = row?;
            let tag = stored::presence_from_json(&body)
                .map_err(|error| SpoolError::Data(format!("tag {epc}: {error}")))?;
            Ok((epc, tag))
        })
        .collect()
    }

    /// What was found last, newest first.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn findings(&self, count: u32) -> Result<Vec<KeptFinding>, SpoolError> {
        let mut query = self.connection.prepare(
            "select source, code, what, at, last, count from findings order by last desc, id desc limit ?1",
        )?;
        let rows = query.query_map(params![count], |row| {
            Ok(KeptFinding {
                source: row.get(0)?,
                code: row.get(1)?,
                text: row.get(2)?,
                at: row.get(3)?,
                last: row.get(4)?,
                count: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Settings that became others, newest first.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn changes(&self, count: u32) -> Result<Vec<Change>, SpoolError> {
        let mut query = self
            .connection
            .prepare("select at, source, name, old, new from changes order by id desc limit ?1")?;
        let rows = query.query_map(params![count], |row| {
            Ok(Change {
                at: row.get(0)?,
                source: row.get(1)?,
                name: row.get(2)?,
                old: row.get(3)?,
                new: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Settings of every reader: reader, name, value.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn settings(&self) -> Result<Vec<(String, String, String)>, SpoolError> {
        let mut query = self
            .connection
            .prepare("select source, name, value from settings order by source, name")?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
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

    /// Begins a group of changes that are durable together. Other connections that write wait until it ends: one
    /// that wrote after our first look would make our first write fail.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn begin(&mut self) -> Result<Batch<'_>, SpoolError> {
        // Immediate: a batch that read before it wrote would fail at once, without waiting, if the other thread's
        // connection had written in between.
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        Ok(Batch { tx })
    }
}

#[cfg(test)]
pub(crate) mod tests;
