//! MQTT: the only file that names the client library.
//!
//! What holds:
//!
//! - a message is acknowledged only after its reads are on disk; until then the broker keeps it;
//! - a persistent session outlives a connection (fixed client id, no clean session), so nothing published at `QoS` 1
//!   while the bridge was disconnected is lost;
//! - an acknowledgement for a message of an earlier connection is dropped: its packet id may belong to another message
//!   by now;
//! - connecting may take up to the client's own limit of 5 s; then it is a finding;
//! - a session that the broker lost is reported as a gap: what was published meanwhile is unknown;
//! - redeliveries are recognised by reader, topic and payload, and by how many equal messages arrived before;
//! - a message above the broker's limit never is in memory: it is counted, kept as a dead letter with its beginning,
//!   and acknowledged;
//! - a message that cannot be used is kept as a dead letter and acknowledged, so that it does not block others.
//!
//! Source: MQTT 3.1.1 sections 3.1.2.4 and 4.4.

mod address;
mod link;
pub mod packets;
mod repeats;

use std::collections::{BTreeMap, VecDeque};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use devices::message::{DeadLetter, DeviceData, Format, Message, Publish};
use jiff::Timestamp;
use process::Randomness;
use reads::code;
use rumqttc::{
    AsyncClient, ConnectionError, Event, EventLoop, LastWill, MqttOptions, Packet, QoS,
    SubscribeReasonCode, Transport,
};
use tokio::runtime::Builder;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

pub use self::address::Broker;
use self::link::{DialError, Link};
use self::repeats::{RepeatCounter, digest};
use crate::back_off::BACK_OFF;
use crate::line::PATIENCE;
use crate::sink::{Acknowledge, Input, Sink, Stopping};

/// Largest packet of MQTT: remaining length and header. The client's own limit would end the connection at a larger
/// packet, and the broker would redeliver it for ever; [`link`] limits packets before the client sees them.
const MAX_PACKET: usize = 268_435_455 + 5;
/// Most messages that are not acknowledged yet.
const IN_FLIGHT: u16 = 1000;

/// Keepalive interval. The broker has as long to answer, so that the loss of a broker is noticed within 20 s.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// Longest wait for the broker when disconnecting.
const GOODBYE: Duration = Duration::from_millis(500);

/// How often [`Format::tick`] is called.
const TICK: Duration = Duration::from_millis(250);

/// One broker connection of one reader.
pub struct Subscription {
    /// The broker.
    pub broker: Broker,
    /// How its messages are decoded.
    pub format: Box<dyn Format>,
    /// Where results go.
    pub sink: Sink,
}

/// A message to acknowledge, and the number of the connection it arrived on.
type PendingAck = (u64, rumqttc::Publish);

/// Acknowledgements on their way to the client. Only the connection's own thread hands them over, so that those of an
/// earlier connection can be dropped.
struct Acknowledgements {
    /// Number of the connection.
    epoch: u64,
    sender: UnboundedSender<PendingAck>,
    receiver: UnboundedReceiver<PendingAck>,
    /// Those for which the client's queue had no room.
    waiting: VecDeque<PendingAck>,
}

impl Acknowledgements {
    fn new() -> Self {
        let (sender, receiver) = unbounded_channel();
        Self { epoch: 0, sender, receiver, waiting: VecDeque::new() }
    }

    /// Waits for the next one.
    async fn come(&mut self) {
        self.waiting.extend(self.receiver.recv().await);
    }

    /// Hands over as many as the client's queue has room for.
    fn flush(&mut self, client: &AsyncClient) {
        while let Ok(pending) = self.receiver.try_recv() {
            self.waiting.push_back(pending);
        }
        while let Some((epoch, publish)) = self.waiting.front() {
            if *epoch == self.epoch && client.try_ack(publish).is_err() {
                return;
            }
            self.waiting.pop_front();
        }
    }
}

/// The client's side of a connection, and the line below it.
struct Session {
    events: EventLoop,
    link: Link,
}

