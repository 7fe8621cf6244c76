//! Lines that go wrong as they do at a site: each is detected, reported with its remedy, and
//! recovered from automatically.
//!
//! The way through: a simulator misbehaves; the bridge runs on a site's TOML; what it found is read from the spool and
//! what it read from the outbox.
//!
//! What holds: every wait ends by what it waits for, or fails after half a minute.
//!
//! Not here: brokers, full disks (`backlog`).

mod llrp_lines;
mod modbus_bus;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use demo::simulators as sim;
use demo::simulators::cable::Cable;
use demo::simulators::llrp::{self, Llrp, Model};
use demo::simulators::mercury::Mercury;
use demo::simulators::pty::{self, Pty};
use demo::simulators::seeded::Seeded;
use demo::simulators::wire::Faults;
use demo::simulators::xy_md02::XyMd02;
use devices::reader::r200::{R200, Settings};
use firmware_bridge::line::Opener as _;
use firmware_bridge::metrics::Metrics;
use firmware_bridge::port::Port;
use firmware_bridge::sink::Sink;
use firmware_bridge::spool::KeptFinding;
use firmware_bridge::supervisor::{Supervisor, Talk};
use reads::code;
use tests::site::{LIMIT, Site, hex_of, reader, tags, wait_for};

use crate::recorded::{self, Counts};

fn plug_r200(seed: u64, field: Vec<Vec<u8>>) -> sim::r200::R200 {
    let reader = sim::r200::R200::start(seed, sim::r200::Faults::default()).expect("a terminal");
    reader.set_field(field);
    reader
}

fn serial(kind: &str, path: &Path, more: &str) -> String {
    format!("device.{kind} = {{ port = \"{}\"{more} }}", path.display())
}

fn mercury(path: &Path) -> String {
    serial("mercury", path, ", region = \"europe\"")
}

/// What the bridge serves at `path`.
fn page(site: &Site, path: &str) -> String {
    let mut stream = std::net::TcpStream::connect(site.listen).expect("the bridge listens");
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n").expect("the bridge reads");
    let mut page = String::new();
    stream.read_to_string(&mut page).expect("the bridge answers");
    page
}

/// The value of a metric of one reader; none if there is no such series.
fn metric(site: &Site, name: &str, id: &str) -> Option<u64> {
    let series = format!("{name}{{reader=\"{id}\"}} ");
    let page = page(site, "/metrics");
    page.lines().find_map(|line| line.strip_prefix(&series)?.parse().ok())
}

/// How often a reader's findings with this code were told.
fn times_told(site: &Site, id: &str, code: &str) -> i64 {
    let own = site.findings().into_iter().filter(|it| it.source == id && it.code == code);
    own.map(|it| it.count).sum()
}

/// How often each EPC, upper-case hex, stands in the windows that are kept.
fn kept_reads(site: &Site) -> BTreeMap<String, u64> {
    let spool = site.spool();
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    for (window, ..) in spool.last_windows(1000).expect("the spool can be read") {
        let kept = spool
            .closed_window(&window.to_string())
            .expect("the spool can be read")
            .expect("it is kept");
        for read in reads::Window::parse(&kept.raw).expect("a window") {
            *found.entry(hex::encode_upper(read.epc)).or_default() += 1;
        }
    }
    found
}

/// Waits until a reader has observed all of `field`.
fn wait_for_tags(site: &Site, outbox: &mut tests::site::Outbox, id: &str, field: &[Vec<u8>]) {
    wait_for(&format!("{id} observes its tags; found {:#?}", site.findings()), || {
        outbox.take();
        hex_of(field).is_subset(&outbox.epcs(id))
    });
}

#[test]
fn a_cable_pulled_and_plugged_elsewhere_is_found_by_its_lasting_name() {
    let first = plug_r200(1, tags(1, 3));
    let site = Site::new("");
    let link = site.path("usb-Silicon_Labs_CP2102-if00-port0");
    symlink(&first.path, &link).unwrap();
    site.configure("", &reader("door", &serial("r200", &link, "")));
    let bridge = site.start();
    let mut outbox = site.outbox();
    wait_for_tags(&site, &mut outbox, "door", &tags(1, 3));

    let old = first.path.clone();
    // Plugged before the first is let go, so that the system gives it another name.
    let second = plug_r200(2, tags(2, 3));
    assert_ne!(second.path, old);
    std::fs::remove_file(&link).unwrap();
    drop(first);
    let lost = site.wait_for_finding("door", code::LOST, "the cable may have been pulled");
    assert!(lost.text.contains("the bridge keeps trying to reconnect"), "{}", lost.text);
    site.wait_for_finding("door", code::LOST, "is the cable plugged in?");

    symlink(&second.path, &link).unwrap();
    wait_for_tags(&site, &mut outbox, "door", &tags(2, 3));
    site.wait_for_finding("door", code::BACK, "answers again");
    bridge.stop();
}

