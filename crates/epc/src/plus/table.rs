//! The binary format of each application identifier (AI).
//!
//! The way through: [`length_of_ai`] from the first two digits, then [`format`] from the whole identifier.
//!
//! What holds: an identifier that is missing here has no encoding in the standard.
//!
//! Not here: reading and writing values ([`super::value`]).
//!
//! Source: GS1 tag data tables 2.2, tables F and K.

#[cfg(test)]
mod tests;

use super::value::{Format, Part};
use Part::{
    Bcd, Bit, Country, Date, DateOrRange, Delimited, Digits, Minus, Minute, Moment, Number,
    Sequence, Text,
};

/// Number of digits of the identifiers that start with the first two digits of `ai`; `None` if there are none.
pub(super) fn length_of_ai(ai: &str) -> Option<usize> {
    Some(match ai.get(..2)? {
        "00" | "01" | "02" | "10" | "11" | "12" | "13" | "15" | "16" | "17" | "20" | "21"
        | "22" | "30" | "37" | "90" | "91" | "92" | "93" | "94" | "95" | "96" | "97" | "98"
        | "99" => 2,
        "23" | "24" | "25" | "40" | "41" | "42" | "71" => 3,
        "31" | "32" | "33" | "34" | "35" | "36" | "39" | "43" | "70" | "72" | "80" | "81"
        | "82" => 4,
        _ => return None,
    })
}

/// The format of the values of `ai`; `None` if the standard defines none.
pub(super) fn format(ai: &str) -> Option<Format> {
    if let Some(found) = measure(ai) {
        return Some(found);
    }
    Some(match ai {
        "253" => (Bcd(13), Some(Text(5, 0, 17))),
        "255" => (Bcd(13), Some(Digits(4, 0, 12))),
        "421" => (Number(3), Some(Text(4, 1, 9))),
        "4330" | "4331" | "4332" | "4333" => (Number(6), Some(Minus)),
        "7030" | "7031" | "7032" | "7033" | "7034" | "7035" | "7036" | "7037" | "7038" | "7039" => {
            (Number(3), Some(Text(5, 1, 27)))
        }
        "8003" => (Bcd(14), Some(Text(5, 0, 16))),
        _ => (single(ai)?, None),
    })
}

/// Weights, lengths, areas, volumes, amounts: families of identifiers whose last digit is the number of decimals.
fn measure(ai: &str) -> Option<Format> {
    let (family, last) = ai.split_at_checked(3)?;
    let last = match last.as_bytes() {
        [digit @ b'0'..=b'9'] => digit - b'0',
        _ => return None,
    };
    let family: u16 = family.parse().ok()?;
    Some(match (family, last) {
        (310..=316 | 320..=337 | 340..=357 | 360..=369, 0..=5) | (395, 0..=3) => (Number(6), None),
        (390 | 392, _) => (Digits(4, 1, 15), None),
        (391 | 393, _) => (Number(3), Some(Digits(4, 1, 15))),
        (394, 0..=3) => (Number(4), None),
        _ => return None,
    })
}

/// Identifiers whose value is one part.
fn single(ai: &str) -> Option<Part> {
    Some(match ai {
        "00" | "8006" | "8017" | "8018" | "8026" => Bcd(18),
        "01" | "02" => Bcd(14),
        "410" | "411" | "412" | "413" | "414" | "415" | "416" | "417" => Bcd(13),
        "7241" => Bcd(2),
        "20" => Number(2),
        "402" => Number(17),
        "422" | "424" | "426" => Number(3),
        "4309" => Number(20),
        "7001" => Number(13),
        "7250" => Number(8),
        "7251" => Number(12),
        "7252" => Number(1),
        "8001" => Number(14),
        "8005" => Number(6),
        "8111" => Number(4),
        "11" | "12" | "13" | "15" | "16" | "17" | "4326" | "7006" => Date,
        "4324" | "4325" | "7003" => Minute,
        "7007" => DateOrRange,
        "7011" | "8008" => Moment,
        "4307" | "4317" => Country,
        "4321" | "4322" | "4323" => Bit,
        "7258" => Sequence,
        "7023" | "8004" | "8010" => Delimited,
        "242" => Digits(3, 1, 6),
        "30" | "37" => Digits(4, 1, 8),
        "423" | "425" => Digits(4, 1, 15),
        "7004" => Digits(3, 1, 4),
        "8011" => Digits(4, 1, 12),
        "8019" => Digits(4, 1, 10),
        _ => return text(ai),
    })
}

/// Identifiers whose value is text.
fn text(ai: &str) -> Option<Part> {
    Some(match ai {
        "10" | "21" | "22" | "243" | "254" | "420" | "4318" | "7020" | "7021" | "7022" | "710"
        | "711" | "712" | "713" | "714" | "715" | "716" | "7240" | "8002" | "8012" => {
            Text(5, 1, 20)
        }
        "235" => Text(5, 1, 28),
        "240" | "241" | "250" | "251" | "400" | "401" | "403" | "4308" | "4319" | "7002"
        | "7230" | "7231" | "7232" | "7233" | "7234" | "7235" | "7236" | "7237" | "7238"
        | "7239" | "90" => Text(5, 1, 30),
        "427" | "7008" => Text(2, 1, 3),
        "4300" | "4301" | "4310" | "4311" | "4320" => Text(6, 1, 35),
        "4302" | "4303" | "4304" | "4305" | "4306" | "4312" | "4313" | "4314" | "4315" | "4316"
        | "7257" | "8110" | "8112" | "8200" => Text(7, 1, 70),
        "7005" => Text(4, 1, 12),
        "7009" | "7255" => Text(4, 1, 10),
        "7010" => Text(2, 1, 2),
        "7040" | "7041" => Text(3, 1, 4),
        "7242" | "8013" | "8020" => Text(5, 1, 25),
        "7253" | "7254" | "7259" => Text(6, 1, 40),
        "7256" | "8030" | "91" | "92" | "93" | "94" | "95" | "96" | "97" | "98" | "99" => {
            Text(7, 1, 90)
        }
        "8007" => Text(5, 1, 24),
        "8009" => Text(6, 1, 50),
        _ => return None,
    })
}
