//! The R200 driver against documented frames, good and bad.

use proptest::prelude::*;

use super::frame::checksum;
use super::*;

const NOTICE: &str = "BB02220011C9340030751FEB705C5904E3D50D703A76EF7E";

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text.replace(' ', "")).unwrap()
}

fn driver(settings: Settings) -> R200 {
    let mut driver = R200::new(settings);
    driver.open();
    driver
}

fn feed_all(parts: &[&[u8]]) -> FrameData {
    let mut driver = driver(Settings { power_cdbm: 2000, ..Settings::default() });
    let mut fed = FrameData::default();
    for part in parts {
        driver.feed(part, Timestamp::UNIX_EPOCH, &mut fed);
    }
    fed
}

/// What the driver writes, one after the other, when each command gets the answer that belongs to it.
fn conversation(settings: Settings, answers: &[(&str, &str)]) -> (Vec<String>, FrameData) {
    let mut driver = driver(settings);
    let mut fed = FrameData::default();
    let mut written = Vec::new();
    for tick in 0..40 {
        while let Some(sent) = driver.poll(Duration::from_millis(tick * 20)) {
            let sent = hex::encode_upper(sent);
            let answer = answers.iter().find(|(question, _)| sent == question.replace(' ', ""));
            written.push(sent);
            if let Some((_, answer)) = answer {
                driver.feed(&bytes(answer), Timestamp::UNIX_EPOCH, &mut fed);
            }
        }
    }
    (written, fed)
}

const VERSION: (&str, &str) =
    ("BB00030001000 47E", "BB 01 03 00 10 00 4D 31 30 30 20 32 36 64 42 6D 20 56 31 2E 30 92 7E");
const REGION_US: (&str, &str) = ("BB000800000 87E", "BB 01 08 00 01 02 0C 7E");
const POWER_26: (&str, &str) = ("BB00B70000B77E", "BB 01 B7 00 02 0A 28 EC 7E");
const QUERY: (&str, &str) = ("BB000D00000D7E", "BB 01 0D 00 02 10 20 40 7E");

#[test]
fn the_documented_commands_come_out_byte_for_byte_and_only_what_differs_is_written() {
    let settings = Settings { power_cdbm: 2000, ..Settings::default() };
    let answers =
        [VERSION, REGION_US, POWER_26, QUERY, ("BB00B6000207D08F7E", "BB 01 B6 00 01 00 B8 7E")];
    let (written, fed) = conversation(settings, &answers);
    assert_eq!(
        written,
        [
            "BB00280000287E",
            "BB0003000100047E",
            "BB00080000087E",
            "BB00B70000B77E",
            "BB000D00000D7E",
            "BB00B6000207D08F7E",
            "BB00270003222710837E"
        ]
    );
    let held: Vec<(&str, &str)> = fed.settings.iter().map(|s| (s.name, s.value.as_str())).collect();
    assert_eq!(
        held,
        [
            ("version", "M100 26dBm V1.0"),
            ("region", "us"),
            ("power_cdbm", "2600"),
            ("session", "0"),
            ("power_cdbm", "2000")
        ]
    );
    assert_eq!((fed.findings, fed.bad_frames), (vec![], 0));
}

#[test]
fn region_session_and_filter_are_written_where_the_reader_holds_others() {
    let settings = Settings {
        power_cdbm: 2600,
        region: Some(Region::Europe),
        session: Some(1),
        only: vec![0x30],
        read_tid: false,
    };
    let answers = [
        VERSION,
        REGION_US,
        POWER_26,
        QUERY,
        ("BB0007000103 0B7E", "BB 01 07 00 01 00 09 7E"),
        ("BB000E0002112 0417E", "BB 01 0E 00 01 00 10 7E"),
        ("BB000C000801000000200800306D7E", "BB 01 0C 00 01 00 0E 7E"),
        ("BB001200010 0137E", "BB 01 12 00 01 00 14 7E"),
    ];
    let (written, fed) = conversation(settings, &answers);
    for (question, _) in &answers {
        let question = question.replace(' ', "");
        assert!(written.contains(&question), "{question} is not in {written:?}");
    }
    assert_eq!(written.last().map(String::as_str), Some("BB00270003222710837E"));
    assert_eq!(fed.findings, []);
    assert!(fed.settings.contains(&Setting { name: "region", value: "europe".into() }));
    assert!(fed.settings.contains(&Setting { name: "session", value: "1".into() }));
}

