//! GS1 keys as partners write them: whether a URN divides its key as the licence of its company prefix does.
//!
//! What holds: pure; a URN of a key under no licence is never wrong here, and what is no URN has no split; a tag URI is
//! divided as its pure identity is.
//!
//! Not here: which URIs have a key that can be read ([`epc::check_uri`]), who is licensed (`directory`), what follows for
//! the verdict (`history`).
//!
//! Source: TDS 2.3 section 6.3; GS1 General Specifications section 1.4.3.

use directory::Rights;
use epc::licence_digits;
use epcis::Event;
use jiff::Timestamp;
use ledger::json::Json;

/// Fewest digits of a company prefix in a URN: a shorter prefix is a block of prefixes of six digits.
const SHORTEST: usize = 6;

/// A URN that divides its key otherwise than its licence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The URN.
    pub got: String,
    /// The URN of the same key with the licensed prefix.
    pub right: String,
}

/// The company prefix under which `uri` is a GS1 key, if it is licensed at `at`.
#[must_use]
pub fn licensed_prefix<'a>(uri: &str, rights: &'a Rights, at: Timestamp) -> Option<&'a str> {
    let (prefix, licences) = rights.licences_of(&licence_digits(uri)?)?;
    licences.iter().any(|licence| licence.span.contains(at)).then_some(prefix)
}

/// Checks the length of the company prefix in `uri`.
///
/// - `licensed`: what [`licensed_prefix`] says of it; without a licence nothing is wrong.
///
/// # Errors
///
/// [`Split`], with the right URN.
pub fn check_split(uri: &str, licensed: Option<&str>) -> Result<(), Split> {
    let Some(length) = licensed.map(|prefix| prefix.len().max(SHORTEST)) else { return Ok(()) };
    if prefix_of(uri).is_some_and(|prefix| prefix.len() == length) {
        return Ok(());
    }
    let identity = pure_identity(uri);
    let urn = identity.as_deref().unwrap_or(uri);
    match split_at(urn, length) {
        Some(right) if right != urn => Err(Split { got: uri.to_owned(), right }),
        _ => Ok(()),
    }
}

/// The company prefix as it stands in a pure identity URN; it is never escaped.
fn prefix_of(uri: &str) -> Option<&str> {
    let (_, body) = uri.strip_prefix("urn:epc:id:")?.split_once(':')?;
    body.split_once('.').map(|(prefix, _)| prefix)
}

/// The pure identity of a URN that names one thing, written as TDS writes it; none for a link or a class.
fn pure_identity(uri: &str) -> Option<String> {
    let is_urn = uri.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("urn:epc:"));
    is_urn.then(|| epc::identify(uri).ok().map(|epc| epc.to_uri())).flatten()
}

/// The URN `uri` with a company prefix of `length` digits; `None` if it is no URN with a company prefix.
fn split_at(uri: &str, length: usize) -> Option<String> {
    let rest = uri.strip_prefix("urn:epc:")?;
    let (kind, rest) = rest.split_once(':')?;
    let (scheme, body) = rest.split_once(':')?;
    let (prefix, after) = body.split_once('.')?;
    let (reference, tail) = match after.split_once('.') {
        Some((reference, tail)) => (reference, Some(tail)),
        None => (after, None),
    };
    // In these schemes the reference begins with a digit that stands before the prefix in the key.
    let has_leading_digit = matches!(scheme, "sgtin" | "sscc" | "lgtin" | "itip" | "upui");
    let (lead, reference) = reference.split_at_checked(usize::from(has_leading_digit))?;
    let whole = format!("{prefix}{reference}");
    let (prefix, reference) = whole.split_at_checked(length)?;
    let tail = tail.map(|tail| format!(".{tail}")).unwrap_or_default();
    Some(format!("urn:epc:{kind}:{scheme}:{prefix}.{lead}{reference}{tail}"))
}

/// A thing, class, place or party that an event names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<'a> {
    /// The member of the event that names it.
    list: &'static str,
    /// Its place, where that is a list.
    place: Option<usize>,
    /// The member of the element, or of the event's member, that holds it.
    inner: Option<&'static str>,
    /// The URI as written.
    pub uri: &'a str,
    /// Whether it is a thing or a class of things, not a place or a party.
    pub is_thing: bool,
}

impl Named<'_> {
    /// JSON pointer from the event on.
    #[must_use]
    pub fn pointer(&self) -> String {
        let place = self.place.map(|place| format!("/{place}")).unwrap_or_default();
        let inner = self.inner.map(|inner| format!("/{inner}")).unwrap_or_default();
        format!("/{}{place}{inner}", self.list)
    }
}

/// All that `event` names, in no particular order.
#[must_use]
pub fn named(event: &Event) -> Vec<Named<'_>> {
    let json = event.json();
    let mut found = Vec::new();
    let list =
        |name| json.get(name).and_then(Json::as_array).unwrap_or_default().iter().enumerate();
    for name in ["epcList", "childEPCs", "inputEPCList", "outputEPCList"] {
        for (place, uri) in list(name) {
            found.extend(thing((name, Some(place), None), Some(uri), true));
        }
    }
    for name in ["quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList"] {
        for (place, element) in list(name) {
            let at = (name, Some(place), Some("epcClass"));
            found.extend(thing(at, element.get("epcClass"), true));
        }
    }
    found.extend(thing(("parentID", None, None), json.get("parentID"), true));
    for name in ["readPoint", "bizLocation"] {
        let id = json.get(name).and_then(|place| place.get("id"));
        found.extend(thing((name, None, Some("id")), id, false));
    }
    for (name, member) in [("sourceList", "source"), ("destinationList", "destination")] {
        for (place, pair) in list(name) {
            found.extend(thing((name, Some(place), Some(member)), pair.get(member), false));
        }
    }
    found
}

