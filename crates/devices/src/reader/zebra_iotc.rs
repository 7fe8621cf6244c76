//! Zebra's `IoT` Connector: JSON over MQTT, of fixed readers (FX, ATR) and of handhelds (RFD40, RFD90).
//!
//! A fixed reader publishes `{"data":{"idHex",…,"antenna","peakRssi","eventNum"},"timestamp","type"}`, one
//! or, when it batches, an array; a handheld `{"type","timestamp","data":{"tagData":[…],"barcodeData":[…]}}`
//! of at most 6 KiB. RSSI is in whole dBm. GPI events have `type` `GPI` and no `idHex`.
//!
//! After an outage a reader sends its buffered events later and slowly: the event's own time counts, and the window is
//! marked as late. `eventNum` counts a fixed reader's events: a missing number is a gap and becomes a finding; a
//! smaller one is a restart of the reader.
//!
//! What holds: nothing is concluded from a missing read: the maker calls the handheld's stream a statistical view of
//! the tags, not a log of every read.
//!
//! Source: member names of Zebra's published dock door sample; Zebra's RFD40/90 MQTT reference, API 1.22.

use jiff::Timestamp;
use reads::time_belief::believed;
use reads::{Edge, Finding, Read, code};
use serde::Deserialize;

use crate::message::{DeviceData, Format, Message, hex_bank, json_values, refuse_retained, short};
use crate::reader::dialect::{NO_RSSI_CDBM, strength};

/// Most events that may be missing at once; more are a new numbering rather than a gap.
const LARGEST_GAP: u64 = 1_000_000;
/// Most tags in one handheld message; far more than fit into 6 KiB.
const MAX_TAGS: usize = 10_000;

#[derive(Debug, Deserialize)]
struct Event {
    timestamp: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    data: Option<Data>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    id_hex: Option<String>,
    #[serde(rename = "TID", alias = "tid")]
    tid: Option<String>,
    antenna: Option<u16>,
    peak_rssi: Option<f64>,
    event_num: Option<u64>,
    #[serde(rename = "tagData")]
    tags: Option<Vec<Tag>>,
    #[serde(rename = "barcodeData")]
    barcodes: Option<Vec<serde::de::IgnoredAny>>,
    pin: Option<u16>,
    state: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tag {
    #[serde(alias = "idHex", alias = "tagId", alias = "epc")]
    id: String,
    #[serde(alias = "peakRssi")]
    rssi: Option<f64>,
    antenna: Option<u16>,
    #[serde(alias = "TID")]
    tid: Option<String>,
    timestamp: Option<String>,
}

/// The format of one reader's events topic.
#[derive(Debug)]
pub struct ZebraIotc {
    topic: String,
    last_event: Option<u64>,
}

impl ZebraIotc {
    /// The format for what is published on `topic`.
    #[must_use]
    pub fn new(topic: &str) -> Self {
        Self { topic: topic.to_owned(), last_event: None }
    }

    /// Checks the number of an event, and reports what is missing before it.
    fn number(&mut self, number: u64, decoded: &mut DeviceData) {
        if let Some(last) = self.last_event
            && number > last.saturating_add(1)
            && number - last <= LARGEST_GAP
        {
            let text = format!(
                "{} events are missing: number {number} follows {last}; the reader's own buffer overflowed, or the reader publishes at QoS 0",
                number - last - 1
            );
            decoded.findings.push(Finding { code: code::GAP, text });
        }
        self.last_event = Some(number);
    }
}

impl Format for ZebraIotc {
    fn topics(&self) -> Vec<String> {
        vec![self.topic.clone()]
    }

