//! Values of extension fields: what a query states, and whether an event's value is equal to it or on the right side of it.
//!
//! What holds: whatever [`Operands::have`] has one of its [`forms_of`] among [`Operands::forms`].
//!
//! An extension field has no declared type. So a text of a query (all values in a URL are texts) is compared with a text as
//! text, with a number as a number, with true and false as these words; two texts that are times are compared as times, two
//! that have a GS1 key by the key. A number of a query (in JSON, without quotes) is also compared with a text that reads as a
//! number, since XML has only texts.
//!
//! Source: EPCIS 2.0 section 8.2.7.1, parameters `EQ_fieldname` and `GT_fieldname`.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ledger::json::Json;

use super::decimal::Decimal;
use super::key;

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Side {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Side {
    /// Whether `value` is on this side of `limit`.
    pub fn holds<T: Ord>(self, value: &T, limit: &T) -> bool {
        match self {
            Self::Greater => value > limit,
            Self::GreaterOrEqual => value >= limit,
            Self::Less => value < limit,
            Self::LessOrEqual => value <= limit,
        }
    }
}

/// The values of which one must be equal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Operands {
    /// Keys of texts.
    texts: BTreeSet<String>,
    /// Texts that read as a number, which are equal to a number of an event.
    read: BTreeSet<Decimal>,
    /// Numbers, which are equal to a number and to a text that reads as one.
    numbers: BTreeSet<Decimal>,
}

/// A limit of a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Bound {
    Number(Decimal),
    Time(Timestamp),
}

/// The key of a text.
fn text_form(text: &str) -> String {
    // A day alone stays text: it is a name of a day, and a lot number may look like one.
    match key::time(text).filter(|_| text.len() > 10) {
        Some(time) => format!("time {}", time.as_nanosecond()),
        None => format!("text {}", epc::thing_key(text)),
    }
}

fn number_form(number: &Decimal) -> String {
    format!("number {}", number.canonical())
}

/// The forms under which the value `leaf` of an event is found.
pub(super) fn forms_of(leaf: &Json) -> Vec<String> {
    match leaf {
        Json::String(text) => {
            let number = Decimal::parse(text).map(|number| number_form(&number));
            std::iter::once(text_form(text)).chain(number).collect()
        }
        Json::Number(digits) => Decimal::parse(digits).iter().map(number_form).collect(),
        Json::Bool(truth) => vec![text_form(truth_text(*truth))],
        Json::Null | Json::Array(_) | Json::Object(_) => Vec::new(),
    }
}

impl Operands {
    /// Adds a text; a truth value is the text `true` or `false`.
    pub fn add_text(&mut self, text: &str) {
        self.texts.insert(text_form(text));
        self.read.extend(Decimal::parse(text));
    }

    /// Adds a number that was stated as one.
    pub fn add_number(&mut self, number: Decimal) {
        self.numbers.insert(number);
    }

    /// Whether the value `leaf` of an event is equal to one of them.
    pub fn have(&self, leaf: &Json) -> bool {
        let has_number = |text: &str, is_stated: bool| {
            let is_needed = is_stated || !self.numbers.is_empty();
            let number = if is_needed { Decimal::parse(text) } else { None };
            number.is_some_and(|number| {
                self.numbers.contains(&number) || is_stated && self.read.contains(&number)
            })
        };
        match leaf {
            Json::String(text) => {
                !self.texts.is_empty() && self.texts.contains(&text_form(text))
                    || has_number(text, false)
            }
            Json::Number(digits) => has_number(digits, true),
            Json::Bool(truth) => self.texts.contains(&text_form(truth_text(*truth))),
            Json::Null | Json::Array(_) | Json::Object(_) => false,
        }
    }

    /// The forms of which a value that is equal has one.
    pub fn forms(&self) -> Vec<String> {
        let numbers = self.read.iter().chain(&self.numbers).map(number_form);
        self.texts.iter().cloned().chain(numbers).collect()
    }
}

fn truth_text(truth: bool) -> &'static str {
    if truth { "true" } else { "false" }
}

impl Bound {
    /// Reads a time, a day or a number.
    pub fn parse(text: &str) -> Option<Self> {
        key::time(text).map(Self::Time).or_else(|| Decimal::parse(text).map(Self::Number))
    }

    /// Whether the value `leaf` of an event is on `side` of this limit.
    pub fn admits(&self, side: Side, leaf: &Json) -> bool {
        let (Json::String(text) | Json::Number(text)) = leaf else { return false };
        match self {
            Self::Number(limit) => {
                Decimal::parse(text).is_some_and(|value| side.holds(&value, limit))
            }
            Self::Time(limit) => key::time(text).is_some_and(|value| side.holds(&value, limit)),
        }
    }
}
