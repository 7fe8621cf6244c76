//! What a URI from outside names: an item, a class, a place, a party, or something without a GS1 key.
//!
//! The way through: [`check_uri`] reads URNs by the rules of their scheme and links by the rules of their key.
//!
//! What holds: every spelling that names one thing gives the same [`UriKind`]; a URI that looks like a GS1 key but breaks
//! its rules is an error and never "something else"; a link whose serial, lot, variant or extension stands among its
//! attributes is refused, because whoever reads the path only reads another thing.
//!
//! Not here: one key for all spellings ([`crate::thing_key`]).
//!
//! Sources: TDS 2.3 section 6; GS1 Digital Link URI syntax 1.4 sections 4.9 (qualifiers) and 4.10 (attributes), and its
//! change of 1.3 (no short names); CBV 2.0 section 8.

use crate::canonical::digital_link_key;
use crate::class::EpcClass;
use crate::digital_link::{DigitalLink, PAYMENT_SLIP, is_surely_key};
use crate::error::{EpcError, cut, field, uri};
use crate::identity::Epc;
use crate::parse::{Address, decode, parse_digital_link};
use crate::plain::{Kind, Plain};
use crate::scheme::Scheme;
use crate::tag::TagEpc;
use crate::text::is_digits;
use crate::thing::{lowered, with_misplaced};

/// What a URI names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UriKind {
    /// One object: a key with a serial, or a key that is given once (SSCC, GIAI, GSRN).
    Item,
    /// A class of objects: a key without serial, or with a lot.
    Class,
    /// A place: GLN with or without extension.
    Place,
    /// A party: GLN of a party.
    Party,
    /// A URI without a GS1 key, such as `urn:uuid:…`, or a link of a host that uses other paths.
    Other,
}

/// Checks a URI that may have a GS1 key, and says what it names.
///
/// - `text`: an absolute URI: a pure identity, tag, class or pattern URN, a GS1 Digital Link on any host, plain or
///   compressed, or any other URI.
///
/// ```
/// use epc::{UriKind, check_uri};
/// assert_eq!(check_uri("urn:epc:id:sgtin:0614141.112345.400")?, UriKind::Item);
/// assert_eq!(check_uri("https://brand.example/01/10614141123459/10/L1")?, UriKind::Class);
/// assert_eq!(check_uri("https://brand.example/about")?, UriKind::Other);
/// assert!(check_uri("https://id.gs1.org/01/10614141123458/21/400").is_err());
/// # Ok::<(), epc::EpcError>(())
/// ```
///
/// # Errors
///
/// [`EpcError`] if `text` names a GS1 key and breaks its rules: a wrong check digit or an unreadable link with the shape of
/// a key on any host, anything else that is wrong on the host id.gs1.org, or a malformed URN of a scheme of TDS;
/// [`EpcError::Spelling`], with the right link, for short names, for qualifiers among the attributes, and for numbers
/// of identifiers that are escaped (`%30%31`).
pub fn check_uri(text: &str) -> Result<UriKind, EpcError> {
    if let Some(plain) = Plain::read(text) {
        return Ok(kind_of_plain(plain.kind()));
    }
    let text = &*lowered(text);
    if let Some(rest) = text.strip_prefix("urn:epc:") {
        return check_urn(text, rest);
    }
    let link = match parse_digital_link(text) {
        Ok(link) => link,
        Err(error) => return refuse_if_meant(text, error),
    };
    link.check_values()?;
    let address = Address::split(text);
    if let Some(right) = address.as_ref().and_then(with_plain_attributes) {
        return Err(spelling(text, &right));
    }
    let Some(right) = with_misplaced(&link) else { return Ok(kind_of_link(&link)) };
    let place = address.as_ref().map_or("id.gs1.org".to_owned(), place_of);
    Err(spelling(text, &right.to_uri(&place)))
}

/// What a plain URN names.
pub(crate) fn kind_of_plain(kind: Kind) -> UriKind {
    match kind {
        Kind::Sgtin | Kind::Sscc => UriKind::Item,
        Kind::Sgln => UriKind::Place,
        Kind::Pgln => UriKind::Party,
    }
}

fn spelling(got: &str, right: &str) -> EpcError {
    EpcError::Spelling { uri: cut(got), right: right.chars().take(256).collect() }
}

