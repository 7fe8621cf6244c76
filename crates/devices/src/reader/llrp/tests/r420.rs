//! What an Impinj R420 says, body by body: the bytes, and the values that they stand for.
//!
//! The way through: [`bodies`] has one body for each kind of message. The bytes are counted and typed by hand with
//! [`tlv`], without the project's encoder; the values are JSON under the names of the LLRP standard.
//!
//! What holds: the capabilities are those of a real reader, byte for byte (`super::super::bodies_tests` compares them
//! with the recording where it is there). In the other bodies the values that can be chosen freely are our own: tags,
//! times, the reader's identification.
//!
//! Sources: LLRP 1.0.1 section 16; facts of the recordings in `EdgeX` Foundry's LLRP device service (firmware
//! 5.14.0.240, four ports, FCC).

use serde_json::{Value as Json, json};

use super::{success, tlv};

/// A body and what it says.
pub struct Recorded {
    /// Type number of the message.
    pub number: u16,
    /// The body in hex.
    pub hex: String,
    /// Its values.
    pub says: Json,
}

/// One body of each kind.
pub fn bodies() -> Vec<Recorded> {
    let recorded = |number, hex: String, says| Recorded { number, hex, says };
    let fine = || json!({"LLRPStatus": {"StatusCode": 0, "ErrorDescription": ""}});
    let tag = "8d 30395bb10000000000002ad1  81 0002  86 c9  82 00059d76f96e339e";
    let closed = tlv(246, &(tlv(128, "00059d76f96e339e") + &tlv(257, "")));
    vec![
        recorded(4, success(), fine()),
        recorded(11, capabilities(), says_capabilities()),
        recorded(12, configuration(), says_configuration()),
        recorded(36, success(), fine()),
        recorded(54, success(), fine()),
        recorded(
            61,
            tlv(240, tag),
            json!({"TagReportData": [{
                "EPC_96": "MDlbsQAAAAAAACrR", "AntennaID": 2, "PeakRSSI": -55,
                "FirstSeenTimestampUTC": 1_580_509_200_003_998_u64,
            }]}),
        ),
        recorded(
            63,
            closed,
            json!({"ReaderEventNotificationData": {
                "UTCTimestamp": 1_580_509_200_003_998_u64, "ConnectionCloseEvent": {},
            }}),
        ),
    ]
}

/// Channels of the hop table in the reader's order: 500 kHz apart from 902.75 MHz on.
const CHANNELS: [u32; 50] = [
    13, 11, 46, 17, 16, 48, 30, 5, 49, 37, 45, 33, 44, 27, 34, 21, 47, 28, 32, 23, 14, 29, 12, 0,
    38, 22, 26, 42, 3, 2, 1, 10, 25, 43, 20, 31, 19, 15, 39, 6, 8, 36, 41, 7, 24, 18, 35, 9, 40, 4,
];

/// Modes: number, divide ratio, M, forward modulation, mask, bits per second, PIE by 1000, Tari in ns.
const MODES: [[u32; 8]; 10] = [
    [0, 1, 0, 2, 2, 640_000, 1500, 6250],
    [1, 1, 1, 2, 2, 640_000, 1500, 6250],
    [2, 1, 2, 0, 3, 274_000, 2000, 20_000],
    [3, 1, 3, 0, 3, 170_600, 2000, 20_000],
    [4, 1, 2, 0, 2, 640_000, 1500, 7140],
    [1000, 0, 0, 0, 0, 40_000, 1500, 6250],
    [1002, 0, 0, 0, 0, 40_000, 1500, 6250],
    [1003, 0, 0, 0, 0, 40_000, 1500, 6250],
    [1004, 0, 0, 0, 0, 40_000, 1500, 6250],
    [1005, 0, 0, 0, 0, 40_000, 1500, 6250],
];

/// Entries of the table of sensitivities: 0, then 10 to 50 dB.
fn sensitivities() -> impl Iterator<Item = (u16, u16)> {
    (1..=42).map(|index| (index, if index == 1 { 0 } else { index + 8 }))
}

/// Entries of the table of powers: 10 to 30 dBm in steps of a quarter.
fn powers() -> impl Iterator<Item = (u16, u16)> {
    (1..=81).map(|index| (index, 975 + 25 * index))
}

fn frequencies() -> Vec<u32> {
    CHANNELS.map(|channel| 902_750 + 500 * channel).to_vec()
}

