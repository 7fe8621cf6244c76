//! Units: what each is called, what it measures, and how it becomes the quantity's own.
//!
//! The way through: [`Unit::named`] finds the unit that a device writes in one of many ways; [`chosen`] decides which
//! unit a value has, from what the device states and what the configuration says.
//!
//! What holds: every sensor format asks here, so that a unit means the same in each. What a device states wins over what
//! the configuration assumes; a unit of another quantity gives no value; an unknown unit gives none either, unless the
//! configuration names a unit for exactly this field. Names whose meaning hangs on capital letters (`MPa`, `mV`) are
//! compared with them, all others without.
//!
//! Not here: the arithmetic ([`super::quantity`]).
//!
//! Sources: UN/ECE Recommendation 20, revision 17 (codes, and the factors of bar and pound-force per square inch); UCUM
//! 2.1 tables 2 to 7 (`Cel`, `[degF]`, `K`, `Pa`, `bar`, `[psi]`, `V`, `lx`, `%`, in both of its letter cases); for the
//! rest what makers' documents and public configurations write.

use reads::SensorKind;
use serde::{Deserialize, Serialize};

/// Units that are understood, by their UN/ECE code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub enum Unit {
    /// Degrees Celsius.
    #[serde(rename = "CEL")]
    Celsius,
    /// Degrees Fahrenheit.
    #[serde(rename = "FAH")]
    Fahrenheit,
    /// Kelvin.
    #[serde(rename = "KEL")]
    Kelvin,
    /// Per cent.
    #[serde(rename = "P1")]
    PerCent,
    /// Pascal.
    #[serde(rename = "PAL")]
    Pascal,
    /// Hectopascal, which is a millibar.
    #[serde(rename = "A97")]
    Hectopascal,
    /// Kilopascal.
    #[serde(rename = "KPA")]
    Kilopascal,
    /// Megapascal.
    #[serde(rename = "MPA")]
    Megapascal,
    /// Bar.
    #[serde(rename = "BAR")]
    Bar,
    /// Pound-force per square inch.
    #[serde(rename = "PS")]
    Psi,
    /// Lux.
    #[serde(rename = "LUX")]
    Lux,
    /// Volt.
    #[serde(rename = "VLT")]
    Volt,
    /// Millivolt.
    #[serde(rename = "2Z")]
    Millivolt,
}

/// Conversion of a unit to the quantity's own: `(value + offset) * multiply / divide`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conversion {
    /// In hundredths.
    pub offset: i128,
    /// Factor.
    pub multiply: i128,
    /// Divisor, not 0.
    pub divide: i128,
}

impl Conversion {
    /// Of the quantity's own unit.
    pub const SAME: Self = Self { offset: 0, multiply: 1, divide: 1 };
}

/// What is known about a unit.
struct Entry {
    unit: Unit,
    code: &'static str,
    quantity: SensorKind,
    /// Names in small letters, compared without regard to capitals, spaces, underscores and dots.
    names: &'static [&'static str],
    /// Names that count only with exactly these letters.
    exact: &'static [&'static str],
    conversion: Conversion,
}

const fn entry(
    unit: Unit,
    code: &'static str,
    quantity: SensorKind,
    names: &'static [&'static str],
    exact: &'static [&'static str],
    (offset, multiply, divide): (i128, i128, i128),
) -> Entry {
    Entry {
        unit,
        code,
        quantity,
        names,
        exact,
        conversion: Conversion { offset, multiply, divide },
    }
}

const SAME: (i128, i128, i128) = (0, 1, 1);
/// 4.4482216152605 N on 0.0254 m squared, without fractions.
const PSI: (i128, i128, i128) = (0, 44_482_216_152_605, 6_451_600_000);

