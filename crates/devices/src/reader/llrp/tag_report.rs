//! What a `TagReportData` says, from the tree of its parameters or from its bytes.
//!
//! The way through: [`for_each_in`] looks at the body of an `RO_ACCESS_REPORT` and gives its reports if every parameter in it
//! is one that readers write with each tag; for any other body it gives none, and the message is decoded as a tree, each
//! of whose reports becomes one with [`TagReport::of_node`].
//!
//! What holds: both ways say the same of the same bytes; of several parameters of a kind the first counts. Nothing is
//! concluded from a body that is not right to its last byte: why it is wrong is found out by the decoder of the tree.
//!
//! Not here: what the values mean ([`super::report`]), the table of all parameters ([`super::definitions`]).
//!
//! Source: LLRP 1.0.1, sections 16.2.7.3 (`TagReportData`) and 16.2.1.1 (headers); Impinj Octane LLRP.

use reads::Bank;

use super::commands::TID_OPERATION;
use super::parameter::{MAX_PARAMETERS, Node, Value};
use super::{definitions as d, impinj};

/// Results of a read operation: done; the tag's refusal without a reason, and, since LLRP 1.1, for want of memory.
const SUCCESS: u64 = 0;
const TAG_ERROR: u64 = 1;
const MEMORY_OVERRUN: u64 = 4;

/// The values of a report that reads are made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagReport<'a> {
    /// `EPC_96`.
    pub epc_96: Option<&'a [u8]>,
    /// `EPCData`: how many bits, and their bytes.
    pub epc_data: Option<(u16, &'a [u8])>,
    /// The protocol control word.
    pub control_word: Option<u16>,
    /// The antenna's port.
    pub antenna: Option<u16>,
    /// Signal strength in hundredths of a dBm, from Impinj's extension.
    pub fine_cdbm: Option<i32>,
    /// Signal strength in dBm.
    pub coarse_dbm: Option<i8>,
    /// When the tag was seen first, microseconds since 1970.
    pub first_seen: Option<u64>,
    /// When it was seen last.
    pub last_seen: Option<u64>,
    /// The TID, from Impinj's extension.
    pub serialized_tid: Option<&'a [u8]>,
    /// The TID, from our own read operation.
    pub read_tid: Option<Bank>,
    /// Whether the tag refused that operation.
    pub has_refused_tid: bool,
}

impl<'a> TagReport<'a> {
    /// What a decoded `TagReportData` says.
    #[must_use]
    pub fn of_node(report: &'a Node) -> Self {
        let number = |kind, name| report.child(kind).and_then(|node: &Node| node.number(name));
        let short = |kind, name| number(kind, name).and_then(|number| u16::try_from(number).ok());
        let mut out = Self {
            epc_96: report.child(&d::EPC_96).and_then(|epc| epc.bytes("EPC")),
            control_word: short(&d::C1G2_PC, "PC_Bits"),
            antenna: short(&d::ANTENNA_ID, "AntennaID"),
            first_seen: number(&d::FIRST_SEEN_TIMESTAMP_UTC, "Microseconds"),
            last_seen: number(&d::LAST_SEEN_TIMESTAMP_UTC, "Microseconds"),
            ..Self::default()
        };
        if let Some(Value::Bits { count, bytes }) =
            report.child(&d::EPC_DATA).and_then(|data| data.field("EPC"))
        {
            out.epc_data = Some((*count, bytes));
        }
        let dbm = report.child(&d::PEAK_RSSI).and_then(|rssi| rssi.signed("PeakRSSI"));
        out.coarse_dbm = dbm.and_then(|dbm| i8::try_from(dbm).ok());
        for custom in report.all(&d::CUSTOM) {
            if let (Some(vendor), Some(subtype), Some(data)) = (
                custom.number("VendorIdentifier"),
                custom.number("ParameterSubtype"),
                custom.bytes("Data"),
            ) {
                out.add_custom(vendor, subtype, data);
            }
        }
        for result in report.all(&d::C1G2_READ_OP_SPEC_RESULT) {
            if let (Some(code), Some(operation), Some(Value::Numbers(words))) =
                (result.number("Result"), result.short("OpSpecID"), result.field("ReadData"))
            {
                let words = words.iter().filter_map(|word| u16::try_from(*word).ok());
                let bytes: Vec<u8> = words.flat_map(u16::to_be_bytes).collect();
                out.add_result(code, operation, &bytes);
            }
        }
        out
    }

    fn add_custom(&mut self, vendor: u64, subtype: u64, data: &'a [u8]) {
        if self.fine_cdbm.is_none() {
            self.fine_cdbm = impinj::peak_rssi(vendor, subtype, data);
        }
        if self.serialized_tid.is_none() {
            self.serialized_tid = impinj::serialized_tid(vendor, subtype, data);
        }
    }

