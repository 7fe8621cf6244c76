//! `GET /capture/{id}`: what became of a capture job, or how far it has come.
//!
//! What holds: a job is shown to the partner whose document it records, and to nobody else. Of a long document whose job has
//! stopped, it says how much is recorded.
//!
//! Source: EPCIS 2.0 section 12.3 (capture interface).

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use ledger::json::{Json, object};
use sql::captures::{StoredCapture, StoredPart};

use super::capture::admitted;
use super::jobs::Progress;
use super::state::State;
use crate::outcome::{Outcome, RefusalAnswer};
use crate::problem::Problem;

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
    let partner = admitted(&state, &request).await?;
    let digest = id.parse::<ledger::Hash>().ok();
    // Whether it runs is asked before its answer, so that one that ends meanwhile is not called stopped.
    let running = digest.and_then(|digest| state.long.progress(&(partner.name.clone(), digest)));
    let stored = sql::captures::find(&state.db, &partner.name, &id).await?;
    let parts = match &digest {
        Some(digest) => sql::captures::parts(&state.db, &partner.name, digest).await?,
        None => Vec::new(),
    };
    let members = match stored {
        Some(stored) => finished(&stored, &parts)?,
        None if running.is_some() || !parts.is_empty() => unfinished(&parts, running)?,
        None => {
            let shown: String = id.chars().take(80).collect();
            return Err(Problem::NotFound(format!("no capture job `{shown}` of this partner")));
        }
    };
    let job = object([("captureID", Json::from(id.as_str()))].into_iter().chain(members));
    Ok(HttpResponse::Ok().content_type("application/json").body(job.canonical()))
}

type Members = Vec<(&'static str, Json)>;

fn finished(stored: &StoredCapture, parts: &[StoredPart]) -> Result<Members, Problem> {
    let outcome = Outcome::again(&stored.outcome)?;
    let at = stored.received_at;
    let begun = parts.first().map_or(at, |part| part.received_at);
    Ok(vec![
        ("createdAt", Json::from(format!("{begun:.3}"))),
        ("finishedAt", Json::from(format!("{at:.3}"))),
        ("running", Json::from(false)),
        ("success", Json::from(outcome.refusals.is_empty())),
        ("captureErrorBehaviour", behaviour_of(&outcome)),
        ("errors", errors(&outcome.refusals).into()),
    ])
}

fn unfinished(parts: &[StoredPart], running: Option<Progress>) -> Result<Members, Problem> {
    let mut outcome = Outcome::empty("");
    for part in parts {
        outcome.add(Outcome::again(&part.outcome)?);
    }
    let last = parts.last();
    let stored =
        last.map(|part| Progress { done: part.first_event + part.events, of: part.of_events });
    // A job that goes on with a document does not know at first how far that had come.
    let known = running.filter(|progress| progress.of > 0);
    let Progress { done, of } = known.or(stored).unwrap_or_default();
    let mut errors = errors(&outcome.refusals);
    if running.is_none() {
        errors.push(Json::from(format!(
            "stopped after {done} of {of} events, which stay recorded or refused; send the same document again"
        )));
    }
    let mut members = vec![
        ("running", Json::from(running.is_some())),
        ("success", Json::from(false)),
        ("captureErrorBehaviour", behaviour_of(&outcome)),
        ("errors", errors.into()),
        ("chopmark:events", Json::from(of as u64)),
        ("chopmark:eventsDone", Json::from(done as u64)),
    ];
    if let Some(part) = parts.first() {
        members.push(("createdAt", Json::from(format!("{:.3}", part.received_at))));
    }
    Ok(members)
}

fn behaviour_of(outcome: &Outcome) -> Json {
    Json::from(outcome.behaviour.as_deref().unwrap_or("rollback"))
}

fn errors(refusals: &[RefusalAnswer]) -> Vec<Json> {
    refusals.iter().map(|refusal| Json::from(refusal.detail.as_str())).collect()
}
