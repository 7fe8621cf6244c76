//! A device as it is configured: what speaks with it, and how it is reached.
//!
//! The way through: [`Device::reach`] checks the values of the TOML section and makes of them a dialect on a line, a
//! Modbus sensor on a shared line, or a format behind a broker.
//!
//! Not here: the sections themselves and their defaults (`process::config::device`), the dialects and formats
//! (`devices`).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use devices::message::Format;
use devices::reader::Dialect;
use devices::reader::chafon::{self, Chafon};
use devices::reader::impinj_r700::ImpinjR700;
use devices::reader::llrp::{self, Llrp};
use devices::reader::mapped_json::MappedJson;
use devices::reader::mercury::{self, Mercury};
use devices::reader::r200::{self, R200};
use devices::reader::zebra_iotc::ZebraIotc;
use devices::sensor::Readings;
use devices::sensor::chirpstack::ChirpStack;
use devices::sensor::modbus::Sensor;
use devices::sensor::quantity::Measure;
use devices::sensor::shelly::Shelly;
use devices::sensor::sparkplug::format::SparkplugB;
use devices::sensor::sparkplug::topic::is_name;
use devices::sensor::things_stack::ThingsStack;
use devices::sensor::zigbee2mqtt::Zigbee2Mqtt;
use process::config::broker::BrokerSection;
use process::config::device::DeviceSection;

use super::broker::{is_filter, resolve};
use super::error::ConfigError;
use crate::broker::Broker;
use crate::line::Opener;
use crate::port::Port;
use crate::socket::Socket;

/// A reader or sensor as it is configured.
#[derive(Debug, Clone)]
pub struct Device(DeviceSection);

impl From<DeviceSection> for Device {
    fn from(section: DeviceSection) -> Self {
        Self(section)
    }
}

/// What speaks with a device, and how it is reached.
pub enum Reached {
    /// On a line of its own.
    Line(Box<dyn Opener>, Box<dyn Dialect>),
    /// A sensor on a serial line that others may share, and the time between its readings.
    Modbus(Port, Sensor, Duration),
    /// Through a broker.
    Broker(Broker, Box<dyn Format>),
}

/// The broker that something publishes to, and the format of its messages.
type Published<'a> = (&'a BrokerSection, Box<dyn Format>);

/// How a line is opened, and the dialect that is spoken on it.
type Spoken = (Box<dyn Opener>, Box<dyn Dialect>);

/// Milliseconds between two polls of a Modbus sensor: more often floods its line, once a day is the rarest.
const EVERY_MS: RangeInclusive<u64> = 100..=86_400_000;
/// Most bytes that the EPCs of an R200 can be selected by.
const MAX_SELECTED: usize = 31;

impl Device {
    /// The same device for a trial beside a running bridge: what it would publish as this bridge's own state is
    /// published under another name.
    ///
    /// - `number`: makes the name unlike that of any other trial.
    #[must_use]
    pub fn for_test(mut self, number: u32) -> Self {
        if let DeviceSection::SparkplugB { host_id, .. } = &mut self.0 {
            write!(host_id, "-test-{number}").ok();
        }
        self
    }

    /// Checks the values and gives what speaks with the device; nothing is opened yet.
    ///
    /// - `base`: folder that relative paths start from.
    /// - `client_id`: name of a session with a broker.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], with the value and what was expected.
    pub fn reach(&self, base: &Path, client_id: &str) -> Result<Reached, ConfigError> {
        let Some((broker, format)) = published(&self.0).map_err(ConfigError::Value)? else {
            return on_line(&self.0).map_err(ConfigError::Value);
        };
        if let Some(topic) = format.topics().iter().find(|topic| !is_filter(topic)) {
            return Err(ConfigError::Value(format!(
                "got topic `{topic}`, expected levels between slashes, with `+` for a whole level and `#` for the \
                 last ones, such as `door/3/#`"
            )));
        }
        Ok(Reached::Broker(resolve(broker, base, client_id.to_owned())?, format))
    }
}

