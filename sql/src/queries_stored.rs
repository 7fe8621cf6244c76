//! Queries that partners store under a name, and subscriptions to their results.
//!
//! The way through: [`store`], [`find`], [`list`], [`delete`] for queries; [`subscribe`] and its kin for subscriptions; the process
//! that sends results takes those that are due with [`take_due`] and writes down what became of them with [`settle`].
//!
//! What holds: a query belongs to the subject that stored it, who alone finds and deletes it; it is never changed; a subject has a
//! bounded number of both; two processes never hold the same subscription at once, and one whose process died is taken again when
//! its time has come. Deleting a query deletes its subscriptions.
//!
//! Not here: what a query means (`epcis::query`), what is sent (`trace-api`).
//!
//! Source: docs/decisions/0061-the-query-interface.md.

use std::time::SystemTime;

use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::db::{
    Db, Transaction, execute, query, query_opt, signed, system_time, timestamp, unsigned,
};
use crate::error::Error;
use crate::queries::{
    STORED_COUNT, STORED_COUNT_SUBSCRIPTIONS, STORED_DELETE, STORED_DUE, STORED_FIND,
    STORED_GIVEN_UP, STORED_INSERT, STORED_LIST, STORED_LOCK, STORED_SETTLE, STORED_SUBSCRIBE,
    STORED_SUBSCRIPTION, STORED_SUBSCRIPTIONS, STORED_UNSUBSCRIBE,
};

/// Most queries that a subject may have.
pub const MOST_QUERIES: u32 = 100;
/// Most subscriptions that a subject may have.
pub const MOST_SUBSCRIPTIONS: u32 = 100;

/// A stored query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedQuery {
    /// Its name, 1 to 100 characters.
    pub name: String,
    /// JSON.
    pub query: String,
    /// When it was stored.
    pub created_at: Timestamp,
}

/// What became of something that was to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It is stored.
    Yes,
    /// The subject has one of that name.
    Taken,
    /// The subject has as many as it may have.
    TooMany,
    /// What it belongs to is not there.
    Missing,
}

/// A subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its id, 32 hex digits.
    pub id: String,
    /// Who made it.
    pub subject: String,
    /// Name of the query.
    pub name: String,
    /// Names the key of whoever made it: it gives what the key gives when a message is made.
    pub key_prefix: String,
    /// Where results are sent.
    pub dest: String,
    /// Key of the signature.
    pub signature_token: Option<String>,
    /// Stream or schedule, JSON.
    pub controls: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Events that were recorded before are not sent.
    pub initial_record_time: Timestamp,
    /// Whether it is due whenever there is something new; otherwise at the times of its schedule.
    pub is_stream: bool,
    /// What changes with every message.
    pub state: State,
}

/// How far a subscription is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Generation of the projection, in which `position` is.
    pub generation: u64,
    /// The last place of the projection that was sent or passed over.
    pub position: u64,
    /// When it is looked at next.
    pub due_at: Timestamp,
    /// Most events of the next message.
    pub most: u32,
    /// Messages that failed since the last that was taken.
    pub failures: u32,
    /// When the first of these failed.
    pub failing_since: Option<Timestamp>,
    /// Why the last one failed.
    pub last_failure: Option<String>,
    /// When a message was last taken.
    pub last_notified_at: Option<Timestamp>,
    /// When it was given up.
    pub disabled_at: Option<Timestamp>,
}

/// Stores a query of a subject.
///
/// # Errors
///
/// [`Error`].
pub async fn store(db: &Db, subject: &str, new: &NamedQuery) -> Result<Stored, Error> {
    let at = system_time(new.created_at);
    db.run_tx("trace_api.store_query", async |tx: &Transaction<'_>| {
        // Two at once would both find room for one.
        query(tx, STORED_LOCK, &[&subject]).await?;
        if query_opt(tx, STORED_FIND, &[&subject, &new.name]).await?.is_some() {
            return Ok(Stored::Taken);
        }
        if count(tx, STORED_COUNT, subject, MOST_QUERIES).await? >= u64::from(MOST_QUERIES) {
            return Ok(Stored::TooMany);
        }
        let values: [&(dyn ToSql + Sync); 4] = [&subject, &new.name, &new.query, &at];
        let stored = execute(tx, STORED_INSERT, &values).await?;
        Ok(if stored == 1 { Stored::Yes } else { Stored::Taken })
    })
    .await
}

