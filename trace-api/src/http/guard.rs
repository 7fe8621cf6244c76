//! What every answer of trace-api has, whichever handler made it: headers for browsers, and a page where people would
//! otherwise read a problem document.
//!
//! What holds: a path with a control character reaches no handler; the operator's address answers only who names it
//! (against DNS rebinding); scripts come from our own address only and nothing
//! inline runs; the only inline styles that apply are our own, by their hash; forms are sent to our own address only.
//!
//! Sources: CSP Level 3; RFC 6797 (HSTS); OWASP Secure Headers Project.

use std::sync::LazyLock;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY, RETRY_AFTER, STRICT_TRANSPORT_SECURITY,
    VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage as _, HttpRequest, HttpResponse, ResponseError as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ledger::hash::sha256;
use percent_encoding::percent_decode_str;

use crate::compressed;
use crate::epcis_api::exception::Exception;
use crate::error_page;
use crate::frame::{START_STYLE, STYLE};
use crate::language::Language;
use crate::problem::Problem;
use crate::scan::Target;
use crate::state::{AppState, Audience, audience};
use crate::words::away;

/// The header that says what of a device pages may ask for.
pub const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
/// What pages may ask for: nothing.
const NOTHING_PERMITTED: &str = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";

/// The styles that a page may have inline; no other one applies.
const STYLES: [&str; 2] = [STYLE, START_STYLE];

/// What the paths of the query interface of EPCIS begin with: there a problem has the standard's type, also before a handler is
/// reached.
pub const EPCIS: [&str; 10] = [
    "events",
    "eventTypes",
    "epcs",
    "bizSteps",
    "bizLocations",
    "readPoints",
    "dispositions",
    "master-data",
    "queries",
    "nextPageToken",
];

static CONTENT_POLICY: LazyLock<HeaderValue> = LazyLock::new(|| content_policy(""));

static SCANNER_POLICY: LazyLock<HeaderValue> =
    LazyLock::new(|| content_policy(" 'wasm-unsafe-eval'"));

/// The content policy of the one page that may run WebAssembly: the start page, where its scanner is installed.
#[must_use]
pub fn scanner_policy() -> HeaderValue {
    SCANNER_POLICY.clone()
}

/// - `more`: what scripts may do besides.
fn content_policy(more: &str) -> HeaderValue {
    let styles = STYLES.map(style_hash);
    let policy = format!(
        "default-src 'none'; script-src 'self'{more}; style-src 'self' {}; img-src 'self' data:; connect-src 'self'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        styles.join(" ")
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// The hash of a style, as a content policy names it.
fn style_hash(style: &str) -> String {
    format!("'sha256-{}'", BASE64.encode(sha256(style.as_bytes()).as_bytes()))
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
    let sent = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
    request.extensions_mut().insert(Target(sent));
    let has_control =
        percent_decode_str(request.path()).decode_utf8_lossy().chars().any(char::is_control);
    let mut answer = if has_control {
        let problem =
            Problem::Malformed("got a control character in the address, expected none".to_owned());
        let is_of_standard = EPCIS.contains(&first_part(request.path()));
        let refused = if is_of_standard {
            Exception::from(problem).error_response()
        } else {
            problem.error_response()
        };
        request.into_response(refused)
    } else if audience(request.request()) == Audience::Internal && !is_own_host(request.headers()) {
        request.into_response(Problem::Misdirected.error_response())
    } else {
        next.call(request).await?.map_into_boxed_body()
    };
    if let Some(page) = page_instead(answer.request(), answer.status(), answer.headers()) {
        let mut response = page;
        // What browsers and scripts read of a failure, whatever its body is.
        for name in [RETRY_AFTER, ALLOW] {
            if let Some(value) = answer.headers().get(&name) {
                response.headers_mut().insert(name, value.clone());
            }
        }
        answer = answer.into_response(response);
    }
    let state = answer.request().app_data::<Data<AppState>>();
    let is_tls = state.is_some_and(|state| state.config().public_url.starts_with("https://"));
    add_headers(answer.headers_mut(), is_tls);
    Ok(smaller(answer))
}

/// The answer, compressed if it is a page and whoever asked takes that.
fn smaller(answer: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let accepted = answer.request().headers().get(ACCEPT_ENCODING);
    let accepts =
        accepted.and_then(|value| value.to_str().ok()).is_some_and(compressed::is_accepted);
    if !accepts
        || !is_html(answer.headers().get(CONTENT_TYPE))
        || answer.headers().contains_key(CONTENT_ENCODING)
    {
        return answer;
    }
    let (request, response) = answer.into_parts();
    let (mut head, body) = response.into_parts();
    let body = match body.try_into_bytes() {
        Ok(body) if body.len() >= compressed::LEAST => {
            head.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("br"));
            BoxBody::new(compressed::fast(&body))
        }
        Ok(body) => BoxBody::new(body),
        Err(body) => body,
    };
    ServiceResponse::new(request, head.set_body(body))
}

fn is_html(value: Option<&HeaderValue>) -> bool {
    value.and_then(|value| value.to_str().ok()).is_some_and(|text| text.contains("text/html"))
}

fn first_part(path: &str) -> &str {
    path.trim_start_matches('/').split('/').next().unwrap_or_default()
}

/// Whether a request to the operator's address names that address: an IP address or `localhost`. A name of somebody
/// else's that resolves to this machine would let a page in the operator's browser read what is not public.
fn is_own_host(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get("Host") else { return true };
    let host = host.to_str().unwrap_or_default();
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok()
}

/// Whether what was sent comes from a form of our own page, as far as a browser says: other sites make it send forms too.
/// A client that is no browser says nothing, and has nobody's browser to misuse.
///
/// - `public_url`: our own address.
fn is_own_form(headers: &HeaderMap, public_url: &str) -> bool {
    let value = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    match (value("Sec-Fetch-Site"), value("Origin")) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => origin.eq_ignore_ascii_case(origin_of(public_url)),
        (None, None) => true,
    }
}

