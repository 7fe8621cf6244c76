//! The Impinj R700: JSON over MQTT, as its `IoT` device interface writes it.
//!
//! A message holds one event, an array of events, or one event per line. An event with the member
//! `tagInventoryEvent` is a read; older firmware writes no `eventType`, so that is not checked. The EPC
//! is hex (`epcHex`) or base64 (`epc`), either may be switched off, and some readers' `epc` is hex (`bank`); RSSI in
//! hundredths of a dBm; `timestamp` in RFC 3339 with nine digits.
//!
//! `gpiTransitionEvent` (`low-to-high`, `high-to-low`) is an edge of a light barrier.
//!
//! What holds: an event that does not fit is refused with a reason, and the others of its message are taken; other events
//! (status) are counted and are not errors; no form of a bank is guessed.
//!
//! Source: Impinj's published samples of the reader's `IoT` device interface.

mod bank;

use std::borrow::Cow;
use std::ops::Deref;

use jiff::Timestamp;
use reads::time_belief::believed;
use reads::{Bank, Edge, Finding, Read, code};
use serde::Deserialize;

use crate::message::{
    BankForm, DeviceData, Format, Message, Refused, json_object, json_objects, json_records,
    refuse_retained, short,
};
use crate::reader::dialect::{Antenna, NO_RSSI_CDBM, strength};
use bank::{Forms, Reader, Written, control_word};

/// The deepest nesting of a message is the parser's own limit (128).
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    #[serde(borrow)]
    timestamp: Option<Text<'a>>,
    #[serde(borrow)]
    hostname: Option<Text<'a>>,
    #[serde(rename = "tagInventoryEvent", borrow)]
    inventory: Option<Inventory<'a>>,
    #[serde(rename = "gpiTransitionEvent", borrow)]
    transition: Option<Transition<'a>>,
    #[serde(rename = "antennaDisconnectedEvent")]
    disconnected: Option<AntennaEvent>,
}

#[derive(Debug, Deserialize)]
struct Transition<'a> {
    gpi: u16,
    #[serde(borrow)]
    transition: Text<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AntennaEvent {
    antenna_port: u16,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Inventory<'a> {
    #[serde(borrow)]
    epc: Option<Text<'a>>,
    #[serde(borrow)]
    epc_hex: Option<Text<'a>>,
    #[serde(borrow)]
    tid: Option<Text<'a>>,
    #[serde(borrow)]
    tid_hex: Option<Text<'a>>,
    #[serde(borrow)]
    pc: Option<Text<'a>>,
    antenna_port: Option<u16>,
    peak_rssi_cdbm: Option<i32>,
    #[serde(borrow)]
    last_seen_time: Option<Text<'a>>,
}

/// A text in the message, copied only if characters of it are escaped.
#[derive(Debug, Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// The format of one reader's topic.
#[derive(Debug)]
pub struct ImpinjR700 {
    topic: String,
    forms: Forms,
}

impl ImpinjR700 {
    /// The format for what is published on `topic`.
    ///
    /// - `form`: how the reader writes `epc` and `tid`, the members without `Hex`; none if that is not known.
    #[must_use]
    pub fn new(topic: &str, form: Option<BankForm>) -> Self {
        Self { topic: topic.to_owned(), forms: Forms::new(form) }
    }

