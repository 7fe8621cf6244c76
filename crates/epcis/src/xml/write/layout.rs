//! Which elements an event has, and their order, in each version of the XML.
//!
//! Sources: XML schemas of EPCIS 2.0 and 1.2.

use super::version::Version;
use crate::event_kind::EventKind;

/// The elements of one type of event, in order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub base: &'static [&'static str],
    /// Those in `baseExtension`.
    pub base_extension: &'static [&'static str],
    pub main: &'static [&'static str],
    /// Those in `extension`.
    pub extension: &'static [&'static str],
    /// Lists that are there even if they are empty.
    pub required: &'static [&'static str],
}

impl Layout {
    /// Whether `name` is one of them.
    pub fn has(&self, name: &str) -> bool {
        [self.base, self.base_extension, self.main, self.extension]
            .iter()
            .any(|part| part.contains(&name))
    }
}

const BASE_2: &[&str] = &[
    "eventTime",
    "recordTime",
    "eventTimeZoneOffset",
    "eventID",
    "errorDeclaration",
    "certificationInfo",
];
const BASE_1: &[&str] = &["eventTime", "recordTime", "eventTimeZoneOffset"];
const BASE_EXTENSION_1: &[&str] = &["eventID", "errorDeclaration"];

/// The elements of events of the type `kind`; none if the version does not have the type.
pub(super) fn layout(kind: EventKind, version: Version) -> Option<Layout> {
    match version {
        Version::V2_0 => {
            let main = match kind {
                EventKind::Object => OBJECT_2,
                EventKind::Aggregation => AGGREGATION_2,
                EventKind::Transaction => TRANSACTION_2,
                EventKind::Transformation => TRANSFORMATION_2,
                EventKind::Association => ASSOCIATION_2,
            };
            Some(Layout { base: BASE_2, base_extension: &[], main, extension: &[], required: &[] })
        }
        Version::V1_2 => {
            let (main, extension, required) = match kind {
                EventKind::Object => OBJECT_1,
                EventKind::Aggregation => AGGREGATION_1,
                EventKind::Transaction => TRANSACTION_1,
                EventKind::Transformation => TRANSFORMATION_1,
                EventKind::Association => return None,
            };
            Some(Layout {
                base: BASE_1,
                base_extension: BASE_EXTENSION_1,
                main,
                extension,
                required,
            })
        }
    }
}

type Names = &'static [&'static str];

const OBJECT_2: Names = &[
    "epcList",
    "action",
    "bizStep",
    "disposition",
    "readPoint",
    "bizLocation",
    "bizTransactionList",
    "quantityList",
    "sourceList",
    "destinationList",
    "sensorElementList",
    "persistentDisposition",
    "ilmd",
];
const AGGREGATION_2: Names = &[
    "parentID",
    "childEPCs",
    "action",
    "bizStep",
    "disposition",
    "readPoint",
    "bizLocation",
    "bizTransactionList",
    "childQuantityList",
    "sourceList",
    "destinationList",
    "sensorElementList",
    "persistentDisposition",
];
const TRANSACTION_2: Names = &[
    "bizTransactionList",
    "parentID",
    "epcList",
    "action",
    "bizStep",
    "disposition",
    "readPoint",
    "bizLocation",
    "quantityList",
    "sourceList",
    "destinationList",
    "sensorElementList",
    "persistentDisposition",
];
const TRANSFORMATION_2: Names = &[
    "inputEPCList",
    "inputQuantityList",
    "outputEPCList",
    "outputQuantityList",
    "transformationID",
    "bizStep",
    "disposition",
    "readPoint",
    "bizLocation",
    "bizTransactionList",
    "sourceList",
    "destinationList",
    "sensorElementList",
    "persistentDisposition",
    "ilmd",
];
const ASSOCIATION_2: Names = &[
    "parentID",
    "childEPCs",
    "childQuantityList",
    "action",
    "bizStep",
    "disposition",
    "readPoint",
    "bizLocation",
    "bizTransactionList",
    "sourceList",
    "destinationList",
    "sensorElementList",
    "persistentDisposition",
];

/// Elements in their order, those in `extension`, and lists that must be there.
type Parts = (Names, Names, Names);

const OBJECT_1: Parts = (
    &[
        "epcList",
        "action",
        "bizStep",
        "disposition",
        "readPoint",
        "bizLocation",
        "bizTransactionList",
    ],
    &["quantityList", "sourceList", "destinationList", "ilmd"],
    &["epcList"],
);
const AGGREGATION_1: Parts = (
    &[
        "parentID",
        "childEPCs",
        "action",
        "bizStep",
        "disposition",
        "readPoint",
        "bizLocation",
        "bizTransactionList",
    ],
    &["childQuantityList", "sourceList", "destinationList"],
    &["childEPCs"],
);
const TRANSACTION_1: Parts = (
    &[
        "bizTransactionList",
        "parentID",
        "epcList",
        "action",
        "bizStep",
        "disposition",
        "readPoint",
        "bizLocation",
    ],
    &["quantityList", "sourceList", "destinationList"],
    &["epcList"],
);
const TRANSFORMATION_1: Parts = (
    &[
        "inputEPCList",
        "inputQuantityList",
        "outputEPCList",
        "outputQuantityList",
        "transformationID",
        "bizStep",
        "disposition",
        "readPoint",
        "bizLocation",
        "bizTransactionList",
        "sourceList",
        "destinationList",
        "ilmd",
    ],
    &[],
    &[],
);
