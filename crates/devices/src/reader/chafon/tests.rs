//! Tests of the Chafon dialect with published frames, without a reader.
//!
//! Source: the frames are those of public test suites for the family, retyped; their CRCs are right.

use proptest::prelude::*;

use super::*;
use crate::reader::dialect::NO_RSSI_CDBM;

const ONE_288: &str = "1500010301010C0000000000000000000003136BB1A5";
const OTHER_288: &str = "1500010301010C3039606303C74380001A055940F93E";
const PORT_3: &str = "1500010304010C49440000000000000A0003346425C0";
const SHORT_EPC: &str = "0D000103010104003230386DA3D2";
const TWO_288: &str = "2300010301020C0000000000000000000003136B0C0000000000000000000003146C70F2";
const END_288: &str = "0700010101001E4B";
const ONE_18: &str = "13000103010C0000000000000000000003133F39";
const TWO_18: &str = "20000103020C0000000000000000000003130C0000000000000000000003149AC9";

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text.replace(' ', "")).unwrap()
}

fn settings(layout: Layout) -> Settings {
    Settings { layout, power_dbm: 26, address: BROADCAST, antennas: vec![1] }
}

/// An answer of a reader with address 0.
fn answer(command: u8, status: u8, data: &[u8]) -> Vec<u8> {
    let length = u8::try_from(data.len() + 5).unwrap();
    let mut bytes = [&[length, 0x00, command, status], data].concat();
    bytes.extend(frame::crc(&bytes).to_le_bytes());
    bytes
}

fn information(power: u8) -> Vec<u8> {
    answer(0x21, 0, &[0x03, 0x01, 0x20, 0x02, 0x4E, 0x00, power, 0x0A])
}

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn feed(driver: &mut Chafon, bytes: &[u8]) -> FrameData {
    let mut fed = FrameData::default();
    driver.feed(bytes, Timestamp::UNIX_EPOCH, &mut fed);
    fed
}

fn feed_all(layout: Layout, parts: &[&[u8]]) -> FrameData {
    let mut driver = Chafon::new(settings(layout));
    driver.open();
    let mut fed = FrameData::default();
    for part in parts {
        driver.feed(part, Timestamp::UNIX_EPOCH, &mut fed);
    }
    fed
}

fn epcs(fed: &FrameData) -> Vec<String> {
    fed.reads.iter().map(|read| hex::encode_upper(&read.epc)).collect()
}

/// A driver that asked for its first inventory.
fn inventorying(settings: Settings) -> Chafon {
    let power = settings.power_dbm;
    let mut driver = Chafon::new(settings);
    driver.open();
    assert!(driver.poll(millis(0)).is_some());
    feed(&mut driver, &information(power));
    let asked = driver.poll(millis(50)).unwrap();
    assert_eq!(asked[2], 0x01);
    driver
}

#[test]
fn commands_come_out_as_published() {
    // CRC-16/MCRF4XX's check value, and the family's example of an inventory of port 1.
    assert_eq!(frame::crc(b"123456789"), 0x6F91);
    let body = bytes("0D FF 01 0F 00 01 00 00 00 00 80 14");
    let command = frame::command(0xFF, 0x01, &body[3..]);
    assert_eq!(command[..12], body);
    assert_eq!(command[12..], frame::crc(&body).to_le_bytes());
    assert_eq!(frame::command(0x00, 0x21, &[]), bytes("04 00 21 D9 6A"));
}

