//! The writing side of the spool: changes that are durable together.
//!
//! What holds: nothing of a [`Batch`] is stored before [`Batch::commit`] returned, everything after.
//!
//! Not here: reading ([`super::Spool`]).

use jiff::{SignedDuration, Timestamp};
use process::CrashPoints;
use reads::{Edge, Finding, SensorReading};
use rusqlite::{Connection, Transaction, params};
use settling::closing::Closing;
use settling::settle::presence::TagPresence;
use settling::stored;

use super::convert::{integer, json, number, text};
use super::error::SpoolError;
use super::record::Waiting;

/// Bytes of a dead letter that are kept.
const DEAD_LETTER_BYTES: usize = 64 * 1024;
/// How long dead letters are kept, and findings beyond windows.
const MONTH: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long a window without deliveries is kept.
const EMPTY_WINDOWS: SignedDuration = SignedDuration::from_mins(10);
/// How long message digests are kept even if room is needed: a redelivery after a lost acknowledgement arrives within
/// minutes.
const MESSAGES: SignedDuration = SignedDuration::from_hours(1);
/// Most dead letters that are kept.
const DEAD_LETTERS: i64 = 1000;
/// Message digests deleted at once to make room; several times as many as one commit adds.
const MESSAGES_AT_ONCE: i64 = 10_000;
/// Dead letters or windows deleted at once to make room.
const FORGET_AT_ONCE: i64 = 256;

/// How much was deleted.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Forgotten {
    /// Message digests; redeliveries of these messages are no longer recognised.
    pub messages: usize,
    /// Dead letters.
    pub dead_letters: usize,
    /// Raw windows, before their time.
    pub windows: usize,
}

