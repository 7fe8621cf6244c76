//! What comes out of a driver must be what the later stages take: reads fit a window, readings a delivery,
//! and what is said to people is short.
//!
//! The way through: [`reads()`], [`readings`] and [`told`] panic on what does not fit, which is what a fuzz target
//! is to do.
//!
//! Source: docs/formats/observation-v1.md.

use devices::message::DeviceData;
use reads::{Delivery, Finding, Read, SensorReading, Window};

/// A delivery of nothing.
const EMPTY: &str = r#"{"contract":"chopmark.delivery/1","bridge":"b","boot":1,"seq":1,"reader":"r",
    "readPoint":"urn:epc:id:sgln:4012345.00001.0","opened":"2026-11-20T08:00:00Z",
    "closed":"2026-11-20T08:00:01Z","reads":0,
    "windowDigest":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "suspectClock":false,"late":false,"gaps":[],"observations":[],"sensors":[]}"#;

/// Longest text that people are told, in bytes.
const LONGEST: usize = 1024;

/// Whether reads go into a window and come out of it as they were, times cut to microseconds.
///
/// # Panics
///
/// If not.
pub fn reads(reads: &[Read]) {
    let mut window = Window::default();
    for read in reads {
        window.push(read);
    }
    let again = Window::parse(window.bytes()).expect("what was pushed can be read");
    assert_eq!(again.len(), reads.len());
    for (again, read) in again.iter().zip(reads) {
        assert_eq!((&again.epc, &again.tid), (&read.epc, &read.tid));
        assert_eq!((again.antenna, again.rssi_cdbm), (read.antenna, read.rssi_cdbm));
        assert_eq!(again.at.as_microsecond(), read.at.as_microsecond());
        assert_eq!(again.direction, read.direction);
        assert_eq!(again.reader_time.is_some(), read.reader_time.is_some());
        assert!((-30_000..=10_000).contains(&read.rssi_cdbm), "RSSI {}", read.rssi_cdbm);
    }
}

/// Whether readings go into a delivery that ingest takes.
///
/// # Panics
///
/// If not.
pub fn readings(readings: &[SensorReading]) {
    let mut delivery = Delivery::parse(EMPTY.as_bytes()).expect("a delivery of nothing is right");
    delivery.sensors = readings.to_vec();
    let again = Delivery::parse(&delivery.to_bytes());
    assert_eq!(again.expect("a reading of ours is a reading to ingest"), delivery);
}

/// Whether findings are told in short.
///
/// # Panics
///
/// If not.
pub fn told(findings: &[Finding]) {
    for finding in findings {
        assert!(!finding.code.is_empty() && !finding.text.is_empty());
        reason(&finding.text);
    }
}

/// Whether one text for people is short enough.
///
/// # Panics
///
/// If not.
pub fn reason(text: &str) {
    assert!(!text.is_empty() && text.len() <= LONGEST, "{} bytes: {text}", text.len());
}

/// All of it.
///
/// # Panics
///
/// If any of it does not fit.
pub fn taken(taken: &DeviceData) {
    reads(&taken.reads);
    readings(&taken.readings);
    told(&taken.findings);
    for letter in &taken.dead_letters {
        reason(&letter.reason);
    }
}
