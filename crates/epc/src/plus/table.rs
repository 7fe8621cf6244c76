//! The binary format of each application identifier (AI).
//!
//! The way through: [`length_of_ai`] from the first two digits, then [`format`] from the whole identifier.
//!
//! What holds: an identifier that is missing here has no encoding in the standard.
//!
//! Not here: reading and writing values ([`super::value`]).
//!
//! Source: GS1 tag data tables 2.2, tables F and K.

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

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn identifiers_that_the_standard_leaves_out_have_no_format() {
        for ai in ["", "0", "03", "88", "3106", "3170", "3380", "3954", "3944", "8030x", "31", "é0"]
        {
            assert_eq!(format(ai), None, "{ai}");
        }
        assert_eq!(
            (length_of_ai("310"), length_of_ai("18"), length_of_ai("é")),
            (Some(4), None, None)
        );
    }

    /// A part as the published table describes it.
    fn described(part: Part) -> String {
        match part {
            Bcd(digits) => format!("Fixed-length numeric {digits}"),
            Number(digits) => format!("Fixed-Bit-Length Numeric String {digits}"),
            Text(width, _, longest) => {
                format!("Variable-length alphanumeric 3 {width} {longest}")
            }
            Digits(width, _, longest) => {
                format!(
                    "Variable-length numeric string without encoding indicator {width} {longest}"
                )
            }
            Delimited => "Delimited/terminated numeric 3 5 30".to_owned(),
            Date => "6-digit date YYMMDD 6".to_owned(),
            Minute => "10-digit date+time YYMMDDhhmm 10".to_owned(),
            DateOrRange => "Variable-format date / date range".to_owned(),
            Moment => "Variable-precision date+time".to_owned(),
            Bit => "Single data bit 1".to_owned(),
            Country => "Country code (ISO 3166-1 alpha-2) 2".to_owned(),
            Minus => "Optional minus sign in 1 bit 1".to_owned(),
            Sequence => "Sequence indicator 3".to_owned(),
        }
    }

    #[test]
    fn every_row_of_the_published_table_is_here_and_no_other() {
        let folder = std::env::var_os("CHOPMARK_VECTORS").map_or_else(
            || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors")),
            PathBuf::from,
        );
        let path = folder.join("gs1-tdt/src/TagDataTranslation/Tables/TDT_TableF.json");
        let Ok(text) = std::fs::read_to_string(&path) else {
            println!("skipped: {} is not there", path.display());
            return;
        };
        let table: serde_json::Value = serde_json::from_str(&text).unwrap();
        let rows = table["rows"].as_array().unwrap();
        for row in rows {
            let ai = row["a"].as_str().unwrap();
            // Columns: name, number of characters, bits of indicator, bits of length, largest number.
            let part = |columns: [&str; 5]| {
                let cells = columns.iter().filter_map(|column| row[*column].as_str());
                cells.collect::<Vec<_>>().join(" ")
            };
            let (first, second) = format(ai).unwrap_or_else(|| panic!("{ai} is missing"));
            assert_eq!(described(first), part(["b", "d", "f", "g", "h"]), "{ai}");
            let second = second.map(described).unwrap_or_default();
            // The table gives a largest number of characters for the minus sign, but no number.
            assert_eq!(second, part(["i", "k", "m", "n", "o"]), "{ai}");
            assert_eq!(length_of_ai(ai), Some(ai.len()), "{ai}");
        }
        let known = (0..10_000).flat_map(|number| {
            [format!("{number:02}"), format!("{number:03}"), format!("{number:04}")]
        });
        let known: std::collections::BTreeSet<String> =
            known.filter(|ai| format(ai).is_some()).collect();
        assert_eq!(known.len(), rows.len());
    }
}
