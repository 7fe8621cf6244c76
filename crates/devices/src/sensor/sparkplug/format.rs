//! Sparkplug B as a message format of the bridge: which metric of which device is which sensor's reading.
//!
//! What holds: a metric is a quantity by its whole name or by the part after the last slash
//! (`Inputs/Temperature`); the last values of a dead device are given once more, marked stale; a historical value keeps
//! its time however old it is; a message that cannot be used is a dead letter beside whatever else it contained.
//!
//! Not here: births, deaths, order and aliases ([`super::Host`]).

use std::collections::BTreeMap;

use jiff::Timestamp;
use ledger::json::Json;
use reads::time_belief::past;
use reads::{Finding, code};

use super::Host;
use super::output::{HostOutput, Measured, NotGood};
use crate::message::{DeadLetter, DeviceData, Format, Message, Publish, short};
use crate::sensor::readings::{Field, Readings, sensor_of};
use crate::sensor::told::Told;

/// Metrics that a finding names; it counts the others.
const NAMED: usize = 8;

/// The format of one host application.
#[derive(Debug)]
pub struct SparkplugB {
    host: Host,
    readings: Readings,
    told: Told,
}

impl SparkplugB {
    /// A host with this name that listens to `groups`, all if empty.
    ///
    /// - `readings`: sensors by `group/node` or `group/node/device`, fields by the metric's name.
    #[must_use]
    pub fn new(host_id: &str, groups: &[String], readings: Readings) -> Self {
        Self { host: Host::new(host_id, groups), readings, told: Told::default() }
    }

    fn decoded(&mut self, from: HostOutput, message: &Message<'_>) -> DeviceData {
        let mut decoded = DeviceData {
            findings: from.findings,
            publish: from.publish,
            dead_letters: from.dead_letters,
            ..DeviceData::default()
        };
        if let Some(reason) = from.refused {
            let reason = format!("{}: {reason}", short(message.topic));
            decoded.dead_letters.push(DeadLetter::new(reason, message.payload));
        }
        self.tell_not_good(&from.not_good, &mut decoded);
        for measured in &from.measured {
            let told = &mut self.told;
            if let Some(sensor) = sensor_of(&self.readings, &measured.device, told, &mut decoded) {
                add(&self.readings, sensor, measured, message, told, &mut decoded);
            }
        }
        decoded
    }

    /// One finding for each sensor and reason in a message.
    fn tell_not_good(&mut self, not_good: &[NotGood], decoded: &mut DeviceData) {
        let mut new: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
        for NotGood { device, metric, reason } in not_good {
            let Some(sensor) = sensor_of(&self.readings, device, &mut self.told, decoded) else {
                continue;
            };
            let is_measured = self.readings.measure(name_of(&self.readings, metric)).is_some();
            if is_measured && self.told.is_new(sensor, metric, reason) {
                new.entry((sensor, reason)).or_default().push(metric);
            } else {
                decoded.other_events += 1;
            }
        }
        for ((sensor, reason), metrics) in new {
            let mut names: Vec<String> =
                metrics.iter().take(NAMED).map(|name| format!("`{}`", short(name))).collect();
            if let Some(more) = metrics.len().checked_sub(NAMED).filter(|more| *more > 0) {
                names.push(format!("{more} more"));
            }
            let text = format!("{} of sensor {sensor} is no reading: {reason}", names.join(", "));
            decoded.findings.push(Finding { code: code::BAD_VALUE, text });
        }
    }

    /// How much is remembered of what was reported.
    #[cfg(test)]
    pub(super) fn remembered(&self) -> usize {
        self.told.len()
    }
}

/// The name by which the configuration, or common use, knows a metric: its whole name or the part after the last slash.
fn name_of<'a>(readings: &Readings, metric: &'a str) -> &'a str {
    if readings.measure(metric).is_some() {
        return metric;
    }
    metric.rsplit('/').next().unwrap_or_default()
}

fn add(
    readings: &Readings,
    sensor: &str,
    measured: &Measured,
    message: &Message<'_>,
    told: &mut Told,
    decoded: &mut DeviceData,
) {
    let name = name_of(readings, &measured.metric);
    let value = Json::Number(measured.value.clone());
    let before = decoded.readings.len();
    let field = Field {
        shown: Some(&measured.metric),
        unit: measured.unit.as_deref(),
        time: measured.at,
        ..Field::of(sensor, name, &value)
    };
    readings.add(&field, message, told, decoded);
    let Some(reading) = decoded.readings.get_mut(before) else { return };
    reading.stale |= measured.is_stale;
    if measured.is_historical {
        if let Some(at) = past(measured.at, message.at) {
            (reading.at, reading.timeless) = (at, false);
        } else {
            decoded.readings.truncate(before);
            let text = format!(
                "`{}` of sensor {sensor} is historical but has no plausible time of measurement; expected a \
                 timestamp that is not in the future",
                short(&measured.metric)
            );
            decoded.findings.push(Finding { code: code::BAD_VALUE, text });
        }
    }
}

impl Format for SparkplugB {
    fn topics(&self) -> Vec<String> {
        self.host.subscriptions()
    }

    fn will(&self, at: Timestamp) -> Option<Publish> {
        Some(self.host.will(at))
    }

    fn connected(&mut self, at: Timestamp) -> Vec<Publish> {
        vec![self.host.online(at)]
    }

    fn lost(&mut self, at: Timestamp) -> DeviceData {
        let lost = self.host.lost(at);
        self.decoded(lost, &Message { topic: "", payload: &[], is_retained: false, at })
    }

    fn take(&mut self, message: &Message<'_>) -> Result<DeviceData, String> {
        let decoded =
            self.host.take(message.topic, message.payload, message.is_retained, message.at);
        Ok(self.decoded(decoded, message))
    }

