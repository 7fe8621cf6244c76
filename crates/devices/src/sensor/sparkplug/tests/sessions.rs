//! Sessions: births, deaths, order and rebirth requests.
//!
//! The way through: `Line::born` stands for a node with one device; the next message has number 2.
//!
//! What holds: each transcript asserts values, requests and refusals together where they belong together.
//!
//! Not here: limits (`hostile`).
//!
//! Source: Sparkplug 3.0.0 sections 5.4 to 5.9 and 5.17.

use super::*;

#[test]
fn a_host_that_starts_late_asks_for_a_rebirth_and_then_has_the_values() {
    let mut line = Line::new();
    let decoded = line.say("cold/NDATA/edge", &node_t(77, 1));
    assert_eq!(asked(&decoded), ASKED);
    assert_eq!(values(&decoded), NOTHING);
    assert_eq!(decoded.refused.as_deref(), Some("NDATA of cold/edge: no NBIRTH arrived before it"));
    assert!(findings(&decoded).contains("is missing: 1"), "{}", findings(&decoded));
    line.now = 50;
    for topic in ["cold/DDATA/edge/f", "cold/DBIRTH/edge/f", "cold/DDEATH/edge/f"] {
        let decoded = line.say(topic, &device_t(78, 1));
        assert!(decoded.refused.unwrap().contains("no NBIRTH"), "{topic}");
        assert!(decoded.publish.is_empty(), "asked once already");
    }
    let decoded = line.say("cold/NBIRTH/edge", &node_birth(7));
    assert_eq!(values(&decoded), ["cold/edge t=100", "cold/edge h=50.5"]);
    assert!(findings(&decoded).contains("is missing: 3"), "{}", findings(&decoded));
    assert_eq!(values(&line.say("cold/DBIRTH/edge/f", &device_birth(1))), ["cold/edge/f t=-180"]);
    assert_eq!(values(&line.say("cold/NDATA/edge", &node_t(2, -205))), ["cold/edge t=-205"]);
    assert_eq!(values(&line.say("cold/DDATA/edge/f", &device_t(3, -181))), ["cold/edge/f t=-181"]);
}

#[test]
fn a_node_is_asked_at_most_once_in_ten_seconds_and_each_node_for_itself() {
    let mut line = Line::new();
    let mut asked_at = Vec::new();
    for now in (0..=25_000).step_by(500) {
        line.now = now;
        let decoded = line.say("cold/NDATA/edge", &node_t(1, 1));
        asked_at.extend(decoded.publish.iter().map(|_| now));
    }
    assert_eq!(asked_at, [0, 10_000, 20_000]);
    assert_eq!(asked(&line.say("cold/NDATA/other", &node_t(1, 1))), ["spBv1.0/cold/NCMD/other"]);
    // The clock goes back an hour: the node is not left alone that long.
    line.now = -3_600_000;
    assert_eq!(asked(&line.say("cold/NDATA/edge", &node_t(1, 1))), ASKED);
}

#[test]
fn a_request_that_had_to_wait_is_made_by_the_clock() {
    let mut line = Line::new();
    assert_eq!(asked(&line.say("cold/NDATA/edge", &node_t(1, 1))), ASKED);
    line.now = 3_000;
    assert_eq!(asked(&line.say("cold/NDATA/edge", &node_t(2, 1))), NOTHING);
    assert_eq!(asked(&line.tick_after(6_999)), NOTHING);
    assert_eq!(asked(&line.tick_after(1)), ASKED);
    assert_eq!(asked(&line.tick_after(60_000)), NOTHING);
}

#[test]
fn messages_that_waited_and_are_taken_together_make_one_request() {
    let mut line = Line::born();
    line.say("cold/DDATA/edge/g", &device_t(3, 1));
    line.now = 1;
    let decoded = line.say("cold/DDATA/edge/g", &device_t(2, 1));
    assert_eq!(asked(&decoded), ASKED);
}

#[test]
fn a_birth_makes_a_request_that_had_to_wait_needless() {
    let mut line = Line::new();
    line.say("cold/NDATA/edge", &node_t(1, 1));
    line.say("cold/NDATA/edge", &node_t(2, 1));
    line.say("cold/NBIRTH/edge", &node_birth(7));
    assert_eq!(line.tick_after(60_000), HostOutput::default());
}

