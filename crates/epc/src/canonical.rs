//! The canonical Digital Link of any GS1 URN or link, as the event hash needs it.
//!
//! What holds: of several qualifiers only the most specific one is kept (serial of the maker or a third party, before lot); host, path prefix,
//! query and consumer product variant are dropped; a URI without a GS1 key has no canonical link.
//!
//! Unlike [`crate::Epc`], this does not check the length of the company prefix, and it covers schemes that have
//! no tag encoding (`pgln`, `ginc`, `gsin`, `upui`).
//!
//! Source: CBV 2.0 section 8.9 as its reference implementation of September 2026 describes it; TDS 2.x
//! section 6 for the URNs.

use crate::check_digit;
use crate::digital_link::DigitalLink;
use crate::parse::parse_digital_link;
use crate::plain::Plain;
use crate::text::{escape_url, is_digits, unescape};

/// The canonical Digital Link, at id.gs1.org, of a pure identity URN, a class or pattern URN, or a Digital Link.
///
/// `None` if `uri` has no GS1 key or is malformed.
///
/// ```
/// let urn = "urn:epc:id:sgtin:0614141.112345.400";
/// assert_eq!(epc::digital_link_key(urn).unwrap(), "https://id.gs1.org/01/10614141123459/21/400");
/// assert_eq!(epc::digital_link_key("urn:uuid:0"), None);
/// ```
#[must_use]
pub fn digital_link_key(uri: &str) -> Option<String> {
    if let Some(plain) = Plain::read(uri) {
        return plain.link();
    }
    if let Some(rest) = uri.strip_prefix("urn:epc:") {
        of_urn(rest)
    } else {
        let link = parse_digital_link(uri).ok().filter(DigitalLink::names_a_thing)?;
        Some(key_of_link(&link))
    }
}

/// As [`digital_link_key`], of what follows `urn:epc:`.
pub(crate) fn of_urn(rest: &str) -> Option<String> {
    from_urn(rest).map(|path| format!("https://id.gs1.org/{path}"))
}

/// The canonical Digital Link of a link that was read.
pub(crate) fn key_of_link(link: &DigitalLink) -> String {
    let key = escape_url(&link.value);
    let tail = match link.primary.as_str() {
        "01" | "8006" => ["21", "235", "10"].iter().find_map(|ai| Some((*ai, link.qualifier(ai)?))),
        "414" => link.qualifier("254").filter(|text| *text != "0").map(|text| ("254", text)),
        "8010" => link.qualifier("8011").map(|text| ("8011", text)),
        _ => None,
    };
    let tail = tail.map_or_else(String::new, |(ai, text)| format!("/{ai}/{}", escape_url(text)));
    format!("https://id.gs1.org/{}/{key}{tail}", link.primary)
}

/// The path of the canonical link of `id:sgtin:…`, `class:lgtin:…` or `idpat:sgtin:…`.
fn from_urn(rest: &str) -> Option<String> {
    let urn = Urn::split(rest)?;
    match urn.scheme {
        "giai" | "ginc" => urn.with_text_reference(),
        "itip" => urn.with_pieces(),
        "grai" | "gdti" | "sgcn" => urn.with_optional_serial(),
        _ => urn.with_fixed_key(),
    }
}

/// A URN without `urn:epc:`, split at its separators.
struct Urn<'a> {
    /// `id`, `idpat` or `class`.
    kind: &'a str,
    scheme: &'a str,
    body: &'a str,
    /// The parts of the body, unescaped. The first is the company prefix, the second the reference.
    parts: Vec<String>,
}

impl<'a> Urn<'a> {
    fn split(rest: &'a str) -> Option<Self> {
        let (kind, rest) = rest.split_once(':')?;
        let (scheme, body) = rest.split_once(':')?;
        let count = if scheme == "itip" { 5 } else { 3 };
        let parts = body.splitn(count, '.').map(unescape).collect::<Option<Vec<String>>>()?;
        // A serial and the reference of an asset may end in a dot; otherwise an empty last part means that
        // something is missing.
        let is_cut = parts.len() > 2 && parts.last().is_some_and(String::is_empty);
        if is_cut && !matches!(scheme, "giai" | "ginc") {
            return None;
        }
        // These have nothing after the reference: whatever stands there would be lost.
        let is_whole = matches!(scheme, "sscc" | "pgln" | "gsrn" | "gsrnp" | "gsin");
        if is_whole && parts.len() > 2 {
            return None;
        }
        let urn = Self { kind, scheme, body, parts };
        (is_digits(urn.prefix()) && urn.parts.len() > 1).then_some(urn)
    }

