//! One node and its devices: whether they are there, and what each message of theirs means.
//!
//! The way through: [`Node::take`] gets every message of the node and its devices; [`Node::tick`] looks for
//! what is overdue; [`Node::end`] is called when the connection to the broker is lost.
//!
//! What holds: data is used only if the birth that defines it has arrived and no message between is missing; a death
//! takes effect only in the session it belongs to; at a death every last value is reported as stale, once; a node is
//! asked for its births at most once in [`ASK_AGAIN`].
//!
//! Not here: the host's own state, groups, how many nodes there may be (the host).
//!
//! Source: Sparkplug 3.0.0 sections 5.4 to 5.7 (sessions of nodes and devices), 5.9 (order), 5.17 (rebirth).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use reads::{Finding, code};

use super::limits::MAX_KEPT;
use super::metrics::{Complaints, Metrics};
use super::order::{Held, Order, Place, REORDER_TIMEOUT};
use super::output::HostOutput;
use super::payload::{Opened, Payload, open, rebirth, time};
use super::topic::{Verb, command};
use crate::message::{DeadLetter, Publish};

/// Least time between two rebirth requests to one node: births are the largest messages there are, and a
/// node that has just been asked needs time to answer.
pub const ASK_AGAIN: SignedDuration = SignedDuration::from_secs(10);
/// How long a device may take to follow the rebirth of its node before its values are stale.
pub const DEVICE_PATIENCE: SignedDuration = SignedDuration::from_secs(30);
/// Most devices of one node. A serial line has at most 247, a gateway has a few lines.
pub const MAX_DEVICES: usize = 1024;

/// What memory the host has left for one node.
#[derive(Debug, Clone, Copy)]
pub struct MemoryLimit {
    /// Metrics, counting those that the node has.
    pub metrics: usize,
    /// Bytes that may wait, without those that the node has waiting.
    pub bytes: usize,
}

/// A message of a node or device.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// Kind of message.
    pub verb: Verb,
    /// The device, for messages of devices.
    pub device: Option<&'a str>,
    /// The payload as it arrived.
    pub payload: &'a [u8],
    /// Whether it was retained by the broker.
    pub is_retained: bool,
    /// When it arrived.
    pub at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    /// No birth yet, or dead.
    Absent,
    /// Born, and nothing is missing since.
    Present,
    /// Born, but something is missing since: only a new birth helps.
    Broken,
}

#[derive(Debug)]
struct Device {
    /// `group/node/device`.
    name: String,
    metrics: Metrics,
    /// The node was born again, and the device has not followed yet.
    awaited_since: Option<Timestamp>,
}

impl Device {
    /// What it counts: a device without metrics takes room too.
    fn weight(&self) -> usize {
        self.metrics.len().saturating_add(1)
    }
}

/// One node.
#[derive(Debug)]
pub struct Node {
    /// `group/node`.
    name: String,
    /// Topic for commands.
    command: String,
    presence: Presence,
    session: Option<u64>,
    order: Order,
    metrics: Metrics,
    devices: BTreeMap<String, Device>,
    /// Devices were born that are not kept.
    is_cut: bool,
    asked_at: Option<Timestamp>,
    /// A rebirth is wanted that could not be asked for yet.
    is_owed: bool,
    /// Messages refused since the last finding about it.
    refused: u64,
    /// What is kept: its metrics, its devices and theirs.
    kept: usize,
}

impl Node {
    /// A node that has sent nothing yet.
    #[must_use]
    pub fn new(group: &str, node: &str) -> Self {
        Self {
            name: format!("{group}/{node}"),
            command: command(group, node),
            presence: Presence::Absent,
            session: None,
            order: Order::default(),
            metrics: Metrics::default(),
            devices: BTreeMap::new(),
            is_cut: false,
            asked_at: None,
            is_owed: false,
            refused: 0,
            kept: 0,
        }
    }

