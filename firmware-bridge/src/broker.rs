//! MQTT: the only file that names the client library.
//!
//! What holds:
//!
//! - a message is acknowledged only after its reads are on disk; until then the broker keeps it;
//! - a lasting session outlives a connection (fixed client id, no clean session), so nothing published at `QoS` 1
//!   while we were away is lost;
//! - an acknowledgement made on an earlier connection is dropped: its number may mean another message by now;
//! - a message that cannot be used is kept as a dead letter and acknowledged, so it holds up nobody.
//!
//! Source: MQTT 3.1.1 sections 3.1.2.4 and 4.4.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rumqttc::{Client, Event, LastWill, MqttOptions, Packet, QoS, SubscribeReasonCode};

use crate::line::{BACK_OFF, PATIENCE, Sink, Stopping};
use crate::message::{DeadLetter, Format, Message, Publish, Taken};
use crate::reader::{Finding, code};
use crate::windows::{Acknowledge, Input};

/// Largest message whose content is looked at; a larger one becomes a dead letter.
const MAX_MESSAGE: usize = 16 * 1024 * 1024;
/// Largest packet of MQTT: remaining length and header. A smaller limit would end the connection at such a packet,
/// and the broker would send it again, for ever.
const MAX_PACKET: usize = 268_435_455 + 5;
/// Bytes of a message that cannot be used that go on; the spool keeps as many.
const DEAD_LETTER_BYTES: usize = 64 * 1024;
/// Messages under way that are not acknowledged.
const IN_FLIGHT: u16 = 1000;

/// Longest silence on a connection before the broker is asked whether it is there; it has as long to answer,
/// so that a broker that vanished is noticed within 20 s.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// How often a format looks for what time alone brings.
const TICK: Duration = Duration::from_millis(250);

/// Where a broker is and who we are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broker {
    /// Name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Name of the session, fixed.
    pub client_id: String,
    /// Whether the broker keeps the session while we are away; not for somebody who only looks.
    pub is_lasting: bool,
    /// User name and password, if the broker asks for them.
    pub login: Option<(String, String)>,
}

/// One broker connection of one reader.
pub struct Subscription {
    /// The broker.
    pub broker: Broker,
    /// What its messages mean.
    pub format: Box<dyn Format>,
    /// Where results go.
    pub sink: Sink,
}

/// Acknowledgements that wait for room in the client's queue.
#[derive(Clone)]
struct Acknowledger {
    client: Client,
    epoch: Arc<AtomicU64>,
    waiting: Arc<Mutex<VecDeque<(u64, rumqttc::Publish)>>>,
}

