//! One criterion of a query, and whether it holds for an event.
//!
//! What holds: a criterion about a field that an event does not have does not hold. One of several values is enough. Two
//! criteria about a list (`GE_value_CEL` and `LT_value_CEL`) may hold for two different elements of it, as the standard has
//! them: each is about the event.
//!
//! Not here: reading (`name.rs`, `value.rs`), terms (`groups.rs`).
//!
//! Source: EPCIS 2.0 section 8.2.7.1.

use std::collections::BTreeSet;

use jiff::Timestamp;
use ledger::json::Json;

use super::decimal::Decimal;
use super::key;
use super::master::MasterData;
use super::name::{
    Attributed, Measure, PairField, Part, PlaceField, TextField, ThingField, TimeField, UriField,
    WordField,
};
use super::operand::{Bound, Operands, Side};
use super::pattern::Things;
use super::scope::{Field, any_leaf, is_filled, sensor_elements, sensor_metadata, sensor_reports};
use crate::date_time;
use crate::event::Event;
use crate::event_kind::EventKind;

/// What an event did: the three values of `action`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Add,
    Observe,
    Delete,
}

impl Action {
    pub const ALL: [Self; 3] = [Self::Add, Self::Observe, Self::Delete];

    pub fn name(self) -> &'static str {
        match self {
            Self::Add => "ADD",
            Self::Observe => "OBSERVE",
            Self::Delete => "DELETE",
        }
    }
}

/// A test of a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NumberTest {
    Among(BTreeSet<Decimal>),
    Beside(Side, Decimal),
}

impl NumberTest {
    fn holds(&self, digits: &str) -> bool {
        let Some(value) = Decimal::parse(digits) else { return false };
        match self {
            Self::Among(values) => values.contains(&value),
            Self::Beside(side, limit) => side.holds(&value, limit),
        }
    }
}

/// A test of an extension field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FieldTest {
    Exists,
    Among(Operands),
    Beside(Side, Bound),
}

impl FieldTest {
    fn holds(&self, value: &Json) -> bool {
        match self {
            Self::Exists => is_filled(value),
            Self::Among(wanted) => any_leaf(value, &mut |leaf| wanted.have(leaf)),
            Self::Beside(side, bound) => any_leaf(value, &mut |leaf| bound.admits(*side, leaf)),
        }
    }
}

/// A criterion. Words and URIs are the canonical texts of `key.rs`; hexadecimal digits are small.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Criterion {
    /// The types of the standard among those named; a type of somebody's own is never recorded.
    EventType(Vec<EventKind>),
    Action(Vec<Action>),
    Time(TimeField, Side, Timestamp),
    Word(WordField, BTreeSet<String>),
    Uri(UriField, BTreeSet<String>),
    Within(PlaceField, Vec<String>),
    EventId(BTreeSet<String>),
    CorrectiveEventId(BTreeSet<String>),
    Things(ThingField, Things),
    Quantity(Option<String>, NumberTest),
    /// List, type, values.
    Pair(PairField, String, BTreeSet<String>),
    Exists(Part),
    Text(TextField, BTreeSet<String>),
    Boolean(bool),
    Measured(Measure, Option<String>, NumberTest),
    Field(Field, FieldTest),
    HasAttribute(Attributed, Vec<String>),
    AttributeIs(Attributed, String, Operands),
}

/// What a criterion is asked about.
pub(super) struct Subject<'a> {
    pub event: &'a Event,
    pub record_time: Timestamp,
    pub master: &'a dyn MasterData,
}

impl Criterion {
    /// Whether it holds for the event.
    pub fn holds(&self, subject: &Subject<'_>) -> bool {
        let event = subject.event;
        match self {
            Self::EventType(kinds) => kinds.contains(&event.kind()),
            Self::Action(actions) => {
                event.action().is_some_and(|own| actions.iter().any(|one| one.name() == own))
            }
            Self::Time(field, side, limit) => {
                any_time(*field, subject, &|time| side.holds(&time, limit))
            }
            Self::Word(field, values) => any_word(*field, event, &|word| values.contains(&word)),
            Self::Uri(field, values) => any_uri(*field, event, &|uri| values.contains(&uri)),
            Self::Within(field, values) => place(*field, event).is_some_and(|own| {
                values.iter().any(|one| *one == own || subject.master.is_within(&own, one))
            }),
            Self::EventId(values) => values.contains(&key::event_id(&key::event_id_of(event))),
            Self::CorrectiveEventId(values) => {
                corrective_ids(event).any(|own| values.contains(&key::event_id(own)))
            }
            Self::Things(field, things) => {
                any_thing(*field, event, &mut |own| things.has(own, event.context()))
            }
            Self::Quantity(unit, test) => any_quantity(event, unit.as_deref(), test),
            Self::Pair(list, kind, values) => {
                any_pair(*list, event, &mut |own, value| own == kind && values.contains(value))
            }
            Self::Exists(Part::ErrorDeclaration) => {
                event.json().get("errorDeclaration").is_some_and(is_filled)
            }
            Self::Exists(Part::SensorElementList) => !sensor_elements(event).is_empty(),
            Self::Text(field, values) => any_text(*field, event, values),
            Self::Boolean(wanted) => sensor_reports(event)
                .any(|report| report.get("booleanValue").and_then(Json::as_bool) == Some(*wanted)),
            Self::Measured(measure, unit, test) => sensor_reports(event).any(|report| {
                let is_unit = unit
                    .as_deref()
                    .is_none_or(|unit| report.get("uom").and_then(Json::as_str) == Some(unit));
                let value = report.get(measure.member()).and_then(Json::as_number);
                is_unit && value.is_some_and(|value| test.holds(value))
            }),
            Self::Field(field, test) => field.any(event, &|value| test.holds(value)),
            Self::HasAttribute(field, names) => any_element(field, event, &mut |element| {
                names.iter().any(|name| !subject.master.values(element, name).is_empty())
            }),
            Self::AttributeIs(field, name, values) => any_element(field, event, &mut |element| {
                let own = subject.master.values(element, name);
                own.into_iter().any(|own| values.have(&Json::String(own)))
            }),
        }
    }
}

