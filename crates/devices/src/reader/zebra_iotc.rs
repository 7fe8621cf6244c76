//! Zebra's `IoT` Connector: JSON over MQTT, of fixed readers (FX, FXR, ATR) and of handhelds (RFD40, RFD90).
//!
//! A fixed reader publishes `{"data":{"idHex",…,"antenna","peakRssi","eventNum"},"timestamp","type"}`, one
//! or, when it batches, an array; a handheld `{"type","timestamp","data":{"tagData":[…],"barcodeData":[…]}}`
//! of at most 6 KiB. RSSI is in whole dBm. GPI events have `type` `GPI` and no `idHex`. `type` is otherwise the reader's
//! operating mode, or names an event of the reader itself, which is counted.
//!
//! An ATR in the mode `DIRECTIONALITY` reports a tag as `tagId` when it comes (`NEW`), stays (`UPDATE`) and changes its zone
//! (`TRANSITION`), and says the direction when it is gone (`TIMED_OUT`); the read then has the time at which the tag was
//! last seen, if the reader gives it.
//!
//! After an outage a reader sends its buffered events later and slowly: the event's own time counts, and the window is
//! marked as late. `eventNum` counts a fixed reader's events: a missing number is a gap and becomes a finding; a
//! smaller one is a restart of the reader.
//!
//! The way through: each event of a message, and each tag of a handheld's event, is one record; `tag` reads it.
//!
//! What holds: a record that does not fit is refused, and the others of its message are taken; nothing is concluded from
//! a missing read: the maker calls the handheld's stream a statistical view of the tags, not a log of every read.
//!
//! Source: member names of Zebra's published dock door sample; Zebra's RFD40/90 MQTT reference, API 1.22; Zebra's
//! fixed reader MQTT API 1.0 and the events that were published from its readers.

mod tag;
#[cfg(test)]
mod tests;

use reads::time_belief::believed;
use reads::{Edge, Finding, code};
use serde::Deserialize;
use serde_json::Value;

use crate::message::{
    DeviceData, Format, Message, Refused, json_object, json_records, refuse_retained, short,
};
use tag::{Around, NO_EPC, Tag, TagRead, is_nothing, number, time};

/// Most events that may be missing at once; more are a new numbering rather than a gap.
const LARGEST_GAP: u64 = 1_000_000;
/// Most tags in one handheld message; far more than fit into 6 KiB.
const MAX_TAGS: usize = 10_000;

/// Modes of a fixed reader: an event of one of these has a tag.
const MODES: [&str; 7] =
    ["SIMPLE", "INVENTORY", "PORTAL", "CONVEYOR", "CUSTOM", "DIRECTIONALITY", "RAW_DIRECTIONALITY"];
/// Events of a reader itself, and of other things that it hears; their content is not looked at.
const OWN_EVENTS: [&str; 11] = [
    "heartbeat",
    "gpo",
    "error",
    "warning",
    "firmwareUpdateProgress",
    "userapp",
    "exception",
    "ALERT",
    "NOTIFICATION",
    "BLE_DATA",
    "async",
];

fn is_one_of(kind: Option<&str>, names: &[&str]) -> bool {
    kind.is_some_and(|kind| names.iter().any(|name| name.eq_ignore_ascii_case(kind)))
}