    fn take(&mut self, message: &Message<'_>) -> Result<DeviceData, String> {
        refuse_retained(message)?;
        let mut decoded = DeviceData::default();
        let mut numbers = Vec::new();
        for event in json_values::<Event>(message.payload)? {
            let device_time = event.timestamp.as_deref().map(time).transpose()?;
            let Some(data) = event.data else {
                decoded.other_events += 1;
                continue;
            };
            numbers.extend(data.event_num);
            if let Some(hex) = &data.id_hex {
                decoded.reads.push(Read {
                    epc: hex_bank(hex)?,
                    tid: tid(data.tid.as_deref())?,
                    antenna: data.antenna.unwrap_or(0),
                    rssi_cdbm: hundredths(data.peak_rssi),
                    at: message.at,
                    reader_time: device_time,
                });
            } else if let Some(tags) = &data.tags {
                if tags.len() > MAX_TAGS {
                    return Err(format!(
                        "got {} tags in a message, expected at most {MAX_TAGS}",
                        tags.len()
                    ));
                }
                for tag in tags {
                    let own = tag.timestamp.as_deref().map(time).transpose()?;
                    decoded.reads.push(Read {
                        epc: hex_bank(&tag.id)?,
                        tid: tid(tag.tid.as_deref())?,
                        antenna: tag.antenna.unwrap_or(0),
                        rssi_cdbm: hundredths(tag.rssi),
                        at: message.at,
                        reader_time: own.or(device_time),
                    });
                }
                decoded.other_events += data.barcodes.map_or(0, |codes| codes.len() as u64);
            } else if let (Some(pin), Some(state)) = (data.pin, &data.state)
                && event.kind.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("GPI"))
            {
                let is_active = state.eq_ignore_ascii_case("HIGH");
                decoded.edges.push(Edge {
                    port: pin,
                    is_active,
                    at: believed(device_time, message.at).0,
                });
            } else {
                decoded.other_events += 1;
            }
        }
        // Only a message that was decoded counts: a refused one does not change the numbering.
        for number in numbers {
            self.number(number, &mut decoded);
        }
        Ok(decoded)
    }
}

fn tid(text: Option<&str>) -> Result<Option<Vec<u8>>, String> {
    text.filter(|text| !text.is_empty()).map(hex_bank).transpose()
}

/// RFC 3339, also with an offset without colon (`+0000`), as some firmware writes it.
fn time(text: &str) -> Result<Timestamp, String> {
    text.parse()
        .or_else(|_| Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text))
        .map_err(|_| format!("got time `{}`, expected RFC 3339", short(text)))
}

