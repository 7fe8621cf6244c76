//! The pool, and transactions by name.
//!
//! What holds: every wait has a limit (connecting 5 s, a statement 30 s, a free connection 10 s); a
//! transaction that lost a race is retried, at most `MAX_RETRIES` times, before it is an error.

use std::fmt;
use std::time::Duration;

use deadpool_postgres::{
    GenericClient, Manager, ManagerConfig, Object, Pool, QueueMode, RecyclingMethod, Runtime,
};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Config, Row};

use crate::error::Error;
use crate::lanes::{Lanes, Question};
use crate::migrate::Plan;
use crate::settings::Settings;
use crate::tls::MakeTls;

/// How often a transaction that lost a race is retried.
const MAX_RETRIES: u32 = 8;

/// A transaction.
pub type Transaction<'a> = deadpool_postgres::Transaction<'a>;

/// A connection of the pool, for reads that are sent together.
pub struct Connection(Object);

impl Connection {
    /// What queries run on.
    pub(crate) fn client(&self) -> &Object {
        &self.0
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Connection").finish_non_exhaustive()
    }
}

/// The database, as one process sees it. Clones share the pool, and what is asked together.
#[derive(Clone)]
pub struct Db {
    pool: Pool,
    config: Config,
    tls: MakeTls,
    lanes: Lanes,
}

