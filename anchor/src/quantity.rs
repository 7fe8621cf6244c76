//! How JSON-RPC writes numbers and bytes: hex with `0x` in JSON strings, and nothing else.
//!
//! What holds: whatever a node answers, nothing here panics; an answer of the wrong shape becomes a
//! [`ShapeError`] that names the member, what it holds and what was expected.
//!
//! Sources: Ethereum JSON-RPC specification, "Hex value encoding".

use serde_json::Value;
use thiserror::Error;

/// A node's answer does not have the specified shape.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{member}`: got {found}, expected {expected}")]
pub struct ShapeError {
    /// Which member of the answer.
    pub member: String,
    /// Its value, cut to 80 characters.
    pub found: String,
    /// The form that was expected.
    pub expected: &'static str,
}

/// The error for a member that does not have the expected form.
#[must_use]
pub fn wrong(member: &str, value: &Value, expected: &'static str) -> ShapeError {
    let found = value.to_string().chars().take(80).collect();
    ShapeError { member: member.to_owned(), found, expected }
}

/// Writes a number.
#[must_use]
pub fn from_number(value: u128) -> String {
    format!("{value:#x}")
}

/// Writes bytes.
#[must_use]
pub fn from_bytes(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// Reads a number of at most 128 bits.
///
/// # Errors
///
/// [`ShapeError`] if `value` is not a hex number or too large.
pub fn to_u128(member: &str, value: &Value) -> Result<u128, ShapeError> {
    value
        .as_str()
        .and_then(|text| text.strip_prefix("0x"))
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .and_then(|digits| u128::from_str_radix(digits, 16).ok())
        .ok_or_else(|| wrong(member, value, "0x and at most 32 hex digits"))
}

/// Reads a number of at most 64 bits.
///
/// # Errors
///
/// [`ShapeError`] if `value` is not a hex number or too large.
pub fn to_u64(member: &str, value: &Value) -> Result<u64, ShapeError> {
    to_u128(member, value)
        .ok()
        .and_then(|number| u64::try_from(number).ok())
        .ok_or_else(|| wrong(member, value, "0x and at most 16 hex digits"))
}

/// Reads a number of any size as big-endian bytes without leading zeros.
///
/// # Errors
///
/// [`ShapeError`] if `value` is not a hex number.
pub fn to_big(member: &str, value: &Value) -> Result<Vec<u8>, ShapeError> {
    let digits = value
        .as_str()
        .and_then(|text| text.strip_prefix("0x"))
        .ok_or_else(|| wrong(member, value, "0x and hex digits"))?;
    let even = if digits.len() % 2 == 0 { digits.to_owned() } else { format!("0{digits}") };
    let bytes = hex::decode(even).map_err(|_| wrong(member, value, "0x and hex digits"))?;
    Ok(bytes.into_iter().skip_while(|byte| *byte == 0).collect())
}

/// Reads bytes.
///
/// # Errors
///
/// [`ShapeError`] if `value` is not an even number of hex digits.
pub fn to_bytes(member: &str, value: &Value) -> Result<Vec<u8>, ShapeError> {
    value
        .as_str()
        .and_then(|text| text.strip_prefix("0x"))
        .and_then(|digits| hex::decode(digits).ok())
        .ok_or_else(|| wrong(member, value, "0x and an even number of hex digits"))
}

/// Reads exactly `N` bytes.
///
/// # Errors
///
/// [`ShapeError`] if there are more or fewer.
pub fn to_array<const N: usize>(member: &str, value: &Value) -> Result<[u8; N], ShapeError> {
    to_bytes(member, value)?
        .try_into()
        .map_err(|_| wrong(member, value, "0x and another number of hex digits"))
}

/// The member `name` of an object, or null if there is none.
#[must_use]
pub fn member<'a>(object: &'a Value, name: &str) -> &'a Value {
    object.get(name).unwrap_or(&Value::Null)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_and_bytes_are_read_as_they_were_written() {
        assert_eq!(to_u64("n", &json!(from_number(4_096))), Ok(4_096));
        assert_eq!(to_u128("n", &json!("0x0")), Ok(0));
        assert_eq!(to_bytes("b", &json!(from_bytes(&[0, 255]))), Ok(vec![0, 255]));
        assert_eq!(to_array("b", &json!("0x0102")), Ok([1, 2]));
        assert_eq!(to_big("b", &json!("0x100")), Ok(vec![1, 0]));
        assert_eq!(to_big("b", &json!("0x0")), Ok(vec![]));
    }

    #[test]
    fn an_answer_of_the_wrong_shape_is_named() {
        for value in [json!(null), json!(7), json!("7"), json!("0xzz"), json!("0x+1"), json!({})] {
            assert!(to_u64("gasUsed", &value).is_err(), "{value}");
            assert!(to_bytes("data", &value).is_err(), "{value}");
        }
        let error = to_u64("gasUsed", &json!("0x11112222333344445")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`gasUsed`: got \"0x11112222333344445\", expected 0x and at most 16 hex digits"
        );
        assert!(to_array::<32>("hash", &json!("0x00")).is_err());
    }
}
