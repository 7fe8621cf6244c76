//! The XY-MD02 temperature and humidity sensor (SHT20): Modbus RTU over serial, 9600 baud.
//!
//! The bridge asks for two input registers from 1 on (function 4); the answer holds temperature and relative
//! humidity in tenths. Temperature is signed: 0xFF33 is -20.5.
//!
//! What holds: an answer counts only if address, function, length and CRC fit; anything else is an error
//! that is counted, and the line is silent for a moment before the next question.
//!
//! Source: Modbus over Serial Line 1.02 section 2.5 (CRC-16), the sensor's register table.

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

/// The question to the sensor at `address`.
#[must_use]
pub fn question(address: u8) -> Vec<u8> {
    framed(&[address, 0x04, 0x00, 0x01, 0x00, 0x02])
}

/// Bytes of a whole answer.
pub const ANSWER_BYTES: usize = 9;

/// What the sensor measured, decimal text: degrees Celsius and per cent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// Temperature, `-20.5`.
    pub temperature: String,
    /// Relative humidity, `54.6`.
    pub humidity: String,
}

/// Reads an answer of the sensor at `address`.
///
/// # Errors
///
/// What does not fit.
pub fn answer(address: u8, bytes: &[u8]) -> Result<Measured, String> {
    let [found, function, length, t1, t2, h1, h2, c1, c2] = *bytes else {
        return Err(format!("answer of {} bytes; {ANSWER_BYTES} would be right", bytes.len()));
    };
    if crc(&bytes[..7]) != u16::from_le_bytes([c1, c2]) {
        return Err("answer with a wrong CRC".into());
    }
    if (found, function, length) != (address, 0x04, 4) {
        return Err(format!("answer of address {found} to function {function}, length {length}"));
    }
    Ok(Measured {
        temperature: tenths(i32::from(i16::from_be_bytes([t1, t2]))),
        humidity: tenths(i32::from(u16::from_be_bytes([h1, h2]))),
    })
}

fn tenths(value: i32) -> String {
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{}.{}", value.abs() / 10, value.abs() % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_question_and_answers_come_out() {
        assert_eq!(hex::encode_upper(question(1)), "01040001 0002200B".replace(' ', ""));
        let warm = hex::decode("0104040131 02222ACE".replace(' ', "")).unwrap();
        let measured = answer(1, &warm).unwrap();
        assert_eq!((measured.temperature.as_str(), measured.humidity.as_str()), ("30.5", "54.6"));
        let cold = framed(&[1, 4, 4, 0xFF, 0x33, 0x00, 0x05]);
        let measured = answer(1, &cold).unwrap();
        assert_eq!((measured.temperature.as_str(), measured.humidity.as_str()), ("-20.5", "0.5"));
    }

    #[test]
    fn every_changed_bit_and_every_cut_is_refused() {
        let good = framed(&[1, 4, 4, 0x01, 0x31, 0x02, 0x22]);
        for bit in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert!(answer(1, &bad).is_err(), "bit {bit}");
        }
        for cut in 0..good.len() {
            assert!(answer(1, &good[..cut]).is_err());
        }
        assert!(answer(2, &good).is_err());
    }
}
