//! MQTT: the only file that names the client library.
//!
//! What holds:
//!
//! - a message is acknowledged only after its reads are on disk; until then the broker keeps it;
//! - a lasting session outlives a connection (fixed client id, no clean session), so nothing published at `QoS` 1
//!   while we were away is lost;
//! - an acknowledgement of a message of an earlier connection is dropped: its number may mean another message by now;
//! - connecting takes as long as it takes, up to the client's own limit of 5 s; then it is a finding;
//! - a session that a broker forgot is a gap: nobody knows what was published meanwhile;
//! - a message that comes again is known by its reader, topic and bytes, and by how many like it came before;
//! - a message that cannot be used is kept as a dead letter and acknowledged, so it holds up nobody.
//!
//! Source: MQTT 3.1.1 sections 3.1.2.4 and 4.4.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use devices::message::{DeadLetter, Format, Message, Publish, Taken};
use jiff::Timestamp;
use reads::code;
use rumqttc::{
    AsyncClient, ConnectionError, Event, EventLoop, LastWill, MqttOptions, Packet, QoS,
    SubscribeReasonCode,
};
use tokio::runtime::Builder;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::line::{BACK_OFF, PATIENCE, Sink, Stopping};
use crate::windows::{Acknowledge, Input};

/// Largest message whose content is looked at; a larger one becomes a dead letter.
const MAX_MESSAGE: usize = 16 * 1024 * 1024;
/// Largest packet of MQTT: remaining length and header. A smaller limit would end the connection at such a packet,
/// and the broker would send it again, for ever.
const MAX_PACKET: usize = 268_435_455 + 5;
/// Messages under way that are not acknowledged.
const IN_FLIGHT: u16 = 1000;

/// Longest silence on a connection before the broker is asked whether it is there; it has as long to answer,
/// so that a broker that vanished is noticed within 20 s.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// Longest wait for the broker when we leave.
const GOODBYE: Duration = Duration::from_millis(500);

/// Equal messages with times in whole seconds that come within this time on one connection are as many messages; one
/// that comes later, or on another connection, was sent again. Brokers send again when the connection is new, some
/// after 20 s or more.
const TWINS: Duration = Duration::from_secs(2);

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

/// A message to acknowledge, and the connection it came on.
type Taking = (u64, rumqttc::Publish);

/// Acknowledgements on their way to the client, which only the connection's own thread hands over: an older
/// connection's are dropped, and none slips in while a connection is lost.
struct Acknowledgements {
    /// Number of the connection.
    epoch: u64,
    sender: UnboundedSender<Taking>,
    receiver: UnboundedReceiver<Taking>,
    /// Those for which the client's queue had no room.
    waiting: VecDeque<Taking>,
}

impl Acknowledgements {
    fn new() -> Self {
        let (sender, receiver) = unbounded_channel();
        Self { epoch: 0, sender, receiver, waiting: VecDeque::new() }
    }

    /// Waits for one.
    async fn come(&mut self) {
        self.waiting.extend(self.receiver.recv().await);
    }

    /// Hands over what the client's queue takes.
    fn flush(&mut self, client: &AsyncClient) {
        while let Ok(taking) = self.receiver.try_recv() {
            self.waiting.push_back(taking);
        }
        while let Some((epoch, publish)) = self.waiting.front() {
            if *epoch == self.epoch && client.try_ack(publish).is_err() {
                return;
            }
            self.waiting.pop_front();
        }
    }
}

/// Counts equal messages of one connection, so that what a reader says several times within a second is not taken
/// for what a broker sends again.
#[derive(Default)]
struct Twins {
    counts: HashMap<ledger::Hash, u64>,
    /// When each came first, in order.
    first: VecDeque<(Instant, ledger::Hash)>,
}

impl Twins {
    /// How many like this came within [`TWINS`] before `now`.
    fn before(&mut self, message: ledger::Hash, now: Instant) -> u64 {
        while let Some((at, old)) = self.first.front()
            && now.duration_since(*at) >= TWINS
        {
            self.counts.remove(old);
            self.first.pop_front();
        }
        let first = &mut self.first;
        let count = self.counts.entry(message).or_insert_with(|| {
            first.push_back((now, message));
            0
        });
        *count += 1;
        *count - 1
    }
}

/// The digest of parts, each behind its length, so that no two lists of parts have the same.
fn digest(parts: &[&[u8]]) -> ledger::Hash {
    let mut joined = Vec::new();
    for part in parts {
        joined.extend((part.len() as u64).to_be_bytes());
        joined.extend(*part);
    }
    ledger::hash::sha256(&joined)
}

/// What is known of the connection from one event to the next.
struct Standing {
    address: String,
    acks: Acknowledgements,
    twins: Twins,
    /// When the broker last said something.
    heard: Option<Timestamp>,
    /// Of one connection: its will and what it says first carry the same time.
    connecting: Timestamp,
    /// Pause before the next attempt.
    wait: Duration,
    /// The loss that was told.
    told: Option<String>,
    ticked: Instant,
}

