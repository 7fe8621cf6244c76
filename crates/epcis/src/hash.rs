//! The event hash of the Core Business Vocabulary, in two dialects.
//!
//! The way through: [`pre_hash`] writes the event as one text, in the order of CBV 2.0 section 8.9; [`event_hash`]
//! hashes that text. The dialects differ in the order of fields, in the namespace of GS1's vocabulary, in the place
//! of extensions of standard fields, and in the fields that they omit.
//!
//! What holds: numbers are decimal text, never floating point.
//!
//! The hash is only a derived id, and no security property depends on it: different events can be chosen that
//! have the same hash (lot "00123" and number 123), and there have been four dialects under one label.
//!
//! Source: CBV 2.0 section 8.9 as described by its reference implementations of 2025 and of September 2026.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use ledger::json::Json;
use thiserror::Error;

use crate::event::Event;
use crate::vocabulary::{GS1, Vocabulary, expand_urn};

/// Which reference implementation of section 8.9 to follow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// The reference implementation of September 2026: `cbv2.0-2026`.
    #[default]
    Cbv20_2026,
    /// The reference implementation of 2025: `cbv2.0-2025`.
    Cbv20_2025,
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cbv20_2026 => "cbv2.0-2026",
            Self::Cbv20_2025 => "cbv2.0-2025",
        })
    }
}

impl FromStr for Dialect {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        match text {
            "cbv2.0-2026" => Ok(Self::Cbv20_2026),
            "cbv2.0-2025" => Ok(Self::Cbv20_2025),
            _ => Err(HashError::Dialect(text.chars().take(40).collect())),
        }
    }
}

/// Errors of the event hash.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HashError {
    /// The name of an unknown dialect, cut to 40 characters.
    #[error("got dialect `{0}`, expected cbv2.0-2026 or cbv2.0-2025")]
    Dialect(String),
}

/// Computes the event hash: `ni:///sha-256;HEX?ver=CBV2.0`, where HEX are 64 lower-case hex digits.
///
/// # Errors
///
/// None for the present dialects.
pub fn event_hash(event: &Event, dialect: Dialect) -> Result<String, HashError> {
    let text = pre_hash(event, dialect)?;
    Ok(format!("ni:///sha-256;{}?ver=CBV2.0", ledger::hash::sha256(text.as_bytes())))
}

/// Returns the text that [`event_hash`] hashes.
///
/// # Errors
///
/// As [`event_hash`].
pub fn pre_hash(event: &Event, dialect: Dialect) -> Result<String, HashError> {
    let mut writer = Writer { event, dialect, out: String::new(), trailing: String::new() };
    writer.event();
    Ok(writer.out)
}

const BEFORE_2025: &[&str] = &["parentID", "epcList"];
const BEFORE_2026: &[&str] = &["epcList", "parentID"];
const MIDDLE: &[&str] = &[
    "inputEPCList",
    "childEPCs",
    "quantityList",
    "childQuantityList",
    "inputQuantityList",
    "outputEPCList",
    "outputQuantityList",
    "action",
    "transformationID",
    "bizStep",
    "disposition",
    "persistentDisposition",
    "readPoint",
    "bizLocation",
    "bizTransactionList",
];
const AFTER_2025: &[&str] = &["destinationList", "sourceList"];
const AFTER_2026: &[&str] = &["sourceList", "destinationList"];
const LAST: &[&str] = &["sensorElementList", "ilmd"];

const METADATA: &[&str] = &[
    "time",
    "startTime",
    "endTime",
    "deviceID",
    "deviceMetadata",
    "rawData",
    "dataProcessingMethod",
    "bizRules",
];
const REPORT: &[&str] = &[
    "type",
    "exception",
    "deviceID",
    "deviceMetadata",
    "rawData",
    "dataProcessingMethod",
    "time",
    "microorganism",
    "chemicalSubstance",
    "value",
    "component",
    "stringValue",
    "booleanValue",
    "hexBinaryValue",
    "uriValue",
    "minValue",
    "maxValue",
    "meanValue",
    "sDev",
    "percRank",
    "percValue",
    "uom",
    "coordinateReferenceSystem",
];

