//! Message formats: one file each, behind one trait, for readers and sensors that publish to a broker.
//!
//! The way through: the owner of the connection subscribes to [`Format::topics`], publishes what [`Format::connected`]
//! gives, passes every message to [`Format::take`], and calls [`Format::tick`] four times a second.
//!
//! What holds: [`Format::will`] and [`Format::connected`] get the same time for one connection; a format has no
//! connection and no clock; a message, or where it holds several records one of these, is decoded as a whole or refused
//! with a reason, and what is refused is kept as a dead letter. A bank is whole 16-bit words.
//!
//! Not here: the connection, and what happens with the data (`firmware-bridge`).

mod objects;

use jiff::Timestamp;
use reads::{Edge, Finding, Read, SensorReading};
use serde::{Deserialize, Serialize};

pub(crate) use self::objects::json_objects;
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

/// Most dead letters that one message makes; the last of them says how many more of its records are refused.
pub const MAX_DEAD_LETTERS: usize = 10;

/// A message, or one record of it, that cannot be used.
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

/// The records of a payload, each with its own text.
#[derive(Debug, Default)]
pub(crate) struct Records<'a> {
    /// The text of each, in order; JSON.
    pub texts: Vec<&'a [u8]>,
    /// What is no record.
    pub refused: Refused,
}

/// The records of a message that are refused, while the others are taken.
#[derive(Debug, Default)]
pub(crate) struct Refused {
    letters: Vec<DeadLetter>,
    more: u64,
}

impl Refused {
    /// Adds a record. Beyond [`MAX_DEAD_LETTERS`] they are only counted.
    pub fn add(&mut self, reason: String, record: &[u8]) {
        if self.letters.len() < MAX_DEAD_LETTERS {
            self.letters.push(DeadLetter::new(reason, record));
        } else {
            self.more += 1;
        }
    }

    /// Adds the record at `place` of a payload, whose text is looked for only if it is kept.
    pub fn add_record(&mut self, reason: String, payload: &[u8], place: usize) {
        if self.letters.len() < MAX_DEAD_LETTERS {
            let records = json_records(payload).unwrap_or_default();
            self.add(reason, records.texts.get(place).copied().unwrap_or(payload));
        } else {
            self.more += 1;
        }
    }

    /// Adds the dead letters to what was decoded.
    ///
    /// # Errors
    ///
    /// The reason, if a single record was refused and nothing else is in the message: then the whole message is the
    /// dead letter.
    pub fn close(mut self, mut decoded: DeviceData) -> Result<DeviceData, String> {
        let is_empty = decoded.is_empty() && decoded.other_events == 0 && self.more == 0;
        if is_empty && self.letters.len() == 1 {
            return Err(self.letters.remove(0).reason);
        }
        if let Some(last) = self.letters.last_mut()
            && self.more > 0
        {
            last.reason =
                format!("{}; {} more records of this message are refused", last.reason, self.more);
        }
        decoded.dead_letters.append(&mut self.letters);
        Ok(decoded)
    }
}

/// The records of a payload: one JSON value, the elements of an array, or several of these, one per line or one directly
/// after the other. A line that is not JSON is refused alone.
///
/// # Errors
///
/// What is wrong, if the payload is none of these or empty.
pub(crate) fn json_records(payload: &[u8]) -> Result<Records<'_>, String> {
    let mut records = Records::default();
    match json_values(payload) {
        Ok(values) => values.into_iter().for_each(|value| records.take(value)),
        Err(error) => {
            let wrong = not_json(&error);
            if payload.trim_ascii_start().first() != Some(&b'{') {
                return Err(wrong);
            }
            let lines = payload.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
            for line in lines.filter(|line| !line.is_empty()) {
                match json_values(line) {
                    Ok(values) => values.into_iter().for_each(|value| records.take(value)),
                    Err(error) => records.refused.add(not_json(&error), line),
                }
            }
            if records.texts.is_empty() {
                return Err(wrong);
            }
        }
    }
    if payload.trim_ascii().is_empty() {
        return Err("got an empty message, expected an event".into());
    }
    Ok(records)
}

impl<'a> Records<'a> {
    /// Adds a value, or the elements of an array.
    fn take(&mut self, value: &'a [u8]) {
        let Some(mut rest) = value.strip_prefix(b"[") else {
            self.texts.push(value);
            return;
        };
        loop {
            rest = rest.trim_ascii_start();
            match rest.first() {
                None | Some(b']') => return,
                Some(b',') => rest = rest.get(1..).unwrap_or_default(),
                Some(_) => {
                    let mut elements = values_in(rest);
                    if !matches!(elements.next(), Some(Ok(_))) {
                        return;
                    }
                    let (element, after) = rest.split_at(elements.byte_offset().min(rest.len()));
                    self.texts.push(element.trim_ascii());
                    rest = after;
                }
            }
        }
    }
}

fn values_in(
    text: &[u8],
) -> serde_json::StreamDeserializer<'_, serde_json::de::SliceRead<'_>, serde::de::IgnoredAny> {
    serde_json::Deserializer::from_slice(text).into_iter()
}

/// The texts of the values that follow one another.
fn json_values(text: &[u8]) -> Result<Vec<&[u8]>, serde_json::Error> {
    let mut values = values_in(text);
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(value) = values.next() {
        value?;
        let to = values.byte_offset();
        found.push(text.get(from..to).unwrap_or_default().trim_ascii());
        from = to;
    }
    Ok(found)
}

fn not_json(error: &serde_json::Error) -> String {
    format!("not the device's JSON: {}", reads::excerpt(&error.to_string()))
}

