//! Times as text: the form of RFC 3339, and no other of the many that a program may read.
//!
//! What holds: a text with a space, without seconds or offset, with the name of a zone, with hour 24 or second 60 is
//! no time. Programs read such texts differently: a second 60 becomes 59 in one and 0 of the next minute in another.
//!
//! Source: RFC 3339 section 5.6, without its leap seconds.

use jiff::Timestamp;

/// The accepted form, for errors.
pub(crate) const EXPECTED: &str =
    "a time with seconds and offset, such as 2026-11-20T08:15:00.125+08:00";

/// Most decimals of a second that can be kept.
const DECIMALS: usize = 9;

/// Reads a time.
///
/// # Errors
///
/// What is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Timestamp, &'static str> {
    const FORM: &str = "not a time";
    let (date, rest) = text.as_bytes().split_at_checked(10).ok_or(FORM)?;
    let (clock, rest) = rest.split_at_checked(9).ok_or(FORM)?;
    let fits = has_form(date, "0000-00-00")
        && (has_form(clock, "T00:00:00") || has_form(clock, "t00:00:00"))
        && &date[..4] != b"0000"
        && two(&clock[1..]) < 24
        && two(&clock[4..]) < 60
        && two(&clock[7..]) < 60;
    let (decimals, offset) = match rest.split_first() {
        Some((b'.', rest)) => {
            let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            (Some(count), &rest[count..])
        }
        _ => (None, rest),
    };
    let is_offset = matches!(offset, b"Z" | b"z")
        || (has_form(offset, "+00:00") || has_form(offset, "-00:00"))
            && two(&offset[1..]) < 24
            && two(&offset[4..]) < 60;
    if !fits || decimals == Some(0) || !is_offset {
        return Err(FORM);
    }
    if decimals.is_some_and(|count| count > DECIMALS) {
        return Err("a time with more than 9 decimals");
    }
    text.parse().map_err(|_| "not a day of the calendar, or a time too far away")
}

/// Whether a text that can be read as a time is written as `2026-11-20T08:15:00.125Z`, and so is its own form in UTC with three decimals.
pub(crate) fn is_utc_with_millis(text: &str) -> bool {
    has_form(text.as_bytes(), "0000-00-00T00:00:00.000Z") && text.get(17..19) != Some("60")
}

/// Whether `text` is `form` with any digits in place of its zeros.
fn has_form(text: &[u8], form: &str) -> bool {
    text.len() == form.len()
        && text.iter().zip(form.bytes()).all(|(got, expected)| {
            if expected == b'0' { got.is_ascii_digit() } else { *got == expected }
        })
}

/// The number of the first two digits.
fn two(text: &[u8]) -> u8 {
    match text {
        [tens, ones, ..] => {
            (tens.wrapping_sub(b'0')).wrapping_mul(10).wrapping_add(ones.wrapping_sub(b'0'))
        }
        _ => u8::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_in_utc_with_three_decimals_is_its_own_form() {
        for text in
            ["2026-11-20T08:15:00.125Z", "0001-01-02T00:00:00.000Z", "2024-02-29T23:59:59.999Z"]
        {
            assert!(is_utc_with_millis(text), "{text}");
            assert_eq!(format!("{:.3}", text.parse::<Timestamp>().unwrap()), text);
        }
        for text in [
            "2026-11-20T08:15:60.125Z",
            "2026-11-20T08:15:00.12Z",
            "2026-11-20t08:15:00.125Z",
            "2026-11-20T08:15:00.125z",
            "2026-11-20T08:15:00.1+00",
            "",
        ] {
            assert!(!is_utc_with_millis(text), "{text}");
        }
    }

    #[test]
    fn a_time_has_the_form_of_rfc_3339_and_no_other() {
        for text in [
            "2026-11-20T08:15:00Z",
            "2026-11-20t08:15:00z",
            "2026-11-20T08:15:00.125+08:00",
            "2026-11-20T23:59:59.123456789-00:00",
            "2024-02-29T00:00:00+23:59",
            "0001-01-02T00:00:00Z",
        ] {
            assert_eq!(parse(text), Ok(text.parse().unwrap()), "{text}");
        }
        for text in [
            "",
            "2026-11-20",
            "2026-11-20 08:15:00Z",
            "2026-11-20T08:15Z",
            "2026-11-20T08:15:00",
            "2026-11-20T08:15:00.Z",
            "2026-11-20T08:15:00,5Z",
            "2026-11-20T08:15:00+08",
            "2026-11-20T08:15:00+0800",
            "2026-11-20T08:15:00+24:00",
            "2026-11-20T08:15:00+08:60",
            "2026-11-20T08:15:00+08:00:00",
            "2026-11-20T08:15:00[Asia/Shanghai]",
            "2026-11-20T08:15:00+08:00[Asia/Shanghai]",
            "2026-11-20T08:15:00+08:00 ",
            "2026-11-20T24:00:00Z",
            "2026-12-31T23:59:60Z",
            "2026-02-29T08:15:00Z",
            "2026-13-01T08:15:00Z",
            "2026-00-01T08:15:00Z",
            "0000-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "+002026-11-20T08:15:00Z",
            "20261120T081500Z",
            "2026-11-20T08:15:00.1234567891Z",
            "２０２６-11-20T08:15:00Z",
            "22-07-2026",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
