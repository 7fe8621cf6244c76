//! The contract between bridge and ingest: one settled window a delivery.
//!
//! What holds: unknown members, missing ones and values out of range are refused with the member's name;
//! a delivery that parses can be interpreted without further checks.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::movement::{Direction, Movement, Rival};
use crate::sensor::SensorReading;

/// Name and version of the contract.
pub const CONTRACT: &str = "chopmark.delivery/1";
/// Largest delivery, in bytes.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;
/// Most observations in a delivery.
pub const MAX_OBSERVATIONS: usize = 10_000;
/// Most sensor readings in a delivery.
pub const MAX_READINGS: usize = 10_000;
/// Longest name of a bridge, reader or sensor, in bytes.
const MAX_NAME: usize = 256;

/// Reads of one antenna.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct AntennaCount {
    /// Antenna port.
    pub antenna: u16,
    /// Reads by it, at least 1.
    pub count: u32,
}

/// The reads of one tag at one read point, settled over a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Observation {
    /// EPC bank, uppercase hex, 0 to 62 bytes.
    pub epc_hex: String,
    /// Pure identity URI, if the bank holds a GS1 EPC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epc: Option<String>,
    /// TID bank, uppercase hex, if it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tid: Option<String>,
    /// Reads in the window, at least 1.
    pub count: u32,
    /// Time of the first read.
    pub first: Timestamp,
    /// Time of the last read; not before the first.
    pub last: Timestamp,
    /// Strongest read, hundredths of a dBm.
    pub rssi_max_cdbm: i32,
    /// Mean over all reads, hundredths of a dBm.
    pub rssi_mean_cdbm: i32,
    /// Slope of a straight line through the reads, hundredths of a dBm per second; 0 for one read.
    pub rssi_slope_cdbm_per_s: i32,
    /// Reads per antenna, in order of antenna.
    pub antennas: Vec<AntennaCount>,
    /// Which way the tag went, where the read point can tell; see [`Direction`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// The neighbouring reader that read the same tag best at the same time, if any did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rival: Option<Rival>,
    /// Whether the tag was read steadily for so long that it stands here rather than passes.
    #[serde(default, skip_serializing_if = "is_false")]
    pub resident: bool,
}

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
    /// Where it stands, SGLN URI.
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
    /// Whether the reads came long after they happened.
    pub late: bool,
    /// What is known to be missing from the window, in plain words.
    pub gaps: Vec<String>,
    /// Edges of a light barrier opened and closed the window: then one without observations says that
    /// something passed and nothing readable was on it.
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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
pub(crate) fn is_false(value: &bool) -> bool {
    !*value
}

