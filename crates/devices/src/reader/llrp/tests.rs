//! Behaviour of the driver against readers played from hand-written messages.
//!
//! The way through: [`Played`] feeds the driver and answers each command with success, unless a test says
//! otherwise; what the driver writes is compared byte for byte.
//!
//! What holds: lengths of the reader's messages are counted by [`tlv`] and [`message`], all else is typed.
//!
//! Not here: reports in every form (`super::report_tests`), the codec (`super::codec_tests`).
//!
//! Source: LLRP 1.0.1, section 16; the order of commands is the driver's own.

pub(super) mod r420;
mod refused;

use proptest::prelude::*;

use super::*;
use crate::reader::dialect::{Antenna, NO_RSSI_CDBM};

pub(super) fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text.replace(' ', "")).unwrap()
}

/// A parameter with its length counted.
pub(super) fn tlv(number: u16, content: &str) -> String {
    let content = content.replace(' ', "");
    format!("{number:04x}{:04x}{content}", content.len() / 2 + 4)
}

/// A message of version 1 with its length counted.
pub(super) fn message(number: u16, id: u32, content: &str) -> Vec<u8> {
    let content = content.replace(' ', "");
    bytes(&format!("{:04x}{:08x}{id:08x}{content}", 0x400 | number, content.len() / 2 + 10))
}

fn success() -> String {
    tlv(287, "0000 0000")
}

/// A reader of this maker with two ports and the levels 10, 20.25 and 30 dBm; Impinj's can do more.
fn capabilities(vendor: u32) -> String {
    let is_impinj = vendor == impinj::VENDOR;
    let general = tlv(137, &format!("0002 4000 {vendor:08x} 0000002a 0005 322e372e31"));
    let llrp = tlv(
        142,
        &format!(
            "{} 01 0000 00000001 00000020 00000001 00000010 00000008",
            if is_impinj { "48" } else { "00" }
        ),
    );
    let levels = ["0001 03e8", "0002 07e9", "0003 0bb8"].map(|level| tlv(145, level)).concat();
    let frequencies = if is_impinj {
        tlv(146, &format!("80 {}", tlv(147, "05 00 0001 000de1f2")))
    } else {
        tlv(146, &format!("00 {}", tlv(148, "0001 000d3584")))
    };
    let band = tlv(143, &format!("0348 0001 {}", tlv(144, &(levels + &frequencies))));
    success() + &general + &llrp + &band
}

fn hello(status: u16) -> Vec<u8> {
    let time = tlv(128, "0005ac35bd20d1da");
    let attempt = tlv(256, &format!("{status:04x}"));
    message(63, 0, &tlv(246, &(time + &attempt)))
}

fn event(content: &str) -> Vec<u8> {
    message(63, 9, &tlv(246, &(tlv(128, "0005ac35bd20d1da") + content)))
}

pub(super) fn settings() -> Settings {
    Settings {
        power_dbm: 25.0,
        antennas: vec![1, 2],
        session: 2,
        read_tid: true,
        active_low: vec![3],
    }
}

/// A reader, played.
struct Played {
    driver: Llrp,
    vendor: u32,
    now: Duration,
    /// What the driver wrote, as hex.
    written: Vec<String>,
    fed: FrameData,
    /// Answers in place of success: type number of the command, number and content of the answer.
    instead: Vec<(u16, u16, String)>,
}

impl Played {
    fn new(vendor: u32, settings: Settings) -> Self {
        Self {
            driver: Llrp::new(settings),
            vendor,
            now: Duration::ZERO,
            written: Vec::new(),
            fed: FrameData::default(),
            instead: Vec::new(),
        }
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.driver.feed(bytes, Timestamp::UNIX_EPOCH, &mut self.fed);
    }

