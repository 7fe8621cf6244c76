//! Copies a database while it is used, and makes a database of such a copy.
//!
//! The way through: [`Snapshot::begin`] holds one moment of the database; [`Snapshot::ledgers`] says how large each ledger is at that
//! moment, [`dump`] starts `pg_dump` for the same moment. [`prepare`] makes an empty database ready, [`load`] starts `pg_restore`, and
//! [`finish`] brings it to this program's schema and holds its ledgers ([`crate::holds`]).
//!
//! What holds:
//!
//! - sizes and roots of the manifest and the rows of the copy are of one moment;
//! - a database with tables is never written to;
//! - of two restores at the same time the second is refused, and changes nothing;
//! - from [`prepare`] to [`finish`] the table `restore_unfinished` is there, and no process starts on it: a restore that was interrupted is
//!   never taken for a whole one, and never signed for;
//! - a password is in the environment of PostgreSQL's programs, never in their arguments.
//!
//! Not here: files beside the database, the manifest, encryption (`chopmark backup`).
//!
//! Sources: PostgreSQL 15 manual, `pg_dump`, `pg_restore`, section 9.27.5 (snapshot synchronisation); docs/decisions/0054.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use jiff::Timestamp;
use ledger::Hash;

use crate::cluster::{Binaries, find_binaries};
use crate::db::{Db, hash, timestamp, unsigned};
use crate::error::Error;
use crate::holds::{self, Cause};
use crate::migrate::UNFINISHED;
use crate::settings::{Login, Settings};

/// A ledger at the moment of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerAt {
    /// Its origin.
    pub origin: String,
    /// `site`, `hub` or `directory`.
    pub kind: String,
    /// Its leaves.
    pub size: u64,
    /// Root over them.
    pub root: Hash,
}

/// The last final anchor at the moment of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnchorAt {
    /// Origin of the hub.
    pub hub: String,
    /// Entries of it that are anchored.
    pub size: u64,
    /// Chain id.
    pub chain_id: u64,
    /// The block.
    pub block_number: u64,
}

/// One moment of a database, held as long as this value lives.
pub struct Snapshot {
    client: tokio_postgres::Client,
    id: String,
    at: Timestamp,
}

impl Snapshot {
    /// Begins; the database goes on meanwhile.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub async fn begin(db: &Db) -> Result<Self, Error> {
        let client = db.own_client().await?;
        let begin = "set idle_in_transaction_session_timeout = 0; set statement_timeout = 0; \
                     begin isolation level repeatable read read only";
        client.batch_execute(begin).await?;
        let row = client.query_one("select pg_export_snapshot(), now()", &[]).await?;
        Ok(Self { id: row.get(0), at: timestamp(row.get(1))?, client })
    }

    /// When it is, by the clock of the database.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// Every ledger, the oldest first.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub async fn ledgers(&self) -> Result<Vec<LedgerAt>, Error> {
        let text = "select l.origin, l.kind, h.size, h.root from ledgers l join ledger_heads h using (ledger_id) order by ledger_id";
        let rows = self.client.query(text, &[]).await?;
        let ledger = |row: &tokio_postgres::Row| {
            let (size, root) = (unsigned(row.get(2))?, hash(row.get(3))?);
            Ok(LedgerAt { origin: row.get(0), kind: row.get(1), size, root })
        };
        rows.iter().map(ledger).collect()
    }

    /// The last final anchor; none if nothing was anchored.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub async fn last_anchor(&self) -> Result<Option<AnchorAt>, Error> {
        let text = "select l.origin, a.hub_size, a.chain_id, p.block_number from anchors a \
                    join anchor_proofs p using (anchor_id) join ledgers l on l.ledger_id = a.hub_ledger_id \
                    order by a.hub_size desc limit 1";
        let row = self.client.query_opt(text, &[]).await?;
        let anchor = |row: tokio_postgres::Row| {
            let number = |place: usize| unsigned(row.get::<_, i64>(place));
            let (size, chain_id, block_number) = (number(1)?, number(2)?, number(3)?);
            Ok(AnchorAt { hub: row.get(0), size, chain_id, block_number })
        };
        row.map(anchor).transpose()
    }

    /// Version of the schema, and bytes of the database.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub async fn extent(&self) -> Result<(u32, u64), Error> {
        let text = "select (select max(version) from schema_migrations), pg_database_size(current_database())";
        let row = self.client.query_one(text, &[]).await?;
        let version = u32::try_from(row.get::<_, i32>(0)).unwrap_or_default();
        Ok((version, unsigned(row.get(1))?))
    }
}

/// Starts `pg_dump` into the new folder `to`, compressed, with several connections.
///
/// - `jobs`: tables that are copied at the same time, from 1.
///
/// # Errors
///
/// [`Error::Cluster`] if the program is missing; [`Error::Data`] if the URL is not usable.
pub fn dump(
    settings: &Settings,
    moment: &Snapshot,
    to: &Path,
    jobs: usize,
) -> Result<Child, Error> {
    let jobs = format!("--jobs={jobs}");
    let snapshot = format!("--snapshot={}", moment.id);
    let more = ["--format=directory", "--compress=6", "--no-owner", "--lock-wait-timeout=60000"];
    let mut command = tool("pg_dump", settings)?;
    command.args(more).args([&jobs, &snapshot]).arg("--file").arg(to);
    start(command, "pg_dump")
}

