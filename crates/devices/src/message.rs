//! Message formats: one file each, behind one trait, for readers and sensors that publish to a broker.
//!
//! The way through: whoever holds the connection subscribes to [`Format::topics`], publishes what
//! [`Format::connected`] gives, hands every message to [`Format::take`], and asks [`Format::tick`] four
//! times a second.
//!
//! What holds: [`Format::will`] and [`Format::connected`] are given the same time for one connection; a format holds no connection and no clock; a message is taken whole or refused with its reason,
//! and a refused one is kept as a dead letter.
//!
//! Not here: the connection ([`crate::broker`]), what becomes of it ([`crate::windows`]).

use jiff::Timestamp;
use reads::{Edge, Finding, Read, SensorReading};

use crate::reader::dialect::{Antenna, FrameData, Setting};

/// One message as it arrived.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// The topic it came on.
    pub topic: &'a str,
    /// What it says.
    pub payload: &'a [u8],
    /// Whether the broker kept it for late subscribers: then it may be old.
    pub is_retained: bool,
    /// When it arrived.
    pub at: Timestamp,
}

/// A message to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    /// The topic.
    pub topic: String,
    /// What it says.
    pub payload: Vec<u8>,
    /// Whether the broker is to keep it for late subscribers.
    pub retain: bool,
}

/// Bytes of a message that cannot be used that go on; the spool keeps as many.
const DEAD_LETTER_BYTES: usize = 64 * 1024;

/// Something that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Why not, and what would be right.
    pub reason: String,
    /// What it was, its first 64 KiB.
    pub payload: Vec<u8>,
}

impl DeadLetter {
    /// The letter for `payload`.
    #[must_use]
    pub fn new(reason: String, payload: &[u8]) -> Self {
        let payload = payload[..payload.len().min(DEAD_LETTER_BYTES)].to_vec();
        Self { reason, payload }
    }
}

/// What a line or a message brought.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct DeviceData {
    /// Reads, in order.
    pub reads: Vec<Read>,
    /// Sensor readings, in order.
    pub readings: Vec<SensorReading>,
    /// Inputs that changed.
    pub edges: Vec<Edge>,
    /// Antennas of which the device said that they are gone or there.
    pub antennas: Vec<Antenna>,
    /// What the device said of its settings.
    pub settings: Vec<Setting>,
    /// What somebody should know.
    pub findings: Vec<Finding>,
    /// What cannot be used.
    pub dead_letters: Vec<DeadLetter>,
    /// Events that are none of these and are no error.
    pub other_events: u64,
    /// What is to be published in answer.
    pub publish: Vec<Publish>,
    /// Names this message for ever, if its sender does: sent twice, it is taken once.
    pub key: Option<String>,
}

impl DeviceData {
    /// Whether there is nothing in it that must be kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.reads.is_empty()
            && self.readings.is_empty()
            && self.edges.is_empty()
            && self.antennas.is_empty()
            && self.settings.is_empty()
            && self.findings.is_empty()
            && self.dead_letters.is_empty()
    }

    /// Whether the same message, equal to the byte, can be sent again: every read and reading in it carries its
    /// device's own time. That something is gone may be said twice with the same time.
    #[must_use]
    pub fn is_dated(&self) -> bool {
        let count = self.reads.len() + self.readings.len();
        count > 0
            && self.reads.iter().all(|read| read.reader_time.is_some())
            && self.readings.iter().all(|reading| !reading.timeless && !reading.stale)
    }

    /// Whether one of those times is finer than a second: then no other message is equal to this one.
    #[must_use]
    pub fn is_finely_dated(&self) -> bool {
        let is_fine = |at: Timestamp| at.subsec_nanosecond() != 0;
        self.is_dated()
            && (self.reads.iter().filter_map(|read| read.reader_time).any(is_fine)
                || self.readings.iter().any(|reading| is_fine(reading.at)))
    }
}

impl From<FrameData> for DeviceData {
    fn from(fed: FrameData) -> Self {
        Self {
            reads: fed.reads,
            edges: fed.edges,
            antennas: fed.antennas,
            settings: fed.settings,
            findings: fed.findings,
            ..Self::default()
        }
    }
}

/// How one maker's devices write messages.
pub trait Format: Send {
    /// Topic filters to subscribe to.
    fn topics(&self) -> Vec<String>;

    /// What the broker is to publish if we vanish.
    fn will(&self, _at: Timestamp) -> Option<Publish> {
        None
    }

    /// What to publish when the connection is there.
    fn connected(&mut self, _at: Timestamp) -> Vec<Publish> {
        Vec::new()
    }

    /// The connection is gone: what was only true while it stood.
    fn lost(&mut self, _at: Timestamp) -> DeviceData {
        DeviceData::default()
    }

