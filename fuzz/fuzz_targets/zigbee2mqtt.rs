//! JSON of Zigbee2MQTT: topics below the base topic, and what stands on them.
#![no_main]

use devices::message::Message;
use devices::sensor::zigbee2mqtt::Zigbee2Mqtt;
use fuzz::format::{arrival, messages, readings, take};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let mut format = Zigbee2Mqtt::new("z", readings(&["a", "a/b"]));
    for message in messages(input) {
        // The first line is the topic; a retained message begins with `!`.
        let mut lines = message.splitn(2, |byte| *byte == b'\n');
        let topic = String::from_utf8_lossy(lines.next().unwrap_or_default());
        let payload = lines.next().unwrap_or_default();
        let is_retained = topic.starts_with('!');
        let topic = topic.trim_start_matches('!');
        let message = Message { topic, payload, is_retained, at: arrival() };
        if let Ok(taken) = take(&mut format, &message) {
            assert!(taken.readings.iter().all(|reading| is_retained || !reading.stale));
        }
    }
});
