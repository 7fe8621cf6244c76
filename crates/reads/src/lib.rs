//! What a reader reports, and what a bridge makes of it: read, observation, sensor reading, delivery.
//!
//! The way through: a driver gives [`Read`]s and [`SensorReading`]s; the bridge settles reads into
//! [`Observation`]s and packs a window's worth into a [`Delivery`]; ingest parses it with
//! [`Delivery::parse`], which admits nothing that the contract does not name. Whether an observation is a
//! passage is for [`Observation::passed`] to say.
//!
//! What holds: pure; sizes are limited on both ends; the contract carries its version in every delivery.
//!
//! Not here: drivers (`devices`), settling (`settling`), meaning (`ingest`).
//!
//! Source: docs/formats/observation-v1.md.

mod delivery;
mod edge;
mod finding;
mod movement;
mod passage;
mod sensor;
pub mod time_belief;
mod window;

pub use delivery::{
    AntennaCount, CONTRACT, Delivery, DeliveryError, MAX_BYTES, MAX_OBSERVATIONS, MAX_READINGS,
    Observation, excerpt, is_name, signing_bytes,
};
pub use edge::Edge;
pub use finding::{Finding, code};
pub use movement::{Direction, Movement, MovementKind, Rival, passed};
pub use passage::{NotPassed, Passage};
pub use sensor::{Reported, SensorKind, SensorReading};
pub use window::{Read, Window, WindowError};