#[test]
fn an_alias_means_what_the_last_birth_says() {
    let mut line = Line::born();
    assert_eq!(values(&line.say("cold/NDATA/edge", &node_t(2, 5))), ["cold/edge t=5"]);
    let metrics = vec![session(7), named("h", 1, 9, Sent::Float(40.0)), named("t", 2, 2, int16(6))];
    let decoded = line.say("cold/NBIRTH/edge", &payload(0, metrics));
    assert_eq!(values(&decoded), ["cold/edge h=40", "cold/edge t=6"]);
    let metrics = vec![by_alias(1, Sent::Float(41.5)), by_alias(2, int16(-7))];
    let decoded = line.say("cold/NDATA/edge", &payload(1, metrics));
    assert_eq!(values(&decoded), ["cold/edge h=41.5", "cold/edge t=-7"]);
    // The alias of the birth before is as unknown as any other.
    let decoded = line.say("cold/NDATA/edge", &payload(2, vec![by_alias(3, int16(1))]));
    assert_eq!(asked(&decoded), ASKED);
    assert!(findings(&decoded).contains("the last birth did not define; the first: alias 3"));
}

#[test]
fn an_unknown_alias_asks_for_a_rebirth_and_does_not_spoil_its_neighbours() {
    let mut line = Line::born();
    let metrics = vec![by_alias(99, int16(1)), by_alias(1, int16(9)), by_alias(11, int16(2))];
    let decoded = line.say("cold/NDATA/edge", &payload(2, metrics));
    // Alias 11 is the device's and says nothing in data of the node.
    assert_eq!(values(&decoded), ["cold/edge t=9"]);
    assert_eq!(asked(&decoded), ASKED);
    assert_eq!(
        findings(&decoded),
        "[refused] cold/edge: 2 values refused that the last birth did not define; the first: alias 99"
    );
    assert_eq!(values(&line.say("cold/NDATA/edge", &node_t(3, 10))), ["cold/edge t=10"]);
}

#[test]
fn data_of_a_device_without_birth_asks_for_a_rebirth() {
    let mut line = Line::born();
    let decoded = line.say("cold/DDATA/edge/g", &device_t(2, 1));
    assert_eq!(asked(&decoded), ASKED);
    assert_eq!(
        decoded.refused.as_deref(),
        Some("DDATA of cold/edge/g: no DBIRTH arrived before it")
    );
    assert_eq!(values(&line.say("cold/DDATA/edge/f", &device_t(3, 1))), ["cold/edge/f t=1"]);
}

#[test]
fn a_late_message_fills_the_gap_and_the_order_is_that_of_sending() {
    let mut line = Line::born();
    assert_eq!(line.say("cold/NDATA/edge", &node_t(4, 4)), HostOutput::default());
    line.now = 500;
    assert_eq!(line.say("cold/DDATA/edge/f", &device_t(3, 3)), HostOutput::default());
    assert_eq!(line.tick_after(1_000), HostOutput::default());
    let decoded = line.say("cold/NDATA/edge", &node_t(2, 2));
    assert_eq!(values(&decoded), ["cold/edge t=2", "cold/edge/f t=3", "cold/edge t=4"]);
    assert_eq!((findings(&decoded).as_str(), decoded.publish.len()), ("", 0));
    assert_eq!(line.tick_after(60_000), HostOutput::default());
    assert_eq!(values(&line.say("cold/NDATA/edge", &node_t(5, 5))), ["cold/edge t=5"]);
}

#[test]
fn a_death_and_a_birth_of_a_device_that_overtook_each_other_end_with_the_device_alive() {
    let mut line = Line::born();
    assert_eq!(line.say("cold/DBIRTH/edge/f", &device_birth(3)), HostOutput::default());
    let decoded = line.say("cold/DDEATH/edge/f", &payload(2, vec![]));
    assert_eq!(values(&decoded), ["~cold/edge/f t=-180", "cold/edge/f t=-180"]);
    assert_eq!(values(&line.say("cold/DDATA/edge/f", &device_t(4, 1))), ["cold/edge/f t=1"]);
}

