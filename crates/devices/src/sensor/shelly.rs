//! Shelly devices of the second generation and later: RPC notifications over MQTT.
//!
//! `<id>/events/rpc` holds `{"src":"<id>","method":"NotifyStatus"|"NotifyFullStatus","params":{"ts":…,
//! "temperature:0":{"tC":…,"tF":…},"humidity:0":{"rh":…}}}`. Right after deep sleep the device has no clock:
//! `sys.unixtime` is null and `ts` may be anything, so an implausible `ts` counts as none. A second probe is
//! `temperature:100` and so on; its sensor is named `<id>/100`.
//!
//! What holds: a member's name states its unit (`tC`, `tF`, `rh`), which counts.
//!
//! Source: Shelly's API pages on notifications and on the components Temperature and Humidity.

use jiff::Timestamp;
use ledger::json::Json;

use crate::message::{DeviceData, Format, Message};
use crate::sensor::readings::{Field, Readings, at, json, sensor_of, text};
use crate::sensor::told::Told;

/// The format of the Shelly devices of one broker.
#[derive(Debug)]
pub struct Shelly {
    readings: Readings,
    told: Told,
}

impl Shelly {
    /// The format for the devices that `readings` names by their id.
    #[must_use]
    pub fn new(readings: Readings) -> Self {
        Self { readings, told: Told::default() }
    }
}

impl Format for Shelly {
    fn topics(&self) -> Vec<String> {
        vec!["+/events/rpc".to_owned()]
    }

    fn take(&mut self, message: &Message<'_>) -> Result<DeviceData, String> {
        let mut decoded = DeviceData::default();
        let value = json(message)?;
        let id = text(&value, &["src"])
            .ok_or("got a message without `src`, expected a notification of a device")?;
        let method = text(&value, &["method"]).unwrap_or_default();
        if !matches!(method, "NotifyStatus" | "NotifyFullStatus") {
            decoded.other_events += 1;
            return Ok(decoded);
        }
        let params = at(&value, &["params"]).and_then(Json::as_object).ok_or("no `params`")?;
        let device_time = at(&value, &["params", "ts"]).and_then(Json::as_number).and_then(seconds);
        for (component, status) in params {
            let (kind, number) = component.split_once(':').unwrap_or((component, "0"));
            let (fields, name): (&[(&str, &str)], _) = match kind {
                "temperature" => (&[("tC", "CEL"), ("tF", "FAH")], "temperature"),
                "humidity" => (&[("rh", "P1")], "humidity"),
                "illuminance" => (&[("lux", "LUX")], "illuminance"),
                _ => {
                    decoded.other_events += 1;
                    continue;
                }
            };
            // A part of the status that did not change is left out. A temperature has two, which say the same.
            let stated = |(field, unit): &(&str, &'static str)| Some((status.get(field)?, *unit));
            let Some((reading, unit)) = fields.iter().find_map(stated) else { continue };
            let device = if number == "0" { id.to_owned() } else { format!("{id}/{number}") };
            let Some(sensor) = sensor_of(&self.readings, &device, &mut self.told, &mut decoded)
            else {
                continue;
            };
            let unit = Some(unit);
            let field = Field { unit, time: device_time, ..Field::of(sensor, name, reading) };
            self.readings.add(&field, message, &mut self.told, &mut decoded);
        }
        Ok(decoded)
    }
}

/// Seconds since 1970, with a fraction.
fn seconds(digits: &str) -> Option<Timestamp> {
    #[expect(clippy::cast_possible_truncation, reason = "out of range saturates and is refused")]
    let micros = (digits.parse::<f64>().ok()? * 1e6).round() as i64;
    Timestamp::from_microsecond(micros).ok()
}

#[cfg(test)]
mod tests {
    use reads::code;

    use super::*;

    fn take(payload: &str) -> Result<DeviceData, String> {
        let sensors = [
            ("shellyplusht-b8".to_owned(), "urn:example:ht".to_owned()),
            ("shellyplusht-b8/100".to_owned(), "urn:example:probe".to_owned()),
        ];
        let mut format = Shelly::new(Readings { sensors: sensors.into(), ..Readings::default() });
        let at = "2026-11-20T08:00:10Z".parse().unwrap();
        let topic = "shellyplusht-b8/events/rpc";
        format.take(&Message { topic, payload: payload.as_bytes(), is_retained: false, at })
    }

