//! Checks the value of a field against its [`Form`].
//!
//! The way through: [`check`] chooses the function for the form; functions for lists check each item.
//!
//! What holds: URNs of schemes that `epc` reads must be valid; other URIs only have to be absolute.
//!
//! Source: EPCIS 2.0 sections 7.3 and 7.4, JSON schema of EPCIS 2.0.

use jiff::Timestamp;
use ledger::json::Json;

use crate::term::Form;
use crate::violation::Violations;

const TIME: &str = "a time with offset, such as 2026-11-20T08:15:00.125+08:00";
const NUMBER: &str = "a number, without quotes";

/// Checks that `value` has the form `form`.
///
/// - `pointer`: JSON pointer to the value, from the event on.
pub(super) fn check(form: Form, value: &Json, pointer: &str, violations: &mut Violations) {
    let text = value.as_str();
    let (is_valid, problem, expected) = match form {
        Form::Any => return,
        Form::Uri => return check_uri(value, pointer, violations),
        Form::Uris => return each(value, pointer, violations, check_uri),
        Form::Quantities => return each(value, pointer, violations, check_quantity),
        Form::Sensors => return each(value, pointer, violations, check_sensor),
        Form::Error => return check_error_declaration(value, pointer, violations),
        Form::Pairs(name) => {
            return each(value, pointer, violations, |pair, pointer, violations| {
                check_pair(name, pair, pointer, violations);
            });
        }
        Form::Place => {
            if let Some(id) = value.get("id") {
                return check_uri(id, &format!("{pointer}/id"), violations);
            }
            (false, "not a place", "an object with `id`, a location URI")
        }
        Form::Text => {
            let is_valid = text.is_some_and(|text| !text.trim().is_empty());
            (is_valid, "not a text", "a word of the standard's vocabulary, or a URI")
        }
        Form::Time => (text.is_some_and(is_time), "not a time", TIME),
        Form::Offset => {
            (text.is_some_and(is_offset), "not an offset", "`+hh:mm` or `-hh:mm`, at most 14:00")
        }
        Form::Action => {
            let is_valid = text.is_some_and(|text| ["ADD", "OBSERVE", "DELETE"].contains(&text));
            (is_valid, "not an action", "ADD, OBSERVE or DELETE")
        }
        Form::Persistent => {
            let has = |name| value.get(name).and_then(Json::as_array).is_some();
            let expected = "an object of `set` and `unset`, arrays of dispositions";
            (has("set") || has("unset"), "not a persistent disposition", expected)
        }
    };
    if !is_valid {
        violations.add(pointer, &value.canonical(), problem, expected);
    }
}

fn each(
    value: &Json,
    pointer: &str,
    violations: &mut Violations,
    check_item: impl Fn(&Json, &str, &mut Violations),
) {
    match value.as_array() {
        Some(items) => {
            for (place, item) in items.iter().enumerate() {
                check_item(item, &format!("{pointer}/{place}"), violations);
            }
        }
        None => violations.add(pointer, &value.canonical(), "not a list", "an array"),
    }
}

fn check_uri(value: &Json, pointer: &str, violations: &mut Violations) {
    const URI: &str = "an absolute URI without white space, at most 2048 bytes";
    let Some(text) = value.as_str() else {
        violations.add(pointer, &value.canonical(), "not a URI", URI);
        return;
    };
    let has_scheme = text.split_once(':').is_some_and(|(scheme, rest)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
            && !rest.is_empty()
    });
    if !has_scheme || text.chars().any(|c| c.is_whitespace() || c.is_control()) || text.len() > 2048
    {
        violations.add(pointer, text, "not a URI", URI);
        return;
    }
    // The schemes of items, places and assets are checked; URNs of other schemes are accepted as they are.
    let checked = ["sgtin", "sscc", "sgln", "grai", "giai"];
    let scheme = text.strip_prefix("urn:epc:id:").and_then(|rest| rest.split(':').next());
    if scheme.is_some_and(|scheme| checked.contains(&scheme)) {
        if let Err(error) = epc::Epc::from_uri(text) {
            violations.add(pointer, text, &error.to_string(), "a valid EPC URI");
        }
    } else if text.starts_with("urn:epc:class:lgtin:")
        && let Err(error) = epc::EpcClass::from_uri(text)
    {
        violations.add(pointer, text, &error.to_string(), "a valid class URI");
    }
}

