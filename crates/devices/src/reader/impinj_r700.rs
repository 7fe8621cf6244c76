//! The Impinj R700: JSON over MQTT, as its `IoT` device interface writes it.
//!
//! A message holds one event, an array of events, or one event per line. An event with the member
//! `tagInventoryEvent` is a read; older firmware writes no `eventType`, so that is not checked. The EPC
//! is hex (`epcHex`) or base64 (`epc`), either may be switched off; RSSI in hundredths of a dBm;
//! `timestamp` in RFC 3339 with nine digits.
//!
//! `gpiTransitionEvent` (`low-to-high`, `high-to-low`) is an edge of a light barrier.
//!
//! What holds: a message is decoded as a whole or refused with a reason; other events (status) are counted and are not
//! errors.
//!
//! Source: Impinj's published samples of the reader's `IoT` device interface.

use jiff::Timestamp;
use reads::time_belief::believed;
use reads::{Edge, Finding, Read, code};
use serde::Deserialize;

use crate::message::{
    DeviceData, Format, Message, base64_bank, hex_bank, json_values, refuse_retained, short,
};
use crate::reader::dialect::{Antenna, NO_RSSI_CDBM, strength};

/// The deepest nesting of a message is the parser's own limit (128).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    timestamp: Option<String>,
    #[serde(rename = "tagInventoryEvent")]
    inventory: Option<Inventory>,
    #[serde(rename = "gpiTransitionEvent")]
    transition: Option<Transition>,
    #[serde(rename = "antennaDisconnectedEvent")]
    disconnected: Option<AntennaEvent>,
}

#[derive(Debug, Deserialize)]
struct Transition {
    gpi: u16,
    transition: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AntennaEvent {
    antenna_port: u16,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inventory {
    epc: Option<String>,
    epc_hex: Option<String>,
    tid: Option<String>,
    tid_hex: Option<String>,
    antenna_port: Option<u16>,
    peak_rssi_cdbm: Option<i32>,
    last_seen_time: Option<String>,
}

/// The format of one reader's topic.
#[derive(Debug)]
pub struct ImpinjR700 {
    topic: String,
}

impl ImpinjR700 {
    /// The format for what is published on `topic`.
    #[must_use]
    pub fn new(topic: &str) -> Self {
        Self { topic: topic.to_owned() }
    }
}

impl Format for ImpinjR700 {
    fn topics(&self) -> Vec<String> {
        vec![self.topic.clone()]
    }

    fn take(&mut self, message: &Message<'_>) -> Result<DeviceData, String> {
        refuse_retained(message)?;
        parse(message.payload, message.at)
    }
}

/// Decodes a message that arrived at `arrived`.
///
/// # Errors
///
/// What is wrong and what is expected, for the dead letter.
pub fn parse(payload: &[u8], arrived: Timestamp) -> Result<DeviceData, String> {
    let mut decoded = DeviceData::default();
    for event in json_values::<Event>(payload)? {
        let at = event.timestamp.as_deref().map(time).transpose()?;
        if let Some(inventory) = &event.inventory {
            decoded.reads.push(read(inventory, at, arrived)?);
        } else if let Some(edge) = &event.transition {
            decoded.edges.push(Edge {
                port: edge.gpi,
                is_active: edge.transition == "low-to-high",
                at: believed(at, arrived).0,
            });
        } else if let Some(status) = &event.disconnected {
            let port = status.antenna_port;
            let text = format!(
                "antenna {port} is not connected; connect its cable, or remove the port from the reader's configuration"
            );
            decoded.findings.push(Finding { code: code::NO_ANTENNA, text });
            decoded.antennas.push(Antenna { port, is_there: false });
        } else {
            decoded.other_events += 1;
        }
    }
    Ok(decoded)
}

fn time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| format!("got time `{}`, expected RFC 3339", short(text)))
}

fn read(inventory: &Inventory, at: Option<Timestamp>, arrived: Timestamp) -> Result<Read, String> {
    let epc = bank(inventory.epc_hex.as_deref(), inventory.epc.as_deref())?
        .ok_or("the event has neither epcHex nor epc; configure the reader to send one of them")?;
    let tid = bank(inventory.tid_hex.as_deref(), inventory.tid.as_deref())?;
    Ok(Read {
        epc,
        tid: tid.filter(|tid| !tid.is_empty()),
        antenna: inventory.antenna_port.unwrap_or(0),
        rssi_cdbm: strength(inventory.peak_rssi_cdbm.unwrap_or(NO_RSSI_CDBM)),
        at: arrived,
        reader_time: inventory.last_seen_time.as_deref().map(time).transpose()?.or(at),
    })
}

