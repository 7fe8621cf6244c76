//! The table of formats against the standard's, row by row.
//!
//! The way through: [`FACTS`] says in the order of the identifiers what the code says in the order of the formats. Where
//! the foreign data are there, [`FACTS`] is compared with the published table.
//!
//! Source: GS1 tag data tables 2.2, table F.

use std::collections::BTreeMap;

use super::*;

/// Identifier or range of identifiers, and its format. `B18`: 18 digits of four bits each. `N6`: six digits as one
/// number. `T5:20`: text, its length in 5 bits, at most 20 characters. `D4:15`: digits likewise. `K`: digits, then text
/// behind a mark, up to 30. A format of two parts has a plus sign.
const FACTS: &str = "
    00 B18; 01-02 B14; 10 T5:20; 11-13 date; 15-17 date; 20 N2; 21-22 T5:20; 235 T5:28;
    240-241 T5:30; 242 D3:6; 243 T5:20; 250-251 T5:30; 253 B13+T5:17; 254 T5:20; 255 B13+D4:12;
    30 D4:8; 3100-3105 N6; 3110-3115 N6; 3120-3125 N6; 3130-3135 N6; 3140-3145 N6; 3150-3155 N6;
    3160-3165 N6; 3200-3205 N6; 3210-3215 N6; 3220-3225 N6; 3230-3235 N6; 3240-3245 N6;
    3250-3255 N6; 3260-3265 N6; 3270-3275 N6; 3280-3285 N6; 3290-3295 N6; 3300-3305 N6;
    3310-3315 N6; 3320-3325 N6; 3330-3335 N6; 3340-3345 N6; 3350-3355 N6; 3360-3365 N6;
    3370-3375 N6; 3400-3405 N6; 3410-3415 N6; 3420-3425 N6; 3430-3435 N6; 3440-3445 N6;
    3450-3455 N6; 3460-3465 N6; 3470-3475 N6; 3480-3485 N6; 3490-3495 N6; 3500-3505 N6;
    3510-3515 N6; 3520-3525 N6; 3530-3535 N6; 3540-3545 N6; 3550-3555 N6; 3560-3565 N6;
    3570-3575 N6; 3600-3605 N6; 3610-3615 N6; 3620-3625 N6; 3630-3635 N6; 3640-3645 N6;
    3650-3655 N6; 3660-3665 N6; 3670-3675 N6; 3680-3685 N6; 3690-3695 N6; 37 D4:8;
    3900-3909 D4:15; 3910-3919 N3+D4:15; 3920-3929 D4:15; 3930-3939 N3+D4:15; 3940-3943 N4;
    3950-3953 N6; 400-401 T5:30; 402 N17; 403 T5:30; 410-417 B13; 420 T5:20; 421 N3+T4:9; 422 N3;
    423 D4:15; 424 N3; 425 D4:15; 426 N3; 427 T2:3; 4300-4301 T6:35; 4302-4306 T7:70;
    4307 country; 4308 T5:30; 4309 N20; 4310-4311 T6:35; 4312-4316 T7:70; 4317 country;
    4318 T5:20; 4319 T5:30; 4320 T6:35; 4321-4323 bit; 4324-4325 minute; 4326 date;
    4330-4333 N6+minus; 7001 N13; 7002 T5:30; 7003 minute; 7004 D3:4; 7005 T4:12; 7006 date;
    7007 range; 7008 T2:3; 7009 T4:10; 7010 T2:2; 7011 moment; 7020-7022 T5:20; 7023 K;
    7030-7039 N3+T5:27; 7040-7041 T3:4; 710-716 T5:20; 7230-7239 T5:30; 7240 T5:20; 7241 B2;
    7242 T5:25; 7250 N8; 7251 N12; 7252 N1; 7253-7254 T6:40; 7255 T4:10; 7256 T7:90; 7257 T7:70;
    7258 sequence; 7259 T6:40; 8001 N14; 8002 T5:20; 8003 B14+T5:16; 8004 K; 8005 N6; 8006 B18;
    8007 T5:24; 8008 moment; 8009 T6:50; 8010 K; 8011 D4:12; 8012 T5:20; 8013 T5:25;
    8017-8018 B18; 8019 D4:10; 8020 T5:25; 8026 B18; 8030 T7:90; 8110 T7:70; 8111 N4; 8112 T7:70;
    8200 T7:70; 90 T5:30; 91-99 T7:90;
";

