//! The bridge's serial dialects against simulated readers, over pseudo-terminals.
//!
//! The way through: a [`Host`] holds the line as the bridge does: it feeds what arrives, writes what is asked
//! for, and asks again every 50 ms.
//!
//! What holds: every test ends by what it waits for, or fails after some seconds.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use demo::simulators as sim;
use demo::simulators::mercury::Model;
use demo::simulators::wire::Faults;
use devices::reader::chafon::{self, BROADCAST, Chafon};
use devices::reader::mercury::{self, Mercury, Region};
use devices::reader::{Dialect, FrameData, NO_RSSI_CDBM};
use jiff::{SignedDuration, Timestamp};
use reads::code;
use tests::waiting::wait_for;

/// Longest wait for anything.
const LIMIT: Duration = Duration::from_secs(20);

struct Host<D> {
    dialect: D,
    line: File,
    arrives: Receiver<Vec<u8>>,
    begun: Instant,
    fed: FrameData,
}

impl<D: Dialect> Host<D> {
    fn open(mut dialect: D, path: &Path) -> Self {
        let line = OpenOptions::new().read(true).write(true).open(path).expect("the port opens");
        let mut reader = line.try_clone().expect("the port has two ends");
        let (sender, arrives) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 512];
            while let Ok(count) = reader.read(&mut buffer) {
                if count == 0 || sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        dialect.open();
        Self { dialect, line, arrives, begun: Instant::now(), fed: FrameData::default() }
    }

    fn step(&mut self) {
        while let Some(bytes) = self.dialect.poll(self.begun.elapsed()) {
            self.line.write_all(&bytes).expect("the line is up");
        }
        let bytes = self.arrives.recv_timeout(Duration::from_millis(50)).unwrap_or_default();
        self.dialect.feed(&bytes, Timestamp::now(), &mut self.fed);
    }

    fn until(&mut self, what: &str, mut is_there: impl FnMut(&FrameData) -> bool) {
        let begun = Instant::now();
        while !is_there(&self.fed) {
            assert!(begun.elapsed() < LIMIT, "waited for {what}: {:?}", self.fed.findings);
            self.step();
        }
    }

    fn epcs(&self) -> BTreeSet<Vec<u8>> {
        self.fed.reads.iter().map(|read| read.epc.to_vec()).collect()
    }

    fn setting(&self, name: &str) -> Option<&str> {
        let found = self.fed.settings.iter().rev().find(|setting| setting.name == name);
        found.map(|setting| setting.value.as_str())
    }
}

fn tags(count: u8) -> Vec<Vec<u8>> {
    // FF, 22 and 00 stand in the EPCs, so that marks and commands do.
    (0..count)
        .map(|n| vec![0x30, 0xFF, 0x00, 0x22, 0x04, 0x00, 0x15, 0x01, 0x2F, 0xFF, 0, n])
        .collect()
}

fn worst() -> Faults {
    Faults { garbage_every: 5, bad_checksum_every: 7, in_pieces: true }
}

fn chafon_settings(layout: chafon::Layout) -> chafon::Settings {
    chafon::Settings { layout, power_dbm: 26, address: BROADCAST, antennas: vec![1, 2] }
}

fn mercury_settings() -> mercury::Settings {
    mercury::Settings { power_cdbm: 2600, region: Region::NorthAmericaNano, antennas: vec![1] }
}

#[test]
fn both_chafon_layouts_read_every_tag_on_a_clean_line() {
    for (layout, simulated) in [
        (chafon::Layout::Reader18, sim::chafon::Layout::Reader18),
        (chafon::Layout::Reader288, sim::chafon::Layout::Reader288),
    ] {
        let reader = sim::chafon::Chafon::start(1, Faults::default(), simulated).unwrap();
        reader.set_field(tags(40));
        let mut host = Host::open(Chafon::new(chafon_settings(layout)), &reader.path);
        host.until("three rounds", |fed| fed.reads.len() >= 120);
        assert_eq!(host.epcs(), tags(40).into_iter().collect());
        assert_eq!((host.fed.bad_frames, host.fed.garbage_bytes), (0, 0));
        assert_eq!(host.fed.findings, []);
        assert_eq!((reader.power_dbm(), host.setting("power_cdbm")), (26, Some("2600")));
        // The reader counts a round after it has sent it.
        wait_for("the rounds are counted", || reader.rounds() >= 2 && reader.notices() >= 120);
        let antennas: BTreeSet<u16> = host.fed.reads.iter().map(|read| read.antenna).collect();
        match layout {
            chafon::Layout::Reader18 => {
                assert_eq!(antennas, [0].into());
                assert!(host.fed.reads.iter().all(|read| read.rssi_cdbm == NO_RSSI_CDBM));
            }
            chafon::Layout::Reader288 => {
                assert_eq!(antennas, [1, 2].into());
                let is_near = |rssi| (-7000..-2000).contains(&rssi);
                assert!(host.fed.reads.iter().all(|read| is_near(read.rssi_cdbm)));
            }
        }
    }
}

