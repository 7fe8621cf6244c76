//! Sensors: one file each, and what they have in common: quantities and units.
//!
//! The way through: a file knows where its maker puts names, values and times; [`Readings`] makes readings of
//! them: it knows which device is which sensor, which field is which quantity, and what time to believe.
//!
//! What holds: a value keeps its digits; a device that the configuration does not name is told once, with how to
//! name it, and is no error, for it may be another section's; a reading without a time that can be believed is marked timeless, one that a broker kept besides
//! is marked stale.
//!
//! Not here: the connection ([`crate::broker`], [`crate::port`]).

pub mod chirpstack;
pub mod modbus;
pub mod quantity;
pub mod readings;
pub mod shelly;
pub mod sparkplug;
pub mod things_stack;
pub mod zigbee2mqtt;

pub use self::readings::Readings;