/// Host and path of a link up to its key.
fn place_of(address: &Address<'_>) -> String {
    let (before, pairs) = address.parts();
    let before = if pairs.is_empty() { &[][..] } else { before };
    [&[address.host], before].concat().join("/")
}

/// Checks `urn:epc:` and `rest`.
pub(crate) fn check_urn(text: &str, rest: &str) -> Result<UriKind, EpcError> {
    const FORM: &str = "a URN of a GS1 key as TDS section 6 has it";
    let mut parts = rest.splitn(3, ':');
    let (kind, scheme) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let body = parts.next().unwrap_or_default();
    let link_of = |epc: Epc| epc.link().map_or(UriKind::Item, |link| kind_of_link(&link));
    match (kind, scheme) {
        ("tag", _) => return Ok(link_of(TagEpc::from_tag_uri(text)?.epc)),
        ("id", name) if Scheme::from_name(name).is_some() => {
            return Ok(link_of(Epc::from_uri(text)?));
        }
        ("id", "bic" | "imovn") => return Ok(UriKind::Item),
        ("class", "lgtin") => return EpcClass::from_uri(text).map(|_| UriKind::Class),
        ("idpat", "gid" | "adi") => return Ok(UriKind::Class),
        ("id" | "class" | "idpat", _) => {}
        _ => return Ok(UriKind::Other),
    }
    let prefix = body.split('.').next().unwrap_or_default();
    if !is_digits(prefix) || !(6..=12).contains(&prefix.len()) {
        return Err(field("company prefix", prefix, "6 to 12 digits"));
    }
    let key = digital_link_key(text).ok_or_else(|| uri(text, FORM))?;
    parse_digital_link(&key).map(|link| kind_of_link(&link))
}

/// What a link that was not read with `error` is: something else, or a key that was meant.
fn refuse_if_meant(text: &str, error: EpcError) -> Result<UriKind, EpcError> {
    let Some(address) = Address::split(text) else { return Ok(UriKind::Other) };
    if let Some(right) = with_plain_numbers(&address) {
        return Err(spelling(text, &right));
    }
    let host = address.host.rsplit('@').next().unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    let is_checked = matches!(error, EpcError::CheckDigit { .. });
    if is_checked || host.eq_ignore_ascii_case("id.gs1.org") || has_key(&address) {
        return Err(error);
    }
    Ok(UriKind::Other)
}

/// Whether two segments side by side can only be meant as a key.
fn has_key(address: &Address<'_>) -> bool {
    address.segments.windows(2).any(|pair| {
        let [ai, value] = pair else { return false };
        let value = decode(value).unwrap_or_default();
        let is_gtin = is_digits(&value) && (8..=14).contains(&value.len());
        (matches!(*ai, "01" | "gtin") && is_gtin) || is_surely_key(ai, &value)
    })
}

/// The short names that links had before version 1.3, with their numbers.
const SHORT_NAMES: [(&str, &str); 20] = [
    ("sscc", "00"),
    ("gtin", "01"),
    ("lot", "10"),
    ("ser", "21"),
    ("cpv", "22"),
    ("gdti", "253"),
    ("glnx", "254"),
    ("gcn", "255"),
    ("ginc", "401"),
    ("gsin", "402"),
    ("gln", "414"),
    ("party", "417"),
    ("grai", "8003"),
    ("giai", "8004"),
    ("itip", "8006"),
    ("cpid", "8010"),
    ("cpsn", "8011"),
    ("gsrnp", "8017"),
    ("gsrn", "8018"),
    ("srin", "8019"),
];

