//! Validation: what an event must have and may not have, field by field.
//!
//! What holds: all that is wrong is found, not only the first (at most `MOST`); each finding says where,
//! what stands there, what is wrong, and what would be right.
//!
//! Source: EPCIS 2.0 sections 7.3 and 7.4, JSON schema of EPCIS 2.0.

use jiff::Timestamp;
use ledger::json::Json;

use crate::event::EventKind;

/// Most findings reported.
const MOST: usize = 100;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// JSON pointer to it, RFC 6901.
    pub pointer: String,
    /// What stands there, shortened to 80 characters.
    pub value: String,
    /// What is wrong.
    pub problem: String,
    /// What would be right.
    pub expected: String,
}

/// Gathers violations.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<Violation>);

impl Findings {
    pub(crate) fn add(&mut self, pointer: &str, value: &str, problem: &str, expected: &str) {
        if self.0.len() < MOST {
            self.0.push(Violation {
                pointer: pointer.to_owned(),
                value: value.chars().take(80).collect(),
                problem: problem.to_owned(),
                expected: expected.to_owned(),
            });
        }
    }

    pub(crate) fn end<T>(self, value: T) -> Result<T, Vec<Violation>> {
        if self.0.is_empty() { Ok(value) } else { Err(self.0) }
    }

    pub(crate) fn extend(&mut self, base: &str, others: Vec<Violation>) {
        for other in others {
            let pointer = format!("{base}{}", other.pointer);
            self.add(&pointer, &other.value, &other.problem, &other.expected);
        }
    }
}

/// Members of events, by the form of their value.
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

/// Members of events, documents and their parts that are not terms of an event.
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

/// Whether the standard gives `name` its meaning.
pub(crate) fn is_standard_term(name: &str) -> bool {
    TERMS.iter().any(|(term, _)| *term == name) || OTHER_TERMS.contains(&name)
}

