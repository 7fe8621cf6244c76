//! Behaviour of tag reports: each form that readers write them in.
//!
//! The way through: a report is typed as the content of `TagReportData` and read.
//!
//! What holds: nothing outside this file is needed.
//!
//! Not here: how reports reach the driver (`super::tests`).
//!
//! Source: LLRP 1.0.1, sections 13.2.3 and 16.2.7.3; Impinj Octane LLRP.

use jiff::Timestamp;
use reads::{Bank, Read};

use super::definitions as d;
use super::parameter::{Node, Parameter, Value, decode_list};
use super::report::{Latest, edge, read};
use super::tag_report::TagReport;
use super::tests::{bytes, tlv};
use crate::reader::dialect::NO_RSSI_CDBM;

const EPC: &str = "8d 300833b2ddd9014000000001";

fn report(content: &str, has_clock: bool) -> Result<Read, String> {
    let mut list = decode_list(&d::RO_ACCESS_REPORT, &bytes(&tlv(240, content))).unwrap();
    let Some(Parameter::Known(node)) = list.pop() else { panic!("{list:?}") };
    let report = TagReport::of_node(&node);
    read(&report, Timestamp::UNIX_EPOCH, has_clock, &mut Latest::default())
}

fn right(content: &str) -> Read {
    report(content, true).unwrap()
}

#[test]
fn a_full_report_gives_a_full_read() {
    let read =
        right(&format!("{EPC} 810003 86c9 870011 820005a9e4bef862e0 840005a9e4bef895f0 880001"));
    assert_eq!(
        read,
        Read {
            epc: bytes("300833b2ddd9014000000001").into(),
            tid: None,
            antenna: 3,
            rssi_cdbm: -5500,
            at: Timestamp::UNIX_EPOCH,
            reader_time: Some("2020-07-08T02:20:05.153264Z".parse().unwrap()),
            direction: None,
        }
    );
}

#[test]
fn a_report_with_nothing_but_an_epc_is_a_read() {
    let read = right(EPC);
    assert_eq!(
        (read.antenna, read.rssi_cdbm, read.reader_time, read.tid),
        (0, NO_RSSI_CDBM, None, None)
    );
}

#[test]
fn an_epc_of_whole_words_is_taken_and_of_any_other_length_refused() {
    for (content, epc) in [("0010 3000", "3000"), ("0000", "")] {
        assert_eq!(right(&tlv(241, content)).epc, bytes(epc), "{content}");
    }
    for content in ["000b ffff", "0001 ff", "0008 aa", "005c 3074257bf7194e4000001a80"] {
        let error = report(&tlv(241, content), true).unwrap_err();
        assert!(error.contains("expected whole words of 16 bits"), "{content}: {error}");
    }
    let longest = "ab".repeat(62);
    assert_eq!(right(&tlv(241, &format!("01f0 {longest}"))).epc, bytes(&longest));
}

#[test]
fn an_epc_of_another_length_than_its_control_word_counts_is_refused() {
    assert_eq!(right(&format!("{EPC} 8c3000")).epc.len(), 12);
    let error = report(&format!("{EPC} 8c2800"), true).unwrap_err();
    assert!(error.contains("expected the 5 that its control word 2800 counts"), "{error}");
}

#[test]
fn an_epc_longer_than_any_tags_or_none_at_all_is_refused() {
    let error = report(&tlv(241, &format!("0200 {}", "ab".repeat(64))), true).unwrap_err();
    assert!(error.contains("64 bytes, expected at most 62"), "{error}");
    assert!(report("810001", true).unwrap_err().contains("without an EPC"));
}

