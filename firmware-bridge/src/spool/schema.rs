//! The tables of the spool, and how an older file becomes the current one.

use rusqlite::{Connection, TransactionBehavior};

use super::convert::integer;
use super::error::SpoolError;

/// Settings of every connection that writes.
const PRAGMAS: &str = "
pragma journal_mode = wal;
pragma synchronous = full;
pragma foreign_keys = on;
";

/// The tables, one text for each version of the file; `user_version` counts how many it has.
pub(super) const VERSIONS: [&str; 3] = [
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

/// Prepares a connection that writes: settings, and tables of the current version.
///
/// # Errors
///
/// [`SpoolError`], also if a newer program wrote the file.
pub(super) fn prepare(connection: &mut Connection) -> Result<(), SpoolError> {
    connection.execute_batch(PRAGMAS)?;
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = tx.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let done = usize::try_from(version).unwrap_or(usize::MAX);
    if done > VERSIONS.len() {
        return Err(SpoolError::Data(format!(
            "got schema version {version}, expected at most {}; a newer program wrote it",
            VERSIONS.len()
        )));
    }
    for (more, text) in VERSIONS.iter().enumerate().skip(done) {
        tx.execute_batch(text)?;
        tx.pragma_update(None, "user_version", integer(more as u64 + 1))?;
    }
    tx.commit()?;
    Ok(())
}
