//! What the value of a key says of itself, beyond its form: the check characters of a GMN, piece and total of an ITIP.
//!
//! What holds: neither changes how names are compared, which docs/formats/bundle-v2.md says once for all; a value that fails here is
//! refused where it comes in ([`crate::check_uri`], the address of a scan).
//!
//! Sources: GS1 General Specifications, sections 7.9.5 (check character pair) and 3.9.2 (piece and total of an ITIP).

use crate::error::{EpcError, field};

/// GS1's 82 characters; the place of one is its value.
const CHARACTERS: &str =
    "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
/// Weights, of the last character first: the first 23 primes.
const WEIGHTS: [usize; 23] =
    [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83];
/// The largest prime of ten bits.
const MODULUS: usize = 1021;
/// What five bits are written as: no 0, 1, I and O.
const PAIR: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// The two check characters that belong behind `text`; `None` if it is longer than a GMN or has other characters.
fn pair(text: &str) -> Option<[u8; 2]> {
    if text.len() > WEIGHTS.len() {
        return None;
    }
    let mut sum = 0;
    for (character, weight) in text.chars().rev().zip(WEIGHTS) {
        sum += CHARACTERS.find(character)? * weight;
    }
    let rest = sum % MODULUS;
    Some([*PAIR.get(rest >> 5)?, *PAIR.get(rest & 31)?])
}

/// Checks the value of the key `ai`, whose form was checked.
pub(super) fn check(ai: &str, value: &str) -> Result<(), EpcError> {
    match ai {
        "8013" => {
            let parts = value.len().checked_sub(2).and_then(|end| value.split_at_checked(end));
            let is_right = parts.is_some_and(|(text, last)| {
                pair(text).is_some_and(|pair| !text.is_empty() && pair == last.as_bytes())
            });
            let expected = "its last two characters to be the check characters of those before";
            if is_right { Ok(()) } else { Err(field("GMN", value, expected)) }
        }
        "8006" => {
            let number = |from: usize| value.get(from..from + 2)?.parse::<u8>().ok();
            let is_right = matches!((number(14), number(16)), (Some(piece), Some(total)) if (1..=total).contains(&piece));
            let expected = "a piece from 01 to the total of pieces";
            let got = value.get(14..).unwrap_or_default();
            if is_right { Ok(()) } else { Err(field("piece and total", got, expected)) }
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_number_has_the_check_characters_of_the_general_specifications() {
        // The example of section 7.9.5.
        assert_eq!(pair("1987654Ad4X4bL5ttr2310c"), Some(*b"2K"));
        assert!(check("8013", "1987654Ad4X4bL5ttr2310c2K").is_ok());
        for wrong in [
            "1987654Ad4X4bL5ttr2310c2X",
            "1987654Ad4X4bL5ttr2310cXK",
            "1987654Ad4X4bL5ttr2310cK2",
            "1987654Ad4X4bL5ttr2310c2k",
            "1987654ad4X4bL5ttr2310c2K",
            "19876545d4X4bL5ttr2310c2K",
            "1987654d4X4bL5ttr2310c2K",
            "2K",
            "22",
            "K",
            "",
            "é",
        ] {
            assert!(check("8013", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn one_wrong_character_and_two_that_changed_places_are_always_noticed() {
        let right = "1987654Ad4X4bL5ttr2310c";
        for at in 0..right.len() {
            for other in CHARACTERS.chars() {
                let (before, after) = right.split_at(at);
                let changed = format!("{before}{other}{}", &after[1..]);
                assert_eq!(pair(&changed) == pair(right), changed == right, "{changed}");
            }
            let mut letters: Vec<char> = right.chars().collect();
            if at > 0 && letters[at - 1] != letters[at] {
                letters.swap(at - 1, at);
                let changed: String = letters.into_iter().collect();
                assert_ne!(pair(&changed), pair(right), "{changed}");
            }
        }
    }

    #[test]
    fn a_piece_is_one_of_its_total() {
        for (pieces, is_right) in [
            ("0102", true),
            ("0202", true),
            ("0101", true),
            ("9999", true),
            ("0302", false),
            ("0002", false),
            ("0000", false),
            ("0100", false),
        ] {
            let value = format!("04012345111118{pieces}");
            assert_eq!(check("8006", &value).is_ok(), is_right, "{pieces}");
        }
    }
}
