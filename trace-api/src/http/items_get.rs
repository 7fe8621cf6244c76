//! `GET /items/{epc}/history` and `/items/{epc}/bundle`.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use epc::Epc;
use serde_json::json;

use super::{MAX_PART, State};
use crate::problem::Problem;
use history::story::{Story, gather};

fn parse(text: &str) -> Result<Epc, Problem> {
    if text.len() > MAX_PART {
        return Err(Problem::Malformed(format!(
            "{} characters; an EPC URI of at most {MAX_PART} would be right",
            text.len()
        )));
    }
    text.parse().map_err(|error: epc::EpcError| Problem::Malformed(error.to_string()))
}

async fn story(state: &State, text: &str) -> Result<Story, Problem> {
    let story = gather(&state.db, &state.config.policy, &parse(text)?).await?;
    if story.told.is_empty() {
        return Err(Problem::NotFound("no record names it".into()));
    }
    Ok(story)
}

/// The records of a thing, in order of time.
///
/// # Errors
///
/// [`Problem`].
pub async fn history(state: Data<State>, epc: Path<String>) -> Result<HttpResponse, Problem> {
    let story = story(&state, &epc).await?;
    let records: Vec<_> = story
        .told
        .iter()
        .map(|one| {
            json!({
                "at": one.at.to_string(), "step": one.step, "disposition": one.disposition, "place": one.place,
                "ledger": one.origin, "party": one.party, "index": one.stored.index, "sensed": one.sensed,
                "inferredVia": one.via, "lot": one.lot, "broken": one.broken,
            })
        })
        .collect();
    Ok(HttpResponse::Ok().json(json!({ "item": story.item.to_uri(), "records": records })))
}

/// The file that proves them.
///
/// # Errors
///
/// [`Problem`].
pub async fn bundle(state: Data<State>, epc: Path<String>) -> Result<HttpResponse, Problem> {
    let story = story(&state, &epc).await?;
    let bundle = history::bundle::build(&state.db, &story, state.config.hub.as_deref()).await?;
    let anchored = if bundle.anchor.is_some() { "yes" } else { "no" };
    state.metrics.bundles.with_label_values(&[anchored]).inc();
    let name: String =
        bundle.item.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    Ok(HttpResponse::Ok()
        .content_type(ledger::bundle::MEDIA_TYPE)
        .insert_header((
            "Content-Disposition",
            format!("attachment; filename=\"{name}.bundle.json\""),
        ))
        .body(bundle.to_bytes()))
}