#[test]
fn published_answers_give_their_tags() {
    let zeros = "000000000000000000000313";
    for (layout, text, expected, antenna, rssi_cdbm) in [
        (Layout::Reader288, ONE_288, vec![zeros], 1, -2300),
        (Layout::Reader288, OTHER_288, vec!["3039606303C74380001A0559"], 1, -6600),
        (Layout::Reader288, PORT_3, vec!["49440000000000000A000334"], 3, -3000),
        (Layout::Reader288, SHORT_EPC, vec!["00323038"], 1, -2100),
        (Layout::Reader288, TWO_288, vec![zeros, "000000000000000000000314"], 1, -2300),
        (Layout::Reader288, END_288, vec![], 0, 0),
        (Layout::Reader18, ONE_18, vec![zeros], 0, NO_RSSI_CDBM),
        (Layout::Reader18, TWO_18, vec![zeros, "000000000000000000000314"], 0, NO_RSSI_CDBM),
    ] {
        let fed = feed_all(layout, &[&bytes(text)]);
        assert_eq!((fed.frames, fed.bad_frames, fed.garbage_bytes), (1, 0, 0), "{text}");
        assert_eq!(epcs(&fed), expected, "{text}");
        if let Some(read) = fed.reads.first() {
            assert_eq!((read.antenna, read.rssi_cdbm), (antenna, rssi_cdbm), "{text}");
            assert_eq!((read.at, read.reader_time), (Timestamp::UNIX_EPOCH, None));
        }
    }
}

#[test]
fn a_signal_stronger_than_radio_can_be_is_taken_as_the_strongest() {
    for (byte, rssi_cdbm) in [(230, 10_000), (231, 10_000), (255, 10_000), (0, -13_000)] {
        let fed = feed_all(Layout::Reader288, &[&answer(0x01, 3, &[1, 1, 2, 0x30, 0x34, byte])]);
        assert_eq!(fed.reads[0].rssi_cdbm, rssi_cdbm);
    }
}

#[test]
fn frames_cut_at_any_byte_are_taken_once_whole() {
    let stream = [ONE_288, TWO_288, END_288, PORT_3].map(bytes).concat();
    for cut in 0..=stream.len() {
        let fed = feed_all(Layout::Reader288, &[&stream[..cut], &stream[cut..]]);
        let counts = (fed.reads.len(), fed.frames, fed.bad_frames, fed.garbage_bytes);
        assert_eq!(counts, (4, 4, 0, 0), "cut at {cut}");
    }
    let one_by_one: Vec<&[u8]> = stream.chunks(1).collect();
    assert_eq!(feed_all(Layout::Reader288, &one_by_one).reads.len(), 4);
}

#[test]
fn a_frame_with_any_byte_changed_takes_no_other_frame_along() {
    let good = bytes(TWO_288);
    for place in 0..good.len() {
        let mut bad = good.clone();
        bad[place] ^= 0x41;
        let stream = [&bad[..], &bytes(ONE_288), &bytes(PORT_3)].concat();
        let mut driver = inventorying(settings(Layout::Reader288));
        let mut fed = feed(&mut driver, &stream);
        // Silence: a length that became too long is given up.
        driver.poll(millis(100));
        driver.poll(millis(400));
        driver.feed(&[], Timestamp::UNIX_EPOCH, &mut fed);
        let got = epcs(&fed);
        assert_eq!(got, ["000000000000000000000313", "49440000000000000A000334"], "byte {place}");
        assert!(fed.bad_frames + fed.garbage_bytes > 0, "byte {place}");
    }
}

#[test]
fn the_power_is_set_only_if_it_is_another_one() {
    for (has, expected) in [(26, vec![0x21, 0x01]), (20, vec![0x21, 0x2F, 0x01])] {
        let mut driver = Chafon::new(settings(Layout::Reader288));
        driver.open();
        let mut sent = Vec::new();
        let mut fed = FrameData::default();
        for tick in 0..5 {
            while let Some(command) = driver.poll(millis(tick * 50)) {
                sent.push(command[2]);
                let reply = match command[2] {
                    0x21 => information(has),
                    0x2F => {
                        assert_eq!(command[3], 26);
                        answer(0x2F, 0, &[])
                    }
                    _ => continue,
                };
                driver.feed(&reply, Timestamp::UNIX_EPOCH, &mut fed);
            }
        }
        assert_eq!(sent, expected);
        let power: Vec<&str> = fed
            .settings
            .iter()
            .filter(|setting| setting.name == "power_cdbm")
            .map(|setting| setting.value.as_str())
            .collect();
        assert_eq!(power.last(), Some(&"2600"));
        assert!(fed.settings.iter().any(|setting| setting.name == "region"));
    }
}

