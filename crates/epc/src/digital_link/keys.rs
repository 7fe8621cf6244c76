//! The keys that a Digital Link can start with, and the rules for keys and qualifiers.
//!
//! The way through: `KEYS` lists which qualifiers may follow a key; [`check_key`] and [`check_qualifier`] check
//! single values.
//!
//! What holds: a payment slip (415) is a key that can be written and read and that names no thing, so it has no thing key and no EPC.
//!
//! Not here: short names (`/gtin/…`, removed from the standard in 1.3), which [`crate::uri_kind`] refuses with the right link; what names
//! are not compared by ([`super::values`]).
//!
//! Source: GS1 Digital Link URI syntax 1.4; GS1 barcode syntax dictionary of January 2026.

use crate::check_digit;
use crate::error::{EpcError, cut, field};
use crate::text::{is_digits, is_gs1_text, is_number, is_part_text};

/// A key that a link can start with.
struct Key {
    ai: &'static str,
    /// Alternative lists of qualifiers. Any of one list may follow, in its order.
    qualifiers: &'static [&'static [&'static str]],
}

const fn key(ai: &'static str, qualifiers: &'static [&'static [&'static str]]) -> Key {
    Key { ai, qualifiers }
}

/// The key of a payment slip: the GLN of whoever is to be paid. Its qualifier, the reference, is mandatory.
pub(crate) const PAYMENT_SLIP: &str = "415";

const KEYS: &[Key] = &[
    key("00", &[]),
    key("01", &[&["22", "10", "21"], &["235"]]),
    key("253", &[]),
    key("255", &[]),
    key("401", &[]),
    key("402", &[]),
    key("414", &[&["254"], &["7040"]]),
    key(PAYMENT_SLIP, &[&["8020"]]),
    key("417", &[&["7040"]]),
    key("8003", &[]),
    key("8004", &[&["7040"]]),
    key("8006", &[&["22", "10", "21"]]),
    key("8010", &[&["8011"]]),
    key("8013", &[]),
    key("8017", &[&["8019"]]),
    key("8018", &[&["8019"]]),
];

/// Whether a link can start with the application identifier `ai`.
pub(crate) fn is_key(ai: &str) -> bool {
    KEYS.iter().any(|key| key.ai == ai)
}

/// Whether the qualifiers `names` may follow the key `ai` in this order.
pub(super) fn allows(ai: &str, names: &[&str]) -> bool {
    let lists = KEYS.iter().find(|key| key.ai == ai).map_or(&[][..], |key| key.qualifiers);
    let is_in_order = |list: &&[&str]| {
        let mut rest = list.iter();
        names.iter().all(|name| rest.any(|allowed| allowed == name))
    };
    if names.is_empty() { ai != PAYMENT_SLIP } else { lists.iter().any(is_in_order) }
}

/// `names` and the qualifier `more`, in the order in which they may follow the key `ai`; `None` if they may not.
pub(super) fn ordered(ai: &str, names: &[&str], more: &str) -> Option<Vec<&'static str>> {
    let lists = KEYS.iter().find(|key| key.ai == ai)?.qualifiers;
    let has_all =
        |list: &&&[&str]| list.contains(&more) && names.iter().all(|it| list.contains(it));
    let list = lists.iter().find(has_all)?;
    Some(list.iter().filter(|name| **name == more || names.contains(name)).copied().collect())
}

/// Whether `value` can be the key `ai`, and its check digit shows that it is meant to be one.
pub(crate) fn is_surely_key(ai: &str, value: &str) -> bool {
    !matches!(ai, "401" | "8004" | "8010" | "8013") && is_key(ai) && check_key(ai, value).is_ok()
}

/// Checks length and characters of the value of a qualifier.
pub(super) fn check_qualifier(ai: &str, value: &str) -> Result<(), EpcError> {
    let (longest, expected) = match ai {
        "235" => (28, "1 to 28 GS1 characters"),
        "7040" => (4, "a digit and 3 GS1 characters"),
        "8011" => (12, "1 to 12 digits without leading zeros"),
        "8019" => (10, "1 to 10 digits"),
        "8020" => (25, "1 to 25 GS1 characters"),
        _ => (20, "1 to 20 GS1 characters"),
    };
    let is_formed = match ai {
        "7040" => value.len() == 4 && value.starts_with(|c: char| c.is_ascii_digit()),
        "8011" => is_number(value),
        "8019" => is_digits(value),
        _ => true,
    };
    if value.is_empty() || value.len() > longest || !is_formed || !is_gs1_text(value) {
        return Err(field("qualifier", value, expected));
    }
    Ok(())
}