fn any_time(field: TimeField, subject: &Subject<'_>, is: &dyn Fn(Timestamp) -> bool) -> bool {
    let event = subject.event;
    let member = |object: &Json, name: &str| {
        let text = object.get(name).and_then(Json::as_str);
        text.and_then(|text| date_time::parse(text).ok()).is_some_and(is)
    };
    match field {
        TimeField::Event => is(event.event_time()),
        TimeField::Record => is(subject.record_time),
        TimeField::ErrorDeclaration => event
            .json()
            .get("errorDeclaration")
            .is_some_and(|declaration| member(declaration, "declarationTime")),
        TimeField::Sensor => {
            sensor_metadata(event).chain(sensor_reports(event)).any(|one| member(one, "time"))
        }
        TimeField::SensorStart => sensor_metadata(event).any(|one| member(one, "startTime")),
        TimeField::SensorEnd => sensor_metadata(event).any(|one| member(one, "endTime")),
    }
}

/// The words of `field` in an event as they stand there.
pub(super) fn words(field: WordField, event: &Event) -> Vec<&str> {
    let json = event.json();
    let persistent = |name: &str| -> Vec<&str> {
        let list = json.get("persistentDisposition").and_then(|own| own.get(name));
        let list = list.and_then(Json::as_array).unwrap_or_default();
        list.iter().filter_map(Json::as_str).collect()
    };
    match field {
        WordField::BizStep => json.get("bizStep").and_then(Json::as_str).into_iter().collect(),
        WordField::Disposition => {
            json.get("disposition").and_then(Json::as_str).into_iter().collect()
        }
        WordField::Set => persistent("set"),
        WordField::Unset => persistent("unset"),
        WordField::ErrorReason => json
            .get("errorDeclaration")
            .and_then(|declaration| declaration.get("reason"))
            .and_then(Json::as_str)
            .into_iter()
            .collect(),
        WordField::SensorType => sensor_reports(event)
            .filter_map(|report| report.get("type").and_then(Json::as_str))
            .collect(),
    }
}

fn any_word(field: WordField, event: &Event, is: &dyn Fn(String) -> bool) -> bool {
    words(field, event)
        .into_iter()
        .any(|word| is(key::word(field.vocabulary(), word, event.context())))
}

/// The URIs of `field` in an event as they stand there.
pub(super) fn uris(field: UriField, event: &Event) -> Vec<&str> {
    let reports = |name: &'static str| {
        sensor_reports(event).filter_map(move |one| one.get(name).and_then(Json::as_str))
    };
    let measured = |name: &'static str| {
        let metadata =
            sensor_metadata(event).filter_map(move |one| one.get(name).and_then(Json::as_str));
        metadata.chain(reports(name)).collect()
    };
    match field {
        UriField::ReadPoint => event.read_point().into_iter().collect(),
        UriField::BizLocation => event.biz_location().into_iter().collect(),
        UriField::TransformationId => {
            event.json().get("transformationID").and_then(Json::as_str).into_iter().collect()
        }
        UriField::DeviceId => measured("deviceID"),
        UriField::DataProcessingMethod => measured("dataProcessingMethod"),
        UriField::BizRules => measured("bizRules"),
        UriField::Microorganism => reports("microorganism").collect(),
        UriField::ChemicalSubstance => reports("chemicalSubstance").collect(),
        UriField::UriValue => reports("uriValue").collect(),
    }
}

fn any_uri(field: UriField, event: &Event, is: &dyn Fn(String) -> bool) -> bool {
    uris(field, event).into_iter().any(|text| is(key::uri(text, event.context())))
}

/// The key of a place of the event.
fn place(field: PlaceField, event: &Event) -> Option<String> {
    let own = match field {
        PlaceField::ReadPoint => event.read_point(),
        PlaceField::BizLocation => event.biz_location(),
    };
    own.map(|text| key::uri(text, event.context()))
}

