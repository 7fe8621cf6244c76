//! Outages around the bridge: broker, bridge and disk; nothing that can be kept is lost, the rest is counted.
//!
//! The way through: devices publish to a broker in this process, the bridge reaches it over a cable that can be
//! pulled; what it took is looked for in the spool.
//!
//! What holds: every wait ends by what it waits for, or fails after half a minute.
//!
//! Not here: lines (`supervision`), ingest that is away or killed (`survival`).

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use demo::simulators as sim;
use demo::simulators::broker::Publisher;
use demo::simulators::cable::Cable;
use demo::simulators::impinj_r700::R700;
use firmware_bridge::spool::{self, Spool, Waiting};
use reads::{SensorKind, code};

use tests::program::chopmark;
use tests::site::{Outbox, Site, hex_of, reader, tags, wait_for};
use tests::waiting::free_address;

/// An R700's event.
fn event(epc: &[u8]) -> Vec<u8> {
    let now = jiff::Timestamp::now();
    let epc = hex::encode_upper(epc);
    format!(
        "{{\"timestamp\":\"{now:.9}\",\"hostname\":\"r\",\"eventType\":\"tagInventory\",\"tagInventoryEvent\":\
         {{\"epcHex\":\"{epc}\",\"antennaPort\":1,\"peakRssiCdbm\":-4500}}}}"
    )
    .into()
}

fn door(broker: SocketAddr) -> String {
    reader("door", &format!("device.impinj-r700 = {{ broker = \"{broker}\", topic = \"tags\" }}"))
}

fn publish(reader: &mut R700, field: &[Vec<u8>]) {
    for epc in field {
        reader.publish(&event(epc)).expect("the broker takes it");
    }
    reader.flush().expect("the broker takes it");
}

fn wait_for_tags(outbox: &mut Outbox, field: &[Vec<u8>]) {
    wait_for("every tag is observed", || {
        outbox.take();
        hex_of(field).is_subset(&outbox.epcs("door"))
    });
}

/// Publishes until the first message comes through: from then on the subscription stands.
fn wait_for_subscription(outbox: &mut Outbox, reader: &mut R700, field: &[Vec<u8>]) {
    let mut published: Option<Instant> = None;
    wait_for("the bridge listens", || {
        if published.is_none_or(|last| last.elapsed() > Duration::from_millis(500)) {
            publish(reader, field);
            published = Some(Instant::now());
        }
        outbox.take();
        hex_of(field).is_subset(&outbox.epcs("door"))
    });
}

#[test]
fn what_is_published_while_the_network_or_the_bridge_is_away_arrives_later_and_once() {
    let broker = sim::broker::start().unwrap();
    let mut cable = Cable::to(broker).unwrap();
    let site = Site::new(&door(cable.address));
    let bridge = site.start();
    let mut outbox = site.outbox();
    let mut reader = R700::connect(broker, "tags", "r").unwrap();
    wait_for_subscription(&mut outbox, &mut reader, &tags(1, 1));

    cable.pull();
    site.wait_for_finding("door", code::LOST, "no broker listens on the port");
    publish(&mut reader, &tags(2, 200));
    cable.plug(broker).unwrap();
    site.wait_for_finding("door", code::BACK, "is connected again");
    wait_for_tags(&mut outbox, &tags(2, 200));

    bridge.stop();
    publish(&mut reader, &tags(3, 200));
    let bridge = site.start();
    wait_for_tags(&mut outbox, &tags(3, 200));
    bridge.stop();
    outbox.take();
    // Each was published once; what the broker sent again was taken once.
    let all = outbox.deliveries.iter().flat_map(|delivery| &delivery.observations);
    let of = |reader: u8| move |hex: &str| hex.starts_with(&format!("3074257BF7{reader:02X}"));
    let counted: u32 =
        all.filter(|one| of(2)(&one.epc_hex) || of(3)(&one.epc_hex)).map(|one| one.count).sum();
    assert_eq!(counted, 400);
    assert_eq!(site.spool().dead_letters().unwrap(), []);
    // A broker that kept our session has kept what was published.
    assert!(site.findings().iter().all(|found| found.code != code::GAP), "{:#?}", site.findings());
}

