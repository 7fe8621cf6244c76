//! Database errors, grouped by what the caller does.

use thiserror::Error;

/// A failure of the database.
#[derive(Debug, Clone, Error)]
pub enum Error {
    /// It is down or starting; the same call may succeed later.
    #[error("database is not available: {0}")]
    Unavailable(String),
    /// A concurrent transaction won; read again and retry.
    #[error("concurrent write: {0}")]
    Conflict(String),
    /// Stored data, data to be stored, or a setting is invalid.
    #[error("{0}")]
    Data(String),
    /// PostgreSQL refused a value: out of range, malformed, against a constraint.
    #[error("the database refused the data: {0}")]
    Value(String),
    /// PostgreSQL refused a statement because another one of its transaction had failed.
    #[error("the transaction had failed before: {0}")]
    Aborted(String),
    /// PostgreSQL refused a statement.
    #[error("database error: {0}")]
    Refused(String),
    /// Nothing may be signed for the ledger: it was restored from a backup, or closed ([`crate::holds`]).
    #[error("{0}")]
    Held(String),
    /// PostgreSQL's programs are missing or failed.
    #[error("{0}")]
    Cluster(String),
}

impl Error {
    /// [`Error::Data`] with this text.
    pub fn data(text: impl Into<String>) -> Self {
        Self::Data(text.into())
    }

    /// Whether the same call may succeed later without intervention.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    /// Whether PostgreSQL refused a value that was to be stored: the same call fails again, and without that value it would
    /// not.
    #[must_use]
    pub fn is_of_a_value(&self) -> bool {
        matches!(self, Self::Value(_))
    }

    /// The same of a statement whose values nobody sent: then no sender is to blame.
    pub(crate) fn of_our_own(self) -> Self {
        match self {
            Self::Value(text) => Self::Refused(text),
            other => other,
        }
    }

    /// The cause among the results of statements that were sent together: not that the transaction had failed before.
    ///
    /// # Errors
    ///
    /// The first error that is no [`Error::Aborted`], or else the first one.
    pub fn first_cause(results: impl IntoIterator<Item = Result<(), Self>>) -> Result<(), Self> {
        let mut errors: Vec<Self> = results.into_iter().filter_map(Result::err).collect();
        let cause = errors.iter().position(|error| !matches!(error, Self::Aborted(_)));
        if errors.is_empty() { Ok(()) } else { Err(errors.swap_remove(cause.unwrap_or(0))) }
    }

    /// Whether a concurrent transaction won.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict(_))
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(answer) = error.as_db_error() else {
            let cause =
                std::error::Error::source(&error).map_or_else(String::new, |c| format!(": {c}"));
            return Self::Unavailable(format!("{error}{cause}"));
        };
        let (code, text) =
            (answer.code().code(), format!("{} ({})", answer.message(), answer.code().code()));
        match code {
            // Connection, shutdown, start-up, too many connections: SQLSTATE classes 08, 57P, 53.
            _ if code.starts_with("08") || code.starts_with("57P") || code.starts_with("53") => {
                Self::Unavailable(text)
            }
            // Serialization failure, deadlock, and a row that a concurrent transaction inserted first.
            "40001" | "40P01" | "23505" => Self::Conflict(text),
            "25P02" => Self::Aborted(text),
            "CHELD" => Self::Held(answer.message().to_owned()),
            // Data exception, integrity constraint violation, program limit exceeded.
            _ if ["22", "23", "54"].iter().any(|class| code.starts_with(class)) => {
                Self::Value(text)
            }
            _ => Self::Refused(text),
        }
    }
}

impl From<deadpool_postgres::PoolError> for Error {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        match error {
            deadpool_postgres::PoolError::Backend(error) => error.into(),
            other => Self::Unavailable(other.to_string()),
        }
    }
}
