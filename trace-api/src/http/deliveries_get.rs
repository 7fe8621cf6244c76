//! `GET /deliveries`: receipts compared with what was announced.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use serde::Deserialize;
use serde_json::json;

use super::State;
use crate::problem::Problem;

/// What to show.
#[derive(Debug, Deserialize)]
pub struct Filter {
    /// Reference of one despatch advice.
    despatch_advice: Option<String>,
}

/// Lists receipts, newest first.
///
/// # Errors
///
/// [`Problem::Unavailable`].
pub async fn list(state: Data<State>, filter: Query<Filter>) -> Result<HttpResponse, Problem> {
    let found = sql::expected::differences(&state.db, filter.despatch_advice.as_deref()).await?;
    let deliveries: Vec<_> = found
        .into_iter()
        .map(|one| {
            json!({
                "ledger": one.ledger, "index": one.leaf_index, "despatchAdvice": one.despatch_advice,
                "shippedBy": one.shipped_by, "announced": one.announced, "received": one.received,
                "missing": one.missing, "unexpected": one.unexpected, "at": one.at.to_string(),
            })
        })
        .collect();
    Ok(HttpResponse::Ok().json(json!({ "deliveries": deliveries })))
}
