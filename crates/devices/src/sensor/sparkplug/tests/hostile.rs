//! Strangers, floods and limits: what must hold whatever arrives.
//!
//! The way through: first each limit by itself, then conversations put together at random.
//!
//! What holds: no message panics; memory is bounded; a node is never asked too often; a value is never
//! reported before a birth.
//!
//! Not here: right conversations (`sessions`).

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::metrics::MAX_METRIC_NAME;
use super::super::node::MAX_DEVICES;
use super::super::order::MAX_HELD;
use super::super::payload::{MAX_METRICS, MAX_PAYLOAD};
use super::*;

#[test]
fn garbage_is_refused_and_the_messages_after_it_are_processed() {
    let mut line = Line::born();
    for (garbage, why) in [
        (&[0xFF; 30][..], "the payload is not a Sparkplug B protobuf message: "),
        (
            &[0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
            "the payload is not a Sparkplug B protobuf message: ",
        ),
        (&[0x18, 0xFF, 0x7F], "got sequence number 16383, expected 0 to 255"),
    ] {
        let decoded = line.host.take("spBv1.0/cold/NDATA/edge", garbage, false, line.at());
        let refused = decoded.refused.unwrap();
        assert!(refused.starts_with(&format!("NDATA of cold/edge: {why}")), "{refused}");
        assert_eq!(decoded.findings.len(), 1);
    }
    for topic in ["", "x", "spBv1.0/cold/NDATA", "spBv1.0/cold/XDATA/edge", "zigbee2mqtt/freezer"] {
        assert!(line.host.take(topic, &[], false, line.at()).refused.is_some(), "{topic}");
    }
    assert_eq!(values(&line.say("cold/NDATA/edge", &node_t(2, 1))), ["cold/edge t=1"]);
}

#[test]
fn a_payload_that_is_too_long_is_refused_unread() {
    let mut line = Line::born();
    let long = vec![0; MAX_PAYLOAD + 1];
    let decoded = line.host.take("spBv1.0/cold/NDATA/edge", &long, false, line.at());
    assert!(
        decoded.refused.unwrap().contains("got a payload of 524289 bytes, expected at most 524288")
    );
}

#[test]
fn a_compressed_payload_is_refused_with_what_mends_it() {
    let mut line = Line::new();
    let uuid = Some("SPBV1.0_COMPRESSED".to_owned());
    let packed = Payload { uuid, body: Some(vec![1, 2, 3]), ..payload(0, vec![]) };
    let decoded = line.say("cold/NBIRTH/edge", &packed);
    assert!(decoded.refused.unwrap().contains("switch compression off"));
}

#[test]
fn a_birth_with_too_many_metrics_is_cut_and_not_asked_for_again() {
    let mut line = Line::new();
    let count = u64::try_from(MAX_METRICS).unwrap();
    let mut metrics = vec![named(&"n".repeat(MAX_METRIC_NAME + 1), 9_999, 2, int16(1))];
    metrics.extend((0..count + 10).map(|i| named(&format!("m{i}"), i, 2, int16(1))));
    let decoded = line.say("cold/NBIRTH/edge", &payload(0, metrics));
    assert_eq!(decoded.measured.len(), MAX_METRICS - 1);
    assert!(findings(&decoded).contains("only 4095 metrics are kept"), "{}", findings(&decoded));
    let metrics =
        vec![by_alias(9_999, int16(2)), by_alias(count + 5, int16(2)), by_alias(0, int16(2))];
    let decoded = line.say("cold/NDATA/edge", &payload(1, metrics));
    assert_eq!(values(&decoded), ["cold/edge m0=2"]);
    assert_eq!(asked(&decoded), NOTHING);
    assert!(findings(&decoded).contains("2 values refused, because the birth defined more"));
}

#[test]
fn however_many_metrics_are_wrong_there_is_one_finding_for_each_kind() {
    let mut line = Line::born();
    let metrics = (0..4_000).map(|i| by_alias(i, Sent::Text("x".to_owned()))).collect();
    let decoded = line.say("cold/NDATA/edge", &payload(2, metrics));
    assert_eq!(decoded.findings.len(), 2, "{}", findings(&decoded));
}

#[test]
fn a_device_too_many_is_refused_and_not_asked_for_again() {
    let mut line = Line::new();
    line.say("cold/NBIRTH/edge", &node_birth(7));
    let mut seq = 0_u8;
    for device in 0..MAX_DEVICES {
        seq = seq.wrapping_add(1);
        let decoded = line.say(&format!("cold/DBIRTH/edge/d{device}"), &device_birth(seq));
        assert_eq!(decoded.measured.len(), 1);
    }
    let decoded = line.say("cold/DBIRTH/edge/more", &device_birth(seq.wrapping_add(1)));
    assert!(
        decoded
            .refused
            .unwrap()
            .contains("too many devices or metrics; a node may have 1024 devices")
    );
    let decoded = line.say("cold/DDATA/edge/more", &device_t(seq.wrapping_add(2), 1));
    assert!(decoded.refused.unwrap().contains("too many devices or metrics"));
    assert!(decoded.publish.is_empty());
    // One that is known may be born again.
    let decoded = line.say("cold/DBIRTH/edge/d7", &device_birth(seq.wrapping_add(3)));
    assert_eq!((decoded.measured.len(), decoded.refused), (1, None));
}

#[test]
fn over_all_nodes_no_more_metrics_are_kept_than_there_is_room_for() {
    let mut line = Line::new();
    let count = u64::try_from(MAX_METRICS).unwrap();
    let metrics: Vec<_> = (0..count).map(|i| named(&format!("m{i}"), i, 2, int16(1))).collect();
    let birth = payload(0, metrics);
    let mut kept = 0;
    for node in 0..30 {
        kept += line.say(&format!("cold/NBIRTH/n{node}"), &birth).measured.len();
    }
    assert_eq!((kept, line.host.kept), (MAX_KEPT, MAX_KEPT));
    let decoded = line.say("cold/DBIRTH/n0/d", &device_birth(1));
    assert!(
        decoded
            .refused
            .unwrap()
            .contains("too many devices or metrics; a node may have 1024 devices")
    );
    // A node that dies makes room.
    assert_eq!(line.say("cold/NDEATH/n0", &Payload::default()).measured.len(), MAX_METRICS);
    assert_eq!(line.say("cold/NBIRTH/n40", &node_birth(1)).measured.len(), 2);
}

#[test]
fn nodes_that_are_not_there_give_way_and_nodes_that_are_do_not() {
    let mut line = Line::new();
    line.say("cold/NBIRTH/edge", &node_birth(7));
    for node in 1..MAX_NODES {
        assert_eq!(line.say(&format!("cold/NDATA/n{node}"), &node_t(1, 1)).publish.len(), 1);
    }
    // All were asked just now, and are waited for.
    let decoded = line.say("cold/NDATA/more", &node_t(1, 1));
    assert_eq!(decoded.refused.as_deref(), Some("cold/more: 1024 nodes are known already"));
    assert!(decoded.publish.is_empty());
    line.now = 10_000;
    assert_eq!(line.say("cold/NDATA/more", &node_t(1, 1)).publish.len(), 1);
    assert_eq!(line.host.nodes.len(), MAX_NODES);
    assert_eq!(values(&line.say("cold/NDATA/edge", &node_t(1, 3))), ["cold/edge t=3"]);
}

#[test]
fn when_too_many_messages_wait_the_gap_is_given_up_at_once() {
    let mut line = Line::born();
    for seq in 3_u8..67 {
        assert_eq!(line.say("cold/NDATA/edge", &node_t(seq, 1)), HostOutput::default());
    }
    assert_eq!(MAX_HELD, 64);
    let decoded = line.say("cold/NDATA/edge", &node_t(67, 1));
    assert_eq!(asked(&decoded), ASKED);
    let found = findings(&decoded);
    let missing =
        "[gap] cold/edge: message 2 did not arrive before the buffer for later messages was full";
    assert!(found.contains(missing), "{found}");
    assert!(found.contains("64 later messages were dropped"), "{found}");
    assert_eq!(line.host.waiting, 0);
}

#[test]
fn over_all_nodes_no_more_bytes_wait_than_there_is_room_for() {
    let mut line = Line::new();
    let long = |seq: u8| Payload { body: Some(vec![0; MAX_PAYLOAD - 100]), ..payload(seq, vec![]) };
    for node in 0..20 {
        let decoded = line.say(&format!("cold/NBIRTH/n{node}"), &node_birth(7));
        assert_eq!(decoded.measured.len(), 2);
    }
    let mut given_up = 0;
    for node in 0..20 {
        let decoded = line.say(&format!("cold/NDATA/n{node}"), &long(2));
        given_up += decoded.publish.len();
        assert!(line.host.waiting <= MAX_WAITING);
    }
    assert_eq!(given_up, 4, "16 of half a mebibyte fit");
    line.tick_after(2_000);
    assert_eq!(line.host.waiting, 0);
}

/// One thing that happens.
#[derive(Debug, Clone)]
enum Event {
    Said {
        verb: &'static str,
        node: u8,
        device: u8,
        seq: Option<u8>,
        metrics: Vec<Metric>,
        is_retained: bool,
    },
    Garbage {
        verb: &'static str,
        bytes: Vec<u8>,
    },
    Passed {
        milliseconds: i64,
    },
    Lost,
}

fn metric() -> impl Strategy<Value = Metric> {
    let name = prop_oneof![
        Just(None),
        Just(Some("bdSeq".to_owned())),
        "[tuv]".prop_map(Some),
        Just(Some("Node Control/Rebirth".to_owned()))
    ];
    let value = prop_oneof![
        any::<u32>().prop_map(Sent::Int),
        (0_u64..3).prop_map(Sent::Long),
        any::<f32>().prop_map(Sent::Float),
        any::<f64>().prop_map(Sent::Double),
        any::<bool>().prop_map(Sent::Boolean),
        "[a-c]{0,3}".prop_map(Sent::Text),
    ];
    (
        name,
        option(0_u64..4),
        option(any::<u64>()),
        option(0_u32..14),
        any::<[bool; 2]>(),
        option(value),
    )
        .prop_map(|(name, alias, timestamp, datatype, [is_null, is_historical], value)| {
            Metric {
                name,
                alias,
                timestamp,
                datatype,
                is_null: is_null.then_some(true),
                is_historical: is_historical.then_some(true),
                value,
                ..Metric::default()
            }
        })
}

fn option<S: Strategy>(inner: S) -> impl Strategy<Value = Option<S::Value>>
where
    S::Value: Clone,
{
    proptest::option::weighted(0.8, inner)
}

fn event() -> impl Strategy<Value = Event> {
    let verb = || {
        prop::sample::select(vec![
            "NBIRTH", "NDATA", "NDEATH", "DBIRTH", "DDATA", "DDEATH", "NCMD", "DCMD",
        ])
    };
    let said = (
        verb(),
        0_u8..3,
        0_u8..2,
        proptest::option::weighted(0.95, 0_u8..6),
        proptest::collection::vec(metric(), 0..5),
        proptest::bool::weighted(0.05),
    )
        .prop_map(|(verb, node, device, seq, metrics, is_retained)| Event::Said {
            verb,
            node,
            device,
            seq,
            metrics,
            is_retained,
        });
    let garbage = (verb(), proptest::collection::vec(any::<u8>(), 0..60))
        .prop_map(|(verb, bytes)| Event::Garbage { verb, bytes });
    let passed = prop_oneof![-500_i64..4_000, 9_000_i64..40_000]
        .prop_map(|milliseconds| Event::Passed { milliseconds });
    prop_oneof![30 => said, 2 => garbage, 6 => passed, 1 => Just(Event::Lost)]
}

proptest! {
    #[test]
    fn whatever_is_said_the_promises_hold(events in proptest::collection::vec(event(), 0..120)) {
        let mut line = Line::new();
        let mut asked_at: BTreeMap<String, i64> = BTreeMap::new();
        let mut born: BTreeMap<String, bool> = BTreeMap::new();
        for event in events {
            let decoded = match event {
                Event::Said { verb, node, device, seq, metrics, is_retained } => {
                    let device = if verb.starts_with('D') { format!("/d{device}") } else { String::new() };
                    if verb == "NBIRTH" && !is_retained {
                        born.insert(format!("g/n{node}"), true);
                    }
                    let topic = format!("spBv1.0/g/{verb}/n{node}{device}");
                    let message = Payload { metrics, seq: seq.map(u64::from), ..Payload::default() };
                    line.host.take(&topic, &message.encode_to_vec(), is_retained, line.at())
                }
                Event::Garbage { verb, bytes } => {
                    line.host.take(&format!("spBv1.0/g/{verb}/x"), &bytes, false, line.at())
                }
                Event::Passed { milliseconds } => {
                    // A clock set back excuses one early request.
                    if milliseconds < 0 { asked_at.clear(); }
                    line.tick_after(milliseconds)
                }
                Event::Lost => {
                    asked_at.clear();
                    born.clear();
                    let decoded = line.host.lost(line.at());
                    prop_assert!(decoded.measured.iter().all(|measured| measured.is_stale));
                    prop_assert!(line.host.nodes.is_empty());
                    decoded
                }
            };
            for publish in &decoded.publish {
                prop_assert!(publish.topic.starts_with("spBv1.0/g/NCMD/"));
                let before = asked_at.insert(publish.topic.clone(), line.now);
                prop_assert!(before.is_none_or(|before| line.now - before >= 10_000));
            }
            for measured in &decoded.measured {
                prop_assert!(measured.value.parse::<f64>().unwrap().is_finite());
                let node = measured.device.splitn(3, '/').take(2).collect::<Vec<_>>().join("/");
                if !measured.is_stale && !node.ends_with("/x") {
                    prop_assert!(born.get(&node).copied().unwrap_or_default(), "{node} is not born");
                }
            }
            let kept: usize = line.host.nodes.values().map(Node::kept).sum();
            let waiting: usize = line.host.nodes.values().map(Node::waiting).sum();
            prop_assert_eq!((line.host.kept, line.host.waiting), (kept, waiting));
        }
    }

    #[test]
    fn any_topic_and_any_bytes_are_taken_or_refused(
        topic in "(spBv1\\.0)?(/?(g|STATE|NBIRTH|NDATA|DBIRTH|DDATA|chop|\\PC{0,3})){0,6}",
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        is_retained in any::<bool>(),
    ) {
        let mut line = Line::born();
        let _ = line.host.take(&topic, &bytes, is_retained, line.at());
        let _ = line.tick_after(5_000);
    }

    #[test]
    fn messages_shuffled_within_the_reorder_time_give_the_values_in_the_order_of_sending(
        order in Just((2..40_u8).collect::<Vec<_>>()).prop_shuffle()
    ) {
        let mut line = Line::born();
        let mut seen = Vec::new();
        for seq in order {
            line.now += 40;
            let decoded = line.say("cold/NDATA/edge", &node_t(seq, i16::from(seq)));
            prop_assert!(decoded.publish.is_empty());
            seen.extend(values(&decoded));
            prop_assert_eq!(line.tick_after(0), HostOutput::default());
        }
        let wanted: Vec<_> = (2..40).map(|seq| format!("cold/edge t={seq}")).collect();
        prop_assert_eq!(seen, wanted);
    }
}