#[test]
fn the_next_inventory_waits_for_the_end_of_the_round() {
    let mut driver = inventorying(settings(Layout::Reader288));
    assert_eq!(driver.poll(millis(100)), None);
    feed(&mut driver, &bytes(ONE_288));
    assert_eq!(driver.poll(millis(150)), None, "status 03 does not end a round");
    feed(&mut driver, &bytes(END_288));
    assert_eq!(driver.poll(millis(200)).unwrap()[2], 0x01);
}

#[test]
fn every_status_that_ends_a_round_lets_the_next_one_begin() {
    for status in [0x01, 0x02, 0x04, 0x26, 0xF8, 0xF9, 0xFA, 0xFB, 0xFD, 0xFE, 0xFF] {
        let mut driver = inventorying(settings(Layout::Reader288));
        feed(&mut driver, &answer(0x01, status, &[]));
        let next = (2..30).find_map(|tick| driver.poll(millis(tick * 50)).map(|_| tick * 50));
        let limit = if status < 0xF8 || matches!(status, 0xFA | 0xFB) { 100 } else { 600 };
        assert!(next.is_some_and(|next| next <= limit), "{status:02X}: {next:?}");
    }
}

#[test]
fn a_reader_that_falls_silent_is_asked_again_and_after_three_rounds_reported_and_asked_what_it_is()
{
    let mut driver = inventorying(settings(Layout::Reader288));
    let mut asked = Vec::new();
    let mut fed = FrameData::default();
    for tick in 2..=240 {
        let now = tick * 50;
        asked.extend(driver.poll(millis(now)).map(|command| (now, command[2])));
        driver.feed(&[], Timestamp::UNIX_EPOCH, &mut fed);
    }
    let expected = [
        (2050, 0x01),
        (4050, 0x01),
        (6050, 0x21),
        (6850, 0x21),
        (7650, 0x21),
        (8450, 0x01),
        (10_450, 0x01),
    ];
    assert_eq!(asked, expected);
    let codes: Vec<&str> = fed.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [code::NO_ANSWER, code::NO_ANSWER]);
    assert!(fed.findings[0].text.contains("address FF"), "{}", fed.findings[0].text);
    // It comes back.
    let fed = feed(&mut driver, &answer(0x01, 0xFB, &[]));
    assert_eq!(fed.findings, []);
    assert_eq!(driver.poll(millis(12_050)).map(|command| command[2]), Some(0x01));
}

#[test]
fn a_slow_18_reader_gets_its_own_scan_time_and_a_second() {
    let mut driver = Chafon::new(settings(Layout::Reader18));
    driver.open();
    driver.poll(millis(0));
    feed(&mut driver, &answer(0x21, 0, &[3, 1, 9, 2, 0x4E, 0, 26, 50]));
    assert_eq!(driver.poll(millis(50)), Some(frame::command(BROADCAST, 0x01, &[])));
    assert_eq!(driver.poll(millis(6000)), None);
    assert!(driver.poll(millis(6050)).is_some());
}

#[test]
fn antennas_take_turns_and_a_missing_one_is_named_once() {
    let mut driver =
        inventorying(Settings { antennas: vec![1, 3, 9, 4], ..settings(Layout::Reader288) });
    let mut ports = vec![];
    let mut fed = FrameData::default();
    for tick in 2..10 {
        // The port that was asked last is 3 in every third round, which has no antenna.
        let is_3 = ports.last() == Some(&0x82);
        let reply = if is_3 { answer(0x01, 0xF8, &[]) } else { bytes(END_288) };
        driver.feed(&reply, Timestamp::UNIX_EPOCH, &mut fed);
        ports.push(driver.poll(millis(tick * 50)).unwrap()[10]);
    }
    assert_eq!(ports, [0x82, 0x83, 0x80, 0x82, 0x83, 0x80, 0x82, 0x83]);
    let texts: Vec<(&str, bool)> =
        fed.findings.iter().map(|f| (f.code, f.text.contains("port 3"))).collect();
    assert_eq!(texts, [(code::NO_ANTENNA, true)]);
}