fn thing<'a>(
    (list, place, inner): (&'static str, Option<usize>, Option<&'static str>),
    value: Option<&'a Json>,
    is_thing: bool,
) -> Option<Named<'a>> {
    Some(Named { list, place, inner, uri: value?.as_str()?, is_thing })
}

#[cfg(test)]
mod tests {
    use directory::rights::{Grade, Licence, Span};

    use super::*;

    fn check(uri: &str, rights: &Rights, at: Timestamp) -> Result<(), Split> {
        check_split(uri, licensed_prefix(uri, rights, at))
    }

    fn rights(prefix: &str, span: Span) -> Rights {
        let licence = Licence { party: "maker".into(), grade: Grade::C, span };
        Rights { licences: [(prefix.to_owned(), vec![licence])].into(), ..Rights::default() }
    }

    #[test]
    fn the_right_urn_of_every_scheme_has_the_licensed_prefix_and_the_same_key() {
        for (wrong, right) in [
            ("urn:epc:id:sgtin:952114.0112345.1", "urn:epc:id:sgtin:9521141.012345.1"),
            ("urn:epc:class:lgtin:95211411.02345.L1", "urn:epc:class:lgtin:9521141.012345.L1"),
            ("urn:epc:idpat:sgtin:952114.0112345.*", "urn:epc:idpat:sgtin:9521141.012345.*"),
            ("urn:epc:id:sscc:952114.01234567890", "urn:epc:id:sscc:9521141.0234567890"),
            ("urn:epc:id:sgln:952114.100001.3", "urn:epc:id:sgln:9521141.00001.3"),
            ("urn:epc:id:grai:952114100001..5", "urn:epc:id:grai:9521141.00001.5"),
            ("urn:epc:id:giai:952114.1a7", "urn:epc:id:giai:9521141.a7"),
            ("urn:epc:id:pgln:952114.100001", "urn:epc:id:pgln:9521141.00001"),
        ] {
            let rights = rights("9521141", Span::ALWAYS);
            let found = check(wrong, &rights, Timestamp::UNIX_EPOCH);
            assert_eq!(found, Err(Split { got: wrong.into(), right: right.into() }));
            assert_eq!(check(right, &rights, Timestamp::UNIX_EPOCH), Ok(()), "{right}");
            assert_eq!(epc::thing_key(wrong), epc::thing_key(right));
        }
    }

    #[test]
    fn a_tag_uri_capitals_and_needless_escapes_are_divided_like_the_pure_identity() {
        let rights = rights("9521141", Span::ALWAYS);
        let check = |uri: &str| check(uri, &rights, Timestamp::UNIX_EPOCH);
        for right in [
            "urn:epc:tag:sgtin-96:3.9521141.012345.1",
            "URN:EPC:ID:SGTIN:9521141.012345.1",
            "urn:epc:id:sgtin:9521141.012345.%41",
        ] {
            assert_eq!(check(right), Ok(()), "{right}");
        }
        for wrong in
            ["urn:epc:tag:sgtin-96:3.952114.0112345.1", "URN:EPC:ID:SGTIN:952114.0112345.1"]
        {
            let right = "urn:epc:id:sgtin:9521141.012345.1".to_owned();
            assert_eq!(check(wrong), Err(Split { got: wrong.to_owned(), right }));
        }
    }

    #[test]
    fn a_short_prefix_is_written_with_six_digits_and_a_single_key_with_twelve() {
        for (licence, right) in [
            ("9521", "urn:epc:id:sgtin:952114.0112345.1"),
            ("952114112345", "urn:epc:id:sgtin:952114112345.0.1"),
        ] {
            let found = check(
                "urn:epc:id:sgtin:9521141.012345.1",
                &rights(licence, Span::ALWAYS),
                Timestamp::UNIX_EPOCH,
            );
            assert_eq!(found.unwrap_err().right, right);
        }
    }

    #[test]
    fn without_a_licence_in_force_and_without_a_company_prefix_nothing_is_wrong() {
        let past = Span { from: Timestamp::MIN, until: Timestamp::UNIX_EPOCH };
        for uri in [
            "urn:epc:id:sgtin:952114.0112345.1",
            "https://id.gs1.org/01/09521141123454/21/1",
            "urn:uuid:1",
            "",
            "urn:epc:id:sgtin:",
        ] {
            assert_eq!(check(uri, &Rights::default(), Timestamp::UNIX_EPOCH), Ok(()), "{uri}");
            let ended = rights("9521141", past);
            assert_eq!(check(uri, &ended, Timestamp::UNIX_EPOCH), Ok(()), "{uri}");
        }
        let link = "https://id.gs1.org/01/09521141123454/21/1";
        let at = Timestamp::UNIX_EPOCH;
        let rights = rights("9521141", Span::ALWAYS);
        assert_eq!(licensed_prefix(link, &rights, at), Some("9521141"));
        assert_eq!(licensed_prefix(link, &Rights::default(), at), None);
    }
}
