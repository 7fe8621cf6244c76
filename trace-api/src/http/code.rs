//! The code under a scratch layer: `GET /code` shows the field for it, `POST /code` says whether it is the item's, and who used it first.
//!
//! The way through: what another site's page sent is refused; limits; the check symbol, which costs nothing; the item's code, computed; then
//! the first use is stored, or read.
//!
//! What holds: a wrong code, a code of another item and one of a product without hidden codes get one answer, before the database is
//! asked, and cost what a guessed serial costs; of two people at the same time one is the first; the right code alone says that the item
//! has one, so nothing is looked up of its history.
//!
//! Not here: how codes are made (`access::hidden_code`), the words ([`crate::words::code`]).
//!
//! Source: docs/decisions/0094-hidden-codes.md.

use access::hidden_code::TypedCode;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, REFERRER_POLICY};
use actix_web::web::{self, Bytes, Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use process::problem::method_not_allowed;

use super::guard::{is_own_form, language};
use super::parameters::text;
use crate::language::Language;
use crate::page::code::{self as page, Field};
use crate::problem::Problem;
use crate::scan::ScanRequest;
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
    let count = |outcome: &str| state.metrics.hidden_codes.with_label_values(&[outcome]).inc();
    if !is_own_form(request.headers(), &config.public_url) {
        count("other_site");
        return Err(Problem::NotAllowed("this form is of another site's page".to_owned()));
    }
    let form =
        std::str::from_utf8(&body).ok().and_then(|text| Query::<Form>::from_query(text).ok());
    let form = form.filter(|form| form.item.len() <= LONGEST && form.code.len() <= LONGEST);
    let Some(form) = form else {
        let expected = format!("expected the fields item and code of at most {LONGEST} bytes");
        return Err(Problem::Malformed(format!("got {} bytes, {expected}", body.len())));
    };
    let Form { item, code } = form.into_inner();
    let Some(typed) = TypedCode::parse(&code) else {
        count("mistyped");
        let field = Field { item, code, entered: Some(Entered::Mistyped) };
        return show(StatusCode::UNPROCESSABLE_ENTITY, &field, language);
    };
    let admission = state.admit_code(&request)?;
    let named = epc::identify(&item).ok();
    let gtin = named.as_ref().and_then(epc::Epc::gtin14).unwrap_or_default();
    let key = config.names.product(&gtin).and_then(|product| product.code_key.as_ref());
    let item_named = named.zip(key).filter(|(item, key)| key.admits(&item.to_uri(), &typed));
    let Some((found, _)) = item_named else {
        count("wrong");
        let field = Field { item, code, entered: Some(Entered::Wrong) };
        return show(StatusCode::UNPROCESSABLE_ENTITY, &field, language);
    };
    if let Some(admission) = admission {
        admission.give_back();
    }
    let scan = ScanRequest::of(&request, &config, state.clock.now());
    let marks = scan.marks(&epc::thing_key(&found.to_uri()), &state.mark_keys);
    let link = found.to_digital_link();
    let before = sql::code_uses::record(&state.db, &link, scan.at, &marks.device.own).await?;
    let entered = match before {
        None => Entered::First,
        Some(first) => {
            let device = first.device.as_ref();
            let is_own = [&marks.device.own, &marks.device.before]
                .into_iter()
                .any(|own| Some(own) == device);
            if is_own { Entered::Again(first.at) } else { Entered::Used(first.at) }
        }
    };
    count(entered.outcome());
    let path = link.strip_prefix("https://id.gs1.org").unwrap_or_default().to_owned();
    let field = Field { item: path, code: String::new(), entered: Some(entered) };
    show(StatusCode::OK, &field, language)
}

fn show(status: StatusCode, field: &Field, language: Language) -> Result<HttpResponse, Problem> {
    let body = page::code(field, language).map_err(|error| Problem::Internal(error.to_string()))?;
    // Without this a browser that knows no Sec-Fetch-Site calls its own form `null`.
    Ok(HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((REFERRER_POLICY, HeaderValue::from_static("same-origin")))
        .body(body))
}

#[cfg(test)]
mod tests;