/// Why bytes are no delivery.
#[derive(Debug, Error)]
pub enum DeliveryError {
    /// Too large.
    #[error("delivery of {0} bytes; at most 4194304 would be right")]
    TooLarge(usize),
    /// Not the JSON that the contract describes.
    #[error("delivery is not what the contract describes: {}", excerpt(&.0.to_string()))]
    Json(#[from] serde_json::Error),
    /// A member's value is out of range.
    #[error("delivery member {member}: {problem}")]
    Value {
        /// Which member.
        member: String,
        /// What is wrong and what would be right.
        problem: String,
    },
}

impl Delivery {
    /// Parses and checks a delivery.
    ///
    /// # Errors
    ///
    /// [`DeliveryError`], naming the member and what would be right.
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
        let refuse = |member: &str, problem: String| {
            Err(DeliveryError::Value { member: member.to_owned(), problem })
        };
        if self.contract != CONTRACT {
            return refuse(
                "contract",
                format!("`{}`; `{CONTRACT}` would be right", cut(&self.contract)),
            );
        }
        for (member, name) in [("bridge", &self.bridge), ("reader", &self.reader)] {
            if !is_name(name) {
                return refuse(member, name_problem(name));
            }
        }
        if !self.read_point.starts_with("urn:epc:id:sgln:") || self.read_point.len() > MAX_NAME {
            let problem = format!("`{}`; an SGLN URI would be right", cut(&self.read_point));
            return refuse("readPoint", problem);
        }
        if self.seq == 0 {
            return refuse("seq", "0; the first delivery of a boot is 1".into());
        }
        if self.closed < self.opened {
            return refuse("closed", format!("{} is before opened {}", self.closed, self.opened));
        }
        if !is_hex(&self.window_digest, false) || self.window_digest.len() != 64 {
            return refuse("windowDigest", "64 lowercase hex digits would be right".into());
        }
        if self.gaps.len() > 100 || self.gaps.iter().any(|gap| gap.len() > 1024) {
            return refuse("gaps", "at most 100 of at most 1024 bytes would be right".into());
        }
        if self.observations.len() > MAX_OBSERVATIONS {
            let count = self.observations.len();
            return refuse(
                "observations",
                format!("{count}; at most {MAX_OBSERVATIONS} would be right"),
            );
        }
        if self.sensors.len() > MAX_READINGS {
            let count = self.sensors.len();
            return refuse("sensors", format!("{count}; at most {MAX_READINGS} would be right"));
        }
        if self.movements.len() > MAX_OBSERVATIONS {
            let count = self.movements.len();
            return refuse(
                "movements",
                format!("{count}; at most {MAX_OBSERVATIONS} would be right"),
            );
        }
        for (place, movement) in self.movements.iter().enumerate() {
            if let Err((member, problem)) = check_movement(movement) {
                return refuse(&format!("movements/{place}/{member}"), problem);
            }
        }
        for (place, observation) in self.observations.iter().enumerate() {
            if let Err((member, problem)) = check_observation(observation) {
                return refuse(&format!("observations/{place}/{member}"), problem);
            }
        }
        for (place, reading) in self.sensors.iter().enumerate() {
            if let Err((member, problem)) = check_reading(reading) {
                return refuse(&format!("sensors/{place}/{member}"), problem);
            }
        }
        Ok(())
    }
}

type Found = (&'static str, String);

fn check_observation(observation: &Observation) -> Result<(), Found> {
    if !is_bank(&observation.epc_hex) {
        return Err((
            "epcHex",
            "at most 124 uppercase hex digits, an even number, would be right".into(),
        ));
    }
    if observation.tid.as_ref().is_some_and(|tid| !is_bank(tid)) {
        return Err((
            "tid",
            "at most 124 uppercase hex digits, an even number, would be right".into(),
        ));
    }
    if observation
        .epc
        .as_ref()
        .is_some_and(|uri| !uri.starts_with("urn:epc:id:") || uri.len() > 512)
    {
        return Err(("epc", "a pure identity URI would be right".into()));
    }
    if observation.count == 0 {
        return Err(("count", "0; an observation rests on at least one read".into()));
    }
    if let Some(rival) = &observation.rival
        && (!is_name(&rival.reader) || rival.count == 0)
    {
        return Err(("rival", "a reader's name and at least one read would be right".into()));
    }
    if observation.last < observation.first {
        return Err((
            "last",
            format!("{} is before first {}", observation.last, observation.first),
        ));
    }
    for (member, value) in
        [("rssiMaxCdbm", observation.rssi_max_cdbm), ("rssiMeanCdbm", observation.rssi_mean_cdbm)]
    {
        if !(-30_000..=10_000).contains(&value) {
            return Err((member, format!("{value}; -30000 to 10000 would be right")));
        }
    }
    let sum: u64 = observation.antennas.iter().map(|antenna| u64::from(antenna.count)).sum();
    if sum != u64::from(observation.count) {
        return Err(("antennas", format!("counts add up to {sum}, not to {}", observation.count)));
    }
    Ok(())
}

fn check_reading(reading: &SensorReading) -> Result<(), Found> {
    if !is_name(&reading.sensor) {
        return Err(("sensor", name_problem(&reading.sensor)));
    }
    let told = reading.reported.as_ref().map(|reported| &reported.value);
    for value in [Some(&reading.value), told].into_iter().flatten() {
        if !is_decimal(value) {
            return Err(("value", format!("`{}`; `-20.5` would be right", cut(value))));
        }
    }
    let unit = reading.kind.unit();
    if reading.unit != unit {
        return Err(("unit", format!("`{}`; `{unit}` would be right", cut(&reading.unit))));
    }
    if reading.reported.as_ref().is_some_and(|reported| !is_name(&reported.unit)) {
        return Err(("reported", "a UN/ECE unit code would be right".into()));
    }
    Ok(())
}

fn check_movement(movement: &Movement) -> Result<(), Found> {
    if !is_bank(&movement.epc_hex) {
        return Err((
            "epcHex",
            "at most 124 uppercase hex digits, an even number, would be right".into(),
        ));
    }
    let places = [movement.from.as_ref(), movement.to.as_ref()];
    for place in places.into_iter().flatten() {
        if !place.starts_with("urn:epc:id:sgln:") || place.len() > MAX_NAME {
            return Err(("from", format!("`{}`; an SGLN URI would be right", cut(place))));
        }
    }
    if places == [None, None] {
        return Err(("to", "a movement comes from a place, goes to one, or both".into()));
    }
    Ok(())
}

/// Whether `name` can name a bridge, a reader or a sensor in a delivery: 1 to 256 visible ASCII characters.
///
/// ```
/// assert!(reads::is_name("door-3") && !reads::is_name("door 3") && !reads::is_name("一号门"));
/// ```
#[must_use]
pub fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(|byte| byte.is_ascii_graphic())
}

