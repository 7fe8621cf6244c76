//! Applies migrations in order. There are no down migrations: undoing a migration of an evidence store loses
//! evidence.
//!
//! The way through: [`plan`] says what would be applied, [`migrate`] applies it, [`check`] is for the processes.
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
    (13, "0013_ledger_holds", include_str!("../migrations/0013_ledger_holds.sql")),
    (14, "0014_access", include_str!("../migrations/0014_access.sql")),
    (15, "0015_events", include_str!("../migrations/0015_events.sql")),
    (16, "0016_named_queries", include_str!("../migrations/0016_named_queries.sql")),
    (17, "0017_received_documents", include_str!("../migrations/0017_received_documents.sql")),
    (18, "0018_gates", include_str!("../migrations/0018_gates.sql")),
    (19, "0019_master_data", include_str!("../migrations/0019_master_data.sql")),
    (20, "0020_sessions", include_str!("../migrations/0020_sessions.sql")),
    (21, "0021_emergency_rights", include_str!("../migrations/0021_emergency_rights.sql")),
    (22, "0022_access_certificates", include_str!("../migrations/0022_access_certificates.sql")),
    (23, "0023_inquiry", include_str!("../migrations/0023_inquiry.sql")),
    (24, "0024_tag_keys", include_str!("../migrations/0024_tag_keys.sql")),
    (25, "0025_hints", include_str!("../migrations/0025_hints.sql")),
    (26, "0026_exports", include_str!("../migrations/0026_exports.sql")),
    (27, "0027_reports", include_str!("../migrations/0027_reports.sql")),
    (28, "0028_hidden_codes", include_str!("../migrations/0028_hidden_codes.sql")),
    (29, "0029_owners", include_str!("../migrations/0029_owners.sql")),
    (30, "0030_case_inbox", include_str!("../migrations/0030_case_inbox.sql")),
    (31, "0031_block_times", include_str!("../migrations/0031_block_times.sql")),
    (32, "0032_tag_challenges", include_str!("../migrations/0032_tag_challenges.sql")),
    (33, "0033_report_evidence", include_str!("../migrations/0033_report_evidence.sql")),
    (35, "0035_erasures", include_str!("../migrations/0035_erasures.sql")),
];

/// The table that says that a restore was begun and not finished ([`crate::backup`]).
pub(crate) const UNFINISHED: &str = "restore_unfinished";

const TABLE: &str = "create table if not exists schema_migrations (
  version    integer primary key,
  name       text not null,
  sha256     text not null,
  applied_at timestamptz not null default now()
)";

/// The version that this program expects.
pub(crate) fn expected_version() -> i32 {
    MIGRATIONS.last().map_or(0, |(version, ..)| *version)
}

/// What bringing a database to this program's schema would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Version of the schema now; 0 if there is none.
    pub from: i32,
    /// Version that this program expects.
    pub to: i32,
    /// What would be applied, in order.
    pub steps: Vec<Planned>,
}

/// A migration that would be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Its name, with its number.
    pub name: &'static str,
    /// Tables that are there and that its text names, with their rows (as PostgreSQL estimates them) and bytes: at most so much is
    /// read and written.
    pub tables: Vec<(String, u64, u64)>,
}

/// Says what [`migrate`] would do, and changes nothing.
pub(crate) async fn plan(client: &impl GenericClient) -> Result<Plan, Error> {
    refuse_unfinished(client).await?;
    let from = version(client).await?;
    if from > 0 {
        check_applied(client).await?;
    }
    let tables = "select relname, greatest(reltuples, 0)::bigint, pg_total_relation_size(oid) from pg_class \
                  where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1";
    let rows = client.query(tables, &[]).await?;
    let count = |number: i64| u64::try_from(number).unwrap_or_default();
    let tables = rows.iter().map(|row| (row.get(0), count(row.get(1)), count(row.get(2))));
    let tables: Vec<(String, u64, u64)> = tables.collect();
    let steps = MIGRATIONS.iter().filter(|(number, ..)| *number > from);
    let steps = steps.map(|(_, name, text)| {
        let code: String = text
            .lines()
            .map(|line| line.split("--").next().unwrap_or(""))
            .collect::<Vec<_>>()
            .join("\n");
        let words: std::collections::BTreeSet<&str> =
            code.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).collect();
        let tables = tables.iter().filter(|(table, ..)| words.contains(table.as_str())).cloned();
        Planned { name, tables: tables.collect() }
    });
    Ok(Plan { from, to: expected_version(), steps: steps.collect() })
}

