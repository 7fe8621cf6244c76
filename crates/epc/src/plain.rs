//! The short way for the URNs that nearly all names are: items, logistic units, locations and parties in their plainest spelling.
//!
//! The way through: [`Plain::read`] divides a URN without copying it; kind, canonical link and licence digits follow from its parts.
//!
//! What holds: what is read here is valid by the rules of its scheme, and everything that is said of it is what the long way says (a property
//! test compares them). Whatever is spelled in another way (capitals, escapes, links, tag URIs) or is not valid is left to the long way.
//!
//! Not here: the rules for all schemes and spellings ([`crate::scheme`], [`crate::canonical`], [`crate::uri_kind`]).
//!
//! Source: TDS 2.3 section 6.3; GS1 General Specifications figure 7.11-1 (characters of a serial).

use crate::check_digit;
use crate::text::is_digits;

/// Fewest and most digits of a company prefix.
const SHORTEST_PREFIX: usize = 6;
const LONGEST_PREFIX: usize = 12;
/// Longest serial or extension.
const LONGEST_SERIAL: usize = 20;

/// Scheme of a plain URN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Serialised trade item.
    Sgtin,
    /// Logistic unit.
    Sscc,
    /// Location.
    Sgln,
    /// Party.
    Pgln,
}

/// A valid URN without escapes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plain<'a> {
    kind: Kind,
    prefix: &'a str,
    reference: &'a str,
    /// Serial or extension; empty where the scheme has none.
    serial: &'a str,
}

impl<'a> Plain<'a> {
    /// Reads `urn:epc:id:` and one of the schemes `sgtin`, `sscc`, `sgln`, `pgln`; `None` of anything that is not plain and valid.
    pub fn read(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix("urn:epc:id:")?;
        let (kind, body, digits) = if let Some(body) = rest.strip_prefix("sgtin:") {
            (Kind::Sgtin, body, 13)
        } else if let Some(body) = rest.strip_prefix("sscc:") {
            (Kind::Sscc, body, 17)
        } else if let Some(body) = rest.strip_prefix("sgln:") {
            (Kind::Sgln, body, 12)
        } else {
            (Kind::Pgln, rest.strip_prefix("pgln:")?, 12)
        };
        let dot = body.bytes().take(LONGEST_PREFIX + 1).position(|byte| byte == b'.')?;
        let (prefix, rest) = (body.get(..dot)?, body.get(dot + 1..)?);
        // As many digits as the key has without its check digit; a prefix of 12 may leave none.
        let (reference, serial) = rest.split_at_checked(digits - dot)?;
        let are_digits = is_digits(prefix) && (reference.is_empty() || is_digits(reference));
        let has_serial = matches!(kind, Kind::Sgtin | Kind::Sgln);
        let is_serial = if has_serial { is_plain_serial(serial) } else { serial.is_empty() };
        let serial = serial.get(1..).unwrap_or_default();
        (dot >= SHORTEST_PREFIX && are_digits && is_serial).then_some(Self {
            kind,
            prefix,
            reference,
            serial,
        })
    }

    /// Its scheme.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The first digit of the reference, where it stands before the prefix in the key, and the rest.
    fn led(&self) -> (&'a str, &'a str) {
        let at = usize::from(matches!(self.kind, Kind::Sgtin | Kind::Sscc));
        self.reference.split_at_checked(at).unwrap_or_default()
    }

    /// The canonical Digital Link, as [`crate::digital_link_key`] gives it.
    pub fn link(&self) -> Option<String> {
        let (start, name) = match self.kind {
            Kind::Sgtin => ("https://id.gs1.org/01/", "/21/"),
            Kind::Sscc => ("https://id.gs1.org/00/", ""),
            Kind::Sgln if self.serial != "0" => ("https://id.gs1.org/414/", "/254/"),
            Kind::Sgln => ("https://id.gs1.org/414/", ""),
            Kind::Pgln => ("https://id.gs1.org/417/", ""),
        };
        let (first, others) = self.led();
        let mut link = String::with_capacity(start.len() + 18 + name.len() + self.serial.len());
        for part in [start, first, self.prefix, others] {
            link.push_str(part);
        }
        link.push(check_digit::of(link.get(start.len()..)?)?);
        if !name.is_empty() {
            link.push_str(name);
            link.push_str(self.serial);
        }
        Some(link)
    }

