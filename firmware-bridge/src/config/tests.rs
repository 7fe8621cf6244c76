//! What a configuration is refused for, and in which words.

use ledger::keys::SystemRandom;

use super::*;

const HEAD: &str = "[firmware_bridge]\nid = \"b1\"\nkey = \"bridge.pem\"\ningest_url = \"http://127.0.0.1:1\"\nledger = \"site.example/1\"\n";
const READER: &str = "[[firmware_bridge.reader]]\nid = \"door-3\"\nread_point = \"urn:epc:id:sgln:9521142.00001.3\"\n";
const R200: &str = "device.r200 = { port = \"/dev/ttyUSB0\" }\n";

/// The configuration, or all problems as the programs print them.
fn resolved(text: &str) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let key = SourceKey::generate(&SystemRandom::new()).unwrap();
    keystore::private::create(&folder.path().join("bridge.pem"), &key.to_pem()).unwrap();
    Installation::parse(&folder.path().join("bridge.toml"), text)
        .and_then(|installation| resolve(&installation))
        .map_err(|problems| problems.to_string())
}

#[test]
fn names_that_ingest_would_refuse_are_refused_at_the_start_with_section_and_value() {
    let whole = [HEAD, READER, R200].concat();
    assert!(resolved(&whole).is_ok());
    let modbus = "device.xy-md02 = { port = \"/dev/ttyUSB0\", sensor = \"urn:cold\" }\n";
    let mqtt = "device.shelly = { broker = \"b:1883\", sensors = { \"s-1\" = \"urn:cold\" } }\n";
    for (device, value, other, key) in [
        (R200, "b1", "仓库 1", "[firmware_bridge] id"),
        (R200, "b1", "", "[firmware_bridge] id"),
        (R200, "door-3", "door 3", "[[firmware_bridge.reader]] id"),
        (R200, "door-3", "一号门", "[[firmware_bridge.reader]] id"),
        (modbus, "urn:cold", "cold store 7", "[[firmware_bridge.reader]] `door-3` sensor"),
        (mqtt, "urn:cold", "冷库", "[[firmware_bridge.reader]] `door-3` sensor"),
    ] {
        let text = [HEAD, READER, device].concat();
        let found = resolved(&text.replace(&format!("\"{value}\""), &format!("\"{other}\"")));
        let words = found.expect_err(other);
        for word in [&format!("{key}: got `{other}`"), "expected 1 to 256 visible ASCII"] {
            assert!(words.contains(word), "`{word}` is not in: {words}");
        }
    }
}

#[test]
fn what_detect_leaves_to_fill_in_is_refused_with_what_to_write_there() {
    let modbus = "device.xy-md02 = { port = \"/dev/ttyUSB0\", sensor = \"FILL-IN\" }\n";
    let reader = READER.replace("urn:epc:id:sgln:9521142.00001.3", FILL_IN);
    let words = resolved(&[HEAD, &reader, modbus].concat()).unwrap_err();
    for word in [
        "[[firmware_bridge.reader]] `door-3` read_point: got `FILL-IN`, which `chopmark reader detect` prints for you to \
         fill in, expected the location where it reads, such as `urn:epc:id:sgln:9521142.00001.3`",
        "[[firmware_bridge.reader]] `door-3` sensor: got `FILL-IN`, which `chopmark reader detect` prints for you to \
         fill in, expected the identifier of the sensor, such as `urn:epc:id:giai:9521142.PROBE7`",
    ] {
        assert!(words.contains(word), "`{word}` is not in: {words}");
    }
    assert_eq!(words.lines().count(), 2, "{words}");
}

