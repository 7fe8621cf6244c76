//! Status codes, events and port states of a reader, as text for people.
//!
//! The way through: [`refusal`] reads a status, [`events`] an event notification, [`antennas`] the properties
//! of its ports; each gives text or findings.
//!
//! What holds: the reader's own words are passed on, cut to one line, with the name of the parameter that it
//! finds at fault.
//!
//! Not here: the event that opens a connection (`super`).
//!
//! Source: LLRP 1.0.1, sections 12.2.5 (antennas), 13.2.6 (events) and 14.2.2 (status).

use reads::{Finding, code};

use super::definitions as d;
use super::parameter::Node;
use crate::reader::dialect::Antenna;

/// The text of a status, unless it is success.
#[must_use]
pub fn refusal(status: &Node) -> Option<String> {
    let number = status.short("StatusCode")?;
    if number == 0 {
        return None;
    }
    let words = status.text("ErrorDescription").filter(|words| !words.is_empty());
    let words = words.map(|words| format!(", message \"{words}\"")).unwrap_or_default();
    Some(format!("status {}{words}{}", named(number), fault(status)))
}

/// The field and the parameters at fault, from the outermost to the innermost.
fn fault(node: &Node) -> String {
    let field = node.child(&d::FIELD_ERROR).map(|field| {
        let place = field.short("FieldNum").unwrap_or(0);
        format!(", field number {place}: {}", named(field.short("ErrorCode").unwrap_or(0)))
    });
    // Nested no deeper than the decoder allows.
    let parameter = node.child(&d::PARAMETER_ERROR).map(|parameter| {
        let number = parameter.short("ParameterType").unwrap_or(0);
        let name = d::parameter(number).map_or("parameter", |definition| definition.name);
        let why = named(parameter.short("ErrorCode").unwrap_or(0));
        format!(", at {name} ({number}): {why}{}", fault(parameter))
    });
    field.unwrap_or_default() + &parameter.unwrap_or_default()
}

/// A status code with its name in the standard.
fn named(number: u16) -> String {
    let name = match number {
        100 => "M_ParameterError",
        101 => "M_FieldError",
        102 => "M_UnexpectedParameter",
        103 => "M_MissingParameter",
        104 => "M_DuplicateParameter",
        105 => "M_OverflowParameter",
        106 => "M_OverflowField",
        107 => "M_UnknownParameter",
        108 => "M_UnknownField",
        109 => "M_UnsupportedMessage",
        110 => "M_UnsupportedVersion",
        111 => "M_UnsupportedParameter",
        200 => "P_ParameterError",
        201 => "P_FieldError",
        202 => "P_UnexpectedParameter",
        203 => "P_MissingParameter",
        204 => "P_DuplicateParameter",
        205 => "P_OverflowParameter",
        206 => "P_OverflowField",
        207 => "P_UnknownParameter",
        208 => "P_UnknownField",
        209 => "P_UnsupportedParameter",
        300 => "A_Invalid",
        301 => "A_OutOfRange",
        401 => "R_DeviceError",
        _ => return number.to_string(),
    };
    format!("{number} ({name})")
}

fn finding(code: &'static str, text: impl Into<String>) -> Finding {
    Finding { code, text: text.into() }
}

/// What an operator should know about an event notification.
///
/// - `wanted`: ports that are to read; empty for all.
#[must_use]
pub fn events(data: &Node, wanted: &[u16]) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(antenna) = data.child(&d::ANTENNA_EVENT) {
        let port = antenna.short("AntennaID").unwrap_or(0);
        let is_gone = antenna.number("EventType") == Some(0);
        if is_gone && (wanted.is_empty() || wanted.contains(&port)) {
            found.push(no_antenna(port));
        }
    }
    if let Some(exception) = data.child(&d::READER_EXCEPTION_EVENT) {
        let words = exception.text("Message").unwrap_or_default();
        let port = exception.child(&d::ANTENNA_ID).and_then(|it| it.short("AntennaID"));
        let place = port.map(|port| format!(" on antenna port {port}")).unwrap_or_default();
        let text = format!("the reader reports a fault{place}: \"{words}\"");
        found.push(finding(code::HARDWARE, text));
    }
    if data.child(&d::REPORT_BUFFER_OVERFLOW_ERROR_EVENT).is_some() {
        found.push(finding(
            code::GAP,
            "the reader's buffer overflowed and reads are lost; check the network between reader and bridge",
        ));
    }
    if let Some(level) = data.child(&d::REPORT_BUFFER_LEVEL_WARNING_EVENT) {
        let level = level.number("ReportBufferPercentageFull").unwrap_or(0);
        let text = format!(
            "the reader's buffer is {level} % full and reads will be lost when it is full; check the network between reader and bridge"
        );
        found.push(finding(code::GAP, text));
    }
    if data.child(&d::CONNECTION_CLOSE_EVENT).is_some() {
        found.push(finding(
            code::REFUSED,
            "the reader closes this connection; if it was not restarted, check which other system manages it",
        ));
    }
    found
}

/// The antenna that an event notification reports as disconnected or connected.
#[must_use]
pub fn antenna(data: &Node) -> Option<Antenna> {
    let event = data.child(&d::ANTENNA_EVENT)?;
    let is_there = event.number("EventType")? == 1;
    Some(Antenna { port: event.short("AntennaID")?, is_there })
}

/// What an operator should know about the port properties: configured ports that are not connected, or, where all are
/// to read, that none is.
///
/// - `wanted`: ports that are to read; empty for all.
#[must_use]
pub fn antennas(config: &Node, wanted: &[u16]) -> Vec<Finding> {
    let ports: Vec<(u16, bool)> = config
        .all(&d::ANTENNA_PROPERTIES)
        .filter_map(|port| {
            Some((port.short("AntennaID")?, port.number("AntennaConnected") == Some(1)))
        })
        .collect();
    if wanted.is_empty() {
        let is_none = !ports.is_empty() && ports.iter().all(|(_, is_connected)| !is_connected);
        let text = "no antenna is connected to any port of the reader; connect one";
        return is_none.then(|| finding(code::NO_ANTENNA, text)).into_iter().collect();
    }
    let is_gone = |port: &&(u16, bool)| !port.1 && wanted.contains(&port.0);
    ports.iter().filter(is_gone).map(|(port, _)| no_antenna(*port)).collect()
}

fn no_antenna(port: u16) -> Finding {
    let text = format!(
        "no antenna is connected to port {port} of the reader; connect one, or remove the port from the configuration"
    );
    finding(code::NO_ANTENNA, text)
}
