//! The Impinj R700: JSON over MQTT, as its `IoT` device interface writes it.
//!
//! A message holds one event, an array of events, or events one a line. An event with the member
//! `tagInventoryEvent` is a read; older firmware writes no `eventType`, so that is not asked for. The EPC
//! comes as hex (`epcHex`) or base64 (`epc`), either may be switched off; RSSI in hundredths of a dBm;
//! `timestamp` in RFC 3339 with nine digits.
//!
//! What holds: a message is taken whole or refused with its reason; other events (status, GPI) are counted
//! and are no error.
//!
//! Source: Impinj's published samples of the reader's `IoT` device interface.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use jiff::Timestamp;
use reads::Read;
use serde::Deserialize;

/// Deepest nesting of a message that is worth parsing is the parser's own limit (128).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    timestamp: Option<String>,
    tag_inventory_event: Option<Inventory>,
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

/// What a message holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Reads, in order.
    pub reads: Vec<Read>,
    /// Events that are no reads.
    pub other_events: u64,
}

/// Reads a message that arrived at `arrived`.
///
/// # Errors
///
/// What is wrong and what would be right, for the dead letter.
pub fn parse(payload: &[u8], arrived: Timestamp) -> Result<Message, String> {
    let mut message = Message::default();
    for event in events(payload)? {
        match event.tag_inventory_event {
            None => message.other_events += 1,
            Some(inventory) => {
                message.reads.push(read(&inventory, event.timestamp.as_deref(), arrived)?);
            }
        }
    }
    Ok(message)
}

fn events(payload: &[u8]) -> Result<Vec<Event>, String> {
    let wrong = |error: serde_json::Error| format!("not the reader's JSON: {error}");
    let first = payload.iter().find(|byte| !byte.is_ascii_whitespace());
    if first == Some(&b'[') {
        return serde_json::from_slice(payload).map_err(wrong);
    }
    let events = serde_json::Deserializer::from_slice(payload)
        .into_iter::<Event>()
        .collect::<Result<Vec<_>, _>>()
        .map_err(wrong)?;
    if events.is_empty() {
        Err("empty message; an event would be right".into())
    } else {
        Ok(events)
    }
}

fn read(
    inventory: &Inventory,
    timestamp: Option<&str>,
    arrived: Timestamp,
) -> Result<Read, String> {
    let epc = bank(inventory.epc_hex.as_deref(), inventory.epc.as_deref())?
        .ok_or("event has neither epcHex nor epc; the reader must be set to send one")?;
    let tid = bank(inventory.tid_hex.as_deref(), inventory.tid.as_deref())?;
    let time = inventory.last_seen_time.as_deref().or(timestamp);
    let reader_time =
        time.map(|text| text.parse().map_err(|_| format!("`{text}` is no time"))).transpose()?;
    Ok(Read {
        epc,
        tid,
        antenna: inventory.antenna_port.unwrap_or(0),
        rssi_cdbm: inventory.peak_rssi_cdbm.unwrap_or(0).clamp(-30_000, 10_000),
        at: arrived,
        reader_time,
    })
}

fn bank(hex_text: Option<&str>, base64_text: Option<&str>) -> Result<Option<Vec<u8>>, String> {
    let short = |text: &str| text.chars().take(40).collect::<String>();
    let bytes = match (hex_text, base64_text) {
        (Some(text), _) => {
            hex::decode(text).map_err(|_| format!("`{}` is not hex", short(text)))?
        }
        (None, Some(text)) => STANDARD
            .decode(text)
            .or_else(|_| URL_SAFE.decode(text))
            .map_err(|_| format!("`{}` is not base64", short(text)))?,
        (None, None) => return Ok(None),
    };
    if bytes.len() > 62 {
        return Err(format!("memory bank of {} bytes; at most 62 would be right", bytes.len()));
    }
    Ok(Some(bytes))
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