impl Subscription {
    /// Takes messages until `stop` is set.
    pub fn run(mut self, stop: &AtomicBool) {
        match Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => {
                // An error says that the bridge stops, as does an end.
                runtime.block_on(self.serve(stop)).ok();
                // A name that is still being looked up holds up nobody.
                runtime.shutdown_background();
            }
            Err(error) => {
                let text = format!("no connection to a broker can be made: {error}");
                self.sink.tell(code::LOST, text).ok();
            }
        }
    }

    async fn serve(&mut self, stop: &AtomicBool) -> Result<(), Stopping> {
        let mut standing = Standing {
            address: format!("{}:{}", self.broker.host, self.broker.port),
            acks: Acknowledgements::new(),
            twins: Twins::default(),
            heard: None,
            connecting: Timestamp::now(),
            wait: BACK_OFF.0,
            told: None,
            ticked: Instant::now(),
        };
        let mut options = options(&self.broker);
        set_will(&mut options, self.format.will(standing.connecting));
        let (client, mut connection) = AsyncClient::new(options, 10 * usize::from(IN_FLIGHT));
        while let Some(event) = self.next(&client, &mut connection, &mut standing, stop).await? {
            let heard = standing.heard;
            if let Ok(Event::Incoming(_)) = event {
                standing.heard = Some(Timestamp::now());
            }
            match event {
                Ok(Event::Incoming(Packet::ConnAck(answer))) => {
                    let is_forgotten = self.broker.is_lasting && !answer.session_present;
                    self.connected(&client, heard.filter(|_| is_forgotten), &mut standing)?;
                }
                Ok(Event::Incoming(Packet::SubAck(answer))) => {
                    let is_refused =
                        |code: &SubscribeReasonCode| *code == SubscribeReasonCode::Failure;
                    if answer.return_codes.iter().any(is_refused) {
                        let text = format!(
                            "broker {} refuses the subscription to {}; give this user the right to read it",
                            standing.address,
                            self.format.topics().join(", ")
                        );
                        self.sink.tell(code::REFUSED, text)?;
                    }
                }
                Ok(Event::Incoming(Packet::Publish(publish))) => {
                    self.take(publish, &client, &mut standing)?;
                }
                Ok(_) => {}
                Err(error) => {
                    let left = std::mem::take(&mut connection.state.events);
                    self.lost(&error, left, &client, &mut standing)?;
                    let until = Instant::now() + standing.wait;
                    while Instant::now() < until && !stop.load(Ordering::Relaxed) {
                        tokio::time::sleep(PATIENCE).await;
                    }
                    standing.wait = (standing.wait * 2).min(BACK_OFF.1);
                    standing.connecting = Timestamp::now();
                    set_will(&mut connection.mqtt_options, self.format.will(standing.connecting));
                }
            }
        }
        if connection.network.is_some() {
            standing.acks.flush(&client);
            // A goodbye keeps the broker from publishing the will, so the format says itself that it leaves.
            publish(&client, self.format.will(Timestamp::now()).into_iter().collect());
            client.try_disconnect().ok();
            let goodbye = async { while connection.poll().await.is_ok() {} };
            tokio::time::timeout(GOODBYE, goodbye).await.ok();
        }
        Ok(())
    }

    /// The next event of the connection, none if `stop` is set. What time brings is looked at meanwhile: a poll is
    /// never given up halfway, for one that connects would begin anew each time.
    async fn next(
        &mut self,
        client: &AsyncClient,
        connection: &mut EventLoop,
        standing: &mut Standing,
        stop: &AtomicBool,
    ) -> Result<Option<Result<Event, ConnectionError>>, Stopping> {
        let mut poll = pin!(connection.poll());
        loop {
            standing.acks.flush(client);
            if standing.ticked.elapsed() >= TICK {
                standing.ticked = Instant::now();
                let mut found = self.format.tick(Timestamp::now());
                publish(client, std::mem::take(&mut found.publish));
                self.sink.send(found)?;
            }
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            tokio::select! {
                event = &mut poll => return Ok(Some(event)),
                () = standing.acks.come() => {}
                () = tokio::time::sleep(PATIENCE) => {}
            }
        }
    }

    /// - `forgotten`: when the broker was last heard, if it has forgotten our session since.
    fn connected(
        &mut self,
        client: &AsyncClient,
        forgotten: Option<Timestamp>,
        standing: &mut Standing,
    ) -> Result<(), Stopping> {
        let (id, address) = (&self.sink.reader, &standing.address);
        tracing::info!(reader.id = id, broker = address, "broker is connected");
        self.sink.metrics.connected.with_label_values(&[id]).set(1);
        standing.wait = BACK_OFF.0;
        for topic in self.format.topics() {
            if client.try_subscribe(&topic, QoS::AtLeastOnce).is_err() {
                tracing::warn!(reader.id = id, topic, "subscribing failed");
            }
        }
        publish(client, self.format.connected(standing.connecting));
        if standing.told.take().is_some() {
            self.sink.tell(code::BACK, format!("broker {address} is there again"))?;
        }
        if let Some(since) = forgotten {
            let text = format!(
                "broker {address} has forgotten our session: what was published between {since:.0} and {:.0} may \
                 be missing; let the broker keep sessions on disk",
                Timestamp::now()
            );
            self.sink.tell(code::GAP, text)?;
        }
        Ok(())
    }

    /// - `left`: what had arrived and was not looked at.
    fn lost(
        &mut self,
        error: &ConnectionError,
        left: VecDeque<Event>,
        client: &AsyncClient,
        standing: &mut Standing,
    ) -> Result<(), Stopping> {
        // A message that is not acknowledged comes again; one that nobody acknowledges does not.
        for event in left {
            if let Event::Incoming(Packet::Publish(publish)) = event
                && publish.qos == QoS::AtMostOnce
            {
                self.take(publish, client, standing)?;
            }
        }
        standing.acks.epoch += 1;
        standing.twins = Twins::default();
        let id = &self.sink.reader;
        self.sink.metrics.connected.with_label_values(&[id]).set(0);
        self.sink.metrics.reconnects.with_label_values(&[id]).inc();
        let text = format!(
            "broker {} is lost ({error}): {}; it is tried again",
            standing.address,
            mend(error)
        );
        if standing.told.as_ref() != Some(&text) {
            self.sink.tell(code::LOST, text.clone())?;
            standing.told = Some(text);
        }
        self.sink.send(self.format.lost(Timestamp::now()))
    }

    /// The digest that only the same message has; none if an equal one may be another.
    fn digest(
        &self,
        taken: &Taken,
        message: &rumqttc::Publish,
        twins: &mut Twins,
    ) -> Option<ledger::Hash> {
        let reader = self.sink.reader.as_bytes();
        if let Some(key) = &taken.key {
            return Some(digest(&[reader, key.as_bytes()]));
        }
        if !taken.is_dated() {
            return None;
        }
        let (topic, payload) = (message.topic.as_bytes(), &message.payload);
        let same = digest(&[reader, topic, payload]);
        let before = if taken.is_finely_dated() { 0 } else { twins.before(same, Instant::now()) };
        if before == 0 {
            return Some(same);
        }
        Some(digest(&[reader, topic, payload, &before.to_be_bytes()]))
    }

    fn take(
        &mut self,
        mut message: rumqttc::Publish,
        client: &AsyncClient,
        standing: &mut Standing,
    ) -> Result<(), Stopping> {
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
            let letter = DeadLetter::new(reason, &message.payload);
            Taken { dead_letters: vec![letter], ..Taken::default() }
        });
        publish(client, std::mem::take(&mut taken.publish));
        self.sink
            .metrics
            .other_events
            .with_label_values(&[&self.sink.reader])
            .inc_by(taken.other_events);
        let digest = self.digest(&taken, &message, &mut standing.twins);
        // What waits for the disk waits without its bytes: an acknowledgement needs only the number.
        message.payload.clear();
        let (epoch, acks) = (standing.acks.epoch, standing.acks.sender.clone());
        let acknowledge: Acknowledge = Box::new(move || {
            acks.send((epoch, message)).ok();
        });
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

