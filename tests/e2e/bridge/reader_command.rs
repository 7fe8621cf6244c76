//! `chopmark reader` as a technician types it: what is connected, what it reads, what a kept window comes to.
//!
//! What holds: simulated devices at the wire; everything behind them is the command itself.

mod terminal;

use std::io::{Read as _, Write as _};
use std::process::Command;
use std::time::Duration;

use demo::simulators::chafon::{self, Chafon};
use demo::simulators::mercury::Mercury;
use demo::simulators::r200::{Faults, R200};
use demo::simulators::xy_md02::XyMd02;
use firmware_bridge::spool::Spool;
use jiff::Timestamp;

/// Runs `chopmark` and gives its status and all that it printed.
fn chopmark(words: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(tests::program::chopmark())
        .args(words)
        .env("LC_ALL", "C")
        .output()
        .expect("chopmark starts");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

fn tags() -> Vec<Vec<u8>> {
    ["3074257BF7194E4000001A85", "3074257BF7194E4000001A86"]
        .map(|hex| hex::decode(hex).expect("hex"))
        .into()
}

fn path(path: &std::path::Path) -> String {
    path.display().to_string()
}

/// The head of a bridge's configuration, to which `detect` may append.
const HEAD: &str = "[firmware_bridge]\nid = \"b1\"\nkey = \"bridge.pem\"\ningest_url = \"http://127.0.0.1:1\"\nledger = \"site.example/1\"\n";

/// All that `detect` printed, appended to the head of a configuration, and why the bridge refuses it.
fn refused_with(printed: &str) -> String {
    resolve(&[HEAD, printed].concat()).expect_err("nothing is filled in")
}

/// The same after a person filled in what only a person knows.
fn filled_in(printed: &str) -> firmware_bridge::config::Config {
    let fill = |key: &str, value: &str, text: String| {
        text.replace(&format!("{key} = \"FILL-IN\""), &format!("{key} = \"{value}\""))
    };
    let text = fill("read_point", "urn:epc:id:sgln:9521142.00001.3", printed.to_owned());
    let text = fill("region", "china", text);
    let text = fill("mapping.epc", "/epc", text);
    // What is left are sensors, each by its own name at the broker.
    let text = text.replace("\"FILL-IN\"", "\"urn:epc:id:giai:9521142.PROBE7\"");
    resolve(&[HEAD, &text].concat()).unwrap_or_else(|problems| panic!("{problems}\n{text}"))
}

fn resolve(text: &str) -> Result<firmware_bridge::config::Config, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let key = ledger::keys::SourceKey::generate(&ledger::keys::SystemRandom::new()).expect("a key");
    keystore::private::create(&folder.path().join("bridge.pem"), &key.to_pem()).expect("a key");
    process::config::Installation::parse(&folder.path().join("bridge.toml"), text)
        .and_then(|installation| firmware_bridge::config::resolve(&installation))
        .map_err(|problems| problems.to_string())
}

#[test]
fn what_detect_prints_of_a_serial_device_is_configuration_once_the_read_point_is_filled_in() {
    let r200 = R200::start(1, Faults::default()).unwrap();
    let sensor = XyMd02::start(-205).unwrap();
    let chafon = |layout| {
        Chafon::start(1, demo::simulators::wire::Faults::default(), layout).expect("a terminal")
    };
    let reader18 = chafon(chafon::Layout::Reader18);
    let reader288 = chafon(chafon::Layout::Reader288);
    let mercury = Mercury::start(1, demo::simulators::wire::Faults::default()).unwrap();
    let mut whole = String::new();
    for (port, family, words) in [
        (path(&r200.path), "r200", ["r200 at 115200 baud", "[firmware_bridge.reader.device.r200]"]),
        (path(&reader18.path), "chafon", ["chafon at 57600 baud", "layout = \"reader18\""]),
        (path(&reader288.path), "chafon", ["chafon at 57600 baud", "layout = \"reader288\""]),
        (path(&mercury.path), "mercury", ["mercury at 115200 baud", "region = \"FILL-IN\""]),
        (path(&sensor.path), "xy-md02", ["xy-md02 at 9600 baud", "sensor = \"FILL-IN\""]),
    ] {
        let (status, text) = chopmark(&["reader", "detect", "--ask", &port]);
        assert_eq!(status, Some(0), "{text}");
        for word in words.into_iter().chain([&*format!("test --device '{family} = {{ port =")]) {
            assert!(text.contains(word), "`{word}` is not in:\n{text}");
        }
        let expected =
            if family == "mercury" { "region" } else { "which `chopmark reader detect` prints" };
        let refused = refused_with(&text);
        assert!(refused.contains("FILL-IN") && refused.contains(expected), "{refused}");
        let config = filled_in(&text);
        assert_eq!(config.readers[0].id, format!("{family}-1"));
        // Pasted one after the other, each with a name of its own.
        whole += &text.replace("-1\"", &format!("-of{}\"", port.replace('/', "-")));
    }
    assert_eq!(filled_in(&whole).readers.len(), 5);
}

