//! The standard's terms: members of events and documents, and the form of their values.
//!
//! Not here: which type of event has which term ([`crate::EventKind`]), checking a value ([`crate::check`]).
//!
//! Source: JSON schema of EPCIS 2.0.

/// The form that the value of a term must have.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form {
    /// Any JSON.
    Any,
    /// A text that is not blank.
    Text,
    Uri,
    /// A time with offset, RFC 3339.
    Time,
    /// An offset from UTC: `+08:00`.
    Offset,
    /// ADD, OBSERVE or DELETE.
    Action,
    Uris,
    /// A list of classes with quantity and unit.
    Quantities,
    /// An object with the URI of a location.
    Place,
    /// A list of objects with `type` and the member named here.
    Pairs(&'static str),
    /// Dispositions set and unset.
    Persistent,
    /// A list of sensor elements.
    Sensors,
    /// An error declaration.
    Error,
}

/// Members of events.
const TERMS: &[(&str, Form)] = &[
    ("type", Form::Text),
    ("eventID", Form::Uri),
    ("eventTime", Form::Time),
    ("recordTime", Form::Time),
    ("eventTimeZoneOffset", Form::Offset),
    ("certificationInfo", Form::Any),
    ("errorDeclaration", Form::Error),
    ("epcList", Form::Uris),
    ("parentID", Form::Uri),
    ("childEPCs", Form::Uris),
    ("inputEPCList", Form::Uris),
    ("outputEPCList", Form::Uris),
    ("quantityList", Form::Quantities),
    ("childQuantityList", Form::Quantities),
    ("inputQuantityList", Form::Quantities),
    ("outputQuantityList", Form::Quantities),
    ("action", Form::Action),
    ("transformationID", Form::Uri),
    ("bizStep", Form::Text),
    ("disposition", Form::Text),
    ("persistentDisposition", Form::Persistent),
    ("readPoint", Form::Place),
    ("bizLocation", Form::Place),
    ("bizTransactionList", Form::Pairs("bizTransaction")),
    ("sourceList", Form::Pairs("source")),
    ("destinationList", Form::Pairs("destination")),
    ("sensorElementList", Form::Sensors),
    ("ilmd", Form::Any),
];

/// Members of documents and of the parts of events.
const OTHER_TERMS: &[&str] = &[
    "id",
    "schemaVersion",
    "creationDate",
    "epcisBody",
    "epcisHeader",
    "eventList",
    "set",
    "unset",
    "epcClass",
    "quantity",
    "uom",
    "bizTransaction",
    "source",
    "destination",
    "sensorMetadata",
    "sensorReport",
    "value",
    "time",
    "startTime",
    "endTime",
    "deviceID",
    "deviceMetadata",
    "rawData",
    "dataProcessingMethod",
    "bizRules",
    "reason",
    "declarationTime",
    "correctiveEventIDs",
];

/// The form of the event member `name`; `None` if events have no such member.
pub(crate) fn form(name: &str) -> Option<Form> {
    TERMS.iter().find(|(term, _)| *term == name).map(|(_, form)| *form)
}

/// Whether the standard defines the meaning of `name`.
pub(crate) fn is_standard(name: &str) -> bool {
    form(name).is_some() || OTHER_TERMS.contains(&name)
}