    fn answer(&self, command: &[u8]) -> Option<Vec<u8>> {
        let number = u16::from_be_bytes([command[0] & 3, command[1]]);
        let id = u32::from_be_bytes(command[6..10].try_into().unwrap());
        if let Some((_, number, content)) = self.instead.iter().find(|it| it.0 == number) {
            return (*number > 0).then(|| message(*number, id, content));
        }
        match number {
            1 => Some(message(11, id, &capabilities(self.vendor))),
            1023 => Some(message(1023, id, &format!("0000651a 16 {}", success()))),
            64 | 72 => None,
            _ => Some(message(number + 10, id, &success())),
        }
    }

    /// Lets driver and reader talk until the driver has nothing to write.
    fn talk(&mut self) {
        while let Some(command) = self.driver.poll(self.now) {
            self.written.push(hex::encode(&command));
            if let Some(answer) = self.answer(&command) {
                self.feed(&answer);
            }
        }
    }

    fn connected(vendor: u32, settings: Settings) -> Self {
        let mut played = Self::new(vendor, settings);
        played.driver.open();
        assert_eq!(played.driver.poll(Duration::ZERO), None, "the reader speaks first");
        played.feed(&hello(0));
        played.talk();
        played
    }

    fn findings(&mut self) -> Vec<Finding> {
        self.feed(&[]);
        std::mem::take(&mut self.fed.findings)
    }

    /// Type numbers of what was written.
    fn numbers(&self) -> Vec<u16> {
        let number = |text: &String| u16::from_str_radix(&text[..4], 16).unwrap() & 0x3FF;
        self.written.iter().map(number).collect()
    }
}

fn said(played: &Played, name: &str) -> Option<String> {
    played.fed.settings.iter().find(|setting| setting.name == name).map(|it| it.value.clone())
}

#[test]
fn a_plain_reader_is_brought_to_reading_command_by_command() {
    let mut played = Played::connected(161, settings());
    let inventory = |port: &str| {
        let session = tlv(336, "80 0020 00000000");
        let transmitter = tlv(224, "0000 0001 0002");
        tlv(222, &(port.to_owned() + &transmitter + &tlv(330, &("00".to_owned() + &session))))
    };
    let boundary = tlv(178, &(tlv(179, "00") + &tlv(182, "00 00000000")));
    let job = tlv(186, &("000101".to_owned() + &inventory("0001") + &inventory("0002")));
    let antennas = tlv(183, &("000200010002".to_owned() + &tlv(184, "00 00000000") + &job));
    let report = tlv(237, &("020001".to_owned() + &tlv(238, "1fc0")));
    let spec = tlv(177, &format!("00000001 00 00 {boundary}{antennas}{report}"));
    let event = |kind: &str| tlv(245, &format!("{kind} 80"));
    let kinds = ["0001", "0002", "0004", "0008"].map(event);
    let events = tlv(244, &kinds.concat());
    let tags = tlv(338, &tlv(339, "60 0000 0000 0000"));
    let read = tlv(341, "1c03 00000000 80 0000 0006");
    let access = tlv(208, "00 0000") + &tlv(209, &(tags + &read));
    let access = tlv(207, &format!("00000001 0000 01 00 00000001 {access}"));
    let right = [
        message(1, 1, "00"),
        message(3, 2, &format!("00 {}", tlv(220, "01 00001388"))),
        message(3, 3, &format!("00 {}", tlv(239, "00"))),
        message(3, 4, &format!("00 {events}")),
        message(2, 5, "0000 02 0000 0000"),
        message(41, 6, "00000000"),
        message(21, 7, "00000000"),
        message(20, 8, &spec),
        message(40, 9, &access),
        message(42, 10, "00000001"),
        message(24, 11, "00000001"),
        message(22, 12, "00000001"),
    ];
    assert_eq!(played.written, right.map(hex::encode));
    assert_eq!(played.findings(), []);
    for (name, value) in [
        ("vendor", "161"),
        ("model", "42"),
        ("version", "2.7.1"),
        ("power_cdbm", "2025"),
        ("antennas", "1,2"),
        ("session", "2"),
    ] {
        assert_eq!(said(&played, name).as_deref(), Some(value), "{name}");
    }
}

