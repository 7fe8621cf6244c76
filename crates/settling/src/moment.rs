//! A moment on both clocks: the time of day, and the time since the start.

use std::time::Duration;

use jiff::Timestamp;

/// A moment on both clocks.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The time of day.
    pub at: Timestamp,
    /// Time since the start, which cannot be set.
    pub up: Duration,
}
