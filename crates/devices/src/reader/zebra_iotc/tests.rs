//! Messages of Zebra's readers: as documented and as published from real ones, and what must be refused.
//!
//! Source: as in the driver; the values are of our own.

use jiff::Timestamp;
use reads::Direction;

use super::*;

fn take(format: &mut ZebraIotc, text: &str) -> Result<DeviceData, String> {
    let payload = text.as_bytes();
    let at = Timestamp::UNIX_EPOCH;
    format.take(&Message { topic: "zebra/d1/data", payload, is_retained: false, at })
}

fn event(number: u64) -> String {
    format!(
        r#"{{"data":{{"CRC":"","PC":"3000","antenna":2,"channel":0.0,"eventNum":{number},"format":"epc","idHex":"3074257BF7194E4000001A85","peakRssi":-47,"phase":0.0,"reads":1}},"timestamp":"2026-11-20T10:00:00.000Z","type":"SIMPLE"}}"#
    )
}

#[test]
fn single_events_and_batches_of_a_fixed_reader_are_read() {
    let mut format = ZebraIotc::new("t");
    let decoded = take(&mut format, &event(1)).unwrap();
    assert_eq!((decoded.reads[0].antenna, decoded.reads[0].rssi_cdbm), (2, -4700));
    let batch = format!("[{},{}]", event(2), event(3));
    let decoded = take(&mut format, &batch).unwrap();
    assert_eq!((decoded.reads.len(), decoded.findings.len()), (2, 0));
}

#[test]
fn a_number_left_out_is_a_gap_and_a_smaller_one_is_a_restart() {
    let mut format = ZebraIotc::new("t");
    take(&mut format, &event(10)).unwrap();
    let decoded = take(&mut format, &event(14)).unwrap();
    assert_eq!(decoded.findings[0].code, code::GAP);
    assert!(decoded.findings[0].text.starts_with("3 events are missing"));
    assert_eq!(take(&mut format, &event(1)).unwrap().findings, []);
    let refused = event(9).replace("3074", "xx");
    take(&mut format, &refused).unwrap_err();
    assert_eq!(take(&mut format, &event(2)).unwrap().findings, []);
}

#[test]
fn a_handheld_message_gives_its_tags_with_their_own_time_or_that_of_the_message() {
    let text = r#"{"type":"dataEVT","timestamp":"2026-11-20T10:00:05.5+0000","data":{"tagData":[
        {"id":"3074257BF7194E4000001A85","rssi":-51.5,"timestamp":"2026-11-20T10:00:04Z"},
        {"id":"3074257BF7194E4000001A86"}],"barcodeData":[{"code":"x"}]}}"#;
    let decoded = take(&mut ZebraIotc::new("t"), text).unwrap();
    let times: Vec<String> =
        decoded.reads.iter().map(|read| read.reader_time.unwrap().to_string()).collect();
    assert_eq!(times, ["2026-11-20T10:00:04Z", "2026-11-20T10:00:05.5Z"]);
    assert_eq!((decoded.reads[0].rssi_cdbm, decoded.other_events), (-5150, 1));
}

#[test]
fn an_input_is_an_edge_and_other_events_are_counted() {
    let mut format = ZebraIotc::new("t");
    let gpi =
        r#"{"type":"GPI","timestamp":"2026-11-20T10:00:00Z","data":{"pin":1,"state":"HIGH"}}"#;
    assert!(take(&mut format, gpi).unwrap().edges[0].is_active);
    let heartbeat = r#"{"type":"heartbeat","timestamp":"2026-11-20T10:00:00Z","data":{}}"#;
    assert_eq!(take(&mut format, heartbeat).unwrap().other_events, 1);
}