    /// What it keeps, in metrics; a device counts as one more.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.kept
    }

    /// Bytes of messages that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.order.bytes()
    }

    /// Whether nothing is lost if the node is forgotten: it is not there and was not asked lately.
    #[must_use]
    pub fn is_forgettable(&self, at: Timestamp) -> bool {
        self.presence == Presence::Absent && self.may_ask(at)
    }

    /// Handles a message.
    pub fn take(&mut self, message: Message<'_>, room: MemoryLimit, decoded: &mut HostOutput) {
        // A birth makes good what is missing.
        if message.verb != Verb::NodeBirth {
            self.look_for_gap(message.at, decoded);
        }
        if message.is_retained {
            self.refuse_retained(message, decoded);
            return;
        }
        let opened = match open(message.payload) {
            Ok(opened) => opened,
            Err(why) => {
                let text = format!("{} of {}: {why}", message.verb.word(), self.name);
                decoded.findings.push(refusal(text.clone()));
                decoded.refused = Some(text);
                return;
            }
        };
        match message.verb {
            Verb::NodeBirth => self.birth(&opened, message.at, room, decoded),
            Verb::NodeDeath => self.death(&opened.payload, message.at, decoded),
            _ => self.in_turn(message, &opened, room, decoded),
        }
    }

    /// What is overdue at `at`.
    pub fn tick(&mut self, at: Timestamp, decoded: &mut HostOutput) {
        self.look_for_gap(at, decoded);
        if self.is_owed {
            self.ask(at, decoded);
        }
        self.look_for_devices(at, decoded);
    }

    fn refuse_retained(&mut self, message: Message<'_>, decoded: &mut HostOutput) {
        let Message { verb, at, .. } = message;
        let text = format!(
            "{} of {}: it was retained by the broker, which Sparkplug forbids; its content may be outdated",
            verb.word(),
            self.name
        );
        decoded.findings.push(refusal(text.clone()));
        decoded.refused = Some(text);
        // A kept birth shows that the node was there once; a fresh one shows whether it is.
        if verb == Verb::NodeBirth && self.presence != Presence::Present {
            self.ask(at, decoded);
        }
    }

    fn birth(
        &mut self,
        opened: &Opened,
        at: Timestamp,
        room: MemoryLimit,
        decoded: &mut HostOutput,
    ) {
        let mut complaints = Complaints::default();
        let seq = opened.payload.number().unwrap_or_else(|| {
            let text = format!("{}: the NBIRTH has no sequence number; 0 is assumed", self.name);
            decoded.findings.push(refusal(text));
            0
        });
        let session = opened.payload.session();
        if session.is_none() {
            let text = format!(
                "{}: the NBIRTH has no bdSeq; every NDEATH of this node counts, even a late one",
                self.name
            );
            decoded.findings.push(refusal(text));
        }
        let dropped = self.order.begin(seq);
        self.refused = self.refused.saturating_add(u64::try_from(dropped).unwrap_or(u64::MAX));
        self.report_refused(decoded);
        if self.presence != Presence::Absent && session == self.session {
            for device in self.devices.values_mut() {
                device.awaited_since.get_or_insert(at);
            }
        } else {
            // A new session: the values of the devices in the previous one are over.
            for device in self.devices.values_mut() {
                decoded.measured.extend(device.metrics.stale(&device.name, at));
            }
            self.devices.clear();
        }
        let devices: usize = self.devices.values().map(Device::weight).sum();
        let room = room.metrics.saturating_sub(devices);
        let metrics = Metrics::born(opened, room, &self.name, decoded, &mut complaints);
        decoded.measured.extend(self.metrics.gone(&metrics, &self.name, at));
        decoded.findings.extend(complaints.findings(&self.name));
        self.metrics = metrics;
        self.presence = Presence::Present;
        self.session = session;
        self.is_cut = false;
        self.is_owed = false;
        self.count();
    }

    fn death(&mut self, payload: &Payload, at: Timestamp, decoded: &mut HostOutput) {
        if self.presence == Presence::Absent {
            return;
        }
        let session = payload.session();
        if self.session.is_some() && session != self.session {
            // The broker sends a will late, when the node is already back with a new session.
            let said = session.map_or_else(|| "none".to_owned(), |session| session.to_string());
            let wanted = self.session.unwrap_or_default();
            let text = format!(
                "NDEATH of {}: got bdSeq {said}, expected {wanted} as in the birth; it belongs to an earlier session",
                self.name
            );
            decoded.refused = Some(text);
            return;
        }
        self.end(at, decoded);
    }

    /// The session is over: every last value is stale, and only a birth starts a new one.
    pub fn end(&mut self, at: Timestamp, decoded: &mut HostOutput) {
        decoded.measured.extend(self.metrics.stale(&self.name, at));
        for device in self.devices.values_mut() {
            decoded.measured.extend(device.metrics.stale(&device.name, at));
        }
        self.metrics = Metrics::default();
        self.devices.clear();
        self.order.clear();
        self.presence = Presence::Absent;
        self.session = None;
        self.is_owed = false;
        self.count();
    }

    /// A message that has its turn: everything but births and deaths of the node.
    fn in_turn(
        &mut self,
        message: Message<'_>,
        opened: &Opened,
        room: MemoryLimit,
        decoded: &mut HostOutput,
    ) {
        let Message { verb, at, .. } = message;
        if self.presence != Presence::Present {
            let why = match self.presence {
                Presence::Absent => "no NBIRTH arrived before it",
                _ => "messages before it are missing, and no new NBIRTH has arrived since",
            };
            self.refuse(format!("{} of {}: {why}", verb.word(), self.name), decoded);
            self.ask(at, decoded);
            return;
        }
        let Some(seq) = opened.payload.number() else {
            let text = format!(
                "{} of {}: got no sequence number, expected {}",
                verb.word(),
                self.name,
                self.order.next()
            );
            decoded.findings.push(refusal(text.clone()));
            decoded.refused = Some(text);
            return;
        };
        match self.order.place(seq) {
            Place::Next => {
                self.apply(verb, message.device, opened, at, room, decoded);
                self.release(at, room, decoded);
            }
            Place::Early => {
                let held = Held {
                    verb,
                    device: message.device.map(str::to_owned),
                    payload: message.payload.to_vec(),
                    at,
                };
                let bytes = room.bytes.saturating_sub(self.order.bytes());
                if self.order.hold(seq, held, bytes).is_err() {
                    let text =
                        format!("{} {seq} of {}: too many messages wait", verb.word(), self.name);
                    self.refuse(text, decoded);
                    self.give_up(
                        seq.wrapping_sub(1),
                        "before the buffer for later messages was full",
                        at,
                        decoded,
                    );
                }
            }
            Place::Repeat => {
                let text =
                    format!("{} of {}: number {seq} was already processed", verb.word(), self.name);
                decoded.refused = Some(text);
            }
        }
    }

    /// Handles waiting messages whose turn it is. They count as arrived now: to step back in time would let a node be
    /// asked twice.
    fn release(&mut self, at: Timestamp, room: MemoryLimit, decoded: &mut HostOutput) {
        while let Some(held) = self.order.release() {
            match open(&held.payload) {
                Ok(opened) => {
                    let of_the_message = decoded.refused.take();
                    self.apply(held.verb, held.device.as_deref(), &opened, at, room, decoded);
                    if let Some(reason) = std::mem::replace(&mut decoded.refused, of_the_message) {
                        decoded.dead_letters.push(DeadLetter::new(reason, &held.payload));
                    }
                }
                // It was opened once before it waited, so this cannot fail.
                Err(why) => decoded.findings.push(refusal(format!("{}: {why}", self.name))),
            }
        }
    }

    fn apply(
        &mut self,
        verb: Verb,
        device: Option<&str>,
        opened: &Opened,
        at: Timestamp,
        room: MemoryLimit,
        decoded: &mut HostOutput,
    ) {
        match (verb, device) {
            (Verb::NodeData, _) => {
                let mut complaints = Complaints::default();
                let change =
                    self.metrics.changed(&opened.payload, &self.name, decoded, &mut complaints);
                decoded.findings.extend(complaints.findings(&self.name));
                if change.unknown_devices > 0 {
                    self.ask(at, decoded);
                }
            }
            (Verb::DeviceBirth, Some(device)) => {
                self.device_birth(device, opened, at, room, decoded);
            }
            (Verb::DeviceData, Some(device)) => self.device_data(device, opened, at, decoded),
            (Verb::DeviceDeath, Some(device)) => {
                if let Some(mut gone) = self.devices.remove(device) {
                    let at = opened.payload.timestamp.and_then(time).unwrap_or(at);
                    decoded.measured.extend(gone.metrics.stale(&gone.name, at));
                    self.count();
                }
            }
            _ => {}
        }
    }

    fn device_birth(
        &mut self,
        device: &str,
        opened: &Opened,
        at: Timestamp,
        room: MemoryLimit,
        decoded: &mut HostOutput,
    ) {
        let name = format!("{}/{device}", self.name);
        let mut before = self.devices.remove(device);
        self.count();
        // One for the device itself.
        let room = room.metrics.saturating_sub(self.kept.saturating_add(1));
        if self.devices.len() >= MAX_DEVICES || room == 0 {
            self.is_cut = true;
            if let Some(before) = &mut before {
                decoded.measured.extend(before.metrics.stale(&name, at));
            }
            let text = format!(
                "DBIRTH of {name}: too many devices or metrics; a node may have {MAX_DEVICES} devices, and all nodes together {MAX_KEPT} metrics"
            );
            decoded.findings.push(refusal(text.clone()));
            decoded.refused = Some(text);
            return;
        }
        let mut complaints = Complaints::default();
        let metrics = Metrics::born(opened, room, &name, decoded, &mut complaints);
        if let Some(before) = &mut before {
            decoded.measured.extend(before.metrics.gone(&metrics, &name, at));
        }
        decoded.findings.extend(complaints.findings(&name));
        self.devices.insert(device.to_owned(), Device { name, metrics, awaited_since: None });
        self.count();
    }

    fn device_data(
        &mut self,
        device: &str,
        opened: &Opened,
        at: Timestamp,
        decoded: &mut HostOutput,
    ) {
        match self.devices.get_mut(device) {
            Some(Device { name, metrics, awaited_since: None }) => {
                let mut complaints = Complaints::default();
                let change = metrics.changed(&opened.payload, name, decoded, &mut complaints);
                decoded.findings.extend(complaints.findings(name));
                if change.unknown_devices > 0 {
                    self.ask(at, decoded);
                }
            }
            // Its birth was left out for want of room; another would be left out too.
            None if self.is_cut => {
                let text = format!("DDATA of {}/{device}: too many devices or metrics", self.name);
                self.refuse(text, decoded);
            }
            _ => {
                let text = format!("DDATA of {}/{device}: no DBIRTH arrived before it", self.name);
                self.refuse(text, decoded);
                self.ask(at, decoded);
            }
        }
    }

    /// Messages that waited too long for one that is missing.
    fn look_for_gap(&mut self, at: Timestamp, decoded: &mut HostOutput) {
        if self.order.is_overdue(at)
            && let Some((_, to)) = self.order.gap()
        {
            let within = format!("within {} s", REORDER_TIMEOUT.as_secs());
            self.give_up(to, &within, at, decoded);
        }
    }

    /// Messages from the next one to `to` are missing. Later ones cannot be used: a birth with new aliases may be among
    /// the missing.
    fn give_up(&mut self, to: u8, within: &str, at: Timestamp, decoded: &mut HostOutput) {
        let from = self.order.next();
        let to = self.order.gap().map_or(to, |(_, to)| to);
        let dropped = self.order.clear();
        self.presence = Presence::Broken;
        let missing =
            if from == to { format!("message {from}") } else { format!("messages {from} to {to}") };
        let text = format!(
            "{}: {missing} did not arrive {within}; {dropped} later messages were dropped, and the node is asked for all its values",
            self.name
        );
        decoded.findings.push(Finding { code: code::GAP, text });
        self.ask(at, decoded);
    }

    /// Devices that did not follow the rebirth of their node.
    fn look_for_devices(&mut self, at: Timestamp, decoded: &mut HostOutput) {
        let before = self.devices.len();
        self.devices.retain(|_, device| {
            let Some(since) = device.awaited_since else { return true };
            let waited = at.duration_since(since);
            if waited.is_negative() {
                device.awaited_since = Some(at);
            } else if waited >= DEVICE_PATIENCE {
                decoded.measured.extend(device.metrics.stale(&device.name, at));
                return false;
            }
            true
        });
        if self.devices.len() != before {
            self.count();
        }
    }

    /// Asks the node for its births, now or as soon as it may be asked again.
    fn ask(&mut self, at: Timestamp, decoded: &mut HostOutput) {
        if !self.may_ask(at) {
            self.is_owed = true;
            return;
        }
        self.is_owed = false;
        self.asked_at = Some(at);
        self.report_refused(decoded);
        let publish = Publish { topic: self.command.clone(), payload: rebirth(at), retain: false };
        decoded.publish.push(publish);
    }

    fn may_ask(&self, at: Timestamp) -> bool {
        self.asked_at.is_none_or(|asked| {
            let since = at.duration_since(asked);
            // Negative: the clock was set back, so the time since then is unknown.
            since.is_negative() || since >= ASK_AGAIN
        })
    }

    fn refuse(&mut self, text: String, decoded: &mut HostOutput) {
        self.refused = self.refused.saturating_add(1);
        decoded.refused = Some(text);
    }

    /// One finding for all messages refused since the last one: a busy node sends hundreds before its birth.
    fn report_refused(&mut self, decoded: &mut HostOutput) {
        if self.refused > 0 {
            let text = format!(
                "{}: messages refused because a birth or another message before them is missing: {}",
                self.name, self.refused
            );
            decoded.findings.push(refusal(text));
            self.refused = 0;
        }
    }

    fn count(&mut self) {
        let devices: usize = self.devices.values().map(Device::weight).sum();
        self.kept = self.metrics.len().saturating_add(devices);
    }
}

fn refusal(text: String) -> Finding {
    Finding { code: code::REFUSED, text }
}
