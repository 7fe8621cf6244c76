//! Any other maker's JSON, by a mapping in the site's configuration.
//!
//! Each member is a JSON pointer (RFC 6901). `each` points to the array of reads in a message; without it the
//! message itself is one read, an array of reads, or one read per line. The other pointers start at one read, or,
//! with a leading `^`, at the message: `^/timestamp` is the message's own time.
//!
//! ```toml
//! [firmware_bridge.reader.device.mapped-json]
//! broker = "localhost:1883"
//! topic = "plant/reader-4/tags"
//!
//! [firmware_bridge.reader.device.mapped-json.mapping]
//! each = "/tag_reads"
//! epc = "/epc"
//! rssi = "/peakRssi"
//! rssi_unit = "dbm"
//! antenna = "/antennaPort"
//! time = "/firstSeenTimestamp"
//! time_unit = "us"
//! ```
//!
//! What holds: a read without EPC, or with a value that does not fit, is refused, and the others of its message are
//! taken; everything but the EPC may be absent, and empty text and null are. With `skip_without_epc`, an element without an EPC is counted as another
//! event.
//!
//! Source: RFC 6901.

use jiff::Timestamp;
use reads::{Bank, Read};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use crate::message::BankForm;
use crate::message::{
    DeviceData, Format, Message, Refused, base64_bank, hex_bank, json_objects, json_records,
    refuse_retained, short,
};
use crate::reader::dialect::{NO_RSSI_CDBM, strength};

/// Most reads in one message.
const MAX_READS: usize = 100_000;

/// Where each member of a read is, as JSON pointers.
///
/// Below the table, each example is a mapping, a message, and the reads that are made of it (strengths in hundredths of a
/// dBm): an array of reads with times of their own; one read, whose time is the message's; lines with other kinds of
/// events between.
///
/// ```toml
/// [firmware_bridge.reader.device.mapped-json]
/// broker = "localhost:1883"
/// topic = "plant/reader-4/tags"
///
/// [firmware_bridge.reader.device.mapped-json.mapping]
/// each = "/tag_reads"
/// epc = "/epc"
/// rssi = "/peakRssi"
/// antenna = "/antennaPort"
/// time = "/firstSeenTimestamp"
/// time_unit = "us"
/// ```
///
/// ```json
/// {"reader": "r4", "tag_reads": [
///   {"epc": "30740242201D8840000011A7", "peakRssi": -52.5, "antennaPort": "1", "firstSeenTimestamp": 1763625600000000},
///   {"epc": "30740242201D8840000011A8", "peakRssi": "-61", "antennaPort": 2, "firstSeenTimestamp": 1763625600250000}
/// ]}
/// ```
///
/// ```text
/// epc 30740242201D8840000011A7, antenna 1, -5250 cdBm, 2025-11-20T08:00:00Z
/// epc 30740242201D8840000011A8, antenna 2, -6100 cdBm, 2025-11-20T08:00:00.25Z
/// ```
///
/// ```toml
/// [firmware_bridge.reader.device.mapped-json]
/// broker = "localhost:1883"
/// topic = "gate"
///
/// [firmware_bridge.reader.device.mapped-json.mapping]
/// each = "/data/tags"
/// epc = "/id"
/// bank_form = "base64"
/// rssi = "/rssi"
/// rssi_unit = "ddbm"
/// time = "^/timestamp"
/// ```
///
/// ```json
/// {"timestamp": "2026-11-20T16:00:00+08:00", "data": {"tags": [{"id": "MHQCQiAdiEAAABGn", "rssi": -525}]}}
/// ```
///
/// ```text
/// epc 30740242201D8840000011A7, antenna 0, -5250 cdBm, 2026-11-20T08:00:00Z
/// ```
///
/// ```toml
/// [firmware_bridge.reader.device.mapped-json]
/// broker = "localhost:1883"
/// topic = "shelf"
///
/// [firmware_bridge.reader.device.mapped-json.mapping]
/// epc = "/tag/epc"
/// antenna = "/tag/ant"
/// skip_without_epc = true
/// ```
///
/// ```json
/// {"kind": "heartbeat", "uptime": 3600}
/// {"kind": "tag", "tag": {"epc": "30740242201D8840000011A7", "ant": 3}}
/// {"kind": "tag", "tag": {"epc": "307402", "ant": 3}}
/// ```
///
/// ```text
/// epc 30740242201D8840000011A7, antenna 3, -30000 cdBm
/// refused: got 6 hex digits, `307402`, expected a multiple of 4: a tag's memory has words of 16 bits
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The array of reads in a message. Default: none; the message is one read, an array of reads, or one read a line.
    #[serde(default)]
    pub each: Option<String>,
    /// The EPC bank.
    pub epc: String,
    /// How the EPC and TID banks are encoded. Default: `hex`.
    #[serde(default)]
    pub bank_form: BankForm,
    /// The TID bank. Default: none.
    #[serde(default)]
    pub tid: Option<String>,
    /// The antenna, 0 to 65535, a number or a number as text. Default: none; every read is of antenna 0.
    #[serde(default)]
    pub antenna: Option<String>,
    /// The signal strength. Default: none; then it is -300 dBm, which
    /// means unknown.
    #[serde(default)]
    pub rssi: Option<String>,
    /// Unit of the signal strength. Default: `dbm`.
    #[serde(default)]
    pub rssi_unit: RssiUnit,
    /// The reader's time. Default: none; then the read has the time of its arrival.
    #[serde(default)]
    pub time: Option<String>,
    /// Format of the time. Default: `rfc3339`.
    #[serde(default)]
    pub time_unit: TimeUnit,
    /// Whether an element without EPC is another kind of event, which is counted, rather than an error. Default: false.
    #[serde(default)]
    pub skip_without_epc: bool,
}

