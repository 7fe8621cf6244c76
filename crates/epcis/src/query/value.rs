//! Values of parameters: from a text of a URL or from JSON to the criterion that the parameter is.
//!
//! The way through: [`Given`] is a value as it came; [`Reader::criterion`] reads it as the parameter needs it.
//!
//! What holds: in a URL a list has its values between `|`; in JSON it is an array, and one value alone counts as a list of
//! one. Nothing is ignored: a value of another form, an empty list and an empty value in a list are problems.
//!
//! Source: EPCIS 2.0 section 8.2.7.1 and its REST bindings (`pipeDelimited`).

use std::borrow::Cow;
use std::collections::BTreeSet;

use jiff::Timestamp;
use ledger::json::Json;

use super::criterion::{Action, Criterion, FieldTest, NumberTest};
use super::decimal::Decimal;
use super::key;
use super::name::{Operator, Parameter, TextField, ThingField, attribute_name, check_word};
use super::operand::{Bound, Operands};
use super::pattern::{Of, Things};
use super::problem::{LONGEST_VALUE, MOST_VALUES, Problems};
use crate::context::Context;
use crate::date_time;
use crate::event_kind::EventKind;
use crate::uri::is_uri;
use crate::vocabulary::Vocabulary;

/// A value as it came.
#[derive(Debug, Clone, Copy)]
pub(super) enum Given<'a> {
    /// Of a URL, percent-decoded.
    Text(&'a str),
    Json(&'a Json),
}

impl<'a> Given<'a> {
    /// The value for people.
    pub fn shown(self) -> Cow<'a, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Json(Json::String(text)) => Cow::Borrowed(text),
            Self::Json(json) => Cow::Owned(json.canonical()),
        }
    }

    /// The values of a list.
    fn items(self) -> Vec<Self> {
        match self {
            Self::Text(text) => text.split('|').map(Self::Text).collect(),
            Self::Json(Json::Array(items)) => items.iter().map(Self::Json).collect(),
            Self::Json(_) => vec![self],
        }
    }

    fn text(self) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Json(json) => json.as_str(),
        }
    }

    /// Digits of a number; in JSON without quotes.
    fn number(self) -> Option<Decimal> {
        match self {
            Self::Text(text) => Decimal::parse(text),
            Self::Json(json) => json.as_number().and_then(Decimal::parse),
        }
    }

    fn time(self) -> Option<Timestamp> {
        match self {
            // A form decodes the plus of an offset to a space. Nothing else of a time can be one.
            Self::Text(text) if text.len() > 19 => date_time::parse(&text.replace(' ', "+")).ok(),
            _ => self.text().and_then(|text| date_time::parse(text).ok()),
        }
    }

    fn truth(self) -> Option<bool> {
        match self {
            Self::Text("true") => Some(true),
            Self::Text("false") => Some(false),
            Self::Text(_) => None,
            Self::Json(json) => json.as_bool(),
        }
    }
}

fn set<T: Ord>(values: Vec<T>) -> BTreeSet<T> {
    values.into_iter().collect()
}

/// Reads one value of a list, or says the problem and what is expected.
type Read<'a, T> = dyn FnMut(Given<'_>) -> Result<T, (String, String)> + 'a;

/// Reads the values of one query.
pub(super) struct Reader<'a> {
    pub context: &'a Context,
    pub problems: &'a mut Problems,
}

const LIST: &str = "at least one value, none of them empty";
const URI: &str = "an absolute URI";
const TIME: &str = crate::date_time::EXPECTED;
const NUMBER: &str = "a number";
const TEXT: &str = "a text";