#[test]
fn a_reader_that_falls_silent_is_reported_and_reconnected() {
    let serial = Mercury::start(3, Faults::default()).unwrap();
    serial.set_field(tags(3, 2));
    let network = Llrp::start(4, Model::Impinj).unwrap();
    network.set_field(tags(4, 2));
    let site = Site::new(
        &[
            reader("serial", &mercury(&serial.path)),
            reader("network", &format!("device.llrp = {{ address = \"{}\" }}", network.address)),
        ]
        .concat(),
    );
    let bridge = site.start();
    let mut outbox = site.outbox();
    wait_for_tags(&site, &mut outbox, "serial", &tags(3, 2));
    wait_for_tags(&site, &mut outbox, "network", &tags(4, 2));
    serial.hang(true);
    network.silence(true);
    let words = "sent nothing for 10 s; check its power";
    site.wait_for_finding("serial", code::LOST, words);
    site.wait_for_finding("network", code::LOST, words);
    assert_eq!((serial.starts(), network.starts()), (1, 1));
    serial.hang(false);
    network.silence(false);
    serial.set_field(tags(5, 2));
    network.set_field(tags(6, 2));
    wait_for_tags(&site, &mut outbox, "serial", &tags(5, 2));
    wait_for_tags(&site, &mut outbox, "network", &tags(6, 2));
    for id in ["serial", "network"] {
        site.wait_for_finding(id, code::BACK, "answers again");
    }
    assert_eq!((serial.starts(), network.starts()), (2, 2));
    bridge.stop();
}

#[test]
fn a_reader_without_power_behind_an_adapter_never_counts_as_connected_and_is_reported_once() {
    // The adapter takes what is written; nobody answers.
    let adapter = Pty::open().unwrap();
    let site = Site::new(
        &[
            reader("silent", &serial("r200", &adapter.path, "")),
            reader("absent", &serial("r200", Path::new("/dev/serial/by-id/none"), "")),
        ]
        .concat(),
    );
    let bridge = site.start();
    wait_for("the silent line was given up twice", || {
        for id in ["silent", "absent"] {
            assert_eq!(metric(&site, "bridge_connected_readers", id), Some(0), "{id}");
        }
        metric(&site, "bridge_reconnects_total", "silent") >= Some(2)
    });
    for id in ["silent", "absent"] {
        assert_eq!(times_told(&site, id, code::LOST), 1, "{id}: {:#?}", site.findings());
    }
    bridge.stop();
}

#[test]
fn a_reader_is_connected_from_its_first_frame_until_its_line_is_lost() {
    let there = plug_r200(20, tags(20, 1));
    let site = Site::new(&reader("door", &serial("r200", &there.path, "")));
    let bridge = site.start();
    let is_connected = |expected: u64| {
        wait_for(&format!("the gauge is {expected}"), || {
            metric(&site, "bridge_connected_readers", "door") == Some(expected)
        });
        let said = format!("\"connected\":{}", expected == 1);
        let page = page(&site, "/readers");
        assert!(page.contains(&said), "{page}");
    };
    is_connected(1);
    drop(there);
    is_connected(0);
    bridge.stop();
}

#[test]
fn a_reader_whose_power_failed_for_a_moment_gets_its_region_again_and_that_is_reported() {
    let there = plug_r200(23, tags(23, 2));
    let site = Site::new(&reader("door", &serial("r200", &there.path, ", region = \"europe\"")));
    let bridge = site.start();
    let mut outbox = site.outbox();
    wait_for_tags(&site, &mut outbox, "door", &tags(23, 2));
    let is_europe = || site.setting("door", "region").as_deref() == Some("europe");
    wait_for("the region is known", is_europe);
    there.lose_power();
    there.set_field(tags(24, 2));
    wait_for_tags(&site, &mut outbox, "door", &tags(24, 2));
    site.wait_for_finding("door", code::CHANGED, "changed from `europe` to `china900`");
    wait_for("the region is the one asked for", is_europe);
    assert_eq!(times_told(&site, "door", code::LOST), 0);
    bridge.stop();
}