fn bank(hex_text: Option<&str>, base64_text: Option<&str>) -> Result<Option<Vec<u8>>, String> {
    match (hex_text, base64_text) {
        (Some(text), _) => hex_bank(text).map(Some),
        (None, Some(text)) => base64_bank(text).map(Some),
        (None, None) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = r#"{"timestamp":"2026-11-20T08:00:00.278427551Z","hostname":"impinj-01-02-03","tagInventoryEvent":{"epcHex":"3074257BF7194E4000001A85","antennaPort":1,"peakRssiCdbm":-2650}}"#;
    const BASE64: &str = r#"{"timestamp":"2026-11-20T08:00:00Z","eventType":"tagInventory","tagInventoryEvent":{"epc":"4oARcGAAAgjkUSnD","antennaPort":2,"antennaName":"Antenna 2","peakRssiCdbm":-5400,"frequency":915250}}"#;

    fn reads(text: &str) -> Vec<Read> {
        parse(text.as_bytes(), Timestamp::UNIX_EPOCH).unwrap().reads
    }

    #[test]
    fn both_spellings_of_the_epc_are_read_with_or_without_event_type() {
        let one = &reads(HEX)[0];
        assert_eq!(hex::encode_upper(&one.epc), "3074257BF7194E4000001A85");
        assert_eq!((one.antenna, one.rssi_cdbm), (1, -2650));
        assert_eq!(one.reader_time.unwrap().to_string(), "2026-11-20T08:00:00.278427551Z");
        assert_eq!(hex::encode_upper(&reads(BASE64)[0].epc), "E280117060000208E45129C3");
    }

    #[test]
    fn single_array_and_lines_are_read() {
        assert_eq!(reads(&format!("[{HEX},{BASE64}]")).len(), 2);
        assert_eq!(reads(&format!("{HEX}\n{BASE64}\n")).len(), 2);
        let status =
            r#"{"eventType":"inventoryStatus","inventoryStatusEvent":{"status":"running"}}"#;
        let message = parse(status.as_bytes(), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!((message.reads.len(), message.other_events), (0, 1));
    }

    #[test]
    fn a_light_barrier_and_a_missing_antenna_are_understood() {
        let edge = r#"{"timestamp":"2026-11-20T08:00:00Z","eventType":"gpiTransition","gpiTransitionEvent":{"gpi":1,"transition":"low-to-high"}}"#;
        let decoded = parse(edge.as_bytes(), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!((decoded.edges[0].port, decoded.edges[0].is_active), (1, true));
        let missing = r#"{"eventType":"antennaDisconnected","antennaDisconnectedEvent":{"antennaPort":3,"antennaName":"Antenna 3"}}"#;
        let decoded = parse(missing.as_bytes(), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(decoded.findings[0].code, code::NO_ANTENNA);
        assert!(decoded.findings[0].text.contains("antenna 3"));
        assert_eq!(decoded.antennas, [Antenna { port: 3, is_there: false }]);
    }

    #[test]
    fn a_tag_without_strength_never_outranks_one_that_was_heard() {
        let silent = HEX.replace(r#","peakRssiCdbm":-2650"#, "");
        assert_eq!(reads(&silent)[0].rssi_cdbm, -30_000);
    }

    #[test]
    fn a_barrier_of_a_reader_with_a_wrong_clock_has_the_time_of_arrival() {
        let arrived: Timestamp = "2026-11-20T08:00:00Z".parse().unwrap();
        let edge = |at: &str| {
            let text = format!(
                r#"{{"timestamp":"{at}","gpiTransitionEvent":{{"gpi":1,"transition":"low-to-high"}}}}"#
            );
            parse(text.as_bytes(), arrived).unwrap().edges[0].at.to_string()
        };
        assert_eq!(edge("2026-11-20T07:59:58Z"), "2026-11-20T07:59:58Z");
        assert_eq!(edge("1970-01-01T00:01:00Z"), "2026-11-20T08:00:00Z");
    }

    #[test]
    fn a_message_that_the_broker_kept_is_refused_with_what_mends_it() {
        let at = Timestamp::UNIX_EPOCH;
        let message = Message { topic: "t", payload: HEX.as_bytes(), is_retained: true, at };
        let reason = ImpinjR700::new("t").take(&message).unwrap_err();
        assert!(reason.contains("switch retain off"), "{reason}");
    }

    #[test]
    fn bad_messages_are_refused_with_their_reason() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        for bad in [
            "",
            "{",
            "[1]",
            "null garbage",
            r#"{"tagInventoryEvent":{}}"#,
            r#"{"tagInventoryEvent":{"epcHex":"zz"}}"#,
            r#"{"tagInventoryEvent":{"epcHex":"30"},"tagInventoryEvent":{"epcHex":"31"}}"#,
            r#"{"timestamp":"yesterday","tagInventoryEvent":{"epcHex":"30"}}"#,
            &deep,
        ] {
            assert!(
                parse(bad.as_bytes(), Timestamp::UNIX_EPOCH).is_err(),
                "{}",
                &bad[..bad.len().min(60)]
            );
        }
    }
}
