//! Tag reports: from `TagReportData` to a read.
//!
//! The way through: [`read`] takes what one `TagReportData` says ([`TagReport`]), what is known of the reader, and
//! [`Latest`].
//!
//! What holds: a report may leave out what has not changed; then the last reported value applies. A time counted from
//! the reader's start is never mistaken for a time of day, and neither is a time of day from a reader that reports to
//! have no clock. Signal strength in hundredths is used where Impinj's extension gives it, else whole dBm. A bank
//! longer than any tag's is refused, and so is an EPC that is not whole words, or not as many as its control word counts.
//!
//! Not here: windows and doubles (`crate::windows`).
//!
//! Source: LLRP 1.0.1, section 13.2.3 (`TagReportData`); Impinj Octane LLRP, sections on `ImpinjPeakRSSI` and
//! `ImpinjSerializedTID`.

use jiff::Timestamp;
use reads::time_belief::{Belief, judge};
use reads::{Bank, Edge, Read};

use super::definitions as d;
use super::parameter::Node;
use super::tag_report::TagReport;
use crate::message::check_control_word;
use crate::reader::dialect::{NO_RSSI_CDBM, strength};

/// Longest EPC or TID bank: 496 bits.
const MAX_BANK: usize = 62;

/// The last reported values on this connection.
#[derive(Debug, Default)]
pub struct Latest {
    antenna: Option<u16>,
    rssi_cdbm: Option<i32>,
    first_seen: Option<Timestamp>,
    last_seen: Option<Timestamp>,
}

/// The value reported now, else the last one.
fn latest<T: Copy>(value: Option<T>, last: &mut Option<T>) -> Option<T> {
    *last = value.or(*last);
    *last
}

/// The read in a report, or why there is none.
///
/// - `at`: time of arrival.
/// - `has_clock`: whether the reader reports to have a clock.
/// - `last`: values of earlier reports; those of this one are added.
///
/// # Errors
///
/// What is wrong and what is expected.
#[inline]
pub fn read(
    report: &TagReport<'_>,
    at: Timestamp,
    has_clock: bool,
    last: &mut Latest,
) -> Result<Read, String> {
    let epc = epc(report)?;
    if epc.len() > MAX_BANK {
        return Err(format!(
            "got a tag report with an EPC of {} bytes, expected at most {MAX_BANK}",
            epc.len()
        ));
    }
    report.control_word.map_or(Ok(()), |word| check_control_word(word, epc))?;
    let coarse = report.coarse_dbm.map(|dbm| i32::from(dbm) * 100);
    let rssi_cdbm = latest(report.fine_cdbm.or(coarse), &mut last.rssi_cdbm);
    Ok(Read {
        epc: Bank::from(epc),
        tid: tid(report),
        antenna: latest(report.antenna, &mut last.antenna).unwrap_or(0),
        rssi_cdbm: strength(rssi_cdbm.unwrap_or(NO_RSSI_CDBM)),
        at,
        reader_time: time(report, last).filter(|_| has_clock),
        direction: None,
    })
}

/// The input that changed, if an event notification reports one.
///
/// - `at`, `has_clock`: as for [`read`].
/// - `active_low`: inputs that are active when their voltage is low.
#[must_use]
pub fn edge(data: &Node, at: Timestamp, has_clock: bool, active_low: &[u16]) -> Option<Edge> {
    let event = data.child(&d::GPI_EVENT)?;
    let stated = data.child(&d::UTC_TIMESTAMP).filter(|_| has_clock);
    let device_time = stated.and_then(|time| microseconds(time.number("Microseconds")?));
    let is_plausible = matches!(judge(device_time, at), Belief::Plausible | Belief::Late);
    let port = event.short("GPIPortNumber")?;
    Some(Edge {
        port,
        is_active: (event.number("GPIEvent") == Some(1)) != active_low.contains(&port),
        at: device_time.filter(|_| is_plausible).unwrap_or(at),
    })
}

/// The EPC. One that is not whole words is refused: with zeros after it, it would be another one.
fn epc<'a>(report: &TagReport<'a>) -> Result<&'a [u8], String> {
    if let Some(epc) = report.epc_96 {
        return Ok(epc);
    }
    let (count, bytes) =
        report.epc_data.ok_or("got a tag report without an EPC, expected EPC_96 or EPCData")?;
    if count % 16 != 0 {
        return Err(format!(
            "got a tag report with an EPC of {count} bits, expected whole words of 16 bits"
        ));
    }
    Ok(bytes)
}

/// The TID bank, from Impinj's extension or from our own read operation, which is recognised by its id.
fn tid(report: &TagReport<'_>) -> Option<Bank> {
    let tid = match report.serialized_tid {
        Some(tid) => Bank::from(tid),
        None => report.read_tid.clone()?,
    };
    (1..=MAX_BANK).contains(&tid.len()).then_some(tid)
}

fn time(report: &TagReport<'_>, last: &mut Latest) -> Option<Timestamp> {
    let first_seen = report.first_seen.and_then(microseconds);
    let last_seen = report.last_seen.and_then(microseconds);
    // A time from an earlier report may be older than this report.
    latest(first_seen, &mut last.first_seen).max(latest(last_seen, &mut last.last_seen))
}

fn microseconds(time: u64) -> Option<Timestamp> {
    Timestamp::from_microsecond(i64::try_from(time).ok()?).ok()
}
