//! Readings, limits, and readings that may not be believed.

use reads::Reported;

use super::super::readings::number;
use super::*;

#[test]
fn readings_are_recorded_and_a_long_excursion_flags_the_lot() {
    let readings =
        vec![reading("4.5", 0), reading("8.5", 1), reading("9.25", 6), reading("8.1", 12)];
    let found = interpret(&rules(), &delivery(STORE, vec![], readings), &Facts::default());
    let [recorded, flagged] = &found.events[..] else { panic!("{found:?}") };
    assert_eq!(
        recorded.event.get("sensorElementList").and_then(Json::as_array).map(<[_]>::len),
        Some(4)
    );
    let text = flagged.event.canonical();
    assert!(
        text.contains(LOT) && text.contains("\"maxValue\":9.25") && text.contains("non_conformant")
    );
    found.events.iter().for_each(is_event);
    let (rule, sensor, state) = found.sensors[0].clone();
    let facts = Facts { sensors: [((rule, sensor), state)].into(), ..Facts::default() };
    let more = delivery(STORE, vec![], vec![reading("8.9", 20)]);
    assert_eq!(interpret(&rules(), &more, &facts).events.len(), 1, "flagged once");
}

#[test]
fn decimal_text_becomes_a_json_number_with_its_digits() {
    for (text, want) in
        [("-020.50", "-20.50"), ("0.5", "0.5"), ("000", "0"), ("-0.0", "-0.0"), ("8", "8")]
    {
        assert_eq!(number(text), Json::Number(want.into()), "{text}");
    }
}

fn reports(event: &Concluded) -> Vec<&Json> {
    let elements = event.event.get("sensorElementList").and_then(Json::as_array).unwrap();
    elements.iter().map(|one| &one.get("sensorReport").unwrap().as_array().unwrap()[0]).collect()
}

fn text<'a>(json: &'a Json, name: &str) -> &'a str {
    json.get(name).and_then(Json::as_str).unwrap_or_default()
}

#[test]
fn every_quantity_is_recorded_and_followed_in_its_unit() {
    for (name, kind, measurement) in [
        ("temperature", SensorKind::Temperature, "Temperature"),
        ("relative-humidity", SensorKind::RelativeHumidity, "RelativeHumidity"),
        ("pressure", SensorKind::Pressure, "Pressure"),
        ("illuminance", SensorKind::Illuminance, "Illuminance"),
        ("voltage", SensorKind::Voltage, "Voltage"),
    ] {
        let rules = one_rule(
            STORE,
            &format!(
                "concludes.excursion = {{ quantity = \"{name}\", max = \"8\", allowed_s = 10.0, lots = [\"{LOT}\"] }}"
            ),
        );
        let of_kind = |value: &str, at: i64| SensorReading {
            kind,
            unit: kind.unit().into(),
            ..reading(value, at)
        };
        let readings = vec![of_kind("9", 0), of_kind("9.5", 11)];
        let found = interpret(&rules, &delivery(STORE, vec![], readings), &Facts::default());
        let [recorded, flagged] = &found.events[..] else { panic!("{name}: {found:?}") };
        for (event, bound) in [(recorded, "value"), (flagged, "maxValue")] {
            is_event(event);
            let report = reports(event)[0];
            assert_eq!((text(report, "type"), text(report, "uom")), (measurement, kind.unit()));
            assert!(report.get(bound).is_some(), "{name} {bound}");
        }
    }
}

#[test]
fn a_value_below_the_lowest_is_flagged_as_such_where_both_limits_are_set() {
    let rules = one_rule(
        STORE,
        &format!(
            "concludes.excursion = {{ quantity = \"temperature\", min = \"2\", max = \"8\", allowed_s = 10.0, lots = [\"{LOT}\"] }}"
        ),
    );
    for (values, bound, worst) in
        [(["1", "0.5"], "minValue", "0.5"), (["9", "9.5"], "maxValue", "9.5")]
    {
        let readings = vec![reading(values[0], 0), reading(values[1], 11)];
        let found = interpret(&rules, &delivery(STORE, vec![], readings), &Facts::default());
        let report = reports(&found.events[1])[0];
        assert_eq!(report.get(bound), Some(&Json::Number(worst.into())));
    }
}

