//! The contract between bridge and ingest: one settled window per delivery.
//!
//! What holds: unknown members, missing ones and values out of range are refused with the member's name;
//! a delivery that parses can be interpreted without further checks.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::check::{
    Found, MAX_NAME, check_movement, check_observation, check_reading, is_hex, is_name,
    name_problem,
};
use crate::excerpt::{cut, excerpt};
use crate::movement::Movement;
use crate::observation::Observation;
use crate::sensor::SensorReading;
use crate::skip::is_false;

/// Name and version of the contract.
pub const CONTRACT: &str = "chopmark.delivery/1";
/// Largest delivery, in bytes.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;
/// Most observations in a delivery.
pub const MAX_OBSERVATIONS: usize = 10_000;
/// Most sensor readings in a delivery.
pub const MAX_READINGS: usize = 10_000;

/// One settled window, as a bridge sends it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Delivery {
    /// [`CONTRACT`].
    pub contract: String,
    /// The bridge.
    pub bridge: String,
    /// Number of the bridge's spool life, never used twice.
    pub boot: u64,
    /// Place in the boot's sequence, from 1.
    pub seq: u64,
    /// The reader or sensor line.
    pub reader: String,
    /// Its read point, SGLN URI.
    pub read_point: String,
    /// When the window opened.
    pub opened: Timestamp,
    /// When it closed; not before it opened.
    pub closed: Timestamp,
    /// Raw reads in the window.
    pub reads: u64,
    /// SHA-256 over the raw window, lowercase hex.
    pub window_digest: String,
    /// Whether the reader's clock was not believed.
    pub suspect_clock: bool,
    /// Whether the reads arrived long after they happened.
    pub late: bool,
    /// What is known to be missing from the window, as text for people.
    pub gaps: Vec<String>,
    /// Whether a light barrier was broken. Then a window without observations means that something passed without a
    /// readable tag.
    #[serde(default, skip_serializing_if = "is_false")]
    pub by_barrier: bool,
    /// Observations, in order of EPC.
    pub observations: Vec<Observation>,
    /// Sensor readings, in order of time.
    pub sensors: Vec<SensorReading>,
    /// Arrivals, moves and departures at read points where things rest, in order of time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub movements: Vec<Movement>,
}

/// Largest boot number and sequence: what a database's signed integer holds.
const MAX_NUMBER: u64 = u64::MAX / 2;

/// Why bytes are not a delivery.
#[derive(Debug, Error)]
pub enum DeliveryError {
    /// Too large.
    #[error("got a delivery of {0} bytes, expected at most 4194304")]
    TooLarge(usize),
    /// Not the JSON that the contract describes.
    #[error("delivery does not match the contract: {}", excerpt(&.0.to_string()))]
    Json(#[from] serde_json::Error),
    /// A member's value is out of range.
    #[error("delivery member {member}: {problem}")]
    Value {
        /// Which member.
        member: String,
        /// What is wrong and what is expected.
        problem: String,
    },
}

impl Delivery {
    /// Parses and checks a delivery.
    ///
    /// # Errors
    ///
    /// [`DeliveryError`], naming the member and what is expected.
    pub fn parse(bytes: &[u8]) -> Result<Self, DeliveryError> {
        if bytes.len() > MAX_BYTES {
            return Err(DeliveryError::TooLarge(bytes.len()));
        }
        let delivery: Self = serde_json::from_slice(bytes)?;
        delivery.check()?;
        Ok(delivery)
    }

    /// The delivery as JSON, members in the order of this struct.
    ///
    /// # Panics
    ///
    /// Never: every member has a JSON form.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("every member has a JSON form")
    }

    fn check(&self) -> Result<(), DeliveryError> {
        self.check_head().and_then(|()| self.check_counts()).map_err(|(member, problem)| {
            DeliveryError::Value { member: member.to_owned(), problem }
        })?;
        check_all("movements", &self.movements, check_movement)?;
        check_all("observations", &self.observations, check_observation)?;
        check_all("sensors", &self.sensors, check_reading)
    }