async fn count(tx: &Transaction<'_>, text: &str, subject: &str, most: u32) -> Result<u64, Error> {
    let row = query_opt(tx, text, &[&subject, &i64::from(most)]).await?;
    row.map_or(Ok(0), |row| unsigned(row.get(0)))
}

/// The query of that name, if it is this subject's.
///
/// # Errors
///
/// [`Error`].
pub async fn find(db: &Db, subject: &str, name: &str) -> Result<Option<NamedQuery>, Error> {
    let row = query_opt(&db.client().await?, STORED_FIND, &[&subject, &name]).await?;
    row.as_ref().map(named_query).transpose()
}

/// Queries of a subject in the order of their names, from the first behind `after`.
///
/// # Errors
///
/// [`Error`].
pub async fn list(
    db: &Db,
    subject: &str,
    after: &str,
    most: u32,
) -> Result<Vec<NamedQuery>, Error> {
    let values: [&(dyn ToSql + Sync); 3] = [&subject, &after, &i64::from(most)];
    query(&db.client().await?, STORED_LIST, &values).await?.iter().map(named_query).collect()
}

fn named_query(row: &Row) -> Result<NamedQuery, Error> {
    Ok(NamedQuery { name: row.get(0), query: row.get(1), created_at: timestamp(row.get(2))? })
}

/// How many subscriptions were given up since then, and were not deleted by their makers.
///
/// # Errors
///
/// [`Error`].
pub async fn given_up(db: &Db, since: Timestamp) -> Result<u64, Error> {
    let row = query_opt(&db.client().await?, STORED_GIVEN_UP, &[&system_time(since)]).await?;
    row.map_or(Ok(0), |row| unsigned(row.get(0)))
}

/// Deletes a query of a subject and its subscriptions; false if the subject has none of that name.
///
/// # Errors
///
/// [`Error`].
pub async fn delete(db: &Db, subject: &str, name: &str) -> Result<bool, Error> {
    let rows = db.query_alone("trace_api.delete_query", STORED_DELETE, &[&subject, &name]).await?;
    Ok(rows.first().is_some_and(|row| row.get::<_, i64>(0) > 0))
}

/// Stores a subscription; [`Stored::Missing`] if its subject has no query of that name.
///
/// # Errors
///
/// [`Error`].
pub async fn subscribe(db: &Db, new: &Subscription) -> Result<Stored, Error> {
    let (position, generation) = (signed(new.state.position)?, signed(new.state.generation)?);
    let most = i32::try_from(new.state.most).unwrap_or(i32::MAX);
    let [created, initial, due] =
        [new.created_at, new.initial_record_time, new.state.due_at].map(system_time);
    db.run_tx("trace_api.subscribe", async |tx: &Transaction<'_>| {
        query(tx, STORED_LOCK, &[&new.subject]).await?;
        let limit = MOST_SUBSCRIPTIONS;
        let have = count(tx, STORED_COUNT_SUBSCRIPTIONS, &new.subject, limit).await?;
        if have >= u64::from(limit) {
            return Ok(Stored::TooMany);
        }
        let values: [&(dyn ToSql + Sync); 14] = [
            &new.id,
            &new.subject,
            &new.name,
            &new.key_prefix,
            &new.dest,
            &new.signature_token,
            &new.controls,
            &created,
            &initial,
            &position,
            &due,
            &most,
            &new.is_stream,
            &generation,
        ];
        let stored = execute(tx, STORED_SUBSCRIBE, &values).await?;
        Ok(if stored == 1 { Stored::Yes } else { Stored::Missing })
    })
    .await
}

/// The subscription of that id to that query, if it is this subject's.
///
/// # Errors
///
/// [`Error`].
pub async fn subscription(
    db: &Db,
    subject: &str,
    name: &str,
    id: &str,
) -> Result<Option<Subscription>, Error> {
    let row = query_opt(&db.client().await?, STORED_SUBSCRIPTION, &[&id, &subject, &name]).await?;
    row.as_ref().map(subscription_of).transpose()
}

/// Subscriptions to a query in the order of their ids, from the first behind `after`.
///
/// # Errors
///
/// [`Error`].
pub async fn subscriptions(
    db: &Db,
    subject: &str,
    name: &str,
    after: &str,
    most: u32,
) -> Result<Vec<Subscription>, Error> {
    let values: [&(dyn ToSql + Sync); 4] = [&subject, &name, &after, &i64::from(most)];
    let rows = query(&db.client().await?, STORED_SUBSCRIPTIONS, &values).await?;
    rows.iter().map(subscription_of).collect()
}