fn name_problem(name: &str) -> String {
    format!("`{}`; 1 to {MAX_NAME} visible ASCII characters would be right", cut(name))
}

fn is_bank(hex: &str) -> bool {
    hex.len() <= 124 && hex.len().is_multiple_of(2) && is_hex(hex, true)
}

fn is_hex(text: &str, upper: bool) -> bool {
    text.bytes().all(|byte| match byte {
        b'0'..=b'9' => true,
        b'A'..=b'F' => upper,
        b'a'..=b'f' => !upper,
        _ => false,
    })
}

/// Whether `text` is a JSON number without exponent, at most 40 characters.
fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = match digits.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (digits, None),
    };
    let are_digits =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= 40
        && are_digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(are_digits)
}

/// Beginning and end of what a parser says, at most 300 characters: it may quote all that was sent.
#[must_use]
pub fn excerpt(text: &str) -> String {
    const HEAD: usize = 200;
    const TAIL: usize = 99;
    let count = text.chars().count();
    if count <= HEAD + TAIL + 1 {
        return text.to_owned();
    }
    let head = text.chars().take(HEAD);
    head.chain(['…']).chain(text.chars().skip(count - TAIL)).collect()
}

/// The first 64 characters, for messages.
fn cut(text: &str) -> String {
    text.chars().take(64).collect()
}

/// What a bridge signs when it sends `body`: docs/formats/observation-v1.md, section "Signature".
#[must_use]
pub fn signing_bytes(bridge: &str, boot: u64, seq: u64, body: &[u8]) -> Vec<u8> {
    let digest = ledger::hash::sha256(body);
    format!("chopmark-delivery-v1\n{bridge}\n{boot}\n{seq}\n{digest}\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_parser_quotes_is_told_in_short_with_its_place() {
        let text = format!(r#"{{"{}":2}}"#, "x".repeat(100_000));
        let error = Delivery::parse(text.as_bytes()).unwrap_err().to_string();
        assert!(error.len() < 500 && error.contains("column"), "{error}");
        assert_eq!(excerpt(&"é".repeat(300)), "é".repeat(300));
        assert_eq!(excerpt(&"é".repeat(301)).chars().count(), 300);
    }
}
