//! Forms that our own pages send, and the pages that have them.
//!
//! What holds: a form without one of its fields, or with a longer one than it may have, is malformed; a page that has a form says to
//! ourselves where it comes from, and to nobody else.
//!
//! Not here: forms of other sites ([`super::guard::foreign_form`]), forms with files ([`super::report`]).
//!
//! Source: WHATWG URL, section 5 (`application/x-www-form-urlencoded`).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, REFERRER_POLICY};
use actix_web::web::Query;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// Most fields of a form.
const MOST_FIELDS: usize = 8;

/// What a form sent.
///
/// - `fields`: what it must have, for people.
/// - `longest`: most bytes of a field.
///
/// # Errors
///
/// [`Problem::Malformed`].
pub fn form<F: DeserializeOwned>(body: &[u8], fields: &str, longest: usize) -> Result<F, Problem> {
    let malformed = || {
        let expected = format!("expected the fields {fields} of at most {longest} bytes");
        Problem::Malformed(format!("got {} bytes, {expected}", body.len()))
    };
    // A byte may be written as three.
    let text = std::str::from_utf8(body).ok();
    let text = text.filter(|text| text.len() <= MOST_FIELDS * 3 * longest).ok_or_else(malformed)?;
    let pairs = Query::<Vec<(String, String)>>::from_query(text).map_err(|_| malformed())?;
    if pairs.iter().any(|(_, value)| value.len() > longest) {
        return Err(malformed());
    }
    Query::<F>::from_query(text).map(Query::into_inner).map_err(|_| malformed())
}

/// A page that has a form: without this header a browser that knows no `Sec-Fetch-Site` calls its own form `null`.
#[must_use]
pub fn page(status: StatusCode, body: String) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((REFERRER_POLICY, HeaderValue::from_static("same-origin")))
        .body(body)
}