struct Writer<'a> {
    event: &'a Event,
    dialect: Dialect,
    out: String,
    /// Extensions of standard fields, which the dialect of 2026 moves after all standard fields.
    trailing: String,
}

impl Writer<'_> {
    fn event(&mut self) {
        let json = self.event.json();
        let is_old = self.dialect == Dialect::Cbv20_2025;
        self.out.push_str("eventType=");
        self.out.push_str(self.event.kind().name());
        self.field("eventTime", json);
        self.field("eventTimeZoneOffset", json);
        if is_old {
            self.certification(json);
        }
        let orders = if is_old { [BEFORE_2025, AFTER_2025] } else { [BEFORE_2026, AFTER_2026] };
        for name in [orders[0], MIDDLE, orders[1], LAST].concat() {
            if let Some(value) = json.get(name) {
                self.standard(name, value);
            }
        }
        let trailing = std::mem::take(&mut self.trailing);
        self.out.push_str(&trailing);
        let own = self.extensions(json);
        self.out.push_str(&own);
    }

    fn certification(&mut self, json: &Json) {
        let Some(value) = json.get("certificationInfo") else { return };
        let items = value.as_array().unwrap_or(std::slice::from_ref(value));
        let mut texts: Vec<String> = items
            .iter()
            .map(|item| format!("certificationInfo={}", self.value("", item)))
            .collect();
        texts.sort();
        self.out.push_str(&texts.concat());
    }

    /// `name=value` of a plain member; empty if the member is missing or empty.
    fn plain(&self, name: &str, json: &Json) -> String {
        match json.get(name) {
            None => String::new(),
            Some(value) => {
                let text = self.value(name, value);
                if text.is_empty() { text } else { format!("{name}={text}") }
            }
        }
    }

    fn field(&mut self, name: &str, json: &Json) {
        let text = self.plain(name, json);
        self.out.push_str(&text);
    }

    fn standard(&mut self, name: &str, value: &Json) {
        match name {
            "epcList" | "childEPCs" | "inputEPCList" | "outputEPCList" => {
                self.list(name, value, |writer, item| format!("epc={}", writer.value("epc", item)));
            }
            "quantityList" | "childQuantityList" | "inputQuantityList" | "outputQuantityList" => {
                self.list(name, value, |writer, item| {
                    let parts =
                        ["epcClass", "quantity", "uom"].map(|part| writer.plain(part, item));
                    format!("quantityElement{}", parts.concat())
                });
            }
            "persistentDisposition" => {
                let parts = ["set", "unset"].map(|part| {
                    let items = value.get(part).and_then(Json::as_array).unwrap_or_default();
                    let mut texts: Vec<String> = items
                        .iter()
                        .map(|item| format!("{part}={}", self.value("disposition", item)))
                        .collect();
                    texts.sort();
                    texts.concat()
                });
                let text = parts.concat();
                if !text.is_empty() {
                    self.out.push_str(name);
                    self.out.push_str(&text);
                }
            }
            "readPoint" | "bizLocation" => {
                let id = self.plain("id", value);
                self.out.push_str(name);
                self.out.push_str(&id);
                self.inside(name, value);
            }
            "bizTransactionList" => self.pairs(name, value, "bizTransaction", "btt"),
            "sourceList" => self.pairs(name, value, "source", "sdt"),
            "destinationList" => self.pairs(name, value, "destination", "sdt"),
            "sensorElementList" => self.sensors(value),
            "ilmd" => {
                let text = self.extensions(value);
                if !text.is_empty() {
                    self.out.push_str("ilmd");
                    self.out.push_str(&text);
                }
            }
            _ => {
                let text = self.value(name, value);
                if !text.is_empty() {
                    self.out.extend([name, "=", &text]);
                }
            }
        }
    }

    fn list(&mut self, name: &str, value: &Json, write: impl Fn(&Self, &Json) -> String) {
        let items = value.as_array().unwrap_or_default();
        let mut texts: Vec<String> = items.iter().map(|item| write(self, item)).collect();
        if texts.is_empty() {
            return;
        }
        texts.sort();
        self.out.push_str(name);
        self.out.push_str(&texts.concat());
    }

    fn pairs(&mut self, list: &str, value: &Json, name: &str, kind: &str) {
        self.list(list, value, |writer, item| {
            let kind = item
                .get("type")
                .map_or_else(String::new, |t| format!("type={}", writer.value(kind, t)));
            format!("{kind}{}", writer.plain(name, item))
        });
    }

    /// Extensions inside a standard field: in place in 2025, after all standard fields in 2026.
    fn inside(&mut self, name: &str, value: &Json) {
        let text = self.extensions(value);
        if text.is_empty() {
            return;
        }
        match self.dialect {
            Dialect::Cbv20_2025 => self.out.push_str(&text),
            Dialect::Cbv20_2026 => self.trailing.extend([name, &text]),
        }
    }

    fn sensors(&mut self, value: &Json) {
        let items = value.as_array().unwrap_or_default();
        let elements = items.iter().map(|item| self.sensor_element(item));
        let (mut texts, mut moved): (Vec<String>, Vec<String>) = elements.unzip();
        if texts.is_empty() {
            return;
        }
        moved.retain(|extensions| !extensions.is_empty());
        texts.sort();
        moved.sort();
        if self.dialect == Dialect::Cbv20_2025 {
            self.out.push_str("sensorElementList");
        }
        self.out.push_str(&texts.concat());
        self.trailing.push_str(&moved.concat());
    }

    /// The text of a sensor element, and its extensions if the dialect moves them.
    fn sensor_element(&self, item: &Json) -> (String, String) {
        let mut text = String::from("sensorElement");
        let mut moved = String::new();
        let mut add = |name: &str, fields: &str, extensions: &str| {
            text.extend([name, fields]);
            match self.dialect {
                Dialect::Cbv20_2025 => text.push_str(extensions),
                Dialect::Cbv20_2026 if extensions.is_empty() => {}
                Dialect::Cbv20_2026 => moved.extend([name, extensions]),
            }
        };
        if let Some(metadata) = item.get("sensorMetadata") {
            let fields: String = METADATA.iter().map(|name| self.plain(name, metadata)).collect();
            add("sensorMetadata", &fields, &self.extensions(metadata));
        }
        let reports = item.get("sensorReport").and_then(Json::as_array).unwrap_or_default();
        let (fields, extensions) = self.sensor_reports(reports);
        add("", &fields, &extensions);
        add("", "", &self.extensions(item));
        if !moved.is_empty() {
            moved.insert_str(0, "sensorElement");
        }
        (text, moved)
    }

    /// The sorted texts of sensor reports, and the sorted texts of their extensions if the dialect moves them.
    fn sensor_reports(&self, reports: &[Json]) -> (String, String) {
        let mut texts = Vec::new();
        let mut moved = Vec::new();
        for report in reports {
            let own = self.extensions(report);
            let fields: String = REPORT
                .iter()
                .map(|name| match *name {
                    "type" => report.get("type").map_or_else(String::new, |kind| {
                        format!("type={}", self.value("measurement", kind))
                    }),
                    name => self.plain(name, report),
                })
                .collect();
            if self.dialect == Dialect::Cbv20_2025 {
                texts.push(format!("sensorReport{fields}{own}"));
                continue;
            }
            texts.push(format!("sensorReport{fields}"));
            if !own.is_empty() {
                moved.push(format!("sensorReport{own}"));
            }
        }
        texts.sort();
        moved.sort();
        (texts.concat(), moved.concat())
    }

    /// The extensions in an object, `{namespace}name=value`, sorted.
    fn extensions(&self, json: &Json) -> String {
        let members = json.as_object().unwrap_or_default();
        let mut texts: Vec<String> = members
            .iter()
            .filter(|(name, _)| name.contains(':') && !is_omitted(name))
            .flat_map(|(name, value)| self.extension(name, value))
            .collect();
        texts.sort();
        texts.concat()
    }

    fn extension(&self, name: &str, value: &Json) -> Vec<String> {
        let key = match self.event.context().split(name) {
            Some((namespace, local)) => format!("{{{}}}{local}", self.namespace(namespace)),
            None => name.to_owned(),
        };
        let items = value.as_array().unwrap_or(std::slice::from_ref(value));
        items
            .iter()
            .filter_map(|item| {
                if let Json::Object(_) = item {
                    Some(format!("{key}{}", self.extensions(item)))
                } else {
                    let text = self.value("extension", item);
                    (!text.is_empty()).then(|| format!("{key}={text}"))
                }
            })
            .collect()
    }

    /// The dialect of 2025 has GS1's vocabulary at an older address.
    fn namespace<'b>(&self, namespace: &'b str) -> &'b str {
        if namespace == GS1 && self.dialect == Dialect::Cbv20_2025 {
            "https://gs1.org/voc/"
        } else {
            namespace
        }
    }

    /// The canonical text of a value of the field `name`.
    fn value(&self, name: &str, json: &Json) -> String {
        let text = match json {
            Json::String(text) => text.trim(),
            Json::Number(digits) => return plain_number(digits).unwrap_or_else(|| digits.clone()),
            Json::Bool(true) => return "true".to_owned(),
            Json::Bool(false) => return "false".to_owned(),
            Json::Null => return String::new(),
            Json::Array(_) | Json::Object(_) => return json.canonical(),
        };
        match name {
            "eventTime" | "time" | "startTime" | "endTime" => return self.time(text),
            "eventTimeZoneOffset" | "action" | "uom" | "hexBinaryValue" => return text.to_owned(),
            _ => {}
        }
        if let Some(link) = epc::digital_link_key(text) {
            return link;
        }
        if let Some(uri) = expand_urn(text) {
            return uri;
        }
        let vocabulary = match name {
            "bizStep" => Some(Vocabulary::BizStep),
            "disposition" => Some(Vocabulary::Disposition),
            "btt" => Some(Vocabulary::BizTransactionType),
            "sdt" => Some(Vocabulary::SourceDestType),
            "component" => Some(Vocabulary::Component),
            "measurement" | "exception" => Some(Vocabulary::Measurement),
            _ => None,
        };
        if let Some((namespace, local)) = self.event.context().split(text) {
            return format!("{}{local}", self.namespace(namespace));
        }
        match vocabulary {
            Some(Vocabulary::Measurement) if !text.contains(':') => {
                format!("{}{text}", self.namespace(GS1))
            }
            Some(vocabulary) => vocabulary.expand(text),
            None => plain_number(text).unwrap_or_else(|| text.to_owned()),
        }
    }

    /// Converts a time to UTC with three decimals, rounded half up, in 2025 half to even.
    fn time(&self, text: &str) -> String {
        let Ok(at) = text.parse::<Timestamp>() else { return text.to_owned() };
        let nanos = at.as_nanosecond();
        let (whole, rest) = (nanos.div_euclid(1_000_000), nanos.rem_euclid(1_000_000));
        let goes_up = rest > 500_000
            || rest == 500_000 && (self.dialect == Dialect::Cbv20_2026 || whole % 2 == 1);
        let millis = i64::try_from(whole + i128::from(goes_up)).unwrap_or(i64::MAX);
        match Timestamp::from_millisecond(millis) {
            Ok(rounded) => format!("{rounded:.3}"),
            Err(_) => text.to_owned(),
        }
    }
}

/// Members that all dialects omit.
fn is_omitted(name: &str) -> bool {
    matches!(name, "rdfs:comment") || name.starts_with('@')
}

/// Removes superfluous zeros from a decimal; `None` if `text` is not a plain decimal.
fn plain_number(text: &str) -> Option<String> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let are_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || digits.ends_with('.') || !are_digits(whole) || !are_digits(fraction) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let fraction = fraction.trim_end_matches('0');
    let sign = if whole == "0" && fraction.is_empty() { "" } else { sign };
    if fraction.is_empty() {
        return Some(format!("{sign}{whole}"));
    }
    Some(format!("{sign}{whole}.{fraction}"))
}
