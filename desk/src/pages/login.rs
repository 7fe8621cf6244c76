//! Logging in: the page, with a key, at a provider; and what both ways have in common.
//!
//! What holds: whoever logs in gets a secret that was made for them; a session that the browser showed before is ended (fixation); the
//! browser goes on to a path of ours only.

pub mod key;
pub mod page;
pub mod provider;

use access::SessionSecret;
use actix_web::http::header::SET_COOKIE;
use actix_web::{HttpRequest, HttpResponse};

use crate::cookies::{self, header};
use crate::failure::Failure;
use crate::state::DeskState;
use crate::visitor::shown_secret;

/// Gives the secret of a new session to the browser, and ends the one that it showed.
async fn hand_over(
    secret: &SessionSecret,
    request: &HttpRequest,
    state: &DeskState,
    answer: &mut HttpResponse,
) -> Result<(), Failure> {
    if let Some(before) = shown_secret(request, state) {
        state.gate.log_out(&before).await?;
    }
    let channel = state.config.origin.channel;
    let cookie = cookies::SESSION.set(channel, &secret.text());
    answer.headers_mut().append(SET_COOKIE, header(&cookie));
    Ok(())
}

/// Counts an attempt to log in.
fn count(state: &DeskState, means: &str, outcome: &str) {
    state.metrics.logins.with_label_values(&[means, outcome]).inc();
}

/// Admits an attempt to log in.
fn admit(state: &DeskState, means: &str, request: &HttpRequest) -> Result<(), Failure> {
    if state.attempts.admit(state.address_of(request), state.clock.instant()) {
        return Ok(());
    }
    count(state, means, "limited");
    Err(Failure::TooMany)
}

#[cfg(test)]
mod tests;
