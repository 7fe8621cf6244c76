//! A database of its own for every test, on one private server.
//!
//! The way through: [`TestDb::migrated`] starts the server of this test process (once), prepares a template
//! (once), and clones it: a tenth of a second per test.
//!
//! What holds: a test never reads another's rows; without PostgreSQL a test fails
//! and prints how to install it.

use std::ops::Deref;
use std::path::Path;
use std::sync::OnceLock;

use tokio::sync::OnceCell;

use crate::access::Access;
use crate::cluster::Cluster;
use crate::db::{Db, signed};
use crate::error::Error;
use crate::ledgers;
use crate::settings::Settings;

pub use crate::statements::{connections, statements};

static SERVER: OnceLock<Server> = OnceLock::new();
/// Databases made so far, so that each has a name of its own.
static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
static TEMPLATE: OnceCell<()> = OnceCell::const_new();

struct Server {
    /// Held for the life of the process; a watcher stops the server when the process is gone.
    cluster: Cluster,
}

impl Server {
    fn settings(&self, database: &str, access: Access) -> Settings {
        Settings::new(self.cluster.url_of(database, access))
    }
}

/// A migrated database of one test.
#[derive(Debug, Clone)]
pub struct TestDb {
    db: Db,
    database: String,
}

impl Deref for TestDb {
    type Target = Db;

    fn deref(&self) -> &Db {
        &self.db
    }
}

fn server() -> &'static Server {
    SERVER.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("chopmark-test-{}", std::process::id()));
        let folder = Cluster::place(&folder).unwrap_or(folder);
        let cluster = Cluster::start(&folder).unwrap_or_else(|error| {
            panic!("tests need PostgreSQL 15 (`make setup` installs it): {error}")
        });
        watch(&folder, cluster.pid());
        Server { cluster }
    })
}

/// Sees to it that a server is stopped and its folder removed when this process ends, however that happens: statics are
/// never dropped, and neither is anything after a signal. A small shell waits for the end of its input.
///
/// - `server`: its process.
///
/// # Panics
///
/// Without `sh`.
pub fn watch(folder: &Path, server: Option<u32>) {
    use std::os::unix::process::CommandExt as _;
    let script = "cat >/dev/null; kill -INT \"$1\" 2>/dev/null; \
                  while kill -0 \"$1\" 2>/dev/null; do sleep 0.1; done; rm -rf \"$2\"";
    let child = std::process::Command::new("sh")
        .args(["-c", script, "watch"])
        .arg(server.unwrap_or_default().to_string())
        .arg(folder)
        .process_group(0)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("could not start sh: {error}"));
    // The pipe's end must stay open as long as we live.
    std::mem::forget(child);
}

async fn admin(sql: &str) {
    let url = server().cluster.url_of("postgres", Access::Owner);
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
        .await
        .unwrap_or_else(|error| panic!("the test server does not answer: {error}"));
    let driver = tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    drop(client);
    driver.await.ok();
}

impl TestDb {
    /// A database named after the test, with the current schema and nothing in it.
    ///
    /// # Panics
    ///
    /// Without PostgreSQL, with how to install it.
    pub async fn migrated(name: &str) -> Self {
        TEMPLATE
            .get_or_init(|| async {
                tokio::task::spawn_blocking(server)
                    .await
                    .unwrap_or_else(|error| panic!("the test server did not start: {error}"));
                admin("create database template_chopmark").await;
                let settings = server().settings("template_chopmark", Access::Owner);
                let prepared = async { Db::connect(&settings).await?.migrate().await };
                prepared.await.unwrap_or_else(|error| panic!("migrations failed: {error}"));
                // Nobody may be connected to a template while it is cloned.
                admin(
                    "select pg_terminate_backend(pid) from pg_stat_activity \
                     where datname = 'template_chopmark'",
                )
                .await;
            })
            .await;
        Self::clone_of("template_chopmark", name).await
    }

