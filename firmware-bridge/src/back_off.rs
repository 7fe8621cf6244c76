//! Pauses between attempts to connect to a device or broker.

use std::time::Duration;

/// First and longest pause before a connection is tried again; each pause is twice the one before.
pub const BACK_OFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(10));
/// A device that sends nothing valid for this long is silent; its line is opened again.
pub const SILENT: Duration = Duration::from_secs(10);