/// The form that a member's value must have.
#[derive(Debug, Clone, Copy)]
enum Form {
    Any,
    Text,
    Uri,
    Time,
    Offset,
    Action,
    Uris,
    Quantities,
    Place,
    /// Pairs of `type` and this member.
    Pairs(&'static str),
    Persistent,
    Sensors,
    Error,
}

/// Checks one event; pointers begin at the event.
pub(crate) fn check_event(json: &Json) -> Result<EventKind, Vec<Violation>> {
    const KINDS: &str =
        "ObjectEvent, AggregationEvent, TransactionEvent, TransformationEvent or AssociationEvent";
    let mut findings = Findings::default();
    let Some(members) = json.as_object() else {
        findings.add("", &json.canonical(), "not an object", "an event");
        return findings.end(EventKind::Object);
    };
    let Some(kind) = json.get("type").and_then(Json::as_str).and_then(EventKind::from_name) else {
        let found = json.get("type").map_or_else(|| "nothing".to_owned(), Json::canonical);
        findings.add("/type", &found, "not a type of event", KINDS);
        return findings.end(EventKind::Object);
    };
    for (name, value) in members {
        let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        if name.starts_with('@') || name.contains(':') {
            continue;
        }
        match TERMS.iter().find(|(term, _)| term == name) {
            Some((_, form)) if kind.has(name) => check(*form, value, &pointer, &mut findings),
            Some(_) => {
                let problem = format!("{} has no such field", kind.name());
                findings.add(&pointer, &value.canonical(), &problem, "leaving it out");
            }
            None => {
                let expected = "a field of the standard, or `prefix:name` for one of your own";
                findings.add(&pointer, &value.canonical(), "not a field of EPCIS 2.0", expected);
            }
        }
    }
    required(kind, json, &mut findings);
    findings.end(kind)
}

fn required(kind: EventKind, json: &Json, findings: &mut Findings) {
    let has = |name: &str| match json.get(name) {
        None | Some(Json::Null) => false,
        Some(Json::Array(items)) => !items.is_empty(),
        Some(_) => true,
    };
    let mut need = |is_there: bool, pointer: &str, expected: &str| {
        if !is_there {
            findings.add(pointer, "nothing", "missing", expected);
        }
    };
    need(has("eventTime"), "/eventTime", "the time of the event, with offset");
    need(has("eventTimeZoneOffset"), "/eventTimeZoneOffset", "`+hh:mm` or `-hh:mm`");
    let action = json.get("action").and_then(Json::as_str).unwrap_or_default();
    if kind != EventKind::Transformation {
        need(has("action"), "/action", "ADD, OBSERVE or DELETE");
    }
    match kind {
        EventKind::Object => need(
            has("epcList") || has("quantityList") || has("sensorElementList"),
            "/epcList",
            "at least one of epcList, quantityList and sensorElementList, not empty",
        ),
        EventKind::Aggregation | EventKind::Association => {
            need(has("parentID") || action == "OBSERVE", "/parentID", "what contains the others");
            need(
                has("childEPCs")
                    || has("childQuantityList")
                    || action == "DELETE"
                    || has("sensorElementList"),
                "/childEPCs",
                "at least one of childEPCs and childQuantityList, not empty",
            );
        }
        EventKind::Transaction => {
            need(
                has("bizTransactionList"),
                "/bizTransactionList",
                "at least one business transaction",
            );
            need(
                has("epcList") || has("quantityList") || has("parentID"),
                "/epcList",
                "at least one of epcList, quantityList and parentID",
            );
        }
        EventKind::Transformation => {
            let has_in = has("inputEPCList") || has("inputQuantityList");
            let has_out = has("outputEPCList") || has("outputQuantityList");
            let has_transformation = has("transformationID");
            need(
                has_in || (has_transformation && has_out),
                "/inputEPCList",
                "inputs, or transformationID and outputs",
            );
            need(
                has_out || (has_transformation && has_in),
                "/outputEPCList",
                "outputs, or transformationID and inputs",
            );
        }
    }
}

fn check(form: Form, value: &Json, pointer: &str, findings: &mut Findings) {
    let text = value.as_str();
    let mut wrong = |problem: &str, expected: &str| {
        findings.add(pointer, &value.canonical(), problem, expected);
    };
    match form {
        Form::Any => {}
        Form::Text => {
            if text.is_none_or(|text| text.trim().is_empty()) {
                wrong("not a text", "a word of the standard's vocabulary, or a URI");
            }
        }
        Form::Uri => check_uri(value, pointer, findings),
        Form::Time => {
            if text.is_none_or(|text| text.parse::<Timestamp>().is_err()) {
                wrong("not a time", "2026-11-20T08:15:00.125+08:00");
            }
        }
        Form::Offset => {
            if !text.is_some_and(is_offset) {
                wrong("not an offset", "`+hh:mm` or `-hh:mm`, at most 14:00");
            }
        }
        Form::Action => {
            if !text.is_some_and(|text| ["ADD", "OBSERVE", "DELETE"].contains(&text)) {
                wrong("not an action", "ADD, OBSERVE or DELETE");
            }
        }
        Form::Uris => each(value, pointer, findings, check_uri),
        Form::Quantities => each(value, pointer, findings, check_quantity),
        Form::Place => match value.get("id") {
            Some(id) => check_uri(id, &format!("{pointer}/id"), findings),
            None => wrong("not a place", "an object with `id`, a location URI"),
        },
        Form::Pairs(name) => each(value, pointer, findings, |pair, pointer, findings| {
            match pair.get(name) {
                Some(uri) => check_uri(uri, &format!("{pointer}/{name}"), findings),
                None => findings.add(
                    pointer,
                    &pair.canonical(),
                    &format!("has no `{name}`"),
                    "an object of `type` and a URI",
                ),
            }
            if name != "bizTransaction" && pair.get("type").and_then(Json::as_str).is_none() {
                findings.add(
                    &format!("{pointer}/type"),
                    "nothing",
                    "missing",
                    "a source or destination type",
                );
            }
        }),
        Form::Persistent => {
            let names = ["set", "unset"];
            if !names.iter().any(|name| value.get(name).and_then(Json::as_array).is_some()) {
                wrong(
                    "not a persistent disposition",
                    "an object of `set` and `unset`, arrays of dispositions",
                );
            }
        }
        Form::Sensors => each(value, pointer, findings, check_sensor),
        Form::Error => {
            if value
                .get("declarationTime")
                .and_then(Json::as_str)
                .is_none_or(|t| t.parse::<Timestamp>().is_err())
            {
                findings.add(
                    &format!("{pointer}/declarationTime"),
                    &value.canonical(),
                    "missing or not a time",
                    "the time of the declaration",
                );
            }
        }
    }
}

fn each(
    value: &Json,
    pointer: &str,
    findings: &mut Findings,
    check_item: impl Fn(&Json, &str, &mut Findings),
) {
    match value.as_array() {
        Some(items) => {
            for (place, item) in items.iter().enumerate() {
                check_item(item, &format!("{pointer}/{place}"), findings);
            }
        }
        None => findings.add(pointer, &value.canonical(), "not a list", "an array"),
    }
}

fn check_uri(value: &Json, pointer: &str, findings: &mut Findings) {
    const URI: &str = "an absolute URI without white space";
    let Some(text) = value.as_str() else {
        findings.add(pointer, &value.canonical(), "not a URI", URI);
        return;
    };
    let has_scheme = text.split_once(':').is_some_and(|(scheme, rest)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
            && !rest.is_empty()
    });
    if !has_scheme || text.chars().any(|c| c.is_whitespace() || c.is_control()) || text.len() > 2048
    {
        findings.add(pointer, text, "not a URI", URI);
        return;
    }
    // Schemes that we read are read; others are taken as they are.
    let ours = ["sgtin", "sscc", "sgln", "grai", "giai"];
    let scheme = text.strip_prefix("urn:epc:id:").and_then(|rest| rest.split(':').next());
    if scheme.is_some_and(|scheme| ours.contains(&scheme)) {
        if let Err(error) = epc::Epc::from_uri(text) {
            findings.add(pointer, text, &error.to_string(), "a valid EPC URI");
        }
    } else if text.starts_with("urn:epc:class:lgtin:")
        && let Err(error) = epc::EpcClass::from_uri(text)
    {
        findings.add(pointer, text, &error.to_string(), "a valid class URI");
    }
}

