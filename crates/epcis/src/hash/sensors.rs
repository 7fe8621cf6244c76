//! Sensor elements: metadata and reports in the order of the standard, and their extensions.
//!
//! Source: CBV 2.0 section 8.9, order of the data elements.

use ledger::json::Json;

use super::extensions::beyond;
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

/// The sorted texts of the sensor elements, and the sorted texts of their extensions if the dialect moves them.
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
    let mut add = |name: &str, fields: &str, extensions: &str| {
        text.extend([name, fields]);
        if !values.dialect.moves_extensions() {
            text.push_str(extensions);
        } else if !extensions.is_empty() {
            moved.extend([name, extensions]);
        }
    };
    if let Some(metadata) = item.get("sensorMetadata") {
        let fields: String = METADATA.iter().map(|name| values.plain(name, metadata)).collect();
        add("sensorMetadata", &fields, &beyond(values, metadata, METADATA));
    }
    let reports = item.get("sensorReport").and_then(Json::as_array).unwrap_or_default();
    let (fields, extensions) = sensor_reports(values, reports);
    add("", &fields, &extensions);
    add("", "", &beyond(values, item, &["sensorMetadata", "sensorReport"]));
    if !moved.is_empty() {
        moved.insert_str(0, "sensorElement");
    }
    (text, moved)
}

fn sensor_reports(values: &Values<'_>, reports: &[Json]) -> (String, String) {
    let mut texts = Vec::new();
    let mut moved = Vec::new();
    for report in reports {
        let own = beyond(values, report, REPORT);
        let fields: String = REPORT
            .iter()
            .map(|name| match *name {
                "type" => report.get("type").map_or_else(String::new, |kind| {
                    format!("type={}", values.value("measurement", kind))
                }),
                name => values.plain(name, report),
            })
            .collect();
        if !values.dialect.moves_extensions() {
            texts.push(format!("sensorReport{fields}{own}"));
            continue;
        }
        texts.push(format!("sensorReport{fields}"));
        if !own.is_empty() {
            moved.push(format!("sensorReport{own}"));
        }
    }
    (sorted(texts), sorted(moved))
}