    #[test]
    fn a_full_status_gives_temperature_and_humidity_at_the_devices_time() {
        let decoded = take(r#"{"src":"shellyplusht-b8","dst":"x","method":"NotifyFullStatus","params":{"ts":1795161600.62,"devicepower:0":{"battery":{"V":5.4}},"humidity:0":{"id":0,"rh":42.2},"sys":{"unixtime":null},"temperature:0":{"id":0,"tC":19.8,"tF":67.6},"temperature:100":{"tC":-21.0}}}"#).unwrap();
        let found: Vec<(&str, &str)> =
            decoded.readings.iter().map(|r| (r.sensor.as_str(), r.value.as_str())).collect();
        assert_eq!(
            found,
            [
                ("urn:example:ht", "42.2"),
                ("urn:example:ht", "19.8"),
                ("urn:example:probe", "-21.0")
            ]
        );
        assert!(decoded.readings.iter().all(|reading| !reading.timeless));
        assert_eq!(decoded.readings[0].at.to_string(), "2026-11-20T08:00:00.62Z");
        assert_eq!(decoded.other_events, 3);
    }

    #[test]
    fn the_unit_in_the_members_name_counts_whatever_the_configuration_says() {
        use reads::SensorKind;

        use crate::sensor::quantity::Measure;
        use crate::sensor::unit::Unit;
        let unit = Some(Unit::Fahrenheit);
        let wrong = Measure { quantity: SensorKind::Temperature, unit };
        let sensors = [("shellyplusht-b8".to_owned(), "urn:example:ht".to_owned())].into();
        let mut format =
            Shelly::new(Readings { sensors, fields: [("temperature".to_owned(), wrong)].into() });
        for (temperature, value, reported) in
            [(r#"{"tC":41,"tF":105.8}"#, "41", None), (r#"{"tF":41}"#, "5", Some("41"))]
        {
            let payload = format!(
                r#"{{"src":"shellyplusht-b8","method":"NotifyStatus","params":{{"temperature:0":{temperature}}}}}"#
            );
            let at = "2026-11-20T08:00:10Z".parse().unwrap();
            let topic = "shellyplusht-b8/events/rpc";
            let decoded = format
                .take(&Message { topic, payload: payload.as_bytes(), is_retained: false, at })
                .unwrap();
            let reading = &decoded.readings[0];
            let raw = reading.reported.as_ref().map(|reported| reported.value.as_str());
            assert_eq!((reading.value.as_str(), raw), (value, reported), "{temperature}");
        }
    }

    #[test]
    fn a_probe_that_nobody_named_is_told_once_and_costs_no_other_value() {
        let sensors = [("shellyplusht-b8".to_owned(), "urn:example:ht".to_owned())];
        let mut format = Shelly::new(Readings { sensors: sensors.into(), ..Readings::default() });
        let payload = r#"{"src":"shellyplusht-b8","method":"NotifyStatus","params":{"temperature:100":{"tC":-21.0},"temperature:0":{"tC":19.8}}}"#;
        let topic = "shellyplusht-b8/events/rpc";
        let at = "2026-11-20T08:00:10Z".parse().unwrap();
        let message = Message { topic, payload: payload.as_bytes(), is_retained: false, at };
        let decoded = format.take(&message).unwrap();
        assert_eq!((decoded.readings.len(), decoded.readings[0].value.as_str()), (1, "19.8"));
        let codes: Vec<&str> = decoded.findings.iter().map(|finding| finding.code).collect();
        assert_eq!(codes, [code::UNKNOWN_SENSOR]);
        let again = format.take(&message).unwrap();
        assert_eq!((again.readings.len(), again.findings.len()), (1, 0));
    }

    #[test]
    fn a_clock_not_yet_set_after_deep_sleep_leaves_the_time_of_arrival() {
        let decoded = take(r#"{"src":"shellyplusht-b8","method":"NotifyStatus","params":{"ts":3.10,"temperature:0":{"tC":19.8}}}"#).unwrap();
        assert!(decoded.readings[0].timeless);
        assert_eq!(decoded.readings[0].at.to_string(), "2026-11-20T08:00:10Z");
    }

    #[test]
    fn a_probe_without_value_is_a_finding_and_other_methods_are_counted() {
        let decoded = take(r#"{"src":"shellyplusht-b8","method":"NotifyStatus","params":{"temperature:0":{"tC":null}}}"#).unwrap();
        assert_eq!(decoded.findings[0].code, code::BAD_VALUE);
        assert_eq!(
            take(r#"{"src":"x","method":"NotifyEvent","params":{}}"#).unwrap().other_events,
            1
        );
        assert!(take("{}").is_err());
    }
}
