//! `POST /capture` and `GET /capture/{id}`: partners state events as EPCIS 2.0 documents.
//!
//! The way: admit the partner, validate the whole document, hand its events to the ledger's writer, answer
//! after the commit with 202 and the location of the capture job, as the EPCIS REST binding specifies. A document
//! is accepted whole or not at all; the same document gets the same answer again.
//!
//! Not here: the query interface, which is trace-api's.
//!
//! Source: EPCIS 2.0 section 12.3 (capture interface).

use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use ledger::json::{Json, object};

use super::state::State;
use crate::admit;
use crate::outcome::Outcome;
use crate::problem::{Problem, Violation};
use crate::writer::Work;

/// Handles a document.
///
/// # Errors
///
/// [`Problem::Malformed`] with one entry per field that violates the contract; the refusal is stored.
pub async fn post(
    state: Data<State>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let outcome = capture(&state, &request, &body).await;
    let label = match &outcome {
        Ok(outcome) if outcome.repeated => "repeated",
        Ok(_) => "recorded",
        Err(Problem::Unavailable | Problem::Internal(_)) => "unavailable",
        Err(_) => "refused",
    };
    state.metrics.captures.with_label_values(&[label]).inc();
    let outcome = outcome?;
    let id = outcome.capture.clone().unwrap_or_default();
    Ok(HttpResponse::Accepted()
        .insert_header(("Location", format!("/capture/{id}")))
        .insert_header(("GS1-EPCIS-Version", "2.0.0"))
        .json(&outcome))
}

async fn capture(state: &State, request: &HttpRequest, body: &Bytes) -> Result<Outcome, Problem> {
    let partner = match admit::partner(&state.config, request) {
        Ok(partner) => partner,
        Err(problem) => {
            let detail = problem.to_string();
            state.refuse("(unknown partner)", "capture", "not-admitted", &detail, body).await?;
            return Err(problem);
        }
    };
    let document = match epcis::Document::parse(body) {
        Ok(document) => document,
        Err(found) => {
            let violations: Vec<Violation> = found
                .into_iter()
                .map(|violation| Violation {
                    pointer: violation.pointer,
                    value: violation.value,
                    problem: violation.problem,
                    expected: violation.expected,
                })
                .collect();
            let first = violations.first().map_or_else(String::new, |violation| {
                format!(
                    " {}: {}, got `{}`, expected {}",
                    violation.pointer, violation.problem, violation.value, violation.expected
                )
            });
            let detail = format!("not a valid EPCIS 2.0 document:{first}");
            state.refuse(&partner.name, "capture", "malformed", &detail, body).await?;
            return Err(Problem::Malformed { detail, violations });
        }
    };
    let document_sha256 = ledger::hash::sha256(body);
    let work = Work::Capture {
        capture: document_sha256.to_string(),
        partner: partner.name.clone(),
        document_sha256,
        events: document.events().to_vec(),
    };
    state.submit(&partner.ledger, work).await
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
    let partner = admit::partner(&state.config, &request)?;
    let stored = sql::captures::find(&state.db, &partner.name, &id).await?;
    let stored = stored.ok_or_else(|| {
        let shown: String = id.chars().take(80).collect();
        Problem::NotFound(format!("no capture job `{shown}` of this partner"))
    })?;
    let outcome: Outcome = serde_json::from_str(&stored.outcome)
        .map_err(|error| Problem::Internal(format!("stored outcome cannot be parsed: {error}")))?;
    let time = format!("{:.3}", stored.received_at);
    let job = object([
        ("captureID", Json::from(id.as_str())),
        ("createdAt", Json::from(time.as_str())),
        ("finishedAt", Json::from(time.as_str())),
        ("running", Json::from(false)),
        ("success", Json::from(outcome.refusals.is_empty())),
        ("captureErrorBehaviour", Json::from("rollback")),
        (
            "errors",
            Json::Array(
                outcome
                    .refusals
                    .iter()
                    .map(|refusal| Json::from(refusal.detail.as_str()))
                    .collect(),
            ),
        ),
    ]);
    Ok(HttpResponse::Ok().content_type("application/json").body(job.canonical()))
}
