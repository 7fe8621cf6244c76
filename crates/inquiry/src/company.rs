//! The company that a case asks: what was typed to the one key that its logins are given.
//!
//! What holds: every spelling of a company's number gives the same key; what names a place, a product or several things is no company.
//!
//! Not here: which logins speak for a company (`access::Sight::own_parties`).
//!
//! Source: GS1 General Specifications section 3.7 (AI 417); decision 0096.

use epc::check_digit;
use jiff::tz::TimeZone;

use crate::reading::{Reading, Unreadable, Window, read};

/// What the key of a company begins with.
const KEY: &str = "https://id.gs1.org/417/";
/// Digits of a GLN.
const DIGITS: usize = 13;

/// The key of the company that a text names: a GLN, a PGLN as a URN, a Digital Link or an element string; what searches take for a party.
///
/// # Errors
///
/// [`Unreadable`] if it names none.
pub fn company(text: &str) -> Result<String, Unreadable> {
    let expected = "the GLN or PGLN of a company: 13 digits, urn:epc:id:pgln:…, (417) …";
    let other = || Unreadable::new(text, expected);
    let asked = read(text, &TimeZone::UTC)?;
    if asked.window != Window::default() {
        return Err(other());
    }
    let hint = asked.hints.into_iter().next();
    let key = asked.readings.into_iter().find_map(|reading| match reading {
        Reading::Party(key) if is_company(&key) => Some(key),
        _ => None,
    });
    key.ok_or_else(|| hint.unwrap_or_else(other))
}

/// Whether a text is the key of a company.
#[must_use]
pub fn is_company(key: &str) -> bool {
    key.strip_prefix(KEY).is_some_and(|digits| {
        let is_number =
            digits.len() == DIGITS && digits.bytes().all(|digit| digit.is_ascii_digit());
        is_number && check_digit::is_valid(digits)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_company_gives_the_key_that_a_login_has() {
        let key = "https://id.gs1.org/417/9521142000006";
        for text in [
            "9521142000006",
            " 9521142-00000-6 ",
            "９５２１１４２００００06",
            "urn:epc:id:pgln:9521142.00000",
            "urn:epc:id:pgln:952114200.000",
            "https://id.gs1.org/417/9521142000006",
            "https://shop.example/417/9521142000006",
            "(417) 9521142000006",
            "party:9521142000006",
            key,
        ] {
            assert_eq!(company(text).as_deref(), Ok(key), "{text}");
        }
        assert_eq!(epc::thing_key("urn:epc:id:pgln:9521142.00000"), key);
    }

    #[test]
    fn what_names_no_company_is_refused_with_what_was_expected() {
        for text in [
            "",
            "Shop",
            "9521142",
            "9521142000007",
            "urn:epc:id:sgln:9521142.00000.0",
            "(414) 9521142000006",
            "https://id.gs1.org/01/09521141123454",
            "urn:example:shop",
            "party:urn:example:shop",
            "party:Shop",
            "9521142000006 from:2026-11-01",
            "https://id.gs1.org/417/9521142000006/21/1",
            "9521142000006 9521143000005",
        ] {
            assert!(company(text).is_err(), "{text}");
        }
        let hint = company("9521142000007").unwrap_err();
        assert!(hint.to_string().contains("whose last digit is 6"), "{hint}");
        assert!(!is_company("https://id.gs1.org/417/9521142000007"));
        assert!(!is_company("https://id.gs1.org/417/9521142000006/"));
    }
}
