//! One key for one thing, however its URI is spelled.
//!
//! What holds: two URIs of one GS1 key have the same [`thing_key`], whatever the length of the company prefix in
//! them, the host of a link, the order of its parts, its attributes and escapes, and the case of what stands before the key;
//! a tag URI has the key of its pure identity, and bits in a link that of what they encode; a URI without a GS1 key is its
//! own key; the key of a key is itself.
//!
//! Not here: whether the company prefix is licensed to anybody (`directory`), which URIs are refused
//! ([`crate::uri_kind`]).
//!
//! Sources: GS1 General Specifications section 1.4.3 (company prefix); TDS 2.3 section 6.3; GS1 Digital Link URI syntax 1.4.

use std::borrow::Cow;

use crate::canonical::{digital_link_key, key_of_link};
use crate::digital_link::DigitalLink;
use crate::identity::Epc;
use crate::parse::{Address, parse_digital_link};
use crate::plain::Plain;
use crate::tag::TagEpc;
use crate::text::escape_url;

/// The key under which a thing or a class is indexed and compared.
///
/// - For a GS1 key in any spelling: its canonical Digital Link ([`digital_link_key`]). A consumer product variant stays
///   part of the key of a class, since what is said of one variant is not said of all.
/// - For another identity of TDS, such as a GID: its pure identity URN.
/// - For any other URI, and for a link whose serial or lot stands among its attributes: the URI itself.
///
/// ```
/// let one = epc::thing_key("urn:epc:id:sgtin:0614141.112345.400");
/// assert_eq!(one, epc::thing_key("urn:epc:id:sgtin:061414.1112345.400"));
/// assert_eq!(one, epc::thing_key("https://brand.example/01/10614141123459/21/400"));
/// assert_eq!(epc::thing_key("urn:uuid:0"), "urn:uuid:0");
/// ```
#[must_use]
pub fn thing_key(uri: &str) -> String {
    let text = lowered(uri);
    gs1_key(&text).or_else(|| urn_key(&text)).unwrap_or_else(|| uri.to_owned())
}

/// The key that can be read without decoding bits: as [`thing_key`] for URNs of a GS1 key and plain links; any other URI,
/// compressed links and tag URIs among them, is its own. Verifiers of bundles compare names by it (docs/formats/bundle-v2.md).
///
/// ```
/// assert_eq!(epc::written_key("https://x/01/10614141123459/21/4"), epc::thing_key("urn:epc:id:sgtin:0614141.112345.4"));
/// assert_eq!(epc::written_key("https://x/exMBZFlvQMDly-mRqD"), "https://x/exMBZFlvQMDly-mRqD");
/// ```
#[must_use]
pub fn written_key(uri: &str) -> String {
    let text = lowered(uri);
    let has_bits = text.starts_with("urn:epc:tag:")
        || Address::split(&text).is_some_and(|address| address.parts().1.is_empty());
    let key = if has_bits { None } else { gs1_key(&text) };
    key.unwrap_or_else(|| uri.to_owned())
}

/// The key of a text that [`lowered`] gave, if it has a GS1 key.
pub(crate) fn gs1_key(text: &str) -> Option<String> {
    if text.starts_with("urn:epc:tag:") {
        return TagEpc::from_tag_uri(text).ok()?.epc.link().map(|link| key_of_link(&link));
    }
    if text.starts_with("urn:epc:") {
        return digital_link_key(text);
    }
    let link = parse_digital_link(text).ok().filter(DigitalLink::names_a_thing)?;
    with_misplaced(&link).is_none().then(|| class_key(&link))
}

/// The key of a link; that of a class keeps the consumer product variant.
fn class_key(link: &DigitalLink) -> String {
    let key = key_of_link(link);
    let is_whole_class = !["21", "235", "10"].iter().any(|ai| link.qualifier(ai).is_some());
    match link.qualifier("22").filter(|_| is_whole_class) {
        Some(variant) => format!("{key}/22/{}", escape_url(variant)),
        None => key,
    }
}

/// The key of an EPC that has no GS1 key.
fn urn_key(text: &str) -> Option<String> {
    let is_urn = text.starts_with("urn:epc:");
    is_urn.then(|| text.parse::<Epc>().map_or_else(|_| text.to_owned(), |epc| epc.to_uri()))
}

/// The link that was meant by one in which a qualifier that changes its key stands among the attributes; all its
/// qualifiers are in their places then.
pub(crate) fn with_misplaced(link: &DigitalLink) -> Option<DigitalLink> {
    let key = class_key(link);
    let moved = |(ai, value): &(String, String)| link.with_qualifier(ai, value);
    if !link.attributes.iter().filter_map(moved).any(|moved| class_key(&moved) != key) {
        return None;
    }
    let mut right = link.clone();
    for (ai, value) in &link.attributes {
        right = right.with_qualifier(ai, value).unwrap_or(right);
    }
    Some(right)
}