/// What is known to be missing from a window, at most a hundred of these.
pub(super) fn gaps_of(connection: &Connection, window: i64) -> Result<Vec<String>, SpoolError> {
    let mut query = connection
        .prepare_cached("select what from gaps where window = ?1 order by rowid limit 100")?;
    let rows = query.query_map(params![window], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Changes that are durable together.
#[derive(Debug)]
pub struct Batch<'a> {
    pub(super) tx: Transaction<'a>,
    pub(super) crash: &'a CrashPoints,
}

impl Batch<'_> {
    /// Stores the digest of a message. False if it was stored before: then the message is a redelivery.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn remember_message(&mut self, digest: &[u8], at: Timestamp) -> Result<bool, SpoolError> {
        let added = self
            .tx
            .prepare_cached("insert or ignore into messages (digest, at) values (?1, ?2)")?
            .execute(params![digest, at.as_second()])?;
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

    /// Records that something is missing from a window.
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

    /// What is known to be missing from a window.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn gaps(&self, window: i64) -> Result<Vec<String>, SpoolError> {
        gaps_of(&self.tx, window)
    }

    /// Records that reads of a window were dropped because the file is full; one row per window holds the sum.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn add_dropped(&mut self, window: i64, reads: u64) -> Result<(), SpoolError> {
        use rusqlite::OptionalExtension as _;
        const WORDS: &str = " reads dropped, spool full";
        let before: Option<(i64, String)> = self
            .tx
            .prepare_cached(
                "select rowid, what from gaps where window = ?1 and what like '%' || ?2 limit 1",
            )?
            .query_row(params![window, WORDS], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((row, what)) = before else {
            return self.add_gap(window, &format!("{reads}{WORDS}"));
        };
        let before: u64 = what.strip_suffix(WORDS).and_then(|n| n.parse().ok()).unwrap_or(0);
        self.tx
            .prepare_cached("update gaps set what = ?2 where rowid = ?1")?
            .execute(params![row, format!("{}{WORDS}", before.saturating_add(reads))])?;
        Ok(())
    }

    /// The last sequence number of a boot that was used; 0 if none was.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn last_seq(&self, boot: u64) -> Result<u64, SpoolError> {
        let last: i64 = self
            .tx
            .prepare_cached("select last from sequences where boot = ?1")?
            .query_row(params![integer(boot)], |row| row.get(0))?;
        Ok(number(last))
    }

    /// The next sequence number of a boot.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn next_seq(&mut self, boot: u64) -> Result<u64, SpoolError> {
        let boot = integer(boot);
        let last: i64 = self
            .tx
            .prepare_cached("update sequences set last = last + 1 where boot = ?1 returning last")?
            .query_row(params![boot], |row| row.get(0))?;
        Ok(number(last))
    }

    /// Puts a delivery into the outbox.
    ///
    /// - `window`: the window that it was made of; the delivery's digest is stored with it for a replay.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn add_delivery(&mut self, window: i64, waiting: &Waiting) -> Result<(), SpoolError> {
        self.tx
            .prepare_cached("insert into deliveries (boot, seq, body) values (?1, ?2, ?3)")?
            .execute(params![integer(waiting.boot), integer(waiting.seq), waiting.body])?;
        let digest = ledger::hash::sha256(&waiting.body).to_string();
        self.tx
            .prepare_cached(
                "insert into delivered (window, boot, seq, digest) values (?1, ?2, ?3, ?4)",
            )?
            .execute(params![window, integer(waiting.boot), integer(waiting.seq), digest])?;
        Ok(())
    }

    /// Closes a window, and stores what its deliveries were made of besides its reads.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn close_window(
        &mut self,
        window: i64,
        digest: &str,
        closing: &Closing,
    ) -> Result<(), SpoolError> {
        self.tx
            .prepare_cached(
                "update windows set closed = ?2, digest = ?3, closing = ?4 where window = ?1",
            )?
            .execute(params![
                window,
                text(closing.closed),
                digest,
                stored::window_to_json(closing)
            ])?;
        Ok(())
    }

    /// Records whether the reader's clock was not believed and whether reads arrived late.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn mark_window(
        &mut self,
        window: i64,
        suspect: bool,
        late: bool,
    ) -> Result<(), SpoolError> {
        self.tx
            .prepare_cached("update windows set suspect = ?2, late = ?3 where window = ?1")?
            .execute(params![window, suspect, late])?;
        Ok(())
    }

    /// Adds a sensor reading to a window.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn add_reading(&mut self, window: i64, reading: &SensorReading) -> Result<(), SpoolError> {
        self.tx
            .prepare_cached("insert into readings (window, body) values (?1, ?2)")?
            .execute(params![window, json(reading)])?;
        Ok(())
    }

    /// Adds an input that changed to a window.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn add_edge(&mut self, window: i64, edge: &Edge) -> Result<(), SpoolError> {
        self.tx
            .prepare_cached("insert into edges (window, body) values (?1, ?2)")?
            .execute(params![window, json(edge)])?;
        Ok(())
    }

    /// Stores the presence of a tag; one that has departed is deleted.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn put_tag_at_rest(&mut self, epc_hex: &str, tag: &TagPresence) -> Result<(), SpoolError> {
        if tag.last.is_none() {
            self.tx
                .prepare_cached("delete from whereabouts where epc = ?1")?
                .execute(params![epc_hex])?;
        } else {
            self.tx
                .prepare_cached("insert or replace into whereabouts (epc, body) values (?1, ?2)")?
                .execute(params![epc_hex, stored::presence_to_json(tag)])?;
        }
        Ok(())
    }

    /// Stores a finding; the same one within an hour only increases its count.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn add_finding(
        &mut self,
        source: &str,
        finding: &Finding,
        at: Timestamp,
    ) -> Result<(), SpoolError> {
        let since = at - SignedDuration::from_hours(1);
        let repeated = self
            .tx
            .prepare_cached(
                "update findings set count = count + 1, last = ?5 where id = (select max(id) from findings
                 where source = ?1 and code = ?2 and what = ?3 and last >= ?4)",
            )?
            .execute(params![source, finding.code, finding.text, text(since), text(at)])?;
        if repeated == 0 {
            self.tx
                .prepare_cached(
                    "insert into findings (source, code, what, at, last) values (?1, ?2, ?3, ?4, ?4)",
                )?
                .execute(params![source, finding.code, finding.text, text(at)])?;
        }
        Ok(())
    }

    /// Stores the value of a setting, and gives the previous one if it differs.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn put_setting(
        &mut self,
        source: &str,
        name: &str,
        value: &str,
        at: Timestamp,
    ) -> Result<Option<String>, SpoolError> {
        use rusqlite::OptionalExtension as _;
        let old: Option<String> = self
            .tx
            .prepare_cached("select value from settings where source = ?1 and name = ?2")?
            .query_row(params![source, name], |row| row.get(0))
            .optional()?;
        if old.as_deref() == Some(value) {
            return Ok(None);
        }
        self.tx
            .prepare_cached(
                "insert or replace into settings (source, name, value) values (?1, ?2, ?3)",
            )?
            .execute(params![source, name, value])?;
        if let Some(old) = &old {
            self.tx
                .prepare_cached(
                    "insert into changes (at, source, name, old, new) values (?1, ?2, ?3, ?4, ?5)",
                )?
                .execute(params![text(at), source, name, old, value])?;
        }
        Ok(old)
    }

    /// Deletes what has been kept for long enough, and gives how much was deleted that is counted.
    ///
    /// - `keep`: how long raw windows and messages are kept; windows without deliveries are kept for ten
    ///   minutes, since no record names them.
    ///
    /// Dead letters are kept for a month, and a thousand of them; findings for a month longer than windows.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn forget_old(
        &mut self,
        now: Timestamp,
        keep: SignedDuration,
    ) -> Result<Forgotten, SpoolError> {
        let before = now - keep;
        self.tx.execute("delete from messages where at < ?1", params![before.as_second()])?;
        self.tx.execute("delete from windows where closed < ?1", params![text(before)])?;
        self.tx.execute(
            "delete from windows where closed < ?1
             and not exists (select 1 from delivered where delivered.window = windows.window)",
            params![text(now - EMPTY_WINDOWS)],
        )?;
        // Findings are kept for a month longer, changes of settings for ever.
        self.tx.execute("delete from findings where last < ?1", params![text(before - MONTH)])?;
        let dead_letters = self.tx.execute(
            "delete from dead_letters where at < ?1
             or id <= (select max(id) from dead_letters) - ?2",
            params![text(now - MONTH), DEAD_LETTERS],
        )?;
        Ok(Forgotten { dead_letters, ..Forgotten::default() })
    }

    /// Makes room: deletes some of what is needed least, and gives how much. That is the first of these that exists:
    /// message digests older than an hour, dead letters, closed raw windows; the oldest first.
    ///
    /// # Errors
    ///
    /// [`SpoolError`].
    pub fn make_room(&mut self, now: Timestamp) -> Result<Forgotten, SpoolError> {
        let messages = self.tx.execute(
            "delete from messages where digest in
             (select digest from messages where at < ?1 order by at limit ?2)",
            params![(now - MESSAGES).as_second(), MESSAGES_AT_ONCE],
        )?;
        if messages > 0 {
            return Ok(Forgotten { messages, ..Forgotten::default() });
        }
        let dead_letters = self.tx.execute(
            "delete from dead_letters where id in (select id from dead_letters order by id limit ?1)",
            params![FORGET_AT_ONCE],
        )?;
        if dead_letters > 0 {
            return Ok(Forgotten { dead_letters, ..Forgotten::default() });
        }
        let windows = self.tx.execute(
            "delete from windows where window in
             (select window from windows where closed is not null order by closed limit ?1)",
            params![FORGET_AT_ONCE],
        )?;
        Ok(Forgotten { windows, ..Forgotten::default() })
    }

    /// Stores something that cannot be used, with the reason; at most its first 64 KiB.
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
        self.crash.pass("spool.before_commit");
        self.tx.commit()?;
        self.crash.pass("spool.after_commit");
        Ok(())
    }
}