    fn part(&self, place: usize) -> Option<&str> {
        self.parts.get(place).map(String::as_str)
    }

    fn prefix(&self) -> &str {
        self.part(0).unwrap_or_default()
    }

    fn reference(&self) -> &str {
        self.part(1).unwrap_or_default()
    }

    /// The escaped serial, lot or extension after the reference; `None` if it is absent or a pattern's star.
    fn last(&self) -> Option<String> {
        self.part(2).filter(|text| self.kind != "idpat" || *text != "*").map(escape_url)
    }

    /// A key of `length` digits and a check digit: company prefix, reference.
    fn key(&self, length: usize) -> Option<String> {
        keyed(&format!("{}{}", self.prefix(), self.reference()), length)
    }

    /// A key of `length` digits and a check digit: first digit of the reference, company prefix, the rest.
    fn led_key(&self, length: usize) -> Option<String> {
        let (first, others) = self.reference().split_at_checked(1)?;
        keyed(&format!("{first}{}{others}", self.prefix()), length)
    }

    /// Schemes whose key has a fixed number of digits, and components, whose serial is a qualifier.
    fn with_fixed_key(&self) -> Option<String> {
        let last = self.last();
        Some(match (self.kind, self.scheme) {
            ("id", "sgtin") => format!("01/{}/21/{}", self.led_key(13)?, last?),
            ("idpat", "sgtin") => match last {
                Some(serial) => format!("01/{}/21/{serial}", self.led_key(13)?),
                None => format!("01/{}", self.led_key(13)?),
            },
            ("class", "lgtin") => format!("01/{}/10/{}", self.led_key(13)?, last?),
            ("id", "upui") => format!("01/{}/235/{}", self.led_key(13)?, last?),
            ("id", "sscc") => format!("00/{}", self.led_key(17)?),
            ("id", "sgln") => match last.as_deref() {
                Some("0") | None => format!("414/{}", self.key(12)?),
                Some(extension) => format!("414/{}/254/{extension}", self.key(12)?),
            },
            ("id", "pgln") => format!("417/{}", self.key(12)?),
            ("id", "gsrn") => format!("8018/{}", self.key(17)?),
            ("id", "gsrnp") => format!("8017/{}", self.key(17)?),
            ("id", "gsin") => format!("402/{}", self.key(16)?),
            ("id" | "idpat", "cpi") => {
                let key = format!("8010/{}{}", self.prefix(), escape_url(self.reference()));
                last.map_or_else(|| key.clone(), |serial| format!("{key}/8011/{serial}"))
            }
            _ => return None,
        })
    }

    /// Schemes whose serial is part of the key and may be absent.
    fn with_optional_serial(&self) -> Option<String> {
        let start = match (self.kind, self.scheme) {
            ("id" | "idpat", "grai") => "8003/0",
            ("id" | "idpat", "gdti") => "253/",
            ("id" | "idpat", "sgcn") => "255/",
            _ => return None,
        };
        Some(format!("{start}{}{}", self.key(12)?, self.last().unwrap_or_default()))
    }

    /// Schemes whose reference is text: it may contain dots, so it is taken from the body as a whole.
    fn with_text_reference(&self) -> Option<String> {
        let start = match (self.kind, self.scheme) {
            ("id", "giai") => "8004/",
            ("id", "ginc") => "401/",
            _ => return None,
        };
        let reference = unescape(self.body.split_once('.')?.1)?;
        Some(format!("{start}{}{}", self.prefix(), escape_url(&reference)))
    }

    /// Pieces of a trade item. Piece and total must be two digits each: other characters, unescaped, could start
    /// another part of the link.
    fn with_pieces(&self) -> Option<String> {
        if !matches!(self.kind, "id" | "idpat") {
            return None;
        }
        let two_digits = |place| self.part(place).filter(|text| text.len() == 2 && is_digits(text));
        let key = format!("8006/{}{}{}", self.led_key(13)?, two_digits(2)?, two_digits(3)?);
        let is_serial = |serial: &&str| self.kind != "idpat" || *serial != "*";
        let serial = self.part(4).filter(is_serial).map(escape_url);
        Some(serial.map_or_else(|| key.clone(), |serial| format!("{key}/21/{serial}")))
    }
}

