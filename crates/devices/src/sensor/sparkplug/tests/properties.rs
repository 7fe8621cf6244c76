//! What a metric's properties say about its value: its quality and its unit.
//!
//! The way through: a [`Site`] is a format with sensors; `properties` writes a property set as nodes do.
//!
//! What holds: a value that is not good is never a fresh reading; a unit that is stated is never ignored.

use ledger::hash::sha256;
use proptest::prelude::*;
use reads::{Reported, SensorKind, SensorReading};

use super::super::format::SparkplugB;
use super::super::payload::MAX_METRICS;
use super::*;
use crate::message::{DeviceData, Format, Message};
use crate::sensor::Readings;
use crate::sensor::quantity::Measure;
use crate::sensor::unit::Unit;

const NOW: i64 = 1_795_161_600_000;

/// A format that knows node `plant/gw` and its device `f`.
struct Site {
    format: SparkplugB,
    seq: u8,
}

impl Site {
    fn new() -> Self {
        Self::with(&[])
    }

    /// With fields that the configuration names.
    fn with(fields: &[(&str, Measure)]) -> Self {
        let sensors =
            ["plant/gw", "plant/gw/f"].map(|name| (name.to_owned(), "urn:x:t".to_owned()));
        let fields = fields.iter().map(|(name, measure)| ((*name).to_owned(), *measure)).collect();
        let readings = Readings { sensors: sensors.into(), fields };
        Self { format: SparkplugB::new("chop", &[], readings), seq: 0 }
    }

    fn say(&mut self, topic: &str, metrics: Vec<Metric>) -> DeviceData {
        if topic.contains("NBIRTH") {
            self.seq = 0;
        }
        let timestamp = Some(NOW.cast_unsigned());
        let payload = Payload { timestamp, ..payload(self.seq, metrics) }.encode_to_vec();
        self.seq = self.seq.wrapping_add(1);
        let topic = format!("spBv1.0/plant/{topic}");
        let at = Timestamp::from_millisecond(NOW).unwrap();
        let message = Message { topic: &topic, payload: &payload, is_retained: false, at };
        self.format.take(&message).unwrap()
    }

    fn birth(&mut self, metrics: Vec<Metric>) -> DeviceData {
        let mut all = vec![session(1)];
        all.extend(metrics);
        self.say("NBIRTH/gw", all)
    }

    fn data(&mut self, metrics: Vec<Metric>) -> DeviceData {
        self.say("NDATA/gw", metrics)
    }
}

/// A field of protobuf with a length: its number, then the bytes.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut length = bytes.len();
    let mut out = vec![number << 3 | 2];
    while length > 0x7F {
        out.push(u8::try_from(length & 0x7F).unwrap() | 0x80);
        length >>= 7;
    }
    out.push(u8::try_from(length).unwrap());
    [out, bytes.to_vec()].concat()
}

/// A value of the type Int32 (3) in `int_value`, of a number below 2^14.
fn int(number: u16) -> Vec<u8> {
    let low = u8::try_from(number & 0x7F).unwrap() | 0x80;
    vec![0x08, 3, 0x18, low, u8::try_from(number >> 7).unwrap()]
}

/// A value of the type String (12).
fn word(text: &str) -> Vec<u8> {
    [vec![0x08, 12], field(8, text.as_bytes())].concat()
}

/// A property set: its keys, then its values.
fn properties(pairs: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let keys = pairs.iter().map(|(key, _)| field(1, key.as_bytes()));
    let values = pairs.iter().map(|(_, value)| field(2, value));
    keys.chain(values).collect::<Vec<_>>().concat()
}

fn quality(number: u16) -> Option<Vec<u8>> {
    properties(&[("Quality", int(number))]).into()
}

fn unit(text: &str) -> Option<Vec<u8>> {
    properties(&[("engUnit", word(text))]).into()
}

/// A Double of the birth.
fn metric(name: &str, alias: u64, value: f64, properties: Option<Vec<u8>>) -> Metric {
    Metric { properties, ..named(name, alias, 10, Sent::Double(value)) }
}

