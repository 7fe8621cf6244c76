//! The commands that bring a reader to reading.
//!
//! The way through: each function gives one message; [`Plan`] holds what they depend on.
//!
//! What holds: reading begins on command and ends on command, one report for each tag seen. What the reader
//! does not say that it can do is not asked for, since one refused part refuses the whole message. Mode of
//! modulation, hold of channels and sensitivity stay as the reader has them.
//!
//! Not here: the order, and what answers mean (`super`).
//!
//! Source: LLRP 1.0.1, sections 9 to 13 (commands) and 15 (air protocol).

use super::capabilities::{Capabilities, Power};
use super::parameter::{Node, Value};
use super::{definitions as d, impinj};

/// Number of our `ROSpec`: all others are deleted first.
pub const RO_SPEC: u32 = 1;
/// Number of our `AccessSpec`.
pub const ACCESS_SPEC: u32 = 1;
/// Id of the TID read operation: an unusual one, so that an operation left by another client is not mistaken for it.
pub const TID_OPERATION: u16 = 7171;
/// Milliseconds between two signs of life.
const KEEPALIVE_MS: u32 = 5000;
/// Number of tags that the reader is configured to expect; it adapts from there.
const POPULATION: u16 = 32;
/// Words of the TID that are read: class, maker and model (two words), header (one) and serial (three).
const TID_WORDS: u16 = 6;
/// Bank of the TID.
const TID_BANK: u8 = 2;
/// Bank of the EPC.
const EPC_BANK: u8 = 1;
/// The one air protocol that there is: class 1, generation 2.
const GEN2: u8 = 1;

/// What commands depend on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// What the reader can do.
    pub capabilities: Capabilities,
    /// Ports to read; empty for all.
    pub antennas: Vec<u16>,
    /// Session of the inventory, 0 to 3.
    pub session: u8,
    /// Level of power, if the reader has a table.
    pub power: Option<Power>,
    /// Whether the TID is to be read along.
    pub with_tid: bool,
    /// Whether Impinj's extensions may be used.
    pub is_impinj: bool,
}

fn number(number: impl Into<u64>) -> Value {
    Value::Number(number.into())
}

fn leaf(definition: &'static d::Definition, fields: Vec<Value>) -> Node {
    Node::new(definition, fields, Vec::new())
}

/// A message or parameter that holds one number.
#[must_use]
pub fn with_id(definition: &'static d::Definition, id: u32) -> Node {
    leaf(definition, vec![number(id)])
}

/// A message without content.
#[must_use]
pub fn empty(definition: &'static d::Definition) -> Node {
    leaf(definition, Vec::new())
}

/// Asks for everything that the reader can do.
#[must_use]
pub fn get_capabilities() -> Node {
    leaf(&d::GET_READER_CAPABILITIES, vec![number(0_u8)])
}

/// Asks which antennas are connected.
#[must_use]
pub fn get_antennas() -> Node {
    let all = number(0_u16);
    leaf(&d::GET_READER_CONFIG, vec![all.clone(), number(2_u8), all.clone(), all])
}

/// Sets these parameters and nothing else.
fn set_config(parameters: Vec<Node>) -> Node {
    Node::new(&d::SET_READER_CONFIG, vec![number(0_u8), number(0_u8)], parameters)
}

/// Signs of life, in a message of their own: without them the line would seem dead.
#[must_use]
pub fn set_keepalive() -> Node {
    set_config(vec![leaf(&d::KEEPALIVE_SPEC, vec![number(1_u8), number(KEEPALIVE_MS)])])
}

/// Sends results of read operations with the tag's report, and buffers nothing for a client that reconnects.
#[must_use]
pub fn set_reports(capabilities: &Capabilities) -> Node {
    let hold = leaf(&d::EVENTS_AND_REPORTS, vec![number(0_u8), number(0_u8)]);
    let hold = capabilities.can_hold.then_some(hold);
    set_config([leaf(&d::ACCESS_REPORT_SPEC, vec![number(0_u8)])].into_iter().chain(hold).collect())
}

/// The events that the reader reports.
#[must_use]
pub fn set_events(capabilities: &Capabilities) -> Node {
    // An input changed, ROSpec begins and ends, reader's own faults, antenna comes and goes; 3 is a buffer
    // nearly full.
    let events = [Some(1_u16), Some(2), capabilities.can_warn.then_some(3), Some(4), Some(8)];
    let event = |event: u16| {
        let on = vec![number(event), number(1_u8), number(0_u8)];
        leaf(&d::EVENT_NOTIFICATION_STATE, on)
    };
    let events = events.into_iter().flatten().map(event).collect();
    set_config(vec![Node::new(&d::READER_EVENT_NOTIFICATION_SPEC, Vec::new(), events)])
}