#[test]
fn a_refusal_is_told_with_its_status_and_the_mend() {
    for (reply, expected) in [
        (answer(0x2F, 0xFF, &[]), "26 dBm of power with status FF"),
        (answer(0x01, 0xFD, &[]), "inventory with status FD"),
        (answer(0x00, 0xFE, &[]), "a command with status FE"),
        (answer(0x21, 0xF9, &[]), "get reader information with status F9"),
    ] {
        let mut driver = inventorying(settings(Layout::Reader288));
        let fed = feed(&mut driver, &reply);
        assert_eq!(fed.findings.len(), 1, "{expected}");
        assert_eq!(fed.findings[0].code, code::REFUSED);
        assert!(fed.findings[0].text.contains(expected), "{}", fed.findings[0].text);
        let again = feed(&mut driver, &reply);
        assert_eq!(again.findings, []);
    }
}

#[test]
fn a_reader_without_information_is_read_and_left_as_it_is() {
    let mut driver = Chafon::new(settings(Layout::Reader18));
    driver.open();
    let mut sent = Vec::new();
    let mut fed = FrameData::default();
    for tick in 0..60 {
        sent.extend(driver.poll(millis(tick * 50)).map(|command| command[2]));
        driver.feed(&[], Timestamp::UNIX_EPOCH, &mut fed);
    }
    assert_eq!(sent, [0x21, 0x21, 0x21, 0x01]);
    assert_eq!(fed.findings[0].code, code::NO_ANSWER);
}

#[test]
fn the_wrong_layout_gives_no_tag_and_names_the_right_one() {
    for (layout, text, right) in
        [(Layout::Reader18, ONE_288, "288"), (Layout::Reader288, ONE_18, "18")]
    {
        let fed = feed_all(layout, &[&bytes(text)]);
        assert_eq!((fed.reads.len(), fed.bad_frames), (0, 1));
        assert_eq!(fed.findings[0].code, code::NOT_THIS_DEVICE);
        let mend = format!("set `layout` to {right}");
        assert!(fed.findings[0].text.contains(&mend), "{}", fed.findings[0].text);
    }
}

/// How many tags are in the data of an answer; none if it does not have this layout.
fn count(layout: Layout, data: &[u8]) -> Option<usize> {
    let mut count = 0;
    tag::tags(layout, data, |_| count += 1)?;
    Some(count)
}

#[test]
fn tags_that_do_not_fill_the_answer_to_the_last_byte_are_refused() {
    for (layout, data) in [
        (Layout::Reader18, &[2, 4, 1, 2, 3, 4, 2, 5, 6][..]),
        (Layout::Reader288, &[1, 2, 4, 1, 2, 3, 4, 99, 2, 5, 6, 98]),
    ] {
        assert_eq!(count(layout, data), Some(2));
        let longer = [data, &[0]].concat();
        assert_eq!(count(layout, &longer), None);
        for length in 1..data.len() {
            assert_eq!(count(layout, &data[..length]), None, "{layout:?}, {length} bytes");
        }
    }
    let odd = [1, 3, 1, 2, 3];
    assert_eq!(count(Layout::Reader18, &odd), None);
    let too_long = [&[1, 64][..], &[0; 64]].concat();
    assert_eq!(count(Layout::Reader18, &too_long), None);
}

#[test]
fn a_tid_that_comes_along_is_kept_apart() {
    let epc = [0x30, 0x39, 0x60, 0x63];
    let tid = [0xE2, 0x80, 0x11, 0x05, 0x20, 0, 0, 1, 2, 3, 4, 5];
    let data = [&[0x02, 0x01, 0x80 | 16][..], &epc, &tid, &[60]].concat();
    let fed = feed_all(Layout::Reader288, &[&answer(0x01, 0x03, &data)]);
    let read = &fed.reads[0];
    assert_eq!((&read.epc[..], read.tid.as_deref()), (&epc[..], Some(&tid[..])));
    assert_eq!((read.antenna, read.rssi_cdbm), (2, -7000));
    let too_short = [&[0x02, 0x01, 0x80 | 4][..], &epc, &[60]].concat();
    let fed = feed_all(Layout::Reader288, &[&answer(0x01, 0x03, &too_short)]);
    assert_eq!((fed.reads.len(), fed.bad_frames), (0, 1));
}