#[test]
fn a_chafon_line_with_every_fault_loses_only_what_was_spoilt() {
    let reader = sim::chafon::Chafon::start(2, worst(), sim::chafon::Layout::Reader288).unwrap();
    reader.set_field(tags(60));
    let settings = chafon_settings(chafon::Layout::Reader288);
    let mut host = Host::open(Chafon::new(settings), &reader.path);
    host.until("many reads", |fed| fed.reads.len() >= 600);
    assert_eq!(host.epcs(), tags(60).into_iter().collect());
    assert!(host.fed.bad_frames > 0 && host.fed.garbage_bytes > 0);
    // One frame in seven is spoilt; a frame has 16 tags, and the last one may not be here yet.
    let lost = reader.notices().saturating_sub(host.fed.reads.len() as u64);
    assert!(lost * 4 <= reader.notices(), "{lost} of {}", reader.notices());
}

#[test]
fn a_chafon_port_without_antenna_is_named_and_the_others_go_on() {
    let reader = sim::chafon::Chafon::start(3, Faults::default(), sim::chafon::Layout::Reader288);
    let reader = reader.unwrap();
    reader.set_antennas(0b0001);
    reader.set_field(tags(2));
    let settings = chafon_settings(chafon::Layout::Reader288);
    let mut host = Host::open(Chafon::new(settings), &reader.path);
    host.until("reads", |fed| fed.reads.len() >= 20 && !fed.findings.is_empty());
    assert_eq!(host.fed.findings.len(), 1);
    assert_eq!(host.fed.findings[0].code, code::NO_ANTENNA);
    assert!(host.fed.findings[0].text.contains("port 2"), "{}", host.fed.findings[0].text);
    assert!(host.fed.reads.iter().all(|read| read.antenna == 1));
}

#[test]
fn a_chafon_field_that_empties_gives_no_more_reads() {
    let reader = sim::chafon::Chafon::start(4, Faults::default(), sim::chafon::Layout::Reader18);
    let reader = reader.unwrap();
    let mut host = Host::open(Chafon::new(chafon_settings(chafon::Layout::Reader18)), &reader.path);
    host.until("a round without tags", |fed| fed.frames >= 5);
    assert_eq!(host.fed.reads, []);
    reader.set_field(tags(1));
    host.until("the tag", |fed| !fed.reads.is_empty());
    assert_eq!(host.dialect.stop(), Vec::<u8>::new());
}

#[test]
fn a_mercury_reader_reads_every_tag_on_a_clean_line_with_sane_times() {
    let reader = sim::mercury::Mercury::start(5, Faults::default()).unwrap();
    reader.set_field(tags(20));
    let begun = Timestamp::now();
    let mut host = Host::open(Mercury::new(mercury_settings()), &reader.path);
    host.until("reads of more than a second", |fed| fed.reads.len() >= 400);
    assert_eq!(host.epcs(), tags(20).into_iter().collect());
    assert_eq!((host.fed.bad_frames, host.fed.garbage_bytes), (0, 0));
    assert_eq!(host.fed.findings, []);
    assert_eq!(host.setting("power_cdbm"), Some("2600"));
    assert!(host.setting("version").is_some_and(|version| version.contains("01.03.01.47")));
    assert!(host.fed.frames > host.fed.reads.len() as u64 + 7, "keep-alives and answers");
    let end = Timestamp::now();
    assert!(host.fed.reads.iter().all(|read| read.at >= begun && read.at <= end));
    let back = host.fed.reads.windows(2).map(|pair| pair[0].at.duration_since(pair[1].at)).max();
    // A keep-alive that arrives a little late sets the reads behind it a little later.
    assert!(back.unwrap() < SignedDuration::from_millis(250), "{back:?}");
    assert_eq!(reader.starts(), 1);
}

#[test]
fn a_mercury_line_with_every_fault_loses_only_what_was_spoilt() {
    let reader = sim::mercury::Mercury::start(6, worst()).unwrap();
    reader.set_field(tags(10));
    let mut host = Host::open(Mercury::new(mercury_settings()), &reader.path);
    host.until("many reads", |fed| fed.reads.len() >= 500);
    assert_eq!(host.epcs(), tags(10).into_iter().collect());
    assert!(host.fed.bad_frames > 0 && host.fed.garbage_bytes > 0);
    let lost = reader.notices().saturating_sub(host.fed.reads.len() as u64);
    assert!(lost * 5 <= reader.notices(), "{lost} of {}", reader.notices());
}

