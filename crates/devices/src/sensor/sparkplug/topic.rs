//! Sparkplug topics: who speaks, and what kind of message it is.
//!
//! The way through: [`Topic::parse`] takes the topic of a message apart; [`filter`], [`state`] and
//! [`command`] write the topics that a host application subscribes to or publishes on.
//!
//! What holds: a topic is accepted as a whole or not at all; every name in it is not empty, has no wildcard and is at
//! most [`MAX_NAME`] bytes long, so that it can be shown to people and used as a key in memory.
//!
//! Not here: payloads (`payload`), what follows from a message (the host itself).
//!
//! Source: Sparkplug 3.0.0 chapter 4 (topics and message types).

use thiserror::Error;

/// First part of every topic of this version.
pub const NAMESPACE: &str = "spBv1.0";
/// Longest name of a group, node, device or host, in bytes. Real ones have a few dozen; more than this in
/// every key of every table would let a stranger choose how much memory the host needs.
pub const MAX_NAME: usize = 128;
/// Where host applications publish whether they are online. No group may have this name.
const STATE: &str = "STATE";

/// Kind of message, as the third part of the topic has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// NBIRTH: the node is there, with all its metrics.
    NodeBirth,
    /// NDATA: values of the node that changed.
    NodeData,
    /// NDEATH: the node is offline, and its devices with it.
    NodeDeath,
    /// DBIRTH: a device is there, with all its metrics.
    DeviceBirth,
    /// DDATA: values of a device that changed.
    DeviceData,
    /// DDEATH: a device is offline.
    DeviceDeath,
    /// NCMD: a command of some host to the node.
    NodeCommand,
    /// DCMD: a command of some host to a device.
    DeviceCommand,
}

impl Verb {
    const ALL: [Self; 8] = [
        Self::NodeBirth,
        Self::NodeData,
        Self::NodeDeath,
        Self::DeviceBirth,
        Self::DeviceData,
        Self::DeviceDeath,
        Self::NodeCommand,
        Self::DeviceCommand,
    ];

    /// The word in the topic: `NBIRTH`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NodeBirth => "NBIRTH",
            Self::NodeData => "NDATA",
            Self::NodeDeath => "NDEATH",
            Self::DeviceBirth => "DBIRTH",
            Self::DeviceData => "DDATA",
            Self::DeviceDeath => "DDEATH",
            Self::NodeCommand => "NCMD",
            Self::DeviceCommand => "DCMD",
        }
    }

    /// Whether the topic names a device after the node.
    #[must_use]
    pub fn is_of_device(self) -> bool {
        matches!(
            self,
            Self::DeviceBirth | Self::DeviceData | Self::DeviceDeath | Self::DeviceCommand
        )
    }

    /// Whether a host sends it; everything else comes from nodes.
    #[must_use]
    pub fn is_command(self) -> bool {
        matches!(self, Self::NodeCommand | Self::DeviceCommand)
    }
}

/// A parsed topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic<'a> {
    /// The state of a host application.
    State {
        /// Its host id.
        host: &'a str,
    },
    /// A message from or to a node or one of its devices.
    Message {
        /// Group of the node.
        group: &'a str,
        /// Kind of message.
        verb: Verb,
        /// The node.
        node: &'a str,
        /// The device, exactly if [`Verb::is_of_device`].
        device: Option<&'a str>,
    },
}

/// Why a topic is not a Sparkplug topic.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NotSparkplug {
    /// Another namespace, or another version.
    #[error("got a topic that begins with `{0}`, expected `{NAMESPACE}`")]
    Namespace(String),
    /// A word that is no message type.
    #[error(
        "got message type `{0}`, expected one of NBIRTH, NDATA, NDEATH, DBIRTH, DDATA, DDEATH, NCMD, DCMD"
    )]
    Verb(String),
    /// Too few or too many parts.
    #[error(
        "got topic `{0}`, expected {NAMESPACE}/group/type/node, with /device for device messages, or {NAMESPACE}/{STATE}/host"
    )]
    Parts(String),
    /// A name that cannot be one.
    #[error(
        "got name `{0}`, expected 1 to {MAX_NAME} bytes without +, #, / and control characters"
    )]
    Name(String),
}

impl<'a> Topic<'a> {
    /// Parses a topic.
    ///
    /// # Errors
    /// [`NotSparkplug`] if it is not of this namespace, has the wrong number of parts, an unknown message
    /// type or a name that cannot be one.
    pub fn parse(topic: &'a str) -> Result<Self, NotSparkplug> {
        // Six parts are one more than any topic has; what comes after is never looked at.
        let mut parts = topic.splitn(6, '/');
        let first = parts.next().unwrap_or_default();
        if first != NAMESPACE {
            return Err(NotSparkplug::Namespace(shown(first)));
        }
        let parts: Vec<&str> = parts.collect();
        match parts.as_slice() {
            [STATE, host] => Ok(Self::State { host: name(host)? }),
            [STATE, ..] => Err(NotSparkplug::Parts(shown(topic))),
            [group, word, node, device @ ..] => {
                let verb = Verb::ALL
                    .into_iter()
                    .find(|verb| verb.word() == *word)
                    .ok_or_else(|| NotSparkplug::Verb(shown(word)))?;
                let device = match (device, verb.is_of_device()) {
                    ([], false) => None,
                    ([device], true) => Some(name(device)?),
                    _ => return Err(NotSparkplug::Parts(shown(topic))),
                };
                Ok(Self::Message { group: name(group)?, verb, node: name(node)?, device })
            }
            _ => Err(NotSparkplug::Parts(shown(topic))),
        }
    }
}