#[test]
fn a_stale_reading_is_refused_and_neither_recorded_nor_followed() {
    let stale = |value: &str, at: i64| SensorReading { stale: true, ..reading(value, at) };
    let readings = vec![reading("4.5", 0), stale("20", 1), stale("21", 30)];
    let found = interpret(&rules(), &delivery(STORE, vec![], readings), &Facts::default());
    let [recorded] = &found.events[..] else { panic!("{found:?}") };
    assert_eq!(reports(recorded).len(), 1);
    assert_eq!(refused(&found), [("stale-reading", 2)]);
    assert!(found.refusals[0].detail.contains("urn:epc:id:giai:9521142.T7"), "{found:?}");
    assert_eq!(found.sensors[0].2.last, Some(start()));
    assert_eq!(found.sensors[0].2.outside_since, None);

    let only = delivery(STORE, vec![], vec![stale("20", 1)]);
    let found = interpret(&rules(), &only, &Facts::default());
    assert_eq!((found.events.len(), found.sensors.len()), (0, 0));
    assert_eq!(refused(&found), [("stale-reading", 1)]);
}

#[test]
fn a_timeless_reading_is_recorded_at_its_arrival() {
    let timeless = SensorReading { timeless: true, ..reading("4.5", 7) };
    let found = interpret(&rules(), &delivery(STORE, vec![], vec![timeless]), &Facts::default());
    assert_eq!(member(&found.events[0], "eventTime"), "2026-11-20T08:00:07.000+08:00");
    assert_eq!(found.refusals, []);
}

#[test]
fn a_value_reported_in_another_unit_is_kept_beside_the_converted_one() {
    let reported = Some(Reported { value: "068.0".into(), unit: "FAH".into() });
    let readings = vec![SensorReading { reported, ..reading("20", 0) }, reading("21", 1)];
    let found = interpret(&rules(), &delivery(STORE, vec![], readings), &Facts::default());
    is_event(&found.events[0]);
    let reports = reports(&found.events[0]);
    let reported = reports[0].get("chopmark:reported").unwrap();
    assert_eq!(reported.canonical(), r#"{"uom":"FAH","value":68.0}"#);
    assert_eq!(text(reports[0], "uom"), "CEL");
    assert_eq!(reports[1].get("chopmark:reported"), None);
}

#[test]
fn readings_that_no_rule_measures_are_counted_one_by_one() {
    let humid = || SensorReading {
        kind: SensorKind::RelativeHumidity,
        unit: "P1".into(),
        ..reading("40", 0)
    };
    let found =
        interpret(&rules(), &delivery(STORE, vec![], vec![humid(), humid()]), &Facts::default());
    assert_eq!(refused(&found), [("no-rule", 2)]);
}

#[test]
fn what_lies_in_the_future_is_left_out_and_counted_and_the_rest_is_interpreted() {
    let latest = start() + seconds(300);
    let far: Timestamp = "2199-01-01T00:00:00Z".parse().unwrap();
    let mut ahead = observation(&item(2), 9, -50);
    ahead.last = far;
    let mut of_the_future = reading("5.0", 0);
    of_the_future.at = far;
    let near = reading("5.0", 300);
    let mut all = delivery(
        STORE,
        vec![observation(&item(1), 9, -50), ahead],
        vec![near.clone(), of_the_future],
    );
    all.by_barrier = true;
    let (believed, refusal) = without_future(&all, latest);
    assert_eq!((believed.observations.len(), &believed.sensors), (1, &vec![near]));
    assert!(!believed.by_barrier, "a tag was read, at whatever time");
    let refusal = refusal.unwrap();
    assert_eq!((refusal.code, refusal.count), ("future-time", 2));
    assert!(
        refusal.detail.contains("2199-01-01") && refusal.detail.contains("2026-11-20T00:05:00Z")
    );

    let mut window = delivery(STORE, vec![], vec![]);
    assert_eq!(without_future(&window, latest).1, None);
    window.closed = far;
    let refusal = without_future(&window, latest).1.unwrap();
    assert_eq!((refusal.code, refusal.count), ("future-time", 1));
}
