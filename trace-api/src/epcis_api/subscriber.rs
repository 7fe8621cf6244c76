//! Sends subscribers what is new.
//!
//! The way through: [`run`] takes the subscriptions that are due, each in a task of its own, at most sixteen at once; `serve` finds what is
//! new for one, sends it, and writes down how far it came.
//!
//! What holds:
//!
//! - a message is written down as sent after the subscriber took it, so it comes at least once: who gets it twice knows it by the
//!   places of its events;
//! - what a subscriber may see is decided again for each message; a read that must be recorded is recorded before it is sent;
//! - a message that fails is sent again after pauses that grow from 5 seconds to an hour, and given up after seven days, which its
//!   maker sees in the subscription and the operator for seven days in the metrics, also after a restart;
//! - messages, their events and what is looked at for one are bounded; nothing waits in memory.
//!
//! Not here: rows (`sql::queries_stored`), HTTP ([`super::webhook`]).
//!
//! Source: EPCIS 2.0 section 8.2.5; decision 0061.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use access::{Act, Decision, Sight};
use actix_web::web::Data;
use epcis::query::Query;
use gate::read_log::{self, Basis, Read};
use jiff::{SignedDuration, Timestamp};
use ledger::json::{Json, Limits};
use sql::queries_stored::{self, State, Subscription};
use tokio::sync::Semaphore;

use super::document::{About, Shown, query_document};
use super::exception::Exception;
use super::search::{Judged, Walk, judge};
use super::signature;
use super::subscriptions::{Controls, MOST_EVENTS};
use super::webhook::{Outcome, Sender};
use crate::http::who;
use crate::master::known::Known;
use crate::problem::Problem;
use crate::state::AppState;

/// Time between two looks for what is due.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Time after which a subscription is taken again whose process did not write down what became of it.
const TAKEN_S: i64 = 120;
/// Subscriptions that are served at once.
const AT_ONCE: u32 = 16;
/// Bytes of events after which a message is full.
const MOST_BYTES: usize = 4 << 20;
/// First and longest pause after a failure, in seconds.
const PAUSE_S: (i64, i64) = (5, 3600);
/// After how long a subscription is given up.
const GIVE_UP: SignedDuration = SignedDuration::from_hours(7 * 24);
/// For how long the metrics show one that was given up, unless its maker deletes it before.
const SHOWN: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Time between two counts of those.
const COUNT_EVERY: SignedDuration = SignedDuration::from_secs(30);