/// Whether `text` can be the name of a group, node, device or host: not empty, at most [`MAX_NAME`] bytes,
/// no `+`, `#`, `/`, no control characters.
#[must_use]
pub fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_NAME
        && !text.chars().any(|c| matches!(c, '+' | '#' | '/') || c.is_control())
}

/// The filter for everything of one group; of all groups if there is none.
#[must_use]
pub fn filter(group: Option<&str>) -> String {
    group.map_or_else(|| format!("{NAMESPACE}/#"), |group| format!("{NAMESPACE}/{group}/#"))
}

/// The topic of the state of the host application `host`.
#[must_use]
pub fn state(host: &str) -> String {
    format!("{NAMESPACE}/{STATE}/{host}")
}

/// Where commands to a node go.
#[must_use]
pub fn command(group: &str, node: &str) -> String {
    format!("{NAMESPACE}/{group}/{}/{node}", Verb::NodeCommand.word())
}

fn name(text: &str) -> Result<&str, NotSparkplug> {
    if is_name(text) { Ok(text) } else { Err(NotSparkplug::Name(shown(text))) }
}

/// A stranger's text, short enough and plain enough for a message to people.
pub(super) fn shown(text: &str) -> String {
    const ENOUGH: usize = 80;
    let mut shown: String = text.chars().take(ENOUGH).flat_map(char::escape_debug).collect();
    if text.chars().nth(ENOUGH).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_kind_of_message_is_taken_apart() {
        for (topic, verb, device) in [
            ("spBv1.0/Cold/NBIRTH/edge 1", Verb::NodeBirth, None),
            ("spBv1.0/Cold/NDATA/edge 1", Verb::NodeData, None),
            ("spBv1.0/Cold/NDEATH/edge 1", Verb::NodeDeath, None),
            ("spBv1.0/Cold/NCMD/edge 1", Verb::NodeCommand, None),
            ("spBv1.0/Cold/DBIRTH/edge 1/freezer", Verb::DeviceBirth, Some("freezer")),
            ("spBv1.0/Cold/DDATA/edge 1/freezer", Verb::DeviceData, Some("freezer")),
            ("spBv1.0/Cold/DDEATH/edge 1/freezer", Verb::DeviceDeath, Some("freezer")),
            ("spBv1.0/Cold/DCMD/edge 1/freezer", Verb::DeviceCommand, Some("freezer")),
        ] {
            let wanted = Topic::Message { group: "Cold", verb, node: "edge 1", device };
            assert_eq!(Topic::parse(topic), Ok(wanted), "{topic}");
        }
        assert_eq!(Topic::parse("spBv1.0/STATE/me"), Ok(Topic::State { host: "me" }));
        assert_eq!(Topic::parse(&state("me")), Ok(Topic::State { host: "me" }));
        assert!(matches!(
            Topic::parse(&command("g", "n")),
            Ok(Topic::Message { group: "g", verb: Verb::NodeCommand, node: "n", device: None })
        ));
    }

    #[test]
    fn a_topic_of_another_shape_is_refused_with_the_expected_shape() {
        let long = format!("spBv1.0/g/NDATA/{}", "n".repeat(MAX_NAME + 1));
        for (topic, said) in [
            ("", "begins with ``"),
            ("spAv1.0/g/NDATA/n", "begins with `spAv1.0`"),
            ("spBv1.0", "expected spBv1.0/group"),
            ("spBv1.0/g", "expected spBv1.0/group"),
            ("spBv1.0/g/NDATA", "expected spBv1.0/group"),
            ("spBv1.0/g/NDATA/n/d", "expected spBv1.0/group"),
            ("spBv1.0/g/DDATA/n", "expected spBv1.0/group"),
            ("spBv1.0/g/DDATA/n/d/e", "expected spBv1.0/group"),
            ("spBv1.0/STATE", "expected spBv1.0/group"),
            ("spBv1.0/STATE/a/b", "expected spBv1.0/group"),
            ("spBv1.0/g/ndata/n", "type `ndata`"),
            ("spBv1.0/g/STATE/n", "type `STATE`"),
            ("spBv1.0//NDATA/n", "name ``"),
            ("spBv1.0/g/NDATA/", "name ``"),
            ("spBv1.0/g/NDATA/n+", "name `n+`"),
            ("spBv1.0/#/NDATA/n", "name `#`"),
            ("spBv1.0/g/NDATA/n\n", "name `n\\n`"),
            (long.as_str(), "1 to 128 bytes"),
        ] {
            let error = Topic::parse(topic).unwrap_err().to_string();
            assert!(error.contains(said), "{topic}: {error}");
            assert!(error.len() < 400, "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken_apart_or_refused(text in ".{0,300}", tail in "(/[^/]{0,9}){0,6}") {
            let _ = Topic::parse(&text);
            let topic = format!("{NAMESPACE}{tail}");
            if let Ok(Topic::Message { group, verb, node, device }) = Topic::parse(&topic) {
                let device = device.map(|device| format!("/{device}")).unwrap_or_default();
                let again = format!("{NAMESPACE}/{group}/{}/{node}{device}", verb.word());
                prop_assert_eq!(again, topic);
            }
        }
    }
}
