//! Readers that ask a UHF tag whether it has its key: `POST /tag-challenges` gives a challenge, `POST /tag-challenges/{id}` takes the
//! response and answers as a scan of the item does.
//!
//! The way through: limits; the challenge is used up; the response is compared; then the item is scanned, as by its address.
//!
//! What holds: every serial of a product gets a challenge, whether it exists or not; an answer for an item that does not exist is that of
//! a scan of such a one; a ticket that is forged, another item's, used or ended gets one answer.
//!
//! Not here: challenges ([`crate::tag_exchange`]), the verdict ([`super::scan_get`]).
//!
//! Source: docs/decisions/0100-uhf-tags-answer-a-challenge-of-ours.md.

use std::sync::atomic::{AtomicU32, Ordering};

use actix_web::web::{self, Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use process::problem::method_not_allowed;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tag_auth::tam::Exchange;

use super::guard::language;
use super::scan_get;
use crate::problem::Problem;
use crate::scanned::Scanned;
use crate::state::AppState;
use crate::{answer, tag_exchange, taps};

/// Most bytes of a request.
const MOST_BYTES: usize = 4096;
/// Bytes of a response.
const RESPONSE: usize = 16;
/// Fewest and most bytes of a TID, as records bind them.
const TID: std::ops::RangeInclusive<usize> = 4..=62;
/// After so many answers the challenges that ended are deleted.
const DELETE_EVERY: u32 = 256;

/// Both paths.
pub fn routes(service: &mut web::ServiceConfig) {
    let refused =
        || web::to(|request: HttpRequest| async move { method_not_allowed(&request, "POST") });
    let ask =
        web::resource("/tag-challenges").route(web::post().to(ask)).default_service(refused());
    let take = web::resource("/tag-challenges/{id}")
        .route(web::post().to(take))
        .default_service(refused());
    service.service(ask).service(take);
}

/// Which tag is to be asked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    item: String,
}

/// What a tag answered.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    item: String,
    /// The item's token, where its product asks for one.
    token: Option<String>,
    key_id: u8,
    response: String,
    tid: Option<String>,
}

/// `POST /tag-challenges`.
///
/// # Errors
///
/// [`Problem`].
pub async fn ask(
    state: Data<AppState>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let question: Question = read(&body, "a JSON object with `item`")?;
    let code = scanned(&question.item)?;
    state.admit(&request)?;
    let Some(given) = tag_exchange::challenge(&state, &code).await? else {
        count(&state, "no_keys");
        let detail =
            "tags of this product are not asked: no key and no service of theirs is known here";
        return Err(Problem::NotFound(detail.into()));
    };
    count(&state, "given");
    Ok(HttpResponse::Created().json(json!({
        "id": given.ticket,
        "challenge": hex::encode_upper(given.challenge),
        "key_ids": given.key_ids,
        "expires": given.expires.to_string(),
    })))
}

/// `POST /tag-challenges/{id}`.
///
/// # Errors
///
/// [`Problem`].
pub async fn take(
    state: Data<AppState>,
    request: HttpRequest,
    ticket: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let sent: Answer = read(
        &body,
        "a JSON object with `item`, `key_id` and `response`, perhaps `tid` and `token`",
    )?;
    let response = bytes("response", &sent.response, RESPONSE..=RESPONSE)?;
    let tid = sent.tid.as_ref().map(|tid| bytes("tid", tid, TID)).transpose()?;
    let (config, language) = (state.config(), language(&request));
    let code = scanned(&sent.item)?.shown(&config.names, sent.token.as_deref());
    if !code.is_item() {
        let detail =
            "items of this product are shown with their token only; expected it as `token`";
        return Err(Problem::NotFound(detail.into()));
    }
    state.admit(&request)?;
    let Some(challenge) = tag_exchange::take(&state, &ticket, &code).await? else {
        count(&state, "no_challenge");
        let detail = "no challenge of this item waits under that id: it was answered, has ended, or is another's; ask for a new one";
        return Err(Problem::NotFound(detail.into()));
    };
    let exchange =
        Exchange { key_id: sent.key_id, challenge, response, tid: tid.unwrap_or_default() };
    let heard = tag_exchange::hear(&state, &code, &exchange).await?;
    let result = scan_get::scan(&state, &request, &code, true, Some(heard)).await?;
    let chip = taps::code(result.tag).unwrap_or("not_checked");
    count(&state, chip);
    delete_some(&state).await;
    let mut document = answer::scan(&result, &config, language);
    document["chip"] = json!(chip);
    Ok(HttpResponse::Ok().json(document))
}

fn count(state: &AppState, outcome: &str) {
    state.metrics.tag_challenges.with_label_values(&[outcome]).inc();
}

/// Deletes challenges that ended, now and then; what is left is deleted the next time.
async fn delete_some(state: &AppState) {
    static ANSWERS: AtomicU32 = AtomicU32::new(1);
    if ANSWERS.fetch_add(1, Ordering::Relaxed).is_multiple_of(DELETE_EVERY)
        && let Err(error) = tag_exchange::delete_ended(state).await
    {
        tracing::warn!(%error, "challenges that ended could not be deleted");
    }
}

fn read<T: DeserializeOwned>(body: &Bytes, expected: &str) -> Result<T, Problem> {
    let malformed = |got: String| {
        Problem::Malformed(format!("got {got}, expected {expected}, of at most {MOST_BYTES} bytes"))
    };
    if body.len() > MOST_BYTES {
        return Err(malformed(format!("{} bytes", body.len())));
    }
    serde_json::from_slice(body).map_err(|error| malformed(error.to_string()))
}

/// The item that a text names: a Digital Link or a URN.
fn scanned(text: &str) -> Result<Scanned, Problem> {
    let item = epc::identify(text).ok().map(|item| item.to_digital_link());
    let link = item.and_then(|link| epc::parse_digital_link(&link).ok());
    let code = link.map(|link| Scanned::of_link(&link)).filter(Scanned::is_item);
    code.ok_or_else(|| {
        let got: String = text.chars().take(80).collect();
        Problem::Malformed(format!(
            "got `{got}` as item, expected a GS1 Digital Link or an EPC URI of a single item"
        ))
    })
}

fn bytes(
    name: &str,
    text: &str,
    length: std::ops::RangeInclusive<usize>,
) -> Result<Vec<u8>, Problem> {
    let bytes = hex::decode(text).ok().filter(|bytes| length.contains(&bytes.len()));
    bytes.ok_or_else(|| {
        let (least, most) = (2 * length.start(), 2 * length.end());
        let got = text.len();
        Problem::Malformed(format!(
            "got {got} characters as {name}, expected {least} to {most} hexadecimal digits"
        ))
    })
}

#[cfg(test)]
mod tests;