#[test]
fn what_a_reader_still_sends_after_its_stop_is_kept() {
    let nano = Mercury::start(21, Faults::default()).unwrap();
    nano.set_field(tags(21, 3));
    let site = Site::new(&reader("nano", &mercury(&nano.path)));
    let bridge = site.start();
    wait_for("it reads", || nano.notices() >= 50);
    bridge.stop();
    wait_for("it has stopped", || !nano.is_reading());
    assert_eq!(kept_reads(&site).values().sum::<u64>(), nano.notices());
}

#[test]
fn a_reader_without_antenna_is_there_and_its_line_is_not_lost() {
    let nano = Mercury::start(22, Faults::default()).unwrap();
    nano.take_antenna(true);
    let site = Site::new(&reader("nano", &mercury(&nano.path)));
    let bridge = site.start();
    site.wait_for_finding("nano", code::NO_ANTENNA, "antenna");
    wait_for("it was asked again for twenty seconds", || nano.refusals() >= 5);
    assert_eq!(times_told(&site, "nano", code::LOST), 0, "{:#?}", site.findings());
    assert_eq!(metric(&site, "bridge_connected_readers", "nano"), Some(1));
    bridge.stop();
}

fn cold(path: &Path) -> String {
    reader("cold", &serial("xy-md02", path, ", every_ms = 500, sensor = \"urn:example:cold\""))
}

#[test]
fn one_broken_probe_of_a_modbus_sensor_does_not_cost_the_other() {
    let there = XyMd02::start(50).unwrap();
    there.set_humidity(0xFFFF);
    let site = Site::new(&cold(&there.path));
    let bridge = site.start();
    let mut outbox = site.outbox();
    wait_for("the temperature is delivered", || {
        outbox.take();
        outbox.readings("cold").iter().any(|reading| reading.value == "5.0")
    });
    site.wait_for_finding("cold", code::BAD_VALUE, "6553.5");
    assert_eq!(times_told(&site, "cold", code::LOST), 0);
    assert_eq!(metric(&site, "bridge_connected_readers", "cold"), Some(1));
    bridge.stop();
}

#[test]
fn a_modbus_adapter_that_echoes_does_no_harm() {
    let there = XyMd02::start(-205).unwrap();
    there.echo(true);
    let site = Site::new(&cold(&there.path));
    let bridge = site.start();
    let mut outbox = site.outbox();
    wait_for("the temperature is delivered", || {
        outbox.take();
        outbox.readings("cold").iter().any(|reading| reading.value == "-20.5")
    });
    bridge.stop();
    assert_eq!(site.findings(), []);
}

#[test]
fn a_modbus_sensor_that_refuses_is_lost_with_its_own_words() {
    let there = XyMd02::start(50).unwrap();
    there.refuse(true);
    let site = Site::new(&cold(&there.path));
    let bridge = site.start();
    let lost = site.wait_for_finding("cold", code::LOST, "no such register");
    assert!(!lost.text.contains("A and B"), "{}", lost.text);
    assert_eq!(metric(&site, "bridge_connected_readers", "cold"), Some(0));
    there.refuse(false);
    site.wait_for_finding("cold", code::BACK, "answers again");
    assert_eq!(metric(&site, "bridge_connected_readers", "cold"), Some(1));
    bridge.stop();
}

#[test]
fn repeated_disconnects_are_reported_each_time() {
    let restless = Llrp::start(10, Model::Plain).unwrap();
    restless.set_field(tags(13, 2));
    let device = format!("device.llrp = {{ address = \"{}\" }}", restless.address);
    let site = Site::new(&reader("dock", &device));
    let bridge = site.start();
    for times in 1..=2 {
        wait_for("it reads", || restless.starts() == times && restless.is_reading());
        restless.close();
        for (code, words) in [
            (code::REFUSED, "closes this connection"),
            (code::LOST, "closed the connection"),
            (code::BACK, "answers again"),
        ] {
            wait_for(&format!("{code} is told {times} times: {:#?}", site.findings()), || {
                let is_it = |found: &KeptFinding| found.code == code && found.text.contains(words);
                let told = site.findings().into_iter().filter(|found| is_it(found));
                told.map(|found| found.count).sum::<i64>() == i64::try_from(times).unwrap()
            });
        }
    }
    bridge.stop();
}

