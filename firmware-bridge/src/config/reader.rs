//! A reader or sensor of a bridge, checked: how it is reached, how its reads are settled, when its silence counts.

use std::time::Duration;

use jiff::SignedDuration;
use process::config::bridge::ReaderSection;
use settling::settings::ReaderSettings;

use super::device::Device;
use super::settle;

/// A reader or sensor of a bridge.
#[derive(Debug, Clone)]
pub struct Reader {
    /// Its name, unique in the bridge.
    pub id: String,
    /// What it is and how it is reached.
    pub device: Device,
    settling: ReaderSettings,
    silent_after: Option<SignedDuration>,
    sensors: Vec<String>,
    configured: Vec<(String, String)>,
}

impl From<&ReaderSection> for Reader {
    fn from(section: &ReaderSection) -> Self {
        let silent_after_s = section.silent_after_s.or_else(|| section.device.usual_silence_s());
        Self {
            id: section.id.clone(),
            device: section.device.clone().into(),
            settling: ReaderSettings {
                id: section.id.clone(),
                read_point: section.read_point.clone(),
                antenna_read_points: section.antenna_read_points.clone(),
                settings: settle::settings(&section.settle),
                silent_after: section.silent_after_s.map(Duration::from_secs),
                is_behind_broker: section.device.is_behind_broker(),
            },
            silent_after: silent_after_s
                .and_then(|seconds| i64::try_from(seconds).ok())
                .map(SignedDuration::from_secs),
            sensors: section.device.sensors(),
            configured: configured(section),
        }
    }
}

impl Reader {
    /// The reader, as far as settling needs to know it.
    #[must_use]
    pub fn settling(&self) -> ReaderSettings {
        self.settling.clone()
    }

    /// Time after which the silence of one of its sensors is a gap.
    #[must_use]
    pub fn silent_after(&self) -> Option<SignedDuration> {
        self.silent_after
    }

    /// The sensors that it names.
    #[must_use]
    pub fn sensors(&self) -> Vec<String> {
        self.sensors.clone()
    }

    /// What is configured, names with values: `configured.device.r200.power_dbm`, `20.0`.
    #[must_use]
    pub fn configured(&self) -> Vec<(String, String)> {
        self.configured.clone()
    }
}

fn configured(section: &ReaderSection) -> Vec<(String, String)> {
    let value = serde_json::to_value(section).unwrap_or_default();
    let mut out = Vec::new();
    flatten("configured", &value, &mut out);
    out
}

fn flatten(name: &str, value: &serde_json::Value, out: &mut Vec<(String, String)>) {
    match value {
        serde_json::Value::Object(members) => {
            for (member, value) in members {
                flatten(&format!("{name}.{member}"), value, out);
            }
        }
        serde_json::Value::Null => {}
        serde_json::Value::String(text) => out.push((name.to_owned(), text.clone())),
        other => out.push((name.to_owned(), other.to_string())),
    }
}