/// A Double by its alias.
fn later(alias: u64, value: f64, properties: Option<Vec<u8>>) -> Metric {
    Metric { properties, ..by_alias(alias, Sent::Double(value)) }
}

/// Values, `~` before stale ones.
fn seen(decoded: &DeviceData) -> Vec<String> {
    let shown = |reading: &SensorReading| {
        format!("{}{} {}", if reading.stale { "~" } else { "" }, reading.value, reading.unit)
    };
    decoded.readings.iter().map(shown).collect()
}

/// Texts of the findings about values; fails on any other.
fn told(decoded: &DeviceData) -> Vec<&str> {
    let is_of_values = |code| [code::BAD_VALUE, code::CHANGED].contains(&code);
    assert!(decoded.findings.iter().all(|one| is_of_values(one.code)), "{decoded:?}");
    decoded.findings.iter().map(|finding| finding.text.as_str()).collect()
}

#[test]
fn a_value_of_bad_quality_is_no_reading_and_is_told_once_until_that_changes() {
    let mut site = Site::new();
    let decoded = site.birth(vec![metric("Temperature", 1, 4.0, quality(0))]);
    assert_eq!(seen(&decoded), NOTHING);
    let [text] = told(&decoded)[..] else { panic!("{decoded:?}") };
    assert!(text.contains("`Temperature` of sensor urn:x:t") && text.contains("BAD"), "{text}");
    // Repeated, it is counted and not told again, even by another birth.
    let decoded = site.data(vec![later(1, 4.5, quality(0))]);
    assert_eq!((seen(&decoded).len(), told(&decoded).len(), decoded.other_events), (0, 0, 1));
    let decoded = site.birth(vec![metric("Temperature", 1, 4.0, quality(0))]);
    assert_eq!((seen(&decoded).len(), told(&decoded).len()), (0, 0));
    // Quality is of the value it comes with: without it, or with 192, a value is good.
    assert_eq!(seen(&site.data(vec![later(1, 5.0, None)])), ["5 CEL"]);
    assert_eq!(seen(&site.data(vec![later(1, 6.0, quality(192))])), ["6 CEL"]);
    let decoded = site.data(vec![later(1, 7.0, quality(0))]);
    assert_eq!(
        (seen(&decoded).len(), told(&decoded).len()),
        (0, 1),
        "told again after it was good"
    );
}

#[test]
fn a_stale_value_is_a_stale_reading_and_never_a_fresh_one() {
    let mut site = Site::new();
    site.birth(vec![metric("Temperature", 1, 4.0, None)]);
    let decoded = site.data(vec![later(1, 4.0, quality(500))]);
    assert_eq!(seen(&decoded), ["~4 CEL"]);
    assert_eq!(told(&decoded), NOTHING);
    // It was already reported as stale: not again when the node dies.
    assert_eq!(seen(&site.say("NDEATH/gw", vec![session(1)])), NOTHING);
    // Without a value, the last one is stale.
    site.birth(vec![metric("Temperature", 1, 8.0, None)]);
    let null = Metric { is_null: Some(true), value: None, ..later(1, 0.0, quality(500)) };
    assert_eq!(seen(&site.data(vec![null])), ["~8 CEL"]);
}

#[test]
fn a_quality_that_the_specification_does_not_have_is_not_good() {
    let long = |number: u8| vec![0x08, 4, 0x20, number];
    for (value, is_good) in [
        (int(192), true),
        // The same number in the other integer field is clear.
        (vec![0x08, 4, 0x20, 0xC0, 0x01], true),
        (int(1), false),
        (int(193), false),
        (int(256), false),
        (long(1), false),
        // -1, and the code that one maker uses for "bad, stale".
        (vec![0x08, 3, 0x18, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F], false),
        (vec![0x08, 3, 0x18, 0xF4, 0x83, 0x80, 0x80, 0x08], false),
        // 192 as a Float, as text, as a Boolean that is true; text in the integer field; null; nothing.
        (vec![0x08, 9, 0x2D, 0, 0, 0x40, 0x43], false),
        (word("192"), false),
        (vec![0x08, 11, 0x38, 1], false),
        (vec![0x08, 12, 0x18, 0xC0, 0x01], false),
        (vec![0x08, 3, 0x10, 1], false),
        (vec![], false),
        (vec![0xFF], false),
    ] {
        let mut site = Site::new();
        let set = Some(properties(&[("Quality", value.clone())]));
        let decoded = site.birth(vec![metric("Temperature", 1, 4.0, set)]);
        assert_eq!(seen(&decoded).len(), usize::from(is_good), "{value:02X?}");
        assert_eq!(told(&decoded).len(), usize::from(!is_good), "{value:02X?}");
    }
}

