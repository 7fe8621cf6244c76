//! Tests of the Mercury dialect with recorded frames, without a reader.
//!
//! The frames are those of `SparkFun`'s communication logs and of Silion's documentation, retyped. One test reads the
//! whole recording where the foreign data are there.

mod start;

use proptest::prelude::*;

use super::*;

const KEEP_ALIVE: &str = "FF 00 22 04 00 84 E0";
const TAG_96: &str = "FF 28 22 00 00 10 00 1B 01 FF 01 01 CD 11 0E 08 30 00 00 00 0A 00 00 05 00 00 0F 00 80 \
    30 00 00 00 00 00 00 00 00 00 00 00 15 45 E9 4A 02 37";
const TAG_32: &str = "FF 20 22 00 00 10 00 1B 01 FF 01 01 C7 11 0E 08 30 00 00 00 0F 00 00 05 00 00 0F 00 40 \
    10 00 59 6F 59 6F F3 13 89 90";
const TAG_E2: &str = "FF 28 22 00 00 10 00 1B 01 FF 01 01 C9 11 0E 08 30 00 00 00 13 00 00 05 00 00 0F 00 80 \
    30 00 E2 00 10 26 76 0E 01 79 15 90 71 25 19 85 57 97";
const VERSION_ANSWER: &str =
    "FF 14 03 00 00 14 12 08 00 30 00 00 02 20 15 03 10 01 03 01 47 00 00 00 10 EB FF";
const STARTED_ANSWER: &str = "FF 04 2F 00 00 01 22 00 00 6D C3";
const STOPPED_ANSWER: &str = "FF 01 2F 00 00 02 30 E6";

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text.replace(' ', "")).unwrap()
}

fn settings() -> Settings {
    Settings { power_cdbm: 2700, region: Region::NorthAmericaNano, antennas: vec![1] }
}

/// A message of the reader.
fn answer(command: u8, status: u16, data: &[u8]) -> Vec<u8> {
    let length = u8::try_from(data.len()).unwrap();
    let body = [&[length, command], &status.to_be_bytes()[..], data].concat();
    [&[0xFF], &body[..], &frame::crc(&body).to_be_bytes()].concat()
}

fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap()
}

/// What a reader that is in order answers to a command.
fn reply(command: &[u8]) -> Option<Vec<u8>> {
    match (command[2], &command[3..command.len() - 2]) {
        (0x03, _) => Some(bytes(VERSION_ANSWER)),
        (0x0C, _) => Some(answer(0x0C, 0, &[0x52])),
        (0x2F, [0, 0, 1, ..]) => Some(bytes(STARTED_ANSWER)),
        (0x2F, _) => None,
        (command, _) => Some(answer(command, 0, &[])),
    }
}

/// Lets a driver talk to a reader from `from` to `to`, asked every 50 ms; gives what it sent and when.
fn talk(
    driver: &mut Mercury,
    (from, to): (u64, u64),
    fed: &mut FrameData,
    mut reader: impl FnMut(&[u8]) -> Option<Vec<u8>>,
) -> Vec<(u64, Vec<u8>)> {
    let mut sent = Vec::new();
    for now in (from..to).step_by(50) {
        let day = at(i64::try_from(now).unwrap());
        driver.feed(&[], day, fed);
        while let Some(command) = driver.poll(millis(now)) {
            let reply = reader(&command);
            sent.push((now, command));
            if let Some(reply) = reply {
                driver.feed(&reply, day, fed);
            }
        }
    }
    sent
}

fn reading() -> Mercury {
    let mut driver = Mercury::new(settings());
    driver.open();
    talk(&mut driver, (0, 500), &mut FrameData::default(), reply);
    assert!(matches!(driver.state, State::Reading(_)));
    driver
}

