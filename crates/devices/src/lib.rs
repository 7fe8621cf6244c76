//! Bytes and messages of readers and sensors, decoded into reads, sensor readings and findings.
//!
//! The way through: a reader on a line of its own is a [`reader::Dialect`], fed with bytes; a reader or sensor that
//! publishes to a broker is a [`message::Format`], given one message at a time; a Modbus sensor is a
//! [`sensor::modbus::Sensor`], which says what to ask and what an answer means. One file per reader or sensor.
//!
//! What holds: pure; no port, socket, broker or clock: bytes, messages and times of arrival are parameters.
//!
//! Not here: ports, sockets, brokers and reconnecting (`firmware-bridge`); what becomes of reads (`settling`).
//!
//! Sources: the makers' manuals as named in each file.

pub mod message;
pub mod reader;
pub mod sensor;
