//! What a sensor reports, in one unit per quantity.
//!
//! What holds: every quantity has one unit (UN/ECE Recommendation 20); a value that was reported in another unit is
//! kept beside the converted one; a reading is marked if its time is only that of arrival, or if it may be older than
//! it looks.
//!
//! Source: UN/ECE Recommendation 20; CBV 2.0 section 7.7 (measurement types).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::skip::is_false;

/// A quantity that sensors measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SensorKind {
    /// Temperature, degrees Celsius.
    Temperature,
    /// Relative humidity, per cent.
    RelativeHumidity,
    /// Pressure, pascal.
    Pressure,
    /// Illuminance, lux: a box that should be closed is dark inside.
    Illuminance,
    /// Voltage, volt.
    Voltage,
}

impl SensorKind {
    /// Its UN/ECE unit code.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::Temperature => "CEL",
            Self::RelativeHumidity => "P1",
            Self::Pressure => "PAL",
            Self::Illuminance => "LUX",
            Self::Voltage => "VLT",
        }
    }

    /// Its measurement type in the CBV, bare word.
    #[must_use]
    pub fn measurement(self) -> &'static str {
        match self {
            Self::Temperature => "Temperature",
            Self::RelativeHumidity => "RelativeHumidity",
            Self::Pressure => "Pressure",
            Self::Illuminance => "Illuminance",
            Self::Voltage => "Voltage",
        }
    }
}

/// A value as reported, before conversion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reported {
    /// Decimal text.
    pub value: String,
    /// UN/ECE unit code: `FAH`.
    pub unit: String,
}

/// One value that one sensor reported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SensorReading {
    /// Identifier of the sensor, a URI.
    pub sensor: String,
    /// What was measured.
    pub kind: SensorKind,
    /// The value as decimal text, its digits as the sensor gave them: `-20.5`.
    pub value: String,
    /// UN/ECE unit code of the kind: `CEL`.
    pub unit: String,
    /// When: the sensor's own time, or that of arrival if `timeless`.
    pub at: Timestamp,
    /// Whether the sensor gave no plausible time.
    #[serde(default, skip_serializing_if = "is_false")]
    pub timeless: bool,
    /// Whether the value may be older than it looks: retained by a broker, or of a sensor that is offline.
    #[serde(default, skip_serializing_if = "is_false")]
    pub stale: bool,
    /// What was reported, if it was in another unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported: Option<Reported>,
}
