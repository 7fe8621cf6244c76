//! The Sparkplug B payload: the protobuf message that every node and device sends.
//!
//! The way through: [`open`] reads the bytes of a message; [`rebirth`] writes the one command that this host
//! sends.
//!
//! What holds: what is opened has at most [`MAX_METRICS`] metrics, whatever the bytes contain; the number of
//! metrics left out is reported. Metadata, properties, data sets and templates stay closed bytes: closed they cannot
//! nest.
//!
//! Not here: what a value means (`value`), what properties say of it (`property`), topics (`topic`). Compressed
//! payloads are refused.
//!
//! Source: Sparkplug 3.0.0 section 6.4 (Google Protocol Buffer schema, payload components); proto2, so
//! that every field is optional on the wire.

use jiff::Timestamp;
use prost::{Message, Oneof};
use thiserror::Error;

/// Longest payload, in bytes: a birth of [`MAX_METRICS`] metrics with names of 100 bytes fits.
pub const MAX_PAYLOAD: usize = 512 * 1024;
/// Most metrics in one message and for one node or device. Gateways of whole lines have a few hundred to
/// some thousand.
pub const MAX_METRICS: usize = 4096;
/// The metric that ties an NDEATH to its NBIRTH.
pub const BD_SEQ: &str = "bdSeq";
/// The metric that asks a node for its births.
pub const REBIRTH: &str = "Node Control/Rebirth";
/// Datatype number of Boolean.
const BOOLEAN: u32 = 11;
/// What `uuid` says when `body` holds a packed payload.
const COMPRESSED: &str = "SPBV1.0_COMPRESSED";

/// One message.
#[derive(Clone, PartialEq, Message)]
pub struct Payload {
    /// When it was sent, in milliseconds since 1970 UTC.
    #[prost(uint64, optional, tag = "1")]
    pub timestamp: Option<u64>,
    /// Its value.
    #[prost(message, repeated, tag = "2")]
    pub metrics: Vec<Metric>,
    /// Its number, 0 to 255, counted by the node over all messages but deaths of the node.
    #[prost(uint64, optional, tag = "3")]
    pub seq: Option<u64>,
    /// Which schema the body has.
    #[prost(string, optional, tag = "4")]
    pub uuid: Option<String>,
    /// Bytes of another schema.
    #[prost(bytes = "vec", optional, tag = "5")]
    pub body: Option<Vec<u8>>,
}

/// One metric: in a birth with name, alias and datatype, later with the alias alone.
#[derive(Clone, PartialEq, Message)]
pub struct Metric {
    /// Its name; may hold slashes.
    #[prost(string, optional, tag = "1")]
    pub name: Option<String>,
    /// Number that stands for the name until the next birth.
    #[prost(uint64, optional, tag = "2")]
    pub alias: Option<u64>,
    /// When the value was measured, in milliseconds since 1970 UTC.
    #[prost(uint64, optional, tag = "3")]
    pub timestamp: Option<u64>,
    /// Datatype number: 1 to 4 signed integers, 5 to 8 unsigned ones, 9 Float, 10 Double, 11 Boolean,
    /// 12 String, and more that are no numbers.
    #[prost(uint32, optional, tag = "4")]
    pub datatype: Option<u32>,
    /// A value of the past that must not replace the current one.
    #[prost(bool, optional, tag = "5")]
    pub is_historical: Option<bool>,
    /// A value that need not be kept.
    #[prost(bool, optional, tag = "6")]
    pub is_transient: Option<bool>,
    /// There is no value.
    #[prost(bool, optional, tag = "7")]
    pub is_null: Option<bool>,
    /// Metadata, closed.
    #[prost(bytes = "vec", optional, tag = "8")]
    pub metadata: Option<Vec<u8>>,
    /// Property set, closed; [`super::property`] reads it.
    #[prost(bytes = "vec", optional, tag = "9")]
    pub properties: Option<Vec<u8>>,
    /// The value, in the field of its kind.
    #[prost(oneof = "Value", tags = "10, 11, 12, 13, 14, 15, 16, 17, 18, 19")]
    pub value: Option<Value>,
}

