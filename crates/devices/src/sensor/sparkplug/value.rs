//! What a metric's value is as a decimal number.
//!
//! The way through: [`decimal`] takes the datatype from the birth and the field that was sent.
//!
//! What holds: an integer is converted exactly, whatever its width and sign; a float as the shortest
//! digits that read back to it, as 32 bits if it was sent so; a Boolean is 0 or 1. A value that does not fit
//! its datatype is an error and never a wrong number.
//!
//! Not here: text, bytes, times, data sets and templates: these are no measured numbers and give none.
//!
//! Source: Sparkplug 3.0.0 section 6.4.16 and 6.4.17 (datatypes and the fields they travel in).

use thiserror::Error;

use super::payload::Value;

/// Why a value is no number.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unusable {
    /// Neither a value nor the mark that there is none.
    #[error("has no value and is not marked as null")]
    Missing,
    /// NaN or infinite.
    #[error("got the value {0}, expected a finite number")]
    NotFinite(String),
    /// The bits do not fit the datatype.
    #[error("has the bits {bits:#x}, which {datatype} cannot hold")]
    Range {
        /// Name of the datatype.
        datatype: &'static str,
        /// What was sent.
        bits: u64,
    },
    /// The value is in a field that the datatype does not use.
    #[error("is {datatype}, but its value was sent as {sent}")]
    Field {
        /// Name of the datatype.
        datatype: &'static str,
        /// Name of the field.
        sent: &'static str,
    },
}

/// How a datatype is read.
enum Kind {
    Signed(u32),
    Unsigned(u32),
    Floating,
    Boolean,
}

fn kind(datatype: u32) -> Option<(Kind, &'static str)> {
    Some(match datatype {
        1 => (Kind::Signed(8), "Int8"),
        2 => (Kind::Signed(16), "Int16"),
        3 => (Kind::Signed(32), "Int32"),
        4 => (Kind::Signed(64), "Int64"),
        5 => (Kind::Unsigned(8), "UInt8"),
        6 => (Kind::Unsigned(16), "UInt16"),
        7 => (Kind::Unsigned(32), "UInt32"),
        8 => (Kind::Unsigned(64), "UInt64"),
        9 => (Kind::Floating, "Float"),
        10 => (Kind::Floating, "Double"),
        11 => (Kind::Boolean, "Boolean"),
        _ => return None,
    })
}

/// Whether a datatype gives a number.
#[must_use]
pub fn is_numeric(datatype: u32) -> bool {
    kind(datatype).is_some()
}

/// The value as decimal text; none if the datatype is not a numeric one.
///
/// # Errors
/// [`Unusable`] if the value is missing, in a field of another kind, out of the datatype's range, or not
/// finite.
pub fn decimal(datatype: u32, value: Option<&Value>) -> Result<Option<String>, Unusable> {
    let Some((kind, name)) = kind(datatype) else { return Ok(None) };
    let value = value.ok_or(Unusable::Missing)?;
    // Some makers send 32 bits in the field of 64, and the other way round: both fields are accepted, as long
    // as the number is unambiguous.
    let text = match (kind, value) {
        (Kind::Signed(width), Value::Int(bits)) => signed(u64::from(*bits), 32, width),
        (Kind::Signed(width), Value::Long(bits)) => signed(*bits, 64, width),
        (Kind::Unsigned(width), Value::Int(bits)) => unsigned(u64::from(*bits), width),
        (Kind::Unsigned(width), Value::Long(bits)) => unsigned(*bits, width),
        (Kind::Floating, Value::Float(number)) => return finite(number.is_finite(), number),
        (Kind::Floating, Value::Double(number)) => return finite(number.is_finite(), number),
        (Kind::Boolean, Value::Boolean(is_set)) => Ok(u8::from(*is_set).to_string()),
        (_, other) => return Err(Unusable::Field { datatype: name, sent: field(other) }),
    };
    text.map(Some).map_err(|bits| Unusable::Range { datatype: name, bits })
}

fn finite(is_finite: bool, number: &impl std::fmt::Display) -> Result<Option<String>, Unusable> {
    // The standard library writes the shortest digits that read back, and never an exponent.
    if is_finite {
        Ok(Some(number.to_string()))
    } else {
        Err(Unusable::NotFinite(number.to_string()))
    }
}

/// A signed number of `width` bits in a field of `field` bits. Negative ones are sent in two ways:
/// with the sign through the whole field (0xFFFFFF33), or in their own bits only (0xFF33).
fn signed(bits: u64, field: u32, width: u32) -> Result<String, u64> {
    let whole = extended(bits, field);
    let own = extended(bits, width);
    if width > field {
        // 32 bits for an Int64: from 0x80000000 on it may be a large number or a negative one.
        return if whole >= 0 { Ok(whole.to_string()) } else { Err(bits) };
    }
    let is_own_bits_only = width == 64 || bits >> width == 0;
    if is_own_bits_only || whole == own { Ok(own.to_string()) } else { Err(bits) }
}

fn unsigned(bits: u64, width: u32) -> Result<String, u64> {
    if width == 64 || bits >> width == 0 { Ok(bits.to_string()) } else { Err(bits) }
}

/// The lowest `width` bits as a signed number; `width` is 1 to 64.
fn extended(bits: u64, width: u32) -> i64 {
    let unused = 64_u32.saturating_sub(width);
    (bits << unused).cast_signed() >> unused
}

