//! Finds out what is connected: which family a serial device, an LLRP host or a topic is of.
//!
//! The way through: [`listen`] only listens to a serial port; [`ask`] writes the question for the version of
//! each family in turn; [`greet`] connects to an LLRP host, which speaks first; [`guess_topic`] looks at one
//! message.
//!
//! What holds: nothing is written to a device unless that is requested, because a question for one device may be a
//! command for another; and then only questions for a version, and the command that stops reading.
//!
//! Source: the drivers in [`devices::reader`] and [`devices::sensor`], which know their own frames.

mod members;

use std::time::Duration;

use devices::message::{Format, Message};
use devices::reader::chafon::{self, Chafon, Layout};
use devices::reader::impinj_r700::ImpinjR700;
use devices::reader::llrp::{self, Llrp};
use devices::reader::mercury::{self, Mercury};
use devices::reader::r200::{self, R200};
use devices::reader::zebra_iotc::ZebraIotc;
use devices::reader::{Dialect, FrameData};
use devices::sensor::modbus::Sensor;
use jiff::Timestamp;
use process::Clock;
use reads::code;
use serde_json::Value;

use crate::line::{Line, Opener as _};
use crate::port::Port;
use crate::socket::Socket;
pub use members::{Members, members};

/// Time that a device has to answer a question.
const ANSWER: Duration = Duration::from_millis(1500);
/// Time that an LLRP reader has to greet.
const GREETING: Duration = Duration::from_secs(3);

/// A device that was recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetectedDevice {
    /// Its family's name in the configuration: `r200`.
    pub family: &'static str,
    /// Bits per second; 0 for a network device.
    pub baud: u32,
    /// What it reported about itself.
    pub about: String,
    /// Layout of its answers, if it is a Chafon reader that reported its model.
    pub layout: Option<Layout>,
}

/// The families on serial lines, their usual baud rate, and a driver that asks without changing settings.
fn families() -> Vec<(&'static str, u32, Box<dyn Dialect>)> {
    let chafon = |layout| {
        let settings =
            chafon::Settings { layout, power_dbm: 0, address: chafon::BROADCAST, antennas: vec![] };
        Box::new(Chafon::new(settings))
    };
    let mercury = mercury::Settings {
        power_cdbm: 0,
        region: mercury::Region::Number(0xFF),
        antennas: vec![],
    };
    vec![
        ("mercury", 115_200, Box::new(Mercury::new(mercury))),
        ("r200", 115_200, Box::new(R200::new(r200::Settings::default()))),
        ("chafon", 57_600, chafon(Layout::Reader288)),
    ]
}

/// The device that a driver recognised: valid frames arrived, and not more bad ones.
fn recognise(family: &'static str, baud: u32, fed: &FrameData) -> Option<DetectedDevice> {
    if fed.frames == 0 || fed.bad_frames > fed.frames {
        return None;
    }
    let words: Vec<String> = fed
        .settings
        .iter()
        .filter(|setting| ["version", "model", "vendor"].contains(&setting.name))
        .map(|setting| format!("{} {}", setting.name, setting.value))
        .collect();
    let about = if words.is_empty() { format!("{} frames", fed.frames) } else { words.join(", ") };
    let model = fed.settings.iter().find(|it| family == "chafon" && it.name == "model");
    let layout = model.map(|model| Layout::of(&model.value));
    Some(DetectedDevice { family, baud, about, layout })
}

/// Listens to a port for a while at the usual rates, without writing anything.
///
/// # Errors
///
/// Why that failed, and how to fix it.
pub fn listen(path: &str, time: Duration, clock: &Clock) -> Result<Option<DetectedDevice>, String> {
    for baud in [115_200, 57_600] {
        let mut line = Port { path: path.to_owned(), baud }.open()?;
        let bytes = collect(line.as_mut(), time, clock)?;
        for (family, usual, mut driver) in families() {
            if usual != baud {
                continue;
            }
            let mut fed = FrameData::default();
            driver.open();
            driver.feed(&bytes, clock.now(), &mut fed);
            if let Some(known) = recognise(family, baud, &fed) {
                return Ok(Some(known));
            }
        }
    }
    Ok(None)
}

