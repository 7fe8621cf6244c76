//! Checks a value against its form, and an object against its table.
//!
//! The way through: [`Checker::object`] goes through the members of an object, [`Checker::value`] through what each may be.
//!
//! What holds: a name or a URI with a prefix has it from a context; a URI that looks like a GS1 key keeps the rules of
//! the key; a list of things has each thing once, whatever its spellings.
//!
//! Source: EPCIS 2.0 sections 7.3 and 7.4, JSON schema of EPCIS 2.0, TDS 2.3 section 6.

use std::collections::HashMap;

use epc::UriKind;
use ledger::json::Json;

use super::at::At;
use crate::context::{Context, UNDECLARED};
use crate::date_time;
use crate::event_kind::EventKind;
use crate::term::{Form, List, Names, Others, Shape, is_standard, shape_of};
use crate::uri::is_uri;
use crate::violation::Violations;
use crate::vocabulary::Vocabulary;
use crate::words::nearest;

/// Longest URI, in bytes.
const LONGEST_URI: usize = 2048;

/// Checks values and collects what is wrong.
pub(super) struct Checker<'a> {
    /// The prefixes that apply.
    pub context: &'a Context,
    pub violations: &'a mut Violations,
}

impl Checker<'_> {
    /// Checks that `value` is an object with the members of `shape`.
    pub fn object(&mut self, shape: &Shape, value: &Json, at: At<'_>) {
        let Some(members) = value.as_object() else {
            self.violations.add(&at.to_string(), &value.canonical(), "not an object", shape.what);
            return;
        };
        for (name, value) in members {
            let at = At::Member(&at, name);
            match (shape.member(name), shape.others) {
                (Some(member), _) => self.value(&member.form, value, at),
                (None, Others::Free) => {}
                (None, Others::Extensions) if is_uri(name) => self.extension(name, value, at),
                (None, _) => self.unknown(shape, name, value, at),
            }
        }
        for member in shape.members().filter(|member| member.is_required) {
            if value.get(member.name).is_none() {
                let at = At::Member(&at, member.name);
                self.violations.add(&at.to_string(), "nothing", "missing", member.form.expected());
            }
        }
    }

    /// A member that the table does not have.
    fn unknown(&mut self, shape: &Shape, name: &str, value: &Json, at: At<'_>) {
        let is_event = shape.member("eventTime").is_some();
        let problem = match shape.what {
            _ if is_event && is_standard(name) => {
                format!("{} has no such field", kind_of(shape))
            }
            _ if is_event => "not a field of EPCIS 2.0".to_owned(),
            what => format!("not a member of {what}"),
        };
        let known: Vec<&str> = shape.members().map(|member| member.name).collect();
        let mut expected = match nearest(name, known.iter().copied()) {
            Some(known) => format!("`{known}`, the nearest name"),
            None if known.is_empty() => String::new(),
            None => format!("one of {}", known.join(", ")),
        };
        if shape.others == Others::Extensions {
            let separator = if expected.is_empty() { "" } else { ", or " };
            expected += separator;
            expected += "`prefix:name` in ASCII for an extension";
        }
        self.violations.add(&at.to_string(), &value.canonical(), &problem, &expected);
    }

    /// A member of somebody else's vocabulary, with whatever is in it: the names must be declared.
    fn extension(&mut self, name: &str, value: &Json, at: At<'_>) {
        if !self.context.knows(name) {
            self.undeclared(name, at);
        }
        self.names_within(value, at);
    }

    fn names_within(&mut self, value: &Json, at: At<'_>) {
        match value {
            Json::Array(items) => {
                for (place, item) in items.iter().enumerate() {
                    self.names_within(item, At::Element(&at, place));
                }
            }
            Json::Object(members) => {
                for (name, value) in members {
                    let at = At::Member(&at, name);
                    if is_uri(name) && !self.context.knows(name) {
                        self.undeclared(name, at);
                    }
                    self.names_within(value, at);
                }
            }
            _ => {}
        }
    }

    fn undeclared(&mut self, text: &str, at: At<'_>) {
        let prefix = text.split(':').next().unwrap_or_default();
        let expected = format!("`{prefix}` with its namespace in @context, or a whole URI");
        self.violations.add(&at.to_string(), text, UNDECLARED, &expected);
    }

    /// Checks that `value` has the form `form`.
    ///
    /// - `at`: where the value is.
    pub fn value(&mut self, form: &Form, value: &Json, at: At<'_>) {
        let text = value.as_str();
        let problem = match form {
            Form::Any | Form::Context => None,
            Form::Uri(names) => return self.uri(*names, value, at),
            Form::Word(vocabulary) => return self.word(*vocabulary, value, at),
            Form::List(list) => return self.list(list, value, at),
            Form::Object(shape) => return self.object(shape, value, at),
            Form::Resources => {
                let resource = Form::Uri(Names::Resource);
                return match value.as_array() {
                    Some(items) => self.each(&resource, items, at),
                    None => self.value(&resource, value, at),
                };
            }
            Form::Time => match text.map(date_time::parse) {
                Some(Ok(_)) => None,
                Some(Err(problem)) => Some(problem),
                None => Some("not a time"),
            },
            Form::Text => text.is_none().then_some("not a text"),
            Form::Number => number(value),
            Form::Quantity => number(value).or_else(|| {
                let digits = value.as_number().unwrap_or_default();
                is_negative(digits).then_some("a negative quantity")
            }),
            Form::Truth => value.as_bool().is_none().then_some("not true or false"),
            Form::Hex => {
                let is_hex = text.is_some_and(|text| {
                    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
                });
                (!is_hex).then_some("not hexadecimal digits")
            }
            Form::Attribute => {
                let fits = matches!(value, Json::String(_) | Json::Number(_) | Json::Object(_));
                (!fits).then_some("not a text, number or object")
            }
            Form::Version => version(text),
            Form::Offset => (!text.is_some_and(is_offset)).then_some("not an offset"),
            Form::Action => {
                let is_action =
                    text.is_some_and(|text| ["ADD", "OBSERVE", "DELETE"].contains(&text));
                (!is_action).then_some("not an action")
            }
            Form::Unit => (!text.is_some_and(is_unit)).then_some("not a unit"),
        };
        if let Some(problem) = problem {
            let got = text.map_or_else(|| value.canonical(), str::to_owned);
            self.violations.add(&at.to_string(), &got, problem, form.expected());
        }
    }

    fn each(&mut self, form: &Form, items: &[Json], at: At<'_>) {
        for (place, item) in items.iter().enumerate() {
            self.value(form, item, At::Element(&at, place));
        }
    }

    fn list(&mut self, list: &List, value: &Json, at: At<'_>) {
        let Some(items) = value.as_array() else {
            self.violations.add(&at.to_string(), &value.canonical(), "not a list", list.what);
            return;
        };
        if list.is_filled && items.is_empty() {
            self.violations.add(&at.to_string(), "[]", "empty", list.what);
        }
        self.each(&list.of, items, at);
        if !list.has_each_once || items.len() < 2 {
            return;
        }
        let mut seen = HashMap::new();
        for (place, item) in items.iter().enumerate() {
            let Some(text) = item.as_str() else { continue };
            let key = match list.of {
                Form::Word(vocabulary) => vocabulary.word(text),
                _ => epc::thing_key(text),
            };
            if let Some(first) = seen.insert(key, place) {
                let expected = format!("each one once; the same is at {at}/{first}");
                self.violations.add(
                    &At::Element(&at, place).to_string(),
                    text,
                    "stands there twice",
                    &expected,
                );
            }
        }
    }

    fn uri(&mut self, names: Names, value: &Json, at: At<'_>) {
        let expected = Form::Uri(Names::Any).expected();
        let Some(text) = value.as_str() else {
            self.violations.add(&at.to_string(), &value.canonical(), "not a URI", expected);
            return;
        };
        if !is_uri(text) {
            self.violations.add(&at.to_string(), text, "not a URI", expected);
            return;
        }
        if text.len() > LONGEST_URI {
            self.violations.add(&at.to_string(), text, "a URI that is too long", expected);
            return;
        }
        if !self.context.knows(text) {
            self.undeclared(text, at);
            return;
        }
        let is_key = text.starts_with("urn:epc:") || text.starts_with("https://id.gs1.org/");
        if names == Names::Resource && !is_key {
            return;
        }
        if is_written_on_a_tag(text) {
            let right = epc::identify(text).map(|named| named.to_uri());
            let expected = right.unwrap_or_else(|_| "such as urn:epc:id:sgtin:…".to_owned());
            let problem = "is what a tag holds or a filter for it, not what it names";
            self.violations.add(&at.to_string(), text, problem, &expected);
            return;
        }
        match (epc::check_uri(text), names) {
            (Err(error), _) => {
                let problem = format!("not a valid GS1 key: {error}");
                self.violations.add(
                    &at.to_string(),
                    text,
                    &problem,
                    "a valid key, or a URI without one",
                );
            }
            (Ok(UriKind::Class), Names::One) => {
                let expected = "one thing with its serial; classes stand in a list of quantities";
                self.violations.add(&at.to_string(), text, "names a class", expected);
            }
            (Ok(UriKind::Item | UriKind::Place | UriKind::Party), Names::Class) => {
                let expected = "a class without serial; single things stand in a list of EPCs";
                self.violations.add(&at.to_string(), text, "names one thing", expected);
            }
            (Ok(_), _) => {}
        }
    }

    fn word(&mut self, vocabulary: Vocabulary, value: &Json, at: At<'_>) {
        match value.as_str() {
            None => {
                let expected = Form::Word(vocabulary).expected();
                self.violations.add(&at.to_string(), &value.canonical(), "not a text", expected);
            }
            Some(text) => {
                if let Err(error) = vocabulary.check_within(text, self.context) {
                    self.violations.add(&at.to_string(), text, error.problem, &error.expected);
                }
            }
        }
    }
}

