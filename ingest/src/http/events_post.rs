//! `POST /events`: a partner states one event.
//!
//! The way: as that of a document (`capture.rs`), in one commit; the answer is 201 with the address of the event.
//!
//! What holds: an event is recorded once, however often it is sent; one without `eventID` is addressed by its event hash. An `eventID` under
//! which this partner created another event is refused with 409; what came in documents is not looked through for it.
//!
//! Not here: reading events, which is trace-api's.
//!
//! Source: EPCIS 2.0 section 12.6 (`POST /events`).

use access::Act;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use epcis::Event;
use epcis::hash::{Dialect, event_hash};
use ledger::json::Json;

use super::capture::{dry_run, label, read, record};
use super::judged::{Answer, checked};
use super::standard::{CBV, EPCIS, check_head};
use super::state::State;
use super::who::admitted;
use crate::outcome::Outcome;
use crate::problem::Problem;
use crate::statement::ErrorBehaviour;

/// Longest event, in bytes.
const EVENT_BYTES: usize = 1024 * 1024;

/// Handles an event.
///
/// # Errors
///
/// As those of `POST /capture`; [`Problem::Malformed`] for a document, [`Problem::EventExists`] for an id that is used.
pub async fn post(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let answer = event(&state, &request, payload).await;
    let word = label(answer.as_ref().map(|(answer, _)| answer));
    state.metrics.captures.with_label_values(&[word]).inc();
    let (answer, stated) = answer?;
    match (answer, stated) {
        (Answer::Recorded(_), Some(stated)) => {
            let id = stated.get("eventID").and_then(Json::as_str).unwrap_or_default();
            Ok(HttpResponse::Created()
                .insert_header(("Location", format!("/events/{}", escaped(id))))
                .insert_header(EPCIS)
                .insert_header(CBV)
                .content_type("application/ld+json")
                .body(stated.canonical()))
        }
        (Answer::Checked(found), _) => Ok(HttpResponse::Ok().json(found)),
        (Answer::Recorded(Outcome { .. }), None) => {
            Err(Problem::Internal("an event was recorded that could not be read".to_owned()))
        }
    }
}

async fn event(
    state: &Data<State>,
    request: &HttpRequest,
    payload: Payload,
) -> Result<(Answer, Option<Json>), Problem> {
    let partner = admitted(state, request, Act::Capture).await?;
    let partner = &partner;
    check_head(request)?;
    let is_dry_run = dry_run(request.query_string())?;
    let body = state.receive(request, payload, EVENT_BYTES).await?;
    let (writer, name) = (state.writer(&partner.ledger)?.clone(), partner.name.clone());
    let behaviour = ErrorBehaviour::Rollback;
    let (bytes, most) = (body.bytes.len(), state.config.settings.max_events);
    let work = move || {
        let (found, document) = read(&writer, name, behaviour, most, body);
        let stated = match &document {
            Ok((document, _)) if !document.is_single_event() => Err(not_one_event()),
            Ok((document, _)) => Ok(document.event(0).and_then(|one| one.event.ok())),
            Err(_) => Ok(None),
        };
        (found, document, stated.map(|event| event.map(with_id)))
    };
    let (found, document, stated) = state.work(bytes, work).await?;
    let stated = stated?;
    let created = document.as_ref().ok().and_then(|(document, _)| document.created().copied());
    // Held until the event is recorded.
    let _turn = match &created {
        Some(created) => state.within_time(state.turn_to_create(&created.id)).await?,
        None => None,
    };
    if let Some(created) = &created
        && let Some(before) = sql::captures::created(&state.db, &partner.name, &created.id).await?
    {
        if before != created.event {
            let id = stated.as_ref().and_then(|event| event.get("eventID")).and_then(Json::as_str);
            return Err(exists(id.unwrap_or_default()));
        }
        if !is_dry_run {
            let mut outcome = Outcome::empty(&partner.ledger);
            outcome.repeated = true;
            return Ok((Answer::Recorded(outcome), stated));
        }
    }
    if is_dry_run {
        let answer = checked(state, partner, behaviour, &found).await?;
        return Ok((Answer::Checked(answer), stated));
    }
    let outcome = record(state, partner, behaviour, (found, document)).await?;
    Ok((Answer::Recorded(outcome), stated))
}

fn not_one_event() -> Problem {
    let detail = "got a document, expected one event; POST /capture takes documents".to_owned();
    Problem::Malformed { detail, violations: Vec::new() }
}

fn exists(id: &str) -> Problem {
    let shown: String = id.chars().take(80).collect();
    let detail = format!(
        "eventID: got `{shown}`, under which another event was created, expected an id that is not used; POST /capture takes \
         error declarations and corrections"
    );
    Problem::EventExists(detail)
}

/// The event with the id under which it can be asked for.
fn with_id(event: Event) -> Json {
    let hash = event_hash(&event, Dialect::default()).unwrap_or_default();
    let mut json = event.into_json();
    if json.get("eventID").is_none() {
        json.set("eventID", Json::String(hash));
    }
    json
}

/// A part of a path.
fn escaped(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte);
    text.bytes().fold(String::new(), |path, byte| match byte {
        byte if is_plain(byte) => path + char::from(byte).encode_utf8(&mut [0; 4]),
        other => path + &format!("%{other:02X}"),
    })
}