#[test]
fn a_broker_that_was_restarted_and_forgot_everything_is_subscribed_to_again() {
    let broker = sim::broker::start().unwrap();
    let mut cable = Cable::to(broker).unwrap();
    let site = Site::new(&door(cable.address));
    let bridge = site.start();
    let mut outbox = site.outbox();
    let mut reader = R700::connect(broker, "tags", "r").unwrap();
    wait_for_subscription(&mut outbox, &mut reader, &tags(4, 1));
    cable.pull();
    let lost = site.wait_for_finding("door", code::LOST, "connection to broker");
    assert!(lost.text.contains("the bridge keeps trying to reconnect"), "{}", lost.text);
    // The broker here keeps sessions in memory, so a restarted one is a new one behind the same address.
    let restarted = sim::broker::start().unwrap();
    cable.plug(restarted).unwrap();
    let mut reader = R700::connect(restarted, "tags", "r").unwrap();
    wait_for_subscription(&mut outbox, &mut reader, &tags(5, 1));
    site.wait_for_finding("door", code::BACK, "is connected again");
    site.wait_for_finding("door", code::GAP, "lost the session");
    publish(&mut reader, &tags(6, 100));
    wait_for_tags(&mut outbox, &tags(6, 100));
    bridge.stop();
}

#[test]
fn a_broker_far_away_is_reached_and_its_tags_arrive() {
    let broker = sim::broker::start().unwrap();
    let cable = Cable::slow_to(broker, Duration::from_millis(100)).unwrap();
    let site = Site::new(&door(cable.address));
    let bridge = site.start();
    let mut outbox = site.outbox();
    let mut reader = R700::connect(broker, "tags", "r").unwrap();
    wait_for_subscription(&mut outbox, &mut reader, &tags(14, 3));
    bridge.stop();
    let lost = site.findings().into_iter().filter(|found| found.code == code::LOST);
    assert_eq!(lost.count(), 0);
}

#[test]
fn a_broker_that_never_answers_is_a_finding() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let site = Site::new(&door(silent.local_addr().unwrap()));
    let bridge = site.start();
    site.wait_for_finding("door", code::LOST, "check the broker and the network between");
    bridge.stop();
}

#[test]
fn what_the_broker_kept_is_no_read_however_often_the_bridge_starts() {
    let broker = sim::broker::start().unwrap();
    let kept = tags(15, 1);
    let mut publisher = Publisher::connect(broker, "kept").unwrap();
    publisher.publish("tags", &event(&kept[0]), true).unwrap();
    publisher.flush().unwrap();
    let mut reader = R700::connect(broker, "tags", "r").unwrap();
    let site = Site::new(&door(broker));
    for start in [1, 2] {
        let bridge = site.start();
        // This broker sends what it kept to a new session only, others to every connection.
        wait_for("the kept message is a dead letter", || {
            !site.spool().dead_letters().unwrap().is_empty()
        });
        let mut outbox = site.outbox();
        wait_for_subscription(&mut outbox, &mut reader, &tags(15 + start, 1));
        bridge.stop();
        outbox.take();
        assert!(outbox.epcs("door").is_disjoint(&hex_of(&kept)), "start {start}");
    }
    let letters = site.spool().dead_letters().unwrap();
    assert!(letters.iter().all(|(_, why)| why.contains("switch retain off")), "{letters:#?}");
}

