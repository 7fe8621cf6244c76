//! `GET /capture/{id}`: what became of a capture job, or how far it has come; `GET /capture/{id}/document`: a document in XML as it was
//! received.
//!
//! What holds: a job is shown to the partner whose document it records, and to nobody else. Of a long document whose job has
//! stopped, it says how much is recorded. `success` is true until something is refused.
//!
//! Source: EPCIS 2.0 section 12.6 (capture job, with its truth table).

use access::Act;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use ledger::json::{Json, object};
use sql::captures::{ListedCapture, StoredPart};

use super::job_xml;
use super::jobs::Progress;
use super::standard::{CBV, EPCIS, Form, accepted};
use super::state::State;
use super::who::admitted;
use crate::outcome::{Outcome, RefusalAnswer};
use crate::problem::Problem;
use crate::statement::ErrorBehaviour;

/// The outcome of a capture job, with the members of the REST binding. While it is not finished, `chopmark:events` and
/// `chopmark:eventsDone` say how many events the document has and how many of them were recorded, or refused.
///
/// # Errors
///
/// [`Problem::NotFound`] for an id that this partner was never given.
pub async fn get(
    state: Data<State>,
    request: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let partner = admitted(&state, &request, Act::ReadCaptures).await?;
    let form = accepted(&request)?;
    let digest = id.parse::<ledger::Hash>().ok();
    // Whether it runs is asked before its answer, so that one that ends meanwhile is not called stopped.
    let running = digest.and_then(|digest| state.long.progress(&(partner.name.clone(), digest)));
    let stored = sql::captures::find(&state.db, &partner.name, &id).await?;
    let parts = match &digest {
        Some(digest) => sql::captures::parts(&state.db, &partner.name, digest).await?,
        None => Vec::new(),
    };
    let job = match stored {
        Some(stored) => {
            let begun = parts.first().map_or(stored.received_at, |part| part.received_at);
            finished(&id, &stored.outcome, begun, stored.received_at)?
        }
        None if running.is_some() || !parts.is_empty() => unfinished(&id, &parts, running)?,
        None => return Err(unknown(&id)),
    };
    let mut answer = HttpResponse::Ok();
    answer.insert_header(EPCIS).insert_header(CBV);
    Ok(match form {
        Form::Json => answer.content_type("application/json").body(job.canonical()),
        Form::Xml => answer.content_type("application/xml").body(job_xml::text(&job)),
    })
}

/// A document that is kept as it was received.
///
/// # Errors
///
/// [`Problem::NotFound`] for a document that this partner did not send, and for one in JSON.
pub async fn document(
    state: Data<State>,
    request: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, Problem> {
    let partner = admitted(&state, &request, Act::ReadCaptures).await?;
    let digest = id.parse::<ledger::Hash>().map_err(|_| unknown(&id))?;
    let Some(body) = sql::captures::document(&state.db, &partner.name, &digest).await? else {
        let shown: String = id.chars().take(80).collect();
        let detail = format!("no document `{shown}` of this partner is kept; those in XML are");
        return Err(Problem::NotFound(detail));
    };
    Ok(HttpResponse::Ok().content_type("application/xml").body(body))
}

fn unknown(id: &str) -> Problem {
    let shown: String = id.chars().take(80).collect();
    Problem::NotFound(format!("no capture job `{shown}` of this partner"))
}

/// A job of a list.
pub(super) async fn job_of(
    state: &State,
    partner: &str,
    one: &ListedCapture,
) -> Result<Json, Problem> {
    if one.is_finished {
        return finished(&one.capture_id, &one.outcome, one.begun_at, one.received_at);
    }
    let Ok(digest) = one.capture_id.parse::<ledger::Hash>() else {
        return Err(Problem::Internal(format!("capture id `{}` is no digest", one.capture_id)));
    };
    let running = state.long.progress(&(partner.to_owned(), digest));
    let parts = sql::captures::parts(&state.db, partner, &digest).await?;
    unfinished(&one.capture_id, &parts, running)
}

/// A job that runs, of which nothing is recorded yet.
pub(super) fn running_of(id: &str, progress: Progress, behaviour: ErrorBehaviour) -> Json {
    job(id, (true, true), behaviour.word(), Vec::new(), progress_of(progress))
}

type Members = Vec<(&'static str, Json)>;

fn job(
    id: &str,
    (running, success): (bool, bool),
    behaviour: &str,
    errors: Vec<Json>,
    more: Members,
) -> Json {
    let members = vec![
        ("captureID", Json::from(id)),
        ("running", Json::from(running)),
        ("success", Json::from(success)),
        ("captureErrorBehaviour", Json::from(behaviour)),
        ("errors", errors.into()),
    ];
    object(members.into_iter().chain(more))
}

fn finished(
    id: &str,
    outcome: &str,
    begun: jiff::Timestamp,
    at: jiff::Timestamp,
) -> Result<Json, Problem> {
    let outcome = Outcome::again(outcome)?;
    let times = vec![
        ("createdAt", Json::from(format!("{begun:.3}"))),
        ("finishedAt", Json::from(format!("{at:.3}"))),
    ];
    let success = outcome.refusals.is_empty();
    Ok(job(id, (false, success), behaviour_of(&outcome), errors(&outcome.refusals), times))
}

fn progress_of(Progress { done, of }: Progress) -> Members {
    vec![
        ("chopmark:events", Json::from(of as u64)),
        ("chopmark:eventsDone", Json::from(done as u64)),
    ]
}

fn unfinished(id: &str, parts: &[StoredPart], running: Option<Progress>) -> Result<Json, Problem> {
    let mut outcome = Outcome::empty("");
    for part in parts {
        outcome.add(Outcome::again(&part.outcome)?);
    }
    let last = parts.last();
    let stored =
        last.map(|part| Progress { done: part.first_event + part.events, of: part.of_events });
    // A job that goes on with a document does not know at first how far that had come.
    let known = running.filter(|progress| progress.of > 0);
    let progress = known.or(stored).unwrap_or_default();
    let mut errors = errors(&outcome.refusals);
    if running.is_none() {
        let Progress { done, of } = progress;
        errors.push(error(
            "epcisException:ImplementationException",
            "stopped",
            500,
            &format!(
                "stopped after {done} of {of} events, which stay recorded or refused; send the same document again"
            ),
        ));
    }
    let mut more = progress_of(progress);
    if let Some(part) = parts.first() {
        more.push(("createdAt", Json::from(format!("{:.3}", part.received_at))));
    }
    let state = (running.is_some(), errors.is_empty());
    Ok(job(id, state, behaviour_of(&outcome), errors, more))
}

fn behaviour_of(outcome: &Outcome) -> &str {
    outcome.behaviour.as_deref().unwrap_or("rollback")
}

/// What was refused, each as the body of a problem.
fn errors(refusals: &[RefusalAnswer]) -> Vec<Json> {
    let one = |refusal: &RefusalAnswer| {
        error("epcisException:ValidationException", &refusal.code, 422, &refusal.detail)
    };
    refusals.iter().map(one).collect()
}

fn error(kind: &str, title: &str, status: u64, detail: &str) -> Json {
    object([
        ("type", Json::from(kind)),
        ("title", Json::from(title)),
        ("status", Json::from(status)),
        ("detail", Json::from(detail)),
    ])
}