/// The answer to a form that a page of another site sent; none to one of our own (`is_own_form`).
///
/// - `path`: of our own form.
#[must_use]
pub fn foreign_form(
    request: &HttpRequest,
    public_url: &str,
    path: &str,
) -> Option<Result<HttpResponse, Problem>> {
    if is_own_form(request.headers(), public_url) {
        return None;
    }
    let problem = Problem::NotAllowed("this form is of another site's page".to_owned());
    if !is_html(request.headers().get("Accept")) {
        return Some(Err(problem));
    }
    let language = language(request);
    let form = (&*format!("{path}?lang={}", language.tag()), language.of(away::TO_FORM));
    let page = error_page::of_words(away::NOT_OUR_FORM, form, language);
    let mut answer = HttpResponse::build(problem.status_code());
    Some(Ok(answer.content_type("text/html; charset=utf-8").body(page)))
}

/// Scheme, host and port of an address.
fn origin_of(url: &str) -> &str {
    let from = url.find("://").map_or(0, |at| at + 3);
    let end = url.get(from..).and_then(|rest| rest.find('/')).map_or(url.len(), |at| from + at);
    url.get(..end).unwrap_or(url)
}

/// The page to answer with in place of a problem document, if a person asks.
fn page_instead(
    request: &HttpRequest,
    status: actix_web::http::StatusCode,
    headers: &HeaderMap,
) -> Option<HttpResponse> {
    let is_failure = status.is_client_error() || status.is_server_error();
    if !is_failure
        || is_html(headers.get(CONTENT_TYPE))
        || !is_html(request.headers().get("Accept"))
    {
        return None;
    }
    let page = error_page::of_status(status, language(request));
    Some(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(page))
}

/// The language of the person who asks.
#[must_use]
pub fn language(request: &HttpRequest) -> Language {
    let accepted = request.headers().get("Accept-Language").and_then(|value| value.to_str().ok());
    let chosen = request.query_string().split('&').find_map(|pair| pair.strip_prefix("lang="));
    Language::preferred(chosen, accepted.unwrap_or_default())
}

fn add_headers(headers: &mut HeaderMap, is_tls: bool) {
    let fixed = [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (VARY, "Accept, Accept-Language, Accept-Encoding"),
        // A verdict is of its moment, and which serials exist is nobody's to collect.
        (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(REFERRER_POLICY) {
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    }
    if !headers.contains_key(CONTENT_SECURITY_POLICY) {
        headers.insert(CONTENT_SECURITY_POLICY, CONTENT_POLICY.clone());
    }
    if !headers.contains_key(&PERMISSIONS_POLICY) {
        headers.insert(PERMISSIONS_POLICY, HeaderValue::from_static(NOTHING_PERMITTED));
    }
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if is_tls {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(STRICT_TRANSPORT_SECURITY, year);
    }
}