/// Serves subscriptions for as long as the process runs.
pub async fn run(state: &Data<AppState>) -> Infallible {
    let sender = Sender::new(state.config().webhook_networks.clone());
    let room = Arc::new(Semaphore::new(AT_ONCE as usize));
    let mut counted: Option<Timestamp> = None;
    loop {
        let now = state.clock.now();
        if counted.is_none_or(|at| now.duration_since(at).abs() >= COUNT_EVERY) {
            counted = Some(now);
            if let Err(error) = count_given_up(state).await {
                tracing::warn!(%error, "subscriptions that were given up could not be counted; this is tried again");
            }
        }
        if let Err(error) = look(state, &sender, &room).await {
            tracing::warn!(%error, "subscriptions could not be looked at; this is tried again");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Counts those that were given up a while ago at most.
///
/// # Errors
///
/// [`sql::Error`].
pub(super) async fn count_given_up(state: &AppState) -> Result<(), sql::Error> {
    let since = state.clock.now().checked_sub(SHOWN).unwrap_or(Timestamp::UNIX_EPOCH);
    let count = queries_stored::given_up(&state.db, since).await?;
    state.metrics.given_up.set(i64::try_from(count).unwrap_or(i64::MAX));
    Ok(())
}

/// Takes what is due, as much as there is room for.
async fn look(
    state: &Data<AppState>,
    sender: &Sender,
    room: &Arc<Semaphore>,
) -> Result<(), sql::Error> {
    let most = u32::try_from(room.available_permits()).unwrap_or(AT_ONCE);
    if most == 0 {
        return Ok(());
    }
    for (subscription, query) in due(state, most).await? {
        let Ok(permit) = Arc::clone(room).acquire_owned().await else { return Ok(()) };
        let (state, sender) = (state.clone(), sender.clone());
        // Looking at the directory is not for other threads.
        tokio::task::spawn_local(async move {
            serve(&state, &sender, &subscription, &query).await;
            drop(permit);
        });
    }
    Ok(())
}

/// Subscriptions that are due, with their queries.
pub(super) async fn due(
    state: &AppState,
    most: u32,
) -> Result<Vec<(Subscription, String)>, sql::Error> {
    let (now, lag) = (state.clock.now(), sql::events::lag(&state.db).await?);
    let until = later(now, TAKEN_S);
    queries_stored::take_due(&state.db, now, until, most, (lag.generation, lag.position)).await
}

fn later(now: Timestamp, seconds: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(now)
}

/// Serves one subscription.
pub(super) async fn serve(
    state: &Data<AppState>,
    sender: &Sender,
    subscription: &Subscription,
    query: &str,
) {
    let next = match message(state, subscription, query).await {
        Ok(found) => deliver(state, sender, subscription, found).await,
        // The database or the index is away, or reads cannot be recorded: later.
        Err(NotMade::Later(error)) => failed(state, subscription, &error.to_string()),
        Err(NotMade::Never(why)) => {
            let now = Some(state.clock.now());
            State { disabled_at: now, last_failure: Some(why), ..subscription.state.clone() }
        }
    };
    if next.disabled_at.is_some() {
        let why = next.last_failure.as_deref().unwrap_or_default();
        tracing::warn!(subscription = %subscription.id, subject = %subscription.subject, why, "a subscription is given up");
        state.metrics.messages.with_label_values(&["given_up"]).inc();
    }
    if let Err(error) = queries_stored::settle(&state.db, &subscription.id, &next).await {
        tracing::warn!(%error, "what became of a message is not written down; it is sent again");
    }
}

/// Why there is no message.
enum NotMade {
    /// It may be made later.
    Later(Exception),
    /// It never can be.
    Never(String),
}

impl<E: Into<Exception>> From<E> for NotMade {
    fn from(error: E) -> Self {
        Self::Later(error.into())
    }
}

/// Where a subscriber is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Since {
    /// Generation of the projection.
    pub generation: u64,
    /// The place there up to which everything was sent.
    pub position: u64,
    /// Events that were recorded earlier are not sent.
    pub initial_record_time: Timestamp,
}

/// What is new for a subscriber.
pub(super) struct Found {
    /// The events, in the order in which they were projected.
    pub events: Vec<Shown>,
    hidden: u64,
    broken: u64,
    /// Generation of the projection.
    pub generation: u64,
    /// The place up to which was looked.
    pub position: u64,
    /// Whether nothing follows it yet.
    pub is_end: bool,
}

impl Found {
    /// What came of the look, for the log of reads.
    pub fn outcome(&self) -> read_log::Outcome {
        let Self { generation, position, .. } = *self;
        let counts = Some((self.events.len() as u64, self.hidden));
        read_log::Outcome { basis: Some(Basis { generation, position, ledgers: None }), counts }
    }

    /// The message.
    ///
    /// - `subscription`: its id, if it has one.
    pub fn document(
        self,
        name: &str,
        subscription: Option<&str>,
        (base, now): (&str, Timestamp),
    ) -> Json {
        let about = About {
            query_name: name,
            subscription,
            made_at: now,
            hidden: self.hidden,
            broken: self.broken,
            head: self.position,
            base,
            master_data: None,
        };
        query_document(self.events, &about)
    }
}

async fn message(
    state: &AppState,
    subscription: &Subscription,
    query: &str,
) -> Result<(Found, Controls), NotMade> {
    let never = |what: &str| NotMade::Never(format!("the stored {what} cannot be read"));
    let json =
        ledger::json::parse(query.as_bytes(), &Limits::default()).map_err(|_| never("query"))?;
    let query = Query::from_json(&json).map_err(|_| never("query"))?;
    let controls = ledger::json::parse(subscription.controls.as_bytes(), &Limits::default());
    let controls = controls.ok().and_then(|json| Controls::of(&json).ok());
    let controls = controls.ok_or_else(|| never("controls"))?;
    let identity = match who::holder_of(state, &subscription.key_prefix).await {
        Err(Problem::NotIdentified(why)) => return Err(NotMade::Never(why)),
        other => other?,
    };
    let sight = match access::decide(Some(&identity), Act::QueryEvents, state.clock.now()) {
        Decision::Allowed(sight) => sight,
        Decision::Refused { why, .. } => return Err(NotMade::Never(why)),
    };
    let State { generation, position, most, .. } = subscription.state;
    let since =
        Since { generation, position, initial_record_time: subscription.initial_record_time };
    let found = collect(state, (since, most), &query, &sight).await?;
    if sight.is_recorded() && !found.events.is_empty() {
        let text = format!("subscription {} {}", subscription.id, json.canonical());
        let read = Read {
            who: &identity,
            sight: &sight,
            act: Act::QueryEvents,
            asked: &text,
            reason: "a subscription, as it was made",
            outcome: &found.outcome(),
        };
        who::record_read(state, &read).await?;
    }
    Ok((found, controls))
}

/// What is new for a subscriber who may see that much.
///
/// - `most`: events at most.
pub(super) async fn collect(
    state: &AppState,
    (since, most): (Since, u32),
    query: &Query,
    sight: &Sight,
) -> Result<Found, Exception> {
    let known = Known::load(state, &query.master_data()).await?;
    let query = (query, &known);
    let mut walk = Walk::by_position(state, query, since.generation, since.position).await?;
    let mut found = Found {
        events: Vec::new(),
        hidden: 0,
        broken: 0,
        generation: walk.generation(),
        position: walk.from(),
        is_end: false,
    };
    let mut bytes = 0;
    while found.events.len() < most as usize && bytes < MOST_BYTES {
        let Some((projected, stored)) = walk.next().await? else {
            found.is_end = !walk.has_looked_enough();
            found.position = walk.reached();
            return Ok(found);
        };
        found.position = projected.position;
        if projected.record_time < since.initial_record_time {
            continue;
        }
        match judge(state, query, sight, (&projected, &stored)) {
            Judged::Other => {}
            Judged::Hidden => found.hidden += 1,
            Judged::Broken => found.broken += 1,
            Judged::Shown(shown) => {
                bytes += stored.text.len();
                found.events.push(*shown);
            }
        }
    }
    Ok(found)
}

/// Sends what was found, if there is anything to send, and says how the subscription goes on.
async fn deliver(
    state: &Data<AppState>,
    sender: &Sender,
    subscription: &Subscription,
    (found, controls): (Found, Controls),
) -> State {
    let now = state.clock.now();
    let due_at = match controls.schedule {
        Some(schedule) if found.is_end => schedule.next(now).unwrap_or(Timestamp::MAX),
        _ => now,
    };
    let moved = State {
        generation: found.generation,
        position: found.position,
        due_at,
        failures: 0,
        failing_since: None,
        last_failure: None,
        ..subscription.state.clone()
    };
    let reports_nothing = controls.report_if_empty && found.is_end;
    if found.events.is_empty() && !reports_nothing {
        return moved;
    }
    let (config, count) = (state.config(), found.events.len());
    let body =
        found.document(&subscription.name, Some(&subscription.id), (&config.public_url, now));
    let body = body.canonical().into_bytes();
    match post(sender, subscription, now, body).await {
        Outcome::Taken => {
            state.metrics.messages.with_label_values(&["taken"]).inc();
            let most = (subscription.state.most * 2).min(MOST_EVENTS);
            State { last_notified_at: Some(now), most, ..moved }
        }
        Outcome::TooLarge if count > 1 => {
            state.metrics.messages.with_label_values(&["halved"]).inc();
            let most = u32::try_from(count / 2).unwrap_or(1).max(1);
            State { most, due_at: now, ..subscription.state.clone() }
        }
        Outcome::TooLarge => {
            failed(state, subscription, "got the status 413 for a single event, expected 200")
        }
        Outcome::Failed(why) => failed(state, subscription, &why),
    }
}

async fn post(
    sender: &Sender,
    subscription: &Subscription,
    now: Timestamp,
    body: Vec<u8>,
) -> Outcome {
    let signed =
        subscription.signature_token.as_deref().map(|token| signature::value(token, now, &body));
    let (sender, url) = (sender.clone(), subscription.dest.clone());
    let sent = tokio::task::spawn_blocking(move || {
        let headers: Vec<(&str, &str)> =
            signed.iter().map(|value| (signature::HEADER, value.as_str())).collect();
        sender.send(&url, &headers, &body)
    });
    sent.await.unwrap_or_else(|error| Outcome::Failed(format!("sending failed: {error}")))
}

/// The subscription after a message that failed: it is tried again, or given up.
fn failed(state: &AppState, subscription: &Subscription, why: &str) -> State {
    state.metrics.messages.with_label_values(&["failed"]).inc();
    let (now, before) = (state.clock.now(), &subscription.state);
    let since = before.failing_since.unwrap_or(now);
    let is_over = now.duration_since(since) >= GIVE_UP;
    let pause = PAUSE_S.0.saturating_mul(1 << before.failures.min(16)).min(PAUSE_S.1);
    State {
        failures: before.failures.saturating_add(1),
        failing_since: Some(since),
        last_failure: Some(why.chars().take(300).collect()),
        due_at: later(now, pause),
        disabled_at: is_over.then_some(now),
        ..before.clone()
    }
}
