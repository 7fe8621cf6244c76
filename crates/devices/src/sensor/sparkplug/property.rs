//! What the properties of a metric say about its value: quality and unit.
//!
//! The way through: [`Properties::read`] takes the closed property set of a metric that measures something.
//!
//! What holds: of a set that cannot be read, is too large or contradicts itself, the quality is not good; nothing nested
//! is opened; what is kept of a unit is short.
//!
//! Quality is of the value that it comes with, and not of later ones: the property is optional and only required if
//! the quality is not GOOD, so a value without it is good, also after one that was not.
//! A unit belongs to the metric: the specification knows no such property, and the makers who send it do so in the birth
//! and again when it changes. It holds until then (`metrics`).
//!
//! Not here: which units there are ([`crate::sensor::unit`]).
//!
//! Source: Sparkplug 3.0.0 sections 6.4.8 (property set), 6.4.9 (property value) and 6.4.9.1 (quality codes:
//! tck-id-payloads-propertyset-quality-value-type and -value-value); `engUnit` as gateways of several makers send it.

use prost::Message;

use super::payload::Metric;
use super::topic::shown;

/// Longest property set that is read, in bytes. Real ones have a few hundred.
pub const MAX_SET: usize = 16 * 1024;
/// Longest name of a unit that is kept, in bytes.
const MAX_UNIT: usize = 64;
/// Names of the property that holds the unit, in small letters without spaces and underscores.
const UNIT_KEYS: [&str; 6] =
    ["engunit", "engunits", "engineeringunit", "engineeringunits", "unit", "units"];

/// Keys and values by their place. The values stay closed.
#[derive(Clone, PartialEq, Message)]
struct PropertySet {
    #[prost(bytes = "vec", repeated, tag = "1")]
    keys: Vec<Vec<u8>>,
    #[prost(bytes = "vec", repeated, tag = "2")]
    values: Vec<Vec<u8>>,
}

/// One value. Nested sets (9, 10) and extensions (11) stay closed as unknown fields.
#[derive(Clone, PartialEq, Message)]
struct PropertyValue {
    #[prost(uint32, optional, tag = "1")]
    datatype: Option<u32>,
    #[prost(bool, optional, tag = "2")]
    is_null: Option<bool>,
    #[prost(uint32, optional, tag = "3")]
    int: Option<u32>,
    #[prost(uint64, optional, tag = "4")]
    long: Option<u64>,
    #[prost(string, optional, tag = "8")]
    text: Option<String>,
}

/// How good a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Quality {
    /// 192, or not said.
    Good,
    /// 500: the value was good once and is no longer current.
    Stale,
    /// Anything else, in words.
    Bad(String),
}

/// What the properties of a metric say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Properties {
    /// The quality of the value.
    pub quality: Quality,
    /// The unit, if one is stated, as it is written.
    pub unit: Option<String>,
}

impl Properties {
    /// Reads the properties of `metric`.
    #[must_use]
    pub fn read(metric: &Metric) -> Self {
        let Some(set) = &metric.properties else {
            return Self { quality: Quality::Good, unit: None };
        };
        read(set).unwrap_or_else(|problem| Self { quality: Quality::Bad(problem), unit: None })
    }
}

fn read(set: &[u8]) -> Result<Properties, String> {
    const EXPECTED: &str = "expected a property set";
    if set.len() > MAX_SET {
        return Err(format!("its properties have {} bytes, expected at most {MAX_SET}", set.len()));
    }
    let PropertySet { keys, values } = PropertySet::decode(set)
        .map_err(|error| format!("its properties cannot be read: {error}, {EXPECTED}"))?;
    if keys.len() != values.len() {
        return Err(format!(
            "its properties have {} keys and {} values, expected as many",
            keys.len(),
            values.len()
        ));
    }
    let (mut quality, mut unit): (Option<Quality>, Option<String>) = (None, None);
    for (key, value) in keys.iter().zip(&values) {
        let key = std::str::from_utf8(key)
            .map_err(|_| format!("a key of its properties is not UTF-8, {EXPECTED}"))?;
        if key.eq_ignore_ascii_case("quality") {
            let found = quality_of(value);
            if quality.as_ref().is_some_and(|before| *before != found) {
                return Err("its properties have two Quality that differ, expected one".to_owned());
            }
            quality = Some(found);
        } else if is_unit(key)
            && let Some(found) = unit_of(value)
        {
            unit = Some(match unit {
                Some(before) if !is_same(&before, &found) => format!("{before} or {found}"),
                _ => found,
            });
        }
    }
    Ok(Properties { quality: quality.unwrap_or(Quality::Good), unit: unit.map(cut) })
}

/// Types 1 to 8 are the integers; a type that is left out is tolerated where the field is clear.
fn quality_of(value: &[u8]) -> Quality {
    const EXPECTED: &str = "expected 192 (GOOD), 500 (STALE) or 0 (BAD) as Int32";
    let Ok(value) = PropertyValue::decode(value) else {
        return Quality::Bad(format!("its Quality cannot be read, {EXPECTED}"));
    };
    let is_integer = value.datatype.is_none_or(|datatype| (1..=8).contains(&datatype));
    let number = match (value.int, value.long) {
        (Some(int), None) if is_integer => Some(i64::from(int.cast_signed())),
        (None, Some(long)) if is_integer => Some(long.cast_signed()),
        _ => None,
    };
    match number.filter(|_| value.is_null != Some(true)) {
        Some(192) => Quality::Good,
        Some(500) => Quality::Stale,
        Some(0) => Quality::Bad("its Quality is 0 (BAD)".to_owned()),
        Some(other) => Quality::Bad(format!("its Quality is {other}, {EXPECTED}")),
        None => Quality::Bad(format!("its Quality is no integer, {EXPECTED}")),
    }
}

fn is_unit(key: &str) -> bool {
    let plain: String = key
        .chars()
        .filter(|letter| !matches!(letter, ' ' | '_'))
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    UNIT_KEYS.contains(&plain.as_str())
}

/// The text of a unit; none if it is empty or null. What is no text is no unit, which nobody knows.
fn unit_of(value: &[u8]) -> Option<String> {
    let Ok(value) = PropertyValue::decode(value) else { return Some("(unreadable)".to_owned()) };
    if value.is_null == Some(true) {
        return None;
    }
    let Some(text) = value.text else { return Some("(no text)".to_owned()) };
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn is_same(one: &str, other: &str) -> bool {
    use crate::sensor::unit::Unit;
    one == other || Unit::named(one).is_some_and(|unit| Unit::named(other) == Some(unit))
}

/// A long text is no unit: what is kept of it says so.
fn cut(unit: String) -> String {
    if unit.len() <= MAX_UNIT {
        return unit;
    }
    let start: String = unit.chars().take(20).collect();
    format!("{}… ({} bytes)", shown(&start), unit.len())
}
