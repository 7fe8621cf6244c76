//! What the EPCIS REST binding has on each of its resources: versions, media types, limits, and `OPTIONS`.
//!
//! What holds: the names of headers are those of the standard; a version or media type that is not spoken here is refused, never
//! guessed.
//!
//! Not here: documents themselves (`capture.rs`, `events_post.rs`).
//!
//! Source: EPCIS 2.0 section 12 (REST binding), with its `openapi.json`.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    ACCEPT, ACCEPT_ENCODING, ALLOW, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue,
};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpRequest, HttpResponse, HttpResponseBuilder};

use super::state::State;
use crate::problem::Problem;

/// The version of EPCIS that answers are in.
pub const EPCIS: (&str, &str) = ("GS1-EPCIS-Version", "2.0.0");
/// The version of the Core Business Vocabulary that answers are in.
pub const CBV: (&str, &str) = ("GS1-CBV-Version", "2.0.0");
/// Name of the header that says what happens to a document of which some events are refused.
pub const ERROR_BEHAVIOUR: &str = "GS1-Capture-Error-Behaviour";
/// Name of the header for the most events of a document.
pub const LIMIT: &str = "GS1-EPCIS-Capture-Limit";
/// Name of the header for the most bytes of a document.
pub const SIZE_LIMIT: &str = "GS1-EPCIS-Capture-File-Size-Limit";
/// Oldest versions that are read.
const OLDEST: [(&str, &str); 2] = [("GS1-EPCIS-Min", "1.0.0"), ("GS1-CBV-Min", "1.0.0")];
/// Latest versions that are read.
const LATEST: [(&str, &str); 2] = [("GS1-EPCIS-Max", "2.0.0"), ("GS1-CBV-Max", "2.0.0")];
/// Events are recorded as they were stated: neither EPCs nor words are translated.
const FORMATS: [(&str, &str); 2] =
    [("GS1-EPC-Format", "Never_Translates"), ("GS1-CBV-XML-Format", "Never_Translates")];
/// Versions of documents that a sender may name.
const READ: [&str; 9] = ["2.0.0", "2.0.1", "2.0", "1.2.0", "1.2", "1.1.0", "1.1", "1.0.0", "1.0"];

/// The forms that documents and answers have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Xml,
}

/// Methods of `/capture`.
pub const CAPTURE: &str = "OPTIONS, POST, GET, HEAD";
/// Methods of `/capture/{id}` and of `/capture/{id}/document`.
pub const JOB: &str = "OPTIONS, GET, HEAD";
/// Methods of `/events` here.
pub const EVENTS: &str = "OPTIONS, POST";

/// `OPTIONS /capture`.
pub async fn capture(state: Data<State>) -> HttpResponse {
    let mut answer = discovery(CAPTURE);
    with_limits(&mut answer, &state);
    answer.insert_header((ERROR_BEHAVIOUR, "all")).finish()
}

/// `OPTIONS /capture/{id}`.
pub async fn job() -> HttpResponse {
    discovery(JOB).finish()
}

/// `OPTIONS /events`.
pub async fn events() -> HttpResponse {
    discovery(EVENTS).finish()
}

fn discovery(allow: &'static str) -> HttpResponseBuilder {
    let mut answer = HttpResponse::NoContent();
    answer.insert_header((ALLOW, allow));
    let vendor = ("GS1-Vendor-Version", concat!("chopmark-", env!("CARGO_PKG_VERSION")));
    let all = [EPCIS, CBV, vendor].into_iter().chain(OLDEST).chain(LATEST).chain(FORMATS);
    for (name, value) in all {
        answer.insert_header((name, value));
    }
    answer
}