#[test]
fn a_tag_without_strength_never_outranks_one_that_was_heard() {
    let silent = event(1).replace(r#""peakRssi":-47,"#, "");
    assert_eq!(take(&mut ZebraIotc::new("t"), &silent).unwrap().reads[0].rssi_cdbm, -30_000);
    let handheld = r#"{"data":{"tagData":[{"id":"3074257BF7194E4000001A85"}]}}"#;
    assert_eq!(take(&mut ZebraIotc::new("t"), handheld).unwrap().reads[0].rssi_cdbm, -30_000);
}

#[test]
fn an_input_of_a_reader_with_a_wrong_clock_has_the_time_of_arrival() {
    let gpi =
        r#"{"type":"GPI","timestamp":"2036-11-20T10:00:00Z","data":{"pin":1,"state":"HIGH"}}"#;
    let decoded = take(&mut ZebraIotc::new("t"), gpi).unwrap();
    assert_eq!(decoded.edges[0].at, Timestamp::UNIX_EPOCH);
}

#[test]
fn a_message_that_the_broker_kept_is_refused_with_what_mends_it_and_counts_for_no_gap() {
    let mut format = ZebraIotc::new("t");
    let (payload, at) = (event(1), Timestamp::UNIX_EPOCH);
    let message = Message { topic: "t", payload: payload.as_bytes(), is_retained: true, at };
    let reason = format.take(&message).unwrap_err();
    assert!(reason.contains("switch retain off"), "{reason}");
    assert_eq!(take(&mut format, &event(5)).unwrap().findings, []);
}

#[test]
fn malformed_messages_are_refused_with_what_would_be_right() {
    for bad in ["", "[", "{\"data\":{\"idHex\":\"zz\"}}", "{\"data\":{\"idHex\":3}}", "7"] {
        assert!(take(&mut ZebraIotc::new("t"), bad).is_err(), "{bad}");
    }
}

/// One event of a handheld, with the members that the maker documents.
const HANDHELD: &str = r#"{"type":"BALANCED_PERFORMANCE","timestamp":"2026-11-20T10:00:05Z","data":{"tagData":[
    {"EPCid":"3074257BF7194E4000001A85","EPC":"3074257BF7194E4000001A85","TID":"E2801190200050010F0A0B0C",
     "USER":"00010203","PC":"3000","CRC":"1d0f","channel":911.75,"eventNum":1,"format":"EPC","peakRssi":-39,"phase":0,
     "seenCount":3,"accessResults":["READ-EPC-SUCCESS"],"firstSeenTime":1795168800100,"lastSeenTime":1795168800250,
     "MAC":"00:11:22:33:44:55","HOSTNAME":"RFD4031","userDefined":"dock"},
    {"EPC":"3074257BF7194E4000001A86","eventNum":2,"format":"EPC","RSSI":"-60"},
    {"EPCid":"3074257BF7194E4000001A87","eventNum":3,"format":"EPC","TID":"Error: No Response from Tag"}]}}"#;

fn epcs(decoded: &DeviceData) -> Vec<String> {
    decoded.reads.iter().map(|read| hex::encode_upper(&read.epc)).collect()
}

#[test]
fn the_members_that_the_maker_documents_for_a_handheld_are_read() {
    let mut format = ZebraIotc::new("t");
    let decoded = take(&mut format, HANDHELD).unwrap();
    assert_eq!(
        epcs(&decoded),
        ["3074257BF7194E4000001A85", "3074257BF7194E4000001A86", "3074257BF7194E4000001A87"]
    );
    let [first, second, third] = &decoded.reads[..] else { panic!("{decoded:?}") };
    assert_eq!(first.tid.as_deref(), Some(&hex::decode("E2801190200050010F0A0B0C").unwrap()[..]));
    assert_eq!((first.rssi_cdbm, second.rssi_cdbm, third.rssi_cdbm), (-3900, -6000, -30_000));
    assert_eq!(first.reader_time.unwrap().to_string(), "2026-11-20T10:00:00.25Z");
    assert_eq!(second.reader_time.unwrap().to_string(), "2026-11-20T10:00:05Z");
    assert_eq!(decoded.dead_letters, []);
    // The TID that could not be read is said once; the tag was read.
    assert_eq!((third.tid.as_ref(), decoded.findings.len()), (None, 1));
    assert!(decoded.findings[0].text.contains("No Response"), "{:?}", decoded.findings);
    assert_eq!(take(&mut format, HANDHELD).unwrap().findings, []);
}

