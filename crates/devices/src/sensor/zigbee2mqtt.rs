//! Zigbee2MQTT: one topic a device below the base topic, a flat JSON object of its values.
//!
//! `zigbee2mqtt/<name>` holds `{"temperature":27.34,"humidity":44.72,"battery":…,"linkquality":…}`; there is no
//! time unless `last_seen` is switched on (RFC 3339 or milliseconds). Messages may be retained, and then may be
//! of any age. When Zigbee2MQTT starts it says `online` on `bridge/state`, and then publishes the last value of every
//! device that it has cached, not retained and however old (`cache_state_send_on_startup`). `<name>/availability`
//! tells whether a device is online, as an object or, in older versions, as a bare word.
//!
//! `bridge/devices`, retained, lists the devices with the unit of each value; it may be megabytes long.
//!
//! What holds: names may contain slashes; an undated value right after a start is stale; the unit that the list of devices
//! states counts; other messages of the bridge itself (`bridge/…`) are ignored. `temperature_unit` and the like among a
//! device's values are settings of its display and state nothing about the values.
//!
//! Source: Zigbee2MQTT's page on MQTT topics and messages.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use ledger::json::Json;
use reads::{Finding, code};
use serde::Deserialize;

use crate::message::{DeviceData, Format, Message, short};
use crate::sensor::readings::{Field, Readings, json, sensor_of, text};
use crate::sensor::told::Told;

/// How long after its start Zigbee2MQTT may publish what it had cached.
const CACHED: SignedDuration = SignedDuration::from_secs(10);
/// Most values of one device whose unit is kept, and the longest name of a unit, in bytes.
const MAX_VALUES: usize = 256;
const MAX_UNIT: usize = 64;

/// A device in the list of devices; members that are of no interest are skipped.
#[derive(Debug, Deserialize)]
struct Listed {
    #[serde(default)]
    friendly_name: String,
    /// Null for the coordinator and for devices that are not supported.
    #[serde(default)]
    definition: Option<Definition>,
}

#[derive(Debug, Deserialize)]
struct Definition {
    #[serde(default)]
    exposes: Vec<Expose>,
}

/// What a device has: a value, or a group of values.
#[derive(Debug, Deserialize)]
struct Expose {
    #[serde(default)]
    property: Option<String>,
    #[serde(default)]
    unit: Option<String>,
    #[serde(default)]
    features: Vec<Expose>,
}

impl Expose {
    /// Adds the unit of each value to `units`.
    fn units(self, units: &mut BTreeMap<String, String>) {
        if let (Some(property), Some(unit)) = (self.property, self.unit)
            && units.len() < MAX_VALUES
            && unit.len() <= MAX_UNIT
        {
            units.insert(property, unit);
        }
        for feature in self.features {
            feature.units(units);
        }
    }
}

/// The format of one Zigbee2MQTT.
#[derive(Debug)]
pub struct Zigbee2Mqtt {
    base: String,
    readings: Readings,
    told: Told,
    /// When it published that it is online.
    started: Option<Timestamp>,
    /// Units by device, of those that are configured, and by value.
    units: BTreeMap<String, BTreeMap<String, String>>,
}

impl Zigbee2Mqtt {
    /// The format below the base topic, mostly `zigbee2mqtt`.
    #[must_use]
    pub fn new(base: &str, readings: Readings) -> Self {
        Self {
            base: base.trim_end_matches('/').to_owned(),
            readings,
            told: Told::default(),
            started: None,
            units: BTreeMap::new(),
        }
    }

    /// Takes the list of devices: the units of those that are configured.
    fn list(&mut self, message: &Message<'_>) -> Result<(), String> {
        let listed: Vec<Listed> = serde_json::from_slice(message.payload).map_err(|error| {
            let error = error.to_string();
            format!("not Zigbee2MQTT's list of devices: {}", reads::excerpt(&error))
        })?;
        self.units.clear();
        for Listed { friendly_name, definition } in listed {
            let Some(definition) = definition else { continue };
            if self.readings.sensors.contains_key(&friendly_name) {
                let units = self.units.entry(friendly_name).or_default();
                for expose in definition.exposes {
                    expose.units(units);
                }
            }
        }
        Ok(())
    }
}

impl Format for Zigbee2Mqtt {
    fn topics(&self) -> Vec<String> {
        vec![format!("{}/#", self.base)]
    }