/// Why there is no connection.
enum Lost {
    /// The broker was not reached.
    Dial(DialError),
    /// The session ended; with what the line says about it.
    Ended(ConnectionError, Option<String>),
}

impl Session {
    /// A session that is not connected yet.
    fn new(
        broker: &Broker,
        will: Option<Publish>,
        room: usize,
    ) -> Result<(AsyncClient, Self), String> {
        let link = Link::new(Randomness::system().source())
            .map_err(|error| format!("the MQTT client could not be started: {error}"))?;
        let mut options = options(broker, &link);
        set_will(&mut options, will);
        let (client, events) = AsyncClient::new(options, room);
        Ok((client, Self { events, link }))
    }

    /// The next event; connects if there is no connection.
    async fn poll(&mut self, broker: &Broker) -> Result<Event, Lost> {
        if self.events.network.is_none() {
            self.link.dial(broker).await.map_err(Lost::Dial)?;
        }
        let was_connected = self.events.network.is_some();
        self.events.poll().await.map_err(|error| {
            let at_login =
                || (!was_connected && is_closed(&error)).then(|| closed_at_login(broker));
            let why = self.link.ended().or_else(at_login);
            Lost::Ended(error, why)
        })
    }

    /// Sends what is queued and ends the connection.
    async fn end(&mut self) {
        let goodbye = async { while self.events.poll().await.is_ok() {} };
        tokio::time::timeout(GOODBYE, goodbye).await.ok();
    }
}

/// What happened, and how to mend it.
impl std::fmt::Display for Lost {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Dial(error) => write!(out, "({}): {}", error.text, error.advice),
            Self::Ended(error, None) => write!(out, "({error}): {}", advice(error)),
            Self::Ended(error, Some(why)) => write!(out, "({error}): {why}"),
        }
    }
}

/// State of the connection between two events.
struct ConnectionState {
    address: String,
    acks: Acknowledgements,
    repeats: RepeatCounter,
    /// What stands for the content of a message that was too large.
    marker: Option<packets::Marker>,
    /// When the broker last sent a packet.
    last_packet: Option<Timestamp>,
    /// When connecting began: the will and the first message of a connection carry the same time.
    connecting: Timestamp,
    /// Pause before the next attempt.
    wait: Duration,
    /// The loss that was reported, if the connection has not been back since.
    reported_loss: Option<String>,
    last_tick: Instant,
}