/// Whole or fractional dBm in hundredths.
fn hundredths(dbm: Option<f64>) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "out of range saturates")]
    let cdbm = dbm.map(|dbm| (dbm * 100.0).round() as i32);
    strength(cdbm.unwrap_or(NO_RSSI_CDBM))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(format: &mut ZebraIotc, text: &str) -> Result<DeviceData, String> {
        let payload = text.as_bytes();
        let at = Timestamp::UNIX_EPOCH;
        format.take(&Message { topic: "zebra/d1/data", payload, is_retained: false, at })
    }

    fn event(number: u64) -> String {
        format!(
            r#"{{"data":{{"CRC":"","PC":"3000","antenna":2,"channel":0.0,"eventNum":{number},"format":"epc","idHex":"3074257BF7194E4000001A85","peakRssi":-47,"phase":0.0,"reads":1}},"timestamp":"2026-11-20T10:00:00.000Z","type":"SIMPLE"}}"#
        )
    }

    #[test]
    fn single_events_and_batches_of_a_fixed_reader_are_read() {
        let mut format = ZebraIotc::new("t");
        let decoded = take(&mut format, &event(1)).unwrap();
        assert_eq!((decoded.reads[0].antenna, decoded.reads[0].rssi_cdbm), (2, -4700));
        let batch = format!("[{},{}]", event(2), event(3));
        let decoded = take(&mut format, &batch).unwrap();
        assert_eq!((decoded.reads.len(), decoded.findings.len()), (2, 0));
    }

    #[test]
    fn a_number_left_out_is_a_gap_and_a_smaller_one_is_a_restart() {
        let mut format = ZebraIotc::new("t");
        take(&mut format, &event(10)).unwrap();
        let decoded = take(&mut format, &event(14)).unwrap();
        assert_eq!(decoded.findings[0].code, code::GAP);
        assert!(decoded.findings[0].text.starts_with("3 events are missing"));
        assert_eq!(take(&mut format, &event(1)).unwrap().findings, []);
        let refused = event(9).replace("3074", "xx");
        take(&mut format, &refused).unwrap_err();
        assert_eq!(take(&mut format, &event(2)).unwrap().findings, []);
    }

    #[test]
    fn a_handheld_message_gives_its_tags_with_their_own_time_or_that_of_the_message() {
        let text = r#"{"type":"dataEVT","timestamp":"2026-11-20T10:00:05.5+0000","data":{"tagData":[
            {"id":"3074257BF7194E4000001A85","rssi":-51.5,"timestamp":"2026-11-20T10:00:04Z"},
            {"id":"3074257BF7194E4000001A86"}],"barcodeData":[{"code":"x"}]}}"#;
        let decoded = take(&mut ZebraIotc::new("t"), text).unwrap();
        let times: Vec<String> =
            decoded.reads.iter().map(|read| read.reader_time.unwrap().to_string()).collect();
        assert_eq!(times, ["2026-11-20T10:00:04Z", "2026-11-20T10:00:05.5Z"]);
        assert_eq!((decoded.reads[0].rssi_cdbm, decoded.other_events), (-5150, 1));
    }

    #[test]
    fn an_input_is_an_edge_and_other_events_are_counted() {
        let mut format = ZebraIotc::new("t");
        let gpi =
            r#"{"type":"GPI","timestamp":"2026-11-20T10:00:00Z","data":{"pin":1,"state":"HIGH"}}"#;
        assert!(take(&mut format, gpi).unwrap().edges[0].is_active);
        let heartbeat = r#"{"type":"heartbeat","timestamp":"2026-11-20T10:00:00Z","data":{}}"#;
        assert_eq!(take(&mut format, heartbeat).unwrap().other_events, 1);
    }

    #[test]
    fn a_tag_without_strength_never_outranks_one_that_was_heard() {
        let silent = event(1).replace(r#""peakRssi":-47,"#, "");
        assert_eq!(take(&mut ZebraIotc::new("t"), &silent).unwrap().reads[0].rssi_cdbm, -30_000);
        let handheld = r#"{"data":{"tagData":[{"id":"3074257BF7194E4000001A85"}]}}"#;
        assert_eq!(take(&mut ZebraIotc::new("t"), handheld).unwrap().reads[0].rssi_cdbm, -30_000);
    }

    #[test]
    fn an_input_of_a_reader_with_a_wrong_clock_has_the_time_of_arrival() {
        let gpi =
            r#"{"type":"GPI","timestamp":"2036-11-20T10:00:00Z","data":{"pin":1,"state":"HIGH"}}"#;
        let decoded = take(&mut ZebraIotc::new("t"), gpi).unwrap();
        assert_eq!(decoded.edges[0].at, Timestamp::UNIX_EPOCH);
    }

    #[test]
    fn a_message_that_the_broker_kept_is_refused_with_what_mends_it_and_counts_for_no_gap() {
        let mut format = ZebraIotc::new("t");
        let (payload, at) = (event(1), Timestamp::UNIX_EPOCH);
        let message = Message { topic: "t", payload: payload.as_bytes(), is_retained: true, at };
        let reason = format.take(&message).unwrap_err();
        assert!(reason.contains("switch retain off"), "{reason}");
        assert_eq!(take(&mut format, &event(5)).unwrap().findings, []);
    }

    #[test]
    fn malformed_messages_are_refused_with_what_would_be_right() {
        for bad in ["", "[", "{\"data\":{\"idHex\":\"zz\"}}", "{\"data\":{\"idHex\":3}}", "7"] {
            assert!(take(&mut ZebraIotc::new("t"), bad).is_err(), "{bad}");
        }
    }
}