#[test]
fn an_impinj_reader_gets_its_extensions_and_no_read_operation() {
    let mut played = Played::connected(25882, Settings { antennas: vec![], ..settings() });
    assert_eq!(played.numbers(), [1, 1023, 3, 3, 3, 3, 2, 41, 21, 20, 24, 22, 64]);
    assert_eq!(played.written[1], hex::encode(message(1023, 2, "0000651a 15 00000000")));
    // A buffer nearly full is told, and nothing is held back.
    let watch = "00 03ff0010 0000651a 00000026 0001 0003";
    assert_eq!(played.written[3], hex::encode(message(3, 4, watch)));
    let reports = message(3, 5, &format!("00 {} {}", tlv(239, "00"), tlv(226, "00")));
    assert_eq!(played.written[4], hex::encode(reports));
    assert!(played.written[5].contains(&tlv(245, "0003 80")), "{}", played.written[5]);
    let selectors =
        "0000651a 00000032 03ff000e 0000651a 00000033 0001 03ff000e 0000651a 00000035 0001";
    let report = tlv(237, &format!("02 0001 {} {}", tlv(238, "1fc0"), tlv(1023, selectors)));
    let inventory = tlv(330, &format!("00 {}", tlv(336, "80 0020 00000000")));
    let antenna = tlv(222, &format!("0000 {} {inventory}", tlv(224, "0005 0000 0002")));
    let job = tlv(184, "00 00000000") + &tlv(186, &format!("0001 01 {antenna}"));
    let boundary = tlv(178, &(tlv(179, "00") + &tlv(182, "00 00000000")));
    let job = tlv(183, &format!("0001 0000 {job}"));
    let spec = tlv(177, &format!("00000001 00 00 {boundary}{job}{report}"));
    assert_eq!(played.written[9], hex::encode(message(20, 10, &spec)));
    assert_eq!(played.findings(), []);
    assert_eq!(said(&played, "antennas").as_deref(), Some("all"));
}

#[test]
fn reads_that_come_before_the_reader_says_what_it_can_do_carry_its_time_if_the_greeting_does() {
    let tag = message(
        61,
        5,
        &tlv(240, "8d 300833b2ddd9014000000001 820005a9e4bef862e0 840005a9e4bef895f0"),
    );
    let uptime = tlv(246, &(tlv(129, "0000000000100000") + &tlv(256, "0000")));
    for (greeting, time) in
        [(hello(0), Some(1_594_174_805_153_264)), (message(63, 0, &uptime), None)]
    {
        let mut played = Played::new(161, settings());
        played.driver.open();
        played.feed(&greeting);
        played.feed(&tag);
        let [read] = &played.fed.reads[..] else { panic!("{:?}", played.fed.reads) };
        assert_eq!(read.reader_time.map(Timestamp::as_microsecond), time);
    }
}

#[test]
fn inputs_are_switched_on_by_a_message_of_their_own_whose_refusal_costs_no_more() {
    let gpio = tlv(141, "0002 0004");
    let general = tlv(137, &format!("0002 4000 000000a1 0000002a 0000 {gpio}"));
    let on = |port: &str| tlv(225, &format!("{port} 80 02"));
    let right = message(3, 5, &format!("00 {}", on("0001") + &on("0002")));
    for answer in [success(), tlv(287, "006d 0000")] {
        let is_refused = answer != success();
        let mut played = Played::new(161, settings());
        played.instead.push((1, 11, success() + &general));
        played.driver.open();
        played.feed(&hello(0));
        while let Some(command) = played.driver.poll(played.now) {
            let is_inputs = command == right;
            played.written.push(hex::encode(&command));
            let answer = is_inputs.then(|| message(13, 5, &answer));
            let answer = answer.or_else(|| played.answer(&command)).unwrap();
            played.feed(&answer);
        }
        assert!(played.written.contains(&hex::encode(&right)), "{:?}", played.written);
        assert_eq!(played.numbers().last(), Some(&22));
        let findings = played.findings();
        assert_eq!(findings.len(), usize::from(is_refused), "{findings:?}");
        assert!(findings.iter().all(|it| it.text.contains("SET_READER_CONFIG for its inputs")));
    }
}

