//! What a reader or sensor is and how it is reached: `device.r200.port = "/dev/serial/by-id/…"`.
//!
//! The way through: one variant per family, its settings with their defaults; [`Device::reach`] gives its driver and
//! how it is connected.
//!
//! What holds: a key that no family knows is an error that names it; a family's name here is its name in the
//! documents and in `chopmark reader`.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use devices::message::Format;
use devices::reader::Dialect;
use devices::reader::chafon::{self, Chafon};
use devices::reader::impinj_r700::ImpinjR700;
use devices::reader::llrp::{self, Llrp};
use devices::reader::mapped_json::{MappedJson, Mapping};
use devices::reader::mercury::{self, Mercury};
use devices::reader::r200::{self, R200, Region};
use devices::reader::zebra_iotc::ZebraIotc;
use devices::sensor::Readings;
use devices::sensor::chirpstack::ChirpStack;
use devices::sensor::modbus::{Register, Sensor};
use devices::sensor::quantity::Measure;
use devices::sensor::shelly::Shelly;
use devices::sensor::sparkplug::format::SparkplugB;
use devices::sensor::sparkplug::topic::is_name;
use devices::sensor::things_stack::ThingsStack;
use devices::sensor::zigbee2mqtt::Zigbee2Mqtt;
use serde::{Deserialize, Serialize};

use super::broker_at::is_filter;
pub use super::broker_at::{BrokerAt, BrokerLogin};
use super::error::ConfigError;
use crate::broker::Broker;
use crate::line::Opener;
use crate::port::Port;
use crate::socket::Socket;

