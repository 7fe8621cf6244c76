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
        for word in [&format!("{key} `{other}`"), "visible ASCII", "would be right"] {
            assert!(words.contains(word), "`{word}` is not in: {words}");
        }
    }
}

#[test]
fn two_readers_on_one_port_are_refused_with_both_names() {
    let reader = |id: &str, port: &str, address: u8| -> Reader {
        let text = format!(
            "id = \"{id}\"\nread_point = \"urn:epc:id:sgln:9521142.00001.3\"\n[device.xy-md02]\n\
             port = \"{port}\"\naddress = {address}\nsensor = \"urn:example:{id}\"\n"
        );
        toml::from_str(&text).unwrap()
    };
    let (one, two) = (reader("one", "/dev/ttyS1", 1), reader("two", "/dev/ttyS1", 2));
    let refused = check_ports(&[one.clone(), two]).unwrap_err().to_string();
    for word in ["`one`", "`two`", "`/dev/ttyS1`", "an adapter of its own"] {
        assert!(refused.contains(word), "{refused}");
    }
    check_ports(&[one, reader("two", "/dev/ttyS2", 2)]).unwrap();
}
