//! The information that a Chafon reader reports about itself.
//!
//! Data of the answer: version (two bytes), type, protocols, highest and lowest frequency, power in dBm,
//! longest time of an inventory in tenths of a second; newer versions add bytes that are not needed here.
//! The two upper bits of both frequency bytes together name the band, the six lower bits the channel.
//!
//! The way through: [`Information::parse`], then [`Information::settings`].
//!
//! What holds: a type or band that is not in the tables is given as its number; nothing is refused for it.
//!
//! Not here: changing any of it.
//!
//! Source: `UHFReader288MP` user's manual V1.14, sections 8.4.1 and 8.4.2; `UHFReader18` user's manual V2.0.

use std::time::Duration;

use crate::reader::dialect::Setting;

/// Reader information.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Information {
    /// Version and subversion.
    pub version: (u8, u8),
    /// Type.
    pub kind: u8,
    /// Band, 0 to 15.
    pub band: u8,
    /// Lowest and highest channel.
    pub channels: (u8, u8),
    /// Power, dBm.
    pub power_dbm: u8,
    /// Longest time of an inventory, 0 to 25.5 s; 0 if the reader does not report it.
    pub scan_time: Duration,
}

/// Bands: number, name, frequency of channel 0 and width of a channel in kHz.
const BANDS: [(u8, &str, u32, u32); 10] = [
    (1, "China 2", 920_125, 250),
    (2, "United States", 902_750, 500),
    (3, "Korea", 917_100, 200),
    (4, "Europe", 865_100, 200),
    (6, "Ukraine", 868_000, 100),
    (7, "Peru", 916_200, 900),
    (8, "China 1", 840_125, 250),
    (9, "Europe 3", 865_700, 600),
    (10, "Taiwan", 922_250, 500),
    (12, "United States 3", 902_000, 500),
];

impl Information {
    /// Parses the data of the answer; none if there are fewer than seven bytes.
    #[must_use]
    pub fn parse(data: &[u8]) -> Option<Self> {
        let [major, minor, kind, _, highest, lowest, power, rest @ ..] = data else { return None };
        Some(Self {
            version: (*major, *minor),
            kind: *kind,
            band: (highest >> 6) << 2 | lowest >> 6,
            channels: (lowest & 0x3F, highest & 0x3F),
            power_dbm: *power,
            scan_time: Duration::from_millis(100) * rest.first().copied().unwrap_or(0).into(),
        })
    }

    /// The same as settings: `version`, `model`, `power_cdbm`, `region`.
    #[must_use]
    pub fn settings(&self) -> Vec<Setting> {
        let setting = |name, value| Setting { name, value };
        vec![
            setting("version", format!("{}.{:02}", self.version.0, self.version.1)),
            setting("model", self.model()),
            setting("power_cdbm", (u32::from(self.power_dbm) * 100).to_string()),
            setting("region", self.region()),
        ]
    }

    fn model(&self) -> String {
        let name = match self.kind {
            0x03 | 0x08 => "RRU9803M",
            0x09 => "UHFReader18",
            0x0C => "UHFReader288M",
            0x0F | 0x10 => "UHFReader86",
            0x16 => "RRU9883M",
            0x20 => "UHFReader288MP",
            0x8B => "UHFReader288ADV",
            _ => "unknown",
        };
        format!("{name} (type {:02X})", self.kind)
    }

    fn region(&self) -> String {
        let (from, to) = (u32::from(self.channels.0), u32::from(self.channels.1));
        match BANDS.iter().find(|(number, ..)| *number == self.band) {
            Some((_, name, first, width)) => {
                let mhz = |channel: u32| f64::from(first + channel * width) / 1000.0;
                format!("{name}, {:.3} to {:.3} MHz", mhz(from), mhz(to))
            }
            None => format!("band {}, channels {from} to {to}", self.band),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_told_as_version_model_power_and_region() {
        // Europe: band 4, so upper bits 01 and 00; channels 0 to 14.
        let information =
            Information::parse(&[0x03, 0x01, 0x0C, 0x02, 0x4E, 0x00, 0x1A, 0x0A, 0x01]).unwrap();
        let told: Vec<(&str, String)> =
            information.settings().into_iter().map(|s| (s.name, s.value)).collect();
        assert_eq!(
            told,
            [
                ("version", "3.01".to_owned()),
                ("model", "UHFReader288M (type 0C)".to_owned()),
                ("power_cdbm", "2600".to_owned()),
                ("region", "Europe, 865.100 to 867.900 MHz".to_owned()),
            ]
        );
    }

    #[test]
    fn unknown_types_and_bands_are_given_as_numbers() {
        let information = Information::parse(&[1, 2, 0x77, 2, 0xFF, 0xC5, 30]).unwrap();
        assert_eq!(information.model(), "unknown (type 77)");
        assert_eq!(information.region(), "band 15, channels 5 to 63");
    }

    #[test]
    fn every_shorter_answer_is_refused() {
        let data = [3, 1, 12, 2, 0x4E, 0, 26];
        for length in 0..data.len() {
            assert_eq!(Information::parse(&data[..length]), None, "{length} bytes");
        }
    }
}
