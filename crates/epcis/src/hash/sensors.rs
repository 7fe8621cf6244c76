//! Sensor elements: metadata and reports in the order of the standard, and their extensions.
//!
//! Source: CBV 2.0 section 8.9, order of the data elements.

use ledger::json::Json;

use super::extensions::placed;
use super::values::Values;

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

/// The sorted texts of the sensor elements, and the sorted texts of what comes after all standard fields.
pub(super) fn sensor_elements(values: &Values<'_>, list: &Json) -> (String, String) {
    let items = list.as_array().unwrap_or_default();
    let (texts, moved) = items.iter().map(|item| sensor_element(values, item)).unzip();
    (sorted(texts), sorted(moved))
}

fn sorted(mut texts: Vec<String>) -> String {
    texts.sort();
    texts.concat()
}

fn sensor_element(values: &Values<'_>, item: &Json) -> (String, String) {
    let mut text = String::from("sensorElement");
    let mut moved = String::new();
    if let Some(metadata) = item.get("sensorMetadata") {
        text.push_str("sensorMetadata");
        for name in METADATA {
            values.plain(name, metadata, &mut text);
        }
        let (here, later) = placed(values, metadata, METADATA);
        text.push_str(&here);
        moved.push_str(&named("sensorMetadata", later));
    }
    let reports = item.get("sensorReport").and_then(Json::as_array).unwrap_or_default();
    let (texts, later) = reports.iter().map(|report| sensor_report(values, report)).unzip();
    text.push_str(&sorted(texts));
    moved.push_str(&sorted(later));
    let (here, later) = placed(values, item, &["sensorMetadata", "sensorReport"]);
    text.push_str(&here);
    moved.push_str(&later);
    (text, named("sensorElement", moved))
}

fn sensor_report(values: &Values<'_>, report: &Json) -> (String, String) {
    let mut text = String::from("sensorReport");
    for name in REPORT {
        match report.get(name) {
            Some(kind) if *name == "type" => {
                text.extend(["type=", &values.value("measurement", kind)]);
            }
            _ => values.plain(name, report, &mut text),
        }
    }
    let (here, later) = placed(values, report, REPORT);
    text.push_str(&here);
    (text, named("sensorReport", later))
}

/// `text` after the name of its field; nothing if there is no text.
fn named(name: &str, text: String) -> String {
    if text.is_empty() { text } else { format!("{name}{text}") }
}
