//! Failures over HTTP as RFC 9457 problem documents, also where no handler was reached.
//!
//! The way through: each application wraps itself in [`documented`], innermost; a handler's own problem passes through it,
//! and what the web framework answers by itself (a parameter that cannot be read, a method that a path has not) gets the
//! same form. [`at`] makes a path that answers `GET` and `HEAD`, and says so where another method is tried.
//!
//! What holds: an answer with a status from 400 on is a problem document, or a page that was made for people; the cause
//! of a failure of the server is never in it.
//!
//! Not here: what is refused before there is a request (a malformed request line, a head that is too long or too slow):
//! the HTTP library answers that without a body.
//!
//! Sources: RFC 9457 section 3; RFC 9110 section 15.5.6 (`Allow`).

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CONTENT_TYPE, HeaderMap, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, Handler, HttpRequest, HttpResponse, Resource, Responder, web};

/// Media type of a problem document.
pub const MEDIA_TYPE: &str = "application/problem+json";
/// Media type of a problem document in XML, which some routes answer with.
pub const XML_MEDIA_TYPE: &str = "application/problem+xml";
/// Most characters of a detail that the web framework wrote.
const MAX_DETAIL: usize = 300;

/// A problem document: `type`, `title`, `status` and `detail`.
///
/// - `code`: the end of the type, `urn:chopmark:problem:CODE`.
#[must_use]
pub fn document(status: StatusCode, code: &str, detail: &str) -> String {
    let title = status.canonical_reason().unwrap_or("Failed");
    serde_json::json!({
        "type": format!("urn:chopmark:problem:{code}"),
        "title": title,
        "status": status.as_u16(),
        "detail": detail,
    })
    .to_string()
}

/// An answer that is one.
#[must_use]
pub fn answer(status: StatusCode, code: &str, detail: &str) -> HttpResponse {
    HttpResponse::build(status).content_type(MEDIA_TYPE).body(document(status, code, detail))
}

/// A path that is answered for `GET` and `HEAD`; every other method is refused with 405.
pub fn at<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args> + Clone,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    web::resource(path)
        .route(web::get().to(handler.clone()))
        .route(web::head().to(handler))
        .default_service(web::to(|request: HttpRequest| async move {
            method_not_allowed(&request, "GET, HEAD")
        }))
}

/// What a path answers to a method that it has not.
///
/// - `allowed`: the methods that it has, as the header `Allow` lists them.
#[must_use]
pub fn method_not_allowed(request: &HttpRequest, allowed: &'static str) -> HttpResponse {
    let got: String = request.method().as_str().chars().take(20).collect();
    let detail = format!("got {got}, expected {}", allowed.replace(", ", " or "));
    let mut refused = answer(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", &detail);
    refused.headers_mut().insert(ALLOW, HeaderValue::from_static(allowed));
    refused
}

/// Gives a failure the form of a problem document; used with `actix_web::middleware::from_fn`, innermost.
///
/// # Errors
///
/// What the handlers return.
pub async fn documented(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let answer = next.call(request).await?.map_into_boxed_body();
    let status = answer.status();
    let is_failure = status.is_client_error() || status.is_server_error();
    if !is_failure || is_written(answer.headers()) {
        return Ok(answer);
    }
    let said = answer.response().error().map(ToString::to_string);
    let said = said.filter(|_| status.is_client_error());
    let detail: String = said
        .unwrap_or_else(|| "the request was not fulfilled".to_owned())
        .chars()
        .take(MAX_DETAIL)
        .collect();
    let text = document(status, code(status), &detail);
    Ok(answer.map_body(|head, _| {
        head.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        BoxBody::new(text)
    }))
}

/// Whether an answer is a problem document or a page.
fn is_written(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    [MEDIA_TYPE, XML_MEDIA_TYPE, "text/html"].iter().any(|written| kind.starts_with(written))
}

fn code(status: StatusCode) -> &'static str {
    match status {
        StatusCode::NOT_FOUND => "not-found",
        StatusCode::METHOD_NOT_ALLOWED => "method-not-allowed",
        StatusCode::PAYLOAD_TOO_LARGE => "too-large",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "unsupported-media-type",
        StatusCode::SERVICE_UNAVAILABLE => "unavailable",
        status if status.is_server_error() => "internal",
        _ => "bad-request",
    }
}

#[cfg(test)]
mod tests {
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, call_service, init_service, read_body};
    use actix_web::web::{Bytes, Json, Path, PayloadConfig, Query};
    use actix_web::{App, error};

    use super::*;

    async fn wants(
        _: Query<std::collections::BTreeMap<String, u8>>,
        _: Path<u8>,
    ) -> Result<&'static str, Error> {
        Err(error::ErrorInternalServerError("the password is 1234"))
    }

    #[actix_web::test]
    async fn what_the_framework_refuses_by_itself_is_a_problem_document_too() {
        let app = App::new()
            .wrap(from_fn(documented))
            .app_data(PayloadConfig::new(4))
            .service(at("/of/{number}", wants))
            .route("/json", web::post().to(async |_: Json<u8>| "taken"))
            .route("/bytes", web::post().to(async |_: Bytes| "taken"))
            .route(
                "/page",
                web::get()
                    .to(async || HttpResponse::NotFound().content_type("text/html").body("<p>")),
            );
        let app = init_service(app).await;
        let json = ("Content-Type", "application/json");
        for (request, status, kind, says) in [
            (TestRequest::get().uri("/nothing"), 404, "not-found", "not fulfilled"),
            (TestRequest::get().uri("/of/x"), 404, "not-found", ""),
            (TestRequest::get().uri("/of/7?a=b"), 400, "bad-request", "Query"),
            (TestRequest::get().uri("/of/7"), 500, "internal", "the request was not fulfilled"),
            (
                TestRequest::post().uri("/of/7"),
                405,
                "method-not-allowed",
                "got POST, expected GET or HEAD",
            ),
            (TestRequest::get().uri("/json"), 404, "not-found", "not fulfilled"),
            (
                TestRequest::post().uri("/json").insert_header(json).set_payload("{"),
                400,
                "bad-request",
                "Json",
            ),
            (TestRequest::post().uri("/json").set_payload("7"), 400, "bad-request", ""),
            (TestRequest::post().uri("/bytes").set_payload("longer"), 413, "too-large", ""),
        ] {
            let request = request.to_request();
            let name = format!("{} {}", request.method(), request.uri());
            let answer = call_service(&app, request).await;
            assert_eq!(answer.status().as_u16(), status, "{name}");
            assert_eq!(answer.headers().get(CONTENT_TYPE).unwrap(), MEDIA_TYPE, "{name}");
            let allow = answer.headers().get(ALLOW).is_some();
            assert_eq!(allow, name == "POST /of/7", "{name}");
            let body = read_body(answer).await;
            let found: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(found["type"], format!("urn:chopmark:problem:{kind}"), "{name}");
            assert_eq!(found["status"], status, "{name}");
            assert!(found["detail"].as_str().unwrap().contains(says), "{name}: {found}");
            assert!(!found.to_string().contains("1234"), "{name}: {found}");
        }
        let page = call_service(&app, TestRequest::get().uri("/page").to_request()).await;
        assert_eq!(read_body(page).await, "<p>");
    }
}
