//! `POST /observations`: a bridge delivers one settled window.
//!
//! The way: read the head, receive the body, admit the sender, parse the delivery, hand it
//! to the ledger's writer, answer after the commit.
//!
//! | status | meaning | what the bridge does |
//! |---|---|---|
//! | 201 | recorded, durable | deletes it |
//! | 200 | redelivery; the same answer as before | deletes it |
//! | 401 | sender not admitted; counted, a sample is stored | keeps it, raises an alarm |
//! | 408 | the body did not arrive in time | sends it again |
//! | 409 | another delivery has its number; stored and counted | sends it under a number of a new boot |
//! | 413, 422 | never acceptable; 422 is stored with its reason | sets it aside, whole |
//! | 429 | too many requests of this address were not admitted | keeps it |
//! | 503 | not durable | sends it again |

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use reads::Delivery;

use super::state::State;
use crate::admit::{self, Claim};
use crate::outcome::Outcome;
use crate::problem::Problem;
use crate::writer::{Ready, Work};

/// Handles the request.
///
/// # Errors
///
/// [`Problem`], as in the table above; a sender that disconnected does not get its answer.
pub async fn post(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let outcome = record(&state, &request, payload).await;
    let label = match &outcome {
        Ok(outcome) if outcome.repeated => "repeated",
        Ok(_) => "recorded",
        Err(Problem::Unavailable | Problem::Internal(_)) => "unavailable",
        Err(_) => "refused",
    };
    state.metrics.deliveries.with_label_values(&[label]).inc();
    let outcome = outcome?;
    let mut answer = if outcome.repeated { HttpResponse::Ok() } else { HttpResponse::Created() };
    Ok(answer.json(&outcome))
}

/// Why a delivery is not handed to the writer.
enum Refused {
    /// Its sender is not admitted.
    Stranger(Problem),
    /// It cannot be handed to its ledger's writer.
    Other(Problem),
    /// Its sender is admitted, and it violates the contract: code and reason.
    Delivery(&'static str, String),
}

async fn record(
    state: &Data<State>,
    request: &HttpRequest,
    payload: Payload,
) -> Result<Outcome, Problem> {
    let claimed = request
        .headers()
        .get("Chopmark-Bridge")
        .and_then(|value| value.to_str().ok())
        .unwrap_or("(none)")
        .chars()
        .take(128)
        .collect::<String>();
    let from = (claimed.as_str(), "delivery");
    let claim = match admit::claim(&state.config, request) {
        Ok(claim) => claim,
        Err(problem) => return Err(state.refuse_stranger(request, from, problem, &[]).await),
    };
    let body = state.receive(request, payload, reads::MAX_BYTES).await?;
    let (shared, bytes) = (state.clone(), body.bytes.len());
    let work = move || {
        let found = read(&shared, claim, &body.bytes);
        (found, body)
    };
    let (found, body) = state.work(bytes, work).await?;
    let (ledger, ready) = match found {
        Ok(found) => found,
        Err(Refused::Stranger(problem)) => {
            return Err(state.refuse_stranger(request, from, problem, &body.bytes).await);
        }
        Err(Refused::Other(problem)) => return Err(problem),
        Err(Refused::Delivery(code, detail)) => {
            state.refuse(&claimed, "delivery", code, (&detail, 1), &body.bytes).await?;
            return Err(Problem::Malformed { detail, violations: vec![] });
        }
    };
    let answer = state.submit(&ledger, ready).await;
    // What was taken for the body is given back when its work is done.
    drop(body);
    answer
}

/// Admits, parses and prepares a delivery; returns the ledger that it is for.
fn read(state: &State, claim: Claim, body: &[u8]) -> Result<(String, Ready), Refused> {
    let admitted = admit::bridge(&state.config, claim, body).map_err(Refused::Stranger)?;
    let refused = |code, detail| Err(Refused::Delivery(code, detail));
    let delivery = match Delivery::parse(body) {
        Ok(delivery) => delivery,
        Err(error) => return refused("malformed", error.to_string()),
    };
    let claims = (admitted.id, admitted.boot, admitted.seq);
    if claims != (delivery.bridge.as_str(), delivery.boot, delivery.seq) {
        let detail = format!(
            "headers and body differ: got bridge {} boot {} sequence {} in the headers, {} {} {} in the body",
            claims.0, claims.1, claims.2, delivery.bridge, delivery.boot, delivery.seq
        );
        return refused("headers-differ", detail);
    }
    if let Err(place) = admitted.bridge.read_points.check(&delivery) {
        let detail = format!(
            "got read point {place}, expected one of bridge {}: another bridge speaks for it, or it is not in \
             `read_points` of this one",
            admitted.id
        );
        return refused("foreign-read-point", detail);
    }
    // Parsed as JSON, so it is UTF-8.
    let body = String::from_utf8_lossy(body).into_owned();
    let work = Work::Delivery { delivery: Box::new(delivery), body, signature: admitted.signature };
    let ledger = admitted.bridge.ledger.clone();
    let ready = state.writer(&ledger).map_err(Refused::Other)?.prepare(work);
    Ok((ledger, ready))
}
