//! What a configuration is refused for, and in which words.

use ledger::keys::SystemRandom;

use super::*;

const HEAD: &str =
    "[firmware_bridge]\nid = \"b1\"\nkey = \"bridge.pem\"\ningest_url = \"http://127.0.0.1:1\"\n";
const READER: &str = "[[firmware_bridge.reader]]\nid = \"door-3\"\nread_point = \"urn:epc:id:sgln:9521142.00001.3\"\n";
const R200: &str = "device.r200 = { port = \"/dev/ttyUSB0\" }\n";

/// What somebody reads who starts a bridge with this text: all causes, as the programs print them.
fn said(text: &str) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let key = SourceKey::generate(&SystemRandom::new()).unwrap();
    std::fs::write(folder.path().join("bridge.pem"), key.to_pem()).unwrap();
    let file = folder.path().join("bridge.toml");
    std::fs::write(&file, text).unwrap();
    File::load(&file)
        .and_then(File::resolve)
        .map_err(|error| format!("{:#}", anyhow::Error::from(error)))
}

#[test]
fn names_that_ingest_would_refuse_are_refused_at_the_start_with_section_and_value() {
    let whole = [HEAD, READER, R200].concat();
    assert!(said(&whole).is_ok());
    let modbus = "device.xy-md02 = { port = \"/dev/ttyUSB0\", sensor = \"urn:cold\" }\n";
    let mqtt = "device.shelly = { broker = \"b:1883\", sensors = { \"s-1\" = \"urn:cold\" } }\n";
    for (device, value, other, key) in [
        (R200, "b1", "仓库 1", "[firmware_bridge] id"),
        (R200, "b1", "", "[firmware_bridge] id"),
        (R200, "door-3", "door 3", "[[firmware_bridge.reader]] id"),
        (R200, "door-3", "一号门", "[[firmware_bridge.reader]] id"),
        (modbus, "urn:cold", "cold store 7", "reader `door-3`: sensor"),
        (mqtt, "urn:cold", "冷库", "reader `door-3`: sensor"),
    ] {
        let text = [HEAD, READER, device].concat();
        let found = said(&text.replace(&format!("\"{value}\""), &format!("\"{other}\"")));
        let words = found.expect_err(other);
        for word in [&format!("{key}: got `{other}`"), "visible ASCII", "expected"] {
            assert!(words.contains(word), "`{word}` is not in: {words}");
        }
    }
}

#[test]
fn modbus_sensors_with_addresses_of_their_own_may_share_a_port_and_all_else_is_refused_with_both_names()
 {
    let reader = |id: &str, device: &str| -> Reader {
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
        (
            sensor("two", "/dev/ttyS1", "address = 1"),
            ["the same address 1;", "an address of its own"],
        ),
        (
            sensor("two", "/dev/ttyS1", "address = 2, baud = 4800"),
            ["9600 and 4800", "their `baud` to the same"],
        ),
        (tags.clone(), ["only Modbus sensors can share one", "an adapter of its own"]),
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
fn what_a_configuration_is_refused_for_is_told_once_with_the_reader_and_what_would_be_right() {
    let whole = [HEAD, READER, R200].concat();
    let device = |text: &str| [HEAD, READER, "device.", text, "\n"].concat();
    let topic =
        |text: &str| device(&format!("impinj-r700 = {{ broker = \"b:1883\", topic = {text} }}"));
    let login = |text: &str| device(&format!("shelly = {{ broker = {text}, sensors = {{}} }}"));
    let modbus =
        |text: &str| device(&format!("xy-md02 = {{ port = \"p\", sensor = \"urn:s\", {text} }}"));
    let no_topic = ["reader `door-3`", "topic: got `", "expected levels between slashes"];
    for (text, words) in [
        (
            login("{ address = \"b:1883\", usr = \"u\", password_file = \"p.txt\" }"),
            ["unknown field `usr`", "`address`, `user`, `password_file`", "line 8"],
        ),
        (
            login("{ address = \"b:1883\", user = \"u\" }"),
            ["missing field `password_file`", "is not usable", "line 8"],
        ),
        (login("1883"), ["`host:port`", "{ address, user, password_file }", "line 8"]),
        (
            login("{ address = \"b:1883\", user = \"u\", password_file = \"p.txt\" }"),
            ["could not read", "p.txt", "No such file"],
        ),
        (login("\"b\""), ["reader `door-3`: broker `b`", "host:port", "`localhost:1883`"]),
        (
            device("r200 = { port = \"p\", power_dbm = 40 }"),
            ["reader `door-3`: power_dbm: got 40", "0 to 30", "expected"],
        ),
        (
            device("r200 = { port = \"p\", session = 4 }"),
            ["reader `door-3`: session 4", "sessions 0 to 3", ""],
        ),
        (modbus("address = 0"), ["reader `door-3`: modbus address: got 0", "1 to 247", "expected"]),
        (
            modbus("every_ms = 0"),
            ["reader `door-3`: every_ms: got 0", "100 to 86400000", "expected"],
        ),
        (
            modbus("every_ms = 9223372036854775807"),
            ["reader `door-3`: every_ms: got 9223372036854775807", "100 to 86400000", "expected"],
        ),
        (
            [HEAD, READER, "silent_after_s = 0\n", R200].concat(),
            ["reader `door-3`: silent_after_s: got 0", "at least 1", "expected"],
        ),
        (topic("\"\""), no_topic),
        (topic("\"a/#/b\""), no_topic),
        (topic("\"a+/b\""), no_topic),
        (topic("\"a\\u0000\""), no_topic),
        (
            device("zigbee2mqtt = { broker = \"b:1883\", base_topic = \"\", sensors = {} }"),
            ["reader `door-3`: base_topic: got an empty text", "used at the broker", "expected"],
        ),
        (
            whole.replace("bridge.pem", "other.pem"),
            ["other.pem", "chopmark keys bridge --out", "No such file"],
        ),
        (
            whole.replace("http://", ""),
            ["ingest_url: got `127.0.0.1:1`", "`http://127.0.0.1:8080`", "expected"],
        ),
        (
            [HEAD, "keep_windows_h = 4294967295\n", READER, R200].concat(),
            ["keep_windows_h: got 4294967295", "at most 87600", "expected"],
        ),
        (whole.replace("r200", "nimbus"), ["unknown variant `nimbus`", "`r200`", "line 8"]),
    ] {
        let found = said(&text).map(|_| "nothing is wrong").expect_err(&text);
        for word in words {
            assert!(found.contains(word), "`{word}` is not in:\n{found}");
        }
        assert!(found.matches("TOML parse error").count() <= 1, "said twice:\n{found}");
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
        if let Err(words) = said(&text) {
            panic!("{device}: {words}");
        }
    }
}