#[test]
fn what_a_report_leaves_out_is_as_it_was_told_last_on_this_connection() {
    let epc = "8d 300833b2ddd9014000000001";
    let report = |more: &str| message(61, 5, &tlv(240, &format!("{epc} {more}")));
    let seen = |played: &mut Played| {
        let read = played.fed.reads.pop().unwrap();
        (read.antenna, read.rssi_cdbm, read.reader_time.map(Timestamp::as_microsecond))
    };
    let mut played = Played::connected(161, settings());
    played.feed(&report("810002 86c9 820005a9e4bef862e0 840005a9e4bef895f0"));
    let first = (2, -5500, Some(1_594_174_805_153_264));
    assert_eq!(seen(&mut played), first);
    played.feed(&report(""));
    assert_eq!(seen(&mut played), first);
    played.feed(&report("810001 840005a9e4bef995f0"));
    assert_eq!(seen(&mut played), (1, -5500, Some(1_594_174_805_218_800)));
    played.feed(&report("86c8"));
    assert_eq!(seen(&mut played), (1, -5600, Some(1_594_174_805_218_800)));
    played.driver.open();
    played.feed(&hello(0));
    played.feed(&report(""));
    assert_eq!(seen(&mut played), (0, NO_RSSI_CDBM, None));
}

#[test]
fn a_reader_that_refuses_an_event_is_read_and_gives_signs_of_life_all_the_same() {
    let mut played = Played::new(161, settings());
    played.driver.open();
    played.feed(&hello(0));
    while let Some(command) = played.driver.poll(played.now) {
        played.written.push(hex::encode(&command));
        let refusal = message(13, 4, &tlv(287, "0064 0000"));
        let is_about_events = hex::encode(&command).contains(&tlv(245, "0001 80"));
        let answer = if is_about_events { Some(refusal) } else { played.answer(&command) };
        played.feed(&answer.unwrap());
    }
    assert_eq!(played.numbers().last(), Some(&22));
    assert_eq!(played.written[1], hex::encode(message(3, 2, "00 00dc0009 01 00001388")));
    let findings = played.findings();
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].text.contains("SET_READER_CONFIG for events"), "{}", findings[0].text);
}

#[test]
fn a_reader_that_cannot_watch_its_link_is_read_all_the_same() {
    let mut played = Played::new(25882, settings());
    played.driver.open();
    played.feed(&hello(0));
    while let Some(command) = played.driver.poll(played.now) {
        played.written.push(hex::encode(&command));
        let is_watch = hex::encode(&command).contains("03ff00100000651a00000026");
        let refusal = message(13, 4, &tlv(287, "006f 0000"));
        let answer = if is_watch { Some(refusal) } else { played.answer(&command) };
        played.feed(&answer.unwrap_or_default());
    }
    assert_eq!(played.findings(), []);
    assert_eq!(played.numbers().last(), Some(&64));
}

