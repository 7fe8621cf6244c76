//! One tag record of a Zebra reader: which tag, how strong, when, which way.
//!
//! | what | members |
//! |---|---|
//! | EPC | `idHex`; `tagId` in directionality events; `EPCid` of handhelds, also `id`; else `EPC` |
//! | TID | `TID` |
//! | strength in dBm | `peakRssi`, `RSSI` |
//! | time | `lastSeenTime` of handhelds, `lastSeenTimestamp` of directionality events, `timestamp` |
//! | direction | `direction`: `IN`, `OUT`; `NONE`, `UNKNOWN` and `ERROR` are unclear |
//!
//! What holds: `EPC` is the content of a memory bank, which may begin with its CRC and control word, or be a part of
//! the bank; it is used only where no member has the id that the tag gave in the inventory, and `PC` then says where it
//! begins. Ids that differ, a control word of another length, and a text of another form are refused. A member that is
//! empty text is absent: readers write `""` for what is switched off. A number as a time is always milliseconds since 1970.
//!
//! Source: Zebra's RFD40/RFD90 MQTT API reference (dataEVT); Zebra's fixed reader MQTT API 1.0 (mode and directionality
//! tag data events); payload classes of Zebra's and its partners' public samples.

use jiff::Timestamp;
use reads::{Bank, Direction, Read};
use serde::Deserialize;
use serde_json::Value;

use crate::message::{check_control_word, hex_bank, short};
use crate::reader::dialect::{NO_RSSI_CDBM, strength};

/// Why a tag record without EPC is refused.
pub(super) const NO_EPC: &str =
    "a tag record has no EPC; let the reader report EPCid (handheld) or idHex (fixed reader)";

/// The members of a tag record, of whatever reader. The values are checked when they are used.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Tag {
    id_hex: Option<Value>,
    #[serde(rename = "tagId")]
    zoned_id: Option<Value>,
    #[serde(rename = "EPCid", alias = "epcId")]
    epc_id: Option<Value>,
    id: Option<Value>,
    #[serde(rename = "EPC", alias = "epc")]
    bank: Option<Value>,
    #[serde(rename = "PC", alias = "pc")]
    control_word: Option<Value>,
    #[serde(rename = "TID", alias = "tid")]
    tid: Option<Value>,
    antenna: Option<Value>,
    peak_rssi: Option<Value>,
    #[serde(rename = "RSSI", alias = "rssi")]
    rssi: Option<Value>,
    last_seen_time: Option<Value>,
    last_seen_timestamp: Option<Value>,
    timestamp: Option<Value>,
    direction: Option<Value>,
}

/// What the event around a tag record says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around<'a> {
    /// When the message arrived.
    pub arrived: Timestamp,
    /// The event's time, unchecked.
    pub timestamp: Option<&'a Value>,
    /// The event's direction, unchecked.
    pub direction: Option<&'a Value>,
}

/// A read, and what the reader could not read of the tag's TID.
#[derive(Debug)]
pub(super) struct TagRead {
    pub read: Read,
    /// The reader's own error text, if it failed.
    pub tid_error: Option<String>,
}

impl Tag {
    /// Whether it names a tag.
    pub fn is_named(&self) -> bool {
        self.names().into_iter().flatten().any(|name| !is_nothing(name))
    }

    /// Whether it has a member for the tag's name, and nothing in any of them.
    pub fn is_nameless(&self) -> bool {
        !self.is_named() && self.names().into_iter().flatten().any(Value::is_string)
    }

    fn names(&self) -> [Option<&Value>; 5] {
        [&self.id_hex, &self.zoned_id, &self.epc_id, &self.id, &self.bank].map(Option::as_ref)
    }

