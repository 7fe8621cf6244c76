//! Sensors: one file each, and what they have in common: quantities ([`quantity`]) and units ([`mod@unit`]).
//!
//! The way through: each file knows where its maker puts names, values and times; [`Readings`] makes readings of them:
//! it knows which device is which sensor, which field is which quantity, and which time to believe.
//!
//! What holds: a value keeps its digits; a device that the configuration does not name is reported once, with how to
//! configure it, and is not an error, because it may belong to another section; a reading without a plausible time is
//! marked timeless, and stale as well if it was retained by the broker. A unit that a message states is never ignored.
//!
//! Not here: the connection (`firmware-bridge`).

pub mod chirpstack;
pub mod modbus;
pub mod quantity;
pub mod readings;
pub mod shelly;
pub mod sparkplug;
pub mod things_stack;
pub(crate) mod told;
pub mod unit;
pub mod zigbee2mqtt;

pub use self::readings::Readings;