/// Deletes a subscription of a subject; false if there is none.
///
/// # Errors
///
/// [`Error`].
pub async fn unsubscribe(db: &Db, subject: &str, name: &str, id: &str) -> Result<bool, Error> {
    let values: [&(dyn ToSql + Sync); 3] = [&subject, &name, &id];
    let rows = db.query_alone("trace_api.unsubscribe", STORED_UNSUBSCRIBE, &values).await?;
    Ok(rows.first().is_some_and(|row| row.get::<_, i64>(0) > 0))
}

/// Takes subscriptions that are due, each with its query's JSON. Nobody else gets them before `until`.
///
/// - `head`: generation and last place of the projection; a stream that has come so far is not due.
///
/// # Errors
///
/// [`Error`].
pub async fn take_due(
    db: &Db,
    now: Timestamp,
    until: Timestamp,
    most: u32,
    head: (u64, u64),
) -> Result<Vec<(Subscription, String)>, Error> {
    let (now, until) = (system_time(now), system_time(until));
    let (generation, position) = (signed(head.0)?, signed(head.1)?);
    let values: [&(dyn ToSql + Sync); 5] = [&now, &until, &i64::from(most), &position, &generation];
    let rows = db.query_alone("trace_api.take_subscriptions", STORED_DUE, &values).await?;
    let found = rows.iter().map(|row| {
        let query: Option<String> = row.get(19);
        Ok((subscription_of(row)?, query.unwrap_or_default()))
    });
    found.collect()
}

/// Writes down how far a subscription is; nothing happens if it was deleted meanwhile.
///
/// # Errors
///
/// [`Error`].
pub async fn settle(db: &Db, id: &str, state: &State) -> Result<(), Error> {
    let (position, generation) = (signed(state.position)?, signed(state.generation)?);
    let [most, failures] =
        [state.most, state.failures].map(|number| i32::try_from(number).unwrap_or(i32::MAX));
    let due = system_time(state.due_at);
    let [since, notified, disabled] =
        [state.failing_since, state.last_notified_at, state.disabled_at]
            .map(|at| at.map(system_time));
    let values: [&(dyn ToSql + Sync); 10] = [
        &id,
        &position,
        &due,
        &most,
        &failures,
        &since,
        &state.last_failure,
        &notified,
        &disabled,
        &generation,
    ];
    db.query_alone("trace_api.settle_subscription", STORED_SETTLE, &values).await?;
    Ok(())
}

