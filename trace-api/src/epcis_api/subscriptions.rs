//! `/queries/{name}/subscriptions`: results of a stored query that are sent to an address.
//!
//! What holds: a subscription is its maker's, with what the maker may see; the address is checked here by its form and when a message
//! is sent by where it leads; numbers are bounded; the signature token is never shown again.
//!
//! Not here: sending ([`super::subscriber`]).
//!
//! Source: EPCIS 2.0 REST binding, `/queries/{queryName}/subscriptions`; decision 0061.

use std::sync::atomic::{AtomicU64, Ordering};

use access::Act;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, LOCATION};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use ledger::json::{Json, Limits, object};
use sql::queries_stored::{self, MOST_SUBSCRIPTIONS, State, Stored, Subscription};

use super::address::{Parameters, named};
use super::caller::Caller;
use super::destination::Destination;
use super::document::escaped;
use super::exception::Exception;
use super::negotiation::Wanted;
use super::queries::{body, load};
use super::reply;
use super::schedule::Schedule;
use super::token::Purpose;
use crate::http::who;
use crate::state::AppState;

/// Most events of a message.
pub const MOST_EVENTS: u32 = 100;
/// Fewest and most characters of a signature token.
const TOKEN: (usize, usize) = (16, 256);
/// Members of a subscription that a body may have.
const MEMBERS: [&str; 8] = [
    "@context",
    "dest",
    "signatureToken",
    "stream",
    "schedule",
    "reportIfEmpty",
    "initialRecordTime",
    "queryName",
];

/// How a subscription is controlled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Controls {
    /// When results are sent; none for a stream, of which they are sent as they come.
    pub schedule: Option<Schedule>,
    /// Whether a message is sent when there is nothing new.
    pub report_if_empty: bool,
}

fn controls_error(detail: impl Into<String>) -> Exception {
    Exception::SubscriptionControls(detail.into())
}

impl Controls {
    /// Reads the controls of a subscription, of a body or as they are kept.
    ///
    /// # Errors
    ///
    /// [`Exception::SubscriptionControls`].
    pub fn of(json: &Json) -> Result<Self, Exception> {
        let stream = json.get("stream").map(Json::as_bool);
        let schedule = match (stream, json.get("schedule")) {
            (Some(Some(true)), None) => None,
            (None, Some(schedule)) => Some(schedule_of(schedule)?),
            _ => return Err(controls_error("expected either `stream`: true or `schedule`")),
        };
        let report = json.get("reportIfEmpty").map_or(Some(false), Json::as_bool);
        let report_if_empty =
            report.ok_or_else(|| controls_error("reportIfEmpty: expected true or false"))?;
        if report_if_empty && schedule.is_none() {
            let detail = "reportIfEmpty: got true beside `stream`, expected it beside `schedule`: a stream sends what comes";
            return Err(controls_error(detail));
        }
        Ok(Self { schedule, report_if_empty })
    }
}

fn schedule_of(json: &Json) -> Result<Schedule, Exception> {
    let value = serde_json::from_str(&json.canonical());
    let value = value.map_err(|error| controls_error(format!("schedule: {error}")))?;
    Schedule::from_json(&value).map_err(|error| controls_error(error.to_string()))
}

/// What a body asks for.
struct Asked {
    dest: Destination,
    signature_token: Option<String>,
    controls: Controls,
    /// Those members of the body that are kept.
    kept: Json,
    initial_record_time: Timestamp,
    /// Whether the body names that time.
    is_from_before: bool,
}

