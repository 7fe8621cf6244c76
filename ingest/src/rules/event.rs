//! Writes EPCIS events as canonical members: the few shapes that site rules conclude.
//!
//! What holds: every event made here passes [`epcis::Event::from_json`], so a rule can never put
//! something into a ledger that a partner could not have sent through the capture interface.
//!
//! Not here: what the events mean ([`super::interpret`]).
//!
//! Source: EPCIS 2.0 section 7.4, CBV 2.0 section 7.

use std::collections::HashSet;

use jiff::{Timestamp, tz::Offset};
use ledger::json::{Json, object};

use super::site::{Rule, SiteRules};

/// What most events of a rule share: when it happened and where.
pub(super) struct Frame<'a> {
    pub rules: &'a SiteRules,
    pub rule: &'a Rule,
    pub at: Timestamp,
    /// Where items are afterwards, SGLN URI; usually the rule's.
    pub biz_location: Option<&'a str>,
}

impl Frame<'_> {
    fn members(&self, kind: &str, action: &str, step: &str) -> Vec<(String, Json)> {
        let mut members = vec![
            ("type".to_owned(), Json::from(kind)),
            ("eventTime".to_owned(), Json::from(local_time(self.at, &self.rules.time_zone_offset))),
            ("eventTimeZoneOffset".to_owned(), Json::from(self.rules.time_zone_offset.as_str())),
            ("action".to_owned(), Json::from(action)),
            ("bizStep".to_owned(), Json::from(step)),
            ("readPoint".to_owned(), place(&self.rule.read_point)),
        ];
        if let Some(location) = self.biz_location {
            members.push(("bizLocation".to_owned(), place(location)));
        }
        members
    }

    /// An ObjectEvent over `epcs`.
    pub fn object_event(
        &self,
        action: &str,
        step: &str,
        disposition: Option<&str>,
        epcs: &[String],
        more: Vec<(String, Json)>,
    ) -> Json {
        let mut members = self.members("ObjectEvent", action, step);
        if !epcs.is_empty() {
            members.push(("epcList".to_owned(), things(epcs)));
        }
        if let Some(word) = disposition {
            members.push(("disposition".to_owned(), Json::from(word)));
        }
        members.extend(more);
        object(members)
    }

    /// An AggregationEvent ADD of `children` into `parent`.
    pub fn packing_event(&self, parent: &str, children: &[String]) -> Json {
        let mut members = self.members("AggregationEvent", "ADD", "packing");
        members.push(("parentID".to_owned(), Json::from(parent)));
        members.push(("childEPCs".to_owned(), things(children)));
        members.push(("disposition".to_owned(), Json::from("in_progress")));
        object(members)
    }
}

/// `{"id": uri}`, the form of readPoint and bizLocation.
fn place(uri: &str) -> Json {
    object([("id", Json::from(uri))])
}

/// A list of things, each once: two tags on one item may spell its key differently.
fn things(list: &[String]) -> Json {
    let mut seen = HashSet::new();
    let each_once = list.iter().filter(|uri| seen.insert(epc::thing_key(uri)));
    Json::Array(each_once.map(|uri| Json::from(uri.as_str())).collect())
}

/// The device that a sensor is, as a URI: its name if that is one, otherwise a URN with the name in it, since EPCIS has
/// URIs only.
pub(super) fn device(sensor: &str) -> String {
    if epcis::is_identifier(sensor) {
        return sensor.to_owned();
    }
    let bytes = sensor.bytes().map(|byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    });
    format!("urn:chopmark:sensor:{}", bytes.collect::<String>())
}

/// `at` in the given offset with millisecond digits: `2026-11-20T08:15:00.125+08:00`.
pub(super) fn local_time(at: Timestamp, offset: &str) -> String {
    let seconds = offset_seconds(offset);
    let zone = Offset::from_seconds(seconds).unwrap_or(Offset::UTC);
    let civil = zone.to_datetime(at);
    format!("{}{offset}", civil.strftime("%Y-%m-%dT%H:%M:%S.%3f"))
}

/// Seconds of an offset that [`SiteRules::from_toml`] has checked.
fn offset_seconds(offset: &str) -> i32 {
    let hours: i32 = offset.get(1..3).and_then(|text| text.parse().ok()).unwrap_or(0);
    let minutes: i32 = offset.get(4..6).and_then(|text| text.parse().ok()).unwrap_or(0);
    let total = hours * 3600 + minutes * 60;
    if offset.starts_with('-') { -total } else { total }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sensor_is_named_by_its_uri_or_by_a_urn_with_its_name() {
        for (name, uri) in [
            ("urn:epc:id:giai:9521142.T7", "urn:epc:id:giai:9521142.T7"),
            ("https://sensors.example/7", "https://sensors.example/7"),
            ("probe-7", "urn:chopmark:sensor:probe-7"),
            ("a4:c1:38:00:11:22", "urn:chopmark:sensor:a4%3Ac1%3A38%3A00%3A11%3A22"),
            ("cold/\u{51b7}", "urn:chopmark:sensor:cold%2F%E5%86%B7"),
        ] {
            assert_eq!(device(name), uri);
            assert!(epcis::is_identifier(&device(name)), "{name}");
        }
    }

    #[test]
    fn a_thing_with_two_tags_stands_once_in_the_list() {
        let list = [
            "urn:epc:id:sgtin:9521141.012345.1",
            "https://id.gs1.org/01/09521141123454/21/1",
            "urn:epc:id:sgtin:9521141.012345.2",
        ];
        let found = things(&list.map(str::to_owned));
        let texts: Vec<_> = found.as_array().unwrap().iter().filter_map(Json::as_str).collect();
        assert_eq!(texts, [list[0], list[2]]);
    }

    #[test]
    fn local_time_keeps_the_instant_and_shows_the_offset() {
        let at: Timestamp = "2026-11-20T00:15:00.1256Z".parse().unwrap();
        assert_eq!(local_time(at, "+08:00"), "2026-11-20T08:15:00.125+08:00");
        assert_eq!(local_time(at, "-03:30"), "2026-11-19T20:45:00.125-03:30");
        let back: Timestamp = local_time(at, "-03:30").parse().unwrap();
        assert_eq!(back.as_millisecond(), at.as_millisecond());
    }
}
