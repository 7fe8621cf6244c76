//! Quantities: any decimal in any of the usual units becomes decimal text in the one unit that the quantity has.
//!
//! What holds: no floating point. A value in the quantity's own unit keeps its digits; any other is converted with
//! integers and rounded to two digits more than it had, and what was
//! reported stays beside it. Exponents are written out.
//!
//! Not here: what units are called and which one counts ([`super::unit`]).
//!
//! Source: UN/ECE Recommendation 20, revision 17.

use reads::{Reported, SensorKind};
use serde::{Deserialize, Serialize};

use super::unit::{Chosen, Conversion, Unit, chosen};

/// What a field measures, and in which unit.
///
/// ```toml
/// [firmware_bridge.reader.device.chirpstack]
/// broker = "localhost:1883"
/// sensors = { "70b3d57ed0000001" = "urn:epc:id:giai:9521142.COLD4" }
/// fields = { "TempC_DS18B20" = { quantity = "temperature" }, "ProbeF" = { quantity = "temperature", unit = "FAH" } }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    /// The quantity.
    pub quantity: SensorKind,
    /// The unit, by its UN/ECE code. Default: the quantity's own, or the one in a text value (`21.5 °F`).
    #[serde(default)]
    pub unit: Option<Unit>,
}

/// The meaning of usual field names; none for any other.
#[must_use]
pub fn known(name: &str) -> Option<Measure> {
    let (quantity, unit) = match name.to_ascii_lowercase().as_str() {
        "temperature" | "temp" | "tc" | "temperature_c" => (SensorKind::Temperature, None),
        "tf" | "temperature_f" => (SensorKind::Temperature, Some(Unit::Fahrenheit)),
        "humidity" | "relative_humidity" | "relativehumidity" | "rh" => {
            (SensorKind::RelativeHumidity, None)
        }
        // Hectopascal is what weather sensors of every maker looked at write under this name.
        "pressure" | "barometric_pressure" => (SensorKind::Pressure, Some(Unit::Hectopascal)),
        "illuminance_lux" | "illuminance" | "lux" => (SensorKind::Illuminance, None),
        _ => return None,
    };
    Some(Measure { quantity, unit })
}

/// A value in its quantity's own unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// Decimal text.
    pub value: String,
    /// The value as reported, if that was in another unit.
    pub reported: Option<Reported>,
    /// The unit that was assumed, if the device states another.
    pub instead_of: Option<Unit>,
}

/// What is known about the unit of a value besides the value itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statement<'a> {
    /// What the device states, in any of the unit's names.
    pub by_device: Option<&'a str>,
    /// The configuration names the field, and its unit then counts where the device's is unknown.
    pub is_configured: bool,
}

/// The quantity of a usual field name whose values are taken only with a unit that the device states: makers write
/// volts and millivolts under it.
#[must_use]
pub fn known_with_unit(name: &str) -> Option<SensorKind> {
    name.eq_ignore_ascii_case("voltage").then_some(SensorKind::Voltage)
}

/// Largest pressure in hPa that is believed where nothing states its unit; air nowhere on earth has more than 1090, and
/// one in Pa has far more.
const MOST_HECTOPASCAL: i128 = 2000;

