//! Every way in which a request can fail, as an RFC 9457 problem document.
//!
//! What holds: one exhaustive match gives status, code and title; the cause of an internal error is logged here, once,
//! and never sent to a client.
//!
//! Source: RFC 9457 section 3.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use thiserror::Error;

use crate::scan_queue::NotStored;

/// A request that was not fulfilled.
#[derive(Debug, Error)]
pub enum Problem {
    /// A part of the address or a parameter is malformed.
    #[error("{0}")]
    Malformed(String),
    /// What was asked for does not exist.
    #[error("{0}")]
    NotFound(String),
    /// The caller did not show who they are.
    #[error("{0}")]
    NotIdentified(String),
    /// The caller may not do this.
    #[error("{0}")]
    NotAllowed(String),
    /// Too many requests, or too many for unknown codes.
    #[error("too many requests from your network; retry in a minute")]
    TooMany,
    /// A request to the operator's address that names another.
    #[error("this address is the operator's; expected its IP address or localhost as Host")]
    Misdirected,
    /// The database does not answer, or too much is under way; the same request may succeed later.
    #[error("this cannot be checked at the moment; retry later")]
    Unavailable,
    /// A fault of the service.
    #[error("internal error")]
    Internal(String),
}

#[derive(Serialize)]
struct Document {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: String,
}

impl Problem {
    fn parts(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Malformed(_) => (StatusCode::BAD_REQUEST, "malformed", "Address is malformed"),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "not-found", "No such thing"),
            Self::NotIdentified(_) => {
                (StatusCode::UNAUTHORIZED, "not-identified", "Who you are was not shown")
            }
            Self::NotAllowed(_) => (StatusCode::FORBIDDEN, "not-allowed", "Not allowed"),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, "too-many", "Too many requests"),
            Self::Misdirected => {
                (StatusCode::MISDIRECTED_REQUEST, "misdirected", "Another address was asked for")
            }
            Self::Unavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Cannot check now")
            }
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error"),
        }
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.parts().0
    }

    fn error_response(&self) -> HttpResponse {
        let (status, code, title) = self.parts();
        if let Self::Internal(cause) = self {
            tracing::error!(cause, "request failed");
        }
        let document = Document {
            r#type: format!("urn:chopmark:problem:{code}"),
            title,
            status: status.as_u16(),
            detail: self.to_string(),
        };
        let mut response = HttpResponse::build(status);
        match self {
            Self::Unavailable => _ = response.insert_header(("Retry-After", "1")),
            Self::TooMany => _ = response.insert_header(("Retry-After", "60")),
            Self::NotIdentified(_) => _ = response.insert_header(("WWW-Authenticate", "Bearer")),
            Self::NotAllowed(_)
            | Self::Malformed(_)
            | Self::NotFound(_)
            | Self::Misdirected
            | Self::Internal(_) => {}
        }
        response
            .content_type("application/problem+json")
            .body(serde_json::to_string(&document).unwrap_or_default())
    }
}

impl From<sql::Error> for Problem {
    fn from(error: sql::Error) -> Self {
        if error.is_unavailable() {
            tracing::warn!(%error, "database is not available");
            Self::Unavailable
        } else {
            Self::Internal(format!("{error:?}"))
        }
    }
}

impl From<NotStored> for Problem {
    fn from(problem: NotStored) -> Self {
        match problem {
            NotStored::Full | NotStored::Unavailable(_) => {
                tracing::warn!(%problem, "a scan is refused");
                Self::Unavailable
            }
            NotStored::Refused(_) => Self::Internal(problem.to_string()),
        }
    }
}

impl From<gate::Refusal> for Problem {
    fn from(refusal: gate::Refusal) -> Self {
        match refusal {
            gate::Refusal::NotIdentified(why) => Self::NotIdentified(why),
            gate::Refusal::NotAllowed(why) => Self::NotAllowed(why),
            gate::Refusal::Unavailable(why) => {
                tracing::warn!(why, "who asks cannot be checked");
                Self::Unavailable
            }
            gate::Refusal::Internal(why) => Self::Internal(why),
        }
    }
}
