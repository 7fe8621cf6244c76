//! The times that an event states, and which of them lie after a given moment.
//!
//! What holds: no clock: the moment is a parameter. Times of what is to come, such as an expiry date in ILMD, are not
//! among them.
//!
//! Source: EPCIS 2.0 sections 7.3 and 7.4.

use jiff::Timestamp;
use ledger::json::Json;

use crate::event::Event;
use crate::violation::{Violation, Violations};

impl Event {
    /// One violation for each time in the event that is later than `latest`: of the event itself, of sensor readings,
    /// of an error declaration.
    ///
    /// Pointers start at the event; each violation names the value and the limit.
    #[must_use]
    pub fn times_after(&self, latest: Timestamp) -> Vec<Violation> {
        let mut late = Late { latest, violations: Violations::default() };
        let json = self.json();
        late.members(json, "", &["eventTime", "recordTime"]);
        if let Some(declaration) = json.get("errorDeclaration") {
            late.members(declaration, "/errorDeclaration", &["declarationTime"]);
        }
        let elements = json.get("sensorElementList").and_then(Json::as_array).unwrap_or_default();
        for (place, element) in elements.iter().enumerate() {
            let base = format!("/sensorElementList/{place}");
            if let Some(metadata) = element.get("sensorMetadata") {
                let names = ["time", "startTime", "endTime"];
                late.members(metadata, &format!("{base}/sensorMetadata"), &names);
            }
            let reports = element.get("sensorReport").and_then(Json::as_array).unwrap_or_default();
            for (number, report) in reports.iter().enumerate() {
                late.members(report, &format!("{base}/sensorReport/{number}"), &["time"]);
            }
        }
        late.violations.list()
    }
}

/// Collects the times that are too late.
struct Late {
    latest: Timestamp,
    violations: Violations,
}

impl Late {
    fn members(&mut self, json: &Json, base: &str, names: &[&str]) {
        for name in names {
            let Some(text) = json.get(name).and_then(Json::as_str) else { continue };
            // The form of the value was checked with the event.
            if text.parse::<Timestamp>().is_ok_and(|time| time > self.latest) {
                let expected = format!("a time not after {:.3}", self.latest);
                self.violations.add(
                    &format!("{base}/{name}"),
                    text,
                    "lies in the future",
                    &expected,
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ledger::json::{Limits, parse};

    use super::*;

    #[test]
    fn each_time_of_the_future_is_named_with_its_value_and_the_limit_and_an_expiry_date_is_not() {
        let text = r#"{"type":"ObjectEvent","action":"ADD","eventTime":"2199-01-01T00:00:00Z",
            "eventTimeZoneOffset":"+00:00","recordTime":"2026-11-20T00:00:00Z","bizStep":"commissioning",
            "epcList":["urn:epc:id:sgtin:9521141.012345.1"],
            "errorDeclaration":{"declarationTime":"2199-01-02T00:00:00Z"},
            "ilmd":{"cbvmda:itemExpirationDate":"2199-12-31"},
            "sensorElementList":[{"sensorMetadata":{"time":"2199-01-03T00:00:00Z","endTime":"2020-01-01T00:00:00Z"},
            "sensorReport":[{"type":"Temperature","value":5,"uom":"CEL","time":"2199-01-04T00:00:00+08:00"}]}]}"#;
        let event = Event::from_json(parse(text.as_bytes(), &Limits::default()).unwrap()).unwrap();
        let latest: Timestamp = "2026-11-20T00:05:00Z".parse().unwrap();
        let found = event.times_after(latest);
        let pointers: Vec<&str> = found.iter().map(|one| one.pointer.as_str()).collect();
        assert_eq!(
            pointers,
            [
                "/eventTime",
                "/errorDeclaration/declarationTime",
                "/sensorElementList/0/sensorMetadata/time",
                "/sensorElementList/0/sensorReport/0/time",
            ]
        );
        assert_eq!(found[0].value, "2199-01-01T00:00:00Z");
        assert_eq!(found[0].expected, "a time not after 2026-11-20T00:05:00.000Z");
        assert_eq!(event.times_after("2199-02-01T00:00:00Z".parse().unwrap()), []);
    }
}