#[test]
fn a_device_that_does_not_answer_is_reported_in_a_comment() {
    let silent = demo::simulators::pty::Pty::open().unwrap();
    for (port, words) in [
        (path(&silent.path), ["nothing that can be decoded", "without power"]),
        ("/dev/ttyNONE".to_owned(), ["the device does not exist", "is the cable plugged in?"]),
    ] {
        let (status, text) = chopmark(&["reader", "detect", "--ask", &port]);
        assert_eq!(status, Some(1), "{text}");
        for word in words {
            assert!(text.contains(word), "`{word}` is not in:\n{text}");
        }
        assert!(filled_in(&text).readers.is_empty(), "{text}");
    }
    let (_, text) = chopmark(&["reader", "detect", "--ask", "/dev/ttyNONE", "--lang", "zh"]);
    assert!(text.contains("依次询问 /dev/ttyNONE"), "{text}");
}

#[test]
fn live_reads_are_shown_and_counted_for_each_serial_family() {
    let r200 = R200::start(1, Faults::default()).unwrap();
    r200.set_field(tags());
    let mercury = Mercury::start(1, demo::simulators::wire::Faults::default()).unwrap();
    mercury.set_field(tags());
    let chafon =
        Chafon::start(1, demo::simulators::wire::Faults::default(), chafon::Layout::Reader288)
            .unwrap();
    chafon.set_field(tags());
    for device in [
        format!("r200 = {{ port = \"{}\" }}", path(&r200.path)),
        format!("mercury = {{ port = \"{}\", region = \"europe\" }}", path(&mercury.path)),
        format!("chafon = {{ port = \"{}\", layout = \"reader288\" }}", path(&chafon.path)),
    ] {
        let (status, text) = chopmark(&["reader", "test", "--device", &device, "--seconds", "4"]);
        assert_eq!(status, Some(0), "{device}:\n{text}");
        assert!(text.contains("tag 3074257BF7194E4000001A85  https://id.gs1.org/01/"), "{text}");
        assert!(text.contains("reads of 2 tags"), "{text}");
        assert!(text.contains("the device reports: version"), "{text}");
    }
}

#[test]
fn tids_are_read_along_where_they_are_asked_for() {
    let r200 = R200::start(1, Faults::default()).unwrap();
    r200.set_field(tags());
    let device = format!(
        "r200 = {{ port = \"{}\", read_tid = true, region = \"europe\", session = 1 }}",
        path(&r200.path)
    );
    let folder = tempfile::tempdir().unwrap();
    let (spool, said) = read_for_a_while(&folder, &device, 3);
    let door = &said["readers"][0];
    assert_eq!((door["reader"].as_str(), door["connected"].as_bool()), (Some("door"), Some(true)));
    assert!(door["reads"].as_u64() > Some(0), "{said}");
    assert_eq!(door["settings"]["region"].as_str(), Some("europe"), "{said}");
    let mut seen = std::collections::BTreeSet::new();
    for (window, ..) in spool.last_windows(100).unwrap() {
        for read in reads::Window::parse(&spool.raw(window).unwrap()).unwrap() {
            if let Some(tid) = read.tid {
                assert_eq!(tid, demo::simulators::r200::tid(&read.epc));
                seen.insert(read.epc);
            }
        }
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), tags());
    let settings = spool.settings().unwrap();
    for (name, value) in [("region", "europe"), ("session", "1"), ("power_cdbm", "2000")] {
        assert!(settings.contains(&("door".into(), name.into(), value.into())), "{settings:?}");
    }
}