/// [`FACTS`], one row for each identifier.
fn facts() -> BTreeMap<String, String> {
    let mut rows = BTreeMap::new();
    for fact in FACTS.split(';').map(str::trim).filter(|fact| !fact.is_empty()) {
        let (range, format) = fact.split_once(' ').unwrap();
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let numbers = first.parse::<u16>().unwrap()..=last.parse().unwrap();
        for number in numbers {
            let ai = format!("{number:0width$}", width = first.len());
            assert_eq!(rows.insert(ai, format.to_owned()), None, "{fact}");
        }
    }
    rows
}

/// A part as [`FACTS`] writes it.
fn described(part: Part) -> String {
    match part {
        Bcd(digits) => format!("B{digits}"),
        Number(digits) => format!("N{digits}"),
        Text(width, _, longest) => format!("T{width}:{longest}"),
        Digits(width, _, longest) => format!("D{width}:{longest}"),
        Delimited => "K".to_owned(),
        Date => "date".to_owned(),
        Minute => "minute".to_owned(),
        DateOrRange => "range".to_owned(),
        Moment => "moment".to_owned(),
        Bit => "bit".to_owned(),
        Country => "country".to_owned(),
        Minus => "minus".to_owned(),
        Sequence => "sequence".to_owned(),
    }
}

#[test]
fn identifiers_that_the_standard_leaves_out_have_no_format() {
    for ai in ["", "0", "03", "88", "3106", "3170", "3380", "3954", "3944", "8030x", "31", "é0"] {
        assert_eq!(format(ai), None, "{ai}");
    }
    let lengths = (length_of_ai("310"), length_of_ai("18"), length_of_ai("é"));
    assert_eq!(lengths, (Some(4), None, None));
}

#[test]
fn every_identifier_has_the_format_of_the_standard_and_no_other_has_one() {
    let facts = facts();
    assert_eq!(facts.len(), 532);
    let all = (0..10_000).flat_map(|number| {
        [format!("{number:02}"), format!("{number:03}"), format!("{number:04}")]
    });
    for ai in all.collect::<std::collections::BTreeSet<String>>() {
        let found = format(&ai).map(|(first, second)| {
            let second = second.map(|part| format!("+{}", described(part)));
            described(first) + &second.unwrap_or_default()
        });
        assert_eq!(found.as_ref(), facts.get(&ai), "{ai}");
        if found.is_some() {
            assert_eq!(length_of_ai(&ai), Some(ai.len()), "{ai}");
        }
    }
}

/// A part of a published row: its name, number of characters, bits of its indicator, bits of its length, most characters.
fn published([name, digits, indicator, width, longest]: [Option<&str>; 5]) -> Option<String> {
    let all = format!("{}:{}", width.unwrap_or_default(), longest.unwrap_or_default());
    let digits = digits.unwrap_or_default();
    Some(match name? {
        "Fixed-length numeric" => format!("B{digits}"),
        "Fixed-Bit-Length Numeric String" => format!("N{digits}"),
        "Variable-length alphanumeric" if indicator == Some("3") => format!("T{all}"),
        "Variable-length numeric string without encoding indicator" => format!("D{all}"),
        "Delimited/terminated numeric" if all == "5:30" => "K".to_owned(),
        "6-digit date YYMMDD" => "date".to_owned(),
        "10-digit date+time YYMMDDhhmm" => "minute".to_owned(),
        "Variable-format date / date range" => "range".to_owned(),
        "Variable-precision date+time" => "moment".to_owned(),
        "Single data bit" => "bit".to_owned(),
        "Country code (ISO 3166-1 alpha-2)" => "country".to_owned(),
        "Optional minus sign in 1 bit" => "minus".to_owned(),
        "Sequence indicator" => "sequence".to_owned(),
        other => panic!("a format that this test does not know: {other}"),
    })
}

#[test]
fn the_facts_are_those_of_the_published_table() {
    let adds = "the 532 rows of our table of formats, compared with table F as GS1 publishes it";
    let Some(folder) = foreign::folder("gs1-tdt/src/TagDataTranslation/Tables", adds) else {
        return;
    };
    let text = std::fs::read_to_string(folder.join("TDT_TableF.json")).expect("table F");
    let table: serde_json::Value = serde_json::from_str(&text).unwrap();
    let rows = table["rows"].as_array().unwrap().iter().map(|row| {
        let part = |columns: [&str; 5]| published(columns.map(|column| row[column].as_str()));
        let first = part(["b", "d", "f", "g", "h"]).unwrap();
        let second = part(["i", "k", "m", "n", "o"]).map(|part| format!("+{part}"));
        (row["a"].as_str().unwrap().to_owned(), first + &second.unwrap_or_default())
    });
    assert_eq!(rows.collect::<BTreeMap<String, String>>(), facts());
}
