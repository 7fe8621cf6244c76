//! `GET /` for programs of partners: what resources there are. People get the start page at the same address.
//!
//! Source: EPCIS 2.0 REST binding, `/`.

use access::Act;
use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse, Resource, ResponseError as _};
use process::problem::method_not_allowed;

use super::caller::Caller;
use super::document::collection;
use super::exception::Exception;
use super::negotiation::Wanted;
use super::reply;
use crate::http::pages_get;
use crate::problem::Problem;
use crate::state::AppState;

/// The resources, in the standard's order.
const RESOURCES: [&str; 9] = [
    "events",
    "eventTypes",
    "epcs",
    "bizSteps",
    "bizLocations",
    "readPoints",
    "dispositions",
    "capture",
    "queries",
];

/// The path `/` of the public address.
#[must_use]
pub fn resource() -> Resource {
    web::resource("/")
        .route(web::get().to(start))
        .route(web::head().to(start))
        .default_service(web::to(other))
}

/// `GET /`: this document for programs, the start page for everybody else.
async fn start(state: Data<AppState>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    if !is_wanted(&state, &request) {
        return pages_get::start(&state, &request);
    }
    let answered = get(&state, &request).await;
    Ok(answered.unwrap_or_else(|exception| exception.error_response()))
}

/// Any other method of `/`.
async fn other(state: Data<AppState>, request: HttpRequest) -> HttpResponse {
    if !state.config().serve_queries {
        return method_not_allowed(&request, "GET, HEAD");
    }
    if request.method() == Method::OPTIONS {
        return reply::options("GET, HEAD, OPTIONS", false);
    }
    method_not_allowed(&request, "GET, HEAD, OPTIONS")
}

/// Whether a request for `/` is one for this document and not for the start page: it names a type of JSON or XML, and no page. In XML
/// there is no such document, and whoever asks for it is told so.
fn is_wanted(state: &AppState, request: &HttpRequest) -> bool {
    const TYPES: [&str; 4] =
        ["application/json", "application/ld+json", "application/xml", "text/xml"];
    let accept = request.headers().get("Accept").and_then(|value| value.to_str().ok());
    let accept = accept.unwrap_or_default().to_ascii_lowercase();
    let is_named = TYPES.iter().any(|name| accept.contains(name));
    state.config().serve_queries && is_named && !accept.contains("text/html")
}

/// The document.
async fn get(state: &AppState, request: &HttpRequest) -> Result<HttpResponse, Exception> {
    let wanted = Wanted::of(request)?;
    Caller::admit(state, request, Act::QueryEvents, "/").await?;
    let names = RESOURCES.into_iter().map(str::to_owned);
    Ok(reply::json(StatusCode::OK, &wanted, &collection(names)))
}
