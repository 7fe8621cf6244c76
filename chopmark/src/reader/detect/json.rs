//! What `reader detect --json` prints.
//!
//! What holds: member names are those that the help of `--json` lists; what is not known is null.

use devices::reader::chafon::Layout;
use firmware_bridge::detect::{DetectedDevice, TopicGuess};
use firmware_bridge::port::Found;
use serde_json::{Value, json};

/// What was found.
#[derive(Default)]
pub struct DetectedJson {
    /// Serial ports of this machine.
    pub ports: Vec<Value>,
    /// What was listened to or asked.
    pub devices: Vec<Value>,
    /// Topics of a broker.
    pub topics: Vec<Value>,
    /// Blocks for the bridge's configuration, TOML.
    pub configuration: String,
}

impl DetectedJson {
    /// The whole value.
    pub fn to_json(&self) -> Value {
        let Self { ports, devices, topics, configuration } = self;
        json!({
            "ports": ports,
            "devices": devices,
            "topics": topics,
            "configuration": configuration,
        })
    }
}

/// A serial port.
pub fn port(found: &Found) -> Value {
    json!({
        "path": found.path.display().to_string(),
        "device": found.device.display().to_string(),
        "about": found.about,
        "by_socket": found.by_socket,
    })
}

/// What was found at a serial port or host.
///
/// - `how`: `listen`, `ask` or `llrp`.
pub fn device(place: &str, how: &str, found: &Result<Option<DetectedDevice>, String>) -> Value {
    let known = found.as_ref().ok().and_then(Option::as_ref);
    let layout = known.and_then(|known| known.layout).map(|layout| match layout {
        Layout::Reader18 => "reader18",
        Layout::Reader288 => "reader288",
    });
    json!({
        "place": place,
        "how": how,
        "found": known.is_some(),
        "family": known.map(|known| known.family),
        "baud": known.map(|known| known.baud).filter(|baud| *baud > 0),
        "about": known.map(|known| &known.about),
        "layout": layout,
        "problem": found.as_ref().err(),
    })
}

/// A broker that could not be asked.
pub fn no_broker(address: &str, reason: &str) -> Value {
    json!({ "place": address, "how": "mqtt", "found": false, "problem": reason })
}

/// A topic of a broker.
///
/// - `messages`: how many were seen.
/// - `about`: what the last one says, for people.
pub fn topic(topic: &str, messages: impl Into<Value>, guess: &TopicGuess, about: &str) -> Value {
    json!({
        "topic": topic,
        "messages": messages.into(),
        "family": Some(guess.family).filter(|family| !family.is_empty()),
        "device": guess.device,
        "application": guess.application,
        "about": about,
    })
}