    /// A database named after the test, without a schema.
    ///
    /// # Panics
    ///
    /// Without PostgreSQL, with how to install it.
    pub async fn empty(name: &str) -> Self {
        Self::clone_of("template1", name).await
    }

    /// A database named after the test, with the schema that a program of some time ago left, and nothing in it.
    ///
    /// - `last`: number of the last migration that is applied.
    ///
    /// # Panics
    ///
    /// Without PostgreSQL, with how to install it.
    pub async fn at_version(name: &str, last: i32) -> Self {
        let made = Self::empty(name).await;
        let mut client = made.db.client().await.unwrap_or_else(|error| panic!("{error}"));
        let applied = crate::migrate::apply(&mut client, last).await;
        applied.unwrap_or_else(|error| panic!("migrations failed: {error}"));
        made
    }

    async fn clone_of(template: &str, name: &str) -> Self {
        let plain: String = name
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .take(40)
            .collect();
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let database = format!("t{number}_{}", plain.to_lowercase());
        admin(&format!("create database {database} template {template}")).await;
        let settings = server().settings(&database, Access::Owner);
        let db = Db::connect(&settings).await.unwrap_or_else(|error| panic!("{error}"));
        Self { db, database }
    }

    /// Where it answers, for a role.
    #[must_use]
    pub fn url_for(&self, access: Access) -> String {
        server().cluster.url_of(&self.database, access)
    }

    /// The handle for code under test, with the owner's rights.
    #[must_use]
    pub fn db(&self) -> Db {
        self.db.clone()
    }

    /// The handle for code under test, with the rights of its process.
    ///
    /// # Panics
    ///
    /// Never in practice: the URL is our own.
    pub async fn db_as(&self, access: Access) -> Db {
        let settings = server().settings(&self.database, access);
        Db::connect(&settings).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// A session of its own with the settings that every connection of the pool has, and the owner's rights.
    ///
    /// # Panics
    ///
    /// If the server does not answer.
    pub async fn session(&self) -> tokio_postgres::Client {
        self.db.own_client().await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Runs SQL as the database's owner, for what only an attacker or a test does.
    ///
    /// # Errors
    ///
    /// PostgreSQL's message.
    pub async fn execute(&self, sql: &str) -> Result<(), String> {
        execute(&self.db, sql).await
    }

    /// Runs SQL with the rights of a process, for what only an attacker who has them does.
    ///
    /// # Errors
    ///
    /// PostgreSQL's message.
    pub async fn execute_as(&self, access: Access, sql: &str) -> Result<(), String> {
        execute(&self.db_as(access).await, sql).await
    }
}

async fn execute(db: &Db, sql: &str) -> Result<(), String> {
    let client = db.client().await.map_err(|error| error.to_string())?;
    client.batch_execute(sql).await.map_err(|error| {
        error.as_db_error().map_or_else(|| error.to_string(), |answer| answer.message().to_owned())
    })
}

/// Copies the database `chopmark` of a server with everything in it. Nobody may be connected to it meanwhile, so whoever is
/// loses the connection. For playing attacks on the copy; no process calls it.
///
/// - `name`: of the copy; small letters, digits and `_`.
///
/// # Errors
///
/// [`Error`], also if there is a database of this name.
pub async fn copy_database(cluster: &Cluster, name: &str) -> Result<(), Error> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || !name.chars().all(is_plain) {
        return Err(Error::data(format!(
            "got `{name}`, expected the name of a database: small letters, digits and _"
        )));
    }
    let url = cluster.url_of("postgres", Access::Owner);
    let db = Db::connect(&Settings::new(url)).await?;
    let client = db.own_client().await?;
    client
        .batch_execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'chopmark'",
        )
        .await?;
    client.batch_execute(&format!("create database {name} template chopmark")).await?;
    Ok(())
}