#[test]
fn a_bad_metric_costs_no_other_and_a_message_of_bad_ones_is_one_finding() {
    let mut site = Site::new();
    let bad = (0..900).map(|n| metric(&format!("cell {n}/temperature"), n, 4.0, quality(0)));
    let mut metrics: Vec<Metric> = bad.collect();
    metrics.push(metric("Temperature", 1000, 5.0, None));
    metrics.push(metric("Speed", 1001, 5.0, quality(0)));
    let decoded = site.birth(metrics.clone());
    assert_eq!(seen(&decoded), ["5 CEL"]);
    let [text] = told(&decoded)[..] else { panic!("{decoded:?}") };
    assert!(text.contains("`cell 0/temperature`") && text.contains("892 more"), "{text}");
    assert!(text.len() < 900, "{text}");
    // Nobody measures speed here.
    assert!(!text.contains("Speed"), "{text}");
    assert_eq!(told(&site.birth(metrics)), NOTHING);
}

#[test]
fn forty_one_degrees_fahrenheit_are_five_degrees_celsius() {
    for written in ["degF", "°F", "F", "[degF]", "FAH", "Fahrenheit", "deg F"] {
        let mut site = Site::new();
        let decoded = site.birth(vec![metric("Temperature", 1, 41.0, unit(written))]);
        assert_eq!(
            (seen(&decoded), told(&decoded)),
            (vec!["5 CEL".to_owned()], vec![]),
            "{written}"
        );
        let reported = Some(Reported { value: "41".to_owned(), unit: "FAH".to_owned() });
        assert_eq!(decoded.readings[0].reported, reported);
    }
    for written in ["°C", "degC", "C", "Cel", "CEL", "celsius", "℃", ""] {
        let mut site = Site::new();
        let decoded = site.birth(vec![metric("Temperature", 1, 41.0, unit(written))]);
        assert_eq!(
            (seen(&decoded), told(&decoded)),
            (vec!["41 CEL".to_owned()], vec![]),
            "{written}"
        );
        assert_eq!(decoded.readings[0].reported, None);
    }
}

#[test]
fn a_unit_of_the_birth_holds_until_the_next_birth_or_another_unit() {
    let mut site = Site::new();
    site.birth(vec![metric("Temperature", 1, 41.0, unit("degF"))]);
    assert_eq!(seen(&site.data(vec![later(1, 50.0, None)])), ["10 CEL"]);
    let by_name = Metric { alias: None, datatype: None, ..metric("Temperature", 0, 59.0, None) };
    assert_eq!(seen(&site.data(vec![by_name])), ["15 CEL"]);
    // An empty unit states none: the one of the birth still holds.
    assert_eq!(seen(&site.data(vec![later(1, 68.0, unit(""))])), ["20 CEL"]);
    // A value of the past has its own unit and changes nothing.
    let past = Metric {
        is_historical: Some(true),
        timestamp: Some(NOW.cast_unsigned()),
        ..later(1, 300.0, unit("K"))
    };
    assert_eq!(seen(&site.data(vec![past])), ["26.85 CEL"]);
    assert_eq!(seen(&site.data(vec![later(1, 77.0, None)])), ["25 CEL"]);
    assert_eq!(seen(&site.data(vec![later(1, 30.0, unit("degC"))])), ["30 CEL"]);
    assert_eq!(seen(&site.data(vec![later(1, 31.0, None)])), ["31 CEL"]);
    site.data(vec![later(1, 32.0, unit("degF"))]);
    // What dies has the unit of its last value.
    assert_eq!(seen(&site.say("NDEATH/gw", vec![session(1)])), ["~0 CEL"]);
    assert_eq!(seen(&site.birth(vec![metric("Temperature", 1, 4.0, None)])), ["4 CEL"]);
}

