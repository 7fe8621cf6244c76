//! What a sensor's record says about a broken condition: value, unit, measure, limit and time.
//!
//! The way through: [`find`] chooses the report that shows it best: one that the sensor itself marks as an alarm, else
//! one with an extreme value, else one with a value.
//!
//! What holds: the value keeps its digits; the measure has one spelling, the web URI of the GS1 vocabulary, however the
//! record spells it; which limit was broken is said only where the record tells it.
//!
//! Not here: whether the record shows a broken condition at all ([`super::RecordView::breaks_condition`]).
//!
//! Source: EPCIS 2.0 section 7.3.7 (sensor report); GS1 Web Vocabulary, measurement types.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use epcis::vocabulary::Vocabulary;
use jiff::Timestamp;
use ledger::json::Json;

/// A measured value that broke a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Excursion<'a> {
    /// The value furthest outside, decimal text with the digits of the record, in `uom`.
    pub value: &'a str,
    /// Its UN/ECE Rec 20 unit code: `CEL`, `P1`, `PAL`. Empty if the record names none.
    pub uom: &'a str,
    /// Web URI of what was measured: `https://ref.gs1.org/voc/Temperature`. A type of another vocabulary is as the record
    /// has it; empty if the record names none.
    pub measure: &'a str,
    /// Whether the value is below the lowest allowed; false if it is above the highest, none if the record does not
    /// tell which limit was broken.
    pub is_below: Option<bool>,
    /// Start and end of the measurement.
    pub span: Option<(Timestamp, Timestamp)>,
}

/// Web URIs of the standard's measurement types, by their bare word.
static MEASURES: LazyLock<BTreeMap<&'static str, String>> = LazyLock::new(|| {
    let vocabulary = Vocabulary::Measurement;
    vocabulary.words().into_iter().map(|word| (word, vocabulary.expand(word))).collect()
});

/// The web URI of a measurement type in any spelling of a record.
fn measure(written: &str) -> &str {
    let word = Vocabulary::Measurement.shorten(written.strip_prefix("gs1:").unwrap_or(written));
    MEASURES.get(word).map_or(written, String::as_str)
}

/// The excursion in the `sensorElementList` of an event; none if no report has a number.
pub(super) fn find(elements: &[Json]) -> Option<Excursion<'_>> {
    let all = elements.iter().flat_map(|element| {
        let reports = element.get("sensorReport").and_then(Json::as_array).unwrap_or_default();
        reports.iter().filter_map(move |report| Some((weight(report)?, element, report)))
    });
    // Of equals the first: `min_by_key` keeps it.
    let (_, element, report) = all.min_by_key(|(weight, ..)| *weight)?;
    let number = |name: &str| report.get(name).and_then(Json::as_number);
    let (value, is_below) = match (number("maxValue"), number("minValue")) {
        (Some(highest), None) => (highest, Some(false)),
        (None, Some(lowest)) => (lowest, Some(true)),
        (Some(highest), Some(_)) => (highest, None),
        (None, None) => (number("value")?, None),
    };
    let text = |name: &str| report.get(name).and_then(Json::as_str).unwrap_or_default();
    let time = |name: &str| -> Option<Timestamp> {
        element.get("sensorMetadata")?.get(name)?.as_str()?.parse().ok()
    };
    Some(Excursion {
        value,
        uom: text("uom"),
        measure: measure(text("type")),
        is_below,
        span: time("startTime").zip(time("endTime")),
    })
}

/// How well a report shows the excursion, 0 best; none if it has no number.
fn weight(report: &Json) -> Option<u8> {
    let has = |name: &str| report.get(name).and_then(Json::as_number).is_some();
    let is_extreme = has("maxValue") || has("minValue");
    if !is_extreme && !has("value") {
        return None;
    }
    let is_alarm = report.get("exception").is_some();
    Some(u8::from(!is_alarm) * 2 + u8::from(!is_extreme))
}

#[cfg(test)]
mod tests {
    use ledger::json::parse;

    use super::*;

    fn elements(text: &str) -> Json {
        parse(text.as_bytes(), &ledger::json::Limits { max_bytes: 4096, max_depth: 9 }).unwrap()
    }

