//! The two layouts of answers.

use serde::{Deserialize, Serialize};

/// The layout of a reader's answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// `UHFReader18` and RRU9803M: one antenna, no signal strength.
    Reader18,
    /// `UHFReader288` and related models: up to four antennas, one byte of signal strength.
    Reader288,
}

impl Layout {
    /// The layout of a model, named as in the setting `model`.
    #[must_use]
    pub fn of(model: &str) -> Self {
        let is_18 = ["RRU9803M ", "UHFReader18 "].iter().any(|name| model.starts_with(name));
        if is_18 { Self::Reader18 } else { Self::Reader288 }
    }
}