/// The name of the type whose events have `shape`.
fn kind_of(shape: &Shape) -> &'static str {
    let kind = EventKind::ALL.into_iter().find(|kind| std::ptr::eq(shape_of(*kind), shape));
    kind.map_or("the event", EventKind::name)
}

/// What is wrong with a number.
fn number(value: &Json) -> Option<&'static str> {
    let Some(digits) = value.as_number() else { return Some("not a number") };
    let is_finite = digits.parse::<f64>().is_ok_and(f64::is_finite);
    (!is_finite).then_some("a number that is too large")
}

/// Whether `text` is a URI of tags, not of what they name: those that events have are pure identities and classes.
fn is_written_on_a_tag(text: &str) -> bool {
    let kind = text.get(..12).unwrap_or_default();
    ["urn:epc:tag:", "urn:epc:raw:", "urn:epc:pat:"]
        .iter()
        .any(|one| one.eq_ignore_ascii_case(kind))
}

/// Whether the number of `digits` is below zero.
fn is_negative(digits: &str) -> bool {
    let mut mantissa = digits.bytes().take_while(|byte| !b"eE".contains(byte));
    digits.starts_with('-') && mantissa.any(|byte| (b'1'..=b'9').contains(&byte))
}

fn version(text: Option<&str>) -> Option<&'static str> {
    let mut parts = text.unwrap_or_default().split('.');
    let is_version =
        parts.clone().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    if !is_version {
        return Some("not a version");
    }
    (parts.next() != Some("2")).then_some("a version that is not read here")
}

fn is_unit(text: &str) -> bool {
    (2..=3).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
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