#[test]
fn a_missing_device_and_an_unknown_one_are_reported_in_words() {
    let device = "r200 = { port = \"/dev/ttyNONE\" }";
    let (status, text) = chopmark(&["reader", "test", "--device", device, "--seconds", "1"]);
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("[lost]") && text.contains("is the cable plugged in?"), "{text}");
    let (status, text) = chopmark(&["reader", "test", "--device", "nimbus = { port = \"x\" }"]);
    assert_eq!(status, Some(2), "{text}");
    assert!(text.contains("nimbus") && text.contains("r200"), "{text}");
}

#[test]
fn a_terminal_of_80_columns_shows_whole_serials_of_tags_that_are_there_each_once() {
    let r200 = R200::start(1, Faults::default()).unwrap();
    let field: Vec<Vec<u8>> = (0..30_u8)
        .map(|serial| [&hex::decode("3074257BF7194E40000010").unwrap()[..], &[serial]].concat())
        .collect();
    r200.set_field(field.clone());
    let device = format!("r200 = {{ port = \"{}\", read_tid = true }}", path(&r200.path));
    let (status, rows) =
        terminal::chopmark(80, 24, &["reader", "test", "--device", &device, "--seconds", "5"]);
    let picture = rows.join("\n");
    assert_eq!(status, Some(0), "{picture}");
    let field: Vec<String> = field.iter().map(hex::encode_upper).collect();
    let shown: Vec<&str> = rows
        .iter()
        .filter_map(|row| row.split_whitespace().find(|word| word.starts_with("3074257")))
        .collect();
    assert!(shown.len() >= 5, "{picture}");
    for (place, serial) in shown.iter().enumerate() {
        assert!(field.contains(&(*serial).to_owned()), "{serial} is in no field:\n{picture}");
        assert!(!shown[..place].contains(serial), "{serial} stands there twice:\n{picture}");
    }
    for once in
        [" a second, 30 tags", "antennas     age  tag", &format!("and {} more", 30 - shown.len())]
    {
        assert_eq!(picture.matches(once).count(), 1, "`{once}`:\n{picture}");
    }
}

#[test]
fn a_device_that_was_not_understood_is_not_said_to_be_reached() {
    let mute = demo::simulators::pty::Pty::open().unwrap();
    let llrp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let empty = R200::start(1, Faults::default()).unwrap();
    let broker = demo::simulators::broker::start().unwrap();
    let (port, host) = (path(&mute.path), llrp.local_addr().unwrap());
    for (device, seconds, words) in [
        (
            format!("r200 = {{ port = \"{port}\" }}"),
            "1",
            ["nothing that can be decoded has come from", &port],
        ),
        (
            format!("xy-md02 = {{ port = \"{port}\", sensor = \"urn:s\" }}"),
            "1",
            ["nothing that can be decoded has come from", "baud rate"],
        ),
        (
            format!("llrp = {{ address = \"{host}\" }}"),
            "1",
            ["nothing that can be decoded has come from", "cable and address"],
        ),
        (
            format!("r200 = {{ port = \"{}\" }}", path(&empty.path)),
            "3",
            ["the device was reached and read nothing", "is its antenna connected?"],
        ),
        (
            format!("impinj-r700 = {{ broker = \"{broker}\", topic = \"door/9\" }}"),
            "2",
            [
                "the broker was reached; nothing came on topic `door/9`",
                &format!("chopmark reader detect --mqtt {broker}"),
            ],
        ),
    ] {
        let (status, text) =
            chopmark(&["reader", "test", "--device", &device, "--seconds", seconds]);
        assert_eq!(status, Some(1), "{device}:\n{text}");
        let (_, reason) = text.split_once("nothing was read: ").expect("a reason");
        for word in words {
            assert!(reason.contains(word), "`{word}` is not in:\n{text}");
        }
    }
    let device = format!("impinj-r700 = {{ broker = \"{broker}\", topic = \"a/#/b\" }}");
    let (status, text) = chopmark(&["reader", "test", "--device", &device]);
    assert_eq!(status, Some(2), "{text}");
    assert!(text.contains("got topic `a/#/b`, expected levels between slashes"), "{text}");
}