/// Creates missing roles and applies missing migrations.
pub(crate) async fn migrate(client: &mut Object) -> Result<(), Error> {
    refuse_unfinished(client).await?;
    apply(client, expected_version()).await
}

/// As [`migrate`], while a restore is being finished.
pub(crate) async fn migrate_restored(client: &mut Object) -> Result<(), Error> {
    apply(client, expected_version()).await
}

/// Creates missing roles and applies the migrations that are missing up to the number `last`.
pub(crate) async fn apply(client: &mut Object, last: i32) -> Result<(), Error> {
    let tx = client.transaction().await?;
    // A migration takes as long as the tables are large, and reads them whole.
    tx.batch_execute("set local statement_timeout = 0; set local enable_seqscan = on").await?;
    tx.batch_execute("select pg_advisory_xact_lock(7236838)").await?;
    tx.batch_execute(TABLE).await?;
    check_applied(&tx).await?;
    let from = version(&tx).await?;
    roles::create(&tx).await?;
    roles::join(&tx).await?;
    roles::restrict_database(&tx).await?;
    for (version, name, text) in MIGRATIONS {
        if !(from + 1..=last).contains(version) {
            continue;
        }
        tracing::info!(migration = name, "applying migration");
        tx.batch_execute(text).await?;
        let digest = sha256(text.as_bytes()).to_string();
        let insert = "insert into schema_migrations (version, name, sha256) values ($1, $2, $3)";
        tx.execute(insert, &[version, name, &digest]).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Refuses a schema that a newer program migrated, or that was migrated with other texts.
async fn check_applied(client: &impl GenericClient) -> Result<(), Error> {
    let rows =
        client.query("select version, sha256 from schema_migrations order by version", &[]).await?;
    for row in &rows {
        let (version, applied): (i32, String) = (row.get(0), row.get(1));
        let Some((_, name, text)) = MIGRATIONS.iter().find(|(number, ..)| *number == version)
        else {
            return Err(other_version(rows.last().map_or(version, |last| last.get(0))));
        };
        if sha256(text.as_bytes()).to_string() != applied {
            return Err(Error::data(format!("migration {name} was applied with another text")));
        }
    }
    Ok(())
}

/// Refuses a database of which only a part was restored.
async fn refuse_unfinished(client: &impl GenericClient) -> Result<(), Error> {
    let is_there = "select to_regclass($1) is not null";
    if client.query_one(is_there, &[&UNFINISHED]).await?.get(0) {
        return Err(Error::data(
            "the database was restored in part: the restore was interrupted; run `chopmark restore` again with the same backup",
        ));
    }
    Ok(())
}

/// Version of the schema; 0 if there is none.
async fn version(client: &impl GenericClient) -> Result<i32, Error> {
    let exists = "select to_regclass('schema_migrations') is not null";
    if !client.query_one(exists, &[]).await?.get::<_, bool>(0) {
        return Ok(0);
    }
    let latest = "select coalesce(max(version), 0) from schema_migrations";
    Ok(client.query_one(latest, &[]).await?.get(0))
}

/// Checks that exactly the migrations of this program were applied.
pub(crate) async fn check(client: &impl GenericClient) -> Result<(), Error> {
    refuse_unfinished(client).await?;
    let version = version(client).await?;
    if version == expected_version() { Ok(()) } else { Err(other_version(version)) }
}

fn other_version(version: i32) -> Error {
    let expected = expected_version();
    let advice = if version < expected {
        "run `chopmark migrate`; `chopmark migrate --plan` says what it would do"
    } else {
        "a newer program migrated it: use that program, or a newer one, or restore the backup made before the upgrade \
         (docs/backup.md)"
    };
    Error::data(format!(
        "schema is at version {version}, this program expects {expected}; {advice}"
    ))
}