fn feed_all(parts: &[&[u8]]) -> FrameData {
    let mut driver = Mercury::new(settings());
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

fn commands(sent: &[(u64, Vec<u8>)]) -> Vec<u8> {
    sent.iter().map(|(_, command)| command[2]).collect()
}

#[test]
fn the_recorded_commands_come_out_byte_for_byte() {
    let mut driver = Mercury::new(settings());
    driver.open();
    let mut fed = FrameData::default();
    let sent = talk(&mut driver, (0, 500), &mut fed, reply);
    let sent: Vec<Vec<u8>> = sent.into_iter().map(|(_, command)| command).collect();
    let expected = [
        "FF 03 2F 00 00 02 5E 86",
        "FF 00 03 1D 0C",
        "FF 00 0C 1D 03",
        "FF 01 97 0D 4B B0",
        "FF 02 93 00 05 51 7D",
        "FF 03 91 02 01 01 42 C5",
        "FF 02 92 0A 8C 4B D5",
        "FF 10 2F 00 00 01 22 00 00 05 07 22 10 00 1B 03 E8 01 FF DD 2B",
    ];
    assert_eq!(sent, expected.map(bytes));
    let told: Vec<(&str, &str)> =
        fed.settings.iter().map(|setting| (setting.name, setting.value.as_str())).collect();
    assert_eq!(
        told,
        [
            ("version", "firmware 01.03.01.47 of 20150310, hardware 30.00.00.02"),
            ("region", "North America (Nano) (0D)"),
            ("power_cdbm", "2700"),
        ]
    );
    assert_eq!(fed.findings, []);
    assert_eq!(driver.stop(), bytes("FF 03 2F 00 00 02 5E 86"));
}

#[test]
fn several_ports_are_set_as_pairs_and_impossible_ones_left_out() {
    let mut driver = Mercury::new(Settings { antennas: vec![1, 0, 2, 16], ..settings() });
    driver.open();
    let sent = talk(&mut driver, (0, 500), &mut FrameData::default(), reply);
    let ports = sent.iter().find(|(_, command)| command[2] == 0x91).unwrap();
    assert_eq!(ports.1[3..ports.1.len() - 2], [2, 1, 1, 2, 2]);
}

#[test]
fn recorded_tags_give_epc_antenna_and_signal_strength() {
    for (text, epc, rssi_cdbm) in [
        (TAG_96, "000000000000000000001545", -5100),
        (TAG_32, "596F596F", -5700),
        (TAG_E2, "E2001026760E017915907125", -5500),
    ] {
        let fed = feed_all(&[&bytes(text)]);
        assert_eq!((fed.frames, fed.bad_frames, fed.garbage_bytes), (1, 0, 0));
        let read = &fed.reads[0];
        assert_eq!(hex::encode_upper(&read.epc), epc);
        assert_eq!((read.antenna, read.rssi_cdbm), (1, rssi_cdbm));
        assert_eq!((read.tid.as_ref(), read.reader_time), (None, None));
    }
}

#[test]
fn frames_cut_at_any_byte_are_taken_once_whole() {
    let stream =
        [TAG_96, KEEP_ALIVE, TAG_32, VERSION_ANSWER, STARTED_ANSWER, STOPPED_ANSWER].map(bytes);
    let stream = stream.concat();
    for cut in 0..=stream.len() {
        let fed = feed_all(&[&stream[..cut], &stream[cut..]]);
        let counts = (fed.reads.len(), fed.frames, fed.bad_frames, fed.garbage_bytes);
        assert_eq!(counts, (2, 6, 0, 0), "cut at {cut}");
    }
    let one_by_one: Vec<&[u8]> = stream.chunks(1).collect();
    assert_eq!(feed_all(&one_by_one).frames, 6);
}

#[test]
fn a_frame_with_any_byte_changed_takes_no_other_frame_along() {
    let good = bytes(TAG_96);
    for place in 0..good.len() {
        let mut bad = good.clone();
        bad[place] ^= 0x41;
        let mut driver = reading();
        let mut fed = FrameData::default();
        let stream = [bad, bytes(TAG_32), bytes(TAG_96)].concat();
        driver.feed(&stream, at(1000), &mut fed);
        // Silence: a length that became too long is given up.
        driver.poll(millis(1000));
        driver.poll(millis(1200));
        driver.feed(&[], at(1200), &mut fed);
        assert_eq!(epcs(&fed), ["596F596F", "000000000000000000001545"], "byte {place}");
        assert!(fed.bad_frames + fed.garbage_bytes > 0, "byte {place}");
    }
}

#[test]
fn a_read_gets_its_time_from_the_keep_alive_before_it() {
    let mut driver = reading();
    let mut fed = FrameData::default();
    driver.feed(&bytes(KEEP_ALIVE), at(20_000), &mut fed);
    // The recorded tags stand 10 and 15 ms after the keep-alive.
    driver.feed(&bytes(TAG_96), at(20_300), &mut fed);
    driver.feed(&bytes(TAG_32), at(20_012), &mut fed);
    driver.feed(&bytes(TAG_32), at(90_000), &mut fed);
    let times: Vec<Timestamp> = fed.reads.iter().map(|read| read.at).collect();
    assert_eq!(times, [at(20_010), at(20_012), at(90_000)]);
    assert!(fed.reads.iter().all(|read| read.reader_time.is_none()));
}

/// The recorded tag, read so many milliseconds after the keep-alive at this port.
fn tag_at(count: u16, port: u8) -> Vec<u8> {
    let recorded = bytes(TAG_96);
    let mut data = recorded[5..recorded.len() - 2].to_vec();
    data[8] = port << 4 | port;
    data[14..16].copy_from_slice(&count.to_be_bytes());
    answer(0x22, 0, &data)
}

#[test]
fn a_spoilt_keep_alive_does_not_turn_a_tags_way_round() {
    let mut driver = reading();
    let mut fed = FrameData::default();
    driver.feed(&bytes(KEEP_ALIVE), at(10_000), &mut fed);
    for count in (550..=950).step_by(50) {
        driver.feed(&tag_at(count, 1), at(10_005 + i64::from(count)), &mut fed);
    }
    let mut spoilt = bytes(KEEP_ALIVE);
    spoilt[6] ^= 1;
    driver.feed(&spoilt, at(11_000), &mut fed);
    for count in (40..=440).step_by(50) {
        driver.feed(&tag_at(count, 2), at(11_005 + i64::from(count)), &mut fed);
    }
    assert_eq!(fed.reads.len(), 18);
    assert!(fed.reads.is_sorted_by_key(|read| read.at), "{:#?}", fed.reads);
    let ways: Vec<(u16, Timestamp)> =
        fed.reads.iter().map(|read| (read.antenna, read.at)).collect();
    assert_eq!((ways[0], ways[8]), ((1, at(10_550)), (1, at(10_950))));
    assert_eq!((ways[9], ways[17]), ((2, at(11_045)), (2, at(11_445))));
}

#[test]
fn memory_read_along_becomes_the_tid() {
    let tid = [0xE2, 0x00, 0x34, 0x12, 0x01, 0x23, 0x45, 0x67];
    let tag = |bits: u16, memory: &[u8]| {
        let head = [0x10, 0x00, 0x1F, 0x01, 0xFF, 0x01, 0x01, 0xCD, 0x21, 0x0E, 0x08, 0x30];
        let time = [0, 0, 0, 1, 0, 0, 5];
        let epc = [0x0F, 0x00, 0x40, 0x10, 0x00, 0x59, 0x6F, 0x59, 0x6F, 0xF3, 0x13];
        answer(0x22, 0, &[&head[..], &time, &bits.to_be_bytes(), memory, &epc].concat())
    };
    let fed = feed_all(&[&tag(64, &tid)]);
    assert_eq!(fed.reads[0].tid.as_deref(), Some(&tid[..]));
    assert_eq!((epcs(&fed).as_slice(), fed.reads[0].antenna), (&["596F596F".to_owned()][..], 2));
    // The top bit: reading along failed, two bytes of error stand there.
    let fed = feed_all(&[&tag(0x8010, &[0x04, 0x24])]);
    assert_eq!((fed.reads.len(), fed.reads[0].tid.as_ref()), (1, None));
}

#[test]
fn a_signal_stronger_than_radio_can_be_is_taken_as_the_strongest() {
    let mut data = bytes(TAG_32);
    data[12] = 0x7F;
    let fed = feed_all(&[&answer(0x22, 0, &data[5..data.len() - 2])]);
    assert_eq!(fed.reads[0].rssi_cdbm, 10_000);
}

#[test]
fn a_tag_that_does_not_fit_its_lengths_is_refused() {
    let good = bytes(TAG_32);
    let data = &good[5..good.len() - 2];
    for (place, value, why) in [
        (23, 0x48, "one byte more than there is"),
        (23, 0x41, "no whole bytes"),
        (24, 0x18, "a control word of three words"),
        (3, 0xFF, "flags whose fields nobody knows"),
        (20, 0x08, "a byte of memory that is not there"),
    ] {
        let mut bad = data.to_vec();
        bad[place] = value;
        let fed = feed_all(&[&answer(0x22, 0, &bad)]);
        assert_eq!((fed.reads.len(), fed.bad_frames), (0, 1), "{why}");
    }
    for length in 0..data.len() {
        let fed = feed_all(&[&answer(0x22, 0, &data[..length])]);
        assert_eq!((fed.reads.len(), fed.bad_frames), (0, 1), "{length} bytes");
    }
}

#[test]
fn an_extended_control_word_is_no_part_of_the_epc() {
    let good = bytes(TAG_32);
    let mut data = good[5..good.len() - 2].to_vec();
    for (extended, length) in [(&[0x12, 0x34][..], 0x50), (&[0x92, 0x34, 0x56, 0x78], 0x60)] {
        let mut data = data.clone();
        data[23] = length;
        data[24] |= 0x02;
        data.splice(26..26, extended.iter().copied());
        assert_eq!(epcs(&feed_all(&[&answer(0x22, 0, &data)])), ["596F596F"]);
    }
    data[5] = 2;
    let fed = feed_all(&[&answer(0x22, 0, &data)]);
    assert_eq!((fed.frames, fed.bad_frames, fed.reads.len()), (1, 0, 0), "status report");
}

#[test]
fn errors_while_reading_become_findings_once_a_minute() {
    let mut driver = reading();
    let mut fed = FrameData::default();
    for (second, status) in [(1, 0x0503), (2, 0x0503), (3, 0x0505), (4, 0x0504), (70, 0x0503)] {
        driver.feed(&answer(0x22, status, &[]), at(second * 1000), &mut fed);
    }
    let codes: Vec<&str> = fed.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [code::NO_ANTENNA, code::NO_ANTENNA, code::HARDWARE, code::NO_ANTENNA]);
    assert!(fed.findings[0].text.contains("0503"));
}

