//! The tables of events and of their parts.
//!
//! Source: JSON schema of EPCIS 2.0. In one place they follow the standard's text (section 7.4) and its XML schema
//! instead: every type of event has `persistentDisposition`, which the JSON schema has in two.

use super::form::{Form, List, Member, Names, Others, Shape, may, must};
use crate::event_kind::EventKind;
use crate::vocabulary::Vocabulary;

const TIME: Form = Form::Time;
const RESOURCE: Form = Form::Uri(Names::Resource);

/// The members of events of the type `kind`.
pub(crate) fn shape_of(kind: EventKind) -> &'static Shape {
    match kind {
        EventKind::Object => &OBJECT,
        EventKind::Aggregation => &AGGREGATION,
        EventKind::Transaction => &TRANSACTION,
        EventKind::Transformation => &TRANSFORMATION,
        EventKind::Association => &ASSOCIATION,
    }
}

/// All tables of this file.
pub(super) const ALL: &[&Shape] = &[
    &OBJECT,
    &AGGREGATION,
    &TRANSACTION,
    &TRANSFORMATION,
    &ASSOCIATION,
    &ERROR_DECLARATION,
    &PLACE,
    &QUANTITY,
    &BIZ_TRANSACTION,
    &SOURCE,
    &DESTINATION,
    &PERSISTENT,
    &SENSOR_ELEMENT,
    &SENSOR_METADATA,
    &SENSOR_REPORT,
];