    /// Takes a message.
    ///
    /// # Errors
    ///
    /// What is wrong and what would be right, for the dead letter.
    fn take(&mut self, message: &Message<'_>) -> Result<DeviceData, String>;

    /// What time alone brings: a message that did not come.
    fn tick(&mut self, _at: Timestamp) -> DeviceData {
        DeviceData::default()
    }
}

/// Refuses a reader's message that the broker had kept: whoever subscribes gets it, and gets it again at every
/// connection, however long ago the tag was there.
///
/// # Errors
///
/// What mends it, if the message was kept.
pub(crate) fn refuse_retained(message: &Message<'_>) -> Result<(), String> {
    if message.is_retained {
        return Err(
            "the broker had kept this message from an earlier time (retained), so its reads may be long over; \
             switch retain off at the reader"
                .into(),
        );
    }
    Ok(())
}

/// JSON values of a payload: one, an array of them, or one a line.
///
/// # Errors
///
/// What is wrong, if it is none of these or empty.
pub(crate) fn json_values<T: serde::de::DeserializeOwned>(
    payload: &[u8],
) -> Result<Vec<T>, String> {
    let wrong = |error: serde_json::Error| {
        format!("not the device's JSON: {}", reads::excerpt(&error.to_string()))
    };
    let first = payload.iter().find(|byte| !byte.is_ascii_whitespace());
    if first == Some(&b'[') {
        return serde_json::from_slice(payload).map_err(wrong);
    }
    let values = serde_json::Deserializer::from_slice(payload)
        .into_iter::<T>()
        .collect::<Result<Vec<_>, _>>()
        .map_err(wrong)?;
    if values.is_empty() {
        return Err("empty message; an event would be right".into());
    }
    Ok(values)
}

/// Bytes of a memory bank given as hex.
///
/// # Errors
///
/// What is wrong.
pub(crate) fn hex_bank(text: &str) -> Result<Vec<u8>, String> {
    let bytes = hex::decode(text).map_err(|_| format!("`{}` is not hex", short(text)))?;
    bank(bytes)
}

/// Bytes of a memory bank given as base64, of either alphabet.
///
/// # Errors
///
/// What is wrong.
pub(crate) fn base64_bank(text: &str) -> Result<Vec<u8>, String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    let bytes = STANDARD
        .decode(text)
        .or_else(|_| URL_SAFE.decode(text))
        .map_err(|_| format!("`{}` is not base64", short(text)))?;
    bank(bytes)
}

fn bank(bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    if bytes.len() > 62 {
        return Err(format!("memory bank of {} bytes; at most 62 would be right", bytes.len()));
    }
    Ok(bytes)
}

/// The first forty characters, for messages.
pub(crate) fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Whether a topic matches a filter with `+` and `#`.
///
/// Source: MQTT 3.1.1 section 4.7.
#[must_use]
pub fn topic_matches(filter: &str, topic: &str) -> bool {
    let (mut filter, mut topic) = (filter.split('/'), topic.split('/'));
    loop {
        match (filter.next(), topic.next()) {
            (Some("#"), _) | (None, None) => return true,
            (Some("+"), Some(_)) => {}
            (Some(wanted), Some(found)) if wanted == found => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_is_said_in_short_and_with_its_place() {
        let text = format!(r#"["{}"]"#, "x".repeat(100_000));
        let reason = json_values::<u16>(text.as_bytes()).unwrap_err();
        assert!(reason.len() < 400 && reason.contains("column"), "{reason}");
    }

    fn dated(at: &str) -> DeviceData {
        let at: Timestamp = at.parse().unwrap();
        let reading = SensorReading {
            sensor: "urn:example:s".to_owned(),
            kind: reads::SensorKind::Temperature,
            value: "4".to_owned(),
            unit: "CEL".to_owned(),
            at,
            timeless: false,
            stale: false,
            reported: None,
        };
        DeviceData { readings: vec![reading], ..DeviceData::default() }
    }

    #[test]
    fn only_a_time_finer_than_a_second_makes_equal_messages_the_same_one() {
        let (whole, fine) = (dated("2026-11-20T08:00:00Z"), dated("2026-11-20T08:00:00.001Z"));
        assert!(whole.is_dated() && !whole.is_finely_dated());
        assert!(fine.is_dated() && fine.is_finely_dated());
        let mut gone = fine;
        gone.readings[0].stale = true;
        assert!(!gone.is_dated() && !gone.is_finely_dated());
    }

    #[test]
    fn filters_match_as_the_standard_says() {
        for (filter, topic, fits) in [
            ("a/b", "a/b", true),
            ("a/+", "a/b", true),
            ("a/+", "a/b/c", false),
            ("a/#", "a/b/c", true),
            ("a/#", "a", true),
            ("#", "a/b", true),
            ("a/b", "a", false),
            ("+/b", "a/c", false),
        ] {
            assert_eq!(topic_matches(filter, topic), fits, "{filter} {topic}");
        }
    }
}
