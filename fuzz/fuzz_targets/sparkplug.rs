//! Messages of Sparkplug nodes, one after the other.
#![no_main]

use devices::message::{Format, Message};
use devices::sensor::sparkplug::format::SparkplugB;
use devices::sensor::sparkplug::payload;
use devices::sensor::sparkplug::topic::Topic;
use fuzz::format::{arrival, readings, take};
use fuzz::{Choices, contract};
use jiff::{SignedDuration, Timestamp};
use libfuzzer_sys::fuzz_target;

/// Topics that the lower half of a message's first byte chooses from.
const TOPICS: [&str; 12] = [
    "spBv1.0/g/NBIRTH/n",
    "spBv1.0/g/NDATA/n",
    "spBv1.0/g/NDEATH/n",
    "spBv1.0/g/DBIRTH/n/d",
    "spBv1.0/g/DDATA/n/d",
    "spBv1.0/g/DDEATH/n/d",
    "spBv1.0/g/NBIRTH/m",
    "spBv1.0/g/NDATA/m",
    "spBv1.0/g/NCMD/n",
    "spBv1.0/STATE/h",
    "spBv1.0/other/NDATA/n",
    "spAv1.0/g/NDATA/n",
];

fn host() -> SparkplugB {
    SparkplugB::new("h", &["g".to_owned()], readings(&["g/n", "g/n/d", "g/m"]))
}

fuzz_target!(|input: &[u8]| {
    let mut choices = Choices(input);
    let (mut one, mut other) = (host(), host());
    let mut at: Timestamp = arrival();
    assert_eq!(one.connected(at), other.connected(at));
    while !choices.0.is_empty() {
        let first = choices.byte();
        let part = choices.part().unwrap_or_default();
        if first & 0x10 != 0 {
            at = at.saturating_add(SignedDuration::from_millis(1500)).unwrap_or(at);
            let ticked = one.tick(at);
            contract::taken(&ticked);
            assert_eq!(ticked, other.tick(at));
        }
        if first & 0x20 != 0 {
            let lost = one.lost(at);
            assert!(lost.readings.iter().all(|reading| reading.stale));
            assert_eq!(lost, other.lost(at));
        }
        reads_as_it_was_written(part);
        let own;
        let (topic, payload) = if let Some(topic) = TOPICS.get(usize::from(first & 15)) {
            (*topic, part)
        } else {
            own = String::from_utf8_lossy(part);
            is_written_as_it_was_read(&own);
            (&*own, &[][..])
        };
        let message = Message { topic, payload, is_retained: first & 0x40 != 0, at };
        assert_eq!(take(&mut one, &message), other.take(&message));
    }
    contract::taken(&one.lost(at));
    assert!(one.lost(at).readings.is_empty(), "what was lost is lost once");
});

fn reads_as_it_was_written(bytes: &[u8]) {
    if let Ok(opened) = payload::open(bytes) {
        assert!(opened.payload.metrics.len() <= bytes.len());
        assert_eq!(opened.left_out, 0);
        let number = opened.payload.seq.and_then(|seq| u8::try_from(seq).ok());
        assert_eq!(opened.payload.number(), number);
    }
}

fn is_written_as_it_was_read(topic: &str) {
    match Topic::parse(topic) {
        Ok(Topic::State { host }) => assert_eq!(topic, format!("spBv1.0/STATE/{host}")),
        Ok(Topic::Message { group, verb, node, device }) => {
            let device = device.map(|device| format!("/{device}")).unwrap_or_default();
            assert_eq!(topic, format!("spBv1.0/{group}/{}/{node}{device}", verb.word()));
        }
        Err(error) => contract::reason(&error.to_string()),
    }
}
