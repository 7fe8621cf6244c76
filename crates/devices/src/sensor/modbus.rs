//! Modbus RTU sensors on a serial line.
//!
//! The bridge asks for consecutive registers (function 3 or 4); the answer holds them high byte first, each a
//! whole number, signed or not, with so many decimal places. Registers carry no unit: the configuration states it. The XY-MD02 temperature and humidity sensor
//! (SHT20) is the case in most cold stores: input registers 1 and 2, tenths, temperature signed, so that
//! 0xFF33 is -20.5.
//!
//! What holds: an answer counts only if address, function, length and CRC fit, wherever in what arrived it
//! begins: an adapter may receive its own question, or a stray byte when it switches to receiving. A register with an
//! impossible number is a finding and does not affect the others. A refusal of the sensor is reported as text;
//! anything else is an error that is counted, and the line is silent before the next question.
//!
//! Source: Modbus over Serial Line 1.02 section 2.5 (CRC-16); Modbus Application Protocol 1.1b3 sections 6.3,
//! 6.4 and 7; the sensor's register table.

use jiff::Timestamp;
use reads::{Finding, SensorKind, SensorReading, code};
use serde::{Deserialize, Serialize};

use super::quantity::{Measure, Statement, measure};
use crate::message::DeviceData;

/// Registers that one question may ask for, by the protocol.
pub const MAX_REGISTERS: usize = 125;

/// What one register holds.
///
/// ```toml
/// [firmware_bridge.reader.device.modbus]
/// port = "/dev/ttyUSB1"
/// sensor = "urn:epc:id:giai:9521142.COLD8"
/// function = 3
/// first = 0
/// registers = [{ measures = { quantity = "temperature" }, places = 2 }, {}, { measures = { quantity = "relative-humidity" }, signed = false }]
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// What it measures. Default: nothing; the register is skipped.
    #[serde(default)]
    pub measures: Option<Measure>,
    /// Decimal places, 0 to 4: 1 for tenths. Default: 1.
    #[serde(default = "tenths")]
    pub places: u32,
    /// Whether the number is signed. Default: true; a freezer goes below zero.
    #[serde(default = "signed")]
    pub signed: bool,
}

fn tenths() -> u32 {
    1
}

fn signed() -> bool {
    true
}

/// How one sensor is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sensor {
    /// Its URI.
    pub sensor: String,
    /// Modbus address, 1 to 247.
    pub address: u8,
    /// 3 for holding registers, 4 for input registers.
    pub function: u8,
    /// First register, from 0.
    pub first: u16,
    /// The registers from there on, 1 to 125.
    pub registers: Vec<Register>,
}

/// CRC-16 of Modbus: reflected polynomial 0xA001, begins with all ones; low byte first on the line.
#[must_use]
pub fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0xFFFF, |crc, byte| {
        (0..8).fold(
            crc ^ u16::from(*byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xA001 } else { crc >> 1 },
        )
    })
}

/// A frame with its CRC.
#[must_use]
pub fn framed(body: &[u8]) -> Vec<u8> {
    [body, &crc(body).to_le_bytes()].concat()
}

impl Sensor {
    /// The XY-MD02 at `address`.
    #[must_use]
    pub fn xy_md02(sensor: &str, address: u8) -> Self {
        let register = |quantity, signed| Register {
            measures: Some(Measure { quantity, unit: None }),
            places: 1,
            signed,
        };
        Self {
            sensor: sensor.to_owned(),
            address,
            function: 4,
            first: 1,
            registers: vec![
                register(SensorKind::Temperature, true),
                register(SensorKind::RelativeHumidity, false),
            ],
        }
    }

    /// Checks what a configuration gave.
    ///
    /// # Errors
    ///
    /// What is wrong and what is expected.
    pub fn check(&self) -> Result<(), String> {
        if !(1..=247).contains(&self.address) {
            return Err(format!("modbus address: got {}, expected 1 to 247", self.address));
        }
        if !matches!(self.function, 3 | 4) {
            return Err(format!("modbus function: got {}, expected 3 or 4", self.function));
        }
        if !(1..=MAX_REGISTERS).contains(&self.registers.len()) {
            let count = self.registers.len();
            return Err(format!("got {count} modbus registers, expected 1 to {MAX_REGISTERS}"));
        }
        if let Some(register) = self.registers.iter().find(|register| register.places > 4) {
            return Err(format!("places: got {}, expected 0 to 4", register.places));
        }
        Ok(())
    }

    /// The question.
    #[must_use]
    pub fn question(&self) -> Vec<u8> {
        let [high, low] = self.first.to_be_bytes();
        let count = u8::try_from(self.registers.len()).unwrap_or(125);
        framed(&[self.address, self.function, high, low, 0, count])
    }

