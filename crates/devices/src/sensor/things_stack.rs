//! The Things Stack v3: `LoRaWAN` uplinks as JSON over MQTT.
//!
//! `v3/<application>@<tenant>/devices/<device>/up` holds `end_device_ids.device_id`, `received_at` and
//! `uplink_message` with `f_cnt`, `decoded_payload` (the maker's own names and units) and, for some devices,
//! `normalized_payload`. Members that are zero, false or empty are left out: a first frame has no `f_cnt`.
//!
//! What holds: the broker gives `QoS` 0 only, so uplinks may be lost on the way; a missing number of `f_cnt`
//! shows it. Where that matters, use the webhook with a broker of your own.
//!
//! Source: The Things Stack's pages on the MQTT server and data formats.

use ledger::json::Json;

use crate::message::{DeviceData, Format, Message};
use crate::sensor::readings::{FrameCounters, Readings, at, json, sensor_of, text};
use crate::sensor::told::Told;

/// The format of one application.
#[derive(Debug)]
pub struct ThingsStack {
    application: String,
    readings: Readings,
    counters: FrameCounters,
    told: Told,
}

impl ThingsStack {
    /// The format of an application, with its tenant: `cold-chain@ttn`.
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

impl Format for ThingsStack {
    fn topics(&self) -> Vec<String> {
        vec![format!("v3/{}/devices/+/up", self.application)]
    }

    fn take(&mut self, message: &Message<'_>) -> Result<DeviceData, String> {
        let value = json(message)?;
        let device = text(&value, &["end_device_ids", "device_id"])
            .ok_or("got a message without `end_device_ids.device_id`, expected an uplink")?;
        let mut decoded = DeviceData::default();
        let Some(sensor) = sensor_of(&self.readings, device, &mut self.told, &mut decoded) else {
            return Ok(decoded);
        };
        let uplink = at(&value, &["uplink_message"]).ok_or("no `uplink_message`")?;
        let device_time = text(uplink, &["received_at"])
            .or_else(|| text(&value, &["received_at"]))
            .and_then(|text| text.parse().ok());
        let mut normalized = Vec::new();
        if let Some(measurements) = at(uplink, &["normalized_payload"]).and_then(Json::as_array) {
            for air in measurements.iter().filter_map(|one| at(one, &["air"])?.as_object()) {
                normalized.extend(air);
            }
        }
        let fields = at(uplink, &["decoded_payload"]).and_then(Json::as_object);
        if normalized.is_empty() && fields.is_none() {
            return Err(
                "no `decoded_payload`: the device has no payload formatter; give it one".into()
            );
        }
        // Values that the stack has normalized take precedence over the maker's own names.
        let members: Vec<&(String, Json)> =
            if normalized.is_empty() { fields.into_iter().flatten().collect() } else { normalized };
        let told = &mut self.told;
        self.readings.add_members(sensor, members, device_time, message, told, &mut decoded);
        let count = at(uplink, &["f_cnt"]).and_then(Json::as_number).unwrap_or("0");
        self.counters.take(device, count.parse().unwrap_or(0), &mut decoded);
        Ok(decoded)
    }
}

#[cfg(test)]
mod tests {
    use reads::{SensorKind, code};

    use super::*;
    use crate::sensor::quantity::Measure;
    use crate::sensor::unit::Unit;

    fn format() -> ThingsStack {
        let sensors = [("rs261".to_owned(), "urn:example:rs261".to_owned())].into();
        let fahrenheit =
            Measure { quantity: SensorKind::Temperature, unit: Some(Unit::Fahrenheit) };
        let fields = [("ProbeF".to_owned(), fahrenheit)].into();
        ThingsStack::new("cold-chain@ttn", Readings { sensors, fields })
    }

    fn take(format: &mut ThingsStack, uplink: &str) -> Result<DeviceData, String> {
        let payload = format!(
            r#"{{"end_device_ids":{{"device_id":"rs261","dev_eui":"0025CA00000017C2"}},"received_at":"2026-11-20T08:00:00.742127657Z","uplink_message":{uplink}}}"#
        );
        let at = "2026-11-20T08:00:10Z".parse().unwrap();
        let topic = "v3/cold-chain@ttn/devices/rs261/up";
        format.take(&Message { topic, payload: payload.as_bytes(), is_retained: false, at })
    }

    #[test]
    fn decoded_values_are_read_by_usual_names_by_configured_ones_and_with_units_in_the_text() {
        let uplink = r#"{"f_cnt":25,"decoded_payload":{"Battery Status":"Good","Temperature":21.83,"ProbeF":"14","humidity":"61.2 %","temp":"32 °F","temperature_c":"0.00 °C"}}"#;
        let decoded = take(&mut format(), uplink).unwrap();
        let found: Vec<(&str, &str)> =
            decoded.readings.iter().map(|r| (r.value.as_str(), r.unit.as_str())).collect();
        assert_eq!(
            found,
            [("21.83", "CEL"), ("-10", "CEL"), ("61.2", "P1"), ("0", "CEL"), ("0.00", "CEL")]
        );
        assert_eq!(decoded.other_events, 1);
    }

    #[test]
    fn the_normalized_payload_comes_first() {
        let uplink = r#"{"f_cnt":1,"normalized_payload":[{"air":{"temperature":4.5,"relativeHumidity":80}}],"decoded_payload":{"temp":45}}"#;
        let decoded = take(&mut format(), uplink).unwrap();
        let found: Vec<&str> = decoded.readings.iter().map(|r| r.value.as_str()).collect();
        assert_eq!(found, ["4.5", "80"]);
    }

    #[test]
    fn an_absent_counter_is_zero_and_a_gap_is_found() {
        let mut format = format();
        take(&mut format, r#"{"decoded_payload":{"temperature":1}}"#).unwrap();
        let decoded =
            take(&mut format, r#"{"f_cnt":2,"decoded_payload":{"temperature":1}}"#).unwrap();
        assert_eq!(decoded.findings[0].code, code::GAP);
        assert!(take(&mut format, r#"{"f_cnt":3}"#).unwrap_err().contains("payload formatter"));
    }
}