fn subscription_of(row: &Row) -> Result<Subscription, Error> {
    let count = |number: i32| u32::try_from(number).unwrap_or_default();
    let at = |place: usize| -> Result<Option<Timestamp>, Error> {
        row.get::<_, Option<SystemTime>>(place).map(timestamp).transpose()
    };
    Ok(Subscription {
        id: row.get(0),
        subject: row.get(1),
        name: row.get(2),
        key_prefix: row.get(3),
        dest: row.get(4),
        signature_token: row.get(5),
        controls: row.get(6),
        created_at: timestamp(row.get(7))?,
        initial_record_time: timestamp(row.get(8))?,
        is_stream: row.get(17),
        state: State {
            generation: unsigned(row.get(18))?,
            position: unsigned(row.get(9))?,
            due_at: timestamp(row.get(10))?,
            most: count(row.get(11)),
            failures: count(row.get(12)),
            failing_since: at(13)?,
            last_failure: row.get(14),
            last_notified_at: at(15)?,
            disabled_at: at(16)?,
        },
    })
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan as _;

    use super::*;
    use crate::access::Access;
    use crate::testing::TestDb;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time of the test")
    }

    fn named(name: &str) -> NamedQuery {
        NamedQuery {
            name: name.to_owned(),
            query: "{}".to_owned(),
            created_at: at("2026-11-23T08:00:00Z"),
        }
    }

    fn subscription_to(name: &str, id: &str) -> Subscription {
        let now = at("2026-11-23T08:00:00Z");
        Subscription {
            id: id.to_owned(),
            subject: "shop".to_owned(),
            name: name.to_owned(),
            key_prefix: "chm_AQEBAQEB".to_owned(),
            dest: "https://shop.example/hook".to_owned(),
            signature_token: Some("key".to_owned()),
            controls: "{\"stream\":true}".to_owned(),
            created_at: now,
            initial_record_time: now,
            is_stream: true,
            state: State {
                generation: 0,
                position: 7,
                due_at: now,
                most: 100,
                failures: 0,
                failing_since: None,
                last_failure: None,
                last_notified_at: None,
                disabled_at: None,
            },
        }
    }

    #[tokio::test]
    async fn a_query_is_found_and_deleted_by_the_one_who_stored_it_and_by_nobody_else() {
        let test = TestDb::migrated("stored_queries").await;
        let db = test.db_as(Access::TraceApi).await;
        assert_eq!(store(&db, "shop", &named("b")).await.unwrap(), Stored::Yes);
        assert_eq!(store(&db, "shop", &named("a")).await.unwrap(), Stored::Yes);
        assert_eq!(store(&db, "shop", &named("a")).await.unwrap(), Stored::Taken);
        assert_eq!(store(&db, "factory", &named("a")).await.unwrap(), Stored::Yes);
        assert_eq!(list(&db, "shop", "", 10).await.unwrap(), [named("a"), named("b")]);
        assert_eq!(list(&db, "shop", "a", 10).await.unwrap(), [named("b")]);
        assert_eq!(find(&db, "stranger", "a").await.unwrap(), None);
        assert!(!delete(&db, "stranger", "a").await.unwrap());
        assert!(delete(&db, "shop", "a").await.unwrap());
        assert!(!delete(&db, "shop", "a").await.unwrap());
        assert_eq!(find(&db, "factory", "a").await.unwrap(), Some(named("a")));
    }

    #[tokio::test]
    async fn a_subject_has_a_bounded_number_of_queries() {
        let test = TestDb::migrated("stored_bound").await;
        let db = test.db_as(Access::TraceApi).await;
        for number in 0..MOST_QUERIES {
            let stored = store(&db, "shop", &named(&number.to_string())).await.unwrap();
            assert_eq!(stored, Stored::Yes);
        }
        assert_eq!(store(&db, "shop", &named("more")).await.unwrap(), Stored::TooMany);
        assert_eq!(store(&db, "factory", &named("more")).await.unwrap(), Stored::Yes);
    }

    #[tokio::test]
    async fn a_subscription_that_is_due_is_taken_once_and_again_when_its_process_died() {
        let test = TestDb::migrated("stored_due").await;
        let db = test.db_as(Access::TraceApi).await;
        let new = subscription_to("a", "1");
        assert_eq!(subscribe(&db, &new).await.unwrap(), Stored::Missing);
        store(&db, "shop", &named("a")).await.unwrap();
        assert_eq!(subscribe(&db, &new).await.unwrap(), Stored::Yes);
        assert_eq!(subscription(&db, "shop", "a", "1").await.unwrap(), Some(new.clone()));
        assert_eq!(subscription(&db, "factory", "a", "1").await.unwrap(), None);
        assert_eq!(
            subscriptions(&db, "shop", "a", "", 10).await.unwrap(),
            std::slice::from_ref(&new)
        );
        let now = new.state.due_at;
        let until = now + 60.seconds();
        // A stream that has come to the projection's end is not due, unless the projection was begun anew.
        assert_eq!(take_due(&db, now, until, 10, (0, 7)).await.unwrap(), []);
        let taken = take_due(&db, now, until, 10, (0, 8)).await.unwrap();
        assert_eq!(taken.len(), 1);
        assert_eq!(taken[0].1, "{}");
        assert_eq!(take_due(&db, now, until, 10, (0, 8)).await.unwrap(), []);
        assert_eq!(take_due(&db, until, until + 60.seconds(), 10, (1, 0)).await.unwrap().len(), 1);
        let state = State {
            generation: 1,
            position: 9,
            due_at: until,
            most: 50,
            failures: 2,
            failing_since: Some(now),
            last_failure: Some("got 500".to_owned()),
            last_notified_at: Some(now),
            disabled_at: Some(until),
        };
        settle(&db, "1", &state).await.unwrap();
        let found = subscription(&db, "shop", "a", "1").await.unwrap().unwrap();
        assert_eq!(found.state, state);
        // One that was given up is not taken any more.
        assert_eq!(take_due(&db, until, until + 60.seconds(), 10, (2, 9)).await.unwrap(), []);
        assert!(!unsubscribe(&db, "factory", "a", "1").await.unwrap());
        assert!(delete(&db, "shop", "a").await.unwrap());
        assert_eq!(subscription(&db, "shop", "a", "1").await.unwrap(), None);
    }
}