#[test]
fn modbus_sensors_with_addresses_of_their_own_may_share_a_port_and_all_else_is_refused_with_both_names()
 {
    let reader = |id: &str, device: &str| -> ReaderSection {
        let text = format!(
            "id = \"{id}\"\nread_point = \"urn:epc:id:sgln:9521142.00001.3\"\ndevice.{device}\n"
        );
        toml::from_str(&text).unwrap()
    };
    let sensor = |id: &str, port: &str, more: &str| {
        let text =
            format!("xy-md02 = {{ port = \"{port}\", sensor = \"urn:example:{id}\", {more} }}");
        reader(id, &text)
    };
    let one = sensor("one", "/dev/ttyS1", "address = 1");
    let other = reader(
        "two",
        "modbus = { port = \"/dev/ttyS1\", address = 2, sensor = \"urn:s\", first = 0, registers = [{}] }",
    );
    let third = sensor("three", "/dev/ttyS1", "address = 3");
    check_ports(&[one.clone(), other.clone(), third.clone()]).unwrap();
    check_ports(&[one.clone(), sensor("two", "/dev/ttyS2", "address = 1, baud = 4800")]).unwrap();
    let tags = reader("two", "r200 = { port = \"/dev/ttyS1\" }");
    for (two, words) in [
        (sensor("two", "/dev/ttyS1", "address = 1"), ["address of its own", "not 1 twice"]),
        (
            sensor("two", "/dev/ttyS1", "address = 2, baud = 4800"),
            ["9600 and 4800", "the same `baud`"],
        ),
        (tags.clone(), ["only Modbus sensors can share one", "expected an adapter of its own"]),
    ] {
        // Wherever the other of the two stands.
        let refused = check_ports(&[one.clone(), third.clone(), two]).unwrap_err().to_string();
        for word in ["`one`", "`two`", "`/dev/ttyS1`"].into_iter().chain(words) {
            assert!(refused.contains(word), "`{word}` is not in: {refused}");
        }
    }
    check_ports(&[tags.clone(), tags]).unwrap_err();
}

#[test]
fn a_problem_is_reported_once_with_the_reader_the_value_and_what_was_expected() {
    let whole = [HEAD, READER, R200].concat();
    let device = |text: &str| [HEAD, READER, "device.", text, "\n"].concat();
    let topic =
        |text: &str| device(&format!("impinj-r700 = {{ broker = \"b:1883\", topic = {text} }}"));
    let login = |text: &str| device(&format!("shelly = {{ broker = {text}, sensors = {{}} }}"));
    let modbus =
        |text: &str| device(&format!("xy-md02 = {{ port = \"p\", sensor = \"urn:s\", {text} }}"));
    let no_topic =
        ["`door-3` device: got topic `", "expected levels between slashes", "`door/3/#`"];
    for (text, words) in [
        (
            login("{ address = \"b:1883\", usr = \"u\", password_file = \"p.txt\" }"),
            ["unknown field `usr`", "`address`, `user`, `password_file`", "line 9"],
        ),
        (
            login("{ address = \"b:1883\", user = \"u\" }"),
            ["got `user`", "expected `password_file` with it", "`door-3` device: "],
        ),
        (
            login("1883"),
            ["`host:port`", "{ address, user, password_file, tls, ca_file }", "line 9"],
        ),
        (
            login("{ address = \"b:1883\", user = \"u\", password_file = \"p.txt\" }"),
            ["could not read", "p.txt", "No such file"],
        ),
        (login("\"b\""), ["`door-3` device: got broker `b`", "host:port", "`localhost:1883`"]),
        (
            device("r200 = { port = \"p\", power_dbm = 40 }"),
            ["`door-3` device: got power_dbm 40", "expected 0 to 30", ""],
        ),
        (
            device("r200 = { port = \"p\", session = 4 }"),
            ["`door-3` device: got session 4", "expected a Gen2 session, 0 to 3", ""],
        ),
        (
            modbus("address = 0"),
            ["`door-3` device: modbus address: got 0", "expected 1 to 247", ""],
        ),
        (
            modbus("every_ms = 0"),
            ["`door-3` device: got every_ms 0", "expected 100 to 86400000", ""],
        ),
        (
            modbus("every_ms = 9223372036854775807"),
            ["`door-3` device: got every_ms 9223372036854775807", "100 to 86400000", ""],
        ),
        (
            [HEAD, READER, "silent_after_s = 0\n", R200].concat(),
            ["`door-3` silent_after_s: got 0", "expected at least 1", ""],
        ),
        (
            topic("\"t\", epc = \"octal\""),
            ["unknown variant `octal`", "`hex` or `base64`", "line 9"],
        ),
        (topic("\"\""), no_topic),
        (topic("\"a/#/b\""), no_topic),
        (topic("\"a+/b\""), no_topic),
        (topic("\"a\\u0000\""), no_topic),
        (
            device("zigbee2mqtt = { broker = \"b:1883\", base_topic = \"\", sensors = {} }"),
            ["`door-3` device: got an empty base_topic", "expected its name at the broker", ""],
        ),
        (
            whole.replace("bridge.pem", "other.pem"),
            ["other.pem", "`chopmark keys bridge` makes it", "No such file"],
        ),
        (
            whole.replace("http://127", "127"),
            ["ingest_url: got `127.0.0.1:1`", "`http://127.0.0.1:8081`", ""],
        ),
        (
            [HEAD, "keep_windows_h = 4294967295\n", READER, R200].concat(),
            ["keep_windows_h: got 4294967295", "expected at most 87600", ""],
        ),
        (whole.replace("r200", "nimbus"), ["unknown variant `nimbus`", "`r200`", "line 9"]),
    ] {
        let found = resolved(&text).map(|_| "nothing is wrong").expect_err(&text);
        for word in words {
            assert!(found.contains(word), "`{word}` is not in:\n{found}");
        }
        assert!(found.matches("TOML parse error").count() <= 1, "reported twice:\n{found}");
        assert!(!found.contains("untagged"), "{found}");
    }
}

