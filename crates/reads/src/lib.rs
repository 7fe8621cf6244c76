//! What a reader reports and what a bridge makes of it: read, observation, sensor reading, delivery.
//!
//! The way through: a driver gives [`Read`]s, [`SensorReading`]s and [`Finding`]s; the bridge settles reads into
//! [`Observation`]s and packs those of one window into a [`Delivery`]; ingest parses it with [`Delivery::parse`], which
//! accepts nothing that the contract does not name. [`Observation::passed`] decides whether an observation is a
//! passage.
//!
//! What holds: pure; sizes are limited on both ends; the contract carries its version in every delivery.
//!
//! Not here: drivers (`devices`), settling (`settling`), meaning (`ingest`).
//!
//! Source: docs/formats/observation-v1.md.

mod bank;
mod check;
mod delivery;
mod direction;
mod edge;
mod excerpt;
mod finding;
mod movement;
mod observation;
mod passage;
mod sensor;
mod skip;
pub mod time_belief;
mod window;

pub use bank::{Bank, ByteSlice};
pub use check::is_name;
pub use delivery::{
    CONTRACT, Delivery, DeliveryError, MAX_BYTES, MAX_OBSERVATIONS, MAX_READINGS, signing_bytes,
};
pub use direction::Direction;
pub use edge::Edge;
pub use excerpt::excerpt;
pub use finding::{Finding, code};
pub use movement::{Movement, MovementKind};
pub use observation::{AntennaCount, Observation, Rival};
pub use passage::{NotPassed, Passage, passed};
pub use sensor::{Reported, SensorKind, SensorReading};
pub use window::{Read, Window, WindowError};