/// Unit of a signal strength.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RssiUnit {
    /// dBm.
    #[default]
    Dbm,
    /// Tenths of a dBm.
    Ddbm,
    /// Hundredths of a dBm.
    Cdbm,
}

/// Format of a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimeUnit {
    /// RFC 3339 text.
    #[default]
    Rfc3339,
    /// Seconds since 1970 UTC, with a fraction if there is one.
    S,
    /// Milliseconds since 1970 UTC.
    Ms,
    /// Microseconds since 1970 UTC.
    Us,
}

impl Mapping {
    /// Checks that every pointer is a JSON pointer.
    ///
    /// # Errors
    ///
    /// The text that is not a pointer, and what is expected.
    pub fn check(&self) -> Result<(), String> {
        let optional = [&self.each, &self.tid, &self.antenna, &self.rssi, &self.time];
        for pointer in optional.into_iter().flatten().chain([&self.epc]) {
            let plain = pointer.strip_prefix('^').unwrap_or(pointer);
            if !plain.is_empty() && !plain.starts_with('/') {
                return Err(format!("got `{pointer}`, expected a JSON pointer like `/data/epc`"));
            }
        }
        Ok(())
    }

    fn bank(&self, value: &Value) -> Result<Vec<u8>, String> {
        let text = value.as_str().ok_or_else(|| {
            format!("got memory bank `{}`, expected text", short(&value.to_string()))
        })?;
        match self.bank_form {
            BankForm::Hex => hex_bank(text),
            BankForm::Base64 => base64_bank(text),
        }
    }

    fn read(&self, message: &Value, read: &Value, at: Timestamp) -> Result<Option<Read>, String> {
        let Some(epc) = find(Some(&self.epc), message, read) else {
            if self.skip_without_epc {
                return Ok(None);
            }
            return Err(format!("a read has no EPC at `{}`", self.epc));
        };
        let tid = find(self.tid.as_ref(), message, read);
        let tid = tid.map(|value| self.bank(value)).transpose()?;
        let antenna = find(self.antenna.as_ref(), message, read).map(number).transpose()?;
        let rssi = find(self.rssi.as_ref(), message, read).map(number).transpose()?;
        let time = find(self.time.as_ref(), message, read);
        let scale = match self.rssi_unit {
            RssiUnit::Dbm => 100.0,
            RssiUnit::Ddbm => 10.0,
            RssiUnit::Cdbm => 1.0,
        };
        let antenna = antenna.unwrap_or(0.0);
        if !(0.0..=65_535.0).contains(&antenna) {
            return Err(format!("got antenna {antenna}, expected 0 to 65535"));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
        let antenna = antenna as u16;
        #[expect(clippy::cast_possible_truncation, reason = "out of range saturates")]
        let rssi_cdbm = rssi.map(|rssi| (rssi * scale).round() as i32);
        Ok(Some(Read {
            epc: self.bank(epc)?.into(),
            tid: tid.map(Bank::from),
            antenna,
            rssi_cdbm: strength(rssi_cdbm.unwrap_or(NO_RSSI_CDBM)),
            at,
            reader_time: time.map(|value| self.time(value)).transpose()?,
            direction: None,
        }))
    }

    fn time(&self, value: &Value) -> Result<Timestamp, String> {
        let wrong =
            || format!("`{}` is not a time in the mapping's format", short(&value.to_string()));
        if self.time_unit == TimeUnit::Rfc3339 {
            return value.as_str().and_then(|text| text.parse().ok()).ok_or_else(wrong);
        }
        let micros = match self.time_unit {
            TimeUnit::Rfc3339 | TimeUnit::S => 1e6,
            TimeUnit::Ms => 1e3,
            TimeUnit::Us => 1.0,
        };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "out of range saturates and is refused"
        )]
        let micros = (number(value)? * micros).round() as i64;
        Timestamp::from_microsecond(micros).map_err(|_| wrong())
    }
}