const fn event(what: &'static str, groups: &'static [&'static [Member]]) -> Shape {
    Shape { what, groups, others: Others::Extensions }
}

static OBJECT: Shape = event("an object event", &[COMMON, WHY, ACTION, THINGS, ILMD]);
static AGGREGATION: Shape = event("an aggregation event", &[COMMON, WHY, ACTION, CONTENTS, PARENT]);
static TRANSACTION: Shape =
    event("a transaction event", &[COMMON, WHY, ACTION, THINGS, PARENT, TRANSACTIONS]);
static TRANSFORMATION: Shape = event("a transformation event", &[COMMON, WHY, CHANGED, ILMD]);
static ASSOCIATION: Shape =
    event("an association event", &[COMMON, WHY, ACTION, CONTENTS, PARENT_ALWAYS]);

/// Members of every event. The type is read before.
const COMMON: &[Member] = &[
    may("@context", Form::Context),
    must("type", Form::Any),
    must("eventTime", TIME),
    must("eventTimeZoneOffset", Form::Offset),
    may("recordTime", TIME),
    may("eventID", RESOURCE),
    may("certificationInfo", Form::Resources),
    may("errorDeclaration", Form::Object(&ERROR_DECLARATION)),
];

const WHY: &[Member] = &[
    may("bizStep", Form::Word(Vocabulary::BizStep)),
    may("disposition", Form::Word(Vocabulary::Disposition)),
    may("persistentDisposition", Form::Object(&PERSISTENT)),
    may("readPoint", Form::Object(&PLACE)),
    may("bizLocation", Form::Object(&PLACE)),
    may("bizTransactionList", Form::List(&BIZ_TRANSACTIONS)),
    may("sourceList", Form::List(&SOURCES)),
    may("destinationList", Form::List(&DESTINATIONS)),
    may("sensorElementList", Form::List(&SENSOR_ELEMENTS)),
];

const ACTION: &[Member] = &[must("action", Form::Action)];
const THINGS: &[Member] =
    &[may("epcList", Form::List(&EPCS)), may("quantityList", Form::List(&QUANTITIES))];
const ILMD: &[Member] = &[may("ilmd", Form::Object(&MASTER_DATA))];
const PARENT: &[Member] = &[may("parentID", Form::Uri(Names::One))];
const PARENT_ALWAYS: &[Member] = &[must("parentID", Form::Uri(Names::One))];
const CONTENTS: &[Member] =
    &[may("childEPCs", Form::List(&EPCS)), may("childQuantityList", Form::List(&QUANTITIES))];
/// What a transaction event has in addition: its list is never empty or missing.
const TRANSACTIONS: &[Member] = &[must("bizTransactionList", Form::List(&BIZ_TRANSACTIONS))];
const CHANGED: &[Member] = &[
    may("inputEPCList", Form::List(&EPCS)),
    may("inputQuantityList", Form::List(&QUANTITIES)),
    may("outputEPCList", Form::List(&EPCS)),
    may("outputQuantityList", Form::List(&QUANTITIES)),
    may("transformationID", RESOURCE),
];

static EPCS: List = List::of("an array of EPC URIs", Form::Uri(Names::One)).each_once();
static QUANTITIES: List = List::of("an array of quantities", Form::Object(&QUANTITY));
static BIZ_TRANSACTIONS: List =
    List::of("an array of business transactions", Form::Object(&BIZ_TRANSACTION));
static SOURCES: List = List::of("an array of sources", Form::Object(&SOURCE));
static DESTINATIONS: List = List::of("an array of destinations", Form::Object(&DESTINATION));
static DISPOSITIONS: List =
    List::of("an array of dispositions", Form::Word(Vocabulary::Disposition)).filled().each_once();
static SENSOR_ELEMENTS: List =
    List::of("an array of sensor elements", Form::Object(&SENSOR_ELEMENT));
static SENSOR_REPORTS: List =
    List::of("an array of sensor reports", Form::Object(&SENSOR_REPORT)).filled();
static EVENT_IDS: List = List::of("an array of event ids", RESOURCE);

const fn closed(what: &'static str, groups: &'static [&'static [Member]]) -> Shape {
    Shape { what, groups, others: Others::Refused }
}

static QUANTITY: Shape = closed(
    "a quantity",
    &[&[
        must("epcClass", Form::Uri(Names::Class)),
        may("quantity", Form::Quantity),
        may("uom", Form::Unit),
    ]],
);
static BIZ_TRANSACTION: Shape = closed(
    "a business transaction",
    &[&[
        may("type", Form::Word(Vocabulary::BizTransactionType)),
        must("bizTransaction", Form::Uri(Names::Any)),
    ]],
);
static SOURCE: Shape = closed(
    "a source",
    &[&[
        must("type", Form::Word(Vocabulary::SourceDestType)),
        must("source", Form::Uri(Names::Any)),
    ]],
);
static DESTINATION: Shape = closed(
    "a destination",
    &[&[
        must("type", Form::Word(Vocabulary::SourceDestType)),
        must("destination", Form::Uri(Names::Any)),
    ]],
);
static PERSISTENT: Shape = closed(
    "a persistent disposition",
    &[&[may("set", Form::List(&DISPOSITIONS)), may("unset", Form::List(&DISPOSITIONS))]],
);

static PLACE: Shape = event("a place", &[&[must("id", Form::Uri(Names::Any))]]);
static MASTER_DATA: Shape = event("ILMD", &[]);
static ERROR_DECLARATION: Shape = event(
    "an error declaration",
    &[&[
        must("declarationTime", TIME),
        may("reason", Form::Word(Vocabulary::ErrorReason)),
        may("correctiveEventIDs", Form::List(&EVENT_IDS)),
    ]],
);
static SENSOR_ELEMENT: Shape = event(
    "a sensor element",
    &[&[
        may("sensorMetadata", Form::Object(&SENSOR_METADATA)),
        must("sensorReport", Form::List(&SENSOR_REPORTS)),
    ]],
);

/// Members of sensor metadata and of sensor reports.
const MEASURED: &[Member] = &[
    may("time", TIME),
    may("deviceID", Form::Uri(Names::Any)),
    may("deviceMetadata", RESOURCE),
    may("rawData", RESOURCE),
    may("dataProcessingMethod", RESOURCE),
    may("bizRules", RESOURCE),
];
static SENSOR_METADATA: Shape =
    event("sensor metadata", &[MEASURED, &[may("startTime", TIME), may("endTime", TIME)]]);
static SENSOR_REPORT: Shape = event(
    "a sensor report",
    &[
        MEASURED,
        &[
            must("type", Form::Word(Vocabulary::Measurement)),
            may("exception", Form::Word(Vocabulary::Exception)),
            may("component", Form::Word(Vocabulary::Component)),
            may("microorganism", RESOURCE),
            may("chemicalSubstance", RESOURCE),
            may("coordinateReferenceSystem", RESOURCE),
            may("value", Form::Number),
            may("minValue", Form::Number),
            may("maxValue", Form::Number),
            may("meanValue", Form::Number),
            may("sDev", Form::Number),
            may("percRank", Form::Number),
            may("percValue", Form::Number),
            may("uom", Form::Text),
            may("stringValue", Form::Text),
            may("booleanValue", Form::Truth),
            may("hexBinaryValue", Form::Hex),
            may("uriValue", RESOURCE),
        ],
    ],
);