    /// Takes one event.
    ///
    /// # Errors
    ///
    /// What is wrong and what is expected.
    fn event(
        &mut self,
        event: &Event<'_>,
        message: &Message<'_>,
        decoded: &mut DeviceData,
    ) -> Result<(), String> {
        let time_of_event = || event.timestamp.as_deref().map(time).transpose();
        if let Some(inventory) = &event.inventory {
            let host = event.hostname.as_deref().unwrap_or_default();
            let reader = Reader { topic: message.topic, host };
            let at = time_of_event()?;
            let read = self.read(inventory, reader, at, message.at, &mut decoded.findings)?;
            decoded.reads.push(read);
        } else if let Some(edge) = &event.transition {
            decoded.edges.push(Edge {
                port: edge.gpi,
                is_active: *edge.transition == *"low-to-high",
                at: believed(time_of_event()?, message.at).0,
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
        Ok(())
    }

    fn read(
        &mut self,
        inventory: &Inventory<'_>,
        reader: Reader<'_>,
        at: Option<Timestamp>,
        arrived: Timestamp,
        findings: &mut Vec<Finding>,
    ) -> Result<Read, String> {
        let mut said = Vec::new();
        let (hex, coded) = (inventory.epc_hex.as_deref(), inventory.epc.as_deref());
        let pc = inventory.pc.as_deref().and_then(control_word);
        let epc = self.forms.bank(Written { name: "epc", hex, coded, pc, reader }, &mut said);
        let (hex, coded) = (inventory.tid_hex.as_deref(), inventory.tid.as_deref());
        let tid = self.forms.bank(Written { name: "tid", hex, coded, pc: None, reader }, &mut said);
        findings.extend(said.into_iter().map(|text| Finding { code: code::FORM, text }));
        let epc = epc?.ok_or(
            "the event has neither epcHex nor epc; configure the reader to send one of them",
        )?;
        Ok(Read {
            epc: epc.into(),
            tid: tid?.map(Bank::from),
            antenna: inventory.antenna_port.unwrap_or(0),
            rssi_cdbm: strength(inventory.peak_rssi_cdbm.unwrap_or(NO_RSSI_CDBM)),
            at: arrived,
            reader_time: inventory.last_seen_time.as_deref().map(time).transpose()?.or(at),
            direction: None,
        })
    }
}

impl Format for ImpinjR700 {
    fn topics(&self) -> Vec<String> {
        vec![self.topic.clone()]
    }

    fn take(&mut self, message: &Message<'_>) -> Result<DeviceData, String> {
        refuse_retained(message)?;
        let mut decoded = DeviceData::default();
        if let Some(events) = json_objects::<Event<'_>>(message.payload) {
            let mut refused = Refused::default();
            for (place, event) in events.iter().enumerate() {
                if let Err(reason) = self.event(event, message, &mut decoded) {
                    refused.add_record(reason, message.payload, place);
                }
            }
            return refused.close(decoded);
        }
        let records = json_records(message.payload)?;
        let mut refused = records.refused;
        for text in records.texts {
            let event = json_object::<Event<'_>>(text);
            if let Err(reason) = event.and_then(|event| self.event(&event, message, &mut decoded)) {
                refused.add(reason, text);
            }
        }
        refused.close(decoded)
    }
}

fn time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| format!("got time `{}`, expected RFC 3339", short(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = r#"{"timestamp":"2026-11-20T08:00:00.278427551Z","hostname":"impinj-01-02-03","tagInventoryEvent":{"epcHex":"3074257BF7194E4000001A85","antennaPort":1,"peakRssiCdbm":-2650}}"#;
    const BASE64: &str = r#"{"timestamp":"2026-11-20T08:00:00Z","eventType":"tagInventory","tagInventoryEvent":{"epc":"4oARcGAAAgjkUSnD","antennaPort":2,"antennaName":"Antenna 2","peakRssiCdbm":-5400,"frequency":915250}}"#;

    fn take(format: &mut ImpinjR700, text: &str, at: Timestamp) -> Result<DeviceData, String> {
        let payload = text.as_bytes();
        format.take(&Message { topic: "t", payload, is_retained: false, at })
    }

    fn parse(text: &[u8], at: Timestamp) -> Result<DeviceData, String> {
        let text = std::str::from_utf8(text).unwrap();
        take(&mut ImpinjR700::new("t", None), text, at)
    }

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
    fn an_empty_member_is_absent_and_a_tag_without_epc_is_refused() {
        let event = |members: &str| format!(r#"{{"tagInventoryEvent":{{{members}}}}}"#);
        for members in [
            r#""epcHex":"","epc":"MHQle/cZTkAAABqF","tidHex":"","tid":"""#,
            r#""epc":"","epcHex":"3074257BF7194E4000001A85","pc":"3000""#,
        ] {
            let read = &reads(&event(members))[0];
            assert_eq!(hex::encode_upper(&read.epc), "3074257BF7194E4000001A85", "{members}");
            assert_eq!(read.tid, None, "{members}");
        }
        for members in [r#""epcHex":"""#, r#""epc":"""#, r#""epcHex":"","epc":" ""#] {
            let text = event(members);
            let reason = parse(text.as_bytes(), Timestamp::UNIX_EPOCH).unwrap_err();
            assert!(reason.contains("neither epcHex nor epc"), "{members}: {reason}");
        }
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
        let reason = ImpinjR700::new("t", None).take(&message).unwrap_err();
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

    #[test]
    fn one_bad_event_is_refused_with_its_text_and_the_others_are_taken() {
        let bad = HEX.replace("1A85", "1A8");
        for text in [format!("[{HEX},{bad},{BASE64}]"), format!("{HEX}\n{bad}\n{BASE64}")] {
            let decoded = parse(text.as_bytes(), Timestamp::UNIX_EPOCH).unwrap();
            assert_eq!((decoded.reads.len(), decoded.dead_letters.len()), (2, 1));
            assert_eq!(decoded.dead_letters[0].payload, bad.as_bytes());
            let reason = &decoded.dead_letters[0].reason;
            assert!(reason.contains("got 23 hex digits"), "{reason}");
        }
        let cut = format!("{HEX}\n{}\n{BASE64}", &HEX[..90]);
        let decoded = parse(cut.as_bytes(), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!((decoded.reads.len(), decoded.dead_letters.len()), (2, 1));
    }

    #[test]
    fn hex_in_the_base64_member_is_no_other_tag() {
        let at = Timestamp::UNIX_EPOCH;
        let hex = "3074257BF7194E4000001A85";
        let alone = format!(r#"{{"hostname":"a","tagInventoryEvent":{{"epc":"{hex}"}}}}"#);
        // Alone it may be a tag of 144 bits in base64: refused, and the finding names the setting.
        let mut format = ImpinjR700::new("t", None);
        let decoded = take(&mut format, &alone, at).unwrap();
        assert_eq!((decoded.reads.len(), decoded.dead_letters.len()), (0, 1));
        assert_eq!(decoded.findings[0].code, code::FORM);
        assert!(decoded.findings[0].text.contains("`epc = \"hex\"`"));
        assert_eq!(decoded.dead_letters[0].payload, alone.as_bytes());
        assert!(take(&mut format, &alone, at).is_err(), "the finding is said once");
        // The reader's own hex member shows it, and is remembered.
        let both =
            format!(r#"{{"hostname":"a","tagInventoryEvent":{{"epcHex":"{hex}","epc":"{hex}"}}}}"#);
        let decoded = take(&mut format, &both, at).unwrap();
        assert_eq!(decoded.findings[0].code, code::FORM);
        for text in [&both, &alone] {
            let decoded = take(&mut format, text, at).unwrap();
            assert_eq!(hex::encode_upper(&decoded.reads[0].epc), hex);
            assert_eq!(decoded.findings, []);
        }
        // Another reader on the same topic is another matter.
        assert!(take(&mut format, &alone.replace("\"a\"", "\"b\""), at).is_err());
        // So does the setting.
        let mut set = ImpinjR700::new("t", Some(BankForm::Hex));
        assert_eq!(hex::encode_upper(&take(&mut set, &alone, at).unwrap().reads[0].epc), hex);
        let mut set = ImpinjR700::new("t", Some(BankForm::Base64));
        assert_eq!(take(&mut set, &alone, at).unwrap().reads[0].epc.len(), 18);
        assert_eq!(take(&mut set, BASE64, at).unwrap().reads[0].epc.len(), 12);
        let differ = both.replace("\"epc\":\"3074", "\"epc\":\"3075");
        assert!(take(&mut format, &differ, at).unwrap_err().contains("name different tags"));
    }

    #[test]
    fn a_bank_that_is_not_whole_words_or_not_of_its_control_word_is_refused() {
        for members in [
            r#""epcHex":"3074257BF7194E4000001A""#,
            r#""epcHex":"3074257BF7194E4000001A8500""#,
            r#""epcHex":"3074257BF7194E4000001A85","tidHex":"E28011""#,
            r#""epcHex":"3074257BF7194E4000001A85","tid":"4oAR""#,
            r#""epcHex":"3074257BF7194E4000001A85","tid":"E2801190200050010F0A0B0C""#,
            r#""epcHex":"3074257BF7194E4000001A85","pc":"2800""#,
            r#""epc":"MHQle/cZTkAAABqF","pc":"3800""#,
        ] {
            let text = format!(r#"{{"tagInventoryEvent":{{{members}}}}}"#);
            let decoded = parse(text.as_bytes(), Timestamp::UNIX_EPOCH);
            assert!(decoded.is_err() || decoded.unwrap().reads.is_empty(), "{members}");
        }
        let right = r#"{"tagInventoryEvent":{"epc":"MHQle/cZTkAAABqF","pc":"MAA=","tidHex":"E28011902000","tid":"4oARkCAA"}}"#;
        let read = reads(right).remove(0);
        assert_eq!((read.epc.len(), read.tid.unwrap().len()), (12, 6));
    }
}