impl Asked {
    fn of(body: &Json, state: &AppState) -> Result<Self, Exception> {
        let members = body.as_object().unwrap_or_default();
        let text = |name: &str| body.get(name).and_then(Json::as_str);
        if let Some((name, _)) = members.iter().find(|(name, _)| !MEMBERS.contains(&&**name)) {
            let name: String = name.chars().take(80).collect();
            return Err(controls_error(format!(
                "got the member `{name}`, expected one of {}",
                MEMBERS.join(", ")
            )));
        }
        let dest =
            text("dest").ok_or_else(|| controls_error("dest: got none, expected an address"))?;
        let dest = Destination::parse(dest, &state.config().webhook_networks);
        let dest = dest.map_err(|error| controls_error(error.to_string()))?;
        let signature_token = match body.get("signatureToken") {
            None => None,
            Some(token) => {
                let is_right = |token: &&str| (TOKEN.0..=TOKEN.1).contains(&token.len());
                let token = token.as_str().filter(is_right);
                let wrong = || {
                    controls_error(format!(
                        "signatureToken: expected a text of {} to {} bytes",
                        TOKEN.0, TOKEN.1
                    ))
                };
                Some(token.ok_or_else(wrong)?.to_owned())
            }
        };
        let initial = match body.get("initialRecordTime") {
            None => None,
            Some(time) => {
                let parsed = time.as_str().and_then(|text| text.parse::<Timestamp>().ok());
                let wrong = || controls_error("initialRecordTime: expected a time with its offset");
                Some(parsed.ok_or_else(wrong)?)
            }
        };
        let kept = ["stream", "schedule", "reportIfEmpty"];
        let kept = members.iter().filter(|(name, _)| kept.contains(&&**name));
        Ok(Self {
            dest,
            signature_token,
            controls: Controls::of(body)?,
            kept: object(kept.map(|(name, value)| (name.clone(), value.clone()))),
            initial_record_time: initial.unwrap_or_else(|| state.clock.now()),
            is_from_before: initial.is_some(),
        })
    }
}

/// An id that nobody guesses.
fn new_id(state: &AppState, subject: &str, now: Timestamp) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let text = format!("{subject}\n{}\n{count}\n{}", now.as_nanosecond(), std::process::id());
    let digest = ledger::Hash(state.subscription_ids.sign(text.as_bytes())).to_string();
    digest.chars().take(32).collect()
}

