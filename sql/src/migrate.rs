//! Applies migrations in order. There are no down migrations: undoing a migration of an evidence store loses
//! evidence.
//!
//! What holds: [`migrate`] needs the owner of the tables and takes a lock, so that of two at the same time the
//! second finds nothing to do; all that is missing is applied in one transaction, or nothing.

use deadpool_postgres::{GenericClient, Object};
use ledger::hash::sha256;

use crate::error::Error;
use crate::roles;

/// All migrations: number, name, text. A file that was released is never changed.
const MIGRATIONS: &[(i32, &str, &str)] = &[
    (1, "0001_ledgers", include_str!("../migrations/0001_ledgers.sql")),
    (2, "0002_roles", include_str!("../migrations/0002_roles.sql")),
    (3, "0003_directory", include_str!("../migrations/0003_directory.sql")),
    (4, "0004_despatch_advices", include_str!("../migrations/0004_despatch_advices.sql")),
    (5, "0005_findings", include_str!("../migrations/0005_findings.sql")),
    (6, "0006_confirmations", include_str!("../migrations/0006_confirmations.sql")),
    (7, "0007_fork_evidence", include_str!("../migrations/0007_fork_evidence.sql")),
    (8, "0008_record_slices", include_str!("../migrations/0008_record_slices.sql")),
    (9, "0009_item_index", include_str!("../migrations/0009_item_index.sql")),
    (10, "0010_scan_counts", include_str!("../migrations/0010_scan_counts.sql")),
    (11, "0011_histories", include_str!("../migrations/0011_histories.sql")),
    (12, "0012_capture_parts", include_str!("../migrations/0012_capture_parts.sql")),
];

const TABLE: &str = "create table if not exists schema_migrations (
  version    integer primary key,
  name       text not null,
  sha256     text not null,
  applied_at timestamptz not null default now()
)";

/// The version that this program expects.
fn expected_version() -> i32 {
    MIGRATIONS.last().map_or(0, |(version, ..)| *version)
}

/// Creates missing roles and applies missing migrations.
pub(crate) async fn migrate(client: &mut Object) -> Result<(), Error> {
    let tx = client.transaction().await?;
    // A migration takes as long as the tables are large, and reads them whole.
    tx.batch_execute("set local statement_timeout = 0; set local enable_seqscan = on").await?;
    tx.batch_execute("select pg_advisory_xact_lock(7236838)").await?;
    tx.batch_execute(TABLE).await?;
    let rows =
        tx.query("select version, sha256 from schema_migrations order by version", &[]).await?;
    for row in &rows {
        let (version, applied): (i32, String) = (row.get(0), row.get(1));
        let Some((_, name, text)) = MIGRATIONS.iter().find(|(number, ..)| *number == version)
        else {
            return Err(other_version(version));
        };
        if sha256(text.as_bytes()).to_string() != applied {
            return Err(Error::data(format!("migration {name} was applied with another text")));
        }
    }
    roles::create(&tx).await?;
    roles::join(&tx).await?;
    roles::restrict_database(&tx).await?;
    for (version, name, text) in &MIGRATIONS[rows.len().min(MIGRATIONS.len())..] {
        tracing::info!(migration = name, "applying migration");
        tx.batch_execute(text).await?;
        let digest = sha256(text.as_bytes()).to_string();
        let insert = "insert into schema_migrations (version, name, sha256) values ($1, $2, $3)";
        tx.execute(insert, &[version, name, &digest]).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Checks that exactly the migrations of this program were applied.
pub(crate) async fn check(client: &impl GenericClient) -> Result<(), Error> {
    let exists = "select to_regclass('schema_migrations') is not null";
    let version = if client.query_one(exists, &[]).await?.get(0) {
        let latest = "select coalesce(max(version), 0) from schema_migrations";
        client.query_one(latest, &[]).await?.get(0)
    } else {
        0
    };
    if version == expected_version() { Ok(()) } else { Err(other_version(version)) }
}

fn other_version(version: i32) -> Error {
    let expected = expected_version();
    let advice = if version < expected {
        "run `chopmark migrate`"
    } else {
        "use the program that migrated it, or a newer one"
    };
    Error::data(format!(
        "schema is at version {version}, this program expects {expected}; {advice}"
    ))
}