    /// Bytes of a complete answer.
    #[must_use]
    pub fn answer_bytes(&self) -> usize {
        5 + 2 * self.registers.len()
    }

    /// Whether the answer is complete, or a refusal.
    #[must_use]
    pub fn is_whole(&self, answer: &[u8]) -> bool {
        self.find(answer).is_some()
    }

    /// The answer in what arrived, behind an echo of the question and stray bytes: what the registers hold, or the
    /// code of a refusal.
    fn find<'a>(&self, bytes: &'a [u8]) -> Option<Result<&'a [u8], u8>> {
        let question = self.question();
        let mut rest = bytes;
        while let [_, behind @ ..] = rest {
            if let Some(behind) = rest.strip_prefix(&question[..]) {
                rest = behind;
                continue;
            }
            if let Some([address, function, reason]) = body(rest, 3)
                && *address == self.address
                && *function == self.function | 0x80
            {
                return Some(Err(*reason));
            }
            if let Some([address, function, length, registers @ ..]) =
                body(rest, self.answer_bytes() - 2)
                && *address == self.address
                && *function == self.function
                && usize::from(*length) == registers.len()
            {
                return Some(Ok(registers));
            }
            rest = behind;
        }
        None
    }

    /// Why the received bytes contain no answer, and how to fix it.
    fn missing(&self, bytes: &[u8]) -> String {
        let question = self.question();
        let whole = bytes.len().checked_sub(2).and_then(|length| body(bytes, length));
        if bytes.is_empty() {
            "got no bytes; check its power, the two wires (A and B may be swapped), its address and the baud rate".into()
        } else if bytes.windows(question.len()).any(|part| part == question) {
            "got only the echo of the question by the adapter; check the sensor's power, the two wires (A and B may be swapped), its address and the baud rate".into()
        } else if whole.is_some() {
            format!(
                "got {} bytes of an answer to another question, expected {}; check whether another device has address {}, and the number of registers",
                bytes.len(),
                self.answer_bytes(),
                self.address
            )
        } else {
            format!(
                "got bytes with a wrong CRC; check the baud rate, and whether another device has address {}",
                self.address
            )
        }
    }

    /// Reads an answer that arrived at `at`: readings, and a finding for each register without one.
    ///
    /// # Errors
    ///
    /// What does not fit.
    pub fn answer(&self, bytes: &[u8], at: Timestamp) -> Result<DeviceData, String> {
        let held = self.find(bytes).ok_or_else(|| self.missing(bytes))?.map_err(refusal)?;
        let mut decoded = DeviceData::default();
        let places = u32::from(self.first)..;
        for ((place, register), pair) in places.zip(&self.registers).zip(held.chunks_exact(2)) {
            let Some(wanted) = register.measures else { continue };
            let number = u16::from_be_bytes([pair[0], pair[1]]);
            let number =
                if register.signed { i32::from(number.cast_signed()) } else { i32::from(number) };
            let value = with_places(number, register.places);
            match measure(wanted, Statement::default(), &value) {
                Ok(measured) => decoded.readings.push(SensorReading {
                    sensor: self.sensor.clone(),
                    kind: wanted.quantity,
                    value: measured.value,
                    unit: wanted.quantity.unit().to_owned(),
                    at,
                    // It was asked for and answered at once: the time of arrival is its time.
                    timeless: false,
                    stale: false,
                    reported: measured.reported,
                }),
                Err(reason) => {
                    let sensor = &self.sensor;
                    let text = format!(
                        "register {place} of sensor {sensor} is not a measurement: {reason}"
                    );
                    decoded.findings.push(Finding { code: code::BAD_VALUE, text });
                }
            }
        }
        Ok(decoded)
    }
}

/// The first `length` bytes, if the CRC behind them is theirs.
fn body(bytes: &[u8], length: usize) -> Option<&[u8]> {
    let (body, tail) = bytes.get(..length + 2)?.split_at(length);
    (tail == crc(body).to_le_bytes()).then_some(body)
}

fn refusal(reason: u8) -> String {
    let why = match reason {
        1 => "it does not support the function: try the other of 3 and 4",
        2 => "it has no such register",
        3 => "it does not allow so many registers at once",
        4 => "it failed",
        6 => "it is busy",
        _ => "see its manual",
    };
    format!("the sensor refused with code {reason}: {why}")
}