#[test]
fn silence_for_five_seconds_sets_the_reader_up_again() {
    let mut driver = reading();
    let mut fed = FrameData::default();
    driver.feed(&bytes(KEEP_ALIVE), at(500), &mut fed);
    let sent = talk(&mut driver, (500, 6_000), &mut fed, reply);
    assert_eq!(commands(&sent), [0x2F, 0x03, 0x0C, 0x97, 0x93, 0x91, 0x92, 0x2F]);
    assert!((5_400..5_600).contains(&sent[0].0), "{}", sent[0].0);
    assert_eq!(fed.findings[0].code, code::NO_ANSWER);
}

#[test]
fn keep_alives_alone_keep_it_reading() {
    let mut driver = reading();
    let mut fed = FrameData::default();
    for second in 1..60 {
        driver.feed(&bytes(KEEP_ALIVE), at(second * 1000), &mut fed);
        let now = u64::try_from(second).unwrap() * 1000;
        assert_eq!(talk(&mut driver, (now, now + 1000), &mut fed, reply), []);
    }
    assert_eq!((fed.frames, fed.findings.len()), (59, 0));
}

#[test]
fn reading_that_somebody_else_stopped_is_started_again() {
    let mut driver = reading();
    let mut fed = FrameData::default();
    driver.feed(&bytes(STOPPED_ANSWER), at(500), &mut fed);
    let sent = talk(&mut driver, (550, 1_000), &mut fed, reply);
    assert_eq!(commands(&sent).last(), Some(&0x2F));
}

