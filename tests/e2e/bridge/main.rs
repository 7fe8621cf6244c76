//! End-to-end tests of the bridge: simulated devices on one side, the spool's outbox on the other.
//!
//! The way through: one file for each subject; most run a bridge on a site's TOML (`tests::site`).

mod protected_brokers;
mod reader_command;
mod readers;
mod recorded;
mod serial_readers;
mod settling;
mod supervision;