#[test]
fn in_chinese_the_devices_own_words_stay_and_the_remedy_follows() {
    let device = "r200 = { port = \"/dev/ttyNONE\" }";
    let words = ["reader", "test", "--device", device, "--seconds", "1"];
    let (status, text) = chopmark(&[&words[..], &["--lang", "zh"]].concat());
    assert_eq!(status, Some(1), "{text}");
    for word in ["等待第一次读取", "is the cable plugged in?", "处理：连接断开", "没有读到任何数据"]
    {
        assert!(text.contains(word), "`{word}` is not in:\n{text}");
    }
    let folder = a_bridge_that_read();
    let config = path(&folder.path().join("bridge.toml"));
    let words = ["reader", "findings", "--config", &config, "--settings", "--lang"];
    let (_, text) = chopmark(&[&words[..], &["zh"]].concat());
    assert!(text.contains("没有需要处理的发现") && text.contains("当前设置：\n"), "{text}");
    let (_, text) = chopmark(&[&words[..], &["en"]].concat());
    assert!(text.contains("nothing was found") && text.contains("settings now:\n"), "{text}");
}

#[test]
fn a_configured_reader_is_tried_from_the_bridges_own_folder_and_an_only_one_needs_no_name() {
    let broker = demo::simulators::broker::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("site/keys")).unwrap();
    std::fs::write(folder.path().join("site/keys/p.txt"), "secret\n").unwrap();
    let reader = |id: &str| {
        format!(
            "[[firmware_bridge.reader]]\nid = \"{id}\"\nread_point = \"urn:epc:id:sgln:9521142.00001.1\"\n\
             device.impinj-r700 = {{ topic = \"{id}\", broker = {{ address = \"{broker}\", user = \"u\", password_file = \"keys/p.txt\" }} }}\n"
        )
    };
    let head = "data_dir = \"site\"\n[firmware_bridge]\nid = \"b1\"\nkey = \"bridge.pem\"\ningest_url = \"http://127.0.0.1:1\"\nledger = \"site.example/1\"\n";
    let config = folder.path().join("c.toml");
    let words = ["reader", "test", "--seconds", "2", "--config", &path(&config)];
    std::fs::write(&config, [head, &reader("door-1")].concat()).unwrap();
    let (status, text) = chopmark(&words);
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("the broker was reached; nothing came on topic `door-1`"), "{text}");
    std::fs::write(&config, [head, &reader("door-1"), &reader("door-2")].concat()).unwrap();
    let (status, text) = chopmark(&words);
    assert_eq!(status, Some(2), "{text}");
    assert!(text.contains("expected --reader with one of: door-1, door-2"), "{text}");
    let (status, text) = chopmark(&[&words[..], &["--reader", "door-2"]].concat());
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("nothing came on topic `door-2`"), "{text}");
}