#[test]
fn an_impinj_reader_reads_tids_itself_once_a_chip_does_not_give_its_own() {
    let tag =
        |more: &str| message(61, 5, &tlv(240, &format!("8d 300833b2ddd9014000000001 {more}")));
    let with_tid = tag(&tlv(1023, "0000651a 00000037 0002 e2801105"));
    for read_tid in [true, false] {
        let mut played = Played::connected(25882, Settings { read_tid, ..settings() });
        played.written.clear();
        played.feed(&with_tid);
        played.talk();
        assert!(played.written.is_empty());
        played.feed(&tag("").repeat(2));
        played.talk();
        let tags = tlv(338, &tlv(339, "60 0000 0000 0000"));
        let read = tlv(341, "1c03 00000000 80 0000 0006");
        let access = tlv(208, "00 0000") + &tlv(209, &(tags + &read));
        let access = tlv(207, &format!("00000001 0000 01 00 00000001 {access}"));
        let right = [message(40, 14, &access), message(42, 15, "00000001")].map(hex::encode);
        assert_eq!(played.written, if read_tid { right.to_vec() } else { vec![] });
        assert_eq!(played.findings(), []);
        // What was added is deleted at the end, and added again with a job that is begun anew.
        assert_eq!(played.driver.stop().len(), if read_tid { 14 * 3 + 10 } else { 14 * 2 + 10 });
    }
}

#[test]
fn a_tag_that_refuses_the_read_of_its_tid_is_told_once_and_one_that_was_gone_is_not() {
    let mut played = Played::connected(161, settings());
    let tag = |serial: &str, result: &str| {
        let result = tlv(349, &format!("{result} 1c03 0000"));
        message(61, 5, &tlv(240, &format!("8d 300833b2ddd90140000000{serial} {result}")))
    };
    played.feed(&[tag("01", "02"), tag("01", "03")].concat());
    assert_eq!(played.findings(), []);
    played.feed(&[tag("02", "04"), tag("03", "01"), tag("02", "04")].concat());
    let findings = played.findings();
    assert_eq!((findings.len(), findings[0].code), (1, code::GAP), "{findings:?}");
    assert!(findings[0].text.contains("300833B2DDD9014000000002"), "{}", findings[0].text);
    assert_eq!(played.fed.reads.len(), 5, "they are read all the same");
    let mut played = Played::connected(161, settings());
    played.feed(&tag("03", "01"));
    assert_eq!(played.findings().len(), 1, "what readers of LLRP 1.0.1 say");
}

#[test]
fn an_input_that_is_active_low_is_told_the_other_way_round() {
    let mut played = Played::connected(161, settings());
    let input = |port: &str, is_high: &str| event(&tlv(248, &format!("{port} {is_high}")));
    played.feed(&[input("0002", "80"), input("0003", "80"), input("0003", "00")].concat());
    let edges: Vec<_> = played.fed.edges.iter().map(|it| (it.port, it.is_active)).collect();
    assert_eq!(edges, [(2, true), (3, false), (3, true)]);
}

#[test]
fn only_one_command_is_under_way() {
    let mut played = Played::new(161, settings());
    played.driver.open();
    played.feed(&hello(0));
    assert!(played.driver.poll(played.now).is_some());
    for _ in 0..10 {
        assert_eq!(played.driver.poll(played.now), None);
    }
}

#[test]
fn signs_of_life_are_answered_with_their_number_and_a_flood_is_bounded() {
    let mut played = Played::new(161, settings());
    played.driver.open();
    played.feed(&hello(0));
    played.driver.poll(played.now).unwrap();
    // Also while a command waits for its answer.
    played.feed(&[message(62, 7, ""), message(62, 8, "")].concat());
    let acks = [message(72, 7, ""), message(72, 8, "")].concat();
    assert_eq!(played.driver.poll(played.now), Some(acks));
    assert_eq!(played.driver.poll(played.now), None);
    played.feed(&message(62, 7, "").repeat(1000));
    assert_eq!(played.driver.poll(played.now).unwrap().len(), 160);
}

