//! The tables of documents: what stands around the events.
//!
//! Source: JSON schema of EPCIS 2.0.

use super::form::{Form, List, Member, Names, Others, Shape, may, must};

const RESOURCE: Form = Form::Uri(Names::Resource);

/// All tables of this file.
pub(super) const ALL: &[&Shape] =
    &[&DOCUMENT, &QUERY_DOCUMENT, &HEADER, &BODY, &QUERY_BODY, &RESULTS, &RESULTS_BODY];

/// An `EPCISDocument`.
pub(crate) static DOCUMENT: Shape = shape(
    "a document",
    &[&[
        must("@context", Form::Context),
        must("type", Form::Any),
        must("schemaVersion", Form::Version),
        must("creationDate", Form::Time),
        may("id", RESOURCE),
        may("instanceIdentifier", Form::Text),
        may("sender", Form::Text),
        may("receiver", Form::Text),
        may("epcisHeader", Form::Object(&HEADER)),
        must("epcisBody", Form::Object(&BODY)),
    ]],
);

/// An `EPCISQueryDocument`.
pub(crate) static QUERY_DOCUMENT: Shape = shape(
    "a query document",
    &[&[
        must("@context", Form::Context),
        must("type", Form::Any),
        may("schemaVersion", Form::Version),
        may("creationDate", Form::Time),
        may("id", RESOURCE),
        must("epcisBody", Form::Object(&QUERY_BODY)),
    ]],
);

const fn shape(what: &'static str, groups: &'static [&'static [Member]]) -> Shape {
    Shape { what, groups, others: Others::Extensions }
}

const fn free(what: &'static str, groups: &'static [&'static [Member]]) -> Shape {
    Shape { what, groups, others: Others::Free }
}

/// The events of a document; each is checked for itself.
static EVENTS: List = List::of("an array of events", Form::Any);
static VOCABULARIES: List = List::of("an array of vocabularies", Form::Object(&VOCABULARY));
static ELEMENTS: List = List::of("an array of vocabulary elements", Form::Object(&ELEMENT));
static ATTRIBUTES: List = List::of("an array of attributes", Form::Object(&ATTRIBUTE));
static CHILDREN: List = List::of("an array of URIs", RESOURCE);

static BODY: Shape =
    free("an object with `eventList`", &[&[must("eventList", Form::List(&EVENTS))]]);
static QUERY_BODY: Shape =
    shape("an object with `queryResults`", &[&[must("queryResults", Form::Object(&RESULTS))]]);
static RESULTS: Shape = shape(
    "an object with `queryName` and `resultsBody`",
    &[&[
        must("queryName", Form::Text),
        may("subscriptionID", Form::Text),
        must("resultsBody", Form::Object(&RESULTS_BODY)),
    ]],
);
static RESULTS_BODY: Shape = shape(
    "an object with `eventList`",
    &[&[must("eventList", Form::List(&EVENTS)), may("vocabularyList", Form::List(&VOCABULARIES))]],
);

static HEADER: Shape = shape("a header", &[&[may("epcisMasterData", Form::Object(&MASTER_DATA))]]);
static MASTER_DATA: Shape =
    free("master data", &[&[may("vocabularyList", Form::List(&VOCABULARIES))]]);
static VOCABULARY: Shape = free(
    "a vocabulary",
    &[&[must("type", RESOURCE), may("vocabularyElementList", Form::List(&ELEMENTS))]],
);
static ELEMENT: Shape = free(
    "a vocabulary element",
    &[&[
        must("id", RESOURCE),
        may("attributes", Form::List(&ATTRIBUTES)),
        may("children", Form::List(&CHILDREN)),
    ]],
);
static ATTRIBUTE: Shape =
    free("an attribute", &[&[must("id", RESOURCE), may("attribute", Form::Attribute)]]);