#[test]
fn reads_after_a_stop_are_reads_and_nothing_is_asked() {
    let mut driver = reading();
    driver.stop();
    let mut fed = FrameData::default();
    let late = [TAG_96, TAG_32, KEEP_ALIVE, STOPPED_ANSWER].map(bytes).concat();
    driver.feed(&late, at(600), &mut fed);
    assert_eq!((fed.reads.len(), fed.frames, fed.bad_frames), (2, 4, 0));
    assert_eq!(talk(&mut driver, (600, 20_000), &mut fed, reply), []);
}

#[test]
fn a_reader_in_its_bootloader_is_told_once_to_start() {
    let mut is_booted = false;
    let mut driver = Mercury::new(settings());
    driver.open();
    let mut fed = FrameData::default();
    let sent = talk(&mut driver, (0, 1_000), &mut fed, |command| match command[2] {
        0x0C if !is_booted => Some(answer(0x0C, 0, &[0x11])),
        0x0C => Some(bytes("FF 01 0C 00 00 12 63 43")),
        0x04 => {
            is_booted = true;
            Some(answer(0x04, 0, &[]))
        }
        _ => reply(command),
    });
    assert_eq!(commands(&sent), [0x2F, 3, 0x0C, 4, 3, 0x0C, 0x97, 0x93, 0x91, 0x92, 0x2F]);
    assert_eq!(fed.findings, []);

    let mut driver = Mercury::new(settings());
    driver.open();
    let sent = talk(&mut driver, (0, 5_000), &mut fed, |command| match command[2] {
        0x0C => Some(answer(0x0C, 0, &[0x11])),
        _ => reply(command),
    });
    assert_eq!(commands(&sent), [0x2F, 3, 0x0C, 4, 3, 0x0C]);
    assert_eq!(fed.findings[0].code, code::HARDWARE);
}

