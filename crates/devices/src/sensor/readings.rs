//! What all sensor formats have in common: [`Readings`] makes readings of names, values and times.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ledger::json::{Json, Limits};
use reads::time_belief::believed;
use reads::{Finding, SensorReading, code};
use serde::{Deserialize, Serialize};

use crate::message::{DeviceData, Message, short};
use crate::sensor::quantity::{Measure, Statement, known, known_with_unit, measure};
use crate::sensor::told::{MAX_TOLD, Told};
use crate::sensor::unit::Unit;

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
    /// - `told`: what was reported before. A unit that cannot be used is reported once for each field, until it changes;
    ///   the values after it count as other events.
    pub(crate) fn add(
        &self,
        field: &Field<'_>,
        message: &Message<'_>,
        told: &mut Told,
        decoded: &mut DeviceData,
    ) {
        let Field { sensor, name, .. } = *field;
        let (text, unit) = number_and_unit(field.value);
        let unit = unit.or(field.unit);
        let Some(wanted) = self.measure(name).or_else(|| by_unit(name, unit)) else {
            decoded.other_events += 1;
            return;
        };
        let shown = field.shown.unwrap_or(name);
        let about = Statement { by_device: unit, is_configured: self.fields.contains_key(name) };
        match measure(wanted, about, text) {
            Ok(measured) => {
                if let Some(assumed) = measured.instead_of {
                    let sent = measured.reported.as_ref();
                    let code = sent.map_or(wanted.quantity.unit(), |sent| &sent.unit);
                    let unit = unit.unwrap_or(code);
                    if told.is_new(sensor, shown, unit) {
                        let text = format!(
                            "`{}` of sensor {sensor} comes in `{}` ({code}) and not in {}, as `fields` or its name \
                             says; the unit of the device counts, and its values are used; the first value: {}",
                            short(shown),
                            short(unit),
                            assumed.code(),
                            short(text)
                        );
                        decoded.findings.push(Finding { code: reads::code::CHANGED, text });
                    }
                } else {
                    told.is_well(sensor, shown);
                }
                let (at, timeless) = believed(field.time, message.at);
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
                // Of a value without a unit each is reported, with what it was.
                if unit.is_some() && !told.is_new(sensor, shown, &reason) {
                    decoded.other_events += 1;
                    return;
                }
                let text =
                    format!("`{}` of sensor {sensor} is not a measurement: {reason}", short(shown));
                decoded.findings.push(Finding { code: code::BAD_VALUE, text });
            }
        }
    }

    /// Adds the readings of the members of an object of decoded values.
    ///
    /// A member's unit is the one in the member itself (`{"value":41,"unit":"°F"}`), else in the member beside it that
    /// is named for it (`temperature_unit`), else in the member `unit` of the whole object, if that is a unit of the
    /// member's quantity.
    pub(crate) fn add_members<'a>(
        &self,
        sensor: &str,
        members: impl IntoIterator<Item = &'a (String, Json)> + Clone,
        time: Option<Timestamp>,
        message: &Message<'_>,
        told: &mut Told,
        decoded: &mut DeviceData,
    ) {
        // `temperature_unit`, `temperatureUnits`, `unit` become `temperature`, `temperature` and nothing.
        let units: BTreeMap<String, &str> = members
            .clone()
            .into_iter()
            .filter_map(|(name, value)| {
                let name = name.to_lowercase();
                let of = name.strip_suffix("unit").or_else(|| name.strip_suffix("units"))?;
                Some((of.trim_end_matches('_').to_owned(), value.as_str()?))
            })
            .collect();
        for (name, value) in members {
            let quantity = self.measure(name).map(|wanted| wanted.quantity);
            let beside = quantity.or_else(|| known_with_unit(name)).and_then(|quantity| {
                let fits = |text: &&&str| {
                    Unit::named(text).is_some_and(|unit| unit.quantity() == quantity)
                };
                let own = units.get(&name.to_lowercase());
                own.or_else(|| units.get("").filter(fits)).copied()
            });
            let field = Field { unit: beside, time, ..Field::of(sensor, name, value) };
            self.add(&field, message, told, decoded);
        }
    }
}

/// A field of a device with its value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field<'a> {
    /// The sensor that the device is.
    pub(crate) sensor: &'a str,
    /// Its name, by which the configuration finds it.
    pub(crate) name: &'a str,
    /// Its name in findings, if that is longer.
    pub(crate) shown: Option<&'a str>,
    /// Its value: a number, a text with a number, or an object with `value` and `unit`.
    pub(crate) value: &'a Json,
    /// Its unit, if the device states it beside the value.
    pub(crate) unit: Option<&'a str>,
    /// The device's own time, if it gave one.
    pub(crate) time: Option<Timestamp>,
}

impl<'a> Field<'a> {
    /// A field without unit and time.
    pub(crate) fn of(sensor: &'a str, name: &'a str, value: &'a Json) -> Self {
        Self { sensor, name, shown: None, value, unit: None, time: None }
    }
}

/// What a field measures whose name alone does not say it, by the unit that the device states.
fn by_unit(name: &str, stated: Option<&str>) -> Option<Measure> {
    let quantity = known_with_unit(name)?;
    let unit = Unit::named(stated?).filter(|unit| unit.quantity() == quantity);
    unit.map(|_| Measure { quantity, unit: None })
}

/// The number as text, and the unit that stands with it.
fn number_and_unit(value: &Json) -> (&str, Option<&str>) {
    match value {
        Json::Number(digits) => (digits, None),
        Json::String(text) => (text, None),
        Json::Object(_) => {
            let number = at(value, &["value"]).and_then(|own| own.as_number().or(own.as_str()));
            let unit = text(value, &["unit"]).or_else(|| text(value, &["units"]));
            (number.unwrap_or("no number"), unit)
        }
        Json::Null => ("null", None),
        _ => ("no number", None),
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

/// The sensor that `device` is; if there is none, its message counts as another event, and its first one is a finding.
pub(crate) fn sensor_of<'a>(
    readings: &'a Readings,
    device: &str,
    told: &mut Told,
    decoded: &mut DeviceData,
) -> Option<&'a str> {
    match readings.sensor(device) {
        Ok(sensor) => Some(sensor),
        Err(text) => {
            decoded.other_events += 1;
            if told.is_new_device(device) {
                decoded.findings.push(Finding { code: code::UNKNOWN_SENSOR, text });
            }
            None
        }
    }
}

/// Frame counters by device, which increase by one with every uplink: they show what is missing.
#[derive(Debug, Default)]
pub(crate) struct FrameCounters(BTreeMap<String, u64>);

/// Most devices whose counter is followed.
const MAX_DEVICES: usize = MAX_TOLD;
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