/// The key of the site of a location: that of the location without its extension.
///
/// - `uri`: a location in any spelling; any other URI is its own site.
///
/// ```
/// let door = epc::site_key("urn:epc:id:sgln:4012345.11111.987");
/// assert_eq!(door, epc::site_key("https://brand.example/414/4012345111118"));
/// assert_ne!(door, epc::site_key("https://brand.example/414/4012345222227"));
/// ```
#[must_use]
pub fn site_key(uri: &str) -> String {
    let key = thing_key(uri);
    let is_place = key.starts_with("https://id.gs1.org/414/");
    key.split_once("/254/")
        .filter(|_| is_place)
        .map_or_else(|| key.clone(), |(site, _)| site.to_owned())
}

/// Whether `uri` has a GS1 key, in any spelling that [`thing_key`] knows.
///
/// ```
/// assert!(epc::has_gs1_key("URN:EPC:id:sgtin:0614141.112345.400"));
/// assert!(!epc::has_gs1_key("https://brand.example/gtin/10614141123459/ser/400"));
/// ```
#[must_use]
pub fn has_gs1_key(uri: &str) -> bool {
    gs1_thing_key(uri).is_some()
}

/// The [`thing_key`] of a URI that has a GS1 key; `None` of any other.
///
/// ```
/// let link = epc::gs1_thing_key("urn:epc:id:sgtin:0614141.112345.400");
/// assert_eq!(link.as_deref(), Some("https://id.gs1.org/01/10614141123459/21/400"));
/// assert_eq!(epc::gs1_thing_key("urn:epc:id:gid:1.2.3"), None);
/// ```
#[must_use]
pub fn gs1_thing_key(uri: &str) -> Option<String> {
    gs1_key(&lowered(uri))
}

/// `uri` with what stands before its key in small letters: `https:`, or `urn:epc:id:sgtin:`. RFC 3986 and RFC 8141
/// have them equal, for the names of EPC schemes it does no harm.
pub(crate) fn lowered(uri: &str) -> Cow<'_, str> {
    let is_urn = uri.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("urn:epc:"));
    let mut colons = (0..).zip(uri.bytes()).filter(|(_, byte)| *byte == b':');
    let end = colons.nth(if is_urn { 3 } else { 0 }).map_or(0, |(place, _)| place);
    let (start, rest) = uri.split_at(end);
    if start.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(start.to_ascii_lowercase() + rest)
    } else {
        Cow::Borrowed(uri)
    }
}

/// The digits of a GS1 key in which the company prefix comes first: without AI, indicator or extension digit, and
/// without the check digit. Of a key with a text reference, the digits before the text.
///
/// `None` if `uri` has no GS1 key.
///
/// ```
/// assert_eq!(epc::licence_digits("urn:epc:id:sgtin:9521141.012345.602").as_deref(), Some("952114112345"));
/// assert_eq!(epc::licence_digits("urn:epc:id:giai:4012345.77a").as_deref(), Some("401234577"));
/// assert_eq!(epc::licence_digits("urn:epc:id:gid:1.2.3"), None);
/// ```
#[must_use]
pub fn licence_digits(uri: &str) -> Option<String> {
    match Plain::read(uri) {
        Some(plain) => Some(plain.licence_digits()),
        None => digits_of_link(&gs1_key(&lowered(uri))?),
    }
}

