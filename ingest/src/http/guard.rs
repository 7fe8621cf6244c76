//! What holds for every request and answer: no control characters in paths and headers, and answers that nobody may
//! cache or take for something else.
//!
//! Source: RFC 9110 section 5.5 (field values); Fetch, `X-Content-Type-Options`.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CACHE_CONTROL, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use actix_web::middleware::Next;
use actix_web::{Error, ResponseError as _};

use crate::problem::Problem;

/// Headers of every answer.
const HEADERS: [(HeaderName, HeaderValue); 2] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// Answers the request; used with `actix_web::middleware::from_fn`.
///
/// # Errors
///
/// What the handlers return.
pub(super) async fn guarded(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let mut answer = match control_character(&request) {
        Some(place) => {
            let detail = format!("got a control character in {place}, expected none");
            let (request, _) = request.into_parts();
            ServiceResponse::new(request, Problem::BadRequest(detail).error_response())
        }
        None => next.call(request).await?.map_into_boxed_body(),
    };
    for (name, value) in HEADERS {
        answer.headers_mut().insert(name, value);
    }
    Ok(answer)
}

/// Where the request has a control character, escaped or not.
fn control_character(request: &ServiceRequest) -> Option<String> {
    let target = request.uri().path_and_query().map_or("", |target| target.as_str());
    if has_control(target) {
        return Some("the path".to_owned());
    }
    let mut headers = request.headers().iter();
    let is_bad = |value: &HeaderValue| {
        value.as_bytes().iter().any(|byte| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f)
    };
    headers.find(|(_, value)| is_bad(value)).map(|(name, _)| format!("the header {name}"))
}

/// Whether a path or query has a control character, as it is or as `%00` to `%1F` or `%7F`.
fn has_control(target: &str) -> bool {
    let bytes = target.as_bytes();
    let digit = |place: usize| bytes.get(place).and_then(|byte| char::from(*byte).to_digit(16));
    bytes.iter().enumerate().any(|(place, byte)| match byte {
        b'%' => match (digit(place + 1), digit(place + 2)) {
            (Some(high), Some(low)) => high < 2 || (high, low) == (7, 15),
            _ => false,
        },
        _ => byte.is_ascii_control(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_seen_escaped_or_not_and_others_are_not() {
        for target in ["/capture/%00", "/a%0a", "/a%1F?b", "/?q=%7f", "/a\u{1}"] {
            assert!(has_control(target), "{target:?}");
        }
        for target in ["/capture/ab", "/%20%7e%2F", "/%", "/%0", "/%zz", "/?q=%C3%A9"] {
            assert!(!has_control(target), "{target:?}");
        }
    }
}