/// The body of `GET_READER_CAPABILITIES_RESPONSE`, in hex.
pub fn capabilities() -> String {
    let pairs = |number, all: Vec<(u16, u16)>| {
        let entry = |(index, value)| tlv(number, &format!("{index:04x}{value:04x}"));
        all.into_iter().map(entry).collect::<String>()
    };
    let protocols: String = (1..=4).map(|port| tlv(140, &format!("{port:04x} 0001 01"))).collect();
    let general = tlv(
        137,
        &[
            "0004 4000 0000651a 001e886a 000a 352e31342e302e323430",
            &pairs(139, sensitivities().collect()),
            &tlv(141, "0004 0004"),
            &protocols,
        ]
        .concat(),
    );
    let llrp = tlv(142, "48 01 0000 00000001 00000020 00000001 000005e4 00000008");
    let hops = frequencies().into_iter().flat_map(u32::to_be_bytes);
    let hops = hex::encode(hops.collect::<Vec<u8>>());
    let mode = |[number, ratio, m, forward, mask, speed, pie, tari]: [u32; 8]| {
        let head = format!("{number:08x} {:02x} {m:02x} {forward:02x} {mask:02x}", ratio << 7);
        tlv(329, &format!("{head} {speed:08x} {pie:08x} {tari:08x} {tari:08x} 00000000"))
    };
    let band = pairs(145, powers().collect())
        + &tlv(146, &format!("80 {}", tlv(147, &format!("01 00 0032 {hops}"))))
        + &tlv(328, &MODES.map(mode).concat());
    let regulatory = tlv(143, &format!("0348 0001 {}", tlv(144, &band)));
    success() + &general + &llrp + &regulatory + &tlv(327, "40 0002")
}

fn says_capabilities() -> Json {
    let sensitivities: Vec<Json> = sensitivities()
        .map(|(index, value)| json!({"Index": index, "ReceiveSensitivityValue": value}))
        .collect();
    let powers: Vec<Json> = powers()
        .map(|(index, value)| json!({"Index": index, "TransmitPowerValue": value}))
        .collect();
    let protocol = |port: u16| json!({"AntennaID": port, "ProtocolID": "AQ=="});
    let mode = |[number, ratio, m, forward, mask, speed, pie, tari]: [u32; 8]| {
        json!({
            "ModeIdentifier": number, "DRValue": ratio, "EPCHAGTCConformance": false,
            "MValue": m, "ForwardLinkModulation": forward, "SpectralMaskIndicator": mask,
            "BDRValue": speed, "PIEValue": pie, "MinTariValue": tari, "MaxTariValue": tari,
            "StepTariValue": 0,
        })
    };
    json!({
        "LLRPStatus": {"StatusCode": 0, "ErrorDescription": ""},
        "GeneralDeviceCapabilities": {
            "MaxNumberOfAntennaSupported": 4, "CanSetAntennaProperties": false,
            "HasUTCClockCapability": true, "DeviceManufacturerName": 25882,
            "ModelName": 2_001_002, "ReaderFirmwareVersion": "5.14.0.240",
            "ReceiveSensitivityTableEntry": sensitivities,
            "GPIOCapabilities": {"NumGPIs": 4, "NumGPOs": 4},
            "PerAntennaAirProtocol": [protocol(1), protocol(2), protocol(3), protocol(4)],
        },
        "LLRPCapabilities": {
            "CanDoRFSurvey": false, "CanReportBufferFillWarning": true,
            "SupportsClientRequestOpSpec": false, "CanDoTagInventoryStateAwareSingulation": false,
            "SupportsEventAndReportHolding": true, "MaxNumPriorityLevelsSupported": 1,
            "ClientRequestOpSpecTimeout": 0, "MaxNumROSpecs": 1, "MaxNumSpecsPerROSpec": 32,
            "MaxNumInventoryParameterSpecsPerAISpec": 1, "MaxNumAccessSpecs": 1508,
            "MaxNumOpSpecsPerAccessSpec": 8,
        },
        "RegulatoryCapabilities": {
            "CountryCode": 840, "CommunicationsStandard": 1,
            "UHFBandCapabilities": {
                "TransmitPowerLevelTableEntry": powers,
                "FrequencyInformation": {
                    "Hopping": true,
                    "FrequencyHopTable": [{"HopTableID": 1, "Frequency": frequencies()}],
                },
                "C1G2UHFRFModeTable": {"C1G2UHFRFModeTableEntry": MODES.map(mode).to_vec()},
            },
        },
        "C1G2LLRPCapabilities": {
            "CanSupportBlockErase": false, "CanSupportBlockWrite": true,
            "CanSupportBlockPermalock": false, "CanSupportTagRecommissioning": false,
            "CanSupportUMIMethod2": false, "CanSupportXPC": false,
            "MaxNumSelectFiltersPerQuery": 2,
        },
    })
}

