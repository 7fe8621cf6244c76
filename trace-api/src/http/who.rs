//! Who asks: from the head of a request to a caller with what they were given.
//!
//! The way through: [`identify`] finds the key that the request carries, [`allowed`] asks `access` whether its holder may do what
//! is asked for, [`record`] has the read recorded where it must be.
//!
//! What holds: a key that is unknown, revoked or expired is answered alike until its secret part is right; what must be
//! recorded is refused without a reason, and refused if it cannot be recorded.
//!
//! Not here: roles and limits (`access`), the ledger of reads ([`crate::read_log`]).
//!
//! Sources: RFC 6750; decision 0058.

use access::{Act, ApiKey, Decision, Grant, Identity, Means, Role, Scope, Sight, decide};
use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::percent_decode_str;
use sql::access_keys::StoredKey;

use crate::problem::Problem;
use crate::read_log::Read;
use crate::state::AppState;

/// Header with the reason of a read, in UTF-8 with percent escapes.
pub const REASON: &str = "Chopmark-Reason";
/// Characters of a reason.
const REASON_CHARACTERS: std::ops::RangeInclusive<usize> = 3..=500;
/// How exactly the last use of a key is known.
const USE_IS_KNOWN_TO: SignedDuration = SignedDuration::from_mins(1);

/// The caller of a request.
///
/// # Errors
///
/// [`Problem::NotIdentified`]: no key, or none that holds.
pub async fn identify(state: &AppState, request: &HttpRequest) -> Result<Identity, Problem> {
    let expected =
        "expected `Authorization: Bearer chm_…` with a key from `chopmark access key add`";
    let refused = |got: &str| Problem::NotIdentified(format!("got {got}, {expected}"));
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let (header, more) = (headers.next(), headers.next());
    let header = header.ok_or_else(|| refused("no key"))?;
    if more.is_some() {
        return Err(refused("more than one `Authorization`"));
    }
    let text = header.to_str().unwrap_or_default();
    let (scheme, key) = text.split_once(' ').unwrap_or_default();
    let key = if scheme.eq_ignore_ascii_case("bearer") { ApiKey::parse(key.trim()) } else { None };
    let key = key.ok_or_else(|| refused("something that is no key"))?;
    let stored = sql::access_keys::find(&state.db, key.prefix()).await?;
    let stored = stored.filter(|stored| stored.key_sha256 == key.digest());
    let stored = stored.ok_or_else(|| refused("a key that is not known"))?;
    let now = state.clock.now();
    let identity = holder(&stored, now)?;
    let is_noted = stored.last_used_at.is_some_and(|at| now.duration_since(at) < USE_IS_KNOWN_TO);
    if !is_noted {
        let note =
            async |tx: &sql::Transaction<'_>| sql::access_keys::used(tx, &stored.prefix, now).await;
        state.db.run_tx("trace_api.key_used", note).await?;
    }
    Ok(identity)
}

/// The holder of a key, while it holds.
///
/// # Errors
///
/// [`Problem::NotIdentified`] if it was revoked or has expired.
fn holder(stored: &StoredKey, now: Timestamp) -> Result<Identity, Problem> {
    let ended = |how: &str, at: Timestamp| {
        let prefix = &stored.prefix;
        let expected = "expected a key from `chopmark access key add` that holds";
        Problem::NotIdentified(format!("got the key {prefix}, which {how} at {at}, {expected}"))
    };
    if let Some(at) = stored.revoked_at {
        return Err(ended("was revoked", at));
    }
    if stored.expires_at <= now {
        return Err(ended("expired", stored.expires_at));
    }
    let grant = grant(stored).map_err(|error| {
        Problem::Internal(format!("the key {} cannot be understood: {error}", stored.prefix))
    })?;
    let subject = stored.subject.clone();
    Ok(Identity { subject, means: Means::ApiKey, grants: vec![grant] })
}

/// What names the key of a request that [`identify`] accepted; it can be stored.
#[must_use]
pub fn prefix(request: &HttpRequest) -> Option<String> {
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    Some(ApiKey::parse(header.split_once(' ')?.1.trim())?.prefix().to_owned())
}

/// The holder of the key that `prefix` names, as it is now: for what goes on after the request, such as subscriptions.
///
/// # Errors
///
/// [`Problem::NotIdentified`] if there is no such key, or it was revoked or has expired meanwhile.
pub async fn holder_of(state: &AppState, prefix: &str) -> Result<Identity, Problem> {
    let stored = sql::access_keys::find(&state.db, prefix).await?;
    let unknown = || Problem::NotIdentified(format!("there is no key {prefix}"));
    holder(&stored.ok_or_else(unknown)?, state.clock.now())
}

/// What a stored key gives.
///
/// # Errors
///
/// What of it cannot be understood: it gives nothing then.
fn grant(stored: &StoredKey) -> Result<Grant, String> {
    let role = Role::from_name(&stored.role);
    let role = role.ok_or_else(|| format!("got the role `{}`", stored.role))?;
    let lists = [&stored.products, &stored.parties, &stored.jurisdictions];
    let scope = Scope::of_lists(lists.map(Vec::as_slice), stored.period)
        .map_err(|error| error.to_string())?;
    Grant::new(role, scope, Some(stored.expires_at)).map_err(|error| error.to_string())
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
    let identity = identify(state, request).await?;
    match decide(Some(&identity), act, state.clock.now()) {
        Decision::Allowed(sight) => Ok((identity, sight)),
        Decision::Refused { why, is_unknown: true } => Err(Problem::NotIdentified(why)),
        Decision::Refused { why, is_unknown: false } => Err(Problem::NotAllowed(why)),
    }
}

/// Records what is asked for, if the caller's reads are recorded; nothing may be answered before.
///
/// # Errors
///
/// [`Problem::Malformed`] without a reason, [`Problem::Unavailable`] if it cannot be recorded.
pub async fn record(
    state: &AppState,
    request: &HttpRequest,
    (who, sight): (&Identity, &Sight),
    act: Act,
    asked: &str,
) -> Result<(), Problem> {
    if !sight.is_recorded() {
        return Ok(());
    }
    let reason = reason(request)?;
    record_for(state, who, act, (asked, &reason)).await
}

/// Records a read, for a reason that is no header of a request.
///
/// # Errors
///
/// [`Problem::Unavailable`] if it cannot be recorded; nothing may be answered then.
pub async fn record_for(
    state: &AppState,
    who: &Identity,
    act: Act,
    (asked, reason): (&str, &str),
) -> Result<(), Problem> {
    let read = Read { who, act, asked, reason };
    state.read_log.record(&read).await.map_err(|problem| {
        tracing::error!(%problem, subject = who.subject, "a read is not answered");
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