#[test]
fn one_bad_record_is_refused_with_its_text_and_the_others_are_taken() {
    let text = r#"{"type":"ADVANCED","timestamp":"2026-11-20T10:00:05Z","data":{"tagData":[
        {"EPCid":"3074257BF7194E4000001A85"},{"EPCid":"3074257BF7194E4000001A8"},{"eventNum":4},
        {"EPCid":"3074257BF7194E4000001A87","peakRssi":"loud"},{"EPCid":"3074257BF7194E4000001A88"}]}}"#;
    let decoded = take(&mut ZebraIotc::new("t"), text).unwrap();
    assert_eq!(epcs(&decoded), ["3074257BF7194E4000001A85", "3074257BF7194E4000001A88"]);
    let letters: Vec<(&str, &[u8])> =
        decoded.dead_letters.iter().map(|it| (it.reason.as_str(), &it.payload[..])).collect();
    assert_eq!(letters[0].1, br#"{"EPCid":"3074257BF7194E4000001A8"}"#);
    assert!(letters[0].0.starts_with("got 23 hex digits"), "{}", letters[0].0);
    assert!(letters[1].0.contains("let the reader report EPCid"), "{}", letters[1].0);
    assert!(letters[2].0.contains("expected a number"), "{}", letters[2].0);
    assert_eq!(letters.len(), 3);
}

#[test]
fn one_bad_event_of_a_batch_is_refused_and_no_gap_is_made_of_it() {
    let mut format = ZebraIotc::new("t");
    let bad = event(2).replace("1A85", "1A8");
    let decoded = take(&mut format, &format!("[{},{bad},{},7]", event(1), event(3))).unwrap();
    assert_eq!((decoded.reads.len(), decoded.dead_letters.len()), (2, 2));
    assert_eq!(decoded.dead_letters[0].payload, bad.as_bytes());
    assert_eq!(decoded.findings, []);
    // A message of nothing but bad events makes no more letters than the bound.
    let many = vec![bad; 50].join(",");
    let decoded = take(&mut format, &format!("[{many}]")).unwrap();
    assert_eq!((decoded.reads.len(), decoded.dead_letters.len()), (0, 10));
    assert!(
        decoded.dead_letters[9].reason.ends_with("40 more records of this message are refused")
    );
}

#[test]
fn a_time_is_milliseconds_or_rfc_3339_with_any_spelling_of_its_offset() {
    for (written, time) in [
        ("1795168800250", "2026-11-20T10:00:00.25Z"),
        ("\"1795168800250\"", "2026-11-20T10:00:00.25Z"),
        ("1795168800250.0", "2026-11-20T10:00:00.25Z"),
        ("\"2026-11-20T10:00:00.250Z\"", "2026-11-20T10:00:00.25Z"),
        ("\"2026-11-20T10:00:00.250+0000\"", "2026-11-20T10:00:00.25Z"),
        ("\"2026-11-20T12:00:00.250+0200\"", "2026-11-20T10:00:00.25Z"),
        ("\"2026-11-20T12:00:00.250+02:00\"", "2026-11-20T10:00:00.25Z"),
        ("\"2026-11-20T12:00:00+0200\"", "2026-11-20T10:00:00Z"),
        // Seconds and microseconds are not guessed: as milliseconds they are far off, and the window says so.
        ("1795168800", "1970-01-21T18:39:28.8Z"),
    ] {
        let text = event(1).replace("\"2026-11-20T10:00:00.000Z\"", written);
        let decoded = take(&mut ZebraIotc::new("t"), &text).unwrap();
        assert_eq!(decoded.reads[0].reader_time.unwrap().to_string(), time, "{written}");
    }
    for bad in
        ["\"10:00:00\"", "\"2026-11-20T10:00:00\"", "1.5", "true", "99999999999999999", "1e300"]
    {
        let text = event(1).replace("\"2026-11-20T10:00:00.000Z\"", bad);
        let reason = take(&mut ZebraIotc::new("t"), &text).unwrap_err();
        assert!(reason.contains("expected milliseconds since 1970 or RFC 3339"), "{bad}: {reason}");
    }
}

fn directionality(number: u64, members: &str) -> String {
    format!(
        r#"{{"type":"DIRECTIONALITY","timestamp":"2026-11-20T10:00:40.000+0000","data":{{"eventNum":{number},"tagId":"3074257BF7194E4000001A85",{members}}}}}"#
    )
}