#[test]
fn a_port_that_another_program_holds_is_reported_with_the_remedy_and_read_once_it_is_free() {
    let reader_there = plug_r200(7, tags(10, 3));
    let port = Port { path: reader_there.path.to_string_lossy().into_owned(), baud: 115_200 };
    let other = port.open().unwrap_or_else(|reason| panic!("{reason}"));
    let again = port.open().err().expect("it is open already");
    assert!(again.contains("another program holds the port; stop it"), "{again}");
    let site = Site::new(&reader("door", &serial("r200", &reader_there.path, "")));
    let bridge = site.start();
    let mut outbox = site.outbox();
    site.wait_for_finding("door", code::LOST, "another program holds the port; stop it");
    drop(other);
    wait_for_tags(&site, &mut outbox, "door", &tags(10, 3));
    bridge.stop();
}

#[test]
fn a_port_without_permission_is_reported_with_the_remedy() {
    if nix::unistd::geteuid().is_root() {
        let adds = "a serial port without permission, reported with its remedy";
        foreign::skipped("root may open every port; run the tests as another user", adds);
        return;
    }
    let terminal = Pty::open().unwrap();
    let closed = std::fs::Permissions::from_mode(0o000);
    std::fs::set_permissions(&terminal.path, closed).unwrap();
    let site = Site::new(&reader("door", &serial("r200", &terminal.path, "")));
    let bridge = site.start();
    site.wait_for_finding("door", code::LOST, "add that user to the group dialout");
    bridge.stop();
}

/// Something that writes noise, as a device at another baud rate or of another family seems to.
fn noise(seed: u64) -> (PathBuf, Arc<AtomicBool>) {
    let terminal = Pty::open().expect("a terminal");
    let path = terminal.path.clone();
    let is_over = Arc::new(AtomicBool::new(false));
    let over = Arc::clone(&is_over);
    std::thread::spawn(move || {
        // The whole of it, the line that keeps the terminal up included.
        let mut terminal = terminal;
        let mut numbers = Seeded::new(seed);
        let mut buffer = [0; 256];
        while !over.load(Ordering::SeqCst) && pty::read(&mut terminal.device, &mut buffer).is_ok() {
            let bytes: Vec<u8> = (0..16).flat_map(|_| numbers.draw().to_le_bytes()).collect();
            if terminal.device.write_all(&bytes).is_err() {
                return;
            }
        }
    });
    (path, is_over)
}

#[test]
fn noise_of_another_device_is_reported_as_such_for_every_family() {
    let (r200, r200_over) = noise(1);
    let (chafon, chafon_over) = noise(2);
    let (nano, nano_over) = noise(3);
    let site = Site::new(
        &[
            reader("r200", &serial("r200", &r200, "")),
            reader("chafon", &serial("chafon", &chafon, ", layout = \"reader288\"")),
            reader("nano", &mercury(&nano)),
            reader("llrp", &format!("device.llrp = {{ address = \"{}\" }}", speaks_http())),
        ]
        .concat(),
    );
    let bridge = site.start();
    for id in ["r200", "chafon", "nano"] {
        let found = site.wait_for_finding(id, code::NOT_THIS_DEVICE, "baud rate");
        assert!(found.text.contains("of this family"), "{}", found.text);
        // The line is opened anew again and again; the same finding is counted, not written again.
        wait_for("it is counted", || {
            site.wait_for_finding(id, code::NOT_THIS_DEVICE, "baud rate").count >= 2
        });
        let same = site
            .findings()
            .into_iter()
            .filter(|it| (&it.source, &it.code) == (&found.source, &found.code));
        assert_eq!(same.count(), 1);
    }
    site.wait_for_finding("llrp", code::NOT_THIS_DEVICE, "check that address and port");
    bridge.stop();
    for over in [r200_over, chafon_over, nano_over] {
        over.store(true, Ordering::SeqCst);
    }
}

/// The address of something that answers every connection with a page.
fn speaks_http() -> std::net::SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
    let address = listener.local_addr().expect("it listens");
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").ok();
        }
    });
    address
}

#[test]
fn what_was_configured_otherwise_is_a_change_at_the_next_start() {
    let there = plug_r200(8, tags(11, 2));
    let with = |power: &str| reader("door", &serial("r200", &there.path, power));
    let site = Site::new(&with(", power_dbm = 20"));
    let bridge = site.start();
    wait_for("the version is known", || site.setting("door", "version").is_some());
    bridge.stop();
    assert_eq!(site.spool().changes(10).unwrap(), []);
    site.configure("", &with(", power_dbm = 26"));
    let bridge = site.start();
    let changes = site.spool().changes(10).unwrap();
    bridge.stop();
    let found: Vec<(&str, &str, &str, &str)> = changes
        .iter()
        .map(|it| (it.source.as_str(), it.name.as_str(), it.old.as_str(), it.new.as_str()))
        .collect();
    assert!(
        found.contains(&("door", "configured.device.r200.power_dbm", "20.0", "26.0")),
        "{found:?}"
    );
    let told = site.wait_for_finding("door", code::CHANGED, "power_dbm");
    assert!(told.text.contains("changed from `20.0` to `26.0`"), "{}", told.text);
}

