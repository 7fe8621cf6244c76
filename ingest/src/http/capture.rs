//! `POST /capture`: partners state events as EPCIS documents, JSON or XML.
//!
//! The way: admit the partner by the head of the request, receive the body, check each event, hand them to the ledger's writer, which checks them again only if the directory's rights have changed
//! meanwhile, answer after the commit with 202 and the location of the capture job, as the EPCIS REST binding specifies.
//!
//! What holds: 202 means that something was recorded. With `GS1-Capture-Error-Behaviour: rollback`, the default, that is
//! the whole document, and a document with one refused event is answered with 422 and leaves nothing; with `proceed` it
//! is every event that could be, and answer and job name the others. The same document gets the same answer again.
//! A long document is recorded in parts (`long.rs`).
//! `?dryRun=true` checks everything and records nothing. What a body is, its first character says: XML is recorded in its JSON form
//! ([`epcis::xml`]) and kept as received; the record names the SHA-256 of what was received.
//!
//! Not here: what became of a capture job (`capture_job.rs`, `captures_get.rs`), one event alone (`events_post.rs`), the query
//! interface, which is trace-api's.
//!
//! Source: EPCIS 2.0 section 12.3 (capture interface).

use std::sync::Arc;

use access::Act;
use actix_web::web::{Data, Payload, Query};
use actix_web::{HttpRequest, HttpResponse};

use super::intake::Body;
use super::judged::{Answer, Checked, checked, refuse_whole};
use super::long;
use super::standard::{CBV, EPCIS, ERROR_BEHAVIOUR, check_head};
use super::state::State;
use super::who::admitted;
use crate::config::Partner;
use crate::document::{Bytes, StatedDocument};
use crate::outcome::Outcome;
use crate::problem::Problem;
use crate::statement::ErrorBehaviour;
use crate::writer::{Ready, Work, Writer};

/// Name of the parameter that asks for a check only.
const DRY_RUN: &str = "dryRun";

/// Handles a document.
///
/// # Errors
///
/// [`Problem::Malformed`] with one entry per field that violates the contract; the refusal is stored.
pub async fn post(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let answer = capture(&state, &request, payload).await;
    state.metrics.captures.with_label_values(&[label(answer.as_ref())]).inc();
    match answer? {
        Answer::Checked(found) => Ok(HttpResponse::Ok().json(found)),
        Answer::Recorded(outcome) => {
            let id = outcome.capture.clone().unwrap_or_default();
            let behaviour = outcome.behaviour.clone().unwrap_or_else(|| "rollback".to_owned());
            Ok(HttpResponse::Accepted()
                .insert_header(("Location", format!("/capture/{id}")))
                .insert_header(EPCIS)
                .insert_header(CBV)
                .insert_header((ERROR_BEHAVIOUR, behaviour))
                .json(&outcome))
        }
    }
}

/// The word for an answer in the metrics.
pub(super) fn label(answer: Result<&Answer, &Problem>) -> &'static str {
    match answer {
        Ok(Answer::Checked(_)) => "checked",
        Ok(Answer::Recorded(outcome)) if outcome.repeated => "repeated",
        Ok(Answer::Recorded(_)) => "recorded",
        Err(Problem::Unavailable | Problem::Internal(_)) => "unavailable",
        Err(_) => "refused",
    }
}

async fn capture(
    state: &Data<State>,
    request: &HttpRequest,
    payload: Payload,
) -> Result<Answer, Problem> {
    let partner = admitted(state, request, Act::Capture).await?;
    let partner = &partner;
    check_head(request)?;
    let behaviour = error_behaviour(request)?;
    let is_dry_run = dry_run(request.query_string())?;
    let body = state.receive(request, payload, usize::MAX).await?;
    if body.bytes.len() > long::SHORT_BYTES {
        return long::capture(state, partner, behaviour, is_dry_run, body).await;
    }
    let writer = state.writer(&partner.ledger)?.clone();
    let name = partner.name.clone();
    let bytes = body.bytes.len();
    let most = state.config.settings.max_events;
    let work = move || read(&writer, name, behaviour, most, body);
    let (found, read) = state.work(bytes, work).await?;
    if is_dry_run {
        return checked(state, partner, behaviour, &found).await.map(Answer::Checked);
    }
    record(state, partner, behaviour, (found, read)).await.map(Answer::Recorded)
}

