//! Sparkplug B: the host application that listens to nodes and their devices.
//!
//! The way through: connect with [`Host::will`], subscribe to [`Host::subscriptions`], publish
//! [`Host::online`]; hand every message to [`Host::take`], call [`Host::tick`] about four times a second, and
//! publish what they give. When the line to the broker breaks, call [`Host::lost`] and begin again.
//!
//! What holds: a value comes out only if the birth that explains it is known and no message between is
//! missing; what is not certain is asked for again (rebirth) and never guessed; no message of a stranger
//! makes the host keep more than the limits in this folder, or panic.
//!
//! Not here: MQTT itself. Messages to publish go out with `QoS` 1 if retained, else 0; the will with 1.
//!
//! Source: Sparkplug 3.0.0 chapters 4 (topics), 5 (operational behaviour) and 6 (payloads).

pub mod format;
pub mod payload;
pub mod topic;

mod metrics;
mod node;
mod order;
mod value;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use reads::Finding;
use serde_json::Value;

use self::node::{Message, Node, Room};
use self::topic::Topic;
use crate::message::{DeadLetter, Publish};

/// Most nodes at one time. A site has some dozen; nodes that are not there give way to new ones.
pub const MAX_NODES: usize = 1024;
/// Most metrics kept over all nodes and devices, where a device counts as one more. With names of 100 bytes
/// that is some 30 megabytes.
pub const MAX_KEPT: usize = 100_000;
/// Most bytes of messages that wait for missing ones, over all nodes: two seconds of a busy site.
pub const MAX_WAITING: usize = 8 * 1024 * 1024;
/// Longest STATE message that is read, in bytes; the right one has about 40.
const MAX_STATE: usize = 1024;

/// A value of a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// `group/node` or `group/node/device`.
    pub device: String,
    /// Name of the metric, as the birth has it.
    pub metric: String,
    /// Decimal text: integers exactly, floats with the shortest digits that read back, Booleans as 0 or 1.
    pub value: String,
    /// When it was measured, by the node's clock; for a stale value, since when it is stale. None if the
    /// node gave no time or none that is a date.
    pub at: Option<Timestamp>,
    /// A value of the past, sent later.
    pub is_historical: bool,
    /// The last value of something that is gone: it is no longer known to be true.
    pub is_stale: bool,
}

/// What a message or the passing of time brought.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct HostOutput {
    /// Values, in the order in which the nodes sent them.
    pub measured: Vec<Measured>,
    /// Messages to publish.
    pub publish: Vec<Publish>,
    /// What somebody should know.
    pub findings: Vec<Finding>,
    /// Why the message could not be used at all.
    pub refused: Option<String>,
    /// Messages that had waited, and could not be used once they had their turn.
    pub dead_letters: Vec<DeadLetter>,
}

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
    /// A host that has heard nothing yet.
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
    /// must be given the same.
    #[must_use]
    pub fn will(&self, at: Timestamp) -> Publish {
        self.state(false, at)
    }

    /// What to publish once the subscriptions stand. `at` is the time that the will of this connection has.
    pub fn online(&mut self, at: Timestamp) -> Publish {
        self.online_at = Some(at);
        self.state(true, at)
    }

    /// The line to the broker is gone: every last value is reported as stale, and every node has to be born
    /// again before it is believed.
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

    /// Takes a message that arrived at `at`.
    ///
    /// - `is_retained`: the broker had kept it from before the subscription.
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
            // What other hosts say of themselves, and commands of theirs, concern the nodes.
            Ok(Topic::State { .. }) => {}
            Ok(Topic::Message { verb, .. }) if verb.is_command() => {}
            Ok(Topic::Message { group, verb, node, device }) => {
                if self.groups.is_empty() || self.groups.contains(group) {
                    let message = Message { verb, device, payload, is_retained, at };
                    self.hear(group, node, message, &mut decoded);
                } else {
                    let text = format!("the group `{}` is not listened to", topic::shown(group));
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
        let room = Room {
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

    /// Nodes leave when their host is offline: if somebody says so of us while we are here, we say otherwise.
    fn own_state(&self, payload: &[u8], decoded: &mut HostOutput) {
        let Some(at) = self.online_at else { return };
        // An empty message deletes the state that the broker keeps; nodes that come later would wait.
        let is_offline = if payload.is_empty() {
            true
        } else if payload.len() > MAX_STATE {
            decoded.refused =
                Some(format!("STATE: {} bytes; at most {MAX_STATE} are read", payload.len()));
            return;
        } else {
            let said = serde_json::from_slice::<Value>(payload)
                .ok()
                .and_then(|state| state.get("online").and_then(Value::as_bool));
            let Some(is_online) = said else {
                decoded.refused = Some(
                    "STATE: not of the form {\"online\":true,\"timestamp\":1700000000000}"
                        .to_owned(),
                );
                return;
            };
            !is_online
        };
        if is_offline {
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