/// Enables the inputs: they are disabled by default, and then no change of them is reported.
#[must_use]
pub fn set_inputs(inputs: u16) -> Node {
    // The state of an input is reported by the reader: 2 is unknown.
    let on = |port: u16| {
        let fields = vec![number(port), number(1_u8), number(0_u8), number(2_u8)];
        leaf(&d::GPI_PORT_CURRENT_STATE, fields)
    };
    set_config((1..=inputs).map(on).collect())
}

/// Adds our `ROSpec`, still disabled.
#[must_use]
pub fn add_ro_spec(plan: &Plan) -> Node {
    let never = Vec::new;
    let boundary = vec![
        leaf(&d::RO_SPEC_START_TRIGGER, vec![number(0_u8)]),
        leaf(&d::RO_SPEC_STOP_TRIGGER, vec![number(0_u8), number(0_u32)]),
    ];
    let ports = if plan.antennas.is_empty() { vec![0] } else { plan.antennas.clone() };
    let antennas = ports.iter().map(|port| antenna(plan, *port)).collect();
    let inventory = vec![
        leaf(&d::AI_SPEC_STOP_TRIGGER, vec![number(0_u8), number(0_u32)]),
        Node::new(&d::INVENTORY_PARAMETER_SPEC, vec![number(1_u16), number(GEN2)], antennas),
    ];
    let ports = Value::Numbers(ports.into_iter().map(u32::from).collect());
    let children = vec![
        Node::new(&d::RO_BOUNDARY_SPEC, never(), boundary),
        Node::new(&d::AI_SPEC, vec![ports], inventory),
        report_spec(plan),
    ];
    let fields = vec![number(RO_SPEC), number(0_u8), number(0_u8)];
    Node::new(&d::ADD_ROSPEC, never(), vec![Node::new(&d::RO_SPEC, fields, children)])
}

fn antenna(plan: &Plan, port: u16) -> Node {
    let session = vec![number(plan.session), number(0_u8), number(POPULATION), number(0_u32)];
    let inventory = Node::new(
        &d::C1G2_INVENTORY_COMMAND,
        vec![number(0_u8), number(0_u8)],
        vec![leaf(&d::C1G2_SINGULATION_CONTROL, session)],
    );
    let transmitter = plan.power.map(|power| {
        let Capabilities { hop_table, channel, .. } = plan.capabilities;
        leaf(&d::RF_TRANSMITTER, vec![number(hop_table), number(channel), number(power.index)])
    });
    let children = transmitter.into_iter().chain([inventory]).collect();
    Node::new(&d::ANTENNA_CONFIGURATION, vec![number(port)], children)
}

/// A report for each tag: antenna, channel, signal strength, first and last time, count.
fn report_spec(plan: &Plan) -> Node {
    let selector = [
        ("EnableAntennaID", 1),
        ("EnableChannelIndex", 1),
        ("EnablePeakRSSI", 1),
        ("EnableFirstSeenTimestamp", 1),
        ("EnableLastSeenTimestamp", 1),
        ("EnableTagSeenCount", 1),
        // Marks which reports contain results of our own read operation.
        ("EnableAccessSpecID", u8::from(plan.with_tid)),
    ];
    let switches = d::TAG_REPORT_CONTENT_SELECTOR
        .fields
        .iter()
        .map(|field| selector.iter().find(|(name, _)| *name == field.name).map_or(0, |on| on.1))
        .map(number)
        .collect();
    let mut children = vec![leaf(&d::TAG_REPORT_CONTENT_SELECTOR, switches)];
    if plan.is_impinj {
        children.push(impinj::content(plan.with_tid));
    }
    // After every tag, or at the end of the ROSpec.
    Node::new(&d::RO_REPORT_SPEC, vec![number(2_u8), number(1_u16)], children)
}

/// Adds the read of the TID of every tag, still disabled.
#[must_use]
pub fn add_access_spec() -> Node {
    let nothing = || Value::Bits { count: 0, bytes: Vec::new() };
    // A mask of no bits: every tag.
    let any =
        vec![number(EPC_BANK), number(1_u8), number(0_u8), number(0_u16), nothing(), nothing()];
    let tags = Node::new(&d::C1G2_TAG_SPEC, Vec::new(), vec![leaf(&d::C1G2_TARGET_TAG, any)]);
    let read = vec![
        number(TID_OPERATION),
        number(0_u32),
        number(TID_BANK),
        number(0_u8),
        number(0_u16),
        number(TID_WORDS),
    ];
    let children = vec![
        leaf(&d::ACCESS_SPEC_STOP_TRIGGER, vec![number(0_u8), number(0_u16)]),
        Node::new(&d::ACCESS_COMMAND, Vec::new(), vec![tags, leaf(&d::C1G2_READ, read)]),
    ];
    let fields = vec![
        number(ACCESS_SPEC),
        number(0_u16),
        number(GEN2),
        number(0_u8),
        number(0_u8),
        number(RO_SPEC),
    ];
    let spec = Node::new(&d::ACCESS_SPEC, fields, children);
    Node::new(&d::ADD_ACCESSSPEC, Vec::new(), vec![spec])
}