#[test]
fn a_directionality_message_keeps_the_direction_and_the_time_at_which_the_tag_was_seen() {
    let mut format = ZebraIotc::new("t");
    for (members, direction) in [
        (r#""state":"NEW","zone":1,"zoneName":"outside""#, None),
        (
            r#""state":"TRANSITION","zone":2,"zoneName":"inside","prevZone":1,"prevZoneName":"outside""#,
            None,
        ),
        (r#""state":"TIMED_OUT","zone":2,"direction":"IN""#, Some(Direction::In)),
        (
            r#""state":"TIMED_OUT","zone":1,"direction":"OUT","zoneHistory":[[1795168800724,2]]"#,
            Some(Direction::Out),
        ),
        (r#""state":"TIMED_OUT","zone":1,"direction":"NONE""#, Some(Direction::Unclear)),
        (r#""state":"TIMED_OUT","zone":1,"direction":"UNKNOWN""#, Some(Direction::Unclear)),
        (r#""state":"TIMED_OUT","zone":1,"direction":"ERROR""#, Some(Direction::Unclear)),
        (r#""state":"TIMED_OUT","zone":1,"direction":null"#, None),
    ] {
        let decoded = take(&mut format, &directionality(1, members)).unwrap();
        assert_eq!(epcs(&decoded), ["3074257BF7194E4000001A85"], "{members}");
        assert_eq!(decoded.reads[0].direction, direction, "{members}");
        assert_eq!(decoded.reads[0].reader_time.unwrap().to_string(), "2026-11-20T10:00:40Z");
    }
    let seen =
        r#""state":"TIMED_OUT","direction":"IN","lastSeenTimestamp":"2026-11-20T10:00:10.5Z""#;
    let decoded = take(&mut format, &directionality(2, seen)).unwrap();
    assert_eq!(decoded.reads[0].reader_time.unwrap().to_string(), "2026-11-20T10:00:10.5Z");
    // A reader's own application adds the direction to a tag event.
    let beside = event(3).replace("\"type\":", "\"direction\":\"Out\",\"type\":");
    assert_eq!(take(&mut format, &beside).unwrap().reads[0].direction, Some(Direction::Out));
    let reason = take(&mut format, &directionality(4, r#""direction":"UP""#)).unwrap_err();
    assert!(reason.contains("expected IN, OUT, NONE, UNKNOWN or ERROR"), "{reason}");
}

#[test]
fn events_of_the_reader_itself_are_counted_whatever_is_in_them() {
    for text in [
        r#"{"component":"RG","data":{"pin":1,"state":"HIGH"},"eventNum":9,"timestamp":"2026-11-20T10:00:00.000+0000","type":"gpo"}"#,
        r#"{"type":"heartbeat","timestamp":"10:00:00","data":{"system":{"systemtime":"20/11/2026 10:00"},"antenna":{"1":"x"}}}"#,
        r#"{"type":"warning","data":"too hot"}"#,
        r#"{"type":"firmwareUpdateProgress","data":{"status":"started","state":7}}"#,
        r#"{"type":"userapp","data":["door"]}"#,
        r#"{"type":"BLE_DATA","eventNum":5,"data":{"RSSI":-66,"Address":"00:11:22:33:44:55"}}"#,
        r#"{"eventName":"heartbeat","timestamp":"2026-11-20T10:00:00Z","eventNumber":120,"data":{"batteryAlert":{}}}"#,
        r#"{"connectionState":"CONNECTED","timestamp":"10:00:00","deviceModel":"RFD4031"}"#,
    ] {
        let decoded = take(&mut ZebraIotc::new("t"), text).unwrap();
        assert_eq!((decoded.other_events, decoded.dead_letters.len()), (1, 0), "{text}");
    }
    let gpi = r#"{"component":"RG","data":{"pin":2,"state":"LOW"},"timestamp":1795168800250,"type":"gpi"}"#;
    let decoded = take(&mut ZebraIotc::new("t"), gpi).unwrap();
    assert_eq!((decoded.edges[0].port, decoded.edges[0].is_active), (2, false));
    // An event of a reading mode without a tag is no other event: something is configured that hides the tag.
    let reason = take(&mut ZebraIotc::new("t"), r#"{"type":"CUSTOM","data":{"eventNum":1}}"#);
    assert!(reason.unwrap_err().contains("has no EPC"));
}

#[test]
fn the_bank_and_the_id_of_a_tag_are_told_apart_by_its_control_word_and_never_by_guessing() {
    let read = |members: &str| {
        let text = format!(r#"{{"data":{{"tagData":[{{{members}}}]}}}}"#);
        take(&mut ZebraIotc::new("t"), &text).map(|decoded| epcs(&decoded).remove(0))
    };
    let epc = "3074257BF7194E4000001A85";
    for members in [
        // The whole bank: CRC, control word, EPC, and words after it.
        r#""EPC":"1D0F30003074257BF7194E4000001A850000","PC":"3000""#,
        r#""EPC":"3074257BF7194E4000001A85","PC":"3000""#,
        r#""EPCid":"3074257bf7194e4000001a85","EPC":"1D0F3000""#,
        r#""EPCid":"3074257BF7194E4000001A85","EPC":"Error: No Response from Tag","PC":"""#,
        r#""idHex":"3074257BF7194E4000001A85","tagId":"3074257BF7194E4000001A85""#,
    ] {
        assert_eq!(read(members).unwrap(), epc, "{members}");
    }
    for (members, reason) in [
        (
            r#""EPCid":"3074257BF7194E4000001A85","PC":"3800""#,
            "expected the 7 that its control word",
        ),
        (r#""EPC":"3074257BF7194E4000001A85","PC":"2000""#, "expected the 4 that its control word"),
        (
            r#""EPCid":"3074257BF7194E4000001A85","idHex":"3074257BF7194E4000001A86""#,
            "for one tag, expected one",
        ),
        (r#""EPCid":"3074257BF7194E4000001A85","PC":"30""#, "expected four hex digits"),
        (r#""EPCid":"3074257BF7194E4000001A85","TID":"unread""#, "`unread`"),
        (r#""EPCid":17"#, "expected text"),
        (r#""EPCid":"3074257BF7194E4000001A85","antenna":65536"#, "expected 0 to 65535"),
    ] {
        let found = read(members).unwrap_err();
        assert!(found.contains(reason), "{members}: {found}");
    }
}

#[test]
fn an_empty_member_is_absent_and_never_an_empty_tag() {
    let handheld = |tag: &str| format!(r#"{{"type":"dataEVT","data":{{"tagData":[{{{tag}}}]}}}}"#);
    let fixed = |tag: &str| format!(r#"{{"type":"SIMPLE","data":{{{tag}}}}}"#);
    let untyped = |tag: &str| format!(r#"{{"data":{{{tag}}}}}"#);
    let epc = "3074257BF7194E4000001A85";
    for tag in [
        format!(r#""EPCid":"","EPC":"{epc}""#),
        format!(r#""EPCid":"","EPC":"{epc}","PC":"3000","TID":"","RSSI":"","antenna":"""#),
        format!(r#""id":"","idHex":"{epc}","timestamp":"","direction":"""#),
        format!(r#""idHex":" ","tagId":"{epc}","PC":"""#),
    ] {
        for text in [handheld(&tag), fixed(&tag), untyped(&tag)] {
            let decoded = take(&mut ZebraIotc::new("t"), &text).unwrap();
            assert_eq!(hex::encode_upper(&decoded.reads[0].epc), epc, "{text}");
        }
    }
    for tag in [r#""idHex":"""#, r#""EPCid":"","EPC":"","PC":"3000""#, r#""id":" ""#] {
        for text in [handheld(tag), fixed(tag), untyped(tag)] {
            let reason = take(&mut ZebraIotc::new("t"), &text).unwrap_err();
            assert!(reason.contains("has no EPC"), "{text}: {reason}");
        }
    }
    let barcode = r#"{"data":{"EPCid":"","barcodeData":[{"code":"x"}]}}"#;
    assert_eq!(take(&mut ZebraIotc::new("t"), barcode).unwrap().other_events, 1);
}