/// A value, in the field that it was sent in. Which number it is depends on the datatype.
#[derive(Clone, PartialEq, Oneof)]
pub enum Value {
    /// Integers up to 32 bits; negative ones in two's complement.
    #[prost(uint32, tag = "10")]
    Int(u32),
    /// Integers of 64 bits; negative ones in two's complement.
    #[prost(uint64, tag = "11")]
    Long(u64),
    /// Float.
    #[prost(float, tag = "12")]
    Float(f32),
    /// Double.
    #[prost(double, tag = "13")]
    Double(f64),
    /// Boolean.
    #[prost(bool, tag = "14")]
    Boolean(bool),
    /// Text.
    #[prost(string, tag = "15")]
    Text(String),
    /// Bytes, files, arrays.
    #[prost(bytes = "vec", tag = "16")]
    Bytes(Vec<u8>),
    /// A data set, closed.
    #[prost(bytes = "vec", tag = "17")]
    DataSet(Vec<u8>),
    /// A template, closed.
    #[prost(bytes = "vec", tag = "18")]
    Template(Vec<u8>),
    /// An extension, closed.
    #[prost(bytes = "vec", tag = "19")]
    Extension(Vec<u8>),
}

/// The same message with its metrics still closed. A metric of two bytes on the wire takes some 200 in
/// memory; closed ones let us count before we open.
#[derive(Clone, PartialEq, Message)]
struct Envelope {
    #[prost(uint64, optional, tag = "1")]
    timestamp: Option<u64>,
    #[prost(bytes = "vec", repeated, tag = "2")]
    metrics: Vec<Vec<u8>>,
    #[prost(uint64, optional, tag = "3")]
    seq: Option<u64>,
    #[prost(string, optional, tag = "4")]
    uuid: Option<String>,
    #[prost(bytes = "vec", optional, tag = "5")]
    body: Option<Vec<u8>>,
}

/// A payload that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// The payload, with at most [`MAX_METRICS`] metrics.
    pub payload: Payload,
    /// Metrics that were left out because there were more.
    pub left_out: usize,
}

/// Why bytes are no payload.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// Longer than [`MAX_PAYLOAD`].
    #[error("got a payload of {0} bytes, expected at most {MAX_PAYLOAD}")]
    Long(usize),
    /// Not protobuf, or not of this schema.
    #[error("the payload is not a Sparkplug B protobuf message: {0}")]
    Protobuf(#[from] prost::DecodeError),
    /// Packed.
    #[error("the payload is compressed; switch compression off at the node")]
    Compressed,
    /// A number that no message can have.
    #[error("got sequence number {0}, expected 0 to 255")]
    Seq(u64),
}

/// Reads a payload.
///
/// # Errors
/// [`Unreadable`] if it is too long, not of this schema, compressed, or numbered above 255.
pub fn open(bytes: &[u8]) -> Result<Opened, Unreadable> {
    if bytes.len() > MAX_PAYLOAD {
        return Err(Unreadable::Long(bytes.len()));
    }
    let Envelope { timestamp, metrics, seq, uuid, body } = Envelope::decode(bytes)?;
    if uuid.as_deref() == Some(COMPRESSED) {
        return Err(Unreadable::Compressed);
    }
    if let Some(seq) = seq.filter(|seq| *seq > u64::from(u8::MAX)) {
        return Err(Unreadable::Seq(seq));
    }
    let left_out = metrics.len().saturating_sub(MAX_METRICS);
    let metrics = metrics
        .iter()
        .take(MAX_METRICS)
        .map(|metric| Metric::decode(metric.as_slice()))
        .collect::<Result<_, _>>()?;
    Ok(Opened { payload: Payload { timestamp, metrics, seq, uuid, body }, left_out })
}

impl Payload {
    /// The number of the message.
    #[must_use]
    pub fn number(&self) -> Option<u8> {
        self.seq.and_then(|seq| u8::try_from(seq).ok())
    }