#[test]
fn select_and_read_are_those_of_the_documents() {
    let epc = bytes("30751FEB705C5904E3D50D70");
    assert_eq!(
        hex::encode_upper(Frame::select(&epc).to_bytes()),
        "BB000C001301000000206000 30751FEB705C5904E3D50D70AD7E".replace(' ', "")
    );
    let read = Frame::host(command::READ, &[0, 0, 0xFF, 0xFF, 3, 0, 0, 0, 2]);
    assert_eq!(hex::encode_upper(read.to_bytes()), "BB003900090000FFFF0300000002457E");
    assert_eq!(
        hex::encode_upper(Frame::host(command::SINGLE_POLL, &[]).to_bytes()),
        "BB00220000227E"
    );
}

#[test]
fn a_tag_is_selected_its_tid_read_and_its_next_read_carries_it() {
    let mut driver = driver(Settings { power_cdbm: 2600, read_tid: true, ..Settings::default() });
    let mut fed = FrameData::default();
    let select = Frame::select(&bytes("30751FEB705C5904E3D50D70")).to_bytes();
    let tid = bytes("E28011052000503B42AC0A1C");
    let mut read_answer = vec![14, 0x34, 0x00];
    read_answer.extend(bytes("30751FEB705C5904E3D50D70"));
    read_answer.extend(&tid);
    let read_answer = Frame { kind: 1, command: command::READ, parameters: read_answer };
    let mut log = Vec::new();
    for tick in 0..200u64 {
        while let Some(sent) = driver.poll(Duration::from_millis(tick * 20)) {
            let ok = |command| Frame { kind: 1, command, parameters: vec![0] }.to_bytes();
            let answer = match sent.get(2) {
                Some(0x03) => bytes(VERSION.1),
                Some(0x08) => bytes(REGION_US.1),
                Some(0xB7) => bytes(POWER_26.1),
                Some(0x0D) => bytes(QUERY.1),
                Some(0x27) => bytes(NOTICE),
                Some(0x39) => read_answer.to_bytes(),
                Some(other) => ok(*other),
                None => vec![],
            };
            log.push(sent.clone());
            driver.feed(&answer, Timestamp::UNIX_EPOCH, &mut fed);
        }
        if fed.reads.iter().any(|read| read.tid.is_some()) {
            break;
        }
    }
    assert!(log.contains(&select), "the tag was not selected");
    assert_eq!(fed.reads[0].tid, None);
    assert_eq!(fed.reads.last().unwrap().tid.as_deref(), Some(tid.as_slice()));
}

/// A driver that reads, at `millis` after the line was opened, with every question answered.
fn reading(settings: Settings, millis: u64) -> R200 {
    let mut driver = driver(settings);
    let mut fed = FrameData::default();
    for now in (0..=millis).step_by(20) {
        while let Some(sent) = driver.poll(Duration::from_millis(now)) {
            driver.feed(&reply(&sent), Timestamp::UNIX_EPOCH, &mut fed);
        }
    }
    driver
}

/// What a reader in order answers: region us, 26 dBm, session 0, one tag.
fn reply(sent: &[u8]) -> Vec<u8> {
    match sent.get(2) {
        Some(0x03) => bytes(VERSION.1),
        Some(0x08) => bytes(REGION_US.1),
        Some(0xB7) => bytes(POWER_26.1),
        Some(0x0D) => bytes(QUERY.1),
        Some(0x27) => bytes(NOTICE),
        Some(0x28) | None => vec![],
        Some(other) => Frame { kind: 1, command: *other, parameters: vec![0] }.to_bytes(),
    }
}

#[test]
fn a_tid_that_waited_for_long_is_not_given_to_a_tag_that_comes_later() {
    let epc = bytes("30751FEB705C5904E3D50D70");
    let tid = bytes("E28011052000503B42AC0A1C");
    let answer = [&[14, 0x34, 0x00], &epc[..], &tid[..]].concat();
    let answer = Frame { kind: 1, command: command::READ, parameters: answer }.to_bytes();
    for (wait, expected) in [(1_000, Some(Bank::from(tid))), (5_000, None)] {
        let settings = Settings { power_cdbm: 2600, read_tid: true, ..Settings::default() };
        let mut driver = reading(settings, 200);
        driver.selected = Some(epc.clone().into());
        let mut fed = FrameData::default();
        driver.feed(&answer, Timestamp::UNIX_EPOCH, &mut fed);
        driver.poll(Duration::from_millis(200 + wait));
        driver.feed(&bytes(NOTICE), Timestamp::UNIX_EPOCH, &mut fed);
        assert_eq!(fed.reads[0].tid, expected, "after {wait} ms");
    }
}

