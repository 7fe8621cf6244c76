//! Every kind of reader and sensor at once, each configured as a site would, from the wire to the spool's outbox.
//!
//! The way through: simulators run; a site's TOML names them all; the bridge runs on it; what is in the simulators'
//! fields must come out as observations of that reader, what sensors measured as readings with their units.
//!
//! What holds: nothing is dead-lettered, and there is no finding that a person would have to act on.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use demo::simulators as sim;
use demo::simulators::broker::Publisher;
use demo::simulators::wire::Faults;
use reads::{SensorKind, SensorReading, code};
use serde_json::json;

use tests::site::{LIMIT, Outbox, Site, hex_of, reader, tags};

/// What one reader must come to.
struct Row {
    id: &'static str,
    /// Its lines in the site's file.
    device: String,
    /// The EPC banks of its field.
    field: Vec<Vec<u8>>,
    /// What its sensors measure: sensor, quantity, value.
    measures: Vec<(&'static str, SensorKind, &'static str)>,
    /// What it says of itself: setting and value.
    settings: Vec<(&'static str, &'static str)>,
}

impl Row {
    fn reader(id: &'static str, device: String, field: Vec<Vec<u8>>) -> Self {
        Self { id, device, field, measures: vec![], settings: vec![] }
    }

    fn sensor(
        id: &'static str,
        device: String,
        measures: &[(&'static str, SensorKind, &'static str)],
    ) -> Self {
        Self { id, device, field: vec![], measures: measures.to_vec(), settings: vec![] }
    }

    fn says(mut self, settings: &[(&'static str, &'static str)]) -> Self {
        self.settings = settings.to_vec();
        self
    }

    /// What is missing of it.
    fn missing(&self, outbox: &Outbox, site: &Site) -> Vec<String> {
        let observed = outbox.epcs(self.id);
        let mut missing: Vec<String> =
            hex_of(&self.field).difference(&observed).map(|epc| format!("tag {epc}")).collect();
        let readings = outbox.readings(self.id);
        for (sensor, kind, value) in &self.measures {
            let is_it = |reading: &&&SensorReading| {
                (reading.sensor.as_str(), reading.kind, reading.value.as_str())
                    == (*sensor, *kind, *value)
                    && reading.unit == kind.unit()
                    && !reading.stale
            };
            if readings.iter().find(is_it).is_none() {
                missing.push(format!("{sensor} {kind:?} {value}: {readings:?}"));
            }
        }
        for (name, value) in &self.settings {
            let found = site.setting(self.id, name);
            if found.as_deref() != Some(value) {
                missing.push(format!("setting {name} `{value}`: {found:?}"));
            }
        }
        missing
    }
}

/// EPC banks of 128 bits: SGTIN-198 is longer than 96 bits too, and so is what others write.
fn long_tags(reader: u8, count: u8) -> Vec<Vec<u8>> {
    (0..count).map(|n| [&[0x36, reader][..], &[0xA5; 13], &[n]].concat()).collect()
}

/// Devices on lines of their own; they live as long as this.
struct Wired {
    r200: sim::r200::R200,
    chafon_18: sim::chafon::Chafon,
    chafon_288: sim::chafon::Chafon,
    nano: sim::mercury::Mercury,
    silion: sim::mercury::Mercury,
    impinj: sim::llrp::Llrp,
    plain: sim::llrp::Llrp,
    cold: sim::xy_md02::XyMd02,
}

impl Wired {
    fn start() -> std::io::Result<Self> {
        use sim::{chafon, llrp, mercury};
        let clean = Faults::default();
        Ok(Self {
            r200: sim::r200::R200::start(1, sim::r200::Faults::default())?,
            chafon_18: chafon::Chafon::start(2, clean, chafon::Layout::Reader18)?,
            chafon_288: chafon::Chafon::start(3, clean, chafon::Layout::Reader288)?,
            nano: mercury::Mercury::start_model(4, clean, mercury::Model::NanoInBootloader)?,
            silion: mercury::Mercury::start_model(5, clean, mercury::Model::Silion)?,
            impinj: llrp::Llrp::start(6, llrp::Model::Impinj)?,
            plain: llrp::Llrp::start(7, llrp::Model::Plain)?,
            cold: sim::xy_md02::XyMd02::start(-185)?,
        })
    }

