//! The bytes of each family as its readers send them, their decoding by the driver, and their floors.
//!
//! What holds: a floor walks the same bytes by their length fields, computes the checksum where there is one (by table),
//! and gives each EPC; of JSON it parses each message and looks up the EPC. It checks nothing else, keeps no state and
//! makes no read, so no decoder of the family can do less.
//!
//! Source: the layouts named in each driver of `devices`.

use std::hint::black_box;

use devices::message::{Format, Message};
use devices::reader::chafon::{self, BROADCAST, Chafon, Layout};
use devices::reader::impinj_r700::ImpinjR700;
use devices::reader::llrp::{self, Llrp};
use devices::reader::mapped_json::{MappedJson, Mapping};
use devices::reader::mercury::{self, Mercury, Region};
use devices::reader::r200::frame::Frame;
use devices::reader::r200::{self, R200};
use devices::reader::zebra_iotc::ZebraIotc;
use devices::reader::{Dialect, FrameData};
use jiff::Timestamp;
use reads::Read;

/// Reads of one run of each measurement.
pub(super) const READS: u32 = 34_000;
/// How many tags they are of.
const TAGS: u32 = 1_700;

/// An earlier floor: what it does, and itself.
type OldFloor = (&'static str, Box<dyn Fn()>);
/// A floor: gives each EPC of the same bytes.
type Floor = Box<dyn Fn(&mut dyn FnMut(&[u8]))>;

/// One family of readers.
pub(super) struct Family {
    /// Its name.
    pub name: &'static str,
    /// Decodes all of its bytes.
    pub decode: Box<dyn Fn() -> anyhow::Result<Vec<Read>>>,
    /// What the floor does.
    pub floor_text: &'static str,
    /// The floor.
    pub floor: Floor,
    /// The floor that was measured before there was this one.
    pub old_floor: Option<OldFloor>,
}

const WALKED: &str = "the same frames walked by length and checksum, each EPC copied";

/// Every family.
pub(super) fn all(at: Timestamp) -> anyhow::Result<Vec<Family>> {
    Ok(vec![r200(at), llrp(at)?, mercury(at), chafon(at), r700(at), zebra(at), mapped(at)?])
}

/// The EPC of read `n`: one tag after the other, each seen as often as the others.
fn epc(n: u32) -> [u8; 12] {
    let mut epc = [0x30, 0x34, 0x25, 0x7B, 0xF7, 0x19, 0x4E, 0x40, 0, 0, 0, 0];
    epc[8..].copy_from_slice(&(n % TAGS).to_be_bytes());
    epc
}

/// The antenna of read `n`, 1 or 2.
fn antenna(n: u32) -> u8 {
    if (n / TAGS).is_multiple_of(2) { 1 } else { 2 }
}

/// Feeds a stream as a line does, 4 KiB at a time.
fn fed(dialect: &mut dyn Dialect, stream: &[u8], at: Timestamp) -> anyhow::Result<Vec<Read>> {
    let mut fed = FrameData::default();
    dialect.open();
    for bytes in stream.chunks(4096) {
        dialect.feed(bytes, at, &mut fed);
    }
    anyhow::ensure!(fed.bad_frames + fed.garbage_bytes == 0, "bad frames came out");
    Ok(fed.reads)
}

/// The frames that `n` reads make.
fn stream(frame: impl Fn(u32) -> Vec<u8>) -> Vec<u8> {
    (0..READS).flat_map(frame).collect()
}

/// R200 notices, as `chain` uses them too.
pub(super) fn r200_stream() -> Vec<u8> {
    stream(|n| {
        let parameters = [&[0xCE, 0x30, 0x00][..], &epc(n), &[0xBE, 0xEF]].concat();
        Frame { kind: 2, command: 0x22, parameters }.to_bytes()
    })
}

/// R200 notices.
pub(super) fn r200(at: Timestamp) -> Family {
    let stream = r200_stream();
    let (walked, added) = (stream.clone(), stream.clone());
    Family {
        name: "R200",
        decode: Box::new(move || {
            let settings = r200::Settings { power_cdbm: 2000, ..r200::Settings::default() };
            fed(&mut R200::new(settings), &stream, at)
        }),
        floor_text: WALKED,
        floor: Box::new(move |give| {
            let mut rest = walked.as_slice();
            while let [_, _, _, high, low, ..] = rest {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                let (frame, behind) = rest.split_at(length + 7);
                let sum =
                    frame[1..length + 5].iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
                assert_eq!(sum, frame[length + 5]);
                give(&frame[8..length + 3]);
                rest = behind;
            }
        }),
        old_floor: Some((
            "the bytes of the same frames added up",
            Box::new(move || {
                let sum = added.iter().fold(0u8, |sum, byte| black_box(sum.wrapping_add(*byte)));
                black_box(sum);
            }),
        )),
    }
}

/// LLRP reports of one tag each: EPC-96, antenna, RSSI, last seen.
fn llrp(at: Timestamp) -> anyhow::Result<Family> {
    let micros = u64::try_from(at.as_microsecond())?.to_be_bytes();
    let stream = stream(|n| {
        let id = n.to_be_bytes();
        let head = [&[0x04, 61, 0, 0, 0, 41][..], &id, &[0, 240, 0, 31, 0x8D]].concat();
        [&head, &epc(n)[..], &[0x81, 0, antenna(n), 0x86, 0xCE, 0x84], &micros].concat()
    });
    let (walked, copied) = (stream.clone(), stream.clone());
    Ok(Family {
        name: "LLRP",
        decode: Box::new(move || {
            let settings = llrp::Settings {
                power_dbm: 30.0,
                antennas: vec![],
                session: 1,
                read_tid: false,
                active_low: vec![],
            };
            fed(&mut Llrp::new(settings), &stream, at)
        }),
        floor_text: "the same messages and parameters walked by length, each EPC copied",
        floor: Box::new(move |give| {
            let mut rest = walked.as_slice();
            while let [_, _, l3, l2, l1, l0, ..] = rest {
                let length = u32::from_be_bytes([*l3, *l2, *l1, *l0]) as usize;
                let (message, behind) = rest.split_at(length);
                let mut parameters = &message[14..];
                while let [number, value @ ..] = parameters {
                    let length = match number & 0x7F {
                        13 => 12,
                        1 => 2,
                        6 => 1,
                        _ => 8,
                    };
                    let (value, behind) = value.split_at(length);
                    if *number == 0x8D {
                        give(value);
                    }
                    black_box(value);
                    parameters = behind;
                }
                rest = behind;
            }
        }),
        old_floor: Some((
            "the bytes of the same reports copied",
            Box::new(move || drop(black_box(copied.clone()))),
        )),
    })
}

/// A checksum by table: of each byte with the low or the high end of the sum.
fn table(step: impl Fn(u16) -> u16) -> Vec<u16> {
    (0..=255).map(|byte| (0..8).fold(byte, |sum, _| step(sum))).collect()
}

/// Mercury's notices of one tag each, with every number about the read.
fn mercury(at: Timestamp) -> Family {
    let shifted = |sum: u16| if sum & 0x8000 == 0 { sum << 1 } else { sum << 1 ^ 0x1021 };
    let table: Vec<u16> =
        (0..=255u16).map(|high| (0..8).fold(high << 8, |s, _| shifted(s))).collect();
    let crc = move |bytes: &[u8]| {
        bytes.iter().fold(0xFFFF, |sum: u16, byte| {
            (sum << 8 | u16::from(*byte)) ^ table[usize::from(sum >> 8)]
        })
    };
    let stream = stream(|n| {
        let port = antenna(n) << 4 | antenna(n);
        let about = [1, 0xCE, port, 0x0D, 0xF7, 0x32, 0, 0, 0, 40, 0, 8, 5, 0, 0, 0];
        let data = [
            &[0x10, 0, 0x1B, 0x01, 0xFF, 1][..],
            &about,
            &[0, 0x80, 0x30, 0],
            &epc(n),
            &[0xBE, 0xEF],
        ];
        let data = data.concat();
        let length = u8::try_from(data.len()).unwrap_or_default();
        let body = [&[length, 0x22, 0, 0][..], &data].concat();
        [&[0xFF][..], &body, &crc(&body).to_be_bytes()].concat()
    });
    let walked = stream.clone();
    Family {
        name: "Mercury",
        decode: Box::new(move || {
            let settings = mercury::Settings {
                power_cdbm: 2000,
                region: Region::Europe,
                antennas: vec![1, 2],
            };
            fed(&mut Mercury::new(settings), &stream, at)
        }),
        floor_text: WALKED,
        floor: Box::new(move |give| {
            let mut rest = walked.as_slice();
            while let [_, length, ..] = rest {
                let (frame, behind) = rest.split_at(usize::from(*length) + 7);
                let (body, sum) = frame.split_at(frame.len() - 2);
                assert_eq!(crc(&body[1..]).to_be_bytes(), sum);
                give(&body[31..43]);
                rest = behind;
            }
        }),
        old_floor: None,
    }
}

/// Chafon's inventory answers of one tag each, with antenna and strength.
fn chafon(at: Timestamp) -> Family {
    let table = table(|sum| if sum & 1 == 1 { sum >> 1 ^ 0x8408 } else { sum >> 1 });
    let crc = move |bytes: &[u8]| {
        bytes.iter().fold(0xFFFF, |sum: u16, byte| {
            sum >> 8 ^ table[usize::from((sum ^ u16::from(*byte)) & 0xFF)]
        })
    };
    let stream = stream(|n| {
        let body = [&[21, 0, 1, 3, antenna(n), 1, 12][..], &epc(n), &[0x6B]].concat();
        [&body[..], &crc(&body).to_le_bytes()].concat()
    });
    let walked = stream.clone();
    Family {
        name: "Chafon",
        decode: Box::new(move || {
            let settings = chafon::Settings {
                layout: Layout::Reader288,
                power_dbm: 20,
                address: BROADCAST,
                antennas: vec![1, 2],
            };
            fed(&mut Chafon::new(settings), &stream, at)
        }),
        floor_text: WALKED,
        floor: Box::new(move |give| {
            let mut rest = walked.as_slice();
            while let [length, ..] = rest {
                let (frame, behind) = rest.split_at(usize::from(*length) + 1);
                let (body, sum) = frame.split_at(frame.len() - 2);
                assert_eq!(crc(body).to_le_bytes(), sum);
                give(&body[7..19]);
                rest = behind;
            }
        }),
        old_floor: None,
    }
}

const PARSED: &str = "the same messages through a JSON parser, each EPC from hex";

/// A family that publishes JSON.
///
/// - `members`: the path to the EPC.
fn json(
    name: &'static str,
    format: impl Fn() -> Box<dyn Format> + 'static,
    messages: Vec<String>,
    pointer: &'static str,
    at: Timestamp,
) -> Family {
    let (parsed, plain) = (messages.clone(), messages.clone());
    Family {
        name,
        decode: Box::new(move || {
            let mut reads = Vec::with_capacity(messages.len());
            let mut format = format();
            for message in &messages {
                let payload = message.as_bytes();
                let message = Message { topic: "door", payload, is_retained: false, at };
                let taken = format.take(&message).map_err(|error| anyhow::anyhow!(error))?;
                reads.extend(taken.reads);
            }
            Ok(reads)
        }),
        floor_text: PARSED,
        floor: Box::new(move |give| {
            for message in &parsed {
                let value: serde_json::Value = serde_json::from_str(message).unwrap_or_default();
                let hex = value.pointer(pointer).and_then(|epc| epc.as_str()).unwrap_or_default();
                let mut epc = [0; 12];
                let is_hex = hex::decode_to_slice(hex, &mut epc).is_ok();
                assert!(is_hex, "no EPC in {message}");
                give(&epc);
            }
        }),
        old_floor: Some((
            "the same messages through a JSON parser",
            Box::new(move || {
                for message in &plain {
                    black_box(serde_json::from_str::<serde_json::Value>(message).is_ok());
                }
            }),
        )),
    }
}

/// R700 events, one a message.
fn r700(at: Timestamp) -> Family {
    let message = |n: u32| {
        format!(
            "{{\"timestamp\":\"2026-11-20T08:00:00.278427551Z\",\"hostname\":\"r700\",\"eventType\":\"tagInventory\",\
             \"tagInventoryEvent\":{{\"epcHex\":\"{}\",\"antennaPort\":{},\"peakRssiCdbm\":-5400}}}}",
            hex::encode_upper(epc(n)),
            antenna(n)
        )
    };
    let messages = (0..READS).map(message).collect();
    let format = || Box::new(ImpinjR700::new("door", None)) as Box<dyn Format>;
    json("R700", format, messages, "/tagInventoryEvent/epcHex", at)
}

/// Events of a Zebra fixed reader, one a message.
fn zebra(at: Timestamp) -> Family {
    let message = |n: u32| {
        format!(
            "{{\"data\":{{\"antenna\":{},\"channel\":922.25,\"eventNum\":{n},\"format\":\"epc\",\"idHex\":\"{}\",\
             \"peakRssi\":-54,\"phase\":0.0,\"reads\":1}},\"timestamp\":\"2026-11-20T08:00:00.278+0000\",\"type\":\"SIMPLE\"}}",
            antenna(n),
            hex::encode(epc(n))
        )
    };
    let messages = (0..READS).map(message).collect();
    let format = || Box::new(ZebraIotc::new("door")) as Box<dyn Format>;
    json("Zebra IoT", format, messages, "/data/idHex", at)
}

/// Messages of another maker, one read each, by a mapping.
fn mapped(at: Timestamp) -> anyhow::Result<Family> {
    let mapping: Mapping = serde_json::from_value(serde_json::json!({
        "each": "/tag_reads", "epc": "/epc", "rssi": "/peakRssi", "antenna": "/antennaPort",
        "time": "/firstSeenTimestamp", "time_unit": "us",
    }))?;
    let micros = at.as_microsecond();
    let message = |n: u32| {
        format!(
            "{{\"reader_name\":\"dock-4\",\"tag_reads\":[{{\"epc\":\"{}\",\"firstSeenTimestamp\":{micros},\
             \"antennaPort\":{},\"peakRssi\":-54.5,\"isHeartBeat\":false}}]}}",
            hex::encode_upper(epc(n)),
            antenna(n)
        )
    };
    let messages = (0..READS).map(message).collect();
    let format = move || Box::new(MappedJson::new("door", mapping.clone())) as Box<dyn Format>;
    Ok(json("mapped JSON", format, messages, "/tag_reads/0/epc", at))
}