#[test]
fn a_unit_of_another_quantity_or_none_that_is_known_gives_no_reading_and_is_told_once() {
    for (written, said) in [
        ("kPa", "KPA"),
        ("%RH", "P1"),
        ("furlong", "furlong"),
        ("degX", "degX"),
        ("mPa", "mPa"),
        (&"x".repeat(5_000), "xxx"),
    ] {
        let mut site = Site::new();
        let decoded = site.birth(vec![metric("Temperature", 1, 41.0, unit(written))]);
        assert_eq!(seen(&decoded), NOTHING, "{written}");
        let [text] = told(&decoded)[..] else { panic!("{decoded:?}") };
        assert!(text.contains(said) && text.len() < 400, "{text}");
        let decoded = site.data(vec![later(1, 42.0, None)]);
        assert_eq!((seen(&decoded).len(), told(&decoded).len(), decoded.other_events), (0, 0, 1));
    }
}

#[test]
fn a_configured_unit_overrides_an_unknown_one_and_no_known_one() {
    let fahrenheit = Measure { quantity: SensorKind::Temperature, unit: Some(Unit::Fahrenheit) };
    let site = || Site::with(&[("oven", fahrenheit)]);
    let decoded = site().birth(vec![metric("oven", 1, 41.0, unit("furlong"))]);
    assert_eq!((seen(&decoded), told(&decoded)), (vec!["5 CEL".to_owned()], vec![]));
    assert_eq!(seen(&site().birth(vec![metric("oven", 1, 41.0, None)])), ["5 CEL"]);
    let decoded = site().birth(vec![metric("oven", 1, 41.0, unit("hPa"))]);
    assert_eq!((seen(&decoded).len(), told(&decoded).len()), (0, 1));
    // The device knows better, and that is told once with the value as it was sent.
    let mut site = site();
    let decoded = site.birth(vec![metric("oven", 1, 41.0, unit("degC"))]);
    assert_eq!(seen(&decoded), ["41 CEL"]);
    let [text] = told(&decoded)[..] else { panic!("{decoded:?}") };
    assert!(text.contains("CEL") && text.contains("FAH") && text.contains("41"), "{text}");
    let decoded = site.data(vec![later(1, 42.0, None)]);
    assert_eq!((seen(&decoded), told(&decoded)), (vec!["42 CEL".to_owned()], vec![]));
}

#[test]
fn the_unit_is_found_under_each_name_that_is_in_use() {
    for key in
        ["engUnit", "EngUnit", "engUnits", "Engineering Units", "engineering_unit", "unit", "Units"]
    {
        let set = Some(properties(&[
            ("Documentation", word("x")),
            (key, word("°F")),
            ("Quality", int(192)),
        ]));
        let decoded = Site::new().birth(vec![metric("Temperature", 1, 41.0, set)]);
        assert_eq!(seen(&decoded), ["5 CEL"], "{key}");
    }
    let two = Some(properties(&[("engUnit", word("°F")), ("unit", word("°C"))]));
    let decoded = Site::new().birth(vec![metric("Temperature", 1, 41.0, two)]);
    assert_eq!((seen(&decoded).len(), told(&decoded).len()), (0, 1), "they contradict each other");
    let same = Some(properties(&[("engUnit", word("°F")), ("unit", word("degF"))]));
    assert_eq!(seen(&Site::new().birth(vec![metric("Temperature", 1, 41.0, same)])), ["5 CEL"]);
    let number = Some(properties(&[("engUnit", int(5))]));
    let decoded = Site::new().birth(vec![metric("Temperature", 1, 41.0, number)]);
    assert_eq!((seen(&decoded).len(), told(&decoded).len()), (0, 1));
}

