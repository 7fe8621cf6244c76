//! The language of the person who asks.
//!
//! Not here: the languages (`process::language`), choosing one (`pages/open.rs`).

use actix_web::HttpRequest;
use actix_web::web::Data;
use process::language::Language;

use crate::cookies;
use crate::state::DeskState;

/// What they chose, otherwise what their browser prefers.
#[must_use]
pub fn language(request: &HttpRequest) -> Language {
    let accepted = request.headers().get("Accept-Language").and_then(|value| value.to_str().ok());
    let state = request.app_data::<Data<DeskState>>();
    let chosen = state
        .and_then(|state| cookies::value(request, cookies::LANGUAGE, state.config.origin.channel));
    Language::preferred(chosen.as_deref(), accepted.unwrap_or_default())
}