#[test]
fn two_sections_on_one_base_take_each_its_own_sensors_and_refuse_nothing() {
    let broker = sim::broker::start().unwrap();
    let section = |name: &str| {
        let device = format!(
            "device.zigbee2mqtt = {{ broker = \"{broker}\", sensors = {{ {name} = \"urn:example:{name}\" }} }}"
        );
        reader(name, &device)
    };
    let site = Site::new(&format!("{}{}", section("cold"), section("warm")));
    let bridge = site.start();
    let mut outbox = site.outbox();
    let mut stack = Publisher::connect(broker, "stack").unwrap();
    let mut send = |payload: &str| {
        for name in ["cold", "warm"] {
            let topic = format!("zigbee2mqtt/{name}");
            stack.publish(&topic, payload.as_bytes(), false).expect("the broker takes it");
        }
        stack.flush().expect("the broker takes it");
    };
    wait_for("both sections listen", || {
        send(r#"{"temperature":1}"#);
        outbox.take();
        ["cold", "warm"].iter().all(|name| !outbox.readings(name).is_empty())
    });
    // Equal to the byte and of the same second: two sensors all the same.
    let now = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second()).unwrap();
    send(&format!(r#"{{"temperature":7,"last_seen":"{now}"}}"#));
    wait_for("both sensors have the value", || {
        outbox.take();
        ["cold", "warm"].iter().all(|name| outbox.readings(name).iter().any(|one| one.value == "7"))
    });
    bridge.stop();
    for name in ["cold", "warm"] {
        let sensor = format!("urn:example:{name}");
        assert!(outbox.readings(name).iter().all(|reading| reading.sensor == sensor));
    }
    assert_eq!(site.spool().dead_letters().unwrap(), []);
    let codes: Vec<String> = site.findings().into_iter().map(|found| found.code).collect();
    assert_eq!(codes, [code::UNKNOWN_SENSOR; 2], "each section tells the other's device once");
}

#[test]
fn equal_reads_of_one_second_at_two_doors_are_all_counted() {
    let broker = sim::broker::start().unwrap();
    let section = |name: &str| {
        let device = format!(
            "device.mapped-json = {{ broker = \"{broker}\", topic = \"{name}\", \
             mapping = {{ epc = \"/epc\", time = \"/t\", time_unit = \"s\" }} }}"
        );
        reader(name, &device)
    };
    let site = Site::new(&format!("{}{}", section("one"), section("two")));
    let bridge = site.start();
    let mut outbox = site.outbox();
    let mut devices = Publisher::connect(broker, "devices").unwrap();
    let mut send = |epc: &[u8], times: u32| {
        let now = jiff::Timestamp::now().as_second();
        let payload = format!(r#"{{"epc":"{}","t":{now}}}"#, hex::encode_upper(epc));
        for _ in 0..times {
            for door in ["one", "two"] {
                devices.publish(door, payload.as_bytes(), false).expect("the broker takes it");
            }
        }
        devices.flush().expect("the broker takes it");
    };
    let (first, passing) = (tags(18, 1), tags(19, 1));
    wait_for("both doors listen", || {
        send(&first[0], 1);
        outbox.take();
        ["one", "two"].iter().all(|door| !outbox.epcs(door).is_empty())
    });
    send(&passing[0], 3);
    wait_for("both doors saw it", || {
        outbox.take();
        ["one", "two"].iter().all(|door| hex_of(&passing).is_subset(&outbox.epcs(door)))
    });
    bridge.stop();
    outbox.take();
    for door in ["one", "two"] {
        let own = outbox.deliveries.iter().filter(|delivery| delivery.reader == door);
        let seen = own.flat_map(|delivery| &delivery.observations);
        let counts =
            seen.filter(|one| hex_of(&passing).contains(&one.epc_hex)).map(|one| one.count);
        assert_eq!(counts.sum::<u32>(), 3, "door {door}");
    }
}

#[test]
fn a_poisonous_message_becomes_a_dead_letter_and_those_behind_it_flow() {
    let broker = sim::broker::start_with(free_address(), 64 * 1024 * 1024).unwrap();
    let site = Site::new(&door(broker));
    let bridge = site.start();
    let mut outbox = site.outbox();
    let mut reader = R700::connect(broker, "tags", "r").unwrap();
    wait_for_subscription(&mut outbox, &mut reader, &tags(7, 1));
    let huge = vec![b'['; 16 * 1024 * 1024 + 1];
    let deep = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    let poisons: [&[u8]; 5] = [b"{\"tagInventoryEvent\":", b"\xFF\xFE\x00", b"", &deep, &huge];
    for (number, poison) in (8..).zip(poisons) {
        reader.publish(poison).unwrap();
        publish(&mut reader, &tags(number, 3));
    }
    for number in 8..13 {
        wait_for(&format!("behind poison {number}: {:#?}", site.findings()), || {
            outbox.take();
            hex_of(&tags(number, 3)).is_subset(&outbox.epcs("door"))
        });
    }
    bridge.stop();
    let letters = site.spool().dead_letters().unwrap();
    assert_eq!(letters.len(), poisons.len(), "{letters:#?}");
    assert!(letters.iter().all(|(source, reason)| source == "door" && !reason.is_empty()));
    // None of them cost the connection.
    let lost = site.findings().into_iter().filter(|found| found.code == code::LOST);
    assert_eq!(lost.count(), 0);
}

#[test]
fn a_full_spool_drops_raw_reads_with_a_recorded_gap_and_keeps_every_delivery() {
    let there = sim::r200::R200::start(1, sim::r200::Faults::default()).unwrap();
    there.set_field(tags(20, 5));
    let text = reader("door", &format!("device.r200.port = \"{}\"", there.path.display()));
    let site = Site::new(&text);
    let bridge = site.start();
    wait_for("deliveries wait", || site.spool().waiting().unwrap() >= 2);
    bridge.stop();
    let before = site.spool().waiting().unwrap();

    there.set_field(tags(21, 5));
    site.configure("max_spool_bytes = 1", &text);
    let bridge = site.start();
    wait_for("more deliveries wait", || site.spool().waiting().unwrap() >= before + 3);
    site.wait_for_finding("b1", spool::code::FULL, "the spool has reached max_spool_bytes");
    bridge.stop();
    let mut outbox = site.outbox();
    outbox.take();
    let first = outbox.deliveries[0].boot;
    let first_boot = outbox.deliveries.iter().filter(|delivery| delivery.boot == first);
    assert_eq!(first_boot.count() as u64, before, "earlier deliveries stay");
    assert!(outbox.epcs("door").len() > 5, "what was still kept is observed");
    let full: Vec<&reads::Delivery> =
        outbox.deliveries.iter().filter(|delivery| delivery.boot > first).collect();
    assert!(full.len() >= 3);
    let is_told = |delivery: &&&reads::Delivery| {
        delivery.gaps.iter().any(|gap| gap.ends_with("reads dropped, spool full"))
    };
    assert!(full.iter().filter(is_told).count() >= 2, "{full:#?}");
    // Every window still names all its reads: those that it kept and those that it dropped.
    for delivery in full.iter().filter(is_told) {
        let dropped: u64 =
            delivery.gaps.iter().filter_map(|gap| gap.split(' ').next()?.parse::<u64>().ok()).sum();
        assert!(dropped > 0, "{delivery:#?}");
    }
}

#[test]
fn remembered_messages_and_dead_letters_make_room_for_reads_before_any_is_dropped() {
    let there = sim::r200::R200::start(1, sim::r200::Faults::default()).unwrap();
    there.set_field(tags(22, 5));
    let text = reader("door", &format!("device.r200.port = \"{}\"", there.path.display()));
    let site = Site::new(&text);
    site.configure("max_spool_bytes = 1000000", &text);
    let mut outbox = site.outbox();
    let mut spool = Spool::open(&site.path("spool.sqlite")).unwrap();
    let mut batch = spool.begin().unwrap();
    let now = jiff::Timestamp::now();
    for number in 0..20_000_u32 {
        let digest = ledger::hash::sha256(&number.to_be_bytes());
        batch.remember_message(&digest.0, now - jiff::SignedDuration::from_hours(2)).unwrap();
    }
    for _ in 0..20 {
        batch.dead_letter("probes", "device `x` is not named", &vec![b'x'; 60_000], now).unwrap();
    }
    batch.commit().unwrap();
    assert!(spool.used_bytes().unwrap() > 2_000_000);
    let bridge = site.start();
    wait_for("three windows are delivered", || {
        outbox.take();
        outbox.deliveries.len() >= 3
    });
    bridge.stop();
    outbox.take();
    assert!(hex_of(&tags(22, 5)).is_subset(&outbox.epcs("door")));
    assert_eq!(outbox.gaps("door"), Vec::<&str>::new());
    assert!(site.findings().iter().all(|found| found.code != spool::code::FULL));
    assert!(spool.used_bytes().unwrap() < 1_000_000);
}

#[test]
fn a_full_spool_is_reported_when_reads_begin_to_be_dropped_and_when_there_is_room_again() {
    let there = sim::r200::R200::start(1, sim::r200::Faults::default()).unwrap();
    there.set_field(tags(23, 5));
    let text = reader("door", &format!("device.r200.port = \"{}\"", there.path.display()));
    let site = Site::new(&text);
    site.configure("max_spool_bytes = 1000000", &text);
    let mut spool = Spool::open(&site.path("spool.sqlite")).unwrap();
    let mut batch = spool.begin().unwrap();
    let window = batch.open_window("elsewhere", jiff::Timestamp::now()).unwrap();
    let backlog = Waiting { boot: 1, seq: 1, body: vec![b' '; 2_000_000] };
    batch.add_delivery(window, &backlog).unwrap();
    batch.commit().unwrap();
    let bridge = site.start();
    site.wait_for_finding("b1", spool::code::FULL, "the spool has reached max_spool_bytes");
    spool.forget(1, 1).unwrap();
    site.wait_for_finding("b1", spool::code::ROOM, "reads are kept");
    bridge.stop();
}

/// The bridge as a process; `crash` names the place at which it kills itself.
fn process(site: &Site, crash: Option<&str>) -> Child {
    begin(site, Command::new(chopmark()), crash)
}

/// The bridge as a process that [`let_write`] can keep from writing, its log too; `before` is done first in its
/// shell.
fn process_on_small_disk(site: &Site, before: &str) -> Child {
    let mut shell = Command::new("sh");
    // A write beyond the limit fails, as on a full disk, instead of ending the process.
    let log = site.path("log");
    let words = format!("trap '' XFSZ; {before} exec \"$0\" \"$@\" 2>'{}'", log.display());
    shell.args(["-c", &words]).arg(chopmark());
    begin(site, shell, None)
}

/// Whether a process may write to files, from now on.
fn let_write(process: &Child, may: bool) {
    let limit = if may { "--fsize=unlimited:" } else { "--fsize=0:" };
    let pid = process.id().to_string();
    let done = Command::new("prlimit").args(["--pid", &pid, limit]).status();
    assert!(done.expect("util-linux is there").success());
}

/// Whether the bridge says that it can write its spool; none if it says nothing.
fn is_writable(site: &Site) -> Option<bool> {
    use std::io::{Read as _, Write as _};
    let mut line = std::net::TcpStream::connect(site.listen).ok()?;
    line.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").ok()?;
    let mut answer = String::new();
    line.read_to_string(&mut answer).ok()?;
    let value = answer.lines().find_map(|line| line.strip_prefix("bridge_spool_writable "))?;
    Some(value == "1")
}

#[test]
fn a_bridge_whose_disk_fills_up_waits_and_goes_on_by_itself_with_what_brokers_kept() {
    let broker = sim::broker::start().unwrap();
    let site = Site::new(&door(broker));
    let mut outbox = site.outbox();
    let mut bridge = process_on_small_disk(&site, "");
    let mut reader = R700::connect(broker, "tags", "r").unwrap();
    wait_for_subscription(&mut outbox, &mut reader, &tags(30, 1));
    let_write(&bridge, false);
    publish(&mut reader, &tags(31, 100));
    wait_for("the bridge says so", || is_writable(&site) == Some(false));
    publish(&mut reader, &tags(32, 100));
    assert!(bridge.try_wait().unwrap().is_none(), "it runs on");
    let_write(&bridge, true);
    wait_for_tags(&mut outbox, &tags(31, 100));
    wait_for_tags(&mut outbox, &tags(32, 100));
    assert_eq!(is_writable(&site), Some(true));
    site.wait_for_finding("b1", spool::code::DISK, "could not be written");
    drop(bridge.stdin.take());
    assert!(wait_for_end(&mut bridge));
    outbox.take();
    // Each was published once, and is counted once however often its commit was tried.
    let all = outbox.deliveries.iter().flat_map(|delivery| &delivery.observations);
    let is_ours =
        |hex: &str| ["1F", "20"].iter().any(|n| hex.starts_with(&format!("3074257BF7{n}")));
    let counted: u32 = all.filter(|one| is_ours(&one.epc_hex)).map(|one| one.count).sum();
    assert_eq!(counted, 200);
}

#[test]
fn a_bridge_that_starts_on_a_full_disk_waits_and_begins_when_there_is_room() {
    let broker = sim::broker::start().unwrap();
    let site = Site::new(&door(broker));
    drop(site.outbox());
    let mut bridge = process_on_small_disk(&site, "ulimit -S -f 0;");
    wait_for("the bridge says so", || is_writable(&site) == Some(false));
    assert!(bridge.try_wait().unwrap().is_none(), "it runs on");
    let_write(&bridge, true);
    wait_for("it begins", || is_writable(&site) == Some(true));
    let mut outbox = site.outbox();
    let mut reader = R700::connect(broker, "tags", "r").unwrap();
    wait_for_subscription(&mut outbox, &mut reader, &tags(33, 1));
    drop(bridge.stdin.take());
    assert!(wait_for_end(&mut bridge));
}

#[test]
fn a_bridge_stopped_while_its_disk_is_full_loses_nothing_that_a_broker_keeps() {
    let broker = sim::broker::start().unwrap();
    let site = Site::new(&door(broker));
    let mut outbox = site.outbox();
    let mut bridge = process_on_small_disk(&site, "ulimit -S -f 0;");
    wait_for("the bridge says so", || is_writable(&site) == Some(false));
    drop(bridge.stdin.take());
    assert!(wait_for_end(&mut bridge), "it had begun nothing");

    let mut bridge = process_on_small_disk(&site, "");
    let mut reader = R700::connect(broker, "tags", "r").unwrap();
    wait_for_subscription(&mut outbox, &mut reader, &tags(34, 1));
    let_write(&bridge, false);
    publish(&mut reader, &tags(35, 100));
    wait_for("the bridge says so", || is_writable(&site) == Some(false));
    drop(bridge.stdin.take());
    assert!(!wait_for_end(&mut bridge), "it could not settle what it had");
    let bridge = site.start();
    wait_for_tags(&mut outbox, &tags(35, 100));
    bridge.stop();
}

fn begin(site: &Site, mut command: Command, crash: Option<&str>) -> Child {
    command.args(["up", "--until-stdin-ends", "--role", "bridge", "--config"]);
    command.arg(site.path("site.toml"));
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.envs(crash.map(|place| ("CHOPMARK_CRASH_AT", place)));
    command.spawn().expect("chopmark starts")
}

fn wait_for_end(process: &mut Child) -> bool {
    wait_for("the process ends", || process.try_wait().expect("it can be asked").is_some());
    process.wait().expect("it can be asked").success()
}

/// An uplink whose temperature is its number.
fn uplink(number: u32) -> Vec<u8> {
    let now = jiff::Timestamp::now();
    format!(
        r#"{{"deduplicationId":"u-{number}","time":"{now}","deviceInfo":{{"devEui":"a8"}},"fCnt":{number},"object":{{"temperature":{number}}}}}"#
    )
    .into()
}

#[test]
fn a_sensor_message_is_acknowledged_after_its_commit_only_so_a_kill_neither_loses_nor_doubles_it() {
    const EACH: u32 = 40;
    let broker = sim::broker::start().unwrap();
    let device = format!(
        "device.chirpstack = {{ broker = \"{broker}\", sensors = {{ a8 = \"urn:example:a8\" }} }}"
    );
    let site = Site::new(&reader("probes", &device));
    let bridge = site.start();
    let mut outbox = site.outbox();
    let mut stack = Publisher::connect(broker, "stack").unwrap();
    let mut number = 0;
    let mut send = |count: u32| {
        for _ in 0..count {
            number += 1;
            stack
                .publish("application/1/device/a8/event/up", &uplink(number), false)
                .expect("the broker takes it");
        }
        stack.flush().expect("the broker takes it");
        number
    };
    wait_for("the bridge listens", || {
        let all = send(1);
        outbox.take();
        all > 100 || !outbox.readings("probes").is_empty()
    });
    bridge.stop();
    outbox.take();
    assert!(!outbox.readings("probes").is_empty());
    let mut last = send(0);
    let first = last + 1;
    for place in [
        "spool.before_commit:2",
        "spool.after_commit:2",
        "spool.before_commit:3",
        "spool.after_commit:3",
    ] {
        let mut doomed = process(&site, Some(place));
        last = send(EACH);
        assert!(!wait_for_end(&mut doomed), "the bridge passed {place} unharmed");
    }
    let mut bridge = process(&site, None);
    let expected: Vec<String> = (first..=last).map(|number| number.to_string()).collect();
    let measured = |outbox: &Outbox| -> Vec<String> {
        let own = outbox.readings("probes").into_iter();
        let own = own.filter(|reading| reading.kind == SensorKind::Temperature);
        let values = own.map(|reading| reading.value.clone());
        values.filter(|value| value.parse::<u32>().is_ok_and(|n| n >= first)).collect()
    };
    wait_for("every uplink is measured", || {
        outbox.take();
        measured(&outbox).len() >= expected.len()
    });
    drop(bridge.stdin.take());
    assert!(wait_for_end(&mut bridge));
    outbox.take();
    let mut found = measured(&outbox);
    found.sort_by_key(|value| value.parse::<u32>().unwrap_or(0));
    assert_eq!(found, expected);
}
