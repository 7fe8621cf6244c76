//! Host names of `++` tags.
//!
//! | bits | field |
//! |---|---|
//! | 1 | 0: characters of URN Code 40 (capitals); 1: units of seven bits |
//! | 6 | number of characters, or of units |
//! | … | characters or units |
//!
//! Most units are ASCII characters; some stand for `id.` or `.com`, and some pairs for endings such as `.co.uk`.
//!
//! What holds: a host name has 1 to 63 letters, digits, dots and hyphens, so no part of the link can hide in it;
//! the shortest of its encodings is written.
//!
//! Not here: the link ([`crate::digital_link`]).
//!
//! Source: TDS 2.3 tables 14-11 and following (optimisation tables A and B).

use super::text;
use crate::bits::{BitWriter, Bits};
use crate::error::{EpcError, field};

/// Units of seven bits that stand for more than their ASCII character.
const SINGLES: [(u8, &str); 15] = [
    (0x1E, "qr."),
    (0x1F, "www."),
    (0x20, "id."),
    (0x5B, ".com"),
    (0x5C, ".org"),
    (0x5D, ".net"),
    (0x5E, ".int"),
    (0x60, ".edu"),
    (0x7B, ".gov"),
    (0x7C, ".mil"),
    (0x7D, ".biz"),
    (0x7E, ".eco"),
    (0x7F, ".med"),
    // Dot and hyphen stand for themselves. They are here because the encoder looks up all punctuation here.
    (0x2E, "."),
    (0x2D, "-"),
];

/// Endings that a pair of units stands for: the first unit is the index of the list, the second the index in it.
const PAIRS: [&str; 4] = [
    "ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo bq br bs \
     bt bw by bz ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg \
     eh er es et eu fi fj fk fm fo fr ga gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn \
     hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li",
    "lk lr ls lt lu lv ly ma mc md me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne \
     nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb \
     sc sd se sg sh si sk sl sm sn sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv \
     tw tz ua ug us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw",
    "com.au net.au org.au co.at com.bd co.bd com.br net.br co.nz com.ng com.pk co.in com.in co.il \
     co.jp co.za co.kr com.es com.lk co.th co.tt com.tt com.tr biz.tr com.ua co.uk co.zm com.zm \
     com.cn org.cn net.cn gov.cn",
    "tech",
];

/// One or two units of an encoded host name.
#[derive(Clone, Copy)]
struct Step {
    units: [u8; 2],
    /// Number of units: 1 or 2.
    count: usize,
    /// Number of characters of the host name that they stand for.
    length: usize,
}

/// Reads a host name.
pub(super) fn take(bits: &mut Bits<'_>) -> Result<String, EpcError> {
    let is_seven_bit = bits.take(1)? == 1;
    let length = bits.take_length(6)?;
    let mut out = String::new();
    if is_seven_bit {
        let mut units = 0;
        while units < length {
            let unit = bits.take_small(7)?;
            units += 1;
            if let Some(list) = PAIRS.get(usize::from(unit)) {
                let second = bits.take_small(7)?;
                units += 1;
                let ending = list.split_whitespace().nth(usize::from(second));
                let wrong = || field("host name", &out, "an ending that the standard lists");
                let ending = ending.ok_or_else(wrong)?;
                out.extend([".", ending]);
            } else if let Some((_, text)) = SINGLES.iter().find(|(own, _)| *own == unit) {
                out += text;
            } else {
                out.push(char::from(unit));
            }
        }
        if units > length {
            return Err(field("host name", &out, "pairs of units that end within its length"));
        }
    } else {
        out = text::take_code_40(bits, length)?;
    }
    check(&out)?;
    Ok(out)
}

/// Writes a host name.
pub(super) fn put(bits: &mut BitWriter, host: &str) -> Result<(), EpcError> {
    check(host)?;
    let steps = steps(host);
    let units: usize = steps.iter().map(|step| step.count).sum();
    let code_40 = host.len().div_ceil(3) * 16;
    if text::is_code_40(host) && code_40 < units * 7 {
        bits.put(0, 1);
        bits.put_length(host.len(), 6);
        text::put_code_40(bits, host);
        return Ok(());
    }
    bits.put(1, 1);
    bits.put_length(units, 6);
    for step in steps {
        for unit in step.units.into_iter().take(step.count) {
            bits.put(u128::from(unit), 7);
        }
    }
    Ok(())
}

fn check(host: &str) -> Result<(), EpcError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-';
    let is_started = host.starts_with(|first: char| first.is_ascii_alphanumeric());
    if is_started && host.len() <= 63 && host.bytes().all(is_plain) {
        return Ok(());
    }
    let expected = "1 to 63 letters, digits, dots and hyphens, a letter or digit first";
    Err(field("host name", host, expected))
}

