//! Where extension fields stand in an event, and how their values are found.
//!
//! The way through: [`Field::any`] goes through the objects that a [`Scope`] has in an event, finds the members with the
//! field's whole name, on the first level or below it, and asks about each value.
//!
//! What holds: an array is its elements; an object that XML made of an element with attributes has its text in `#text`, one
//! of JSON-LD in `@value`.
//!
//! Source: EPCIS 2.0 section 8.2.7.1, parameters `EQ_fieldname`, `EQ_INNER_fieldname` and their like.

use ledger::json::Json;

use super::key;
use crate::event::Event;

/// The object whose extension fields are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Scope {
    Event,
    Ilmd,
    ErrorDeclaration,
    ReadPoint,
    BizLocation,
    SensorElement,
    SensorMetadata,
    SensorReport,
}

impl Scope {
    pub const ALL: [Self; 8] = [
        Self::Event,
        Self::Ilmd,
        Self::ErrorDeclaration,
        Self::ReadPoint,
        Self::BizLocation,
        Self::SensorElement,
        Self::SensorMetadata,
        Self::SensorReport,
    ];

    /// How parameters name it: `ILMD`; nothing for the event itself. It is part of terms and never changes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Event => "",
            Self::Ilmd => "ILMD",
            Self::ErrorDeclaration => "ERROR_DECLARATION",
            Self::ReadPoint => "readPoint",
            Self::BizLocation => "bizLocation",
            Self::SensorElement => "SENSORELEMENT",
            Self::SensorMetadata => "SENSORMETADATA",
            Self::SensorReport => "SENSORREPORT",
        }
    }

    /// The objects of `event` that this is about.
    pub fn objects(self, event: &Event) -> Vec<&Json> {
        let json = event.json();
        match self {
            Self::Event => vec![json],
            Self::Ilmd => json.get("ilmd").into_iter().collect(),
            Self::ErrorDeclaration => json.get("errorDeclaration").into_iter().collect(),
            Self::ReadPoint => json.get("readPoint").into_iter().collect(),
            Self::BizLocation => json.get("bizLocation").into_iter().collect(),
            Self::SensorElement => sensor_elements(event).iter().collect(),
            Self::SensorMetadata => sensor_metadata(event).collect(),
            Self::SensorReport => sensor_reports(event).collect(),
        }
    }

    /// Whether the member `name` of such an object is an extension field.
    pub fn is_extension(self, name: &str) -> bool {
        name.contains(':') || (self == Self::Ilmd && !name.starts_with('@'))
    }
}

/// The sensor elements of an event.
pub(super) fn sensor_elements(event: &Event) -> &[Json] {
    event.json().get("sensorElementList").and_then(Json::as_array).unwrap_or_default()
}

/// The metadata of all sensor elements of an event.
pub(super) fn sensor_metadata(event: &Event) -> impl Iterator<Item = &Json> {
    sensor_elements(event).iter().filter_map(|element| element.get("sensorMetadata"))
}

/// The reports of all sensor elements of an event.
pub(super) fn sensor_reports(event: &Event) -> impl Iterator<Item = &Json> {
    sensor_elements(event).iter().flat_map(|element| {
        element.get("sensorReport").and_then(Json::as_array).unwrap_or_default()
    })
}

/// An extension field as a parameter names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    pub scope: Scope,
    /// Whether it stands below the first level.
    pub is_inner: bool,
    /// Namespace and local name.
    pub name: String,
}

impl Field {
    /// Whether one of the values of the field in `event` is such that `is` holds.
    pub fn any(&self, event: &Event, is: &dyn Fn(&Json) -> bool) -> bool {
        self.scope.objects(event).into_iter().any(|object| {
            let members = object.as_object().unwrap_or_default();
            let mut extensions = members.iter().filter(|(name, _)| self.scope.is_extension(name));
            extensions.any(|(name, value)| {
                if self.is_inner {
                    below(value, &mut |name, value| self.is_member(event, name) && is(value))
                } else {
                    self.is_member(event, name) && is(value)
                }
            })
        })
    }

    fn is_member(&self, event: &Event, name: &str) -> bool {
        key::is_field(event, name, &self.name)
    }
}

/// Whether `is` holds for a member of an object in `value`, at any depth.
pub(super) fn below(value: &Json, is: &mut dyn FnMut(&str, &Json) -> bool) -> bool {
    match value {
        Json::Array(items) => items.iter().any(|item| below(item, is)),
        Json::Object(members) => {
            members.iter().any(|(name, value)| is(name, value) || below(value, is))
        }
        _ => false,
    }
}

/// Whether `is` holds for one of the plain values that `value` stands for.
pub(super) fn any_leaf(value: &Json, is: &mut dyn FnMut(&Json) -> bool) -> bool {
    match value {
        Json::Null => false,
        Json::Array(items) => items.iter().any(|item| any_leaf(item, is)),
        Json::Object(_) => ["#text", "@value", "@id"]
            .iter()
            .filter_map(|name| value.get(name))
            .any(|inner| any_leaf(inner, is)),
        _ => is(value),
    }
}

/// Whether there is anything in `value`.
pub(super) fn is_filled(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::String(text) => !text.is_empty(),
        Json::Array(items) => items.iter().any(is_filled),
        Json::Object(members) => !members.is_empty(),
        Json::Bool(_) | Json::Number(_) => true,
    }
}