    fn take(&mut self, message: &Message<'_>) -> Result<DeviceData, String> {
        let mut decoded = DeviceData::default();
        let name = message.topic.strip_prefix(&self.base).and_then(|rest| rest.strip_prefix('/'));
        let name = name.ok_or_else(|| {
            format!("topic `{}` is not below `{}`", short(message.topic), self.base)
        })?;
        let is_command = name.ends_with("/set") || name.ends_with("/get");
        if name.starts_with("bridge/") || is_command {
            // A retained one means only that it started some time ago.
            if name == "bridge/state" && says(message, "online") && !message.is_retained {
                self.started = Some(message.at);
            }
            if name == "bridge/devices" {
                self.list(message)?;
            }
            decoded.other_events += 1;
            return Ok(decoded);
        }
        if let Some(device) = name.strip_suffix("/availability") {
            if let (true, Ok(sensor)) = (says(message, "offline"), self.readings.sensor(device)) {
                let text = format!(
                    "sensor {sensor} is offline; check its battery and its distance to the next router"
                );
                decoded.findings.push(Finding { code: code::GAP, text });
            } else {
                decoded.other_events += 1;
            }
            return Ok(decoded);
        }
        let Some(sensor) = sensor_of(&self.readings, name, &mut self.told, &mut decoded) else {
            return Ok(decoded);
        };
        let values = json(message)?;
        let members = values.as_object().ok_or("expected an object with the device's values")?;
        let device_time = values.get("last_seen").and_then(last_seen);
        let units = self.units.get(name);
        for (field, value) in members {
            let unit = units.and_then(|units| units.get(field)).map(String::as_str);
            let field = Field { unit, time: device_time, ..Field::of(sensor, field, value) };
            self.readings.add(&field, message, &mut self.told, &mut decoded);
        }
        if self.started.is_some_and(|started| message.at.duration_since(started) < CACHED) {
            for reading in decoded.readings.iter_mut().filter(|reading| reading.timeless) {
                reading.stale = true;
            }
        }
        Ok(decoded)
    }
}

/// Whether the state in a message is this word, bare or as the member `state`.
fn says(message: &Message<'_>, word: &str) -> bool {
    message.payload.trim_ascii() == word.as_bytes()
        || json(message).is_ok_and(|state| text(&state, &["state"]) == Some(word))
}