impl Subscription {
    /// Receives messages until `stop` is set.
    pub fn run(mut self, stop: &AtomicBool) {
        match Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => {
                // An error means that the bridge stops, as does a normal end.
                runtime.block_on(self.serve(stop)).ok();
                // Does not wait for a name that is still being looked up.
                runtime.shutdown_background();
            }
            Err(error) => {
                let text = format!("the MQTT client could not be started: {error}");
                self.sink.report(code::LOST, text).ok();
            }
        }
    }

    async fn serve(&mut self, stop: &AtomicBool) -> Result<(), Stopping> {
        let mut state = ConnectionState {
            address: format!("{}:{}", self.broker.host, self.broker.port),
            acks: Acknowledgements::new(),
            repeats: RepeatCounter::default(),
            marker: None,
            last_packet: None,
            connecting: self.sink.clock.now(),
            wait: BACK_OFF.0,
            reported_loss: None,
            last_tick: self.sink.clock.instant(),
        };
        let will = self.format.will(state.connecting);
        let (client, mut connection) =
            match Session::new(&self.broker, will, 10 * usize::from(IN_FLIGHT)) {
                Ok(made) => made,
                Err(text) => return self.sink.report(code::LOST, text),
            };
        state.marker = Some(connection.link.marker());
        while let Some(event) = self.next(&client, &mut connection, &mut state, stop).await? {
            let last_packet = state.last_packet;
            if let Ok(Event::Incoming(_)) = event {
                state.last_packet = Some(self.sink.clock.now());
            }
            match event {
                Ok(Event::Incoming(Packet::ConnAck(answer))) => {
                    let is_forgotten = self.broker.is_lasting && !answer.session_present;
                    self.connected(&client, last_packet.filter(|_| is_forgotten), &mut state)?;
                }
                Ok(Event::Incoming(Packet::SubAck(answer))) => {
                    self.subscribed(&answer.return_codes, &state)?;
                }
                Ok(Event::Incoming(Packet::Publish(publish))) => {
                    self.take(publish, &client, &mut state)?;
                }
                Ok(_) => {}
                Err(lost) => {
                    let left = std::mem::take(&mut connection.events.state.events);
                    self.lost(&lost, left, &client, &mut state)?;
                    self.back_off(&mut state, stop).await;
                    let options = &mut connection.events.mqtt_options;
                    set_will(options, self.format.will(state.connecting));
                }
            }
        }
        if connection.events.network.is_some() {
            state.acks.flush(&client);
            // After a clean disconnect the broker does not publish the will, so it is published here.
            publish(&client, self.format.will(self.sink.clock.now()).into_iter().collect());
            client.try_disconnect().ok();
            connection.end().await;
        }
        Ok(())
    }

    /// Reports a subscription that the broker refused.
    fn subscribed(
        &self,
        codes: &[SubscribeReasonCode],
        state: &ConnectionState,
    ) -> Result<(), Stopping> {
        if !codes.contains(&SubscribeReasonCode::Failure) {
            return Ok(());
        }
        let text = format!(
            "broker {} refused the subscription to {}; allow this user to read it",
            state.address,
            self.format.topics().join(", ")
        );
        self.sink.report(code::REFUSED, text)
    }

    /// Waits before the next attempt to connect.
    async fn back_off(&self, state: &mut ConnectionState, stop: &AtomicBool) {
        let clock = &self.sink.clock;
        let until = clock.instant() + state.wait;
        while clock.instant() < until && !stop.load(Ordering::Relaxed) {
            tokio::time::sleep(PATIENCE).await;
        }
        state.wait = (state.wait * 2).min(BACK_OFF.1);
        state.connecting = clock.now();
    }

    /// The next event of the connection, none if `stop` is set. Ticks run meanwhile: a poll is never cancelled, since
    /// one that is connecting would start over each time.
    async fn next(
        &mut self,
        client: &AsyncClient,
        connection: &mut Session,
        state: &mut ConnectionState,
        stop: &AtomicBool,
    ) -> Result<Option<Result<Event, Lost>>, Stopping> {
        let mut poll = pin!(connection.poll(&self.broker));
        loop {
            state.acks.flush(client);
            if self.sink.clock.instant() - state.last_tick >= TICK {
                state.last_tick = self.sink.clock.instant();
                let mut found = self.format.tick(self.sink.clock.now());
                publish(client, std::mem::take(&mut found.publish));
                self.sink.send(found)?;
            }
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            tokio::select! {
                event = &mut poll => return Ok(Some(event)),
                () = state.acks.come() => {}
                () = tokio::time::sleep(PATIENCE) => {}
            }
        }
    }

    /// - `forgotten`: when the last packet arrived, if the broker has lost the session since.
    fn connected(
        &mut self,
        client: &AsyncClient,
        forgotten: Option<Timestamp>,
        state: &mut ConnectionState,
    ) -> Result<(), Stopping> {
        let (id, address) = (&self.sink.reader, &state.address);
        tracing::info!(reader.id = id, broker = address, "broker is connected");
        self.sink.metrics.connected.with_label_values(&[id]).set(1);
        state.wait = BACK_OFF.0;
        for topic in self.format.topics() {
            if client.try_subscribe(&topic, QoS::AtLeastOnce).is_err() {
                tracing::warn!(reader.id = id, topic, "subscribing failed");
            }
        }
        publish(client, self.format.connected(state.connecting));
        if state.reported_loss.take().is_some() {
            self.sink.report(code::BACK, format!("broker {address} is connected again"))?;
        }
        if let Some(since) = forgotten {
            let text = format!(
                "broker {address} lost the session: messages published between {since:.0} and {:.0} may be missing; \
                 configure the broker to keep sessions on disk",
                self.sink.clock.now()
            );
            self.sink.report(code::GAP, text)?;
        }
        Ok(())
    }

    /// - `left`: events that had arrived and were not handled.
    fn lost(
        &mut self,
        lost: &Lost,
        left: VecDeque<Event>,
        client: &AsyncClient,
        state: &mut ConnectionState,
    ) -> Result<(), Stopping> {
        // A message at QoS 1 is redelivered; one at QoS 0 is not, so it is handled now.
        for event in left {
            if let Event::Incoming(Packet::Publish(publish)) = event
                && publish.qos == QoS::AtMostOnce
            {
                self.take(publish, client, state)?;
            }
        }
        state.acks.epoch += 1;
        state.repeats = RepeatCounter::default();
        let id = &self.sink.reader;
        self.sink.metrics.connected.with_label_values(&[id]).set(0);
        self.sink.metrics.reconnects.with_label_values(&[id]).inc();
        let text = format!(
            "connection to broker {} lost {lost}; the bridge keeps trying to reconnect",
            state.address
        );
        if state.reported_loss.as_ref() != Some(&text) {
            self.sink.report(code::LOST, text.clone())?;
            state.reported_loss = Some(text);
        }
        self.sink.send(self.format.lost(self.sink.clock.now()))
    }

    /// The digest by which redeliveries of this message are recognised; none if an equal message may be a new one.
    fn digest(
        &self,
        data: &DeviceData,
        message: &rumqttc::Publish,
        repeats: &mut RepeatCounter,
    ) -> Option<ledger::Hash> {
        let reader = self.sink.reader.as_bytes();
        if let Some(key) = &data.key {
            return Some(digest(&[reader, key.as_bytes()]));
        }
        if !data.is_dated() {
            return None;
        }
        let (topic, payload) = (message.topic.as_bytes(), &message.payload);
        let same = digest(&[reader, topic, payload]);
        let before = if data.is_finely_dated() {
            0
        } else {
            repeats.before(same, self.sink.clock.instant())
        };
        if before == 0 {
            return Some(same);
        }
        Some(digest(&[reader, topic, payload, &before.to_be_bytes()]))
    }

    fn take(
        &mut self,
        mut message: rumqttc::Publish,
        client: &AsyncClient,
        state: &mut ConnectionState,
    ) -> Result<(), Stopping> {
        let arrived = Message {
            topic: &message.topic,
            payload: &message.payload,
            is_retained: message.retain,
            at: self.sink.clock.now(),
        };
        let most = self.broker.max_packet_bytes;
        let dropped = state.marker.and_then(|marker| marker.dropped(&message.payload));
        let (result, payload) = match dropped {
            Some((bytes, beginning)) => {
                let reason = format!(
                    "got a message of {bytes} bytes, expected a packet of at most {most} (`max_packet_bytes`); \
                     only its beginning is kept"
                );
                (Err(reason), beginning)
            }
            None => (self.format.take(&arrived), &message.payload[..]),
        };
        let mut data = result.unwrap_or_else(|reason| {
            let letter = DeadLetter::new(reason, payload);
            DeviceData { dead_letters: vec![letter], ..DeviceData::default() }
        });
        publish(client, std::mem::take(&mut data.publish));
        self.sink
            .metrics
            .other_events
            .with_label_values(&[&self.sink.reader])
            .inc_by(data.other_events);
        let digest = self.digest(&data, &message, &mut state.repeats);
        // An acknowledgement needs only the packet id, so the payload is not kept until then.
        message.payload.clear();
        let (epoch, acks) = (state.acks.epoch, state.acks.sender.clone());
        let acknowledge: Acknowledge = Box::new(move || {
            acks.send((epoch, message)).ok();
        });
        let input = Input {
            source: self.sink.source,
            data,
            message: digest,
            acknowledge: Some(acknowledge),
        };
        self.sink.inputs.send(input).map_err(|_| Stopping)
    }
}

