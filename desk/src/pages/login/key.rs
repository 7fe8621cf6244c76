//! `POST /login/key`: logging in with a key of `chopmark access`, for small installations without a provider of identities.
//!
//! What holds: whatever is wrong with a key, the answer is the same; the page does not repeat it.

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use gate::Refusal;
use serde::Deserialize;

use crate::failure::Failure;
use crate::language::language;
use crate::pages::login::{admit, count, hand_over, page};
use crate::pages::see_other;
use crate::state::DeskState;
use crate::visitor::form;
use crate::words::login::KEY_REFUSED;

const MEANS: &str = "key";

#[derive(Deserialize)]
struct Fields {
    key: String,
    #[serde(default)]
    to: String,
}

/// `POST /login/key`.
///
/// # Errors
///
/// [`Failure`].
pub async fn post(
    request: HttpRequest,
    body: Bytes,
    state: Data<DeskState>,
) -> Result<HttpResponse, Failure> {
    if !state.config.key_login {
        return Err(Failure::NotFound);
    }
    admit(&state, MEANS, &request)?;
    let fields = Query::<Fields>::from_query(form(&request, &body)?)
        .map_err(|_| Failure::Malformed("expected the fields of the login".to_owned()))?;
    match state.gate.log_in_with_key(&fields.key, &state.random).await {
        Ok(secret) => {
            count(&state, MEANS, "done");
            let mut answer = see_other(&fields.to);
            hand_over(&secret, &request, &state, &mut answer).await?;
            Ok(answer)
        }
        Err(Refusal::NotIdentified(why)) => {
            tracing::info!(why, "nobody was logged in");
            count(&state, MEANS, "refused");
            let note = language(&request).of(KEY_REFUSED);
            let mut answer = page::show(&request, &state, &fields.to, note)?;
            *answer.status_mut() = StatusCode::FORBIDDEN;
            Ok(answer)
        }
        Err(other) => {
            count(&state, MEANS, "unavailable");
            Err(other.into())
        }
    }
}