/// Starts `pg_restore` from a folder that [`dump`] wrote.
///
/// # Errors
///
/// As [`dump`].
pub fn load(settings: &Settings, from: &Path, jobs: usize) -> Result<Child, Error> {
    let Login { url, password } = settings.login()?;
    let mut command = Command::new(find_binaries()?.bin.join("pg_restore"));
    let jobs = format!("--jobs={jobs}");
    command.args(["--exit-on-error", "--no-owner", &jobs, "--dbname", &url]).arg(from);
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    start(command, "pg_restore")
}

fn tool(name: &str, settings: &Settings) -> Result<Command, Error> {
    let Login { url, password } = settings.login()?;
    let Binaries { bin, .. } = find_binaries()?;
    let mut command = Command::new(bin.join(name));
    command.arg("--dbname").arg(url);
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    Ok(command)
}

fn start(mut command: Command, name: &str) -> Result<Child, Error> {
    command
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command.spawn().map_err(|error| Error::Cluster(format!("{name} did not start: {error}")))
}

/// A database that is being restored into; nobody else does as long as this value lives.
#[derive(Debug)]
pub struct Restoring {
    // Its session holds an advisory lock, which ends with it, however this process ends.
    _client: tokio_postgres::Client,
}

/// Refuses a backup whose schema only a newer program knows, before anything is changed.
///
/// # Errors
///
/// [`Error::Data`], with both versions.
pub fn refuse_newer(schema: u32) -> Result<(), Error> {
    let expected = crate::migrate::expected_version();
    if i64::from(schema) > i64::from(expected) {
        return Err(Error::data(format!(
            "the backup's schema is at version {schema}, this program knows {expected} at most: restore it with the program that made it, or \
             a newer one; nothing was changed"
        )));
    }
    Ok(())
}

/// Makes a database ready to be restored into.
///
/// What an interrupted restore left behind is removed; anything else that is there is refused, and ledgers are named.
///
/// # Errors
///
/// [`Error::Data`] if the database is not empty, or another restore is under way.
pub async fn prepare(db: &Db) -> Result<Restoring, Error> {
    let own = db.own_client().await?;
    // The session of a restore that was killed a moment ago may not have ended yet.
    own.batch_execute("set idle_session_timeout = 0; set lock_timeout = '3s'").await?;
    if let Err(error) = own.execute("select pg_advisory_lock(7236839)", &[]).await {
        if error.code() == Some(&tokio_postgres::error::SqlState::LOCK_NOT_AVAILABLE) {
            let text = "another restore into this database is under way; nothing was changed";
            return Err(Error::data(text));
        }
        return Err(error.into());
    }
    let mut client = db.client().await?;
    let tx = client.transaction().await?;
    let there = "select c.relname from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1";
    let tables: Vec<String> = tx.query(there, &[]).await?.iter().map(|row| row.get(0)).collect();
    if tables.iter().any(|table| table == UNFINISHED) {
        tracing::warn!("what an interrupted restore left in the database is removed");
        tx.batch_execute("drop schema public cascade; create schema public; grant usage on schema public to public")
            .await?;
    } else if tables.iter().any(|table| table == "ledgers") {
        let rows = tx.query("select origin from ledgers order by ledger_id", &[]).await?;
        let origins: Vec<String> =
            rows.iter().map(|row| format!("`{}`", row.get::<_, &str>(0))).collect();
        return Err(Error::data(format!(
            "the database has ledgers: got {}, expected an empty database; nothing was changed",
            if origins.is_empty() { "their tables, empty".to_owned() } else { origins.join(", ") }
        )));
    } else if !tables.is_empty() {
        return Err(Error::data(format!(
            "the database has tables: got {}, expected an empty database; nothing was changed",
            tables.join(", ")
        )));
    }
    tx.batch_execute(&format!(
        "create table {UNFINISHED} (since timestamptz not null default now())"
    ))
    .await?;
    crate::roles::create(&tx).await?;
    tx.commit().await?;
    Ok(Restoring { _client: own })
}

/// Ends a restore: brings the rows to this program's schema and holds every ledger, or releases those that were closed for
/// this very backup.
///
/// - `made_at`: when the rows were read.
/// - `is_last`: whether the ledgers were closed before the rows were read, so that nothing newer can exist.
///
/// # Errors
///
/// [`Error`]; then the restore is still unfinished.
pub async fn finish(
    db: &Db,
    made_at: Timestamp,
    is_last: bool,
    now: Timestamp,
) -> Result<(), Error> {
    let mut client = db.client().await?;
    crate::migrate::migrate_restored(&mut client).await?;
    client.batch_execute("set statement_timeout = 0; analyze; reset statement_timeout").await?;
    drop(client);
    let open = holds::open(db).await?;
    db.run_tx("restore.finish", async |tx| {
        if is_last {
            let evidence = "the ledgers were closed before the rows of the backup were read";
            for hold in open.iter().filter(|hold| hold.cause == Cause::Closed) {
                holds::release(tx, hold.id, "restored from its last backup", evidence, now).await?;
            }
        } else {
            holds::hold_all(tx, Cause::Restored, made_at, now).await?;
        }
        tx.batch_execute(&format!("drop table {UNFINISHED}")).await?;
        Ok(())
    })
    .await
}