/// The client's settings: what it connects to is the link's socket, the link to the broker.
fn options(broker: &Broker, link: &Link) -> MqttOptions {
    let socket = link.socket().to_string_lossy();
    let mut options = MqttOptions::new(&broker.client_id, socket, broker.port);
    options
        .set_transport(Transport::Unix)
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
        // A retained message must reach the broker; a lost request is made again.
        let qos = if message.retain { QoS::AtLeastOnce } else { QoS::AtMostOnce };
        let sent = client.try_publish(&message.topic, qos, message.retain, message.payload);
        if sent.is_err() {
            tracing::warn!(topic = message.topic, "publishing failed");
        }
    }
}

/// Whether the broker closed the connection without a word.
fn is_closed(error: &ConnectionError) -> bool {
    use rumqttc::StateError;
    matches!(error, ConnectionError::MqttState(StateError::ConnectionAborted | StateError::Io(_)))
}

/// What it mostly means that a broker closes the connection instead of accepting the session.
fn closed_at_login(broker: &Broker) -> String {
    let what = if broker.login.is_some() {
        "check `user` and `password_file`"
    } else {
        "it may ask for `user` and `password_file`"
    };
    format!("the broker ended the connection at the login; {what}")
}

/// How to fix a connection that failed.
fn advice(error: &ConnectionError) -> &'static str {
    use rumqttc::{ConnectReturnCode, StateError};
    match error {
        ConnectionError::ConnectionRefused(
            ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized,
        ) => "wrong user or password; check `user` and `password_file`",
        ConnectionError::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            "the host is reachable, but no broker listens on the port"
        }
        ConnectionError::Io(_)
        | ConnectionError::NetworkTimeout
        | ConnectionError::FlushTimeout
        | ConnectionError::MqttState(
            StateError::Io(_) | StateError::AwaitPingResp | StateError::ConnectionAborted,
        ) => {
            "check the broker and the network between; if this repeats, two bridges may have one `id` at this broker, which \
             then ends the older connection: give each its own"
        }
        _ => "check the broker's log",
    }
}

