//! What somebody typed, pasted or scanned on the start page, and where it leads.
//!
//! The way through: [`read`] takes off what scanners write before a code, turns an element string as a symbol holds it into the form with
//! brackets, and lets `inquiry::reading` and `epc` say what it is.
//!
//! What holds:
//!
//! - what is led to is a path of ours, made of a GS1 key; nothing that was typed leads to another site;
//! - a link with the name of another site is not followed and not taken for one of ours: whoever copies a code prints their own site in it,
//!   so the person is told ([`Typed::Elsewhere`]);
//! - pure, and total: any text is read or refused with a reason.
//!
//! Not here: words ([`crate::words::find`]), whether there is such an item (its own page says).
//!
//! Sources: GS1 General Specifications, sections 5.1.2 (symbology identifiers) and 7.8.5 (element strings of predefined length);
//! docs/decisions/0088-codes-on-the-start-page.md.

use epc::check_digit;
use inquiry::Reading;
use jiff::tz::TimeZone;

/// Most bytes of a text.
pub const LONGEST: usize = 2_000;
/// What separates element strings of variable length in a symbol (FNC1).
const SEPARATOR: char = '\u{1d}';
/// What our own keys begin with.
const KEY: &str = "https://id.gs1.org";
/// The host of GS1, whose links name a thing and no site.
const GS1_HOST: &str = "id.gs1.org";

/// Where a text leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// A path of ours.
    Page(String),
    /// The same, and the site that the text names instead of ours.
    Elsewhere {
        /// Its host.
        host: String,
        /// The path of ours for what it names.
        page: String,
    },
}

/// Why a text leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// It is longer than any code.
    TooLong,
    /// A link, and none to a thing.
    OtherLink,
    /// It has the form of a code and is none: a check digit is wrong, or a part is missing.
    NoCode,
    /// It is a serial or lot number alone, or nothing of the kind.
    NoProduct,
}

/// Reads a text.
///
/// - `own_host`: host and port of our own address.
///
/// # Errors
///
/// [`Unread`].
pub fn read(text: &str, own_host: &str) -> Result<Typed, Unread> {
    if text.len() > LONGEST {
        return Err(Unread::TooLong);
    }
    let text = text.trim_matches(|c: char| c.is_whitespace() && c != SEPARATOR);
    let (bare, is_symbol) = without_symbology(text);
    let host = host_of(bare);
    let elements = if host.is_none() { elements(bare, is_symbol) } else { None };
    let readable = elements.as_deref().unwrap_or(bare);
    let page = page_of(readable).ok_or_else(|| why(readable, host.is_some()))?;
    match host
        .filter(|host| !host.eq_ignore_ascii_case(own_host) && !host.eq_ignore_ascii_case(GS1_HOST))
    {
        Some(host) => Ok(Typed::Elsewhere { host: host.to_ascii_lowercase(), page }),
        None => Ok(Typed::Page(page)),
    }
}

/// The text without the three letters that a scanner writes before it, such as `]d2`, and whether there were any.
fn without_symbology(text: &str) -> (&str, bool) {
    let letters = text.as_bytes();
    let is_there = letters.len() > 3
        && letters[0] == b']'
        && letters[1].is_ascii_alphabetic()
        && letters[2].is_ascii_alphanumeric();
    if is_there { (&text[3..], true) } else { (text, false) }
}

/// Host and port of a web link.
fn host_of(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once("://")?;
    let is_web = ["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web));
    let authority = rest.split(['/', '?', '#', '\\']).next().filter(|_| is_web)?;
    Some(authority.rsplit('@').next().unwrap_or(authority))
}

/// The path of ours for what a text names; none if it names no thing, lot or product.
fn page_of(text: &str) -> Option<String> {
    let asked = inquiry::read(text, &TimeZone::UTC).ok()?;
    asked.readings.iter().find_map(|reading| match reading {
        Reading::Item(key) | Reading::Lot(key) | Reading::Product(key) => {
            let path = key.strip_prefix(KEY).filter(|_| epc::has_gs1_key(key))?;
            path.bytes().all(|byte| byte.is_ascii_graphic()).then(|| path.to_owned())
        }
        _ => None,
    })
}

fn why(text: &str, is_link: bool) -> Unread {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    match () {
        () if is_link => Unread::OtherLink,
        () if text.starts_with('(') || digits >= 8 || text.starts_with("urn:") => Unread::NoCode,
        () => Unread::NoProduct,
    }
}

/// An element string as a symbol holds it, with brackets: `010952114112345421602` is `(01)09521141123454(21)602`. None if it is none.
fn elements(text: &str, is_symbol: bool) -> Option<String> {
    let text = text.strip_prefix(SEPARATOR).unwrap_or(text);
    let is_ascii = text.bytes().all(|byte| byte == 0x1d || (0x20..0x7f).contains(&byte));
    let has_gtin = text.len() > 18
        && text.starts_with("01")
        && text.get(2..16).is_some_and(check_digit::is_valid);
    if !is_ascii || !(is_symbol || has_gtin || text.contains(SEPARATOR)) {
        return None;
    }
    let mut parts: Vec<(&str, &str)> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (identifier, after) = rest.split_at_checked(identifier_length(rest)?)?;
        let end = after.find(SEPARATOR).unwrap_or(after.len());
        let length = match value_length(identifier) {
            Some(length) if length <= end => length,
            Some(_) => return None,
            None => end,
        };
        let (value, after) = after.split_at(length);
        parts.push((identifier, value));
        rest = after.strip_prefix(SEPARATOR).unwrap_or(after);
    }
    // A symbol may hold its parts in any order; the key stands first in what is read.
    parts.sort_by_key(|(identifier, _)| !["00", "01"].contains(identifier));
    let mut bracketed = String::new();
    for (identifier, value) in parts {
        bracketed.extend(["(", identifier, ")", value]);
    }
    Some(bracketed)
}

