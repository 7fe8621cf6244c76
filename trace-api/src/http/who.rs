//! Who asks: from the head of a request to a caller with what they were given.
//!
//! The way through: [`identify`] hands what the request shows to [`gate`], [`allowed`] asks it whether the caller may do what is asked
//! for; [`check_reason`] and [`basis`] come before a query that must be recorded, and [`record`] has the read recorded after it.
//!
//! What holds: what must be recorded is refused without a reason, before anything is looked up; it is recorded with what came of it
//! before anything is answered, and refused if it cannot be recorded.
//!
//! Not here: keys and tokens ([`gate`]), roles and limits (`access`), the ledger of reads ([`gate::read_log`]).
//!
//! Sources: RFC 6750; decisions 0058 and 0072.

use access::{Act, Identity, Sight};
use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use gate::read_log::{Basis, Outcome, Read};
use percent_encoding::percent_decode_str;
use process::tls::client;

use crate::problem::Problem;
use crate::state::AppState;

/// Header with the reason of a read, in UTF-8 with percent escapes.
pub const REASON: &str = "Chopmark-Reason";
/// Characters of a reason.
const REASON_CHARACTERS: std::ops::RangeInclusive<usize> = 3..=500;

/// The caller of a request: by a key of `chopmark access`, a token of a provider, or the client certificate of its connection.
///
/// # Errors
///
/// [`Problem::NotIdentified`]: nothing that shows who asks, or nothing that holds; [`Problem::Unavailable`].
pub async fn identify(state: &AppState, request: &HttpRequest) -> Result<Identity, Problem> {
    Ok(state.gate.identify_with(&shown(request), client::of_request(request)).await?)
}

/// What a request shows: all its `Authorization` headers.
fn shown(request: &HttpRequest) -> Vec<&str> {
    let headers = request.headers().get_all(AUTHORIZATION);
    headers.map(|value| value.to_str().unwrap_or_default()).collect()
}

/// What names the key of a request that [`identify`] accepted; it can be stored. None for other callers.
#[must_use]
pub fn prefix(request: &HttpRequest) -> Option<String> {
    gate::prefix(shown(request).first()?)
}

/// The holder of the key that `prefix` names, as it is now: for what goes on after the request, such as subscriptions.
///
/// # Errors
///
/// [`Problem::NotIdentified`] if there is no such key, or it was revoked or has expired meanwhile.
pub async fn holder_of(state: &AppState, prefix: &str) -> Result<Identity, Problem> {
    Ok(state.gate.holder_of(prefix).await?)
}

/// What the caller may see, if they may do it.
///
/// # Errors
///
/// [`Problem::NotIdentified`], [`Problem::NotAllowed`].
pub async fn allowed(
    state: &AppState,
    request: &HttpRequest,
    act: Act,
) -> Result<(Identity, Sight), Problem> {
    Ok(state.gate.allowed_with(&shown(request), client::of_request(request), act).await?)
}

/// Refuses a request whose read must be recorded and that states no reason; to be called before anything is looked up for it.
///
/// # Errors
///
/// [`Problem::Malformed`].
pub fn check_reason(request: &HttpRequest, sight: &Sight) -> Result<(), Problem> {
    if sight.is_recorded() { reason(request).map(drop) } else { Ok(()) }
}

/// The state of the projection from which a read is to be answered, if it must be recorded.
///
/// # Errors
///
/// [`Problem::Unavailable`].
pub async fn basis(state: &AppState, sight: &Sight) -> Result<Option<Basis>, Problem> {
    Ok(if sight.is_recorded() { Some(Basis::now(&state.db).await?) } else { None })
}

/// Records a read with what came of it, if the caller's reads are recorded; nothing may be answered before.
///
/// # Errors
///
/// [`Problem::Malformed`] without a reason, [`Problem::Unavailable`] if it cannot be recorded.
pub async fn record(
    state: &AppState,
    request: &HttpRequest,
    (who, sight): (&Identity, &Sight),
    (act, asked): (Act, &str),
    outcome: &Outcome,
) -> Result<(), Problem> {
    if !sight.is_recorded() {
        return Ok(());
    }
    let reason = reason(request)?;
    record_read(state, &Read { who, sight, act, asked, reason: &reason, outcome }).await
}

/// Records a read whose reason is no header of a request.
///
/// # Errors
///
/// [`Problem::Unavailable`] if it cannot be recorded; nothing may be answered then.
pub async fn record_read(state: &AppState, read: &Read<'_>) -> Result<(), Problem> {
    state.read_log.record(read).await.map_err(|problem| {
        tracing::error!(%problem, subject = read.who.subject, "a read is not answered");
        Problem::Unavailable
    })
}

/// The reason that a request states.
fn reason(request: &HttpRequest) -> Result<String, Problem> {
    let expected = || {
        Problem::Malformed(format!(
            "what this role reads is recorded with its reason: expected the header `{REASON}` once, 3 to 500 characters in \
             UTF-8 with percent escapes"
        ))
    };
    let mut headers = request.headers().get_all(REASON);
    let (Some(header), None) = (headers.next(), headers.next()) else { return Err(expected()) };
    let text = header.to_str().map_err(|_| expected())?;
    let text = percent_decode_str(text).decode_utf8().map_err(|_| expected())?;
    let text = text.trim();
    let is_one_line = !text.chars().any(char::is_control);
    if !is_one_line || !REASON_CHARACTERS.contains(&text.chars().count()) {
        return Err(expected());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests;