#[test]
fn reads_that_come_after_a_stop_are_taken_and_then_it_is_quiet() {
    let reader = sim::mercury::Mercury::start(7, Faults::default()).unwrap();
    reader.set_field(tags(5));
    let mut host = Host::open(Mercury::new(mercury_settings()), &reader.path);
    host.until("reads", |fed| fed.reads.len() >= 20);
    let stop = host.dialect.stop();
    host.line.write_all(&stop).unwrap();
    host.until("the end", |_| !reader.is_reading());
    (0..5).for_each(|_| host.step());
    assert_eq!(host.fed.reads.len() as u64, reader.notices());
    assert_eq!((host.fed.bad_frames, host.fed.garbage_bytes), (0, 0));
    assert_eq!(reader.starts(), 1);
}

#[test]
fn a_reader_that_still_reads_from_before_is_stopped_and_set_up() {
    for model in [Model::Nano, Model::Silion] {
        let reader = sim::mercury::Mercury::start_model(8, Faults::default(), model).unwrap();
        reader.set_field(tags(5));
        let mut host = Host::open(Mercury::new(mercury_settings()), &reader.path);
        host.until("reads", |fed| fed.reads.len() >= 20);
        // The bridge was restarted: the line is the same, nothing is known.
        host.dialect.open();
        host.begun = Instant::now();
        host.fed = FrameData::default();
        host.until("the second start", |_| reader.starts() == 2);
        host.until("reads", |fed| fed.reads.len() >= 20);
        assert_eq!(host.fed.findings, [], "{model:?}");
    }
}

#[test]
fn a_reader_that_hangs_is_reported_and_set_up_again() {
    let reader = sim::mercury::Mercury::start(9, Faults::default()).unwrap();
    reader.set_field(tags(2));
    let mut host = Host::open(Mercury::new(mercury_settings()), &reader.path);
    host.until("reads", |fed| !fed.reads.is_empty());
    reader.hang(true);
    host.until("the finding", |fed| fed.findings.iter().any(|f| f.code == code::NO_ANSWER));
    reader.hang(false);
    host.until("the second start", |_| reader.starts() == 2);
}

#[test]
fn bootloader_and_silion_modules_are_brought_to_reading() {
    for model in [Model::NanoInBootloader, Model::Silion] {
        let reader = sim::mercury::Mercury::start_model(10, Faults::default(), model).unwrap();
        reader.set_field(tags(5));
        let mut host = Host::open(Mercury::new(mercury_settings()), &reader.path);
        host.until("reads", |fed| fed.reads.len() >= 300);
        assert_eq!(host.epcs(), tags(5).into_iter().collect(), "{model:?}");
        assert_eq!((host.fed.bad_frames, host.fed.garbage_bytes), (0, 0), "{model:?}");
        assert_eq!(host.fed.findings, [], "{model:?}");
        let stop = host.dialect.stop();
        host.line.write_all(&stop).unwrap();
        host.until("the end", |_| !reader.is_reading());
    }
}

/// A reader with a fault that keeps it from reading, which is told; then the fault is mended.
fn told_and_mended(fault: fn(&sim::mercury::Mercury, bool), expected: &str) {
    let reader = sim::mercury::Mercury::start(11, Faults::default()).expect("a terminal");
    reader.set_field(tags(1));
    fault(&reader, true);
    let mut host = Host::open(Mercury::new(mercury_settings()), &reader.path);
    host.until("the finding", |fed| !fed.findings.is_empty());
    assert_eq!(host.fed.findings[0].code, expected);
    assert_eq!((host.fed.reads.len(), reader.starts()), (0, 0));
    fault(&reader, false);
    host.until("reads, once it is mended", |fed| !fed.reads.is_empty());
}

#[test]
fn a_refused_region_is_reported_and_nothing_is_read_until_it_is_fixed() {
    told_and_mended(sim::mercury::Mercury::refuse_region, code::REGION);
}

#[test]
fn a_missing_antenna_is_reported_and_nothing_is_read_until_it_is_fixed() {
    told_and_mended(sim::mercury::Mercury::take_antenna, code::NO_ANTENNA);
}

#[test]
fn rounds_count_only_the_field_that_is_there() {
    let reader = sim::mercury::Mercury::start(12, Faults::default()).unwrap();
    reader.set_field(tags(200));
    let mut host = Host::open(Mercury::new(mercury_settings()), &reader.path);
    host.until("reads", |fed| fed.reads.len() >= 150);
    reader.set_field(tags(3));
    host.fed = FrameData::default();
    host.until("a round", |_| reader.rounds() >= 1);
    (0..3).for_each(|_| host.step());
    assert!(tags(3).into_iter().all(|tag| host.epcs().contains(&tag)));
}
