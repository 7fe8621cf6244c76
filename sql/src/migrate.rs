//! Brings the schema forward, one numbered file after the other; there is no way back, on purpose: undoing
//! a migration of an evidence store loses evidence.

use deadpool_postgres::Object;
use ledger::hash::sha256;

use crate::error::Error;

/// All migrations: number, name, text. A file that was released is never changed.
const MIGRATIONS: &[(i32, &str, &str)] =
    &[(1, "0001_ledgers", include_str!("../migrations/0001_ledgers.sql"))];

const TABLE: &str = "create table if not exists schema_migrations (
  version    integer primary key,
  name       text not null,
  sha256     text not null,
  applied_at timestamptz not null default now()
)";

/// Applies what is missing, under a lock, each migration in a transaction of its own.
pub(crate) async fn migrate(client: &mut Object) -> Result<(), Error> {
    let lock = client.transaction().await?;
    lock.batch_execute("select pg_advisory_xact_lock(7236838)").await?;
    lock.batch_execute(TABLE).await?;
    let rows =
        lock.query("select version, sha256 from schema_migrations order by version", &[]).await?;
    for row in &rows {
        let (version, applied): (i32, String) = (row.get(0), row.get(1));
        let Some((_, name, text)) = MIGRATIONS.iter().find(|(number, ..)| *number == version)
        else {
            return Err(Error::data(format!(
                "schema version {version} is newer than this program; a newer program would be right"
            )));
        };
        if sha256(text.as_bytes()).to_string() != applied {
            return Err(Error::data(format!("migration {name} was applied with another text")));
        }
    }
    for (version, name, text) in &MIGRATIONS[rows.len().min(MIGRATIONS.len())..] {
        tracing::info!(migration = name, "applying migration");
        lock.batch_execute(text).await?;
        let digest = sha256(text.as_bytes()).to_string();
        let insert = "insert into schema_migrations (version, name, sha256) values ($1, $2, $3)";
        lock.execute(insert, &[version, name, &digest]).await?;
    }
    lock.commit().await?;
    Ok(())
}
