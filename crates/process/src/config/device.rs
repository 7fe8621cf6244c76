//! `device` of a reader: what it is and how it is reached, `device.r200.port = "/dev/serial/by-id/…"`.
//!
//! What holds: one variant for each family, its settings with their defaults; a family's name here is its name in the
//! documents and in `chopmark reader`.
//!
//! Not here: checking the values and opening what they name (`firmware-bridge`).

use std::collections::BTreeMap;

use devices::message::BankForm;
use devices::reader::mapped_json::Mapping;
use devices::reader::r200::Region;
use devices::reader::{chafon, mercury};
use devices::sensor::modbus::Register;
use devices::sensor::quantity::Measure;
use serde::{Deserialize, Serialize};

use crate::config::broker::BrokerSection;

/// What a reader or sensor is and how it is reached.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum DeviceSection {
    /// R200, YRM100, M100 family, serial.
    ///
    /// ```toml
    /// [firmware_bridge.reader.device.r200]
    /// port = "/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0"
    /// power_dbm = 20.0
    /// region = "china900"
    /// ```
    R200 {
        /// Path of the port.
        port: String,
        /// Bits per second. Default: 115200.
        #[serde(default = "fast_baud")]
        baud: u32,
        /// Transmit power in dBm, 0 to 30. Default: 20.
        #[serde(default = "usual_power")]
        power_dbm: f64,
        /// Where it may transmit. Default: what the reader holds.
        #[serde(default)]
        region: Option<Region>,
        /// Gen2 session, 0 to 3. Default: what the reader holds.
        #[serde(default)]
        session: Option<u8>,
        /// Hex that EPCs must begin with to be read at all. Default: all are read.
        #[serde(default)]
        only: String,
        /// Whether TIDs are read along, which is slower. Default: false.
        #[serde(default)]
        read_tid: bool,
    },
    /// Chafon `UHFReader18` and `UHFReader288` families, serial.
    ///
    /// ```toml
    /// [firmware_bridge.reader.device.chafon]
    /// port = "/dev/ttyUSB0"
    /// layout = "reader288"
    /// antennas = [1, 2]
    /// ```
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
        /// Address on the line, 0 to 254. Default: 255, whichever answers.
        #[serde(default = "broadcast")]
        address: u8,
        /// Antenna ports that read, 1 to 4 (`[1, 2]`). Default: `[1]`.
        #[serde(default)]
        antennas: Vec<u8>,
    },
    /// `ThingMagic` and JADAK Mercury modules and Silion's, serial.
    ///
    /// ```toml
    /// [firmware_bridge.reader.device.mercury]
    /// port = "/dev/ttyUSB0"
    /// region = "europe"
    /// power_dbm = 23.5
    /// ```
    Mercury {
        /// Path of the port.
        port: String,
        /// Bits per second. Default: 115200.
        #[serde(default = "fast_baud")]
        baud: u32,
        /// Where it may transmit; it does not start without.
        region: mercury::Region,
        /// Transmit power in dBm, 0 to 33. Default: 20.
        #[serde(default = "usual_power")]
        power_dbm: f64,
        /// Antenna ports that read, 1 to 15 (`[1, 2]`). Default: `[1]`.
        #[serde(default)]
        antennas: Vec<u8>,
    },
    /// Any fixed reader that speaks LLRP, TCP.
    ///
    /// ```toml
    /// [firmware_bridge.reader.device.llrp]
    /// address = "10.0.0.7:5084"
    /// antennas = [1, 2]
    /// active_low = [1]
    /// ```
    Llrp {
        /// `host:port`; the port is mostly 5084.
        address: String,
        /// Transmit power in dBm, 0 to 33. Default: 30.
        #[serde(default = "portal_power")]
        power_dbm: f64,
        /// Antenna ports that read. Default: all.
        #[serde(default)]
        antennas: Vec<u16>,
        /// Gen2 session, 0 to 3. Default: 1, in which a tag that was read keeps quiet for a moment.
        #[serde(default = "session_one")]
        session: u8,
        /// Whether TIDs are read along, 96 bits of each, which is slower; on Impinj's readers only once a tag comes
        /// whose chip does not give it with its EPC. Default: false.
        #[serde(default)]
        read_tid: bool,
        /// Inputs that are active when their voltage is low, as with a light barrier that opens a contact when it is
        /// broken. Default: none.
        #[serde(default)]
        active_low: Vec<u16>,
    },
    /// Impinj R700 and R720, MQTT.
    ///
    /// ```toml
    /// [firmware_bridge.reader.device.impinj-r700]
    /// broker = "localhost:1883"
    /// topic = "door/3/tags"
    /// ```
    ImpinjR700 {
        /// The broker.
        broker: BrokerSection,
        /// Topic that the reader publishes to.
        topic: String,
        /// How the reader writes the members `epc` and `tid`: `base64`, as Impinj does, or `hex`. Default: what its
        /// own `epcHex` shows; a text that may be both is refused until then.
        #[serde(default)]
        epc: Option<BankForm>,
    },
    /// Zebra fixed readers and handhelds with the `IoT` Connector, MQTT.
    ///
    /// ```toml
    /// [firmware_bridge.reader.device.zebra-iotc]
    /// broker = "localhost:1883"
    /// topic = "zebra/fx/tags"
    /// ```
    ZebraIotc {
        /// The broker.
        broker: BrokerSection,
        /// Topic of the reader's tag data events.
        topic: String,
    },
    /// Any other maker's JSON, MQTT.
    ///
    /// ```toml
    /// [firmware_bridge.reader.device.mapped-json]
    /// broker = "localhost:1883"
    /// topic = "plant/reader-4/tags"
    /// mapping = { epc = "/epc", rssi = "/rssi", antenna = "/antenna" }
    /// ```
    MappedJson {
        /// The broker.
        broker: BrokerSection,
        /// Topic that the reader publishes to.
        topic: String,
        /// Where each member of a read stands.
        mapping: Mapping,
    },
    /// XY-MD02 temperature and humidity sensor, Modbus RTU over serial.
    ///
    /// ```toml
    /// [firmware_bridge.reader.device.xy-md02]
    /// port = "/dev/ttyUSB1"
    /// sensor = "urn:epc:id:giai:9521142.COLD7"
    /// ```
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
    ///
    /// ```toml
    /// [firmware_bridge.reader.device.modbus]
    /// port = "/dev/ttyUSB1"
    /// address = 3
    /// sensor = "urn:epc:id:giai:9521142.COLD8"
    /// first = 1
    /// registers = [{ measures = { quantity = "temperature" } }, { measures = { quantity = "relative-humidity" } }]
    /// ```
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
        /// What the registers from there on hold.
        registers: Vec<Register>,
    },
    /// Zigbee2MQTT, MQTT.
    ///
    /// ```toml
    /// [firmware_bridge.reader.device.zigbee2mqtt]
    /// broker = "localhost:1883"
    /// sensors = { "cold/1" = "urn:epc:id:giai:9521142.COLD1" }
    /// ```
    Zigbee2mqtt {
        /// The broker.
        broker: BrokerSection,
        /// Its base topic. Default: `zigbee2mqtt`.
        #[serde(default = "zigbee_base")]
        base_topic: String,
        /// Sensor URI by the device's friendly name.
        sensors: BTreeMap<String, String>,
        /// Quantities of fields with other than the usual names. Default: none.
        #[serde(default)]
        fields: BTreeMap<String, Measure>,
    },
    /// Shelly devices of generation 2 and later, MQTT.
    ///
    /// ```toml
    /// [firmware_bridge.reader.device.shelly]
    /// broker = "localhost:1883"
    /// sensors = { "shellyplus-a1/100" = "urn:epc:id:giai:9521142.COLD2" }
    /// ```
    Shelly {
        /// The broker.
        broker: BrokerSection,
        /// Sensor URI by the device's id; `<id>/100` for an added probe.
        sensors: BTreeMap<String, String>,
    },
    /// Sparkplug B nodes and devices, MQTT, as their host application.
    ///
    /// ```toml
    /// [firmware_bridge.reader.device.sparkplug-b]
    /// broker = "localhost:1883"
    /// groups = ["plant"]
    /// sensors = { "plant/gw/probe" = "urn:epc:id:giai:9521142.COLD3" }
    /// fields = { "Temp_C" = { quantity = "temperature" } }
    /// ```
    SparkplugB {
        /// The broker.
        broker: BrokerSection,
        /// Our name as a host, unlike that of every other host at the broker. Default: `chopmark`.
        #[serde(default = "host_id")]
        host_id: String,
        /// Groups to listen to. Default: all.
        #[serde(default)]
        groups: Vec<String>,
        /// Sensor URI by `group/node` or `group/node/device`.
        sensors: BTreeMap<String, String>,
        /// Quantities of metrics with other than the usual names. Default: none.
        #[serde(default)]
        fields: BTreeMap<String, Measure>,
    },
    /// `ChirpStack` v4, MQTT.
    ///
    /// ```toml
    /// [firmware_bridge.reader.device.chirpstack]
    /// broker = "localhost:1883"
    /// sensors = { "70b3d57ed0000001" = "urn:epc:id:giai:9521142.COLD4" }
    /// ```
    Chirpstack {
        /// The broker.
        broker: BrokerSection,
        /// Id of the application. Default: `+`, all of them.
        #[serde(default = "any_level")]
        application: String,
        /// Sensor URI by the device's EUI.
        sensors: BTreeMap<String, String>,
        /// Quantities of fields with other than the usual names. Default: none.
        #[serde(default)]
        fields: BTreeMap<String, Measure>,
    },
    /// The Things Stack v3, MQTT.
    ///
    /// ```toml
    /// [firmware_bridge.reader.device.things-stack]
    /// broker = { address = "eu1.cloud.example:1883", user = "cold-chain@ttn", password_file = "keys/ttn.txt" }
    /// application = "cold-chain@ttn"
    /// sensors = { "probe-7" = "urn:epc:id:giai:9521142.PROBE7" }
    /// ```
    ThingsStack {
        /// The broker.
        broker: BrokerSection,
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

impl DeviceSection {
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

    /// Whether it reads tags and is heard only through a broker, whose line says nothing of the reader itself.
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

    /// Seconds of a sensor's silence that is a gap, if nothing else is configured; none for tag readers, whose
    /// silence says nothing.
    #[must_use]
    pub fn usual_silence_s(&self) -> Option<u64> {
        match self {
            Self::XyMd02 { every_ms, .. } | Self::Modbus { every_ms, .. } => {
                Some((every_ms.saturating_mul(3) / 1000).max(30))
            }
            // Battery sensors report when something changes, and at least once an hour.
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
