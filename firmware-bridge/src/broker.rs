//! MQTT: the only file that names the client library.
//!
//! What holds:
//!
//! - a message is acknowledged only after its reads are on disk; until then the broker keeps it;
//! - the session outlives a connection (fixed client id, no clean session), so nothing published at `QoS` 1
//!   while we were away is lost;
//! - an acknowledgement made on an earlier connection is dropped: its number may mean another message by now;
//! - a message that cannot be used is kept as a dead letter and acknowledged, so it holds up nobody.
//!
//! Source: MQTT 3.1.1 sections 3.1.2.4 and 4.4.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use rumqttc::{Client, Event, MqttOptions, Packet, Publish, QoS};

use crate::config::Reader;
use crate::metrics::Metrics;
use crate::reader::impinj_r700;
use crate::windows::Input;

/// Largest message taken; larger ones never reach us, brokers refuse them.
const MAX_MESSAGE: usize = 16 * 1024 * 1024;
/// Messages under way that are not acknowledged.
const IN_FLIGHT: u16 = 1000;

/// One broker connection of one reader.
pub struct Subscription {
    /// The reader's place in the configuration.
    pub source: usize,
    /// Its configuration.
    pub reader: Reader,
    /// Name or address of the broker.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What is subscribed to.
    pub topic: String,
    /// Name of the session, fixed.
    pub client_id: String,
    /// User name and password, if the broker asks for them.
    pub login: Option<(String, String)>,
    /// Where results go.
    pub inputs: std::sync::mpsc::SyncSender<Input>,
    /// Counters.
    pub metrics: Metrics,
}

/// Acknowledgements that wait for room in the client's queue.
#[derive(Clone)]
struct Acknowledger {
    client: Client,
    epoch: Arc<AtomicU64>,
    waiting: Arc<Mutex<VecDeque<(u64, Publish)>>>,
}

impl Acknowledger {
    fn acknowledge(&self, epoch: u64, publish: Publish) {
        if let Ok(mut waiting) = self.waiting.lock() {
            waiting.push_back((epoch, publish));
        }
        self.flush();
    }

    /// Hands over what the queue takes; the rest waits for the next message or tick.
    fn flush(&self) {
        let Ok(mut waiting) = self.waiting.lock() else { return };
        while let Some((epoch, publish)) = waiting.front() {
            let is_current = *epoch == self.epoch.load(Ordering::SeqCst);
            if is_current && self.client.try_ack(publish).is_err() {
                return;
            }
            waiting.pop_front();
        }
    }
}

impl Subscription {
    /// Takes messages until `stop` is set.
    pub fn run(self, stop: &Arc<AtomicBool>) {
        let mut options = MqttOptions::new(&self.client_id, &self.host, self.port);
        options
            .set_clean_session(false)
            .set_manual_acks(true)
            .set_keep_alive(Duration::from_secs(15))
            .set_inflight(IN_FLIGHT)
            .set_max_packet_size(MAX_MESSAGE, MAX_MESSAGE);
        if let Some((user, password)) = &self.login {
            options.set_credentials(user, password);
        }
        let (client, mut connection) = Client::new(options, 10 * usize::from(IN_FLIGHT));
        let acks =
            Acknowledger { client: client.clone(), epoch: Arc::default(), waiting: Arc::default() };
        let id = &self.reader.id;
        let mut wait = Duration::from_millis(200);
        while !stop.load(Ordering::Relaxed) {
            match connection.recv_timeout(Duration::from_millis(50)) {
                Ok(Ok(Event::Incoming(Packet::ConnAck(_)))) => {
                    acks.epoch.fetch_add(1, Ordering::SeqCst);
                    tracing::info!(
                        reader.id = id,
                        broker = self.host,
                        topic = self.topic,
                        "broker is connected"
                    );
                    self.metrics.connected.with_label_values(&[id]).set(1);
                    wait = Duration::from_millis(200);
                    if client.try_subscribe(&self.topic, QoS::AtLeastOnce).is_err() {
                        tracing::warn!(reader.id = id, "subscribing failed");
                    }
                }
                Ok(Ok(Event::Incoming(Packet::Publish(publish)))) => {
                    if self.take(publish, &acks).is_err() {
                        return;
                    }
                }
                Ok(Err(error)) => {
                    self.metrics.connected.with_label_values(&[id]).set(0);
                    self.metrics.reconnects.with_label_values(&[id]).inc();
                    tracing::warn!(reader.id = id, broker = self.host, %error, "broker is lost; it is tried again");
                    std::thread::sleep(wait);
                    wait = (wait * 2).min(Duration::from_secs(10));
                }
                // Other packets, and nothing at all for a while.
                Ok(Ok(_)) | Err(_) => {}
            }
            acks.flush();
        }
        client.try_disconnect().ok();
    }

    fn take(&self, publish: Publish, acks: &Acknowledger) -> Result<(), ()> {
        let epoch = acks.epoch.load(Ordering::SeqCst);
        let parsed = impinj_r700::parse(&publish.payload, Timestamp::now());
        let digest = ledger::hash::sha256(&publish.payload);
        let payload = publish.payload.to_vec();
        let acks = acks.clone();
        let acknowledge: crate::windows::Acknowledge =
            Box::new(move || acks.acknowledge(epoch, publish));
        let input = match parsed {
            Ok(message) => {
                self.metrics
                    .other_events
                    .with_label_values(&[&self.reader.id])
                    .inc_by(message.other_events);
                {
                    // Two reads can be told apart by their times; a message without them may be a new one.
                    let is_dated = message.reads.iter().all(|read| read.reader_time.is_some());
                    let digest = (is_dated && !message.reads.is_empty()).then_some(digest);
                    Input::Reads {
                        source: self.source,
                        reads: message.reads,
                        message: digest,
                        acknowledge: Some(acknowledge),
                    }
                }
            }
            Err(reason) => Input::DeadLetter {
                source: self.source,
                reason,
                payload,
                acknowledge: Some(acknowledge),
            },
        };
        self.inputs.send(input).map_err(|_| ())
    }
}
