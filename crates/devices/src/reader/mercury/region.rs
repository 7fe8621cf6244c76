//! The regions that a Mercury or Silion reader knows, by their numbers.
//!
//! The way through: [`Region::number`] for the wire, `Display` for people.
//!
//! What holds: a number means the same to both makers; which of them a model is built for differs. An M6E Nano
//! for North America knows 0D and not 01.
//!
//! Not here: frequencies; the reader hops within its region by itself.
//!
//! Source: Mercury API's list of regions; Silion's communication protocol, set current region (97).

use std::fmt;

/// A region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Region {
    /// North America, 902 to 928 MHz.
    NorthAmerica,
    /// North America as the M6E Nano has it.
    NorthAmericaNano,
    /// Europe, 865 to 868 MHz (ETSI EN 302 208).
    Europe,
    /// India.
    India,
    /// Japan.
    Japan,
    /// China, 920 to 925 MHz.
    China,
    /// Korea.
    Korea,
    /// Australia.
    Australia,
    /// New Zealand.
    NewZealand,
    /// Another one by its number, for instance `{ number = 255 }` for one without a hop table.
    Number(u8),
}

impl Region {
    /// The number on the wire.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::NorthAmerica => 0x01,
            Self::India => 0x04,
            Self::Japan => 0x05,
            Self::China => 0x06,
            Self::Europe => 0x08,
            Self::Korea => 0x09,
            Self::Australia => 0x0B,
            Self::NewZealand => 0x0C,
            Self::NorthAmericaNano => 0x0D,
            Self::Number(number) => number,
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::NorthAmerica => "North America",
            Self::NorthAmericaNano => "North America (Nano)",
            Self::Europe => "Europe",
            Self::India => "India",
            Self::Japan => "Japan",
            Self::China => "China",
            Self::Korea => "Korea",
            Self::Australia => "Australia",
            Self::NewZealand => "New Zealand",
            Self::Number(_) => "region",
        };
        write!(f, "{name} ({:02X})", self.number())
    }
}