/// Subscribes to topics for a while, without a persistent session, and gives topic, last payload and count of the
/// messages that arrived. Nothing is published.
///
/// # Errors
///
/// Why that failed, and how to fix it.
pub fn listen(
    broker: &Broker,
    filter: &str,
    time: Duration,
) -> Result<Vec<(String, Vec<u8>, u64)>, String> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("the MQTT client could not be started: {error}"))?;
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
    let (client, mut connection) = Session::new(broker, None, 100)?;
    connection.events.mqtt_options.set_manual_acks(false);
    connection.events.state.manual_acks = false;
    let marker = connection.link.marker();
    client
        .try_subscribe(filter, QoS::AtMostOnce)
        .map_err(|error| format!("subscribing failed: {error}"))?;
    let until = tokio::time::Instant::now() + time;
    let mut seen: BTreeMap<String, (Vec<u8>, u64)> = BTreeMap::new();
    while let Ok(event) = tokio::time::timeout_at(until, connection.poll(broker)).await {
        match event {
            Ok(Event::Incoming(Packet::Publish(publish))) => {
                let found = seen.entry(publish.topic).or_default();
                let payload = marker.dropped(&publish.payload).map(|(_, beginning)| beginning);
                *found = (payload.unwrap_or(&publish.payload).to_vec(), found.1 + 1);
            }
            Ok(_) => {}
            Err(lost) => return Err(format!("no connection {lost}")),
        }
    }
    if connection.events.network.is_none() {
        let patience = time.as_secs();
        return Err(format!(
            "the broker did not answer for {patience} s: check the broker and the network between"
        ));
    }
    client.try_disconnect().ok();
    connection.end().await;
    Ok(seen)
}

#[cfg(test)]
mod tests;
