//! PostgreSQL storage: migrations, one file per query, typed functions.
//!
//! The way through: [`Db::connect`] with [`Settings`]; [`Db::migrate`] for the owner, [`Db::check_schema`] for the
//! other roles ([`Access`]); then the modules by table. Every write goes through [`Db::run_tx`], whose name is shown
//! in `pg_stat_activity` and in the log.
//!
//! What holds:
//!
//! - this is the only crate that talks to PostgreSQL;
//! - tables that are evidence are append-only, by triggers, for every role;
//! - each process has the rights that it uses and no other (`migrations/0002_roles.sql`);
//! - every query is a file below `src/queries`, named after its function, prepared and cached, never built
//!   from strings; a test prepares every one against the migrated schema.
//!
//! Not here: what rows mean (`ingest`, `anchor`, `trace-api`), how they are hashed (`ledger`).
//!
//! Sources: docs/decisions 0010 for the item index, 0021 for roles and row-level security.

mod access;
pub mod access_certificates;
pub mod access_keys;
pub mod access_limits;
pub mod anchors;
pub mod backup;
pub mod captures;
pub mod cases;
pub mod cluster;
pub mod code_uses;
mod copy;
mod db;
pub mod deliveries;
pub mod directory;
pub mod emergency;
pub mod erasures;
mod error;
pub mod events;
pub mod expected;
pub mod exports;
pub mod findings;
#[cfg(feature = "testing")]
pub mod floors;
pub mod holds;
pub mod hub;
pub mod inbox;
pub mod items;
mod lanes;
mod ledger_id;
pub mod ledgers;
pub mod look;
pub mod master;
mod migrate;
pub mod owners;
mod queries;
pub mod queries_stored;
pub mod refusals;
pub mod reports;
mod roles;
mod row_version;
pub mod rules;
pub mod scans;
pub mod sessions;
mod settings;
#[cfg(feature = "testing")]
mod statements;
mod stretches;
pub mod supervisor;
pub mod tag_challenges;
pub mod tag_keys;
pub mod tag_taps;
#[cfg(feature = "testing")]
pub mod testing;
mod tile;
mod tls;
pub mod together;

pub use access::Access;
pub use db::{Connection, Db, Transaction};
pub use error::Error;
pub use ledger_id::LedgerId;
pub use migrate::{Plan, Planned};
pub use queries::QUERIES;
pub use row_version::RowVersion;
pub use settings::{CONNECTIONS, DEFAULT_CONNECTIONS, Settings};
