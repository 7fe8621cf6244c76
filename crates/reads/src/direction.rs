//! Which way a tag went through a read point.

use serde::{Deserialize, Serialize};

/// Which way a tag went through a read point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// From the outside to the inside.
    In,
    /// From the inside to the outside.
    Out,
    /// The read point determines directions, but not this one.
    Unclear,
}