#[test]
fn a_gap_that_is_not_filled_in_two_seconds_is_reported_and_a_rebirth_asked_for() {
    let mut line = Line::born();
    line.say("cold/NDATA/edge", &node_t(5, 5));
    line.say("cold/NDATA/edge", &node_t(6, 6));
    assert_eq!(line.tick_after(1_999), HostOutput::default());
    let decoded = line.tick_after(1);
    assert_eq!(asked(&decoded), ASKED);
    assert_eq!(values(&decoded), NOTHING);
    assert_eq!(
        findings(&decoded),
        "[gap] cold/edge: messages 2 to 4 did not arrive within 2 s; 2 later messages were dropped, and the node is asked for all its values"
    );
    assert_eq!(line.tick_after(1), HostOutput::default());
    // Until the birth comes, nothing is believed, not even the missing messages.
    let decoded = line.say("cold/NDATA/edge", &node_t(2, 2));
    assert_eq!(values(&decoded), NOTHING);
    assert!(decoded.refused.unwrap().contains("no new NBIRTH has arrived since"));
    line.say("cold/NBIRTH/edge", &node_birth(7));
    assert_eq!(values(&line.say("cold/NDATA/edge", &node_t(1, 1))), ["cold/edge t=1"]);
}

#[test]
fn a_gap_is_noticed_by_the_next_message_where_nobody_ticks() {
    let mut line = Line::born();
    line.say("cold/NDATA/edge", &node_t(3, 3));
    line.now = 2_500;
    let decoded = line.say("cold/NDATA/edge", &node_t(2, 2));
    assert_eq!(asked(&decoded), ASKED);
    assert_eq!(values(&decoded), NOTHING);
    assert!(findings(&decoded).starts_with("[gap] cold/edge: message 2 did not arrive"));
    // A birth that comes too late for the gap needs no further request.
    let mut line = Line::born();
    line.say("cold/NDATA/edge", &node_t(3, 3));
    line.now = 2_500;
    let decoded = line.say("cold/NBIRTH/edge", &node_birth(7));
    assert_eq!((asked(&decoded), decoded.measured.len()), (vec![], 2));
    assert!(findings(&decoded).contains("is missing: 1"), "{}", findings(&decoded));
}

#[test]
fn numbers_go_on_from_255_to_0() {
    let mut line = Line::born();
    for turn in 2..=600_i16 {
        let seq = u8::try_from(turn % 256).unwrap();
        let decoded = line.say("cold/NDATA/edge", &node_t(seq, turn));
        assert_eq!(values(&decoded), [format!("cold/edge t={turn}")]);
    }
    // 600 is 88; with the first gap across zero: 254, 0, 255.
    for seq in 89..=253 {
        line.say("cold/NDATA/edge", &node_t(seq, 0));
    }
    assert_eq!(values(&line.say("cold/NDATA/edge", &node_t(254, 254))), ["cold/edge t=254"]);
    assert_eq!(values(&line.say("cold/NDATA/edge", &node_t(0, 256))), NOTHING);
    let decoded = line.say("cold/NDATA/edge", &node_t(255, 255));
    assert_eq!(values(&decoded), ["cold/edge t=255", "cold/edge t=256"]);
}

#[test]
fn a_birth_may_begin_with_any_number() {
    let mut line = Line::new();
    line.say("cold/NBIRTH/edge", &Payload { seq: Some(255), ..node_birth(7) });
    assert_eq!(values(&line.say("cold/NDATA/edge", &node_t(0, 1))), ["cold/edge t=1"]);
}

#[test]
fn a_message_that_comes_twice_counts_once() {
    let mut line = Line::born();
    assert_eq!(line.say("cold/NDATA/edge", &node_t(2, 2)).measured.len(), 1);
    let decoded = line.say("cold/NDATA/edge", &node_t(2, 2));
    assert_eq!(
        decoded.refused.as_deref(),
        Some("NDATA of cold/edge: number 2 was already processed")
    );
    assert_eq!((decoded.measured.len(), decoded.publish.len()), (0, 0));
    line.say("cold/NDATA/edge", &node_t(4, 4));
    assert!(line.say("cold/NDATA/edge", &node_t(4, 5)).refused.unwrap().contains("number 4"));
    let decoded = line.say("cold/NDATA/edge", &node_t(3, 3));
    assert_eq!(values(&decoded), ["cold/edge t=3", "cold/edge t=4"]);
}