    fn rows(&self) -> Vec<Row> {
        let serial = |kind: &str, path: &std::path::Path, more: &str| {
            format!("device.{kind} = {{ port = \"{}\"{more} }}", path.display())
        };
        let rows = vec![
            Row::reader("r200", serial("r200", &self.r200.path, ", power_dbm = 26"), tags(1, 12))
                .says(&[("version", "M100 26dBm V1.0"),
                    ("power_cdbm", "2600"),
                    ("region", "china900"),
                    ("session", "0"), ("configured.device.r200.power_dbm", "26.0")]),
            Row::reader(
                "chafon-18",
                serial("chafon", &self.chafon_18.path, ", layout = \"reader18\""),
                tags(2, 30),
            )
            .says(&[("power_cdbm", "2000")]),
            Row::reader(
                "chafon-288",
                serial(
                    "chafon",
                    &self.chafon_288.path,
                    ", layout = \"reader288\", power_dbm = 27, antennas = [1, 2, 3, 4]",
                ),
                tags(3, 60),
            )
            .says(&[("power_cdbm", "2700")]),
            Row::reader(
                "m6e-nano",
                serial("mercury", &self.nano.path, ", region = \"north-america\", power_dbm = 25"),
                tags(4, 10),
            )
            .says(&[("power_cdbm", "2500")]),
            Row::reader(
                "silion",
                serial("mercury", &self.silion.path, ", region = \"europe\", power_dbm = 24.5"),
                tags(5, 10),
            )
            .says(&[("power_cdbm", "2450")]),
            Row::reader(
                "impinj-llrp",
                format!(
                    "device.llrp = {{ address = \"{}\", power_dbm = 30, antennas = [1, 4], read_tid = true }}",
                    self.impinj.address
                ),
                [tags(6, 40), long_tags(6, 10)].concat(),
            )
            .says(&[("version", "5.12.1.240"), ("power_cdbm", "3000"), ("antennas", "1,4")]),
            Row::reader(
                "plain-llrp",
                format!(
                    "device.llrp = {{ address = \"{}\", power_dbm = 20.1, read_tid = true }}",
                    self.plain.address
                ),
                [tags(7, 20), long_tags(7, 5)].concat(),
            )
            .says(&[("version", "3.1"), ("power_cdbm", "2000"), ("antennas", "all")]),
            Row::sensor(
                "cold-store",
                format!(
                    "device.xy-md02 = {{ port = \"{}\", sensor = \"urn:example:cold\", every_ms = 500 }}",
                    self.cold.path.display()
                ),
                &[
                    ("urn:example:cold", SensorKind::Temperature, "-18.5"),
                    ("urn:example:cold", SensorKind::RelativeHumidity, "54.6"),
                ],
            ),
        ];
        self.r200.set_field(rows[0].field.clone());
        self.chafon_18.set_field(rows[1].field.clone());
        self.chafon_288.set_field(rows[2].field.clone());
        self.nano.set_field(rows[3].field.clone());
        self.silion.set_field(rows[4].field.clone());
        self.impinj.set_field(rows[5].field.clone());
        self.plain.set_field(rows[6].field.clone());
        rows
    }
}

/// A metric of a Sparkplug B payload, by hand: name (1), timestamp (3), datatype (4), and the value with its key.
fn metric(name: &str, datatype: u8, value: &[u8], millis: u64) -> Vec<u8> {
    let mut out = vec![0x0A, u8::try_from(name.len()).expect("a short name")];
    out.extend(name.as_bytes());
    out.push(0x18);
    out.extend(varint(millis));
    out.extend([0x20, datatype]);
    out.extend(value);
    out
}

