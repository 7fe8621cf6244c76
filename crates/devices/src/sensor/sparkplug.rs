//! Sparkplug B: the host application that listens to nodes and their devices.
//!
//! The way through: connect with [`Host::will`], subscribe to [`Host::subscriptions`], publish
//! [`Host::online`]; pass every message to [`Host::take`], call [`Host::tick`] about four times a second, and publish
//! what they give. When the connection to the broker is lost, call [`Host::lost`] and start over.
//!
//! What holds: a value is given only if the birth that defines it is known and no message between is missing; otherwise
//! a rebirth is requested and nothing is guessed; a value whose quality is not good is never given as a fresh one; no
//! message makes the host keep more than the limits in this folder,
//! or panic.
//!
//! Not here: MQTT itself. Messages to publish go out with `QoS` 1 if retained, else 0; the will with 1.
//!
//! Source: Sparkplug 3.0.0 chapters 4 (topics), 5 (operational behaviour) and 6 (payloads).

pub mod format;
pub mod payload;
pub mod topic;

pub mod limits;
mod metrics;
mod node;
mod order;
pub mod output;
pub mod property;
mod value;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use self::limits::{MAX_KEPT, MAX_NODES, MAX_WAITING};
use self::node::{MemoryLimit, Message, Node};
pub use self::output::{HostOutput, Measured, NotGood};
use self::topic::Topic;
use crate::message::Publish;

/// Longest STATE message that is read, in bytes; a valid one has about 40.
const MAX_STATE: usize = 1024;
/// The least step between the times of two states.
const MILLISECOND: SignedDuration = SignedDuration::from_millis(1);

/// The host application.
#[derive(Debug)]
pub struct Host {
    id: String,
    groups: BTreeSet<String>,
    /// Since when it is online: the time in its will.
    online_at: Option<Timestamp>,
    /// By `group/node`.
    nodes: BTreeMap<String, Node>,
    /// Metrics kept, over all nodes.
    kept: usize,
    /// Bytes that wait, over all nodes.
    waiting: usize,
}

impl Host {
    /// A host that has received nothing yet.
    ///
    /// - `host_id`: its name, unlike that of every other host at the broker; see [`topic::is_name`].
    /// - `groups`: the groups to listen to; all if empty.
    #[must_use]
    pub fn new(host_id: &str, groups: &[String]) -> Self {
        Self {
            id: host_id.to_owned(),
            groups: groups.iter().cloned().collect(),
            online_at: None,
            nodes: BTreeMap::new(),
            kept: 0,
            waiting: 0,
        }
    }

    /// The filters to subscribe to, before [`Host::online`] is published.
    #[must_use]
    pub fn subscriptions(&self) -> Vec<String> {
        let mut filters: Vec<String> =
            self.groups.iter().map(|group| topic::filter(Some(group))).collect();
        if filters.is_empty() {
            filters.push(topic::filter(None));
        }
        filters.push(topic::state(&self.id));
        filters
    }

    /// What the broker is to publish if the line breaks. `at` is the time of connecting; [`Host::online`]
    /// must be given the same. While online, its time is never before that of the state that was published last.
    #[must_use]
    pub fn will(&self, at: Timestamp) -> Publish {
        self.state(false, self.online_at.map_or(at, |online_at| online_at.max(at)))
    }

    /// What to publish after subscribing. `at` is the time that the will of this connection has.
    pub fn online(&mut self, at: Timestamp) -> Publish {
        self.online_at = Some(at);
        self.state(true, at)
    }

    /// The connection to the broker is lost: every last value is reported as stale, and every node needs a new birth.
    pub fn lost(&mut self, at: Timestamp) -> HostOutput {
        self.online_at = None;
        let mut decoded = HostOutput::default();
        for node in self.nodes.values_mut() {
            node.end(at, &mut decoded);
        }
        self.nodes.clear();
        self.kept = 0;
        self.waiting = 0;
        decoded
    }

