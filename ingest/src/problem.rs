//! Every way in which a request can fail, as an RFC 9457 problem document.
//!
//! What holds: one exhaustive match gives status, code and title, so a new case does not compile without
//! them; the cause of an internal error never reaches a client, it is logged once, here.
//!
//! Source: RFC 9457 section 3.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use thiserror::Error;

/// A request that was not fulfilled.
#[derive(Debug, Clone, Error)]
pub enum Problem {
    /// No known key signed it.
    #[error("{0}")]
    NotAdmitted(String),
    /// The sender is known and may not do this.
    #[error("{0}")]
    NotAllowed(String),
    /// Its head cannot be understood.
    #[error("{0}")]
    BadRequest(String),
    /// Its body did not arrive in time.
    #[error("the body did not arrive within {limit_s} seconds")]
    TooSlow {
        /// The limit.
        limit_s: u64,
    },
    /// Its sender's address made too many requests that were not admitted.
    #[error("too many requests of this address were not admitted; retry later")]
    TooMany,
    /// Too much is being received at the moment.
    #[error("too many bodies are being received at the moment; retry later")]
    Busy,
    /// It is larger than the limit.
    #[error("body too large: expected at most {limit_bytes} bytes")]
    TooLarge {
        /// The limit.
        limit_bytes: usize,
    },
    /// It has more events than the limit.
    #[error("{0}")]
    TooManyEvents(String),
    /// It is in a format that is not read.
    #[error("{0}")]
    UnsupportedMediaType(String),
    /// The answer is wanted in a form, or under a version, that there is not.
    #[error("{0}")]
    NotAcceptable(String),
    /// It violates the contract.
    #[error("{detail}")]
    Malformed {
        /// What is wrong.
        detail: String,
        /// Field by field, where they are known.
        violations: Vec<Violation>,
    },
    /// Another delivery has the same number.
    #[error("{0}")]
    NumberTaken(String),
    /// Another event was created under the same id.
    #[error("{0}")]
    EventExists(String),
    /// Events of the document are recorded in another ledger.
    #[error(
        "{events} events of this document are recorded in another ledger, which was this partner's when it was sent first; \
         send the others as a document of their own"
    )]
    BegunElsewhere {
        /// How many.
        events: usize,
    },
    /// There is no such resource.
    #[error("{0}")]
    NotFound(String),
    /// The database is not available; the same request may succeed later.
    #[error("the ledger cannot be written at the moment; retry later")]
    Unavailable,
    /// Nothing may be signed for the ledger: it was restored from a backup, or closed. The sender keeps what it has.
    #[error("{0}")]
    Held(String),
    /// An internal error.
    #[error("internal error")]
    Internal(String),
}

/// One field that violates the contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// JSON pointer to the field, RFC 6901.
    pub pointer: String,
    /// The value found, shortened.
    pub value: String,
    /// What is wrong with it.
    pub problem: String,
    /// What was expected.
    pub expected: String,
}

impl From<&epcis::Violation> for Violation {
    fn from(found: &epcis::Violation) -> Self {
        Self {
            pointer: found.pointer.clone(),
            value: found.value.clone(),
            problem: found.problem.clone(),
            expected: found.expected.clone(),
        }
    }
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    title: &'static str,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    violations: &'a [Violation],
}

