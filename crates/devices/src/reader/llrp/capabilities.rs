//! What a reader can do, as far as commands depend on it.
//!
//! The way through: [`Capabilities::of`] reads the answer to `GET_READER_CAPABILITIES`;
//! [`Capabilities::power`] picks an entry of its power table.
//!
//! What holds: power levels, hop tables and channels are named by the reader's own indexes, which differ from
//! model to model, so they are never guessed. The level chosen is never above the wanted one, except where the
//! lowest is.
//!
//! Not here: sensitivity tables and modulation modes; the reader's defaults are used.
//!
//! Source: LLRP 1.0.1, section 9 (capabilities).

use super::definitions as d;
use super::parameter::Node;

/// One entry of the power table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Power {
    /// By this the reader knows it.
    pub index: u16,
    /// Hundredths of a dBm.
    pub cdbm: i16,
}

/// What a reader can do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// IANA's number of the maker; 0 if not reported.
    pub vendor: u32,
    /// The maker's number of the model.
    pub model: u64,
    /// Firmware, as the maker writes it.
    pub firmware: String,
    /// Ports, numbered from 1; 0 if not reported.
    pub antennas: u16,
    /// Inputs, numbered from 1; 0 if not reported.
    pub inputs: u16,
    /// Whether it knows the time of day.
    pub has_clock: bool,
    /// Whether it can buffer events and reports for a client that reconnects.
    pub can_hold: bool,
    /// Whether it can warn before its buffer is full.
    pub can_warn: bool,
    /// Power table in the reader's order.
    pub powers: Vec<Power>,
    /// Hop table to name; 0 where frequencies do not hop.
    pub hop_table: u16,
    /// Channel to name; 0 where frequencies hop.
    pub channel: u16,
}

impl Capabilities {
    /// Parses the answer. What it does not contain stays as in [`Capabilities::default`].
    #[must_use]
    pub fn of(response: &Node) -> Self {
        let mut it = Self::default();
        if let Some(general) = response.child(&d::GENERAL_DEVICE_CAPABILITIES) {
            let vendor = general.number("DeviceManufacturerName");
            it.vendor = vendor.and_then(|number| u32::try_from(number).ok()).unwrap_or(0);
            it.model = general.number("ModelName").unwrap_or(0);
            it.firmware = general.text("ReaderFirmwareVersion").unwrap_or_default();
            it.antennas = general.short("MaxNumberOfAntennaSupported").unwrap_or(0);
            let gpio = general.child(&d::GPIO_CAPABILITIES);
            it.inputs = gpio.and_then(|gpio| gpio.short("NumGPIs")).unwrap_or(0);
            it.has_clock = general.number("HasUTCClockCapability") == Some(1);
        }
        if let Some(llrp) = response.child(&d::LLRP_CAPABILITIES) {
            it.can_hold = llrp.number("SupportsEventAndReportHolding") == Some(1);
            it.can_warn = llrp.number("CanReportBufferFillWarning") == Some(1);
        }
        let band = response
            .child(&d::REGULATORY_CAPABILITIES)
            .and_then(|regulatory| regulatory.child(&d::UHF_BAND_CAPABILITIES));
        if let Some(band) = band {
            it.powers = band.all(&d::TRANSMIT_POWER_LEVEL_TABLE_ENTRY).filter_map(power).collect();
            if let Some(frequency) = band.child(&d::FREQUENCY_INFORMATION) {
                if frequency.number("Hopping") == Some(1) {
                    let table = frequency.child(&d::FREQUENCY_HOP_TABLE);
                    it.hop_table = table.and_then(|table| table.short("HopTableID")).unwrap_or(0);
                } else {
                    // Channels of the table of fixed frequencies are counted from 1.
                    it.channel = 1;
                }
            }
        }
        it
    }

    /// The strongest level not above `cdbm` hundredths of a dBm, else the weakest; none if no level is reported.
    #[must_use]
    pub fn power(&self, cdbm: i32) -> Option<Power> {
        let below = self.powers.iter().filter(|power| i32::from(power.cdbm) <= cdbm);
        below
            .max_by_key(|power| power.cdbm)
            .or_else(|| self.powers.iter().min_by_key(|power| power.cdbm))
            .copied()
    }
}

fn power(entry: &Node) -> Option<Power> {
    let cdbm = i16::try_from(entry.signed("TransmitPowerValue")?).ok()?;
    Some(Power { index: entry.short("Index")?, cdbm })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_power_is_the_nearest_below_or_the_weakest() {
        let power = |index, cdbm| Power { index, cdbm };
        let reader = Capabilities {
            powers: vec![power(7, 3000), power(1, 1000), power(3, 2025)],
            ..Capabilities::default()
        };
        let index = |cdbm| reader.power(cdbm).map(|power| power.index);
        for (wanted, right) in [(2000, 1), (2025, 3), (2999, 3), (3000, 7), (9999, 7), (-500, 1)] {
            assert_eq!(index(wanted), Some(right), "{wanted}");
        }
        assert_eq!(Capabilities::default().power(2000), None);
    }
}