    /// Handles a message that arrived at `at`.
    ///
    /// - `is_retained`: it was retained by the broker from before the subscription.
    pub fn take(
        &mut self,
        topic: &str,
        payload: &[u8],
        is_retained: bool,
        at: Timestamp,
    ) -> HostOutput {
        let mut decoded = HostOutput::default();
        match Topic::parse(topic) {
            Ok(Topic::State { host }) if host == self.id => self.own_state(payload, &mut decoded),
            // States and commands of other hosts concern the nodes only.
            Ok(Topic::State { .. }) => {}
            Ok(Topic::Message { verb, .. }) if verb.is_command() => {}
            Ok(Topic::Message { group, verb, node, device }) => {
                if self.groups.is_empty() || self.groups.contains(group) {
                    let message = Message { verb, device, payload, is_retained, at };
                    self.hear(group, node, message, &mut decoded);
                } else {
                    let text = format!("group `{}` is not subscribed to", topic::shown(group));
                    decoded.refused = Some(text);
                }
            }
            Err(why) => decoded.refused = Some(why.to_string()),
        }
        decoded
    }

    /// Looks for what is overdue: messages that are still missing, requests that had to wait.
    pub fn tick(&mut self, at: Timestamp) -> HostOutput {
        let mut decoded = HostOutput::default();
        for node in self.nodes.values_mut() {
            node.tick(at, &mut decoded);
        }
        self.waiting = self.nodes.values().map(Node::waiting).sum();
        self.kept = self.nodes.values().map(Node::kept).sum();
        decoded
    }

    fn hear(&mut self, group: &str, node: &str, message: Message<'_>, decoded: &mut HostOutput) {
        let key = format!("{group}/{node}");
        if !self.nodes.contains_key(&key) {
            if self.nodes.len() >= MAX_NODES && !self.forget_one(message.at) {
                decoded.refused = Some(format!("{key}: {MAX_NODES} nodes are known already"));
                return;
            }
            self.nodes.insert(key.clone(), Node::new(group, node));
        }
        let Some(node) = self.nodes.get_mut(&key) else { return };
        let kept = self.kept.saturating_sub(node.kept());
        let waiting = self.waiting.saturating_sub(node.waiting());
        let room = MemoryLimit {
            metrics: MAX_KEPT.saturating_sub(kept),
            bytes: MAX_WAITING.saturating_sub(waiting),
        };
        node.take(message, room, decoded);
        self.kept = kept.saturating_add(node.kept());
        self.waiting = waiting.saturating_add(node.waiting());
    }

    /// Makes room for a new node. False if all are needed.
    fn forget_one(&mut self, at: Timestamp) -> bool {
        let key = self.nodes.iter().find(|(_, node)| node.is_forgettable(at));
        let Some(key) = key.map(|(key, _)| key.clone()) else { return false };
        self.nodes.remove(&key).is_some()
    }

    /// Nodes disconnect when their host is offline: if a message says so of this host while it is online, its state is
    /// published again, with a time after that of the message if this is newer than its own: nodes ignore an older state.
    /// Otherwise the time stays, because the will, which the broker has already, has it too.
    fn own_state(&mut self, payload: &[u8], decoded: &mut HostOutput) {
        let Some(before) = self.online_at else { return };
        let mut said_at = None;
        // An empty message deletes the retained state; nodes that connect later would wait.
        let is_offline = if payload.is_empty() {
            true
        } else if payload.len() > MAX_STATE {
            decoded.refused =
                Some(format!("STATE: got {} bytes, expected at most {MAX_STATE}", payload.len()));
            return;
        } else {
            let state = serde_json::from_slice::<Value>(payload).unwrap_or_default();
            said_at = state.get("timestamp").and_then(Value::as_i64);
            let said = state.get("online").and_then(Value::as_bool);
            let Some(is_online) = said else {
                decoded.refused = Some(
                    "STATE: expected the form {\"online\":true,\"timestamp\":1700000000000}"
                        .to_owned(),
                );
                return;
            };
            !is_online
        };
        if is_offline {
            let said_at = said_at.and_then(|said| Timestamp::from_millisecond(said).ok());
            let after = said_at.filter(|said| *said > before);
            let after = after.map(|said| said.checked_add(MILLISECOND).unwrap_or(said));
            let at = after.unwrap_or(before);
            self.online_at = Some(at);
            decoded.publish.push(self.state(true, at));
        }
    }

    fn state(&self, is_online: bool, at: Timestamp) -> Publish {
        let milliseconds = at.as_millisecond();
        Publish {
            topic: topic::state(&self.id),
            payload: format!("{{\"online\":{is_online},\"timestamp\":{milliseconds}}}")
                .into_bytes(),
            retain: true,
        }
    }
}

#[cfg(test)]
mod tests;