/// What is looked at before the rest.
#[derive(Debug, Deserialize)]
struct Head {
    #[serde(rename = "type")]
    kind: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Event {
    timestamp: Option<Value>,
    direction: Option<Value>,
    data: Option<Data>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Data {
    #[serde(flatten)]
    tag: Tag,
    event_num: Option<Value>,
    #[serde(rename = "tagData")]
    tags: Option<Vec<Value>>,
    #[serde(rename = "barcodeData")]
    barcodes: Option<Vec<serde::de::IgnoredAny>>,
    pin: Option<Value>,
    state: Option<Value>,
}

/// The format of one reader's events topic.
#[derive(Debug)]
pub struct ZebraIotc {
    topic: String,
    last_event: Option<u64>,
    /// Whether it was said that a tag's TID cannot be read.
    has_told_tid: bool,
}

impl ZebraIotc {
    /// The format for what is published on `topic`.
    #[must_use]
    pub fn new(topic: &str) -> Self {
        Self { topic: topic.to_owned(), last_event: None, has_told_tid: false }
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

    /// Takes one event.
    ///
    /// # Errors
    ///
    /// Why it is refused.
    fn event(
        &mut self,
        text: &[u8],
        message: &Message<'_>,
        into: &mut Taken,
    ) -> Result<(), String> {
        let head: Head = json_object(text)?;
        let kind = head.kind.as_ref().and_then(Value::as_str);
        if is_one_of(kind, &OWN_EVENTS) {
            into.decoded.other_events += 1;
            return Ok(());
        }
        let event: Event = json_object(text)?;
        let data = event.data.unwrap_or_default();
        if let Some(number) = data.event_num.as_ref().and_then(Value::as_u64) {
            into.numbers.push(number);
        }
        let around = Around {
            arrived: message.at,
            timestamp: event.timestamp.as_ref(),
            direction: event.direction.as_ref(),
        };
        let barcodes = data.barcodes.map_or(0, |codes| codes.len() as u64);
        if let Some(tags) = data.tags {
            into.decoded.other_events += barcodes;
            return self.handheld(&tags, around, into);
        }
        if data.tag.is_named() || is_one_of(kind, &MODES) {
            let read = data.tag.read(around)?;
            self.push(read, &mut into.decoded);
        } else if let (Some(pin), Some(state)) =
            (&data.pin, data.state.as_ref().and_then(Value::as_str))
            && is_one_of(kind, &["GPI"])
        {
            let pin = number(pin)?.filter(|pin| (0.0..=65_535.0).contains(pin));
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
            let port = pin.ok_or("got a GPI event without a pin from 0 to 65535")? as u16;
            let stated = event.timestamp.as_ref().filter(|stated| !is_nothing(stated));
            let device_time = stated.map(time).transpose()?;
            let is_active = state.eq_ignore_ascii_case("HIGH");
            let at = believed(device_time, message.at).0;
            into.decoded.edges.push(Edge { port, is_active, at });
        } else if barcodes == 0 && !is_one_of(kind, &["GPI"]) && data.tag.is_nameless() {
            return Err(NO_EPC.into());
        } else {
            into.decoded.other_events += barcodes.max(1);
        }
        Ok(())
    }

    /// Takes the tags of a handheld's event; one that does not fit is refused alone.
    fn handheld(
        &mut self,
        tags: &[Value],
        around: Around<'_>,
        into: &mut Taken,
    ) -> Result<(), String> {
        if tags.len() > MAX_TAGS {
            return Err(format!(
                "got {} tags in a message, expected at most {MAX_TAGS}",
                tags.len()
            ));
        }
        for tag in tags {
            let read = Tag::deserialize(tag)
                .map_err(|error| short(&error.to_string()))
                .and_then(|tag| tag.read(around));
            match read {
                Ok(read) => self.push(read, &mut into.decoded),
                Err(reason) => into.refused.add(reason, tag.to_string().as_bytes()),
            }
        }
        Ok(())
    }

    /// Adds a read. That the reader could not read a TID is said once.
    fn push(&mut self, tag: TagRead, decoded: &mut DeviceData) {
        decoded.reads.push(tag.read);
        if let Some(error) = tag.tid_error
            && !self.has_told_tid
        {
            self.has_told_tid = true;
            let text = format!(
                "the reader cannot read the TID of some tags, which are taken without it: `{error}`"
            );
            decoded.findings.push(Finding { code: code::GAP, text });
        }
    }
}

/// What a message comes to.
struct Taken {
    decoded: DeviceData,
    refused: Refused,
    numbers: Vec<u64>,
}

impl Format for ZebraIotc {
    fn topics(&self) -> Vec<String> {
        vec![self.topic.clone()]
    }

    fn take(&mut self, message: &Message<'_>) -> Result<DeviceData, String> {
        refuse_retained(message)?;
        let records = json_records(message.payload)?;
        let mut taken =
            Taken { decoded: DeviceData::default(), refused: records.refused, numbers: Vec::new() };
        for text in records.texts {
            if let Err(reason) = self.event(text, message, &mut taken) {
                taken.refused.add(reason, text);
            }
        }
        let Taken { decoded, refused, numbers } = taken;
        let mut decoded = refused.close(decoded)?;
        // Only a message that was decoded counts: a refused one does not change the numbering.
        for number in numbers {
            self.number(number, &mut decoded);
        }
        Ok(decoded)
    }
}
