//! Bodies of messages of a real reader, compared value by value with what others say that they mean.
//!
//! The way through: `super::tests::r420` has a body of each kind with its values, retyped. Where the foreign data are
//! there, each `.bytes` beside a `.json` in `edgex-llrp/pkg/llrp/testdata` is compared in the same way: the body of the
//! message that its name says, and what another decoder made of it.
//!
//! What holds: every value of the JSON is found in the tree and every field and sub-parameter of the tree,
//! reserved bits aside, is found in the JSON; the tree encodes to the same bytes.
//!
//! Not here: messages made by hand for one rule each (`super::codec_tests`).
//!
//! Source: `EdgeX` Foundry's LLRP device service (Apache-2.0), captures of an Impinj R420.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::capabilities::{Capabilities, Power};
use super::definitions::{self as d, Kind};
use super::message::{Body, Message, VERSION, decode_body};
use super::parameter::{Node, Parameter, Value};
use super::tests::r420;

/// Names of the JSON that differ: where (any definition if empty), theirs, ours.
const NAMES: &[(&str, &str, &str)] = &[
    ("LLRPStatus", "Status", "StatusCode"),
    ("", "MaxSelectFiltersPerQuery", "MaxNumSelectFiltersPerQuery"),
    ("", "SupportsBlockErase", "CanSupportBlockErase"),
    ("", "SupportsBlockWrite", "CanSupportBlockWrite"),
    ("", "SupportsBlockPermalock", "CanSupportBlockPermalock"),
    ("", "SupportsTagRecommissioning", "CanSupportTagRecommissioning"),
    ("", "SupportsUMIMethod2", "CanSupportUMIMethod2"),
    ("", "SupportsXPC", "CanSupportXPC"),
    ("", "DeviceManufacturer", "DeviceManufacturerName"),
    ("", "FirmwareVersion", "ReaderFirmwareVersion"),
    ("", "HasUTCClock", "HasUTCClockCapability"),
    ("", "MaxSupportedAntennas", "MaxNumberOfAntennaSupported"),
    ("", "Model", "ModelName"),
    ("", "PerAntennaAirProtocols", "PerAntennaAirProtocol"),
    ("", "AirProtocolIDs", "ProtocolID"),
    ("", "ReceiveSensitivities", "ReceiveSensitivityTableEntry"),
    ("", "ReceiveSensitivity", "ReceiveSensitivityValue"),
    ("", "ClientRequestedOpSpecTimeout", "ClientRequestOpSpecTimeout"),
    ("", "MaxAccessSpecs", "MaxNumAccessSpecs"),
    ("", "MaxInventoryParameterSpecsPerAISpec", "MaxNumInventoryParameterSpecsPerAISpec"),
    ("", "MaxOpSpecsPerAccessSpec", "MaxNumOpSpecsPerAccessSpec"),
    ("", "MaxPriorityLevelSupported", "MaxNumPriorityLevelsSupported"),
    ("", "MaxROSpecs", "MaxNumROSpecs"),
    ("", "MaxSpecsPerROSpec", "MaxNumSpecsPerROSpec"),
    ("", "SupportsEventsAndReportHolding", "SupportsEventAndReportHolding"),
    ("", "C1G2RFModes", "C1G2UHFRFModeTable"),
    ("", "UHFC1G2RFModeTableEntries", "C1G2UHFRFModeTableEntry"),
    ("", "ModeID", "ModeIdentifier"),
    ("", "DivideRatio", "DRValue"),
    ("", "IsEPCHagConformant", "EPCHAGTCConformance"),
    ("", "Modulation", "MValue"),
    ("", "SpectralMask", "SpectralMaskIndicator"),
    ("", "BackscatterDataRate", "BDRValue"),
    ("", "PIERatio", "PIEValue"),
    ("", "MinTariTime", "MinTariValue"),
    ("", "MaxTariTime", "MaxTariValue"),
    ("", "StepTariTime", "StepTariValue"),
    ("", "FrequencyHopTables", "FrequencyHopTable"),
    ("", "Frequencies", "Frequency"),
    ("", "TransmitPowerLevels", "TransmitPowerLevelTableEntry"),
    ("", "AntennaConfigurations", "AntennaConfiguration"),
    ("", "TransmitPowerIndex", "TransmitPower"),
    ("", "RFControl", "C1G2RFControl"),
    ("", "RFModeID", "ModeIndex"),
    ("", "SingulationControl", "C1G2SingulationControl"),
    ("", "InvAwareAction", "C1G2TagInventoryStateAwareSingulationAction"),
    ("", "Filters", "C1G2Filter"),
    ("", "EventNotificationStates", "EventNotificationState"),
    ("", "ReaderEventType", "EventType"),
    ("", "NotificationEnabled", "NotificationState"),
    ("ROReportSpec", "Trigger", "ROReportTrigger"),
    ("", "EnableInventoryParamSpecID", "EnableInventoryParameterSpecID"),
    ("", "CRCEnabled", "EnableCRC"),
    ("", "PCBitsEnabled", "EnablePCBits"),
    ("", "XPCBitsEnabled", "EnableXPCBits"),
    ("", "KeepAliveSpec", "KeepaliveSpec"),
    ("KeepaliveSpec", "Trigger", "KeepaliveTriggerType"),
    ("KeepaliveSpec", "Interval", "PeriodicTriggerValue"),
    ("", "GPIPortCurrentStates", "GPIPortCurrentState"),
    ("GPIPortCurrentState", "Port", "GPIPortNum"),
    ("GPIPortCurrentState", "Enabled", "Config"),
    ("GPOWriteData", "Port", "GPOPortNumber"),
    ("GPOWriteData", "Data", "GPOData"),
    ("", "EPC96", "EPC_96"),
    ("", "FirstSeenUTC", "FirstSeenTimestampUTC"),
    ("", "FirstSeenUptime", "FirstSeenTimestampUptime"),
    ("", "LastSeenUTC", "LastSeenTimestampUTC"),
    ("", "LastSeenUptime", "LastSeenTimestampUptime"),
    ("", "C1G2PC", "C1G2_PC"),
    ("", "C1G2CRC", "C1G2_CRC"),
    ("", "C1G2XPCW1", "C1G2_XPCW1"),
    ("", "C1G2XPCW2", "C1G2_XPCW2"),
    ("GET_ROSPECS_RESPONSE", "ROSpecs", "ROSpec"),
    ("GET_ACCESSSPECS_RESPONSE", "AccessSpecs", "AccessSpec"),
];

