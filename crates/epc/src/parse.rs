//! Parses Digital Links and the text forms of identities.
//!
//! The way through: [`parse_digital_link`] finds the key in the path and checks the parts; without a key it tries
//! the last segment as a compressed link. [`Epc`] is parsed from a URN, a tag URI or a Digital Link.
//!
//! What holds: whatever host and path prefix a link has, the same key gives the same [`DigitalLink`].
//!
//! Not here: rules for keys ([`crate::digital_link`]), rules for identities ([`crate::scheme`]), the bits inside
//! a compressed link ([`crate::compressed`]).
//!
//! Source: GS1 Digital Link URI syntax 1.4.

use std::str::FromStr;

use crate::compressed;
use crate::digital_link::{DigitalLink, PAYMENT_SLIP, is_key};
use crate::error::{EpcError, field, uri};
use crate::identity::Epc;
use crate::prefix_length::PrefixLength;
use crate::tag::TagEpc;
use crate::text::{is_digits, unescape};

/// Parses a GS1 Digital Link URI on any host and below any path, plain or compressed (`/eh…`, `/ex…`).
///
/// - `text`: starts with `https://` or `http://`. A GTIN of 8, 12 or 13 digits is extended to 14. A fragment,
///   and attributes whose names are not numeric, are dropped.
///
/// # Errors
///
/// [`EpcError::Uri`] if `text` is not a URI with a GS1 key, [`EpcError::CheckDigit`] or [`EpcError::Field`] if a
/// key or qualifier breaks its rules; any variant if the bits of a compressed link cannot be decoded.
pub fn parse_digital_link(text: &str) -> Result<DigitalLink, EpcError> {
    let not_a_link = || uri(text, "https://HOST/…/01/GTIN/21/SERIAL or another GS1 key");
    let address = Address::split(text).ok_or_else(not_a_link)?;
    let attributes = attributes(address.query)?;
    let (_, pairs) = address.parts();
    let mut pairs = pairs.into_iter();
    let Some((primary, value)) = pairs.next() else {
        let last = address.segments.last().copied().unwrap_or_default();
        let mut link = compressed::read_segment(last).ok_or_else(not_a_link)??;
        link.attributes.extend(attributes);
        return Ok(link);
    };
    let mut value = decode(value)?;
    if primary == "01" && is_digits(&value) && [8, 12, 13].contains(&value.len()) {
        value = format!("{value:0>14}");
    }
    let qualifiers = pairs
        .map(|(ai, value)| Ok((ai.to_owned(), decode(value)?)))
        .collect::<Result<_, EpcError>>()?;
    let link = DigitalLink { primary: primary.to_owned(), value, qualifiers, attributes };
    link.check()?;
    Ok(link)
}

/// The address of a link, divided at its separators and not decoded.
pub(crate) struct Address<'a> {
    /// As written, with user and port.
    pub host: &'a str,
    /// Segments of the path, without slashes at its end.
    pub segments: Vec<&'a str>,
    /// Without its question mark; empty if there is none.
    pub query: &'a str,
}

impl<'a> Address<'a> {
    /// Divides `text`; `None` if it is no address of the web with a host and a path.
    pub fn split(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
        let rest = rest.split('#').next().unwrap_or_default();
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (host, path) = path.split_once('/')?;
        let segments = path.trim_end_matches('/').split('/').collect();
        (!host.is_empty()).then_some(Self { host, segments, query })
    }

