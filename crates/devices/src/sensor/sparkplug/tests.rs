//! Transcripts: what a host makes of what nodes, devices and brokers say to it.
//!
//! The way through: a [`Line`] is a host with a clock; `birth`, `data` and the like make payloads; each test
//! is one conversation.
//!
//! What holds: every test is complete in itself; time is what the test says.
//!
//! Not here: strangers, floods and limits (`hostile`); single values and topics (beside their code).

mod hostile;
mod properties;
mod sessions;

use prost::Message as _;
use reads::code;

use super::payload::{Metric, Payload, Value as Sent, open};
use super::*;

/// A host that listens, with a clock in milliseconds since 2020.
struct Line {
    host: Host,
    now: i64,
}

impl Line {
    fn new() -> Self {
        let mut line = Self { host: Host::new("chop", &[]), now: 0 };
        line.host.online(line.at());
        line
    }

    fn at(&self) -> Timestamp {
        at(self.now)
    }

    fn say(&mut self, topic: &str, payload: &Payload) -> HostOutput {
        self.host.take(&format!("spBv1.0/{topic}"), &payload.encode_to_vec(), false, self.at())
    }

    fn tick_after(&mut self, milliseconds: i64) -> HostOutput {
        self.now += milliseconds;
        self.host.tick(self.at())
    }

    /// Node `cold/edge` with `t` (Int16, alias 1) = 100 and `h` (Float, alias 2) = 50.5; device `f` with `t`
    /// (Int16, alias 11) = -180. The next number is 2.
    fn born() -> Self {
        let mut line = Self::new();
        let decoded = line.say("cold/NBIRTH/edge", &node_birth(7));
        assert_eq!(values(&decoded), ["cold/edge t=100", "cold/edge h=50.5"]);
        let decoded = line.say("cold/DBIRTH/edge/f", &device_birth(1));
        assert_eq!(values(&decoded), ["cold/edge/f t=-180"]);
        assert_eq!((decoded.findings, decoded.publish), (vec![], vec![]));
        line
    }
}

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(1_577_836_800_000 + milliseconds).unwrap()
}

fn int16(number: i16) -> Sent {
    Sent::Int(i32::from(number).cast_unsigned())
}

fn named(name: &str, alias: u64, datatype: u32, value: Sent) -> Metric {
    Metric {
        name: Some(name.to_owned()),
        alias: Some(alias),
        datatype: Some(datatype),
        value: Some(value),
        ..Metric::default()
    }
}

fn by_alias(alias: u64, value: Sent) -> Metric {
    Metric { alias: Some(alias), value: Some(value), ..Metric::default() }
}

fn payload(seq: u8, metrics: Vec<Metric>) -> Payload {
    Payload { metrics, seq: Some(u64::from(seq)), ..Payload::default() }
}

fn session(number: u64) -> Metric {
    Metric {
        name: Some("bdSeq".to_owned()),
        datatype: Some(4),
        value: Some(Sent::Long(number)),
        ..Metric::default()
    }
}

fn node_birth(number: u64) -> Payload {
    let rebirth =
        Metric { alias: None, ..named("Node Control/Rebirth", 0, 11, Sent::Boolean(false)) };
    let maker = named("Properties/Maker", 3, 12, Sent::Text("Example".to_owned()));
    let metrics = vec![
        session(number),
        rebirth,
        maker,
        named("t", 1, 2, int16(100)),
        named("h", 2, 9, Sent::Float(50.5)),
    ];
    payload(0, metrics)
}

fn device_birth(seq: u8) -> Payload {
    payload(seq, vec![named("t", 11, 2, int16(-180))])
}

fn death(number: u64) -> Payload {
    Payload { metrics: vec![session(number)], ..Payload::default() }
}

fn node_t(seq: u8, number: i16) -> Payload {
    payload(seq, vec![by_alias(1, int16(number))])
}

fn device_t(seq: u8, number: i16) -> Payload {
    payload(seq, vec![by_alias(11, int16(number))])
}

/// `cold/edge t=100`, and `~` before a stale one, `(past)` after a historical one.
fn values(decoded: &HostOutput) -> Vec<String> {
    decoded
        .measured
        .iter()
        .map(|measured| {
            let Measured { device, metric, value, is_historical, is_stale, .. } = measured;
            let stale = if *is_stale { "~" } else { "" };
            let past = if *is_historical { " (past)" } else { "" };
            format!("{stale}{device} {metric}={value}{past}")
        })
        .collect()
}