#[test]
fn a_silion_module_is_started_its_own_way() {
    let stop = "FF 0E AA 4D 6F 64 75 6C 65 74 65 63 68 AA 49 F3 BB 03 91";
    assert_eq!(silion::stop(), bytes(stop));
    let mut driver = Mercury::new(settings());
    driver.open();
    let mut fed = FrameData::default();
    let sent = talk(&mut driver, (0, 500), &mut fed, |command| match command[2] {
        0x2F => Some(answer(0x2F, 0x0101, &[])),
        0xAA => Some(answer(0xAA, 0, b"Moduletech\xAA\x48\xF2\xBB")),
        _ => reply(command),
    });
    assert_eq!(commands(&sent).last(), Some(&0xAA));
    let start = b"Moduletech\xAA\x48\x00\xFF\x00\x80\x00\x71\xBB";
    let (_, last) = sent.last().unwrap();
    assert_eq!(last[3..last.len() - 2], start[..]);
    assert_eq!(fed.findings, []);

    // A tag: read once, -60 dBm, port 2, 915.25 MHz, 30 ms after the start; then a heartbeat.
    let numbers = [0x00, 0xFF, 1, 0xC4, 0x22, 0x0D, 0xF7, 0x32, 0, 0, 0, 30, 0, 0, 5, 0, 0];
    let memory = [0x10, 0x00, 0x59, 0x6F, 0x59, 0x6F, 0xF3, 0x13];
    for length in [&[8][..], &[0, 64]] {
        let tag = answer(0xAA, 0, &[&numbers[..], length, &memory].concat());
        driver.feed(&tag, at(450), &mut fed);
    }
    driver.feed(&answer(0xAA, 0, b"XTSJ\x80\x00"), at(460), &mut fed);
    assert_eq!(epcs(&fed), ["596F596F", "596F596F"]);
    let read = &fed.reads[0];
    assert_eq!((read.antenna, read.rssi_cdbm, read.at), (2, -6000, at(30)));
    assert_eq!(fed.bad_frames, 0);
    assert_eq!(driver.stop(), [bytes("FF 03 2F 00 00 02 5E 86"), bytes(stop)].concat());
}

#[test]
fn a_nested_answer_with_a_wrong_sum_is_refused() {
    for data in [&b"Moduletech\xAA\x48\xF3\xBB"[..], b"Moduletech\xAA\x48\xF2\xBA", b"Moduletech"] {
        assert_eq!(silion::Message::parse(data), None);
    }
    let right = silion::Message::parse(b"Moduletech\xAA\x48\xF2\xBB");
    assert_eq!(right, Some(silion::Message::Answer(silion::START)));
}

#[test]
fn a_line_of_garbage_is_reported_as_another_device() {
    let fed = feed_all(&[&[0xBB; 2000]]);
    assert_eq!(fed.findings[0].code, code::NOT_THIS_DEVICE);
}

#[test]
fn memory_stays_bounded_whatever_comes() {
    let mut driver = reading();
    for _ in 0..5 {
        let mut fed = FrameData::default();
        driver.feed(&[0xFF, 0xFF, 0x22, 0x00].repeat(5000), at(0), &mut fed);
    }
    let mut fed = FrameData::default();
    assert!(driver.cutter.is_waiting());
    driver.cutter.give_up(&mut fed, |_, _| ());
    assert!(fed.bad_frames + fed.garbage_bytes <= 262, "{fed:?}");
}