const ENTRIES: [Entry; 13] = [
    entry(
        Unit::Celsius,
        "CEL",
        SensorKind::Temperature,
        &[
            "°c",
            "c",
            "cel",
            "degc",
            "celsius",
            "degcelsius",
            "degreecelsius",
            "degreescelsius",
            "degreesc",
            "centigrade",
            "摄氏度",
        ],
        &[],
        SAME,
    ),
    entry(
        Unit::Fahrenheit,
        "FAH",
        SensorKind::Temperature,
        &[
            "°f",
            "f",
            "fah",
            "degf",
            "[degf]",
            "fahrenheit",
            "degfahrenheit",
            "degreefahrenheit",
            "degreesfahrenheit",
            "degreesf",
            "华氏度",
        ],
        &[],
        (-3200, 5, 9),
    ),
    entry(
        Unit::Kelvin,
        "KEL",
        SensorKind::Temperature,
        &["k", "kel", "kelvin", "kelvins", "degk", "°k", "开尔文"],
        &[],
        (-27315, 1, 1),
    ),
    entry(
        Unit::PerCent,
        "P1",
        SensorKind::RelativeHumidity,
        &["%", "%rh", "rh%", "p1", "percent", "percentage", "percentrh", "pct", "pctrh", "百分比"],
        &[],
        SAME,
    ),
    entry(
        Unit::Pascal,
        "PAL",
        SensorKind::Pressure,
        &["pa", "pal", "pascal", "pascals", "帕"],
        &[],
        SAME,
    ),
    entry(
        Unit::Hectopascal,
        "A97",
        SensorKind::Pressure,
        &[
            "hpa",
            "a97",
            "hectopascal",
            "hectopascals",
            "mbar",
            "mbr",
            "millibar",
            "millibars",
            "百帕",
        ],
        &[],
        (0, 100, 1),
    ),
    entry(
        Unit::Kilopascal,
        "KPA",
        SensorKind::Pressure,
        &["kpa", "kilopascal", "kilopascals", "千帕"],
        &[],
        (0, 1000, 1),
    ),
    // `mPa` is a millipascal.
    entry(
        Unit::Megapascal,
        "MPA",
        SensorKind::Pressure,
        &["megapascal", "megapascals", "兆帕"],
        &["MPa", "MPA"],
        (0, 1_000_000, 1),
    ),
    entry(Unit::Bar, "BAR", SensorKind::Pressure, &["bar", "bars"], &[], (0, 100_000, 1)),
    entry(
        Unit::Psi,
        "PS",
        SensorKind::Pressure,
        &["psi", "[psi]", "lbf/in2", "lbf/in²"],
        &["PS"],
        PSI,
    ),
    entry(Unit::Lux, "LUX", SensorKind::Illuminance, &["lx", "lux", "勒克斯"], &[], SAME),
    entry(
        Unit::Volt,
        "VLT",
        SensorKind::Voltage,
        &["v", "vlt", "volt", "volts", "vdc", "伏"],
        &[],
        SAME,
    ),
    // `MV` is a megavolt.
    entry(
        Unit::Millivolt,
        "2Z",
        SensorKind::Voltage,
        &["2z", "millivolt", "millivolts", "毫伏"],
        &["mV", "mv"],
        (0, 1, 1000),
    ),
];

/// Longest name of a unit, in bytes.
const MAX_NAME: usize = 32;

impl Unit {
    /// Every unit.
    pub fn all() -> impl Iterator<Item = Self> {
        ENTRIES.iter().map(|entry| entry.unit)
    }

    /// The unit that `text` names: a code of UN/ECE or UCUM, a sign or a word.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() || text.len() > MAX_NAME {
            return None;
        }
        let plain = plain(text);
        ENTRIES
            .iter()
            .find(|entry| entry.exact.contains(&text) || entry.names.contains(&plain.as_str()))
            .map(|entry| entry.unit)
    }

    /// The unit that values of a quantity are kept in.
    #[must_use]
    pub fn of(quantity: SensorKind) -> Self {
        match quantity {
            SensorKind::Temperature => Self::Celsius,
            SensorKind::RelativeHumidity => Self::PerCent,
            SensorKind::Pressure => Self::Pascal,
            SensorKind::Illuminance => Self::Lux,
            SensorKind::Voltage => Self::Volt,
        }
    }

    fn entry(self) -> &'static Entry {
        // In the order of the enum; the test of the table holds it to that.
        &ENTRIES[self as usize]
    }

    /// Its UN/ECE code.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.entry().code
    }

    /// What it measures.
    #[must_use]
    pub fn quantity(self) -> SensorKind {
        self.entry().quantity
    }

    /// How it becomes the quantity's own unit.
    #[must_use]
    pub fn conversion(self) -> Conversion {
        self.entry().conversion
    }
}

/// A name with the differences taken out that mean nothing.
fn plain(text: &str) -> String {
    // What text of UTF-8 becomes when it is read as Latin-1.
    let text = text.replace("Â°", "°");
    text.chars()
        .filter(|letter| !letter.is_whitespace() && !matches!(letter, '_' | '.'))
        .flat_map(|letter| match letter {
            // Letters that look alike: masculine ordinal, ring above.
            'º' | '˚' => vec!['°'],
            '℃' => vec!['°', 'c'],
            '℉' => vec!['°', 'f'],
            '％' => vec!['%'],
            other => other.to_lowercase().collect(),
        })
        .collect()
}

/// The unit of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chosen {
    /// The unit.
    pub unit: Unit,
    /// The unit that the configuration or the field's name says, if it is another one.
    pub instead_of: Option<Unit>,
}

/// Decides which unit a value of `quantity` has.
///
/// - `assumed`: what the configuration or the field's name says.
/// - `is_configured`: `assumed` is what the configuration says of exactly this field.
/// - `stated`: what the device says, in any of its names.
///
/// # Errors
///
/// If the device states a unit that is not known, or the unit is of another quantity: what it is and what is expected.
pub fn chosen(
    quantity: SensorKind,
    assumed: Option<Unit>,
    is_configured: bool,
    stated: Option<&str>,
) -> Result<Chosen, String> {
    let stated = stated.map(str::trim).filter(|text| !text.is_empty());
    let named = stated.and_then(Unit::named);
    if let (Some(text), None) = (stated, named)
        && !(is_configured && assumed.is_some())
    {
        return Err(format!(
            "got the unknown unit `{}`, expected {}; `unit` of this field below `fields` states it",
            crate::message::short(text),
            expected(quantity)
        ));
    }
    let unit = named.or(assumed).unwrap_or_else(|| Unit::of(quantity));
    if unit.quantity() != quantity {
        return Err(format!(
            "got unit {}, which {quantity:?} does not have, expected {}",
            unit.code(),
            expected(quantity)
        ));
    }
    Ok(Chosen { unit, instead_of: assumed.filter(|assumed| named.is_some() && *assumed != unit) })
}