/// What a reader or sensor is and how it is reached.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Device {
    /// R200, YRM100, M100 family, serial.
    R200 {
        /// Path of the port.
        port: String,
        /// Bits per second. Default: 115200.
        #[serde(default = "fast_baud")]
        baud: u32,
        /// Transmit power in dBm, 0 to 30. Default: 20.
        #[serde(default = "usual_power")]
        power_dbm: f64,
        /// Where it may transmit. Default: the reader's own setting.
        #[serde(default)]
        region: Option<Region>,
        /// Gen2 session, 0 to 3. Default: the reader's own setting.
        #[serde(default)]
        session: Option<u8>,
        /// Hex prefix of the EPCs that are read. Default: all are read.
        #[serde(default)]
        only: String,
        /// Whether TIDs are read as well, which is slower. Default: false.
        #[serde(default)]
        read_tid: bool,
    },
    /// Chafon `UHFReader18` and `UHFReader288` families, serial.
    Chafon {
        /// Path of the port.
        port: String,
        /// Bits per second. Default: 57600.
        #[serde(default = "chafon_baud")]
        baud: u32,
        /// Layout of its answers: `reader18` or `reader288`.
        layout: chafon::Layout,
        /// Transmit power in whole dBm, 0 to 33. Default: 20.
        #[serde(default = "whole_power")]
        power_dbm: u8,
        /// Address on the line, 0 to 254. Default: 255, any address.
        #[serde(default = "broadcast")]
        address: u8,
        /// Antenna ports that read, 1 to 4. Default: 1.
        #[serde(default)]
        antennas: Vec<u8>,
    },
    /// `ThingMagic` and JADAK Mercury modules and Silion's, serial.
    Mercury {
        /// Path of the port.
        port: String,
        /// Bits per second. Default: 115200.
        #[serde(default = "fast_baud")]
        baud: u32,
        /// Where it may transmit; it does not start without it.
        region: mercury::Region,
        /// Transmit power in dBm, 0 to 33. Default: 20.
        #[serde(default = "usual_power")]
        power_dbm: f64,
        /// Antenna ports that read, 1 to 15. Default: 1.
        #[serde(default)]
        antennas: Vec<u8>,
    },
    /// Any fixed reader that speaks LLRP, TCP.
    Llrp {
        /// `host:port`; the port is mostly 5084.
        address: String,
        /// Transmit power in dBm, 0 to 33. Default: 30.
        #[serde(default = "portal_power")]
        power_dbm: f64,
        /// Antenna ports that read. Default: all.
        #[serde(default)]
        antennas: Vec<u16>,
        /// Gen2 session, 0 to 3. Default: 1, in which a tag that was read stays silent for a moment.
        #[serde(default = "session_one")]
        session: u8,
        /// Whether TIDs are read as well, 96 bits of each, which is slower; on Impinj's readers only once a tag appears
        /// whose chip does not give it with its EPC. Default: false.
        #[serde(default)]
        read_tid: bool,
        /// Inputs that are active when their voltage is low, as with a light barrier that opens a contact when it is
        /// broken. Default: none.
        #[serde(default)]
        active_low: Vec<u16>,
    },
    /// Impinj R700 and R720, MQTT.
    ImpinjR700 {
        /// The broker.
        broker: BrokerAt,
        /// Topic that the reader publishes to.
        topic: String,
    },
    /// Zebra fixed readers and handhelds with the `IoT` Connector, MQTT.
    ZebraIotc {
        /// The broker.
        broker: BrokerAt,
        /// Topic of the reader's tag data events.
        topic: String,
    },
    /// Any other maker's JSON, MQTT.
    MappedJson {
        /// The broker.
        broker: BrokerAt,
        /// Topic that the reader publishes to.
        topic: String,
        /// Where each member of a read is in the message.
        mapping: Mapping,
    },
    /// XY-MD02 temperature and humidity sensor, Modbus RTU over serial.
    XyMd02 {
        /// Path of the port.
        port: String,
        /// Bits per second. Default: 9600.
        #[serde(default = "slow_baud")]
        baud: u32,
        /// Modbus address, 1 to 247. Default: 1.
        #[serde(default = "first_address")]
        address: u8,
        /// Identifier of the sensor, a URI.
        sensor: String,
        /// Milliseconds between questions, 100 to 86400000 (a day). Default: 10000.
        #[serde(default = "every_ms")]
        every_ms: u64,
    },
    /// Any other Modbus RTU sensor, over serial.
    Modbus {
        /// Path of the port.
        port: String,
        /// Bits per second. Default: 9600.
        #[serde(default = "slow_baud")]
        baud: u32,
        /// Modbus address, 1 to 247. Default: 1.
        #[serde(default = "first_address")]
        address: u8,
        /// Identifier of the sensor, a URI.
        sensor: String,
        /// Milliseconds between questions, 100 to 86400000 (a day). Default: 10000.
        #[serde(default = "every_ms")]
        every_ms: u64,
        /// 3 for holding registers, 4 for input registers. Default: 4.
        #[serde(default = "input_registers")]
        function: u8,
        /// First register, counted from 0.
        first: u16,
        /// What the registers from there on contain.
        registers: Vec<Register>,
    },
    /// Zigbee2MQTT, MQTT.
    Zigbee2mqtt {
        /// The broker.
        broker: BrokerAt,
        /// Its base topic. Default: zigbee2mqtt.
        #[serde(default = "zigbee_base")]
        base_topic: String,
        /// Sensor URI by the device's friendly name.
        sensors: BTreeMap<String, String>,
        /// Quantities of fields with other than the usual names. Default: none.
        #[serde(default)]
        fields: BTreeMap<String, Measure>,
    },
    /// Shelly devices of generation 2 and later, MQTT.
    Shelly {
        /// The broker.
        broker: BrokerAt,
        /// Sensor URI by the device's id; `<id>/100` for an added probe.
        sensors: BTreeMap<String, String>,
    },
    /// Sparkplug B nodes and devices, MQTT, as their host application.
    SparkplugB {
        /// The broker.
        broker: BrokerAt,
        /// Host id of this bridge, unique at the broker. Default: chopmark.
        #[serde(default = "host_id")]
        host_id: String,
        /// Groups to subscribe to. Default: all.
        #[serde(default)]
        groups: Vec<String>,
        /// Sensor URI by `group/node` or `group/node/device`.
        sensors: BTreeMap<String, String>,
        /// Quantities of metrics with other than the usual names. Default: none.
        #[serde(default)]
        fields: BTreeMap<String, Measure>,
    },
    /// `ChirpStack` v4, MQTT.
    Chirpstack {
        /// The broker.
        broker: BrokerAt,
        /// Id of the application. Default: all.
        #[serde(default = "any_level")]
        application: String,
        /// Sensor URI by the device's EUI.
        sensors: BTreeMap<String, String>,
        /// Quantities of fields with other than the usual names. Default: none.
        #[serde(default)]
        fields: BTreeMap<String, Measure>,
    },
    /// The Things Stack v3, MQTT.
    ThingsStack {
        /// The broker.
        broker: BrokerAt,
        /// Application with tenant: `cold-chain@ttn`.
        application: String,
        /// Sensor URI by the device's id.
        sensors: BTreeMap<String, String>,
        /// Quantities of fields with other than the usual names. Default: none.
        #[serde(default)]
        fields: BTreeMap<String, Measure>,
    },
}