    /// Value, unit, measure and limit of what is found.
    fn found(text: &str) -> Option<(String, String, String, Option<bool>)> {
        let json = elements(text);
        let found = find(json.as_array().unwrap_or_default())?;
        let own = str::to_owned;
        Some((own(found.value), own(found.uom), own(found.measure), found.is_below))
    }

    fn wanted(
        value: &str,
        uom: &str,
        word: &str,
        is_below: Option<bool>,
    ) -> (String, String, String, Option<bool>) {
        let measure = format!("https://ref.gs1.org/voc/{word}");
        (value.to_owned(), uom.to_owned(), measure, is_below)
    }

    #[test]
    fn every_quantity_has_its_own_unit_measure_and_limit() {
        for (report, want) in [
            (
                r#"{"type":"Temperature","maxValue":9.20,"uom":"CEL"}"#,
                wanted("9.20", "CEL", "Temperature", Some(false)),
            ),
            (
                r#"{"type":"Temperature","minValue":-4.5,"uom":"CEL"}"#,
                wanted("-4.5", "CEL", "Temperature", Some(true)),
            ),
            (
                r#"{"type":"gs1:RelativeHumidity","maxValue":81,"uom":"P1"}"#,
                wanted("81", "P1", "RelativeHumidity", Some(false)),
            ),
            (
                r#"{"type":"https://ref.gs1.org/voc/Voltage","minValue":2.7,"uom":"VLT"}"#,
                wanted("2.7", "VLT", "Voltage", Some(true)),
            ),
            (
                r#"{"type":"Pressure","value":90000,"uom":"PAL","exception":"ALARM_CONDITION"}"#,
                wanted("90000", "PAL", "Pressure", None),
            ),
            (
                r#"{"type":"Illuminance","minValue":0,"maxValue":40,"uom":"LUX"}"#,
                wanted("40", "LUX", "Illuminance", None),
            ),
        ] {
            let found = found(&format!(r#"[{{"sensorReport":[{report}]}}]"#));
            assert_eq!(found, Some(want), "{report}");
        }
    }

    #[test]
    fn the_report_that_the_sensor_marks_counts_then_the_extreme_one_then_the_first() {
        let alarm =
            r#"{"type":"Temperature","value":12,"uom":"CEL","exception":"ALARM_CONDITION"}"#;
        let extreme = r#"{"type":"RelativeHumidity","maxValue":90,"uom":"P1"}"#;
        let plain = r#"{"type":"Voltage","value":3,"uom":"VLT"}"#;
        let without = r#"{"type":"Temperature","exception":"ERROR_CONDITION"}"#;
        for (reports, value) in [
            (vec![plain, extreme, alarm, without], "12"),
            (vec![plain, extreme], "90"),
            (vec![without, plain], "3"),
        ] {
            let list: Vec<String> =
                reports.iter().map(|one| format!(r#"{{"sensorReport":[{one}]}}"#)).collect();
            let text = format!("[{}]", list.join(","));
            assert_eq!(found(&text).unwrap().0, value, "{text}");
        }
        assert_eq!(found(&format!(r#"[{{"sensorReport":[{without}]}}]"#)), None);
    }

    #[test]
    fn the_span_is_of_the_element_that_was_chosen_and_odd_members_are_no_harm() {
        let json = elements(
            r#"[7,{"sensorReport":3},{"sensorReport":[4,{"value":"9"}],"sensorMetadata":{"startTime":"x"}},
                {"sensorMetadata":{"startTime":"2026-11-21T02:00:00Z","endTime":"2026-11-21T02:10:00Z"},
                 "sensorReport":[{"maxValue":9,"type":"https://voc.example/Gas","uom":5}]}]"#,
        );
        let found = find(json.as_array().unwrap()).unwrap();
        let (from, to) = ("2026-11-21T02:00:00Z", "2026-11-21T02:10:00Z");
        assert_eq!(found.span, Some((from.parse().unwrap(), to.parse().unwrap())));
        assert_eq!((found.uom, found.measure), ("", "https://voc.example/Gas"));
    }
}