/// Hundredths of a dBm of a power between 0 and `most` dBm.
fn power_cdbm(power_dbm: f64, most: f64) -> Result<u16, String> {
    if !(0.0..=most).contains(&power_dbm) {
        return Err(format!("got power_dbm {power_dbm}, expected 0 to {most}"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
    let power = (power_dbm * 100.0).round() as u16;
    Ok(power)
}

fn check_antennas(antennas: &[u8], most: u8) -> Result<(), String> {
    match antennas.iter().find(|port| !(1..=most).contains(*port)) {
        Some(port) => Err(format!("got antenna {port}, expected 1 to {most}")),
        None => Ok(()),
    }
}

fn check_session(session: u8) -> Result<u8, String> {
    match session {
        0..=3 => Ok(session),
        other => Err(format!("got session {other}, expected a Gen2 session, 0 to 3")),
    }
}

fn check_filled(key: &str, value: &str) -> Result<(), String> {
    match value {
        "" => Err(format!("got an empty {key}, expected its name at the broker")),
        _ => Ok(()),
    }
}

fn serial(path: &str, baud: u32) -> Port {
    Port { path: path.to_owned(), baud }
}

/// What speaks on a line: a reader or a Modbus sensor.
fn on_line(section: &DeviceSection) -> Result<Reached, String> {
    match section {
        DeviceSection::XyMd02 { port, baud, address, sensor, every_ms } => {
            polled(serial(port, *baud), Sensor::xy_md02(sensor, *address), *every_ms)
        }
        DeviceSection::Modbus {
            port,
            baud,
            address,
            sensor,
            every_ms,
            function,
            first,
            registers,
        } => {
            let sensor = Sensor {
                sensor: sensor.clone(),
                address: *address,
                function: *function,
                first: *first,
                registers: registers.clone(),
            };
            polled(serial(port, *baud), sensor, *every_ms)
        }
        reader => {
            let (opener, dialect) = spoken(reader)?;
            Ok(Reached::Line(opener, dialect))
        }
    }
}

/// A Modbus sensor that is polled.
fn polled(port: Port, sensor: Sensor, every_ms: u64) -> Result<Reached, String> {
    sensor.check()?;
    if !EVERY_MS.contains(&every_ms) {
        let (least, most) = (EVERY_MS.start(), EVERY_MS.end());
        return Err(format!("got every_ms {every_ms}, expected {least} to {most}"));
    }
    Ok(Reached::Modbus(port, sensor, Duration::from_millis(every_ms)))
}

/// The dialect of a reader on a line of its own.
fn spoken(section: &DeviceSection) -> Result<Spoken, String> {
    match section {
        DeviceSection::R200 { port, baud, power_dbm, region, session, only, read_tid } => {
            let selected = hex::decode(only).ok().filter(|bytes| bytes.len() <= MAX_SELECTED);
            let settings = r200::Settings {
                power_cdbm: power_cdbm(*power_dbm, 30.0)?,
                region: *region,
                session: session.map(check_session).transpose()?,
                only: selected.ok_or_else(|| {
                    format!("got only `{only}`, expected up to {MAX_SELECTED} bytes of hex")
                })?,
                read_tid: *read_tid,
            };
            Ok((Box::new(serial(port, *baud)), Box::new(R200::new(settings))))
        }
        DeviceSection::Chafon { port, baud, layout, power_dbm, address, antennas } => {
            power_cdbm(f64::from(*power_dbm), 33.0)?;
            check_antennas(antennas, 4)?;
            let settings = chafon::Settings {
                layout: *layout,
                power_dbm: *power_dbm,
                address: *address,
                antennas: antennas.clone(),
            };
            Ok((Box::new(serial(port, *baud)), Box::new(Chafon::new(settings))))
        }
        DeviceSection::Mercury { port, baud, region, power_dbm, antennas } => {
            check_antennas(antennas, 15)?;
            let settings = mercury::Settings {
                power_cdbm: power_cdbm(*power_dbm, 33.0)?,
                region: *region,
                antennas: antennas.clone(),
            };
            Ok((Box::new(serial(port, *baud)), Box::new(Mercury::new(settings))))
        }
        DeviceSection::Llrp { address, power_dbm, antennas, session, read_tid, active_low } => {
            power_cdbm(*power_dbm, 33.0)?;
            let settings = llrp::Settings {
                power_dbm: *power_dbm,
                antennas: antennas.clone(),
                session: check_session(*session)?,
                read_tid: *read_tid,
                active_low: active_low.clone(),
            };
            Ok((Box::new(Socket { address: address.clone() }), Box::new(Llrp::new(settings))))
        }
        _ => Err("got a device without a line, expected one".into()),
    }
}

/// What publishes to a broker; none if it has a line of its own.
fn published(section: &DeviceSection) -> Result<Option<Published<'_>>, String> {
    let readings = |sensors: &BTreeMap<String, String>, fields: &BTreeMap<String, Measure>| {
        Readings { sensors: sensors.clone(), fields: fields.clone() }
    };
    let found: Published<'_> = match section {
        DeviceSection::ImpinjR700 { broker, topic, epc } => {
            (broker, Box::new(ImpinjR700::new(topic, *epc)))
        }
        DeviceSection::ZebraIotc { broker, topic } => (broker, Box::new(ZebraIotc::new(topic))),
        DeviceSection::MappedJson { broker, topic, mapping } => {
            mapping.check()?;
            (broker, Box::new(MappedJson::new(topic, mapping.clone())))
        }
        DeviceSection::Zigbee2mqtt { broker, base_topic, sensors, fields } => {
            check_filled("base_topic", base_topic)?;
            (broker, Box::new(Zigbee2Mqtt::new(base_topic, readings(sensors, fields))))
        }
        DeviceSection::Shelly { broker, sensors } => {
            (broker, Box::new(Shelly::new(readings(sensors, &BTreeMap::new()))))
        }
        DeviceSection::SparkplugB { broker, host_id, groups, sensors, fields } => {
            if let Some(name) = groups.iter().chain([host_id]).find(|name| !is_name(name)) {
                return Err(format!(
                    "got Sparkplug name `{name}`, expected a name that is not empty, without +, / and #"
                ));
            }
            (broker, Box::new(SparkplugB::new(host_id, groups, readings(sensors, fields))))
        }
        DeviceSection::Chirpstack { broker, application, sensors, fields } => {
            check_filled("application", application)?;
            (broker, Box::new(ChirpStack::new(application, readings(sensors, fields))))
        }
        DeviceSection::ThingsStack { broker, application, sensors, fields } => {
            check_filled("application", application)?;
            (broker, Box::new(ThingsStack::new(application, readings(sensors, fields))))
        }
        _ => return Ok(None),
    };
    Ok(Some(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trial_beside_a_running_bridge_has_a_sparkplug_name_of_its_own() {
        let text = "sparkplug-b = { broker = \"b:1883\", host_id = \"site\", sensors = {} }";
        let device = Device::from(toml::from_str::<DeviceSection>(text).unwrap());
        let will = |device: Device| match device.reach(Path::new("."), "c").unwrap() {
            Reached::Broker(_, format) => format.will(jiff::Timestamp::UNIX_EPOCH).unwrap().topic,
            _ => panic!("a broker"),
        };
        assert_eq!(will(device.clone()), "spBv1.0/STATE/site");
        assert_eq!(will(device.for_test(7)), "spBv1.0/STATE/site-test-7");
    }
}
