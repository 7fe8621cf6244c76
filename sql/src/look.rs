//! A look at a database from outside: what server it is, what time it has, and whether a role may do its work.
//!
//! The way through: [`server`] and [`missing_rights`] with a [`Db`] of the settings that are to be checked;
//! [`running_cluster`] finds a private cluster that another process runs.
//!
//! What holds: nothing is changed, neither in the database nor on the disk; no cluster is started or stopped.
//!
//! Not here: whether the schema is current ([`Db::check_schema`]).
//!
//! Source: PostgreSQL 17 manual, sections 9.27 (`has_table_privilege`) and 73.1 (`postmaster.pid`).

use std::path::Path;

use jiff::Timestamp;

use crate::access::Access;
use crate::cluster::{is_made, url_at, where_it_answers};
use crate::db::{Db, query, timestamp};
use crate::error::Error;
use crate::queries::{LOOK_MISSING_RIGHTS, LOOK_SERVER};

/// Oldest server that is supported, as `server_version_num` has it.
pub const OLDEST: i32 = 150_000;

/// What a server says of itself.
#[derive(Debug, Clone)]
pub struct Server {
    /// Its version, for people.
    pub version: String,
    /// Its version, to compare with [`OLDEST`].
    pub number: i32,
    /// Its clock.
    pub now: Timestamp,
    /// As whom we are connected.
    pub user: String,
    /// Whether that user may do everything.
    pub is_superuser: bool,
}

/// Asks the server.
///
/// # Errors
///
/// [`Error`].
pub async fn server(db: &Db) -> Result<Server, Error> {
    let rows = query(&db.client().await?, LOOK_SERVER, &[]).await?;
    let row = rows.first().ok_or_else(|| Error::data("the server gave no row"))?;
    Ok(Server {
        version: row.get(0),
        number: row.get(1),
        now: timestamp(row.get(2))?,
        user: row.get(3),
        is_superuser: row.get::<_, Option<bool>>(4).unwrap_or_default(),
    })
}

/// The rights without which a process cannot do its work.
fn needed(access: Access) -> &'static [(&'static str, &'static str)] {
    match access {
        Access::Owner => &[],
        Access::Ingest => &[
            ("record_chunks", "insert"),
            ("checkpoints", "insert"),
            ("item_records", "insert"),
            ("deliveries", "insert"),
            ("refusals", "insert"),
        ],
        Access::Anchor => {
            &[("hub_entries", "insert"), ("anchors", "insert"), ("checkpoints", "select")]
        }
        Access::TraceApi => {
            &[("record_chunks", "select"), ("scans", "insert"), ("findings", "insert")]
        }
        Access::Desk => &[("sessions", "insert"), ("access_keys", "select")],
    }
}

/// The rights that the connection lacks for the work of `access`: table and verb of each.
///
/// # Errors
///
/// [`Error`].
pub async fn missing_rights(db: &Db, access: Access) -> Result<Vec<String>, Error> {
    let (tables, verbs): (Vec<&str>, Vec<&str>) = needed(access).iter().copied().unzip();
    let rows = query(&db.client().await?, LOOK_MISSING_RIGHTS, &[&tables, &verbs]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// A private cluster in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Private {
    /// Nothing was made there yet.
    None,
    /// It is there and does not run.
    Stopped,
    /// Its files belong to another user.
    Unreadable(String),
    /// It runs; the URL for its owner.
    Running(String),
}

/// Whether the private cluster in `folder` runs.
#[must_use]
pub fn running_cluster(folder: &Path) -> Private {
    let file = folder.join("data").join("postmaster.pid");
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return if is_made(folder) { Private::Stopped } else { Private::None };
        }
        Err(error) => return Private::Unreadable(format!("{}: {error}", file.display())),
    };
    let pid = text.lines().next().unwrap_or_default().trim();
    let comm = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    if comm.trim() != "postgres" {
        return Private::Stopped;
    }
    match where_it_answers(&text) {
        Some((port, socket)) => Private::Running(url_at(&socket, port, "chopmark", Access::Owner)),
        None => Private::Stopped,
    }
}