#[test]
fn data_without_number_is_refused() {
    let mut line = Line::born();
    let decoded = line.say("cold/NDATA/edge", &Payload { seq: None, ..node_t(0, 1) });
    let text = "NDATA of cold/edge: got no sequence number, expected 2";
    assert_eq!(decoded.refused.as_deref(), Some(text));
    assert!(decoded.measured.is_empty());
}

#[test]
fn at_the_death_of_a_node_every_last_value_is_reported_as_stale_once() {
    let mut line = Line::born();
    line.say("cold/NDATA/edge", &node_t(2, 5));
    line.now = 900;
    let decoded = line.say("cold/NDEATH/edge", &death(7));
    assert_eq!(values(&decoded), ["~cold/edge t=5", "~cold/edge h=50.5", "~cold/edge/f t=-180"]);
    assert!(decoded.measured.iter().all(|measured| measured.at == Some(line.at())));
    assert_eq!(line.say("cold/NDEATH/edge", &death(7)), HostOutput::default());
    let decoded = line.say("cold/NDATA/edge", &node_t(3, 6));
    assert_eq!((values(&decoded), asked(&decoded)), (vec![], ASKED.to_vec()));
    assert_eq!(line.say("cold/NBIRTH/edge", &node_birth(8)).measured.len(), 2);
    assert_eq!(values(&line.say("cold/NDATA/edge", &node_t(1, 6))), ["cold/edge t=6"]);
}

#[test]
fn the_death_of_an_earlier_session_is_ignored() {
    let mut line = Line::born();
    line.say("cold/NBIRTH/edge", &node_birth(8));
    for (old, said) in [(death(7), "7"), (death(9), "9"), (Payload::default(), "none")] {
        let decoded = line.say("cold/NDEATH/edge", &old);
        assert_eq!(values(&decoded), NOTHING);
        let why = decoded.refused.unwrap();
        let text = format!("got bdSeq {said}, expected 8 as in the birth");
        assert!(why.contains(&text), "{why}");
    }
    assert_eq!(values(&line.say("cold/NDATA/edge", &node_t(1, 6))), ["cold/edge t=6"]);
    let decoded = line.say("cold/NDEATH/edge", &death(8));
    assert_eq!(values(&decoded), ["~cold/edge t=6", "~cold/edge h=50.5"]);
}

#[test]
fn a_death_counts_while_messages_are_missing() {
    let mut line = Line::born();
    line.say("cold/NDATA/edge", &node_t(9, 9));
    line.tick_after(2_000);
    assert_eq!(line.say("cold/NDEATH/edge", &death(7)).measured.len(), 3);
    assert_eq!(line.tick_after(60_000), HostOutput::default());
    // What waits at the death waits for nothing any more.
    let mut line = Line::born();
    line.say("cold/NDATA/edge", &node_t(9, 9));
    assert_eq!(line.say("cold/NDEATH/edge", &death(7)).measured.len(), 3);
    assert_eq!(line.tick_after(60_000), HostOutput::default());
}

#[test]
fn after_a_birth_without_session_every_death_counts() {
    let mut line = Line::new();
    line.say("cold/NBIRTH/edge", &payload(0, vec![named("t", 1, 2, int16(4))]));
    assert_eq!(values(&line.say("cold/NDEATH/edge", &death(3))), ["~cold/edge t=4"]);
}

#[test]
fn at_the_death_of_a_device_its_values_alone_are_stale() {
    let mut line = Line::born();
    let message = Payload { timestamp: Some(1_577_836_800_333), ..payload(2, vec![]) };
    let decoded = line.say("cold/DDEATH/edge/f", &message);
    assert_eq!(values(&decoded), ["~cold/edge/f t=-180"]);
    assert_eq!(decoded.measured[0].at, Some(at(333)));
    assert_eq!(line.say("cold/DDEATH/edge/f", &payload(3, vec![])), HostOutput::default());
    assert_eq!(values(&line.say("cold/NDATA/edge", &node_t(4, 1))), ["cold/edge t=1"]);
    assert_eq!(asked(&line.say("cold/DDATA/edge/f", &device_t(5, 1))), ASKED);
    assert_eq!(values(&line.say("cold/DBIRTH/edge/f", &device_birth(6))), ["cold/edge/f t=-180"]);
    assert_eq!(values(&line.say("cold/NDEATH/edge", &death(7))).len(), 3);
}