/// Feeds a stream cut into pieces of up to 255 bytes, for twenty ways to cut it, and counts the reads of each tag.
fn cut_and_count(stream: &[u8], frames: u64, tags: [(&str, usize); 3]) {
    for seed in 1..=20u64 {
        let mut driver = reading();
        let mut fed = FrameData::default();
        let mut rest = stream;
        let mut number = seed;
        while !rest.is_empty() {
            number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let cut = usize::try_from(number >> 56).unwrap().min(rest.len()).max(1);
            let (part, behind) = rest.split_at(cut);
            driver.feed(part, at(0), &mut fed);
            rest = behind;
        }
        let counts = (fed.frames, fed.bad_frames, fed.garbage_bytes);
        assert_eq!(counts, (frames, 0, 0), "seed {seed}");
        for (epc, count) in tags {
            let epc = bytes(epc);
            let reads = fed.reads.iter().filter(|read| read.epc == epc).count();
            assert_eq!(reads, count, "seed {seed}");
        }
        assert_eq!(fed.reads.len(), tags.iter().map(|(_, count)| count).sum::<usize>());
    }
}

#[test]
fn fifteen_seconds_of_three_tags_are_understood_whole_however_they_are_cut() {
    let mut stream = Vec::new();
    // Three tags in turns, each frame with a time of its own, and the heartbeat of every second.
    for round in 0..375u16 {
        if round % 25 == 0 {
            stream.extend(bytes(KEEP_ALIVE));
        }
        for (place, tag) in (0u16..).zip([TAG_96, TAG_32, TAG_E2]) {
            let recorded = bytes(tag);
            let mut data = recorded[5..recorded.len() - 2].to_vec();
            data[14..16].copy_from_slice(&(round % 25 * 40 + place * 13).to_be_bytes());
            stream.extend(answer(0x22, 0, &data));
        }
    }
    let tags =
        [("000000000000000000001545", 375), ("596F596F", 375), ("E2001026760E017915907125", 375)];
    cut_and_count(&stream, 3 * 375 + 15, tags);
}

#[test]
fn a_recording_of_fifteen_seconds_is_understood_whole_however_it_is_cut() {
    let adds = "1,138 frames recorded from an M6E Nano, however they are cut";
    let Some(folder) = foreign::folder("sparkfun-m6e", adds) else { return };
    let text = std::fs::read_to_string(folder.join("frames.hex")).expect("the recording");
    let frames: Vec<Vec<u8>> = text.lines().map(|line| hex::decode(line.trim()).unwrap()).collect();
    assert_eq!(frames.len(), 1138);
    for tag in [TAG_96, TAG_32, TAG_E2, KEEP_ALIVE] {
        assert!(frames.contains(&bytes(tag)), "the recording has not {tag}");
    }
    // What is no tag is a heartbeat: 16 of them.
    let tags =
        [("000000000000000000001545", 375), ("596F596F", 376), ("E2001026760E017915907125", 371)];
    cut_and_count(&frames.concat(), 1138, tags);
}

proptest! {
    #[test]
    fn any_bytes_are_survived(
        parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..400), 0..8),
    ) {
        let mut driver = Mercury::new(settings());
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
        command in proptest::sample::select(vec![0x03u8, 0x04, 0x0C, 0x22, 0x2F, 0x97, 0xAA]),
        status in proptest::sample::select(vec![0u16, 0x0400, 0x0101, 0x0503, 0x7F00]),
        data in proptest::collection::vec(any::<u8>(), 0..255),
    ) {
        let mut driver = reading();
        let mut fed = FrameData::default();
        driver.feed(&answer(command, status, &data), at(1000), &mut fed);
        prop_assert_eq!(fed.frames, 1);
        prop_assert!(fed.reads.iter().all(|read| read.epc.len() <= 62));
    }

    #[test]
    fn garbage_takes_no_frame_along(garbage in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut driver = reading();
        let mut fed = FrameData::default();
        let stream = [garbage, bytes(TAG_32), bytes(TAG_96)].concat();
        driver.feed(&stream, at(1000), &mut fed);
        driver.poll(millis(1000));
        driver.poll(millis(1200));
        driver.feed(&[], at(1200), &mut fed);
        let expected = ["596F596F".to_owned(), "000000000000000000001545".to_owned()];
        prop_assert!(epcs(&fed).ends_with(&expected));
    }
}