    /// The licence digits, as [`crate::licence_digits`] gives them.
    pub fn licence_digits(&self) -> String {
        let (_, others) = self.led();
        [self.prefix, others].concat()
    }
}

/// Whether `text` is a dot and 1 to 20 characters that are escaped neither in a URN nor in a URL.
fn is_plain_serial(text: &str) -> bool {
    let Some((b'.', serial)) = text.as_bytes().split_first() else { return false };
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._".contains(byte);
    (1..=LONGEST_SERIAL).contains(&serial.len()) && serial.iter().all(is_plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::uri_kind::{check_urn, kind_of_plain};
    use crate::{UriKind, canonical, thing};

    /// What the long way says: kind, link, licence digits.
    fn long(text: &str) -> (Option<UriKind>, Option<String>, Option<String>) {
        let rest = text.strip_prefix("urn:epc:").unwrap();
        let link = canonical::of_urn(rest);
        let digits = link.as_deref().and_then(thing::digits_of_link);
        (check_urn(text, rest).ok(), link, digits)
    }

    fn assert_same(text: &str) -> bool {
        let Some(plain) = Plain::read(text) else { return false };
        let kind = kind_of_plain(plain.kind());
        let short = (Some(kind), plain.link(), Some(plain.licence_digits()));
        assert_eq!(short, long(text), "{text}");
        true
    }

    #[test]
    fn plain_names_of_the_four_schemes_are_read_with_every_length_of_prefix() {
        for length in 6..=12 {
            let prefix = &"952114112345"[..length];
            for (scheme, digits, serial) in
                [("sgtin", 13, ".aB-9._"), ("sscc", 17, ""), ("sgln", 12, ".0"), ("pgln", 12, "")]
            {
                let reference = &"01234567890"[..digits - length];
                let text = format!("urn:epc:id:{scheme}:{prefix}.{reference}{serial}");
                assert!(assert_same(&text), "{text}");
            }
        }
    }

    #[test]
    fn what_is_not_plain_is_left_to_the_long_way() {
        for text in [
            "urn:epc:id:sgtin:95211.01123456.1",
            "urn:epc:id:sgtin:9521141123456..1",
            "urn:epc:id:sgtin:9521141.01234.1",
            "urn:epc:id:sgtin:9521141.012345",
            "urn:epc:id:sgtin:9521141.012345.",
            "urn:epc:id:sgtin:9521141.012345.a%2Fb",
            "urn:epc:id:sgtin:9521141.012345.a~b",
            "urn:epc:id:sgtin:9521141.012345.123456789012345678901",
            "urn:epc:id:sscc:9521141.0123456789.1",
            "urn:epc:id:pgln:9521141.00000.",
            "urn:epc:id:sgln:9521141.0000é",
            "URN:epc:id:sgln:9521141.00000.0",
            "urn:epc:id:giai:9521141.a",
            "urn:epc:id:sgtin:",
            "",
        ] {
            assert!(Plain::read(text).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_short_way_says_what_the_long_one_says(
            text in "urn:epc:id:(sgtin|sscc|sgln|pgln):[0-9]{5,13}\\.[0-9a]{0,12}(\\.[0-9A-Za-z._~%*/-]{0,22})?",
        ) {
            assert_same(&text);
        }

        #[test]
        fn whatever_is_plain_is_read(
            length in 6_usize..=12,
            digits in "[0-9]{17}",
            serial in "[0-9A-Za-z._-]{1,20}",
        ) {
            for (scheme, total, tail) in [("sgtin", 13, true), ("sscc", 17, false), ("sgln", 12, true), ("pgln", 12, false)] {
                let (prefix, reference) = digits[..total].split_at(length);
                let tail = if tail { format!(".{serial}") } else { String::new() };
                let text = format!("urn:epc:id:{scheme}:{prefix}.{reference}{tail}");
                prop_assert!(assert_same(&text), "{}", text);
            }
        }
    }
}
