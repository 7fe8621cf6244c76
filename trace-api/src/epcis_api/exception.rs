//! Every way in which a request of the EPCIS interface can fail, with the standard's types of exceptions.
//!
//! What holds: the body is a problem document as everywhere else (RFC 9457, which replaces RFC 7807), its `type` one of the
//! standard's; the detail says what was got and what was expected; the cause of a fault of the server is logged and never sent.
//!
//! Sources: EPCIS 2.0 REST binding (responses), EPCIS 2.0 section 8.2.6 (exceptions), RFC 9457 section 3.

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use serde_json::json;
use thiserror::Error;

use super::token::TokenError;
use crate::problem::Problem;

/// A request that was not fulfilled.
#[derive(Debug, Error)]
pub enum Exception {
    /// Parameters of a query or of a list; one line for each.
    #[error("{}", .0.join("; "))]
    QueryParameter(Vec<String>),
    /// A body that is no query or subscription.
    #[error("{0}")]
    Validation(String),
    /// The controls of a subscription.
    #[error("{0}")]
    SubscriptionControls(String),
    /// More events match than the query allows.
    #[error(
        "got more than {0} events that match, expected at most as many as maxEventCount says: ask for a shorter time or for fewer things"
    )]
    QueryTooLarge(u64),
    /// The answer cannot be found with bounded work.
    #[error("{0}")]
    QueryTooComplex(String),
    /// The address is too long.
    #[error("got an address of {0} bytes, expected at most {1}")]
    UriTooLong(usize, usize),
    /// There is no such thing, or none that the caller may see.
    #[error("{detail}")]
    NoSuchResource {
        /// For people.
        detail: String,
        /// Events that are hidden by scope.
        hidden: u64,
    },
    /// There is no query or subscription of that name, or none that the caller may see.
    #[error("{0}")]
    NoSuchName(String),
    /// The name is taken.
    #[error("{0}")]
    AlreadyExists(String),
    /// What the headers ask for is not available.
    #[error("{0}")]
    NotAcceptable(String),
    /// The body's media type is not understood.
    #[error("got the media type `{0}`, expected application/json")]
    UnsupportedMediaType(String),
    /// The body is too long.
    #[error("got a body of more than {0} bytes, expected at most that")]
    TooLarge(usize),
    /// The caller is known and may not do this.
    #[error("{0}")]
    Forbidden(String),
    /// What fails here as it does elsewhere.
    #[error(transparent)]
    Elsewhere(#[from] Problem),
}

impl Exception {
    /// Status, type and title.
    fn parts(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::QueryParameter(_) => {
                (StatusCode::BAD_REQUEST, "QueryParameterException", "Parameters of the query")
            }
            Self::Validation(_) => {
                (StatusCode::BAD_REQUEST, "ValidationException", "The body is not valid")
            }
            Self::SubscriptionControls(_) => {
                (StatusCode::BAD_REQUEST, "SubscriptionControlsException", "Subscription error")
            }
            Self::QueryTooLarge(_) => {
                (StatusCode::PAYLOAD_TOO_LARGE, "QueryTooLargeException", "Too many events")
            }
            Self::QueryTooComplex(_) => {
                (StatusCode::PAYLOAD_TOO_LARGE, "QueryTooComplexException", "Too much work")
            }
            Self::UriTooLong(..) => {
                (StatusCode::URI_TOO_LONG, "URITooLongException", "URI Too Long")
            }
            Self::NoSuchResource { .. } => {
                (StatusCode::NOT_FOUND, "NoSuchResourceException", "Resource not found")
            }
            Self::NoSuchName(_) => {
                (StatusCode::NOT_FOUND, "NoSuchNameException", "Resource not found")
            }
            Self::AlreadyExists(_) => {
                (StatusCode::CONFLICT, "ResourceAlreadyExistsException", "The name is taken")
            }
            Self::NotAcceptable(_) => {
                (StatusCode::NOT_ACCEPTABLE, "NotAcceptableException", "Not available in this form")
            }
            Self::UnsupportedMediaType(_) => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "UnsupportedMediaTypeException",
                "Unsupported Media Type",
            ),
            Self::TooLarge(_) => {
                (StatusCode::PAYLOAD_TOO_LARGE, "ValidationException", "The body is too long")
            }
            Self::Forbidden(_) => {
                (StatusCode::FORBIDDEN, "SecurityException", "Access to resource forbidden")
            }
            Self::Elsewhere(problem) => elsewhere(problem.status_code()),
        }
    }
}

/// The standard's type for a failure that other routes have as well.
fn elsewhere(status: StatusCode) -> (StatusCode, &'static str, &'static str) {
    let (kind, title) = match status {
        StatusCode::UNAUTHORIZED => ("SecurityException", "Unauthorised request"),
        StatusCode::FORBIDDEN => ("SecurityException", "Access to resource forbidden"),
        StatusCode::NOT_FOUND => ("NoSuchResourceException", "Resource not found"),
        status if status.is_client_error() => ("ValidationException", "Request not fulfilled"),
        _ => ("ImplementationException", "A server-side error occurred"),
    };
    (status, kind, title)
}

impl ResponseError for Exception {
    fn status_code(&self) -> StatusCode {
        self.parts().0
    }

    fn error_response(&self) -> HttpResponse {
        let (status, kind, title) = self.parts();
        let mut response = match self {
            // Its own headers say when to come back, or how to say who one is; it logs its cause.
            Self::Elsewhere(problem) => problem.error_response().drop_body().set_body(()),
            _ => HttpResponse::new(status).set_body(()),
        };
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(process::problem::MEDIA_TYPE));
        match self {
            Self::NoSuchResource { hidden: hidden @ 1.., .. } => {
                let name = HeaderName::from_static("chopmark-hidden-events");
                headers.insert(name, HeaderValue::from(*hidden));
            }
            Self::UnsupportedMediaType(_) => {
                headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
            }
            _ => {}
        }
        let document = json!({
            "type": format!("epcisException:{kind}"),
            "title": title,
            "status": status.as_u16(),
            "detail": self.to_string(),
        });
        response.set_body(document.to_string()).map_into_boxed_body()
    }
}

impl From<sql::Error> for Exception {
    fn from(error: sql::Error) -> Self {
        Self::Elsewhere(error.into())
    }
}

impl From<TokenError> for Exception {
    fn from(error: TokenError) -> Self {
        Self::QueryParameter(vec![format!("nextPageToken: {error}")])
    }
}