/// Checks an object with the URI `name` and a type. Only a business transaction may have no type.
fn check_pair(name: &str, pair: &Json, pointer: &str, violations: &mut Violations) {
    if let Some(uri) = pair.get(name) {
        check_uri(uri, &format!("{pointer}/{name}"), violations);
    } else {
        let problem = format!("has no `{name}`");
        let expected = "an object of `type` and a URI";
        violations.add(pointer, &pair.canonical(), &problem, expected);
    }
    if name != "bizTransaction" && pair.get("type").and_then(Json::as_str).is_none() {
        let pointer = format!("{pointer}/type");
        violations.add(&pointer, "nothing", "missing", "a source or destination type");
    }
}

fn check_error_declaration(value: &Json, pointer: &str, violations: &mut Violations) {
    let time = value.get("declarationTime").and_then(Json::as_str);
    if !time.is_some_and(is_time) {
        let pointer = format!("{pointer}/declarationTime");
        let problem = "missing or not a time";
        violations.add(&pointer, &value.canonical(), problem, "the time of the declaration");
    }
}

fn check_quantity(value: &Json, pointer: &str, violations: &mut Violations) {
    match value.get("epcClass") {
        Some(class) => check_uri(class, &format!("{pointer}/epcClass"), violations),
        None => violations.add(pointer, &value.canonical(), "has no `epcClass`", "a class URI"),
    }
    if let Some(quantity) = value.get("quantity")
        && quantity.as_number().is_none()
    {
        let pointer = format!("{pointer}/quantity");
        violations.add(&pointer, &quantity.canonical(), "not a number", NUMBER);
    }
    if let Some(uom) = value.get("uom")
        && !uom.as_str().is_some_and(|code| (2..=3).contains(&code.len()))
    {
        let pointer = format!("{pointer}/uom");
        let expected = "a UN/ECE unit code of 2 or 3 characters";
        violations.add(&pointer, &uom.canonical(), "not a unit", expected);
    }
}

/// Members of a sensor report that must be numbers.
const NUMBERS: [&str; 7] =
    ["value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue"];

fn check_sensor(value: &Json, pointer: &str, violations: &mut Violations) {
    for name in ["time", "startTime", "endTime"] {
        if let Some(time) = value.get("sensorMetadata").and_then(|metadata| metadata.get(name)) {
            check(Form::Time, time, &format!("{pointer}/sensorMetadata/{name}"), violations);
        }
    }
    let reports = value.get("sensorReport").and_then(Json::as_array).unwrap_or_default();
    if reports.is_empty() {
        let pointer = format!("{pointer}/sensorReport");
        violations.add(&pointer, "nothing", "missing", "at least one sensor report");
    }
    for (place, report) in reports.iter().enumerate() {
        if let Some(time) = report.get("time") {
            let pointer = format!("{pointer}/sensorReport/{place}/time");
            check(Form::Time, time, &pointer, violations);
        }
        for name in NUMBERS {
            if let Some(number) = report.get(name)
                && number.as_number().is_none()
            {
                let pointer = format!("{pointer}/sensorReport/{place}/{name}");
                violations.add(&pointer, &number.canonical(), "not a number", NUMBER);
            }
        }
    }
}

fn is_time(text: &str) -> bool {
    text.parse::<Timestamp>().is_ok()
}

fn is_offset(text: &str) -> bool {
    let [sign, h1, h2, b':', m1, m2] = text.as_bytes() else { return false };
    let digits = [h1, h2, m1, m2];
    if !b"+-".contains(sign) || !digits.iter().all(|digit| digit.is_ascii_digit()) {
        return false;
    }
    let (hours, minutes) = ((h1 - b'0') * 10 + h2 - b'0', (m1 - b'0') * 10 + m2 - b'0');
    hours < 14 && minutes < 60 || hours == 14 && minutes == 0
}
