//! A change of a reader's general purpose input, which is mostly a light barrier.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A general purpose input of a reader changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub struct Edge {
    /// The input, as the reader numbers it.
    pub port: u16,
    /// Whether it is active now: the barrier is broken.
    pub is_active: bool,
    /// When: the reader's time where that is plausible, else the time of arrival.
    pub at: Timestamp,
}
