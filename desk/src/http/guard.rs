//! What every answer has, whichever handler made it: headers for browsers, a page for a failure, a new secret of the session; and what
//! is refused before a handler is reached.
//!
//! What holds:
//!
//! - a request that names another host than ours is refused (DNS rebinding; and without TLS no cookie is sent for another name);
//! - whatever may change something comes from a page of ours: browsers say so with `Origin`, which no page can forge. A request without it
//!   is refused as well;
//! - no script runs but the one that a page names with its whole address, and it may ask for that page alone; nothing is inline, nothing may
//!   frame a page; answers are not stored, except for the style sheet and the script;
//! - `Referrer-Policy` is `same-origin`: other sites are told nothing, and browsers still say the origin of forms.
//!
//! Not here: the token in forms ([`crate::visitor::Posted`]).
//!
//! Sources: CSP Level 3; RFC 6454 section 7; RFC 6797; Fetch, "append a request `Origin` header"; OWASP CSRF cheat sheet.

use access::{Channel, needs_csrf};
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    ORIGIN, REFERRER_POLICY, RETRY_AFTER, SET_COOKIE, STRICT_TRANSPORT_SECURITY, VARY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _, HttpRequest, HttpResponse, ResponseError as _};
use percent_encoding::percent_decode_str;
use process::health::LIVENESS;

use crate::config::Origin;
use crate::cookies::{self, header};
use crate::failure::{Failure, Kind};
use crate::pages;
use crate::state::{Audience, DeskState};
use crate::visitor::{NewSecret, shown_secret};
use crate::words::failures;

const CONTENT_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; \
                              frame-ancestors 'none'";

/// The content policy of a page that has one script: this runs and no other, it may ask for one path of ours, and it may turn no text into
/// elements.
///
/// - `script`, `asks_for`: paths.
///
/// # Errors
///
/// [`Failure::Internal`] if a path cannot be in a header.
pub fn script_policy(
    origin: &Origin,
    script: &str,
    asks_for: &str,
) -> Result<HeaderValue, Failure> {
    let own = &origin.text;
    let policy = format!(
        "{CONTENT_POLICY}; script-src {own}{script}; connect-src {own}{asks_for}; require-trusted-types-for 'script'; \
         trusted-types 'none'"
    );
    HeaderValue::from_str(&policy)
        .map_err(|error| Failure::Internal(format!("the content policy of {asks_for}: {error}")))
}

/// Answers the request, with the headers; used with `actix_web::middleware::from_fn`, outermost.
///
/// # Errors
///
/// What the handlers return.
pub async fn guarded(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let state = request.app_data::<Data<DeskState>>().cloned();
    let is_people = request.app_data::<Audience>() == Some(&Audience::People);
    let Some(state) = state.filter(|_| is_people) else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let origin = &state.config.origin;
    let mut answer = match refusal(request.request(), origin) {
        Some(failure) => request.into_response(failure.error_response()),
        None => next.call(request).await?.map_into_boxed_body(),
    };
    let status = answer.status();
    if status.is_client_error() || status.is_server_error() {
        answer = page_instead(answer, &state);
    }
    let secret = answer.request().extensions().get::<NewSecret>().cloned();
    let headers = answer.headers_mut();
    if let Some(NewSecret(secret)) = secret {
        let cookie = cookies::SESSION.set(origin.channel, &secret.text());
        headers.append(SET_COOKIE, header(&cookie));
    }
    add_headers(headers, origin.channel);
    Ok(answer)
}

/// Why a request reaches no handler.
fn refusal(request: &HttpRequest, origin: &Origin) -> Option<Failure> {
    if request.path() != LIVENESS && !is_our_host(request, origin) {
        return Some(Failure::Misdirected);
    }
    let path = percent_decode_str(request.path()).decode_utf8_lossy();
    if path.chars().any(char::is_control) {
        return Some(Failure::Malformed("got a control character in the address".to_owned()));
    }
    if needs_csrf(request.method().as_str()) && !is_our_page(request, origin) {
        return Some(Failure::Forged("the request does not come from a page of ours"));
    }
    None
}

fn is_our_host(request: &HttpRequest, origin: &Origin) -> bool {
    let mut hosts = request.headers().get_all("Host").map(HeaderValue::to_str);
    let (Some(Ok(host)), None) = (hosts.next(), hosts.next()) else { return false };
    Origin::parse(&format!("{}{host}", origin.scheme())).is_ok_and(|named| named == *origin)
}

fn is_our_page(request: &HttpRequest, origin: &Origin) -> bool {
    let mut origins = request.headers().get_all(ORIGIN);
    let (Some(from), None) = (origins.next(), origins.next()) else { return false };
    from.as_bytes() == origin.text.as_bytes()
}

/// The page for a failure.
fn page_instead(answer: ServiceResponse<BoxBody>, state: &DeskState) -> ServiceResponse<BoxBody> {
    let (request, answer) = answer.into_parts();
    let status = answer.status();
    let kind = answer.extensions().get::<Kind>().copied();
    let kind = kind.unwrap_or_else(|| of_status(status));
    state.metrics.refused.with_label_values(&[kind.reason]).inc();
    let is_page = answer
        .headers()
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.to_str().is_ok_and(|kind| kind.starts_with("text/html")));
    if is_page {
        return ServiceResponse::new(request, answer);
    }
    let mut page = match pages::failure(&request, status, kind) {
        Ok(page) => page,
        Err(error) => {
            tracing::error!(%error, "the page of a failure could not be made");
            HttpResponse::new(status)
        }
    };
    // What a handler took away or gave with its refusal, and the methods that a path has.
    for name in [SET_COOKIE, HeaderName::from_static("allow")] {
        for value in answer.headers().get_all(&name) {
            page.headers_mut().append(name.clone(), value.clone());
        }
    }
    if status == StatusCode::TOO_MANY_REQUESTS {
        page.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("60"));
    }
    let is_over = kind.words == &failures::LOGIN_NEEDED;
    if is_over && shown_secret(&request, state).is_some() {
        let end = cookies::SESSION.end(state.config.origin.channel);
        page.headers_mut().append(SET_COOKIE, header(&end));
    }
    ServiceResponse::new(request, page)
}

/// What is said of a failure that the web framework found by itself.
fn of_status(status: StatusCode) -> Kind {
    let (reason, words) = match status {
        StatusCode::NOT_FOUND => ("not-found", &failures::NOT_FOUND),
        status if status.is_server_error() => ("internal", &failures::INTERNAL),
        _ => ("malformed", &failures::MALFORMED),
    };
    Kind { reason, words }
}

fn add_headers(headers: &mut HeaderMap, channel: Channel) {
    let fixed = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "same-origin"),
        (X_FRAME_OPTIONS, "DENY"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        ),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (VARY, "Accept-Language, Cookie"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(CONTENT_SECURITY_POLICY) {
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_POLICY));
    }
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if channel == Channel::Tls {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(STRICT_TRANSPORT_SECURITY, year);
    }
}