    /// The read.
    ///
    /// # Errors
    ///
    /// What is wrong and what is expected.
    pub fn read(&self, around: Around<'_>) -> Result<TagRead, String> {
        let (tid, tid_error) = self.tid()?;
        let antenna = self.antenna.as_ref().map(number).transpose()?.flatten().unwrap_or(0.0);
        if !(0.0..=65_535.0).contains(&antenna) {
            return Err(format!("got antenna {antenna}, expected 0 to 65535"));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
        let antenna = antenna as u16;
        let times = [
            self.last_seen_time.as_ref(),
            self.last_seen_timestamp.as_ref(),
            self.timestamp.as_ref(),
            around.timestamp,
        ];
        let reader_time = times.into_iter().flatten().find(|time| !is_nothing(time));
        let directions = [self.direction.as_ref(), around.direction];
        let direction = directions.into_iter().flatten().find(|way| !is_nothing(way));
        let read = Read {
            epc: self.epc()?.into(),
            tid: tid.map(Bank::from),
            antenna,
            rssi_cdbm: self.rssi_cdbm()?,
            at: around.arrived,
            reader_time: reader_time.map(time).transpose()?,
            direction: direction.map(way).transpose()?.flatten(),
        };
        Ok(TagRead { read, tid_error })
    }

    fn epc(&self) -> Result<Vec<u8>, String> {
        let control_word = self.control_word()?;
        let mut id: Option<(&str, Vec<u8>)> = None;
        for name in [&self.id_hex, &self.zoned_id, &self.epc_id, &self.id] {
            let Some(found) = text(name.as_ref())? else { continue };
            let bytes = hex_bank(found)?;
            if let Some((other, known)) = &id
                && *known != bytes
            {
                let (one, other) = (short(found), short(other));
                return Err(format!("got the ids `{other}` and `{one}` for one tag, expected one"));
            }
            id = Some((found, bytes));
        }
        if let Some((_, epc)) = id {
            control_word.map_or(Ok(()), |pc| check_control_word(pc, &epc))?;
            return Ok(epc);
        }
        let bank = text(self.bank.as_ref())?.ok_or(NO_EPC)?;
        let bank = hex_bank(bank)?;
        let Some(pc) = control_word else { return Ok(bank) };
        // The whole bank: CRC, control word, and as many words as this counts.
        if let Some(after) = bank.get(2..).and_then(|rest| rest.strip_prefix(&pc.to_be_bytes()))
            && let Some(epc) = after.get(..usize::from(pc >> 11) * 2)
        {
            return Ok(epc.to_vec());
        }
        check_control_word(pc, &bank)?;
        Ok(bank)
    }

    fn control_word(&self) -> Result<Option<u16>, String> {
        let Some(found) = text(self.control_word.as_ref())? else { return Ok(None) };
        let is_word = found.len() == 4 && found.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_word
            .then(|| u16::from_str_radix(found, 16).ok())
            .flatten()
            .map(Some)
            .ok_or_else(|| format!("got PC `{}`, expected four hex digits", short(found)))
    }

    /// The TID, or the reader's own words about why it has none: it writes these in the place of a bank.
    fn tid(&self) -> Result<(Option<Vec<u8>>, Option<String>), String> {
        let Some(found) = text(self.tid.as_ref())? else { return Ok((None, None)) };
        if found.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("error")) {
            return Ok((None, Some(short(found))));
        }
        Ok((Some(hex_bank(found)?), None))
    }

    fn rssi_cdbm(&self) -> Result<i32, String> {
        let dbm = match self.peak_rssi.as_ref().map(number).transpose()?.flatten() {
            None => self.rssi.as_ref().map(number).transpose()?.flatten(),
            peak => peak,
        };
        #[expect(clippy::cast_possible_truncation, reason = "out of range saturates")]
        let cdbm = dbm.map(|dbm| (dbm * 100.0).round() as i32);
        Ok(strength(cdbm.unwrap_or(NO_RSSI_CDBM)))
    }
}

/// Whether a member says nothing: null or empty text.
pub(super) fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// A text; none for null and empty text.
fn text(value: Option<&Value>) -> Result<Option<&str>, String> {
    match value.filter(|value| !is_nothing(value)) {
        None => Ok(None),
        Some(Value::String(found)) => Ok(Some(found)),
        Some(other) => Err(format!("got `{}`, expected text", short(&other.to_string()))),
    }
}

/// A number, also as text; none for null and empty text.
pub(super) fn number(value: &Value) -> Result<Option<f64>, String> {
    let found = match value {
        nothing if is_nothing(nothing) => return Ok(None),
        Value::Number(found) => found.as_f64(),
        Value::String(found) => found.trim().parse().ok(),
        _ => None,
    };
    found
        .filter(|found: &f64| found.is_finite())
        .map(Some)
        .ok_or_else(|| format!("got `{}`, expected a number", short(&value.to_string())))
}

/// A time: milliseconds since 1970, as a number or its digits, or RFC 3339, also with an offset without colon (`+0000`).
///
/// # Errors
///
/// The value, and what is expected.
pub(super) fn time(value: &Value) -> Result<Timestamp, String> {
    let wrong = || {
        let value = short(&value.to_string());
        format!("got time `{value}`, expected milliseconds since 1970 or RFC 3339")
    };
    let millis = match value {
        Value::Number(found) => Some(whole(found).ok_or_else(wrong)?),
        Value::String(found) => found.parse().ok(),
        _ => return Err(wrong()),
    };
    if let Some(millis) = millis {
        return Timestamp::from_millisecond(millis).map_err(|_| wrong());
    }
    let found = value.as_str().unwrap_or_default();
    found
        .parse()
        .or_else(|_| Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", found))
        .map_err(|_| wrong())
}

/// A whole number, also one that is written as `1795371419737.0`.
fn whole(number: &serde_json::Number) -> Option<i64> {
    /// Up to here every whole number is a float: 2^53.
    const MOST: f64 = 9_007_199_254_740_992.0;
    if let Some(whole) = number.as_i64() {
        return Some(whole);
    }
    let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() <= MOST)?;
    #[expect(clippy::cast_possible_truncation, reason = "checked")]
    let whole = float as i64;
    Some(whole)
}

/// Which way, as the reader says; none for null and nothing.
fn way(value: &Value) -> Result<Option<Direction>, String> {
    let Some(found) = text(Some(value))? else { return Ok(None) };
    match found.to_ascii_uppercase().as_str() {
        "IN" => Ok(Some(Direction::In)),
        "OUT" => Ok(Some(Direction::Out)),
        "NONE" | "UNKNOWN" | "ERROR" => Ok(Some(Direction::Unclear)),
        _ => Err(format!(
            "got direction `{}`, expected IN, OUT, NONE, UNKNOWN or ERROR",
            short(found)
        )),
    }
}