fn collect(line: &mut dyn Line, time: Duration, clock: &Clock) -> Result<Vec<u8>, String> {
    let until = clock.instant() + time;
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    while clock.instant() < until && bytes.len() < 64 * 1024 {
        bytes.extend_from_slice(line.receive(&mut buffer)?);
    }
    Ok(bytes)
}

/// Asks a port what it is: writes the question for the version of each family in turn, until one answers.
///
/// # Errors
///
/// Why that failed, and how to fix it.
pub fn ask(path: &str, clock: &Clock) -> Result<Option<DetectedDevice>, String> {
    for (family, baud, mut driver) in families() {
        let mut line = Port { path: path.to_owned(), baud }.open()?;
        if let Some(fed) = question(driver.as_mut(), line.as_mut(), clock)?
            && let Some(known) = recognise(family, baud, &fed)
        {
            return Ok(Some(known));
        }
    }
    let sensor = Sensor::xy_md02("urn:example:probe", 1);
    let mut line = Port { path: path.to_owned(), baud: 9600 }.open()?;
    line.send(&sensor.question())?;
    let answer = collect(line.as_mut(), Duration::from_millis(500), clock)?;
    let data = sensor.answer(&answer, clock.now()).ok();
    Ok(data.map(|data| {
        let values: Vec<String> = data
            .readings
            .iter()
            .map(|reading| format!("{} {}", reading.value, reading.unit))
            .collect();
        DetectedDevice { family: "xy-md02", baud: 9600, about: values.join(", "), layout: None }
    }))
}

/// Writes the first question of a driver until something answers; its handshake goes no further without an answer.
fn question(
    driver: &mut dyn Dialect,
    line: &mut dyn Line,
    clock: &Clock,
) -> Result<Option<FrameData>, String> {
    let begun = clock.instant();
    let mut buffer = [0; 4096];
    let mut fed = FrameData::default();
    driver.open();
    while clock.instant() - begun < ANSWER {
        while let Some(bytes) = driver.poll(clock.instant() - begun) {
            line.send(&bytes)?;
        }
        let bytes = line.receive(&mut buffer)?;
        driver.feed(bytes, clock.now(), &mut fed);
        if fed.frames > 0 && !fed.settings.is_empty() {
            return Ok(Some(fed));
        }
    }
    Ok((fed.frames > 0).then_some(fed))
}

/// Connects to an LLRP host and receives its greeting; nothing is written.
///
/// - `address`: `host` or `host:port`; the port is 5084 if none is given.
///
/// # Errors
///
/// Why the connection failed or the greeting could not be decoded, or which client is connected already.
pub fn greet(address: &str, clock: &Clock) -> Result<DetectedDevice, String> {
    let address =
        if address.contains(':') { address.to_owned() } else { format!("{address}:5084") };
    let mut line = Socket { address }.open()?;
    let settings = llrp::Settings {
        power_dbm: 0.0,
        antennas: vec![],
        session: 0,
        read_tid: false,
        active_low: vec![],
    };
    let mut driver = Llrp::new(settings);
    driver.open();
    let mut fed = FrameData::default();
    let mut buffer = [0; 4096];
    let until = clock.instant() + GREETING;
    while clock.instant() < until && fed.frames == 0 && fed.findings.is_empty() {
        let bytes = line.receive(&mut buffer)?;
        driver.feed(bytes, clock.now(), &mut fed);
    }
    if let Some(finding) = fed.findings.iter().find(|f| f.code == code::HELD) {
        return Err(finding.text.clone());
    }
    if let Some(finding) = fed.findings.first() {
        return Err(finding.text.clone());
    }
    if fed.frames == 0 {
        return Err(format!(
            "the port accepts connections but sends nothing for {} s; an LLRP reader sends a greeting at once",
            GREETING.as_secs()
        ));
    }
    Ok(DetectedDevice {
        family: "llrp",
        baud: 0,
        about: "accepts a connection".into(),
        layout: None,
    })
}

