//! The spool's file, and everything that is read from it.
//!
//! Not here: writing ([`super::batch`]), deliveries that wait ([`super::outbox`]), tables ([`super::schema`]).

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use process::CrashPoints;
use reads::{Edge, SensorReading};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, TransactionBehavior, params};
use serde::de::DeserializeOwned;
use settling::settle::presence::TagPresence;
use settling::stored;

use super::batch::{Batch, gaps_of};
use super::convert::{number, parsed, text};
use super::error::SpoolError;
use super::modes;
use super::record::{Change, KeptFinding, KeptWindow, UnclosedWindow};
use super::schema;

/// The spool; each thread that uses it opens its own.
#[derive(Debug)]
pub struct Spool {
    pub(super) connection: Connection,
    crash: CrashPoints,
}

impl Spool {
    /// Opens the file, and creates it if it does not exist. It and the files beside it are then for their owner alone.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn open(path: &Path) -> Result<Self, SpoolError> {
        modes::prepare(path)?;
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(Duration::from_secs(10))?;
        schema::prepare(&mut connection)?;
        Ok(Self { connection, crash: CrashPoints::none() })
    }

    /// The same spool, whose commits pass these crash points.
    #[must_use]
    pub fn with_crash_points(self, crash: CrashPoints) -> Self {
        Self { crash, ..self }
    }

    /// Opens an existing spool for reading only.
    ///
    /// # Errors
    ///
    /// [`SpoolError`], also if the file does not exist.
    pub fn look(path: &Path) -> Result<Self, SpoolError> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.busy_timeout(Duration::from_secs(10))?;
        Ok(Self { connection, crash: CrashPoints::none() })
    }

    /// Writes a whole copy of the spool, as it is at this moment, to a new file for its owner alone; a bridge that runs goes on.
    ///
    /// # Errors
    ///
    /// [`SpoolError`], also if the file is there and not empty.
    pub fn copy_to(&self, to: &Path) -> Result<(), SpoolError> {
        super::modes::prepare(to)?;
        self.connection.execute("vacuum into ?1", params![to.to_string_lossy()])?;
        Ok(())
    }

    /// Begins a new boot with a number that was never used: the time in milliseconds, or one more than the last if the
    /// clock is not later.
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

    /// Windows that were open when the bridge ended.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn open_windows(&self) -> Result<Vec<UnclosedWindow>, SpoolError> {
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
            Ok(UnclosedWindow { window, source, opened, suspect, late })
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

    /// A closed window by its number or its digest; none if it is not stored.
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

    /// How many closed windows have this digest; all windows without reads have the same.
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

    /// The presence of every tag at rest, by EPC.
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

    /// The latest findings, newest first.
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

    /// Settings that changed, newest first.
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
        gaps_of(&self.connection, window)
    }

    /// Bytes of the file that are in use.
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

    /// The dead letters: source and reason.
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

    /// Begins a group of changes that are durable together. Other connections that write wait until it ends: a write by
    /// another one after this one's first read would make this one's first write fail.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn begin(&mut self) -> Result<Batch<'_>, SpoolError> {
        // Immediate: a batch that reads before it writes would fail without waiting if the other thread's connection
        // had written in between.
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        Ok(Batch { tx, crash: &self.crash })
    }
}