impl Acknowledger {
    fn acknowledge(&self, epoch: u64, publish: rumqttc::Publish) {
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
    pub fn run(mut self, stop: &AtomicBool) {
        let mut options = options(&self.broker);
        // Of one connection: its will and what it says first carry the same time.
        let mut connecting = Timestamp::now();
        set_will(&mut options, self.format.will(connecting));
        let (client, mut connection) = Client::new(options, 10 * usize::from(IN_FLIGHT));
        let acks =
            Acknowledger { client: client.clone(), epoch: Arc::default(), waiting: Arc::default() };
        let id = self.sink.reader.clone();
        let address = format!("{}:{}", self.broker.host, self.broker.port);
        let mut wait = BACK_OFF.0;
        let mut told: Option<String> = None;
        let mut ticked = Instant::now();
        while !stop.load(Ordering::Relaxed) {
            let mut taken = Taken::default();
            match connection.recv_timeout(PATIENCE) {
                Ok(Ok(Event::Incoming(Packet::ConnAck(_)))) => {
                    acks.epoch.fetch_add(1, Ordering::SeqCst);
                    tracing::info!(reader.id = id, broker = address, "broker is connected");
                    self.sink.metrics.connected.with_label_values(&[&id]).set(1);
                    wait = BACK_OFF.0;
                    for topic in self.format.topics() {
                        if client.try_subscribe(&topic, QoS::AtLeastOnce).is_err() {
                            tracing::warn!(reader.id = id, topic, "subscribing failed");
                        }
                    }
                    publish(&client, self.format.connected(connecting));
                    if told.take().is_some() {
                        let text = format!("broker {address} is there again");
                        taken.findings.push(Finding { code: code::BACK, text });
                    }
                }
                Ok(Ok(Event::Incoming(Packet::SubAck(answer)))) => {
                    let is_refused =
                        |code: &SubscribeReasonCode| *code == SubscribeReasonCode::Failure;
                    if answer.return_codes.iter().any(is_refused) {
                        let text = format!(
                            "broker {address} refuses the subscription to {}; give this user the right to read it",
                            self.format.topics().join(", ")
                        );
                        taken.findings.push(Finding { code: code::REFUSED, text });
                    }
                }
                Ok(Ok(Event::Incoming(Packet::Publish(publish)))) => {
                    if self.take(publish, &client, &acks).is_err() {
                        return;
                    }
                }
                Ok(Err(error)) => {
                    self.sink.metrics.connected.with_label_values(&[&id]).set(0);
                    self.sink.metrics.reconnects.with_label_values(&[&id]).inc();
                    let text = format!(
                        "broker {address} is lost ({error}): {}; it is tried again",
                        mend(&error)
                    );
                    if told.as_ref() != Some(&text) {
                        taken.findings.push(Finding { code: code::LOST, text: text.clone() });
                        told = Some(text);
                    }
                    let lost = self.format.lost(Timestamp::now());
                    taken.readings.extend(lost.readings);
                    taken.findings.extend(lost.findings);
                    if self.sink.send(std::mem::take(&mut taken)).is_err() {
                        return;
                    }
                    let until = Instant::now() + wait;
                    while Instant::now() < until && !stop.load(Ordering::Relaxed) {
                        std::thread::sleep(PATIENCE);
                    }
                    wait = (wait * 2).min(BACK_OFF.1);
                    connecting = Timestamp::now();
                    set_will(&mut connection.eventloop.mqtt_options, self.format.will(connecting));
                }
                // Other packets, and nothing at all for a while.
                Ok(Ok(_)) | Err(_) => {}
            }
            if ticked.elapsed() >= TICK {
                ticked = Instant::now();
                let mut found = self.format.tick(Timestamp::now());
                publish(&client, std::mem::take(&mut found.publish));
                taken.findings.extend(found.findings);
                taken.readings.extend(found.readings);
            }
            if self.sink.send(taken).is_err() {
                return;
            }
            acks.flush();
        }
        // A goodbye keeps the broker from publishing the will, so the format says itself that it leaves.
        if let Some(will) = self.format.will(Timestamp::now()) {
            publish(&client, vec![will]);
        }
        client.try_disconnect().ok();
        let until = Instant::now() + Duration::from_millis(500);
        while Instant::now() < until
            && matches!(connection.recv_timeout(PATIENCE), Ok(Ok(_)) | Err(_))
        {}
    }

    fn take(
        &mut self,
        mut message: rumqttc::Publish,
        client: &Client,
        acks: &Acknowledger,
    ) -> Result<(), Stopping> {
        let epoch = acks.epoch.load(Ordering::SeqCst);
        let arrived = Message {
            topic: &message.topic,
            payload: &message.payload,
            is_retained: message.retain,
            at: Timestamp::now(),
        };
        let bytes = message.payload.len();
        let result = if bytes > MAX_MESSAGE {
            Err(format!("message of {bytes} bytes; at most {MAX_MESSAGE} would be right"))
        } else {
            self.format.take(&arrived)
        };
        let mut taken = result.unwrap_or_else(|reason| {
            let payload = message.payload.iter().take(DEAD_LETTER_BYTES).copied().collect();
            Taken { dead_letters: vec![DeadLetter { reason, payload }], ..Taken::default() }
        });
        publish(client, std::mem::take(&mut taken.publish));
        self.sink
            .metrics
            .other_events
            .with_label_values(&[&self.sink.reader])
            .inc_by(taken.other_events);
        // Two messages can be told apart by their times; one without them may be a new one.
        let digest = match &taken.key {
            Some(key) => Some(ledger::hash::sha256(key.as_bytes())),
            None => taken.is_dated().then(|| ledger::hash::sha256(&message.payload)),
        };
        // What waits for the disk waits without its bytes: an acknowledgement needs only the number.
        message.payload.clear();
        let acks = acks.clone();
        let acknowledge: Acknowledge = Box::new(move || acks.acknowledge(epoch, message));
        let input = Input {
            source: self.sink.source,
            taken,
            message: digest,
            acknowledge: Some(acknowledge),
        };
        self.sink.inputs.send(input).map_err(|_| Stopping)
    }
}

fn options(broker: &Broker) -> MqttOptions {
    let mut options = MqttOptions::new(&broker.client_id, &broker.host, broker.port);
    options
        .set_clean_session(!broker.is_lasting)
        .set_manual_acks(true)
        .set_keep_alive(KEEP_ALIVE)
        .set_inflight(IN_FLIGHT)
        .set_max_packet_size(MAX_PACKET, MAX_PACKET);
    if let Some((user, password)) = &broker.login {
        options.set_credentials(user, password);
    }
    options
}

fn set_will(options: &mut MqttOptions, will: Option<Publish>) {
    if let Some(will) = will {
        let qos = QoS::AtLeastOnce;
        options.set_last_will(LastWill::new(will.topic, will.payload, qos, will.retain));
    }
}

fn publish(client: &Client, messages: Vec<Publish>) {
    for message in messages {
        // What the broker keeps must reach it; a request that is lost is made again.
        let qos = if message.retain { QoS::AtLeastOnce } else { QoS::AtMostOnce };
        let sent = client.try_publish(&message.topic, qos, message.retain, message.payload);
        if sent.is_err() {
            tracing::warn!(topic = message.topic, "publishing failed");
        }
    }
}

/// What mends a connection that failed.
fn mend(error: &rumqttc::ConnectionError) -> &'static str {
    use rumqttc::{ConnectReturnCode, ConnectionError, StateError};
    match error {
        ConnectionError::ConnectionRefused(
            ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized,
        ) => "user or password is wrong; look at `user` and `password_file`",
        ConnectionError::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            "the host is there, but no broker listens on the port"
        }
        ConnectionError::Io(_)
        | ConnectionError::NetworkTimeout
        | ConnectionError::FlushTimeout
        | ConnectionError::MqttState(
            StateError::Io(_) | StateError::AwaitPingResp | StateError::ConnectionAborted,
        ) => "look at the broker and the network between",
        _ => "look at the broker's log",
    }
}

