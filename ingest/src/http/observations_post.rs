//! `POST /observations`: a bridge delivers one settled window.
//!
//! The way: admit the sender, parse the delivery, hand it to the ledger's writer, answer after the commit.
//!
//! | status | meaning | what the bridge does |
//! |---|---|---|
//! | 201 | recorded, durable | deletes it |
//! | 200 | redelivery; the same answer as before | deletes it |
//! | 401 | sender not admitted; stored and counted | keeps it, raises an alarm |
//! | 409 | another delivery has its number; stored and counted | sends it under a number of a new boot |
//! | 413, 422 | never acceptable; 422 is stored with its reason | sets it aside, whole |
//! | 503 | not durable | sends it again |

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use reads::Delivery;

use super::state::State;
use crate::admit;
use crate::problem::Problem;
use crate::writer::Work;

/// Handles the request.
///
/// # Errors
///
/// [`Problem`], as in the table above; a sender that disconnected does not get its answer.
pub async fn post(
    state: Data<State>,
    request: HttpRequest,
    body: Result<Bytes, actix_web::Error>,
) -> Result<HttpResponse, actix_web::Error> {
    let body = body.map_err(|error| match error.as_response_error().status_code() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let limit_bytes = state.config.settings.max_body_bytes;
            Problem::TooLarge { limit_bytes }.into()
        }
        _ => error,
    })?;
    let outcome = record(&state, &request, &body).await;
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

async fn record(
    state: &State,
    request: &HttpRequest,
    body: &Bytes,
) -> Result<crate::outcome::Outcome, Problem> {
    let claimed = request
        .headers()
        .get("Chopmark-Bridge")
        .and_then(|value| value.to_str().ok())
        .unwrap_or("(none)")
        .chars()
        .take(128)
        .collect::<String>();
    let admitted = match admit::bridge(&state.config, request, body) {
        Ok(admitted) => admitted,
        Err(problem) => {
            let detail = problem.to_string();
            state.refuse(&claimed, "delivery", "not-admitted", &detail, body).await?;
            return Err(problem);
        }
    };
    let delivery = match Delivery::parse(body) {
        Ok(delivery) => delivery,
        Err(error) => {
            let detail = error.to_string();
            state.refuse(admitted.id, "delivery", "malformed", &detail, body).await?;
            return Err(Problem::Malformed { detail, violations: vec![] });
        }
    };
    let claims = (admitted.id, admitted.boot, admitted.seq);
    if claims != (delivery.bridge.as_str(), delivery.boot, delivery.seq) {
        let detail = format!(
            "headers and body differ: got bridge {} boot {} sequence {} in the headers, {} {} {} in the body",
            claims.0, claims.1, claims.2, delivery.bridge, delivery.boot, delivery.seq
        );
        state.refuse(admitted.id, "delivery", "headers-differ", &detail, body).await?;
        return Err(Problem::Malformed { detail, violations: vec![] });
    }
    let text = std::str::from_utf8(body)
        .map_err(|error| Problem::Internal(format!("parsed body is not UTF-8: {error}")))?;
    let work = Work::Delivery {
        delivery: Box::new(delivery),
        body: text.to_owned(),
        signature: admitted.signature,
    };
    state.submit(&admitted.bridge.ledger, work).await
}