/// The link with numbers instead of short names and of escaped numbers (`%30%31`), if that is a link with a key.
fn with_plain_numbers(address: &Address<'_>) -> Option<String> {
    let number = |name: &str| {
        let plain = decode(name).ok()?.to_ascii_lowercase();
        let short = SHORT_NAMES.iter().find(|(short, _)| *short == plain);
        let escaped = name.contains('%') && is_digits(&plain);
        short.map(|(_, number)| (*number).to_owned()).or(escaped.then_some(plain))
    };
    let odd = address.segments.len() % 2;
    let begin = (odd..address.segments.len())
        .step_by(2)
        .find(|place| address.segments.get(*place).is_some_and(|name| number(name).is_some()))?;
    let (before, after) = address.segments.split_at_checked(begin)?;
    let mut path: Vec<String> = before.iter().map(|part| (*part).to_owned()).collect();
    for pair in after.chunks_exact(2) {
        let [name, value] = pair else { return None };
        path.extend([number(name).unwrap_or((*name).to_owned()), (*value).to_owned()]);
    }
    let query = if address.query.is_empty() { "" } else { "?" };
    let right = format!("https://{}/{}{query}{}", address.host, path.join("/"), address.query);
    parse_digital_link(&right).is_ok().then_some(right)
}

/// The link with plain numbers where names of attributes are escaped (`?%32%31=S`); `None` if none is.
fn with_plain_attributes(address: &Address<'_>) -> Option<String> {
    let plain =
        |name: &str| decode(name).ok().filter(|plain| name.contains('%') && is_digits(plain));
    let pairs =
        address.query.split(['&', ';']).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    if !pairs.clone().any(|(name, _)| plain(name).is_some()) {
        return None;
    }
    let pairs =
        pairs.map(|(name, value)| format!("{}={value}", plain(name).as_deref().unwrap_or(name)));
    let query = pairs.collect::<Vec<_>>().join("&");
    Some(format!("https://{}/{}?{query}", address.host, address.segments.join("/")))
}