fn check_quantity(value: &Json, pointer: &str, findings: &mut Findings) {
    match value.get("epcClass") {
        Some(class) => check_uri(class, &format!("{pointer}/epcClass"), findings),
        None => findings.add(pointer, &value.canonical(), "has no `epcClass`", "a class URI"),
    }
    if let Some(quantity) = value.get("quantity")
        && quantity.as_number().is_none()
    {
        let pointer = format!("{pointer}/quantity");
        findings.add(&pointer, &quantity.canonical(), "not a number", "a number, without quotes");
    }
    if let Some(uom) = value.get("uom")
        && !uom.as_str().is_some_and(|code| (2..=3).contains(&code.len()))
    {
        let pointer = format!("{pointer}/uom");
        findings.add(
            &pointer,
            &uom.canonical(),
            "not a unit",
            "a UN/ECE unit code of 2 or 3 characters",
        );
    }
}

/// Members of a sensor report that must be numbers.
const NUMBERS: [&str; 7] =
    ["value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue"];

fn check_sensor(value: &Json, pointer: &str, findings: &mut Findings) {
    for name in ["time", "startTime", "endTime"] {
        if let Some(time) = value.get("sensorMetadata").and_then(|metadata| metadata.get(name)) {
            check(Form::Time, time, &format!("{pointer}/sensorMetadata/{name}"), findings);
        }
    }
    let reports = value.get("sensorReport").and_then(Json::as_array).unwrap_or_default();
    if reports.is_empty() {
        let pointer = format!("{pointer}/sensorReport");
        findings.add(&pointer, "nothing", "missing", "at least one sensor report");
    }
    for (place, report) in reports.iter().enumerate() {
        for name in NUMBERS {
            if let Some(number) = report.get(name)
                && number.as_number().is_none()
            {
                let pointer = format!("{pointer}/sensorReport/{place}/{name}");
                findings.add(
                    &pointer,
                    &number.canonical(),
                    "not a number",
                    "a number, without quotes",
                );
            }
        }
    }
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