fn fast_baud() -> u32 {
    115_200
}

fn slow_baud() -> u32 {
    9600
}

fn chafon_baud() -> u32 {
    57_600
}

fn whole_power() -> u8 {
    20
}

fn broadcast() -> u8 {
    chafon::BROADCAST
}

fn host_id() -> String {
    "chopmark".to_owned()
}

fn usual_power() -> f64 {
    20.0
}

fn portal_power() -> f64 {
    30.0
}

fn session_one() -> u8 {
    1
}

fn first_address() -> u8 {
    1
}

fn every_ms() -> u64 {
    10_000
}

fn input_registers() -> u8 {
    4
}

fn zigbee_base() -> String {
    "zigbee2mqtt".to_owned()
}

fn any_level() -> String {
    "+".to_owned()
}

/// A driver and how its device is connected.
pub enum Reached {
    /// A reader on a line of its own.
    Line(Box<dyn Opener>, Box<dyn Dialect>),
    /// A sensor on a serial line that others may share, and the time between its readings.
    Modbus(Port, Sensor, Duration),
    /// A device that publishes to a broker.
    Broker(Broker, Box<dyn Format>),
}

/// A broker, and the format of the messages there.
type Published<'a> = (&'a BrokerAt, Box<dyn Format>);

/// Hundredths of a dBm of a power between 0 and `most` dBm.
fn power_cdbm(power_dbm: f64, most: f64) -> Result<u16, String> {
    if !(0.0..=most).contains(&power_dbm) {
        return Err(format!("power_dbm: got {power_dbm}, expected 0 to {most}"));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
    let power = (power_dbm * 100.0).round() as u16;
    Ok(power)
}

fn check_antennas(antennas: &[u8], most: u8) -> Result<(), String> {
    match antennas.iter().find(|port| !(1..=most).contains(*port)) {
        Some(port) => Err(format!("antennas: got {port}, expected 1 to {most}")),
        None => Ok(()),
    }
}

/// Milliseconds between questions to a Modbus sensor: fewer would flood the line, a day is the most.
const EVERY_MS: RangeInclusive<u64> = 100..=86_400_000;

fn serial(path: &str, baud: u32) -> Port {
    Port { path: path.to_owned(), baud }
}

/// A Modbus sensor that is asked every `every_ms`.
fn on_bus(port: Port, sensor: Sensor, every_ms: u64) -> Result<Reached, String> {
    sensor.check()?;
    if !EVERY_MS.contains(&every_ms) {
        let (least, most) = (EVERY_MS.start(), EVERY_MS.end());
        return Err(format!("every_ms: got {every_ms}, expected {least} to {most}"));
    }
    Ok(Reached::Modbus(port, sensor, Duration::from_millis(every_ms)))
}

fn checked_session(session: u8) -> Result<u8, String> {
    match session {
        0..=3 => Ok(session),
        other => Err(format!("session: got {other}, expected a Gen2 session, 0 to 3")),
    }
}

/// The bytes that EPCs must begin with to be read.
fn epc_prefix(only: &str) -> Result<Vec<u8>, String> {
    let bytes = hex::decode(only).ok().filter(|bytes| bytes.len() <= 31);
    bytes.ok_or_else(|| format!("only: got `{only}`, expected up to 31 bytes of hex"))
}

fn check_filled(key: &str, value: &str) -> Result<(), String> {
    match value {
        "" => Err(format!("{key}: got an empty text, expected the name used at the broker")),
        _ => Ok(()),
    }
}

impl Device {
    /// A driver and how its device is connected.
    ///
    /// - `base`: folder that relative paths start from.
    /// - `client_id`: name of a session with a broker.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], with the value and what is expected.
    pub fn reach(&self, base: &Path, client_id: &str) -> Result<Reached, ConfigError> {
        if let Some((broker, format)) = self.published().map_err(ConfigError::Value)? {
            if let Some(topic) = format.topics().iter().find(|topic| !is_filter(topic)) {
                return Err(ConfigError::Value(format!(
                    "topic: got `{topic}`, expected levels between slashes, with `+` for a whole level and `#` for the last ones, like `door/3/#`"
                )));
            }
            return Ok(Reached::Broker(broker.resolve(base, client_id.to_owned())?, format));
        }
        self.spoken().map_err(ConfigError::Value)
    }

    /// Path of its serial port, if it is on one.
    #[must_use]
    pub fn port(&self) -> Option<&str> {
        match self {
            Self::R200 { port, .. }
            | Self::Chafon { port, .. }
            | Self::Mercury { port, .. }
            | Self::XyMd02 { port, .. }
            | Self::Modbus { port, .. } => Some(port),
            _ => None,
        }
    }

    /// Baud rate and address of a Modbus sensor; none for everything else.
    #[must_use]
    pub fn modbus(&self) -> Option<(u32, u8)> {
        match self {
            Self::XyMd02 { baud, address, .. } | Self::Modbus { baud, address, .. } => {
                Some((*baud, *address))
            }
            _ => None,
        }
    }

    /// The endpoint of a device with a line of its own.
    fn spoken(&self) -> Result<Reached, String> {
        Ok(match self {
            Self::R200 { port, baud, power_dbm, region, session, only, read_tid } => {
                let settings = r200::Settings {
                    power_cdbm: power_cdbm(*power_dbm, 30.0)?,
                    region: *region,
                    session: session.map(checked_session).transpose()?,
                    only: epc_prefix(only)?,
                    read_tid: *read_tid,
                };
                Reached::Line(Box::new(serial(port, *baud)), Box::new(R200::new(settings)))
            }
            Self::Chafon { port, baud, layout, power_dbm, address, antennas } => {
                power_cdbm(f64::from(*power_dbm), 33.0)?;
                check_antennas(antennas, 4)?;
                let settings = chafon::Settings {
                    layout: *layout,
                    power_dbm: *power_dbm,
                    address: *address,
                    antennas: antennas.clone(),
                };
                Reached::Line(Box::new(serial(port, *baud)), Box::new(Chafon::new(settings)))
            }
            Self::Mercury { port, baud, region, power_dbm, antennas } => {
                check_antennas(antennas, 15)?;
                let settings = mercury::Settings {
                    power_cdbm: power_cdbm(*power_dbm, 33.0)?,
                    region: *region,
                    antennas: antennas.clone(),
                };
                Reached::Line(Box::new(serial(port, *baud)), Box::new(Mercury::new(settings)))
            }
            Self::Llrp { address, power_dbm, antennas, session, read_tid, active_low } => {
                power_cdbm(*power_dbm, 33.0)?;
                let settings = llrp::Settings {
                    power_dbm: *power_dbm,
                    antennas: antennas.clone(),
                    session: checked_session(*session)?,
                    read_tid: *read_tid,
                    active_low: active_low.clone(),
                };
                let socket = Box::new(Socket { address: address.clone() });
                Reached::Line(socket, Box::new(Llrp::new(settings)))
            }
            Self::XyMd02 { port, baud, address, sensor, every_ms } => {
                on_bus(serial(port, *baud), Sensor::xy_md02(sensor, *address), *every_ms)?
            }
            Self::Modbus { port, baud, address, sensor, every_ms, function, first, registers } => {
                let sensor = Sensor {
                    sensor: sensor.clone(),
                    address: *address,
                    function: *function,
                    first: *first,
                    registers: registers.clone(),
                };
                on_bus(serial(port, *baud), sensor, *every_ms)?
            }
            _ => return Err("the device publishes to a broker".into()),
        })
    }

    /// Broker and format of a device that publishes; none if it has a line of its own.
    fn published(&self) -> Result<Option<Published<'_>>, String> {
        let readings = |sensors: &BTreeMap<String, String>, fields: &BTreeMap<String, Measure>| {
            Readings { sensors: sensors.clone(), fields: fields.clone() }
        };
        let found: Published<'_> = match self {
            Self::ImpinjR700 { broker, topic } => (broker, Box::new(ImpinjR700::new(topic))),
            Self::ZebraIotc { broker, topic } => (broker, Box::new(ZebraIotc::new(topic))),
            Self::MappedJson { broker, topic, mapping } => {
                mapping.check()?;
                (broker, Box::new(MappedJson::new(topic, mapping.clone())))
            }
            Self::Zigbee2mqtt { broker, base_topic, sensors, fields } => {
                check_filled("base_topic", base_topic)?;
                (broker, Box::new(Zigbee2Mqtt::new(base_topic, readings(sensors, fields))))
            }
            Self::Shelly { broker, sensors } => {
                (broker, Box::new(Shelly::new(readings(sensors, &BTreeMap::new()))))
            }
            Self::SparkplugB { broker, host_id, groups, sensors, fields } => {
                if let Some(name) = groups.iter().chain([host_id]).find(|name| !is_name(name)) {
                    return Err(format!(
                        "got Sparkplug name `{name}`, expected at least one character and none of +, / and #"
                    ));
                }
                let readings = readings(sensors, fields);
                (broker, Box::new(SparkplugB::new(host_id, groups, readings)))
            }
            Self::Chirpstack { broker, application, sensors, fields } => {
                check_filled("application", application)?;
                (broker, Box::new(ChirpStack::new(application, readings(sensors, fields))))
            }
            Self::ThingsStack { broker, application, sensors, fields } => {
                check_filled("application", application)?;
                (broker, Box::new(ThingsStack::new(application, readings(sensors, fields))))
            }
            _ => return Ok(None),
        };
        Ok(Some(found))
    }

    /// Whether it is a tag reader behind a broker, so that the connection says nothing about the reader itself.
    #[must_use]
    pub fn is_behind_broker(&self) -> bool {
        matches!(self, Self::ImpinjR700 { .. } | Self::ZebraIotc { .. } | Self::MappedJson { .. })
    }

    /// The sensors that it names.
    #[must_use]
    pub fn sensors(&self) -> Vec<String> {
        match self {
            Self::XyMd02 { sensor, .. } | Self::Modbus { sensor, .. } => vec![sensor.clone()],
            Self::Zigbee2mqtt { sensors, .. }
            | Self::Shelly { sensors, .. }
            | Self::SparkplugB { sensors, .. }
            | Self::Chirpstack { sensors, .. }
            | Self::ThingsStack { sensors, .. } => sensors.values().cloned().collect(),
            Self::R200 { .. }
            | Self::Chafon { .. }
            | Self::Mercury { .. }
            | Self::Llrp { .. }
            | Self::ImpinjR700 { .. }
            | Self::ZebraIotc { .. }
            | Self::MappedJson { .. } => Vec::new(),
        }
    }

    /// Seconds after which a sensor's silence is a gap, if nothing else is configured; none for tag readers, for which
    /// silence is normal.
    #[must_use]
    pub fn usual_silence_s(&self) -> Option<u64> {
        match self {
            Self::XyMd02 { every_ms, .. } | Self::Modbus { every_ms, .. } => {
                Some((every_ms.saturating_mul(3) / 1000).max(30))
            }
            // Battery sensors report changes, and at least once an hour.
            Self::Zigbee2mqtt { .. }
            | Self::Shelly { .. }
            | Self::SparkplugB { .. }
            | Self::Chirpstack { .. }
            | Self::ThingsStack { .. } => Some(2 * 3600),
            Self::R200 { .. }
            | Self::Chafon { .. }
            | Self::Mercury { .. }
            | Self::Llrp { .. }
            | Self::ImpinjR700 { .. }
            | Self::ZebraIotc { .. }
            | Self::MappedJson { .. } => None,
        }
    }
}