    fn add_result(&mut self, code: u64, operation: u16, data: &[u8]) {
        if operation != TID_OPERATION {
            return;
        }
        self.has_refused_tid |= matches!(code, TAG_ERROR | MEMORY_OVERRUN);
        if code == SUCCESS && self.read_tid.is_none() {
            self.read_tid = Some(Bank::from(data));
        }
    }

    /// Takes the report that `bytes` begin with; gives what follows it, or none if it is not only what readers write with each tag.
    ///
    /// - `left`: parameters that a message may still have.
    #[inline]
    fn fill(&mut self, bytes: &'a [u8], left: &mut u32) -> Option<&'a [u8]> {
        let (number, mut rest, behind) = long(bytes)?;
        *left = left.checked_sub(1)?;
        if number != d::TAG_REPORT_DATA.number {
            return None;
        }
        while let Some((first, after)) = rest.split_first() {
            *left = left.checked_sub(1)?;
            rest = if *first >= 0x80 {
                self.add_short(first & 0x7F, after)?
            } else {
                let (number, body, after) = long(rest)?;
                self.add_long(number, body)?;
                after
            };
        }
        Some(behind)
    }

    /// Takes a parameter with one byte of header; gives what follows it.
    #[inline]
    fn add_short(&mut self, number: u8, rest: &'a [u8]) -> Option<&'a [u8]> {
        fn first<T>(known: &mut Option<T>, value: T) {
            known.get_or_insert(value);
        }
        match number {
            1 | 12 => {
                let (value, rest) = rest.split_first_chunk()?;
                let known = if number == 1 { &mut self.antenna } else { &mut self.control_word };
                first(known, u16::from_be_bytes(*value));
                Some(rest)
            }
            2 | 4 => {
                let (value, rest) = rest.split_first_chunk()?;
                let known = if number == 2 { &mut self.first_seen } else { &mut self.last_seen };
                first(known, u64::from_be_bytes(*value));
                Some(rest)
            }
            6 => {
                let (value, rest) = rest.split_first()?;
                first(&mut self.coarse_dbm, value.cast_signed());
                Some(rest)
            }
            13 => {
                let (value, rest) = rest.split_at_checked(12)?;
                first(&mut self.epc_96, value);
                Some(rest)
            }
            3 | 5 => rest.get(8..),
            7 | 8 | 10 | 11 | 14 | 19 | 20 => rest.get(2..),
            9 | 16 => rest.get(4..),
            _ => None,
        }
    }

    /// Takes a parameter with four bytes of header, of which `body` follows the header.
    fn add_long(&mut self, number: u16, body: &'a [u8]) -> Option<()> {
        match number {
            241 => {
                let (count, bits) = body.split_first_chunk()?;
                let count = u16::from_be_bytes(*count);
                let is_whole = usize::from(count).div_ceil(8) == bits.len();
                is_whole.then(|| self.epc_data.get_or_insert((count, bits))).map(|_| ())
            }
            349 => {
                let (head, data) = body.split_first_chunk()?;
                let [code, o1, o0, c1, c0] = *head;
                let is_whole = usize::from(u16::from_be_bytes([c1, c0])) * 2 == data.len();
                let operation = u16::from_be_bytes([o1, o0]);
                is_whole.then(|| self.add_result(code.into(), operation, data))
            }
            1023 => {
                let (vendor, rest) = body.split_first_chunk()?;
                let (subtype, data) = rest.split_first_chunk()?;
                let number = |bytes: &[u8; 4]| u32::from_be_bytes(*bytes).into();
                self.add_custom(number(vendor), number(subtype), data);
                Some(())
            }
            _ => None,
        }
    }
}

/// Gives the reports in the body of an `RO_ACCESS_REPORT` to `give`, in order, if all of it is what readers write with each tag.
///
/// - Returns whether it is; if not, nothing was given.
pub fn for_each_in<'a>(body: &'a [u8], mut give: impl FnMut(&TagReport<'a>)) -> bool {
    let mut left = MAX_PARAMETERS;
    if body.is_empty() {
        return true;
    }
    // Most messages have one report, so only what follows it is looked at twice. A report is filled where it stands: moving one
    // costs as much as reading it.
    let mut first = TagReport::default();
    let Some(behind) = first.fill(body, &mut left) else { return false };
    if behind.is_empty() {
        give(&first);
        return true;
    }
    let mut rest = behind;
    while !rest.is_empty() {
        let Some(behind) = TagReport::default().fill(rest, &mut left) else { return false };
        rest = behind;
    }
    give(&first);
    (left, rest) = (MAX_PARAMETERS, behind);
    while !rest.is_empty() {
        let mut report = TagReport::default();
        let Some(behind) = report.fill(rest, &mut left) else { return false };
        give(&report);
        rest = behind;
    }
    true
}

/// Number and body of a parameter with four bytes of header, and what follows it.
#[inline]
fn long(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let [n1 @ ..=3, n0, l1, l0, ..] = bytes else { return None };
    let (whole, rest) = bytes.split_at_checked(u16::from_be_bytes([*l1, *l0]).into())?;
    Some((u16::from_be_bytes([*n1, *n0]), whole.get(4..)?, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::parameter::{Parameter, decode_node};
    use super::super::tests::{bytes, tlv};
    use super::*;

    /// Compares both ways; gives whether the bytes sufficed.
    fn compare(body: &[u8]) -> bool {
        let tree = decode_node(&d::RO_ACCESS_REPORT, body);
        let mut reports = Vec::new();
        if !for_each_in(body, |report| reports.push(report.clone())) {
            assert!(reports.is_empty(), "nothing is concluded from a part of it");
            return false;
        }
        let tree = tree.expect("what the bytes suffice for is right");
        let nodes: Vec<&Node> = tree.all(&d::TAG_REPORT_DATA).collect();
        assert_eq!(nodes.len(), tree.children.len());
        let of_nodes: Vec<TagReport<'_>> = nodes.into_iter().map(TagReport::of_node).collect();
        assert_eq!(reports, of_nodes);
        true
    }

    #[test]
    fn what_readers_write_with_each_tag_needs_no_tree() {
        let epc = "8d 300833b2ddd9014000000001";
        let impinj =
            tlv(1023, "0000651a 00000039 e95a") + &tlv(1023, "0000651a 00000037 0001 e280");
        for content in [
            format!("{epc} 810003 86c9 870011 820005a9e4bef862e0 840005a9e4bef895f0 880001"),
            format!("{epc} 810003 810004 86c9 86c8 {impinj} 8c3000 8b1234"),
            tlv(241, "0010 3000") + &tlv(349, "00 1c03 0002 e2801105"),
            tlv(241, "000b ffff") + &tlv(349, "01 1c03 0000") + &tlv(1023, "00000001 00000002"),
            format!("{epc} 8900000001 8e0001 9000000001 93ffff 94ffff 850000000000000001"),
        ] {
            let one = bytes(&tlv(240, &content));
            assert!(compare(&one), "{content}");
            assert!(compare(&one.repeat(20)), "{content}");
        }
        assert!(compare(&[]));
    }

    #[test]
    fn whatever_else_is_in_a_message_is_left_to_the_tree() {
        let epc = "8d 300833b2ddd9014000000001";
        for content in [
            format!("{epc} 92 0001 0002"),
            format!("{epc} 8100"),
            format!("{epc} {}", tlv(350, "00 0001 0001")),
            format!("{epc} {}", tlv(1023, "0000651a")),
            tlv(241, "0010 3000 00"),
            tlv(349, "00 1c03 0002 e280"),
            "04f00004".to_owned(),
        ] {
            assert!(!compare(&bytes(&tlv(240, &content))), "{content}");
        }
        assert!(!compare(&bytes(&tlv(242, ""))));
        let many = bytes(&tlv(240, &"8600".repeat(20_000)));
        assert!(
            compare(&many) && !compare(&many.repeat(7)),
            "no more parameters than a message may have"
        );
    }

    fn a_parameter() -> impl Strategy<Value = Vec<u8>> {
        let number = prop_oneof![0..=24_u8, any::<u8>()].prop_map(|number| number | 0x80);
        let short = (number, proptest::collection::vec(any::<u8>(), 0..14))
            .prop_map(|(number, value)| [vec![number], value].concat());
        let right = proptest::sample::select(vec![
            "810003",
            "86c9",
            "820005a9e4bef862e0",
            "840005a9e4bef895f0",
            "8c3000",
            "880001",
            "8d300833b2ddd9014000000001",
            "00f1000800103000",
            "015d000d001c030002e2801105",
            "03ff000e0000651a00000039e95a",
        ]);
        prop_oneof![4 => right.prop_map(bytes), 1 => short]
    }

    proptest! {
        #[test]
        fn both_ways_say_the_same_of_any_bytes(
            tags in proptest::collection::vec(proptest::collection::vec(a_parameter(), 0..8), 0..4),
            flip in proptest::option::of((any::<prop::sample::Index>(), any::<u8>())),
        ) {
            let one = |parameters: Vec<Vec<u8>>| tlv(240, &hex::encode(parameters.concat()));
            let mut body = bytes(&tags.into_iter().map(one).collect::<String>());
            if let Some((place, byte)) = flip && !body.is_empty() {
                let place = place.index(body.len());
                body[place] = byte;
            }
            compare(&body);
        }
    }

    #[test]
    fn a_tree_of_one_report_says_what_the_report_says() {
        let body = bytes(&tlv(240, "8d300833b2ddd9014000000001 810003"));
        let tree = decode_node(&d::RO_ACCESS_REPORT, &body).unwrap();
        let [Parameter::Known(node)] = &tree.children[..] else { panic!("{tree:?}") };
        let report = TagReport::of_node(node);
        assert_eq!((report.antenna, report.epc_96.map(<[u8]>::len)), (Some(3), Some(12)));
    }
}