fn publish(client: &AsyncClient, messages: Vec<Publish>) {
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
fn mend(error: &ConnectionError) -> &'static str {
    use rumqttc::{ConnectReturnCode, StateError};
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
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no connection can be made: {error}"))?;
    let seen = runtime.block_on(hear(broker, filter, time));
    runtime.shutdown_background();
    Ok(seen?.into_iter().map(|(topic, (payload, count))| (topic, payload, count)).collect())
}

/// Last payload and count by topic.
async fn hear(
    broker: &Broker,
    filter: &str,
    time: Duration,
) -> Result<BTreeMap<String, (Vec<u8>, u64)>, String> {
    let mut options = options(broker);
    options.set_manual_acks(false);
    let (client, mut connection) = AsyncClient::new(options, 100);
    client
        .try_subscribe(filter, QoS::AtMostOnce)
        .map_err(|error| format!("subscribing failed: {error}"))?;
    let until = tokio::time::Instant::now() + time;
    let mut seen: BTreeMap<String, (Vec<u8>, u64)> = BTreeMap::new();
    while let Ok(event) = tokio::time::timeout_at(until, connection.poll()).await {
        match event {
            Ok(Event::Incoming(Packet::Publish(publish))) => {
                let found = seen.entry(publish.topic).or_default();
                *found = (publish.payload.to_vec(), found.1 + 1);
            }
            Ok(_) => {}
            Err(error) => return Err(format!("{error}: {}", mend(&error))),
        }
    }
    if connection.network.is_none() {
        let patience = time.as_secs();
        return Err(format!(
            "the broker did not answer for {patience} s: look at the broker and the network between"
        ));
    }
    client.try_disconnect().ok();
    let goodbye = async { while connection.poll().await.is_ok() {} };
    tokio::time::timeout(GOODBYE, goodbye).await.ok();
    Ok(seen)
}

#[cfg(test)]
mod tests;