    fn check_head(&self) -> Result<(), Found> {
        if self.contract != CONTRACT {
            let problem = format!("got `{}`, expected `{CONTRACT}`", cut(&self.contract));
            return Err(("contract", problem));
        }
        for (member, name) in [("bridge", &self.bridge), ("reader", &self.reader)] {
            if !is_name(name) {
                return Err((member, name_problem(name)));
            }
        }
        if !self.read_point.starts_with("urn:epc:id:sgln:") || self.read_point.len() > MAX_NAME {
            let problem = format!("got `{}`, expected an SGLN URI", cut(&self.read_point));
            return Err(("readPoint", problem));
        }
        if self.seq == 0 {
            return Err(("seq", "got 0, expected at least 1".into()));
        }
        for (member, number) in [("boot", self.boot), ("seq", self.seq)] {
            if number > MAX_NUMBER {
                return Err((member, format!("got {number}, expected at most 2^63 - 1")));
            }
        }
        if self.closed < self.opened {
            return Err(("closed", format!("{} is before opened {}", self.closed, self.opened)));
        }
        if !is_hex(&self.window_digest, false) || self.window_digest.len() != 64 {
            return Err(("windowDigest", "expected 64 lowercase hex digits".into()));
        }
        Ok(())
    }

    fn check_counts(&self) -> Result<(), Found> {
        if self.gaps.len() > 100 || self.gaps.iter().any(|gap| gap.len() > 1024) {
            return Err(("gaps", "expected at most 100 of at most 1024 bytes".into()));
        }
        for (member, count, most) in [
            ("observations", self.observations.len(), MAX_OBSERVATIONS),
            ("sensors", self.sensors.len(), MAX_READINGS),
            ("movements", self.movements.len(), MAX_OBSERVATIONS),
        ] {
            if count > most {
                return Err((member, format!("got {count}, expected at most {most}")));
            }
        }
        Ok(())
    }
}

fn check_all<T>(
    list: &str,
    items: &[T],
    check: impl Fn(&T) -> Result<(), Found>,
) -> Result<(), DeliveryError> {
    for (place, item) in items.iter().enumerate() {
        check(item).map_err(|(member, problem)| DeliveryError::Value {
            member: format!("{list}/{place}/{member}"),
            problem,
        })?;
    }
    Ok(())
}

/// What a bridge signs when it sends `body`: docs/formats/observation-v1.md, section "Signature".
///
/// - `recipient`: origin of the ledger that the delivery is for. A delivery that was sent to one ledger is therefore
///   not signed for any other one.
#[must_use]
pub fn signing_bytes(recipient: &str, bridge: &str, boot: u64, seq: u64, body: &[u8]) -> Vec<u8> {
    let digest = ledger::hash::sha256(body);
    format!("chopmark-delivery-v1\n{recipient}\n{bridge}\n{boot}\n{seq}\n{digest}\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signed_bytes_are_those_of_the_format_and_name_the_recipient() {
        let bytes = signing_bytes("site.example/1", "door", 7, 3, b"{}");
        let digest = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
        let expected = format!("chopmark-delivery-v1\nsite.example/1\ndoor\n7\n3\n{digest}\n");
        assert_eq!(String::from_utf8(bytes.clone()).unwrap(), expected);
        assert_ne!(bytes, signing_bytes("site.example/2", "door", 7, 3, b"{}"));
    }

    #[test]
    fn an_error_quotes_long_input_in_short_with_its_place() {
        let text = format!(r#"{{"{}":2}}"#, "x".repeat(100_000));
        let error = Delivery::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(error.len() < 500 && error.contains("column"), "{error}");
        assert_eq!(excerpt(&"é".repeat(300)), "é".repeat(300));
        assert_eq!(excerpt(&"é".repeat(301)).chars().count(), 300);
    }
}
