//! Tag reports: from `TagReportData` to a read.
//!
//! The way through: [`read`] takes one `TagReportData`, what is known of the reader, and [`Latest`].
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
use reads::{Edge, Read};

use super::commands::TID_OPERATION;
use super::parameter::{Node, Value};
use super::{definitions as d, impinj};
use crate::message::check_control_word;
use crate::reader::dialect::{NO_RSSI_CDBM, strength};

/// Longest EPC or TID bank: 496 bits.
const MAX_BANK: usize = 62;

/// Results of a read operation: the tag's refusal without a reason, and, since LLRP 1.1, for want of memory.
const TAG_ERROR: u64 = 1;
const MEMORY_OVERRUN: u64 = 4;

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
pub fn read(
    report: &Node,
    at: Timestamp,
    has_clock: bool,
    last: &mut Latest,
) -> Result<Read, String> {
    let epc = epc(report)?.ok_or("got a tag report without an EPC, expected EPC_96 or EPCData")?;
    if epc.len() > MAX_BANK {
        return Err(format!(
            "got a tag report with an EPC of {} bytes, expected at most {MAX_BANK}",
            epc.len()
        ));
    }
    let control_word = report.child(&d::C1G2_PC).and_then(|word| word.short("PC_Bits"));
    control_word.map_or(Ok(()), |word| check_control_word(word, &epc))?;
    let antenna = report.child(&d::ANTENNA_ID).and_then(|antenna| antenna.short("AntennaID"));
    let fine = report.all(&d::CUSTOM).find_map(impinj::peak_rssi);
    let coarse = report.child(&d::PEAK_RSSI).and_then(|rssi| rssi.signed("PeakRSSI"));
    let coarse = coarse.and_then(|dbm| i32::try_from(dbm).ok()).map(|dbm| dbm * 100);
    Ok(Read {
        epc,
        tid: tid(report).filter(|tid| (1..=MAX_BANK).contains(&tid.len())),
        antenna: latest(antenna, &mut last.antenna).unwrap_or(0),
        rssi_cdbm: strength(latest(fine.or(coarse), &mut last.rssi_cdbm).unwrap_or(NO_RSSI_CDBM)),
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
    let device_time = data.child(&d::UTC_TIMESTAMP).filter(|_| has_clock).and_then(microseconds);
    let is_plausible = matches!(judge(device_time, at), Belief::Plausible | Belief::Late);
    let port = event.short("GPIPortNumber")?;
    Some(Edge {
        port,
        is_active: (event.number("GPIEvent") == Some(1)) != active_low.contains(&port),
        at: device_time.filter(|_| is_plausible).unwrap_or(at),
    })
}

/// The EPC. One that is not whole words is refused: with zeros after it, it would be another one.
fn epc(report: &Node) -> Result<Option<Vec<u8>>, String> {
    if let Some(epc) = report.child(&d::EPC_96) {
        return Ok(epc.bytes("EPC").map(<[u8]>::to_vec));
    }
    let field = report.child(&d::EPC_DATA).and_then(|data| data.field("EPC"));
    let Some(Value::Bits { count, bytes }) = field else { return Ok(None) };
    if count % 16 != 0 {
        return Err(format!(
            "got a tag report with an EPC of {count} bits, expected whole words of 16 bits"
        ));
    }
    Ok(Some(bytes.clone()))
}

/// The TID bank, from Impinj's extension or from our own read operation, which is recognised by its id.
fn tid(report: &Node) -> Option<Vec<u8>> {
    if let Some(tid) = report.all(&d::CUSTOM).find_map(impinj::serialized_tid) {
        return Some(tid);
    }
    let result = report.all(&d::C1G2_READ_OP_SPEC_RESULT).find(|result| {
        result.short("OpSpecID") == Some(TID_OPERATION) && result.number("Result") == Some(0)
    })?;
    let Value::Numbers(words) = result.field("ReadData")? else { return None };
    Some(
        words
            .iter()
            .filter_map(|word| u16::try_from(*word).ok())
            .flat_map(u16::to_be_bytes)
            .collect(),
    )
}

/// Whether the tag itself refused our read of its TID: mostly it has fewer words. That a tag had left by then, or the
/// radio disturbed, is no refusal.
#[must_use]
pub fn has_refused_tid(report: &Node) -> bool {
    report.all(&d::C1G2_READ_OP_SPEC_RESULT).any(|result| {
        let is_ours = result.short("OpSpecID") == Some(TID_OPERATION);
        is_ours && matches!(result.number("Result"), Some(TAG_ERROR | MEMORY_OVERRUN))
    })
}

fn time(report: &Node, last: &mut Latest) -> Option<Timestamp> {
    let first_seen = report.child(&d::FIRST_SEEN_TIMESTAMP_UTC).and_then(microseconds);
    let last_seen = report.child(&d::LAST_SEEN_TIMESTAMP_UTC).and_then(microseconds);
    // A time from an earlier report may be older than this report.
    latest(first_seen, &mut last.first_seen).max(latest(last_seen, &mut last.last_seen))
}

fn microseconds(time: &Node) -> Option<Timestamp> {
    Timestamp::from_microsecond(i64::try_from(time.number("Microseconds")?).ok()?).ok()
}
