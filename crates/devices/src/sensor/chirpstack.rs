//! `ChirpStack` v4: `LoRaWAN` uplinks as JSON over MQTT.
//!
//! `application/<id>/device/<devEui>/event/up` holds `deduplicationId`, `time`, `deviceInfo.devEui`, `fCnt`,
//! `data` (base64) and, if the device profile has a codec, `object` with the decoded values.
//!
//! What holds: `deduplicationId` identifies an uplink, so redeliveries are deduplicated; a missing number of `fCnt` is
//! a gap; an uplink without `object` is refused, because a codec is missing. A unit that the codec gives with a value
//! (`{"value":41,"unit":"°F"}`) or beside it (`temperature_unit`) counts.
//!
//! Source: `ChirpStack`'s integration events, version 4.

use ledger::json::Json;

use crate::message::{DeviceData, Format, Message};
use crate::sensor::readings::{FrameCounters, Readings, at, json, sensor_of, text};
use crate::sensor::told::Told;

/// The format of one `ChirpStack` application.
#[derive(Debug)]
pub struct ChirpStack {
    application: String,
    readings: Readings,
    counters: FrameCounters,
    told: Told,
}

impl ChirpStack {
    /// The format of an application by its id; `+` for all.
    #[must_use]
    pub fn new(application: &str, readings: Readings) -> Self {
        Self {
            application: application.to_owned(),
            readings,
            counters: FrameCounters::default(),
            told: Told::default(),
        }
    }
}

impl Format for ChirpStack {
    fn topics(&self) -> Vec<String> {
        vec![format!("application/{}/device/+/event/up", self.application)]
    }

    fn take(&mut self, message: &Message<'_>) -> Result<DeviceData, String> {
        let value = json(message)?;
        let device = text(&value, &["deviceInfo", "devEui"])
            .ok_or("got a message without `deviceInfo.devEui`, expected an uplink event")?;
        let mut decoded = DeviceData::default();
        let Some(sensor) = sensor_of(&self.readings, device, &mut self.told, &mut decoded) else {
            return Ok(decoded);
        };
        let fields = at(&value, &["object"]).and_then(Json::as_object).ok_or(
            "no `object`: ChirpStack does not decode this device; give its device profile a codec",
        )?;
        let device_time = text(&value, &["time"]).and_then(|text| text.parse().ok());
        decoded.key = text(&value, &["deduplicationId"]).map(|id| format!("chirpstack/{id}"));
        let told = &mut self.told;
        self.readings.add_members(sensor, fields, device_time, message, told, &mut decoded);
        if let Some(count) = at(&value, &["fCnt"]).and_then(Json::as_number) {
            self.counters.take(device, count.parse().unwrap_or(0), &mut decoded);
        }
        Ok(decoded)
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

    fn take(format: &mut ChirpStack, payload: &str) -> Result<DeviceData, String> {
        let at = "2026-11-20T08:00:10Z".parse().unwrap();
        let topic = "application/1/device/a84041f4b1c2d3e4/event/up";
        format.take(&Message { topic, payload: payload.as_bytes(), is_retained: false, at })
    }

    #[test]
    fn decoded_values_are_readings_named_for_ever_by_the_deduplication_id() {
        let decoded =
            take(&mut format(), &up(25, r#","object":{"temperature":21.830,"battery":3}"#))
                .unwrap();
        assert_eq!(decoded.readings[0].value, "21.830");
        assert_eq!(decoded.readings[0].at.to_string(), "2026-11-20T08:00:00Z");
        assert_eq!(decoded.key.as_deref(), Some("chirpstack/5f0f-25"));
    }

    #[test]
    fn a_unit_that_the_codec_gives_with_a_value_or_beside_it_counts() {
        for (object, found) in [
            (r#"{"temperature":{"displayName":"Air","value":41,"unit":"°F"}}"#, "5 CEL"),
            (r#"{"temperature":{"value":"41","unit":"degC"},"unit":"F"}"#, "41 CEL"),
            (r#"{"temperature":41,"temperature_unit":"fahrenheit"}"#, "5 CEL"),
            (r#"{"temperature":41,"temperatureUnit":"°F"}"#, "5 CEL"),
            (r#"{"temperature":41,"unit":"F"}"#, "5 CEL"),
            (r#"{"temperature":41,"unit":"F","humidity":40}"#, "5 CEL|40 P1"),
            (r#"{"temperature":41,"unit":"kitchen"}"#, "41 CEL"),
            (r#"{"temperature":41,"temperature_unit":"kPa"}"#, "!"),
            (r#"{"temperature":41,"temperature_unit":"kitchen"}"#, "!"),
            (r#"{"temperature":"41 °F","temperature_unit":"°C"}"#, "!"),
            (r#"{"temperature":"41 °F"}"#, "5 CEL"),
            (r#"{"temperature":{"unit":"°F"}}"#, "!"),
            (r#"{"temperature":{"value":{"value":41}}}"#, "!"),
            (r#"{"temperature":[41]}"#, "!"),
            (r#"{"tF":41,"temperature_f":{"value":50}}"#, "5 CEL|10 CEL"),
        ] {
            let decoded = take(&mut format(), &up(1, &format!(r#","object":{object}"#))).unwrap();
            let mut values: Vec<String> =
                decoded.readings.iter().map(|r| format!("{} {}", r.value, r.unit)).collect();
            if decoded.findings.iter().any(|finding| finding.code == code::BAD_VALUE) {
                values.push("!".to_owned());
            }
            assert_eq!(values.join("|"), found, "{object}");
        }
    }

    #[test]
    fn a_missing_frame_is_a_gap_and_a_missing_codec_is_named() {
        let mut format = format();
        let object = r#","object":{"temperature":1}"#;
        assert_eq!(take(&mut format, &up(0, object)).unwrap().findings, []);
        let decoded = take(&mut format, &up(3, object)).unwrap();
        assert_eq!(decoded.findings[0].code, code::GAP);
        assert!(decoded.findings[0].text.contains("2 uplinks"));
        assert!(take(&mut format, &up(4, "")).unwrap_err().contains("codec"));
    }
}
