//! Zebra readers with the `IoT` Connector: a fixed one at a door and a handheld, publishing JSON over MQTT.
//!
//! The way through: [`Zebra::connect`] gives a reader of one kind; [`Zebra::read`] lets it read the tags of its field
//! and publish them as that kind does.
//!
//! What holds: a fixed reader numbers its events, alone or in batches; a handheld's messages hold many tags and never
//! more than 6 KiB; strengths are in whole dBm.
//!
//! Source: member names of Zebra's dock door sample and of its RFD40/90 MQTT reference, API 1.22.

use std::net::SocketAddr;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::simulators::broker::Publisher;
use crate::simulators::seeded::Seeded;

/// Kinds of reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// FX or ATR at a door.
    Fixed,
    /// RFD40 or RFD90 in a hand.
    Handheld,
}

/// Most bytes that a handheld publishes at once.
const HANDHELD_BYTES: usize = 6 * 1024;
/// Events that a fixed reader puts into one batch.
const BATCH: usize = 10;

/// A reader with a connection to a broker.
pub struct Zebra {
    publisher: Publisher,
    topic: String,
    model: Model,
    numbers: Seeded,
    events: u64,
}

impl Zebra {
    /// Connects to the broker.
    ///
    /// # Errors
    ///
    /// If it does not answer.
    pub fn connect(
        broker: SocketAddr,
        topic: &str,
        model: Model,
        seed: u64,
    ) -> Result<Self, String> {
        let publisher = Publisher::connect(broker, &format!("zebra-{seed}"))?;
        let numbers = Seeded::new(seed);
        Ok(Self { publisher, topic: topic.to_owned(), model, numbers, events: 0 })
    }

    /// Reads every tag of the field once, EPC banks, and waits until the broker has it.
    ///
    /// # Errors
    ///
    /// If the broker is gone.
    pub fn read(&mut self, field: &[Vec<u8>]) -> Result<(), String> {
        match self.model {
            Model::Fixed => {
                let events: Vec<Value> = field.iter().map(|epc| self.event(epc)).collect();
                // The first ones alone, as without batching; the others in batches.
                let (alone, batched) = events.split_at(events.len().min(BATCH));
                for event in alone {
                    self.publish(event)?;
                }
                for batch in batched.chunks(BATCH) {
                    self.publish(&json!(batch))?;
                }
            }
            Model::Handheld => {
                let mut tags: Vec<Value> = Vec::new();
                for epc in field {
                    tags.push(self.record(epc));
                    if message(&tags).to_string().len() > HANDHELD_BYTES {
                        let last = tags.pop();
                        self.publish(&message(&tags))?;
                        tags = last.into_iter().collect();
                    }
                }
                self.publish(&message(&tags))?;
            }
        }
        self.publisher.flush()
    }

    /// Changes an input of a fixed reader.
    ///
    /// # Errors
    ///
    /// If the broker is gone.
    pub fn set_input(&mut self, pin: u16, is_high: bool) -> Result<(), String> {
        let state = if is_high { "HIGH" } else { "LOW" };
        let now = Timestamp::now();
        let event = json!({
            "data": { "pin": pin, "state": state }, "timestamp": format!("{now:.3}"), "type": "GPI"
        });
        self.publish(&event)?;
        self.publisher.flush()
    }

    fn publish(&mut self, message: &Value) -> Result<(), String> {
        self.publisher.publish(&self.topic, message.to_string().as_bytes(), false)
    }

    /// Whole dBm about -55, scatter 4.
    fn strength(&mut self) -> i64 {
        #[expect(clippy::cast_possible_truncation, reason = "clamped to what radio can be")]
        let dbm = (-55.0 + 4.0 * self.numbers.normal()).clamp(-90.0, -20.0) as i64;
        dbm
    }

    /// A handheld's record of a tag.
    fn record(&mut self, epc: &[u8]) -> Value {
        self.events += 1;
        let epc = hex::encode_upper(epc);
        json!({
            "EPCid": epc, "EPC": epc, "eventNum": self.events, "format": "EPC",
            "peakRssi": self.strength(), "seenCount": 1
        })
    }

    fn event(&mut self, epc: &[u8]) -> Value {
        self.events += 1;
        let now = Timestamp::now();
        json!({
            "data": {
                "antenna": 1 + self.numbers.below(4), "channel": 915.25, "eventNum": self.events, "format": "epc",
                "idHex": hex::encode(epc), "peakRssi": self.strength(), "phase": 0.0, "reads": 1
            },
            "timestamp": format!("{now:.3}"),
            "type": "SIMPLE"
        })
    }
}

/// A handheld's message.
fn message(tags: &[Value]) -> Value {
    let now = Timestamp::now();
    json!({ "type": "BALANCED_PERFORMANCE", "timestamp": format!("{now:.3}"), "data": { "tagData": tags } })
}