/// A Sparkplug B payload, by hand: timestamp (1), metrics (2), sequence number (3).
fn sparkplug(millis: u64, metrics: &[Vec<u8>], seq: u8) -> Vec<u8> {
    let mut out = vec![0x08];
    out.extend(varint(millis));
    for metric in metrics {
        out.push(0x12);
        out.extend(varint(metric.len() as u64));
        out.extend(metric);
    }
    out.extend([0x18, seq]);
    out
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            out.push(low & 0x7F);
            return out;
        }
        out.push(low | 0x80);
    }
}

/// Devices that publish to the broker.
struct Publishing {
    r700: sim::impinj_r700::R700,
    fixed: sim::zebra::Zebra,
    handheld: sim::zebra::Zebra,
    others: Publisher,
    round: u64,
}

impl Publishing {
    fn connect(broker: SocketAddr) -> Result<Self, String> {
        use sim::zebra::{Model, Zebra};
        Ok(Self {
            r700: sim::impinj_r700::R700::connect(broker, "door/3", "r700")?,
            fixed: Zebra::connect(broker, "zebra/fx", Model::Fixed, 11)?,
            handheld: Zebra::connect(broker, "zebra/rfd", Model::Handheld, 12)?,
            others: Publisher::connect(broker, "others")?,
            round: 0,
        })
    }

    fn rows(broker: SocketAddr) -> Vec<Row> {
        let at = |kind: &str, more: &str| {
            format!("[firmware_bridge.reader.device.{kind}]\nbroker = \"{broker}\"\n{more}")
        };
        let celsius = SensorKind::Temperature;
        vec![
            Row::reader("r700", at("impinj-r700", "topic = \"door/3\""), tags(20, 25)),
            Row::reader("fx", at("zebra-iotc", "topic = \"zebra/fx\""), tags(21, 35)),
            Row::reader("rfd", at("zebra-iotc", "topic = \"zebra/rfd\""), tags(22, 200)),
            Row::reader(
                "other-maker",
                at(
                    "mapped-json",
                    "topic = \"plant/4\"\n[firmware_bridge.reader.device.mapped-json.mapping]\n\
                     each = \"/tag_reads\"\nepc = \"/epc\"\nrssi = \"/peakRssi\"\nantenna = \"/port\"\n\
                     time = \"/seen\"\ntime_unit = \"us\"",
                ),
                [tags(23, 8), long_tags(23, 2)].concat(),
            ),
            Row::sensor(
                "zigbee",
                at("zigbee2mqtt", "sensors = { \"cold/1\" = \"urn:example:z1\" }"),
                &[
                    ("urn:example:z1", celsius, "4.250"),
                    ("urn:example:z1", SensorKind::RelativeHumidity, "61"),
                    // Hectopascal becomes pascal.
                    ("urn:example:z1", SensorKind::Pressure, "101320.0"),
                ],
            ),
            Row::sensor(
                "shelly",
                at("shelly", "sensors = { shellyht-a = \"urn:example:s1\" }"),
                &[
                    ("urn:example:s1", celsius, "-20.5"),
                    ("urn:example:s1", SensorKind::RelativeHumidity, "38.5"),
                ],
            ),
            Row::sensor(
                "chirpstack",
                at("chirpstack", "sensors = { a84041f4b1c2d3e4 = \"urn:example:c1\" }"),
                &[("urn:example:c1", celsius, "21.830")],
            ),
            Row::sensor(
                "things-stack",
                at(
                    "things-stack",
                    "application = \"cold-chain@ttn\"\nsensors = { rs261 = \"urn:example:t1\" }\n\
                     fields = { ProbeF = { quantity = \"temperature\", unit = \"FAH\" } }",
                ),
                &[("urn:example:t1", celsius, "-10")],
            ),
            Row::sensor(
                "sparkplug",
                at(
                    "sparkplug-b",
                    "host_id = \"site\"\nsensors = { \"plant/gw/oven\" = \"urn:example:p1\" }",
                ),
                &[("urn:example:p1", celsius, "180.25"), ("urn:example:p1", celsius, "5")],
            ),
        ]
    }

