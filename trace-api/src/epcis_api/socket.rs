//! `GET /queries/{name}/events` with `Upgrade: websocket`: results of a stored query, sent over the connection that asked for them.
//!
//! The way through: [`open`] reads how the subscription is controlled, takes a place for it and answers 101; `Socket::serve` then
//! looks for what is new as [`super::subscriber`] does for webhooks, sends it as a text message, and a ping behind it.
//!
//! What holds:
//!
//! - the pong of that ping says that the message arrived: only then is the next one made, so a slow reader holds one message in
//!   memory and no more; a connection without a pong for thirty seconds is closed;
//! - who asks and what they may see is decided again for each message, and every thirty seconds without one: a key that was revoked
//!   closes its connections; a read that must be recorded is recorded before it is sent;
//! - a subscription ends with its connection and nothing of it is stored; who connects again with `initialRecordTime` misses nothing;
//! - connections are counted, at most [`MOST_OPEN`] in a process and [`MOST_OF_ONE`] of one caller ([`super::sockets`]); what a client sends is refused.
//!
//! Not here: controls and schedules ([`super::subscriptions`]), what is new ([`super::subscriber`]).
//!
//! Sources: EPCIS 2.0 REST binding, `/queries/{queryName}/events`; RFC 6455.

use std::time::Duration;

use access::Act;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use actix_ws::{CloseCode, CloseReason, Message, MessageStream, Session};
use epcis::query::Query;
use gate::read_log::Outcome;
use jiff::Timestamp;
use ledger::json::{Json, object};
use tokio::time::{Instant, MissedTickBehavior};

use super::address::{Parameters, named};
use super::caller::Caller;
use super::exception::Exception;
use super::negotiation::Wanted;
use super::queries::load;
use super::schedule::FIELD_NAMES;
use super::sockets::{CONTROLS, MOST_OF_ONE, MOST_OPEN, Place};
use super::subscriber::{Found, Since, collect};
use super::subscriptions::{Controls, MOST_EVENTS};
use crate::http::who;
use crate::problem::Problem;
use crate::state::AppState;

/// Time between two looks for what is new.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Time without a message after which a ping is sent.
const PING_EVERY: Duration = Duration::from_secs(30);
/// Time within which a pong is expected.
const PATIENCE: Duration = Duration::from_secs(30);
/// Time within which the last frame is sent.
const FAREWELL: Duration = Duration::from_secs(2);
/// Longest frame of a client; a control frame has at most 125 bytes.
const LONGEST_FRAME: usize = 1024;
/// Longest text of a close frame, in bytes.
const LONGEST_REASON: usize = 123;
/// Header with the time from which on events are sent.
const MIN_RECORD_TIME: HeaderName = HeaderName::from_static("gs1-query-min-record-time");