/// The body of `GET_READER_CONFIG_RESPONSE`: the first port has an antenna, events 4 and 8 are switched on, reports have
/// port, signal and the first time.
fn configuration() -> String {
    let ports = |entry: &dyn Fn(u16) -> String| (1..=4).map(entry).collect::<String>();
    let antenna = |port: u16| {
        let singulation =
            tlv(330, &["00", &tlv(335, "03e8 0000"), &tlv(336, "40 0020 00000000")].concat());
        let radio = tlv(223, "0001") + &tlv(224, "0001 0000 0051") + &singulation;
        tlv(222, &format!("{port:04x} {radio}"))
    };
    let event = |kind: u16| {
        tlv(245, &format!("{kind:04x} {}", if [4, 8].contains(&kind) { "80" } else { "00" }))
    };
    let selector = tlv(238, &format!("1600 {}", tlv(348, "00")));
    [
        success(),
        tlv(218, "00 0008 0016 25ff fe00 002a"),
        ports(&|port| {
            tlv(221, &format!("{} {port:04x} 0000", if port == 1 { "80" } else { "00" }))
        }),
        ports(&antenna),
        tlv(244, &(0..=8).map(event).collect::<String>()),
        tlv(237, &format!("02 0001 {selector}")),
        tlv(239, "01"),
        tlv(217, "0000 07e9"),
        tlv(220, "00 00000000"),
        ports(&|port| tlv(225, &format!("{port:04x} 00 00"))),
        ports(&|port| tlv(219, &format!("{port:04x} 00"))),
        tlv(226, "00"),
    ]
    .concat()
}

fn says_configuration() -> Json {
    let ports = |entry: &dyn Fn(u16) -> Json| (1..=4).map(entry).collect::<Vec<Json>>();
    let antenna = |port: u16| {
        json!({
            "AntennaID": port, "RFReceiver": 1,
            "RFTransmitter": {"HopTableID": 1, "ChannelIndex": 0, "TransmitPower": 81},
            "C1G2InventoryCommand": {
                "TagInventoryStateAware": false,
                "C1G2RFControl": {"ModeIndex": 1000, "Tari": 0},
                "C1G2SingulationControl": {
                    "Session": 1, "TagPopulation": 32, "TagTransitTime": 0,
                },
            },
        })
    };
    let event = |kind: u16| json!({"EventType": kind, "NotificationState": kind == 4 || kind == 8});
    json!({
        "LLRPStatus": {"StatusCode": 0, "ErrorDescription": ""},
        "Identification": {"IDType": 0, "ReaderID": "ABYl//4AACo="},
        "AntennaProperties": ports(&|port| {
            json!({"AntennaConnected": port == 1, "AntennaID": port, "AntennaGain": 0})
        }),
        "AntennaConfiguration": ports(&antenna),
        "ReaderEventNotificationSpec": {
            "EventNotificationState": (0..=8).map(event).collect::<Vec<Json>>(),
        },
        "ROReportSpec": {
            "ROReportTrigger": 2, "N": 1,
            "TagReportContentSelector": {
                "EnableROSpecID": false, "EnableSpecIndex": false,
                "EnableInventoryParameterSpecID": false, "EnableAntennaID": true,
                "EnableChannelIndex": false, "EnablePeakRSSI": true,
                "EnableFirstSeenTimestamp": true, "EnableLastSeenTimestamp": false,
                "EnableTagSeenCount": false, "EnableAccessSpecID": false,
                "C1G2EPCMemorySelector": {
                    "EnableCRC": false, "EnablePCBits": false, "EnableXPCBits": false,
                },
            },
        },
        "AccessReportSpec": 1,
        "LLRPConfigurationStateValue": 2025,
        "KeepaliveSpec": {"KeepaliveTriggerType": 0, "PeriodicTriggerValue": 0},
        "GPIPortCurrentState": ports(&|port| {
            json!({"GPIPortNum": port, "Config": false, "State": 0})
        }),
        "GPOWriteData": ports(&|port| json!({"GPOPortNumber": port, "GPOData": false})),
        "EventsAndReports": false,
    })
}