/// Why a topic is taken for what it is; the sentences are the caller's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// A device, by the name that `sensors` of the configuration has for it.
    Device(String),
    /// A device of an application.
    DeviceOf {
        /// The device.
        device: String,
        /// The application.
        application: String,
    },
    /// The last message has reads.
    Reads {
        /// How many.
        count: usize,
        /// The finding about the form in which the reader writes them.
        form: Option<String>,
    },
    /// JSON that a mapping can describe.
    Json,
    /// Nothing to read: a command of a Sparkplug host.
    Command,
    /// Nothing to read: whether a Sparkplug host is online.
    HostState,
    /// Nothing to read: a message of Zigbee2MQTT about itself.
    BridgeStatus,
    /// Nothing to read: the availability of a Zigbee2MQTT device, or a question to it.
    NoReadings,
    /// Nothing to read: so many bytes that are not a JSON object.
    NotJson(usize),
}

/// What a message on a topic most probably is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicGuess {
    /// Its family's name in the configuration: `zigbee2mqtt`; empty if it is of none.
    pub family: &'static str,
    /// Why.
    pub about: About,
    /// The device as `sensors` of the configuration names it; none for a reader.
    pub device: Option<String>,
    /// The `application` that the device belongs to, where its family has one.
    pub application: Option<String>,
    /// Whether the last message cannot be read until the configuration says how banks are written.
    pub needs_form: bool,
}

impl TopicGuess {
    fn of_sensor(family: &'static str, device: String) -> Self {
        let about = About::Device(device.clone());
        Self { device: Some(device), ..Self::of_reader(family, about) }
    }

    fn of_application(family: &'static str, application: &str, device: &str) -> Self {
        let (device, application) = (device.to_owned(), application.to_owned());
        let about = About::DeviceOf { device: device.clone(), application: application.clone() };
        let (device, application) = (Some(device), Some(application));
        Self { device, application, ..Self::of_reader(family, about) }
    }

    fn of_reader(family: &'static str, about: About) -> Self {
        Self { family, about, device: None, application: None, needs_form: false }
    }

    fn none(about: About) -> Self {
        Self::of_reader("", about)
    }
}

/// The most probable kind of device for a message on a topic, and why.
#[must_use]
pub fn guess_topic(topic: &str, payload: &[u8], at: Timestamp) -> TopicGuess {
    if let Some(known) = guess_sensor(topic) {
        return known;
    }
    let message = Message { topic, payload, is_retained: false, at };
    if let Ok(data) = ImpinjR700::new(topic, None).take(&message) {
        // How the reader writes its banks is not certain, or not as documented; the setting is part of the answer.
        let form = data.findings.iter().find(|finding| finding.code == code::FORM);
        let form = form.map(|finding| finding.text.clone());
        if !data.reads.is_empty() || form.is_some() {
            let needs_form = form.is_some() && !data.dead_letters.is_empty();
            let about = About::Reads { count: data.reads.len(), form };
            return TopicGuess { needs_form, ..TopicGuess::of_reader("impinj-r700", about) };
        }
    }
    if let Ok(data) = ZebraIotc::new(topic).take(&message)
        && !data.reads.is_empty()
    {
        let about = About::Reads { count: data.reads.len(), form: None };
        return TopicGuess::of_reader("zebra-iotc", about);
    }
    match serde_json::from_slice::<Value>(payload) {
        Ok(value) if value.is_object() || value.is_array() => {
            TopicGuess::of_reader("mapped-json", About::Json)
        }
        _ => TopicGuess::none(About::NotJson(payload.len())),
    }
}