/// `digits` with their check digit; `None` unless they are `length` digits.
fn keyed(digits: &str, length: usize) -> Option<String> {
    (digits.len() == length && is_digits(digits)).then(|| check_digit::append(digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_has_its_link() {
        for (urn, path) in [
            ("urn:epc:id:sgtin:4012345.011111.987", "01/04012345111118/21/987"),
            ("urn:epc:idpat:sgtin:4012345.011111.*", "01/04012345111118"),
            ("urn:epc:class:lgtin:4012345.012345.Lot987", "01/04012345123456/10/Lot987"),
            ("urn:epc:id:sscc:4012345.1234567890", "00/140123452345678902"),
            ("urn:epc:id:sgln:4012345.11111.0", "414/4012345111118"),
            ("urn:epc:id:sgln:4012345.11111.987", "414/4012345111118/254/987"),
            ("urn:epc:id:pgln:4012345.00000", "417/4012345000009"),
            ("urn:epc:id:grai:4012345.11111.987", "8003/04012345111118987"),
            ("urn:epc:id:grai:4012345.11111.4PX1.", "8003/040123451111184PX1."),
            ("urn:epc:id:sgtin:4012345.011111.9.8.", "01/04012345111118/21/9.8."),
            ("urn:epc:id:giai:4012345.a.b%2Fc", "8004/4012345a.b%2Fc"),
            ("urn:epc:id:gdti:4012345.11111.987", "253/4012345111118987"),
            ("urn:epc:id:sgcn:4012345.11111.987", "255/4012345111118987"),
            ("urn:epc:id:gsrn:4012345.1111111111", "8018/401234511111111115"),
            ("urn:epc:id:ginc:4012345.xyz47%2F11", "401/4012345xyz47%2F11"),
            ("urn:epc:id:gsin:4012345.222222222", "402/40123452222222221"),
            ("urn:epc:id:itip:4012345.011111.01.02.987", "8006/040123451111180102/21/987"),
            ("urn:epc:id:cpi:4012345.5PQ7%2FZ43.12345", "8010/40123455PQ7%2FZ43/8011/12345"),
        ] {
            assert_eq!(digital_link_key(urn), Some(format!("https://id.gs1.org/{path}")), "{urn}");
        }
    }

    #[test]
    fn the_pieces_of_an_itip_cannot_be_mistaken_for_a_serial() {
        for urn in [
            "urn:epc:id:itip:4012345.011111.01.02%2F21%2F987",
            "urn:epc:id:itip:4012345.011111.01.urn:e",
            "urn:epc:id:itip:4012345.011111.1.002.987",
        ] {
            assert_eq!(digital_link_key(urn), None, "{urn}");
        }
    }

    #[test]
    fn what_a_scheme_has_no_place_for_is_not_lost() {
        for urn in [
            "urn:epc:id:sscc:4012345.1234567890.1",
            "urn:epc:id:pgln:4012345.00000.1",
            "urn:epc:id:gsrn:4012345.1111111111.1",
            "urn:epc:id:gsrnp:4012345.1111111111.1",
            "urn:epc:id:gsin:4012345.222222222.1",
        ] {
            assert_eq!(digital_link_key(urn), None, "{urn}");
        }
        let starred = digital_link_key("urn:epc:id:itip:4012345.011111.01.02.*");
        assert_eq!(starred.as_deref(), Some("https://id.gs1.org/8006/040123451111180102/21/%2A"));
    }

    #[test]
    fn a_urn_without_its_last_part_has_no_canonical_link() {
        for urn in [
            "urn:epc:id:sgtin:4012345.011111.",
            "urn:epc:id:cpi:401..",
            "urn:epc:id:grai:4012345.11111.",
            "urn:epc:id:itip:4012345.011111.01.02.",
        ] {
            assert_eq!(digital_link_key(urn), None, "{urn}");
        }
        let asset = digital_link_key("urn:epc:id:giai:4012345.a.");
        assert_eq!(asset.as_deref(), Some("https://id.gs1.org/8004/4012345a."));
    }

    #[test]
    fn links_lose_host_query_and_all_but_the_most_specific_qualifier() {
        for (link, path) in [
            (
                "https://example.org/a/01/4012345000009/22/AB/10/L/21/S?17=1",
                "01/04012345000009/21/S",
            ),
            ("https://example.org/01/04012345000009/10/L", "01/04012345000009/10/L"),
            ("https://example.org/414/4012345000009/254/0", "414/4012345000009"),
        ] {
            assert_eq!(digital_link_key(link), Some(format!("https://id.gs1.org/{path}")));
        }
    }

    #[test]
    fn a_uri_without_a_gs1_key_has_no_canonical_link() {
        for other in
            ["", "urn:uuid:1", "urn:epc:id:gid:1.2.3", "https://example.org/", "urn:epc:id:sgtin:1"]
        {
            assert_eq!(digital_link_key(other), None, "{other}");
        }
    }
}