#[test]
fn topics_with_whole_levels_left_open_and_the_extremes_of_times_are_taken() {
    for device in [
        "impinj-r700 = { broker = \"b:1883\", topic = \"/a//+/冷库 1/#\" }",
        "impinj-r700 = { broker = \"b:1883\", topic = \"#\" }",
        "impinj-r700 = { broker = \"b:1883\", topic = \"t\", epc = \"hex\" }",
        "shelly = { broker = \"b:1883\", sensors = {} }",
        "xy-md02 = { port = \"p\", sensor = \"urn:s\", every_ms = 100 }",
        "xy-md02 = { port = \"p\", sensor = \"urn:s\", every_ms = 86400000 }",
    ] {
        let text = [HEAD, READER, "silent_after_s = 1\ndevice.", device, "\n"].concat();
        if let Err(words) = resolved(&text) {
            panic!("{device}: {words}");
        }
    }
}

#[test]
fn without_tls_ingest_must_be_on_the_same_machine_unless_that_is_allowed() {
    let with = |url: &str, more: &str| {
        let head = HEAD.replace("http://127.0.0.1:1", url);
        resolved(&[&head, more, READER, R200].concat())
    };
    for url in [
        "http://127.0.0.1:8081",
        "http://127.9.9.9",
        "http://localhost:8081/",
        "http://[::1]:8081",
        "http://user@127.0.0.1:1",
        "https://ingest.example",
    ] {
        with(url, "").map(drop).unwrap();
    }
    for url in [
        "http://ingest.example",
        "http://10.0.0.7:8081",
        "http://127.0.0.1.evil.example",
        "http://127.0.0.1@evil.example",
        "http://localhost:8081@evil.example/",
        "http://localhost.evil.example",
        "http://evil.example/127.0.0.1",
        "http://evil.example#@127.0.0.1",
        "http://evil.example\\\\@127.0.0.1",
        "http://[::2]:8081",
        "http://",
    ] {
        let found = with(url, "").map(drop).expect_err(url);
        assert!(found.contains("ingest_url: got `http://"), "{found}");
        assert!(found.contains("expected `https://…` to another machine"), "{found}");
        with(url, "ingest_allow_http = true\n").map(drop).unwrap();
    }
}