#[test]
fn a_hostile_property_set_gives_no_reading_and_disturbs_nothing() {
    let deep = |levels: usize| {
        (0..levels).fold(word("degF"), |inner, _| {
            let set = [field(1, b"Quality"), field(2, &inner)].concat();
            field(9, &set)
        })
    };
    let many: Vec<(String, Vec<u8>)> = (0..9_000).map(|n| (format!("k{n}"), int(1))).collect();
    let many: Vec<(&str, Vec<u8>)> =
        many.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
    for (name, set) in [
        ("no protobuf", vec![0xFF, 0xFF]),
        (
            "more keys than values",
            [field(1, b"Quality"), field(1, b"engUnit"), field(2, &int(192))].concat(),
        ),
        ("more values than keys", [field(2, &int(192)), field(2, &int(0))].concat()),
        (
            "a key twice with another value",
            properties(&[("Quality", int(192)), ("Quality", int(0))]),
        ),
        ("a nested quality", properties(&[("Quality", deep(900))])),
        ("a set that is too deep to fit", properties(&[("Alarms", deep(5_000))])),
        ("thousands of keys", properties(&many)),
        ("a key that is no text", [field(1, &[0xFF]), field(2, &int(192))].concat()),
    ] {
        let mut site = Site::new();
        let other = metric("Humidity", 2, 50.0, quality(192));
        let decoded = site.birth(vec![metric("Temperature", 1, 4.0, Some(set)), other]);
        assert_eq!(seen(&decoded), ["50 P1"], "{name}");
        assert_eq!((told(&decoded).len(), decoded.dead_letters.len()), (1, 0), "{name}");
        assert!(told(&decoded)[0].len() < 400, "{name}: {:?}", told(&decoded));
    }
    // What nobody asks for may be nested as deep as it likes.
    let nested = Some(properties(&[("Alarms", deep(900)), ("Quality", int(192))]));
    assert_eq!(seen(&Site::new().birth(vec![metric("Temperature", 1, 4.0, nested)])), ["4 CEL"]);
}

#[test]
fn properties_of_data_sets_and_templates_disturb_nothing() {
    let of = |name: &str, datatype: u32, value: Sent| Metric {
        properties: Some(vec![0xFF]),
        datatype: Some(datatype),
        ..named(name, 7, datatype, value)
    };
    let mut site = Site::new();
    let set = of("Set", 16, Sent::DataSet(vec![8, 1]));
    let template =
        Metric { alias: Some(8), ..of("Temperature/Template", 19, Sent::Template(vec![0xFF])) };
    let decoded = site.birth(vec![set, template, metric("Temperature", 1, 4.0, None)]);
    assert_eq!((seen(&decoded), told(&decoded)), (vec!["4 CEL".to_owned()], vec![]));
}

#[test]
fn what_is_remembered_of_metrics_is_bounded() {
    let mut site = Site::new();
    for round in 0..4 {
        let count = u64::try_from(MAX_METRICS).unwrap() - 1;
        let metrics = (0..count).map(|n| {
            let name = format!(
                "{}/temperature",
                hex::encode(&sha256(&[round, n.to_le_bytes()[0], n.to_le_bytes()[1]]).0[..8])
            );
            metric(&name, n, 4.0, quality(0))
        });
        let decoded = site.birth(metrics.collect());
        assert_eq!(seen(&decoded), NOTHING);
        assert!(told(&decoded).len() <= 1);
    }
    assert!(site.format.remembered() <= crate::sensor::told::MAX_TOLD);
}

proptest! {
    #[test]
    fn any_property_set_is_survived_and_only_a_good_one_gives_a_fresh_value(
        bytes in proptest::collection::vec(any::<u8>(), 0..60),
        number in any::<u16>(),
    ) {
        let decoded = Site::new().birth(vec![metric("Temperature", 1, 4.0, Some(bytes))]);
        prop_assert!(decoded.readings.len() + decoded.findings.len() <= 2);
        let number = number & 0x3FFF;
        let decoded = Site::new().birth(vec![metric("Temperature", 1, 4.0, quality(number))]);
        let fresh = decoded.readings.iter().filter(|reading| !reading.stale).count();
        prop_assert_eq!(fresh, usize::from(number == 192));
    }
}