/// What the JSON always writes, also where the message has it not.
const ALWAYS: &[&str] = &["EPCData", "UTCTimestamp", "Uptime"];

fn ours<'a>(definition: &d::Definition, theirs: &'a str) -> &'a str {
    NAMES
        .iter()
        .find(|name| (name.0.is_empty() || name.0 == definition.name) && name.1 == theirs)
        .map_or(theirs, |name| name.2)
}

fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::new();
    let (mut sum, mut bits) = (0_u32, 0);
    for byte in text.bytes().filter(|byte| *byte != b'=') {
        sum = sum << 6
            | u32::try_from(DIGITS.iter().position(|digit| *digit == byte).unwrap()).unwrap();
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from(sum >> bits & 0xFF).unwrap());
        }
    }
    out
}

fn is_nothing(json: &Json) -> bool {
    match json {
        Json::Null => true,
        Json::Bool(truth) => !truth,
        Json::Number(number) => number.as_i64() == Some(0),
        Json::String(text) => text.is_empty(),
        Json::Array(list) => list.is_empty(),
        Json::Object(map) => map.values().all(is_nothing),
    }
}

fn is_same(kind: Kind, value: &Value, json: &Json) -> bool {
    match (value, json) {
        (Value::Number(number), Json::Bool(truth)) => *number == u64::from(*truth),
        (Value::Number(number), _) => json.as_u64() == Some(*number),
        (Value::Signed(number), _) => json.as_i64() == Some(*number),
        (Value::Bytes(bytes), Json::String(text)) if kind == Kind::Text => text.as_bytes() == bytes,
        (Value::Bytes(bytes) | Value::Bits { bytes, .. }, Json::String(text)) => {
            base64(text) == *bytes
        }
        (Value::Numbers(numbers), Json::Array(list)) => {
            let list: Option<Vec<u64>> = list.iter().map(Json::as_u64).collect();
            list == Some(numbers.iter().map(|number| u64::from(*number)).collect())
        }
        _ => false,
    }
}

