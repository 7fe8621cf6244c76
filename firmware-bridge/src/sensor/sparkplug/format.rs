//! Sparkplug B as a message format of the bridge: which metric of which device is which sensor's reading.
//!
//! What holds: a metric is a quantity by its whole name or by what stands after the last slash
//! (`Inputs/Temperature`); values of a device that is gone come once more, marked stale.
//!
//! Not here: births, deaths, order and aliases ([`super::Host`]).

use jiff::Timestamp;
use ledger::json::Json;
use reads::SensorReading;

use super::{Host, Measured};
use crate::message::{Format, Message, Publish, Taken, short};
use crate::reader::{Finding, code};
use crate::sensor::{Readings, believed};

/// The format of one host application.
#[derive(Debug)]
pub struct SparkplugB {
    host: Host,
    readings: Readings,
}

impl SparkplugB {
    /// A host with this name that listens to `groups`, all if empty.
    ///
    /// - `readings`: sensors by `group/node` or `group/node/device`, fields by the metric's name.
    #[must_use]
    pub fn new(host_id: &str, groups: &[String], readings: Readings) -> Self {
        Self { host: Host::new(host_id, groups), readings }
    }

    fn taken(&self, from: super::Taken, message: &Message<'_>) -> Taken {
        let mut taken =
            Taken { findings: from.findings, publish: from.publish, ..Taken::default() };
        for measured in &from.measured {
            match self.readings.sensor(&measured.device) {
                Ok(sensor) => self.add(sensor, measured, message, &mut taken),
                Err(text) => taken.findings.push(Finding { code: code::UNKNOWN_SENSOR, text }),
            }
        }
        // One device has many metrics; that it is unknown is said once.
        taken.findings.dedup();
        taken
    }

    fn add(&self, sensor: &str, measured: &Measured, message: &Message<'_>, taken: &mut Taken) {
        let last = measured.metric.rsplit('/').next().unwrap_or_default();
        let name =
            if self.readings.measure(&measured.metric).is_some() { &measured.metric } else { last };
        let value = Json::Number(measured.value.clone());
        let before = taken.readings.len();
        self.readings.add(sensor, name, &value, measured.at, message, taken);
        if measured.is_stale
            && let Some(reading) = taken.readings.get_mut(before)
        {
            let (at, timeless) = believed(measured.at, message.at);
            *reading = SensorReading { stale: true, at, timeless, ..reading.clone() };
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

    fn lost(&mut self, at: Timestamp) -> Taken {
        let lost = self.host.lost(at);
        self.taken(lost, &Message { topic: "", payload: &[], is_retained: false, at })
    }

    fn take(&mut self, message: &Message<'_>) -> Result<Taken, String> {
        let taken = self.host.take(message.topic, message.payload, message.is_retained, message.at);
        match &taken.refused {
            Some(reason) => Err(format!("{}: {reason}", short(message.topic))),
            None => Ok(self.taken(taken, message)),
        }
    }

    fn tick(&mut self, at: Timestamp) -> Taken {
        let found = self.host.tick(at);
        self.taken(found, &Message { topic: "", payload: &[], is_retained: false, at })
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

    fn take(format: &mut SparkplugB, topic: &str, payload: &[u8]) -> Taken {
        format.take(&Message { topic, payload, is_retained: false, at: at() }).unwrap()
    }

    #[test]
    fn a_birth_gives_the_readings_of_known_devices_and_names_the_unknown_once() {
        let mut format = format();
        let metrics = vec![metric("Inputs/Temperature", -18.25), metric("Uptime", 5.0)];
        let taken = take(&mut format, "spBv1.0/plant/NBIRTH/gw", &birth(metrics.clone()));
        assert_eq!(taken.readings.len(), 1);
        let reading = &taken.readings[0];
        assert_eq!((reading.value.as_str(), reading.sensor.as_str()), ("-18.25", "urn:example:gw"));
        assert!(!reading.stale && !reading.timeless);
        let other = take(&mut format, "spBv1.0/plant/NBIRTH/other", &birth(metrics));
        let unknown = |f: &&Finding| f.code == code::UNKNOWN_SENSOR;
        assert_eq!(other.findings.iter().filter(unknown).count(), 1);
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