#[test]
fn a_reader_that_fell_silent_is_set_up_again_and_what_it_forgot_is_written_again() {
    let settings = Settings { power_cdbm: 2600, region: Some(Region::Us), ..Settings::default() };
    let mut driver = reading(settings, 200);
    let mut fed = FrameData::default();
    let mut written = Vec::new();
    // It lost its power and came back as it left the factory: China, 20 dBm.
    for now in (220..2_500).step_by(20) {
        while let Some(sent) = driver.poll(Duration::from_millis(now)) {
            let answer = match sent[2] {
                0x08 => Frame { kind: 1, command: 0x08, parameters: vec![1] }.to_bytes(),
                0xB7 => Frame { kind: 1, command: 0xB7, parameters: vec![0x07, 0xD0] }.to_bytes(),
                _ => reply(&sent),
            };
            written.push((now, hex::encode_upper(sent)));
            driver.feed(&answer, Timestamp::UNIX_EPOCH, &mut fed);
        }
        if !fed.reads.is_empty() {
            break;
        }
    }
    assert!((1_000..1_100).contains(&written[0].0), "{written:?}");
    let written: Vec<&str> = written.iter().map(|(_, sent)| sent.as_str()).collect();
    assert_eq!(
        written,
        [
            "BB00280000287E",
            "BB0003000100047E",
            "BB00080000087E",
            "BB00B70000B77E",
            "BB000D00000D7E",
            "BB00070001020A7E",
            "BB00B600020A28EA7E",
            "BB00270003222710837E"
        ]
    );
    // Both the value that came back and the one written are told, so that the change is seen.
    let regions: Vec<&str> =
        fed.settings.iter().filter(|it| it.name == "region").map(|it| it.value.as_str()).collect();
    assert_eq!(regions, ["china900", "us"]);
}

#[test]
fn a_tag_that_keeps_answering_leaves_the_reader_at_its_work() {
    let mut driver = reading(Settings { power_cdbm: 2600, ..Settings::default() }, 200);
    let mut fed = FrameData::default();
    for now in (220..10_000).step_by(20) {
        if now % 900 < 20 {
            driver.feed(&bytes(NOTICE), Timestamp::UNIX_EPOCH, &mut fed);
        }
        assert_eq!(driver.poll(Duration::from_millis(now)), None, "at {now} ms");
    }
}

#[test]
fn a_length_that_became_too_long_costs_one_frame_and_not_what_follows() {
    let mut driver = driver(Settings::default());
    let mut fed = FrameData::default();
    let mut spoilt = bytes(VERSION.1);
    spoilt[3] ^= 2;
    driver.feed(&spoilt, Timestamp::UNIX_EPOCH, &mut fed);
    for now in [0, 50, 100, 150, 200] {
        driver.poll(Duration::from_millis(now));
    }
    driver.feed(&bytes(VERSION.1), Timestamp::UNIX_EPOCH, &mut fed);
    assert_eq!((fed.frames, fed.bad_frames), (1, 1));
    let version = Setting { name: "version", value: "M100 26dBm V1.0".into() };
    assert_eq!(fed.settings, [version]);
}

#[test]
fn an_error_that_repeats_is_told_once_a_minute() {
    for (error, expected) in [(0x20, code::REGION), (0x17, code::REFUSED)] {
        let frame = Frame { kind: 1, command: command::ERROR, parameters: vec![error] }.to_bytes();
        let refusal =
            Frame { kind: 1, command: command::SET_POWER, parameters: vec![0x24] }.to_bytes();
        let mut driver = reading(Settings { power_cdbm: 2600, ..Settings::default() }, 200);
        let mut fed = FrameData::default();
        for _ in 0..100 {
            driver.feed(&frame, Timestamp::UNIX_EPOCH, &mut fed);
            driver.feed(&refusal, Timestamp::UNIX_EPOCH, &mut fed);
        }
        let codes: Vec<&str> = fed.findings.iter().map(|finding| finding.code).collect();
        assert_eq!(codes, [expected, code::REFUSED]);
    }
}