fn with_places(number: i32, places: u32) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let unit = 10u32.pow(places.min(4));
    let number = number.unsigned_abs();
    match places {
        0 => format!("{sign}{number}"),
        _ => format!("{sign}{}.{:0>2$}", number / unit, number % unit, places as usize),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Deserialize)]
    struct File {
        registers: Vec<Register>,
    }

    fn sensor() -> Sensor {
        Sensor::xy_md02("urn:example:cold", 1)
    }

    fn values(answer: &[u8]) -> Result<Vec<String>, String> {
        let decoded = sensor().answer(answer, Timestamp::UNIX_EPOCH)?;
        Ok(decoded.readings.into_iter().map(|reading| reading.value).collect())
    }

    #[test]
    fn the_documented_question_and_answers_come_out() {
        assert_eq!(hex::encode_upper(sensor().question()), "010400010002200B");
        let warm = hex::decode("010404013102222ACE").unwrap();
        assert_eq!(values(&warm).unwrap(), ["30.5", "54.6"]);
        let cold = framed(&[1, 4, 4, 0xFF, 0x33, 0x00, 0x05]);
        assert_eq!(values(&cold).unwrap(), ["-20.5", "0.5"]);
        let just_below = framed(&[1, 4, 4, 0xFF, 0xFF, 0x00, 0x00]);
        assert_eq!(values(&just_below).unwrap(), ["-0.1", "0.0"]);
    }

    #[test]
    fn every_changed_bit_and_every_cut_is_refused() {
        let good = framed(&[1, 4, 4, 0x01, 0x31, 0x02, 0x22]);
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(values(&bad).is_err(), "bit {bit}");
        }
        for cut in 0..good.len() {
            assert!(values(&good[..cut]).is_err());
            assert!(!sensor().is_whole(&good[..cut]));
        }
        assert!(Sensor { address: 2, ..sensor() }.answer(&good, Timestamp::UNIX_EPOCH).is_err());
    }

    #[test]
    fn one_impossible_register_does_not_cost_the_others() {
        let answer = framed(&[1, 4, 4, 0x00, 0x32, 0xFF, 0xFF]);
        let found = sensor().answer(&answer, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(found.readings.len(), 1);
        assert_eq!(found.readings[0].value, "5.0");
        assert_eq!(found.findings.len(), 1);
        assert_eq!(found.findings[0].code, code::BAD_VALUE);
        let text = &found.findings[0].text;
        assert!(text.contains("register 2") && text.contains("6553.5"), "{text}");
    }

    #[test]
    fn an_answer_is_found_behind_an_echo_of_the_question_and_stray_bytes() {
        let answer = hex::decode("010404013102222ACE").unwrap();
        let question = sensor().question();
        for before in [&question[..], &[0x00], &[0xFF, 0x00], &[&[0][..], &question].concat()] {
            let bytes = [before, &answer].concat();
            assert_eq!(values(&bytes).unwrap(), ["30.5", "54.6"], "{before:02X?}");
            for cut in 0..bytes.len() {
                assert!(!sensor().is_whole(&bytes[..cut]), "{cut} of {bytes:02X?}");
            }
            assert!(sensor().is_whole(&bytes));
            assert!(sensor().is_whole(&[&bytes[..], &[0]].concat()));
        }
        let echo = values(&question).unwrap_err();
        assert!(echo.contains("only the echo of the question"), "{echo}");
    }

    #[test]
    fn a_refusal_behind_an_echo_is_told_in_words() {
        let bytes = [sensor().question(), framed(&[1, 0x84, 2])].concat();
        assert!(sensor().is_whole(&bytes));
        assert!(values(&bytes).unwrap_err().contains("no such register"));
    }

    #[test]
    fn a_refusal_is_told_in_words() {
        let refusal = framed(&[1, 0x84, 2]);
        assert!(sensor().is_whole(&refusal));
        assert!(values(&refusal).unwrap_err().contains("no such register"));
    }

    #[test]
    fn any_registers_can_be_described() {
        let text = r#"
            [[registers]]
            measures = { quantity = "temperature", unit = "FAH" }
            places = 2
            [[registers]]
            [[registers]]
            measures = { quantity = "voltage", unit = "2Z" }
            places = 0
            signed = false
        "#;
        let registers = toml::from_str::<File>(text).unwrap().registers;
        let sensor = Sensor { function: 3, first: 300, registers, ..sensor() };
        sensor.check().unwrap();
        assert_eq!(sensor.question()[..6], [1, 3, 1, 44, 0, 3]);
        let [t1, t2] = 1400i16.to_be_bytes();
        let answer = framed(&[1, 3, 6, t1, t2, 9, 9, 0xEA, 0x60]);
        let readings = sensor.answer(&answer, Timestamp::UNIX_EPOCH).unwrap().readings;
        let found: Vec<(&str, &str)> =
            readings.iter().map(|r| (r.value.as_str(), r.unit.as_str())).collect();
        assert_eq!(found, [("-10.00", "CEL"), ("60", "VLT")]);
        assert!(Sensor { registers: vec![], ..sensor }.check().is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = sensor().is_whole(&bytes);
            prop_assert!(values(&bytes).is_err() || bytes.len() >= 9);
        }
    }
}