/// Replaces the text $3 by $4 in the record $2 of the ledger $1.
const ALTER_RECORD: &str = "
update record_chunks c set texts = new.texts, text_ends = new.ends
from (
  select ledger_id, first_leaf, string_agg(text, '' order by place) as texts,
         array_agg(behind::integer order by place) as ends
  from (
    select ledger_id, first_leaf, place, text,
           sum(octet_length(text)) over (partition by ledger_id, first_leaf order by place) as behind
    from (
      select ledger_id, first_leaf, place,
             case when first_leaf + place - 1 = $2::bigint
                  then convert_to(replace(convert_from(slice, 'UTF8'), $3::text, $4::text), 'UTF8') else slice end as text
      from record_chunks
      cross join lateral generate_subscripts(text_ends, 1) as place
      cross join lateral (select coalesce(text_ends[place - 1], 0)) as begun (at)
      cross join lateral (select substring(texts from begun.at + 1 for text_ends[place] - begun.at)) as cut (slice)
      where ledger_id = $1 and first_leaf <= $2 and $2 < first_leaf + leaf_count
    ) as replaced
  ) as summed
  group by ledger_id, first_leaf
) as new
where c.ledger_id = new.ledger_id and c.first_leaf = new.first_leaf";

/// Alters a stored record's text as the owner of the tables could: trigger off, change, trigger on. For showing
/// and testing that it is detected; no process calls it.
///
/// # Errors
///
/// [`Error`], also if there is no such record.
pub async fn alter_record_as_owner(
    db: &Db,
    origin: &str,
    index: u64,
    from: &str,
    to: &str,
) -> Result<(), Error> {
    let ledger = ledgers::find(db, origin)
        .await?
        .ok_or_else(|| Error::data(format!("there is no ledger `{origin}`")))?;
    let index = signed(index)?;
    db.run_tx("testing.alter_record", async |tx| {
        tx.batch_execute("alter table record_chunks disable trigger record_chunks_append_only")
            .await?;
        let changed = tx.execute(ALTER_RECORD, &[&ledger.id.0, &index, &from, &to]).await?;
        tx.batch_execute("alter table record_chunks enable trigger record_chunks_append_only")
            .await?;
        if changed == 1 {
            return Ok(());
        }
        Err(Error::data(format!("ledger `{origin}` has no record {index}")))
    })
    .await
}

/// Takes a ledger back to the checkpoint of `size` as the owner of the tables could: triggers off, every later row
/// removed, the head set back, triggers on. For showing and testing that it is detected; no process calls it.
///
/// - `size`: size of one of the ledger's checkpoints.
///
/// # Errors
///
/// [`Error`], also if there is no such checkpoint.
pub async fn roll_back_as_owner(db: &Db, origin: &str, size: u64) -> Result<(), Error> {
    const TABLES: [&str; 4] = ["record_chunks", "subtree_hashes", "checkpoints", "item_records"];
    let ledger = ledgers::find(db, origin)
        .await?
        .ok_or_else(|| Error::data(format!("there is no ledger `{origin}`")))?;
    let (id, kept) = (ledger.id.0, signed(size)?);
    db.run_tx("testing.roll_back", async |tx| {
        let switch = |how: &str| {
            TABLES.map(|table| format!("alter table {table} {how} trigger user;")).concat()
        };
        tx.batch_execute(&switch("disable")).await?;
        tx.batch_execute(&format!(
            "delete from record_chunks where ledger_id = {id} and first_leaf >= {kept};
             delete from subtree_hashes where ledger_id = {id} and (position + 1) * (1 << level) > {kept};
             delete from checkpoints where ledger_id = {id} and size > {kept};
             delete from item_records where ledger_id = {id} and leaf_index >= {kept}"
        ))
        .await?;
        let head = "update ledger_heads set size = c.size, root = c.root from checkpoints c \
                    where ledger_heads.ledger_id = $1 and c.ledger_id = $1 and c.size = $2";
        let changed = tx.execute(head, &[&id, &kept]).await?;
        tx.batch_execute(&switch("enable")).await?;
        if changed == 1 {
            return Ok(());
        }
        Err(Error::data(format!("ledger `{origin}` has no checkpoint of size {size}")))
    })
    .await
}