/// The events that correct the event.
pub(super) fn corrective_ids(event: &Event) -> impl Iterator<Item = &str> {
    let declaration = event.json().get("errorDeclaration");
    let list = declaration.and_then(|own| own.get("correctiveEventIDs")).and_then(Json::as_array);
    list.unwrap_or_default().iter().filter_map(Json::as_str)
}

/// The lists of things that an event may have.
const LISTS: [&str; 4] = ["epcList", "childEPCs", "inputEPCList", "outputEPCList"];
/// The lists of quantities.
pub(super) const QUANTITIES: [&str; 4] =
    ["quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList"];

/// Whether `is` holds for one of the things or classes of `field`, as they stand there.
pub(super) fn any_thing(
    field: ThingField,
    event: &Event,
    is: &mut dyn FnMut(&str) -> bool,
) -> bool {
    let json = event.json();
    let (lists, is_class): (&[&str], bool) = match field {
        ThingField::Epc => (&LISTS[..2], false),
        ThingField::ParentId => (&[], false),
        ThingField::InputEpc => (&LISTS[2..3], false),
        ThingField::OutputEpc => (&LISTS[3..], false),
        ThingField::AnyEpc => (&LISTS, false),
        ThingField::EpcClass => (&QUANTITIES[..2], true),
        ThingField::InputEpcClass => (&QUANTITIES[2..3], true),
        ThingField::OutputEpcClass => (&QUANTITIES[3..], true),
        ThingField::AnyEpcClass => (&QUANTITIES, true),
    };
    if matches!(field, ThingField::ParentId | ThingField::AnyEpc)
        && event.parent_id().is_some_and(&mut *is)
    {
        return true;
    }
    lists.iter().any(|name| {
        let items = json.get(name).and_then(Json::as_array).unwrap_or_default();
        items.iter().any(|item| {
            let item = if is_class { item.get("epcClass") } else { Some(item) };
            item.and_then(Json::as_str).is_some_and(&mut *is)
        })
    })
}

fn any_quantity(event: &Event, unit: Option<&str>, test: &NumberTest) -> bool {
    QUANTITIES.iter().any(|name| {
        let items = event.json().get(name).and_then(Json::as_array).unwrap_or_default();
        items.iter().any(|item| {
            let is_unit =
                unit.is_none_or(|unit| item.get("uom").and_then(Json::as_str) == Some(unit));
            let value = item.get("quantity").and_then(Json::as_number);
            is_unit && value.is_some_and(|value| test.holds(value))
        })
    })
}

/// Whether `is` holds for a pair of the list: type as a web URI, key of the value. A pair without type has an empty one.
pub(super) fn any_pair(
    list: PairField,
    event: &Event,
    is: &mut dyn FnMut(&str, &str) -> bool,
) -> bool {
    let (name, member) = match list {
        PairField::BizTransaction => ("bizTransactionList", "bizTransaction"),
        PairField::Source => ("sourceList", "source"),
        PairField::Destination => ("destinationList", "destination"),
    };
    let items = event.json().get(name).and_then(Json::as_array).unwrap_or_default();
    items.iter().any(|item| {
        let Some(value) = item.get(member).and_then(Json::as_str) else { return false };
        let kind = item.get("type").and_then(Json::as_str);
        let kind = kind.map(|kind| key::word(list.vocabulary(), kind, event.context()));
        is(kind.as_deref().unwrap_or_default(), &key::uri(value, event.context()))
    })
}

fn any_text(field: TextField, event: &Event, values: &BTreeSet<String>) -> bool {
    let name = match field {
        TextField::StringValue => "stringValue",
        TextField::HexBinaryValue => "hexBinaryValue",
    };
    sensor_reports(event).any(|report| {
        let own = report.get(name).and_then(Json::as_str);
        own.is_some_and(|own| match field {
            TextField::StringValue => values.contains(own),
            TextField::HexBinaryValue => values.contains(&own.to_ascii_lowercase()),
        })
    })
}

/// Whether `is` holds for one of the vocabulary elements of `field`.
fn any_element(field: &Attributed, event: &Event, is: &mut dyn FnMut(&str) -> bool) -> bool {
    let context = event.context();
    match field {
        Attributed::Word(field) => words(*field, event)
            .into_iter()
            .any(|word| is(&key::word(field.vocabulary(), word, context))),
        Attributed::ReadPoint => event.read_point().is_some_and(|own| is(&key::uri(own, context))),
        Attributed::BizLocation => {
            event.biz_location().is_some_and(|own| is(&key::uri(own, context)))
        }
        Attributed::Things(field) => {
            any_thing(*field, event, &mut |own| is(&key::uri(own, context)))
        }
        Attributed::Pair(list) => any_pair(*list, event, &mut |_, value| is(value)),
        Attributed::Extension(field) => {
            let found = std::cell::RefCell::new(is);
            field.any(event, &|value| {
                any_leaf(value, &mut |leaf| {
                    let text = leaf.as_str();
                    text.is_some_and(|text| (found.borrow_mut())(&key::uri(text, context)))
                })
            })
        }
    }
}