/// Codes of the units that a quantity has.
fn expected(quantity: SensorKind) -> String {
    let codes: Vec<&str> =
        ENTRIES.iter().filter(|entry| entry.quantity == quantity).map(|entry| entry.code).collect();
    codes.join(", ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_unit_is_found_under_each_of_its_names() {
        for (unit, names) in [
            (
                Unit::Celsius,
                "°C|C|c|degC|DEGC|Deg C|deg_c|Cel|CEL|℃|º C|˚C|Â°C|Celsius|degrees Celsius|摄氏度",
            ),
            (Unit::Fahrenheit, "°F|F|degF|[degF]|[DEGF]|FAH|℉|Fahrenheit|deg. F|华氏度"),
            (Unit::Kelvin, "K|KEL|Kelvin|degK|\u{212a}"),
            (Unit::PerCent, "%|%RH|% RH|%r.h.|RH%|P1|percent|Percentage|pct|％"),
            (Unit::Pascal, "Pa|PAL|pascal"),
            (Unit::Hectopascal, "hPa|HPA|A97|mbar|MBAR|MBR|millibar"),
            (Unit::Kilopascal, "kPa|KPA|kilopascal"),
            (Unit::Megapascal, "MPa|MPA|megapascal"),
            (Unit::Bar, "bar|BAR|Bar"),
            (Unit::Psi, "psi|PSI|[psi]|PS|lbf/in2"),
            (Unit::Lux, "lx|LX|lux|LUX"),
            (Unit::Volt, "V|VLT|volts|Vdc|V DC"),
            (Unit::Millivolt, "mV|mv|2Z|millivolt"),
        ] {
            for name in names.split('|') {
                assert_eq!(Unit::named(name), Some(unit), "{name}");
            }
        }
    }

    #[test]
    fn what_is_no_unit_here_has_no_meaning() {
        let long = "c".repeat(10_000);
        for name in [
            "", " ", "°", "deg", "mPa", "MV", "kV", "mA", "rpm", "m", "dBm", "ppm", "°R", "CC",
            "g/m3", "null", &long,
        ] {
            assert_eq!(Unit::named(name), None, "{name}");
        }
    }

    #[test]
    fn the_table_has_each_unit_once_at_its_place_and_each_name_once() {
        let mut names = std::collections::BTreeSet::new();
        for (place, unit) in Unit::all().enumerate() {
            assert_eq!(unit as usize, place, "{unit:?}");
            assert_eq!(Unit::named(unit.code()), Some(unit));
            let toml = format!("unit = \"{}\"", unit.code());
            let read: std::collections::BTreeMap<String, Unit> = toml::from_str(&toml).unwrap();
            assert_eq!(read["unit"], unit, "the configuration's word is the code");
            let entry = unit.entry();
            for name in entry.names.iter().chain(entry.exact) {
                assert!(names.insert(*name), "{name}");
                assert!(entry.exact.contains(name) || plain(name) == **name, "{name}");
            }
            let own = Unit::of(unit.quantity());
            assert_eq!(own.conversion(), Conversion::SAME);
            assert_eq!(own.code(), unit.quantity().unit());
        }
    }

    #[test]
    fn what_the_device_states_wins_over_what_is_assumed() {
        use SensorKind::Temperature;
        let decided = |assumed, is_configured, stated| {
            chosen(Temperature, assumed, is_configured, stated)
                .map(|one| (one.unit, one.instead_of))
        };
        let (cel, fah) = (Unit::Celsius, Unit::Fahrenheit);
        for (assumed, is_configured, stated, want) in [
            (None, false, None, Some((cel, None))),
            (None, true, None, Some((cel, None))),
            (Some(fah), false, None, Some((fah, None))),
            (None, false, Some("degF"), Some((fah, None))),
            (None, false, Some("  "), Some((cel, None))),
            (Some(fah), true, Some("°F"), Some((fah, None))),
            (Some(fah), true, Some("°C"), Some((cel, Some(fah)))),
            (Some(fah), true, Some("counts"), Some((fah, None))),
            (Some(fah), false, Some("counts"), None),
            (None, true, Some("counts"), None),
            (Some(fah), true, Some("kPa"), None),
            (Some(Unit::Volt), true, None, None),
        ] {
            let found = decided(assumed, is_configured, stated);
            assert_eq!(found.clone().ok(), want, "{assumed:?} {stated:?}: {found:?}");
            if let Err(reason) = found {
                assert!(reason.contains("CEL, FAH, KEL"), "{reason}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_unit_or_none(text in "\\PC{0,40}") {
            let _ = Unit::named(&text);
        }
    }
}