/// What a valid link names.
fn kind_of_link(link: &DigitalLink) -> UriKind {
    let has = |ai| link.qualifier(ai).is_some();
    let is_item = match link.primary.as_str() {
        "414" => return UriKind::Place,
        "417" => return UriKind::Party,
        PAYMENT_SLIP => return UriKind::Other,
        "01" => has("21") || has("235"),
        "8006" => has("21"),
        "8010" => has("8011"),
        "253" | "255" => link.value.len() > 13,
        "8003" => link.value.len() > 14,
        "8013" => false,
        _ => true,
    };
    if is_item { UriKind::Item } else { UriKind::Class }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_thing_has_its_kind() {
        for (text, kind) in [
            ("urn:epc:id:sgtin:0614141.112345.400", UriKind::Item),
            ("urn:epc:tag:sgtin-96:3.0614141.112345.400", UriKind::Item),
            ("urn:epc:tag:sgln-96:3.0614141.12345.400", UriKind::Place),
            ("https://id.gs1.org/01/10614141123459/21/400", UriKind::Item),
            ("https://example.com/exMBZFlvQMDly-mRqD", UriKind::Item),
            ("urn:epc:class:lgtin:4012345.012345.L1", UriKind::Class),
            ("urn:epc:idpat:sgtin:4012345.012345.*", UriKind::Class),
            ("https://id.gs1.org/01/04012345123456", UriKind::Class),
            ("https://id.gs1.org/01/04012345123456/22/2A", UriKind::Class),
            ("https://id.gs1.org/01/04012345123456/21/1?10=L1&17=271231", UriKind::Item),
            ("urn:epc:id:sgln:4012345.11111.0", UriKind::Place),
            ("https://id.gs1.org/414/4012345111118/254/7", UriKind::Place),
            ("urn:epc:id:pgln:4012345.00000", UriKind::Party),
            ("urn:epc:id:upui:4012345.011111.T", UriKind::Item),
            ("urn:epc:id:gid:1.2.3", UriKind::Item),
            ("urn:epc:id:bic:CSQU3054383", UriKind::Item),
            ("urn:epc:raw:96.x3", UriKind::Other),
            ("urn:uuid:0", UriKind::Other),
            ("https://example.org/people/01", UriKind::Other),
            ("https://example.org/pallets/01/7", UriKind::Other),
            ("https://example.org/party/hall", UriKind::Other),
            ("https://example.org/examples", UriKind::Other),
            ("", UriKind::Other),
        ] {
            assert_eq!(check_uri(text).ok(), Some(kind), "{text}: {:?}", check_uri(text));
        }
    }

    #[test]
    fn a_key_that_is_meant_and_cannot_be_read_is_refused_on_every_host() {
        for text in [
            "urn:epc:id:sgtin:9521141.12345.1",
            "urn:epc:id:sgtin:9521141.012345",
            "URN:EPC:ID:SGTIN:9521141.012345.",
            "urn:epc:id:sgtin:9521141.012345.123456789012345678901",
            "urn:epc:id:sgtn:9521141.012345.1",
            "urn:epc:id:gid:1.2",
            "urn:epc:id:sscc:4012345.1234567890.1",
            "urn:epc:id:upui:40123.01111111.T",
            "urn:epc:class:lgtin:9521141.012345",
            "urn:epc:idpat:sgtin:9521141.*.*",
            "urn:epc:tag:sgtin-96:9.9521141.012345.1",
            "https://brand.example/01/09521141123454/21/1/10/L1",
            "https://brand.example/01/09521141123454/21/1/about",
            "https://brand.example/01/09521141123454/21/1?10=%zz",
            "HTTPS://brand.example/01/09521141123455/21/1",
            "https://brand.example/00/140123452345678902/x/1",
            "https://brand.example/414/4012345111119",
            "https://id.gs1.org/products/7",
            "http://ID.GS1.ORG:80/about",
            "https://a@id.gs1.org/about",
            "https://brand.example/8013/1987654Ad4X4bL5ttr2310c2X",
            "https://brand.example/8006/040123451111180302/21/987",
        ] {
            let error = check_uri(text).expect_err(text).to_string();
            assert!(error.starts_with("got ") && error.contains("expected "), "{text}: {error}");
        }
    }

    #[test]
    fn a_link_that_hides_a_part_of_its_key_is_refused_with_the_right_link() {
        for (text, right) in [
            (
                "https://id.gs1.org/01/04012345123456?21=S",
                "https://id.gs1.org/01/04012345123456/21/S",
            ),
            (
                "HTTPS://brand.example/a/01/4012345123456/10/L?17=271231&21=S%2F1",
                "https://brand.example/a/01/04012345123456/10/L/21/S%2F1?17=271231",
            ),
            (
                "https://brand.example/01/04012345123456?21=S&10=L&22=V",
                "https://brand.example/01/04012345123456/22/V/10/L/21/S",
            ),
            ("https://x/01/04012345123456?10=L", "https://x/01/04012345123456/10/L"),
            ("https://x/01/04012345123456?235=T", "https://x/01/04012345123456/235/T"),
            ("https://x/414/4012345111118?254=7", "https://x/414/4012345111118/254/7"),
            ("https://x/8010/4012345AB?8011=7", "https://x/8010/4012345AB/8011/7"),
            ("https://x/8006/040123451111180102?21=7", "https://x/8006/040123451111180102/21/7"),
            ("https://x/gtin/04012345123456/ser/7", "https://x/01/04012345123456/21/7"),
            (
                "https://id.gs1.org/a/gtin/04012345123456/lot/L/ser/7?17=1",
                "https://id.gs1.org/a/01/04012345123456/10/L/21/7?17=1",
            ),
            ("https://x/gln/4012345111118/glnx/7", "https://x/414/4012345111118/254/7"),
            ("https://x/SSCC/140123452345678902", "https://x/00/140123452345678902"),
            ("https://x/%30%31/04012345123456/21/7", "https://x/01/04012345123456/21/7"),
            ("https://x/a/0%31/04012345123456/%321/7", "https://x/a/01/04012345123456/21/7"),
            ("https://x/01/04012345123456/%32%31/7", "https://x/01/04012345123456/21/7"),
            ("https://x/%67tin/04012345123456/21/7", "https://x/01/04012345123456/21/7"),
            (
                "https://x/01/04012345123456/21/7?%31%37=271231&a=b",
                "https://x/01/04012345123456/21/7?17=271231&a=b",
            ),
        ] {
            let found = check_uri(text);
            assert!(
                matches!(&found, Err(EpcError::Spelling { right: got, .. }) if got == right),
                "{text}: {found:?}"
            );
            assert!(check_uri(right).is_ok(), "{right}");
        }
    }

    #[test]
    fn a_serial_under_an_escaped_name_is_refused() {
        let error = check_uri("https://x/01/04012345123456?%32%31=S").unwrap_err().to_string();
        assert!(error.ends_with("expected `https://x/01/04012345123456?21=S`"), "{error}");
    }
}
