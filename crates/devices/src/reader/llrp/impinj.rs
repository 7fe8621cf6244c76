//! Impinj's extensions of LLRP, as far as reads need them.
//!
//! The way through: a reader of vendor [`VENDOR`] is sent [`enable_extensions`] once per connection; then
//! [`content`] may be part of a report spec, [`watch_link`] may be set, and reports hold what [`peak_rssi`] and
//! [`serialized_tid`] read.
//!
//! What holds: all of it travels in `Custom` parameters and messages; another vendor's are never mistaken for
//! Impinj's, whatever their number.
//!
//! Not here: search modes, GPS, phase angle, Doppler.
//!
//! Source: Impinj Octane LLRP, custom messages 21 and 22, custom parameters 38, 50, 51, 53, 55 and 57.

use super::definitions as d;
use super::parameter::{Node, Parameter, Value, decode_list};

/// Impinj's number in IANA's list of enterprises.
pub const VENDOR: u32 = 25882;
/// Number of the message that switches the extensions on.
const ENABLE: u8 = 21;
/// Number of its answer.
const ENABLE_RESPONSE: u64 = 22;
const LINK_MONITOR: u32 = 38;
/// Signs of life in a row that may stay unanswered.
const UNANSWERED: u16 = 3;
const CONTENT_SELECTOR: u32 = 50;
const ENABLE_SERIALIZED_TID: u32 = 51;
const ENABLE_PEAK_RSSI: u32 = 53;
const SERIALIZED_TID: u64 = 55;
const PEAK_RSSI: u64 = 57;

/// The message that switches the extensions on for this connection.
#[must_use]
pub fn enable_extensions() -> Node {
    let fields = vec![VENDOR.into(), ENABLE.into(), Value::Bytes(vec![0; 4])];
    Node::new(&d::CUSTOM_MESSAGE, fields, Vec::new())
}

/// Makes the reader end a connection whose client does not answer keepalives, because it accepts one client at a time
/// and by itself notices nothing.
#[must_use]
pub fn watch_link() -> Node {
    let data = [[0, 1], UNANSWERED.to_be_bytes()].concat();
    let watch = vec![VENDOR.into(), LINK_MONITOR.into(), Value::Bytes(data)];
    let watch = Node::new(&d::CUSTOM, watch, Vec::new());
    Node::new(&d::SET_READER_CONFIG, vec![Value::Number(0), Value::Number(0)], vec![watch])
}

/// The answer's status, if a custom message is that answer.
#[must_use]
pub fn enable_status(message: &Node) -> Option<Node> {
    let is_answer = message.number("VendorIdentifier") == Some(VENDOR.into())
        && message.number("MessageSubtype") == Some(ENABLE_RESPONSE);
    let data = message.bytes("Data").filter(|_| is_answer)?;
    // The answer holds what every other response holds, so it is read as one.
    let children = decode_list(&d::SET_READER_CONFIG_RESPONSE, data).ok()?;
    children.into_iter().find_map(|child| match child {
        Parameter::Known(node) if node.definition == &d::LLRP_STATUS => Some(node),
        _ => None,
    })
}

/// What a report spec asks for beyond the standard: signal strength in hundredths, and the TID.
#[must_use]
pub fn content(with_tid: bool) -> Node {
    let mut data = switch(ENABLE_PEAK_RSSI);
    if with_tid {
        // In the order of Impinj's own definition: TID before signal strength.
        data.splice(0..0, switch(ENABLE_SERIALIZED_TID));
    }
    let fields = vec![VENDOR.into(), CONTENT_SELECTOR.into(), Value::Bytes(data)];
    Node::new(&d::CUSTOM, fields, Vec::new())
}

/// A custom parameter with the mode 1, which means on.
fn switch(subtype: u32) -> Vec<u8> {
    let mut out = vec![0x03, 0xFF, 0, 14];
    out.extend_from_slice(&VENDOR.to_be_bytes());
    out.extend_from_slice(&subtype.to_be_bytes());
    out.extend_from_slice(&[0, 1]);
    out
}

/// Signal strength in hundredths of a dBm, if a custom parameter of this vendor and subtype has it.
#[must_use]
pub fn peak_rssi(vendor: u64, subtype: u64, data: &[u8]) -> Option<i32> {
    match data {
        [high, low] if vendor == u64::from(VENDOR) && subtype == PEAK_RSSI => {
            Some(i16::from_be_bytes([*high, *low]).into())
        }
        _ => None,
    }
}

/// The TID bank, if a custom parameter of this vendor and subtype has it.
#[must_use]
pub fn serialized_tid(vendor: u64, subtype: u64, data: &[u8]) -> Option<&[u8]> {
    if vendor != u64::from(VENDOR) || subtype != SERIALIZED_TID {
        return None;
    }
    let (count, words) = data.split_first_chunk::<2>()?;
    (usize::from(u16::from_be_bytes(*count)) * 2 == words.len()).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMPINJ: u64 = VENDOR as u64;

    #[test]
    fn signal_strength_is_signed_and_only_impinjs() {
        assert_eq!(peak_rssi(IMPINJ, 57, &[0xE9, 0x5A]), Some(-5798));
        for (vendor, subtype) in [(161, 57), (IMPINJ, 56)] {
            assert_eq!(peak_rssi(vendor, subtype, &[0xE9, 0x5A]), None);
        }
        assert_eq!(peak_rssi(IMPINJ, 57, &[0xE9]), None);
    }

    #[test]
    fn a_tid_must_have_the_words_it_counts() {
        let tid = [0, 2, 0xE2, 0x80, 0x11, 0x05];
        assert_eq!(serialized_tid(IMPINJ, 55, &tid), Some(&tid[2..]));
        assert_eq!(serialized_tid(161, 55, &tid), None);
        assert_eq!(serialized_tid(IMPINJ, 55, &tid[..5]), None);
        assert_eq!(serialized_tid(IMPINJ, 55, &[0]), None);
    }

    #[test]
    fn the_content_asked_for_is_a_custom_parameter_with_others_in_it() {
        let node = content(true);
        let data = node.bytes("Data").unwrap();
        assert_eq!(hex::encode(data), "03ff000e0000651a00000033000103ff000e0000651a000000350001");
        assert_eq!(content(false).bytes("Data").unwrap(), &data[14..]);
    }
}