fn field(value: &Value) -> &'static str {
    match value {
        Value::Int(_) => "int_value",
        Value::Long(_) => "long_value",
        Value::Float(_) => "float_value",
        Value::Double(_) => "double_value",
        Value::Boolean(_) => "boolean_value",
        Value::Text(_) => "string_value",
        Value::Bytes(_) => "bytes_value",
        Value::DataSet(_) => "dataset_value",
        Value::Template(_) => "template_value",
        Value::Extension(_) => "extension_value",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_comes_out_as_its_datatype_says() {
        for (datatype, value, wanted) in [
            (1, Value::Int(0x7F), "127"),
            (1, Value::Int(0x80), "-128"),
            (1, Value::Int(0xFFFF_FF80), "-128"),
            (2, Value::Int(0xFFFF_FF33), "-205"),
            (2, Value::Int(0xFF33), "-205"),
            (2, Value::Long(0xFFFF_FFFF_FFFF_FF33), "-205"),
            (2, Value::Int(305), "305"),
            (3, Value::Int(0xFFFF_FFFF), "-1"),
            (3, Value::Int(0x7FFF_FFFF), "2147483647"),
            (3, Value::Long(0xFFFF_FFFF), "-1"),
            (4, Value::Long(u64::MAX), "-1"),
            (4, Value::Long(1 << 63), "-9223372036854775808"),
            (4, Value::Int(12), "12"),
            (5, Value::Int(255), "255"),
            (6, Value::Int(0xFF33), "65331"),
            (7, Value::Int(u32::MAX), "4294967295"),
            (7, Value::Long(4_294_967_295), "4294967295"),
            (8, Value::Long(u64::MAX), "18446744073709551615"),
            (8, Value::Int(u32::MAX), "4294967295"),
            (9, Value::Float(-20.5), "-20.5"),
            (9, Value::Float(0.1), "0.1"),
            (9, Value::Double(0.1), "0.1"),
            (10, Value::Double(54.6), "54.6"),
            (10, Value::Float(54.6), "54.6"),
            (10, Value::Double(1e21), "1000000000000000000000"),
            (11, Value::Boolean(true), "1"),
            (11, Value::Boolean(false), "0"),
        ] {
            assert_eq!(decimal(datatype, Some(&value)), Ok(Some(wanted.to_owned())), "{value:?}");
            assert!(is_numeric(datatype));
        }
    }

    #[test]
    fn what_does_not_fit_its_datatype_is_never_a_number() {
        for (datatype, value, said) in [
            (1, Some(Value::Int(0x100)), "bits 0x100, which Int8"),
            (1, Some(Value::Int(0xFFFF_FF7F)), "which Int8"),
            (2, Some(Value::Int(70_000)), "which Int16"),
            (3, Some(Value::Long(1 << 32)), "which Int32"),
            (4, Some(Value::Int(0x8000_0000)), "which Int64"),
            (5, Some(Value::Int(256)), "which UInt8"),
            (6, Some(Value::Int(0xFFFF_FF33)), "which UInt16"),
            (7, Some(Value::Long(u64::MAX)), "which UInt32"),
            (9, Some(Value::Float(f32::NAN)), "value NaN"),
            (9, Some(Value::Float(f32::INFINITY)), "value inf"),
            (10, Some(Value::Double(f64::NEG_INFINITY)), "value -inf"),
            (10, Some(Value::Int(3)), "is Double, but its value was sent as int_value"),
            (3, Some(Value::Float(3.0)), "is Int32, but its value was sent as float_value"),
            (11, Some(Value::Int(1)), "is Boolean, but its value was sent as int_value"),
            (9, Some(Value::Text("3".to_owned())), "sent as string_value"),
            (9, None, "no value"),
        ] {
            let error = decimal(datatype, value.as_ref()).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn types_that_are_no_numbers_give_none() {
        for datatype in [0, 12, 13, 14, 15, 16, 17, 18, 19, 22, 34, u32::MAX] {
            assert_eq!(decimal(datatype, Some(&Value::Text("20.5".to_owned()))), Ok(None));
            assert_eq!(decimal(datatype, None), Ok(None));
            assert!(!is_numeric(datatype));
        }
    }

    proptest! {
        #[test]
        fn every_signed_number_survives_both_ways_of_sending(number in any::<i16>()) {
            let extended = i32::from(number).cast_unsigned();
            let own = u32::from(number.cast_unsigned());
            for bits in [extended, own] {
                prop_assert_eq!(decimal(2, Some(&Value::Int(bits))), Ok(Some(number.to_string())));
            }
        }

        #[test]
        fn a_float_reads_back_to_itself(number in any::<f32>(), wide in any::<f64>()) {
            if let Ok(Some(text)) = decimal(9, Some(&Value::Float(number))) {
                prop_assert_eq!(text.parse::<f32>().unwrap().to_bits(), number.to_bits());
            }
            if let Ok(Some(text)) = decimal(10, Some(&Value::Double(wide))) {
                prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), wide.to_bits());
            }
        }

        #[test]
        fn no_bits_panic(datatype in 0_u32..40, int in any::<u32>(), long in any::<u64>()) {
            let _ = decimal(datatype, Some(&Value::Int(int)));
            let _ = decimal(datatype, Some(&Value::Long(long)));
        }
    }
}