/// Gives a failure the standard's type, and the headers that it has for it; used with `actix_web::middleware::from_fn`.
///
/// # Errors
///
/// What the handlers return.
pub(super) async fn typed(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let answer = next.call(request).await?.map_into_boxed_body();
    let problem = answer.response().error().and_then(|error| error.as_error::<Problem>());
    let Some(problem) = problem else { return Ok(answer) };
    let mut response = problem.standard_response();
    match problem {
        Problem::TooLarge { .. } | Problem::TooManyEvents(_) => {
            if let Some(state) = answer.request().app_data::<Data<State>>() {
                for (name, value) in limits(state) {
                    response.headers_mut().insert(name, HeaderValue::try_from(value)?);
                }
            }
        }
        Problem::UnsupportedMediaType(_) => {
            response.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        _ => {}
    }
    Ok(answer.into_response(response))
}

/// Adds the limits of a document.
pub(super) fn with_limits(answer: &mut HttpResponseBuilder, state: &State) {
    for (name, value) in limits(state) {
        answer.insert_header((name, value));
    }
}

/// The limits of a document, as headers.
pub(super) fn limits(state: &State) -> [(HeaderName, String); 2] {
    let settings = &state.config.settings;
    [
        (HeaderName::from_static("gs1-epcis-capture-limit"), settings.max_events.to_string()),
        (
            HeaderName::from_static("gs1-epcis-capture-file-size-limit"),
            settings.max_body_bytes.to_string(),
        ),
    ]
}

/// Checks what the head of a request says of its body: versions, media type, its `charset`, and encoding.
///
/// # Errors
///
/// [`Problem::NotAcceptable`] for a version, [`Problem::UnsupportedMediaType`] for a media type, a `charset` or an encoding that is not
/// read.
pub(super) fn check_head(request: &HttpRequest) -> Result<(), Problem> {
    for name in [EPCIS.0, CBV.0] {
        let Some(value) = request.headers().get(name) else { continue };
        if !value.to_str().is_ok_and(|value| READ.contains(&value.trim())) {
            let got = shown(value.as_bytes());
            let detail = format!("{name}: got `{got}`, expected one of {}", READ.join(", "));
            return Err(Problem::NotAcceptable(detail));
        }
    }
    if let Some(value) = request.headers().get(CONTENT_ENCODING)
        && !value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity")
        && !value.is_empty()
    {
        let got = shown(value.as_bytes());
        let detail = format!("Content-Encoding: got `{got}`, expected none: the body as it is");
        return Err(Problem::UnsupportedMediaType(detail));
    }
    let Some(value) = request.headers().get(CONTENT_TYPE) else { return Ok(()) };
    let text = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
    let kind = text.split(';').next().unwrap_or_default().trim();
    let is_read = kind.ends_with("/json")
        || kind.ends_with("+json")
        || kind.ends_with("/xml")
        || kind.ends_with("+xml")
        // What programs send that were told nothing; the body says what it is.
        || ["application/octet-stream", "application/x-www-form-urlencoded", "text/plain", ""].contains(&kind);
    let charset = text.split(';').skip(1).find_map(|one| one.trim().strip_prefix("charset="));
    let charset = charset.map_or("utf-8", |charset| charset.trim_matches(['"', ' ']));
    if is_read && !["utf-8", "utf8", "us-ascii"].contains(&charset) {
        let got = shown(charset.as_bytes());
        let detail = format!("Content-Type: got the charset `{got}`, expected utf-8");
        return Err(Problem::UnsupportedMediaType(detail));
    }
    if is_read {
        return Ok(());
    }
    let got = shown(value.as_bytes());
    let detail = format!(
        "got `{got}`, expected application/ld+json, application/json, application/xml or text/xml"
    );
    Err(Problem::UnsupportedMediaType(detail))
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().take(40).collect()
}

/// The form that the sender of a request accepts; of several that it names the first, and JSON if it takes anything.
///
/// # Errors
///
/// [`Problem::NotAcceptable`] if it accepts neither JSON nor XML.
pub(super) fn accepted(request: &HttpRequest) -> Result<Form, Problem> {
    let values: Vec<String> = request
        .headers()
        .get_all(ACCEPT)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase())
        .collect();
    let all = values.join(",");
    if all.trim().is_empty() {
        return Ok(Form::Json);
    }
    let forms = all.split(',').filter_map(|one| {
        let mut parts = one.split(';').map(str::trim);
        let kind = parts.next().unwrap_or_default();
        if parts.any(|part| {
            matches!(part.replace(' ', "").as_str(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
        }) {
            return None;
        }
        match kind {
            "application/json" | "application/ld+json" | "application/*" | "*/*" => {
                Some(Form::Json)
            }
            "application/xml" | "text/xml" | "text/*" => Some(Form::Xml),
            _ => None,
        }
    });
    let mut forms = forms;
    forms.next().ok_or_else(|| {
        let got = shown(all.as_bytes());
        Problem::NotAcceptable(format!(
            "Accept: got `{got}`, expected application/json or application/xml"
        ))
    })
}
