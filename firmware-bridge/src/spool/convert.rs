//! Values as SQLite holds them: times as text, unsigned numbers as signed ones, bodies as JSON.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::SpoolError;

pub(super) fn text(at: Timestamp) -> String {
    at.to_string()
}

pub(super) fn number(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("every member has a JSON form")
}

pub(super) fn parsed<T: DeserializeOwned>(what: &str, body: &str) -> Result<T, SpoolError> {
    serde_json::from_str(body).map_err(|error| SpoolError::Data(format!("{what}: {error}")))
}

pub(super) fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