fn find<'a>(pointer: Option<&String>, message: &'a Value, read: &'a Value) -> Option<&'a Value> {
    let found = match pointer?.strip_prefix('^') {
        Some(pointer) => message.pointer(pointer),
        None => read.pointer(pointer?),
    };
    // Readers write empty text for what is switched off.
    let is_nothing = |value: &Value| {
        value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
    };
    found.filter(|value| !is_nothing(value))
}

fn number(value: &Value) -> Result<f64, String> {
    let found = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    found
        .filter(|number: &f64| number.is_finite())
        .ok_or_else(|| format!("got `{}`, expected a number", short(&value.to_string())))
}

/// The format of one topic.
#[derive(Debug)]
pub struct MappedJson {
    topic: String,
    mapping: Mapping,
}

impl MappedJson {
    /// The format for what is published on `topic`.
    #[must_use]
    pub fn new(topic: &str, mapping: Mapping) -> Self {
        Self { topic: topic.to_owned(), mapping }
    }
}

impl Format for MappedJson {
    fn topics(&self) -> Vec<String> {
        vec![self.topic.clone()]
    }

    fn take(&mut self, message: &Message<'_>) -> Result<DeviceData, String> {
        refuse_retained(message)?;
        let mut decoded = DeviceData::default();
        if let Some(values) = json_objects::<Value>(message.payload) {
            let mut refused = Refused::default();
            for (place, value) in values.iter().enumerate() {
                if let Err(reason) = self.record(value, message.at, &mut decoded, &mut refused)? {
                    refused.add_record(reason, message.payload, place);
                }
            }
            return refused.close(decoded);
        }
        let records = json_records(message.payload)?;
        let mut refused = records.refused;
        for text in records.texts {
            // The text was parsed before, but only here are its strings decoded and its depth limited.
            let taken = match serde_json::from_slice(text) {
                Ok(value) => self.record(&value, message.at, &mut decoded, &mut refused)?,
                Err(error) => Err(reads::excerpt(&error.to_string())),
            };
            if let Err(reason) = taken {
                refused.add(reason, text);
            }
        }
        refused.close(decoded)
    }
}

impl MappedJson {
    /// Takes one record. The inner error says why all of it is refused, the outer one why the message is.
    fn record(
        &self,
        value: &Value,
        at: Timestamp,
        decoded: &mut DeviceData,
        refused: &mut Refused,
    ) -> Result<Result<(), String>, String> {
        let elements = match self.mapping.each.as_ref().map(|each| value.pointer(each)) {
            None => std::slice::from_ref(value),
            Some(Some(Value::Array(elements))) => elements.as_slice(),
            Some(_) => {
                let each = short(self.mapping.each.as_deref().unwrap_or_default());
                return Ok(Err(format!("the message has no array of reads at `{each}`")));
            }
        };
        self.take_elements(value, elements, at, decoded, refused).map(Ok)
    }