    /// The segments before the key, then key and qualifiers, of which the first is the key; no pairs if there is no key.
    ///
    /// Key and qualifiers come in pairs and end the path, so the key is at an even distance from its end. A path prefix may
    /// contain the number of a key as well; the first pair that has one is taken, one of a payment slip only if no other key is there:
    /// it names no thing, so that a path with a 415 before another key names what it always named.
    pub fn parts(&self) -> (&[&'a str], Vec<(&'a str, &'a str)>) {
        let odd = self.segments.len() % 2;
        let places = (odd..self.segments.len()).step_by(2);
        let at = |place: &usize| self.segments.get(*place).copied().unwrap_or_default();
        let is_thing = |place: &usize| at(place) != PAYMENT_SLIP && is_key(at(place));
        let is_slip = |place: &usize| at(place) == PAYMENT_SLIP;
        let begin = places.clone().find(is_thing).or_else(|| places.clone().find(is_slip));
        let begin = begin.unwrap_or(self.segments.len());
        let (before, after) = self.segments.split_at_checked(begin).unwrap_or_default();
        let pairs = after.chunks_exact(2).filter_map(|pair| Some((*pair.first()?, *pair.get(1)?)));
        (before, pairs.collect())
    }
}

/// The attributes of a query string whose names are numeric.
fn attributes(query: &str) -> Result<Vec<(String, String)>, EpcError> {
    query
        .split(['&', ';'])
        .filter_map(|pair| pair.split_once('='))
        .filter(|(name, _)| is_digits(name))
        .map(|(name, value)| Ok((name.to_owned(), decode(value)?)))
        .collect()
}

/// Decodes the `%XX` escapes of one part of a link.
pub(crate) fn decode(part: &str) -> Result<String, EpcError> {
    unescape(part).ok_or_else(|| field("link", part, "ASCII with whole %XX escapes"))
}

impl Epc {
    /// Parses a GS1 Digital Link URI as an identity.
    ///
    /// - `lengths`: lengths of company prefixes; the key in a link does not state them.
    ///
    /// # Errors
    ///
    /// As [`parse_digital_link`] and [`DigitalLink::to_epc`].
    pub fn from_digital_link(text: &str, lengths: &dyn PrefixLength) -> Result<Self, EpcError> {
        parse_digital_link(text)?.to_epc(lengths)
    }
}

impl FromStr for Epc {
    type Err = EpcError;