#[test]
fn antennas_that_are_missing_are_named() {
    let port = |port: &str, is_there: &str| tlv(221, &format!("{is_there} {port} 0000"));
    let config = |ports: [&str; 2]| success() + &port("0001", ports[0]) + &port("0002", ports[1]);
    for (wanted, ports, right) in [
        (vec![1, 2], ["80", "00"], vec!["port 2 "]),
        (vec![1], ["80", "00"], vec![]),
        (vec![1, 2], ["00", "00"], vec!["port 1 ", "port 2 "]),
        (vec![], ["80", "00"], vec![]),
        (vec![], ["00", "00"], vec!["any port"]),
        (vec![1, 9], ["80", "80"], vec!["port 9 "]),
    ] {
        let settings = Settings { antennas: wanted.clone(), ..settings() };
        let mut played = Played::new(161, settings);
        played.instead.push((2, 12, config(ports)));
        played.driver.open();
        played.feed(&hello(0));
        played.talk();
        let findings = played.findings();
        assert_eq!(findings.len(), right.len(), "{wanted:?} {ports:?} {findings:?}");
        for (finding, right) in findings.iter().zip(right) {
            assert_eq!(finding.code, code::NO_ANTENNA);
            assert!(finding.text.contains(right), "{}", finding.text);
        }
    }
}

#[test]
fn a_port_that_the_reader_has_not_is_left_out_and_with_no_port_left_nothing_is_started() {
    let mut played = Played::connected(161, Settings { antennas: vec![2, 3], ..settings() });
    assert_eq!(said(&played, "antennas").as_deref(), Some("2"));
    assert_eq!(played.findings().len(), 1);
    let mut played = Played::connected(161, Settings { antennas: vec![0, 3], ..settings() });
    assert_eq!(played.numbers(), [1, 3, 3, 3, 2, 41, 21]);
    assert_eq!(played.findings().len(), 2);
}

#[test]
fn a_power_below_the_minimum_is_reported() {
    let mut played = Played::connected(161, Settings { power_dbm: 5.5, ..settings() });
    assert_eq!(said(&played, "power_cdbm").as_deref(), Some("1000"));
    let findings = played.findings();
    assert_eq!((findings.len(), findings[0].code), (1, code::HARDWARE));
    assert!(findings[0].text.contains("5.5 dBm"), "{}", findings[0].text);
    assert!(findings[0].text.contains("10.00 dBm"), "{}", findings[0].text);
    let played = Played::connected(161, Settings { power_dbm: f64::INFINITY, ..settings() });
    assert_eq!(said(&played, "power_cdbm").as_deref(), Some("3000"));
}

#[test]
fn an_antenna_that_disconnects_or_reconnects_is_reported_by_its_port() {
    let mut played = Played::connected(161, settings());
    for (content, is_there) in [("00 0002", false), ("01 0002", true)] {
        played.feed(&event(&tlv(255, content)));
        assert_eq!(played.fed.antennas.pop(), Some(Antenna { port: 2, is_there }));
    }
}

#[test]
fn events_that_an_operator_should_know_about_are_reported() {
    for (content, right) in [
        (tlv(255, "00 0002"), Some((code::NO_ANTENNA, "port 2 "))),
        (tlv(255, "01 0002"), None),
        (tlv(255, "00 0003"), None),
        (tlv(252, "0004 686f7421 810002"), Some((code::HARDWARE, "port 2: \"hot!\""))),
        (tlv(252, "0000"), Some((code::HARDWARE, "fault: \"\""))),
        (tlv(251, ""), Some((code::GAP, "overflowed"))),
        (tlv(250, "5a"), Some((code::GAP, "90 %"))),
        (tlv(257, ""), Some((code::REFUSED, "closes this connection"))),
        (tlv(248, "0001 80"), None),
    ] {
        let mut played = Played::connected(161, settings());
        played.feed(&event(&content));
        let findings = played.findings();
        assert_eq!(findings.first().map(|it| it.code), right.map(|it| it.0), "{content}");
        if let Some((_, words)) = right {
            assert!(findings[0].text.contains(words), "{}", findings[0].text);
        }
        assert!(findings.len() < 2);
    }
}

