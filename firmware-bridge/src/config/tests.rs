//! What a configuration is refused for, and in which words.

use ledger::keys::SystemRandom;

use super::*;

const HEAD: &str =
    "[firmware_bridge]\nid = \"b1\"\nkey = \"bridge.pem\"\ningest_url = \"http://127.0.0.1:1\"\n";
const READER: &str = "[[firmware_bridge.reader]]\nid = \"door-3\"\nread_point = \"urn:epc:id:sgln:9521142.00001.3\"\n";
const R200: &str = "device.r200 = { port = \"/dev/ttyUSB0\" }\n";

/// The configuration, or all problems as the programs print them.
fn resolved(text: &str) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let key = SourceKey::generate(&SystemRandom::new()).unwrap();
    std::fs::write(folder.path().join("bridge.pem"), key.to_pem()).unwrap();
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
            ["unknown field `usr`", "`address`, `user`, `password_file`", "line 8"],
        ),
        (
            login("{ address = \"b:1883\", user = \"u\" }"),
            ["missing field `password_file`", "bridge.toml: ", "line 8"],
        ),
        (login("1883"), ["`host:port`", "{ address, user, password_file }", "line 8"]),
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
            ["other.pem", "chopmark keys bridge --out", "No such file"],
        ),
        (
            whole.replace("http://", ""),
            ["ingest_url: got `127.0.0.1:1`", "`http://127.0.0.1:8081`", ""],
        ),
        (
            [HEAD, "keep_windows_h = 4294967295\n", READER, R200].concat(),
            ["keep_windows_h: got 4294967295", "expected at most 87600", ""],
        ),
        (whole.replace("r200", "nimbus"), ["unknown variant `nimbus`", "`r200`", "line 8"]),
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
