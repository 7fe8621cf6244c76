//! What all sensor formats have in common: [`Readings`] makes readings of names, values and times.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use ledger::json::{Json, Limits};
use reads::time_belief::believed;
use reads::{Finding, SensorReading, code};
use serde::{Deserialize, Serialize};

use crate::message::{DeviceData, Message, short};
use crate::sensor::quantity::{Measure, known, measure};

/// Which device is which sensor, and which of its fields are which quantities.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Readings {
    /// Sensor URI by the device's name, as its messages give it.
    pub sensors: BTreeMap<String, String>,
    /// Quantity and unit by the name of a field, beside and before the usual names. Default: none.
    #[serde(default)]
    pub fields: BTreeMap<String, Measure>,
}

impl Readings {
    /// The sensor that `device` is.
    ///
    /// # Errors
    ///
    /// If the configuration does not name it, with the line that would.
    pub fn sensor(&self, device: &str) -> Result<&str, String> {
        self.sensors.get(device).map(String::as_str).ok_or_else(|| {
            format!(
                "device `{0}` is not configured; `\"{0}\" = \"urn:…\"` below `sensors` configures it",
                short(device)
            )
        })
    }

    /// What the field `name` measures; none if it is not configured and not a usual name.
    #[must_use]
    pub fn measure(&self, name: &str) -> Option<Measure> {
        self.fields.get(name).copied().or_else(|| known(name))
    }

    /// Adds the reading of a field to `decoded`; a field that is not a quantity counts as another event.
    ///
    /// - `device_time`: the device's own time, if it gave one.
    pub fn add(
        &self,
        sensor: &str,
        name: &str,
        value: &Json,
        device_time: Option<Timestamp>,
        message: &Message<'_>,
        decoded: &mut DeviceData,
    ) {
        let Some(wanted) = self.measure(name) else {
            decoded.other_events += 1;
            return;
        };
        let text = match value {
            Json::Number(digits) => digits.as_str(),
            Json::String(text) => text.as_str(),
            Json::Null => "null",
            _ => "no number",
        };
        match measure(wanted, text) {
            Ok(measured) => {
                let (at, timeless) = believed(device_time, message.at);
                decoded.readings.push(SensorReading {
                    sensor: sensor.to_owned(),
                    kind: wanted.quantity,
                    value: measured.value,
                    unit: wanted.quantity.unit().to_owned(),
                    at,
                    timeless,
                    stale: message.is_retained && timeless,
                    reported: measured.reported,
                });
            }
            Err(reason) => {
                let text =
                    format!("`{}` of sensor {sensor} is not a measurement: {reason}", short(name));
                decoded.findings.push(Finding { code: code::BAD_VALUE, text });
            }
        }
    }
}

/// A sensor's message as JSON that keeps the digits of numbers.
///
/// # Errors
///
/// What is wrong with it.
pub(crate) fn json(message: &Message<'_>) -> Result<Json, String> {
    let limits = Limits { max_bytes: 1024 * 1024, max_depth: 16 };
    ledger::json::parse(message.payload, &limits)
        .map_err(|error| format!("not the device's JSON: {}", reads::excerpt(&error.to_string())))
}

/// A member of a member: `["uplink_message", "f_cnt"]`.
pub(crate) fn at<'a>(json: &'a Json, path: &[&str]) -> Option<&'a Json> {
    path.iter().try_fold(json, |found, name| found.get(name)).filter(|found| **found != Json::Null)
}

/// A member that is text.
pub(crate) fn text<'a>(json: &'a Json, path: &[&str]) -> Option<&'a str> {
    at(json, path).and_then(Json::as_str)
}

/// Devices that the configuration does not name and that were reported.
#[derive(Debug, Default)]
pub(crate) struct UnknownDevices(BTreeSet<ledger::Hash>);

impl UnknownDevices {
    /// The sensor that `device` is; if there is none, its message counts as another event, and its first one is a
    /// finding.
    pub(crate) fn sensor<'a>(
        &mut self,
        readings: &'a Readings,
        device: &str,
        decoded: &mut DeviceData,
    ) -> Option<&'a str> {
        match readings.sensor(device) {
            Ok(sensor) => Some(sensor),
            Err(text) => {
                decoded.other_events += 1;
                let is_new = self.0.len() < MAX_DEVICES
                    && self.0.insert(ledger::hash::sha256(device.as_bytes()));
                if is_new {
                    decoded.findings.push(Finding { code: code::UNKNOWN_SENSOR, text });
                }
                None
            }
        }
    }
}

/// Frame counters by device, which increase by one with every uplink: they show what is missing.
#[derive(Debug, Default)]
pub(crate) struct FrameCounters(BTreeMap<String, u64>);

/// Most devices whose counter is followed, and most unknown ones that are reported.
const MAX_DEVICES: usize = 10_000;
/// Most frames that may be missing at once; more are a new session rather than a gap.
const LARGEST_GAP: u64 = 10_000;

impl FrameCounters {
    /// Checks the counter of a device's frame; a smaller one is a new session.
    pub(crate) fn take(&mut self, device: &str, count: u64, decoded: &mut DeviceData) {
        if let Some(last) = self.0.get(device)
            && count > last.saturating_add(1)
            && count - last <= LARGEST_GAP
        {
            let text = format!(
                "{} uplinks of {} are missing: frame {count} follows {last}",
                count - last - 1,
                short(device)
            );
            decoded.findings.push(Finding { code: code::GAP, text });
        }
        if self.0.len() < MAX_DEVICES || self.0.contains_key(device) {
            self.0.insert(device.to_owned(), count);
        }
    }
}
