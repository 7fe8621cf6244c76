//! `ChirpStack` v4: `LoRaWAN` uplinks as JSON over MQTT.
//!
//! `application/<id>/device/<devEui>/event/up` holds `deduplicationId`, `time`, `deviceInfo.devEui`, `fCnt`,
//! `data` (base64) and, if the device profile has a codec, `object` with the decoded values.
//!
//! What holds: `deduplicationId` names an uplink for ever, so one that is sent twice is taken once; a number
//! left out of `fCnt` is a gap; an uplink without `object` is refused and says that a codec is missing.
//!
//! Source: `ChirpStack`'s integration events, version 4.

use ledger::json::Json;

use crate::message::{Format, Message, Taken};
use crate::sensor::readings::{FrameCounters, Readings, Strangers, at, json, text};

/// The format of one `ChirpStack` application.
#[derive(Debug)]
pub struct ChirpStack {
    application: String,
    readings: Readings,
    counters: FrameCounters,
    strangers: Strangers,
}

impl ChirpStack {
    /// The format of an application by its id; `+` for all.
    #[must_use]
    pub fn new(application: &str, readings: Readings) -> Self {
        Self {
            application: application.to_owned(),
            readings,
            counters: FrameCounters::default(),
            strangers: Strangers::default(),
        }
    }
}

impl Format for ChirpStack {
    fn topics(&self) -> Vec<String> {
        vec![format!("application/{}/device/+/event/up", self.application)]
    }

    fn take(&mut self, message: &Message<'_>) -> Result<Taken, String> {
        let value = json(message)?;
        let device = text(&value, &["deviceInfo", "devEui"])
            .ok_or("no `deviceInfo.devEui`; an uplink event would be right")?;
        let mut taken = Taken::default();
        let Some(sensor) = self.strangers.sensor(&self.readings, device, &mut taken) else {
            return Ok(taken);
        };
        let decoded = at(&value, &["object"]).and_then(Json::as_object).ok_or(
            "no `object`: ChirpStack does not decode this device; give its device profile a codec",
        )?;
        let told = text(&value, &["time"]).and_then(|text| text.parse().ok());
        taken.key = text(&value, &["deduplicationId"]).map(|id| format!("chirpstack/{id}"));
        for (field, reading) in decoded {
            self.readings.add(sensor, field, reading, told, message, &mut taken);
        }
        if let Some(count) = at(&value, &["fCnt"]).and_then(Json::as_number) {
            self.counters.take(device, count.parse().unwrap_or(0), &mut taken);
        }
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use reads::code;

    use super::*;

    fn up(count: u64, object: &str) -> String {
        format!(
            r#"{{"deduplicationId":"5f0f-{count}","time":"2026-11-20T08:00:00+00:00","deviceInfo":{{"deviceName":"probe-1","devEui":"a84041f4b1c2d3e4"}},"fCnt":{count},"fPort":2,"data":"AMQAFdQ="{object}}}"#
        )
    }

    fn format() -> ChirpStack {
        let sensors = [("a84041f4b1c2d3e4".to_owned(), "urn:example:probe".to_owned())].into();
        ChirpStack::new("+", Readings { sensors, ..Readings::default() })
    }

    fn take(format: &mut ChirpStack, payload: &str) -> Result<Taken, String> {
        let at = "2026-11-20T08:00:10Z".parse().unwrap();
        let topic = "application/1/device/a84041f4b1c2d3e4/event/up";
        format.take(&Message { topic, payload: payload.as_bytes(), is_retained: false, at })
    }

    #[test]
    fn decoded_values_are_readings_named_for_ever_by_the_deduplication_id() {
        let taken = take(&mut format(), &up(25, r#","object":{"temperature":21.830,"battery":3}"#))
            .unwrap();
        assert_eq!(taken.readings[0].value, "21.830");
        assert_eq!(taken.readings[0].at.to_string(), "2026-11-20T08:00:00Z");
        assert_eq!(taken.key.as_deref(), Some("chirpstack/5f0f-25"));
    }

    #[test]
    fn a_missing_frame_is_a_gap_and_a_missing_codec_is_named() {
        let mut format = format();
        let object = r#","object":{"temperature":1}"#;
        assert_eq!(take(&mut format, &up(0, object)).unwrap().findings, []);
        let taken = take(&mut format, &up(3, object)).unwrap();
        assert_eq!(taken.findings[0].code, code::GAP);
        assert!(taken.findings[0].text.contains("2 uplinks"));
        assert!(take(&mut format, &up(4, "")).unwrap_err().contains("codec"));
    }
}