    /// Which session of the node a birth or death belongs to. Makers send it in either integer field.
    #[must_use]
    pub fn session(&self) -> Option<u64> {
        let metric = self.metrics.iter().find(|metric| metric.name() == BD_SEQ)?;
        match metric.value {
            Some(Value::Int(number)) => Some(u64::from(number)),
            Some(Value::Long(number)) => Some(number),
            _ => None,
        }
    }
}

/// The payload that asks a node for its births.
#[must_use]
pub fn rebirth(at: Timestamp) -> Vec<u8> {
    let timestamp = u64::try_from(at.as_millisecond()).ok();
    let metric = Metric {
        // By name, never by alias: the aliases may be just what the host has lost.
        name: Some(REBIRTH.to_owned()),
        timestamp,
        datatype: Some(BOOLEAN),
        value: Some(Value::Boolean(true)),
        ..Metric::default()
    };
    Payload { timestamp, metrics: vec![metric], ..Payload::default() }.encode_to_vec()
}

/// A time on the wire. None if it is out of the range of dates.
#[must_use]
pub fn time(milliseconds: u64) -> Option<Timestamp> {
    i64::try_from(milliseconds).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// seq 1; metric: alias 7, time 1486144502122, int 0xFFFFFF33; time of the message the same.
    const NDATA: &[u8] = &[
        0x08, 0xEA, 0xF2, 0xF5, 0xA8, 0xA0, 0x2B, // timestamp
        0x12, 0x0F, // metric of 15 bytes
        0x10, 0x07, // alias
        0x18, 0xEA, 0xF2, 0xF5, 0xA8, 0xA0, 0x2B, // timestamp
        0x50, 0xB3, 0xFE, 0xFF, 0xFF, 0x0F, // int_value
        0x18, 0x01, // seq
    ];

    fn ndata() -> Payload {
        Payload {
            timestamp: Some(1_486_144_502_122),
            metrics: vec![Metric {
                alias: Some(7),
                timestamp: Some(1_486_144_502_122),
                value: Some(Value::Int(0xFFFF_FF33)),
                ..Metric::default()
            }],
            seq: Some(1),
            ..Payload::default()
        }
    }

    #[test]
    fn a_data_message_is_read_and_written_byte_for_byte() {
        let opened = open(NDATA).unwrap();
        assert_eq!(opened, Opened { payload: ndata(), left_out: 0 });
        assert_eq!(opened.payload.encode_to_vec(), NDATA);
        assert_eq!(opened.payload.number(), Some(1));
    }

    #[test]
    fn every_kind_of_value_is_read_from_its_own_field() {
        for (bytes, value) in [
            (&[0x50, 0x05][..], Value::Int(5)),
            (
                &[0x58, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01],
                Value::Long(u64::MAX),
            ),
            (&[0x65, 0x00, 0x00, 0xA4, 0xC1], Value::Float(-20.5)),
            (&[0x69, 0, 0, 0, 0, 0, 0x80, 0x3E, 0x40], Value::Double(30.5)),
            (&[0x70, 0x01], Value::Boolean(true)),
            (&[0x7A, 0x02, b'o', b'k'], Value::Text("ok".to_owned())),
            (&[0x82, 0x01, 0x01, 0xFF], Value::Bytes(vec![0xFF])),
            (&[0x8A, 0x01, 0x02, 0x08, 0x01], Value::DataSet(vec![8, 1])),
            (&[0x92, 0x01, 0x00], Value::Template(vec![])),
            (&[0x9A, 0x01, 0x00], Value::Extension(vec![])),
        ] {
            let length = u8::try_from(bytes.len()).unwrap();
            let opened = open(&[&[0x12, length], bytes].concat()).unwrap();
            assert_eq!(opened.payload.metrics[0].value, Some(value));
        }
    }

    #[test]
    fn fields_of_later_versions_and_closed_parts_do_not_disturb() {
        let bytes = [
            0x12, 0x0C, // metric
            0x0A, 0x01, b't', // name
            0x42, 0x02, 0x08, 0x01, // metadata
            0x4A, 0x01, 0xFF, // properties that are no protobuf
            0x20, 0x09, // datatype: Float
            0x3A, 0x01, 0x00, // field 7 of the payload is unknown
        ];
        let metric = open(&bytes).unwrap().payload.metrics.remove(0);
        assert_eq!((metric.name(), metric.datatype()), ("t", 9));
        assert_eq!(metric.properties, Some(vec![0xFF]));
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_the_reason() {
        for (bytes, said) in [
            (&[0xFF; 12][..], "not a Sparkplug B protobuf"),
            (&[0x12, 0x05, 0x0A], "not a Sparkplug B protobuf"),
            // Name that is not UTF-8.
            (&[0x12, 0x03, 0x0A, 0x01, 0xFF], "not a Sparkplug B protobuf"),
            // A length of four thousand million bytes.
            (&[0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x00], "not a Sparkplug B protobuf"),
            (&[0x2A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], "not a Sparkplug B protobuf"),
            (&[0x18, 0x80, 0x02], "sequence number 256"),
        ] {
            let error = open(bytes).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
        assert_eq!(open(&vec![0; MAX_PAYLOAD + 1]), Err(Unreadable::Long(524_289)));
        let packed = Payload { uuid: Some(COMPRESSED.to_owned()), ..Payload::default() };
        assert_eq!(open(&packed.encode_to_vec()), Err(Unreadable::Compressed));
    }

    #[test]
    fn of_too_many_metrics_the_first_are_opened_and_the_rest_counted() {
        let bytes = [0x12, 0x00].repeat(MAX_METRICS + 3);
        let opened = open(&bytes).unwrap();
        assert_eq!((opened.payload.metrics.len(), opened.left_out), (MAX_METRICS, 3));
    }

    #[test]
    fn the_session_is_found_in_either_integer_field() {
        for (value, session) in [
            (Some(Value::Int(3)), Some(3)),
            (Some(Value::Long(255)), Some(255)),
            (Some(Value::Text("3".to_owned())), None),
            (None, None),
        ] {
            let metric = Metric { name: Some("bdSeq".to_owned()), value, ..Metric::default() };
            let payload = Payload { metrics: vec![metric], ..Payload::default() };
            assert_eq!(payload.session(), session);
        }
        assert_eq!(Payload::default().session(), None);
    }

    #[test]
    fn the_rebirth_command_is_these_bytes() {
        let at = Timestamp::from_millisecond(1_486_144_502_122).unwrap();
        let mut wanted = vec![0x08, 0xEA, 0xF2, 0xF5, 0xA8, 0xA0, 0x2B, 0x12, 0x21, 0x0A, 0x14];
        wanted.extend_from_slice(b"Node Control/Rebirth");
        wanted
            .extend_from_slice(&[0x18, 0xEA, 0xF2, 0xF5, 0xA8, 0xA0, 0x2B, 0x20, 0x0B, 0x70, 0x01]);
        assert_eq!(hex::encode(rebirth(at)), hex::encode(wanted));
    }

    #[test]
    fn a_time_beyond_the_calendar_is_none() {
        assert_eq!(time(0), Some(Timestamp::UNIX_EPOCH));
        assert_eq!(time(u64::MAX), None);
        assert_eq!(time(1 << 62), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(opened) = open(&bytes) {
                let again = open(&opened.payload.encode_to_vec()).unwrap();
                // Compared as written: a NaN is not equal to itself.
                prop_assert_eq!(again.payload.encode_to_vec(), opened.payload.encode_to_vec());
            }
        }

        #[test]
        fn a_message_with_one_byte_changed_never_panics(at in 0..NDATA.len(), to in any::<u8>()) {
            let mut bytes = NDATA.to_vec();
            bytes[at] = to;
            let _ = open(&bytes);
        }
    }
}