/// The sensor that a topic's levels name.
fn guess_sensor(topic: &str) -> Option<TopicGuess> {
    let levels: Vec<&str> = topic.split('/').collect();
    Some(match levels.as_slice() {
        // Of a running bridge, too: it is retained.
        ["spBv1.0", "STATE", ..] => TopicGuess::none(About::HostState),
        ["spBv1.0", _, "NCMD" | "DCMD", ..] => TopicGuess::none(About::Command),
        ["spBv1.0", group, _, node] => {
            TopicGuess::of_sensor("sparkplug-b", format!("{group}/{node}"))
        }
        ["spBv1.0", group, _, node, device] => {
            TopicGuess::of_sensor("sparkplug-b", format!("{group}/{node}/{device}"))
        }
        ["application", application, "device", device, "event", "up"] => {
            TopicGuess::of_application("chirpstack", application, device)
        }
        ["v3", application, "devices", device, "up"] => {
            TopicGuess::of_application("things-stack", application, device)
        }
        [device, "events", "rpc"] => TopicGuess::of_sensor("shelly", (*device).to_owned()),
        ["zigbee2mqtt", "bridge", ..] => TopicGuess::none(About::BridgeStatus),
        ["zigbee2mqtt", _, .., "availability" | "set" | "get"] => {
            TopicGuess::none(About::NoReadings)
        }
        ["zigbee2mqtt", device @ ..] if !device.is_empty() => {
            TopicGuess::of_sensor("zigbee2mqtt", device.join("/"))
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_may_write_hex_for_base64_is_told_with_the_setting() {
        let hex = "3074257BF7194E4000001A85";
        let guess = |members: &str| {
            let text = format!(r#"{{"tagInventoryEvent":{{{members}}}}}"#);
            guess_topic("door/3", text.as_bytes(), Timestamp::UNIX_EPOCH)
        };
        let reads = |guess: TopicGuess| match guess.about {
            About::Reads { count, form } => (guess.family, count, guess.needs_form, form),
            other => panic!("{other:?}"),
        };
        let (family, count, needs_form, form) = reads(guess(&format!(r#""epc":"{hex}""#)));
        assert_eq!((family, count, needs_form), ("impinj-r700", 0, true));
        let form = form.unwrap();
        assert!(form.contains("`epc = \"hex\"` or `epc = \"base64\"`"), "{form}");
        let (family, count, needs_form, form) =
            reads(guess(&format!(r#""epc":"{hex}","epcHex":"{hex}""#)));
        assert_eq!((family, count, needs_form), ("impinj-r700", 1, false));
        assert!(form.unwrap().contains("`epc = \"hex\"`"));
        let known = reads(guess(r#""epc":"MHQle/cZTkAAABqF""#));
        assert_eq!(known, ("impinj-r700", 1, false, None));
    }

    #[test]
    fn topics_are_told_by_their_levels_and_then_by_what_they_say() {
        let r700 = r#"{"tagInventoryEvent":{"epcHex":"3074257BF7194E4000001A85"}}"#;
        let zebra = r#"{"data":{"idHex":"3074257BF7194E4000001A85"},"type":"SIMPLE"}"#;
        for (topic, payload, family, device) in [
            ("spBv1.0/plant/NDATA/gw", "", "sparkplug-b", Some("plant/gw")),
            ("spBv1.0/plant/DBIRTH/gw/probe", "", "sparkplug-b", Some("plant/gw/probe")),
            ("spBv1.0/plant/NCMD/gw", "", "", None),
            ("spBv1.0/STATE/chopmark", r#"{"online":true,"timestamp":1}"#, "", None),
            ("spBv1.0/STATE", "{}", "", None),
            ("application/1/device/a84041/event/up", "{}", "chirpstack", Some("a84041")),
            ("v3/cold@ttn/devices/d1/up", "{}", "things-stack", Some("d1")),
            ("shellyht-1/events/rpc", "{}", "shelly", Some("shellyht-1")),
            ("zigbee2mqtt/cold/1", "{}", "zigbee2mqtt", Some("cold/1")),
            ("zigbee2mqtt/cold/1/availability", "online", "", None),
            ("zigbee2mqtt/bridge/state", "online", "", None),
            ("door/3", r700, "impinj-r700", None),
            ("door/4", zebra, "zebra-iotc", None),
            ("door/5", r#"{"tags":[]}"#, "mapped-json", None),
            ("door/6", "on", "", None),
        ] {
            let found = guess_topic(topic, payload.as_bytes(), Timestamp::UNIX_EPOCH);
            assert_eq!((found.family, found.device.as_deref()), (family, device), "{topic}");
        }
    }
}