/// Reads a value, a number or a number with its unit (`-20.5 °C`).
///
/// # Errors
///
/// What is wrong and what is expected: no number, a unit that is unknown or of another quantity, two units that
/// contradict each other, a value that no sensor can measure.
pub fn measure(wanted: Measure, about: Statement<'_>, text: &str) -> Result<Measured, String> {
    let text = text.trim();
    let end = text
        .find(|letter: char| !matches!(letter, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'))
        .unwrap_or(text.len());
    let (digits, suffix) = text.split_at(end);
    let suffix = suffix.trim();
    let wrong = || format!("got `{}`, expected a number", crate::message::short(text));
    let decimal = Decimal::parse(digits).ok_or_else(wrong)?;
    let Chosen { unit, instead_of } = if suffix.is_empty() {
        chosen(wanted.quantity, wanted.unit, about.is_configured, about.by_device)?
    } else {
        // What stands behind the number is part of the value: unknown, the value is no number.
        chosen(wanted.quantity, wanted.unit, false, Some(suffix))?
    };
    if !suffix.is_empty()
        && let Some(stated) = about.by_device.and_then(Unit::named)
        && stated != unit
    {
        let (text, stated) = (crate::message::short(text), stated.code());
        return Err(format!("got `{text}` and the unit {stated}, expected one unit"));
    }
    let is_stated = about.is_configured
        || !suffix.is_empty()
        || about.by_device.is_some_and(|stated| !stated.trim().is_empty());
    let most = MOST_HECTOPASCAL * 10i128.pow(decimal.places);
    if unit == Unit::Hectopascal && !is_stated && decimal.mantissa > most {
        return Err(format!(
            "got {} without a unit, expected at most {MOST_HECTOPASCAL} hPa; `unit` of this field below `fields` \
             states it, such as PAL",
            decimal.to_text()
        ));
    }
    let converted = decimal.convert(unit.conversion()).ok_or_else(wrong)?;
    check(wanted.quantity, &converted)?;
    let is_same = unit == Unit::of(wanted.quantity);
    Ok(Measured {
        value: converted.to_text(),
        reported: (!is_same)
            .then(|| Reported { value: decimal.to_text(), unit: unit.code().to_owned() }),
        instead_of,
    })
}

/// Refuses what no sensor of the kind can mean: most often the code of a broken probe.
fn check(quantity: SensorKind, value: &Decimal) -> Result<(), String> {
    let (least, most) = match quantity {
        SensorKind::Temperature => (-273, 2000),
        SensorKind::RelativeHumidity => (0, 110),
        SensorKind::Pressure => (0, 100_000_000),
        SensorKind::Illuminance => (0, 1_000_000),
        SensorKind::Voltage => (-100_000, 100_000),
    };
    let unit = 10i128.pow(value.places);
    let is_possible = value.mantissa >= least * unit && value.mantissa <= most * unit;
    if is_possible {
        return Ok(());
    }
    Err(format!("got {}, expected {least} to {most} {}", value.to_text(), quantity.unit()))
}

/// A decimal number: `mantissa / 10^places`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Decimal {
    mantissa: i128,
    places: u32,
}

/// Digits that a value may have, zeros included; sensors give six, and 128 bits hold 38.
const MAX_DIGITS: usize = 36;
/// Decimal places that a value may have, and one that is to be converted, which gets up to five more: what comes
/// out can be read again.
const MAX_PLACES: i32 = 25;
const MAX_PLACES_CONVERTED: u32 = 20;

impl Decimal {
    /// Reads `-12.50` or `1.25e1`.
    fn parse(text: &str) -> Option<Self> {
        let (number, exponent) = match text.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (is_negative, digits) = match number.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, number.strip_prefix('+').unwrap_or(number)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all = format!("{whole}{fraction}");
        let are_digits = !whole.is_empty() && all.bytes().all(|byte| byte.is_ascii_digit());
        if !are_digits || all.len() > MAX_DIGITS || digits.ends_with('.') {
            return None;
        }
        let mantissa: i128 = all.parse().ok()?;
        let mantissa = if is_negative { -mantissa } else { mantissa };
        let places = i32::try_from(fraction.len()).ok()? - exponent;
        match places {
            0..=MAX_PLACES => Some(Self { mantissa, places: u32::try_from(places).ok()? }),
            -10..0 => {
                let factor = 10i128.checked_pow(places.unsigned_abs())?;
                Some(Self { mantissa: mantissa.checked_mul(factor)?, places: 0 })
            }
            _ => None,
        }
    }

    fn convert(self, by: Conversion) -> Option<Self> {
        if by == Conversion::SAME {
            return Some(self);
        }
        if self.places > MAX_PLACES_CONVERTED {
            return None;
        }
        let places = self.places + 2;
        let scaled = self.mantissa.checked_mul(100)?;
        let offset = by.offset.checked_mul(10i128.checked_pow(places - 2)?)?;
        let product = scaled.checked_add(offset)?.checked_mul(by.multiply)?;
        // A power of ten below only moves the point; anything else is rounded, half away from zero.
        let (product, places, divide) =
            if by.divide == 1000 { (product, places + 3, 1) } else { (product, places, by.divide) };
        let half = divide / 2 * product.signum();
        let mut out = Self { mantissa: product.checked_add(half)? / divide, places };
        while out.places > self.places && out.mantissa % 10 == 0 {
            out = Self { mantissa: out.mantissa / 10, places: out.places - 1 };
        }
        Some(out)
    }

    fn to_text(self) -> String {
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let places = usize::try_from(self.places).unwrap_or(0);
        let digits = format!("{:0>1$}", self.mantissa.unsigned_abs(), places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        if fraction.is_empty() {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{fraction}")
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(quantity: SensorKind, unit: Option<Unit>, text: &str) -> Result<String, String> {
        measure(Measure { quantity, unit }, Statement::default(), text)
            .map(|measured| measured.value)
    }

    #[test]
    fn values_keep_their_digits_and_units_are_brought_to_one() {
        use SensorKind::{Illuminance, Pressure, RelativeHumidity, Temperature, Voltage};
        for (kind, unit, text, right) in [
            (Temperature, None, "27.34", "27.34"),
            (Temperature, None, "-20.50", "-20.50"),
            (Temperature, None, "2.05e1", "20.5"),
            (Temperature, Some(Unit::Fahrenheit), "67.6", "19.778"),
            (Temperature, Some(Unit::Fahrenheit), "-40", "-40"),
            (Temperature, None, "0.00 °C", "0.00"),
            (Temperature, None, "32 °F", "0"),
            (Temperature, Some(Unit::Kelvin), "273.15", "0.00"),
            (RelativeHumidity, None, "44.72 %", "44.72"),
            (Pressure, Some(Unit::Hectopascal), "1013.25", "101325.00"),
            (Pressure, None, "101.3 kPa", "101300.0"),
            (Pressure, None, "1.013 bar", "101300.000"),
            (Pressure, Some(Unit::Megapascal), "0.1", "100000.0"),
            (Pressure, Some(Unit::Psi), "14.696", "101325.35318"),
            (Temperature, None, "41 °F", "5"),
            (Temperature, None, "41 degF", "5"),
            (Temperature, Some(Unit::Fahrenheit), "41 °C", "41"),
            (RelativeHumidity, None, "61.2 %RH", "61.2"),
            (Voltage, None, "2995 mV", "2.995"),
            (Voltage, Some(Unit::Millivolt), "2995", "2.995"),
            (Illuminance, None, "12 lx", "12"),
            (Illuminance, None, "2E-20", "0.00000000000000000002"),
            (Illuminance, None, "0.00000000000000000002", "0.00000000000000000002"),
        ] {
            assert_eq!(value(kind, unit, text).as_deref(), Ok(right), "{text} {unit:?}");
        }
    }

    #[test]
    fn what_came_in_another_unit_is_kept_beside_the_converted_value() {
        let wanted = Measure { quantity: SensorKind::Temperature, unit: Some(Unit::Fahrenheit) };
        let reported = measure(wanted, Statement::default(), "67.6").unwrap().reported.unwrap();
        assert_eq!((reported.value.as_str(), reported.unit.as_str()), ("67.6", "FAH"));
    }

    #[test]
    fn what_is_no_measurement_is_refused() {
        use SensorKind::{RelativeHumidity, Temperature};
        for (kind, text) in [
            (Temperature, ""),
            (Temperature, "null"),
            (Temperature, "NaN"),
            (Temperature, "1.2.3"),
            (Temperature, "-300"),
            (Temperature, "20 %"),
            (Temperature, "20 furlongs"),
            (Temperature, "1e400"),
            (RelativeHumidity, "-1"),
            (RelativeHumidity, "6553.5"),
        ] {
            assert!(value(kind, None, text).is_err(), "{text}");
        }
        let endless = format!("20 {}", "x".repeat(10_000));
        let reason = value(Temperature, None, &endless).unwrap_err();
        assert!(reason.len() < 200 && reason.contains("CEL"), "{reason}");
    }

    #[test]
    fn a_pressure_without_a_unit_that_no_air_has_in_hectopascal_is_refused_and_names_the_setting() {
        let wanted = known("barometric_pressure").unwrap();
        let about = |by_device, is_configured| Statement { by_device, is_configured };
        let alone = |text| measure(wanted, about(None, false), text);
        assert_eq!(alone("1013.25").unwrap().value, "101325.00");
        assert_eq!(alone("2000").unwrap().value, "200000");
        for text in ["101325", "2000.1", "1.01325e5"] {
            let reason = alone(text).unwrap_err();
            assert!(reason.contains("without a unit") && reason.contains("`unit`"), "{reason}");
            assert!(measure(wanted, about(Some(" "), false), text).is_err(), "{text}");
        }
        // Whoever states a unit means it.
        assert_eq!(measure(wanted, about(Some("Pa"), false), "101325").unwrap().value, "101325");
        assert_eq!(alone("101325 Pa").unwrap().value, "101325");
        assert_eq!(measure(wanted, about(Some("hPa"), false), "5000").unwrap().value, "500000");
        assert_eq!(measure(wanted, about(None, true), "5000").unwrap().value, "500000");
    }

    #[test]
    fn two_units_for_one_value_must_be_the_same() {
        let wanted = Measure { quantity: SensorKind::Temperature, unit: None };
        let stated = |unit, text| {
            measure(wanted, Statement { by_device: Some(unit), is_configured: true }, text)
        };
        assert_eq!(stated("degF", "41 °F").unwrap().value, "5");
        assert_eq!(stated("", "41 °F").unwrap().value, "5");
        let reason = stated("degC", "41 °F").unwrap_err();
        assert!(reason.contains("41 °F") && reason.contains("CEL"), "{reason}");
        // No configuration makes a time of day a temperature.
        let configured = Measure { quantity: SensorKind::Temperature, unit: Some(Unit::Celsius) };
        let about = Statement { by_device: None, is_configured: true };
        assert!(measure(configured, about, "12:30").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "\\PC{0,40}") {
            for unit in Unit::all() {
                let wanted = Measure { quantity: unit.quantity(), unit: Some(unit) };
                for is_configured in [false, true] {
                    let about = Statement { by_device: Some(&text), is_configured };
                    let _ = measure(wanted, about, &text);
                    let _ = measure(wanted, about, "20.5");
                }
            }
        }

        #[test]
        fn a_conversion_is_as_near_as_its_digits(tenths in -4000i32..10_000) {
            let text = format!("{}.{}", tenths / 10, (tenths % 10).abs());
            let text = if tenths < 0 && tenths > -10 { format!("-{text}") } else { text };
            let found = value(SensorKind::Temperature, Some(Unit::Fahrenheit), &text).unwrap();
            let right = (f64::from(tenths) / 10.0 - 32.0) * 5.0 / 9.0;
            prop_assert!((found.parse::<f64>().unwrap() - right).abs() < 0.0006, "{text} F is {found} C");
        }
    }
}