    /// The reads of one record.
    fn take_elements(
        &self,
        record: &Value,
        elements: &[Value],
        at: Timestamp,
        decoded: &mut DeviceData,
        refused: &mut Refused,
    ) -> Result<(), String> {
        for element in elements {
            match self.mapping.read(record, element, at) {
                Ok(Some(read)) => decoded.reads.push(read),
                Ok(None) => decoded.other_events += 1,
                Err(reason) => refused.add(reason, element.to_string().as_bytes()),
            }
            if decoded.reads.len() > MAX_READS {
                return Err(format!("more than {MAX_READS} reads in one message"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(text: &str) -> Mapping {
        let mapping: Mapping = toml::from_str(text).unwrap();
        mapping.check().unwrap();
        mapping
    }

    fn take(mapping: Mapping, text: &str) -> Result<DeviceData, String> {
        let payload = text.as_bytes();
        let at = Timestamp::UNIX_EPOCH;
        MappedJson::new("t", mapping).take(&Message { topic: "t", payload, is_retained: false, at })
    }

    const NESTED: &str = r#"
        each = "/tag_reads"
        epc = "/epc"
        tid = "/tid"
        rssi = "/peakRssi"
        antenna = "/antennaPort"
        time = "/firstSeenTimestamp"
        time_unit = "us"
    "#;

    #[test]
    fn nested_reads_with_times_in_microseconds_are_mapped() {
        let text = r#"{"readerName":"r","tag_reads":[
            {"epc":"3074257bf7194e4000001a85","firstSeenTimestamp":1763625600000000,"antennaPort":"3","peakRssi":-51.25,"tid":"E2801105"},
            {"epc":"3074257BF7194E4000001A86","tid":null}]}"#;
        let decoded = take(mapping(NESTED), text).unwrap();
        let first = &decoded.reads[0];
        assert_eq!((first.antenna, first.rssi_cdbm), (3, -5125));
        assert_eq!(first.reader_time.unwrap().to_string(), "2025-11-20T08:00:00Z");
        assert_eq!((decoded.reads[1].tid.clone(), decoded.reads[1].reader_time), (None, None));
        // A tag without strength never outranks one that was heard.
        assert_eq!(decoded.reads[1].rssi_cdbm, -30_000);
    }

    #[test]
    fn a_flat_message_in_base64_and_the_messages_own_time_are_mapped() {
        let text = r#"[{"id":"MHQle/cZTkAAABqF","t":"2026-11-20T08:00:00Z"}]"#;
        let flat = "epc = \"/id\"\nbank_form = \"base64\"\ntime = \"^/t\"";
        let decoded = take(mapping(flat), text).unwrap();
        assert_eq!(hex::encode_upper(&decoded.reads[0].epc), "3074257BF7194E4000001A85");
        assert_eq!(decoded.reads[0].reader_time.unwrap().to_string(), "2026-11-20T08:00:00Z");
    }

    #[test]
    fn what_does_not_fit_the_mapping_is_refused_and_says_where() {
        let error = take(mapping(NESTED), r#"{"tags":[]}"#).unwrap_err();
        assert!(error.contains("/tag_reads"), "{error}");
        let error = take(mapping(NESTED), r#"{"tag_reads":[{"id":"30"}]}"#).unwrap_err();
        assert!(error.contains("/epc"), "{error}");
        let error = take(mapping(NESTED), r#"{"tag_reads":[{"epc":"30","antennaPort":70000}]}"#)
            .unwrap_err();
        assert!(error.contains("65535"), "{error}");
        let wrong: Mapping = toml::from_str("epc = \"data.epc\"").unwrap();
        assert!(wrong.check().unwrap_err().contains("/data/epc"));
    }

    #[test]
    fn one_read_that_does_not_fit_is_refused_with_its_text_and_the_others_are_taken() {
        let text = r#"{"tag_reads":[{"epc":"3074257BF7194E4000001A85"},
            {"epc":"3074257BF7194E4000001A8"},{"epc":"3074257BF7194E4000001A87"}]}"#;
        let decoded = take(mapping(NESTED), text).unwrap();
        assert_eq!(decoded.reads.len(), 2);
        let [letter] = &decoded.dead_letters[..] else { panic!("{:?}", decoded.dead_letters) };
        assert_eq!(letter.payload, br#"{"epc":"3074257BF7194E4000001A8"}"#);
        assert!(letter.reason.starts_with("got 23 hex digits"), "{}", letter.reason);
        let lines = "{\"epc\":\"3074\"}\n{\"epc\":\"30\n{\"epc\":\"3075\"}\n{\"tag\":1}";
        let decoded = take(mapping("epc = \"/epc\""), lines).unwrap();
        assert_eq!((decoded.reads.len(), decoded.dead_letters.len()), (2, 2));
    }

    #[test]
    fn a_message_that_the_broker_kept_is_refused_with_what_mends_it() {
        let (payload, at) = (b"{\"epc\":\"3074\"}".as_slice(), Timestamp::UNIX_EPOCH);
        let mut format = MappedJson::new("t", mapping("epc = \"/epc\""));
        let reason =
            format.take(&Message { topic: "t", payload, is_retained: true, at }).unwrap_err();
        assert!(reason.contains("switch retain off"), "{reason}");
    }

    #[test]
    fn empty_text_is_absent_and_never_an_empty_tag() {
        let text = r#"{"tag_reads":[{"epc":"3074","tid":"","antennaPort":"","peakRssi":"","firstSeenTimestamp":""},{"epc":""}]}"#;
        let decoded = take(mapping(NESTED), text).unwrap();
        assert_eq!((decoded.reads.len(), decoded.reads[0].tid.clone()), (1, None));
        assert_eq!(decoded.dead_letters[0].reason, "a read has no EPC at `/epc`");
        let skip = mapping("epc = \"/id\"\nskip_without_epc = true");
        assert_eq!(take(skip, r#"{"id":""}"#).unwrap().other_events, 1);
    }

    #[test]
    fn other_events_are_counted_where_the_mapping_says_so() {
        let skip = "epc = \"/epc\"\nskip_without_epc = true";
        let decoded = take(mapping(skip), "{\"status\":1}\n{\"epc\":\"3074\"}").unwrap();
        assert_eq!((decoded.reads.len(), decoded.other_events), (1, 1));
    }
}