/// Compares; differences go to `wrong`.
fn compare(node: &Node, json: &Json, path: &str, wrong: &mut Vec<String>) -> usize {
    let mut compared = 0;
    let definition = node.definition;
    let mut left: BTreeSet<&str> = definition.fields.iter().map(|field| field.name).collect();
    left.remove("reserved");
    for child in &node.children {
        match child {
            Parameter::Known(node) => drop(left.insert(node.definition.name)),
            Parameter::Raw { number, .. } => wrong.push(format!("{path}: raw parameter {number}")),
        }
    }
    let Json::Object(map) = json else {
        // One field is written without its name.
        if let ([field], [value]) = (definition.fields, &node.fields[..])
            && is_same(field.kind, value, json)
        {
            return 1;
        }
        // A switch alone in its parameter has reserved bits beside it.
        if definition.fields.len() == 2
            && definition.fields[1].name == "reserved"
            && is_same(definition.fields[0].kind, &node.fields[0], json)
        {
            return 1;
        }
        wrong.push(format!("{path}: {json} is not {:?}", node.fields));
        return 0;
    };
    for (theirs, json) in map {
        let name = ours(definition, theirs);
        let path = format!("{path}/{theirs}");
        let field = definition.fields.iter().find(|field| field.name == name);
        if let Some(field) = field {
            left.remove(name);
            compared += 1;
            let value = node.field(name).unwrap();
            if !is_same(field.kind, value, json) {
                wrong.push(format!("{path}: {json} is not {value:?}"));
            }
            continue;
        }
        let Some(kind) = definition.children.iter().copied().find(|kind| kind.name == name) else {
            if !json.is_null() {
                wrong.push(format!("{path}: has no place in {}", definition.name));
            }
            continue;
        };
        left.remove(name);
        let children: Vec<&Node> = node.all(kind).collect();
        let is_always = ALWAYS.contains(&name) && is_nothing(json);
        match json {
            _ if children.is_empty() => {
                if !json.is_null() && !is_always {
                    wrong.push(format!("{path}: {json} is missing"));
                }
            }
            Json::Array(list) => {
                if list.len() != children.len() {
                    wrong.push(format!("{path}: {} are not {}", list.len(), children.len()));
                }
                for (child, json) in children.iter().zip(list) {
                    compared += compare(child, json, &path, wrong);
                }
            }
            _ if children.len() == 1 => compared += compare(children[0], json, &path, wrong),
            _ => wrong.push(format!("{path}: {} times", children.len())),
        }
    }
    for name in left {
        wrong.push(format!("{path}: {name} is not in the JSON"));
    }
    compared
}