    /// Everything reads or reports once.
    fn publish(&mut self, rows: &[Row]) -> Result<(), String> {
        self.round += 1;
        let round = self.round;
        let now = jiff::Timestamp::now();
        let micros = now.as_microsecond();
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        for epc in &rows[0].field {
            let event = json!({
                "timestamp": format!("{now:.9}"), "hostname": "r700", "eventType": "tagInventory",
                "tagInventoryEvent": {
                    "epcHex": hex::encode_upper(epc), "antennaPort": 2, "peakRssiCdbm": -4512
                }
            });
            self.r700.publish(event.to_string().as_bytes())?;
        }
        self.r700.flush()?;
        self.fixed.read(&rows[1].field)?;
        self.handheld.read(&rows[2].field)?;
        let read = |epc: &Vec<u8>| json!({ "epc": hex::encode(epc), "peakRssi": -51, "port": "2", "seen": micros });
        let mapped = json!({ "tag_reads": rows[3].field.iter().map(read).collect::<Vec<_>>() });
        // UInt64 in long_value (11), Boolean in boolean_value (14), Double in double_value (13).
        let birth = [
            metric("bdSeq", 8, &[0x58, 0], millis),
            metric("Node Control/Rebirth", 11, &[0x70, 0], millis),
        ];
        let birth = sparkplug(millis, &birth, 0);
        let value = [&[0x69][..], &180.25_f64.to_le_bytes()].concat();
        // 41 °F, by a property set (9) of one key (1) and its value (2), of type String (1) in string_value (8).
        let cold = [&[0x69][..], &41.0_f64.to_le_bytes()].concat();
        let set = [&[0x0A, 7][..], b"engUnit", &[0x12, 8, 8, 12, 0x42, 4], b"degF"].concat();
        let mut stated = metric("Tray/Temperature", 10, &cold, millis);
        stated.extend([&[0x4A, 19][..], &set].concat());
        // Stale: Quality (Int32, int_value 500). It must come out as no current reading.
        let set = [&[0x0A, 7][..], b"Quality", &[0x12, 5, 8, 3, 0x18, 0xF4, 3]].concat();
        let mut gone = metric("Door/Temperature", 10, &cold, millis);
        gone.extend([&[0x4A, 16][..], &set].concat());
        let oven = metric("Inputs/Temperature", 10, &value, millis);
        let device = sparkplug(millis, &[oven, stated, gone], 1);
        let messages: [(&str, Vec<u8>); 7] = [
            ("plant/4", mapped.to_string().into()),
            (
                "zigbee2mqtt/cold/1",
                br#"{"temperature":4.250,"humidity":61,"pressure":1013.2,"battery":90}"#.to_vec(),
            ),
            (
                "shellyht-a/events/rpc",
                format!(
                    r#"{{"src":"shellyht-a","dst":"x","method":"NotifyFullStatus","params":{{"ts":{}.5,"temperature:0":{{"id":0,"tC":-20.5,"tF":-4.9}},"humidity:0":{{"id":0,"rh":38.5}}}}}}"#,
                    now.as_second()
                )
                .into(),
            ),
            (
                "application/7/device/a84041f4b1c2d3e4/event/up",
                format!(
                    r#"{{"deduplicationId":"5f0f-{round}","time":"{now}","deviceInfo":{{"devEui":"a84041f4b1c2d3e4"}},"fCnt":{round},"data":"AA==","object":{{"temperature":21.830}}}}"#
                )
                .into(),
            ),
            (
                "v3/cold-chain@ttn/devices/rs261/up",
                format!(
                    r#"{{"end_device_ids":{{"device_id":"rs261"}},"received_at":"{now}","uplink_message":{{"f_cnt":{round},"decoded_payload":{{"ProbeF":14,"Battery":"Good"}}}}}}"#
                )
                .into(),
            ),
            ("spBv1.0/plant/NBIRTH/gw", birth),
            ("spBv1.0/plant/DBIRTH/gw/oven", device),
        ];
        for (topic, payload) in messages {
            self.others.publish(topic, &payload, false)?;
        }
        self.others.flush()
    }
}