#[test]
fn a_file_of_trusted_certificates_is_for_https_and_must_hold_one() {
    let with = |url: &str, ca: &str| {
        let head = HEAD.replace("http://127.0.0.1:1", url);
        resolved(&format!("{head}ingest_ca = \"{ca}\"\n{READER}{R200}"))
            .map(|_| "nothing is wrong")
            .unwrap_err()
    };
    let found = with("http://127.0.0.1:1", "bridge.pem");
    assert!(found.contains("expected `https://…` with `ingest_ca`"), "{found}");
    let found = with("https://ingest.example", "none.pem");
    assert!(found.contains("[firmware_bridge] ingest_ca: could not use "), "{found}");
    let found = with("https://ingest.example", "bridge.pem");
    assert!(found.contains("bridge.pem without a certificate, expected PEM"), "{found}");
}

#[test]
fn a_bridge_names_the_ledger_that_it_delivers_to() {
    let whole = [HEAD, READER, R200].concat();
    let found = resolved(&whole.replace("ledger = \"site.example/1\"\n", "")).map(drop);
    assert!(found.unwrap_err().contains("missing field `ledger`"));
    let found = resolved(&whole.replace("site.example/1", "site example")).map(drop).unwrap_err();
    assert!(found.contains("[firmware_bridge] ledger: got `site example`, expected"), "{found}");
}

#[test]
fn the_members_of_a_broker_fit_together() {
    let with = |members: &str| {
        let device = format!(
            "device.shelly = {{ broker = {{ address = \"b:8883\", {members} }}, sensors = {{}} }}\n"
        );
        resolved(&[HEAD, READER, &device].concat()).map(|_| "nothing is wrong")
    };
    with("max_packet_bytes = 1024").unwrap();
    for (members, words) in [
        ("max_packet_bytes = 1023", "got max_packet_bytes 1023, expected 1024 to 268435460"),
        ("password_file = \"bridge.pem\"", "got `password_file`, expected `user` with it"),
        ("tls = false, ca_file = \"bridge.pem\"", "got `tls = false` with certificates"),
        ("ca_file = \"bridge.pem\"", "bridge.pem without a certificate"),
        ("client_certificate_file = \"bridge.pem\"", "expected both"),
        ("tls = true, client_key_file = \"bridge.pem\"", "expected both"),
    ] {
        let found = with(members).expect_err(members);
        assert!(found.contains(words), "`{words}` is not in:\n{found}");
    }
}

#[test]
fn an_encrypted_key_needs_its_passphrase_and_a_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let key = SourceKey::generate(&SystemRandom::new()).unwrap();
    let passphrase = keystore::Passphrase::new("correct horse").unwrap();
    let cost = keystore::armour::Cost { memory_kib: 64, passes: 1, lanes: 1 };
    let random = SystemRandom::new();
    let sealed = keystore::armour::seal(&key.to_pem(), &passphrase, cost, &random).unwrap();
    keystore::private::create(&path("bridge.pem"), &sealed).unwrap();
    keystore::private::create(&path("own"), "correct horse\n").unwrap();
    keystore::private::create(&path("wrong"), "correct mule\n").unwrap();
    let resolved = |more: &str| {
        let text = [HEAD, more, READER, R200].concat();
        Installation::parse(&path("bridge.toml"), &text)
            .and_then(|installation| resolve(&installation))
            .map(|config| config.key.public_base64())
            .map_err(|problems| problems.to_string())
    };
    assert_eq!(resolved("key_passphrase_file = \"own\"\n").unwrap(), key.public_base64());
    let found = resolved("").unwrap_err();
    assert!(found.contains("[firmware_bridge] key: got "), "{found}");
    assert!(found.contains("which is encrypted, expected `key_passphrase_file` or"), "{found}");
    let found = resolved("key_passphrase_file = \"wrong\"\n").unwrap_err();
    assert!(found.contains("the passphrase is wrong, or the file was changed"), "{found}");
    assert!(!found.contains("mule"), "{found}");
    std::fs::set_permissions(path("bridge.pem"), std::fs::Permissions::from_mode(0o644)).unwrap();
    let found = resolved("key_passphrase_file = \"own\"\n").unwrap_err();
    assert!(found.contains("bridge.pem: got mode 0644, expected 0600"), "{found}");
}
