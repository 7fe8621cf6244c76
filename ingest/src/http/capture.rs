//! `POST /capture` and `GET /capture/{id}`: partners state events as EPCIS 2.0 documents.
//!
//! The way: admit the partner by the head of the request, receive the body, check each event (away from the HTTP
//! workers), hand them to the ledger's writer, which checks them again only if the directory's rights have changed
//! meanwhile, answer after the commit with 202 and the location of the capture job, as the EPCIS REST binding specifies.
//!
//! What holds: 202 means that something was recorded. With `GS1-Capture-Error-Behaviour: rollback`, the default, that is
//! the whole document, and a document with one refused event is answered with 422 and leaves nothing; with `proceed` it
//! is every event that could be, and answer and job name the others. The same document gets the same answer again.
//! `?dryRun=true` checks everything and records nothing; XML is refused with 415 under any `Content-Type`.
//!
//! Not here: the query interface, which is trace-api's.
//!
//! Source: EPCIS 2.0 section 12.3 (capture interface).

use actix_web::web::{Data, Path, Payload, Query, block};
use actix_web::{HttpRequest, HttpResponse};
use ledger::json::{Json, object};
use serde_json::json;

use super::intake::Body;
use super::state::State;
use crate::admit;
use crate::config::Partner;
use crate::outcome::Outcome;
use crate::problem::{Problem, Violation};
use crate::statement::{self, ErrorBehaviour, WholeRefusal, whole_refusal};
use crate::terms::Fault;
use crate::writer::{Ready, Work};

/// Name of the header that says what happens to a document of which some events are refused.
const ERROR_BEHAVIOUR: &str = "GS1-Capture-Error-Behaviour";
/// Most violations in the answer to a dry run.
const MOST_LISTED: usize = 1000;

/// Name of the parameter that asks for a check only.
const DRY_RUN: &str = "dryRun";
/// The answer to XML.
const XML: &str = "XML is not read by this interface yet; expected EPCIS 2.0 JSON-LD";

/// Handles a document.
///
/// # Errors
///
/// [`Problem::Malformed`] with one entry per field that violates the contract, [`Problem::UnsupportedMediaType`] for XML;
/// the refusal is stored.
pub async fn post(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let answer = capture(&state, &request, payload).await;
    let label = match &answer {
        Ok(Answer::Checked(_)) => "checked",
        Ok(Answer::Recorded(outcome)) if outcome.repeated => "repeated",
        Ok(Answer::Recorded(_)) => "recorded",
        Err(Problem::Unavailable | Problem::Internal(_)) => "unavailable",
        Err(_) => "refused",
    };
    state.metrics.captures.with_label_values(&[label]).inc();
    match answer? {
        Answer::Checked(found) => Ok(HttpResponse::Ok().json(found)),
        Answer::Recorded(outcome) => {
            let id = outcome.capture.clone().unwrap_or_default();
            let behaviour = outcome.behaviour.clone().unwrap_or_else(|| "rollback".to_owned());
            Ok(HttpResponse::Accepted()
                .insert_header(("Location", format!("/capture/{id}")))
                .insert_header(("GS1-EPCIS-Version", "2.0.0"))
                .insert_header((ERROR_BEHAVIOUR, behaviour))
                .json(&outcome))
        }
    }
}

/// What a document is answered with.
enum Answer {
    /// What a dry run found.
    Checked(serde_json::Value),
    Recorded(Outcome),
}

async fn capture(
    state: &Data<State>,
    request: &HttpRequest,
    payload: Payload,
) -> Result<Answer, Problem> {
    let partner = admitted(state, request).await?;
    let behaviour = error_behaviour(request)?;
    let is_dry_run = dry_run(request.query_string())?;
    let body = state.receive(request, payload, usize::MAX).await?;
    if statement::is_xml(&body.bytes) {
        if !is_dry_run {
            let code = "unsupported-media-type";
            state.refuse(&partner.name, "capture", code, (XML, 1), &body.bytes).await?;
        }
        return Err(Problem::UnsupportedMediaType(XML));
    }
    let writer = state.writer(&partner.ledger)?.clone();
    let name = partner.name.clone();
    let read = block(move || {
        let digest = ledger::hash::sha256(&body.bytes);
        match statement::read(&body.bytes) {
            Err(fault) => Read { events: 0, faults: vec![fault], digest, body, ready: None },
            Ok(events) => {
                let count = events.len();
                // A dry run makes the records as well.
                let ready = writer.prepare(Work::Capture {
                    capture: digest.to_string(),
                    partner: name,
                    document_sha256: digest,
                    events,
                    behaviour,
                });
                let faults = ready.faults();
                Read { events: count, faults, digest, body, ready: Some(ready) }
            }
        }
    });
    let read = read.await.map_err(|error| Problem::Internal(error.to_string()))?;
    if is_dry_run {
        return checked(state, partner, behaviour, &read).await.map(Answer::Checked);
    }
    record(state, partner, behaviour, read).await.map(Answer::Recorded)
}

