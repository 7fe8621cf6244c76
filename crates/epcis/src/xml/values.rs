//! Values: decimals, booleans and words of the vocabulary, from XML's spelling to JSON's.
//!
//! What holds: digits are kept; a text that is not of its type stays a text, for the validation to report.
//!
//! Sources: XML Schema part 2, sections 3.2.2 and 3.2.3; CBV 2.0 section 7.

use ledger::json::Json;

/// A decimal: XML may have a plus sign, leading zeros, or no digits on one side of the point; JSON may not.
pub(super) fn number(text: &str) -> Json {
    let (sign, digits) = match text.strip_prefix(['+', '-']) {
        Some(rest) => (if text.starts_with('-') { "-" } else { "" }, rest),
        None => ("", text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let are_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !are_digits(whole) || !are_digits(fraction) {
        return Json::from(text);
    }
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if fraction.is_empty() { "" } else { "." };
    Json::Number(format!("{sign}{whole}{point}{fraction}"))
}

/// A boolean.
pub(super) fn boolean(text: &str) -> Json {
    match text {
        "true" | "1" => Json::Bool(true),
        "false" | "0" => Json::Bool(false),
        other => Json::from(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_their_digits() {
        for (text, digits) in [
            ("12.50", "12.50"),
            ("+5", "5"),
            ("007", "7"),
            ("-0.10", "-0.10"),
            (".5", "0.5"),
            ("5.", "5"),
            ("000", "0"),
            ("12345678901234567890.123456789", "12345678901234567890.123456789"),
        ] {
            assert_eq!(number(text), Json::Number(digits.to_owned()), "{text}");
        }
        for text in ["", ".", "-", "1e3", "INF", "1,5", "٣"] {
            assert_eq!(number(text), Json::from(text), "{text}");
        }
    }

    #[test]
    fn booleans_have_two_spellings_each() {
        assert_eq!(boolean("1"), Json::Bool(true));
        assert_eq!(boolean("false"), Json::Bool(false));
        assert_eq!(boolean("yes"), Json::from("yes"));
    }
}