/// As [`licence_digits`], of a canonical link.
pub(crate) fn digits_of_link(link: &str) -> Option<String> {
    let link = parse_digital_link(link).ok()?;
    let key = link.value.as_str();
    let digits = match link.primary.as_str() {
        "01" | "8006" | "8003" => key.get(1..13),
        "00" => key.get(1..17),
        "414" | "417" | "253" | "255" => key.get(..12),
        "8017" | "8018" => key.get(..17),
        "402" => key.get(..16),
        "8004" | "401" | "8010" => {
            let end = key.find(|found: char| !found.is_ascii_digit()).unwrap_or(key.len());
            key.get(..end)
        }
        _ => None,
    }?;
    (digits.len() >= 4).then(|| digits.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_company_prefix_comes_first_in_the_licence_digits_of_every_scheme() {
        for (urn, digits) in [
            ("urn:epc:id:sgtin:4012345.011111.987", "401234511111"),
            ("urn:epc:class:lgtin:4012345.912345.Lot987", "401234512345"),
            ("urn:epc:idpat:sgtin:4012345.011111.*", "401234511111"),
            ("urn:epc:id:sscc:4012345.1234567890", "4012345234567890"),
            ("urn:epc:id:sgln:4012345.11111.987", "401234511111"),
            ("urn:epc:id:pgln:4012345.00000", "401234500000"),
            ("urn:epc:id:grai:4012345.11111.987", "401234511111"),
            ("urn:epc:id:giai:4012345.a.b%2Fc", "4012345"),
            ("urn:epc:id:gdti:4012345.11111.987", "401234511111"),
            ("urn:epc:id:sgcn:4012345.11111.987", "401234511111"),
            ("urn:epc:id:gsrn:4012345.1111111111", "40123451111111111"),
            ("urn:epc:id:ginc:4012345.xyz47%2F11", "4012345"),
            ("urn:epc:id:gsin:4012345.222222222", "4012345222222222"),
            ("urn:epc:id:itip:4012345.011111.01.02.987", "401234511111"),
            ("urn:epc:id:cpi:4012345.5PQ7%2FZ43.12345", "40123455"),
        ] {
            assert_eq!(licence_digits(urn).as_deref(), Some(digits), "{urn}");
        }
        for other in ["", "urn:uuid:1", "urn:epc:id:gid:1.2.3", "https://example.org/"] {
            assert_eq!(licence_digits(other), None, "{other}");
        }
    }

    #[test]
    fn capitals_before_the_key_name_the_same_thing_and_capitals_in_it_another() {
        let one = "urn:epc:id:sgtin:9521141.012345.a1";
        for same in [
            "URN:EPC:ID:SGTIN:9521141.012345.a1",
            "urn:EPC:id:sgtin:9521141.012345.a1",
            "HTTPS://BRAND.EXAMPLE/01/09521141123454/21/a1",
            "Http://brand.example:80/01/9521141123454/21/a1",
        ] {
            assert_eq!(thing_key(same), thing_key(one), "{same}");
            assert_eq!(licence_digits(same), licence_digits(one), "{same}");
        }
        assert_ne!(thing_key("urn:epc:id:sgtin:9521141.012345.A1"), thing_key(one));
        for other in ["URN:UUID:0", "Ä:x", "urn:epc:Ä", "URN:EPC:", ":", "URN:EPC:ID:"] {
            assert_eq!(thing_key(other), other);
        }
    }

    #[test]
    fn an_item_its_lot_its_class_a_variant_and_another_case_are_different_things() {
        let of = |path: &str| thing_key(&format!("https://brand.example/01/04012345123456{path}"));
        let paths =
            ["", "/21/a", "/21/A", "/10/a", "/22/a", "/22/b", "/235/a", "/10/A", "?21=a", "?10=a"];
        let keys: std::collections::BTreeSet<String> = paths.map(of).into();
        assert_eq!(keys.len(), paths.len(), "{keys:?}");
        assert_eq!(of("/22/a/10/b"), of("/10/b"), "a lot is one of the trade item");
        assert_eq!(of("/22/a/10/b/21/c?17=271231&10=x"), of("/21/c"));
        assert!(!has_gs1_key("https://brand.example/01/04012345123456?21=a"));
    }

    #[test]
    fn locations_of_other_numbers_are_other_sites_in_every_spelling() {
        let site = site_key("urn:epc:id:sgln:4012345.11111.0");
        for same in
            ["urn:epc:id:sgln:401234.511111.9%2F8", "https://id.gs1.org/414/4012345111118/254/9"]
        {
            assert_eq!(site_key(same), site, "{same}");
        }
        for other in
            ["https://id.gs1.org/414/4012345222227", "urn:epc:id:pgln:4012345.11111", "urn:uuid:0"]
        {
            assert_ne!(site_key(other), site, "{other}");
        }
        assert_eq!(
            site_key("https://brand.example/halls/254/7"),
            "https://brand.example/halls/254/7"
        );
    }

    #[test]
    fn every_split_of_a_key_has_one_thing_key() {
        let of = |prefix: &str, reference: &str| {
            thing_key(&format!("urn:epc:id:sgtin:{prefix}.{reference}.602"))
        };
        let whole = "https://id.gs1.org/01/09521141123454/21/602";
        for (prefix, reference) in [
            ("952114", "0112345"),
            ("9521141", "012345"),
            ("95211411", "02345"),
            ("952114112345", "0"),
        ] {
            assert_eq!(of(prefix, reference), whole, "{prefix}");
        }
        assert_eq!(thing_key("https://example.org/x/01/09521141123454/10/L/21/602?17=1"), whole);
    }
}