/// Type number of the message that a file holds.
fn number(file: &str) -> u16 {
    match file.split('-').next().unwrap() {
        "CloseConnectionResponse" => 4,
        "GetReaderCapabilitiesResponse" => 11,
        "GetReaderConfigResponse" => 12,
        "GetROSpecsResponse" => 36,
        "GetAccessSpecsResponse" => 54,
        "ROAccessReport" => 61,
        "ReaderEventNotification" => 63,
        other => panic!("{other} is a message that this test does not know"),
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if path.extension().is_some_and(|end| end == "bytes") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Decodes a body, compares it with its values and encodes it again.
fn check(name: &str, number: u16, bytes: &[u8], says: &Json) {
    let body = decode_body(number, bytes).unwrap();
    let Body::Known(node) = &body else { panic!("{name}") };
    let mut wrong = Vec::new();
    let compared = compare(node, says, name, &mut wrong);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(compared > 0, "{name}: nothing compared");
    let again = Message { version: VERSION, id: 1, body }.to_bytes().unwrap();
    assert_eq!(hex::encode(&again[10..]), hex::encode(bytes), "{name}");
}

#[test]
fn each_body_of_a_real_reader_says_what_is_known_of_it_and_encodes_to_the_same_bytes() {
    for body in r420::bodies() {
        let name = super::definitions::message(body.number).unwrap().name;
        check(name, body.number, &hex::decode(&body.hex).unwrap(), &body.says);
    }
}

#[test]
fn what_a_real_reader_can_do_is_understood() {
    let body = decode_body(11, &hex::decode(r420::capabilities()).unwrap()).unwrap();
    let Body::Known(node) = &body else { panic!() };
    let all = Capabilities::of(node);
    assert_eq!((all.vendor, all.model, all.firmware.as_str()), (25_882, 2_001_002, "5.14.0.240"));
    assert_eq!((all.antennas, all.inputs, all.hop_table, all.channel), (4, 4, 1, 0));
    assert_eq!((all.has_clock, all.can_hold, all.can_warn), (true, true, true));
    let power = |index, cdbm| Power { index, cdbm };
    assert_eq!(all.powers.len(), 81);
    assert_eq!((all.powers[0], all.powers[80]), (power(1, 1000), power(81, 3000)));
}

#[test]
fn recorded_bodies_agree_with_another_decoder_and_encode_to_the_same_bytes() {
    let adds = "15 bodies recorded from a reader, compared with what another decoder made of them";
    let Some(folder) = foreign::folder("edgex-llrp/pkg/llrp/testdata", adds) else { return };
    let files = files(&folder);
    assert!(files.len() >= 15, "{} files", files.len());
    let mut retyped = 0;
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        let bytes = std::fs::read(&file).unwrap();
        let json = serde_json::from_slice(&std::fs::read(file.with_extension("json")).unwrap());
        check(name, number(name), &bytes, &json.unwrap());
        if number(name) == 11 {
            assert_eq!(hex::encode(&bytes), r420::capabilities(), "{name}");
            retyped += 1;
        }
    }
    assert_eq!(retyped, 1);
}

#[test]
fn the_comparison_finds_a_value_that_differs_is_missing_or_is_too_many() {
    let bytes = hex::decode("00f0001281000186d0820005a9e4bef862e0").unwrap();
    let Body::Known(node) = decode_body(61, &bytes).unwrap() else { panic!() };
    let wrong = |json: &str| {
        let json = format!("{{\"TagReportData\":[{{{json}}}]}}");
        let mut wrong = Vec::new();
        compare(&node, &serde_json::from_str(&json).unwrap(), "", &mut wrong);
        wrong
    };
    let time = r#""FirstSeenUTC":1594174805140192"#;
    assert_eq!(wrong(&format!(r#""AntennaID":1,"PeakRSSI":-48,{time}"#)), Vec::<String>::new());
    for json in [
        format!(r#""AntennaID":2,"PeakRSSI":-48,{time}"#),
        format!(r#""AntennaID":null,"PeakRSSI":-48,{time}"#),
        format!(r#""PeakRSSI":-48,{time}"#),
        format!(r#""AntennaID":1,"PeakRSSI":-48,"TagSeenCount":1,{time}"#),
        format!(r#""AntennaID":1,"PeakRSSI":-48,"Unheard":1,{time}"#),
    ] {
        assert_eq!(wrong(&json).len(), 1, "{json}");
    }
}
