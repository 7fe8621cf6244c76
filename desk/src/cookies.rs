//! The cookies of the desk.
//!
//! What holds: the session's is never sent with what another site led to; the login's is, because the provider leads back, and lasts as
//! long as a login may.
//!
//! Not here: how a cookie is written and read (`access::Cookie`).

use access::{Channel, Cookie, LONGEST, SameSite};
use actix_web::HttpRequest;
use actix_web::http::header::HeaderValue;
use jiff::SignedDuration;

/// The secret of a session.
pub const SESSION: Cookie =
    Cookie { name: "chopmark-session", same_site: SameSite::Strict, lasts: LONGEST };
/// A login at a provider that is under way.
pub const LOGIN: Cookie =
    Cookie { name: "chopmark-login", same_site: SameSite::Lax, lasts: gate::login::LOGIN_LASTS };
/// The language that somebody chose.
pub const LANGUAGE: Cookie = Cookie {
    name: "chopmark-language",
    same_site: SameSite::Lax,
    lasts: SignedDuration::from_hours(24 * 365),
};

/// A value of a header that we made.
#[must_use]
pub fn header(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}

/// The value of a cookie of a request; none if it comes twice, or is no text.
#[must_use]
pub fn value(request: &HttpRequest, cookie: Cookie, channel: Channel) -> Option<String> {
    let headers = request.headers().get_all("Cookie").map(|value| value.to_str());
    let headers: Vec<&str> = headers.collect::<Result<_, _>>().ok()?;
    cookie.value(channel, &headers).map(str::to_owned)
}