impl Reader<'_> {
    /// The criterion of `parameter`, whose value is `given`; none if there is a problem, or if the parameter asks for nothing
    /// (`EXISTS_errorDeclaration=false`). Parameters of order and limits are no criteria.
    pub fn criterion(
        &mut self,
        name: &str,
        parameter: Parameter,
        given: Given<'_>,
    ) -> Option<Criterion> {
        use Parameter as P;
        Some(match parameter {
            P::EventType => Criterion::EventType(self.kinds(name, given)?),
            P::Action => Criterion::Action(self.actions(name, given)?),
            P::Time(field, side) => {
                let time = given.time();
                Criterion::Time(field, side, self.need(name, given, time, "not a time", TIME)?)
            }
            P::Word(field) => {
                Criterion::Word(field, set(self.words(name, field.vocabulary(), given)?))
            }
            P::Uri(field) => Criterion::Uri(field, set(self.uris(name, given)?)),
            P::Within(field) => Criterion::Within(field, self.uris(name, given)?),
            P::EventId => Criterion::EventId(set(self.event_ids(name, given)?)),
            P::CorrectiveEventId => Criterion::CorrectiveEventId(set(self.event_ids(name, given)?)),
            P::Things(field) => Criterion::Things(field, self.things(name, field, given)?),
            P::Exists(part) => self.flag(name, given)?.then_some(Criterion::Exists(part))?,
            P::FieldExists(field) => {
                let exists = self.flag(name, given)?;
                exists.then_some(Criterion::Field(field, FieldTest::Exists))?
            }
            P::Text(field) => Criterion::Text(field, set(self.texts(name, field, given)?)),
            P::BooleanValue => {
                let expected = "true or false";
                let truth = given.truth();
                Criterion::Boolean(self.need(name, given, truth, "no truth value", expected)?)
            }
            P::Quantity(unit, operator) => {
                Criterion::Quantity(unit, self.number_test(name, operator, given)?)
            }
            P::Measured(measure, unit, operator) => {
                Criterion::Measured(measure, unit, self.number_test(name, operator, given)?)
            }
            P::Pair(list, kind) => Criterion::Pair(list, kind, set(self.uris(name, given)?)),
            P::Field(field, operator) => {
                Criterion::Field(field, self.field_test(name, operator, given)?)
            }
            P::HasAttribute(field) => Criterion::HasAttribute(field, self.attributes(name, given)?),
            P::AttributeIs(field, attribute) => {
                Criterion::AttributeIs(field, attribute, self.operands(name, given)?)
            }
            P::OrderBy | P::OrderDirection | P::EventCountLimit | P::MaxEventCount => return None,
        })
    }

    /// `value`, or a problem if there is none.
    pub fn need<T>(
        &mut self,
        name: &str,
        given: Given<'_>,
        value: Option<T>,
        problem: &str,
        expected: &str,
    ) -> Option<T> {
        if value.is_none() {
            self.problems.add(name, &given.shown(), problem, expected);
        }
        value
    }

    /// The values of a list, each read by `read`, which gives a problem and what is expected.
    fn list<T>(&mut self, name: &str, given: Given<'_>, read: &mut Read<'_, T>) -> Option<Vec<T>> {
        let items = given.items();
        if items.is_empty() {
            self.problems.add(name, &given.shown(), "an empty list", LIST);
            return None;
        }
        if items.len() > MOST_VALUES {
            let got = format!("{} values", items.len());
            let expected = format!("at most {MOST_VALUES}");
            self.problems.add(name, &got, "too many values", &expected);
            return None;
        }
        let mut values = Vec::with_capacity(items.len());
        let mut is_right = true;
        for item in items {
            let shown = item.shown();
            let read = if shown.is_empty() {
                Err(("an empty value".to_owned(), LIST.to_owned()))
            } else if shown.len() > LONGEST_VALUE {
                Err(("too long".to_owned(), format!("at most {LONGEST_VALUE} bytes")))
            } else {
                read(item)
            };
            match read {
                Ok(value) => values.push(value),
                Err((problem, expected)) => {
                    self.problems.add(name, &shown, &problem, &expected);
                    is_right = false;
                }
            }
        }
        is_right.then_some(values)
    }

    fn kinds(&mut self, name: &str, given: Given<'_>) -> Option<Vec<EventKind>> {
        const EXPECTED: &str = "ObjectEvent, AggregationEvent, TransactionEvent, TransformationEvent, AssociationEvent, \
                                or the URI of a type";
        const STANDARD: &str = "https://ref.gs1.org/epcis/";
        let context = self.context;
        let kinds = self.list(name, given, &mut |item| {
            let text = item.text().unwrap_or_default();
            let whole = key::expanded(text, context);
            let word = whole.as_deref().unwrap_or(text);
            let word = word.strip_prefix(STANDARD).unwrap_or(word);
            match EventKind::from_name(word) {
                Some(kind) => Ok(Some(kind)),
                // Types of somebody's own are never recorded (decision 0035), so they select nothing.
                None if is_uri(text) => Ok(None),
                None => Err(("not a type of event".to_owned(), EXPECTED.to_owned())),
            }
        })?;
        Some(kinds.into_iter().flatten().collect())
    }

    fn actions(&mut self, name: &str, given: Given<'_>) -> Option<Vec<Action>> {
        self.list(name, given, &mut |item| {
            let found = Action::ALL.into_iter().find(|action| item.text() == Some(action.name()));
            found.ok_or_else(|| ("not an action".to_owned(), "ADD, OBSERVE or DELETE".to_owned()))
        })
    }

    fn words(
        &mut self,
        name: &str,
        vocabulary: Vocabulary,
        given: Given<'_>,
    ) -> Option<Vec<String>> {
        let context = self.context;
        self.list(name, given, &mut |item| {
            let text = item.text().ok_or_else(|| ("not a text".to_owned(), TEXT.to_owned()))?;
            let uri = key::word(vocabulary, text, context);
            check_word(vocabulary, text, &uri).map(|()| uri)
        })
    }

    fn uris(&mut self, name: &str, given: Given<'_>) -> Option<Vec<String>> {
        let context = self.context;
        self.list(name, given, &mut |item| {
            let text = item.text().filter(|text| is_uri(text));
            let text = text.ok_or_else(|| ("not a URI".to_owned(), URI.to_owned()))?;
            epc::check_uri(text).map_err(|error| {
                (format!("not a valid GS1 key: {error}"), "a valid key".to_owned())
            })?;
            Ok(key::uri(text, context))
        })
    }

    /// Ids of events; they are not looked into.
    fn event_ids(&mut self, name: &str, given: Given<'_>) -> Option<Vec<String>> {
        self.list(name, given, &mut |item| {
            let text = item.text().filter(|text| is_uri(text));
            text.map(key::event_id).ok_or_else(|| ("not a URI".to_owned(), URI.to_owned()))
        })
    }

    fn things(&mut self, name: &str, field: ThingField, given: Given<'_>) -> Option<Things> {
        let of = match field {
            ThingField::Epc
            | ThingField::ParentId
            | ThingField::InputEpc
            | ThingField::OutputEpc
            | ThingField::AnyEpc => Of::Things,
            ThingField::EpcClass
            | ThingField::InputEpcClass
            | ThingField::OutputEpcClass
            | ThingField::AnyEpcClass => Of::Classes,
        };
        let (context, mut things) = (self.context, Things::new(of));
        self.list(name, given, &mut |item| {
            let text = item.text().ok_or_else(|| ("not a URI".to_owned(), URI.to_owned()))?;
            things.add(text, context).map_err(|(problem, expected)| (problem, expected.to_owned()))
        })?;
        Some(things)
    }

    /// Whether a part must be there. The value says nothing but in the REST description, where it may be `false`.
    fn flag(&mut self, name: &str, given: Given<'_>) -> Option<bool> {
        let is_wanted = match given {
            Given::Text("false") | Given::Json(Json::Bool(false)) => Some(false),
            Given::Text("" | "true" | "null")
            | Given::Json(Json::Null | Json::Bool(_) | Json::Number(_)) => Some(true),
            Given::Text(text) => Decimal::parse(text).map(|_| true),
            Given::Json(_) => None,
        };
        let expected = "nothing, an integer, null, true or false";
        self.need(name, given, is_wanted, "not a value of EXISTS", expected)
    }

    fn texts(&mut self, name: &str, field: TextField, given: Given<'_>) -> Option<Vec<String>> {
        self.list(name, given, &mut |item| {
            let text = item.text().ok_or_else(|| ("not a text".to_owned(), TEXT.to_owned()))?;
            let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
            if field == TextField::HexBinaryValue && !is_hex {
                let problem = "not hexadecimal".to_owned();
                return Err((problem, "digits and the letters A to F".to_owned()));
            }
            Ok(match field {
                TextField::StringValue => text.to_owned(),
                TextField::HexBinaryValue => text.to_ascii_lowercase(),
            })
        })
    }

    fn numbers(&mut self, name: &str, given: Given<'_>) -> Option<Vec<Decimal>> {
        self.list(name, given, &mut |item| {
            item.number().ok_or_else(|| ("not a number".to_owned(), NUMBER.to_owned()))
        })
    }

    fn number_test(
        &mut self,
        name: &str,
        operator: Operator,
        given: Given<'_>,
    ) -> Option<NumberTest> {
        match operator {
            Operator::Equal => {
                self.numbers(name, given).map(|numbers| NumberTest::Among(set(numbers)))
            }
            Operator::Compare(side) => {
                let number = given.number();
                let limit = self.need(name, given, number, "not a number", NUMBER)?;
                Some(NumberTest::Beside(side, limit))
            }
        }
    }

    fn operands(&mut self, name: &str, given: Given<'_>) -> Option<Operands> {
        let mut operands = Operands::default();
        self.list(name, given, &mut |item| {
            match item {
                Given::Text(text) => operands.add_text(text),
                Given::Json(Json::String(text)) => operands.add_text(text),
                Given::Json(Json::Bool(truth)) => operands.add_text(&truth.to_string()),
                Given::Json(_) => {
                    let Some(number) = item.number() else {
                        let expected = "a text, a time or a number".to_owned();
                        return Err(("not a value".to_owned(), expected));
                    };
                    operands.add_number(number);
                }
            }
            Ok(())
        })?;
        Some(operands)
    }

    fn field_test(
        &mut self,
        name: &str,
        operator: Operator,
        given: Given<'_>,
    ) -> Option<FieldTest> {
        let Operator::Compare(side) = operator else {
            return self.operands(name, given).map(FieldTest::Among);
        };
        let bound = match given {
            Given::Json(Json::Number(_)) => given.number().map(Bound::Number),
            _ => given.time().map(Bound::Time).or_else(|| given.text().and_then(Bound::parse)),
        };
        let expected = "a time with offset, a day such as 2027-01-31, or a number";
        let bound = self.need(name, given, bound, "neither a time nor a number", expected)?;
        Some(FieldTest::Beside(side, bound))
    }

    fn attributes(&mut self, name: &str, given: Given<'_>) -> Option<Vec<String>> {
        let context = self.context;
        self.list(name, given, &mut |item| {
            let text = item.text().ok_or_else(|| ("not a text".to_owned(), TEXT.to_owned()))?;
            attribute_name(text, context)
        })
    }
}