#[test]
fn a_reader_that_reads_by_itself_is_understood() {
    let notice = answer(0xEE, 0x00, &[0x04, 0x02, 0x12, 0x34, 70]);
    let heartbeat = answer(0xEE, 0x28, &[0; 16]);
    let fed = feed_all(Layout::Reader288, &[&notice, &heartbeat]);
    assert_eq!((fed.frames, fed.bad_frames, fed.reads.len()), (2, 0, 1));
    assert_eq!((fed.reads[0].antenna, fed.reads[0].rssi_cdbm), (3, -6000));
}

#[test]
fn after_a_stop_nothing_is_asked_and_what_still_comes_is_taken() {
    let mut driver = inventorying(settings(Layout::Reader288));
    assert_eq!(driver.stop(), Vec::<u8>::new());
    let fed = feed(&mut driver, &[bytes(ONE_288), bytes(END_288)].concat());
    assert_eq!(fed.reads.len(), 1);
    assert!((2..200).all(|tick| driver.poll(millis(tick * 50)).is_none()));
}

#[test]
fn a_line_of_garbage_is_reported_as_another_device() {
    let fed = feed_all(Layout::Reader288, &[&[0x02; 2000]]);
    assert_eq!(fed.findings[0].code, code::NOT_THIS_DEVICE);
    assert_eq!(fed.garbage_bytes, 2000);
}

#[test]
fn only_the_reader_with_the_set_address_is_heard() {
    let mut driver = Chafon::new(Settings { address: 0x05, ..settings(Layout::Reader288) });
    driver.open();
    assert_eq!(driver.poll(millis(0)).unwrap()[1], 0x05);
    assert_eq!(feed(&mut driver, &bytes(ONE_288)).frames, 0);
}

#[test]
fn memory_stays_bounded_whatever_comes() {
    let mut driver = Chafon::new(settings(Layout::Reader288));
    driver.open();
    for _ in 0..5 {
        feed(&mut driver, &[0xFF, 0x00, 0x01].repeat(5000));
    }
    let mut fed = FrameData::default();
    assert!(driver.cutter.is_waiting());
    driver.cutter.give_up(&mut fed, |_, _| ());
    assert!(fed.bad_frames + fed.garbage_bytes <= 256, "{fed:?}");
}

proptest! {
    #[test]
    fn any_bytes_are_survived(
        parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..400), 0..8),
        is_18 in any::<bool>(),
    ) {
        let layout = if is_18 { Layout::Reader18 } else { Layout::Reader288 };
        let mut driver = Chafon::new(settings(layout));
        driver.open();
        let mut fed = FrameData::default();
        for (tick, part) in (0u64..).zip(&parts) {
            driver.feed(part, Timestamp::UNIX_EPOCH, &mut fed);
            driver.poll(millis(tick * 200));
        }
        let decoded = fed.garbage_bytes + fed.bad_frames + fed.frames;
        let given: usize = parts.iter().map(Vec::len).sum();
        prop_assert!(decoded <= given as u64);
    }

    #[test]
    fn any_data_with_a_right_checksum_are_survived(
        command in proptest::sample::select(vec![0x00u8, 0x01, 0x21, 0x2F, 0xEE]),
        status in any::<u8>(),
        data in proptest::collection::vec(any::<u8>(), 0..250),
    ) {
        for layout in [Layout::Reader18, Layout::Reader288] {
            let fed = feed_all(layout, &[&answer(command, status, &data)]);
            prop_assert_eq!(fed.frames, 1);
            prop_assert!(fed.reads.iter().all(|read| read.epc.len() <= 62));
        }
    }

    #[test]
    fn garbage_takes_no_frame_along(
        garbage in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut driver = inventorying(settings(Layout::Reader288));
        let mut fed = feed(&mut driver, &[garbage, bytes(ONE_288), bytes(PORT_3)].concat());
        driver.poll(millis(100));
        driver.poll(millis(300));
        driver.feed(&[], Timestamp::UNIX_EPOCH, &mut fed);
        let got = epcs(&fed);
        prop_assert!(got.ends_with(&[
            "000000000000000000000313".to_owned(),
            "49440000000000000A000334".to_owned(),
        ]), "{:?}", got);
    }
}