#[test]
fn the_time_is_the_last_seen_else_the_first_and_never_one_counted_from_the_readers_start() {
    let first = "820005a9e4bef862e0";
    let last = "840005a9e4bef895f0";
    for (times, has_clock, time) in [
        (format!("{first}{last}"), true, Some(1_594_174_805_153_264)),
        (first.to_owned(), true, Some(1_594_174_805_140_192)),
        (format!("{first}{last}"), false, None),
        ("830000000000001000850000000000002000".into(), true, None),
        // Beyond what a time can be.
        ("84ffffffffffffffff".into(), true, None),
        ("847fffffffffffffff".into(), true, None),
    ] {
        let read = report(&format!("{EPC}{times}"), has_clock).unwrap();
        assert_eq!(read.reader_time.map(Timestamp::as_microsecond), time, "{times}");
    }
}

#[test]
fn signal_strength_in_hundredths_is_taken_from_impinj_only() {
    let custom = |vendor: &str, subtype: &str| tlv(1023, &format!("{vendor} {subtype} e95a"));
    let impinj = custom("0000651a", "00000039");
    assert_eq!(right(&format!("{EPC} 86c9 {impinj}")).rssi_cdbm, -5798);
    assert_eq!(right(&format!("{EPC} {impinj}")).rssi_cdbm, -5798);
    for other in [custom("000000a1", "00000039"), custom("0000651a", "00000038")] {
        assert_eq!(right(&format!("{EPC} 86c9 {other}")).rssi_cdbm, -5500);
    }
}

#[test]
fn a_signal_beyond_what_radio_can_be_is_taken_as_its_limit() {
    assert_eq!(right(&format!("{EPC} 867f")).rssi_cdbm, 10_000);
    for (bits, cdbm) in [("7fff", 10_000), ("8000", -30_000)] {
        let impinj = tlv(1023, &format!("0000651a 00000039 {bits}"));
        assert_eq!(right(&format!("{EPC} {impinj}")).rssi_cdbm, cdbm);
    }
}

#[test]
fn the_tid_is_taken_from_impinj_or_from_our_own_read() {
    let tid = "0006 e28011052000 7a1b2c3d4e5f";
    let impinj = tlv(1023, &format!("0000651a 00000037 {tid}"));
    let read = |result: &str, operation: &str| tlv(349, &format!("{result} {operation} {tid}"));
    let right_tid = Some(Bank::from(bytes("e280110520007a1b2c3d4e5f")));
    for (content, right_tid) in [
        (impinj, right_tid.clone()),
        (read("00", "1c03"), right_tid.clone()),
        (read("00", "0001") + &read("00", "1c03"), right_tid),
        (read("00", "0001"), None),
        (read("02", "1c03"), None),
        (tlv(349, "00 1c03 0000"), None),
        (tlv(349, &format!("00 1c03 0020 {}", "ab".repeat(64))), None),
    ] {
        assert_eq!(right(&format!("{EPC} {content}")).tid, right_tid, "{content}");
    }
}

#[test]
fn an_input_that_changed_is_an_edge_at_the_readers_time_where_that_is_sane() {
    let at = Timestamp::from_second(1_800_000_000).unwrap();
    let notice = |micros: u64| {
        let time = Node::new(&d::UTC_TIMESTAMP, vec![Value::Number(micros)], vec![]);
        let fields = vec![Value::Number(2), Value::Number(1), Value::Number(0)];
        let event = Node::new(&d::GPI_EVENT, fields, vec![]);
        Node::new(&d::READER_EVENT_NOTIFICATION_DATA, vec![], vec![time, event])
    };
    let sane = edge(&notice(1_799_999_999_000_000), at, true, &[]).unwrap();
    assert_eq!((sane.port, sane.is_active), (2, true));
    assert_eq!(sane.at, Timestamp::from_second(1_799_999_999).unwrap());
    assert_eq!(edge(&notice(7), at, true, &[]).unwrap().at, at);
    for (active_low, is_active) in [(vec![1], true), (vec![2], false), (vec![1, 2], false)] {
        assert_eq!(edge(&notice(7), at, true, &active_low).unwrap().is_active, is_active);
    }
    assert_eq!(edge(&notice(1_799_999_999_000_000), at, false, &[]).unwrap().at, at);
}
