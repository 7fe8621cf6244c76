//! Messages of a device on a broker, out of any bytes.
//!
//! The way through: [`hear`] makes the same format twice and gives both the same messages.
//!
//! What holds: a message is taken or refused with a short reason; the same messages bring the same; what is taken
//! is no more than was sent, and the later stages take it.

use devices::message::{DeviceData, Format, Message};
use devices::sensor::Readings;
use jiff::Timestamp;

use crate::contract;

/// Between two messages of one input.
const SEPARATOR: u8 = 0x1E;

/// The sensor that every target's devices are.
pub const SENSOR: &str = "urn:example:sensor";

/// A configuration that knows these devices.
#[must_use]
pub fn readings(devices: &[&str]) -> Readings {
    let named = |device: &&str| ((*device).to_owned(), SENSOR.to_owned());
    Readings { sensors: devices.iter().map(named).collect(), ..Readings::default() }
}

/// When messages of a target arrive: 2026-11-20T08:00:10Z.
#[must_use]
pub fn arrival() -> Timestamp {
    Timestamp::from_second(1_795_161_610).unwrap_or_default()
}

/// The messages of an input, one after the other.
pub fn messages(input: &[u8]) -> impl Iterator<Item = &[u8]> {
    input.split(|byte| *byte == SEPARATOR)
}

/// A device's format hears the messages in `input`, all on `topic`.
///
/// # Panics
///
/// If what holds does not.
pub fn hear(make: impl Fn() -> Box<dyn Format>, topic: &str, is_retained: bool, input: &[u8]) {
    let (mut one, mut other) = (make(), make());
    for payload in messages(input) {
        let message = Message { topic, payload, is_retained, at: arrival() };
        let taken = take(&mut *one, &message);
        assert_eq!(taken, other.take(&message), "another outcome at the second time");
        if let Ok(taken) = taken {
            let count = taken.reads.len() + taken.readings.len() + taken.edges.len();
            assert!(count <= payload.len(), "{count} out of {} bytes", payload.len());
        }
    }
}

/// Gives a message to a format and looks at what comes out.
///
/// # Errors
///
/// What the format refuses, with its reason.
///
/// # Panics
///
/// If what comes out is nothing that a later stage takes.
pub fn take(format: &mut dyn Format, message: &Message<'_>) -> Result<DeviceData, String> {
    let taken = format.take(message);
    match &taken {
        Ok(taken) => contract::taken(taken),
        Err(reason) => contract::reason(reason),
    }
    taken
}
