//! What the host gives: values, messages to publish, findings.

use std::sync::Arc;

use jiff::Timestamp;
use reads::Finding;

use crate::message::{DeadLetter, Publish};

/// A value of a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// `group/node` or `group/node/device`.
    pub device: String,
    /// Name of the metric, as the birth has it.
    pub metric: String,
    /// Decimal text: integers exactly, floats with the shortest digits that read back, Booleans as 0 or 1.
    pub value: String,
    /// Its unit as the node writes it, if it states one: `degF`.
    pub unit: Option<Arc<str>>,
    /// When it was measured, by the node's clock; for a stale value, since when it is stale. None if the
    /// node gave no valid time.
    pub at: Option<Timestamp>,
    /// Whether it is a historical value, sent later.
    pub is_historical: bool,
    /// Whether it may no longer be true: the last value of something that is offline, or of the quality STALE.
    pub is_stale: bool,
}

/// A metric whose value is not good and not given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotGood {
    /// `group/node` or `group/node/device`.
    pub device: String,
    /// Name of the metric, as the birth has it.
    pub metric: String,
    /// Why, in words: `its Quality is 0 (BAD)`.
    pub reason: String,
}

/// What the host gives after a message or after some time.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct HostOutput {
    /// Values, in the order in which the nodes sent them.
    pub measured: Vec<Measured>,
    /// Metrics whose values are not good, in the same order.
    pub not_good: Vec<NotGood>,
    /// Messages to publish.
    pub publish: Vec<Publish>,
    /// What an operator should know.
    pub findings: Vec<Finding>,
    /// Why the message could not be used at all.
    pub refused: Option<String>,
    /// Messages that had waited and could not be used when it was their turn.
    pub dead_letters: Vec<DeadLetter>,
}
