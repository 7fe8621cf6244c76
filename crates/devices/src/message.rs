//! Message formats: one file each, behind one trait, for readers and sensors that publish to a broker.
//!
//! The way through: the owner of the connection subscribes to [`Format::topics`], publishes what [`Format::connected`]
//! gives, passes every message to [`Format::take`], and calls [`Format::tick`] four times a second.
//!
//! What holds: [`Format::will`] and [`Format::connected`] get the same time for one connection; a format has no
//! connection and no clock; a message is decoded as a whole or refused with a reason, and a refused one is kept as a
//! dead letter.
//!
//! Not here: the connection, and what happens with the data (`firmware-bridge`).

use jiff::Timestamp;
use reads::{Edge, Finding, Read, SensorReading};

use crate::reader::dialect::{Antenna, FrameData, Setting};

/// One message as it arrived.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// The topic it was published on.
    pub topic: &'a str,
    /// Its payload.
    pub payload: &'a [u8],
    /// Whether it was retained by the broker: then it may be old.
    pub is_retained: bool,
    /// When it arrived.
    pub at: Timestamp,
}

/// A message to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    /// The topic.
    pub topic: String,
    /// Its payload.
    pub payload: Vec<u8>,
    /// Whether the broker retains it.
    pub retain: bool,
}

/// Most bytes of a message that cannot be used that are passed on; the spool keeps as many.
const DEAD_LETTER_BYTES: usize = 64 * 1024;

/// A message that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Why not, and what is expected.
    pub reason: String,
    /// Its first 64 KiB.
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

/// What a device reported, in one message or in the bytes of one read of its line.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct DeviceData {
    /// Reads, in order.
    pub reads: Vec<Read>,
    /// Sensor readings, in order.
    pub readings: Vec<SensorReading>,
    /// Inputs that changed.
    pub edges: Vec<Edge>,
    /// Antennas that the device reported as connected or not connected.
    pub antennas: Vec<Antenna>,
    /// Settings that the device reported.
    pub settings: Vec<Setting>,
    /// What an operator should know.
    pub findings: Vec<Finding>,
    /// Messages that cannot be used.
    pub dead_letters: Vec<DeadLetter>,
    /// Number of other events, which are not errors.
    pub other_events: u64,
    /// Messages to publish in answer.
    pub publish: Vec<Publish>,
    /// A unique id of this message, if its sender gives one: redeliveries are deduplicated by it.
    pub key: Option<String>,
}

impl DeviceData {
    /// Whether it contains nothing that must be stored.
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

    /// Whether an identical message is a redelivery: every read and reading in it has its device's own time. A stale
    /// reading does not count, since a device may report twice, with the same time, that it is offline.
    #[must_use]
    pub fn is_dated(&self) -> bool {
        let count = self.reads.len() + self.readings.len();
        count > 0
            && self.reads.iter().all(|read| read.reader_time.is_some())
            && self.readings.iter().all(|reading| !reading.timeless && !reading.stale)
    }

    /// Whether one of those times is finer than a second: then no new message is identical to this one.
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

/// The message format of one maker's devices.
pub trait Format: Send {
    /// Topic filters to subscribe to.
    fn topics(&self) -> Vec<String>;

    /// The will: what the broker publishes if the connection is lost.
    fn will(&self, _at: Timestamp) -> Option<Publish> {
        None
    }

    /// What to publish after connecting.
    fn connected(&mut self, _at: Timestamp) -> Vec<Publish> {
        Vec::new()
    }

    /// The connection is lost. Gives what follows from that.
    fn lost(&mut self, _at: Timestamp) -> DeviceData {
        DeviceData::default()
    }

    /// Decodes a message.
    ///
    /// # Errors
    ///
    /// What is wrong and what is expected, for the dead letter.
    fn take(&mut self, message: &Message<'_>) -> Result<DeviceData, String>;

    /// What follows from the passing of time: a message that did not arrive.
    fn tick(&mut self, _at: Timestamp) -> DeviceData {
        DeviceData::default()
    }
}

/// Refuses a retained message of a reader: every subscriber gets it at every connection, however long ago the tag was
/// read.
///
/// # Errors
///
/// How to fix it, if the message was retained.
pub(crate) fn refuse_retained(message: &Message<'_>) -> Result<(), String> {
    if message.is_retained {
        return Err(
            "the message was retained by the broker, so its reads may be long over; switch retain off at the reader"
                .into(),
        );
    }
    Ok(())
}

/// JSON values of a payload: one, an array of them, or one per line.
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
        return Err("got an empty message, expected an event".into());
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
        return Err(format!("got a memory bank of {} bytes, expected at most 62", bytes.len()));
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
