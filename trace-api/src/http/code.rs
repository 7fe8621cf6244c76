//! The code under a scratch layer: `GET /code` shows the field for it, `POST /code` says whether it is the item's, and who used it first.
//!
//! What holds: what another site's page sent is refused before anything else.
//!
//! Not here: what a code costs and who is first ([`crate::codes`]), the words ([`crate::words::code`]).
//!
//! Source: docs/decisions/0094-hidden-codes.md.

use actix_web::http::StatusCode;
use actix_web::web::{self, Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use process::problem::method_not_allowed;

use super::guard::{foreign_form, language};
use super::parameters::text;
use super::sent::{self, page};
use crate::codes;
use crate::language::Language;
use crate::once;
use crate::page::code::{self as view, Field, Own};
use crate::problem::Problem;
use crate::state::AppState;
use crate::words::code::Entered;

/// Most bytes of what names an item, and of a code.
const LONGEST: usize = 500;

/// The path.
pub fn routes(service: &mut web::ServiceConfig) {
    let field = web::resource("/code")
        .route(web::get().to(field))
        .route(web::head().to(field))
        .route(web::post().to(enter))
        .default_service(web::to(|request: HttpRequest| async move {
            method_not_allowed(&request, "GET, HEAD, POST")
        }));
    service.service(field);
}

/// What the form sends.
#[derive(serde::Deserialize)]
struct Form {
    item: String,
    code: String,
}

/// `GET /code`: the field.
///
/// # Errors
///
/// [`Problem`].
pub async fn field(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let item = text(&request, "item")?.unwrap_or_default().chars().take(LONGEST).collect();
    show(StatusCode::OK, &Field { item, ..Field::default() }, language(&request))
}

/// `POST /code`.
///
/// # Errors
///
/// [`Problem`].
pub async fn enter(
    state: Data<AppState>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Problem> {
    let (config, language) = (state.config(), language(&request));
    if let Some(refused) = foreign_form(&request, &config.public_url, "/code") {
        state.metrics.hidden_codes.with_label_values(&["other_site"]).inc();
        return refused;
    }
    let Form { item, code } = sent::form(&body, "item and code", LONGEST)?;
    let outcome = codes::enter(&state, &request, &item, &code).await?;
    let entered = Some(outcome.entered);
    let Some(link) = outcome.item else {
        let field = Field { item, code, entered, own: None };
        return show(StatusCode::UNPROCESSABLE_ENTITY, &field, language);
    };
    let path = link.strip_prefix("https://id.gs1.org").unwrap_or_default().to_owned();
    let may_own = matches!(outcome.entered, Entered::First | Entered::Again(_));
    let own = if may_own { Some(Own { item: link, code, form: once::new_form()? }) } else { None };
    let field = Field { item: path, code: String::new(), entered, own };
    show(StatusCode::OK, &field, language)
}

fn show(status: StatusCode, field: &Field, language: Language) -> Result<HttpResponse, Problem> {
    let body = view::code(field, language).map_err(|error| Problem::Internal(error.to_string()))?;
    Ok(page(status, body))
}

#[cfg(test)]
mod tests;