/// Topics on which a rebirth is asked for; fails on any other thing published.
fn asked(decoded: &HostOutput) -> Vec<&str> {
    decoded
        .publish
        .iter()
        .map(|publish| {
            let metric = &open(&publish.payload).unwrap().payload.metrics[0];
            assert_eq!(metric.name(), "Node Control/Rebirth");
            assert_eq!(metric.value, Some(Sent::Boolean(true)));
            assert!(!publish.retain);
            publish.topic.as_str()
        })
        .collect()
}

const ASKED: [&str; 1] = ["spBv1.0/cold/NCMD/edge"];
const NOTHING: [&str; 0] = [];

fn findings(decoded: &HostOutput) -> String {
    let texts: Vec<_> = decoded
        .findings
        .iter()
        .map(|finding| format!("[{}] {}", finding.code, finding.text))
        .collect();
    texts.join("\n")
}

#[test]
fn the_will_says_offline_and_the_birth_says_online_with_the_same_time() {
    let mut host = Host::new("chop", &[]);
    let will = host.will(at(5));
    assert_eq!((will.topic.as_str(), will.retain), ("spBv1.0/STATE/chop", true));
    assert_eq!(will.payload, br#"{"online":false,"timestamp":1577836800005}"#);
    let online = host.online(at(5));
    assert_eq!((online.topic.as_str(), online.retain), ("spBv1.0/STATE/chop", true));
    assert_eq!(online.payload, br#"{"online":true,"timestamp":1577836800005}"#);
}

#[test]
fn the_host_subscribes_to_its_groups_or_to_all_and_to_its_own_state() {
    let all = Host::new("chop", &[]);
    assert_eq!(all.subscriptions(), ["spBv1.0/#", "spBv1.0/STATE/chop"]);
    let groups = ["warm".to_owned(), "cold".to_owned(), "cold".to_owned()];
    let some = Host::new("chop", &groups);
    assert_eq!(some.subscriptions(), ["spBv1.0/cold/#", "spBv1.0/warm/#", "spBv1.0/STATE/chop"]);
}

#[test]
fn a_message_of_a_group_that_is_not_subscribed_to_is_refused() {
    let mut host = Host::new("chop", &["cold".to_owned()]);
    let birth = node_birth(0).encode_to_vec();
    let decoded = host.take("spBv1.0/warm/NBIRTH/edge", &birth, false, at(0));
    assert_eq!(decoded.refused.as_deref(), Some("group `warm` is not subscribed to"));
    assert!(decoded.measured.is_empty());
    assert_eq!(host.take("spBv1.0/cold/NBIRTH/edge", &birth, false, at(0)).measured.len(), 2);
}

#[test]
fn our_state_published_as_offline_is_put_right_while_we_are_online() {
    let mut host = Host::new("chop", &[]);
    let offline = br#"{"timestamp":1577836800001,"online":false}"#;
    let topic = "spBv1.0/STATE/chop";
    assert_eq!(host.take(topic, offline, true, at(1)), HostOutput::default());
    let online = host.online(at(2));
    for payload in [&offline[..], b""] {
        assert_eq!(host.take(topic, payload, false, at(9)).publish, std::slice::from_ref(&online));
    }
    assert_eq!(host.take(topic, &online.payload, false, at(9)), HostOutput::default());
    assert_eq!(host.take("spBv1.0/STATE/other", offline, false, at(9)), HostOutput::default());
    for garbage in [&b"OFFLINE"[..], b"{}", b"[false]", &[b'['; 1000], &[b' '; 1025]] {
        let decoded = host.take(topic, garbage, false, at(9));
        assert!(decoded.refused.unwrap().starts_with("STATE: "));
        assert!(decoded.publish.is_empty());
    }
    // Another client with the same name connected and left later: nodes would ignore the state of before.
    let later = br#"{"online":false,"timestamp":1577836800007}"#;
    let again = host.take(topic, later, false, at(9)).publish;
    assert_eq!(again[0].payload, br#"{"online":true,"timestamp":1577836800008}"#);
    assert!(again[0].retain);
    assert_eq!(host.take(topic, offline, false, at(9)).publish, again);
    assert_eq!(host.will(at(7)).payload, br#"{"online":false,"timestamp":1577836800008}"#);
    host.lost(at(10));
    assert_eq!(host.take(topic, offline, false, at(11)), HostOutput::default());
}

#[test]
fn commands_of_other_hosts_are_nothing_to_us() {
    let mut line = Line::new();
    for topic in ["cold/NCMD/edge", "cold/DCMD/edge/f"] {
        assert_eq!(line.say(topic, &node_t(0, 1)), HostOutput::default());
    }
}

#[test]
fn a_birth_and_data_written_out_byte_by_byte_are_understood() {
    let birth = [
        &[0x08, 0xEA, 0xF2, 0xF5, 0xA8, 0xA0, 0x2B][..], // time 1486144502122
        &[0x12, 0x0B, 0x0A, 0x05, b'b', b'd', b'S', b'e', b'q', 0x20, 0x04, 0x58, 0x00], // Int64 0
        &[0x12, 0x09, 0x0A, 0x01, b't', 0x10, 0x07, 0x20, 0x02, 0x50, 0x64], // alias 7, Int16 100
        &[0x18, 0x00],                                   // seq 0
    ]
    .concat();
    let data = [
        &[0x12, 0x0F, 0x10, 0x07][..],               // alias 7
        &[0x18, 0xF4, 0xF2, 0xF5, 0xA8, 0xA0, 0x2B], // time 1486144502132
        &[0x50, 0xB3, 0xFE, 0xFF, 0xFF, 0x0F],       // 0xFFFFFF33
        &[0x18, 0x01],                               // seq 1
    ]
    .concat();
    let death = [0x12, 0x09, 0x0A, 0x05, b'b', b'd', b'S', b'e', b'q', 0x58, 0x00];
    let mut line = Line::new();
    let mut take = |topic: &str, bytes: &[u8]| {
        let decoded = line.host.take(topic, bytes, false, at(1));
        assert_eq!((decoded.refused, decoded.findings, decoded.publish), (None, vec![], vec![]));
        assert_eq!(decoded.measured.len(), 1);
        decoded.measured.into_iter().next().unwrap()
    };
    let value = |value: &str, at: Timestamp, is_stale: bool| Measured {
        device: "cold/edge".to_owned(),
        metric: "t".to_owned(),
        value: value.to_owned(),
        unit: None,
        at: Some(at),
        is_historical: false,
        is_stale,
    };
    let time = |milliseconds| Timestamp::from_millisecond(milliseconds).unwrap();
    let decoded = take("spBv1.0/cold/NBIRTH/edge", &birth);
    assert_eq!(decoded, value("100", time(1_486_144_502_122), false));
    let decoded = take("spBv1.0/cold/NDATA/edge", &data);
    assert_eq!(decoded, value("-205", time(1_486_144_502_132), false));
    let decoded = take("spBv1.0/cold/NDEATH/edge", &death);
    assert_eq!(decoded, value("-205", at(1), true));
}

#[test]
fn a_value_has_the_time_of_its_metric_or_else_of_its_message() {
    let mut line = Line::born();
    let timed_at = |time: Option<u64>| Metric { timestamp: time, ..by_alias(1, int16(5)) };
    let metrics = vec![timed_at(Some(1_577_836_800_250)), timed_at(None), timed_at(Some(u64::MAX))];
    let message = Payload { timestamp: Some(1_577_836_800_900), ..payload(2, metrics) };
    let decoded = line.say("cold/NDATA/edge", &message);
    let moments: Vec<_> = decoded.measured.iter().map(|measured| measured.at).collect();
    assert_eq!(moments, [Some(at(250)), Some(at(900)), None]);
    assert!(
        findings(&decoded)
            .contains("1 time not usable as a date (expected milliseconds since 1970)"),
        "{}",
        findings(&decoded)
    );
    let decoded = line.say("cold/NDATA/edge", &node_t(3, 5));
    assert_eq!(decoded.measured[0].at, None);
}

#[test]
fn names_may_be_sent_instead_of_aliases() {
    let mut line = Line::born();
    let plain = |name: &str| Metric { alias: None, ..named(name, 0, 2, int16(7)) };
    let with_empty_name = Metric { name: Some(String::new()), ..by_alias(1, int16(8)) };
    let decoded = line.say("cold/NDATA/edge", &payload(2, vec![plain("t"), with_empty_name]));
    assert_eq!(values(&decoded), ["cold/edge t=7", "cold/edge t=8"]);
    assert_eq!(findings(&decoded), "");
    // Alias and name of two different metrics: neither is believed.
    let crossed = Metric { alias: Some(2), ..plain("t") };
    let decoded = line.say("cold/NDATA/edge", &payload(3, vec![crossed]));
    assert_eq!(values(&decoded), NOTHING);
    assert_eq!(asked(&decoded), ASKED);
}

#[test]
fn what_is_no_number_gives_no_value_and_what_is_a_bad_number_gives_a_finding() {
    let mut line = Line::born();
    let null = Metric { is_null: Some(true), ..by_alias(1, int16(5)) };
    let metrics = vec![
        by_alias(3, Sent::Text("20.5".to_owned())),
        null.clone(),
        null,
        by_alias(2, Sent::Float(f32::NAN)),
        by_alias(2, Sent::Float(f32::INFINITY)),
        by_alias(2, Sent::Float(-0.5)),
    ];
    let decoded = line.say("cold/NDATA/edge", &payload(2, metrics));
    assert_eq!(values(&decoded), ["cold/edge h=-0.5"]);
    assert_eq!(
        findings(&decoded),
        "[refused] cold/edge: 2 metrics without value (null); the first: `t`\n\
         [refused] cold/edge: 2 values refused; the first: `h` got the value NaN, expected a finite number"
    );
    assert_eq!(decoded.refused, None);
}

#[test]
fn a_value_of_another_datatype_than_the_birth_named_is_refused() {
    let mut line = Line::born();
    let metric = Metric { datatype: Some(6), ..by_alias(1, int16(5)) };
    let decoded = line.say("cold/NDATA/edge", &payload(2, vec![metric]));
    assert_eq!(values(&decoded), NOTHING);
    assert!(
        findings(&decoded).contains("`t` was born with datatype 2, not 6"),
        "{}",
        findings(&decoded)
    );
}

#[test]
fn a_value_of_the_past_is_reported_and_does_not_become_the_last_one() {
    let mut line = Line::born();
    let past = Metric { is_historical: Some(true), ..by_alias(1, int16(3)) };
    let decoded = line.say("cold/NDATA/edge", &payload(2, vec![past]));
    assert_eq!(values(&decoded), ["cold/edge t=3 (past)"]);
    let decoded = line.say("cold/NDEATH/edge", &death(7));
    assert!(values(&decoded).contains(&"~cold/edge t=100".to_owned()), "{:?}", values(&decoded));
}

#[test]
fn a_sloppy_birth_is_taken_as_far_as_it_is_clear_and_never_asked_for_again() {
    let mut line = Line::new();
    let nameless = by_alias(9, int16(1));
    let untyped = Metric { datatype: None, ..named("u", 4, 0, int16(2)) };
    let metrics = vec![
        nameless,
        untyped,
        named("a", 5, 2, int16(3)),
        named("a", 6, 2, int16(4)),
        named("b", 7, 2, int16(5)),
        named("c", 7, 2, int16(6)),
    ];
    let birth = Payload { seq: None, ..payload(0, metrics) };
    let decoded = line.say("cold/NBIRTH/edge", &birth);
    assert_eq!(values(&decoded), ["cold/edge a=3", "cold/edge b=5", "cold/edge c=6"]);
    let found = findings(&decoded);
    for said in [
        "NBIRTH has no sequence number",
        "NBIRTH has no bdSeq",
        "1 metric without a name in the birth, refused; the first: alias 9",
        "1 metric without a datatype in the birth; the first: `u`",
        "1 metric defined twice in the birth; the first counts; the first: `a`",
        "1 alias that the birth gave to two metrics or to none; the first: alias 7",
    ] {
        assert!(found.contains(said), "{said} is not in\n{found}");
    }
    // Nobody knows what these aliases mean, and the next birth would not say it either.
    let unclear = vec![by_alias(9, int16(1)), by_alias(6, int16(1)), by_alias(7, int16(1))];
    let decoded = line.say("cold/NDATA/edge", &payload(1, unclear));
    assert_eq!((values(&decoded), asked(&decoded)), (vec![], vec![]));
    assert!(findings(&decoded).contains("3 aliases"), "{}", findings(&decoded));
    let typed = Metric { datatype: Some(2), ..by_alias(4, int16(-2)) };
    assert_eq!(values(&line.say("cold/NDATA/edge", &payload(2, vec![typed]))), ["cold/edge u=-2"]);
}

#[test]
fn findings_of_a_gap_have_their_own_code() {
    let mut line = Line::born();
    line.say("cold/NDATA/edge", &node_t(5, 1));
    let decoded = line.tick_after(2_000);
    assert_eq!(decoded.findings[0].code, code::GAP);
}