/// A document that was read and checked.
struct Read {
    /// How many events it has.
    events: usize,
    faults: Vec<Fault>,
    digest: ledger::Hash,
    body: Body,
    /// None if it is no document.
    ready: Option<Ready>,
}

impl Read {
    /// Whether anything of it can be recorded.
    fn is_recordable(&self, behaviour: ErrorBehaviour) -> bool {
        match behaviour {
            ErrorBehaviour::Rollback => self.faults.is_empty(),
            ErrorBehaviour::Proceed => self.faults.len() < self.events,
        }
    }
}

async fn admitted<'a>(state: &'a State, request: &HttpRequest) -> Result<&'a Partner, Problem> {
    match admit::partner(&state.config, request) {
        Ok(partner) => Ok(partner),
        Err(problem) => {
            let from = ("(unknown partner)", "capture");
            Err(state.refuse_stranger(request, from, problem, &[]).await)
        }
    }
}

/// Whether the address asks for a check only.
fn dry_run(query: &str) -> Result<bool, Problem> {
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

/// What a dry run answers.
async fn checked(
    state: &State,
    partner: &Partner,
    behaviour: ErrorBehaviour,
    read: &Read,
) -> Result<serde_json::Value, Problem> {
    let id = read.digest.to_string();
    let before = sql::captures::find(&state.db, &partner.name, &id).await?;
    let all = read.faults.iter().flat_map(|fault| &fault.violations);
    let count = all.clone().count();
    let violations: Vec<Violation> = all.take(MOST_LISTED).map(Violation::from).collect();
    let is_recordable = read.is_recordable(behaviour);
    Ok(json!({
        "dryRun": true,
        "outcome": if is_recordable { "would be recorded" } else { "would be refused" },
        "wouldBeRecorded": is_recordable,
        "recordedBefore": before.is_some(),
        "captureErrorBehaviour": behaviour.word(),
        "events": read.events,
        "refusedEvents": if read.events == 0 { 0 } else { read.faults.len() },
        "violationsInAll": count,
        "violations": violations,
    }))
}

async fn record(
    state: &State,
    partner: &Partner,
    behaviour: ErrorBehaviour,
    read: Read,
) -> Result<Outcome, Problem> {
    let is_recordable = read.is_recordable(behaviour);
    let Some(ready) = read.ready.filter(|_| is_recordable) else {
        // What was recorded once keeps its answer, whatever would be said of it today.
        if let Some(stored) =
            sql::captures::find(&state.db, &partner.name, &read.digest.to_string()).await?
        {
            return Ok(Outcome::again(&stored.outcome)?);
        }
        let refusal = whole_refusal(&read.faults);
        let WholeRefusal { code, detail, count, .. } = &refusal;
        state.refuse(&partner.name, "capture", code, (detail, *count), &read.body.bytes).await?;
        return Err(refusal.to_problem());
    };
    let answer = state.submit(&partner.ledger, ready).await;
    // What was taken for the body is given back when its work is done.
    drop(read.body);
    answer
}

/// The outcome of a capture job, with the members of the REST binding.
///
/// # Errors
///
/// [`Problem::NotFound`] for an id that this partner was never given.
pub async fn get(
    state: Data<State>,
    request: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let partner = admitted(&state, &request).await?;
    let stored = sql::captures::find(&state.db, &partner.name, &id).await?;
    let stored = stored.ok_or_else(|| {
        let shown: String = id.chars().take(80).collect();
        Problem::NotFound(format!("no capture job `{shown}` of this partner"))
    })?;
    let outcome: Outcome = serde_json::from_str(&stored.outcome)
        .map_err(|error| Problem::Internal(format!("stored outcome cannot be parsed: {error}")))?;
    let time = format!("{:.3}", stored.received_at);
    let behaviour = outcome.behaviour.as_deref().unwrap_or("rollback");
    let errors = outcome.refusals.iter().map(|refusal| Json::from(refusal.detail.as_str()));
    let job = object([
        ("captureID", Json::from(id.as_str())),
        ("createdAt", Json::from(time.as_str())),
        ("finishedAt", Json::from(time.as_str())),
        ("running", Json::from(false)),
        ("success", Json::from(outcome.refusals.is_empty())),
        ("captureErrorBehaviour", Json::from(behaviour)),
        ("errors", Json::Array(errors.collect())),
    ]);
    Ok(HttpResponse::Ok().content_type("application/json").body(job.canonical()))
}