/// Checks length, characters and check digit of the value of a key.
pub(super) fn check_key(ai: &str, value: &str) -> Result<(), EpcError> {
    // Number of digits including the check digit, number of characters that may follow, description.
    let (digits, more, expected) = match ai {
        "00" | "8017" | "8018" => (18, 0, "18 digits"),
        "01" => (14, 0, "14 digits (or 8, 12 or 13 for a shorter GTIN)"),
        "402" => (17, 0, "17 digits"),
        "414" | PAYMENT_SLIP | "417" => (13, 0, "13 digits"),
        "253" => (13, 17, "13 digits and a serial of at most 17 GS1 characters"),
        "255" => (13, 12, "13 digits and a serial of at most 12 digits"),
        "8003" => (14, 16, "14 digits, the first 0, and a serial of at most 16 GS1 characters"),
        "8006" => (14, 4, "18 digits"),
        "8010" => (0, 30, "at most 30 digits, capitals, # - /"),
        "8013" => (0, 25, "at most 25 GS1 characters"),
        _ => (0, 30, "at most 30 GS1 characters"),
    };
    let Some((head, tail)) = value.split_at_checked(digits) else {
        return Err(field("key", value, expected));
    };
    let is_formed = match ai {
        "255" => tail.is_empty() || is_digits(tail),
        "8006" => tail.len() == 4 && is_digits(tail),
        "8003" => head.starts_with('0') && is_gs1_text(tail),
        "8010" => is_part_text(tail),
        _ => is_gs1_text(tail),
    };
    if !is_formed || value.is_empty() || tail.len() > more || !(digits == 0 || is_digits(head)) {
        return Err(field("key", value, expected));
    }
    if digits > 0 && !check_digit::is_valid(head) {
        let before = head.get(..digits - 1).unwrap_or_default();
        let expected = check_digit::of(before).unwrap_or('0');
        return Err(EpcError::CheckDigit { key: cut(value), expected });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DigitalLink, PrefixLength};

    struct ElevenDigits;

    impl PrefixLength for ElevenDigits {
        fn length(&self, _: &str) -> Option<usize> {
            Some(11)
        }
    }

    /// The keys of the dictionary, each with its lists of qualifiers.
    fn published(dictionary: &str) -> Vec<(&str, Vec<Vec<&str>>)> {
        let lines =
            dictionary.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit()));
        lines
            .filter_map(|line| {
                let words: Vec<&str> = line.split('#').next()?.split_whitespace().collect();
                let word = words.iter().find(|word| word.split('=').next() == Some("dlpkey"))?;
                let lists = word.split_once('=').map_or_else(Vec::new, |(_, lists)| {
                    lists.split('|').map(|list| list.split(',').collect()).collect()
                });
                Some((*words.first()?, lists))
            })
            .collect()
    }

    #[test]
    fn keys_and_qualifiers_are_those_of_the_syntax_dictionary() {
        let adds = "every key and qualifier of GS1's syntax dictionary";
        let Some(folder) = foreign::folder("gs1-syntax-engine", adds) else { return };
        let path = folder.join("src/c-lib/gs1-syntax-dictionary.txt");
        let dictionary = std::fs::read_to_string(path).unwrap();
        let published = published(&dictionary);
        let ours: Vec<(&str, Vec<Vec<&str>>)> = KEYS
            .iter()
            .map(|key| (key.ai, key.qualifiers.iter().map(|list| list.to_vec()).collect()))
            .collect();
        assert_eq!(ours, published);
    }

    #[test]
    fn a_link_built_by_hand_with_a_short_key_is_an_error_and_no_panic() {
        for key in KEYS {
            let link = DigitalLink {
                primary: key.ai.to_owned(),
                value: "061".to_owned(),
                qualifiers: vec![("21".to_owned(), "1".to_owned())],
                attributes: Vec::new(),
            };
            assert!(link.to_epc(&ElevenDigits).is_err(), "{}", key.ai);
        }
    }
}