#[test]
fn a_new_session_makes_the_devices_of_the_old_one_stale_at_once() {
    let mut line = Line::born();
    let decoded = line.say("cold/NBIRTH/edge", &node_birth(8));
    assert_eq!(values(&decoded), ["~cold/edge/f t=-180", "cold/edge t=100", "cold/edge h=50.5"]);
}

#[test]
fn a_device_that_does_not_follow_the_rebirth_of_its_node_is_stale_after_a_while() {
    let mut line = Line::born();
    assert_eq!(line.say("cold/NBIRTH/edge", &node_birth(7)).measured.len(), 2);
    assert_eq!(line.tick_after(29_999), HostOutput::default());
    assert_eq!(values(&line.tick_after(1)), ["~cold/edge/f t=-180"]);
    assert_eq!(line.tick_after(60_000), HostOutput::default());
    // One that follows is not.
    let mut line = Line::born();
    line.say("cold/NBIRTH/edge", &node_birth(7));
    assert!(line.say("cold/DDATA/edge/f", &device_t(1, 1)).refused.is_some(), "not born yet");
    assert_eq!(values(&line.say("cold/DBIRTH/edge/f", &device_birth(2))), ["cold/edge/f t=-180"]);
    assert_eq!(values(&line.tick_after(60_000)), NOTHING);
}

#[test]
fn a_metric_that_a_new_birth_leaves_out_or_has_no_value_for_is_stale() {
    let mut line = Line::born();
    let null = Metric { value: None, is_null: Some(true), ..named("t", 1, 2, int16(0)) };
    let decoded = line.say("cold/NBIRTH/edge", &payload(0, vec![session(7), null]));
    assert_eq!(values(&decoded), ["~cold/edge t=100", "~cold/edge h=50.5"]);
    assert!(findings(&decoded).contains("without value (null)"));
    let other = payload(1, vec![named("p", 4, 2, int16(1))]);
    let decoded = line.say("cold/DBIRTH/edge/f", &other);
    assert_eq!(values(&decoded), ["cold/edge/f p=1", "~cold/edge/f t=-180"]);
}

#[test]
fn what_the_broker_kept_is_refused() {
    let mut line = Line::born();
    for (topic, message) in [
        ("spBv1.0/cold/NDATA/edge", node_t(2, 1)),
        ("spBv1.0/cold/DDATA/edge/f", device_t(2, 1)),
        ("spBv1.0/cold/NBIRTH/edge", node_birth(1)),
        ("spBv1.0/cold/DBIRTH/edge/f", device_birth(2)),
        ("spBv1.0/cold/NDEATH/edge", death(7)),
    ] {
        let decoded = line.host.take(topic, &message.encode_to_vec(), true, line.at());
        assert_eq!((values(&decoded), asked(&decoded)), (vec![], vec![]), "{topic}");
        assert!(decoded.refused.unwrap().contains("retained"), "{topic}");
        assert_eq!(decoded.findings.len(), 1, "{topic}");
    }
    assert_eq!(values(&line.say("cold/NDATA/edge", &node_t(2, 1))), ["cold/edge t=1"]);
    // Kept data of a node that has not spoken is no sign that it is there; a kept birth is a reason to ask.
    let data = node_t(1, 1).encode_to_vec();
    let decoded = Line::new().host.take("spBv1.0/cold/NDATA/edge", &data, true, at(0));
    assert_eq!((values(&decoded), asked(&decoded)), (vec![], vec![]));
    let birth = node_birth(7).encode_to_vec();
    let decoded = Line::new().host.take("spBv1.0/cold/NBIRTH/edge", &birth, true, at(0));
    assert_eq!((values(&decoded), asked(&decoded)), (vec![], ASKED.to_vec()));
}

#[test]
fn when_the_line_is_lost_all_is_stale_and_has_to_be_born_again() {
    let mut line = Line::born();
    line.now = 700;
    let decoded = line.host.lost(line.at());
    assert_eq!(values(&decoded), ["~cold/edge t=100", "~cold/edge h=50.5", "~cold/edge/f t=-180"]);
    assert_eq!(line.host.lost(line.at()), HostOutput::default());
    line.host.online(line.at());
    assert_eq!(asked(&line.say("cold/NDATA/edge", &node_t(2, 1))), ASKED);
}