fn last_seen(value: &Json) -> Option<Timestamp> {
    match value {
        Json::String(text) => text.parse().ok(),
        Json::Number(digits) => Timestamp::from_millisecond(digits.parse().ok()?).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use reads::SensorKind;

    use super::*;
    use crate::sensor::quantity::Measure;

    const NOW: &str = "2026-11-20T08:00:10Z";

    fn format() -> Zigbee2Mqtt {
        let sensors = [("cold/1".to_owned(), "urn:example:cold-1".to_owned())].into();
        Zigbee2Mqtt::new("zigbee2mqtt", Readings { sensors, ..Readings::default() })
    }

    fn take(topic: &str, payload: &str, is_retained: bool) -> Result<DeviceData, String> {
        let at = NOW.parse().unwrap();
        format().take(&Message { topic, payload: payload.as_bytes(), is_retained, at })
    }

    #[test]
    fn what_was_cached_over_a_restart_is_stale_unless_it_is_dated() {
        let start: Timestamp = NOW.parse().unwrap();
        let values = |online: &str, is_retained: bool, after_s: i64, payload: &str| {
            let mut format = format();
            let payload_of_state = online.as_bytes();
            let topic = "zigbee2mqtt/bridge/state";
            let state = Message { topic, payload: payload_of_state, is_retained, at: start };
            assert_eq!(format.take(&state).unwrap().other_events, 1);
            let at = start + SignedDuration::from_secs(after_s);
            let topic = "zigbee2mqtt/cold/1";
            let value = Message { topic, payload: payload.as_bytes(), is_retained: false, at };
            format.take(&value).unwrap().readings[0].stale
        };
        let (undated, object) = (r#"{"temperature":4}"#, r#"{"state":"online"}"#);
        assert!(values(object, false, 9, undated) && values("online", false, 9, undated));
        assert!(!values(object, false, 10, undated), "later it is a value of now");
        assert!(!values(object, true, 1, undated), "it started some time ago");
        assert!(!values(r#"{"state":"offline"}"#, false, 1, undated));
        let dated = r#"{"temperature":4,"last_seen":"2026-11-20T08:00:00Z"}"#;
        assert!(!values(object, false, 1, dated), "it says itself how old it is");
    }

    #[test]
    fn temperature_and_humidity_are_readings_and_the_rest_is_counted() {
        let decoded = take(
            "zigbee2mqtt/cold/1",
            r#"{"temperature":27.340,"humidity":44.72,"battery":90,"linkquality":120}"#,
            false,
        )
        .unwrap();
        let found: Vec<(&str, &str, bool)> = decoded
            .readings
            .iter()
            .map(|r| (r.value.as_str(), r.unit.as_str(), r.timeless))
            .collect();
        assert_eq!(found, [("27.340", "CEL", true), ("44.72", "P1", true)]);
        assert_eq!(decoded.other_events, 2);
    }

    #[test]
    fn a_retained_message_without_time_is_stale_and_one_with_time_is_not() {
        let stale = take("zigbee2mqtt/cold/1", r#"{"temperature":4}"#, true).unwrap();
        assert!(stale.readings[0].stale && stale.readings[0].timeless);
        let dated = r#"{"temperature":4,"last_seen":"2026-11-20T08:00:00Z"}"#;
        let dated = take("zigbee2mqtt/cold/1", dated, true).unwrap();
        assert!(!dated.readings[0].stale && !dated.readings[0].timeless);
        assert_eq!(dated.readings[0].at.to_string(), "2026-11-20T08:00:00Z");
        let millis = r#"{"temperature":4,"last_seen":1795161600000}"#;
        let millis = take("zigbee2mqtt/cold/1", millis, false).unwrap();
        assert_eq!(millis.readings[0].at.to_string(), "2026-11-20T08:00:00Z");
    }

    #[test]
    fn the_unit_that_the_list_of_devices_states_counts_and_that_of_the_display_does_not() {
        let fields =
            [("voltage".to_owned(), Measure { quantity: SensorKind::Voltage, unit: None })];
        let sensors = [("cold/1".to_owned(), "urn:example:cold-1".to_owned())].into();
        let mut format =
            Zigbee2Mqtt::new("zigbee2mqtt", Readings { sensors, fields: fields.into() });
        let mut take = |topic: &str, payload: &str| {
            let at = NOW.parse().unwrap();
            format.take(&Message { topic, payload: payload.as_bytes(), is_retained: false, at })
        };
        let list = r#"[{"friendly_name":"Coordinator","definition":null,"x":[{}]},
            {"friendly_name":"elsewhere","definition":{"exposes":[{"property":"temperature","unit":"°F"}]}},
            {"friendly_name":"cold/1","definition":{"model":"T1","exposes":[
              {"type":"numeric","property":"temperature","unit":"°C","access":1},
              {"type":"numeric","property":"pressure","unit":"kPa"},
              {"type":"numeric","property":"humidity","unit":"g"},
              {"type":"climate","features":[{"type":"numeric","property":"voltage","unit":"mV"}]}]}}]"#;
        assert_eq!(take("zigbee2mqtt/bridge/devices", list).unwrap().other_events, 1);
        let values = r#"{"temperature":41,"temperature_unit":"fahrenheit","pressure":101.3,"voltage":2995,"humidity":5}"#;
        let decoded = take("zigbee2mqtt/cold/1", values).unwrap();
        let found: Vec<(&str, &str)> =
            decoded.readings.iter().map(|r| (r.value.as_str(), r.unit.as_str())).collect();
        assert_eq!(found, [("41", "CEL"), ("101300.0", "PAL"), ("2.995", "VLT")]);
        // The unit of the humidity is none; of the pressure the usual one was assumed.
        assert_eq!(decoded.findings.len(), 2, "{:?}", decoded.findings);
        assert_eq!(take("zigbee2mqtt/cold/1", values).unwrap().findings, []);
        for garbage in ["", "{}", "[{\"friendly_name\":5}]", "[1]"] {
            assert!(take("zigbee2mqtt/bridge/devices", garbage).is_err(), "{garbage}");
        }
        let decoded = take("zigbee2mqtt/cold/1", r#"{"voltage":2995}"#).unwrap();
        assert_eq!(decoded.readings[0].value, "2.995", "what was known stays");
        let many: Vec<String> =
            (0..1_000).map(|n| format!(r#"{{"property":"p{n}","unit":"V"}}"#)).collect();
        let list = format!(
            r#"[{{"friendly_name":"cold/1","definition":{{"exposes":[{}]}}}}]"#,
            many.join(",")
        );
        take("zigbee2mqtt/bridge/devices", &list).unwrap();
        assert_eq!(format.units["cold/1"].len(), MAX_VALUES);
    }

    #[test]
    fn a_device_that_goes_offline_is_a_finding_and_so_is_an_unknown_one_with_the_line_that_names_it()
     {
        for state in [r#"{"state":"offline"}"#, "offline"] {
            let offline = take("zigbee2mqtt/cold/1/availability", state, false).unwrap();
            assert_eq!(offline.findings[0].code, code::GAP);
        }
        let unknown = take("zigbee2mqtt/attic", r#"{"temperature":4}"#, false).unwrap();
        assert_eq!((unknown.findings.len(), unknown.dead_letters.len()), (1, 0));
        assert_eq!(unknown.findings[0].code, code::UNKNOWN_SENSOR);
        let text = &unknown.findings[0].text;
        assert!(text.contains("\"attic\" = "), "{text}");
        assert_eq!(take("zigbee2mqtt/bridge/state", "online", false).unwrap().other_events, 1);
        assert!(take("zigbee2mqtt/cold/1", "[1]", false).is_err());
        let null = take("zigbee2mqtt/cold/1", r#"{"temperature":null}"#, false).unwrap();
        assert_eq!(null.findings[0].code, code::BAD_VALUE);
    }
}