#[test]
fn what_publishes_at_a_broker_is_shown_as_blocks_that_the_configuration_takes() {
    let broker = demo::simulators::broker::start().unwrap();
    let reader = demo::simulators::broker::Publisher::connect(broker, "r700").unwrap();
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut reader = reader;
            while !stop.load(std::sync::atomic::Ordering::SeqCst) {
                let event = r#"{"tagInventoryEvent":{"epcHex":"3074257BF7194E4000001A85"}}"#;
                reader.publish("door/3/tags", event.as_bytes(), false).unwrap();
                reader.publish("zigbee2mqtt/cold 1", b"{\"temperature\":4.5}", false).unwrap();
                reader.publish("zigbee2mqtt/cold 2", b"{\"temperature\":4.5}", false).unwrap();
                reader.publish("zigbee2mqtt/cold 2/availability", b"online", false).unwrap();
                reader.publish("v3/cold@ttn/devices/p1/up", b"{}", false).unwrap();
                reader.publish("door/\"4\"", b"{\"tags\":[{\"epc\":\"30\"}]}", false).unwrap();
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        let (status, text) =
            chopmark(&["reader", "detect", "--mqtt", &broker.to_string(), "--seconds", "2"]);
        stop.store(true, std::sync::atomic::Ordering::SeqCst);
        assert_eq!(status, Some(0), "{text}");
        assert!(text.contains("door/3/tags\n#           impinj-r700"), "{text}");
        assert!(
            text.contains("zigbee2mqtt/cold 1\n#           zigbee2mqtt: device cold 1"),
            "{text}"
        );
        assert!(text.contains("members of the last message: /epc\n"), "{text}");
        assert!(text.contains("\nmapping.each = \"/tags\"   # "), "{text}");
        let refused = refused_with(&text);
        assert!(refused.contains("sensor: got `FILL-IN`"), "{refused}");
        let config = filled_in(&text);
        let mut found: Vec<_> = config
            .readers
            .iter()
            .map(|reader| (reader.id.as_str(), reader.sensors().len()))
            .collect();
        found.sort_unstable();
        assert_eq!(
            found,
            [
                ("impinj-r700-1", 0),
                ("mapped-json-1", 0),
                ("things-stack-1", 1),
                ("zigbee2mqtt-1", 2)
            ]
        );
    });
    let (status, text) = chopmark(&["reader", "detect", "--mqtt", "127.0.0.1:1", "--seconds", "1"]);
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("no broker listens"), "{text}");
}

/// The configuration of a bridge from its file.
fn resolved(config: &std::path::Path) -> firmware_bridge::config::Config {
    process::config::Installation::read(config)
        .and_then(|installation| firmware_bridge::config::resolve(&installation))
        .expect("a bridge of our own")
}

/// A bridge's whole life in this process, with one reader and ingest away, until `windows` are closed.
///
/// Gives its spool, and what it said at `/readers` before it stopped.
fn read_for_a_while(
    folder: &tempfile::TempDir,
    device: &str,
    windows: usize,
) -> (Spool, serde_json::Value) {
    let key = ledger::keys::SourceKey::generate(&ledger::keys::SystemRandom::new())
        .expect("a bridge of our own");
    keystore::private::create(&folder.path().join("bridge.pem"), &key.to_pem())
        .expect("a bridge of our own");
    let config = folder.path().join("bridge.toml");
    let listen = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|free| free.local_addr())
        .expect("a free port");
    let text = format!(
        "[firmware_bridge]\nid = \"b1\"\nkey = \"bridge.pem\"\ningest_url = \"http://127.0.0.1:1\"\nledger = \"site.example/1\"\nlisten = \"{listen}\"\n\
         [[firmware_bridge.reader]]\nid = \"door\"\nread_point = \"urn:epc:id:sgln:9521142.00001.1\"\n\
         settle = {{ quiet_ms = 200, longest_ms = 400 }}\ndevice.{device}\n"
    );
    std::fs::write(&config, text).expect("a bridge of our own");
    let resolved = resolved(&config);
    let (stop, shutdown) = tokio::sync::watch::channel(false);
    let spool = resolved.spool.clone();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a bridge of our own");
    let local = tokio::task::LocalSet::new();
    let said = runtime.block_on(local.run_until(async {
        let running = tokio::task::spawn_local(firmware_bridge::run(
            resolved,
            process::Context::system(shutdown),
        ));
        let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
        loop {
            let closed =
                Spool::look(&spool).and_then(|spool| spool.last_windows(10)).unwrap_or_default();
            if closed.len() >= windows {
                break;
            }
            assert!(tokio::time::Instant::now() < deadline, "no window closed");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let said = tokio::task::spawn_blocking(move || get(listen, "/readers"));
        let said = said.await.expect("a bridge of our own");
        stop.send(true).expect("a bridge of our own");
        running.await.expect("a bridge of our own").expect("a bridge of our own");
        said
    }));
    (Spool::look(&spool).expect("a bridge of our own"), said)
}