    fn tick(&mut self, at: Timestamp) -> DeviceData {
        let found = self.host.tick(at);
        self.decoded(found, &Message { topic: "", payload: &[], is_retained: false, at })
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;
    use crate::sensor::sparkplug::payload::{Metric, Payload};

    const NOW: i64 = 1_795_161_600_000;

    fn at() -> Timestamp {
        Timestamp::from_millisecond(NOW).unwrap()
    }

    fn metric(name: &str, value: f64) -> Metric {
        Metric {
            name: Some(name.to_owned()),
            timestamp: Some(NOW.cast_unsigned()),
            datatype: Some(10),
            value: Some(crate::sensor::sparkplug::payload::Value::Double(value)),
            ..Metric::default()
        }
    }

    fn birth(metrics: Vec<Metric>) -> Vec<u8> {
        let timestamp = Some(NOW.cast_unsigned());
        Payload { timestamp, metrics, seq: Some(0), ..Payload::default() }.encode_to_vec()
    }

    fn format() -> SparkplugB {
        let sensors = [("plant/gw".to_owned(), "urn:example:gw".to_owned())].into();
        SparkplugB::new("chopmark", &[], Readings { sensors, ..Readings::default() })
    }

    fn take(format: &mut SparkplugB, topic: &str, payload: &[u8]) -> DeviceData {
        format.take(&Message { topic, payload, is_retained: false, at: at() }).unwrap()
    }

    #[test]
    fn a_birth_gives_the_readings_of_known_devices_and_names_the_unknown_once() {
        let mut format = format();
        let metrics = vec![metric("Inputs/Temperature", -18.25), metric("Uptime", 5.0)];
        let decoded = take(&mut format, "spBv1.0/plant/NBIRTH/gw", &birth(metrics.clone()));
        assert_eq!(decoded.readings.len(), 1);
        let reading = &decoded.readings[0];
        assert_eq!((reading.value.as_str(), reading.sensor.as_str()), ("-18.25", "urn:example:gw"));
        assert!(!reading.stale && !reading.timeless);
        let other = take(&mut format, "spBv1.0/plant/NBIRTH/other", &birth(metrics));
        let unknown = |f: &&Finding| f.code == code::UNKNOWN_SENSOR;
        assert_eq!(other.findings.iter().filter(unknown).count(), 1);
    }

    #[test]
    fn data_without_a_birth_is_one_dead_letter_and_one_request_for_the_birth() {
        let mut format = format();
        let payload = birth(vec![metric("Temperature", 4.0)]);
        let decoded = take(&mut format, "spBv1.0/plant/NDATA/gw", &payload);
        assert_eq!(decoded.dead_letters.len(), 1);
        assert!(decoded.dead_letters[0].reason.contains("no NBIRTH"), "{decoded:?}");
        assert_eq!(decoded.dead_letters[0].payload, payload);
        let topics: Vec<&str> = decoded.publish.iter().map(|one| one.topic.as_str()).collect();
        assert_eq!(topics, ["spBv1.0/plant/NCMD/gw"]);
    }

    /// Data with a number in the node's order.
    fn data(seq: u64, metrics: Vec<Metric>) -> Vec<u8> {
        Payload { seq: Some(seq), metrics, ..Payload::default() }.encode_to_vec()
    }

    #[test]
    fn a_held_message_that_is_refused_takes_no_value_with_it() {
        let mut format = format();
        take(&mut format, "spBv1.0/plant/NBIRTH/gw", &birth(vec![metric("Temperature", 4.0)]));
        // The second comes before the first, and is of a device that was never born.
        let stray = data(2, vec![metric("Temperature", 9.0)]);
        assert!(take(&mut format, "spBv1.0/plant/DDATA/gw/x", &stray).is_empty());
        let good = data(1, vec![metric("Temperature", 5.0)]);
        let decoded = take(&mut format, "spBv1.0/plant/NDATA/gw", &good);
        assert_eq!((decoded.readings.len(), decoded.readings[0].value.as_str()), (1, "5"));
        let letters: Vec<&[u8]> = decoded.dead_letters.iter().map(|one| &one.payload[..]).collect();
        assert_eq!(letters, [&stray[..]]);
    }

    #[test]
    fn a_value_of_the_past_keeps_its_time_however_old_and_is_refused_without_one() {
        let past = |at: Option<i64>| {
            let mut format = format();
            let timestamp = at.map(i64::cast_unsigned);
            let old = Metric { timestamp, is_historical: Some(true), ..metric("Temperature", 4.0) };
            let payload = Payload { metrics: vec![old], seq: Some(0), ..Payload::default() };
            take(&mut format, "spBv1.0/plant/NBIRTH/gw", &payload.encode_to_vec())
        };
        let thirty_hours_ago = NOW - 30 * 3_600_000;
        let decoded = past(Some(thirty_hours_ago));
        let reading = &decoded.readings[0];
        assert_eq!(reading.at.as_millisecond(), thirty_hours_ago);
        assert!(!reading.timeless && !reading.stale);
        for wrong in [None, Some(NOW + 3_600_000)] {
            let decoded = past(wrong);
            assert_eq!(decoded.readings, []);
            assert_eq!(decoded.findings.last().unwrap().code, code::BAD_VALUE);
        }
    }

    #[test]
    fn when_the_broker_is_lost_every_last_value_is_stale() {
        let mut format = format();
        let metrics = vec![metric("Temperature", 4.0)];
        take(&mut format, "spBv1.0/plant/NBIRTH/gw", &birth(metrics));
        let lost = format.lost(at());
        assert!(lost.readings[0].stale);
        assert_eq!(format.lost(at()).readings, []);
    }
}