/// One record as a JSON object of that form.
///
/// # Errors
///
/// What is wrong.
pub(crate) fn json_object<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, String> {
    if text.first() != Some(&b'{') {
        let text = String::from_utf8_lossy(text);
        return Err(format!("got `{}`, expected a JSON object", short(&text)));
    }
    serde_json::from_slice(text).map_err(|error| not_json(&error))
}

/// How a memory bank is written as text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BankForm {
    /// Hex of either case.
    #[default]
    Hex,
    /// Base64 of either alphabet.
    Base64,
}

/// Bytes of a memory bank given as hex.
///
/// # Errors
///
/// What is wrong.
pub(crate) fn hex_bank(text: &str) -> Result<Vec<u8>, String> {
    if text.is_ascii() && !text.len().is_multiple_of(4) {
        return Err(format!(
            "got {} hex digits, `{}`, expected a multiple of 4: a tag's memory has words of 16 bits",
            text.len(),
            short(text)
        ));
    }
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

/// Checks the EPC against the protocol control word that came with it, whose upper five bits count the 16-bit words that
/// follow it. Where its bit XI is set, one or two of these are the extended control words.
///
/// # Errors
///
/// Both numbers of words, if they differ.
///
/// Source: EPC UHF Gen2 air interface 2.1, section 6.3.2.1.2.2 (`StoredPC` and `PacketPC`).
pub(crate) fn check_control_word(pc: u16, epc: &[u8]) -> Result<(), String> {
    let (words, got) = (usize::from(pc >> 11), epc.len() / 2);
    let extended = if pc & 0x0200 == 0 { 0 } else { 2 };
    if (got..=got + extended).contains(&words) {
        return Ok(());
    }
    Err(format!(
        "got an EPC of {got} words, expected the {words} that its control word {pc:04X} counts"
    ))
}

fn bank(bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    if bytes.len() > 62 {
        return Err(format!("got a memory bank of {} bytes, expected at most 62", bytes.len()));
    }
    if !bytes.len().is_multiple_of(2) {
        return Err(format!(
            "got a memory bank of {} bits, expected whole words of 16 bits",
            bytes.len() * 8
        ));
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
        let text = format!(r#"{{"a":"{}"}}"#, "x".repeat(100_000));
        let reason =
            json_object::<std::collections::BTreeMap<String, u16>>(text.as_bytes()).unwrap_err();
        assert!(reason.len() < 400 && reason.contains("column"), "{reason}");
        let reason = json_object::<u16>(format!("\"{}", "x".repeat(100_000)).as_bytes());
        assert!(reason.unwrap_err().len() < 100);
    }

    #[test]
    fn records_are_one_value_the_elements_of_arrays_lines_or_values_after_one_another() {
        for (payload, texts) in [
            (r#"{"a":[1,{"b":"]"}]}"#, &[r#"{"a":[1,{"b":"]"}]}"#][..]),
            (r#" [ {"a":1} ,2,"x,y" , [3,4] ] "#, &[r#"{"a":1}"#, "2", r#""x,y""#, "[3,4]"]),
            ("{\"a\":1}\r\n\r\n{\"a\":2}\n", &[r#"{"a":1}"#, r#"{"a":2}"#]),
            (r#"[{"a":1}][{"a":2}]{"a":3}"#, &[r#"{"a":1}"#, r#"{"a":2}"#, r#"{"a":3}"#]),
            ("[]", &[]),
        ] {
            let records = json_records(payload.as_bytes()).unwrap();
            let found: Vec<_> =
                records.texts.iter().map(|text| String::from_utf8_lossy(text)).collect();
            assert_eq!(found, texts, "{payload}");
        }
        for bad in ["", " \n", "[1,2", "[1 2]", "{\"a\":1", "{\"a\":1}}", "nonsense", "{\na\n}"] {
            assert!(json_records(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_line_that_is_not_json_costs_only_itself_and_the_letters_of_a_message_are_bounded() {
        let bad: Vec<String> = (0..25).map(|line| format!("{{\"bad {line}\"")).collect();
        let text = format!("{{\"a\":1}}\n{}\n{{\"a\":2}}", bad.join("\n"));
        let records = json_records(text.as_bytes()).unwrap();
        assert_eq!(records.texts, [br#"{"a":1}"#.as_slice(), br#"{"a":2}"#]);
        let letters = records.refused.close(DeviceData::default()).unwrap().dead_letters;
        assert_eq!(letters.len(), MAX_DEAD_LETTERS);
        assert_eq!(letters[3].payload, br#"{"bad 3""#);
        assert!(letters[9].reason.ends_with("; 15 more records of this message are refused"));
    }

    #[test]
    fn a_bank_is_whole_words_and_as_many_as_its_control_word_counts() {
        for bad in ["30742", "3074257BF7194E4000001A8", "3074257BF7194E4000001A", "zzzz", "30é"] {
            assert!(hex_bank(bad).is_err(), "{bad}");
        }
        assert_eq!(
            base64_bank("MHQl").unwrap_err(),
            "got a memory bank of 24 bits, expected whole words of 16 bits"
        );
        let epc = hex_bank("3074257bF7194E4000001A85").unwrap();
        for (pc, fits) in [
            (0x3000, true),
            (0x34A9, true),
            (0x2800, false),
            (0x3800, false),
            (0x3A00, true),
            (0x4200, true),
            (0x4A00, false),
            (0x2A00, false),
        ] {
            assert_eq!(check_control_word(pc, &epc).is_ok(), fits, "{pc:04X}");
        }
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