/// `POST /queries/{name}/subscriptions`.
///
/// # Errors
///
/// [`Exception`].
pub async fn create(
    state: Data<AppState>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Exception> {
    let wanted = Wanted::of(&request)?;
    let name = named(&request, "/queries/", "/subscriptions")?;
    let text = format!("a subscription to the query {name} is made");
    let caller = Caller::admit(&state, &request, Act::Subscribe, &text).await?;
    let asked = Asked::of(&body(&request, payload).await?, &state)?;
    let (stored, ..) = load(&state, &caller, &name).await?;
    let no_key =
        || Exception::Forbidden("a subscription belongs to an API key; got none".to_owned());
    let key_prefix = who::prefix(&request).ok_or_else(no_key)?;
    let (now, lag) = (state.clock.now(), sql::events::lag(&state.db).await?);
    let due_at = asked.controls.schedule.map_or(Some(now), |schedule| schedule.next(now));
    let subscription = Subscription {
        id: new_id(&state, &caller.identity.subject, now),
        subject: caller.identity.subject.clone(),
        name: stored.name,
        key_prefix,
        dest: asked.dest.url,
        signature_token: asked.signature_token,
        controls: asked.kept.canonical(),
        created_at: now,
        initial_record_time: asked.initial_record_time,
        is_stream: asked.controls.schedule.is_none(),
        state: State {
            generation: lag.generation,
            // What is recorded and not projected yet is new to the subscription, and older than its initial time.
            position: if asked.is_from_before { 0 } else { lag.position },
            due_at: due_at.unwrap_or(Timestamp::MAX),
            most: MOST_EVENTS,
            failures: 0,
            failing_since: None,
            last_failure: None,
            last_notified_at: None,
            disabled_at: None,
        },
    };
    match queries_stored::subscribe(&state.db, &subscription).await? {
        Stored::Yes => {}
        Stored::TooMany => {
            return Err(Exception::Forbidden(format!(
                "got one more subscription, expected at most {MOST_SUBSCRIPTIONS}: end one that is not needed"
            )));
        }
        Stored::Missing | Stored::Taken => return Err(no_such(&name)),
    }
    let mut response = reply::json(StatusCode::CREATED, &wanted, &shown(&subscription));
    let base = &state.config().public_url;
    let location = format!("{base}/queries/{}/subscriptions/{}", escaped(&name), subscription.id);
    if let Ok(value) = HeaderValue::from_str(&location) {
        response.headers_mut().insert(LOCATION, value);
    }
    Ok(response)
}

fn no_such(name: &str) -> Exception {
    let name: String = name.chars().take(100).collect();
    Exception::NoSuchName(format!("you have no such subscription or query: `{name}`"))
}

/// A subscription as it is shown: everything but its token.
fn shown(subscription: &Subscription) -> Json {
    let Subscription { id, dest, controls, created_at, initial_record_time, state, .. } =
        subscription;
    let time = |at: Timestamp| Json::from(at.to_string());
    let mut json = ledger::json::parse(controls.as_bytes(), &Limits::default())
        .unwrap_or_else(|_| Json::Object(Vec::new()));
    json.set("subscriptionID", Json::from(id.as_str()));
    json.set("dest", Json::from(dest.as_str()));
    json.set("createdAt", time(*created_at));
    json.set("initialRecordTime", time(*initial_record_time));
    json.set("minRecordTime", time(state.last_notified_at.unwrap_or(*initial_record_time)));
    json.set("chopmark:failures", Json::from(u64::from(state.failures)));
    if let Some(at) = state.last_notified_at {
        json.set("lastNotifiedAt", time(at));
    }
    if let Some(at) = state.failing_since {
        json.set("chopmark:failingSince", time(at));
    }
    if let Some(failure) = &state.last_failure {
        json.set("chopmark:lastFailure", Json::from(failure.as_str()));
    }
    if let Some(at) = state.disabled_at {
        json.set("chopmark:disabledAt", time(at));
    }
    json
}

/// `GET /queries/{name}/subscriptions`.
///
/// # Errors
///
/// [`Exception`].
pub async fn list(state: Data<AppState>, request: HttpRequest) -> Result<HttpResponse, Exception> {
    let wanted = Wanted::of(&request)?;
    let name = named(&request, "/queries/", "/subscriptions")?;
    let parameters = Parameters::of_list(&request)?;
    let path = format!("/queries/{name}/subscriptions");
    let caller = Caller::admit(&state, &request, Act::Subscribe, &path).await?;
    load(&state, &caller, &name).await?;
    let purpose = Purpose::of(&path, &caller.key());
    let after = reply::name_before(&state, &parameters, purpose)?;
    let (subject, most) = (&caller.identity.subject, parameters.per_page);
    let limit = u32::try_from(most).unwrap_or(u32::MAX).saturating_add(1);
    let mut found = queries_stored::subscriptions(&state.db, subject, &name, &after, limit).await?;
    let has_more = found.len() > most;
    found.truncate(most);
    let items = Json::Array(found.iter().map(shown).collect());
    let mut response = reply::json(StatusCode::OK, &wanted, &items);
    if let Some(last) = found.last().filter(|_| has_more) {
        let token = state.page_tokens.make(purpose, reply::token_ends(&state), last.id.as_bytes());
        reply::link_next(&mut response, &state, &request, &parameters, &token);
    }
    Ok(response)
}

/// Name of the query and id of the subscription in a path.
fn in_path(request: &HttpRequest) -> Result<(String, String), Exception> {
    let path = named(request, "/queries/", "")?;
    let parts = path.split_once("/subscriptions/");
    parts.map(|(name, id)| (name.to_owned(), id.to_owned())).ok_or_else(|| no_such(&path))
}

/// `GET /queries/{name}/subscriptions/{id}`.
///
/// # Errors
///
/// [`Exception`].
pub async fn get(state: Data<AppState>, request: HttpRequest) -> Result<HttpResponse, Exception> {
    let wanted = Wanted::of(&request)?;
    let (name, id) = in_path(&request)?;
    let text = format!("/queries/{name}/subscriptions/{id}");
    let caller = Caller::admit(&state, &request, Act::Subscribe, &text).await?;
    let found =
        queries_stored::subscription(&state.db, &caller.identity.subject, &name, &id).await?;
    let found = found.ok_or_else(|| no_such(&id))?;
    Ok(reply::json(StatusCode::OK, &wanted, &shown(&found)))
}

/// `DELETE /queries/{name}/subscriptions/{id}`.
///
/// # Errors
///
/// [`Exception`].
pub async fn delete(
    state: Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, Exception> {
    let (name, id) = in_path(&request)?;
    let text = format!("subscription {id} to the query {name} is ended");
    let caller = Caller::admit(&state, &request, Act::Subscribe, &text).await?;
    if queries_stored::unsubscribe(&state.db, &caller.identity.subject, &name, &id).await? {
        return Ok(reply::empty(StatusCode::NO_CONTENT));
    }
    Err(no_such(&id))
}