    /// Parses `urn:epc:id:…`, or `urn:epc:tag:…`, of which filter and encoding are dropped.
    fn from_str(text: &str) -> Result<Self, EpcError> {
        if text.starts_with("urn:epc:tag:") {
            return TagEpc::from_tag_uri(text).map(|tag| tag.epc);
        }
        Self::from_uri(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PrefixTable;

    #[test]
    fn links_on_any_host_and_path_are_read() {
        for text in [
            "https://id.gs1.org/01/10614141123459/21/400",
            "http://brand.example/some/path/01/10614141123459/10/L1/21/400?17=270531&utm=x",
            "https://brand.example/01/10614141123459/21/400/",
        ] {
            let link = parse_digital_link(text).unwrap();
            assert_eq!((link.primary.as_str(), link.value.as_str()), ("01", "10614141123459"));
            assert_eq!(link.qualifier("21"), Some("400"), "{text}");
        }
        assert_eq!(
            parse_digital_link("https://x/01/4012345000009").unwrap().value,
            "04012345000009"
        );
    }

    #[test]
    fn a_payment_slip_has_a_reference_and_names_no_thing() {
        let slip = "https://brand.example/415/4012345000009/8020/INV%2F2026-0000000000000017";
        let link = parse_digital_link(slip).unwrap();
        assert_eq!((link.primary.as_str(), link.value.as_str()), ("415", "4012345000009"));
        assert_eq!(link.qualifier("8020"), Some("INV/2026-0000000000000017"));
        assert_eq!(link.to_uri("brand.example"), slip);
        assert!(link.to_epc(&PrefixTable::new(["4012345"])).is_err());
        assert_eq!(crate::thing_key(slip), slip);
        assert_eq!((crate::has_gs1_key(slip), crate::licence_digits(slip)), (false, None));
        assert_eq!(crate::check_uri(slip), Ok(crate::UriKind::Other));
        for wrong in [
            "/415/4012345000009",
            "/415/4012345000008/8020/INV",
            "/415/4012345000009/8020/INV-2026-00000000000000178",
            "/415/4012345000009/254/7",
            "/415/4012345000009?8020=INV",
            "/414/4012345000009/8020/INV",
        ] {
            for host in ["id.gs1.org", "brand.example"] {
                let text = format!("https://{host}{wrong}");
                assert!(parse_digital_link(&text).is_err(), "{text}");
                assert!(crate::check_uri(&text).is_err(), "{text}");
            }
        }
        let item =
            parse_digital_link("https://x/415/4012345000009/01/10614141123459/21/4").unwrap();
        assert_eq!(item.primary, "01", "a path before another key names what it always named");
    }

    #[test]
    fn the_error_for_a_malformed_link_names_the_value_and_what_was_expected() {
        let long = format!("https://x/01/10614141123459/21/{}", "9".repeat(4096));
        for text in [
            "",
            "ftp://x/01/10614141123459",
            "https:///01/10614141123459",
            "https://x/01/10614141123458",
            "https://x/01/1061414112345",
            "https://x/01/10614141123459/21/1/10/L",
            "https://x/01/10614141123459/21/",
            "https://x/01/10614141123459/21/%zz",
            "https://x/01/10614141123459/21/é",
            "https://x/gtin/10614141123459",
            &long,
        ] {
            let error = parse_digital_link(text).unwrap_err().to_string();
            assert!(error.starts_with("got ") && error.contains("expected "), "{text}: {error}");
            assert!(error.len() < 400, "{text}: {error}");
        }
    }

    #[test]
    fn a_link_becomes_an_identity_where_the_prefix_is_known() {
        let table = PrefixTable::new(["0614141", "95211410"]);
        for uri in [
            "urn:epc:id:sgtin:0614141.112345.400",
            "urn:epc:id:sgtin:0614141.112345.32a%2Fb",
            "urn:epc:id:sscc:0614141.1234567890",
            "urn:epc:id:sgln:0614141.12345.400",
            "urn:epc:id:sgln:0614141.12345.0",
            "urn:epc:id:grai:0614141.12345.400",
            "urn:epc:id:giai:0614141.12345400",
            "urn:epc:id:gsrn:0614141.1234567890",
            "urn:epc:id:gsrnp:0614141.1234567890",
            "urn:epc:id:gdti:0614141.12345.006847",
            "urn:epc:id:cpi:0614141.5PQ7%2FZ43.12345",
            "urn:epc:id:sgcn:0614141.67890.04711",
            "urn:epc:id:itip:0614141.012345.04.04.32a%2Fb",
        ] {
            let epc: Epc = uri.parse().unwrap();
            assert_eq!(Epc::from_digital_link(&epc.to_digital_link(), &table).unwrap(), epc);
        }
        let foreign = "https://id.gs1.org/01/04012345000009/21/1";
        assert!(Epc::from_digital_link(foreign, &table).is_err());
    }

    #[test]
    fn keys_have_the_lengths_of_the_dictionary() {
        for (path, is_valid) in [
            ("8006/040123451111180102/21/987", true),
            ("8006/04012345111118/21/987", false),
            ("8006/0401234511111801021", false),
            ("255/4012345111118987", true),
            ("255/40123451111189a7", false),
            ("255/40123451111181234567890123", false),
            ("8003/040123451111181234567890123456", true),
            ("8003/0401234511111812345678901234567", false),
            ("253/401234511111812345678901234567", true),
            ("253/4012345111118123456789012345678", false),
            ("8010/4012345AB%2F1/8011/12", true),
            ("8010/4012345ab", false),
            ("8010/4012345AB/8011/012", false),
            ("414/4012345111118/7040/1ABC", true),
            ("414/4012345111118/254/1/7040/1ABC", false),
            ("01/04012345111118/235/AB", true),
            ("01/04012345111118/21/1/235/AB", false),
            ("8018/401234511111111115/8019/12", true),
            ("8018/401234511111111115/8019/A", false),
        ] {
            let text = format!("https://id.gs1.org/{path}");
            let read = parse_digital_link(&text);
            assert_eq!(read.is_ok(), is_valid, "{path}: {read:?}");
            if let Ok(link) = read {
                assert_eq!(link.to_uri("id.gs1.org"), text);
            }
        }
    }
}