/// A document and its records, or the bytes of what is none.
pub(super) type Document = Result<(Arc<StatedDocument>, Ready), Bytes>;

/// Reads, checks and prepares a short document.
pub(super) fn read(
    writer: &Writer,
    partner: String,
    behaviour: ErrorBehaviour,
    max_events: usize,
    body: Body,
) -> (Checked, Document) {
    let digest = ledger::hash::sha256(&body.bytes);
    let document = match StatedDocument::read(Box::new(body), max_events) {
        Ok(document) => Arc::new(document),
        Err((fault, bytes)) => {
            return (Checked { digest, events: 0, faults: fault.into() }, Err(bytes));
        }
    };
    // A dry run makes the records as well.
    let ready = writer.prepare(Work::Capture {
        capture: digest.to_string(),
        partner,
        document_sha256: digest,
        document: Arc::clone(&document),
        behaviour,
    });
    let found = Checked { digest, events: document.len(), faults: ready.faults() };
    (found, Ok((document, ready)))
}

/// Whether the address asks for a check only.
pub(super) fn dry_run(query: &str) -> Result<bool, Problem> {
    let shown = |text: &str| text.chars().take(40).collect::<String>();
    let pairs = Query::<Vec<(String, String)>>::from_query(query)
        .map_err(|error| Problem::BadRequest(format!("got a query without parameters: {error}")))?;
    let mut found = None;
    for (name, value) in pairs.into_inner() {
        if name != DRY_RUN {
            let name = shown(&name);
            let detail = format!("got the parameter `{name}`, expected none but `{DRY_RUN}`");
            return Err(Problem::BadRequest(detail));
        }
        let Ok(asked) = value.parse::<bool>() else {
            let value = shown(&value);
            let detail =
                format!("the parameter `{DRY_RUN}`: got `{value}`, expected true or false");
            return Err(Problem::BadRequest(detail));
        };
        if found.replace(asked).is_some() {
            let detail = format!("got the parameter `{DRY_RUN}` more than once, expected it once");
            return Err(Problem::BadRequest(detail));
        }
    }
    Ok(found.unwrap_or(false))
}

fn error_behaviour(request: &HttpRequest) -> Result<ErrorBehaviour, Problem> {
    let Some(value) = request.headers().get(ERROR_BEHAVIOUR) else {
        return Ok(ErrorBehaviour::default());
    };
    let known = value.to_str().ok().and_then(ErrorBehaviour::parse);
    known.ok_or_else(|| {
        let got: String = String::from_utf8_lossy(value.as_bytes()).chars().take(40).collect();
        Problem::BadRequest(format!("{ERROR_BEHAVIOUR}: got `{got}`, expected rollback or proceed"))
    })
}

/// Records a document that was read, or refuses it.
pub(super) async fn record(
    state: &State,
    partner: &Partner,
    behaviour: ErrorBehaviour,
    (found, document): (Checked, Document),
) -> Result<Outcome, Problem> {
    let is_recordable = found.is_recordable(behaviour);
    let document = match document {
        // The document keeps what was taken for its body until its work is done.
        Ok((_document, ready)) if is_recordable => {
            return state.submit(&partner.ledger, ready).await;
        }
        other => other,
    };
    // What was recorded once keeps its answer, whatever would be said of it today.
    let id = found.digest.to_string();
    if let Some(stored) = sql::captures::find(&state.db, &partner.name, &id).await? {
        return Ok(Outcome::again(&stored.outcome)?);
    }
    let bytes = match &document {
        Ok((document, _)) => document.bytes(),
        Err(bytes) => (**bytes).as_ref(),
    };
    Err(refuse_whole(state, &partner.name, &found.faults, bytes).await)
}