#[test]
fn every_tag_and_every_value_of_every_kind_of_device_arrives() {
    let broker = sim::broker::start().unwrap();
    let wired = Wired::start().unwrap();
    let mut rows = Publishing::rows(broker);
    let published = rows.len();
    rows.extend(wired.rows());
    let text: Vec<String> = rows.iter().map(|row| reader(row.id, &row.device)).collect();
    let site = Site::new(&text.concat());
    let bridge = site.start();
    let mut publishing = Publishing::connect(broker).unwrap();
    let mut outbox = site.outbox();
    let begun = Instant::now();
    let mut last_round: Option<Instant> = None;
    loop {
        // Devices report again and again, as they do; the first time may be before the bridge listens.
        if last_round.is_none_or(|last| last.elapsed() > Duration::from_secs(3)) {
            publishing.publish(&rows[..published]).unwrap();
            last_round = Some(Instant::now());
        }
        outbox.take();
        let missing: Vec<(&str, Vec<String>)> = rows
            .iter()
            .map(|row| (row.id, row.missing(&outbox, &site)))
            .filter(|(_, missing)| !missing.is_empty())
            .collect();
        if missing.is_empty() {
            break;
        }
        assert!(begun.elapsed() < LIMIT, "{missing:#?}\nfound: {:#?}", site.findings());
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(bridge.is_running());
    bridge.stop();
    outbox.take();

    assert_eq!(site.spool().dead_letters().unwrap(), []);
    // A reader that held another power was given the one of the configuration, and that is said.
    let strange: Vec<_> =
        site.findings().into_iter().filter(|found| found.code != code::CHANGED).collect();
    assert_eq!(strange, []);
    let measured = outbox.readings("sparkplug");
    let stale: BTreeSet<&str> =
        measured.iter().filter(|one| one.stale).map(|one| one.value.as_str()).collect();
    assert!(stale.contains("41"), "what the node calls stale is kept as such: {measured:?}");
    assert!(measured.iter().all(|one| one.value != "41" || one.stale), "{measured:?}");
    for row in &rows {
        let strange: BTreeSet<String> =
            outbox.epcs(row.id).difference(&hex_of(&row.field)).cloned().collect();
        assert_eq!(strange, BTreeSet::new(), "{} observed what is not there", row.id);
    }
    // What LLRP alone tells: the TID, ports as configured, hundredths of a dBm.
    for (reader, ports) in [("impinj-llrp", [1, 4]), ("plain-llrp", [1, 2])] {
        let own = outbox.deliveries.iter().filter(|delivery| delivery.reader == reader);
        for seen in own.flat_map(|delivery| &delivery.observations) {
            let epc = hex::decode(&seen.epc_hex).unwrap();
            let tid = hex::encode_upper(sim::llrp::Llrp::tid(&epc));
            assert_eq!(seen.tid.as_deref(), Some(tid.as_str()), "{reader}");
            assert!(seen.antennas.iter().all(|one| ports.contains(&one.antenna)), "{seen:?}");
        }
    }
    let fine = outbox.deliveries.iter().filter(|delivery| delivery.reader == "impinj-llrp");
    let strengths = fine.flat_map(|d| &d.observations).map(|seen| seen.rssi_max_cdbm);
    assert!(strengths.into_iter().any(|rssi| rssi % 100 != 0));
    assert_eq!((wired.impinj.power_cdbm(), wired.plain.power_cdbm()), (3000, 2000));
    wait_stopped(&wired);
    println!("{} readers and sensors, {} deliveries", rows.len(), outbox.deliveries.len());
}

#[test]
fn tids_that_chips_do_not_send_by_themselves_are_read_and_a_chip_without_tid_is_reported() {
    use sim::llrp::{Chips, Faults, Llrp, Model};
    let start = |seed, chips, field| {
        let started = Llrp::start(seed, Model::Impinj).unwrap();
        started.set_field(field);
        started.set_faults(Faults { chips, ..Faults::default() });
        started
    };
    let plain = start(8, Chips::Plain, tags(8, 5));
    let short = start(9, Chips::ShortTid, tags(9, 5));
    let device = |address| format!("device.llrp = {{ address = \"{address}\", read_tid = true }}");
    let site = Site::new(
        &[reader("plain", &device(plain.address)), reader("short", &device(short.address))]
            .concat(),
    );
    let bridge = site.start();
    let mut outbox = site.outbox();
    tests::site::wait_for("every tag that has a TID is observed with it", || {
        outbox.take();
        let own = outbox.deliveries.iter().filter(|delivery| delivery.reader == "plain");
        let with_tid = own.flat_map(|delivery| &delivery.observations).filter(|seen| {
            let tid = Llrp::tid(&hex::decode(&seen.epc_hex).unwrap());
            seen.tid == Some(hex::encode_upper(tid))
        });
        with_tid.map(|seen| seen.epc_hex.clone()).collect::<BTreeSet<_>>() == hex_of(&tags(8, 5))
    });
    let told = site.wait_for_finding("short", code::GAP, "refused to have its TID read");
    tests::site::wait_for("tags without are observed all the same", || {
        outbox.take();
        outbox.epcs("short") == hex_of(&tags(9, 5))
    });
    bridge.stop();
    assert_eq!(told.count, 1);
    assert_eq!(site.findings().len(), 1, "{:#?}", site.findings());
}

/// A bridge that stops leaves no reader reading.
fn wait_stopped(wired: &Wired) {
    tests::site::wait_for("every reader is at rest", || {
        !wired.impinj.is_reading()
            && !wired.plain.is_reading()
            && !wired.nano.is_reading()
            && !wired.silion.is_reading()
    });
}

/// A process that is killed when it is dropped.
struct Killed(std::process::Child);

impl Drop for Killed {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Starts the reader emulator of the Python package llrpkit, if it is there.
fn llrpkit(port: u16) -> Option<Killed> {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../var/tools/venv/bin/llrpkit");
    let port = port.to_string();
    let words = ["emulate", "--port", &port, "--tags", "30", "--rate", "300", "--antennas", "4"];
    let started = ["llrpkit", own].into_iter().find_map(|program| {
        let mut command = std::process::Command::new(program);
        command.args(words).stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null());
        command.spawn().ok()
    });
    if started.is_none() {
        foreign::skipped(
            "llrpkit is neither on PATH nor in var/tools; `make setup` installs it where python3 -m venv works",
            "an LLRP reader that others wrote, read whole",
        );
    }
    started.map(Killed)
}

#[test]
fn an_llrp_reader_that_others_wrote_is_read_whole() {
    let address = tests::waiting::free_address();
    let Some(emulator) = llrpkit(address.port()) else { return };
    let device = format!("device.llrp = {{ address = \"{address}\", read_tid = true }}");
    let site = Site::new(&reader("emulated", &device));
    let bridge = site.start();
    let mut outbox = site.outbox();
    // Its population: one EPC after the other.
    let field: Vec<Vec<u8>> = (0..30)
        .map(|n| [&hex::decode("E2000017010B0162100000").unwrap()[..], &[n]].concat())
        .collect();
    tests::site::wait_for("every tag is observed", || {
        outbox.take();
        hex_of(&field).is_subset(&outbox.epcs("emulated"))
    });
    bridge.stop();
    drop(emulator);
    assert_eq!(outbox.epcs("emulated"), hex_of(&field));
    assert_eq!(site.setting("emulated", "vendor").as_deref(), Some("25882"));
    assert!(site.setting("emulated", "version").is_some_and(|version| !version.is_empty()));
    // It may have needed a moment to start; everything else it took.
    let strange: Vec<_> = site
        .findings()
        .into_iter()
        .filter(|found| !found.text.contains("nothing listens") && found.code != code::BACK)
        .collect();
    assert_eq!(strange, []);
    assert_eq!(site.spool().dead_letters().unwrap(), []);
    println!("llrpkit's emulator: 30 tags, {} reads", outbox.reads("emulated"));
}