#[test]
fn the_end_is_one_write_and_nothing_follows_it() {
    let mut played = Played::connected(161, settings());
    let job = "00000001";
    let right =
        [message(23, 13, job), message(21, 14, job), message(41, 15, job), message(14, 16, "")];
    assert_eq!(hex::encode(played.driver.stop()), hex::encode(right.concat()));
    played.feed(&message(33, 11, &tlv(287, "0064 0000")));
    played.feed(&message(62, 1, ""));
    assert_eq!(played.findings(), [], "what is refused at the end does no harm");
    assert_eq!(played.driver.poll(played.now), None);
    assert!(played.driver.stop().is_empty());
    let mut impinj = Played::connected(25882, settings());
    assert_eq!(impinj.driver.stop().len(), 14 + 14 + 10);
}

#[test]
fn a_message_that_is_not_understood_is_counted_each_time_and_told_once() {
    let mut played = Played::connected(161, settings());
    let wrong = message(61, 1, "00f00009 00f10005 00");
    let tag = message(61, 1, &tlv(240, "8d 300833b2ddd9014000000001"));
    played.feed(&[wrong.clone(), wrong, tag].concat());
    let findings = played.findings();
    assert_eq!((findings.len(), findings[0].code), (1, code::GAP));
    assert!(findings[0].text.contains("RO_ACCESS_REPORT"), "{}", findings[0].text);
    assert_eq!((played.fed.bad_frames, played.fed.reads.len()), (2, 1));
}

/// Everything that a reader says from its first word to two tags.
fn transcript() -> Vec<u8> {
    let tag = |serial: &str| tlv(240, &format!("8d 300833b2ddd90140000000{serial} 810001 86c9"));
    let mut out = hello(0);
    out.extend(message(11, 1, &capabilities(25882)));
    out.extend(message(1023, 2, &format!("0000651a 16 {}", success())));
    for (id, number) in (3..).zip([13, 13, 13, 13, 12, 51, 31, 30, 34, 32]) {
        out.extend(message(number, id, &success()));
    }
    out.extend(message(61, 50, &tag("01")));
    out.extend(message(62, 51, ""));
    out.extend(message(61, 52, &(tag("02") + &tag("03"))));
    out
}

fn play(parts: &[&[u8]]) -> (FrameData, usize) {
    let mut driver = Llrp::new(settings());
    driver.open();
    let mut fed = FrameData::default();
    let mut written = 0;
    for part in parts {
        driver.feed(part, Timestamp::UNIX_EPOCH, &mut fed);
        while let Some(bytes) = driver.poll(Duration::ZERO) {
            written += bytes.len();
        }
    }
    (fed, written)
}

#[test]
fn a_stream_cut_at_any_byte_gives_the_same_reads_and_settings() {
    let stream = transcript();
    let (whole, _) = play(&[&stream]);
    assert_eq!((whole.reads.len(), whole.frames, whole.bad_frames), (3, 16, 0));
    for cut in 0..=stream.len() {
        let (fed, _) = play(&[&stream[..cut], &stream[cut..]]);
        assert_eq!(fed.reads, whole.reads, "cut at {cut}");
        assert_eq!((fed.frames, fed.bad_frames, fed.garbage_bytes), (16, 0, 0), "cut at {cut}");
        assert_eq!(fed.findings, [], "cut at {cut}");
    }
    let (fed, _) = play(&stream.chunks(1).collect::<Vec<_>>());
    assert_eq!(fed.reads, whole.reads);
}

proptest! {
    #[test]
    fn any_bytes_are_survived(any_bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        play(&[&any_bytes]);
    }

    #[test]
    fn a_transcript_with_any_byte_changed_is_survived_and_every_byte_is_accounted_for(
        place in any::<proptest::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut stream = transcript();
        let place = place.index(stream.len());
        stream[place] = byte;
        let (fed, _) = play(&[&stream]);
        prop_assert!(fed.frames + fed.bad_frames <= 16 + 2);
        prop_assert!(fed.reads.len() <= 3);
        let is_broken = fed.findings.iter().any(|it| it.code == code::NOT_THIS_DEVICE);
        prop_assert_eq!(is_broken, fed.garbage_bytes > 0);
    }
}