impl Problem {
    fn parts(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::NotAdmitted(_) => {
                (StatusCode::UNAUTHORIZED, "not-admitted", "Sender not admitted")
            }
            Self::NotAllowed(_) => (StatusCode::FORBIDDEN, "not-allowed", "Not allowed"),
            Self::BadRequest(_) => (StatusCode::BAD_REQUEST, "bad-request", "Bad request"),
            Self::TooSlow { .. } => (StatusCode::REQUEST_TIMEOUT, "too-slow", "Body too slow"),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, "too-many", "Too many requests"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy", "Too much at once"),
            Self::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too-large", "Body too large"),
            Self::TooManyEvents(_) => {
                (StatusCode::PAYLOAD_TOO_LARGE, "too-many-events", "Too many events")
            }
            Self::NotAcceptable(_) => {
                (StatusCode::NOT_ACCEPTABLE, "not-acceptable", "Not acceptable")
            }
            Self::UnsupportedMediaType(_) => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media-type",
                "Format not supported",
            ),
            Self::Malformed { .. } => {
                (StatusCode::UNPROCESSABLE_ENTITY, "malformed", "Body violates the contract")
            }
            Self::NumberTaken(_) => {
                (StatusCode::CONFLICT, "number-taken", "Number used by another delivery")
            }
            Self::BegunElsewhere { .. } => {
                (StatusCode::CONFLICT, "begun-elsewhere", "Recorded in part in another ledger")
            }
            Self::EventExists(_) => {
                (StatusCode::CONFLICT, "event-exists", "Another event has this id")
            }
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "not-found", "Not found"),
            Self::Unavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Ledger not available")
            }
            Self::Held(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "held", "Ledger held, nothing is signed")
            }
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error"),
        }
    }
}

impl Problem {
    /// The standard's type of this problem, where it has one.
    fn exception(&self) -> Option<&'static str> {
        Some(match self {
            Self::NotAdmitted(_) | Self::NotAllowed(_) => "SecurityException",
            Self::BadRequest(_) | Self::Malformed { .. } => "ValidationException",
            Self::TooLarge { .. } | Self::TooManyEvents(_) => "CaptureLimitExceededException",
            Self::UnsupportedMediaType(_) => "UnsupportedMediaTypeException",
            Self::NotAcceptable(_) => "NotAcceptableException",
            Self::EventExists(_) => "ResourceAlreadyExistsException",
            Self::NotFound(_) => "NoSuchNameException",
            Self::Internal(_) => "ImplementationException",
            Self::TooSlow { .. }
            | Self::TooMany
            | Self::Busy
            | Self::NumberTaken(_)
            | Self::BegunElsewhere { .. }
            | Self::Unavailable
            | Self::Held(_) => return None,
        })
    }

    /// The answer on a path of the EPCIS capture interface: where the standard has a type for it, `type` is that one and the
    /// member `code` has ours.
    #[must_use]
    pub fn standard_response(&self) -> HttpResponse {
        let (_, code, _) = self.parts();
        match self.exception() {
            Some(name) => self.response(format!("epcisException:{name}"), Some(code)),
            None => self.response(format!("urn:chopmark:problem:{code}"), None),
        }
    }

    fn response(&self, kind: String, code: Option<&'static str>) -> HttpResponse {
        let (status, _, title) = self.parts();
        let violations = match self {
            Self::Malformed { violations, .. } => violations.as_slice(),
            _ => &[],
        };
        let detail = self.to_string();
        let document =
            Document { r#type: kind, code, title, status: status.as_u16(), detail, violations };
        let mut response = HttpResponse::build(status);
        match self {
            Self::Unavailable | Self::Busy => {
                response.insert_header(("Retry-After", "1"));
            }
            Self::TooMany | Self::Held(_) => {
                response.insert_header(("Retry-After", "60"));
            }
            _ => {}
        }
        response
            .content_type("application/problem+json")
            .body(serde_json::to_string(&document).unwrap_or_default())
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.parts().0
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::Internal(cause) = self {
            tracing::error!(cause, "request failed");
        }
        let (_, code, _) = self.parts();
        self.response(format!("urn:chopmark:problem:{code}"), None)
    }
}

impl From<sql::Error> for Problem {
    fn from(error: sql::Error) -> Self {
        if let sql::Error::Held(reason) = error {
            Self::Held(reason)
        } else if error.is_unavailable() {
            tracing::warn!(%error, "database is not available");
            Self::Unavailable
        } else {
            Self::Internal(format!("{error:?}"))
        }
    }
}