impl Db {
    /// Prepares a pool; the first connection is made by the first call.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] if the settings cannot be used.
    #[expect(
        clippy::unused_async,
        reason = "connecting is asynchronous in its interface; the pool connects later"
    )]
    pub async fn connect(settings: &Settings) -> Result<Self, Error> {
        let (config, tls) = settings.parse()?;
        let manager = Manager::from_config(
            config.clone(),
            tls.clone(),
            ManagerConfig { recycling_method: RecyclingMethod::Fast },
        );
        let pool = Pool::builder(manager)
            .max_size(settings.connections)
            // The connection that was used last has the statements and pages that are asked for again.
            .queue_mode(QueueMode::Lifo)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(Duration::from_secs(10)))
            .create_timeout(Some(Duration::from_secs(10)))
            .recycle_timeout(Some(Duration::from_secs(5)))
            .build()
            .map_err(|error| Error::data(error.to_string()))?;
        Ok(Self { pool, config, tls, lanes: Lanes::default() })
    }

    /// A connection from the pool, for several reads; those that are waited for together are sent together.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn connection(&self) -> Result<Connection, Error> {
        self.client().await.map(Connection)
    }

    /// A connection from the pool.
    pub(crate) async fn client(&self) -> Result<Object, Error> {
        #[cfg(feature = "testing")]
        crate::statements::count_connection();
        Ok(self.pool.get().await?)
    }

    /// Asks a question, together with others of its kind if as many as may be are out.
    ///
    /// - Whoever holds a connection of the pool must not wait for this: it takes one.
    pub(crate) async fn ask<Q: Question<Self>>(&self, question: Q) -> Result<Q::Answer, Error> {
        self.lanes.ask(self, question).await
    }

    /// A connection of its own, outside the pool, and the task that drives it.
    pub(crate) async fn own_client(&self) -> Result<tokio_postgres::Client, Error> {
        let (client, connection) = self.config.connect(self.tls.clone()).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// Checks that the database answers.
    ///
    /// # Errors
    ///
    /// [`Error::Unavailable`].
    pub async fn ping(&self) -> Result<(), Error> {
        self.client().await?.simple_query("select 1").await?;
        Ok(())
    }

    /// Creates the roles of the processes and brings the schema to the version of this program. Only the owner of
    /// the tables can; the other processes call [`Self::check_schema`].
    ///
    /// # Errors
    ///
    /// [`Error::Data`] if the schema is newer than this program or was changed by hand, or if roles are missing
    /// and the owner may not create them: then the message lists the statements for a superuser.
    pub async fn migrate(&self) -> Result<(), Error> {
        let mut client = self.client().await?;
        crate::migrate::migrate(&mut client).await
    }

    /// Says what [`Self::migrate`] would do, and changes nothing.
    ///
    /// # Errors
    ///
    /// As [`Self::migrate`].
    pub async fn plan_migration(&self) -> Result<Plan, Error> {
        crate::migrate::plan(&self.client().await?).await
    }

    /// Migrates as a program did whose last migration had this number.
    ///
    /// # Errors
    ///
    /// As [`Self::migrate`].
    #[cfg(feature = "testing")]
    pub async fn migrate_to(&self, last: i32) -> Result<(), Error> {
        crate::migrate::apply(&mut self.client().await?, last).await
    }

    /// Checks that the schema has the version of this program.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] if it is older or newer, with what to do about it.
    pub async fn check_schema(&self) -> Result<(), Error> {
        crate::migrate::check(&self.client().await?).await
    }

    /// Runs `work` in a transaction and commits it.
    ///
    /// - `name`: what the transaction is for; shown in `pg_stat_activity` and in the log.
    /// - `work`: may run several times, after a race was lost; it must have no effect outside the transaction.
    ///
    /// # Errors
    ///
    /// What `work` returns, or [`Error`] from beginning and committing.
    #[tracing::instrument(name = "transaction", skip_all, fields(otel.name = name))]
    pub async fn run_tx<T>(
        &self,
        name: &'static str,
        work: impl AsyncFn(&Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut attempt = 0;
        loop {
            match self.run_tx_once(name, &work).await {
                Err(Error::Conflict(cause)) if attempt < MAX_RETRIES => {
                    attempt += 1;
                    pause(name, attempt, &cause).await;
                }
                other => return other,
            }
        }
    }

    /// Runs a query file that changes rows as a transaction of its own, and gives the rows that it returns: one round
    /// trip. A race that is lost is handled as in [`Self::run_tx`].
    pub(crate) async fn query_alone(
        &self,
        name: &'static str,
        text: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        let mut attempt = 0;
        loop {
            match query(&self.client().await?, text, parameters).await {
                Err(Error::Conflict(cause)) if attempt < MAX_RETRIES => {
                    attempt += 1;
                    pause(name, attempt, &cause).await;
                }
                other => return other,
            }
        }
    }
}

/// Waits before a transaction that lost a race is tried again.
async fn pause(name: &'static str, attempt: u32, cause: &str) {
    tracing::debug!(transaction = name, attempt, cause, "retrying transaction");
    tokio::time::sleep(Duration::from_millis(5 << attempt)).await;
}

impl Db {
    /// As [`Db::run_tx`], but a lost race is an error at once: for work that would do the same again.
    ///
    /// # Errors
    ///
    /// As [`Db::run_tx`].
    pub async fn run_tx_once<T>(
        &self,
        name: &'static str,
        work: impl AsyncFn(&Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut client = self.client().await?;
        let tx = client.transaction().await?;
        let named = tx.prepare_cached("select set_config('application_name', $1, true)").await?;
        tx.query_one(&named, &[&name]).await?;
        let value = work(&tx).await?;
        tx.commit().await?;
        Ok(value)
    }
}

impl fmt::Debug for Db {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Db").field("pool", &self.pool.status()).finish_non_exhaustive()
    }
}

/// Runs a query file.
pub(crate) async fn query(
    client: &impl GenericClient,
    text: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, Error> {
    count_statement();
    let statement = client.prepare_cached(text).await?;
    Ok(client.query(&statement, parameters).await?)
}

/// Runs a query file that gives at most one row.
pub(crate) async fn query_opt(
    client: &impl GenericClient,
    text: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Option<Row>, Error> {
    count_statement();
    let statement = client.prepare_cached(text).await?;
    Ok(client.query_opt(&statement, parameters).await?)
}

/// Runs a query file that changes rows, and gives their number.
pub(crate) async fn execute(
    client: &impl GenericClient,
    text: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<u64, Error> {
    count_statement();
    let statement = client.prepare_cached(text).await?;
    Ok(client.execute(&statement, parameters).await?)
}

/// Counts a statement for tests that compare how much work two requests cause.
fn count_statement() {
    #[cfg(feature = "testing")]
    crate::statements::count();
}

/// A count or place as PostgreSQL's `bigint`.
pub(crate) fn signed(number: u64) -> Result<i64, Error> {
    i64::try_from(number).map_err(|_| Error::data(format!("{number} is above 2^63 - 1")))
}

/// A `bigint` that is never negative.
pub(crate) fn unsigned(number: i64) -> Result<u64, Error> {
    u64::try_from(number).map_err(|_| Error::data(format!("{number} is negative")))
}

/// The place, from 0, that the first column counts from 1.
pub(crate) fn place(row: &Row) -> Result<usize, Error> {
    let place: i64 = row.get(0);
    usize::try_from(place - 1).map_err(|_| Error::data(format!("{place} is no place")))
}

/// A digest from a `bytea`.
pub(crate) fn hash(bytes: &[u8]) -> Result<ledger::Hash, Error> {
    let bytes: [u8; 32] = bytes
        .try_into()
        .map_err(|_| Error::data(format!("digest: got {} bytes, expected 32", bytes.len())))?;
    Ok(ledger::Hash(bytes))
}

/// A digest that is compared with a computed one: of another length, one that nothing has.
pub(crate) fn hash_or_none(bytes: &[u8]) -> ledger::Hash {
    ledger::Hash(bytes.try_into().unwrap_or_default())
}

/// A place or size that is compared with others: a negative one becomes the largest, which no ledger has.
pub(crate) fn unsigned_or_none(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(i64::MAX.unsigned_abs())
}

/// A time that nothing was signed with: one that is out of range becomes the earliest or the latest.
pub(crate) fn timestamp_within(at: std::time::SystemTime) -> jiff::Timestamp {
    let is_early = at < std::time::UNIX_EPOCH;
    let end = if is_early { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    at.try_into().unwrap_or(end)
}

/// A time as `PostgreSQL` takes it.
pub(crate) fn system_time(at: jiff::Timestamp) -> std::time::SystemTime {
    at.into()
}

/// A time as `PostgreSQL` gives it.
pub(crate) fn timestamp(at: std::time::SystemTime) -> Result<jiff::Timestamp, Error> {
    at.try_into().map_err(|error| Error::data(format!("time is out of range: {error}")))
}