/// What a server answers, as JSON.
fn get(server: std::net::SocketAddr, path: &str) -> serde_json::Value {
    let mut stream = std::net::TcpStream::connect(server).expect("the bridge listens");
    let mut answer = String::new();
    stream
        .write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes())
        .and_then(|()| stream.read_to_string(&mut answer))
        .expect("the bridge answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer of HTTP");
    assert!(head.contains(" 200 "), "{answer}");
    serde_json::from_str(body).expect("JSON")
}

/// A bridge that read two tags with an R200. Gives the folder with its configuration and spool.
fn a_bridge_that_read() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a bridge of our own");
    let r200 = R200::start(1, Faults::default()).expect("a bridge of our own");
    r200.set_field(tags());
    let device = format!("r200 = {{ port = \"{}\", power_dbm = 20.0 }}", path(&r200.path));
    read_for_a_while(&folder, &device, 2);
    folder
}

#[test]
fn a_kept_window_settles_into_the_same_bytes_and_a_changed_one_does_not() {
    let folder = a_bridge_that_read();
    let config = path(&folder.path().join("bridge.toml"));
    let (status, list) = chopmark(&["reader", "replay", "--list", "--config", &config]);
    assert_eq!(status, Some(0), "{list}");
    let newest: Vec<&str> = list.lines().next().unwrap().split_whitespace().collect();
    for name in [newest[0], newest[3]] {
        let (status, text) = chopmark(&["reader", "replay", name, "--config", &config]);
        assert_eq!(status, Some(0), "{text}");
        assert!(text.contains("2 observations") && text.contains("the same bytes"), "{text}");
    }
    let (status, text) = chopmark(&["reader", "replay", "4711", "--config", &config]);
    assert_eq!(status, Some(2), "{text}");
    assert!(text.contains("--list"), "{text}");

    // One read more, as somebody with the file in hand could add it.
    let mut spool = Spool::open(&folder.path().join("spool.sqlite")).unwrap();
    let raw = spool.raw(newest[0].parse().unwrap()).unwrap();
    let mut added = reads::Window::default();
    added.push(&reads::Window::parse(&raw).unwrap()[0]);
    let mut batch = spool.begin().unwrap();
    batch.add_raw(newest[0].parse().unwrap(), added.bytes()).unwrap();
    batch.commit().unwrap();
    let (status, text) = chopmark(&["reader", "replay", newest[0], "--config", &config]);
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("DIFFERENT bytes"), "{text}");
}

#[test]
fn findings_and_settings_of_a_bridge_can_be_asked_for() {
    let folder = a_bridge_that_read();
    let config = path(&folder.path().join("bridge.toml"));
    let (status, text) = chopmark(&["reader", "findings", "--config", &config, "--settings"]);
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("door  version = M100 26dBm V1.0"), "{text}");
    assert!(text.contains("door  configured.device.r200.power_dbm = 20.0"), "{text}");
    // The same bridge with another power: what changed is kept with both values.
    let file = folder.path().join("bridge.toml");
    let changed = std::fs::read_to_string(&file).unwrap().replace("= 20.0", "= 15.0");
    std::fs::write(&file, changed).unwrap();
    let config_read = resolved(&file);
    firmware_bridge::windows::Keeper::open(
        firmware_bridge::windows::KeeperSettings {
            bridge: config_read.id,
            spool: config_read.spool,
            max_spool_bytes: config_read.max_spool_bytes,
            keep_windows: jiff::SignedDuration::from_hours(1),
            readers: config_read.readers,
        },
        firmware_bridge::metrics::Metrics::new(),
        &process::Clock::system(),
        &process::CrashPoints::none(),
    )
    .unwrap();
    let (_, text) = chopmark(&["reader", "findings", "--config", &config, "--json"]);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let change = &json["changes"][0];
    assert_eq!((change["old"].as_str(), change["new"].as_str()), (Some("20.0"), Some("15.0")));
    let at: Timestamp = change["at"].as_str().unwrap().parse().unwrap();
    assert!(at <= Timestamp::now());
}
