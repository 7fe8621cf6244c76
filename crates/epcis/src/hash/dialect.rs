//! The dialects of the event hash: what each reference implementation does differently.
//!
//! Source: CBV 2.0 section 8.9 as described by its reference implementations of 2025 and of September 2026.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Which reference implementation of section 8.9 to follow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// The reference implementation of September 2026: `cbv2.0-2026`.
    #[default]
    Cbv20_2026,
    /// The reference implementation of 2025: `cbv2.0-2025`.
    Cbv20_2025,
    /// The draft for CBV 2.1 in the reference implementation of September 2026: `cbv2.1-draft`.
    Cbv21Draft,
}

impl Dialect {
    /// All dialects.
    pub const ALL: [Self; 3] = [Self::Cbv20_2026, Self::Cbv20_2025, Self::Cbv21Draft];

    /// The version that the hash names: `CBV2.0`.
    pub(super) fn version(self) -> &'static str {
        match self {
            Self::Cbv20_2025 | Self::Cbv20_2026 => "CBV2.0",
            Self::Cbv21Draft => "CBV2.1",
        }
    }

    /// Whether the list of sensor elements is named.
    pub(super) fn names_sensor_list(self) -> bool {
        self != Self::Cbv20_2026
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cbv20_2026 => "cbv2.0-2026",
            Self::Cbv20_2025 => "cbv2.0-2025",
            Self::Cbv21Draft => "cbv2.1-draft",
        })
    }
}

impl FromStr for Dialect {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        let found = Self::ALL.into_iter().find(|dialect| dialect.to_string() == text);
        found.ok_or_else(|| HashError::Dialect(text.chars().take(40).collect()))
    }
}

/// Errors of the event hash.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HashError {
    /// The name of an unknown dialect, cut to 40 characters.
    #[error("got dialect `{0}`, expected cbv2.0-2026, cbv2.0-2025 or cbv2.1-draft")]
    Dialect(String),
}