/// Digits of the application identifier that a text begins with.
fn identifier_length(text: &str) -> Option<usize> {
    let begin = text.get(..2)?.parse::<u8>().ok().filter(|_| !text.starts_with('+'))?;
    Some(match begin {
        23..=25 | 40..=42 | 71 => 3,
        31..=36 | 39 | 43 | 70 | 72 | 80..=82 => 4,
        _ => 2,
    })
}

/// Characters of a value whose length is predefined.
fn value_length(identifier: &str) -> Option<usize> {
    Some(match identifier.get(..2)?.parse::<u8>().ok()? {
        0 => 18,
        1..=3 => 14,
        4 => 16,
        11..=19 | 31..=36 => 6,
        20 => 2,
        41 => 13,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "id.example.com";
    const PAGE: &str = "/01/09521141123454/21/602";

    fn page(text: &str) -> Typed {
        read(text, HOST).unwrap_or_else(|why| panic!("{text:?}: {why:?}"))
    }

    #[test]
    fn every_way_to_write_an_item_leads_to_its_page() {
        for text in [
            "https://id.example.com/01/09521141123454/21/602",
            "https://ID.EXAMPLE.COM/01/09521141123454/21/602?lang=zh",
            "https://id.gs1.org/01/09521141123454/21/602",
            "(01) 09521141123454 (21) 602",
            "(01)09521141123454(21)602",
            "09521141123454 / 602",
            "urn:epc:id:sgtin:9521141.012345.602",
            "  (01)09521141123454(21)602\n",
            "]d2010952114112345421602",
            "]Q3010952114112345421602",
            "\u{1d}010952114112345421602",
            "010952114112345421602",
            "]d20109521141123454\u{1d}21602",
            "]d2010952114112345417271231\u{1d}21602",
            "]d221602\u{1d}0109521141123454",
            // An item is the same in every lot; its page says which it was made in.
            "]d201095211411234541727123110L1\u{1d}21602",
            "（０１）09521141123454（２１）602",
        ] {
            assert_eq!(page(text), Typed::Page(PAGE.into()), "{text:?}");
        }
        assert_eq!(page("09521141123454"), Typed::Page("/01/09521141123454".into()));
        let container = page("(00) 295211411000000015");
        assert_eq!(container, Typed::Page("/00/295211411000000015".into()));
    }

    #[test]
    fn a_link_of_another_site_is_not_taken_for_one_of_ours() {
        for link in [
            "https://id-example.com/01/09521141123454/21/602",
            "http://id.example.com.evil.example/01/09521141123454/21/602",
            "https://id.example.com@evil.example/01/09521141123454/21/602",
            "HTTPS://evil.example:8443/01/09521141123454/21/602",
        ] {
            let Typed::Elsewhere { host, page } = page(link) else { panic!("{link}") };
            assert!(host != HOST && page == PAGE, "{link}: {host} {page}");
        }
    }

    #[test]
    fn what_is_no_code_is_refused_with_the_reason() {
        for (text, why) in [
            ("602", Unread::NoProduct),
            ("L2611A", Unread::NoProduct),
            ("你好", Unread::NoProduct),
            ("]", Unread::NoProduct),
            ("(01) 09521141123455 (21) 602", Unread::NoCode),
            ("09521141123455", Unread::NoCode),
            ("]d201095211411234", Unread::NoCode),
            ("urn:epc:id:sgtin:x", Unread::NoCode),
            ("https://id.example.com/verify", Unread::OtherLink),
            ("https://evil.example", Unread::OtherLink),
            (&"9".repeat(3_000), Unread::TooLong),
        ] {
            assert_eq!(read(text, HOST), Err(why), "{text:?}");
        }
    }

    #[test]
    fn nothing_leads_to_another_site() {
        for text in [
            "//evil.example/01/09521141123454",
            "javascript:alert(1)",
            "https:\\\\evil.example\\01\\09521141123454",
            "(01)09521141123454(21)//evil.example",
            "(01)09521141123454(21)\r\nLocation: x",
            "\u{1d}\u{1d}\u{1d}",
            "]d2+1x",
            "]d2中文",
        ] {
            if let Ok(Typed::Page(path) | Typed::Elsewhere { page: path, .. }) = read(text, HOST) {
                assert!(path.starts_with("/01/"), "{text:?}: {path}");
                assert!(path.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}: {path}");
            }
        }
    }
}