#[test]
fn a_serial_line_is_drained_while_the_rest_is_blocked_and_what_is_dropped_is_counted() {
    let there = plug_r200(9, tags(12, 5));
    let (inputs, taken) = sync_channel(1);
    let stop = Arc::new(AtomicBool::new(false));
    let settings =
        Settings { power_cdbm: 2000, region: None, session: None, only: vec![], read_tid: false };
    let sink = Sink {
        source: 0,
        reader: "door".into(),
        inputs,
        metrics: Metrics::new(),
        clock: process::Clock::system(),
    };
    let supervisor = Supervisor {
        opener: Box::new(Port { path: there.path.to_string_lossy().into_owned(), baud: 115_200 }),
        talk: Talk::Reader(Box::new(R200::new(settings)), Box::new(sink)),
    };
    let stopped = Arc::clone(&stop);
    let thread = std::thread::spawn(move || supervisor.run(&stopped));
    // The kernel holds 4 KiB, 140 notices: more are only sent if somebody takes them.
    wait_for("the reader goes on", || there.notices() >= 600);
    there.set_field(vec![]);
    let (mut reads, mut dropped) = (0, 0);
    let mut settings = BTreeSet::new();
    wait_for("every notice is read or counted as dropped", || {
        for input in taken.try_iter() {
            reads += input.data.reads.len() as u64;
            settings.extend(input.data.settings.iter().map(|setting| setting.name));
            for gap in input.data.findings.iter().filter(|found| found.code == code::GAP) {
                let count = gap.text.split(' ').next().and_then(|word| word.parse::<u64>().ok());
                dropped += count.expect("the number comes first");
            }
        }
        reads + dropped == there.notices()
    });
    assert!(dropped > 0, "{reads} read, {dropped} dropped");
    // Only reads are dropped.
    assert_eq!(settings, ["version", "region", "power_cdbm", "session"].into());
    stop.store(true, Ordering::SeqCst);
    thread.join().unwrap();
}

/// Plays a stream three times, cut in small, middle and large pieces.
fn play_cut(stream: &[u8], counts: Counts) {
    // At the line's pace a larger piece would leave a pause in which half a frame is rightly given up.
    std::thread::scope(|threads| {
        for (seed, largest) in [(1, 16), (2, 100), (3, 400)] {
            threads.spawn(move || play(stream, counts, seed, largest));
        }
    });
}

#[test]
fn three_tags_for_fifteen_seconds_come_whole_through_a_real_port_however_they_are_cut() {
    let (stream, counts) = recorded::stream();
    play_cut(&stream, counts);
}

#[test]
fn recorded_traffic_comes_whole_through_a_real_port_however_it_is_cut() {
    let adds = "1,138 frames recorded from an M6E Nano, through a real port";
    let Some((stream, counts)) = recorded::recorded_stream(adds) else { return };
    play_cut(&stream, counts);
}

/// Plays a stream in pieces of up to `largest` bytes and counts what comes of it.
fn play(stream: &[u8], counts: Counts, seed: u64, largest: u64) {
    let mut numbers = Seeded::new(seed);
    let mut pieces = Vec::new();
    let mut rest = stream;
    while !rest.is_empty() {
        let cut = usize::try_from(1 + numbers.below(largest)).unwrap_or(1).min(rest.len());
        let (piece, behind) = rest.split_at(cut);
        pieces.push(piece.to_vec());
        rest = behind;
    }
    let nano = Mercury::start(seed, Faults::default()).expect("a terminal");
    nano.play(pieces);
    let site = Site::new(&reader("nano", &mercury(&nano.path)));
    let bridge = site.start();
    let deadline = Instant::now() + LIMIT;
    let all: u64 = counts.iter().map(|(_, count)| count).sum();
    while kept_reads(&site).values().sum::<u64>() < all {
        let found = (kept_reads(&site), site.findings());
        assert!(Instant::now() < deadline, "pieces of up to {largest} bytes: {found:#?}");
        std::thread::sleep(Duration::from_millis(50));
    }
    bridge.stop();
    assert_eq!(kept_reads(&site), counts.map(|(epc, count)| (epc.to_owned(), count)).into());
    assert_eq!(site.findings(), []);
    println!("cut in pieces of up to {largest} bytes: {counts:?} reads, none lost");
}