#[test]
fn a_notice_gives_rssi_and_epc() {
    let fed = feed_all(&[&bytes(NOTICE)]);
    assert_eq!(hex::encode_upper(&fed.reads[0].epc), "30751FEB705C5904E3D50D70");
    assert_eq!(fed.reads[0].rssi_cdbm, -5500);
    assert_eq!((fed.frames, fed.bad_frames, fed.garbage_bytes), (1, 0, 0));
}

#[test]
fn frames_cut_at_every_byte_are_put_together() {
    let stream = [bytes(NOTICE), bytes("BB01FF000115167E"), bytes(NOTICE)].concat();
    for cut in 0..=stream.len() {
        let fed = feed_all(&[&stream[..cut], &stream[cut..]]);
        assert_eq!((fed.reads.len(), fed.frames, fed.bad_frames), (2, 3, 0), "cut at {cut}");
    }
    let one_by_one: Vec<&[u8]> = stream.chunks(1).collect();
    assert_eq!(feed_all(&one_by_one).reads.len(), 2);
}

#[test]
fn malformed_frames_from_public_documents_are_refused_and_the_next_frame_is_found() {
    for bad in [
        // A frame with a missing length byte, one with a wrong length and checksum, one with a wrong checksum.
        "BB000D000D7E",
        "BB01220003E8003000E20042007380601706 8E0440D242987E",
        "BB01030010004D31303020323664426D2056312E30227E",
    ] {
        let fed = feed_all(&[&bytes(bad), &bytes(NOTICE), &bytes(NOTICE)]);
        assert!(fed.bad_frames + fed.garbage_bytes > 0, "{bad}");
        assert!(!fed.reads.is_empty(), "{bad}");
    }
}

#[test]
fn an_epc_that_does_not_fit_its_control_word_is_refused() {
    let mut frame = bytes(NOTICE);
    frame[6] = 0x3C;
    let sum = checksum(&frame[1..frame.len() - 2]);
    let place = frame.len() - 2;
    frame[place] = sum;
    assert_eq!(feed_all(&[&frame]).bad_frames, 1);
}

#[test]
fn a_wrong_baud_rate_is_named_once() {
    let noise = [0x5A; 400];
    let fed = feed_all(&[&noise, &noise, &noise]);
    assert_eq!(fed.findings.len(), 1);
    assert_eq!(fed.findings[0].code, code::NOT_THIS_DEVICE);
    assert!(fed.findings[0].text.contains("115200"));
}

#[test]
fn errors_of_the_reader_become_findings_that_name_the_mend() {
    let busy = Frame { kind: 1, command: command::ERROR, parameters: vec![0x20] }.to_bytes();
    let unknown = Frame { kind: 1, command: command::ERROR, parameters: vec![0x17] }.to_bytes();
    let none = bytes("BB01FF000115167E");
    let fed = feed_all(&[&busy, &unknown, &none]);
    let codes: Vec<&str> = fed.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [code::REGION, code::REFUSED]);
}

#[test]
fn a_reader_that_does_not_know_a_command_still_reads() {
    let unknown = "BB01FF0001171 87E";
    let answers = [
        VERSION,
        ("BB00080000087E", unknown),
        POWER_26,
        ("BB000D00000D7E", unknown),
        ("BB00270003222710837E", NOTICE),
    ];
    let (written, fed) =
        conversation(Settings { power_cdbm: 2600, ..Settings::default() }, &answers);
    assert_eq!(written.len(), 6);
    assert_eq!(fed.reads.len(), 1);
    let texts: Vec<&str> = fed.findings.iter().map(|finding| finding.text.as_str()).collect();
    assert!(texts[0].contains("`get region`") && texts[1].contains("`get query`"), "{texts:?}");
}

#[test]
fn a_signal_stronger_than_radio_can_be_is_taken_as_the_strongest() {
    assert_eq!(tag(&bytes("7F 0800 3034 0000")), Some((10_000, Bank::from([0x30, 0x34]))));
    assert_eq!(tag(&bytes("80 0800 3034 0000")), Some((-12_800, Bank::from([0x30, 0x34]))));
}

proptest! {
    #[test]
    fn garbage_never_panics_and_never_swallows_more_than_it_must(
        garbage in proptest::collection::vec(any::<u8>().prop_filter("no head", |b| *b != 0xBB), 0..200),
    ) {
        prop_assert_eq!(feed_all(&[&garbage, &bytes(NOTICE)]).reads.len(), 1);
    }

    #[test]
    fn any_bytes_are_survived(any_bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        feed_all(&[&any_bytes]);
    }
}
