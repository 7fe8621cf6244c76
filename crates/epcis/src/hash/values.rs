//! The canonical text of a value: times in UTC, plain decimals, full URIs, canonical Digital Links.
//!
//! What holds: numbers are decimal text, never floating point.
//!
//! Source: CBV 2.0 section 8.9, rules for values.

use jiff::Timestamp;
use ledger::json::Json;

use super::dialect::Dialect;
use super::links;
use crate::date_time;
use crate::decimal::plain;
use crate::event::Event;
use crate::vocabulary::{GS1, Vocabulary, expand_urn};

/// Writes the values of one event in one dialect.
pub(super) struct Values<'a> {
    pub event: &'a Event,
    pub dialect: Dialect,
}

impl Values<'_> {
    /// Writes `name=value` of a plain member; nothing if the member is missing or empty.
    pub fn plain(&self, name: &str, json: &Json, out: &mut String) {
        let text = json.get(name).map(|value| self.value(name, value)).unwrap_or_default();
        if !text.is_empty() {
            out.extend([name, "=", &text]);
        }
    }

    /// The name of an extension: `{namespace}name`; a bare name as it is.
    pub fn key(&self, name: &str) -> String {
        match self.event.context().split(name) {
            Some((namespace, local)) => format!("{{{}}}{local}", self.namespace(namespace)),
            None => name.to_owned(),
        }
    }

    /// The dialect of 2025 has GS1's vocabulary at an older address.
    fn namespace<'b>(&self, namespace: &'b str) -> &'b str {
        if namespace == GS1 && self.dialect == Dialect::Cbv20_2025 {
            "https://gs1.org/voc/"
        } else {
            namespace
        }
    }

    /// The canonical text of a value of the field `name`.
    pub fn value(&self, name: &str, json: &Json) -> String {
        let text = match json {
            Json::String(text) => text.trim(),
            Json::Number(digits) => {
                let digits = plain(digits);
                return plain_number(&digits).unwrap_or(digits);
            }
            Json::Bool(true) => return "true".to_owned(),
            Json::Bool(false) => return "false".to_owned(),
            Json::Null => return String::new(),
            Json::Array(_) | Json::Object(_) => return json.canonical(),
        };
        match name {
            "eventTime" | "time" | "startTime" | "endTime" => return self.time(text),
            "eventTimeZoneOffset" | "action" | "uom" | "hexBinaryValue" => return text.to_owned(),
            _ => {}
        }
        if let Some(link) = links::hashed(text) {
            return link;
        }
        if let Some(uri) = expand_urn(text) {
            return uri;
        }
        let vocabulary = match name {
            "bizStep" => Some(Vocabulary::BizStep),
            "disposition" => Some(Vocabulary::Disposition),
            "btt" => Some(Vocabulary::BizTransactionType),
            "sdt" => Some(Vocabulary::SourceDestType),
            "component" => Some(Vocabulary::Component),
            "measurement" | "exception" => Some(Vocabulary::Measurement),
            _ => None,
        };
        if let Some((namespace, local)) = self.event.context().split(text) {
            return format!("{}{local}", self.namespace(namespace));
        }
        match vocabulary {
            Some(Vocabulary::Measurement) if !text.contains(':') => {
                format!("{}{text}", self.namespace(GS1))
            }
            Some(vocabulary) => vocabulary.expand(text),
            None => plain_number(text).unwrap_or_else(|| text.to_owned()),
        }
    }

    /// Converts a time to UTC with three decimals, rounded half up, in 2025 half to even.
    fn time(&self, text: &str) -> String {
        let Ok(at) = text.parse::<Timestamp>() else { return text.to_owned() };
        if date_time::is_utc_with_millis(text) {
            return text.to_owned();
        }
        let nanos = at.as_nanosecond();
        let (whole, rest) = (nanos.div_euclid(1_000_000), nanos.rem_euclid(1_000_000));
        let goes_up = rest > 500_000
            || rest == 500_000 && (self.dialect != Dialect::Cbv20_2025 || whole % 2 == 1);
        let millis = i64::try_from(whole + i128::from(goes_up)).unwrap_or(i64::MAX);
        match Timestamp::from_millisecond(millis) {
            Ok(rounded) => format!("{rounded:.3}"),
            Err(_) => text.to_owned(),
        }
    }
}

/// Removes superfluous zeros from a decimal; `None` if `text` is not a plain decimal.
fn plain_number(text: &str) -> Option<String> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let are_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || digits.ends_with('.') || !are_digits(whole) || !are_digits(fraction) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let fraction = fraction.trim_end_matches('0');
    let sign = if whole == "0" && fraction.is_empty() { "" } else { sign };
    if fraction.is_empty() {
        return Some(format!("{sign}{whole}"));
    }
    Some(format!("{sign}{whole}.{fraction}"))
}
