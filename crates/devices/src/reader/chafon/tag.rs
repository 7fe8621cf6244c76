//! The tags in an inventory answer, in the two layouts of the Chafon family.
//!
//! | layout | data of the answer |
//! |---|---|
//! | 18 | number of tags; per tag: length, EPC |
//! | 288 | antennas (bit 0 is port 1); number of tags; per tag: length, EPC, RSSI |
//!
//! In the 288 layout the top bit of a length says that the last 12 bytes are the tag's TID.
//!
//! The way through: [`tags`] for answers to inventory, [`tag_by_itself`] for a reader that reads by itself.
//!
//! What holds: the tags must fill the data to the last byte, every EPC has whole words, at most 62 bytes;
//! otherwise there are none, so that an answer in the other layout is never decoded in part.
//!
//! About RSSI: the 288 layout has one byte without sign and no manual of the family gives its unit. The
//! driver uses `byte - 130` dBm, which puts the values seen in practice (40 to 107) at -90 to -23 dBm and keeps their
//! order; the zero point may be off by several dBm. Thresholds for such a reader must be found by trial.
//! The 18 layout has none at all: [`NO_RSSI_CDBM`].
//!
//! Source: `UHFReader18` user's manual V2.0, inventory; `UHFReader288MP` user's manual V1.14, section 8.2.1 and
//! the output format of real time inventory.

use reads::Bank;

use super::layout::Layout;
use crate::reader::dialect::{NO_RSSI_CDBM, strength};

/// Zero point of the 288 layout's RSSI byte, dBm.
const RSSI_ZERO_DBM: i32 = -130;
/// Longest EPC, bytes.
const MAX_EPC: usize = 62;
/// Bytes of a TID that follows an EPC.
const TID_BYTES: usize = 12;

/// One tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// EPC, 0 to 62 bytes.
    pub epc: Bank,
    /// TID, if the reader read it.
    pub tid: Option<Bank>,
    /// Port, from 1; 0 if the reader gives none.
    pub antenna: u16,
    /// Signal strength in hundredths of a dBm, see the head of this file.
    pub rssi_cdbm: i32,
}

/// Gives the tags in the data of an inventory answer to `take`; none if the data do not have this layout: then what was
/// given before that showed is not valid.
pub fn tags(layout: Layout, data: &[u8], mut take: impl FnMut(Tag)) -> Option<()> {
    // An answer that ends a round without a tag has no data at all in some versions.
    if data.is_empty() {
        return Some(());
    }
    let (antenna, data) = match layout {
        Layout::Reader18 => (0, data),
        Layout::Reader288 => data.split_first().map(|(mask, rest)| (port(*mask), rest))?,
    };
    let (count, mut rest) = data.split_first()?;
    for _ in 0..*count {
        let (tag, behind) = one(layout, antenna, rest)?;
        take(tag);
        rest = behind;
    }
    rest.is_empty().then_some(())
}

/// The tag in a notice of a reader that reads by itself: antennas, length, EPC, RSSI.
#[must_use]
pub fn tag_by_itself(data: &[u8]) -> Option<Tag> {
    let (mask, rest) = data.split_first()?;
    let (tag, rest) = one(Layout::Reader288, port(*mask), rest)?;
    rest.is_empty().then_some(tag)
}

/// The lowest port in a mask of antennas; 0 if there is none.
#[must_use]
pub fn port(mask: u8) -> u16 {
    if mask == 0 { 0 } else { u16::try_from(mask.trailing_zeros() + 1).unwrap_or(0) }
}

fn one(layout: Layout, antenna: u16, data: &[u8]) -> Option<(Tag, &[u8])> {
    let (length, rest) = data.split_first()?;
    let has_tid = layout == Layout::Reader288 && length & 0x80 != 0;
    let length = usize::from(if has_tid { length & 0x7F } else { *length });
    let (banks, rest) = rest.split_at_checked(length)?;
    let (epc, tid) = if has_tid {
        let (epc, tid) = banks.split_at_checked(length.checked_sub(TID_BYTES)?)?;
        (epc, Some(Bank::from(tid)))
    } else {
        (banks, None)
    };
    if epc.len() > MAX_EPC || epc.len() % 2 != 0 {
        return None;
    }
    let (rssi_cdbm, rest) = match layout {
        Layout::Reader18 => (NO_RSSI_CDBM, rest),
        Layout::Reader288 => {
            let (byte, rest) = rest.split_first()?;
            (strength((i32::from(*byte) + RSSI_ZERO_DBM) * 100), rest)
        }
    };
    Some((Tag { epc: epc.into(), tid, antenna, rssi_cdbm }, rest))
}