/// The encoding of `host` in the fewest units, found from its end: the best way on from each index is known
/// before the indices in front of it are considered.
fn steps(host: &str) -> Vec<Step> {
    let mut best: Vec<(usize, Option<Step>)> = vec![(0, None); host.len() + 1];
    for place in (0..host.len()).rev() {
        let rest = host.get(place..).unwrap_or_default();
        let total =
            |step: Step| best.get(place + step.length).map(|(cost, _)| (cost + step.count, step));
        let found = steps_at(rest).filter_map(total).min_by_key(|(cost, _)| *cost);
        if let (Some((cost, step)), Some(slot)) = (found, best.get_mut(place)) {
            *slot = (cost, Some(step));
        }
    }
    let mut out = Vec::new();
    let mut place = 0;
    while let Some((_, Some(step))) = best.get(place) {
        out.push(*step);
        place += step.length;
    }
    out
}

/// All units that `rest` can start with.
fn steps_at(rest: &str) -> impl Iterator<Item = Step> {
    let pairs = PAIRS.iter().zip(0u8..).flat_map(move |(list, first)| {
        list.split_whitespace().zip(0u8..).filter_map(move |(ending, second)| {
            let is_here = rest.strip_prefix('.').is_some_and(|rest| rest.starts_with(ending));
            let length = ending.len() + 1;
            is_here.then_some(Step { units: [first, second], count: 2, length })
        })
    });
    let singles = SINGLES
        .iter()
        .filter(move |(_, text)| rest.starts_with(text))
        .map(|(unit, text)| Step { units: [*unit, 0], count: 1, length: text.len() });
    let plain = rest.bytes().next().filter(u8::is_ascii_alphanumeric);
    let plain = plain.map(|byte| Step { units: [byte, 0], count: 1, length: 1 });
    singles.chain(pairs).chain(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Number of bits written, kind of encoding, and the host name decoded from them.
    fn written(host: &str) -> (usize, u8, String) {
        let mut bits = BitWriter::default();
        put(&mut bits, host).unwrap();
        let length = bits.len();
        let bytes = bits.into_bytes();
        let mut bits = Bits::new(&bytes, "test");
        let again = take(&mut bits).unwrap();
        assert_eq!(bits.at, length);
        (length, bytes[0] >> 7, again)
    }

    #[test]
    fn names_are_written_in_the_shortest_encoding() {
        for (host, length, how) in [
            ("id.example.com", 7 + 9 * 7, 1),
            ("example.com", 7 + 8 * 7, 1),
            ("www.example.co.uk", 7 + 10 * 7, 1),
            ("example.de", 7 + 9 * 7, 1),
            ("a.tech", 7 + 3 * 7, 1),
            // Four characters and the pair for `.net.au`; `.net` and the pair for `.au` need one unit more.
            ("acme.net.au", 7 + 6 * 7, 1),
            ("EXAMPLE.COM", 7 + 4 * 16, 0),
            ("x", 7 + 7, 1),
        ] {
            assert_eq!(written(host), (length, how, host.to_owned()));
        }
    }

    #[test]
    fn lists_have_the_lengths_of_the_standard() {
        let lengths = PAIRS.map(|list| list.split_whitespace().count());
        assert_eq!(lengths, [128, 117, 32, 1]);
    }

    #[test]
    fn a_name_that_would_change_the_link_is_refused() {
        for host in ["", ".com", "a/b", "a?b", "a b", "é", "user@host", &"a".repeat(64)] {
            assert!(put(&mut BitWriter::default(), host).is_err(), "{host}");
        }
        // Seven-bit units: `a/b`; a pair of which the length has only the first; no name at all.
        for units in [&[0x61u128, 0x2F, 0x62][..], &[0x61, 0], &[]] {
            let mut bits = BitWriter::default();
            bits.put(1, 1);
            bits.put_length(units.len(), 6);
            for unit in units {
                bits.put(*unit, 7);
            }
            bits.put(0, 7);
            assert!(take(&mut Bits::new(&bits.into_bytes(), "test")).is_err(), "{units:?}");
        }
    }

    proptest! {
        #[test]
        fn every_name_decodes_to_what_was_encoded(
            host in "[A-Za-z0-9]([a-z0-9.-]|\\.com|\\.co\\.uk|id\\.|www\\.){0,12}|[A-Z0-9][A-Z0-9.-]{0,62}"
        ) {
            prop_assert_eq!(written(&host).2, host);
        }
    }
}
