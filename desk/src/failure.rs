//! Every way in which a request fails: its status, and the sentence that people read.
//!
//! What holds: one exhaustive match gives status, reason in metrics and words; the cause of an internal failure is logged here, once,
//! and never shown; what a stranger sent is never repeated on a page.
//!
//! The way through: a handler returns a [`Failure`]; its answer carries a [`Kind`], of which `http/guard.rs` makes the page, because the
//! language is the request's.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use gate::Refusal;
use inquiry::cases::CasesError;

use crate::words::failures;

/// A request that was not fulfilled.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Nobody is logged in.
    #[error("nobody is logged in")]
    LoginNeeded,
    /// Who is logged in may not do this.
    #[error("{0}")]
    NotAllowed(String),
    /// A change that no form of ours was sent for.
    #[error("{0}")]
    Forged(&'static str),
    /// A form that was sent with the secret before: it may be sent again.
    #[error("the session got a new secret meanwhile; send the form again")]
    SendAgain,
    /// A login that did not end well.
    #[error("{0}")]
    LoginFailed(String),
    /// A parameter or field that cannot be understood.
    #[error("{0}")]
    Malformed(String),
    /// What was asked for does not exist.
    #[error("no such page")]
    NotFound,
    /// Too many attempts.
    #[error("too many attempts from one source")]
    TooMany,
    /// The request names another host.
    #[error("the request names another host than public_url of [desk]")]
    Misdirected,
    /// The database or the provider does not answer.
    #[error("{0}")]
    Unavailable(String),
    /// A fault of the service.
    #[error("{0}")]
    Internal(String),
}

/// What a page of a failure is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// Reason in metrics.
    pub reason: &'static str,
    /// The words.
    pub words: &'static failures::Words,
}

impl Failure {
    /// Its status, reason in metrics and words.
    #[must_use]
    pub fn parts(&self) -> (StatusCode, Kind) {
        let (status, reason, words) = match self {
            Self::LoginNeeded => {
                (StatusCode::UNAUTHORIZED, "login-needed", &failures::LOGIN_NEEDED)
            }
            Self::NotAllowed(_) => (StatusCode::FORBIDDEN, "not-allowed", &failures::NOT_ALLOWED),
            Self::Forged(_) => (StatusCode::FORBIDDEN, "forged", &failures::FORGED),
            Self::SendAgain => (StatusCode::CONFLICT, "send-again", &failures::SEND_AGAIN),
            Self::LoginFailed(_) => {
                (StatusCode::FORBIDDEN, "login-failed", &failures::LOGIN_FAILED)
            }
            Self::Malformed(_) => (StatusCode::BAD_REQUEST, "malformed", &failures::MALFORMED),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", &failures::NOT_FOUND),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, "too-many", &failures::TOO_MANY),
            Self::Misdirected => {
                (StatusCode::MISDIRECTED_REQUEST, "misdirected", &failures::MALFORMED)
            }
            Self::Unavailable(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", &failures::UNAVAILABLE)
            }
            Self::Internal(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "internal", &failures::INTERNAL)
            }
        };
        (status, Kind { reason, words })
    }
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        self.parts().0
    }

    fn error_response(&self) -> HttpResponse {
        let (status, kind) = self.parts();
        match self {
            Self::Internal(cause) => tracing::error!(cause, "a request failed"),
            Self::Unavailable(cause) => tracing::warn!(cause, "a request could not be answered"),
            other => tracing::debug!(why = %other, reason = kind.reason, "a request was refused"),
        }
        let mut answer = HttpResponse::new(status);
        answer.extensions_mut().insert(kind);
        answer
    }
}

/// As a request with a session meets it.
impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotIdentified(_) => Self::LoginNeeded,
            Refusal::NotAllowed(why) => Self::NotAllowed(why),
            Refusal::Unavailable(why) => Self::Unavailable(why),
            Refusal::Internal(why) => Self::Internal(why),
        }
    }
}

impl From<askama::Error> for Failure {
    fn from(error: askama::Error) -> Self {
        Self::Internal(format!("a page could not be made: {error}"))
    }
}

impl From<sql::Error> for Failure {
    fn from(error: sql::Error) -> Self {
        Refusal::from(error).into()
    }
}

/// As the pages of cases meet it.
impl From<CasesError> for Failure {
    fn from(error: CasesError) -> Self {
        match error {
            CasesError::NoSuchCase(_) => Self::NotFound,
            // A row that no step supports shows nothing; whoever runs the installation is told.
            CasesError::NotAsked { .. } => {
                tracing::error!(%error, "an inbox cannot be relied on");
                Self::NotFound
            }
            CasesError::Party(problem) => Self::Malformed(problem.to_string()),
            CasesError::Overtaken => Self::SendAgain,
            CasesError::Act(problem) => Self::Malformed(problem.to_string()),
            CasesError::Search(problem) => Self::Malformed(problem),
            CasesError::Altered { .. } => Self::Internal(error.to_string()),
            CasesError::Database(error) => error.into(),
        }
    }
}