/// Listens to every topic for a while, without a lasting session, and gives what was seen: topic, last
/// payload, count. Nothing is published.
///
/// # Errors
///
/// Why the broker cannot be listened to, and what mends it.
pub fn listen(
    broker: &Broker,
    filter: &str,
    time: Duration,
) -> Result<Vec<(String, Vec<u8>, u64)>, String> {
    let mut options = options(broker);
    options.set_manual_acks(false);
    let (client, mut connection) = Client::new(options, 100);
    client
        .try_subscribe(filter, QoS::AtMostOnce)
        .map_err(|error| format!("subscribing failed: {error}"))?;
    let until = Instant::now() + time;
    let mut seen: std::collections::BTreeMap<String, (Vec<u8>, u64)> =
        std::collections::BTreeMap::new();
    while Instant::now() < until {
        match connection.recv_timeout(PATIENCE) {
            Ok(Ok(Event::Incoming(Packet::Publish(publish)))) => {
                let found = seen.entry(publish.topic).or_default();
                *found = (publish.payload.to_vec(), found.1 + 1);
            }
            Ok(Err(error)) => return Err(format!("{error}: {}", mend(&error))),
            Ok(Ok(_)) | Err(_) => {}
        }
    }
    client.try_disconnect().ok();
    Ok(seen.into_iter().map(|(topic, (payload, count))| (topic, payload, count)).collect())
}