/// Answers 101 and serves the connection from then on.
///
/// # Errors
///
/// [`Exception`].
pub async fn open(
    state: Data<AppState>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Exception> {
    Wanted::of(&request)?;
    let name = named(&request, "/queries/", "/events")?;
    let asked = Asked::of(&Parameters::of(&request)?, state.clock.now())?;
    let caller = Caller::admit_unrecorded(&state, &request, Act::Subscribe).await?;
    let (stored, json, query) = load(&state, &caller, &name).await?;
    let text = format!("a socket to the query {name} {}", json.canonical());
    caller.record(&state, &request, (Act::Subscribe, &text), &Outcome::default()).await?;
    let place = state.sockets.take(&caller.identity.subject).ok_or_else(|| {
        Exception::Forbidden(format!(
            "got one more connection, expected at most {MOST_OF_ONE} of one caller and {MOST_OPEN} of all: close one that is not needed"
        ))
    })?;
    let lag = sql::events::lag(&state.db).await?;
    let (mut response, session, messages) =
        actix_ws::handle(&request, payload).map_err(|error| {
            Exception::Validation(format!("the WebSocket handshake failed: {error}"))
        })?;
    if let Ok(value) = HeaderValue::from_str(&asked.initial_record_time.to_string()) {
        response.headers_mut().insert(MIN_RECORD_TIME, value);
    }
    let now = state.clock.now();
    let socket = Socket {
        since: Since {
            generation: lag.generation,
            position: if asked.is_from_before { 0 } else { lag.position },
            initial_record_time: asked.initial_record_time,
        },
        due_at: asked.controls.schedule.map_or(now, |one| one.next(now).unwrap_or(Timestamp::MAX)),
        controls: asked.controls,
        name: stored.name,
        asked: json.canonical(),
        query,
        waiting: None,
        heard_at: Instant::now(),
        pings: 0,
        state,
        request,
        _place: place,
    };
    // Looking at the directory is not for other threads.
    tokio::task::spawn_local(socket.run(session, messages.max_frame_size(LONGEST_FRAME)));
    Ok(response)
}

/// What the parameters ask for.
struct Asked {
    controls: Controls,
    initial_record_time: Timestamp,
    /// Whether a parameter names that time.
    is_from_before: bool,
}

impl Asked {
    fn of(parameters: &Parameters, now: Timestamp) -> Result<Self, Exception> {
        let wrong = |detail: String| Exception::QueryParameter(vec![detail]);
        let (mut schedule, mut members, mut initial) = (Vec::new(), Vec::new(), None);
        for (name, value) in &parameters.criteria {
            let got: String = value.chars().take(80).collect();
            match name.as_str() {
                field if FIELD_NAMES.contains(&field) => {
                    schedule.push((name.clone(), Json::from(value.as_str())));
                }
                "stream" | "reportIfEmpty" => {
                    let is_true = match value.as_str() {
                        "true" => true,
                        "false" => false,
                        _ => {
                            return Err(wrong(format!(
                                "{name}: got `{got}`, expected true or false"
                            )));
                        }
                    };
                    members.push((name.clone(), Json::Bool(is_true)));
                }
                "initialRecordTime" => {
                    let time = value.parse::<Timestamp>().map_err(|_| {
                        wrong(format!("{name}: got `{got}`, expected a time with its offset"))
                    })?;
                    initial = Some(time);
                }
                _ => {
                    let name: String = name.chars().take(80).collect();
                    return Err(wrong(format!(
                        "{name}: got a parameter that a WebSocket has not, expected {}, {}",
                        CONTROLS.join(", "),
                        FIELD_NAMES.join(", ")
                    )));
                }
            }
        }
        if !schedule.is_empty() {
            members.push(("schedule".to_owned(), object(schedule)));
        }
        Ok(Self {
            controls: Controls::of(&object(members))?,
            initial_record_time: initial.unwrap_or(now),
            is_from_before: initial.is_some(),
        })
    }
}

/// A connection.
struct Socket {
    state: Data<AppState>,
    /// The request that opened it, which shows who asks.
    request: HttpRequest,
    name: String,
    /// The query as text, for the log of reads.
    asked: String,
    query: Query,
    controls: Controls,
    since: Since,
    /// When a scheduled message is due.
    due_at: Timestamp,
    /// The ping whose pong is expected.
    waiting: Option<Waiting>,
    /// When the last pong came.
    heard_at: Instant,
    pings: u64,
    _place: Place,
}

/// A ping on its way.
struct Waiting {
    payload: String,
    sent_at: Instant,
    /// Where the connection stands when the message before the ping has arrived, and when it is due again; none if there was none.
    then: Option<(Since, Timestamp)>,
}

/// How a connection ends.
enum End {
    /// The other end is gone.
    Gone,
    /// We close it.
    Close(CloseCode, String),
}

impl From<actix_ws::Closed> for End {
    fn from(_: actix_ws::Closed) -> Self {
        Self::Gone
    }
}

impl Socket {
    async fn run(mut self, mut session: Session, mut messages: MessageStream) {
        let state = self.state.clone();
        let mut closing = state.sockets.closing();
        let end = tokio::select! {
            end = self.serve(&mut session, &mut messages) => end,
            _ = closing.wait_for(|is_closing| *is_closing) => {
                End::Close(CloseCode::Away, "the server stops; connect again".to_owned())
            }
        };
        if let End::Close(code, why) = end {
            let mut why = why;
            why.truncate(why.floor_char_boundary(LONGEST_REASON));
            let reason = CloseReason { code, description: Some(why) };
            tokio::time::timeout(FAREWELL, session.close(Some(reason))).await.ok();
        }
    }

    async fn serve(&mut self, session: &mut Session, messages: &mut MessageStream) -> End {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let done = tokio::select! {
                message = messages.recv() => match message {
                    Some(Ok(message)) => self.heard(session, message).await,
                    Some(Err(error)) => Err(End::Close(CloseCode::Protocol, error.to_string())),
                    None => Err(End::Gone),
                },
                _ = looks.tick() => self.look(session).await,
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    async fn heard(&mut self, session: &mut Session, message: Message) -> Result<(), End> {
        match message {
            Message::Ping(bytes) => Ok(session.pong(&bytes).await?),
            Message::Pong(bytes) => {
                if let Some(waiting) = self.waiting.take_if(|one| one.payload.as_bytes() == bytes) {
                    self.heard_at = Instant::now();
                    if let Some((since, due_at)) = waiting.then {
                        (self.since, self.due_at) = (since, due_at);
                        self.state.metrics.messages.with_label_values(&["taken"]).inc();
                    }
                }
                Ok(())
            }
            Message::Close(_) => Err(End::Gone),
            _ => {
                let why = "got a message, expected none: this connection only sends";
                Err(End::Close(CloseCode::Unsupported, why.to_owned()))
            }
        }
    }

    /// Sends what is new, unless a message is on its way; a ping if it was quiet for long.
    async fn look(&mut self, session: &mut Session) -> Result<(), End> {
        if let Some(waiting) = &self.waiting {
            if waiting.sent_at.elapsed() < PATIENCE {
                return Ok(());
            }
            self.state.metrics.messages.with_label_values(&["failed"]).inc();
            let why = format!("got no pong within {} s", PATIENCE.as_secs());
            return Err(End::Close(CloseCode::Policy, why));
        }
        match self.news().await {
            Ok(Some((text, then))) => {
                session.text(text).await?;
                self.ping(session, Some(then)).await
            }
            Ok(None) if self.heard_at.elapsed() >= PING_EVERY => self.ping(session, None).await,
            Ok(None) => Ok(()),
            Err(Failed::Later(error)) => {
                tracing::warn!(%error, query = %self.name, "what is new for a WebSocket was not found; this is tried again");
                Ok(())
            }
            Err(Failed::Refused(why)) => Err(End::Close(CloseCode::Policy, why)),
        }
    }

    async fn ping(
        &mut self,
        session: &mut Session,
        then: Option<(Since, Timestamp)>,
    ) -> Result<(), End> {
        self.pings += 1;
        let payload = self.pings.to_string();
        session.ping(payload.as_bytes()).await?;
        self.waiting = Some(Waiting { payload, sent_at: Instant::now(), then });
        Ok(())
    }

    /// The next message, and where the connection stands behind it.
    async fn news(&mut self) -> Result<Option<(String, (Since, Timestamp))>, Failed> {
        let now = self.state.clock.now();
        let is_due = if self.controls.schedule.is_some() {
            now >= self.due_at
        } else {
            let lag = sql::events::lag(&self.state.db).await.map_err(Exception::from)?;
            (lag.generation, lag.position) != (self.since.generation, self.since.position)
        };
        // A connection that is quiet is closed too when its key no longer opens.
        if !is_due && self.heard_at.elapsed() < PING_EVERY {
            return Ok(None);
        }
        let (identity, sight) = who::allowed(&self.state, &self.request, Act::QueryEvents).await?;
        if !is_due {
            return Ok(None);
        }
        let found = collect(&self.state, (self.since, MOST_EVENTS), &self.query, &sight).await?;
        let then = self.behind(&found, now);
        let is_reported = self.controls.report_if_empty && found.is_end;
        if found.events.is_empty() && !is_reported {
            (self.since, self.due_at) = then;
            return Ok(None);
        }
        let caller = Caller { identity, sight };
        let text = format!("a socket to the query {} {}", self.name, self.asked);
        let outcome = found.outcome();
        caller.record(&self.state, &self.request, (Act::QueryEvents, &text), &outcome).await?;
        let config = self.state.config();
        let document = found.document(&self.name, None, (&config.public_url, now));
        Ok(Some((document.canonical(), then)))
    }

    /// Where the connection stands when `found` has arrived.
    fn behind(&self, found: &Found, now: Timestamp) -> (Since, Timestamp) {
        let since = Since { generation: found.generation, position: found.position, ..self.since };
        let due_at = match self.controls.schedule {
            Some(schedule) if found.is_end => schedule.next(now).unwrap_or(Timestamp::MAX),
            _ => now,
        };
        (since, due_at)
    }
}

/// Why there is no message.
enum Failed {
    /// There may be one later.
    Later(Exception),
    /// Who asks may see nothing any more.
    Refused(String),
}

impl From<Exception> for Failed {
    fn from(exception: Exception) -> Self {
        match exception {
            Exception::Elsewhere(problem) => problem.into(),
            other => Self::Later(other),
        }
    }
}

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::NotIdentified(why) | Problem::NotAllowed(why) => Self::Refused(why),
            other => Self::Later(other.into()),
        }
    }
}
